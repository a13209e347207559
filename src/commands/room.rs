//! Whether the process may open as many files and connections as a run needs.
//!
//! A run that meets the limit in its midst loses nothing, but says odd things: a server that
//! cannot be reached, a folder that cannot be read. So the limit is tried out before anything
//! is begun. The limit itself can be asked for only by unsafe code, which there is none of.

use super::Failure;
use crate::outcome::borrowed::of_io;
use crate::outcome::{ExitCode, both};

/// Files that a run has open beside its connections: streams, journal, locks, intermediate
/// results, report, signals, and what the look-up of a host's name takes.
const BESIDE_CONNECTIONS: usize = 32;

/// Makes sure that a command can work at all.
pub(super) fn for_a_command() -> Result<(), Failure> {
    open_at_once(BESIDE_CONNECTIONS)
}

/// Makes sure that a run may have so many requests in flight; `with_sandbox`: their other ends
/// are in this process too.
pub(super) fn for_a_run(concurrency: usize, with_sandbox: bool) -> Result<(), Failure> {
    let ends = if with_sandbox { 2 } else { 1 };
    open_at_once(BESIDE_CONNECTIONS + concurrency * ends)
}

fn open_at_once(wanted: usize) -> Result<(), Failure> {
    for_files(wanted).map_err(|error| Failure {
        code: ExitCode::Failure,
        text: both!([error = of_io(&error)] "this process may not open the {wanted} files and connections that are needed: {error}", "dieser Prozess darf die nötigen {wanted} Dateien und Verbindungen nicht öffnen: {error}"
        ),
        help: Some(both!("raise the limit of open files (`ulimit -n`) to at least {wanted}; each request \
                 less in flight (`--concurrency`) needs one less", "die Grenze für offene Dateien (`ulimit -n`) auf mindestens {wanted} erhöhen; jede Anfrage weniger zur gleichen Zeit (`--concurrency`) braucht eine weniger"
        )),
        rendered: None,
    })
}

/// Opens so many files and closes them again.
#[cfg(unix)]
fn for_files(wanted: usize) -> std::io::Result<()> {
    use std::os::fd::AsFd;
    let stderr = std::io::stderr();
    // All at once: they close when the vector goes.
    let mut files = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        files.push(stderr.as_fd().try_clone_to_owned()?);
    }
    Ok(())
}

/// There is no such limit.
#[cfg(not(unix))]
fn for_files(_wanted: usize) -> std::io::Result<()> {
    Ok(())
}
