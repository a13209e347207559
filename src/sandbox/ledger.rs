//! What was really created: the oracle of every test, and what look-ups find.
//!
//! A customer costs about 40 bytes without its body: numbers lie in one text, and customers
//! with the same folded number are chained. Knows nothing of HTTP.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::io;
use std::ops::Range;
use std::time::Duration;

use serde_json::{Map, Value};

use super::faults::hash;
use super::ledger_file::LedgerFile;
use super::settings::{Lookup, SandboxSettings};

/// Marks the end of a chain.
const NONE: u32 = u32::MAX;
/// The first id that a fresh server assigns.
const FIRST_ID: i32 = 1001;
/// The number before the first one that the server assigns itself.
const NUMBERS_FROM: u64 = 1_000_000;

/// A created customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The id that the server assigned.
    pub id: i32,
    /// The number: the client's, else the server's next one.
    pub number: String,
    /// The body as it was posted; null if bodies are not kept.
    pub body: Value,
    /// When it was created, counted from the server's start.
    pub at: Duration,
    /// How many creates with this number had arrived: up to now, or, in a file, up to this
    /// one. All of them count, whatever became of them.
    pub posts: u64,
}

/// What a look-up asks for; everything that is given must match.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) number: Option<String>,
    pub(super) keyword: Option<String>,
    pub(super) group: Option<i64>,
    pub(super) category: Option<i64>,
}

/// A page of what a look-up found.
#[derive(Debug)]
pub(super) struct Page {
    /// How many match in all.
    pub(super) total: usize,
    /// Whether there are more behind this page.
    pub(super) more: bool,
    /// The customers of this page as JSON objects.
    pub(super) items: Vec<Map<String, Value>>,
}

/// A customer, compact. Its number stands in the ledger's text.
#[derive(Debug)]
struct Stored {
    id: i32,
    number_end: u32,
    at_ms: u32,
    /// The customer before it with the same hash.
    before: u32,
}

/// All customers of one sandbox.
#[derive(Debug)]
pub(super) struct Ledger {
    stored: Vec<Stored>,
    /// The posted bodies, as long as `stored`, or empty.
    bodies: Vec<Box<str>>,
    numbers: String,
    /// The last customer with a hash of the folded number.
    heads: HashMap<u32, u32>,
    /// So many were there before the start.
    existing: usize,
    /// Creates by the hash of their number that made no customer, or have not yet.
    in_vain: HashMap<u64, u64>,
    /// So many were there when it was opened: look-ups always see them.
    old: usize,
    next_id: i32,
    next_number: u64,
    keep_bodies: bool,
    same_id: bool,
    lookup: Lookup,
    stale: Duration,
    file: Option<LedgerFile>,
}

impl Ledger {
    /// The ledger at the server's start, with existing customers and what the file holds.
    pub(super) fn open(settings: &SandboxSettings) -> io::Result<Self> {
        let mut ledger = Self {
            stored: Vec::new(),
            bodies: Vec::new(),
            numbers: String::new(),
            heads: HashMap::new(),
            existing: settings.existing.len(),
            in_vain: HashMap::new(),
            old: 0,
            next_id: FIRST_ID,
            next_number: NUMBERS_FROM,
            keep_bodies: settings.keep_bodies,
            same_id: settings.same_id,
            lookup: settings.lookup,
            stale: settings.stale,
            file: None,
        };
        for customer in &settings.existing {
            let body = customer.body.to_string();
            ledger.store(customer.id, &customer.number, &body, Duration::ZERO)?;
        }
        if let Some(path) = &settings.ledger_file {
            let (file, entries) = LedgerFile::open(path)?;
            for entry in entries {
                let body = entry.body.to_string();
                ledger.store(entry.id, &entry.number, &body, Duration::ZERO)?;
                let in_vain = entry.posts.saturating_sub(ledger.made(&entry.number));
                if in_vain > 0 {
                    let number = hash(entry.number.as_bytes());
                    ledger.in_vain.insert(number, in_vain);
                }
            }
            ledger.file = Some(file);
        }
        ledger.old = ledger.stored.len();
        Ok(ledger)
    }

    /// Creates a customer: on disk first, if there is a file. The result is its id and number.
    pub(super) fn commit(
        &mut self,
        number: Option<&str>,
        body: &str,
        at: Duration,
    ) -> io::Result<(i32, String)> {
        let number = match number {
            Some(number) => number.to_owned(),
            None => self.take_number(),
        };
        let id = if self.same_id { FIRST_ID } else { self.next_id };
        let posts = self.posts(&number).max(1);
        if let Some(file) = &mut self.file {
            file.append(id, &number, at, posts, body)?;
        }
        self.store(id, &number, body, at)?;
        if let Place::Occupied(mut in_vain) = self.in_vain.entry(hash(number.as_bytes())) {
            *in_vain.get_mut() -= 1;
            if *in_vain.get() == 0 {
                in_vain.remove();
            }
        }
        Ok((id, number))
    }

    /// Notes that a create with this number has arrived.
    pub(super) fn posted(&mut self, number: &str) {
        *self.in_vain.entry(hash(number.as_bytes())).or_default() += 1;
    }

    /// How many creates with this number have arrived.
    fn posts(&self, number: &str) -> u64 {
        let in_vain = self.in_vain.get(&hash(number.as_bytes())).copied();
        in_vain.unwrap_or(0) + self.made(number)
    }

    /// How many customers with this number were created.
    fn made(&self, number: &str) -> u64 {
        let mut made = 0;
        for index in self.chain(number) {
            let is_new = index as usize >= self.existing;
            made += u64::from(is_new && self.number(index) == number);
        }
        made
    }

    /// Whether a visible or invisible customer has the number.
    pub(super) fn has(&self, number: &str) -> bool {
        let same = |index: &u32| {
            let there = self.number(*index);
            match self.lookup {
                Lookup::IgnoreCase => fold(there) == fold(number),
                _ => there == number,
            }
        };
        self.chain(number).any(|index| same(&index))
    }

    /// The customer with the id, if look-ups see it at `now`.
    pub(super) fn by_id(&self, id: i32, now: Duration) -> Option<Map<String, Value>> {
        let visible = self.stored.get(..self.visible(now))?;
        let index = match visible.binary_search_by_key(&id, |stored| stored.id) {
            Ok(index) => index,
            // Ids of existing customers and `same_id` need not rise.
            Err(_) => visible.iter().position(|stored| stored.id == id)?,
        };
        Some(self.render(u32::try_from(index).ok()?))
    }

    /// A page of what matches at `now`; `page` counts from 1.
    pub(super) fn page(&self, query: &Query, now: Duration, page: usize, size: usize) -> Page {
        let visible = u32::try_from(self.visible(now)).unwrap_or(NONE);
        let start = page.saturating_sub(1).saturating_mul(size);
        let cut = |found: &mut dyn Iterator<Item = u32>| {
            let (mut total, mut items) = (0, Vec::new());
            for index in found {
                if total >= start && items.len() < size {
                    items.push(self.render(index));
                }
                total += 1;
            }
            (total, items)
        };
        let filtered = query.keyword.is_some() || query.group.is_some() || query.category.is_some();
        let (total, items) = match &query.number {
            Some(number) if self.lookup != Lookup::Prefix => {
                let mut found: Vec<_> = self.chain(number).collect();
                found.reverse();
                let mut found = found
                    .into_iter()
                    .filter(|index| *index < visible && self.matches(query, *index));
                cut(&mut found)
            }
            None if !filtered => {
                let from = u32::try_from(start).unwrap_or(NONE).min(visible);
                let to = from.saturating_add(u32::try_from(size).unwrap_or(NONE));
                let items = (from..to.min(visible)).map(|index| self.render(index));
                (visible as usize, items.collect())
            }
            _ => cut(&mut (0..visible).filter(|index| self.matches(query, *index))),
        };
        Page {
            total,
            more: start.saturating_add(items.len()) < total && !items.is_empty(),
            items,
        }
    }

    /// What was created, in order.
    pub(super) fn entries(&self) -> Vec<Entry> {
        (self.existing..self.stored.len())
            .filter_map(|index| {
                let stored = self.stored.get(index)?;
                let body = self
                    .bodies
                    .get(index)
                    .map(|body| serde_json::from_str(body));
                let number = self.number(u32::try_from(index).ok()?);
                Some(Entry {
                    id: stored.id,
                    number: number.to_owned(),
                    posts: self.posts(number).max(1),
                    body: body.and_then(Result::ok).unwrap_or(Value::Null),
                    at: Duration::from_millis(u64::from(stored.at_ms)),
                })
            })
            .collect()
    }

    /// How many were created.
    pub(super) fn created(&self) -> usize {
        self.stored.len() - self.existing
    }

    fn store(&mut self, id: i32, number: &str, body: &str, at: Duration) -> io::Result<()> {
        let full = || io::Error::other("the sandbox's ledger is full");
        let index = u32::try_from(self.stored.len()).map_err(|_| full())?;
        let number_end = u32::try_from(self.numbers.len() + number.len()).map_err(|_| full())?;
        self.next_id = self.next_id.max(id.saturating_add(1));
        self.numbers.push_str(number);
        if self.keep_bodies {
            self.bodies.push(body.into());
        }
        let before = self.heads.insert(folded_hash(number), index);
        self.stored.push(Stored {
            id,
            number_end,
            at_ms: u32::try_from(at.as_millis()).unwrap_or(u32::MAX),
            before: before.unwrap_or(NONE),
        });
        Ok(())
    }

    fn take_number(&mut self) -> String {
        loop {
            self.next_number += 1;
            let number = format!("C{}", self.next_number);
            if !self.has(&number) {
                return number;
            }
        }
    }

    /// How many customers look-ups see: they become visible in the order of their commits.
    fn visible(&self, now: Duration) -> usize {
        if self.stale.is_zero() {
            return self.stored.len();
        }
        let seen =
            |stored: &Stored| Duration::from_millis(u64::from(stored.at_ms)) + self.stale <= now;
        self.old.max(self.stored.partition_point(seen))
    }

    fn number(&self, index: u32) -> &str {
        let end = |index: u32| {
            self.stored
                .get(index as usize)
                .map_or(0, |s| s.number_end as usize)
        };
        let start = index.checked_sub(1).map_or(0, end);
        let span: Range<usize> = start..end(index);
        self.numbers.get(span).unwrap_or("")
    }

    /// The customers whose folded number has the same hash, the last one first.
    fn chain(&self, number: &str) -> impl Iterator<Item = u32> {
        let first = self.heads.get(&folded_hash(number)).copied();
        std::iter::successors(first, |index| {
            let before = self.stored.get(*index as usize)?.before;
            (before != NONE).then_some(before)
        })
    }

    fn matches(&self, query: &Query, index: u32) -> bool {
        let number = self.number(index);
        let by_number = query.number.as_ref().is_none_or(|asked| match self.lookup {
            Lookup::Exact => number == asked,
            Lookup::Prefix => number.starts_with(asked.as_str()),
            Lookup::IgnoreCase => fold(number) == fold(asked),
        });
        let others = query.keyword.is_some() || query.group.is_some() || query.category.is_some();
        if !by_number || !others {
            return by_number;
        }
        let body = self.body(index);
        let is = |name: &str, asked: Option<i64>| {
            asked.is_none() || body.get(name).and_then(Value::as_i64) == asked
        };
        let has = |keyword: &String| {
            let keyword = fold(keyword);
            let address = body.get("BillingAddress").and_then(Value::as_object);
            let mut texts = address
                .into_iter()
                .flatten()
                .filter_map(|(_, v)| v.as_str());
            fold(number).contains(&keyword) || texts.any(|text| fold(text).contains(&keyword))
        };
        is("CustomerGroupId", query.group)
            && is("CustomerCategoryId", query.category)
            && query.keyword.as_ref().is_none_or(has)
    }

    fn body(&self, index: u32) -> Map<String, Value> {
        self.bodies
            .get(index as usize)
            .and_then(|body| serde_json::from_str(body).ok())
            .unwrap_or_default()
    }

    /// A customer as answers show it: the posted body with `Id` and the final `Number`.
    fn render(&self, index: u32) -> Map<String, Value> {
        let mut customer = self.body(index);
        let id = self
            .stored
            .get(index as usize)
            .map_or(0, |stored| stored.id);
        customer.insert("Id".to_owned(), id.into());
        customer.insert("Number".to_owned(), self.number(index).into());
        customer
    }
}

fn fold(text: &str) -> String {
    text.to_lowercase()
}

#[expect(clippy::cast_possible_truncation, reason = "half of the hash will do")]
fn folded_hash(number: &str) -> u32 {
    hash(fold(number).as_bytes()) as u32
}

#[cfg(test)]
mod tests {
    use super::super::settings::Existing;
    use super::*;

    const BODY: &str = r#"{"CustomerGroupId":2,"BillingAddress":{"City":"Köln","CountryIso":"DE","LastName":"Ähre"},"LanguageIso":"DE","InternalCompanyId":1}"#;

    fn ledger(lookup: Lookup, numbers: &[&str]) -> Ledger {
        let settings = SandboxSettings {
            lookup,
            ..SandboxSettings::default()
        };
        let mut ledger = Ledger::open(&settings).unwrap();
        for number in numbers {
            ledger.commit(Some(number), BODY, Duration::ZERO).unwrap();
        }
        ledger
    }

    fn numbers(page: &Page) -> Vec<String> {
        let number = |item: &Map<String, Value>| item["Number"].as_str().unwrap().to_owned();
        page.items.iter().map(number).collect()
    }

    fn by_number(number: &str) -> Query {
        Query {
            number: Some(number.to_owned()),
            ..Query::default()
        }
    }

    #[test]
    fn look_ups_match_as_they_are_told() {
        let there = ["C1", "c1", "C10", "D1", "C1"];
        for (lookup, found) in [
            (Lookup::Exact, vec!["C1", "C1"]),
            (Lookup::IgnoreCase, vec!["C1", "c1", "C1"]),
            (Lookup::Prefix, vec!["C1", "C10", "C1"]),
        ] {
            let page = ledger(lookup, &there).page(&by_number("C1"), Duration::ZERO, 1, 10);
            assert_eq!(numbers(&page), found);
            assert_eq!(page.total, found.len());
            assert!(!page.more);
        }
    }

    #[test]
    fn ids_rise_and_numbers_are_given_where_missing() {
        let mut ledger = ledger(Lookup::Exact, &["X", "C1000001"]);
        let made = ledger.commit(None, BODY, Duration::from_millis(5)).unwrap();
        assert_eq!(made, (1003, "C1000002".to_owned()));
        let entries = ledger.entries();
        assert_eq!(ledger.created(), 3);
        assert_eq!(entries[2].number, "C1000002");
        assert_eq!(entries[2].body["BillingAddress"]["City"], "Köln");
        assert_eq!(entries[2].at, Duration::from_millis(5));
        assert_eq!(
            ledger.by_id(1002, Duration::ZERO).unwrap()["Number"],
            "C1000001"
        );
        assert!(ledger.by_id(1004, Duration::ZERO).is_none());
    }

    #[test]
    fn pages_cover_everything_once() {
        let all: Vec<String> = (0..25).map(|n| format!("C{n}")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let ledger = ledger(Lookup::Prefix, &all);
        for query in [Query::default(), by_number("C")] {
            let pages: Vec<_> = (1..=4)
                .map(|n| ledger.page(&query, Duration::ZERO, n, 10))
                .collect();
            let listed: Vec<_> = pages.iter().flat_map(numbers).collect();
            assert_eq!(listed, all);
            let more: Vec<_> = pages.iter().map(|page| page.more).collect();
            assert_eq!(more, [true, true, false, false]);
            assert!(pages.iter().all(|page| page.total == 25));
        }
    }

    #[test]
    fn a_keyword_and_ids_filter() {
        let ledger = ledger(Lookup::Exact, &["C1", "C2"]);
        let total = |query: Query| ledger.page(&query, Duration::ZERO, 1, 10).total;
        let keyword = |text: &str| Query {
            keyword: Some(text.to_owned()),
            ..Query::default()
        };
        assert_eq!(total(keyword("ähr")), 2);
        assert_eq!(total(keyword("c2")), 1);
        assert_eq!(total(keyword("nobody")), 0);
        let group = |id| Query {
            group: Some(id),
            ..Query::default()
        };
        assert_eq!(total(group(2)), 2);
        assert_eq!(total(group(1)), 0);
    }

    #[test]
    fn new_customers_stay_invisible_for_a_while() {
        let settings = SandboxSettings {
            stale: Duration::from_millis(100),
            existing: vec![Existing::new(7, "OLD")],
            ..SandboxSettings::default()
        };
        let mut ledger = Ledger::open(&settings).unwrap();
        ledger
            .commit(Some("NEW"), BODY, Duration::from_millis(50))
            .unwrap();
        let total = |query: &Query, ms| ledger.page(query, Duration::from_millis(ms), 1, 10).total;
        assert_eq!(total(&by_number("NEW"), 149), 0);
        assert_eq!(total(&by_number("NEW"), 150), 1);
        assert_eq!(total(&Query::default(), 60), 1);
        assert!(ledger.has("NEW"));
        assert_eq!(ledger.created(), 1);
        assert_eq!(ledger.entries()[0].id, 1001);
    }

    #[test]
    fn bodies_can_be_left_out_and_ids_be_the_same() {
        let settings = SandboxSettings {
            keep_bodies: false,
            same_id: true,
            ..SandboxSettings::default()
        };
        let mut ledger = Ledger::open(&settings).unwrap();
        for number in ["A", "B"] {
            ledger.commit(Some(number), BODY, Duration::ZERO).unwrap();
        }
        let entries = ledger.entries();
        assert_eq!((entries[0].id, entries[1].id), (1001, 1001));
        assert_eq!(entries[1].body, Value::Null);
        let page = ledger.page(&by_number("B"), Duration::ZERO, 1, 10);
        assert_eq!(page.items[0].len(), 2);
    }
}
