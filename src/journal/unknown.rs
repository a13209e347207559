//! Questions about one record whose fate is not known.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::entry::time;
use super::reading::{OPEN_INTENTS, open_intent};
use super::{Journal, JournalError, OpenIntent};
use crate::outcome::KeyHash;

impl Journal {
    /// The record's intent, if nobody knows its end yet.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], or what SQLite said.
    pub fn open_intent(&self, run: &str, record: u64) -> Result<Option<OpenIntent>, JournalError> {
        let run = self.known(run)?;
        self.read(|connection| {
            connection
                .prepare_cached(&format!("{OPEN_INTENTS} WHERE i.place = (?1 << 40 | ?2)"))?
                .query_row(params![run.number, record], open_intent)
                .optional()
        })
    }

    /// When the record's last intent was written, if nobody knows its end yet: the POST left
    /// right after that.
    ///
    /// # Errors
    /// As [`Journal::open_intent`].
    pub fn last_attempt(&self, run: &str, record: u64) -> Result<Option<Timestamp>, JournalError> {
        let run = self.known(run)?;
        self.read(|connection| {
            connection
                .prepare_cached("SELECT at FROM intents WHERE place = (?1 << 40 | ?2)")?
                .query_row(params![run.number, record], |row| time(row, 0))
                .optional()
        })
    }

    /// The run and the record whose open intent has this key in the target; the oldest, if
    /// there are several.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn who_waits_with(
        &self,
        target: &str,
        key: &KeyHash,
    ) -> Result<Option<(String, u64)>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT r.id, i.record FROM intents AS i JOIN runs AS r USING (run_no) \
                     JOIN targets AS t USING (target_no) \
                     WHERE t.name = ?1 AND i.key_hash = ?2 ORDER BY i.place LIMIT 1",
                )?
                .query_row(params![target, key], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
    }
}
