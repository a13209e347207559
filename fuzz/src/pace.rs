//! Quota and `Retry-After` headers, and what delivery makes of them.
//!
//! The input is a byte for the user's rate, then answers between blank lines: a byte for the
//! status, and lines with limit, interval, remaining, `Retry-After` and `Date`.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use wawi_importer::deliver::client::{quota, retry_after};
use wawi_importer::deliver::engine::Origin;
use wawi_importer::deliver::pace::{Closed, Concurrency, Gate, Ticket};
use wawi_importer::outcome::{Answer, Attempt, Quota};

use super::delivery::{self, Customer};
use super::draw::Draw;

const NAMES: [&str; 5] = [
    "x-ratelimit-limit",
    "x-ratelimit-interval-length-seconds",
    "x-ratelimit-remaining",
    "retry-after",
    "date",
];
const STATUSES: [u16; 8] = [429, 429, 503, 200, 201, 500, 422, 401];
const ANSWERS_AT_MOST: usize = 40;

/// Goes through the answers.
pub(crate) fn run(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let mut answers = Vec::new();
    while !draw.is_empty() && answers.len() < ANSWERS_AT_MOST {
        answers.push(answer(draw.until(b"\n\n")));
    }
    gate(&answers);
    concurrency(&answers);
    let mut next = answers.into_iter();
    delivery::run(&Customer::new("K-77"), Origin::AskFirst, || {
        next.next().map(Attempt::Answered)
    });
}

fn answer(text: &[u8]) -> Answer {
    let mut draw = Draw::new(text);
    let status = draw.one_of(&STATUSES);
    let mut headers = HeaderMap::new();
    for name in NAMES {
        if let Ok(value) = HeaderValue::from_bytes(draw.until(b"\n")) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    let quota = quota(&headers);
    if let Some(quota) = quota {
        assert!(quota.interval <= Duration::from_secs(24 * 60 * 60));
        assert!(quota.limit <= 1_000_000);
    }
    Answer {
        status,
        retry_after: retry_after(&headers),
        quota,
        body: Ok(b"{\"Items\":[]}".to_vec()),
    }
}

/// A gate is never closed for ever: it opens with an answer or with time, and it says when.
fn gate(answers: &[Answer]) {
    let mut gate = Gate::default();
    let mut now = Duration::ZERO;
    let mut flying: Vec<Ticket> = Vec::new();
    for answer in answers {
        for _ in 0..3 {
            match gate.check(now) {
                Ok(()) => flying.push(gate.start(now)),
                Err(Closed::UntilAnswer) => {
                    assert!(
                        !flying.is_empty(),
                        "it waits for an answer that cannot come"
                    );
                    break;
                }
                Err(Closed::Until(at)) => {
                    assert!(at > now);
                    let most = gate
                        .interval()
                        .expect("only a quota closes it for some time");
                    assert!(at - now <= most);
                    if flying.is_empty() {
                        now = at;
                        assert_eq!(gate.check(now), Ok(()));
                    }
                }
            }
        }
        now += Duration::from_millis(u64::from(answer.status % 7) * 100);
        if let Some(ticket) = flying.pop() {
            match answer.status {
                422 => gate.cancel(ticket),
                status => gate.end(ticket, now, answer.quota, status != 500),
            }
            if answer.status == 429 {
                gate.refused();
            }
        }
    }
    let doubtful = answers.iter().filter_map(|answer| answer.quota);
    for Quota { limit, .. } in doubtful {
        assert!(limit <= 1_000_000);
    }
}

/// Some request may always be in flight, and never more than allowed.
fn concurrency(answers: &[Answer]) {
    let cap = std::num::NonZeroUsize::MIN.saturating_add(answers.len() % 9);
    let mut concurrency = Concurrency::new(cap);
    for answer in answers {
        match answer.status {
            429 => concurrency.throttled(),
            503 => _ = concurrency.busy(),
            _ => concurrency.relax(),
        }
        assert!((1..=cap.get()).contains(&concurrency.allowed()));
    }
}
