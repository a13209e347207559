//! One process: what `import` does around delivery, without files and HTTP: which run it is,
//! what an earlier process left, what the ERP has already, how the run is closed. Where that
//! changes, this must change with it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::disk::Which;
use super::driving::Driving;
use super::planted::Plant;
use super::story::{Existing, Fortune};
use super::world::World;
use crate::deliver::engine::{Engine, EngineSettings, Origin, Task};
use crate::deliver::pace::Moment;
use crate::outcome::{Code, Ending, FieldError, Outcome, Stage, Stop, UnknownWhy};

/// How a process came to its end.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Exit {
    /// It was killed.
    Killed,
    /// The journal failed.
    Failed,
    /// In good order, with this code.
    Code(u8),
    /// There was nothing to do.
    NothingToDo,
}

/// It was killed: nothing of it acts any more.
#[derive(Debug)]
pub(super) struct Killed;

/// A process at work on one input.
pub(super) struct Process<'w> {
    pub world: &'w mut World,
    pub plant: Plant,
    pub fortune: Option<Fortune>,
    pub started: Moment,
    pub commits: u64,
    input: usize,
    run: Arc<str>,
    events_before: u64,
}

/// How one engine's work ended.
#[derive(Debug)]
pub(super) enum Worked {
    Ended(Ending),
    Failed,
}

impl<'w> Process<'w> {
    /// Runs the command for this input once.
    pub(super) fn run(
        world: &'w mut World,
        input: usize,
        fortune: Option<Fortune>,
        plant: Plant,
    ) -> Exit {
        let read = world.story.inputs[input].len() as u64;
        let run = match world.disk.which(input, read) {
            Which::Finished => return Exit::NothingToDo,
            Which::Resumed(run) => {
                world.disk.reopen(&run);
                run
            }
            Which::New => world.disk.begin(input),
        };
        let mut process = Self {
            plant,
            fortune,
            input,
            run,
            started: world.now,
            events_before: world.events,
            commits: 0,
            world,
        };
        match process.work(read) {
            Ok(exit) => exit,
            Err(Killed) => {
                process.world.die();
                Exit::Killed
            }
        }
    }

    /// How much happened since the process began.
    pub(super) fn events(&self) -> u64 {
        self.world.events - self.events_before
    }

    pub(super) fn is_killed(&self) -> Result<(), Killed> {
        match self.fortune {
            Some(Fortune::Killed { after }) if self.events() >= after => Err(Killed),
            _ => Ok(()),
        }
    }

    fn work(&mut self, read: u64) -> Result<Exit, Killed> {
        self.world.disk.forget_borrowed_unknowns(&self.run);
        self.first_pass();
        let (own, others) = self.world.disk.open_intents(&self.run);
        let own = if self.plant == Plant::ForgetsIntents {
            Vec::new()
        } else {
            own
        };
        let mut ending = self.settle_others(others)?;
        if matches!(ending, Worked::Ended(Ending::Finished)) {
            self.settle_guarded();
            ending = match self.look_for_existing()? {
                Ok(origin) => self.send(own, origin)?,
                Err(ending) => Worked::Ended(ending),
            };
        }
        let Worked::Ended(ending) = ending else {
            self.world.die();
            return Ok(Exit::Failed);
        };
        let counts = self.world.disk.run(&self.run).counts_of(read);
        if counts.settled() > counts.read {
            self.world
                .oracle
                .blame(format!("{} outcomes for {read} records", counts.settled()));
        }
        let ending = match ending {
            Ending::Finished | Ending::Limited if counts.open > 0 => Ending::Limited,
            Ending::Limited => Ending::Finished,
            ending => ending,
        };
        let code = match self.plant {
            Plant::CodeOfCountsAlone => Ending::Finished.exit_code(&counts).number(),
            _ => ending.exit_code(&counts).number(),
        };
        self.world.disk.finish(&self.run, ending, code);
        self.world.die();
        Ok(Exit::Code(code))
    }

    /// What is invalid is settled before anything is sent.
    fn first_pass(&mut self) {
        for record in &self.world.story.inputs[self.input] {
            if !record.valid && !self.world.disk.run(&self.run).has(record.record) {
                let outcome = Outcome::Invalid {
                    stage: Stage::Validation,
                    errors: Vec::new(),
                };
                self.world.disk.settle(&self.run, record.record, outcome);
            }
        }
    }

    /// What other runs left open is looked up first, and never sent.
    fn settle_others(&mut self, others: Vec<Task>) -> Result<Worked, Killed> {
        let mut rest = others;
        while let Some(first) = rest.first() {
            let run = Arc::clone(&first.run);
            let (these, others): (Vec<_>, Vec<_>) =
                rest.into_iter().partition(|task| task.run == run);
            rest = others;
            let engine = self.engine(|settings| settings.look_only = true);
            match self.drive(engine, these.into())? {
                Worked::Ended(Ending::Finished) => {}
                other => return Ok(other),
            }
        }
        Ok(Worked::Ended(Ending::Finished))
    }

    /// As `import::known::settle_guarded`.
    fn settle_guarded(&mut self) {
        let disk = &mut self.world.disk;
        let open: Vec<String> = disk
            .runs
            .iter()
            .filter(|run| run.id != self.run)
            .flat_map(|run| run.intents.values())
            .filter_map(|intent| intent.submission.key.clone())
            .collect();
        for record in &self.world.story.inputs[self.input] {
            let submission = record.submission();
            let has = disk.run(&self.run).has(record.record);
            let (Some(key), false, true) = (&submission.key, has, record.valid) else {
                continue;
            };
            let outcome = match disk.guard.get(key).filter(|known| known.run != self.run) {
                Some(known) if known.payload == submission.payload => Outcome::Skipped {
                    id: None,
                    number: None,
                },
                Some(_) => Outcome::Changed {
                    id: None,
                    number: None,
                },
                None if open.contains(key) => Outcome::Unknown {
                    why: UnknownWhy::EarlierUnknown,
                    attempts: 0,
                },
                None => continue,
            };
            disk.settle(&self.run, record.record, outcome);
        }
    }

    /// As `import::existing`, with an inquiry that waits until the server is there.
    fn look_for_existing(&mut self) -> Result<Result<Origin, Ending>, Killed> {
        if self.world.story.existing == Existing::Send {
            return Ok(Ok(Origin::Unasked));
        }
        loop {
            let there = self
                .world
                .server
                .frozen_until
                .max(self.world.server.away_until);
            if self.world.now >= there {
                break;
            }
            self.world.step(Some(there));
            self.is_killed()?;
        }
        let stop = self.world.story.stop.filter(|_| !self.world.cured);
        if let Some(stop) = stop.filter(|stop| self.world.server.arrived >= stop.request) {
            let status = stop.status;
            return Ok(Err(Ending::Stopped(Stop::CannotRead { status })));
        }
        let shown = self
            .world
            .server
            .customers
            .iter()
            .filter(|there| there.shown);
        let shown: Vec<String> = shown.map(|there| there.number.to_lowercase()).collect();
        if shown.is_empty() {
            return Ok(Ok(Origin::Absent));
        }
        if self.world.random.bool() {
            return Ok(Ok(Origin::AskFirst));
        }
        let outcome = match self.world.story.existing {
            Existing::Fail => Outcome::Invalid {
                stage: Stage::Existing,
                errors: vec![FieldError::new(Code::KeyExists, "Number")],
            },
            _ => Outcome::Exists {
                id: None,
                number: None,
            },
        };
        for record in &self.world.story.inputs[self.input] {
            let key = record.submission().key;
            let listed = key.is_some_and(|key| shown.contains(&key));
            if listed && record.valid && !self.world.disk.run(&self.run).has(record.record) {
                let outcome = outcome.clone();
                self.world.disk.settle(&self.run, record.record, outcome);
            }
        }
        Ok(Ok(Origin::Absent))
    }

    /// What an earlier process left open, then the input.
    fn send(&mut self, own: Vec<Task>, origin: Origin) -> Result<Worked, Killed> {
        let run = self.world.disk.run(&self.run);
        let mut tasks: VecDeque<Task> = own.into();
        for record in &self.world.story.inputs[self.input] {
            let left = match self.plant {
                Plant::ForgetsIntents => !run.outcomes.contains_key(&record.record),
                _ => !run.has(record.record),
            };
            if record.valid && left {
                let keyed = record.number.is_some();
                tasks.push_back(Task {
                    run: Arc::clone(&self.run),
                    submission: record.submission(),
                    origin: if keyed { origin } else { Origin::Unasked },
                });
            }
        }
        let created_before = run.counts.created > 0;
        let story = &self.world.story;
        let (fails, limit) = (story.existing == Existing::Fail, story.limit);
        let engine = self.engine(|settings| {
            settings.existing_is_error = fails;
            settings.created_before = created_before;
            settings.limit = limit;
        });
        self.drive(engine, tasks)
    }

    fn engine(&mut self, change: impl FnOnce(&mut EngineSettings)) -> Engine {
        let mut settings = EngineSettings {
            delivery: self.world.story.delivery.clone(),
            identity: vec!["Number".to_owned()],
            existing_is_error: false,
            renewable: self.world.story.renewable,
            created_before: false,
            limit: None,
            look_only: false,
            seed: self.world.random.u64(..),
        };
        if self.plant == Plant::IgnoresSettleTime {
            settings.delivery.settle = Duration::ZERO;
        }
        change(&mut settings);
        Engine::new(settings)
    }

    fn drive(&mut self, engine: Engine, tasks: VecDeque<Task>) -> Result<Worked, Killed> {
        Driving::new(self, engine, tasks).run()
    }
}
