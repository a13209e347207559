//! What a job is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::times::{Cron, Zone};
use crate::settings::JobOptions;

/// One scheduled job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name: letters, digits, `.`, `_` and `-`, at most 64; also the name of its state file.
    pub name: String,
    /// When it starts.
    pub cron: Cron,
    /// Where the clock hangs that the cron expression means.
    pub zone: Zone,
    /// Patterns of its inputs.
    pub inputs: Vec<String>,
    /// The profile of its runs.
    pub profile: Option<String>,
    /// What else its runs are asked to do, its mapping included.
    pub options: JobOptions,
    /// How long a file must have been left alone before it is read.
    pub min_age: Duration,
    /// How long one start may take, all inputs together.
    pub max_duration: Option<Duration>,
    /// Which failed records make the job fail.
    pub fail_on: Alarm,
    /// What a start without any input is.
    pub no_input: NoInput,
    /// How much later than its time it may start.
    pub jitter: Duration,
    /// What becomes of a time at which nobody could start it.
    pub missed: Missed,
    /// How long after a start that ended with code 75 it starts again, if that is before its
    /// next time.
    pub retry_after: Option<Duration>,
    /// Where inputs go that are done with.
    pub archive_done: Option<PathBuf>,
    /// Where inputs go that failed, wholly or in part.
    pub archive_failed: Option<PathBuf>,
    /// Who is told.
    pub hooks: Hooks,
    /// Where it stands.
    pub places: Places,
}

/// Where a job and its keys stand in the jobs file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// What the file is called.
    pub(super) file: Arc<str>,
    /// The place of the job itself: line and column.
    pub(super) job: (usize, usize),
    /// Those of the keys that it has.
    pub(super) keys: BTreeMap<&'static str, (usize, usize)>,
    /// Those of the options in its table `run`.
    pub(super) options: BTreeMap<String, (usize, usize)>,
}

/// A place in the jobs file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceOfKey {
    /// What the file is called.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl Places {
    /// The place of a key; of the job itself, if it does not have it.
    #[must_use]
    pub fn of(&self, key: &str) -> PlaceOfKey {
        self.at(*self.keys.get(key).unwrap_or(&self.job))
    }

    /// The place of an option of its runs, if the job sets it.
    #[must_use]
    pub fn of_option(&self, key: &str) -> Option<PlaceOfKey> {
        self.options.get(key).map(|place| self.at(*place))
    }

    fn at(&self, (line, column): (usize, usize)) -> PlaceOfKey {
        PlaceOfKey {
            file: Arc::clone(&self.file),
            line,
            column,
        }
    }
}

impl fmt::Display for PlaceOfKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Which failed records make a job fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alarm {
    /// Every one.
    #[default]
    Any,
    /// Those that had not failed in the same way before.
    New,
}

/// What a start without any input is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoInput {
    /// Nothing to do.
    #[default]
    Fine,
    /// A failure: the export did not come.
    Fail,
}

/// What becomes of a time at which nobody could start a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// It is let go.
    #[default]
    Skip,
    /// The job is started once, however many times were missed.
    CatchUp,
}

/// Who is told what became of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// After a start that imported something without a failure.
    pub on_success: Option<HookPlace>,
    /// After a start that failed.
    pub on_failure: Option<HookPlace>,
    /// After a start whose result is another than that of the one before.
    pub on_change: Option<HookPlace>,
    /// How long each may take.
    pub timeout: Duration,
}

/// Where a hook leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookPlace {
    /// A program with its words; no shell is asked.
    Command(Vec<String>),
    /// An address that gets the summary as JSON.
    Web {
        /// The address, or where it is kept.
        url: HookUrl,
        /// Plain http to another machine is fine.
        allow_http: bool,
    },
}

/// Where the address of a webhook stands. It may be a secret in itself.
#[derive(Clone, PartialEq, Eq)]
pub enum HookUrl {
    /// In the jobs file.
    Plain(String),
    /// In an environment variable.
    Env(String),
    /// In a file.
    File(PathBuf),
}

impl std::fmt::Debug for HookUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Env(name) => f.debug_tuple("Env").field(name).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// One key of a job, as the documentation lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The key.
    pub key: &'static str,
    /// What holds without it.
    pub default: &'static str,
}

macro_rules! keys {
    ($( $key:literal: $default:literal, )*) => {
        /// Every key of a job with its default.
        pub const JOB_KEYS: &[KeyRow] = &[$( KeyRow { key: $key, default: $default }, )*];
        /// The keys alone.
        pub(super) const KEYS: &[&str] = &[$( $key, )*];
    };
}

keys! {
    "name": "required",
    "cron": "required",
    "time_zone": "the computer's",
    "inputs": "required",
    "mapping": "as for `importer run`",
    "profile": "as for `importer run`",
    "min_age": "1m",
    "max_duration": "none",
    "fail_on": "any",
    "no_input": "fine",
    "jitter": "0s",
    "missed": "skip",
    "retry_after": "never",
    "archive_done": "inputs stay",
    "archive_failed": "inputs stay",
    "on_success": "none",
    "on_failure": "none",
    "on_change": "none",
    "hook_timeout": "60s",
    "run": "none",
}

/// What `min_age` is unless it is given.
pub(super) const MIN_AGE: Duration = Duration::from_secs(60);
/// What `hook_timeout` is unless it is given.
pub(super) const HOOK_TIMEOUT: Duration = Duration::from_secs(60);
