//! `--probe`: a dry run asks the ERP, and sends nothing.

use wawi_importer::sandbox::{Existing, Faults, SandboxSettings};

use super::{importer, run, sandbox, says};
use crate::stand_in::StandIn;
use crate::support::{Importer, rows};

/// A sandbox that has customers with these numbers.
fn inhabited(numbers: impl Iterator<Item = String>) -> StandIn {
    let numbers = (1..).zip(numbers);
    let existing = numbers.map(|(id, number)| Existing::new(id, &number));
    StandIn::start(SandboxSettings {
        existing: existing.collect(),
        ..SandboxSettings::default()
    })
}

fn probed(importer: &mut Importer, erp: &StandIn, words: &[&str]) -> crate::support::Run {
    let url = erp.url();
    let all = ["--dry-run", "--probe", "--base-url", &url];
    let run = run(importer, &[&all, words].concat());
    let counters = erp.counters();
    assert_eq!((counters.posts, counters.others), (0, 0), "{}", run.said());
    assert_eq!(counters.violation_count, 0);
    run
}

#[test]
fn names_and_existing_customers_are_asked_for_and_nothing_is_sent() {
    let erp = inhabited(["C2".to_owned(), "X9".to_owned()].into_iter());
    let mut importer = importer(&["Endkunden", "Händler", "Gold"]);
    let run = probed(&mut importer, &erp, &["--payloads", "bodies.jsonl"]).expect(3);
    assert_eq!(
        (
            run.count("ready"),
            run.count("exists"),
            run.count("invalid")
        ),
        (1, 1, 1)
    );
    let plan = &run.summary()["plan"];
    assert_eq!(
        (&plan["would_create"], &plan["invalid"]),
        (&1.into(), &1.into())
    );
    says(
        &run,
        &[
            "1 are in the ERP already",
            "Asked the ERP",
            "customer groups (3), companies (2), payment methods (4)",
            "by `Number`: 1 of the 2 that could be created",
            "whether the languages are active in Wawi",
        ],
    );
    assert!(!run.said().contains("by name ("), "{}", run.said());
    let failed = rows(&run.report_file("failed.csv"), b';');
    assert_eq!(failed[0]["_code"], "lookup.missing");
    let bodies = std::fs::read_to_string(importer.folder().join("bodies.jsonl")).unwrap();
    assert_eq!(bodies.lines().count(), 1);
    assert!(bodies.contains("\"CustomerGroupId\":1"), "{bodies}");
}

#[test]
fn existing_customers_are_found_by_listing_when_that_is_quicker() {
    let groups = vec!["Endkunden"; 120];
    let erp = inhabited((100..160).map(|n| format!("c{n}")));
    let mut importer = importer(&groups);
    let run = probed(&mut importer, &erp, &[]).expect(0);
    assert_eq!((run.count("ready"), run.count("exists")), (99, 21));
    assert!(erp.counters().gets < 10, "{}", erp.counters().gets);
    let failing = probed(&mut importer, &erp, &["--existing", "fail"]).expect(3);
    assert_eq!((failing.count("ready"), failing.count("invalid")), (99, 21));
    let failed = rows(&failing.report_file("failed.csv"), b';');
    assert_eq!(failed.len(), 21);
    assert!(failed.iter().all(|row| row["_code"] == "key.exists"));
    let sending = probed(&mut importer, &erp, &["--existing", "send"]).expect(0);
    assert_eq!(sending.count("ready"), 120);
}

#[test]
fn ids_that_the_erp_does_not_have_are_errors() {
    let erp = sandbox();
    let mut importer = importer(&["1", "77"]);
    importer.file(
        "map.toml",
        super::MAPPING
            .replace(
                r#"{ column = "Gruppe", as = "customer_group" }"#,
                "\"Gruppe\"",
            )
            .replace(
                r#"{ value = "muster gmbh", as = "company" }"#,
                "{ value = 2 }",
            ),
    );
    let run = probed(&mut importer, &erp, &[]).expect(3);
    let failed = rows(&run.report_file("failed.csv"), b';');
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (failed[0]["_code"].as_str(), failed[0]["_field"].as_str()),
        ("erp.unknown_id", "CustomerGroupId")
    );
    let message = &failed[0]["_message"];
    assert!(message.contains("1 (Endkunden), 2 (Händler)"), "{message}");
    // Without --probe nobody knows.
    self::run(&mut importer, &["--dry-run"]).expect(0);
    let mapping = std::fs::read_to_string(importer.folder().join("map.toml")).unwrap();
    for (weight, warned) in [("warn", true), ("off", false)] {
        let rules = format!("[rules]\n\"erp.unknown_id\" = \"{weight}\"\n{mapping}");
        importer.file("map.toml", rules);
        let run = probed(&mut importer, &erp, &[]).expect(0);
        let groups = run.summary()["warning_groups"].clone();
        assert_eq!(groups[0]["code"] == "erp.unknown_id", warned, "{groups}");
    }
}

#[test]
fn a_list_that_only_ids_need_may_stay_untold() {
    let erp = StandIn::start(SandboxSettings {
        faults: Faults::parse("get_status=403@1").unwrap(),
        ..SandboxSettings::default()
    });
    let mut importer = importer(&["1"]);
    let ids = super::MAPPING
        .replace(
            r#"{ column = "Gruppe", as = "customer_group" }"#,
            "\"Gruppe\"",
        )
        .replace(
            r#"{ value = "muster gmbh", as = "company" }"#,
            "{ value = 1 }",
        )
        .replace(
            r#"{ column = "Zahlart", as = "payment_method" }"#,
            "{ value = 1 }",
        );
    importer.file("map.toml", ids);
    let run = probed(&mut importer, &erp, &["--existing", "send"]).expect(0);
    says(
        &run,
        &["the customer groups with these ids exist: the server does not tell them (status 403)"],
    );
    // Who asks which customers exist has to be told.
    probed(&mut importer, &erp, &[]).expect(5);
}

#[test]
fn it_belongs_to_a_dry_run_with_an_erp() {
    let mut importer = importer(&["Endkunden"]);
    run(&mut importer, &["--dry-run", "--probe"]).expect(4);
    let wrong = run(&mut importer, &["--probe", "--sandbox"]).expect(2);
    says(&wrong, &["--probe", "--dry-run"]);
    let fine = run(&mut importer, &["--dry-run", "--probe", "--sandbox"]).expect(0);
    says(&fine, &["customer groups (3)"]);
    // A schedule's setting means nothing to a run that sends.
    importer.env("IMPORTER_PROBE", "true");
    run(&mut importer, &["--sandbox"]).expect(0);
}
