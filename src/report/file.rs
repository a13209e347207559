//! One file of the report: written under a temporary name, synced, then renamed, so that a
//! reader finds the old file or the new one, never half of one.
//!
//! A temporary file is created anew and never opened by a name that somebody else could have
//! prepared; a rename replaces a symbolic link instead of following it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::ReportError;
use crate::fail_point::{self, Point};

/// How the names of half-written files begin.
pub(super) const PREFIX: &str = ".importer-";
/// How the names of half-written files end.
pub(super) const SUFFIX: &str = ".part";
/// Names tried when another program holds the file open (Windows).
const NAMES_AT_MOST: u32 = 100;

/// A file that is being written. Dropped before [`SyncedFile::rename`], it leaves no trace.
#[derive(Debug)]
pub(super) struct PendingFile {
    out: BufWriter<Nameless>,
    path: PathBuf,
}

/// A temporary file whose errors do not tell its name, which means nothing to anybody.
#[derive(Debug)]
struct Nameless(NamedTempFile);

impl Write for Nameless {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_file_mut().flush()
    }
}

impl PendingFile {
    /// A file that will be called `name` in `folder`, with the permission bits `mode` (Unix).
    pub(super) fn create(folder: &Path, name: &str, mode: u32) -> Result<Self, ReportError> {
        let path = folder.join(name);
        let made = tempfile::Builder::new()
            .prefix(PREFIX)
            .suffix(SUFFIX)
            .tempfile_in(folder)
            .and_then(|file| set_mode(file.as_file(), mode).map(|()| file));
        match made {
            Ok(file) => Ok(Self {
                out: BufWriter::with_capacity(64 * 1024, Nameless(file)),
                path,
            }),
            Err(source) => Err(ReportError::Write { path, source }),
        }
    }

    /// The path that the file will have.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts everything onto the disk, still under the temporary name.
    pub(super) fn sync(self) -> Result<SyncedFile, ReportError> {
        let Self { out, path } = self;
        let synced = out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .inspect(|_| fail_point::pass(Point::ReportWritten))
            .and_then(|Nameless(file)| file.as_file().sync_all().map(|()| file));
        match synced {
            Ok(file) => {
                fail_point::pass(Point::ReportSynced);
                Ok(SyncedFile { file, path })
            }
            Err(source) => Err(ReportError::Write { path, source }),
        }
    }
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A file that is complete and on the disk, but not yet under its name.
#[derive(Debug)]
pub(super) struct SyncedFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl SyncedFile {
    /// Gives the file its name, in place of an earlier file, and returns the path. Where a
    /// program that holds the earlier file open prevents that (Windows), the file gets a new
    /// name beside it: `failed-2.csv`.
    pub(super) fn rename(self) -> Result<PathBuf, ReportError> {
        let mut file = self.file;
        let mut path = self.path.clone();
        for number in 2..=NAMES_AT_MOST {
            match file.persist(&path) {
                Ok(_) => {
                    fail_point::pass(Point::ReportNamed);
                    return Ok(path);
                }
                Err(refused)
                    if cfg!(windows) && refused.error.kind() == io::ErrorKind::PermissionDenied =>
                {
                    file = refused.file;
                    path = numbered(&self.path, number);
                }
                Err(refused) => {
                    return Err(ReportError::Write {
                        path,
                        source: refused.error,
                    });
                }
            }
        }
        Err(ReportError::Write {
            path: self.path,
            source: io::ErrorKind::PermissionDenied.into(),
        })
    }
}

/// `failed.csv` becomes `failed-2.csv`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.{extension}"))
}

/// Makes renames and removals in `folder` outlast a power cut; a system without such a call
/// (Windows) does it by itself.
pub(super) fn sync_folder(folder: &Path) -> Result<(), ReportError> {
    if !cfg!(unix) {
        return Ok(());
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| ReportError::Folder {
            path: folder.to_owned(),
            source,
        })
}

/// Removes the file `name`, which an earlier writing of the report may have left.
pub(super) fn remove_stale(folder: &Path, name: &str) -> Result<(), ReportError> {
    let path = folder.join(name);
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(ReportError::Write { path, source })
        }
        _ => Ok(()),
    }
}

/// Removes what an earlier writing left half done when its process was killed.
pub(super) fn remove_half_written(folder: &Path) -> Result<(), ReportError> {
    let unusable = |source| ReportError::Folder {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(unusable)? {
        let name = entry.map_err(unusable)?.file_name();
        if let Some(name) = name.to_str()
            && name.starts_with(PREFIX)
            && name.ends_with(SUFFIX)
        {
            remove_stale(folder, name)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode & 0o777))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_only_when_it_is_complete() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("a.csv"), "old").unwrap();
        let mut file = PendingFile::create(temp.path(), "a.csv", 0o600).unwrap();
        file.write_all(b"new").unwrap();
        let synced = file.sync().unwrap();
        assert_eq!(fs::read(temp.path().join("a.csv")).unwrap(), b"old");
        let path = synced.rename().unwrap();
        assert_eq!(fs::read(path).unwrap(), b"new");
        assert_eq!(names(temp.path()), ["a.csv"]);
    }

    #[test]
    fn what_is_not_committed_leaves_no_trace() {
        let temp = tempfile::tempdir().unwrap();
        let mut file = PendingFile::create(temp.path(), "a.csv", 0o600).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert!(names(temp.path()).is_empty());
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        for name in [".importer-Ab3.part", "notes.part", ".importer-x"] {
            fs::write(temp.path().join(name), "x").unwrap();
        }
        remove_half_written(temp.path()).unwrap();
        assert_eq!(names(temp.path()), [".importer-x", "notes.part"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_replaced_and_not_followed_and_the_mode_is_as_asked() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("precious"), "mine").unwrap();
        let link = temp.path().join("a.csv");
        std::os::unix::fs::symlink(temp.path().join("precious"), &link).unwrap();
        let mut file = PendingFile::create(temp.path(), "a.csv", 0o640).unwrap();
        file.write_all(b"new").unwrap();
        file.sync().unwrap().rename().unwrap();
        assert_eq!(fs::read(temp.path().join("precious")).unwrap(), b"mine");
        let found = fs::symlink_metadata(&link).unwrap();
        assert!(found.is_file());
        assert_eq!(found.permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_held_file_gets_a_number() {
        assert_eq!(
            numbered(Path::new("r/failed.csv"), 2),
            Path::new("r/failed-2.csv")
        );
    }
}
