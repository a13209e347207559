//! The runs: beginning one, finding the one that goes on, ending it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::types::{Type, Value, ValueRef};
use rusqlite::{OptionalExtension, Row, params};

use super::entry::{json, misread, nanoseconds, time, to_json};
use super::targets::target_number;
use super::{Journal, JournalError};
use crate::fail_point::{self, Point};
use crate::outcome::{Counts, Ending, ExitCode};

/// What a run is, known when it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// The run's id.
    pub id: String,
    /// The ERP instance.
    pub target: String,
    /// Hash of the input's bytes.
    pub source_hash: [u8; 32],
    /// Hash of the mapping and the parse options.
    pub plan_hash: [u8; 32],
    /// The input as the user named it.
    pub input: String,
    /// Where its bytes are: absolute; the spooled copy, if it came from stdin.
    pub input_path: Option<PathBuf>,
    /// The mapping as the user named it.
    pub mapping: String,
    /// The mapping's text.
    pub mapping_text: String,
    /// How the input is read, as JSON.
    pub source_options: String,
    /// What else was asked for, as JSON without secrets.
    pub options: String,
    /// This program's version.
    pub version: String,
    /// When the run begins.
    pub started: Timestamp,
    /// Id of the run whose returned file this run corrects.
    pub linked_to: Option<String>,
}

/// A run as the journal knows it: what it is, and how far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// See [`NewRun::id`].
    pub id: String,
    /// See [`NewRun::target`].
    pub target: String,
    /// See [`NewRun::source_hash`].
    pub source_hash: [u8; 32],
    /// See [`NewRun::plan_hash`].
    pub plan_hash: [u8; 32],
    /// See [`NewRun::input`].
    pub input: String,
    /// See [`NewRun::input_path`].
    pub input_path: Option<PathBuf>,
    /// See [`NewRun::mapping`].
    pub mapping: String,
    /// See [`NewRun::mapping_text`].
    pub mapping_text: String,
    /// See [`NewRun::source_options`].
    pub source_options: String,
    /// See [`NewRun::options`].
    pub options: String,
    /// See [`NewRun::version`].
    pub version: String,
    /// See [`NewRun::started`].
    pub started: Timestamp,
    /// See [`NewRun::linked_to`].
    pub linked_to: Option<String>,
    /// When its last process ended in good order; none while it works or after it was killed.
    pub finished: Option<Timestamp>,
    /// How that process ended.
    pub ending: Option<Ending>,
    /// The code that it ended with; none until its report is written.
    pub exit_code: Option<u8>,
    /// Whether `--fail-on` minded something when its report was written.
    pub minded: bool,
    /// Records in the input; none until it was read to its end.
    pub read: Option<u64>,
    /// Records by outcome; `open` is what `read` has beyond them.
    pub counts: Counts,
}

impl RunRow {
    /// Whether the same command would go on with it: it was killed, or left records open, or
    /// has no report yet, or records were opened again since (what was unknown turned out to be
    /// absent).
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.ending.as_ref().is_none_or(Ending::is_resumable)
            || self.exit_code.is_none()
            || self.counts.open > 0
    }

    /// How it stands by what its records are now: a finished run of which records were opened
    /// again is like one that a limit left open. None while it works or after it was killed.
    #[must_use]
    pub fn ending_now(&self) -> Option<Ending> {
        match &self.ending {
            Some(Ending::Finished) if self.counts.open > 0 => Some(Ending::Limited),
            ending => ending.clone(),
        }
    }

    /// Its code by what its records are now: what was unknown when it ended may be settled by
    /// now; what `--fail-on` minded then is still so, also if another code stood before it. None
    /// while it works, after it was killed, and when a finished one has open records again.
    #[must_use]
    pub fn code_now(&self) -> Option<u8> {
        let (then, ending) = (self.exit_code?, self.ending.as_ref()?);
        if *ending == Ending::Finished && self.counts.open > 0 {
            return None;
        }
        let now = ending.exit_code(&self.counts);
        // Journals of older versions tell it by the code alone.
        let minded = self.minded || then == ExitCode::SomeFailed.number();
        Some(match now {
            ExitCode::Fine if minded => ExitCode::SomeFailed.number(),
            now => now.number(),
        })
    }
}

/// The numbers by which tables refer to a run and its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunKey {
    pub(super) number: i64,
    pub(super) target: i64,
}

impl Journal {
    /// Notes that a run begins.
    ///
    /// # Errors
    /// [`JournalError::Poisoned`], or what SQLite said; a second run with the same id is one
    /// of these errors.
    pub fn begin(&mut self, run: &NewRun) -> Result<(), JournalError> {
        self.write(|work| {
            let target = target_number(work, &run.target)?;
            work.execute(
                "INSERT INTO runs (id, target_no, source_hash, plan_hash, input, input_path, \
                 mapping, mapping_text, source_options, options, version, started, linked_to) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                params![
                    run.id,
                    target,
                    run.source_hash,
                    run.plan_hash,
                    run.input,
                    run.input_path.as_deref().map(path_value),
                    run.mapping,
                    run.mapping_text,
                    run.source_options,
                    run.options,
                    run.version,
                    nanoseconds(run.started),
                    run.linked_to,
                ],
            )?;
            Ok(())
        })?;
        fail_point::pass(Point::RunBegun);
        Ok(())
    }

    /// Runs of this input into this target, whatever their plan; newest first.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn find(&self, target: &str, source_hash: &[u8; 32]) -> Result<Vec<RunRow>, JournalError> {
        self.select_runs(
            "WHERE t.name = ?1 AND r.source_hash = ?2",
            params![target, source_hash],
        )
    }

    /// All runs, newest first.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn runs(&self) -> Result<Vec<RunRow>, JournalError> {
        self.select_runs("", [])
    }

    /// The run with this id, or the only one whose id begins like this.
    ///
    /// # Errors
    /// [`JournalError::AmbiguousRun`], or what SQLite said.
    pub fn run(&self, id: &str) -> Result<Option<RunRow>, JournalError> {
        if id.is_empty() {
            return Ok(None);
        }
        let exact = self.select_runs("WHERE r.id = ?1", [id])?;
        if let Some(run) = exact.into_iter().next() {
            return Ok(Some(run));
        }
        let mut fitting = self
            .select_runs("WHERE substr(r.id, 1, length(?1)) = ?1", [id])?
            .into_iter();
        match (fitting.next(), fitting.next()) {
            (Some(first), Some(second)) => Err(JournalError::AmbiguousRun {
                given: id.to_owned(),
                first: first.id,
                second: second.id,
            }),
            (only, _) => Ok(only),
        }
    }

    /// Notes that the run goes on: it has no end any more.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn reopen(&mut self, run: &str) -> Result<(), JournalError> {
        let run = self.key_of(run)?;
        self.write(|work| {
            work.execute(
                "UPDATE runs SET finished = NULL, ending = NULL, exit_code = NULL \
                 WHERE run_no = ?1",
                [run.number],
            )?;
            Ok(())
        })?;
        fail_point::pass(Point::RunReopened);
        Ok(())
    }

    /// Takes back a run of which nothing was sent: its input or mapping turned out to be of no
    /// use. A run with an intent, or with an outcome that the ERP knows of, stays.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn discard(&mut self, run: &str) -> Result<(), JournalError> {
        let run = self.key_of(run)?;
        fail_point::pass(Point::Discarding);
        self.write(|work| {
            let used: bool = work.query_one(
                "SELECT EXISTS (SELECT 1 FROM intents WHERE run_no = ?1) \
                 OR EXISTS (SELECT 1 FROM keys WHERE run_no = ?1) \
                 OR EXISTS (SELECT 1 FROM records WHERE run_no = ?1 \
                 AND outcome IN ('created', 'exists', 'refused', 'unknown'))",
                [run.number],
                |row| row.get(0),
            )?;
            if used {
                return Ok(());
            }
            for table in [
                "records",
                "counts",
                "corrections",
                "keys_pending",
                "readings",
                "runs",
            ] {
                work.execute(
                    &format!("DELETE FROM {table} WHERE run_no = ?1"),
                    [run.number],
                )?;
            }
            Ok(())
        })?;
        fail_point::pass(Point::Discarded);
        self.last = None;
        Ok(())
    }

    /// Notes whether `--fail-on` minded something, in [`NewRun::options`] as `minded`.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn set_minded(&mut self, run: &str, minded: bool) -> Result<(), JournalError> {
        let run = self.key_of(run)?;
        self.write(|work| {
            work.execute(
                "UPDATE runs SET options = json_set(options, '$.minded', \
                 json(iif(?2, 'true', 'false'))) \
                 WHERE run_no = ?1 AND coalesce(options ->> '$.minded', 0) <> ?2",
                params![run.number, minded],
            )?;
            Ok(())
        })
    }

    /// Notes a folder in which the run's report is, in [`NewRun::options`] among the
    /// `report_folders`; whatever else stands there is left as it is, also if another process
    /// changes it at the same time.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn add_report_folder(&mut self, run: &str, folder: &str) -> Result<(), JournalError> {
        let run = self.key_of(run)?;
        self.write(|work| {
            work.execute(
                "UPDATE runs SET options = json_insert(\
                 json_insert(options, '$.report_folders', json('[]')), \
                 '$.report_folders[#]', ?2) WHERE run_no = ?1 AND NOT EXISTS (\
                 SELECT 1 FROM json_each(options, '$.report_folders') WHERE value = ?2)",
                params![run.number, folder],
            )?;
            Ok(())
        })
    }

    /// Notes that the run sends records without a key from now on.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn allow_unkeyed(&mut self, run: &str) -> Result<(), JournalError> {
        let run = self.key_of(run)?;
        self.write(|work| {
            work.execute(
                "UPDATE runs SET options = json_set(options, '$.allow_unkeyed', json('true')) \
                 WHERE run_no = ?1",
                [run.number],
            )?;
            Ok(())
        })
    }

    /// Notes how long a POST of the run may still take effect after its process died, in
    /// milliseconds. A longer time that was noted before stays.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn note_patience(&mut self, run: &str, milliseconds: u64) -> Result<(), JournalError> {
        let run = self.key_of(run)?;
        self.write(|work| {
            work.execute(
                "UPDATE runs SET options = json_set(options, '$.patience_ms', \
                 max(?2, coalesce(options ->> '$.patience_ms', 0))) WHERE run_no = ?1",
                params![run.number, milliseconds],
            )?;
            Ok(())
        })
    }

    /// Notes an option of the run under its `name` in [`NewRun::options`], as a JSON text, in the
    /// place of what stood there.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn note_option(
        &mut self,
        run: &str,
        name: &'static str,
        json: &str,
    ) -> Result<(), JournalError> {
        let run = self.key_of(run)?;
        self.write(|work| {
            work.execute(
                "UPDATE runs SET options = json_set(options, '$.' || ?2, json(?3)) \
                 WHERE run_no = ?1",
                params![run.number, name, json],
            )?;
            Ok(())
        })
    }

    /// Notes how sending ended, while the report is still to be written: a process that is
    /// killed meanwhile leaves an unfinished run, and the next one writes the report. Makes
    /// sure that nothing of what was erased is left in the journal's files.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn end(&mut self, run: &str, ending: &Ending, at: Timestamp) -> Result<(), JournalError> {
        self.note_end(run, ending, None, at)
    }

    /// Notes how the run (or this process's part of it) ended, then makes sure that nothing
    /// of what was erased is left in the journal's files.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn finish(
        &mut self,
        run: &str,
        ending: &Ending,
        exit_code: u8,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        self.note_end(run, ending, Some(exit_code), at)
    }

    fn note_end(
        &mut self,
        run: &str,
        ending: &Ending,
        exit_code: Option<u8>,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        let run = self.key_of(run)?;
        fail_point::pass(Point::FinishReady);
        self.write(|work| {
            work.execute(
                "UPDATE runs SET finished = ?2, ending = ?3, exit_code = ?4 \
                 WHERE run_no = ?1",
                params![run.number, nanoseconds(at), to_json(ending)?, exit_code],
            )?;
            Ok(())
        })?;
        fail_point::pass(Point::FinishCommitted);
        self.tidy()
    }

    /// The numbers of a run that must be there.
    pub(super) fn known(&self, run: &str) -> Result<RunKey, JournalError> {
        if let Some((id, key)) = &self.last
            && id == run
        {
            return Ok(*key);
        }
        self.read(|connection| {
            connection
                .prepare_cached("SELECT run_no, target_no FROM runs WHERE id = ?1")?
                .query_row([run], |row| {
                    Ok(RunKey {
                        number: row.get(0)?,
                        target: row.get(1)?,
                    })
                })
                .optional()
        })?
        .ok_or_else(|| JournalError::NoSuchRun {
            run: run.to_owned(),
        })
    }

    /// The numbers of a run that is about to be written; they are kept for the next time.
    pub(super) fn key_of(&mut self, run: &str) -> Result<RunKey, JournalError> {
        self.writable()?;
        let key = self.known(run)?;
        if self.last.as_ref().is_none_or(|(id, _)| id != run) {
            self.last = Some((run.to_owned(), key));
        }
        Ok(key)
    }

    fn select_runs(
        &self,
        condition: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<RunRow>, JournalError> {
        self.read(|connection| {
            let mut counts =
                connection.prepare_cached("SELECT name, records FROM counts WHERE run_no = ?1")?;
            let mut select = connection.prepare_cached(&format!(
                "SELECT r.id, t.name, r.source_hash, r.plan_hash, r.input, r.input_path, \
                 r.mapping, r.mapping_text, r.source_options, r.options, r.version, r.started, \
                 r.linked_to, r.finished, r.ending, r.exit_code, r.records_read, r.run_no, \
                 CASE WHEN json_valid(r.options) THEN r.options ->> '$.minded' IS 1 ELSE 0 END \
                 FROM runs AS r JOIN targets AS t USING (target_no) {condition} \
                 ORDER BY r.run_no DESC"
            ))?;
            let mut rows = select.query(params)?;
            let mut runs = Vec::new();
            while let Some(row) = rows.next()? {
                let mut run = run_row(row)?;
                let mut counted = counts.query([row.get::<_, i64>(17)?])?;
                while let Some(count) = counted.next()? {
                    let slot = slot(&mut run.counts, count.get_ref(0)?.as_str()?)?;
                    *slot = count.get(1)?;
                }
                run.counts.read = run.read.unwrap_or_default();
                run.counts.open = run.counts.read.saturating_sub(run.counts.settled());
                runs.push(run);
            }
            Ok(runs)
        })
    }
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    const FINISHED: usize = 13;
    const ENDING: usize = 14;
    let finished: Option<i64> = row.get(FINISHED)?;
    let ending: Option<String> = row.get(ENDING)?;
    Ok(RunRow {
        id: row.get(0)?,
        target: row.get(1)?,
        source_hash: row.get(2)?,
        plan_hash: row.get(3)?,
        input: row.get(4)?,
        input_path: path(row.get_ref(5)?)?,
        mapping: row.get(6)?,
        mapping_text: row.get(7)?,
        source_options: row.get(8)?,
        options: row.get(9)?,
        version: row.get(10)?,
        started: time(row, 11)?,
        linked_to: row.get(12)?,
        finished: finished.map(|_| time(row, FINISHED)).transpose()?,
        ending: ending.map(|text| json(ENDING, &text)).transpose()?,
        exit_code: row.get(15)?,
        read: row.get(16)?,
        minded: row.get(18)?,
        counts: Counts::default(),
    })
}

/// The count with this name.
pub(super) fn slot<'a>(counts: &'a mut Counts, name: &str) -> rusqlite::Result<&'a mut u64> {
    Ok(match name {
        "created" => &mut counts.created,
        "exists" => &mut counts.exists,
        "invalid" => &mut counts.invalid,
        "refused" => &mut counts.refused,
        "unknown" => &mut counts.unknown,
        "changed" => &mut counts.changed,
        "skipped" => &mut counts.skipped,
        "left_out" => &mut counts.left_out,
        "grouped" => &mut counts.grouped,
        "ready" => &mut counts.ready,
        other => return Err(misread(0, Type::Text, format!("`{other}`"))),
    })
}

/// A path as text or, if it is no UTF-8 (Unix), as its bytes.
fn path_value(path: &Path) -> Value {
    if let Some(text) = path.to_str() {
        return Value::Text(text.to_owned());
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Value::Blob(path.as_os_str().as_bytes().to_vec())
    }
    #[cfg(not(unix))]
    Value::Text(path.to_string_lossy().into_owned())
}

fn path(value: ValueRef<'_>) -> rusqlite::Result<Option<PathBuf>> {
    Ok(match value {
        ValueRef::Null => None,
        #[cfg(unix)]
        ValueRef::Blob(bytes) => {
            use std::os::unix::ffi::OsStrExt;
            Some(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
        }
        other => Some(PathBuf::from(other.as_str()?)),
    })
}
