//! How close to the wire an import comes: the program against load generators and scripts, in
//! the same minutes on the same machine, as ratios.
//!
//! ```text
//! cargo bench --bench wire -- [--records N] [--latency-ms N] [--connections N] [--pairs N]
//! cargo bench --bench wire -- dry [--records N] [--pairs N]
//! cargo bench --bench wire -- input FOLDER N     writes input and mapping, no more
//! ```
//!
//! The server is this binary again, in a process of its own: a minimal HTTP server that reads
//! each request and answers 201, so that it costs as little as a server can. What is measured
//! is run in turn with its yardsticks; the medians of the pairs' ratios are printed, and the
//! CPU time that the program itself used for a record. A yardstick that is not installed is
//! named and left out.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod input;
mod measure;
mod server;
mod yardsticks;

use std::error::Error;
use std::path::Path;

use measure::{Measured, measure, median};
use server::Server;
use yardsticks::Yardstick;

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
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            records: 100_000,
            latency_ms: 0,
            connections: 64,
            pairs: 5,
        }
    }
}

impl Asked {
    fn read(words: &[String]) -> Result<Self, Failure> {
        let mut asked = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut number = || -> Result<u64, Failure> {
                let text = words
                    .next()
                    .ok_or_else(|| format!("{word} needs a number"))?;
                Ok(text.parse()?)
            };
            match word.as_str() {
                "--records" => asked.records = number()?,
                "--latency-ms" => asked.latency_ms = number()?,
                "--connections" => asked.connections = number()?,
                "--pairs" => asked.pairs = number()?.max(1),
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
    match words.split_first() {
        Some((first, rest)) if first == "serve" => server::serve(rest),
        Some((first, rest)) if first == "measure" => measure::run_one(rest),
        Some((first, rest)) if first == "input" => match rest {
            [folder, records, ..] => Ok(input::write(Path::new(folder), records.parse()?)?),
            _ => Err("input needs a folder and a number".into()),
        },
        Some((first, rest)) if first == "dry" => dry(Asked::read(rest)?),
        _ => wire(Asked::read(&words)?),
    }
}

/// `run` against load generators.
fn wire(asked: Asked) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    input::write(folder.path(), asked.records)?;
    println!(
        "run: {} records of {} bytes of body, {} connections, {} ms latency",
        asked.records,
        input::body().len(),
        asked.connections,
        asked.latency_ms
    );
    let server = Server::start(asked.latency_ms)?;
    let yardsticks = yardsticks::sending(folder.path(), &server.url(), asked)?;
    compare(asked, &yardsticks, |pair| {
        importer_run(folder.path(), &server.url(), asked, pair)
    })
}

/// `run --dry-run` against parsers.
fn dry(asked: Asked) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    input::write(folder.path(), asked.records)?;
    println!(
        "dry run: {} records with {} mapped fields",
        asked.records,
        input::MAPPED_FIELDS
    );
    let yardsticks = yardsticks::reading(folder.path())?;
    compare(asked, &yardsticks, |pair| {
        let words = ["--dry-run"].map(str::to_owned);
        importer(folder.path(), &words, pair)
    })
}

fn importer_run(folder: &Path, url: &str, asked: Asked, pair: u64) -> Result<Measured, Failure> {
    let connections = asked.connections.to_string();
    let words = ["--base-url", url, "--yes", "--concurrency", &connections].map(str::to_owned);
    importer(folder, &words, pair)
}

fn importer(folder: &Path, words: &[String], pair: u64) -> Result<Measured, Failure> {
    let state = folder.join(format!("state-{pair}"));
    let mut command: Vec<String> = vec![
        env!("CARGO_BIN_EXE_importer").into(),
        "run".into(),
        input::path(folder).display().to_string(),
        "-m".into(),
        input::mapping_path(folder).display().to_string(),
        "--no-progress".into(),
        "--state-dir".into(),
        state.display().to_string(),
        "--report-dir".into(),
        folder.join(format!("reports-{pair}")).display().to_string(),
    ];
    command.extend_from_slice(words);
    measure(&command)
}

/// Runs the program and each yardstick in turn, so that a slow minute slows both.
fn compare(
    asked: Asked,
    yardsticks: &[Yardstick],
    mut program: impl FnMut(u64) -> Result<Measured, Failure>,
) -> Result<(), Failure> {
    let mut ours: Vec<Measured> = Vec::new();
    let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); yardsticks.len()];
    for pair in 0..asked.pairs {
        let measured = program(pair)?;
        for (yardstick, ratios) in yardsticks.iter().zip(&mut ratios) {
            let theirs = measure(&yardstick.command)?;
            ratios.push(theirs.seconds / measured.seconds);
        }
        ours.push(measured);
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no exact count")]
    let records = asked.records as f64;
    let seconds = median(ours.iter().map(|it| it.seconds));
    let cpu = median(ours.iter().map(|it| it.cpu_seconds));
    let memory = ours.iter().map(|it| it.peak_kib).max().unwrap_or_default();
    println!(
        "importer: {seconds:.2} s, {:.0} records/s, {:.2} us of CPU a record, peak {:.1} MiB",
        records / seconds,
        cpu / records * 1e6,
        memory as f64 / 1024.0,
    );
    for (yardstick, ratios) in yardsticks.iter().zip(ratios) {
        println!(
            "{}: {:.2} times as fast as it (median of {})",
            yardstick.name,
            median(ratios.iter().copied()),
            ratios.len()
        );
    }
    Ok(())
}
