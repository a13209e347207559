//! Ids of customers that were created without telling them: the answer could not be read, or
//! the process died before it was looked up. They are asked for once more at the end, when the
//! server has had its time to show them.
//!
//! Whatever comes of it, the customers are created: nothing here changes how the run ends.

use std::time::Duration;

use super::ImportError;
use super::live::Live;
use crate::customer::normalise_key;
use crate::deliver::inquiry::Inquiry;
use crate::journal::{Entry, Journal};
use crate::outcome::{Ending, Outcome, Settled, Traffic};

/// Customers that are asked for at most: they are asked for one by one.
const AT_MOST: usize = 4_096;
/// How long the server is waited for, if it does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a customer that is not shown yet is waited for at most.
const WAIT_AT_MOST: Duration = Duration::from_secs(5);

impl Live<'_> {
    /// Learns ids that are missing, as far as the server tells them now.
    pub(super) async fn learn_ids(
        &self,
        journal: &mut Journal,
        traffic: &mut Traffic,
    ) -> Result<(), ImportError> {
        // Others are not looked up by their number.
        if self.pipeline.key().to_string() != "Number" {
            return Ok(());
        }
        let mut missing = journal.created_without_id(&self.run, AT_MOST)?;
        if missing.is_empty() {
            return Ok(());
        }
        let mut delivery = self.settings().delivery.clone();
        delivery.max_outage = delivery.max_outage.min(PATIENCE);
        let signal = self.import.signal.clone();
        let mut inquiry = Inquiry::new(&self.client, &delivery, self.deadline(), signal);
        for wait in [Duration::ZERO, delivery.settle.min(WAIT_AT_MOST)] {
            let (learnt, left) = ask_for_ids(&mut inquiry, missing, wait).await;
            if !learnt.is_empty() {
                journal.commit(&self.run, &learnt)?;
            }
            missing = match left {
                Ok(left) => left,
                Err(ending) => {
                    tracing::info!(?ending, "ids of created customers could not be learnt");
                    break;
                }
            };
            if missing.is_empty() {
                break;
            }
        }
        super::sending::add(traffic, inquiry.traffic());
        Ok(())
    }
}

/// Asks for each after a wait: what was learnt, and who is not shown yet, or why nobody can be
/// asked any more.
async fn ask_for_ids(
    inquiry: &mut Inquiry<'_>,
    missing: Vec<Settled>,
    wait: Duration,
) -> (Vec<Entry>, Result<Vec<Settled>, Ending>) {
    let (mut learnt, mut left) = (Vec::new(), Vec::new());
    if let Err(ending) = inquiry.rest(wait).await {
        return (learnt, Err(ending));
    }
    for settled in missing {
        let Outcome::Created {
            number: Some(number),
            attempts,
            how,
            ..
        } = settled.outcome.clone()
        else {
            continue;
        };
        let seen = match inquiry.find(&number, &normalise_key(&number)).await {
            Ok(seen) => seen,
            Err(ending) => return (learnt, Err(ending)),
        };
        let Some((id, shown)) = seen.and_then(|seen| Some((seen.id?, seen.number))) else {
            left.push(settled);
            continue;
        };
        let outcome = Outcome::Created {
            id: Some(id),
            number: shown.or(Some(number)),
            attempts,
            how,
        };
        learnt.push(Entry::Settled(Settled { outcome, ..settled }));
    }
    (learnt, Ok(left))
}
