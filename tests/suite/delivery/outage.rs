//! Runs that end early for want of a server, of time or of patience.

use std::collections::BTreeSet;

use wawi_importer::sandbox::SandboxSettings;

use super::{CONCURRENCY, importer, numbers, run_with};
use crate::customers::Customers;
use crate::other_erp::{Knobs, OtherErp};
use crate::stand_in::{StandIn, wait_for};

#[test]
fn a_server_that_goes_away_loses_nothing() {
    let customers = Customers::valid(27, 120);
    let mut importer = importer(&customers, "");
    let ledger_file = importer.folder().join("ledger.jsonl");
    let settings = |port: u16| SandboxSettings {
        port,
        ledger_file: Some(ledger_file.clone()),
        ..SandboxSettings::default()
    };
    let sandbox = StandIn::start(settings(0));
    let (port, url) = (sandbox.port(), sandbox.url());
    let patience = [
        "--max-outage",
        "2s",
        "--timeout",
        "500ms",
        "--settle",
        "600ms",
        "--rate",
        "60/s",
    ];
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--base-url", &url]);
    for word in patience {
        importer.arg(word);
    }
    let child = importer.start();
    wait_for(|| sandbox.created() >= 40);
    drop(sandbox);
    let gone = importer.read(child.wait_with_output().unwrap()).expect(75);
    assert!(gone.said().contains("the same command"), "{}", gone.said());
    assert_eq!(gone.count("invalid") + gone.count("refused"), 0);
    // Nobody at home from the beginning on.
    importer.run().expect(75);
    let sandbox = StandIn::start(settings(port));
    let done = importer.run().expect(0);
    assert_eq!(done.count("created"), 120);
    assert_eq!(sandbox.created(), 120);
    let there: BTreeSet<String> = sandbox.numbers().into_iter().collect();
    assert_eq!(there, customers.numbers());
}

#[test]
fn a_run_whose_time_is_up_goes_on_later() {
    let customers = Customers::valid(28, 60);
    let erp = OtherErp::start(Knobs::default());
    let mut importer = importer(&customers, "");
    let words = ["--rate", "20/s", "--max-duration", "1s"];
    let up = run_with(&mut importer, &erp.url(), &words).expect(75);
    let there = up.count("created");
    assert!((1..60).contains(&there), "{there}");
    assert_eq!(up.count("open"), 60 - there);
    let done = run_with(&mut importer, &erp.url(), &[]).expect(0);
    assert_eq!(done.count("created"), 60);
    assert_eq!(numbers(&erp), customers.numbers());
}

#[test]
fn too_many_refusals_stop_the_run() {
    let customers = Customers::valid(30, 200);
    let erp = OtherErp::start(Knobs::default().fail_from(21, 422));
    let mut importer = importer(&customers, "");
    let run = run_with(&mut importer, &erp.url(), &["--max-failures", "5"]).expect(5);
    let refused = run.count("refused");
    assert!(
        (6..=6 + 2 * CONCURRENCY as u64).contains(&refused),
        "{refused}"
    );
    assert!(run.said().contains("--max-failures"), "{}", run.said());
    assert_eq!(run.count("created"), 20);
    erp.lift();
    let done = run_with(&mut importer, &erp.url(), &["--max-failures", "5"]).expect(3);
    assert_eq!(done.count("created"), 200 - refused);
    assert_eq!(done.count("refused"), refused);
    numbers(&erp);
}
