//! Looking up what is unknown, without sending anything (`importer reconcile`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::existing::{Inquired, recognise};
use super::ledger::JournalLedger;
use super::noted::again_of;
use super::progress::{tell_asking, tell_looking};
use super::runtime::runtime;
use super::sending::{Asked, add, recovered_task, unsent};
use super::which::{patient, reports_of};
use super::{Events, ImportError, Listener, borrowed};
use crate::deliver::client::Client;
use crate::deliver::driver::{Delivered, Observed, Signal};
use crate::deliver::inquiry::Inquiry;
use crate::deliver::{Credentials, DeliverySettings, TargetSettings};
use crate::journal::{Journal, OpenIntent, RunRow};
use crate::mapping::Mapping;
use crate::outcome::{Ending, Outcome, Traffic};

/// What looking up came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciled {
    /// Records that were unknown.
    pub asked: u64,
    /// Those that turned out to be created.
    pub created: u64,
    /// Those whose key belongs to somebody else's customer.
    pub exists: u64,
    /// Those that are absent: the next run sends them.
    pub open: u64,
    /// Those that are unknown still.
    pub unknown: u64,
    /// How it ended.
    pub ending: Ending,
    /// The same of each run whose records were looked up, oldest first.
    pub runs: Vec<ReconciledRun>,
}

/// What looking up came to for one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconciledRun {
    /// Its id.
    pub run: String,
    /// Its records that were unknown.
    pub asked: u64,
    /// Those that are absent.
    pub open: u64,
    /// The numbers of those that are unknown still.
    pub unknown: Vec<u64>,
    /// The command that sends what is absent, where the journal knows it.
    pub again: Option<String>,
    /// The folder in which its report was written last.
    pub reports: Option<PathBuf>,
}

impl ReconciledRun {
    /// What is known of the run before its records are looked up: all of them are unknown.
    fn before(row: &RunRow, intents: &[OpenIntent]) -> Self {
        let records = records_of(&row.id, intents);
        Self {
            run: row.id.clone(),
            asked: records.len() as u64,
            open: 0,
            unknown: records,
            again: again_of(row),
            reports: reports_of(row),
        }
    }

    /// What is known afterwards, of a run that had so many customers in the ERP `before`.
    fn after(&mut self, row: &RunRow, before: u64, intents: &[OpenIntent]) {
        self.unknown = records_of(&row.id, intents);
        let settled = there(row).saturating_sub(before) + self.unknown.len() as u64;
        self.open = self.asked.saturating_sub(settled);
        // What was over may go on now.
        self.again = again_of(row);
    }
}

/// Its records that are in the ERP by what was found.
fn there(row: &RunRow) -> u64 {
    row.counts.created + row.counts.exists
}

fn records_of(run: &str, intents: &[OpenIntent]) -> Vec<u64> {
    let these = intents.iter().filter(|intent| intent.run == run);
    let mut records: Vec<u64> = these
        .map(|intent| intent.submission.position.record)
        .collect();
    records.sort_unstable();
    records
}

/// Looking up what is unknown, without sending anything.
pub struct Reconciliation<'a> {
    /// The state folder with the journal.
    pub state_dir: &'a Path,
    /// The run, by its id or the beginning of it; else every run of the target.
    pub run: Option<&'a str>,
    /// Where the ERP is.
    pub target: &'a TargetSettings,
    /// Who we are there.
    pub credentials: Credentials,
    /// How fast it may be asked.
    pub delivery: &'a DeliverySettings,
    /// How long it may take.
    pub max_duration: Option<Duration>,
    /// The command line, for those who find the target locked.
    pub command_line: &'a str,
    /// Who hears of it.
    pub events: Events,
    /// What somebody outside wants.
    pub signal: watch::Receiver<Signal>,
}

impl Reconciliation<'_> {
    /// Looks everything up.
    ///
    /// # Errors
    /// If the journal, the target or the run cannot be used.
    pub fn look_up(self) -> Result<Reconciled, ImportError> {
        let started = tokio::time::Instant::now();
        let mut journal = Journal::open(self.state_dir)?;
        let identity = self.target.identity();
        let holder = super::live::holder(self.command_line);
        let _lock = crate::journal::lock(self.state_dir, &identity, &holder)?;
        let run = self.wanted(&journal, &identity)?;
        let intents = open_in(&journal, &identity, run.as_deref())?;
        let mut result = Reconciled {
            asked: intents.len() as u64,
            created: 0,
            exists: 0,
            open: 0,
            unknown: 0,
            ending: Ending::Finished,
            runs: Vec::new(),
        };
        let rows = rows_of(&journal, &intents)?;
        let before = rows.iter().map(|row| ReconciledRun::before(row, &intents));
        result.runs = before.collect();
        if !intents.is_empty() {
            let listener = Listener {
                events: self.events,
                signal: self.signal.clone(),
                told: std::cell::Cell::new(None),
            };
            let client = Arc::new(Client::new(self.target, self.credentials, self.delivery)?);
            let deadline = self.max_duration.map(|most| started + most);
            let open = OpenElsewhere {
                intents,
                client: &client,
                delivery: self.delivery,
                signal: &self.signal,
                deadline,
            };
            let runtime = runtime()?;
            // A look-up in another ERP would say that nobody is there.
            let tell = |observed: &Observed<'_>| tell_asking(observed, &listener);
            let mut inquiry =
                Inquiry::new(&client, self.delivery, deadline, self.signal.clone()).telling(&tell);
            match runtime.block_on(recognise(
                &mut journal,
                &identity,
                &mut inquiry,
                false,
                &listener,
            )) {
                Ok(()) => {}
                Err(Inquired::Failed(error)) => return Err(error),
                Err(Inquired::Ended(ending)) => {
                    result.unknown = result.asked;
                    result.ending = ending;
                    return Ok(result);
                }
            }
            let looked_up = runtime.block_on(open.look_up(journal, &mut |observed| {
                match &observed {
                    Observed::Settled(_, _, Outcome::Created { .. }) => result.created += 1,
                    Observed::Settled(_, _, Outcome::Exists { .. }) => result.exists += 1,
                    _ => {}
                }
                tell_looking(&observed, &listener);
            }));
            // A name that the system still looks up is not waited for.
            runtime.shutdown_background();
            let delivered;
            (journal, delivered) = looked_up?;
            result.ending = delivered.ending;
            // An end before its time leaves some that nobody looked for: they are unknown too.
            let left = open_in(&journal, &identity, run.as_deref())?;
            for (told, before) in result.runs.iter_mut().zip(&rows) {
                if let Some(row) = journal.run(&told.run)? {
                    told.after(&row, there(before), &left);
                }
            }
            result.unknown = left.len() as u64;
            let settled = result.created + result.exists + result.unknown;
            result.open = result.asked.saturating_sub(settled);
        }
        borrowed::settle(&mut journal, &identity)?;
        journal.close()?;
        Ok(result)
    }

    /// The id of the run that is asked for.
    fn wanted(&self, journal: &Journal, identity: &str) -> Result<Option<String>, ImportError> {
        let Some(run) = self.run else {
            return Ok(None);
        };
        let row = journal
            .run(run)?
            .ok_or_else(|| ImportError::NoSuchRun(run.to_owned()))?;
        if row.target != identity {
            return Err(ImportError::ElsewhereRun {
                run: row.id,
                target: row.target,
                named: identity.to_owned(),
            });
        }
        Ok(Some(row.id))
    }
}

/// The target's open intents, of one run or of all.
fn open_in(
    journal: &Journal,
    target: &str,
    run: Option<&str>,
) -> Result<Vec<OpenIntent>, ImportError> {
    let mut intents = journal.open_intents(target)?;
    intents.retain(|intent| run.is_none_or(|run| *run == intent.run));
    Ok(intents)
}

/// The runs of the intents, oldest first.
fn rows_of(journal: &Journal, intents: &[OpenIntent]) -> Result<Vec<RunRow>, ImportError> {
    let runs: BTreeSet<&str> = intents.iter().map(|intent| intent.run.as_str()).collect();
    let mut rows = Vec::new();
    for run in runs {
        rows.extend(journal.run(run)?);
    }
    rows.sort_by_key(|row| row.started);
    Ok(rows)
}

/// What runs left open, to be looked up without sending anything.
pub(super) struct OpenElsewhere<'a> {
    pub intents: Vec<OpenIntent>,
    pub client: &'a Arc<Client>,
    pub delivery: &'a DeliverySettings,
    pub signal: &'a watch::Receiver<Signal>,
    pub deadline: Option<tokio::time::Instant>,
}

impl OpenElsewhere<'_> {
    /// Looks everything up, run by run: their mappings may have other keys, and each record is
    /// looked up by its own.
    pub(super) async fn look_up(
        self,
        mut journal: Journal,
        observer: &mut dyn FnMut(Observed<'_>),
    ) -> Result<(Journal, Delivered), ImportError> {
        let mut all = unsent(Ending::Finished, Traffic::default());
        let mut intents = self.intents;
        while let Some(first) = intents.first() {
            let run = first.run.clone();
            let (these, rest): (Vec<_>, Vec<_>) =
                intents.into_iter().partition(|intent| intent.run == run);
            intents = rest;
            let delivery = patient(&journal, &run, self.delivery)?;
            let asked = Asked {
                client: self.client,
                key: key_of(&journal, &run)?,
                delivery: &delivery,
                signal: self.signal,
            };
            let (tasks, inbox) = mpsc::channel(1);
            // It goes into the channel, which is empty.
            let _ = tasks.try_send(these.into_iter().map(recovered_task).collect());
            drop(tasks);
            let mut driver = asked.driver(inbox, |engine| engine.look_only = true);
            driver.deadline = self.deadline;
            let (ledger, delivered) = driver.run(JournalLedger(journal), observer).await;
            journal = ledger.0;
            let delivered = delivered?;
            add(&mut all.traffic, delivered.traffic);
            all.ending = delivered.ending;
            if all.ending != Ending::Finished {
                break;
            }
        }
        Ok((journal, all))
    }
}

fn key_of(journal: &Journal, run: &str) -> Result<crate::customer::Target, ImportError> {
    let row = journal
        .run(run)?
        .ok_or_else(|| ImportError::NoSuchRun(run.to_owned()))?;
    if row.mapping_text.is_empty() {
        return Ok(Mapping::passthrough().key());
    }
    Ok(Mapping::parse(&row.mapping, &row.mapping_text)?.key())
}
