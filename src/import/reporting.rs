//! The report: the input is read once more, beside the outcomes, in constant memory.

mod again;
mod beside;
mod customer;
mod look;

use std::borrow::Cow;
use std::io::Write;
use std::ops::ControlFlow;

use jiff::Timestamp;

use super::cures::Cures;
use super::groups::Group;
use super::noted::tell_source;
use super::pipeline::Pipeline;
use super::summing::Causes;
use super::survey::{Repeat, Survey};
use super::walk::Walk;
use super::{ImportError, Listener};
use crate::mapping::Tally;
use crate::outcome::{FieldError, Outcome, Phase, Progress, RunEvent, Settled, Summary, Traffic};
use crate::record::Position;
use crate::report::{Head, Input, Report, Row, Rows, Shape};
use crate::source::{Entry, Format, Source};

pub use again::{OldRun, report_again};
pub(super) use beside::Outcomes;
use beside::{Pages, RepeatsBeside};
use look::{Look, Looking};

/// Customers in a batch.
const BATCH: usize = 128;

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
    /// a look at it, and puts it beside the other files. The summary holds what is known also if
    /// they cannot be written.
    pub(super) fn write(
        mut self,
        survey: &mut Survey,
        summary: &mut Summary,
        last: impl FnOnce(&mut Summary),
    ) -> Result<(), ImportError> {
        let outcomes = std::mem::replace(&mut self.outcomes, Outcomes::Dry);
        let (journal, outcomes) = outcomes.apart();
        self.outcomes = outcomes;
        std::thread::scope(|scope| {
            let pages = journal.map(|(journal, run)| Pages::read(scope, journal, run));
            self.write_beside(pages.transpose()?, survey, summary, last)
        })
    }

    /// The same beside the journal's outcomes; without them it is a dry run's report.
    fn write_beside(
        mut self,
        mut pages: Option<Pages>,
        survey: &mut Survey,
        summary: &mut Summary,
        last: impl FnOnce(&mut Summary),
    ) -> Result<(), ImportError> {
        let dry = pages.is_none();
        let mut rows = self.begin(&summary.run, dry)?;
        let folder = self.report.folder().to_owned();
        let mut payloads = self.payloads.take();
        let language = rows.language();
        let mut causes = Causes::new(language, summary.is_journal_gone);
        let mut attempts = 0;
        let cures = Cures {
            source: self.source,
            pipeline: self.pipeline,
        };
        let mut repeats = RepeatsBeside::new(&mut survey.repeats, &folder)?;
        let outcomes = std::mem::replace(&mut self.outcomes, Outcomes::Dry);
        let looking = Looking {
            pipeline: self.pipeline,
            noted: &survey.noted,
            wants_bodies: payloads.is_some(),
        };
        let known = &survey.fingerprint;
        let told = dry.then(|| outcomes.told(&survey.noted));
        let walk = Walk::again(self.pipeline, self.source, known)?;
        let mut walk = match &told {
            Some(told) if !looking.wants_bodies => walk.noted(told, known, survey.places.as_ref()),
            _ => walk,
        };
        let examine = |group: &Group, tally: &mut Tally| looking.at(group, tally);
        walk.batches(BATCH, examine, |batch| {
            let mut last = None;
            for (group, mut look) in batch.drain() {
                let position = group.position();
                last = Some(position.record);
                if let Some(lead) = group.rest_of {
                    if outcome_of(position, &mut pages, &mut look, &outcomes)?.is_some() {
                        let settled = customer::settled_rest(group, lead);
                        self.push(&mut rows, &group.lead, &settled, &look, &[], &[])?;
                    }
                    continue;
                }
                let again = repeats.of(position.record, |position, again| {
                    self.push_repeats(&mut rows, &mut causes, position, again)
                })?;
                look.add_repeats(&again, self.pipeline);
                let settled = outcome_of(position, &mut pages, &mut look, &outcomes)?;
                let Some(settled) = settled else { continue };
                attempts += u64::from(settled.outcome.attempts());
                look.errors_for(&settled);
                if let (Some(body), Some(to)) = (look.body_if_ready(&settled), payloads.as_mut()) {
                    to.write_all(&body)
                        .and_then(|()| to.write_all(b"\n"))
                        .map_err(ImportError::Payloads)?;
                }
                causes.note(&settled, &look.errors, &look.warnings, group, &cures, &rows);
                self.push_group(&mut rows, group, &settled, &look)?;
            }
            if let Some(last) = last {
                self.tell(last, summary);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        // No record has this number.
        repeats.of(u64::MAX, |position, again| {
            self.push_repeats(&mut rows, &mut causes, position, again)
        })?;
        if let Some(to) = payloads {
            to.flush().map_err(ImportError::Payloads)?;
        }
        causes.finish(summary);
        summary.conditions.attempts = attempts;
        tell_source(self.source, language, summary);
        summary.repairs.clone_from(&survey.tally.repairs);
        summary.finished = Timestamp::now();
        last(summary);
        rows.finish(summary)?;
        Ok(())
    }

    fn begin(&self, run: &str, dry_run: bool) -> Result<Rows, ImportError> {
        let plan = &self.pipeline.plan;
        Ok(self.report.begin(Head {
            run: run.to_owned(),
            shape: shape_of(self.source),
            report_columns: plan.report_columns().to_vec(),
            dropped: plan.dropped_columns().to_vec(),
            dry_run,
        })?)
    }

    /// Writes the warnings about a record that is odd in nothing but that it repeats another: the
    /// record itself need not be looked at for that.
    fn push_repeats(
        &self,
        rows: &mut Rows,
        causes: &mut Causes,
        position: Position,
        again: &[Repeat],
    ) -> Result<(), ImportError> {
        let mut look = Look::of_nothing();
        look.add_repeats(again, self.pipeline);
        causes.note_odd(position, &look.warnings, rows);
        let settled = Settled {
            position,
            key_hash: None,
            payload: None,
            outcome: Outcome::Ready,
            at: Timestamp::now(),
        };
        rows.push(&Row {
            settled: &settled,
            key: None,
            input: Input::Unreadable,
            report_values: &[],
            warnings: &look.warnings,
            errors: &[],
            last_attempt: None,
        })?;
        Ok(())
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
                quota: None,
                left: None,
                gives_up: None,
                waits: None,
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

/// What became of the customer that begins at `position`: as the journal has it, or without one as
/// it looks. Nothing if that is open: then it has no row either.
fn outcome_of(
    position: Position,
    pages: &mut Option<Pages>,
    look: &mut Look,
    outcomes: &Outcomes<'_>,
) -> Result<Option<Settled>, ImportError> {
    let Some(pages) = pages else {
        return Ok(Some(look.as_settled(position, outcomes)));
    };
    let kept = pages.of(position.record)?;
    look.last_attempt = kept.as_ref().and_then(|kept| kept.last_attempt);
    Ok(kept.map(|kept| kept.settled))
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
