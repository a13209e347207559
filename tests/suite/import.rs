//! The main job: a file of customers goes in, customer numbers come out.

use crate::other_erp::{Knobs, OtherErp};
use crate::support::{Importer, repository};

#[test]
fn a_sandbox_import_gives_every_customer_a_number() {
    let mut importer = Importer::new();
    let (input, mapping) = (
        repository("samples/customers.csv"),
        repository("mappings/shop.toml"),
    );
    let words = [
        "run",
        input.to_str().unwrap(),
        "-m",
        mapping.to_str().unwrap(),
        "--sandbox",
    ];
    let run = importer.args(words).run().expect(0);
    let created = run.rows("created.csv");
    assert_eq!(created.len(), 200);
    assert!(created.iter().all(|row| !row["customer_number"].is_empty()));
    assert_eq!(run.count("created"), 200);
}

#[test]
fn the_same_command_again_sends_nothing() {
    let erp = OtherErp::start(Knobs::default());
    let mut importer = Importer::new();
    let input = repository("samples/customers.csv");
    let mapping = repository("mappings/shop.toml");
    importer.args([
        "run",
        input.to_str().unwrap(),
        "-m",
        mapping.to_str().unwrap(),
        "--base-url",
        &erp.url(),
    ]);
    let first = importer.run().expect(0);
    assert_eq!(first.count("created"), 200);
    assert_eq!(erp.ledger().len(), 200);
    assert!(erp.violations().is_empty(), "{:?}", erp.violations());
    let requests = erp.requests().len();
    let second = importer.run().expect(0);
    assert!(
        second.said().contains("nothing was sent"),
        "{}",
        second.said()
    );
    assert_eq!(erp.requests().len(), requests);
}
