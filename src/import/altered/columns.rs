//! Where two records of one customer differ: cells by the name of their column, JSON by the
//! path of its values.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::record::Cells;
use crate::record::RESERVED_COLUMNS;

/// Whether the path of a JSON value is `above` or lies below it.
pub(super) fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The input's own columns, and where each stands in the returned file.
pub(super) struct Columns {
    places: Vec<(String, usize, Option<usize>)>,
    /// Columns that a report never holds.
    pub(super) dropped: Vec<String>,
}

impl Columns {
    /// Columns are matched by name, those of one name in their order.
    pub(super) fn between(original: &[String], returned: &[String], dropped: &[String]) -> Self {
        let folded = |name: &str| name.trim().to_lowercase();
        let dropped: Vec<String> = dropped.iter().map(|name| folded(name)).collect();
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let mut places = Vec::new();
        for (index, name) in original.iter().enumerate() {
            if RESERVED_COLUMNS.contains(&name.as_str()) || dropped.contains(&folded(name)) {
                continue;
            }
            let nth = seen.entry(name).or_default();
            let same = returned.iter().enumerate().filter(|(_, now)| *now == name);
            let place = same.map(|(index, _)| index).nth(*nth);
            *nth += 1;
            places.push((name.clone(), index, place));
        }
        Self { places, dropped }
    }

    /// Hands out every cell that differs: its column, what stood there, what stands there now;
    /// nothing if its column is gone.
    pub(super) fn differences(
        &self,
        before: &Cells,
        now: &[Value],
        each: &mut dyn FnMut(&str, &str, Option<&str>),
    ) {
        for (name, from, to) in &self.places {
            let before = before.get(*from).unwrap_or_default();
            let after = to.map(|to| now.get(to).and_then(Value::as_str).unwrap_or_default());
            if after.unwrap_or_default() != before {
                each(name, before, after);
            }
        }
    }
}

/// Hands out every value that differs, by its path. A value that is null is not there.
pub(super) fn differences(
    before: &Map<String, Value>,
    now: &Map<String, Value>,
    dropped: &[String],
    each: &mut dyn FnMut(&str, &str, Option<&str>),
) {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    for (object, leaves) in [(before, &mut old), (now, &mut new)] {
        for (key, value) in object {
            flatten(key.clone(), value, leaves);
        }
    }
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for path in paths {
        let folded = path.to_lowercase();
        if dropped.iter().any(|dropped| is_below(&folded, dropped)) {
            continue;
        }
        let (was, is) = (old.get(path), new.get(path));
        if was != is {
            let was = was.map_or(Cow::Borrowed(""), |value| told(value));
            let is = is.map(|value| told(value));
            each(path, &was, is.as_deref());
        }
    }
}

/// The values at the ends of all paths; what holds none is nothing.
fn flatten<'a>(path: String, value: &'a Value, leaves: &mut BTreeMap<String, &'a Value>) {
    match value {
        Value::Null => {}
        Value::Object(object) => {
            for (key, inner) in object {
                flatten(format!("{path}.{key}"), inner, leaves);
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                flatten(format!("{path}[{index}]"), inner, leaves);
            }
        }
        value => {
            leaves.insert(path, value);
        }
    }
}

fn told(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(';').map(str::to_owned).collect()
    }

    /// What differs between two rows, as `column: before>after`.
    fn cells(header: &str, row: &str, returned: &str, now: &str) -> Vec<String> {
        let columns = Columns::between(&names(header), &names(returned), &["PW".to_owned()]);
        let before: Cells = row.split(';').collect();
        let now: Vec<Value> = now.split(';').map(Value::from).collect();
        let mut found = Vec::new();
        columns.differences(&before, &now, &mut |column, before, after| {
            found.push(format!("{column}: {before}>{}", after.unwrap_or("-")));
        });
        found
    }

    #[test]
    fn columns_are_found_by_name_wherever_they_stand() {
        let none: Vec<String> = Vec::new();
        let same = cells("a;b;a", "1;2;3", "_run;b;a;new;a;_record", "r;2;1;x;3;7");
        assert_eq!(same, none);
        let swapped = cells("a;b;a", "1;2;3", "a;a;b", "3;1;2");
        assert_eq!(swapped, ["a: 1>3", "a: 3>1"]);
        let gone = cells("a;b;c", "1;2;", "a", "1");
        assert_eq!(gone, ["b: 2>-"], "an empty cell is no loss");
        let kept = cells("pw ;_message;a", "secret;old;1", "pw ;a;_message", ";1;new");
        assert_eq!(kept, none);
    }

    #[test]
    fn json_is_compared_by_its_paths() {
        let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let before = r#"{"a":{"b":"01067","c":[1,{"d":null}]},"e":1.10,"pw":{"x":1},"f":{}}"#;
        let now = r#"{"e":1.1,"a":{"c":[1,{}],"b":1067,"n":true}}"#;
        let mut found = Vec::new();
        differences(
            &object(before),
            &object(now),
            &["pw".to_owned()],
            &mut |path, old, new| {
                found.push(format!("{path}: {old}>{}", new.unwrap_or("-")));
            },
        );
        assert_eq!(found, ["a.b: 01067>1067", "a.n: >true", "e: 1.10>1.1"]);
    }
}
