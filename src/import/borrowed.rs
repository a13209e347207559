//! Records that are unknown only because another run's record of the same customer is: one with
//! the same key, or one that is corrected by the same file.

use crate::journal::{Elsewhere, Entry, Journal, RunRow};
use crate::outcome::{KeyHash, Outcome, Settled, UnknownWhy};

use super::ImportError;
use super::which::options_from;

/// Outcomes that are read at once.
const PAGE: usize = 5_000;

/// What takes a borrowed unknown's place, if anything does.
type Judge<'a> = &'a dyn Fn(&mut Journal, &Settled) -> Result<Option<Entry>, ImportError>;

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
/// a key that was created there is `skipped` or `changed` here; an absent one is open, and so is
/// everyone in a run that asks the ERP who is there.
pub(super) fn settle(journal: &mut Journal, target: &str) -> Result<(), ImportError> {
    for row in journal.runs()? {
        if row.target != target || row.counts.unknown == 0 {
            continue;
        }
        let again = options_from(&row).again;
        replace(journal, &row.id, &|journal, settled| {
            if who_waits(journal, &row, settled)?.is_some() {
                return Ok(None);
            }
            // Whoever asks the ERP (`--again`) does not believe what was created before.
            let created = match settled.key_hash {
                _ if again => None,
                Some(key) => created_with(journal, target, &key, settled)?,
                None => created_elsewhere(journal, &row.id, settled)?,
            };
            let Some(outcome) = created else {
                return Ok(Some(Entry::Void(settled.position)));
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

/// What a borrowed unknown waits for.
pub(super) enum Waits {
    /// For a record of which nobody knows what became of it: its run and its number.
    ForUnknown(String, u64),
    /// For one that its run has still to send.
    ForOpen(String, u64),
}

/// What one of the run's borrowed unknowns waits for; none if all of that is settled.
pub(super) fn who_waits(
    journal: &Journal,
    run: &RunRow,
    settled: &Settled,
) -> Result<Option<Waits>, ImportError> {
    if let Some(key) = settled.key_hash {
        let waiting = journal.who_waits_with(&run.target, &key)?;
        return Ok(waiting.map(|(run, record)| Waits::ForUnknown(run, record)));
    }
    // Only a returned file settles records before their keys are known.
    let elsewhere = journal.elsewhere(&run.id, settled.position.record)?;
    Ok(match elsewhere {
        Elsewhere::Unknown { run, record } => Some(Waits::ForUnknown(run, record)),
        Elsewhere::Open { run, record } => Some(Waits::ForOpen(run, record)),
        Elsewhere::Free | Elsewhere::Created { .. } => None,
    })
}

/// The record's outcome, if its key was created in the target.
fn created_with(
    journal: &mut Journal,
    target: &str,
    key: &KeyHash,
    settled: &Settled,
) -> Result<Option<Outcome>, ImportError> {
    let known = journal.guarded(target, key)?;
    Ok(known.map(|known| {
        let (id, number) = (known.id, known.number);
        if known.payload == settled.payload {
            Outcome::Skipped { id, number }
        } else {
            Outcome::Changed { id, number }
        }
    }))
}

/// The outcome of a correcting record, if its customer was created in another run.
fn created_elsewhere(
    journal: &Journal,
    run: &str,
    settled: &Settled,
) -> Result<Option<Outcome>, ImportError> {
    Ok(match journal.elsewhere(run, settled.position.record)? {
        Elsewhere::Created { id, number } => Some(Outcome::Skipped { id, number }),
        _ => None,
    })
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::journal::NewRun;
    use crate::outcome::{How, Stage};
    use crate::record::Position;

    const TARGET: &str = "erp";

    fn begin(journal: &mut Journal, id: &str, options: &str, linked_to: Option<&str>) {
        let run = NewRun {
            id: id.to_owned(),
            target: TARGET.to_owned(),
            source_hash: [1; 32],
            plan_hash: [2; 32],
            input: "in.csv".to_owned(),
            input_path: None,
            mapping: "map.toml".to_owned(),
            mapping_text: String::new(),
            source_options: "{}".to_owned(),
            options: options.to_owned(),
            version: "1".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            linked_to: linked_to.map(str::to_owned),
        };
        journal.begin(&run).unwrap();
        journal.set_read(id, 9).unwrap();
    }

    fn keep(journal: &mut Journal, run: &str, record: u64, key: Option<&str>, outcome: Outcome) {
        let hashes = journal.hashes();
        let settled = Settled {
            position: Position { record, line: 1 },
            key_hash: key.map(|key| hashes.key(TARGET, key)),
            payload: key.map(|key| hashes.payload(key.as_bytes())),
            outcome,
            at: Timestamp::UNIX_EPOCH,
        };
        journal.commit(run, &[Entry::Settled(settled)]).unwrap();
    }

    fn created() -> Outcome {
        Outcome::Created {
            id: Some(7),
            number: Some("C1".to_owned()),
            attempts: 1,
            how: How::Posted,
        }
    }

    fn waiting() -> Outcome {
        Outcome::Unknown {
            why: UnknownWhy::EarlierUnknown,
            attempts: 0,
        }
    }

    /// The word of the record's outcome, after everything was settled as far as it can be.
    fn settled(journal: &mut Journal, run: &str, record: u64) -> &'static str {
        settle(journal, TARGET).unwrap();
        let settled = journal.outcome(run, record).unwrap();
        settled.map_or("open", |settled| settled.outcome.word())
    }

    #[test]
    fn who_starts_over_does_not_believe_what_was_created_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        begin(&mut journal, "before", "{}", None);
        keep(&mut journal, "before", 1, Some("c1"), created());
        for (run, options) in [("over", r#"{"again":true}"#), ("new", "{}")] {
            begin(&mut journal, run, options, None);
            keep(&mut journal, run, 1, Some("c1"), waiting());
        }
        assert_eq!(settled(&mut journal, "over", 1), "open");
        assert_eq!(settled(&mut journal, "new", 1), "skipped");
    }

    #[test]
    fn a_correction_waits_for_the_record_that_it_corrects() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        begin(&mut journal, "first", "{}", None);
        begin(&mut journal, "back", "{}", Some("first"));
        begin(&mut journal, "over", r#"{"again":true}"#, Some("first"));
        for run in ["back", "over"] {
            journal.correct(run, "first", &[(1, 5)]).unwrap();
            keep(&mut journal, run, 1, None, waiting());
        }
        // Nobody knows, then it is open, then it failed once more.
        let lost = Outcome::Unknown {
            why: UnknownWhy::LookupImpossible,
            attempts: 1,
        };
        keep(&mut journal, "first", 5, Some("c5"), lost);
        assert_eq!(settled(&mut journal, "back", 1), "unknown");
        let void = Entry::Void(Position { record: 5, line: 1 });
        journal.commit("first", &[void]).unwrap();
        assert_eq!(settled(&mut journal, "back", 1), "unknown");
        let invalid = Outcome::Invalid {
            stage: Stage::Validation,
            errors: Vec::new(),
        };
        keep(&mut journal, "first", 5, None, invalid);
        assert_eq!(settled(&mut journal, "back", 1), "open");
        // Created after all.
        for run in ["back", "over"] {
            keep(&mut journal, run, 1, None, waiting());
        }
        keep(&mut journal, "first", 5, Some("c5"), created());
        assert_eq!(settled(&mut journal, "back", 1), "skipped");
        assert_eq!(settled(&mut journal, "over", 1), "open");
    }
}
