//! Everything between the two passes, and the second one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, watch};

use super::existing::Inquired;
use super::feed::Feed;
use super::known::settle_guarded;
use super::ledger::{JournalFindings, JournalLedger, SettledSet, TargetHashes};
use super::live::Live;
use super::progress::{Most, SendingProgress, tell_looking};
use super::reconcile::OpenElsewhere;
use super::returned::Link;
use super::settings::Existing;
use super::survey::Survey;
use super::which::{counts_of, patient};
use super::{ImportError, Waiting};
use crate::customer::{Part, Target};
use crate::deliver::DeliverySettings;
use crate::deliver::client::Client;
use crate::deliver::driver::{Delivered, Driver, Observed, Signal};
use crate::deliver::engine::{Engine, EngineSettings, Origin, Task};
use crate::deliver::wire::Wire;
use crate::journal::{Journal, OpenIntent};
use crate::outcome::{Counts, Ending, KeyHash, Measured, Outcome, RunEvent, Traffic, both};

/// Batches of submissions that wait between reading and sending.
const QUEUE: usize = 4;

impl Live<'_> {
    /// Everything between the two passes, and the second one.
    pub(super) async fn deliver(
        &self,
        mut journal: Journal,
        mut settled: SettledSet,
        hashes: TargetHashes,
        survey: &mut Survey,
        link: Option<&mut Link>,
    ) -> Result<(Journal, Delivered), ImportError> {
        let mut traffic = Traffic::default();
        match self.check_target(&mut journal, &mut traffic).await {
            Ok(()) => {}
            Err(Inquired::Ended(ending)) => return Ok((journal, unsent(ending, traffic))),
            Err(Inquired::Failed(error)) => return Err(error),
        }
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
        if let Some(link) = link {
            // Once more: what others left unknown may be found by now.
            self.settle_link(link, &mut journal, &mut settled, true)?;
        }
        let open = open_keys(&journal, &self.target)?;
        let folder = self.settings().state_dir.clone();
        let mut findings = JournalFindings::new(&mut journal, &self.run, &mut settled);
        // `--again` asks the ERP instead of the guard; what is unknown is not sent even so.
        let guard = (!self.again).then_some(self.target.as_str());
        settle_guarded(
            &mut findings,
            guard,
            &self.run,
            &mut survey.keys,
            &open,
            &folder,
        )?;
        findings.finish()?;
        let origin = match self
            .look_for_existing(&mut journal, &mut settled, &hashes, survey, &mut traffic)
            .await
        {
            Ok(origin) => origin,
            Err(Inquired::Ended(ending)) => return Ok((journal, unsent(ending, traffic))),
            Err(Inquired::Failed(error)) => return Err(error),
        };
        let counts = counts_of(&self.row(&journal)?, survey.read);
        let most = self.most(&own, &settled, survey.read);
        let own_count = own.len() as u64;
        let waiting = Waiting::of(&counts, own_count, unknown_of(&own), most);
        self.confirm(&waiting)?;
        let sent = Sent {
            own,
            most,
            origin,
            settled,
            hashes,
        };
        let (mut journal, delivered, lacks_ids) = self.send(journal, sent, survey).await?;
        add(&mut traffic, delivered.traffic);
        if lacks_ids && matches!(delivered.ending, Ending::Finished | Ending::Limited) {
            self.learn_ids(&mut journal, &mut traffic).await?;
        }
        Ok((
            journal,
            Delivered {
                traffic,
                ..delivered
            },
        ))
    }

    /// What this command may send at most, by `--limit` and `--record`.
    fn most(&self, own: &[OpenIntent], settled: &SettledSet, read: u64) -> Most {
        let settings = self.settings();
        let chosen = settings.records.as_ref().map(|records| {
            // A record that went into another's customer is settled, and chooses all of it.
            let grouping = self.pipeline.plan.group_column().is_some();
            let is_left = |record: &u64| grouping || !settled.contains(*record);
            let chosen = records.up_to(read).filter(is_left).count();
            // What an earlier process left is looked up whether it is chosen or not.
            (chosen + own.len()) as u64
        });
        Most {
            created: settings.limit,
            chosen,
        }
    }

    /// Asks whether so many shall be sent, where anybody is asked.
    fn confirm(&self, waiting: &Waiting) -> Result<(), ImportError> {
        let confirm = self.import.confirm.as_ref();
        let Some(confirm) = confirm.filter(|_| waiting.customers > 0) else {
            return Ok(());
        };
        let begun = Instant::now();
        let is_meant = confirm(waiting);
        self.asked.get_or_init(|| begun.elapsed());
        self.listener.check_signal()?;
        is_meant.then_some(()).ok_or(ImportError::Declined)
    }

    /// Pass 2: what an earlier process left open, then the input. Also says whether a customer may
    /// have been created whose id nobody told.
    async fn send(
        &self,
        journal: Journal,
        sent: Sent,
        survey: &Survey,
    ) -> Result<(Journal, Delivered, bool), ImportError> {
        let mut counts = counts_of(&self.row(&journal)?, survey.read);
        // What was unknown before is worked on again.
        let again = unknown_of(&sent.own);
        counts.unknown = counts.unknown.saturating_sub(again);
        counts.open += again;
        let delivery = if sent.own.is_empty() {
            self.settings().delivery.clone()
        } else {
            patient(&journal, &self.run, &self.settings().delivery)?
        };
        let recovered = sent.own.into_iter().map(recovered_task).collect();
        let (tasks, inbox) = mpsc::channel(QUEUE);
        let feed = Feed {
            source: self.source.clone(),
            pipeline: Arc::clone(&self.pipeline),
            hashes: sent.hashes,
            fingerprint: survey.fingerprint.clone(),
            read: survey.read,
            places: survey.places.clone(),
            settled: sent.settled,
            chosen: self.settings().records.clone(),
            origin: sent.origin,
            run: Arc::clone(&self.run),
            recovered,
            tasks,
        };
        let feeding = tokio::task::spawn_blocking(move || feed.run());
        let driver = self.driver(inbox, &delivery, counts.created > 0);
        let mut progress = SendingProgress::new(counts, delivery.rate, sent.most);
        let mut lacks_ids = self.resumed;
        let (ledger, delivered) = driver
            .run(JournalLedger(journal), &mut |observed| {
                if let Observed::Settled(.., Outcome::Created { id: None, .. }) = observed {
                    lacks_ids = true;
                }
                progress.hear(&observed, &self.listener);
            })
            .await;
        let fed = feeding
            .await
            .map_err(|error| ImportError::Internal(error.to_string()))?;
        let delivered = delivered?;
        fed.map_err(|error| match error {
            ImportError::Source(source) => ImportError::CutShort {
                run: self.run.to_string(),
                source,
            },
            error => error,
        })?;
        Ok((ledger.0, delivered, lacks_ids))
    }

    fn driver(
        &self,
        tasks: mpsc::Receiver<Vec<Task>>,
        delivery: &DeliverySettings,
        created_before: bool,
    ) -> Driver {
        let settings = self.settings();
        let asked = Asked {
            client: &self.client,
            key: self.pipeline.key(),
            delivery,
            signal: &self.import.signal,
        };
        let mut driver = asked.driver(tasks, |engine| {
            engine.existing_is_error = settings.existing == Existing::Fail;
            engine.created_before = created_before;
            engine.limit = settings.limit;
        });
        driver.deadline = self.deadline();
        driver
    }

    /// When the run's time is up.
    pub(super) fn deadline(&self) -> Option<tokio::time::Instant> {
        let most = self.settings().max_duration?;
        Some(tokio::time::Instant::now() + most.saturating_sub(self.clock.elapsed()))
    }

    /// Open intents of other runs are settled before their keys are compared with ours: by
    /// look-ups only, for their data may be mapped in another way now.
    async fn settle_others(
        &self,
        journal: Journal,
        others: Vec<OpenIntent>,
    ) -> Result<(Journal, Delivered), ImportError> {
        self.listener.tell(&RunEvent::info(match others.len() {
            1 => both!(
                "an earlier run left 1 record unknown: it is looked up first",
                "aus einem früheren Lauf ist 1 Datensatz unbekannt: zuerst wird nachgesehen, ob er angelegt wurde"
            ),
            count => both!(
                "an earlier run left {count} records unknown: they are looked up first",
                "aus einem früheren Lauf sind {count} Datensätze unbekannt: zuerst wird nachgesehen, ob sie angelegt wurden"
            ),
        }));
        let open = OpenElsewhere {
            intents: others,
            client: &self.client,
            delivery: &self.settings().delivery,
            signal: &self.import.signal,
            deadline: self.deadline(),
        };
        let listener = &self.listener;
        open.look_up(journal, &mut |observed| tell_looking(&observed, listener))
            .await
    }
}

impl Waiting {
    /// What a run with these `counts` may send, and no more than `most`, if so many intents of
    /// its own are open, and so many of them are counted as unknown.
    fn of(counts: &Counts, own: u64, unknown: u64, most: Most) -> Self {
        Self {
            customers: most.of(counts.open.saturating_add(unknown)),
            looked_up: most.of(own),
        }
    }
}

/// An end before anything was sent.
pub(super) fn unsent(ending: Ending, traffic: Traffic) -> Delivered {
    Delivered {
        ending,
        traffic,
        measured: Measured::default(),
    }
}

/// How many of the intents are counted as unknown.
fn unknown_of(own: &[OpenIntent]) -> u64 {
    own.iter().filter(|intent| intent.outcome_unknown).count() as u64
}

/// What is left to send, and what is known about it.
struct Sent {
    /// What an earlier process left open.
    own: Vec<OpenIntent>,
    /// How much of it this command may send.
    most: Most,
    origin: Origin,
    settled: SettledSet,
    hashes: TargetHashes,
}

/// Who is asked, and for what.
pub(super) struct Asked<'a> {
    pub client: &'a Arc<Client>,
    pub key: Target,
    pub delivery: &'a DeliverySettings,
    pub signal: &'a watch::Receiver<Signal>,
}

impl Asked<'_> {
    /// A driver that works through `tasks`; `change` has the last word about its engine.
    pub(super) fn driver(
        &self,
        tasks: mpsc::Receiver<Vec<Task>>,
        change: impl FnOnce(&mut EngineSettings),
    ) -> Driver {
        let mut settings = EngineSettings {
            delivery: self.delivery.clone(),
            identity: identity_path(&self.key.to_string()),
            existing_is_error: false,
            renewable: self.client.is_renewable(),
            created_before: false,
            limit: None,
            look_only: false,
            seed: fastrand::u64(..),
        };
        change(&mut settings);
        let by_number = self.key.part == Part::Customer && self.key.field().name == "Number";
        Driver {
            engine: Engine::new(settings),
            wire: Wire::new(Arc::clone(self.client), by_number),
            tasks,
            signal: self.signal.clone(),
            deadline: None,
        }
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

/// Adds what went over the wire.
pub(super) fn add(to: &mut Traffic, more: Traffic) {
    to.requests += more.requests;
    to.posts += more.posts;
    to.lookups += more.lookups;
    to.retries += more.retries;
    to.throttled += more.throttled;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_holds_what_may_be_sent_again() {
        let counts = Counts {
            read: 9,
            unknown: 3,
            ..Counts::default()
        };
        let waiting = |open, own, unknown, created| {
            let counts = Counts { open, ..counts };
            let most = Most {
                created,
                chosen: None,
            };
            let waiting = Waiting::of(&counts, own, unknown, most);
            (waiting.customers, waiting.looked_up)
        };
        // Unknown ones of others, or none at all: nothing to ask.
        assert_eq!(waiting(0, 0, 0, None), (0, 0));
        assert_eq!(waiting(4, 0, 0, None), (4, 0));
        // Three that are unknown, and nothing else.
        assert_eq!(waiting(0, 3, 3, None), (3, 3));
        // Two were in flight: they are open, and looked up all the same.
        assert_eq!(waiting(4, 5, 3, None), (7, 5));
        assert_eq!(waiting(4, 5, 3, Some(2)), (2, 2));
    }
}
