//! Whatever the server answers: to POSTs, look-ups and listings, and for tokens.
//!
//! The input is one byte that chooses the customer, one for what is known of it, and answers
//! between lines `--`: a byte that chooses the status, then the body.

use secrecy::ExposeSecret as _;
use serde_json::Value;
use wawi_importer::customer::normalise_key;
use wawi_importer::deliver::answer::{self, Likeness, Refusal};
use wawi_importer::deliver::auth;
use wawi_importer::deliver::engine::{Origin, key_of};
use wawi_importer::deliver::verdict::{Verdict, classify};
use wawi_importer::outcome::{Answer, Attempt, Sent, Trouble};

use super::delivery::{self, Customer};
use super::draw::Draw;

/// Numbers that are compared in some special way: case, blanks, composed letters, digits.
const NUMBERS: [&str; 6] = ["K-77", "straße ẞ", "H\u{331}-1", "İstanbul", "0042", "é"];
const STATUSES: [u16; 32] = [
    200, 201, 204, 200, 200, 299, 301, 307, 400, 401, 402, 403, 404, 405, 408, 409, 412, 413, 422,
    429, 451, 500, 501, 502, 503, 504, 505, 520, 529, 100, 599, 999,
];

/// Answers as the rest of `bytes` says.
pub(crate) fn run(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let customer = Customer::new(draw.one_of(&NUMBERS));
    let origin = draw.one_of(&[
        Origin::Absent,
        Origin::Unasked,
        Origin::AskFirst,
        Origin::Recovered {
            attempt: 1,
            absent_before: true,
        },
        Origin::Recovered {
            attempt: 5,
            absent_before: false,
        },
    ]);
    delivery::run(&customer, origin, || {
        if draw.is_empty() {
            return None;
        }
        let mut answer = Draw::new(draw.until(b"\n--\n"));
        let attempt = attempt(&mut answer);
        one(&attempt, &customer);
        Some(attempt)
    });
}

/// An attempt as its first byte says; the rest is the body.
fn attempt(draw: &mut Draw<'_>) -> Attempt {
    let choice = usize::from(draw.byte());
    let body = std::mem::replace(draw, Draw::new(b"")).rest().to_vec();
    if let Some(status) = STATUSES.get(choice % 48) {
        let trouble = [Trouble::Timeout, Trouble::Broken, Trouble::TooLong];
        return Attempt::Answered(Answer {
            status: *status,
            retry_after: None,
            quota: None,
            body: match trouble.get(choice / 48) {
                Some(trouble) if choice >= 48 => Err(*trouble),
                _ => Ok(body),
            },
        });
    }
    let (kind, sent) = match choice % 8 {
        0 => (Trouble::Dns, Sent::Never),
        1 => (Trouble::Connect, Sent::Never),
        2 => (Trouble::ConnectTimeout, Sent::Never),
        3 => (Trouble::Tls, Sent::Never),
        4 | 5 => (Trouble::Timeout, Sent::Maybe),
        _ => (Trouble::Broken, Sent::Maybe),
    };
    Attempt::Unanswered { kind, sent }
}

/// What has to hold for one answer by itself.
fn one(attempt: &Attempt, customer: &Customer) {
    let verdict = classify(attempt, &customer.body);
    let Attempt::Answered(Answer { status, body, .. }) = attempt else {
        assert!(!matches!(
            verdict,
            Verdict::Created(_) | Verdict::CreatedUnread
        ));
        return;
    };
    let created = matches!(verdict, Verdict::Created(_) | Verdict::CreatedUnread);
    assert_eq!(created, (200..300).contains(status));
    let Ok(body) = body else {
        return;
    };
    if let Some(named) = answer::created(body) {
        assert!(named.id.is_some() || named.number.is_some());
        // A listing is read as a whole: it has to call the customer the same.
        let list = [b"[".as_slice(), body, b"]"].concat();
        let page = answer::page(&list);
        if let Some(seen) = page.as_ref().and_then(|page| page.items.first()) {
            assert_eq!(
                (seen.id, &seen.number),
                (named.id, &named.number),
                "{:?}",
                seen.body
            );
            let again = serde_json::to_vec(&seen.body).unwrap();
            assert_eq!(answer::created(&again), Some(named));
            let like = answer::likeness(&again, &seen.body);
            assert_ne!(like, Likeness::Other, "{:?}", seen.body);
        }
    }
    if let Some(page) = answer::page(body) {
        for seen in &page.items {
            if let Some(key) = key_of(seen, &["Number".to_owned()]) {
                assert_eq!(normalise_key(&key), key);
            }
            let _ = answer::likeness(&customer.body, &seen.body);
        }
        let ids = answer::ids(body).unwrap();
        assert!(ids.len() <= page.items.len());
    }
    kept(&answer::refusal(body, &customer.body), customer);
    token(body);
}

/// What is kept of a refusal is short, cannot steer a terminal, and has none of the values that
/// were sent.
fn kept(refusal: &Refusal, customer: &Customer) {
    assert!(refusal.errors.len() <= 51);
    let texts = refusal
        .errors
        .iter()
        .flat_map(|error| [&error.field, &error.text]);
    for text in texts.chain(&refusal.code) {
        assert!(text.chars().count() <= 300);
        assert!(!text.contains(char::is_control), "{text:?}");
        for value in ["Geheim", "Köln", customer.number] {
            let echoed = value.chars().count() >= 3 && text.contains(value);
            assert!(!echoed, "{text:?} tells {value:?}");
        }
    }
}

/// A token lives for some time that a clock can count.
fn token(body: &[u8]) {
    match auth::read_token(body) {
        Ok((token, life)) => {
            assert!(life.as_secs() <= 24 * 60 * 60);
            let value: Value = serde_json::from_slice(body).unwrap();
            assert!(value.to_string().contains("access_token"));
            let _ = token.expose_secret();
        }
        Err(why) => assert!(!why.is_empty()),
    }
}
