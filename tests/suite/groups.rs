//! Several records that make one customer (`[group]`): it goes or fails as a whole, every record
//! is counted once, and what failed comes back as it went.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use wawi_importer::sandbox::{Faults, SandboxSettings};

use crate::stand_in::{StandIn, wait_for};
use crate::support::{Importer, Run, files_below};

const MAPPING: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = "Ort"
PostalCode = "PLZ"
CountryIso = { value = "DE" }
[report]
columns = ["Nr"]
[group]
by = "Nr"
into = "OtherAddresses.OtherShippingAddresses"
[group.address]
LastName = "Name"
City = "Ort"
PostalCode = "PLZ"
CountryIso = { value = "DE" }
"#;

const HEADER: &str = "Nr;Name;Ort;PLZ\n";

/// The program with an export of these rows, its mapping and an ERP that the journal calls `erp`.
fn importer(rows: &str, erp: &StandIn) -> Importer {
    let it = Importer::new();
    it.file("map.toml", MAPPING);
    it.file("in.csv", format!("{HEADER}{rows}"));
    let url = erp.url();
    let settings = format!(
        "profile = \"erp\"\n[profiles.erp]\ntarget = \"erp\"\nbase_url = \"{url}\"\n\
         timeout = \"500ms\"\nsettle = \"500ms\"\n"
    );
    it.file("importer.toml", settings);
    it
}

fn sandbox(faults: Faults) -> StandIn {
    StandIn::start(SandboxSettings {
        faults,
        ..SandboxSettings::default()
    })
}

fn run(it: &mut Importer, file: &str, words: &[&str]) -> Run {
    it.args(["run", file, "-m", "map.toml"].iter().chain(words));
    it.run()
}

/// The ledger's customers: their number, and the cities of their further addresses.
fn ledger(erp: &StandIn) -> BTreeMap<String, Vec<String>> {
    let entries = erp.ledger();
    let count = entries.len();
    let told: BTreeMap<String, Vec<String>> = entries
        .into_iter()
        .map(|entry| {
            let list = &entry.body["OtherAddresses"]["OtherShippingAddresses"];
            let city = |address: &Value| address["City"].as_str().unwrap().to_owned();
            let cities = list.as_array().map(|list| list.iter().map(city).collect());
            (entry.number, cities.unwrap_or_default())
        })
        .collect();
    assert_eq!(told.len(), count, "a customer was doubled");
    told
}

fn of(customers: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    let owned = |(number, cities): &(&str, &[&str])| {
        let cities = cities.iter().map(|city| (*city).to_owned()).collect();
        ((*number).to_owned(), cities)
    };
    customers.iter().map(owned).collect()
}

/// Counts of the newest report that are not 0, apart from `read`.
fn counts(run: &Run) -> Vec<(String, u64)> {
    let summary = run.summary();
    let counts = summary["counts"].as_object().unwrap().iter();
    counts
        .map(|(name, count)| (name.clone(), count.as_u64().unwrap()))
        .filter(|(name, count)| name != "read" && *count > 0)
        .collect()
}

#[track_caller]
fn assert_counts(run: &Run, wanted: &[(&str, u64)]) {
    let wanted: Vec<(String, u64)> = wanted
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect();
    let (mut found, mut wanted) = (counts(run), wanted);
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted, "{}", run.said());
}

/// The rows of the newest failed.csv as `record number code`.
fn failed(run: &Run) -> Vec<String> {
    let rows = crate::support::rows(&run.report_file("failed.csv"), b';');
    rows.iter()
        .map(|row| format!("{} {} {}", row["_record"], row["Nr"], row["_code"]))
        .collect()
}

#[test]
fn further_records_become_addresses_of_their_customer() {
    let erp = sandbox(Faults::default());
    let rows = "C1;Muster;Bonn;53111\n;Lager;Ulm;89073\nC1;Filiale;Jena;07743\n\
                C2;Beispiel;Köln;50667\nC3;Probe;Trier;54290\n;Hof;Mainz;55116\n";
    let mut it = importer(rows, &erp);
    let first = run(&mut it, "in.csv", &[]).expect(0);
    assert_counts(&first, &[("created", 3), ("grouped", 3)]);
    assert_eq!(
        ledger(&erp),
        of(&[("C1", &["Ulm", "Jena"]), ("C2", &[]), ("C3", &["Mainz"])])
    );
    let address = &erp.ledger()[0].body["OtherAddresses"]["OtherShippingAddresses"][0];
    assert_eq!(
        *address,
        json!({"LastName": "Lager", "City": "Ulm", "PostalCode": "89073", "CountryIso": "DE"})
    );
    let created = first.rows("created.csv");
    let mut told: Vec<_> = created
        .iter()
        .map(|row| format!("{} {} {}", row["record"], row["line"], row["in_Nr"]))
        .collect();
    told.sort();
    assert_eq!(told, ["1 2 C1", "4 5 C2", "5 6 C3"], "the first records");

    // The whole customer is compared: another address is a change, the same export is none.
    it.file(
        "again.csv",
        format!("{HEADER}{}", rows.replace("Jena", "Gera")),
    );
    let again = run(&mut it, "again.csv", &[]).expect(0);
    assert_counts(&again, &[("changed", 1), ("skipped", 2), ("grouped", 3)]);
    assert_eq!(again.rows("changed.csv")[0]["record"], "1");
    let same = run(&mut it, "in.csv", &[]).expect(0);
    assert_eq!(erp.created(), 3, "{}", same.said());
}

#[test]
fn a_customer_fails_as_a_whole_with_each_error_on_its_own_row() {
    let erp = sandbox(Faults::default());
    let rows = "C1;Muster;Bonn;53111\n;Lager;Ulm;890\n;Hof;Jena;07743\n\
                C2;Beispiel;Köln;50667\n;Lager;Mainz;55116\n\
                C3;Probe;Trier;542\n;Lager;Essen;45127\n\
                C4;Test;Gera;07545\n";
    let mut it = importer(rows, &erp);
    let first = run(&mut it, "in.csv", &[]).expect(3);
    assert_counts(&first, &[("created", 2), ("invalid", 2), ("grouped", 4)]);
    assert_eq!(ledger(&erp), of(&[("C2", &["Mainz"]), ("C4", &[])]));
    assert_eq!(
        failed(&first),
        [
            "1 C1 group.failed",
            "2  postal_code.country",
            "3  group.failed",
            "6 C3 postal_code.country",
            "7  group.failed"
        ]
    );
    let rows = crate::support::rows(&first.report_file("failed.csv"), b';');
    assert_eq!(rows[1]["_columns"], "PLZ");
    assert_eq!(rows[1]["_line"], "3");
    assert!(
        rows[0]["_message"].contains("record 2, line 3"),
        "{}",
        rows[0]["_message"]
    );
    // The summary counts errors where they stand, and those rows alone.
    let summary = first.summary();
    let places: BTreeSet<u64> = summary["errors"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["first"].as_array().unwrap().clone())
        .map(|place| place["record"].as_u64().unwrap())
        .collect();
    assert_eq!(places, BTreeSet::from([2, 6]), "{summary}");

    let id = summary["run"].as_str().unwrap().to_owned();

    // A dry run finds the same.
    let dry = run(&mut it, "in.csv", &["--dry-run"]).expect(3);
    assert_counts(&dry, &[("ready", 2), ("invalid", 2), ("grouped", 4)]);
    assert_eq!(failed(&dry).len(), 5);
    assert_eq!(dry.summary()["plan"]["would_create"], 2);
    // And so does the report that is written again.
    std::fs::remove_dir_all(it.folder().join("reports")).unwrap();
    let again = it.args(["report", &id]).run().expect(0);
    assert_eq!(failed(&again).len(), 5);
    let shown = it.args(["show", &id]).run().expect(0).stdout;
    let wanted =
        "postal_code.country OtherAddresses.OtherShippingAddresses[0].PostalCode in record 2";
    assert!(shown.contains(wanted), "{shown}");
    assert!(!shown.contains("in record 6"), "its own: {shown}");
}

#[test]
fn failed_customers_come_back_with_all_of_their_rows() {
    let erp = sandbox(Faults::default());
    let rows = "C1;Muster;Bonn;53111\n;Lager;Ulm;890\n;Hof;Jena;07743\n\
                C2;Beispiel;Köln;50667\n;Lager;Mainz;55116\nC3;Probe;Trier;542\n";
    let mut it = importer(rows, &erp);
    let first = run(&mut it, "in.csv", &[]).expect(3);
    let id = first.summary()["run"].as_str().unwrap().to_owned();
    let text = String::from_utf8(first.report_file("failed.csv")).unwrap();
    let corrected = text.replace(";890;", ";89073;").replace(";542;", ";54290;");
    // A change where nothing was wrong has to be accepted, also in a further record.
    it.file("bad.csv", corrected.replace(";Jena;", ";Gera;"));
    let refused = run(&mut it, "bad.csv", &[]).expect(4);
    assert!(refused.stderr.contains("Ort"), "{}", refused.said());
    assert_eq!(erp.created(), 1);

    it.file("back.csv", corrected);
    let second = run(&mut it, "back.csv", &[]).expect(0);
    assert_counts(&second, &[("created", 2), ("grouped", 2)]);
    assert_eq!(
        ledger(&erp),
        of(&[("C1", &["Ulm", "Jena"]), ("C2", &["Mainz"]), ("C3", &[])])
    );
    let linked = &second.summary()["linked"];
    assert_eq!(linked["to"], id.as_str());
    let totals = &linked["totals"];
    assert_eq!(
        (&totals["read"], &totals["created"], &totals["grouped"]),
        (&json!(6), &json!(3), &json!(3)),
        "{linked}"
    );
}

#[test]
fn a_row_never_goes_to_another_customer_than_its_own() {
    let erp = sandbox(Faults::default());
    let rows = "C1;Muster;Bonn;531\n;Lager;Ulm;89073\nC2;Beispiel;Köln;506\n;Hof;Jena;07743\n";
    let mut it = importer(rows, &erp);
    run(&mut it, "in.csv", &["--max-invalid", "9"]).expect(3);
    let first = it.args(["runs"]).run();
    let text = String::from_utf8(first.report_file("failed.csv")).unwrap();
    let text = text.replace(";531;", ";53111;").replace(";506;", ";50667;");
    let lines: Vec<&str> = text.lines().collect();
    for (order, fits) in [
        (&[0, 1, 2, 4][..], false),
        (&[0, 1, 4, 3, 2], false),
        (&[0, 3, 4, 1, 2], true),
    ] {
        let file: Vec<&str> = order.iter().map(|line| lines[*line]).collect();
        it.file("back.csv", file.join("\n"));
        let dry = run(&mut it, "back.csv", &["--dry-run"]).expect(if fits { 0 } else { 4 });
        if !fits {
            assert!(dry.stderr.contains("record 4 of run"), "{}", dry.said());
            let run = run(&mut it, "back.csv", &[]).expect(4);
            assert!(
                run.stderr.contains("customer of record 3"),
                "{}",
                run.said()
            );
            assert_eq!(erp.created(), 0);
        }
    }
    run(&mut it, "back.csv", &[]).expect(0);
    assert_eq!(ledger(&erp), of(&[("C1", &["Ulm"]), ("C2", &["Jena"])]));
}

#[test]
fn what_the_server_refuses_comes_back_whole_and_never_doubles() {
    let erp = sandbox(Faults::parse("status=422@1-2").unwrap());
    let rows = "C1;Muster;Bonn;53111\n;Lager;Ulm;89073\nC2;Beispiel;Köln;50667\n;Hof;Jena;07743\n";
    let mut it = importer(rows, &erp);
    let first = run(&mut it, "in.csv", &["--max-failures", "9"]).expect(3);
    assert_counts(&first, &[("refused", 2), ("grouped", 2)]);
    let rows = crate::support::rows(&first.report_file("failed.csv"), b';');
    assert_eq!(rows.len(), 4);
    assert!(
        rows.iter()
            .all(|row| row["_status"] == "422" && row["_stage"] == "server"),
        "{rows:?}"
    );
    assert!(
        rows[1]["_message"].contains("record 1, line 2"),
        "{}",
        rows[1]["_message"]
    );
    let text = String::from_utf8(first.report_file("failed.csv")).unwrap();
    it.file("back.csv", &text);
    let second = run(&mut it, "back.csv", &[]).expect(0);
    assert_counts(&second, &[("created", 2), ("grouped", 2)]);
    // A row that comes back without its customer's first one, under its key, doubles nobody.
    let lines: Vec<&str> = text.lines().take(3).collect();
    let alone = format!(
        "{}\n{}\n",
        lines[0],
        lines[2].replacen(";Lager", "C1;Lager", 1)
    );
    it.file("alone.csv", alone);
    let third = run(&mut it, "alone.csv", &["--accept-changes"]).expect(0);
    assert_counts(&third, &[("changed", 1)]);
    assert_eq!(
        ledger(&erp),
        of(&[("C1", &["Ulm"]), ("C2", &["Jena"])]),
        "{}",
        third.said()
    );
    // And so does `--retry-failed` with the whole customer.
    let retried = sandbox(Faults::parse("status=422@1-1").unwrap());
    let mut it = importer("C1;Muster;Bonn;53111\n;Lager;Ulm;89073\n", &retried);
    run(&mut it, "in.csv", &["--max-failures", "9"]).expect(3);
    let run = run(&mut it, "in.csv", &["--retry-failed"]).expect(0);
    assert_counts(&run, &[("created", 1), ("grouped", 1)]);
    assert_eq!(ledger(&retried), of(&[("C1", &["Ulm"])]));
}

#[test]
fn what_cannot_be_read_spoils_whoever_it_may_belong_to() {
    let erp = sandbox(Faults::default());
    let rows = "C1;Muster;Bonn;53111\n;Lager\nC2;Beispiel;Köln;50667\n;Hof;Jena;07743\nC3;Probe;Trier;54290\n";
    let mut it = importer(rows, &erp);
    let first = run(&mut it, "in.csv", &[]).expect(3);
    assert_counts(&first, &[("created", 1), ("invalid", 2), ("grouped", 2)]);
    assert_eq!(
        failed(&first),
        [
            "1 C1 group.failed",
            "2  record.ragged",
            "3 C2 group.uncertain",
            "4  group.failed"
        ]
    );
    assert_eq!(ledger(&erp), of(&[("C3", &[])]));
    let text = String::from_utf8(first.report_file("failed.csv")).unwrap();
    it.file("back.csv", text.replace(";Lager;;;", ";Lager;Ulm;89073;"));
    let second = run(&mut it, "back.csv", &[]).expect(0);
    assert_counts(&second, &[("created", 2), ("grouped", 2)]);
    assert_eq!(ledger(&erp)["C1"], ["Ulm"]);
    assert_eq!(ledger(&erp)["C2"], ["Jena"]);
}

#[test]
fn rows_that_belong_to_nobody_and_customers_that_come_again_are_told() {
    let erp = sandbox(Faults::default());
    let rows = ";Lager;Ulm;89073\nC1;Muster;Bonn;53111\nC2;Beispiel;Köln;50667\n\
                C1;Muster;Jena;07743\n;Lager;Gera;07545\n";
    let mut it = importer(rows, &erp);
    let run = run(&mut it, "in.csv", &[]).expect(3);
    assert_counts(&run, &[("created", 2), ("invalid", 2), ("grouped", 1)]);
    assert_eq!(
        failed(&run),
        ["1  group.headless", "4 C1 key.duplicate", "5  group.failed"]
    );
    let text = String::from_utf8(run.report_file("failed.csv")).unwrap();
    assert!(text.contains("Sort the file by column `Nr`"), "{text}");
}

#[test]
fn a_customer_that_is_left_out_takes_its_further_records_along() {
    let erp = sandbox(Faults::default());
    let mut it = importer(
        "C1;Muster;Bonn;53111\n;Lager;Ulm;89073\nX2;Beispiel;Köln;50667\n;Hof;Jena;kaputt\n",
        &erp,
    );
    let kept = "keep_if = [ { column = \"Nr\", matches = \"^C\" } ]\n";
    it.file("map.toml", format!("{kept}{MAPPING}"));
    let run = run(&mut it, "in.csv", &[]).expect(0);
    assert_counts(&run, &[("created", 1), ("grouped", 1), ("left_out", 2)]);
    assert_eq!(ledger(&erp), of(&[("C1", &["Ulm"])]));
}

#[test]
fn any_record_of_a_customer_chooses_all_of_it() {
    let erp = sandbox(Faults::default());
    let rows = "C1;Muster;Bonn;53111\n;Lager;Ulm;89073\nC2;Beispiel;Köln;50667\n;Hof;Jena;07743\n";
    let mut it = importer(rows, &erp);
    let chosen = run(&mut it, "in.csv", &["--record", "4"]).expect(0);
    assert_counts(&chosen, &[("created", 1), ("grouped", 2), ("open", 1)]);
    assert_eq!(ledger(&erp), of(&[("C2", &["Jena"])]));
    let one = run(&mut it, "in.csv", &["--limit", "1"]).expect(0);
    assert_counts(&one, &[("created", 2), ("grouped", 2)]);
}

#[test]
fn json_lines_are_grouped_by_a_key() {
    let erp = sandbox(Faults::default());
    let mut it = importer("", &erp);
    let line = |number: &str, city: &str| {
        let city = format!("\"Name\":\"x\",\"Ort\":\"{city}\",\"PLZ\":\"53111\"");
        match number {
            "" => format!("{{{city}}}\n"),
            number => format!("{{\"Nr\":\"{number}\",{city}}}\n"),
        }
    };
    let lines = [
        line("J1", "Bonn"),
        line("", "Ulm"),
        line("J1", ""),
        line("J2", "Köln"),
    ];
    it.file("in.jsonl", lines.concat());
    let first = run(&mut it, "in.jsonl", &[]).expect(3);
    assert_counts(&first, &[("created", 1), ("invalid", 1), ("grouped", 2)]);
    let text = String::from_utf8(first.report_file("failed.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 3);
    it.file(
        "back.jsonl",
        text.replace("\"Ort\":\"\"", "\"Ort\":\"Jena\""),
    );
    run(&mut it, "back.jsonl", &[]).expect(0);
    assert_eq!(ledger(&erp), of(&[("J1", &["Ulm", "Jena"]), ("J2", &[])]));
}

#[test]
fn too_many_records_for_one_customer_fail_and_are_all_told() {
    let erp = sandbox(Faults::default());
    let further = ";Lager;Ulm;89073\n".repeat(10_050);
    let mut it = importer(
        &format!("C1;Muster;Bonn;53111\n{further}C2;Beispiel;Köln;50667\n"),
        &erp,
    );
    let run = run(&mut it, "in.csv", &[]).expect(3);
    assert_counts(&run, &[("created", 1), ("invalid", 1), ("grouped", 10_050)]);
    let told = failed(&run);
    assert_eq!(told.len(), 10_051);
    assert_eq!(told[0], "1 C1 group.too_large");
    assert_eq!(told[10_050], "10051  group.failed");
    assert_eq!(ledger(&erp), of(&[("C2", &[])]));
}

#[test]
fn killed_in_the_middle_no_customer_is_lost_doubled_or_short_of_an_address() {
    let erp = sandbox(Faults::parse("commit_drop=0.05,500_after=0.05").unwrap());
    let customers = 200;
    let rows: String = (1..=customers)
        .map(|n| format!("C{n};Muster;Bonn;53111\n;Lager;Ulm{n};89073\n;Hof;Jena{n};07743\n"))
        .collect();
    let mut it = importer(&rows, &erp);
    it.args(["run", "in.csv", "-m", "map.toml"]);
    let mut kills = 0;
    let last = loop {
        let mut child = it.start();
        let target = erp.created() + 25;
        wait_for(|| child.try_wait().unwrap().is_some() || erp.created() >= target);
        if child.try_wait().unwrap().is_none() && erp.created() < customers {
            child.kill().unwrap();
            child.wait_with_output().unwrap();
            kills += 1;
            continue;
        }
        let run = it.read(child.wait_with_output().unwrap());
        if run.code == 0 {
            break run;
        }
        assert!([7, 75].contains(&run.code), "{}", run.said());
    };
    assert!(kills >= 3);
    assert_counts(&last, &[("created", 200), ("grouped", 400)]);
    let all = ledger(&erp);
    assert_eq!(all.len(), customers);
    for (number, cities) in all {
        let n = number.trim_start_matches('C');
        assert_eq!(cities, [format!("Ulm{n}"), format!("Jena{n}")], "{number}");
    }
}

#[test]
fn a_customer_is_forgotten_with_its_further_rows() {
    let erp = sandbox(Faults::default());
    let rows =
        "C1;Muster;Bonn;53111\n;Geheimlager;Ulm;890\nC2;Beispiel;Köln;506\n;Hof;Jena;07743\n";
    let mut it = importer(rows, &erp);
    run(&mut it, "in.csv", &["--max-invalid", "9"]).expect(3);
    it.args(["forget", "--customer", "C1", "--yes"])
        .run()
        .expect(0);
    for file in files_below(&it.folder().join("reports")) {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(!text.contains("Geheimlager"), "{}", file.display());
        if file.ends_with("failed.csv") {
            assert!(text.contains("Hof"), "the others stay: {text}");
        }
    }
}
