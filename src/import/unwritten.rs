//! A run whose report cannot be written: what it came to is told all the same.

use super::error::Rewrite;
use super::settings::ImportSettings;
use super::{ImportError, Listener};
use crate::outcome::{ExitCode, RunEvent, Summary};

/// Tells what the run came to before the error does: a full disk takes the report away, not the
/// outcomes.
pub(super) fn unwritten(
    error: ImportError,
    mut summary: Summary,
    settings: &ImportSettings,
    listener: &Listener,
) -> ImportError {
    let rewrite = if summary.dry_run {
        Rewrite::DryRun
    } else if settings.is_journal_temporary {
        Rewrite::Sandbox
    } else {
        let (run, options) = (&summary.run, &settings.report_options);
        Rewrite::Command(format!("importer report {run}{options}"))
    };
    let error = match error {
        ImportError::Source(source) if !summary.dry_run => ImportError::Unreported {
            run: (!settings.is_journal_temporary).then(|| summary.run.clone()),
            source,
        },
        ImportError::Report(source) => ImportError::Unwritten { source, rewrite },
        error @ ImportError::Spool { .. } => error,
        // Not about the report: the bodies of a dry run, or the journal.
        error => return error,
    };
    summary.exit_code = ExitCode::Failure.number();
    summary.report_dir.clear();
    summary.correct_with = None;
    listener.tell(&RunEvent::Finished(Box::new(summary)));
    error
}
