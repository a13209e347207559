//! What the sandbox saw: its requests, its counts, and what broke the contract.
//!
//! Bounded: the last requests and the first violations are kept, everything is counted.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::header::HeaderMap;

use super::faults::Fault;

/// So many texts of violations are kept.
const VIOLATIONS_KEPT: usize = 1_000;

/// The headers that are kept of a request.
const OF_INTEREST: [&str; 13] = [
    "authorization",
    "x-api-key",
    "api-version",
    "x-appid",
    "x-appversion",
    "x-runas",
    "x-sessionid",
    "x-tenant-id",
    "tenant-id",
    "x-companyid",
    "content-type",
    "user-agent",
    "accept",
];

/// A request, as it came and as it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The method.
    pub method: Method,
    /// The path, with the base path.
    pub path: String,
    /// The query, as it came.
    pub query: Option<String>,
    /// The status of the answer; none: not answered, or not yet.
    pub status: Option<u16>,
    /// When it came, counted from the server's start.
    pub at: Duration,
    /// The headers that the contract names, by lower-case name. Requests with the same ones
    /// share them.
    pub headers: Arc<Vec<(String, String)>>,
}

impl Seen {
    /// The value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What was counted since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// `POST`s to the collection.
    pub posts: u64,
    /// `GET`s.
    pub gets: u64,
    /// Requests for a token.
    pub tokens: u64,
    /// Every other request.
    pub others: u64,
    /// Customers created; retries that created one again count too.
    pub created: u64,
    /// Creates whose number had a customer already when they arrived. A careful client sends
    /// none, unless look-ups hide that customer from it.
    pub repeated: u64,
    /// Customers created with Wawi's automatic workflows on.
    pub with_workflows: u64,
    /// Answers by status; an answer counts even if the client does not read it.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests to which the sandbox gave no answer, on purpose or because the client left.
    pub unanswered: u64,
    /// Requests over the quota.
    pub throttled: u64,
    /// Faults that happened.
    pub faults: BTreeMap<Fault, u64>,
    /// Most requests that were in work at the same time.
    pub in_flight_max: u64,
    /// What broke the contract, without customers' values: the first 1,000.
    pub violations: Vec<String>,
    /// How often the contract was broken.
    pub violation_count: u64,
}

/// Where a request is noted, for the status that follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket(u64);

/// Keeps the counts and the last requests.
#[derive(Debug)]
pub(super) struct Notes {
    pub(super) counters: Counters,
    requests: VecDeque<Seen>,
    /// Requests that are no longer kept.
    dropped: u64,
    keep: usize,
    in_flight: u64,
    /// The headers of the last request: the next one mostly has the same.
    headers: Arc<Vec<(String, String)>>,
}

impl Notes {
    /// Notes that keep so many requests.
    pub(super) fn new(keep: usize) -> Self {
        Self {
            counters: Counters::default(),
            requests: VecDeque::new(),
            dropped: 0,
            keep,
            in_flight: 0,
            headers: Arc::default(),
        }
    }

    /// Notes a request that has arrived.
    pub(super) fn arrive(
        &mut self,
        method: &Method,
        path: &str,
        query: Option<&str>,
        headers: &HeaderMap,
        at: Duration,
    ) -> Ticket {
        self.in_flight += 1;
        self.counters.in_flight_max = self.counters.in_flight_max.max(self.in_flight);
        let ticket = self.dropped + self.requests.len() as u64;
        if self.keep == 0 {
            self.dropped += 1;
            return Ticket(ticket);
        }
        if self.requests.len() == self.keep {
            self.requests.pop_front();
            self.dropped += 1;
        }
        if !self.same_headers(headers) {
            let owned = of_interest(headers).map(|(name, value)| (name.to_owned(), value.into()));
            self.headers = Arc::new(owned.collect());
        }
        self.requests.push_back(Seen {
            method: method.clone(),
            path: path.to_owned(),
            query: query.map(str::to_owned),
            status: None,
            at,
            headers: Arc::clone(&self.headers),
        });
        Ticket(ticket)
    }

    /// Notes how a request ended: with a status, or without an answer.
    pub(super) fn leave(&mut self, ticket: Ticket, status: Option<u16>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match status {
            Some(status) => *self.counters.statuses.entry(status).or_default() += 1,
            None => self.counters.unanswered += 1,
        }
        let index = ticket.0.checked_sub(self.dropped);
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some(seen) = index.and_then(|index| self.requests.get_mut(index)) {
            seen.status = status;
        }
    }

    /// Notes that the contract was broken.
    pub(super) fn violated(&mut self, text: String) {
        self.counters.violation_count += 1;
        if self.counters.violations.len() < VIOLATIONS_KEPT {
            self.counters.violations.push(text);
        }
    }

    /// Notes that a fault happened.
    pub(super) fn failed(&mut self, fault: Fault) {
        *self.counters.faults.entry(fault).or_default() += 1;
    }

    /// The requests that are kept, in the order of their arrival.
    pub(super) fn requests(&self) -> Vec<Seen> {
        self.requests.iter().cloned().collect()
    }

    fn same_headers(&self, headers: &HeaderMap) -> bool {
        let mut known = self.headers.iter();
        let same = of_interest(headers).all(|(name, value)| {
            let next = known.next();
            next.is_some_and(|(known, text)| known == name && text == value)
        });
        same && known.next().is_none()
    }
}

fn of_interest(headers: &HeaderMap) -> impl Iterator<Item = (&'static str, &str)> {
    OF_INTEREST.into_iter().filter_map(|name| {
        let value = headers.get(name)?;
        Some((name, value.to_str().unwrap_or("(not text)")))
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn arrive(notes: &mut Notes, path: &str, version: &'static str) -> Ticket {
        let mut headers = HeaderMap::new();
        headers.insert("api-version", HeaderValue::from_static(version));
        headers.insert("host", HeaderValue::from_static("localhost"));
        notes.arrive(&Method::GET, path, None, &headers, Duration::ZERO)
    }

    #[test]
    fn only_the_last_requests_are_kept_and_all_are_counted() {
        let mut notes = Notes::new(2);
        let tickets = ["/1", "/2", "/3"].map(|path| arrive(&mut notes, path, "1.0"));
        for (ticket, status) in tickets.into_iter().zip([Some(201), None, Some(201)]) {
            notes.leave(ticket, status);
        }
        let kept = notes.requests();
        let kept: Vec<_> = kept.iter().map(|s| (s.path.as_str(), s.status)).collect();
        assert_eq!(kept, [("/2", None), ("/3", Some(201))]);
        assert_eq!(notes.counters.statuses, BTreeMap::from([(201, 2)]));
        assert_eq!(notes.counters.unanswered, 1);
        assert_eq!(notes.counters.in_flight_max, 3);
    }

    #[test]
    fn same_headers_are_shared() {
        let mut notes = Notes::new(9);
        for version in ["1.0", "1.0", "1.1"] {
            arrive(&mut notes, "/", version);
        }
        let kept = notes.requests();
        assert!(Arc::ptr_eq(&kept[0].headers, &kept[1].headers));
        assert_eq!(kept[2].header("api-version"), Some("1.1"));
        assert_eq!(kept[0].header("host"), None);
    }

    #[test]
    fn nothing_is_kept_when_told_so() {
        let mut notes = Notes::new(0);
        let ticket = arrive(&mut notes, "/", "1.0");
        notes.leave(ticket, Some(200));
        assert!(notes.requests().is_empty());
        for _ in 0..2_000 {
            notes.violated(String::new());
        }
        assert_eq!(notes.counters.violations.len(), VIOLATIONS_KEPT);
        assert_eq!(notes.counters.violation_count, 2_000);
    }
}
