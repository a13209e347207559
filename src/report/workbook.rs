//! A workbook (XLSX) that is written a row at a time, in constant memory: text cells only, a
//! header that stays in view, and as many sheets as the rows need.
//!
//! It is written here and not by a library, because those that write in constant memory keep the
//! rows in a file of their own meanwhile, and end the program when the disk is full. Here that is
//! an error like any other, and the rows go straight into the file.

mod archive;
mod xml;

use std::io::{self, Write};

use archive::Archive;
use xml::{Sheet, column_name};

/// Rows of a sheet, the header among them.
pub(super) const ROWS_AT_MOST: u32 = 1_048_576;
/// Columns of a sheet.
pub(super) const COLUMNS_AT_MOST: usize = 16_384;
/// UTF-16 units of a cell.
pub(super) const UNITS_AT_MOST: usize = 32_767;
/// Bytes of a sheet, unpacked, from which on a new one is begun: a part of the file has to stay
/// below 4 GiB. A row is 500 MB at most (16,384 cells of 32,767 units).
const BYTES_AT_MOST: u64 = 3 << 30;

/// How a cell looks; the number is the one of its format in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Text.
    Plain = 1,
    /// The first row.
    Header = 2,
    /// Something is wrong with it.
    Faulty = 3,
    /// Text that is broken into lines.
    Wrapped = 4,
    /// Not all of it is there.
    Cut = 5,
}

/// A column of every sheet.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// What the first row says.
    pub(super) name: String,
    /// Characters that are seen.
    pub(super) width: u16,
    /// How its cells look where nothing else is said, empty ones too.
    pub(super) style: Style,
}

/// A workbook that is being written to `out`.
#[derive(Debug)]
pub(super) struct Workbook<W> {
    archive: Archive<W>,
    name: &'static str,
    columns: Vec<Column>,
    letters: Vec<String>,
    frozen: usize,
    rows_at_most: u32,
    bytes_at_most: u64,
    sheets: Vec<Sheet>,
    /// The row that is being written.
    row: String,
    /// Its next cell.
    next: usize,
}

impl<W: Write> Workbook<W> {
    /// Begins a workbook whose sheets are called `name`, `name 2`, …, and have these columns, of
    /// which the first `frozen` stay in view. A sheet has `rows_at_most` rows, the header among
    /// them.
    pub(super) fn begin(
        out: W,
        name: &'static str,
        columns: Vec<Column>,
        frozen: usize,
        rows_at_most: u32,
    ) -> io::Result<Self> {
        let mut workbook = Self {
            archive: Archive::new(out),
            name,
            letters: (0..columns.len()).map(column_name).collect(),
            columns,
            frozen,
            rows_at_most,
            bytes_at_most: BYTES_AT_MOST,
            sheets: Vec::new(),
            row: String::new(),
            next: 0,
        };
        workbook.begin_sheet()?;
        Ok(workbook)
    }

    /// What it is written to.
    pub(super) fn out(&self) -> &W {
        self.archive.out()
    }

    /// Begins a row, on a new sheet if the one before is full.
    pub(super) fn begin_row(&mut self) -> io::Result<()> {
        let rows = self.sheets.last().map_or(0, |sheet| sheet.last_row);
        if rows >= self.rows_at_most || self.archive.written() >= self.bytes_at_most {
            self.begin_sheet()?;
        }
        self.row.clear();
        self.next = 0;
        Ok(())
    }

    /// Adds a cell to the row; an empty one need not be written unless it has a style of its
    /// own. Whoever calls sees to it that it is not too long.
    pub(super) fn cell(&mut self, text: &str, style: Style) {
        let number = self.sheets.last().map_or(0, |sheet| sheet.last_row) + 1;
        if let (Some(column), Some(letters)) =
            (self.columns.get(self.next), self.letters.get(self.next))
            && (!text.is_empty() || style != column.style)
        {
            xml::push_cell(&mut self.row, letters, number, style as u8, text);
        }
        self.next += 1;
    }

    /// Ends the row and puts it into the file.
    pub(super) fn end_row(&mut self) -> io::Result<()> {
        let Some(sheet) = self.sheets.last_mut() else {
            return Ok(());
        };
        sheet.last_row += 1;
        let number = sheet.last_row;
        self.archive
            .write(format!("<row r=\"{number}\">").as_bytes())?;
        self.archive.write(self.row.as_bytes())?;
        self.archive.write(b"</row>")?;
        Ok(())
    }

    fn begin_sheet(&mut self) -> io::Result<()> {
        self.end_sheet()?;
        let number = self.sheets.len() + 1;
        self.archive
            .begin(&format!("xl/worksheets/sheet{number}.xml"))?;
        let widths: Vec<(u16, u8)> = self
            .columns
            .iter()
            .map(|column| (column.width, column.style as u8))
            .collect();
        let start = xml::sheet_start(&widths, self.frozen, number == 1);
        self.archive.write(start.as_bytes())?;
        self.sheets.push(Sheet {
            name: sheet_name(self.name, number as u64),
            last_column: self.letters.last().cloned().unwrap_or_default(),
            last_row: 0,
        });
        self.row.clear();
        self.next = 0;
        for index in 0..self.columns.len() {
            let name = self.columns.get(index).map(|column| column.name.clone());
            self.cell(&name.unwrap_or_default(), Style::Header);
        }
        self.end_row()
    }

    fn end_sheet(&mut self) -> io::Result<()> {
        match self.sheets.last() {
            Some(sheet) => self.archive.write(xml::sheet_end(sheet).as_bytes()),
            None => Ok(()),
        }
    }

    /// Completes the file and hands back what it was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.end_sheet()?;
        let count = self.sheets.len();
        for (name, text) in xml::FIXED {
            self.archive.begin(name)?;
            self.archive.write(text.as_bytes())?;
        }
        for (name, text) in [
            ("xl/workbook.xml", xml::workbook(&self.sheets)),
            ("xl/_rels/workbook.xml.rels", xml::relationships(count)),
            ("[Content_Types].xml", xml::content_types(count)),
        ] {
            self.archive.begin(name)?;
            self.archive.write(text.as_bytes())?;
        }
        self.archive.finish()
    }
}

/// What the sheet of this number is called: `failed`, `failed 2`, ….
pub(super) fn sheet_name(name: &str, number: u64) -> String {
    match number {
        1 => name.to_owned(),
        _ => format!("{name} {number}"),
    }
}

#[cfg(test)]
mod tests {
    use calamine::{Reader, Xlsx, open_workbook_from_rs};

    use super::*;

    fn columns(names: &[&str]) -> Vec<Column> {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            width: 12,
            style: Style::Plain,
        };
        names.iter().map(column).collect()
    }

    fn written(rows: &[&[&str]], rows_at_most: u32) -> Vec<u8> {
        let mut workbook = Workbook::begin(
            Vec::new(),
            "failed",
            columns(&["a", "b", "c"]),
            1,
            rows_at_most,
        )
        .unwrap();
        for row in rows {
            workbook.begin_row().unwrap();
            for cell in *row {
                workbook.cell(cell, Style::Plain);
            }
            workbook.end_row().unwrap();
        }
        workbook.finish().unwrap()
    }

    /// The sheets' cells, as another program reads them.
    fn read(bytes: Vec<u8>) -> Vec<(String, Vec<Vec<String>>)> {
        let mut book: Xlsx<_> = open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
        let sheets = book.worksheets().into_iter();
        let cells = |sheet: calamine::Range<calamine::Data>| {
            let row = |row: &[calamine::Data]| row.iter().map(ToString::to_string).collect();
            sheet.rows().map(row).collect()
        };
        sheets.map(|(name, sheet)| (name, cells(sheet))).collect()
    }

    #[test]
    fn text_comes_back_as_it_was() {
        let odd = [
            "01067",
            "=1+1",
            "+49 30",
            "-1",
            "@x",
            "1e5",
            "31.12.1999",
            " a ",
            "a\nb",
            "a\r\nb",
            "\u{1}\u{b}\u{1b}",
            "_x000D_",
            "_x005F_",
            "<&>\"'",
            "𝄞",
            "\u{ffff}",
            "TRUE",
            "#N/A",
            "'01",
            "\t",
        ];
        let rows: Vec<[&str; 3]> = odd.iter().map(|text| [*text, "", "x"]).collect();
        let rows: Vec<&[&str]> = rows.iter().map(|row| &row[..]).collect();
        let sheets = read(written(&rows, 100));
        let [(name, cells)] = &sheets[..] else {
            panic!("{sheets:?}")
        };
        assert_eq!(name, "failed");
        assert_eq!(cells[0], ["a", "b", "c"]);
        let first: Vec<&str> = cells[1..].iter().map(|row| row[0].as_str()).collect();
        assert_eq!(first, odd);
        assert!(
            cells[1..]
                .iter()
                .all(|row| row[1].is_empty() && row[2] == "x")
        );
    }

    #[test]
    fn rows_that_do_not_fit_go_to_further_sheets_with_the_same_header() {
        let rows: [&[&str]; 5] = [&["1"], &["2"], &["3"], &["4"], &["5"]];
        let sheets: Vec<(String, Vec<String>)> = read(written(&rows, 3))
            .into_iter()
            .map(|(name, cells)| (name, cells.into_iter().map(|row| row[0].clone()).collect()))
            .collect();
        let sheet = |name: &str, rows: &[&str]| {
            let rows = rows.iter().map(ToString::to_string).collect();
            (name.to_owned(), rows)
        };
        assert_eq!(
            sheets,
            [
                sheet("failed", &["a", "1", "2"]),
                sheet("failed 2", &["a", "3", "4"]),
                sheet("failed 3", &["a", "5"]),
            ]
        );
        // The last row that fits begins no sheet.
        assert_eq!(read(written(&rows[..2], 3)).len(), 1);
        assert_eq!(written(&rows, 3), written(&rows, 3));
    }

    #[test]
    fn a_sheet_that_grows_too_large_is_followed_by_another() {
        let mut workbook =
            Workbook::begin(Vec::new(), "failed", columns(&["a"]), 1, ROWS_AT_MOST).unwrap();
        workbook.bytes_at_most = 5_000;
        let long = "x".repeat(3_000);
        for _ in 0..4 {
            workbook.begin_row().unwrap();
            workbook.cell(&long, Style::Plain);
            workbook.end_row().unwrap();
        }
        let sheets = read(workbook.finish().unwrap());
        let rows: Vec<usize> = sheets.iter().map(|(_, cells)| cells.len()).collect();
        assert_eq!(rows, [3, 3]);
    }

    /// Has room for so many bytes.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fit = bytes.len().min(self.0);
            self.0 -= fit;
            match fit {
                0 => Err(io::ErrorKind::StorageFull.into()),
                fit => Ok(fit),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_an_error_wherever_it_runs_out() {
        let whole = written(&[&["1", "2"], &["3"]], 2).len();
        for room in 0..whole {
            let filled = || -> io::Result<Disk> {
                let header = columns(&["a", "b", "c"]);
                let mut workbook = Workbook::begin(Disk(room), "failed", header, 1, 2)?;
                for row in [&["1", "2"][..], &["3"]] {
                    workbook.begin_row()?;
                    row.iter()
                        .for_each(|cell| workbook.cell(cell, Style::Plain));
                    workbook.end_row()?;
                }
                workbook.finish()
            };
            let error = filled().err().map(|error| error.kind());
            assert_eq!(error, Some(io::ErrorKind::StorageFull), "{room} of {whole}");
        }
    }
}
