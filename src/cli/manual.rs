//! The options of `completions` and `man`, which are made of the same definitions as the help.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use clap::{Args, ValueEnum as _};

use super::words::read;

/// A shell that can complete words.
pub use clap_complete::Shell;

/// `completions`.
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(
        value_name = "bash|elvish|fish|powershell|zsh",
        value_parser = PossibleValuesParser::new(["bash", "elvish", "fish", "powershell", "zsh"])
            .try_map(|word| Shell::from_str(&word, false)),
        hide_possible_values = true
    )]
    pub shell: Shell,
}

const AFTER: &str = "\
Examples:
  importer completions bash > ~/.local/share/bash-completion/completions/importer
  importer completions fish > ~/.config/fish/completions/importer.fish
  importer completions powershell >> $PROFILE

In bash the names of ready-made mappings are completed, too (-m builtin:). What only a file of
yours says, such as the jobs of `schedule --once JOB` and the names of profiles, is not.";

/// `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Folder for all pages; made if it is not there [default: none, the first page is printed]
    #[arg(value_name = "DIR", value_parser = read::<PathBuf>)]
    pub folder: Option<PathBuf>,
}
