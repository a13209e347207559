//! What the fuzzers (`fuzz/`) run, on the seeds that are kept: the same functions, without the
//! tools that fuzzing takes. Whatever a fuzzer found is among the seeds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::repository;

#[path = "../../fuzz/src/targets.rs"]
mod targets;

/// Runs a target on each of its seeds, and names those on which it fails.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = repository("fuzz/seeds").join(target);
    let mut seeds = 0;
    let mut failed = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() <= 4096, "{} is no small seed", path.display());
        seeds += 1;
        if catch_unwind(AssertUnwindSafe(|| run(&bytes))).is_err() {
            failed.push(path);
        }
    }
    assert!(seeds > 0, "{} has no seeds", folder.display());
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn csv_seeds_hold() {
    replay("csv", targets::csv::run);
}

#[test]
fn json_lines_seeds_hold() {
    replay("jsonl", targets::jsonl::run);
}

#[test]
fn mapping_seeds_hold() {
    replay("mapping", targets::mapping::run);
}

#[test]
fn answer_seeds_hold() {
    replay("answers", targets::answers::run);
}

#[test]
fn pace_seeds_hold() {
    replay("pace", targets::pace::run);
}

#[test]
fn sheet_seeds_hold() {
    replay("sheet", targets::sheet::run);
}

#[test]
fn typed_words_seeds_hold() {
    replay("words", targets::words::run);
}

/// A fuzzer that is in none of the lists would never be replayed, or never run.
#[test]
fn every_target_has_a_fuzzer_and_seeds() {
    let names = |folder: &str| {
        let mut names: Vec<String> = std::fs::read_dir(repository(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| path.file_stem().unwrap().display().to_string())
            .collect();
        names.sort();
        names
    };
    let replayed = [
        "answers", "csv", "jsonl", "mapping", "pace", "sheet", "words",
    ];
    assert_eq!(names("fuzz/seeds"), replayed);
    assert_eq!(names("fuzz/fuzz_targets"), replayed);
    let manifest = std::fs::read_to_string(repository("fuzz/Cargo.toml")).unwrap();
    for name in replayed {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")));
    }
}
