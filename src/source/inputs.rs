//! What the user named becomes a list of inputs; the standard input becomes a file.

use std::collections::HashSet;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::SourceError;
use crate::fail_point::{self, Point};

/// One input as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name for people: the path, or `-`.
    pub name: String,
    /// Its path; none for the standard input.
    pub path: Option<PathBuf>,
}

/// Makes inputs of paths, patterns (`*`, `?`, `[…]`, `**`) and `-`, in the order given; the
/// files of one pattern are sorted by name. What is named twice is read once. A name that is
/// a file is never taken for a pattern.
///
/// # Errors
/// When a file is missing, or a pattern is none or fits no file.
pub fn expand(patterns: &[String]) -> Result<Vec<Input>, SourceError> {
    let mut inputs = Vec::new();
    let mut seen = HashSet::new();
    for pattern in patterns {
        for input in expand_one(pattern)? {
            let same = input
                .path
                .as_ref()
                .map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()));
            if seen.insert(same) {
                inputs.push(input);
            }
        }
    }
    Ok(inputs)
}

fn expand_one(pattern: &str) -> Result<Vec<Input>, SourceError> {
    let named = |path: PathBuf| Input {
        name: path.display().to_string(),
        path: Some(path),
    };
    if pattern == "-" {
        return Ok(vec![Input {
            name: "-".to_owned(),
            path: None,
        }]);
    }
    let path = Path::new(pattern);
    match path.metadata() {
        Ok(_) => return Ok(vec![named(path.to_owned())]),
        Err(source) if !pattern.contains(['*', '?', '[']) => {
            return Err(SourceError::opening(path, source));
        }
        Err(_) => {}
    }
    let options = glob::MatchOptions {
        // As in a shell: `*` does not find hidden files.
        require_literal_leading_dot: true,
        ..glob::MatchOptions::new()
    };
    let found = glob::glob_with(pattern, options).map_err(|source| SourceError::Pattern {
        pattern: pattern.to_owned(),
        source,
    })?;
    let mut paths = Vec::new();
    for path in found {
        let path = path.map_err(|error| {
            let path = error.path().to_owned();
            SourceError::opening(&path, error.into())
        })?;
        if !path.is_dir() {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(SourceError::NoMatch {
            pattern: pattern.to_owned(),
        });
    }
    paths.sort();
    Ok(paths.into_iter().map(named).collect())
}

/// How the names of kept standard inputs begin.
const KEPT: &str = "stdin-";
/// How the names of those end that are not complete yet.
const DRAFT: &str = ".part";

/// A kept standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spooled {
    /// Where its bytes are.
    pub path: PathBuf,
    /// Whether they were not there before.
    pub is_new: bool,
}

/// Keeps what `from` gives in a file of `folder` that only its owner may read, so that it can
/// be read twice. The folder is made if it is not there. The file is named by its contents: the
/// same input is kept once, however often it comes. It is complete and on the disk when this
/// returns, or there is none. What a killed process left of one goes.
///
/// # Errors
/// When `from` cannot be read or the file cannot be written.
pub fn spool(from: &mut dyn Read, folder: &Path) -> Result<Spooled, SourceError> {
    let failed = |source: io::Error| SourceError::Spool {
        folder: folder.to_owned(),
        source,
    };
    make_private(folder).map_err(failed)?;
    remove_abandoned(folder).map_err(failed)?;
    let mut file = draft(folder).map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(SourceError::Stdin { source }),
        };
        let read = buffer.get(..count).unwrap_or(&buffer);
        hasher.update(read);
        file.write_all(read).map_err(failed)?;
    }
    file.as_file().sync_all().map_err(failed)?;
    fail_point::pass(Point::SpoolWritten);
    let path = folder.join(format!("{KEPT}{}", hasher.finalize().to_hex()));
    let is_new = !path.exists();
    file.persist(&path).map_err(|error| failed(error.error))?;
    fail_point::pass(Point::SpoolNamed);
    // Without this a power cut could leave a journal that speaks of a file without a name.
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
    }
    Ok(Spooled { path, is_new })
}

/// A file that only its owner may read, under a temporary name. The lock says that somebody is
/// at work on it; where there are no locks, nobody believes that it was abandoned either.
fn draft(folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = tempfile::Builder::new()
            .prefix(KEPT)
            .suffix(DRAFT)
            .tempfile_in(folder)?;
        let _ = file.as_file().lock();
        // Another process may have taken it for abandoned before it was locked.
        if file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes what processes left half written that were killed meanwhile.
fn remove_abandoned(folder: &Path) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = entry.file_name();
        let is_draft = name
            .to_str()
            .is_some_and(|name| name.starts_with(KEPT) && name.ends_with(DRAFT));
        if !is_draft {
            continue;
        }
        let path = entry.path();
        let file = File::options().write(true).open(&path);
        if file.is_ok_and(|file| file.try_lock().is_ok()) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Makes a folder for its owner alone, unless it is there.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn with(names: &[&str]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for name in names {
                std::fs::write(folder.path().join(name), "x").unwrap();
            }
            Self(folder)
        }

        /// Expands names within the folder and returns those that were found.
        fn expand(&self, patterns: &[&str]) -> Result<Vec<String>, SourceError> {
            let patterns: Vec<String> = patterns
                .iter()
                .map(|pattern| match *pattern {
                    "-" => "-".to_owned(),
                    pattern => self.0.path().join(pattern).display().to_string(),
                })
                .collect();
            let inputs = expand(&patterns)?;
            let name = |input: &Input| match &input.path {
                Some(path) => path.file_name().unwrap().display().to_string(),
                None => input.name.clone(),
            };
            Ok(inputs.iter().map(name).collect())
        }
    }

    #[test]
    fn order_is_kept_and_patterns_are_sorted() {
        let folder = Folder::with(&["b.csv", "a.csv", "c.txt", ".h.csv", "[1].csv", "1.csv"]);
        std::fs::create_dir(folder.0.path().join("d.csv")).unwrap();
        for (patterns, found) in [
            (&["b.csv", "a.csv"][..], &["b.csv", "a.csv"][..]),
            (&["?.csv"], &["1.csv", "a.csv", "b.csv"]),
            (&["b.csv", "*.csv"], &["b.csv", "1.csv", "[1].csv", "a.csv"]),
            (&["a.csv", "./a.csv", "-", "a*", "-"], &["a.csv", "-"]),
            (&["[1].csv"], &["[1].csv"]),
            (&["[ab].csv"], &["a.csv", "b.csv"]),
            (&["d.csv"], &["d.csv"]),
        ] {
            assert_eq!(folder.expand(patterns).unwrap(), found, "{patterns:?}");
        }
    }

    #[test]
    fn what_fits_nothing_is_an_error() {
        let folder = Folder::with(&["kunden.csv"]);
        let error = folder.expand(&["kunde.csv"]).unwrap_err();
        assert!(matches!(error, SourceError::Missing { near: Some(_), .. }));
        let error = folder.expand(&["*.jsonl"]).unwrap_err();
        assert!(matches!(error, SourceError::NoMatch { .. }));
        let error = folder.expand(&["***.csv"]).unwrap_err();
        assert!(matches!(error, SourceError::Pattern { .. }));
    }

    #[test]
    fn a_spooled_input_is_complete_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..300_000).map(|index| (index % 251) as u8).collect();
        let inner = folder.path().join("state").join("spool");
        let Spooled { path, is_new } = spool(&mut &bytes[..], &inner).unwrap();
        assert!(is_new);
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!(path.parent(), Some(&*inner));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(&inner), 0o700);
            assert_eq!(mode(inner.parent().unwrap()), 0o700);
        }
    }

    #[test]
    fn the_same_input_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let keep = |bytes: &[u8]| spool(&mut &*bytes, folder.path()).unwrap();
        let first = keep(b"a;b\n");
        let again = keep(b"a;b\n");
        assert_eq!((first.is_new, again.is_new), (true, false));
        assert_eq!(first.path, again.path);
        assert_ne!(keep(b"a;c\n").path, first.path);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_a_killed_process_left_goes_and_what_a_living_one_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("stdin-Ab3x.part");
        std::fs::write(&left, "half a customer").unwrap();
        let other = folder.path().join("notes.part");
        std::fs::write(&other, "a person's").unwrap();
        let living = draft(folder.path()).unwrap();
        let kept = spool(&mut &b"a;b\n"[..], folder.path()).unwrap().path;
        assert!(!left.exists());
        assert!(other.exists() && living.path().exists() && kept.exists());
        let path = living.path().to_owned();
        drop(living.keep().unwrap());
        spool(&mut &b"a;b\n"[..], folder.path()).unwrap();
        assert!(!path.exists() && kept.exists());
    }

    #[test]
    fn a_broken_pipe_leaves_no_file() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let mut from = (&b"a;b\n"[..]).chain(Broken);
        let error = spool(&mut from, folder.path()).unwrap_err();
        assert!(matches!(error, SourceError::Stdin { .. }));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let error = spool(&mut &b"x"[..], &file).unwrap_err();
        assert!(matches!(error, SourceError::Spool { .. }));
    }
}
