//! Pass 2: reads the input again and hands what is still to be sent to delivery. Runs on a
//! thread of its own, behind a bounded channel.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::ImportError;
use super::ledger::{SettledSet, TargetHashes};
use super::pipeline::{Examined, Pipeline, position_of};
use super::settings::RecordSet;
use super::survey::Hashing;
use crate::deliver::engine::{Origin, Task};
use crate::mapping::Tally;
use crate::outcome::Submission;
use crate::record::Position;
use crate::source::{Fingerprint, Source};
use crate::validate::Customer;

/// Everything that pass 2 needs, owned, for it moves to a thread.
pub(super) struct Feed {
    pub source: Source,
    pub pipeline: Arc<Pipeline>,
    pub hashes: TargetHashes,
    pub fingerprint: Fingerprint,
    pub settled: SettledSet,
    pub chosen: Option<RecordSet>,
    pub origin: Origin,
    pub run: Arc<str>,
    /// What an earlier process left open: goes first.
    pub recovered: Vec<Task>,
    pub tasks: mpsc::Sender<Task>,
}

impl Feed {
    /// Hands out everything; ends early when nobody listens any more.
    pub(super) fn run(self) -> Result<(), ImportError> {
        for task in &self.recovered {
            if self.tasks.blocking_send(task.clone()).is_err() {
                return Ok(());
            }
        }
        let mut tally = Tally::default();
        let entries = self.source.read_again(&self.fingerprint)?;
        for group in self.pipeline.groups(entries, &self.source) {
            let group = group?;
            let position = group.position();
            // Any record of a customer chooses all of it.
            let chosen = self.chosen.as_ref().is_none_or(|chosen| {
                let mut entries = group.entries();
                entries.any(|entry| chosen.contains(position_of(entry).record))
            });
            let is_settled = self.settled.contains(position.record);
            if !chosen || is_settled || group.rest_of.is_some() {
                continue;
            }
            let Examined::Valid { customer, .. } = self.pipeline.examine(&group, &mut tally) else {
                continue;
            };
            let task = Task {
                run: Arc::clone(&self.run),
                submission: submission(&customer, position, &self.hashes),
                origin: if customer.key().is_some() {
                    self.origin
                } else {
                    Origin::Unasked
                },
            };
            if self.tasks.blocking_send(task).is_err() {
                return Ok(());
            }
        }
        Ok(())
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
