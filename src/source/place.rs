//! Places from which a later reading can go on.

use std::io::{Seek, SeekFrom};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Source;
use super::blocks::{BLOCK, Blocks, Fingerprint};
use super::content::Content;
use super::entry::Entry;
use super::error::SourceError;
use super::reader::Reader;
use super::transcode::{Stream, splits_raw};

/// A place between two records of an input that can be read from the middle, for
/// [`Source::read_from`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Offset of the first byte in the file that belongs to no record before it.
    pub offset: u64,
    /// Records that stand before it; the next has the number behind that.
    pub record: u64,
    /// The line, counted from 1, on which the byte at `offset` stands.
    pub line: u64,
}

impl Source {
    /// Whether reading can begin in the middle: of CSV and JSONL whose own bytes are split, as
    /// they are in the file. What is compressed, transcoded first or a sheet is read from the
    /// start.
    #[must_use]
    pub fn can_seek(&self) -> bool {
        matches!(self.content, Content::File(_))
            && splits_raw(self.facts.encoding)
            && !self.facts.format.is_book()
    }

    /// Reads it from `place` on, which a [`Reader::place`] of an earlier reading of the same
    /// bytes was. Records, lines and offsets count as if it were read from the start. If the
    /// source cannot seek, it is read from the start and what stands before is passed over.
    ///
    /// The blocks of 1 MiB from there on are compared with `known` before any record that is
    /// made of their bytes is handed out, and the first one, in which the header stands. Those
    /// between are not read: that they are what they were is for the caller to find out, who
    /// computes the [`Source::fingerprint`] of the whole input before anything else and hands
    /// it in here.
    ///
    /// # Errors
    /// [`SourceError::Edited`] when the bytes are others, here or from the reader.
    pub fn read_from(&self, known: &Fingerprint, place: Place) -> Result<Reader, SourceError> {
        // The header is compared as in every reading.
        let mut reader = self.read_again(known)?;
        if !self.can_seek() {
            let mut entry = Entry::default();
            while reader.place().record < place.record {
                if !reader.read_into(&mut entry)? {
                    return Err(self.edited());
                }
            }
            return Ok(reader);
        }
        if place.record == 0 {
            return Ok(reader);
        }
        let next = place.offset / BLOCK as u64;
        let mut file = self.content.open()?;
        file.seek(SeekFrom::Start(next * BLOCK as u64))
            .map_err(|source| SourceError::Read {
                path: self.path.clone(),
                offset: place.offset,
                source,
            })?;
        let next = usize::try_from(next).map_err(|_| self.edited())?;
        let mut blocks = Blocks::behind(Box::new(file), &self.path, known, next);
        let within = (place.offset % BLOCK as u64) as usize;
        if blocks.chunk()?.len() < within {
            return Err(self.edited());
        }
        blocks.consume(within);
        let facts = Arc::clone(&self.facts);
        Ok(Reader::from(Stream::Raw(blocks), place, facts, self.rules))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;
    use crate::source::blocks::BLOCK;
    use crate::source::samples::Sample;
    use crate::source::{Entry, Fingerprint, Source, SourceError};

    /// All entries, the place before each and behind the last, and the fingerprint; none if
    /// the input cannot be read to its end.
    fn remembered(source: &Source) -> Option<(Vec<Entry>, Vec<Place>, Fingerprint)> {
        let mut reader = source.read().ok()?;
        let mut entries = Vec::new();
        let mut places = vec![reader.place()];
        let mut entry = Entry::default();
        while reader.read_into(&mut entry).ok()? {
            entries.push(entry.clone());
            places.push(reader.place());
        }
        let known = reader.fingerprint()?;
        Some((entries, places, known))
    }

    fn rest(source: &Source, known: &Fingerprint, place: Place) -> Result<Vec<Entry>, SourceError> {
        let mut reader = source.read_from(known, place)?;
        let entries = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
        assert_eq!(reader.fingerprint().as_ref(), Some(known));
        Ok(entries)
    }

    fn goes_on_anywhere(source: &Source) {
        let Some((entries, places, known)) = remembered(source) else {
            return;
        };
        for place in places {
            let expected = entries.get(place.record as usize..).unwrap();
            assert_eq!(rest(source, &known, place).unwrap(), expected, "{place:?}");
        }
    }

    /// An input of some blocks, with quotes and breaks in them here and there.
    fn long(records: usize) -> Sample {
        let mut text = "Nr;Name;Ort\n".to_owned();
        for number in 0..records {
            text += &match number % 7 {
                3 => format!("{number};\"Mül\nler\";Ulm\r\n\n"),
                5 => format!("{number};;\r"),
                _ => format!("{number};Müller {};Ulm\n", "x".repeat(number % 50)),
            };
        }
        Sample::new("a.csv", text)
    }

    #[test]
    fn only_the_blocks_from_a_place_on_are_read() {
        let sample = long(100_000);
        let source = sample.open();
        let (entries, places, known) = remembered(&source).unwrap();
        assert!(source.can_seek() && known.blocks.len() > 3);
        let whole = std::fs::read(&sample.path).unwrap();
        let edit = |block: usize| {
            let mut bytes = whole.clone();
            let letter = bytes[block * BLOCK..].iter().position(|byte| *byte == b'x');
            bytes[block * BLOCK + letter.unwrap()] = b'y';
            std::fs::write(&sample.path, bytes).unwrap();
        };
        let within = |block: usize| {
            let offset = (block * BLOCK) as u64;
            *places.iter().find(|place| place.offset > offset).unwrap()
        };
        for (block, edited, refused) in [(2, 2, true), (2, 3, true), (2, 1, false), (3, 2, false)] {
            edit(edited);
            let place = within(block);
            let read = rest(&source, &known, place);
            if refused {
                assert!(matches!(read, Err(SourceError::Edited { .. })), "{edited}");
            } else {
                assert_eq!(read.unwrap(), entries[place.record as usize..]);
            }
        }
        // No record of an edited block is handed out, but all of those before it.
        edit(3);
        let place = within(2);
        let mut reader = source.read_from(&known, place).unwrap();
        let mut entry = Entry::default();
        let mut record = place.record as usize;
        while reader.read_into(&mut entry).is_ok_and(|more| more) {
            assert_eq!(entry, entries[record]);
            record += 1;
        }
        assert!(places[record + 1].offset >= 3 * BLOCK as u64);
        assert!(reader.fingerprint().is_none());
        // Another header is noticed although its block lies before.
        edit(0);
        let read = source.read_from(&known, within(2));
        assert!(matches!(read, Err(SourceError::Edited { .. })));
        // As is a file that ends before the place.
        std::fs::write(&sample.path, &whole[..BLOCK + 5]).unwrap();
        let read = rest(&source, &known, within(3));
        assert!(matches!(read, Err(SourceError::Edited { .. })));
    }

    #[test]
    fn what_cannot_seek_is_read_from_the_start() {
        let text = "Nr;Ort\r\n1;Köln\r\n\r\n2;\"a\nb\"\r\n3;Ulm\r\n";
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (name, bytes) in [("a.csv.gz", packed.finish().unwrap()), ("a.csv", wide)] {
            let source = Sample::new(name, bytes).with(|it| {
                it.encoding = name.ends_with("csv").then(|| "utf-16le".to_owned());
            });
            let source = source.open();
            assert!(!source.can_seek());
            goes_on_anywhere(&source);
            let known = source.fingerprint().unwrap();
            let beyond = Place {
                offset: 0,
                record: 4,
                line: 1,
            };
            let read = source.read_from(&known, beyond);
            assert!(matches!(read, Err(SourceError::Edited { .. })));
        }
    }

    proptest! {
        #[test]
        fn reading_goes_on_from_every_place(
            text in "([ab;\r\n]|\"a\n\"|ü;|\\{\"a\":1\\}\n){0,60}",
            jsonl: bool,
            bom: bool,
            skip in proptest::option::of(0_u64..3),
            label in proptest::option::of(prop_oneof![Just("utf-8"), Just("windows-1252")]),
        ) {
            let text = if bom && label != Some("windows-1252") { format!("\u{feff}{text}") } else { text };
            let sample = Sample::new(if jsonl { "a.jsonl" } else { "a.csv" }, text).with(|it| {
                it.encoding = label.map(str::to_owned);
                it.delimiter = Some(b';');
                it.skip_lines = skip;
            });
            if let Ok(source) = Source::open(&sample.path, &sample.settings) {
                goes_on_anywhere(&source);
            }
        }
    }
}
