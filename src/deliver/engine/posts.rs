//! What a POST's answer does to its job.

use super::super::answer::Named;
use super::super::verdict::{self, Settle, Verdict};
use super::job::{JobId, Purpose, Reconciling, State};
use super::strain::{is_of_the_server, may_have_left};
use super::{Action, Engine, SETTLE_ANSWERED, quota_of};
use crate::deliver::backoff;
use crate::deliver::pace::Moment;
use crate::outcome::{Attempt, Ending, How, Outcome, PauseWhy, Stop};

/// 403 answers, without a customer created by a later POST, that mean the scope is missing.
const FORBIDDEN_AT_MOST: usize = 3;

impl Engine {
    /// A job's POST was answered, or not.
    pub fn posted(&mut self, id: JobId, attempt: &Attempt, now: Moment) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if job.state != State::Posting {
            return;
        }
        self.in_flight -= 1;
        if matches!(attempt, Attempt::Answered(answer) if (200..300).contains(&answer.status)) {
            self.spread.note(now.saturating_sub(job.left_at));
        }
        if may_have_left(attempt) {
            self.traffic.requests += 1;
            self.traffic.posts += 1;
            self.traffic.retries += u64::from(job.attempt > 1);
        }
        if let Some(ticket) = job.ticket.take() {
            let answered = is_of_the_server(attempt);
            self.post_gate.end(ticket, now, quota_of(attempt), answered);
        }
        let verdict = verdict::classify(attempt, &job.submission.body);
        job.unauthorized_before &= verdict == Verdict::Unauthorized;
        let sent_under = job.sent_under;
        self.note_token(sent_under, attempt);
        let overloaded = self.note_health(attempt, now);
        self.judge(id, verdict, overloaded, now);
    }

    fn judge(&mut self, id: JobId, verdict: Verdict, overloaded: bool, now: Moment) {
        match verdict {
            Verdict::Created(named) => self.created(id, named),
            Verdict::CreatedUnread => {
                self.see_created(id);
                self.keep_created(id);
                self.look_for(id, Purpose::Learn { misses: 0 });
            }
            Verdict::Refused {
                status,
                code,
                errors,
            } => self.refuse(id, status, code, errors),
            Verdict::Taken {
                status,
                code,
                errors,
            } => self.look_for(
                id,
                Purpose::WhoHasIt {
                    status,
                    code,
                    errors,
                },
            ),
            Verdict::NeverSent(_) => {
                let tries = self.count_no_attempt(id);
                let wait = backoff::wait(backoff::BASE, tries, self.random.f64());
                self.wait_until(id, now + wait);
            }
            Verdict::Throttled { retry_after } => {
                self.count_no_attempt(id);
                self.throttle(retry_after, true, now);
                self.requeue(id);
            }
            Verdict::Reconcile {
                settle,
                status,
                pause,
            } => {
                // A 503 now and then is that request's own trouble; many are everybody's.
                if let Some(wish) = pause.filter(|wish| wish.is_some() || overloaded) {
                    let tries = self.jobs.get(&id).map_or(1, |job| job.attempt);
                    let jittered = backoff::wait(backoff::THROTTLED_BASE, tries, self.random.f64());
                    let length = wish.unwrap_or(jittered).min(backoff::RETRY_AFTER_CAP);
                    self.pause(length, PauseWhy::Unavailable, now);
                }
                self.reconcile(id, settle, status, now);
            }
            Verdict::Unauthorized => {
                self.count_no_attempt(id);
                self.unauthorized(id);
            }
            Verdict::Forbidden(refusal) => self.forbidden(id, *refusal),
            Verdict::Stop(stop) => {
                self.count_no_attempt(id);
                self.requeue(id);
                self.stop(Ending::Stopped(stop));
            }
        }
    }

    fn created(&mut self, id: JobId, named: Named) {
        self.see_created(id);
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let attempts = job.attempt;
        self.settle(
            id,
            Outcome::Created {
                id: named.id,
                number: named.number,
                attempts,
                how: How::Posted,
            },
        );
    }

    /// A customer was created: whoever was answered 403 for a POST that had left before had data
    /// to blame. Of those that left later it says nothing: the scope may have gone meanwhile.
    fn see_created(&mut self, id: JobId) {
        self.created_once = true;
        let left = |engine: &Self, id| engine.jobs.get(&id).map_or(0, |job| job.left_as);
        let created = left(self, id);
        let (before, later) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|held| left(self, *held) < created);
        self.held = later;
        let before: Vec<JobId> = before;
        for id in before {
            self.refuse_forbidden(id);
        }
    }

    /// Nothing is left that could tell what the held records mean, or may be sent beside them:
    /// the run worked before, so it was their data.
    pub(super) fn settle_held_at_the_end(&mut self) {
        let full = !self.has_room_below_the_limit();
        let mut waiting = if full { self.fresh.len() } else { 0 };
        if !self.may_send_again() {
            waiting += self.want_post.len();
        }
        let last = self.jobs.len() == self.held.len() + waiting;
        if (self.source_ended || full) && last {
            for id in std::mem::take(&mut self.held) {
                self.refuse_forbidden(id);
            }
        }
    }

    fn refuse_forbidden(&mut self, id: JobId) {
        let refusal = self.jobs.get_mut(&id).and_then(|job| job.forbidden.take());
        if let Some((status, code, errors)) = refusal {
            self.refuse(id, status, code, errors);
        }
    }

    /// The server said no, clearly. If an earlier POST of the record was unclear, that one is
    /// settled too: it was looked up before this one was sent.
    pub(super) fn refuse(
        &mut self,
        id: JobId,
        status: u16,
        code: Option<String>,
        errors: Vec<crate::outcome::ServerError>,
    ) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let attempts = job.attempt;
        self.settle(
            id,
            Outcome::Refused {
                status,
                code,
                errors,
                attempts,
            },
        );
    }

    /// The current POST counts as no attempt; says how many such tries there were.
    fn count_no_attempt(&mut self, id: JobId) -> u32 {
        let Some(job) = self.jobs.get_mut(&id) else {
            return 1;
        };
        job.attempt = job.attempt.saturating_sub(1);
        job.idle_tries += 1;
        job.idle_tries
    }

    fn look_for(&mut self, id: JobId, purpose: Purpose) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.purpose = Some(purpose);
            job.page = 1;
            job.look_failures = 0;
        }
        self.requeue(id);
    }

    fn reconcile(&mut self, id: JobId, settle: Settle, status: Option<u16>, now: Moment) {
        let settle_time = match settle {
            Settle::Answered => SETTLE_ANSWERED.min(self.settings.delivery.settle),
            Settle::Silent => self.settings.delivery.settle,
        };
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.maybe_sent = true;
        job.page = 1;
        job.look_failures = 0;
        job.purpose = Some(Purpose::Reconcile(Reconciling {
            settle: settle_time,
            // An answer of the server itself shows that it is not frozen; a gateway's does not.
            anchor: (settle == Settle::Answered).then_some(now),
            misses: 0,
            status,
        }));
        if settle == Settle::Silent {
            self.unanchored.push(id);
        }
        let wait = backoff::wait(backoff::BASE, 1, self.random.f64());
        self.wait_until(id, now + wait);
    }

    /// 401: a better token may help, else the run stops.
    pub(super) fn unauthorized(&mut self, id: JobId) {
        if !self.wait_for_better_token(id) {
            self.requeue(id);
            self.stop(Ending::Stopped(Stop::Unauthorized));
        }
    }

    /// After a 401: whether another token may help. Then the job goes again with it, or waits
    /// for it. A fresh token that is refused at once is not the trouble, whoever shows it first.
    fn wait_for_better_token(&mut self, id: JobId) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else {
            return true;
        };
        let stale = job.sent_under < self.renewals;
        let again = std::mem::replace(&mut job.unauthorized_before, true);
        if !self.settings.renewable || (!stale && (again || !self.token_worked)) {
            return false;
        }
        if stale {
            self.requeue(id);
        } else {
            self.wait_for_token(id);
        }
        true
    }

    /// Notes whether the newest token is any good.
    pub(super) fn note_token(&mut self, sent_under: u64, attempt: &Attempt) {
        let refused = matches!(attempt, Attempt::Answered(answer) if answer.status == 401);
        let answered = matches!(attempt, Attempt::Answered(_));
        if answered && !refused && sent_under == self.renewals {
            self.token_worked = true;
        }
    }

    /// The job waits until somebody has a new token; the first one asks for it.
    fn wait_for_token(&mut self, id: JobId) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.state = State::WaitsForToken;
        }
        if !std::mem::replace(&mut self.renewing, true) {
            self.actions.push(Action::RenewToken);
        }
    }

    fn forbidden(&mut self, id: JobId, refusal: Verdict) {
        let refusal = match refusal {
            Verdict::Refused {
                status,
                code,
                errors,
            }
            | Verdict::Taken {
                status,
                code,
                errors,
            } => (status, code, errors),
            _ => (403, None, Vec::new()),
        };
        if let Some(job) = self.jobs.get_mut(&id) {
            job.state = State::Held;
            job.forbidden = Some(refusal);
            self.held.push(id);
        }
        if !self.created_once || self.held.len() >= FORBIDDEN_AT_MOST {
            self.stop(Ending::Stopped(Stop::Forbidden));
        }
    }
}
