//! The pages for the worse days are complete: no exit code and no error code without a word.

use std::collections::BTreeSet;

use wawi_importer::exit;
use wawi_importer::outcome::Code;

use crate::readme::{anchor, code, table};
use crate::support::{files_below, repository};

fn page(name: &str) -> String {
    std::fs::read_to_string(repository(name)).unwrap()
}

#[test]
fn every_exit_code_is_explained() {
    let rows = table(&page("docs/troubleshooting.md"), "troubles");
    let listed: BTreeSet<u8> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    let known: BTreeSet<u8> = (0..=u8::MAX)
        .filter(|number| exit::from_number(*number).number() == *number)
        .collect();
    assert_eq!(listed, known);
    assert!(
        rows.iter()
            .all(|row| row.iter().all(|cell| !cell.is_empty()))
    );
}

/// The same words as in docs/mapping.md, where each also has its weight.
#[test]
fn every_error_code_is_explained() {
    let rows = table(&page("docs/troubleshooting.md"), "codes");
    let listed: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let known: BTreeSet<String> = Code::ALL.iter().map(|known| code(known.as_str())).collect();
    let found: BTreeSet<String> = listed.iter().map(|&code| code.to_owned()).collect();
    assert_eq!((found, listed.len()), (known, Code::ALL.len()));
    let there: Vec<Vec<String>> = table(&page("docs/mapping.md"), "codes")
        .into_iter()
        .map(|row| vec![row[0].clone(), row[3].clone(), row[4].clone()])
        .collect();
    assert_eq!(rows, there);
}

/// What the page about security calls a test is one.
#[test]
fn what_is_said_to_be_shown_is() {
    let text = page("docs/security.md");
    let named: Vec<&str> = text.split('`').filter(|word| word.contains("::")).collect();
    assert!(named.len() > 5);
    let mut sources = String::new();
    for folder in ["src", "tests/suite"] {
        for file in files_below(&repository(folder)) {
            if file.extension().is_some_and(|ending| ending == "rs") {
                sources.push_str(&std::fs::read_to_string(file).unwrap());
            }
        }
    }
    for test in named {
        let name = test.rsplit("::").next().unwrap();
        assert!(sources.contains(&format!("fn {name}()")), "{test}");
    }
}

#[test]
fn the_front_page_leads_to_every_page() {
    let front = page("README.md");
    let files = files_below(&repository("docs")).into_iter();
    for file in files.filter(|file| file.extension().is_some_and(|it| it == "md")) {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(front.contains(&format!("](docs/{name})")), "{name}");
    }
    // Each of its own headings stands in the table of contents.
    let headings = front.lines().filter_map(|line| line.strip_prefix("## "));
    let contents = front.split("<!-- contents -->").nth(1).unwrap();
    for heading in headings {
        let link = format!("](#{})", anchor(heading));
        assert!(contents.contains(&link), "{heading}");
    }
}
