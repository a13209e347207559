//! What stops the reading of an input, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::delimiter;

/// How the standard input is named, as on the command line.
const STDIN: &str = "-";

/// Trouble with an input as a whole. Trouble with one record is a
/// [`Defect`](crate::record::Defect), not this.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// There is no such file.
    #[error("there is no file `{}`", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
        /// A file in the same folder whose name is almost the same.
        near: Option<String>,
    },
    /// A folder was named.
    #[error("`{}` is a folder, not a file", path.display())]
    Directory {
        /// The path.
        path: PathBuf,
    },
    /// A pipe or device was named; an input is read more than once.
    #[error("`{}` is a pipe or device and can be read only once", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file may not be read.
    #[error("`{}` may not be read", path.display())]
    Denied {
        /// The path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The file could not be opened.
    #[error("`{}` could not be opened", path.display())]
    Open {
        /// The path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Reading failed in the middle.
    #[error("reading `{}` failed at byte {offset}", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// Offset in the file.
        offset: u64,
        /// The system's answer.
        source: io::Error,
    },
    /// The file has nothing in it.
    #[error("`{}` is empty", path.display())]
    Empty {
        /// The path.
        path: PathBuf,
    },
    /// Nothing is left behind the lines that are skipped.
    #[error("`{}` has no header: nothing follows the lines that are skipped ({skipped})", path.display())]
    NoHeader {
        /// The path.
        path: PathBuf,
        /// Lines that were skipped.
        skipped: u64,
    },
    /// The file is in a format that is known but not read.
    #[error("`{}` is {what}, which is not read", path.display())]
    OtherFormat {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The settings say another format than the contents.
    #[error("`{}` is declared as {declared}, but it is {what}", path.display())]
    NotAsDeclared {
        /// The path.
        path: PathBuf,
        /// The declared format's word.
        declared: &'static str,
        /// What it is.
        what: &'static str,
    },
    /// It opens only with a password.
    #[error("`{}` is protected by a password", path.display())]
    Encrypted {
        /// The path.
        path: PathBuf,
    },
    /// A compressed file or a book that is not whole, or not what it should be inside.
    #[error("`{}` is damaged, or was cut off: {why}", path.display())]
    Damaged {
        /// The path.
        path: PathBuf,
        /// Where and how, in the words of who tried to read it.
        why: String,
    },
    /// It unpacks to something that no honest file of its size does.
    #[error("`{}` unpacks to more than {limit} bytes", path.display())]
    Bomb {
        /// The path.
        path: PathBuf,
        /// The most that it may have, in bytes.
        limit: u64,
    },
    /// What was unpacked could not be kept.
    #[error("the unpacked input could not be kept in `{}`", std::env::temp_dir().display())]
    Private {
        /// The system's answer.
        source: io::Error,
    },
    /// A book without a visible sheet that has cells.
    #[error("`{}` has no visible sheet with anything in it", path.display())]
    NoSheet {
        /// The path.
        path: PathBuf,
    },
    /// A sheet that has no cells.
    #[error("the sheet \"{sheet}\" of `{}` is empty", path.display())]
    EmptySheet {
        /// The path.
        path: PathBuf,
        /// Its name.
        sheet: String,
    },
    /// No sheet has that name.
    #[error("`{}` has no sheet \"{sheet}\"", path.display())]
    UnknownSheet {
        /// The path.
        path: PathBuf,
        /// The name as it was given.
        sheet: String,
        /// The names that there are.
        sheets: Vec<String>,
    },
    /// The file is no text.
    #[error("`{}` is no text: byte {offset} is NUL", path.display())]
    Binary {
        /// The path.
        path: PathBuf,
        /// Offset of the first NUL.
        offset: u64,
    },
    /// One JSON array instead of one object a line.
    #[error("`{}` is one JSON array; one object a line is read (JSONL)", path.display())]
    JsonArray {
        /// The path.
        path: PathBuf,
    },
    /// No encoding has that name.
    #[error("`{label}` is no encoding that is known")]
    UnknownEncoding {
        /// The name as it was given.
        label: String,
    },
    /// The declared encoding cannot be right.
    #[error("`{}` is declared as {declared}, but its byte-order mark says {bom}", path.display())]
    OtherEncoding {
        /// The path.
        path: PathBuf,
        /// The declared encoding.
        declared: &'static str,
        /// The encoding of the byte-order mark.
        bom: &'static str,
    },
    /// Bytes that are no text in the encoding, where no single record can be blamed.
    #[error("`{}` is not valid {encoding} near byte {offset}", path.display())]
    Malformed {
        /// The path.
        path: PathBuf,
        /// The encoding.
        encoding: &'static str,
        /// Offset in the file, at most a few bytes behind the fault.
        offset: u64,
    },
    /// The delimiter cannot be one.
    #[error("{} cannot be a delimiter", delimiter::shown(*delimiter))]
    BadDelimiter {
        /// The byte.
        delimiter: u8,
    },
    /// The header is not valid in the encoding.
    #[error("`{}`:{line}: the header is not valid {encoding}", path.display())]
    HeaderEncoding {
        /// The path.
        path: PathBuf,
        /// Line of the header.
        line: u64,
        /// The encoding.
        encoding: &'static str,
    },
    /// The header is longer than a record may be.
    #[error("`{}`:{line}: the header is longer than {limit} bytes", path.display())]
    HeaderTooLarge {
        /// The path.
        path: PathBuf,
        /// Line of the header.
        line: u64,
        /// Longest record in bytes.
        limit: usize,
    },
    /// A quote swallows the rest of the file.
    #[error(
        "`{}`:{line}: the quote that opens on this line never closes ({})",
        path.display(),
        named(*record)
    )]
    UnclosedQuote {
        /// The path.
        path: PathBuf,
        /// Line on which the quote opens.
        line: u64,
        /// Number of the record; 0 is the header.
        record: u64,
    },
    /// The file is not what it was when it was read first.
    #[error("`{}` was changed while it was being imported", path.display())]
    Edited {
        /// The path.
        path: PathBuf,
    },
    /// Bytes of a record could not be written where they were wanted.
    #[error("a record could not be copied")]
    Copy {
        /// The system's answer.
        source: io::Error,
    },
    /// The standard input could not be read.
    #[error("reading the standard input failed")]
    Stdin {
        /// The system's answer.
        source: io::Error,
    },
    /// The standard input could not be kept.
    #[error("the standard input could not be kept in `{}`", folder.display())]
    Spool {
        /// The folder.
        folder: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The pattern is none.
    #[error("`{pattern}` is no file and no pattern")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: glob::PatternError,
    },
    /// No file fits the pattern.
    #[error("no file fits the pattern `{pattern}`")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
}

/// How a record is called in a sentence.
fn named(record: u64) -> String {
    match record {
        0 => "in the header".to_owned(),
        number => format!("in record {number}"),
    }
}

impl SourceError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Missing { path, .. } if path.is_symlink() => {
                "it is a symbolic link, and what it leads to is not there"
            }
            Self::Missing {
                near: Some(near), ..
            } => return Some(format!("did you mean `{near}`?")),
            Self::Directory { path } => {
                let all = path.join("*.csv");
                return Some(format!("name its files, e.g. '{}'", all.display()));
            }
            Self::NotAFile { .. } => "pipe it in and name `-` as the input",
            Self::Denied { .. } => {
                "let the user who runs the import read it, and close it in other programs"
            }
            Self::Empty { .. } => "was the export finished, and is it the right file?",
            Self::NoHeader { .. } => "lower `skip_lines`",
            Self::NotAsDeclared { .. } => {
                "take `format` out of the mapping, or override it with --format"
            }
            Self::OtherFormat { .. }
            | Self::Encrypted { .. }
            | Self::Damaged { .. }
            | Self::Bomb { .. }
            | Self::Private { .. }
            | Self::NoSheet { .. }
            | Self::EmptySheet { .. }
            | Self::UnknownSheet { .. } => return self.help_with_books(),
            Self::Binary { .. } => {
                "export it as CSV or JSONL; if it is UTF-16 text, declare `encoding`"
            }
            Self::JsonArray { .. } => {
                "turn it into one object a line: jq -c '.[]' IN.json > OUT.jsonl"
            }
            Self::UnknownEncoding { .. } => {
                "use one of the names that browsers know: utf-8, windows-1252, iso-8859-15, utf-16le; \
                 convert anything else (e.g. cp850) to UTF-8 first"
            }
            Self::OtherEncoding { bom, .. } => {
                return Some(format!("leave `encoding` out, or set it to {bom}"));
            }
            Self::Malformed { .. } | Self::HeaderEncoding { .. } => {
                "set `encoding` to what the export was written in, or export it again as UTF-8"
            }
            Self::BadDelimiter { .. } => "use one ASCII character: `;` `,` `|` or a tab",
            Self::HeaderTooLarge { .. } => {
                "is it a CSV file, and are the lines before its header skipped?"
            }
            Self::UnclosedQuote { .. } => {
                "close the quote on that line or double it (\"\"); if the file was cut off, export it again"
            }
            Self::Edited { .. } => "let nobody write to it, and start again",
            Self::NoMatch { .. } => "check the pattern; a folder is entered by `**/`",
            Self::Pattern { .. } => "name the files themselves, or write `[[]` for a literal `[`",
            Self::Spool { .. } => {
                "the state folder must be writable and needs room for the whole input; \
                 --state-dir chooses another one"
            }
            Self::Missing { near: None, .. } => {
                "check its name and its folder; without one, it is looked for in the current folder"
            }
            Self::Open { .. } | Self::Read { .. } | Self::Copy { .. } | Self::Stdin { .. } => {
                return None;
            }
        };
        Some(help.to_owned())
    }

    /// What to do about books and compressed files.
    fn help_with_books(&self) -> Option<String> {
        let help = match self {
            Self::OtherFormat { .. } => {
                "save or unpack it as XLSX, ODS or CSV (in a spreadsheet: Save as, \"CSV UTF-8\") \
                 and import that"
            }
            Self::Encrypted { .. } => {
                "open it in the program that made it, take the password away (Save as, without \
                 a password), and import that"
            }
            Self::Damaged { .. } => {
                "copy or export it again; if it opens elsewhere, save it as CSV (\"CSV UTF-8\") \
                 and import that"
            }
            Self::Bomb { .. } => {
                "if that is right, unpack it yourself, or save it as CSV, and import that"
            }
            Self::Private { .. } => {
                "the folder for temporary files needs room for the whole unpacked input; the \
                 environment variable TMPDIR (on Windows TEMP) names another one"
            }
            Self::UnknownSheet { sheet, sheets, .. } => return Some(other_sheet(sheet, sheets)),
            _ => "is it the right file? `sheet` in the mapping, or --sheet, names a sheet",
        };
        Some(help.to_owned())
    }

    /// Whether the input is not written in the encoding that it was said to be in.
    #[must_use]
    pub fn is_other_encoding(&self) -> bool {
        matches!(
            self,
            Self::OtherEncoding { .. } | Self::Malformed { .. } | Self::HeaderEncoding { .. }
        )
    }

    /// The same trouble with the input called `-`: where the standard input is kept meanwhile is
    /// nobody's business.
    #[must_use]
    pub fn of_stdin(mut self) -> Self {
        match &mut self {
            Self::Missing { path, .. }
            | Self::Directory { path }
            | Self::NotAFile { path }
            | Self::Denied { path, .. }
            | Self::Open { path, .. }
            | Self::Read { path, .. }
            | Self::Empty { path }
            | Self::NoHeader { path, .. }
            | Self::OtherFormat { path, .. }
            | Self::NotAsDeclared { path, .. }
            | Self::Encrypted { path }
            | Self::Damaged { path, .. }
            | Self::Bomb { path, .. }
            | Self::NoSheet { path }
            | Self::EmptySheet { path, .. }
            | Self::UnknownSheet { path, .. }
            | Self::Binary { path, .. }
            | Self::JsonArray { path }
            | Self::OtherEncoding { path, .. }
            | Self::Malformed { path, .. }
            | Self::HeaderEncoding { path, .. }
            | Self::HeaderTooLarge { path, .. }
            | Self::UnclosedQuote { path, .. }
            | Self::Edited { path } => *path = PathBuf::from(STDIN),
            Self::UnknownEncoding { .. }
            | Self::BadDelimiter { .. }
            | Self::Copy { .. }
            | Self::Private { .. }
            | Self::Stdin { .. }
            | Self::Spool { .. }
            | Self::Pattern { .. }
            | Self::NoMatch { .. } => {}
        }
        self
    }

    /// Names why `path` could not be opened.
    pub(super) fn opening(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing {
                near: near(&path),
                path,
            },
            io::ErrorKind::PermissionDenied => Self::Denied { path, source },
            io::ErrorKind::IsADirectory => Self::Directory { path },
            _ => Self::Open { path, source },
        }
    }
}

/// Sheets that are listed at most.
const SHEETS: usize = 10;

/// Offers the sheet whose name is most like `wanted`, else lists all.
fn other_sheet(wanted: &str, sheets: &[String]) -> String {
    let wanted = wanted.trim().to_lowercase();
    let likeness =
        |name: &String| strsim::normalized_damerau_levenshtein(&wanted, &name.to_lowercase());
    let near = sheets
        .iter()
        .map(|name| (likeness(name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    match near {
        Some((likeness, name)) if likeness >= NEAR => format!("did you mean \"{name}\"?"),
        _ => {
            let mut names: Vec<String> = sheets
                .iter()
                .take(SHEETS)
                .map(|name| format!("\"{name}\""))
                .collect();
            if sheets.len() > SHEETS {
                names.push("…".to_owned());
            }
            format!("its sheets are {}", names.join(", "))
        }
    }
}

/// Likeness (0 to 1) from which another name is offered.
const NEAR: f64 = 0.7;
/// Files of a folder that are looked at for a similar name.
const LOOKED_AT: usize = 10_000;

/// The file in the same folder whose name is most like that of `path`.
fn near(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?.to_lowercase();
    let folder = match path.parent()? {
        folder if folder.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let (likeness, name) = std::fs::read_dir(folder)
        .ok()?
        .take(LOOKED_AT)
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            // What is there, and no link into nothing.
            entry.path().is_file().then_some(name)
        })
        .map(|name| {
            let likeness = strsim::normalized_damerau_levenshtein(&wanted, &name.to_lowercase());
            (likeness, name)
        })
        // By name too, so that the answer does not depend on the folder's order.
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1)))?;
    let near = path.with_file_name(name);
    (likeness >= NEAR).then(|| near.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_suggests_a_near_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["kunden.csv", "artikel.csv", "kunden-alt.csv"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let missing = |name: &str| {
            let path = folder.path().join(name);
            let source = std::fs::metadata(&path).unwrap_err();
            SourceError::opening(&path, source)
        };
        let near = folder.path().join("kunden.csv").display().to_string();
        let help = missing("Kunde.csv").help().unwrap();
        assert_eq!(help, format!("did you mean `{near}`?"));
        for name in ["zzz.csv", "kunden.csv/x"] {
            let help = missing(name).help().unwrap();
            assert!(help.starts_with("check its name"), "{help}");
        }
    }

    #[test]
    fn each_kind_of_refusal_is_told_apart() {
        let of = |kind: io::ErrorKind| SourceError::opening(Path::new("a.csv"), kind.into());
        assert!(matches!(
            of(io::ErrorKind::PermissionDenied),
            SourceError::Denied { .. }
        ));
        assert!(matches!(
            of(io::ErrorKind::IsADirectory),
            SourceError::Directory { .. }
        ));
        assert!(matches!(
            of(io::ErrorKind::TimedOut),
            SourceError::Open { .. }
        ));
    }

    #[test]
    fn a_message_names_the_place() {
        let quote = |record| SourceError::UnclosedQuote {
            path: PathBuf::from("a.csv"),
            line: 7,
            record,
        };
        assert_eq!(
            quote(5).to_string(),
            "`a.csv`:7: the quote that opens on this line never closes (in record 5)"
        );
        assert!(quote(0).to_string().ends_with("(in the header)"));
    }
}
