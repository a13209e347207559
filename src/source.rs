//! From a path to records: open, detect, decode, split.

use crate::outcome::Severity;

/// The format of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Delimited text.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// How an input is to be read; what is `None` is detected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// The format; else by file name (`.jsonl`, `.ndjson`: JSONL; anything else: CSV, unless
    /// the first character is `{`).
    pub format: Option<Format>,
    /// The encoding's name, e.g. `windows-1252`; else byte-order mark, valid UTF-8, detection.
    pub encoding: Option<String>,
    /// The delimiter; else detected.
    pub delimiter: Option<u8>,
    /// Lines before the header. Default 0.
    pub skip_lines: Option<u64>,
    /// Whether the first record names the columns. Default true; else they are `1`, `2`, ….
    pub header: Option<bool>,
    /// What a record with too many or too few fields is.
    pub ragged: Severity,
    /// Longest record in bytes. Default 1 MiB.
    pub record_cap: usize,
}

impl Default for SourceSettings {
    fn default() -> Self {
        Self {
            format: None,
            encoding: None,
            delimiter: None,
            skip_lines: None,
            header: None,
            ragged: Severity::Error,
            record_cap: 1 << 20,
        }
    }
}
