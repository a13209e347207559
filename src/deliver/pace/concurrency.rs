//! How many requests may be in flight.

use std::num::NonZeroUsize;

/// The least number of answers that are judged together.
const ROUND_AT_LEAST: usize = 64;
/// More busy answers in a round than this part of it: the server is overloaded.
const TOO_BUSY: usize = 8;
/// Busy answers in a row that show an overload however short the round is.
const IN_A_ROW: usize = 4;
/// No more busy answers in a round than this part of it: there is room for one more.
const CALM: usize = 16;

/// How many requests may be in flight: starts at its cap, halves when the server strains, and
/// grows by one for each round without much trouble. A round is twice as many answers as may be
/// in flight, and at least 64.
///
/// A 429 is the server's word that there were too many: it halves. A 503 or a time-out is not:
/// a server behind several machines of which one is ill answers a few requests in a hundred so
/// at any pace, and going slower would cure nothing. An overloaded server refuses what is above
/// its capacity. So 503 and time-outs halve only when there are more than an eighth of a round,
/// or four in a row; and nothing grows while there are more than a sixteenth. A server that can
/// take N at once and answers 503 beyond that is met by about N, never by more than N and an
/// eighth for longer than a round.
#[derive(Debug)]
pub struct Concurrency {
    cap: usize,
    now: usize,
    /// Answers in this round.
    answers: usize,
    /// Busy ones among them.
    busy: usize,
    /// Busy ones since the last good one.
    busy_in_a_row: usize,
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
            answers: 0,
            busy: 0,
            busy_in_a_row: 0,
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
        self.busy_in_a_row = 0;
        self.count();
    }

    /// 429. A burst of them counts once.
    pub fn throttled(&mut self) {
        if self.late > 0 {
            self.late -= 1;
        } else {
            self.halve();
        }
    }

    /// 503 or a time-out; whether there were so many that the number was halved.
    pub fn busy(&mut self) -> bool {
        if self.late > 0 {
            self.late -= 1;
            return false;
        }
        self.busy += 1;
        self.busy_in_a_row += 1;
        let overloaded = self.busy > self.round() / TOO_BUSY || self.busy_in_a_row >= IN_A_ROW;
        if overloaded {
            self.halve();
        } else {
            self.count();
        }
        overloaded
    }

    fn round(&self) -> usize {
        self.now.saturating_mul(2).max(ROUND_AT_LEAST)
    }

    fn count(&mut self) {
        self.answers += 1;
        if self.answers >= self.round() {
            if self.busy <= self.round() / CALM && self.now < self.cap {
                self.now += 1;
            }
            self.answers = 0;
            self.busy = 0;
        }
    }

    fn halve(&mut self) {
        // The others in flight will be answered likewise: that is no further trouble.
        self.late = self.now - 1;
        self.now = (self.now / 2).max(1);
        self.answers = 0;
        self.busy = 0;
        self.busy_in_a_row = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cap: usize) -> Concurrency {
        Concurrency::new(NonZeroUsize::new(cap).unwrap())
    }

    #[test]
    fn a_burst_of_429_halves_once_and_calm_rounds_bring_it_back() {
        let mut concurrency = of(8);
        concurrency.throttled();
        concurrency.throttled();
        assert_eq!(concurrency.allowed(), 4);
        for _ in 0..ROUND_AT_LEAST {
            concurrency.relax();
        }
        assert_eq!(concurrency.allowed(), 5);
        for _ in 0..10 * ROUND_AT_LEAST {
            concurrency.relax();
        }
        assert_eq!(concurrency.allowed(), 8);
        for left in [4, 2, 1, 1] {
            for _ in 0..concurrency.allowed() {
                concurrency.throttled();
            }
            assert_eq!(concurrency.allowed(), left);
        }
    }

    #[test]
    fn a_few_503_in_a_hundred_change_nothing() {
        let mut concurrency = of(64);
        for answer in 0..10_000 {
            if answer % 15 == 0 {
                assert!(!concurrency.busy());
            } else {
                concurrency.relax();
            }
        }
        assert_eq!(concurrency.allowed(), 64);
    }

    #[test]
    fn a_fifth_of_503_halves_and_nothing_grows_while_many_are_left() {
        let mut concurrency = of(64);
        let mut halved = 0;
        for answer in 0..2_000 {
            if answer % 5 == 0 {
                halved += usize::from(concurrency.busy());
            } else {
                concurrency.relax();
            }
        }
        assert!(halved >= 6, "{halved}");
        assert_eq!(concurrency.allowed(), 1);
        for answer in 0..2_000 {
            if answer % 10 == 0 {
                concurrency.busy();
            } else {
                concurrency.relax();
            }
        }
        assert_eq!(concurrency.allowed(), 1);
    }

    #[test]
    fn four_503_in_a_row_halve() {
        let mut concurrency = of(64);
        let halved: Vec<bool> = (0..4).map(|_| concurrency.busy()).collect();
        assert_eq!(halved, [false, false, false, true]);
        assert_eq!(concurrency.allowed(), 32);
    }
}
