//! Pass 1: reads, maps and validates the whole input before anything is sent, in memory that
//! does not depend on its size.

mod kept;
mod repeats;
mod rest;

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::apart::Apart;
use super::groups::Group;
use super::ledger::SettledSet;
use super::pipeline::{Examined, Pipeline, position_of};
use super::walk::Walk;
use super::{ImportError, Listener};
use crate::mapping::Tally;
use crate::outcome::{
    Code, Counts, FieldError, KeyHash, Outcome, PayloadHash, Phase, Progress, RunEvent, Severity,
    Stage, Traffic,
};
use crate::record::Position;
use crate::sorted::{Pair, Sorted, Sorter};
use crate::source::{Fingerprint, Places, Source};

pub(super) use kept::{Kept, keep};
pub(super) use repeats::{Repeat, Repeats, join, split};
use repeats::{find_repeats, settle_repeats};
pub(super) use rest::survey_rest;

/// Customers in a batch.
const BATCH: usize = 128;

/// Errors of one customer of several records that are kept until the report, which finds them
/// all again.
pub(super) const ERRORS_KEPT: usize = 100;

/// Hashes that tell customers apart without keeping their data.
pub(super) trait Hashing: Sync {
    fn key(&self, key: &str) -> KeyHash;
    fn payload(&self, body: &[u8]) -> PayloadHash;
    /// Whether anybody compares payloads; if not, nobody need write a body for it.
    fn compares_payloads(&self) -> bool;
}

/// Who keeps what pass 1 finds out about single records.
pub(super) trait Findings {
    fn settle(&mut self, position: Position, outcome: Outcome) -> Result<(), ImportError>;
}

/// What pass 1 found out.
pub(super) struct Survey {
    pub fingerprint: Fingerprint,
    /// Where the input can be read on from.
    pub places: Option<Places>,
    pub read: u64,
    pub counts: Counts,
    pub tally: Tally,
    /// Keys of the valid records, by hash.
    pub keys: Sorted,
    /// Records whose key, e-mail or person stood in the input before, by record.
    pub repeats: Repeats,
    /// Customers about which the report has more to tell than their outcome and what they
    /// repeat, by their first record: something is wrong with them, or odd about them.
    pub noted: SettledSet,
    pub highest: Highest,
    pub sample_body: Option<Vec<u8>>,
}

impl Survey {
    /// Records that are no further ones of a customer.
    pub(super) fn customers(&self) -> u64 {
        self.read.saturating_sub(self.counts.grouped)
    }
}

/// Reads everything once.
pub(super) fn survey(
    source: &Source,
    pipeline: &Pipeline,
    hashing: &dyn Hashing,
    findings: &mut dyn Findings,
    listener: &Listener,
    folder: &Path,
) -> Result<Survey, ImportError> {
    let mut walk = Walk::first(pipeline, source)?;
    let mut pass = Pass::new(pipeline, folder)?;
    let look = Look {
        pipeline,
        hashing,
        apart: Apart::new(),
        compares_payloads: hashing.compares_payloads(),
        emails: pipeline.rules.severity(Code::EmailDuplicate) != Severity::Off,
        persons: pipeline.rules.severity(Code::PersonDuplicate) != Severity::Off,
        has_sample: AtomicBool::new(false),
    };
    pass.go(&mut walk, &look, findings, listener, source)?;
    tracing::info!(records = walk.read(), "pass 1 has read");
    let (fingerprint, places) = walk.finish()?;
    pass.finish((fingerprint, places), findings)
}

fn tell(listener: &Listener, bytes_read: u64, source: &Source, counts: &Counts) {
    listener.progress(|| {
        RunEvent::Progress(Progress {
            phase: Phase::Reading,
            done: bytes_read,
            total: Some(source.facts().bytes),
            counts: *counts,
            traffic: Traffic::default(),
            concurrency: 0,
            quota: None,
            left: None,
            gives_up: None,
            waits: None,
        })
    });
}

/// What is found out about a customer, by itself. All that most customers need to be settled: what
/// another thread has read and looked at is not touched again.
struct Found {
    /// Where its first record stands.
    position: Position,
    /// How many records it has.
    records: u64,
    is_noted: bool,
    what: What,
}

enum What {
    /// One of the records that were too many for their customer.
    Rest,
    LeftOut,
    Invalid {
        stage: Stage,
        errors: Vec<FieldError>,
    },
    Valid(Marks),
}

/// Hashes by which customers are compared.
struct Marks {
    payload: PayloadHash,
    key: Option<KeyHash>,
    email: Option<[u8; 16]>,
    person: Option<[u8; 16]>,
}

/// What is found out about the customers of a batch together, and room to find it.
#[derive(Default)]
struct Seen {
    tally: Tally,
    highest: Highest,
    sample_body: Option<Vec<u8>>,
    body: Vec<u8>,
    text: Vec<u8>,
}

/// How a customer is looked at, on any thread.
struct Look<'a> {
    pipeline: &'a Pipeline,
    hashing: &'a dyn Hashing,
    /// For what is compared within this pass only.
    apart: Apart,
    compares_payloads: bool,
    emails: bool,
    persons: bool,
    /// Whether a batch with a sample was taken.
    has_sample: AtomicBool,
}

impl Look<'_> {
    fn at(&self, group: &Group, seen: &mut Seen) -> Found {
        let (is_noted, what) = self.find(group, seen);
        Found {
            position: group.position(),
            records: group.records(),
            is_noted,
            what,
        }
    }

    fn find(&self, group: &Group, seen: &mut Seen) -> (bool, What) {
        if group.rest_of.is_some() {
            return (true, What::Rest);
        }
        let (customer, warnings) = match self.pipeline.examine(group, &mut seen.tally) {
            Examined::LeftOut => return (false, What::LeftOut),
            Examined::Invalid {
                stage,
                mut errors,
                number,
                ..
            } => {
                // Corrected and returned it is sent, too.
                if let Some(number) = number {
                    seen.highest.see(&number);
                }
                if !group.members.is_empty() {
                    errors.truncate(ERRORS_KEPT);
                }
                return (true, What::Invalid { stage, errors });
            }
            Examined::Valid { customer, warnings } => (customer, warnings),
        };
        let wants_sample = seen.sample_body.is_none() && !self.has_sample.load(Ordering::Relaxed);
        if wants_sample || self.compares_payloads {
            seen.body.clear();
            customer.write_body(&mut seen.body);
        }
        if wants_sample {
            seen.sample_body = Some(seen.body.clone());
        }
        if let Some(number) = customer.number() {
            seen.highest.see(number);
        }
        let text = &mut seen.text;
        let email = self.emails && customer.write_email(text);
        let email = email.then(|| self.apart.hash(&text));
        let person = self.persons && customer.write_person(text);
        let person = person.then(|| self.apart.hash(&text));
        let marks = Marks {
            payload: if self.compares_payloads {
                self.hashing.payload(&seen.body)
            } else {
                PayloadHash::default()
            },
            key: customer.key().map(|key| self.hashing.key(key)),
            email,
            person,
        };
        (!warnings.is_empty(), What::Valid(marks))
    }
}

struct Pass<'a> {
    pipeline: &'a Pipeline,
    keys: Sorter,
    emails: Sorter,
    persons: Sorter,
    counts: Counts,
    tally: Tally,
    noted: SettledSet,
    highest: Highest,
    sample_body: Option<Vec<u8>>,
    folder: &'a Path,
}

impl<'a> Pass<'a> {
    fn new(pipeline: &'a Pipeline, folder: &'a Path) -> Result<Self, ImportError> {
        let sorter = || Sorter::new(folder).map_err(|error| ImportError::spool(folder, error));
        Ok(Self {
            pipeline,
            keys: sorter()?,
            emails: sorter()?,
            persons: sorter()?,
            counts: Counts::default(),
            tally: Tally::default(),
            noted: SettledSet::default(),
            highest: Highest::default(),
            sample_body: None,
            folder,
        })
    }

    /// Looks at whatever the walk hands out.
    fn go(
        &mut self,
        walk: &mut Walk<'_>,
        look: &Look<'_>,
        findings: &mut dyn Findings,
        listener: &Listener,
        source: &Source,
    ) -> Result<(), ImportError> {
        walk.batches(
            BATCH,
            |group, seen: &mut Seen| look.at(group, seen),
            |batch| {
                listener.check_signal()?;
                self.add(std::mem::take(&mut batch.sum));
                look.has_sample
                    .store(self.sample_body.is_some(), Ordering::Relaxed);
                for (group, found) in batch.drain() {
                    self.settle(group, found, findings)?;
                }
                tell(listener, batch.bytes_read, source, &self.counts);
                Ok(ControlFlow::Continue(()))
            },
        )
    }

    /// Takes in what was found out about a batch as a whole.
    fn add(&mut self, seen: Seen) {
        self.tally.merge(seen.tally);
        self.highest.merge(seen.highest);
        if self.sample_body.is_none() {
            self.sample_body = seen.sample_body;
        }
    }

    /// Settles what is known of a customer's records. Of the further ones that is everything:
    /// what becomes of the customer is its first record's outcome.
    fn settle(
        &mut self,
        group: &Group,
        found: Found,
        findings: &mut dyn Findings,
    ) -> Result<(), ImportError> {
        let position = found.position;
        self.counts.read += found.records;
        if found.is_noted {
            self.noted.insert(position.record);
        }
        let further = match found.what {
            What::Rest => {
                self.counts.grouped += 1;
                return findings.settle(position, Outcome::Grouped);
            }
            What::LeftOut => {
                self.counts.left_out += 1;
                findings.settle(position, Outcome::LeftOut)?;
                Outcome::LeftOut
            }
            What::Invalid { stage, errors } => {
                self.counts.invalid += 1;
                findings.settle(position, Outcome::Invalid { stage, errors })?;
                Outcome::Grouped
            }
            What::Valid(marks) => {
                self.mark(position, &marks)
                    .map_err(|error| ImportError::spool(self.folder, error))?;
                Outcome::Grouped
            }
        };
        if found.records > 1 {
            for entry in &group.members {
                self.counts.add(&further);
                findings.settle(position_of(entry), further.clone())?;
            }
        }
        Ok(())
    }

    fn mark(&mut self, position: Position, marks: &Marks) -> io::Result<()> {
        // Only who is known by a key is compared; without a payload a pair takes less room.
        let nobody = PayloadHash::default();
        for (sorter, hash, payload) in [
            (&mut self.keys, marks.key, marks.payload),
            (&mut self.emails, marks.email, nobody),
            (&mut self.persons, marks.person, nobody),
        ] {
            if let Some(hash) = hash {
                sorter.push(Pair {
                    hash,
                    record: position.record,
                    line: position.line,
                    payload,
                })?;
            }
        }
        Ok(())
    }

    /// Finds what stands twice in the input.
    fn finish(
        mut self,
        (fingerprint, places): (Fingerprint, Option<Places>),
        findings: &mut dyn Findings,
    ) -> Result<Survey, ImportError> {
        let folder = self.folder;
        let spool = |error| ImportError::spool(folder, error);
        let found = find_repeats(self.keys, self.emails, self.persons, folder);
        let (keys, mut repeats) = found.map_err(spool)?;
        let noted = &mut self.noted;
        self.counts.invalid += settle_repeats(&mut repeats, self.pipeline, findings, noted, spool)?;
        Ok(Survey {
            fingerprint,
            places,
            read: self.counts.read,
            counts: self.counts,
            tally: self.tally,
            keys,
            repeats,
            noted: self.noted,
            highest: self.highest,
            sample_body: self.sample_body,
        })
    }
}

/// The highest customer number that the input uses: Wawi's number range must start above it.
#[derive(Clone, Debug, Default)]
pub(super) struct Highest {
    best: Option<(u128, String)>,
}

impl Highest {
    fn see(&mut self, number: &str) {
        let digits = number
            .bytes()
            .rev()
            .take_while(u8::is_ascii_digit)
            .count()
            .min(30);
        let tail = number.get(number.len() - digits..).unwrap_or_default();
        let Ok(value) = tail.parse::<u128>() else {
            return;
        };
        match &mut self.best {
            Some((best, text)) if value > *best => {
                *best = value;
                number.clone_into(text);
            }
            Some(_) => {}
            None => self.best = Some((value, number.to_owned())),
        }
    }

    /// Takes in what later records have.
    fn merge(&mut self, later: Self) {
        if let Some((value, _)) = &later.best
            && self.best.as_ref().is_none_or(|(best, _)| value > best)
        {
            *self = later;
        }
    }

    /// The number itself.
    pub(super) fn number(&self) -> Option<&str> {
        self.best.as_ref().map(|(_, number)| number.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_number_counts_by_its_trailing_digits() {
        let mut highest = Highest::default();
        for number in ["C99", "K-1005", "200", "x", "1005a"] {
            highest.see(number);
        }
        assert_eq!(highest.number(), Some("K-1005"));
        let mut later = Highest::default();
        later.see("L1005");
        highest.merge(later.clone());
        assert_eq!(highest.number(), Some("K-1005"), "the first one stays");
        later.see("M1006");
        highest.merge(later);
        assert_eq!(highest.number(), Some("M1006"));
        highest.merge(Highest::default());
        assert_eq!(highest.number(), Some("M1006"));
    }
}
