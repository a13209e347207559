//! The model of journal and disk: what was synced survives, everything else is lost when the
//! process dies. It knows runs, outcomes, intents, counts and the key guard, as `journal` does.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::deliver::driver::Line;
use crate::deliver::engine::{Origin, Task};
use crate::outcome::{Counts, Ending, Outcome, Submission, UnknownWhy};

/// An intent that stands.
#[derive(Clone, Debug)]
pub(super) struct Intent {
    pub submission: Submission,
    pub attempt: u32,
    pub absent_before: bool,
}

/// One run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub id: Arc<str>,
    /// Which input it imports.
    pub input: usize,
    pub outcomes: BTreeMap<u64, Outcome>,
    pub intents: BTreeMap<u64, Intent>,
    /// Kept up to date by each change, as the journal's table of counts is.
    pub counts: Counts,
    pub ending: Option<Ending>,
    pub exit_code: Option<u8>,
}

/// Who created a key last.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    pub run: Arc<str>,
    pub payload: [u8; 16],
}

/// What is on the disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub runs: Vec<Run>,
    pub guard: BTreeMap<String, Guarded>,
}

/// Which run a command means.
#[derive(Clone, Debug)]
pub(super) enum Which {
    New,
    Resumed(Arc<str>),
    Finished,
}

impl Disk {
    /// The run with this id.
    pub(super) fn run(&self, id: &str) -> &Run {
        let run = self.runs.iter().find(|run| &*run.id == id);
        run.expect("a run that was begun")
    }

    fn run_mut(&mut self, id: &str) -> &mut Run {
        let run = self.runs.iter_mut().find(|run| &*run.id == id);
        run.expect("a run that was begun")
    }

    /// As `import::which` decides.
    pub(super) fn which(&self, input: usize, read: u64) -> Which {
        let Some(run) = self.runs.iter().rev().find(|run| run.input == input) else {
            return Which::New;
        };
        let open = read.saturating_sub(run.counts.settled());
        let unfinished = run.ending.as_ref().is_none_or(Ending::is_resumable)
            || open > 0
            || run.counts.unknown > 0;
        if unfinished {
            Which::Resumed(Arc::clone(&run.id))
        } else {
            Which::Finished
        }
    }

    /// Begins a run.
    pub(super) fn begin(&mut self, input: usize) -> Arc<str> {
        let id: Arc<str> = format!("run-{}", self.runs.len()).into();
        self.runs.push(Run {
            id: Arc::clone(&id),
            input,
            outcomes: BTreeMap::new(),
            intents: BTreeMap::new(),
            counts: Counts::default(),
            ending: None,
            exit_code: None,
        });
        id
    }

    /// The run goes on: it has no end any more.
    pub(super) fn reopen(&mut self, id: &str) {
        let run = self.run_mut(id);
        run.ending = None;
        run.exit_code = None;
    }

    /// How the run, or this process's part of it, ended.
    pub(super) fn finish(&mut self, id: &str, ending: Ending, exit_code: u8) {
        let run = self.run_mut(id);
        run.ending = Some(ending);
        run.exit_code = Some(exit_code);
    }

    /// Keeps one outcome of pass 1.
    pub(super) fn settle(&mut self, id: &str, record: u64, outcome: Outcome) {
        self.run_mut(id).settle(record, outcome);
    }

    /// One transaction.
    pub(super) fn commit(&mut self, lines: &[Line]) {
        for line in lines {
            match line {
                Line::Intend {
                    run,
                    submission,
                    attempt,
                    absent_before,
                } => {
                    let intent = Intent {
                        submission: Submission::clone(submission),
                        attempt: *attempt,
                        absent_before: *absent_before,
                    };
                    let record = submission.position.record;
                    self.run_mut(run).intents.insert(record, intent);
                }
                Line::Void { run, submission } => {
                    self.run_mut(run).void(submission.position.record);
                }
                Line::Settle {
                    run,
                    submission,
                    outcome,
                } => {
                    let record = submission.position.record;
                    if let (Outcome::Created { .. }, Some(key)) = (outcome, &submission.key) {
                        let guarded = Guarded {
                            run: Arc::clone(run),
                            payload: submission.payload,
                        };
                        self.guard.insert(key.clone(), guarded);
                    }
                    self.run_mut(run).settle(record, outcome.clone());
                }
            }
        }
    }

    /// Unknown only because another run's record with the same key was: open again.
    pub(super) fn forget_borrowed_unknowns(&mut self, id: &str) {
        let run = self.run_mut(id);
        let why = UnknownWhy::EarlierUnknown;
        let borrowed: Vec<u64> = run
            .outcomes
            .iter()
            .filter(|(_, outcome)| matches!(outcome, Outcome::Unknown { why: this, .. } if *this == why))
            .map(|(record, _)| *record)
            .collect();
        for record in borrowed {
            run.void(record);
        }
    }

    /// Open intents: this run's, and the others'.
    pub(super) fn open_intents(&self, id: &str) -> (Vec<Task>, Vec<Task>) {
        let tasks = self.runs.iter().flat_map(|run| {
            run.intents.values().map(|intent| Task {
                run: Arc::clone(&run.id),
                submission: intent.submission.clone(),
                origin: Origin::Recovered {
                    attempt: intent.attempt,
                    absent_before: intent.absent_before,
                },
            })
        });
        tasks.partition(|task| &*task.run == id)
    }
}

impl Run {
    fn settle(&mut self, record: u64, outcome: Outcome) {
        if !matches!(outcome, Outcome::Unknown { .. }) {
            self.intents.remove(&record);
        }
        self.counts.add(&outcome);
        if let Some(earlier) = self.outcomes.insert(record, outcome) {
            self.counts.remove(&earlier);
        }
    }

    fn void(&mut self, record: u64) {
        self.intents.remove(&record);
        if let Some(earlier) = self.outcomes.remove(&record) {
            self.counts.remove(&earlier);
        }
    }

    /// Whether the record must not be handed out again.
    pub(super) fn has(&self, record: u64) -> bool {
        self.outcomes.contains_key(&record) || self.intents.contains_key(&record)
    }

    /// Counts with what the input holds.
    pub(super) fn counts_of(&self, read: u64) -> Counts {
        let mut counts = self.counts;
        counts.read = read;
        counts.open = read.saturating_sub(counts.settled());
        counts
    }
}
