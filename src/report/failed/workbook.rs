//! `failed.xlsx`: the same failures for people. What is wrong comes first and stays in view, the
//! input's own columns follow, and the cells that are to be corrected are coloured.
//!
//! Every cell is text, so that `01067` keeps its zero and `=1+1` is no formula. Of JSON lines there
//! is one column, `input`, with the object as it came: their keys are known only at the end.
//! A cell that is longer than a sheet can hold is cut, and says so, as does the message. A byte
//! that means nothing in the input's encoding is shown as `�`.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_8};

use super::super::file::PendingFile;
use super::super::trouble::{Failure, Telling, folded};
use super::super::workbook::{
    COLUMNS_AT_MOST, Column, ROWS_AT_MOST, Style, UNITS_AT_MOST, Workbook,
};
use super::super::{Head, Input, ReportError, Shape};
use super::{ERROR_COLUMNS, Fate, column_names, fate, lines};
use crate::record::Fields;

/// Its name.
pub(in crate::report) const FAILED_XLSX: &str = "failed.xlsx";
/// What its sheets are called.
pub(in crate::report) const SHEET: &str = "failed";
/// The column with the input's JSON.
const INPUT: &str = "input";
/// Stands behind what was cut.
const CUT: &str = "… [cut: a cell of a sheet holds no more]";
/// Characters of the error columns that are seen, in their order.
const WIDTHS: [u16; 10] = [48, 16, 16, 16, 10, 7, 9, 6, 8, 10];

/// `failed.xlsx`, which is begun by the first failure.
pub(in crate::report) struct FailedWorkbook {
    folder: PathBuf,
    mode: u32,
    layout: Layout,
    rows_at_most: u32,
    begun: Option<Workbook<PendingFile>>,
}

/// What does not change from row to row.
struct Layout {
    columns: Vec<Own>,
    /// The input's own encoding, in which cells may have been kept as bytes.
    encoding: &'static Encoding,
    /// The dropped keys and paths of JSON, folded.
    dropped: Vec<String>,
}

/// A column of the input.
struct Own {
    /// Its place in the record.
    index: usize,
    name: String,
    folded: String,
    fate: Fate,
}

impl FailedWorkbook {
    /// Prepares the workbook; none if the input has more columns than a sheet can have.
    pub(in crate::report) fn new(
        folder: &Path,
        mode: u32,
        head: &Head,
        telling: &Telling,
    ) -> Option<Self> {
        let (names, encoding) = match &head.shape {
            Shape::Cells {
                header,
                has_header,
                encoding,
                ..
            } => (column_names(header, *has_header), *encoding),
            Shape::Sheet { header, has_header } => (column_names(header, *has_header), UTF_8),
            Shape::Lines => (vec![Cow::Borrowed(INPUT)], UTF_8),
        };
        let columns: Vec<Own> = names
            .iter()
            .enumerate()
            .map(|(index, name)| Own {
                index,
                name: name.to_string(),
                folded: folded(name),
                fate: match head.shape {
                    Shape::Lines => Fate::Kept,
                    Shape::Cells { .. } | Shape::Sheet { .. } => fate(name, telling),
                },
            })
            .filter(|column| column.fate != Fate::Replaced)
            .collect();
        fits_a_sheet(&names).then(|| Self {
            folder: folder.to_owned(),
            mode,
            layout: Layout {
                columns,
                encoding,
                dropped: telling.dropped().to_vec(),
            },
            rows_at_most: ROWS_AT_MOST,
            begun: None,
        })
    }

    /// Writes one failed record.
    pub(in crate::report) fn push(
        &mut self,
        failure: &Failure<'_>,
        input: Input<'_>,
    ) -> Result<(), ReportError> {
        let begun = match self.begun.take() {
            Some(begun) => begun,
            None => {
                let file = PendingFile::create(&self.folder, FAILED_XLSX, self.mode)?;
                let path = file.path().to_owned();
                self.layout
                    .begin(file, self.rows_at_most)
                    .map_err(|source| ReportError::Write { path, source })?
            }
        };
        let workbook = self.begun.insert(begun);
        self.layout
            .write(workbook, failure, input)
            .map_err(|source| ReportError::Write {
                path: workbook.out().path().to_owned(),
                source,
            })
    }

    /// The file, with everything in it; none if nothing failed.
    pub(in crate::report) fn into_file(self) -> Result<Option<PendingFile>, ReportError> {
        let Some(workbook) = self.begun else {
            return Ok(None);
        };
        let path = workbook.out().path().to_owned();
        let file = workbook.finish();
        file.map(Some)
            .map_err(|source| ReportError::Write { path, source })
    }
}

impl Layout {
    fn begin(&self, file: PendingFile, rows_at_most: u32) -> io::Result<Workbook<PendingFile>> {
        let own = self.columns.iter().map(|column| column.name.as_str());
        let columns = columns(own.map(str::to_owned));
        Workbook::begin(file, SHEET, columns, ERROR_COLUMNS.len(), rows_at_most)
    }

    fn write(
        &self,
        workbook: &mut Workbook<PendingFile>,
        failure: &Failure<'_>,
        input: Input<'_>,
    ) -> io::Result<()> {
        let cells: Vec<Cow<'_, str>> = self
            .columns
            .iter()
            .map(|column| match column.fate {
                Fate::Kept => self.own_cell(input, column.index),
                Fate::Blank | Fate::Replaced => Cow::Borrowed(""),
            })
            .collect();
        let too_long = self.columns.iter().zip(&cells);
        let too_long = too_long.filter(|(_, cell)| is_too_long(cell));
        let note = cut_note(too_long.map(|(column, _)| column.name.as_str()));
        let mut error_cells = Vec::with_capacity(ERROR_COLUMNS.len());
        for (index, (_, cell)) in ERROR_COLUMNS.iter().enumerate() {
            let mut text = String::new();
            cell(failure, &mut text);
            if index == 0 {
                text.push_str(&note);
            }
            error_cells.push(text);
        }
        let named: Vec<String> = failure
            .troubles
            .iter()
            .flat_map(|trouble| &trouble.columns)
            .map(|column| folded(column))
            .collect();
        let own = self.columns.iter().zip(&cells);
        let own = own.map(|(column, cell)| (&**cell, named.contains(&column.folded)));
        push_row(workbook, &error_cells, own)
    }

    /// The input's cell; empty where the record is too short or has no cells at all.
    fn own_cell<'a>(&self, input: Input<'a>, index: usize) -> Cow<'a, str> {
        match input {
            Input::Record(record) => match &record.fields {
                Fields::Cells(row) => Cow::Borrowed(row.get(index).unwrap_or_default()),
                Fields::Object(object) => {
                    let object = lines::without(object, &self.dropped);
                    Cow::Owned(serde_json::to_string(&object).unwrap_or_default())
                }
            },
            Input::RawCells(row) => {
                let cell = row.get(index).map_or(&[][..], Vec::as_slice);
                // Those of several bytes became UTF-8 before they were split.
                let encoding = if self.encoding.is_single_byte() {
                    self.encoding
                } else {
                    UTF_8
                };
                encoding.decode_without_bom_handling(cell).0
            }
            Input::Unreadable => Cow::Borrowed(""),
        }
    }
}

/// Whether a sheet has room for our columns beside these.
pub(in crate::report) fn fits_a_sheet<T>(own: &[T]) -> bool {
    own.len() + ERROR_COLUMNS.len() <= COLUMNS_AT_MOST
}

/// The sheet's columns: ours, then the input's `own`.
pub(in crate::report) fn columns(own: impl Iterator<Item = String>) -> Vec<Column> {
    let ours = ERROR_COLUMNS.iter().zip(WIDTHS).zip(
        [Style::Wrapped]
            .into_iter()
            .chain(std::iter::repeat(Style::Plain)),
    );
    let ours = ours.map(|(((name, _), width), style)| Column {
        name: (*name).to_owned(),
        width,
        style,
    });
    let own = own.map(|name| Column {
        width: u16::try_from(name.chars().count() + 4)
            .unwrap_or(u16::MAX)
            .clamp(12, 40),
        name: fitting(&name).into_owned(),
        style: Style::Plain,
    });
    ours.chain(own).collect()
}

/// Writes a row: the cells of our columns, then the input's own and whether each is faulty.
pub(in crate::report) fn push_row<'a, W: io::Write>(
    workbook: &mut Workbook<W>,
    error_cells: &[String],
    own: impl Iterator<Item = (&'a str, bool)>,
) -> io::Result<()> {
    workbook.begin_row()?;
    for (index, cell) in error_cells.iter().enumerate() {
        let style = if index == 0 {
            Style::Wrapped
        } else {
            Style::Plain
        };
        workbook.cell(&fitting(cell), style);
    }
    for (cell, is_faulty) in own {
        let style = if is_faulty {
            Style::Faulty
        } else if is_too_long(cell) || cell.ends_with(CUT) {
            Style::Cut
        } else {
            Style::Plain
        };
        workbook.cell(&fitting(cell), style);
    }
    workbook.end_row()
}

fn is_too_long(text: &str) -> bool {
    // No character has fewer bytes than units.
    text.len() > UNITS_AT_MOST && text.encode_utf16().count() > UNITS_AT_MOST
}

/// The text, or what of it fits into a cell with a remark that there is more.
fn fitting(text: &str) -> Cow<'_, str> {
    if !is_too_long(text) {
        return Cow::Borrowed(text);
    }
    let mut room = UNITS_AT_MOST - CUT.encode_utf16().count();
    let fits = text.chars().take_while(|character| {
        let taken = room.checked_sub(character.len_utf16());
        room = taken.unwrap_or_default();
        taken.is_some()
    });
    let mut cut: String = fits.collect();
    cut.push_str(CUT);
    Cow::Owned(cut)
}

/// What the message says of cells that were cut.
fn cut_note<'a>(columns: impl Iterator<Item = &'a str>) -> String {
    let columns: Vec<String> = columns.map(|column| format!("`{column}`")).collect();
    if columns.is_empty() {
        return String::new();
    }
    format!(
        " (A sheet cannot hold all of {}: do not feed this row back, correct the record in \
         failed.csv, failed.jsonl or the input itself.)",
        columns.join(", ")
    )
}

#[cfg(test)]
mod tests;
