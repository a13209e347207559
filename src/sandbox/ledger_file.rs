//! The file in which a sandbox writes down what it has created: one JSON line each.
//!
//! A line is handed to the operating system before the customer counts as created and before
//! anybody hears of it. So whoever kills the sandbox loses no line; only a power cut may.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::ledger::Entry;

/// One line of a ledger file.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    id: i32,
    number: String,
    at_ms: u64,
    #[serde(default = "one")]
    posts: u64,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// How each line begins.
const BEGINNING: &[u8] = b"{\"id\":";

fn one() -> u64 {
    1
}

/// Reads the file that a sandbox with a `ledger_file` writes, even while it still does. A last
/// line that is not complete was never answered for and is left out.
///
/// # Errors
/// The file cannot be read, or a complete line of it is no entry.
pub fn read_ledger(path: &Path) -> io::Result<Vec<Entry>> {
    let mut bytes = std::fs::read(path)?;
    bytes.truncate(complete_lines(&bytes));
    let text = String::from_utf8(bytes).map_err(io::Error::other)?;
    text.lines()
        .map(|line| {
            let line: Line<'_> = serde_json::from_str(line)?;
            Ok(Entry {
                id: line.id,
                number: line.number,
                body: serde_json::from_str(line.body.get())?,
                at: Duration::from_millis(line.at_ms),
                posts: line.posts,
            })
        })
        .collect()
}

/// The length of a text up to its last line break.
fn complete_lines(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1)
}

/// Whether a line without an end is the beginning of one that a sandbox writes: what is anything
/// else is not cut off.
fn is_unfinished(line: &[u8]) -> bool {
    line.starts_with(BEGINNING) || BEGINNING.starts_with(line)
}

/// The file, ready for more lines.
#[derive(Debug)]
pub(super) struct LedgerFile(File);

impl LedgerFile {
    /// Opens or makes the file; the result is also what it holds already.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<Entry>)> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let entries = read_ledger(path)?;
        // A line that a killed sandbox left unfinished must not swallow the next one.
        let bytes = std::fs::read(path)?;
        let whole = complete_lines(&bytes);
        if !is_unfinished(bytes.get(whole..).unwrap_or_default()) {
            return Err(io::Error::other("its last line is none of a ledger"));
        }
        file.set_len(u64::try_from(whole).map_err(io::Error::other)?)?;
        Ok((Self(file), entries))
    }

    /// Appends a customer.
    pub(super) fn append(
        &mut self,
        id: i32,
        number: &str,
        at: Duration,
        posts: u64,
        body: &str,
    ) -> io::Result<()> {
        let mut line = serde_json::to_string(&Line {
            id,
            number: number.to_owned(),
            at_ms: u64::try_from(at.as_millis()).unwrap_or(u64::MAX),
            posts,
            body: serde_json::from_str(body)?,
        })?;
        // Line breaks in valid JSON stand between tokens only.
        if line.contains(['\n', '\r']) {
            line = line.replace(['\n', '\r'], " ");
        }
        line.push('\n');
        self.0.write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::ledger::Ledger;
    use super::super::settings::{Existing, SandboxSettings};
    use super::*;

    const BODY: &str = r#"{"CustomerGroupId":2,"LanguageIso":"DE"}"#;

    #[test]
    fn the_file_outlives_the_sandbox() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let settings = SandboxSettings {
            ledger_file: Some(path.clone()),
            ..SandboxSettings::default()
        };
        let spread = BODY.replace(',', ",\r\n");
        let mut ledger = Ledger::open(&settings).unwrap();
        ledger.commit(Some("A"), BODY, Duration::ZERO).unwrap();
        ledger.commit(Some("B"), &spread, Duration::ZERO).unwrap();
        assert_eq!(read_ledger(&path).unwrap(), ledger.entries());
        drop(ledger);
        let torn = fs::read_to_string(&path).unwrap() + r#"{"id":1003,"num"#;
        fs::write(&path, torn).unwrap();
        let mut ledger = Ledger::open(&settings).unwrap();
        assert_eq!(
            ledger.commit(Some("C"), BODY, Duration::ZERO).unwrap().0,
            1003
        );
        let read: Vec<_> = read_ledger(&path).unwrap();
        let read: Vec<_> = read.iter().map(|entry| entry.number.as_str()).collect();
        assert_eq!(read, ["A", "B", "C"]);
        assert_eq!(ledger.created(), 3);
    }

    /// Whatever was named by mistake stays as it is.
    #[test]
    fn a_file_that_is_no_ledger_is_refused_and_not_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine");
        for text in [
            "my notes",
            "{\"name\":\"A\"}",
            "{\"name\":\"A\"}\n",
            "a;b\n1;2\n3;4",
        ] {
            fs::write(&path, text).unwrap();
            assert!(LedgerFile::open(&path).is_err(), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::write(&path, "{\"i").unwrap();
        assert!(LedgerFile::open(&path).is_ok());
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }

    #[test]
    fn every_create_of_a_number_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let settings = SandboxSettings {
            existing: vec![Existing::new(7, "A")],
            ledger_file: Some(path.clone()),
            ..SandboxSettings::default()
        };
        let mut ledger = Ledger::open(&settings).unwrap();
        let mut post = |number: &str, commits: bool| {
            ledger.posted(number);
            if commits {
                ledger.commit(Some(number), BODY, Duration::ZERO).unwrap();
            }
        };
        post("A", false);
        post("A", false);
        post("A", true);
        post("B", true);
        post("A", true);
        post("B", false);
        let posts =
            |entries: Vec<Entry>| -> Vec<u64> { entries.iter().map(|entry| entry.posts).collect() };
        assert_eq!(posts(ledger.entries()), [4, 2, 4]);
        assert_eq!(posts(read_ledger(&path).unwrap()), [3, 1, 4]);
        let again = Ledger::open(&settings).unwrap();
        assert_eq!(posts(again.entries()), [4, 1, 4]);
        // A file of an earlier version.
        fs::write(
            &path,
            "{\"id\":1,\"number\":\"A\",\"at_ms\":5,\"body\":{}}\n",
        )
        .unwrap();
        assert_eq!(posts(read_ledger(&path).unwrap()), [1]);
    }
}
