//! Where inputs are moved to when their runs are over.
//!
//! The journal is looked over each time that it is opened, so that it is told once of all inputs
//! of a job. Until then a process may die that has moved some: so each move is noted before it is
//! made, as a line of a file beside the journal. What such a file says is put into the journal by
//! whoever comes next.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ImportError;
use super::noted::note_moved_input;
use super::which::absolute;
use crate::journal::{Journal, add_line, lines};

/// Where an input lies after its run, for whoever asks for it by the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The run.
    pub run: String,
    /// Where its input lies now.
    pub to: PathBuf,
    /// The commands that send it again from there, without and with what has failed.
    pub again: String,
    /// See `again`.
    pub retry: String,
}

impl Moved {
    /// Whether the input is there. Until it is moved its name may be taken by an empty file.
    fn is_there(&self) -> bool {
        fs::metadata(&self.to).is_ok_and(|found| found.is_file() && found.len() > 0)
    }
}

/// Notes that an input of the job is about to be moved.
///
/// # Errors
/// If that cannot be written.
pub fn note_moving(state_dir: &Path, job: &str, moved: &Moved) -> io::Result<()> {
    let moved = Moved {
        to: absolute(&moved.to),
        ..moved.clone()
    };
    add_line(&file_of(state_dir, job), &moved)
}

/// Tells the journal of a state folder where inputs of the job lie that were moved.
///
/// # Errors
/// If the journal cannot be used.
pub fn note_moved(state_dir: &Path, job: &str, moved: &[Moved]) -> Result<(), ImportError> {
    if let Some(mut journal) = Journal::open_existing(state_dir)? {
        for it in moved {
            note_moved_input(&mut journal, it)?;
        }
        journal.close()?;
    }
    // What is in the journal may be noted once more.
    let _ = fs::remove_file(file_of(state_dir, job));
    Ok(())
}

/// Tells the journal of inputs of the job that a process moved which died before it could.
///
/// # Errors
/// If the journal cannot be used.
pub fn note_left(state_dir: &Path, job: &str) -> Result<(), ImportError> {
    let path = file_of(state_dir, job);
    match path.exists() {
        true => note_moved(state_dir, job, &left(&path)),
        false => Ok(()),
    }
}

/// Tells the journal where the run's input lies, if a process moved it that died before it could.
pub(super) fn note_left_of(
    journal: &mut Journal,
    state_dir: &Path,
    run: &str,
) -> Result<(), ImportError> {
    let jobs = fs::read_dir(state_dir.join(JOBS)).into_iter().flatten();
    for job in jobs.flatten() {
        let moved = left(&job.path().join(FILE));
        if let Some(moved) = moved.iter().rfind(|moved| moved.run == run) {
            note_moved_input(journal, moved)?;
        }
    }
    Ok(())
}

/// The folder in which each job has one.
const JOBS: &str = "jobs";

/// What the file is called in it.
const FILE: &str = "moves";

fn file_of(state_dir: &Path, job: &str) -> PathBuf {
    state_dir.join(JOBS).join(job).join(FILE)
}

/// The moves of a file that were made.
fn left(path: &Path) -> Vec<Moved> {
    let (noted, is_damaged) = lines(path).unwrap_or_default();
    if is_damaged {
        let path = path.display();
        tracing::warn!(%path, "some of what is noted of moved inputs cannot be read");
    }
    noted.into_iter().filter(Moved::is_there).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_and_made_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let moved = |name: &str, text: &str| {
            let to = folder.path().join(name);
            if !text.is_empty() {
                fs::write(&to, text).unwrap();
            }
            Moved {
                run: format!("run of {name}"),
                to,
                again: "again".to_owned(),
                retry: "retry".to_owned(),
            }
        };
        let made = [moved("a.csv", "a"), moved("b.csv", "b")];
        note_moving(&state, "shop", &made[0]).unwrap();
        note_moving(&state, "shop", &moved("missing.csv", "")).unwrap();
        // A name that was taken.
        note_moving(&state, "shop", &moved("taken.csv", "")).unwrap();
        fs::write(folder.path().join("taken.csv"), "").unwrap();
        let path = file_of(&state, "shop");
        note_moving(&state, "shop", &made[1]).unwrap();
        assert_eq!(left(&path), made);
        // There is no journal to tell.
        note_left(&state, "shop").unwrap();
        assert!(!path.exists());
        note_left(&state, "shop").unwrap();
    }
}
