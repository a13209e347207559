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

/// A row of text cells in one buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    text: String,
    ends: Vec<usize>,
}

impl Cells {
    /// An empty row with room for `cells` cells of `bytes` bytes altogether.
    #[must_use]
    pub fn with_capacity(cells: usize, bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            ends: Vec::with_capacity(cells),
        }
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no cell at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The cell at `index`, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// Appends a cell.
    pub fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    /// All cells in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

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
