//! The live run: reading, then sending, then closing.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;

use super::advised::{tell_of_failed, tell_of_outage, tell_of_sending, tell_of_unknown};
use super::altered::{compare_and_tell, refuse};
use super::ledger::{JournalFindings, SettledSet, TargetHashes};
use super::noted::{note_measured, note_place, note_settings};
use super::pipeline::Pipeline;
use super::reporting::{Outcomes, Reporting, shape_of};
use super::returned::{self, Link, ReturnedFile};
use super::runtime::runtime;
use super::sending::unsent;
use super::settings::{Existing, ImportSettings};
use super::strays::refuse_strays;
use super::summing::{Causes, Facts, stricter};
use super::survey::{Kept, Survey, keep, survey, survey_rest};
use super::unwritten::unwritten;
use super::which::{
    Which, absolute, counts_of, finished_before, hex, input_of, new_run, note_patience,
    note_report, options_from, which_run, workflows,
};
use super::{Import, ImportError, Listener, borrowed};
use crate::deliver::client::Client;
use crate::deliver::driver::Delivered;
use crate::journal::{Journal, RunRow};
use crate::names::Names;
use crate::outcome::{Alteration, Bilingual, Counts, Ending, RunEvent, Summary, Traffic};
use crate::report::Report;
use crate::source::{self, Fingerprint, Source, SourceError};

/// Imports, or goes on with an import.
pub(super) fn run(import: &Import) -> Result<Summary, ImportError> {
    let settings = &import.settings;
    let clock = Instant::now();
    let target = settings.target.as_ref().ok_or(ImportError::NoTarget)?;
    Report::check(&settings.report)?;
    let (source, mut pipeline) = import.open()?;
    let client = Client::new(target, settings.credentials.clone(), &settings.delivery)?;
    let identity = target.identity();
    let holder = holder(&settings.command_line);
    let (mut journal, locked) = Journal::open_during(&settings.state_dir, || {
        let lock = crate::journal::lock(&settings.state_dir, &identity, &holder)?;
        Ok::<_, ImportError>((lock, source.fingerprint()?))
    })?;
    let (_lock, fingerprint) = locked?;
    let plan_hash = import.plan_hash(&pipeline)?;
    let (which, word) = which_run(&mut journal, settings, &identity, &fingerprint, &plan_hash)?;
    let listener = import.listener();
    if let Some(word) = word {
        listener.tell(&RunEvent::info(word));
    }
    let begun = match which {
        Which::Finished(row) => {
            let linked = returned::linked(&journal, &row)?;
            let causes = causes_of(import, &journal, &row, &pipeline)?;
            return Ok(finished_before(import, &source, &row, linked, causes));
        }
        Which::Resumed(row) => {
            name(import, &mut journal, &mut pipeline, Some(&row), clock)?;
            go_on(import, &mut journal, &source, &identity, row, &listener)?
        }
        Which::New => {
            let names = name(import, &mut journal, &mut pipeline, None, clock)?;
            let hashes = (&fingerprint, plan_hash);
            begin(
                import,
                &mut journal,
                (&source, &pipeline),
                &identity,
                hashes,
                names,
                &listener,
            )?
        }
    };
    let run = begun.run;
    let report = Report::prepare(&settings.report, &run)?;
    note_report(&mut journal, &run, report.folder())?;
    note_patience(&mut journal, &run, &settings.delivery)?;
    note_settings(&mut journal, &run, import)?;
    listener.tell(&RunEvent::Started {
        run: run.clone(),
        input: import.input.clone(),
        target: Some(identity.clone()),
        resumed: begun.resumed,
    });
    listener.tell(&RunEvent::info(Bilingual::of(|language| {
        format!("{}: {}", import.input, source.facts().describe_in(language))
    })));
    Live {
        import,
        client: Arc::new(client),
        source,
        pipeline: Arc::new(pipeline),
        target: identity,
        run: Arc::from(run),
        resumed: begun.resumed,
        before: begun.before,
        read_before: begun.read_before,
        again: begun.again,
        created_before: begun.created_before,
        altered: begun.altered,
        report,
        listener,
        plan_hash,
        started: Timestamp::now(),
        clock,
        asked: OnceLock::new(),
    }
    .run(journal, fingerprint, begun.link)
}

/// Why records of a run failed that is over: by the journal, for nothing of the input is read.
fn causes_of(
    import: &Import,
    journal: &Journal,
    row: &RunRow,
    pipeline: &Pipeline,
) -> Result<Causes, ImportError> {
    let mut causes = Causes::new(import.settings.report.language, false);
    if row.counts.invalid + row.counts.refused > 0 {
        journal.each_failed(&row.id, &mut |settled| {
            causes.note_settled(&settled, pipeline);
        })?;
    }
    Ok(causes)
}

/// Tells the mapping the names that the run maps by, before a new run is begun: a name that the
/// ERP does not have leaves none behind.
fn name(
    import: &Import,
    journal: &mut Journal,
    pipeline: &mut Pipeline,
    resumed: Option<&RunRow>,
    clock: Instant,
) -> Result<Names, ImportError> {
    let names = import.names(journal, resumed, clock)?;
    pipeline.tell(names.clone())?;
    if !pipeline.plan.unasked_names().is_empty() {
        // Such customers would be sent without their ids.
        return Err(ImportError::Internal("names were not asked for".to_owned()));
    }
    Ok(names)
}

/// A run that has its place in the journal.
struct Begun {
    run: String,
    resumed: bool,
    /// What earlier processes came to.
    before: Counts,
    /// Whether an earlier process read its input to the end, or even reported on it.
    read_before: bool,
    again: bool,
    /// Customers that were created by earlier starts, as far as is known.
    created_before: u64,
    link: Option<Link>,
    altered: Vec<Alteration>,
}

/// A new run. A returned file is looked at first: what it says of itself, and what a spreadsheet
/// did to it.
fn begin(
    import: &Import,
    journal: &mut Journal,
    (source, pipeline): (&Source, &Pipeline),
    target: &str,
    (fingerprint, plan_hash): (&Fingerprint, [u8; 32]),
    names: Names,
    listener: &Listener,
) -> Result<Begun, ImportError> {
    let settings = &import.settings;
    let folder = &settings.state_dir;
    let mut link = link_of(import, journal, source, target, listener)?;
    let mut altered = Vec::new();
    if let Some(link) = &mut link {
        link.verify(journal, &SettledSet::default(), folder)?;
        refuse_strays(link, source, pipeline, journal, listener, folder)?;
        altered = compare_and_tell(link, source, journal, settings, listener, folder)?;
        if !altered.is_empty() && !settings.accept_changes {
            return Err(refuse(link, &altered));
        }
    }
    let run = Uuid::now_v7().to_string();
    let linked_to = link.as_ref().map(|link| link.of.id.clone());
    let new = new_run(
        import,
        &run,
        target,
        fingerprint,
        plan_hash,
        linked_to,
        names,
    )?;
    journal.begin(&new)?;
    if let Some(link) = &mut link {
        link.note(journal, &run, folder)?;
    }
    Ok(Begun {
        run,
        resumed: false,
        before: Counts::default(),
        read_before: false,
        again: settings.again,
        created_before: 0,
        link,
        altered,
    })
}

/// A run that goes on. What its returned file says was looked at when it began, but perhaps not
/// noted to the end.
fn go_on(
    import: &Import,
    journal: &mut Journal,
    source: &Source,
    target: &str,
    row: RunRow,
    listener: &Listener,
) -> Result<Begun, ImportError> {
    let settings = &import.settings;
    let again = options_from(&row).again;
    if again && settings.existing == Existing::Send {
        return Err(ImportError::AgainUnasked(row.id));
    }
    let mut link = match row.linked_to {
        Some(_) => link_of(import, journal, source, target, listener)?,
        None => None,
    };
    if let Some(link) = &mut link {
        let settled = SettledSet::load(journal, &row.id)?;
        link.verify(journal, &settled, &settings.state_dir)?;
        link.note(journal, &row.id, &settings.state_dir)?;
    }
    let here = absolute(&import.path);
    if here != input_of(&row) {
        note_place(journal, &row.id, &here)?;
    }
    journal.reopen(&row.id)?;
    Ok(Begun {
        created_before: row.counts.created,
        run: row.id,
        resumed: true,
        before: row.counts,
        read_before: row.read.is_some() || row.ending.is_some(),
        again,
        link,
        altered: Vec::new(),
    })
}

/// The run that a returned file corrects.
fn link_of(
    import: &Import,
    journal: &Journal,
    source: &Source,
    target: &str,
    listener: &Listener,
) -> Result<Option<Link>, ImportError> {
    match ReturnedFile::read(source, &import.settings.state_dir, listener)? {
        Some(file) => file.link(Some(journal), Some(target), import.mapping.text(), listener),
        None => Ok(None),
    }
}

/// What others are told about the holder of the lock.
pub(super) fn holder(command: &str) -> String {
    format!(
        "process {}, `{command}`, since {:.0}",
        std::process::id(),
        Timestamp::now()
    )
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
    /// What earlier processes of the run came to.
    pub(super) before: Counts,
    /// Whether an earlier process read the run's input to the end, or even reported on it.
    pub(super) read_before: bool,
    /// Whether the ERP is asked instead of the journal which customers are there (`--again`).
    pub(super) again: bool,
    /// Customers that were known as created when this start began.
    pub(super) created_before: u64,
    /// What was changed in a returned file without need, and accepted.
    pub(super) altered: Vec<Alteration>,
    pub(super) report: Report,
    pub(super) listener: Listener,
    pub(super) plan_hash: [u8; 32],
    pub(super) started: Timestamp,
    pub(super) clock: Instant,
    /// How long the answer to the question whether to send took.
    pub(super) asked: OnceLock<Duration>,
}

impl Live<'_> {
    pub(super) fn settings(&self) -> &ImportSettings {
        &self.import.settings
    }

    fn run(
        self,
        mut journal: Journal,
        fingerprint: Fingerprint,
        mut link: Option<Link>,
    ) -> Result<Summary, ImportError> {
        borrowed::open_again(&mut journal, &self.run)?;
        let mut settled = SettledSet::load(&journal, &self.run)?;
        if let Some(link) = &mut link {
            self.settle_link(link, &mut journal, &mut settled, false)?;
        }
        let hashes = TargetHashes::new(&mut journal, &self.target, &self.run)?;
        // A returned file is read by others anyway.
        let can_keep = link.is_none() && self.source.can_seek();
        let folder = &self.settings().state_dir;
        let kept = if self.resumed && can_keep {
            Kept::load(&journal, &self.run, &self.pipeline, folder)?
        } else {
            None
        };
        let is_kept = kept.is_some();
        let survey = match kept {
            Some(kept) => self.read_rest(&mut journal, &mut settled, &hashes, &fingerprint, kept),
            None => self.read(&mut journal, &mut settled, &hashes, &fingerprint),
        };
        let mut survey = match survey {
            Ok(survey) => survey,
            Err(error) => {
                // What cannot be used leaves no run behind that nobody could ever finish, also
                // not if the process that began it was killed. One that was read before may have
                // a report, which would be found by nobody.
                if !self.read_before {
                    journal.discard(&self.run)?;
                }
                return Err(error);
            }
        };
        match (is_kept, can_keep) {
            (true, _) => {}
            (false, true) => keep(&mut journal, &self.run, &mut survey, &self.pipeline, folder)?,
            (false, false) => journal.set_read(&self.run, survey.read)?,
        }
        if is_kept {
            self.import.check_records(survey.read, &self.listener)?;
        }
        let reading = self.clock.elapsed();
        let (mut journal, delivered) = if self.too_many_invalid(&journal, &survey)? {
            let delivered = unsent(Ending::TooManyInvalid, Traffic::default());
            (journal, delivered)
        } else {
            let runtime = runtime()?;
            let delivered = runtime.block_on(self.deliver(
                journal,
                settled,
                hashes,
                &mut survey,
                link.as_mut(),
            ));
            // A name that the system still looks up is not waited for.
            runtime.shutdown_background();
            delivered?
        };
        self.close(&mut journal, &mut survey, delivered, reading)
    }

    /// Settles what an earlier run, or another one that corrects it, has dealt with.
    pub(super) fn settle_link(
        &self,
        link: &mut Link,
        journal: &mut Journal,
        settled: &mut SettledSet,
        late: bool,
    ) -> Result<(), ImportError> {
        let mut findings = JournalFindings::new(journal, &self.run, settled);
        link.settle(&mut findings, self.again, late, &self.settings().state_dir)?;
        findings.finish()
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
        let unseen = self.pipeline.plan.unseen(&survey.tally);
        unseen.map_err(|error| error.at_input(&self.import.path))?;
        self.import.check_records(survey.read, &self.listener)?;
        Ok(survey)
    }

    /// Pass 1, as far as it is not kept.
    fn read_rest(
        &self,
        journal: &mut Journal,
        settled: &mut SettledSet,
        hashes: &TargetHashes,
        fingerprint: &Fingerprint,
        kept: Kept,
    ) -> Result<Survey, ImportError> {
        let mut findings = JournalFindings::new(journal, &self.run, settled);
        let survey = survey_rest(
            kept,
            (&self.source, fingerprint),
            &self.pipeline,
            hashes,
            &mut findings,
            &self.listener,
            &self.settings().state_dir,
        )?;
        findings.finish()?;
        Ok(survey)
    }

    /// `--max-invalid`, unless something was sent by an earlier part of the run.
    fn too_many_invalid(&self, journal: &Journal, survey: &Survey) -> Result<bool, ImportError> {
        let counts = self.row(journal)?.counts;
        if counts.created + counts.exists + counts.refused + counts.unknown > 0 {
            return Ok(false);
        }
        let returned = source::is_returned(&self.import.path);
        Ok(self
            .settings()
            .are_too_many_invalid(counts.invalid, survey.customers(), returned))
    }

    pub(super) fn row(&self, journal: &Journal) -> Result<RunRow, ImportError> {
        journal
            .run(&self.run)?
            .ok_or_else(|| ImportError::NoSuchRun(self.run.to_string()))
    }

    /// Completes the summary with what can be done now.
    fn tell_next(&self, summary: &mut Summary) {
        let settings = self.settings();
        if summary.ending.is_resumable() {
            summary.resume_with = Some(settings.resume_command.clone());
        }
        summary.is_journal_gone = settings.is_journal_temporary;
        if summary.counts.unknown > 0 && !summary.is_journal_gone {
            let (target, journal) = (&settings.target_options, &settings.journal_options);
            tell_of_unknown(summary, target, journal);
        }
        tell_of_outage(summary, &settings.target_options);
        let is_mapped = !self.import.mapping.is_passthrough();
        tell_of_failed(summary, is_mapped, &settings.correct_options);
        tell_of_sending(summary, &settings.again_command, &settings.retry_command);
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
        let aside = reading + self.asked.get().copied().unwrap_or_default();
        let sending = self.clock.elapsed().saturating_sub(aside);
        let counts = counts_of(&self.row(journal)?, survey.read);
        if counts.settled() > counts.read {
            return Err(ImportError::Internal(format!(
                "{} outcomes for {} records",
                counts.settled(),
                counts.read
            )));
        }
        let mut linked = returned::linked(journal, &self.row(journal)?)?;
        if let Some(linked) = &mut linked {
            linked.altered.clone_from(&self.altered);
        }
        let ending = match delivered.ending {
            Ending::Finished | Ending::Limited if counts.open > 0 => Ending::Limited,
            Ending::Limited => Ending::Finished,
            ending => ending,
        };
        let mut summary = self.facts(survey).summary(ending, counts);
        summary.linked = linked;
        summary.before = self.before;
        summary.traffic = delivered.traffic;
        summary.reading_seconds = reading.as_secs_f64();
        summary.sending_seconds = sending.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no exact count")]
        let requests = delivered.traffic.requests as f64;
        if sending.as_secs_f64() > 0.0 {
            summary.requests_per_second = requests / sending.as_secs_f64();
        }
        self.tell_next(&mut summary);
        let row = self.row(journal)?;
        note_measured(journal, &row, &delivered.measured, &mut summary)?;
        summary.conditions.created_before = self.created_before;
        journal.end(&self.run, &summary.ending, summary.finished)?;
        let settings = self.settings();
        let mut minded = false;
        let written = Reporting {
            source: &self.source,
            pipeline: &self.pipeline,
            report: &self.report,
            outcomes: Outcomes::Journal(journal, &self.run),
            listener: &self.listener,
            payloads: None,
        }
        .write(survey, &mut summary, |summary| {
            minded = stricter(summary, settings);
        });
        if let Err(error) = written {
            return Err(unwritten(error, summary, settings, &self.listener));
        }
        journal.set_minded(&self.run, minded)?;
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
            shape: shape_of(&self.source),
            started: self.started,
            report_dir: self.report.folder().display().to_string(),
        }
    }
}
