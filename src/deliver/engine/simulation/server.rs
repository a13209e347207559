//! The model server: its ledger, which is the oracle, and what it says to requests. It knows
//! nothing of the engine.

use std::collections::VecDeque;
use std::time::Duration;

use super::faults::{Fate, Unread};
use super::story::{Looks, Matching, Story, Totals};
use crate::deliver::pace::Moment;
use crate::outcome::{Answer, Attempt, Quota, Trouble};

/// A customer in the ledger.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub id: u64,
    pub number: String,
    /// What was sent, as it was sent; nothing for those who were there before.
    pub body: Vec<u8>,
    /// What look-ups show.
    shown_as: String,
    /// The POST that made it.
    pub post: Option<u64>,
    /// Whether look-ups show it yet.
    pub shown: bool,
}

/// What a POST will be answered.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// 201, or 409 if the number was taken meanwhile.
    Created,
    Unread(Unread),
    Status {
        status: u16,
        retry_after: Option<Duration>,
        /// The server's own answers carry its quota.
        own: bool,
    },
}

/// The server.
#[derive(Debug)]
pub(super) struct Server {
    pub customers: Vec<Customer>,
    looks: Looks,
    refuses_repeated: bool,
    pub frozen_until: Moment,
    pub away_until: Moment,
    /// Requests that arrived.
    pub arrived: u64,
    /// The newest token that is any good.
    pub valid_token: u64,
    counted: VecDeque<Moment>,
}

/// A look-up's page, and what the ledger knows about it.
#[derive(Debug)]
pub(super) struct Served {
    pub body: String,
    /// Whether no customer that fits lies behind it.
    pub last: bool,
    /// The ids on it.
    pub ids: Vec<u64>,
}

impl Server {
    pub(super) fn new(story: &Story) -> Self {
        let mut server = Self {
            customers: Vec::new(),
            looks: story.looks,
            refuses_repeated: story.refuses_repeated,
            frozen_until: Moment::ZERO,
            away_until: Moment::ZERO,
            arrived: 0,
            valid_token: 0,
            counted: VecDeque::new(),
        };
        for number in &story.strangers {
            let body = format!(
                "{{\"Number\":\"{number}\",\"BillingAddress\":{{\"LastName\":\"L1\",\"City\":\"Elsewhere\"}}}}"
            );
            server.add(number, &body, None);
            if let Some(customer) = server.customers.last_mut() {
                customer.shown = true;
                customer.body.clear();
            }
        }
        server
    }

    /// The value of a text field in a body of ours; bodies are flat enough for this.
    fn text<'b>(body: &'b str, field: &str) -> Option<&'b str> {
        let start = body.find(&format!("\"{field}\":\""))? + field.len() + 4;
        let length = body[start..].find('"')?;
        Some(&body[start..start + length])
    }

    /// Adds a customer; nobody, if the number is taken and must not be.
    pub(super) fn add(&mut self, number: &str, body: &str, post: Option<u64>) -> Option<usize> {
        if self.is_taken(number) && post.is_some() {
            return None;
        }
        let id = self.customers.len() as u64 + 1;
        let name = Self::text(body, "LastName").unwrap_or_default();
        let city = Self::text(body, "City").unwrap_or_default();
        let city = if self.looks.sparse {
            String::new()
        } else {
            format!(",\"City\":\"{city}\"")
        };
        let shown = match self.looks.matching {
            Matching::IgnoringCase => number.to_lowercase(),
            _ => number.to_owned(),
        };
        self.customers.push(Customer {
            id,
            number: number.to_owned(),
            body: body.as_bytes().to_vec(),
            shown_as: format!(
                "{{\"Id\":{id},\"Number\":\"{shown}\",\"BillingAddress\":{{\"LastName\":\"{name}\"{city}}}}}"
            ),
            post,
            shown: false,
        });
        Some(self.customers.len() - 1)
    }

    /// Whether a POST with this number is refused because of it.
    pub(super) fn is_taken(&self, number: &str) -> bool {
        self.refuses_repeated && self.customers.iter().any(|there| there.number == number)
    }

    /// The customer that a POST made.
    pub(super) fn made_by(&self, post: u64) -> Option<&Customer> {
        self.customers.iter().find(|there| there.post == Some(post))
    }

    /// Whether the quota is used up; counts the request if not.
    pub(super) fn is_throttled(&mut self, story: &Story, now: Moment) -> bool {
        let Some(quota) = story.quota else {
            return false;
        };
        let begins = if quota.sliding {
            now.saturating_sub(quota.interval)
        } else {
            quota.interval * u32::try_from(now.as_nanos() / quota.interval.as_nanos()).unwrap_or(0)
        };
        while self.counted.front().is_some_and(|at| *at < begins) {
            self.counted.pop_front();
        }
        if self.counted.len() >= quota.limit as usize {
            return true;
        }
        self.counted.push_back(now);
        false
    }

    fn quota(&self, story: &Story) -> Option<Quota> {
        story.quota.map(|quota| Quota {
            limit: quota.limit,
            interval: quota.interval,
            remaining: Some(quota.limit.saturating_sub(self.counted.len() as u32)),
        })
    }

    /// What the client gets to see of a reply to a POST.
    pub(super) fn render(&self, story: &Story, reply: &Reply, post: u64) -> Attempt {
        let quota = self.quota(story);
        let answer = |status, body: Result<Vec<u8>, Trouble>| Answer {
            status,
            retry_after: None,
            quota,
            body,
        };
        Attempt::Answered(match reply {
            Reply::Created => match self.made_by(post) {
                Some(made) => {
                    let body = format!("{{\"Id\":{},\"Number\":\"{}\"}}", made.id, made.number);
                    answer(201, Ok(body.into_bytes()))
                }
                None => answer(409, Ok(b"{\"ErrorMessage\":\"already exists\"}".to_vec())),
            },
            Reply::Unread(_) if self.made_by(post).is_none() => answer(409, Ok(Vec::new())),
            Reply::Unread(Unread::Garbage) => answer(201, Ok(b"<html>".to_vec())),
            Reply::Unread(Unread::Cut) => answer(201, Err(Trouble::Broken)),
            Reply::Unread(Unread::Empty) => answer(204, Ok(Vec::new())),
            Reply::Status {
                status,
                retry_after,
                own,
            } => Answer {
                status: *status,
                retry_after: *retry_after,
                quota: quota.filter(|_| *own),
                body: Ok(Vec::new()),
            },
        })
    }

    /// Customers that a look-up by number, or by name, finds.
    fn fitting(&self, number: Option<&str>, body: &str) -> Vec<&Customer> {
        let shown = self.customers.iter().filter(|there| there.shown);
        let fits = |there: &&Customer| match number {
            Some(number) => match self.looks.matching {
                Matching::Exact => there.number == number,
                Matching::IgnoringCase => there.number.eq_ignore_ascii_case(number),
                Matching::Prefix => there.number.starts_with(number),
                Matching::Everybody => true,
            },
            None => Self::text(body, "LastName").is_some_and(|name| {
                Self::text(&there.shown_as, "LastName").is_some_and(|other| other.contains(name))
            }),
        };
        let mut fitting: Vec<&Customer> = shown.filter(fits).collect();
        // Where the newest come first, pages shift while customers are created.
        if self.looks.newest_first {
            fitting.reverse();
        }
        fitting
    }

    /// One page of a look-up.
    pub(super) fn page(&self, number: Option<&str>, body: &str, page: u32) -> Served {
        let fitting = self.fitting(number, body);
        let size = self.looks.page_size;
        let mut first = (page as usize - 1) * size;
        if first >= fitting.len() && self.looks.repeats_the_last_page && !fitting.is_empty() {
            first = (fitting.len() - 1) / size * size;
        }
        let items: Vec<&&Customer> = fitting.iter().skip(first).take(size).collect();
        let total = match self.looks.totals {
            Totals::True => format!("\"TotalItems\":{},", fitting.len()),
            Totals::OfThePage => format!("\"TotalItems\":{},", items.len()),
            Totals::MinusOne => "\"TotalItems\":-1,".to_owned(),
            Totals::Missing => String::new(),
            Totals::Huge => "\"TotalItems\":9223372036854775807,".to_owned(),
        };
        let shown: Vec<&str> = items.iter().map(|there| there.shown_as.as_str()).collect();
        Served {
            body: format!(
                "{{{total}\"Items\":[{}],\"HasNextPage\":true}}",
                shown.join(",")
            ),
            last: first + size >= fitting.len(),
            ids: items.iter().map(|there| there.id).collect(),
        }
    }

    /// An answer to a look-up.
    pub(super) fn answer(&self, story: &Story, status: u16, body: &str) -> Attempt {
        let own = !matches!(status, 502 | 504);
        Attempt::Answered(Answer {
            status,
            retry_after: None,
            quota: self.quota(story).filter(|_| own),
            body: Ok(body.as_bytes().to_vec()),
        })
    }

    /// What the server itself has against a POST, if anything.
    pub(super) fn objection(&self, number: Option<&str>, refused: Option<u16>) -> Option<Reply> {
        let status = |status| Reply::Status {
            status,
            retry_after: None,
            own: true,
        };
        if let Some(refused) = refused {
            return Some(status(refused));
        }
        number
            .is_some_and(|number| self.is_taken(number))
            .then(|| status(409))
    }
}

/// Whether the fate lets the server see the POST.
pub(super) fn arrives(fate: Fate) -> bool {
    !matches!(fate, Fate::Unreachable | Fate::Lost { .. })
}
