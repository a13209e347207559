//! Moves inputs that are over into an archive. Nothing is ever overwritten, and a file is in one
//! of the two places at every moment, complete.

mod copying;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

pub(super) use self::copying::Copying;
use super::inbox::Look;
use super::jobs::Job;
use crate::fail_point::{self, Point};
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, both};

/// Names that are tried for one file.
const NAMES_AT_MOST: u32 = 10_000;

/// Letters and digits that no temporary name has by chance.
const RANDOM: usize = 20;

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
/// made if it is not there. If the name is taken there, a number is added. What is about to be
/// copied is noted first. Returns where the file is.
pub(super) fn put(
    path: &Path,
    look: &Look,
    folder: &Path,
    note: &dyn Fn(&Copying),
) -> Result<PathBuf, ArchiveError> {
    let it = Move { path, look, folder };
    if Look::at(path).map_err(|source| it.trouble(source))? != *look {
        return Err(it.replaced());
    }
    fs::create_dir_all(folder).map_err(|source| it.trouble(source))?;
    match it.named(path, |_| {}) {
        Ok(Some(at)) => it.moved(at),
        Ok(None) => Err(it.full()),
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => it.copied(note),
        Err(error) => Err(it.trouble(error)),
    }
}

/// One file on its way.
struct Move<'a> {
    path: &'a Path,
    look: &'a Look,
    folder: &'a Path,
}

impl Move<'_> {
    fn trouble(&self, source: io::Error) -> ArchiveError {
        ArchiveError::Io {
            path: self.path.to_owned(),
            folder: self.folder.to_owned(),
            source,
        }
    }

    fn replaced(&self) -> ArchiveError {
        ArchiveError::Replaced {
            path: self.path.to_owned(),
        }
    }

    fn full(&self) -> ArchiveError {
        ArchiveError::Full {
            path: self.path.to_owned(),
            folder: self.folder.to_owned(),
        }
    }

    /// Gives what lies at `from` the first name in the archive that is free; none, if all that are
    /// tried are taken.
    fn named(&self, from: &Path, mut before: impl FnMut(&Path)) -> io::Result<Option<PathBuf>> {
        for number in 1..=NAMES_AT_MOST {
            let to = self.folder.join(name(self.path, number));
            if fs::symlink_metadata(&to).is_ok() {
                // It has the name already, by a link of a start that was killed then.
                if is_one(from, &to) {
                    return Ok(Some(to));
                }
                continue;
            }
            before(&to);
            match rename_new(from, &to) {
                Ok(()) => return Ok(Some(to)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// On the same file system: it has its new name.
    fn moved(&self, at: PathBuf) -> Result<PathBuf, ArchiveError> {
        let trouble = |source| self.trouble(source);
        if is_one(self.path, &at) {
            fs::remove_file(self.path).map_err(trouble)?;
        }
        // Whoever replaced it just now meant it for the next start.
        if Look::at(&at).map_err(trouble)? != *self.look {
            if fs::hard_link(&at, self.path).is_err() {
                return Err(ArchiveError::Stray { at });
            }
            fs::remove_file(&at).map_err(trouble)?;
            return Err(self.replaced());
        }
        sync(self.folder).map_err(trouble)?;
        sync(parent(self.path)).map_err(trouble)?;
        Ok(at)
    }

    /// On another file system: a copy, complete and on the disk before the file goes.
    fn copied(&self, note: &dyn Fn(&Copying)) -> Result<PathBuf, ArchiveError> {
        let trouble = |source| self.trouble(source);
        let mut copying = Copying::of(self.path, self.look);
        let part = self.copy(&mut copying, note).map_err(trouble)?;
        if Look::at(self.path).map_err(trouble)? != *self.look {
            return Err(self.replaced());
        }
        let named = self.named(&part, |to| {
            copying.name(to);
            note(&copying);
            fail_point::pass(Point::CopyWhole);
        });
        let at = named.map_err(trouble)?.ok_or_else(|| self.full())?;
        fail_point::pass(Point::CopyNamed);
        let gone = sync(self.folder).and_then(|()| fs::remove_file(self.path));
        if let Err(error) = gone {
            // One of the two has to go, or there is one more after each start.
            let _ = copying.clear();
            return Err(trouble(error));
        }
        fail_point::pass(Point::CopyDone);
        sync(parent(self.path)).map_err(trouble)?;
        Ok(at)
    }

    /// Copies the file into the archive, under a name of its own for now.
    fn copy(&self, copying: &mut Copying, note: &dyn Fn(&Copying)) -> io::Result<TempPath> {
        let mut from = File::open(self.path)?;
        let copy = tempfile::Builder::new()
            .prefix(".importer-")
            .suffix(".part")
            .rand_bytes(RANDOM)
            .make_in(self.folder, |part| {
                copying.begin(part);
                note(copying);
                fail_point::pass(Point::CopyNoted);
                let mut options = File::options();
                options.write(true).create_new(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                options.open(part)
            })?;
        let (mut copy, part) = copy.into_parts();
        io::copy(&mut from, &mut copy)?;
        fail_point::pass(Point::CopyWritten);
        let metadata = from.metadata()?;
        copy.set_permissions(metadata.permissions())?;
        if let Ok(modified) = metadata.modified() {
            copy.set_modified(modified)?;
        }
        copy.sync_all()?;
        copying.complete(Look::of(&copy.metadata()?));
        Ok(part)
    }
}

/// Gives a file another name, unless that is taken.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    let mut path = TempPath::try_from_path(from)?;
    // It is no temporary file: whatever happens, it stays.
    path.disable_cleanup(true);
    match path.persist_noclobber(to).map_err(|error| error.error) {
        Err(error) if !is_final(&error) => rename_to_empty(from, to),
        ended => ended,
    }
}

/// Whether another way of renaming would come to the same.
fn is_final(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::CrossesDevices | io::ErrorKind::NotFound
    )
}

/// The same where the file system can neither rename a file without replacing another, nor link
/// it: by an empty file, which takes the name. Who is killed between the two leaves that.
fn rename_to_empty(from: &Path, to: &Path) -> io::Result<()> {
    File::create_new(to)?;
    fs::rename(from, to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

/// Whether both names are one file's.
#[cfg(unix)]
fn is_one(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = |path: &Path| {
        let found = fs::symlink_metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    };
    inode(one).is_some_and(|one| inode(other) == Some(one))
}

#[cfg(not(unix))]
fn is_one(_: &Path, _: &Path) -> bool {
    false
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

/// The folder that the file lies in.
fn parent(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("."))
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
            let at = put(&file, &Look::at(&file).unwrap(), &archive, &|_| {}).unwrap();
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
        let error = put(&file, &look, &archive, &|_| {}).unwrap_err();
        assert!(matches!(error, ArchiveError::Replaced { .. }), "{error}");
        assert!(error.told().german.contains(" wurde ersetzt, "), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "newer");
        assert!(!archive.exists());
    }

    /// Two folders are enough: what makes a copy does not ask where they lie.
    #[test]
    fn across_file_systems_a_copy_is_complete_before_the_file_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (file, archive) = (folder.path().join("k.csv"), folder.path().join("a"));
        fs::create_dir(&archive).unwrap();
        fs::write(archive.join("k.csv"), "earlier").unwrap();
        fs::write(&file, "text").unwrap();
        let look = Look::at(&file).unwrap();
        let copied = |note: &dyn Fn(&Copying)| {
            let (path, folder) = (&*file, &*archive);
            let look = &look;
            Move { path, look, folder }.copied(note)
        };
        // Each is noted before it is there: the copy, and its name.
        let noted = std::cell::RefCell::new(Vec::new());
        let at = copied(&|copying| {
            assert!(file.exists());
            noted.borrow_mut().push((copying.clone(), names(&archive)));
        });
        assert_eq!(at.unwrap(), archive.join("k-2.csv"));
        assert_eq!(fs::read_to_string(archive.join("k-2.csv")).unwrap(), "text");
        assert_eq!(
            fs::read_to_string(archive.join("k.csv")).unwrap(),
            "earlier"
        );
        assert!(!file.exists());
        let noted = noted.into_inner();
        let there: Vec<usize> = noted.iter().map(|(_, names)| names.len()).collect();
        assert_eq!(there, [1, 2], "{noted:?}");
        // What was done with is not taken away.
        for (copying, _) in noted {
            assert_eq!(copying.clear().unwrap(), Vec::<PathBuf>::new());
        }

        fs::write(&file, "other text").unwrap();
        let error = copied(&|_| {}).unwrap_err();
        assert!(matches!(error, ArchiveError::Replaced { .. }), "{error}");
        assert_eq!(names(&archive), ["k-2.csv", "k.csv"]);
        assert!(file.exists());
    }

    #[test]
    fn where_nothing_else_goes_an_empty_file_takes_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let (file, to) = (folder.path().join("k.csv"), folder.path().join("k-2.csv"));
        fs::write(&file, "text").unwrap();
        rename_to_empty(&file, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "text");
        let error = rename_to_empty(&file, &to).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        rename_to_empty(&file, &folder.path().join("k-3.csv")).unwrap_err();
        assert_eq!(names(folder.path()), ["k-2.csv"]);
    }

    /// Where a name is given by a link, a start may die before it takes the other one away.
    #[cfg(unix)]
    #[test]
    fn a_file_that_has_both_names_needs_no_third() {
        let folder = tempfile::tempdir().unwrap();
        let (file, archive) = (folder.path().join("k.csv"), folder.path().join("a"));
        fs::write(&file, "text").unwrap();
        fs::create_dir(&archive).unwrap();
        fs::hard_link(&file, archive.join("k.csv")).unwrap();
        let at = put(&file, &Look::at(&file).unwrap(), &archive, &|_| {}).unwrap();
        assert_eq!(at, archive.join("k.csv"));
        assert_eq!(names(folder.path()), ["a"]);
        assert_eq!(names(&archive), ["k.csv"]);
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
