//! Raw cells become text: decoded strictly, padded or cut to the header's width.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::plain;
use crate::record::{CellSpan, Cells};

/// Why a cell is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid {
    /// Index of the first such cell, counted from 0.
    pub(super) index: usize,
    /// Whether it is because of a NUL; else its bytes mean nothing in the encoding.
    pub(super) nul: bool,
}

/// The raw cells of a row: what stands in `text` at `spans`.
#[derive(Clone, Copy)]
pub(super) struct RawCells<'a> {
    /// All cells, one behind the other.
    pub(super) text: &'a [u8],
    /// Where each stands.
    pub(super) spans: &'a [CellSpan],
    /// Whether the row was split at sight: it has no NUL, and between its cells stand
    /// delimiters, so that none of them goes on in the next.
    pub(super) plain: bool,
}

impl<'a> RawCells<'a> {
    /// Number of cells.
    pub(super) fn len(self) -> usize {
        self.spans.len()
    }

    /// The cell at `index`, counted from 0.
    pub(super) fn get(self, index: usize) -> Option<&'a [u8]> {
        let [start, end] = *self.spans.get(index)?;
        self.text.get(start as usize..end as usize)
    }

    /// The cells in order.
    pub(super) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).filter_map(move |index| self.get(index))
    }

    /// The cells as a defect keeps them.
    pub(super) fn to_vec(self) -> Vec<Vec<u8>> {
        self.iter().map(<[u8]>::to_vec).collect()
    }

    /// Whether every cell from `index` on is empty.
    pub(super) fn empty_from(self, index: usize) -> bool {
        let cells = self.spans.get(index..).unwrap_or_default();
        cells.iter().all(|[start, end]| start == end)
    }

    /// Makes `cells` all of them as text, without those beyond `width`, and with empty ones up
    /// to it. Cells that are left out must be valid too: what cannot be read may have been a
    /// delimiter.
    pub(super) fn decode(
        self,
        encoding: &'static Encoding,
        width: usize,
        cells: &mut Cells,
    ) -> Result<(), Invalid> {
        if !self.plain && memchr::memchr(0, self.text).is_some() {
            return Err(self.first(true, |cell| cell.contains(&0)));
        }
        if let Some(whole) = self.whole(encoding) {
            cells.cut_from(whole, kept(self.spans, width));
        } else if let Some((text, spans)) = self.whole_decoded(encoding) {
            cells.cut_from(&text, kept(&spans, width));
        } else {
            cells.clear();
            for (index, raw) in self.iter().enumerate() {
                let cell = text(raw, encoding).ok_or(Invalid { index, nul: false })?;
                if index < width {
                    cells.push(&cell);
                }
            }
        }
        cells.pad(width);
        Ok(())
    }

    /// The row's text, if one look at it serves all of its cells, as with most rows.
    fn whole(self, encoding: &'static Encoding) -> Option<&'a str> {
        if encoding != UTF_8 && !self.text.is_ascii() {
            return None;
        }
        let whole = simdutf8::basic::from_utf8(self.text).ok()?;
        // Cells that the parser wrote one behind the other may be two halves of a character.
        let is_whole = |span: &CellSpan| span.iter().all(|at| whole.is_char_boundary(*at as usize));
        (self.plain || self.spans.iter().all(is_whole)).then_some(whole)
    }

    /// The row's text and where its cells stand in it, if its delimiters show them there too:
    /// in one-byte encodings nothing else becomes ASCII.
    fn whole_decoded(self, encoding: &'static Encoding) -> Option<(String, Vec<CellSpan>)> {
        if !self.plain || !encoding.is_single_byte() {
            return None;
        }
        let [_, end] = *self.spans.first()?;
        let delimiter = *self.text.get(end as usize)?;
        let mut text = text(self.text, encoding)?.into_owned();
        text.push('\n');
        let mut spans = Vec::with_capacity(self.len());
        plain::split(text.as_bytes(), delimiter, &mut spans)?;
        (spans.len() == self.len()).then_some((text, spans))
    }

    fn first(self, nul: bool, is_bad: impl Fn(&[u8]) -> bool) -> Invalid {
        Invalid {
            index: self.iter().position(is_bad).unwrap_or(0),
            nul,
        }
    }
}

/// Those of the first `width` cells.
fn kept(spans: &[CellSpan], width: usize) -> &[CellSpan] {
    spans.get(..width).unwrap_or(spans)
}

/// Text of bytes, if they all mean something.
pub(super) fn text<'a>(raw: &'a [u8], encoding: &'static Encoding) -> Option<Cow<'a, str>> {
    if encoding == UTF_8 {
        return simdutf8::basic::from_utf8(raw).ok().map(Cow::Borrowed);
    }
    // Five bytes have no meaning in windows-1252. The WHATWG's decoder lets them pass as
    // control characters; here they show that the text is in another encoding, most often a
    // DOS one, where 0x81 is an `ü`.
    let undefined = |byte: &u8| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
    // All are looked at, because the compiler makes wide instructions of that.
    let spoiled = |raw: &[u8]| {
        raw.iter()
            .fold(false, |found, byte| found | undefined(byte))
    };
    if encoding == WINDOWS_1252 && spoiled(raw) {
        return None;
    }
    encoding.decode_without_bom_handling_and_without_replacement(raw)
}

#[cfg(test)]
mod tests {
    use encoding_rs::{ISO_8859_7, KOI8_U, WINDOWS_874, WINDOWS_1250};
    use proptest::prelude::*;

    use super::*;

    fn decode(
        row: &[&[u8]],
        encoding: &'static Encoding,
        width: usize,
    ) -> Result<Vec<String>, Invalid> {
        let parsed = decode_cut(row, b"", encoding, width);
        if !row.concat().contains(&0) {
            assert_eq!(decode_cut(row, b";", encoding, width), parsed);
        }
        parsed
    }

    /// Decodes a row with `between` its cells: nothing where the parser wrote them.
    fn decode_cut(
        row: &[&[u8]],
        between: &[u8],
        encoding: &'static Encoding,
        width: usize,
    ) -> Result<Vec<String>, Invalid> {
        let mut text = Vec::new();
        let mut spans = Vec::new();
        for (index, cell) in row.iter().enumerate() {
            text.extend_from_slice(if index > 0 { between } else { b"" });
            let start = text.len() as u32;
            text.extend_from_slice(cell);
            spans.push([start, text.len() as u32]);
        }
        let raw = RawCells {
            text: &text,
            spans: &spans,
            plain: !between.is_empty(),
        };
        assert_eq!(raw.to_vec(), row);
        let mut cells: Cells = ["what", "was", "there", "before"].into_iter().collect();
        raw.decode(encoding, width, &mut cells)?;
        Ok(cells.iter().map(str::to_owned).collect())
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
            spans: &[[0, 1], [1, 1], [1, 2], [2, 2], [2, 2]],
            plain: false,
        };
        let empty: Vec<bool> = (0..6).map(|index| raw.empty_from(index)).collect();
        assert_eq!(empty, [false, false, false, true, true, true]);
    }

    proptest! {
        /// Whether one look serves the whole row or each cell is decoded by itself.
        #[test]
        fn a_row_is_decoded_as_its_cells_are(
            row in proptest::collection::vec(
                proptest::collection::vec(prop_oneof![b'<'..b'~', 0x80_u8..], 0..8), 1..6,
            ),
            umlauts: bool,
            width in 0_usize..8,
        ) {
            let row: Vec<Vec<u8>> = if umlauts {
                row.iter().map(|cell| "ü€".repeat(cell.len() / 2).into_bytes()).collect()
            } else {
                row
            };
            let row: Vec<&[u8]> = row.iter().map(Vec::as_slice).collect();
            for encoding in [UTF_8, WINDOWS_1252, WINDOWS_1250, WINDOWS_874, ISO_8859_7, KOI8_U] {
                let mut expected = Ok(Vec::new());
                for (index, cell) in row.iter().enumerate() {
                    match (&mut expected, text(cell, encoding)) {
                        (Ok(cells), Some(cell)) => cells.push(cell.into_owned()),
                        (Ok(_), None) => expected = Err(Invalid { index, nul: false }),
                        (Err(_), _) => {}
                    }
                }
                if let Ok(cells) = &mut expected {
                    cells.resize(width, String::new());
                }
                prop_assert_eq!(decode(&row, encoding, width), expected);
            }
        }
    }
}
