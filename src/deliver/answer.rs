//! Reading the server's bodies: loosely where they are loose, and never more than is needed.
//!
//! Keys are compared without case (older builds write PascalCase, newer ones camelCase); a
//! body that is no JSON (a proxy's page) is no error here. Stack traces are never read.

mod created;

use std::collections::HashSet;

use serde_json::{Map, Value};

pub use created::{Named, created};

use crate::outcome::ServerError;

/// Longest text of the server that is kept, in characters.
const TEXT_AT_MOST: usize = 300;
/// Most field errors of one answer that are kept.
const ERRORS_AT_MOST: usize = 50;

/// Longest number that is believed, in bytes: the ERP's own column takes 30 characters, and
/// numbers are kept in the journal for ever.
const NUMBER_AT_MOST: usize = 255;

/// A customer as an answer shows it: only what decisions need.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// `Id`.
    pub id: Option<i64>,
    /// `Number`.
    pub number: Option<String>,
    /// The whole object, for comparing fields.
    pub body: Map<String, Value>,
}

/// One page of a listing or look-up.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The customers on it.
    pub items: Vec<Seen>,
    /// `TotalItems` as the server tells it; not to be trusted.
    pub total: Option<i64>,
}

/// The server's words about a refusal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refusal {
    /// `ErrorCode`.
    pub code: Option<String>,
    /// Messages by field.
    pub errors: Vec<ServerError>,
    /// Whether it says that the number or customer is there already.
    pub says_exists: bool,
}

/// The value of `key` in `object`, whatever its case.
#[must_use]
pub fn member<'v>(object: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    object.get(key).or_else(|| {
        object
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value)
    })
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn id_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn seen(object: Map<String, Value>) -> Seen {
    Seen {
        id: member(&object, "Id").and_then(id_of),
        number: number_of(member(&object, "Number")),
        body: object,
    }
}

/// A number that can be believed.
fn number_of(value: Option<&Value>) -> Option<String> {
    value
        .and_then(text_of)
        .filter(|number| number.len() <= NUMBER_AT_MOST)
}

/// Reads a page of customers; none if the body is no such page.
#[must_use]
pub fn page(body: &[u8]) -> Option<Page> {
    let items_of = |value: Value| match value {
        // An item that cannot be read may be the customer that is looked for: a page with one
        // shows nobody's absence, so it is none.
        Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                Value::Object(object) => Some(seen(object)),
                _ => None,
            })
            .collect(),
        // Loose servers write `""` or null where a list belongs.
        Value::Null => Some(Vec::new()),
        Value::String(text) if text.is_empty() => Some(Vec::new()),
        _ => None,
    };
    match serde_json::from_slice(body).ok()? {
        Value::Object(mut object) => {
            let total = member(&object, "TotalItems").and_then(id_of);
            let key = object
                .keys()
                .find(|key| key.eq_ignore_ascii_case("Items"))?
                .clone();
            let items = items_of(object.remove(&key)?)?;
            Some(Page { items, total })
        }
        list @ Value::Array(_) => Some(Page {
            items: items_of(list)?,
            total: None,
        }),
        _ => None,
    }
}

/// The ids of a listing of anything, e.g. of the companies.
#[must_use]
pub fn ids(body: &[u8]) -> Option<Vec<i64>> {
    Some(
        page(body)?
            .items
            .iter()
            .filter_map(|item| item.id)
            .collect(),
    )
}

/// Reads an error body. `sent` is the body that it answers: texts of the server are kept
/// without the values that they echo, for those are a customer's.
#[must_use]
pub fn refusal(body: &[u8], sent: &[u8]) -> Refusal {
    let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(body) else {
        return Refusal::default();
    };
    let sent = Echo::of(sent);
    let mut errors = Vec::new();
    let mut raw_texts = String::new();
    for key in ["ValidationErrors", "errors"] {
        collect(member(&object, key), "", &sent, &mut errors, &mut raw_texts);
    }
    for key in ["ErrorMessage", "message", "title", "detail"] {
        if let Some(text) = member(&object, key).and_then(text_of) {
            raw_texts.push_str(&text);
            errors.push(ServerError {
                field: String::new(),
                text: sent.out_of(&text),
            });
            break;
        }
    }
    errors.truncate(ERRORS_AT_MOST);
    Refusal {
        code: member(&object, "ErrorCode")
            .and_then(text_of)
            .map(|code| sent.out_of(&code).chars().take(64).collect()),
        says_exists: says_exists(&raw_texts),
        errors,
    }
}

/// Field errors come as `{"Field": "text"}`, `{"Field": ["text", …]}` or a list of objects.
fn collect(
    value: Option<&Value>,
    field: &str,
    sent: &Echo,
    errors: &mut Vec<ServerError>,
    raw: &mut String,
) {
    if errors.len() >= ERRORS_AT_MOST {
        return;
    }
    match value {
        Some(Value::Object(object)) => {
            for (name, inner) in object {
                let name = sent.out_of_name(name);
                let path = if field.is_empty() {
                    name
                } else {
                    format!("{field}.{name}")
                };
                collect(Some(inner), &path, sent, errors, raw);
            }
        }
        Some(Value::Array(list)) => {
            for inner in list {
                collect(Some(inner), field, sent, errors, raw);
            }
        }
        Some(other) => {
            if let Some(text) = text_of(other) {
                raw.push_str(&text);
                raw.push(' ');
                errors.push(ServerError {
                    field: field.chars().take(100).collect(),
                    text: sent.out_of(&text),
                });
            }
        }
        None => {}
    }
}

/// Whether a refusal's text means "this number is taken". Wording is unknown, so both
/// languages' usual words are taken; a wrong guess costs one look-up.
fn says_exists(text: &str) -> bool {
    let text = text.to_lowercase();
    [
        "already exist",
        "exists already",
        "already in use",
        "duplicate",
        "existiert bereits",
        "bereits vorhanden",
        "bereits vergeben",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// What a server may echo of the body that it answers.
struct Echo {
    /// The texts in it, longest first, from three characters on.
    values: Vec<String>,
    /// The names of its fields, in small letters.
    names: HashSet<String>,
}

impl Echo {
    fn of(body: &[u8]) -> Self {
        let mut echo = Self {
            values: Vec::new(),
            names: HashSet::new(),
        };
        if let Ok(value) = serde_json::from_slice(body) {
            echo.walk(&value);
        }
        echo.values
            .sort_by_key(|text| std::cmp::Reverse(text.len()));
        echo
    }

    fn walk(&mut self, value: &Value) {
        match value {
            Value::String(text) if text.chars().count() >= 3 => self.values.push(text.clone()),
            Value::Array(list) => list.iter().for_each(|inner| self.walk(inner)),
            Value::Object(object) => {
                for (name, inner) in object {
                    self.names.insert(name.to_ascii_lowercase());
                    self.walk(inner);
                }
            }
            _ => {}
        }
    }

    /// The server's text in one line, without the values it echoes and not too long.
    fn out_of(&self, text: &str) -> String {
        let mut clean: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        for value in &self.values {
            if clean.contains(value.as_str()) {
                clean = clean.replace(value.as_str(), "…");
            }
        }
        clean.chars().take(TEXT_AT_MOST).collect()
    }

    /// The name of a field, or a path. Those of fields that were sent stay as they are, whatever
    /// the values are.
    fn out_of_name(&self, name: &str) -> String {
        let is_sent = |part: &str| {
            let (bare, index) = part.split_once('[').unwrap_or((part, "]"));
            let index = index.strip_suffix(']');
            self.names.contains(&bare.to_ascii_lowercase())
                && index.is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if name.split('.').all(is_sent) {
            name.to_owned()
        } else {
            self.out_of(name)
        }
    }
}

/// The fields of `BillingAddress` that tell customers apart.
const TELLING: [&str; 7] = [
    "Company",
    "FirstName",
    "LastName",
    "Street",
    "PostalCode",
    "City",
    "EmailAddress",
];

/// Whether a customer that was found is the one that was sent, as far as its data tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Every telling field that was sent is shown and the same, and nothing differs.
    Same,
    /// Something differs.
    Other,
    /// Nothing differs, but too little is shown to tell.
    Untold,
}

/// Compares what was sent with a customer that was found. A field that a listing leaves out
/// proves nothing, so the fields that tell customers apart must be there.
#[must_use]
pub fn likeness(sent: &[u8], found: &Map<String, Value>) -> Likeness {
    if !agrees(sent, found) {
        return Likeness::Other;
    }
    let Ok(Value::Object(sent)) = serde_json::from_slice::<Value>(sent) else {
        return Likeness::Untold;
    };
    let address = |of| member(of, "BillingAddress").and_then(Value::as_object);
    let Some((sent, found)) = address(&sent).zip(address(found)) else {
        return Likeness::Untold;
    };
    let text = |of, field| member(of, field).and_then(text_of);
    let mut telling = TELLING
        .into_iter()
        .filter(|field| text(sent, field).is_some())
        .peekable();
    let some = telling.peek().is_some();
    // What is shown agrees; that was seen above.
    if some && telling.all(|field| text(found, field).is_some()) {
        Likeness::Same
    } else {
        Likeness::Untold
    }
}

/// Whether every field that was sent stands in the customer that was found, after
/// normalisation: outer blanks and case apart, numbers by value, dates by their day.
fn agrees(sent: &[u8], found: &Map<String, Value>) -> bool {
    match serde_json::from_slice(sent) {
        Ok(Value::Object(sent)) => object_agrees(&sent, found),
        _ => false,
    }
}

fn object_agrees(sent: &Map<String, Value>, found: &Map<String, Value>) -> bool {
    sent.iter()
        .all(|(key, sent)| match (sent, member(found, key)) {
            (Value::Object(sent), Some(Value::Object(found))) => object_agrees(sent, found),
            // Lists come back in loose shapes; the scalar fields decide.
            (Value::Array(_) | Value::Object(_), _) => true,
            // Listings may leave fields out; only a different value disagrees.
            (_, None | Some(Value::Null)) => true,
            (sent, Some(found)) => scalar_agrees(sent, found),
        })
}

fn scalar_agrees(sent: &Value, found: &Value) -> bool {
    match (text_of(sent), text_of(found)) {
        (Some(sent), Some(found)) => {
            let number = |text: &str| text.parse::<rust_decimal::Decimal>().ok();
            if let (Some(a), Some(b)) = (number(&sent), number(&found)) {
                return a == b;
            }
            let day = |text: &str| {
                text.get(..10)
                    .filter(|day| day.as_bytes().get(4) == Some(&b'-'))
                    .map(str::to_owned)
            };
            sent.to_lowercase() == found.to_lowercase()
                || day(&sent).is_some_and(|a| day(&found) == Some(a))
        }
        (None, None) => sent == found,
        // An empty text in the answer says nothing.
        (Some(_), None) => matches!(found, Value::String(_)),
        (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_created_customer_needs_only_id_or_number() {
        let body = br#"{"Id": 7, "number": "C7", "OtherAddresses": {"OtherBillingAddresses": ""}, "Birthday": "1985-01-01T"}"#;
        let seen = created(body).unwrap();
        assert_eq!((seen.id, seen.number.as_deref()), (Some(7), Some("C7")));
        assert!(created(b"<html>").is_none());
        assert!(created(b"{}").is_none());
        assert!(created(br#"{"Id": 99999999999999999999}"#).is_none());
        assert!(created(br#"{"Id": 1e999, "Number": true}"#).is_none());
        let long = format!(r#"{{"Id": "8", "Number": "{}"}}"#, "9".repeat(1 << 20));
        let seen = created(long.as_bytes()).unwrap();
        assert_eq!((seen.id, seen.number), (Some(8), None));
    }

    #[test]
    fn pages_come_in_loose_shapes() {
        let body =
            br#"{"totalItems": -1, "items": [{"Id": 1, "Number": "a"}, {}], "hasNextPage": true}"#;
        let page = page(body).unwrap();
        assert_eq!((page.items.len(), page.total), (2, Some(-1)));
        assert!(super::page(br#"{"Items": ""}"#).unwrap().items.is_empty());
        assert!(super::page(br#"{"Message": "x"}"#).is_none());
        assert!(super::page(b"").is_none());
    }

    #[test]
    fn a_page_with_an_item_that_cannot_be_read_shows_nobodys_absence() {
        for body in [
            r#"{"TotalItems": 1, "Items": [null]}"#,
            r#"{"Items": [{"Id": 1, "Number": "a"}, 5]}"#,
            "[[]]",
        ] {
            assert_eq!(page(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn texts_of_the_server_lose_the_values_that_they_echo() {
        let sent = br#"{"Number": "K-77", "BillingAddress": {"LastName": "Geheim"}}"#;
        let body = br#"{"errorCode": "V1", "validationErrors": {"BillingAddress.LastName": "'Geheim' is bad"}, "ErrorMessage": "Customer K-77 already exists", "Stacktrace": "at Foo"}"#;
        let refusal = refusal(body, sent);
        assert_eq!(refusal.code.as_deref(), Some("V1"));
        assert!(refusal.says_exists);
        let all = format!("{:?}", refusal.errors);
        assert!(!all.contains("Geheim") && !all.contains("K-77") && !all.contains("Foo"));
        assert_eq!(refusal.errors[0].field, "BillingAddress.LastName");
    }

    #[test]
    fn names_and_codes_of_the_server_lose_them_too() {
        let sent = br#"{"Number": "K-77", "BillingAddress": {"LastName": "Billing", "City": "Bonn"}, "Other": [{"City": "Ulm"}]}"#;
        let body = br#"{"errorCode": "K-77 \u001b[31m", "errors": {"K-77": "bad", "BillingAddress.City": "bad", "other[0].City": "bad", "other[x].Billing": "bad", "\u001b[2J": ["bad"]}}"#;
        let refusal = refusal(body, sent);
        assert_eq!(refusal.code.as_deref(), Some("…  [31m"));
        let fields: Vec<_> = refusal.errors.iter().map(|error| &*error.field).collect();
        assert_eq!(
            fields,
            [
                "…",
                "BillingAddress.City",
                "other[0].City",
                "other[x].…",
                " [2J"
            ]
        );
    }

    #[test]
    fn only_what_is_shown_can_be_the_same() {
        let sent =
            br#"{"LanguageIso":"DE","BillingAddress":{"LastName":"Roth","City":"Ulm","Fax":"1"}}"#;
        let told = |text: &str| match serde_json::from_str(text).unwrap() {
            Value::Object(found) => likeness(sent, &found),
            _ => panic!("no object"),
        };
        let shown = r#"{"Id":1,"BillingAddress":{"LastName":"ROTH","City":"Ulm"}}"#;
        assert_eq!(told(shown), Likeness::Same);
        let namesake = r#"{"Id":1,"BillingAddress":{"LastName":"Roth","City":"Bonn"}}"#;
        assert_eq!(told(namesake), Likeness::Other);
        for too_little in [
            r#"{"Id":1}"#,
            r#"{"Id":1,"BillingAddress":{"LastName":"Roth"}}"#,
            r#"{"Id":1,"BillingAddress":{"LastName":"Roth","City":""}}"#,
            r#"{"Id":1,"BillingAddress":{"LastName":"Roth","City":null}}"#,
            r#"{"Id":1,"BillingAddress":""}"#,
        ] {
            assert_eq!(told(too_little), Likeness::Untold, "{too_little}");
        }
        let Ok(Value::Object(found)) = serde_json::from_str(shown) else {
            panic!("no object");
        };
        assert_eq!(
            likeness(br#"{"LanguageIso":"DE"}"#, &found),
            Likeness::Untold
        );
    }

    #[test]
    fn fields_agree_after_normalisation() {
        let sent = br#"{"Number":"c1","Birthday":"1985-01-01T00:00:00Z","BillingAddress":{"City":"Ulm"},"PaymentSettings":{"Discount":2.50}}"#;
        let found = |text: &str| match serde_json::from_str(text).unwrap() {
            Value::Object(object) => object,
            _ => panic!("no object"),
        };
        assert!(agrees(
            sent,
            &found(
                r#"{"number":"C1","Birthday":"1985-01-01T","BillingAddress":{"City":"ULM "},"PaymentSettings":{"Discount":2.5},"Id":3}"#
            )
        ));
        assert!(!agrees(
            sent,
            &found(r#"{"Number":"C1","BillingAddress":{"City":"Bonn"}}"#)
        ));
    }
}
