//! Finding a customer's number in bytes of whatever encoding.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use encoding_rs::WINDOWS_1252;

use super::{page, workbook};

/// Bytes that are looked through at once.
const BLOCK: usize = 1 << 16;

/// A customer's number, and how it is recognised.
pub struct Mention {
    same: Box<dyn Fn(&str) -> bool>,
    /// Its bytes in the encodings that inputs have, with the width of a code unit.
    patterns: Vec<(Vec<u8>, usize)>,
}

impl Mention {
    /// The customer with this `number`; `same` says whether a cell is that number.
    pub fn new(number: &str, same: impl Fn(&str) -> bool + 'static) -> Self {
        let number = number.trim();
        let utf16 = |bytes: fn(u16) -> [u8; 2]| number.encode_utf16().flat_map(bytes).collect();
        let mut patterns = vec![
            (number.as_bytes().to_vec(), 1),
            (utf16(u16::to_le_bytes), 2),
            (utf16(u16::to_be_bytes), 2),
        ];
        let (western, _, lossy) = WINDOWS_1252.encode(number);
        if !lossy && !number.is_ascii() {
            patterns.push((western.into_owned(), 1));
        }
        patterns.retain(|(pattern, _)| !pattern.is_empty());
        Self {
            same: Box::new(same),
            patterns,
        }
    }

    /// Whether the text is the customer's number.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        (self.same)(text)
    }

    /// Whether the number stands in the text, as a word of its own.
    pub(super) fn stands_in_text(&self, text: &str) -> bool {
        self.is(text) || self.stands_in(text.as_bytes(), true, true)
    }

    /// Whether the number stands in the file, as a word of its own, in UTF-8, UTF-16 or
    /// Windows-1252; ASCII letters in any case. Of a workbook (`.xlsx`), whether it stands in one
    /// of the cells, or may do so because they cannot be read; of a page (`.html`), whether it
    /// stands in its text.
    ///
    /// # Errors
    /// What the system said while reading.
    pub fn is_in(&self, path: &Path) -> io::Result<bool> {
        if path.extension().is_some_and(|ending| ending == "xlsx") {
            return workbook::mentions(path, self);
        }
        if path.extension().is_some_and(|ending| ending == "html") {
            return page::mentions(path, self);
        }
        self.is_in_bytes(&mut File::open(path)?)
    }

    /// As [`is_in`](Self::is_in), of what `from` gives.
    ///
    /// # Errors
    /// What the system said while reading.
    pub fn is_in_bytes(&self, from: &mut dyn Read) -> io::Result<bool> {
        let longest = self.patterns.iter().map(|(pattern, _)| pattern.len()).max();
        // The number with a character before and behind it.
        let overlap = longest.unwrap_or_default() + 4;
        let mut block: Vec<u8> = Vec::with_capacity(BLOCK + overlap);
        let mut is_first = true;
        loop {
            let before = block.len();
            Read::take(&mut *from, BLOCK as u64).read_to_end(&mut block)?;
            let is_last = block.len() - before < BLOCK;
            if self.stands_in(&block, is_first, is_last) {
                return Ok(true);
            }
            if is_last {
                return Ok(false);
            }
            block.drain(..block.len().saturating_sub(overlap));
            is_first = false;
        }
    }

    /// At the edges of a block that is not the file's, nothing is a whole word: the overlap
    /// shows it once more.
    fn stands_in(&self, block: &[u8], is_first: bool, is_last: bool) -> bool {
        self.patterns.iter().any(|(pattern, width)| {
            block
                .windows(pattern.len())
                .enumerate()
                .filter(|(_, window)| window.eq_ignore_ascii_case(pattern))
                .any(|(start, _)| {
                    let end = start + pattern.len();
                    let before = start
                        .checked_sub(*width)
                        .and_then(|at| block.get(at..start));
                    let behind = block.get(end..end + width);
                    let ends = |unit: Option<&[u8]>, at_edge: bool| match unit {
                        Some(unit) => !is_letter(unit),
                        None => at_edge,
                    };
                    ends(before, is_first) && ends(behind, is_last)
                })
        })
    }
}

/// Whether the code unit is a letter or a digit of ASCII, in either byte order.
fn is_letter(unit: &[u8]) -> bool {
    match unit {
        [byte] | [byte, 0] | [0, byte] => byte.is_ascii_alphanumeric(),
        _ => false,
    }
}
