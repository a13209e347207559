//! What the journal costs: the entries of a run, in batches as delivery commits them, into a
//! journal on this machine's disk.
//!
//! ```text
//! cargo bench --bench journal -- [--records N] [--batch N] [--body N] [--folder FOLDER]
//! ```
//!
//! Each batch carries the outcomes of the batch before and the next intents. Printed are CPU
//! time, time and bytes for a record (its intent and its outcome), then what the next command
//! pays: opening the journal, and finding out which records are settled.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use wawi_importer::journal::{Entry, Hashes, Intent, Journal, NewRun};
use wawi_importer::outcome::{Ending, How, Outcome, Settled, Submission};
use wawi_importer::record::Position;

/// What a bench may fail with.
type Failure = Box<dyn Error>;

const TARGET: &str = "shop";
const RUN: &str = "run-1";

/// What is asked for.
struct Asked {
    records: u64,
    /// Intents of a commit.
    batch: u64,
    /// Bytes of a request body.
    body: usize,
    /// Where the state folder is made; the system's temporary folder may be in memory.
    folder: PathBuf,
}

impl Asked {
    fn read(words: &[String]) -> Result<Self, Failure> {
        let mut asked = Self {
            records: 100_000,
            batch: 128,
            body: 900,
            folder: PathBuf::from("."),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--records" => asked.records = value()?.parse()?,
                "--batch" => asked.batch = value()?.parse::<u64>()?.max(1),
                "--body" => asked.body = value()?.parse()?,
                "--folder" => asked.folder = PathBuf::from(value()?),
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
    let asked = Asked::read(&words)?;
    let folder = tempfile::tempdir_in(&asked.folder)?;
    write(&asked, folder.path())?;
    read(&asked, folder.path())
}

/// A run from its first intent to its last outcome.
fn write(asked: &Asked, folder: &Path) -> Result<(), Failure> {
    let mut journal = Journal::open(folder)?;
    journal.begin(&new_run())?;
    let hashes = journal.hashes();
    let (start, before) = (Instant::now(), cpu()?);
    let mut making = Duration::ZERO;
    let mut in_flight: Vec<Submission> = Vec::new();
    let mut record = 0;
    while record < asked.records || !in_flight.is_empty() {
        let made = cpu()?;
        let next: Vec<Submission> = (record + 1..=asked.records.min(record + asked.batch))
            .map(|record| submission(&hashes, record, asked.body))
            .collect();
        record += next.len() as u64;
        let at = Timestamp::now();
        let mut entries: Vec<Entry> = in_flight.drain(..).map(|sent| settled(sent, at)).collect();
        entries.extend(next.iter().cloned().map(|submission| {
            Entry::Intent(Intent {
                submission,
                attempt: 1,
                absent_before: true,
                at,
            })
        }));
        making += cpu()?.saturating_sub(made);
        journal.commit(RUN, &entries)?;
        in_flight = next;
    }
    let sending = cpu()?.saturating_sub(before).saturating_sub(making);
    println!(
        "{} records, {} a batch: {:.2} us of CPU a record, {:.2} us of time",
        asked.records,
        asked.batch,
        micros(sending, asked.records),
        micros(start.elapsed().saturating_sub(making), asked.records),
    );
    let (start, before) = (Instant::now(), cpu()?);
    journal.finish(RUN, &Ending::Interrupted, 75, Timestamp::now())?;
    journal.close()?;
    println!(
        "ending the run: {:.2} us of CPU a record, {:.0} ms",
        micros(cpu()?.saturating_sub(before), asked.records),
        start.elapsed().as_secs_f64() * 1e3,
    );
    let length = std::fs::metadata(folder.join("journal.db"))?.len();
    println!("the file: {} bytes a record", length / asked.records.max(1));
    Ok(())
}

/// What the next command finds out first.
fn read(asked: &Asked, folder: &Path) -> Result<(), Failure> {
    let watch = Watch::start()?;
    let mut journal = Journal::open(folder)?;
    watch.tell("opening")?;
    let watch = Watch::start()?;
    let mut settled = 0_u64;
    journal.each_settled(RUN, &mut |_| settled += 1)?;
    watch.tell("the settled records")?;
    if settled != asked.records {
        return Err("not every record is settled".into());
    }
    let watch = Watch::start()?;
    journal.guard(TARGET, None, None, 1)?;
    watch.tell("the first look of a later run at the guard")?;
    journal.close()?;
    Ok(())
}

/// Takes the time of one thing.
struct Watch {
    start: Instant,
    cpu: Duration,
}

impl Watch {
    fn start() -> Result<Self, Failure> {
        Ok(Self {
            start: Instant::now(),
            cpu: cpu()?,
        })
    }

    fn tell(&self, what: &str) -> Result<(), Failure> {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{what}: {:.0} ms, {:.0} ms of CPU",
            millis(self.start.elapsed()),
            millis(cpu()?.saturating_sub(self.cpu)),
        );
        Ok(())
    }
}

fn new_run() -> NewRun {
    NewRun {
        id: RUN.to_owned(),
        target: TARGET.to_owned(),
        source_hash: [1; 32],
        plan_hash: [2; 32],
        input: "customers.csv".to_owned(),
        input_path: None,
        mapping: "map.toml".to_owned(),
        mapping_text: "[customer]\n".to_owned(),
        source_options: "{}".to_owned(),
        options: "{}".to_owned(),
        version: "0.1.0".to_owned(),
        started: Timestamp::now(),
        linked_to: None,
    }
}

fn submission(hashes: &Hashes, record: u64, length: usize) -> Submission {
    let key = format!("kd-{record:07}");
    let mut body = format!("{{\"Number\":\"{key}\",\"Text\":\"").into_bytes();
    body.resize(length.max(body.len() + 2) - 2, b'x');
    body.extend(b"\"}");
    Submission {
        position: Position {
            record,
            line: record + 1,
        },
        key_hash: Some(hashes.key(TARGET, &key)),
        key: Some(key),
        payload: hashes.payload(&body),
        body: Arc::from(body),
    }
}

fn settled(submission: Submission, at: Timestamp) -> Entry {
    let record = submission.position.record;
    Entry::Settled(Settled {
        position: submission.position,
        key_hash: submission.key_hash,
        payload: Some(submission.payload),
        outcome: Outcome::Created {
            id: i64::try_from(record).ok(),
            number: submission.key,
            attempts: 1,
            how: How::Posted,
        },
        at,
    })
}

/// CPU time of this process, in the kernel too.
#[cfg(unix)]
fn cpu() -> Result<Duration, Failure> {
    use nix::sys::resource::{UsageWho, getrusage};

    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let time = |time: nix::sys::time::TimeVal| {
        let seconds = u64::try_from(time.tv_sec()).unwrap_or_default();
        let micros = u64::try_from(time.tv_usec()).unwrap_or_default();
        Duration::from_secs(seconds) + Duration::from_micros(micros)
    };
    Ok(time(usage.user_time()) + time(usage.system_time()))
}

#[cfg(not(unix))]
fn cpu() -> Result<Duration, Failure> {
    Err("what a process costs is read from Unix only".into())
}

#[expect(clippy::cast_precision_loss, reason = "records of a bench are few")]
fn micros(time: Duration, records: u64) -> f64 {
    time.as_secs_f64() * 1e6 / records.max(1) as f64
}
