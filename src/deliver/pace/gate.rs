//! The server's own quota, known from the headers of its answers only.
//!
//! What is not known: whether its window is fixed or sliding, where a fixed one begins, and when
//! on its way a request is counted. What is known of each request is when it started and when it
//! was answered; it was counted somewhere between.
//!
//! Four rules follow, in the order of their strength:
//!
//! 1. *Guaranteed.* A request takes a place from its start until one interval after its answer.
//!    No more than `Limit` places are taken at once: then no window, fixed or sliding, ever holds
//!    more than `Limit` requests of ours, whatever the latency. Its price is one latency for each
//!    interval.
//! 2. *Proven by an answer.* `Remaining` says how much was free when that request was counted.
//!    Whatever may have been counted later, all that had no answer when it started and all that
//!    started since, is taken off; what is left is free now, if nobody else uses the quota. So a
//!    fixed window that has begun is used from its first answer on.
//! 3. *Probable.* A place ends earlier by the shortest time that a request took lately, less a
//!    margin. The request that takes the place is under way for a while before it is counted, and
//!    its predecessor's answer was under way after it was; together that is no less than the
//!    shortest whole way, unless the server has just become faster than it ever was lately, and
//!    then by more than the margin. The price of each interval is what an answer takes longer
//!    than the fastest ones, and the margin.
//! 4. *Measured.* What the server says to have counted is compared with what was predicted, and
//!    more is let through as far as the prediction has proved to be right (`measured.rs`).
//!
//! A 429 shows that one of the last three was wrong, or that others use the quota: then for the
//! next [`CAREFUL_FOR`] requests only the first rule counts.

use std::collections::VecDeque;
use std::time::Duration;

use super::Moment;
use super::measured::Measured;
use super::way::ShortestWay;
use crate::outcome::{Quota, QuotaUse};

/// Requests after a 429 for which nothing but the guaranteed rule counts.
const CAREFUL_FOR: u64 = 1_000;
/// The margin: this part of the interval, but no less than [`MARGIN_OF_WAY`] of the way.
const MARGIN_OF_INTERVAL: u32 = 256;
/// The least margin: this part of the shortest way.
const MARGIN_OF_WAY: u32 = 16;

/// The server's quota for one method and path.
#[derive(Debug, Default)]
pub struct Gate {
    quota: Option<(u32, Duration)>,
    heard: bool,
    /// Requests under way.
    open: u64,
    /// Those that ended and still take a place, in the order of their ends: when, and how many.
    ended: VecDeque<(Moment, u32)>,
    /// The requests in `ended`.
    held: u64,
    /// Requests that ever started.
    started: u64,
    /// Requests that ever ended.
    finished: u64,
    /// From the token to the answer, with the wait for the disk.
    way: ShortestWay,
    measured: Option<Measured>,
    /// The number of the request from which on more than the guaranteed rule counts.
    careful_until: u64,
}

/// Names a request at its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    number: u64,
    at: Moment,
    /// Requests that had ended when it started.
    finished: u64,
    /// How much of the quota we believed to be left just after it started, if there was one.
    left: Option<i64>,
}

/// Why a gate does not let a request through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Until this moment.
    Until(Moment),
    /// Until an answer comes.
    UntilAnswer,
}

impl Gate {
    /// The length of the server's interval, if it announced one.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        self.quota.map(|(_, interval)| interval)
    }

    /// How much of the quota is taken, as far as we believe; nothing before one was announced.
    pub fn usage(&mut self, now: Moment) -> Option<QuotaUse> {
        let (limit, interval) = self.quota?;
        self.release(now);
        Some(QuotaUse {
            used: (self.open + self.held).min(limit.into()),
            limit,
            interval,
        })
    }

    /// Whether a request may start now.
    ///
    /// # Errors
    /// Until when it may not.
    pub fn check(&mut self, now: Moment) -> Result<(), Closed> {
        let Some((limit, interval)) = self.quota else {
            // Nothing is known before the first answer: one request shows the way.
            let alone = self.heard || self.open == 0;
            return if alone {
                Ok(())
            } else {
                Err(Closed::UntilAnswer)
            };
        };
        self.release(now);
        if self.open + self.held < u64::from(limit) {
            return Ok(());
        }
        let careful = self.is_careful();
        let mut measured = self.measured.as_mut().filter(|_| !careful);
        if measured.as_mut().is_some_and(|it| it.has_room(now)) {
            return Ok(());
        }
        let hold = self.hold(interval);
        let held = self.ended.front().map(|(at, _)| at.saturating_add(hold));
        let opens = self.measured.as_ref().filter(|_| !careful);
        let opens = opens.and_then(Measured::opens);
        match held.into_iter().chain(opens).min() {
            Some(at) => Err(Closed::Until(at)),
            None => Err(Closed::UntilAnswer),
        }
    }

    /// Counts a request that starts now.
    pub fn start(&mut self, now: Moment) -> Ticket {
        self.release(now);
        let ticket = Ticket {
            number: self.started,
            at: now,
            finished: self.finished,
            left: self.quota.map(|(limit, _)| self.left(limit) - 1),
        };
        self.started += 1;
        self.open += 1;
        if let Some(measured) = &mut self.measured {
            measured.start(now);
        }
        ticket
    }

    /// Takes back a request that never left.
    pub fn cancel(&mut self, _: Ticket) {
        self.open = self.open.saturating_sub(1);
        self.finished += 1;
    }

    /// Counts the end of a request: answered by the server itself with what it says of its
    /// quota, or given up.
    pub fn end(&mut self, ticket: Ticket, now: Moment, quota: Option<Quota>, answered: bool) {
        self.open = self.open.saturating_sub(1);
        self.finished += 1;
        if answered {
            self.heard = true;
            match quota {
                Some(quota) if quota.limit > 0 && !quota.interval.is_zero() => {
                    self.quota = Some((quota.limit, quota.interval));
                    self.way.note(now.saturating_sub(ticket.at));
                }
                _ => {}
            }
        }
        let Some((limit, interval)) = self.quota else {
            return;
        };
        self.hold_place(now, 1);
        self.release(now);
        if let Some(remaining) = quota.and_then(|quota| quota.remaining) {
            self.measure(ticket, (limit, interval), remaining, now);
            self.compare(ticket, limit, i64::from(remaining), now);
        }
        // More than the limit cannot count at once.
        self.drop_oldest(self.held.saturating_sub(u64::from(limit)));
    }

    /// The server refused a request for want of quota.
    pub fn refused(&mut self) {
        self.careful_until = self.started + CAREFUL_FOR;
        if let Some(measured) = &mut self.measured {
            measured.refused();
        }
    }

    /// Compares what the server had counted with what was predicted.
    fn measure(&mut self, ticket: Ticket, quota: (u32, Duration), remaining: u32, now: Moment) {
        let (limit, interval) = quota;
        match &mut self.measured {
            Some(measured) if measured.is_for(limit, interval) => {
                let used = limit.saturating_sub(remaining);
                measured.answered(ticket.at, now, used.into());
            }
            // What started before is not known: it is no longer counted when anything is learnt.
            other => *other = Measured::of(limit, interval),
        }
    }

    /// Compares what the server says with what we believe.
    fn compare(&mut self, ticket: Ticket, limit: u32, remaining: i64, now: Moment) {
        let started_since = self.started - ticket.number - 1;
        // Before the limit was known nothing could be believed: then all of it.
        let believed = ticket.left.unwrap_or(i64::from(limit) - 1);
        let foreign = believed - signed(started_since) - remaining;
        if foreign > 0 {
            // Others use the quota too, or we did before this run: as if they were ours.
            let count = u32::try_from(foreign).unwrap_or(limit).min(limit);
            self.hold_place(now, count);
            return;
        }
        if self.is_careful() {
            return;
        }
        // All that may have been counted after this one: what had not ended when it started, and
        // what started since.
        let later = self.started - ticket.finished - 1;
        let free = remaining - signed(later);
        let more = free - self.left(limit);
        if more > 0 {
            self.drop_oldest(u64::try_from(more).unwrap_or_default());
        }
    }

    fn is_careful(&self) -> bool {
        self.started < self.careful_until
    }

    /// How long a request takes its place after its end.
    fn hold(&self, interval: Duration) -> Duration {
        if self.is_careful() {
            return interval;
        }
        let way = self.way.shortest();
        let margin = (interval / MARGIN_OF_INTERVAL).max(way / MARGIN_OF_WAY);
        interval.saturating_sub(way.saturating_sub(margin))
    }

    fn hold_place(&mut self, now: Moment, count: u32) {
        self.held += u64::from(count);
        match self.ended.back_mut() {
            Some((at, already)) if *at == now => *already = already.saturating_add(count),
            _ => self.ended.push_back((now, count)),
        }
    }

    /// Gives the places back whose time is over.
    fn release(&mut self, now: Moment) {
        let Some((_, interval)) = self.quota else {
            return;
        };
        let hold = self.hold(interval);
        while let Some((at, count)) = self.ended.front()
            && at.saturating_add(hold) <= now
        {
            self.held -= u64::from(*count);
            self.ended.pop_front();
        }
    }

    /// Gives so many places back, the oldest first: whichever were the server's, the others end
    /// no earlier.
    fn drop_oldest(&mut self, mut count: u64) {
        while count > 0
            && let Some((_, front)) = self.ended.front_mut()
        {
            let gone = u32::try_from(count).unwrap_or(u32::MAX).min(*front);
            *front -= gone;
            count -= u64::from(gone);
            self.held -= u64::from(gone);
            if *front == 0 {
                self.ended.pop_front();
            }
        }
    }

    /// How much of the quota we believe to be left.
    fn left(&self, limit: u32) -> i64 {
        i64::from(limit) - signed(self.open + self.held)
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn ms(millis: u64) -> Moment {
        Duration::from_millis(millis)
    }

    fn quota(limit: u32, interval: Duration, remaining: u32) -> Option<Quota> {
        Some(Quota {
            limit,
            interval,
            remaining: Some(remaining),
        })
    }

    #[test]
    fn one_request_until_the_first_answer() {
        let mut gate = Gate::default();
        assert_eq!(gate.check(ms(0)), Ok(()));
        let first = gate.start(ms(0));
        assert_eq!(gate.check(ms(0)), Err(Closed::UntilAnswer));
        gate.end(first, ms(5), None, true);
        for _ in 0..100 {
            assert_eq!(gate.check(ms(5)), Ok(()));
            gate.start(ms(5));
        }
    }

    #[test]
    fn what_was_used_before_us_counts() {
        let mut gate = Gate::default();
        let first = gate.start(ms(0));
        gate.end(first, ms(1), quota(10, ms(1000), 2), true);
        let started =
            std::iter::from_fn(|| gate.check(ms(2)).ok().map(|()| gate.start(ms(2)))).count();
        assert_eq!(started, 2);
    }

    #[test]
    fn a_large_quota_that_others_use_up_takes_no_room() {
        let mut gate = Gate::default();
        let first = gate.start(ms(0));
        gate.end(first, ms(1), quota(1_000_000, ms(1000), 2), true);
        assert!(gate.ended.len() < 4);
        let started =
            std::iter::from_fn(|| gate.check(ms(2)).ok().map(|()| gate.start(ms(2)))).count();
        assert_eq!(started, 2);
        assert_eq!(gate.check(ms(1000)), Err(Closed::Until(ms(1001))));
        assert_eq!(gate.check(ms(1001)), Ok(()));
    }

    #[test]
    fn a_window_that_an_answer_proves_to_be_new_is_used_at_once() {
        let mut gate = Gate::default();
        let first = gate.start(ms(0));
        gate.end(first, ms(10), quota(10, ms(1000), 0), true);
        // One interval after the answer, less the way of 10 ms, and the margin.
        let rest = Duration::from_nanos(1_003_906_250);
        assert_eq!(gate.check(ms(900)), Err(Closed::Until(rest)));
        let second = gate.start(ms(900));
        let third = gate.start(ms(905));
        gate.end(second, ms(910), quota(10, ms(1000), 9), true);
        // Nine were free when the second was counted; the third may have come later.
        let started =
            std::iter::from_fn(|| gate.check(ms(910)).ok().map(|()| gate.start(ms(910)))).count();
        assert_eq!(started, 8);
        gate.end(third, ms(1100), quota(10, ms(1000), 8), true);
        assert_eq!(gate.check(ms(1100)), Err(Closed::Until(rest + ms(900))));
    }

    #[test]
    fn after_a_refusal_only_what_is_guaranteed_counts() {
        let mut gate = Gate::default();
        let first = gate.start(ms(0));
        gate.end(first, ms(100), quota(1, ms(1000), 0), true);
        let early = Err(Closed::Until(Duration::from_micros(1_006_250)));
        assert_eq!(gate.check(ms(100)), early, "less the way, and a margin");
        gate.refused();
        assert_eq!(gate.check(ms(100)), Err(Closed::Until(ms(1100))));
        for _ in 0..CAREFUL_FOR {
            let request = gate.start(ms(100));
            gate.cancel(request);
        }
        assert_eq!(gate.check(ms(100)), early);
    }

    #[test]
    fn a_request_that_is_never_answered_takes_one_place_and_no_more() {
        let mut gate = Gate::default();
        let first = gate.start(ms(0));
        gate.end(first, ms(1), quota(2, ms(1000), 1), true);
        gate.start(ms(1));
        assert_eq!(gate.check(ms(1001)), Ok(()));
    }

    #[test]
    fn a_request_that_never_left_gives_its_place_back() {
        let mut gate = Gate::default();
        let first = gate.start(ms(0));
        gate.end(first, ms(1), quota(2, ms(1000), 1), true);
        let second = gate.start(ms(1));
        assert!(gate.check(ms(1)).is_err());
        gate.cancel(second);
        assert_eq!(gate.check(ms(1)), Ok(()));
    }

    /// A server that counts after a third of the way; how many it refused, and how long all took.
    fn drive(
        mut gate: Gate,
        limit: u32,
        interval_ms: u64,
        latencies: &[u64],
        fixed: bool,
    ) -> (usize, Moment) {
        let interval = ms(interval_ms);
        let mut open: Vec<(Moment, Moment, Ticket)> = Vec::new();
        let mut counted: Vec<Moment> = Vec::new();
        let mut now = ms(0);
        let mut sent = 0;
        let mut throttled = 0;
        while sent < latencies.len() || !open.is_empty() {
            open.sort_by_key(|(answer, _, ticket)| (*answer, ticket.number));
            if sent < latencies.len() && open.len() < 8 && gate.check(now).is_ok() {
                let ticket = gate.start(now);
                let latency = latencies[sent];
                let count_at = now + ms(latency / 3);
                open.push((now + ms(latency), count_at, ticket));
                sent += 1;
                continue;
            }
            let answer = open.first().map(|(at, ..)| *at);
            let opening = match gate.check(now) {
                Err(Closed::Until(at)) if sent < latencies.len() && open.len() < 8 => Some(at),
                _ => None,
            };
            now = match (answer, opening) {
                (Some(a), Some(b)) => a.min(b),
                (Some(a), None) | (None, Some(a)) => a,
                (None, None) => break,
            };
            if answer == Some(now) {
                let (_, count_at, ticket) = open.remove(0);
                let in_window = |at: &&Moment| {
                    if fixed {
                        at.as_millis() / interval.as_millis()
                            == count_at.as_millis() / interval.as_millis()
                    } else {
                        **at <= count_at && **at + interval > count_at
                    }
                };
                let used = counted.iter().filter(in_window).count();
                if used >= limit as usize {
                    throttled += 1;
                }
                counted.push(count_at);
                let remaining = (limit as usize).saturating_sub(used + 1);
                gate.end(ticket, now, quota(limit, interval, remaining as u32), true);
            }
        }
        (throttled, now)
    }

    proptest! {
        #[test]
        fn the_guaranteed_rule_never_exceeds_the_quota(
            limit in 1u32..60,
            interval in 50u64..5000,
            latencies in proptest::collection::vec(1u64..400, 1..200),
            fixed: bool,
        ) {
            let mut gate = Gate::default();
            gate.refused();
            let (throttled, _) = drive(gate, limit, interval, &latencies, fixed);
            prop_assert_eq!(throttled, 0);
        }

        #[test]
        fn the_quota_is_never_exceeded_by_a_server_that_gets_no_faster_than_it_was(
            limit in 1u32..60,
            interval in 50u64..5000,
            mut latencies in proptest::collection::vec(1u64..400, 1..200),
            fixed: bool,
        ) {
            // The first request shows the shortest way.
            if let Some(shortest) = (0..latencies.len()).min_by_key(|at| latencies[*at]) {
                latencies.swap(0, shortest);
            }
            let (throttled, _) = drive(Gate::default(), limit, interval, &latencies, fixed);
            prop_assert_eq!(throttled, 0);
        }
    }

    #[test]
    fn the_quota_is_used() {
        for fixed in [true, false] {
            let (throttled, took) = drive(Gate::default(), 40, 2000, &[4; 400], fixed);
            assert_eq!(throttled, 0);
            // 400 requests at 40 per 2 s: nine intervals between ten bursts.
            assert!(took <= ms(18_000 + 18_000 / 20), "{took:?}");
        }
    }
}
