//! How a stand-in ERP is set up: what it costs, whom it lets in, how it answers.
//!
//! Plain values; nothing here acts. What goes wrong on purpose is in `faults`.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::faults::Faults;

/// Everything that one sandbox is told at its start.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// Decides every fault, together with the record that meets it. Default 0.
    pub seed: u64,
    /// Loopback port; 0 takes a free one. Default 0.
    pub port: u16,
    /// Path in front of every route, e.g. `/api/eazybusiness`. Default empty.
    pub base_path: String,
    /// What goes wrong on purpose. Default nothing.
    pub faults: Faults,
    /// How many requests each method and path takes. Default as many as come.
    pub quota: Option<Quota>,
    /// Whether a 429 over the quota says when to come back. Default no, as published.
    pub retry_after: RetryAfter,
    /// Time that every answer of the API takes. Default none.
    pub latency: Duration,
    /// Up to so much more, evenly spread. Default none.
    pub jitter: Duration,
    /// Whom it lets in. Default everybody.
    pub auth: Auth,
    /// How apps are registered. Default: accepted when it is asked a second time.
    pub registration: Registration,
    /// What `number=` matches. Default the exact number.
    pub lookup: Lookup,
    /// What happens to a number that exists already. Default it is created again.
    pub duplicates: Duplicates,
    /// Customers that are there from the start; they are not in the ledger.
    pub existing: Vec<Existing>,
    /// Largest page of a listing. Default 100.
    pub page_size_max: usize,
    /// How long a new customer stays invisible to look-ups. Default not at all.
    pub stale: Duration,
    /// Answers as loose as the published examples: a text where an array belongs, a birthday
    /// that is no date, extra fields, camelCase error bodies. Default off.
    pub odd_answers: bool,
    /// Listings with a negative or huge `TotalItems` and `HasNextPage` always true.
    pub absurd_counts: bool,
    /// Every customer gets the id 1001.
    pub same_id: bool,
    /// Keep the bodies of created customers. Default yes; without them a customer costs about
    /// 40 bytes, and look-ups answer with id and number alone.
    pub keep_bodies: bool,
    /// How many of the last requests are kept. Default 100,000.
    pub keep_requests: usize,
    /// File to which every commit is appended as a JSON line before it counts. What it holds
    /// already is taken over at the start, so that a sandbox can be started again.
    pub ledger_file: Option<PathBuf>,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            seed: 0,
            port: 0,
            base_path: String::new(),
            faults: Faults::default(),
            quota: None,
            retry_after: RetryAfter::No,
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            auth: Auth::None,
            registration: Registration::default(),
            lookup: Lookup::Exact,
            duplicates: Duplicates::Accept,
            existing: Vec::new(),
            page_size_max: 100,
            stale: Duration::ZERO,
            odd_answers: false,
            absurd_counts: false,
            same_id: false,
            keep_bodies: true,
            keep_requests: 100_000,
            ledger_file: None,
        }
    }
}

/// A quota on requests, counted for each method and path by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests in an interval.
    pub limit: u32,
    /// The interval; the header tells it in whole seconds, rounded up.
    pub interval: Duration,
    /// How intervals follow each other.
    pub window: Window,
}

/// How a quota's intervals follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// Back to back since the server's start.
    #[default]
    Fixed,
    /// Any stretch of that length.
    Sliding,
}

/// What a 429 over the quota says about coming back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    #[default]
    No,
    /// `Retry-After` in seconds.
    Seconds,
    /// `Retry-After` as an HTTP date.
    Date,
}

/// Whom the server lets in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// Everybody: a gateway has seen to it.
    #[default]
    None,
    /// Who sends `Authorization: Wawi <key>`.
    ApiKey(String),
    /// Who sends a token that `POST /oauth2/token` has handed out.
    Bearer {
        /// The client's id.
        client_id: String,
        /// The client's secret.
        client_secret: String,
        /// How long a token lives.
        lives: Duration,
    },
}

/// How the request of an app to be registered goes. The key that it is told is that of
/// [`Auth::ApiKey`], else one that is made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// What comes of it in the end.
    pub decision: Decision,
    /// So many requests find that nobody has opened the page for registrations. Default none.
    pub closed_for: u32,
    /// So many questions find that nobody has decided yet. Default one.
    pub pending_for: u32,
    /// The answer that tells the key is lost on its way. Default no.
    pub loses_key: bool,
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            decision: Decision::Accept,
            closed_for: 0,
            pending_for: 1,
            loses_key: false,
        }
    }
}

/// What a person says to an app that wants to be registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    #[default]
    Accept,
    /// No.
    Reject,
    /// Nothing.
    Never,
    /// The app is registered already: it cannot ask again.
    Taken,
}

/// What `number=` matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lookup {
    /// The same number.
    #[default]
    Exact,
    /// Every number that begins so.
    Prefix,
    /// The same number, upper or lower case.
    IgnoreCase,
}

/// What happens to a number that exists already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// It is created once more: the database has no unique constraint.
    #[default]
    Accept,
    /// 409.
    Refuse409,
    /// 400 with a validation error on `Number`.
    Refuse400,
}

/// A customer that is there from the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Existing {
    /// Its id.
    pub id: i32,
    /// Its number.
    pub number: String,
    /// Its other fields, as they would have been posted.
    pub body: Value,
}

impl Existing {
    /// A plain customer of that number.
    #[must_use]
    pub fn new(id: i32, number: &str) -> Self {
        let body = json!({
            "CustomerGroupId": 1,
            "BillingAddress": {"City": "Aachen", "CountryIso": "DE", "LastName": "Altkunde"},
            "LanguageIso": "DE",
            "InternalCompanyId": 1,
        });
        Self {
            id,
            number: number.to_owned(),
            body,
        }
    }
}
