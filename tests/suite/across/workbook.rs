//! An input that is a workbook: its failures are in `failed.xlsx` alone, and go back in by it,
//! whatever a spreadsheet program made of the cells that were corrected.

use calamine::{Data, Reader, Xlsx, open_workbook};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use wawi_importer::record::RESERVED_COLUMNS;

use super::{OUTCOMES, are, counts, importer, once_each, run, sandbox};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run};

const MAPPING: &str = r#"[source]
date = "%d.%m.%Y"
drop = ["Kennwort"]
[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
Birthday = "geb."
[customer.BillingAddress]
LastName = "Name"
PostalCode = { column = "PLZ", as = "postal_code" }
City = "Ort"
CountryIso = { value = "DE" }
"#;

/// A cell as somebody may have typed it.
enum Typed {
    Text(String),
    Number(f64),
    Date(u16, u8, u8),
}

/// A workbook with these rows on its first sheet, and perhaps notes on a second one.
fn workbook(rows: &[Vec<Typed>], notes: bool) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let date = Format::new().set_num_format("dd.mm.yyyy");
    for (row, cells) in rows.iter().enumerate() {
        let row = u32::try_from(row).unwrap();
        for (cell, column) in cells.iter().zip(0..) {
            match cell {
                Typed::Text(text) => sheet.write(row, column, text),
                Typed::Number(number) => sheet.write(row, column, *number),
                Typed::Date(year, month, day) => {
                    let day = ExcelDateTime::from_ymd(*year, *month, *day).unwrap();
                    sheet.write_with_format(row, column, &day, &date)
                }
            }
            .unwrap();
        }
    }
    if notes {
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "to do").unwrap();
    }
    book.save_to_buffer().unwrap()
}

fn texts(cells: &[&str]) -> Vec<Typed> {
    let text = |cell: &&str| Typed::Text((*cell).to_owned());
    cells.iter().map(text).collect()
}

/// Five customers, of whom three are invalid: a postal code, a birthday, and a name.
fn imported(erp: &StandIn) -> (Importer, Run) {
    let mut it = importer("", erp);
    it.file("map.toml", MAPPING);
    let book = workbook(
        &[
            texts(&["Nr", "Name", "PLZ", "geb.", "Ort", "Kennwort"]),
            texts(&["C1", "Müller", "01067", "", "Dresden", "geheim-1"]),
            texts(&["C2", "Müller", "010", "", "Dresden", "geheim-2"]),
            texts(&["C3", "Müller", "01067", "31.13.1999", "Dresden", "geheim-3"]),
            texts(&["C4", "", "01067", "", "Dresden", "geheim-4"]),
            texts(&["C5", "Müller", "01067", "", "Dresden", "geheim-5"]),
        ],
        false,
    );
    it.file("in.xlsx", book);
    let first = run(&mut it, "in.xlsx", &[]).expect(3);
    assert_eq!(
        counts(&first, &OUTCOMES),
        are(&[("created", 2), ("invalid", 3)])
    );
    (it, first)
}

/// The rows of the newest `failed.xlsx`.
fn failed(run: &Run) -> Vec<Vec<String>> {
    let path = run.reports().pop().unwrap().join("failed.xlsx");
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let sheet = book.worksheet_range("failed").unwrap();
    let rows = sheet.rows();
    rows.map(|row| row.iter().map(Data::to_string).collect())
        .collect()
}

#[test]
fn the_failures_of_a_workbook_are_in_a_workbook_alone() {
    let erp = sandbox("");
    let (mut it, first) = imported(&erp);
    for name in ["failed.csv", "failed.jsonl"] {
        assert!(!first.has_report_file(name), "{name}");
    }
    let rows = failed(&first);
    assert_eq!(rows[0][..10], RESERVED_COLUMNS);
    let own: Vec<String> = rows.iter().map(|row| row[10..].join(";")).collect();
    assert_eq!(
        own,
        [
            "Nr;Name;PLZ;geb.;Ort;Kennwort",
            "C2;Müller;010;;Dresden;",
            "C3;Müller;01067;31.13.1999;Dresden;",
            "C4;;01067;;Dresden;",
        ]
    );
    assert_eq!(first.summary()["failed_file"], "failed.xlsx");
    assert!(first.stdout.contains("failed.xlsx"), "{}", first.said());
    // Written again it is the same, byte for byte.
    let before = first.report_file("failed.xlsx");
    let id = first.summary()["run"].as_str().unwrap().to_owned();
    let path = first.reports().pop().unwrap().join("failed.xlsx");
    std::fs::remove_file(&path).unwrap();
    it.args(["report", &id]).run().expect(0);
    assert!(std::fs::read(&path).unwrap() == before);
}

#[test]
fn numbers_and_dates_that_somebody_typed_arrive_as_meant() {
    let erp = sandbox("");
    let (mut it, first) = imported(&erp);
    let mut rows: Vec<Vec<Typed>> = failed(&first)
        .iter()
        .map(|row| row.iter().map(|cell| Typed::Text(cell.clone())).collect())
        .collect();
    // 01067, of which the program kept a number, and a date that is one.
    rows[1][12] = Typed::Number(1067.0);
    rows[2][13] = Typed::Date(1999, 12, 31);
    rows[3][11] = Typed::Text("Möller".to_owned());
    // The number of the record is one by now, too.
    rows[1][8] = Typed::Number(2.0);
    it.file("back.xlsx", workbook(&rows, true));
    let second = run(&mut it, "back.xlsx", &[]).expect(0);
    assert_eq!(counts(&second, &OUTCOMES), are(&[("created", 3)]));
    let summary = second.summary();
    assert_eq!(summary["linked"]["totals"]["created"], 5, "{summary}");
    assert_eq!(once_each(&erp), ["C1", "C2", "C3", "C4", "C5"]);
    let body = |number: &str| {
        let mut all = erp.ledger().into_iter();
        all.find(|entry| entry.number == number).unwrap().body
    };
    assert_eq!(body("C2")["BillingAddress"]["PostalCode"], "01067");
    let birthday = body("C3")["Birthday"].as_str().unwrap().to_owned();
    assert!(birthday.starts_with("1999-12-31"), "{birthday}");
    assert_eq!(body("C4")["BillingAddress"]["LastName"], "Möller");
}

#[test]
fn cells_that_nothing_was_wrong_with_need_to_be_accepted() {
    let erp = sandbox("");
    let (mut it, first) = imported(&erp);
    let mut rows: Vec<Vec<Typed>> = failed(&first)
        .iter()
        .map(|row| row.iter().map(|cell| Typed::Text(cell.clone())).collect())
        .collect();
    rows[3][11] = Typed::Text("Möller".to_owned());
    rows[3][12] = Typed::Number(1067.0);
    let posts = erp.counters().posts;
    it.file("back.xlsx", workbook(&rows, false));
    let stopped = run(&mut it, "back.xlsx", &[]).expect(4);
    assert!(stopped.stderr.contains("PLZ: 1 cell"), "{}", stopped.said());
    assert!(stopped.stderr.contains("`--accept-changes`"));
    assert_eq!(erp.counters().posts, posts);
}

#[test]
fn a_customer_is_forgotten_in_a_workbook_too() {
    let erp = sandbox("");
    let (mut it, first) = imported(&erp);
    let said = it.args(["forget", "--customer", "C3", "--yes"]).run();
    let said = said.expect(0);
    let numbers: Vec<String> = failed(&first).iter().map(|row| row[10].clone()).collect();
    assert_eq!(numbers, ["Nr", "C2", "C4"], "{}", said.said());

    // Somebody saved another one over it: it goes as a whole, and is named.
    let path = first.reports().pop().unwrap().join("failed.xlsx");
    let saved = workbook(&[texts(&["see", "C4"])], false);
    std::fs::write(&path, saved).unwrap();
    let said = it.args(["forget", "--customer", "C4", "--yes"]).run();
    let said = said.expect(0);
    assert!(!path.exists(), "{}", said.said());
    assert!(said.stderr.contains("failed.xlsx"), "{}", said.said());
}
