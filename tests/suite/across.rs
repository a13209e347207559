//! From one run to the next: another export, another mapping, what failed once more, starting
//! over, corrected failures that come back, and which ERP it is.

mod again;
mod altered;
mod front;
mod returned;
pub(crate) mod spreadsheet;
mod targets;
mod waiting;
mod workbook;

use std::collections::BTreeMap;

use wawi_importer::sandbox::{Faults, SandboxSettings};

use crate::stand_in::StandIn;
use crate::support::{Importer, Run};

/// Six columns, of which `Bemerkung` is not mapped.
const MAPPING: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
PostalCode = { column = "PLZ", as = "postal_code" }
City = "Ort"
CountryIso = { value = "DE" }
EmailAddress = { column = "E-Mail", as = "email" }
"#;

/// Times that are short enough for tests.
const SHORT: [&str; 4] = ["--timeout", "500ms", "--settle", "500ms"];

/// One line of the export.
fn line(number: usize, mail: &str) -> String {
    format!("C{number};Muster{number};01067;Dresden;{mail};x\n")
}

/// An export of so many customers; those in `broken` have no usable e-mail address.
fn export(records: usize, broken: &[usize]) -> String {
    let rows = (1..=records).map(|n| match broken.contains(&n) {
        true => line(n, "kaputt"),
        false => line(n, &format!("m{n}@example.org")),
    });
    format!(
        "Nr;Name;PLZ;Ort;E-Mail;Bemerkung\n{}",
        rows.collect::<String>()
    )
}

/// The program with an export, its mapping and an ERP that the journal calls `erp`.
fn importer(export: &str, erp: &StandIn) -> Importer {
    let importer = Importer::new();
    importer.file("map.toml", MAPPING);
    importer.file("in.csv", export);
    importer.file("importer.toml", settings(&[("erp", &erp.url())]));
    importer
}

/// Profiles with their targets' names and addresses; the first one is the default.
fn settings(targets: &[(&str, &str)]) -> String {
    let mut text = format!("profile = \"{}\"\n", targets[0].0);
    for (name, url) in targets {
        text.push_str(&format!(
            "[profiles.{name}]\ntarget = \"{name}\"\nbase_url = \"{url}\"\n"
        ));
    }
    text
}

/// Runs `run FILE -m map.toml` with more words.
fn run(importer: &mut Importer, file: &str, words: &[&str]) -> Run {
    importer.args(["run", file, "-m", "map.toml"].iter().chain(words));
    importer.run()
}

fn sandbox(faults: &str) -> StandIn {
    StandIn::start(SandboxSettings {
        faults: Faults::parse(faults).unwrap(),
        ..SandboxSettings::default()
    })
}

/// The ledger's numbers, sorted; fails if one stands there twice.
#[track_caller]
fn once_each(erp: &StandIn) -> Vec<String> {
    let mut numbers = erp.numbers();
    numbers.sort();
    let all = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), all, "a customer was doubled");
    numbers
}

/// Some of a run's counts, by name.
#[track_caller]
fn counts(run: &Run, names: &[&str]) -> BTreeMap<String, u64> {
    let counts = names
        .iter()
        .map(|name| ((*name).to_owned(), run.count(name)));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// What [`counts`] shall be.
fn are(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    let counts = counts
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count));
    counts.collect()
}

/// Every count that a summary has, apart from `read`.
const OUTCOMES: [&str; 10] = [
    "created", "exists", "invalid", "refused", "unknown", "changed", "skipped", "left_out",
    "grouped", "open",
];
