//! Pass 1: reads, maps and validates the whole input before anything is sent, in memory that
//! does not depend on its size.

use std::io;
use std::path::Path;

use super::apart::Apart;
use super::groups::Group;
use super::pipeline::{Examined, Pipeline, position_of};
use super::{ImportError, Listener};
use crate::customer::Value;
use crate::mapping::Tally;
use crate::outcome::{
    Code, Counts, FieldError, KeyHash, Outcome, PayloadHash, Phase, Progress, RunEvent, Severity,
    Stage, Traffic,
};
use crate::record::Position;
use crate::sorted::{Pair, Sorted, Sorter};
use crate::source::{Fingerprint, Reader, Source};

/// Records between two looks at the clock and the signal.
const BREATH: u64 = 1024;

/// Errors of one customer of several records that are kept until the report, which finds them
/// all again.
pub(super) const ERRORS_KEPT: usize = 100;

/// Hashes that tell customers apart without keeping their data.
pub(super) trait Hashing {
    fn key(&self, key: &str) -> KeyHash;
    fn payload(&self, body: &[u8]) -> PayloadHash;
}

/// Who keeps what pass 1 finds out about single records.
pub(super) trait Findings {
    fn settle(&mut self, position: Position, outcome: Outcome) -> Result<(), ImportError>;
}

/// What pass 1 found out.
pub(super) struct Survey {
    pub fingerprint: Fingerprint,
    pub read: u64,
    pub counts: Counts,
    pub tally: Tally,
    /// Keys of the valid records, by hash.
    pub keys: Sorted,
    /// Records whose key, e-mail or person stood in the input before, by record.
    pub repeats: Repeats,
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
    let spool = |error: io::Error| ImportError::spool(folder, error);
    let mut groups = pipeline.groups(source.read()?, source);
    let mut pass = Pass {
        pipeline,
        hashing,
        apart: Apart::new(),
        keys: Sorter::new(folder).map_err(spool)?,
        emails: Sorter::new(folder).map_err(spool)?,
        persons: Sorter::new(folder).map_err(spool)?,
        counts: Counts::default(),
        tally: Tally::default(),
        highest: Highest::default(),
        sample_body: None,
        body: Vec::new(),
        folder,
    };
    let mut read: u64 = 0;
    while let Some(group) = groups.next() {
        let group = group?;
        let before = read;
        read += group.records();
        pass.settle(&group, findings)?;
        if read / BREATH != before / BREATH {
            listener.check_signal()?;
            pass.counts.read = read;
            tell(listener, groups.entries(), source, &pass.counts);
        }
    }
    let fingerprint = groups
        .entries()
        .fingerprint()
        .ok_or_else(|| ImportError::Internal("the input has no fingerprint".to_owned()))?;
    pass.counts.read = read;
    pass.finish(fingerprint, findings)
}

fn tell(listener: &Listener, reader: &Reader, source: &Source, counts: &Counts) {
    listener.progress(|| {
        RunEvent::Progress(Progress {
            phase: Phase::Reading,
            done: reader.bytes_read(),
            total: Some(source.facts().bytes),
            counts: *counts,
            traffic: Traffic::default(),
            concurrency: 0,
            left: None,
        })
    });
}

struct Pass<'a> {
    pipeline: &'a Pipeline,
    hashing: &'a dyn Hashing,
    /// For what is compared within this pass only.
    apart: Apart,
    keys: Sorter,
    emails: Sorter,
    persons: Sorter,
    counts: Counts,
    tally: Tally,
    highest: Highest,
    sample_body: Option<Vec<u8>>,
    body: Vec<u8>,
    folder: &'a Path,
}

impl Pass<'_> {
    /// Examines one customer and settles what is known of its records. Of the further ones that
    /// is everything: what becomes of the customer is its first record's outcome.
    fn settle(&mut self, group: &Group, findings: &mut dyn Findings) -> Result<(), ImportError> {
        let position = group.position();
        if group.rest_of.is_some() {
            self.counts.grouped += 1;
            return findings.settle(position, Outcome::Grouped);
        }
        let outcome = self.take(group, position)?;
        let is_left_out = outcome == Some(Outcome::LeftOut);
        if let Some(outcome) = outcome {
            findings.settle(position, outcome)?;
        }
        for entry in &group.members {
            let outcome = if is_left_out {
                Outcome::LeftOut
            } else {
                Outcome::Grouped
            };
            self.counts.add(&outcome);
            findings.settle(position_of(entry), outcome)?;
        }
        Ok(())
    }

    /// Examines one customer; says the outcome of its first record, if it has one already.
    fn take(&mut self, group: &Group, position: Position) -> Result<Option<Outcome>, ImportError> {
        let customer = match self.pipeline.examine(group, &mut self.tally) {
            Examined::LeftOut => {
                self.counts.left_out += 1;
                return Ok(Some(Outcome::LeftOut));
            }
            Examined::Invalid {
                stage, mut errors, ..
            } => {
                self.counts.invalid += 1;
                if !group.members.is_empty() {
                    errors.truncate(ERRORS_KEPT);
                }
                return Ok(Some(Outcome::Invalid { stage, errors }));
            }
            Examined::Valid { customer, .. } => customer,
        };
        self.body.clear();
        customer.write_body(&mut self.body);
        let payload = self.hashing.payload(&self.body);
        if self.sample_body.is_none() {
            self.sample_body = Some(self.body.clone());
        }
        if let Some(Value::Text(number)) = customer.customer().fields.named("Number") {
            self.highest.see(number);
        }
        let spool = |error| ImportError::spool(self.folder, error);
        let pair = |hash, payload| Pair {
            hash,
            record: position.record,
            line: position.line,
            payload,
        };
        if let Some(key) = customer.key() {
            let hash = self.hashing.key(key);
            self.keys.push(pair(hash, payload)).map_err(spool)?;
        }
        let rules = &self.pipeline.rules;
        if rules.severity(Code::EmailDuplicate) != Severity::Off
            && let Some(email) = customer.email()
        {
            let hash = self.apart.hash(&email);
            self.emails.push(pair(hash, [0; 16])).map_err(spool)?;
        }
        if rules.severity(Code::PersonDuplicate) != Severity::Off
            && let Some(person) = customer.person()
        {
            let hash = self.apart.hash(&person);
            self.persons.push(pair(hash, [0; 16])).map_err(spool)?;
        }
        Ok(None)
    }

    /// Finds what stands twice in the input.
    fn finish(
        mut self,
        fingerprint: Fingerprint,
        findings: &mut dyn Findings,
    ) -> Result<Survey, ImportError> {
        let folder = self.folder;
        let spool = |error| ImportError::spool(folder, error);
        let mut keys = self.keys.finish().map_err(spool)?;
        let mut repeats = Sorter::new(folder).map_err(spool)?;
        note_repeats(&mut keys, Code::KeyDuplicate, &mut repeats).map_err(spool)?;
        for (code, sorter) in [
            (Code::EmailDuplicate, self.emails),
            (Code::PersonDuplicate, self.persons),
        ] {
            let mut sorted = sorter.finish().map_err(spool)?;
            note_repeats(&mut sorted, code, &mut repeats).map_err(spool)?;
        }
        let mut repeats = Repeats(repeats.finish().map_err(spool)?);
        self.counts.invalid += settle_repeats(&mut repeats, self.pipeline, findings, spool)?;
        Ok(Survey {
            fingerprint,
            read: self.counts.read,
            counts: self.counts,
            tally: self.tally,
            keys,
            repeats,
            highest: self.highest,
            sample_body: self.sample_body,
        })
    }
}

/// Notes every pair whose hash came before, with the first of its kind.
fn note_repeats(sorted: &mut Sorted, code: Code, repeats: &mut Sorter) -> io::Result<()> {
    let mut first: Option<Pair> = None;
    for pair in sorted.iter()? {
        let pair = pair?;
        match &first {
            Some(before) if before.hash == pair.hash => {
                repeats.push(Repeat::new(code, before, &pair).pair())?;
            }
            _ => first = Some(pair),
        }
    }
    Ok(())
}

/// Settles the records whose repeats are errors; says how many.
fn settle_repeats(
    repeats: &mut Repeats,
    pipeline: &Pipeline,
    findings: &mut dyn Findings,
    spool: impl Fn(io::Error) -> ImportError,
) -> Result<u64, ImportError> {
    let mut settled = 0;
    let mut last: Option<(Position, Vec<FieldError>)> = None;
    let mut settle = |last: Option<(Position, Vec<FieldError>)>| match last {
        Some((position, errors)) => {
            settled += 1;
            let stage = Stage::Validation;
            findings.settle(position, Outcome::Invalid { stage, errors })
        }
        None => Ok(()),
    };
    for repeat in repeats.iter().map_err(&spool)? {
        let repeat = repeat.map_err(&spool)?;
        if pipeline.rules.severity(repeat.code) != Severity::Error {
            continue;
        }
        let error = pipeline.repeat_error(&repeat);
        match &mut last {
            Some((position, errors)) if position.record == repeat.position.record => {
                errors.push(error);
            }
            _ => settle(last.replace((repeat.position, vec![error])))?,
        }
    }
    settle(last)?;
    Ok(settled)
}

/// A record that repeats something of an earlier one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeat {
    pub code: Code,
    pub position: Position,
    pub first: Position,
}

/// Repeats sorted by record. They travel as pairs: the hash holds the record and the kind,
/// the payload the first one's position.
pub(super) struct Repeats(Sorted);

const KINDS: [Code; 3] = [
    Code::KeyDuplicate,
    Code::EmailDuplicate,
    Code::PersonDuplicate,
];

/// Two numbers in the room of a hash, in an order that is theirs.
pub(super) fn join(high: u64, low: u64) -> [u8; 16] {
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}

/// The numbers that were joined.
pub(super) fn split(joined: [u8; 16]) -> (u64, u64) {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = joined;
    (
        u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        u64::from_be_bytes([i, j, k, l, m, n, o, p]),
    )
}

impl Repeat {
    fn new(code: Code, first: &Pair, later: &Pair) -> Self {
        let position = |pair: &Pair| Position {
            record: pair.record,
            line: pair.line,
        };
        Self {
            code,
            position: position(later),
            first: position(first),
        }
    }

    fn pair(self) -> Pair {
        let kind = KINDS.iter().position(|kind| *kind == self.code);
        Pair {
            hash: join(self.position.record, kind.unwrap_or(0) as u64),
            record: self.position.record,
            line: self.position.line,
            payload: join(self.first.record, self.first.line),
        }
    }

    fn from_pair(pair: &Pair) -> Self {
        let (_, kind) = split(pair.hash);
        let (record, line) = split(pair.payload);
        let kind = usize::try_from(kind).ok().and_then(|kind| KINDS.get(kind));
        Self {
            code: kind.copied().unwrap_or(Code::KeyDuplicate),
            position: Position {
                record: pair.record,
                line: pair.line,
            },
            first: Position { record, line },
        }
    }
}

impl Repeats {
    /// The repeats by record, from the start.
    pub(super) fn iter(&mut self) -> io::Result<impl Iterator<Item = io::Result<Repeat>> + '_> {
        Ok(self
            .0
            .iter()?
            .map(|pair| pair.map(|pair| Repeat::from_pair(&pair))))
    }
}

impl Pipeline {
    /// The error, or warning, about a repeat.
    pub(super) fn repeat_error(&self, repeat: &Repeat) -> FieldError {
        let target = match repeat.code {
            Code::EmailDuplicate => "BillingAddress.EmailAddress".to_owned(),
            // Several fields make a person: the whole record is meant.
            Code::PersonDuplicate => String::new(),
            _ => self.key().to_string(),
        };
        let mut error = [FieldError::new(repeat.code, target)
            .with("first_record", repeat.first.record)
            .with("first_line", repeat.first.line)];
        self.name_columns(&mut error);
        let [error] = error;
        match self.plan.group_column() {
            Some(column) if repeat.code == Code::KeyDuplicate => error.with("grouped_by", column),
            _ => error,
        }
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
        if self.best.as_ref().is_none_or(|(best, _)| value > *best) {
            self.best = Some((value, number.to_owned()));
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
    }

    #[test]
    fn repeats_survive_the_trip_through_a_pair() {
        let first = Position { record: 7, line: 9 };
        let repeat = Repeat {
            code: Code::PersonDuplicate,
            position: Position {
                record: u64::MAX,
                line: 3,
            },
            first,
        };
        let back = Repeat::from_pair(&repeat.pair());
        assert_eq!(
            (back.code, back.position, back.first),
            (repeat.code, repeat.position, first)
        );
    }
}
