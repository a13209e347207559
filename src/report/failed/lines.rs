//! `failed.jsonl`: one object a line, with the input's own object inside.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::super::Input;
use super::super::file::PendingFile;
use super::super::trouble::{Failure, Trouble, folded};
use crate::record::Fields;

/// One line of `failed.jsonl`.
#[derive(Serialize)]
struct FailedLine<'a> {
    record: u64,
    line: u64,
    run: &'a str,
    errors: &'a [Trouble],
    input: Option<Cow<'a, Map<String, Value>>>,
}

/// Writes one failed record as a line; its input is `null` when it could not be read.
pub(super) fn write_line(
    mut file: &mut PendingFile,
    failure: &Failure<'_>,
    input: Input<'_>,
    dropped: &[String],
) -> io::Result<()> {
    let input = match input {
        Input::Record(record) => match &record.fields {
            Fields::Object(object) => Some(without(object, dropped)),
            Fields::Cells(_) => None,
        },
        Input::RawCells(_) | Input::Unreadable => None,
    };
    let line = FailedLine {
        record: failure.position.record,
        line: failure.position.line,
        run: failure.run,
        errors: &failure.troubles,
        input,
    };
    serde_json::to_writer(&mut file, &line)?;
    file.write_all(b"\n")
}

/// The object without the dropped keys. A dropped column is a key or a path
/// (`account.password`, `logins[0].password`).
pub(super) fn without<'a>(
    object: &'a Map<String, Value>,
    dropped: &[String],
) -> Cow<'a, Map<String, Value>> {
    let mut object = Cow::Borrowed(object);
    for path in dropped {
        let first = path.split(['.', '[']).next().unwrap_or(path);
        let touches = |key: &String| {
            let key = folded(key);
            key == *path || key == first
        };
        if object.keys().any(touches) {
            remove(object.to_mut(), path);
        }
    }
    object
}

/// Removes the value at `path` below `object`; keys are compared like columns.
fn remove(object: &mut Map<String, Value>, path: &str) {
    object.retain(|key, _| folded(key) != path);
    for (key, value) in object.iter_mut() {
        if let Some(rest) = path.strip_prefix(&folded(key)) {
            remove_below(value, rest);
        }
    }
}

/// `rest` is what follows a key in a path: `.name…` or `[0]…`.
fn remove_below(value: &mut Value, rest: &str) {
    if let (Value::Object(object), Some(rest)) = (&mut *value, rest.strip_prefix('.')) {
        remove(object, rest);
    } else if let (Value::Array(items), Some(rest)) = (value, rest.strip_prefix('['))
        && let Some((index, rest)) = rest.split_once(']')
        && let Some(item) = index
            .parse()
            .ok()
            .and_then(|index: usize| items.get_mut(index))
    {
        if rest.is_empty() {
            // The other items keep their places.
            *item = Value::Null;
        } else {
            remove_below(item, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::fixtures::{
        head, invalid, names, no_mail, record, row, text, written,
    };
    use super::super::super::{Head, Shape, ValuesShown};
    use super::*;
    use crate::outcome::{Code, FieldError};

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }

    fn cut(value: Value, dropped: &[&str]) -> Value {
        let dropped: Vec<String> = dropped.iter().map(|path| folded(path)).collect();
        Value::Object(without(&object(value), &dropped).into_owned())
    }

    #[test]
    fn dropped_keys_and_paths_are_removed_wherever_they_stand() {
        let customer = json!({
            "id": 1,
            "Password": "x",
            "account": {"Password": "y", "name": "n"},
            "logins": [{"password": "z", "at": 1}, "w"],
            "a.b": "dotted",
            "accounts": 1,
        });
        let kept = cut(
            customer,
            &[
                "password",
                "account.password",
                "logins[0].password",
                "logins[1]",
                "a.b",
            ],
        );
        assert_eq!(
            kept,
            json!({
                "id": 1,
                "account": {"name": "n"},
                "logins": [{"at": 1}, null],
                "accounts": 1,
            })
        );
    }

    #[test]
    fn an_object_without_dropped_keys_is_not_copied() {
        let object = object(json!({"id": 1}));
        let dropped = ["password".to_owned(), "idx.y".to_owned()];
        assert!(matches!(without(&object, &dropped), Cow::Borrowed(_)));
    }

    #[test]
    fn json_lines_come_back_as_json_lines() {
        let head = Head {
            dropped: vec!["pw".to_owned()],
            ..head(Shape::Lines)
        };
        let (_temp, folder) = written(head, ValuesShown::Masked, |rows| {
            let input: Value = serde_json::from_str(r#"{"z":1.50,"pw":"x","a":null}"#).unwrap();
            let Value::Object(object) = input else {
                panic!("no object")
            };
            let input = record(Fields::Object(object));
            let first = invalid(1, vec![no_mail()]);
            rows.push(&row(&first, Input::Record(&input))).unwrap();
            let second = invalid(2, vec![FieldError::new(Code::JsonMalformed, "")]);
            rows.push(&row(&second, Input::Unreadable)).unwrap();
        });
        assert_eq!(
            names(&folder),
            [
                "created.csv",
                "failed.jsonl",
                "failed.xlsx",
                "report.html",
                "summary.json"
            ]
        );
        let text = text(&folder, "failed.jsonl");
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(
            text.lines()
                .next()
                .unwrap()
                .ends_with(r#""input":{"z":1.50,"a":null}}"#)
        );
        assert_eq!(lines[0]["errors"][0]["code"], "email.malformed");
        assert_eq!(lines[0]["errors"][0]["columns"][0], "E-Mail");
        assert_eq!(lines[0]["errors"][0]["stage"], "validation");
        assert_eq!(
            (&lines[1]["record"], &lines[1]["line"], &lines[1]["run"]),
            (&2.into(), &3.into(), &"r1".into())
        );
        assert!(lines[1]["input"].is_null());
    }
}
