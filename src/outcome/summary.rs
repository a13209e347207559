//! What a run came to: the shape of `summary.json` and of the summary on the terminal.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Ending, Outcome};
use crate::record::Position;

/// How many records ended in which outcome. They add up to `read`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Records in the input.
    pub read: u64,
    /// See [`Outcome::Created`].
    pub created: u64,
    /// See [`Outcome::Exists`].
    pub exists: u64,
    /// See [`Outcome::Invalid`].
    pub invalid: u64,
    /// See [`Outcome::Refused`].
    pub refused: u64,
    /// See [`Outcome::Unknown`].
    pub unknown: u64,
    /// See [`Outcome::Changed`].
    pub changed: u64,
    /// See [`Outcome::Skipped`].
    pub skipped: u64,
    /// See [`Outcome::LeftOut`].
    pub left_out: u64,
    /// See [`Outcome::Grouped`].
    pub grouped: u64,
    /// See [`Outcome::Ready`]; only a dry run has such records.
    #[serde(skip_serializing_if = "is_zero")]
    pub ready: u64,
    /// Not yet sent.
    pub open: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// Counts one outcome; `read` and `open` are the caller's.
    pub fn add(&mut self, outcome: &Outcome) {
        *self.slot(outcome) += 1;
    }

    /// Takes one outcome back, when a record's outcome is replaced by a later one.
    pub fn remove(&mut self, outcome: &Outcome) {
        let slot = self.slot(outcome);
        *slot = slot.saturating_sub(1);
    }

    fn slot(&mut self, outcome: &Outcome) -> &mut u64 {
        match outcome {
            Outcome::Created { .. } => &mut self.created,
            Outcome::Exists { .. } => &mut self.exists,
            Outcome::Invalid { .. } => &mut self.invalid,
            Outcome::Refused { .. } => &mut self.refused,
            Outcome::Unknown { .. } => &mut self.unknown,
            Outcome::Changed { .. } => &mut self.changed,
            Outcome::Skipped { .. } => &mut self.skipped,
            Outcome::LeftOut => &mut self.left_out,
            Outcome::Grouped => &mut self.grouped,
            Outcome::Ready => &mut self.ready,
        }
    }

    /// Records that have an outcome.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.created
            + self.exists
            + self.invalid
            + self.refused
            + self.unknown
            + self.changed
            + self.skipped
            + self.left_out
            + self.grouped
            + self.ready
    }
}

/// Errors of one kind: same code, same field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorGroup {
    /// The code: one of [`Code`](super::Code)'s texts or, for refused records, the server's.
    pub code: String,
    /// The API's field; empty when the whole record is meant.
    pub field: String,
    /// The input's columns.
    pub columns: Vec<String>,
    /// How many.
    pub count: u64,
    /// Where the first ones stand (at most five).
    pub first: Vec<Position>,
    /// What it means, as a sentence without values.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// What went over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// Requests in all, look-ups included.
    pub requests: u64,
    /// POSTs among them.
    pub posts: u64,
    /// Look-ups and listings among them.
    pub lookups: u64,
    /// POSTs beyond a record's first.
    pub retries: u64,
    /// Answers with status 429.
    pub throttled: u64,
}

/// What a dry run found out about the import that it rehearsed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Records that would be sent.
    pub would_create: u64,
    /// Records left out by `keep_if`.
    pub left_out: u64,
    /// Records that are invalid.
    pub invalid: u64,
    /// Whether they are more than `--max-invalid` allows, so that a run would send nothing.
    pub too_many_invalid: bool,
    /// Columns of the input that no target uses.
    pub unused_columns: Vec<String>,
    /// One body as it would be sent (values as `--values` says).
    pub sample_body: Option<String>,
    /// The highest customer number made of digits only, or with a common prefix.
    pub highest_number: Option<String>,
    /// Whole seconds that it will take at the configured rate, if one is configured.
    pub seconds_at_rate: Option<u64>,
    /// What the ERP was asked (`--probe`), a sentence each.
    pub probed: Vec<String>,
    /// What was not checked, a sentence each.
    pub not_checked: Vec<String>,
}

/// Cells of one column that differ between a returned file and the input that it came from,
/// although nothing was wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alteration {
    /// The column; for JSON the path of a key.
    pub column: String,
    /// How many cells.
    pub cells: u64,
    /// The record of the original input that the example comes from.
    pub record: u64,
    /// What stood there (as `--values` says).
    pub before: String,
    /// What stands there now (as `--values` says).
    pub after: String,
}

/// What a run has to do with others: a returned file corrects what failed in an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Linked {
    /// The run whose returned file this run imports; none if this is the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The runs that import returned files of this one.
    pub corrected_by: Vec<String>,
    /// The run with which it began.
    pub first: String,
    /// How many runs belong together.
    pub runs: u64,
    /// What all of them came to, each customer counted once; unknown in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<Counts>,
    /// What was changed in the returned file without need.
    pub altered: Vec<Alteration>,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// The run's id; `dry-run-…` for a dry run.
    pub run: String,
    /// This program's version.
    pub version: String,
    /// Whether this was a dry run.
    pub dry_run: bool,
    /// Whether the run went on with an earlier, unfinished one.
    pub resumed: bool,
    /// The input as the user named it.
    pub input: String,
    /// BLAKE3 of the input's bytes, hexadecimal.
    pub input_hash: String,
    /// Format, encoding and delimiter, and how they were found.
    pub source: String,
    /// The mapping as the user named it.
    pub mapping: String,
    /// Hash of the mapping and the parse options, hexadecimal.
    pub mapping_hash: String,
    /// The ERP instance; none in a dry run.
    pub target: Option<String>,
    /// `skip` if Wawi's automatic workflows were switched off for the created customers, else
    /// `run`.
    pub workflows: String,
    /// Start of this process's part of the run.
    pub started: Timestamp,
    /// Its end.
    pub finished: Timestamp,
    /// How it ended.
    #[serde(flatten)]
    pub ending: Ending,
    /// The code that the process ends with because of this run.
    pub exit_code: u8,
    /// Records by outcome.
    pub counts: Counts,
    /// Records with warnings, apart from the outcomes.
    pub warnings: u64,
    /// Values that were repaired as the mapping asked, by kind.
    pub repairs: BTreeMap<String, u64>,
    /// Errors by cause, most frequent first (at most 200 groups).
    pub errors: Vec<ErrorGroup>,
    /// Warnings by cause, most frequent first (at most 200 groups).
    pub warning_groups: Vec<ErrorGroup>,
    /// What went over the wire in this process's part of the run.
    #[serde(flatten)]
    pub traffic: Traffic,
    /// Requests per second while sending.
    pub requests_per_second: f64,
    /// Seconds that reading and checking took.
    pub reading_seconds: f64,
    /// Seconds that sending took.
    pub sending_seconds: f64,
    /// The dry run's plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// What it has to do with other runs, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linked: Option<Box<Linked>>,
    /// The folder with the report's files.
    pub report_dir: String,
    /// The file in it that failed records are written to in the input's own shape.
    pub failed_file: String,
    /// The command that goes on with this run, if it is unfinished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_with: Option<String>,
    /// The command that looks up what is unknown, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconcile_with: Option<String>,
    /// The beginning of the command by which a person says what became of an unknown record:
    /// its number, and `--created NUMBER` or `--not-created`, take the place of `RECORD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve_with: Option<String>,
}

/// Groups errors by code and field while a run goes on, in bounded memory.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    groups: BTreeMap<(String, String), ErrorGroup>,
}

/// Groups kept apart at most; further ones are counted under `…`.
pub const GROUPS_AT_MOST: usize = 200;
const POSITIONS_PER_GROUP: usize = 5;

impl Groups {
    /// Counts one error of the record at `position`.
    pub fn add(
        &mut self,
        position: Position,
        code: &str,
        field: &str,
        columns: &[String],
        words: impl FnOnce() -> (String, String),
    ) {
        let mut key = (code.to_owned(), without_index(field));
        if !self.groups.contains_key(&key) && self.groups.len() >= GROUPS_AT_MOST {
            key = ("…".to_owned(), String::new());
        }
        let group = self.groups.entry(key).or_insert_with_key(|(code, field)| {
            let (message, remedy) = words();
            ErrorGroup {
                code: code.clone(),
                field: field.clone(),
                columns: columns.to_vec(),
                count: 0,
                first: Vec::new(),
                message,
                remedy,
            }
        });
        group.count += 1;
        if group.first.len() < POSITIONS_PER_GROUP {
            group.first.push(position);
        }
    }

    /// The groups, most frequent first.
    #[must_use]
    pub fn into_sorted(self) -> Vec<ErrorGroup> {
        let mut groups: Vec<_> = self.groups.into_values().collect();
        groups.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
        groups
    }
}

/// `Addresses[3].City` and `Addresses[7].City` are one cause.
fn without_index(field: &str) -> String {
    match (field.find('['), field.find(']')) {
        (Some(open), Some(close)) if open < close => {
            let (head, tail) = (field.get(..open), field.get(close + 1..));
            format!("{}{}", head.unwrap_or(field), tail.unwrap_or_default())
        }
        _ => field.to_owned(),
    }
}
