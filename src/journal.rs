//! What was meant, what was done: durable.
//!
//! The journal is a SQLite file, `journal.db`, in the state folder. Before a record is sent,
//! its intent is written; after its answer, its outcome. Whatever kills the process in
//! between, the next one finds the intent and looks the customer up before it sends anything
//! with that key. The schema, with a word about every column, is in `schema.sql`.
//!
//! This module owns the file, its secret, its locks and everything that is known about earlier
//! runs. It is synchronous; the engine gives it a thread of its own. It knows nothing about
//! HTTP, mappings or reports, and holds customers' data only in open intents: a key and a
//! body are overwritten when their record is settled.
//!
//! A journal that cannot be trusted is named in an error, and left exactly as it was found:
//! nothing here repairs or replaces one.

mod commit;
mod entry;
mod erase;
mod error;
mod folder;
mod forget;
mod guard;
mod hashes;
mod lines;
mod links;
mod lock;
mod place;
mod reading;
mod readings;
mod runs;
mod schema;
mod targets;
mod unknown;
mod wal;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use entry::{Entry, GuardRow, Intent, IntentLine, Line, OpenIntent, SettledLine};
pub use error::{JournalError, holder_in_german, state_folder_help};
pub use forget::{Trace, Traces};
pub use hashes::Hashes;
pub use lines::{add_line, lines};
pub use links::{Elsewhere, Family};
pub use lock::{TargetLock, lock};
pub use readings::Parts;
pub use runs::{NewRun, RunRow};

use error::from_sql;
use runs::RunKey;

use crate::outcome::{Bilingual, both};

/// The journal's file in the state folder.
const FILE: &str = "journal.db";

/// Length of the journal's secret in bytes.
const SECRET_LENGTH: usize = 32;

/// The shortest SQLite file there is: one page of the smallest size.
const SHORTEST: u64 = 512;

/// How long another process (a run into another target, a person's query) may keep the
/// journal locked before that is an error.
const PATIENCE: Duration = Duration::from_secs(30);

/// The journal of a state folder. See the module's head.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    hashes: Hashes,
    /// A write failed: nothing may be written any more.
    poisoned: bool,
    /// The files may still hold bytes of what was erased.
    residue: bool,
    /// The run that was written last.
    last: Option<(String, RunKey)>,
    /// Number of the run, the only one of its target, whose created keys may still have to come
    /// into the guard.
    keys_come_from: Option<i64>,
    /// What was read is damaged: the files stay as they are.
    damaged: Cell<bool>,
}

impl Journal {
    /// Opens the folder's journal for a run, after SQLite has looked over the whole file; makes
    /// folder and journal if there are none.
    ///
    /// On a network file system the journal uses a rollback journal instead of a write-ahead
    /// log, which needs shared memory; one that does so already stays with it anywhere, because
    /// another computer may reach the same folder over the network.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Newer`], [`JournalError::NotOurs`],
    /// [`JournalError::Link`] and [`JournalError::NotAFile`] name a file that cannot be used and
    /// was left alone; [`JournalError::Io`] and [`JournalError::Sql`] say what the system
    /// answered.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let (journal, ()) = Self::open_during(folder, || ())?;
        Ok(journal)
    }

    /// As [`Journal::open`], and does `work` while SQLite looks over the file, which takes a
    /// while for a large one. What `work` found out is given back only if the journal is whole.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_during<T>(
        folder: &Path,
        work: impl FnOnce() -> T,
    ) -> Result<(Self, T), JournalError> {
        folder::ensure(folder)?;
        let folder = folder::resolved(folder)?;
        let path = folder.join(FILE);
        let network = place::network(&folder);
        if let Some(kind) = &network {
            tracing::warn!(
                folder = %folder.display(),
                "the state folder lies on a network file system ({kind}): the journal is slower \
                 there, and only as safe as its locks and its disk; a local folder is better \
                 (--state-dir)"
            );
        }
        if !is_there(&path)? {
            schema::create(&folder, &path, network.is_some())?;
        }
        let (mut journal, value) = Self::attach(path, network.is_some(), work)?;
        // An earlier process may have been killed before it could tidy up.
        journal.residue = true;
        Ok((journal, value))
    }

    /// Opens the folder's journal if there is one, after SQLite has looked over the whole file;
    /// makes nothing.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_existing(folder: &Path) -> Result<Option<Self>, JournalError> {
        if !folder::is_there(folder)? {
            return Ok(None);
        }
        let folder = folder::resolved(folder)?;
        let path = folder.join(FILE);
        if is_there(&path)? {
            let network = place::network(&folder);
            let (journal, ()) = Self::attach(path, network.is_some(), || ())?;
            Ok(Some(journal))
        } else {
            Ok(None)
        }
    }

    fn attach<T>(
        path: PathBuf,
        on_network: bool,
        work: impl FnOnce() -> T,
    ) -> Result<(Self, T), JournalError> {
        let files = [
            path.clone(),
            beside(&path, "-wal"),
            beside(&path, "-shm"),
            beside(&path, "-journal"),
        ];
        for file in &files {
            folder::length(file)?;
        }
        let [_, log, index, _] = &files;
        wal::check(log, index)?;
        let has_log = folder::length(log)?.is_some_and(|length| length > 0);
        let cannot_open = |error| from_sql(&path, "cannot open", error);
        let mut connection = Connection::open_with_flags(&path, schema::open_flags())
            .and_then(|connection| {
                connection.busy_timeout(PATIENCE)?;
                // Closing moves the log into the file: not before the file is known to be
                // whole and ours. An empty log is removed.
                connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log)?;
                if on_network {
                    // A log that a local process left is read without shared memory.
                    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
                }
                Ok(connection)
            })
            .map_err(cannot_open)?;
        schema::admit(&mut connection, &path, |older| {
            is_of_whole_pages(older, &files)?;
            schema::check(older, &path)
        })?;
        schema::prepare(&connection, on_network).map_err(cannot_open)?;
        is_of_whole_pages(&connection, &files)?;
        let value = if on_network {
            // Until this connection reads, it may hold the file for itself.
            schema::check(&connection, &path)?;
            work()
        } else {
            check_during(&path, work)?
        };
        let hashes = connection
            .query_one("SELECT secret, body_hash FROM journal", [], hashes::read)
            .map_err(|error| from_sql(&path, "cannot read", error))?;
        for file in &files {
            folder::make_private(file);
        }
        let journal = Self {
            connection,
            path,
            hashes,
            poisoned: false,
            residue: false,
            last: None,
            keys_come_from: None,
            damaged: Cell::new(false),
        };
        Ok((journal, value))
    }

    /// What makes this journal's hashes, to be used in other threads.
    #[must_use]
    pub fn hashes(&self) -> Hashes {
        self.hashes.clone()
    }

    /// Closes the journal in good order. Dropping it does the same, but cannot say what failed.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn close(mut self) -> Result<(), JournalError> {
        if self.poisoned {
            return Ok(());
        }
        self.tidy()
    }

    fn writable(&self) -> Result<(), JournalError> {
        if self.poisoned {
            Err(JournalError::Poisoned)
        } else {
            Ok(())
        }
    }

    /// Does `work` in one durable transaction; any failure poisons the journal.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, JournalError> {
        self.writable()?;
        let attempt = || {
            // Immediate: if another process writes just now, the wait is here and not later.
            let transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        attempt().map_err(|error| {
            self.poisoned = true;
            from_sql(&self.path, "cannot write to", error)
        })
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, JournalError> {
        let attempt = || {
            // A failed write that could not even be taken back must not be seen as if it
            // had been committed.
            if !self.connection.is_autocommit() {
                self.connection.execute_batch("ROLLBACK")?;
            }
            work(&self.connection)
        };
        attempt().map_err(|error| {
            let error = from_sql(&self.path, "cannot read", error);
            if error.is_unreadable() {
                self.damaged.set(true);
            }
            error
        })
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if self.damaged.get() {
            return;
        }
        if !self.poisoned
            && let Err(error) = self.tidy()
        {
            tracing::warn!(%error, "the journal could not be closed in good order");
        }
        // Whoever closes last moves the log into the file.
        let closing = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        if let Err(error) = self.connection.set_db_config(closing, false) {
            tracing::warn!(%error, "the journal could not be closed in good order");
        }
    }
}

/// Whether there is a journal at `path`. One that was emptied or cut to a few bytes (SQLite
/// would take it for a new file), or that is gone while its log is still there, was damaged by
/// somebody else.
fn is_there(path: &Path) -> Result<bool, JournalError> {
    let damaged = |why: Bilingual| {
        Err(JournalError::Damaged {
            path: path.to_path_buf(),
            why,
        })
    };
    match folder::length(path)? {
        Some(0) => damaged(both!("the file is empty", "die Datei ist leer")),
        Some(length) if length < SHORTEST => damaged(both!(
            "the file is too short for a database",
            "die Datei ist zu kurz für eine Datenbank"
        )),
        Some(_) => Ok(true),
        None => {
            for ending in ["-wal", "-journal"] {
                if folder::length(&beside(path, ending))?.is_some_and(|length| length > 0) {
                    let what = match ending {
                        "-wal" => both!("write-ahead log", "Log"),
                        _ => both!("rollback journal", "Rücknahmeprotokoll"),
                    };
                    return damaged(both!([what]
                        "the file is gone, but its {what} (`{ending}`) is still there",
                        "die Datei ist fort, aber ihr {what} (`{ending}`) ist noch da"
                    ));
                }
            }
            Ok(false)
        }
    }
}

/// Lets SQLite look over the file through a connection of its own, and does `work` meanwhile.
fn check_during<T>(path: &Path, work: impl FnOnce() -> T) -> Result<T, JournalError> {
    let check = || {
        let connection = Connection::open_with_flags(path, schema::open_flags())
            .and_then(|connection| {
                connection.busy_timeout(PATIENCE)?;
                connection.pragma_update(None, "query_only", true)?;
                // Also if the other connection is gone by then.
                connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
                Ok(connection)
            })
            .map_err(|error| from_sql(path, "cannot open", error))?;
        schema::check(&connection, path)
    };
    std::thread::scope(|scope| {
        let checking = std::thread::Builder::new().spawn_scoped(scope, check);
        let value = work();
        let answer = match checking.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // The machine has no thread left: then one after the other.
            Err(_) => check(),
        };
        answer.map(|()| value)
    })
}

/// Refuses a file that ends within a page: SQLite would take zeros for the rest. While a log
/// or a rollback journal has something, a commit may be under way, or was torn and is mended
/// from there.
fn is_of_whole_pages(connection: &Connection, files: &[PathBuf; 4]) -> Result<(), JournalError> {
    let [path, log, _, rollback] = files;
    let page: u64 = connection
        .pragma_query_value(None, "page_size", |row| row.get(0))
        .map_err(|error| from_sql(path, "cannot read", error))?;
    // Another process may write just now; damage stays.
    for _ in 0..3 {
        let length = folder::length(path)?.unwrap_or_default();
        let is_at_work = folder::length(log)?.is_some_and(|length| length > 0)
            || folder::length(rollback)?.is_some_and(|length| length > 0);
        if is_at_work || length.is_multiple_of(page) {
            return Ok(());
        }
    }
    Err(JournalError::Damaged {
        path: path.clone(),
        why: both!(
            "the file ends within a page",
            "die Datei endet mitten in einer Seite"
        ),
    })
}

/// The file that SQLite puts beside the journal's.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}
