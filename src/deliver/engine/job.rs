//! One record in delivery's custody: what is known about it and what it waits for.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::Duration;

use super::super::answer::Seen;
use super::super::pace::{Moment, Ticket};
use crate::outcome::{How, Outcome, ServerError, Submission};

/// Names a job within one engine.
pub type JobId = u64;

/// Finds jobs by their ids: those are counted up by us, so that nobody can choose them badly.
pub(super) type ById = BuildHasherDefault<IdHasher>;

/// Spreads counted numbers over all bits: a multiplication by the golden ratio does.
#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = (self.0 ^ id).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A submission handed to the engine.
#[derive(Clone, Debug)]
pub struct Task {
    /// The run that it belongs to.
    pub run: Arc<str>,
    /// What is to be sent.
    pub submission: Submission,
    /// What is known about it.
    pub origin: Origin,
}

/// What is known about a submission before this engine touches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Never sent; the ERP is known not to have its key.
    Absent,
    /// Never sent; nobody asked whether the ERP has its key, and nobody shall.
    Unasked,
    /// Never sent; the ERP is asked first.
    AskFirst,
    /// An earlier process meant to send it, and nobody knows whether it did.
    Recovered {
        /// POSTs so far, the uncertain one included.
        attempt: u32,
        /// Whether the key was known to be absent before the first of them.
        absent_before: bool,
    },
}

/// What a look-up is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// Is the key there before we send?
    Precheck,
    /// Did a lost POST arrive?
    Reconcile(Reconciling),
    /// It was created, but which id and number did it get?
    Learn {
        /// Look-ups that did not show it.
        misses: u32,
    },
    /// The server says that the key is taken: by whom?
    WhoHasIt {
        status: u16,
        code: Option<String>,
        errors: Vec<ServerError>,
    },
}

/// The wait and the look-ups after a lost POST.
#[derive(Clone, Debug)]
pub(super) struct Reconciling {
    /// How long a committed customer may take to become visible.
    pub settle: Duration,
    /// From when that time runs: the first answer that anyone got after giving up.
    pub anchor: Option<Moment>,
    /// Look-ups without a find after the settle time.
    pub misses: u32,
    /// The status that the lost POST was answered with, if any.
    pub status: Option<u16>,
}

impl Reconciling {
    /// The least time between two look-ups that count.
    pub(super) fn gap(&self) -> Duration {
        (self.settle / 4).max(Duration::from_secs(1))
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// In the queue of look-ups.
    WantsLook,
    /// In the queue of POSTs.
    WantsPost,
    /// Its intent is on the way to the disk.
    Intending,
    /// Its intent is durable; it waits for a place in flight.
    Cleared,
    /// Its POST is in flight.
    Posting,
    /// Its look-up is in flight.
    Looking,
    /// It waits for a moment.
    Waiting,
    /// Answered 403: others' answers will tell what that meant.
    Held,
    /// It waits for a new token.
    WaitsForToken,
}

/// A record in the engine's custody.
#[derive(Debug)]
pub(super) struct Job {
    pub run: Arc<str>,
    pub submission: Arc<Submission>,
    pub state: State,
    /// What its look-ups are for; none while it only wants to be posted.
    pub purpose: Option<Purpose>,
    /// POSTs that count, the current one included.
    pub attempt: u32,
    /// The attempt whose intent is durable.
    pub intended: u32,
    /// Whether the key is known to have been absent before the first POST.
    pub absent_before: bool,
    /// Whether some POST may have reached the server without a clear answer.
    pub maybe_sent: bool,
    /// Tries that count as no attempt: never sent, throttled.
    pub idle_tries: u32,
    /// Look-ups in a row that failed.
    pub look_failures: u32,
    /// Answers that the engine had when a look-up was last given up.
    pub answers_before: u64,
    /// The page that the current look-up asks for.
    pub page: u32,
    /// Customers (id and number) that the current look-up saw.
    pub seen: HashSet<(Option<i64>, Option<String>)>,
    /// Whether the page before showed nobody new.
    pub nothing_new: bool,
    /// Somebody else's customer with the key, if the current look-up saw one.
    pub stranger: Option<Box<Seen>>,
    /// When the current look-up's first page was asked for.
    pub look_started: Moment,
    /// Whether it counts against `--limit`: from its first token until it leaves custody.
    pub engaged: bool,
    /// Its place at the server's gate.
    pub ticket: Option<Ticket>,
    /// How many renewals there had been when its request left.
    pub sent_under: u64,
    /// The how-manieth POST of all its last one was, counted as they leave; 0 before the first.
    pub left_as: u64,
    /// When its POST left.
    pub left_at: Moment,
    /// Whether it was answered 401 with the token before.
    pub unauthorized_before: bool,
    /// The refusal that a 403 will be if it was the data's fault.
    pub forbidden: Option<(u16, Option<String>, Vec<ServerError>)>,
}

impl Job {
    pub(super) fn new(task: Task) -> Self {
        let (attempt, absent_before, maybe_sent) = match task.origin {
            Origin::Absent => (0, true, false),
            Origin::Unasked | Origin::AskFirst => (0, false, false),
            Origin::Recovered {
                attempt,
                absent_before,
            } => (attempt, absent_before, true),
        };
        Self {
            run: task.run,
            submission: Arc::new(task.submission),
            state: State::WantsPost,
            purpose: None,
            attempt,
            intended: attempt,
            absent_before,
            maybe_sent,
            idle_tries: 0,
            look_failures: 0,
            answers_before: 0,
            page: 1,
            seen: HashSet::new(),
            nothing_new: false,
            stranger: None,
            look_started: Moment::ZERO,
            left_at: Moment::ZERO,
            engaged: maybe_sent,
            ticket: None,
            sent_under: 0,
            left_as: 0,
            unauthorized_before: false,
            forbidden: None,
        }
    }

    /// Whether the ERP may have it from us: the last POST was unclear, or the key is said to be
    /// taken after an earlier one was, which came through later than anybody could expect.
    pub(super) fn may_be_ours(&self) -> bool {
        let taken = matches!(self.purpose, Some(Purpose::WhoHasIt { .. }));
        self.maybe_sent || (taken && self.attempt > 1)
    }

    /// Whether a look-up goes on behind somebody else's customer with the same key.
    pub(super) fn minds_others(&self) -> bool {
        matches!(self.purpose, Some(Purpose::Reconcile(_))) && !self.absent_before
    }

    /// Forgets whom a look-up saw, with the room that it took: thousands of jobs may wait for
    /// their next one.
    pub(super) fn forget_pages(&mut self) {
        self.seen = HashSet::new();
        self.nothing_new = false;
        self.stranger = None;
    }

    /// The number as it was sent.
    pub(super) fn sent_number(&self) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.submission.body).ok()?;
        Some(body.get("Number")?.as_str()?.to_owned())
    }

    /// Created, with the number as it was sent and no id.
    pub(super) fn created_unread(&self) -> Outcome {
        Outcome::Created {
            id: None,
            number: self.sent_number(),
            attempts: self.attempt,
            how: How::Posted,
        }
    }

    /// Whether the journal holds an open intent of it.
    pub(super) fn has_intent(&self) -> bool {
        self.intended > 0
    }
}
