//! `[[test]]` and `mapping explain` where several records and a second file make a customer.

use super::{MAPPING, ROWS, importer};
use crate::support::{Importer, Run};

fn tested(tests: &str) -> Run {
    let mut it = importer();
    // Names of the ERP are not known here: ids do.
    let mapping = MAPPING
        .replace(", as = \"customer_group\", lookup = { \"Shop\" = \"Endkunden\" }, default = \"Endkunden\"", ", default = 1")
        .replace("value = \"Muster GmbH\", as = \"company\"", "value = 1");
    it.file("map.toml", format!("{mapping}{tests}"));
    it.args(["mapping", "test", "map.toml"]).run()
}

#[test]
fn the_records_of_a_customer_are_given_as_a_list_and_joined_columns_by_name() {
    let run = tested(
        r#"
[[test]]
given = [
    { Nr = "C1", Name = "Muster", PLZ = "01067", "orte.Stadt" = "Dresden", Quelle = "shop" },
    { Name = "Lager", PLZ = "4020", "orte.Stadt" = "Linz", "orte.Land" = "Österreich" },
]
expect_errors = []
[test.expect]
Number = "C1"
InitialContact = "SHOP Dresden"
BillingAddress = { City = "Dresden", PostalCode = "01067", State = "Sachsen" }
OtherAddresses = { OtherShippingAddresses = [ { City = "Linz", CountryIso = "AT" } ] }

[[test]]
given = [{ Nr = "C1", Name = "Muster", "orte.Stadt" = "Ulm" }]
expect = { OtherAddresses = { OtherShippingAddresses = [] } }

[[test]]
name = "one record needs no key"
given = { Name = "Muster", "orte.Stadt" = "Ulm" }
expect_errors = []

[[test]]
given = [
    { Nr = "C1", Name = "Muster", PLZ = "1067", "orte.Stadt" = "Dresden" },
    { Nr = "C1", Name = "Lager", PLZ = "40200", "orte.Stadt" = "Linz", "orte.Land" = "AT" },
]
expect_errors = ["postal_code.country"]
expect = { Number = "C1" }

[[test]]
given = [{ Name = "Muster", "orte.Stadt" = "Ulm" }, { Name = "Lager", "orte.Stadt" = "Ulm" }]
expect_errors = ["group.headless"]
"#,
    )
    .expect(0);
    assert_eq!(run.stdout, "map.toml: all 5 tests pass\n");
}

#[test]
fn what_is_not_as_expected_names_the_record() {
    for (test, wanted) in [
        (
            "given = [{ Nr = \"C1\", Name = \"A\", \"orte.Stadt\" = \"Ulm\" }, { Nr = \"C2\", Name = \"B\" }]\nexpect = { Number = \"C1\" }",
            "test 1 fails: its records make 2 customers",
        ),
        (
            "given = [{ Nr = \"C1\", Name = \"A\", \"orte.Stadt\" = \"Ulm\" }, { Name = \"B\", PLZ = \"1\", \"orte.Stadt\" = \"Bonn\" }]\nexpect_errors = []",
            "test 1 fails: record 2: Column `PLZ`:",
        ),
        (
            "given = []\nexpect = { Number = \"C1\" }",
            "`given` has no record",
        ),
        (
            "given = [\"C1\"]\nexpect = { Number = \"C1\" }",
            "a list of such tables",
        ),
        (
            "given = { Nr = \"C1\", \"orte.Stat\" = \"Ulm\" }\nexpect = { Number = \"C1\" }",
            "did you mean `orte.Stadt`?",
        ),
        (
            "given = { Nr = \"C1\", Stadt = \"Ulm\" }\nexpect = { Number = \"C1\" }",
            "the mapping uses no column `Stadt`",
        ),
    ] {
        let run = tested(&format!("[[test]]\n{test}\n")).expect(4);
        assert!(run.stderr.contains(wanted), "{wanted}\n{}", run.said());
    }
    let mut it = Importer::new();
    it.file(
        "map.toml",
        "[customer]\nNumber = \"Nr\"\nCustomerGroupId = { value = 1 }\nInternalCompanyId = { value = 1 }\n\
         LanguageIso = { value = \"DE\" }\n[customer.BillingAddress]\nCity = \"Ort\"\nCountryIso = { value = \"DE\" }\n\
         [[test]]\ngiven = [{ Nr = \"1\" }, { Nr = \"1\" }]\nexpect = { Number = \"1\" }\n",
    );
    let run = it.args(["mapping", "test", "map.toml"]).run().expect(4);
    assert!(
        run.stderr.contains("nothing puts them together"),
        "{}",
        run.said()
    );
}

fn explain(it: &mut Importer, words: &str) -> Run {
    let words = format!("mapping explain map.toml {words}");
    it.args(words.split(' ')).run()
}

#[test]
fn a_further_record_is_explained_as_the_address_that_it_becomes() {
    let mut it = importer();
    it.file("in.csv", ROWS);
    let pages = [
        "in.csv --record 4",
        "in.csv --record 5",
        "in.csv --record 7",
    ];
    let pages = pages.map(|words| explain(&mut it, words).expect(0).stdout);
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("further_records", pages.join("\n----\n"));
    });
    let lines = explain(&mut it, "in.csv --record 4 --json")
        .expect(0)
        .stdout;
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["customer"]["record"], 3);
    assert_eq!(lines[0]["customer"]["records"], 3);
    assert_eq!(lines[0]["errors"][0]["record"], 3);
    let city = "OtherAddresses.OtherShippingAddresses[0].City";
    let city = lines.iter().find(|line| line["target"] == city).unwrap();
    assert_eq!(city["columns"][0]["column"], "orte.Stadt");
}

/// What is typed goes before `[source]`, as it does for `run`.
#[test]
fn explain_and_check_read_the_input_as_they_are_told() {
    let mut it = importer();
    let mapping = MAPPING.replace(
        "[source]",
        "[source]\nformat = \"csv\"\nencoding = \"utf-8\"\ndelimiter = \"|\"\nskip_lines = 3",
    );
    it.file("map.toml", &mapping);
    let text = encoding_rs::WINDOWS_1252.encode(ROWS).0.into_owned();
    let text = [b"Export\n".as_slice(), &text].concat();
    it.file("in.csv", text);
    let typed = "--encoding windows-1252 --delimiter ; --skip-lines 1 --format csv";
    explain(&mut it, "in.csv --record 1").expect(4);
    let run = explain(&mut it, &format!("in.csv --record 1 {typed}")).expect(0);
    assert!(run.stdout.contains("\"Müller\""), "{}", run.said());
    let words = format!("mapping check map.toml in.csv {typed}");
    let run = it.args(words.split(' ')).run().expect(0);
    assert!(run.stdout.contains("fits in.csv"), "{}", run.said());

    it.file("map.toml", MAPPING);
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, city) in [("Erste", "d"), ("Zweite", "k")] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        for (column, cell) in (0..).zip(["Nr", "Name", "PLZ", "Ort", "Gruppe", "Quelle"]) {
            sheet.write_string(0, column, cell).unwrap();
        }
        for (column, cell) in (0..).zip(["C1", "Muster", "50667", city]) {
            sheet.write_string(1, column, cell).unwrap();
        }
    }
    it.file("in.xlsx", book.save_to_buffer().unwrap());
    for (sheet, city) in [("Erste", "Dresden"), ("Zweite", "Köln")] {
        let run = explain(&mut it, &format!("in.xlsx --record 1 --sheet {sheet}")).expect(0);
        assert!(run.stdout.contains(city), "{}", run.said());
    }
}
