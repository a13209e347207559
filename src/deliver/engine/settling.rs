//! How long nothing can be done but wait until records may be looked up.

use super::Engine;
use super::job::{JobId, Purpose};
use crate::deliver::pace::Moment;
use crate::outcome::SettleWait;

impl Engine {
    /// What is waited for while nothing is in flight and nothing can be sent, because all that
    /// is left may be looked up only when its settle time is over; none while anything else goes
    /// on.
    #[must_use]
    pub fn waits(&self, now: Moment) -> Option<SettleWait> {
        let rests = self.in_flight == 0
            && self.intending == 0
            && self.cleared.is_empty()
            && self.want_look.is_empty()
            && self.next_to_post().is_none()
            && self.held.is_empty();
        let is_held_up = self.stopping.is_some()
            || self.renewing
            || self.breaker.is_open()
            || now < self.paused_until;
        if !rests || is_held_up || self.wants() > 0 {
            return None;
        }
        let (first, _) = self.timers.first()?;
        let mut last = *first;
        for (at, id) in &self.timers {
            last = last.max(self.absent_at_the_earliest(*id, *at)?);
        }
        Some(SettleWait {
            customers: self.timers.len() as u64,
            next: first.saturating_sub(now),
            all: last.saturating_sub(now),
        })
    }

    /// When a job that waits until `at` may be known to be absent; none if its wait is another.
    fn absent_at_the_earliest(&self, id: JobId, at: Moment) -> Option<Moment> {
        match self.jobs.get(&id)?.purpose.as_ref()? {
            // It takes two look-ups, and some time between them.
            Purpose::Reconcile(reconciling) if reconciling.misses == 0 => {
                Some(at + reconciling.gap())
            }
            Purpose::Reconcile(_) => Some(at),
            _ => None,
        }
    }
}
