//! What was found out about an input before its records are read.

use std::fmt;
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};

use super::csv::is_break;
use super::delimiter;
use super::encoding::Verdict;
use super::error::{PAGE, SourceError};
use super::packed::{Packing, inner_name};
use super::sheet::DELIMITER;
use super::transcode::{sample as sample_of, splits_raw};
use super::{Format, SourceSettings};
use crate::outcome::Language;

/// How something about an input is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The settings, or the file's own `sep=` line, say so.
    Declared,
    /// A byte-order mark says so.
    Bom,
    /// Every byte that was looked at is valid UTF-8.
    Valid,
    /// It was concluded from the contents.
    Detected,
    /// Nothing speaks for or against it.
    Default,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word(Language::English))
    }
}

impl Found {
    fn word(self, language: Language) -> &'static str {
        match self {
            Self::Declared => language.pick("declared", "angegeben"),
            Self::Bom => language.pick("byte-order mark", "Byte-Reihenfolge-Marke"),
            Self::Valid => language.pick("valid", "gültig"),
            Self::Detected => language.pick("detected", "erkannt"),
            Self::Default => language.pick("default", "Vorgabe"),
        }
    }
}

/// The sheet that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// How it is known.
    pub found: Found,
    /// The names of the visible sheets with cells that are not read.
    pub others: Vec<String>,
}

/// Other sheets that are named at most.
const OTHERS: usize = 5;

impl Sheet {
    fn describe_in(&self, language: Language) -> String {
        let sheet = language.pick("sheet", "Blatt");
        let name = &self.name;
        let named = |name: &String| format!("\"{name}\"");
        let mut others: Vec<String> = self.others.iter().take(OTHERS).map(named).collect();
        if self.others.len() > OTHERS {
            others.push("…".to_owned());
        }
        match (self.found, others.is_empty()) {
            (Found::Declared, _) => {
                format!("{sheet} \"{name}\" ({})", self.found.word(language))
            }
            (_, true) => format!("{sheet} \"{name}\""),
            (_, false) => {
                let first = language.pick("the first; not read", "das erste; nicht gelesen");
                format!("{sheet} \"{name}\" ({first}: {})", others.join(", "))
            }
        }
    }
}

/// What is known of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The format.
    pub format: Format,
    /// How the file is compressed.
    pub packing: Option<Packing>,
    /// The sheet of a book.
    pub sheet: Option<Sheet>,
    /// The encoding; UTF-8 for a sheet.
    pub encoding: &'static Encoding,
    /// Whether the file starts with a byte-order mark.
    pub bom: bool,
    /// How the encoding is known.
    pub encoding_found: Found,
    /// The delimiter; `,` for JSONL and `;` for a sheet, which have none.
    pub delimiter: u8,
    /// How the delimiter is known.
    pub delimiter_found: Found,
    /// The columns' names as they stand in the header, or `1`, `2`, … without one; empty for
    /// JSONL. They need not differ from each other.
    pub header: Vec<String>,
    /// Lines before the header that are skipped, Excel's `sep=` line included; 0 for a sheet,
    /// whose rows before it are not even copied.
    pub skipped_lines: u64,
    /// The length in bytes of what is read: of the file, or of what was unpacked from it.
    pub bytes: u64,
    /// Whether its lines end in CRLF, by the first one.
    pub crlf: bool,
}

impl Facts {
    /// Learns all but the header from the file's first bytes (up to a block), `head`.
    pub(super) fn look(
        path: &Path,
        settings: &SourceSettings,
        head: &[u8],
        verdict: Verdict,
        bytes: u64,
    ) -> Result<Self, SourceError> {
        let marked = usize::try_from(verdict.bom).ok();
        let raw = marked.and_then(|bom| head.get(bom..)).unwrap_or_default();
        let transcoded;
        let (sample, whole) = if splits_raw(verdict.encoding) {
            (raw, true)
        } else {
            let (text, whole) = sample_of(raw, verdict.encoding);
            transcoded = text;
            (&*transcoded, whole)
        };
        if sample.trim_ascii().is_empty() && whole && head.len() as u64 == bytes {
            return Err(SourceError::Empty {
                path: path.to_owned(),
            });
        }
        refuse_no_list(path, settings, sample.trim_ascii_start())?;
        let by_sep = delimiter::declared_by(sample);
        let wanted = settings.skip_lines.unwrap_or(0);
        let skipped_lines = wanted.max(u64::from(by_sep.is_some()));
        let rest = behind_lines(sample, skipped_lines);
        let format = format_of(path, settings, rest)?;
        let (delimiter, delimiter_found) = match (format, settings.delimiter, by_sep) {
            (Format::Jsonl | Format::Xlsx | Format::Ods, ..) => (b',', Found::Default),
            (Format::Csv, Some(delimiter), _) if !delimiter::is_possible(delimiter) => {
                return Err(SourceError::BadDelimiter { delimiter });
            }
            (Format::Csv, Some(delimiter), _) | (Format::Csv, None, Some(delimiter)) => {
                (delimiter, Found::Declared)
            }
            (Format::Csv, None, None) => match delimiter::detect(rest) {
                Some(delimiter) => (delimiter, Found::Detected),
                None => (b',', Found::Default),
            },
        };
        let first_break = sample.iter().position(|byte| is_break(*byte));
        Ok(Self {
            format,
            packing: None,
            sheet: None,
            encoding: verdict.encoding,
            bom: verdict.bom > 0,
            encoding_found: verdict.found,
            delimiter,
            delimiter_found,
            header: Vec::new(),
            skipped_lines,
            bytes,
            crlf: first_break
                .and_then(|index| sample.get(index..))
                .is_some_and(|rest| rest.starts_with(b"\r\n")),
        })
    }

    /// What is known of a sheet of a book, whose copy has `bytes` bytes.
    pub(super) fn of_sheet(format: Format, sheet: Sheet, bytes: u64) -> Self {
        Self {
            format,
            packing: None,
            sheet: Some(sheet),
            encoding: UTF_8,
            bom: false,
            encoding_found: Found::Default,
            delimiter: DELIMITER,
            delimiter_found: Found::Default,
            header: Vec::new(),
            skipped_lines: 0,
            bytes,
            crlf: true,
        }
    }

    /// One line for people: ``CSV, windows-1252 (detected), delimiter `;` (detected)``.
    #[must_use]
    pub fn describe(&self) -> String {
        self.describe_in(Language::English)
    }

    /// Those of the `settings` that an input of this format has no use for, by their names.
    #[must_use]
    pub fn unused_of(&self, settings: &SourceSettings) -> Vec<&'static str> {
        let is_book = self.format.is_book();
        let is_csv = self.format == Format::Csv;
        [
            ("encoding", settings.encoding.is_some() && is_book),
            ("delimiter", settings.delimiter.is_some() && !is_csv),
            ("sheet", settings.sheet.is_some() && !is_book),
        ]
        .into_iter()
        .filter_map(|(name, is_unused)| is_unused.then_some(name))
        .collect()
    }

    /// See [`Facts::describe`].
    #[must_use]
    pub fn describe_in(&self, language: Language) -> String {
        let found = self.encoding_found.word(language);
        let encoding = format!("{} ({found})", self.encoding.name());
        let text = match self.format {
            Format::Csv => format!(
                "CSV, {encoding}, {} {} ({})",
                language.pick("delimiter", "Trennzeichen"),
                delimiter::shown(self.delimiter),
                self.delimiter_found.word(language)
            ),
            Format::Jsonl => format!("JSONL, {encoding}"),
            Format::Xlsx | Format::Ods => {
                let book = self.format.word().to_uppercase();
                match &self.sheet {
                    Some(sheet) => format!("{book}, {}", sheet.describe_in(language)),
                    None => book,
                }
            }
        };
        match self.packing {
            Some(packing) => {
                let packed = language.pick("compressed with", "gepackt mit");
                format!("{text}, {packed} {}", packing.word())
            }
            None => text,
        }
    }
}

/// What stands behind the first `count` lines.
fn behind_lines(sample: &[u8], count: u64) -> &[u8] {
    let mut rest = sample;
    for _ in 0..count {
        let Some(end) = rest.iter().position(|byte| is_break(*byte)) else {
            return &[];
        };
        let line_break = rest.get(end..).unwrap_or_default();
        rest = line_break
            .strip_prefix(b"\r\n")
            .or_else(|| line_break.get(1..))
            .unwrap_or_default();
    }
    rest
}

/// Refuses what is no list of records, or not one of the declared kind, by how it begins.
fn refuse_no_list(path: &Path, settings: &SourceSettings, start: &[u8]) -> Result<(), SourceError> {
    let path = || path.to_owned();
    if let Some(what) = markup(start) {
        return Err(SourceError::OtherFormat { path: path(), what });
    }
    match (settings.format, json(start)) {
        (Some(Format::Csv), Some(what)) => Err(SourceError::NotAsDeclared {
            path: path(),
            declared: Format::Csv.word(),
            what,
        }),
        _ => Ok(()),
    }
}

/// What markup a text is, if it begins like some.
pub(super) fn markup(start: &[u8]) -> Option<&'static str> {
    /// What browsers take for a page, however it is put together.
    const PAGES: [&[u8]; 5] = [b"<!doctype html", b"<html", b"<head", b"<body", b"<table"];
    if !start.starts_with(b"<") {
        return None;
    }
    let start = start.get(..start.len().min(1024)).unwrap_or(start);
    let start = start.to_ascii_lowercase();
    let is_xml = start.starts_with(b"<?xml");
    let has_page = |at: &[u8]| PAGES.iter().any(|page| at.starts_with(page));
    let is_page = has_page(&start)
        || (is_xml || start.starts_with(b"<!--"))
            && (1..start.len()).any(|at| start.get(at..).is_some_and(has_page));
    match (is_page, is_xml) {
        (true, _) => Some(PAGE),
        (false, true) => Some("an XML file"),
        (false, false) => None,
    }
}

/// What JSON a text is, if it begins like some that is hardly a CSV header.
fn json(start: &[u8]) -> Option<&'static str> {
    let (first, rest) = start.split_first()?;
    match (first, rest.trim_ascii_start().first()) {
        (b'{', Some(b'"')) => Some("JSON"),
        (b'[', Some(b'{')) => Some("a JSON array"),
        _ => None,
    }
}

/// The format: as set, else by name, else by the first characters.
fn format_of(path: &Path, settings: &SourceSettings, sample: &[u8]) -> Result<Format, SourceError> {
    let name = inner_name(path);
    let named_json = name.extension().is_some_and(|extension| {
        ["jsonl", "ndjson", "json"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    });
    let start = sample.trim_ascii_start();
    let format = match settings.format {
        Some(format) => format,
        None if named_json || start.starts_with(b"{") => Format::Jsonl,
        None if json(start).is_some() => Format::Jsonl,
        None => Format::Csv,
    };
    if format == Format::Jsonl && start.starts_with(b"[") {
        return Err(SourceError::JsonArray {
            path: path.to_owned(),
        });
    }
    if format == Format::Jsonl && is_spread(start) {
        return Err(SourceError::JsonSpread {
            path: path.to_owned(),
        });
    }
    Ok(format)
}

/// Whether a JSON object begins on one line and goes on below. A line that was only cut off is not
/// followed by a key.
fn is_spread(start: &[u8]) -> bool {
    let Some(rest) = start.strip_prefix(b"{") else {
        return false;
    };
    let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
    let is_broken = blank.copied().any(is_break);
    is_broken && rest.trim_ascii_start().starts_with(b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    /// How a file with these bytes is refused, whose format is declared.
    fn refused(bytes: &[u8], format: Option<Format>) -> Option<SourceError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("customers.csv");
        std::fs::write(&path, bytes).unwrap();
        let settings = SourceSettings {
            format,
            ..SourceSettings::default()
        };
        Source::open(&path, &settings).err()
    }

    #[test]
    fn what_is_no_list_is_known_whatever_is_declared() {
        for (bytes, what) in [
            (&b"\n<!DOCTYPE html>\n<style>a{b:c;d:e}"[..], PAGE),
            (b"\xef\xbb\xbf<html lang='de'>;", PAGE),
            (b"<!-- a --><Html>", PAGE),
            (b"<?xml version='1.0'?><!DOCTYPE html><a>", PAGE),
            (b"<table><tr>;", PAGE),
            (b"<?xml version='1.0'?><a>;", "an XML file"),
            (b"%PDF-1.7\n;", "a PDF file"),
        ] {
            for format in [None, Some(Format::Csv), Some(Format::Jsonl)] {
                match refused(bytes, format) {
                    Some(SourceError::OtherFormat { what: found, .. }) => assert_eq!(found, what),
                    other => panic!("{what}, {format:?}: {other:?}"),
                }
            }
        }
        let utf_16: Vec<u8> = "\u{feff}<html>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let error = refused(&utf_16, Some(Format::Csv)).unwrap();
        assert!(error.to_string().contains(PAGE), "{error}");
        let error = refused(b"<html>", Some(Format::Xlsx)).unwrap();
        assert!(error.to_string().contains(PAGE), "{error}");
        for (bytes, told) in [
            (&b" [ {\"a\":1}]"[..], "it is a JSON array"),
            (b"{ \"a\":1}\n", "it is JSON"),
        ] {
            let error = refused(bytes, Some(Format::Csv)).unwrap();
            assert!(error.to_string().contains(told), "{error}");
            assert!(error.in_german().contains("JSON"), "{error}");
        }
    }

    #[test]
    fn one_damaged_line_of_json_is_no_object_over_several() {
        for lines in [
            "{\n{\"a\":1}\n",
            "{ \"a\":\n{\"a\":1}\n",
            "{\"a\":1}\n",
            "{}\n\"a\"\n",
        ] {
            let error = refused(lines.as_bytes(), Some(Format::Jsonl));
            assert!(error.is_none(), "{lines}: {error:?}");
        }
    }

    #[test]
    fn a_header_may_begin_with_a_bracket() {
        for header in ["[id];b", "{id};b", "[];b", "<id>;<!-- b -->", "<b>;<html>"] {
            let error = refused(header.as_bytes(), Some(Format::Csv));
            assert!(error.is_none(), "{header}: {error:?}");
        }
    }

    #[test]
    fn facts_read_well() {
        let mut facts = Facts {
            format: Format::Csv,
            packing: None,
            sheet: None,
            encoding: encoding_rs::WINDOWS_1252,
            bom: false,
            encoding_found: Found::Detected,
            delimiter: b';',
            delimiter_found: Found::Detected,
            header: Vec::new(),
            skipped_lines: 0,
            bytes: 1,
            crlf: false,
        };
        assert_eq!(
            facts.describe(),
            "CSV, windows-1252 (detected), delimiter `;` (detected)"
        );
        facts.delimiter = b'\t';
        facts.delimiter_found = Found::Default;
        facts.encoding = encoding_rs::UTF_16LE;
        facts.encoding_found = Found::Bom;
        assert_eq!(
            facts.describe(),
            "CSV, UTF-16LE (byte-order mark), delimiter tab (default)"
        );
        facts.format = Format::Jsonl;
        facts.encoding = encoding_rs::UTF_8;
        facts.encoding_found = Found::Valid;
        assert_eq!(facts.describe(), "JSONL, UTF-8 (valid)");
        facts.packing = Some(Packing::Zstd);
        assert_eq!(
            facts.describe(),
            "JSONL, UTF-8 (valid), compressed with zstd"
        );
        let mut sheet = Sheet {
            name: "Kunden".to_owned(),
            found: Found::Default,
            others: Vec::new(),
        };
        let told = |sheet: &Sheet| Facts::of_sheet(Format::Xlsx, sheet.clone(), 1).describe();
        assert_eq!(told(&sheet), "XLSX, sheet \"Kunden\"");
        sheet.others.extend(["Alt".to_owned(), "Neu".to_owned()]);
        assert_eq!(
            told(&sheet),
            "XLSX, sheet \"Kunden\" (the first; not read: \"Alt\", \"Neu\")"
        );
        sheet.found = Found::Declared;
        assert_eq!(told(&sheet), "XLSX, sheet \"Kunden\" (declared)");
    }
}
