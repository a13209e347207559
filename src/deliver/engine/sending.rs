//! Starting what may start: durable POSTs first, unless they would leave in a heap, then look-ups,
//! then new intents.

use std::time::Duration;

use super::job::{JobId, State};
use super::{Action, Engine, WAITING_AT_MOST, earliest};
use crate::deliver::pace::{Closed, Moment, Ticket};

/// Rounds of requests in flight that may be durable ahead of those in flight.
const ROUNDS_AHEAD_AT_MOST: usize = 7;
/// Records that may be so, where more than one round may: after a crash each is looked up.
const AHEAD_AT_MOST: usize = 448;
/// Syncs in a row behind which enough is durable ahead, until fewer rounds may be.
const SYNCS_AHEAD_AT_MOST: u32 = 32;

/// How long what came for the disk may wait for company: a crash meanwhile leaves so much more to
/// be looked up.
const COMPANY_AT_MOST: Duration = Duration::from_millis(5);
/// It waits for this part of the shortest time of an answer, unless requests wait for the disk.
const COMPANY_OF_WAY: u32 = 8;
/// Waiting for less gathers nobody: timers are not more exact than a millisecond.
const COMPANY_AT_LEAST: Duration = Duration::from_millis(2);

impl Engine {
    /// Starts whatever may start: durable POSTs that make no heap, then look-ups, then new intents.
    pub(super) fn poll_sending(&mut self, now: Moment) -> Option<Moment> {
        let mut wake = None;
        // Who has to wait is told of below.
        self.start_cleared(now);
        while self.in_flight < self.concurrency.allowed() {
            let Some(id) = self.want_look.front().copied() else {
                break;
            };
            match self.token(now, false) {
                Ok(ticket) => {
                    self.want_look.pop_front();
                    self.start_look(id, ticket, now);
                }
                Err(at) => {
                    wake = earliest(wake, at);
                    break;
                }
            }
        }
        let most = self.under_way_at_most();
        while self.in_flight + self.intending + self.cleared.len() < most {
            let Some(id) = self.next_to_post() else {
                break;
            };
            match self.token(now, true) {
                Ok(ticket) => self.admit(id, ticket),
                Err(at) => {
                    wake = earliest(wake, at);
                    break;
                }
            }
        }
        earliest(wake, self.start_cleared(now))
    }

    /// Records that may be in flight, durable or on their way to the disk. Where tokens are
    /// scarce nobody holds one for long.
    pub(super) fn under_way_at_most(&self) -> usize {
        let ahead = if self.is_paced() { 1 } else { self.ahead };
        self.concurrency.allowed() + self.ahead_at_most(ahead)
    }

    /// Whether the user's rate or a quota of the server sets the pace, be it a generous one.
    fn is_paced(&self) -> bool {
        self.rate.is_some() || self.post_gate.interval().is_some()
    }

    /// Records that may be durable, or on their way to the disk, if so many rounds may be.
    fn ahead_at_most(&self, rounds: usize) -> usize {
        let allowed = self.concurrency.allowed();
        (allowed * rounds).min(AHEAD_AT_MOST.max(allowed))
    }

    /// Goes further ahead where requests wait for the disk: there one sync must serve more
    /// records than are in flight at once. And less far where records wait for requests, sync
    /// after sync: whoever goes back and forth clears pages of the journal and fills them again.
    pub(super) fn note_pace_of_the_disk(&mut self) {
        let allowed = self.concurrency.allowed();
        // It was written when half of them were left: the disk took no time to speak of.
        let is_ahead = self.cleared.len() * 8 > self.ahead_at_most(self.ahead) * 3;
        // The first ones show nothing: there was nobody ahead yet.
        let has_begun = self.posts_left > 2 * allowed as u64;
        // A few that wait are those of which the loop has not heard yet.
        let is_dry = self.cleared.is_empty() && self.in_flight * 8 < allowed * 7;
        self.syncs_ahead = if is_ahead { self.syncs_ahead + 1 } else { 0 };
        if self.syncs_ahead > SYNCS_AHEAD_AT_MOST {
            self.ahead = (self.ahead / 2).max(1);
            self.syncs_ahead = 0;
        } else if has_begun && is_dry && !self.fresh.is_empty() {
            self.ahead = (self.ahead * 2).min(ROUNDS_AHEAD_AT_MOST);
        }
    }

    /// Until when that may wait for company which came for the disk at `since`; none if it has to
    /// go at once. It may wait while more than half of those are durable that may be so ahead of
    /// the requests: then none of them waits for the next sync, unless that takes a third of an
    /// answer's time, and it serves more records.
    #[must_use]
    pub fn may_wait_until(&self, since: Moment) -> Option<Moment> {
        let is_well_ahead = self.cleared.len() * 2 > self.ahead_at_most(self.ahead);
        let company = if self.ahead > 1 {
            // Requests have waited for the disk.
            COMPANY_AT_MOST
        } else {
            let company = self.spread.shortest_way() / COMPANY_OF_WAY;
            company.min(COMPANY_AT_MOST)
        };
        let may_wait = is_well_ahead && company >= COMPANY_AT_LEAST;
        may_wait.then(|| since + company)
    }

    /// Sends what is durable, as far as there is room in flight, but makes no heaps, unless a rate
    /// or a quota sets the pace: what leaves later than it got its token is not counted when the
    /// gate expects it to be. Says when the next one may leave if there is room.
    fn start_cleared(&mut self, now: Moment) -> Option<Moment> {
        let allowed = self.concurrency.allowed();
        while self.in_flight < allowed
            && let Some(id) = self.cleared.front().copied()
        {
            if !self.is_paced() {
                if let Err(at) = self.spread.check(now) {
                    return Some(at);
                }
                self.spread.start(now, allowed);
            }
            self.cleared.pop_front();
            self.start_post(id, now);
        }
        None
    }

    /// The next job that wants a POST: those that were sent before come first.
    pub(super) fn next_to_post(&self) -> Option<JobId> {
        if self.settings.look_only {
            return None;
        }
        if let Some(id) = self.want_post.front() {
            return Some(*id).filter(|_| self.may_send_again());
        }
        let room = self.has_room_below_the_limit() && self.timers.len() < WAITING_AT_MOST;
        self.fresh.front().copied().filter(|_| room)
    }

    /// Whether one more record may be sent, if all that are on their way are created.
    pub(super) fn has_room_below_the_limit(&self) -> bool {
        let most = self.settings.limit;
        most.is_none_or(|limit| self.created + self.engaged < limit)
    }

    /// Whether one of those that were sent before may be sent again: an earlier process may have
    /// left more of them than the limit allows.
    pub(super) fn may_send_again(&self) -> bool {
        let others = self.engaged.saturating_sub(self.want_post.len() as u64);
        let most = self.settings.limit;
        most.is_none_or(|limit| self.created + others < limit)
    }

    /// Gives the job its token: its intent is written next, or it may leave at once if the
    /// intent of this attempt is durable already.
    fn admit(&mut self, id: JobId, ticket: Ticket) {
        if self.want_post.front() == Some(&id) {
            self.want_post.pop_front();
        } else {
            self.fresh.pop_front();
        }
        let Some(job) = self.jobs.get_mut(&id) else {
            self.post_gate.cancel(ticket);
            return;
        };
        if !std::mem::replace(&mut job.engaged, true) {
            self.engaged += 1;
        }
        job.ticket = Some(ticket);
        job.attempt += 1;
        if job.intended == job.attempt {
            job.state = State::Cleared;
            self.cleared.push_back(id);
        } else {
            job.state = State::Intending;
            self.intending += 1;
            self.actions.push(Action::Intend {
                job: id,
                attempt: job.attempt,
                absent_before: job.absent_before,
            });
        }
    }

    fn start_post(&mut self, id: JobId, now: Moment) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.state = State::Posting;
        job.sent_under = self.renewals;
        self.posts_left += 1;
        job.left_as = self.posts_left;
        job.left_at = now;
        self.in_flight += 1;
        self.actions.push(Action::Post { job: id });
    }

    fn start_look(&mut self, id: JobId, ticket: Ticket, now: Moment) {
        let Some(job) = self.jobs.get_mut(&id) else {
            self.get_gate.cancel(ticket);
            return;
        };
        job.ticket = Some(ticket);
        job.state = State::Looking;
        job.sent_under = self.renewals;
        if job.page == 1 {
            job.look_started = now;
            job.forget_pages();
        }
        self.in_flight += 1;
        self.actions.push(Action::Look {
            job: id,
            page: job.page,
        });
    }

    /// A token of the user's rate and a place at the server's gate.
    pub(super) fn token(&mut self, now: Moment, post: bool) -> Result<Ticket, Option<Moment>> {
        let gate = if post {
            &mut self.post_gate
        } else {
            &mut self.get_gate
        };
        match gate.check(now) {
            Err(Closed::Until(at)) => return Err(Some(at)),
            Err(Closed::UntilAnswer) => return Err(None),
            Ok(()) => {}
        }
        if let Some(rate) = &self.rate {
            rate.take(now).map_err(Some)?;
        }
        Ok(gate.start(now))
    }
}
