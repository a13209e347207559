//! The input's raw bytes in blocks of 1 MiB, and their hashes.
//!
//! The first reading learns a [`Fingerprint`]; a later one compares each block with it before
//! any of its bytes is handed out, so that an input that was edited in between stops the run
//! instead of sending other customers than those that were checked.
//!
//! Each byte is hashed once: a block is a whole subtree of the tree that BLAKE3 hashes a file
//! by (section 2.1 of its paper), so that the file's hash follows from those of its blocks.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root,
};

use super::content::Content;
use super::error::SourceError;

/// Bytes in a block: a power of two of BLAKE3's chunks.
pub(super) const BLOCK: usize = 1 << 20;

/// What an input's bytes were when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// BLAKE3 of the whole file.
    pub hash: [u8; 32],
    /// The first 16 bytes of the chaining value that each block of 1 MiB has in the BLAKE3 of
    /// the whole file; the last block may be shorter.
    pub blocks: Vec<[u8; 16]>,
    /// The file's length.
    pub bytes: u64,
}

impl Fingerprint {
    /// The whole file's hash as 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.hash).to_hex().to_string()
    }
}

/// The hash of a file whose blocks come one after the other.
#[derive(Default)]
struct Whole {
    /// The first block's hash, if no other follows: then it is the file's.
    only: Option<[u8; 32]>,
    /// Subtrees from left to right, each of a power of two of blocks; the last block is by
    /// itself, because the last two are joined otherwise than all others.
    subtrees: Vec<ChainingValue>,
    /// Blocks in them.
    count: u64,
}

impl Whole {
    /// Adds the block that comes next.
    fn add(&mut self, block: &Hashed) {
        self.only = block.only;
        while self.subtrees.len() > self.count.count_ones() as usize
            && let Some((last, [.., before])) = self.subtrees.split_last()
        {
            let joined = merge_subtrees_non_root(before, last, Mode::Hash);
            self.subtrees.pop();
            self.subtrees.pop();
            self.subtrees.push(joined);
        }
        self.subtrees.push(block.value);
        self.count += 1;
    }

    /// The hash, if no other block comes.
    fn hash(&self) -> [u8; 32] {
        match &*self.subtrees {
            [root, between @ .., last] => {
                let right = between.iter().rfold(*last, |right, left| {
                    merge_subtrees_non_root(left, &right, Mode::Hash)
                });
                *merge_subtrees_root(root, &right, Mode::Hash).as_bytes()
            }
            [] | [_] => self.only.unwrap_or(*blake3::hash(b"").as_bytes()),
        }
    }
}

/// Threads that hash at most: behind them reading is what takes longest.
const THREADS_AT_MOST: u64 = 4;

/// A block that was hashed by itself.
struct Hashed {
    index: u64,
    length: usize,
    value: ChainingValue,
    /// The hash of a file that has no other block.
    only: Option<[u8; 32]>,
}

impl Hashed {
    fn new(index: u64, bytes: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(index * BLOCK as u64);
        hasher.update(bytes);
        Self {
            index,
            length: bytes.len(),
            value: hasher.finalize_non_root(),
            only: (index == 0).then(|| *hasher.finalize().as_bytes()),
        }
    }

    /// As it stands in a fingerprint.
    fn short(&self) -> Option<[u8; 16]> {
        self.value.first_chunk().copied()
    }
}

/// The fingerprint of content of about `bytes` bytes, which are hashed on all cores and handed out
/// to nobody; `path` is for messages.
///
/// # Errors
/// When it cannot be read, or becomes longer or shorter meanwhile.
pub(super) fn fingerprint(
    content: &Content,
    path: &Path,
    bytes: u64,
) -> Result<Fingerprint, SourceError> {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let threads = cores.min(THREADS_AT_MOST).min(bytes / BLOCK as u64);
    let next = AtomicU64::new(0);
    let hash = || hash_blocks(content, path, &next);
    let mut hashed = thread::scope(|scope| {
        // Who is not there does not help, and that is all.
        let helpers: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, hash).ok())
            .collect();
        let mut hashed = hash();
        for helper in helpers {
            let more = helper
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            hashed = hashed.and_then(|mut hashed| {
                hashed.extend(more?);
                Ok(hashed)
            });
        }
        hashed
    })?;
    hashed.sort_unstable_by_key(|block| block.index);
    let mut whole = Whole::default();
    let mut known = Fingerprint {
        hash: [0; 32],
        blocks: Vec::with_capacity(hashed.len()),
        bytes: 0,
    };
    for block in hashed {
        // One that is short is the last one, unless somebody writes just now.
        if known.bytes != block.index * BLOCK as u64 {
            return Err(SourceError::Edited {
                path: path.to_owned(),
            });
        }
        known.bytes += block.length as u64;
        known.blocks.extend(block.short());
        whole.add(&block);
    }
    known.hash = whole.hash();
    Ok(known)
}

/// Hashes blocks, each time the next one that nobody has, up to the end.
fn hash_blocks(
    content: &Content,
    path: &Path,
    next: &AtomicU64,
) -> Result<Vec<Hashed>, SourceError> {
    let mut content = content.open()?;
    let mut hashed = Vec::new();
    let mut block = vec![0; BLOCK];
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let offset = index * BLOCK as u64;
        let mut length = 0;
        let read = content.seek(SeekFrom::Start(offset));
        let read = read.and_then(|_| read_block(&mut content, &mut block, &mut length));
        read.map_err(|source| SourceError::Read {
            path: path.to_owned(),
            offset: offset + length as u64,
            source,
        })?;
        if length > 0 {
            hashed.push(Hashed::new(index, block.get(..length).unwrap_or_default()));
        }
        if length < BLOCK {
            return Ok(hashed);
        }
    }
}

/// Reads until `filled` is all of the block, or there is no more.
fn read_block(from: &mut impl Read, block: &mut [u8], filled: &mut usize) -> io::Result<()> {
    while let Some(room) = block.get_mut(*filled..).filter(|room| !room.is_empty()) {
        match from.read(room) {
            Ok(0) => break,
            Ok(count) => *filled += count.min(room.len()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What is done with a block before it is handed out.
enum Check {
    /// It is hashed.
    Learn { whole: Whole, blocks: Vec<[u8; 16]> },
    /// It is compared; `next` is the index of the block that comes next.
    Compare { known: Fingerprint, next: usize },
}

/// Reads block by block.
pub(super) struct Blocks {
    from: Box<dyn Read + Send>,
    path: PathBuf,
    /// Room for a block; `filled` bytes of it are one.
    block: Vec<u8>,
    filled: usize,
    used: usize,
    /// Offset of the block's first byte.
    offset: u64,
    check: Check,
    /// The block is the last one.
    last: bool,
    /// The end was reached and is what it should be.
    ended: bool,
    /// A block could not be had; what follows would have a hole before it.
    failed: bool,
}

impl Blocks {
    /// Reads `from`; `path` is for messages.
    pub(super) fn new(
        from: Box<dyn Read + Send>,
        path: &Path,
        known: Option<&Fingerprint>,
    ) -> Self {
        let check = match known {
            Some(known) => Check::Compare {
                known: known.clone(),
                next: 0,
            },
            None => Check::Learn {
                whole: Whole::default(),
                blocks: Vec::new(),
            },
        };
        Self::begin(from, path, check, 0)
    }

    /// Reads `from`, which stands before the block with the index `next`, and compares all from
    /// there on with `known`. Those before are taken as they are.
    pub(super) fn behind(
        from: Box<dyn Read + Send>,
        path: &Path,
        known: &Fingerprint,
        next: usize,
    ) -> Self {
        let known = known.clone();
        let check = Check::Compare { known, next };
        Self::begin(from, path, check, next as u64 * BLOCK as u64)
    }

    fn begin(from: Box<dyn Read + Send>, path: &Path, check: Check, offset: u64) -> Self {
        Self {
            from,
            path: path.to_owned(),
            block: vec![0; BLOCK],
            filled: 0,
            used: 0,
            offset,
            check,
            last: false,
            ended: false,
            failed: false,
        }
    }

    /// The path, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes at hand; none only at the end of the file.
    #[inline]
    pub(super) fn chunk(&mut self) -> Result<&[u8], SourceError> {
        if self.used >= self.filled && !self.ended {
            self.fill().inspect_err(|_| {
                self.filled = 0;
                self.failed = true;
            })?;
        }
        Ok(self.block.get(self.used..self.filled).unwrap_or_default())
    }

    /// Takes `count` of the bytes at hand.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.used = self.used.saturating_add(count).min(self.filled);
    }

    /// The last `count` bytes that were taken of those at hand; none if they were fewer.
    #[inline]
    pub(super) fn taken(&self, count: usize) -> &[u8] {
        let start = self.used.checked_sub(count);
        let taken = start.and_then(|start| self.block.get(start..self.used));
        taken.unwrap_or_default()
    }

    /// Bytes taken so far.
    pub(super) fn position(&self) -> u64 {
        self.offset + self.used as u64
    }

    /// The fingerprint, once the end was reached.
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        if !self.ended {
            return None;
        }
        Some(match &self.check {
            Check::Learn { whole, blocks } => Fingerprint {
                hash: whole.hash(),
                blocks: blocks.clone(),
                bytes: self.offset,
            },
            Check::Compare { known, .. } => known.clone(),
        })
    }

    fn fill(&mut self) -> Result<(), SourceError> {
        if self.failed {
            return Err(self.unread(io::Error::other("reading failed before")));
        }
        self.offset += self.filled as u64;
        (self.filled, self.used) = (0, 0);
        // What came before a failure is dropped: its block cannot be checked.
        if !self.last {
            read_block(&mut self.from, &mut self.block, &mut self.filled)
                .map_err(|source| self.unread(source))?;
        }
        self.last = self.filled < BLOCK;
        if self.filled == 0 {
            self.check_end()?;
            self.ended = true;
            return Ok(());
        }
        let bytes = self.block.get(..self.filled).unwrap_or_default();
        let hashed = Hashed::new(self.offset / BLOCK as u64, bytes);
        match &mut self.check {
            Check::Learn { whole, blocks } => {
                whole.add(&hashed);
                blocks.extend(hashed.short());
            }
            Check::Compare { known, next } => {
                if known.blocks.get(*next).copied() != hashed.short() {
                    return Err(SourceError::Edited {
                        path: self.path.clone(),
                    });
                }
                *next += 1;
            }
        }
        Ok(())
    }

    /// A failure behind the bytes that were read.
    fn unread(&self, source: io::Error) -> SourceError {
        SourceError::Read {
            path: self.path.clone(),
            offset: self.offset + self.filled as u64,
            source,
        }
    }

    /// A file that became shorter ends too early.
    fn check_end(&self) -> Result<(), SourceError> {
        match &self.check {
            Check::Compare { known, next }
                if known.bytes != self.offset || known.blocks.len() != *next =>
            {
                Err(SourceError::Edited {
                    path: self.path.clone(),
                })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(bytes: Vec<u8>, known: Option<&Fingerprint>) -> Blocks {
        Blocks::new(
            Box::new(io::Cursor::new(bytes)),
            Path::new("input.csv"),
            known,
        )
    }

    /// Reads everything and returns what was handed out and how it ended.
    fn drain(mut blocks: Blocks) -> (Vec<u8>, Result<Fingerprint, SourceError>) {
        let mut all = Vec::new();
        loop {
            match blocks.chunk() {
                Ok([]) => return (all, Ok(blocks.fingerprint().unwrap())),
                Ok(chunk) => {
                    let count = chunk.len();
                    all.extend_from_slice(chunk);
                    assert!(blocks.fingerprint().is_none());
                    blocks.consume(count);
                }
                Err(error) => return (all, Err(error)),
            }
        }
    }

    fn sample(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index % 251) as u8).collect()
    }

    /// The fingerprint of a file with these bytes, which nobody hands out.
    fn hash_file(bytes: &[u8]) -> Fingerprint {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, bytes).unwrap();
        let path = file.path().to_owned();
        fingerprint(&Content::File(path.clone()), &path, bytes.len() as u64).unwrap()
    }

    /// Lengths about the borders of blocks, with trees of every shape up to nine blocks.
    fn lengths() -> impl Iterator<Item = usize> {
        let beside = |blocks: usize| [blocks * BLOCK, blocks * BLOCK + 1, (blocks + 1) * BLOCK - 1];
        (0..9).flat_map(beside)
    }

    #[test]
    fn the_fingerprint_is_that_of_the_bytes() {
        for length in lengths() {
            let bytes = sample(length);
            let (read, known) = drain(blocks(bytes.clone(), None));
            let known = known.unwrap();
            assert_eq!(read, bytes);
            assert_eq!(known.hash, *blake3::hash(&bytes).as_bytes());
            assert_eq!(known.hex(), blake3::hash(&bytes).to_hex().to_string());
            assert_eq!(known.blocks.len(), length.div_ceil(BLOCK));
            assert_eq!(known.bytes, length as u64);
            assert_eq!(hash_file(&bytes), known, "{length}");
            let (again, same) = drain(blocks(bytes, Some(&known)));
            assert_eq!(again, read);
            assert_eq!(same.unwrap(), known);
        }
    }

    #[test]
    fn an_edited_block_is_never_handed_out() {
        let bytes = sample(2 * BLOCK + 10);
        let known = drain(blocks(bytes.clone(), None)).1.unwrap();
        for (offset, good) in [(0, 0), (BLOCK, BLOCK), (2 * BLOCK + 9, 2 * BLOCK)] {
            let mut edited = bytes.clone();
            edited[offset] ^= 1;
            let (read, end) = drain(blocks(edited, Some(&known)));
            assert_eq!(read.len(), good);
            assert!(matches!(end, Err(SourceError::Edited { .. })));
        }
    }

    #[test]
    fn a_longer_or_shorter_file_is_an_edited_one() {
        for length in [1, 10, BLOCK, BLOCK + 10] {
            let known = drain(blocks(sample(length), None)).1.unwrap();
            for other in [length - 1, length + 1, length + BLOCK, 0] {
                let (_, end) = drain(blocks(sample(other), Some(&known)));
                assert!(
                    matches!(end, Err(SourceError::Edited { .. })),
                    "{length} {other}"
                );
            }
        }
    }

    #[test]
    fn reading_can_begin_at_any_block() {
        let bytes = sample(3 * BLOCK + 10);
        let known = drain(blocks(bytes.clone(), None)).1.unwrap();
        let from = |bytes: &[u8], next: usize| {
            let rest = bytes.get(next * BLOCK..).unwrap_or_default().to_vec();
            let from = Box::new(io::Cursor::new(rest));
            Blocks::behind(from, Path::new("input.csv"), &known, next)
        };
        let mut edited = bytes.clone();
        edited[2 * BLOCK + 5] ^= 1;
        for next in 0..4 {
            let blocks = from(&bytes, next);
            assert_eq!(blocks.position(), (next * BLOCK) as u64);
            let (read, end) = drain(blocks);
            assert_eq!(read, bytes[next * BLOCK..]);
            assert_eq!(end.unwrap(), known);
            let (read, end) = drain(from(&edited, next));
            assert_eq!(end.is_err(), next < 3);
            assert_eq!(read, edited[next * BLOCK..][..read.len()]);
            assert!(next == 3 || read.len() == (2 - next) * BLOCK);
        }
        for (length, next) in [(3 * BLOCK + 9, 3), (2 * BLOCK, 2), (0, 1), (0, 4)] {
            let (_, end) = drain(from(&bytes[..length], next));
            assert_eq!(end.is_err(), (length, next) != (0, 4) || known.bytes > 0);
        }
    }

    /// Fails behind its bytes, as a disk or a network share does.
    struct Breaking(io::Cursor<Vec<u8>>);

    impl Read for Breaking {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            match self.0.read(to)? {
                0 if !to.is_empty() => Err(io::Error::other("cable pulled")),
                count => Ok(count),
            }
        }
    }

    #[test]
    fn a_failure_never_looks_like_the_end() {
        let from = Breaking(io::Cursor::new(sample(BLOCK + 5)));
        let mut blocks = Blocks::new(Box::new(from), Path::new("input.csv"), None);
        assert_eq!(blocks.chunk().unwrap().len(), BLOCK);
        blocks.consume(BLOCK);
        let error = blocks.chunk().unwrap_err();
        assert!(
            matches!(error, SourceError::Read { offset, .. } if offset == (BLOCK + 5) as u64),
            "{error}"
        );
        assert!(blocks.chunk().is_err(), "it must stay a failure");
        assert!(blocks.fingerprint().is_none());
    }
}
