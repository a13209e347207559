//! Everything in one mapping: `[group]`, `[join]`, a table in a file, a template and names of the
//! ERP; from books, from compressed files, killed, corrected, explained, forgotten.

pub(crate) mod books;
mod erased;
mod inputs;
mod killed;
mod trials;

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::Value;
use wawi_importer::sandbox::SandboxSettings;

use crate::stand_in::StandIn;
use crate::support::{Importer, Run};

/// An export with a row for each address, whose places are in a second file.
const MAPPING: &str = r#"[source]
date = "%d.%m.%Y"
[customer]
Number = "Nr"
CustomerGroupId = { column = "Gruppe", as = "customer_group", lookup = { "Shop" = "Endkunden" }, default = "Endkunden" }
InternalCompanyId = { value = "Muster GmbH", as = "company" }
LanguageIso = { value = "DE" }
InitialContact = { template = "{{ col['Quelle'] | upper }} {{ col['orte.Stadt'] }}" }
[customer.BillingAddress]
LastName = "Name"
PostalCode = { column = "PLZ", as = "postal_code" }
City = "orte.Stadt"
CountryIso = { column = "orte.Land", as = "country", default = "DE" }
State = { column = "PLZ", extract = '^(\d)', lookup_file = "gebiete.csv", otherwise = "empty" }
[join]
file = "orte.csv"
on = { "Ort" = "Code" }
[group]
by = "Nr"
into = "OtherAddresses.OtherShippingAddresses"
[group.address]
LastName = "Name"
PostalCode = { column = "PLZ", as = "postal_code" }
City = "orte.Stadt"
CountryIso = { column = "orte.Land", as = "country", default = "DE" }
"#;

/// Two customers that are fine, one whose first row is wrong, and one whose further row is.
const ROWS: &str = "Nr;Name;PLZ;Ort;Gruppe;Quelle\n\
    C1;Müller;01067;d;Shop;shop\n;Lager;4020;x;;\n\
    C2;Groß;803;m;Händler;messe\n;Hof;50667;k;;\nC2;Werk;01067;d;;\n\
    C3;Probe;50667;k;;\n;Filiale;01067;nirgends;;\n\
    C4;Test;80331;m;händler;\n";

const PLACES: &str = "Code;Stadt;Land\nd;Dresden;DE\nx;Linz;Österreich\nm;München;\nk;Köln;\n";

const AREAS: &str = "0;Sachsen\n5;Rheinland\n8;Bayern\n";

fn importer() -> Importer {
    let it = Importer::new();
    it.file("map.toml", MAPPING);
    it.file("gebiete.csv", AREAS);
    it.file("orte.csv", PLACES);
    it
}

fn sandbox() -> StandIn {
    StandIn::start(SandboxSettings::default())
}

/// The program with a profile of the ERP, which the journal calls `erp`.
fn settings(it: &Importer, erp: &StandIn) {
    let url = erp.url();
    let text = format!(
        "profile = \"erp\"\n[profiles.erp]\ntarget = \"erp\"\nbase_url = \"{url}\"\n\
         timeout = \"500ms\"\nsettle = \"500ms\"\n"
    );
    it.file("importer.toml", text);
}

fn run(it: &mut Importer, file: &str, words: &[&str]) -> Run {
    it.args(["run", file, "-m", "map.toml"].iter().chain(words));
    it.run()
}

/// Counts of the newest report that are not 0, apart from `read`.
fn counts(run: &Run) -> BTreeMap<String, u64> {
    let summary = run.summary();
    let counts = summary["counts"].as_object().unwrap().iter();
    counts
        .map(|(name, count)| (name.clone(), count.as_u64().unwrap()))
        .filter(|(name, count)| name != "read" && *count > 0)
        .collect()
}

#[track_caller]
fn assert_counts(run: &Run, wanted: &[(&str, u64)]) {
    let wanted = wanted
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count));
    assert_eq!(counts(run), wanted.collect(), "{}", run.said());
}

fn id(run: &Run) -> String {
    run.summary()["run"].as_str().unwrap().to_owned()
}

/// Each customer of the ledger, in one line: number, group, contact, and its addresses.
fn ledger(erp: &StandIn) -> Vec<String> {
    let mut told: Vec<String> = erp.ledger().iter().map(|entry| told(&entry.body)).collect();
    told.sort();
    told
}

fn told(body: &Value) -> String {
    let address = |address: &Value| {
        ["LastName", "PostalCode", "City", "CountryIso", "State"]
            .iter()
            .filter_map(|name| address[*name].as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let list = body["OtherAddresses"]["OtherShippingAddresses"].as_array();
    let others = list
        .into_iter()
        .flatten()
        .map(|it| format!(" + {}", address(it)));
    format!(
        "{} g{} [{}] {}{}",
        body["Number"].as_str().unwrap(),
        body["CustomerGroupId"],
        body["InitialContact"].as_str().unwrap_or_default(),
        address(&body["BillingAddress"]),
        others.collect::<String>()
    )
}

/// What [`ROWS`] are to become, once everything is corrected.
const ALL: [&str; 4] = [
    "C1 g1 [SHOP Dresden] Müller 01067 Dresden DE Sachsen + Lager 4020 Linz AT",
    "C2 g2 [MESSE München] Groß 80331 München DE Bayern + Hof 50667 Köln DE + Werk 01067 Dresden DE",
    "C3 g1 [Köln] Probe 50667 Köln DE Rheinland + Filiale 01067 Dresden DE",
    "C4 g2 [München] Test 80331 München DE Bayern",
];

/// The cells of text as people write it here.
fn cells(text: &str) -> Vec<Vec<String>> {
    let row = |line: &str| line.split(';').map(str::to_owned).collect();
    text.lines().map(row).collect()
}

/// A book whose cells are all text.
pub(crate) fn book(rows: &[Vec<String>]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}
