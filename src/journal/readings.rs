//! What reading a run's input found out, kept for whoever goes on with the run: parts of text
//! whose meaning is the engine's business.
//!
//! Parts are written in their order, and the number of records with the last of them: whoever
//! dies before that leaves parts that do not end, of which the engine makes nothing.

use rusqlite::{OptionalExtension, Transaction, params};

use super::hashes::Hashes;
use super::runs::RunKey;
use super::{Journal, JournalError};
use crate::fail_point::{self, Point};
use crate::outcome::both;

/// Parts that stand behind one another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<'a> {
    /// The first one's number, counted from 0. With 0 all earlier ones go.
    pub first: u64,
    /// What they hold.
    pub contents: &'a [String],
}

impl Journal {
    /// Notes how many records the input has; of what reading it found out nothing is kept.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn set_read(&mut self, run: &str, read: u64) -> Result<(), JournalError> {
        self.end_reading(run, read, Parts::default())
    }

    /// Keeps parts of what reading the input found out; more follow.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn keep_reading(&mut self, run: &str, parts: Parts<'_>) -> Result<(), JournalError> {
        let run = self.key_of(run)?;
        let hashes = self.hashes();
        self.write(|work| keep(work, run, parts, &hashes))
    }

    /// Notes how many records the input has, and keeps the last parts of what reading it found
    /// out.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn end_reading(
        &mut self,
        run: &str,
        read: u64,
        parts: Parts<'_>,
    ) -> Result<(), JournalError> {
        let run = self.key_of(run)?;
        let hashes = self.hashes();
        self.write(|work| {
            keep(work, run, parts, &hashes)?;
            work.execute(
                "UPDATE runs SET records_read = ?2 WHERE run_no = ?1",
                params![run.number, read],
            )?;
            Ok(())
        })?;
        fail_point::pass(Point::ReadNoted);
        Ok(())
    }

    /// One part of what is kept of the reading; none if there is no such part.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], [`JournalError::Damaged`] if it is not what was written, or
    /// what SQLite said.
    pub fn kept_reading(&self, run: &str, part: u64) -> Result<Option<String>, JournalError> {
        let run = self.known(run)?;
        let found: Option<(String, Vec<u8>)> = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT content, hash FROM readings WHERE run_no = ?1 AND part = ?2",
                )?
                .query_row(params![run.number, part], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
        })?;
        let Some((content, hash)) = found else {
            return Ok(None);
        };
        if hash != self.hashes.part(run.number, part, &content) {
            self.damaged.set(true);
            return Err(JournalError::Damaged {
                path: self.path.clone(),
                why: both!(
                    "what it keeps of an input is not what was written",
                    "was es von einer Eingabe aufbewahrt, ist nicht mehr, was geschrieben wurde"
                ),
            });
        }
        Ok(Some(content))
    }
}

fn keep(
    work: &Transaction<'_>,
    run: RunKey,
    parts: Parts<'_>,
    hashes: &Hashes,
) -> rusqlite::Result<()> {
    if parts.first == 0 {
        work.execute("DELETE FROM readings WHERE run_no = ?1", [run.number])?;
    }
    let mut insert = work.prepare_cached(
        "INSERT INTO readings (run_no, part, content, hash) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (part, content) in (parts.first..).zip(parts.contents) {
        let hash = hashes.part(run.number, part, content);
        insert.execute(params![run.number, part, content, hash])?;
    }
    Ok(())
}
