//! TOML as it is written: quoted texts, inline values, aligned comments.

use toml::Value;

use crate::outcome::{Bilingual, Language, both};

/// Widest text of a name in a comment.
const NAME_AT_MOST: usize = 40;

/// A text in quotes, with everything escaped that TOML wants escaped.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other if is_odd(other) => quoted.push_str(&format!("\\U{:08X}", u32::from(other))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A list of texts.
pub(super) fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(quote).collect();
    format!("[{}]", texts.join(", "))
}

/// A value on one line.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            let pairs: Vec<String> = table
                .iter()
                .map(|(key, value)| format!("{} = {}", self::key(key), inline(value)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

/// So many records, in words.
pub(super) fn counted(records: usize, language: Language) -> String {
    let noun = match records {
        1 => language.pick("record", "Datensatz"),
        _ => language.pick("records", "Datensätze"),
    };
    format!("{records} {noun}")
}

/// What is said of cells that stand for nothing.
pub(super) fn meaning_nothing() -> Bilingual {
    both!(
        "cells that mean \"nothing\", as they were found",
        "Zellen, die \"nichts\" bedeuten, wie sie gefunden wurden"
    )
}

/// What is said of dropped columns.
pub(super) fn never_written() -> Bilingual {
    both!(
        "never written anywhere, reports included",
        "wird nirgends geschrieben, auch nicht in Berichte"
    )
}

/// A key, quoted only if it has to be.
pub(super) fn key(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !key.is_empty() && key.bytes().all(bare) {
        true => key.to_owned(),
        false => quote(key),
    }
}

/// A name as comments show it: on one line, cut, and with nothing that steers a terminal.
pub(super) fn shown(name: &str) -> String {
    let mut text: String = name
        .chars()
        .map(|letter| {
            if is_odd(letter) || letter == '\t' {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .take(NAME_AT_MOST)
        .collect();
    if name.chars().count() > NAME_AT_MOST {
        text.push('…');
    }
    format!("\"{text}\"")
}

/// Characters that are not seen, or not as what they are.
fn is_odd(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{feff}')
}

/// A line of the file: what TOML reads, and the remark behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// What TOML reads; a comment or nothing, if there is nothing to read.
    pub(super) code: String,
    /// What stands behind it.
    pub(super) remark: String,
}

impl Written {
    /// A line of its own.
    pub(super) fn plain(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            remark: String::new(),
        }
    }
}

/// Where remarks stand at most; longer lines have theirs right behind.
const REMARKS_AT_MOST: usize = 78;

/// Lines that follow each other, with their remarks below one another.
pub(super) fn aligned(lines: &[Written]) -> String {
    let width = |line: &Written| line.code.chars().count();
    let column = lines
        .iter()
        .filter(|line| !line.remark.is_empty())
        .map(width)
        .filter(|width| *width <= REMARKS_AT_MOST)
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.code);
        if !line.remark.is_empty() {
            let blanks = column.saturating_sub(width(line)) + 2;
            text.extend(std::iter::repeat_n(' ', blanks));
            text.push_str("# ");
            text.push_str(&line.remark);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_quoted_is_read_again(text: String) {
            let line = format!("{} = {}", key(&text), quote(&text));
            let read: toml::Table = toml::from_str(&line).unwrap();
            proptest::prop_assert_eq!(read.get(&text).and_then(Value::as_str), Some(text.as_str()));
            proptest::prop_assert!(!line.contains('\n'));
        }

        #[test]
        fn what_is_shown_stays_on_its_line(text: String) {
            let line = format!("a = 1 # {}", shown(&text));
            proptest::prop_assert!(toml::from_str::<toml::Table>(&line).is_ok(), "{:?}", line);
        }
    }

    #[test]
    fn remarks_stand_below_one_another() {
        let line = |code: &str, remark: &str| Written {
            code: code.to_owned(),
            remark: remark.to_owned(),
        };
        let text = aligned(&[line("[a]", ""), line("b = 1", "x"), line("long = 2", "y")]);
        assert_eq!(text, "[a]\nb = 1     # x\nlong = 2  # y\n");
    }
}
