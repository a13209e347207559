//! The sample turned on its side: from records to columns.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value as Json};

use super::super::columns::Columns;
use super::super::trim::{folded, trimmed};
use crate::outcome::damage::NO_VALUE;
use crate::record::{Fields, RESERVED_COLUMNS, Record};

/// Dates that are none, as exports write them.
const NO_DATES: [&str; 19] = [
    "0000-00-00",
    "0000-00-00 00:00:00",
    "00.00.0000",
    "00.00.0000 00:00:00",
    "00/00/0000",
    "01.01.1900",
    "01.01.1900 00:00:00",
    "1900-01-01",
    "1900-01-01 00:00:00",
    "30.12.1899",
    "30.12.1899 00:00:00",
    "1899-12-30",
    "1899-12-30 00:00:00",
    "01.01.0001",
    "01.01.0001 00:00:00",
    "0001-01-01",
    "0001-01-01 00:00:00",
    "01.01.1753",
    "1753-01-01",
];

/// What shops write where nobody said anything.
const NOT_SPECIFIED: &str = "not_specified";

/// Texts that stand for nothing in exports, whatever the column.
fn nothings() -> impl Iterator<Item = &'static str> {
    let dates = NO_VALUE.iter().chain(&NO_DATES);
    dates.chain([&NOT_SPECIFIED]).copied()
}

/// Deepest nesting of JSON objects that is looked into.
const DEEPEST: usize = 4;
/// Places of a list of JSON objects that become columns.
const PLACES: usize = 3;
/// Most columns that are taken from JSON objects.
const MOST_KEYS: usize = 1_000;

/// A reason, in English and in German.
pub(super) type Reason = (&'static str, &'static str);

/// A column of the sample.
#[derive(Debug)]
pub(super) struct Column<'a> {
    /// Its name as the input spells it.
    pub(super) name: Cow<'a, str>,
    /// Why no mapping can use it, if it is so.
    pub(super) unusable: Option<Reason>,
    /// Its texts, trimmed, one for each record; empty where there is nothing.
    pub(super) cells: Vec<Cow<'a, str>>,
    /// Whether its values are JSON's own numbers, truths or dates, which need no convention.
    pub(super) typed: bool,
}

impl Column<'_> {
    /// The texts that are there.
    pub(super) fn filled(&self) -> impl Iterator<Item = &str> {
        let cells = self.cells.iter().map(AsRef::as_ref);
        cells.filter(|cell: &&str| !cell.is_empty())
    }

    /// Whether there is something in the record at `index`.
    pub(super) fn is_filled(&self, index: usize) -> bool {
        self.cells.get(index).is_some_and(|cell| !cell.is_empty())
    }
}

/// The sample's columns, and the texts in them that stand for nothing.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// The columns, in their order.
    pub(super) columns: Vec<Column<'a>>,
    /// How many records there are.
    pub(super) records: usize,
    /// Texts that stand for nothing, each once.
    pub(super) nothing: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// Turns the records on their side.
    pub(super) fn of(columns: Columns<'a>, records: &'a [Record]) -> Self {
        let mut columns = match columns {
            Columns::Header(header) => of_rows(header, records),
            Columns::Keys => of_objects(records),
        };
        mark_unusable(&mut columns);
        let mut found = BTreeSet::new();
        for cell in columns.iter_mut().flat_map(|column| &mut column.cells) {
            if let Some(nothing) = nothings().find(|nothing| nothing == cell) {
                found.insert(nothing);
                *cell = "".into();
            }
        }
        Self {
            columns,
            records: records.len(),
            nothing: nothings()
                .filter(|nothing| found.contains(nothing))
                .collect(),
        }
    }
}

fn of_rows<'a>(header: &'a [String], records: &'a [Record]) -> Vec<Column<'a>> {
    let column = |(index, name): (usize, &'a String)| Column {
        name: name.as_str().into(),
        unusable: None,
        cells: records
            .iter()
            .map(|record| match &record.fields {
                Fields::Cells(cells) => trimmed(cells.get(index).unwrap_or_default()).into(),
                Fields::Object(_) => "".into(),
            })
            .collect(),
        typed: false,
    };
    header.iter().enumerate().map(column).collect()
}

fn of_objects(records: &[Record]) -> Vec<Column<'_>> {
    let mut columns = Objects::default();
    for (index, record) in records.iter().enumerate() {
        if let Fields::Object(object) = &record.fields {
            columns.take(index, "", object, 0);
        }
    }
    let mut columns = columns.columns;
    for column in &mut columns {
        column.cells.resize(records.len(), "".into());
    }
    columns
}

#[derive(Default)]
struct Objects<'a> {
    columns: Vec<Column<'a>>,
    places: HashMap<String, usize>,
}

impl<'a> Objects<'a> {
    fn take(&mut self, index: usize, path: &str, object: &'a Map<String, Json>, depth: usize) {
        for (key, value) in object {
            // Within an object such a key cannot be reached by a path.
            if key.is_empty() || (depth > 0 && key.contains(['.', '[', ']'])) {
                continue;
            }
            let name = match path {
                "" => key.clone(),
                path => format!("{path}.{key}"),
            };
            self.value(index, name, value, depth);
        }
    }

    fn value(&mut self, index: usize, name: String, value: &'a Json, depth: usize) {
        let is_plain = depth > 0 || !name.contains(['.', '[', ']']);
        let (text, typed): (Cow<'a, str>, bool) = match value {
            Json::Null => ("".into(), true),
            Json::Bool(truth) => (truth.to_string().into(), true),
            Json::Number(number) => (number.as_str().into(), true),
            Json::String(text) => (trimmed(text).into(), false),
            Json::Object(object) if depth < DEEPEST && is_plain => {
                return self.take(index, &name, object, depth + 1);
            }
            Json::Array(items) if depth < DEEPEST && is_plain => {
                for (place, item) in items.iter().take(PLACES).enumerate() {
                    if let Json::Object(object) = item {
                        self.take(index, &format!("{name}[{place}]"), object, depth + 1);
                    }
                }
                return;
            }
            Json::Object(_) | Json::Array(_) => return,
        };
        let at = match self.places.get(&name) {
            Some(at) => *at,
            None if self.columns.len() >= MOST_KEYS => return,
            None => {
                self.columns.push(Column {
                    name: name.clone().into(),
                    unusable: None,
                    cells: Vec::new(),
                    typed: true,
                });
                self.places.insert(name, self.columns.len() - 1);
                self.columns.len() - 1
            }
        };
        if let Some(column) = self.columns.get_mut(at) {
            column.cells.resize(index, "".into());
            column.cells.push(text);
            column.typed &= typed;
        }
    }
}

fn mark_unusable(columns: &mut [Column<'_>]) {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for column in &*columns {
        *names.entry(column.name.to_string()).or_default() += 1;
    }
    for column in columns {
        column.unusable = if folded(&column.name).is_empty() || column.name.trim().is_empty() {
            Some(("it has no name", "sie hat keinen Namen"))
        } else if RESERVED_COLUMNS.contains(&column.name.as_ref()) {
            Some(("the report adds it", "der Bericht fügt sie hinzu"))
        } else if names
            .get(column.name.as_ref())
            .is_some_and(|count| *count > 1)
        {
            Some((
                "several columns have this name: rename all but one to use it",
                "mehrere Spalten heißen so: zum Verwenden alle bis auf eine umbenennen",
            ))
        } else {
            None
        };
    }
}
