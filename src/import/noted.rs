//! What a run's page tells that neither its input nor its records say: with what settings it
//! was made, and what was measured meanwhile. Noted in the journal, so that the report can be
//! written again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::moving::Moved;
use super::settings::{Existing, FailOn, ImportSettings, MAX_INVALID};
use super::which::{absolute, options_from};
use super::{Import, ImportError};
use crate::deliver::{Rate, Threshold};
use crate::journal::{Journal, RunRow};
use crate::outcome::telling::{BUT_NOT_RETURNED, length, thousands};
use crate::outcome::{
    Asked, Conditions, Ending, Language, Limit, Measured, Summary, ToldTexts, ValuesShown,
};
use crate::source::Source;

/// What the last process of a run was asked for, without secrets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Noted {
    /// Options and their values.
    settings: Vec<(String, String)>,
    /// The user's own limit on requests.
    rate: Option<Limit>,
    /// The command that goes on with the run.
    command: String,
    /// The commands that send its input again once it is over, without and with what has failed;
    /// empty in runs of versions that did not tell.
    again: String,
    retry: String,
    /// What commands about the same target and journal need.
    target_options: String,
    journal_options: String,
    /// What the import of corrected records needs; none in runs of versions that did not tell.
    correct_options: Option<String>,
    /// Where the options stand.
    asked: Asked,
}

impl Noted {
    pub(super) fn of(import: &Import) -> Self {
        let settings = &import.settings;
        Self {
            settings: told(settings),
            rate: settings.delivery.rate.map(limit),
            command: settings.resume_command.clone(),
            again: settings.again_command.clone(),
            retry: settings.retry_command.clone(),
            target_options: settings.target_options.clone(),
            journal_options: settings.journal_options.clone(),
            correct_options: Some(settings.correct_options.clone()),
            asked: settings.asked,
        }
    }

    fn conditions(self, measured: &Measured) -> Box<Conditions> {
        Box::new(Conditions {
            settings: self.settings,
            rate: self.rate,
            quota: measured.quota,
            attempts: 0,
            created_before: 0,
            told: ToldTexts::default(),
            asked: self.asked,
        })
    }
}

/// Notes with what settings the run goes on from here.
pub(super) fn note_settings(
    journal: &mut Journal,
    run: &str,
    import: &Import,
) -> Result<(), ImportError> {
    note(journal, run, "noted", &Noted::of(import))
}

/// Adds what this process measured to what earlier ones of the same run did, and tells the
/// summary all of it.
pub(super) fn note_measured(
    journal: &mut Journal,
    row: &RunRow,
    measured: &Measured,
    summary: &mut Summary,
) -> Result<(), ImportError> {
    let options = options_from(row);
    let mut all = options.measured;
    all.add(measured);
    if *measured != Measured::default() {
        note(journal, &row.id, "measured", &all)?;
    }
    summary.latency = all.latencies.percentiles();
    summary.conditions = options.noted.conditions(&all);
    Ok(())
}

/// Tells the summary of an old run what was noted.
pub(super) fn tell_noted(row: &RunRow, is_mapped: bool, summary: &mut Summary) {
    let options = options_from(row);
    let noted = options.noted;
    if summary.ending.is_resumable() && !noted.command.is_empty() {
        summary.resume_with = Some(noted.command.clone());
    }
    super::advised::tell_of_outage(summary, &noted.target_options);
    if summary.counts.unknown > 0 {
        let (target, journal) = (&noted.target_options, &noted.journal_options);
        super::advised::tell_of_unknown(summary, target, journal);
    }
    if let Some(options) = &noted.correct_options {
        super::advised::tell_of_failed(summary, is_mapped, options);
    }
    super::advised::tell_of_sending(summary, &noted.again, &noted.retry);
    summary.latency = options.measured.latencies.percentiles();
    summary.conditions = noted.conditions(&options.measured);
}

/// The command that sends what the run left open, or what was opened again since.
pub(super) fn again_of(row: &RunRow) -> Option<String> {
    let noted = options_from(row).noted;
    let is_over = !row.ending.as_ref().is_none_or(Ending::is_resumable);
    let command = match is_over && !noted.again.is_empty() {
        true => noted.again,
        false => noted.command,
    };
    (!command.is_empty()).then_some(command)
}

/// Notes where an input lies that was moved, and the commands that send it again from there.
pub(super) fn note_moved_input(journal: &mut Journal, moved: &Moved) -> Result<(), ImportError> {
    note_place(journal, &moved.run, &moved.to)?;
    note(journal, &moved.run, "noted.again", &moved.again)?;
    note(journal, &moved.run, "noted.retry", &moved.retry)
}

/// Notes where the run's input lies by now. What is no Unicode is not noted.
pub(super) fn note_place(journal: &mut Journal, run: &str, path: &Path) -> Result<(), ImportError> {
    match absolute(path).to_str() {
        Some(path) => note(journal, run, "moved_to", &path),
        None => Ok(()),
    }
}

/// Where an input lies that is not where it was: of the newest run of that name, if its input was
/// moved since.
///
/// # Errors
/// If the journal cannot be read.
pub fn moved_input(state_dir: &Path, path: &Path) -> Result<Option<PathBuf>, ImportError> {
    let Some(journal) = Journal::open_existing(state_dir)? else {
        return Ok(None);
    };
    let there = absolute(path);
    let rows = journal.runs()?;
    let row = rows
        .iter()
        .find(|row| row.input_path.as_ref() == Some(&there));
    let moved = row.and_then(|row| options_from(row).moved_to);
    Ok(moved.map(PathBuf::from).filter(|path| path.is_file()))
}

/// Tells the summary of a dry run with what settings it was made.
pub(super) fn tell_settings(import: &Import, summary: &mut Summary) {
    summary.conditions = Noted::of(import).conditions(&Measured::default());
}

/// Tells the summary how the input was read, where that is not told in English.
pub(super) fn tell_source(source: &Source, language: Language, summary: &mut Summary) {
    if language != Language::English {
        let text = source.facts().describe_in(language);
        summary.conditions.told.source = Some(text);
    }
}

fn note(
    journal: &mut Journal,
    run: &str,
    name: &'static str,
    value: &impl Serialize,
) -> Result<(), ImportError> {
    let text =
        serde_json::to_string(value).map_err(|error| ImportError::Internal(error.to_string()))?;
    journal.note_option(run, name, &text)?;
    Ok(())
}

fn limit(rate: Rate) -> Limit {
    Limit::new(rate.requests.get(), rate.per)
}

/// The options as a person would write them; those that are off are not told.
fn told(settings: &ImportSettings) -> Vec<(String, String)> {
    let delivery = &settings.delivery;
    let mut told = Vec::new();
    let mut tell = |name: &str, value: String| told.push((format!("--{name}"), value));
    if let Some(target) = &settings.target {
        tell("base-url", target.base_url.clone());
        tell("path", target.path.clone());
        tell("api-version", target.api_version.clone());
        let headers = [("tenant-id", &target.tenant_id), ("run-as", &target.run_as)];
        for (name, value) in headers {
            if let Some(value) = value {
                tell(name, value.clone());
            }
        }
        let run = if target.run_workflows { "run" } else { "skip" };
        tell("workflows", run.to_owned());
    }
    let existing = match settings.existing {
        Existing::Skip => "skip",
        Existing::Fail => "fail",
        Existing::Send => "send",
    };
    tell("existing", existing.to_owned());
    tell("concurrency", thousands(delivery.concurrency.get() as u64));
    let rate = delivery.rate.map_or_else(
        || "none".to_owned(),
        |rate| format!("{} in {}", rate.requests, length(rate.per)),
    );
    tell("rate", rate);
    let times = [
        ("timeout", Some(delivery.timeout)),
        ("settle", Some(delivery.settle)),
        ("max-outage", Some(delivery.max_outage)),
        ("max-duration", settings.max_duration),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            tell(name, length(time));
        }
    }
    tell("max-attempts", delivery.max_attempts.to_string());
    tell("max-failures", threshold(delivery.max_failures));
    let most = settings.max_invalid.map(threshold);
    tell("max-invalid", most.unwrap_or_else(max_invalid_unless_given));
    if let Some(most) = settings.limit {
        tell("limit", thousands(most));
    }
    if let Some(minded) = settings.fail_on {
        let word = match minded {
            FailOn::Changed => "changed",
            FailOn::Warning => "warning",
        };
        tell("fail-on", word.to_owned());
    }
    let values = match settings.report.values {
        ValuesShown::Masked => "masked",
        ValuesShown::Full => "full",
        ValuesShown::None => "none",
    };
    tell("values", values.to_owned());
    for (name, is_on) in switches(settings) {
        if is_on {
            tell(name, "given".to_owned());
        }
    }
    told
}

/// What is told only where it is given.
fn switches(settings: &ImportSettings) -> [(&'static str, bool); 9] {
    [
        ("record", settings.records.is_some()),
        ("again", settings.again),
        ("retry-failed", settings.retry_failed),
        ("accept-changes", settings.accept_changes),
        ("target-changed", settings.target_changed),
        ("allow-unkeyed", settings.allow_unkeyed),
        ("allow-empty", settings.allow_empty),
        ("payloads", settings.payloads.is_some()),
        ("probe", settings.probe),
    ]
}

/// What holds where `--max-invalid` is not given: a returned file has what was invalid before.
fn max_invalid_unless_given() -> String {
    format!("{}{}", threshold(MAX_INVALID), BUT_NOT_RETURNED)
}

fn threshold(most: Threshold) -> String {
    match most {
        Threshold::Count(count) => thousands(count),
        Threshold::Percent(share) => format!("{share}%"),
    }
}
