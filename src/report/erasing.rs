//! Erasing: a whole report, or one customer's rows out of it.
//!
//! Only files that this program writes are touched; others in the folder are named. A file
//! from which rows are taken is written anew, byte for byte but for them (a workbook cell for
//! cell), and then renamed. What cannot be taken apart exactly (bytes that were no record, a table
//! whose columns somebody removed, a workbook that somebody saved) goes as a whole, if it mentions
//! the customer or may do so.

mod mention;
mod page;
mod raw;
mod workbook;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::ReportError;
use super::file::{self, PendingFile};
use super::rows::{NAMES, SUMMARY_JSON, UNREADABLE_TXT};

pub use mention::Mention;
use raw::RawRows;

/// What erasing came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Files that were removed or written anew.
    pub files: u64,
    /// Rows that were taken out of files that stayed.
    pub rows: u64,
    /// What else lies in the folder and was left there.
    pub left: Vec<PathBuf>,
}

impl Erased {
    /// Adds what erasing in another folder came to.
    pub fn add(&mut self, more: Self) {
        self.files += more.files;
        self.rows += more.rows;
        self.left.extend(more.left);
    }
}

/// Removes a run's report: its files, half-written ones too, then the folder, if nothing else
/// lies in it. A folder that is not there is no error.
///
/// # Errors
/// When a file cannot be removed, or a link or a file stands in the folder's place.
pub fn erase(folder: &Path) -> Result<Erased, ReportError> {
    let mut erased = Erased::default();
    if !is_there(folder)? {
        return Ok(erased);
    }
    for (path, kind) in contents(folder)? {
        if kind == Kind::Foreign {
            erased.left.push(path);
        } else {
            remove(&path)?;
            erased.files += 1;
        }
    }
    file::sync_folder(folder)?;
    if erased.left.is_empty() {
        fs::remove_dir(folder).map_err(|source| unusable(folder, source))?;
        if let Some(parent) = folder.parent().filter(|path| !path.as_os_str().is_empty()) {
            file::sync_folder(parent)?;
        }
    }
    Ok(erased)
}

/// The target that the report in a folder names in its summary; none if there is no such summary.
#[must_use]
pub fn target_of(folder: &Path) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        target: Option<String>,
    }
    let file = fs::File::open(folder.join(SUMMARY_JSON)).ok()?;
    let named: Named = serde_json::from_reader(BufReader::new(file)).ok()?;
    named.target
}

/// Takes the rows of a customer out of a run's report: those of its `records`, and those with
/// its key or number. A folder that is not there is no error.
///
/// # Errors
/// When a file cannot be read, written or removed, or a link or a file stands in the folder's
/// place. Each file is the old one or the new one.
pub fn erase_customer(
    folder: &Path,
    records: &BTreeSet<u64>,
    customer: &Mention,
) -> Result<Erased, ReportError> {
    let mut erased = Erased::default();
    if !is_there(folder)? {
        return Ok(erased);
    }
    for (path, kind) in contents(folder)? {
        let failed = |source| ReportError::Write {
            path: path.clone(),
            source,
        };
        let taken = match kind {
            Kind::Foreign => {
                erased.left.push(path);
                continue;
            }
            Kind::Summary => continue,
            Kind::HalfWritten => Taken::All,
            Kind::Unreadable if customer.is_in(&path).map_err(failed)? => Taken::All,
            Kind::Unreadable => continue,
            Kind::Table => take_rows(folder, &path, records, customer)?,
            Kind::Lines => take_lines(folder, &path, records)?,
            Kind::Workbook => workbook::take_rows(folder, &path, records, customer)?,
            Kind::Page => page::take_rows(folder, &path, records, customer)?,
        };
        match taken {
            Taken::Rows(0) => continue,
            Taken::Rows(rows) => erased.rows += rows,
            Taken::All => remove(&path)?,
        }
        erased.files += 1;
    }
    file::sync_folder(folder)?;
    Ok(erased)
}

/// Whether one of the report's files mentions the customer. A folder that is not there does not.
///
/// # Errors
/// When a file cannot be read, or a link or a file stands in the folder's place.
pub fn mentions(folder: &Path, customer: &Mention) -> Result<bool, ReportError> {
    if !is_there(folder)? {
        return Ok(false);
    }
    for (path, kind) in contents(folder)? {
        if kind == Kind::Foreign {
            continue;
        }
        let found = customer.is_in(&path);
        if found.map_err(|source| ReportError::Write { path, source })? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The files of failed records in a run's report, as they are fed back: workbooks only where
/// they are the only ones, for else they say the same.
///
/// # Errors
/// As [`mentions`].
pub fn failed_files(folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    if !is_there(folder)? {
        return Ok(Vec::new());
    }
    let mut files = contents(folder)?;
    files.retain(|(path, kind)| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        matches!(kind, Kind::Table | Kind::Lines | Kind::Workbook)
            && name.is_some_and(|name| name.starts_with("failed"))
    });
    if files.iter().any(|(_, kind)| *kind != Kind::Workbook) {
        files.retain(|(_, kind)| *kind != Kind::Workbook);
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// The name of a sheet of `failed.xlsx`, counted from 1: `failed`, `failed 2`, ….
#[must_use]
pub fn failed_sheet(number: u64) -> String {
    super::workbook::sheet_name(super::failed::workbook::SHEET, number)
}

/// What a file in a report's folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Table,
    Lines,
    Workbook,
    Page,
    Unreadable,
    Summary,
    HalfWritten,
    Foreign,
}

/// The folder's entries, sorted by name.
fn contents(folder: &Path) -> Result<Vec<(PathBuf, Kind)>, ReportError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| unusable(folder, source))? {
        let entry = entry.map_err(|source| unusable(folder, source))?;
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let kind = match entry.file_name().to_str() {
            Some(name) if !is_folder => kind_of(name),
            _ => Kind::Foreign,
        };
        found.push((entry.path(), kind));
    }
    found.sort();
    Ok(found)
}

/// What a name says; `failed-2.csv` is what `failed.csv` is (see [`file::SyncedFile::rename`]).
fn kind_of(name: &str) -> Kind {
    if name.starts_with(file::PREFIX) && name.ends_with(file::SUFFIX) {
        return Kind::HalfWritten;
    }
    let plain = match name.rsplit_once('.') {
        Some((stem, ending)) => match stem.rsplit_once('-') {
            Some((stem, number)) if number.parse::<u32>().is_ok() => format!("{stem}.{ending}"),
            _ => name.to_owned(),
        },
        None => name.to_owned(),
    };
    match NAMES.iter().find(|ours| **ours == plain) {
        None => Kind::Foreign,
        Some(name) if *name == UNREADABLE_TXT => Kind::Unreadable,
        Some(name) if name.ends_with(".csv") => Kind::Table,
        Some(name) if name.ends_with(".jsonl") => Kind::Lines,
        Some(name) if name.ends_with(".xlsx") => Kind::Workbook,
        Some(name) if name.ends_with(".html") => Kind::Page,
        Some(_) => Kind::Summary,
    }
}

/// What was taken of a file.
enum Taken {
    Rows(u64),
    /// It has to go.
    All,
}

fn take_rows(
    folder: &Path,
    path: &Path,
    records: &BTreeSet<u64>,
    customer: &Mention,
) -> Result<Taken, ReportError> {
    let failed = |source| ReportError::Write {
        path: path.to_owned(),
        source,
    };
    let mut rows = RawRows::open(path).map_err(failed)?;
    let Some(columns) = rows.header().map_err(failed)? else {
        return Ok(Taken::All);
    };
    let mut rest = Rest::begin(folder, path)?;
    rest.keep(rows.raw())?;
    while rows.next().map_err(failed)? {
        let cells = rows.cells();
        let cell = |index: Option<usize>| index.and_then(|index| cells.get(index));
        let record = cell(Some(columns.record)).and_then(|text| text.parse().ok());
        let is_named = [columns.key, columns.number]
            .into_iter()
            .any(|index| cell(index).is_some_and(|text| customer.is(text)));
        if is_named || record.is_some_and(|record| records.contains(&record)) {
            rest.taken += 1;
        } else {
            rest.keep(rows.raw())?;
        }
    }
    rest.finish()
}

fn take_lines(folder: &Path, path: &Path, records: &BTreeSet<u64>) -> Result<Taken, ReportError> {
    let failed = |source| ReportError::Write {
        path: path.to_owned(),
        source,
    };
    let mut from = BufReader::new(fs::File::open(path).map_err(failed)?);
    let mut rest = Rest::begin(folder, path)?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if from.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return rest.finish();
        }
        let object: Option<serde_json::Value> = serde_json::from_slice(&line).ok();
        let record = object.and_then(|object| object.get("record")?.as_u64());
        if record.is_some_and(|record| records.contains(&record)) {
            rest.taken += 1;
        } else {
            rest.keep(&line)?;
        }
    }
}

/// What stays of a file.
struct Rest {
    to: PendingFile,
    taken: u64,
}

impl Rest {
    fn begin(folder: &Path, path: &Path) -> Result<Self, ReportError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mode = mode_of(path).map_err(|source| ReportError::Write {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            to: PendingFile::create(folder, &name, mode)?,
            taken: 0,
        })
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), ReportError> {
        let written = self.to.write_all(bytes);
        written.map_err(|source| ReportError::Write {
            path: self.to.path().to_owned(),
            source,
        })
    }

    fn finish(self) -> Result<Taken, ReportError> {
        if self.taken > 0 {
            self.to.sync()?.rename()?;
        }
        Ok(Taken::Rows(self.taken))
    }
}

#[cfg(unix)]
fn mode_of(path: &Path) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::symlink_metadata(path)?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode_of(_: &Path) -> io::Result<u32> {
    Ok(0o600)
}

fn is_there(folder: &Path) -> Result<bool, ReportError> {
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => Ok(true),
        Ok(found) => Err(ReportError::NotAFolder {
            path: folder.to_owned(),
            what: if found.is_symlink() {
                "a symbolic link"
            } else {
                "a file"
            },
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(unusable(folder, source)),
    }
}

fn remove(path: &Path) -> Result<(), ReportError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(ReportError::Write {
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

fn unusable(folder: &Path, source: io::Error) -> ReportError {
    ReportError::Folder {
        path: folder.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
