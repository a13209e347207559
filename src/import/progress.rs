//! What people are told while requests are under way: how far it is, how much this command will
//! send, how long that will take, and why nothing moves.

use std::time::{Duration, Instant};

use super::Listener;
use super::estimate::{Estimate, Mark};
use crate::deliver::driver::Observed;
use crate::deliver::settings::Rate;
use crate::outcome::telling::{length, thousands_in};
use crate::outcome::{Bilingual, Counts, Outcome, Phase, Progress, RunEvent, both};

/// How much one command sends at most.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Most {
    /// What `--limit` lets be created yet.
    pub(super) created: Option<u64>,
    /// What is left of the records of `--record`.
    pub(super) chosen: Option<u64>,
}

impl Most {
    /// So many, but no more than that.
    pub(super) fn of(self, records: u64) -> u64 {
        let most = |most: Option<u64>| most.unwrap_or(u64::MAX);
        records.min(most(self.created)).min(most(self.chosen))
    }

    fn is_all(self) -> bool {
        self.created.is_none() && self.chosen.is_none()
    }

    fn note(&mut self, outcome: &Outcome) {
        let less = |most: &mut Option<u64>| *most = most.map(|most| most.saturating_sub(1));
        less(&mut self.chosen);
        if matches!(outcome, Outcome::Created { .. }) {
            less(&mut self.created);
        }
    }
}

/// How far sending is, and how long it will take.
pub(super) struct SendingProgress {
    counts: Counts,
    /// What this command has settled by sending.
    sent: Counts,
    most: Most,
    estimate: Estimate,
    clock: Instant,
}

impl SendingProgress {
    pub(super) fn new(counts: Counts, rate: Option<Rate>, most: Most) -> Self {
        Self {
            counts,
            sent: Counts::default(),
            most,
            estimate: Estimate::new(counts, rate),
            clock: Instant::now(),
        }
    }

    fn note(&mut self, outcome: &Outcome) {
        self.counts.add(outcome);
        self.sent.add(outcome);
        self.counts.open = self.counts.open.saturating_sub(1);
        self.most.note(outcome);
    }

    /// The counts with as many open ones as this command will send.
    fn ahead(&self) -> Counts {
        Counts {
            open: self.most.of(self.counts.open),
            ..self.counts
        }
    }

    /// How much is done, what that will be at the end, and what became of it: of the whole input,
    /// unless this command sends a part of it only. Then what was settled before tells nothing
    /// of it.
    fn place(&self) -> (u64, u64, Counts) {
        if self.most.is_all() {
            return (self.counts.settled(), self.counts.read, self.counts);
        }
        let done = self.sent.settled();
        (done, done + self.ahead().open, self.sent)
    }

    pub(super) fn hear(&mut self, observed: &Observed<'_>, listener: &Listener) {
        match observed {
            Observed::Settled(_, _, outcome) => {
                self.note(outcome);
            }
            Observed::Tick(tick) => {
                let mark = Mark {
                    at: self.clock.elapsed(),
                    counts: self.ahead(),
                    traffic: tick.traffic,
                    in_flight: tick.in_flight as u64,
                };
                let left = self.estimate.left(mark, tick.quota);
                let left = tick.waits.map(|wait| wait.all).or(left);
                let (done, total, counts) = self.place();
                listener.progress(|| {
                    RunEvent::Progress(Progress {
                        phase: Phase::Sending,
                        done,
                        total: Some(total),
                        counts,
                        traffic: tick.traffic,
                        concurrency: tick.allowed,
                        quota: tick.quota,
                        left,
                        gives_up: tick.gives_up,
                        waits: tick.waits,
                    })
                });
            }
            Observed::Paused(..) | Observed::Resumed | Observed::Stopping { .. } => {
                tell_pauses(observed, listener);
            }
        }
    }
}

/// Tells people how looking up goes.
pub(super) fn tell_looking(observed: &Observed<'_>, listener: &Listener) {
    if let Observed::Tick(tick) = observed {
        listener.progress(|| {
            RunEvent::Progress(Progress {
                phase: Phase::Reconciling,
                done: tick.traffic.lookups,
                total: None,
                counts: Counts::default(),
                traffic: tick.traffic,
                concurrency: tick.allowed,
                quota: tick.quota,
                left: tick.waits.map(|wait| wait.all),
                gives_up: tick.gives_up,
                waits: tick.waits,
            })
        });
    }
    tell_pauses(observed, listener);
}

/// Tells people how asking goes before anything is sent: of pauses, and of a server that does not
/// answer.
pub(super) fn tell_asking(observed: &Observed<'_>, listener: &Listener) {
    if let Observed::Tick(tick) = observed {
        listener.tell(&RunEvent::Progress(Progress {
            phase: Phase::CheckingExisting,
            done: 0,
            total: None,
            counts: Counts::default(),
            traffic: tick.traffic,
            concurrency: tick.allowed,
            quota: None,
            left: None,
            gives_up: tick.gives_up,
            waits: None,
        }));
    }
    tell_pauses(observed, listener);
}

/// That the wish to stop was heard, and what is waited for.
fn stopping(requests: usize, at_most: Duration, by_key: bool) -> Bilingual {
    let time = length(at_most);
    let under_way = if requests == 1 {
        both!("1 request is under way", "1 Anfrage ist unterwegs")
    } else {
        let requests = Bilingual::of(|l| thousands_in(requests as u64, l));
        both!([requests] "{requests} requests are under way", "{requests} Anfragen sind unterwegs")
    };
    let (them, customers) = if requests == 1 {
        (
            both!("it", "sie"),
            both!("its customer is", "ihr Kunde ist"),
        )
    } else {
        (
            both!("them", "sie"),
            both!("their customers are", "ihre Kunden sind"),
        )
    };
    if by_key {
        both!([under_way, them, customers]
            "stopping: {under_way}, up to {time}; Ctrl-C again drops {them} ({customers} unknown then)",
            "hält an: {under_way}, bis zu {time}; noch einmal Strg+C bricht {them} ab ({customers} dann unbekannt)"
        )
    } else {
        both!([under_way] "stopping: {under_way}, up to {time}", "hält an: {under_way}, bis zu {time}")
    }
}

/// Tells people of pauses, and that a wish to stop was heard.
fn tell_pauses(observed: &Observed<'_>, listener: &Listener) {
    match observed {
        Observed::Paused(why, length) => listener.tell(&RunEvent::Paused {
            why: *why,
            length: *length,
        }),
        Observed::Resumed => listener.tell(&RunEvent::Resumed),
        Observed::Stopping {
            requests,
            at_most,
            by_key,
        } => listener.tell(&RunEvent::info(stopping(*requests, *at_most, *by_key))),
        Observed::Settled(..) | Observed::Tick(..) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::How;

    fn created() -> Outcome {
        Outcome::Created {
            id: None,
            number: None,
            attempts: 1,
            how: How::Posted,
        }
    }

    fn exists() -> Outcome {
        Outcome::Exists {
            id: None,
            number: None,
        }
    }

    /// After those outcomes, of 1,000 records of which 400 were created before.
    fn after(created: Option<u64>, chosen: Option<u64>, outcomes: &[Outcome]) -> SendingProgress {
        let counts = Counts {
            read: 1_000,
            created: 400,
            open: 600,
            ..Counts::default()
        };
        let mut progress = SendingProgress::new(counts, None, Most { created, chosen });
        for outcome in outcomes {
            progress.note(outcome);
        }
        progress
    }

    #[test]
    fn the_time_left_counts_no_record_beyond_the_limit() {
        let open = |limit, times| after(limit, None, &vec![created(); times]).ahead().open;
        assert_eq!(open(None, 10), 590);
        assert_eq!(open(Some(300), 10), 290);
        assert_eq!(open(Some(300), 300), 0);
        // There are fewer than the limit allows.
        assert_eq!(open(Some(700), 10), 590);
    }

    #[test]
    fn the_whole_is_what_this_command_sends() {
        let place = |limit, chosen, outcomes: &[Outcome]| {
            let (done, total, counts) = after(limit, chosen, outcomes).place();
            // What is told of the outcomes adds up to what is told as done.
            assert_eq!(counts.settled(), done);
            let created = outcomes.iter().filter(|it| **it == self::created()).count() as u64;
            let before = if limit.or(chosen).is_none() { 400 } else { 0 };
            assert_eq!(counts.created, before + created);
            (done, total)
        };
        assert_eq!(place(None, None, &[created()]), (401, 1_000));
        assert_eq!(place(Some(3), None, &[]), (0, 3));
        assert_eq!(place(Some(3), None, &[created()]), (1, 3));
        // Who is there already is no new customer: the limit reaches one further.
        assert_eq!(place(Some(3), None, &[created(), exists()]), (2, 4));
        assert_eq!(place(Some(700), None, &[created()]), (1, 600));
        // Records that are chosen, whatever becomes of them.
        assert_eq!(place(None, Some(5), &[created(), exists()]), (2, 5));
        assert_eq!(place(Some(2), Some(5), &[created(), exists()]), (2, 3));
        assert_eq!(place(Some(2), Some(5), &vec![created(); 2]), (2, 2));
    }
}
