//! The journal as its users see it.

mod faults;
mod files;
mod forget;
mod guard;
mod links;
mod model;
mod network;
mod readings;
mod runs;
mod unknown;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::outcome::{
    Code, Ending, FieldError, How, Outcome, ServerError, Settled, Stage, Stop, Submission,
    UnknownWhy,
};
use crate::record::Position;

const TARGET: &str = "shop-live";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::new(1_790_000_000 + second, 123_456_789).unwrap()
}

fn new_run(id: &str) -> NewRun {
    NewRun {
        id: id.to_owned(),
        target: TARGET.to_owned(),
        source_hash: [1; 32],
        plan_hash: [2; 32],
        input: "customers.csv".to_owned(),
        input_path: Some(PathBuf::from("/data/customers.csv")),
        mapping: "map.toml".to_owned(),
        mapping_text: "[customer]\n".to_owned(),
        source_options: "{}".to_owned(),
        options: "{\"existing\":\"skip\"}".to_owned(),
        version: "0.1.0".to_owned(),
        started: at(0),
        linked_to: None,
    }
}

fn position(record: u64) -> Position {
    Position {
        record,
        line: record * 2 + 1,
    }
}

fn submission(journal: &Journal, record: u64) -> Submission {
    let key = format!("c{record}");
    let body = format!("{{\"Number\":\"C{record}\"}}").into_bytes();
    Submission {
        position: position(record),
        key_hash: Some(journal.hashes.key(TARGET, &key)),
        key: Some(key),
        payload: journal.hashes.payload(&body),
        body: Arc::from(body),
    }
}

fn intent(journal: &Journal, record: u64) -> Entry {
    Entry::Intent(Intent {
        submission: submission(journal, record),
        attempt: 1,
        absent_before: true,
        at: at(1),
    })
}

fn outcome_of(journal: &Journal, record: u64, outcome: Outcome) -> Settled {
    let submission = submission(journal, record);
    Settled {
        position: submission.position,
        key_hash: submission.key_hash,
        payload: Some(submission.payload),
        outcome,
        at: at(2),
    }
}

fn settle(journal: &Journal, record: u64, outcome: Outcome) -> Entry {
    Entry::Settled(outcome_of(journal, record, outcome))
}

fn created(id: i64) -> Outcome {
    Outcome::Created {
        id: Some(id),
        number: Some(format!("C{id}")),
        attempts: 1,
        how: How::Posted,
    }
}

fn unknown() -> Outcome {
    Outcome::Unknown {
        why: UnknownWhy::LookupImpossible,
        attempts: 2,
    }
}

fn refused() -> Outcome {
    Outcome::Refused {
        status: 422,
        code: Some("Invalid".to_owned()),
        errors: vec![ServerError {
            field: "CustomerGroupId".to_owned(),
            text: "does not exist".to_owned(),
        }],
        attempts: 3,
    }
}

fn invalid() -> Outcome {
    Outcome::Invalid {
        stage: Stage::Validation,
        errors: vec![
            FieldError::new(Code::LengthMax, "BillingAddress.City")
                .with("max", 255)
                .in_columns(["Ort"]),
        ],
    }
}

fn every_outcome() -> Vec<Outcome> {
    let (id, number) = (Some(7), Some("C7".to_owned()));
    vec![
        created(1),
        Outcome::Created {
            id: None,
            number: None,
            attempts: 4,
            how: How::Found,
        },
        Outcome::Created {
            id: None,
            number: Some("C8".to_owned()),
            attempts: 1,
            how: How::Resolved,
        },
        Outcome::Exists {
            id,
            number: number.clone(),
        },
        Outcome::Skipped {
            id,
            number: number.clone(),
        },
        Outcome::Changed { id: None, number },
        invalid(),
        refused(),
        Outcome::Refused {
            status: 500,
            code: None,
            errors: Vec::new(),
            attempts: 5,
        },
        unknown(),
        Outcome::LeftOut,
        Outcome::Grouped,
        Outcome::Ready,
    ]
}

/// A journal with one run, `run-1`.
/// The run's records that must not be sent again, in their order.
fn settled_in(journal: &Journal, run: &str) -> Vec<u64> {
    let mut records = BTreeSet::new();
    journal
        .each_settled(run, &mut |record| {
            records.insert(record);
        })
        .unwrap();
    records.into_iter().collect()
}

fn started(folder: &TempDir) -> Journal {
    let mut journal = Journal::open(folder.path()).unwrap();
    journal.begin(&new_run("run-1")).unwrap();
    journal
}

#[test]
fn an_outcome_comes_back_as_it_was() {
    let folder = folder();
    let mut journal = started(&folder);
    let settled: Vec<_> = (1..)
        .zip(every_outcome())
        .map(|(record, outcome)| outcome_of(&journal, record, outcome))
        .collect();
    let entries: Vec<_> = settled.iter().cloned().map(Entry::Settled).collect();
    journal.commit("run-1", &entries).unwrap();
    journal.close().unwrap();

    let journal = Journal::open_existing(folder.path()).unwrap().unwrap();
    assert_eq!(journal.outcomes("run-1", 0, 100).unwrap(), settled);
    assert_eq!(journal.outcomes("run-1", 3, 2).unwrap(), settled[3..5]);
    let counts = journal.run("run-1").unwrap().unwrap().counts;
    assert_eq!(counts.settled(), settled.len() as u64);
    assert_eq!((counts.created, counts.refused, counts.grouped), (3, 2, 1));
}

#[test]
fn values_of_customers_are_not_kept_with_errors() {
    let folder = folder();
    let mut journal = started(&folder);
    let error = FieldError::new(Code::EmailMalformed, "BillingAddress.EmailAddress");
    let full = error.clone().of_value("anna@@example.org");
    let outcome = Outcome::Invalid {
        stage: Stage::Mapping,
        errors: vec![full],
    };
    journal
        .commit("run-1", &[settle(&journal, 1, outcome)])
        .unwrap();
    let Outcome::Invalid { errors, .. } = &journal.outcomes("run-1", 0, 1).unwrap()[0].outcome
    else {
        panic!("another outcome");
    };
    assert_eq!(errors, &[error]);
}

#[test]
fn only_unknown_keeps_the_intent() {
    let folder = folder();
    let mut journal = started(&folder);
    for (record, outcome) in (1..).zip(every_outcome()) {
        let keeps = matches!(outcome, Outcome::Unknown { .. });
        journal
            .commit("run-1", &[intent(&journal, record)])
            .unwrap();
        assert_eq!(journal.open_intents("elsewhere").unwrap(), []);
        let open = journal.open_intents(TARGET).unwrap();
        assert_eq!(
            open.last().unwrap().submission,
            submission(&journal, record)
        );
        assert!(!open.last().unwrap().outcome_unknown);

        journal
            .commit("run-1", &[settle(&journal, record, outcome)])
            .unwrap();
        if keeps {
            let open = journal.open_intents(TARGET).unwrap();
            assert_eq!(open.len(), 1);
            assert_eq!(open[0].submission, submission(&journal, record));
            assert!(open[0].outcome_unknown);
            journal
                .commit("run-1", &[settle(&journal, record, created(9))])
                .unwrap();
        }
        assert_eq!(journal.open_intents(TARGET).unwrap(), []);
    }
}

#[test]
fn a_later_outcome_replaces_an_earlier_one_in_the_counts_too() {
    let folder = folder();
    let mut journal = started(&folder);
    journal.set_read("run-1", 5).unwrap();
    let entries = [
        settle(&journal, 1, unknown()),
        settle(&journal, 2, unknown()),
        settle(&journal, 1, created(1)),
    ];
    journal.commit("run-1", &entries).unwrap();
    let run = journal.run("run-1").unwrap().unwrap();
    assert_eq!(
        run.counts,
        crate::outcome::Counts {
            read: 5,
            created: 1,
            unknown: 1,
            open: 3,
            ..Default::default()
        }
    );
}

#[test]
fn a_void_takes_intent_and_outcome_back() {
    let folder = folder();
    let mut journal = started(&folder);
    journal.begin(&new_run("run-2")).unwrap();
    journal.set_read("run-1", 6).unwrap();
    let entries = [
        intent(&journal, 1),
        intent(&journal, 2),
        settle(&journal, 2, unknown()),
        settle(&journal, 3, invalid()),
        intent(&journal, 4),
        settle(&journal, 4, unknown()),
        settle(&journal, 5, invalid()),
        settle(&journal, 6, created(6)),
    ];
    journal.commit("run-1", &entries).unwrap();
    journal.commit("run-2", &[intent(&journal, 1)]).unwrap();

    // An intent, both, an outcome, and a created customer, whose key stays guarded.
    let voids = [1, 2, 3, 6].map(|record| Entry::Void(position(record)));
    journal.commit("run-1", &voids).unwrap();
    let open: Vec<_> = journal
        .open_intents(TARGET)
        .unwrap()
        .into_iter()
        .map(|open| (open.run, open.submission.position.record))
        .collect();
    assert_eq!(open, [("run-1".to_owned(), 4), ("run-2".to_owned(), 1)]);
    assert_eq!(settled_in(&journal, "run-1"), [4, 5]);
    let counts = crate::outcome::Counts {
        read: 6,
        invalid: 1,
        unknown: 1,
        open: 4,
        ..Default::default()
    };
    assert_eq!(journal.run("run-1").unwrap().unwrap().counts, counts);
    assert_eq!(journal.guard(TARGET, None, None, 10).unwrap().len(), 1);

    // The record is open like any other: it can be sent now.
    let again = [intent(&journal, 2), settle(&journal, 2, created(2))];
    journal.commit("run-1", &again).unwrap();
    let counts = crate::outcome::Counts {
        created: 1,
        open: 3,
        ..counts
    };
    assert_eq!(journal.run("run-1").unwrap().unwrap().counts, counts);
}

#[test]
fn a_record_that_was_opened_again_makes_its_run_unfinished() {
    let folder = folder();
    let mut journal = started(&folder);
    journal.set_read("run-1", 1).unwrap();
    let entries = [intent(&journal, 1), settle(&journal, 1, unknown())];
    journal.commit("run-1", &entries).unwrap();
    journal
        .finish("run-1", &Ending::Finished, 7, at(3))
        .unwrap();
    assert!(!journal.run("run-1").unwrap().unwrap().is_unfinished());
    journal
        .commit("run-1", &[Entry::Void(position(1))])
        .unwrap();
    assert!(journal.run("run-1").unwrap().unwrap().is_unfinished());
}

#[test]
fn a_run_without_its_report_is_unfinished() {
    let folder = folder();
    let mut journal = started(&folder);
    let run = |journal: &Journal| journal.run("run-1").unwrap().unwrap();
    journal.end("run-1", &Ending::Finished, at(3)).unwrap();
    assert_eq!(run(&journal).ending, Some(Ending::Finished));
    assert!(run(&journal).is_unfinished());
    journal
        .finish("run-1", &Ending::Finished, 0, at(4))
        .unwrap();
    assert!(!run(&journal).is_unfinished());
}

#[test]
fn a_void_of_nothing_changes_nothing() {
    let folder = folder();
    let mut journal = started(&folder);
    journal.set_read("run-1", 3).unwrap();
    let entries = [settle(&journal, 1, created(1)), intent(&journal, 2)];
    journal.commit("run-1", &entries).unwrap();
    let before = journal.run("run-1").unwrap();
    let voids = [3, 3, u64::from(u32::MAX)].map(|record| Entry::Void(position(record)));
    journal.commit("run-1", &voids).unwrap();
    assert_eq!(journal.run("run-1").unwrap(), before);
    assert_eq!(settled_in(&journal, "run-1"), [1, 2]);

    // Within one commit: what was just noted is taken back, and only once.
    let entries = [
        intent(&journal, 3),
        settle(&journal, 3, unknown()),
        Entry::Void(position(3)),
        Entry::Void(position(3)),
    ];
    journal.commit("run-1", &entries).unwrap();
    assert_eq!(journal.run("run-1").unwrap(), before);
    assert_eq!(settled_in(&journal, "run-1"), [1, 2]);
}

#[test]
fn what_failed_can_be_opened_again() {
    let folder = folder();
    let mut journal = started(&folder);
    journal.set_read("run-1", 4).unwrap();
    let entries = [
        settle(&journal, 1, created(1)),
        settle(&journal, 2, invalid()),
        settle(&journal, 3, refused()),
        settle(&journal, 4, unknown()),
    ];
    journal.commit("run-1", &entries).unwrap();
    assert_eq!(journal.clear_failed("run-1").unwrap(), 2);
    assert_eq!(settled_in(&journal, "run-1"), [1, 4]);
    let counts = journal.run("run-1").unwrap().unwrap().counts;
    assert_eq!((counts.open, counts.invalid, counts.refused), (2, 0, 0));
    assert_eq!(journal.clear_failed("run-1").unwrap(), 0);
}

#[test]
fn the_guard_comes_in_pages_in_the_order_of_hashes() {
    let folder = folder();
    let mut journal = started(&folder);
    journal.begin(&new_run("run-2")).unwrap();
    let entries: Vec<_> = (1..=10)
        .map(|record| settle(&journal, record, created(5)))
        .collect();
    journal.commit("run-1", &entries).unwrap();
    let again = [
        settle(&journal, 3, created(33)),
        settle(&journal, 4, refused()),
    ];
    journal.commit("run-2", &again).unwrap();

    let mut rows = Vec::new();
    loop {
        let after = rows.last().map(|row: &GuardRow| row.key_hash);
        let page = journal.guard(TARGET, None, after, 4).unwrap();
        if page.is_empty() {
            break;
        }
        rows.extend(page);
    }
    assert!(rows.is_sorted_by(|a, b| a.key_hash < b.key_hash));
    assert_eq!(rows.len(), 10);
    for row in rows {
        let expected = submission(&journal, row.record);
        assert_eq!(row.key_hash, expected.key_hash.unwrap());
        assert_eq!(row.payload, Some(expected.payload));
        let (run, id) = match row.record {
            3 => ("run-2", 33),
            _ => ("run-1", 5),
        };
        assert_eq!((row.run.as_str(), row.id), (run, Some(id)));
    }
    assert_eq!(journal.guard("elsewhere", None, None, 4).unwrap(), []);
}

#[test]
fn companies_are_remembered_per_target() {
    let folder = folder();
    let mut journal = Journal::open(folder.path()).unwrap();
    assert_eq!(journal.companies("a").unwrap(), None);
    journal.remember_companies("a", &[1, -2, i64::MAX]).unwrap();
    journal.remember_companies("b", &[]).unwrap();
    assert_eq!(journal.companies("a").unwrap(), Some(vec![1, -2, i64::MAX]));
    assert_eq!(journal.companies("b").unwrap(), Some(Vec::new()));
}

#[test]
fn the_secret_is_random_and_stays() {
    let (one, other) = (folder(), folder());
    let hash = |folder: &TempDir| {
        let journal = Journal::open(folder.path()).unwrap();
        journal.hashes().key(TARGET, "c1")
    };
    let first = hash(&one);
    assert_eq!(hash(&one), first);
    assert_ne!(hash(&other), first);
}

#[test]
fn people_can_read_the_views() {
    let folder = folder();
    let mut journal = started(&folder);
    journal.set_read("run-1", 3).unwrap();
    let entries = [
        settle(&journal, 1, created(41)),
        intent(&journal, 2),
        settle(&journal, 2, unknown()),
        intent(&journal, 3),
    ];
    journal.commit("run-1", &entries).unwrap();
    let ending = Ending::Stopped(Stop::Tls);
    journal.finish("run-1", &ending, 5, at(3)).unwrap();
    let line = |sql: &str| -> String {
        journal
            .connection
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(
        line(
            "SELECT concat_ws('|', run, target, ending, exit_code, \"read\", counts, open_intents, started) FROM v_runs"
        ),
        "run-1|shop-live|stopped|5|3|{\"created\":1,\"unknown\":1}|2|2026-09-21T14:13:20.123Z"
    );
    assert_eq!(
        line(
            "SELECT group_concat(concat_ws('|', record, line, outcome, customer_id, customer_number, how), ' ' ORDER BY record) FROM v_records"
        ),
        "1|3|created|41|C41|posted 2|5|unknown"
    );
    assert_eq!(
        line(
            "SELECT group_concat(concat_ws('|', record, key, attempt, at, why), ' ' ORDER BY record) FROM v_unknown"
        ),
        "2|c2|1|2026-09-21T14:13:21.123Z|lookup_impossible 3|c3|1|2026-09-21T14:13:21.123Z"
    );
}

#[test]
fn pages_are_read_without_sorting() {
    let folder = folder();
    let journal = started(&folder);
    let plan = |sql: String| -> String {
        let mut select = journal
            .connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let steps = select
            .query_map(rusqlite::params_from_iter([1; 3]), |row| {
                row.get::<_, String>(3)
            })
            .unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    let outcomes = plan(reading::page_of_outcomes());
    assert!(!outcomes.contains("TEMP B-TREE"), "{outcomes}");
    assert!(!outcomes.contains("SCAN"), "{outcomes}");
}

/// What a commit costs beside its sync is pages: a body of 850 bytes takes a quarter of one,
/// and clearing the page of another customer's must not take as much again.
#[test]
fn the_next_intents_lie_where_those_of_settled_customers_lay() {
    let folder = folder();
    let mut journal = started(&folder);
    let with_body = |record| match intent(&journal, record) {
        Entry::Intent(mut intent) => {
            intent.submission.body = Arc::from(vec![b'x'; 850]);
            Entry::Intent(intent)
        }
        other => other,
    };
    let batches: Vec<Vec<Entry>> = (0..=10_u64)
        .map(|batch| {
            let records = 100 * batch + 1..=100 * batch + 100;
            let pairs = records.map(|record| {
                let settled = record
                    .checked_sub(100)
                    .filter(|earlier| *earlier > 0)
                    .map(|earlier| settle(&journal, earlier, created(7)));
                settled.into_iter().chain([with_body(record)])
            });
            pairs.flatten().collect()
        })
        .collect();
    let pages = || {
        let log = folder.path().join("journal.db-wal");
        std::fs::metadata(log).unwrap().len() / (24 + 4_096)
    };
    journal.commit("run-1", &batches[0]).unwrap();
    let before = pages();
    for batch in &batches[1..] {
        journal.commit("run-1", batch).unwrap();
    }
    let written = pages() - before;
    assert!(written < 400, "{written} pages for 1,000 records");
}
