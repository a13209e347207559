//! What ends a run before it has a summary.

mod german;
mod help;

use std::io;
use std::path::{Path, PathBuf};

use super::join::JoinError;
use super::resolve::ResolveError;
use super::returned::ReturnedError;
use crate::deliver::client::ClientError;
use crate::deliver::driver::{LedgerError, Signal};
use crate::journal::JournalError;
use crate::mapping::MappingError;
use crate::outcome::Ending;
use crate::outcome::borrowed::of_io;
use crate::report::ReportError;
use crate::source::SourceError;

/// What ends a run before it has a summary.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The mapping cannot be used.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The target cannot be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The journal failed while records were sent.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A returned file cannot be taken as it is.
    #[error(transparent)]
    Returned(#[from] ReturnedError),
    /// The second file of the mapping cannot be used.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// An input whose columns nothing explains.
    #[error("{} needs a mapping: it has columns, and nothing says what they are", path.display())]
    NeedsMapping {
        /// The input.
        path: PathBuf,
    },
    /// The input is not as a ready-made mapping says that it is written.
    #[error("{source}, as {mapping} expects it")]
    OtherExport {
        /// The mapping.
        mapping: String,
        /// The input.
        path: PathBuf,
        /// What was found.
        source: SourceError,
    },
    /// No room for intermediate results.
    #[error("intermediate results cannot be kept in {}: {}", path.display(), of_io(source).english)]
    Spool {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The bodies of a dry run cannot be written.
    #[error("the bodies cannot be written: {0}")]
    Payloads(#[source] io::Error),
    /// The mapping names a format that is not read.
    #[error("`format = \"{0}\"` is not read by this version")]
    Format(String),
    /// The input has no records.
    #[error("{} has no records", path.display())]
    NoRecords {
        /// The input.
        path: PathBuf,
    },
    /// The ERP did not tell what has to be known before anything is sent.
    #[error("the ERP could not be asked for {what}: {}", ending.message())]
    Untold {
        /// What it was asked for.
        what: String,
        /// Whether a mapping looks names up in it.
        by_name: bool,
        /// How asking ended.
        ending: Box<Ending>,
    },
    /// A record is named that the input does not have.
    #[error("there is no record {record}: {} has {read} records", path.display())]
    NoSuchRecord {
        /// The input.
        path: PathBuf,
        /// The record.
        record: u64,
        /// How many records there are.
        read: u64,
    },
    /// No target is configured.
    #[error("no target is configured")]
    NoTarget,
    /// The address leads to another ERP than before.
    #[error(
        "the server at this address is not the one that `{target}` was before: none of its companies is known"
    )]
    OtherTarget {
        /// The target's name in the journal.
        target: String,
    },
    /// A run that was begun with `--again` shall go on without asking which customers are there.
    #[error("run {0} was begun with --again, so the ERP has to be asked which customers it has")]
    AgainUnasked(String),
    /// A record cannot be resolved.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The run went into another target than the one that the settings name.
    #[error("run {run} went into {target}, which is not what the settings name: {named}")]
    ElsewhereRun {
        /// The run.
        run: String,
        /// Where it went.
        target: String,
        /// What the settings name.
        named: String,
    },
    /// A run is named that the journal does not know.
    #[error("there is no run `{0}`")]
    NoSuchRun(String),
    /// The input of an old run is not where it was.
    #[error("the input of run {run} is not at {} any more", path.display())]
    InputGone {
        /// The run.
        run: String,
        /// Where it was.
        path: PathBuf,
    },
    /// The input of an old run is not the one that was imported.
    #[error("{} is not the input that the run read: its contents differ", path.display())]
    OtherInput {
        /// The file.
        path: PathBuf,
    },
    /// The second file of an old run is not the one that it read.
    #[error("the second file {} is not the one that the run read: its contents differ", path.display())]
    OtherSecondFile {
        /// The file.
        path: PathBuf,
    },
    /// Ctrl-C or SIGTERM before anything was sent.
    #[error("interrupted before anything was sent")]
    Interrupted(Signal),
    /// The folder for temporary files cannot be used; nothing was done.
    #[error("nothing can be kept in {}, the folder for temporary files", path.display())]
    Temporary {
        /// The folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The input changed or went away while its records were sent.
    #[error("{source}; the run stopped there")]
    CutShort {
        /// The run.
        run: String,
        /// What became of the input.
        source: SourceError,
    },
    /// The input changed or went away after its records were sent, before the report was made.
    #[error("every record was dealt with, but the report could not be made: {source}")]
    Unreported {
        /// The run; none if its journal is gone with a sandbox.
        run: Option<String>,
        /// What became of the input.
        source: SourceError,
    },
    /// The report of a run that has its outcomes could not be written.
    #[error("{source}")]
    Unwritten {
        /// What went wrong.
        source: ReportError,
        /// What writes it.
        rewrite: Rewrite,
    },
    /// The user was asked, and said no.
    #[error("nothing was sent")]
    Declined,
    /// The user was asked whether to forget, and said no.
    #[error("nothing was forgotten")]
    Unforgotten,
    /// What cannot be undone was not confirmed, and nobody is there to do so.
    #[error("nobody is there to be asked, and forgetting cannot be undone")]
    NobodyToAsk,
    /// A target is named that the journal does not know.
    #[error("there is no target `{name}`")]
    NoSuchTarget {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// What is to be forgotten is still needed.
    #[error("{}", still_needed(run, *unknown))]
    StillNeeded {
        /// The run.
        run: String,
        /// Its records of which nobody knows what became of them; 0: it is unfinished.
        unknown: u64,
    },
    /// A customer to be forgotten stands in a kept stdin that an unfinished run still needs.
    #[error("run {run} is not finished, and what it kept of its stdin mentions the customer")]
    StillSpooled {
        /// The run.
        run: String,
    },
    /// The system gives no thread, or none of the files that tasks are run by.
    #[error("the program's workers could not be started: {0}")]
    Workers(#[source] io::Error),
    /// The stand-in ERP has no port or no thread.
    #[error("the sandbox does not start: {0}")]
    Sandbox(#[source] io::Error),
    /// Something that cannot be, and is a mistake of this program.
    #[error("a mistake in this program: {0}")]
    Internal(String),
}

/// What writes a report that could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// This command, from the journal.
    Command(String),
    /// The command that was given: a dry run keeps nothing.
    DryRun,
    /// The command that was given: the journal went with the sandbox.
    Sandbox,
}

fn still_needed(run: &str, unknown: u64) -> String {
    match unknown {
        0 => format!("run {run} is not finished"),
        1 => format!("of run {run} 1 record was sent, and nobody knows yet whether it was created"),
        _ => format!(
            "of run {run} {unknown} records were sent, and nobody knows yet whether they were created"
        ),
    }
}

impl ImportError {
    /// Intermediate results could not be kept in `folder`.
    pub(crate) fn spool(folder: &Path, source: io::Error) -> Self {
        Self::Spool {
            path: folder.to_owned(),
            source,
        }
    }

    /// The folder for temporary files cannot be used.
    pub(crate) fn temporary(source: io::Error) -> Self {
        Self::Temporary {
            path: std::env::temp_dir(),
            source,
        }
    }

    /// The same trouble where the folder of intermediate results is the one for temporary files.
    pub(crate) fn of_temporary(self) -> Self {
        match self {
            Self::Spool { source, .. } | Self::Source(SourceError::Spool { source, .. }) => {
                Self::temporary(source)
            }
            error => error,
        }
    }

    /// The same trouble with the input called `-`, where it is about the input.
    #[must_use]
    pub fn of_stdin(self) -> Self {
        match self {
            Self::Source(source) => Self::Source(source.of_stdin()),
            Self::Mapping(error) => Self::Mapping(error.at_input(Path::new("-"))),
            Self::NoRecords { .. } => Self::NoRecords {
                path: PathBuf::from("-"),
            },
            Self::NeedsMapping { .. } => Self::NeedsMapping {
                path: PathBuf::from("-"),
            },
            Self::NoSuchRecord { record, read, .. } => Self::NoSuchRecord {
                path: PathBuf::from("-"),
                record,
                read,
            },
            Self::OtherExport {
                mapping, source, ..
            } => Self::OtherExport {
                mapping,
                path: PathBuf::from("-"),
                source: source.of_stdin(),
            },
            Self::CutShort { run, source } => Self::CutShort {
                run,
                source: source.of_stdin(),
            },
            Self::Unreported { run, source } => Self::Unreported {
                run,
                source: source.of_stdin(),
            },
            error => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_went_with_its_sandbox_is_no_advice() {
        let path = || PathBuf::from("shop.csv");
        let edited = |run| ImportError::Unreported {
            run,
            source: SourceError::Edited { path: path() },
        };
        let full = |rewrite| ImportError::Unwritten {
            source: ReportError::Write {
                path: path(),
                source: io::ErrorKind::StorageFull.into(),
            },
            rewrite,
        };
        let command = "importer report r1 --state-dir s".to_owned();
        for (error, advised) in [
            (edited(Some("r1".to_owned())), "`importer report r1 --input"),
            (edited(None), "the same command"),
            (
                full(Rewrite::Command(command)),
                "`importer report r1 --state-dir s`",
            ),
            (full(Rewrite::Sandbox), "the same command"),
            (full(Rewrite::DryRun), "start the dry run again"),
        ] {
            let help = error.help().unwrap().english;
            assert!(help.contains(advised), "{help}");
            let names_a_run = advised.contains("r1");
            assert_eq!(help.contains("importer report"), names_a_run, "{help}");
        }
    }
}
