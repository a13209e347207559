//! Random histories against a model in memory.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::journal::place::pretended;
use crate::outcome::{Counts, KeyHash};

const RUNS: [(&str, &str); 3] = [("run-a", "shop"), ("run-b", "shop"), ("run-c", "test")];

#[derive(Clone, Debug)]
enum Step {
    Commit(usize, Vec<Change>),
    ClearFailed(usize),
    Finish(usize),
    Reopen,
}

#[derive(Clone, Debug)]
enum Change {
    Intent {
        record: u64,
        key: Option<u8>,
        attempt: u32,
    },
    Settled {
        record: u64,
        key: Option<u8>,
        outcome: Outcome,
    },
    Void {
        record: u64,
    },
}

fn changes() -> impl Strategy<Value = Change> {
    let record = 1..12_u64;
    let key = prop::option::weighted(0.8, 0..9_u8);
    prop_oneof![
        (record.clone(), key.clone(), 1..4_u32).prop_map(|(record, key, attempt)| {
            Change::Intent {
                record,
                key,
                attempt,
            }
        }),
        (record.clone(), key, select(every_outcome())).prop_map(|(record, key, outcome)| {
            Change::Settled {
                record,
                key,
                outcome,
            }
        }),
        record.prop_map(|record| Change::Void { record }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let run = 0..RUNS.len();
    let step = prop_oneof![
        8 => (run.clone(), prop::collection::vec(changes(), 0..8))
            .prop_map(|(run, changes)| Step::Commit(run, changes)),
        1 => run.clone().prop_map(Step::ClearFailed),
        1 => run.prop_map(Step::Finish),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..25)
}

#[derive(Default)]
struct Model {
    intents: BTreeMap<(usize, u64), Intent>,
    outcomes: BTreeMap<(usize, u64), Settled>,
    guard: BTreeMap<(&'static str, KeyHash), (usize, Settled)>,
}

impl Model {
    fn apply(&mut self, run: usize, entry: &Entry) {
        match entry {
            Entry::Intent(intent) => {
                let record = intent.submission.position.record;
                self.intents.insert((run, record), intent.clone());
            }
            Entry::Settled(settled) => {
                let place = (run, settled.position.record);
                if !matches!(settled.outcome, Outcome::Unknown { .. }) {
                    self.intents.remove(&place);
                }
                if let (Outcome::Created { .. }, Some(hash)) = (&settled.outcome, settled.key_hash)
                {
                    let target = RUNS[run].1;
                    self.guard.insert((target, hash), (run, settled.clone()));
                }
                self.outcomes.insert(place, settled.clone());
            }
            Entry::Void(position) => {
                self.intents.remove(&(run, position.record));
                self.outcomes.remove(&(run, position.record));
            }
        }
    }

    fn clear_failed(&mut self, run: usize) -> u64 {
        let before = self.outcomes.len();
        self.outcomes.retain(|(of, _), settled| {
            *of != run
                || !matches!(
                    settled.outcome,
                    Outcome::Invalid { .. } | Outcome::Refused { .. }
                )
        });
        (before - self.outcomes.len()) as u64
    }

    /// Asking for the guard completes it: that comes only now and then.
    fn compare(&self, journal: &mut Journal, with_guard: bool) {
        for (run, (id, _)) in RUNS.iter().enumerate() {
            self.compare_run(journal, run, id);
        }
        for target in ["shop", "test", "nowhere"] {
            self.compare_target(journal, target);
            if with_guard {
                self.compare_guard(journal, target);
            }
        }
    }

    fn compare_run(&self, journal: &Journal, run: usize, id: &str) {
        let outcomes: Vec<_> = self
            .outcomes
            .iter()
            .filter(|((of, _), _)| *of == run)
            .map(|(_, settled)| settled.clone())
            .collect();
        assert_eq!(journal.outcomes(id, 0, 99).unwrap(), outcomes);
        let behind = outcomes.iter().filter(|s| s.position.record > 4);
        let page: Vec<_> = behind.take(3).cloned().collect();
        assert_eq!(journal.outcomes(id, 4, 3).unwrap(), page);

        let mut counts = Counts {
            read: 20,
            ..Counts::default()
        };
        outcomes.iter().for_each(|s| counts.add(&s.outcome));
        counts.open = 20 - counts.settled();
        assert_eq!(journal.run(id).unwrap().unwrap().counts, counts);

        let mut taken: Vec<_> = self
            .outcomes
            .keys()
            .chain(self.intents.keys())
            .filter(|(of, _)| *of == run)
            .map(|(_, record)| *record)
            .collect();
        taken.sort_unstable();
        taken.dedup();
        assert_eq!(settled_in(journal, id), taken);
    }

    fn compare_target(&self, journal: &Journal, target: &str) {
        let open: Vec<_> = self
            .intents
            .iter()
            .filter(|((run, _), _)| RUNS[*run].1 == target)
            .map(|((run, record), intent)| OpenIntent {
                run: RUNS[*run].0.to_owned(),
                submission: intent.submission.clone(),
                attempt: intent.attempt,
                absent_before: intent.absent_before,
                at: intent.at,
                outcome_unknown: self
                    .outcomes
                    .get(&(*run, *record))
                    .is_some_and(|s| matches!(s.outcome, Outcome::Unknown { .. })),
            })
            .collect();
        assert_eq!(journal.open_intents(target).unwrap(), open);
    }

    fn compare_guard(&self, journal: &mut Journal, target: &str) {
        let guard: Vec<_> = self
            .guard
            .iter()
            .filter(|((of, _), _)| *of == target)
            .map(|((_, hash), (run, settled))| {
                let Outcome::Created { id, number, .. } = &settled.outcome else {
                    panic!("only what was created is guarded");
                };
                GuardRow {
                    key_hash: *hash,
                    payload: settled.payload,
                    id: *id,
                    number: number.clone(),
                    run: RUNS[*run].0.to_owned(),
                    record: settled.position.record,
                }
            })
            .collect();
        assert_eq!(journal.guard(target, None, None, 99).unwrap(), guard);
        if let Some(first) = guard.first() {
            let rest = journal
                .guard(target, None, Some(first.key_hash), 99)
                .unwrap();
            assert_eq!(rest, guard[1..]);
        }
    }
}

/// No two records of a run have the same key, as in any run; records of other runs do.
fn entry(journal: &Journal, run: usize, change: &Change, second: i64) -> Entry {
    let hash = |record: u64, key: Option<u8>| {
        let key = key.map(|_| format!("k{}", (record + 4 * run as u64) % 13))?;
        Some(journal.hashes.key(RUNS[run].1, &key))
    };
    match change {
        Change::Intent {
            record,
            key,
            attempt,
        } => {
            let body = "b"
                .repeat(usize::from(key.unwrap_or(30)) * 300)
                .into_bytes();
            Entry::Intent(Intent {
                submission: Submission {
                    position: position(*record),
                    key: key.map(|key| format!("k{key}")),
                    key_hash: hash(*record, *key),
                    payload: journal.hashes.payload(&body),
                    body: Arc::from(body),
                },
                attempt: *attempt,
                absent_before: attempt % 2 == 0,
                at: at(second),
            })
        }
        Change::Settled {
            record,
            key,
            outcome,
        } => Entry::Settled(Settled {
            position: position(*record),
            key_hash: hash(*record, *key),
            payload: key.map(|key| journal.hashes.payload(&[key])),
            outcome: outcome.clone(),
            at: at(second),
        }),
        Change::Void { record } => Entry::Void(position(*record)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_history_reads_as_in_the_model(steps in steps(), network in any::<bool>()) {
        // On a network the journal works in another way.
        pretended::with(network, || {
            let folder = folder();
            let mut journal = Journal::open(folder.path()).unwrap();
            for (id, target) in RUNS {
                let mut run = new_run(id);
                run.target = target.to_owned();
                journal.begin(&run).unwrap();
                journal.set_read(id, 20).unwrap();
            }
            let mut model = Model::default();
            for (second, step) in (0..).zip(steps) {
                match step {
                    Step::Commit(run, changes) => {
                        let entries: Vec<_> = changes
                            .iter()
                            .map(|change| entry(&journal, run, change, second))
                            .collect();
                        journal.commit(RUNS[run].0, &entries).unwrap();
                        entries.iter().for_each(|entry| model.apply(run, entry));
                    }
                    Step::ClearFailed(run) => {
                        let cleared = journal.clear_failed(RUNS[run].0).unwrap();
                        prop_assert_eq!(cleared, model.clear_failed(run));
                    }
                    Step::Finish(run) => journal
                        .finish(RUNS[run].0, &Ending::Finished, 0, at(second))
                        .unwrap(),
                    Step::Reopen => {
                        drop(journal);
                        journal = Journal::open(folder.path()).unwrap();
                    }
                }
                model.compare(&mut journal, second % 4 == 3);
            }
            drop(journal);
            model.compare(&mut Journal::open(folder.path()).unwrap(), true);
            Ok(())
        })?;
    }
}
