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

/// Whether the file has a function of that name with the attribute of a test, that is run.
fn has_test(path: &PathBuf, name: &str) -> bool {
    let text = std::fs::read_to_string(path).unwrap();
    is_test_in(&text, name)
}

fn is_test_in(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let head = format!("fn {name}(");
    lines.iter().enumerate().any(|(at, line)| {
        let above: Vec<&&str> = lines[..at]
            .iter()
            .rev()
            .take_while(|above| !above.is_empty() && !above.ends_with('}') && !above.ends_with('{'))
            .collect();
        let has = |attribute: &str| above.iter().any(|above| above.starts_with(attribute));
        line.contains(&head)
            && (has("#[test]") || has("#[tokio::test"))
            && !above.iter().any(|above| above.contains("ignore"))
    })
}

/// The module of the test, like `crash::points`, that only a build with the feature has.
fn module_with_fail_points(test: &str) -> Option<String> {
    let parts: Vec<&str> = test.strip_prefix("suite::")?.split("::").collect();
    (0..parts.len() - 1)
        .find(|at| {
            let parent = match parts[..*at].join("/") {
                root if root.is_empty() => "main".to_owned(),
                path => path,
            };
            let text =
                std::fs::read_to_string(repository(&format!("tests/suite/{parent}.rs"))).unwrap();
            let module = format!("#[cfg(feature = \"fail-points\")]\nmod {};", parts[*at]);
            text.contains(&module)
        })
        .map(|at| parts[..=at].join("::"))
}

/// Every test that the page names.
fn named() -> BTreeSet<String> {
    let text = page();
    let rows = TABLES.iter().flat_map(|name| table(&text, name));
    rows.flat_map(|row| {
        let tests = quoted(row.last().unwrap()).into_iter();
        tests.map(str::to_owned).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn tests_that_need_a_feature_are_run_by_ci_and_the_page_says_so() {
    let modules: BTreeSet<String> = named()
        .iter()
        .filter_map(|test| module_with_fail_points(test))
        .collect();
    assert_eq!(modules, BTreeSet::from(["crash::points".to_owned()]));
    let ci = std::fs::read_to_string(repository(".ci/run")).unwrap();
    for module in modules {
        let is_run = ci.lines().any(|line| {
            line.starts_with("step cargo test ")
                && line.contains(" --features fail-points ")
                && line.split(' ').any(|word| word == module)
        });
        assert!(is_run, "{module} is run by nobody");
        let said = format!("`cargo test --features fail-points --test suite {module}`");
        assert!(page().contains(&said), "{said}");
    }
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
    let ignored = "#[test]\n#[ignore = \"slow\"]\nfn idle() {}\n\n#[test]\nfn busy() {}\n";
    assert!(!is_test_in(ignored, "idle"));
    assert!(is_test_in(ignored, "busy"));
    // A function without the attribute, a name without a function, a file that is none.
    assert!(!has_test(&file, "quoted"));
    assert!(!has_test(&file, "nobody"));
    assert_eq!(file_of("suite::nowhere::nobody"), None);
}
