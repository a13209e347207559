//! What was measured of the server while a run sent: how long its answers took, and what it
//! allows. Small enough to be kept with the run in the journal.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Classes to each doubling of the time: a time is known to a sixteenth of itself.
const CLASSES_PER_DOUBLING: u32 = 16;

/// So many requests in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Requests.
    pub requests: u32,
    /// The time in which they may be sent, in milliseconds.
    pub per_ms: u64,
}

impl Limit {
    /// `requests` in the time `per`.
    #[must_use]
    pub fn new(requests: u32, per: Duration) -> Self {
        Self {
            requests,
            per_ms: u64::try_from(per.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// What was measured in one run, by all of its processes that ended in good order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measured {
    /// How long answers to POSTs took.
    pub latencies: Latencies,
    /// The server's quota, as it announced it last.
    pub quota: Option<Limit>,
}

impl Measured {
    /// Adds what a later process, or a later part, measured.
    pub fn add(&mut self, later: &Self) {
        self.latencies.add(&later.latencies);
        self.quota = later.quota.or(self.quota);
    }
}

/// How many POSTs were answered in how much time: counted in classes whose upper end is at most
/// a sixteenth above the time itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latencies {
    classes: BTreeMap<u32, u64>,
}

/// How long the server took to answer POSTs, in milliseconds: that many per cent of the answers
/// took no longer. Figures are up to a sixteenth too high, never too low.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Answers that were measured.
    pub answers: u64,
    /// The median.
    pub p50_ms: f64,
    /// 90 per cent.
    pub p90_ms: f64,
    /// 95 per cent.
    pub p95_ms: f64,
    /// 99 per cent.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Latencies {
    /// Notes one answer.
    pub fn note(&mut self, time: Duration) {
        let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        *self.classes.entry(class_of(microseconds)).or_default() += 1;
    }

    fn add(&mut self, later: &Self) {
        for (class, count) in &later.classes {
            *self.classes.entry(*class).or_default() += count;
        }
    }

    /// The percentiles; none if nothing was measured.
    #[must_use]
    pub fn percentiles(&self) -> Option<Latency> {
        let answers: u64 = self.classes.values().sum();
        if answers == 0 {
            return None;
        }
        let at = |percent: u64| {
            // The rank of the answer below which that many per cent are, rounded up.
            let rank = (u128::from(answers) * u128::from(percent)).div_ceil(100);
            let mut below = 0;
            let class = self.classes.iter().find(|(_, count)| {
                below += u128::from(**count);
                below >= rank
            });
            #[expect(clippy::cast_precision_loss, reason = "to a sixteenth at best")]
            class.map_or(0.0, |(class, _)| upper_end(*class) as f64 / 1000.0)
        };
        Some(Latency {
            answers,
            p50_ms: at(50),
            p90_ms: at(90),
            p95_ms: at(95),
            p99_ms: at(99),
            max_ms: at(100),
        })
    }
}

/// The class of a time in microseconds: below 16 each has its own.
fn class_of(microseconds: u64) -> u32 {
    let doublings = microseconds
        .checked_ilog2()
        .unwrap_or_default()
        .saturating_sub(4);
    let within = u32::try_from(microseconds >> doublings).unwrap_or_default();
    doublings * CLASSES_PER_DOUBLING + within
}

/// The longest time of a class, in microseconds.
fn upper_end(class: u32) -> u64 {
    let doublings = (class / CLASSES_PER_DOUBLING).saturating_sub(1);
    let within = u64::from(class - doublings * CLASSES_PER_DOUBLING);
    let next = u128::from(within + 1) << doublings.min(60);
    u64::try_from(next - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_are_those_of_the_answers() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentiles(), None);
        for milliseconds in 1..=100 {
            latencies.note(Duration::from_millis(milliseconds));
        }
        let found = latencies.percentiles().unwrap();
        assert_eq!(found.answers, 100);
        for (figure, exact) in [
            (found.p50_ms, 50.0),
            (found.p90_ms, 90.0),
            (found.p95_ms, 95.0),
            (found.p99_ms, 99.0),
            (found.max_ms, 100.0),
        ] {
            assert!(
                figure >= exact && figure <= exact * 17.0 / 16.0,
                "{figure} for {exact}"
            );
        }
    }

    #[test]
    fn what_two_processes_measured_is_kept_together() {
        let quota = Limit::new(600, Duration::from_secs(60));
        let mut first = Measured::default();
        first.latencies.note(Duration::from_millis(3));
        first.quota = Some(quota);
        let mut second = Measured::default();
        second.latencies.note(Duration::from_millis(900));
        let kept = serde_json::to_string(&first).unwrap();
        let mut both: Measured = serde_json::from_str(&kept).unwrap();
        both.add(&second);
        let found = both.latencies.percentiles().unwrap();
        assert_eq!((found.answers, both.quota), (2, Some(quota)));
        assert!(found.p50_ms < 4.0 && found.max_ms > 900.0, "{found:?}");
    }

    proptest! {
        #[test]
        fn a_class_ends_a_sixteenth_above_its_times_at_most(time in any::<u64>()) {
            let class = class_of(time);
            let end = upper_end(class);
            prop_assert!(end >= time && end - time <= time / 16, "{time} {end}");
            prop_assert!(class == 0 || upper_end(class - 1) < time);
        }
    }
}
