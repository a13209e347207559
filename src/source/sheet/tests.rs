//! Books as they are made by the library that writes them, read as any input.

use rust_xlsxwriter::{ExcelDateTime, Format as Look, Formula, Workbook, Worksheet};

use proptest::prelude::*;

use super::*;
use crate::outcome::Severity;
use crate::record::Fields;
use crate::source::Entry;
use crate::source::samples::Sample;
use crate::source::{Source, is_returned};

/// A book with one sheet.
fn book(write: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    write(book.add_worksheet());
    book.save_to_buffer().unwrap()
}

fn texts(sheet: &mut Worksheet, row: u32, cells: &[&str]) {
    for (column, cell) in (0..).zip(cells) {
        sheet.write_string(row, column, *cell).unwrap();
    }
}

fn looks(code: &str) -> Look {
    Look::new().set_num_format(code)
}

fn typed_book() -> Vec<u8> {
    book(|sheet| {
        let header = [
            "Text",
            "Plus",
            "Zahl",
            "Kommazahl",
            "Datum",
            "Uhrzeit",
            "Zeitpunkt",
            "Ja",
            "PLZ",
            "Rabatt",
            "Formel",
            "Dauer",
            "Preis",
        ];
        texts(sheet, 0, &header);
        texts(sheet, 1, &["01067", "+49 176 1"]);
        sheet.write_number(1, 2, 49_176_123_456_789_f64).unwrap();
        sheet.write_number(1, 3, 1234.5).unwrap();
        let day = ExcelDateTime::from_ymd(1985, 3, 12).unwrap();
        sheet
            .write_with_format(1, 4, &day, &looks("dd.mm.yyyy"))
            .unwrap();
        let time = ExcelDateTime::from_hms(14, 30, 0.0).unwrap();
        sheet
            .write_with_format(1, 5, &time, &looks("hh:mm"))
            .unwrap();
        let both = day.and_hms(14, 30, 15.0).unwrap();
        sheet
            .write_with_format(1, 6, &both, &looks("yyyy-mm-dd hh:mm:ss"))
            .unwrap();
        sheet.write_boolean(1, 7, true).unwrap();
        sheet
            .write_with_format(1, 8, 1067, &looks("00000"))
            .unwrap();
        sheet.write_with_format(1, 9, 0.07, &looks("0%")).unwrap();
        sheet
            .write_formula(1, 10, Formula::new("=A2&\"x\"").set_result("01067x"))
            .unwrap();
        sheet
            .write_with_format(1, 11, 1.5, &looks("[h]:mm:ss"))
            .unwrap();
        sheet
            .write_with_format(1, 12, -19.9, &looks("#,##0.00\\ \"€\""))
            .unwrap();
    })
}

#[test]
fn cells_are_what_the_sheet_shows() {
    let sample = Sample::new("a.xlsx", typed_book());
    let facts = sample.open().facts().describe();
    assert_eq!(facts, "XLSX, sheet \"Sheet1\"");
    assert_eq!(
        sample.told(),
        [
            "1@2 01067|+49 176 1|49176123456789|1234.5|1985-03-12|14:30|1985-03-12T14:30:15|TRUE|\
             01067|7|01067x|36:00:00|-19.9"
        ]
    );
}

#[test]
fn typed_cells_are_written_as_the_mapping_reads_them() {
    let own = Written {
        dates: vec!["%d.%m.%y".to_owned()],
        ..Written::default()
    };
    let sample = Sample::new("a.xlsx", typed_book()).with(|it| {
        it.conventions = Conventions {
            usual: Written {
                comma: true,
                dates: vec!["%d.%m.%Y".to_owned(), "%d.%m.%Y %H:%M:%S".to_owned()],
                birthday: false,
            },
            columns: vec![("datum".to_owned(), own)],
            used: None,
        };
    });
    assert_eq!(
        sample.told(),
        [
            "1@2 01067|+49 176 1|49176123456789|1234,5|12.03.85|14:30|12.03.1985 14:30:15|TRUE|\
             01067|7|01067x|36:00:00|-19,9"
        ]
    );
}

#[test]
fn rows_stand_where_they_stand_in_the_sheet() {
    let bytes = book(|sheet| {
        texts(sheet, 0, &["Kundenliste vom 1. Mai"]);
        texts(sheet, 3, &["Nr", "Name", "Ort"]);
        texts(sheet, 4, &["1"]);
        texts(sheet, 5, &["", "", ""]);
        texts(sheet, 8, &["2", "a;\"b\"\nc", " x "]);
        texts(sheet, 9, &["3", "d", "e", "f"]);
        sheet.set_row_hidden(10).unwrap();
        texts(sheet, 10, &["4", "hidden"]);
        sheet.merge_range(11, 0, 11, 2, "5", &Look::new()).unwrap();
    });
    let sample = Sample::new("a.xlsx", &bytes).with(|it| it.skip_lines = Some(2));
    assert_eq!(sample.open().facts().header, ["Nr", "Name", "Ort"]);
    assert_eq!(
        sample.told(),
        [
            "1@5 1||",
            "2@9 2|a;\"b\"\nc| x ",
            "3@10 ! record.ragged expected=3 fields=4 [3|d|e|f]",
            "4@11 4|hidden|",
            "5@12 5||",
        ]
    );
    let sample = sample.with(|it| it.header = Some(false));
    assert_eq!(sample.open().facts().header, ["1", "2", "3", "4"]);
    assert_eq!(sample.told().first().unwrap(), "1@4 Nr|Name|Ort|");
    let sample = sample.with(|it| it.skip_lines = Some(20));
    assert_eq!(sample.open_error(), "NoHeader");
    let sample = Sample::new("a.xlsx", bytes).with(|it| {
        it.skip_lines = Some(2);
        it.record_cap = 16;
    });
    assert_eq!(
        sample.told().get(1).unwrap(),
        "2@9 ! record.too_large limit=16"
    );
}

#[test]
fn a_sheet_is_chosen_and_the_others_are_named() {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("Leer").unwrap();
    let hidden = workbook.add_worksheet().set_name("Geheim").unwrap();
    texts(hidden, 0, &["g"]);
    hidden.set_hidden(true);
    texts(
        workbook.add_worksheet().set_name("Kunden").unwrap(),
        0,
        &["k"],
    );
    texts(workbook.add_worksheet().set_name("Alt").unwrap(), 0, &["a"]);
    let bytes = workbook.save_to_buffer().unwrap();
    let open = |sheet: Option<&str>| {
        let sample = Sample::new("a.xlsx", &bytes).with(|it| it.sheet = sheet.map(str::to_owned));
        Source::open(&sample.path, &sample.settings)
    };
    for (sheet, header, described) in [
        (
            None,
            "k",
            "XLSX, sheet \"Kunden\" (the first; not read: \"Alt\")",
        ),
        (Some("Alt"), "a", "XLSX, sheet \"Alt\" (declared)"),
        (Some(" alt"), "a", "XLSX, sheet \"Alt\" (declared)"),
        (Some("Geheim"), "g", "XLSX, sheet \"Geheim\" (declared)"),
    ] {
        let source = open(sheet).unwrap();
        assert_eq!(source.facts().header, [header]);
        assert_eq!(source.facts().describe(), described);
    }
    let error = open(Some("Kundne")).unwrap_err();
    assert_eq!(error.help().unwrap().english, "did you mean \"Kunden\"?");
    let error = open(Some("xyz")).unwrap_err();
    let help = "its sheets are \"Leer\", \"Geheim\", \"Kunden\", \"Alt\"";
    assert_eq!(error.help().unwrap().english, help);
    let error = open(Some("Leer")).unwrap_err();
    assert!(matches!(error, SourceError::EmptySheet { .. }), "{error}");
    let sample = Sample::new("a.xlsx", book(|_| {}));
    assert_eq!(sample.open_error(), "NoSheet");
    let one = Sample::new("a.xlsx", book(|sheet| texts(sheet, 6, &["x"])));
    assert_eq!(one.open().facts().header, ["x"]);
    assert_eq!(one.told(), [""; 0]);
}

#[test]
fn an_error_in_a_cell_is_never_text() {
    let bytes = book(|sheet| {
        texts(sheet, 0, &["Nr", "Ort", "Text"]);
        texts(sheet, 1, &["1", "", "#N/A"]);
        let formula = |error: &str| Formula::new("=1/0").set_result(error);
        sheet.write_formula(1, 1, formula("#DIV/0!")).unwrap();
        texts(sheet, 2, &["2", "x", "#N/A"]);
    });
    let told = |weight| {
        let sample = Sample::new("a.xlsx", &bytes).with(|it| it.cell_error = weight);
        sample.told()
    };
    let error = "cell.error cell=B2 error=#DIV/0! in Ort";
    assert_eq!(
        told(Severity::Error),
        [
            format!("1@2 ! {error} [1|#DIV/0!|#N/A]"),
            "2@3 2|x|#N/A".to_owned()
        ]
    );
    assert_eq!(told(Severity::Warn)[0], format!("1@2 1||#N/A ({error})"));
    assert_eq!(told(Severity::Off)[0], "1@2 1||#N/A");
}

#[test]
fn an_error_in_a_cell_that_nobody_reads_does_no_harm() {
    let bytes = book(|sheet| {
        texts(sheet, 0, &["Nr", "Ort ", "Hilfe"]);
        for row in 1..3 {
            texts(sheet, row, &[&row.to_string(), "x", "y"]);
        }
        let formula = || Formula::new("=1/0").set_result("#DIV/0!");
        sheet.write_formula(1, 2, formula()).unwrap();
        sheet.write_formula(2, 1, formula()).unwrap();
    });
    let told = |header, used: &[&str]| {
        let used = used.iter().map(|name| (*name).to_owned()).collect();
        let sample = Sample::new("a.xlsx", &bytes).with(|it| {
            it.header = Some(header);
            it.conventions.used = Some(used);
        });
        sample.told()
    };
    assert_eq!(
        told(true, &["Nr", "ort"]),
        [
            "1@2 1|x|#DIV/0!",
            "2@3 ! cell.error cell=B3 error=#DIV/0! in Ort  [2|#DIV/0!|y]"
        ]
    );
    let by_number = told(false, &["3"]);
    assert!(by_number[1].contains("cell=C2"), "{by_number:?}");
    assert_eq!(by_number[2], "3@3 2|#DIV/0!|y");
}

#[test]
fn the_same_book_is_the_same_input_and_an_edited_one_is_not() {
    let sample = Sample::new("a.xlsx", typed_book());
    let source = sample.open();
    let known = source.fingerprint().unwrap();
    assert_eq!(sample.open().fingerprint().unwrap(), known);
    let mut reader = source.read().unwrap();
    assert_eq!(reader.by_ref().count(), 1);
    assert_eq!(reader.fingerprint(), Some(known.clone()));
    // What was checked is what is read again, whatever becomes of the file.
    let edited = book(|sheet| texts(sheet, 0, &["Text", "y"]));
    std::fs::write(&sample.path, edited).unwrap();
    assert_eq!(source.read_again(&known).unwrap().count(), 1);
    assert!(matches!(source.read(), Err(SourceError::Edited { .. })));
    assert_ne!(sample.open().fingerprint().unwrap(), known);
    let again = sample.open().read_again(&known);
    assert!(again.is_err() || again.unwrap().any(|entry| entry.is_err()));
}

#[test]
fn a_returned_book_is_known_and_says_what_it_corrects() {
    let bytes = book(|sheet| {
        texts(sheet, 0, &["_message", "_run", "_record", "Nr", "Name"]);
        texts(sheet, 1, &["x", "r1", "17", "1"]);
        texts(sheet, 2, &["", "", "", "2"]);
    });
    let sample = Sample::new("failed.xlsx", bytes);
    assert!(is_returned(&sample.path));
    let mut reader = sample.open().read().unwrap();
    reader.next().unwrap().unwrap();
    let named = reader.named().unwrap();
    assert_eq!((&*named.run, &*named.record), ("r1", "17"));
    reader.next().unwrap().unwrap();
    assert_eq!(reader.named(), None);
    let text = book(|sheet| {
        texts(sheet, 0, &["Nr"]);
        texts(sheet, 1, &["_run _record"]);
    });
    assert!(!is_returned(&Sample::new("a.xlsx", text).path));
    assert!(!is_returned(&Sample::new("a.xlsx", typed_book()).path));
}

/// A file that LibreOffice saved, in German.
fn saved(name: &str) -> Sample {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sheets");
    Sample::new(name, std::fs::read(path.join(name)).unwrap())
}

#[test]
fn an_ods_file_is_what_it_shows() {
    let sample = saved("cells.ods");
    let facts = sample.open().facts().describe();
    let wanted = "ODS, sheet \"Kunden\" (the first; not read: \"Alt\")";
    assert_eq!(facts, wanted);
    let told = sample.told();
    let wanted = [
        "1@3 01067|+49 176 1|49176123456789|1234.5|1985-03-12|14:30|1985-03-12T14:30:15|1|01067|7|01067x|36:00:00|-19.9|",
        "2@5   zwei  Leerzeichen |Zeile 1\nZeile 2Tab|<&>\"'|#N/A||||||||||",
        "3@6 ! cell.error cell=N6 error=#DIV/0! in Fehler [|||||||||||||#DIV/0!]",
        "4@7 ! cell.error cell=N7 error=#N/A in Fehler [|||||||||||||#N/A]",
        "5@9 verbunden|||||||||||||",
        "6@10 nach|||||||||||||",
        "7@13 gleich|gleich|gleich|||||||||||",
        "8@14 gleich|gleich|gleich|||||||||||",
        "9@15 gleich|gleich|gleich|||||||||||",
    ];
    assert_eq!(told, wanted);
    let hidden = sample.with(|it| it.sheet = Some("Geheim".to_owned()));
    assert_eq!(hidden.open().facts().header, ["g"]);
}

#[test]
fn the_same_customers_are_the_same_in_each_format() {
    let rows = |name: &str| {
        let sample = saved(name).with(|it| {
            it.conventions.usual = Written {
                comma: true,
                dates: vec!["%d.%m.%Y".to_owned(), "%d.%m.%Y %H:%M:%S".to_owned()],
                birthday: false,
            };
        });
        (sample.open().facts().header.clone(), sample.told())
    };
    let (header, told) = rows("kunden.ods");
    assert_eq!(told.len(), 3);
    assert_eq!(
        told[0],
        "1@2 K1001|Jörg|Müller|Hauptstraße 5|01067|Dresden|Deutschland|+49 351 1234567|\
         12.03.1985|2,5|05.11.2024 14:30:15|K1001 GmbH"
    );
    assert_eq!(rows("kunden.xlsx"), (header, told));
}

#[test]
fn what_is_no_book_or_not_whole_is_refused() {
    let whole = typed_book();
    for (name, bytes, kind) in [
        (
            "a.xlsx",
            whole.get(..whole.len() - 100).unwrap().to_vec(),
            "Damaged",
        ),
        ("a.xlsx", whole.get(..300).unwrap().to_vec(), "Damaged"),
        ("a.xlsx", b"PK\x05\x06".to_vec(), "Damaged"),
        (
            "a.xls",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(),
            "OtherFormat",
        ),
        ("a.xlsx", encrypted(), "Encrypted"),
        ("a.zip", zipped(&[("a.csv", b"a;b")]), "OtherFormat"),
        (
            "a.docx",
            zipped(&[("word/document.xml", b"<a/>")]),
            "OtherFormat",
        ),
        (
            "a.xlsb",
            zipped(&[("xl/workbook.bin", b"x")]),
            "OtherFormat",
        ),
        (
            "a.odt",
            zipped(&[("mimetype", b"application/vnd.oasis.opendocument.text")]),
            "OtherFormat",
        ),
        ("a.xlsx", zipped(&[("xl/workbook.xml", b"<a/>")]), "Damaged"),
        (
            "a.ods",
            ods("<table:table table:name='a'><table:table-row><table:table-cell"),
            "Damaged",
        ),
        (
            "a.ods",
            ods("<table:table table:name='a'></table:table>"),
            "NoSheet",
        ),
    ] {
        let sample = Sample::new(name, bytes);
        assert_eq!(sample.open_error(), kind, "{name}");
        let error = Source::open(&sample.path, &sample.settings).unwrap_err();
        assert!(error.help().is_some(), "{error}");
        assert!(!is_returned(&sample.path));
    }
    let sample = Sample::new("a.xlsx", &whole).with(|it| it.format = Some(Format::Csv));
    assert_eq!(sample.open_error(), "NotAsDeclared");
    let sample = Sample::new("a.xlsx", "a;b\n").with(|it| it.format = Some(Format::Xlsx));
    assert_eq!(sample.open_error(), "NotAsDeclared");
    // What it is counts, not how it is called.
    assert_eq!(Sample::new("a.csv", whole).told().len(), 1);
}

/// The beginning of a file as Excel saves one with a password.
fn encrypted() -> Vec<u8> {
    let mut bytes = b"\xd0\xcf\x11\xe0".to_vec();
    bytes.resize((1 << 20) - 7, 0);
    bytes.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    bytes
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// An ODS file with these tables.
fn ods(tables: &str) -> Vec<u8> {
    let content = format!("<office:document-content><office:body>{tables}");
    zipped(&[
        (
            "mimetype",
            b"application/vnd.oasis.opendocument.spreadsheet",
        ),
        ("content.xml", content.as_bytes()),
    ])
}

#[test]
fn books_that_blow_up_are_refused_in_bounded_memory() {
    let cell = |more: &str| {
        ods(&format!(
            "<table:table table:name='a'><table:table-row{more}</table:table-row></table:table>"
        ))
    };
    let text = "office:value-type='string'><text:p>";
    let end = "</text:p></table:table-cell>";
    let wide = "table:number-columns-repeated='20000'";
    let long = "<text:s text:c='4000000000'/>";
    let full = "table:number-columns-repeated='16384'";
    let many = format!(
        " table:number-rows-repeated='1048576'><table:table-cell {full} {text}{}{end}",
        "x".repeat(100)
    );
    for (bytes, kind, why) in [
        (
            cell(&format!("><table:table-cell {wide} {text}x{end}")),
            "Damaged",
            "last column",
        ),
        (
            cell(&format!("><table:table-cell {text}{long}{end}")),
            "Damaged",
            "more than",
        ),
        (cell(&many), "Bomb", "unpacks to more than"),
        (
            cell(&format!(
                "><table:table-cell {text}{}{end}",
                "x".repeat(2 << 20)
            )),
            "Damaged",
            "between two",
        ),
        (
            zipped(&[(
                "xl/sharedStrings.xml",
                b"<sst uniqueCount='99999999999999999'/>",
            )]),
            "Damaged",
            "announces",
        ),
    ] {
        let sample = Sample::new("a.ods", bytes);
        let error = Source::open(&sample.path, &sample.settings).unwrap_err();
        let text = error.to_string();
        assert!(
            format!("{error:?}").starts_with(kind) && text.contains(why),
            "{text}"
        );
    }
    // What LibreOffice writes behind each sheet.
    let empty = "<table:table-row table:number-rows-repeated='4000000000'><table:table-cell \
                 table:number-columns-repeated='4000000000'/></table:table-row>";
    let row = format!("<table:table-row><table:table-cell {text}x{end}</table:table-row>");
    let sample = Sample::new(
        "a.ods",
        ods(&format!(
            "<table:table table:name='a'>{row}{empty}{empty}</table:table>"
        )),
    );
    assert_eq!(sample.open().facts().header, ["x"]);
    let mut rows = String::from("<worksheet><sheetData>");
    for row in 1..=1_000_000 {
        rows += &format!("<row r=\"{row}\"/>");
    }
    let bytes = book(|sheet| texts(sheet, 0, &["x"]));
    let bytes = with_part(
        &bytes,
        "xl/worksheets/sheet1.xml",
        (rows + "</sheetData></worksheet>").as_bytes(),
    );
    assert_eq!(Sample::new("a.xlsx", bytes).open_error(), "NoSheet");
}

/// The archive with another part of that name.
fn with_part(archive: &[u8], name: &str, part: &[u8]) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    for index in 0..from.len() {
        let mut old = from.by_index(index).unwrap();
        let old_name = old.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        old.read_to_end(&mut bytes).unwrap();
        parts.push(if old_name == name {
            (old_name, part.to_vec())
        } else {
            (old_name, bytes)
        });
    }
    let parts: Vec<(&str, &[u8])> = parts
        .iter()
        .map(|(name, bytes)| (&**name, &**bytes))
        .collect();
    zipped(&parts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_of_a_cell_comes_back(cells in proptest::collection::vec(
        prop_oneof!["[ \t\n\";,'=+@0-9a-zäß€_x&<>-]{0,12}", "\\PC{0,12}", "_x00[0-9A-F]{2}_"], 1..6)
    ) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let bytes = book(|sheet| {
            texts(sheet, 0, &["a", "b", "c", "d", "e", "f"]);
            texts(sheet, 1, &cells);
        });
        let sample = Sample::new("a.xlsx", bytes);
        let read = sample.read();
        if cells.iter().all(|cell| cell.is_empty()) {
            prop_assert!(read.is_empty());
            return Ok(());
        }
        let Some(Ok(Entry::Record(record))) = read.first() else {
            return Err(TestCaseError::fail("no record"));
        };
        let Fields::Cells(found) = &record.fields else {
            return Err(TestCaseError::fail("no cells"));
        };
        for (index, cell) in cells.iter().enumerate() {
            prop_assert_eq!(found.get(index).unwrap(), *cell);
        }
    }

    #[test]
    fn a_spoiled_book_is_read_or_refused(place in 0_usize..100_000, byte: u8, cut in 0_usize..100_000) {
        let mut bytes = typed_book();
        let length = bytes.len();
        bytes[place % length] = byte;
        if cut % 3 == 0 {
            bytes.truncate(cut % length);
        }
        let sample = Sample::new("a.xlsx", bytes);
        let _ = is_returned(&sample.path);
        if let Ok(source) = Source::open(&sample.path, &sample.settings) {
            let _ = source.read().unwrap().count();
        }
    }
}
