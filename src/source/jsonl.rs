//! Splits JSONL into lines and reads one object of each.

use serde_json::{Map, Value};

use super::csv::{Cursor, Extent, Fault};
use super::error::SourceError;
use super::returned;
use super::transcode::Stream;
use crate::outcome::{Code, FieldError};
use crate::record::Span;

/// Splits a stream at its line feeds; holds the last line that is not blank. A carriage
/// return is blank space to JSON and ends no line.
pub(super) struct TextLines {
    cursor: Cursor,
    number: u64,
    cap: usize,
    text: Vec<u8>,
}

impl TextLines {
    /// Splits from `cursor` on; a line of more than `cap` bytes is too large.
    pub(super) fn new(cursor: Cursor, cap: usize) -> Self {
        Self {
            number: cursor.lines.number,
            cursor,
            cap,
            text: Vec::new(),
        }
    }

    /// Where the next line begins: its offset and number.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.cursor.offset, self.number)
    }

    /// The last line, without its line break.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The next line that is not blank; none at the end.
    pub(super) fn next(&mut self, stream: &mut Stream) -> Result<Option<Extent>, SourceError> {
        loop {
            let start = self.cursor.offset;
            let line = self.number;
            let Some(length) = self.take(stream)? else {
                return Ok(None);
            };
            let too_large = length > self.cap as u64;
            if too_large || !self.text.trim_ascii().is_empty() {
                return Ok(Some(Extent {
                    line,
                    span: Span {
                        start,
                        end: self.cursor.offset,
                    },
                    fault: too_large.then_some(Fault::TooLarge),
                }));
            }
        }
    }

    /// Takes one line and returns its length without the line break; none at the end.
    fn take(&mut self, stream: &mut Stream) -> Result<Option<u64>, SourceError> {
        self.text.clear();
        let mut length = 0;
        loop {
            let chunk = stream.chunk()?;
            if chunk.is_empty() {
                return Ok((length > 0).then_some(length));
            }
            let end = memchr::memchr(b'\n', chunk);
            let line = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or(chunk);
            length += line.len() as u64;
            // One more than the cap, because it may be the CR of a CRLF.
            if length <= (self.cap as u64).saturating_add(1) {
                self.text.extend_from_slice(line);
            } else {
                self.text.clear();
            }
            let count = line.len() + usize::from(end.is_some());
            self.cursor.offset += count as u64;
            stream.consume(count);
            if end.is_some() {
                self.number += 1;
                if self.text.last() == Some(&b'\r') {
                    self.text.pop();
                    length -= 1;
                }
                return Ok(Some(length));
            }
        }
    }
}

/// Reads one line's object.
///
/// # Errors
/// A `json.malformed` whose parameter `reason` is one of `syntax`, `cut_off` (the text ends
/// too early), `too_deep` (more than 127 levels), `not_an_object` and `key_twice`; `column`
/// counts bytes from 1.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, FieldError> {
    let malformed = |reason: &str| FieldError::new(Code::JsonMalformed, "").with("reason", reason);
    match serde_json::from_str(text) {
        // The last of two equal keys would win, and nobody would hear of the first.
        Ok(Value::Object(object)) if keys(&object) < colons(text) => Err(malformed("key_twice")),
        Ok(Value::Object(object)) => Ok(returned::input(object)),
        Ok(_) => Err(malformed("not_an_object").with("column", 1)),
        Err(error) => {
            let reason = if error.is_eof() {
                "cut_off"
            } else if error.to_string().starts_with("recursion limit") {
                "too_deep"
            } else {
                "syntax"
            };
            Err(malformed(reason).with("column", error.column()))
        }
    }
}

/// How many keys an object has, with those of the objects in it.
fn keys(object: &Map<String, Value>) -> usize {
    object.len() + object.values().map(keys_in).sum::<usize>()
}

fn keys_in(value: &Value) -> usize {
    match value {
        Value::Object(object) => keys(object),
        Value::Array(list) => list.iter().map(keys_in).sum(),
        _ => 0,
    }
}

/// How many keys stand in a text that is JSON: each has the one colon outside of texts.
fn colons(text: &str) -> usize {
    let mut count = 0;
    let mut rest = text.as_bytes();
    while let Some(quote) = memchr::memchr(b'"', rest) {
        let (between, text) = rest.split_at(quote);
        count += colons_in(between);
        rest = behind_text(text.get(1..).unwrap_or_default());
    }
    count + colons_in(rest)
}

fn colons_in(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b':').count()
}

/// What stands behind a text of JSON, of which the first quote was taken.
fn behind_text(mut text: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', text) {
        let escaped = text.get(at) == Some(&b'\\');
        text = text
            .get(at + 1 + usize::from(escaped)..)
            .unwrap_or_default();
        if !escaped {
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Cursor as Bytes;
    use std::path::Path;

    use encoding_rs::UTF_8;
    use proptest::prelude::*;

    use super::*;
    use crate::source::blocks::{BLOCK, Blocks};

    type Line = (u64, u64, u64, Option<Fault>, String);

    fn lines(bytes: &[u8], cap: usize) -> Vec<Line> {
        let from = Box::new(Bytes::new(bytes.to_vec()));
        let mut stream =
            Stream::new(Blocks::new(from, Path::new("a.jsonl"), None), UTF_8, 0).unwrap();
        let mut lines = TextLines::new(Cursor::default(), cap);
        let mut all = Vec::new();
        while let Some(place) = lines.next(&mut stream).unwrap() {
            let text = String::from_utf8_lossy(lines.text()).into_owned();
            let Span { start, end } = place.span;
            all.push((place.line, start, end, place.fault, text));
        }
        assert!(lines.text.capacity() <= 2 * cap.max(8));
        all
    }

    #[test]
    fn lines_and_offsets_are_exact() {
        assert_eq!(
            lines(b"{}\r\n\n \t\r\n{\"a\":1}\n{", 100),
            [
                (1, 0, 4, None, "{}".to_owned()),
                (4, 9, 17, None, "{\"a\":1}".to_owned()),
                (5, 17, 18, None, "{".to_owned()),
            ]
        );
        assert_eq!(lines(b"", 100), []);
        assert_eq!(lines(b" \n\r\n", 100), []);
    }

    #[test]
    fn a_large_line_is_passed_over() {
        let text = format!("{}\n{}\r\n{{}}\n", "x".repeat(3 * BLOCK), "y".repeat(1000),);
        let found = lines(text.as_bytes(), 1000);
        let faults: Vec<_> = found.iter().map(|line| line.3).collect();
        assert_eq!(faults, [Some(Fault::TooLarge), None, None]);
        assert_eq!(found[2].0, 3);
        assert_eq!(found[2].2, text.len() as u64);
    }

    #[test]
    fn what_is_no_object_is_told_without_its_values() {
        let deep = format!("{{\"a\":{}", "[".repeat(500));
        for (text, reason, column) in [
            ("[1]", "not_an_object", "1"),
            ("\"geheim\"", "not_an_object", "1"),
            ("{\"a\":1", "cut_off", "6"),
            ("{\"a\":geheim}", "syntax", "6"),
            ("{\"a\":1} {", "syntax", "9"),
            ("{a:1}", "syntax", "2"),
            ("{'a':1}", "syntax", "2"),
            ("{\"a\":\"\t\"}", "syntax", "7"),
            (&deep, "too_deep", "132"),
        ] {
            let error = object(text).unwrap_err();
            assert_eq!(error.code, Code::JsonMalformed);
            assert_eq!(error.params["reason"], reason, "{text}");
            assert_eq!(error.params["column"], column, "{text}");
            assert!(!format!("{error:?}").contains("geheim"));
        }
    }

    #[test]
    fn a_key_that_stands_twice_hides_no_value() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":{"c":[{"d":1,"d":2}]}}"#,
            r#"{"a:":1,"\u0061:":2}"#,
        ] {
            let error = object(text).unwrap_err();
            assert_eq!(error.params["reason"], "key_twice", "{text}");
        }
        for text in [
            r#"{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}"#,
            r#"{"a":":\"::\\","b:\"c":":"}"#,
            r#"{"a" : 1.5e3}"#,
            "{}",
        ] {
            assert!(object(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn order_and_digits_stay() {
        let object = object(r#"{"z":1.10,"a":12345678901234567890123,"z2":null}"#).unwrap();
        let text = serde_json::to_string(&object).unwrap();
        assert_eq!(text, r#"{"z":1.10,"a":12345678901234567890123,"z2":null}"#);
    }

    proptest! {
        #[test]
        fn any_bytes_are_lines_in_order(bytes: Vec<u8>, cap in 0_usize..40) {
            let mut behind = 0;
            for (_, start, end, ..) in lines(&bytes, cap) {
                prop_assert!(bytes[behind as usize..start as usize].trim_ascii().is_empty());
                behind = end;
            }
            prop_assert!(bytes[behind as usize..].trim_ascii().is_empty());
        }

        #[test]
        fn any_text_is_an_object_or_an_error(text in "[{}\\[\\]\":,a1 ]{0,40}") {
            let _ = object(&text);
        }
    }
}
