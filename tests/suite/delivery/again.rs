//! What a command does that is given again: with another export, another mapping, other options.

use std::collections::BTreeSet;

use super::{created_numbers, customer_of_old, importer, numbers, run_with};
use crate::customers::{Customers, MAPPING, column};
use crate::other_erp::{Knobs, OtherErp};
use crate::support::rows;

#[test]
fn a_new_export_skips_the_same_and_reports_the_changed() {
    let erp = OtherErp::start(Knobs::default());
    let first = Customers::valid(20, 40);
    let importer = importer(&first, &erp.url());
    importer.run().expect(0);
    // Twelve moved, 28 stayed, 20 are new.
    let second = Customers::valid(20, 60).moved((1..=12).map(|n| n * 3));
    importer.file("shop.csv", second.csv());
    let run = importer.run().expect(0);
    let counts = ["skipped", "changed", "created"].map(|name| run.count(name));
    assert_eq!(counts, [28, 12, 20]);
    assert_eq!(numbers(&erp), second.numbers());
    let changed: Vec<String> = run
        .rows("changed.csv")
        .into_iter()
        .map(|row| row["key"].clone())
        .collect();
    let moved: Vec<String> = (1..=12).map(|n| format!("K{:06}", n * 3)).collect();
    assert_eq!(changed, moved);
    assert_eq!(run.reports().len(), 2);
}

#[test]
fn changed_customers_can_be_a_failure() {
    let erp = OtherErp::start(Knobs::default());
    let first = Customers::valid(21, 20);
    let mut importer = importer(&first, &erp.url());
    importer.run().expect(0);
    importer.file("shop.csv", first.moved([7]).csv());
    importer.arg("--fail-on").arg("changed");
    importer.run().expect(3);
    assert_eq!(erp.ledger().len(), 20);
}

#[test]
fn what_was_refused_is_sent_again_when_it_is_asked_for() {
    let customers = Customers::valid(22, 60);
    let erp = OtherErp::start(Knobs::default().fail_from(41, 422));
    let mut importer = importer(&customers, "");
    let words = ["--max-failures", "100%"];
    let refused = run_with(&mut importer, &erp.url(), &words).expect(3);
    assert_eq!(
        (refused.count("created"), refused.count("refused")),
        (40, 20)
    );
    let failed = rows(&refused.report_file("failed.csv"), b';');
    assert_eq!(failed.len(), 20);
    assert!(failed.iter().all(|row| row["_status"] == "422"));
    erp.lift();
    let posts = erp.posts().len();
    run_with(&mut importer, &erp.url(), &words).expect(3);
    assert_eq!(erp.posts().len(), posts);
    let words = ["--max-failures", "100%", "--retry-failed"];
    let done = run_with(&mut importer, &erp.url(), &words).expect(0);
    assert_eq!(done.count("created"), 60);
    assert_eq!(numbers(&erp), customers.numbers());
    assert_eq!(erp.posts().len(), posts + 20);
    assert_eq!(created_numbers(&done), customers.numbers());
}

#[test]
fn after_a_restored_backup_again_sends_what_is_missing() {
    let customers = Customers::valid(23, 40);
    let erp = OtherErp::start(Knobs::default());
    let mut importer = importer(&customers, "");
    importer.file("importer.toml", "target = \"live\"\n");
    run_with(&mut importer, &erp.url(), &[]).expect(0);
    drop(erp);
    // The same ERP without what was created since last night.
    let kept: Vec<String> = customers.numbers().into_iter().take(25).collect();
    let mut knobs = Knobs::default();
    for number in &kept {
        knobs = knobs.existing(customer_of_old(number));
    }
    let restored = OtherErp::start(knobs);
    let told = run_with(&mut importer, &restored.url(), &[]).expect(0);
    assert!(told.said().contains("--again"), "{}", told.said());
    assert!(restored.requests().is_empty());
    let again = run_with(&mut importer, &restored.url(), &["--again"]).expect(0);
    assert_eq!((again.count("exists"), again.count("created")), (25, 15));
    let all = &numbers(&restored) | &kept.into_iter().collect();
    assert_eq!(all, customers.numbers());
}

#[test]
fn a_corrected_mapping_sends_only_what_is_not_there() {
    let mut customers = Customers::valid(24, 50);
    for at in [3, 17, 30] {
        customers.0[at].cells[column("Gruppe")] = "Freunde".to_owned();
    }
    let erp = OtherErp::start(Knobs::default());
    let importer = importer(&customers, &erp.url());
    let first = importer.run().expect(3);
    assert_eq!((first.count("created"), first.count("invalid")), (47, 3));
    let corrected = MAPPING.replace("\"Händler\" = 2", "\"Händler\" = 2, \"Freunde\" = 3");
    importer.file("shop.toml", corrected);
    let second = importer.run().expect(0);
    assert_eq!((second.count("skipped"), second.count("created")), (47, 3));
    assert_eq!(numbers(&erp), customers.numbers());
    assert_eq!(second.reports().len(), 2);
}

#[test]
fn a_limit_creates_so_many_and_the_same_command_goes_on() {
    let customers = Customers::valid(25, 20);
    let erp = OtherErp::start(Knobs::default());
    let mut importer = importer(&customers, &erp.url());
    importer.arg("--limit").arg("7");
    for there in [7, 14, 20] {
        let run = importer.run().expect(0);
        assert_eq!(erp.ledger().len(), there);
        assert_eq!(run.count("created"), there as u64);
        assert_eq!(run.count("open"), 20 - there as u64);
        assert_eq!(run.reports().len(), 1);
    }
    assert_eq!(numbers(&erp), customers.numbers());
}

#[test]
fn chosen_records_are_sent_alone() {
    let customers = Customers::valid(26, 30);
    let erp = OtherErp::start(Knobs::default());
    let mut importer = importer(&customers, "");
    let run = run_with(&mut importer, &erp.url(), &["--record", "5,17-20"]).expect(0);
    let chosen = [5, 17, 18, 19, 20].map(|n| format!("K{n:06}"));
    assert_eq!(numbers(&erp), BTreeSet::from(chosen));
    assert_eq!(run.count("open"), 25);
    let rest = run_with(&mut importer, &erp.url(), &[]).expect(0);
    assert_eq!(rest.count("created"), 30);
    assert_eq!(numbers(&erp), customers.numbers());
}

#[test]
fn what_turns_out_to_be_absent_is_sent_by_the_same_command() {
    let customers = Customers::valid(27, 6);
    let erp = OtherErp::start(Knobs::default().fail_from(6, 500));
    let mut importer = importer(&customers, "");
    let url = erp.url();
    let short = ["--concurrency", "1", "--timeout", "1s"];
    let unknown = run_with(&mut importer, &url, &short).expect(7);
    assert_eq!((unknown.count("created"), unknown.count("unknown")), (5, 1));
    erp.lift();
    let words = ["reconcile", "--base-url", &url, "--timeout", "1s"];
    importer.args(words).run().expect(0);
    assert_eq!(erp.ledger().len(), 5);
    let done = run_with(&mut importer, &url, &[]).expect(0);
    assert_eq!(done.count("created"), 6);
    assert_eq!(numbers(&erp), customers.numbers());
}
