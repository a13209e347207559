//! What the server remembers: its ledger, its requests and its mood.

use std::time::{Duration, Instant};

use axum::http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::door::{Door, Keys};
use super::quota::{Quota, Usage};
use super::{Knobs, SAME_ID};

/// One request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// When it had arrived completely, since the server's start.
    pub(crate) at: Duration,
    /// HTTP method.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// The answer's status; none if the connection was closed instead, or while the server is
    /// still at it.
    pub(crate) status: Option<u16>,
}

/// One POST of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Post {
    /// When it had arrived completely, since the server's start.
    pub(crate) at: Duration,
    /// The answer's status; none if the connection was closed instead.
    pub(crate) status: Option<u16>,
}

/// Everything that requests share.
pub(super) struct State {
    started: Instant,
    knobs: Knobs,
    usage: Usage,
    posts: u64,
    accepted: u64,
    next_number: u64,
    pub(super) keys: Keys,
    pub(super) ledger: Vec<(String, Value)>,
    pub(super) violations: Vec<String>,
    pub(super) seen: Vec<Seen>,
}

impl State {
    /// A server that has met nobody yet.
    pub(super) fn new(knobs: Knobs, started: Instant) -> Self {
        Self {
            started,
            knobs,
            usage: Usage::default(),
            posts: 0,
            accepted: 0,
            next_number: 900_001,
            keys: Keys::default(),
            ledger: Vec::new(),
            violations: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Time since the server's start.
    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Notes a request; its index.
    pub(super) fn note(&mut self, method: &Method, path: String) -> usize {
        self.seen.push(Seen {
            at: self.now(),
            method: method.to_string(),
            path,
            status: None,
        });
        self.seen.len() - 1
    }

    /// Notes a request's answer.
    pub(super) fn answered(&mut self, request: usize, status: u16) {
        if let Some(seen) = self.seen.get_mut(request) {
            seen.status = Some(status);
        }
    }

    /// Notes what the contract does not allow.
    pub(super) fn complain(&mut self, request: usize, what: &str) {
        let place = self
            .seen
            .get(request)
            .map(|seen| seen.method.clone())
            .unwrap_or_default();
        self.violations
            .push(format!("request {} ({place}): {what}", request + 1));
    }

    /// The POSTs among the requests.
    pub(super) fn posts(&self) -> Vec<Post> {
        self.seen
            .iter()
            .filter(|seen| seen.method == "POST" && !seen.path.starts_with("/oauth2/"))
            .map(|seen| Post {
                at: seen.at,
                status: seen.status,
            })
            .collect()
    }

    /// How long tokens live, if the server deals in them.
    pub(super) fn token_life(&self) -> Option<Duration> {
        match self.knobs.door {
            Door::Tokens(life) => Some(life),
            Door::Open | Door::ApiKey => None,
        }
    }

    /// Whether a request with these headers may come in.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        self.keys.admit(self.knobs.door, headers, self.now())
    }

    /// Spends one request of the quota, if there is one: whether it is granted, the quota, and
    /// what is left of it.
    pub(super) fn spend(&mut self, account: &str) -> Option<(bool, Quota, u32)> {
        let quota = self.knobs.quota?;
        let now = self.now();
        let (granted, left) = self.usage.spend(quota, account, now);
        Some((granted, quota, left))
    }

    /// The status with which a request fails by order, if it does. Counts POSTs.
    pub(super) fn failure(&mut self, method: &Method) -> Option<u16> {
        let is_post = method == Method::POST;
        self.posts += u64::from(is_post);
        let (from, status) = self.knobs.failure?;
        let spares_reading = matches!(status, 400 | 403 | 409 | 413 | 422);
        (self.posts >= from && (is_post || !spares_reading)).then_some(status)
    }

    /// Ends the failing by order.
    pub(super) fn lift(&mut self) {
        self.knobs.failure = None;
    }

    /// Whether a customer with this number is refused because there is one already.
    pub(super) fn refuses(&self, number: Option<&str>) -> bool {
        let is_same = |have: &str| Some(have) == number;
        self.knobs.refuse_repeats
            && self.customers().any(|customer| {
                customer
                    .get("Number")
                    .and_then(Value::as_str)
                    .is_some_and(is_same)
            })
    }

    /// Accepts a customer. The odd answer, and whether the connection is closed instead of
    /// sending it.
    pub(super) fn commit(&mut self, body: Map<String, Value>) -> (Value, bool) {
        let number = match body.get("Number").and_then(Value::as_str) {
            Some(number) => number.to_owned(),
            None => {
                self.next_number += 1;
                format!("OE{}", self.next_number - 1)
            }
        };
        self.accepted += 1;
        let dropped = self
            .knobs
            .drop_every
            .is_some_and(|every| self.accepted.is_multiple_of(every));
        let answer = odd(&numbered(&Value::Object(body.clone()), &number));
        self.ledger.push((number, Value::Object(body)));
        (answer, dropped)
    }

    /// Every customer with its number: those that were there, then the ledger's.
    fn customers(&self) -> impl Iterator<Item = Value> {
        let accepted = self
            .ledger
            .iter()
            .map(|(number, body)| numbered(body, number));
        self.knobs.existing.iter().cloned().chain(accepted)
    }

    /// A page of the customers that the query fits.
    pub(super) fn page(&self, query: &[(String, String)]) -> Value {
        let asked = |name: &str| {
            query
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.to_lowercase())
        };
        let count = |name: &str, default: usize| {
            asked(name)
                .and_then(|value| value.parse().ok())
                .unwrap_or(default)
        };
        // However large a page is asked for, 20 is what one gets.
        let (page, size) = (count("pageNumber", 1), count("pageSize", 20).min(20));
        let text = |customer: &Value, name: &str| {
            customer
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_lowercase()
        };
        let fits = |customer: &Value| {
            asked("number").is_none_or(|number| text(customer, "Number").starts_with(&number))
                && asked("searchKeyWord").is_none_or(|word| {
                    let address = customer.get("BillingAddress").and_then(Value::as_object);
                    text(customer, "Number").contains(&word)
                        || address.is_some_and(|address| {
                            address
                                .values()
                                .filter_map(Value::as_str)
                                .any(|value| value.to_lowercase().contains(&word))
                        })
                })
                && asked("groupId").is_none_or(|group| {
                    customer.get("CustomerGroupId").map(Value::to_string) == Some(group)
                })
        };
        let items: Vec<Value> = self
            .customers()
            .filter(fits)
            .skip((page - 1) * size)
            .take(size)
            .map(|customer| odd(&customer))
            .collect();
        json!({
            "TotalItems": -1,
            "TotalPages": 0,
            "PageNumber": page,
            "PageSize": size,
            "Items": items,
            "HasNextPage": true,
            "HasPreviousPage": null,
        })
    }
}

fn numbered(body: &Value, number: &str) -> Value {
    let mut customer = body.clone();
    if let Some(fields) = customer.as_object_mut() {
        fields.insert("Number".to_owned(), json!(number));
    }
    customer
}

/// A customer as this server tells of it: hardly to be believed beyond its number.
fn odd(customer: &Value) -> Value {
    let mut told = customer.clone();
    if let Some(fields) = told.as_object_mut() {
        fields.insert("Id".to_owned(), json!(SAME_ID));
        fields.insert("Birthday".to_owned(), json!("1985-01-01T"));
        fields.insert(
            "OtherAddresses".to_owned(),
            json!({
                "OtherBillingAddresses": "",
                "OtherShippingAddresses": "",
                "OtherCustomerAddresses": null,
            }),
        );
        fields.insert("Mood".to_owned(), json!({ "since": null, "grade": 7.5 }));
        fields.insert("LoyaltyPoints".to_owned(), json!("none"));
    }
    told
}
