//! Raw cells become text: decoded strictly, padded or cut to the header's width.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use crate::record::Cells;

/// Why a cell is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid {
    /// Index of the first such cell, counted from 0.
    pub(super) index: usize,
    /// Whether it is because of a NUL; else its bytes mean nothing in the encoding.
    pub(super) nul: bool,
}

/// The raw cells of a row: `text` cut at `ends`.
#[derive(Clone, Copy)]
pub(super) struct RawCells<'a> {
    /// All cells, one behind the other.
    pub(super) text: &'a [u8],
    /// Where each ends.
    pub(super) ends: &'a [usize],
}

impl<'a> RawCells<'a> {
    /// Number of cells.
    pub(super) fn len(self) -> usize {
        self.ends.len()
    }

    /// The cells in order.
    pub(super) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        self.ends.iter().scan(0, move |start, end| {
            let cell = self.text.get(*start..*end);
            *start = *end;
            cell
        })
    }

    /// The cells as a defect keeps them.
    pub(super) fn to_vec(self) -> Vec<Vec<u8>> {
        self.iter().map(<[u8]>::to_vec).collect()
    }

    /// Whether every cell from `index` on is empty.
    pub(super) fn empty_from(self, index: usize) -> bool {
        let behind = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).copied(),
            None => Some(0),
        };
        // Cells of a row lie close together: nothing behind means nothing in them.
        behind.is_none_or(|end| end == self.text.len())
    }

    /// All cells as text, without those beyond `width`, and with empty ones up to it. Cells
    /// that are left out must be valid too: what cannot be read may have been a delimiter.
    pub(super) fn decode(
        self,
        encoding: &'static Encoding,
        width: usize,
    ) -> Result<Cells, Invalid> {
        if self.text.contains(&0) {
            return Err(self.first(true, |cell| cell.contains(&0)));
        }
        let mut cells = Cells::with_capacity(width, self.text.len());
        // Most rows are plain: one look at the whole row serves all of its cells.
        let whole = if encoding == UTF_8 || self.text.is_ascii() {
            std::str::from_utf8(self.text).ok()
        } else {
            None
        };
        let mut start = 0;
        for (index, end) in self.ends.iter().enumerate() {
            let keep = index < width;
            if let Some(cell) = whole.and_then(|whole| whole.get(start..*end)) {
                if keep {
                    cells.push(cell);
                }
            } else {
                let raw = self.text.get(start..*end).unwrap_or_default();
                let cell = text(raw, encoding).ok_or(Invalid { index, nul: false })?;
                if keep {
                    cells.push(&cell);
                }
            }
            start = *end;
        }
        for _ in cells.len()..width {
            cells.push("");
        }
        Ok(cells)
    }

    fn first(self, nul: bool, is_bad: impl Fn(&[u8]) -> bool) -> Invalid {
        Invalid {
            index: self.iter().position(is_bad).unwrap_or(0),
            nul,
        }
    }
}

/// Text of bytes, if they all mean something.
pub(super) fn text<'a>(
    raw: &'a [u8],
    encoding: &'static Encoding,
) -> Option<std::borrow::Cow<'a, str>> {
    // Five bytes have no meaning in windows-1252. The WHATWG's decoder lets them pass as
    // control characters; here they show that the text is in another encoding, most often a
    // DOS one, where 0x81 is an `ü`.
    let undefined = |byte: &u8| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
    if encoding == WINDOWS_1252 && raw.iter().any(undefined) {
        return None;
    }
    encoding.decode_without_bom_handling_and_without_replacement(raw)
}

#[cfg(test)]
mod tests {
    use encoding_rs::{ISO_8859_7, WINDOWS_1250};

    use super::*;

    fn decode(
        row: &[&[u8]],
        encoding: &'static Encoding,
        width: usize,
    ) -> Result<Vec<String>, Invalid> {
        let text = row.concat();
        let ends: Vec<usize> = row
            .iter()
            .scan(0, |end, cell| {
                *end += cell.len();
                Some(*end)
            })
            .collect();
        let raw = RawCells {
            text: &text,
            ends: &ends,
        };
        assert_eq!(raw.to_vec(), row);
        raw.decode(encoding, width)
            .map(|cells| cells.iter().map(str::to_owned).collect())
    }

    #[test]
    fn cells_are_decoded_padded_and_cut() {
        let row: [&[u8]; 3] = [b"a", b"", "ü€".as_bytes()];
        assert_eq!(decode(&row, UTF_8, 3).unwrap(), ["a", "", "ü€"]);
        assert_eq!(decode(&row, UTF_8, 4).unwrap(), ["a", "", "ü€", ""]);
        assert_eq!(decode(&row, UTF_8, 1).unwrap(), ["a"]);
        let row: [&[u8]; 2] = [b"M\xfcller \x80", b"x"];
        assert_eq!(decode(&row, WINDOWS_1252, 2).unwrap(), ["Müller €", "x"]);
        assert_eq!(decode(&[b"\xa3"], WINDOWS_1250, 1).unwrap(), ["Ł"]);
    }

    #[test]
    fn what_is_no_text_is_never_replaced() {
        let bad = |index, nul| Err(Invalid { index, nul });
        assert_eq!(decode(&[b"a", b"\xfc"], UTF_8, 2), bad(1, false));
        assert_eq!(decode(&[b"a", b"b", b"\xfc"], UTF_8, 2), bad(2, false));
        // Two halves that would make a character together.
        assert_eq!(decode(&[b"\xc3", b"\xbc"], UTF_8, 2), bad(0, false));
        assert_eq!(decode(&[b"a", b"x\0"], UTF_8, 2), bad(1, true));
        assert_eq!(decode(&[b"\0"], WINDOWS_1252, 1), bad(0, true));
        assert_eq!(decode(&[b"", b"M\x81ller"], WINDOWS_1252, 2), bad(1, false));
        assert_eq!(decode(&[b"\xff"], ISO_8859_7, 1), bad(0, false));
    }

    #[test]
    fn emptiness_is_seen_from_any_cell() {
        let raw = RawCells {
            text: b"ab",
            ends: &[1, 1, 2, 2, 2],
        };
        let empty: Vec<bool> = (0..6).map(|index| raw.empty_from(index)).collect();
        assert_eq!(empty, [false, false, false, true, true, true]);
    }
}
