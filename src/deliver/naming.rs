//! Reading the ERP's lists by name, as loosely as everything else that the server writes: a bare
//! array or pages, keys in any case, ids and flags as texts. Pure.

use serde_json::Value;

use super::answer::{self, Page, member};
use crate::names::Named;

/// Entries of one list that are read at most: an ERP has a handful.
pub const ENTRIES_AT_MOST: usize = 10_000;

/// Longest name that is kept, in characters.
const NAME_AT_MOST: usize = 255;

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct NamePage {
    /// Its entries. One without id or name cannot be meant by anybody, and is left out.
    pub entries: Vec<Named>,
    /// Whether there may be more pages: not after a bare array, nor where the server says so and
    /// its count agrees.
    pub may_go_on: bool,
}

/// Reads a page; none if the body is none, or has entries of which not one can be read.
#[must_use]
pub fn page(body: &[u8]) -> Option<NamePage> {
    let Page { items, total } = answer::page(body)?;
    let is_empty = items.is_empty();
    let count = items.len();
    let entries: Vec<Named> = items
        .into_iter()
        .filter_map(|item| {
            let text = |key| member(&item.body, key).and_then(text_of);
            Some(Named {
                id: item.id?,
                name: text("Name")?,
                is_default: member(&item.body, "IsDefault").and_then(flag_of),
            })
        })
        .collect();
    if entries.is_empty() && !is_empty {
        return None;
    }
    let has_next = match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Some(member(&object, "HasNextPage").and_then(flag_of)),
        _ => None,
    };
    let is_whole =
        total.is_none_or(|total| usize::try_from(total).is_ok_and(|total| total <= count));
    let may_go_on = match has_next {
        // A bare array.
        None => false,
        Some(Some(false)) => !is_whole,
        Some(_) => !is_empty,
    };
    Some(NamePage { entries, may_go_on })
}

fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then(|| text.chars().take(NAME_AT_MOST).collect())
}

fn flag_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_i64()? != 0),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Entry = (i64, String, Option<bool>);

    fn read(body: &str) -> Option<(Vec<Entry>, bool)> {
        let page = page(body.as_bytes())?;
        let entries = page.entries.into_iter();
        let entries = entries.map(|one| (one.id, one.name, one.is_default));
        Some((entries.collect(), page.may_go_on))
    }

    #[test]
    fn lists_come_in_loose_shapes() {
        let one = |default| vec![(1, "Endkunden".to_owned(), default)];
        for (body, entries, goes_on) in [
            (
                r#"[{"Id":1,"Name":"Endkunden","IsDefault":true}]"#,
                one(Some(true)),
                false,
            ),
            (
                r#"[{"id":"1","name":" Endkunden ","isDefault":"false"}]"#,
                one(Some(false)),
                false,
            ),
            (
                r#"{"items":[{"id":1,"name":"Endkunden"}],"totalItems":2,"hasNextPage":true}"#,
                one(None),
                true,
            ),
            (
                r#"{"Items":[{"Id":1,"Name":"Endkunden"}],"TotalItems":1,"HasNextPage":false}"#,
                one(None),
                false,
            ),
            // The count does not agree with its word, or it says nothing.
            (
                r#"{"Items":[{"Id":1,"Name":"Endkunden"}],"TotalItems":9,"HasNextPage":false}"#,
                one(None),
                true,
            ),
            (
                r#"{"Items":[{"Id":1,"Name":"Endkunden"}]}"#,
                one(None),
                true,
            ),
            (r#"{"Items":"","HasNextPage":true}"#, vec![], false),
            ("[]", vec![], false),
            // Entries that nobody can mean.
            (
                r#"[{"Id":1,"Name":"Endkunden"},{"Id":2,"Name":""},{"Name":"X"}]"#,
                one(None),
                false,
            ),
        ] {
            assert_eq!(read(body), Some((entries, goes_on)), "{body}");
        }
        for body in ["", "<html>", "{}", "[1]", r#"[{"Id":"6f6c","Name":"A"}]"#] {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
