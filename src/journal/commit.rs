//! One transaction of the writer: the outcomes since the last one and the next intents.
//!
//! The caller sends a record only after the commit that carries its intent has returned.

use rusqlite::{CachedStatement, OptionalExtension, Transaction, params};

use super::entry::{Columns, IntentLine, Line, SettledLine, nanoseconds, place_of};
use super::guard;
use super::runs::RunKey;
use super::{Entry, Journal, JournalError};
use crate::outcome::Outcome;

impl Journal {
    /// Writes the entries, in their order, in one transaction. When it returns, all of them
    /// are on the disk; when it fails, none of them counts, and the journal takes no more
    /// entries: whether the disk has them is known only after it is opened again.
    ///
    /// - An intent stands, with key and body, until its record is settled.
    /// - An outcome replaces an earlier one of the same record and erases its intent. The
    ///   outcome *unknown* alone keeps it: it is needed to look the customer up.
    /// - A void takes intent and outcome back, if there are any; the guard keeps the key.
    /// - `Created` also guards the key in the target, see `guard.rs`.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`] (nothing was tried), [`JournalError::Poisoned`], or what
    /// SQLite said.
    pub fn commit(&mut self, run: &str, entries: &[Entry]) -> Result<(), JournalError> {
        let lines: Vec<Line<'_>> = entries.iter().map(Line::of).collect();
        self.commit_lines(run, &lines)
    }

    /// As [`Journal::commit`], for entries whose parts are somebody else's.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn commit_lines(&mut self, run: &str, lines: &[Line<'_>]) -> Result<(), JournalError> {
        let run = self.key_of(run)?;
        self.residue |= !lines.is_empty();
        if lines.iter().any(Line::is_created)
            && let Err(error) = self.let_keys_come(run)
        {
            self.poisoned = true;
            return Err(error);
        }
        self.write(|work| {
            let mut batch = Batch::new(work, run)?;
            for line in lines {
                match line {
                    Line::Intent(intent) => batch.intend(intent)?,
                    Line::Settled(settled) => batch.settle(settled)?,
                    Line::Void(position) => batch.void(position.record)?,
                }
            }
            batch.write_intents()?;
            batch.write_counts()
        })
    }

    /// Takes back what was refused and what was invalid, so that these records are open again
    /// (`--retry-failed`). Those that a linked run has corrected and created meanwhile, or may
    /// have created, stay as they are. Returns how many were taken back.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn clear_failed(&mut self, run: &str) -> Result<u64, JournalError> {
        let run = self.key_of(run)?;
        self.write(|work| {
            let cleared = work.execute(CLEAR_FAILED, [run.number])?;
            work.execute(
                "UPDATE counts SET records = (SELECT count(*) FROM records AS e \
                 WHERE e.run_no = ?1 AND e.outcome = counts.name) \
                 WHERE run_no = ?1 AND name IN ('invalid', 'refused')",
                [run.number],
            )?;
            Ok(cleared as u64)
        })
    }
}

/// A record without a correction is its own origin.
const CLEAR_FAILED: &str = "DELETE FROM records WHERE run_no = ?1 \
     AND outcome IN ('invalid', 'refused') AND NOT EXISTS (\
     SELECT 1 FROM corrections AS c \
     LEFT JOIN corrections AS me ON me.run_no = records.run_no AND me.record = records.record \
     LEFT JOIN records AS e ON e.run_no = c.run_no AND e.record = c.record \
     LEFT JOIN intents AS i ON i.place = (c.run_no << 40 | c.record) \
     WHERE c.origin_run_no = coalesce(me.origin_run_no, records.run_no) \
     AND c.origin_record = coalesce(me.origin_record, records.record) \
     AND c.run_no <> records.run_no \
     AND (e.outcome IN ('created', 'skipped', 'unknown') OR i.record IS NOT NULL))";

const INTEND: &str = "INSERT INTO intents (place, line, attempt, absent_before, at, key, \
     key_hash, payload, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
     ON CONFLICT (place) DO UPDATE SET line = excluded.line, \
     attempt = excluded.attempt, absent_before = excluded.absent_before, at = excluded.at, \
     key = excluded.key, key_hash = excluded.key_hash, payload = excluded.payload, \
     body = excluded.body";

const SETTLE: &str = "INSERT INTO records (run_no, record, line, outcome, customer_id, \
     customer_number, attempts, how, detail, key_hash, payload, at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
     ON CONFLICT (run_no, record) DO NOTHING";

const ERASE: &str = "DELETE FROM intents WHERE place BETWEEN ?1 AND ?2";

/// A transaction's work, and how it changes the counts. The statements that nearly every
/// record needs are looked up once.
struct Batch<'a> {
    work: &'a Transaction<'a>,
    run: RunKey,
    changes: Vec<(String, i64)>,
    /// When the first of the created keys was created that have still to come into the guard.
    noted: Option<i64>,
    /// Places of intents that have still to be erased: at the end, neighbours together.
    erasable: Vec<i64>,
    /// Intents that have still to be written: at the end, into the pages that erasing frees.
    /// Written first, as many pages again would be cleared for each commit.
    intended: Vec<(i64, &'a IntentLine<'a>)>,
    intend: CachedStatement<'a>,
    settle: CachedStatement<'a>,
    erase: CachedStatement<'a>,
}

impl<'a> Batch<'a> {
    fn new(work: &'a Transaction<'a>, run: RunKey) -> rusqlite::Result<Self> {
        Ok(Self {
            work,
            run,
            changes: Vec::new(),
            noted: None,
            erasable: Vec::new(),
            intended: Vec::new(),
            intend: work.prepare_cached(INTEND)?,
            settle: work.prepare_cached(SETTLE)?,
            erase: work.prepare_cached(ERASE)?,
        })
    }

    fn intend(&mut self, intent: &'a IntentLine<'a>) -> rusqlite::Result<()> {
        let place = place_of(self.run.number, intent.submission.position.record)?;
        self.intended.push((place, intent));
        Ok(())
    }

    fn settle(&mut self, settled: &SettledLine<'_>) -> rusqlite::Result<()> {
        let record = settled.position.record;
        let place = self.behind_its_intent(record)?;
        let columns = Columns::of(settled.outcome)?;
        let is_created = matches!(settled.outcome, Outcome::Created { .. });
        if self.insert_outcome(settled, &columns)? {
            if is_created && settled.key_hash.is_some() {
                self.note_key(nanoseconds(settled.at))?;
            }
        } else {
            self.take_outcome(record)?;
            self.insert_outcome(settled, &columns)?;
            self.put_key(guard::PUT, record)?;
        }
        self.count(settled.outcome.word(), 1);
        if !matches!(settled.outcome, Outcome::Unknown { .. }) {
            self.erasable.push(place);
        }
        Ok(())
    }

    /// Erases the intents of what is settled. Nearly always most of them stand in a row.
    fn erase_intents(&mut self) -> rusqlite::Result<()> {
        self.erasable.sort_unstable();
        for row in self.erasable.chunk_by(|place, next| next - place <= 1) {
            if let (Some(first), Some(last)) = (row.first(), row.last()) {
                self.erase.execute([first, last])?;
            }
        }
        self.erasable.clear();
        Ok(())
    }

    /// Writes the intents that are still to come, after erasing those that have to go.
    fn write_intents(&mut self) -> rusqlite::Result<()> {
        self.erase_intents()?;
        for (place, intent) in self.intended.drain(..) {
            let submission = intent.submission;
            self.intend.execute(params![
                place,
                submission.position.line,
                intent.attempt,
                intent.absent_before,
                nanoseconds(intent.at),
                submission.key,
                submission.key_hash,
                submission.payload,
                &*submission.body,
            ])?;
        }
        Ok(())
    }

    /// Where the record's intent lies; if this batch has one, it is written before what follows.
    fn behind_its_intent(&mut self, record: u64) -> rusqlite::Result<i64> {
        let place = place_of(self.run.number, record)?;
        if self.intended.iter().any(|(intended, _)| *intended == place) {
            self.write_intents()?;
        }
        Ok(place)
    }

    fn void(&mut self, record: u64) -> rusqlite::Result<()> {
        let place = self.behind_its_intent(record)?;
        self.take_outcome(record)?;
        self.erasable.push(place);
        Ok(())
    }

    /// Whether the record had no outcome yet; else nothing is changed.
    fn insert_outcome(
        &mut self,
        settled: &SettledLine<'_>,
        columns: &Columns<'_>,
    ) -> rusqlite::Result<bool> {
        let inserted = self.settle.execute(params![
            self.run.number,
            settled.position.record,
            settled.position.line,
            settled.outcome.word(),
            columns.id,
            columns.number,
            columns.attempts,
            columns.how,
            columns.detail,
            settled.key_hash,
            settled.payload,
            nanoseconds(settled.at),
        ])?;
        Ok(inserted == 1)
    }

    /// Takes the record's outcome back, if it has one. If it was created, the guard keeps that.
    fn take_outcome(&mut self, record: u64) -> rusqlite::Result<()> {
        self.put_key(guard::PUT_PENDING, record)?;
        let earlier: Option<String> = self
            .work
            .prepare_cached(
                "DELETE FROM records WHERE run_no = ?1 AND record = ?2 RETURNING outcome",
            )?
            .query_row(params![self.run.number, record], |row| row.get(0))
            .optional()?;
        if let Some(earlier) = earlier {
            self.count(&earlier, -1);
        }
        Ok(())
    }

    /// Notes that a key that was created then has still to come into the guard.
    fn note_key(&mut self, at: i64) -> rusqlite::Result<()> {
        if self.noted.is_none_or(|noted| at < noted) {
            self.work
                .prepare_cached(guard::NOTE)?
                .execute([self.run.number, at])?;
            self.noted = Some(at);
        }
        Ok(())
    }

    /// Puts the record's key into the guard at once, if it was created.
    fn put_key(&self, how: &str, record: u64) -> rusqlite::Result<()> {
        self.work.prepare_cached(how)?.execute(params![
            self.run.target,
            self.run.number,
            record
        ])?;
        Ok(())
    }

    fn count(&mut self, name: &str, by: i64) {
        match self.changes.iter_mut().find(|(known, _)| known == name) {
            Some((_, change)) => *change += by,
            None => self.changes.push((name.to_owned(), by)),
        }
    }

    fn write_counts(&self) -> rusqlite::Result<()> {
        for (name, change) in self.changes.iter().filter(|(_, change)| *change != 0) {
            self.work
                .prepare_cached(
                    "INSERT INTO counts (run_no, name, records) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (run_no, name) DO UPDATE SET records = records + excluded.records",
                )?
                .execute(params![self.run.number, name, change])?;
        }
        Ok(())
    }
}
