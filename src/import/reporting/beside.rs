//! What stands beside the records while they are read once more: their outcomes, and what they
//! repeat.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use jiff::Timestamp;

use super::super::ImportError;
use super::super::ledger::SettledSet;
use super::super::probe::Found;
use super::super::survey::{Repeat, Repeats};
use crate::journal::{Journal, JournalError};
use crate::outcome::{Outcome, Settled};
use crate::record::Position;

/// Outcomes that are read from the journal at once. A page is in work, one is on its way and one
/// is being read.
const PAGE: usize = 500;

/// Where outcomes come from.
pub(in crate::import) enum Outcomes<'a> {
    /// The journal's, for one run.
    Journal(&'a mut Journal, &'a str),
    /// A dry run has none but what the record itself shows.
    Dry,
    /// As a dry run's, and these customers are in the ERP (`--probe`).
    Probed(&'a Found),
}

impl<'a> Outcomes<'a> {
    /// The journal with its run, and what is known without it.
    pub(super) fn apart(self) -> (Option<(&'a mut Journal, &'a str)>, Self) {
        match self {
            Self::Journal(journal, run) => (Some((journal, run)), Self::Dry),
            others => (None, others),
        }
    }

    /// The customers of which a row of a dry run may tell, by their first record, if `noted` are
    /// those about which pass 1 found anything.
    pub(super) fn told<'s>(&self, noted: &'s SettledSet) -> Cow<'s, SettledSet> {
        match self {
            Self::Journal(..) | Self::Dry => Cow::Borrowed(noted),
            Self::Probed(found) => found.told(noted),
        }
    }
}

/// An outcome of the journal.
pub(super) struct Kept {
    pub(super) settled: Settled,
    /// When the record was sent last, if it is unknown: of all outcomes only that one keeps its
    /// intent.
    pub(super) last_attempt: Option<Timestamp>,
}

type Page = Result<Vec<Kept>, JournalError>;

/// The journal's outcomes in the order of the records, read by a thread of their own.
pub(super) struct Pages {
    from: Receiver<Page>,
    page: VecDeque<Kept>,
}

impl Pages {
    /// Begins to read them.
    pub(super) fn read<'scope>(
        scope: &'scope Scope<'scope, '_>,
        journal: &'scope mut Journal,
        run: &'scope str,
    ) -> Result<Self, ImportError> {
        let (pages, from) = sync_channel(1);
        std::thread::Builder::new()
            .spawn_scoped(scope, move || hand_over(journal, run, &pages))
            .map_err(ImportError::Workers)?;
        Ok(Self {
            from,
            page: VecDeque::new(),
        })
    }

    /// The outcome of `record`, if it has one. Records must be asked for in their order.
    pub(super) fn of(&mut self, record: u64) -> Result<Option<Kept>, ImportError> {
        loop {
            match self.page.front() {
                Some(kept) if kept.settled.position.record == record => {
                    return Ok(self.page.pop_front());
                }
                Some(kept) if kept.settled.position.record > record => return Ok(None),
                Some(_) => {
                    self.page.pop_front();
                }
                None => match self.from.recv() {
                    Ok(page) => self.page = page?.into(),
                    Err(_) => return Ok(None),
                },
            }
        }
    }
}

/// Reads page after page, until there is none or nobody wants more.
fn hand_over(journal: &Journal, run: &str, pages: &SyncSender<Page>) {
    let mut after = 0;
    loop {
        let page = page(journal, run, after);
        let last = page.as_ref().ok().and_then(|page| page.last());
        let last = last.map(|kept| kept.settled.position.record);
        if pages.send(page).is_err() {
            return;
        }
        match last {
            Some(last) => after = last,
            None => return,
        }
    }
}

fn page(journal: &Journal, run: &str, after: u64) -> Page {
    let outcomes = journal.outcomes(run, after, PAGE)?.into_iter();
    let kept = outcomes.map(|settled| {
        let last_attempt = match &settled.outcome {
            Outcome::Unknown { .. } => journal.last_attempt(run, settled.position.record)?,
            _ => None,
        };
        Ok(Kept {
            settled,
            last_attempt,
        })
    });
    kept.collect()
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
