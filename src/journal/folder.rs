//! The state folder: making it, keeping it private, and making sure that a new file's name
//! survives a power cut.
//!
//! Knows nothing about what the files hold.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use super::JournalError;

/// Makes the folder if it is not there: 0700 on Unix. An existing folder keeps its mode,
/// because it may be the user's own; the files in it are private anyway.
pub(super) fn ensure(folder: &Path) -> Result<(), JournalError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let existed = is_there(folder)?;
    builder
        .create(folder)
        .map_err(|source| trouble(folder, "cannot create", source))?;
    match folder.parent() {
        Some(parent) if !existed && !parent.as_os_str().is_empty() => sync(parent),
        _ => Ok(()),
    }
}

/// Whether the folder is there. A file in its place, or a link that leads nowhere, is an error.
pub(super) fn is_there(folder: &Path) -> Result<bool, JournalError> {
    if folder.is_dir() {
        return Ok(true);
    }
    match fs::symlink_metadata(folder) {
        Ok(_) => Err(JournalError::NotAFolder {
            path: folder.to_path_buf(),
        }),
        // Below a file, or in a folder that may not be entered: whoever makes it learns that.
        Err(_) => Ok(false),
    }
}

/// The folder's path without symbolic links, so that SQLite can be told to follow none in the
/// file's name. On Windows that check does not exist and the path stays as it is.
pub(super) fn resolved(folder: &Path) -> Result<PathBuf, JournalError> {
    if cfg!(unix) {
        fs::canonicalize(folder).map_err(|source| trouble(folder, "cannot open", source))
    } else {
        Ok(folder.to_path_buf())
    }
}

/// Makes the names in the folder durable. Windows has no such call and needs none.
pub(super) fn sync(folder: &Path) -> Result<(), JournalError> {
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| trouble(folder, "cannot sync", source))
    } else {
        Ok(())
    }
}

/// The length of the file at `path`; none if there is no such file. A symbolic link or a folder
/// is an error.
pub(super) fn length(path: &Path) -> Result<Option<u64>, JournalError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_symlink() => Err(JournalError::Link {
            path: path.to_path_buf(),
        }),
        Ok(found) if !found.is_file() => Err(JournalError::NotAFile {
            path: path.to_path_buf(),
        }),
        Ok(found) => Ok(Some(found.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(trouble(path, "cannot open", source)),
    }
}

/// Takes away other people's access to the file, if they have any. A file that belongs to
/// somebody else keeps its mode: its owner decided so.
pub(super) fn make_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let Ok(found) = fs::symlink_metadata(path) else {
            return;
        };
        if !found.is_file() || found.permissions().mode() & 0o077 == 0 {
            return;
        }
        if let Err(error) = fs::set_permissions(path, fs::Permissions::from_mode(0o600)) {
            tracing::warn!(file = %path.display(), %error, "others can read this file");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// An error about a file or folder.
pub(super) fn trouble(path: &Path, doing: &'static str, source: io::Error) -> JournalError {
    JournalError::Io {
        path: path.to_path_buf(),
        doing,
        source,
    }
}
