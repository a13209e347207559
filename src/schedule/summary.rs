//! What a start of a job came to, as hooks get it and as `--json` prints it. It names records
//! by their numbers and causes by their codes, and holds no value of a customer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use super::verdict::{Fate, Outcome};
use crate::import::{Failed, NEW_TOLD, Wrong};
use crate::outcome::{Bilingual, Code, Counts, Summary};
use crate::record::Position;

/// Causes that are told of one input; `summary.json` has all of them.
const CAUSES_AT_MOST: usize = 20;

/// How long a job may be refused before that is trouble: less than a day, so that the next start
/// of one that runs each night is told.
const FOR_LONG: SignedDuration = SignedDuration::from_hours(23);

/// What a start of a job came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobSummary {
    /// The job.
    pub job: String,
    /// The time by its cron expression; none if somebody asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// What it came to.
    pub result: Outcome,
    /// The result before: success or failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_before: Option<Outcome>,
    /// The job's code: that of its worst input.
    pub exit_code: u8,
    /// Since when starts are refused, or whoever refused this one is at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_since: Option<Timestamp>,
    /// What kept it from its inputs, or from its end, if something did.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_english")]
    pub message: Option<Bilingual>,
    /// What to do about that.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_english")]
    pub help: Option<Bilingual>,
    /// Records of all inputs that this start settled, or left open, by outcome: what an earlier
    /// one had settled is not counted again.
    pub counts: BTreeMap<String, u64>,
    /// Failed records that had not failed in the same way before.
    pub new_failures: u64,
    /// The first of them.
    pub first_new_failures: Vec<NewFailure>,
    /// Failed records that had failed in the same way before.
    pub known_failures: u64,
    /// The inputs that were read, in their order.
    pub inputs: Vec<InputSummary>,
    /// Files that wait because they are too young.
    pub waiting: Vec<PathBuf>,
    /// Files that were not begun, because the job had to end.
    pub not_begun: Vec<PathBuf>,
}

impl JobSummary {
    /// Whether the start was refused as others were for so long that a person should look: to find
    /// it at work now and then is nothing.
    #[must_use]
    pub fn is_refused_for_long(&self) -> bool {
        let since = self
            .refused_since
            .filter(|_| self.result == Outcome::Refused);
        since.is_some_and(|since| self.finished.duration_since(since) >= FOR_LONG)
    }
}

/// Programs are told in English.
#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
fn in_english<S: Serializer>(text: &Option<Bilingual>, to: S) -> Result<S::Ok, S::Error> {
    text.as_ref().map(|text| &text.english).serialize(to)
}

/// A customer that had not failed in the same way before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewFailure {
    /// The file, where it was.
    pub input: PathBuf,
    /// Where its record stands in it.
    #[serde(flatten)]
    pub position: Position,
    /// What is wrong with it.
    pub errors: Vec<Wrong>,
    /// The same in sentences without values, as far as they are not the server's.
    #[serde(skip)]
    pub told: Vec<Bilingual>,
}

impl NewFailure {
    /// One of the input's.
    pub(super) fn of(input: &Path, failed: Failed) -> Self {
        Self {
            input: input.to_owned(),
            position: failed.position,
            errors: failed
                .wrong
                .into_iter()
                .map(|wrong| Wrong {
                    field: of_hooks(&wrong.code, &wrong.field),
                    columns: all_of_hooks(&wrong.code, &wrong.columns),
                    code: wrong.code,
                })
                .collect(),
            told: failed.told,
        }
    }

    /// The first ones of a run, by what its summary tells of causes: where nobody can tell which
    /// are known, all are new.
    pub(super) fn of_causes(input: &Path, summary: &Summary) -> Vec<Self> {
        let mut found: BTreeMap<Position, Vec<Wrong>> = BTreeMap::new();
        for group in &summary.errors {
            for position in &group.first {
                found.entry(*position).or_default().push(Wrong {
                    code: group.code.clone(),
                    field: group.field.clone(),
                    columns: group.columns.clone(),
                });
            }
        }
        let first = found.into_iter().take(NEW_TOLD);
        let first = first.map(|(position, wrong)| Failed {
            position,
            wrong,
            told: Vec::new(),
        });
        first.map(|failed| Self::of(input, failed)).collect()
    }
}

/// What one input came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputSummary {
    /// The file, where it was.
    pub input: PathBuf,
    /// What becomes of it.
    pub fate: Fate,
    /// Where it is now, if it was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<PathBuf>,
    /// The command that sends it again from there, if it was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again_with: Option<String>,
    /// The code of its run.
    pub exit_code: u8,
    /// Whether an earlier start read it, which was interrupted, or died, before anybody was told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_earlier_start: bool,
    /// Whether all of its failed records had failed in the same way before, and the job
    /// does not mind.
    pub known_failures_only: bool,
    /// What ended it before its end.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_english")]
    pub message: Option<Bilingual>,
    /// What to do about that.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_english")]
    pub help: Option<Bilingual>,
    /// Its run, if there was one.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunSummary>,
    /// All that the run came to, for those who are told only when the job's result is known.
    #[serde(skip)]
    pub whole: Option<Box<Summary>>,
}

/// The parts of a run's summary that hold no values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunSummary {
    /// The run's id.
    pub run: String,
    /// Whether it went on with an earlier one.
    pub resumed: bool,
    /// Whether it was over before this start, which found its input again.
    pub finished_before: bool,
    /// Whether nothing was sent, as asked for.
    pub dry_run: bool,
    /// The ERP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Records by outcome, those of its earlier starts among them.
    pub counts: Counts,
    /// Those that this start settled, or left open.
    #[serde(skip)]
    pub here: Counts,
    /// Records with warnings.
    pub warnings: u64,
    /// Errors by cause, most frequent first.
    pub errors: Vec<Cause>,
    /// The folder with its report.
    pub report_dir: String,
}

/// Errors with one cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// The code.
    pub code: String,
    /// The API's field.
    pub field: String,
    /// The input's columns.
    pub columns: Vec<String>,
    /// How many.
    pub count: u64,
    /// Where the first ones stand.
    pub first: Vec<Position>,
}

impl RunSummary {
    /// That of a run.
    pub(super) fn of(summary: &Summary) -> Self {
        let causes = summary.errors.iter().take(CAUSES_AT_MOST);
        Self {
            run: summary.run.clone(),
            resumed: summary.resumed,
            finished_before: summary.finished_before,
            dry_run: summary.dry_run,
            target: summary.target.clone(),
            counts: summary.counts,
            here: here(summary),
            warnings: summary.warnings,
            errors: causes
                .map(|group| Cause {
                    code: group.code.clone(),
                    field: of_hooks(&group.code, &group.field),
                    columns: all_of_hooks(&group.code, &group.columns),
                    count: group.count,
                    first: group.first.clone(),
                })
                .collect(),
            report_dir: summary.report_dir.clone(),
        }
    }
}

/// Fields or columns as hooks are told of them: a property that the API does not have is called as
/// the input calls it, and that may be anything.
fn of_hooks(code: &str, name: &str) -> String {
    match code == Code::PropertyUnknown.as_str() {
        true => "…".to_owned(),
        false => name.to_owned(),
    }
}

fn all_of_hooks(code: &str, names: &[String]) -> Vec<String> {
    names.iter().map(|name| of_hooks(code, name)).collect()
}

/// What this start settled or left open: what an earlier one had left open is left open once more.
/// Of a run that was over before nothing is.
fn here(summary: &Summary) -> Counts {
    if summary.finished_before {
        return Counts::default();
    }
    summary.counts.since(&Counts {
        open: 0,
        ..summary.before
    })
}

/// The outcomes of records with their words, as the report has them.
pub(super) fn by_outcome(counts: &Counts) -> [(&'static str, u64); 12] {
    [
        ("read", counts.read),
        ("created", counts.created),
        ("exists", counts.exists),
        ("invalid", counts.invalid),
        ("refused", counts.refused),
        ("unknown", counts.unknown),
        ("changed", counts.changed),
        ("skipped", counts.skipped),
        ("left_out", counts.left_out),
        ("grouped", counts.grouped),
        ("ready", counts.ready),
        ("open", counts.open),
    ]
}
