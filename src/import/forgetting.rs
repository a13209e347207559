//! Forgetting runs, customers and targets: out of the journal, out of the reports, and with
//! what was kept of stdin. Only the inputs themselves are the user's own.
//!
//! Reports go first and the journal last: whoever is killed in between finds in the journal
//! what is still to be done.

mod failed;
mod spool;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use uuid::Uuid;

use super::ImportError;
use super::returned::DRY_RUN;
use super::settings::SANDBOX;
use super::which::{self, options_from};
use crate::customer::normalise_key;
use crate::journal::{Journal, RunRow, TargetLock, Traces, lock};
use crate::outcome::{Bilingual, Ending, Outcome, both};
use crate::report::{self, Erased, Mention};
use failed::{Partner, failed_records};
use spool::Spool;

/// What is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToForget {
    /// One run, by the beginning of its id.
    Run(String),
    /// All runs whose last sign of life is from before this time.
    Before(Timestamp),
    /// The customer with this number or key, in all runs and targets.
    Customer(String),
    /// A target with all its runs and its guard.
    Target(String),
}

/// A request to forget.
pub struct Forget<'a> {
    /// What.
    pub what: ToForget,
    /// Also what is unfinished or unknown.
    pub force: bool,
    /// The state folder.
    pub state_dir: &'a Path,
    /// Where reports are looked for, beside the folders that the journal knows.
    pub report_dir: &'a Path,
    /// What others are told who meet our locks.
    pub command: &'a str,
    /// Asked with a question before anything is changed; false: nothing is. None if nobody is
    /// there to be asked.
    pub confirm: Option<&'a dyn Fn(&Bilingual) -> bool>,
}

/// What was forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The ids of the runs that are gone.
    pub runs: Vec<String>,
    /// The customer's records, in the runs that stay.
    pub records: u64,
    /// What became of the reports.
    pub reports: Erased,
    /// Files of reports that mentioned the customer and could not be taken apart, so that they
    /// went as a whole.
    pub removed: Vec<PathBuf>,
    /// Files of failed records whose customers a second file (`[join]`) names, which is not there
    /// any more: they may hold rows of the customer still.
    pub untold: BTreeSet<PathBuf>,
    /// Copies of stdin that were removed.
    pub spooled: u64,
    /// Runs that are old enough but stay, and why.
    pub kept: Vec<Kept>,
    /// Inputs, as their runs name them, that the forgotten came from.
    pub inputs: BTreeSet<String>,
    /// Whether an earlier forgetting, that was cut short, was brought to its end.
    pub completed: bool,
}

/// Where a customer stands in the reports.
#[derive(Default)]
struct InReports {
    /// Its records by run.
    records: BTreeMap<String, BTreeSet<u64>>,
    /// Files of failed records that mention it, and are not what their runs wrote any more.
    unreadable: BTreeSet<PathBuf>,
    /// Such files of which nobody can tell whose records they hold.
    untold: BTreeSet<PathBuf>,
}

/// A run that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub run: String,
    /// Its records of which nobody knows what became of them; 0: it is unfinished.
    pub unknown: u64,
}

impl Kept {
    fn refusal(self) -> ImportError {
        ImportError::StillNeeded {
            run: self.run,
            unknown: self.unknown,
        }
    }
}

impl Forget<'_> {
    /// Forgets.
    ///
    /// # Errors
    /// If there is no such run or target, a run is at work, something is still needed
    /// ([`ImportError::StillNeeded`], [`ImportError::StillSpooled`]), or journal or reports
    /// cannot be changed. The same command then goes on where it stopped.
    pub fn run(&self) -> Result<Forgotten, ImportError> {
        let Some(mut journal) = Journal::open_existing(self.state_dir)? else {
            return match &self.what {
                ToForget::Run(run) => Err(ImportError::NoSuchRun(run.clone())),
                ToForget::Target(name) => Err(no_such_target(name, Vec::new())),
                _ => Ok(Forgotten::default()),
            };
        };
        let _locks = self.lock_all(&journal)?;
        let mut forgotten = Forgotten {
            completed: journal.erase()?,
            ..Forgotten::default()
        };
        match &self.what {
            ToForget::Run(run) => self.run_by_id(run, &mut journal, &mut forgotten)?,
            ToForget::Before(limit) => self.older_runs(*limit, &mut journal, &mut forgotten)?,
            ToForget::Customer(number) => self.customer(number, &mut journal, &mut forgotten)?,
            ToForget::Target(name) => self.target(name, &mut journal, &mut forgotten)?,
        }
        forgotten.spooled += Spool::of(self.state_dir).remove_ownerless(&journal.runs()?)?;
        journal.erase()?;
        journal.close()?;
        Ok(forgotten)
    }

    /// Nobody may be at work in the whole state folder: the journal's file is written anew.
    fn lock_all(&self, journal: &Journal) -> Result<Vec<TargetLock>, ImportError> {
        let holder = super::live::holder(self.command);
        let mut locks = Vec::new();
        for target in journal.targets()? {
            locks.push(lock(self.state_dir, &target, &holder)?);
        }
        Ok(locks)
    }

    fn ask(&self, question: &Bilingual) -> Result<(), ImportError> {
        match self.confirm {
            None => Err(ImportError::NobodyToAsk),
            Some(confirm) if confirm(question) => Ok(()),
            Some(_) => Err(ImportError::Unforgotten),
        }
    }

    fn run_by_id(
        &self,
        run: &str,
        journal: &mut Journal,
        forgotten: &mut Forgotten,
    ) -> Result<(), ImportError> {
        let Some(row) = journal.run(run)? else {
            // The same command once more, after it was killed.
            return if forgotten.completed {
                Ok(())
            } else {
                Err(ImportError::NoSuchRun(run.to_owned()))
            };
        };
        if let Some(kept) = self.still_needed(journal, &row)? {
            return Err(kept.refusal());
        }
        self.ask(&both!(
            "Forget run {run} ({input} into {target}, {created} created) with its report?",
            "Lauf {run} ({input} nach {target}, {created} angelegt) mit seinem Bericht vergessen?",
            run = &row.id,
            input = &row.input,
            target = &row.target,
            created = row.counts.created
        ))?;
        self.forget_rows(&[row], journal, forgotten)
    }

    fn older_runs(
        &self,
        limit: Timestamp,
        journal: &mut Journal,
        forgotten: &mut Forgotten,
    ) -> Result<(), ImportError> {
        let mut rows = Vec::new();
        for row in journal.runs()? {
            if last_sign_of(&row) >= limit {
                continue;
            }
            match self.still_needed(journal, &row)? {
                Some(kept) => forgotten.kept.push(kept),
                None => rows.push(row),
            }
        }
        let rehearsals = self.rehearsals(&journal.runs()?)?;
        let rehearsals: Vec<PathBuf> = rehearsals
            .into_iter()
            .filter(|folder| begun_at(folder).is_some_and(|at| at < limit))
            .collect();
        if rows.is_empty() && rehearsals.is_empty() {
            return Ok(());
        }
        let what = runs_and_rehearsals(rows.len(), rehearsals.len());
        self.ask(&both!([what] "Forget {what}?", "Vergessen: {what}?"))?;
        for folder in rehearsals {
            forgotten.reports.add(report::erase(&folder)?);
        }
        self.forget_rows(&rows, journal, forgotten)
    }

    fn target(
        &self,
        name: &str,
        journal: &mut Journal,
        forgotten: &mut Forgotten,
    ) -> Result<(), ImportError> {
        let known = journal.targets()?;
        if !known.iter().any(|known| known == name) {
            return if forgotten.completed {
                Ok(())
            } else {
                Err(no_such_target(name, known))
            };
        }
        let mut rows = journal.runs()?;
        rows.retain(|row| row.target == name);
        for row in &rows {
            if let Some(kept) = self.still_needed(journal, row)? {
                return Err(kept.refusal());
            }
        }
        let runs = match rows.len() {
            1 => both!("1 run, its report", "1 Lauf, seinem Bericht"),
            runs => both!(
                "{runs} runs, their reports",
                "{runs} Läufen, ihren Berichten"
            ),
        };
        self.ask(&both!([runs, name = Bilingual::same(name)]
            "Forget target {name} with {runs} and the guard against sending its customers again?",
            "Ziel {name} mit {runs} und dem Schutz davor vergessen, dass seine Kunden noch einmal \
             gesendet werden?"
        ))?;
        self.forget_traces_of(&rows, journal, forgotten)?;
        journal.forget_target(name)?;
        Ok(())
    }

    fn forget_rows(
        &self,
        rows: &[RunRow],
        journal: &mut Journal,
        forgotten: &mut Forgotten,
    ) -> Result<(), ImportError> {
        self.forget_traces_of(rows, journal, forgotten)?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        journal.forget_runs(&ids)?;
        Ok(())
    }

    /// Erases the reports and copies of stdin of runs that are about to leave the journal.
    fn forget_traces_of(
        &self,
        rows: &[RunRow],
        journal: &Journal,
        forgotten: &mut Forgotten,
    ) -> Result<(), ImportError> {
        for row in rows {
            for folder in self.report_folders(row) {
                forgotten.reports.add(report::erase(&folder)?);
            }
            if row.input != "-" {
                forgotten.inputs.insert(place_of(row));
            }
            forgotten.runs.push(row.id.clone());
        }
        let (gone, others): (Vec<RunRow>, Vec<RunRow>) = journal
            .runs()?
            .into_iter()
            .partition(|row| rows.iter().any(|gone| gone.id == row.id));
        forgotten.spooled += Spool::of(self.state_dir).remove_of(&gone, &others)?;
        Ok(())
    }

    /// Why a run cannot be forgotten, if that was not insisted upon.
    fn still_needed(&self, journal: &Journal, row: &RunRow) -> Result<Option<Kept>, ImportError> {
        if self.force {
            return Ok(None);
        }
        let unknown = journal.count_open(&row.id)?;
        // Of what was too invalid to be sent nothing was sent.
        let unfinished = row.is_unfinished() && row.ending != Some(Ending::TooManyInvalid);
        Ok((unknown > 0 || unfinished).then(|| Kept {
            run: row.id.clone(),
            unknown,
        }))
    }

    fn customer(
        &self,
        number: &str,
        journal: &mut Journal,
        forgotten: &mut Forgotten,
    ) -> Result<(), ImportError> {
        let key = normalise_key(number);
        if key.is_empty() {
            return Ok(());
        }
        let mention = {
            let key = key.clone();
            Mention::new(number, move |text| normalise_key(text) == key)
        };
        let traces = journal.traces(&key, &|text| mention.is(text))?;
        if let Some(open) = traces.open.first() {
            let in_run = traces.open.iter().filter(|other| other.run == open.run);
            return Err(ImportError::StillNeeded {
                run: open.run.clone(),
                unknown: in_run.count() as u64,
            });
        }
        let rows = journal.runs()?;
        let spool = Spool::of(self.state_dir);
        let spooled = spool.with(&rows, &mention)?;
        let InReports {
            records,
            unreadable,
            untold,
        } = self.customer_in_reports(journal, &rows, &traces, &mention)?;
        let mut rehearsals = Vec::new();
        for folder in self.rehearsals(&rows)? {
            if report::mentions(&folder, &mention)? {
                rehearsals.push(folder);
            }
        }
        let is_in_journal = !traces.is_empty() || records.values().any(|of| !of.is_empty());
        let is_in_files = !(unreadable.is_empty() && untold.is_empty() && spooled.is_empty());
        if !is_in_journal
            && !is_in_files
            && rehearsals.is_empty()
            && !self.is_in_reports(&rows, &mention)?
        {
            return Ok(());
        }
        let known = traces.records.len();
        let known = match known {
            1 => both!("1 record", "1 Datensatz"),
            _ => both!("{known} records", "{known} Datensätze"),
        };
        self.ask(&both!([known, number = Bilingual::same(number)]
            "Forget customer {number}: {known} in the journal, and its rows in the reports?",
            "Den Kunden {number} vergessen: {known} im Journal und seine Zeilen in den Berichten?"
        ))?;
        forgotten.untold = untold;
        for file in unreadable {
            fs::remove_file(&file).map_err(|error| ImportError::spool(&file, error))?;
            forgotten.reports.files += 1;
            forgotten.removed.push(file);
        }
        for row in &rows {
            let none = BTreeSet::new();
            let records = records.get(&row.id).unwrap_or(&none);
            let mut here = Erased::default();
            for folder in self.report_folders(row) {
                here.add(report::erase_customer(&folder, records, &mention)?);
            }
            if (!records.is_empty() || here.rows > 0) && row.input != "-" {
                forgotten.inputs.insert(place_of(row));
            }
            forgotten.reports.add(here);
        }
        for folder in rehearsals {
            forgotten.reports.add(report::erase(&folder)?);
        }
        forgotten.spooled += spool.remove(&spooled)?;
        forgotten.records = traces.records.len() as u64;
        if !traces.is_empty() {
            journal.forget_customer(&traces)?;
        }
        Ok(())
    }

    /// Where the customer stands in the reports: the records that the journal knows, and those
    /// that never had their number checked, which stand in the files of failed records only.
    fn customer_in_reports(
        &self,
        journal: &Journal,
        rows: &[RunRow],
        traces: &Traces,
        customer: &Mention,
    ) -> Result<InReports, ImportError> {
        let mut found = InReports::default();
        for trace in &traces.records {
            found
                .records
                .entry(trace.run.clone())
                .or_default()
                .insert(trace.record);
        }
        for row in rows {
            let inputs = input_folders(rows, row);
            let partner = Partner {
                state_dir: self.state_dir,
                folders: &inputs,
            };
            for folder in self.report_folders(row) {
                for file in report::failed_files(&folder)? {
                    match failed_records(row, &file, customer, &partner) {
                        Ok(told) => {
                            let entry = found.records.entry(row.id.clone());
                            entry.or_default().extend(told.records);
                            if !told.is_sure {
                                found.untold.insert(file);
                            }
                        }
                        // Somebody edited it, and what it says of whom cannot be told any more.
                        Err(ImportError::Source(_) | ImportError::Mapping(_)) => {
                            let failed = |error| ImportError::spool(&file, error);
                            if customer.is_in(&file).map_err(failed)? {
                                found.unreadable.insert(file);
                            }
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        for (run, records) in &mut found.records {
            with_further(journal, run, records)?;
        }
        Ok(found)
    }

    /// Whether a report of these runs mentions the customer.
    fn is_in_reports(&self, rows: &[RunRow], customer: &Mention) -> Result<bool, ImportError> {
        for folder in rows.iter().flat_map(|row| self.report_folders(row)) {
            if report::mentions(&folder, customer)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The folders with a run's report: those that the journal knows, and the usual one.
    fn report_folders(&self, row: &RunRow) -> BTreeSet<PathBuf> {
        let mut folders: BTreeSet<PathBuf> = options_from(row)
            .report_folders
            .into_iter()
            .map(PathBuf::from)
            .collect();
        folders.insert(which::absolute(&self.report_dir.join(&row.id)));
        folders
    }

    /// The report folders that no journal knows, beside those of runs: of dry runs, and of runs
    /// into a sandbox that went with its journal.
    fn rehearsals(&self, rows: &[RunRow]) -> Result<Vec<PathBuf>, ImportError> {
        let mut parents: BTreeSet<PathBuf> = rows
            .iter()
            .flat_map(|row| self.report_folders(row))
            .filter_map(|folder| folder.parent().map(Path::to_owned))
            .collect();
        parents.insert(which::absolute(self.report_dir));
        let mut found = Vec::new();
        for parent in parents.into_iter().filter(|parent| parent.is_dir()) {
            let failed = |error| ImportError::spool(&parent, error);
            for entry in fs::read_dir(&parent).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.is_dir() && !path.is_symlink() && is_rehearsal(&path, rows) {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// What is old enough to be forgotten; something is.
fn runs_and_rehearsals(runs: usize, rehearsals: usize) -> Bilingual {
    let told = match runs {
        1 => both!("1 run with its report", "1 Lauf mit seinem Bericht"),
        _ => both!(
            "{runs} runs with their reports",
            "{runs} Läufe mit ihren Berichten"
        ),
    };
    let others = match rehearsals {
        0 => return told,
        1 => both!(
            "the report of a dry run or of a run into a sandbox",
            "den Bericht eines Probelaufs oder eines Laufs in eine Sandbox"
        ),
        _ => both!(
            "the reports of {rehearsals} dry runs and runs into a sandbox",
            "die Berichte von {rehearsals} Probeläufen und Läufen in eine Sandbox"
        ),
    };
    match runs {
        0 => others,
        _ => both!([told, others] "{told}, and {others}", "{told} und {others}"),
    }
}

/// Where the run's input lies, as people named it, or where it was moved since.
fn place_of(row: &RunRow) -> String {
    let moved = options_from(row).moved_to;
    moved.unwrap_or_else(|| row.input.clone())
}

/// The folders that the input lay in, and those that it corrects.
fn input_folders(rows: &[RunRow], row: &RunRow) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut next = Some(row);
    while let Some(row) = next.filter(|_| folders.len() < 100) {
        let folder = row.input_path.as_deref().and_then(Path::parent);
        folders.push(folder.unwrap_or(Path::new("")).to_owned());
        let linked = row.linked_to.as_ref();
        next = linked.and_then(|id| rows.iter().find(|row| row.id == *id));
    }
    folders
}

/// Adds the further records of customers of several (`[group]`): those that stand right behind.
fn with_further(
    journal: &Journal,
    run: &str,
    records: &mut BTreeSet<u64>,
) -> Result<(), ImportError> {
    let leads: Vec<u64> = records.iter().copied().collect();
    for lead in leads {
        let mut next = lead + 1;
        while let Some(settled) = journal.outcome(run, next)?
            && settled.outcome == Outcome::Grouped
        {
            records.insert(next);
            next += 1;
        }
    }
    Ok(())
}

fn no_such_target(name: &str, known: Vec<String>) -> ImportError {
    ImportError::NoSuchTarget {
        name: name.to_owned(),
        known,
    }
}

/// The latest time that the journal has of a run.
fn last_sign_of(row: &RunRow) -> Timestamp {
    row.finished
        .map_or(row.started, |finished| finished.max(row.started))
}

/// Whether the folder is the report of a dry run, or of a run into a sandbox that is in no
/// journal.
fn is_rehearsal(folder: &Path, rows: &[RunRow]) -> bool {
    let name = folder.file_name().unwrap_or_default();
    begun_at(folder).is_some()
        && (name.to_string_lossy().starts_with(DRY_RUN)
            || !rows.iter().any(|row| name == row.id.as_str())
                && report::target_of(folder).is_some_and(|target| target == SANDBOX))
}

/// When the run began whose report this folder is; none if it is something else.
fn begun_at(folder: &Path) -> Option<Timestamp> {
    let name = folder.file_name()?.to_str()?;
    let id = name.strip_prefix(DRY_RUN).unwrap_or(name);
    let (seconds, nanoseconds) = Uuid::parse_str(id).ok()?.get_timestamp()?.to_unix();
    let seconds = i64::try_from(seconds).ok()?;
    Timestamp::new(seconds, i32::try_from(nanoseconds).ok()?).ok()
}
