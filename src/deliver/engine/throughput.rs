//! How much the engine gets through, in simulated time: under a server's quota, under faults,
//! beside slow records. What is judged are counts of requests and simulated seconds, so a slow
//! machine changes nothing.
//!
//! The model server counts a request some time after it left and answers some time after that;
//! nothing is known to the engine but what answers say.

mod disk;
mod faults;
mod quota;
mod server;
mod spread;

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::time::Duration;

use server::{Fate, Latency, Server};

use super::model::{answered, task};
use super::*;
use crate::deliver::settings::Threshold;
use crate::outcome::{Sent, Trouble};

/// A server that takes twenty milliseconds.
const USUAL: Latency = Latency {
    there: (500, 1_000),
    back: (18_000, 21_000),
};

/// How long an intent takes to the disk.
const SYNC: Duration = Duration::from_millis(1);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

enum Event {
    Durable(Vec<JobId>),
    HandOver,
    Arrived(JobId, bool),
    Answered(JobId, bool, Attempt),
    Probed(Attempt),
}

/// What happened until some moment.
#[derive(Debug, Default)]
struct Told {
    /// Moments at which the server accepted a POST.
    accepted: Vec<Moment>,
    posts: usize,
    /// Moments at which POSTs left.
    left_at: Vec<Moment>,
    looks: usize,
    throttled: usize,
    /// Moments at which it accepted a POST of somebody else.
    others: Vec<Moment>,
    settled: HashSet<u64>,
    /// When the last record was settled.
    done: Moment,
    /// The most records at once that were in flight, durable or on their way to the disk.
    under_way: usize,
    syncs: usize,
    /// How many rounds the engine went ahead at last.
    ahead: usize,
    /// When all but so many of the records were settled, by that number.
    left: BTreeMap<usize, Moment>,
}

impl Told {
    fn requests(&self) -> usize {
        self.posts + self.looks
    }
}

struct Run {
    engine: Engine,
    server: Server,
    now: Moment,
    events: BTreeMap<(Moment, u64), Event>,
    order: u64,
    /// How long a commit takes on a slow disk, and until when it is slow; then there is one
    /// commit at a time.
    slow_disk: Option<(Duration, Moment)>,
    is_syncing: bool,
    /// What the next commit carries, and when the first of it came.
    gathering: Vec<JobId>,
    gathering_since: Option<Moment>,
    told: Told,
}

impl Run {
    fn new(server: Server, concurrency: usize) -> Self {
        let timeout = Duration::from_secs(60);
        let settings = EngineSettings {
            delivery: DeliverySettings {
                concurrency: NonZeroUsize::new(concurrency).unwrap(),
                timeout,
                settle: timeout * 2,
                max_failures: Threshold::Percent(100.0),
                ..DeliverySettings::default()
            },
            identity: vec!["Number".to_owned()],
            existing_is_error: false,
            renewable: false,
            created_before: false,
            limit: None,
            look_only: false,
            seed: 1,
        };
        Self {
            engine: Engine::new(settings),
            server,
            now: Moment::ZERO,
            events: BTreeMap::new(),
            order: 0,
            slow_disk: None,
            is_syncing: false,
            gathering: Vec::new(),
            gathering_since: None,
            told: Told::default(),
        }
    }

    /// Sends so many records, or as many as go until a moment.
    fn go(mut self, records: u64, until: Option<Moment>) -> Told {
        let mut tasks = (1..=records).map(|record| task(record, Origin::Absent));
        loop {
            while self.engine.wants() > 0 {
                match tasks.next() {
                    Some(task) => self.engine.offer(task),
                    None => self.engine.source_ended(),
                }
            }
            let (actions, wake) = self.engine.poll(self.now);
            let quiet = actions.is_empty();
            self.carry_out(actions, records);
            let engine = &self.engine;
            let under_way = engine.in_flight + engine.intending + engine.cleared.len();
            self.told.ahead = engine.ahead;
            self.told.under_way = self.told.under_way.max(under_way);
            if !quiet {
                continue;
            }
            let next = self.events.first_key_value().map(|((at, _), _)| *at);
            let at = match (next, wake) {
                (Some(a), Some(b)) => a.min(b),
                (Some(a), None) | (None, Some(a)) => a,
                (None, None) => return self.told(),
            };
            self.now = at.max(self.now);
            if until.is_some_and(|until| self.now > until) || self.engine.is_done() {
                return self.told();
            }
            if next.is_some_and(|at| at <= self.now)
                && let Some((_, event)) = self.events.pop_first()
            {
                self.happen(event);
            }
        }
    }

    fn told(mut self) -> Told {
        self.told.others = std::mem::take(&mut self.server.taken_by_others);
        self.told
    }

    fn at(&mut self, delay: Duration, event: Event) {
        self.order += 1;
        self.events.insert((self.now + delay, self.order), event);
    }

    fn carry_out(&mut self, actions: Vec<Action>, records: u64) {
        for action in actions {
            match action {
                Action::Intend { job, .. } => self.gathering.push(job),
                Action::Post { job } => {
                    self.told.left_at.push(self.now);
                    self.send(job, true);
                }
                Action::Look { job, .. } => self.send(job, false),
                Action::Probe => self.at(ms(5), Event::Probed(nobody())),
                Action::Settle { submission, .. } => {
                    self.told.settled.insert(submission.position.record);
                    self.told.done = self.now;
                    let left = usize::try_from(records).unwrap() - self.told.settled.len();
                    self.told.left.insert(left, self.now);
                }
                _ => {}
            }
        }
        self.hand_over();
    }

    /// As the driver does it.
    fn hand_over(&mut self) {
        if self.gathering.is_empty() || (self.is_syncing && self.slow_disk.is_some()) {
            return;
        }
        let is_first = self.gathering_since.is_none();
        let since = *self.gathering_since.get_or_insert(self.now);
        if let Some(ends) = self.engine.may_wait_until(since)
            && self.now < ends
        {
            if is_first {
                self.at(ends - self.now, Event::HandOver);
            }
            return;
        }
        self.gathering_since = None;
        self.is_syncing = true;
        self.told.syncs += 1;
        let takes = match self.slow_disk {
            Some((slow, until)) if self.now < until => slow,
            _ => SYNC,
        };
        let intents = std::mem::take(&mut self.gathering);
        self.at(takes, Event::Durable(intents));
    }

    fn send(&mut self, job: JobId, post: bool) {
        let there = self.server.way_there(self.now);
        self.at(there, Event::Arrived(job, post));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Durable(jobs) => {
                self.engine.synced();
                for job in jobs {
                    self.engine.durable(job);
                }
                self.is_syncing = false;
            }
            // The loop does it, as soon as nothing else is to be decided.
            Event::HandOver => {}
            Event::Arrived(job, post) => self.arrived(job, post),
            Event::Answered(job, true, attempt) => self.engine.posted(job, &attempt, self.now),
            Event::Answered(job, false, attempt) => self.engine.looked(job, &attempt, self.now),
            Event::Probed(attempt) => self.engine.probed(&attempt, self.now),
        }
    }

    fn arrived(&mut self, job: JobId, post: bool) {
        let Some(record) = self.engine.submission(job).map(|it| it.position.record) else {
            return;
        };
        if post {
            self.told.posts += 1;
        } else {
            self.told.looks += 1;
        }
        let (fate, quota) = self.server.meet(record, post, self.now);
        let body = format!("{{\"Id\":{record},\"Number\":\"n{record}\"}}");
        let mut attempt = match fate {
            Fate::Fine | Fate::Slow if post => answered(201, body),
            Fate::Fine if self.server.has(record) => {
                answered(200, format!("{{\"Items\":[{body}]}}"))
            }
            Fate::Fine | Fate::Slow => nobody(),
            Fate::Throttled => answered(429, String::new()),
            Fate::Busy => answered(503, String::new()),
            Fate::Dropped => Attempt::Unanswered {
                kind: Trouble::Broken,
                sent: Sent::Maybe,
            },
        };
        match fate {
            Fate::Fine | Fate::Slow if post => self.told.accepted.push(self.now),
            Fate::Throttled => self.told.throttled += 1,
            _ => {}
        }
        if let Attempt::Answered(answer) = &mut attempt {
            answer.quota = quota;
        }
        let back = self.server.way_back(fate, self.now);
        self.at(back, Event::Answered(job, post, attempt));
    }
}

fn nobody() -> Attempt {
    answered(200, "{\"Items\":[]}".to_owned())
}
