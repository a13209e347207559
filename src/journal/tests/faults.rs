//! Failures at every step: what was committed is there, what was not is not, and nothing lies
//! in between.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::files::snapshot;
use super::*;
use crate::journal::place::pretended;
use crate::outcome::KeyHash;

/// Everything that can be asked about the run, to compare states.
#[derive(Debug, PartialEq)]
struct State {
    run: Option<RunRow>,
    outcomes: Vec<Settled>,
    open: Vec<OpenIntent>,
    guard: BTreeMap<KeyHash, Guarded>,
    reading: Vec<String>,
}

/// Body's hash, id, number, run and record.
type Guarded = (Option<[u8; 16]>, Option<i64>, Option<String>, i64, u64);

fn state(journal: &Journal) -> State {
    let run = journal.run("run-1").unwrap();
    State {
        outcomes: match run {
            Some(_) => journal.outcomes("run-1", 0, 9_999).unwrap(),
            None => Vec::new(),
        },
        reading: match run {
            Some(_) => (0..)
                .map_while(|part| journal.kept_reading("run-1", part).unwrap())
                .collect(),
            None => Vec::new(),
        },
        run,
        open: journal.open_intents(TARGET).unwrap(),
        guard: guard_as_it_is(journal),
    }
}

/// What the guard would say, without anything being written for it.
fn guard_as_it_is(journal: &Journal) -> BTreeMap<KeyHash, Guarded> {
    let mut guard = BTreeMap::new();
    for source in [
        "keys",
        "records JOIN keys_pending USING (run_no) \
         WHERE outcome = 'created' AND key_hash IS NOT NULL AND at >= since",
    ] {
        let rows = journal.read(|connection| {
            connection
                .prepare(&format!(
                    "SELECT key_hash, payload, customer_id, customer_number, run_no, record \
                     FROM {source}"
                ))?
                .query_map([], |row| {
                    let guarded = (
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        row.get(4)?,
                        row.get(5)?,
                    );
                    Ok((row.get(0)?, guarded))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        guard.extend(rows.unwrap());
    }
    guard
}

fn state_of(folder: &TempDir) -> State {
    state(&Journal::open(folder.path()).unwrap())
}

fn copy(files: &[(String, Vec<u8>)]) -> TempDir {
    let folder = folder();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

/// A journal with something in every table.
fn prepared() -> TempDir {
    let folder = folder();
    let mut journal = started(&folder);
    journal
        .end_reading("run-1", 100, parts(&["a".to_owned(), "b".to_owned()]))
        .unwrap();
    let mut entries: Vec<_> = (1..=10).map(|record| intent(&journal, record)).collect();
    entries.push(settle(&journal, 1, created(1)));
    entries.push(settle(&journal, 2, unknown()));
    entries.push(settle(&journal, 7, unknown()));
    entries.push(settle(&journal, 20, invalid()));
    journal.commit("run-1", &entries).unwrap();
    journal.close().unwrap();
    folder
}

/// Two parts of what reading found out, instead of all earlier ones.
fn parts<'a>(contents: &'a [String; 2]) -> Parts<'a> {
    Parts { first: 0, contents }
}

/// Entries that use every statement.
fn batch(journal: &Journal) -> Vec<Entry> {
    vec![
        settle(journal, 2, created(2)),
        settle(journal, 3, refused()),
        settle(journal, 4, unknown()),
        settle(journal, 21, invalid()),
        intent(journal, 5),
        intent(journal, 11),
    ]
}

/// Takes back an intent, an intent with its outcome, an outcome, and nothing.
fn voids(_: &Journal) -> Vec<Entry> {
    [6, 7, 20, 99]
        .map(|record| Entry::Void(position(record)))
        .to_vec()
}

type Entries = fn(&Journal) -> Vec<Entry>;
type Write = fn(&mut Journal) -> Result<(), JournalError>;

const WRITES: [(&str, Write); 9] = [
    ("commit", |journal| {
        let entries = batch(journal);
        journal.commit("run-1", &entries)
    }),
    ("commit of voids", |journal| {
        let entries = voids(journal);
        journal.commit("run-1", &entries)
    }),
    ("begin", |journal| journal.begin(&new_run("run-2"))),
    ("clear_failed", |journal| {
        journal.clear_failed("run-1").map(|_| ())
    }),
    ("end_reading", |journal| {
        journal.end_reading("run-1", 101, parts(&["c".to_owned(), "d".to_owned()]))
    }),
    ("remember_companies", |journal| {
        journal.remember_companies("another", &[1])
    }),
    ("forget_runs", |journal| {
        journal.forget_runs(&["run-1".to_owned()])
    }),
    ("forget_target", |journal| journal.forget_target(TARGET)),
    ("forget_customer", |journal| {
        let traces = Traces {
            records: vec![Trace {
                run: "run-1".to_owned(),
                record: 1,
            }],
            open: Vec::new(),
            keys: [(1, journal.hashes.key(TARGET, "c1"))].into(),
        };
        journal.forget_customer(&traces)
    }),
];

fn assert_poisoned(journal: &mut Journal) {
    assert!(journal.poisoned);
    let entry = settle(journal, 50, created(50));
    for answer in [
        journal.commit("run-1", &[entry]),
        journal.commit("run-1", &[]),
        journal.begin(&new_run("run-3")),
        journal.set_read("run-1", 1),
        journal.reopen("run-1"),
        journal.finish("run-1", &Ending::Finished, 0, at(0)),
        journal.remember_companies("x", &[]),
        journal.clear_failed("run-1").map(|_| ()),
    ] {
        assert!(matches!(answer, Err(JournalError::Poisoned)), "{answer:?}");
    }
}

#[test]
pub(super) fn a_write_that_fails_at_any_step_is_there_as_a_whole_or_not_at_all() {
    let folder = prepared();
    let files = snapshot(folder.path());
    for (name, write) in WRITES {
        let whole = copy(&files);
        write(&mut Journal::open(whole.path()).unwrap()).unwrap();
        let (before, after) = (state_of(&folder), state_of(&whole));
        let mut committed = 0;
        for step in 1.. {
            let folder = copy(&files);
            let mut journal = Journal::open(folder.path()).unwrap();
            // The run's number is looked up before, so that steps of the write alone are met.
            journal.commit("run-1", &[]).unwrap();
            let steps = AtomicU64::new(0);
            let stop = move || steps.fetch_add(1, Ordering::Relaxed) + 1 >= step;
            journal.connection.progress_handler(1, Some(stop)).unwrap();
            let answer = write(&mut journal);
            journal
                .connection
                .progress_handler(1, None::<fn() -> bool>)
                .unwrap();
            match answer {
                Ok(()) => break,
                Err(JournalError::Sql { .. }) => {}
                Err(error) => panic!("{name} {step}: {error}"),
            }
            let now = state(&journal);
            assert_poisoned(&mut journal);
            drop(journal);
            assert_eq!(state_of(&folder), now, "{name} {step}, opened again");
            if now != before {
                assert_eq!(now, after, "{name} {step}");
                committed += 1;
            }
        }
        // SQLite may still complain when the commit itself is done: in doubt, but whole.
        assert!(committed <= 1, "{name}");
    }
}

#[test]
pub(super) fn a_commit_that_fails_last_leaves_nothing_behind() {
    let folder = prepared();
    let files = snapshot(folder.path());
    for entries_of in [batch as Entries, voids] {
        let folder = copy(&files);
        let before = state_of(&folder);
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.connection.commit_hook(Some(|| true)).unwrap();
        let entries = entries_of(&journal);
        journal.commit("run-1", &entries).unwrap_err();
        journal
            .connection
            .commit_hook(None::<fn() -> bool>)
            .unwrap();
        assert_eq!(state(&journal), before);
        assert_poisoned(&mut journal);
        drop(journal);
        assert_eq!(state_of(&folder), before);
    }
}

#[test]
pub(super) fn each_statement_may_fail() {
    let folder = prepared();
    let files = snapshot(folder.path());
    let places: [(&str, &str, Entries); _] = [
        ("INSERT", "intents", batch),
        ("UPDATE", "intents", batch),
        ("DELETE", "intents", batch),
        ("INSERT", "records", batch),
        ("DELETE", "records", batch),
        ("INSERT", "keys", batch),
        ("INSERT", "counts", batch),
        ("UPDATE", "counts", batch),
        ("DELETE", "intents", voids),
        ("DELETE", "records", voids),
        ("UPDATE", "counts", voids),
    ];
    for (verb, table, entries_of) in places {
        let folder = copy(&files);
        let before = state_of(&folder);
        let mut journal = Journal::open(folder.path()).unwrap();
        journal
            .connection
            .execute_batch(&format!(
                "CREATE TEMP TRIGGER fault BEFORE {verb} ON main.{table} \
                 BEGIN SELECT RAISE(ABORT, 'fault'); END"
            ))
            .unwrap();
        let entries = entries_of(&journal);
        journal.commit("run-1", &entries).unwrap_err();
        assert_poisoned(&mut journal);
        drop(journal);
        assert_eq!(state_of(&folder), before, "{verb} {table}");
    }
}

#[test]
pub(super) fn a_full_disk_poisons_and_loses_nothing() {
    let folder = prepared();
    let mut journal = Journal::open(folder.path()).unwrap();
    let pages: i64 = journal
        .connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    journal
        .connection
        .pragma_update(None, "max_page_count", pages + 2)
        .unwrap();
    let mut before = state(&journal);
    let mut failure = None;
    for record in 100..1_000 {
        let entry = intent(&journal, record);
        match journal.commit("run-1", &[entry]) {
            Ok(()) => before = state(&journal),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    let error = failure.unwrap();
    assert!(
        error.help().unwrap().english.contains("room on the disk"),
        "{error}"
    );
    assert_poisoned(&mut journal);
    drop(journal);
    assert_eq!(state_of(&folder), before);
}

/// The states after each of several commits, and the files while the journal is still open.
fn history(commits: u64) -> (Vec<State>, Vec<(String, Vec<u8>)>) {
    let folder = prepared();
    let mut journal = Journal::open(folder.path()).unwrap();
    let mut states = vec![state(&journal)];
    for number in 1..=commits {
        let record = 100 + number;
        let entries = [
            intent(&journal, record),
            settle(&journal, record - 1, created(number as i64)),
        ];
        journal.commit("run-1", &entries).unwrap();
        states.push(state(&journal));
    }
    let files = snapshot(folder.path());
    (states, files)
}

fn log(files: &mut [(String, Vec<u8>)]) -> &mut Vec<u8> {
    let file = files.iter_mut().find(|(name, _)| name.ends_with("-wal"));
    &mut file.unwrap().1
}

#[test]
pub(super) fn a_log_that_a_power_cut_tore_holds_the_commits_before_it() {
    let (states, files) = history(6);
    let whole = log(&mut files.clone()).len();
    let mut last = 0;
    let lengths = (0..=whole).step_by(611).chain([whole]);
    for length in lengths {
        let mut files = files.clone();
        log(&mut files).truncate(length);
        let now = state_of(&copy(&files));
        let reached = states.iter().position(|state| *state == now);
        let reached = reached.unwrap_or_else(|| panic!("half a commit at {length}"));
        assert!(reached >= last, "{length}");
        last = reached;
    }
    assert_eq!(last, states.len() - 1);
}

#[test]
fn a_log_that_has_less_than_was_written_is_named() {
    let folder = prepared();
    let mut journal = Journal::open(folder.path()).unwrap();
    for record in 100..106 {
        let entry = intent(&journal, record);
        journal.commit("run-1", &[entry]).unwrap();
    }
    // As SIGKILL leaves them: with the log's index.
    let mut files = snapshot(folder.path());
    let index = fs::read(folder.path().join("journal.db-shm")).unwrap();
    files.push(("journal.db-shm".to_owned(), index));
    assert_eq!(state_of(&copy(&files)), state(&journal));
    let whole = log(&mut files).len();
    let refused = |files: &[(String, Vec<u8>)], word: &str| {
        let error = Journal::open(copy(files).path()).unwrap_err();
        assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    };
    // The six commits of a frame each; behind them, frames of an older generation may lie.
    let written = 32 + 6 * (24 + 4_096);
    for length in [40, written / 3, written - 1] {
        let mut files = files.clone();
        log(&mut files).truncate(length);
        refused(&files, "frames that were written");
        log(&mut files).resize(whole, 0xA5);
        refused(&files, "frames that were written");
    }
    files.retain(|(name, _)| !name.ends_with("-wal"));
    refused(&files, "is gone");
}

#[test]
pub(super) fn room_that_was_never_written_is_no_damage() {
    let (states, mut files) = history(3);
    // As after a power cut: the file system grew the log, but its content never came.
    log(&mut files).extend([0; 40_000]);
    assert_eq!(state_of(&copy(&files)), states[3]);
    log(&mut files).fill(0);
    assert_eq!(state_of(&copy(&files)), states[0]);
}

#[test]
pub(super) fn damage_inside_the_log_is_named() {
    let (states, files) = history(6);
    let whole = log(&mut files.clone()).len();
    let frame = 24 + 4_096;
    let frames = (whole - 32) / frame;
    let mut named = 0;
    for place in (0..whole).step_by(509) {
        let mut files = files.clone();
        log(&mut files)[place] ^= 0x10;
        let folder = copy(&files);
        match Journal::open(folder.path()) {
            Err(JournalError::Damaged { path, .. }) => {
                assert!(path.to_string_lossy().ends_with("-wal"));
                let now = snapshot(folder.path());
                assert!(files.iter().all(|file| now.contains(file)), "touched");
                named += 1;
            }
            Err(error) => panic!("{error}"),
            // Only the last commit cannot be told from one that a power cut tore.
            Ok(journal) => {
                let now = state(&journal);
                assert!(now == states[5] || now == states[6], "{place}");
            }
        }
    }
    assert!(
        frames > 12 && named > whole / 509 / 2,
        "{named} of {frames}"
    );
}

#[test]
pub(super) fn an_old_generation_of_the_log_is_no_damage() {
    let folder = prepared();
    let mut journal = Journal::open(folder.path()).unwrap();
    for record in 100..130 {
        let entry = intent(&journal, record);
        journal.commit("run-1", &[entry]).unwrap();
    }
    // The log begins anew over the old frames, which stay behind the new ones.
    let _: i64 = journal
        .connection
        .query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get(0))
        .unwrap();
    for record in 130..133 {
        let entry = intent(&journal, record);
        journal.commit("run-1", &[entry]).unwrap();
    }
    let expected = state(&journal);
    assert_eq!(state_of(&copy(&snapshot(folder.path()))), expected);
    assert_eq!(expected.open.len(), 9 + 33);
}

#[test]
pub(super) fn a_reader_beside_the_writer_never_sees_damage() {
    let folder = prepared();
    let done = Arc::new(AtomicU64::new(0));
    std::thread::scope(|scope| {
        let reader = {
            let (done, path) = (Arc::clone(&done), folder.path());
            let network = pretended::is_on();
            scope.spawn(move || {
                pretended::with(network, || {
                    let mut seen = 0;
                    while done.load(Ordering::Relaxed) == 0 {
                        let journal = Journal::open_existing(path).unwrap().unwrap();
                        seen = seen.max(journal.open_intents(TARGET).unwrap().len());
                    }
                    seen
                })
            })
        };
        let mut journal = Journal::open(folder.path()).unwrap();
        for record in 100..400 {
            let entry = intent(&journal, record);
            journal.commit("run-1", &[entry]).unwrap();
            if record % 50 == 0 {
                let _ = journal.cut_log();
            }
        }
        done.store(1, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
        assert_eq!(journal.open_intents(TARGET).unwrap().len(), 309);
    });
}
