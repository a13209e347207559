//! The report: the input is read once more, beside the outcomes, in constant memory.

mod customer;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::cures::Cures;
use super::groups::Group;
use super::join::{Beside, bind_joined};
use super::pipeline::{Examined, Pipeline};
use super::probe::Found;
use super::summing::{Causes, Facts};
use super::survey::{Repeat, Repeats, Survey};
use super::{Events, ImportError, Listener};
use crate::customer::Value;
use crate::journal::{Journal, JournalError, RunRow, lock};
use crate::mapping::{Mapping, Tally};
use crate::outcome::{
    Ending, FieldError, Outcome, Phase, Progress, RunEvent, Settled, Severity, Stage, Summary,
    Traffic,
};
use crate::report::{self, Head, Input, Report, ReportSettings, Row, Rows, Shape};
use crate::source::{Entry, Format, Source};

/// Outcomes that are read from the journal at once.
const PAGE: usize = 5_000;
/// Records between two looks at the clock.
const BREATH: u64 = 1024;

/// Where outcomes come from.
pub(super) enum Outcomes<'a> {
    /// The journal's, for one run.
    Journal(&'a Journal, &'a str),
    /// A dry run has none but what the record itself shows.
    Dry,
    /// As a dry run's, and these customers are in the ERP (`--probe`).
    Probed(&'a Found),
}

/// The journal's outcomes in the order of the records.
struct Pages<'a> {
    from: &'a Outcomes<'a>,
    page: VecDeque<Settled>,
    last: u64,
    ended: bool,
}

impl Pages<'_> {
    /// The outcome of `record`, if it has one. Records must be asked for in their order.
    fn of(&mut self, record: u64) -> Result<Option<Settled>, ImportError> {
        let Outcomes::Journal(journal, run) = self.from else {
            return Ok(None);
        };
        loop {
            match self.page.front() {
                Some(settled) if settled.position.record == record => {
                    return Ok(self.page.pop_front());
                }
                Some(settled) if settled.position.record > record => return Ok(None),
                Some(_) => {
                    self.page.pop_front();
                }
                None if self.ended => return Ok(None),
                None => {
                    let page = journal.outcomes(run, self.last, PAGE)?;
                    self.ended = page.len() < PAGE;
                    if let Some(last) = page.last() {
                        self.last = last.position.record;
                    }
                    self.page = page.into();
                }
            }
        }
    }
}

impl Pages<'_> {
    /// When the record was sent last, if it is unknown: of all outcomes only that one keeps
    /// its intent.
    fn last_attempt(&self, settled: &Settled) -> Result<Option<Timestamp>, ImportError> {
        match (self.from, &settled.outcome) {
            (Outcomes::Journal(journal, run), Outcome::Unknown { .. }) => {
                Ok(journal.last_attempt(run, settled.position.record)?)
            }
            _ => Ok(None),
        }
    }
}

/// What the report is made of.
pub(super) struct Reporting<'a> {
    pub source: &'a Source,
    pub pipeline: &'a Pipeline,
    pub report: &'a Report,
    pub outcomes: Outcomes<'a>,
    pub listener: &'a Listener,
    pub payloads: Option<&'a mut dyn Write>,
}

impl Reporting<'_> {
    /// Writes everything; completes the summary with what only now is known, lets `last` have
    /// a look at it, and puts it beside the other files.
    pub(super) fn write(
        mut self,
        survey: &mut Survey,
        mut summary: Summary,
        last: impl FnOnce(&mut Summary),
    ) -> Result<Summary, ImportError> {
        let dry = matches!(self.outcomes, Outcomes::Dry | Outcomes::Probed(_));
        let plan = &self.pipeline.plan;
        let mut rows = self.report.begin(Head {
            run: summary.run.clone(),
            shape: shape_of(self.source),
            report_columns: plan.report_columns().to_vec(),
            dropped: plan.dropped_columns().to_vec(),
            dry_run: dry,
        })?;
        let folder = self.report.folder().to_owned();
        let mut payloads = self.payloads.take();
        let mut causes = Causes::default();
        let cures = Cures {
            source: self.source,
            pipeline: self.pipeline,
        };
        let mut tally = Tally::default();
        let mut repeats = RepeatsBeside::new(&mut survey.repeats, &folder)?;
        let outcomes = std::mem::replace(&mut self.outcomes, Outcomes::Dry);
        let mut pages = Pages {
            from: &outcomes,
            page: VecDeque::new(),
            last: 0,
            ended: false,
        };
        let mut told = 0;
        let entries = self.source.read_again(&survey.fingerprint)?;
        for group in self.pipeline.groups(entries, self.source) {
            let group = group?;
            let position = group.position();
            if let Some(lead) = group.rest_of {
                if dry || pages.of(position.record)?.is_some() {
                    let settled = customer::settled_rest(&group, lead);
                    let nothing = Look::of_nothing();
                    self.push(&mut rows, &group.lead, &settled, &nothing, &[], &[])?;
                }
                continue;
            }
            let examined = self.pipeline.examine(&group, &mut tally);
            let again = repeats.of(position.record)?;
            let mut look = Look::new(examined, &again, self.pipeline);
            let settled = match pages.of(position.record)? {
                Some(settled) => settled,
                None if dry => look.as_settled(position, &outcomes),
                // Open: no outcome, so no row either.
                None => continue,
            };
            look.errors_for(&settled);
            look.last_attempt = pages.last_attempt(&settled)?;
            if let (Some(body), Some(to)) = (look.body_if_ready(&settled), payloads.as_mut()) {
                to.write_all(&body)
                    .and_then(|()| to.write_all(b"\n"))
                    .map_err(ImportError::Payloads)?;
            }
            causes.note(&settled, &look.errors, &look.warnings, &group, &cures);
            self.push_group(&mut rows, &group, &settled, &look)?;
            if position.record / BREATH != told {
                told = position.record / BREATH;
                self.tell(position.record, &summary);
            }
        }
        if let Some(to) = payloads {
            to.flush().map_err(ImportError::Payloads)?;
        }
        let (warned, errors, warnings) = causes.finish(summary.counts.read);
        summary.warnings = warned;
        summary.errors = errors;
        summary.warning_groups = warnings;
        summary.repairs = tally.repairs;
        summary.finished = Timestamp::now();
        last(&mut summary);
        rows.finish(&summary)?;
        Ok(summary)
    }

    fn tell(&self, done: u64, summary: &Summary) {
        self.listener.progress(|| {
            RunEvent::Progress(Progress {
                phase: Phase::Reporting,
                done,
                total: Some(summary.counts.read),
                counts: summary.counts,
                traffic: Traffic::default(),
                concurrency: 0,
                left: None,
            })
        });
    }

    fn push_group(
        &self,
        rows: &mut Rows,
        group: &Group,
        settled: &Settled,
        look: &Look,
    ) -> Result<(), ImportError> {
        let (errors, warnings) = (&look.errors, &look.warnings);
        if group.members.is_empty() {
            return self.push(rows, &group.lead, settled, look, errors, warnings);
        }
        for share in customer::shares(group, settled, errors, warnings) {
            let (settled, errors) = (&share.settled, &share.errors);
            self.push(rows, share.entry, settled, look, errors, &share.warnings)?;
        }
        Ok(())
    }

    fn push(
        &self,
        rows: &mut Rows,
        entry: &Entry,
        settled: &Settled,
        look: &Look,
        errors: &[FieldError],
        warnings: &[FieldError],
    ) -> Result<(), ImportError> {
        let plan = &self.pipeline.plan;
        let (input, values): (Input<'_>, Vec<Cow<'_, str>>) = match entry {
            Entry::Record(record) | Entry::Odd(record, _) => {
                (Input::Record(record), plan.report_values(record))
            }
            Entry::Defect(defect) => {
                let whole = defect
                    .cells
                    .as_ref()
                    .is_some_and(|cells| cells.len() <= self.source.facts().header.len());
                // Bytes of a record with a dropped column must not reappear whole; only what
                // could not be split at all has no other place.
                if defect.cells.is_none() || (!whole && plan.dropped_columns().is_empty()) {
                    self.source.copy_bytes(defect.span, rows.unreadable()?)?;
                }
                match &defect.cells {
                    Some(cells) => (Input::RawCells(cells), Vec::new()),
                    None => (Input::Unreadable, Vec::new()),
                }
            }
        };
        rows.push(&Row {
            settled,
            key: look.key.as_deref(),
            input,
            report_values: &values,
            warnings,
            errors,
            last_attempt: look.last_attempt,
        })?;
        Ok(())
    }
}

/// What the record itself shows, looked at once more.
struct Look {
    key: Option<String>,
    stage: Stage,
    left_out: bool,
    errors: Vec<FieldError>,
    warnings: Vec<FieldError>,
    body: Option<Vec<u8>>,
    /// When it was sent last, if it is unknown.
    last_attempt: Option<Timestamp>,
}

impl Look {
    fn of_nothing() -> Self {
        Self {
            key: None,
            stage: Stage::Validation,
            left_out: false,
            errors: Vec::new(),
            warnings: Vec::new(),
            body: None,
            last_attempt: None,
        }
    }

    fn new(examined: Examined<'_>, repeats: &[Repeat], pipeline: &Pipeline) -> Self {
        let mut look = Self::of_nothing();
        match examined {
            Examined::LeftOut => look.left_out = true,
            Examined::Invalid {
                stage,
                errors,
                warnings,
            } => {
                look.stage = stage;
                look.errors = errors;
                look.warnings = warnings;
            }
            Examined::Valid { customer, warnings } => {
                look.key = match customer.customer().get(pipeline.key()) {
                    Some(Value::Text(text)) => Some(text.to_string()),
                    Some(Value::DateTime(moment)) => Some(moment.to_string()),
                    Some(Value::Integer(number)) => Some(number.to_string()),
                    _ => None,
                };
                look.warnings = warnings;
                look.body = Some(customer.body());
            }
        }
        for repeat in repeats {
            let mut error = pipeline.repeat_error(repeat);
            error.value.clone_from(&look.key);
            match pipeline.rules.severity(repeat.code) {
                Severity::Error => look.errors.push(error),
                Severity::Warn => {
                    error.value = None;
                    look.warnings.push(error);
                }
                Severity::Off => {}
            }
        }
        look
    }

    /// The outcome in a dry run.
    fn as_settled(&self, position: crate::record::Position, outcomes: &Outcomes<'_>) -> Settled {
        let exists = match outcomes {
            Outcomes::Probed(found) => found.outcome(position.record),
            _ => None,
        };
        let outcome = if self.left_out {
            Outcome::LeftOut
        } else if self.errors.is_empty() {
            exists.unwrap_or(Outcome::Ready)
        } else {
            Outcome::Invalid {
                stage: self.stage,
                errors: self.errors.clone(),
            }
        };
        Settled {
            position,
            key_hash: None,
            payload: None,
            outcome,
            at: Timestamp::now(),
        }
    }

    /// An invalid record's errors: as they are seen now, with the values; else as the journal
    /// kept them (an existing key is seen by nobody but the ERP). Nobody else has any.
    fn errors_for(&mut self, settled: &Settled) {
        match &settled.outcome {
            Outcome::Invalid { errors, .. } => {
                if self.errors.is_empty() {
                    self.errors.clone_from(errors);
                    for error in &mut self.errors {
                        error.value.clone_from(&self.key);
                    }
                }
            }
            _ => self.errors.clear(),
        }
    }

    fn body_if_ready(&mut self, settled: &Settled) -> Option<Vec<u8>> {
        self.body
            .take()
            .filter(|_| settled.outcome == Outcome::Ready)
    }
}

/// The repeats beside the records.
struct RepeatsBeside<'a> {
    repeats: std::iter::Peekable<Box<dyn Iterator<Item = std::io::Result<Repeat>> + 'a>>,
    folder: &'a Path,
}

impl<'a> RepeatsBeside<'a> {
    fn new(repeats: &'a mut Repeats, folder: &'a Path) -> Result<Self, ImportError> {
        let all: Box<dyn Iterator<Item = _> + 'a> = Box::new(
            repeats
                .iter()
                .map_err(|error| ImportError::spool(folder, error))?,
        );
        Ok(Self {
            repeats: all.peekable(),
            folder,
        })
    }

    fn of(&mut self, record: u64) -> Result<Vec<Repeat>, ImportError> {
        let mut found = Vec::new();
        while let Some(repeat) = self.repeats.next_if(|repeat| match repeat {
            Ok(repeat) => repeat.position.record <= record,
            Err(_) => true,
        }) {
            let repeat = repeat.map_err(|error| ImportError::spool(self.folder, error))?;
            if repeat.position.record == record {
                found.push(repeat);
            }
        }
        Ok(found)
    }
}

/// The input's shape, in which its failures are written.
pub(super) fn shape_of(source: &Source) -> Shape {
    let facts = source.facts();
    match facts.format {
        Format::Jsonl => Shape::Lines,
        Format::Xlsx | Format::Ods => Shape::Sheet {
            header: facts.header.clone(),
            has_header: source.has_header(),
        },
        Format::Csv => Shape::Cells {
            header: facts.header.clone(),
            has_header: source.has_header(),
            delimiter: facts.delimiter,
            encoding: facts.encoding,
            bom: facts.bom,
            crlf: facts.crlf,
        },
    }
}

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
    let holder = super::live::holder(old.command_line);
    let _lock = match lock(old.state_dir, &old.row.target, &holder) {
        Ok(lock) => Some(lock),
        Err(JournalError::Held { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let gone = || ImportError::NoSuchRun(id.clone());
    old.row = old.journal.run(&id)?.ok_or_else(gone)?;
    Report::check(&old.report)?;
    let report = Report::prepare(&old.report, &id)?;
    super::which::note_report(old.journal, &id, report.folder())?;
    let written = write_again(&old, &report);
    if old.journal.run(&id)?.is_none() {
        // Nobody would find this report any more.
        report::erase(report.folder())?;
        return Err(gone());
    }
    written
}

fn write_again(old: &OldRun<'_>, report: &Report) -> Result<Summary, ImportError> {
    let (row, journal) = (&old.row, &*old.journal);
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
    let given = old.input.clone();
    let path = given
        .or_else(|| row.input_path.clone())
        .unwrap_or_else(|| PathBuf::from(&row.input));
    let options = super::which::options_from(row);
    let typed = super::which::ParseOptions::settings_from(row);
    let settings = super::settings_for(&path, &typed, &mapping)?;
    let source = Source::open(&path, &settings)?;
    let beside = Beside {
        input: &row.input,
        state_dir: Some(old.state_dir),
        others: &[],
        folder: old.state_dir,
        check: &|| listener.check_signal(),
    };
    let mut pipeline = bind_joined(&mapping, &source, options.allow_unkeyed, &beside)?;
    pipeline.tell(options.names)?;
    if let Some(join) = &pipeline.join
        && super::plan_hash(&mapping, &settings, &pipeline) != row.plan_hash
    {
        return Err(ImportError::OtherSecondFile {
            path: join.path().to_owned(),
        });
    }
    let mut survey = super::survey::survey(
        &source,
        &pipeline,
        &super::apart::Apart::new(),
        &mut super::dry::Nowhere,
        &listener,
        old.state_dir,
    )?;
    if survey.fingerprint.hash != row.source_hash {
        return Err(ImportError::OtherInput { path });
    }
    let counts = super::which::counts_of(row, survey.read);
    let facts = Facts {
        run: row.id.clone(),
        dry_run: false,
        resumed: false,
        input: row.input.clone(),
        input_hash: survey.fingerprint.hex(),
        source: source.facts().describe(),
        mapping: row.mapping.clone(),
        mapping_hash: super::which::hex(&row.plan_hash),
        target: Some(row.target.clone()),
        workflows: options.workflows,
        failed_file: shape_of(&source).failed_file().to_owned(),
        started: row.started,
        report_dir: report.folder().display().to_string(),
    };
    let ending = row.ending_now().unwrap_or(Ending::Interrupted);
    let mut summary = facts.summary(ending, counts);
    summary.exit_code = row.code_now().unwrap_or(summary.exit_code);
    summary.linked = super::returned::linked(journal, row)?;
    Reporting {
        source: &source,
        pipeline: &pipeline,
        report,
        outcomes: Outcomes::Journal(journal, &row.id),
        listener: &listener,
        payloads: None,
    }
    .write(&mut survey, summary, |summary| {
        if let Some(finished) = row.finished {
            summary.finished = finished;
        }
    })
}
