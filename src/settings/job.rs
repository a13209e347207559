//! What a scheduled job says about its runs: options of `run`, by the keys of `importer.toml`.
//!
//! Which options there are, and what their values may look like, is settled by the table of all
//! options; here stands only which of them a job may set.

use std::path::Path;
use std::time::Duration;

use super::environment::as_flag;
use super::layer::{Layer, OPTIONS, OptionRow, Scope};
use crate::cli::words::TimeLimit;
use crate::outcome::{Bilingual, both};

/// Options that belong to the whole command, or that a job has as keys of its own.
const NOT_OF_A_RUN: &[&str] = &[
    "state_dir",
    "json",
    "log_format",
    "verbose",
    "quiet",
    "no_progress",
    "color",
    "lang",
    "yes",
    "profile",
    "mapping",
    "max_duration",
    "payloads",
];

/// The options of `run` that a scheduled job sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobOptions {
    layer: Layer,
    /// Key and text of each, as given.
    given: Vec<(&'static str, String)>,
}

/// One run of a scheduled job.
#[derive(Clone, Copy, Debug)]
pub struct JobRun<'a> {
    /// The job's profile, if it names one; it wins over `--profile`.
    pub profile: Option<&'a str>,
    /// What the job says about its runs.
    pub options: &'a JobOptions,
    /// The input's path.
    pub input: &'a str,
    /// How long the run may take, if that is limited.
    pub left: Option<Duration>,
    /// Where the input lies once its run has failed.
    pub archived: &'a str,
    /// The command that goes on with the job.
    pub command_line: &'a str,
}

impl JobOptions {
    /// The keys that a job may set for its runs.
    pub fn keys() -> impl Iterator<Item = &'static str> + Clone {
        OPTIONS
            .iter()
            .filter(|row| matches!(row.scope, Scope::Everywhere | Scope::NoFlag))
            .map(|row| row.key)
            .filter(|key| !NOT_OF_A_RUN.contains(key))
    }

    /// Why a job may not set the option `key`, and where it belongs; nothing if there is no such
    /// option.
    pub fn refusal(key: &str) -> Option<Bilingual> {
        let row = OPTIONS.iter().find(|row| row.key == key)?;
        let is_typed = row.key == "payloads" || row.scope == Scope::FlagOnly;
        Some(match is_typed {
            true => both!(
                "a schedule must not repeat it: it is for `importer run` alone",
                "ein Zeitplan darf es nicht wiederholen: es ist nur für `importer run`"
            ),
            false => both!(
                "it belongs to the whole command: type it behind `importer schedule`, or set it \
                 in the environment",
                "es gehört zum ganzen Befehl: hinter `importer schedule` eingeben, oder in der \
                 Umgebung setzen"
            ),
        })
    }

    /// Sets the option `key`, which is one of [`JobOptions::keys`], from its text.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), Bilingual> {
        if key == "existing" && text == "send" {
            return Err(both!(
                "`send` would send everything at every start; type --existing send at `importer \
                 run` when it is meant",
                "`send` würde bei jedem Start alles senden; --existing send bei `importer run` \
                 eingeben, wenn es gewollt ist"
            ));
        }
        self.layer.set(key, text)?;
        if let Some(row) = OPTIONS.iter().find(|row| row.key == key) {
            self.given.push((row.key, text.to_owned()));
        }
        Ok(())
    }

    /// Makes relative paths relative to `folder`, that of the jobs file.
    pub fn anchor(&mut self, folder: &Path) {
        self.layer.anchor(folder);
    }

    /// The folder of the reports, if the job names one.
    pub(super) fn report_dir(&self) -> Option<&Path> {
        self.layer.report_dir.as_deref()
    }

    /// The layer that stands in the place of typed options, with the time that a run may take.
    pub(super) fn layer(&self, left: Option<Duration>) -> Layer {
        Layer {
            max_duration: left.map(TimeLimit),
            ..self.layer.clone()
        }
    }

    /// Those of the options with these long names that the job sets, as they are typed behind
    /// another command.
    pub(super) fn typed(&self, names: &[&str]) -> String {
        let flags = self.given.iter().map(|(key, text)| {
            let flag = OptionRow::flag_of(key);
            match names.contains(&flag.as_str()) {
                true => as_flag(&flag, text),
                false => String::new(),
            }
        });
        flags.collect()
    }

    /// All of the options that have flags, as they are typed behind `importer run`; but for the
    /// mapping, which the run was resolved with, and the folder of the reports: that is relative
    /// to the jobs file.
    pub(super) fn typed_all(&self) -> String {
        let has_flag = |key: &str| {
            let mut rows = OPTIONS.iter().filter(|row| row.key == key);
            rows.any(|row| row.scope == Scope::Everywhere)
                && !matches!(key, "mapping" | "report_dir")
        };
        let given = self.given.iter().filter(|(key, _)| has_flag(key));
        given
            .map(|(key, text)| as_flag(&OptionRow::flag_of(key), text))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_sets_what_a_run_takes_and_nothing_of_the_command() {
        let keys: Vec<_> = JobOptions::keys().collect();
        for key in [
            "base_url",
            "rate",
            "max_invalid",
            "dry_run",
            "report_dir",
            "target",
        ] {
            assert!(keys.contains(&key), "{key}");
        }
        for key in NOT_OF_A_RUN
            .iter()
            .chain(&["limit", "again", "retry_failed"])
        {
            assert!(!keys.contains(key), "{key}");
        }
        let mut options = JobOptions::default();
        options.set("base_url", "https://e.example/a b").unwrap();
        options.set("rate", "5/s").unwrap();
        options.set("max_invalid", "3").unwrap();
        assert!(options.set("rate", "fast").is_err());
        assert!(options.set("existing", "send").is_err());
        options.set("allow_unkeyed", "true").unwrap();
        options.set("allow_http", "true").unwrap();
        let url = as_flag("base-url", "https://e.example/a b");
        assert_eq!(
            options.typed(&["base-url", "rate"]),
            format!("{url} --rate=5/s")
        );
        assert_eq!(
            options.typed_all(),
            format!("{url} --rate=5/s --max-invalid=3 --allow-unkeyed")
        );
        let layer = options.layer(Some(Duration::from_secs(9)));
        assert_eq!(layer.show("max_duration"), "Some(TimeLimit(9s))");
        assert_eq!(layer.show("max_invalid"), "Some(Count(3))");
    }
}
