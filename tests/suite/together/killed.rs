//! Everything in one mapping: rehearsed, into the sandbox, killed and gone on with, and reported
//! again when the files beside it are gone.

use wawi_importer::sandbox::SandboxSettings;

use super::{
    ALL, AREAS, MAPPING, PLACES, ROWS, assert_counts, id, importer, ledger, run, sandbox, settings,
};
use crate::stand_in::{StandIn, wait_for};
use crate::support::Importer;

#[test]
fn everything_works_together() {
    let erp = sandbox();
    let mut it = importer();
    it.file("in.csv", ROWS);
    let built_in = run(&mut it, "in.csv", &["--sandbox"]).expect(3);
    assert_counts(&built_in, &[("created", 2), ("invalid", 2), ("grouped", 4)]);
    settings(&it, &erp);
    let dry = run(&mut it, "in.csv", &["--dry-run"]).expect(3);
    assert_counts(&dry, &[("ready", 2), ("invalid", 2), ("grouped", 4)]);
    let probe = run(&mut it, "in.csv", &["--dry-run", "--probe"]).expect(3);
    assert_counts(&probe, &[("ready", 2), ("invalid", 2), ("grouped", 4)]);
    assert_eq!(erp.created(), 0);
    std::fs::remove_dir_all(it.folder().join("reports")).unwrap();
    let first = run(&mut it, "in.csv", &[]).expect(3);
    assert_counts(&first, &[("created", 2), ("invalid", 2), ("grouped", 4)]);
    assert_eq!(ledger(&erp), [ALL[0], ALL[3]]);
    let failed = crate::support::rows(&first.report_file("failed.csv"), b';');
    let failed: Vec<String> = failed
        .iter()
        .map(|row| format!("{} {} {}", row["_line"], row["_code"], row["_columns"]))
        .collect();
    assert_eq!(
        failed,
        [
            "4 postal_code.country PLZ",
            "5 group.failed ",
            "6 group.failed ",
            "7 group.failed ",
            "8 required.missing orte.Stadt",
        ]
    );
    assert_eq!(erp.counters().violation_count, 0);
}

/// So many customers, with two addresses each.
fn many(count: usize) -> String {
    let rows = (1..=count).map(|n| {
        let group = if n % 2 == 0 { "Händler" } else { "Shop" };
        format!("C{n};Kunde {n};50667;k;{group};web\n;Lager {n};4020;x;;\n;Hof {n};01067;d;;\n")
    });
    format!(
        "Nr;Name;PLZ;Ort;Gruppe;Quelle\n{}",
        rows.collect::<String>()
    )
}

fn assert_many(erp: &StandIn, count: usize) {
    let mut wanted: Vec<String> = (1..=count)
        .map(|n| {
            let group = if n % 2 == 0 { 2 } else { 1 };
            format!(
                "C{n} g{group} [WEB Köln] Kunde {n} 50667 Köln DE Rheinland \
                 + Lager {n} 4020 Linz AT + Hof {n} 01067 Dresden DE"
            )
        })
        .collect();
    wanted.sort();
    assert_eq!(ledger(erp), wanted);
}

#[test]
fn killed_again_and_again_each_customer_arrives_once_and_whole() {
    const COUNT: usize = 300;
    let erp = StandIn::start(SandboxSettings::default());
    let it = importer();
    settings(&it, &erp);
    it.file("in.csv", many(COUNT));
    let mut it = it;
    let words = ["run", "in.csv", "-m", "map.toml", "--concurrency", "2"];
    it.args(words);
    let mut kills = 0;
    for step in 1..=4 {
        let mut child = it.start();
        let target = step * COUNT / 6;
        wait_for(|| child.try_wait().unwrap().is_some() || erp.created() >= target);
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait_with_output().unwrap();
    }
    assert!(kills > 0, "it was never killed");
    let last = it.run().expect(0);
    let three = 2 * COUNT as u64;
    assert_counts(&last, &[("created", COUNT as u64), ("grouped", three)]);
    assert_many(&erp, COUNT);
    assert_eq!(last.rows("created.csv").len(), COUNT);
}

/// The folder of a report that was written again.
fn report(it: &mut Importer, id: &str, folder: &str, code: i32) -> String {
    let run = it.args(["report", id, "--report-dir", folder]).run();
    run.expect(code).stderr
}

#[test]
fn a_report_is_written_again_without_the_table_but_not_with_another_second_file() {
    let erp = sandbox();
    let mut it = importer();
    settings(&it, &erp);
    it.file("in.csv", ROWS);
    let first = run(&mut it, "in.csv", &[]).expect(3);
    let id = id(&first);
    let failed = |it: &Importer, folder: &str| {
        std::fs::read(it.folder().join(folder).join(&id).join("failed.csv")).unwrap()
    };
    let before = first.report_file("failed.csv");
    std::fs::remove_file(it.folder().join("gebiete.csv")).unwrap();
    std::fs::remove_file(it.folder().join("map.toml")).unwrap();
    report(&mut it, &id, "one", 0);
    assert_eq!(failed(&it, "one"), before);
    it.file("gebiete.csv", AREAS.replace("Bayern", "Franken"));
    report(&mut it, &id, "two", 0);
    assert_eq!(failed(&it, "two"), before);

    it.file("orte.csv", PLACES.replace("Dresden", "Pirna"));
    let said = report(&mut it, &id, "three", 4);
    assert!(said.contains("orte.csv"), "{said}");
    std::fs::remove_file(it.folder().join("orte.csv")).unwrap();
    let said = report(&mut it, &id, "four", 4);
    assert!(said.contains("orte.csv"), "{said}");
    it.file("orte.csv", PLACES);
    report(&mut it, &id, "five", 0);
    assert_eq!(failed(&it, "five"), before);
    // A table that says something else makes another import, which knows the customers.
    it.file("map.toml", MAPPING);
    let other = run(&mut it, "in.csv", &[]).expect(3);
    assert_counts(
        &other,
        &[
            ("changed", 1),
            ("skipped", 1),
            ("invalid", 2),
            ("grouped", 4),
        ],
    );
    assert_eq!(erp.created(), 2);
}
