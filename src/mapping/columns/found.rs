//! How the names that an input's header has are told. Where the line with the names is missing,
//! they are values of the first record: what may be shown of them depends on who reads it.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

use super::Header;
use crate::mapping::compile::Compiled;
use crate::mapping::suggest::{closest, listed, quoted};
use crate::outcome::{Bilingual, Repeating, ValuesShown, both, wording};

/// Of which file's header it is certain that it has names: one of the mapping's own columns is
/// among them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Certain {
    /// The input's.
    ours: bool,
    /// That of the second file (`[join]`).
    theirs: bool,
}

impl Certain {
    /// What is certain of a header in which `is_found` tells the columns of the mapping.
    pub(super) fn of(compiled: &Compiled, is_found: impl Fn(&str) -> bool) -> Self {
        let mut certain = Self::default();
        for column in &compiled.columns {
            let name = column.name.as_str();
            // A column that is called by a number may be found among values.
            if name.contains(char::is_alphabetic) && is_found(name) {
                match is_theirs(compiled, name) {
                    true => certain.theirs = true,
                    false => certain.ours = true,
                }
            }
        }
        certain
    }
}

fn is_theirs(compiled: &Compiled, name: &str) -> bool {
    let join = compiled.join.as_ref();
    join.is_some_and(|join| join.name_there(name).is_some())
}

impl Header<'_> {
    fn is_certain(&self, name: &str) -> bool {
        match is_theirs(self.compiled, name) {
            true => self.certain.theirs,
            false => self.certain.ours,
        }
    }

    /// A name that was found, as it may be shown; none, if nothing of it may.
    fn shown<'n>(&self, name: &'n str, values: ValuesShown) -> Option<Cow<'n, str>> {
        match values {
            ValuesShown::Full => Some(name.into()),
            ValuesShown::Masked if self.is_certain(name) => Some(name.into()),
            ValuesShown::Masked => Some(wording::mask(name).into()),
            ValuesShown::None => None,
        }
    }

    /// Whether the column is there as what its UTF-8 is in Windows-1252: `StraÃŸe`.
    fn is_misread(&self, wanted: &str) -> bool {
        let (misread, _) = WINDOWS_1252.decode_without_bom_handling(wanted.as_bytes());
        !wanted.is_ascii() && !self.matches(&misread).is_empty()
    }

    /// What helps where the column `wanted` is not there: the one that was meant, or all that
    /// there are.
    pub(super) fn instead_of(&self, wanted: &str) -> Repeating {
        if self.is_misread(wanted) {
            return Repeating::from(both!(
                "it is there, but the input is UTF-8 and is read in another encoding: correct \
                 `encoding` in [source] or `--encoding`, wherever it is said; left out, it is \
                 detected",
                "sie ist da, aber die Eingabe ist UTF-8 und wird mit einem anderen Zeichensatz \
                 gelesen: `encoding` in [source] oder `--encoding` berichtigen, wo immer es steht; \
                 weggelassen, wird er erkannt"
            ));
        }
        let near = closest(wanted, self.usable());
        Repeating::new(|values| {
            let near = near.filter(|name| match values {
                ValuesShown::Full => true,
                ValuesShown::Masked => self.is_certain(name),
                ValuesShown::None => false,
            });
            match near {
                Some(near) => meant(near),
                None => self.all_columns(values),
            }
        })
    }

    /// The names that are there, as they may be shown; none, if nothing of them may.
    fn all_shown(&self, values: ValuesShown) -> Option<Bilingual> {
        let shown = self.usable().map(|name| self.shown(name, values));
        let shown: Vec<Cow<'_, str>> = shown.collect::<Option<_>>()?;
        Some(listed(shown.iter().map(|name| &**name), 12))
    }

    /// What stands in the line that was taken for the header, with what is to be done about it.
    pub(super) fn in_place_of_a_header(&self, what_to_do: &Bilingual) -> Repeating {
        Repeating::new(|values| match self.all_shown(values) {
            Some(names) if values == ValuesShown::Masked => both!([names, what_to_do]
                "in it stand {names}, masked (`--values full` shows them); {what_to_do}",
                "in ihr stehen {names}, maskiert (`--values full` zeigt sie); {what_to_do}"
            ),
            Some(names) => both!([names, what_to_do]
                "in it stand {names}; {what_to_do}",
                "in ihr stehen {names}; {what_to_do}"
            ),
            None => what_to_do.clone(),
        })
    }

    fn all_columns(&self, values: ValuesShown) -> Bilingual {
        let Some(columns) = self.all_shown(values) else {
            return match self.usable().count() {
                1 => both!(
                    "its only column is not called so; `importer mapping check MAPPING INPUT` \
                     names it",
                    "ihre einzige Spalte heißt nicht so; `importer mapping check ZUORDNUNG \
                     EINGABE` nennt sie"
                ),
                count => both!(
                    "none of its {count} columns is called so; `importer mapping check MAPPING \
                     INPUT` names them",
                    "keine ihrer {count} Spalten heißt so; `importer mapping check ZUORDNUNG \
                     EINGABE` nennt sie"
                ),
            };
        };
        let is_masked = values == ValuesShown::Masked;
        match is_masked && !self.usable().all(|name| self.is_certain(name)) {
            true => both!([columns]
                "its columns are {columns}, masked, for the mapping knows none of them: is the \
                 line with their names missing, or is it another export? `--values full`, or \
                 `importer mapping check MAPPING INPUT`, shows them",
                "ihre Spalten sind {columns}, maskiert, denn die Zuordnung kennt keine davon: \
                 fehlt die Zeile mit den Namen, oder ist es ein anderer Export? `--values full` \
                 oder `importer mapping check ZUORDNUNG EINGABE` zeigt sie"
            ),
            false => both!([columns] "its columns are {columns}", "ihre Spalten sind {columns}"),
        }
    }

    /// The name that `wanted` was probably meant to be, as one of them is spelt.
    pub(super) fn near(&self, near: &str) -> Repeating {
        Repeating::new(|values| match self.shown(near, values) {
            Some(near) => meant(&near),
            None => both!(
                "a column of the input is spelt almost so",
                "eine Spalte der Eingabe heißt fast so"
            ),
        })
    }

    /// The header is a single column. `delimiter` seems to separate its fields: then it may be
    /// seen whether they are names.
    pub(super) fn single(&self, whole: &str, delimiter: Option<&str>) -> Repeating {
        let mut fields = delimiter.into_iter().flat_map(|it| whole.split(it));
        let is_certain = fields.any(|field| {
            let name = field.trim().trim_matches('"');
            let mut columns = self.compiled.columns.iter();
            name.contains(char::is_alphabetic)
                && columns.any(|column| super::folded(&column.name) == super::folded(name))
        });
        Repeating::new(|values| {
            let name = match values {
                ValuesShown::Masked if is_certain => Some(whole.into()),
                values => self.shown(whole, values),
            };
            match name.map(|name| quoted(&name)) {
                Some(name) => both!(
                    "the input's header is a single column: {name}",
                    "die Kopfzeile der Eingabe ist eine einzige Spalte: {name}"
                ),
                None => both!(
                    "the input's header is a single column",
                    "die Kopfzeile der Eingabe ist eine einzige Spalte"
                ),
            }
        })
    }
}

fn meant(name: &str) -> Bilingual {
    both!(
        "did you mean {name}?",
        "ist {name} gemeint?",
        name = quoted(name)
    )
}
