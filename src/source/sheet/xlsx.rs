//! XLSX: cell by cell, so that the size of a sheet does not matter. Only the table of texts that
//! Excel shares between cells is kept as a whole.

use std::collections::HashSet;
use std::io::{self, Read, Seek};

use calamine::{Data, DataRef, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError};
use jiff::civil::DateTime;

use super::look::Look;
use super::rows::Rows;
use super::written::{clock, duration, moment};
use super::{Choice, Listed, choose};

/// Formulas without a value at most that are told cell by cell.
const UNSAVED: usize = 1 << 18;

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

    /// The cells of formulas that were saved without a value: a program that does not calculate
    /// has written them, and what they stand for is not known.
    fn unsaved(&mut self, name: &str) -> io::Result<HashSet<(u32, u32)>> {
        let mut cells = self.0.worksheet_cells_reader(name).map_err(failed)?;
        let mut unsaved = HashSet::new();
        while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(failed)? {
            if cell.formula.is_some() && matches!(cell.value, DataRef::Empty) {
                unsaved.insert(cell.pos);
            }
            if unsaved.len() > UNSAVED {
                let why = format!("more than {UNSAVED} formulas were saved without a value");
                return Err(io::Error::other(why));
            }
        }
        Ok(unsaved)
    }

    /// Writes all cells of the sheet, which may have `formulas`.
    pub(super) fn read(&mut self, name: &str, formulas: bool, to: &mut Rows<'_>) -> io::Result<()> {
        let unsaved = match formulas {
            true => self.unsaved(name)?,
            false => HashSet::new(),
        };
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
            let is_unsaved = unsaved.contains(&(row, column));
            let is_empty = matches!(value, DataRef::Empty) && !is_unsaved;
            if is_empty || !to.go_to(row, column)? {
                continue;
            }
            if to.is_full() {
                return Ok(());
            }
            if is_unsaved {
                to.put_error(column, "a formula without a value");
                continue;
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use crate::source::samples::Sample;

    /// A book as programs write it that do not calculate.
    fn book(rows: &str) -> Vec<u8> {
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let package = "http://schemas.openxmlformats.org/package/2006/relationships";
        let link = |kind: &str, target: &str| {
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"r1\" \
                 Type=\"{office}/{kind}\" Target=\"{target}\"/></Relationships>"
            )
        };
        let parts = [
            ("_rels/.rels", link("officeDocument", "xl/workbook.xml")),
            (
                "xl/_rels/workbook.xml.rels",
                link("worksheet", "worksheets/sheet1.xml"),
            ),
            (
                "xl/workbook.xml",
                format!(
                    "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"A\" \
                     sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
                ),
            ),
            (
                "xl/worksheets/sheet1.xml",
                format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>"),
            ),
        ];
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in parts {
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(name, options).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_formula_without_a_value_is_no_empty_cell() {
        let text = |at: &str, text: &str| {
            format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
        };
        let header = text("A1", "Nr") + &text("B1", "Tel");
        let row = |number: u32, cell: &str| {
            let first = text(&format!("A{number}"), "C1");
            format!("<row r=\"{number}\">{first}<c r=\"B{number}\"{cell}</c></row>")
        };
        let rows = format!("<row r=\"1\">{header}</row>")
            + &row(2, "><f>1+1</f><v /></c><c r=\"C2\">")
            + &row(3, "><f>1+1</f>")
            + &row(4, "><f>1+1</f><v>2</v>")
            + &row(5, " t=\"str\"><f>\"\"</f><v></v>")
            + &row(6, ">");
        let bytes = book(&rows);
        let error = |cell: &str| format!("cell.error cell={cell} error=a formula without a value");
        assert_eq!(
            Sample::new("a.xlsx", &bytes).told(),
            [
                format!(
                    "1@2 ! {} in Tel [C1|a formula without a value]",
                    error("B2")
                ),
                format!(
                    "2@3 ! {} in Tel [C1|a formula without a value]",
                    error("B3")
                ),
                "3@4 C1|2".to_owned(),
                "4@5 C1|".to_owned(),
                "5@6 C1|".to_owned(),
            ]
        );
    }
}
