//! Hostile surroundings. Whatever happens around the program, it ends with a clear message and
//! the documented code, nothing is lost, nothing is doubled, and the same command goes on once
//! the trouble is gone.

/// Answers that no server should give.
mod answers;
/// The process stopped for longer than anybody waits.
#[cfg(unix)]
mod asleep;
/// No file descriptors left.
#[cfg(unix)]
mod descriptors;
/// No room on the disk.
#[cfg(unix)]
mod disk;
/// Folders and files that are something else: links, pipes, devices, read-only.
#[cfg(unix)]
mod folders;
/// The input changes while it is imported.
mod input;
/// A server that says whatever it is told to.
pub(crate) mod rogue;
/// stdout is closed or full, stdin has a name.
#[cfg(unix)]
mod streams;
/// Certificates that do not fit.
#[cfg(unix)]
mod tls;
/// Words that a terminal or a spreadsheet would obey.
mod words;

use std::collections::BTreeSet;

use crate::customers::{Customers, MAPPING};
use crate::support::{Importer, Run};

/// The words of the command in these tests, for a server at `url`.
fn words(url: &str) -> Vec<String> {
    let words = ["run", "shop.csv", "-m", "shop.toml", "--base-url", url];
    let short = ["--timeout", "1s", "--settle", "300ms"];
    words.into_iter().chain(short).map(str::to_owned).collect()
}

/// A folder with the customers' export and its mapping, and the command.
fn importer(customers: &Customers, url: &str) -> Importer {
    let mut importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    importer.args(words(url));
    importer
}

/// Nobody panicked, and whoever failed said why.
#[track_caller]
fn assert_orderly(run: &Run) {
    let said = run.said();
    assert!(!said.contains("panicked"), "{said}");
    assert!(!said.contains("mistake in this program"), "{said}");
    assert!((0..=143).contains(&run.code), "{said}");
    assert_ne!(run.code, 101, "{said}");
    if run.code == 1 {
        assert!(run.stderr.contains("error: "), "{said}");
        assert!(run.stderr.contains("help: "), "{said}");
    }
}

/// Every customer is in the ledger, and nobody twice.
#[track_caller]
fn assert_once(customers: &Customers, ledger: Vec<String>) {
    let there: BTreeSet<String> = ledger.iter().cloned().collect();
    assert_eq!(there.len(), ledger.len(), "somebody is there twice");
    assert_eq!(there, customers.numbers(), "somebody is missing");
}

/// The run is finished, its report complete, and the ledger holds everybody once.
#[track_caller]
#[cfg(unix)]
fn assert_done(customers: &Customers, sandbox: &crate::stand_in::StandIn, run: &Run) {
    assert_once(customers, sandbox.numbers());
    let created = run.rows("created.csv");
    let reported: BTreeSet<String> = created.iter().map(|row| row["key"].clone()).collect();
    assert_eq!(created.len(), customers.0.len());
    assert_eq!(reported, customers.numbers());
    assert_eq!(run.count("created"), customers.0.len() as u64);
    let violations = sandbox.counters().violations;
    assert!(violations.is_empty(), "{violations:?}");
}
