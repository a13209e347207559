//! The comparisons: each runs the program and its yardsticks in turn and prints what came out.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::measure::{Measured, measure, median};
use crate::server::Server;
use crate::yardsticks::{self, Yardstick};
use crate::{Asked, Failure, input};

/// How often a start-up is measured for each pair: it is short.
const STARTS: u64 = 4;

/// What a comparison found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// CPU time of a record, in microseconds.
    pub(crate) cpu_us: f64,
    /// Time for all records, in seconds.
    pub(crate) seconds: f64,
    /// Most memory in any of the runs, in MiB.
    pub(crate) peak_mib: f64,
    /// By yardstick: its time divided by ours.
    pub(crate) ratios: Vec<(&'static str, f64)>,
}

impl Found {
    /// How many times as fast as the yardstick the program was, if that is installed.
    pub(crate) fn against(&self, yardstick: &str) -> Option<f64> {
        let found = self.ratios.iter().find(|(name, _)| *name == yardstick);
        found.map(|(_, ratio)| *ratio)
    }
}

/// `run` against load generators.
pub(crate) fn run(asked: Asked) -> Result<Found, Failure> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    input::write(folder, asked.records, asked.faulty)?;
    println!(
        "run: {} records, bodies of {} bytes, {} connections, {} ms latency{}",
        asked.records,
        input::body().len(),
        asked.connections,
        asked.latency_ms,
        faulty(asked)
    );
    let server = Server::start(asked.latency_ms)?;
    let yardsticks = yardsticks::sending(folder, &server.url(), asked)?;
    let mut command = importer(folder);
    command.extend(sending(&server, asked));
    compare(folder, asked, &yardsticks, &command)
}

/// `run --dry-run` against parsers.
pub(crate) fn dry(asked: Asked) -> Result<Found, Failure> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    input::write(folder, asked.records, asked.faulty)?;
    println!(
        "dry run: {} records with {} mapped fields{}",
        asked.records,
        input::MAPPED_FIELDS,
        faulty(asked)
    );
    let yardsticks = yardsticks::reading(folder)?;
    let mut command = importer(folder);
    command.push("--dry-run".into());
    compare(folder, asked, &yardsticks, &command)
}

/// Peak memory in MiB of dry run and run, with the records asked for and with ten times as many.
pub(crate) fn memory(asked: Asked) -> Result<[(f64, f64); 2], Failure> {
    let mut peaks = [(0.0, 0.0); 2];
    for (records, peaks) in [asked.records, asked.records * 10]
        .into_iter()
        .zip(&mut peaks)
    {
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        input::write(folder, records, asked.faulty)?;
        let server = Server::start(asked.latency_ms)?;
        let mut dry = importer(folder);
        dry.push("--dry-run".into());
        let mut run = importer(folder);
        run.extend(sending(&server, asked));
        *peaks = (
            peak_mib(&fresh(folder, &dry, 0)?),
            peak_mib(&fresh(folder, &run, 1)?),
        );
        println!(
            "memory: {records} records: dry run {:.1} MiB, run {:.1} MiB",
            peaks.0, peaks.1
        );
    }
    Ok(peaks)
}

/// How long a run that is settled but for its last record takes until its first POST, as a
/// multiple of the time of `xsv count`.
pub(crate) fn resume(asked: Asked) -> Result<Option<f64>, Failure> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    input::write(folder, asked.records, 0)?;
    println!(
        "resume: {} records, all but the last one settled",
        asked.records
    );
    let server = Server::start(asked.latency_ms)?;
    let mut command = importer(folder);
    command.extend(sending(&server, asked));
    let settled = folder.join("settled");
    let most = asked.records.saturating_sub(1).max(1);
    let mut first = command.clone();
    first.extend(["--limit".into(), most.to_string()]);
    measure(&with_folders(&first, &settled, folder, "before"))?;
    let yardsticks = yardsticks::reading(folder)?;
    let xsv = yardsticks.iter().find(|it| it.name == yardsticks::XSV);
    let (mut seconds, mut ratios) = (Vec::new(), Vec::new());
    for pair in 0..asked.pairs {
        let state = folder.join(format!("state-{pair}"));
        copy(&settled, &state)?;
        server.first_post()?;
        warm(folder)?;
        let name = format!("after-{pair}");
        let run = measure(&with_folders(&command, &state, folder, &name))?;
        let post = server.first_post()?.ok_or("the resumed run sent nothing")?;
        let until = post - run.started;
        seconds.push(until);
        if let Some(xsv) = xsv {
            warm(folder)?;
            ratios.push(until / measure(&xsv.command)?.seconds);
        }
        std::fs::remove_dir_all(&state)?;
    }
    println!(
        "first POST after {:.3} s (median of {})",
        median(seconds.iter().copied()),
        seconds.len()
    );
    if ratios.is_empty() {
        return Ok(None);
    }
    let ratio = median(ratios.iter().copied());
    println!("{}: {ratio:.2} times its time", yardsticks::XSV);
    Ok(Some(ratio))
}

/// How long `--version` takes, and a run of one record; in milliseconds.
pub(crate) fn start(asked: Asked) -> Result<(f64, f64), Failure> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    input::write(folder, 1, 0)?;
    let server = Server::start(asked.latency_ms)?;
    let mut one = importer(folder);
    one.extend(sending(&server, asked));
    let version = vec![PROGRAM.into(), "--version".into()];
    let (mut versions, mut ones) = (Vec::new(), Vec::new());
    for pair in 0..asked.pairs * STARTS {
        versions.push(measure(&version)?.seconds * 1e3);
        ones.push(fresh(folder, &one, pair)?.seconds * 1e3);
    }
    let found = (
        median(versions.iter().copied()),
        median(ones.iter().copied()),
    );
    println!(
        "start: --version {:.1} ms, a run of one record {:.1} ms (medians of {})",
        found.0,
        found.1,
        versions.len()
    );
    Ok(found)
}

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_importer");

pub(crate) fn faulty(asked: Asked) -> String {
    match asked.faulty {
        0 => String::new(),
        share => format!(", {share}% faulty or odd"),
    }
}

pub(crate) fn importer(folder: &Path) -> Vec<String> {
    vec![
        PROGRAM.into(),
        "run".into(),
        input::path(folder).display().to_string(),
        "-m".into(),
        input::mapping_path(folder).display().to_string(),
        "--no-progress".into(),
    ]
}

pub(crate) fn sending(server: &Server, asked: Asked) -> Vec<String> {
    let connections = asked.connections.to_string();
    let words = [
        "--base-url",
        &server.url(),
        "--yes",
        "--concurrency",
        &connections,
    ];
    words.map(str::to_owned).to_vec()
}

/// Runs the program with a journal and a report of its own, which go with it.
pub(crate) fn fresh(folder: &Path, command: &[String], pair: u64) -> Result<Measured, Failure> {
    let name = format!("reports-{pair}");
    let state = folder.join(format!("state-{pair}"));
    let measured = measure(&with_folders(command, &state, folder, &name))?;
    for made in [state, folder.join(name)] {
        if made.exists() {
            std::fs::remove_dir_all(made)?;
        }
    }
    Ok(measured)
}

pub(crate) fn with_folders(
    command: &[String],
    state: &Path,
    folder: &Path,
    reports: &str,
) -> Vec<String> {
    let mut command = command.to_vec();
    command.extend([
        "--state-dir".into(),
        state.display().to_string(),
        "--report-dir".into(),
        folder.join(reports).display().to_string(),
    ]);
    command
}

fn copy(from: &Path, to: &PathBuf) -> Result<(), Failure> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Reads the input. What was not read for some seconds may take several times as long to read, even
/// where it lies in memory (hosts of virtual machines look for memory that nobody uses): whoever
/// came first after a yardstick that takes long would pay for all.
fn warm(folder: &Path) -> Result<(), Failure> {
    std::io::copy(&mut File::open(input::path(folder))?, &mut std::io::sink())?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "KiB of a process are few")]
pub(crate) fn peak_mib(measured: &Measured) -> f64 {
    measured.peak_kib as f64 / 1024.0
}

/// Runs the program and each yardstick in turn, so that a slow minute slows both. Each of them
/// finds the input as warm as the others do.
fn compare(
    folder: &Path,
    asked: Asked,
    yardsticks: &[Yardstick],
    command: &[String],
) -> Result<Found, Failure> {
    let mut ours: Vec<Measured> = Vec::new();
    let mut theirs: Vec<(Vec<f64>, Vec<f64>)> = vec![Default::default(); yardsticks.len()];
    for pair in 0..asked.pairs {
        warm(folder)?;
        let measured = fresh(folder, command, pair)?;
        for (yardstick, (ratios, cpu)) in yardsticks.iter().zip(&mut theirs) {
            warm(folder)?;
            match measure(&yardstick.command) {
                Ok(its) => {
                    ratios.push(its.seconds / measured.seconds);
                    cpu.push(its.cpu_seconds);
                }
                Err(error) => println!("{}: left out: {error}", yardstick.name),
            }
        }
        ours.push(measured);
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no exact count")]
    let records = asked.records as f64;
    let mut found = Found {
        seconds: median(ours.iter().map(|it| it.seconds)),
        cpu_us: median(ours.iter().map(|it| it.cpu_seconds)) / records * 1e6,
        peak_mib: ours.iter().map(peak_mib).fold(0.0, f64::max),
        ratios: Vec::new(),
    };
    println!(
        "importer: {:.2} s, {:.0} records/s, {:.2} us of CPU a record, peak {:.1} MiB",
        found.seconds,
        records / found.seconds,
        found.cpu_us,
        found.peak_mib,
    );
    for (yardstick, (ratios, cpu)) in yardsticks.iter().zip(theirs) {
        if ratios.is_empty() {
            continue;
        }
        let ratio = median(ratios.iter().copied());
        println!(
            "{}: {ratio:.2} times as fast as it (median of {}); it took {:.2} us of CPU a record",
            yardstick.name,
            ratios.len(),
            median(cpu.into_iter()) / records * 1e6,
        );
        found.ratios.push((yardstick.name, ratio));
    }
    Ok(found)
}
