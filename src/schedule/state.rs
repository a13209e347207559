//! What is remembered of a job from one start to the next, in `jobs/NAME/state.json` of the
//! state folder, and beside it its last summary and the failures that it knows: written under a
//! temporary name, synced, then renamed. How many starts were refused stands in a file of its own,
//! and so do the inputs of which nobody was told yet.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::archive::Copying;
use super::known::Known;
use super::summary::JobSummary;
use super::untold::{self, Untold};
use super::verdict::{Fate, Outcome};
use crate::journal::{add_line, lines, state_folder_help};
use crate::outcome::Bilingual;
use crate::outcome::borrowed::of_io;

/// A state file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be {doing}: {}", path.display(), of_io(source).english)]
pub struct StateError {
    /// The file.
    pub path: PathBuf,
    /// `read` or `written`.
    pub doing: &'static str,
    /// Why.
    pub source: io::Error,
}

impl StateError {
    /// What is wrong, with its cause, for people.
    #[must_use]
    pub fn told(&self) -> Bilingual {
        let path = self.path.display();
        let german = match (self.doing, self.unfit()) {
            ("read", Some(line)) => {
                format!("{path} ist beschädigt: Zeile {line} ist kein JSON, wie es hier steht")
            }
            ("read", None) if self.source.kind() == io::ErrorKind::InvalidData => {
                format!("{path} ist beschädigt")
            }
            ("read", None) => format!("{path} ist nicht zu lesen: {}", of_io(&self.source).german),
            _ => format!(
                "{path} ist nicht zu schreiben: {}",
                of_io(&self.source).german
            ),
        };
        Bilingual {
            english: self.to_string(),
            german,
        }
    }

    /// What to do about it.
    pub(super) fn help(&self) -> Bilingual {
        state_folder_help(&self.source)
    }

    /// What stands in the file is not what was written there.
    pub(super) fn damaged(path: PathBuf) -> Self {
        Self {
            path,
            doing: "read",
            source: io::Error::new(io::ErrorKind::InvalidData, "it is damaged"),
        }
    }

    /// The line that cannot be understood, if the file could be read.
    fn unfit(&self) -> Option<usize> {
        let inner = self.source.get_ref()?;
        Some(inner.downcast_ref::<serde_json::Error>()?.line())
    }
}

/// What is remembered of a job. Every part may be missing in a file of another version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// When somebody first saw the job.
    pub(super) first_seen: Option<Timestamp>,
    /// When a scheduler first saw the job, or last let one of its times go: what was due before was
    /// not missed.
    pub(super) since: Option<Timestamp>,
    /// When it was last started.
    pub(super) last_start: Option<Timestamp>,
    /// When the first of the last starts was refused that all were.
    pub(super) refused_since: Option<Timestamp>,
    /// Whether that start has not come to its end: it goes on at the next one.
    pub(super) is_open: bool,
    /// The end of the last start that was not refused.
    pub(super) last_end: Option<Timestamp>,
    /// The end of the last start that was a success.
    pub(super) last_success: Option<Timestamp>,
    /// The code of the last start that had something to do, and was not interrupted.
    pub(super) last_code: Option<u8>,
    /// The last result: success or failure.
    pub(super) last_result: Option<Outcome>,
    /// How long the last start took that was not refused, in seconds.
    pub(super) last_seconds: f64,
    /// How long all of them took, in seconds.
    pub(super) seconds: f64,
    /// How often it was started, by what came of it.
    pub(super) starts: BTreeMap<String, u64>,
    /// Times that were missed and let go.
    pub(super) missed: u64,
    /// The records that the last start with inputs settled or left open, by outcome.
    pub(super) records: BTreeMap<String, u64>,
    /// The files of the last start, by what became of them.
    pub(super) files: BTreeMap<String, u64>,
    /// Failed records of the last start with something to do that had not failed so before.
    pub(super) new_failures: u64,
    /// Hooks that failed.
    pub(super) hook_failures: u64,
}

impl State {
    /// Counts a start.
    pub(super) fn count(&mut self, outcome: Outcome) {
        *self.starts.entry(outcome.word().to_owned()).or_default() += 1;
    }

    /// Notes what a start came to. One that was refused says nothing of the job, and one that had
    /// nothing to do does not take back what the last one came to that had.
    pub(super) fn note(&mut self, summary: &JobSummary) {
        let result = summary.result;
        self.is_open = result == Outcome::Interrupted;
        self.refused_since = match result {
            Outcome::Refused => self.refused_since.or(Some(summary.started)),
            _ => None,
        };
        self.count(result);
        let took = summary.finished.duration_since(summary.started);
        let seconds = took.as_secs_f64().max(0.0);
        self.seconds += seconds;
        self.note_files(summary);
        if result == Outcome::Refused {
            return;
        }
        self.last_end = Some(summary.finished);
        self.last_seconds = seconds;
        if result == Outcome::Idle {
            self.last_code.get_or_insert(summary.exit_code);
            return;
        }
        // It was stopped, and goes on: that says nothing of the job either.
        if result == Outcome::Interrupted {
            return;
        }
        self.last_code = Some(summary.exit_code);
        self.new_failures = summary.new_failures;
        if result == Outcome::Success {
            self.last_success = Some(summary.finished);
        }
        if matches!(result, Outcome::Success | Outcome::Failure) {
            self.last_result = Some(result);
        }
    }

    /// Notes what became of files and records.
    fn note_files(&mut self, summary: &JobSummary) {
        if !summary.counts.is_empty() {
            self.records.clone_from(&summary.counts);
        }
        let fates = [Fate::Done, Fate::Failed, Fate::Stays];
        let words = ["done", "failed", "stays"];
        for (word, fate) in words.into_iter().zip(fates) {
            let files = summary.inputs.iter().filter(|input| input.fate == fate);
            self.files.insert(word.to_owned(), files.count() as u64);
        }
        let others = [
            ("waiting", &summary.waiting),
            ("not_begun", &summary.not_begun),
        ];
        for (word, files) in others {
            self.files.insert(word.to_owned(), files.len() as u64);
        }
    }
}

/// Where the jobs' files are kept.
#[derive(Clone, Debug)]
pub(super) struct States {
    folder: PathBuf,
}

impl States {
    /// Those of a state folder.
    pub(super) fn of(state_dir: &Path) -> Self {
        Self {
            folder: state_dir.join("jobs"),
        }
    }

    /// The folder of a job's files.
    pub(super) fn folder_of(&self, job: &str) -> PathBuf {
        self.folder.join(job)
    }

    /// The file with a job's last summary.
    pub(super) fn summary_file(&self, job: &str) -> PathBuf {
        self.folder_of(job).join("summary.json")
    }

    /// What is known of a job; nothing, if it was never seen.
    pub(super) fn read(&self, job: &str) -> Result<State, StateError> {
        read(self.file(job), |text| Ok(serde_json::from_slice(text)?))
    }

    /// The failures that the job knows; none, if it was never seen.
    pub(super) fn known(&self, job: &str) -> Result<Known, StateError> {
        read(self.failures_file(job), Known::read)
    }

    /// Writes the failures that the job knows.
    pub(super) fn write_known(&self, job: &str, known: &Known) -> Result<(), StateError> {
        let path = self.failures_file(job);
        let written = self.put(&path, &known.written());
        written.map_err(|source| StateError {
            path,
            doing: "written",
            source,
        })
    }

    /// Writes what is known of a job.
    pub(super) fn write(&self, job: &str, state: &State) -> Result<(), StateError> {
        let path = self.file(job);
        let written = serde_json::to_vec_pretty(state)
            .map_err(io::Error::from)
            .and_then(|text| self.put(&path, &text));
        written.map_err(|source| StateError {
            path,
            doing: "written",
            source,
        })
    }

    /// The inputs that earlier starts have moved and of which nobody was told, and whether some of
    /// it cannot be read.
    pub(super) fn untold(&self, job: &str) -> Result<(Vec<Untold>, bool), StateError> {
        let path = self.untold_file(job);
        match lines(&path) {
            Ok((notes, is_damaged)) => Ok((untold::moved(notes), is_damaged)),
            Err(source) => Err(StateError {
                path,
                doing: "read",
                source,
            }),
        }
    }

    /// Leaves these notes and no others: what was not moved then may be moved later, by its own.
    pub(super) fn keep_untold(&self, job: &str, notes: &[Untold]) -> Result<(), StateError> {
        let path = self.untold_file(job);
        if notes.is_empty() || !path.exists() {
            return self.forget_untold(job);
        }
        let mut text = Vec::new();
        let kept = notes.iter().try_for_each(|note| {
            text.push(b'\n');
            serde_json::to_writer(&mut text, note)
        });
        let kept = kept.map_err(io::Error::from);
        kept.and_then(|()| self.put(&path, &text))
            .map_err(|source| StateError {
                path,
                doing: "written",
                source,
            })
    }

    /// Notes an input that is about to be moved.
    pub(super) fn note_untold(&self, job: &str, untold: &Untold) -> Result<(), StateError> {
        let path = self.untold_file(job);
        add_line(&path, untold).map_err(|source| StateError {
            path,
            doing: "written",
            source,
        })
    }

    /// Somebody was told of all inputs that were moved.
    pub(super) fn forget_untold(&self, job: &str) -> Result<(), StateError> {
        let path = self.untold_file(job);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StateError {
                path,
                doing: "written",
                source,
            }),
            _ => Ok(()),
        }
    }

    /// Counts a start that was refused because the job is at work. The state belongs to whoever
    /// has the lock, so this count is the length of a file of its own, which every process only
    /// ever makes longer by a byte.
    pub(super) fn note_refused(&self, job: &str) -> Result<(), StateError> {
        let path = self.refused_file(job);
        let noted = self.make_folder(&path).and_then(|()| {
            let mut options = File::options();
            options.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&path)?.write_all(b".")
        });
        noted.map_err(|source| StateError {
            path,
            doing: "written",
            source,
        })
    }

    /// How many starts of the job were refused, in whatever process.
    pub(super) fn refused(&self, job: &str) -> u64 {
        fs::metadata(self.refused_file(job)).map_or(0, |found| found.len())
    }

    /// What the job's last start was copying to an archive when it died, if it did.
    pub(super) fn copying(&self, job: &str) -> Result<Option<Copying>, StateError> {
        read(self.copying_file(job), |text| {
            Ok(Some(serde_json::from_slice(text)?))
        })
    }

    /// Notes what the job is about to copy.
    pub(super) fn note_copying(&self, job: &str, copying: &Copying) -> Result<(), StateError> {
        let path = self.copying_file(job);
        let noted = serde_json::to_vec(copying)
            .map_err(io::Error::from)
            .and_then(|text| self.put(&path, &text));
        noted.map_err(|source| StateError {
            path,
            doing: "written",
            source,
        })
    }

    /// The copy is made, or taken away.
    pub(super) fn forget_copying(&self, job: &str) {
        // What is noted still is looked at, and is nothing by then.
        let _ = fs::remove_file(self.copying_file(job));
    }

    /// Writes a job's last summary, and returns where it is.
    pub(super) fn write_summary(&self, job: &str, text: &[u8]) -> Result<PathBuf, StateError> {
        let path = self.summary_file(job);
        match self.put(&path, text) {
            Ok(()) => Ok(path),
            Err(source) => Err(StateError {
                path,
                doing: "written",
                source,
            }),
        }
    }

    /// Removes what a start that was killed left of a file which it was about to replace. That is
    /// for whoever has the lock.
    pub(super) fn clear_parts(&self, job: &str) {
        let entries = fs::read_dir(self.folder_of(job)).into_iter().flatten();
        for entry in entries.flatten() {
            let name = entry.file_name();
            if name.to_str().is_some_and(is_part) {
                // It is in nobody's way.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn file(&self, job: &str) -> PathBuf {
        self.folder_of(job).join("state.json")
    }

    fn failures_file(&self, job: &str) -> PathBuf {
        self.folder_of(job).join("failures")
    }

    pub(super) fn untold_file(&self, job: &str) -> PathBuf {
        self.folder_of(job).join("untold")
    }

    fn copying_file(&self, job: &str) -> PathBuf {
        self.folder_of(job).join("copying")
    }

    fn refused_file(&self, job: &str) -> PathBuf {
        self.folder_of(job).join("refused")
    }

    fn put(&self, path: &Path, text: &[u8]) -> io::Result<()> {
        self.make_folder(path)?;
        replace(path, text, 0o600)
    }

    /// Makes the folder of the file.
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let made = builder.create(path.parent().unwrap_or(&self.folder));
        // It is the folder that is in the way, and not the file.
        made.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
            _ => error,
        })
    }
}

/// Reads a file; what stands in its place until it is there is nothing.
fn read<T: Default>(
    path: PathBuf,
    understand: impl FnOnce(&[u8]) -> io::Result<T>,
) -> Result<T, StateError> {
    match fs::read(&path).and_then(|bytes| understand(&bytes)) {
        Ok(found) => Ok(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(source) => Err(StateError {
            path,
            doing: "read",
            source,
        }),
    }
}

/// What the name of a file begins and ends with that will replace another one.
const PREFIX: &str = ".importer-";
const SUFFIX: &str = ".part";

fn is_part(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// Writes a file in the place of an earlier one, so that a reader finds the one or the other.
pub(super) fn replace(path: &Path, text: &[u8], mode: u32) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .tempfile_in(folder)?;
    file.write_all(text)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        file.as_file().set_permissions(mode)?;
    }
    #[cfg(not(unix))]
    let _ = mode;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_broken_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let states = States::of(folder.path());
        assert_eq!(states.read("shop").unwrap(), State::default());
        let mut state = State {
            last_start: Some(Timestamp::from_second(5).unwrap()),
            last_result: Some(Outcome::Failure),
            ..State::default()
        };
        state.count(Outcome::Failure);
        states.write("shop", &state).unwrap();
        assert_eq!(states.read("shop").unwrap(), state);
        assert_eq!(states.read("other").unwrap(), State::default());

        // Whoever was killed while it wrote leaves a part.
        let part = states.folder_of("shop").join(".importer-x1y2z3.part");
        fs::write(&part, "{").unwrap();
        states.clear_parts("shop");
        assert!(!part.exists());
        assert_eq!(states.read("shop").unwrap(), state);
        states.clear_parts("other");

        // Another version's file has other keys.
        fs::write(states.file("shop"), r#"{"missed": 3, "more": []}"#).unwrap();
        assert_eq!(states.read("shop").unwrap().missed, 3);
        fs::write(states.file("shop"), "{\"missed\": ").unwrap();
        let error = states.read("shop").unwrap_err();
        assert!(error.to_string().contains("cannot be read"), "{error}");
        let german = error.told().german;
        assert!(
            german.ends_with("state.json ist beschädigt: Zeile 1 ist kein JSON, wie es hier steht"),
            "{german}"
        );
    }
}
