//! What the engine tells the outside while it works. The console is one listener; nothing
//! depends on anybody listening.

use std::time::Duration;

use super::Counts;
use super::language::{Bilingual, both};
use super::summary::{Alteration, Summary, Traffic};

/// The part of the work that a run is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading, mapping and validating the whole input.
    Reading,
    /// Asking the ERP which customers are there already.
    CheckingExisting,
    /// Settling what an earlier run left unknown.
    Reconciling,
    /// Sending.
    Sending,
    /// Writing the report.
    Reporting,
}

/// How much of the server's quota for creates is taken at the moment, as its answers tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaUse {
    /// Requests that take a place, those under way among them.
    pub used: u64,
    /// Requests that the server takes in one interval.
    pub limit: u32,
    /// The interval.
    pub interval: Duration,
}

/// While nothing is under way and nothing can be sent: what is waited for until it may be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettleWait {
    /// Customers of whom nobody knows whether they were created.
    pub customers: u64,
    /// Until the first of them is looked up.
    pub next: Duration,
    /// Until the last of them is known to be absent, if all goes well.
    pub all: Duration,
}

/// Where a phase stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The phase.
    pub phase: Phase,
    /// Records (or bytes while reading) done in this phase.
    pub done: u64,
    /// What `done` will be at the end, if that is known.
    pub total: Option<u64>,
    /// Records by outcome so far.
    pub counts: Counts,
    /// Requests so far.
    pub traffic: Traffic,
    /// Requests that may run at once just now.
    pub concurrency: usize,
    /// The server's quota for creates, once it has announced one.
    pub quota: Option<QuotaUse>,
    /// Time left, if that can be said.
    pub left: Option<Duration>,
    /// While the server does not answer: the time after which the run gives up.
    pub gives_up: Option<Duration>,
    /// While nothing can be done but wait.
    pub waits: Option<SettleWait>,
}

/// Something that a person should know while the run goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whether it is a warning rather than information.
    pub warning: bool,
    /// One sentence, without values of customers.
    pub text: Bilingual,
}

/// Why sending pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseWhy {
    /// Answers that make no sense, or none.
    Odd,
    /// It cannot be reached.
    Unreachable,
    /// It says that it is unavailable.
    Unavailable,
    /// It asked for it.
    TooFast,
    /// The server that gives out tokens does not.
    NoToken,
}

impl PauseWhy {
    /// The reason in a few words.
    #[must_use]
    pub fn told(self) -> Bilingual {
        match self {
            Self::Odd => both!(
                "the server does not answer as it should",
                "der Server antwortet nicht, wie er sollte"
            ),
            Self::Unreachable => both!(
                "the server cannot be reached",
                "der Server ist nicht zu erreichen"
            ),
            Self::Unavailable => both!(
                "the server is unavailable for a moment",
                "der Server steht einen Moment nicht zur Verfügung"
            ),
            Self::TooFast => both!(
                "the server asks for a slower pace",
                "der Server bittet um ein langsameres Tempo"
            ),
            Self::NoToken => both!(
                "the token server gives no token",
                "der Token-Server gibt kein Token"
            ),
        }
    }
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time is handed on, and progress is told most often: no box for each"
)]
pub enum RunEvent {
    /// The run begins or goes on.
    Started {
        /// The run's id.
        run: String,
        /// The input as the user named it.
        input: String,
        /// The ERP instance; none in a dry run.
        target: Option<String>,
        /// Whether an earlier, unfinished run goes on.
        resumed: bool,
    },
    /// Where the current phase stands; at most ten a second.
    Progress(Progress),
    /// Something to know.
    Notice(Notice),
    /// A returned file differs from the input that it came from where nothing was wrong.
    Altered {
        /// The run whose input that was.
        run: String,
        /// What differs, by column.
        columns: Vec<Alteration>,
        /// Whether that was accepted (`--accept-changes`); else nothing is sent.
        accepted: bool,
    },
    /// Sending pauses.
    Paused {
        /// Why.
        why: PauseWhy,
        /// For how long, if that is known.
        length: Option<Duration>,
    },
    /// Sending goes on.
    Resumed,
    /// The run is over.
    Finished(Box<Summary>),
}

impl RunEvent {
    /// A piece of information.
    #[must_use]
    pub fn info(text: Bilingual) -> Self {
        Self::Notice(Notice {
            warning: false,
            text,
        })
    }

    /// A warning.
    #[must_use]
    pub fn warning(text: Bilingual) -> Self {
        Self::Notice(Notice {
            warning: true,
            text,
        })
    }
}
