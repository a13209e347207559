//! The ERP instances that runs go to, and what was seen of them.

use rusqlite::{OptionalExtension, Transaction, params};

use super::entry::{json, to_json};
use super::{Journal, JournalError};

impl Journal {
    /// Notes the ids of the companies that the target has.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn remember_companies(&mut self, target: &str, ids: &[i64]) -> Result<(), JournalError> {
        self.write(|work| {
            let target = target_number(work, target)?;
            work.execute(
                "UPDATE targets SET companies = ?2 WHERE target_no = ?1",
                params![target, to_json(ids)?],
            )?;
            Ok(())
        })
    }

    /// The ids of the companies that the target had when it was last asked.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn companies(&self, target: &str) -> Result<Option<Vec<i64>>, JournalError> {
        self.read(|connection| {
            let text: Option<String> = connection
                .query_row(
                    "SELECT companies FROM targets WHERE name = ?1",
                    [target],
                    |row| row.get(0),
                )
                .optional()?
                .flatten();
            text.map(|text| json(0, &text)).transpose()
        })
    }
}

/// The target's number; a new one if the target is new.
pub(super) fn target_number(work: &Transaction<'_>, name: &str) -> rusqlite::Result<i64> {
    work.execute(
        "INSERT INTO targets (name) VALUES (?1) ON CONFLICT (name) DO NOTHING",
        [name],
    )?;
    work.query_one(
        "SELECT target_no FROM targets WHERE name = ?1",
        [name],
        |row| row.get(0),
    )
}
