//! A request that is open in Wawi, kept beside the key's place, so that a later command can go
//! on waiting for its answer. Whoever knows what it holds could fetch the key: it is as private
//! as the key.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What is behind the name of the key file.
const SUFFIX: &str = ".request";
/// Longest file that is read, in bytes: ours are much shorter.
const AT_MOST: u64 = 64 * 1024;

/// An open request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Where it was opened.
    pub(super) url: String,
    /// Its id there.
    pub(super) id: String,
    /// The text that ties its calls together.
    pub(super) challenge: String,
    /// The app that is to be registered.
    pub(super) app_id: String,
}

/// The place of a request that may be open.
#[derive(Clone, Debug)]
pub(super) struct Place {
    path: PathBuf,
}

impl Place {
    /// The one beside a key file.
    pub(super) fn beside(key_file: &Path) -> Self {
        let mut name = key_file.as_os_str().to_owned();
        name.push(SUFFIX);
        Self { path: name.into() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The request that is kept there, if one is.
    pub(super) fn read(&self) -> io::Result<Option<Pending>> {
        match std::fs::metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(found) if !found.is_file() || found.len() > AT_MOST => {
                return Err(ErrorKind::InvalidData.into());
            }
            Ok(_) => {}
        }
        let pending = serde_json::from_slice(&std::fs::read(&self.path)?)?;
        Ok(Some(pending))
    }

    /// Keeps the request, readable for the user alone.
    pub(super) fn keep(&self, pending: &Pending) -> io::Result<()> {
        let folder = self.path.parent();
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        let mut draft = tempfile::Builder::new()
            .prefix(".request-")
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        serde_json::to_writer(&mut draft, pending)?;
        draft.write_all(b"\n")?;
        draft.as_file().sync_all()?;
        draft.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    /// The request has its answer.
    pub(super) fn clear(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
