//! Taking a customer's rows out of `failed.xlsx`. One that is as this program writes it is
//! written anew without them; one that somebody saved over it goes as a whole, if it mentions the
//! customer, for nobody can tell what else was done to it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use calamine::{Data, DataRef, Reader as _, Xlsx};

use super::super::ReportError;
use super::super::failed::workbook::{SHEET, columns, push_row};
use super::super::file::PendingFile;
use super::super::trouble::folded;
use super::super::workbook::{COLUMNS_AT_MOST, ROWS_AT_MOST, Workbook};
use super::{Mention, Taken, mode_of};
use crate::record::RESERVED_COLUMNS;

/// A row of one of the sheets.
struct Row {
    /// Whether it is the first of its sheet.
    is_first: bool,
    cells: Vec<String>,
    /// Whether each cell is text.
    is_text: bool,
}

impl Row {
    /// Puts the cells into the columns that they have; false if a sheet has no such column.
    fn put(&mut self, column: u32, value: &DataRef<'_>) -> bool {
        let text = match value {
            DataRef::Empty => return true,
            DataRef::String(text) => text.clone(),
            DataRef::SharedString(text) => (*text).to_owned(),
            other => {
                self.is_text = false;
                Data::from(other.clone()).to_string()
            }
        };
        let column = column as usize;
        if column >= COLUMNS_AT_MOST {
            return false;
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = text;
        }
        true
    }

    fn cell(&self, index: usize) -> &str {
        self.cells.get(index).map_or("", String::as_str)
    }

    /// The number of its record, by our column of that name.
    fn record(&self) -> Option<u64> {
        let place = RESERVED_COLUMNS.iter().position(|name| *name == "_record");
        self.cell(place?).parse().ok()
    }
}

/// Hands out every row of every sheet; false if it is no workbook, or only a part of one.
fn read(path: &Path, each: &mut dyn FnMut(&Row) -> io::Result<()>) -> io::Result<bool> {
    let file = BufReader::new(File::open(path)?);
    let Ok(mut book) = Xlsx::new(file) else {
        return Ok(false);
    };
    for sheet in book.sheet_names() {
        let Ok(mut cells) = book.worksheet_cells_reader(&sheet) else {
            return Ok(false);
        };
        let mut at = None;
        let empty = |is_first| Row {
            is_first,
            cells: Vec::new(),
            is_text: true,
        };
        let mut row = empty(true);
        loop {
            let Ok(cell) = cells.next_cell() else {
                return Ok(false);
            };
            let next = cell.as_ref().map(|cell| cell.get_position().0);
            if at.is_some() && at != next {
                each(&row)?;
                row = empty(false);
            }
            let Some(cell) = cell else {
                break;
            };
            at = next;
            if !row.put(cell.get_position().1, cell.get_value()) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Whether the customer stands in one of the cells, or may do so because the file cannot be read.
pub(super) fn mentions(path: &Path, customer: &Mention) -> io::Result<bool> {
    let mut found = false;
    let is_whole = read(path, &mut |row| {
        found |= row.cells.iter().any(|cell| customer.stands_in_text(cell));
        Ok(())
    })?;
    Ok(found || !is_whole)
}

/// Takes the rows of the `records` out.
pub(super) fn take_rows(
    folder: &Path,
    path: &Path,
    records: &BTreeSet<u64>,
    customer: &Mention,
) -> Result<Taken, ReportError> {
    let failed = |source| ReportError::Write {
        path: path.to_owned(),
        source,
    };
    let (mut taken, mut is_ours, mut is_named) = (0, true, false);
    let mut header: Option<Vec<String>> = None;
    let ours = RESERVED_COLUMNS.map(String::from);
    let is_theirs = |row: &Row| row.record().is_some_and(|record| records.contains(&record));
    let is_whole = read(path, &mut |row| {
        is_ours &= row.is_text;
        let first = header.get_or_insert_with(|| row.cells.clone());
        if row.is_first && row.cells.starts_with(&ours) {
            is_ours &= *first == row.cells;
        } else {
            is_ours &= !row.is_first;
            taken += u64::from(is_theirs(row));
            is_named |= row.cells.iter().any(|cell| customer.stands_in_text(cell));
        }
        Ok(())
    })
    .map_err(failed)?;
    let header = match header {
        Some(header) if is_whole && is_ours => header,
        _ if !is_whole || taken > 0 || is_named => return Ok(Taken::All),
        _ => return Ok(Taken::Rows(0)),
    };
    if taken == 0 {
        return Ok(Taken::Rows(0));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let file = PendingFile::create(folder, &name, mode_of(path).map_err(failed)?)?;
    let file = rewrite(path, file, &header, &is_theirs).map_err(failed)?;
    file.sync()?.rename()?;
    Ok(Taken::Rows(taken))
}

/// Writes everything but the rows that go.
fn rewrite(
    path: &Path,
    file: PendingFile,
    header: &[String],
    goes: &dyn Fn(&Row) -> bool,
) -> io::Result<PendingFile> {
    let ours = RESERVED_COLUMNS.len();
    let own = header.get(ours..).unwrap_or_default();
    let names: Vec<String> = own.iter().map(|name| folded(name)).collect();
    let columns = columns(own.iter().cloned());
    let mut book = Workbook::begin(file, SHEET, columns, ours, ROWS_AT_MOST)?;
    read(path, &mut |row| {
        if row.is_first || goes(row) {
            return Ok(());
        }
        let error_cells: Vec<String> = (0..ours).map(|index| row.cell(index).to_owned()).collect();
        let faulty: Vec<String> = row.cell(1).split([',', '|']).map(folded).collect();
        let cells = names.iter().enumerate();
        let cells = cells.map(|(index, name)| (row.cell(ours + index), faulty.contains(name)));
        push_row(&mut book, &error_cells, cells)
    })?;
    book.finish()
}
