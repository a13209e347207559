//! What each stage costs a record, alone and without a server: `cargo bench --bench stages`.
//!
//! Times are per round; the counters beside them say how many records (or bytes) a second that
//! is. One thread does the work, so 1,000,000 records/s are 1 us of CPU a record. Numbers on a
//! busy machine say nothing; compare two versions in the same quiet minutes.

use std::path::Path;
use std::sync::LazyLock;

use wawi_importer::mapping::{Columns, Mapping, Plan};
use wawi_importer::record::Record;
use wawi_importer::source::{Entry, Source, SourceSettings};

#[path = "../wire/input.rs"]
#[expect(dead_code, reason = "the wire bench uses more of it")]
mod input;

mod deliver;
mod journal;
mod records;
mod sorted;

/// Records of a round.
const RECORDS: usize = 2_000;

/// A seeded input in a folder that goes with it, its mapping, and its records.
struct Sample {
    source: Source,
    bytes: u64,
    plan: Plan,
    records: Vec<Record>,
    _folder: tempfile::TempDir,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| Sample::new(0));
static FAULTY: LazyLock<Sample> = LazyLock::new(|| Sample::new(5));

impl Sample {
    fn new(faulty: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        input::write(folder.path(), RECORDS as u64, faulty).expect("room for the input");
        let path = input::path(folder.path());
        let bytes = std::fs::metadata(&path).expect("the input").len();
        let (source, plan) = open(folder.path());
        let records = read(&source);
        Self {
            source,
            bytes,
            plan,
            records,
            _folder: folder,
        }
    }
}

fn open(folder: &Path) -> (Source, Plan) {
    let source = Source::open(&input::path(folder), &SourceSettings::default()).expect("CSV");
    let mapping = Mapping::load(&input::mapping_path(folder)).expect("the bench's mapping");
    let header = Columns::Header(&source.facts().header);
    let plan = mapping.bind(header).expect("its columns");
    (source, plan)
}

fn read(source: &Source) -> Vec<Record> {
    let reader = source.read().expect("the input");
    reader
        .map(|entry| match entry.expect("it is whole") {
            Entry::Record(record) | Entry::Odd(record, _) => record,
            Entry::Defect(defect) => panic!("{defect:?}"),
        })
        .collect()
}

fn main() {
    divan::main();
}
