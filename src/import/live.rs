//! The live run: which run is it, what is known already, sending, closing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::feed::Feed;
use super::known::{count_open, exists_error, settle_guarded, settle_listed};
use super::ledger::{JournalFindings, JournalLedger, SettledSet, TargetHashes};
use super::pipeline::Pipeline;
use super::reporting::{Outcomes, Reporting, shape_of};
use super::settings::{Existing, ImportSettings};
use super::summing::{Facts, stricter};
use super::survey::{Hashing, Survey, survey};
use super::{Import, ImportError, Listener, reconcile};
use crate::customer::{Part, normalise_key};
use crate::deliver::Threshold;
use crate::deliver::client::Client;
use crate::deliver::driver::{Delivered, Driver, Observed};
use crate::deliver::engine::{Engine, EngineSettings, Origin, Task};
use crate::deliver::inquiry::{Census, Inquiry};
use crate::journal::{Journal, NewRun, OpenIntent, RunRow};
use crate::outcome::{
    Counts, Ending, KeyHash, Outcome, Phase, Progress, RunEvent, Summary, Traffic, UnknownWhy,
};
use crate::report::Report;
use crate::sorted::{Pair, Sorter};
use crate::source::{Fingerprint, Format, Source, SourceError, SourceSettings};

/// Invalid records before a share of them is judged.
const INVALID_JUDGED_FROM: u64 = 20;
/// Submissions that wait between reading and sending.
const QUEUE: usize = 256;

/// How the command line said that the input is read: kept in the journal, so that a run's
/// report can be written again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct ParseOptions {
    format: Option<String>,
    encoding: Option<String>,
    delimiter: Option<u8>,
    skip_lines: Option<u64>,
    header: Option<bool>,
}

impl ParseOptions {
    fn of(source: &SourceSettings) -> Self {
        Self {
            format: source.format.map(|format| format.word().to_owned()),
            encoding: source.encoding.clone(),
            delimiter: source.delimiter,
            skip_lines: source.skip_lines,
            header: source.header,
        }
    }

    /// The options that a run was begun with.
    pub(super) fn settings_from(row: &RunRow) -> SourceSettings {
        let options: Self = serde_json::from_str(&row.source_options).unwrap_or_default();
        SourceSettings {
            format: options.format.as_deref().and_then(Format::from_word),
            encoding: options.encoding,
            delimiter: options.delimiter,
            skip_lines: options.skip_lines,
            header: options.header,
            ..SourceSettings::default()
        }
    }
}

/// What else must be known to write a run's report again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct RunOptions {
    pub allow_unkeyed: bool,
    pub workflows: String,
}

/// The options that a run was begun with.
pub(super) fn options_from(row: &RunRow) -> RunOptions {
    serde_json::from_str(&row.options).unwrap_or_default()
}

/// How Wawi's workflows are treated, in a word.
pub(super) fn workflows(settings: &ImportSettings) -> String {
    let run = settings
        .target
        .as_ref()
        .is_some_and(|target| target.run_workflows);
    if run { "run" } else { "skip" }.to_owned()
}

/// A run's counts, completed by what the input holds.
pub(super) fn counts_of(row: &RunRow, read: u64) -> Counts {
    let mut counts = row.counts;
    counts.read = read;
    counts.open = read.saturating_sub(counts.settled());
    counts
}

/// A hash as hexadecimal digits.
pub(super) fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

/// Which run a command means.
enum Which {
    New,
    Resumed(RunRow),
    Finished(RunRow),
}

/// Imports, or goes on with an import.
pub(super) fn run(import: &Import) -> Result<Summary, ImportError> {
    let settings = &import.settings;
    let target = settings.target.as_ref().ok_or(ImportError::NoTarget)?;
    Report::check(&settings.report)?;
    let (source, pipeline) = import.open()?;
    let client = Client::new(target, settings.credentials.clone(), &settings.delivery)?;
    let mut journal = Journal::open(&settings.state_dir)?;
    let identity = target.identity();
    let _lock = crate::journal::lock(&settings.state_dir, &identity, &settings.command_line)?;
    let fingerprint = source.fingerprint()?;
    let plan_hash = import.plan_hash()?;
    let which = which_run(&mut journal, settings, &identity, &fingerprint, &plan_hash)?;
    let (run, resumed) = match which {
        Which::Finished(row) => return Ok(finished_before(import, &source, &row)),
        Which::Resumed(row) => {
            journal.reopen(&row.id)?;
            (row.id, true)
        }
        Which::New => {
            let run = Uuid::now_v7().to_string();
            let new = new_run(import, &run, &identity, &fingerprint, plan_hash)?;
            journal.begin(&new)?;
            (run, false)
        }
    };
    let report = Report::prepare(&settings.report, &run)?;
    let listener = import.listener();
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
        report,
        listener,
        plan_hash,
        started: Timestamp::now(),
        clock: Instant::now(),
    }
    .run(journal, fingerprint)
}

/// Finds out whether the same command, or the same input, was here before.
fn which_run(
    journal: &mut Journal,
    settings: &ImportSettings,
    target: &str,
    fingerprint: &Fingerprint,
    plan_hash: &[u8; 32],
) -> Result<Which, ImportError> {
    let rows = journal.find(target, &fingerprint.hash)?;
    let Some(row) = rows.into_iter().find(|row| row.plan_hash == *plan_hash) else {
        return Ok(Which::New);
    };
    let unfinished =
        row.is_unfinished() || row.ending == Some(Ending::TooManyInvalid) || row.counts.unknown > 0;
    if unfinished {
        return Ok(Which::Resumed(row));
    }
    if settings.again {
        return Ok(Which::New);
    }
    if settings.retry_failed && row.counts.invalid + row.counts.refused > 0 {
        journal.clear_failed(&row.id)?;
        return Ok(Which::Resumed(row));
    }
    Ok(Which::Finished(row))
}

fn new_run(
    import: &Import,
    run: &str,
    target: &str,
    fingerprint: &Fingerprint,
    plan_hash: [u8; 32],
) -> Result<NewRun, ImportError> {
    let broken = |error: serde_json::Error| ImportError::Internal(error.to_string());
    let options = RunOptions {
        allow_unkeyed: import.settings.allow_unkeyed,
        workflows: workflows(&import.settings),
    };
    let parse = ParseOptions::of(&import.settings.source);
    let path = std::path::absolute(&import.path).unwrap_or_else(|_| import.path.clone());
    Ok(NewRun {
        id: run.to_owned(),
        target: target.to_owned(),
        source_hash: fingerprint.hash,
        plan_hash,
        input: import.input.clone(),
        input_path: Some(path),
        mapping: import.mapping.name().to_owned(),
        mapping_text: import.mapping.text().to_owned(),
        source_options: serde_json::to_string(&parse).map_err(broken)?,
        options: serde_json::to_string(&options).map_err(broken)?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: Timestamp::now(),
        linked_to: None,
    })
}

/// The same command over a finished input: nothing is read again, nothing is sent.
fn finished_before(import: &Import, source: &Source, row: &RunRow) -> Summary {
    let listener = import.listener();
    let when = row
        .finished
        .map_or_else(String::new, |at| format!(" on {at:.0}"));
    listener.tell(&RunEvent::info(format!(
        "this input was imported into {}{when}; nothing was sent. Was the ERP restored from a \
         backup since? `--again` asks it which customers are missing and sends those",
        row.target
    )));
    let folder = import.settings.report.dir.join(&row.id);
    let facts = Facts {
        run: row.id.clone(),
        dry_run: false,
        resumed: false,
        input: import.input.clone(),
        input_hash: hex(&row.source_hash),
        source: source.facts().describe(),
        mapping: row.mapping.clone(),
        mapping_hash: hex(&row.plan_hash),
        target: Some(row.target.clone()),
        workflows: options_from(row).workflows,
        failed_file: shape_of(source).failed_file().to_owned(),
        started: row.started,
        report_dir: folder.display().to_string(),
    };
    let ending = row.ending.clone().unwrap_or(Ending::Finished);
    let mut summary = facts.summary(ending, counts_of(row, row.read.unwrap_or_default()));
    if let Some(code) = row.exit_code {
        summary.exit_code = code;
    }
    if let Some(finished) = row.finished {
        summary.finished = finished;
    }
    listener.tell(&RunEvent::Finished(Box::new(summary.clone())));
    summary
}

/// A live run, decided upon.
struct Live<'a> {
    import: &'a Import,
    client: Arc<Client>,
    source: Source,
    pipeline: Arc<Pipeline>,
    target: String,
    run: Arc<str>,
    resumed: bool,
    report: Report,
    listener: Listener,
    plan_hash: [u8; 32],
    started: Timestamp,
    clock: Instant,
}

impl Live<'_> {
    fn settings(&self) -> &ImportSettings {
        &self.import.settings
    }

    fn run(self, mut journal: Journal, fingerprint: Fingerprint) -> Result<Summary, ImportError> {
        reconcile::forget_borrowed_unknowns(&mut journal, &self.run)?;
        let mut settled = SettledSet::load(&journal, &self.run)?;
        let hashes = TargetHashes::new(&journal, &self.target);
        let mut survey = {
            let mut findings = JournalFindings::new(&mut journal, &self.run, &mut settled);
            let survey = survey(
                &self.source,
                &self.pipeline,
                &hashes,
                &mut findings,
                &self.listener,
                &self.settings().state_dir,
            )?;
            findings.finish()?;
            survey
        };
        if survey.fingerprint != fingerprint {
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

    /// `--max-invalid`, unless something was sent by an earlier part of the run.
    fn too_many_invalid(&self, journal: &Journal, survey: &Survey) -> Result<bool, ImportError> {
        let counts = self.row(journal)?.counts;
        if counts.created + counts.exists + counts.refused + counts.unknown > 0 {
            return Ok(false);
        }
        let most = self.settings().max_invalid;
        let judged = match most {
            Threshold::Count(_) => true,
            Threshold::Percent(_) => counts.invalid >= INVALID_JUDGED_FROM,
        };
        Ok(judged && most.is_exceeded(counts.invalid, survey.read))
    }

    fn row(&self, journal: &Journal) -> Result<RunRow, ImportError> {
        journal
            .run(&self.run)?
            .ok_or_else(|| ImportError::NoSuchRun(self.run.to_string()))
    }

    /// Everything between the two passes, and the second one.
    async fn deliver(
        &self,
        mut journal: Journal,
        mut settled: SettledSet,
        hashes: TargetHashes,
        survey: &mut Survey,
    ) -> Result<(Journal, Delivered), ImportError> {
        let mut traffic = Traffic::default();
        let (own, others): (Vec<OpenIntent>, Vec<OpenIntent>) = journal
            .open_intents(&self.target)?
            .into_iter()
            .partition(|intent| *intent.run == *self.run);
        if !others.is_empty() {
            let delivered;
            (journal, delivered) = self.settle_others(journal, others).await?;
            add(&mut traffic, delivered.traffic);
            if delivered.ending != Ending::Finished {
                return Ok((
                    journal,
                    Delivered {
                        traffic,
                        ..delivered
                    },
                ));
            }
        }
        let open = open_keys(&journal, &self.target)?;
        let folder = self.settings().state_dir.clone();
        if !self.settings().again {
            let mut findings = JournalFindings::new(&mut journal, &self.run, &mut settled);
            settle_guarded(
                &mut findings,
                &self.target,
                &self.run,
                &mut survey.keys,
                &open,
                &folder,
            )?;
            findings.finish()?;
        }
        let origin = match self
            .look_for_existing(&mut journal, &mut settled, &hashes, survey, &mut traffic)
            .await
        {
            Ok(origin) => origin,
            Err(Inquired::Ended(ending)) => return Ok((journal, Delivered { ending, traffic })),
            Err(Inquired::Failed(error)) => return Err(error),
        };
        let recovered: Vec<Task> = own.into_iter().map(recovered_task).collect();
        let (tasks, inbox) = mpsc::channel(QUEUE);
        let feed = Feed {
            source: self.source.clone(),
            pipeline: Arc::clone(&self.pipeline),
            hashes,
            fingerprint: survey.fingerprint.clone(),
            settled,
            chosen: self.settings().records.clone(),
            origin,
            run: Arc::clone(&self.run),
            recovered,
            tasks,
        };
        let feeding = tokio::task::spawn_blocking(move || feed.run());
        let driver = self.driver(inbox, false);
        let mut progress = SendingProgress::new(self.row(&journal)?, survey.read);
        let (ledger, delivered) = driver
            .run(JournalLedger(journal), &mut |observed| {
                progress.hear(&observed, &self.listener);
            })
            .await;
        let fed = feeding
            .await
            .map_err(|error| ImportError::Internal(error.to_string()))?;
        let delivered = delivered?;
        fed?;
        add(&mut traffic, delivered.traffic);
        Ok((
            ledger.0,
            Delivered {
                traffic,
                ..delivered
            },
        ))
    }

    fn driver(&self, tasks: mpsc::Receiver<Task>, look_only: bool) -> Driver {
        let settings = self.settings();
        let key = self.pipeline.key();
        let engine = Engine::new(EngineSettings {
            delivery: settings.delivery.clone(),
            identity: identity_path(&key.to_string()),
            existing_is_error: settings.existing == Existing::Fail,
            renewable: self.client.is_renewable(),
            limit: settings.limit.filter(|_| !look_only),
            look_only,
            seed: fastrand::u64(..),
        });
        Driver {
            engine,
            client: Arc::clone(&self.client),
            tasks,
            signal: self.import.signal.clone(),
            deadline: settings.max_duration.map(|most| {
                tokio::time::Instant::now() + most.saturating_sub(self.clock.elapsed())
            }),
            by_number: key.part == Part::Customer && key.field().name == "Number",
        }
    }

    /// Open intents of other runs are settled before their keys are compared with ours: by
    /// look-ups only, for their data may be mapped in another way now.
    async fn settle_others(
        &self,
        journal: Journal,
        others: Vec<OpenIntent>,
    ) -> Result<(Journal, Delivered), ImportError> {
        self.listener.tell(&RunEvent::info(format!(
            "an earlier run left {} records unknown: they are looked up first",
            others.len()
        )));
        let (tasks, inbox) = mpsc::channel(others.len());
        for intent in others {
            // The channel has room for all of them.
            let _ = tasks.try_send(recovered_task(intent));
        }
        drop(tasks);
        let driver = self.driver(inbox, true);
        let listener = &self.listener;
        let (ledger, delivered) = driver
            .run(JournalLedger(journal), &mut |observed| {
                tell_pauses(&observed, listener);
            })
            .await;
        Ok((ledger.0, delivered?))
    }

    /// Which customers the ERP has already: by listing them when that takes fewer requests
    /// than asking for each key.
    async fn look_for_existing(
        &self,
        journal: &mut Journal,
        settled: &mut SettledSet,
        hashes: &TargetHashes,
        survey: &mut Survey,
        traffic: &mut Traffic,
    ) -> Result<Origin, Inquired> {
        let settings = self.settings();
        if settings.existing == Existing::Send {
            return Ok(Origin::Unasked);
        }
        let mut inquiry =
            Inquiry::new(&self.client, &settings.delivery, self.import.signal.clone());
        let (census, first) = inquiry.census().await?;
        self.check_target(journal, &mut inquiry).await?;
        let folder = settings.state_dir.clone();
        let mut findings = JournalFindings::new(journal, &self.run, settled);
        let open = count_open(&findings, &mut survey.keys, &folder)?;
        let (count, pages) = match census {
            Census::Empty => {
                add(traffic, inquiry.traffic());
                return Ok(Origin::Absent);
            }
            Census::Counted(count) => {
                let size = first.items.len().max(1) as u64;
                (count, Some(count.div_ceil(size)))
            }
            Census::Untold => (0, None),
        };
        self.listener.tell(&RunEvent::info(match census {
            Census::Counted(count) => format!("the ERP has {count} customers already"),
            _ => "the ERP has customers already; how many it does not say".to_owned(),
        }));
        if pages.is_none_or(|pages| pages >= open) {
            add(traffic, inquiry.traffic());
            return Ok(Origin::AskFirst);
        }
        let identity = identity_path(&self.pipeline.key().to_string());
        let mut listed =
            Sorter::new(&folder).map_err(|error| ImportError::spool(&folder, error))?;
        let mut trouble = None;
        let seen = inquiry
            .list(first, &mut |seen| {
                if let Some(key) = crate::deliver::engine::key_of(seen, &identity) {
                    let pair = Pair {
                        hash: hashes.key(&normalise_key(&key)),
                        record: seen
                            .id
                            .and_then(|id| u64::try_from(id).ok())
                            .unwrap_or_default(),
                        line: 0,
                        payload: [0; 16],
                    };
                    if let Err(error) = listed.push(pair) {
                        trouble.get_or_insert(error);
                    }
                }
            })
            .await?;
        if let Some(error) = trouble {
            return Err(ImportError::spool(&folder, error).into());
        }
        let mut listed = listed
            .finish()
            .map_err(|error| ImportError::spool(&folder, error))?;
        let error = (settings.existing == Existing::Fail)
            .then(|| exists_error(&self.pipeline.key().to_string()));
        settle_listed(
            &mut findings,
            &mut survey.keys,
            &mut listed,
            error.as_ref(),
            &folder,
        )?;
        findings.finish()?;
        add(traffic, inquiry.traffic());
        // A listing that broke off early proves presence, but nobody's absence.
        Ok(if seen >= count {
            Origin::Absent
        } else {
            Origin::AskFirst
        })
    }

    /// The company ids tell whether another server answers at the same address now.
    async fn check_target(
        &self,
        journal: &mut Journal,
        inquiry: &mut Inquiry<'_>,
    ) -> Result<(), Inquired> {
        let Some(now) = inquiry.companies().await?.filter(|ids| !ids.is_empty()) else {
            return Ok(());
        };
        let before = journal.companies(&self.target).map_err(ImportError::from)?;
        let stranger = before
            .is_some_and(|before| !before.is_empty() && !before.iter().any(|id| now.contains(id)));
        if stranger && !self.settings().target_changed {
            return Err(ImportError::OtherTarget {
                target: self.target.clone(),
            }
            .into());
        }
        journal
            .remember_companies(&self.target, &now)
            .map_err(|error| Inquired::Failed(error.into()))
    }

    /// Counts, code, journal, report, in this order: a report that cannot be written does not
    /// undo the run.
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
            Ending::Finished if counts.open > 0 => Ending::Limited,
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
            summary.resume_with = Some(self.settings().command_line.clone());
        }
        let finish = |journal: &mut Journal, summary: &Summary| {
            let json = serde_json::to_string(summary)
                .map_err(|error| ImportError::Internal(error.to_string()))?;
            journal.finish(
                &self.run,
                &summary.ending,
                summary.exit_code,
                summary.finished,
                &json,
            )?;
            Ok::<_, ImportError>(())
        };
        finish(journal, &summary)?;
        let settings = self.settings();
        let summary = Reporting {
            source: &self.source,
            pipeline: &self.pipeline,
            report: &self.report,
            outcomes: Outcomes::Journal(journal, &self.run),
            listener: &self.listener,
            payloads: None,
        }
        .write(survey, summary, |summary| stricter(summary, settings))?;
        finish(journal, &summary)?;
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

/// Why there is no answer to what the ERP has.
enum Inquired {
    /// The run ends in an orderly way.
    Ended(Ending),
    /// It ends with an error.
    Failed(ImportError),
}

impl From<Ending> for Inquired {
    fn from(ending: Ending) -> Self {
        Self::Ended(ending)
    }
}

impl From<ImportError> for Inquired {
    fn from(error: ImportError) -> Self {
        Self::Failed(error)
    }
}

/// The path of a field in the API's JSON.
pub(super) fn identity_path(target: &str) -> Vec<String> {
    target.split('.').map(str::to_owned).collect()
}

/// What an earlier process left open, as a task.
pub(super) fn recovered_task(intent: OpenIntent) -> Task {
    Task {
        run: Arc::from(intent.run),
        submission: intent.submission,
        origin: Origin::Recovered {
            attempt: intent.attempt,
            absent_before: intent.absent_before,
        },
    }
}

/// Keys that wait as unknown, with the run that they wait in.
fn open_keys(journal: &Journal, target: &str) -> Result<HashMap<KeyHash, String>, ImportError> {
    Ok(journal
        .open_intents(target)?
        .into_iter()
        .filter_map(|intent| Some((intent.submission.key_hash?, intent.run)))
        .collect())
}

fn add(to: &mut Traffic, more: Traffic) {
    to.requests += more.requests;
    to.posts += more.posts;
    to.lookups += more.lookups;
    to.retries += more.retries;
    to.throttled += more.throttled;
}

/// Tells people of pauses.
pub(super) fn tell_pauses(observed: &Observed<'_>, listener: &Listener) {
    match observed {
        Observed::Paused(why, length) => listener.tell(&RunEvent::Paused {
            why: (*why).to_owned(),
            length: *length,
        }),
        Observed::Resumed => listener.tell(&RunEvent::Resumed),
        Observed::Settled(..) | Observed::Tick(..) => {}
    }
}

/// How far sending is, and how long it will take.
struct SendingProgress {
    counts: Counts,
    at_start: u64,
    clock: Instant,
}

impl SendingProgress {
    fn new(row: RunRow, read: u64) -> Self {
        let counts = counts_of(&row, read);
        Self {
            at_start: counts.settled(),
            counts,
            clock: Instant::now(),
        }
    }

    fn hear(&mut self, observed: &Observed<'_>, listener: &Listener) {
        match observed {
            Observed::Settled(_, _, outcome) => {
                self.counts.add(outcome);
                if !matches!(
                    outcome,
                    Outcome::Unknown {
                        why: UnknownWhy::Interrupted,
                        ..
                    }
                ) {
                    self.counts.open = self.counts.open.saturating_sub(1);
                }
            }
            Observed::Tick(traffic, allowed) => {
                let done = self.counts.settled();
                let here = done.saturating_sub(self.at_start);
                let left = (here > 0).then(|| {
                    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
                    let share = self.counts.open as f64 / here as f64;
                    self.clock.elapsed().mul_f64(share.min(1e6))
                });
                listener.progress(|| {
                    RunEvent::Progress(Progress {
                        phase: Phase::Sending,
                        done,
                        total: Some(self.counts.read),
                        counts: self.counts,
                        traffic: *traffic,
                        concurrency: *allowed,
                        left,
                    })
                });
            }
            Observed::Paused(..) | Observed::Resumed => tell_pauses(observed, listener),
        }
    }
}
