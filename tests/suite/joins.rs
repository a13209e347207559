//! A second file that is looked up by a shared column (`[join]`).

use serde_json::json;
use wawi_importer::sandbox::SandboxSettings;

use crate::stand_in::StandIn;
use crate::support::{Importer, Run, rows};

const MAPPING: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = { first_of = ["adressen.Ort", "Ort"] }
PostalCode = "adressen.PLZ"
CountryIso = { value = "DE" }
[join]
file = "adressen.csv"
on = { "Nr" = "Kunde" }
"#;

const ADDRESSES: &str =
    "Kunde;PLZ;Ort;Notiz\nc2 ;50667;Köln;x\nC1;53111;Bonn;x\nC9;10115;Berlin;x\n";

/// The program with an input of three customers, of whom two have an address in the second file.
fn importer(erp: &StandIn) -> Importer {
    let it = Importer::new();
    it.file("map.toml", MAPPING);
    it.file(
        "in.csv",
        "Nr;Name;Ort\nC1;Muster;\nC2;Beispiel;\nC3;Probe;Trier\n",
    );
    let addresses = encoding_rs::WINDOWS_1252.encode(ADDRESSES).0.into_owned();
    it.file("adressen.csv", addresses);
    let url = erp.url();
    let settings = format!(
        "profile = \"erp\"\n[profiles.erp]\ntarget = \"erp\"\nbase_url = \"{url}\"\n\
         timeout = \"500ms\"\nsettle = \"500ms\"\n"
    );
    it.file("importer.toml", settings);
    it
}

fn sandbox() -> StandIn {
    StandIn::start(SandboxSettings::default())
}

fn run(it: &mut Importer, file: &str, words: &[&str]) -> Run {
    it.args(["run", file, "-m", "map.toml"].iter().chain(words));
    it.run()
}

/// The ledger's customers, as `number city postal code`, sorted.
fn ledger(erp: &StandIn) -> Vec<String> {
    let entries = erp.ledger().into_iter();
    let mut told: Vec<String> = entries
        .map(|entry| {
            let billing = &entry.body["BillingAddress"];
            let text = |name: &str| billing[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", entry.number, text("City"), text("PostalCode"))
        })
        .collect();
    told.sort();
    told
}

#[test]
fn each_record_gets_the_cells_of_its_row() {
    let erp = sandbox();
    let mut it = importer(&erp);
    let dry = run(&mut it, "in.csv", &["--dry-run"]).expect(0);
    assert!(
        dry.stdout.contains("adressen.Notiz"),
        "unused: {}",
        dry.said()
    );
    assert!(dry.stdout.contains("join.missing"), "{}", dry.said());
    std::fs::remove_dir_all(it.folder().join("reports")).unwrap();
    let first = run(&mut it, "in.csv", &[]).expect(0);
    assert_eq!(
        ledger(&erp),
        ["C1 Bonn 53111", "C2 Köln 50667", "C3 Trier -"]
    );
    let warnings = first.rows("warnings.csv");
    assert_eq!(warnings.len(), 1);
    assert_eq!(
        (warnings[0]["record"].as_str(), warnings[0]["code"].as_str()),
        ("3", "join.missing")
    );

    // The same files: finished. An edited second file is another import, of a changed customer.
    let again = run(&mut it, "in.csv", &[]).expect(0);
    assert_eq!(again.reports().len(), 1, "{}", again.said());
    it.file("adressen.csv", ADDRESSES.replace("Bonn", "Ulm"));
    let edited = run(&mut it, "in.csv", &[]).expect(0);
    assert_eq!((edited.count("changed"), edited.count("skipped")), (1, 2));
    let id = edited.summary()["run"].as_str().unwrap().to_owned();
    it.args(["report", &id]).run().expect(0);
    it.file("adressen.csv", ADDRESSES.replace("Bonn", "Jena"));
    let gone = it.args(["report", &id]).run();
    assert!(gone.stderr.contains("adressen.csv"), "{}", gone.said());
}

#[test]
fn several_rows_for_a_record_are_an_error_and_none_may_be_one() {
    let erp = sandbox();
    let mut it = importer(&erp);
    it.file("adressen.csv", format!("{ADDRESSES} C1;07743;Jena;x\n"));
    it.file(
        "map.toml",
        format!("{MAPPING}[rules]\n\"join.missing\" = \"error\"\n"),
    );
    let run = run(&mut it, "in.csv", &[]).expect(3);
    assert_eq!(ledger(&erp), ["C2 Köln 50667"]);
    let failed = rows(&run.report_file("failed.csv"), b';');
    let codes: Vec<_> = failed.iter().map(|row| row["_code"].as_str()).collect();
    assert_eq!(codes, ["join.ambiguous", "join.missing"]);
    assert!(
        failed[0]["_message"].contains("lines 3 and 5"),
        "{}",
        failed[0]["_message"]
    );
    assert_eq!(failed[0]["_columns"], "Nr");
    for (weight, warned) in [("warn", true), ("off", false)] {
        it.file(
            "map.toml",
            format!("{MAPPING}[rules]\n\"join.missing\" = \"{weight}\"\n"),
        );
        let dry = it
            .args(["run", "in.csv", "-m", "map.toml", "--dry-run"])
            .run();
        let groups = dry.expect(3).summary()["warning_groups"].clone();
        assert_eq!(groups[0]["code"] == "join.missing", warned, "{groups}");
    }
    let text = String::from_utf8(run.report_file("failed.csv")).unwrap();
    assert!(
        text.starts_with("Nr;Name;Ort;_message;"),
        "its own columns alone: {text}"
    );
}

#[test]
fn a_second_file_that_cannot_be_used_is_code_4() {
    let erp = sandbox();
    let mut it = importer(&erp);
    let path = it.folder().join("adressen.csv");
    for (file, words) in [
        ("", &["is empty"][..]),
        (
            "Kunden;PLZ;Ort\n",
            &["adressen.Kunde", "did you mean `adressen.Kunden`"],
        ),
        ("Kunde;PLZ;Ort\nC1;1\n", &["line 2", "fields"]),
        ("{\"Kunde\":\"C1\"}\n", &["JSON lines"]),
    ] {
        it.file("adressen.csv", file);
        for words_of_command in [&[][..], &["--dry-run"]] {
            let run = run(&mut it, "in.csv", words_of_command).expect(4);
            for word in words {
                assert!(run.stderr.contains(word), "{word}: {}", run.said());
            }
        }
    }
    std::fs::remove_file(path).unwrap();
    let gone = run(&mut it, "in.csv", &[]).expect(4);
    assert!(
        gone.stderr.contains("adressen.csv") && gone.stderr.contains("beside the input"),
        "{}",
        gone.said()
    );
    let check = it
        .args(["mapping", "check", "map.toml", "in.csv"])
        .run()
        .expect(4);
    assert!(check.stderr.contains("adressen.csv"), "{}", check.said());
    it.file("in.jsonl", "{\"Nr\":\"C1\"}\n");
    let lines = run(&mut it, "in.jsonl", &[]).expect(4);
    assert!(lines.stderr.contains("JSON lines"), "{}", lines.said());
    assert_eq!(erp.created(), 0);
}

#[test]
fn corrected_records_are_joined_again_wherever_they_lie() {
    let erp = sandbox();
    let mut it = importer(&erp);
    it.file("in.csv", "Nr;Name;Ort\nC1;;\nC2;Beispiel;\n");
    let first = run(&mut it, "in.csv", &[]).expect(3);
    let text = String::from_utf8(first.report_file("failed.csv")).unwrap();
    it.file("back/failed.csv", text.replace("C1;;", "C1;Muster;"));
    let back = run(&mut it, "back/failed.csv", &[]).expect(0);
    assert_eq!(back.count("created"), 1);
    assert_eq!(back.summary()["linked"]["totals"]["created"], json!(2));
    assert_eq!(ledger(&erp), ["C1 Bonn 53111", "C2 Köln 50667"]);
    it.args(["forget", "--customer", "C1", "--yes"])
        .run()
        .expect(0);
}

#[test]
fn addresses_are_joined_to_their_customers_and_grouped() {
    let erp = sandbox();
    let mut it = importer(&erp);
    let mapping = r#"[customer]
Number = "Kunde"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "kunden.Name"
City = "Ort"
CountryIso = { value = "DE" }
[join]
file = "kunden.csv"
on = { "Kunde" = "Nr" }
[group]
by = "kunden.Nr"
into = "OtherAddresses.OtherShippingAddresses"
[group.address]
City = "Ort"
CountryIso = { value = "DE" }
"#;
    it.file("map.toml", mapping);
    it.file("kunden.csv", "Nr,Name\nC1,Muster\nC2,Beispiel\n");
    it.file("adr.csv", "Kunde;Ort\nC1;Bonn\nC1;Ulm\nC7;Gera\nC2;Köln\n");
    let run = run(&mut it, "adr.csv", &[]).expect(3);
    assert_eq!(
        (
            run.count("created"),
            run.count("grouped"),
            run.count("invalid")
        ),
        (2, 1, 1)
    );
    assert_eq!(ledger(&erp), ["C1 Bonn -", "C2 Köln -"]);
    let failed = rows(&run.report_file("failed.csv"), b';');
    assert_eq!(
        (failed[0]["Kunde"].as_str(), failed[0]["_code"].as_str()),
        ("C7", "join.missing")
    );
    let list = &erp.ledger()[0].body["OtherAddresses"]["OtherShippingAddresses"];
    let other = &erp.ledger()[1].body["OtherAddresses"]["OtherShippingAddresses"];
    let ulm = json!([{ "City": "Ulm", "CountryIso": "DE" }]);
    assert!(*list == ulm || *other == ulm, "{list} {other}");
}

#[test]
fn a_further_row_needs_no_row_there_if_nothing_of_it_comes_from_there() {
    let erp = sandbox();
    let mut it = importer(&erp);
    let mapping = |address: &str, rules: &str| {
        format!(
            r#"[customer]
Number = "Kunde"
CustomerGroupId = {{ value = 1 }}
InternalCompanyId = {{ value = 1 }}
LanguageIso = {{ value = "DE" }}
[customer.BillingAddress]
LastName = "kunden.Name"
City = "Ort"
CountryIso = {{ value = "DE" }}
[join]
file = "kunden.csv"
on = {{ "Kunde" = "Nr" }}
[group]
by = "Kunde"
into = "OtherAddresses.OtherShippingAddresses"
[group.address]
City = "Ort"
CountryIso = {{ value = "DE" }}
{address}
[rules]
"join.missing" = "{rules}"
"#
        )
    };
    it.file("kunden.csv", "Nr,Name\nC1,Muster\nC2,Beispiel\n");
    it.file("adr.csv", "Kunde;Ort\nC1;Bonn\n;Ulm\nC2;Köln\n;Gera\n");
    let theirs = "LastName = \"kunden.Name\"";
    for (address, rules, code, warnings) in [
        ("", "warn", 0, 0),
        ("", "error", 0, 0),
        (theirs, "warn", 0, 2),
        ("when = \"kunden.Name\"", "warn", 0, 2),
        (theirs, "error", 3, 0),
    ] {
        it.file("map.toml", mapping(address, rules));
        let run = run(&mut it, "adr.csv", &["--dry-run"]).expect(code);
        let told = run.summary()["warnings"].clone();
        assert_eq!(told, json!(warnings), "{address} {rules} {}", run.said());
    }
}

#[test]
fn a_second_file_that_is_a_sheet_is_read_as_the_mapping_reads_text() {
    let erp = sandbox();
    let mut it = importer(&erp);
    let mapping = r#"[source]
decimal = ","
date = "%d.%m.%Y"
[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
Birthday = "mehr.Geb"
[customer.BillingAddress]
LastName = "Name"
City = "MEHR.Ort"
CountryIso = { value = "DE" }
[customer.PaymentSettings]
Discount = { column = "mehr.Rabatt", decimal = "." }
[join]
file = "mehr.xlsx"
on = { "Nr" = "Kunde" }
"#;
    it.file("map.toml", mapping);
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(["Kunde", "Geb", "Rabatt", "Ort", "Hilfe"]) {
        sheet.write(0, column, name).unwrap();
    }
    let date = rust_xlsxwriter::Format::new().set_num_format("dd.mm.yy");
    let day = rust_xlsxwriter::ExcelDateTime::from_ymd(1985, 3, 12).unwrap();
    let error = || rust_xlsxwriter::Formula::new("=NA()").set_result("#N/A");
    for (row, key) in [(1, "C1"), (2, "C2"), (3, "C3")] {
        sheet.write(row, 0, key).unwrap();
        sheet.write_with_format(row, 1, &day, &date).unwrap();
        sheet.write(row, 2, 2.5).unwrap();
        sheet.write(row, 3, "Ulm").unwrap();
        // Nobody reads this column.
        sheet.write_formula(row, 4, error()).unwrap();
    }
    it.file("mehr.xlsx", book.save_to_buffer().unwrap());
    let first = run(&mut it, "in.csv", &[]).expect(0);
    assert_eq!(first.count("created"), 3);
    let body = &erp.ledger()[0].body;
    assert_eq!(body["Birthday"], json!("1985-03-12T00:00:00Z"));
    assert_eq!(body["PaymentSettings"]["Discount"], json!(2.5));

    // In a column that is read, `[rules]` has a say.
    let sheet = book.worksheet_from_index(0).unwrap();
    sheet.write_formula(1, 2, error()).unwrap();
    it.file("mehr.xlsx", book.save_to_buffer().unwrap());
    let refused = run(&mut it, "in.csv", &["--dry-run"]).expect(4);
    assert!(refused.stderr.contains("C2 (#N/A)"), "{}", refused.said());
    assert!(refused.stderr.contains("\"cell.error\" = \"warn\""));
    it.file(
        "map.toml",
        format!("{mapping}[rules]\n\"cell.error\" = \"warn\"\n"),
    );
    run(&mut it, "in.csv", &["--dry-run"]).expect(0);
}

#[test]
fn a_report_needs_the_second_file_as_it_was_and_says_so() {
    let erp = sandbox();
    let mut it = importer(&erp);
    let first = run(&mut it, "in.csv", &[]).expect(0);
    let id = first.summary()["run"].as_str().unwrap().to_owned();
    it.file("adressen.csv", ADDRESSES.replace("Bonn", "Ulm"));
    it.args(["report", &id]);
    let refused = it.run().expect(4);
    let said = refused.stderr.replace('\n', " ");
    assert!(
        said.contains("adressen.csv is not the one that the run read"),
        "{said}"
    );
    assert!(said.contains("put both files into a folder"), "{said}");
    it.file(
        "then/in.csv",
        "Nr;Name;Ort\nC1;Muster;\nC2;Beispiel;\nC3;Probe;Trier\n",
    );
    let then = encoding_rs::WINDOWS_1252.encode(ADDRESSES).0.into_owned();
    it.file("then/adressen.csv", then);
    it.args(["report", &id, "--input", "then/in.csv"]);
    it.run().expect(0);
}
