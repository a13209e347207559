//! Spreads POSTs that could leave together over the time in which they are answered.
//!
//! What leaves at once is answered at once: the last ones of a heap wait while the server, and
//! then we, work on those before them, and afterwards both have nothing to do. With each answer
//! the next request leaves, so a heap stays one, from the first moment of a run to its last. So no
//! more leave in a row than [`AT_ONCE`], or in a [`TICK`], then one by one, at [`TIMES_AS_FAST`]
//! times the pace at which all that may be in flight can be answered at best: a heap is held up
//! for half an answer's time, and a run never. Not where the user's rate or the server's quota sets
//! the pace.

use std::time::Duration;

use super::Moment;
use super::way::ShortestWay;

/// Requests that may leave in a row: handling so many takes no time to speak of.
const AT_ONCE: u32 = 16;
/// Measured at 256 in flight and 20 ms: 1.6 to 3 are alike, 1.1 costs a run 1% more than 2 does, and
/// 5 gains little more than half as much.
const TIMES_AS_FAST: u32 = 2;
/// A thousand requests a second are no heap for any server.
const GAP_AT_MOST: Duration = Duration::from_millis(1);
/// How exactly tokio keeps time where the system does: what may leave in it leaves together.
const TICK: Duration = Duration::from_millis(1);

/// When the next request may leave so that it makes no heap.
#[derive(Debug, Default)]
pub struct Spread {
    /// From leaving to the answer.
    way: ShortestWay,
    next: Moment,
}

impl Spread {
    /// A request was taken, and answered so long after it had left.
    pub fn note(&mut self, way: Duration) {
        self.way.note(way);
    }

    /// How long the quickest of the latest answers took; nothing before the first one.
    #[must_use]
    pub fn shortest_way(&self) -> Duration {
        self.way.shortest()
    }

    /// Whether a request may leave now.
    ///
    /// # Errors
    /// From when on one may.
    pub fn check(&self, now: Moment) -> Result<(), Moment> {
        if self.next > now {
            Err(self.next)
        } else {
            Ok(())
        }
    }

    /// A request leaves, one of so many that may be in flight.
    pub fn start(&mut self, now: Moment, allowed: usize) {
        let in_time = u32::try_from(allowed).unwrap_or(u32::MAX);
        let in_time = in_time.saturating_mul(TIMES_AS_FAST).max(1);
        let gap = (self.way.shortest() / in_time).min(GAP_AT_MOST);
        let in_a_row = gap.saturating_mul(AT_ONCE).max(TICK);
        self.next = self.next.max(now.saturating_sub(in_a_row)) + gap;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Moments at which `requests` leave that could leave at once.
    fn leave(spread: &mut Spread, requests: u32, allowed: usize) -> Vec<Moment> {
        let mut now = ms(1_000);
        let mut left = Vec::new();
        while left.len() < requests as usize {
            match spread.check(now) {
                Ok(()) => {
                    left.push(now);
                    spread.start(now, allowed);
                }
                Err(at) => now = at,
            }
        }
        left
    }

    fn with_way(way: Duration) -> Spread {
        let mut spread = Spread::default();
        spread.note(way);
        spread
    }

    #[test]
    fn a_heap_is_spread_over_half_the_time_of_an_answer() {
        let left = leave(&mut with_way(ms(20)), 256, 256);
        let in_a_row = left.iter().filter(|at| **at == ms(1_000)).count();
        assert_eq!(
            in_a_row, 26,
            "what may leave in a tick, with the one that is due"
        );
        let last = *left.last().unwrap() - ms(1_000);
        assert!((ms(8)..=ms(10)).contains(&last), "{last:?}");
        for pair in left.windows(2) {
            assert!(pair[1] - pair[0] < ms(1));
        }
    }

    #[test]
    fn a_few_leave_at_once_and_where_answers_take_no_time_all_do() {
        for (way, requests, allowed) in [(ms(20), 8, 8), (Duration::ZERO, 5_000, 64)] {
            let left = leave(&mut with_way(way), requests, allowed);
            assert!(left.iter().all(|at| *at == ms(1_000)));
        }
        let unknown = leave(&mut Spread::default(), 256, 256);
        assert!(unknown.iter().all(|at| *at == ms(1_000)));
    }

    #[test]
    fn the_pace_of_answers_itself_is_never_held_up() {
        let (way, allowed) = (ms(20), 256);
        let mut spread = with_way(way);
        let gap = way / 256;
        for request in 0..10_000 {
            let now = ms(1_000) + gap * request;
            assert_eq!(spread.check(now), Ok(()));
            spread.start(now, allowed);
        }
    }

    #[test]
    fn a_slow_server_is_sent_a_thousand_a_second_and_one_slow_answer_shows_nothing() {
        let mut spread = with_way(Duration::from_secs(60));
        let left = leave(&mut spread, 256, 256);
        let last = *left.last().unwrap() - ms(1_000);
        assert!((ms(230)..=ms(240)).contains(&last), "{last:?}");
        spread.note(ms(20));
        assert_eq!(spread.shortest_way(), ms(20));
    }
}
