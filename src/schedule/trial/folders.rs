//! Whether folders are there and can be written to, and what they lie on.

use std::path::{Path, PathBuf};

use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, both};

/// The folder, or the one in which it would be made.
pub(super) fn nearest(folder: &Path) -> Result<PathBuf, Bilingual> {
    for there in folder.ancestors().map(here_if_empty) {
        match std::fs::metadata(&there) {
            Ok(found) if found.is_dir() => return Ok(there),
            Ok(_) => {
                return Err(both!(
                    "{there} is no folder",
                    "{there} ist kein Ordner",
                    there = there.display()
                ));
            }
            // No folder can be made where a link stands.
            Err(error) if is_missing(&error) && there.is_symlink() => {
                return Err(both!(
                    "{there} is a link that leads nowhere",
                    "{there} ist eine Verknüpfung, die ins Leere führt",
                    there = there.display()
                ));
            }
            // Below a file there is nothing either: that one is told.
            Err(error) if is_missing(&error) => {}
            Err(error) => {
                return Err(both!([error = of_io(&error)]
                    "{there} cannot be used: {error}",
                    "{there} ist nicht zu benutzen: {error}",
                    there = there.display()
                ));
            }
        }
    }
    Ok(PathBuf::from("."))
}

fn is_missing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Whether files can be made in the folder.
pub(super) fn writable(folder: &Path) -> Result<(), Bilingual> {
    let mut file = tempfile::Builder::new();
    let file = file
        .prefix(".importer-")
        .suffix(".part")
        .tempfile_in(folder);
    file.map(drop).map_err(|error| {
        both!([error = of_io(&error)]
            "nothing can be written to {folder}: {error}",
            "in {folder} lässt sich nichts schreiben: {error}",
            folder = folder.display()
        )
    })
}

/// Whether the folders lie on two disks.
#[cfg(unix)]
pub(crate) fn is_elsewhere(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| std::fs::metadata(path).map(|found| found.dev()).ok();
    device(one) != device(other)
}

/// Whether the folders lie on two disks.
#[cfg(not(unix))]
pub(crate) fn is_elsewhere(one: &Path, other: &Path) -> bool {
    let drive = |path: &Path| {
        let path = path.canonicalize().ok()?;
        let first = path.components().next()?;
        Some(first.as_os_str().to_owned())
    };
    drive(one) != drive(other)
}

fn here_if_empty(folder: &Path) -> PathBuf {
    match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder.to_owned(),
    }
}
