//! What failed in a run, and by what that is known again in another one.
//!
//! Who failed is known by the key, as the mapping makes it; who has none, by what the record has
//! in the columns that the mapping reads. What else an export says of it may change each night.
//! It failed in the same way if the same codes are told of the same fields and columns. Outcomes
//! are the journal's; the records stand in the report, in the file that is fed back. What is
//! remembered of them are hashes with the journal's secret, and no value.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use super::which::ParseOptions;
use super::{ImportError, bind, settings_for};
use crate::journal::{Hashes, Journal, RunRow};
use crate::mapping::{Identity, Mapping, Plan};
use crate::outcome::{Bilingual, Outcome, Stage, Summary};
use crate::record::Position;
use crate::source::{Entry, Source};

/// Failures that are known again at most. Of more nobody says that they are old acquaintances.
pub const FAILURES_AT_MOST: usize = 100_000;

/// New failures that are told one by one.
pub const NEW_TOLD: usize = 5;

/// Half of a hash: two of them tell a hundred thousand failures apart.
type Half = [u8; 8];

/// By what a failure is known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailureMark {
    /// Who failed.
    who: Half,
    /// In which way.
    way: Half,
}

impl FailureMark {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let (who, way) = bytes.split_at_mut(8);
        who.copy_from_slice(&self.who);
        way.copy_from_slice(&self.way);
        bytes
    }

    /// The mark with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self {
            who: half(&bytes),
            way: half(bytes.get(8..).unwrap_or_default()),
        }
    }
}

fn half(bytes: &[u8]) -> Half {
    let mut half = Half::default();
    half.iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    half
}

/// A customer that failed, without any of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Where its record stands.
    pub position: Position,
    /// What is wrong with it.
    pub wrong: Vec<Wrong>,
    /// The same in sentences without values; nothing of what the server said.
    pub told: Vec<Bilingual>,
}

/// One thing that is wrong with a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// The code.
    pub code: String,
    /// The API's field; empty if all of it is meant.
    pub field: String,
    /// The input's columns.
    pub columns: Vec<String>,
}

/// What failed in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// The marks of what can be known again.
    pub marks: BTreeSet<FailureMark>,
    /// How many failures are known already.
    pub known: u64,
    /// How many are not.
    pub new: u64,
    /// The first of those.
    pub first_new: Vec<Failed>,
    /// What was known and is over: since, its customer came through.
    pub over: BTreeSet<FailureMark>,
}

/// What failed in the run, held against what is known. Nothing, if that cannot be told.
#[must_use]
pub fn failures(
    state_dir: &Path,
    summary: &Summary,
    known: &BTreeSet<FailureMark>,
) -> Option<Failures> {
    let failed = summary.counts.invalid + summary.counts.refused;
    // Who came through in a run that was over before may have failed since.
    let asks_who = !summary.finished_before && !known.is_empty();
    if failed == 0 && !asks_who {
        return Some(Failures::default());
    }
    if failed > FAILURES_AT_MOST as u64 {
        return None;
    }
    let journal = Journal::open_existing(state_dir).ok().flatten()?;
    let mut failures = match failed {
        0 => Failures::default(),
        _ => look(&journal, summary, known).ok().flatten()?,
    };
    failures.new = failed.saturating_sub(failures.known);
    if asks_who {
        failures.over = over(&journal, &summary.run, known).ok()?;
    }
    Some(failures)
}

/// What is known of customers that came through in the run.
fn over(
    journal: &Journal,
    run: &str,
    known: &BTreeSet<FailureMark>,
) -> Result<BTreeSet<FailureMark>, ImportError> {
    let mut through: BTreeSet<Half> = BTreeSet::new();
    let who: BTreeSet<Half> = known.iter().map(|mark| mark.who).collect();
    journal.each_key_through(run, &mut |key| {
        through.extend(who.get(&half(key)));
    })?;
    let marks = known.iter().copied();
    Ok(marks.filter(|mark| through.contains(&mark.who)).collect())
}

fn look(
    journal: &Journal,
    summary: &Summary,
    known: &BTreeSet<FailureMark>,
) -> Result<Option<Failures>, ImportError> {
    let Some(row) = journal.run(&summary.run)? else {
        return Ok(None);
    };
    let path = Path::new(&summary.report_dir).join(&summary.failed_file);
    let (source, plan) = opened(&row, &path)?;
    let marks = Marks {
        hashes: journal.hashes(),
        target: &row.target,
        plan: &plan,
    };
    let mut failures = Failures::default();
    let mut reader = source.read()?;
    while let Some(entry) = reader.next() {
        let entry = entry?;
        let named = reader.named();
        let record = named.filter(|named| named.run == row.id);
        let Some(record) = record.and_then(|named| named.record.parse().ok()) else {
            continue;
        };
        // A further record of a customer (`[group]`) has none of its own.
        let Some(settled) = journal.outcome(&row.id, record)? else {
            continue;
        };
        let wrong = wrong(&settled.outcome, &plan);
        if wrong.is_empty() {
            continue;
        }
        let mark = marks.of(&entry, &settled.outcome, &wrong);
        failures.marks.extend(mark);
        if mark.is_some_and(|mark| known.contains(&mark)) {
            failures.known += 1;
        } else if failures.first_new.len() < NEW_TOLD {
            failures.first_new.push(Failed {
                position: settled.position,
                wrong,
                told: told(&settled.outcome),
            });
        }
    }
    Ok(Some(failures))
}

/// The file of a run's failures, with the run's mapping bound to it.
fn opened(row: &RunRow, path: &Path) -> Result<(Source, Plan), ImportError> {
    let mapping = match row.mapping_text.is_empty() {
        true => Mapping::passthrough(),
        false => Mapping::parse(&row.mapping, &row.mapping_text)?,
    };
    let settings = settings_for(path, &ParseOptions::settings_from(row), &mapping)?;
    let source = Source::open(path, &settings)?;
    let plan = bind(&mapping, &source, true)?.plan;
    Ok((source, plan))
}

/// What makes the marks of one run.
struct Marks<'a> {
    hashes: Hashes,
    target: &'a str,
    plan: &'a Plan,
}

impl Marks<'_> {
    /// The mark of a failed record; none, if it could not be read.
    fn of(&self, entry: &Entry, outcome: &Outcome, wrong: &[Wrong]) -> Option<FailureMark> {
        let (Entry::Record(record) | Entry::Odd(record, _)) = entry else {
            return None;
        };
        let who = match self.plan.identity(record) {
            Identity::Key(key) => self.hashes.key(self.target, &key),
            Identity::Values(values) => self.hashes.key("failed record", &values),
            Identity::Nothing => match outcome {
                // Its bytes are elsewhere, and there may be several of them.
                Outcome::Invalid {
                    stage: Stage::Source,
                    ..
                } => return None,
                _ => self.hashes.key("failed record", ""),
            },
        };
        let way: BTreeSet<(&str, &str, &[String])> = wrong
            .iter()
            .map(|it| (&*it.code, &*it.field, &*it.columns))
            .collect();
        let way = serde_json::to_string(&way).ok()?;
        Some(FailureMark {
            who: half(&who),
            way: half(&self.hashes.key("failed in this way", &way)),
        })
    }
}

/// What is wrong with a customer; nothing, if it did not fail.
fn wrong(outcome: &Outcome, plan: &Plan) -> Vec<Wrong> {
    match outcome {
        Outcome::Invalid { errors, .. } => errors
            .iter()
            .map(|error| Wrong {
                code: error.code.as_str().to_owned(),
                field: error.target.clone(),
                columns: error.columns.clone(),
            })
            .collect(),
        Outcome::Refused {
            status,
            code,
            errors,
            ..
        } => {
            let of = |field: &str| Wrong {
                code: code.clone().unwrap_or_else(|| format!("http.{status}")),
                field: field.to_owned(),
                columns: match field {
                    "" => Vec::new(),
                    field => plan.columns_of(field),
                },
            };
            match errors.is_empty() {
                true => vec![of("")],
                false => errors.iter().map(|error| of(&error.field)).collect(),
            }
        }
        _ => Vec::new(),
    }
}

/// What is wrong with an invalid customer, in sentences without values.
fn told(outcome: &Outcome) -> Vec<Bilingual> {
    let Outcome::Invalid { errors, .. } = outcome else {
        return Vec::new();
    };
    let sentences = errors
        .iter()
        .map(|error| Bilingual::of(|language| error.message_without_value_in(language)));
    sentences.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_its_bytes() {
        let bytes: [u8; 16] = std::array::from_fn(|index| index as u8);
        let mark = FailureMark::from_bytes(bytes);
        assert_eq!(mark.to_bytes(), bytes);
        assert_eq!((mark.who[7], mark.way[0]), (7, 8));
    }
}
