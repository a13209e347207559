//! Starts jobs at their times until somebody wants it to stop.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::endpoint::{self, Endpoint};
use super::jobs::Job;
use super::metrics::{self, Reading};
use super::state::{State, replace};
use super::summary::JobSummary;
use super::times::{Due, LATE, Step, next, opening, step};
use super::told::{Told, Why};
use super::verdict::Outcome;
use super::work::{Workshop, stopped};
use crate::deliver::driver::Signal;
use crate::exit;
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, ExitCode, both};

/// Permission bits of the metrics file: whoever collects it is another user.
const METRICS_MODE: u32 = 0o644;

/// When a job starts next.
#[derive(Clone, Copy, Default)]
struct Next {
    /// At its own time.
    due: Option<Due>,
    /// Before that, since its last start could not finish.
    again: Option<Timestamp>,
}

impl Next {
    fn start(self) -> Option<Timestamp> {
        let due = self.due.map(|due| due.start);
        due.into_iter().chain(self.again).min()
    }
}

/// Starts jobs, and tells how they are.
pub struct Daemon {
    workshop: Arc<Workshop>,
    jobs: Vec<Arc<Job>>,
    board: Arc<Board>,
    metrics_file: Option<PathBuf>,
}

/// How the jobs are just now.
struct Board {
    workshop: Arc<Workshop>,
    names: Vec<String>,
    live: Mutex<Live>,
}

#[derive(Default)]
struct Live {
    is_stopping: bool,
    jobs: BTreeMap<String, LiveJob>,
}

#[derive(Clone, Copy, Default)]
struct LiveJob {
    /// Starts that have not ended; one beyond the first is about to be refused.
    starts: u32,
    next: Option<Timestamp>,
    /// When this process first saw it: as good as any, if nothing is remembered.
    seen: Option<Timestamp>,
}

impl Daemon {
    /// One for these jobs, which writes their metrics into the file, if one is named.
    #[must_use]
    pub fn new(workshop: Workshop, jobs: Vec<Job>, metrics_file: Option<PathBuf>) -> Self {
        let workshop = Arc::new(workshop);
        let board = Arc::new(Board {
            workshop: Arc::clone(&workshop),
            names: jobs.iter().map(|job| job.name.clone()).collect(),
            live: Mutex::default(),
        });
        Self {
            workshop,
            jobs: jobs.into_iter().map(Arc::new).collect(),
            board,
            metrics_file,
        }
    }

    /// Starts one job now, whatever its times are, and waits for its end. The code is the job's;
    /// where that is 0 and the metrics cannot be written, somebody has to hear of that. Nothing,
    /// if there is no such job.
    pub async fn once(&self, name: &str, signal: &watch::Receiver<Signal>) -> Option<ExitCode> {
        let job = self.jobs.iter().find(|job| job.name == name)?;
        // Whoever looks meanwhile finds it, also the first time.
        self.board.see(name);
        self.board.with(name, |live| live.starts += 1);
        let _ = self.replace_metrics();
        let summary = self.workshop.start(job, Why::Asked, signal).await;
        self.board.ended(&summary);
        let code = match exit::from_number(summary.exit_code) {
            ExitCode::Fine if !self.write_metrics() => ExitCode::Failure,
            ExitCode::Fine => ExitCode::Fine,
            code => {
                self.write_metrics();
                code
            }
        };
        Some(code)
    }

    /// Starts jobs at their times until somebody wants it to stop, and then waits for those that
    /// are at work. The code is 0, or that of the signal if it interrupted a job.
    pub async fn run(
        self,
        endpoint: Option<Endpoint>,
        mut signal: watch::Receiver<Signal>,
    ) -> ExitCode {
        let board = Arc::clone(&self.board);
        let serving = endpoint.map(|endpoint| tokio::spawn(endpoint.serve(board)));
        let mut running = JoinSet::new();
        let mut seen = self.workshop.clock.now();
        let mut nexts = self.open(&mut running, &signal);
        self.write_metrics();
        let mut code = ExitCode::Fine;
        while *signal.borrow() == Signal::Go {
            self.look_again(&mut seen, &mut nexts);
            self.start_due(&mut nexts, &mut running, &signal);
            let wake = nexts.iter().filter_map(|next| next.start()).min();
            tokio::select! {
                () = self.wait(wake) => {}
                () = stopped(&mut signal) => {}
                Some(ended) = running.join_next() => {
                    let ended = ended.ok();
                    if let Some(summary) = &ended {
                        self.plan_again(summary, &mut nexts);
                    }
                    code = code.worse(self.ended(ended));
                }
            }
        }
        self.board.live().is_stopping = true;
        while let Some(ended) = running.join_next().await {
            code = code.worse(self.ended(ended.ok()));
        }
        if let Some(serving) = serving {
            serving.abort();
        }
        code
    }

    /// What is done about each job at the beginning; returns their next times.
    fn open(
        &self,
        running: &mut JoinSet<JobSummary>,
        signal: &watch::Receiver<Signal>,
    ) -> Vec<Next> {
        let states = self.workshop.states();
        let now = self.workshop.clock.now();
        let mut nexts = Vec::with_capacity(self.jobs.len());
        for job in &self.jobs {
            let mut state = self.workshop.remembered(job, states.read(&job.name));
            let known = state.last_start.max(state.last_end).or(state.since);
            self.board.see(&job.name);
            if known.is_none() {
                state.since = Some(now);
                state.first_seen = Some(now);
                if let Err(error) = states.write(&job.name, &state) {
                    self.tell(&Told::Warning(error.told()));
                }
            }
            let (step, due) = opening(job, known, state.is_open, now);
            self.take(job, step, running, signal);
            let next = Next { due, again: None };
            self.tell_next(job, next);
            nexts.push(next);
        }
        nexts
    }

    /// A clock that was set back must not let a job wait for the time that it was set from.
    fn look_again(&self, seen: &mut Timestamp, nexts: &mut [Next]) {
        let now = self.workshop.clock.now();
        let before = std::mem::replace(seen, now);
        if before.duration_since(now) <= LATE {
            return;
        }
        for (job, to_come) in self.jobs.iter().zip(nexts) {
            to_come.due = next(job, now);
            if let (Some(again), Some(wait)) = (&mut to_come.again, job.retry_after) {
                *again = (*again).min(now.checked_add(wait).unwrap_or(*again));
            }
            self.tell_next(job, *to_come);
        }
    }

    /// Starts, or lets go, what is due.
    fn start_due(
        &self,
        nexts: &mut [Next],
        running: &mut JoinSet<JobSummary>,
        signal: &watch::Receiver<Signal>,
    ) {
        let now = self.workshop.clock.now();
        for (job, to_come) in self.jobs.iter().zip(nexts) {
            let mut step = to_come.due.map_or(Step::Wait, |due| step(job, due, now));
            if step != Step::Wait {
                to_come.due = next(job, now);
            }
            if to_come.again.is_some_and(|again| again <= now) {
                to_come.again = None;
                if !matches!(step, Step::Start(_)) {
                    self.take(job, step, running, signal);
                    step = Step::Start(Why::Again);
                }
            }
            if step != Step::Wait {
                self.take(job, step, running, signal);
                self.tell_next(job, *to_come);
            }
        }
    }

    /// A start that could not finish is repeated after a while, unless its next time comes first.
    fn plan_again(&self, summary: &JobSummary, nexts: &mut [Next]) {
        if summary.exit_code != ExitCode::TryLater.number() {
            return;
        }
        let now = self.workshop.clock.now();
        for (job, next) in self.jobs.iter().zip(nexts) {
            let Some(wait) = job.retry_after.filter(|_| job.name == summary.job) else {
                continue;
            };
            let again = now.checked_add(wait).ok();
            let due = next.due.map(|due| due.start);
            next.again = again.filter(|again| due.is_none_or(|due| *again < due));
            if next.again.is_some() {
                self.tell_next(job, *next);
            }
        }
    }

    fn take(
        &self,
        job: &Arc<Job>,
        step: Step,
        running: &mut JoinSet<JobSummary>,
        signal: &watch::Receiver<Signal>,
    ) {
        match step {
            Step::Wait => {}
            Step::Skip(due) => self.let_go(job, due),
            Step::Start(why) => {
                self.board.with(&job.name, |live| live.starts += 1);
                let (workshop, job) = (Arc::clone(&self.workshop), Arc::clone(job));
                let signal = signal.clone();
                running.spawn(async move { workshop.start(&job, why, &signal).await });
            }
        }
    }

    /// A time was missed, and the job does not mind.
    fn let_go(&self, job: &Job, due: Due) {
        self.tell(&Told::Missed {
            job: job.name.clone(),
            due: due.due,
        });
        let states = self.workshop.states();
        let mut state = self.workshop.remembered(job, states.read(&job.name));
        state.missed += 1;
        // So that it is not missed a second time.
        state.since = Some(self.workshop.clock.now());
        if let Err(error) = states.write(&job.name, &state) {
            self.tell(&Told::Warning(error.told()));
        }
        self.write_metrics();
    }

    /// A start came to its end; nothing, if it died. The code is 0, or that of the signal if the
    /// start was interrupted.
    fn ended(&self, summary: Option<JobSummary>) -> ExitCode {
        let mut code = ExitCode::Fine;
        match summary {
            Some(summary) => {
                self.board.ended(&summary);
                if summary.result == Outcome::Interrupted {
                    code = exit::from_number(summary.exit_code);
                }
            }
            None => self.tell(&Told::Warning(both!(
                "a job ended unexpectedly",
                "ein Job endete unerwartet"
            ))),
        }
        self.write_metrics();
        code
    }

    fn wait(&self, until: Option<Timestamp>) -> impl Future<Output = ()> {
        let clock = &self.workshop.clock;
        async move {
            match until {
                Some(until) => clock.wait(until).await,
                None => std::future::pending().await,
            }
        }
    }

    fn tell(&self, told: &Told) {
        (self.workshop.tell)(told);
    }

    fn tell_next(&self, job: &Job, next: Next) {
        let at = next.start();
        self.board.with(&job.name, |live| live.next = at);
        if let Some(at) = at {
            self.tell(&Told::Next {
                job: job.name.clone(),
                at,
                there: job.zone.at(at).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
            });
        }
    }

    /// Writes the metrics, if they go into a file; says so if that cannot be done, and returns
    /// whether it could.
    fn write_metrics(&self) -> bool {
        let written = self.replace_metrics();
        if let Err(why) = &written {
            self.tell(&Told::Warning(why.clone()));
        }
        written.is_ok()
    }

    fn replace_metrics(&self) -> Result<(), Bilingual> {
        let Some(path) = &self.metrics_file else {
            return Ok(());
        };
        let text = endpoint::Told::metrics(&*self.board);
        replace(path, text.as_bytes(), METRICS_MODE).map_err(|error| {
            both!([error = of_io(&error)]
                "{path} cannot be written: {error}",
                "{path} ist nicht zu schreiben: {error}",
                path = path.display()
            )
        })
    }
}

impl Board {
    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, job: &str, change: impl FnOnce(&mut LiveJob)) {
        change(self.live().jobs.entry(job.to_owned()).or_default());
    }

    /// What is remembered of the job; a state that cannot be read is as good as none.
    fn state(&self, job: &str) -> State {
        self.workshop.states().read(job).unwrap_or_default()
    }

    fn see(&self, job: &str) {
        let now = self.workshop.clock.now();
        self.with(job, |live| live.seen = Some(now));
    }

    fn ended(&self, summary: &JobSummary) {
        self.with(&summary.job, |live| {
            live.starts = live.starts.saturating_sub(1);
        });
    }

    fn readings(&self) -> Vec<Reading> {
        let live = self.live().jobs.clone();
        let readings = self.names.iter().map(|name| {
            let live = live.get(name).copied().unwrap_or_default();
            let mut state = self.state(name);
            state.first_seen = state.first_seen.or(live.seen);
            Reading {
                job: name.clone(),
                state,
                is_running: live.starts > 0,
                next: live.next,
                refused: self.workshop.states().refused(name),
            }
        });
        readings.collect()
    }
}

impl endpoint::Told for Board {
    fn metrics(&self) -> String {
        metrics::text(&self.readings())
    }

    fn health(&self) -> (bool, String) {
        let jobs: Vec<_> = self
            .readings()
            .into_iter()
            .map(|reading| {
                json!({
                    "job": reading.job,
                    "running": reading.is_running,
                    "next_start": reading.next,
                    "last_result": reading.state.last_result,
                    "last_exit_code": reading.state.last_code,
                    "last_success": reading.state.last_success,
                })
            })
            .collect();
        let is_well = !self.live().is_stopping;
        let status = if is_well { "ok" } else { "stopping" };
        (
            is_well,
            format!("{}\n", json!({"status": status, "jobs": jobs})),
        )
    }
}
