//! What each command is handed: the result of resolving.

use std::path::PathBuf;
use std::time::Duration;

use super::{SettingRow, SettingsError};
use crate::cli::{ColorChoice, LogFormat, MappingChoice};
use crate::deliver::{Credentials, DeliverySettings, TargetSettings};
use crate::import::{ImportSettings, Said};
use crate::names::NameList;
use crate::outcome::{Bilingual, Language, ValuesShown};
use crate::report::ReportSettings;

/// What holds for every command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalChoice {
    /// What the console needs to know.
    pub console: ConsoleChoice,
    /// The form of log lines.
    pub log_format: LogFormat,
    /// The state folder with journal and locks.
    pub state_dir: PathBuf,
    /// Nobody names it: then it is found from the current folder.
    pub is_state_dir_found: bool,
    /// The settings file, if there is one.
    pub config: Option<PathBuf>,
    /// The profile, if one is chosen.
    pub profile: Option<String>,
    /// What is odd about environment and command line, for people.
    pub warnings: Vec<Bilingual>,
}

/// What the console needs to know about options, variables and terminals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact about the outside; the console decides what follows"
)]
pub struct ConsoleChoice {
    /// `--json`.
    pub json: bool,
    /// `--quiet`.
    pub quiet: bool,
    /// How often `-v`.
    pub verbose: u8,
    /// Not `--no-progress`.
    pub progress: bool,
    /// `--color`.
    pub color: ColorChoice,
    /// `--lang`, else the locale's.
    pub language: Language,
    /// `NO_COLOR` is set to something.
    pub no_color: bool,
    /// `TERM=dumb`.
    pub dumb: bool,
    /// stderr is a terminal, and nothing says that this is a CI job.
    pub stderr_is_terminal: bool,
    /// stdout is a terminal, and nothing says that this is a CI job.
    pub stdout_is_terminal: bool,
    /// `COLUMNS`.
    pub width: Option<u16>,
    /// stdout carries the bodies of a dry run (`--payloads -`): text goes to stderr.
    pub stdout_is_data: bool,
    /// `--values`.
    pub values: ValuesShown,
}

/// Where a run keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateDir {
    /// In this folder.
    Folder(PathBuf),
    /// In a folder that goes with the run: a sandbox's journal is worth nothing afterwards.
    Temporary,
}

/// What one `run` is asked to do.
#[derive(Clone, Debug)]
pub struct RunChoice {
    /// The engine's part; `state_dir` is empty when [`RunChoice::state_dir`] is temporary.
    pub settings: ImportSettings,
    /// The inputs as typed: paths, patterns or `-`.
    pub inputs: Vec<String>,
    /// The mapping.
    pub mapping: MappingChoice,
    /// Nothing is sent.
    pub dry_run: bool,
    /// A sandbox in this process is the target.
    pub sandbox: bool,
    /// Wawi's automatic workflows run for created customers.
    pub run_workflows: bool,
    /// Nobody is asked: `--yes`, or nobody is there to answer.
    pub assume_yes: bool,
    /// The profile, if one is chosen.
    pub profile: Option<String>,
    /// Where the state is kept.
    pub state_dir: StateDir,
    /// What is odd about target and credentials, for people; see also
    /// [`GlobalChoice::warnings`].
    pub warnings: Vec<Bilingual>,
}

/// What `reconcile` is asked to do.
#[derive(Clone, Debug)]
pub struct ReconcileChoice {
    /// The run, else every run with unknown records.
    pub run: Option<String>,
    /// Where the ERP is.
    pub target: TargetSettings,
    /// Who we are there.
    pub credentials: Credentials,
    /// How fast it may be asked.
    pub delivery: DeliverySettings,
    /// How long it may take.
    pub max_duration: Option<Duration>,
    /// The state folder.
    pub state_dir: PathBuf,
    /// The command line that the user typed.
    pub command_line: String,
    /// Options that a further command about the same journal needs; see
    /// [`ImportSettings::journal_options`].
    pub journal_options: String,
    /// Where reports lie unless their run says otherwise.
    pub report_dir: PathBuf,
    /// What is odd about target and credentials, for people.
    pub warnings: Vec<Bilingual>,
}

/// What `list` is asked to do.
#[derive(Clone, Debug)]
pub struct ListChoice {
    /// The list.
    pub list: NameList,
    /// Where the ERP is.
    pub target: TargetSettings,
    /// Who we are there.
    pub credentials: Credentials,
    /// How fast it may be asked.
    pub delivery: DeliverySettings,
    /// How long it may take.
    pub max_duration: Option<Duration>,
    /// What is odd about target and credentials, for people.
    pub warnings: Vec<Bilingual>,
}

/// What `register` is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterChoice {
    /// Where the ERP is, and who we are there.
    pub target: TargetSettings,
    /// Time limits.
    pub delivery: DeliverySettings,
    /// The name that Wawi shows.
    pub name: String,
    /// The rights that are asked for.
    pub scopes: Vec<String>,
    /// Where the key goes; none: to stdout.
    pub key_file: Option<PathBuf>,
    /// What the settings file has to say for later commands.
    pub lines: KeyLines,
    /// Whether a key file that is there is overwritten.
    pub force: bool,
    /// How long somebody has to accept.
    pub wait: Duration,
    /// Time between two questions.
    pub every: Duration,
    /// What is odd about the target, for people.
    pub warnings: Vec<Bilingual>,
}

/// What the settings file has to say for later commands to use a key as the app that it was made
/// for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyLines {
    /// The settings file, if there is one.
    pub config: Option<PathBuf>,
    /// The profile's table; none: the top of the file.
    pub table: Option<String>,
    /// The lines of the target that hold now and that the file lacks.
    pub target: Vec<String>,
    /// The table that credentials belong in.
    pub auth_table: String,
    /// Whether that table is there.
    pub is_auth_there: bool,
    /// Whether it names the key file already.
    pub is_key_named: bool,
    /// The key file as the settings name it: relative to theirs.
    pub key_name: Option<PathBuf>,
    /// Options that a further command needs to find the same settings.
    pub options: String,
}

/// What `doctor` looks at.
#[derive(Debug)]
pub struct DoctorChoice {
    /// The settings that hold, with where they come from.
    pub rows: Vec<SettingRow>,
    /// Where the ERP is, or why that cannot be told.
    pub target: Result<TargetSettings, SettingsError>,
    /// Who we are there, or why that cannot be told.
    pub credentials: Result<Credentials, SettingsError>,
    /// The server that would be asked for tokens, if they are fetched.
    pub token_url: Option<String>,
    /// How fast it may be asked.
    pub delivery: DeliverySettings,
    /// How long it may take.
    pub max_duration: Option<Duration>,
    /// The state folder.
    pub state_dir: PathBuf,
    /// The folder of the reports.
    pub report_dir: PathBuf,
    /// Whether look-ups are tried out.
    pub probe: bool,
    /// What is odd about target and credentials, for people.
    pub warnings: Vec<Bilingual>,
}

/// What `resolve` is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveChoice {
    /// The run.
    pub run: String,
    /// The record.
    pub record: u64,
    /// What the person found out.
    pub said: Said,
    /// Nobody is asked: `--yes`.
    pub assume_yes: bool,
    /// Somebody is there to answer.
    pub can_ask: bool,
    /// The state folder.
    pub state_dir: PathBuf,
    /// The command line that the user typed.
    pub command_line: String,
    /// Options that a further command about the same journal needs; see
    /// [`ImportSettings::journal_options`].
    pub journal_options: String,
    /// Where reports lie unless their run says otherwise.
    pub report_dir: PathBuf,
}

/// What `report` is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportChoice {
    /// The run.
    pub run: String,
    /// Its input, if it is not where it was.
    pub input: Option<PathBuf>,
    /// Where and how the report is written.
    pub report: ReportSettings,
    /// The state folder.
    pub state_dir: PathBuf,
}

/// Where `forget` looks, and whether it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgetChoice {
    /// The state folder.
    pub state_dir: PathBuf,
    /// Where reports lie.
    pub report_dir: PathBuf,
    /// `--yes` was typed.
    pub assume_yes: bool,
    /// Somebody is there to be asked.
    pub can_ask: bool,
}
