//! The journal, and the disk that it and the reports are written to.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Doctor;
use crate::exit;
use crate::import::ImportError;
use crate::journal::{Journal, JournalError};
use crate::outcome::{ExitCode, Finding};
use crate::settings::DoctorChoice;

/// With less room than this no run should begin, in bytes.
const ROOM_AT_LEAST: u64 = 64 << 20;
/// With less room than this a large run may not end, in bytes.
const ROOM_FOR_COMFORT: u64 = 1 << 30;
/// What a record needs on the disk, in bytes. Journal and report of 10,000 sample customers, all
/// of them created, took 270 each; the log, sorted keys and the rows of failed records come on
/// top, so four times that.
const BYTES_A_RECORD: u64 = 1024;
/// Bytes that a sync is tried with: about what a commit of a few records writes.
const SYNCED: [u8; 4096] = [0; 4096];
/// Syncs that are tried.
const SYNCS: usize = 5;
/// A commit that takes longer than this slows a run down noticeably.
const SYNC_AT_MOST: Duration = Duration::from_millis(50);

pub(super) fn look(choice: &DoctorChoice, doctor: &mut Doctor<'_>) {
    doctor.tell(&journal(&choice.state_dir));
    let state = nearest(&choice.state_dir);
    let reports = nearest(&choice.report_dir);
    doctor.tell(&room(&state));
    if let (Ok(one), Ok(other)) = (available(&state), available(&reports))
        && one != other
    {
        doctor.tell(&room(&reports));
    }
    doctor.tell(&writable(
        "state_dir",
        "state folder",
        "--state-dir",
        &choice.state_dir,
    ));
    doctor.tell(&writable(
        "report_dir",
        "report folder",
        "--report-dir",
        &choice.report_dir,
    ));
}

fn journal(folder: &Path) -> Finding {
    const CHECK: &str = "journal";
    match read_journal(folder) {
        Ok(None) => Finding::ok(
            CHECK,
            format!(
                "there is none yet in {}: the first run makes it",
                folder.display()
            ),
        ),
        Ok(Some(facts)) if facts.unknown > 0 => Finding::warning(
            CHECK,
            facts.told(),
            "`importer reconcile` looks up what is unknown",
        )
        .with(facts.value()),
        Ok(Some(facts)) => Finding::ok(CHECK, facts.told()).with(facts.value()),
        Err(error) => {
            let help = error.help().map(|it| it.english);
            let text = super::chain(&error);
            let code = exit::of_import(&ImportError::Journal(error));
            Finding::failed(CHECK, code, text, help)
        }
    }
}

/// What the journal holds.
struct Facts {
    path: PathBuf,
    bytes: u64,
    runs: usize,
    open: usize,
    unknown: u64,
}

impl Facts {
    fn told(&self) -> String {
        format!(
            "{} is whole, {}; runs: {}, unfinished: {}, unknown records: {}",
            self.path.display(),
            size(self.bytes),
            self.runs,
            self.open,
            self.unknown
        )
    }

    fn value(&self) -> serde_json::Value {
        serde_json::json!({
            "bytes": self.bytes,
            "runs": self.runs,
            "unfinished": self.open,
            "unknown": self.unknown,
        })
    }
}

/// SQLite looks over the whole file when it is opened.
fn read_journal(folder: &Path) -> Result<Option<Facts>, JournalError> {
    let Some(journal) = Journal::open_existing(folder)? else {
        return Ok(None);
    };
    let rows = journal.runs()?;
    let path = folder.join("journal.db");
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    Ok(Some(Facts {
        bytes: length(&path) + length(&folder.join("journal.db-wal")),
        path,
        runs: rows.len(),
        open: rows.iter().filter(|row| row.is_unfinished()).count(),
        unknown: rows.iter().map(|row| row.counts.unknown).sum(),
    }))
}

/// The folder, or what it would be made in.
fn nearest(folder: &Path) -> PathBuf {
    let there = folder.ancestors().find(|folder| folder.is_dir());
    match there {
        Some(there) if !there.as_os_str().is_empty() => there.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Bytes that this user may still write. File systems that are no disks tell of none at all.
fn available(folder: &Path) -> std::io::Result<u64> {
    match fs4::total_space(folder)? {
        0 => Err(std::io::ErrorKind::Unsupported.into()),
        _ => fs4::available_space(folder),
    }
}

fn room(folder: &Path) -> Finding {
    const CHECK: &str = "disk";
    let free = match available(folder) {
        Ok(free) => free,
        Err(error) => {
            let why = format!(
                "the room on the disk of {} is not told: {error}",
                folder.display()
            );
            return Finding::not_checked(CHECK, why);
        }
    };
    let text = format!(
        "{} are free for {}, enough for about {} records",
        size(free),
        folder.display(),
        count(free / BYTES_A_RECORD)
    );
    let remedy = "make room, or choose another disk with --state-dir and --report-dir";
    let finding = if free < ROOM_AT_LEAST {
        Finding::failed(CHECK, ExitCode::Failure, text, Some(remedy.to_owned()))
    } else if free < ROOM_FOR_COMFORT {
        Finding::warning(CHECK, text, remedy)
    } else {
        Finding::ok(CHECK, text)
    };
    finding.with(free)
}

/// Whether files can be made in the folder, and how long it takes until they are safe. The file
/// has no name, so that nothing is left whatever happens.
fn writable(check: &'static str, what: &str, option: &str, folder: &Path) -> Finding {
    let place = nearest(folder);
    let refused = |error: &std::io::Error| {
        Finding::failed(
            check,
            ExitCode::Unusable,
            format!(
                "the {what} {} cannot be written to: {error}",
                folder.display()
            ),
            Some(format!(
                "give the user that runs importer the right to write there, or choose another \
                 folder with {option}"
            )),
        )
    };
    // Something that is no folder may stand where it should be made.
    let mut there = folder.ancestors();
    let there = there.find(|path| std::fs::symlink_metadata(path).is_ok());
    if there.is_some_and(|there| !there.is_dir()) {
        return refused(&std::io::ErrorKind::NotADirectory.into());
    }
    let time = match tempfile::tempfile_in(&place).and_then(|mut file| sync_time(&mut file)) {
        Ok(time) => time,
        Err(error) => return refused(&error),
    };
    let milliseconds = time.as_secs_f64() * 1000.0;
    let is_there = if place == folder {
        ""
    } else {
        "is not there yet and can be made; it "
    };
    let text = format!(
        "the {what} {} {is_there}can be written to; a sync takes {milliseconds:.1} ms",
        folder.display()
    );
    let finding = if time > SYNC_AT_MOST {
        Finding::warning(
            check,
            text,
            format!("a folder on a local disk is faster: {option}"),
        )
    } else {
        Finding::ok(check, text)
    };
    finding.with(milliseconds)
}

/// The median of a few small durable writes.
fn sync_time(file: &mut std::fs::File) -> std::io::Result<Duration> {
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all(&SYNCED)?;
        file.sync_all()?;
        times.push(begun.elapsed());
    }
    Ok(super::server::median(times))
}

/// `12.3 GiB`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let mut size = bytes as f64 / 1024.0;
    let mut units = UNITS.into_iter().peekable();
    while size >= 1024.0 && units.len() > 1 {
        size /= 1024.0;
        units.next();
    }
    format!("{size:.1} {}", units.next().unwrap_or_default())
}

/// A number of records, rounded so that nobody takes it for exact.
fn count(number: u64) -> String {
    match number {
        0..=9_999 => number.to_string(),
        10_000..=1_999_999 => format!("{},000", number / 1000),
        _ => format!("{} million", number / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_are_easy_to_read() {
        for (bytes, text) in [
            (0, "0.0 KiB"),
            (1536, "1.5 KiB"),
            (1 << 20, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (3 << 50, "3072.0 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        for (number, text) in [
            (7, "7"),
            (45_678, "45,000"),
            (1_234_567, "1234,000"),
            (7_654_321, "7 million"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_looked_at_where_it_would_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        let finding = writable("state_dir", "state folder", "--state-dir", &deep);
        assert_eq!(finding.exit_code, ExitCode::Fine, "{}", finding.text);
        assert!(finding.text.contains("can be made"), "{}", finding.text);
        assert!(!folder.path().join("a").exists());
        std::fs::write(folder.path().join("file"), "mine").unwrap();
        for wrong in ["file", "file/below"] {
            let wrong = folder.path().join(wrong);
            let finding = writable("report_dir", "report folder", "--report-dir", &wrong);
            assert_eq!(finding.exit_code, ExitCode::Unusable, "{}", finding.text);
        }
    }
}
