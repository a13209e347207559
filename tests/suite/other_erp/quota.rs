//! The server's own limit: so many requests in so much time, in a fixed or a sliding window.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// How the time of a quota is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// One interval after the other, from the server's start.
    Fixed,
    /// The interval that ends now.
    Sliding,
}

/// A limit on requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Requests.
    pub(crate) limit: u32,
    /// The time in which they are allowed.
    pub(crate) per: Duration,
    /// How that time is cut.
    pub(crate) window: Window,
}

/// Who has used how much: one account for each method and path. Refused requests are free.
#[derive(Debug, Default)]
pub(super) struct Usage {
    spent: HashMap<String, VecDeque<Duration>>,
}

impl Usage {
    /// Spends one request of `account` at the time `now` since the server's start. The
    /// request's fate, and what is left behind it.
    pub(super) fn spend(&mut self, quota: Quota, account: &str, now: Duration) -> (bool, u32) {
        let spent = self.spent.entry(account.to_owned()).or_default();
        while spent.front().is_some_and(|then| is_over(quota, *then, now)) {
            spent.pop_front();
        }
        let used = u32::try_from(spent.len()).expect("a limit is a u32");
        if used >= quota.limit {
            return (false, 0);
        }
        spent.push_back(now);
        (true, quota.limit - used - 1)
    }
}

/// Whether what was spent at `then` counts no longer at `now`.
fn is_over(quota: Quota, then: Duration, now: Duration) -> bool {
    match quota.window {
        Window::Sliding => now.saturating_sub(then) >= quota.per,
        Window::Fixed => {
            let number = |time: Duration| time.as_nanos() / quota.per.as_nanos();
            number(then) < number(now)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(window: Window, at_ms: &[u64]) -> Vec<bool> {
        let quota = Quota {
            limit: 2,
            per: Duration::from_millis(1000),
            window,
        };
        let mut usage = Usage::default();
        at_ms
            .iter()
            .map(|at| usage.spend(quota, "POST /", Duration::from_millis(*at)).0)
            .collect()
    }

    #[test]
    fn a_fixed_window_forgets_at_its_border() {
        assert_eq!(
            granted(Window::Fixed, &[900, 950, 999, 1000, 1001, 1002]),
            [true, true, false, true, true, false]
        );
    }

    #[test]
    fn a_sliding_window_forgets_one_interval_later() {
        assert_eq!(
            granted(Window::Sliding, &[900, 950, 1000, 1899, 1900, 1949, 1950]),
            [true, true, false, false, true, false, true]
        );
    }

    #[test]
    fn accounts_are_apart() {
        let quota = Quota {
            limit: 1,
            per: Duration::from_secs(1),
            window: Window::Sliding,
        };
        let mut usage = Usage::default();
        assert_eq!(usage.spend(quota, "GET /", Duration::ZERO), (true, 0));
        assert_eq!(usage.spend(quota, "POST /", Duration::ZERO), (true, 0));
        assert_eq!(usage.spend(quota, "GET /", Duration::ZERO), (false, 0));
    }
}
