//! Questions to the journal about records and keys.
//!
//! Long answers come in pages, each read in one go: a reader that lingers would keep SQLite
//! from cutting its log.

use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, params};

use super::entry::{SETTLED_COLUMNS, settled, time};
use super::{GuardRow, Journal, JournalError, OpenIntent};
use crate::outcome::{KeyHash, Settled, Submission};
use crate::record::Position;

impl Journal {
    /// The target's intents without a known end, of all its runs: oldest run first, then by
    /// record. The records that are settled as unknown are among them.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn open_intents(&self, target: &str) -> Result<Vec<OpenIntent>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "{OPEN_INTENTS} WHERE t.name = ?1 ORDER BY i.place"
                ))?
                .query_map([target], open_intent)?
                .collect()
        })
    }

    /// Hands over each record that must not be sent again: it has an outcome or an open intent,
    /// or both. In no order; a record may come twice.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], or what SQLite said.
    pub fn each_settled(&self, run: &str, take: &mut dyn FnMut(u64)) -> Result<(), JournalError> {
        let run = self.known(run)?;
        self.read(|connection| {
            // In this order: what passes from one to the other meanwhile is met in either.
            for table in ["intents", "records"] {
                let mut select = connection
                    .prepare_cached(&format!("SELECT record FROM {table} WHERE run_no = ?1"))?;
                let mut rows = select.query([run.number])?;
                while let Some(row) = rows.next()? {
                    take(row.get(0)?);
                }
            }
            Ok(())
        })
    }

    /// Hands over the keys of the run's customers that are in the ERP, in no order.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], or what SQLite said.
    pub fn each_key_through(
        &self,
        run: &str,
        take: &mut dyn FnMut(&KeyHash),
    ) -> Result<(), JournalError> {
        let run = self.known(run)?;
        self.read(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT key_hash FROM records WHERE run_no = ?1 AND key_hash IS NOT NULL \
                 AND outcome IN ('created', 'exists', 'skipped', 'changed')",
            )?;
            let mut rows = select.query([run.number])?;
            while let Some(row) = rows.next()? {
                take(&row.get(0)?);
            }
            Ok(())
        })
    }

    /// Hands over the records of the run that are invalid or were refused, in the input's order.
    /// The others are passed by where they lie.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], or what SQLite said.
    pub fn each_failed(
        &self,
        run: &str,
        take: &mut dyn FnMut(Settled),
    ) -> Result<(), JournalError> {
        let run = self.known(run)?;
        self.read(|connection| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT {SETTLED_COLUMNS} FROM records WHERE run_no = ?1 \
                 AND outcome IN ('invalid', 'refused') ORDER BY record"
            ))?;
            for row in select.query_map([run.number], settled)? {
                take(row?);
            }
            Ok(())
        })
    }

    /// What became of one record; none if it has no outcome.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], or what SQLite said.
    pub fn outcome(&self, run: &str, record: u64) -> Result<Option<Settled>, JournalError> {
        let run = self.known(run)?;
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {SETTLED_COLUMNS} FROM records WHERE run_no = ?1 AND record = ?2"
                ))?
                .query_row(params![run.number, record], settled)
                .optional()
        })
    }

    /// At most `limit` outcomes of records behind `after`, in the input's order.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], or what SQLite said.
    pub fn outcomes(
        &self,
        run: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Settled>, JournalError> {
        let run = self.known(run)?;
        self.read(|connection| {
            connection
                .prepare_cached(&page_of_outcomes())?
                .query_map(params![run.number, after, limit], settled)?
                .collect()
        })
    }

    /// At most `limit` records of the run that were created with a number, but whose id is not
    /// known, in the input's order.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], or what SQLite said.
    pub fn created_without_id(
        &self,
        run: &str,
        limit: usize,
    ) -> Result<Vec<Settled>, JournalError> {
        let run = self.known(run)?;
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {SETTLED_COLUMNS} FROM records WHERE run_no = ?1 \
                     AND outcome = 'created' AND customer_id IS NULL \
                     AND customer_number IS NOT NULL ORDER BY record LIMIT ?2"
                ))?
                .query_map(params![run.number, limit], settled)?
                .collect()
        })
    }
}

/// A page costs what it holds: the table lies in the order of the answer.
pub(super) fn page_of_outcomes() -> String {
    format!(
        "SELECT {SETTLED_COLUMNS} FROM records WHERE run_no = ?1 AND record > ?2 \
         ORDER BY record LIMIT ?3"
    )
}

/// What [`guard_row`] reads, of every target.
pub(super) const GUARD: &str = "SELECT k.key_hash, k.payload, k.customer_id, k.customer_number, \
     coalesce(r.id, ''), k.record FROM keys AS k LEFT JOIN runs AS r ON r.run_no = k.run_no";

pub(super) fn guard_row(row: &Row<'_>) -> rusqlite::Result<GuardRow> {
    Ok(GuardRow {
        key_hash: row.get(0)?,
        payload: row.get(1)?,
        id: row.get(2)?,
        number: row.get(3)?,
        run: row.get(4)?,
        record: row.get(5)?,
    })
}

/// What [`open_intent`] reads, of every run and target.
pub(super) const OPEN_INTENTS: &str = "SELECT r.id, i.record, i.line, i.key, i.key_hash, \
     i.payload, i.body, i.attempt, i.absent_before, i.at, e.record IS NOT NULL \
     FROM intents AS i \
     JOIN runs AS r USING (run_no) \
     JOIN targets AS t USING (target_no) \
     LEFT JOIN records AS e ON e.run_no = i.run_no AND e.record = i.record \
     AND e.outcome = 'unknown'";

pub(super) fn open_intent(row: &Row<'_>) -> rusqlite::Result<OpenIntent> {
    Ok(OpenIntent {
        run: row.get(0)?,
        submission: Submission {
            position: Position {
                record: row.get(1)?,
                line: row.get(2)?,
            },
            key: row.get(3)?,
            key_hash: row.get(4)?,
            payload: row.get(5)?,
            body: Arc::from(row.get_ref(6)?.as_blob()?),
        },
        attempt: row.get(7)?,
        absent_before: row.get(8)?,
        at: time(row, 9)?,
        outcome_unknown: row.get(10)?,
    })
}
