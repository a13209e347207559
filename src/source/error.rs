//! What stops the reading of an input, and what to do about it.

mod german;
mod help;

pub(crate) use help::room_for_temporary;

use std::io;
use std::path::{Path, PathBuf};

use super::delimiter;

/// What an answer of a web server is, in place of the file.
pub(super) const PAGE: &str = "a web page (HTML)";

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
    #[error("{} is empty", shown(path))]
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
    /// JSON whose objects go over several lines.
    #[error("`{}` is JSON over several lines; one object a line is read (JSONL)", path.display())]
    JsonSpread {
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
            | Self::JsonSpread { path }
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

/// Likeness (0 to 1) from which another name is offered.
const NEAR: f64 = 0.7;
/// Files of a folder that are looked at for a similar name.
const LOOKED_AT: usize = 10_000;

/// A file as a person names it; standard input has no name of its own.
fn shown(path: &Path) -> String {
    match path.as_os_str() == STDIN {
        true => "stdin".to_owned(),
        false => format!("`{}`", path.display()),
    }
}

/// The file in the same folder whose name is most like that of `path`.
fn near(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?.to_lowercase();
    let folder = match path.parent()? {
        folder if folder.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let stem = |name: &str| {
        name.rsplit_once('.')
            .map_or(name, |(stem, _)| stem)
            .to_owned()
    };
    let alike = |name: &str| {
        let name = name.to_lowercase();
        let whole = strsim::normalized_damerau_levenshtein(&wanted, &name);
        let (wanted, name) = (stem(&wanted), stem(&name));
        // A common ending makes no names alike; a single slip is one however short they are.
        match strsim::damerau_levenshtein(&wanted, &name) {
            0 | 1 => whole,
            _ => whole.min(strsim::normalized_damerau_levenshtein(&wanted, &name)),
        }
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
        .map(|name| (alike(&name), name))
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
        let help = missing("Kunde.csv").help().unwrap().english;
        assert_eq!(help, format!("did you mean `{near}`?"));
        // Of `nix.csv` and `ein.csv` the ending is all that is alike.
        std::fs::write(folder.path().join("ein.csv"), "x").unwrap();
        for name in ["zzz.csv", "nix.csv", "kunden.csv/x"] {
            let help = missing(name).help().unwrap().english;
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
