//! Records that are unknown only because another run's record with the same key is.

use crate::journal::{Entry, Journal};
use crate::outcome::{Outcome, Settled, UnknownWhy};

use super::ImportError;

/// Outcomes that are read at once.
const PAGE: usize = 5_000;

/// What takes a borrowed unknown's place, if anything does.
type Judge<'a> = &'a dyn Fn(&Journal, &Settled) -> Result<Option<Entry>, ImportError>;

/// Whether the record was never sent by its own run, which met its key waiting in another's.
pub(super) fn is_borrowed(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Unknown {
            why: UnknownWhy::EarlierUnknown,
            ..
        }
    )
}

/// Opens them all again in a run that goes on: the other run's may be settled by now.
pub(super) fn open_again(journal: &mut Journal, run: &str) -> Result<(), ImportError> {
    replace(journal, run, &|_, settled| {
        Ok(Some(Entry::Void(settled.position)))
    })
}

/// Settles them in every run of the target, as far as the other run's record is settled now:
/// a key that was created there is `skipped` or `changed` here; an absent one is open.
pub(super) fn settle(journal: &mut Journal, target: &str) -> Result<(), ImportError> {
    for row in journal.runs()? {
        if row.target != target || row.counts.unknown == 0 {
            continue;
        }
        replace(journal, &row.id, &|journal, settled| {
            let Some(key) = settled.key_hash else {
                return Ok(None);
            };
            if journal.who_waits_with(target, &key)?.is_some() {
                return Ok(None);
            }
            let Some(known) = journal.guarded(target, &key)? else {
                return Ok(Some(Entry::Void(settled.position)));
            };
            let (id, number) = (known.id, known.number);
            let outcome = if known.payload == settled.payload {
                Outcome::Skipped { id, number }
            } else {
                Outcome::Changed { id, number }
            };
            Ok(Some(Entry::Settled(Settled {
                outcome,
                at: jiff::Timestamp::now(),
                ..settled.clone()
            })))
        })?;
    }
    Ok(())
}

/// Commits what `judge` makes of each of the run's borrowed unknowns.
fn replace(journal: &mut Journal, run: &str, judge: Judge<'_>) -> Result<(), ImportError> {
    let unknown = journal.run(run)?.map_or(0, |row| row.counts.unknown);
    if unknown == 0 {
        return Ok(());
    }
    let mut after = 0;
    loop {
        let page = journal.outcomes(run, after, PAGE)?;
        let mut entries = Vec::new();
        for settled in page.iter().filter(|settled| is_borrowed(&settled.outcome)) {
            entries.extend(judge(journal, settled)?);
        }
        if !entries.is_empty() {
            journal.commit(run, &entries)?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = last.position.record,
            _ => return Ok(()),
        }
    }
}
