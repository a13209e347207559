//! Scheduled jobs: at their times on a clock that the test moves, and one at a time as a
//! scheduler of the system starts them.

mod checked;
mod clock;
mod german;
mod known;
mod pages;
mod program;
mod quiet;
mod reasons;
mod repeated;
mod untold;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A mapping for the tests' exports.
const MAPPING: &str = r#"
[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }

[customer.BillingAddress]
LastName = "Name"
Street = "Straße"
PostalCode = "PLZ"
City = "Ort"
CountryIso = { value = "DE" }
"#;

/// An export with these customers; one without a city is invalid.
fn export<'a>(customers: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = "Nr;Name;Straße;PLZ;Ort\n".to_owned();
    for (number, city) in customers {
        writeln!(text, "{number};Muster;Weg 1;89073;{city}").unwrap();
    }
    text
}

/// The names of the files in a folder, sorted; none, if there is no such folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The value of a metric's line.
#[track_caller]
fn metric(text: &str, line: &str) -> f64 {
    let found = text.lines().find_map(|it| it.strip_prefix(line));
    let value = found.unwrap_or_else(|| panic!("no {line} in\n{text}"));
    value.trim().parse().unwrap()
}

/// A program that nothing but a signal ends; one that was not asked to end does not outlive its
/// test.
struct Daemon(std::process::Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended in good order.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn write(path: &Path, text: &str) -> PathBuf {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    path.to_owned()
}
