//! Questions about one record whose fate is not known, and what a run's code is afterwards.

use super::*;

#[test]
fn an_unknown_record_is_asked_for_alone_until_it_is_settled() {
    let folder = folder();
    let mut journal = started(&folder);
    let key = journal.hashes.key(TARGET, "c2");
    assert_eq!(journal.open_intent("run-1", 2).unwrap(), None);
    let entries = [1, 2].map(|record| intent(&journal, record));
    journal.commit("run-1", &entries).unwrap();
    journal
        .commit("run-1", &[settle(&journal, 2, unknown())])
        .unwrap();
    let open = journal.open_intent("run-1", 2).unwrap().unwrap();
    assert_eq!(open.submission, submission(&journal, 2));
    assert!(open.outcome_unknown);
    assert!(
        !journal
            .open_intent("run-1", 1)
            .unwrap()
            .unwrap()
            .outcome_unknown
    );
    assert_eq!(journal.last_attempt("run-1", 2).unwrap(), Some(at(1)));
    let settled = journal.outcome("run-1", 2).unwrap().unwrap();
    assert_eq!(settled.outcome, unknown());
    assert_eq!(journal.outcome("run-1", 1).unwrap(), None);
    let waits = ("run-1".to_owned(), 2);
    assert_eq!(journal.who_waits_with(TARGET, &key).unwrap(), Some(waits));
    assert_eq!(journal.who_waits_with("elsewhere", &key).unwrap(), None);
    assert_eq!(journal.guarded(TARGET, &key).unwrap(), None);

    journal
        .commit("run-1", &[settle(&journal, 2, created(7))])
        .unwrap();
    assert_eq!(journal.open_intent("run-1", 2).unwrap(), None);
    assert_eq!(journal.last_attempt("run-1", 2).unwrap(), None);
    assert_eq!(journal.who_waits_with(TARGET, &key).unwrap(), None);
    let known = journal.guarded(TARGET, &key).unwrap().unwrap();
    assert_eq!((known.id, known.record), (Some(7), 2));
    assert_eq!(journal.guarded("elsewhere", &key).unwrap(), None);
    assert!(journal.open_intent("nobody", 1).is_err());
}

#[test]
fn a_run_s_code_follows_what_becomes_of_its_records() {
    let folder = folder();
    let mut journal = started(&folder);
    journal.set_read("run-1", 2).unwrap();
    let code = |journal: &Journal| {
        let run = journal.run("run-1").unwrap().unwrap();
        (run.code_now(), run.ending_now())
    };
    assert_eq!(code(&journal), (None, None));
    let entries = [
        settle(&journal, 1, unknown()),
        settle(&journal, 2, refused()),
    ];
    journal.commit("run-1", &entries).unwrap();
    journal
        .finish("run-1", &Ending::Finished, 7, at(3))
        .unwrap();
    assert_eq!(code(&journal), (Some(7), Some(Ending::Finished)));
    journal
        .commit("run-1", &[settle(&journal, 1, created(1))])
        .unwrap();
    assert_eq!(code(&journal), (Some(3), Some(Ending::Finished)));
    journal
        .commit("run-1", &[Entry::Void(position(1))])
        .unwrap();
    assert_eq!(code(&journal), (None, Some(Ending::Limited)));
    // Who was unknown stood before what was minded.
    journal.set_minded("run-1", true).unwrap();
    let all = [1, 2].map(|record| settle(&journal, record, created(1)));
    journal.commit("run-1", &all).unwrap();
    assert_eq!(code(&journal), (Some(3), Some(Ending::Finished)));
    journal.set_minded("run-1", false).unwrap();
    assert_eq!(code(&journal), (Some(0), Some(Ending::Finished)));
    journal
        .commit("run-1", &[Entry::Void(position(1))])
        .unwrap();
    // What stopped it is still what ended it.
    journal.finish("run-1", &Ending::Outage, 75, at(4)).unwrap();
    assert_eq!(code(&journal), (Some(75), Some(Ending::Outage)));
}
