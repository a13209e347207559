//! Customers from sheets and compressed files: the same as from CSV, whoever saved them.

use std::io::Write;

use serde_json::Value;

use crate::other_erp::{Knobs, OtherErp};
use crate::support::{Importer, Run, repository};

const MAPPING: &str = r#"
[source]
decimal = ","
date = ["%d.%m.%Y", "%d.%m.%Y %H:%M:%S"]

[customer]
Number = "Kundennummer"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
Birthday = { column = "geb.", date = "%d.%m.%y" }
InitialContact = "Angelegt"

[customer.BillingAddress]
FirstName = "Vorname"
LastName = "Nachname"
Company = "Firma"
Street = "Straße"
PostalCode = "PLZ"
City = "Ort"
CountryIso = { column = "Land", as = "country" }
PhoneNumber = "Telefon"

[customer.PaymentSettings]
Discount = "Rabatt"
"#;

/// What people see in the sheet, as CSV: with the dates as the column's own format has them.
const LIST: &str = "Kundennummer;Vorname;Nachname;Straße;PLZ;Ort;Land;Telefon;geb.;Rabatt;Angelegt;Firma\n\
    K1001;Jörg;Müller;Hauptstraße 5;01067;Dresden;Deutschland;+49 351 1234567;12.03.85;2,5;05.11.2024 14:30:15;K1001 GmbH\n\
    K1002;Anna;Groß;\"Am Markt 1\nHinterhaus\";80331;München;Deutschland;089 123456;01.01.30;10;06.11.2024 08:00:00;\"Groß & Söhne \"\"Süd\"\"\"\n\
    K1003;Zoë;O'Neill;1-3;1010;Wien;Österreich;;29.02.00;0,07;07.11.2024;\n";

fn saved(name: &str) -> Vec<u8> {
    std::fs::read(repository("tests/fixtures/sheets").join(name)).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn importer(name: &str, bytes: &[u8]) -> Importer {
    let importer = Importer::new();
    importer.file("map.toml", MAPPING);
    if name != "-" {
        importer.file(name, bytes);
    }
    importer
}

/// The bodies that arrive at an ERP when the file is imported, by number.
#[track_caller]
fn bodies(name: &str, bytes: &[u8]) -> Vec<Value> {
    let erp = OtherErp::start(Knobs::default());
    let mut importer = importer(name, bytes);
    if name == "-" {
        importer.stdin(bytes);
    }
    importer.args(["run", name, "-m", "map.toml", "--base-url", &erp.url()]);
    let run = importer.run().expect(0);
    assert_eq!(run.count("created"), 3, "{name}");
    // The same input again: it is known, and nothing is sent.
    let again = importer.run().expect(0);
    assert!(again.said().contains("nothing"), "{}", again.said());
    let mut bodies: Vec<Value> = erp.ledger().into_iter().map(|(_, body)| body).collect();
    bodies.sort_by_key(|body| body["Number"].to_string());
    assert_eq!(bodies.len(), 3, "{name}");
    bodies
}

#[test]
fn the_same_customers_arrive_from_every_format() {
    let csv = bodies("kunden.csv", LIST.as_bytes());
    assert_eq!(csv[0]["Birthday"], "1985-03-12T00:00:00Z");
    assert_eq!(csv[1]["Birthday"], "1930-01-01T00:00:00Z");
    let zstd = zstd::encode_all(LIST.as_bytes(), 3).unwrap();
    for (name, bytes) in [
        ("kunden.xlsx", saved("kunden.xlsx")),
        ("kunden.ods", saved("kunden.ods")),
        ("kunden.csv.gz", gzip(LIST.as_bytes())),
        ("kunden.csv.zst", zstd),
        ("kunden.xlsx.gz", gzip(&saved("kunden.xlsx"))),
        ("-", gzip(LIST.as_bytes())),
        ("-", saved("kunden.ods")),
    ] {
        assert_eq!(bodies(name, &bytes), csv, "{name}");
    }
}

#[track_caller]
fn rehearse(importer: &mut Importer, words: &[&str], code: i32) -> Run {
    let run = ["run", "a", "-m", "map.toml", "--dry-run"];
    importer.args(run.iter().chain(words)).run().expect(code)
}

#[test]
fn a_plan_names_the_sheet_and_an_unknown_one_is_refused() {
    let mut importer = importer("a", &saved("kunden.xlsx"));
    let run = rehearse(&mut importer, &[], 0);
    assert!(
        run.said().contains("XLSX, sheet \"kunden\""),
        "{}",
        run.said()
    );
    let run = rehearse(&mut importer, &["--sheet", "kundn"], 4);
    assert!(
        run.said().contains("did you mean \"kunden\"?"),
        "{}",
        run.said()
    );
    importer.env("IMPORTER_SHEET", "Preise");
    let run = rehearse(&mut importer, &[], 4);
    assert!(run.said().contains("no sheet \"Preise\""), "{}", run.said());
    rehearse(&mut importer, &["--sheet", "Kunden"], 0);
}

#[test]
fn what_is_typed_for_another_format_is_said_to_be_without_effect() {
    let sheet = "warning: `--sheet` without effect: a is read as CSV; leave it out, if it";
    let csv = LIST.as_bytes();
    let said = |importer: &mut Importer, words: &[&str]| rehearse(importer, words, 0).said();
    let mut text = importer("a", csv);
    assert!(said(&mut text, &["--sheet", "Kunden"]).contains(sheet));
    // Quiet is about what is fine.
    assert!(said(&mut text, &["--sheet", "Kunden", "--quiet"]).contains(sheet));
    assert!(!said(&mut text, &["--delimiter", ";", "--encoding", "utf-8"]).contains("effect"));
    let german = said(&mut text, &["--sheet", "Kunden", "--lang", "de"]);
    assert!(german.contains("`--sheet` ohne Wirkung: a wird als CSV gelesen; weglassen, wenn es"));
    for words in [
        ["check", "map.toml", "a"].as_slice(),
        &["explain", "map.toml", "a", "--record", "1"],
        &["new", "a"],
    ] {
        let words = [&["mapping"], words, &["--sheet", "Kunden"]].concat();
        let run = text.args(words).run().expect(0);
        assert!(run.said().contains(sheet), "{}", run.said());
        // A proposed mapping has it neither.
        assert!(!run.said().contains("sheet = "), "{}", run.said());
    }
    // Of several inputs, the book has it.
    text.file("b.xlsx", saved("kunden.xlsx"));
    let both = ["run", "a", "b.xlsx", "-m", "map.toml", "--dry-run"];
    let run = text.args(both.iter().chain(&["--sheet", "Kunden"])).run();
    let run = run.expect(0).said();
    assert!(run.contains(sheet) && run.contains("XLSX, sheet"), "{run}");
    assert_eq!(run.matches("without effect").count(), 1, "{run}");
    // What is set may be meant for other inputs.
    text.env("IMPORTER_SHEET", "Kunden");
    assert!(!said(&mut text, &[]).contains("effect"));
    let mut book = importer("a", &saved("kunden.xlsx"));
    let words = ["--delimiter", ";", "--encoding", "utf-8"];
    let told = "`--encoding`, `--delimiter` without effect: a is read as XLSX; leave them out";
    assert!(said(&mut book, &words).contains(told));
    let words = ["mapping", "new", "a", "--delimiter", ";"];
    let run = book.args(words).run().expect(0);
    assert!(!run.said().contains("delimiter = "), "{}", run.said());
}

/// A book with these rows, all text.
fn book(rows: &[Vec<String>]) -> rust_xlsxwriter::Workbook {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    book
}

#[test]
fn failures_of_a_sheet_are_written_and_come_back_as_a_sheet() {
    let table = LIST
        .replace("\"Am Markt 1\nHinterhaus\"", "")
        .replace("Dresden", "");
    let cells = |line: &str| line.split(';').map(str::to_owned).collect();
    let table: Vec<Vec<String>> = table.lines().map(cells).collect();
    let mut book_of_shop = book(&table);
    // An error is no street.
    let formula = rust_xlsxwriter::Formula::new("=NA()").set_result("#N/A");
    let sheet = book_of_shop.worksheet_from_index(0).unwrap();
    sheet.write_formula(2, 3, formula).unwrap();
    let erp = OtherErp::start(Knobs::default());
    let mut importer = importer("a", &book_of_shop.save_to_buffer().unwrap());
    importer.args(["run", "a", "-m", "map.toml", "--base-url", &erp.url()]);
    let run = importer.run().expect(3);
    assert_eq!((run.count("created"), run.count("invalid")), (1, 2));
    let failed = crate::together::books::sheet(&run.report_file("failed.xlsx"));
    let place = |name: &str| failed[0].iter().position(|own| own == name).unwrap();
    let told: Vec<[&str; 4]> = failed[1..]
        .iter()
        .map(|row| {
            ["Kundennummer", "_line", "_code", "_columns"].map(|name| row[place(name)].as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            ["K1001", "2", "required.missing", "Ort"],
            ["K1002", "3", "cell.error", "Straße"]
        ]
    );
    let mut corrected = failed.clone();
    assert!(corrected[2].iter().any(|cell| cell.contains("D3 (#N/A)")));
    corrected[1][place("Ort")] = "Dresden".to_owned();
    corrected[2][place("Straße")] = "Am Markt 1".to_owned();
    book(&corrected)
        .save(importer.folder().join("corrected.xlsx"))
        .unwrap();
    let words = ["run", "corrected.xlsx", "-m", "map.toml", "--base-url"];
    let run = importer.args(words).arg(erp.url()).run().expect(0);
    assert_eq!(run.count("created"), 2);
    assert!(!run.summary()["linked"].is_null(), "{}", run.said());
    assert_eq!(erp.ledger().len(), 3);
}

#[test]
fn an_error_in_a_cell_may_weigh_less() {
    let mut of_shop = book(&[
        vec![
            "Kundennummer".to_owned(),
            "Ort".to_owned(),
            "Firma".to_owned(),
        ],
        vec!["K1".to_owned(), "Dresden".to_owned(), String::new()],
    ]);
    let formula = rust_xlsxwriter::Formula::new("=NA()").set_result("#N/A");
    let sheet = of_shop.worksheet_from_index(0).unwrap();
    sheet.write_formula(1, 2, formula).unwrap();
    let bytes = of_shop.save_to_buffer().unwrap();
    for (weight, code, errors, warnings) in [
        ("error", 3, "cell.error", ""),
        ("warn", 0, "", "cell.error"),
        ("off", 0, "", ""),
    ] {
        let mut importer = importer("a", &bytes);
        let mapping = format!(
            "[customer]\nNumber = \"Kundennummer\"\nCustomerGroupId = {{ value = 1 }}\n\
             InternalCompanyId = {{ value = 1 }}\nLanguageIso = {{ value = \"DE\" }}\n\
             [customer.BillingAddress]\nCity = \"Ort\"\nCompany = \"Firma\"\n\
             LastName = {{ value = \"Muster\" }}\nCountryIso = {{ value = \"DE\" }}\n\
             [rules]\n\"cell.error\" = \"{weight}\"\n"
        );
        importer.file("map.toml", mapping);
        let run = importer
            .args(["run", "a", "-m", "map.toml", "--dry-run"])
            .run()
            .expect(code);
        let summary = run.summary();
        let of = |list: &str| {
            summary[list][0]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(
            (of("errors").as_str(), of("warning_groups").as_str()),
            (errors, warnings)
        );
    }
}

#[test]
fn what_is_not_whole_is_refused_before_anything_is_sent() {
    let whole = gzip(LIST.repeat(50).as_bytes());
    for bytes in [&whole[..whole.len() - 9], &saved("kunden.ods")[..9_000]] {
        let erp = OtherErp::start(Knobs::default());
        let mut importer = importer("a", bytes);
        importer.args(["run", "a", "-m", "map.toml", "--base-url", &erp.url()]);
        let run = importer.run().expect(4);
        assert!(
            run.said().contains("damaged, or was cut off"),
            "{}",
            run.said()
        );
        assert!(erp.posts().is_empty());
    }
}

/// Copies of customers' data have no name: nothing is left of them, however the program ends.
#[cfg(target_os = "linux")]
#[test]
fn nothing_stays_in_the_folder_for_temporary_files() {
    let mut importer = importer("a", &gzip(&saved("kunden.xlsx")));
    let temporary = importer.folder().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    importer.env("TMPDIR", temporary.to_str().unwrap());
    rehearse(&mut importer, &[], 0);
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    std::fs::remove_dir(&temporary).unwrap();
    let run = rehearse(&mut importer, &[], 4);
    assert!(run.said().contains("TMPDIR"), "{}", run.said());
}
