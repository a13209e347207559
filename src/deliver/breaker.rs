//! Notices that the server is away, so that an outage pauses the run instead of failing its
//! records. Pure.

use std::collections::VecDeque;

use super::pace::Moment;

/// Connection failures in a row that open the breaker.
const CONNECTION_FAILURES: u32 = 5;
/// Answers that are remembered.
const WINDOW: usize = 20;
/// Bad ones among them that open the breaker.
const BAD: usize = 10;

/// How one request went, as far as the server's health is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Any answer below 500.
    Good,
    /// A 5xx or a time-out.
    Bad,
    /// No connection.
    Unreachable,
}

/// Whether requests may be sent at all.
#[derive(Debug, Default)]
pub struct Breaker {
    recent: VecDeque<bool>,
    unreachable_in_a_row: u32,
    open: bool,
    /// When the first bad one came since the last good one; while it is open, when the last good
    /// one came, if one did. An open breaker always has it, for an outage has to end.
    trouble_since: Option<Moment>,
}

impl Breaker {
    /// Whether only probes may be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Since when nothing good has come, if the last thing was bad or the breaker is open.
    #[must_use]
    pub fn trouble_since(&self) -> Option<Moment> {
        self.trouble_since
    }

    /// Notes one request's health; says whether the breaker opened because of it.
    pub fn note(&mut self, health: Health, now: Moment) -> bool {
        match health {
            Health::Good => {
                self.unreachable_in_a_row = 0;
                // What was in flight may still be answered when it has opened already. Only a
                // probe ends the trouble then; it is counted from here, though.
                self.trouble_since = self.open.then_some(now);
            }
            Health::Bad => {
                self.unreachable_in_a_row = 0;
                self.trouble_since.get_or_insert(now);
            }
            Health::Unreachable => {
                self.unreachable_in_a_row += 1;
                self.trouble_since.get_or_insert(now);
            }
        }
        self.recent.push_back(health != Health::Good);
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        let bad = self.recent.iter().filter(|bad| **bad).count();
        let opens = !self.open && (self.unreachable_in_a_row >= CONNECTION_FAILURES || bad >= BAD);
        self.open |= opens;
        opens
    }

    /// A probe was answered: everybody may send again.
    pub fn close(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn five_connection_failures_in_a_row_open_it() {
        let mut breaker = Breaker::default();
        for second in 0..4 {
            assert!(!breaker.note(Health::Unreachable, Duration::from_secs(second)));
        }
        assert!(breaker.note(Health::Unreachable, Duration::from_secs(4)));
        assert_eq!(breaker.trouble_since(), Some(Duration::ZERO));
        breaker.close();
        assert!(!breaker.is_open());
    }

    #[test]
    fn a_late_answer_leaves_it_open_and_in_trouble() {
        let mut breaker = Breaker::default();
        for second in 0..5 {
            breaker.note(Health::Unreachable, Duration::from_secs(second));
        }
        breaker.note(Health::Good, Duration::from_secs(9));
        assert!(breaker.is_open());
        assert_eq!(breaker.trouble_since(), Some(Duration::from_secs(9)));
        breaker.close();
        assert_eq!(breaker.trouble_since(), None);
    }

    #[test]
    fn refusals_never_open_it_but_ten_bad_of_twenty_do() {
        let mut breaker = Breaker::default();
        for _ in 0..1000 {
            breaker.note(Health::Good, Duration::ZERO);
        }
        for _ in 0..9 {
            breaker.note(Health::Bad, Duration::ZERO);
            breaker.note(Health::Good, Duration::ZERO);
        }
        assert!(!breaker.is_open());
        assert!(breaker.note(Health::Bad, Duration::ZERO));
    }
}
