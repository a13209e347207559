//! Returned files: a `failed.csv` or `failed.jsonl` that somebody corrected. Its records say
//! which record of which run they correct. Whether that is so is the engine's business.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use encoding_rs::Encoding;
use serde_json::{Map, Value};

use super::content::Looked;
use super::packed::Packing;
use super::sheet;

/// The column that names the run.
const RUN: &str = "_run";
/// The column that names its record.
const RECORD: &str = "_record";

/// The keys of a line of `failed.jsonl`; whoever corrects it may leave the last two out.
const KEYS: [&str; 5] = ["run", "record", "input", "line", "errors"];

/// Bytes of a file that are looked at to find out whether it is a returned one, at most.
const BEGINNING: u64 = 2 << 20;
/// Bytes in which nearly every file says so.
const GLANCE: u64 = 128 << 10;
/// Lines of JSON that are looked at.
const LINES: usize = 64;

/// The record that a record of a returned file corrects, as it stands there, trimmed. Either
/// may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The run's id.
    pub run: String,
    /// The record's number.
    pub record: String,
}

impl Named {
    fn new(run: &str, record: &str) -> Option<Self> {
        let (run, record) = (run.trim().to_owned(), record.trim().to_owned());
        (!run.is_empty() || !record.is_empty()).then_some(Self { run, record })
    }

    /// What a row under `header` says.
    pub(super) fn in_row(
        header: &[String],
        cell: impl Fn(usize) -> Option<String>,
    ) -> Option<Self> {
        let find = |name| header.iter().position(|column| column == name);
        Self::new(&cell(find(RUN)?)?, &cell(find(RECORD)?)?)
    }

    /// What a line of JSON says.
    pub(super) fn in_line(text: &str) -> Option<Self> {
        let object: Map<String, Value> = serde_json::from_str(text).ok()?;
        if !is_failure(&object) {
            return None;
        }
        let text = |key| match object.get(key) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        };
        Self::new(&text("run"), &text("record"))
    }
}

/// Whether an object is a line of a `failed.jsonl`.
fn is_failure(object: &Map<String, Value>) -> bool {
    object.keys().all(|key| KEYS.contains(&key.as_str()))
        && ["run", "record"]
            .iter()
            .all(|key| object.contains_key(*key))
        && matches!(object.get("input"), Some(Value::Object(_) | Value::Null))
}

/// The record itself: of a line of a `failed.jsonl` it is the `input`, and nothing if that
/// could not be read and is null.
pub(super) fn input(mut object: Map<String, Value>) -> Map<String, Value> {
    if !is_failure(&object) {
        return object;
    }
    match object.remove("input") {
        Some(Value::Object(input)) => input,
        _ => Map::new(),
    }
}

/// Whether the file is a returned one. Either its first row names the columns `_run` and
/// `_record`, in whatever encoding and with whatever delimiter, or in the sheet that is read by
/// itself; or one of its first lines is one of a `failed.jsonl`. Compressed or not does not
/// matter. A file that cannot be read is none; opening it tells why.
#[must_use]
pub fn is_returned(path: &Path) -> bool {
    // Opening a pipe would wait for somebody to write to it.
    if !path.is_file() {
        return false;
    }
    // What most files begin with is enough, and is looked at in no time.
    [GLANCE, BEGINNING]
        .into_iter()
        .find_map(|most| says_whether_returned(path, most).unwrap_or(Some(false)))
        .unwrap_or(false)
}

/// Whether the first `most` bytes are those of a returned file; none if more of them could say
/// otherwise, and there are more.
fn says_whether_returned(path: &Path, most: u64) -> io::Result<Option<bool>> {
    let start = beginning(path, most)?;
    if start.starts_with(b"PK\x03\x04") {
        return Ok(Some(is_returned_book(path).unwrap_or(false)));
    }
    let is_all = most == BEGINNING || (start.len() as u64) < most;
    let plain = in_plain_bytes(start.clone());
    // `ÿþ` at the beginning of a windows-1252 file looks like a byte order mark.
    let texts = [plain, start];
    let suffices = is_all || texts.iter().all(|text| has_what_tells(text));
    Ok(suffices.then(|| texts.iter().any(|text| names_its_origin(text))))
}

/// The beginning of what the file holds.
fn beginning(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut start)?;
    if let Some(packing) = Packing::of(&start) {
        start.clear();
        let unpacked = packing.open(File::open(path)?)?;
        unpacked.take(most).read_to_end(&mut start)?;
    }
    Ok(start)
}

/// Whether the first row of the sheet that is read names the columns; none if it cannot be read.
fn is_returned_book(path: &Path) -> Option<bool> {
    let looked = Looked::at(path, path.metadata().ok()?.len()).ok()?;
    // Most books are none, and can be told from one without being parsed.
    if !sheet::mentions(looked.content.open().ok()?, &[RUN, RECORD]) {
        return Some(false);
    }
    let format = sheet::examine(path, looked.content.open().ok()?, looked.bytes).ok()?;
    let opened = looked.content.open().ok()?;
    let row = sheet::first_row(path, opened, format, looked.bytes)?;
    let names = |name: &str| row.iter().any(|cell| cell == name);
    Some(names(RUN) && names(RECORD))
}

/// Whether all that [`names_its_origin`] looks at stands in this beginning of a file.
fn has_what_tells(start: &[u8]) -> bool {
    let has_lines = || start.iter().filter(|byte| **byte == b'\n').count() >= LINES;
    first_row(start).len() < start.len() && (!is_json(start) || has_lines())
}

fn is_json(start: &[u8]) -> bool {
    start.trim_ascii_start().starts_with(b"{")
}

/// Whether the beginning of a file, in bytes that hold ASCII as such, is that of a returned one.
fn names_its_origin(start: &[u8]) -> bool {
    if is_json(start) {
        let mut lines = start.split(|byte| *byte == b'\n').take(LINES);
        if lines.any(|line| std::str::from_utf8(line).is_ok_and(is_named)) {
            return true;
        }
    }
    let header = first_row(start);
    let names = |name: &str| {
        header
            .split(|byte| matches!(byte, b';' | b',' | b'\t' | b'|' | b'"'))
            .any(|word| word == name.as_bytes())
    };
    names(RUN) && names(RECORD)
}

/// The beginning of a file without its byte order mark, UTF-16 as UTF-8.
fn in_plain_bytes(mut start: Vec<u8>) -> Vec<u8> {
    match Encoding::for_bom(&start) {
        Some((encoding, mark)) => {
            let text = start.get(mark..).unwrap_or_default();
            let (text, _) = encoding.decode_without_bom_handling(text);
            text.into_owned().into_bytes()
        }
        None => {
            // UTF-16 of the names is their ASCII with NULs between.
            start.retain(|byte| *byte != 0);
            start
        }
    }
}

/// The bytes up to the first line break that does not stand between quotes: a column's name
/// may have some.
fn first_row(start: &[u8]) -> &[u8] {
    let mut quoted = false;
    start
        .split(|byte| {
            quoted ^= *byte == b'"';
            !quoted && matches!(byte, b'\r' | b'\n')
        })
        .next()
        .unwrap_or_default()
}

fn is_named(line: &str) -> bool {
    Named::in_line(line).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, SourceSettings};

    const LINE: &str = r#"{"record":17,"line":18,"run":"r1","errors":[],"input":{"a":"ü"}}"#;

    #[test]
    fn a_returned_file_is_known_by_its_columns_or_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed.csv");
        let line = "Nr;Name;_message;_line;_record;_run\r\n1;A;;2;1;x\r\n";
        let utf_16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        // `∅` and `ਅ` have the bytes of a quote and a line break in UTF-16.
        let signs = line.replace("Name", "∅ਅ").replace("Nr", "\u{feff}Nr");
        let other = "Nr;my_record;a_run\n1;_record;_run\n";
        let added = format!("{{\"a\":1}}\n{LINE}\n");
        for (bytes, returned) in [
            (line.as_bytes(), true),
            (line.replace(';', "\",\"").as_bytes(), true),
            (&utf_16(line), true),
            (&utf_16(&signs), true),
            (line.replace("Name", "\"Vor-\r\nname\"").as_bytes(), true),
            (line.replace("Nr", "{Nr").as_bytes(), true),
            (&[b"\xFF\xFE", line.as_bytes()].concat(), true),
            (other.as_bytes(), false),
            (b"", false),
            (LINE.as_bytes(), true),
            (format!("\u{feff}{LINE}\r\n").as_bytes(), true),
            (added.as_bytes(), true),
            (LINE.replace("\"errors\":[],", "").as_bytes(), true),
            (LINE.replace("errors", "customer").as_bytes(), false),
            (LINE.replace("\"run\":\"r1\",", "").as_bytes(), false),
            (b"{\"record\":1,\"run\":\"x\",\"input\":7}", false),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(is_returned(&path), returned, "{}", bytes.escape_ascii());
        }
        assert!(!is_returned(folder.path()));
    }

    #[test]
    fn what_stands_behind_the_first_glance_is_seen_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let wide = |columns: usize, last: &str| format!("{}{last}\n1\n", "a;".repeat(columns));
        let glance = usize::try_from(GLANCE).unwrap();
        // Around the end of what is looked at first, also in the middle of a name.
        for columns in glance / 2 - 10..glance / 2 + 2 {
            for (last, returned) in [
                ("_run;_record", true),
                ("_record;_run", true),
                ("_record;_runs", false),
                ("_run;_records", false),
            ] {
                std::fs::write(&path, wide(columns, last)).unwrap();
                assert_eq!(is_returned(&path), returned, "{columns} and {last}");
            }
        }
        let long = format!("{{\"a\":\"{}\"}}\n{LINE}\n", "x".repeat(glance));
        std::fs::write(&path, long).unwrap();
        assert!(is_returned(&path));
        let quoted = format!("\"{}\n\";_run;_record\n", "x".repeat(glance));
        std::fs::write(&path, quoted).unwrap();
        assert!(is_returned(&path));
    }

    /// What the records of a file name, as `run/record`.
    fn named(name: &str, text: &str) -> Vec<Option<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let source = Source::open(&path, &SourceSettings::default()).unwrap();
        let mut reader = source.read().unwrap();
        let mut all = Vec::new();
        while reader.next().is_some() {
            let named = reader.named();
            all.push(named.map(|named| format!("{}/{}", named.run, named.record)));
        }
        all
    }

    #[test]
    fn each_record_says_what_it_corrects() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            named(
                "a.csv",
                "a;_record;_run\nx; 17 ;r1\nx;;\nx;18;\nx;19\nx;20;r1;\nx;1;r;y\n"
            ),
            [some("r1/17"), None, some("/18"), None, some("r1/20"), None]
        );
        assert_eq!(named("a.csv", "a;_record\nx;17\n"), [None]);
        assert_eq!(
            named(
                "a.jsonl",
                &format!("{LINE}\n{{\"a\":1}}\n[\n{}\n", LINE.replace("17", "null"))
            ),
            [some("r1/17"), None, None, some("r1/")]
        );
    }

    #[test]
    fn a_line_that_could_not_be_read_comes_back_as_nothing() {
        let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let line = LINE.replace("{\"a\":\"ü\"}", "null");
        assert!(input(object(&line)).is_empty());
        assert_eq!(input(object(LINE))["a"], "ü");
        assert_eq!(input(object("{\"run\":1}")).len(), 1);
    }
}
