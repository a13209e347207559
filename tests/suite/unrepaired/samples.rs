//! Every text that the samples send stands in their records, or comes from a step that the
//! mapping names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::trimmed;
use crate::support::{Importer, repository};

/// Keys of a value that only say where it comes from, or how it is read.
const PLAIN: [&str; 6] = ["column", "first_of", "required", "date", "decimal", "max"];

/// A record of a sample: its cells by column; those of JSON by path.
type Cells = BTreeMap<String, String>;

/// The records of a sample, read without the program.
fn records(file: &str, mapping: &toml::Table) -> Vec<Cells> {
    let bytes = std::fs::read(repository(file)).unwrap();
    let source = mapping.get("source").and_then(toml::Value::as_table);
    let said = |key: &str| source.and_then(|source| source.get(key));
    if file.ends_with(".jsonl") {
        let text = String::from_utf8(bytes).unwrap();
        return text
            .lines()
            .filter_map(|line| {
                let mut cells = Cells::new();
                flatten("", &serde_json::from_str(line).ok()?, &mut cells);
                Some(cells)
            })
            .collect();
    }
    let label = said("encoding")
        .and_then(toml::Value::as_str)
        .unwrap_or("utf-8");
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
    let (text, ..) = encoding.decode(&bytes);
    let skipped = said("skip_lines")
        .and_then(toml::Value::as_integer)
        .unwrap_or(0);
    let skipped = usize::try_from(skipped).unwrap();
    let at = text.split_inclusive('\n').take(skipped).map(str::len).sum();
    let delimiter = said("delimiter")
        .and_then(toml::Value::as_str)
        .unwrap_or(";");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.as_bytes()[0])
        .flexible(true)
        .from_reader(text.get(at..).unwrap().as_bytes());
    let header: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            header
                .iter()
                .cloned()
                .zip(row.iter().map(str::to_owned))
                .collect()
        })
        .collect()
}

fn flatten(path: &str, value: &Value, cells: &mut Cells) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(&format!("{path}{dot}{key}"), value, cells);
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                flatten(&format!("{path}[{at}]"), value, cells);
            }
        }
        Value::String(text) => {
            cells.insert(path.to_owned(), text.clone());
        }
        Value::Null => {}
        other => {
            cells.insert(path.to_owned(), other.to_string());
        }
    }
}

/// The columns of a value in the mapping, if it does nothing but take one of them.
fn plain(value: &toml::Value) -> Option<Vec<&str>> {
    let table = match value {
        toml::Value::String(column) => return Some(vec![column]),
        value => value.as_table()?,
    };
    if table.get("cut").is_some() || !table.keys().all(|key| PLAIN.contains(&key.as_str())) {
        return None;
    }
    let columns = match table.get("first_of") {
        Some(list) => list
            .as_array()?
            .iter()
            .filter_map(toml::Value::as_str)
            .collect(),
        None => vec![table.get("column")?.as_str()?],
    };
    Some(columns)
}

/// Holds each text of an object against what the mapping says about it; counts what was plain.
fn check(body: &Value, mapping: &toml::Value, cells: &Cells, place: &str, plains: &mut usize) {
    for (name, value) in body.as_object().unwrap() {
        let place = format!("{place}.{name}");
        // Its objects and lists are tables there, too; of a list, any of its addresses.
        let said = mapping
            .get(name)
            .unwrap_or_else(|| panic!("{place} is not in the mapping"));
        match value {
            Value::Object(_) => check(value, said, cells, &place, plains),
            Value::Array(list) => {
                for address in list {
                    let fits = said.as_array().unwrap().iter().any(|said| {
                        std::panic::catch_unwind(|| check(address, said, cells, &place, &mut 0))
                            .is_ok()
                    });
                    assert!(fits, "{place}: {address} fits none of the mapping's");
                }
            }
            Value::String(text) => {
                let Some(columns) = plain(said) else {
                    assert!(said.is_table(), "{place}: no step is named");
                    continue;
                };
                // Dates have a form of their own, and the type says so.
                if text.ends_with('Z') && text.contains('T') && text.starts_with(['1', '2']) {
                    continue;
                }
                let stands = columns.iter().any(|column| {
                    let cell = cells
                        .iter()
                        .find(|(name, _)| trimmed(name).to_lowercase() == column.to_lowercase());
                    cell.is_some_and(|(_, cell)| trimmed(cell) == text)
                });
                assert!(stands, "{place} is {text:?}, which {columns:?} do not have");
                *plains += 1;
            }
            _ => {}
        }
    }
}

#[test]
fn every_text_of_the_samples_stands_there_or_comes_from_a_step() {
    let model = std::fs::read_to_string(repository("samples/expected.toml")).unwrap();
    let model: toml::Table = model.parse().unwrap();
    let (mut samples, mut plains) = (0, 0);
    for sample in model["sample"].as_array().unwrap() {
        let (file, mapping_file) = (
            sample["file"].as_str().unwrap(),
            sample["mapping"].as_str().unwrap(),
        );
        let mapping: toml::Table = std::fs::read_to_string(repository(mapping_file))
            .unwrap()
            .parse()
            .unwrap();
        // Customers of several records and other files have no one record to look into.
        if ["group", "join"]
            .iter()
            .any(|key| mapping.contains_key(*key))
        {
            continue;
        }
        let Ok(_) = std::fs::metadata(repository(file)) else {
            panic!("{file}");
        };
        let records = records(file, &mapping);
        let mut importer = Importer::new();
        let input = repository(file);
        importer.args(["run", input.to_str().unwrap(), "-m"]);
        importer.arg(repository(mapping_file).to_str().unwrap());
        let run = importer
            .arg("--dry-run")
            .arg("--payloads")
            .arg("bodies.jsonl")
            .run();
        assert!(matches!(run.code, 0 | 3), "{}", run.said());
        let bodies = std::fs::read_to_string(importer.folder().join("bodies.jsonl")).unwrap();
        let mut met = BTreeSet::new();
        for body in bodies.lines() {
            let body: Value = serde_json::from_str(body).unwrap();
            let number = body["Number"].as_str().unwrap();
            let is_number = |cell: &String| trimmed(cell).trim_start_matches('\'') == number;
            let record = records
                .iter()
                .position(|cells| cells.values().any(is_number))
                .unwrap_or_else(|| panic!("{file}: no record has {number}"));
            met.insert(record);
            let place = format!("{file}, {number}: ");
            check(
                &body,
                &mapping["customer"],
                &records[record],
                &place,
                &mut plains,
            );
        }
        assert!(!met.is_empty(), "{file}");
        samples += 1;
    }
    assert!(samples >= 8, "{samples} samples");
    assert!(plains > 2_000, "{plains} texts were compared");
}
