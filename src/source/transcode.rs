//! The input's bytes as the parsers want them: a stream in which the ASCII bytes mean ASCII.
//!
//! Encodings in which a delimiter's or quote's byte can be a part of another character
//! (UTF-16, Shift_JIS and their like) become UTF-8 on the way; UTF-8 and the one-byte encodings pass
//! as they are, so that offsets stay those of the file.

use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, UTF_8};

use super::blocks::{Blocks, Fingerprint};
use super::error::SourceError;

/// Bytes of UTF-8 that are made at once.
const BUFFER: usize = 64 * 1024;

/// Whether records of this encoding can be split before they are decoded.
pub(super) fn splits_raw(encoding: &'static Encoding) -> bool {
    encoding == UTF_8 || encoding.is_single_byte()
}

/// The encoding of what a stream gives of a file in `encoding`.
pub(super) fn text_encoding(encoding: &'static Encoding) -> &'static Encoding {
    if splits_raw(encoding) {
        encoding
    } else {
        UTF_8
    }
}

/// A stream of bytes for a parser.
pub(super) enum Stream {
    /// The file's own bytes.
    Raw(Blocks),
    /// UTF-8 that is made of them.
    Utf8(Box<Transcoder>),
}

impl Stream {
    /// Reads `blocks` behind its byte-order mark of `bom` bytes.
    pub(super) fn new(
        mut blocks: Blocks,
        encoding: &'static Encoding,
        bom: u64,
    ) -> Result<Self, SourceError> {
        if bom > 0 {
            blocks.chunk()?;
            blocks.consume(usize::try_from(bom).unwrap_or(0));
        }
        Ok(if splits_raw(encoding) {
            Self::Raw(blocks)
        } else {
            Self::Utf8(Box::new(Transcoder::new(blocks, encoding)))
        })
    }

    /// A stream that has only `size` bytes of UTF-8 at hand at once.
    #[cfg(test)]
    pub(super) fn in_pieces(blocks: Blocks, size: usize) -> Self {
        let mut transcoder = Transcoder::new(blocks, UTF_8);
        transcoder.text.truncate(size);
        Self::Utf8(Box::new(transcoder))
    }

    /// The bytes at hand; none only at the end.
    pub(super) fn chunk(&mut self) -> Result<&[u8], SourceError> {
        match self {
            Self::Raw(blocks) => blocks.chunk(),
            Self::Utf8(transcoder) => transcoder.chunk(),
        }
    }

    /// Takes `count` of the bytes at hand.
    pub(super) fn consume(&mut self, count: usize) {
        match self {
            Self::Raw(blocks) => blocks.consume(count),
            Self::Utf8(transcoder) => transcoder.consume(count),
        }
    }

    /// The last `count` bytes that were taken of those at hand.
    pub(super) fn taken(&self, count: usize) -> &[u8] {
        match self {
            Self::Raw(blocks) => blocks.taken(count),
            Self::Utf8(transcoder) => transcoder.taken(count),
        }
    }

    /// The file's bytes beneath.
    pub(super) fn blocks(&self) -> &Blocks {
        match self {
            Self::Raw(blocks) => blocks,
            Self::Utf8(transcoder) => &transcoder.blocks,
        }
    }

    /// Offset of the stream's next byte, by which spans count, at its start.
    pub(super) fn start(&self) -> u64 {
        match self {
            Self::Raw(blocks) => blocks.position(),
            Self::Utf8(_) => 0,
        }
    }

    /// The fingerprint, once the end was reached.
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        self.blocks().fingerprint()
    }
}

/// Makes UTF-8 of another encoding, piece by piece.
pub(super) struct Transcoder {
    blocks: Blocks,
    encoding: &'static Encoding,
    decoder: Decoder,
    text: Vec<u8>,
    used: usize,
    filled: usize,
    ended: bool,
}

impl Transcoder {
    fn new(blocks: Blocks, encoding: &'static Encoding) -> Self {
        Self {
            blocks,
            encoding,
            decoder: encoding.new_decoder_without_bom_handling(),
            text: vec![0; BUFFER],
            used: 0,
            filled: 0,
            ended: false,
        }
    }

    fn chunk(&mut self) -> Result<&[u8], SourceError> {
        while self.used >= self.filled && !self.ended {
            let raw = self.blocks.chunk()?;
            let last = raw.is_empty();
            let (result, read, written) =
                self.decoder
                    .decode_to_utf8_without_replacement(raw, &mut self.text, last);
            self.blocks.consume(read);
            self.used = 0;
            self.filled = written;
            match result {
                DecoderResult::InputEmpty => self.ended = last,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    self.filled = 0;
                    return Err(SourceError::Malformed {
                        path: self.blocks.path().to_owned(),
                        encoding: self.encoding.name(),
                        offset: self.blocks.position(),
                    });
                }
            }
        }
        Ok(self.text.get(self.used..self.filled).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.used = self.used.saturating_add(count).min(self.filled);
    }

    fn taken(&self, count: usize) -> &[u8] {
        let start = self.used.checked_sub(count);
        let taken = start.and_then(|start| self.text.get(start..self.used));
        taken.unwrap_or_default()
    }
}

/// As much of `raw`'s start as fills a sample, in UTF-8; enough to judge
/// by, so faults do not matter. And whether that was all of it.
pub(super) fn sample(raw: &[u8], encoding: &'static Encoding) -> (Vec<u8>, bool) {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = vec![0; BUFFER];
    let (result, _, written, _) = decoder.decode_to_utf8(raw, &mut text, false);
    debug_assert!(matches!(
        result,
        CoderResult::InputEmpty | CoderResult::OutputFull
    ));
    text.truncate(written);
    (text, result == CoderResult::InputEmpty)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use encoding_rs::{SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1252};

    use super::*;
    use crate::source::blocks::BLOCK;

    fn read(raw: &[u8], encoding: &'static Encoding, bom: u64) -> Result<Vec<u8>, SourceError> {
        let blocks = Blocks::new(Box::new(Cursor::new(raw.to_vec())), Path::new("x"), None);
        let mut stream = Stream::new(blocks, encoding, bom)?;
        let mut all = Vec::new();
        loop {
            let chunk = stream.chunk()?;
            if chunk.is_empty() {
                assert_eq!(stream.fingerprint().unwrap().bytes, raw.len() as u64);
                return Ok(all);
            }
            let count = chunk.len().min(7_001);
            all.extend_from_slice(&chunk[..count]);
            stream.consume(count);
        }
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn utf_16_becomes_utf_8_across_all_borders() {
        let text = "Größe€𝄞;".repeat(BLOCK / 16);
        let little = utf16(&text, u16::to_le_bytes);
        assert_eq!(read(&little, UTF_16LE, 0).unwrap(), text.as_bytes());
        let big = utf16(&text, u16::to_be_bytes);
        assert_eq!(read(&big, UTF_16BE, 0).unwrap(), text.as_bytes());
        let marked = utf16(&format!("\u{feff}{text}"), u16::to_le_bytes);
        assert_eq!(read(&marked, UTF_16LE, 2).unwrap(), text.as_bytes());
    }

    #[test]
    fn malformed_utf_16_is_an_error() {
        let lone = [0x61, 0x00, 0x00, 0xd8, 0x61, 0x00];
        let odd = [0x61, 0x00, 0x61];
        for raw in [&lone[..], &odd[..]] {
            let error = read(raw, UTF_16LE, 0).unwrap_err();
            assert!(matches!(error, SourceError::Malformed { .. }), "{error}");
        }
    }

    #[test]
    fn one_byte_encodings_pass_as_they_are() {
        let raw = b"M\xfcller\xff";
        assert_eq!(read(raw, WINDOWS_1252, 0).unwrap(), raw);
        assert_eq!(read(raw, UTF_8, 1).unwrap(), &raw[1..]);
    }

    #[test]
    fn a_second_byte_that_looks_like_a_pipe_is_none() {
        // 0x83 0x7C is a katakana letter in Shift_JIS; its second byte is that of `|`.
        assert_eq!(read(b"\x83\x7c|", SHIFT_JIS, 0).unwrap(), "ポ|".as_bytes());
    }
}
