//! How cost grows with the input: a million records and ten million; and what a million records
//! cost of which each one has its row among the failures.

use std::path::{Path, PathBuf};

use crate::measure::{Measured, measure};
use crate::rounds::{importer, peak_mib, sending, with_folders};
use crate::server::{Answering, Server};
use crate::{Asked, Failure, input};

/// A million records: in the second part each of them is wrong, ten times as many are sent.
pub(crate) fn usual() -> Asked {
    Asked {
        records: 1_000_000,
        ..Asked::default()
    }
}

/// What a run cost, and what it left.
struct Cost {
    measured: Measured,
    /// After reading and sending: the report, and the end.
    rest_seconds: f64,
    /// Of the journal, in bytes.
    journal: u64,
    /// Of the report's files, in bytes.
    report: u64,
}

/// Measures both.
pub(crate) fn grow(asked: Asked) -> Result<(), Failure> {
    for records in [asked.records, asked.records * 10] {
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        input::write(folder, records, asked.faulty)?;
        let server = Server::start(asked.latency_ms)?;
        once(folder, "dry run", records, &["--dry-run"], None)?;
        once(folder, "run", records, &[], Some((&server, asked)))?;
    }
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    input::write(folder, asked.records, 0)?;
    let server = Server::answering(asked.latency_ms, Answering::Refused)?;
    let all = ["--max-failures", "100%"];
    let what = "run, all refused";
    once(folder, what, asked.records, &all, Some((&server, asked)))?;
    input::mistake_groups(folder)?;
    let what = "dry run, all invalid";
    once(folder, what, asked.records, &["--dry-run"], None)?;
    let all = ["--max-invalid", "100%"];
    let what = "run, all invalid";
    once(folder, what, asked.records, &all, Some((&server, asked)))
}

/// Runs the program once and tells what that cost.
fn once(
    folder: &Path,
    what: &str,
    records: u64,
    words: &[&str],
    to: Option<(&Server, Asked)>,
) -> Result<(), Failure> {
    let mut command = importer(folder);
    command.extend(words.iter().map(|&word| word.to_owned()));
    if let Some((server, asked)) = to {
        command.extend(sending(server, asked));
    }
    let (state, reports) = (folder.join("state"), folder.join("reports"));
    let measured = measure(&with_folders(&command, &state, folder, "reports"))?;
    let (report, summary) = report(&reports)?;
    let known = |name: &str| summary.get(name).and_then(serde_json::Value::as_f64);
    let known = known("reading_seconds").zip(known("sending_seconds"));
    let (reading, sending) = known.ok_or("the summary tells no times")?;
    let cost = Cost {
        rest_seconds: measured.seconds - reading - sending,
        journal: length(&state.join("journal.db"))?,
        report,
        measured,
    };
    tell(what, records, &cost);
    for made in [state, reports] {
        if made.exists() {
            std::fs::remove_dir_all(made)?;
        }
    }
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a bench needs no exact number of bytes"
)]
fn tell(what: &str, records: u64, cost: &Cost) {
    let Cost { measured, .. } = cost;
    let many = records as f64;
    println!(
        "{what}, {records} records: {:.1} s, {:.2} us of CPU a record, peak {:.1} MiB; report and \
         end {:.1} s; journal {:.0} and report {:.0} bytes a record",
        measured.seconds,
        measured.cpu_seconds * 1e6 / many,
        peak_mib(measured),
        cost.rest_seconds,
        cost.journal as f64 / many,
        cost.report as f64 / many,
    );
}

/// The bytes of the only report in `folder`, and its summary.
fn report(folder: &Path) -> Result<(u64, serde_json::Value), Failure> {
    let run = std::fs::read_dir(folder)?.next().ok_or("no report")??;
    let mut bytes = 0;
    for entry in std::fs::read_dir(run.path())? {
        bytes += entry?.metadata()?.len();
    }
    let summary = std::fs::read(run.path().join("summary.json"))?;
    Ok((bytes, serde_json::from_slice(&summary)?))
}

/// Of a file; 0 if there is none.
fn length(path: &PathBuf) -> Result<u64, Failure> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error.into()),
    }
}
