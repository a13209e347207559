//! Pairs sorted outside of memory, for finding duplicates in bounded memory.
//!
//! A [`Sorter`] takes pairs in any order. What is too much for memory goes to one nameless
//! temporary file, dealt out by one byte of the hash; the [`Sorted`] that it becomes reads one
//! part after the other and sorts it in memory, as often as it is asked to. Parts that are too
//! large, because there are very many pairs or most of them begin alike, are dealt out once
//! more by the next byte that tells them apart. What the hashes mean is the callers' business.
//!
//! Memory, whatever the number of pairs: 2.3 MiB for one that takes pairs (4.5 MiB with
//! payloads) and half a MiB while it writes, 4 MiB (7 MiB) at most for one that is gone through,
//! and 1 KiB for 2 MiB on disk to know where they lie. Up to 98,304 pairs never touch the disk.

mod entries;

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use entries::{Entries, FAN_OUT, KEY_BYTES, key_bytes, place};

/// A hash and where it came from; ordered by hash, then record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// What is compared.
    pub hash: [u8; 16],
    /// Number of the record, counted from 1.
    pub record: u64,
    /// Line on which the record starts, counted from 1.
    pub line: u64,
    /// What travels with the hash, e.g. the hash of a body. Zeros take no room.
    pub payload: [u8; 16],
}

/// How many pairs are in memory for what.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Taken before they are written.
    run: usize,
    /// Of a part that is sorted in memory.
    part: usize,
    /// Read at once where nothing has to be sorted.
    piece: usize,
}

impl Limits {
    /// See the head of this module.
    const USUAL: Self = Self {
        run: 96 * 1024,
        part: 128 * 1024,
        piece: 8 * 1024,
    };
}

/// A stretch of a file: pairs dealt out by one byte of their keys.
#[derive(Debug)]
struct Run {
    /// Offset of its first byte.
    start: u64,
    is_long: bool,
    /// Where the pairs with each value of the byte end, counted in pairs.
    ends: Vec<u32>,
}

impl Run {
    /// The pairs with one value of the byte.
    fn range(&self, value: usize) -> Range<u32> {
        let end = |value| self.ends.get(value).copied().unwrap_or_default();
        value.checked_sub(1).map_or(0, end)..end(value)
    }
}

/// Runs that are dealt out by the same byte.
#[derive(Debug)]
struct Level {
    /// Which of the files they lie in.
    file: usize,
    /// Which byte of the key, counted from 0. Those before it are the same in all.
    byte: usize,
    runs: Vec<Run>,
}

impl Level {
    fn count(&self, value: usize) -> u64 {
        let counts = self.runs.iter().map(|run| run.range(value).len() as u64);
        counts.sum()
    }
}

/// Pairs that stand behind all pairs of the part before.
#[derive(Clone, Copy, Debug)]
struct Part {
    level: usize,
    /// The value of the level's byte.
    value: usize,
    pairs: u64,
    /// All have the same key: there is nothing to sort, and may be more than memory holds.
    is_alike: bool,
}

/// Takes pairs in any order.
#[derive(Debug)]
pub struct Sorter {
    folder: PathBuf,
    limits: Limits,
    file: File,
    runs: Vec<Run>,
    pending: Entries,
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
            file: nameless(folder)?,
            runs: Vec::new(),
            pending: Entries::new(),
            count: 0,
        })
    }

    /// Takes one pair.
    ///
    /// # Errors
    /// When a run cannot be written.
    pub fn push(&mut self, pair: Pair) -> io::Result<()> {
        if self.pending.len() >= self.limits.run {
            self.runs.push(spill(&mut self.pending, 0, &self.file)?);
        }
        self.pending.push(&pair, self.limits.run);
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
    /// When pairs cannot be written, or read again to be dealt out once more.
    pub fn finish(mut self) -> io::Result<Sorted> {
        let mut sorted = Sorted {
            limits: self.limits,
            files: vec![self.file],
            levels: Vec::new(),
            parts: Vec::new(),
            kept: Entries::new(),
            count: self.count,
        };
        if self.runs.is_empty() {
            sorted.kept = self.pending.sorted();
            return Ok(sorted);
        }
        if let Some(file) = sorted.files.first() {
            self.runs.push(spill(&mut self.pending, 0, file)?);
        }
        sorted.levels.push(Level {
            file: 0,
            byte: 0,
            runs: self.runs,
        });
        sorted.divide(0, &self.folder, &mut self.pending)?;
        sorted.forget_what_was_dealt_again()?;
        Ok(sorted)
    }
}

/// A temporary file that nobody else can open.
fn nameless(folder: &Path) -> io::Result<File> {
    let file = tempfile::tempfile_in(folder)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// Writes what is pending, dealt out by a byte of the key, behind what the file has.
fn spill(pending: &mut Entries, byte: usize, mut file: &File) -> io::Result<Run> {
    let start = file.seek(SeekFrom::End(0))?;
    let ends = pending.deal(byte, file)?;
    let run = Run {
        start,
        is_long: pending.is_long(),
        // A run is far smaller than 4 billion pairs.
        ends: ends
            .map(|end| u32::try_from(end).unwrap_or(u32::MAX))
            .to_vec(),
    };
    pending.clear();
    Ok(run)
}

/// Reads a stretch of a run behind what `into` has, which needs room for `room` pairs in all.
fn read(
    mut file: &File,
    run: &Run,
    range: &Range<u32>,
    into: &mut Entries,
    room: usize,
) -> io::Result<()> {
    if range.is_empty() {
        return Ok(());
    }
    let offset = u64::from(range.start) * Entries::size(run.is_long);
    file.seek(SeekFrom::Start(run.start + offset))?;
    into.read(file, range.len(), run.is_long, room)
}

/// Pairs in order, to be gone through as often as one likes.
#[derive(Debug)]
pub struct Sorted {
    limits: Limits,
    /// One, or a second one for what was dealt out again.
    files: Vec<File>,
    levels: Vec<Level>,
    /// What lies in the files, in order.
    parts: Vec<Part>,
    /// All pairs, if they were too few for a run.
    kept: Entries,
    count: u64,
}

impl Sorted {
    /// All pairs by hash and record. Starts anew with each call; ends behind an error.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn iter(&mut self) -> io::Result<impl Iterator<Item = io::Result<Pair>>> {
        Ok(self.kept.iter().map(Ok).chain(Walk::over(self)))
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

    /// Makes parts of a level, in order. `pending` lends its memory.
    fn divide(&mut self, level: usize, folder: &Path, pending: &mut Entries) -> io::Result<()> {
        for value in 0..FAN_OUT {
            let pairs = self.levels.get(level).map_or(0, |level| level.count(value));
            if pairs == 0 {
                continue;
            }
            let part = Part {
                level,
                value,
                pairs,
                is_alike: false,
            };
            if pairs <= self.limits.part as u64 {
                self.parts.push(part);
                continue;
            }
            match self.first_difference(part)? {
                None => self.parts.push(Part {
                    is_alike: true,
                    ..part
                }),
                Some(byte) => {
                    self.deal_again(part, byte, folder, pending)?;
                    self.divide(self.levels.len() - 1, folder, pending)?;
                }
            }
        }
        Ok(())
    }

    /// The first byte in which the keys of a part are not all the same.
    fn first_difference(&self, part: Part) -> io::Result<Option<usize>> {
        let mut first = None;
        let mut same = KEY_BYTES;
        self.for_each_piece(part, &mut |piece| {
            for pair in piece.iter() {
                let key = key_bytes(&pair);
                let first = first.get_or_insert(key);
                let differs = |(ours, theirs): (&u8, &u8)| ours != theirs;
                same = key
                    .iter()
                    .zip(first.iter())
                    .take(same)
                    .position(differs)
                    .unwrap_or(same);
            }
            Ok(())
        })?;
        Ok((same < KEY_BYTES).then_some(same))
    }

    /// Deals out a part by another byte, into a new level.
    fn deal_again(
        &mut self,
        part: Part,
        byte: usize,
        folder: &Path,
        pending: &mut Entries,
    ) -> io::Result<()> {
        if self.files.len() == 1 {
            self.files.push(nameless(folder)?);
        }
        let mut runs = Vec::new();
        if let Some(file) = self.files.get(1) {
            self.for_each_piece(part, &mut |piece| {
                for pair in piece.iter() {
                    if pending.len() >= self.limits.run {
                        runs.push(spill(pending, byte, file)?);
                    }
                    pending.push(&pair, self.limits.run);
                }
                Ok(())
            })?;
            runs.push(spill(pending, byte, file)?);
        }
        self.levels.push(Level {
            file: 1,
            byte,
            runs,
        });
        Ok(())
    }

    /// Hands a part's pairs to `each`, few at once, as they lie in the file.
    fn for_each_piece(
        &self,
        part: Part,
        each: &mut dyn FnMut(&Entries) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut pieces = Pieces::of(part);
        let mut entries = Entries::new();
        while pieces.next(self, &mut entries)? {
            each(&entries)?;
        }
        Ok(())
    }

    /// Frees what no part needs: a level whose parts were all dealt out once more.
    fn forget_what_was_dealt_again(&mut self) -> io::Result<()> {
        for (index, level) in self.levels.iter_mut().enumerate() {
            if !self.parts.iter().any(|part| part.level == index) {
                level.runs.clear();
            }
        }
        for (index, file) in self.files.iter().enumerate() {
            let mut levels = self.levels.iter().filter(|level| level.file == index);
            if levels.all(|level| level.runs.is_empty()) {
                file.set_len(0)?;
            }
        }
        Ok(())
    }

    /// A part's runs and their file.
    fn place(&self, part: Part) -> Option<(&Level, &File)> {
        let level = self.levels.get(part.level)?;
        Some((level, self.files.get(level.file)?))
    }
}

/// Reads a part in pieces.
struct Pieces {
    part: Part,
    run: usize,
    /// Pairs of the run that were read.
    done: u32,
}

impl Pieces {
    fn of(part: Part) -> Self {
        Self {
            part,
            run: 0,
            done: 0,
        }
    }

    /// Fills `entries` anew; says whether there was more.
    fn next(&mut self, sorted: &Sorted, entries: &mut Entries) -> io::Result<bool> {
        entries.clear();
        let Some((level, file)) = sorted.place(self.part) else {
            return Ok(false);
        };
        while let Some(run) = level.runs.get(self.run) {
            let whole = run.range(self.part.value);
            let start = whole.start + self.done;
            if start >= whole.end {
                self.run += 1;
                self.done = 0;
                continue;
            }
            let most = u32::try_from(sorted.limits.piece).unwrap_or(u32::MAX);
            let range = start..whole.end.min(start.saturating_add(most));
            self.done += range.end - range.start;
            read(file, run, &range, entries, sorted.limits.piece)?;
            return Ok(true);
        }
        Ok(false)
    }
}

/// Goes through the parts in order.
struct Walk<'a> {
    sorted: &'a Sorted,
    parts: std::slice::Iter<'a, Part>,
    /// What is left of a part whose pairs are all alike.
    alike: Option<Pieces>,
    entries: Entries,
    /// In which order the entries come, unless they are alike.
    order: Vec<u64>,
    /// How many of the entries have come.
    next: usize,
}

impl<'a> Walk<'a> {
    fn over(sorted: &'a Sorted) -> Self {
        Self {
            sorted,
            parts: sorted.parts.iter(),
            alike: None,
            entries: Entries::new(),
            order: Vec::new(),
            next: 0,
        }
    }

    /// Fills the entries anew; says whether there was more.
    fn fill(&mut self) -> io::Result<bool> {
        self.next = 0;
        if let Some(alike) = &mut self.alike {
            if alike.next(self.sorted, &mut self.entries)? {
                return Ok(true);
            }
            self.alike = None;
        }
        self.entries.clear();
        self.order.clear();
        let Some(part) = self.parts.next() else {
            return Ok(false);
        };
        if part.is_alike {
            let mut pieces = Pieces::of(*part);
            let is_more = pieces.next(self.sorted, &mut self.entries)?;
            self.alike = Some(pieces);
            return Ok(is_more);
        }
        let Some((level, file)) = self.sorted.place(*part) else {
            return Ok(false);
        };
        // A part that is not alike is no larger than the limit, a usize.
        let room = usize::try_from(part.pairs).unwrap_or(self.sorted.limits.part);
        for run in &level.runs {
            read(file, run, &run.range(part.value), &mut self.entries, room)?;
        }
        self.entries.order(level.byte + 1, &mut self.order);
        Ok(true)
    }

    /// No more comes behind an error.
    fn end(&mut self) {
        self.parts = [].iter();
        self.alike = None;
        self.order.clear();
    }
}

impl Iterator for Walk<'_> {
    type Item = io::Result<Pair>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = match &self.alike {
                None => self.order.get(self.next).map(|element| place(*element)),
                Some(_) => Some(self.next),
            };
            if let Some(pair) = next.and_then(|next| self.entries.get(next)) {
                self.next += 1;
                return Some(Ok(pair));
            }
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.end();
                    return Some(Err(error));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
