//! Carries out what the engine decides: requests, the journal's commits, timers, signals.
//!
//! One task, one loop: whatever happens reaches the engine in one order. The journal is a
//! [`Ledger`] on a thread of its own; while it commits one batch, the next one gathers, so
//! that one disk sync serves whatever came meanwhile.

mod writer;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::engine::{Action, Engine, Task};
use super::pace::Moment;
use super::wire::{Reply, Wire, never_sent};
use crate::outcome::{
    Attempt, Bilingual, Ending, Limit, Measured, Outcome, PauseWhy, QuotaUse, SettleWait,
    Submission, Traffic, both,
};
use writer::{Batch, Committed, Writer};

/// How long requests in flight may take to finish after a stop.
const GRACE: Duration = Duration::from_secs(20);
/// How often the observer hears of progress.
const TICK: Duration = Duration::from_millis(100);

/// One durable line about a record.
#[derive(Clone, Debug)]
pub enum Line {
    /// It is about to be sent.
    Intend {
        /// The run.
        run: Arc<str>,
        /// What is about to be sent.
        submission: Arc<Submission>,
        /// The number of the POST.
        attempt: u32,
        /// Whether the key is known to have been absent before the first one.
        absent_before: bool,
    },
    /// It was not sent after all.
    Void {
        /// The run.
        run: Arc<str>,
        /// What was not sent.
        submission: Arc<Submission>,
    },
    /// It is settled; a later line may say more about it.
    Settle {
        /// The run.
        run: Arc<str>,
        /// What was sent, or not.
        submission: Arc<Submission>,
        /// What became of it.
        outcome: Outcome,
    },
}

/// Who keeps lines durably.
pub trait Ledger: Send + 'static {
    /// Keeps the lines: when this returns, they survive a power cut.
    ///
    /// # Errors
    /// What went wrong; nothing of the batch may count as kept then.
    fn commit(&mut self, lines: &[Line]) -> Result<(), LedgerError>;
}

/// A ledger that could not keep its lines.
#[derive(Debug, thiserror::Error)]
#[error("the journal could not be written: {}", .0.english)]
pub struct LedgerError(pub Bilingual);

impl LedgerError {
    /// It is not known why: whoever writes has gone.
    fn stopped() -> Self {
        Self(both!(
            "its writer has stopped",
            "wer es schreibt, hat aufgehört"
        ))
    }

    /// What went wrong, in German.
    #[must_use]
    pub fn in_german(&self) -> String {
        format!("das Journal ließ sich nicht schreiben: {}", self.0.german)
    }
}

/// What somebody outside wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Go on.
    Go,
    /// Stop in an orderly way: Ctrl-C.
    Interrupt,
    /// Stop in an orderly way: SIGTERM.
    Terminate,
    /// Drop everything now.
    Drop,
}

/// What an observer hears of.
pub enum Observed<'a> {
    /// An outcome, as it was decided (its durability follows).
    Settled(&'a Arc<str>, &'a Submission, &'a Outcome),
    /// How things stand, several times a second.
    Tick(Tick),
    /// Sending pauses.
    Paused(PauseWhy, Option<Duration>),
    /// Sending goes on.
    Resumed,
    /// Somebody wants it to stop, and so many requests are waited for.
    Stopping {
        /// Requests in flight.
        requests: usize,
        /// How long they are waited for at most.
        at_most: Duration,
        /// Whether the same wish again drops them.
        by_key: bool,
    },
}

/// How things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The traffic so far.
    pub traffic: Traffic,
    /// Requests that may be in flight.
    pub allowed: usize,
    /// Requests that are in flight.
    pub in_flight: usize,
    /// The server's quota for creates.
    pub quota: Option<QuotaUse>,
    /// While the server does not answer: the time after which delivery gives up.
    pub gives_up: Option<Duration>,
    /// While nothing can be done but wait until records may be looked up.
    pub waits: Option<SettleWait>,
}

/// How delivery ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// Why.
    pub ending: Ending,
    /// What went over the wire.
    pub traffic: Traffic,
    /// What was measured of the server's answers to POSTs.
    pub measured: Measured,
}

/// What the driver works with.
pub struct Driver {
    /// Who decides.
    pub engine: Engine,
    /// Who sends.
    pub wire: Wire,
    /// Where submissions come from, several at a time.
    pub tasks: mpsc::Receiver<Vec<Task>>,
    /// What somebody outside wants.
    pub signal: watch::Receiver<Signal>,
    /// When the run's time is up.
    pub deadline: Option<Instant>,
}

struct Loop {
    driver: Driver,
    started: Instant,
    /// Submissions that came and that the engine has no room for yet.
    waiting: std::vec::IntoIter<Task>,
    /// What came since the last time something was handed over.
    pending: Batch,
    /// When the first of it came, if it waits for company.
    pending_since: Option<Moment>,
    writer: Writer,
    /// Lines that the ledger has and that it has not said to be durable.
    committing: usize,
    failure: Option<LedgerError>,
    grace_ends: Option<Instant>,
    dropped: bool,
    signal_lives: bool,
    /// Whether it was told that the token server is away.
    awaits_token: bool,
    measured: Measured,
}

impl Driver {
    /// Works until everything is settled or the engine stops. Gives the ledger back.
    ///
    /// # Errors
    /// If the ledger failed: sending has stopped, what was in flight was waited for, and the
    /// open intents tell the next run what is unknown.
    pub async fn run<L: Ledger>(
        self,
        ledger: L,
        observer: &mut dyn FnMut(Observed<'_>),
    ) -> (L, Result<Delivered, LedgerError>) {
        let (writer, committed, thread) = Writer::start(ledger);
        let mut work = Loop {
            driver: self,
            started: Instant::now(),
            waiting: Vec::new().into_iter(),
            pending: Batch::default(),
            pending_since: None,
            writer,
            committing: 0,
            failure: None,
            grace_ends: None,
            dropped: false,
            signal_lives: true,
            awaits_token: false,
            measured: Measured::default(),
        };
        work.run(committed, observer).await;
        let delivered = Delivered {
            ending: work.driver.engine.ending(),
            traffic: work.driver.engine.traffic(),
            measured: std::mem::take(&mut work.measured),
        };
        let failure = work.failure.take();
        drop(work);
        match thread.await {
            Ok(ledger) => (ledger, failure.map_or(Ok(delivered), Err)),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

impl Loop {
    async fn run(
        &mut self,
        mut committed: mpsc::Receiver<Committed>,
        observer: &mut dyn FnMut(Observed<'_>),
    ) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let wake = self.advance(observer);
            let company_ends = self.hand_over();
            let wake = wake.into_iter().chain(company_ends).min();
            if self.is_over() {
                break;
            }
            let wants = self.driver.engine.wants() > 0 && self.failure.is_none();
            tokio::select! {
                // What comes seldom is asked first, so that nothing can drown it.
                biased;
                changed = self.driver.signal.changed(), if self.signal_lives => {
                    // Without a sender nobody is left who could want something.
                    self.signal_lives = changed.is_ok();
                    self.obey(observer);
                }
                () = sleep_until(self.driver.deadline), if self.driver.deadline.is_some() => {
                    self.driver.deadline = None;
                    self.driver.engine.stop(Ending::TimeUp);
                }
                () = sleep_until(self.grace_ends), if self.grace_ends.is_some() && !self.dropped => {
                    self.drop_requests();
                }
                _ = tick.tick() => {
                    self.tell(observer);
                }
                () = sleep_until(wake), if wake.is_some() => {}
                batch = committed.recv(), if self.committing > 0 => self.committed(batch),
                Some(reply) = self.driver.wire.reply() => self.answer(reply),
                task = next_task(&mut self.waiting, &mut self.driver.tasks), if wants => {
                    self.take(task);
                }
            }
            self.take_ready(&mut committed);
        }
    }

    /// Lets the engine decide and starts what it wants; says when to come back at the latest.
    fn advance(&mut self, observer: &mut dyn FnMut(Observed<'_>)) -> Option<Instant> {
        loop {
            let now = self.started.elapsed();
            let (actions, wake) = self.driver.engine.poll(now);
            let quiet = actions.is_empty();
            for action in actions {
                self.carry_out(action, observer);
            }
            if self.driver.engine.is_stopping() {
                self.grace_ends
                    .get_or_insert_with(|| Instant::now() + GRACE);
            }
            if quiet {
                return wake.map(|at| self.started + at);
            }
        }
    }

    fn is_over(&self) -> bool {
        if self.failure.is_some() {
            return self.driver.wire.is_empty();
        }
        let is_kept = self.pending.lines.is_empty() && self.committing == 0;
        self.driver.engine.is_done() && self.driver.wire.is_empty() && is_kept
    }

    fn carry_out(&mut self, action: Action, observer: &mut dyn FnMut(Observed<'_>)) {
        match action {
            Action::Intend {
                job,
                attempt,
                absent_before,
            } => {
                let engine = &self.driver.engine;
                if let (Some(run), Some(submission)) = (engine.run_of(job), engine.submission(job))
                {
                    self.pending.lines.push(Line::Intend {
                        run: Arc::clone(run),
                        submission: Arc::clone(submission),
                        attempt,
                        absent_before,
                    });
                    self.pending.intents.push(job);
                }
            }
            Action::Void { run, submission } => {
                self.pending.lines.push(Line::Void { run, submission });
            }
            Action::Keep {
                run,
                submission,
                outcome,
            } => self.pending.lines.push(Line::Settle {
                run,
                submission,
                outcome,
            }),
            Action::Settle {
                run,
                submission,
                outcome,
            } => {
                observer(Observed::Settled(&run, &submission, &outcome));
                self.pending.lines.push(Line::Settle {
                    run,
                    submission,
                    outcome,
                });
            }
            Action::Post { job } => {
                if let Some(submission) = self.driver.engine.submission(job) {
                    self.driver.wire.post(job, submission);
                }
            }
            Action::Look { job, page } => {
                if let Some(submission) = self.driver.engine.submission(job) {
                    self.driver.wire.look(job, submission, page);
                }
            }
            Action::Probe => self.driver.wire.probe(),
            Action::RenewToken => self.driver.wire.renew(),
            Action::TellPaused { why, length } => observer(Observed::Paused(why, length)),
            Action::TellResumed => observer(Observed::Resumed),
        }
    }

    /// Takes everything else that is there already, so that one decision and one batch serve it
    /// all.
    fn take_ready(&mut self, committed: &mut mpsc::Receiver<Committed>) {
        while self.committing > 0
            && let Ok(batch) = committed.try_recv()
        {
            self.committed(Some(batch));
        }
        while let Some(reply) = self.driver.wire.reply_now() {
            self.answer(reply);
        }
        if self.failure.is_none() {
            self.take_tasks();
        }
    }

    fn answer(&mut self, reply: Reply) {
        let now = self.started.elapsed();
        let engine = &mut self.driver.engine;
        match reply {
            Reply::Posted(job, Ok(attempt), time) => {
                engine.posted(job, &attempt, now);
                self.measure(&attempt, time);
            }
            Reply::Posted(job, Err(ending), _) => {
                engine.stop(ending);
                engine.posted(job, &never_sent(), now);
            }
            Reply::Looked(job, Ok(attempt)) => engine.looked(job, &attempt, now),
            Reply::Looked(job, Err(ending)) => {
                engine.stop(ending);
                engine.looked(job, &never_sent(), now);
            }
            Reply::Probed(Ok(attempt)) => engine.probed(&attempt, now),
            Reply::Probed(Err(ending)) => {
                engine.stop(ending);
                engine.probed(&never_sent(), now);
            }
            Reply::Renewed(result) => engine.renewed(result),
        }
    }

    /// Notes how long an answer took, and what it says of the quota.
    fn measure(&mut self, attempt: &Attempt, time: Option<Duration>) {
        let (Attempt::Answered(answer), Some(time)) = (attempt, time) else {
            return;
        };
        self.measured.latencies.note(time);
        if let Some(quota) = answer.quota {
            self.measured.quota = Some(Limit::new(quota.limit, quota.interval));
        }
    }

    /// Tells how things stand. A token is waited for by requests, and the engine knows nothing
    /// of it.
    fn tell(&mut self, observer: &mut dyn FnMut(Observed<'_>)) {
        let now = self.started.elapsed();
        let engine = &mut self.driver.engine;
        let token = self.driver.wire.token_gives_up();
        let token = token.filter(|_| !engine.is_stopping());
        if token.is_some() != self.awaits_token {
            self.awaits_token = token.is_some();
            observer(match self.awaits_token {
                true => Observed::Paused(PauseWhy::NoToken, None),
                false => Observed::Resumed,
            });
        }
        observer(Observed::Tick(Tick {
            traffic: engine.traffic(),
            allowed: engine.allowed(),
            in_flight: engine.in_flight(),
            quota: engine.quota(now),
            gives_up: engine.gives_up(now).into_iter().chain(token).min(),
            waits: engine.waits(now),
        }));
    }

    /// Gives the ledger what came, unless that may wait for company; says until when it does.
    fn hand_over(&mut self) -> Option<Instant> {
        if self.pending.lines.is_empty() || self.failure.is_some() {
            return None;
        }
        let now = self.started.elapsed();
        let since = *self.pending_since.get_or_insert(now);
        if let Some(ends) = self.driver.engine.may_wait_until(since)
            && now < ends
        {
            return Some(self.started + ends);
        }
        self.pending_since = None;
        self.committing += self.pending.lines.len();
        if !self.writer.hand_over(&mut self.pending) {
            self.fail(LedgerError::stopped());
        }
        None
    }

    fn committed(&mut self, batch: Option<Committed>) {
        let Some(batch) = batch else {
            return self.fail(LedgerError::stopped());
        };
        self.committing -= batch.lines;
        match batch.result {
            Ok(()) => {
                self.driver.engine.synced();
                for job in batch.intents {
                    self.driver.engine.durable(job);
                }
            }
            Err(error) => self.fail(error),
        }
    }

    /// Without a ledger nothing more may be sent; what is in flight may finish.
    fn fail(&mut self, error: LedgerError) {
        // It is told at the end, and once.
        tracing::info!(%error, "the journal failed; sending stops");
        self.failure = Some(error);
        self.committing = 0;
        self.driver.engine.stop(Ending::Interrupted);
    }

    fn take(&mut self, task: Option<Task>) {
        let Some(task) = task else {
            self.driver.engine.source_ended();
            return;
        };
        self.driver.engine.offer(task);
        self.take_tasks();
    }

    fn take_tasks(&mut self) {
        while self.driver.engine.wants() > 0 {
            if let Some(task) = self.waiting.next() {
                self.driver.engine.offer(task);
                continue;
            }
            match self.driver.tasks.try_recv() {
                Ok(tasks) => self.waiting = tasks.into_iter(),
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    self.driver.engine.source_ended();
                    break;
                }
                Err(mpsc::error::TryRecvError::Empty) => break,
            }
        }
    }

    fn obey(&mut self, observer: &mut dyn FnMut(Observed<'_>)) {
        let signal = *self.driver.signal.borrow_and_update();
        let engine = &mut self.driver.engine;
        match signal {
            Signal::Go => {}
            Signal::Interrupt => engine.stop(Ending::Interrupted),
            Signal::Terminate => engine.stop(Ending::Terminated),
            Signal::Drop => {
                engine.stop(Ending::Interrupted);
                self.drop_requests();
            }
        }
        // With nothing in flight it ends at once, and says so by that.
        let requests = self.driver.wire.in_flight();
        if matches!(signal, Signal::Interrupt | Signal::Terminate) && requests > 0 {
            observer(Observed::Stopping {
                requests,
                at_most: GRACE,
                by_key: signal == Signal::Interrupt,
            });
        }
    }

    fn drop_requests(&mut self) {
        self.dropped = true;
        self.driver.wire.drop_all();
    }
}

/// The next submission; loses none if it is dropped while it waits.
async fn next_task(
    waiting: &mut std::vec::IntoIter<Task>,
    tasks: &mut mpsc::Receiver<Vec<Task>>,
) -> Option<Task> {
    loop {
        if let Some(task) = waiting.next() {
            return Some(task);
        }
        *waiting = tasks.recv().await?.into_iter();
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
