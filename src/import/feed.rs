//! Pass 2: reads the input again and hands what is still to be sent to delivery. Runs on
//! threads of its own, behind a bounded channel.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::ImportError;
use super::groups::Group;
use super::ledger::{SettledSet, TargetHashes};
use super::pipeline::{Examined, Pipeline, position_of};
use super::settings::RecordSet;
use super::survey::Hashing;
use super::walk::Walk;
use crate::deliver::engine::{Origin, Task};
use crate::mapping::Tally;
use crate::outcome::Submission;
use crate::record::Position;
use crate::source::{Fingerprint, Places, Source};
use crate::validate::Customer;

/// Customers in a batch: few, so that sending has work soon, and gets its turn on few cores.
const BATCH: usize = 64;

/// Everything that pass 2 needs, owned, for it moves to a thread.
pub(super) struct Feed {
    pub source: Source,
    pub pipeline: Arc<Pipeline>,
    pub hashes: TargetHashes,
    pub fingerprint: Fingerprint,
    /// How many records the input has.
    pub read: u64,
    /// Where it can be read on from.
    pub places: Option<Places>,
    pub settled: SettledSet,
    pub chosen: Option<RecordSet>,
    pub origin: Origin,
    pub run: Arc<str>,
    /// What an earlier process left open: goes first.
    pub recovered: Vec<Task>,
    pub tasks: mpsc::Sender<Vec<Task>>,
}

impl Feed {
    /// Hands out everything; ends early when nobody listens any more.
    pub(super) fn run(mut self) -> Result<(), ImportError> {
        let recovered = std::mem::take(&mut self.recovered);
        if self.tasks.blocking_send(recovered).is_err() {
            return Ok(());
        }
        let walk = Walk::again(&self.pipeline, &self.source, &self.fingerprint)?;
        let walk = walk.only(|group| self.is_wanted(group));
        let mut walk = match &self.places {
            Some(places) => walk.open(&self.settled, self.read, &self.fingerprint, places),
            None => walk,
        };
        let examine = |group: &Group, tally: &mut Tally| self.task(group, tally);
        walk.batches(BATCH, examine, |batch| {
            let tasks = batch.found.drain(..).flatten().collect();
            // Held up here, the others stop once the batches are used up.
            Ok(match self.tasks.blocking_send(tasks) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            })
        })?;
        tracing::info!(records = walk.read(), "pass 2 has read");
        Ok(())
    }

    /// Whether a customer is still to be sent, unless it is left out or invalid.
    fn is_wanted(&self, group: &Group) -> bool {
        // Any record of a customer chooses all of it.
        let is_chosen = self.chosen.as_ref().is_none_or(|chosen| {
            let mut entries = group.entries();
            entries.any(|entry| chosen.contains(position_of(entry).record))
        });
        let is_settled = self.settled.contains(group.position().record);
        is_chosen && !is_settled && group.rest_of.is_none()
    }

    fn task(&self, group: &Group, tally: &mut Tally) -> Option<Task> {
        let Examined::Valid { customer, .. } = self.pipeline.examine(group, tally) else {
            return None;
        };
        Some(Task {
            run: Arc::clone(&self.run),
            submission: submission(&customer, group.position(), &self.hashes),
            origin: if customer.key().is_some() {
                self.origin
            } else {
                Origin::Unasked
            },
        })
    }
}

/// A checked customer becomes a submission.
fn submission(customer: &Customer<'_>, position: Position, hashes: &TargetHashes) -> Submission {
    let body = customer.body();
    Submission {
        position,
        key: customer.key().map(str::to_owned),
        key_hash: customer.key().map(|key| hashes.key(key)),
        payload: hashes.payload(&body),
        body: body.into(),
    }
}
