//! Names in the ERP instead of ids, `importer list`, and what a dry run asks (`--probe`):
//! against the sandbox, and against a server that says whatever it is told to.

mod asked;
mod probe;

use serde_json::Value;
use wawi_importer::sandbox::SandboxSettings;

use crate::stand_in::StandIn;
use crate::support::{Importer, Run};

/// Group and payment method by column, the company by a name in the mapping.
const MAPPING: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { column = "Gruppe", as = "customer_group" }
InternalCompanyId = { value = "muster gmbh", as = "company" }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = "Ort"
CountryIso = { value = "DE" }
[customer.PaymentSettings]
PaymentMethodId = { column = "Zahlart", as = "payment_method" }
"#;

/// An export with these groups, one customer each: C1, C2, ….
fn export(groups: &[&str]) -> String {
    let rows = (1..).zip(groups);
    let rows = rows.map(|(n, group)| format!("C{n};Muster{n};Ulm;{group};paypal\n"));
    format!("Nr;Name;Ort;Gruppe;Zahlart\n{}", rows.collect::<String>())
}

fn importer(groups: &[&str]) -> Importer {
    let importer = Importer::new();
    importer.file("map.toml", MAPPING);
    importer.file("in.csv", export(groups));
    importer
}

/// Runs `run in.csv -m map.toml` with more words.
fn run(importer: &mut Importer, words: &[&str]) -> Run {
    importer.args(["run", "in.csv", "-m", "map.toml"].iter().chain(words));
    importer.run()
}

fn sandbox() -> StandIn {
    StandIn::start(SandboxSettings::default())
}

/// The text with single blanks, so that line breaks of the page mean nothing.
fn flowing(run: &Run) -> String {
    run.said().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(run: &Run, what: &[&str]) {
    let text = flowing(run);
    for what in what {
        assert!(text.contains(what), "`{what}` is missing in:\n{text}");
    }
}

/// Number and group of everybody in the ledger.
fn groups(sandbox: &StandIn) -> Vec<(String, i64)> {
    let entries = sandbox.ledger().into_iter();
    let mut groups: Vec<(String, i64)> = entries
        .map(|entry| {
            let body: Value = entry.body;
            (entry.number, body["CustomerGroupId"].as_i64().unwrap())
        })
        .collect();
    groups.sort();
    groups
}

#[test]
fn names_become_ids_and_what_is_none_is_told_with_those_that_are() {
    let erp = sandbox();
    let mut importer = importer(&["Endkunden", " HÄNDLER", "Gold", "2"]);
    let run = run(&mut importer, &["--base-url", &erp.url()]).expect(3);
    let created = [("C1".to_owned(), 1), ("C2".to_owned(), 2)];
    assert_eq!(groups(&erp), created);
    let body = &erp.ledger()[0].body;
    assert_eq!(body["InternalCompanyId"], 1);
    assert_eq!(body["PaymentSettings"]["PaymentMethodId"], 3);
    let failed = crate::support::rows(&run.report_file("failed.csv"), b';');
    assert_eq!(failed.len(), 2);
    for row in failed {
        assert_eq!(row["_code"], "lookup.missing");
        assert_eq!(row["_columns"], "Gruppe");
        let message = &row["_message"];
        assert!(message.contains("`Endkunden`, `Händler`"), "{message}");
    }
    assert_eq!(erp.counters().violation_count, 0);
}

#[test]
fn the_built_in_sandbox_knows_names() {
    let mut importer = importer(&["Endkunden", "Mitarbeiter"]);
    let run = run(&mut importer, &["--sandbox"]).expect(0);
    assert_eq!(run.count("created"), 2);
}

#[test]
fn a_dry_run_needs_no_erp_and_says_what_it_left_out() {
    let mut importer = importer(&["Endkunden", "endkunden", "Gold", "Gold"]);
    let run = run(
        &mut importer,
        &[
            "--dry-run",
            "--values",
            "full",
            "--payloads",
            "bodies.jsonl",
        ],
    )
    .expect(0);
    assert_eq!(run.count("ready"), 4);
    says(
        &run,
        &[
            "customer groups by name (4 values of the input, 2 different: `Endkunden`, `Gold`)",
            "companies by name (`muster gmbh` in the mapping)",
            "payment methods by name (4 values of the input, 1 different: `paypal`)",
            "`--probe` asks the ERP",
        ],
    );
    let bodies = std::fs::read_to_string(importer.folder().join("bodies.jsonl")).unwrap();
    let body: Value = serde_json::from_str(bodies.lines().next().unwrap()).unwrap();
    assert_eq!(body["Number"], "C1");
    for left_out in ["CustomerGroupId", "InternalCompanyId", "PaymentSettings"] {
        assert_eq!(body.get(left_out), None, "{left_out}");
    }
    // Customers' values appear masked unless somebody wants them.
    let masked = self::run(&mut importer, &["--dry-run"]).expect(0);
    assert!(!masked.said().contains("Gold"), "{}", masked.said());
}

#[test]
fn the_lists_are_shown_with_ids() {
    let erp = sandbox();
    let mut importer = Importer::new();
    importer.args(["list", "groups", "--base-url", &erp.url()]);
    let table = importer.run().expect(0).stdout;
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows,
        [
            vec!["id", "name", "default"],
            vec!["1", "Endkunden", "yes"],
            vec!["2", "Händler"],
            vec!["3", "Mitarbeiter"],
        ]
    );
    for (list, kind, name) in [
        ("groups", "customer_group", "Endkunden"),
        ("categories", "customer_category", "Standard"),
        ("companies", "company", "Muster GmbH"),
        ("payment-methods", "payment_method", "Rechnung"),
    ] {
        importer.args(["list", list, "--json", "--base-url", &erp.url()]);
        let lines = importer.run().expect(0).stdout;
        let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(
            (&first["type"], &first["id"], &first["name"]),
            (&Value::from(kind), &Value::from(1), &Value::from(name))
        );
    }
    assert_eq!(erp.counters().violation_count, 0);
    importer.args(["list", "groups"]).run().expect(4);
    importer.args(["list", "everybody"]).run().expect(2);
}
