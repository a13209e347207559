//! The table of all options, and one layer of values for them.
//!
//! Each of flags, environment, profile and top of `importer.toml` is read into a [`Layer`];
//! laying them over each other gives what holds. What a value may look like is settled in
//! `cli::words`, for all four alike.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::words::{
    Attempts, CollectionPath, Concurrency, Delimiter, Encoding, FileMode, HeaderText, TimeLimit,
};
use crate::cli::{
    Cli, ColorChoice, Command, GlobalArgs, LogFormat, MappingChoice, PaceArgs, ReportArgs, RunArgs,
    SourceArgs, TargetArgs, Word, Workflows,
};
use crate::deliver::{Rate, Threshold};
use crate::import::{Existing, FailOn};
use crate::outcome::{Bilingual, Language, ValuesShown};
use crate::source::Format;

/// Where an option may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// As a flag, in the environment and in `importer.toml`.
    Everywhere,
    /// In the environment and in `importer.toml`: it describes a server, not one call.
    NoFlag,
    /// As a flag and in the environment.
    NoKey,
    /// As a flag only: a schedule must not repeat it.
    FlagOnly,
}

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionRow {
    /// Its key in `importer.toml`; flag and variable are made of it.
    pub key: &'static str,
    /// What holds when nobody gives it, as the help says it.
    pub default: &'static str,
    /// Where it may be given.
    pub scope: Scope,
}

impl OptionRow {
    /// The flag, without the two dashes.
    #[must_use]
    pub fn flag(&self) -> String {
        Self::flag_of(self.key)
    }

    /// The flag that the option with this key has, without the two dashes.
    pub(super) fn flag_of(key: &str) -> String {
        key.replace('_', "-")
    }

    /// The environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.to_ascii_uppercase())
    }
}

/// What the names of all our environment variables begin with.
pub(super) const PREFIX: &str = "IMPORTER_";

macro_rules! options {
    (
        layered { $( $key:ident: $type:ty, $default:literal, $scope:ident; )* }
        others { $( $other:literal, $other_default:literal, $other_scope:ident; )* }
    ) => {
        /// Every option of `run` and every global one, with its default.
        pub const OPTIONS: &[OptionRow] = &[
            $( OptionRow { key: stringify!($key), default: $default, scope: Scope::$scope }, )*
            $( OptionRow { key: $other, default: $other_default, scope: Scope::$other_scope }, )*
        ];

        /// The values that one source of settings gives.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(super) struct Layer {
            /// The words that values were read from; those of flags are in the command line.
            pub(super) words: BTreeMap<&'static str, String>,
            $( pub(super) $key: Option<$type>, )*
        }

        impl Layer {
            /// This layer upon `below`: what is missing here is taken from there.
            pub(super) fn or(self, below: Self) -> Self {
                let mut words = below.words;
                words.extend(self.words);
                Self { words, $( $key: self.$key.or(below.$key), )* }
            }

            /// Sets the value of `key` from its text; false when there is no such key.
            pub(super) fn set(&mut self, key: &str, text: &str) -> Result<bool, Bilingual> {
                match key {
                    $( stringify!($key) => {
                        self.$key = Some(Word::read(text)?);
                        self.words.insert(stringify!($key), text.to_owned());
                    } )*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// The value of `key` for tests.
            #[cfg(test)]
            pub(super) fn show(&self, key: &str) -> String {
                match key {
                    $( stringify!($key) => format!("{:?}", self.$key), )*
                    _ => panic!("no option {key}"),
                }
            }
        }
    };
}

options! {
    layered {
        state_dir: PathBuf, ".importer beside the nearest importer.toml, or here", Everywhere;
        json: bool, "off", Everywhere;
        log_format: LogFormat, "text", Everywhere;
        verbose: u8, "off", Everywhere;
        quiet: bool, "off", Everywhere;
        no_progress: bool, "off", Everywhere;
        color: ColorChoice, "auto", Everywhere;
        lang: Language, "the locale's", Everywhere;
        yes: bool, "off", Everywhere;
        mapping: MappingChoice, "input has the API's own shape", Everywhere;
        dry_run: bool, "off", Everywhere;
        payloads: PathBuf, "none", Everywhere;
        probe: bool, "off", Everywhere;
        sandbox: bool, "off", Everywhere;
        base_url: String, "none", Everywhere;
        path: CollectionPath, "/v1/customers", Everywhere;
        api_version: HeaderText, "1.0", Everywhere;
        tenant_id: HeaderText, "none", Everywhere;
        app_id: HeaderText, "this program's name and version", Everywhere;
        app_version: HeaderText, "this program's version", Everywhere;
        run_as: HeaderText, "none", Everywhere;
        session_id: HeaderText, "none", Everywhere;
        workflows: Workflows, "skip", Everywhere;
        target: String, "base URL and tenant", NoFlag;
        allow_http: bool, "off", NoFlag;
        concurrency: Concurrency, "8", Everywhere;
        rate: Rate, "none", Everywhere;
        timeout: TimeLimit, "60s", Everywhere;
        settle: Duration, "2 x timeout", Everywhere;
        max_outage: Duration, "15m", Everywhere;
        max_duration: TimeLimit, "none", Everywhere;
        max_attempts: Attempts, "5", Everywhere;
        max_invalid: Threshold, "20%, from 20 on", Everywhere;
        max_failures: Threshold, "10%, from 50 sent on", Everywhere;
        fail_on: FailOn, "none", Everywhere;
        existing: Existing, "skip", Everywhere;
        allow_unkeyed: bool, "off", Everywhere;
        allow_empty: bool, "off", Everywhere;
        format: Format, "detected", Everywhere;
        encoding: Encoding, "detected", Everywhere;
        delimiter: Delimiter, "detected", Everywhere;
        skip_lines: u64, "0", Everywhere;
        sheet: String, "the first with cells", Everywhere;
        report_dir: PathBuf, "reports", Everywhere;
        values: ValuesShown, "masked", Everywhere;
        report_mode: FileMode, "0600", Everywhere;
    }
    others {
        "config", "the nearest importer.toml upwards", NoKey;
        "profile", "its `profile`", Everywhere;
        "faults", "none", FlagOnly;
        "limit", "none", FlagOnly;
        "record", "none", FlagOnly;
        "retry_failed", "off", FlagOnly;
        "again", "off", FlagOnly;
        "accept_changes", "off", FlagOnly;
        "target_changed", "off", FlagOnly;
    }
}

/// `Some(true)` when a switch was typed: a flag cannot say no.
fn switch(typed: bool) -> Option<bool> {
    typed.then_some(true)
}

impl Layer {
    /// What was typed.
    pub(super) fn typed(cli: &Cli) -> Self {
        let mut layer = Self::default();
        layer.take_global(&cli.global);
        match &cli.command {
            Command::Run(run) => layer.take_run(run),
            Command::Report(again) => layer.take_report(&again.report),
            Command::Reconcile(reconcile) => {
                layer.take_target(&reconcile.target);
                layer.take_pace(&reconcile.pace);
            }
            Command::List(list) => {
                layer.take_target(&list.target);
                layer.take_pace(&list.pace);
            }
            Command::Doctor(doctor) => {
                layer.probe = switch(doctor.probe);
                layer.take_target(&doctor.target);
                layer.take_pace(&doctor.pace);
            }
            Command::Register(register) => layer.take_target(&register.target),
            Command::Forget(forget) => layer.report_dir.clone_from(&forget.report_dir),
            Command::Mapping(_)
            | Command::Runs
            | Command::Show(_)
            | Command::Resolve(_)
            | Command::Schedule(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Sandbox(_) => {}
        }
        layer
    }

    fn take_global(&mut self, global: &GlobalArgs) {
        self.state_dir.clone_from(&global.state_dir);
        self.json = switch(global.json);
        self.log_format = global.log_format;
        self.verbose = (global.verbose > 0).then_some(global.verbose);
        self.quiet = switch(global.quiet);
        self.no_progress = switch(global.no_progress);
        self.color = global.color;
        self.lang = global.lang;
        self.yes = switch(global.yes);
        // The one that was typed beats its opposite from further below.
        if self.verbose.is_some() {
            self.quiet = Some(false);
        } else if self.quiet.is_some() {
            self.verbose = Some(0);
        }
    }

    fn take_run(&mut self, run: &RunArgs) {
        self.mapping.clone_from(&run.mapping);
        self.dry_run = switch(run.dry_run);
        self.payloads.clone_from(&run.payloads);
        self.probe = switch(run.probe);
        self.sandbox = switch(run.sandbox);
        self.take_target(&run.target);
        self.take_pace(&run.pace);
        self.max_attempts = run.amount.max_attempts;
        self.max_invalid = run.amount.max_invalid;
        self.max_failures = run.amount.max_failures;
        self.fail_on = run.amount.fail_on;
        self.existing = run.again.existing;
        self.allow_unkeyed = switch(run.again.allow_unkeyed);
        self.allow_empty = switch(run.again.allow_empty);
        self.take_source(&run.source);
        self.take_report(&run.report);
    }

    fn take_target(&mut self, target: &TargetArgs) {
        self.base_url.clone_from(&target.base_url);
        self.path.clone_from(&target.path);
        self.api_version.clone_from(&target.api_version);
        self.tenant_id.clone_from(&target.tenant_id);
        self.app_id.clone_from(&target.app_id);
        self.app_version.clone_from(&target.app_version);
        self.run_as.clone_from(&target.run_as);
        self.session_id.clone_from(&target.session_id);
        self.workflows = target.workflows;
    }

    fn take_pace(&mut self, pace: &PaceArgs) {
        self.concurrency = pace.concurrency;
        self.rate = pace.rate;
        self.timeout = pace.timeout;
        self.settle = pace.settle;
        self.max_outage = pace.max_outage;
        self.max_duration = pace.max_duration;
    }

    pub(super) fn take_source(&mut self, source: &SourceArgs) {
        self.format = source.format;
        self.encoding.clone_from(&source.encoding);
        self.delimiter = source.delimiter;
        self.skip_lines = source.skip_lines;
        self.sheet.clone_from(&source.sheet);
    }

    fn take_report(&mut self, report: &ReportArgs) {
        self.report_dir.clone_from(&report.report_dir);
        self.values = report.values;
        self.report_mode = report.report_mode;
    }

    /// Makes relative paths relative to `folder`: a settings file means its own.
    pub(super) fn anchor(&mut self, folder: &Path) {
        if let Some(MappingChoice::File(path)) = &mut self.mapping {
            *path = folder.join(&path);
        }
        for path in [
            &mut self.state_dir,
            &mut self.report_dir,
            &mut self.payloads,
        ] {
            if let Some(path) = path
                && path.as_os_str() != "-"
            {
                *path = folder.join(&path);
            }
        }
    }
}

/// The known word that is most like `word`, if one is like it at all.
pub(super) fn suggestion<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::jaro_winkler(word, known), known))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}
