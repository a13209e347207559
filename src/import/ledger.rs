//! The journal as the stages see it: a ledger for delivery, findings for pass 1, hashes.

use std::sync::Arc;

use jiff::Timestamp;

use super::ImportError;
use super::survey::{Findings, Hashing};
use crate::deliver::driver::{Ledger, LedgerError, Line};
use crate::fail_point::{self, Point};
use crate::journal::{
    self, Elsewhere, Entry, Hashes, IntentLine, Journal, JournalError, SettledLine,
};
use crate::outcome::{Bilingual, How, KeyHash, Outcome, PayloadHash, Settled};
use crate::record::Position;

/// Findings that are committed at once.
const BATCH: usize = 2000;

/// Which records of a run have their outcome, or an open intent: a bit for each.
#[derive(Clone, Debug, Default)]
pub(super) struct SettledSet {
    words: Vec<u64>,
}

impl SettledSet {
    /// Reads them from the journal.
    pub(super) fn load(journal: &Journal, run: &str) -> Result<Self, ImportError> {
        let mut set = Self::default();
        journal.each_settled(run, &mut |record| set.insert(record))?;
        Ok(set)
    }

    pub(super) fn insert(&mut self, record: u64) {
        let (word, bit) = Self::place(record);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= bit;
        }
    }

    /// Takes a record out; false if it was not in.
    pub(super) fn remove(&mut self, record: u64) -> bool {
        let (word, bit) = Self::place(record);
        let Some(word) = self.words.get_mut(word) else {
            return false;
        };
        let was_in = *word & bit != 0;
        *word &= !bit;
        was_in
    }

    /// These and the `others`.
    pub(super) fn with(&self, others: &Self) -> Self {
        let mut both = self.clone();
        let length = both.words.len().max(others.words.len());
        both.words.resize(length, 0);
        for (word, other) in both.words.iter_mut().zip(&others.words) {
            *word |= other;
        }
        both
    }

    /// The first of them that is `record`, or behind it.
    pub(super) fn next_from(&self, record: u64) -> Option<u64> {
        let (first, bit) = Self::place(record);
        let words = self.words.iter().copied().enumerate().skip(first);
        for (index, mut word) in words {
            if index == first {
                word &= !(bit - 1);
            }
            if word != 0 {
                return Some(index as u64 * 64 + u64::from(word.trailing_zeros()));
            }
        }
        None
    }

    /// The first that is not in, from `record` on.
    pub(super) fn next_absent_from(&self, record: u64) -> u64 {
        let (first, bit) = Self::place(record);
        let words = self.words.iter().enumerate().skip(first);
        for (index, word) in words {
            let mut absent = !word;
            if index == first {
                absent &= !(bit - 1);
            }
            if absent != 0 {
                return index as u64 * 64 + u64::from(absent.trailing_zeros());
            }
        }
        record.max(self.words.len() as u64 * 64)
    }

    /// The bits of records, 64 to a number.
    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    /// Adds the bits of further records behind those that are known.
    pub(super) fn extend(&mut self, words: &[u64]) {
        self.words.extend_from_slice(words);
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.words
            .iter()
            .map(|word| u64::from(word.count_ones()))
            .sum()
    }

    pub(super) fn contains(&self, record: u64) -> bool {
        let (word, bit) = Self::place(record);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    fn place(record: u64) -> (usize, u64) {
        let word = usize::try_from(record / 64).unwrap_or(usize::MAX);
        (word, 1 << (record % 64))
    }
}

/// Hashes with the journal's own secret, for one target.
pub(super) struct TargetHashes {
    hashes: Hashes,
    target: String,
    compares_payloads: bool,
}

impl TargetHashes {
    /// For a run of the target. The payloads of pass 1 are compared by nobody unless the journal
    /// knows a customer of the target that another run than `run` created, or does not know what
    /// became of one.
    pub(super) fn new(journal: &mut Journal, target: &str, run: &str) -> Result<Self, ImportError> {
        let knows_any = !journal.guard(target, Some(run), None, 1)?.is_empty()
            || !journal.open_intents(target)?.is_empty();
        Ok(Self {
            hashes: journal.hashes(),
            target: target.to_owned(),
            compares_payloads: knows_any,
        })
    }
}

impl Hashing for TargetHashes {
    fn key(&self, key: &str) -> KeyHash {
        self.hashes.key(&self.target, key)
    }

    fn payload(&self, body: &[u8]) -> PayloadHash {
        self.hashes.payload(body)
    }

    fn compares_payloads(&self) -> bool {
        self.compares_payloads
    }
}

/// Keeps what is found out before anything is sent, unless an earlier part of the run did.
pub(super) struct JournalFindings<'a> {
    journal: &'a mut Journal,
    run: &'a str,
    settled: &'a mut SettledSet,
    batch: Vec<Entry>,
}

impl<'a> JournalFindings<'a> {
    pub(super) fn new(journal: &'a mut Journal, run: &'a str, settled: &'a mut SettledSet) -> Self {
        Self {
            journal,
            run,
            settled,
            batch: Vec::new(),
        }
    }

    /// Commits what is left.
    pub(super) fn finish(mut self) -> Result<(), ImportError> {
        self.commit()
    }

    fn commit(&mut self) -> Result<(), ImportError> {
        if !self.batch.is_empty() {
            self.journal.commit(self.run, &self.batch)?;
            fail_point::pass(Point::FindingsCommitted);
            self.batch.clear();
        }
        Ok(())
    }

    /// Whether the record has its outcome already.
    pub(super) fn has(&self, record: u64) -> bool {
        self.settled.contains(record)
    }

    /// The records that have their outcome.
    pub(super) fn settled(&self) -> &SettledSet {
        self.settled
    }

    /// The journal; what is still in the batch it does not know.
    pub(super) fn journal(&mut self) -> &mut Journal {
        self.journal
    }

    /// What became of a correcting record's customer in the other runs that correct it.
    pub(super) fn elsewhere(&self, record: u64) -> Result<Elsewhere, ImportError> {
        Ok(self.journal.elsewhere(self.run, record)?)
    }

    /// Keeps one outcome.
    pub(super) fn keep(&mut self, settled: Settled) -> Result<(), ImportError> {
        let record = settled.position.record;
        if self.settled.contains(record) {
            return Ok(());
        }
        self.settled.insert(record);
        self.batch.push(Entry::Settled(settled));
        if self.batch.len() >= BATCH {
            self.commit()?;
        }
        Ok(())
    }
}

impl Findings for JournalFindings<'_> {
    fn settle(&mut self, position: Position, outcome: Outcome) -> Result<(), ImportError> {
        self.keep(Settled {
            position,
            key_hash: None,
            payload: None,
            outcome,
            at: Timestamp::now(),
        })
    }
}

/// The journal behind delivery: intents before, outcomes after.
pub(super) struct JournalLedger(pub Journal);

impl Ledger for JournalLedger {
    fn commit(&mut self, lines: &[Line]) -> Result<(), LedgerError> {
        let at = Timestamp::now();
        let mut entries = Vec::with_capacity(lines.len());
        fail_point::pass_each(lines, |line| instants_of(line).0);
        let mut rest = lines.iter().peekable();
        // Nearly always all lines are of one run: then one transaction carries them all.
        while let Some(first) = rest.peek() {
            let run = Arc::clone(run_of(first));
            entries.clear();
            while let Some(line) = rest.next_if(|line| *run_of(line) == run) {
                entries.push(entry_of(line, at));
            }
            self.0
                .commit_lines(&run, &entries)
                .map_err(|error| lost(&error))?;
        }
        fail_point::pass_each(lines, |line| instants_of(line).1);
        Ok(())
    }
}

/// The instants before and after a line's commit.
fn instants_of(line: &Line) -> (Point, Point) {
    match line {
        Line::Intend { attempt: 0..=1, .. } => (Point::IntentReady, Point::IntentCommitted),
        Line::Intend { .. } => (Point::AgainReady, Point::AgainCommitted),
        Line::Void { .. } => (Point::VoidReady, Point::VoidCommitted),
        Line::Settle {
            outcome: Outcome::Created {
                how: How::Found, ..
            },
            ..
        } => (Point::FoundReady, Point::FoundCommitted),
        Line::Settle { .. } => (Point::OutcomeReady, Point::OutcomeCommitted),
    }
}

fn run_of(line: &Line) -> &Arc<str> {
    match line {
        Line::Intend { run, .. } | Line::Void { run, .. } | Line::Settle { run, .. } => run,
    }
}

fn entry_of(line: &Line, at: Timestamp) -> journal::Line<'_> {
    match line {
        Line::Intend {
            submission,
            attempt,
            absent_before,
            ..
        } => journal::Line::Intent(IntentLine {
            submission,
            attempt: *attempt,
            absent_before: *absent_before,
            at,
        }),
        Line::Void { submission, .. } => journal::Line::Void(submission.position),
        Line::Settle {
            submission,
            outcome,
            ..
        } => journal::Line::Settled(SettledLine {
            position: submission.position,
            key_hash: submission.key_hash,
            payload: Some(submission.payload),
            outcome,
            at,
        }),
    }
}

/// Lines that were not kept.
fn lost(error: &JournalError) -> LedgerError {
    LedgerError(Bilingual {
        english: error.to_string(),
        german: error.in_german(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_records() {
        let mut set = SettledSet::default();
        for record in [1, 63, 64, 1_000_000] {
            assert!(!set.contains(record));
            set.insert(record);
            assert!(set.contains(record));
        }
        assert_eq!(set.count(), 4);
        for (from, next) in [(0, 1), (1, 1), (2, 63), (63, 63), (64, 64), (65, 1_000_000)] {
            assert_eq!(set.next_from(from), Some(next));
        }
        assert_eq!(set.next_from(1_000_001).or(set.next_from(u64::MAX)), None);
        for (from, next) in [
            (0, 0),
            (1, 2),
            (62, 62),
            (63, 65),
            (64, 65),
            (1_000_000, 1_000_001),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(set.next_absent_from(from), next);
        }
        let mut full = SettledSet::default();
        (0..128).for_each(|record| full.insert(record));
        assert_eq!(
            [5, 64, 127, 200].map(|it| full.next_absent_from(it)),
            [128, 128, 128, 200]
        );
        let mut copy = SettledSet::default();
        let (first, second) = full.words().split_at(1);
        copy.extend(first);
        copy.extend(second);
        assert_eq!(copy.words(), full.words());
        let mut other = SettledSet::default();
        other.insert(7);
        for both in [set.with(&other), other.with(&set)] {
            assert_eq!(both.count(), 5);
            assert!(both.contains(7) && both.contains(1_000_000));
        }
        assert!(set.remove(63) && !set.remove(63) && !set.remove(u64::MAX));
        assert_eq!(set.count(), 3);
        assert!(!set.contains(2) && !set.contains(u64::MAX));
    }

    #[test]
    fn a_journal_that_fails_is_told_in_german_with_its_cause() {
        let error = lost(&JournalError::Sql {
            path: "s/journal.db".into(),
            doing: "cannot write to",
            answer: rusqlite::Error::InvalidQuery,
        });
        let german = error.in_german();
        assert!(
            german
                .starts_with("das Journal ließ sich nicht schreiben: mit dem Journal s/journal.db"),
            "{german}"
        );
        let cause = rusqlite::Error::InvalidQuery.to_string();
        let told = format!(": SQLite meldet `{cause}`");
        assert!(german.ends_with(&told), "{german}");
        assert!(
            error.to_string().ends_with(&format!(": {cause}")),
            "{error}"
        );
    }
}
