//! Pairs sorted outside of memory, for finding duplicates in bounded memory.
//!
//! A [`Sorter`] takes pairs in any order and spills sorted runs into one nameless temporary
//! file; the [`Sorted`] that it becomes merges them as often as it is asked to. About 8 MiB of
//! memory at most, whatever the number of pairs: runs are merged in levels, so that the number
//! of open buffers stays bounded too. What the hashes mean is the callers' business.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes of a pair in the file.
const PAIR_BYTES: usize = 48;

/// A hash and where it came from; ordered by hash, then record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// What is compared.
    pub hash: [u8; 16],
    /// Number of the record, counted from 1.
    pub record: u64,
    /// Line on which the record starts, counted from 1.
    pub line: u64,
    /// What travels with the hash, e.g. the hash of a body.
    pub payload: [u8; 16],
}

impl Pair {
    fn to_bytes(self) -> [u8; PAIR_BYTES] {
        let mut bytes = [0; PAIR_BYTES];
        let parts: [&[u8]; 4] = [
            &self.hash,
            &self.record.to_le_bytes(),
            &self.line.to_le_bytes(),
            &self.payload,
        ];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// The pair that `bytes` starts with, if they are enough.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hash, rest) = bytes.split_first_chunk()?;
        let (record, rest) = rest.split_first_chunk()?;
        let (line, rest) = rest.split_first_chunk()?;
        let (payload, _) = rest.split_first_chunk()?;
        Some(Self {
            hash: *hash,
            record: u64::from_le_bytes(*record),
            line: u64::from_le_bytes(*line),
            payload: *payload,
        })
    }
}

/// How much memory is used for what.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Pairs in a run, sorted in memory.
    run: usize,
    /// Runs that are merged at once.
    fan_in: usize,
    /// Pairs in the buffer of a run that is merged.
    buffer: usize,
}

impl Limits {
    /// 6 MiB while runs are made, 4 MiB while they are merged.
    const USUAL: Self = Self {
        run: 128 * 1024,
        fan_in: 64,
        buffer: 64 * 1024 / PAIR_BYTES,
    };
}

/// A sorted stretch of the temporary file.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Offset of its first byte.
    start: u64,
    /// Its pairs.
    pairs: u64,
}

/// Takes pairs in any order.
#[derive(Debug)]
pub struct Sorter {
    folder: PathBuf,
    limits: Limits,
    file: File,
    runs: Vec<Run>,
    pending: Vec<Pair>,
    count: u64,
}

impl Sorter {
    /// A sorter whose temporary file lies in `folder`; it has no name (or vanishes with the
    /// sorter) and nobody else may read it.
    ///
    /// # Errors
    /// When no file can be made there.
    pub fn new(folder: &Path) -> io::Result<Self> {
        Self::with_limits(folder, Limits::USUAL)
    }

    fn with_limits(folder: &Path, limits: Limits) -> io::Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            limits,
            // Made at once: a folder that cannot be written shows before anything is read.
            file: tempfile::tempfile_in(folder)?,
            runs: Vec::new(),
            pending: Vec::new(),
            count: 0,
        })
    }

    /// Takes one pair.
    ///
    /// # Errors
    /// When a run cannot be written.
    pub fn push(&mut self, pair: Pair) -> io::Result<()> {
        if self.pending.len() >= self.limits.run {
            self.spill()?;
        }
        self.pending.push(pair);
        self.count += 1;
        Ok(())
    }

    /// Pairs taken so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether no pair was taken yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Sorts what was taken.
    ///
    /// # Errors
    /// When runs cannot be written or merged.
    pub fn finish(mut self) -> io::Result<Sorted> {
        self.pending.sort_unstable();
        if self.runs.is_empty() {
            self.pending.shrink_to_fit();
            return Ok(Sorted {
                limits: self.limits,
                file: self.file,
                runs: self.runs,
                kept: self.pending,
                count: self.count,
            });
        }
        self.spill()?;
        drop(std::mem::take(&mut self.pending));
        while self.runs.len() > self.limits.fan_in {
            self.merge_level()?;
        }
        Ok(Sorted {
            limits: self.limits,
            file: self.file,
            runs: self.runs,
            kept: Vec::new(),
            count: self.count,
        })
    }

    /// Writes the pending pairs behind the other runs.
    fn spill(&mut self) -> io::Result<()> {
        self.pending.sort_unstable();
        let start = self.file.seek(SeekFrom::End(0))?;
        let mut to = BufWriter::with_capacity(self.limits.buffer * PAIR_BYTES, &self.file);
        for pair in &self.pending {
            to.write_all(&pair.to_bytes())?;
        }
        to.flush()?;
        drop(to);
        self.runs.push(Run {
            start,
            pairs: self.pending.len() as u64,
        });
        self.pending.clear();
        Ok(())
    }

    /// Merges the runs in groups into a new file of fewer, longer runs.
    fn merge_level(&mut self) -> io::Result<()> {
        let file = tempfile::tempfile_in(&self.folder)?;
        let mut runs = Vec::new();
        let mut start = 0;
        let mut to = BufWriter::with_capacity(self.limits.buffer * PAIR_BYTES, &file);
        for group in self.runs.chunks(self.limits.fan_in) {
            let mut pairs = 0;
            for pair in Merge::over(&self.file, group, self.limits.buffer)? {
                to.write_all(&pair?.to_bytes())?;
                pairs += 1;
            }
            runs.push(Run { start, pairs });
            start += pairs * PAIR_BYTES as u64;
        }
        to.flush()?;
        drop(to);
        self.file = file;
        self.runs = runs;
        Ok(())
    }
}

/// Pairs in order, to be gone through as often as one likes.
#[derive(Debug)]
pub struct Sorted {
    limits: Limits,
    file: File,
    runs: Vec<Run>,
    /// All pairs, if they were too few for a run.
    kept: Vec<Pair>,
    count: u64,
}

impl Sorted {
    /// All pairs by hash and record. Starts anew with each call; ends behind an error.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn iter(&mut self) -> io::Result<impl Iterator<Item = io::Result<Pair>>> {
        let merged = Merge::over(&self.file, &self.runs, self.limits.buffer)?;
        Ok(self.kept.iter().copied().map(Ok).chain(merged))
    }

    /// Number of pairs.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// One run while it is merged: a buffer that is filled again and again.
struct Cursor {
    rest: Run,
    bytes: Vec<u8>,
    used: usize,
}

impl Cursor {
    fn next(&mut self, mut file: &File, buffer: usize) -> io::Result<Option<Pair>> {
        if self.used == self.bytes.len() {
            let pairs = self.rest.pairs.min(buffer as u64);
            if pairs == 0 {
                return Ok(None);
            }
            // `pairs` is at most `buffer`, a usize.
            let wanted = usize::try_from(pairs).unwrap_or(buffer) * PAIR_BYTES;
            self.bytes.resize(wanted, 0);
            file.seek(SeekFrom::Start(self.rest.start))?;
            file.read_exact(&mut self.bytes)?;
            self.rest.start += wanted as u64;
            self.rest.pairs -= pairs;
            self.used = 0;
        }
        let pair = self.bytes.get(self.used..).and_then(Pair::from_bytes);
        self.used += PAIR_BYTES;
        Ok(pair)
    }
}

/// Merges runs of one file.
struct Merge<'a> {
    file: &'a File,
    buffer: usize,
    cursors: Vec<Cursor>,
    heads: BinaryHeap<Reverse<(Pair, usize)>>,
    failed: bool,
}

impl<'a> Merge<'a> {
    fn over(file: &'a File, runs: &[Run], buffer: usize) -> io::Result<Self> {
        let mut merge = Self {
            file,
            buffer,
            cursors: Vec::with_capacity(runs.len()),
            heads: BinaryHeap::with_capacity(runs.len()),
            failed: false,
        };
        for (index, run) in runs.iter().enumerate() {
            merge.cursors.push(Cursor {
                rest: *run,
                bytes: Vec::new(),
                used: 0,
            });
            merge.advance(index)?;
        }
        Ok(merge)
    }

    /// Puts the next pair of run `index` among the heads.
    fn advance(&mut self, index: usize) -> io::Result<()> {
        if let Some(cursor) = self.cursors.get_mut(index)
            && let Some(pair) = cursor.next(self.file, self.buffer)?
        {
            self.heads.push(Reverse((pair, index)));
        }
        Ok(())
    }
}

impl Iterator for Merge<'_> {
    type Item = io::Result<Pair>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let Reverse((pair, index)) = self.heads.pop()?;
        match self.advance(index) {
            Ok(()) => Some(Ok(pair)),
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TINY: Limits = Limits {
        run: 4,
        fan_in: 3,
        buffer: 2,
    };

    fn pair(hash: u8, record: u64) -> Pair {
        Pair {
            hash: [hash; 16],
            record,
            line: record + 1,
            payload: [hash ^ 0xff; 16],
        }
    }

    fn sorted(limits: Limits, pairs: &[Pair]) -> (Vec<Pair>, Vec<Pair>) {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::with_limits(folder.path(), limits).unwrap();
        for pair in pairs {
            sorter.push(*pair).unwrap();
        }
        assert_eq!(sorter.len(), pairs.len() as u64);
        let mut sorted = sorter.finish().unwrap();
        assert_eq!(sorted.len(), pairs.len() as u64);
        let once = sorted.iter().unwrap().map(Result::unwrap).collect();
        let again = sorted.iter().unwrap().map(Result::unwrap).collect();
        (once, again)
    }

    #[test]
    fn nothing_stays_nothing() {
        assert_eq!(sorted(TINY, &[]), (vec![], vec![]));
    }

    #[test]
    fn order_is_by_hash_and_then_by_record() {
        let pairs = [pair(2, 1), pair(1, 9), pair(2, 0), pair(1, 3)];
        let expected = vec![pair(1, 3), pair(1, 9), pair(2, 0), pair(2, 1)];
        assert_eq!(sorted(TINY, &pairs), (expected.clone(), expected));
    }

    #[test]
    fn a_cut_file_is_an_error_and_not_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::with_limits(folder.path(), TINY).unwrap();
        for record in 0..12 {
            sorter.push(pair(7, record)).unwrap();
        }
        let mut sorted = sorter.finish().unwrap();
        sorted.file.set_len(11 * PAIR_BYTES as u64).unwrap();
        let found: Vec<_> = sorted.iter().unwrap().collect();
        assert!(found.last().unwrap().is_err());
        assert_eq!(found.iter().filter(|pair| pair.is_err()).count(), 1);
    }

    #[test]
    fn the_folder_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Sorter::new(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn no_file_is_left_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::with_limits(folder.path(), TINY).unwrap();
        for record in 0..100 {
            sorter.push(pair(1, record)).unwrap();
        }
        let sorted = sorter.finish().unwrap();
        drop(sorted);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    proptest! {
        #[test]
        fn any_number_of_levels_sorts(
            keys in proptest::collection::vec((0_u8..6, 0_u64..50), 0..200),
        ) {
            let pairs: Vec<_> = keys.into_iter().map(|(hash, record)| pair(hash, record)).collect();
            let mut expected = pairs.clone();
            expected.sort_unstable();
            prop_assert_eq!(sorted(TINY, &pairs), (expected.clone(), expected));
        }

        #[test]
        fn a_pair_survives_its_bytes(hash: [u8; 16], record: u64, line: u64, payload: [u8; 16]) {
            let pair = Pair { hash, record, line, payload };
            prop_assert_eq!(Pair::from_bytes(&pair.to_bytes()), Some(pair));
        }
    }
}
