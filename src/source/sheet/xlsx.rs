//! XLSX: cell by cell, so that the size of a sheet does not matter. Only the table of texts that
//! Excel shares between cells is kept as a whole.

use std::io::{self, Read, Seek};

use calamine::{Data, DataRef, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError};
use jiff::civil::DateTime;

use super::look::Look;
use super::rows::Rows;
use super::written::{clock, duration, moment};
use super::{Choice, Listed, choose};

/// An opened book.
pub(super) struct Book<F: Read + Seek>(Xlsx<F>);

impl<F: Read + Seek> Book<F> {
    pub(super) fn open(file: F) -> io::Result<Self> {
        Xlsx::new(file).map(Self).map_err(failed)
    }

    /// The sheet that is meant.
    pub(super) fn choose(&mut self, wanted: Option<&str>) -> io::Result<Result<Choice, Listed>> {
        let sheets: Vec<(String, bool)> = self
            .0
            .sheets_metadata()
            .iter()
            .filter(|sheet| sheet.typ == SheetType::WorkSheet)
            .map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible))
            .collect();
        choose(&sheets, wanted, |name| self.has_cells(name))
    }

    fn has_cells(&mut self, name: &str) -> io::Result<bool> {
        let mut cells = match self.0.worksheet_cells_reader(name) {
            Ok(cells) => cells,
            Err(XlsxError::NotAWorksheet(_)) => return Ok(false),
            Err(error) => return Err(failed(error)),
        };
        while let Some(cell) = cells.next_cell().map_err(failed)? {
            match cell.get_value() {
                DataRef::Empty => {}
                DataRef::String(text) if text.is_empty() => {}
                DataRef::SharedString("") => {}
                _ => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Writes all cells of the sheet.
    pub(super) fn read(&mut self, name: &str, to: &mut Rows<'_>) -> io::Result<()> {
        let is_1904 = self.0.has_1904_epoch();
        let mut cells = self.0.worksheet_cells_reader(name).map_err(failed)?;
        let looks: Vec<Look> = cells
            .styles()
            .iter()
            .map(|style| match &style.number_format {
                Some(format) => Look::of(&format.format_code),
                None => Look::Plain,
            })
            .collect();
        loop {
            let next = cells.next_cell_with_style_id();
            let next = next.map_err(|error| {
                let row = to.row().max(1);
                io::Error::other(format!("{} (in row {row} or behind it)", failed(error)))
            })?;
            let Some((cell, style)) = next else {
                return Ok(());
            };
            let (row, column) = cell.get_position();
            let value = cell.get_value();
            if matches!(value, DataRef::Empty) || !to.go_to(row, column)? {
                continue;
            }
            if to.is_full() {
                return Ok(());
            }
            let look = looks.get(style).unwrap_or(&Look::Plain);
            put(to, column, value, look, is_1904);
        }
    }
}

fn put(to: &mut Rows<'_>, column: u32, value: &DataRef<'_>, look: &Look, is_1904: bool) {
    let written = to.written(column);
    let text = match value {
        DataRef::String(text) => return to.put(column, text),
        DataRef::SharedString(text) => return to.put(column, text),
        DataRef::Error(error) => return to.put_error(column, &error.to_string()),
        #[expect(clippy::cast_precision_loss, reason = "a sheet's numbers are floats")]
        DataRef::Int(value) => number(*value as f64, look, written),
        DataRef::Float(value) => number(*value, look, written),
        DataRef::Bool(true) => "TRUE".to_owned(),
        DataRef::Bool(false) => "FALSE".to_owned(),
        DataRef::DateTime(at) => {
            let serial = at.as_f64();
            let text = if at.is_duration() {
                duration(serial)
            } else if *look == Look::Clock && (0.0..1.0).contains(&serial) {
                clock(serial)
            } else {
                moment(serial, is_1904).map(|at| written.moment(at, to.today()))
            };
            text.unwrap_or_else(|| written.number(serial))
        }
        DataRef::DateTimeIso(text) => match iso(text) {
            Some(at) => written.moment(at, to.today()),
            None => return to.put(column, text),
        },
        other => Data::from(other.clone()).to_string(),
    };
    to.put(column, &text);
}

/// A number as its format shows it.
pub(super) fn number(value: f64, look: &Look, written: &super::Written) -> String {
    match look {
        Look::Percent => written.number(value * 100.0),
        look => look
            .in_places(value)
            .unwrap_or_else(|| written.number(value)),
    }
}

/// A date or date-time in ISO 8601; a zone behind it is dropped, because a sheet has none.
pub(super) fn iso(text: &str) -> Option<DateTime> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let at: DateTime = text.parse().ok()?;
    let second = at.with().subsec_nanosecond(0).build().ok()?;
    Some(second)
}

fn failed(error: XlsxError) -> io::Error {
    io::Error::other(error.to_string())
}
