//! Columns: found once in the header, then read by index; keys of JSON objects are resolved
//! for each record.

mod foreign;
mod found;

pub(super) use foreign::{another_file, are_foreign};

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use self::found::Certain;
use super::compile::{ColumnName, Compiled};
use super::error::Mistake;
use super::suggest::{closest, listed, quoted};
use super::trim::{folded, trimmed};
use crate::outcome::{Bilingual, both};
use crate::record::{Fields, RESERVED_COLUMNS, Record};

/// The columns that an input has.
#[derive(Clone, Copy, Debug)]
pub enum Columns<'a> {
    /// A header names them, in the order of the cells.
    Header(&'a [String]),
    /// Each record has keys of its own (JSONL).
    Keys,
}

/// The mapping's columns, found in an input.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound {
    /// The columns as the input spells them.
    pub(super) names: Vec<String>,
    /// How each is reached.
    access: Vec<Access>,
    /// Columns of the header that nothing uses.
    pub(super) unused: Vec<String>,
    /// Columns that are never written, as the input spells them.
    pub(super) dropped: Vec<String>,
}

#[derive(Clone, Debug)]
enum Access {
    Cell(usize),
    Key { key: String, path: Vec<Segment> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Key(String),
    Index(usize),
}

/// What a record has in a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'r> {
    /// Nothing.
    Empty,
    /// Text, trimmed; or the digits of a JSON number.
    Filled {
        /// The text.
        text: &'r str,
        /// Whether it is a JSON number.
        number: bool,
    },
    /// A JSON object or list.
    Nested,
}

impl<'r> Cell<'r> {
    /// The text, if there is any.
    pub(super) fn text(self) -> Option<&'r str> {
        match self {
            Self::Filled { text, .. } => Some(text),
            Self::Empty | Self::Nested => None,
        }
    }
}

impl Bound {
    /// Finds the mapping's columns. One that `is_builtin` cannot be corrected.
    pub(super) fn find(
        compiled: &Compiled,
        columns: Columns<'_>,
        is_builtin: bool,
    ) -> Result<Self, Vec<Mistake>> {
        match columns {
            Columns::Header(header) => {
                let header = Header::new(header, compiled);
                header.bind().map_err(|mistakes| {
                    let cause = match is_builtin {
                        true => header.of_another_export(),
                        false => header.of_no_header(),
                    };
                    cause.map_or(mistakes, |cause| vec![cause])
                })
            }
            Columns::Keys => Ok(Self {
                names: names(&compiled.columns),
                access: compiled
                    .columns
                    .iter()
                    .map(|column| Access::Key {
                        key: column.name.clone(),
                        path: path(&column.name),
                    })
                    .collect(),
                unused: Vec::new(),
                dropped: names(&compiled.dropped),
            }),
        }
    }

    /// What the record has in `column`, with `empty` texts as nothing.
    #[inline]
    pub(super) fn cell<'r>(&self, record: &'r Record, column: usize, empty: &[String]) -> Cell<'r> {
        let (text, number) = match self.raw(record, column) {
            Raw::Text(text) => (trimmed(text), false),
            Raw::Json(Json::String(text)) => (trimmed(text), false),
            Raw::Json(Json::Number(number)) => (number.as_str(), true),
            Raw::Json(Json::Bool(true)) => ("true", false),
            Raw::Json(Json::Bool(false)) => ("false", false),
            Raw::Json(Json::Array(_) | Json::Object(_)) => return Cell::Nested,
            Raw::Json(Json::Null) | Raw::Nothing => return Cell::Empty,
        };
        if text.is_empty() || empty.iter().any(|nothing| nothing == text) {
            Cell::Empty
        } else {
            Cell::Filled { text, number }
        }
    }

    /// The place of the column's cell in a row; none for JSON.
    #[inline]
    pub(super) fn place(&self, column: usize) -> Option<usize> {
        match self.access.get(column)? {
            Access::Cell(index) => Some(*index),
            Access::Key { .. } => None,
        }
    }

    /// The column's text exactly as it stands in the record; nested values as JSON.
    pub(super) fn text<'r>(&self, record: &'r Record, column: usize) -> Cow<'r, str> {
        match self.raw(record, column) {
            Raw::Text(text) => text.into(),
            Raw::Json(Json::String(text)) => text.into(),
            Raw::Json(Json::Null) | Raw::Nothing => "".into(),
            Raw::Json(other) => other.to_string().into(),
        }
    }

    /// The column's value, if the record is JSON and has it.
    pub(super) fn json<'r>(&self, record: &'r Record, column: usize) -> Option<&'r Json> {
        match self.raw(record, column) {
            Raw::Json(json) => Some(json),
            Raw::Text(_) | Raw::Nothing => None,
        }
    }

    /// Whether the record has the column at all. A list that is there has all of its places,
    /// for nobody's second address is no missing column.
    pub(super) fn is_present(&self, record: &Record, column: usize) -> bool {
        !matches!(self.raw(record, column), Raw::Nothing)
            || match (self.access.get(column), &record.fields) {
                (Some(Access::Key { path, .. }), Fields::Object(object)) => {
                    ends_in_short_list(object, path)
                }
                _ => false,
            }
    }

    #[inline]
    fn raw<'r>(&self, record: &'r Record, column: usize) -> Raw<'r> {
        match (self.access.get(column), &record.fields) {
            (Some(Access::Cell(index)), Fields::Cells(cells)) => {
                cells.get(*index).map_or(Raw::Nothing, Raw::Text)
            }
            (Some(Access::Key { key, path }), Fields::Object(object)) => object
                .get(key)
                .or_else(|| walk(object, path))
                .map_or(Raw::Nothing, Raw::Json),
            _ => Raw::Nothing,
        }
    }
}

enum Raw<'r> {
    Nothing,
    Text(&'r str),
    Json(&'r Json),
}

fn names(columns: &[ColumnName]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

/// `address.city` and `addresses[0].zip` as steps into nested values. A name without steps is
/// only ever a key.
fn path(name: &str) -> Vec<Segment> {
    if !name.contains(['.', '[']) {
        return Vec::new();
    }
    let mut path = Vec::new();
    for piece in name.split('.') {
        let (key, indices) = piece.split_at(piece.find('[').unwrap_or(piece.len()));
        if !key.is_empty() {
            path.push(Segment::Key(key.to_owned()));
        }
        for index in indices.split_terminator(']') {
            match index.strip_prefix('[').map(str::parse) {
                Some(Ok(index)) => path.push(Segment::Index(index)),
                _ => return Vec::new(),
            }
        }
    }
    path
}

fn walk<'r>(object: &'r Map<String, Json>, path: &[Segment]) -> Option<&'r Json> {
    let (first, rest) = path.split_first()?;
    let Segment::Key(key) = first else {
        return None;
    };
    rest.iter()
        .try_fold(object.get(key)?, |value, segment| match segment {
            Segment::Key(key) => value.as_object()?.get(key),
            Segment::Index(index) => value.as_array()?.get(*index),
        })
}

/// Whether the path leads to a list that is too short for its next step.
fn ends_in_short_list(object: &Map<String, Json>, path: &[Segment]) -> bool {
    path.iter().enumerate().any(|(at, segment)| {
        let Segment::Index(index) = segment else {
            return false;
        };
        path.get(..at)
            .and_then(|before| walk(object, before)?.as_array())
            .is_some_and(|list| *index >= list.len())
    })
}

/// Columns that are not there and are shown with their place; the others are only listed.
const SHOWN: usize = 8;

/// A header, indexed by its names.
struct Header<'a> {
    names: &'a [String],
    exact: HashMap<&'a str, Vec<usize>>,
    folded: HashMap<String, Vec<usize>>,
    /// The mapping whose columns are looked for.
    compiled: &'a Compiled,
    certain: Certain,
}

impl<'a> Header<'a> {
    fn new(names: &'a [String], compiled: &'a Compiled) -> Self {
        let mut header = Self {
            names,
            exact: HashMap::new(),
            folded: HashMap::new(),
            compiled,
            certain: Certain::default(),
        };
        for (index, name) in names.iter().enumerate() {
            if RESERVED_COLUMNS.contains(&name.as_str()) {
                continue;
            }
            header.exact.entry(name).or_default().push(index);
            header.folded.entry(folded(name)).or_default().push(index);
        }
        header.certain = Certain::of(compiled, |name| !header.matches(name).is_empty());
        header
    }

    fn bind(&self) -> Result<Bound, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut further = Vec::new();
        let mut bound = Bound::default();
        let mut used = vec![false; self.names.len()];
        for column in &self.compiled.columns {
            match self.find(column) {
                Ok(index) => {
                    if let Some(used) = used.get_mut(index) {
                        *used = true;
                    }
                    bound.names.push(self.name(index).to_owned());
                    bound.access.push(Access::Cell(index));
                }
                Err(_) if mistakes.len() >= SHOWN && self.matches(&column.name).is_empty() => {
                    further.push(column.name.as_str());
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        for index in self.dropped() {
            if let Some(used) = used.get_mut(index) {
                *used = true;
            }
            bound.dropped.push(self.name(index).to_owned());
        }
        if !further.is_empty() {
            let title = both!([columns = listed(further, 60)]
                "the input lacks further columns: {columns}",
                "der Eingabe fehlen weitere Spalten: {columns}"
            );
            let help = both!(
                "does the mapping belong to this input?",
                "gehört die Zuordnung zu dieser Eingabe?"
            );
            mistakes.push(Mistake::of_file(title).help(help));
        }
        mistakes.extend(self.misspelt_drops(&used));
        let all = self.names.iter().zip(&used);
        bound.unused = all
            .filter(|(name, used)| {
                !**used && !trimmed(name).is_empty() && !RESERVED_COLUMNS.contains(&name.as_str())
            })
            .map(|(name, _)| name.clone())
            .collect();
        if mistakes.is_empty() {
            Ok(bound)
        } else {
            Err(mistakes)
        }
    }

    /// What is wrong when a ready-made mapping lacks columns: nobody can correct it line by line.
    fn of_another_export(&self) -> Option<Mistake> {
        let (all, lacking) = self.lacking();
        let [first, more @ ..] = lacking.as_slice() else {
            return None;
        };
        let mistake = match self.unsplit() {
            Some(mistake) => mistake,
            None if more.is_empty() => Mistake::of_file(both!(
                "the input has no column {name}",
                "die Eingabe hat keine Spalte {name}",
                name = quoted(first)
            )),
            None => {
                let count = lacking.len();
                Mistake::of_file(both!([names = listed(lacking.iter().copied(), 8)]
                    "the input lacks {count} of the {all} columns that this ready-made mapping \
                     reads: {names}",
                    "der Eingabe fehlen {count} der {all} Spalten, die diese fertige Zuordnung \
                     liest: {names}"
                ))
            }
        };
        let mistake = mistake.of_input(lacking.len() == all);
        Some(mistake.help(both!(
            "is it this program's export, as it was exported? `importer mapping new INPUT -o FILE` \
             proposes a mapping for any other",
            "ist es ein Export dieses Programms, wie er exportiert wurde? Für jeden anderen \
             schlägt `importer mapping new EINGABE -o DATEI` eine Zuordnung vor"
        )))
    }

    fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or("", String::as_str)
    }

    /// A header that was not split at its delimiter, or is none: one cause, not a mistake for
    /// each column.
    fn unsplit(&self) -> Option<Mistake> {
        if self.usable().next().is_none() {
            let title = both!(
                "the input's header names no column",
                "die Kopfzeile der Eingabe nennt keine Spalte"
            );
            return Some(Mistake::of_file(title).help(
                both!("if the names stand further down, say after how many lines: `skip_lines` in \
                 [source]; if there are none, `header = false`", "stehen die Namen weiter unten, mit `skip_lines` in [source] sagen, nach wie vielen Zeilen; gibt es keine, `header = false`"),
            ));
        }
        let [whole] = self.names else {
            return None;
        };
        let Some(delimiter) = [";", ",", "\t", "|"]
            .into_iter()
            .filter(|delimiter| whole.contains(delimiter))
            .max_by_key(|delimiter| whole.matches(delimiter).count())
        else {
            return Some(Mistake::of_file(self.single(whole, None)).help(
                both!("is it the right file? If its header stands further down, say after how many \
                 lines: `skip_lines` in [source]", "ist es die richtige Datei? Steht ihre Kopfzeile weiter unten, mit `skip_lines` in [source] sagen, nach wie vielen Zeilen"),
            ));
        };
        let shown = match delimiter {
            "\t" => both!("tab", "Tabulator"),
            delimiter => Bilingual::same(delimiter),
        };
        let title = self.single(whole, Some(delimiter));
        Some(Mistake::of_file(title).help(both!([shown] "its fields seem to be separated by `{shown}`: correct \
             `delimiter` in [source] or `--delimiter`, wherever it is said; left out, it is detected",
             "ihre Felder scheinen durch `{shown}` getrennt zu sein: `delimiter` in [source] oder \
             `--delimiter` berichtigen, wo immer es steht; weggelassen, wird es erkannt"
        )))
    }

    /// The names that a mapping can use.
    fn usable(&self) -> impl Iterator<Item = &str> {
        let names = self.names.iter().map(String::as_str);
        names.filter(|name| !trimmed(name).is_empty() && !RESERVED_COLUMNS.contains(name))
    }

    fn matches(&self, name: &str) -> &[usize] {
        let exact = self.exact.get(name);
        exact
            .or_else(|| self.folded.get(&folded(name)))
            .map_or(&[], Vec::as_slice)
    }

    fn find(&self, column: &ColumnName) -> Result<usize, Mistake> {
        let place = column.place.clone();
        match self.matches(&column.name) {
            [index] => Ok(*index),
            [] => {
                let title = both!(
                    "the input has no column {name}",
                    "die Eingabe hat keine Spalte {name}",
                    name = quoted(&column.name)
                );
                Err(Mistake::at(place, title).help(self.instead_of(&column.name)))
            }
            several => {
                let positions: Vec<String> = several
                    .iter()
                    .map(|index| (index + 1).to_string())
                    .collect();
                let title = both!(
                    "the input has {count} columns {name}",
                    "die Eingabe hat {count} Spalten {name}",
                    count = several.len(),
                    name = quoted(&column.name)
                );
                Err(Mistake::at(place, title).help(both!(
                    "they are columns number {numbers}; rename all but one in the input",
                    "es sind die Spalten Nummer {numbers}; in der Eingabe alle bis auf eine umbenennen",
                    numbers = positions.join(", ")
                )))
            }
        }
    }

    /// The columns that `drop` means, all of those that are named alike.
    fn dropped(&self) -> Vec<usize> {
        let names = self.compiled.dropped.iter();
        names
            .filter_map(|column| self.folded.get(&folded(&column.name)))
            .flatten()
            .copied()
            .collect()
    }

    /// A returned file lacks dropped columns, so that it is fine to find none; unless a column
    /// looks as if it was meant: a misspelt name must not let a password into a report.
    fn misspelt_drops(&self, used: &[bool]) -> Vec<Mistake> {
        let free: Vec<&str> = self
            .names
            .iter()
            .zip(used)
            .filter(|(name, used)| !**used && !RESERVED_COLUMNS.contains(&name.as_str()))
            .map(|(name, _)| name.as_str())
            .collect();
        let missing = self
            .compiled
            .dropped
            .iter()
            .filter(|column| !self.folded.contains_key(&folded(&column.name)));
        missing
            .filter_map(|column| {
                let similar = closest(&column.name, free.iter().copied())?;
                let title = both!(
                    "the input has no column {name} to drop",
                    "die Eingabe hat keine Spalte {name} zum Verwerfen",
                    name = quoted(&column.name)
                );
                Some(Mistake::at(column.place.clone(), title).help(self.near(similar)))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_into_nested_values() {
        let Ok(Json::Object(object)) = serde_json::from_str(
            r#"{"a.b": 1, "address": {"city": "Ulm"}, "list": [{"zip": "1"}, {"zip": "2"}], "m": [[7]]}"#,
        ) else {
            panic!("an object");
        };
        for (name, wanted) in [
            ("address.city", Some("\"Ulm\"")),
            ("list[1].zip", Some("\"2\"")),
            ("m[0][0]", Some("7")),
            ("list[2].zip", None),
            ("address.city.x", None),
            ("address[0]", None),
            ("list[x]", None),
            ("list[", None),
            ("[0]", None),
            ("address", None),
        ] {
            let found = walk(&object, &path(name)).map(ToString::to_string);
            assert_eq!(found.as_deref(), wanted, "{name}");
        }
        for (name, short) in [
            ("list[2].zip", true),
            ("list[2]", true),
            ("m[0][1]", true),
            ("list[1].zop", false),
            ("lost[0].zip", false),
            ("address[0]", false),
            ("address.city", false),
        ] {
            assert_eq!(ends_in_short_list(&object, &path(name)), short, "{name}");
        }
    }
}
