//! When the next request may start: the user's rate (governor), the server's own quota, and
//! the number in flight. Pure: time comes in as a duration since the engine's start.
//!
//! The server's quota is known from its headers only, and whether its window is fixed or
//! sliding is not known at all. One rule is right for both: a request may start one interval
//! after the *answer* to the request `limit` places before it.

use std::collections::VecDeque;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, RateLimiter};

use super::settings::Rate;
use crate::outcome::Quota;

/// A point in time: the duration since the engine's start, by a monotonic clock.
pub type Moment = Duration;

/// The engine's time as governor sees it, so that one clock drives everything.
#[derive(Clone, Debug, Default)]
struct EngineClock(Arc<AtomicU64>);

impl Clock for EngineClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.load(Ordering::Relaxed).into()
    }
}

/// The user's own rate, with a burst of one.
#[derive(Debug)]
pub struct UserRate {
    clock: EngineClock,
    limiter: RateLimiter<NotKeyed, InMemoryState, EngineClock, NoOpMiddleware<Nanos>>,
}

impl UserRate {
    /// A limiter for `rate`; none if the rate is finer than a nanosecond.
    #[must_use]
    pub fn new(rate: Rate) -> Option<Self> {
        let period = rate.per / rate.requests.get();
        let quota = governor::Quota::with_period(period)?.allow_burst(NonZeroU32::MIN);
        let clock = EngineClock::default();
        Some(Self {
            limiter: RateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
        })
    }

    /// Takes a token, or says when there will be one.
    ///
    /// # Errors
    /// The moment of the next token.
    pub fn take(&self, now: Moment) -> Result<(), Moment> {
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.clock.0.fetch_max(nanos, Ordering::Relaxed);
        self.limiter.check().map_err(|refusal: NotUntil<Nanos>| {
            now + refusal
                .wait_time_from(self.clock.now())
                .max(Duration::from_micros(1))
        })
    }
}

/// A request that counts against the server's quota, or many of others' at once.
#[derive(Clone, Copy, Debug)]
struct Place {
    ticket: u64,
    /// Requests: one, if it is ours.
    count: u32,
    answered: Option<Moment>,
    /// How much of the quota we believed to be left just after it started.
    left: i64,
}

/// The server's quota for one method and path.
#[derive(Debug, Default)]
pub struct Gate {
    quota: Option<(u32, Duration)>,
    heard: bool,
    /// By ticket; never more requests than the limit.
    places: VecDeque<Place>,
    /// The requests in `places`.
    counted: u64,
    next_ticket: u64,
}

/// Names a request at its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

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

    /// Whether a request may start now.
    ///
    /// # Errors
    /// Until when it may not.
    pub fn check(&self, now: Moment) -> Result<(), Closed> {
        let Some((limit, interval)) = self.quota else {
            // Nothing is known before the first answer: one request shows the way.
            let alone = self.heard || self.places.is_empty();
            return if alone {
                Ok(())
            } else {
                Err(Closed::UntilAnswer)
            };
        };
        let full = self.counted >= u64::from(limit);
        match self.places.front().filter(|_| full) {
            None => Ok(()),
            Some(Place { answered: None, .. }) => Err(Closed::UntilAnswer),
            Some(Place {
                answered: Some(at), ..
            }) if at.saturating_add(interval) <= now => Ok(()),
            Some(Place {
                answered: Some(at), ..
            }) => Err(Closed::Until(at.saturating_add(interval))),
        }
    }

    /// Counts a request that starts now.
    pub fn start(&mut self, now: Moment) -> Ticket {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let left = self.left(now) - 1;
        if self.quota.is_some() || !self.heard {
            self.push(Place {
                ticket,
                count: 1,
                answered: None,
                left,
            });
        }
        self.forget_old();
        Ticket(ticket)
    }

    /// Takes back a request that never left.
    pub fn cancel(&mut self, ticket: Ticket) {
        if let Some(place) = self
            .place_of(ticket)
            .and_then(|index| self.places.remove(index))
        {
            self.counted -= u64::from(place.count);
        }
    }

    fn push(&mut self, place: Place) {
        self.counted += u64::from(place.count);
        self.places.push_back(place);
    }

    fn place_of(&self, ticket: Ticket) -> Option<usize> {
        self.places
            .binary_search_by_key(&ticket.0, |place| place.ticket)
            .ok()
    }

    /// Counts the end of a request: answered, or given up.
    pub fn end(&mut self, ticket: Ticket, now: Moment, quota: Option<Quota>, answered: bool) {
        if answered {
            self.heard = true;
            match quota {
                Some(quota) if quota.limit > 0 && !quota.interval.is_zero() => {
                    self.quota = Some((quota.limit, quota.interval));
                }
                _ => {}
            }
        }
        let started_since: i64 = self
            .places
            .iter()
            .rev()
            .take_while(|place| place.ticket > ticket.0)
            .map(|place| i64::from(place.count))
            .sum();
        let mut believed = None;
        if let Some(place) = self
            .place_of(ticket)
            .and_then(|index| self.places.get_mut(index))
        {
            place.answered = Some(now);
            believed = Some(place.left);
        }
        if self.quota.is_none() {
            if self.heard {
                self.places.clear();
                self.counted = 0;
            } else {
                // Nobody answered: the next request shows the way.
                self.cancel(ticket);
            }
            return;
        }
        if let (Some((limit, _)), Some(remaining)) =
            (self.quota, quota.and_then(|quota| quota.remaining))
        {
            // Before the limit was known nothing could be believed: then all of it.
            let believed = believed
                .filter(|left| *left != UNLIMITED)
                .unwrap_or(i64::from(limit) - 1);
            let foreign = believed - started_since - i64::from(remaining);
            self.others(foreign, limit, now);
        }
        self.forget_old();
    }

    /// Others use the quota too, or we did before this run: count theirs as if they were ours.
    fn others(&mut self, foreign: i64, limit: u32, now: Moment) {
        let count = u32::try_from(foreign.clamp(0, i64::from(limit))).unwrap_or(limit);
        if count > 0 {
            let ticket = self.next_ticket;
            self.next_ticket += 1;
            self.push(Place {
                ticket,
                count,
                answered: Some(now),
                left: 0,
            });
        }
    }

    /// How much of the quota we believe to be left.
    fn left(&self, now: Moment) -> i64 {
        let Some((limit, interval)) = self.quota else {
            return UNLIMITED + 1;
        };
        let used: i64 = self
            .places
            .iter()
            .filter(|place| {
                place
                    .answered
                    .is_none_or(|at| at.saturating_add(interval) > now)
            })
            .map(|place| i64::from(place.count))
            .sum();
        i64::from(limit) - used
    }

    /// Places that no later request can depend on.
    fn forget_old(&mut self) {
        let Some((limit, _)) = self.quota else {
            return;
        };
        while let Some(excess) = self
            .counted
            .checked_sub(u64::from(limit))
            .filter(|it| *it > 0)
            && let Some(place) = self.places.front_mut()
        {
            let gone = u32::try_from(excess).unwrap_or(u32::MAX).min(place.count);
            place.count -= gone;
            self.counted -= u64::from(gone);
            if place.count == 0 {
                self.places.pop_front();
            }
        }
    }
}

/// What `left` says while no quota is known.
const UNLIMITED: i64 = i64::MAX - 1;

/// How many requests may be in flight: starts at its cap, halves when the server strains, and
/// grows by one for each full round without trouble.
#[derive(Debug)]
pub struct Concurrency {
    cap: usize,
    now: usize,
    /// Good answers in a row since the last change.
    good: usize,
    /// Answers to come from requests that were in flight when the number was halved.
    late: usize,
}

impl Concurrency {
    /// Starts at `cap`.
    #[must_use]
    pub fn new(cap: NonZeroUsize) -> Self {
        Self {
            cap: cap.get(),
            now: cap.get(),
            good: 0,
            late: 0,
        }
    }

    /// Requests that may be in flight now.
    #[must_use]
    pub fn allowed(&self) -> usize {
        self.now
    }

    /// The server answered as it should.
    pub fn relax(&mut self) {
        self.late = self.late.saturating_sub(1);
        self.good += 1;
        if self.good >= self.now && self.now < self.cap {
            self.now += 1;
            self.good = 0;
        }
    }

    /// 429, 503 or a time-out. A burst of them counts once a round.
    pub fn strain(&mut self) {
        self.good = 0;
        if self.late > 0 {
            self.late -= 1;
        } else {
            // The others in flight will be answered likewise: that is no further trouble.
            self.late = self.now - 1;
            self.now = (self.now / 2).max(1);
        }
    }
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
        assert!(gate.places.len() < 4);
        let started =
            std::iter::from_fn(|| gate.check(ms(2)).ok().map(|()| gate.start(ms(2)))).count();
        assert_eq!(started, 2);
        assert_eq!(gate.check(ms(1000)), Err(Closed::Until(ms(1001))));
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

    #[test]
    fn concurrency_halves_and_recovers() {
        let mut concurrency = Concurrency::new(NonZeroUsize::new(8).unwrap());
        concurrency.strain();
        concurrency.strain();
        assert_eq!(concurrency.allowed(), 4);
        for _ in 0..4 {
            concurrency.relax();
        }
        assert_eq!(concurrency.allowed(), 5);
        for _ in 0..1000 {
            concurrency.relax();
        }
        assert_eq!(concurrency.allowed(), 8);
        for left in [4, 2, 1, 1] {
            for _ in 0..concurrency.allowed() {
                concurrency.strain();
            }
            assert_eq!(concurrency.allowed(), left);
        }
    }

    #[test]
    fn the_users_rate_is_kept() {
        let rate = Rate {
            requests: NonZeroU32::new(10).unwrap(),
            per: Duration::from_secs(1),
        };
        let limiter = UserRate::new(rate).unwrap();
        let mut now = ms(0);
        let mut taken = Vec::new();
        while taken.len() < 50 {
            match limiter.take(now) {
                Ok(()) => taken.push(now),
                Err(at) => now = at,
            }
        }
        assert!(now >= ms(4900) && now <= ms(4910), "{now:?}");
    }

    /// A server that counts at a random instant between the start and the answer.
    fn drive(limit: u32, interval_ms: u64, latencies: &[u64], fixed: bool) -> (usize, Moment) {
        let interval = ms(interval_ms);
        let mut gate = Gate::default();
        let mut open: Vec<(Moment, Moment, Ticket)> = Vec::new();
        let mut counted: Vec<Moment> = Vec::new();
        let mut now = ms(0);
        let mut sent = 0;
        let mut throttled = 0;
        while sent < latencies.len() || !open.is_empty() {
            open.sort();
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

    impl PartialOrd for Ticket {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Ticket {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }

    proptest! {
        #[test]
        fn the_quota_is_never_exceeded(
            limit in 1u32..60,
            interval in 50u64..5000,
            latencies in proptest::collection::vec(1u64..400, 1..200),
            fixed: bool,
        ) {
            let (throttled, _) = drive(limit, interval, &latencies, fixed);
            prop_assert_eq!(throttled, 0);
        }
    }

    #[test]
    fn the_quota_is_used() {
        for fixed in [true, false] {
            let (throttled, took) = drive(40, 2000, &[4; 400], fixed);
            assert_eq!(throttled, 0);
            // 400 requests at 40 per 2 s: nine intervals between ten bursts.
            assert!(took <= ms(18_000 + 18_000 / 20), "{took:?}");
        }
    }
}
