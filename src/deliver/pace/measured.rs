//! How much of a quota is taken, by a prediction that the server's own counts are compared with.
//!
//! In a sliding window of one interval the server counts about as many requests as started
//! within an interval: how long each is under way before it is counted shifts all of them alike.
//! What the shifts differ by makes the prediction wrong by some requests, and every answer tells
//! by how many, for it says what the server had counted. The largest error of the last
//! thousand or two answers, and a quarter more, is kept in reserve: if the next ones are like
//! them, one in a thousand meets a larger one, and a refusal takes more than that.
//!
//! The server may count a request at any moment between its start and its answer. An answer is
//! in error by what its count lies outside of all that was predicted for its time. Counts below
//! that are errors as well: requests were counted later than believed, and will be counted for
//! longer. In a fixed window the count falls to nothing whenever one begins: then the error is
//! about the whole quota, and this rule never lets anything through.

use std::collections::VecDeque;
use std::time::Duration;

use super::Moment;

/// Longer intervals gain next to nothing: what a latency costs is once an interval.
const INTERVAL_AT_MOST: Duration = Duration::from_secs(10);
/// Of a larger quota nothing is predicted: its starts would take too much memory.
const LIMIT_AT_MOST: u32 = 16_384;
/// Answers from which an error is learnt.
const LEARNT_FROM: u32 = 1_000;
/// Intervals from which it is learnt.
const LEARNT_OVER: u32 = 2;
/// What was predicted is kept by such parts of an interval.
const SLOTS: u32 = 256;
/// In an interval the reserve shrinks by this part of what it is too large by.
const SHRINKS_BY: u64 = 4;
/// Where no more than this part of the quota was left at times, nothing is to be gained.
const ENOUGH_LEFT: u32 = 64;
/// Starts are spread: at most so many times as many as are due, but for what is due in a slot.
const HASTE: u32 = 2;

/// The prediction for one quota.
#[derive(Debug)]
pub(super) struct Measured {
    limit: u32,
    interval: Duration,
    /// The starts within the last interval, the oldest first: when, and how many.
    starts: VecDeque<(Moment, u32)>,
    /// How many that are.
    taken: u64,
    /// What was predicted within the last interval, the oldest slot first.
    slots: VecDeque<Slot>,
    errors: Errors,
    /// So much is left free; nothing is known before there were enough answers.
    reserve: Option<u64>,
    /// When the reserve shrank last.
    shrunk: Moment,
    /// The least that was left since then, by the server's count.
    least_left: u64,
    /// When the next one is due, if each comes as early as it may.
    due: Moment,
}

/// What was predicted during a part of an interval.
#[derive(Clone, Copy, Debug)]
struct Slot {
    number: u128,
    least: u64,
    most: u64,
}

impl Measured {
    /// Nothing for a quota of which nothing is predicted.
    pub(super) fn of(limit: u32, interval: Duration) -> Option<Self> {
        let known = limit <= LIMIT_AT_MOST && interval <= INTERVAL_AT_MOST;
        known.then(|| Self {
            limit,
            interval,
            starts: VecDeque::new(),
            taken: 0,
            slots: VecDeque::new(),
            errors: Errors::default(),
            reserve: None,
            shrunk: Moment::ZERO,
            least_left: u64::MAX,
            due: Moment::ZERO,
        })
    }

    /// Whether the prediction is for this quota.
    pub(super) fn is_for(&self, limit: u32, interval: Duration) -> bool {
        (self.limit, self.interval) == (limit, interval)
    }

    /// Whether one more may start.
    pub(super) fn has_room(&mut self, now: Moment) -> bool {
        self.pass(now);
        let has_place = |reserve| self.taken + reserve < u64::from(self.limit);
        self.reserve.is_some_and(has_place) && self.due <= now + self.interval / SLOTS
    }

    /// When one more may start, if nothing else happens.
    pub(super) fn opens(&self) -> Option<Moment> {
        let reserve = self.reserve?;
        if reserve >= self.limit.into() {
            return None;
        }
        let spread = self.due.saturating_sub(self.interval / SLOTS);
        if self.taken + reserve < self.limit.into() {
            return Some(spread);
        }
        let (at, _) = self.starts.front()?;
        Some(at.saturating_add(self.interval).max(spread))
    }

    /// One starts.
    pub(super) fn start(&mut self, now: Moment) {
        self.pass(now);
        self.due = self.due.max(now) + self.interval / self.limit.max(1) / HASTE;
        match self.starts.back_mut() {
            Some((at, count)) if *at == now => *count += 1,
            _ => self.starts.push_back((now, 1)),
        }
        self.set(now, self.taken + 1);
    }

    /// One that started at `started` is answered; the server had counted `used` with it.
    pub(super) fn answered(&mut self, started: Moment, now: Moment, used: u64) {
        self.pass(now);
        let (mut least, mut most) = (self.taken, self.taken);
        let first = self.number(started).saturating_sub(1);
        for slot in self.slots.iter().rev() {
            least = least.min(slot.least);
            most = most.max(slot.most);
            if slot.number < first {
                break;
            }
        }
        // A slot begins with what was there before its first start.
        let error = used.saturating_sub(most) + least.saturating_sub(used);
        self.errors.note(error, now, self.interval);
        let Some(known) = self.errors.largest() else {
            return;
        };
        let limit = u64::from(self.limit);
        self.least_left = self.least_left.min(limit.saturating_sub(used));
        let needed = known + known / 4 + 2;
        let begins = limit.saturating_sub(self.taken);
        let mut reserve = self.reserve.unwrap_or(begins).max(needed);
        if self.shrunk + self.interval <= now {
            self.shrunk = now;
            let left = std::mem::replace(&mut self.least_left, u64::MAX);
            if left > limit / u64::from(ENOUGH_LEFT) {
                reserve -= (reserve - needed).div_ceil(SHRINKS_BY);
            }
        }
        self.reserve = Some(reserve);
    }

    /// One was refused: what was learnt is wrong.
    pub(super) fn refused(&mut self) {
        self.errors = Errors::default();
        self.reserve = None;
    }

    /// Lets the time pass until now.
    fn pass(&mut self, now: Moment) {
        while let Some((at, count)) = self.starts.front()
            && at.saturating_add(self.interval) <= now
        {
            let (over, count) = (at.saturating_add(self.interval), *count);
            self.starts.pop_front();
            self.set(over, self.taken - u64::from(count));
        }
        let first = self.number(now.saturating_sub(self.interval));
        while self.slots.front().is_some_and(|slot| slot.number < first) {
            self.slots.pop_front();
        }
    }

    fn set(&mut self, at: Moment, taken: u64) {
        let number = self.number(at);
        let before = std::mem::replace(&mut self.taken, taken);
        match self.slots.back_mut() {
            Some(slot) if slot.number == number => {
                slot.least = slot.least.min(taken);
                slot.most = slot.most.max(taken);
            }
            _ => self.slots.push_back(Slot {
                number,
                least: before.min(taken),
                most: before.max(taken),
            }),
        }
    }

    fn number(&self, at: Moment) -> u128 {
        at.as_nanos() / (self.interval / SLOTS).as_nanos().max(1)
    }
}

/// The largest error among the last answers.
#[derive(Debug, Default)]
struct Errors {
    before: Option<u64>,
    now: u64,
    noted: u32,
    since: Moment,
}

impl Errors {
    fn note(&mut self, error: u64, now: Moment, interval: Duration) {
        if self.noted == 0 {
            self.since = now;
        }
        self.now = self.now.max(error);
        self.noted += 1;
        if self.noted >= LEARNT_FROM && self.since + interval * LEARNT_OVER <= now {
            self.before = Some(std::mem::take(&mut self.now));
            self.noted = 0;
        }
    }

    /// Nothing, before there were enough answers.
    fn largest(&self) -> Option<u64> {
        self.before.map(|before| before.max(self.now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u32 = 100;
    const INTERVAL: Duration = Duration::from_secs(1);

    const fn ms(millis: u64) -> Moment {
        Duration::from_millis(millis)
    }

    /// One starts every 20 ms and is answered at once; `used` tells what the server had counted
    /// with each one.
    fn after(answers: u64, used: impl Fn(u64) -> u64) -> Measured {
        let mut measured = Measured::of(LIMIT, INTERVAL).unwrap();
        for number in 0..answers {
            let now = ms(number * 20);
            measured.start(now);
            measured.answered(now, now, used(number));
        }
        measured
    }

    /// How many may start at once and then as early as they may, within an interval from `now` on.
    fn started(measured: &mut Measured, mut now: Moment) -> usize {
        let end = now + INTERVAL;
        let mut count = 0;
        while now < end {
            if measured.has_room(now) {
                measured.start(now);
                count += 1;
                continue;
            }
            match measured.opens() {
                Some(at) => now = at,
                None => break,
            }
        }
        count
    }

    #[test]
    fn nothing_is_let_through_before_enough_was_learnt() {
        let right = |number: u64| (number + 1).min(50);
        let mut measured = after(999, right);
        assert_eq!(started(&mut measured, ms(999 * 20)), 0);
        let mut measured = after(2_000, right);
        // Everything is left free but the least reserve.
        assert!(started(&mut measured, ms(2_000 * 20)) >= 95);
    }

    #[test]
    fn what_the_prediction_is_wrong_by_stays_free() {
        // Some are counted that nobody knows of, or are not counted yet.
        // Of those that start every 20 ms, one fewer is predicted for a moment.
        for (error, reserve) in [(8, 8 + 2 + 2), (-8_i64, 7 + 1 + 2)] {
            let wrong = |number: u64| {
                let known = i64::try_from(number + 1).unwrap().min(50);
                let error = if number % 100 == 99 { error } else { 0 };
                u64::try_from(known + error).unwrap()
            };
            let mut measured = after(4_000, wrong);
            assert_eq!(measured.reserve, Some(reserve), "{error}");
            let found = started(&mut measured, ms(4_000 * 20));
            assert!((80..=90).contains(&found), "{error}: {found}");
        }
    }

    #[test]
    fn an_error_counts_at_once_and_for_a_thousand_answers() {
        let mut measured = after(4_000, |number| (number + 1).min(50));
        let now = ms(4_000 * 20);
        measured.start(now);
        measured.answered(now, now, 90);
        assert_eq!(measured.reserve, Some(40 + 10 + 2));
    }

    #[test]
    fn a_fixed_window_is_none_of_its_business() {
        // Fifty in each window of a second, and the count begins anew.
        let mut measured = after(4_000, |number| number % 50 + 1);
        assert_eq!(measured.reserve, Some(48 + 12 + 2));
        let found = started(&mut measured, ms(4_000 * 20));
        assert!(found <= 50, "{found}");
    }

    #[test]
    fn starts_are_spread() {
        let mut measured = after(4_000, |number| (number + 1).min(50));
        let now = ms(4_000 * 20);
        let at_once = std::iter::from_fn(|| measured.has_room(now).then(|| measured.start(now)));
        // One is due each 5 ms, for at most twice as many may start; a slot has 4 ms.
        assert_eq!(at_once.count(), 1);
        assert_eq!(measured.opens(), Some(now + ms(5) - INTERVAL / SLOTS));
    }

    #[test]
    fn after_a_refusal_it_learns_anew() {
        let mut measured = after(4_000, |number| (number + 1).min(50));
        measured.refused();
        assert!(!measured.has_room(ms(4_000 * 20)));
        assert_eq!(measured.opens(), None);
    }

    #[test]
    fn long_intervals_and_large_quotas_are_left_alone() {
        assert!(Measured::of(10, ms(45_000)).is_none());
        assert!(Measured::of(1_000_000, INTERVAL).is_none());
    }
}
