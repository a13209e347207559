//! Customers that the ERP had before us: found by listing or by look-up, whatever the answers
//! look like, and treated as `--existing` says.

use std::collections::BTreeSet;

use wawi_importer::sandbox::{Existing, Faults, Lookup, SandboxSettings};

use super::{assert_clean, customer_of_old, importer, numbers, run_with};
use crate::customers::Customers;
use crate::other_erp::{Knobs, OtherErp};
use crate::stand_in::StandIn;
use crate::support::rows;

/// A sandbox that has customers with these numbers.
fn inhabited(numbers: impl Iterator<Item = String>, settings: SandboxSettings) -> StandIn {
    let existing = numbers
        .zip(1..)
        .map(|(number, id)| Existing::new(id, &number))
        .collect();
    StandIn::start(SandboxSettings {
        existing,
        ..settings
    })
}

/// Whether anybody asked for a single number.
fn looked_up(sandbox: &StandIn) -> bool {
    sandbox.requests().iter().any(|seen| {
        seen.method == "GET" && seen.query.as_ref().is_some_and(|q| q.contains("number="))
    })
}

#[test]
fn existing_customers_are_found_by_listing_when_that_is_quicker() {
    let customers = Customers::valid(10, 200);
    // 60 of ours in three pages of strangers.
    let ours = customers.numbers().into_iter().take(60);
    let strangers = (0..240).map(|n| format!("Z{n}"));
    let sandbox = inhabited(strangers.chain(ours), SandboxSettings::default());
    let importer = importer(&customers, &sandbox.url());
    let run = importer.run().expect(0);
    assert_eq!((run.count("exists"), run.count("created")), (60, 140));
    assert_eq!(sandbox.created(), 140);
    assert!(!looked_up(&sandbox));
    assert!(sandbox.counters().gets <= 7, "{}", sandbox.counters().gets);
}

#[test]
fn existing_customers_are_looked_up_when_that_is_quicker() {
    let customers = Customers::valid(11, 3);
    let ours = customers.numbers().into_iter().take(1);
    let strangers = (0..1_500).map(|n| format!("Z{n}"));
    let sandbox = inhabited(strangers.chain(ours), SandboxSettings::default());
    let importer = importer(&customers, &sandbox.url());
    let run = importer.run().expect(0);
    assert_eq!((run.count("exists"), run.count("created")), (1, 2));
    let told = "the ERP has 1,501 customers already";
    assert!(run.stderr.contains(told), "{}", run.said());
    assert_eq!(sandbox.created(), 2);
    assert!(looked_up(&sandbox));
}

#[test]
fn existing_customers_are_found_in_spite_of_absurd_counts_and_prefix_look_ups() {
    // K1 is a prefix of K10 to K19 and of K100 to K150.
    let mut customers = Customers::valid(12, 150);
    for (at, customer) in customers.0.iter_mut().enumerate() {
        customer.cells[0] = format!("K{}", at + 1);
    }
    let ours = (10..=40).map(|n| format!("K{n}"));
    let settings = SandboxSettings {
        absurd_counts: true,
        same_id: true,
        odd_answers: true,
        lookup: Lookup::Prefix,
        page_size_max: 10,
        ..SandboxSettings::default()
    };
    let sandbox = inhabited(ours, settings);
    let importer = importer(&customers, &sandbox.url());
    let run = importer.run().expect(0);
    assert_eq!((run.count("exists"), run.count("created")), (31, 119));
    let mut both: Vec<String> = sandbox.numbers();
    both.extend((10..=40).map(|n| format!("K{n}")));
    assert_eq!(both.len(), 150);
    assert_eq!(
        both.into_iter().collect::<BTreeSet<_>>(),
        customers.numbers()
    );
}

#[test]
fn the_other_erp_s_odd_listings_hide_nobody() {
    let customers = Customers::valid(13, 60);
    let ours: Vec<String> = customers.numbers().into_iter().skip(20).take(25).collect();
    let mut knobs = Knobs::default();
    for number in &ours {
        // In another case: numbers are compared without it.
        knobs = knobs.existing(customer_of_old(&number.to_lowercase()));
    }
    let erp = OtherErp::start(knobs);
    let importer = importer(&customers, &erp.url());
    let run = importer.run().expect(0);
    assert_eq!((run.count("exists"), run.count("created")), (25, 35));
    assert!(numbers(&erp).is_disjoint(&ours.into_iter().collect()));
    assert_clean(&erp);
}

#[test]
fn existing_customers_may_be_errors_or_not_be_asked_for() {
    let customers = Customers::valid(14, 40);
    let ours: Vec<String> = customers.numbers().into_iter().take(15).collect();
    let sandbox = inhabited(ours.clone().into_iter(), SandboxSettings::default());
    let mut importer = importer(&customers, "");
    let failing = run_with(
        &mut importer,
        &sandbox.url(),
        &["--existing", "fail", "--max-failures", "100%"],
    )
    .expect(3);
    assert_eq!((failing.count("exists"), failing.count("created")), (0, 25));
    let failed = rows(&failing.report_file("failed.csv"), b';');
    let told: BTreeSet<String> = failed.iter().map(|row| row["Nr"].clone()).collect();
    assert_eq!(told, ours.iter().cloned().collect());

    let sandbox = inhabited(ours.into_iter(), SandboxSettings::default());
    let sending = run_with(&mut importer, &sandbox.url(), &["--existing", "send"]).expect(0);
    assert_eq!(sending.count("created"), 40);
    assert_eq!((sandbox.created(), sandbox.counters().gets), (40, 0));
}

#[test]
fn without_the_right_to_read_nothing_is_sent_and_the_way_out_is_named() {
    let customers = Customers::valid(15, 20);
    let sandbox = StandIn::start(SandboxSettings {
        faults: Faults::parse("get_status=403@1").unwrap(),
        ..SandboxSettings::default()
    });
    let mut importer = importer(&customers, "");
    let run = run_with(&mut importer, &sandbox.url(), &[]).expect(5);
    assert!(run.said().contains("--existing send"), "{}", run.said());
    assert!(run.said().contains("all.read"), "{}", run.said());
    assert_eq!(sandbox.counters().posts, 0);
    let run = run_with(&mut importer, &sandbox.url(), &["--existing", "send"]).expect(0);
    assert_eq!(run.count("created"), 20);
    assert_eq!(sandbox.created(), 20);
}
