//! What reading an input found out: kept in parts, replaced, gone with its run.

use super::*;

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

fn kept(journal: &Journal, run: &str) -> Vec<String> {
    let parts = (0..).map(|part| journal.kept_reading(run, part).unwrap());
    parts.map_while(|part| part).collect()
}

#[test]
fn parts_stand_behind_one_another_until_others_take_their_place() {
    let folder = folder();
    let mut journal = started(&folder);
    journal.begin(&new_run("run-2")).unwrap();
    assert_eq!(kept(&journal, "run-1"), texts(&[]));
    let first = texts(&["a", "b"]);
    let parts = |first, contents| Parts { first, contents };
    journal.keep_reading("run-1", parts(0, &first)).unwrap();
    assert_eq!(journal.run("run-1").unwrap().unwrap().read, None);
    let last = texts(&["c"]);
    journal.end_reading("run-1", 7, parts(2, &last)).unwrap();
    journal.end_reading("run-2", 8, parts(0, &last)).unwrap();
    journal.close().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap();
    assert_eq!(kept(&journal, "run-1"), texts(&["a", "b", "c"]));
    assert_eq!(journal.run("run-1").unwrap().unwrap().read, Some(7));
    assert_eq!(kept(&journal, "run-2"), last);
    journal.keep_reading("run-1", parts(0, &last)).unwrap();
    assert_eq!(kept(&journal, "run-1"), last);
    journal.set_read("run-1", 9).unwrap();
    assert_eq!(kept(&journal, "run-1"), texts(&[]));
    assert_eq!(kept(&journal, "run-2"), last);
    let answer = journal.kept_reading("run-3", 0);
    assert!(matches!(answer, Err(JournalError::NoSuchRun { .. })));
}

#[test]
fn parts_go_with_their_run() {
    let folder = folder();
    let mut journal = started(&folder);
    let parts = texts(&["a", "b"]);
    let parts = Parts {
        first: 0,
        contents: &parts,
    };
    let left = |journal: &Journal| -> u64 {
        let count = "SELECT count(*) FROM readings";
        let left = journal.read(|connection| connection.query_one(count, [], |row| row.get(0)));
        left.unwrap()
    };
    journal.end_reading("run-1", 2, parts).unwrap();
    assert_eq!(left(&journal), 2);
    journal.discard("run-1").unwrap();
    assert_eq!(left(&journal), 0);
    for all in [false, true] {
        journal.begin(&new_run("run-1")).unwrap();
        journal.end_reading("run-1", 2, parts).unwrap();
        if all {
            journal.forget_target(TARGET).unwrap();
        } else {
            journal.forget_runs(&["run-1".to_owned()]).unwrap();
        }
        assert_eq!(left(&journal), 0);
    }
}

#[test]
fn a_part_that_is_not_what_was_written_is_damage() {
    for change in [
        "content = 'aa'",
        "hash = zeroblob(16)",
        "part = 1",
        "run_no = 2",
    ] {
        let folder = folder();
        let mut journal = started(&folder);
        journal.begin(&new_run("run-2")).unwrap();
        let parts = texts(&["a"]);
        let parts = Parts {
            first: 0,
            contents: &parts,
        };
        journal.end_reading("run-1", 2, parts).unwrap();
        let change = format!("UPDATE readings SET {change}");
        journal.connection.execute(&change, []).unwrap();
        let answers = [("run-1", 0), ("run-1", 1), ("run-2", 0)]
            .map(|(run, part)| journal.kept_reading(run, part));
        let damaged = answers
            .iter()
            .filter(|answer| matches!(answer, Err(JournalError::Damaged { .. })));
        assert_eq!(damaged.count(), 1, "{change}: {answers:?}");
        let none = answers.iter().filter(|answer| matches!(answer, Ok(None)));
        assert_eq!(none.count(), 2, "{change}: {answers:?}");
    }
}
