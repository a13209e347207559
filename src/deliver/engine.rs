//! The heart of delivery: when to send, wait, look up, settle and stop.
//!
//! A state machine without I/O. Events come in through methods, with the time; decisions come
//! out of [`Engine::poll`] as [`Action`]s. Whoever drives it carries them out and reports back.
//! So it can be run against real servers and journals or against models of them.
//!
//! It keeps these promises, whatever events come:
//! - no POST leaves before its intent is durable;
//! - after a POST whose answer is unclear no second POST of that record leaves before two
//!   look-ups, after the settle time, found nothing;
//! - what is known to be created is kept before anything more is asked about it;
//! - a job leaves custody only with a settled outcome, or open at a stop.

mod job;
mod leaving;
mod looks;
#[cfg(test)]
mod model;
mod page;
mod posts;
mod sending;
mod settling;
#[cfg(test)]
mod simulation;
mod strain;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod throughput;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use job::{ById, Job, Purpose, Reconciling, State};
pub use job::{JobId, Origin, Task};
pub use page::key_of;

use super::breaker::Breaker;
use super::pace::{Concurrency, Gate, Moment, Spread, Ticket, UserRate};
use super::settings::DeliverySettings;
use crate::outcome::{Attempt, Ending, Outcome, PauseWhy, Quota, QuotaUse, Submission, Traffic};

/// Records that may wait for their settle time; beyond that nothing new is sent. At 64 requests
/// in flight and 20 ms each, 2% of lost answers put 64 records a second aside for two and a half
/// minutes with the default time limit; each holds its body, about a kilobyte.
const WAITING_AT_MOST: usize = 16_384;
/// Settle time after an answer of the server itself.
const SETTLE_ANSWERED: Duration = Duration::from_secs(2);

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Write the intent of this job's next POST, durably, then say [`Engine::durable`].
    Intend {
        /// The job.
        job: JobId,
        /// The number of the POST.
        attempt: u32,
        /// Whether the key is known to have been absent before the first POST.
        absent_before: bool,
    },
    /// Take the job's open intent back: nothing was sent. The job has left custody.
    Void {
        /// The run that it belongs to.
        run: Arc<str>,
        /// What was not sent.
        submission: Arc<Submission>,
    },
    /// Send the POST, then say [`Engine::posted`].
    Post {
        /// The job.
        job: JobId,
    },
    /// Ask for one page of customers that may have the job's key, then say [`Engine::looked`].
    Look {
        /// The job.
        job: JobId,
        /// The page, from 1.
        page: u32,
    },
    /// Ask whether the server is there, then say [`Engine::probed`].
    Probe,
    /// Get a new token, then say [`Engine::renewed`].
    RenewToken,
    /// Keep this outcome already. The job stays in custody, for more may be learnt about it: a
    /// [`Action::Settle`] follows and replaces it.
    Keep {
        /// The run that it belongs to.
        run: Arc<str>,
        /// What was sent.
        submission: Arc<Submission>,
        /// What became of it.
        outcome: Outcome,
    },
    /// Keep this outcome. The job has left custody.
    Settle {
        /// The run that it belongs to.
        run: Arc<str>,
        /// What was settled.
        submission: Arc<Submission>,
        /// What became of it.
        outcome: Outcome,
    },
    /// Tell people that sending pauses.
    TellPaused {
        /// Why.
        why: PauseWhy,
        /// For how long, if that is known.
        length: Option<Duration>,
    },
    /// Tell people that it goes on.
    TellResumed,
}

/// What the engine needs to know.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Pace, limits and patience.
    pub delivery: DeliverySettings,
    /// The path of the field that identifies a customer, e.g. `["Number"]`.
    pub identity: Vec<String>,
    /// Whether an existing customer is an error (`--existing fail`).
    pub existing_is_error: bool,
    /// Whether a 401 can be cured by a new token.
    pub renewable: bool,
    /// Whether an earlier part of the run created customers: then a first 403 does not mean
    /// that the scope is missing.
    pub created_before: bool,
    /// New creates at most.
    pub limit: Option<u64>,
    /// Whether look-ups only are allowed (`importer reconcile`).
    pub look_only: bool,
    /// Seed of the jitter.
    pub seed: u64,
}

/// The state machine.
#[derive(Debug)]
pub struct Engine {
    settings: EngineSettings,
    jobs: HashMap<JobId, Job, ById>,
    next_job: JobId,
    want_look: VecDeque<JobId>,
    want_post: VecDeque<JobId>,
    fresh: VecDeque<JobId>,
    cleared: VecDeque<JobId>,
    timers: BTreeSet<(Moment, JobId)>,
    held: Vec<JobId>,
    unanchored: Vec<JobId>,
    in_flight: usize,
    posts_left: u64,
    intending: usize,
    /// How many rounds of requests in flight may be durable, or on their way to the disk, ahead
    /// of those that are in flight.
    ahead: usize,
    /// Syncs in a row behind which enough was durable ahead.
    syncs_ahead: u32,
    rate: Option<UserRate>,
    post_gate: Gate,
    get_gate: Gate,
    concurrency: Concurrency,
    spread: Spread,
    breaker: Breaker,
    probe_at: Moment,
    probing: bool,
    probe_ticket: Option<Ticket>,
    probes: u32,
    /// Answers to anything, so far.
    answers: u64,
    paused_until: Moment,
    told_paused: bool,
    throttled_since: Option<Moment>,
    throttles_in_a_row: u32,
    renewing: bool,
    renewals: u64,
    /// Whether the newest token was answered with anything but 401.
    token_worked: bool,
    created_once: bool,
    created: u64,
    refused: u64,
    engaged: u64,
    source_ended: bool,
    /// Whether a record came that nobody had sent before: recovered ones come before all others.
    recovered_ended: bool,
    stopping: Option<Ending>,
    actions: Vec<Action>,
    traffic: Traffic,
    random: fastrand::Rng,
}

impl Engine {
    /// An engine without work.
    #[must_use]
    pub fn new(settings: EngineSettings) -> Self {
        Self {
            rate: settings.delivery.rate.and_then(UserRate::new),
            concurrency: Concurrency::new(settings.delivery.concurrency),
            random: fastrand::Rng::with_seed(settings.seed),
            jobs: HashMap::default(),
            next_job: 0,
            want_look: VecDeque::new(),
            want_post: VecDeque::new(),
            fresh: VecDeque::new(),
            cleared: VecDeque::new(),
            timers: BTreeSet::new(),
            held: Vec::new(),
            unanchored: Vec::new(),
            in_flight: 0,
            posts_left: 0,
            spread: Spread::default(),
            intending: 0,
            ahead: 1,
            syncs_ahead: 0,
            post_gate: Gate::default(),
            get_gate: Gate::default(),
            breaker: Breaker::default(),
            probe_at: Moment::ZERO,
            probing: false,
            probe_ticket: None,
            probes: 0,
            answers: 0,
            paused_until: Moment::ZERO,
            told_paused: false,
            throttled_since: None,
            throttles_in_a_row: 0,
            renewing: false,
            renewals: 0,
            token_worked: true,
            created_once: settings.created_before,
            created: 0,
            refused: 0,
            engaged: 0,
            source_ended: false,
            recovered_ended: false,
            stopping: None,
            actions: Vec::new(),
            traffic: Traffic::default(),
            settings,
        }
    }

    /// How many more submissions the engine would take now.
    #[must_use]
    pub fn wants(&self) -> usize {
        if self.stopping.is_some() || self.source_ended || self.needs_no_more() {
            return 0;
        }
        let most = self.settings.delivery.concurrency.get();
        let room = most * 2 + self.under_way_at_most().max(most * 2);
        let waiting = self.timers.len();
        if waiting >= WAITING_AT_MOST {
            return 0;
        }
        room.saturating_sub(self.jobs.len() - waiting.min(self.jobs.len()))
    }

    /// Takes a submission into custody. Recovered ones have to come before all others: they are
    /// looked up whatever the limit says, for they may have been created.
    pub fn offer(&mut self, task: Task) {
        let id = self.next_job;
        self.next_job += 1;
        let origin = task.origin;
        let mut job = Job::new(task);
        self.recovered_ended |= !matches!(origin, Origin::Recovered { .. });
        match origin {
            Origin::Absent | Origin::Unasked => self.fresh.push_back(id),
            Origin::AskFirst => {
                job.state = State::WantsLook;
                job.purpose = Some(Purpose::Precheck);
                self.want_look.push_back(id);
            }
            Origin::Recovered { .. } => {
                self.engaged += 1;
                job.purpose = Some(Purpose::Reconcile(Reconciling {
                    settle: settle_of_recovered(&self.settings.delivery),
                    anchor: None,
                    misses: 0,
                    status: None,
                }));
                job.state = State::WantsLook;
                self.unanchored.push(id);
                self.want_look.push_back(id);
            }
        }
        self.jobs.insert(id, job);
    }

    /// The input has no more records.
    pub fn source_ended(&mut self) {
        self.source_ended = true;
    }

    /// Whether everything that was offered has left custody and nothing more will come.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let over = self.source_ended || self.stopping.is_some() || self.needs_no_more();
        over && self.jobs.is_empty() && self.actions.is_empty() && !self.probing && !self.renewing
    }

    /// How the engine's work ended; [`Ending::Limited`] if the limit left records open.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match &self.stopping {
            Some(ending) => ending.clone(),
            None if self.limit_is_reached() && !self.source_ended => Ending::Limited,
            None => Ending::Finished,
        }
    }

    /// Stops: nothing new is sent, what is in flight may finish.
    pub fn stop(&mut self, ending: Ending) {
        self.stopping.get_or_insert(ending);
    }

    /// Whether a stop was asked for or decided.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// What went over the wire.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Requests that may be in flight now.
    #[must_use]
    pub fn allowed(&self) -> usize {
        self.concurrency.allowed()
    }

    /// Requests that are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How much of the server's quota for creates is taken.
    pub fn quota(&mut self, now: Moment) -> Option<QuotaUse> {
        self.post_gate.usage(now)
    }

    /// What the job sends.
    #[must_use]
    pub fn submission(&self, job: JobId) -> Option<&Arc<Submission>> {
        self.jobs.get(&job).map(|job| &job.submission)
    }

    /// The run that the job belongs to.
    #[must_use]
    pub fn run_of(&self, job: JobId) -> Option<&Arc<str>> {
        self.jobs.get(&job).map(|job| &job.run)
    }

    /// A commit is on the disk; [`Engine::durable`] tells which jobs' intents were among it.
    pub fn synced(&mut self) {
        self.note_pace_of_the_disk();
    }

    /// The job's intent is durable.
    pub fn durable(&mut self, id: JobId) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if job.state == State::Intending {
            self.intending -= 1;
            job.state = State::Cleared;
            job.intended = job.attempt;
            self.cleared.push_back(id);
        }
    }

    /// A new token is there, or cannot be had.
    pub fn renewed(&mut self, result: Result<(), Ending>) {
        self.renewing = false;
        match result {
            Ok(()) => {
                self.renewals += 1;
                self.token_worked = false;
                let waiting: Vec<JobId> = self
                    .jobs
                    .iter()
                    .filter(|(_, job)| job.state == State::WaitsForToken)
                    .map(|(id, _)| *id)
                    .collect();
                for id in waiting {
                    self.requeue(id);
                }
            }
            Err(ending) => self.stop(ending),
        }
    }

    /// Decides what to do now, and when to be asked again at the latest.
    pub fn poll(&mut self, now: Moment) -> (Vec<Action>, Option<Moment>) {
        self.fire_timers(now);
        self.give_up_outage(now);
        let mut wake = None;
        if self.stopping.is_some() {
            self.release_all();
        } else if self.breaker.is_open() {
            wake = self.poll_breaker(now);
        } else if now < self.paused_until {
            wake = Some(self.paused_until);
        } else {
            if std::mem::take(&mut self.told_paused) {
                self.actions.push(Action::TellResumed);
            }
            if !self.renewing {
                wake = earliest(wake, self.poll_sending(now));
            }
            self.settle_held_at_the_end();
        }
        if self.limit_is_reached() {
            self.release_fresh();
        }
        let timer = self.timers.first().map(|(at, _)| *at);
        let wake = if self.stopping.is_some() {
            None
        } else {
            let outage = self.outage_ends();
            earliest(earliest(wake, timer), outage)
        };
        (std::mem::take(&mut self.actions), wake)
    }

    /// Puts a job back where it wants to go.
    fn requeue(&mut self, id: JobId) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if job.purpose.is_some() {
            job.state = State::WantsLook;
            self.want_look.push_back(id);
        } else {
            job.state = State::WantsPost;
            self.want_post.push_back(id);
        }
    }

    /// Lets a job wait until `at`, then do what it wants.
    fn wait_until(&mut self, id: JobId, at: Moment) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.state = State::Waiting;
            self.timers.insert((at, id));
        }
    }

    fn fire_timers(&mut self, now: Moment) {
        while self.timers.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, id)) = self.timers.pop_first() {
                self.requeue(id);
            }
        }
    }

    /// Whether the limit is reached and nobody is left to be offered who may be created already.
    fn needs_no_more(&self) -> bool {
        self.limit_is_reached() && self.recovered_ended
    }

    fn limit_is_reached(&self) -> bool {
        self.settings
            .limit
            .is_some_and(|limit| self.created >= limit)
    }
}

/// Settle time of a POST whose process died: one time limit longer. A living client waits for an
/// answer until its time limit is over, and only then does the settle time begin; of a dead one
/// nobody knows how much of that had passed.
fn settle_of_recovered(delivery: &DeliverySettings) -> Duration {
    delivery.settle.saturating_add(delivery.timeout)
}

/// The quota that an attempt tells of.
fn quota_of(attempt: &Attempt) -> Option<Quota> {
    match attempt {
        Attempt::Answered(answer) => answer.quota,
        Attempt::Unanswered { .. } => None,
    }
}

fn earliest(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
