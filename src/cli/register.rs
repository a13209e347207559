//! The options of `register`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::run::TargetArgs;
use super::words::{HeaderText, TimeLimit, read};

/// `register`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = AFTER)]
pub struct RegisterArgs {
    /// File for the key, readable by you alone [default: none, the key is printed once]
    #[arg(long, value_name = "FILE", value_parser = read::<PathBuf>)]
    pub key_file: Option<PathBuf>,
    /// Overwrite a key file that is there already
    #[arg(long, requires = "key_file")]
    pub force: bool,
    /// How long somebody has to accept it in Wawi [default: 15m]
    #[arg(long, value_name = "TIME", value_parser = read::<TimeLimit>)]
    pub wait: Option<TimeLimit>,
    /// Time between two questions [default: 2s]
    #[arg(long, value_name = "TIME", value_parser = read::<Duration>)]
    pub every: Option<Duration>,
    /// Name that Wawi shows [default: importer]
    #[arg(long, value_name = "TEXT", value_parser = read::<HeaderText>)]
    pub name: Option<HeaderText>,
    /// A right to ask for, may be repeated [default: customer.createcustomer and all.read]
    #[arg(long, value_name = "SCOPE", value_parser = read::<HeaderText>)]
    pub scope: Vec<HeaderText>,
    /// Where the ERP is.
    #[command(flatten)]
    pub target: TargetArgs,
}

const AFTER: &str = "\
Example:
  importer register --base-url http://wawi.local:5883/api/eazybusiness --key-file wawi.key

Somebody has to open Wawi meanwhile (Admin > App registration > Add) and to accept the request.
Wawi tells the key once. Plain http to another machine needs IMPORTER_ALLOW_HTTP=true, or
allow_http = true in importer.toml.";
