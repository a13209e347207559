//! Every sample against the model of what becomes of its records, `samples/expected.toml`: in a
//! dry run, and in a run into a stand-in ERP that other hands wrote.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::other_erp::{Knobs, OtherErp};
use crate::support::{Importer, Run, repository, rows};

/// The model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    sample: Vec<Sample>,
}

/// What becomes of the records of one sample.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    file: String,
    mapping: String,
    records: u64,
    ready: u64,
    invalid: u64,
    left_out: u64,
    #[serde(default)]
    grouped: u64,
    exceptions: Vec<Exception>,
    warnings: Vec<Findings>,
}

/// A record that is not plainly valid.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    record: u64,
    line: u64,
    outcome: OutcomeWord,
    #[serde(default)]
    codes: Vec<String>,
    #[serde(default)]
    fields: Vec<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum OutcomeWord {
    Invalid,
    LeftOut,
    Grouped,
}

/// What is odd about a record that is sent all the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Findings {
    record: u64,
    line: u64,
    codes: Vec<String>,
    fields: Vec<String>,
}

/// Codes with their fields, by record and line; the order within a record has no meaning.
type Found = BTreeMap<(u64, u64), BTreeSet<(String, String)>>;

impl Sample {
    fn errors(&self) -> Found {
        self.exceptions
            .iter()
            .filter(|exception| exception.outcome == OutcomeWord::Invalid)
            .map(|it| ((it.record, it.line), pairs(&it.codes, &it.fields)))
            .collect()
    }

    fn warnings(&self) -> Found {
        self.warnings
            .iter()
            .map(|it| ((it.record, it.line), pairs(&it.codes, &it.fields)))
            .collect()
    }

    /// Numbers of the records that are sent.
    fn sent(&self) -> BTreeSet<u64> {
        let exceptions: BTreeSet<u64> = self.exceptions.iter().map(|it| it.record).collect();
        (1..=self.records)
            .filter(|record| !exceptions.contains(record))
            .collect()
    }

    fn code(&self) -> i32 {
        if self.invalid > 0 { 3 } else { 0 }
    }

    fn name(&self) -> &str {
        self.mapping
            .rsplit('/')
            .next()
            .unwrap()
            .split('.')
            .next()
            .unwrap()
    }

    fn command(&self, mapping: &str) -> Importer {
        let mut importer = Importer::new();
        let input = repository(&self.file);
        importer.args(["run", input.to_str().unwrap(), "-m", mapping]);
        importer
    }

    fn mapping_file(&self) -> String {
        repository(&self.mapping).to_str().unwrap().to_owned()
    }

    /// What `run` reports about single records is what the model says.
    #[track_caller]
    fn agrees_with(&self, run: &Run, ready_word: &str) {
        let said = run.said();
        for (word, count) in [
            ("read", self.records),
            (ready_word, self.ready),
            ("invalid", self.invalid),
            ("left_out", self.left_out),
            ("grouped", self.grouped),
        ] {
            assert_eq!(run.count(word), count, "{}: {word}\n{said}", self.file);
        }
        assert_eq!(found_errors(run), self.errors(), "{}\n{said}", self.file);
        assert_eq!(
            found_warnings(run),
            self.warnings(),
            "{}\n{said}",
            self.file
        );
    }

    #[track_caller]
    fn rehearse(&self, mapping: &str) {
        let mut importer = self.command(mapping);
        let run = importer.arg("--dry-run").run().expect(self.code());
        self.agrees_with(&run, "ready");
    }

    #[track_caller]
    fn import(&self, mapping: &str) {
        let erp = OtherErp::start(Knobs::default());
        let mut importer = self.command(mapping);
        importer.arg("--base-url").arg(erp.url());
        // More than a fifth is damaged on purpose.
        importer.arg("--max-invalid").arg("100%");
        let run = importer.run().expect(self.code());
        self.agrees_with(&run, "created");
        assert_eq!(erp.violations(), Vec::<String>::new(), "{}", self.file);

        let created = run.rows("created.csv");
        let records: Vec<u64> = created.iter().map(|row| number(&row["record"])).collect();
        let sent: Vec<u64> = self.sent().into_iter().collect();
        assert_eq!(records, sent, "{}: records created", self.file);
        // Each number of the report stands in the ledger once, and the other way round.
        let reported: Vec<&str> = sorted(created.iter().map(|row| row["customer_number"].as_str()));
        let ledger = erp.ledger();
        let given = sorted(ledger.iter().map(|(number, _)| number.as_str()));
        assert_eq!(reported, given, "{}: numbers", self.file);
        assert_eq!(reported.iter().collect::<BTreeSet<_>>().len(), given.len());
        for (number, body) in &ledger {
            // Without a number of their own they are known by their address.
            let key = match body["Number"].as_str() {
                Some(key) => {
                    assert_eq!(key, number);
                    key
                }
                None => body["BillingAddress"]["EmailAddress"].as_str().unwrap(),
            };
            assert!(created.iter().any(|row| row["key"] == key), "{key}");
        }
        assert_eq!(erp.posts().len(), ledger.len(), "{}", self.file);
    }
}

fn pairs(codes: &[String], fields: &[String]) -> BTreeSet<(String, String)> {
    assert_eq!(codes.len(), fields.len(), "{codes:?} {fields:?}");
    codes.iter().cloned().zip(fields.iter().cloned()).collect()
}

fn sorted<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    texts
}

fn number(text: &str) -> u64 {
    text.parse().unwrap()
}

/// What the report says about records that are not sent.
fn found_errors(run: &Run) -> Found {
    if run.has_report_file("failed.jsonl") {
        return String::from_utf8(run.report_file("failed.jsonl"))
            .unwrap()
            .lines()
            .map(|line| {
                let row: Value = serde_json::from_str(line).unwrap();
                let at = |name: &str| row[name].as_u64().unwrap();
                let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
                let errors = row["errors"].as_array().unwrap();
                let errors = errors
                    .iter()
                    .map(|error| (text(error, "code"), text(error, "field")));
                ((at("record"), at("line")), errors.collect())
            })
            .collect();
    }
    let bytes = run.report_file("failed.csv");
    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(&bytes);
    let header = text.lines().next().unwrap();
    let delimiter = if header.contains(';') { b';' } else { b',' };
    rows(text.as_bytes(), delimiter)
        .iter()
        .map(|row| {
            let split =
                |name: &str| -> Vec<String> { row[name].split(" | ").map(str::to_owned).collect() };
            let at = (number(&row["_record"]), number(&row["_line"]));
            (at, pairs(&split("_code"), &split("_field")))
        })
        .collect()
}

/// What the report says about records that are sent all the same.
fn found_warnings(run: &Run) -> Found {
    let mut found = Found::new();
    if run.has_report_file("warnings.csv") {
        for row in run.rows("warnings.csv") {
            found
                .entry((number(&row["record"]), number(&row["line"])))
                .or_default()
                .insert((row["code"].clone(), row["field"].clone()));
        }
    }
    found
}

fn model() -> Vec<Sample> {
    let text = std::fs::read_to_string(repository("samples/expected.toml")).unwrap();
    let model: Model = toml::from_str(&text).unwrap();
    model.sample
}

/// Samples whose mapping is built into the program.
fn built_in() -> impl Iterator<Item = Sample> {
    let names = wawi_importer::mapping::Mapping::builtin_names();
    model()
        .into_iter()
        .filter(|sample| names.contains(&sample.name()))
}

#[test]
fn the_model_speaks_of_every_sample_and_adds_up() {
    let model = model();
    let spoken_of: BTreeSet<String> = model.iter().map(|sample| sample.file.clone()).collect();
    let there: BTreeSet<String> = std::fs::read_dir(repository("samples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".csv") || name.ends_with(".jsonl"))
        .map(|name| format!("samples/{name}"))
        // Of two files that belong together the input is spoken of.
        .chain(["samples/prestashop/addresses.csv".to_owned()])
        .collect();
    assert_eq!(spoken_of, there);
    for sample in &model {
        for (outcome, count) in [
            (OutcomeWord::Invalid, sample.invalid),
            (OutcomeWord::LeftOut, sample.left_out),
            (OutcomeWord::Grouped, sample.grouped),
        ] {
            let exceptions = sample.exceptions.iter();
            let these = exceptions.filter(|exception| exception.outcome == outcome);
            assert_eq!(these.count() as u64, count, "{}", sample.file);
        }
        let settled = sample.ready + sample.invalid + sample.left_out + sample.grouped;
        assert_eq!(settled, sample.records, "{}", sample.file);
    }
    assert_eq!(built_in().count(), 7);
}

#[test]
fn a_dry_run_finds_what_the_model_says() {
    for sample in model() {
        sample.rehearse(&sample.mapping_file());
    }
}

#[test]
fn a_run_creates_what_the_model_calls_ready() {
    for sample in model() {
        sample.import(&sample.mapping_file());
    }
}

#[test]
fn the_built_in_mappings_do_as_their_files() {
    for sample in built_in() {
        let mapping = format!("builtin:{}", sample.name());
        sample.rehearse(&mapping);
        sample.import(&mapping);
    }
}
