//! Inputs that a start moved away when their runs were over, until somebody has been told of
//! them: a start that is interrupted, or dies, tells nobody, and the next one finds no input that
//! would remind it of them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::inbox::Look;
use super::runner::Ran;
use super::verdict::{Fate, Fault};
use crate::exit;
use crate::import::absolute;
use crate::outcome::{Bilingual, Counts, ErrorGroup, Summary, Told};

/// A text in English and in German.
type Pair = (String, String);

/// What an input came to that is about to be moved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Untold {
    /// The file, where it was.
    pub(super) input: PathBuf,
    /// Where it will lie.
    pub(super) moved_to: PathBuf,
    /// By what the file is known.
    #[serde(default)]
    pub(super) look: Option<Look>,
    /// Whether the note before this one named a place that was taken meanwhile.
    pub(super) is_corrected: bool,
    /// What becomes of it.
    pub(super) fate: Fate,
    /// See [`Ran`].
    exit_code: u8,
    is_strict: bool,
    journal: Option<PathBuf>,
    message: Option<Pair>,
    help: Option<Pair>,
    summary: Option<Box<Summary>>,
    /// What the summary does not write down.
    before: Counts,
    told: Vec<Option<Box<Told>>>,
}

impl Untold {
    /// The note of a run. The next start may have another working folder.
    pub(super) fn of(ran: &Ran, fate: Fate, input: &Path, moved_to: &Path) -> Self {
        let mut summary = ran.summary.clone();
        let (mut before, mut told) = (Counts::default(), Vec::new());
        if let Some(summary) = &mut summary {
            // It has examples of values.
            summary.linked = None;
            before = summary.before;
            told = groups(summary).map(|group| group.told.clone()).collect();
        }
        Self {
            input: absolute(input),
            moved_to: absolute(moved_to),
            look: None,
            is_corrected: false,
            fate,
            exit_code: ran.code.number(),
            is_strict: ran.is_strict,
            journal: ran.journal.as_deref().map(absolute),
            message: pair(ran.message.as_ref()),
            help: pair(ran.help.as_ref()),
            summary,
            before,
            told,
        }
    }

    /// What the run came to.
    pub(super) fn ran(self) -> Ran {
        let mut summary = self.summary;
        if let Some(summary) = &mut summary {
            summary.before = self.before;
            for (group, told) in groups(summary).zip(self.told) {
                group.told = told;
            }
        }
        Ran {
            code: exit::from_number(self.exit_code),
            summary,
            fault: Fault::Elsewhere,
            message: self.message.map(in_both),
            help: self.help.map(in_both),
            dry_run: false,
            is_strict: self.is_strict,
            journal: self.journal,
        }
    }

    /// Whether it was moved. Who died before that left it where it was, and perhaps an empty file
    /// that takes its name; then the next start finds it again. Another file of its name may have
    /// come since, and the archive may be away.
    fn was_moved(&self) -> bool {
        let is_still_there = Look::at(&self.input).is_ok_and(|found| {
            let look = self.look.as_ref();
            look.is_none_or(|look| found.is_of_the_same(look))
        });
        let place = fs::metadata(&self.moved_to);
        !is_still_there || place.is_ok_and(|found| found.is_file() && found.len() > 0)
    }
}

/// Those of the notes whose inputs were moved, in their order.
pub(super) fn moved(notes: Vec<Untold>) -> Vec<Untold> {
    let mut moved: Vec<Untold> = Vec::new();
    for note in notes {
        if note.is_corrected {
            moved.pop();
        }
        // Those that are kept stand alone.
        moved.push(Untold {
            is_corrected: false,
            ..note
        });
    }
    moved.retain(Untold::was_moved);
    moved
}

fn pair(text: Option<&Bilingual>) -> Option<Pair> {
    let text = text?;
    Some((text.english.clone(), text.german.clone()))
}

fn in_both((english, german): Pair) -> Bilingual {
    Bilingual { english, german }
}

fn groups(summary: &mut Summary) -> impl Iterator<Item = &mut ErrorGroup> {
    let (errors, warnings) = (&mut summary.errors, &mut summary.warning_groups);
    errors.iter_mut().chain(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Ending, ExitCode, Stop};

    fn ran(summary: Option<Summary>) -> Ran {
        Ran {
            code: ExitCode::SomeFailed,
            summary: summary.map(Box::new),
            fault: Fault::Elsewhere,
            message: None,
            help: None,
            dry_run: false,
            is_strict: true,
            journal: None,
        }
    }

    fn again(note: &Untold) -> Untold {
        serde_json::from_str(&serde_json::to_string(note).unwrap()).unwrap()
    }

    #[test]
    fn what_a_run_came_to_is_read_as_it_was_noted() {
        let summary = Summary {
            run: "r".to_owned(),
            ending: Ending::Stopped(Stop::Address { status: 404 }),
            before: Counts {
                created: 7,
                ..Counts::default()
            },
            errors: vec![ErrorGroup {
                code: "range".to_owned(),
                told: Some(Box::new(Told {
                    message: "zu groß".to_owned(),
                    remedy: String::new(),
                })),
                ..ErrorGroup::default()
            }],
            ..Summary::default()
        };
        let came = ran(Some(summary.clone()));
        let note = Untold::of(&came, Fate::Failed, Path::new("a"), Path::new("b"));
        assert!(note.input.is_absolute() && note.moved_to.is_absolute());
        let ran = again(&note).ran();
        assert_eq!(ran.summary.as_deref(), Some(&summary));
        assert_eq!((ran.code, ran.is_strict), (ExitCode::SomeFailed, true));
    }

    /// The archive may be away when the next export is there already.
    #[test]
    fn another_file_of_the_same_name_hides_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("a.csv");
        fs::write(&input, "bad").unwrap();
        let mut note = Untold::of(&ran(None), Fate::Failed, &input, Path::new("/away/a.csv"));
        note.look = Look::at(&input).ok();
        assert_eq!(moved(vec![again(&note)]).len(), 0);
        fs::write(&input, "the next one").unwrap();
        assert_eq!(moved(vec![again(&note)]).len(), 1);
    }

    /// Who dies on the way leaves it where it was, and perhaps an empty file of its name.
    #[test]
    fn what_was_not_moved_is_found_again_and_not_told_from_here() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let note =
            |from: &str, to: &str| Untold::of(&ran(None), Fate::Failed, &path(from), &path(to));
        let corrected = |from: &str, to: &str| Untold {
            is_corrected: true,
            ..note(from, to)
        };
        for (name, text) in [
            ("here.csv", "a"),
            ("taken.csv", "a"),
            ("taken-moved.csv", ""),
            ("two.csv", "a"),
            ("other.csv", "of somebody else"),
            ("empty-moved.csv", ""),
            ("new.csv", "the next night's"),
            ("new-moved.csv", "a"),
        ] {
            fs::write(path(name), text).unwrap();
        }
        let notes = [
            note("here.csv", "here-moved.csv"),
            note("taken.csv", "taken-moved.csv"),
            note("two.csv", "other.csv"),
            corrected("two.csv", "other-2.csv"),
            note("empty.csv", "empty-moved.csv"),
            note("new.csv", "new-moved.csv"),
            note("cleared.csv", "cleared-moved.csv"),
        ];
        let notes = notes.iter().map(again).collect();
        let left: Vec<PathBuf> = moved(notes).into_iter().map(|it| it.input).collect();
        let expected = ["empty.csv", "new.csv", "cleared.csv"].map(path);
        assert_eq!(left, expected);
    }
}
