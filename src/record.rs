//! A record as it came from the input, and where it stood there.
//!
//! Plain data. Nothing here knows how a file is read or what a field means.

use serde::{Deserialize, Serialize};

use crate::outcome::FieldError;

/// Columns that the report adds behind an input's own in a `failed.csv`, in its order. No mapping
/// may use them; in a corrected file they say which record of which run is meant.
pub const RESERVED_COLUMNS: [&str; 10] = [
    "_message",
    "_columns",
    "_field",
    "_code",
    "_stage",
    "_status",
    "_attempts",
    "_line",
    "_record",
    "_run",
];

/// Where a record stands in its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Number of the record, counted from 1; the header and skipped lines are no records.
    pub record: u64,
    /// Physical line on which the record starts, counted from 1.
    pub line: u64,
}

/// The bytes that a record takes in its input: after transcoding, if the input is UTF-16,
/// else in the file itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u64,
    /// Offset behind the last byte (line break included).
    pub end: u64,
}

/// One record of the input, split into fields and decoded, otherwise untouched.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Where it stands.
    pub position: Position,
    /// The bytes that it takes.
    pub span: Span,
    /// Its fields.
    pub fields: Fields,
}

/// A record's fields in the shape that the input's format gives them.
#[derive(Clone, Debug, PartialEq)]
pub enum Fields {
    /// A row of cells, in the header's order.
    Cells(Cells),
    /// A JSON object; keys keep their order and numbers their digits.
    Object(serde_json::Map<String, serde_json::Value>),
}

/// Where a cell stands in its row's text: offset of its first byte and offset behind its last.
pub type CellSpan = [u32; 2];

/// A row of text cells in one buffer, of at most 4 GiB. Between two cells there may be bytes
/// that belong to none, such as the delimiters of the row that they were cut from.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    text: String,
    spans: Vec<CellSpan>,
}

impl Cells {
    /// Longest text of a row in bytes.
    pub const LONGEST: usize = u32::MAX as usize;

    /// An empty row with room for `cells` cells of `bytes` bytes altogether.
    #[must_use]
    pub fn with_capacity(cells: usize, bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            spans: Vec::with_capacity(cells),
        }
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no cell at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The cell at `index`, counted from 0.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<&str> {
        let [start, end] = *self.spans.get(index)?;
        self.text.get(start as usize..end as usize)
    }

    /// Appends a cell.
    ///
    /// # Panics
    /// When the row becomes longer than [`Cells::LONGEST`].
    pub fn push(&mut self, cell: &str) {
        let start = self.text.len();
        self.text.push_str(cell);
        let end = self.text.len();
        assert!(end <= Self::LONGEST, "a row of cells is too long");
        self.spans.push([start as u32, end as u32]);
    }

    /// Takes all cells away; the room that they had stays.
    pub fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
    }

    /// Makes these cells those of `text` that stand at `spans`. A span that does not stand in
    /// the text, or cuts a character, makes no cell that can be had.
    ///
    /// # Panics
    /// When the text is longer than [`Cells::LONGEST`].
    pub fn cut_from(&mut self, text: &str, spans: &[CellSpan]) {
        assert!(text.len() <= Self::LONGEST, "a row of cells is too long");
        self.clear();
        self.text.push_str(text);
        self.spans.extend_from_slice(spans);
    }

    /// Appends empty cells up to `width`.
    pub fn pad(&mut self, width: usize) {
        if self.spans.len() < width {
            self.spans.resize(width, [0, 0]);
        }
    }

    /// All cells in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

/// Rows are equal if their cells are, whatever stands between them.
impl PartialEq for Cells {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Cells {}

impl<'a> FromIterator<&'a str> for Cells {
    fn from_iter<I: IntoIterator<Item = &'a str>>(cells: I) -> Self {
        let mut row = Self::default();
        for cell in cells {
            row.push(cell);
        }
        row
    }
}

/// A record that cannot be used as it stands in the input. It is an item of the stream, not
/// an error of the run: the records behind it are read as usual.
#[derive(Clone, Debug, PartialEq)]
pub struct Defect {
    /// Where the record stands.
    pub position: Position,
    /// The bytes that it takes.
    pub span: Span,
    /// What is wrong with it.
    pub error: FieldError,
    /// Its cells as raw bytes in the input's encoding (UTF-8, if the input is transcoded), when
    /// it could be split at all.
    pub cells: Option<Vec<Vec<u8>>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_cells_whatever_stands_between_them() {
        let mut cut = Cells::default();
        cut.cut_from("a;ü;;x", &[[0, 1], [2, 4], [5, 5]]);
        let mut pushed: Cells = ["a", "ü", ""].into_iter().collect();
        assert_eq!(cut, pushed);
        assert_eq!(cut.get(1), Some("ü"));
        assert_eq!(cut.get(3), None);
        cut.push("y");
        pushed.pad(3);
        pushed.push("y");
        assert_eq!(cut, pushed);
        pushed.pad(5);
        assert_ne!(cut, pushed);
        assert_eq!(pushed.iter().collect::<Vec<_>>(), ["a", "ü", "", "y", ""]);
        cut.clear();
        assert!(cut.is_empty());
        assert_eq!(cut, Cells::default());
    }
}
