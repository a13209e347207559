//! Making a journal file, and telling whether a file is one that this version can use.
//!
//! A journal appears under its name all at once, complete and synced: so an empty or
//! half-written `journal.db` is always damage, never a start that was cut short.

use std::fs::File;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use super::entry::nanoseconds;
use super::error::from_sql;
use super::folder::{self, trouble};
use super::hashes::BodyHash;
use super::{JournalError, SECRET_LENGTH};
use crate::fail_point::{self, Point};
use crate::outcome::{borrowed, both};

/// The documented schema.
const SCHEMA: &str = include_str!("schema.sql");

/// Says that a SQLite file is a journal of ours: "WaIm" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x5761_496D;

/// Each entry brings a journal from the format of its place, counted from 1, to the next one.
/// A released entry never changes.
const MIGRATIONS: [&str; 5] = [
    // Returned files are linked to their runs.
    "CREATE TABLE corrections (
        run_no        INTEGER NOT NULL,
        record        INTEGER NOT NULL,
        origin_run_no INTEGER NOT NULL,
        origin_record INTEGER NOT NULL,
        PRIMARY KEY (run_no, record)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX corrections_by_origin ON corrections (origin_run_no, origin_record);",
    // Created keys are put into the guard when it is read.
    "CREATE TABLE keys_pending (
        run_no INTEGER NOT NULL PRIMARY KEY,
        since  INTEGER NOT NULL
    ) STRICT;",
    // What pass 1 found out is kept for whoever goes on.
    "CREATE TABLE readings (
        run_no  INTEGER NOT NULL,
        part    INTEGER NOT NULL,
        content TEXT NOT NULL,
        hash    BLOB NOT NULL,
        PRIMARY KEY (run_no, part)
    ) STRICT;",
    // Intents lie in a table of rows by number.
    "DROP VIEW v_runs;
    DROP VIEW v_unknown;
    CREATE TABLE intents_by_place (
        place         INTEGER NOT NULL PRIMARY KEY,
        run_no        INTEGER GENERATED ALWAYS AS (place >> 40) VIRTUAL,
        record        INTEGER GENERATED ALWAYS AS (place & 1099511627775) VIRTUAL,
        line          INTEGER NOT NULL,
        attempt       INTEGER NOT NULL,
        absent_before INTEGER NOT NULL,
        at            INTEGER NOT NULL,
        key           TEXT,
        key_hash      BLOB,
        payload       BLOB NOT NULL,
        body          BLOB NOT NULL
    ) STRICT;
    INSERT INTO intents_by_place (place, line, attempt, absent_before, at, key, key_hash, payload,
                                  body)
    SELECT run_no << 40 | record, line, attempt, absent_before, at, key, key_hash, payload, body
      FROM intents ORDER BY run_no, record;
    DROP TABLE intents;
    ALTER TABLE intents_by_place RENAME TO intents;
    CREATE VIEW v_runs AS
    SELECT r.id AS run,
           t.name AS target,
           r.input,
           r.mapping,
           strftime('%Y-%m-%dT%H:%M:%fZ', r.started / 1000000000.0, 'unixepoch') AS started,
           strftime('%Y-%m-%dT%H:%M:%fZ', r.finished / 1000000000.0, 'unixepoch') AS finished,
           r.ending ->> 'ending' AS ending,
           r.exit_code,
           r.records_read AS \"read\",
           (SELECT json_group_object(c.name, c.records)
              FROM counts AS c
             WHERE c.run_no = r.run_no AND c.records > 0) AS counts,
           (SELECT count(*) FROM intents AS i
             WHERE i.place BETWEEN r.run_no << 40 AND r.run_no << 40 | 1099511627775)
               AS open_intents,
           r.linked_to,
           r.version
      FROM runs AS r
      JOIN targets AS t USING (target_no)
     ORDER BY r.run_no DESC;
    CREATE VIEW v_unknown AS
    SELECT r.id AS run,
           t.name AS target,
           i.record,
           i.line,
           i.key,
           i.attempt,
           strftime('%Y-%m-%dT%H:%M:%fZ', i.at / 1000000000.0, 'unixepoch') AS at,
           e.detail ->> 'why' AS why
      FROM intents AS i
      JOIN runs AS r USING (run_no)
      JOIN targets AS t USING (target_no)
      LEFT JOIN records AS e
        ON e.run_no = i.run_no AND e.record = i.record AND e.outcome = 'unknown'
     ORDER BY i.place;",
    // A journal tells how it hashes bodies: one that was made earlier goes on as it did.
    "ALTER TABLE journal ADD COLUMN body_hash TEXT NOT NULL DEFAULT 'blake3'",
];

/// The format that this version writes, and the latest that it reads.
pub(super) const FORMAT: i64 = 1 + MIGRATIONS.len() as i64;

/// How a journal's file is opened: it must be there, and its name must not lead elsewhere.
pub(super) fn open_flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
}

/// Makes an empty journal at `path`, which lies in `folder`. If another process was faster,
/// its journal stays and ours is thrown away.
pub(super) fn create(folder: &Path, path: &Path, on_network: bool) -> Result<(), JournalError> {
    let mut secret = [0; SECRET_LENGTH];
    getrandom::fill(&mut secret).map_err(JournalError::NoRandom)?;

    // A temporary file is 0600 on Unix from its first moment on.
    let draft = tempfile::Builder::new()
        .prefix("journal-")
        .suffix(".new")
        .tempfile_in(folder)
        .map_err(|source| trouble(folder, "cannot create a file in", source))?
        .into_temp_path();
    fill(&draft, &secret, on_network).map_err(|error| from_sql(path, "cannot create", error))?;
    File::options()
        .write(true)
        .open(&draft)
        .and_then(|file| file.sync_all())
        .map_err(|source| trouble(path, "cannot sync", source))?;
    fail_point::pass(Point::JournalDrafted);
    match draft.persist_noclobber(path) {
        Ok(()) => {
            fail_point::pass(Point::JournalNamed);
            folder::sync(folder)
        }
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(trouble(path, "cannot create", error.error)),
    }
}

fn fill(draft: &Path, secret: &[u8; SECRET_LENGTH], on_network: bool) -> rusqlite::Result<()> {
    let mut connection = Connection::open_with_flags(draft, open_flags())?;
    // The draft is synced once, as a whole, before it gets its name.
    connection.pragma_update(None, "synchronous", "OFF")?;
    if !on_network {
        connection.pragma_update(None, "journal_mode", "WAL")?;
    }
    let work = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    work.execute_batch(SCHEMA)?;
    work.pragma_update(None, "application_id", APPLICATION_ID)?;
    work.pragma_update(None, "user_version", FORMAT)?;
    work.execute(
        "INSERT INTO journal (only_row, secret, created, version, body_hash) \
         VALUES (1, ?1, ?2, ?3, ?4)",
        params![
            secret,
            nanoseconds(Timestamp::now()),
            env!("CARGO_PKG_VERSION"),
            BodyHash::default().word(),
        ],
    )?;
    work.commit()?;
    connection.close().map_err(|(_, error)| error)
}

/// Checks that the open file at `path` is a journal, and brings an older one to this format
/// once `look_over` has found it whole: what a step moves elsewhere hides where it was damaged.
/// Changes nothing in a file that is not ours or too new.
pub(super) fn admit(
    connection: &mut Connection,
    path: &Path,
    look_over: impl FnOnce(&Connection) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let number = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| from_sql(path, "cannot read", error))
    };
    if number("application_id")? != APPLICATION_ID {
        return Err(JournalError::NotOurs {
            path: path.to_path_buf(),
        });
    }
    let found = number("user_version")?;
    match usize::try_from(found) {
        Ok(0) | Err(_) => Err(JournalError::Damaged {
            path: path.to_path_buf(),
            why: both!(
                "its format number is {found}",
                "die Nummer seines Formats ist {found}"
            ),
        }),
        Ok(_) if found > FORMAT => Err(JournalError::Newer {
            path: path.to_path_buf(),
            found,
            known: FORMAT,
        }),
        Ok(_) if found == FORMAT => Ok(()),
        Ok(found) => {
            look_over(connection)?;
            migrate(connection, found, &MIGRATIONS)
                .map_err(|error| from_sql(path, "cannot bring to this version's format", error))
        }
    }
}

/// Applies the steps that lie behind format `found`, each in a transaction of its own. A step
/// that another process has done meanwhile is left out.
fn migrate(connection: &mut Connection, found: usize, steps: &[&str]) -> rusqlite::Result<()> {
    // What a step takes out of the file is overwritten, and stays in no temporary file.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    for (from, step) in (1_i64..).zip(steps).skip(found - 1) {
        let work = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let now: i64 = work.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if now == from {
            work.execute_batch(step)?;
            work.pragma_update(None, "user_version", from + 1)?;
        }
        fail_point::pass(Point::MigrationWritten);
        work.commit()?;
        fail_point::pass(Point::MigrationCommitted);
    }
    Ok(())
}

/// Sets how commits are made durable, and what else SQLite does not keep in the file.
///
/// A journal that is not in the mode of the write-ahead log was made, or used, on a network: it
/// stays so, for another computer may have it open there.
pub(super) fn prepare(connection: &Connection, on_network: bool) -> rusqlite::Result<()> {
    let mode: String =
        connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))?;
    if on_network || mode != "wal" {
        // The rollback journal holds what pages were before: it is cut to nothing, and that is
        // synced, by each commit. No name has to be made or removed for it.
        let mode: String =
            connection
                .pragma_update_and_check(None, "journal_mode", "TRUNCATE", |row| row.get(0))?;
        if mode != "truncate" {
            tracing::warn!(%mode, "the journal cannot leave its write-ahead log");
        }
        connection.pragma_update(None, "synchronous", "EXTRA")?;
        // The next time that the file is read lets go of it.
        connection.pragma_update(None, "locking_mode", "NORMAL")?;
    } else {
        // A commit is on the disk when it returns.
        connection.pragma_update(None, "synchronous", "FULL")?;
    }
    // On macOS only a full sync says so.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // What is erased is overwritten, and nothing of it is left in temporary files.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // 4,000 pages of 4 KiB: keys come in the order of their hashes, so that pages are written
    // often; a longer log lets a checkpoint write each of them once.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "journal_size_limit", 32_i64 << 20)?;
    // Negative: KiB.
    connection.pragma_update(None, "cache_size", -8_192)?;
    // Else a statement that asks for a range is prepared anew for each pair of bounds.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Lets SQLite look over the whole file; reads all of it.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let answer: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| from_sql(path, "cannot check", error))?;
    if answer == "ok" {
        Ok(())
    } else {
        Err(JournalError::Damaged {
            path: path.to_path_buf(),
            why: borrowed::of_sqlite(&answer),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and columns of everything that a journal consists of.
    fn shape(connection: &Connection) -> Vec<String> {
        let mut select = connection
            .prepare(
                "SELECT m.type || ' ' || m.name || ' ' || coalesce(group_concat(c.name || \
                 c.type || c.\"notnull\" || c.pk), '') FROM sqlite_master AS m \
                 LEFT JOIN pragma_table_info(m.name) AS c GROUP BY m.name ORDER BY m.name",
            )
            .unwrap();
        let rows = select.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test]
    fn a_journal_of_the_first_format_becomes_what_a_new_one_is() {
        let new = Connection::open_in_memory().unwrap();
        new.execute_batch(SCHEMA).unwrap();
        let mut old = Connection::open_in_memory().unwrap();
        old.execute_batch(SCHEMA).unwrap();
        old.execute_batch(
            "DROP TABLE corrections; DROP TABLE keys_pending; DROP TABLE readings;
             ALTER TABLE journal DROP COLUMN body_hash",
        )
        .unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        assert_ne!(shape(&old), shape(&new));
        migrate(&mut old, 1, &MIGRATIONS).unwrap();
        assert_eq!(shape(&old), shape(&new));
    }

    #[test]
    fn steps_are_applied_once_and_in_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 2).unwrap();
        let steps = [
            "this step is behind us",
            "CREATE TABLE b (x)",
            "ALTER TABLE b RENAME TO c",
        ];
        migrate(&mut connection, 2, &steps).unwrap();
        migrate(&mut connection, 2, &steps).unwrap();
        let version: i64 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, 4);
        connection.execute("INSERT INTO c VALUES (1)", []).unwrap();
    }
}
