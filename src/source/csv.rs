//! Splits delimited text into rows of raw cells, with exact lines and offsets.
//!
//! The grammar is that of the `csv` crate (`csv_core`); what it leaves out is done here:
//! where a row stands, a bound on its size, and whether the end came inside quotes. Cells are
//! decoded behind the splitting (`cells`), so that one bad row spoils only itself. Rows without
//! quotes that lie within the bytes at hand are split at sight (`plain`) where they lie; all
//! others go through the parser.

use super::cells::RawCells;
use super::delimiter;
use super::error::SourceError;
use super::lines::Lines;
use super::plain;
use super::quotes::Quotes;
use super::sheet::Mark;
use super::transcode::Stream;
use crate::record::{CellSpan, Span};

/// What can be wrong with a row as it is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is longer than it may be.
    TooLarge,
    /// The file ends inside quotes that opened on this line.
    OpenQuote(u64),
}

/// Where a row or line stands, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Line on which it starts, counted from 1.
    pub(super) line: u64,
    /// Its bytes, line break included.
    pub(super) span: Span,
    /// What is wrong with it.
    pub(super) fault: Option<Fault>,
}

/// Where a parser stands in its stream.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor {
    /// Offset of the next byte.
    pub(super) offset: u64,
    /// Its line.
    pub(super) lines: Lines,
}

impl Cursor {
    /// Takes `count` bytes of `chunk`, which the stream has at hand.
    pub(super) fn pass(&mut self, chunk: &[u8], count: usize) {
        self.lines.feed(chunk.get(..count).unwrap_or(chunk));
        self.offset += count as u64;
    }

    /// Goes past whole lines, until the next byte stands on line `number`.
    pub(super) fn skip_to(&mut self, stream: &mut Stream, number: u64) -> Result<(), SourceError> {
        while self.lines.number < number {
            let chunk = stream.chunk()?;
            if chunk.is_empty() {
                return Ok(());
            }
            let end = chunk.iter().position(|byte| is_break(*byte));
            let count = end.map_or(chunk.len(), |end| end + 1);
            let cr = end.and_then(|end| chunk.get(end)) == Some(&b'\r');
            self.pass(chunk, count);
            stream.consume(count);
            if cr {
                self.skip_lf(stream)?;
            }
        }
        Ok(())
    }

    /// Takes the LF of a CRLF whose CR was the last byte.
    fn skip_lf(&mut self, stream: &mut Stream) -> Result<(), SourceError> {
        if stream.chunk()?.first() == Some(&b'\n') {
            self.pass(b"\n", 1);
            stream.consume(1);
        }
        Ok(())
    }

    /// Goes past empty lines; false at the end of the stream.
    fn skip_blank(&mut self, stream: &mut Stream) -> Result<bool, SourceError> {
        loop {
            let chunk = stream.chunk()?;
            if chunk.is_empty() {
                return Ok(false);
            }
            let blank = chunk.iter().take_while(|byte| is_break(**byte)).count();
            let more = blank < chunk.len();
            if blank > 0 {
                self.pass(chunk, blank);
                stream.consume(blank);
            }
            if more {
                return Ok(true);
            }
        }
    }
}

/// Whether the byte ends a line, or is a part of what does.
pub(super) fn is_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

/// Splits a stream into rows; holds the cells of the last one.
pub(super) struct Rows {
    core: csv_core::Reader,
    delimiter: u8,
    cap: usize,
    cursor: Cursor,
    /// Cells that the parser unquoted.
    text: Vec<u8>,
    filled: usize,
    ends: Vec<usize>,
    count: usize,
    /// The last row's cells, in `text` or where the row lies.
    spans: Vec<CellSpan>,
    /// The last row, if it was split at sight.
    plain: Option<Plain>,
    /// Whether rows may be split at sight.
    at_sight: bool,
    /// Whether each row begins with a mark, which is no cell.
    marked: bool,
    mark: Option<Mark>,
}

/// A row that was split at sight and still lies in the stream.
#[derive(Clone, Copy)]
struct Plain {
    /// Its bytes.
    length: usize,
    /// Its bytes and those of its line break.
    taken: usize,
}

impl Rows {
    /// Splits from `cursor` on; a row of more than `cap` bytes is too large.
    pub(super) fn new(cursor: Cursor, delimiter: u8, cap: usize) -> Self {
        let mut core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        // The parser would drop a byte-order mark before its first byte, and that is not where
        // one stands here.
        core.read_record(b"\n", &mut [0], &mut [0]);
        Self {
            core,
            delimiter,
            cap,
            cursor,
            text: vec![0; 4096],
            filled: 0,
            ends: vec![0; 64],
            count: 0,
            spans: Vec::with_capacity(64),
            plain: None,
            at_sight: delimiter::is_possible(delimiter),
            marked: false,
            mark: None,
        }
    }

    /// Takes the first cell of each row for a mark that stands before its cells.
    pub(super) fn marked(mut self, marked: bool) -> Self {
        self.marked = marked;
        self.at_sight &= !marked;
        self
    }

    /// Sends all rows through the parser.
    #[cfg(test)]
    pub(super) fn by_the_parser(mut self) -> Self {
        self.at_sight = false;
        self
    }

    /// Where the next row begins, or what stands before it: its offset and line.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.cursor.offset, self.cursor.lines.number)
    }

    /// The last row's mark, also if the row has a fault.
    pub(super) fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// Reads the mark, if it is at hand and was not read yet.
    fn read_mark(&mut self) {
        if self.marked && self.mark.is_none() && self.count > 0 {
            let end = self.ends.first().copied().unwrap_or(0);
            self.mark = self.text.get(..end).and_then(Mark::read);
        }
    }

    /// Notes where the parser's cells stand; a mark is none.
    fn note_cells(&mut self) {
        let ends = self.ends.get(..self.count).unwrap_or_default();
        let mut start = 0;
        let all = ends.iter().map(|end| {
            let end = *end as u32;
            [std::mem::replace(&mut start, end), end]
        });
        self.spans.extend(all.skip(usize::from(self.marked)));
    }

    /// The last row's cells, unquoted; none of a row with a fault. `stream` is the one that it
    /// was read from.
    pub(super) fn cells<'a>(&'a self, stream: &'a Stream) -> RawCells<'a> {
        let text = match self.plain {
            Some(Plain { length, taken }) => stream.taken(taken).get(..length),
            None => self.text.get(..self.filled),
        };
        RawCells {
            text: text.unwrap_or_default(),
            spans: &self.spans,
            plain: self.plain.is_some(),
        }
    }

    /// Splits the next row; none at the end.
    pub(super) fn next(&mut self, stream: &mut Stream) -> Result<Option<Extent>, SourceError> {
        self.spans.clear();
        self.plain = None;
        if self.at_sight {
            let chunk = stream.chunk()?;
            if let Some(row) = self.split_at_sight(chunk) {
                let start = self.cursor.offset;
                let line = self.cursor.lines.number;
                stream.consume(row.taken);
                self.plain = Some(row);
                self.cursor.offset += row.taken as u64;
                self.cursor.lines = Lines::from(line + 1);
                return Ok(Some(self.extent(line, start, None)));
            }
            self.spans.clear();
        }
        self.parse(stream)
    }

    /// Splits the row at the start of `chunk`, if it can be split at sight.
    #[inline]
    fn split_at_sight(&mut self, chunk: &[u8]) -> Option<Plain> {
        // Empty lines are passed over by the parser.
        if is_break(*chunk.first()?) {
            return None;
        }
        let length = plain::split(chunk, self.delimiter, &mut self.spans)?;
        if length > self.cap {
            return None;
        }
        let taken = match chunk.get(length..)? {
            [b'\n', ..] => length + 1,
            [b'\r', b'\n', ..] => length + 2,
            [b'\r', _, ..] => length + 1,
            // A line feed that belongs to the carriage return may come with the next bytes.
            _ => return None,
        };
        Some(Plain { length, taken })
    }

    /// Lets the parser split the next row; none at the end.
    fn parse(&mut self, stream: &mut Stream) -> Result<Option<Extent>, SourceError> {
        (self.filled, self.count) = (0, 0);
        self.mark = None;
        if !self.cursor.skip_blank(stream)? {
            return Ok(None);
        }
        let start = self.cursor.offset;
        let line = self.cursor.lines.number;
        let mut quotes = Quotes::at(line, self.delimiter);
        let mut length;
        loop {
            let chunk = stream.chunk()?;
            let at_end = chunk.is_empty();
            let (result, read, written, cells) = self.core.read_record(
                chunk,
                self.text.get_mut(self.filled..).unwrap_or_default(),
                self.ends.get_mut(self.count..).unwrap_or_default(),
            );
            let taken = chunk.get(..read).unwrap_or(chunk);
            let closed = taken.last().copied().filter(|byte| is_break(*byte));
            self.filled += written;
            self.count += cells;
            self.cursor.pass(taken, read);
            length = self.cursor.offset - start;
            match result {
                csv_core::ReadRecordResult::Record => {
                    length -= u64::from(closed.is_some());
                    stream.consume(read);
                    if closed == Some(b'\r') {
                        self.cursor.skip_lf(stream)?;
                    }
                    let fault = match quotes.open() {
                        Some(line) if at_end => Some(Fault::OpenQuote(line)),
                        _ if length > self.cap as u64 => Some(Fault::TooLarge),
                        _ => None,
                    };
                    self.read_mark();
                    if fault.is_none() {
                        self.note_cells();
                    }
                    return Ok(Some(self.extent(line, start, fault)));
                }
                csv_core::ReadRecordResult::End => return Ok(None),
                // What is too large gets no more room: its cells are given up, and what
                // remains is to find its end.
                _ if length > self.cap as u64 => {
                    self.read_mark();
                    (self.filled, self.count) = (0, 0);
                }
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                csv_core::ReadRecordResult::OutputEndsFull => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
            }
            // Only rows that do not end within the bytes at hand get here.
            quotes.feed(taken);
            stream.consume(read);
        }
    }

    fn extent(&self, line: u64, start: u64, fault: Option<Fault>) -> Extent {
        Extent {
            line,
            span: Span {
                start,
                end: self.cursor.offset,
            },
            fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor as Bytes, Read};
    use std::path::Path;

    use encoding_rs::UTF_8;
    use proptest::prelude::*;

    use super::*;
    use crate::source::blocks::{BLOCK, Blocks};

    fn stream(from: impl Read + Send + 'static) -> Stream {
        let blocks = Blocks::new(Box::new(from), Path::new("a.csv"), None);
        Stream::new(blocks, UTF_8, 0).unwrap()
    }

    type Split = (u64, u64, u64, Option<Fault>, Vec<Vec<u8>>);

    fn split(bytes: &[u8], delimiter: u8, cap: usize) -> Vec<Split> {
        let rows = Rows::new(Cursor::default(), delimiter, cap);
        drain(rows, stream(Bytes::new(bytes.to_vec())))
    }

    fn drain(mut rows: Rows, mut stream: Stream) -> Vec<Split> {
        let mut all = Vec::new();
        while let Some(extent) = rows.next(&mut stream).unwrap() {
            let Span { start, end } = extent.span;
            let cells = rows.cells(&stream).to_vec();
            all.push((extent.line, start, end, extent.fault, cells));
        }
        all
    }

    fn cells(row: &[&str]) -> Vec<Vec<u8>> {
        row.iter().map(|cell| cell.as_bytes().to_vec()).collect()
    }

    #[test]
    fn lines_and_offsets_are_exact() {
        let text = "a;b\r\n\r\n\"x\r\ny\";2\r\n\n3;\"\"\"q\"\r4;5\" Rohr\n;";
        assert_eq!(
            split(text.as_bytes(), b';', 100),
            [
                (1, 0, 5, None, cells(&["a", "b"])),
                (3, 7, 17, None, cells(&["x\r\ny", "2"])),
                (6, 18, 26, None, cells(&["3", "\"q"])),
                (7, 26, 36, None, cells(&["4", "5\" Rohr"])),
                (8, 36, 37, None, cells(&["", ""])),
            ]
        );
        assert_eq!(split(b"", b';', 100), []);
        assert_eq!(split(b"\r\n\n\r", b';', 100), []);
        assert_eq!(split(b"\"\"\n", b';', 100), [(1, 0, 3, None, cells(&[""]))]);
    }

    #[test]
    fn a_byte_order_mark_in_the_text_stays() {
        let text = "\u{feff}a;b\n";
        assert_eq!(
            split(text.as_bytes(), b';', 100),
            [(1, 0, 7, None, cells(&["\u{feff}a", "b"]))]
        );
    }

    #[test]
    fn a_large_row_is_passed_over() {
        let large = Some(Fault::TooLarge);
        for (text, fault) in [
            ("12345678;0", None),
            ("12345678;0\n", None),
            ("12345678;0\r\n", None),
            ("12345678;01", large),
            ("12345678;01\n", large),
            ("12345678;01\r\n", large),
            ("\"123\n456\n78\";1\n", large),
            (";;;;;;;;;;;\n", large),
        ] {
            let text = format!("a;b\n{text}");
            let rows = split(text.as_bytes(), b';', 10);
            assert_eq!(rows[1].3, fault, "{text:?}");
            assert_eq!(rows[1].2, text.len() as u64);
        }
        let far = format!("a;b\n1;\"{}\n\"\n2;3\n", "x;\"\"\n".repeat(BLOCK));
        let rows = split(far.as_bytes(), b';', 1000);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1].3, large);
        assert_eq!(rows[2].0, 4 + BLOCK as u64);
        assert_eq!(rows[2].4, cells(&["2", "3"]));
    }

    #[test]
    fn a_quote_that_never_closes_is_named_by_its_line() {
        for (text, line) in [
            ("a;b\n1;\"x\n2;3\n", Some(2)),
            ("a;b\n1;\"x\ny\";\"z\n2;3\n", Some(3)),
            ("a;b\r1;\"x\r\ny\";\"z\r2;3\r", Some(3)),
            ("a;b\n\"", Some(2)),
            ("a;b\n1;\"x\"\"", Some(2)),
            ("a;b\n1;\"x\"", None),
            ("a;b\n1;5\" Rohr", None),
            ("a;b\n1;\"5\" Rohr", None),
        ] {
            for cap in [3, 100] {
                let last = split(text.as_bytes(), b';', cap).pop().unwrap();
                let open = match last.3 {
                    Some(Fault::OpenQuote(line)) => Some(line),
                    _ => None,
                };
                assert_eq!(open, line, "{text:?} {cap}");
            }
        }
    }

    /// A file that is longer than memory should be.
    struct Endless {
        head: &'static [u8],
        left: usize,
    }

    impl Read for Endless {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            if !self.head.is_empty() {
                return self.head.read(to);
            }
            let count = to.len().min(self.left);
            self.left -= count;
            for (index, byte) in to[..count].iter_mut().enumerate() {
                *byte = b"name;street;town\n"[index % 17];
            }
            Ok(count)
        }
    }

    #[test]
    fn an_endless_quote_takes_bounded_memory() {
        let from = Endless {
            head: b"a;b\n1;2\n3;\"x",
            left: 48 * BLOCK,
        };
        let cap = 64 * 1024;
        let mut stream = stream(from);
        let mut rows = Rows::new(Cursor::default(), b';', cap);
        let mut last = None;
        while let Some(extent) = rows.next(&mut stream).unwrap() {
            last = Some(extent);
        }
        assert_eq!(last.unwrap().fault, Some(Fault::OpenQuote(3)));
        assert!(rows.text.capacity() <= 2 * cap);
        assert!(rows.ends.capacity() <= 64);
        assert!(stream.fingerprint().unwrap().bytes > 48 * BLOCK as u64);
    }

    /// Text that is full of what matters to the grammar.
    fn tricky() -> impl Strategy<Value = String> {
        proptest::string::string_regex("([ab;\"\r\n]|\"a\n\"|\"\"|;\"b;\"\n){0,60}").unwrap()
    }

    /// Text of rows that can be split at sight, and of some that cannot.
    fn mostly_plain() -> impl Strategy<Value = String> {
        let rows = "([a-zü; \t]{0,90}[ab;\r\n]{0,3}|\r\n|\n|\"a\n\"|5\" |;\"b;\"|\0){0,40}";
        proptest::string::string_regex(rows).unwrap()
    }

    fn written() -> impl Strategy<Value = Vec<Vec<String>>> {
        let cell = proptest::string::string_regex("[a;\"\nä ]{0,6}").unwrap();
        proptest::collection::vec(proptest::collection::vec(cell, 3), 1..20)
    }

    proptest! {
        #[test]
        fn rows_are_those_of_the_csv_crate(text in tricky()) {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .delimiter(b';')
                .from_reader(text.as_bytes());
            let mut expected: Vec<Vec<Vec<u8>>> = reader
                .byte_records()
                .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
                .collect();
            let rows = split(text.as_bytes(), b';', 1 << 20);
            if let (Some(last), Some(row)) = (rows.last(), expected.last_mut())
                && last.3.is_some()
            {
                row.clear();
            }
            let found: Vec<_> = rows.into_iter().map(|row| row.4).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_row_is_the_same_at_sight_and_by_the_parser(
            text in mostly_plain(),
            size in 4_usize..300,
            delimiter in prop_oneof![Just(b';'), Just(b'\t'), Just(b' '), Just(b'a')],
            cap in prop_oneof![Just(1 << 20), 0_usize..100],
        ) {
            let rows = || Rows::new(Cursor::default(), delimiter, cap);
            let pieces = || {
                let from = Box::new(Bytes::new(text.clone().into_bytes()));
                Stream::in_pieces(Blocks::new(from, Path::new("a.csv"), None), size)
            };
            let parsed = drain(rows().by_the_parser(), pieces());
            prop_assert_eq!(&drain(rows(), pieces()), &parsed);
            prop_assert_eq!(&split(text.as_bytes(), delimiter, cap), &parsed);
        }

        #[test]
        fn what_was_written_is_read_with_its_lines(rows in written()) {
            let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let split = split(&text, b';', 1 << 20);
            let mut line = 1;
            prop_assert_eq!(split.len(), rows.len());
            for (found, row) in split.iter().zip(&rows) {
                let expected: Vec<_> = row.iter().map(|cell| cell.clone().into_bytes()).collect();
                prop_assert_eq!(&found.4, &expected);
                prop_assert_eq!(found.0, line);
                let breaks = row.iter().map(|cell| cell.matches('\n').count()).sum::<usize>();
                line += 1 + breaks as u64;
            }
        }

        #[test]
        fn spans_tile_the_file(bytes in proptest::collection::vec(
            prop_oneof![Just(b'"'), Just(b';'), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..80,
        ), cap in 0_usize..100) {
            let mut behind = 0;
            let mut lines = Lines::default();
            for (line, start, end, ..) in split(&bytes, b';', cap) {
                let gap = &bytes[behind as usize..start as usize];
                prop_assert!(gap.iter().all(|byte| is_break(*byte)));
                lines.feed(gap);
                prop_assert_eq!(lines.number, line);
                prop_assert!(end > start);
                lines.feed(&bytes[start as usize..end as usize]);
                behind = end;
            }
            prop_assert!(bytes[behind as usize..].iter().all(|byte| is_break(*byte)));
        }

        #[test]
        fn a_row_alone_is_the_same_row(text in tricky()) {
            for (_, start, end, fault, row) in split(text.as_bytes(), b';', 1 << 20) {
                let alone = split(&text.as_bytes()[start as usize..end as usize], b';', 1 << 20);
                prop_assert_eq!(alone.len(), 1);
                prop_assert_eq!(&alone[0].4, &row);
                prop_assert_eq!(alone[0].3.is_some(), fault.is_some());
            }
        }
    }
}
