//! Runs: begun, found again, ended, taken back.

use super::*;

#[test]
fn a_run_is_found_by_its_input_and_by_its_id() {
    let folder = folder();
    let mut journal = Journal::open(folder.path()).unwrap();
    let first = new_run("0192-aa");
    let mut second = new_run("0192-ab");
    second.plan_hash = [3; 32];
    second.linked_to = Some(first.id.clone());
    let mut other_input = new_run("0193-aa");
    other_input.source_hash = [9; 32];
    let mut other_target = new_run("0194-aa");
    other_target.target = "test".to_owned();
    for run in [&first, &second, &other_input, &other_target] {
        journal.begin(run).unwrap();
    }
    let ids = |runs: Vec<RunRow>| runs.into_iter().map(|run| run.id).collect::<Vec<_>>();
    let found = journal.find(TARGET, &[1; 32]).unwrap();
    assert_eq!(ids(found), ["0192-ab", "0192-aa"]);
    let all = ["0194-aa", "0193-aa", "0192-ab", "0192-aa"];
    assert_eq!(ids(journal.runs().unwrap()), all);
    assert_eq!(journal.run("0193").unwrap().unwrap().id, "0193-aa");
    assert_eq!(journal.run("0195").unwrap(), None);
    assert_eq!(journal.run("").unwrap(), None);
    let error = journal.run("0192").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`0192` fits several runs, among them 0192-ab and 0192-aa"
    );
    let run = journal.run("0192-ab").unwrap().unwrap();
    assert_eq!(run.linked_to.as_deref(), Some("0192-aa"));
    assert_eq!(run.input_path, second.input_path);
    assert_eq!((run.started, run.plan_hash), (at(0), [3; 32]));
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_is_kept() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    let mut journal = Journal::open(folder.path()).unwrap();
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(b"/data/m\xfcller.csv"));
    let mut run = new_run("run-1");
    run.input_path = Some(path.clone());
    journal.begin(&run).unwrap();
    assert_eq!(
        journal.run("run-1").unwrap().unwrap().input_path,
        Some(path)
    );
}

#[test]
fn every_ending_comes_back() {
    let folder = folder();
    let mut journal = started(&folder);
    assert!(journal.run("run-1").unwrap().unwrap().is_unfinished());
    let endings = [
        Ending::Finished,
        Ending::Limited,
        Ending::TooManyInvalid,
        Ending::Stopped(Stop::Address { status: 404 }),
        Ending::Stopped(Stop::Tls),
        Ending::Stopped(Stop::Token {
            why: "invalid_client".to_owned(),
        }),
        Ending::Stopped(Stop::TooManyFailures {
            refused: 50,
            sent: u64::MAX,
        }),
        Ending::Outage,
        Ending::TimeUp,
        Ending::Interrupted,
        Ending::Terminated,
    ];
    for ending in endings {
        journal.finish("run-1", &ending, 143, at(9)).unwrap();
        let run = journal.run("run-1").unwrap().unwrap();
        assert_eq!(run.ending.as_ref(), Some(&ending));
        assert_eq!((run.finished, run.exit_code), (Some(at(9)), Some(143)));
        assert_eq!(run.is_unfinished(), ending.is_resumable());
        journal.reopen("run-1").unwrap();
        let run = journal.run("run-1").unwrap().unwrap();
        assert_eq!(
            (run.ending, run.finished, run.exit_code),
            (None, None, None)
        );
    }
}

#[test]
fn a_run_of_which_nothing_was_sent_can_be_taken_back() {
    let folder = folder();
    let mut journal = Journal::open(folder.path()).unwrap();
    for id in ["run-1", "run-2"] {
        journal.begin(&new_run(id)).unwrap();
        let left_out = settle(&journal, 1, Outcome::LeftOut);
        journal.commit(id, &[left_out]).unwrap();
    }
    let target = new_run("run-1").target;
    let intent = intent(&journal, 2);
    journal.commit("run-2", &[intent]).unwrap();
    journal.discard("run-1").unwrap();
    assert_eq!(journal.run("run-1").unwrap(), None);
    journal.discard("run-2").unwrap();
    assert_eq!(journal.open_intents(&target).unwrap().len(), 1);
    assert_eq!(journal.runs().unwrap().len(), 1);
    journal.begin(&new_run("run-1")).unwrap();
    assert!(journal.outcomes("run-1", 0, 9).unwrap().is_empty());
}

#[test]
fn a_run_that_is_not_there_is_named() {
    let folder = folder();
    let mut journal = started(&folder);
    let error = journal.commit("run-9", &[]).unwrap_err();
    assert!(matches!(&error, JournalError::NoSuchRun { run } if run == "run-9"));
    assert!(matches!(
        journal.outcomes("run-9", 0, 1),
        Err(JournalError::NoSuchRun { .. })
    ));
    journal.commit("run-1", &[]).unwrap();
}

#[test]
fn two_processes_note_something_in_the_options_of_a_run_at_the_same_time() {
    let folder = folder();
    let mut journal = Journal::open(folder.path()).unwrap();
    let mut other = Journal::open(folder.path()).unwrap();
    for (id, options) in [("run-1", "{}"), ("run-2", r#"{"report_folders":["/a"]}"#)] {
        let mut run = new_run(id);
        run.options = options.to_owned();
        journal.begin(&run).unwrap();
        for folder in ["/a", "/b", "/a"] {
            journal.add_report_folder(id, folder).unwrap();
        }
        other.set_minded(id, true).unwrap();
        journal.add_report_folder(id, "/c").unwrap();
        let row = other.run(id).unwrap().unwrap();
        assert!(row.minded);
        let options: serde_json::Value = serde_json::from_str(&row.options).unwrap();
        let expected = serde_json::json!({"report_folders": ["/a", "/b", "/c"], "minded": true});
        assert_eq!(options, expected);
    }
}
