//! Nothing of a settled customer stays in the journal's files.
//!
//! SQLite overwrites what is deleted (`secure_delete`), with two gaps that are closed here.
//! When it moves rows between pages, copies can stay in a page's unused part; they go when the
//! table's pages are cleared as a whole. And its write-ahead log holds earlier versions of
//! pages until it is cut.

use rusqlite::types::Value;
use rusqlite::{Transaction, params_from_iter};

use super::{Journal, JournalError};
use crate::fail_point::{self, Point};

const COLUMNS: usize = 9;

impl Journal {
    /// Closes both gaps, if anything was written that matters.
    pub(super) fn tidy(&mut self) -> Result<(), JournalError> {
        if !self.residue {
            return Ok(());
        }
        // A forgetting that was cut short is brought to its end.
        if let Err(error) = self.erase() {
            tracing::warn!(%error, "what was forgotten may not be out of the journal's files yet");
        }
        self.write(rewrite_intents)?;
        fail_point::pass(Point::PagesCleared);
        self.residue = !self.cut_log();
        fail_point::pass(Point::LogCut);
        Ok(())
    }

    /// Moves the log into the file and cuts it to nothing. Whether it could be cut: somebody
    /// who reads just now can prevent it. A failure costs no data, because the log keeps them;
    /// so it is no error.
    pub(super) fn cut_log(&self) -> bool {
        if !self.has_log() {
            return true;
        }
        let busy = self
            .connection
            .query_one("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                row.get::<_, bool>(0)
            });
        match busy {
            Ok(busy) => !busy,
            Err(error) => {
                tracing::warn!(%error, "the journal's log could not be moved into its file");
                false
            }
        }
    }
}

impl Journal {
    /// Whether there is a log at all: on a network there is none, and the rollback journal is
    /// cut to nothing by each commit.
    fn has_log(&self) -> bool {
        let mode = self
            .connection
            .pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
        mode.is_ok_and(|mode| mode == "wal")
    }
}

/// Writes the open intents anew into cleared pages. They are in memory meanwhile: those in
/// flight, which are few, and those whose outcome is unknown, however many a bad day left; each
/// start reads all of these as well ([`Journal::open_intents`]).
fn rewrite_intents(work: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut open: Vec<[Value; COLUMNS]> = Vec::new();
    {
        let mut select = work.prepare(
            "SELECT place, line, attempt, absent_before, at, key, key_hash, payload, body \
             FROM intents ORDER BY place",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let mut values = [const { Value::Null }; COLUMNS];
            for (column, value) in values.iter_mut().enumerate() {
                *value = row.get(column)?;
            }
            open.push(values);
        }
    }
    // Without a condition SQLite clears all pages of the table.
    work.execute("DELETE FROM intents", [])?;
    let mut insert = work.prepare(
        "INSERT INTO intents (place, line, attempt, absent_before, at, key, key_hash, payload, \
         body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for values in open {
        insert.execute(params_from_iter(values))?;
    }
    Ok(())
}
