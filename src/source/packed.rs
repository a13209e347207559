//! Compressed inputs: gzip and zstd, known by their first bytes, unpacked once into a private
//! copy. What is damaged or was cut off is an error before any record of it is read, so that it
//! never looks complete.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::error::SourceError;
use super::private::{Draft, PrivateCopy, allowed, unpacking};

/// Largest window of zstd, as a power of two: 128 MiB, which is what its own program takes
/// without being asked.
const WINDOW: u32 = 27;

/// How an input is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// gzip, one member or several.
    Gzip,
    /// Zstandard, one frame or several.
    Zstd,
}

impl Packing {
    /// Its name for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The packing that a file with these first bytes has.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        // A file may begin with a skippable frame (RFC 8878, section 3.1.2).
        let skippable = matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
            || head.starts_with(b"\x28\xb5\x2f\xfd");
        if head.starts_with(b"\x1f\x8b") {
            Some(Self::Gzip)
        } else {
            skippable.then_some(Self::Zstd)
        }
    }

    /// A reader of what `from` holds.
    pub(super) fn open<'a>(
        self,
        from: impl Read + Send + 'a,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(from))),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::new(from)?;
                decoder.window_log_max(WINDOW)?;
                Box::new(decoder)
            }
        })
    }
}

/// Unpacks a file of `bytes` bytes.
pub(super) fn unpack(
    path: &Path,
    file: File,
    packing: Packing,
    bytes: u64,
) -> Result<PrivateCopy, SourceError> {
    let mut to = Draft::begin(allowed(bytes))?;
    packing
        .open(file)
        .and_then(|mut from| io::copy(&mut from, &mut to))
        .map_err(|error| unpacking(path, error))?;
    to.finish()
}

/// The name that the contents of a compressed file have: `kunden.csv` of `kunden.csv.gz`.
pub(super) fn inner_name(path: &Path) -> PathBuf {
    let packed = path.extension().is_some_and(|extension| {
        ["gz", "gzip", "zst", "zstd"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    });
    if packed {
        path.with_extension("")
    } else {
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::source::samples::Sample;
    use crate::source::{Entry, Format, Source, is_returned};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        let mut to = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        to.include_checksum(true).unwrap();
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    type Pack = fn(&[u8]) -> Vec<u8>;
    const BOTH: [(Pack, &str); 2] = [(gzip, "gz"), (zstd, "zst")];

    #[test]
    fn what_was_compressed_is_what_is_read() {
        let plain = Sample::new("a.csv", "a;b\n1;ü\n\n2;\"x\ny\"\n");
        let known = plain.open().fingerprint().unwrap();
        for (pack, ending) in BOTH {
            let whole = std::fs::read(&plain.path).unwrap();
            let (one, other) = whole.split_at(7);
            for bytes in [pack(&whole), [pack(one), pack(b""), pack(other)].concat()] {
                let sample = Sample::new(&format!("a.csv.{ending}"), bytes);
                assert_eq!(sample.told(), plain.told());
                let source = sample.open();
                assert_eq!(source.fingerprint().unwrap(), known);
                assert_eq!(source.read_again(&known).unwrap().count(), 2);
                let mut copied = Vec::new();
                let Ok(Entry::Record(record)) = &sample.read()[1] else {
                    panic!("no record");
                };
                source.copy_bytes(record.span, &mut copied).unwrap();
                assert_eq!(copied, b"2;\"x\ny\"\n");
                std::fs::write(&sample.path, pack(b"a;b\n")).unwrap();
                assert!(matches!(source.read(), Err(SourceError::Edited { .. })));
                let again = sample.open().read_again(&known);
                assert!(again.is_err() || again.unwrap().any(|it| it.is_err()));
            }
            let sample = Sample::new(&format!("a.jsonl.{ending}"), pack(b"  {}"));
            assert_eq!(sample.open().facts().format, Format::Jsonl);
            let described = sample.open().facts().describe();
            assert!(described.contains(", compressed with "), "{described}");
            let returned = Sample::new("failed", pack(b"Nr;_record;_run\n"));
            assert!(is_returned(&returned.path));
        }
    }

    #[test]
    fn what_is_damaged_never_looks_complete() {
        let text = "a;b\n1;2\n".repeat(20_000);
        for (pack, ending) in BOTH {
            let whole = pack(text.as_bytes());
            let refused = |bytes: &[u8]| {
                let sample = Sample::new(&format!("a.csv.{ending}"), bytes);
                sample.open_error()
            };
            for length in [5, 20, whole.len() / 2, whole.len() - 1] {
                assert_eq!(refused(&whole[..length]), "Damaged", "{ending} {length}");
            }
            let mut spoiled = whole.clone();
            let middle = spoiled.len() / 2;
            spoiled[middle] ^= 0x55;
            assert_eq!(refused(&spoiled), "Damaged", "{ending}");
            assert_eq!(refused(&[&*whole, b"more"].concat()), "Damaged", "{ending}");
            assert_eq!(refused(&pack(b"")), "Empty");
            assert_eq!(refused(&pack(&pack(b"a"))), "OtherFormat");
        }
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let nothing = vec![b'\n'; 1 << 20];
        let member = gzip(&nothing);
        let bomb: Vec<u8> = member.repeat(300);
        let sample = Sample::new("a.csv.gz", bomb);
        let error = Source::open(&sample.path, &sample.settings).unwrap_err();
        let limit = 256 << 20;
        assert!(matches!(error, SourceError::Bomb { limit: found, .. } if found == limit));
        assert!(error.help().is_some());
    }
}
