//! Runs that correct others: nobody is counted twice, nobody is sent who is there.

use proptest::prelude::*;

use super::*;
use crate::outcome::Counts;

/// A journal with runs `0`, `1`, …, each linked to the one that is given for it.
fn family(folder: &TempDir, links: &[Option<usize>], reads: &[u64]) -> Journal {
    let mut journal = Journal::open(folder.path()).unwrap();
    for (number, (link, read)) in links.iter().zip(reads).enumerate() {
        let mut run = new_run(&format!("run-{number}"));
        run.linked_to = link.map(|to| format!("run-{to}"));
        journal.begin(&run).unwrap();
        journal.set_read(&run.id, *read).unwrap();
    }
    journal
}

fn keep(journal: &mut Journal, run: &str, record: u64, outcome: Outcome) {
    let entry = settle(journal, record, outcome);
    journal.commit(run, &[entry]).unwrap();
}

fn totals(journal: &Journal, run: &str) -> Counts {
    journal.family(run).unwrap().unwrap().totals
}

#[test]
fn a_run_on_its_own_has_no_family() {
    let folder = folder();
    let journal = family(&folder, &[None], &[3]);
    assert_eq!(journal.family("run-0").unwrap(), None);
    assert_eq!(journal.family("run-9").unwrap(), None);
}

#[test]
fn whoever_is_forgotten_leaves_a_family_that_still_counts_once() {
    for gone in 0..3 {
        let folder = folder();
        let mut journal = family(&folder, &[None, Some(0), Some(0)], &[3, 2, 1]);
        for (run, record, outcome) in [
            ("run-0", 1, invalid()),
            ("run-0", 2, invalid()),
            ("run-0", 3, created(3)),
            ("run-1", 1, created(1)),
            ("run-1", 2, invalid()),
            ("run-2", 1, created(2)),
        ] {
            keep(&mut journal, run, record, outcome);
        }
        journal
            .correct("run-1", "run-0", &[(1, 1), (2, 2)])
            .unwrap();
        journal.correct("run-2", "run-0", &[(1, 2)]).unwrap();
        assert_eq!(totals(&journal, "run-0").created, 3);
        journal.forget_runs(&[format!("run-{gone}")]).unwrap();
        let (read, created, invalid) = [(2, 2, 0), (3, 2, 1), (3, 2, 1)][gone];
        let left = if gone == 2 { "run-1" } else { "run-2" };
        let totals = totals(&journal, left);
        let expected = Counts {
            read,
            created,
            invalid,
            ..Counts::default()
        };
        assert_eq!(totals, expected, "without run-{gone}");
        let corrections: i64 = journal
            .connection
            .query_row("SELECT count(*) FROM corrections", [], |row| row.get(0))
            .unwrap();
        assert_eq!(corrections, [1, 1, 2][gone]);
    }
}

#[test]
fn each_customer_is_counted_once_through_a_chain_of_corrections() {
    let folder = folder();
    let mut journal = family(&folder, &[None, Some(0), Some(1)], &[4, 3, 1]);
    for (record, outcome) in [
        (1, created(1)),
        (2, invalid()),
        (3, refused()),
        (4, invalid()),
    ] {
        keep(&mut journal, "run-0", record, outcome);
    }
    // Two of the three that failed come back, and one that nobody knew.
    journal
        .correct("run-1", "run-0", &[(1, 2), (2, 3)])
        .unwrap();
    for (record, outcome) in [(1, created(2)), (2, invalid()), (3, created(9))] {
        keep(&mut journal, "run-1", record, outcome);
    }
    let so_far = Counts {
        read: 5,
        created: 3,
        invalid: 2,
        ..Counts::default()
    };
    let seen = journal.family("run-1").unwrap().unwrap();
    assert_eq!((seen.runs, seen.first.as_str()), (3, "run-0"));
    assert_eq!(seen.corrected_by, ["run-2"]);
    // The last of the chain is open still: that is what became of record 3.
    journal.correct("run-2", "run-1", &[(1, 2)]).unwrap();
    let open = Counts {
        invalid: 1,
        open: 1,
        ..so_far
    };
    for run in ["run-0", "run-1", "run-2"] {
        assert_eq!(totals(&journal, run), open);
    }
    keep(&mut journal, "run-2", 1, created(3));
    let all = Counts {
        read: 5,
        created: 4,
        invalid: 1,
        ..Counts::default()
    };
    assert_eq!(totals(&journal, "run-0"), all);
}

#[test]
fn who_was_created_in_another_run_of_the_family_is_known() {
    let folder = folder();
    let mut journal = family(&folder, &[None, Some(0), Some(0)], &[3, 3, 3]);
    for record in 1..=3 {
        keep(&mut journal, "run-0", record, invalid());
    }
    for run in ["run-1", "run-2"] {
        journal
            .correct(run, "run-0", &[(3, 1), (2, 2), (1, 3)])
            .unwrap();
    }
    assert_eq!(journal.elsewhere("run-2", 3).unwrap(), Elsewhere::Free);
    keep(&mut journal, "run-1", 3, created(7));
    keep(&mut journal, "run-1", 2, unknown());
    let sent = intent(&journal, 1);
    journal.commit("run-1", &[sent]).unwrap();
    assert_eq!(
        journal.elsewhere("run-2", 3).unwrap(),
        Elsewhere::Created {
            id: Some(7),
            number: Some("C7".to_owned())
        }
    );
    for record in [1, 2] {
        let run = "run-1".to_owned();
        assert_eq!(
            journal.elsewhere("run-2", record).unwrap(),
            Elsewhere::Unknown { run, record }
        );
    }
    // Its own outcome says nothing about elsewhere.
    keep(&mut journal, "run-2", 3, created(8));
    assert_eq!(journal.elsewhere("run-2", 9).unwrap(), Elsewhere::Free);
    // What is created or may be is not tried again in the run where it failed.
    assert_eq!(journal.clear_failed("run-0").unwrap(), 0);
    journal
        .commit("run-1", &[Entry::Void(position(1))])
        .unwrap();
    assert_eq!(journal.clear_failed("run-0").unwrap(), 1);
    assert_eq!(settled_in(&journal, "run-0"), [1, 2]);
    let counts = journal.run("run-0").unwrap().unwrap().counts;
    assert_eq!((counts.invalid, counts.open), (2, 1));
}

/// A record that waits for another one, and was never sent by its own run.
fn waiting() -> Outcome {
    Outcome::Unknown {
        why: UnknownWhy::EarlierUnknown,
        attempts: 0,
    }
}

#[test]
fn who_is_open_again_is_sent_by_its_own_run_first() {
    let folder = folder();
    let mut journal = family(&folder, &[None, Some(0), Some(1)], &[5, 1, 1]);
    keep(&mut journal, "run-0", 5, refused());
    keep(&mut journal, "run-1", 1, invalid());
    journal.correct("run-1", "run-0", &[(1, 5)]).unwrap();
    journal.correct("run-2", "run-1", &[(1, 1)]).unwrap();
    let void = |journal: &mut Journal, run: &str, record| {
        let void = Entry::Void(position(record));
        journal.commit(run, &[void]).unwrap();
    };
    let open = |run: &str, record| Elsewhere::Open {
        run: run.to_owned(),
        record,
    };
    assert_eq!(journal.elsewhere("run-2", 1).unwrap(), Elsewhere::Free);
    // The origin is open: everyone who corrects it waits for it.
    void(&mut journal, "run-0", 5);
    for run in ["run-1", "run-2"] {
        assert_eq!(journal.elsewhere(run, 1).unwrap(), open("run-0", 5));
    }
    // Failed once more, and the record in between is open: only the last one waits.
    keep(&mut journal, "run-0", 5, refused());
    for outcome in [None, Some(waiting())] {
        void(&mut journal, "run-1", 1);
        if let Some(outcome) = outcome {
            keep(&mut journal, "run-1", 1, outcome);
        }
        keep(&mut journal, "run-2", 1, waiting());
        assert_eq!(journal.elsewhere("run-2", 1).unwrap(), open("run-1", 1));
        assert_eq!(journal.elsewhere("run-1", 1).unwrap(), Elsewhere::Free);
    }
    // What may be there weighs more than what is open.
    void(&mut journal, "run-0", 5);
    let sent = intent(&journal, 1);
    journal.commit("run-1", &[sent]).unwrap();
    let (run, record) = ("run-1".to_owned(), 1);
    assert_eq!(
        journal.elsewhere("run-2", 1).unwrap(),
        Elsewhere::Unknown { run, record }
    );
}

#[test]
fn what_is_noted_twice_counts_once_and_goes_with_its_run() {
    let folder = folder();
    let mut journal = family(&folder, &[None, Some(0)], &[1, 1]);
    keep(&mut journal, "run-0", 1, invalid());
    for _ in 0..2 {
        journal.correct("run-1", "run-0", &[(1, 1)]).unwrap();
    }
    assert_eq!(totals(&journal, "run-0").read, 1);
    journal.discard("run-1").unwrap();
    assert_eq!(journal.family("run-0").unwrap(), None);
    let left: i64 = journal
        .connection
        .query_row("SELECT count(*) FROM corrections", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn corrections_are_read_in_the_order_of_their_index() {
    let folder = folder();
    let journal = family(&folder, &[None], &[1]);
    let plan: Vec<String> = journal
        .connection
        .prepare(&format!(
            "EXPLAIN QUERY PLAN {}",
            crate::journal::links::CORRECTED
        ))
        .unwrap()
        .query_map([1], |row| row.get("detail"))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let plan = plan.join("; ");
    assert!(
        !plan.contains("TEMP B-TREE") && !plan.contains("SCAN"),
        "{plan}"
    );
}

fn any_outcome() -> impl Strategy<Value = Option<Outcome>> {
    prop::sample::select(vec![
        None,
        Some(created(1)),
        Some(invalid()),
        Some(refused()),
        Some(unknown()),
        Some(Outcome::LeftOut),
        Some(Outcome::Skipped {
            id: None,
            number: None,
        }),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Runs with outcomes at random, each of whose records corrects one of an earlier run or
    /// none.
    #[test]
    fn the_totals_of_any_family_add_up(
        runs in prop::collection::vec(
            (0_usize..8, prop::collection::vec((any_outcome(), prop::option::of(1_u64..6)), 1..6)),
            1..5,
        ),
    ) {
        let folder = folder();
        let links: Vec<Option<usize>> = runs
            .iter()
            .enumerate()
            .map(|(number, (to, _))| to.checked_rem(number))
            .collect();
        let reads: Vec<u64> = runs.iter().map(|(_, records)| records.len() as u64).collect();
        let mut journal = family(&folder, &links, &reads);
        let mut corrections = 0;
        for (number, (_, records)) in runs.iter().enumerate() {
            let run = format!("run-{number}");
            let mut taken = std::collections::BTreeSet::new();
            let mut pairs = Vec::new();
            for (record, (outcome, of)) in (1..).zip(records) {
                if let Some(outcome) = outcome {
                    keep(&mut journal, &run, record, outcome.clone());
                }
                if let (Some(to), Some(of)) = (links[number], of)
                    && *of <= reads[to]
                    && taken.insert(*of)
                {
                    pairs.push((record, *of));
                }
            }
            corrections += pairs.len() as u64;
            if let Some(to) = links[number] {
                journal.correct(&run, &format!("run-{to}"), &pairs).unwrap();
            }
        }
        let all: u64 = reads.iter().sum();
        if let Some(family) = journal.family("run-0").unwrap() {
            let totals = family.totals;
            prop_assert_eq!(totals.settled() + totals.open, totals.read);
            prop_assert_eq!(totals.read, all - corrections);
        }
    }
}
