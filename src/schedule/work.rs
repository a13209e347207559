//! One start of a job, from the lock to the hooks. A daemon and `--once` do the same here.

mod calling;
mod earlier;
mod moving;
mod reason;
mod weighing;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::archive::ArchiveError;
use super::clock::Clock;
use super::inbox::{self, Look};
use super::jobs::{Job, NoInput};
use super::known::Known;
use super::runner::{Archived, Order, Ran, Runner};
use super::state::{State, StateError, States};
use super::summary::{InputSummary, JobSummary, RunSummary, by_outcome};
use super::told::{Tell, Told, Why};
use super::untold::Untold;
use super::verdict::{Fate, Outcome, fate, outcome};
use crate::deliver::driver::Signal;
use crate::exit;
use crate::import::{FailureMark, ImportError};
use crate::journal::{JournalError, holder_in_german, lock};
use crate::outcome::{Bilingual, ExitCode, both};
use crate::settings::Environment;
pub(super) use reason::in_both;
use reason::lost;
use weighing::{Weighed, failed_in};

/// One ERP instance's turn: whoever holds it imports into it.
type Lane = Arc<tokio::sync::Mutex<()>>;

/// What starts of jobs take place with.
pub struct Workshop {
    /// Who does runs.
    pub runner: Arc<dyn Runner>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The state folder.
    pub state_dir: PathBuf,
    /// Where hooks look for their addresses.
    pub environment: Environment,
    /// Who hears of what happens.
    pub tell: Tell,
    /// What others are told who find a job locked: the process and its command.
    pub holder: String,
    /// The ERP instances in use. Runs into the same one wait for each other; only another
    /// process finds it locked.
    pub lanes: Lanes,
}

/// The ERP instances that jobs of this process use.
#[derive(Debug, Default)]
pub struct Lanes(Mutex<HashMap<String, Lane>>);

impl Lanes {
    fn of(&self, name: String) -> Lane {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lanes.entry(name).or_default())
    }
}

/// What the files of a start came to.
struct Files {
    code: ExitCode,
    message: Option<Bilingual>,
    help: Option<Bilingual>,
    inputs: Vec<InputSummary>,
    waiting: Vec<PathBuf>,
    not_begun: Vec<PathBuf>,
    /// What failed in them.
    weighed: Weighed,
    /// The inputs that were moved, with their places among `inputs`.
    archived: Vec<(usize, Archived)>,
}

impl Workshop {
    pub(super) fn states(&self) -> States {
        States::of(&self.state_dir)
    }

    fn warn(&self, job: &Job, text: &Bilingual) {
        let name = &job.name;
        let text = both!([text] "job `{name}`: {text}", "Job `{name}`: {text}");
        (self.tell)(&Told::Warning(text));
    }

    /// Starts a job and sees it through. Who finds it locked by an earlier start ends with code
    /// 6 at once.
    pub async fn start(
        &self,
        job: &Arc<Job>,
        why: Why,
        signal: &watch::Receiver<Signal>,
    ) -> JobSummary {
        let started = self.clock.now();
        let name = format!("job\0{}", job.name);
        let held = match lock(&self.state_dir, &name, &self.holder) {
            Ok(lock) => lock,
            Err(error) => return self.kept_out(job, why, started, error, signal).await,
        };
        (self.tell)(&Told::Started {
            job: job.name.clone(),
            why,
        });
        let states = self.states();
        let mut state = self.remembered(job, states.read(&job.name));
        let known = self.remembered(job, states.known(&job.name));
        // A copy that is taken away was no move.
        self.clear_left(job).await;
        let earlier = self.untold(job);
        state.last_start = Some(started);
        state.since.get_or_insert(started);
        state.first_seen.get_or_insert(started);
        state.is_open = true;
        let marks = Arc::new(known.marks());
        // What cannot be remembered would be started again and again.
        let mut files = match states.write(&job.name, &state) {
            Ok(()) => self.files(job, earlier, marks, signal).await,
            Err(error) => {
                let code = exit::of_place(&error.source);
                let mut files = Files::none(code, error.told(), Some(error.help()));
                self.take_over(job, earlier, &marks, &mut files, signal)
                    .await;
                files
            }
        };
        let failed = files.weighed.taken();
        let summary = self.summed(job, why, started, files, &mut state);
        let text = serde_json::to_vec(&summary).unwrap_or_default();
        if let Err(error) = states.write_summary(&job.name, &text) {
            self.warn(job, &error.told());
        }
        let hooks_failed = self.call_hooks(job, &summary, signal).await;
        state.hook_failures += hooks_failed;
        // Hooks that were ended told nobody, and who ends this program may well end them, as systemd
        // does. Who dies before the end is remembered tells once more: rather twice than never.
        let is_cut_off = hooks_failed > 0 && *signal.borrow() != Signal::Go;
        if !is_cut_off {
            self.keep(&states, job, &summary, &state, (known, failed));
        }
        // Whoever hears of the end may start it again at once.
        drop(held);
        (self.tell)(&Told::Ended(Box::new(summary.clone())));
        summary
    }

    /// What is remembered of the job. What cannot be read is as good as nothing: the journal
    /// alone sees to it that nothing is sent twice.
    pub(super) fn remembered<T: Default>(&self, job: &Job, read: Result<T, StateError>) -> T {
        read.unwrap_or_else(|error| {
            let text = both!([error = error.told()]
                "{error}; it is begun anew",
                "{error}; die Datei wird neu angelegt"
            );
            self.warn(job, &text);
            T::default()
        })
    }

    /// The job is locked, or cannot be.
    async fn kept_out(
        &self,
        job: &Job,
        why: Why,
        started: Timestamp,
        error: JournalError,
        signal: &watch::Receiver<Signal>,
    ) -> JobSummary {
        let message = match &error {
            JournalError::Held { by } => {
                let by = Bilingual {
                    english: by.clone(),
                    german: holder_in_german(by),
                };
                both!([by] "it is running already: {by}", "er läuft schon: {by}")
            }
            error => Bilingual {
                english: error.to_string(),
                german: error.in_german(),
            },
        };
        // To find it at work is nothing that anybody has to do something about.
        let help = match &error {
            JournalError::Held { .. } => None,
            error => error.help(),
        };
        let code = exit::of_import(&error.into());
        let files = Files::none(code, message, help);
        if code == ExitCode::Locked
            && let Err(error) = self.states().note_refused(&job.name)
        {
            self.warn(job, &error.told());
        }
        // What is remembered belongs to whoever has the lock.
        let mut summary = self.summed(job, why, started, files, &mut State::default());
        let held = self.states().read(&job.name).unwrap_or_default();
        summary.refused_since = match summary.result {
            Outcome::Refused => held.last_start.filter(|_| held.is_open),
            _ => None,
        };
        self.call_hooks(job, &summary, signal).await;
        (self.tell)(&Told::Ended(Box::new(summary.clone())));
        summary
    }

    /// Looks what is due; none of it has been begun. That an earlier start found something is
    /// input enough.
    fn found(&self, job: &Job, has_earlier: bool) -> Files {
        let mut files = match inbox::look(job, self.clock.now()) {
            Err(error) => {
                let error = ImportError::from(error);
                return Files::none(exit::of_import(&error), in_both(&error), error.help());
            }
            Ok(inbox) => {
                for path in &inbox.to_come {
                    let text = both!(
                        "{path} waits, for its time of modification has yet to come: whoever \
                         wrote it has another time",
                        "{path} wartet, denn die Zeit der letzten Änderung liegt in der Zukunft: \
                         beim Schreiben galt eine andere Uhrzeit",
                        path = path.display()
                    );
                    self.warn(job, &text);
                }
                let nothing = inbox.is_empty().then(|| inbox::nothing(job));
                Files {
                    message: nothing,
                    waiting: inbox.young,
                    not_begun: inbox.due,
                    ..Files::none(ExitCode::Fine, Bilingual::default(), None)
                }
            }
        };
        if has_earlier {
            files.message = None;
        } else if files.not_begun.is_empty() && job.no_input == NoInput::Fail {
            files.code = ExitCode::Unusable;
            files.help = Some(reason::did_it_come());
            files.message = Some(match files.message {
                Some(nothing) => {
                    both!([nothing] "no input is there: {nothing}", "es ist keine Eingabe da: {nothing}")
                }
                None => both!("no input is there", "es ist keine Eingabe da"),
            });
        }
        files
    }

    /// Takes over what an earlier start left untold, and imports the files that are due.
    async fn files(
        &self,
        job: &Arc<Job>,
        earlier: Vec<Untold>,
        known: Arc<BTreeSet<FailureMark>>,
        signal: &watch::Receiver<Signal>,
    ) -> Files {
        self.note_left(job).await;
        let mut files = self.found(job, !earlier.is_empty());
        self.take_over(job, earlier, &known, &mut files, signal)
            .await;
        if !files.not_begun.is_empty() {
            self.import(job, &known, &mut files, signal).await;
        }
        self.tell_moved(job, &mut files).await;
        files
    }

    /// Imports the files that are due, one after the other.
    async fn import(
        &self,
        job: &Arc<Job>,
        known: &Arc<BTreeSet<FailureMark>>,
        files: &mut Files,
        signal: &watch::Receiver<Signal>,
    ) {
        let lane = self.lanes.of(self.runner.lane(job));
        let mut stop = signal.clone();
        let _turn = tokio::select! {
            turn = lane.lock() => Some(turn),
            // What waits is told below.
            () = stopped(&mut stop) => None,
        };
        let began = self.clock.now();
        let mut due = std::mem::take(&mut files.not_begun).into_iter();
        while let Some(input) = due.next() {
            let taken = self.clock.now().duration_since(began);
            let taken = Duration::try_from(taken).unwrap_or_default();
            let left = job.max_duration.map(|most| most.saturating_sub(taken));
            let stopped = match *signal.borrow() {
                Signal::Go if left.is_some_and(|left| left.is_zero()) => Some(ExitCode::TryLater),
                Signal::Go => None,
                Signal::Terminate => Some(ExitCode::Terminated),
                Signal::Interrupt | Signal::Drop => Some(ExitCode::Interrupted),
            };
            if let Some(code) = stopped {
                files.code = files.code.worse(code);
                files.not_begun = std::iter::once(input).chain(due).collect();
                if code == ExitCode::TryLater {
                    files.tell_of_time(job, files.not_begun.len());
                }
                break;
            }
            let code = self.file(job, input, left, known, files, signal).await;
            files.code = files.code.worse(code);
            if code.ends_the_command() {
                files.not_begun = due.collect();
                break;
            }
        }
    }

    /// Imports one file; returns the code that counts for the job.
    async fn file(
        &self,
        job: &Arc<Job>,
        input: PathBuf,
        left: Option<Duration>,
        known: &Arc<BTreeSet<FailureMark>>,
        files: &mut Files,
        signal: &watch::Receiver<Signal>,
    ) -> ExitCode {
        let look = Look::at(&input);
        let order = Order {
            job: Arc::clone(job),
            input: input.clone(),
            left,
            signal: signal.clone(),
        };
        let (runner, ordered) = (Arc::clone(&self.runner), order.clone());
        let known = Arc::clone(known);
        let ran = tokio::task::spawn_blocking(move || {
            let ran = runner.run(&ordered);
            let failures = failed_in(&ran, &known);
            (ran, failures)
        });
        let (ran, failures) = ran.await.unwrap_or_else(|_| (lost(), None));
        let (is_forgiven, code) = files.weighed.add(job, &input, &ran, failures.as_ref());
        let fate = if ran.dry_run {
            Fate::Stays
        } else {
            fate(code, ran.fault)
        };
        if let Some(failures) = failures {
            files.weighed.remember(failures, fate != Fate::Stays);
        }
        let archive = match fate {
            Fate::Done => job.archive_done.as_deref(),
            Fate::Failed => job.archive_failed.as_deref(),
            Fate::Stays => None,
        };
        let mut code = code;
        let mut moved_to = None;
        if let Some(folder) = archive {
            match self.moved(&order, &ran, fate, look, folder) {
                Ok(to) => {
                    files.note_moved(order, &ran, to.clone());
                    moved_to = Some(to);
                }
                Err(why) => {
                    self.warn(job, &why.told());
                    // It would be read again and again, and nobody would know.
                    if !matches!(why, ArchiveError::Replaced { .. }) {
                        files.tell_not_moved(&why);
                        code = code.worse(ExitCode::Failure);
                    }
                }
            }
        }
        let (message, help) = files.reason_of(&input, &ran, code);
        files.inputs.push(InputSummary {
            input,
            fate,
            moved_to,
            again_with: None,
            exit_code: ran.code.number(),
            by_earlier_start: false,
            known_failures_only: is_forgiven,
            message,
            help,
            run: ran.summary.as_deref().map(RunSummary::of),
            whole: ran.summary,
        });
        code
    }

    /// Sums up, and notes it in the state.
    fn summed(
        &self,
        job: &Job,
        why: Why,
        started: Timestamp,
        files: Files,
        state: &mut State,
    ) -> JobSummary {
        let finished = self.clock.now();
        let before = state.last_result;
        let result = outcome(files.code, files.inputs.len());
        let mut summary = JobSummary {
            job: job.name.clone(),
            due: match why {
                Why::Due(due) | Why::CatchUp(due) => Some(due),
                Why::Again | Why::Left | Why::Asked => None,
            },
            started,
            finished,
            result,
            result_before: before,
            exit_code: files.code.number(),
            refused_since: None,
            message: files.message,
            help: files.help,
            counts: Default::default(),
            new_failures: files.weighed.new,
            first_new_failures: files.weighed.first_new,
            known_failures: files.weighed.known,
            inputs: files.inputs,
            waiting: files.waiting,
            not_begun: files.not_begun,
        };
        for run in summary.inputs.iter().filter_map(|input| input.run.as_ref()) {
            for (word, count) in by_outcome(&run.here) {
                *summary.counts.entry(word.to_owned()).or_default() += count;
            }
        }
        state.note(&summary);
        summary.refused_since = state.refused_since;
        summary
    }

    /// Remembers what a start came to. One that was interrupted told nobody: the next one weighs
    /// once more what failed in it.
    fn keep(
        &self,
        states: &States,
        job: &Job,
        summary: &JobSummary,
        state: &State,
        (known, (marks, over)): (Known, (BTreeSet<FailureMark>, BTreeSet<FailureMark>)),
    ) {
        let is_told = summary.result != Outcome::Interrupted;
        let mut known_now = known.clone();
        let marks = if is_told { marks } else { BTreeSet::new() };
        known_now.learn(&marks, &over, summary.started);
        let known_is_written = || match known_now == known {
            true => Ok(()),
            false => states.write_known(&job.name, &known_now),
        };
        let untold_is_forgotten = || match is_told {
            true => states.forget_untold(&job.name),
            false => Ok(()),
        };
        let kept = states.write(&job.name, state);
        for kept in [kept, known_is_written(), untold_is_forgotten()] {
            if let Err(error) = kept {
                self.warn(job, &error.told());
            }
        }
    }
}

impl Files {
    /// No file was read, for this reason.
    fn none(code: ExitCode, why: Bilingual, help: Option<Bilingual>) -> Self {
        Self {
            code,
            message: Some(why),
            help,
            inputs: Vec::new(),
            waiting: Vec::new(),
            not_begun: Vec::new(),
            weighed: Weighed::default(),
            archived: Vec::new(),
        }
    }

    /// Notes that the input which comes next was moved.
    fn note_moved(&mut self, order: Order, ran: &Ran, to: PathBuf) {
        if let Some(archived) = ran.archived(&order, &to) {
            self.archived.push((self.inputs.len(), archived));
        }
    }
}

/// Until somebody wants everything to stop.
pub(super) async fn stopped(signal: &mut watch::Receiver<Signal>) {
    // Nobody left who could want it: then nobody does.
    if signal.wait_for(|wish| *wish != Signal::Go).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests;
