//! Pairs as bytes, in one of two forms: a short one where the numbers are usual and nothing
//! travels with the hash, which is most often so, and a long one.
//!
//! Both begin with the key: the hash, then the record, highest byte first. So pairs are in
//! order once they are dealt out by one byte of the key after the other.

use std::io::{self, Read, Write};

use super::Pair;

/// Bytes of a key: 16 of the hash, 8 of the record's number.
pub(super) const KEY_BYTES: usize = 24;

/// Values of a byte: what pairs are dealt out into.
pub(super) const FAN_OUT: usize = 256;

/// Pairs that are written at once.
const BATCH: usize = 1024;

type Short = [u8; 24];
type Long = [u8; 48];

/// A pair as bytes.
trait Form: Copy + Sized {
    const ZERO: Self;

    /// None if the pair does not fit.
    fn of(pair: &Pair) -> Option<Self>;
    fn pair(&self) -> Pair;
    fn hash(&self) -> [u8; 16];
    fn record(&self) -> u64;
    fn bytes(list: &[Self]) -> &[u8];
    fn bytes_mut(list: &mut [Self]) -> &mut [u8];

    #[inline]
    fn key(&self) -> (u128, u64) {
        (u128::from_be_bytes(self.hash()), self.record())
    }

    #[inline]
    fn key_byte(&self, index: usize) -> u8 {
        if let Some(byte) = self.hash().get(index) {
            return *byte;
        }
        let record = self.record().to_be_bytes();
        record.get(index - 16).copied().unwrap_or_default()
    }
}

/// The bytes from `at` on; the callers' numbers are fixed and lie inside.
#[inline]
fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .unwrap_or([0; N])
}

/// Two parts behind one another.
#[inline]
fn joined<const N: usize, const A: usize, const B: usize>(a: [u8; A], b: [u8; B]) -> [u8; N] {
    const { assert!(A + B == N, "the parts make the whole") };
    let mut bytes = [0; N];
    if let Some(first) = bytes.first_chunk_mut() {
        *first = a;
    }
    if let Some(second) = bytes.last_chunk_mut() {
        *second = b;
    }
    bytes
}

impl Form for Short {
    const ZERO: Self = [0; 24];

    #[inline]
    fn of(pair: &Pair) -> Option<Self> {
        let record = u32::try_from(pair.record).ok()?;
        let line = u32::try_from(pair.line).ok()?;
        if u128::from_ne_bytes(pair.payload) != 0 {
            return None;
        }
        let numbers: [u8; 8] = joined(record.to_be_bytes(), line.to_be_bytes());
        Some(joined(pair.hash, numbers))
    }

    #[inline]
    fn pair(&self) -> Pair {
        Pair {
            hash: self.hash(),
            record: self.record(),
            line: u32::from_be_bytes(part(self, 20)).into(),
            payload: [0; 16],
        }
    }

    #[inline]
    fn hash(&self) -> [u8; 16] {
        part(self, 0)
    }

    #[inline]
    fn record(&self) -> u64 {
        u32::from_be_bytes(part(self, 16)).into()
    }

    fn bytes(list: &[Self]) -> &[u8] {
        list.as_flattened()
    }

    fn bytes_mut(list: &mut [Self]) -> &mut [u8] {
        list.as_flattened_mut()
    }
}

impl Form for Long {
    const ZERO: Self = [0; 48];

    #[inline]
    fn of(pair: &Pair) -> Option<Self> {
        let numbers: [u8; 16] = joined(pair.record.to_be_bytes(), pair.line.to_be_bytes());
        let head: [u8; 32] = joined(pair.hash, numbers);
        Some(joined(head, pair.payload))
    }

    #[inline]
    fn pair(&self) -> Pair {
        Pair {
            hash: self.hash(),
            record: self.record(),
            line: u64::from_be_bytes(part(self, 24)),
            payload: part(self, 32),
        }
    }

    #[inline]
    fn hash(&self) -> [u8; 16] {
        part(self, 0)
    }

    #[inline]
    fn record(&self) -> u64 {
        u64::from_be_bytes(part(self, 16))
    }

    fn bytes(list: &[Self]) -> &[u8] {
        list.as_flattened()
    }

    fn bytes_mut(list: &mut [Self]) -> &mut [u8] {
        list.as_flattened_mut()
    }
}

/// Pairs in memory, all in one form.
#[derive(Debug)]
pub(super) enum Entries {
    Short(Vec<Short>),
    Long(Vec<Long>),
}

impl Entries {
    pub(super) fn new() -> Self {
        Self::Short(Vec::new())
    }

    /// Takes one pair. Room is made for `room` pairs at once, and for more only if that is not
    /// enough.
    #[inline]
    pub(super) fn push(&mut self, pair: &Pair, room: usize) {
        if let Self::Short(list) = self {
            if let Some(short) = Short::of(pair) {
                if list.capacity() == 0 {
                    list.reserve_exact(room);
                }
                list.push(short);
                return;
            }
            self.lengthen(room);
        }
        if let Self::Long(list) = self {
            list.extend(Long::of(pair));
        }
    }

    /// Turns all into the long form, with room for `room` pairs.
    fn lengthen(&mut self, room: usize) {
        if let Self::Short(list) = self {
            let mut long = Vec::with_capacity(room.max(list.len()));
            long.extend(list.iter().filter_map(|short| Long::of(&short.pair())));
            *self = Self::Long(long);
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Short(list) => list.len(),
            Self::Long(list) => list.len(),
        }
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<Pair> {
        match self {
            Self::Short(list) => list.get(index).map(Short::pair),
            Self::Long(list) => list.get(index).map(Long::pair),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Pair> {
        (0..self.len()).map_while(|index| self.get(index))
    }

    /// The memory is kept.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Short(list) => list.clear(),
            Self::Long(list) => list.clear(),
        }
    }

    /// Bytes of memory.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Short(list) => list.capacity() * size_of::<Short>(),
            Self::Long(list) => list.capacity() * size_of::<Long>(),
        }
    }

    pub(super) fn is_long(&self) -> bool {
        matches!(self, Self::Long(_))
    }

    /// Bytes of one pair in a form.
    pub(super) fn size(is_long: bool) -> u64 {
        let size = if is_long {
            size_of::<Long>()
        } else {
            size_of::<Short>()
        };
        size as u64
    }

    /// Takes `count` pairs of a form from a file, within room for `room`.
    pub(super) fn read(
        &mut self,
        from: impl Read,
        count: usize,
        is_long: bool,
        room: usize,
    ) -> io::Result<()> {
        if is_long {
            self.lengthen(room);
        }
        match self {
            Self::Short(list) => read(list, from, count, room),
            Self::Long(list) if is_long => read(list, from, count, room),
            Self::Long(list) => {
                let mut short: Vec<Short> = Vec::new();
                read(&mut short, from, count, count)?;
                list.extend(short.iter().filter_map(|short| Long::of(&short.pair())));
                Ok(())
            }
        }
    }

    /// The same by hash and record, with no more memory than they need.
    pub(super) fn sorted(self) -> Self {
        match self {
            Self::Short(list) => Self::Short(sorted(&list)),
            Self::Long(list) => Self::Long(sorted(&list)),
        }
    }

    /// Puts the places of all pairs into `order`, by hash and record. The first `same` bytes of
    /// all keys are known to be the same.
    pub(super) fn order(&self, same: usize, order: &mut Vec<u64>) {
        match self {
            Self::Short(list) => put_in_order(list, same, order),
            Self::Long(list) => put_in_order(list, same, order),
        }
    }

    /// Writes all pairs, those with the same byte `index` of the key together, in the order of
    /// that byte; says where each of its values ends.
    pub(super) fn deal(&self, index: usize, to: impl Write) -> io::Result<[usize; FAN_OUT]> {
        match self {
            Self::Short(list) => deal(list, index, to),
            Self::Long(list) => deal(list, index, to),
        }
    }
}

/// The key's bytes, as [`Entries::deal`] counts them.
pub(super) fn key_bytes(pair: &Pair) -> [u8; KEY_BYTES] {
    joined(pair.hash, pair.record.to_be_bytes())
}

fn read<T: Form>(
    list: &mut Vec<T>,
    mut from: impl Read,
    count: usize,
    room: usize,
) -> io::Result<()> {
    let before = list.len();
    if list.capacity() < room {
        list.reserve_exact(room - before);
    }
    list.resize(before + count, T::ZERO);
    let new = list.get_mut(before..).unwrap_or_default();
    from.read_exact(T::bytes_mut(new))
}

/// The place in the list that an element of an order means.
#[inline]
pub(super) fn place(element: u64) -> usize {
    (element & u64::from(u32::MAX)) as usize
}

/// Each element holds 32 bits of a key above the place of its entry: plain numbers are sorted
/// several times as fast as whole entries, and where keys are hashes 32 bits decide nearly
/// always.
fn put_in_order<T: Form>(list: &[T], same: usize, order: &mut Vec<u64>) {
    order.clear();
    order.reserve_exact(list.len());
    order.extend(list.iter().zip(0..).map(|(entry, place): (_, u64)| {
        let (hash, record) = entry.key();
        let bits = match same.checked_sub(16) {
            None => (hash << (8 * same) >> 64) as u64,
            Some(same) if same < 8 => record << (8 * same),
            Some(_) => 0,
        };
        bits >> 32 << 32 | place
    }));
    order.sort_unstable();
    let key = |element: &u64| list.get(place(*element)).map(T::key);
    for tied in order.chunk_by_mut(|one, other| one >> 32 == other >> 32) {
        if tied.len() > 1 {
            tied.sort_unstable_by_key(key);
        }
    }
}

fn sorted<T: Form>(list: &[T]) -> Vec<T> {
    let mut order = Vec::new();
    put_in_order(list, 0, &mut order);
    let mut sorted = vec![T::ZERO; list.len()];
    for (to, element) in sorted.iter_mut().zip(order) {
        if let Some(entry) = list.get(place(element)) {
            *to = *entry;
        }
    }
    sorted
}

fn deal<T: Form>(list: &[T], index: usize, mut to: impl Write) -> io::Result<[usize; FAN_OUT]> {
    let mut places = vec![0; list.len()];
    let ends = places_by(list, index, &mut places);
    let mut batch = [T::ZERO; BATCH];
    for places in places.chunks(BATCH) {
        for (to, place) in batch.iter_mut().zip(places) {
            if let Some(entry) = list.get(*place as usize) {
                *to = *entry;
            }
        }
        let filled = batch.get(..places.len()).unwrap_or_default();
        to.write_all(T::bytes(filled))?;
    }
    Ok(ends)
}

/// Fills in the places of all entries, in the order of byte `index` of their keys; says where
/// each of its values ends.
fn places_by<T: Form>(list: &[T], index: usize, places: &mut [u32]) -> [usize; FAN_OUT] {
    let mut next = [0; FAN_OUT];
    for entry in list {
        if let Some(count) = next.get_mut(usize::from(entry.key_byte(index))) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for next in &mut next {
        sum += std::mem::replace(next, sum);
    }
    for (entry, place) in list.iter().zip(0..) {
        if let Some(next) = next.get_mut(usize::from(entry.key_byte(index))) {
            if let Some(to) = places.get_mut(*next) {
                *to = place;
            }
            *next += 1;
        }
    }
    next
}
