//! Inputs that are not the mapping's: what was taken for the header is none, or another file's.

use super::super::error::Mistake;
use super::super::suggest::closest;
use super::super::trim::folded;
use super::Header;
use crate::outcome::{Bilingual, both};

impl Header<'_> {
    /// One cause in place of a mistake for each column: what was taken for the header is none,
    /// or that of something else. Nobody can be sure of it by a single column.
    pub(super) fn of_no_header(&self) -> Option<Mistake> {
        let (all, lacking) = self.lacking();
        if lacking.len() < 2 {
            return None;
        }
        let has_none = lacking.len() == all;
        if let Some(mistake) = self.unsplit() {
            return Some(mistake.of_input(has_none));
        }
        let names = lacking.iter().copied();
        if !has_none || self.is_numbered() || !are_foreign(names, || self.usable()) {
            return None;
        }
        let title = both!(
            "the first line that is read does not look like a header: none of the {all} columns \
             that the mapping reads is there",
            "die erste gelesene Zeile sieht nicht nach einer Kopfzeile aus: keine der {all} \
             Spalten, die die Zuordnung liest, ist da"
        );
        let what_to_do = both!([another = another_file()]
            "if the line that names the columns is missing, export the file with it; if that \
             stands further down, `skip_lines` in [source] says after how many lines; {another}",
            "fehlt die Zeile mit den Spaltennamen, die Datei mit ihr exportieren; steht sie weiter \
             unten, mit `skip_lines` in [source] sagen, nach wie vielen Zeilen; {another}"
        );
        let help = self.in_place_of_a_header(&what_to_do);
        Some(Mistake::of_file(title).of_input(true).help(help))
    }

    /// How many of the mapping's columns are to be in the input itself, and those that are not
    /// there.
    pub(super) fn lacking(&self) -> (usize, Vec<&str>) {
        let joined = self.compiled.join.as_ref().map(|join| folded(&join.prefix));
        let is_own = |name: &&str| {
            joined
                .as_ref()
                .is_none_or(|prefix| !folded(name).starts_with(prefix))
        };
        let names = self
            .compiled
            .columns
            .iter()
            .map(|column| column.name.as_str());
        let own: Vec<&str> = names.filter(is_own).collect();
        let lacking = own.iter().filter(|name| self.matches(name).is_empty());
        (own.len(), lacking.copied().collect())
    }

    /// Whether the columns are only counted: the mapping says that there is no header.
    fn is_numbered(&self) -> bool {
        let mut names = (1..).zip(self.names);
        names.all(|(number, name): (usize, _)| *name == number.to_string())
    }
}

/// Whether what the mapping reads is called quite otherwise there. Names that are only spelt
/// otherwise are shown one by one. Nobody can be sure by a single one.
pub(in crate::mapping) fn are_foreign<'a, N: Iterator<Item = &'a str>>(
    wanted: impl Iterator<Item = &'a str>,
    there: impl Fn() -> N,
) -> bool {
    let near: Vec<bool> = wanted
        .map(|name| closest(name, there()).is_some())
        .collect();
    let count = near.iter().filter(|is_near| **is_near).count();
    near.len() > 1 && count * 2 < near.len()
}

/// What to do about an input that is not the mapping's.
pub(in crate::mapping) fn another_file() -> Bilingual {
    both!(
        "if it is another file, give the right one, or a mapping for it: \
         `importer mapping new INPUT -o FILE` proposes one",
        "ist es eine andere Datei, die richtige angeben, oder eine Zuordnung für sie: \
         `importer mapping new EINGABE -o DATEI` schlägt eine vor"
    )
}
