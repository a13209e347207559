//! What failed in a start, held against the failures that the job knows.

use std::collections::BTreeSet;
use std::mem;
use std::path::Path;

use crate::import::{FailureMark, Failures, NEW_TOLD, failures};
use crate::outcome::ExitCode;
use crate::schedule::jobs::{Alarm, Job};
use crate::schedule::runner::Ran;
use crate::schedule::summary::NewFailure;

/// What failed in the inputs of a start.
#[derive(Default)]
pub(super) struct Weighed {
    /// What is known again at the next start: of the inputs whose runs are over.
    pub(super) marks: BTreeSet<FailureMark>,
    /// What was known and is over.
    pub(super) over: BTreeSet<FailureMark>,
    /// Failed records that had not failed so before, or of which nobody knows.
    pub(super) new: u64,
    /// The first of them.
    pub(super) first_new: Vec<NewFailure>,
    /// Failed records that had.
    pub(super) known: u64,
}

/// What failed in a run, held against what is known; nothing, if that cannot be told.
pub(super) fn failed_in(ran: &Ran, known: &BTreeSet<FailureMark>) -> Option<Failures> {
    // What a dry run finds is not remembered.
    let folder = ran.journal.as_deref().filter(|_| !ran.dry_run)?;
    failures(folder, ran.summary.as_ref()?, known)
}

impl Weighed {
    /// Counts what failed in a run. Returns whether the job does not mind, because it all failed
    /// in the same way before, and the code that counts for the job.
    pub(super) fn add(
        &mut self,
        job: &Job,
        input: &Path,
        ran: &Ran,
        failures: Option<&Failures>,
    ) -> (bool, ExitCode) {
        let is_forgiven = self.is_forgiven(job, input, ran, failures);
        let code = if is_forgiven {
            ExitCode::Fine
        } else {
            ran.code
        };
        (is_forgiven, code)
    }

    fn is_forgiven(
        &mut self,
        job: &Job,
        input: &Path,
        ran: &Ran,
        failures: Option<&Failures>,
    ) -> bool {
        let Some(summary) = &ran.summary else {
            return false;
        };
        let (first, new) = match failures {
            Some(failures) => {
                self.known += failures.known;
                let first = failures.first_new.iter().cloned();
                let first = first.map(|failed| NewFailure::of(input, failed));
                (first.collect(), failures.new)
            }
            // Of a run that was over before nothing failed in this start.
            None if summary.finished_before => return false,
            None => (
                NewFailure::of_causes(input, summary),
                summary.counts.invalid + summary.counts.refused,
            ),
        };
        self.new += new;
        self.first_new.extend(first);
        self.first_new.truncate(NEW_TOLD);
        let is_minded = job.fail_on == Alarm::Any || ran.is_strict;
        ran.code == ExitCode::SomeFailed && !is_minded && failures.is_some() && new == 0
    }

    /// Remembers what failed in a run. What goes on is told once more when it is over.
    pub(super) fn remember(&mut self, failures: Failures, is_over: bool) {
        self.over.extend(failures.over);
        if is_over {
            self.marks.extend(failures.marks);
        }
    }

    /// What is known again at the next start, and what is over.
    pub(super) fn taken(&mut self) -> (BTreeSet<FailureMark>, BTreeSet<FailureMark>) {
        (mem::take(&mut self.marks), mem::take(&mut self.over))
    }
}
