//! The journal, and the disk that it and the reports are written to.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Doctor, told};
use crate::exit;
use crate::import::ImportError;
use crate::journal::{Journal, JournalError};
use crate::outcome::borrowed::of_io;
use crate::outcome::telling::{tenths, thousands_in};
use crate::outcome::{Bilingual, ExitCode, Finding, Language, both};
use crate::schedule::is_elsewhere;
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
    if is_elsewhere(&state, &reports) {
        doctor.tell(&room(&reports));
    }
    doctor.tell(&writable(
        "state_dir",
        &both!("state folder", "Statusordner"),
        "--state-dir",
        &choice.state_dir,
    ));
    doctor.tell(&writable(
        "report_dir",
        &both!("report folder", "Berichtsordner"),
        "--report-dir",
        &choice.report_dir,
    ));
}

fn journal(folder: &Path) -> Finding {
    const CHECK: &str = "journal";
    match read_journal(folder) {
        Ok(None) => Finding::ok(
            CHECK,
            both!(
                "there is none yet in {folder}: the first run makes it",
                "in {folder} gibt es noch keines: der erste Lauf legt es an",
                folder = folder.display()
            ),
        ),
        Ok(Some(facts)) if facts.unknown > 0 => Finding::warning(
            CHECK,
            facts.told(),
            both!(
                "`importer reconcile` looks up what is unknown",
                "`importer reconcile` sieht nach, was unbekannt ist"
            ),
        )
        .with(facts.value()),
        Ok(Some(facts)) => Finding::ok(CHECK, facts.told()).with(facts.value()),
        Err(error) => {
            let help = error.help();
            let text = told(&error, Some(error.in_german()));
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
    fn told(&self) -> Bilingual {
        let Self {
            runs,
            open,
            unknown,
            ..
        } = self;
        let path = self.path.display();
        both!([size = size(self.bytes)]
            "{path} is whole, {size}; runs: {runs}, unfinished: {open}, unknown records: {unknown}",
            "{path} ist unbeschädigt, {size}; Läufe: {runs}, unfertig: {open}, unbekannte Datensätze: {unknown}"
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
            let why = both!([error = of_io(&error)]
                "the room on the disk of {folder} is not told: {error}",
                "wie viel auf der Platte von {folder} frei ist, ist nicht zu erfahren: {error}",
                folder = folder.display()
            );
            return Finding::not_checked(CHECK, why);
        }
    };
    let folder = folder.display();
    let text = both!([size = size(free), count = count(free / BYTES_A_RECORD)]
        "{size} are free for {folder}, enough for about {count} records",
        "{size} sind für {folder} frei, genug für etwa {count} Datensätze"
    );
    let remedy = both!(
        "make room, or choose another disk with --state-dir and --report-dir",
        "Platz schaffen, oder mit --state-dir und --report-dir eine andere Platte wählen"
    );
    let finding = if free < ROOM_AT_LEAST {
        Finding::failed(CHECK, ExitCode::Failure, text, Some(remedy))
    } else if free < ROOM_FOR_COMFORT {
        Finding::warning(CHECK, text, remedy)
    } else {
        Finding::ok(CHECK, text)
    };
    finding.with(free)
}

/// Whether files can be made in the folder, and how long it takes until they are safe. The file
/// has no name, so that nothing is left whatever happens.
fn writable(check: &'static str, what: &Bilingual, option: &str, folder: &Path) -> Finding {
    let place = nearest(folder);
    let shown = folder.display();
    let refused = |error: &std::io::Error| {
        Finding::failed(
            check,
            ExitCode::Unusable,
            both!([what, error = of_io(error)]
                "the {what} {shown} cannot be written to: {error}",
                "der {what} {shown} ist nicht beschreibbar: {error}"
            ),
            Some(both!(
                "give the user that runs importer the right to write there, or choose another \
                 folder with {option}",
                "dem Benutzer, unter dem importer läuft, dort das Recht zum Schreiben geben, oder \
                 mit {option} einen anderen Ordner wählen"
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
    let taken = Bilingual::of(|language| tenths(milliseconds, language));
    let text = if place == folder {
        both!([what, taken]
            "the {what} {shown} can be written to; a sync takes {taken} ms",
            "der {what} {shown} ist beschreibbar; ein Sync dauert {taken} ms"
        )
    } else {
        both!([what, taken]
            "the {what} {shown} is not there yet and can be made; it can be written to; a sync \
             takes {taken} ms",
            "den {what} {shown} gibt es noch nicht, er lässt sich aber anlegen und beschreiben; \
             ein Sync dauert {taken} ms"
        )
    };
    let finding = if time > SYNC_AT_MOST {
        Finding::warning(
            check,
            text,
            both!(
                "a folder on a local disk is faster: {option}",
                "ein Ordner auf einer lokalen Platte ist schneller: {option}"
            ),
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
    Ok(super::answers::median(times))
}

/// `12.3 GiB`.
fn size(bytes: u64) -> Bilingual {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let mut size = bytes as f64 / 1024.0;
    let mut units = UNITS.into_iter().peekable();
    while size >= 1024.0 && units.len() > 1 {
        size /= 1024.0;
        units.next();
    }
    let unit = units.next().unwrap_or_default();
    Bilingual::of(|language| format!("{} {unit}", tenths(size, language)))
}

/// A number of records, rounded so that nobody takes it for exact.
fn count(number: u64) -> Bilingual {
    match number {
        0..=9_999 => Bilingual::same(number.to_string()),
        10_000..=1_999_999 => {
            let thousands = number / 1000;
            Bilingual {
                english: format!("{thousands},000"),
                german: thousands_in(thousands * 1000, Language::German),
            }
        }
        _ => {
            let millions = number / 1_000_000;
            both!("{millions} million", "{millions} Millionen")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_are_easy_to_read() {
        for (bytes, english, german) in [
            (0, "0.0 KiB", "0,0 KiB"),
            (1536, "1.5 KiB", "1,5 KiB"),
            (1 << 20, "1.0 MiB", "1,0 MiB"),
            (5 << 30, "5.0 GiB", "5,0 GiB"),
            (3 << 50, "3,072.0 TiB", "3.072,0 TiB"),
        ] {
            let size = size(bytes);
            assert_eq!(
                (size.english.as_str(), size.german.as_str()),
                (english, german)
            );
        }
        for (number, english, german) in [
            (7, "7", "7"),
            (45_678, "45,000", "45.000"),
            (1_234_567, "1234,000", "1.234.000"),
            (7_654_321, "7 million", "7 Millionen"),
        ] {
            let count = count(number);
            assert_eq!(
                (count.english.as_str(), count.german.as_str()),
                (english, german)
            );
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_looked_at_where_it_would_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        let what = Bilingual::same("folder");
        let finding = writable("state_dir", &what, "--state-dir", &deep);
        assert_eq!(finding.exit_code, ExitCode::Fine, "{finding:?}");
        assert!(finding.text.english.contains("can be made"), "{finding:?}");
        assert!(!folder.path().join("a").exists());
        std::fs::write(folder.path().join("file"), "mine").unwrap();
        for wrong in ["file", "file/below"] {
            let wrong = folder.path().join(wrong);
            let finding = writable("report_dir", &what, "--report-dir", &wrong);
            assert_eq!(finding.exit_code, ExitCode::Unusable, "{finding:?}");
        }
    }
}
