//! The options of `run`, in the groups in which its help shows them. Other commands share
//! some of the groups.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::choices::{Workflows, choice};
use super::words::{
    Attempts, CollectionPath, Concurrency, Delimiter, Encoding, FileMode, HeaderText,
    MappingChoice, Quantity, TimeLimit, read,
};
use crate::deliver::{Rate, Threshold};
use crate::import::{Existing, FailOn, RecordSet};
use crate::outcome::ValuesShown;
use crate::source::Format;

const EXAMPLES: &str = "\
Examples:
  importer run customers.csv -m shop.toml --dry-run
  importer run 'export-*.csv' -m builtin:jtl-shop5 --profile production --rate 10/s
  cat customers.jsonl | importer run - --base-url https://erp.example/api";

/// `run`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// Input files: path, glob pattern, or - for stdin
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Mapping file, or builtin:NAME [default: input has the API's own shape]
    #[arg(short, long, value_name = "FILE", value_parser = read::<MappingChoice>)]
    pub mapping: Option<MappingChoice>,
    /// Check everything, send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write the JSON bodies of a dry run as JSONL; - is stdout
    #[arg(long, value_name = "FILE", value_parser = read::<PathBuf>)]
    pub payloads: Option<PathBuf>,
    /// Let a dry run ask the ERP what only it knows: ids, names, existing customers
    #[arg(long)]
    pub probe: bool,
    /// Import into a stand-in for the ERP that lives as long as this run
    #[arg(long, conflicts_with_all = [
        "base_url", "path", "api_version", "tenant_id", "app_id", "app_version", "run_as",
        "session_id",
    ])]
    pub sandbox: bool,
    /// Faults of that stand-in: a file that exists, else text like commit_drop=0.02 [default: none]
    #[arg(long, value_name = "FILE|TEXT")]
    pub faults: Option<String>,
    /// Where the ERP is.
    #[command(flatten)]
    pub target: TargetArgs,
    /// How fast.
    #[command(flatten)]
    pub pace: PaceArgs,
    /// How much.
    #[command(flatten)]
    pub amount: AmountArgs,
    /// What happened before.
    #[command(flatten)]
    pub again: AgainArgs,
    /// How the input is read.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Where the report goes.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Where the ERP is and how we introduce ourselves.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    // Plain text: a wrong URL may hold a password, which clap's own error would repeat.
    /// The ERP's address.
    #[arg(
        long,
        value_name = "URL",
        help = "The ERP's address, e.g. https://api.jtl-cloud.com/erp"
    )]
    pub base_url: Option<String>,
    /// Path of the customers [default: /v1/customers]
    #[arg(long, value_name = "PATH", value_parser = read::<CollectionPath>)]
    pub path: Option<CollectionPath>,
    /// Version of the API [default: 1.0]
    #[arg(long, value_name = "VERSION", value_parser = read::<HeaderText>)]
    pub api_version: Option<HeaderText>,
    /// Tenant of the ERP instance (cloud)
    #[arg(long, value_name = "UUID", value_parser = read::<HeaderText>)]
    pub tenant_id: Option<HeaderText>,
    /// Our application's id [default: this program's name and version]
    #[arg(long, value_name = "ID", value_parser = read::<HeaderText>)]
    pub app_id: Option<HeaderText>,
    /// Our application's version [default: this program's version]
    #[arg(long, value_name = "VERSION", value_parser = read::<HeaderText>)]
    pub app_version: Option<HeaderText>,
    /// User on whose behalf calls run
    #[arg(long, value_name = "USER", value_parser = read::<HeaderText>)]
    pub run_as: Option<HeaderText>,
    /// Session in which calls run
    #[arg(long, value_name = "UUID", value_parser = read::<HeaderText>)]
    pub session_id: Option<HeaderText>,
    /// Wawi's automatic workflows for new customers [default: skip]
    #[arg(long, value_name = "skip|run", value_parser = choice::<Workflows>(), hide_possible_values = true)]
    pub workflows: Option<Workflows>,
}

/// How fast, and when to give up waiting.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Pace")]
pub struct PaceArgs {
    /// Requests in flight at most [default: 8]
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = read::<Concurrency>)]
    pub concurrency: Option<Concurrency>,
    /// Requests at most: 10/s, 600/m, 3600/h [default: none]
    #[arg(long, allow_hyphen_values = true, value_name = "RATE", value_parser = read::<Rate>)]
    pub rate: Option<Rate>,
    /// Time limit of a request [default: 60s]
    #[arg(long, allow_hyphen_values = true, value_name = "TIME", value_parser = read::<TimeLimit>)]
    pub timeout: Option<TimeLimit>,
    /// How long a lost request may still take effect [default: 2 x timeout]
    #[arg(long, allow_hyphen_values = true, value_name = "TIME", value_parser = read::<Duration>)]
    pub settle: Option<Duration>,
    /// Give up when the ERP is away for longer [default: 15m]
    #[arg(long, allow_hyphen_values = true, value_name = "TIME", value_parser = read::<Duration>)]
    pub max_outage: Option<Duration>,
    /// Stop after this time; the same command resumes [default: none]
    #[arg(long, allow_hyphen_values = true, value_name = "TIME", value_parser = read::<TimeLimit>)]
    pub max_duration: Option<TimeLimit>,
}

/// How much, and how much trouble.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Limits")]
pub struct AmountArgs {
    /// Create at most so many customers now; the same command goes on
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = read::<Quantity>)]
    pub limit: Option<Quantity>,
    /// Only these records: 5,17-20
    #[arg(long, allow_negative_numbers = true, value_name = "LIST", value_parser = read::<RecordSet>)]
    pub record: Option<RecordSet>,
    /// Times that one customer is sent at most [default: 5]
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = read::<Attempts>)]
    pub max_attempts: Option<Attempts>,
    /// Send nothing when more are invalid: 50 or 20% [default: 20%, from 20 on]
    #[arg(long, allow_hyphen_values = true, value_name = "N|N%", value_parser = read::<Threshold>)]
    pub max_invalid: Option<Threshold>,
    /// Stop when the ERP refuses more: 50 or 10% [default: 10%, from 50 sent on]
    #[arg(long, allow_hyphen_values = true, value_name = "N|N%", value_parser = read::<Threshold>)]
    pub max_failures: Option<Threshold>,
    /// What else ends with exit code 3 [default: none]
    #[arg(long, value_name = "changed|warning", value_parser = choice::<FailOn>(), hide_possible_values = true)]
    pub fail_on: Option<FailOn>,
}

/// What to do about what happened before.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Again")]
pub struct AgainArgs {
    /// Customers that the ERP has already: leave alone, count as errors, send anyway [default: skip]
    #[arg(long, value_name = "skip|fail|send", value_parser = choice::<Existing>(), hide_possible_values = true)]
    pub existing: Option<Existing>,
    /// Send what a finished run found invalid or refused
    #[arg(long, conflicts_with = "again")]
    pub retry_failed: bool,
    /// Start over, and ask the ERP instead of the journal
    #[arg(long)]
    pub again: bool,
    /// A corrected file may differ from its input where nothing was wrong
    #[arg(long)]
    pub accept_changes: bool,
    /// The address leads to another ERP now, and that is right
    #[arg(long)]
    pub target_changed: bool,
    /// Send customers without a number, whose lost requests cannot be looked up safely
    #[arg(long)]
    pub allow_unkeyed: bool,
    /// An input without records is fine
    #[arg(long)]
    pub allow_empty: bool,
}

/// How the input is read; overrides the mapping.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Source (typed, it wins over the mapping)")]
pub struct SourceArgs {
    /// Format of the input [default: detected]
    #[arg(long, value_name = "csv|jsonl|xlsx|ods", value_parser = choice::<Format>(), hide_possible_values = true)]
    pub format: Option<Format>,
    /// Encoding of the input, e.g. windows-1252 [default: detected]
    #[arg(long, value_name = "NAME", value_parser = read::<Encoding>)]
    pub encoding: Option<Encoding>,
    /// One character between fields, or tab [default: detected]
    #[arg(long, value_name = "CHAR", value_parser = read::<Delimiter>)]
    pub delimiter: Option<Delimiter>,
    /// Lines before the header [default: 0]
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = read::<u64>)]
    pub skip_lines: Option<u64>,
    /// Sheet of an XLSX or ODS file [default: the first with cells]
    #[arg(long, value_name = "NAME", value_parser = read::<String>)]
    pub sheet: Option<String>,
}

/// Where and how the report is written.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArgs {
    /// Folder of the reports, one folder a run [default: reports]
    #[arg(long, value_name = "DIR", value_parser = read::<PathBuf>)]
    pub report_dir: Option<PathBuf>,
    /// Customers' values on the terminal [default: masked]
    #[arg(long, value_name = "masked|full|none", value_parser = choice::<ValuesShown>(), hide_possible_values = true)]
    pub values: Option<ValuesShown>,
    /// Permissions of the files (Unix) [default: 0600]
    #[arg(long, value_name = "MODE", value_parser = read::<FileMode>)]
    pub report_mode: Option<FileMode>,
}
