//! What a mapping did beside mapping: repairs, which keys it met, and, where that is asked for,
//! every step.

use std::collections::{BTreeMap, BTreeSet};

use super::trace::Trace;
use super::trim::folded;
use crate::names::NameList;
use crate::record::Position;

/// A postal code lost the guard or a phone number lost the guard of a spreadsheet.
pub(super) const APOSTROPHE_REMOVED: &str = "apostrophe.removed";
/// A text was cut to its `max`.
pub(super) const LENGTH_CUT: &str = "length.cut";
/// A postal code lost its country's prefix.
pub(super) const PREFIX_REMOVED: &str = "postal_code.prefix_removed";
/// A German postal code of four digits got its leading zero back.
pub(super) const ZERO_RESTORED: &str = "postal_code.zero_restored";

/// Distinct keys that are remembered at most: they only serve suggestions.
const KEYS_KEPT: usize = 256;

/// Distinct names of a list that are remembered at most.
const NAMES_KEPT: usize = 100;

/// Counts of one thread, to be merged with those of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often each kind of repair was made: `postal_code.zero_restored`,
    /// `postal_code.prefix_removed`, `apostrophe.removed`, `length.cut`.
    pub repairs: BTreeMap<String, u64>,
    /// Names that the ERP was not asked about (a dry run), by their list.
    pub unasked: BTreeMap<NameList, Unasked>,
    /// Records that were looked at.
    pub(super) records: u64,
    /// For each of the plan's columns whether some record had it (JSONL).
    pub(super) met: Vec<bool>,
    /// Keys that records had while columns were still to be met (JSONL).
    pub(super) keys: BTreeSet<String>,
    /// The first record that could not be read.
    pub(super) unread: Option<Position>,
    /// Every step, for whoever asks.
    pub(super) trace: Option<Box<Trace>>,
}

/// Names of one list that records have, and that nobody looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unasked {
    /// How often a record has one.
    pub count: u64,
    /// Distinct ones, as the first record writes them; not more than a hundred.
    pub names: BTreeMap<String, String>,
    /// Whether there are more distinct ones.
    pub has_more: bool,
}

impl Unasked {
    fn saw(&mut self, name: &str) {
        let folded = folded(name);
        if self.names.contains_key(&folded) {
            return;
        }
        if self.names.len() < NAMES_KEPT {
            self.names.insert(folded, name.to_owned());
        } else {
            self.has_more = true;
        }
    }
}

impl Tally {
    /// Counts a name that nobody looked up.
    pub(super) fn left_unasked(&mut self, list: NameList, name: &str) {
        let unasked = self.unasked.entry(list).or_default();
        unasked.count += 1;
        unasked.saw(name);
    }

    /// Counts one repair.
    pub(super) fn repaired(&mut self, kind: &str) {
        match self.repairs.get_mut(kind) {
            Some(count) => *count += 1,
            None => {
                self.repairs.insert(kind.to_owned(), 1);
            }
        }
    }

    /// Remembers that a record could not be read: what it has is not known.
    pub fn saw_unread(&mut self, position: Position) {
        let first = self.unread.get_or_insert(position);
        if position.record < first.record {
            *first = position;
        }
    }

    /// Remembers a key for suggestions.
    pub(super) fn saw_key(&mut self, key: &str) {
        if self.keys.len() < KEYS_KEPT && !self.keys.contains(key) {
            self.keys.insert(key.to_owned());
        }
    }

    /// Adds the counts of another thread.
    pub fn merge(&mut self, other: Self) {
        for (kind, count) in other.repairs {
            *self.repairs.entry(kind).or_default() += count;
        }
        for (list, more) in other.unasked {
            let unasked = self.unasked.entry(list).or_default();
            unasked.count += more.count;
            unasked.has_more |= more.has_more;
            for name in more.names.values() {
                unasked.saw(name);
            }
        }
        self.records += other.records;
        if self.met.len() < other.met.len() {
            self.met.resize(other.met.len(), false);
        }
        for (met, also) in self.met.iter_mut().zip(other.met) {
            *met |= also;
        }
        for key in other.keys {
            self.saw_key(&key);
        }
        if let Some(position) = other.unread {
            self.saw_unread(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_adds_up() {
        let mut one = Tally::default();
        one.repaired(LENGTH_CUT);
        one.met = vec![true];
        one.records = 1;
        one.saw_unread(Position { record: 7, line: 8 });
        let mut other = Tally::default();
        other.repaired(LENGTH_CUT);
        other.repaired(ZERO_RESTORED);
        other.met = vec![false, true];
        other.records = 2;
        other.saw_key("b");
        other.saw_unread(Position { record: 3, line: 4 });
        one.merge(other);
        assert_eq!(one.repairs.get(LENGTH_CUT), Some(&2));
        assert_eq!(one.repairs.get(ZERO_RESTORED), Some(&1));
        assert_eq!(one.met, [true, true]);
        assert_eq!(one.records, 3);
        assert!(one.keys.contains("b"));
        assert_eq!(one.unread, Some(Position { record: 3, line: 4 }));
    }
}
