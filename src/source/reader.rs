//! Goes through an input's records in order.

use std::borrow::Cow;
use std::sync::Arc;

use super::Format;
use super::blocks::Fingerprint;
use super::cells::text;
use super::csv::{Cursor, Fault, Rows};
use super::entry::{Entry, Shape, Spot};
use super::error::SourceError;
use super::facts::Facts;
use super::jsonl::TextLines;
use super::lines::Lines;
use super::place::Place;
use super::returned::Named;
use super::transcode::Stream;
use crate::outcome::{Code, FieldError, Severity};
use crate::record::{Cells, Position};

/// What a reader must know beyond the facts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// What a record with too many or too few fields is.
    pub(super) ragged: Severity,
    /// What a record with an error in a cell is.
    pub(super) cell_error: Severity,
    /// Longest record in bytes; at most [`Rules::CAP`].
    pub(super) cap: usize,
    /// Whether the first row is the header.
    pub(super) header: bool,
}

impl Rules {
    /// The highest cap: a byte becomes three at most as it is decoded.
    pub(super) const CAP: usize = Cells::LONGEST / 3;
}

/// How the stream is split.
enum Body {
    Rows(Box<Rows>),
    Lines(TextLines),
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// More may come.
    Underway,
    /// The end was reached.
    Ended,
    /// An error ended it; what was handed out is not all there is.
    Failed,
}

/// An input's records in order; after an error it ends. Only with a fingerprint at the end
/// was it complete.
pub struct Reader {
    stream: Stream,
    body: Body,
    shape: Shape,
    record: u64,
    state: State,
}

impl Reader {
    /// Reads `stream`, which stands behind its byte-order mark, from the header on.
    pub(super) fn new(
        mut stream: Stream,
        facts: Arc<Facts>,
        rules: Rules,
    ) -> Result<Self, SourceError> {
        let mut cursor = Cursor {
            offset: stream.start(),
            ..Cursor::default()
        };
        cursor.skip_to(&mut stream, facts.skipped_lines.saturating_add(1))?;
        Ok(Self::at(stream, cursor, 0, Shape::of(facts, rules)))
    }

    /// Reads `stream`, whose next byte is that at `place`, from there on.
    pub(super) fn from(stream: Stream, place: Place, facts: Arc<Facts>, rules: Rules) -> Self {
        let cursor = Cursor {
            offset: place.offset,
            lines: Lines::from(place.line),
        };
        Self::at(stream, cursor, place.record, Shape::of(facts, rules))
    }

    fn at(stream: Stream, cursor: Cursor, record: u64, shape: Shape) -> Self {
        let facts = shape.facts();
        let cap = shape.rules().cap;
        Self {
            stream,
            body: match facts.format {
                Format::Csv | Format::Xlsx | Format::Ods => Body::Rows(Box::new(
                    Rows::new(cursor, facts.delimiter, cap).marked(facts.format.is_book()),
                )),
                Format::Jsonl => Body::Lines(TextLines::new(cursor, cap)),
            },
            shape,
            record,
            state: State::Underway,
        }
    }

    /// Makes `entry` the next one; false at the end and after an error, and then `entry` is
    /// what it was. What a record with cells has of room is used again: whoever hands the same
    /// entries in again and again needs no memory for each.
    ///
    /// # Errors
    /// When the input cannot be read or split any further, or is not what it was.
    pub fn read_into(&mut self, entry: &mut Entry) -> Result<bool, SourceError> {
        if self.state != State::Underway {
            return Ok(false);
        }
        match self.step(entry) {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.state = State::Ended;
                Ok(false)
            }
            Err(error) => {
                self.state = State::Failed;
                Err(error)
            }
        }
    }

    /// The place behind the last entry, to remember for a later reading. Only of a source that
    /// [can seek](super::Source::can_seek) does it mean anything.
    #[must_use]
    pub fn place(&self) -> Place {
        let (offset, line) = match &self.body {
            Body::Rows(rows) => rows.place(),
            Body::Lines(lines) => lines.place(),
        };
        Place {
            offset,
            record: self.record,
            line,
        }
    }

    /// Bytes of the file that were read so far, for progress.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.stream.blocks().position()
    }

    /// What the file's bytes were, once its end was reached.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match self.state {
            State::Ended => self.stream.fingerprint(),
            _ => None,
        }
    }

    /// Which record of which run the last entry says it corrects; nothing if it says none.
    /// Columns whose place in the row is not certain say nothing.
    #[must_use]
    pub fn named(&self) -> Option<Named> {
        let encoding = self.shape.encoding();
        match &self.body {
            Body::Rows(rows) => {
                let raw = rows.cells(&self.stream);
                let facts = self.shape.facts();
                let width = facts.header.len();
                let is_book = facts.format.is_book();
                if (raw.len() < width && !is_book) || !raw.empty_from(width) {
                    return None;
                }
                Named::in_row(&facts.header, |index| match raw.get(index) {
                    Some(cell) => text(cell, encoding).map(Cow::into_owned),
                    // A sheet's row ends with its last cell that is not empty.
                    None => is_book.then(String::new),
                })
            }
            Body::Lines(lines) => Named::in_line(&text(lines.text(), encoding)?),
        }
    }

    /// Reads the header's names; the first row's numbers if the input has no header. Empty if
    /// there is no row.
    pub(super) fn header(&mut self) -> Result<Vec<String>, SourceError> {
        let Body::Rows(rows) = &mut self.body else {
            return Ok(Vec::new());
        };
        let Some(place) = rows.next(&mut self.stream)? else {
            return Ok(Vec::new());
        };
        let path = || self.stream.blocks().path().to_owned();
        let line = rows.mark().map_or(place.line, |mark| mark.row);
        match place.fault {
            Some(Fault::TooLarge) => Err(SourceError::HeaderTooLarge {
                path: path(),
                line,
                limit: self.shape.rules().cap,
            }),
            Some(Fault::OpenQuote(line)) => Err(SourceError::UnclosedQuote {
                path: path(),
                line,
                record: u64::from(!self.shape.rules().header),
            }),
            None if self.shape.rules().header => {
                let raw = rows.cells(&self.stream);
                let mut names = Cells::default();
                raw.decode(self.shape.encoding(), raw.len(), &mut names)
                    .map_err(|_| SourceError::HeaderEncoding {
                        path: path(),
                        line,
                        encoding: self.shape.facts().encoding.name(),
                    })?;
                let mut names: Vec<String> = names.iter().map(str::to_owned).collect();
                if let Some(first) = names.first_mut()
                    && let Some(rest) = first.strip_prefix('\u{feff}')
                {
                    *first = rest.to_owned();
                }
                Ok(names)
            }
            None => Ok((1..=rows.cells(&self.stream).len())
                .map(|number| number.to_string())
                .collect()),
        }
    }

    /// Makes `entry` the next one; false at the end.
    fn step(&mut self, entry: &mut Entry) -> Result<bool, SourceError> {
        let extent = match &mut self.body {
            Body::Rows(rows) => rows.next(&mut self.stream)?,
            Body::Lines(lines) => lines.next(&mut self.stream)?,
        };
        let Some(extent) = extent else {
            return Ok(false);
        };
        self.record += 1;
        let mark = match &self.body {
            Body::Rows(rows) => rows.mark(),
            Body::Lines(_) => None,
        };
        let spot = Spot {
            position: Position {
                record: self.record,
                line: mark.map_or(extent.line, |mark| mark.row),
            },
            extent,
        };
        match extent.fault {
            Some(Fault::OpenQuote(line)) => {
                return Err(SourceError::UnclosedQuote {
                    path: self.stream.blocks().path().to_owned(),
                    line,
                    record: self.record,
                });
            }
            Some(Fault::TooLarge) => {
                let limit = self.shape.rules().cap;
                let error = FieldError::new(Code::RecordTooLarge, "").with("limit", limit);
                *entry = spot.defect(error, None);
            }
            None => match (&self.body, mark) {
                (Body::Rows(rows), Some(mark)) => {
                    let cells = rows.cells(&self.stream);
                    self.shape.sheet_row(spot, cells, mark, entry);
                }
                (Body::Rows(rows), None) => self.shape.row(spot, rows.cells(&self.stream), entry),
                (Body::Lines(lines), _) => *entry = self.shape.line(spot, lines.text()),
            },
        }
        Ok(true)
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut entry = Entry::default();
        match self.read_into(&mut entry) {
            Ok(more) => more.then_some(Ok(entry)),
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::{Fields, Record};
    use crate::source::Source;
    use crate::source::samples::Sample;

    #[test]
    fn a_reader_can_move_to_its_own_thread() {
        fn moves<T: Send + 'static>() {}
        moves::<Reader>();
        moves::<Source>();
        moves::<SourceError>();
    }

    #[test]
    fn records_carry_their_place() {
        let text = "a;b\r\n1;\"x\r\ny\"\r\n\r\n2;\r\n";
        let sample = Sample::new("a.csv", text);
        assert_eq!(sample.told(), ["1@2 1|x\r\ny", "2@5 2|"]);
        let source = sample.open();
        let mut reader = source.read().unwrap();
        assert!(reader.fingerprint().is_none());
        let Some(Ok(Entry::Record(record))) = reader.next() else {
            panic!("no record");
        };
        let mut bytes = Vec::new();
        source.copy_bytes(record.span, &mut bytes).unwrap();
        assert_eq!(bytes, b"1;\"x\r\ny\"\r\n");
        assert_eq!(reader.by_ref().count(), 1);
        assert_eq!(reader.bytes_read(), text.len() as u64);
        let known = reader.fingerprint().unwrap();
        assert_eq!(
            known.hex(),
            blake3::hash(text.as_bytes()).to_hex().to_string()
        );
        assert_eq!(source.read_again(&known).unwrap().count(), 2);
    }

    #[test]
    fn an_entry_is_filled_again_and_again() {
        let text = "a;b\n1;x\n2;\"y\"\n3\n4;\n5;\"z\n";
        let sample = Sample::new("a.csv", text);
        let expected = sample.read();
        let mut reader = sample.open().read().unwrap();
        let mut entry = Entry::default();
        for item in expected {
            match item {
                Ok(expected) => {
                    assert!(reader.read_into(&mut entry).unwrap());
                    assert_eq!(entry, expected);
                }
                Err(_) => assert!(reader.read_into(&mut entry).is_err()),
            }
        }
        assert!(!reader.read_into(&mut entry).unwrap());
        assert!(reader.fingerprint().is_none());
        assert!(reader.next().is_none());
    }

    #[test]
    fn a_quote_that_never_closes_ends_the_run() {
        for (text, told) in [
            (
                "a;b\n1;2\n2;\"x\n3;4\n",
                &["1@2 1|2", "quote line=3 record=2"][..],
            ),
            ("a;b\n1;\"x\ny\";\"z\n", &["quote line=3 record=1"]),
            (
                "a;b\n1;5\" Rohr\n2",
                &[
                    "1@2 1|5\" Rohr",
                    "2@3 ! record.ragged expected=2 fields=1 [2]",
                ],
            ),
        ] {
            let sample = Sample::new("a.csv", text).with(|it| it.record_cap = 20);
            assert_eq!(sample.told(), told, "{text:?}");
            let mut reader = sample.open().read().unwrap();
            let failed = reader.by_ref().any(|entry| entry.is_err());
            assert!(reader.next().is_none());
            assert_eq!(reader.fingerprint().is_none(), failed);
        }
    }

    #[test]
    fn a_large_record_is_passed_over() {
        let text = format!("a;b\n1;{}\n2;x\n", "x".repeat(100));
        let sample = Sample::new("a.csv", &text).with(|it| it.record_cap = 50);
        assert_eq!(
            sample.told(),
            ["1@2 ! record.too_large limit=50", "2@3 2|x"]
        );
        let Ok(Entry::Defect(defect)) = &sample.read()[0] else {
            panic!("no defect");
        };
        let mut bytes = Vec::new();
        sample.open().copy_bytes(defect.span, &mut bytes).unwrap();
        assert_eq!(bytes, &text.as_bytes()[4..107]);
    }

    #[test]
    fn utf_16_reads_like_any_other() {
        let text = "Nr;Straße\r\n1;\"Weg\r\n5\"\r\n2;\"€\r\n";
        let bytes: Vec<u8> = format!("\u{feff}{text}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let sample = Sample::new("a.csv", bytes);
        assert_eq!(sample.told(), ["1@2 1|Weg\r\n5", "quote line=4 record=2"]);
        let Ok(Entry::Record(record)) = &sample.read()[0] else {
            panic!("no record");
        };
        let mut bytes = Vec::new();
        sample.open().copy_bytes(record.span, &mut bytes).unwrap();
        assert_eq!(bytes, b"1;\"Weg\r\n5\"\r\n");
    }

    /// More than what is looked at to find out about the input is blank.
    #[test]
    fn many_blank_lines_before_the_header_are_not_an_empty_file() {
        let text = format!("{}a;b\n1;2\n", "\n".repeat(100_000));
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let sample = Sample::new("a.csv", bytes).with(|it| {
            it.encoding = Some("utf-16le".to_owned());
            it.delimiter = Some(b';');
        });
        assert_eq!(sample.told(), ["1@100002 1|2"]);
    }

    #[test]
    fn an_edited_input_is_noticed_before_its_records() {
        let row = "1;Muster;Musterweg 1;12345;Musterstadt\n";
        let text = "a;b;c;d;e\n".to_owned() + &row.repeat(70_000);
        let sample = Sample::new("a.csv", &text);
        let source = sample.open();
        let mut reader = source.read().unwrap();
        assert_eq!(reader.by_ref().count(), 70_000);
        let known = reader.fingerprint().unwrap();
        assert_eq!(known.blocks.len(), 3);
        let edited = text[..text.len() - 2].to_owned() + "!\n";
        std::fs::write(&sample.path, edited).unwrap();
        let mut seen = 0_u64;
        let end = source
            .read_again(&known)
            .unwrap()
            .find_map(|entry| match entry {
                Ok(Entry::Record(record)) => {
                    seen = record.span.end;
                    None
                }
                other => Some(other),
            });
        assert!(matches!(end, Some(Err(SourceError::Edited { .. }))));
        assert!(seen > 1 << 20 && seen <= 2 << 20, "{seen}");
        std::fs::write(&sample.path, "b;a;c;d;e\n").unwrap();
        let again = source.read_again(&known);
        assert!(matches!(again, Err(SourceError::Edited { .. })));
        let again = source.read();
        assert!(matches!(again, Err(SourceError::Edited { .. })));
    }

    fn severity() -> impl Strategy<Value = Severity> {
        prop_oneof![
            Just(Severity::Error),
            Just(Severity::Warn),
            Just(Severity::Off)
        ]
    }

    proptest! {
        #[test]
        fn any_bytes_are_records_defects_or_an_error(
            bytes in proptest::collection::vec(prop_oneof![
                Just(b'"'), Just(b';'), Just(b','), Just(b'\n'), Just(b'\r'), Just(b'{'), any::<u8>(),
            ], 0..200),
            jsonl: bool,
            ragged in severity(),
            cap in 0_usize..100,
            label in proptest::option::of(prop_oneof![
                Just("utf-8"), Just("windows-1252"), Just("utf-16le"), Just("shift_jis"),
            ]),
        ) {
            let name = if jsonl { "a.jsonl" } else { "a.csv" };
            let sample = Sample::new(name, bytes).with(|it| {
                it.encoding = label.map(str::to_owned);
                it.ragged = ragged;
                it.record_cap = cap;
            });
            let Ok(source) = Source::open(&sample.path, &sample.settings) else {
                return Ok(());
            };
            let mut reader = source.read().unwrap();
            let mut count = 0;
            let mut failed = false;
            let mut unreadable = false;
            for entry in reader.by_ref() {
                let (position, span) = match &entry {
                    Ok(Entry::Record(record) | Entry::Odd(record, _)) => (record.position, record.span),
                    Ok(Entry::Defect(defect)) => (defect.position, defect.span),
                    Err(_) => {
                        failed = true;
                        continue;
                    }
                };
                count += 1;
                prop_assert_eq!(position.record, count);
                let mut bytes = Vec::new();
                if source.copy_bytes(span, &mut bytes).is_ok() {
                    prop_assert_eq!(bytes.len() as u64, span.end - span.start);
                } else {
                    unreadable = true;
                }
                if let Ok(Entry::Record(Record { fields: Fields::Cells(cells), .. })) = &entry {
                    prop_assert_eq!(cells.len(), source.facts().header.len());
                }
            }
            prop_assert_eq!(reader.fingerprint().is_none(), failed);
            prop_assert!(failed || !unreadable);
        }
    }
}
