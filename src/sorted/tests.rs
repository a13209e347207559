//! Against a plain sort in memory, with limits so tiny that everything happens.

use proptest::prelude::*;

use super::*;

const TINY: Limits = Limits {
    run: 4,
    part: 3,
    piece: 2,
};

fn pair(hash: u8, record: u64) -> Pair {
    Pair {
        hash: [hash; 16],
        record,
        line: record + 1,
        payload: [hash ^ 0xff; 16],
    }
}

fn taken(folder: &Path, limits: Limits, pairs: impl IntoIterator<Item = Pair>) -> Sorter {
    let mut sorter = Sorter::with_limits(folder, limits).unwrap();
    for pair in pairs {
        sorter.push(pair).unwrap();
    }
    sorter
}

fn sorted(limits: Limits, pairs: &[Pair]) -> (Vec<Pair>, Vec<Pair>) {
    let folder = tempfile::tempdir().unwrap();
    let sorter = taken(folder.path(), limits, pairs.iter().copied());
    assert_eq!(sorter.len(), pairs.len() as u64);
    let mut sorted = sorter.finish().unwrap();
    assert_eq!(sorted.len(), pairs.len() as u64);
    let once = sorted.iter().unwrap().map(Result::unwrap).collect();
    let again = sorted.iter().unwrap().map(Result::unwrap).collect();
    (once, again)
}

fn key(pair: &Pair) -> ([u8; 16], u64) {
    (pair.hash, pair.record)
}

/// By hash and record, and nothing lost or doubled.
fn assert_sorted(found: &[Pair], pairs: &[Pair]) {
    assert!(found.is_sorted_by_key(key), "{found:?}");
    let in_full = |pairs: &[Pair]| {
        let mut pairs = pairs.to_vec();
        pairs.sort_unstable();
        pairs
    };
    assert_eq!(in_full(found), in_full(pairs));
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
    let sorter = taken(folder.path(), TINY, (0..12).map(|record| pair(7, record)));
    let mut sorted = sorter.finish().unwrap();
    // The hashes are all the same: the pairs were dealt out once more, into a second file.
    let file = sorted.files.last().unwrap();
    let length = file.metadata().unwrap().len();
    assert_eq!(length, 12 * Entries::size(true));
    file.set_len(length - Entries::size(true)).unwrap();
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
    let sorter = taken(folder.path(), TINY, (0..100).map(|record| pair(1, record)));
    let sorted = sorter.finish().unwrap();
    drop(sorted);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let sorter = taken(folder.path(), TINY, (0..9).map(|record| pair(1, record)));
    for file in &sorter.finish().unwrap().files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// Well spread, like a hash (the finalizer of `splitmix64`, twice).
fn spread(record: u64) -> [u8; 16] {
    let mixed = |mut bits: u64| {
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    };
    let high = mixed(record.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    (u128::from(high) << 64 | u128::from(mixed(high))).to_be_bytes()
}

#[test]
fn few_pairs_never_touch_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let pairs = |count| {
        (1..=count).map(|record| Pair {
            hash: spread(record),
            ..pair(0, record)
        })
    };
    let few = Limits::USUAL.run as u64;
    let sorter = taken(folder.path(), Limits::USUAL, pairs(few));
    assert_eq!(sorter.file.metadata().unwrap().len(), 0);
    let mut sorted = sorter.finish().unwrap();
    assert_eq!(sorted.files[0].metadata().unwrap().len(), 0);
    assert_eq!(sorted.iter().unwrap().count() as u64, few);
    let sorted = taken(folder.path(), Limits::USUAL, pairs(few + 1)).finish();
    assert_ne!(sorted.unwrap().files[0].metadata().unwrap().len(), 0);
}

#[test]
fn the_usual_pair_takes_half_the_room() {
    let folder = tempfile::tempdir().unwrap();
    let plain = |record| Pair {
        payload: [0; 16],
        hash: spread(record),
        ..pair(0, record)
    };
    let sorted = taken(folder.path(), TINY, (1..=8).map(plain)).finish();
    let length = sorted.unwrap().files[0].metadata().unwrap().len();
    assert_eq!(length, 8 * 24);
}

/// Pairs of every kind of skew: (name, hash and record of the n-th).
type Kind = (&'static str, fn(u64) -> ([u8; 16], u64));

const KINDS: [Kind; 6] = [
    ("spread", |n| (spread(n), n)),
    ("one hash", |_| ([7; 16], 1)),
    ("one hash, many records", |n| ([7; 16], n)),
    ("two hashes", |n| ([n.to_le_bytes()[0] % 2; 16], n)),
    ("rising numbers", |n| {
        (((u128::from(n)) << 64).to_be_bytes(), n)
    }),
    ("differing at the end", |n| {
        (u128::from(n * 7919 % 997).to_be_bytes(), n)
    }),
];

#[test]
fn memory_does_not_grow_with_the_pairs_however_they_are_spread() {
    const LIMITS: Limits = Limits {
        run: 64,
        part: 96,
        piece: 16,
    };
    const COUNT: u64 = 5_000;
    const LONG: usize = 48;
    for ((name, of), payload) in KINDS.into_iter().flat_map(|kind| [(kind, 0), (kind, 1)]) {
        let folder = tempfile::tempdir().unwrap();
        let pairs: Vec<_> = (1..=COUNT)
            .map(|n| {
                let (hash, record) = of(n);
                Pair {
                    hash,
                    record,
                    line: n,
                    payload: [payload; 16],
                }
            })
            .collect();
        let mut sorter = Sorter::with_limits(folder.path(), LIMITS).unwrap();
        for pair in &pairs {
            sorter.push(*pair).unwrap();
            assert!(sorter.pending.held() <= LIMITS.run * LONG, "{name}");
        }
        let sorted = sorter.finish().unwrap();
        assert_eq!(sorted.kept.held(), 0, "{name}");
        let mut walk = Walk::over(&sorted);
        let mut found = Vec::new();
        while let Some(pair) = walk.next() {
            found.push(pair.unwrap());
            let held = walk.entries.held() + walk.order.capacity() * size_of::<u64>();
            assert!(held <= LIMITS.part * (LONG + 8), "{name}: {held}");
        }
        assert_sorted(&found, &pairs);
        // What was dealt out again as a whole does not lie on the disk twice.
        let size = Entries::size(payload != 0);
        let lengths = sorted
            .files
            .iter()
            .map(|file| file.metadata().unwrap().len());
        if name == "one hash, many records" || name == "rising numbers" {
            assert_eq!(sorted.files[0].metadata().unwrap().len(), 0, "{name}");
        }
        assert!(lengths.sum::<u64>() <= 3 * COUNT * size, "{name}");
    }
}

/// Hashes that share long beginnings or all; numbers that need the long form, and such that do
/// not.
fn any_skew() -> impl Strategy<Value = Vec<Pair>> {
    let byte = 0_u8..3;
    let hash = (prop::array::uniform16(0_u8..2), byte, any::<bool>());
    let hash = hash.prop_map(|(bits, byte, same)| if same { [byte; 16] } else { bits });
    let number = prop_oneof![4 => 0_u64..6, 1 => any::<u64>()];
    let payload = prop_oneof![3 => Just([0; 16]), 1 => Just([9; 16])];
    let pair = (hash, number.clone(), number, payload);
    let pair = pair.prop_map(|(hash, record, line, payload)| Pair {
        hash,
        record,
        line,
        payload,
    });
    proptest::collection::vec(pair, 0..120)
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
    fn any_skew_sorts(
        pairs in any_skew(),
        run in 1_usize..40,
        part in 1_usize..40,
        piece in 1_usize..9,
    ) {
        let (once, again) = sorted(Limits { run, part, piece }, &pairs);
        assert_sorted(&once, &pairs);
        prop_assert_eq!(once, again);
    }

    #[test]
    fn a_pair_survives_its_bytes(hash: [u8; 16], record: u64, line: u64, payload: [u8; 16]) {
        let long = Pair { hash, record, line, payload };
        let short = Pair {
            record: record & 0xffff_ffff,
            line: line & 0xffff_ffff,
            payload: [0; 16],
            ..long
        };
        let mut entries = Entries::new();
        entries.push(&short, 2);
        prop_assert_eq!(entries.is_long(), false);
        prop_assert_eq!(entries.get(0), Some(short));
        entries.push(&long, 2);
        prop_assert_eq!(entries.iter().collect::<Vec<_>>(), [short, long]);
    }
}
