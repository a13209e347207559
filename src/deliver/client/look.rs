//! One harmless question, with everything about its answer that a check of the surroundings wants
//! to know: the server's clock and quota, how long it took, and why there was no answer.

use std::error::Error as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap};

use super::{Client, Query, answer, apart, read_body, tls_refusal, trouble_of};
use crate::names::NameList;
use crate::outcome::{Answer, Ending, Trouble};

/// What is looked at.
#[derive(Clone, Debug)]
pub enum Look {
    /// A page of customers: which, its number from 1, its size.
    Customers(Query, u32, u32),
    /// A list.
    Names(NameList),
}

/// An answer, and what came with it.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The answer.
    pub answer: Answer,
    /// The server's clock as the header `Date` tells it, to the second.
    pub date: Option<Timestamp>,
    /// This machine's clock in the middle between question and answer.
    pub at: Timestamp,
    /// From the question to the whole answer.
    pub took: Duration,
}

/// No answer.
#[derive(Clone, Debug)]
pub struct NoLook {
    /// What kind of trouble.
    pub kind: Trouble,
    /// The system's words, without any address's secrets.
    pub why: String,
}

impl Client {
    /// Asks once, without patience. Only GETs.
    ///
    /// # Errors
    /// How a run would end because no token can be had; nothing was sent then.
    pub async fn look(&self, look: &Look) -> Result<Result<Looked, NoLook>, Ending> {
        let url = match look {
            Look::Customers(query, page, size) => self.list_url(query, *page, *size),
            Look::Names(list) => self.beside(list.path()),
        };
        let token = self.auth.token_header().await?;
        let mut request = self.http.get(url).headers(self.headers.clone());
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, token);
        }
        let (asked, clock) = (Instant::now(), Timestamp::now());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Ok(Err(NoLook::of(error))),
        };
        let (head, rest) = apart(response);
        let heard = asked.elapsed();
        let body = read_body(rest, |_: reqwest::Error| Trouble::Broken).await;
        Ok(Ok(Looked {
            answer: answer(head.status.as_u16(), &head.headers, body),
            date: date(&head.headers),
            at: clock.checked_add(heard / 2).unwrap_or(clock),
            took: asked.elapsed(),
        }))
    }
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get("date")?.to_str().ok()?;
    rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

impl NoLook {
    /// Why there was none.
    #[must_use]
    pub fn of(error: reqwest::Error) -> Self {
        let (kind, _) = trouble_of(&error);
        let why = tls_refusal(&error).unwrap_or_else(|| {
            let error = error.without_url();
            let mut source = error.source();
            let mut last = error.to_string();
            while let Some(inner) = source {
                last = inner.to_string();
                source = inner.source();
            }
            last
        });
        Self { kind, why }
    }
}

/// Whether `url` leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
