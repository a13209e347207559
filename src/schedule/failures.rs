//! Which failed records failed in the same way the last time: they are counted apart, and
//! `fail_on = "new"` does not mind them.
//!
//! A record is the same if its own columns are the same; it failed in the same way if the report
//! names the same codes for the same fields. The report's own file of failed records is read for
//! that. What is kept of them is hashes with the journal's secret, and no value.

use std::collections::BTreeSet;
use std::path::Path;

use crate::journal::{Hashes, Journal};
use crate::outcome::Summary;
use crate::record::{Fields, RESERVED_COLUMNS};
use crate::source::{Entry, Source, SourceSettings};

/// Failed records that are remembered at most. More are no handful of old acquaintances.
pub(super) const AT_MOST: usize = 10_000;

/// The columns that tell in which way a record failed.
const WAYS: [&str; 2] = ["_field", "_code"];

/// What stands for the failed records of a run; nothing, if that cannot be told: then none of
/// them is known.
pub(super) fn of_run(summary: &Summary, state_dir: &Path) -> Option<BTreeSet<String>> {
    if summary.counts.invalid + summary.counts.refused == 0 {
        return Some(BTreeSet::new());
    }
    let folder = Path::new(&summary.report_dir);
    // What could not be split has no columns to know it by.
    if folder.join("unreadable.txt").exists() {
        return None;
    }
    let journal = Journal::open_existing(state_dir).ok().flatten()?;
    let file = folder.join(&summary.failed_file);
    let failures = of_file(&file, &journal.hashes())?;
    (!failures.is_empty()).then_some(failures)
}

fn of_file(path: &Path, hashes: &Hashes) -> Option<BTreeSet<String>> {
    let source = Source::open(path, &SourceSettings::default()).ok()?;
    let header = source.facts().header.clone();
    let mut failures = BTreeSet::new();
    for entry in source.read().ok()? {
        let (Entry::Record(record) | Entry::Odd(record, _)) = entry.ok()? else {
            return None;
        };
        let text = match &record.fields {
            Fields::Object(object) => serde_json::to_string(object).ok()?,
            Fields::Cells(cells) => {
                let cells = header.iter().zip(cells.iter());
                let own = cells.filter(|(column, _)| {
                    let column = column.as_str();
                    !RESERVED_COLUMNS.contains(&column) || WAYS.contains(&column)
                });
                let own: Vec<(&String, &str)> = own.collect();
                serde_json::to_string(&own).ok()?
            }
        };
        if failures.len() >= AT_MOST {
            return None;
        }
        let hash = hashes.key("failed record", &text);
        failures.insert(hash.iter().map(|byte| format!("{byte:02x}")).collect());
    }
    Some(failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_known_by_its_columns_and_its_errors() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let of = |text: &str| {
            let path = folder.path().join("failed.csv");
            std::fs::write(&path, text).unwrap();
            of_file(&path, &journal.hashes()).unwrap()
        };
        let head =
            "Nr;Ort;_message;_columns;_field;_code;_stage;_status;_attempts;_line;_record;_run\n";
        let row = |ort: &str, code: &str, line: u32, run: &str| {
            format!("K1;{ort};no city;Ort;City;{code};validate;;0;{line};{line};{run}\n")
        };
        let known = of(&(head.to_owned() + &row("", "required.missing", 2, "run-1")));
        assert_eq!(known.len(), 1);
        let same = of(&(head.to_owned() + &row("", "required.missing", 7, "run-2")));
        assert_eq!(known, same);
        for other in [
            row("", "text.too_long", 2, "run-1"),
            row("Ulm", "required.missing", 2, "run-1"),
        ] {
            assert!(
                known.is_disjoint(&of(&(head.to_owned() + &other))),
                "{other}"
            );
        }
    }

    #[test]
    fn lines_of_json_are_known_by_their_input() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let path = folder.path().join("failed.jsonl");
        let of = |record: u32, number: &str| {
            let line = format!(
                "{{\"record\":{record},\"line\":{record},\"run\":\"r\",\"errors\":[],\
                 \"input\":{{\"Nr\":\"{number}\"}}}}\n"
            );
            std::fs::write(&path, line).unwrap();
            of_file(&path, &journal.hashes()).unwrap()
        };
        assert_eq!(of(3, "K1"), of(8, "K1"));
        assert_ne!(of(3, "K1"), of(3, "K2"));
        let missing = folder.path().join("missing.csv");
        assert_eq!(of_file(&missing, &journal.hashes()), None);
    }
}
