//! The report of an old run, written again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::join::{Beside, bind_joined};
use super::super::summing::Facts;
use super::super::{Events, ImportError, Listener};
use super::{Outcomes, Reporting, shape_of};
use crate::journal::{Journal, JournalError, RunRow, lock};
use crate::mapping::Mapping;
use crate::outcome::{Ending, Summary};
use crate::report::{self, Report, ReportSettings};
use crate::source::{Source, SourceError, SourceSettings};

/// A run of the past whose report is to be written again.
pub struct OldRun<'a> {
    /// The journal.
    pub journal: &'a mut Journal,
    /// The run.
    pub row: RunRow,
    /// Its input, if it is not where it was.
    pub input: Option<PathBuf>,
    /// Where and how the report is written.
    pub report: ReportSettings,
    /// Where intermediate results may be kept.
    pub state_dir: &'a Path,
    /// Who hears of it.
    pub events: Events,
    /// What somebody outside wants.
    pub signal: tokio::sync::watch::Receiver<crate::deliver::driver::Signal>,
    /// The command line, for those who find the target locked.
    pub command_line: &'a str,
}

/// Writes the report of an old run again, from the journal and the input.
///
/// # Errors
/// If the input is gone or another one, the run was forgotten, or the report cannot be written.
pub fn report_again(mut old: OldRun<'_>) -> Result<Summary, ImportError> {
    let id = old.row.id.clone();
    // Whoever forgets the run waits until it is there. Beside a run at work nothing is forgotten
    // either, unless that run ends meanwhile; so its row is looked at once more in the end.
    let holder = super::super::live::holder(old.command_line);
    let _lock = match lock(old.state_dir, &old.row.target, &holder) {
        Ok(lock) => Some(lock),
        Err(JournalError::Held { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let gone = || ImportError::NoSuchRun(id.clone());
    super::super::moving::note_left_of(old.journal, old.state_dir, &id)?;
    old.row = old.journal.run(&id)?.ok_or_else(gone)?;
    Report::check(&old.report)?;
    let report = Report::prepare(&old.report, &id)?;
    super::super::which::note_report(old.journal, &id, report.folder())?;
    let written = write_again(&mut old, &report);
    if old.journal.run(&id)?.is_none() {
        // Nobody would find this report any more.
        report::erase(report.folder())?;
        return Err(gone());
    }
    written
}

/// Opens the run's input as the run did: the one that is `named`, or where it is known to lie.
fn open_input(
    row: &RunRow,
    named: Option<&Path>,
    mapping: &Mapping,
) -> Result<(Source, SourceSettings), ImportError> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => super::super::which::input_of(row),
    };
    let typed = super::super::which::ParseOptions::settings_from(row);
    let settings = super::super::settings_for(&path, &typed, mapping)?;
    let source = Source::open(&path, &settings).map_err(|error| match error {
        SourceError::Missing { path, .. } if named.is_none() => ImportError::InputGone {
            run: row.id.clone(),
            path,
        },
        error => error.into(),
    })?;
    Ok((source, settings))
}

fn write_again(old: &mut OldRun<'_>, report: &Report) -> Result<Summary, ImportError> {
    let (row, journal) = (&old.row, &mut *old.journal);
    let listener = Listener {
        events: Arc::clone(&old.events),
        signal: old.signal.clone(),
        told: std::cell::Cell::new(None),
    };
    let mapping = if row.mapping_text.is_empty() {
        Mapping::passthrough()
    } else {
        Mapping::parse(&row.mapping, &row.mapping_text)?
    };
    let options = super::super::which::options_from(row);
    let (source, settings) = open_input(row, old.input.as_deref(), &mapping)?;
    // The second file stays where it was when the input is moved.
    let folder = row.input_path.as_deref().and_then(Path::parent);
    let others: Vec<PathBuf> = folder.map(Path::to_owned).into_iter().collect();
    let beside = Beside {
        input: &row.input,
        state_dir: Some(old.state_dir),
        others: &others,
        folder: old.state_dir,
        check: &|| listener.check_signal(),
    };
    let mut pipeline = bind_joined(&mapping, &source, options.allow_unkeyed, &beside)?;
    pipeline.tell(options.names)?;
    if let Some(join) = &pipeline.join
        && super::super::plan_hash(&mapping, &settings, &pipeline) != row.plan_hash
    {
        return Err(ImportError::OtherSecondFile {
            path: join.path().to_owned(),
        });
    }
    let mut survey = super::super::survey::survey(
        &source,
        &pipeline,
        &super::super::apart::Apart::new(),
        &mut super::super::dry::Nowhere,
        &listener,
        old.state_dir,
    )?;
    if survey.fingerprint.hash != row.source_hash {
        return Err(ImportError::OtherInput {
            path: source.path().to_owned(),
        });
    }
    let counts = super::super::which::counts_of(row, survey.read);
    let facts = Facts {
        run: row.id.clone(),
        dry_run: false,
        resumed: false,
        input: row.input.clone(),
        input_hash: survey.fingerprint.hex(),
        source: source.facts().describe(),
        mapping: row.mapping.clone(),
        mapping_hash: super::super::which::hex(&row.plan_hash),
        target: Some(row.target.clone()),
        workflows: options.workflows,
        shape: shape_of(&source),
        started: row.started,
        report_dir: report.folder().display().to_string(),
    };
    let ending = row.ending_now().unwrap_or(Ending::Interrupted);
    let mut summary = facts.summary(ending, counts);
    summary.exit_code = row.code_now().unwrap_or(summary.exit_code);
    summary.linked = super::super::returned::linked(journal, row)?;
    super::super::noted::tell_noted(row, !mapping.is_passthrough(), &mut summary);
    let reporting = Reporting {
        source: &source,
        pipeline: &pipeline,
        report,
        outcomes: Outcomes::Journal(journal, &row.id),
        listener: &listener,
        payloads: None,
    };
    reporting.write(&mut survey, &mut summary, |summary| {
        if let Some(finished) = row.finished {
            summary.finished = finished;
        }
    })?;
    Ok(summary)
}
