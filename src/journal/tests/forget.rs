//! Forgetting: the guard stays, nothing else does, in no byte of the files.

use super::files::snapshot;
use super::*;

const OTHER: &str = "shop-test";

/// Numbers and words that nothing else in these tests has.
fn number(record: u64) -> String {
    format!("CANARY-{record:06}")
}

fn customer(journal: &Journal, target: &str, record: u64) -> Submission {
    let key = number(record).to_lowercase();
    Submission {
        key_hash: Some(journal.hashes.key(target, &key)),
        key: Some(key),
        ..submission(journal, record)
    }
}

fn ended(journal: &Journal, target: &str, record: u64) -> Entry {
    let submission = customer(journal, target, record);
    let outcome = match record % 3 {
        0 => Outcome::Refused {
            status: 422,
            code: Some(format!("{} is taken", number(record))),
            errors: vec![ServerError {
                field: "Number".to_owned(),
                text: format!("there is {} already", number(record)),
            }],
            attempts: 1,
        },
        _ => Outcome::Created {
            id: Some(record as i64),
            number: Some(number(record)),
            attempts: 1,
            how: How::Posted,
        },
    };
    Entry::Settled(Settled {
        position: submission.position,
        key_hash: submission.key_hash,
        payload: Some(submission.payload),
        outcome,
        at: at(2),
    })
}

/// Puts `records` into a run in a mixed order, so that SQLite moves rows between pages.
fn fill(journal: &mut Journal, run: &str, target: &str, records: std::ops::Range<u64>) {
    let new = NewRun {
        target: target.to_owned(),
        ..new_run(run)
    };
    journal.begin(&new).unwrap();
    journal.set_read(run, records.end - records.start).unwrap();
    let mut random = fastrand::Rng::with_seed(records.start);
    let mut order: Vec<u64> = records.collect();
    random.shuffle(&mut order);
    for part in order.chunks(17) {
        let intents: Vec<_> = part
            .iter()
            .map(|record| {
                Entry::Intent(Intent {
                    submission: customer(journal, target, *record),
                    attempt: 1,
                    absent_before: true,
                    at: at(1),
                })
            })
            .collect();
        journal.commit(run, &intents).unwrap();
        let ends: Vec<_> = part
            .iter()
            .map(|record| ended(journal, target, *record))
            .collect();
        journal.commit(run, &ends).unwrap();
    }
    journal.finish(run, &Ending::Finished, 0, at(3)).unwrap();
}

/// The numbers that stand anywhere in the files, in any case, in UTF-8 or UTF-16.
fn traces(folder: &Path) -> std::collections::BTreeSet<u64> {
    let mut found = std::collections::BTreeSet::new();
    for (_, content) in snapshot(folder) {
        for narrow in [
            content.clone(),
            content.iter().copied().step_by(2).collect(),
            content.iter().copied().skip(1).step_by(2).collect(),
        ] {
            for at in 0..narrow.len().saturating_sub(12) {
                if narrow[at..at + 7].eq_ignore_ascii_case(b"canary-") {
                    let digits = str::from_utf8(&narrow[at + 7..at + 13]);
                    found.extend(digits.ok().and_then(|digits| digits.parse::<u64>().ok()));
                }
            }
        }
    }
    found
}

fn filled(folder: &TempDir) -> Journal {
    let mut journal = Journal::open(folder.path()).unwrap();
    fill(&mut journal, "run-1", TARGET, 1..700);
    fill(&mut journal, "run-2", TARGET, 1_000..1_300);
    fill(&mut journal, "run-3", OTHER, 2_000..2_300);
    journal
}

fn set(ranges: impl IntoIterator<Item = std::ops::Range<u64>>) -> std::collections::BTreeSet<u64> {
    ranges.into_iter().flatten().collect()
}

#[test]
pub(super) fn nothing_is_left_of_a_forgotten_run() {
    let folder = folder();
    let mut journal = filled(&folder);
    let guard = journal.guard(TARGET, None, None, 9_999).unwrap();
    assert!(
        traces(folder.path()).is_superset(&set(Some(1..700))),
        "the test sees nothing"
    );
    journal.forget_runs(&["run-1".to_owned()]).unwrap();
    assert!(journal.erase().unwrap());
    let left = set([1_000..1_300, 2_000..2_300]);
    assert_eq!(traces(folder.path()), left, "while it is open");
    assert!(!journal.is_erasing().unwrap());
    assert!(!journal.erase().unwrap(), "once is enough");

    assert_eq!(journal.run("run-1").unwrap(), None);
    // The hashes stay, in their order, and a later run cannot be taken for the one that is gone.
    let kept = journal.guard(TARGET, None, None, 9_999).unwrap();
    assert_eq!(
        kept.iter()
            .map(|row| (row.key_hash, row.payload))
            .collect::<Vec<_>>(),
        guard
            .iter()
            .map(|row| (row.key_hash, row.payload))
            .collect::<Vec<_>>()
    );
    let blank = |row: &&GuardRow| row.run.is_empty() && row.id.is_none() && row.number.is_none();
    assert_eq!(
        kept.iter().filter(blank).count(),
        guard.iter().filter(|row| row.run == "run-1").count()
    );
    journal.forget_runs(&["run-2".to_owned()]).unwrap();
    journal.erase().unwrap();
    journal.begin(&new_run("run-4")).unwrap();
    assert!(
        journal
            .guard(TARGET, None, None, 9_999)
            .unwrap()
            .iter()
            .all(|row| row.run.is_empty())
    );
    journal.close().unwrap();
    assert_eq!(
        traces(folder.path()),
        set(Some(2_000..2_300)),
        "after closing"
    );
}

#[test]
fn a_forgotten_target_takes_its_guard_with_it() {
    let folder = folder();
    let mut journal = filled(&folder);
    journal.forget_target(TARGET).unwrap();
    journal.erase().unwrap();
    assert_eq!(traces(folder.path()), set(Some(2_000..2_300)));
    assert_eq!(journal.targets().unwrap(), [OTHER]);
    assert_eq!(journal.guard(TARGET, None, None, 9).unwrap(), []);
    assert_eq!(journal.guard(OTHER, None, None, 999).unwrap().len(), 200);
    assert_eq!(journal.runs().unwrap().len(), 1);
    journal.forget_target("never heard of").unwrap();
}

#[test]
fn a_forgotten_customer_leaves_its_outcome_and_its_hash() {
    let folder = folder();
    let mut journal = filled(&folder);
    // In a second run as skipped: known by its number alone.
    journal.begin(&new_run("run-4")).unwrap();
    let skipped = Outcome::Skipped {
        id: Some(100),
        number: Some(number(100)),
    };
    journal
        .commit("run-4", &[settle(&journal, 5, skipped)])
        .unwrap();
    let guard = journal.guard(TARGET, None, None, 9_999).unwrap();
    let before = journal.run("run-1").unwrap();
    for wanted in [100, 102] {
        let key = number(wanted).to_lowercase();
        let found = journal
            .traces(&key, &|other| other.to_lowercase() == key)
            .unwrap();
        assert_eq!(found.open, []);
        let in_first = Trace {
            run: "run-1".to_owned(),
            record: wanted,
        };
        assert!(found.records.contains(&in_first), "{found:?}");
        assert_eq!(found.records.len(), if wanted == 100 { 2 } else { 1 });
        journal.forget_customer(&found).unwrap();
        journal.erase().unwrap();
        assert!(
            journal
                .traces(&key, &|other| other.to_lowercase() == key)
                .unwrap()
                .is_empty()
        );
    }
    let mut left = set([1..700, 1_000..1_300, 2_000..2_300]);
    left.remove(&100);
    left.remove(&102);
    assert_eq!(traces(folder.path()), left);
    assert_eq!(journal.run("run-1").unwrap(), before, "the counts stay");
    assert_eq!(
        journal.outcomes("run-1", 99, 1).unwrap()[0].outcome,
        Outcome::Created {
            id: None,
            number: None,
            attempts: 1,
            how: How::Posted,
        }
    );
    assert_eq!(
        journal.outcomes("run-1", 101, 1).unwrap()[0].outcome,
        Outcome::Refused {
            status: 422,
            code: None,
            errors: Vec::new(),
            attempts: 1,
        }
    );
    let kept = journal.guard(TARGET, None, None, 9_999).unwrap();
    assert_eq!(kept.len(), guard.len());
    let changed: Vec<_> = kept.iter().filter(|row| !guard.contains(row)).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!((changed[0].run.as_str(), changed[0].record), ("", 0));
}

#[test]
fn a_linked_record_is_found_by_the_number_that_the_customer_with_the_key_got() {
    let folder = folder();
    let mut journal = started(&folder);
    let made = |number: &str| Outcome::Created {
        id: Some(5),
        number: Some(number.to_owned()),
        attempts: 1,
        how: How::Posted,
    };
    journal
        .commit("run-1", &[settle(&journal, 5, made("N-5"))])
        .unwrap();
    let linked = |record: u64, number: &str| {
        let outcome = Outcome::Skipped {
            id: None,
            number: Some(number.to_owned()),
        };
        Entry::Settled(Settled {
            key_hash: None,
            ..outcome_of(&journal, record, outcome)
        })
    };
    let entries = [linked(8, "N-5"), linked(9, "N-6")];
    journal.begin(&new_run("run-2")).unwrap();
    journal.commit("run-2", &entries).unwrap();
    // The same number in another target is somebody else's.
    let other = NewRun {
        target: OTHER.to_owned(),
        ..new_run("run-3")
    };
    journal.begin(&other).unwrap();
    journal.commit("run-3", &entries[..1]).unwrap();

    let found = journal.traces("c5", &|text| text == "c5").unwrap();
    let traces = [("run-1", 5), ("run-2", 8)].map(|(run, record)| Trace {
        run: run.to_owned(),
        record,
    });
    assert_eq!(found.records, traces);
    journal.forget_customer(&found).unwrap();
    assert!(
        journal
            .traces("c5", &|text| text == "n-5")
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_was_sent_and_is_not_known_is_found() {
    let folder = folder();
    let mut journal = started(&folder);
    journal.commit("run-1", &[intent(&journal, 7)]).unwrap();
    let found = journal.traces("c7", &|_| false).unwrap();
    let open = Trace {
        run: "run-1".to_owned(),
        record: 7,
    };
    assert_eq!(found.open, [open]);
    assert_eq!(journal.count_open("run-1").unwrap(), 1);
    assert!(journal.traces("c8", &|_| false).unwrap().is_empty());
    // Whoever insists has it deleted with its run.
    journal.forget_runs(&["run-1".to_owned()]).unwrap();
    assert_eq!(journal.open_intents(TARGET).unwrap(), []);
}

/// The files as a kill leaves them, elsewhere.
fn killed(folder: &Path) -> TempDir {
    let copy = super::folder();
    for (name, content) in snapshot(folder) {
        std::fs::write(copy.path().join(name), content).unwrap();
    }
    copy
}

#[test]
pub(super) fn what_a_killed_forgetting_left_is_erased_by_the_next() {
    let folder = folder();
    let mut journal = filled(&folder);
    journal.forget_runs(&["run-1".to_owned()]).unwrap();
    let left = set([1_000..1_300, 2_000..2_300]);
    // The next forgetting, or the next run that closes the journal.
    for close in [false, true] {
        let copy = killed(folder.path());
        let mut next = Journal::open(copy.path()).unwrap();
        assert!(next.is_erasing().unwrap());
        if close {
            next.close().unwrap();
        } else {
            assert!(next.erase().unwrap());
        }
        assert_eq!(traces(copy.path()), left);
    }
}

#[test]
fn a_journal_that_cannot_be_written_anew_keeps_its_temporary_tables_in_memory() {
    let folder = folder();
    let mut journal = filled(&folder);
    journal.forget_runs(&["run-1".to_owned()]).unwrap();
    let writer = Connection::open(folder.path().join(FILE)).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    journal
        .connection
        .busy_timeout(Duration::from_millis(10))
        .unwrap();
    let place = |journal: &Journal| -> i64 {
        let connection = &journal.connection;
        connection
            .pragma_query_value(None, "temp_store", |row| row.get(0))
            .unwrap()
    };
    let before = place(&journal);
    journal.erase().unwrap_err();
    assert_eq!((before, place(&journal)), (2, 2));
    writer.execute_batch("COMMIT").unwrap();
    assert!(journal.erase().unwrap());
    assert_eq!(place(&journal), 2);
}

#[test]
fn somebody_who_reads_an_earlier_state_is_waited_for_and_told_of() {
    let folder = folder();
    let mut journal = filled(&folder);
    let reader = Connection::open(folder.path().join(FILE)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let _: i64 = reader
        .query_one("SELECT count(*) FROM records", [], |row| row.get(0))
        .unwrap();
    journal
        .connection
        .busy_timeout(Duration::from_millis(10))
        .unwrap();
    journal.forget_runs(&["run-1".to_owned()]).unwrap();
    let error = journal.erase().unwrap_err();
    assert!(matches!(error, JournalError::StillRead { .. }), "{error}");
    assert!(error.help().unwrap().english.contains("same command again"));
    reader.execute_batch("COMMIT").unwrap();
    // It has the journal open still, but reads nothing.
    assert!(journal.erase().unwrap());
    assert_eq!(traces(folder.path()), set([1_000..1_300, 2_000..2_300]));
}
