//! The input's raw bytes in blocks of 1 MiB, and their hashes.
//!
//! The first reading learns a [`Fingerprint`]; a later one compares each block with it before
//! any of its bytes is handed out, so that an input that was edited in between stops the run
//! instead of sending other customers than those that were checked.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::SourceError;

/// Bytes in a block.
pub(super) const BLOCK: usize = 1 << 20;

/// What an input's bytes were when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// BLAKE3 of the whole file.
    pub hash: [u8; 32],
    /// The first 16 bytes of the BLAKE3 of each block of 1 MiB; the last may be shorter.
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

/// What is done with a block before it is handed out.
enum Check {
    /// It is hashed.
    Learn {
        whole: Box<blake3::Hasher>,
        blocks: Vec<[u8; 16]>,
    },
    /// It is compared; `next` is the index of the block that comes next.
    Compare { known: Fingerprint, next: usize },
}

/// Reads block by block.
pub(super) struct Blocks {
    from: Box<dyn Read + Send>,
    path: PathBuf,
    block: Vec<u8>,
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
        Self {
            from,
            path: path.to_owned(),
            block: Vec::with_capacity(BLOCK),
            used: 0,
            offset: 0,
            check: known.map_or_else(
                || Check::Learn {
                    whole: Box::default(),
                    blocks: Vec::new(),
                },
                |known| Check::Compare {
                    known: known.clone(),
                    next: 0,
                },
            ),
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
    pub(super) fn chunk(&mut self) -> Result<&[u8], SourceError> {
        if self.used >= self.block.len() && !self.ended {
            self.fill().inspect_err(|_| {
                self.block.clear();
                self.failed = true;
            })?;
        }
        Ok(self.block.get(self.used..).unwrap_or_default())
    }

    /// Takes `count` of the bytes at hand.
    pub(super) fn consume(&mut self, count: usize) {
        self.used = self.used.saturating_add(count).min(self.block.len());
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
                hash: *whole.finalize().as_bytes(),
                blocks: blocks.clone(),
                bytes: self.offset,
            },
            Check::Compare { known, .. } => known.clone(),
        })
    }

    fn fill(&mut self) -> Result<(), SourceError> {
        if self.failed {
            return Err(SourceError::Read {
                path: self.path.clone(),
                offset: self.offset,
                source: io::Error::other("reading failed before"),
            });
        }
        self.offset += self.block.len() as u64;
        self.block.clear();
        self.used = 0;
        if !self.last {
            let read = (&mut self.from)
                .take(BLOCK as u64)
                .read_to_end(&mut self.block);
            if let Err(source) = read {
                // What came before the failure is dropped: its block cannot be checked.
                return Err(SourceError::Read {
                    path: self.path.clone(),
                    offset: self.offset + self.block.len() as u64,
                    source,
                });
            }
        }
        self.last = self.block.len() < BLOCK;
        if self.block.is_empty() {
            self.check_end()?;
            self.ended = true;
            return Ok(());
        }
        let hash = blake3::hash(&self.block);
        let short = hash.as_bytes().first_chunk::<16>().copied();
        match &mut self.check {
            Check::Learn { whole, blocks } => {
                whole.update(&self.block);
                blocks.extend(short);
            }
            Check::Compare { known, next } => {
                if known.blocks.get(*next).copied() != short {
                    return Err(SourceError::Edited {
                        path: self.path.clone(),
                    });
                }
                *next += 1;
            }
        }
        Ok(())
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

    #[test]
    fn the_fingerprint_is_that_of_the_bytes() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK] {
            let bytes = sample(length);
            let (read, known) = drain(blocks(bytes.clone(), None));
            let known = known.unwrap();
            assert_eq!(read, bytes);
            assert_eq!(known.hash, *blake3::hash(&bytes).as_bytes());
            assert_eq!(known.hex(), blake3::hash(&bytes).to_hex().to_string());
            assert_eq!(known.blocks.len(), length.div_ceil(BLOCK));
            assert_eq!(known.bytes, length as u64);
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
