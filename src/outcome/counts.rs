//! How many records ended in which outcome.

use serde::{Deserialize, Serialize};

use super::Outcome;

/// How many records ended in which outcome. They add up to `read`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Records in the input.
    pub read: u64,
    /// See [`Outcome::Created`].
    pub created: u64,
    /// See [`Outcome::Exists`].
    pub exists: u64,
    /// See [`Outcome::Invalid`].
    pub invalid: u64,
    /// See [`Outcome::Refused`].
    pub refused: u64,
    /// See [`Outcome::Unknown`].
    pub unknown: u64,
    /// See [`Outcome::Changed`].
    pub changed: u64,
    /// See [`Outcome::Skipped`].
    pub skipped: u64,
    /// See [`Outcome::LeftOut`].
    pub left_out: u64,
    /// See [`Outcome::Grouped`].
    pub grouped: u64,
    /// See [`Outcome::Ready`]; only a dry run has such records.
    #[serde(skip_serializing_if = "is_zero")]
    pub ready: u64,
    /// Not yet sent.
    pub open: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// Counts one outcome; `read` and `open` are the caller's.
    pub fn add(&mut self, outcome: &Outcome) {
        *self.slot(outcome) += 1;
    }

    /// Takes one outcome back, when a record's outcome is replaced by a later one.
    pub fn remove(&mut self, outcome: &Outcome) {
        let slot = self.slot(outcome);
        *slot = slot.saturating_sub(1);
    }

    fn slot(&mut self, outcome: &Outcome) -> &mut u64 {
        match outcome {
            Outcome::Created { .. } => &mut self.created,
            Outcome::Exists { .. } => &mut self.exists,
            Outcome::Invalid { .. } => &mut self.invalid,
            Outcome::Refused { .. } => &mut self.refused,
            Outcome::Unknown { .. } => &mut self.unknown,
            Outcome::Changed { .. } => &mut self.changed,
            Outcome::Skipped { .. } => &mut self.skipped,
            Outcome::LeftOut => &mut self.left_out,
            Outcome::Grouped => &mut self.grouped,
            Outcome::Ready => &mut self.ready,
        }
    }

    /// The records that got their outcome, or are still open, since there were `before`; they add
    /// up to its own `read`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let mut since = Self {
            read: 0,
            created: self.created.saturating_sub(before.created),
            exists: self.exists.saturating_sub(before.exists),
            invalid: self.invalid.saturating_sub(before.invalid),
            refused: self.refused.saturating_sub(before.refused),
            unknown: self.unknown.saturating_sub(before.unknown),
            changed: self.changed.saturating_sub(before.changed),
            skipped: self.skipped.saturating_sub(before.skipped),
            left_out: self.left_out.saturating_sub(before.left_out),
            grouped: self.grouped.saturating_sub(before.grouped),
            ready: self.ready.saturating_sub(before.ready),
            open: self.open.saturating_sub(before.open),
        };
        since.read = since.settled() + since.open;
        since
    }

    /// Records that have an outcome.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.created
            + self.exists
            + self.invalid
            + self.refused
            + self.unknown
            + self.changed
            + self.skipped
            + self.left_out
            + self.grouped
            + self.ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_since_adds_up_by_itself() {
        let before = Counts {
            read: 9,
            created: 3,
            unknown: 2,
            open: 4,
            ..Counts::default()
        };
        let now = Counts {
            read: 9,
            created: 5,
            refused: 1,
            unknown: 1,
            open: 2,
            ..Counts::default()
        };
        let since = now.since(&Counts { open: 0, ..before });
        let expected = Counts {
            read: 5,
            created: 2,
            refused: 1,
            open: 2,
            ..Counts::default()
        };
        assert_eq!(since, expected);
        assert_eq!(now.since(&now), Counts::default());
    }
}
