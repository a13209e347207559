//! Which files are due: those that the job's patterns name, in the order of their names, and
//! that have been left alone for long enough.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::jobs::Job;
use crate::outcome::{Bilingual, both};
use crate::source::{self, SourceError};

/// Patterns that are told where none of them names a file.
const PATTERNS_TOLD: usize = 8;

/// By how much the clock of whoever wrote a file may be ahead.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(2);

/// By what a file is known to be the one that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Look {
    length: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    inode: (u64, u64),
}

impl Look {
    /// Looks at a file.
    pub(super) fn at(path: &Path) -> std::io::Result<Self> {
        std::fs::metadata(path).map(|found| Self::of(&found))
    }

    /// Whether it was taken of the same file, perhaps before the computer was started anew, which
    /// may give its disks other numbers.
    pub(super) fn is_of_the_same(&self, other: &Self) -> bool {
        #[cfg(unix)]
        let is_same = self.inode.1 == other.inode.1;
        #[cfg(not(unix))]
        let is_same = true;
        is_same && (self.length, self.modified) == (other.length, other.modified)
    }

    /// What is found is the file.
    pub(super) fn of(found: &Metadata) -> Self {
        Self {
            length: found.len(),
            modified: found.modified().ok(),
            #[cfg(unix)]
            inode: {
                use std::os::unix::fs::MetadataExt;
                (found.dev(), found.ino())
            },
        }
    }
}

/// What lies in the inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inbox {
    /// Files to be read, in the order of their names.
    pub(super) due: Vec<PathBuf>,
    /// Files that are too young: they may be half uploaded.
    pub(super) young: Vec<PathBuf>,
    /// Those of them whose time has yet to come: they wait until then.
    pub(super) to_come: Vec<PathBuf>,
}

impl Inbox {
    /// Whether nothing is there, not even what waits.
    pub(super) fn is_empty(&self) -> bool {
        self.due.is_empty() && self.young.is_empty()
    }
}

/// What was looked for, where nothing is there.
pub(super) fn nothing(job: &Job) -> Bilingual {
    let patterns = job.inputs.iter().take(PATTERNS_TOLD);
    let patterns: Vec<String> = patterns.map(|pattern| format!("`{pattern}`")).collect();
    let patterns = patterns.join(", ");
    match job.inputs.len().checked_sub(PATTERNS_TOLD) {
        None | Some(0) => both!("nothing matches {patterns}", "nichts passt zu {patterns}"),
        Some(more) => both!(
            "nothing matches {patterns} and {more} more",
            "nichts passt zu {patterns} und {more} weiteren"
        ),
    }
}

/// Looks for the job's files. A name or pattern that fits none is no error: an inbox may be
/// empty. What lies in the job's archives is not looked at.
///
/// # Errors
/// If a folder cannot be read.
pub(super) fn look(job: &Job, now: Timestamp) -> Result<Inbox, SourceError> {
    let archives: Vec<PathBuf> = [&job.archive_done, &job.archive_failed]
        .into_iter()
        .flatten()
        .filter_map(|folder| folder.canonicalize().ok())
        .collect();
    let mut found = BTreeMap::new();
    for pattern in &job.inputs {
        let inputs = match source::expand(std::slice::from_ref(pattern)) {
            Ok(inputs) => inputs,
            Err(SourceError::NoMatch { .. } | SourceError::Missing { .. }) => continue,
            Err(error) => return Err(error),
        };
        for path in inputs.into_iter().filter_map(|input| input.path) {
            // It may be gone meanwhile: then it is nobody's.
            let (Ok(real), Ok(metadata)) = (path.canonicalize(), path.metadata()) else {
                continue;
            };
            if archives.iter().any(|archive| real.starts_with(archive)) || metadata.is_dir() {
                continue;
            }
            let age = metadata.modified().ok().and_then(|at| age(at, now));
            found.entry(real).or_insert((path, age));
        }
    }
    let files = found.into_values().collect();
    let mut inbox = sort(files, job.min_age);
    inbox.to_come.clone_from(&inbox.young);
    inbox.to_come.retain(|path| has_yet_to_come(path, now));
    Ok(inbox)
}

/// How long ago `modified` was; zero, if it has yet to come.
fn age(modified: SystemTime, now: Timestamp) -> Option<Duration> {
    let modified = Timestamp::try_from(modified).ok()?;
    Some(Duration::try_from(now.duration_since(modified)).unwrap_or_default())
}

/// Whether the file's time lies so far ahead that no two clocks differ by as much.
fn has_yet_to_come(path: &Path, now: Timestamp) -> bool {
    let modified = path.metadata().and_then(|found| found.modified()).ok();
    let modified = modified.and_then(|at| Timestamp::try_from(at).ok());
    modified.is_some_and(|at| at.duration_since(now) > CLOCKS_DIFFER)
}

/// Puts files with their ages in order; where no age is known, the file is old.
fn sort(mut files: Vec<(PathBuf, Option<Duration>)>, min_age: Duration) -> Inbox {
    files.sort_by(|(one, _), (other, _)| (one.file_name(), one).cmp(&(other.file_name(), other)));
    let mut inbox = Inbox::default();
    for (path, age) in files {
        if age.is_some_and(|age| age < min_age) {
            inbox.young.push(path);
        } else {
            inbox.due.push(path);
        }
    }
    inbox
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_of_their_names_and_young_ones_wait() {
        let seconds = Duration::from_secs;
        let inbox = sort(
            vec![
                ("a/2.csv".into(), Some(seconds(60))),
                ("b/1.csv".into(), Some(seconds(500))),
                ("a/1.csv".into(), None),
                ("b/3.csv".into(), Some(seconds(59))),
            ],
            seconds(60),
        );
        let expected: Vec<PathBuf> = ["a/1.csv", "b/1.csv", "a/2.csv"].map(Into::into).into();
        assert_eq!(inbox.due, expected);
        assert_eq!(inbox.young, [PathBuf::from("b/3.csv")]);
    }

    #[test]
    fn what_has_yet_to_come_is_young() {
        let now = Timestamp::from_second(1_000).unwrap();
        let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        assert_eq!(age(at(990), now), Some(Duration::from_secs(10)));
        assert_eq!(age(at(2_000), now), Some(Duration::ZERO));
    }
}
