//! How many customers were created when, in constant memory and whatever the order.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Stretches of time at most.
const STRETCHES: i64 = 60;

/// Lengths of a stretch, in seconds: those that people count in. Longer ones double.
const LENGTHS: [i64; 17] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400,
];

/// Customers by the stretch of time in which they were created.
#[derive(Debug)]
pub(super) struct Timeline {
    /// Seconds of a stretch.
    seconds: i64,
    /// Those of each stretch that has any, by its number since 1970.
    created: BTreeMap<i64, u64>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            seconds: 1,
            created: BTreeMap::new(),
        }
    }
}

impl Timeline {
    /// Notes a customer that was created then.
    pub(super) fn note(&mut self, at: Timestamp) {
        let stretch = at.as_second().div_euclid(self.seconds);
        *self.created.entry(stretch).or_default() += 1;
        while self
            .ends()
            .is_some_and(|(first, last)| last - first >= STRETCHES)
        {
            self.coarsen();
        }
    }

    fn ends(&self) -> Option<(i64, i64)> {
        let (first, _) = self.created.first_key_value()?;
        let (last, _) = self.created.last_key_value()?;
        Some((*first, *last))
    }

    /// Goes over to longer stretches. Not every length is a multiple of the one before; a
    /// stretch that lies in two counts for the one in which it begins, which moves a customer by
    /// less than one of the shorter ones.
    fn coarsen(&mut self) {
        let old = self.seconds;
        let longer = LENGTHS.into_iter().find(|length| *length > old);
        self.seconds = longer.unwrap_or(old.saturating_mul(2));
        for (stretch, count) in std::mem::take(&mut self.created) {
            let into = (stretch * old).div_euclid(self.seconds);
            *self.created.entry(into).or_default() += count;
        }
    }

    /// Seconds of a stretch.
    pub(super) fn seconds(&self) -> i64 {
        self.seconds
    }

    /// Each stretch from the first to the last, the empty ones between them too: when it begins,
    /// and how many were created in it.
    pub(super) fn stretches(&self) -> Vec<(Timestamp, u64)> {
        let Some((first, last)) = self.ends() else {
            return Vec::new();
        };
        (first..=last)
            .map(|stretch| {
                let begins = Timestamp::from_second(stretch.saturating_mul(self.seconds));
                let count = self.created.get(&stretch).copied().unwrap_or_default();
                (begins.unwrap_or_default(), count)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn empty_stretches_between_are_there() {
        let mut timeline = Timeline::default();
        assert_eq!(timeline.stretches(), []);
        for second in [1003, 1000, 1003] {
            timeline.note(at(second));
        }
        assert_eq!(timeline.seconds(), 1);
        let expected = [(1000, 1), (1001, 0), (1002, 0), (1003, 2)];
        assert_eq!(
            timeline.stretches(),
            expected.map(|(second, count)| (at(second), count))
        );
    }

    proptest! {
        #[test]
        fn none_is_lost_and_there_are_never_many(
            times in prop::collection::vec(0_i64..4_000_000_000, 0..200),
        ) {
            let mut timeline = Timeline::default();
            for time in &times {
                timeline.note(at(*time));
            }
            let stretches = timeline.stretches();
            prop_assert!(stretches.len() <= 60);
            let sum: u64 = stretches.iter().map(|(_, count)| count).sum();
            prop_assert_eq!(sum, times.len() as u64);
        }
    }
}
