//! Two durable entries for each record, 128 of each in a transaction, on the disk of `TMPDIR`.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use jiff::Timestamp;
use wawi_importer::journal::{Entry, Intent, Journal, NewRun};
use wawi_importer::outcome::{How, Outcome, Settled, Submission};
use wawi_importer::record::Position;

use crate::input;

/// Records of a transaction: its outcomes, and as many intents of the next ones.
const BATCH: u64 = 128;
/// Transactions of a round.
const BATCHES: u64 = 16;

const RUN: &str = "run";

fn new_run() -> NewRun {
    NewRun {
        id: RUN.to_owned(),
        target: "bench".to_owned(),
        source_hash: [1; 32],
        plan_hash: [2; 32],
        input: "kunden.csv".to_owned(),
        input_path: None,
        mapping: "kunden.toml".to_owned(),
        mapping_text: String::new(),
        source_options: "{}".to_owned(),
        options: "{}".to_owned(),
        version: "0".to_owned(),
        started: Timestamp::now(),
        linked_to: None,
    }
}

fn hash(record: u64) -> [u8; 16] {
    fastrand::Rng::with_seed(record).u128(..).to_le_bytes()
}

fn intent(record: u64, body: &Arc<[u8]>) -> Entry {
    Entry::Intent(Intent {
        submission: Submission {
            position: position(record),
            key: Some(format!("k{record:08}")),
            key_hash: Some(hash(record)),
            payload: hash(record + 1),
            body: Arc::clone(body),
        },
        attempt: 1,
        absent_before: true,
        at: Timestamp::now(),
    })
}

fn settled(record: u64) -> Entry {
    Entry::Settled(Settled {
        position: position(record),
        key_hash: Some(hash(record)),
        payload: Some(hash(record + 1)),
        outcome: Outcome::Created {
            id: i64::try_from(record).ok(),
            number: Some(format!("K{record:08}")),
            attempts: 1,
            how: How::Posted,
        },
        at: Timestamp::now(),
    })
}

const fn position(record: u64) -> Position {
    Position {
        record,
        line: record + 1,
    }
}

#[divan::bench(sample_count = 20)]
fn commit(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut journal = Journal::open(folder.path()).expect("a new journal");
    journal.begin(&new_run()).expect("a new run");
    let body: Arc<[u8]> = input::body().as_bytes().into();
    let mut next = 1;
    bencher
        .counter(ItemsCount::new(BATCH * BATCHES))
        .bench_local(|| {
            for _ in 0..BATCHES {
                let ends = (next.max(BATCH + 1) - BATCH..next).map(settled);
                let begins = (next..next + BATCH).map(|record| intent(record, &body));
                let entries: Vec<Entry> = ends.chain(begins).collect();
                journal.commit(RUN, &entries).expect("room for the journal");
                next += BATCH;
            }
        });
}
