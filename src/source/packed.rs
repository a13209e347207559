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
