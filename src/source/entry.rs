//! Makes records of rows and lines: decodes their text, weighs ragged ones, and says what is
//! wrong with those that cannot be used.

use std::sync::Arc;

use encoding_rs::Encoding;

use super::cells::{Invalid, RawCells, text};
use super::csv::Extent;
use super::facts::Facts;
use super::jsonl::object;
use super::reader::Rules;
use super::sheet::{Mark, cell_name};
use super::transcode::text_encoding;
use crate::outcome::{Code, FieldError, Severity};
use crate::record::{Cells, Defect, Fields, Position, Record, Span};

/// What stands at one place of the input.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A record.
    Record(Record),
    /// A record with too few or too many fields, padded or cut because `record.ragged` is a
    /// warning, and that warning.
    Odd(Record, FieldError),
    /// A record that cannot be used.
    Defect(Defect),
}

/// A record without cells, for [`Reader::read_into`](super::Reader::read_into) to fill.
impl Default for Entry {
    fn default() -> Self {
        Self::Record(Record {
            position: Position { record: 0, line: 0 },
            span: Span { start: 0, end: 0 },
            fields: Fields::Cells(Cells::default()),
        })
    }
}

/// What rows and lines are measured by.
pub(super) struct Shape {
    facts: Arc<Facts>,
    /// The encoding of what the stream gives.
    encoding: &'static Encoding,
    rules: Rules,
    /// Fields that a record needs: those up to the last column that has a name.
    needed: usize,
}

impl Shape {
    /// The shape of an input with these facts.
    pub(super) fn of(facts: Arc<Facts>, rules: Rules) -> Self {
        let mut names = facts.header.iter();
        let last = names.rposition(|name| !name.trim().is_empty());
        Self {
            encoding: text_encoding(facts.encoding),
            rules,
            // Rows of a sheet end with their last cell that is not empty.
            needed: match last {
                _ if facts.format.is_book() => 0,
                Some(index) => index + 1,
                None => facts.header.len(),
            },
            facts,
        }
    }

    /// The input's facts.
    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The encoding of what the stream gives.
    pub(super) fn encoding(&self) -> &'static Encoding {
        self.encoding
    }

    /// The rules that a reader was given.
    pub(super) fn rules(&self) -> Rules {
        self.rules
    }

    /// Makes `entry` one of a row's cells. If it is a record with cells, what it has of room is
    /// used again.
    pub(super) fn row(&self, spot: Spot, raw: RawCells<'_>, entry: &mut Entry) {
        let Entry::Record(Record {
            position,
            span,
            fields: Fields::Cells(cells),
        }) = entry
        else {
            *entry = Entry::default();
            return self.row(spot, raw, entry);
        };
        let width = self.facts.header.len();
        let fields = raw.len();
        if let Err(invalid) = raw.decode(self.encoding, width, cells) {
            *entry = spot.defect(self.invalid(invalid), Some(raw.to_vec()));
            return;
        }
        (*position, *span) = (spot.position, spot.extent.span);
        let too_few = fields < width && fields < self.needed;
        let too_many = fields > width && !raw.empty_from(width);
        if (!too_few && !too_many) || self.rules.ragged == Severity::Off {
            return;
        }
        let error = FieldError::new(Code::RecordRagged, "")
            .with("fields", fields)
            .with("expected", width);
        *entry = if self.rules.ragged == Severity::Warn {
            Entry::Odd(spot.record(Fields::Cells(std::mem::take(cells))), error)
        } else {
            spot.defect(error, Some(raw.to_vec()))
        };
    }

    /// Makes an entry of the cells of a sheet's row.
    pub(super) fn sheet_row(&self, spot: Spot, raw: RawCells<'_>, mark: &Mark, entry: &mut Entry) {
        let is_fault = |index: &usize| mark.faults.contains(index);
        self.row(spot, raw, entry);
        if mark.faults.is_empty() {
            return;
        }
        let mut names: Vec<String> = Vec::new();
        let mut kinds: Vec<String> = Vec::new();
        for (index, cell) in raw.iter().enumerate().filter(|(index, _)| is_fault(index)) {
            names.push(cell_name(index, mark.row));
            let kind = String::from_utf8_lossy(cell).into_owned();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let columns = mark
            .faults
            .iter()
            .filter_map(|index| self.facts.header.get(*index));
        let error = FieldError::new(Code::CellError, "")
            .with("cell", names.join(", "))
            .with("error", kinds.join(", "))
            .in_columns(columns.cloned());
        if self.rules.cell_error == Severity::Error {
            *entry = spot.defect(error, Some(raw.to_vec()));
            return;
        }
        let without = |mut record: Record| {
            if let Fields::Cells(cells) = &record.fields {
                let kept = cells.iter().enumerate();
                let kept = kept.map(|(index, cell)| if is_fault(&index) { "" } else { cell });
                record.fields = Fields::Cells(kept.collect::<Cells>());
            }
            record
        };
        *entry = match std::mem::take(entry) {
            Entry::Record(record) if self.rules.cell_error == Severity::Warn => {
                Entry::Odd(without(record), error)
            }
            Entry::Record(record) => Entry::Record(without(record)),
            Entry::Odd(record, odd) => Entry::Odd(without(record), odd),
            defect @ Entry::Defect(_) => defect,
        };
    }

    /// Makes an entry of a line's text.
    pub(super) fn line(&self, spot: Spot, raw: &[u8]) -> Entry {
        let nul = memchr::memchr(0, raw).is_some();
        let Some(text) = text(raw, self.encoding).filter(|_| !nul) else {
            return spot.defect(self.invalid(Invalid { index: 0, nul }), None);
        };
        match object(&text) {
            Ok(object) => Entry::Record(spot.record(Fields::Object(object))),
            Err(error) => spot.defect(error, None),
        }
    }

    /// An `encoding.invalid` with its column, if it has one; its `reason` is `nul` or `bytes`.
    fn invalid(&self, invalid: Invalid) -> FieldError {
        FieldError::new(Code::EncodingInvalid, "")
            .with("encoding", self.encoding.name())
            .with("reason", if invalid.nul { "nul" } else { "bytes" })
            .in_columns(self.facts.header.get(invalid.index).cloned())
    }
}

/// A place with its record's number.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    /// Number and line.
    pub(super) position: Position,
    /// Its line and bytes.
    pub(super) extent: Extent,
}

impl Spot {
    fn record(self, fields: Fields) -> Record {
        Record {
            position: self.position,
            span: self.extent.span,
            fields,
        }
    }

    /// A defect at this place.
    pub(super) fn defect(self, error: FieldError, cells: Option<Vec<Vec<u8>>>) -> Entry {
        Entry::Defect(Defect {
            position: self.position,
            span: self.extent.span,
            error,
            cells,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::samples::Sample;

    #[test]
    fn ragged_records_are_weighed_as_the_settings_say() {
        let text = "a;b;c\n1;2;3;;\n1;2\n1;2;3;4\n1;2;\n\"\"\n";
        let weighed = |severity| {
            Sample::new("a.csv", text)
                .with(|it| it.ragged = severity)
                .told()
        };
        let few = "record.ragged expected=3 fields=2";
        let many = "record.ragged expected=3 fields=4";
        let one = "record.ragged expected=3 fields=1";
        assert_eq!(
            weighed(Severity::Error),
            [
                "1@2 1|2|3".to_owned(),
                format!("2@3 ! {few} [1|2]"),
                format!("3@4 ! {many} [1|2|3|4]"),
                "4@5 1|2|".to_owned(),
                format!("5@6 ! {one} []"),
            ]
        );
        assert_eq!(
            weighed(Severity::Warn)[1..3],
            [format!("2@3 1|2| ({few})"), format!("3@4 1|2|3 ({many})")]
        );
        assert_eq!(weighed(Severity::Off)[1..3], ["2@3 1|2|", "3@4 1|2|3"]);
    }

    #[test]
    fn nameless_columns_at_the_end_need_no_fields() {
        let sample = Sample::new("a.csv", "a;b; ;\n1;2\n1\n1;2;3;4;5\n");
        assert_eq!(
            sample.told(),
            [
                "1@2 1|2||",
                "2@3 ! record.ragged expected=4 fields=1 [1]",
                "3@4 ! record.ragged expected=4 fields=5 [1|2|3|4|5]",
            ]
        );
    }

    #[test]
    fn what_cannot_be_decoded_spoils_its_record_only() {
        let bytes = b"Nr;Gr\xc3\xb6\xc3\x9fe\n1;\xc3\xbc\n2;\xfc\n3;x\n\0;4\n";
        assert_eq!(
            Sample::new("a.csv", bytes)
                .with(|it| it.encoding = Some("utf-8".to_owned()))
                .open_error(),
            "Binary"
        );
        let mut late = bytes[..bytes.len() - 4].to_vec();
        let padding = b"9;ok\n".repeat(2000);
        late.extend_from_slice(&padding);
        late.extend_from_slice(b"\0;4\n5;5\n");
        let told = Sample::new("a.csv", late).told();
        assert_eq!(
            told[..3],
            [
                "1@2 1|ü",
                "2@3 ! encoding.invalid encoding=UTF-8 reason=bytes in Größe [2|\\xfc]",
                "3@4 3|x",
            ]
        );
        assert_eq!(
            told[2003..],
            [
                "2004@2005 ! encoding.invalid encoding=UTF-8 reason=nul in Nr [\\x00|4]",
                "2005@2006 5|5",
            ]
        );
    }

    #[test]
    fn json_lines_are_objects_or_defects() {
        let text = "\u{feff}{\"a\":1.10,\"b\":{\"c\":\"ü\"}}\r\n\n[1]\n{\"a\":\n{}";
        let sample = Sample::new("a.jsonl", text);
        assert_eq!(
            sample.told(),
            [
                "1@1 {\"a\":1.10,\"b\":{\"c\":\"ü\"}}",
                "2@3 ! json.malformed column=1 reason=not_an_object",
                "3@4 ! json.malformed column=5 reason=cut_off",
                "4@5 {}",
            ]
        );
        let Ok(Entry::Defect(defect)) = &sample.read()[1] else {
            panic!("no defect");
        };
        let mut bytes = Vec::new();
        sample.open().copy_bytes(defect.span, &mut bytes).unwrap();
        assert_eq!(bytes, b"[1]\n");
        let bad = Sample::new("b.jsonl", b"{\"a\":\"\xc3\xbc\"}\n{\"a\":\"\xfc\"}\n");
        assert_eq!(
            bad.told()[1],
            "2@2 ! encoding.invalid encoding=UTF-8 reason=bytes"
        );
        let large =
            Sample::new("c.ndjson", "{}\n{\"a\":1}\r\n{\"a\":12}\r\n").with(|it| it.record_cap = 7);
        assert_eq!(
            large.told(),
            ["1@1 {}", "2@2 {\"a\":1}", "3@3 ! record.too_large limit=7"]
        );
    }
}
