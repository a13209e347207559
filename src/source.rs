//! From a path to records: open, detect, decode, split.
//!
//! A [`Source`] is an input that was looked at; its [`Reader`]s go through it again and again
//! in constant memory. Bad records are items of the stream ([`Entry::Defect`]); what stops
//! the stream is a [`SourceError`], so a file that was cut off or could not be read to its end never
//! looks complete. What a column means is none of this stage's business.
//!
//! CSV is split on raw bytes and decoded record by record where the encoding allows it, so
//! that lines and offsets are those of the file; other encodings become UTF-8 first. What is
//! compressed, and the rows of a sheet, are copied once into a file without a name (`private`);
//! what follows sees that copy instead of the file.

mod blocks;
mod cells;
mod content;
mod csv;
mod delimiter;
mod encoding;
mod entry;
mod error;
mod facts;
mod format;
mod inputs;
mod jsonl;
mod lines;
mod packed;
mod place;
mod places;
mod plain;
mod private;
mod quotes;
mod reader;
mod returned;
#[cfg(test)]
mod samples;
mod sheet;
mod transcode;

use std::borrow::Cow;
use std::fs::Metadata;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

pub use blocks::Fingerprint;
pub use content::any_part;
pub use entry::Entry;
pub use error::SourceError;
pub(crate) use error::room_for_temporary;
pub use facts::{Facts, Found, Sheet};
pub use format::Format;
pub use inputs::{Input, Spooled, expand, spool};
pub use packed::Packing;
pub use place::Place;
pub use places::Places;
pub use reader::Reader;
pub use returned::{Named, is_returned};
pub use sheet::{Conventions, Written};

use blocks::Blocks;
use content::{Content, Looked};
use reader::Rules;
use transcode::{Stream, splits_raw};

use crate::outcome::Severity;
use crate::record::Span;

/// How an input is to be read; what is `None` is detected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// The format; else books are known by what is in them, and text by the file name without
    /// the ending of its compression (`.jsonl`, `.ndjson`: JSONL; anything else: CSV, unless
    /// the first character is `{`).
    pub format: Option<Format>,
    /// The encoding's name, e.g. `windows-1252`; else byte-order mark, valid UTF-8, detection.
    pub encoding: Option<String>,
    /// The delimiter; else detected.
    pub delimiter: Option<u8>,
    /// Lines, or rows of a sheet, before the header. Default 0.
    pub skip_lines: Option<u64>,
    /// Whether the first record names the columns. Default true; else they are `1`, `2`, ….
    pub header: Option<bool>,
    /// What a record with too many or too few fields is.
    pub ragged: Severity,
    /// The sheet of a book; else the first visible one with cells.
    pub sheet: Option<String>,
    /// What a record is that has a cell with an error (`#N/A`) instead of a value; if it is no
    /// error, the cell is empty.
    pub cell_error: Severity,
    /// How a sheet's numbers and dates become text.
    pub conventions: Conventions,
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
            sheet: None,
            cell_error: Severity::Error,
            conventions: Conventions::default(),
            record_cap: 1 << 20,
        }
    }
}

/// An input that was opened and looked at; cheap to read again and again.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    /// What is split: of a compressed file or a book, a copy of what it holds.
    content: Content,
    facts: Arc<Facts>,
    rules: Rules,
    /// Bytes of the byte-order mark.
    bom: u64,
    /// The file's length when it was looked at.
    length: u64,
    modified: Option<SystemTime>,
}

impl Source {
    /// Looks at the file: format, encoding, delimiter and header. A file that has only ASCII
    /// in its beginning is read until another byte decides its encoding; a compressed one is
    /// unpacked, and the sheet of a book is copied.
    ///
    /// # Errors
    /// When the file cannot be read, is empty, damaged, no text or in a format that is not
    /// read, or has no readable header or no such sheet; when the settings contradict it.
    pub fn open(path: &Path, settings: &SourceSettings) -> Result<Self, SourceError> {
        let metadata = look_at(path)?;
        let looked = match metadata.len() {
            0 => None,
            bytes => Some(Looked::at(path, bytes)?),
        };
        let Some(looked) = looked.filter(|looked| looked.bytes > 0) else {
            return Err(SourceError::Empty {
                path: path.to_owned(),
            });
        };
        looked.refuse_compound(path)?;
        let (content, facts, bom) = if looked.is_archive() {
            open_book(path, settings, looked)?
        } else {
            open_text(path, settings, looked)?
        };
        let mut source = Self {
            path: path.to_owned(),
            content,
            facts: Arc::new(facts),
            rules: Rules {
                ragged: settings.ragged,
                cell_error: settings.cell_error,
                cap: settings.record_cap.min(Rules::CAP),
                header: settings.header.unwrap_or(true),
            },
            bom,
            length: metadata.len(),
            modified: metadata.modified().ok(),
        };
        if source.facts.header.is_empty() && source.facts.format != Format::Jsonl {
            source.learn_header()?;
        }
        Ok(source)
    }

    /// What is known of it.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the first record names the columns.
    #[must_use]
    pub fn has_header(&self) -> bool {
        self.rules.header
    }

    /// Computes the fingerprint without looking at the records. That of a compressed file is
    /// that of what it holds, and that of a sheet is that of its rows.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn fingerprint(&self) -> Result<Fingerprint, SourceError> {
        blocks::fingerprint(&self.content, &self.path, self.facts.bytes)
    }

    /// Reads it from the start and computes its fingerprint on the way.
    ///
    /// # Errors
    /// When it cannot be opened, or was edited since it was looked at.
    pub fn read(&self) -> Result<Reader, SourceError> {
        let metadata = look_at(&self.path)?;
        if metadata.len() != self.length || metadata.modified().ok() != self.modified {
            return Err(self.edited());
        }
        self.reader(None)
    }

    /// Reads it from the start. Each block of 1 MiB is compared with `known` before any
    /// record that is made of its bytes is handed out.
    ///
    /// # Errors
    /// [`SourceError::Edited`] when the bytes are others, here or from the reader.
    pub fn read_again(&self, known: &Fingerprint) -> Result<Reader, SourceError> {
        self.reader(Some(known))
    }

    /// Writes the bytes of a record as they are in the file (in UTF-8 if the input's encoding
    /// is one that is transcoded; then all of the file before them is read too). A row of a
    /// sheet is a line of its cells behind its number.
    ///
    /// # Errors
    /// When they cannot be read or written, or the file is too short by now.
    pub fn copy_bytes(&self, span: Span, to: &mut dyn Write) -> Result<(), SourceError> {
        let mut file = self.content.open()?;
        let raw = splits_raw(self.facts.encoding);
        let mut left = span.end.saturating_sub(span.start);
        let mut ahead = span.start;
        let mut stream = if raw {
            ahead = 0;
            file.seek(SeekFrom::Start(span.start))
                .map_err(|source| SourceError::Read {
                    path: self.path.clone(),
                    offset: span.start,
                    source,
                })?;
            let exactly = file.take(left);
            Stream::new(
                Blocks::new(Box::new(exactly), &self.path, None),
                self.facts.encoding,
                0,
            )?
        } else {
            self.stream(None)?
        };
        while left > 0 {
            let chunk = stream.chunk()?;
            if chunk.is_empty() {
                return Err(self.edited());
            }
            let skip = usize::try_from(ahead).map_or(chunk.len(), |ahead| ahead.min(chunk.len()));
            ahead -= skip as u64;
            let wanted = chunk.get(skip..).unwrap_or_default();
            let count = usize::try_from(left).map_or(wanted.len(), |left| left.min(wanted.len()));
            to.write_all(wanted.get(..count).unwrap_or_default())
                .map_err(|source| SourceError::Copy { source })?;
            left -= count as u64;
            stream.consume(skip + count);
        }
        Ok(())
    }

    /// A defect's cell as text; none if its bytes are no text in the input's encoding.
    #[must_use]
    pub fn text_of(&self, cell: &[u8]) -> Option<String> {
        cells::text(cell, transcode::text_encoding(self.facts.encoding)).map(Cow::into_owned)
    }

    fn edited(&self) -> SourceError {
        SourceError::Edited {
            path: self.path.clone(),
        }
    }

    fn stream(&self, known: Option<&Fingerprint>) -> Result<Stream, SourceError> {
        let blocks = Blocks::new(Box::new(self.content.open()?), &self.path, known);
        Stream::new(blocks, self.facts.encoding, self.bom)
    }

    fn reader(&self, known: Option<&Fingerprint>) -> Result<Reader, SourceError> {
        let mut reader = Reader::new(self.stream(known)?, Arc::clone(&self.facts), self.rules)?;
        // Another header than the one that was looked at means other columns.
        if self.facts.format != Format::Jsonl
            && self.rules.header
            && reader.header()? != self.facts.header
        {
            return Err(self.edited());
        }
        Ok(reader)
    }

    fn learn_header(&mut self) -> Result<(), SourceError> {
        let stream = self.stream(None)?;
        let header = Reader::new(stream, Arc::clone(&self.facts), self.rules)?.header()?;
        if header.is_empty() {
            let path = self.path.clone();
            return Err(match self.facts.skipped_lines {
                0 => SourceError::Empty { path },
                skipped => SourceError::NoHeader { path, skipped },
            });
        }
        Arc::make_mut(&mut self.facts).header = header;
        Ok(())
    }
}

/// Decides how text is split.
fn open_text(
    path: &Path,
    settings: &SourceSettings,
    looked: Looked,
) -> Result<(Content, Facts, u64), SourceError> {
    if let Some(declared) = settings.format.filter(|format| format.is_book()) {
        let path = path.to_owned();
        return Err(match facts::markup(looked.head.trim_ascii_start()) {
            Some(what) => SourceError::OtherFormat { path, what },
            None => SourceError::NotAsDeclared {
                path,
                declared: declared.word(),
                what: "no book",
            },
        });
    }
    let label = settings.encoding.as_deref();
    let mut opened = looked.content.open()?;
    let verdict = encoding::decide(path, &mut opened, &looked.head, label)?;
    let mut facts = Facts::look(path, settings, &looked.head, verdict, looked.bytes)?;
    facts.packing = looked.packing;
    Ok((looked.content, facts, verdict.bom))
}

/// Copies the sheet of a book.
fn open_book(
    path: &Path,
    settings: &SourceSettings,
    looked: Looked,
) -> Result<(Content, Facts, u64), SourceError> {
    let format = sheet::examine(path, looked.content.open()?, looked.bytes)?;
    if let Some(declared) = settings.format.filter(|declared| *declared != format) {
        return Err(SourceError::NotAsDeclared {
            path: path.to_owned(),
            declared: declared.word(),
            what: match format {
                Format::Ods => "an ODS file",
                _ => "an XLSX file",
            },
        });
    }
    let opened = looked.content.open()?;
    let copied = sheet::copy(path, opened, format, looked.bytes, settings)?;
    let mut facts = Facts::of_sheet(format, copied.sheet, copied.copy.bytes());
    facts.packing = looked.packing;
    if settings.header == Some(false) {
        // A sheet's first row may be shorter than others.
        facts.header = (1..=copied.width)
            .map(|number| number.to_string())
            .collect();
    }
    Ok((Content::Copy(copied.copy), facts, 0))
}

/// The metadata of a file that can be read more than once.
fn look_at(path: &Path) -> Result<Metadata, SourceError> {
    let metadata = path
        .metadata()
        .map_err(|source| SourceError::opening(path, source))?;
    let path = || path.to_owned();
    if metadata.is_dir() {
        Err(SourceError::Directory { path: path() })
    } else if metadata.is_file() {
        Ok(metadata)
    } else {
        Err(SourceError::NotAFile { path: path() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn open(
            &self,
            name: &str,
            bytes: &[u8],
            settings: &SourceSettings,
        ) -> Result<Source, SourceError> {
            let path = self.0.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            Source::open(&path, settings)
        }

        /// Description, header, and the records' numbers and lines.
        fn told(&self, bytes: &[u8], settings: &SourceSettings) -> (String, String, Vec<u64>) {
            let source = self.open("a.csv", bytes, settings).unwrap();
            let lines = source
                .read()
                .unwrap()
                .map(|entry| match entry.unwrap() {
                    Entry::Record(record) | Entry::Odd(record, _) => record.position.line,
                    Entry::Defect(defect) => defect.position.line,
                })
                .collect();
            let facts = source.facts();
            (facts.describe(), facts.header.join("/"), lines)
        }
    }

    fn set(change: impl FnOnce(&mut SourceSettings)) -> SourceSettings {
        let mut settings = SourceSettings::default();
        change(&mut settings);
        settings
    }

    #[test]
    fn header_and_records_are_found_behind_whatever_stands_before() {
        let folder = Folder::new();
        let usual = SourceSettings::default();
        let skip = |lines| set(|it| it.skip_lines = Some(lines));
        let nameless = set(|it| it.header = Some(false));
        let semicolon = "CSV, UTF-8 (valid), delimiter `;` (detected)";
        let declared = "CSV, UTF-8 (valid), delimiter `;` (declared)";
        type Case<'a> = (&'a [u8], &'a SourceSettings, &'a str, &'a str, &'a [u64]);
        let cases: [Case; 17] = [
            (b"a;b\n1;2\n", &usual, semicolon, "a/b", &[2]),
            (b"a;b", &usual, semicolon, "a/b", &[]),
            (b"\n\r\na;b\n\n1;2", &usual, semicolon, "a/b", &[5]),
            (b"a;a; b ;\n1;2;3\n", &usual, semicolon, "a/a/ b /", &[2]),
            (
                b"\xef\xbb\xbf\"a\";b\n1;2\n",
                &usual,
                "CSV, UTF-8 (byte-order mark), delimiter `;` (detected)",
                "a/b",
                &[2],
            ),
            (b"sep=;\r\na,x;b\r\n1;2", &usual, declared, "a,x/b", &[3]),
            (b"sep=;\r\na;b\r\n1;2", &skip(1), declared, "a/b", &[3]),
            (b"EXTF;700\r\na;b\r\n1;2", &skip(1), semicolon, "a/b", &[3]),
            (b"x\ry\n\r\na;b\n1;2", &skip(3), semicolon, "a/b", &[5]),
            (b"\"x\ny\na;b\n1;2", &skip(2), semicolon, "a/b", &[4]),
            (b"1;2\n3;4\n", &nameless, semicolon, "1/2", &[1, 2]),
            (b"\"a\nb\";c\n1;2\n", &usual, semicolon, "a\nb/c", &[3]),
            (
                b"name\nMeier, Max\n",
                &usual,
                "CSV, UTF-8 (valid), delimiter `,` (default)",
                "name",
                &[2],
            ),
            (
                b"a\tb\n1\t2\n",
                &usual,
                "CSV, UTF-8 (valid), delimiter tab (detected)",
                "a/b",
                &[2],
            ),
            (
                b"a:b;c\n",
                &set(|it| it.delimiter = Some(b':')),
                "CSV, UTF-8 (valid), delimiter `:` (declared)",
                "a/b;c",
                &[],
            ),
            (
                b"Gr\xf6\xdfe;b\n\xfc;2\n",
                &usual,
                "CSV, windows-1252 (detected), delimiter `;` (detected)",
                "Größe/b",
                &[2],
            ),
            (
                b"{\"a\":1}\n\n{}\n",
                &usual,
                "JSONL, UTF-8 (valid)",
                "",
                &[1, 3],
            ),
        ];
        for (bytes, settings, described, header, lines) in cases {
            let expected = (described.to_owned(), header.to_owned(), lines.to_vec());
            let shown = bytes.escape_ascii();
            assert_eq!(folder.told(bytes, settings), expected, "{shown}");
        }
    }

    #[test]
    fn line_breaks_and_length_are_facts() {
        let folder = Folder::new();
        for (text, crlf) in [
            ("a;b\r\n1;2\n", true),
            ("a;b\n1;2\r\n", false),
            ("a", false),
        ] {
            let source = folder.open("a.csv", text.as_bytes(), &SourceSettings::default());
            let source = source.unwrap();
            assert_eq!(source.facts().crlf, crlf, "{text:?}");
            assert_eq!(source.facts().bytes, text.len() as u64);
        }
    }

    #[test]
    fn the_format_is_set_or_named_or_seen() {
        let folder = Folder::new();
        let usual = SourceSettings::default();
        let csv = set(|it| it.format = Some(Format::Csv));
        let jsonl = set(|it| it.format = Some(Format::Jsonl));
        for (name, text, settings, format) in [
            ("a.csv", "a;b\n", &usual, Format::Csv),
            ("a.txt", "  \n {\"a\":1}", &usual, Format::Jsonl),
            ("a.JSONL", "x", &usual, Format::Jsonl),
            ("a.ndjson", "{}", &usual, Format::Jsonl),
            ("a.json", "{}", &usual, Format::Jsonl),
            ("a.jsonl", "a;b\n", &csv, Format::Csv),
            ("a", "{a};b\n", &csv, Format::Csv),
            ("a", "x", &jsonl, Format::Jsonl),
            ("a.csv", "[id];b\n", &usual, Format::Csv),
        ] {
            let source = folder.open(name, text.as_bytes(), settings).unwrap();
            assert_eq!(source.facts().format, format, "{name} {text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_advice() {
        let folder = Folder::new();
        let usual = SourceSettings::default();
        let skip = set(|it| it.skip_lines = Some(3));
        let quote = set(|it| it.delimiter = Some(b'"'));
        let small = set(|it| it.record_cap = 5);
        let utf_8 = set(|it| it.encoding = Some("utf-8".to_owned()));
        let klingon = set(|it| it.encoding = Some("klingon".to_owned()));
        let cases: [(&str, &[u8], &SourceSettings, &str); 17] = [
            ("a.csv", b"", &usual, "Empty"),
            ("a.csv", b"\xef\xbb\xbf \r\n", &usual, "Empty"),
            ("a.jsonl", b"\n\n", &usual, "Empty"),
            ("a.csv", b"x\ny\n", &skip, "NoHeader"),
            ("a.csv", b"sep=;\n", &usual, "NoHeader"),
            ("a.csv", b"PK\x03\x04", &usual, "Damaged"),
            ("a.csv", b"a;b\n1;\0\n", &usual, "Binary"),
            ("a.csv", b"a;b\n", &quote, "BadDelimiter"),
            ("a.csv", b"abc;def\n", &small, "HeaderTooLarge"),
            ("a.csv", b"a;\"b\nc\n", &usual, "UnclosedQuote"),
            ("a.csv", b"\xfc;b\n", &utf_8, "HeaderEncoding"),
            ("a.csv", b"a", &klingon, "UnknownEncoding"),
            ("a.json", b" [\n{\"a\":1}]", &usual, "JsonArray"),
            ("a", b"[ {\"a\":1}]", &usual, "JsonArray"),
            ("a.json", b"{\r\n  \"a\":1\r\n}", &usual, "JsonSpread"),
            (
                "a.csv",
                b"\n{ \n\"a\": [\n{\"b\":1}]}",
                &usual,
                "JsonSpread",
            ),
            ("a.csv", b"\xff\xfea\0;\0b", &usual, "Malformed"),
        ];
        for (name, bytes, settings, kind) in cases {
            let error = folder.open(name, bytes, settings).unwrap_err();
            assert!(format!("{error:?}").starts_with(kind), "{error:?}");
            assert!(error.help().is_some(), "{error}");
        }
        let error = Source::open(folder.0.path(), &usual).unwrap_err();
        assert!(matches!(error, SourceError::Directory { .. }));
        let error = Source::open(&folder.0.path().join("b.csv"), &usual).unwrap_err();
        assert!(matches!(error, SourceError::Missing { near: Some(_), .. }));
        #[cfg(unix)]
        {
            let error = Source::open(Path::new("/dev/null"), &usual).unwrap_err();
            assert!(matches!(error, SourceError::NotAFile { .. }));
        }
    }
}
