//! One start of a job, from the lock to the hooks. A daemon and `--once` do the same here.

mod weighing;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::archive::{self, ArchiveError};
use super::clock::Clock;
use super::hooks;
use super::inbox::{self, Look};
use super::jobs::{Job, NoInput};
use super::runner::{Archived, Order, Ran, Runner};
use super::state::{State, StateError, States};
use super::summary::{InputSummary, JobSummary, RunSummary, by_outcome};
use super::told::{Tell, Told, Why};
use super::verdict::{Fate, Fault, Outcome, fate, outcome, told};
use crate::deliver::driver::Signal;
use crate::exit;
use crate::import::{FailureMark, ImportError};
use crate::journal::{JournalError, holder_in_german, lock};
use crate::outcome::{Bilingual, ExitCode, both};
use crate::settings::Environment;
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
        state.last_start = Some(started);
        state.since.get_or_insert(started);
        state.first_seen.get_or_insert(started);
        state.is_open = true;
        // What cannot be remembered would be started again and again.
        let files = match states.write(&job.name, &state) {
            Ok(()) => self.files(job, Arc::new(known.marks()), signal).await,
            Err(error) => Files::none(ExitCode::Failure, error.told(), Some(error.help())),
        };
        let mut known_now = known.clone();
        known_now.learn(&files.weighed.marks, &files.weighed.over, started);
        let summary = self.summed(job, why, started, files, &mut state);
        if known_now != known
            && let Err(error) = states.write_known(&job.name, &known_now)
        {
            self.warn(job, &error.told());
        }
        if let Err(error) = self.keep(&states, &summary, &state) {
            self.warn(job, &error.told());
        }
        let failed = self.call_hooks(job, &summary, signal).await;
        if failed > 0 {
            state.hook_failures += failed;
            if let Err(error) = states.write(&job.name, &state) {
                self.warn(job, &error.told());
            }
        }
        // Whoever hears of the end may start it again at once.
        drop(held);
        (self.tell)(&Told::Ended(Box::new(summary.clone())));
        summary
    }

    /// What is remembered of the job. What cannot be read is as good as nothing: the journal
    /// alone sees to it that nothing is sent twice.
    fn remembered<T: Default>(&self, job: &Job, read: Result<T, StateError>) -> T {
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

    /// Looks what is due; none of it has been begun.
    fn found(&self, job: &Job) -> Files {
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
        if files.not_begun.is_empty() && job.no_input == NoInput::Fail {
            files.code = ExitCode::Unusable;
            files.message = Some(match files.message {
                Some(nothing) => {
                    both!([nothing] "no input is there: {nothing}", "es ist keine Eingabe da: {nothing}")
                }
                None => both!("no input is there", "es ist keine Eingabe da"),
            });
        }
        files
    }

    /// Imports the files that are due, one after the other.
    async fn files(
        &self,
        job: &Arc<Job>,
        known: Arc<BTreeSet<FailureMark>>,
        signal: &watch::Receiver<Signal>,
    ) -> Files {
        self.note_left(job).await;
        let mut files = self.found(job);
        if files.not_begun.is_empty() {
            return files;
        }
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
                break;
            }
            let code = self
                .file(job, input, left, &known, &mut files, signal)
                .await;
            files.code = files.code.worse(code);
            if code.ends_the_command() {
                files.not_begun = due.collect();
                break;
            }
        }
        self.tell_moved(job, &mut files).await;
        files
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
        let is_forgiven = files.weighed.add(job, &input, &ran, failures.as_ref());
        let code = if is_forgiven {
            ExitCode::Fine
        } else {
            ran.code
        };
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
            let run = ran.summary.as_ref().map(|summary| &*summary.run);
            match self.moved(&order, run, look, folder) {
                Ok(to) => {
                    if let Some(run) = run {
                        let (run, to) = (run.to_owned(), to.clone());
                        let archived = Archived { order, run, to };
                        files.archived.push((files.inputs.len(), archived));
                    }
                    moved_to = Some(to);
                }
                Err(why) => {
                    self.warn(job, &why.told());
                    // It would be read again and again, and nobody would know.
                    if !matches!(why, ArchiveError::Replaced { .. }) {
                        code = code.worse(ExitCode::Failure);
                    }
                }
            }
        }
        files.inputs.push(InputSummary {
            input,
            fate,
            moved_to,
            again_with: None,
            exit_code: ran.code.number(),
            known_failures_only: is_forgiven,
            message: ran.message,
            run: ran.summary.as_deref().map(RunSummary::of),
            whole: ran.summary,
        });
        code
    }

    /// Moves an input that was looked at before it was imported. Where it will lie is noted first:
    /// who dies then leaves no run of which nobody knows where its input is.
    fn moved(
        &self,
        order: &Order,
        run: Option<&str>,
        look: std::io::Result<Look>,
        folder: &Path,
    ) -> Result<PathBuf, ArchiveError> {
        let look = look.map_err(|source| ArchiveError::Io {
            path: order.input.clone(),
            folder: folder.to_owned(),
            source,
        })?;
        let note = |to: &Path| {
            let archived = run.map(|run| Archived {
                order: order.clone(),
                run: run.to_owned(),
                to: to.to_owned(),
            });
            let noted = archived.map_or(Ok(()), |archived| self.runner.moving(&archived));
            if let Err(why) = noted {
                // The journal will know in the end.
                tracing::warn!(%why, "where an input will lie is not noted beforehand");
            }
        };
        let expected = archive::place_of(&order.input, folder);
        note(&expected);
        let to = archive::put(&order.input, &look, folder)?;
        if to != expected {
            note(&to);
        }
        Ok(to)
    }

    /// Lets the journal know what an earlier start, which died, has moved.
    async fn note_left(&self, job: &Arc<Job>) {
        let (runner, left) = (Arc::clone(&self.runner), Arc::clone(job));
        let noted = tokio::task::spawn_blocking(move || runner.note_left(&left)).await;
        if let Err(why) = noted.unwrap_or_else(|error| Err(error.to_string())) {
            self.warn(job, &not_noted(&why));
        }
    }

    /// Lets the journal know where the inputs lie by now, all at once, for it is looked over each
    /// time that it is opened; tells their summaries the commands that send them again from there.
    /// That it cannot be noted is no failure of the job.
    async fn tell_moved(&self, job: &Job, files: &mut Files) {
        let (places, archived): (Vec<usize>, Vec<Archived>) = files.archived.drain(..).unzip();
        if archived.is_empty() {
            return;
        }
        let runner = Arc::clone(&self.runner);
        let noted = tokio::task::spawn_blocking(move || runner.moved(&archived)).await;
        match noted.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(commands) => {
                for (place, command) in places.into_iter().zip(commands) {
                    if let Some(input) = files.inputs.get_mut(place) {
                        input.again_with = Some(command);
                    }
                }
            }
            Err(why) => {
                self.warn(job, &not_noted(&why));
            }
        }
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

    fn keep(&self, states: &States, summary: &JobSummary, state: &State) -> Result<(), StateError> {
        states.write(&summary.job, state)?;
        let text = serde_json::to_vec(summary).unwrap_or_default();
        states.write_summary(&summary.job, &text).map(|_| ())
    }

    /// Tells those who want to know; says what goes wrong with that, and how often it did.
    async fn call_hooks(
        &self,
        job: &Job,
        summary: &JobSummary,
        signal: &watch::Receiver<Signal>,
    ) -> u64 {
        let before = summary.result_before;
        let states = self.states();
        let text = serde_json::to_vec(summary).unwrap_or_default();
        let file = states.summary_file(&job.name);
        let mut failed = 0;
        for (key, place) in told(&job.hooks, before, summary.result) {
            let call = hooks::Call {
                job: &job.name,
                summary: &text,
                file: &absolute(&file),
                exit_code: summary.exit_code,
                result: summary.result.word(),
                timeout: job.hooks.timeout,
            };
            let mut stop = signal.clone();
            let dropped = async move {
                // Nobody left who could want it: then the hook's own limit holds.
                if stop.wait_for(|wish| *wish == Signal::Drop).await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            let ended = tokio::select! {
                ended = hooks::call(place, &call, &self.environment, signal) => ended,
                () = dropped => Err(both!("it was ended", "er wurde beendet")),
            };
            if let Err(why) = ended {
                let text = both!([why] "{key} failed: {why}", "{key} scheiterte: {why}");
                self.warn(job, &text);
                failed += 1;
            }
        }
        failed
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
}

fn not_noted(why: &str) -> Bilingual {
    both!(
        "where its input lies now is not noted: {why}",
        "wo die Eingabe des Laufs jetzt liegt, ist nicht vermerkt: {why}"
    )
}

fn in_both(error: &ImportError) -> Bilingual {
    let english = error.to_string();
    Bilingual {
        german: error.in_german().unwrap_or_else(|| english.clone()),
        english,
    }
}

/// What a run came to that nobody saw the end of.
fn lost() -> Ran {
    Ran {
        code: ExitCode::Failure,
        summary: None,
        fault: Fault::Elsewhere,
        message: Some(both!(
            "the run ended unexpectedly",
            "der Lauf endete unerwartet"
        )),
        dry_run: false,
        is_strict: false,
        journal: None,
    }
}

/// Until somebody wants everything to stop.
pub(super) async fn stopped(signal: &mut watch::Receiver<Signal>) {
    // Nobody left who could want it: then nobody does.
    if signal.wait_for(|wish| *wish != Signal::Go).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A hook may work in another folder.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests;
