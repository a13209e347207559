//! Which keys of the input are settled already: by an earlier run (the key guard), or because
//! the ERP has them. Both are merges of sorted hashes, in memory that does not grow.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use jiff::Timestamp;

use super::ImportError;
use super::ledger::JournalFindings;
use crate::journal::{GuardRow, Journal};
use crate::outcome::{Code, FieldError, KeyHash, Outcome, PayloadHash, Settled, Stage, UnknownWhy};
use crate::record::Position;
use crate::sorted::{Pair, Sorted};

/// Keys of the guard that are read at once.
const PAGE: usize = 10_000;

/// The guard's keys in the order of their hashes.
struct Guard<'a> {
    target: Option<&'a str>,
    /// The run that asks: its own keys are no matter.
    run: &'a str,
    page: std::vec::IntoIter<GuardRow>,
    last: Option<KeyHash>,
    ended: bool,
}

impl<'a> Guard<'a> {
    /// Of `target`; without one it has no keys.
    fn new(target: Option<&'a str>, run: &'a str) -> Self {
        Self {
            target,
            run,
            page: Vec::new().into_iter(),
            last: None,
            ended: false,
        }
    }

    fn next(&mut self, journal: &mut Journal) -> Result<Option<GuardRow>, ImportError> {
        if let Some(row) = self.page.next() {
            self.last = Some(row.key_hash);
            return Ok(Some(row));
        }
        let Some(target) = self.target.filter(|_| !self.ended) else {
            return Ok(None);
        };
        let page = journal.guard(target, Some(self.run), self.last, PAGE)?;
        self.ended = page.len() < PAGE;
        self.page = page.into_iter();
        let row = self.page.next();
        if let Some(row) = &row {
            self.last = Some(row.key_hash);
        }
        Ok(row)
    }
}

/// Settles the records whose keys an earlier run of the target created: `skipped` with the
/// same data, `changed` with other data; without a target in `guard` nobody is asked. Keys that
/// wait as unknown in `open` stay unknown.
pub(super) fn settle_guarded(
    findings: &mut JournalFindings<'_>,
    guard: Option<&str>,
    run: &str,
    keys: &mut Sorted,
    open: &HashMap<KeyHash, String>,
    folder: &Path,
) -> Result<(), ImportError> {
    let mut guard = Guard::new(guard, run);
    let mut known = guard.next(findings.journal())?;
    if known.is_none() && open.is_empty() {
        return Ok(());
    }
    for_each_key(keys, folder, &mut |pair| {
        while known
            .as_ref()
            .is_some_and(|known| known.key_hash < pair.hash)
        {
            known = guard.next(findings.journal())?;
        }
        let outcome = match &known {
            Some(known) if known.key_hash == pair.hash && known.run != run => {
                let (id, number) = (known.id, known.number.clone());
                if known.payload == Some(pair.payload) {
                    Some(Outcome::Skipped { id, number })
                } else {
                    Some(Outcome::Changed { id, number })
                }
            }
            _ => open
                .get(&pair.hash)
                .filter(|other| other.as_str() != run)
                .map(|_| Outcome::Unknown {
                    why: UnknownWhy::EarlierUnknown,
                    attempts: 0,
                }),
        };
        match outcome {
            Some(outcome) => findings.keep(settled(pair, outcome)),
            None => Ok(()),
        }
    })
}

/// Settles the records whose keys the ERP listed.
pub(super) fn settle_listed(
    findings: &mut JournalFindings<'_>,
    keys: &mut Sorted,
    listed: &mut Sorted,
    error: Option<&FieldError>,
    folder: &Path,
) -> Result<(), ImportError> {
    for_each_listed(keys, listed, folder, &mut |pair, their| {
        let outcome = match error {
            Some(error) => Outcome::Invalid {
                stage: Stage::Existing,
                errors: vec![error.clone()],
            },
            None => Outcome::Exists {
                id: i64::try_from(their.record).ok().filter(|id| *id != 0),
                number: None,
            },
        };
        findings.keep(settled(pair, outcome))
    })
}

/// Hands the first record of every key that the ERP listed to `each`, with the ERP's customer.
pub(super) fn for_each_listed(
    keys: &mut Sorted,
    listed: &mut Sorted,
    folder: &Path,
    each: &mut dyn FnMut(&Pair, &Pair) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let spool = |error: io::Error| ImportError::spool(folder, error);
    let mut theirs = listed.iter().map_err(spool)?.peekable();
    for_each_key(keys, folder, &mut |pair| {
        while let Some(Ok(_)) = theirs.next_if(|their| match their {
            Ok(their) => their.hash < pair.hash,
            Err(_) => false,
        }) {}
        match theirs.peek() {
            Some(Ok(their)) if their.hash == pair.hash => each(pair, their),
            Some(Err(_)) => match theirs.next() {
                Some(Err(error)) => Err(spool(error)),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    })
}

/// Records with a key that are not settled yet.
pub(super) fn count_open(
    findings: &JournalFindings<'_>,
    keys: &mut Sorted,
    folder: &Path,
) -> Result<u64, ImportError> {
    let mut open = 0;
    for_each_key(keys, folder, &mut |pair| {
        open += u64::from(!findings.has(pair.record));
        Ok(())
    })?;
    Ok(open)
}

/// Hands the first record of every key to `each`, in the order of the keys' hashes.
pub(super) fn for_each_key(
    keys: &mut Sorted,
    folder: &Path,
    each: &mut dyn FnMut(&Pair) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let spool = |error: io::Error| ImportError::spool(folder, error);
    let mut last = None;
    for pair in keys.iter().map_err(spool)? {
        let pair = pair.map_err(spool)?;
        if last.replace(pair.hash) != Some(pair.hash) {
            each(&pair)?;
        }
    }
    Ok(())
}

fn settled(pair: &Pair, outcome: Outcome) -> Settled {
    let is_hashed = pair.payload != PayloadHash::default();
    Settled {
        position: Position {
            record: pair.record,
            line: pair.line,
        },
        key_hash: Some(pair.hash),
        payload: is_hashed.then_some(pair.payload),
        outcome,
        at: Timestamp::now(),
    }
}

/// The error of a record whose key the ERP has (`--existing fail`).
pub(super) fn exists_error(target: &str) -> FieldError {
    FieldError::new(Code::KeyExists, target)
}
