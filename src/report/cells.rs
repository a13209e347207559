//! Text on its way back into the input's encoding.

use std::borrow::Cow;
use std::io::{self, Write};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// What stands for a character that the encoding does not have. Only our own messages can hold
/// such a character: cells came from that encoding ([`written_in`]).
const UNMAPPABLE: u8 = b'?';

/// The encoding that the failures of an input in `encoding` are written in, and whether a
/// byte-order mark has to say so: the input's own, if it is one that is surely found again when
/// the file comes back, for then nobody declares it.
///
/// Of the encodings of one byte that is windows-1252. `Łódź` of a windows-1250 input that its
/// mapping declares would come back as `£ódŸ`. In those of several bytes (Shift_JIS, Big5,
/// GB18030, ISO-2022-JP, …) a byte of a letter can also be the one of a quote, and some letters
/// can be read but not written. UTF-8 can say all of it. `first` is the file's first text: in
/// windows-1252 `ï»¿Nr` would look like a byte-order mark.
pub(super) fn written_in(
    encoding: &'static Encoding,
    bom: bool,
    first: &str,
) -> (&'static Encoding, bool) {
    let misleads =
        encoding == WINDOWS_1252 && Encoding::for_bom(&encode(encoding, first)).is_some();
    let is_found_again = [UTF_8, UTF_16LE, UTF_16BE, WINDOWS_1252].contains(&encoding);
    if is_found_again && !misleads {
        (encoding, bom)
    } else {
        (UTF_8, true)
    }
}

/// A cell that was kept as bytes, of an input in `own` encoding, in the one that it is
/// `written` in. Bytes that mean nothing in theirs can only stay as they are where that stays too;
/// elsewhere a replacement character shows where they stood.
pub(super) fn raw_cell<'a>(
    own: &'static Encoding,
    written: &'static Encoding,
    cell: &'a [u8],
) -> Cow<'a, [u8]> {
    // Those of several bytes became UTF-8 before they were split.
    if own == written || !own.is_single_byte() {
        return Cow::Borrowed(cell);
    }
    match own.decode_without_bom_handling(cell).0 {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// `text` in `encoding`; for UTF-16 in UTF-8, which [`Encoded`] turns into UTF-16.
pub(super) fn encode<'a>(encoding: &'static Encoding, text: &'a str) -> Cow<'a, [u8]> {
    let (bytes, _, lossy) = encoding.encode(text);
    if !lossy {
        return bytes;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars() {
        match encoding.encode(character.encode_utf8(&mut buffer)) {
            (encoded, _, false) => bytes.extend_from_slice(&encoded),
            _ => bytes.push(UNMAPPABLE),
        }
    }
    Cow::Owned(bytes)
}

/// Writes delimited text in the input's encoding: bytes pass as they are, unless the input is
/// UTF-16, whose cells come as UTF-8.
#[derive(Debug)]
pub(super) struct Encoded<W> {
    out: W,
    /// How a code unit becomes bytes, if the input is UTF-16.
    utf16: Option<fn(u16) -> [u8; 2]>,
    /// The beginning of a character whose rest comes with the next write.
    pending: Vec<u8>,
    units: Vec<u8>,
}

impl<W: Write> Encoded<W> {
    /// Begins a file in `encoding`, with a byte-order mark if `bom` says so or it is UTF-16.
    pub(super) fn new(mut out: W, encoding: &'static Encoding, bom: bool) -> io::Result<Self> {
        let utf16: Option<fn(u16) -> [u8; 2]> = if encoding == UTF_16LE {
            Some(u16::to_le_bytes)
        } else if encoding == UTF_16BE {
            Some(u16::to_be_bytes)
        } else {
            None
        };
        if let Some(bytes_of) = utf16 {
            out.write_all(&bytes_of(0xFEFF))?;
        } else if bom && encoding == UTF_8 {
            out.write_all(&[0xEF, 0xBB, 0xBF])?;
        }
        Ok(Self {
            out,
            utf16,
            pending: Vec::new(),
            units: Vec::new(),
        })
    }

    /// What it writes to.
    pub(super) fn into_inner(self) -> W {
        self.out
    }

    /// The target, to ask about it.
    pub(super) fn inner(&self) -> &W {
        &self.out
    }
}

impl<W: Write> Write for Encoded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(bytes_of) = self.utf16 else {
            return self.out.write(bytes);
        };
        self.pending.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.pending) {
            Ok(_) => self.pending.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => self.pending.len(),
        };
        let rest = self.pending.split_off(whole);
        self.units.clear();
        for unit in String::from_utf8_lossy(&self.pending).encode_utf16() {
            self.units.extend_from_slice(&bytes_of(unit));
        }
        self.pending = rest;
        self.out.write_all(&self.units)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::SHIFT_JIS;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_encoding_does_not_have_becomes_a_question_mark() {
        assert_eq!(
            &*encode(WINDOWS_1252, "Müller → 5 €"),
            b"M\xFCller ? 5 \x80"
        );
        assert_eq!(&*encode(UTF_8, "→"), "→".as_bytes());
        assert_eq!(&*encode(UTF_16LE, "→"), "→".as_bytes());
        assert_eq!(&*encode(SHIFT_JIS, "日é"), b"\x93\xFA?");
    }

    #[test]
    fn byte_order_marks_are_written_as_the_input_had_them() {
        let begun = |encoding, bom| Encoded::new(Vec::new(), encoding, bom).unwrap().out;
        assert_eq!(begun(UTF_8, true), [0xEF, 0xBB, 0xBF]);
        assert!(begun(UTF_8, false).is_empty());
        assert!(begun(WINDOWS_1252, true).is_empty());
        assert_eq!(begun(UTF_16LE, false), [0xFF, 0xFE]);
        assert_eq!(begun(UTF_16BE, false), [0xFE, 0xFF]);
    }

    proptest! {
        #[test]
        fn utf_16_survives_any_cut(text in "\\PC{0,40}", cut in 1usize..7, big: bool) {
            let order = if big { UTF_16BE } else { UTF_16LE };
            let mut out = Encoded::new(Vec::new(), order, true).unwrap();
            for piece in text.as_bytes().chunks(cut) {
                out.write_all(piece).unwrap();
            }
            let (decoded, encoding, bad) = order.decode(out.inner());
            prop_assert_eq!(encoding, order);
            prop_assert!(!bad);
            prop_assert_eq!(decoded, text);
        }
    }
}
