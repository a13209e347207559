//! The words for what happens to a record, shared by journal, report and console.
//!
//! Plain data: trouble with a record is described here by codes and parameters, never by
//! prose; `wording` turns it into sentences for people.

pub(crate) mod borrowed;
pub mod code;
mod counts;
pub mod damage;
pub mod ending;
pub mod event;
pub mod finding;
pub mod language;
pub mod measured;
pub mod repeating;
pub mod summary;
pub mod telling;
pub mod wording;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use code::{Code, Severity};
pub use counts::Counts;
pub use damage::Damage;
pub use ending::{Ending, ExitCode, Stop};
pub use event::{Notice, PauseWhy, Phase, Progress, QuotaUse, RunEvent, SettleWait};
pub use finding::{Finding, Verdict};
#[cfg(test)]
pub(crate) use language::english_words;
pub use language::{Bilingual, Language};
pub(crate) use language::{both, is_pair};
pub use measured::{Latency, Limit, Measured};
pub use repeating::{Repeating, ValuesShown};
pub use summary::{
    Alteration, Asked, Conditions, Cure, ErrorGroup, Linked, Plan, Summary, Told, ToldTexts,
    Traffic,
};

use crate::record::Position;

/// One thing that is wrong with one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The API's field by its path (`BillingAddress.City`); empty when the whole record is meant.
    pub target: String,
    /// The input's columns that the target is made of, as the header spells them.
    pub columns: Vec<String>,
    /// The rule that is broken.
    pub code: Code,
    /// What the sentence about it needs to know: limits, formats, positions; never values of
    /// a customer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// The value that broke the rule. It is a customer's: kept in memory only, never in the
    /// journal.
    #[serde(skip)]
    pub value: Option<String>,
    /// Where it stands, if that is a further record of a customer of several and not the record
    /// that the outcome belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Box<Position>>,
}

impl FieldError {
    /// An error about `target` without parameters, value or columns.
    #[must_use]
    pub fn new(code: Code, target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            columns: Vec::new(),
            code,
            params: BTreeMap::new(),
            value: None,
            at: None,
        }
    }

    /// Adds one parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// Adds the value that broke the rule.
    #[must_use]
    pub fn of_value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// The place of the further record that it is about; none, if it is about the record that
    /// the outcome belongs to.
    #[must_use]
    pub fn further_record(&self) -> Option<Position> {
        self.at.as_deref().copied()
    }

    /// Adds the input's columns.
    #[must_use]
    pub fn in_columns<I, S>(mut self, columns: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.columns = columns.into_iter().map(Into::into).collect();
        self
    }
}

/// A customer's key, hashed with the journal's own secret (first 16 bytes of keyed BLAKE3).
pub type KeyHash = [u8; 16];
/// The hash of a request body, made with the journal's own secret: bodies of one journal can be
/// compared by it.
pub type PayloadHash = [u8; 16];

/// A checked customer on its way to the ERP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Where its record stands in the input.
    pub position: Position,
    /// The key by which the ERP is asked for it, normalised; none when it is unkeyed.
    pub key: Option<String>,
    /// The key's hash.
    pub key_hash: Option<KeyHash>,
    /// The body's hash.
    pub payload: PayloadHash,
    /// The request body: JSON, UTF-8.
    pub body: Arc<[u8]>,
}

/// Facts about one request, as they were seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempt {
    /// The server answered.
    Answered(Answer),
    /// It did not, or not completely.
    Unanswered {
        /// What happened instead.
        kind: Trouble,
        /// Whether the server may have seen the request.
        sent: Sent,
    },
}

/// The parts of an answer that decisions depend on.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, in either of its forms, as a duration from the answer's arrival.
    pub retry_after: Option<Duration>,
    /// The server's quota, if it announced one.
    pub quota: Option<Quota>,
    /// The body, or why it could not be read although the status had arrived.
    pub body: Result<Vec<u8>, Trouble>,
}

/// The server's own limit as announced in its `X-RateLimit-*` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests allowed per interval.
    pub limit: u32,
    /// Length of the interval.
    pub interval: Duration,
    /// Requests left in the current interval, if the server said so.
    pub remaining: Option<u32>,
}

/// Whether a request may have reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// It certainly did not.
    Never,
    /// It may have.
    Maybe,
}

/// Why a request got no complete answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The host name could not be resolved.
    Dns,
    /// The connection was refused or could not be made.
    Connect,
    /// Making the connection took too long.
    ConnectTimeout,
    /// The TLS certificate or host name does not fit.
    Tls,
    /// The time limit passed without a complete answer.
    Timeout,
    /// The connection broke.
    Broken,
    /// The answer was longer than what is read at most.
    TooLong,
    /// The program ended before the answer came.
    Interrupted,
}

/// How a customer came to be in the ERP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The answer to our POST said so.
    Posted,
    /// A look-up found it after an answer was lost.
    Found,
    /// A person found it in the ERP after an answer was lost, and said so.
    Resolved,
}

/// The stage that refused a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It could not be read.
    Source,
    /// It could not be mapped.
    Mapping,
    /// It breaks a rule.
    Validation,
    /// The ERP has its key already and that counts as an error (`--existing fail`).
    Existing,
}

/// The server's word about one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerError {
    /// The field by the server's name; empty when the whole request is meant.
    pub field: String,
    /// The server's text, without the values that it echoes.
    pub text: String,
}

/// What became of a record. Exhaustive: it is the report's vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The customer is in the ERP, and this tool put it there.
    Created {
        /// The ERP's id, if it could be learnt.
        id: Option<i64>,
        /// The final customer number, if it could be learnt.
        number: Option<String>,
        /// POSTs that it took.
        attempts: u32,
        /// How we know.
        how: How,
    },
    /// It was in the ERP before us.
    Exists {
        /// The ERP's id.
        id: Option<i64>,
        /// Its customer number.
        number: Option<String>,
    },
    /// Refused here; never sent.
    Invalid {
        /// The stage that refused it.
        stage: Stage,
        /// Everything that is wrong with it.
        errors: Vec<FieldError>,
    },
    /// The server said no.
    Refused {
        /// HTTP status of its last answer.
        status: u16,
        /// The server's error code, or one of ours (`attempts.exhausted`).
        code: Option<String>,
        /// What it said.
        errors: Vec<ServerError>,
        /// POSTs that it took.
        attempts: u32,
    },
    /// Sent, and what happened could not be found out.
    Unknown {
        /// Why, in one of the words of `wording`.
        why: UnknownWhy,
        /// POSTs so far.
        attempts: u32,
    },
    /// An earlier run settled this key with the same data.
    Skipped {
        /// The ERP's id, if known.
        id: Option<i64>,
        /// The customer number, if known.
        number: Option<String>,
    },
    /// An earlier run settled this key with other data; it was not sent again.
    Changed {
        /// The ERP's id, if known.
        id: Option<i64>,
        /// The customer number, if known.
        number: Option<String>,
    },
    /// Left out by `keep_if`.
    LeftOut,
    /// Part of another record's customer.
    Grouped,
    /// Valid (dry run only).
    Ready,
}

/// Why an outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownWhy {
    /// The answer was lost and the look-up was not possible (yet).
    LookupImpossible,
    /// The look-up's pages did not end in time.
    LookupTooLong,
    /// The record has no key to look it up by.
    Unkeyed,
    /// Several customers fit.
    Ambiguous,
    /// The run ended before it could be looked up.
    Interrupted,
    /// The same customer waits in another run: as unknown, or as one that is still to be sent.
    EarlierUnknown,
}

impl Outcome {
    /// POSTs that it took.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Created { attempts, .. }
            | Self::Refused { attempts, .. }
            | Self::Unknown { attempts, .. } => *attempts,
            _ => 0,
        }
    }

    /// The outcome's word, as in journal, report and `show --outcome`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Exists { .. } => "exists",
            Self::Invalid { .. } => "invalid",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
            Self::Skipped { .. } => "skipped",
            Self::Changed { .. } => "changed",
            Self::LeftOut => "left_out",
            Self::Grouped => "grouped",
            Self::Ready => "ready",
        }
    }
}

/// A record whose outcome is known, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Where the record stands.
    pub position: Position,
    /// Its key's hash, if it had one.
    pub key_hash: Option<KeyHash>,
    /// Its body's hash, if there was a body.
    pub payload: Option<PayloadHash>,
    /// What became of it.
    pub outcome: Outcome,
    /// When that was known.
    pub at: Timestamp,
}
