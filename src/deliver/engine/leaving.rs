//! How jobs leave custody: settled, or open at a stop or limit.

use std::sync::Arc;

use super::job::{JobId, Purpose, State};
use super::{Action, Engine};
use crate::deliver::settings::Threshold;
use crate::outcome::{Ending, Outcome, Stop, UnknownWhy};

/// Sent records before a share of refused ones is judged.
const SHARE_JUDGED_FROM: u64 = 50;

impl Engine {
    /// Counts a refusal, and stops if there were too many.
    fn count_refused(&mut self) {
        self.refused += 1;
        let sent = self.created + self.refused;
        let most = self.settings.delivery.max_failures;
        let judged = match most {
            Threshold::Count(_) => true,
            Threshold::Percent(_) => sent >= SHARE_JUDGED_FROM,
        };
        if judged && most.is_exceeded(self.refused, sent) {
            self.stop(Ending::Stopped(Stop::TooManyFailures {
                refused: self.refused,
                sent,
            }));
        }
    }

    /// The record is created, and that is kept before anything more is asked about it.
    pub(super) fn keep_created(&mut self, id: JobId) {
        if let Some(job) = self.jobs.get(&id) {
            self.actions.push(Action::Keep {
                run: Arc::clone(&job.run),
                submission: Arc::clone(&job.submission),
                outcome: job.created_unread(),
            });
        }
    }

    /// The job leaves custody with an outcome.
    pub(super) fn settle(&mut self, id: JobId, outcome: Outcome) {
        let Some(job) = self.jobs.remove(&id) else {
            return;
        };
        if job.engaged {
            self.engaged -= 1;
        }
        match &outcome {
            Outcome::Created { .. } => {
                self.created += 1;
            }
            Outcome::Refused { .. } => self.count_refused(),
            _ => {}
        }
        self.actions.push(Action::Settle {
            run: job.run,
            submission: job.submission,
            outcome,
        });
    }

    /// The job leaves custody open: its record will be sent by another run, or its intent
    /// stays in the journal when something may have been sent.
    fn release(&mut self, id: JobId) {
        let learnt = self
            .jobs
            .get(&id)
            .is_some_and(|job| matches!(job.purpose, Some(Purpose::Learn { .. })));
        if learnt {
            self.settle_created_unread(id);
            return;
        }
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        if job.may_be_ours() {
            let attempts = job.attempt;
            self.settle(
                id,
                Outcome::Unknown {
                    why: UnknownWhy::Interrupted,
                    attempts,
                },
            );
            return;
        }
        if let Some(job) = self.jobs.remove(&id) {
            if job.engaged {
                self.engaged -= 1;
            }
            if let Some(ticket) = job.ticket {
                self.post_gate.cancel(ticket);
            }
            // An intent on its way to the disk is taken back as well: voids follow intents.
            if job.has_intent() || job.attempt > 0 {
                self.actions.push(Action::Void {
                    run: job.run,
                    submission: job.submission,
                });
            }
        }
    }

    /// At a stop: everything that is not in flight leaves custody.
    pub(super) fn release_all(&mut self) {
        let idle: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(_, job)| {
                !matches!(
                    job.state,
                    State::Posting | State::Looking | State::Intending
                )
            })
            .map(|(id, _)| *id)
            .collect();
        for id in idle {
            self.release(id);
        }
        self.timers.clear();
        self.want_look.clear();
        self.want_post.clear();
        self.fresh.clear();
        self.cleared.clear();
        self.held.clear();
        self.renewing = false;
    }

    /// At the limit: what was never sent, and what is known to be absent again, leaves custody;
    /// the rest goes on.
    pub(super) fn release_fresh(&mut self) {
        let fresh: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(_, job)| {
                let unsent = job.attempt == 0
                    && matches!(
                        job.state,
                        State::WantsPost | State::WantsLook | State::Waiting
                    );
                !job.maybe_sent && (unsent || job.state == State::WantsPost)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in fresh {
            self.fresh.retain(|other| *other != id);
            self.want_look.retain(|other| *other != id);
            self.want_post.retain(|other| *other != id);
            self.timers.retain(|(_, other)| *other != id);
            self.release(id);
        }
    }
}
