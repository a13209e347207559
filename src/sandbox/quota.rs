//! The server's quota: how many requests of one kind it takes in an interval.
//!
//! Pure: the time is handed in. A request that is turned away does not count.

use std::collections::VecDeque;
use std::time::Duration;

use super::settings::{Quota, Window};

/// What the quota says to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Admission {
    /// Requests in an interval.
    pub(super) limit: u32,
    /// Length of the interval in whole seconds, rounded up.
    pub(super) interval_seconds: u64,
    /// Requests that are left now.
    pub(super) remaining: u32,
    /// When turned away: the time until one is admitted again.
    pub(super) wait: Option<Duration>,
}

/// Counts the requests of one kind.
#[derive(Debug)]
pub(super) struct Gate {
    quota: Quota,
    /// Times of the requests that still count; at most `limit` of them.
    admitted: VecDeque<Duration>,
}

impl Gate {
    /// A gate that has seen no request.
    pub(super) fn new(quota: Quota) -> Self {
        Self {
            quota,
            admitted: VecDeque::new(),
        }
    }

    /// Decides on a request at `now`, counted from the server's start; `now` never goes back.
    pub(super) fn admit(&mut self, now: Duration) -> Admission {
        let interval = self.quota.interval.max(Duration::from_millis(1));
        let window_start = match self.quota.window {
            Window::Sliding => None,
            Window::Fixed => {
                let into = now.as_nanos() % interval.as_nanos();
                Some(now.saturating_sub(Duration::from_nanos(
                    u64::try_from(into).unwrap_or(u64::MAX),
                )))
            }
        };
        let counts = |at: &Duration| match window_start {
            Some(start) => *at >= start,
            None => *at + interval > now,
        };
        while self.admitted.front().is_some_and(|at| !counts(at)) {
            self.admitted.pop_front();
        }
        let used = u32::try_from(self.admitted.len()).unwrap_or(u32::MAX);
        let wait = (used >= self.quota.limit).then(|| {
            let first = self.admitted.front().copied().unwrap_or(now);
            let free_at = window_start.unwrap_or(first) + interval;
            free_at.saturating_sub(now)
        });
        if wait.is_none() {
            self.admitted.push_back(now);
        }
        let used = used + u32::from(wait.is_none());
        Admission {
            limit: self.quota.limit,
            interval_seconds: seconds_up(interval),
            remaining: self.quota.limit.saturating_sub(used),
            wait,
        }
    }
}

/// Whole seconds, rounded up, at least 1.
pub(super) fn seconds_up(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gate(window: Window) -> Gate {
        Gate::new(Quota {
            limit: 2,
            interval: Duration::from_millis(100),
            window,
        })
    }

    /// The remaining requests, or the milliseconds to wait.
    fn at(gate: &mut Gate, ms: u64) -> Result<u32, u128> {
        let admission = gate.admit(Duration::from_millis(ms));
        match admission.wait {
            None => Ok(admission.remaining),
            Some(wait) => Err(wait.as_millis()),
        }
    }

    #[test]
    fn a_fixed_window_starts_afresh_at_its_border() {
        let mut gate = gate(Window::Fixed);
        assert_eq!(at(&mut gate, 60), Ok(1));
        assert_eq!(at(&mut gate, 90), Ok(0));
        assert_eq!(at(&mut gate, 95), Err(5));
        assert_eq!(at(&mut gate, 100), Ok(1));
        assert_eq!(at(&mut gate, 101), Ok(0));
        assert_eq!(at(&mut gate, 150), Err(50));
        assert_eq!(at(&mut gate, 1_030), Ok(1));
    }

    #[test]
    fn a_sliding_window_looks_back() {
        let mut gate = gate(Window::Sliding);
        assert_eq!(at(&mut gate, 60), Ok(1));
        assert_eq!(at(&mut gate, 90), Ok(0));
        assert_eq!(at(&mut gate, 100), Err(60));
        assert_eq!(at(&mut gate, 159), Err(1));
        assert_eq!(at(&mut gate, 160), Ok(0));
        assert_eq!(at(&mut gate, 161), Err(29));
        assert_eq!(at(&mut gate, 500), Ok(1));
    }

    #[test]
    fn seconds_are_rounded_up() {
        for (ms, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (45_000, 45)] {
            assert_eq!(seconds_up(Duration::from_millis(ms)), seconds);
        }
    }

    proptest! {
        #[test]
        fn no_window_takes_more_than_its_limit(
            steps in prop::collection::vec(0_u64..80, 1..200), sliding: bool
        ) {
            let window = if sliding { Window::Sliding } else { Window::Fixed };
            let mut gate = gate(window);
            let mut now = 0;
            let mut taken: Vec<u64> = Vec::new();
            for step in steps {
                now += step;
                if at(&mut gate, now).is_ok() {
                    taken.push(now);
                }
            }
            for first in &taken {
                let inside = taken.iter().filter(|at| match window {
                    Window::Sliding => (*first..first + 100).contains(at),
                    Window::Fixed => *at / 100 == first / 100,
                });
                prop_assert!(inside.count() <= 2);
            }
        }
    }
}
