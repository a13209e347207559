//! What can go wrong with the journal, and what a person does about it.
//!
//! Nothing here carries a customer's value: paths, counts and SQLite's own words only.

use std::io;
use std::path::PathBuf;

use crate::outcome::borrowed::{of_io, of_sqlite};
use crate::outcome::{Bilingual, both};
use rusqlite::ErrorCode;

/// Trouble with the journal or with a lock in the state folder. It stops the run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A file or folder could not be used.
    #[error("{doing} {}: {}", path.display(), of_io(source).english)]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as in "cannot create".
        doing: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// Something that is no folder stands where the state folder should be.
    #[error("the state folder {} is a file, not a folder", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// The journal is there, but it cannot be trusted. It is left exactly as it was found.
    #[error("the journal {} is damaged: {}", path.display(), why.english)]
    Damaged {
        /// The journal's file, or the one beside it that is damaged.
        path: PathBuf,
        /// What is wrong with it.
        why: Bilingual,
    },
    /// A later version of the program wrote it.
    #[error(
        "the journal {} has format {found}; this version of importer knows formats up to {known}",
        path.display()
    )]
    Newer {
        /// The journal's file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The latest format that is known here.
        known: i64,
    },
    /// The file is a database of another program.
    #[error("{} is a database, but not a journal of importer", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The file is a symbolic link, which could lead a write elsewhere.
    #[error("{} is a symbolic link", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A folder, or something else that is no file, stands where a file of the journal should
    /// be.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// What stands there.
        path: PathBuf,
    },
    /// What was forgotten is out of the journal's file, but another process that reads the
    /// journal keeps earlier versions of it in the log.
    #[error(
        "everything is deleted, but another process reads the journal {}, whose log keeps it so long",
        path.display()
    )]
    StillRead {
        /// The journal's file.
        path: PathBuf,
    },
    /// Another process kept the journal locked for longer than is waited.
    #[error("the journal {} is in use: another process did not let go of it in time", path.display())]
    Busy {
        /// The journal's file.
        path: PathBuf,
    },
    /// Another run works on the same target with the same state folder.
    #[error("another run into the same target is at work: {by}")]
    Held {
        /// What the holder wrote about itself.
        by: String,
    },
    /// SQLite or the disk failed.
    #[error("{doing} the journal {}: {}", path.display(), of_sqlite(&answer.to_string()).english)]
    Sql {
        /// The journal's file.
        path: PathBuf,
        /// What was tried, as in "cannot write to".
        doing: &'static str,
        /// SQLite's answer, which is told as a whole: its causes are the same with a number.
        answer: rusqlite::Error,
    },
    /// A write failed before; what the disk holds now is known only after opening it again.
    #[error("the journal takes no more entries because an earlier write failed")]
    Poisoned,
    /// There is no such run.
    #[error("the journal knows no run `{run}`")]
    NoSuchRun {
        /// The id that was asked for.
        run: String,
    },
    /// Several runs have ids that begin like this.
    #[error("`{given}` fits several runs, among them {first} and {second}")]
    AmbiguousRun {
        /// The beginning that was asked for.
        given: String,
        /// The newest run that fits.
        first: String,
        /// The one before it.
        second: String,
    },
    /// The system gave no random bytes for the journal's secret.
    #[error("the system gives no random bytes for the journal's secret: {0}")]
    NoRandom(getrandom::Error),
}

/// What the holder of a lock wrote about itself, in German.
#[must_use]
pub fn holder_in_german(by: &str) -> String {
    let told = by.strip_prefix("process ");
    match told.and_then(|told| told.rsplit_once(", since ")) {
        Some((who, when)) => format!("Prozess {who}, seit {when}"),
        None => by.to_owned(),
    }
}

impl JournalError {
    /// What is wrong, in German.
    #[must_use]
    pub fn in_german(&self) -> String {
        match self {
            Self::Io { path, source, .. } => format!(
                "{} ist nicht zu benutzen: {}",
                path.display(),
                of_io(source).german
            ),
            Self::NotAFolder { path } => {
                format!(
                    "der Statusordner {} ist eine Datei, kein Ordner",
                    path.display()
                )
            }
            Self::Damaged { path, why } => {
                format!(
                    "das Journal {} ist beschädigt: {}",
                    path.display(),
                    why.german
                )
            }
            Self::Newer { path, found, known } => format!(
                "das Journal {} hat das Format {found}; diese Version von importer kennt die \
                 Formate bis {known}",
                path.display()
            ),
            Self::NotOurs { path } => format!(
                "{} ist eine Datenbank, aber kein Journal von importer",
                path.display()
            ),
            Self::Link { path } => format!("{} ist eine symbolische Verknüpfung", path.display()),
            Self::NotAFile { path } => format!("{} ist keine Datei", path.display()),
            Self::StillRead { path } => format!(
                "alles ist gelöscht, aber ein anderer Prozess liest das Journal {}, und so lange \
                 behält dessen Log es noch",
                path.display()
            ),
            Self::Busy { path } => format!(
                "das Journal {} ist in Gebrauch: ein anderer Prozess gab es nicht rechtzeitig frei",
                path.display()
            ),
            Self::Held { by } => format!(
                "ein anderer Lauf in dasselbe Ziel ist am Werk: {}",
                holder_in_german(by)
            ),
            Self::Sql { path, answer, .. } => format!(
                "mit dem Journal {} ging etwas schief: {}",
                path.display(),
                of_sqlite(&answer.to_string()).german
            ),
            Self::Poisoned => "das Journal nimmt keine Einträge mehr an, denn ein früherer \
                               Schreibvorgang scheiterte"
                .to_owned(),
            Self::NoSuchRun { run } => format!("das Journal kennt keinen Lauf `{run}`"),
            Self::AmbiguousRun {
                given,
                first,
                second,
            } => format!("`{given}` passt zu mehreren Läufen, darunter {first} und {second}"),
            Self::NoRandom(error) => {
                format!(
                    "das System gibt keine Zufallsbytes für das Geheimnis des Journals: {error}"
                )
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<Bilingual> {
        let text = match self {
            Self::Damaged { .. } => {
                both!(
                    "restore the journal with its `-wal` file from a backup; without one go on with a \
                 new --state-dir and --existing skip: then the ERP is asked which customers are \
                 there",
                    "das Journal mit seiner `-wal`-Datei aus einer Sicherung wiederherstellen; ohne eine mit neuem --state-dir und --existing skip weitermachen: dann wird die Wawi gefragt, welche Kunden da sind"
                )
            }
            Self::Newer { .. } => both!(
                "install the version of importer that was used last",
                "die Version von importer installieren, die zuletzt benutzt wurde"
            ),
            Self::NotOurs { .. } | Self::Link { .. } | Self::NotAFolder { .. } => {
                both!(
                    "choose another state folder with --state-dir",
                    "mit --state-dir einen anderen Statusordner wählen"
                )
            }
            Self::NotAFile { .. } => {
                both!(
                    "move it away, or choose another state folder with --state-dir",
                    "es verschieben, oder mit --state-dir einen anderen Statusordner wählen"
                )
            }
            Self::StillRead { .. } => {
                both!(
                    "end that process (a query in the sqlite3 shell?), then give the same command again",
                    "diesen Prozess beenden (eine Abfrage in der sqlite3-Shell?), dann denselben Befehl noch einmal geben"
                )
            }
            Self::Busy { .. } => both!(
                "wait until the other process has ended, then start again",
                "warten, bis der andere Prozess zu Ende ist, dann noch einmal starten"
            ),
            Self::Held { .. } => both!(
                "wait until that run has ended; it needs no help from this one",
                "warten, bis jener Lauf zu Ende ist; er braucht keine Hilfe von diesem"
            ),
            Self::Sql { answer, .. } => return sql_help(answer),
            Self::Poisoned => both!(
                "start the same command again: it looks up what is unknown first",
                "denselben Befehl noch einmal starten: er sieht zuerst nach, was unbekannt ist"
            ),
            Self::NoSuchRun { .. } => both!(
                "`importer runs` lists the runs that are known",
                "`importer runs` zählt die bekannten Läufe auf"
            ),
            Self::AmbiguousRun { .. } => both!(
                "write more of the run's id",
                "mehr von der Id des Laufs schreiben"
            ),
            Self::Io { source, doing, .. } => match state_folder_help(source) {
                // The disk has room, and is none that can lock.
                _ if *doing == CANNOT_LOCK && !is_exhausted(source) => other_disk(),
                help => help,
            },
            Self::NoRandom(_) => return None,
        };
        Some(text)
    }

    /// Whether the folder or the journal's file may only be read.
    #[must_use]
    pub fn is_write_protected(&self) -> bool {
        let Self::Sql { answer, .. } = self else {
            return false;
        };
        matches!(
            answer.sqlite_error_code(),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)
        )
    }

    /// Whether the journal itself cannot be used by this version: exit code 8.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. }
                | Self::Newer { .. }
                | Self::NotOurs { .. }
                | Self::Link { .. }
                | Self::NotAFile { .. }
        )
    }
}

/// What to do where a file of the state folder cannot be used.
#[must_use]
pub fn state_folder_help(error: &io::Error) -> Bilingual {
    if is_exhausted(error) {
        return disk_full();
    }
    match error.kind() {
        io::ErrorKind::Unsupported => other_disk(),
        _ => both!(
            "the state folder must be writable for the user that runs importer; --state-dir \
             chooses another one",
            "der Statusordner muss für den Benutzer beschreibbar sein, unter dem importer läuft; \
             --state-dir wählt einen anderen"
        ),
    }
}

/// What was tried when a lock could not be had.
pub(super) const CANNOT_LOCK: &str = "cannot lock";

fn other_disk() -> Bilingual {
    both!(
        "the file system of the state folder cannot do what the journal needs \
         (locks, shared memory); choose a folder on a local disk with --state-dir",
        "das Dateisystem des Statusordners kann nicht, was das Journal braucht \
         (Sperren, gemeinsamen Speicher); mit --state-dir einen Ordner auf einem lokalen \
         Datenträger wählen"
    )
}

/// Whether the disk has no room, or not for this user or file.
fn is_exhausted(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

fn disk_full() -> Bilingual {
    both!(
        "make room on the disk, then start the same command again",
        "auf dem Datenträger Platz schaffen, dann denselben Befehl noch einmal starten"
    )
}

fn sql_help(error: &rusqlite::Error) -> Option<Bilingual> {
    if is_beyond_the_file_system(error) {
        return Some(other_disk());
    }
    match error.sqlite_error_code()? {
        ErrorCode::DiskFull => Some(disk_full()),
        ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Some(both!(
            "the state folder and its files must be writable for the user that runs importer; \
             --state-dir chooses another folder",
            "der Statusordner und seine Dateien müssen für den Benutzer beschreibbar sein, unter dem importer läuft; --state-dir wählt einen anderen Ordner"
        )),
        ErrorCode::SystemIoFailure => Some(both!(
            "check the disk; then start the same command again: it looks up what is unknown",
            "den Datenträger prüfen; dann denselben Befehl noch einmal starten: er sieht nach, was unbekannt ist"
        )),
        _ => None,
    }
}

/// Whether the file system cannot lock or share memory, by the extended codes of
/// <https://www.sqlite.org/rescode.html>: `SQLITE_IOERR_LOCK` and its kin.
fn is_beyond_the_file_system(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi;
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        return false;
    };
    matches!(
        failure.extended_code,
        ffi::SQLITE_IOERR_LOCK
            | ffi::SQLITE_IOERR_UNLOCK
            | ffi::SQLITE_IOERR_RDLOCK
            | ffi::SQLITE_IOERR_CHECKRESERVEDLOCK
            | ffi::SQLITE_IOERR_SHMOPEN
            | ffi::SQLITE_IOERR_SHMSIZE
            | ffi::SQLITE_IOERR_SHMLOCK
            | ffi::SQLITE_IOERR_SHMMAP
            | ffi::SQLITE_PROTOCOL
    )
}

/// Says what SQLite's `source` means for the journal at `path`.
pub(super) fn from_sql(
    path: &std::path::Path,
    doing: &'static str,
    source: rusqlite::Error,
) -> JournalError {
    let path = path.to_path_buf();
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => JournalError::Damaged {
            path,
            why: of_sqlite(&source.to_string()),
        },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => JournalError::Busy { path },
        // Every statement is a constant that the tests prepare: if SQLite does not understand one,
        // the tables are not ours any more.
        _ if is_plain_error(&source) => JournalError::Damaged {
            path,
            why: both!([source = of_sqlite(&source.to_string())]
                "its tables are not as they were made ({source})",
                "seine Tabellen sind nicht, wie sie angelegt wurden ({source})"
            ),
        },
        _ if is_misread(&source) => JournalError::Damaged {
            path,
            why: both!([source = of_sqlite(&source.to_string())]
                "a value in it cannot be read ({source})",
                "ein Wert darin ist nicht zu lesen ({source})"
            ),
        },
        _ => JournalError::Sql {
            path,
            doing,
            answer: source,
        },
    }
}

/// `SQLITE_ERROR` without more: an SQL text that the file's schema does not fit.
fn is_plain_error(error: &rusqlite::Error) -> bool {
    let code = match error {
        rusqlite::Error::SqliteFailure(failure, _) => failure.extended_code,
        rusqlite::Error::SqlInputError { error, .. } => error.extended_code,
        _ => return false,
    };
    code == rusqlite::ffi::SQLITE_ERROR
}

fn is_misread(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn who_holds_the_lock_is_told_in_german() {
        for (by, german) in [
            (
                "process 42, `importer run`, since noon",
                "Prozess 42, `importer run`, seit noon",
            ),
            ("somebody", "somebody"),
        ] {
            let held = JournalError::Held { by: by.to_owned() };
            let text = held.in_german();
            assert!(text.ends_with(&format!(": {german}")), "{text}");
        }
    }

    #[test]
    fn what_sqlite_says_is_told_once_and_without_its_number() {
        use std::error::Error as _;
        let path = std::path::Path::new("state/journal.db");
        for message in [
            None,
            Some("attempt to write a readonly database".to_owned()),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(1544), message);
            let error = from_sql(path, "cannot write to", error);
            assert_eq!(
                error.to_string(),
                "cannot write to the journal state/journal.db: attempt to write a readonly database"
            );
            assert_eq!(
                error.in_german(),
                "mit dem Journal state/journal.db ging etwas schief: die Datei ist schreibgeschützt"
            );
            assert!(error.source().is_none());
            assert!(error.is_write_protected());
        }
    }

    #[test]
    fn a_file_system_that_cannot_do_what_is_needed_is_told_what_to_do() {
        let path = std::path::Path::new("state/journal.db");
        for code in [
            ffi::SQLITE_IOERR_LOCK,
            ffi::SQLITE_IOERR_SHMMAP,
            ffi::SQLITE_IOERR_SHMOPEN,
            ffi::SQLITE_PROTOCOL,
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let help = from_sql(path, "cannot open", error).help().unwrap().english;
            assert!(help.contains("local disk with --state-dir"), "{help}");
        }
        for kind in [io::ErrorKind::Unsupported, io::ErrorKind::Other] {
            let error = JournalError::Io {
                path: path.to_owned(),
                doing: CANNOT_LOCK,
                source: kind.into(),
            };
            assert!(
                error.help().unwrap().english.contains("--state-dir"),
                "{error}"
            );
            assert!(!error.is_unreadable());
        }
    }
}
