//! A model server: latency, quota, faults, slow records.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use crate::deliver::pace::Moment;
use crate::outcome::Quota;

/// How the time of a quota is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// The interval that ends now.
    Sliding,
    /// One interval after the other, from some moment on.
    Fixed(Duration),
    /// An interval begins with the first request after the last one.
    FromFirst,
}

/// How long a request takes, and when on its way it is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latency {
    /// Shortest and longest time until it is counted, in microseconds.
    pub(super) there: (u64, u64),
    /// Shortest and longest time from then to the answer, in microseconds.
    pub(super) back: (u64, u64),
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Fine,
    Slow,
    Throttled,
    Busy,
    Dropped,
}

/// The server; by default one without a quota and without faults.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) latency: Latency,
    /// For every other period of that length, requests take so long instead.
    pub(super) in_turn: Option<(Duration, Latency)>,
    /// How often it stands still, and for how long: what comes meanwhile is counted behind that.
    pub(super) stalls: Option<(Duration, Duration)>,
    pub(super) quota: Option<(u32, Duration, Window)>,
    /// Per cent of the POSTs that are answered 503, and not taken.
    pub(super) busy: u32,
    /// Per cent of the POSTs whose connection breaks; half of them are taken.
    pub(super) dropped: u32,
    /// Requests at once beyond which everything is answered 503.
    pub(super) capacity: Option<usize>,
    /// Every such record is answered that much later.
    pub(super) slow: Option<(u64, Duration)>,
    /// Requests that other clients send in bursts, and how long lies between two bursts.
    pub(super) others: Option<(u32, Duration)>,
    /// Answers that are under way.
    pub(super) inside: VecDeque<Moment>,
    next_others: Moment,
    counted: VecDeque<Moment>,
    window_start: Option<Moment>,
    /// POSTs that others were granted.
    pub(super) taken_by_others: Vec<Moment>,
    customers: HashSet<u64>,
    random: fastrand::Rng,
}

impl Server {
    pub(super) fn new(seed: u64, latency: Latency) -> Self {
        Self {
            latency,
            in_turn: None,
            stalls: None,
            quota: None,
            busy: 0,
            dropped: 0,
            capacity: None,
            slow: None,
            others: None,
            inside: VecDeque::new(),
            next_others: Moment::ZERO,
            counted: VecDeque::new(),
            window_start: None,
            taken_by_others: Vec::new(),
            customers: HashSet::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    pub(super) fn way_there(&mut self, now: Moment) -> Duration {
        let (least, most) = self.latency_at(now).there;
        let there = Duration::from_micros(self.random.u64(least..=most));
        let Some((each, length)) = self.stalls else {
            return there;
        };
        there + length.saturating_sub(into_period(now + there, each))
    }

    fn latency_at(&self, now: Moment) -> Latency {
        match self.in_turn {
            Some((period, other)) if into_period(now, period * 2) >= period => other,
            _ => self.latency,
        }
    }

    pub(super) fn way_back(&mut self, fate: Fate, now: Moment) -> Duration {
        let (least, most) = self.latency_at(now).back;
        let back = Duration::from_micros(self.random.u64(least..=most));
        match self.slow {
            Some((_, slower)) if fate == Fate::Slow => back + slower,
            _ => back,
        }
    }

    pub(super) fn has(&self, record: u64) -> bool {
        self.customers.contains(&record)
    }

    /// Meets a request; what becomes of it, and what the quota's headers say.
    pub(super) fn meet(&mut self, record: u64, post: bool, now: Moment) -> (Fate, Option<Quota>) {
        if !post {
            return (Fate::Fine, None);
        }
        let quota = self.quota.map(|(limit, interval, _)| Quota {
            limit,
            interval,
            remaining: Some(0),
        });
        if self.quota.is_some() && !self.spend_with_others(now) {
            return (Fate::Throttled, quota);
        }
        let quota = quota.map(|quota| Quota {
            remaining: Some(quota.limit - u32::try_from(self.counted.len()).unwrap()),
            ..quota
        });
        (self.fate(record, now), quota)
    }

    fn fate(&mut self, record: u64, now: Moment) -> Fate {
        if let Some(capacity) = self.capacity {
            while self.inside.front().is_some_and(|until| *until <= now) {
                self.inside.pop_front();
            }
            if self.inside.len() >= capacity {
                return Fate::Busy;
            }
            self.inside
                .push_back(now + Duration::from_micros(self.latency.back.1));
        }
        let roll = self.random.u32(0..100);
        if roll < self.busy {
            return Fate::Busy;
        }
        if roll < self.busy + self.dropped {
            if self.random.bool() {
                self.customers.insert(record);
            }
            return Fate::Dropped;
        }
        self.customers.insert(record);
        match self.slow {
            Some((each, _)) if record.is_multiple_of(each) => Fate::Slow,
            _ => Fate::Fine,
        }
    }

    fn spend_with_others(&mut self, now: Moment) -> bool {
        if let Some((burst, gap)) = self.others {
            while self.next_others <= now {
                let at = self.next_others;
                for _ in 0..burst {
                    if self.spend(at) {
                        self.taken_by_others.push(at);
                    }
                }
                let micros = u64::try_from(gap.as_micros()).unwrap();
                self.next_others +=
                    Duration::from_micros(self.random.u64(micros / 2..=micros * 3 / 2));
            }
        }
        self.spend(now)
    }

    fn spend(&mut self, now: Moment) -> bool {
        let Some((limit, interval, window)) = self.quota else {
            return true;
        };
        let start = match window {
            Window::Sliding => None,
            Window::Fixed(offset) => {
                Some(now.saturating_sub(into_period(now + interval - offset, interval)))
            }
            Window::FromFirst => {
                if self
                    .window_start
                    .is_none_or(|start| start + interval <= now)
                {
                    self.window_start = Some(now);
                }
                self.window_start
            }
        };
        while self.counted.front().is_some_and(|at| match start {
            Some(start) => *at < start,
            None => *at + interval <= now,
        }) {
            self.counted.pop_front();
        }
        let free = self.counted.len() < limit as usize;
        if free {
            self.counted.push_back(now);
        }
        free
    }
}

/// How far a moment lies behind the last of the periods that begin with time itself.
fn into_period(at: Moment, period: Duration) -> Duration {
    let nanos = at.as_nanos() % period.as_nanos();
    Duration::from_nanos(u64::try_from(nanos).unwrap())
}
