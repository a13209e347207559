//! Runs that correct what failed in earlier ones: which record corrects which, whether its
//! customer was created elsewhere, and what all of them came to together.
//!
//! The first record of a customer is its *origin*, however often it was corrected since. The
//! runs that are linked to one another, directly or not, are a *family*.

use rusqlite::{Connection, OptionalExtension, params};

use super::runs::slot;
use super::{Journal, JournalError};
use crate::outcome::Counts;

/// What became of a customer in the other runs of its record's family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// Nothing that would keep it from being sent.
    Free,
    /// It was created.
    Created {
        /// The ERP's id, if it could be learnt.
        id: Option<i64>,
        /// The customer number, if it could be learnt.
        number: Option<String>,
    },
    /// It may have been created: nobody knows what became of this record.
    Unknown {
        /// Id of the run that sent it.
        run: String,
        /// The record's number there.
        record: u64,
    },
    /// It is still to be sent: this record, which is corrected, is open again.
    Open {
        /// Id of the run that sends it.
        run: String,
        /// The record's number there.
        record: u64,
    },
}

/// Runs that are linked to one another, and what they came to together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Id of the run with which it began.
    pub first: String,
    /// Ids of the runs that correct the one that was asked about, oldest first.
    pub corrected_by: Vec<String>,
    /// How many runs there are.
    pub runs: u64,
    /// Every customer counted once, by what became of it last; created is created.
    pub totals: Counts,
}

impl Journal {
    /// Notes which records of `run` correct which ones of `of`, as pairs of their numbers. What
    /// was noted before stays.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn correct(
        &mut self,
        run: &str,
        of: &str,
        pairs: &[(u64, u64)],
    ) -> Result<(), JournalError> {
        let of = self.known(of)?;
        let run = self.key_of(run)?;
        self.write(|work| {
            let mut insert = work.prepare_cached(
                "INSERT OR IGNORE INTO corrections (run_no, record, origin_run_no, \
                 origin_record) \
                 SELECT ?1, ?2, coalesce(c.origin_run_no, ?3), coalesce(c.origin_record, ?4) \
                 FROM (SELECT 1) LEFT JOIN corrections AS c \
                 ON c.run_no = ?3 AND c.record = ?4",
            )?;
            for (record, of_record) in pairs {
                insert.execute(params![run.number, record, of.number, of_record])?;
            }
            Ok(())
        })
    }

    /// What became of the customer of a correcting record in the other runs of its family.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], or what SQLite said.
    pub fn elsewhere(&self, run: &str, record: u64) -> Result<Elsewhere, JournalError> {
        let run = self.known(run)?;
        self.read(|connection| {
            let mut select = connection.prepare_cached(ELSEWHERE)?;
            let mut rows = select.query(params![run.number, record])?;
            let mut found = Elsewhere::Free;
            while let Some(row) = rows.next()? {
                let outcome: Option<String> = row.get(0)?;
                // A record that itself waits for another was never sent by its run: it is open.
                let (was_sent, waits, is_before): (bool, bool, bool) =
                    (row.get(3)?, row.get(4)?, row.get(5)?);
                let (run, record) = (row.get(6)?, row.get(7)?);
                match outcome.as_deref() {
                    Some("created" | "skipped") => {
                        let (id, number) = (row.get(1)?, row.get(2)?);
                        return Ok(Elsewhere::Created { id, number });
                    }
                    Some("unknown") if !waits => found = Elsewhere::Unknown { run, record },
                    _ if was_sent => found = Elsewhere::Unknown { run, record },
                    None | Some("unknown") if is_before && found == Elsewhere::Free => {
                        found = Elsewhere::Open { run, record };
                    }
                    _ => {}
                }
            }
            Ok(found)
        })
    }

    /// The family of a run; none if the run corrects no other and none corrects it.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn family(&self, run: &str) -> Result<Option<Family>, JournalError> {
        self.read(|connection| {
            let first: Option<String> = connection
                .prepare_cached(FIRST)?
                .query_row([run], |row| row.get(0))
                .optional()?;
            let Some(first) = first else {
                return Ok(None);
            };
            let corrected_by = connection
                .prepare_cached("SELECT id FROM runs WHERE linked_to = ?1 ORDER BY run_no")?
                .query_map([run], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<String>>>()?;
            if first == run && corrected_by.is_empty() {
                return Ok(None);
            }
            let members = connection
                .prepare_cached(MEMBERS)?
                .query_map([&first], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<Vec<(i64, u64)>>>()?;
            let mut totals = Counts::default();
            for (run, read) in &members {
                add_counts(connection, *run, *read, &mut totals)?;
            }
            for (run, _) in &members {
                count_once(connection, *run, &mut totals)?;
            }
            Ok(Some(Family {
                first,
                corrected_by,
                runs: members.len() as u64,
                totals,
            }))
        })
    }
}

/// The run at the beginning of the chain of links; one whose own link leads nowhere (its run
/// was forgotten) is a beginning, too.
const FIRST: &str = "WITH RECURSIVE up (id, linked_to, depth) AS (\
     SELECT id, linked_to, 0 FROM runs WHERE id = ?1 \
     UNION SELECT r.id, r.linked_to, up.depth + 1 FROM runs AS r \
     JOIN up ON r.id = up.linked_to) \
     SELECT id FROM up ORDER BY depth DESC LIMIT 1";

/// The first run and those that are linked to it, directly or not, once their input was read.
const MEMBERS: &str = "WITH RECURSIVE down (id, run_no, records_read) AS (\
     SELECT id, run_no, records_read FROM runs WHERE id = ?1 \
     UNION SELECT r.id, r.run_no, r.records_read FROM runs AS r \
     JOIN down ON r.linked_to = down.id) \
     SELECT run_no, records_read FROM down WHERE records_read IS NOT NULL ORDER BY run_no";

/// The other records of a correcting record's customer. Those that it corrects come before it:
/// their runs need not wait for it, so that no two records ever wait for each other.
const ELSEWHERE: &str = "WITH me AS (\
     SELECT c.origin_run_no, c.origin_record, r.linked_to FROM corrections AS c \
     JOIN runs AS r USING (run_no) WHERE c.run_no = ?1 AND c.record = ?2), \
     others (run_no, record, is_origin) AS (\
     SELECT origin_run_no, origin_record, TRUE FROM me UNION ALL \
     SELECT c.run_no, c.record, FALSE FROM corrections AS c \
     JOIN me USING (origin_run_no, origin_record) WHERE c.run_no <> ?1) \
     SELECT e.outcome, e.customer_id, e.customer_number, i.record IS NOT NULL, \
     e.outcome IS 'unknown' AND e.detail ->> '$.why' IS 'earlier_unknown', \
     o.is_origin OR r.id IS (SELECT linked_to FROM me), r.id, o.record \
     FROM others AS o JOIN runs AS r USING (run_no) \
     LEFT JOIN records AS e ON e.run_no = o.run_no AND e.record = o.record \
     LEFT JOIN intents AS i ON i.place = (o.run_no << 40 | o.record)";

/// The index lies in the order of the answer: nothing is sorted, whatever its length.
pub(super) const CORRECTED: &str = "SELECT c.origin_record, e.outcome, o.outcome FROM corrections AS c \
     JOIN runs AS r ON r.run_no = c.run_no AND r.records_read IS NOT NULL \
     LEFT JOIN records AS e ON e.run_no = c.run_no AND e.record = c.record \
     LEFT JOIN records AS o ON o.run_no = c.origin_run_no AND o.record = c.origin_record \
     WHERE c.origin_run_no = ?1 ORDER BY c.origin_record, c.run_no";

/// A record without an outcome.
const OPEN: &str = "open";

fn add_counts(
    connection: &Connection,
    run: i64,
    read: u64,
    totals: &mut Counts,
) -> rusqlite::Result<()> {
    let mut own = Counts::default();
    let mut select =
        connection.prepare_cached("SELECT name, records FROM counts WHERE run_no = ?1")?;
    let mut rows = select.query([run])?;
    while let Some(row) = rows.next()? {
        let name = row.get_ref(0)?;
        let count: u64 = row.get(1)?;
        *slot(&mut own, name.as_str()?)? += count;
        *slot(totals, name.as_str()?)? += count;
    }
    totals.read += read;
    totals.open += read.saturating_sub(own.settled());
    Ok(())
}

/// Takes the records of `origin` that were corrected out of the totals but for one of each: the
/// one that tells what became of the customer.
fn count_once(connection: &Connection, origin: i64, totals: &mut Counts) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached(CORRECTED)?;
    let mut rows = select.query([origin])?;
    let mut current: Option<(u64, String)> = None;
    while let Some(row) = rows.next()? {
        let record: u64 = row.get(0)?;
        let outcome: Option<String> = row.get(1)?;
        let outcome = outcome.unwrap_or_else(|| OPEN.to_owned());
        let before = match current.take() {
            Some((known, before)) if known == record => before,
            _ => {
                let first: Option<String> = row.get(2)?;
                first.unwrap_or_else(|| OPEN.to_owned())
            }
        };
        let (kept, dropped) = if weight(&outcome) >= weight(&before) {
            (outcome, before)
        } else {
            (before, outcome)
        };
        let count = match dropped.as_str() {
            OPEN => &mut totals.open,
            word => slot(totals, word)?,
        };
        *count = count.saturating_sub(1);
        totals.read = totals.read.saturating_sub(1);
        current = Some((record, kept));
    }
    Ok(())
}

/// Of two outcomes of one customer the weightier holds, of equal ones the later: what was
/// created once stays created, whatever a further correction came to.
fn weight(outcome: &str) -> u8 {
    match outcome {
        "created" => 3,
        "skipped" => 2,
        "unknown" => 1,
        _ => 0,
    }
}
