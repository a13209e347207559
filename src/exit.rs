//! Errors become exit codes. Nobody else turns an error into a number; how the ending of a run
//! does is in [`crate::outcome::Ending::exit_code`].

use crate::deliver::driver::Signal;
use crate::import::ImportError;
use crate::journal::JournalError;
use crate::outcome::ExitCode;
use crate::settings::SettingsError;
use crate::source::SourceError;

/// The code of a journal's error.
fn of_journal(error: &JournalError) -> ExitCode {
    match error {
        JournalError::Held { .. } => ExitCode::Locked,
        JournalError::NotAFolder { .. } => ExitCode::Unusable,
        JournalError::NoSuchRun { .. } | JournalError::AmbiguousRun { .. } => ExitCode::Usage,
        error if error.is_unreadable() => ExitCode::Journal,
        // Read or made at the start only: the folder was chosen wrongly.
        JournalError::Io { source, .. } if is_wrong_place(source) => ExitCode::Unusable,
        error if error.is_write_protected() => ExitCode::Unusable,
        _ => ExitCode::Failure,
    }
}

/// Whether a file cannot be made because of where it was wanted, and not because the disk or the
/// machine is exhausted.
fn is_wrong_place(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::AlreadyExists
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidFilename
            | ErrorKind::Unsupported
    ) || is_link_loop(error)
}

/// The code of a file that was asked for and cannot be written.
#[must_use]
pub fn of_place(error: &std::io::Error) -> ExitCode {
    match is_wrong_place(error) {
        true => ExitCode::Unusable,
        false => ExitCode::Failure,
    }
}

/// Links that lead to each other have no kind of their own that is stable; this is their number
/// on Linux, macOS and the BSDs.
fn is_link_loop(error: &std::io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(40 | 62))
}

/// The code of an import's error.
#[must_use]
pub fn of_import(error: &ImportError) -> ExitCode {
    match error {
        ImportError::Source(
            SourceError::Spool { source, .. } | SourceError::Private { source },
        )
        | ImportError::Temporary { source, .. }
            if !is_wrong_place(source) =>
        {
            ExitCode::Failure
        }
        ImportError::Source(_)
        | ImportError::Returned(_)
        | ImportError::Join(_)
        | ImportError::Mapping(_)
        | ImportError::Report(crate::report::ReportError::Name { .. })
        | ImportError::Report(crate::report::ReportError::Folder { .. })
        | ImportError::Report(crate::report::ReportError::NotAFolder { .. })
        | ImportError::Client(_)
        | ImportError::Format(_)
        | ImportError::NoRecords { .. }
        | ImportError::NeedsMapping { .. }
        | ImportError::OtherExport { .. }
        | ImportError::NoTarget
        | ImportError::OtherTarget { .. }
        | ImportError::ElsewhereRun { .. }
        | ImportError::InputGone { .. }
        | ImportError::OtherInput { .. }
        | ImportError::OtherSecondFile { .. }
        | ImportError::Temporary { .. } => ExitCode::Unusable,
        ImportError::NobodyToAsk
        | ImportError::NoSuchRun(_)
        | ImportError::NoSuchRecord { .. }
        | ImportError::NoSuchTarget { .. }
        | ImportError::AgainUnasked(_)
        | ImportError::Resolve(_) => ExitCode::Usage,
        ImportError::Untold { ending, .. } => ending.exit_code(&crate::outcome::Counts::default()),
        ImportError::StillNeeded { .. } | ImportError::StillSpooled { .. } => ExitCode::SomeUnknown,
        ImportError::Journal(error) => of_journal(error),
        ImportError::Interrupted(Signal::Terminate) => ExitCode::Terminated,
        ImportError::Interrupted(_) | ImportError::Declined | ImportError::Unforgotten => {
            ExitCode::Interrupted
        }
        ImportError::Report(_)
        | ImportError::CutShort { .. }
        | ImportError::Unreported { .. }
        | ImportError::Unwritten { .. }
        | ImportError::Ledger(_)
        | ImportError::Spool { .. }
        | ImportError::Payloads(_)
        | ImportError::Workers(_)
        | ImportError::Sandbox(_)
        | ImportError::Internal(_) => ExitCode::Failure,
    }
}

/// The code of a settings' error.
#[must_use]
pub fn of_settings(error: &SettingsError) -> ExitCode {
    if error.is_usage() {
        ExitCode::Usage
    } else {
        ExitCode::Unusable
    }
}

/// The code that has this number; a number that no code has is a failure.
#[must_use]
pub fn from_number(number: u8) -> ExitCode {
    [
        ExitCode::Fine,
        ExitCode::Usage,
        ExitCode::SomeFailed,
        ExitCode::Unusable,
        ExitCode::Stopped,
        ExitCode::Locked,
        ExitCode::SomeUnknown,
        ExitCode::Journal,
        ExitCode::TryLater,
        ExitCode::Interrupted,
        ExitCode::Terminated,
    ]
    .into_iter()
    .find(|code| code.number() == number)
    .unwrap_or(ExitCode::Failure)
}
