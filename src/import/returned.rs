//! Returned files: records that failed in an earlier run come back corrected. This run is
//! linked to that one, sends only what failed there, and nobody who was created meanwhile.
//!
//! Owns what a returned file says about itself. Whether its cells were changed without need is
//! [`super::altered`]'s business.

mod error;

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::leads::Leads;
use super::ledger::{JournalFindings, SettledSet};
use super::pipeline::position_of;
use super::settings::SANDBOX;
use super::survey::{join, split};
use super::{ImportError, Listener};
use crate::journal::{Elsewhere, Journal, RunRow};
use crate::outcome::{Bilingual, Linked, Outcome, RunEvent, Settled, UnknownWhy, both};
use crate::record::{Fields, Position, Record};
use crate::sorted::{Pair, Sorted, Sorter};
use crate::source::{self, Entry, Named, Source};

pub use error::ReturnedError;

/// Corrections that are noted at once.
const BATCH: usize = 2_000;
/// What the ids of dry runs begin with; no journal knows them.
pub(super) const DRY_RUN: &str = "dry-run-";

/// Records of a returned file that name a record of an earlier run.
pub(super) struct ReturnedFile {
    path: PathBuf,
    run: String,
    rows: Sorted,
    cells: File,
}

/// A returned file whose run the journal knows.
pub(super) struct Link {
    /// The run that it corrects.
    pub of: RunRow,
    path: PathBuf,
    /// By the record that is corrected.
    rows: Sorted,
    /// What the rows hold, to be compared.
    cells: File,
}

/// One correcting record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Correction {
    /// The record of the earlier run.
    pub of: u64,
    /// Where the correcting record stands.
    pub position: Position,
    /// Where its cells are kept, and how many bytes they take; none if it could not be read.
    kept: (u64, u64),
}

impl Correction {
    fn from_pair(pair: &Pair) -> Self {
        Self {
            of: split(pair.hash).0,
            position: Position {
                record: pair.record,
                line: pair.line,
            },
            kept: split(pair.payload),
        }
    }
}

impl ReturnedFile {
    /// Reads what the records of a returned file name; none if the input is no returned file,
    /// or names nothing. Intermediate results lie in `folder`, nameless.
    pub(super) fn read(
        source: &Source,
        folder: &Path,
        listener: &Listener,
    ) -> Result<Option<Self>, ImportError> {
        if !source::is_returned(source.path()) {
            return Ok(None);
        }
        let spool = |error: io::Error| ImportError::spool(folder, error);
        let path = source.path();
        let mut rows = Sorter::new(folder).map_err(spool)?;
        let mut cells = BufWriter::new(tempfile::tempfile_in(folder).map_err(spool)?);
        let mut first: Option<(String, u64)> = None;
        let mut offset = 0;
        let mut buffer = Vec::new();
        let mut reader = source.read()?;
        while let Some(entry) = reader.next() {
            let entry = entry?;
            let position = position_of(&entry);
            if position.record.is_multiple_of(1024) {
                listener.check_signal()?;
            }
            let Some(named) = reader.named() else {
                continue;
            };
            let of = number_of(&named, path, position.line)?;
            match &first {
                None => first = Some((named.run, position.line)),
                Some((run, line)) if *run != named.run => {
                    return Err(ReturnedError::SeveralRuns {
                        path: path.to_owned(),
                        first: id_shown(run).to_owned(),
                        first_line: *line,
                        second: id_shown(&named.run).to_owned(),
                        line: position.line,
                    }
                    .into());
                }
                Some(_) => {}
            }
            buffer.clear();
            if let Entry::Record(record) | Entry::Odd(record, _) = &entry {
                write_fields(record, &mut buffer).map_err(spool)?;
            }
            cells.write_all(&buffer).map_err(spool)?;
            let length = buffer.len() as u64;
            let pair = Pair {
                hash: join(of, 0),
                record: position.record,
                line: position.line,
                payload: join(offset, length),
            };
            rows.push(pair).map_err(spool)?;
            offset += length;
        }
        let Some((run, _)) = first else {
            return Ok(None);
        };
        Ok(Some(Self {
            path: path.to_owned(),
            run,
            rows: rows.finish().map_err(spool)?,
            cells: cells
                .into_inner()
                .map_err(|error| spool(error.into_error()))?,
        }))
    }

    /// Finds the run that the file names. One that the journal does not know is said; the file
    /// is then an input of its own.
    pub(super) fn link(
        self,
        journal: Option<&Journal>,
        target: Option<&str>,
        mapping_text: &str,
        listener: &Listener,
    ) -> Result<Option<Link>, ImportError> {
        if self.run.starts_with(DRY_RUN) {
            listener.tell(&RunEvent::info(
                both!("this file comes from a dry run, which no journal keeps: it is imported as an \
                 input of its own", "diese Datei stammt aus einem Probelauf, den kein Journal festhält: sie wird als eigene Eingabe importiert"),
            ));
            return Ok(None);
        }
        let found = match journal {
            Some(journal) => journal.run(&self.run)?,
            None => None,
        };
        // A run may be found by the beginning of its id; a file names all of it.
        let Some(of) = found.filter(|row| row.id == self.run) else {
            if let Some(word) = self.about_sandbox(target) {
                listener.tell(&RunEvent::warning(word));
                return Ok(None);
            }
            listener.tell(&RunEvent::warning(both!(
                "the journal does not know run {run}, which this file corrects: it is imported as \
                 an input of its own, its totals are not added to that run's, and whether a \
                 spreadsheet changed it cannot be told",
                "das Journal kennt den Lauf {run} nicht, den diese Datei berichtigt: sie wird als \
                 eigene Eingabe importiert, ihre Summen werden nicht zu jenem Lauf gezählt, und ob \
                 eine Tabellenkalkulation sie verändert hat, ist nicht zu sagen",
                run = id_shown(&self.run)
            )));
            return Ok(None);
        };
        let is_from_sandbox = is_sandbox(&of.target);
        if let Some(here) = target
            && (is_from_sandbox || is_sandbox(here))
        {
            // Each sandbox is a target of its own, and goes with its run.
            listener.tell(&RunEvent::warning(match is_from_sandbox {
                true => self.told_of_a_sandbox(),
                false => self.told_for_a_sandbox(),
            }));
            return Ok(None);
        }
        if let Some(here) = target.filter(|here| *here != of.target) {
            return Err(ReturnedError::OtherTarget {
                path: self.path,
                run: of.id,
                theirs: of.target,
                here: here.to_owned(),
            }
            .into());
        }
        if of.mapping_text != mapping_text {
            listener.tell(&RunEvent::info(both!(
                "the mapping is not the one of run {run}, which this file corrects",
                "die Zuordnung ist nicht die des Laufs {run}, den diese Datei berichtigt",
                run = &of.id
            )));
        }
        Ok(Some(Link {
            of,
            path: self.path,
            rows: self.rows,
            cells: self.cells,
        }))
    }

    /// What is to be said of a file whose run no journal knows because a sandbox is involved:
    /// this command imports into one, or the run did, as the summary beside the file says.
    fn about_sandbox(&self, target: Option<&str>) -> Option<Bilingual> {
        if target.is_some_and(is_sandbox) {
            return Some(self.told_for_a_sandbox());
        }
        let text = fs::read(self.path.with_file_name("summary.json")).ok()?;
        let summary: Value = serde_json::from_slice(&text).ok()?;
        let word = |key| summary.get(key).and_then(Value::as_str);
        let is_of_sandbox =
            word("run") == Some(&self.run) && word("target").is_some_and(is_sandbox);
        is_of_sandbox.then(|| self.told_of_a_sandbox())
    }

    /// This command imports into a sandbox.
    fn told_for_a_sandbox(&self) -> Bilingual {
        both!(
            "this goes into a sandbox, which knows nothing of run {run}, whose records the file \
             corrects: they are imported as an input of their own, nothing of it reaches an ERP, \
             and in that run they still have failed",
            "das geht in eine Sandbox, die vom Lauf {run} nichts weiß, dessen Datensätze die Datei \
             berichtigt: sie werden als eigene Eingabe importiert, nichts davon kommt in eine \
             Wawi, und in jenem Lauf gelten sie weiter als gescheitert",
            run = id_shown(&self.run)
        )
    }

    /// The file's run went into a sandbox that is gone.
    fn told_of_a_sandbox(&self) -> Bilingual {
        both!(
            "run {run}, whose records this file corrects, went into a sandbox, and nothing of it \
             into an ERP: here only the records of this file are imported, as an input of their \
             own; the run's whole input has the others",
            "der Lauf {run}, dessen Datensätze diese Datei berichtigt, ging in eine Sandbox und \
             nichts davon in eine Wawi: hier werden nur die Datensätze dieser Datei importiert, \
             als eigene Eingabe; die anderen stehen in der ganzen Eingabe des Laufs",
            run = id_shown(&self.run)
        )
    }
}

/// What is said of a file that has some of a returned one's columns, but not those by which it
/// corrects its run.
pub(super) fn unlinked(source: &Source, input: &str) -> Option<Bilingual> {
    let header = &source.facts().header;
    let has = |wanted: &str| header.iter().any(|name| name.trim() == wanted);
    let lost: Vec<&str> = ["_run", "_record"]
        .into_iter()
        .filter(|name| !has(name))
        .collect();
    let is_one = lost.len() == 1 || has("_message") && has("_code");
    (is_one && !lost.is_empty()).then(|| {
        both!(
            "{input} looks like records that come back corrected, but has no column {lost}: it is \
             imported as an input of its own, and in their run these records still have failed. \
             Leave the added columns as they come",
            "{input} sieht nach Datensätzen aus, die berichtigt zurückkommen, hat aber keine Spalte \
             {lost}: die Datei wird als eigene Eingabe importiert, und in ihrem Lauf gelten diese \
             Datensätze weiter als gescheitert. Die hinzugefügten Spalten lassen, wie sie kommen",
            lost = lost.join(", ")
        )
    })
}

/// Whether the target is a sandbox of `run --sandbox`, in a lasting journal or in none.
fn is_sandbox(target: &str) -> bool {
    let rest = target.strip_prefix(SANDBOX);
    rest.is_some_and(|rest| {
        let id = rest.strip_prefix(' ');
        rest.is_empty() || id.is_some_and(|id| Uuid::parse_str(id).is_ok())
    })
}

/// A run's id as a file names it. What is none may be anything that slipped into the column.
fn id_shown(named: &str) -> &str {
    let id = named.strip_prefix(DRY_RUN).unwrap_or(named);
    match Uuid::parse_str(id) {
        Ok(_) => named,
        Err(_) => "…",
    }
}

/// The record that is named.
fn number_of(named: &Named, path: &Path, line: u64) -> Result<u64, ReturnedError> {
    let why = match (named.run.is_empty(), named.record.is_empty()) {
        (true, _) => both!("`_run` is empty", "`_run` ist leer"),
        (_, true) => both!("`_record` is empty", "`_record` ist leer"),
        _ => match named.record.parse() {
            Ok(number) if number > 0 => return Ok(number),
            _ => both!(
                "`_record` is no record's number",
                "`_record` ist keine Nummer eines Datensatzes"
            ),
        },
    };
    Err(ReturnedError::Unclear {
        path: path.to_owned(),
        line,
        why,
    })
}

/// Cells as a JSON array, an object as it is.
fn write_fields(record: &Record, to: &mut Vec<u8>) -> io::Result<()> {
    match &record.fields {
        Fields::Cells(cells) => serde_json::to_writer(to, &cells.iter().collect::<Vec<_>>())?,
        Fields::Object(object) => serde_json::to_writer(to, object)?,
    }
    Ok(())
}

impl Link {
    /// Every correcting record, by the record that it corrects.
    pub(super) fn corrections(
        &mut self,
    ) -> io::Result<impl Iterator<Item = io::Result<Correction>> + use<'_>> {
        let pairs = self.rows.iter()?;
        Ok(pairs.map(|pair| pair.map(|pair| Correction::from_pair(&pair))))
    }

    /// Every correcting record with what it holds; none for one that could not be read.
    pub(super) fn rows(
        &mut self,
    ) -> io::Result<impl Iterator<Item = io::Result<(Correction, Option<Value>)>> + use<'_>> {
        let mut cells = &self.cells;
        let pairs = self.rows.iter()?;
        Ok(pairs.map(move |pair| {
            let correction = Correction::from_pair(&pair?);
            let (offset, length) = correction.kept;
            if length == 0 {
                return Ok((correction, None));
            }
            cells.seek(SeekFrom::Start(offset))?;
            let value = serde_json::from_reader(cells.take(length))?;
            Ok((correction, Some(value)))
        }))
    }

    /// Makes sure that each record of the run is corrected once at most, is there, and has been
    /// dealt with. Records that are `settled` in this run need not be looked at.
    pub(super) fn verify(
        &mut self,
        journal: &Journal,
        settled: &SettledSet,
        folder: &Path,
    ) -> Result<(), ImportError> {
        let spool = |error: io::Error| ImportError::spool(folder, error);
        let (path, run) = (self.path.clone(), self.of.id.clone());
        let read = self.of.read.unwrap_or_default();
        let mut before: Option<Correction> = None;
        for correction in self.corrections().map_err(spool)? {
            let correction = correction.map_err(spool)?;
            let (record, line) = (correction.of, correction.position.line);
            let (path, run) = (path.clone(), run.clone());
            if let Some(before) = before.replace(correction)
                && before.of == record
            {
                let first_line = before.position.line;
                return Err(ReturnedError::Repeated {
                    path,
                    run,
                    record,
                    first_line,
                    line,
                }
                .into());
            }
            if record > read {
                return Err(ReturnedError::Beyond {
                    path,
                    run,
                    record,
                    line,
                    read,
                }
                .into());
            }
            if !settled.contains(correction.position.record)
                && journal.outcome(&run, record)?.is_none()
            {
                return Err(ReturnedError::StillOpen {
                    path,
                    run,
                    record,
                    line,
                }
                .into());
            }
        }
        Ok(())
    }

    /// Notes in the journal which record corrects which.
    pub(super) fn note(
        &mut self,
        journal: &mut Journal,
        run: &str,
        folder: &Path,
    ) -> Result<(), ImportError> {
        let spool = |error: io::Error| ImportError::spool(folder, error);
        let of = self.of.id.clone();
        let mut batch = Vec::with_capacity(BATCH);
        for correction in self.corrections().map_err(spool)? {
            let correction = correction.map_err(spool)?;
            batch.push((correction.position.record, correction.of));
            if batch.len() == BATCH {
                journal.correct(run, &of, &batch)?;
                batch.clear();
            }
        }
        journal.correct(run, &of, &batch)?;
        Ok(())
    }

    /// Settles the records that need not be sent, or must not: those that did not fail in the
    /// run that they name, and those that were created in another run that corrects it. What
    /// may have been created, or is open again there, is told only when `late`: when everything
    /// else is known.
    pub(super) fn settle(
        &mut self,
        findings: &mut JournalFindings<'_>,
        asks_erp: bool,
        late: bool,
        folder: &Path,
    ) -> Result<(), ImportError> {
        let spool = |error: io::Error| ImportError::spool(folder, error);
        let of = self.of.id.clone();
        let mut leads = Leads::new(&of);
        for correction in self.corrections().map_err(spool)? {
            let correction = correction.map_err(spool)?;
            let record = correction.position.record;
            if findings.has(record) {
                continue;
            }
            let lead = leads.of(findings.journal(), correction.of)?;
            let is_further = lead.record != correction.of;
            let outcome = match lead.settled.map(|named| named.outcome) {
                Some(Outcome::Invalid { .. } | Outcome::Refused { .. }) => {
                    match findings.elsewhere(record)? {
                        Elsewhere::Created { id, number } if !asks_erp => {
                            Some(Outcome::Skipped { id, number })
                        }
                        Elsewhere::Unknown { .. } | Elsewhere::Open { .. } => Some(waiting()),
                        Elsewhere::Free | Elsewhere::Created { .. } => None,
                    }
                }
                // It is open again: its own run sends it, perhaps under another key.
                Some(Outcome::Unknown { .. }) | None => Some(waiting()),
                Some(Outcome::Ready) => None,
                // Its customer is dealt with, by its own first record.
                Some(Outcome::LeftOut) if is_further => Some(Outcome::LeftOut),
                Some(_) if is_further => Some(Outcome::Grouped),
                Some(Outcome::Created { id, number, .. }) => Some(Outcome::Skipped { id, number }),
                Some(other) => Some(other),
            };
            let Some(outcome) = outcome else {
                continue;
            };
            if late || !matches!(outcome, Outcome::Unknown { .. }) {
                findings.keep(Settled {
                    position: correction.position,
                    key_hash: None,
                    payload: None,
                    outcome,
                    at: Timestamp::now(),
                })?;
            }
        }
        Ok(())
    }

    /// The file that corrects.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn waiting() -> Outcome {
    Outcome::Unknown {
        why: UnknownWhy::EarlierUnknown,
        attempts: 0,
    }
}

/// What a run has to do with others, by the journal; none if nothing.
pub(super) fn linked(journal: &Journal, row: &RunRow) -> Result<Option<Box<Linked>>, ImportError> {
    let family = journal.family(&row.id)?;
    Ok(family.map(|family| {
        Box::new(Linked {
            to: row.linked_to.clone(),
            corrected_by: family.corrected_by,
            first: family.first,
            runs: family.runs,
            totals: Some(family.totals),
            altered: Vec::new(),
        })
    }))
}
