//! Whether a job's inputs can be found, read and archived, its hooks be called and its folders be
//! written to: what `--check` tries before the night does. No hook is called; the file that tries
//! a folder is gone again.

mod folders;
mod needs;

use std::path::{Path, PathBuf};

pub(crate) use self::folders::is_elsewhere;
use self::folders::{nearest, writable};
pub use self::needs::Needs;

use super::hooks::{self, HookFault};
use super::jobs::{HookPlace, Job};
use super::pattern;
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, both};
use crate::settings::Environment;

/// The key of the inputs.
const INPUTS: &str = "inputs";

/// Where a system looks for programs that have no PATH.
const USUAL_PATH: &str = "/bin:/usr/bin";

/// What would go wrong with a job.
#[derive(Debug)]
pub struct Hindrance {
    /// The job's key that it is about.
    pub key: &'static str,
    /// What would go wrong.
    pub what: Bilingual,
    /// What to do about it.
    pub help: Option<Bilingual>,
}

/// What a trial found.
#[derive(Debug, Default)]
pub struct Tried {
    /// What would go wrong.
    pub wrong: Vec<Hindrance>,
    /// What will work, and is hardly meant, with the job's key that it is about.
    pub odd: Vec<(&'static str, Bilingual)>,
    /// What is fine, and good to know.
    pub notes: Vec<Bilingual>,
}

impl Tried {
    fn fail(&mut self, key: &'static str, what: Bilingual) {
        let help = None;
        self.wrong.push(Hindrance { key, what, help });
    }
}

impl Job {
    /// Tries inputs, hooks, archives and the other folders.
    #[must_use]
    pub fn try_out(&self, environment: &Environment, needs: &Needs<'_>) -> Tried {
        let mut tried = Tried::default();
        let hooks = [
            ("on_success", &self.hooks.on_success),
            ("on_failure", &self.hooks.on_failure),
            ("on_change", &self.hooks.on_change),
        ];
        for (key, place) in hooks {
            let Some(place) = place else { continue };
            let found = match place {
                HookPlace::Command(words) => program(words, environment),
                HookPlace::Web { url, allow_http } => {
                    hooks::address(url, *allow_http, environment).map(drop)
                }
            };
            if let Err(HookFault { what, help }) = found {
                tried.wrong.push(Hindrance { key, what, help });
            }
        }
        self.try_inputs(&mut tried);
        self.try_archives(&mut tried);
        self.try_files(needs.now, &mut tried);
        self.try_folders(needs, &mut tried);
        self.try_sense(needs, &mut tried);
        tried
    }

    /// Looks whether files can be moved away.
    fn try_archives(&self, tried: &mut Tried) {
        for (key, folder) in self.archives() {
            let Some(folder) = folder else { continue };
            match nearest(folder).and_then(|there| writable(&there).map(|()| there)) {
                Ok(there) if self.inboxes().any(|inbox| is_elsewhere(&inbox, &there)) => {
                    tried.notes.push(both!(
                        "{key}: {folder} is on another file system than the input: files are \
                         copied there, then removed",
                        "{key}: {folder} liegt auf einem anderen Dateisystem als die Eingabe: \
                         Dateien werden dorthin kopiert, dann entfernt",
                        folder = folder.display()
                    ));
                }
                Ok(_) => {}
                Err(why) => tried.fail(key, why),
            }
        }
        if self.archive_done.is_some() || self.archive_failed.is_some() {
            for inbox in self.inboxes() {
                if let Err(why) = writable(&inbox) {
                    let text = both!([why]
                        "no file can be moved away: {why}",
                        "keine Datei lässt sich verschieben: {why}"
                    );
                    tried.fail(INPUTS, text);
                }
            }
        }
    }

    /// Looks whether the inputs' folders are there, and whether a name can be an input's.
    fn try_inputs(&self, tried: &mut Tried) {
        for input in &self.inputs {
            let folder = pattern::base(input);
            let wrong = match (pattern::file(input), std::fs::metadata(&folder)) {
                (_, Ok(found)) if !found.is_dir() => both!(
                    "{folder} is no folder",
                    "{folder} ist kein Ordner",
                    folder = folder.display()
                ),
                (_, Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                    tried.notes.push(both!(
                        "inputs: there is no folder {folder} now, in which {input} is looked for",
                        "inputs: den Ordner {folder}, in dem {input} gesucht wird, gibt es jetzt \
                         nicht",
                        folder = folder.display()
                    ));
                    continue;
                }
                (_, Err(error)) => both!([error = of_io(&error)]
                    "{folder} cannot be used: {error}",
                    "{folder} ist nicht zu benutzen: {error}",
                    folder = folder.display()
                ),
                (Some(file), Ok(_)) if file.is_dir() => both!(
                    "{input} is a folder, in which no file is looked for; write {input}/*.csv",
                    "{input} ist ein Ordner, in dem keine Datei gesucht wird; {input}/*.csv \
                     schreiben"
                ),
                (Some(file), Ok(_)) if !file.exists() => {
                    tried.notes.push(both!(
                        "inputs: {input} is not there now",
                        "inputs: {input} ist jetzt nicht da"
                    ));
                    continue;
                }
                (_, Ok(_)) => {
                    self.try_archives_around(input, &folder, tried);
                    continue;
                }
            };
            tried.fail(INPUTS, wrong);
        }
    }

    /// By another name, which a link has, the inbox may be in an archive.
    fn try_archives_around(&self, input: &str, inbox: &Path, tried: &mut Tried) {
        let archives = self.archives().into_iter();
        for (key, archive) in archives.filter_map(|(key, it)| Some((key, it.as_ref()?))) {
            let (Ok(inbox), Ok(there)) = (inbox.canonicalize(), archive.canonicalize()) else {
                continue;
            };
            if inbox.starts_with(there) {
                let text = both!(
                    "{input} lies in {archive}, in which nothing is read",
                    "{input} liegt in {archive}, worin nichts gelesen wird",
                    archive = archive.display()
                );
                tried.fail(key, text);
            }
        }
    }

    fn archives(&self) -> [(&'static str, &Option<PathBuf>); 2] {
        [
            ("archive_done", &self.archive_done),
            ("archive_failed", &self.archive_failed),
        ]
    }

    /// The folders that inputs are moved away from, as far as they are there and have a name of
    /// their own.
    fn inboxes(&self) -> impl Iterator<Item = PathBuf> {
        let own = self.inputs.iter().filter(|it| pattern::is_one_folder(it));
        let folders = own.map(|pattern| pattern::base(pattern));
        let mut folders: Vec<PathBuf> = folders.filter(|folder| folder.is_dir()).collect();
        folders.sort();
        folders.dedup();
        folders.into_iter()
    }
}

/// Whether the hook's program is there and may be run: looked for as the system will.
fn program(words: &[String], environment: &Environment) -> Result<(), HookFault> {
    let Some(program) = words.first() else {
        return Err(hooks::no_program());
    };
    let fault = |what| HookFault::new(what, hooks::how_it_is_found());
    let path = Path::new(program);
    let is_name = path.is_relative() && path.components().count() < 2;
    let places: Vec<PathBuf> = if is_name {
        let folders = environment.variable("PATH");
        let folders = folders.unwrap_or_else(|| USUAL_PATH.to_owned());
        std::env::split_paths(&folders)
            .map(|folder| folder.join(path))
            .collect()
    } else {
        vec![path.to_owned()]
    };
    let endings = if cfg!(windows) {
        &["", ".exe"][..]
    } else {
        &[""]
    };
    let found = places.iter().flat_map(|place| {
        endings.iter().map(move |ending| {
            let mut place = place.clone().into_os_string();
            place.push(ending);
            let found = std::fs::metadata(&place);
            let may_run = found.map(|found| may_run(place.as_ref(), &found));
            (PathBuf::from(place), may_run)
        })
    });
    if is_name {
        // What may not be run there is passed by, and so is a script that nothing can run.
        let mut passed_by = None;
        for (place, _) in found.filter(|(_, may_run)| matches!(may_run, Ok(true))) {
            match hooks::unrunnable(&place) {
                Some(why) => passed_by.get_or_insert(why),
                None => return Ok(()),
            };
        }
        return Err(passed_by.unwrap_or_else(|| {
            fault(both!(
                "the program `{program}` is in no folder of PATH",
                "das Programm `{program}` steht in keinem Ordner von PATH"
            ))
        }));
    }
    let mut why = None;
    for (place, found) in found {
        match found {
            Ok(true) => return hooks::unrunnable(&place).map_or(Ok(()), Err),
            Ok(false) => {
                why = Some(both!(
                    "`{program}` is no program that may be run",
                    "`{program}` ist kein ausführbares Programm"
                ));
            }
            Err(error) => {
                why.get_or_insert(both!([error = of_io(&error)]
                    "the program `{program}` is not to be found: {error}",
                    "das Programm `{program}` ist nicht zu finden: {error}"
                ));
            }
        }
    }
    why.map_or(Ok(()), |why| Err(fault(why)))
}

/// Whether this user may run it: a program may be its owner's alone.
#[cfg(unix)]
fn may_run(path: &Path, found: &std::fs::Metadata) -> bool {
    found.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn may_run(_: &Path, found: &std::fs::Metadata) -> bool {
    found.is_file()
}
