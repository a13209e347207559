//! Moves inputs that are over into an archive. Nothing is ever overwritten, and a file is in one
//! of the two places at every moment, complete.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::inbox::Look;
use super::jobs::Job;
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, both};

/// Names that are tried for one file.
const NAMES_AT_MOST: u32 = 10_000;

/// Why a file was not moved.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArchiveError {
    /// It is not the file any more that was imported.
    #[error("{} was replaced while it was imported; the next start reads it", path.display())]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// It was replaced in the very moment, and its place is taken again.
    #[error("{} was not imported; move it back into the inbox", at.display())]
    Stray {
        /// Where it is.
        at: PathBuf,
    },
    /// Its name is taken there, with each number that is tried.
    #[error(
        "{} cannot be moved to {}: too many files of that name are there already",
        path.display(), folder.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// The archive.
        folder: PathBuf,
    },
    /// The disk.
    #[error("{} cannot be moved to {}: {}", path.display(), folder.display(), of_io(source).english)]
    Io {
        /// The file.
        path: PathBuf,
        /// The archive.
        folder: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

impl ArchiveError {
    /// The same for people.
    pub(super) fn told(&self) -> Bilingual {
        let german = match self {
            Self::Replaced { path } => format!(
                "{} wurde ersetzt, während die Datei importiert wurde; der nächste Start liest sie",
                path.display()
            ),
            Self::Stray { at } => format!(
                "{} wurde nicht importiert; die Datei in den Eingang zurücklegen",
                at.display()
            ),
            Self::Full { path, folder } => format!(
                "{} lässt sich nicht nach {} verschieben: dort gibt es schon zu viele Dateien \
                 dieses Namens",
                path.display(),
                folder.display()
            ),
            Self::Io {
                path,
                folder,
                source,
            } => format!(
                "{} lässt sich nicht nach {} verschieben: {}",
                path.display(),
                folder.display(),
                of_io(source).german
            ),
        };
        Bilingual {
            english: self.to_string(),
            german,
        }
    }

    /// What to do about it.
    pub(super) fn help(&self) -> Bilingual {
        match self {
            Self::Replaced { .. } => both!(
                "there is nothing to do: the next start reads the new file",
                "zu tun ist nichts: der nächste Start liest die neue Datei"
            ),
            Self::Stray { .. } => both!(
                "it came in the very moment in which the one before it was moved; from the inbox,                  the next start imports it",
                "sie kam genau in dem Augenblick, in dem ihre Vorgängerin verschoben wurde; aus                  dem Eingang importiert sie der nächste Start"
            ),
            Self::Full { .. } => both!(
                "clear the archive, or name another folder (`archive_done`, `archive_failed`)",
                "den Archivordner aufräumen oder einen anderen nennen (`archive_done`, \
                 `archive_failed`)"
            ),
            Self::Io { .. } => both!(
                "what was imported stays so, and the next start reads the file again, but sends \
                 nothing twice; let the user who runs the job write to both folders and see \
                 whether the disk is full: `importer schedule JOBS.toml --check` tries them",
                "was importiert ist, bleibt es; der nächste Start liest die Datei noch einmal, \
                 sendet aber nichts doppelt. Den Benutzer, unter dem der Job läuft, in beide \
                 Ordner schreiben lassen und nachsehen, ob der Datenträger voll ist: `importer \
                 schedule JOBS.toml --check` probiert sie aus"
            ),
        }
    }
}

/// Moves the file, which is still the one that `look` was taken of, into the folder, which is
/// made if it is not there. If the name is taken there, a number is added. Returns where it is.
pub(super) fn put(path: &Path, look: &Look, folder: &Path) -> Result<PathBuf, ArchiveError> {
    let trouble = |source| ArchiveError::Io {
        path: path.to_owned(),
        folder: folder.to_owned(),
        source,
    };
    let replaced = || ArchiveError::Replaced {
        path: path.to_owned(),
    };
    if Look::at(path).map_err(trouble)? != *look {
        return Err(replaced());
    }
    fs::create_dir_all(folder).map_err(trouble)?;
    let place = Place::take(path, folder)
        .map_err(trouble)?
        .ok_or_else(|| ArchiveError::Full {
            path: path.to_owned(),
            folder: folder.to_owned(),
        })?;
    match fs::rename(path, &place.path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            return place
                .fill(path, look)
                .map_err(trouble)?
                .ok_or_else(replaced);
        }
        Err(error) => return Err(trouble(error)),
    }
    let at = place.keep();
    // Whoever replaced it just now meant it for the next start.
    if Look::at(&at).map_err(trouble)? != *look {
        if fs::hard_link(&at, path).is_err() {
            return Err(ArchiveError::Stray { at });
        }
        fs::remove_file(&at).map_err(trouble)?;
        return Err(replaced());
    }
    sync(folder).map_err(trouble)?;
    if let Some(from) = path.parent() {
        sync(from).map_err(trouble)?;
    }
    Ok(at)
}

impl Job {
    /// Where the input will lie once its run has failed.
    #[must_use]
    pub fn after_failure(&self, input: &Path) -> PathBuf {
        match &self.archive_failed {
            Some(folder) => place_of(input, folder),
            None => input.to_owned(),
        }
    }
}

/// Where a file that is moved to the folder will lie, unless the name is taken meanwhile.
pub(super) fn place_of(path: &Path, folder: &Path) -> PathBuf {
    let places = (1..=NAMES_AT_MOST).map(|number| folder.join(name(path, number)));
    let mut free = places.filter(|place| !place.exists());
    free.next().unwrap_or_else(|| folder.join(name(path, 1)))
}

/// A name in the archive that is ours: an empty file that goes if nothing is put into its place.
struct Place {
    path: PathBuf,
    is_empty: bool,
}

impl Place {
    /// The first name that is free; none, if all that are tried are taken.
    fn take(file: &Path, folder: &Path) -> io::Result<Option<Self>> {
        for number in 1..=NAMES_AT_MOST {
            let path = folder.join(name(file, number));
            match File::create_new(&path) {
                Ok(_) => {
                    return Ok(Some(Self {
                        path,
                        is_empty: true,
                    }));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn keep(mut self) -> PathBuf {
        self.is_empty = false;
        std::mem::take(&mut self.path)
    }

    /// On another file system: a copy, complete and on the disk before the file goes. Nothing,
    /// if the file was replaced meanwhile.
    fn fill(self, file: &Path, look: &Look) -> io::Result<Option<PathBuf>> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut from = File::open(file)?;
        let mut copy = tempfile::Builder::new()
            .prefix(".importer-")
            .suffix(".part")
            .tempfile_in(folder)?;
        io::copy(&mut from, &mut copy)?;
        let metadata = from.metadata()?;
        copy.as_file().set_permissions(metadata.permissions())?;
        if let Ok(modified) = metadata.modified() {
            copy.as_file().set_modified(modified)?;
        }
        copy.as_file().sync_all()?;
        if Look::at(file)? != *look {
            return Ok(None);
        }
        copy.persist(&self.path).map_err(|error| error.error)?;
        let path = self.keep();
        sync(path.parent().unwrap_or(Path::new(".")))?;
        fs::remove_file(file)?;
        Ok(Some(path))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_empty {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// `customers.csv.gz` becomes `customers-2.csv.gz`.
fn name(file: &Path, number: u32) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if number == 1 {
        return name.into_owned();
    }
    // A dot at the beginning starts no ending.
    let at = name.char_indices().skip(1).find(|(_, c)| *c == '.');
    let (stem, ending) = name.split_at(at.map_or(name.len(), |(at, _)| at));
    format!("{stem}-{number}{ending}")
}

/// Makes names in the folder outlast a power cut; Windows has no such call and needs none.
fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (file, archive) = (folder.path().join("k.csv.gz"), folder.path().join("a/b"));
        for text in ["one", "two", "three"] {
            fs::write(&file, text).unwrap();
            let at = put(&file, &Look::at(&file).unwrap(), &archive).unwrap();
            assert_eq!(fs::read_to_string(at).unwrap(), text);
            assert!(!file.exists());
        }
        assert_eq!(names(&archive), ["k-2.csv.gz", "k-3.csv.gz", "k.csv.gz"]);
    }

    #[test]
    fn a_file_that_was_replaced_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (file, archive) = (folder.path().join("k.csv"), folder.path().join("a"));
        fs::write(&file, "old").unwrap();
        let look = Look::at(&file).unwrap();
        fs::write(&file, "newer").unwrap();
        let error = put(&file, &look, &archive).unwrap_err();
        assert!(matches!(error, ArchiveError::Replaced { .. }), "{error}");
        assert!(error.told().german.contains(" wurde ersetzt, "), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "newer");
        assert!(!archive.exists());
    }

    #[test]
    fn across_file_systems_a_copy_is_complete_before_the_file_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (file, archive) = (folder.path().join("k.csv"), folder.path().join("a"));
        fs::create_dir(&archive).unwrap();
        fs::write(archive.join("k.csv"), "earlier").unwrap();
        fs::write(&file, "text").unwrap();
        let look = Look::at(&file).unwrap();
        let at = Place::take(&file, &archive)
            .unwrap()
            .unwrap()
            .fill(&file, &look)
            .unwrap()
            .unwrap();
        assert_eq!(at, archive.join("k-2.csv"));
        assert_eq!(fs::read_to_string(&at).unwrap(), "text");
        assert_eq!(
            fs::read_to_string(archive.join("k.csv")).unwrap(),
            "earlier"
        );
        assert!(!file.exists());

        fs::write(&file, "other text").unwrap();
        let none = Place::take(&file, &archive)
            .unwrap()
            .unwrap()
            .fill(&file, &look)
            .unwrap();
        assert_eq!(none, None);
        assert_eq!(names(&archive), ["k-2.csv", "k.csv"]);
        assert!(file.exists());
    }

    #[test]
    fn numbers_stand_before_the_endings() {
        for (file, expected) in [
            ("k.csv", "k-2.csv"),
            ("k.csv.gz", "k-2.csv.gz"),
            ("k", "k-2"),
            (".k", ".k-2"),
        ] {
            assert_eq!(name(Path::new(file), 2), expected);
        }
    }
}
