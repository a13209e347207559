//! Failures that a job knows: each with the day on which it was last seen. One that nobody has
//! seen for long is forgotten, and so is one whose customer came through.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::Timestamp;

use crate::import::{FAILURES_AT_MOST, FailureMark};

/// How long a failure is known that is not seen, in days.
const DAYS: i32 = 30;

/// What the file begins with.
const HEAD: &[u8] = b"importer: failures, 1\n";

/// Bytes of a failure: its mark, and the day.
const EACH: usize = 20;

/// A day, counted from the beginning of 1970.
type Day = i32;

/// The failures that a job knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known(BTreeMap<FailureMark, Day>);

impl Known {
    /// All of them.
    pub(super) fn marks(&self) -> BTreeSet<FailureMark> {
        self.0.keys().copied().collect()
    }

    /// Learns of a start: what failed in it, and what is over since its customer came through.
    pub(super) fn learn(
        &mut self,
        failed: &BTreeSet<FailureMark>,
        over: &BTreeSet<FailureMark>,
        now: Timestamp,
    ) {
        let today = day(now);
        self.0.retain(|mark, seen| {
            // Clocks are put right.
            *seen = (*seen).min(today);
            !over.contains(mark) && today - *seen <= DAYS
        });
        self.0.extend(failed.iter().map(|mark| (*mark, today)));
        let excess = self.0.len().saturating_sub(FAILURES_AT_MOST);
        if excess > 0 {
            let mut oldest: Vec<(Day, FailureMark)> =
                self.0.iter().map(|(mark, day)| (*day, *mark)).collect();
            oldest.sort_unstable();
            for (_, mark) in oldest.into_iter().take(excess) {
                self.0.remove(&mark);
            }
        }
    }

    /// Reads a file.
    pub(super) fn read(bytes: &[u8]) -> io::Result<Self> {
        let body = bytes.strip_prefix(HEAD);
        let (entries, rest) = body.unwrap_or_default().as_chunks::<EACH>();
        if body.is_none() || !rest.is_empty() || entries.len() > FAILURES_AT_MOST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is damaged"));
        }
        let entries = entries.iter().filter_map(|entry| {
            let (mark, day) = entry.split_first_chunk()?;
            let day = Day::from_le_bytes(day.try_into().ok()?);
            Some((FailureMark::from_bytes(*mark), day))
        });
        Ok(Self(entries.collect()))
    }

    /// The file.
    pub(super) fn written(&self) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        bytes.reserve(self.0.len() * EACH);
        for (mark, day) in &self.0 {
            bytes.extend_from_slice(&mark.to_bytes());
            bytes.extend_from_slice(&day.to_le_bytes());
        }
        bytes
    }
}

fn day(at: Timestamp) -> Day {
    let days = at.as_second().div_euclid(24 * 60 * 60);
    Day::try_from(days).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(number: u32) -> FailureMark {
        FailureMark::from_bytes(u128::from(number).to_be_bytes())
    }

    fn on(day: i64) -> Timestamp {
        Timestamp::from_second(day * 24 * 60 * 60 + 7).unwrap()
    }

    fn learn(known: &mut Known, failed: &[u32], day: i64) {
        let failed = failed.iter().copied().map(mark).collect();
        known.learn(&failed, &BTreeSet::new(), on(day));
    }

    fn marks(known: &Known) -> Vec<u32> {
        let numbers = known.0.keys().map(|mark| {
            let number = u128::from_be_bytes(mark.to_bytes());
            u32::try_from(number).unwrap()
        });
        numbers.collect()
    }

    #[test]
    fn what_is_not_seen_is_forgotten_after_thirty_days() {
        let mut known = Known::default();
        learn(&mut known, &[1, 2], 100);
        learn(&mut known, &[2, 3], 101);
        learn(&mut known, &[], 130);
        assert_eq!(marks(&known), [1, 2, 3]);
        learn(&mut known, &[3], 131);
        assert_eq!(marks(&known), [2, 3]);
        learn(&mut known, &[], 161);
        assert_eq!(marks(&known), [3]);
        learn(&mut known, &[], 162);
        assert_eq!(marks(&known), [0_u32; 0]);
    }

    #[test]
    fn a_clock_that_was_ahead_keeps_nothing_for_ever() {
        let mut known = Known::default();
        learn(&mut known, &[1], 9_000);
        learn(&mut known, &[], 100);
        assert_eq!(marks(&known), [1]);
        learn(&mut known, &[], 131);
        assert_eq!(marks(&known), [0_u32; 0]);
    }

    #[test]
    fn who_came_through_is_forgotten_unless_the_same_fails_beside_it() {
        let mut known = Known::default();
        learn(&mut known, &[1, 2, 3], 100);
        let over = [mark(1), mark(2)].into();
        known.learn(&[mark(2)].into(), &over, on(101));
        assert_eq!(marks(&known), [2, 3]);
    }

    #[test]
    fn of_too_many_the_oldest_go() {
        let mut known = Known::default();
        learn(&mut known, &[7, 8], 100);
        let many: Vec<u32> = (10..).take(FAILURES_AT_MOST - 1).collect();
        learn(&mut known, &many, 101);
        assert_eq!(known.0.len(), FAILURES_AT_MOST);
        assert_eq!(marks(&known)[..2], [8, 10]);
        // That is as long as the file ever gets.
        assert!(known.written().len() < 2 << 20);
    }

    #[test]
    fn a_file_is_read_as_it_was_written_and_another_one_is_not() {
        let mut known = Known::default();
        for (number, day) in [(1, 20_000), (70_000, 20_001)] {
            learn(&mut known, &[number], day);
        }
        let bytes = known.written();
        assert_eq!(Known::read(&bytes).unwrap(), known);
        assert_eq!(Known::read(HEAD).unwrap(), Known::default());
        for wrong in [&bytes[1..], &bytes[..bytes.len() - 1], b"", b"{}"] {
            assert!(Known::read(wrong).is_err());
        }
    }
}
