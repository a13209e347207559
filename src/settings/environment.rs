//! What the process was started with: variables, folder, command line, terminals.
//!
//! The only place of the program that asks the operating system for them; everything else is
//! handed an [`Environment`], so that tests can make one up. It must not know any option.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::error::SettingsError;
use crate::outcome::both;
use crate::outcome::telling::shell_word;

/// What the process was started with. `Debug` shows no variable's value: some are secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
    folder: PathBuf,
    typed: Vec<String>,
    terminals: Terminals,
}

/// Which of the three streams are terminals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminals {
    /// Somebody can answer.
    pub stdin: bool,
    /// Somebody reads the summary.
    pub stdout: bool,
    /// Somebody reads progress and messages.
    pub stderr: bool,
}

impl Terminals {
    /// How wide the terminal is in which the summary is read, if there is one.
    pub(super) fn columns(self) -> Option<u16> {
        if !self.stdout {
            return None;
        }
        terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("folder", &self.folder)
            .field("terminals", &self.terminals)
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// The process's own. Variables whose name is no Unicode are left out.
    #[must_use]
    pub fn capture() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect();
        Self {
            variables,
            folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            typed: std::env::args_os()
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
            terminals: Terminals {
                stdin: std::io::stdin().is_terminal(),
                stdout: std::io::stdout().is_terminal(),
                stderr: std::io::stderr().is_terminal(),
            },
        }
    }

    /// One with these variables, in the folder `.`, without terminals.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<OsString>,
    {
        Self {
            variables: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            folder: PathBuf::from("."),
            ..Self::default()
        }
    }

    /// The same in another current folder.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// The same with another command line, the program's name included.
    #[must_use]
    pub fn typed<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.typed = words.into_iter().map(Into::into).collect();
        self
    }

    /// The same with other terminals.
    #[must_use]
    pub fn on_terminals(mut self, terminals: Terminals) -> Self {
        self.terminals = terminals;
        self
    }

    /// A variable's value, if it is set and not empty: shells and container files set what
    /// they mean to unset to nothing.
    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, SettingsError> {
        Ok(self.get_raw(name)?.filter(|value| !value.is_empty()))
    }

    /// What a jobs file asks for by the name of a variable, if it is set to something.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        self.get(name).ok().flatten().map(str::to_owned)
    }

    /// A variable's value, if it is set, be it empty.
    pub(super) fn get_raw(&self, name: &str) -> Result<Option<&str>, SettingsError> {
        self.variables
            .get(name)
            .map(|value| {
                value.to_str().ok_or_else(|| SettingsError::Variable {
                    name: name.to_owned(),
                    why: both!("its value is no Unicode", "ihr Wert ist kein Unicode"),
                })
            })
            .transpose()
    }

    /// Whether a variable is set to something.
    pub(super) fn has(&self, name: &str) -> bool {
        self.variables
            .get(name)
            .is_some_and(|value| !value.is_empty())
    }

    /// The names of all variables that begin with `prefix`.
    pub(super) fn names<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.variables
            .range(prefix.to_owned()..)
            .map(|(name, _)| name.as_str())
            .take_while(move |name| name.starts_with(prefix))
    }

    /// The current folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Which streams are terminals.
    pub(super) fn terminals(&self) -> Terminals {
        self.terminals
    }

    /// Those of the options with these long names that were typed, with their values, quoted
    /// so that they can be put behind another command of this program; each with a blank
    /// before it.
    pub(super) fn typed_options(&self, names: &[&str]) -> String {
        let is_one = |word: &str| {
            word.strip_prefix("--")
                .is_some_and(|word| names.contains(&word))
        };
        let mut options = String::new();
        let mut words = self
            .typed
            .iter()
            .take_while(|word| *word != "--")
            .peekable();
        while let Some(word) = words.next() {
            let (name, has_value) = word
                .split_once('=')
                .map_or((word.as_str(), false), |(name, _)| (name, true));
            if !is_one(name) {
                continue;
            }
            options.push(' ');
            options.push_str(&shell_word(word));
            let is_switch = name
                .strip_prefix("--")
                .is_some_and(|name| SWITCHES.contains(&name));
            if let Some(value) = words.next_if(|_| !has_value && !is_switch) {
                options.push(' ');
                options.push_str(&shell_word(value));
            }
        }
        options
    }

    /// The value of the option with this long name as it was typed; `on` for a switch.
    pub(super) fn typed_value(&self, name: &str) -> Option<String> {
        let mut words = self.typed.iter().take_while(|word| *word != "--");
        while let Some(word) = words.next() {
            match word.strip_prefix("--").map(|word| word.split_once('=')) {
                Some(Some((known, value))) if known == name => return Some(value.to_owned()),
                Some(None) if word.strip_prefix("--") == Some(name) => {
                    let value = words.next().filter(|value| !value.starts_with("--"));
                    return Some(value.map_or_else(|| "on".to_owned(), Clone::clone));
                }
                _ => {}
            }
        }
        None
    }

    /// [`Self::command_line`] without the option of this long name and its value.
    #[must_use]
    pub fn command_line_without(&self, name: &str) -> String {
        let mut kept = Vec::new();
        let mut words = self.typed.iter();
        while let Some(word) = words.next() {
            match word.strip_prefix("--").map(|word| word.split_once('=')) {
                Some(Some((known, _))) if known == name => {}
                Some(None) if word.strip_prefix("--") == Some(name) => {
                    words.next();
                }
                _ => kept.push(shell_word(word)),
            }
        }
        kept.join(" ")
    }

    /// [`Self::command_line`] without these switches, and with `more` among its options.
    #[must_use]
    pub fn command_line_with(&self, without: &[&str], more: Option<&str>) -> String {
        let is_left_out = |word: &&String| {
            word.strip_prefix("--")
                .is_some_and(|word| without.contains(&word))
        };
        let end = self.typed.iter().position(|word| word == "--");
        let (options, rest) = self.typed.split_at(end.unwrap_or(self.typed.len()));
        let mut words: Vec<_> = options.iter().filter(|word| !is_left_out(word)).collect();
        let more = more.map(|more| format!("--{more}"));
        words.extend(&more);
        words.extend(rest);
        let words: Vec<_> = words.into_iter().map(|word| shell_word(word)).collect();
        words.join(" ")
    }

    /// The command line as typed, quoted so that it can be pasted into a shell.
    #[must_use]
    pub fn command_line(&self) -> String {
        self.typed
            .iter()
            .map(|word| shell_word(word))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Options without a value, among those that other commands are printed with.
const SWITCHES: &[&str] = &["allow-unkeyed", "allow-empty", "sandbox"];

/// A switch or option as it is typed, with a blank before it; nothing for a switch that is off.
pub(super) fn as_flag(name: &str, value: &str) -> String {
    match (SWITCHES.contains(&name), value) {
        (false, _) => as_option(name, value),
        (true, "true") => format!(" --{name}"),
        (true, _) => String::new(),
    }
}

/// An option with its value, quoted, with a blank before it.
pub(super) fn as_option(name: &str, value: &str) -> String {
    format!(" {}", shell_word(&format!("--{name}={value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_left_out_of_the_command_line_with_its_value() {
        for listen in [&["--listen", "9187"][..], &["--listen=9187"]] {
            let before = ["importer", "schedule", "jobs.toml"].as_slice();
            let typed = [before, listen, &["--metrics-file", "m.prom"]].concat();
            let environment = Environment::default().typed(typed);
            assert_eq!(
                environment.command_line_without("listen"),
                "importer schedule jobs.toml --metrics-file m.prom"
            );
        }
    }

    #[test]
    fn the_command_line_can_be_pasted_back() {
        let environment =
            Environment::default().typed(["importer", "run", "it's a.csv", "--rate", "10/s"]);
        if cfg!(not(windows)) {
            assert_eq!(
                environment.command_line(),
                r"importer run 'it'\''s a.csv' --rate 10/s"
            );
        }
    }

    #[test]
    fn typed_options_can_be_put_behind_another_command() {
        let environment = Environment::default().typed([
            "importer",
            "--state-dir=s",
            "run",
            "in.csv",
            "--rate",
            "5/s",
            "--base-url",
            "http://h/a b",
            "--yes",
            "--",
            "--path",
            "x",
        ]);
        let options = environment.typed_options(&["base-url", "state-dir", "path"]);
        let url = shell_word("http://h/a b");
        assert_eq!(options, format!(" --state-dir=s --base-url {url}"));
        assert_eq!(environment.typed_options(&["tenant-id"]), "");
    }

    #[test]
    fn a_switch_takes_no_word_along() {
        let environment =
            Environment::default().typed(["importer", "run", "--allow-unkeyed", "in.csv"]);
        let options = environment.typed_options(&["allow-unkeyed"]);
        assert_eq!(options, " --allow-unkeyed");
        assert_eq!(as_flag("allow-unkeyed", "true"), " --allow-unkeyed");
        assert_eq!(as_flag("allow-unkeyed", "false"), "");
        assert_eq!(as_flag("rate", "5/s"), " --rate=5/s");
    }

    #[test]
    fn a_command_is_told_without_what_starts_over() {
        let typed = [
            "importer",
            "run",
            "--again",
            "a --again.csv",
            "--",
            "--again",
        ];
        let environment = Environment::default().typed(typed);
        let quoted = shell_word("a --again.csv");
        assert_eq!(
            environment.command_line_with(&["again"], Some("retry-failed")),
            format!("importer run {quoted} --retry-failed -- --again")
        );
    }

    #[test]
    fn debug_shows_names_but_no_values() {
        let environment = Environment::from_pairs([("IMPORTER_API_KEY", "canary")]);
        let shown = format!("{environment:?}");
        assert!(shown.contains("IMPORTER_API_KEY"));
        assert!(!shown.contains("canary"));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let environment = Environment::from_pairs([("A", ""), ("B", "b")]);
        assert_eq!(environment.get("A").expect("unicode"), None);
        assert_eq!(environment.get_raw("A").expect("unicode"), Some(""));
        assert_eq!(environment.get("B").expect("unicode"), Some("b"));
        assert!(!environment.has("A"));
    }
}
