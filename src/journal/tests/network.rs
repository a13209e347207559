//! Everything that the journal promises holds on a network file system too, where it uses a
//! rollback journal: the other tests once more, as if every folder lay on one.

use std::fs;

use super::files::snapshot;
use super::*;
use crate::journal::place::pretended;

macro_rules! on_a_network {
    ($($name:ident: $test:path;)*) => { $(
        #[test]
        fn $name() {
            pretended::with(true, $test);
        }
    )* };
}

on_a_network! {
    outcomes: super::an_outcome_comes_back_as_it_was;
    intents: super::only_unknown_keeps_the_intent;
    voids: super::a_void_takes_intent_and_outcome_back;
    guard: super::the_guard_comes_in_pages_in_the_order_of_hashes;
    views: super::people_can_read_the_views;
    failing_writes: super::faults::a_write_that_fails_at_any_step_is_there_as_a_whole_or_not_at_all;
    failing_commits: super::faults::a_commit_that_fails_last_leaves_nothing_behind;
    failing_statements: super::faults::each_statement_may_fail;
    full_disk: super::faults::a_full_disk_poisons_and_loses_nothing;
    beside_a_reader: super::faults::a_reader_beside_the_writer_never_sees_damage;
    damage: super::files::a_cut_or_overwritten_file_is_damage;
    others: super::files::other_databases_and_later_formats_are_left_alone;
    two_processes: super::files::two_processes_may_use_one_journal;
    many_makers: super::files::many_can_make_the_journal_at_once;
    settled_customers: super::files::nothing_is_left_of_settled_customers;
    taken_back: super::files::nothing_is_left_of_what_was_taken_back;
    after_a_kill: super::files::what_a_killed_process_left_is_cleared_by_the_next;
    moved_rows: super::files::nothing_is_left_where_rows_were_moved;
    forgetting: super::forget::nothing_is_left_of_a_forgotten_run;
    forgetting_killed: super::forget::what_a_killed_forgetting_left_is_erased_by_the_next;
}

fn mode(journal: &Journal) -> (String, i64) {
    let one = |name| {
        journal
            .connection
            .pragma_query_value(None, name, |row| row.get(0))
    };
    let sync = journal
        .connection
        .pragma_query_value(None, "synchronous", |row| row.get(0));
    (one("journal_mode").unwrap(), sync.unwrap())
}

#[test]
fn a_network_gets_a_rollback_journal_and_keeps_it() {
    let folder = folder();
    let rollback = ("truncate".to_owned(), 3);
    pretended::with(true, || {
        let mut journal = started(&folder);
        assert_eq!(mode(&journal), rollback);
        journal.commit("run-1", &[intent(&journal, 1)]).unwrap();
        let names: Vec<_> = snapshot(folder.path()).into_iter().map(|f| f.0).collect();
        assert_eq!(names, [FILE], "no log, and the rollback journal is empty");
    });
    // A local process leaves it so: another computer may have it open.
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(mode(&journal), rollback);
    assert_eq!(journal.open_intents(TARGET).unwrap().len(), 1);
}

/// What is logged, kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_network_is_warned_of_and_a_local_disk_is_not() {
    for on in [true, false] {
        let folder = folder();
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            pretended::with(on, || drop(Journal::open(folder.path()).unwrap()));
        });
        let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let warned = said.contains("network file system") && said.contains("--state-dir");
        assert_eq!(warned, on, "{said}");
    }
}

#[test]
fn a_journal_with_a_log_is_converted_with_what_the_log_holds() {
    let local = folder();
    let mut journal = started(&local);
    journal.commit("run-1", &[intent(&journal, 1)]).unwrap();
    // As after a kill, then moved to a network: the log was not moved into the file.
    let moved = folder();
    for (name, content) in snapshot(local.path()) {
        fs::write(moved.path().join(name), content).unwrap();
    }
    drop(journal);
    assert!(moved.path().join("journal.db-wal").exists());
    pretended::with(true, || {
        let journal = Journal::open(moved.path()).unwrap();
        assert_eq!(mode(&journal).0, "truncate");
        assert_eq!(journal.open_intents(TARGET).unwrap().len(), 1);
        assert!(!moved.path().join("journal.db-shm").exists());
        // Nobody is locked out any more.
        let second = Journal::open(moved.path()).unwrap();
        assert_eq!(second.open_intents(TARGET).unwrap().len(), 1);
    });
}

#[test]
fn a_log_that_a_local_process_uses_is_not_taken_away() {
    let folder = folder();
    let local = started(&folder);
    local
        .connection
        .query_one("SELECT 1", [], |_| Ok(()))
        .unwrap();
    let path = folder.path().join(FILE);
    pretended::with(true, || {
        let connection = Connection::open_with_flags(&path, schema::open_flags()).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        connection
            .pragma_update(None, "locking_mode", "EXCLUSIVE")
            .unwrap();
        let error = schema::prepare(&connection, true).unwrap_err();
        let error = from_sql(&path, "cannot open", error);
        assert!(matches!(error, JournalError::Busy { .. }), "{error}");
    });
    assert_eq!(mode(&local).0, "wal");
}

#[test]
fn a_rollback_journal_after_a_kill_is_rolled_back() {
    let folder = folder();
    let copy = super::folder();
    pretended::with(true, || {
        let mut journal = started(&folder);
        journal.commit("run-1", &[intent(&journal, 1)]).unwrap();
        // In the midst of a commit: pages are in the file, what they were is in the journal.
        journal
            .connection
            .pragma_update(None, "cache_size", 5)
            .unwrap();
        let work = journal.connection.transaction().unwrap();
        for number in 0..3_000 {
            work.execute(
                "INSERT INTO records (run_no, record, line, outcome, at) \
                 VALUES (1, ?1, 1, 'grouped', 1)",
                [number],
            )
            .unwrap();
        }
        let files = snapshot(folder.path());
        assert!(files.iter().any(|(name, _)| name.ends_with("-journal")));
        for (name, content) in files {
            fs::write(copy.path().join(name), content).unwrap();
        }
        drop(work);
        let journal = Journal::open(copy.path()).unwrap();
        assert_eq!(journal.open_intents(TARGET).unwrap().len(), 1);
        assert_eq!(journal.outcomes("run-1", 0, 10).unwrap(), []);
    });
}

#[test]
fn a_lost_file_beside_its_rollback_journal_is_damage() {
    let folder = folder();
    fs::write(folder.path().join("journal.db-journal"), "pages").unwrap();
    let error = Journal::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("rollback journal"), "{error}");
}
