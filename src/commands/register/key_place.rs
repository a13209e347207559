//! Where a key goes that is told only once: a file that only the user may read, which is there
//! before the key is asked for, or the screen.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tempfile::NamedTempFile;

use super::super::{Ended, Failure};
use super::{failure, next};
use crate::console::Console;
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, ExitCode, both};
use crate::settings::KeyLines;

/// What Wawi told.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) key: &'a SecretString,
    pub(super) scopes: &'a [String],
    /// The app that the key is good for.
    pub(super) app_id: &'a str,
}

/// Where the key goes. The file is there, under another name, before the key is asked for.
pub(super) enum KeyPlace {
    File {
        draft: NamedTempFile,
        path: PathBuf,
        force: bool,
    },
    Stdout,
}

impl KeyPlace {
    /// Sees to it that the key can be kept. An existing file stays unless it was said otherwise.
    pub(super) fn prepare(path: Option<&Path>, force: bool) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Stdout);
        };
        let unusable = |text: Bilingual, help| failure(ExitCode::Unusable, text, Some(help));
        if let Ok(found) = std::fs::symlink_metadata(path) {
            if !found.is_file() {
                let text = both!(
                    "{path} is no file",
                    "{path} ist keine Datei",
                    path = path.display()
                );
                return Err(unusable(
                    text,
                    both!(
                        "choose another file with --key-file",
                        "mit --key-file eine andere Datei wählen"
                    ),
                ));
            }
            if !force {
                let text = both!(
                    "{path} is there already; it may hold a key",
                    "{path} gibt es schon; vielleicht steht ein Schlüssel darin",
                    path = path.display()
                );
                return Err(unusable(
                    text,
                    both!(
                        "choose another file, or overwrite it with --force",
                        "eine andere Datei wählen, oder sie mit --force überschreiben"
                    ),
                ));
            }
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // 0600 from its first moment on.
        let draft = tempfile::Builder::new().prefix(".key-").tempfile_in(folder);
        let draft = draft.and_then(|mut draft| {
            // Room for the key is taken now, while nothing is lost if there is none.
            draft.write_all(&[b'\n'; 4096])?;
            draft.as_file().sync_all()?;
            Ok(draft)
        });
        match draft {
            Ok(draft) => Ok(Self::File {
                draft,
                path: path.to_owned(),
                force,
            }),
            Err(error) => {
                let place = folder.display();
                let text = match folder.metadata() {
                    Err(missing) if missing.kind() == ErrorKind::NotFound => both!(
                        "there is no folder {place} for the key",
                        "den Ordner {place} für den Schlüssel gibt es nicht"
                    ),
                    Ok(found) if !found.is_dir() => both!(
                        "{place} is no folder, so no key can be written into it",
                        "{place} ist kein Ordner, also lässt sich kein Schlüssel darin ablegen"
                    ),
                    _ => both!([error = of_io(&error)]
                        "no key can be written into {place}: {error}",
                        "in {place} lässt sich kein Schlüssel schreiben: {error}"
                    ),
                };
                Err(unusable(
                    text,
                    both!(
                        "choose another file with --key-file",
                        "mit --key-file eine andere Datei wählen"
                    ),
                ))
            }
        }
    }

    /// Keeps the key, or shows it: one of both, and only once. `lines` says where it is named.
    pub(super) fn keep(
        self,
        told: Told<'_>,
        lines: &KeyLines,
        console: &Console,
        as_json: bool,
    ) -> Ended {
        let (draft, path, force) = match self {
            Self::Stdout => {
                show(told, lines, console, as_json);
                return Ok(ExitCode::Fine);
            }
            Self::File { draft, path, force } => (draft, path, force),
        };
        if let Err(error) = write(draft, &path, force, told.key) {
            console.warn(&both!([error = of_io(&error)]
                "{path} could not be written ({error}): this is the only time that the key is shown",
                "{path} ließ sich nicht schreiben ({error}): der Schlüssel wird nur dieses eine Mal gezeigt",
                path = path.display()
            ));
            show(told, lines, console, as_json);
            return Ok(ExitCode::Failure);
        }
        if as_json {
            console.json(&json!({
                "type": "registered", "key_file": path.display().to_string(),
                "scopes": told.scopes, "app_id": told.app_id,
            }));
        } else {
            console.say(&both!(
                "The key is in {path}.",
                "Der Schlüssel steht in {path}.",
                path = path.display()
            ));
            console.note(&next::steps(lines));
        }
        Ok(ExitCode::Fine)
    }
}

fn show(told: Told<'_>, lines: &KeyLines, console: &Console, as_json: bool) {
    if as_json {
        console.json(&json!({
            "type": "registered", "api_key": told.key.expose_secret(),
            "scopes": told.scopes, "app_id": told.app_id,
        }));
    } else {
        console.note(&both!(
            "This is the key. Wawi does not tell it again, and neither do we:",
            "Das ist der Schlüssel. Die Wawi nennt ihn nicht noch einmal, und wir auch nicht:"
        ));
        console.line(told.key.expose_secret());
        console.note(&next::steps_if_shown(lines, told.app_id));
    }
}

/// Writes the key, durably, then gives the file its name.
fn write(
    mut draft: NamedTempFile,
    path: &Path,
    force: bool,
    key: &SecretString,
) -> std::io::Result<()> {
    use std::io::{Seek, SeekFrom};
    let text = format!("{}\n", key.expose_secret());
    draft.seek(SeekFrom::Start(0))?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().set_len(text.len() as u64)?;
    draft.as_file().sync_all()?;
    let named = if force {
        draft.persist(path)
    } else {
        draft.persist_noclobber(path)
    };
    named.map_err(|error| error.error)?;
    // The name survives a power cut, too. Windows has no such call and needs none.
    if cfg!(unix) {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = std::fs::File::open(folder.unwrap_or(Path::new(".")));
        if let Err(error) = folder.and_then(|folder| folder.sync_all()) {
            tracing::warn!(%error, "the folder of the key file could not be synced");
        }
    }
    Ok(())
}
