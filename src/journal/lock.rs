//! One run at a time into a target from a state folder.
//!
//! The lock belongs to an open file: the kernel lets go of it when the process dies, however
//! that happens. The holder writes about itself into a second file, because on Windows nobody
//! else can read a locked one. Neither file is ever deleted while the lock is free: deleting
//! would race with the next one who locks it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::JournalError;
use super::error::CANNOT_LOCK;
use super::folder::{self, trouble};
use crate::fail_point::{self, Point};

/// What is read of a holder's words at most, in bytes.
const HOLDER_AT_MOST: u64 = 4_096;

/// Holds the lock on a target until it is dropped.
#[derive(Debug)]
pub struct TargetLock {
    file: File,
    holder: PathBuf,
}

/// Takes the lock on `target` in the state folder, which is made if it is not there. `holder`
/// is what others are told about us: process id, command, since when.
///
/// # Errors
/// [`JournalError::Held`] at once if somebody else has it, [`JournalError::Link`] if a lock
/// file is a symbolic link, [`JournalError::Io`] if the file system cannot lock.
pub fn lock(folder: &Path, target: &str, holder: &str) -> Result<TargetLock, JournalError> {
    folder::ensure(folder)?;
    let name = format!("lock-{:.16}", blake3::hash(target.as_bytes()).to_hex());
    let path = folder.join(&name);
    let words = folder.join(format!("{name}.holder"));
    let file = open(&path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(JournalError::Held {
                by: read_holder(&words),
            });
        }
        Err(TryLockError::Error(source)) => return Err(trouble(&path, CANNOT_LOCK, source)),
    }
    fail_point::pass(Point::LockTaken);
    let lock = TargetLock {
        file,
        holder: words,
    };
    let mut words = open(&lock.holder)?;
    words
        .set_len(0)
        .and_then(|()| words.write_all(holder.as_bytes()))
        .map_err(|source| trouble(&lock.holder, "cannot write", source))?;
    Ok(lock)
}

impl Drop for TargetLock {
    fn drop(&mut self) {
        // While the lock is still ours, so that nobody else's words are deleted. If it fails,
        // the words of somebody gone are left, which nobody reads while the lock is free.
        let _ = fs::remove_file(&self.holder);
        let _ = self.file.unlock();
    }
}

fn open(path: &Path) -> Result<File, JournalError> {
    folder::length(path)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map_err(|source| trouble(path, "cannot open", source))
}

fn read_holder(path: &Path) -> String {
    let mut words = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HOLDER_AT_MOST).read_to_end(&mut words));
    let words = String::from_utf8_lossy(&words);
    match words.trim() {
        _ if read.is_err() => "who it is could not be read".to_owned(),
        "" => "it did not say who it is".to_owned(),
        // What another process wrote goes to a terminal: no control characters.
        words => words.replace(char::is_control, " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_target_is_held_once_and_others_are_free() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("deep/state");
        let held = lock(&state, "shop", "process 42, since noon").unwrap();
        let JournalError::Held { by } = lock(&state, "shop", "another").unwrap_err() else {
            panic!("not held");
        };
        assert_eq!(by, "process 42, since noon");
        lock(&state, "other shop", "another").unwrap();
        drop(held);
        let _held = lock(&state, "shop", "x").unwrap();
        let JournalError::Held { by } = lock(&state, "shop", "another").unwrap_err() else {
            panic!("not held");
        };
        assert_eq!(by, "x");
    }

    #[cfg(unix)]
    #[test]
    fn lock_files_are_private_and_never_links() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path(), "shop", "me\u{1b}[31m").unwrap();
        let mut names = Vec::new();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(
                entry.metadata().unwrap().permissions().mode() & 0o777,
                0o600
            );
            names.push(entry.path());
        }
        assert_eq!(names.len(), 2);
        let error = lock(folder.path(), "shop", "").unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
        drop(held);
        for name in names {
            let _ = fs::remove_file(&name);
            std::os::unix::fs::symlink("/dev/null", &name).unwrap();
            let error = lock(folder.path(), "shop", "").unwrap_err();
            assert!(matches!(error, JournalError::Link { .. }), "{error}");
            let _ = fs::remove_file(&name);
        }
    }
}
