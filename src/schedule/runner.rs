//! What a job wants of whoever does its runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::jobs::Job;
use super::verdict::Fault;
use crate::deliver::driver::Signal;
use crate::outcome::{Bilingual, ExitCode, Summary};

/// One run that a job asks for.
#[derive(Clone)]
pub struct Order {
    /// The job.
    pub job: Arc<Job>,
    /// The input.
    pub input: PathBuf,
    /// How long the run may take, if that is limited.
    pub left: Option<Duration>,
    /// What somebody outside wants.
    pub signal: watch::Receiver<Signal>,
}

/// An input that was moved when its run was over.
#[derive(Clone)]
pub struct Archived {
    /// What was asked for.
    pub order: Order,
    /// The run.
    pub run: String,
    /// Where the input lies now.
    pub to: PathBuf,
}

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    /// Its code.
    pub code: ExitCode,
    /// Its summary, if it came to one.
    pub summary: Option<Box<Summary>>,
    /// What the error is about, if there is one.
    pub fault: Fault,
    /// The error, without a customer's values.
    pub message: Option<Bilingual>,
    /// What to do about it, without them too.
    pub help: Option<Bilingual>,
    /// Whether nothing was sent, as asked for.
    pub dry_run: bool,
    /// Whether code 3 may mean more than invalid and refused records.
    pub is_strict: bool,
    /// The state folder with its journal; none, if it has none that stays.
    pub journal: Option<PathBuf>,
}

impl Ran {
    /// Its input, moved there; none without a run.
    pub(super) fn archived(&self, order: &Order, to: &Path) -> Option<Archived> {
        self.summary.as_ref().map(|summary| Archived {
            order: order.clone(),
            run: summary.run.clone(),
            to: to.to_owned(),
        })
    }
}

/// Who does runs: by the same code as `importer run`.
pub trait Runner: Send + Sync + 'static {
    /// Does a run; blocks until it has ended and its journal is closed.
    fn run(&self, order: &Order) -> Ran;

    /// Tells the journal where inputs of the job lie that an earlier start moved, if that one died
    /// before it could.
    ///
    /// # Errors
    /// Why that cannot be noted.
    fn note_left(&self, job: &Job) -> Result<(), String>;

    /// Notes, so that it outlasts this process, where an input will lie that is about to be moved.
    ///
    /// # Errors
    /// Why that cannot be noted.
    fn moving(&self, archived: &Archived) -> Result<(), String>;

    /// Notes where the inputs of one job's runs lie that are over, because they were moved;
    /// returns the commands that send them again from there, in the same order.
    ///
    /// # Errors
    /// Why that cannot be noted.
    fn moved(&self, archived: &[Archived]) -> Result<Vec<String>, String>;

    /// What runs of different jobs must not use at once: the ERP instance.
    fn lane(&self, job: &Job) -> String;
}
