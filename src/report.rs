//! The report: what became of each record, in files for people and programs.
//!
//! Owns the files' names, columns and encodings, and that a file is there whole or not at all.
//! It is handed settled records in their order together with the input's own cells, keeps none
//! of them, and knows neither journal nor server. The page for people (`report.html`) is a further
//! projection of the same [`Row`]s.

mod cells;
mod erasing;
mod failed;
mod file;
#[cfg(test)]
mod fixtures;
mod page;
mod rows;
mod tables;
mod trouble;
mod workbook;

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use encoding_rs::Encoding;
use jiff::Timestamp;

use failed::workbook::{FAILED_XLSX, fits_a_sheet};

pub use erasing::{
    Erased, Mention, erase, erase_customer, failed_files, failed_sheet, mentions, target_of,
};
pub use rows::Rows;

use crate::fail_point::{self, Point};
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, FieldError, Language, Settled, ValuesShown, both};
use crate::record::Record;

/// Where and how the report is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSettings {
    /// Files go to `dir/<run>/`.
    pub dir: PathBuf,
    /// Permission bits of the files (Unix). Default 0600.
    pub mode: u32,
    /// How much of customers' values is shown.
    pub values: ValuesShown,
    /// The language of messages and of the page.
    pub language: Language,
}

/// The folder of one run's report.
#[derive(Debug)]
pub struct Report {
    folder: PathBuf,
    settings: ReportSettings,
}

/// What all rows of a report have in common.
#[derive(Clone, Debug)]
pub struct Head {
    /// The run's id, as it stands in the column `_run`.
    pub run: String,
    /// The shape of the input, which `failed.csv` repeats.
    pub shape: Shape,
    /// The mapping's `[report] columns`: they follow in `created.csv` as `in_<column>`.
    pub report_columns: Vec<String>,
    /// Columns whose cells are never written: the column stays, its cells are empty. Compared
    /// without case and outer blanks, because a secret written is worse than a cell lost.
    pub dropped: Vec<String>,
    /// Whether nothing is sent; then there is no `created.csv`.
    pub dry_run: bool,
}

/// The shape of an input, as far as files that are fed back must repeat it.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Delimited text; its failures go to `failed.csv`.
    Cells {
        /// The columns' names; only their number counts when there is no header.
        header: Vec<String>,
        /// Whether the input names its columns; else they are called `1`, `2`, ….
        has_header: bool,
        /// The delimiter, one ASCII character.
        delimiter: u8,
        /// The encoding. UTF-16 is written with a byte-order mark; whatever else is neither
        /// UTF-8 nor windows-1252 is written as UTF-8 with one, so that it is found again.
        encoding: &'static Encoding,
        /// Whether the input begins with a byte-order mark.
        bom: bool,
        /// Whether its lines end with CR LF.
        crlf: bool,
    },
    /// The rows of a workbook's sheet; its failures go to `failed.xlsx` alone, unless a sheet has
    /// no room for our columns beside theirs: then to `failed.csv`.
    Sheet {
        /// The columns' names; only their number counts when there is no header.
        header: Vec<String>,
        /// Whether the input names its columns; else they are called `1`, `2`, ….
        has_header: bool,
    },
    /// One JSON object a line; its failures go to `failed.jsonl`.
    Lines,
}

impl Shape {
    /// The name of the file that failed records of such an input are fed back by.
    #[must_use]
    pub fn failed_file(&self) -> &'static str {
        match self {
            Self::Sheet { header, .. } if fits_a_sheet(header) => FAILED_XLSX,
            Self::Cells { .. } | Self::Sheet { .. } => "failed.csv",
            Self::Lines => "failed.jsonl",
        }
    }

    /// Whether people may correct such an input's failed records in `failed.xlsx` instead.
    #[must_use]
    pub fn has_failed_workbook(&self) -> bool {
        match self {
            Self::Cells { header, .. } => fits_a_sheet(header),
            Self::Sheet { .. } | Self::Lines => false,
        }
    }
}

/// A settled record on its way into the report.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// What became of it.
    pub settled: &'a Settled,
    /// Its key, if it has one.
    pub key: Option<&'a str>,
    /// What it looks like in the input.
    pub input: Input<'a>,
    /// The values of [`Head::report_columns`], in their order.
    pub report_values: &'a [Cow<'a, str>],
    /// What is odd about it but allowed.
    pub warnings: &'a [FieldError],
    /// The errors of an invalid record with their values, which its outcome does not keep;
    /// when it is empty, the outcome's own errors are told.
    pub errors: &'a [FieldError],
    /// When an unknown record was sent last; none if its own run never sent it.
    pub last_attempt: Option<Timestamp>,
}

/// What a record looks like in the input.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Split and decoded.
    Record(&'a Record),
    /// Split, but not decoded: the cells' bytes as they stand in the input (for UTF-16 in
    /// UTF-8).
    RawCells(&'a [Vec<u8>]),
    /// Not even split; its bytes are copied through [`Rows::unreadable`].
    Unreadable,
}

/// Why the report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The run's id cannot name a folder.
    #[error("a report folder cannot be named `{run}`")]
    Name {
        /// The id.
        run: String,
    },
    /// The folder could not be made or is not writable.
    #[error("the report folder {} cannot be used: {}", path.display(), of_io(source).english)]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else stands where the folder belongs.
    #[error("{} is {what}, not a folder of this program", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
        /// What stands there.
        what: &'static str,
    },
    /// A file could not be written.
    #[error("the report file {} could not be written: {}", path.display(), of_io(source).english)]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ReportError {
    /// What is wrong, in German; its cause is not in it.
    #[must_use]
    pub fn in_german(&self) -> String {
        match self {
            Self::Name { run } => format!("ein Berichtsordner kann nicht `{run}` heißen"),
            Self::Folder { path, .. } => {
                format!(
                    "der Berichtsordner {} ist nicht zu benutzen",
                    path.display()
                )
            }
            Self::NotAFolder { path, .. } => {
                format!("{} ist kein Ordner dieses Programms", path.display())
            }
            Self::Write { path, .. } => format!(
                "die Berichtsdatei {} ließ sich nicht schreiben",
                path.display()
            ),
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> Option<Bilingual> {
        match self {
            Self::Name { .. } => None,
            Self::Folder { .. } => Some(both!(
                "name a folder that you may write to with --report-dir, or see to it that this one \
                 may be written to and has room",
                "mit --report-dir einen Ordner nennen, in den geschrieben werden darf, oder dafür sorgen, dass dieser beschreibbar ist und Platz hat"
            )),
            Self::NotAFolder { path, .. } => Some(both!(
                "move {path} away, or name another folder with --report-dir",
                "{path} verschieben, oder mit --report-dir einen anderen Ordner nennen",
                path = path.display()
            )),
            Self::Write { .. } => Some(both!(
                "see to it that the disk has room and the folder is writable; then give the same \
                 command again",
                "dafür sorgen, dass der Datenträger Platz hat und der Ordner beschreibbar ist; dann denselben Befehl noch einmal geben"
            )),
        }
    }
}

impl Report {
    /// Makes sure that reports can be written at all: the folder that holds the runs' folders
    /// is made and tried. Comes before anything is read, when no run is known yet.
    ///
    /// # Errors
    /// When the folder cannot be made or written to, or when a link or a file stands there.
    pub fn check(settings: &ReportSettings) -> Result<(), ReportError> {
        make_writable(&settings.dir, settings.mode)
    }

    /// Makes the folder `dir/<run>/` and makes sure that files can be written to it.
    ///
    /// # Errors
    /// When the folder cannot be made or written to, or when a link or a file stands there.
    pub fn prepare(settings: &ReportSettings, run: &str) -> Result<Self, ReportError> {
        let mut components = Path::new(run).components();
        let is_name = matches!(components.next(), Some(Component::Normal(name)) if name == run);
        if !is_name || components.next().is_some() {
            return Err(ReportError::Name {
                run: run.to_owned(),
            });
        }
        let folder = settings.dir.join(run);
        make_writable(&folder, settings.mode)?;
        Ok(Self {
            folder,
            settings: settings.clone(),
        })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts writing. What an earlier, interrupted writing left half done is removed; the
    /// finished files of an earlier one stay until [`Rows::finish`] replaces them.
    ///
    /// # Errors
    /// When a file cannot be created.
    pub fn begin(&self, head: Head) -> Result<Rows, ReportError> {
        file::remove_half_written(&self.folder)?;
        Rows::begin(self.folder.clone(), &self.settings, head)
    }
}

impl Drop for Report {
    /// A run that ended before it had a report leaves no empty folder behind.
    fn drop(&mut self) {
        // A folder with files in it stays, and so does one that cannot be removed.
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Makes `folder` and tries to write to it.
fn make_writable(folder: &Path, file_mode: u32) -> Result<(), ReportError> {
    make_folder(folder, file_mode)?;
    let unusable = |source| ReportError::Folder {
        path: folder.to_owned(),
        source,
    };
    // Without a name, so that a process that is killed just now leaves nothing behind.
    let mut probe = tempfile::tempfile_in(folder).map_err(unusable)?;
    probe.write_all(b"probe").map_err(unusable)?;
    fail_point::pass(Point::ReportTried);
    Ok(())
}

/// Makes `folder` unless it is there; a link is refused, so that nobody can lead the report
/// elsewhere.
fn make_folder(folder: &Path, file_mode: u32) -> Result<(), ReportError> {
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(found) => {
            return Err(ReportError::NotAFolder {
                path: folder.to_owned(),
                what: if found.is_symlink() {
                    "a symbolic link"
                } else {
                    "a file"
                },
            });
        }
        Err(_) => {}
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, folder_mode(file_mode));
    #[cfg(not(unix))]
    let _ = file_mode;
    builder
        .create(folder)
        .map_err(|source| ReportError::Folder {
            path: folder.to_owned(),
            source,
        })
}

/// A folder lets in whoever may read its files: 0600 becomes 0700, 0640 becomes 0750.
#[cfg(unix)]
fn folder_mode(file_mode: u32) -> u32 {
    (file_mode | ((file_mode & 0o444) >> 2) | 0o700) & 0o777
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(dir: &Path) -> ReportSettings {
        ReportSettings {
            dir: dir.to_owned(),
            mode: 0o600,
            values: ValuesShown::Masked,
            language: Language::English,
        }
    }

    #[test]
    fn the_folder_is_made_and_left_empty() {
        let temp = tempfile::tempdir().unwrap();
        let report = Report::prepare(&settings(&temp.path().join("deep/reports")), "r1").unwrap();
        assert_eq!(report.folder(), temp.path().join("deep/reports/r1"));
        assert_eq!(fs::read_dir(report.folder()).unwrap().count(), 0);
        // Once more is fine: a resumed run has its folder already.
        Report::prepare(&settings(&temp.path().join("deep/reports")), "r1").unwrap();
    }

    #[test]
    fn a_run_cannot_lead_out_of_the_folder() {
        let temp = tempfile::tempdir().unwrap();
        for run in ["", ".", "..", "a/b", "../x", "/x", "a/"] {
            let result = Report::prepare(&settings(temp.path()), run);
            assert!(matches!(result, Err(ReportError::Name { .. })), "{run}");
        }
    }

    #[test]
    fn a_file_in_the_folder_s_place_is_named() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("r1"), "x").unwrap();
        let error = Report::prepare(&settings(temp.path()), "r1").unwrap_err();
        assert!(error.to_string().contains("is a file"), "{error}");
        assert!(error.help().unwrap().english.contains("--report-dir"));
        let error = Report::prepare(&settings(&temp.path().join("r1")), "r2").unwrap_err();
        assert!(matches!(error, ReportError::Folder { .. }), "{error}");
    }

    #[test]
    fn an_empty_folder_goes_with_its_run() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("r1");
        drop(Report::prepare(&settings(temp.path()), "r1").unwrap());
        assert!(!folder.exists());
        let report = Report::prepare(&settings(temp.path()), "r1").unwrap();
        fs::write(folder.join("summary.json"), "{}").unwrap();
        drop(report);
        assert!(folder.join("summary.json").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_folder_s_place_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(temp.path().join("elsewhere"), temp.path().join("r1")).unwrap();
        let error = Report::prepare(&settings(temp.path()), "r1").unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_is_as_open_as_its_files() {
        assert_eq!(folder_mode(0o600), 0o700);
        assert_eq!(folder_mode(0o640), 0o750);
        assert_eq!(folder_mode(0o644), 0o755);
        assert_eq!(folder_mode(0o400), 0o700);
    }
}
