//! Exports that no mapping of ours was made for. Each was mapped by what docs/mapping.md tells,
//! and by nothing else. What is meant stands beside it, written down before.

use std::collections::BTreeMap;

use serde_json::Value;
use wawi_importer::sandbox::SandboxSettings;

use crate::stand_in::StandIn;
use crate::support::{Importer, Run, repository, rows};

const FOLDER: &str = "tests/fixtures/foreign";

/// Numbers as numbers: `2.50` is `2.5`.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64().unwrap()),
        Value::Array(list) => list.iter().map(plain).collect(),
        Value::Object(object) => {
            let fields = object.iter();
            fields.map(|(key, it)| (key.clone(), plain(it))).collect()
        }
        other => other.clone(),
    }
}

fn number(body: &Value) -> String {
    body["Number"].as_str().unwrap().to_owned()
}

/// What is meant, in the order of the export.
fn meant(name: &str) -> Vec<Value> {
    let file = repository(&format!("{FOLDER}/{name}.json"));
    let bodies: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    bodies.iter().map(plain).collect()
}

/// The program beside an export and its mapping.
fn beside(files: [&str; 2]) -> Importer {
    let it = Importer::new();
    for file in files {
        let bytes = std::fs::read(repository(&format!("{FOLDER}/{file}"))).unwrap();
        it.file(file, bytes);
    }
    it
}

/// Tries the export, then imports it into a sandbox; both must have the bodies that are meant,
/// each once. The import's run, and its folder.
#[track_caller]
fn imported(name: &str, ending: &str, code: i32) -> (Run, Importer) {
    let (input, mapping) = (format!("{name}.{ending}"), format!("{name}.toml"));
    let meant = meant(name);

    let mut it = beside([&input, &mapping]);
    it.args(["mapping", "check", &mapping, &input]);
    it.run().expect(0);
    let words = ["run", &input, "-m", &mapping];
    it.args(
        words
            .iter()
            .chain(&["--dry-run", "--payloads", "sent.jsonl"]),
    );
    it.run().expect(code);
    let sent = std::fs::read_to_string(it.folder().join("sent.jsonl")).unwrap();
    let sent: Vec<Value> = sent
        .lines()
        .map(|line| plain(&serde_json::from_str(line).unwrap()))
        .collect();
    assert_eq!(sent, meant);

    let erp = StandIn::start(SandboxSettings::default());
    let mut it = beside([&input, &mapping]);
    it.args(words.iter().chain(&["--base-url", &erp.url()]));
    let run = it.run().expect(code);
    let entries = erp.ledger();
    assert_eq!(entries.len(), meant.len());
    let ledger: BTreeMap<String, Value> = entries
        .into_iter()
        .map(|entry| (entry.number, plain(&entry.body)))
        .collect();
    let meant: BTreeMap<String, Value> = meant
        .into_iter()
        .map(|body| (number(&body), body))
        .collect();
    assert_eq!(ledger, meant);
    (run, it)
}

/// Customers and suppliers in one list, Windows-1252, German numbers and dates, postal codes
/// without their zero, one column for companies and last names.
#[test]
fn a_bookkeeping_program() {
    let (run, _folder) = imported("buchhaltung", "csv", 0);
    assert_eq!((run.count("created"), run.count("left_out")), (48, 12));
    assert_eq!(run.summary()["repairs"]["postal_code.zero_restored"], 16);
}

/// A row for each address. A time with an offset keeps it.
#[test]
fn a_shop_that_writes_a_row_for_each_address() {
    let (run, _folder) = imported("adresszeilen", "csv", 0);
    assert_eq!((run.count("created"), run.count("grouped")), (40, 60));
}

/// Ragged rows, American dates, English names of countries. In record 35 a row is short, and
/// then has one field more: it stands in the column of the VAT id, and is none.
#[test]
fn an_english_system_with_ragged_rows() {
    let (run, _folder) = imported("overseas", "txt", 3);
    assert_eq!((run.count("created"), run.count("invalid")), (49, 1));
    let failed = rows(&run.report_file("failed.csv"), b'|');
    let told: Vec<_> = failed
        .iter()
        .map(|row| {
            (
                row["_record"].as_str(),
                row["_field"].as_str(),
                row["_code"].as_str(),
            )
        })
        .collect();
    assert_eq!(told, [("35", "BillingAddress.VatID", "vat_id.format")]);
    let ragged = run.rows("warnings.csv");
    let mut ragged: Vec<_> = ragged.iter().map(|row| row["record"].as_str()).collect();
    ragged.sort_by_key(|record| record.parse::<u64>().unwrap());
    assert_eq!(ragged, ["5", "10", "15", "25", "35", "45"]);
}
