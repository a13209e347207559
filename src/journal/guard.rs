//! The guard: the keys that were created in a target, whichever run created them.
//!
//! A run that creates a million customers would write a million keys in the random order of
//! their hashes, and with each of them a page of the file. So a commit only notes that its run
//! has keys to come; the keys themselves stand in `records`, durable in the same transaction.
//! Before the guard is read, they are put into it in the order of their hashes, with the note's
//! removal in one transaction: whoever is killed meanwhile has changed nothing.
//!
//! Nobody reads the guard in another way, and what takes a created record away (a later outcome,
//! a void, forgetting) puts its key into the guard first.
//!
//! If several runs created a key, the guard tells of the one that did so last. So before a run
//! notes that it has keys to come, those of the target's other runs are put in: no two runs of a
//! target have such a note. Keys that were put in already are older than the note says.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::error::from_sql;
use super::reading::{GUARD, guard_row};
use super::runs::RunKey;
use super::{GuardRow, Journal, JournalError};
use crate::outcome::KeyHash;

/// Puts created keys into the guard of target ?1: those of run ?2 of which this is true, too.
macro_rules! put_keys {
    ($which:literal) => {
        concat!(
            "INSERT INTO keys (target_no, key_hash, payload, customer_id, customer_number, \
             run_no, record) \
             SELECT ?1, key_hash, payload, customer_id, customer_number, run_no, record \
             FROM records WHERE run_no = ?2 AND outcome = 'created' AND key_hash IS NOT NULL AND ",
            $which,
            " ON CONFLICT (target_no, key_hash) DO UPDATE SET payload = excluded.payload, \
             customer_id = excluded.customer_id, customer_number = excluded.customer_number, \
             run_no = excluded.run_no, record = excluded.record"
        )
    };
}

/// Puts the key of one record in, if the record was created.
pub(super) const PUT: &str = put_keys!("record = ?3");

/// Puts the key of one record in, if it is still to come.
pub(super) const PUT_PENDING: &str =
    put_keys!("record = ?3 AND at >= (SELECT since FROM keys_pending WHERE run_no = ?2)");

/// Puts in whatever a run has still to come.
const COMPLETE: &str =
    put_keys!("at >= (SELECT since FROM keys_pending WHERE run_no = ?2) ORDER BY key_hash");

/// Notes that the run has keys to come, created at this time or later.
pub(super) const NOTE: &str = "INSERT INTO keys_pending (run_no, since) VALUES (?1, ?2) \
     ON CONFLICT (run_no) DO UPDATE SET since = excluded.since WHERE excluded.since < since";

impl Journal {
    /// At most `limit` keys that were created in the target, behind `after`, in the order of
    /// their hashes. Of the keys that `own` created, if it is a run of the target, some or all
    /// may be missing: who asks on behalf of a run knows them from its outcomes.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn guard(
        &mut self,
        target: &str,
        own: Option<&str>,
        after: Option<KeyHash>,
        limit: usize,
    ) -> Result<Vec<GuardRow>, JournalError> {
        if after.is_none() {
            self.complete_guard(target, own)?;
        }
        // Every hash is greater than no bytes at all.
        let after = after.as_ref().map_or(&[][..], |hash| &hash[..]);
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "{GUARD} WHERE k.target_no = (SELECT target_no FROM targets WHERE name = ?1) \
                     AND k.key_hash > ?2 ORDER BY k.key_hash LIMIT ?3"
                ))?
                .query_map(params![target, after, limit], guard_row)?
                .collect()
        })
    }

    /// What was created in the target with this key, if anything was.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn guarded(
        &mut self,
        target: &str,
        key: &KeyHash,
    ) -> Result<Option<GuardRow>, JournalError> {
        self.complete_guard(target, None)?;
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "{GUARD} WHERE k.target_no = (SELECT target_no FROM targets WHERE name = ?1) \
                     AND k.key_hash = ?2"
                ))?
                .query_row(params![target, key], guard_row)
                .optional()
        })
    }

    /// Puts into the guard what the target's runs, but for `own`, have still to come.
    fn complete_guard(&mut self, target: &str, own: Option<&str>) -> Result<(), JournalError> {
        let pending = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT r.target_no, r.run_no FROM keys_pending JOIN runs AS r USING (run_no) \
                     JOIN targets AS t USING (target_no) \
                     WHERE t.name = ?1 AND r.id IS NOT ?2 ORDER BY r.run_no",
                )?
                .query_map(params![target, own], run_key)?
                .collect()
        })?;
        self.complete(pending)
    }

    /// Before a run's created keys may come later, those of the target's other runs are put in.
    pub(super) fn let_keys_come(&mut self, run: RunKey) -> Result<(), JournalError> {
        if self.keys_come_from == Some(run.number) {
            return Ok(());
        }
        let pending = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT r.target_no, r.run_no FROM keys_pending JOIN runs AS r USING (run_no) \
                     WHERE r.target_no = ?1 AND r.run_no <> ?2 ORDER BY r.run_no",
                )?
                .query_map([run.target, run.number], run_key)?
                .collect()
        })?;
        self.complete(pending)?;
        self.keys_come_from = Some(run.number);
        Ok(())
    }

    fn complete(&mut self, pending: Vec<RunKey>) -> Result<(), JournalError> {
        if pending.is_empty() {
            return Ok(());
        }
        self.write_sorting(|work| put_in(work, &pending))
    }

    /// Writes what may have to sort the rows of a large run: SQLite does so on the disk, in a
    /// file without a name. It holds nothing that does not stay in the journal. Any failure
    /// poisons.
    pub(super) fn write_sorting<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, JournalError> {
        self.writable()?;
        self.sort_in("FILE")?;
        let written = self.write(work);
        // What is written is written; but nothing more may be, lest customers' data get into
        // temporary files.
        if let Err(error) = self.sort_in("MEMORY") {
            tracing::warn!(%error, "the journal takes no more entries");
        }
        written
    }

    fn sort_in(&mut self, place: &str) -> Result<(), JournalError> {
        let sorting = self.connection.pragma_update(None, "temp_store", place);
        sorting.map_err(|error| {
            self.poisoned = true;
            from_sql(&self.path, "cannot write to", error)
        })
    }
}

fn run_key(row: &Row<'_>) -> rusqlite::Result<RunKey> {
    Ok(RunKey {
        target: row.get(0)?,
        number: row.get(1)?,
    })
}

/// Puts into the guard what these runs have still to come; the latest has to be last.
fn put_in(work: &Transaction<'_>, pending: &[RunKey]) -> rusqlite::Result<()> {
    let mut insert = work.prepare_cached(COMPLETE)?;
    let mut settle = work.prepare_cached("DELETE FROM keys_pending WHERE run_no = ?1")?;
    for run in pending {
        insert.execute([run.target, run.number])?;
        settle.execute([run.number])?;
    }
    Ok(())
}

/// Completes the guard of a target, or of all, within a transaction that takes records away.
pub(super) fn complete_before_forgetting(
    work: &Transaction<'_>,
    target: Option<i64>,
) -> rusqlite::Result<()> {
    let pending: Vec<RunKey> = work
        .prepare(
            "SELECT r.target_no, r.run_no FROM keys_pending JOIN runs AS r USING (run_no) \
             WHERE r.target_no = coalesce(?1, r.target_no) ORDER BY r.run_no",
        )?
        .query_map([target], run_key)?
        .collect::<Result<_, _>>()?;
    put_in(work, &pending)
}
