//! One engine at work: what `deliver::driver` does around it, without tokio and HTTP. Where
//! that changes, this must change with it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::planted::{self, Plant};
use super::process::{Killed, Process, Worked};
use super::story::Fortune;
use super::world::{Ask, Heard};
use crate::deliver::driver::Line;
use crate::deliver::engine::{Action, Engine, JobId, Task};
use crate::deliver::pace::Moment;
use crate::outcome::{Attempt, Ending, How, Outcome, Submission};

/// How long requests in flight may take to finish after a stop, as in the driver.
const GRACE: Duration = Duration::from_secs(20);
/// Turns of the loop after which a process hangs.
const TURNS_AT_MOST: u64 = 400_000;

/// One engine at work, as in `deliver::driver`.
pub(super) struct Driving<'p, 'w> {
    process: &'p mut Process<'w>,
    engine: Engine,
    began: Moment,
    tasks: VecDeque<Task>,
    pending: Vec<Line>,
    pending_intents: Vec<JobId>,
    pending_since: Option<Moment>,
    syncing_intents: Vec<JobId>,
    /// The attempt that each job's newest intent speaks of.
    attempts: HashMap<JobId, u32>,
    /// Requests that left.
    sent: u32,
    failed: bool,
    grace_ends: Option<Moment>,
    dropped: bool,
}

impl<'p, 'w> Driving<'p, 'w> {
    pub(super) fn new(process: &'p mut Process<'w>, engine: Engine, tasks: VecDeque<Task>) -> Self {
        Self {
            began: process.world.now,
            process,
            engine,
            tasks,
            pending: Vec::new(),
            pending_intents: Vec::new(),
            pending_since: None,
            syncing_intents: Vec::new(),
            attempts: HashMap::new(),
            sent: 0,
            failed: false,
            grace_ends: None,
            dropped: false,
        }
    }

    fn now(&self) -> Moment {
        self.process.world.now - self.began
    }

    fn blame(&mut self, what: impl std::fmt::Display) {
        self.process.world.oracle.blame(what);
    }

    /// Works until everything is settled or the engine stops.
    pub(super) fn run(mut self) -> Result<Worked, Killed> {
        for _ in 0..TURNS_AT_MOST {
            self.process.is_killed()?;
            let wake = self.advance();
            let company = self.hand_over();
            let wake = wake.into_iter().chain(company).min();
            if self.is_over() {
                if self.failed {
                    return Ok(Worked::Failed);
                }
                self.check_flight();
                return Ok(Worked::Ended(self.engine.ending()));
            }
            self.meet_fortune();
            let next = self.process.world.next_event();
            let due = next.is_some_and(|at| at <= self.process.world.now);
            let wants = self.engine.wants() > 0 && !self.failed;
            if wants && (!due || self.process.world.random.bool()) {
                self.take();
                continue;
            }
            self.wait(wake);
            if self.process.world.oracle.broken.is_some() {
                return Err(Killed);
            }
        }
        self.blame("the engine does not come to an end");
        Err(Killed)
    }

    /// Gives the disk what came, as the driver does; says until when that waits for company.
    fn hand_over(&mut self) -> Option<Moment> {
        if self.process.world.syncing.is_some() || self.pending.is_empty() || self.failed {
            return None;
        }
        let now = self.now();
        let since = *self.pending_since.get_or_insert(now);
        if let Some(ends) = self.engine.may_wait_until(since)
            && now < ends
        {
            return Some(ends);
        }
        self.pending_since = None;
        self.syncing_intents = std::mem::take(&mut self.pending_intents);
        let lines = std::mem::take(&mut self.pending);
        self.process.world.sync(lines);
        None
    }

    /// Waits for the next thing to happen, and tells the engine.
    fn wait(&mut self, wake: Option<Moment>) {
        let grace = self.grace_ends.filter(|_| !self.dropped);
        let until = [wake.map(|at| at + self.began), grace, self.time_up()]
            .into_iter()
            .flatten()
            .min();
        if until.is_none() && self.process.world.next_event().is_none() {
            if self.engine.is_done() {
                return;
            }
            let engine = format!("{:?}", self.engine);
            self.blame(format!("the engine waits for nothing: {engine}"));
            return;
        }
        if let Some(heard) = self.process.world.step(until) {
            self.hear(heard);
        }
        let now = self.process.world.now;
        if grace.is_some_and(|at| now >= at) {
            self.drop_requests();
        }
    }

    fn time_up(&self) -> Option<Moment> {
        match self.process.fortune {
            Some(Fortune::TimeUp { after }) if !self.engine.is_stopping() => {
                Some(self.process.started + after)
            }
            _ => None,
        }
    }

    /// Signals and the deadline.
    fn meet_fortune(&mut self) {
        let events = self.process.events();
        if self
            .time_up()
            .is_some_and(|at| self.process.world.now >= at)
        {
            self.engine.stop(Ending::TimeUp);
        }
        match self.process.fortune {
            Some(Fortune::Interrupted { after }) if events >= after => {
                self.engine.stop(Ending::Interrupted);
            }
            Some(Fortune::Dropped { after }) if events >= after => {
                self.engine.stop(Ending::Interrupted);
                self.drop_requests();
            }
            _ => {}
        }
    }

    fn drop_requests(&mut self) {
        self.dropped = true;
        for heard in self.process.world.drop_requests() {
            self.hear(heard);
        }
    }

    fn is_over(&self) -> bool {
        let nothing_in_the_air = self.process.world.in_flight == 0;
        if self.failed {
            return nothing_in_the_air;
        }
        self.engine.is_done()
            && nothing_in_the_air
            && self.pending.is_empty()
            && self.process.world.syncing.is_none()
    }

    /// The engine may not believe that something is in flight when nothing is.
    fn check_flight(&mut self) {
        if self.engine.in_flight != 0 || self.engine.intending != 0 || self.engine.engaged != 0 {
            let engine = format!("{:?}", self.engine);
            self.blame(format!("the engine is done, but not at rest: {engine}"));
        }
    }

    fn take(&mut self) {
        while self.engine.wants() > 0 {
            match self.tasks.pop_front() {
                Some(task) => self.engine.offer(task),
                None => self.engine.source_ended(),
            }
        }
    }

    fn advance(&mut self) -> Option<Moment> {
        for _ in 0..10_000 {
            let (actions, wake) = self.engine.poll(self.now());
            let quiet = actions.is_empty();
            for action in actions {
                self.carry_out(action);
            }
            if self.engine.is_stopping() {
                let ends = self.process.world.now + GRACE;
                self.grace_ends.get_or_insert(ends);
            }
            if quiet {
                return wake;
            }
        }
        self.blame("the engine never rests");
        None
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Intend {
                job,
                attempt,
                absent_before,
            } => {
                let (Some(run), Some(submission)) =
                    (self.engine.run_of(job), self.engine.submission(job))
                else {
                    return;
                };
                self.pending.push(Line::Intend {
                    run: Arc::clone(run),
                    submission: submission.clone(),
                    attempt,
                    absent_before,
                });
                self.attempts.insert(job, attempt);
                self.pending_intents.push(job);
                if self.process.plant == Plant::PostsBeforeDurable {
                    self.engine.durable(job);
                }
            }
            Action::Void { run, submission } => {
                self.pending.push(Line::Void { run, submission });
            }
            Action::Settle {
                run,
                submission,
                outcome,
            } => self.settle(run, submission, outcome),
            Action::Keep {
                run,
                submission,
                outcome,
            } => self.pending.push(Line::Settle {
                run,
                submission,
                outcome,
            }),
            Action::Post { job } => self.post(job),
            Action::Look { job, page } => self.look(job, page),
            Action::Probe => self.send(JobId::MAX, Ask::Probe),
            Action::RenewToken => self.process.world.renew(),
            Action::TellPaused { .. } | Action::TellResumed => {}
        }
    }

    fn settle(&mut self, run: Arc<str>, submission: Arc<Submission>, outcome: Outcome) {
        let forgets = self.process.plant == Plant::VoidsWhatIsUnclear
            && matches!(outcome, Outcome::Unknown { .. });
        self.pending.push(if forgets {
            Line::Void { run, submission }
        } else {
            Line::Settle {
                run,
                submission,
                outcome,
            }
        });
    }

    fn post(&mut self, job: JobId) {
        let (Some(run), Some(submission)) = (
            self.engine.run_of(job).cloned(),
            self.engine.submission(job).cloned(),
        ) else {
            return;
        };
        let attempt = self.attempts.get(&job).copied().unwrap_or_default();
        let world = &mut *self.process.world;
        let post = world
            .oracle
            .posting(&world.disk, world.process, &run, &submission, attempt);
        if self.process.plant == Plant::SettlesBeforeTheAnswer {
            let outcome = Outcome::Created {
                id: None,
                number: None,
                attempts: attempt,
                how: How::Posted,
            };
            self.pending.push(Line::Settle {
                run: Arc::clone(&run),
                submission: submission.clone(),
                outcome,
            });
        }
        let ask = Ask::Post {
            run,
            submission,
            post,
        };
        self.send(job, ask);
    }

    fn look(&mut self, job: JobId, page: u32) {
        let Some(submission) = self.engine.submission(job).cloned() else {
            return;
        };
        if self.process.plant == Plant::ReadsFirstPageOnly && page > 1 {
            let now = self.now();
            planted::answer_with_nobody(&mut self.engine, job, now);
        } else {
            self.send(job, Ask::Look { submission, page });
        }
    }

    /// A request leaves; there may be so many of them, and they take one token each.
    fn send(&mut self, job: JobId, ask: Ask) {
        self.process.world.send(job, ask);
        let delivery = &self.process.world.story.delivery;
        // The probe goes beside the others.
        let most = delivery.concurrency.get() + 1;
        let rate = delivery.rate;
        let in_flight = self.process.world.in_flight;
        if in_flight > most {
            self.blame(format!("{in_flight} requests in flight"));
        }
        self.sent += 1;
        let sent = self.sent;
        if let Some(rate) = rate {
            let tokens = self.now().as_nanos() / (rate.per / rate.requests.get()).as_nanos() + 1;
            if u128::from(sent) > tokens {
                self.blame(format!("{sent} requests, but only {tokens} tokens"));
            }
        }
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Synced => self.synced(),
            Heard::Renewed => self.engine.renewed(Ok(())),
            Heard::Answer {
                job,
                ask,
                attempt,
                sent,
            } => self.hear_answer(job, &ask, attempt, sent),
        }
    }

    fn hear_answer(&mut self, job: JobId, ask: &Ask, attempt: Attempt, sent: Moment) {
        let now = self.now();
        match ask {
            Ask::Post { .. } => {
                let attempt = planted::twisted(self.process.plant, attempt);
                self.engine.posted(job, &attempt, now);
                if self.process.plant == Plant::SettlesFromTheSend {
                    planted::anchor(&mut self.engine, job, sent.saturating_sub(self.began));
                }
            }
            Ask::Look { .. } => {
                if self.process.plant == Plant::LooksOnce {
                    planted::count_a_miss(&mut self.engine, job);
                }
                self.engine.looked(job, &attempt, now);
            }
            Ask::Probe => self.engine.probed(&attempt, now),
        }
    }

    /// The batch under way is durable, or the disk is full.
    fn synced(&mut self) {
        let Some(lines) = self.process.world.syncing.take() else {
            return;
        };
        self.process.commits += 1;
        let intents = std::mem::take(&mut self.syncing_intents);
        let full = matches!(
            self.process.fortune,
            Some(Fortune::DiskFull { at_commit }) if at_commit == self.process.commits
        );
        if full {
            // Nobody knows what of it is on the disk: all or nothing.
            if self.process.world.random.bool() {
                self.process.world.land(&lines);
            }
            self.failed = true;
            self.engine.stop(Ending::Interrupted);
            return;
        }
        self.process.world.land(&lines);
        self.engine.synced();
        for job in intents {
            self.engine.durable(job);
        }
    }
}
