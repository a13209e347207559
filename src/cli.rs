//! The command line as typed.
//!
//! Owns the names of commands and options (a contract: scripts rely on them) and their help
//! texts. What an option means when it is not typed is settled in `settings`; what a value may
//! look like, in `words`. Nothing here reads a file or the environment.

pub mod choices;
pub mod doctor;
pub mod forget;
mod german;
pub mod manual;
pub mod register;
pub mod run;
pub mod sandbox;
pub mod schedule;
mod tips;
pub mod words;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand};

pub use choices::{ColorChoice, LogFormat, Workflows};
pub use doctor::DoctorArgs;
pub use forget::ForgetArgs;
pub use german::in_german;
pub use manual::{CompletionsArgs, ManArgs, Shell};
pub use register::RegisterArgs;
pub use run::{PaceArgs, ReportArgs, RunArgs, SourceArgs, TargetArgs};
pub use sandbox::{Decision, Duplicates, Lookup, SandboxArgs};
pub use schedule::{ListenAddress, ScheduleArgs};
pub(crate) use tips::with_fitting_tips;
pub use words::{MappingChoice, Word};

use crate::names::NameList;
use crate::outcome::{Bilingual, Language};
use choices::choice;
use words::{CustomerNumber, Quantity};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// The general help begins with the commands that a newcomer needs.
const TEMPLATE: &str = "\
{about}

First steps:
  importer mapping new customers.csv -o shop.toml     propose which column is which field
  importer run customers.csv -m shop.toml --dry-run   check everything, send nothing
  importer run customers.csv -m shop.toml --sandbox   import into a stand-in for the ERP
  importer run customers.csv -m shop.toml             import into the ERP of importer.toml

{usage-heading} {usage}

{all-args}{after-help}";

/// Whether no command was typed, but at most options of every command.
#[must_use]
pub fn lacks_command(error: &clap::Error) -> bool {
    use clap::error::{ContextKind, ContextValue, ErrorKind};
    // The word under this name is the command that needs another one behind it.
    let of = error.get(ContextKind::InvalidSubcommand);
    error.kind() == ErrorKind::MissingSubcommand
        && matches!(of, Some(ContextValue::String(command)) if command == "importer")
}

/// What a newcomer needs, where no command was typed.
#[must_use]
pub fn welcome() -> Bilingual {
    Bilingual {
        english: WELCOME.to_owned(),
        german: WELCOME_IN_GERMAN.to_owned(),
    }
}

const WELCOME: &str = "\
importer moves a shop's customers into the JTL-Wawi ERP. Begin with these three:

  importer mapping new customers.csv -o shop.toml     propose which column is which field
  importer run customers.csv -m shop.toml --dry-run   check everything, send nothing
  importer run customers.csv -m shop.toml --sandbox   import into a stand-in for the ERP

All commands: importer --help. What a command can do: importer run --help.
";

const WELCOME_IN_GERMAN: &str = "\
importer bringt die Kunden eines Shops in die JTL-Wawi. Zum Anfangen genügen diese drei:

  importer mapping new kunden.csv -o shop.toml     vorschlagen, welche Spalte welches Feld ist
  importer run kunden.csv -m shop.toml --dry-run   alles prüfen, nichts senden
  importer run kunden.csv -m shop.toml --sandbox   in eine Attrappe der Wawi importieren

Alle Befehle: importer --help. Was ein Befehl kann: importer run --help.
";

const AFTER: &str = "\
Options of `run` have a twin in the environment (IMPORTER_BASE_URL) and a key in importer.toml
(base_url); only what must not be repeated by a schedule has to be typed each time.";

/// What was typed.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "importer",
    version = env!("WAWI_IMPORTER_VERSION"),
    about = "Imports a shop's customers into the JTL-Wawi ERP: nothing lost, nothing doubled.",
    help_template = TEMPLATE,
    after_help = AFTER,
    styles = STYLES,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Settings file [default: the nearest importer.toml upwards]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Profile of the settings file [default: its `profile`]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Folder of the journal [default: .importer beside the nearest importer.toml, or here]
    #[arg(long, global = true, value_name = "DIR", value_parser = words::read::<PathBuf>)]
    pub state_dir: Option<PathBuf>,
    /// Print data instead of text: one JSON object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Form of the log lines on stderr [default: text]
    #[arg(long, global = true, value_name = "text|json", value_parser = choice::<LogFormat>(), hide_possible_values = true)]
    pub log_format: Option<LogFormat>,
    /// Say more; twice: even more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Show no progress
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Colours [default: auto]
    #[arg(long, global = true, value_name = "auto|always|never", value_parser = choice::<ColorChoice>(), hide_possible_values = true)]
    pub color: Option<ColorChoice>,
    /// Language of what people read [default: the locale's]
    #[arg(long, global = true, value_name = "de|en", value_parser = choice::<Language>(), hide_possible_values = true)]
    pub lang: Option<Language>,
    /// Ask nothing, go on
    #[arg(short, long, global = true)]
    pub yes: bool,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Import customers, or check them with --dry-run
    Run(Box<RunArgs>),
    /// Propose, check, test and explain mappings, which say which column is which field
    #[command(
        subcommand,
        after_help = AFTER_MAPPING,
        arg_required_else_help = true,
        disable_help_subcommand = true
    )]
    Mapping(MappingCommand),
    /// List what the ERP knows by name, with ids
    List(Box<ListArgs>),
    /// List past runs
    Runs,
    /// Show one run's records
    Show(ShowArgs),
    /// Write a run's report files again
    Report(ReportAgainArgs),
    /// Look up what is unknown; send nothing
    Reconcile(Box<ReconcileArgs>),
    /// Say what became of an unknown record, after a look into Wawi
    Resolve(ResolveArgs),
    /// Erase runs, customers or targets, with their reports
    Forget(ForgetArgs),
    /// Run the jobs of a file at their times, or one of them now
    Schedule(ScheduleArgs),
    /// Get an API key from an on-prem server
    Register(Box<RegisterArgs>),
    /// Check settings, credentials, server, journal and disk before a run; change nothing
    Doctor(Box<DoctorArgs>),
    /// Start the stand-in for the ERP on a loopback port
    Sandbox(SandboxArgs),
    /// Print what a shell completes words by
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them
    Man(ManArgs),
}

const AFTER_MAPPING: &str = "\
Examples:
  importer mapping new customers.csv -o shop.toml
  importer mapping check shop.toml customers.csv
  importer mapping explain shop.toml customers.csv --record 3
  importer mapping check builtin:shopware6 export.csv

None of them sends anything. What a mapping can say is told in docs/mapping.md.";

/// `mapping …`.
#[derive(Clone, Debug, Subcommand)]
pub enum MappingCommand {
    /// Propose a mapping from an input's header and contents
    New(MappingNewArgs),
    /// Check a mapping file, and whether it fits an input
    Check(MappingCheckArgs),
    /// Run the tests that a mapping file brings along
    Test(MappingTestArgs),
    /// Show what becomes of each field of one record, step by step
    Explain(MappingExplainArgs),
    /// List the fields of a customer with type, limit and meaning
    Fields,
}

const AFTER_NEW: &str = "\
Each line says how sure it is and why; lines marked FILL IN need you. Nothing is sent, and no
customer's values are written into the mapping.";

/// `mapping new`.
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_NEW)]
pub struct MappingNewArgs {
    /// Input to be mapped, or - for stdin
    #[arg(value_name = "INPUT")]
    pub input: String,
    /// File for the mapping [default: -, stdout]
    #[arg(short, long, value_name = "FILE", value_parser = words::read::<PathBuf>)]
    pub output: Option<PathBuf>,
    /// Overwrite a file that is there already
    #[arg(long)]
    pub force: bool,
    /// How the input is read.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `mapping check`.
#[derive(Clone, Debug, Args)]
pub struct MappingCheckArgs {
    /// Mapping file, or builtin:NAME
    #[arg(value_name = "FILE", value_parser = words::read::<MappingChoice>)]
    pub file: MappingChoice,
    /// Input whose header it must fit
    #[arg(value_name = "INPUT")]
    pub input: Option<String>,
    /// How the input is read.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// The list
    #[arg(value_name = "groups|categories|companies|payment-methods", value_parser = choice::<NameList>(), hide_possible_values = true)]
    pub list: NameList,
    /// Where the ERP is.
    #[command(flatten)]
    pub target: TargetArgs,
    /// How fast it may be asked.
    #[command(flatten)]
    pub pace: PaceArgs,
}

/// `mapping test`.
#[derive(Clone, Debug, Args)]
pub struct MappingTestArgs {
    /// Mapping file, or builtin:NAME
    #[arg(value_name = "FILE", value_parser = words::read::<MappingChoice>)]
    pub file: MappingChoice,
}

/// `mapping explain`.
#[derive(Clone, Debug, Args)]
pub struct MappingExplainArgs {
    /// Mapping file, or builtin:NAME
    #[arg(value_name = "FILE", value_parser = words::read::<MappingChoice>)]
    pub file: MappingChoice,
    /// Input that has the record
    #[arg(value_name = "INPUT")]
    pub input: String,
    /// The record's number, counted from 1 without the header
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = words::read::<Quantity>)]
    pub record: Quantity,
    /// How the input is read.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `show`.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// The run, as `importer runs` lists it
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Only records with this outcome
    #[arg(long, value_name = "OUTCOME", value_parser = [
        "created", "exists", "invalid", "refused", "unknown", "changed", "skipped",
    ])]
    pub outcome: Option<String>,
    /// Only the customer with this number
    #[arg(long, value_name = "NUMBER")]
    pub customer: Option<String>,
}

/// `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportAgainArgs {
    /// The run, as `importer runs` lists it
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The run's input, if it is not where it was
    #[arg(long, value_name = "FILE", value_parser = words::read::<PathBuf>)]
    pub input: Option<PathBuf>,
    /// Where the files go.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `reconcile`.
#[derive(Clone, Debug, Args)]
pub struct ReconcileArgs {
    /// The run, as `importer runs` lists it [default: every run with unknown records]
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Where the ERP is.
    #[command(flatten)]
    pub target: TargetArgs,
    /// How fast it may be asked.
    #[command(flatten)]
    pub pace: PaceArgs,
}

/// `resolve`.
#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("said").required(true).args(["created", "not_created"])))]
pub struct ResolveArgs {
    /// The run, as `importer runs` lists it
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The record's number in the input, as unknown.csv lists it
    #[arg(value_name = "RECORD", value_parser = words::read::<Quantity>)]
    pub record: Quantity,
    /// It is in Wawi, with this customer number
    #[arg(long, value_name = "NUMBER", value_parser = words::read::<CustomerNumber>)]
    pub created: Option<CustomerNumber>,
    /// It is not in Wawi: the same command as before sends it again
    #[arg(long)]
    pub not_created: bool,
}

/// The language that `--lang` names among words that are wrong otherwise.
#[must_use]
pub fn typed_language(words: &[OsString]) -> Option<Language> {
    let mut words = words.iter().map(|word| word.to_str().unwrap_or_default());
    let mut named = None;
    while let Some(word) = words.next().filter(|word| *word != "--") {
        let code = match word.strip_prefix("--lang") {
            Some("") => words.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        named = code.and_then(|code| Language::read(code).ok()).or(named);
    }
    named
}

#[cfg(test)]
mod tests;
