//! The report of a dry run reads again only what it has to tell of, and tells the same as if it
//! had read everything.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::support::{Importer, Run, rows};

const MAPPING: &str = r#"
[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }

[customer.BillingAddress]
LastName = "Name"
Street = "Weg"
PostalCode = "PLZ"
City = "Ort"
CountryIso = { value = "DE" }
EmailAddress = { column = "E-Mail", as = "email" }
"#;

const GROUP: &str = r#"
[group]
by = "Nr"
into = "OtherAddresses.OtherShippingAddresses"

[group.address]
LastName = "Name"
Street = "Weg"
PostalCode = "PLZ"
City = "Ort"
CountryIso = { value = "DE" }
"#;

const RECORDS: u64 = 2_600;

/// Records that fail: three by their e-mail address, one by its key.
const FAILED: [u64; 5] = [5, 1_300, 1_301, 2_400, 2_590];

/// Cells of a record: about two thousand bytes, so that the input has several blocks.
fn cells(record: u64) -> [String; 7] {
    let number = if record == 2_400 { 3 } else { record };
    let email = match record {
        5 | 1_300 | 1_301 | 2_590 => "kein Postfach".to_owned(),
        2_000 => "k1@example.org".to_owned(),
        _ => format!("k{record}@example.org"),
    };
    [
        format!("K{number}"),
        format!("Name {record}"),
        format!("Weg {record}"),
        "01067".to_owned(),
        if record == 900 {
            "MÃ¼nchen"
        } else {
            "München"
        }
        .to_owned(),
        email,
        "ö".repeat(900 + usize::try_from(record % 101).unwrap()),
    ]
}

const HEADER: [&str; 7] = ["Nr", "Name", "Weg", "PLZ", "Ort", "E-Mail", "Notiz"];

fn csv() -> String {
    let mut text = HEADER.join(";") + "\r\n";
    for record in 1..=RECORDS {
        writeln!(text, "{}\r", cells(record).join(";")).unwrap();
    }
    text
}

fn json_lines() -> String {
    let object = |record| -> Value {
        let named = HEADER.into_iter().zip(cells(record));
        named
            .map(|(name, cell)| (name.to_owned(), Value::String(cell)))
            .collect()
    };
    (1..=RECORDS)
        .map(|record| format!("{}\n", object(record)))
        .collect()
}

/// The file in UTF-8, if it is UTF-16: a returned file has its input's encoding.
fn utf_8(bytes: Vec<u8>) -> Vec<u8> {
    let Some(units) = bytes.strip_prefix(b"\xff\xfe") else {
        return bytes;
    };
    let units = units
        .chunks(2)
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    String::from_utf16(&units.collect::<Vec<_>>())
        .unwrap()
        .into_bytes()
}

/// What the report tells, without what differs from run to run.
fn told(run: &Run, failed: &str) -> (Vec<BTreeMap<String, String>>, String, Value) {
    let failed = match failed.ends_with(".csv") {
        true => rows(&utf_8(run.report_file(failed)), b';'),
        false => String::from_utf8(run.report_file(failed))
            .unwrap()
            .lines()
            .map(|line| {
                let object: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
                let texts = object.into_iter();
                texts
                    .map(|(name, value)| match name.as_str() {
                        "run" | "record" => (format!("_{name}"), value.to_string()),
                        _ => (name, value.to_string()),
                    })
                    .collect()
            })
            .collect(),
    };
    let without_run = failed.into_iter().map(|mut row| {
        row.remove("_run");
        row
    });
    let mut summary = run.summary();
    let object = summary.as_object_mut().unwrap();
    for differs in [
        "run",
        "started",
        "finished",
        "reading_seconds",
        "report_dir",
    ] {
        object.remove(differs).unwrap();
    }
    let warnings = String::from_utf8(run.report_file("warnings.csv")).unwrap();
    (without_run.collect(), warnings, summary)
}

#[test]
fn what_is_told_is_the_same_whether_all_is_read_again_or_not() {
    let utf_16 = format!("\u{feff}{}", csv());
    let utf_16: Vec<u8> = utf_16.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let grouped = format!("{MAPPING}{GROUP}");
    for (name, bytes, mapping, failed) in [
        ("a.csv", csv().into_bytes(), MAPPING, "failed.csv"),
        ("b.csv", utf_16, MAPPING, "failed.csv"),
        ("c.csv", csv().into_bytes(), grouped.as_str(), "failed.csv"),
        (
            "d.jsonl",
            json_lines().into_bytes(),
            MAPPING,
            "failed.jsonl",
        ),
    ] {
        let rehearsed = |further: &[&str]| {
            let mut importer = Importer::new();
            importer.file("map.toml", mapping);
            importer.file(name, &bytes);
            importer.args(["run", name, "-m", "map.toml", "--dry-run"]);
            for word in further {
                importer.arg(word);
            }
            told(&importer.run().expect(3), failed)
        };
        let chosen = rehearsed(&[]);
        // With bodies everything is read again.
        let all = rehearsed(&["--payloads", "bodies.jsonl"]);
        assert_eq!(chosen.0, all.0, "{name}");
        assert_eq!(chosen.1, all.1, "{name}");
        assert_eq!(chosen.2, all.2, "{name}");
        let records = chosen.0.iter().map(|row| row["_record"].parse().unwrap());
        assert_eq!(records.collect::<Vec<u64>>(), FAILED, "{name}");
        let warned = rows(chosen.1.as_bytes(), b',');
        let warned: Vec<&str> = warned.iter().map(|row| row["record"].as_str()).collect();
        assert_eq!(warned, ["900", "2000"], "{name}");
        assert_eq!(chosen.2["counts"]["read"], RECORDS, "{name}");
    }
}

#[test]
fn a_row_of_who_was_created_has_the_key_as_the_mapping_makes_it() {
    let mut importer = Importer::new();
    importer.file(
        "map.toml",
        format!("{MAPPING}\n[report]\ncolumns = [\"Ort\"]\n"),
    );
    importer.file("a.csv", csv());
    importer.args(["run", "a.csv", "-m", "map.toml", "--sandbox", "--yes"]);
    let run = importer.run().expect(3);
    let created = run.rows("created.csv");
    let mut expected = (1..=RECORDS).filter(|record| !FAILED.contains(record));
    for row in &created {
        let record = expected.next().unwrap();
        assert_eq!(row["record"], record.to_string());
        assert_eq!(row["key"], format!("K{record}"));
        assert_eq!(row["in_Ort"], cells(record)[4]);
    }
    assert_eq!(expected.next(), None);
}
