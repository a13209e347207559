//! Delivery against servers that keep a ledger: everything valid is created once, everything
//! else is said, and every stop can be gone on from.

mod again;
mod connections;
mod door;
mod existing;
mod garbled;
mod outage;
mod pace;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::customers::{Customers, HEADER, MAPPING, column};
use crate::other_erp::{Knobs, OtherErp, SAME_ID};
use crate::support::{Importer, Run};

/// Requests in flight unless `--concurrency` says otherwise.
const CONCURRENCY: usize = 8;

/// The program with an export and its mapping, about to import into `url`.
fn importer(customers: &Customers, url: &str) -> Importer {
    let mut importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--base-url", url]);
    importer
}

/// Runs the importer's command with more words, once.
fn run_with(importer: &mut Importer, url: &str, words: &[&str]) -> Run {
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--base-url", url]);
    for word in words {
        importer.arg(word);
    }
    importer.run()
}

/// The numbers in the other ERP's ledger; fails if one stands there twice.
#[track_caller]
fn numbers(erp: &OtherErp) -> BTreeSet<String> {
    let ledger = erp.ledger();
    let numbers: BTreeSet<String> = ledger.iter().map(|(number, _)| number.clone()).collect();
    assert_eq!(numbers.len(), ledger.len(), "a customer was doubled");
    numbers
}

/// Numbers of the column `customer_number` of created.csv.
#[track_caller]
fn created_numbers(run: &Run) -> BTreeSet<String> {
    let created = run.rows("created.csv");
    let numbers: BTreeSet<String> = created
        .iter()
        .map(|row| row["customer_number"].clone())
        .collect();
    assert_eq!(numbers.len(), created.len());
    numbers
}

#[track_caller]
fn assert_clean(erp: &OtherErp) {
    assert!(erp.violations().is_empty(), "{:?}", erp.violations());
}

/// Customers as an ERP has them, with these numbers.
fn customer_of_old(number: &str) -> Value {
    json!({
        "Number": number,
        "CustomerGroupId": 1,
        "LanguageIso": "DE",
        "InternalCompanyId": 1,
        "BillingAddress": { "City": "Aachen", "CountryIso": "DE", "LastName": "Altkunde" },
    })
}

#[test]
fn every_valid_record_is_created_once_and_every_broken_one_is_reported() {
    let customers = Customers::with_broken(7, 3_000);
    let erp = OtherErp::start(Knobs::default());
    let importer = importer(&customers, &erp.url());
    let run = importer.run().expect(3);
    assert_clean(&erp);
    assert_eq!(run.count("created"), 2_700);
    assert_eq!(run.count("invalid"), 300);

    let ledger = erp.ledger();
    assert_eq!(numbers(&erp), customers.numbers());
    assert_eq!(created_numbers(&run), customers.numbers());
    let mails: BTreeMap<&str, &str> = ledger
        .iter()
        .map(|(number, body)| {
            let mail = &body["BillingAddress"]["EmailAddress"];
            (number.as_str(), mail.as_str().unwrap())
        })
        .collect();
    for row in run.rows("created.csv") {
        let record: usize = row["record"].parse().unwrap();
        let customer = &customers.0[record - 1].cells;
        assert_eq!(row["key"], customer[0]);
        assert_eq!(row["customer_number"], customer[0]);
        assert_eq!(row["customer_id"], SAME_ID.to_string());
        assert_eq!(row["in_E-Mail"], customer[column("E-Mail")]);
        assert_eq!(mails[row["customer_number"].as_str()], row["in_E-Mail"]);
        assert_eq!(
            (row["how"].as_str(), row["attempts"].as_str()),
            ("posted", "1")
        );
    }
    assert_failed_file(&customers, &run.report_file("failed.csv"));
}

/// `failed.csv` holds the broken records and no others, in order, with their own bytes.
#[track_caller]
fn assert_failed_file(customers: &Customers, failed: &[u8]) {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        .from_reader(failed);
    let header = reader.headers().unwrap().clone();
    assert_eq!(header.iter().take(HEADER.len()).collect::<Vec<_>>(), HEADER);
    let place = |name: &str| header.iter().position(|cell| cell == name).unwrap();
    let (codes, records) = (place("_code"), place("_record"));
    let found: Vec<csv::ByteRecord> = reader.byte_records().map(|row| row.unwrap()).collect();
    let broken = (1..)
        .zip(&customers.0)
        .filter_map(|(record, customer)| Some((record, customer, customer.broken?)));
    let broken: Vec<(usize, _, _)> = broken.collect();
    assert_eq!(found.len(), broken.len());
    for (row, (record, customer, code)) in found.iter().zip(broken) {
        let mut cells = customer.cells.clone();
        cells.resize(HEADER.len(), String::new());
        let own: Vec<&[u8]> = row.iter().take(HEADER.len()).collect();
        let sent: Vec<&[u8]> = cells.iter().map(String::as_bytes).collect();
        assert_eq!(own, sent, "record {record}");
        assert_eq!(row[records], *record.to_string().as_bytes());
        let told = String::from_utf8(row[codes].to_vec()).unwrap();
        assert_eq!(told, code, "record {record}");
    }
}

#[test]
fn the_same_command_over_3000_records_sends_nothing_again() {
    let customers = Customers::with_broken(8, 3_000);
    let erp = OtherErp::start(Knobs::default());
    let importer = importer(&customers, &erp.url());
    importer.run().expect(3);
    let requests = erp.requests().len();
    let again = importer.run().expect(3);
    assert_eq!(erp.requests().len(), requests);
    assert!(
        again.said().contains("nothing was sent"),
        "{}",
        again.said()
    );
}

/// The server refuses everybody from the 101st POST on, until somebody has mended it.
#[track_caller]
fn stops_and_goes_on(status: u16, advice: &str) {
    let customers = Customers::valid(u64::from(status), 300);
    let erp = OtherErp::start(Knobs::default().fail_from(101, status));
    let importer = importer(&customers, &erp.url());
    let stopped = importer.run().expect(5);
    let further = erp.posts().len() - 100;
    assert!(
        (1..=2 * CONCURRENCY).contains(&further),
        "{further} further POSTs"
    );
    let said = stopped.said();
    assert!(said.contains(advice), "{said}");
    assert!(said.contains(&status.to_string()), "{said}");
    assert_eq!(stopped.count("created"), 100);
    assert_eq!(stopped.count("open"), 200);
    assert_eq!(stopped.count("refused"), 0);
    let finished_on = || importer.run();
    let still = finished_on().expect(5);
    assert_eq!(still.count("created"), 100);
    erp.lift();
    let done = finished_on().expect(0);
    assert_eq!(numbers(&erp), customers.numbers());
    assert_eq!(created_numbers(&done), customers.numbers());
    assert_eq!(done.reports().len(), 1, "one run, one report");
    assert_clean(&erp);
}

#[test]
fn refused_credentials_stop_the_run_and_it_goes_on() {
    stops_and_goes_on(401, "Check that the API key");
}

#[test]
fn a_missing_licence_stops_the_run_and_it_goes_on() {
    stops_and_goes_on(402, "Check the licence");
}

#[test]
fn a_missing_scope_stops_the_run_and_it_goes_on() {
    stops_and_goes_on(403, "customer.createcustomer");
}

#[test]
fn a_wrong_address_stops_the_run_and_it_goes_on() {
    stops_and_goes_on(404, "Check `base_url`");
}
