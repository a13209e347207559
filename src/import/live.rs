//! The live run: reading, then sending, then closing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;

use super::ledger::{JournalFindings, SettledSet, TargetHashes};
use super::pipeline::Pipeline;
use super::reporting::{Outcomes, Reporting, shape_of};
use super::settings::{Existing, ImportSettings};
use super::summing::{Facts, stricter};
use super::survey::{Survey, survey};
use super::which::{
    Which, counts_of, finished_before, hex, new_run, note_report, options_from, way_on, which_run,
    workflows,
};
use super::{Import, ImportError, Listener, borrowed};
use crate::deliver::client::Client;
use crate::deliver::driver::Delivered;
use crate::journal::{Journal, RunRow};
use crate::outcome::{Ending, RunEvent, Summary, Traffic};
use crate::report::Report;
use crate::source::{Fingerprint, Source, SourceError};

/// Imports, or goes on with an import.
pub(super) fn run(import: &Import) -> Result<Summary, ImportError> {
    let settings = &import.settings;
    let target = settings.target.as_ref().ok_or(ImportError::NoTarget)?;
    Report::check(&settings.report)?;
    let (source, pipeline) = import.open()?;
    let client = Client::new(target, settings.credentials.clone(), &settings.delivery)?;
    let mut journal = Journal::open(&settings.state_dir)?;
    let identity = target.identity();
    let holder = holder(&settings.command_line);
    let _lock = crate::journal::lock(&settings.state_dir, &identity, &holder)?;
    let fingerprint = source.fingerprint()?;
    let plan_hash = import.plan_hash()?;
    let (which, word) = which_run(&mut journal, settings, &identity, &fingerprint, &plan_hash)?;
    let listener = import.listener();
    if let Some(word) = word {
        listener.tell(&RunEvent::info(word));
    }
    let (run, resumed, ended_before, again) = match which {
        Which::Finished(row) => return Ok(finished_before(import, &source, &row)),
        Which::Resumed(row) => {
            let again = options_from(&row).again;
            if again && settings.existing == Existing::Send {
                return Err(ImportError::AgainUnasked(row.id));
            }
            journal.reopen(&row.id)?;
            (row.id, true, row.ending.is_some(), again)
        }
        Which::New => {
            let run = Uuid::now_v7().to_string();
            let new = new_run(import, &run, &identity, &fingerprint, plan_hash)?;
            journal.begin(&new)?;
            (run, false, false, settings.again)
        }
    };
    let report = Report::prepare(&settings.report, &run)?;
    note_report(&mut journal, &run, report.folder())?;
    listener.tell(&RunEvent::Started {
        run: run.clone(),
        input: import.input.clone(),
        target: Some(identity.clone()),
        resumed,
    });
    listener.tell(&RunEvent::info(format!(
        "{}: {}",
        import.input,
        source.facts().describe()
    )));
    Live {
        import,
        client: Arc::new(client),
        source,
        pipeline: Arc::new(pipeline),
        target: identity,
        run: Arc::from(run),
        resumed,
        ended_before,
        again,
        report,
        listener,
        plan_hash,
        started: Timestamp::now(),
        clock: Instant::now(),
    }
    .run(journal, fingerprint)
}

/// What others are told about the holder of the lock.
pub(super) fn holder(command: &str) -> String {
    format!(
        "process {}, `{command}`, since {:.0}",
        std::process::id(),
        Timestamp::now()
    )
}

/// How to find out what became of the unknown records.
pub(super) fn tell_of_unknown(summary: &mut Summary, settings: &ImportSettings) {
    let run = &summary.run;
    let (target, journal) = (&settings.target_options, &settings.journal_options);
    summary.reconcile_with = Some(format!("importer reconcile {run}{target}"));
    summary.resolve_with = Some(format!("importer resolve {run}{journal} RECORD"));
}

/// A live run, decided upon.
pub(super) struct Live<'a> {
    pub(super) import: &'a Import,
    pub(super) client: Arc<Client>,
    pub(super) source: Source,
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) target: String,
    pub(super) run: Arc<str>,
    pub(super) resumed: bool,
    /// Whether an earlier process's part of the run came to its end.
    pub(super) ended_before: bool,
    /// Whether the ERP is asked instead of the journal which customers are there (`--again`).
    pub(super) again: bool,
    pub(super) report: Report,
    pub(super) listener: Listener,
    pub(super) plan_hash: [u8; 32],
    pub(super) started: Timestamp,
    pub(super) clock: Instant,
}

impl Live<'_> {
    pub(super) fn settings(&self) -> &ImportSettings {
        &self.import.settings
    }

    fn run(self, mut journal: Journal, fingerprint: Fingerprint) -> Result<Summary, ImportError> {
        borrowed::open_again(&mut journal, &self.run)?;
        let mut settled = SettledSet::load(&journal, &self.run)?;
        let hashes = TargetHashes::new(&journal, &self.target);
        let survey = self.read(&mut journal, &mut settled, &hashes, &fingerprint);
        let mut survey = match survey {
            Ok(survey) => survey,
            Err(error) => {
                // What cannot be used leaves no run behind that nobody could ever finish, also
                // not if the process that began it was killed.
                if !self.ended_before {
                    journal.discard(&self.run)?;
                }
                return Err(error);
            }
        };
        journal.set_read(&self.run, survey.read)?;
        let reading = self.clock.elapsed();
        let (mut journal, delivered) = if self.too_many_invalid(&journal, &survey)? {
            let delivered = Delivered {
                ending: Ending::TooManyInvalid,
                traffic: Traffic::default(),
            };
            (journal, delivered)
        } else {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| ImportError::Internal(error.to_string()))?;
            runtime.block_on(self.deliver(journal, settled, hashes, &mut survey))?
        };
        self.close(&mut journal, &mut survey, delivered, reading)
    }

    /// Pass 1.
    fn read(
        &self,
        journal: &mut Journal,
        settled: &mut SettledSet,
        hashes: &TargetHashes,
        fingerprint: &Fingerprint,
    ) -> Result<Survey, ImportError> {
        let mut findings = JournalFindings::new(journal, &self.run, settled);
        let survey = survey(
            &self.source,
            &self.pipeline,
            hashes,
            &mut findings,
            &self.listener,
            &self.settings().state_dir,
        )?;
        findings.finish()?;
        if survey.fingerprint != *fingerprint {
            return Err(SourceError::Edited {
                path: self.import.path.clone(),
            }
            .into());
        }
        if survey.read == 0 && !self.settings().allow_empty {
            return Err(ImportError::NoRecords {
                path: self.import.path.clone(),
            });
        }
        self.pipeline.plan.unseen(&survey.tally)?;
        Ok(survey)
    }

    /// `--max-invalid`, unless something was sent by an earlier part of the run.
    fn too_many_invalid(&self, journal: &Journal, survey: &Survey) -> Result<bool, ImportError> {
        let counts = self.row(journal)?.counts;
        if counts.created + counts.exists + counts.refused + counts.unknown > 0 {
            return Ok(false);
        }
        Ok(self
            .settings()
            .are_too_many_invalid(counts.invalid, survey.read))
    }

    pub(super) fn row(&self, journal: &Journal) -> Result<RunRow, ImportError> {
        journal
            .run(&self.run)?
            .ok_or_else(|| ImportError::NoSuchRun(self.run.to_string()))
    }

    /// Counts, journal, report, code, in this order: a report that cannot be written does not
    /// undo the run, and a run without its report is not finished.
    fn close(
        &self,
        journal: &mut Journal,
        survey: &mut Survey,
        delivered: Delivered,
        reading: Duration,
    ) -> Result<Summary, ImportError> {
        let sending = self.clock.elapsed().saturating_sub(reading);
        let counts = counts_of(&self.row(journal)?, survey.read);
        if counts.settled() > counts.read {
            return Err(ImportError::Internal(format!(
                "{} outcomes for {} records",
                counts.settled(),
                counts.read
            )));
        }
        let ending = match delivered.ending {
            Ending::Finished | Ending::Limited if counts.open > 0 => Ending::Limited,
            Ending::Limited => Ending::Finished,
            ending => ending,
        };
        let mut summary = self.facts(survey).summary(ending, counts);
        summary.traffic = delivered.traffic;
        summary.reading_seconds = reading.as_secs_f64();
        summary.sending_seconds = sending.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no exact count")]
        let requests = delivered.traffic.requests as f64;
        if sending.as_secs_f64() > 0.0 {
            summary.requests_per_second = requests / sending.as_secs_f64();
        }
        if summary.ending.is_resumable() {
            summary.resume_with = Some(way_on(&self.settings().command_line));
        }
        if counts.unknown > 0 {
            tell_of_unknown(&mut summary, self.settings());
        }
        journal.end(&self.run, &summary.ending, summary.finished)?;
        let settings = self.settings();
        let summary = Reporting {
            source: &self.source,
            pipeline: &self.pipeline,
            report: &self.report,
            outcomes: Outcomes::Journal(journal, &self.run),
            listener: &self.listener,
            payloads: None,
        }
        .write(survey, summary, |summary| stricter(summary, settings))
        .map_err(|error| match error {
            ImportError::Source(source) => ImportError::Unreported {
                run: self.run.to_string(),
                source,
            },
            error => error,
        })?;
        journal.finish(
            &self.run,
            &summary.ending,
            summary.exit_code,
            summary.finished,
        )?;
        self.listener
            .tell(&RunEvent::Finished(Box::new(summary.clone())));
        Ok(summary)
    }

    fn facts(&self, survey: &Survey) -> Facts {
        Facts {
            run: self.run.to_string(),
            dry_run: false,
            resumed: self.resumed,
            input: self.import.input.clone(),
            input_hash: survey.fingerprint.hex(),
            source: self.source.facts().describe(),
            mapping: self.import.mapping.name().to_owned(),
            mapping_hash: hex(&self.plan_hash),
            target: Some(self.target.clone()),
            workflows: workflows(self.settings()),
            failed_file: shape_of(&self.source).failed_file().to_owned(),
            started: self.started,
            report_dir: self.report.folder().display().to_string(),
        }
    }
}
