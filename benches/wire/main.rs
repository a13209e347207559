//! How close to the wire an import comes: the program against load generators and scripts, in
//! the same minutes on the same machine, as ratios.
//!
//! ```text
//! cargo bench --bench wire -- [run] [WORDS]      run against oha and a Python script
//! cargo bench --bench wire -- dry [WORDS]        dry run against xsv, qsv and Python
//! cargo bench --bench wire -- memory [WORDS]     peak memory, and with ten times the records
//! cargo bench --bench wire -- resume [WORDS]     resumed run until its first POST, against xsv
//! cargo bench --bench wire -- start [WORDS]      --version, and a run of one record
//! cargo bench --bench wire -- disk [WORDS]       run on a disk whose syncs take 10 ms longer
//! cargo bench --bench wire -- scale [WORDS]      1,000,000 records, and ten times as many
//! cargo bench --bench wire -- all [WORDS]        everything that has a goal, and a table
//! cargo bench --bench wire -- input FOLDER N [FAULTY]   writes input and mapping, no more
//!
//! WORDS: --records N  --latency-ms N  --connections N  --pairs N  --faulty PER-CENT
//! ```
//!
//! The server is this binary again, in a process of its own that lives through all pairs of a
//! comparison (`server.rs` says what it does). What is measured is run in turn with its
//! yardsticks; the medians of the pairs' ratios are printed, and the CPU time (user and system)
//! that the program itself used for a record. A yardstick that is not installed is named and
//! left out. Everything lies in a temporary folder on the disk that `TMPDIR` names, and goes
//! with it.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod disk;
mod goals;
mod growth;
mod input;
mod measure;
mod rounds;
mod server;
mod yardsticks;

use std::error::Error;
use std::path::Path;

/// What a bench may fail with.
type Failure = Box<dyn Error>;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// Records of the input.
    records: u64,
    /// How long the server thinks before it answers, in milliseconds.
    latency_ms: u64,
    /// Requests in flight.
    connections: u64,
    /// How often each pair is run.
    pairs: u64,
    /// Per cent of the records that have something wrong or odd.
    faulty: u64,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            records: 100_000,
            latency_ms: 0,
            connections: 64,
            pairs: 5,
            faulty: 0,
        }
    }
}

impl Asked {
    fn read(words: &[String]) -> Result<Self, Failure> {
        Self::default().changed(words)
    }

    /// The same, but for what the words say.
    fn changed(self, words: &[String]) -> Result<Self, Failure> {
        let mut asked = self;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut number = || -> Result<u64, Failure> {
                let text = words
                    .next()
                    .ok_or_else(|| format!("{word} needs a number"))?;
                Ok(text.parse()?)
            };
            match word.as_str() {
                "--records" => asked.records = number()?.max(1),
                "--latency-ms" => asked.latency_ms = number()?,
                "--connections" => asked.connections = number()?,
                "--pairs" => asked.pairs = number()?.max(1),
                "--faulty" => asked.faulty = number()?.min(100),
                // Cargo adds it.
                "--bench" => {}
                other => return Err(format!("{other} is not known").into()),
            }
        }
        Ok(asked)
    }
}

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((first, rest)) = words.split_first() else {
        return rounds::run(Asked::default()).map(drop);
    };
    match first.as_str() {
        "serve" => server::serve(rest),
        "measure" => measure::run_one(rest),
        "input" => match rest {
            [folder, records, rest @ ..] => {
                let faulty = rest.first().filter(|word| *word != "--bench");
                let faulty = faulty.map_or(Ok(0), |word| word.parse())?;
                Ok(input::write(Path::new(folder), records.parse()?, faulty)?)
            }
            _ => Err("input needs a folder and a number".into()),
        },
        "run" => rounds::run(Asked::read(rest)?).map(drop),
        "dry" => rounds::dry(Asked::read(rest)?).map(drop),
        "memory" => rounds::memory(Asked::read(rest)?).map(drop),
        "resume" => rounds::resume(Asked::read(rest)?).map(drop),
        "start" => rounds::start(Asked::read(rest)?).map(drop),
        "disk" => disk::disk(disk::usual().changed(rest)?).map(drop),
        "scale" => growth::grow(growth::usual().changed(rest)?),
        "all" => goals::all(Asked::read(rest)?),
        _ => rounds::run(Asked::read(&words)?).map(drop),
    }
}
