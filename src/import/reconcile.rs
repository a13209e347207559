//! Looking up what is unknown, without sending anything (`importer reconcile`).

use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::existing::{Inquired, recognise};
use super::ledger::JournalLedger;
use super::sending::{Asked, add, recovered_task, tell_looking};
use super::{Events, ImportError, Listener};
use crate::deliver::client::Client;
use crate::deliver::driver::{Delivered, Observed, Signal};
use crate::deliver::inquiry::Inquiry;
use crate::deliver::{Credentials, DeliverySettings, TargetSettings};
use crate::journal::{Entry, Journal, OpenIntent};
use crate::mapping::Mapping;
use crate::outcome::{Ending, Outcome, Traffic, UnknownWhy};

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
}

/// Looks up what is unknown in `run`, or in every run of the target.
///
/// # Errors
/// If the journal, the target or the run cannot be used.
pub fn reconcile(
    state_dir: &Path,
    run: Option<&str>,
    target: &TargetSettings,
    credentials: Credentials,
    delivery: &DeliverySettings,
    events: Events,
    signal: watch::Receiver<Signal>,
) -> Result<Reconciled, ImportError> {
    let mut journal = Journal::open(state_dir)?;
    let identity = target.identity();
    let holder = super::live::holder("importer reconcile");
    let _lock = crate::journal::lock(state_dir, &identity, &holder)?;
    let wanted = match run {
        Some(run) => {
            let row = journal.run(run)?;
            Some(
                row.ok_or_else(|| ImportError::NoSuchRun(run.to_owned()))?
                    .id,
            )
        }
        None => None,
    };
    let mut intents = journal.open_intents(&identity)?;
    intents.retain(|intent| wanted.as_ref().is_none_or(|run| *run == intent.run));
    let mut result = Reconciled {
        asked: intents.len() as u64,
        created: 0,
        exists: 0,
        open: 0,
        unknown: 0,
        ending: Ending::Finished,
    };
    let listener = Listener {
        events,
        signal: signal.clone(),
        told: std::cell::Cell::new(None),
    };
    let client = Arc::new(Client::new(target, credentials, delivery)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ImportError::Internal(error.to_string()))?;
    if result.asked > 0 {
        let mut inquiry = Inquiry::new(&client, delivery, None, signal.clone());
        // A look-up in another ERP would say that nobody is there.
        match runtime.block_on(recognise(&mut journal, &identity, &mut inquiry, false)) {
            Ok(()) => {}
            Err(Inquired::Failed(error)) => return Err(error),
            Err(Inquired::Ended(ending)) => {
                result.unknown = result.asked;
                result.ending = ending;
                return Ok(result);
            }
        }
    }
    let open = OpenElsewhere {
        intents,
        client: &client,
        delivery,
        signal: &signal,
        deadline: None,
    };
    let (journal, delivered) = runtime.block_on(open.look_up(journal, &mut |observed| {
        if let Observed::Settled(_, _, outcome) = &observed {
            match outcome {
                Outcome::Created { .. } => result.created += 1,
                Outcome::Exists { .. } => result.exists += 1,
                _ => result.unknown += 1,
            }
        }
        tell_looking(&observed, &listener);
    }))?;
    result.ending = delivered.ending;
    let settled = result.created + result.exists + result.unknown;
    result.open = result.asked.saturating_sub(settled);
    journal.close()?;
    Ok(result)
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
        let mut all = Delivered {
            ending: Ending::Finished,
            traffic: Traffic::default(),
        };
        let mut intents = self.intents;
        while let Some(first) = intents.first() {
            let run = first.run.clone();
            let (these, rest): (Vec<_>, Vec<_>) =
                intents.into_iter().partition(|intent| intent.run == run);
            intents = rest;
            let asked = Asked {
                client: self.client,
                key: key_of(&journal, &run)?,
                delivery: self.delivery,
                signal: self.signal,
            };
            let (tasks, inbox) = mpsc::channel(these.len());
            for intent in these {
                // The channel has room for all of them.
                let _ = tasks.try_send(recovered_task(intent));
            }
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

/// Records that are unknown only because another run's record with the same key was: they
/// are open again, for that one may be settled by now.
pub(super) fn forget_borrowed_unknowns(
    journal: &mut Journal,
    run: &str,
) -> Result<(), ImportError> {
    const PAGE: usize = 5_000;
    let unknown = journal.run(run)?.map_or(0, |row| row.counts.unknown);
    if unknown == 0 {
        return Ok(());
    }
    let mut after = 0;
    loop {
        let page = journal.outcomes(run, after, PAGE)?;
        let borrowed: Vec<Entry> = page
            .iter()
            .filter(|settled| {
                matches!(
                    settled.outcome,
                    Outcome::Unknown {
                        why: UnknownWhy::EarlierUnknown,
                        ..
                    }
                )
            })
            .map(|settled| Entry::Void(settled.position))
            .collect();
        if !borrowed.is_empty() {
            journal.commit(run, &borrowed)?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = last.position.record,
            _ => return Ok(()),
        }
    }
}
