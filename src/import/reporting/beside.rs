//! What stands beside the records while they are read once more: their outcomes, and what they
//! repeat.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::Path;

use jiff::Timestamp;

use super::super::ImportError;
use super::super::ledger::SettledSet;
use super::super::probe::Found;
use super::super::survey::{Repeat, Repeats};
use crate::journal::Journal;
use crate::outcome::{Outcome, Settled};
use crate::record::Position;

/// Outcomes that are read from the journal at once.
const PAGE: usize = 5_000;

/// Where outcomes come from.
pub(in crate::import) enum Outcomes<'a> {
    /// The journal's, for one run.
    Journal(&'a Journal, &'a str),
    /// A dry run has none but what the record itself shows.
    Dry,
    /// As a dry run's, and these customers are in the ERP (`--probe`).
    Probed(&'a Found),
}

impl Outcomes<'_> {
    /// The customers of which a row may tell, by their first record, if `noted` are those about
    /// which pass 1 found anything; none if it may be any of them.
    pub(super) fn told<'s>(&self, noted: &'s SettledSet) -> Option<Cow<'s, SettledSet>> {
        match self {
            Self::Journal(..) => None,
            Self::Dry => Some(Cow::Borrowed(noted)),
            Self::Probed(found) => Some(found.told(noted)),
        }
    }
}

/// The journal's outcomes in the order of the records.
pub(super) struct Pages<'a> {
    from: &'a Outcomes<'a>,
    page: VecDeque<Settled>,
    last: u64,
    ended: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn new(from: &'a Outcomes<'a>) -> Self {
        Self {
            from,
            page: VecDeque::new(),
            last: 0,
            ended: false,
        }
    }

    /// The outcome of `record`, if it has one. Records must be asked for in their order.
    pub(super) fn of(&mut self, record: u64) -> Result<Option<Settled>, ImportError> {
        let Outcomes::Journal(journal, run) = self.from else {
            return Ok(None);
        };
        loop {
            match self.page.front() {
                Some(settled) if settled.position.record == record => {
                    return Ok(self.page.pop_front());
                }
                Some(settled) if settled.position.record > record => return Ok(None),
                Some(_) => {
                    self.page.pop_front();
                }
                None if self.ended => return Ok(None),
                None => {
                    let page = journal.outcomes(run, self.last, PAGE)?;
                    self.ended = page.len() < PAGE;
                    if let Some(last) = page.last() {
                        self.last = last.position.record;
                    }
                    self.page = page.into();
                }
            }
        }
    }

    /// When the record was sent last, if it is unknown: of all outcomes only that one keeps
    /// its intent.
    pub(super) fn last_attempt(&self, settled: &Settled) -> Result<Option<Timestamp>, ImportError> {
        match (self.from, &settled.outcome) {
            (Outcomes::Journal(journal, run), Outcome::Unknown { .. }) => {
                Ok(journal.last_attempt(run, settled.position.record)?)
            }
            _ => Ok(None),
        }
    }
}

/// The repeats beside the records.
pub(super) struct RepeatsBeside<'a> {
    repeats: std::iter::Peekable<Box<dyn Iterator<Item = std::io::Result<Repeat>> + 'a>>,
    folder: &'a Path,
}

impl<'a> RepeatsBeside<'a> {
    pub(super) fn new(repeats: &'a mut Repeats, folder: &'a Path) -> Result<Self, ImportError> {
        let all: Box<dyn Iterator<Item = _> + 'a> = Box::new(
            repeats
                .iter()
                .map_err(|error| ImportError::spool(folder, error))?,
        );
        Ok(Self {
            repeats: all.peekable(),
            folder,
        })
    }

    /// The repeats of `record`, and whose stood before it unasked for, which `passed` gets record
    /// by record.
    pub(super) fn of(
        &mut self,
        record: u64,
        mut passed: impl FnMut(Position, &[Repeat]) -> Result<(), ImportError>,
    ) -> Result<Vec<Repeat>, ImportError> {
        loop {
            let found = self.next_until(record)?;
            match found.first() {
                Some(first) if first.position.record < record => passed(first.position, &found)?,
                _ => return Ok(found),
            }
        }
    }

    /// All repeats of the next record that has any, if it stands no later than `last`.
    fn next_until(&mut self, last: u64) -> Result<Vec<Repeat>, ImportError> {
        let mut found: Vec<Repeat> = Vec::new();
        loop {
            let record = found.first().map(|first| first.position.record);
            let next = self.repeats.next_if(|repeat| match repeat {
                Ok(repeat) => match record {
                    Some(record) => repeat.position.record == record,
                    None => repeat.position.record <= last,
                },
                Err(_) => true,
            });
            match next {
                Some(Ok(repeat)) => found.push(repeat),
                Some(Err(error)) => return Err(ImportError::spool(self.folder, error)),
                None => return Ok(found),
            }
        }
    }
}
