//! What was kept of stdin: a whole input, as long as its run may need it.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use crate::import::ImportError;
use crate::journal::RunRow;
use crate::report::Mention;
use crate::source::{self, SourceError};

/// The folder in the state folder.
const FOLDER: &str = "spool";
/// How its files' names begin.
const PREFIX: &str = "stdin-";
/// What belongs to no run is left alone for so long: its run may be about to begin.
const RESTS: SignedDuration = SignedDuration::from_hours(1);

/// The folder with the copies of stdin. A copy is named by its contents, so that its name alone
/// says which run it belongs to, however the state folder was spelled.
pub(super) struct Spool {
    folder: PathBuf,
}

impl Spool {
    pub(super) fn of(state_dir: &Path) -> Self {
        Self {
            folder: state_dir.join(FOLDER),
        }
    }

    /// Removes the copies of the runs that go, unless one that stays has the same; says how
    /// many.
    pub(super) fn remove_of(&self, gone: &[RunRow], stay: &[RunRow]) -> Result<u64, ImportError> {
        let mut files = self.files()?;
        files.retain(|file| owner_of(file, gone).is_some() && owner_of(file, stay).is_none());
        self.remove(&files)
    }

    /// The copies that mention the customer. One that an unfinished run still needs is in the
    /// way.
    pub(super) fn with(
        &self,
        rows: &[RunRow],
        customer: &Mention,
    ) -> Result<Vec<PathBuf>, ImportError> {
        let mut found = Vec::new();
        for path in self.files()? {
            if !mentions(&path, customer)? {
                continue;
            }
            let mut owners = rows.iter().filter(|row| owns(row, &path));
            if let Some(row) = owners.find(|row| row.is_unfinished()) {
                return Err(ImportError::StillSpooled {
                    run: row.id.clone(),
                });
            }
            found.push(path);
        }
        Ok(found)
    }

    /// Removes what a killed process kept before its run began; says how many.
    pub(super) fn remove_ownerless(&self, rows: &[RunRow]) -> Result<u64, ImportError> {
        let mut files = self.files()?;
        files.retain(|file| owner_of(file, rows).is_none() && rests(file));
        self.remove(&files)
    }

    /// Removes the files; says how many.
    pub(super) fn remove(&self, files: &[PathBuf]) -> Result<u64, ImportError> {
        for file in files {
            fs::remove_file(file).map_err(|error| ImportError::spool(&self.folder, error))?;
        }
        Ok(files.len() as u64)
    }

    fn files(&self) -> Result<Vec<PathBuf>, ImportError> {
        if !self.folder.is_dir() {
            return Ok(Vec::new());
        }
        let failed = |error| ImportError::spool(&self.folder, error);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
            if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }
}

/// Whether the copy mentions the customer, also where it is compressed, or a book of sheets. One
/// that cannot be unpacked may mention anybody.
fn mentions(path: &Path, customer: &Mention) -> Result<bool, ImportError> {
    match source::any_part(path, &mut |part| customer.is_in_bytes(part)) {
        Err(SourceError::Read { source, .. } | SourceError::Private { source }) => {
            Err(ImportError::spool(path, source))
        }
        Err(_) => Ok(true),
        Ok(found) => Ok(found),
    }
}

fn owns(row: &RunRow, file: &Path) -> bool {
    let own = row.input_path.as_deref().and_then(Path::file_name);
    own.is_some() && own == file.file_name()
}

fn owner_of<'a>(file: &Path, rows: &'a [RunRow]) -> Option<&'a RunRow> {
    rows.iter().find(|row| owns(row, file))
}

fn rests(file: &Path) -> bool {
    let changed = fs::metadata(file).and_then(|found| found.modified());
    let changed = changed.ok().and_then(|at| Timestamp::try_from(at).ok());
    changed.is_some_and(|at| Timestamp::now().duration_since(at) > RESTS)
}
