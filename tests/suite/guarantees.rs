//! docs/guarantees.md makes no promise without a test: every row names tests that are there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use wawi_importer::sandbox::Fault;

use crate::readme::table;
use crate::support::repository;

/// The tables whose last column names tests.
const TABLES: [&str; 4] = ["promises", "faults", "surroundings", "runs"];

fn page() -> String {
    std::fs::read_to_string(repository("docs/guarantees.md")).unwrap()
}

/// The words in backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Where a test named like `suite::crash::killed` or `deliver::pace::tests::a_quota` stands: the
/// file of the longest part of its path that is one.
fn file_of(test: &str) -> Option<PathBuf> {
    let parts: Vec<&str> = test.split("::").collect();
    let (root, parts) = match parts.split_first()? {
        (&"suite", rest) => ("tests/suite", rest),
        _ => ("src", &parts[..]),
    };
    (1..parts.len())
        .rev()
        .map(|length| repository(&format!("{root}/{}.rs", parts[..length].join("/"))))
        .find(|path| path.is_file())
}

/// Whether the file has a function of that name with the attribute of a test.
fn has_test(path: &PathBuf, name: &str) -> bool {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let head = format!("fn {name}(");
    lines.iter().enumerate().any(|(at, line)| {
        line.contains(&head)
            && lines[..at]
                .iter()
                .rev()
                .take_while(|above| {
                    !above.is_empty() && !above.ends_with('}') && !above.ends_with('{')
                })
                .any(|above| above.starts_with("#[test]") || above.starts_with("#[tokio::test"))
    })
}

#[test]
fn every_row_names_tests_that_are_there() {
    let text = page();
    for name in TABLES {
        for row in table(&text, name) {
            let tests = quoted(row.last().unwrap());
            assert!(!tests.is_empty(), "{name}: no test for {row:?}");
            for test in tests {
                let function = test.rsplit("::").next().unwrap();
                let file = file_of(test).unwrap_or_else(|| panic!("{name}: no file for {test}"));
                assert!(has_test(&file, function), "{name}: no test {test}");
            }
        }
    }
}

#[test]
fn every_fault_of_the_sandbox_is_told_how_it_ends() {
    let rows = table(&page(), "faults");
    let told: BTreeSet<&str> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    for fault in Fault::ALL {
        assert!(told.contains(fault.key()), "{}", fault.key());
    }
}

#[test]
fn a_test_that_is_not_there_is_noticed() {
    let file = file_of("suite::guarantees::every_row_names_tests_that_are_there").unwrap();
    assert!(has_test(&file, "every_row_names_tests_that_are_there"));
    // A function without the attribute, a name without a function, a file that is none.
    assert!(!has_test(&file, "quoted"));
    assert!(!has_test(&file, "nobody"));
    assert_eq!(file_of("suite::nowhere::nobody"), None);
}
