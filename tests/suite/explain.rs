//! Templates, tables beside the mapping, tests of mappings, and one record explained: as people
//! see them, with the program as it is.

use serde_json::Value;

use wawi_importer::sandbox::SandboxSettings;

use crate::stand_in::StandIn;
use crate::support::{Importer, Run, rows};

const MAPPING: &str = r#"
keep_if = [ { column = "Konto", between = [10000, 69999] } ]

[source]
empty = ["-"]

[customer]
Number            = "Konto"
CustomerGroupId   = { column = "Gruppe", lookup_file = "tables/groups.csv", otherwise = 9 }
InternalCompanyId = { value = 1 }
LanguageIso       = { column = "Sprache", as = "language", default = "DE" }
Birthday          = { column = "geb.", date = "%d.%m.%Y" }
InitialContact    = { template = "{{ col['Quelle'] | upper }} {{ col['Jahr'] }}" }

[customer.BillingAddress]
LastName   = { first_of = ["Nachname", "Name"], case = "upper" }
Street     = { join = ["Straße", "Nr"] }
PostalCode = { column = "PLZ", extract = '(\d+)', as = "postal_code" }
City       = { column = "Ort", replace = { "str." = "straße" }, max = 8, cut = true }
CountryIso = { column = "Land", as = "country", default = "DE" }

[customer.Shipmentaddress]
unless_same_as = "BillingAddress"
City       = { first_of = ["Lieferort", "Ort"], max = 8, cut = true }
CountryIso = { column = "Land", as = "country", default = "DE" }

[[customer.OtherAddresses.OtherShippingAddresses]]
when       = "Lieferort"
City       = "Lieferort"
CountryIso = { value = "DE" }
"#;

const CUSTOMERS: &str = "\
Konto;Gruppe;Sprache;geb.;Quelle;Jahr;Nachname;Name;Straße;Nr;PLZ;Ort;Land;Lieferort
10001; händler;de-DE;31.12.1985;shop;2024;-;Muster;Weg;1a;D-1067;Dresden-Neustadt;Deutschland;
10002;Gold;;31.02.1985;;;Müller;;;;4711;Wien;Atlantis;Bonn
9999;Händler;;;;;X;;;;1;Y;DE;
10004;Händler;;;;;Muster;;;;01067;Dresden;DE;
10005;x
";

/// The program beside a mapping, its table and customers.
fn prepared(tests: &str) -> Importer {
    let importer = Importer::new();
    importer.file("shop.toml", format!("{MAPPING}{tests}"));
    importer.file("tables/groups.csv", "Endkunde;1\nHändler;2\n");
    importer.file("customers.csv", CUSTOMERS);
    importer
}

fn say(importer: &mut Importer, words: &str) -> Run {
    importer.args(words.split(' ')).run()
}

fn shown(run: &Run, importer: &Importer) -> String {
    let folder = importer.folder().to_str().unwrap();
    let text = format!(
        "code {}\n--- stdout\n{}--- stderr\n{}",
        run.code, run.stdout, run.stderr
    );
    text.replace(folder, "[folder]")
}

fn explained(record: u64) -> String {
    let mut importer = prepared("");
    let run = say(
        &mut importer,
        &format!("mapping explain shop.toml customers.csv --record {record}"),
    );
    for line in run.stdout.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    shown(&run, &importer)
}

#[test]
fn a_valid_record_is_explained_step_by_step() {
    insta::assert_snapshot!(explained(1));
}

#[test]
fn an_invalid_record_is_explained_with_its_errors() {
    insta::assert_snapshot!(explained(2));
}

#[test]
fn a_record_that_is_left_out_is_explained_by_its_condition() {
    insta::assert_snapshot!(explained(3));
}

#[test]
fn records_that_are_none() {
    let unreadable = explained(5);
    assert!(
        unreadable.starts_with("code 0\n--- stdout\nrecord 5 (line 6): cannot be read\n"),
        "{unreadable}"
    );
    assert!(unreadable.contains("  record.ragged: "), "{unreadable}");
    let beyond = explained(6);
    assert!(beyond.starts_with("code 2\n"), "{beyond}");
    assert!(
        beyond.contains("error: there is no record 6: customers.csv has 5 records\n"),
        "{beyond}"
    );
}

/// A further record of a customer is told as the address that it becomes, with what is wrong
/// with it beside the field.
#[test]
fn further_records_of_a_customer_are_explained_as_their_address() {
    let mut importer = Importer::new();
    importer.file("shop.toml", GROUPED);
    importer.file(
        "customers.csv",
        "Nr;Name;PLZ;Ort;Lager\nC1;Muster;01067;Dresden;\nC1;;50667;Köln;x\nC1;;123;Ulm;x\n;;;Bonn;\n",
    );
    let mut explained = |record: u64| {
        let words = format!("mapping explain shop.toml customers.csv --record {record}");
        let run = say(&mut importer, &words);
        shown(&run, &importer)
    };
    for (record, list) in [(2, 0), (3, 1), (4, 2)] {
        let heading = format!("\nOtherAddresses.OtherShippingAddresses[{list}]");
        let text = explained(record);
        assert!(text.contains(&heading), "{text}");
    }
    insta::assert_snapshot!(explained(3));
    let lead = explained(1);
    assert!(lead.contains("record 1 (line 2): invalid\n"), "{lead}");
    let elsewhere = "\n  record 3 (line 4): postal_code.country: ";
    assert!(lead.contains(elsewhere), "{lead}");
}

#[test]
fn what_is_a_warning_is_called_one() {
    let mut importer = Importer::new();
    let rules = "[rules]\n\"record.ragged\" = \"warn\"\n";
    importer.file("shop.toml", format!("{GROUPED}{rules}"));
    importer.file(
        "customers.csv",
        "Nr;Name;PLZ;Ort;Lager\nC1;Muster;123;Ulm\n",
    );
    let run = say(
        &mut importer,
        "mapping explain shop.toml customers.csv --record 1",
    );
    let head = "record 1 (line 2): invalid\n  warning: record.ragged: ";
    assert!(run.stdout.starts_with(head), "{}", run.said());
}

const GROUPED: &str = r#"[source]
encoding = "utf-8"
[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
PostalCode = "PLZ"
City = "Ort"
CountryIso = { value = "DE" }
[group]
by = "Nr"
into = "OtherAddresses.OtherShippingAddresses"
[group.address]
when = "Lager"
PostalCode = "PLZ"
City = "Ort"
CountryIso = { value = "DE" }
"#;

#[test]
fn data_has_one_object_for_each_field() {
    let mut importer = prepared("");
    let run = say(
        &mut importer,
        "mapping explain shop.toml customers.csv --record 2 --json",
    );
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["outcome"], "invalid");
    let field = |target: &str| {
        let mut lines = lines.iter();
        lines.find(|line| line["target"] == target).unwrap().clone()
    };
    let city = field("Shipmentaddress.City");
    assert_eq!(city["columns"][0]["column"], "Lieferort");
    assert_eq!(city["value"], "Bonn");
    let group = field("CustomerGroupId");
    assert_eq!(group["value"], 9);
    assert_eq!(group["steps"][1]["step"], "otherwise");
    let born = field("Birthday");
    assert_eq!(born["errors"][0]["code"], "type.date");
    assert_eq!(born["value"], Value::Null);
    // What is told here is what a run tells.
    let run = say(&mut importer, "run customers.csv -m shop.toml --dry-run");
    let failed = rows(&run.report_file("failed.csv"), b';');
    let codes = &failed[0]["_code"];
    for error in lines[0]["errors"].as_array().unwrap() {
        assert!(codes.contains(error["code"].as_str().unwrap()), "{codes}");
    }
}

#[test]
fn a_template_that_fails_is_an_error_of_the_record() {
    let mut importer = prepared("");
    let mapping = MAPPING.replace("{{ col['Jahr'] }}", "{{ col['Jahr'] + 1 }}");
    importer.file("shop.toml", mapping);
    let run = say(&mut importer, "run customers.csv -m shop.toml --dry-run");
    let first = &rows(&run.report_file("failed.csv"), b';')[0];
    assert_eq!(first["_code"], "template.failed");
    assert_eq!(first["_field"], "InitialContact");
    assert_eq!(first["_columns"], "Quelle, Jahr");
    assert!(first["_message"].contains("`col['Jahr'] + 1`"), "{first:?}");
}

const GOOD: &str = r#"
[[test]]
name   = "postal codes get their zero back"
given  = { Konto = "10001", Gruppe = "Endkunde", PLZ = "1067", Land = "Deutschland", Ort = "Dresden", Name = "Muster" }
expect = { Number = "10001", BillingAddress = { PostalCode = "01067", CountryIso = "DE" }, Shipmentaddress = "" }
expect_errors = []

[[test]]
given  = { Konto = "10001", PLZ = "1", Ort = "Wien", Land = "AT", Name = "M" }
expect_errors = ["postal_code.country"]

[[test]]
given    = { Konto = 1 }
left_out = true
"#;

const BAD: &str = r#"
[[test]]
name   = "postal codes get their zero back"
given  = { Konto = "10001", PLZ = "1067", Land = "Deutschland", Ort = "Dresden", Name = "Muster" }
expect = { Number = "10001", BillingAddress = { PostalCode = "1067", LastName = "MUSTER" } }

[[test]]
given  = { Konto = "10001", PLZ = "1010", Ort = "Wien", Land = "AT" }
expect_errors = ["postal_code.country"]

[[test]]
given  = { Konto = "10001", PLZ = "1", Ort = "Wien", Land = "AT", Name = "M" }
expect = { BillingAddress = { PostalCode = "1", LastName = "M" }, Shipmentaddress = "" }
"#;

#[test]
fn tests_that_pass_and_tests_that_fail() {
    let mut importer = prepared(GOOD);
    let run = say(&mut importer, "mapping test shop.toml");
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "shop.toml: all 3 tests pass\n")
    );
    say(&mut importer, "run customers.csv -m shop.toml --dry-run").expect(3);
    let mut importer = prepared(BAD);
    let run = say(&mut importer, "mapping test shop.toml");
    insta::assert_snapshot!(shown(&run, &importer));
    let run = say(&mut importer, "mapping test shop.toml --json");
    assert_eq!(run.code, 4);
    let first: Value = serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["number"], &first["passed"]),
        (&1.into(), &false.into())
    );
}

#[test]
fn no_run_begins_with_a_mapping_that_fails_its_tests() {
    let mut importer = prepared(BAD);
    for how in ["--dry-run", "--sandbox"] {
        let run = say(
            &mut importer,
            &format!("run customers.csv -m shop.toml {how}"),
        );
        assert_eq!(run.code, 4, "{}", run.stderr);
        assert!(run.stderr.contains("test 1 (postal codes get their zero back) fails: `BillingAddress.PostalCode` is \"01067\""), "{}", run.stderr);
        assert!(run.reports().is_empty());
    }
}

#[test]
fn a_table_that_changed_is_another_mapping_and_a_lost_one_is_not_missed_by_the_report() {
    let mut importer = prepared("");
    let erp = StandIn::start(SandboxSettings::default());
    let url = erp.url();
    let command = format!("run customers.csv -m shop.toml --base-url {url} --path /v1/customers");
    let run = say(&mut importer, &command).expect(3);
    let id = run.summary()["run"].as_str().unwrap().to_owned();
    let again = say(&mut importer, &format!("report {id} --report-dir again"));
    std::fs::remove_file(importer.folder().join("tables/groups.csv")).unwrap();
    let without = say(&mut importer, &format!("report {id} --report-dir without"));
    assert_eq!(
        (again.code, without.code),
        (0, 0),
        "{}{}",
        again.stderr,
        without.stderr
    );
    let failed = |folder: &str| {
        let path = importer.folder().join(folder).join(&id).join("failed.csv");
        std::fs::read(path).unwrap()
    };
    assert_eq!(failed("again"), failed("without"));
    let missing = say(&mut importer, "mapping check shop.toml");
    assert_eq!(missing.code, 4);
    assert!(
        missing.stderr.contains("there is no file "),
        "{}",
        missing.stderr
    );
    // The hash of a mapping is that of all that it read.
    let hash = |importer: &mut Importer, table: &str| {
        importer.file("tables/groups.csv", table);
        let run = say(importer, "run customers.csv -m shop.toml --dry-run");
        run.summary()["mapping_hash"].as_str().unwrap().to_owned()
    };
    let one = hash(&mut importer, "Endkunde;1\nHändler;2\n");
    let other = hash(&mut importer, "Endkunde;1\nHändler;3\n");
    assert_ne!(one, other);
}
