//! The clock, the wire and everything that happens outside the process: events in one order,
//! each at its moment. The clock jumps from event to event.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::disk::Disk;
use super::faults::{Fate, LookFate};
use super::oracle::{Oracle, PageRead};
use super::server::{Reply, Server, arrives};
use super::story::{Draw, Story};
use crate::deliver::driver::Line;
use crate::deliver::engine::JobId;
use crate::deliver::pace::Moment;
use crate::outcome::{Attempt, Sent, Submission, Trouble};

/// What a request asks for.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Post {
        run: Arc<str>,
        submission: Arc<Submission>,
        /// The oracle's name for it.
        post: u64,
    },
    Look {
        submission: Arc<Submission>,
        page: u32,
    },
    Probe,
}

/// A request in the air.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub process: u32,
    pub job: JobId,
    pub ask: Ask,
    pub token: u64,
    pub sent: Moment,
    pub fate: Fate,
    pub look_fate: LookFate,
    /// When a look-up was served, whether that was its last page, and whether it shows a
    /// customer that we made.
    pub served: Option<(Moment, bool, bool)>,
}

/// What happens next.
#[derive(Debug)]
pub(super) enum Event {
    /// At the server; a freeze puts these off.
    Arrives(u64),
    Commits {
        request: u64,
        /// The last moment at which it must be shown.
        deadline: Moment,
    },
    Shows(usize),
    Replies(u64, Reply),
    Serves(u64),
    /// At the client.
    Hears(u64, Attempt),
    GivesUp(u64),
    Synced(u32),
    Renewed(u32),
}

/// What a process hears.
#[derive(Debug)]
pub(super) enum Heard {
    Answer {
        job: JobId,
        ask: Box<Ask>,
        attempt: Attempt,
        sent: Moment,
    },
    /// The batch under way is on the disk, or is not.
    Synced,
    Renewed,
}

/// Everything but the process.
#[derive(Debug)]
pub(super) struct World {
    pub story: Story,
    pub random: fastrand::Rng,
    pub now: Moment,
    pub server: Server,
    pub disk: Disk,
    pub oracle: Oracle,
    /// The process that lives.
    pub process: u32,
    /// The batch on its way to the disk.
    pub syncing: Option<Vec<Line>>,
    /// Whether the operator has mended what made the server refuse everybody.
    pub cured: bool,
    /// Requests refused to everybody, in this process.
    pub refused: u64,
    pub events: u64,
    pub in_flight: usize,
    /// Whether the story means to show customers later than was promised.
    pub breaks_promise: bool,
    /// What happened, line by line, where somebody wants to read it.
    pub log: Option<Vec<String>>,
    token: u64,
    pub queue: BTreeMap<(Moment, u64), Event>,
    order: u64,
    pub requests: HashMap<u64, Request>,
}

impl World {
    pub(super) fn new(story: Story) -> Self {
        Self {
            random: fastrand::Rng::with_seed(story.seed),
            now: Moment::ZERO,
            server: Server::new(&story),
            disk: Disk::default(),
            oracle: Oracle::new(story.seed, &story.delivery),
            process: 0,
            syncing: None,
            cured: false,
            refused: 0,
            events: 0,
            in_flight: 0,
            breaks_promise: story.faults.breaks_promise || story.blind,
            log: None,
            token: 0,
            queue: BTreeMap::new(),
            order: 0,
            requests: HashMap::new(),
            story,
        }
    }

    /// Writes down what happens, for people.
    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(log) = &mut self.log {
            log.push(format!("{:>12.3} {}", now.as_secs_f64(), what()));
        }
    }

    pub(super) fn at(&mut self, moment: Moment, event: Event) {
        self.order += 1;
        self.queue.insert((moment, self.order), event);
    }

    /// Sends a request of the living process.
    pub(super) fn send(&mut self, job: JobId, ask: Ask) {
        self.order += 1;
        let id = self.order;
        let post = matches!(ask, Ask::Post { .. });
        let mut fate = Fate::Normal;
        let mut look_fate = LookFate::Normal;
        if post {
            fate = self.story.faults.post(&mut self.random);
        } else {
            let probe = matches!(ask, Ask::Probe);
            look_fate = self.story.faults.look(&mut self.random, probe);
        }
        let away = self.now < self.server.away_until;
        let unreachable = away || fate == Fate::Unreachable || look_fate == LookFate::Unreachable;
        let what = ask.words();
        self.note(|| format!("request {id}, job {job}: {what} ({fate:?}, {look_fate:?})"));
        let request = Request {
            process: self.process,
            job,
            ask,
            token: self.token,
            sent: self.now,
            fate,
            look_fate,
            served: None,
        };
        self.requests.insert(id, request);
        self.in_flight += 1;
        let wire = self.story.wire(&mut self.random);
        if unreachable {
            let refused = unanswered(Trouble::Connect, Sent::Never);
            self.at(self.now + wire, Event::Hears(id, refused));
            return;
        }
        if arrives(fate) {
            self.at(self.now + wire, Event::Arrives(id));
        }
        let resets = matches!(
            fate,
            Fate::Lost { reset: true } | Fate::Unheard { reset: true }
        ) || look_fate == LookFate::Reset;
        if resets {
            let length = self.random.time(wire, self.story.delivery.timeout / 2);
            let broken = unanswered(Trouble::Broken, Sent::Maybe);
            self.at(self.now + length, Event::Hears(id, broken));
        }
        self.at(self.now + self.story.delivery.timeout, Event::GivesUp(id));
    }

    /// Starts the journal's next transaction.
    pub(super) fn sync(&mut self, lines: Vec<Line>) {
        self.syncing = Some(lines);
        let longest = self.story.sync;
        let length = self.random.time(Duration::from_micros(100), longest);
        self.at(self.now + length, Event::Synced(self.process));
    }

    /// The transaction under way is on the disk.
    pub(super) fn land(&mut self, lines: &[Line]) {
        for line in lines {
            self.note(|| match line {
                Line::Intend {
                    submission,
                    attempt,
                    ..
                } => format!(
                    "durable: intent {attempt} of {}",
                    submission.position.record
                ),
                Line::Void { submission, .. } => {
                    format!("durable: void of {}", submission.position.record)
                }
                Line::Settle {
                    submission,
                    outcome,
                    ..
                } => format!("durable: {} is {outcome:?}", submission.position.record),
            });
        }
        self.disk.commit(lines);
        self.oracle.kept(lines, &self.server);
    }

    /// Asks for a new token.
    pub(super) fn renew(&mut self) {
        let wire = self.story.wire(&mut self.random);
        self.at(self.now + wire * 2, Event::Renewed(self.process));
    }

    /// The process is gone: what it had not synced is lost, and nobody hears the answers.
    pub(super) fn die(&mut self) {
        if let Some(lines) = self.syncing.take()
            && self.random.bool()
        {
            self.land(&lines);
        }
        let process = self.process;
        self.note(|| format!("process {process} is gone"));
        self.oracle.died(process, &self.disk);
        self.process += 1;
        self.in_flight = 0;
        self.refused = 0;
    }

    /// Gives up every request of the process at once, as an abort does; says which.
    pub(super) fn drop_requests(&mut self) -> Vec<Heard> {
        let mut mine: Vec<u64> = self
            .requests
            .iter()
            .filter(|(_, request)| request.process == self.process && !request.gone())
            .map(|(id, _)| *id)
            .collect();
        mine.sort_unstable();
        let lost = unanswered(Trouble::Interrupted, Sent::Maybe);
        mine.into_iter()
            .filter_map(|id| self.hear(id, lost.clone()))
            .collect()
    }

    /// Lets the next thing happen, until `limit` at the latest; says what the process hears.
    pub(super) fn step(&mut self, limit: Option<Moment>) -> Option<Heard> {
        let next = self.queue.first_key_value().map(|((at, _), _)| *at);
        let Some(at) = next.filter(|at| limit.is_none_or(|limit| *at <= limit)) else {
            if let Some(limit) = limit {
                self.now = self.now.max(limit);
            }
            return None;
        };
        self.now = self.now.max(at);
        self.events += 1;
        let (_, event) = self.queue.pop_first()?;
        let frozen = self.now < self.server.frozen_until;
        match event {
            Event::Arrives(_)
            | Event::Commits { .. }
            | Event::Shows(_)
            | Event::Replies(..)
            | Event::Serves(_)
                if frozen =>
            {
                let thaw = self.server.frozen_until;
                self.at(thaw, event);
                None
            }
            Event::Arrives(id) => {
                self.arrive(id);
                None
            }
            Event::Commits { request, deadline } => {
                self.commit(request, deadline);
                None
            }
            Event::Shows(index) => {
                self.note(|| format!("customer {} is shown", index + 1));
                let customer = &mut self.server.customers[index];
                customer.shown = true;
                if let Some(post) = customer.post {
                    self.oracle.posts[post as usize].shown_at = Some(self.now);
                }
                None
            }
            Event::Replies(id, reply) => {
                self.reply(id, &reply);
                None
            }
            Event::Serves(id) => {
                self.serve(id);
                None
            }
            Event::Hears(id, attempt) => self.hear(id, attempt),
            Event::GivesUp(id) => self.hear(id, unanswered(Trouble::Timeout, Sent::Maybe)),
            Event::Synced(process) => (process == self.process).then_some(Heard::Synced),
            Event::Renewed(process) => (process == self.process).then(|| {
                self.token = self.server.valid_token;
                Heard::Renewed
            }),
        }
    }

    /// Whether anything is going to happen at all.
    pub(super) fn next_event(&self) -> Option<Moment> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// The client hears of a request, unless it did before or is gone.
    fn hear(&mut self, id: u64, attempt: Attempt) -> Option<Heard> {
        let process = self.process;
        if self.requests.get(&id)?.process != process {
            return None;
        }
        self.note(|| format!("request {id} is heard: {}", words_of(&attempt)));
        let request = self.requests.get_mut(&id)?;
        let heard = Heard::Answer {
            job: request.job,
            ask: Box::new(request.ask.clone()),
            attempt: attempt.clone(),
            sent: request.sent,
        };
        // The server goes on with it; nobody listens any more.
        let request = Request {
            process: request.process,
            ..std::mem::replace(request, request.clone().deaf())
        };
        self.in_flight -= 1;
        if let Attempt::Answered(answer) = &attempt {
            self.oracle.answered(answer.status, self.now);
        }
        match &request.ask {
            Ask::Post { post, .. } => self.oracle.heard(*post, &attempt, self.now),
            Ask::Look { submission, page } => {
                let good = matches!(&attempt, Attempt::Answered(answer) if answer.status == 200);
                if let (true, Some((served, last, shows_it))) = (
                    good && request.look_fate == LookFate::Normal,
                    request.served,
                ) {
                    self.oracle.read(PageRead {
                        process: request.process,
                        job: request.job,
                        number: submission.key.as_deref(),
                        page: *page,
                        asked: request.sent,
                        served,
                        last,
                        shows_it,
                    });
                }
            }
            Ask::Probe => {}
        }
        Some(heard)
    }
}

impl Ask {
    fn words(&self) -> String {
        match self {
            Self::Post { submission, .. } => format!("POST of {}", submission.position.record),
            Self::Look { submission, page } => {
                format!("look-up of {}, page {page}", submission.position.record)
            }
            Self::Probe => "probe".to_owned(),
        }
    }
}

fn words_of(attempt: &Attempt) -> String {
    match attempt {
        Attempt::Answered(answer) => {
            let body = answer.body.as_deref().map(String::from_utf8_lossy);
            format!("{} {body:?} {:?}", answer.status, answer.retry_after)
        }
        Attempt::Unanswered { kind, sent } => format!("{kind:?}, sent: {sent:?}"),
    }
}

/// The process that hears nothing.
const NOBODY: u32 = u32::MAX;

impl Request {
    fn gone(&self) -> bool {
        self.process == NOBODY
    }

    fn deaf(mut self) -> Self {
        self.process = NOBODY;
        self
    }
}

fn unanswered(kind: Trouble, sent: Sent) -> Attempt {
    Attempt::Unanswered { kind, sent }
}
