//! What an earlier start has moved away and told nobody of: the next one tells of it as of its
//! own.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use super::reason::lost;
use super::weighing::failed_in;
use super::{Files, Workshop};
use crate::deliver::driver::Signal;
use crate::import::FailureMark;
use crate::outcome::both;
use crate::schedule::jobs::Job;
use crate::schedule::runner::Order;
use crate::schedule::state::StateError;
use crate::schedule::summary::{InputSummary, RunSummary};
use crate::schedule::untold::Untold;

impl Workshop {
    /// The inputs of earlier starts of which nobody was told.
    pub(super) fn untold(&self, job: &Job) -> Vec<Untold> {
        let states = self.states();
        let (earlier, is_damaged) = self.remembered(job, states.untold(&job.name));
        if is_damaged {
            let error = StateError::damaged(states.untold_file(&job.name)).told();
            let text = both!([error]
                "{error}; of an input that earlier starts have moved to an archive perhaps nobody is \
                 told",
                "{error}; eine Eingabe, die frühere Starts ins Archiv verschoben haben, wird \
                 vielleicht nie gemeldet"
            );
            self.warn(job, &text);
        }
        if let Err(error) = states.keep_untold(&job.name, &earlier) {
            self.warn(job, &error.told());
        }
        earlier
    }

    /// Adds the inputs of earlier starts to those of this one. What failed in them is weighed
    /// here, for what a start does not tell it does not learn either.
    pub(super) async fn take_over(
        &self,
        job: &Arc<Job>,
        earlier: Vec<Untold>,
        known: &Arc<BTreeSet<FailureMark>>,
        files: &mut Files,
        signal: &watch::Receiver<Signal>,
    ) {
        for untold in earlier {
            let (input, to, fate) = (untold.input.clone(), untold.moved_to.clone(), untold.fate);
            let known = Arc::clone(known);
            let ran = tokio::task::spawn_blocking(move || {
                let ran = untold.ran();
                let failures = failed_in(&ran, &known);
                (ran, failures)
            });
            let (ran, failures) = ran.await.unwrap_or_else(|_| (lost(), None));
            let (is_forgiven, code) = files.weighed.add(job, &input, &ran, failures.as_ref());
            if let Some(failures) = failures {
                files.weighed.remember(failures, true);
            }
            files.code = files.code.worse(code);
            let order = Order {
                job: Arc::clone(job),
                input: input.clone(),
                left: None,
                signal: signal.clone(),
            };
            // Somebody may have taken it away since.
            let to = Some(to).filter(|to| to.exists());
            if let Some(to) = &to {
                files.note_moved(order, &ran, to.clone());
            }
            let (message, help) = files.reason_of(&input, &ran, code);
            files.inputs.push(InputSummary {
                input,
                fate,
                moved_to: to,
                again_with: None,
                exit_code: ran.code.number(),
                by_earlier_start: true,
                known_failures_only: is_forgiven,
                message,
                help,
                run: ran.summary.as_deref().map(RunSummary::of),
                whole: ran.summary,
            });
        }
    }
}
