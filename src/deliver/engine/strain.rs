//! The server's health: pauses, outages, probes.

use std::time::Duration;

use super::job::Purpose;
use super::{Action, Engine, quota_of};
use crate::deliver::backoff;
use crate::deliver::breaker::Health;
use crate::deliver::pace::Moment;
use crate::outcome::{Attempt, Ending, PauseWhy, Sent, Trouble};

impl Engine {
    pub(super) fn poll_breaker(&mut self, now: Moment) -> Option<Moment> {
        if self.probing {
            return None;
        }
        let at = self.probe_at.max(self.paused_until);
        if now < at {
            return Some(at);
        }
        match self.token(now, false) {
            Ok(ticket) => {
                self.probing = true;
                self.probe_ticket = Some(ticket);
                self.actions.push(Action::Probe);
                None
            }
            Err(at) => at,
        }
    }

    /// Somebody got an answer: the server is not frozen, so settle times run from now on.
    pub(super) fn heard(&mut self, now: Moment) {
        for id in std::mem::take(&mut self.unanchored) {
            if let Some(Purpose::Reconcile(reconciling)) =
                self.jobs.get_mut(&id).and_then(|job| job.purpose.as_mut())
            {
                reconciling.anchor.get_or_insert(now);
            }
        }
    }

    /// Notes what an answer, or its absence, says about the server; whether it is a 503 too
    /// many, by which the server shows that it is overloaded.
    pub(super) fn note_health(&mut self, attempt: &Attempt, now: Moment) -> bool {
        // What a stop kept from leaving, for want of a token, says nothing about the server.
        if self.stopping.is_some() && !may_have_left(attempt) {
            return false;
        }
        let health = health_of(attempt);
        if let Attempt::Answered(answer) = attempt {
            self.answers += 1;
            if !is_gateway(answer.status) {
                self.heard(now);
            }
            if answer.status == 429 {
                self.throttled_since.get_or_insert(now);
            } else {
                self.throttled_since = None;
                self.throttles_in_a_row = 0;
            }
        }
        let mut overloaded = false;
        match attempt {
            Attempt::Answered(answer) if answer.status == 429 => self.concurrency.throttled(),
            Attempt::Answered(answer) if answer.status == 503 => {
                overloaded = self.concurrency.busy();
            }
            Attempt::Unanswered {
                kind: Trouble::Timeout,
                ..
            } => {
                self.concurrency.busy();
            }
            _ if health == Health::Good => self.concurrency.relax(),
            _ => {}
        }
        if self.breaker.note(health, now) {
            self.probes = 1;
            self.probe_at = now + backoff::BASE;
            self.told_paused = true;
            self.actions.push(Action::TellPaused {
                why: PauseWhy::Odd,
                length: None,
            });
        }
        overloaded
    }

    /// Everybody pauses, as the server asked.
    pub(super) fn pause(&mut self, length: Duration, why: PauseWhy, now: Moment) {
        let until = now + length;
        if until > self.paused_until {
            self.paused_until = until;
            if length >= Duration::from_secs(1) && !self.told_paused {
                self.told_paused = true;
                self.actions.push(Action::TellPaused {
                    why,
                    length: Some(length),
                });
            }
        }
    }

    /// 429: at most one interval without a `Retry-After`.
    pub(super) fn throttle(&mut self, retry_after: Option<Duration>, post: bool, now: Moment) {
        self.traffic.throttled += 1;
        // Answers to what was in flight together are one refusal, not an ever longer one.
        if now >= self.paused_until {
            self.throttles_in_a_row += 1;
        }
        let gate = if post {
            &mut self.post_gate
        } else {
            &mut self.get_gate
        };
        gate.refused();
        let length = match (retry_after, gate.interval()) {
            (Some(wish), _) => wish.min(backoff::RETRY_AFTER_CAP),
            (None, Some(interval)) => interval.min(backoff::RETRY_AFTER_CAP),
            (None, None) => backoff::wait(
                backoff::THROTTLED_BASE,
                self.throttles_in_a_row,
                self.random.f64(),
            ),
        };
        let length = length.max(backoff::BASE);
        self.pause(length, PauseWhy::TooFast, now);
        // A pause that was asked for is no outage, however long; being sent away again and
        // again is one.
        let most = self.settings.delivery.max_outage;
        if self
            .throttled_since
            .is_some_and(|since| now >= since + most)
        {
            self.stop(Ending::Outage);
        }
    }

    pub(super) fn outage_ends(&self) -> Option<Moment> {
        let since = self.breaker.trouble_since();
        let since = since.filter(|_| self.breaker.is_open())?;
        Some(since + self.settings.delivery.max_outage)
    }

    /// The time after which an outage ends the run; none while there is no outage, and none once
    /// the run stops anyway.
    #[must_use]
    pub fn gives_up(&self, now: Moment) -> Option<Duration> {
        let ends = self.outage_ends().filter(|_| self.stopping.is_none())?;
        Some(ends.saturating_sub(now))
    }

    pub(super) fn give_up_outage(&mut self, now: Moment) {
        if self.outage_ends().is_some_and(|at| now >= at) {
            self.stop(Ending::Outage);
        }
    }

    /// A probe was answered, or not.
    pub fn probed(&mut self, attempt: &Attempt, now: Moment) {
        self.probing = false;
        if may_have_left(attempt) {
            self.traffic.requests += 1;
            self.traffic.lookups += 1;
        }
        if let Some(ticket) = self.probe_ticket.take() {
            let answered = is_of_the_server(attempt);
            self.get_gate.end(ticket, now, quota_of(attempt), answered);
        }
        if matches!(attempt, Attempt::Answered(_)) {
            self.answers += 1;
        }
        if health_of(attempt) == Health::Good {
            self.heard(now);
            self.breaker.close();
            self.probes = 0;
        } else {
            self.probes += 1;
            let wait = backoff::wait(backoff::THROTTLED_BASE, self.probes, self.random.f64());
            self.probe_at = now + wait.max(backoff::BASE);
        }
    }
}

/// Whether the server may have seen it: only such requests are counted.
pub(super) fn may_have_left(attempt: &Attempt) -> bool {
    !matches!(
        attempt,
        Attempt::Unanswered {
            sent: Sent::Never,
            ..
        }
    )
}

/// What an attempt says about the server's health.
fn health_of(attempt: &Attempt) -> Health {
    match attempt {
        Attempt::Answered(answer) if answer.status >= 500 => Health::Bad,
        Attempt::Answered(_) => Health::Good,
        Attempt::Unanswered {
            sent: Sent::Never, ..
        } => Health::Unreachable,
        Attempt::Unanswered { .. } => Health::Bad,
    }
}

/// Whether the server itself answered, so that its quota is known now, or that it has none.
/// Somebody in front of it may say 429 and 503, and says no quota then.
pub(super) fn is_of_the_server(attempt: &Attempt) -> bool {
    match attempt {
        Attempt::Answered(answer) => {
            let front = matches!(answer.status, 429 | 503) || is_gateway(answer.status);
            answer.quota.is_some() || !front
        }
        Attempt::Unanswered { .. } => false,
    }
}

/// Statuses by which somebody in front of the server says that it did not answer.
fn is_gateway(status: u16) -> bool {
    matches!(status, 408 | 502 | 504 | 520..=529)
}
