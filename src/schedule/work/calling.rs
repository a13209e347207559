//! Who is told of a start's end.

use tokio::sync::watch;

use super::{Workshop, reason};
use crate::deliver::driver::Signal;
use crate::import::absolute;
use crate::schedule::hooks;
use crate::schedule::jobs::Job;
use crate::schedule::summary::JobSummary;
use crate::schedule::verdict::told;

impl Workshop {
    /// Tells those who want to know; says what goes wrong with that, and how often it did.
    pub(super) async fn call_hooks(
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
            // A hook may work in another folder.
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
                () = dropped => Err(hooks::HookFault::dropped()),
            };
            if let Err(fault) = ended {
                self.warn(job, &reason::of_hook(job, key, fault));
                failed += 1;
            }
        }
        failed
    }
}
