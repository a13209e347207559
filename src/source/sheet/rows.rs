//! The rows of a sheet as text that the CSV splitter reads again: each begins with a mark that
//! says on which row of the sheet it stands and which of its cells hold an error.

use std::io;

use jiff::civil::Date;

use super::written::{Conventions, Written};
use crate::source::error::SourceError;
use crate::source::private::{Draft, PrivateCopy};

/// Rows of a sheet at most (Excel; ODF has no limit of its own, and its programs have this one).
pub(super) const ROWS: u32 = 1 << 20;
/// Columns of a sheet at most.
pub(super) const COLUMNS: u32 = 1 << 14;
/// Bytes of a row's texts at most: so many are kept at once.
pub(super) const ROW: usize = 16 << 20;
/// Bytes of room that a cell keeps for the next row's.
const ROOM: usize = 4 << 10;
/// What stands between the cells of the copy.
pub(in crate::source) const DELIMITER: u8 = b';';

/// What stands before a row's cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::source) struct Mark {
    /// The sheet's row, counted from 1.
    pub(in crate::source) row: u64,
    /// Indexes of the cells that hold an error instead of a value, counted from 0.
    pub(in crate::source) faults: Vec<usize>,
}

impl Mark {
    /// Reads a mark.
    pub(in crate::source) fn read(text: &[u8]) -> Option<Self> {
        let mut numbers = std::str::from_utf8(text).ok()?.split(' ');
        Some(Self {
            row: numbers.next()?.parse().ok()?,
            faults: numbers.map(str::parse).collect::<Result<_, _>>().ok()?,
        })
    }

    fn write(&self, to: &mut String) {
        to.clear();
        to.push_str(&self.row.to_string());
        for fault in &self.faults {
            to.push(' ');
            to.push_str(&fault.to_string());
        }
    }
}

/// The name of a cell, as sheets show it: `D17`.
pub(in crate::source) fn cell_name(column: usize, row: u64) -> String {
    let mut letters = Vec::new();
    let mut rest = column;
    loop {
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
        match (rest / 26).checked_sub(1) {
            Some(more) => rest = more,
            None => break,
        }
    }
    letters.iter().rev().collect::<String>() + &row.to_string()
}

/// Takes a sheet's cells, row by row.
pub(super) struct Rows<'s> {
    to: csv::Writer<Draft>,
    conventions: &'s Conventions,
    /// How the columns are written, once their names are known.
    columns: Vec<&'s Written>,
    /// The columns that nobody reads, by their indexes.
    unused: Vec<bool>,
    header: bool,
    skipped: u64,
    today: Date,
    mark: Mark,
    cells: Vec<String>,
    /// Cells of the row that is underway, up to the last one with text.
    filled: usize,
    /// Bytes of the row that is underway.
    bytes: usize,
    text: String,
    count: u64,
    width: usize,
    limit: u64,
}

/// All of a sheet's rows.
pub(super) struct AllRows {
    /// The copy that they were written to.
    pub(super) copy: PrivateCopy,
    /// How many they are.
    pub(super) count: u64,
    /// Cells of the widest.
    pub(super) width: usize,
}

impl<'s> Rows<'s> {
    /// Writes to `to`. Rows up to `skipped` are left out; with a `header`, the first of the others
    /// names the columns.
    pub(super) fn new(
        to: Draft,
        conventions: &'s Conventions,
        skipped: u64,
        header: bool,
        today: Date,
    ) -> Self {
        Self {
            to: csv::WriterBuilder::new()
                .delimiter(DELIMITER)
                .flexible(true)
                .from_writer(to),
            conventions,
            columns: Vec::new(),
            unused: Vec::new(),
            header,
            skipped,
            today,
            mark: Mark::default(),
            cells: Vec::new(),
            filled: 0,
            bytes: 0,
            text: String::new(),
            count: 0,
            width: 0,
            limit: u64::MAX,
        }
    }

    /// Takes no more than so many rows.
    pub(super) fn at_most(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// Whether only the first rows are wanted.
    pub(super) fn is_limited(&self) -> bool {
        self.limit < u64::MAX
    }

    /// Whether it needs no further rows.
    pub(super) fn is_full(&self) -> bool {
        self.count >= self.limit
    }

    /// Goes to a cell, by row and column counted from 0; false if its row is left out.
    pub(super) fn go_to(&mut self, row: u32, column: u32) -> io::Result<bool> {
        if row >= ROWS || column >= COLUMNS {
            let cell = format!(
                "row {}, column {}",
                u64::from(row) + 1,
                u64::from(column) + 1
            );
            let why = format!("it has a cell beyond the last one of a sheet ({cell})");
            return Err(io::Error::other(why));
        }
        let row = u64::from(row) + 1;
        if row < self.mark.row {
            let why = format!("row {row} stands behind row {}", self.mark.row);
            return Err(io::Error::other(why));
        }
        if row > self.mark.row {
            self.end_row()?;
            self.mark.row = row;
        }
        if self.bytes > ROW {
            let why = format!("row {row} has more than {ROW} bytes");
            return Err(io::Error::other(why));
        }
        Ok(row > self.skipped)
    }

    /// How the column is written.
    pub(super) fn written(&self, column: u32) -> &'s Written {
        let column = self.columns.get(column as usize);
        column.copied().unwrap_or(&self.conventions.usual)
    }

    /// The day on which the sheet is read.
    pub(super) fn today(&self) -> Date {
        self.today
    }

    /// The row that is underway, counted from 1; 0 before the first.
    pub(super) fn row(&self) -> u64 {
        self.mark.row
    }

    /// Puts text into a column of the row.
    pub(super) fn put(&mut self, column: u32, text: &str) {
        let column = column as usize;
        if text.is_empty() {
            return;
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        if let Some(cell) = self.cells.get_mut(column) {
            cell.clear();
            cell.push_str(text);
        }
        self.filled = self.filled.max(column + 1);
        self.bytes = self.bytes.saturating_add(text.len());
    }

    /// Puts an error into a column of the row. In one that nobody reads it does no harm.
    pub(super) fn put_error(&mut self, column: u32, error: &str) {
        self.put(column, error);
        let is_unused = match self.header {
            true => self.unused.get(column as usize) == Some(&true),
            false => !self.conventions.is_used(&(column + 1).to_string()),
        };
        if !is_unused && !self.mark.faults.contains(&(column as usize)) {
            self.mark.faults.push(column as usize);
        }
    }

    fn end_row(&mut self) -> io::Result<()> {
        if self.filled > 0 && !self.is_full() {
            let cells = self.cells.get(..self.filled).unwrap_or_default();
            if self.count == 0 && self.header {
                let conventions = self.conventions;
                self.columns = cells.iter().map(|name| conventions.of(name)).collect();
                self.unused = cells
                    .iter()
                    .map(|name| !conventions.is_used(name))
                    .collect();
            }
            self.mark.write(&mut self.text);
            self.to.write_field(&self.text).map_err(beneath)?;
            for cell in cells {
                self.to.write_field(cell).map_err(beneath)?;
            }
            self.to.write_record(None::<&[u8]>).map_err(beneath)?;
            self.count += 1;
            self.width = self.width.max(self.filled);
        }
        for cell in self.cells.iter_mut().take(self.filled) {
            cell.clear();
            cell.shrink_to(ROOM);
        }
        (self.filled, self.bytes) = (0, 0);
        self.mark.faults.clear();
        Ok(())
    }

    /// Ends the last row.
    pub(super) fn finish(mut self) -> Result<AllRows, Unfinished> {
        self.end_row()?;
        let (count, width) = (self.count, self.width);
        let to = self.to.into_inner().map_err(|error| error.into_error())?;
        Ok(AllRows {
            copy: to.finish()?,
            count,
            width,
        })
    }
}

/// What the copy said, without what the writer of rows put around it.
fn beneath(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Why rows could not be ended.
pub(super) enum Unfinished {
    /// They could not be written.
    Rows(io::Error),
    /// The copy could not be closed.
    Copy(SourceError),
}

impl From<io::Error> for Unfinished {
    fn from(error: io::Error) -> Self {
        Self::Rows(error)
    }
}

impl From<SourceError> for Unfinished {
    fn from(error: SourceError) -> Self {
        Self::Copy(error)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn rows_keep_their_place_and_empty_ones_are_left_out() {
        let conventions = Conventions::default();
        let today = Date::default();
        let mut rows = Rows::new(Draft::begin(1000).unwrap(), &conventions, 1, true, today);
        assert!(!rows.go_to(0, 0).unwrap());
        for (row, column, text) in [(2, 1, "a"), (2, 3, "b;\"c\"\r\n"), (4, 0, ""), (7, 2, "z")] {
            assert!(rows.go_to(row, column).unwrap());
            rows.put(column, text);
        }
        rows.go_to(7, 0).unwrap();
        rows.put_error(0, "#N/A");
        assert!(rows.go_to(3, 0).is_err());
        assert!(rows.go_to(ROWS, 0).is_err());
        assert!(rows.go_to(9, COLUMNS).is_err());
        let Ok(all) = rows.finish() else {
            panic!("unfinished");
        };
        assert_eq!((all.count, all.width), (2, 4));
        let mut text = String::new();
        all.copy.open().read_to_string(&mut text).unwrap();
        assert_eq!(text, "3;;a;;\"b;\"\"c\"\"\r\n\"\n8 0;#N/A;;z\n");
    }

    #[test]
    fn marks_and_cells_have_names() {
        let mark = Mark {
            row: 17,
            faults: vec![3, 7],
        };
        let mut text = String::new();
        mark.write(&mut text);
        assert_eq!(Mark::read(text.as_bytes()), Some(mark));
        assert_eq!(Mark::read(b"x"), None);
        let names = [0, 25, 26, 701, 702, 16383].map(|column| cell_name(column, 1));
        assert_eq!(names, ["A1", "Z1", "AA1", "ZZ1", "AAA1", "XFD1"]);
    }
}
