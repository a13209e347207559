//! Tells damage inside SQLite's write-ahead log from a commit that a power cut tore.
//!
//! SQLite reads its log up to the first frame whose checksum is wrong and takes that for the
//! end. After a power cut that is right: only the last commit, which was not yet synced, can be
//! torn. But if *later* commits stand behind the broken frame, then synced commits were damaged,
//! and SQLite would drop them all without a word: intents and outcomes of customers that
//! the ERP has. So the log is looked through before it is opened.
//!
//! A process that is killed leaves the log's index (`-shm`) beside it, which tells how many frames
//! were written and synced. A log that has fewer was cut or overwritten at its end, or is gone.
//!
//! The formats are those of <https://www.sqlite.org/fileformat2.html#walformat> and
//! <https://www.sqlite.org/walformat.html#walidxfmt>. Only reads.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::JournalError;
use super::folder::{self, trouble};
use crate::outcome::{Bilingual, both};

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// "Big-endian checksums" is the lowest bit; the rest is the same for both byte orders.
const MAGIC: u32 = 0x377f_0682;
const PAGES: std::ops::RangeInclusive<u32> = 512..=65_536;

/// Bytes of the header of the log's index, of which there are two copies.
const INDEX_HEADER: usize = 48;

/// Refuses a log that has whole commits behind a broken frame, or a broken header, or less than
/// its index says.
pub(super) fn check(log: &Path, index: &Path) -> Result<(), JournalError> {
    // A run of another process may be writing just now, so that a frame looks broken that is
    // whole a moment later. Damage stays where it is.
    let mut seen = None;
    for _ in 0..3 {
        let found = match examine(log, index) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(trouble(log, "cannot read", source)),
        };
        match found {
            None => return Ok(()),
            Some(damage) if seen == Some(damage) => {
                return Err(JournalError::Damaged {
                    path: log.to_path_buf(),
                    why: damage.describe(),
                });
            }
            Some(damage) => seen = Some(damage),
        }
    }
    Ok(())
}

/// What is wrong, and in which generation of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Header([u8; HEADER]),
    Frame { header: [u8; HEADER], frame: u64 },
    Short { whole: u64, written: u32 },
    Gone,
}

impl Damage {
    fn describe(self) -> Bilingual {
        match self {
            Self::Header(_) => both!(
                "the head of its write-ahead log is broken",
                "der Kopf seines Logs (`-wal`) ist beschädigt"
            ),
            Self::Frame { frame, .. } => both!(
                "frame {frame} of its write-ahead log is broken, and whole commits stand behind it",
                "der Abschnitt {frame} seines Logs (`-wal`) ist beschädigt, und dahinter steht noch Ganzes"
            ),
            Self::Short { whole, written } => both!(
                "its write-ahead log has only {whole} of the {written} frames that were written",
                "sein Log (`-wal`) hat nur {whole} der {written} Abschnitte, die geschrieben wurden"
            ),
            Self::Gone => both!("its write-ahead log is gone", "sein Log (`-wal`) ist fort"),
        }
    }
}

fn examine(log: &Path, index: &Path) -> io::Result<Option<Damage>> {
    // Before the log: what it promises then is there.
    let promise = Promise::read(index);
    match folder::length(log) {
        // SQLite makes the log before its index and removes it after that.
        Ok(None) => return Ok(index.exists().then_some(Damage::Gone)),
        Ok(Some(length)) if length < HEADER as u64 => return Ok(None),
        _ => {}
    }
    let mut file = BufReader::with_capacity(1 << 18, File::open(log)?);
    let mut header = [0; HEADER];
    if !fill(&mut file, &mut header)? || header == [0; HEADER] {
        // Nothing, or room that was made before anything was written.
        return Ok(None);
    }
    let Some(log) = Log::read(&header) else {
        return Ok(Some(Damage::Header(header)));
    };
    let found = log.look_through(&mut file)?;
    // If the log began anew meanwhile, frames of two generations were compared.
    let mut again = [0; HEADER];
    file.seek(SeekFrom::Start(0))?;
    let same = fill(&mut file, &mut again)? && again == header;
    if !same {
        return Ok(None);
    }
    if found.commits_behind {
        let frame = found.whole + 1;
        return Ok(Some(Damage::Frame { header, frame }));
    }
    let short =
        |promise: &Promise| promise.salts == log.salts && found.whole < u64::from(promise.frames);
    Ok(promise.filter(short).map(|promise| Damage::Short {
        whole: found.whole,
        written: promise.frames,
    }))
}

/// What the index says of the log. After a power cut it may say less than is there, never more:
/// frames are synced before it knows of them.
struct Promise {
    salts: [u8; 8],
    frames: u32,
}

impl Promise {
    /// Nothing, unless both copies of the header are the same and whole.
    fn read(index: &Path) -> Option<Self> {
        let mut copies = [0; 2 * INDEX_HEADER];
        File::open(index).ok()?.read_exact(&mut copies).ok()?;
        let (header, copy) = copies.split_at(INDEX_HEADER);
        let native = |offset: usize| {
            let four = header.get(offset..)?.first_chunk()?;
            Some(u32::from_ne_bytes(*four))
        };
        let big_endian = cfg!(target_endian = "big");
        let checksum = sum(header.get(..40)?, (0, 0), big_endian);
        let whole =
            header == copy && header.get(12) == Some(&1) && checksum == (native(40)?, native(44)?);
        whole.then_some(Self {
            frames: native(16)?,
            salts: header.get(32..40)?.try_into().ok()?,
        })
    }
}

/// What was found in a log.
struct Contents {
    /// Whole frames from its beginning on.
    whole: u64,
    /// Whether a commit of this generation, and more of it, stands behind the first broken one.
    commits_behind: bool,
}

/// One generation of the log.
struct Log {
    big_endian: bool,
    page: usize,
    salts: [u8; 8],
    checksum: (u32, u32),
}

impl Log {
    fn read(header: &[u8; HEADER]) -> Option<Self> {
        let magic = word(header, 0);
        let page = word(header, 8);
        let big_endian = magic & 1 == 1;
        let checksum = sum(header.get(..24)?, (0, 0), big_endian);
        let whole = magic & !1 == MAGIC
            && PAGES.contains(&page)
            && page.is_power_of_two()
            && checksum == (word(header, 24), word(header, 28));
        whole.then_some(Self {
            big_endian,
            page: page as usize,
            salts: header.get(16..24)?.try_into().ok()?,
            checksum,
        })
    }

    fn look_through(&self, file: &mut BufReader<File>) -> io::Result<Contents> {
        let mut head = [0; FRAME_HEADER];
        let mut page = vec![0; self.page];
        let mut checksum = self.checksum;
        let mut whole = 0_u64;
        let mut broken = false;
        let mut commit_behind = false;
        while fill(file, &mut head)? && fill(file, &mut page)? {
            let ours = head.get(8..16) == Some(&self.salts[..]);
            if !broken {
                let (first, _) = head.split_at(8);
                checksum = sum(
                    &page,
                    sum(first, checksum, self.big_endian),
                    self.big_endian,
                );
                if ours && checksum == (word(&head, 16), word(&head, 20)) {
                    whole += 1;
                    continue;
                }
                broken = true;
            }
            if ours && commit_behind {
                return Ok(Contents {
                    whole,
                    commits_behind: true,
                });
            }
            commit_behind |= ours && word(&head, 4) != 0;
        }
        Ok(Contents {
            whole,
            commits_behind: false,
        })
    }
}

/// The log's checksum of `bytes`, whose length is a multiple of 8, continued from `start`.
fn sum(bytes: &[u8], start: (u32, u32), big_endian: bool) -> (u32, u32) {
    let (mut even, mut odd) = start;
    let (pairs, _) = bytes.as_chunks::<8>();
    for &[a, b, c, d, e, f, g, h] in pairs {
        let (first, second) = if big_endian {
            (
                u32::from_be_bytes([a, b, c, d]),
                u32::from_be_bytes([e, f, g, h]),
            )
        } else {
            (
                u32::from_le_bytes([a, b, c, d]),
                u32::from_le_bytes([e, f, g, h]),
            )
        };
        even = even.wrapping_add(first).wrapping_add(odd);
        odd = odd.wrapping_add(second).wrapping_add(even);
    }
    (even, odd)
}

/// The big-endian number at `offset`; 0 beyond the end.
fn word(bytes: &[u8], offset: usize) -> u32 {
    bytes
        .get(offset..)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |four| u32::from_be_bytes(*four))
}

/// Fills the buffer; false at the end of the file, even if part of it could be read.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
