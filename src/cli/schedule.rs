//! The options of `schedule`. They are typed each time: what a job does is in the jobs file.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::words::{Word, read};
use crate::outcome::{Bilingual, both};

const AFTER: &str = "\
Examples:
  importer schedule jobs.toml --check
  importer schedule jobs.toml --list
  importer schedule jobs.toml --once shop --metrics-file /var/lib/node_exporter/importer.prom
  importer schedule jobs.toml --listen 9187

`--once` is for cron, systemd, Windows Task Scheduler and Kubernetes: it locks, archives, calls
hooks and counts like the jobs that run at their times, and ends with the job's code. What a jobs
file can say is told in docs/operations.md.";

/// Where `/health` and `/metrics` are served: an address with a port, or a port alone, which is
/// on the loopback address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddress(pub SocketAddr);

impl Word for ListenAddress {
    fn read(text: &str) -> Result<Self, Bilingual> {
        if let Ok(port) = text.parse::<u16>() {
            return Ok(Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)));
        }
        text.parse().map(Self).map_err(|_| {
            both!(
                "`{text}` is no address; write a port like 9187, or 0.0.0.0:9187 for all networks",
                "`{text}` ist keine Adresse; einen Port wie 9187 schreiben, oder 0.0.0.0:9187 für \
                 alle Netze"
            )
        })
    }
}

/// `schedule`.
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER, group(ArgGroup::new("instead").args(["once", "list", "check"])))]
pub struct ScheduleArgs {
    /// File with the jobs
    #[arg(value_name = "JOBS.toml", value_parser = read::<PathBuf>)]
    pub jobs: PathBuf,
    /// Run this job now, then end with its code
    #[arg(long, value_name = "JOB")]
    pub once: Option<String>,
    /// List the jobs with their next times
    #[arg(long)]
    pub list: bool,
    /// Check the file, and settings, mapping, hooks and archives of each job; run nothing
    #[arg(long)]
    pub check: bool,
    /// Keep this file up to date with the metrics, as Prometheus' textfile collector reads them
    #[arg(long, value_name = "FILE", value_parser = read::<PathBuf>, conflicts_with_all = ["list", "check"])]
    pub metrics_file: Option<PathBuf>,
    /// Serve /health and /metrics there; a port alone: on the loopback address
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = read::<ListenAddress>, conflicts_with = "instead")]
    pub listen: Option<ListenAddress>,
}
