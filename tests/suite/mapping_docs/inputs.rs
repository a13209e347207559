//! Inputs of examples as files: in the encoding, or in the book, that the page says.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

/// What stands behind `input`.
#[derive(Default)]
pub(super) struct Words<'p> {
    /// The file's name.
    pub(super) name: Option<&'p str>,
    /// Whether the stand-in is asked.
    pub(super) sandbox: bool,
    encoding: Option<&'p str>,
    bom: bool,
    cut: bool,
}

impl<'p> Words<'p> {
    pub(super) fn read(words: &[&'p str]) -> Self {
        let mut read = Self::default();
        for word in words {
            match word.split_once('=') {
                Some(("encoding", name)) => read.encoding = Some(name),
                Some(_) => panic!("nobody knows what `{word}` is"),
                None => match *word {
                    "sandbox" => read.sandbox = true,
                    "bom" => read.bom = true,
                    "cut" => read.cut = true,
                    name => read.name = Some(name),
                },
            }
        }
        read
    }

    /// The text as the bytes of the file.
    pub(super) fn bytes(&self, text: &str) -> Vec<u8> {
        let mark = if self.bom { "\u{feff}" } else { "" };
        let text = if self.cut { text.trim_end() } else { text };
        let text = format!("{mark}{text}");
        match self.encoding {
            None => text.into_bytes(),
            Some("utf-16le") => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Some(name) => {
                let encoding = encoding_rs::Encoding::for_label(name.as_bytes()).expect("a name");
                let (bytes, _, lossy) = encoding.encode(&text);
                assert!(!lossy, "{name} does not have all of {text}");
                bytes.into_owned()
            }
        }
    }
}

/// A book with one sheet, its cells as they are typed: what begins with an apostrophe is a
/// text, `1985-03-12` a date, `2.5` a number, `TRUE` a truth, all else a text. The header is text.
pub(super) fn book(sheet_name: &str, text: &str) -> Vec<u8> {
    let day = Format::new().set_num_format("dd.mm.yyyy");
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(sheet_name).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    for (row, record) in (0..).zip(reader.records()) {
        for (column, cell) in (0..).zip(record.unwrap().iter()) {
            let written = if let Some(text) = cell.strip_prefix('\'') {
                sheet.write_string(row, column, text)
            } else if row == 0 {
                sheet.write_string(row, column, cell)
            } else if let Ok(number) = cell.parse::<f64>() {
                sheet.write_number(row, column, number)
            } else if let Ok(date) = ExcelDateTime::parse_from_str(cell) {
                sheet.write_datetime_with_format(row, column, &date, &day)
            } else if matches!(cell, "TRUE" | "FALSE") {
                sheet.write_boolean(row, column, cell == "TRUE")
            } else {
                sheet.write_string(row, column, cell)
            };
            written.unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}
