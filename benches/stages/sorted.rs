//! Finding doubles: hashes sorted outside of memory.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use wawi_importer::sorted::{Pair, Sorter};

/// One that stays in memory, and one that is spilled into runs.
#[divan::bench(args = [10_000, 300_000], sample_count = 10)]
fn sort(bencher: Bencher<'_, '_>, pairs: u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    bencher.counter(ItemsCount::new(pairs)).bench(|| {
        let mut random = fastrand::Rng::with_seed(1);
        let mut sorter = Sorter::new(folder.path()).expect("a temporary file");
        for record in 1..=pairs {
            let pair = Pair {
                hash: random.u128(..).to_le_bytes(),
                record,
                line: record + 1,
                payload: [0; 16],
            };
            sorter.push(pair).expect("room for a run");
        }
        let mut sorted = sorter.finish().expect("room for the merge");
        let pairs = sorted.iter().expect("the runs");
        pairs.inspect(|pair| _ = black_box(pair)).count()
    });
}
