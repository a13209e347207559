//! What a run came to: the shape of `summary.json` and of the summary on the terminal.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Counts, Ending, FieldError, Language, Latency, Limit};
use crate::record::Position;

/// The line of the mapping that would cure an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cure {
    /// The heading under which the line stands: `[customer.BillingAddress]`.
    pub table: String,
    /// The line, in the place of the one that is there.
    pub line: String,
}

/// Errors with one cause: same code, same field, same columns, same kind of damage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorGroup {
    /// The code: one of [`Code`](super::Code)'s texts or, for refused records, the server's.
    pub code: String,
    /// The API's field; empty when the whole record is meant.
    pub field: String,
    /// The input's columns.
    pub columns: Vec<String>,
    /// What kind of trouble it is within its code: the damage that was recognised, or the rule's
    /// own hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How many.
    pub count: u64,
    /// Where the first ones stand (at most five).
    pub first: Vec<Position>,
    /// What is wrong with each of the first ones, with its value as `--values` allows; for people
    /// only. Empty for what the server said.
    #[serde(skip)]
    pub examples: Vec<String>,
    /// What it means, as a sentence without values.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// Meaning and remedy for people who are spoken to in another language than English.
    #[serde(skip)]
    pub told: Option<Box<Told>>,
    /// The line of the mapping that cures it; tried on the first record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<Cure>,
}

impl ErrorGroup {
    /// What it means, in the language of the people who read it.
    #[must_use]
    pub fn message_told(&self) -> &str {
        self.told
            .as_ref()
            .map_or(&self.message, |told| &told.message)
    }

    /// What to do about it, in the language of the people who read it.
    #[must_use]
    pub fn remedy_told(&self) -> &str {
        self.told.as_ref().map_or(&self.remedy, |told| &told.remedy)
    }
}

/// A meaning and a remedy in another language than English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What it means.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// What a group says beside its numbers.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// What it means, as a sentence without values.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// The same in another language, if people are spoken to in one.
    pub told: Option<Box<Told>>,
    /// The line of the mapping that cures it.
    pub cure: Option<Cure>,
}

/// What went over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The highest customer number made of digits only, or with a common prefix; that of an
    /// invalid record counts, too, for it may be corrected.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// Texts of a summary in another language than English.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldTexts {
    /// See [`Summary::source`].
    pub source: Option<String>,
    /// See [`Plan::probed`].
    pub probed: Option<Vec<String>>,
    /// See [`Plan::not_checked`].
    pub not_checked: Option<Vec<String>>,
}

impl Summary {
    /// How the input was read, in the language of the people who read it.
    #[must_use]
    pub fn source_told(&self) -> &str {
        let told = self.conditions.told.source.as_deref();
        told.unwrap_or(&self.source)
    }

    /// What the plan says was asked and was not checked, in the language of the people who read
    /// it.
    #[must_use]
    pub fn plan_told<'a>(&'a self, plan: &'a Plan) -> (&'a [String], &'a [String]) {
        let told = &self.conditions.told;
        (
            told.probed.as_deref().unwrap_or(&plan.probed),
            told.not_checked.as_deref().unwrap_or(&plan.not_checked),
        )
    }
}

/// Where the options stand with which a run was made: there they can be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// On the command line.
    #[default]
    Typed,
    /// In a scheduled job.
    Job,
    /// In the environment, or in `importer.toml`: that of a dry run.
    Elsewhere,
}

/// What a run was made with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Options and their values, without secrets.
    pub settings: Vec<(String, String)>,
    /// The user's own limit on requests.
    pub rate: Option<Limit>,
    /// The server's quota, as it announced it last.
    pub quota: Option<Limit>,
    /// POSTs that the run's records took.
    pub attempts: u64,
    /// Customers that were known as created when this start began; none if it is the run's first.
    pub created_before: u64,
    /// Texts of the summary in another language than English; empty in English.
    pub told: ToldTexts,
    /// Where its options stand.
    pub asked: Asked,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// The run's id; `dry-run-…` for a dry run.
    pub run: String,
    /// This program's version.
    pub version: String,
    /// Whether this was a dry run.
    pub dry_run: bool,
    /// Whether the run went on with an earlier, unfinished one.
    pub resumed: bool,
    /// Whether the run had come to its end before: its input was not read again, and nothing was
    /// sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub finished_before: bool,
    /// What earlier processes of the run had come to.
    #[serde(skip)]
    pub before: Counts,
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
    /// Errors by cause, most frequent first (at most 1,000 groups).
    pub errors: Vec<ErrorGroup>,
    /// Warnings by cause, most frequent first (at most 1,000 groups).
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
    /// How long the server took to answer POSTs, in all processes of the run that ended in good
    /// order; none if nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// With what settings the run was made; for people only.
    #[serde(skip)]
    pub conditions: Box<Conditions>,
    /// The dry run's plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// What it has to do with other runs, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linked: Option<Box<Linked>>,
    /// The folder with the report's files; empty if they could not be written.
    pub report_dir: String,
    /// The file in it that failed records are written to in the input's own shape.
    pub failed_file: String,
    /// Whether `failed.xlsx` is there beside it, which may be corrected instead.
    #[serde(skip)]
    pub has_failed_workbook: bool,
    /// Whether the journal went with the run's sandbox: then no command goes on with it.
    #[serde(skip)]
    pub is_journal_gone: bool,
    /// The command that goes on with this run, if it is unfinished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_with: Option<String>,
    /// The command that imports the records that failed, once they are corrected; none if none
    /// failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correct_with: Option<String>,
    /// The command that tries again what has failed, if anything was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_with: Option<String>,
    /// The command that sends what is unknown and turns out to be absent, if anything is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again_with: Option<String>,
    /// The command that looks up what is unknown, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconcile_with: Option<String>,
    /// The command that tells why the server cannot be reached, where it could not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_with: Option<String>,
    /// The beginning of the command by which a person says what became of an unknown record:
    /// its number, and `--created NUMBER` or `--not-created`, take the place of `RECORD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve_with: Option<String>,
}

/// What tells causes apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The code.
    pub code: String,
    /// The API's field.
    pub field: String,
    /// The input's columns.
    pub columns: Vec<String>,
    /// What kind of trouble it is within its code.
    pub kind: Option<String>,
    /// What the damage was recognised by.
    pub mark: Option<String>,
}

impl From<&FieldError> for Cause {
    fn from(error: &FieldError) -> Self {
        Self {
            code: error.code.as_str().to_owned(),
            field: error.target.clone(),
            columns: error.columns.clone(),
            kind: error.kind().map(str::to_owned),
            mark: error.mark().map(str::to_owned),
        }
    }
}

/// Groups errors by cause while a run goes on, in bounded memory.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    groups: BTreeMap<Cause, ErrorGroup>,
    /// The language of the people who read about them.
    pub language: Language,
}

/// Groups kept apart at most; further ones are counted under `…`.
pub const GROUPS_AT_MOST: usize = 1_000;
const POSITIONS_PER_GROUP: usize = 5;
/// Stands for the code of the causes that are not kept apart.
const FURTHER: &str = "…";

impl Groups {
    /// Counts one error of the record at `position`. The words are asked for once a group, an
    /// example for each of the first records.
    pub fn add(
        &mut self,
        position: Position,
        mut cause: Cause,
        example: impl FnOnce() -> Option<String>,
        words: impl FnOnce() -> Words,
    ) {
        let language = self.language;
        cause.field = without_index(&cause.field);
        if !self.groups.contains_key(&cause) && self.groups.len() >= GROUPS_AT_MOST {
            cause = Cause {
                code: FURTHER.to_owned(),
                ..Cause::default()
            };
        }
        let group = self.groups.entry(cause).or_insert_with_key(|cause| {
            let words = if cause.code == FURTHER {
                Words {
                    message: "Further causes, which are not kept apart.".to_owned(),
                    told: Some(Box::new(Told {
                        message: language
                            .pick(
                                "Further causes, which are not kept apart.",
                                "Weitere Ursachen, die nicht auseinandergehalten werden.",
                            )
                            .to_owned(),
                        remedy: String::new(),
                    })),
                    ..Words::default()
                }
            } else {
                words()
            };
            ErrorGroup {
                code: cause.code.clone(),
                field: cause.field.clone(),
                columns: cause.columns.clone(),
                kind: cause.kind.clone(),
                count: 0,
                first: Vec::new(),
                examples: Vec::new(),
                message: words.message,
                remedy: words.remedy,
                told: words.told,
                cure: words.cure,
            }
        });
        group.count += 1;
        if group.first.len() < POSITIONS_PER_GROUP {
            group.first.push(position);
            group.examples.extend(example());
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

#[cfg(test)]
mod tests {
    use super::super::Code;
    use super::*;

    fn position(record: u64) -> Position {
        Position {
            record,
            line: record + 1,
        }
    }

    #[test]
    fn causes_differ_by_column_and_kind_of_damage() {
        let mut groups = Groups::default();
        let error = |column: &str, word: &str| {
            FieldError::new(
                Code::TextSuspect,
                "OtherAddresses.OtherShippingAddresses[3].City",
            )
            .in_columns([column])
            .with("looks_like", "no_value")
            .with("word", word)
        };
        for (record, column, word) in [
            (1, "Ort", "NULL"),
            (2, "Ort", "-"),
            (3, "Ort", "NULL"),
            (4, "Lieferort", "NULL"),
        ] {
            let error = error(column, word);
            groups.add(
                position(record),
                Cause::from(&error),
                || None,
                Words::default,
            );
        }
        let groups = groups.into_sorted();
        let told: Vec<_> = groups
            .iter()
            .map(|group| (group.columns.join(""), group.count, group.first.len()))
            .collect();
        assert_eq!(
            groups[0].field,
            "OtherAddresses.OtherShippingAddresses.City"
        );
        assert_eq!(groups[0].kind.as_deref(), Some("no_value"));
        assert_eq!(told.len(), 3);
        assert_eq!(told[0], ("Ort".to_owned(), 2, 2));
    }

    #[test]
    fn causes_beyond_the_limit_are_counted_together() {
        let mut groups = Groups::default();
        for record in 1..=GROUPS_AT_MOST as u64 + 7 {
            let cause = Cause {
                code: format!("E{record}"),
                ..Cause::default()
            };
            groups.add(position(record), cause, || None, Words::default);
        }
        let groups = groups.into_sorted();
        assert_eq!(groups.len(), GROUPS_AT_MOST + 1);
        assert_eq!((groups[0].code.as_str(), groups[0].count), ("…", 7));
        assert!(groups[0].message.contains("not kept apart"));
        assert_eq!(groups[0].first.len(), POSITIONS_PER_GROUP);
    }
}
