//! Where the first record of each block begins: places from which an input can be read on.
//!
//! They are learnt in the reading that learns the fingerprint, and have its size's order: one for
//! each block of 1 MiB.

use super::blocks::BLOCK;
use super::entry::Entry;
use super::place::Place;

/// The first record of each block in which one begins, in the input's order.
#[derive(Clone, Debug, Default)]
pub struct Places(Vec<Place>);

impl Places {
    /// Takes the next record in. None may be left out.
    pub fn pass(&mut self, entry: &Entry) {
        let (position, span) = match entry {
            Entry::Record(record) | Entry::Odd(record, _) => (record.position, record.span),
            Entry::Defect(defect) => (defect.position, defect.span),
        };
        let place = Place {
            offset: span.start,
            record: position.record.saturating_sub(1),
            line: position.line,
        };
        if self
            .0
            .last()
            .is_none_or(|last| last.block() < place.block())
        {
            self.0.push(place);
        }
    }

    /// All of them, in the input's order.
    #[must_use]
    pub fn all(&self) -> &[Place] {
        &self.0
    }

    /// Adds places that stand behind those that are there, as an earlier reading of the same
    /// bytes learnt them.
    pub fn extend(&mut self, further: Vec<Place>) {
        self.0.extend(further);
    }

    /// The last place from which reading on reaches `record`.
    #[must_use]
    pub fn before(&self, record: u64) -> Option<&Place> {
        let behind = self.0.partition_point(|place| place.record < record);
        self.0.get(behind.checked_sub(1)?)
    }
}

impl Place {
    /// The block that its first byte lies in.
    fn block(&self) -> u64 {
        self.offset / BLOCK as u64
    }

    /// Whether another block lies between the one that `offset` is in and the one that this is in.
    #[must_use]
    pub fn is_beyond(&self, offset: u64) -> bool {
        self.block() > offset / BLOCK as u64 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Position, Record, Span};
    use crate::source::samples::Sample;

    /// All entries, and the places that they were found at.
    fn all(sample: &Sample) -> (Vec<Entry>, Places, crate::source::Fingerprint) {
        let source = sample.open();
        let mut reader = source.read().unwrap();
        let mut places = Places::default();
        let mut entries = Vec::new();
        for entry in reader.by_ref() {
            let entry = entry.unwrap();
            places.pass(&entry);
            entries.push(entry);
        }
        let known = reader.fingerprint().unwrap();
        (entries, places, known)
    }

    fn long_csv(quoted: bool) -> String {
        let mut text = "Nr;Text\r\n".to_owned();
        for number in 0..30_000 {
            // Records of several lines, blank lines between, and lengths that meet the blocks'
            // borders everywhere.
            let fill = "x".repeat(number % 211);
            if quoted && number % 7 == 0 {
                text.push_str(&format!("{number};\"a\r\n{fill}\nb\"\r\n\r\n"));
            } else {
                text.push_str(&format!("{number};{fill}\r\n"));
            }
        }
        text
    }

    #[test]
    fn reading_on_from_a_place_gives_what_reading_through_gives() {
        for (name, text) in [
            ("a.csv", long_csv(true)),
            ("b.csv", format!("\u{feff}{}", long_csv(false))),
            (
                "c.jsonl",
                (0..40_000)
                    .map(|number| format!("{{\"Nr\":{number},\"x\":\"{}\"}}\n", "y".repeat(60)))
                    .collect(),
            ),
        ] {
            let sample = Sample::new(name, &text);
            let (entries, places, known) = all(&sample);
            let source = sample.open();
            assert!(source.can_seek());
            assert!(places.0.len() > 2, "{name}");
            for place in &places.0 {
                let reader = source.read_from(&known, *place).unwrap();
                let rest: Vec<Entry> = reader.map(Result::unwrap).collect();
                let from = usize::try_from(place.record).unwrap();
                assert!(rest == entries[from..], "{name} from record {from}");
            }
            for (record, index) in [
                (0, None),
                (1, Some(0)),
                (u64::MAX, places.0.len().checked_sub(1)),
            ] {
                let wanted = index.map(|index| &places.0[index]);
                assert_eq!(places.before(record), wanted);
            }
        }
    }

    #[test]
    fn a_place_is_the_first_of_its_block() {
        let mut places = Places::default();
        let at = |number, start| {
            Entry::Record(Record {
                position: Position {
                    record: number,
                    line: number + 1,
                },
                span: Span {
                    start,
                    end: start + 1,
                },
                fields: crate::record::Fields::Cells(crate::record::Cells::default()),
            })
        };
        let block = BLOCK as u64;
        for (number, start) in [
            (1, 5),
            (2, 6),
            (3, block - 1),
            (4, block),
            (5, 3 * block + 9),
        ] {
            places.pass(&at(number, start));
        }
        let found: Vec<u64> = places.0.iter().map(|place| place.record + 1).collect();
        assert_eq!(found, [1, 4, 5]);
    }
}
