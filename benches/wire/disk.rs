//! A run on a slow disk: `strace` holds each sync of the program back before the kernel gets it,
//! so that it takes so much longer than on this disk. Nothing in the program knows of it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::measure::{Measured, median};
use crate::rounds::{fresh, importer, sending};
use crate::server::Server;
use crate::{Asked, Failure, input};

/// How much longer each sync takes, in milliseconds.
const SYNC_MS: u64 = 10;
/// How long the server thinks, in milliseconds.
const LATENCIES_MS: [u64; 3] = [0, 5, 20];

/// Records enough that start and end, which sync as well, weigh little.
pub(crate) fn usual() -> Asked {
    Asked {
        pairs: 3,
        ..Asked::default()
    }
}

/// Records a second at each latency, in milliseconds; nothing where there is no `strace`.
pub(crate) fn disk(asked: Asked) -> Result<Vec<(u64, f64)>, Failure> {
    if !strace_is_there() {
        println!("disk: strace (5.3 or later) is not installed, left out");
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    input::write(folder, asked.records, asked.faulty)?;
    println!(
        "disk: {} records, {} connections, each sync {SYNC_MS} ms longer",
        asked.records, asked.connections
    );
    let mut rates = Vec::new();
    for latency_ms in LATENCIES_MS {
        let server = Server::start(latency_ms)?;
        let mut command = importer(folder);
        command.extend(sending(&server, asked));
        let calls = folder.join("syncs");
        let mut slowed = slowing(&calls);
        slowed.extend(command.iter().cloned());
        let (mut slow, mut quick, mut syncs) = (Vec::new(), Vec::new(), Vec::new());
        for pair in 0..asked.pairs {
            slow.push(fresh(folder, &slowed, pair)?);
            syncs.push(count_lines(&calls)?);
            quick.push(fresh(folder, &command, pair)?);
        }
        let (slow, quick) = (seconds(&slow), seconds(&quick));
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no exact count")]
        let rate = asked.records as f64 / slow;
        println!(
            "{latency_ms} ms latency: {slow:.2} s, {rate:.0} records/s, {:.0} syncs; on this disk \
             as it is {quick:.2} s",
            median(syncs.into_iter())
        );
        rates.push((latency_ms, rate));
    }
    Ok(rates)
}

/// What comes before the program's own words: each sync is held back, and listed in a file.
fn slowing(calls: &Path) -> Vec<String> {
    let inject = format!("inject=fsync,fdatasync:delay_enter={}", SYNC_MS * 1_000);
    let calls = calls.display().to_string();
    [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qqq",
        "-e",
        "trace=fsync,fdatasync",
        "-e",
        &inject,
        "-e",
        "signal=none",
        "-o",
        &calls,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Whether it may trace a program here: containers often forbid that.
fn strace_is_there() -> bool {
    Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn seconds(measured: &[Measured]) -> f64 {
    median(measured.iter().map(|it| it.seconds))
}

#[expect(clippy::cast_precision_loss, reason = "syncs of a run are few")]
fn count_lines(path: &Path) -> Result<f64, Failure> {
    let text = std::fs::read(path)?;
    Ok(text.iter().filter(|byte| **byte == b'\n').count() as f64)
}
