//! What one page of a look-up tells about a job. Pure.

use super::super::answer::{self, Likeness, Page, Seen};
use super::super::client::PAGE_SIZE;
use super::job::Job;
use crate::customer::normalise_key;

/// Pages of one look-up that are read at most.
const PAGES_AT_MOST: u32 = 20;

/// What a page tells about the key.
pub(super) enum Found {
    /// The one that fits.
    One(Box<Seen>),
    /// Several fit and cannot be told apart.
    Several,
    /// Nobody.
    Nobody,
    /// The next page may tell.
    NextPage,
    /// Pages repeat themselves although there should be more: it must be asked anew.
    Unsteady,
    /// Too many pages.
    TooLong,
}

/// Whether the customer that was found is what the job sent: nobody else can have the key if it
/// was absent before; else its data tell.
pub(super) fn likeness_of(job: &Job, seen: &Seen) -> Likeness {
    if job.absent_before {
        Likeness::Same
    } else {
        answer::likeness(&job.submission.body, &seen.body)
    }
}

/// Finds the job's customer on a page, comparing on our side: the server may match by prefix
/// or without case.
pub(super) fn judge_page(job: &mut Job, page: &Page, identity: &[String]) -> Found {
    match fitting(job, page, identity).as_slice() {
        [] => {}
        // Somebody else's customer has the key; ours may stand on a later page.
        [one] if job.minds_others() && likeness_of(job, one) == Likeness::Other => {
            job.stranger.get_or_insert_with(|| Box::new((*one).clone()));
        }
        [one] => return Found::One(Box::new((*one).clone())),
        several => {
            // The number may have been given twice by others: ours is the one with our data.
            let mut same = several.iter().filter(|seen| {
                answer::likeness(&job.submission.body, &seen.body) == Likeness::Same
            });
            return match (same.next(), same.next()) {
                (Some(one), None) => Found::One(Box::new((**one).clone())),
                _ => Found::Several,
            };
        }
    }
    let new = page
        .items
        .iter()
        .filter(|seen| job.seen.insert((seen.id, seen.number.clone())))
        .count();
    let shown_before = std::mem::replace(&mut job.nothing_new, new == 0);
    if page.items.is_empty() || (new == 0 && !hides_some(job, page)) {
        job.stranger.take().map_or(Found::Nobody, Found::One)
    } else if new == 0 && shown_before {
        Found::Unsteady
    } else if job.page >= PAGES_AT_MOST {
        Found::TooLong
    } else {
        Found::NextPage
    }
}

/// Whether the server says that there are more than it has shown. A total never ends a look-up:
/// one that is too small would turn a customer on a later page into a miss. But it can forbid a
/// miss: pages shift while customers are created, and some servers show the same page always.
/// A total beyond all pages that would be read says nothing.
fn hides_some(job: &Job, page: &Page) -> bool {
    let most = i64::from(PAGES_AT_MOST * PAGE_SIZE);
    let shown = i64::try_from(job.seen.len()).unwrap_or(i64::MAX);
    page.total
        .is_some_and(|total| total > shown && total <= most)
}

/// The customers on the page that have the job's key or, if it has none, that may be its own.
fn fitting<'p>(job: &Job, page: &'p Page, identity: &[String]) -> Vec<&'p Seen> {
    let body = &job.submission.body;
    let fits = |seen: &&Seen| match &job.submission.key {
        Some(key) => key_of(seen, identity).is_some_and(|other| other == *key),
        None => answer::likeness(body, &seen.body) != Likeness::Other,
    };
    page.items.iter().filter(fits).collect()
}

/// The key of a customer that the server shows, normalised like ours; `identity` is the path
/// of the field that identifies a customer.
#[must_use]
pub fn key_of(seen: &Seen, identity: &[String]) -> Option<String> {
    let mut object = &seen.body;
    let (last, path) = identity.split_last()?;
    for name in path {
        object = answer::member(object, name)?.as_object()?;
    }
    match answer::member(object, last)? {
        serde_json::Value::String(text) => Some(normalise_key(text)),
        serde_json::Value::Number(number) => Some(normalise_key(&number.to_string())),
        _ => None,
    }
}
