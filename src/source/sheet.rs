//! Sheets: XLSX and ODS. The cells of one sheet are written once, as text, into a private copy
//! that is then split like any CSV file; each of its rows says where in the sheet it stands.
//!
//! A cell is what the sheet shows: texts as they are, formulas by the value that was kept with
//! them, numbers and dates as texts are written in the input (`written`). Hidden rows and columns
//! count like all others; of merged cells, the first has the value and the others are empty.

mod archive;
mod look;
mod ods;
mod rows;
mod written;
mod xlsx;

use std::io::{self, Read, Seek};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

pub(super) use archive::{any_part, examine, mentions};
pub(super) use rows::{DELIMITER, Mark, cell_name};
pub use written::{Conventions, Written};

use rows::{AllRows, Rows, Unfinished};

use super::error::SourceError;
use super::facts::{Found, Sheet};
use super::private::{Draft, PrivateCopy, allowed, unpacking};
use super::{Format, SourceSettings};

/// A sheet's rows as text.
pub(super) struct Copied {
    /// The rows.
    pub(super) copy: PrivateCopy,
    /// Cells of the widest one.
    pub(super) width: usize,
    /// Which sheet it is.
    pub(super) sheet: Sheet,
}

/// Copies the sheet of a book that is meant. The book has `bytes` bytes and was examined.
pub(super) fn copy(
    path: &Path,
    file: impl Read + Seek,
    format: Format,
    bytes: u64,
    settings: &SourceSettings,
) -> Result<Copied, SourceError> {
    let failed = |error: io::Error| unpacking(path, error);
    let mut rows = Rows::new(
        Draft::begin(allowed(bytes))?,
        &settings.conventions,
        settings.skip_lines.unwrap_or(0),
        settings.header.unwrap_or(true),
        today(),
    );
    let sheet = read(path, file, format, settings.sheet.as_deref(), &mut rows)?;
    let AllRows { copy, count, width } = rows.finish().map_err(|error| match error {
        Unfinished::Rows(error) => failed(error),
        Unfinished::Copy(error) => error,
    })?;
    if count == 0 {
        let path = path.to_owned();
        return Err(match settings.skip_lines.unwrap_or(0) {
            0 => SourceError::EmptySheet {
                path,
                sheet: sheet.name,
            },
            skipped => SourceError::NoHeader { path, skipped },
        });
    }
    Ok(Copied { copy, width, sheet })
}

/// The first row of a book's sheet that would be read; none if the book cannot be read, or its
/// sheet has no cells.
pub(super) fn first_row(
    path: &Path,
    file: impl Read + Seek,
    format: Format,
    bytes: u64,
) -> Option<Vec<String>> {
    let conventions = Conventions::default();
    let draft = Draft::begin(allowed(bytes)).ok()?;
    let mut rows = Rows::new(draft, &conventions, 0, true, today()).at_most(1);
    read(path, file, format, None, &mut rows).ok()?;
    let copy = rows.finish().ok()?.copy;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(DELIMITER)
        .has_headers(false)
        .from_reader(copy.open());
    let row = reader.records().next()?.ok()?;
    Some(row.iter().skip(1).map(str::to_owned).collect())
}

/// Chooses a sheet and reads its cells.
fn read(
    path: &Path,
    mut file: impl Read + Seek,
    format: Format,
    wanted: Option<&str>,
    rows: &mut Rows<'_>,
) -> Result<Sheet, SourceError> {
    let failed = |error: io::Error| unpacking(path, error);
    match format {
        Format::Ods => {
            let mut book = ods::Book::open(file).map_err(failed)?;
            let sheet = chosen(path, wanted, book.choose(wanted).map_err(failed)?)?;
            book.read(&sheet.name, rows).map_err(failed)?;
            Ok(sheet)
        }
        Format::Xlsx | Format::Csv | Format::Jsonl => {
            let formulas = !rows.is_limited() && archive::has_formulas(&mut file);
            let mut book = xlsx::Book::open(file).map_err(failed)?;
            let sheet = chosen(path, wanted, book.choose(wanted).map_err(failed)?)?;
            book.read(&sheet.name, formulas, rows).map_err(failed)?;
            Ok(sheet)
        }
    }
}

/// Today, as a mapping sees it.
fn today() -> Date {
    Offset::UTC.to_datetime(Timestamp::now()).date()
}

/// The sheet that was chosen, and those that were not.
pub(super) struct Choice {
    name: String,
    others: Vec<String>,
}

/// The names of all sheets, because none of them is the one.
pub(super) struct Listed(Vec<String>);

/// Chooses among sheets, which are names with whether they are visible: the one that is wanted,
/// by its exact name, else ignoring case and outer blanks; else the first visible one with cells.
fn choose(
    sheets: &[(String, bool)],
    wanted: Option<&str>,
    mut has_cells: impl FnMut(&str) -> io::Result<bool>,
) -> io::Result<Result<Choice, Listed>> {
    let mut filled = Vec::new();
    for (name, is_visible) in sheets {
        if *is_visible && has_cells(name)? {
            filled.push(name.clone());
        }
    }
    let name = match wanted {
        None => filled.first().cloned(),
        Some(wanted) => {
            let folded = |name: &str| name.trim().to_lowercase();
            let named = |name: &&String| folded(name) == folded(wanted);
            let mut names = sheets.iter().map(|(name, _)| name);
            names
                .clone()
                .find(|name| *name == wanted)
                .or_else(|| names.find(named))
                .cloned()
        }
    };
    Ok(match name {
        Some(name) => {
            filled.retain(|other| *other != name);
            Ok(Choice {
                name,
                others: filled,
            })
        }
        None => Err(Listed(
            sheets.iter().map(|(name, _)| name.clone()).collect(),
        )),
    })
}

fn chosen(
    path: &Path,
    wanted: Option<&str>,
    choice: Result<Choice, Listed>,
) -> Result<Sheet, SourceError> {
    let path = path.to_owned();
    match (choice, wanted) {
        (Ok(choice), wanted) => Ok(Sheet {
            name: choice.name,
            found: if wanted.is_some() {
                Found::Declared
            } else {
                Found::Default
            },
            others: choice.others,
        }),
        (Err(Listed(sheets)), Some(wanted)) => Err(SourceError::UnknownSheet {
            path,
            sheet: wanted.to_owned(),
            sheets,
        }),
        (Err(_), None) => Err(SourceError::NoSheet { path }),
    }
}

#[cfg(test)]
mod tests;
