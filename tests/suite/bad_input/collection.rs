//! A collection of bad inputs, mappings and folders. Each ends with its documented code, names
//! the place and says what to do, without a panic, in bounded time and memory.

mod inputs;
mod mappings;
mod surroundings;

use std::collections::BTreeSet;

use super::{LIST, MAPPING, importer};
use crate::support::Importer;

/// One thing that is bad.
struct Bad {
    /// What it is, for messages.
    what: &'static str,
    /// Files that lie in the folder, beside a mapping `map.toml` and an input `kunden.csv`
    /// that are fine.
    files: Vec<(&'static str, Vec<u8>)>,
    /// The words behind `run`.
    words: &'static str,
    /// The exit code.
    code: i32,
    /// Where it is: a file with its line, a record, a column, a folder.
    place: &'static str,
    /// What is wrong: the documented code of a record's error, or the sentence.
    wrong: &'static str,
    /// What to do.
    help: &'static str,
}

/// Address space that the program may take. Threads take some that they never touch.
#[cfg(target_os = "linux")]
const KIB: usize = 250_000;

/// Seconds of computing, in a build without optimisation.
#[cfg(target_os = "linux")]
const SECONDS: u32 = 10;

/// Limits the program where the system can do so; processor time, so that a busy computer
/// fails nothing. The allocator sets 64 MiB of address space aside for each thread that has to
/// wait for another one, which is chance: it is told to let two wait.
fn limit(importer: &mut Importer) {
    #[cfg(target_os = "linux")]
    importer.shell(format!(
        "ulimit -v {KIB}; ulimit -t {SECONDS}; MALLOC_ARENA_MAX=2 exec \"$@\""
    ));
    #[cfg(not(target_os = "linux"))]
    let _ = importer;
}

impl Bad {
    #[track_caller]
    fn check(&self) {
        let mut importer = importer();
        for (name, bytes) in &self.files {
            importer.file(name, bytes);
        }
        limit(&mut importer);
        let words = format!("run {}", self.words);
        let run = importer.args(words.split_whitespace()).run();
        let said = run.said();
        assert_eq!(run.code, self.code, "{}: {said}", self.what);
        assert!(!said.contains("panicked"), "{}: {said}", self.what);
        // Lines are broken for people.
        let flowing = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for (part, text) in [
            ("place", self.place),
            ("wrong", self.wrong),
            ("help", self.help),
        ] {
            assert!(!text.is_empty(), "{}: {part}", self.what);
            assert!(
                flowing.contains(text),
                "{}: the {part} `{text}` is missing in\n{said}",
                self.what
            );
        }
        // A remedy is marked as such.
        assert!(
            flowing.contains("help: ") || flowing.contains("→ "),
            "{}: {said}",
            self.what
        );
        assert!(said.len() < 100_000, "{}: {} bytes", self.what, said.len());
    }
}

#[test]
fn inputs() {
    for bad in inputs::all() {
        bad.check();
    }
}

#[test]
fn mappings() {
    for bad in mappings::all() {
        bad.check();
    }
}

#[test]
fn surroundings() {
    for bad in surroundings::all() {
        bad.check();
    }
}

/// The cases differ, and there are as many as are promised.
#[test]
fn it_is_large() {
    let count = |all: Vec<Bad>| {
        let mut seen = BTreeSet::new();
        for bad in &all {
            let new = seen.insert((bad.files.clone(), bad.words));
            assert!(new, "{} stands there twice", bad.what);
        }
        let names: BTreeSet<&str> = all.iter().map(|bad| bad.what).collect();
        assert_eq!(names.len(), all.len());
        all.len()
    };
    let (inputs, mappings) = (count(inputs::all()), count(mappings::all()));
    assert!(inputs >= 40, "{inputs} inputs");
    assert!(mappings >= 40, "{mappings} mappings");
    assert!(count(surroundings::all()) >= 6);
}
