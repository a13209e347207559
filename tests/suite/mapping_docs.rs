//! docs/mapping.md is a reference that cannot drift: its tables are compared with the code in
//! both directions, and its examples are run. So are the recipes of docs/cookbook.md.

/// The notation of examples, and how they are run.
pub(crate) mod examples;
/// The inputs of examples as files.
mod inputs;

use std::collections::BTreeSet;

use wawi_importer::mapping::{Mapping, field_list, key_list, template_words};
use wawi_importer::outcome::{Code, Severity};

use crate::readme::{code, table};
use crate::support::{Importer, repository};

fn page() -> String {
    std::fs::read_to_string(repository("docs/mapping.md")).unwrap()
}

#[test]
fn its_examples_run() {
    let counts = examples::run("docs/mapping.md", &page());
    // What is counted is what was run: a notation that nobody recognises runs nothing.
    for (kind, least) in [
        ("toml mapping", 10),
        ("toml field", 30),
        ("toml part", 3),
        ("csv sheet", 1),
        ("json result", 10),
        ("csv failed", 4),
        ("csv warned", 1),
        ("toml within", 1),
        ("console ", 4),
        ("rows", 90),
    ] {
        let count = counts.get(kind).copied().unwrap_or_default();
        assert!(count >= least, "{count} of `{kind}`: {counts:?}");
    }
}

#[test]
fn the_recipes_of_the_cookbook_run() {
    let page = std::fs::read_to_string(repository("docs/cookbook.md")).unwrap();
    let counts = examples::run("docs/cookbook.md", &page);
    for (kind, least) in [
        ("toml mapping", 12),
        ("toml field", 30),
        ("csv sheet", 1),
        ("csv failed", 2),
        ("csv warned", 4),
        ("text stopped", 1),
        ("console ", 9),
        ("rows", 80),
    ] {
        let count = counts.get(kind).copied().unwrap_or_default();
        assert!(count >= least, "{count} of `{kind}`: {counts:?}");
    }
    // Each ready-made mapping has its recipe.
    for name in Mapping::builtin_names() {
        for what in ["--dry-run", "--sandbox"] {
            let command = format!("-m builtin:{name} {what}\n");
            assert!(page.contains(&command), "{name} {what}");
        }
    }
}

#[test]
fn its_keys_are_the_codes() {
    let page = page();
    for list in key_list() {
        let name = match list.table {
            "as" => "words of as".to_owned(),
            place => format!("keys of {place}"),
        };
        let listed = table(&page, &name);
        let found: BTreeSet<String> = listed.iter().map(|row| row[0].clone()).collect();
        let known: BTreeSet<String> = list.keys.iter().map(|key| code(key)).collect();
        assert_eq!(found, known, "{name}");
        assert_eq!(listed.len(), found.len(), "{name} has a row twice");
        assert!(
            listed.iter().flatten().all(|cell| !cell.is_empty()),
            "{name}"
        );
    }
}

/// The words between two comments in a line, each in backticks.
fn words_of_a_line(page: &str, name: &str) -> Vec<String> {
    let inside = page.split_once(&format!("<!-- {name} -->")).expect(name).1;
    let inside = inside.split_once("<!--").expect(name).0;
    let words = inside.split(", ");
    words
        .map(|word| word.trim_matches('`').to_owned())
        .collect()
}

/// What a template may use.
#[test]
fn its_lists_of_filters_are_the_codes() {
    for list in template_words() {
        assert_eq!(words_of_a_line(&page(), list.table), list.keys);
    }
}

#[test]
fn its_fields_are_the_codes() {
    let rows = table(&page(), "fields");
    let known: Vec<Vec<String>> = field_list()
        .into_iter()
        .map(|field| {
            vec![
                code(&field.path),
                field.kind.english,
                field.limit.english,
                if field.required { "yes" } else { "" }.to_owned(),
                field.meaning.english,
            ]
        })
        .collect();
    assert_eq!(rows, known);
}

#[test]
fn its_codes_are_the_codes() {
    let rows = table(&page(), "codes");
    let found: BTreeSet<Vec<String>> = rows.iter().map(|row| row[..3].to_vec()).collect();
    let known: BTreeSet<Vec<String>> = Code::ALL
        .iter()
        .map(|known| {
            let weight = match known.default_severity() {
                Severity::Error => "error",
                Severity::Warn => "warn",
                Severity::Off => "off",
            };
            let switchable = if known.is_switchable() { "yes" } else { "no" };
            vec![
                code(known.as_str()),
                weight.to_owned(),
                switchable.to_owned(),
            ]
        })
        .collect();
    assert_eq!(found, known);
    assert_eq!(rows.len(), Code::ALL.len());
    let told = |cell: &String| !cell.is_empty();
    assert!(
        rows.iter()
            .all(|row| row.len() == 5 && row.iter().all(told))
    );
}

/// Each format reads its cell.
#[test]
fn its_formats_of_dates_work() {
    let mut importer = Importer::new();
    for row in table(&page(), "dates") {
        let [format, cell, becomes] = &row[..] else {
            panic!("{row:?}");
        };
        let bare = |cell: &String| cell.trim_matches('`').to_owned();
        importer.file(
            "input.jsonl",
            serde_json::json!({ "d": bare(cell) }).to_string(),
        );
        importer.file(
            "map.toml",
            format!(
                "[source]\ndate = '{}'\n[customer]\nNumber = {{ value = \"1\" }}\n\
                 CustomerGroupId = {{ value = 1 }}\nInternalCompanyId = {{ value = 1 }}\n\
                 LanguageIso = {{ value = \"DE\" }}\nCustomerSince = \"d\"\n\
                 [customer.BillingAddress]\nLastName = {{ value = \"A\" }}\n\
                 City = {{ value = \"B\" }}\nCountryIso = {{ value = \"DE\" }}\n",
                bare(format)
            ),
        );
        importer.args("run input.jsonl -m map.toml --dry-run --payloads -".split(' '));
        let run = importer.run().expect(0);
        let wanted = format!("\"CustomerSince\":\"{}\"", bare(becomes));
        assert!(run.stdout.contains(&wanted), "{row:?}: {}", run.said());
    }
}
