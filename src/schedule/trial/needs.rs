//! What a start needs beside hooks and archives: folders that it writes to, inputs that it reads,
//! and times that it keeps.

use std::fs::File;
use std::path::Path;

use jiff::Timestamp;

use super::folders::{nearest, writable};
use super::{Hindrance, INPUTS, Tried};
use crate::import::ImportError;
use crate::outcome::borrowed::of_io;
use crate::outcome::telling::length_in;
use crate::outcome::{Bilingual, both};
use crate::schedule::inbox;
use crate::schedule::jobs::Job;
use crate::schedule::state::States;
use crate::schedule::times::shortest_gap;
use crate::schedule::work::in_both;

/// The key of the state folder, which is no job's.
const STATE_DIR: &str = "state_dir";

/// Inputs that are told which cannot be read.
const TOLD: usize = 5;

/// What of a job's start its settings decide.
#[derive(Clone, Copy, Debug)]
pub struct Needs<'a> {
    /// The state folder of the schedule.
    pub state_dir: &'a Path,
    /// That of the job's runs, if it is known and stays.
    pub journal: Option<&'a Path>,
    /// The reports' folder, if it is known.
    pub report_dir: Option<&'a Path>,
    /// Whether its runs have a stand-in for the ERP.
    pub sandbox: bool,
    /// The time.
    pub now: Timestamp,
}

impl Job {
    /// Looks whether what a start writes can be written where it is to lie.
    pub(super) fn try_folders(&self, needs: &Needs<'_>, tried: &mut Tried) {
        let mut folders = vec![(STATE_DIR, needs.state_dir.to_owned())];
        folders.push((STATE_DIR, States::of(needs.state_dir).folder_of(&self.name)));
        folders.extend(needs.journal.map(|folder| (STATE_DIR, folder.to_owned())));
        let reports = needs.report_dir.map(Path::to_owned);
        folders.extend(reports.map(|folder| ("report_dir", folder)));
        for (key, folder) in folders {
            let found = nearest(&folder).and_then(|there| writable(&there));
            let Err(why) = found else { continue };
            // Of several folders the same may be wrong.
            let is_known = |it: &Hindrance| it.key == key && it.what == why;
            if !tried.wrong.iter().any(is_known) {
                tried.fail(key, why);
            }
        }
        let journal = needs.journal.unwrap_or(needs.state_dir).join("journal.db");
        if let Some(why) = unwritable(&journal) {
            tried.fail(STATE_DIR, why);
        }
    }

    /// Looks whether the inputs that are there now can be found and read.
    pub(super) fn try_files(&self, now: Timestamp, tried: &mut Tried) {
        // What is wrong already would only be told once more.
        if tried.wrong.iter().any(|it| it.key == INPUTS) {
            return;
        }
        let inbox = match inbox::look(self, now) {
            Ok(inbox) => inbox,
            Err(error) => {
                let why = in_both(&ImportError::from(error));
                tried.fail(INPUTS, why);
                return;
            }
        };
        let files = inbox.due.iter().chain(&inbox.young);
        let mut wrong: Vec<Bilingual> = files.filter_map(|path| unreadable(path)).collect();
        let more = wrong.len().saturating_sub(TOLD);
        wrong.truncate(TOLD);
        wrong.extend(match more {
            0 => None,
            1 => Some(both!(
                "1 more file cannot be read",
                "1 weitere Datei ist nicht zu lesen"
            )),
            more => Some(both!(
                "{more} more files cannot be read",
                "{more} weitere Dateien sind nicht zu lesen"
            )),
        });
        for why in wrong {
            tried.fail(INPUTS, why);
        }
    }

    /// Looks whether what is asked for is likely to be meant.
    pub(super) fn try_sense(&self, needs: &Needs<'_>, tried: &mut Tried) {
        if needs.sandbox {
            tried.odd.push((
                "run",
                both!(
                    "sandbox is on: its runs go into a stand-in for the ERP, which goes with each \
                     of them; nothing is imported, and inputs are archived as if it were. To try \
                     a job, write dry_run = true",
                    "sandbox ist eingeschaltet: seine Läufe gehen in einen Ersatz für die Wawi, \
                     den es danach nicht mehr gibt; importiert wird nichts, und Eingaben werden \
                     archiviert, als wäre es so. Zum Ausprobieren dry_run = true schreiben"
                ),
            ));
        }
        let gap = shortest_gap(self, needs.now);
        if let Some(gap) = gap.filter(|gap| self.jitter > *gap) {
            let [most, gap] = [self.jitter, gap]
                .map(|length| Bilingual::of(|language| length_in(length, language)));
            tried.odd.push((
                "jitter",
                both!([most, gap]
                    "it may start up to {most} after its time, but the next time may come {gap} \
                     after it: times that come meanwhile are left out; choose a shorter one",
                    "er startet bis zu {most} nach seiner Zeit, die nächste kann aber schon {gap} \
                     danach kommen: was dazwischen liegt, fällt aus; eine kürzere Zeit wählen"
                ),
            ));
        }
    }
}

/// Why a file that is there cannot be written to.
fn unwritable(path: &Path) -> Option<Bilingual> {
    let found = std::fs::symlink_metadata(path).ok()?;
    // Whatever else stands there is told by whoever uses it.
    let error = found
        .is_file()
        .then(|| File::options().append(true).open(path).err())
        .flatten()?;
    Some(both!([error = of_io(&error)]
        "{path} cannot be written: {error}",
        "{path} ist nicht zu schreiben: {error}",
        path = path.display()
    ))
}

/// Why an input cannot be read; a pipe is not opened, for that would wait for its writer.
fn unreadable(path: &Path) -> Option<Bilingual> {
    let found = std::fs::metadata(path).ok()?;
    let error = found.is_file().then(|| File::open(path).err()).flatten()?;
    Some(both!([error = of_io(&error)]
        "{path} cannot be read: {error}",
        "{path} ist nicht zu lesen: {error}",
        path = path.display()
    ))
}
