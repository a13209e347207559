//! Knows whether a record stands inside quotes, and on which line they opened.
//!
//! The CSV parser takes a quote that never closes for the rest of the file without a word.
//! This follows the same grammar (a quote counts only at the start of a field; a doubled one
//! is text) over the raw bytes of those few records that a buffer's end cuts in two, which a
//! record at the end of the file always is.

use super::lines::Lines;

/// Where in a field the last byte left us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the start of a field.
    Start,
    /// In a field, outside of quotes.
    Plain,
    /// Inside quotes.
    Quoted,
    /// Behind a quote that closes, or is the first half of a doubled one.
    AfterQuote,
}

/// Follows one record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quotes {
    place: Place,
    lines: Lines,
    opened: u64,
    delimiter: u8,
}

impl Quotes {
    /// At the start of a record on `line`.
    pub(super) fn at(line: u64, delimiter: u8) -> Self {
        Self {
            place: Place::Start,
            lines: Lines::from(line),
            opened: line,
            delimiter,
        }
    }

    /// The line on which the quote opened that has not been closed.
    pub(super) fn open(&self) -> Option<u64> {
        (self.place == Place::Quoted).then_some(self.opened)
    }

    /// Goes past `bytes`, which belong to the record.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some((byte, rest)) = bytes.split_first() {
            if self.place == Place::Quoted {
                let text = bytes.iter().position(|byte| *byte == b'"');
                let (text, rest) = bytes.split_at(text.unwrap_or(bytes.len()));
                self.lines.feed(text);
                bytes = rest;
                if let Some((quote, rest)) = bytes.split_first() {
                    self.lines.feed(&[*quote]);
                    self.place = Place::AfterQuote;
                    bytes = rest;
                }
                continue;
            }
            self.place = match (self.place, *byte) {
                (Place::Start, b'"') => {
                    self.opened = self.lines.number;
                    Place::Quoted
                }
                (Place::AfterQuote, b'"') => Place::Quoted,
                (_, byte) if byte == self.delimiter || byte == b'\n' || byte == b'\r' => {
                    Place::Start
                }
                _ => Place::Plain,
            };
            self.lines.feed(&[*byte]);
            bytes = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_quote_at_the_start_of_a_field_opens() {
        for (record, open) in [
            ("", None),
            ("a;b", None),
            ("\"", Some(10)),
            ("\"a", Some(10)),
            ("\"a\"", None),
            ("\"a\"\"", Some(10)),
            ("\"a\"\"b", Some(10)),
            ("\"a\" \"", None),
            ("5\" Rohr;x", None),
            ("5\" Rohr;\"x", Some(10)),
            (" \"a", None),
            ("\"a\nb\";\"c\nd", Some(11)),
            ("\"a\r\nb\";x;\"\r\n\"\"\r\n", Some(11)),
            ("\"a,b\";\",", Some(10)),
        ] {
            let mut whole = Quotes::at(10, b';');
            whole.feed(record.as_bytes());
            assert_eq!(whole.open(), open, "{record:?}");
            let mut pieces = Quotes::at(10, b';');
            for byte in record.as_bytes() {
                pieces.feed(&[*byte]);
            }
            assert_eq!(pieces.open(), open, "{record:?} byte by byte");
        }
    }
}
