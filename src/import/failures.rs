//! What failed in a run, and by what that is known again in another one.
//!
//! Who failed is known by the key, as the mapping makes it; who has none, by what the record has
//! in the columns that the mapping reads. What else an export says of it may change each night.
//! It failed in the same way if the same codes are told of the same fields and columns. Outcomes
//! are the journal's; the records stand in the report, in the file that is fed back. What is
//! remembered of them are hashes with the journal's secret, and no value.

use std::collections::BTreeSet;
use std::path::Path;

use super::which::ParseOptions;
use super::{ImportError, bind, settings_for};
use crate::journal::{Hashes, Journal, RunRow};
use crate::mapping::{Identity, Mapping, Plan};
use crate::outcome::{Outcome, Stage, Summary};
use crate::source::{Entry, Source};

/// Failures that are known again at most. Of more nobody says that they are old acquaintances.
pub const FAILURES_AT_MOST: usize = 100_000;

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

/// What failed in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// The marks of what can be known again.
    pub marks: BTreeSet<FailureMark>,
    /// How many failures are known already.
    pub known: u64,
    /// How many are not.
    pub new: u64,
}

/// What failed in the run, held against what is known. Nothing, if that cannot be told.
#[must_use]
pub fn failures(
    state_dir: &Path,
    summary: &Summary,
    known: &BTreeSet<FailureMark>,
) -> Option<Failures> {
    let failed = summary.counts.invalid + summary.counts.refused;
    if failed == 0 {
        return Some(Failures::default());
    }
    if failed > FAILURES_AT_MOST as u64 {
        return None;
    }
    let journal = Journal::open_existing(state_dir).ok().flatten()?;
    let mut failures = look(&journal, summary, known).ok().flatten()?;
    failures.new = failed.saturating_sub(failures.known);
    Some(failures)
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
        if let Some(mark) = marks.of(&entry, &settled.outcome) {
            failures.known += u64::from(known.contains(&mark));
            failures.marks.insert(mark);
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
    /// The mark of a failed record; none, if it did not fail, or could not be read.
    fn of(&self, entry: &Entry, outcome: &Outcome) -> Option<FailureMark> {
        let way = self.way(outcome)?;
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
        Some(FailureMark {
            who: half(&who),
            way: half(&self.hashes.key("failed in this way", &way)),
        })
    }

    /// In which way it failed; none, if it did not.
    fn way(&self, outcome: &Outcome) -> Option<String> {
        let mut wrong: Vec<(&str, &str, Vec<String>)> = Vec::new();
        let status;
        match outcome {
            Outcome::Invalid { errors, .. } => {
                for error in errors {
                    let columns = error.columns.clone();
                    wrong.push((error.code.as_str(), &error.target, columns));
                }
            }
            Outcome::Refused {
                status: number,
                code,
                errors,
                ..
            } => {
                status = format!("http.{number}");
                let code = code.as_ref().unwrap_or(&status);
                for error in errors {
                    let columns = self.plan.columns_of(&error.field);
                    wrong.push((code, &error.field, columns));
                }
                if errors.is_empty() {
                    wrong.push((code, "", Vec::new()));
                }
            }
            _ => return None,
        }
        wrong.sort();
        wrong.dedup();
        serde_json::to_string(&wrong).ok()
    }
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
