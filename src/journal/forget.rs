//! Forgetting runs, targets and customers: what is known of them leaves the journal, and no
//! byte of it stays in its files.
//!
//! What stays is the guard: the keyed hash of each key that was created in a target, and of the
//! body that it was created with, so that nobody is sent a second time. Only with its whole
//! target the guard goes too.
//!
//! Deleting is one transaction. It also notes, in the same transaction, that the file has to be
//! written anew, because copies of rows that SQLite once moved may stand in the unused parts of
//! other pages. Whoever is killed in between leaves that note, and the next one goes on.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::from_sql;
use super::guard;
use super::{Journal, JournalError};
use crate::outcome::KeyHash;

/// The note that the file has to be written anew: a count of a run that never is.
const ERASING: &str = "erasing";

/// Guard rows that are changed at once.
const PAGE: usize = 5_000;

/// Where a customer stands in the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// Its records that have an outcome, by run and record.
    pub records: Vec<Trace>,
    /// Its records that were sent without anybody knowing what became of them.
    pub open: Vec<Trace>,
    /// Its rows in the guard: target and hash of the key.
    pub(super) keys: BTreeSet<(i64, KeyHash)>,
}

/// One record of a customer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trace {
    /// The run's id.
    pub run: String,
    /// The record's number in the run's input.
    pub record: u64,
}

impl Traces {
    /// Whether the journal knows nothing of the customer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.open.is_empty() && self.keys.is_empty()
    }
}

impl Journal {
    /// The names of all targets, sorted.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn targets(&self) -> Result<Vec<String>, JournalError> {
        self.read(|connection| {
            connection
                .prepare("SELECT name FROM targets ORDER BY name")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    /// Records of the run that were sent, or were about to be, without anybody knowing what
    /// became of them.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], or what SQLite said.
    pub fn count_open(&self, run: &str) -> Result<u64, JournalError> {
        let run = self.known(run)?;
        self.read(|connection| {
            connection.query_one(
                "SELECT count(*) FROM intents WHERE run_no = ?1",
                [run.number],
                |row| row.get(0),
            )
        })
    }

    /// Deletes the runs with everything that is known of their records, open intents included;
    /// the guard keeps the hashes. [`Journal::erase`] has to follow.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`] (nothing was deleted), [`JournalError::Poisoned`], or what
    /// SQLite said.
    pub fn forget_runs(&mut self, runs: &[String]) -> Result<(), JournalError> {
        let runs = runs
            .iter()
            .map(|run| self.known(run))
            .collect::<Result<Vec<_>, _>>()?;
        let numbers: Vec<i64> = runs.iter().map(|run| run.number).collect();
        let targets: BTreeSet<i64> = runs.iter().map(|run| run.target).collect();
        self.residue = true;
        self.last = None;
        self.write_sorting(|work| {
            for target in targets {
                guard::complete_before_forgetting(work, Some(target))?;
                blank_guard_of(work, target, &numbers)?;
            }
            for number in &numbers {
                delete_run(work, *number)?;
            }
            note_erasing(work)
        })
    }

    /// Deletes the target with its runs and its guard. [`Journal::erase`] has to follow.
    ///
    /// # Errors
    /// [`JournalError::Poisoned`], or what SQLite said. An unknown target is none.
    pub fn forget_target(&mut self, target: &str) -> Result<(), JournalError> {
        self.residue = true;
        self.last = None;
        self.write(|work| {
            let number: Option<i64> = work
                .query_row(
                    "SELECT target_no FROM targets WHERE name = ?1",
                    [target],
                    |row| row.get(0),
                )
                .optional()?;
            let Some(target) = number else {
                return Ok(());
            };
            let runs: Vec<i64> = work
                .prepare("SELECT run_no FROM runs WHERE target_no = ?1")?
                .query_map([target], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for run in runs {
                delete_run(work, run)?;
            }
            work.execute("DELETE FROM keys WHERE target_no = ?1", [target])?;
            work.execute("DELETE FROM targets WHERE target_no = ?1", [target])?;
            note_erasing(work)
        })
    }

    /// Where a customer stands, in all runs and targets: by its key (in the form in which keys
    /// are compared), by a customer number that is the `same`, or by the number that a target
    /// gave to the customer with this key. Reads every record.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn traces(&self, key: &str, same: &dyn Fn(&str) -> bool) -> Result<Traces, JournalError> {
        self.read(|connection| {
            let mut traces = Traces::default();
            let mut targets = connection.prepare("SELECT target_no, name FROM targets")?;
            let mut rows = targets.query([])?;
            while let Some(row) = rows.next()? {
                let name: String = row.get(1)?;
                traces
                    .keys
                    .insert((row.get(0)?, self.hashes.key(&name, key)));
            }
            // Records that were linked to one of an earlier run have its number, but no key.
            let numbers = numbers_of(connection, &traces.keys)?;
            let is_theirs = |target: i64, number: &str| {
                same(number)
                    || numbers
                        .get(&target)
                        .is_some_and(|numbers| numbers.contains(number))
            };
            // A customer may be known by its number, and its key be something else.
            each_numbered(connection, |target, key, number| {
                if is_theirs(target, number) {
                    traces.keys.insert((target, key));
                }
            })?;
            find_records(connection, &mut traces, &is_theirs)?;
            find_intents(connection, &mut traces, key)?;
            keep_known(connection, &mut traces)?;
            Ok(traces)
        })
    }

    /// Takes ids, numbers, hashes and the server's words out of a customer's records, and all
    /// but the hashes out of its guard. That there was a record, and how it ended, stays.
    /// [`Journal::erase`] has to follow.
    ///
    /// # Errors
    /// [`JournalError::Poisoned`], or what SQLite said.
    pub fn forget_customer(&mut self, traces: &Traces) -> Result<(), JournalError> {
        self.residue = true;
        self.write_sorting(|work| {
            guard::complete_before_forgetting(work, None)?;
            let mut key = work.prepare(
                "SELECT r.target_no, e.key_hash FROM records AS e JOIN runs AS r USING (run_no) \
                 WHERE r.id = ?1 AND e.record = ?2 AND e.key_hash IS NOT NULL",
            )?;
            let mut blank = work.prepare(
                "UPDATE records SET customer_id = NULL, customer_number = NULL, \
                 key_hash = NULL, payload = NULL, detail = CASE outcome WHEN 'refused' \
                 THEN json_set(detail, '$.code', NULL, '$.errors', json('[]')) ELSE detail END \
                 WHERE run_no = (SELECT run_no FROM runs WHERE id = ?1) AND record = ?2",
            )?;
            for trace in &traces.records {
                let key = key
                    .query_row(params![trace.run, trace.record], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .optional()?;
                if let Some((target, key)) = key {
                    blank_guard(work, target, &key)?;
                }
                blank.execute(params![trace.run, trace.record])?;
            }
            for (target, key) in &traces.keys {
                blank_guard(work, *target, key)?;
            }
            note_erasing(work)
        })
    }

    /// Whether something was forgotten, but may not be out of the files yet.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn is_erasing(&self) -> Result<bool, JournalError> {
        self.read(|connection| {
            connection.query_one(
                "SELECT EXISTS (SELECT 1 FROM counts WHERE run_no = 0 AND name = ?1)",
                [ERASING],
                |row| row.get(0),
            )
        })
    }

    /// Writes the file anew, if something was forgotten, and cuts the log: then no byte of it
    /// is left. Needs room on the disk for two copies of the journal, and little memory.
    /// Returns whether there was anything to do.
    ///
    /// # Errors
    /// [`JournalError::StillRead`] while another process reads an earlier state; or what SQLite
    /// said. Then the next call starts over.
    pub fn erase(&mut self) -> Result<bool, JournalError> {
        self.writable()?;
        if !self.is_erasing()? {
            return Ok(false);
        }
        // The copy holds only what is to stay. It may be large, so it is no matter for memory.
        let rewritten = self
            .connection
            .execute_batch("PRAGMA temp_store = FILE; VACUUM;");
        // Also after a failure: whoever goes on keeps customers' data out of temporary files.
        let restored = self.connection.execute_batch("PRAGMA temp_store = MEMORY;");
        rewritten
            .and(restored)
            .map_err(|error| from_sql(&self.path, "cannot write anew", error))?;
        if !self.cut_log() {
            return Err(JournalError::StillRead {
                path: self.path.clone(),
            });
        }
        self.write(|work| {
            work.execute(
                "DELETE FROM counts WHERE run_no = 0 AND name = ?1",
                [ERASING],
            )
        })?;
        Ok(true)
    }
}

fn note_erasing(work: &Transaction<'_>) -> rusqlite::Result<()> {
    work.execute(
        "INSERT INTO counts (run_no, name, records) VALUES (0, ?1, 1) \
         ON CONFLICT (run_no, name) DO NOTHING",
        [ERASING],
    )?;
    Ok(())
}

/// Deletes a run's rows, but for those in the guard.
fn delete_run(work: &Transaction<'_>, run: i64) -> rusqlite::Result<()> {
    bequeath_links(work, run)?;
    for table in [
        "intents",
        "records",
        "counts",
        "corrections",
        "keys_pending",
        "readings",
        "runs",
    ] {
        work.execute(&format!("DELETE FROM {table} WHERE run_no = ?1"), [run])?;
    }
    Ok(())
}

/// Runs that correct this one stay a family that counts every customer once: they are linked to
/// the run that it corrects itself, else to the first of them, whose records then are those with
/// which their customers began.
fn bequeath_links(work: &Transaction<'_>, run: i64) -> rusqlite::Result<()> {
    work.execute(
        "UPDATE runs SET linked_to = nullif(coalesce(gone.linked_to, \
         (SELECT first.id FROM runs AS first WHERE first.linked_to = gone.id \
          ORDER BY first.run_no LIMIT 1)), runs.id) \
         FROM (SELECT id, linked_to FROM runs WHERE run_no = ?1) AS gone \
         WHERE runs.linked_to = gone.id",
        [run],
    )?;
    work.execute(
        "UPDATE corrections SET origin_run_no = heir.run_no, origin_record = heir.record \
         FROM (SELECT origin_record AS was, min(run_no) AS run_no, record FROM corrections \
               WHERE origin_run_no = ?1 GROUP BY origin_record) AS heir \
         WHERE corrections.origin_run_no = ?1 AND corrections.origin_record = heir.was",
        [run],
    )?;
    work.execute(
        "DELETE FROM corrections WHERE run_no = origin_run_no AND record = origin_record",
        [],
    )?;
    Ok(())
}

/// Takes all but the hashes out of what the runs put into the target's guard, in pages: a list
/// of a million keys would not be little memory.
fn blank_guard_of(work: &Transaction<'_>, target: i64, runs: &[i64]) -> rusqlite::Result<()> {
    let mut select = work.prepare(
        "SELECT key_hash, run_no FROM keys WHERE target_no = ?1 AND key_hash > ?2 \
         ORDER BY key_hash LIMIT ?3",
    )?;
    let mut after: Vec<u8> = Vec::new();
    loop {
        let page: Vec<(KeyHash, i64)> = select
            .query_map(params![target, after, PAGE], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        for (key, run) in &page {
            if runs.contains(run) {
                blank_guard(work, target, key)?;
            }
        }
        match page.last() {
            Some((last, _)) => after = last.to_vec(),
            None => return Ok(()),
        }
    }
}

/// A number that no run has takes the run's place: a later run must not inherit the key.
fn blank_guard(work: &Transaction<'_>, target: i64, key: &KeyHash) -> rusqlite::Result<()> {
    work.prepare_cached(
        "UPDATE keys SET customer_id = NULL, customer_number = NULL, run_no = 0, record = 0 \
         WHERE target_no = ?1 AND key_hash = ?2",
    )?
    .execute(params![target, key])?;
    Ok(())
}

/// The customer numbers, by target, that stand beside one of the keys.
fn numbers_of(
    connection: &Connection,
    keys: &BTreeSet<(i64, KeyHash)>,
) -> rusqlite::Result<BTreeMap<i64, BTreeSet<String>>> {
    let mut found: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    each_numbered(connection, |target, key, number| {
        if keys.contains(&(target, key)) {
            found.entry(target).or_default().insert(number.to_owned());
        }
    })?;
    Ok(found)
}

/// Takes each target, key and customer number that stand beside each other: in guards and in
/// records.
fn each_numbered(
    connection: &Connection,
    mut take: impl FnMut(i64, KeyHash, &str),
) -> rusqlite::Result<()> {
    for table in ["keys", "records JOIN runs USING (run_no)"] {
        let mut numbered = connection.prepare(&format!(
            "SELECT target_no, key_hash, customer_number FROM {table} \
             WHERE customer_number IS NOT NULL AND key_hash IS NOT NULL"
        ))?;
        let mut rows = numbered.query([])?;
        while let Some(row) = rows.next()? {
            take(row.get(0)?, row.get(1)?, row.get_ref(2)?.as_str()?);
        }
    }
    Ok(())
}

fn find_records(
    connection: &Connection,
    traces: &mut Traces,
    is_theirs: &dyn Fn(i64, &str) -> bool,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare(
        "SELECT r.target_no, e.key_hash, e.customer_number, r.id, e.record \
         FROM records AS e JOIN runs AS r USING (run_no) \
         WHERE e.key_hash IS NOT NULL OR e.customer_number IS NOT NULL",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let by_key = match row.get::<_, Option<KeyHash>>(1)? {
            Some(key) => traces.keys.contains(&(row.get(0)?, key)),
            None => false,
        };
        let by_number = match row.get_ref(2)?.as_str_or_null()? {
            Some(number) => is_theirs(row.get(0)?, number),
            None => false,
        };
        if by_key || by_number {
            traces.records.push(Trace {
                run: row.get(3)?,
                record: row.get(4)?,
            });
        }
    }
    Ok(())
}

fn find_intents(connection: &Connection, traces: &mut Traces, key: &str) -> rusqlite::Result<()> {
    let mut select = connection.prepare(
        "SELECT r.target_no, i.key_hash, i.key, r.id, i.record \
         FROM intents AS i JOIN runs AS r USING (run_no)",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let by_hash = match row.get::<_, Option<KeyHash>>(1)? {
            Some(hash) => traces.keys.contains(&(row.get(0)?, hash)),
            None => false,
        };
        if by_hash || row.get_ref(2)?.as_str_or_null()? == Some(key) {
            traces.open.push(Trace {
                run: row.get(3)?,
                record: row.get(4)?,
            });
        }
    }
    Ok(())
}

/// Leaves the keys that the guard has something of.
fn keep_known(connection: &Connection, traces: &mut Traces) -> rusqlite::Result<()> {
    let mut select = connection.prepare(
        "SELECT EXISTS (SELECT 1 FROM keys WHERE target_no = ?1 AND key_hash = ?2 \
         AND (run_no <> 0 OR customer_id IS NOT NULL OR customer_number IS NOT NULL))",
    )?;
    let mut known = BTreeSet::new();
    for (target, key) in &traces.keys {
        if select.query_one(params![target, key], |row| row.get(0))? {
            known.insert((*target, *key));
        }
    }
    traces.keys = known;
    Ok(())
}
