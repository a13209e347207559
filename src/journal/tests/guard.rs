//! The guard: whatever was created is known to later runs, though its key comes late.

use std::fs;

use super::files::snapshot;
use super::*;
use crate::outcome::KeyHash;

fn key(journal: &Journal, record: u64) -> KeyHash {
    submission(journal, record).key_hash.unwrap()
}

fn pending(journal: &Journal) -> Vec<i64> {
    let mut select = journal
        .connection
        .prepare("SELECT run_no FROM keys_pending")
        .unwrap();
    let rows = select.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

/// Run, record and id of each guarded key, by record.
fn guarded(journal: &mut Journal) -> Vec<(String, u64, Option<i64>)> {
    let mut rows: Vec<_> = journal
        .guard(TARGET, None, None, 9_999)
        .unwrap()
        .into_iter()
        .map(|row| (row.run, row.record, row.id))
        .collect();
    rows.sort_by_key(|(_, record, _)| *record);
    rows
}

fn create(journal: &mut Journal, run: &str, records: std::ops::RangeInclusive<u64>, id: i64) {
    let entries: Vec<_> = records
        .map(|record| settle(journal, record, created(id)))
        .collect();
    journal.commit(run, &entries).unwrap();
}

#[test]
fn a_killed_run_s_keys_are_guarded_for_the_next_one() {
    let folder = folder();
    let mut journal = started(&folder);
    create(&mut journal, "run-1", 1..=50, 1);
    create(&mut journal, "run-1", 51..=99, 1);
    assert_eq!(pending(&journal), [1]);
    // As after a kill: the files as they are now, elsewhere.
    let copy = super::folder();
    for (name, content) in snapshot(folder.path()) {
        fs::write(copy.path().join(name), content).unwrap();
    }
    let mut next = Journal::open(copy.path()).unwrap();
    // The run itself knows its own from its outcomes.
    assert_eq!(next.guard(TARGET, Some("run-1"), None, 9).unwrap(), []);
    assert_eq!(pending(&next), [1]);
    next.begin(&new_run("run-2")).unwrap();
    let guard = next.guard(TARGET, Some("run-2"), None, 999).unwrap();
    assert_eq!(guard.len(), 99);
    assert!(guard.is_sorted_by(|a, b| a.key_hash < b.key_hash));
    assert_eq!(pending(&next), [0; 0]);
    let hash = key(&next, 7);
    assert_eq!(next.guarded(TARGET, &hash).unwrap().unwrap().record, 7);
}

#[test]
fn one_key_is_enough_to_ask_for_all() {
    let folder = folder();
    let mut journal = started(&folder);
    create(&mut journal, "run-1", 1..=3, 1);
    let hash = key(&journal, 2);
    assert_eq!(journal.guarded(TARGET, &hash).unwrap().unwrap().record, 2);
    assert_eq!(pending(&journal), [0; 0]);
    // What comes after that is asked for like the first ones.
    create(&mut journal, "run-1", 4..=4, 1);
    let hash = key(&journal, 4);
    assert_eq!(journal.guarded(TARGET, &hash).unwrap().unwrap().record, 4);
}

#[test]
fn what_was_created_stays_guarded_whatever_becomes_of_its_record() {
    let folder = folder();
    let mut journal = started(&folder);
    create(&mut journal, "run-1", 1..=4, 1);
    let entries = [
        Entry::Void(position(1)),
        settle(&journal, 2, refused()),
        settle(&journal, 3, created(33)),
    ];
    journal.commit("run-1", &entries).unwrap();
    let run = || "run-1".to_owned();
    let all = [
        (run(), 1, Some(1)),
        (run(), 2, Some(1)),
        (run(), 3, Some(33)),
        (run(), 4, Some(1)),
    ];
    assert_eq!(guarded(&mut journal), all);
    assert_eq!(guarded(&mut journal), all);
}

#[test]
fn of_several_runs_the_last_one_has_the_key() {
    let folder = folder();
    let mut journal = started(&folder);
    journal.begin(&new_run("run-2")).unwrap();
    create(&mut journal, "run-1", 1..=3, 1);
    create(&mut journal, "run-2", 2..=3, 2);
    assert_eq!(pending(&journal), [2], "one run at a time");
    create(&mut journal, "run-1", 3..=3, 3);
    // An old outcome that goes takes nothing from a newer one.
    journal
        .commit("run-1", &[Entry::Void(position(2))])
        .unwrap();
    let expected = [
        ("run-1".to_owned(), 1, Some(1)),
        ("run-2".to_owned(), 2, Some(2)),
        ("run-1".to_owned(), 3, Some(3)),
    ];
    assert_eq!(guarded(&mut journal), expected);
}

#[test]
fn a_clock_that_was_set_back_loses_no_key() {
    let folder = folder();
    let mut journal = started(&folder);
    let mut entries = Vec::new();
    for (record, second) in [(1, 500), (2, 100), (3, 300)] {
        let mut settled = outcome_of(&journal, record, created(1));
        settled.at = at(second);
        entries.push(Entry::Settled(settled));
    }
    journal.commit("run-1", &entries[..1]).unwrap();
    journal.commit("run-1", &entries[1..]).unwrap();
    assert_eq!(guarded(&mut journal).len(), 3);
}

#[test]
fn a_journal_of_the_second_format_opens_and_goes_on() {
    let folder = folder();
    let mut journal = started(&folder);
    create(&mut journal, "run-1", 1..=2, 1);
    assert_eq!(guarded(&mut journal).len(), 2);
    journal.close().unwrap();
    let old = Connection::open(folder.path().join(FILE)).unwrap();
    old.execute_batch(
        "DROP TABLE keys_pending; DROP TABLE readings; \
         ALTER TABLE journal DROP COLUMN body_hash; PRAGMA user_version = 2;",
    )
    .unwrap();
    old.close().unwrap();

    let mut journal = Journal::open(folder.path()).unwrap();
    assert_eq!(guarded(&mut journal).len(), 2);
    create(&mut journal, "run-1", 3..=3, 3);
    let records: Vec<u64> = guarded(&mut journal).iter().map(|row| row.1).collect();
    assert_eq!(records, [1, 2, 3]);

    // The customers that it knows have hashes of BLAKE3: with others, all would have changed.
    let secret: [u8; 32] = journal
        .connection
        .query_one("SELECT secret FROM journal", [], |row| row.get(0))
        .unwrap();
    let hash = blake3::keyed_hash(&secret, b"payload{}");
    assert_eq!(journal.hashes().payload(b"{}"), hash.as_bytes()[..16]);
}
