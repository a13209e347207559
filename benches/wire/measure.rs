//! How long a command takes, and what it costs.

use std::process::{Command, Stdio};
use std::time::Instant;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Failure;

/// What one run of a command took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// When it was started, in seconds since 1970.
    pub(crate) started: f64,
    /// From start to end, in seconds.
    pub(crate) seconds: f64,
    /// CPU time, in the program and for it in the kernel, in seconds.
    pub(crate) cpu_seconds: f64,
    /// Most memory at once, in KiB.
    pub(crate) peak_kib: i64,
}

/// Runs the command in a process that has no other child, so that the costs are its own. It may
/// end with 0, or with 3: some records of a faulty input were invalid.
pub(crate) fn measure(command: &[String]) -> Result<Measured, Failure> {
    let output = Command::new(std::env::current_exe()?)
        .arg("measure")
        .args(command)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{} failed", command.join(" ")).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The other side of [`measure`].
pub(crate) fn run_one(command: &[String]) -> Result<(), Failure> {
    let (program, words) = command.split_first().ok_or("no command")?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds of a bench are enough"
    )]
    let started = Timestamp::now().as_microsecond() as f64 / 1e6;
    let start = Instant::now();
    let output = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .output()?;
    let seconds = start.elapsed().as_secs_f64();
    if !matches!(output.status.code(), Some(0 | 3)) {
        return Err(format!(
            "{program}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    }
    let (cpu_seconds, peak_kib) = costs()?;
    let measured = Measured {
        started,
        seconds,
        cpu_seconds,
        peak_kib,
    };
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

/// CPU seconds of the children that have ended, and the most memory of one, in KiB.
#[cfg(unix)]
fn costs() -> Result<(f64, i64), Failure> {
    use nix::sys::resource::{UsageWho, getrusage};

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = |time: nix::sys::time::TimeVal| {
        #[expect(clippy::cast_precision_loss, reason = "seconds of a bench are few")]
        let seconds = time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        seconds
    };
    let cpu = time(usage.user_time()) + time(usage.system_time());
    Ok((cpu, usage.max_rss()))
}

#[cfg(not(unix))]
fn costs() -> Result<(f64, i64), Failure> {
    Err("what a process costs is read from Unix only".into())
}

/// The middle one.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
