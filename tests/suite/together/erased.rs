//! Forgetting a customer of several rows, and one whose number stands in the second file.

use super::{assert_counts, importer, run, sandbox, settings};
use crate::stand_in::StandIn;
use crate::support::{Importer, files_below};

/// Addresses, whose customers are in the second file.
const MAPPING: &str = r#"[customer]
Number = "kunden.Nummer"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = "Ort"
PostalCode = "PLZ"
CountryIso = { value = "DE" }
[join]
file = "kunden.csv"
on = { "id" = "id" }
[group]
by = "id"
into = "OtherAddresses.OtherShippingAddresses"
[group.address]
LastName = "Name"
City = "Ort"
PostalCode = "PLZ"
CountryIso = { value = "DE" }
"#;

fn joined(erp: &StandIn) -> Importer {
    let it = importer();
    settings(&it, erp);
    it.file("map.toml", MAPPING);
    it.file("kunden.csv", "id;Nummer\n1;K-eins\n2;K-zwei\n3;K-drei\n");
    let rows = "id;Name;Ort;PLZ\n1;Erstmann;Ulm;89073\n1;Erstlager;Bonn;531\n\
                2;Zweitmann;Ulm;890\n;Zweitlager;Köln;50667\n3;Drittmann;Köln;50667\n;Drittlager;Ulm;89073\n";
    it.file("in.csv", rows);
    it
}

/// Words of which something stands in the state folder or in the reports.
fn left(it: &Importer, words: &[&str]) -> Vec<String> {
    let files = [".importer", "reports"].map(|name| files_below(&it.folder().join(name)));
    let bytes: Vec<Vec<u8>> = files
        .iter()
        .flatten()
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    let is_in = |word: &&str| {
        let mut files = bytes.iter();
        files.any(|file| {
            file.windows(word.len())
                .any(|window| window == word.as_bytes())
        })
    };
    words
        .iter()
        .copied()
        .filter(is_in)
        .map(str::to_owned)
        .collect()
}

const WORDS: [&str; 6] = [
    "Erstmann",
    "Erstlager",
    "Zweitmann",
    "Zweitlager",
    "Drittmann",
    "Drittlager",
];

#[test]
fn a_failed_customer_whose_number_the_second_file_has_is_forgotten_with_all_its_rows() {
    let erp = sandbox();
    let mut it = joined(&erp);
    let first = run(&mut it, "in.csv", &["--max-invalid", "9"]).expect(3);
    assert_counts(&first, &[("created", 1), ("invalid", 2), ("grouped", 3)]);
    assert_eq!(left(&it, &WORDS), WORDS[..4]);
    let forget =
        |it: &mut Importer, number: &str| it.args(["forget", "--customer", number, "--yes"]).run();
    let said = forget(&mut it, "k-ZWEI").expect(0);
    assert!(!said.stderr.contains("second file"), "{}", said.said());
    assert_eq!(left(&it, &WORDS), WORDS[..2]);
    forget(&mut it, "K-eins").expect(0);
    assert!(left(&it, &WORDS).is_empty());
    forget(&mut it, "K-drei").expect(0);
}

#[test]
fn without_the_second_file_nobody_is_told_that_all_is_gone() {
    let erp = sandbox();
    let mut it = joined(&erp);
    run(&mut it, "in.csv", &["--max-invalid", "9"]).expect(3);
    std::fs::rename(it.folder().join("kunden.csv"), it.folder().join("away.csv")).unwrap();
    it.args(["forget", "--customer", "K-zwei", "--yes"]);
    let said = it.run().expect(0);
    assert!(said.stderr.contains("failed.csv"), "{}", said.said());
    assert!(said.stderr.contains("second file"), "{}", said.said());
    assert_eq!(left(&it, &WORDS), WORDS[..4]);
    // It is there again: the same command.
    std::fs::rename(it.folder().join("away.csv"), it.folder().join("kunden.csv")).unwrap();
    it.run().expect(0);
    assert_eq!(left(&it, &WORDS), WORDS[..2]);
}

#[test]
fn a_customer_of_several_rows_goes_whole_from_the_report_of_a_book() {
    let erp = sandbox();
    let mut it = importer();
    settings(&it, &erp);
    it.file("in.xlsx", super::book(&super::cells(super::ROWS)));
    run(&mut it, "in.xlsx", &[]).expect(3);
    let back = it.folder().join("reports");
    let failed = || {
        let files = files_below(&back).into_iter();
        let mut files = files.filter(|path| path.ends_with("failed.xlsx"));
        files.next()
    };
    let read = |path: &std::path::Path| super::books::sheet(&std::fs::read(path).unwrap());
    assert_eq!(read(&failed().unwrap()).len(), 6);
    it.args(["forget", "--customer", "C2", "--yes"]);
    it.run().expect(0);
    let rows = read(&failed().unwrap());
    let text = format!("{rows:?}");
    assert_eq!(rows.len(), 3, "{text}");
    assert!(text.contains("Probe") && text.contains("Filiale"), "{text}");
    for gone in ["Groß", "Hof", "Werk"] {
        assert!(!text.contains(gone), "{text}");
    }
}
