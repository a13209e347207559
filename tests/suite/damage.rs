//! Damage that files take on their way: each kind named with its place, its cause told once, and
//! the line of the mapping that cures it, tried. And the rules that a mapping may switch.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;
use wawi_importer::outcome::{Code, Damage};

use crate::support::{Importer, Run};

/// A mapping that asks for nothing: what is damaged stays so.
const MAPPING: &str = r#"
[source]
date = "%d.%m.%Y"
decimal = ","
delimiter = ";"

[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { column = "Sprache", default = "DE" }
Birthday = "geb."
CustomerSince = "seit"
Website = "Web"

[customer.BillingAddress]
FormOfAddress = { column = "Anrede", as = "salutation" }
LastName = "Name"
Company = "Firma"
Street = "Straße"
PostalCode = "PLZ"
City = "Ort"
CountryIso = { column = "Land", default = "DE" }
PhoneNumber = "Tel"
EmailAddress = "E-Mail"
VatID = "USt"

[customer.PaymentSettings]
Discount = "Rabatt"
CreditLimit = "Limit"
PaymentTarget = "Ziel"
"#;

/// Column, damaged value.
const DAMAGES: &[(&str, &str)] = &[
    ("PLZ", "1067"),
    ("PLZ", "=\"01067\""),
    ("PLZ", "'01067"),
    ("PLZ", "D-01067"),
    ("PLZ", "79098.0"),
    ("PLZ", "NULL"),
    ("Tel", "4.91761E+11"),
    ("Tel", "'+49 351 4710"),
    ("Tel", "="),
    ("Tel", "12"),
    ("Tel", "siehe Mobil"),
    ("Tel", "-"),
    ("E-Mail", "a@example.org; b@example.org"),
    ("E-Mail", "mailto:c@example.org"),
    ("E-Mail", "Max Muster <d@example.org>"),
    ("E-Mail", "n/a"),
    ("E-Mail", "e@@example.org"),
    ("geb.", "0000-00-00"),
    ("geb.", "01.01.1900"),
    ("geb.", "30.12.1899"),
    ("geb.", "31412"),
    ("geb.", "31.12.85"),
    ("geb.", "1985-12-31"),
    ("geb.", "05/06/1985"),
    ("geb.", "31.02.1980"),
    ("geb.", "24.12.1880"),
    ("seit", "12/31/2019"),
    ("Rabatt", "2.50"),
    ("Rabatt", "5 %"),
    ("Rabatt", "n/a"),
    ("Limit", "2500,00"),
    ("Limit", "1.500"),
    ("Limit", "100 €"),
    ("Ziel", "1E+1"),
    ("Ort", "NULL"),
    ("Ort", "K&ouml;ln"),
    ("Ort", "MÃ¼nchen"),
    ("Ort", "M\u{fffd}nchen"),
    ("Ort", "Dres\u{200b}den"),
    ("Ort", "#REF!"),
    ("Firma", "=\"ACME\""),
    ("Firma", "=A1&B1"),
    ("Firma", "R&amp;D GmbH"),
    ("Nr", "1,23457E+11"),
    ("Nr", "'1001"),
    ("Nr", "=\"1002\""),
    ("Name", "n/a"),
    ("Land", "Deutschland"),
    ("Land", "Mittelerde"),
    ("Sprache", "deutsch"),
    ("USt", "DE 136 695 976"),
    ("USt", "136695976"),
    ("USt", "DE136695977"),
    ("Web", "kein Internet"),
];

const COLUMNS: [&str; 18] = [
    "Nr", "Anrede", "Name", "Firma", "Straße", "PLZ", "Ort", "Land", "Tel", "E-Mail", "USt",
    "geb.", "seit", "Web", "Sprache", "Rabatt", "Limit", "Ziel",
];

/// One record a row; what a row does not say is plainly right.
fn csv(rows: &[Vec<(&str, &str)>]) -> String {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .from_writer(Vec::new());
    writer.write_record(COLUMNS).unwrap();
    for (number, row) in rows.iter().enumerate() {
        let mut record: BTreeMap<&str, String> = BTreeMap::new();
        record.insert("Nr", format!("C{number}"));
        record.insert("Name", format!("Muster{}", "x".repeat(number % 50)));
        record.insert("Ort", "Dresden".to_owned());
        record.extend(row.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let cells = COLUMNS.map(|name| record.remove(name).unwrap_or_default());
        writer.write_record(cells).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn damaged() -> String {
    let rows: Vec<_> = DAMAGES.iter().map(|damage| vec![*damage]).collect();
    csv(&rows)
}

/// A dry run, and the folder in which its report stands.
struct Rehearsal {
    run: Run,
    _home: Importer,
}

impl std::ops::Deref for Rehearsal {
    type Target = Run;

    fn deref(&self) -> &Run {
        &self.run
    }
}

impl Rehearsal {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.run.code, code, "{}", self.run.said());
        self
    }
}

fn rehearse(mapping: &str, input: &str) -> Rehearsal {
    let mut importer = Importer::new();
    importer.file("map.toml", mapping);
    importer.file("list.csv", input);
    let run = importer
        .args(["run", "list.csv", "-m", "map.toml", "--dry-run", "-v"])
        .run();
    Rehearsal {
        run,
        _home: importer,
    }
}

fn groups(run: &Run) -> Vec<Value> {
    let summary = run.summary();
    ["errors", "warning_groups"]
        .iter()
        .flat_map(|list| summary[list].as_array().unwrap().clone())
        .collect()
}

/// The mapping with the line of a cure in its place.
fn cured(mapping: &str, cure: &Value) -> String {
    let (table, line) = (
        cure["table"].as_str().unwrap(),
        cure["line"].as_str().unwrap(),
    );
    let key = line.split(" = ").next().unwrap();
    let mut here = false;
    let mut done = false;
    let mut text = String::new();
    for old in mapping.lines() {
        here = if old.starts_with('[') {
            old == table
        } else {
            here
        };
        if here && old.split(" = ").next() == Some(key) {
            writeln!(text, "{line}").unwrap();
            done = true;
        } else {
            writeln!(text, "{old}").unwrap();
        }
    }
    if done {
        text
    } else {
        assert!(mapping.contains(table), "{table}");
        mapping.replacen(table, &format!("{table}\n{line}"), 1)
    }
}

#[test]
fn every_damage_is_named_and_counted_by_cause() {
    let run = rehearse(MAPPING, &damaged()).expect(3);
    let mut told = String::new();
    for group in groups(&run) {
        let text = |name: &str| group[name].as_str().unwrap_or_default().to_owned();
        let first: Vec<u64> = group["first"]
            .as_array()
            .unwrap()
            .iter()
            .map(|position| position["record"].as_u64().unwrap())
            .collect();
        let values: Vec<&str> = first
            .iter()
            .map(|record| DAMAGES[usize::try_from(*record).unwrap() - 1].1)
            .collect();
        writeln!(told, "{} {} {}", text("code"), text("field"), text("kind")).unwrap();
        writeln!(told, "    {values:?} {}", text("message")).unwrap();
        match group["cure"].as_object() {
            None => writeln!(told, "    -> {}", text("remedy")).unwrap(),
            Some(cure) => writeln!(told, "    => {} {}", cure["table"], cure["line"]).unwrap(),
        }
    }
    insta::assert_snapshot!("causes", told);
    // Every record shows one damage, and none goes unnoticed.
    let found: BTreeSet<u64> = ["failed.csv", "warnings.csv"]
        .iter()
        .flat_map(|name| {
            let delimiter = if *name == "failed.csv" { b';' } else { b',' };
            let column = if *name == "failed.csv" {
                "_record"
            } else {
                "record"
            };
            crate::support::rows(&run.report_file(name), delimiter)
                .into_iter()
                .map(|row| row[column].parse().unwrap())
                .collect::<Vec<u64>>()
        })
        .collect();
    let all: BTreeSet<u64> = (1..=DAMAGES.len() as u64).collect();
    assert_eq!(found, all);
}

#[test]
fn the_plan_shows_causes_with_places_and_cures() {
    let run = rehearse(MAPPING, &damaged()).expect(3);
    let page = run.stdout.split("Errors by cause").nth(1).unwrap();
    let page = page.split("\nColumns").next().unwrap();
    insta::assert_snapshot!("plan", page);
}

#[test]
fn every_cure_cures() {
    let input = damaged();
    let mut mapping = MAPPING.to_owned();
    let mut cures = 0;
    // Lines for one and the same field come one after the other: each is given for the mapping
    // with those before.
    loop {
        let run = rehearse(&mapping, &input);
        let groups = groups(&run);
        let Some(group) = groups.iter().find(|group| group["cure"].is_object()) else {
            break;
        };
        cures += 1;
        assert!(cures < 60, "{group}");
        let record = group["first"][0]["record"].as_u64().unwrap();
        let better = cured(&mapping, &group["cure"]);
        let again = rehearse(&better, &input);
        assert!([0, 3].contains(&again.code), "{}\n{better}", again.said());
        let told = |rows: Vec<BTreeMap<String, String>>, record_name: &str, field: &str| {
            rows.iter().any(|row| {
                row[record_name] == record.to_string()
                    && row[field].contains(group["field"].as_str().unwrap())
            })
        };
        let failed = crate::support::rows(&again.report_file("failed.csv"), b';');
        assert!(!told(failed, "_record", "_field"), "{group}\n{better}");
        if again.has_report_file("warnings.csv") {
            assert!(
                !told(again.rows("warnings.csv"), "record", "field"),
                "{group}"
            );
        }
        mapping = better;
    }
    assert!(cures >= 20, "{cures}");
    // The good records are what they were.
    let good = csv(&[vec![
        ("PLZ", "01067"),
        ("Tel", "+49 351 4710"),
        ("geb.", "31.12.1985"),
        ("E-Mail", "max@example.org"),
        ("Rabatt", "2,50"),
        ("Limit", "2500"),
        ("Firma", "Café \"Adler\""),
    ]]);
    rehearse(&mapping, &good).expect(0);
}

#[test]
fn a_decimal_sign_is_not_changed_for_one_record() {
    let mut rows = vec![vec![("Rabatt", "2,50")]; 9];
    rows.push(vec![("Rabatt", "3.50")]);
    let of_one = groups(&rehearse(MAPPING, &csv(&rows)).expect(3));
    assert_eq!(of_one[0]["kind"], "decimal_point");
    assert_eq!(of_one[0]["cure"], Value::Null);
    let of_all = groups(&rehearse(MAPPING, &csv(&vec![vec![("Rabatt", "3.50")]; 9])).expect(3));
    assert_eq!(
        of_all[0]["cure"]["line"],
        r#"Discount = { column = "Rabatt", decimal = "." }"#
    );
}

/// Columns and values of a record.
type Row = Vec<(&'static str, &'static str)>;

/// For each rule that a mapping may switch: records that break it in their last one.
fn broken() -> Vec<(Code, Vec<Row>)> {
    let one = |column, value| vec![vec![(column, value)]];
    let person = vec![("Name", "Müller"), ("Straße", "Weg 1"), ("PLZ", "01067")];
    let again = vec![("Name", " MÜLLER"), ("Straße", "weg  1 "), ("PLZ", "01067")];
    const LONG: &str =
        "Ein Ort mit einem Namen von mehr als vierundsechzig Zeichen, den es nicht gibt";
    vec![
        (Code::LengthNewer, one("Ort", LONG)),
        (Code::EmailMalformed, one("E-Mail", "kein Postfach")),
        (Code::PhoneMalformed, one("Tel", "siehe Mobil")),
        (Code::UrlMalformed, one("Web", "kein Internet")),
        (Code::CountryUnknown, one("Land", "XQ")),
        (Code::LanguageUnknown, one("Sprache", "XQ")),
        (Code::SalutationUnknown, one("Anrede", "Sir")),
        (Code::LookupMissing, one("Firma", "Gold")),
        (Code::PostalCodeCountry, one("PLZ", "1067")),
        (Code::VatIdFormat, one("USt", "DE12345")),
        (Code::VatIdChecksum, one("USt", "DE136695977")),
        (Code::VatIdCountry, one("USt", "ATU33864707")),
        (Code::NameMissing, one("Name", "")),
        (Code::PersonDuplicate, vec![person, again]),
        (
            Code::EmailDuplicate,
            vec![
                vec![("E-Mail", "a@example.org")],
                vec![("E-Mail", "A@Example.org")],
            ],
        ),
        (Code::RecordRagged, one("Nr", "ragged")),
        (Code::EncodingSuspect, one("Ort", "MÃ¼nchen")),
        (Code::TextControl, one("Ort", "Dres\u{1b}den")),
        (Code::TextSuspect, one("Ort", "NULL")),
        (Code::DateSuspect, one("geb.", "24.12.1880")),
    ]
}

#[test]
fn each_rule_that_may_be_switched_is_an_error_a_warning_or_off() {
    let broken = broken();
    let mut spoken_of: BTreeSet<Code> = broken.iter().map(|(code, _)| *code).collect();
    // These need more than a CSV file.
    spoken_of.extend([Code::ErpUnknownId, Code::CellError, Code::JoinMissing]);
    let switchable = Code::ALL
        .iter()
        .copied()
        .filter(|code| code.is_switchable());
    assert_eq!(spoken_of, switchable.collect());
    for (code, rows) in broken {
        let mut input = csv(&rows);
        if code == Code::RecordRagged {
            input = format!("{};zuviel\n", input.trim_end());
        }
        let mut mapping = MAPPING.to_owned();
        if code == Code::LookupMissing {
            let lookup = r#"Company = { column = "Firma", lookup = { "Silber" = "S" } }"#;
            mapping = mapping.replace("Company = \"Firma\"", lookup);
        }
        for weight in ["error", "warn", "off"] {
            let mapping = format!("{mapping}\n[rules]\n\"{code}\" = \"{weight}\"\n");
            let run = rehearse(&mapping, &input);
            let exit = if weight == "error" { 3 } else { 0 };
            let run = run.expect(exit);
            let summary = run.summary();
            let has = |list: &str| {
                let groups = summary[list].as_array().unwrap();
                groups.iter().any(|group| group["code"] == code.as_str())
            };
            let found = (has("errors"), has("warning_groups"));
            assert_eq!(
                found,
                (weight == "error", weight == "warn"),
                "{code} {weight}"
            );
        }
    }
}

#[test]
fn what_the_api_demands_cannot_be_switched() {
    let mapping = format!("{MAPPING}\n[rules]\n\"required.missing\" = \"off\"\n");
    let run = rehearse(&mapping, &csv(&[vec![]]));
    assert_eq!(run.code, 4, "{}", run.said());
}

#[test]
fn doubles_name_the_earlier_record_and_spellings_count() {
    let person = |name, street| vec![("Name", name), ("Straße", street), ("PLZ", "01067")];
    let rows = [
        person("Müller", "Hauptstraße 1"),
        person("MÜLLER ", "hauptstraße  1"),
        person("Mueller", "Hauptstraße 1"),
        person("Müller", "Hauptstr. 1"),
    ];
    let run = rehearse(MAPPING, &csv(&rows)).expect(0);
    let rows = run.rows("warnings.csv");
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row["record"].as_str(), row["code"].as_str()))
        .collect();
    assert_eq!(told, [("2", "person.duplicate")]);
    assert!(
        rows[0]["message"].contains("record 1, line 2"),
        "{:?}",
        rows[0]
    );
}

#[test]
fn input_in_the_apis_own_shape_meets_the_same_rules() {
    let record = |billing: &str, more: &str| {
        format!(
            r#"{{"Number":"C1","CustomerGroupId":1,"LanguageIso":"DE","InternalCompanyId":1{more},"BillingAddress":{{"CountryIso":"DE",{billing}}}}}"#
        )
    };
    for (billing, more, expected) in [
        (
            r#""City":"NULL","LastName":"Muster""#,
            "",
            "text.suspect no_value",
        ),
        (
            r#""City":"Ulm","LastName":"M&uuml;ller""#,
            "",
            "text.suspect html",
        ),
        (
            r#""City":"Ulm","LastName":"Muster","PostalCode":"1067""#,
            "",
            "postal_code.country lost_zero",
        ),
        (
            r#""City":"Ulm","LastName":"Muster","PostalCode":"=\"01067\"""#,
            "",
            "postal_code.country guard",
        ),
        (
            r#""City":"Ulm","LastName":"Muster","PhoneNumber":"4.9E+11""#,
            "",
            "phone.malformed scientific",
        ),
        (
            r#""City":"Ulm","LastName":"MÃ¼ller""#,
            "",
            "encoding.suspect mojibake",
        ),
        (
            r#""City":"Ulm","LastName":"Muster""#,
            r#","Birthday":"31.12.1985""#,
            "type.date other_date",
        ),
        (
            r#""City":"Ulm","LastName":"Muster""#,
            r#","Birthday":"0000-00-00""#,
            "type.date no_date",
        ),
        (
            r#""City":"Ulm","LastName":"Muster""#,
            r#","Birthday":"1880-12-31""#,
            "date.suspect ",
        ),
        (
            r#""City":"Ulm","LastName":"Muster","VatID":"DE136695977""#,
            "",
            "vat_id.checksum ",
        ),
    ] {
        let mut importer = Importer::new();
        importer.file("list.jsonl", record(billing, more));
        let run = importer.args(["run", "list.jsonl", "--dry-run"]).run();
        let groups = groups(&run);
        let group = groups
            .first()
            .unwrap_or_else(|| panic!("{expected}\n{}", run.said()));
        let kind = group["kind"].as_str().unwrap_or_default();
        assert_eq!(
            format!("{} {kind}", group["code"].as_str().unwrap()),
            expected
        );
        assert_eq!(group["cure"], Value::Null);
        assert_eq!(groups.len(), 1, "{expected}");
    }
}

#[test]
fn every_kind_of_damage_is_met_here() {
    let run = rehearse(MAPPING, &damaged()).expect(3);
    let met: BTreeSet<String> = groups(&run)
        .iter()
        .filter_map(|group| group["kind"].as_str().map(str::to_owned))
        .collect();
    let missing: Vec<&str> = Damage::ALL
        .iter()
        .map(|damage| damage.as_str())
        .filter(|word| !met.contains(*word))
        .collect();
    // A declared comma never meets its like.
    assert_eq!(missing, ["decimal_comma"]);
}
