//! Which failures are known again in another start, and which are new.

use std::fmt::Write as _;

use wawi_importer::sandbox::{Faults, SandboxSettings};

use super::metric;
use super::program::{JOB, importer, metrics, once};
use crate::stand_in::StandIn;
use crate::support::Importer;

/// How an export is written down: rows, the first of which are the columns.
type Writer = fn(&[[&str; 6]]) -> Vec<u8>;

const COLUMNS: [&str; 6] = ["Nr", "Name", "Straße", "PLZ", "Ort", "Exportiert am"];

fn as_csv(rows: &[[&str; 6]]) -> Vec<u8> {
    let lines = rows.iter().map(|row| row.join(";") + "\n");
    lines.collect::<String>().into_bytes()
}

fn as_lines(rows: &[[&str; 6]]) -> Vec<u8> {
    let mut text = String::new();
    for row in &rows[1..] {
        let object = rows[0].iter().zip(row).map(|(name, cell)| {
            let pair = (*name, serde_json::Value::from(*cell));
            (pair.0.to_owned(), pair.1)
        });
        let object: serde_json::Map<_, _> = object.collect();
        writeln!(text, "{}", serde_json::Value::from(object)).unwrap();
    }
    text.into_bytes()
}

fn as_book(rows: &[[&str; 6]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

/// The job's file, with inputs of any format.
fn in_any_format() -> String {
    JOB.replace("inbox/*.csv", "inbox/*") + "fail_on = \"new\"\n"
}

/// Lets a night pass with this export; returns how many of its failures are new.
#[track_caller]
fn night(importer: &mut Importer, file: &str, export: Vec<u8>, code: i32) -> f64 {
    importer.file(&format!("inbox/{file}"), export);
    once(importer).expect(code);
    metric(
        &metrics(importer),
        "importer_job_last_new_failures{job=\"shop\"}",
    )
}

/// The day of the export is in each row, and nothing reads it.
#[test]
fn what_the_mapping_does_not_read_may_change_each_night() {
    let formats: [(&str, Writer); 3] = [
        ("a.csv", as_csv),
        ("a.jsonl", as_lines),
        ("a.xlsx", as_book),
    ];
    for (file, write) in formats {
        let erp = StandIn::start(SandboxSettings::default());
        let mut importer = importer(&erp, "");
        importer.file("jobs.toml", in_any_format());
        let mut night = |rows: &[[&str; 6]], code: i32| {
            let rows = [&[COLUMNS], rows].concat();
            night(&mut importer, file, write(&rows), code)
        };
        let without_city = |day| ["B1", "Muster", "Weg 1", "89073", "", day];
        let without_key = |day| ["", "Ohne", "Weg 2", "89073", "Ulm", day];
        let fine = |day| ["K1", "Gut", "Weg 3", "89073", "Ulm", day];
        let rows = |day| [without_city(day), fine(day), without_key(day)];
        assert_eq!(night(&rows("1.11."), 3), 2.0, "{file}");
        assert_eq!(night(&rows("2.11."), 0), 0.0, "{file}");
        // Who has a key is the same whatever else is said of it.
        let moved = ["b1 ", "Muster", "Allee 7", "89079", "", "3.11."];
        assert_eq!(night(&[moved, without_key("3.11.")], 0), 0.0, "{file}");
        // Without one somebody else is new.
        let other = ["", "Andere", "Weg 2", "89073", "Ulm", "4.11."];
        assert_eq!(night(&[without_city("4.11."), other], 3), 1.0, "{file}");
        // So is whoever fails in another way.
        let worse = ["B1", "", "Weg 1", "89073", "", "5.11."];
        assert_eq!(night(&[worse, other], 3), 1.0, "{file}");
    }
}

/// What the ERP turns down in the same way each night is known, too.
#[test]
fn a_customer_that_the_server_refuses_is_known_again() {
    let erp = StandIn::start(SandboxSettings::default());
    erp.set_faults(Faults::default().from_post(1, 422));
    let mut importer = importer(&erp, "fail_on = \"new\"");
    let mut night = |day: &str, code: i32| {
        let row = ["K1", "Gut", "Weg 3", "89073", "Ulm", day];
        night(&mut importer, "a.csv", as_csv(&[COLUMNS, row]), code)
    };
    assert_eq!(night("1.11.", 3), 1.0);
    assert_eq!(night("2.11.", 0), 0.0);
}

/// What the report alone carries along is not read by the mapping either.
#[test]
fn columns_of_the_report_alone_may_change() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "fail_on = \"new\"");
    let report = "[report]\ncolumns = [\"Exportiert am\", \"Nr\"]\n";
    importer.file("shop.toml", format!("{}{report}", super::MAPPING));
    let mut night = |day: &str, code: i32| {
        let row = ["", "Ohne", "Weg 3", "89073", "Ulm", day];
        night(&mut importer, "a.csv", as_csv(&[COLUMNS, row]), code)
    };
    assert_eq!(night("1.11.", 3), 1.0);
    assert_eq!(night("2.11.", 0), 0.0);
}

/// What was no record at all is nobody's: it is new, and spoils nothing for the others.
#[test]
fn what_could_not_be_split_is_always_new() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file("jobs.toml", in_any_format());
    let good = ["K1", "Gut", "Weg 3", "89073", "Ulm", ""];
    let bad = ["B1", "Muster", "Weg 1", "89073", "", ""];
    let mut night = |end: &str, code: i32| {
        let mut export = as_lines(&[COLUMNS, good, bad]);
        export.extend_from_slice(end.as_bytes());
        night(&mut importer, "a.jsonl", export, code)
    };
    let broken = "{\"Nr\": \n";
    assert_eq!(night(broken, 3), 2.0);
    assert_eq!(night(broken, 3), 1.0);
    assert_eq!(night("", 0), 0.0);
}

/// Of what is new the first five are told, with what is wrong and without any value.
#[test]
fn the_first_new_failures_are_told_one_by_one() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "fail_on = \"new\"");
    let bad = |number| [number, "Muster", "Weg 1", "89073", "", ""];
    let refused = ["K1", "Gut", "Weg 3", "89073", "Ulm", ""];
    erp.set_faults(Faults::default().from_post(1, 422));
    night(
        &mut importer,
        "a.csv",
        as_csv(&[COLUMNS, bad("B0"), refused]),
        3,
    );
    let told = std::fs::read(importer.folder().join(".importer/jobs/shop/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(
        summary["first_new_failures"],
        serde_json::json!([
            {
                "input": "inbox/a.csv", "record": 1, "line": 2,
                "errors": [{
                    "code": "required.missing", "field": "BillingAddress.City", "columns": ["Ort"],
                }],
            },
            {
                "input": "inbox/a.csv", "record": 2, "line": 3,
                "errors": [{"code": "Scripted", "field": "", "columns": []}],
            },
        ])
    );
    let hook = String::from_utf8(told).unwrap();
    assert!(!hook.contains("Muster") && !hook.contains("K1"), "{hook}");

    let mut rows = vec![COLUMNS, bad("B0")];
    rows.extend(["B1", "B2", "B3", "B4", "B5", "B6", "B7"].map(bad));
    importer.file("inbox/a.csv", as_csv(&rows[..5]));
    importer.file("inbox/b.csv", as_csv(&[&rows[..1], &rows[5..]].concat()));
    let run = once(&mut importer).expect(3);
    let new = |file: &str, record: u64| {
        format!(
            "\n  new: inbox/{file}.csv, record {record}, line {}: Column `Ort`: there is no value, \
             but one is required. (required.missing)",
            record + 1
        )
    };
    let told: String = [("a", 2), ("a", 3), ("a", 4), ("b", 1), ("b", 2)]
        .map(|(file, record)| new(file, record))
        .concat();
    let told = format!("7 new, 2 files read{told}\n  and 2 more\n");
    assert!(run.stderr.contains(&told), "{}", run.said());

    // Of a dry run all are.
    let jobs = JOB.to_owned() + "fail_on = \"new\"\nrun = { dry_run = true }\n";
    importer.file("jobs.toml", jobs);
    importer.file("inbox/c.csv", as_csv(&rows[..2]));
    let run = once(&mut importer).expect(3);
    let told = "  new: inbox/c.csv, record 1, line 2: required.missing, BillingAddress.City (column Ort)\n";
    assert!(run.stderr.contains(told), "{}", run.said());
}

/// The number of a customer that was created may be on a bad line beside the good one, each
/// night.
#[test]
fn a_double_is_known_though_its_customer_comes_through() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "fail_on = \"new\"");
    let mut night = |day: &str, code: i32| {
        let good = ["K1", "Gut", "Weg 3", "89073", "Ulm", day];
        let double = ["K1", "Gut", "Weg 4", "89073", "Ulm", day];
        night(
            &mut importer,
            "a.csv",
            as_csv(&[COLUMNS, good, double]),
            code,
        )
    };
    assert_eq!(night("1.11.", 3), 1.0);
    assert_eq!(night("2.11.", 0), 0.0);
    assert_eq!(night("3.11.", 0), 0.0);
}

/// What is remembered is begun anew if it is damaged, and that is told.
#[test]
fn failures_that_cannot_be_read_are_new() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "fail_on = \"new\"");
    let export = |day: &'static str| as_csv(&[COLUMNS, ["B1", "Gut", "Weg 3", "89073", "", day]]);
    assert_eq!(night(&mut importer, "a.csv", export("1.11."), 3), 1.0);
    importer.file(".importer/jobs/shop/failures", "nonsense");
    importer.file("inbox/a.csv", export("2.11."));
    let run = once(&mut importer).expect(3);
    let told = "failures cannot be read: it is damaged; it is begun anew";
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(told), "{}", run.said());
    assert_eq!(night(&mut importer, "a.csv", export("3.11."), 0), 0.0);
    // What an earlier version wrote is read.
    let state = ".importer/jobs/shop/state.json";
    let text = std::fs::read_to_string(importer.folder().join(state)).unwrap();
    let older = text.replacen('{', "{\"failures\": [\"00ff\"],", 1);
    importer.file(state, older);
    assert_eq!(night(&mut importer, "a.csv", export("4.11."), 0), 0.0);
}

/// The journal is where the job's profile says, and not beside what is remembered of the job.
#[test]
fn a_state_folder_of_the_profile_s_own_has_the_failures() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "fail_on = \"new\"\nprofile = \"live\"");
    importer.file("importer.toml", "[profiles.live]\nstate_dir = \"own\"\n");
    let mut night = |day: &str, code: i32| {
        let row = ["B1", "Muster", "Weg 1", "89073", "", day];
        night(&mut importer, "a.csv", as_csv(&[COLUMNS, row]), code)
    };
    assert_eq!(night("1.11.", 3), 1.0);
    assert_eq!(night("2.11.", 0), 0.0);
    assert!(importer.folder().join("own").is_dir());
}
