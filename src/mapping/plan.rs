//! A mapping bound to an input: what each record is taken through.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use serde_json::{Map, Value as Json};

use super::columns::{Bound, another_file, are_foreign};
use super::compile::{ColumnName, Compiled};
use super::draft::Maker;
use super::error::{MappingError, Mistake};
use super::naming;
use super::part::PartSpec;
use super::passthrough;
use super::path::Path;
use super::suggest::{did_you_mean, listed, quoted};
use super::tally::Tally;
use super::trace::Trace;
use crate::customer::Draft;
use crate::names::NameList;
use crate::outcome::both;
use crate::record::{Fields, Position, Record};

/// A mapping bound to the columns of an input. Applying it is pure: the same record gives the
/// same draft, on any thread.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) name: Arc<str>,
    pub(super) text: Arc<str>,
    pub(super) compiled: Arc<Compiled>,
    /// As the mapping writes it: names in the ERP are not looked up yet.
    pub(super) written: Arc<Compiled>,
    pub(super) api_shaped: bool,
    pub(super) bound: Bound,
    pub(super) report_columns: Vec<String>,
    pub(super) today: Date,
}

impl Plan {
    /// Maps one record; none, if `keep_if` leaves it out. Whatever is wrong with the record is
    /// in the draft's errors, all of it.
    #[must_use]
    #[inline]
    pub fn apply<'r>(&'r self, record: &'r Record, tally: &mut Tally) -> Option<Draft<'r>> {
        tally.records += 1;
        if let Fields::Object(object) = &record.fields {
            if self.api_shaped {
                return Some(passthrough::draft(object));
            }
            self.note_keys(record, object, tally);
        }
        let keeps = self.compiled.keep_if.iter().all(|condition| {
            let cell = self
                .bound
                .cell(record, condition.column, &self.compiled.empty);
            condition.holds_for(cell)
        });
        if let (false, Some(trace)) = (keeps, &mut tally.trace) {
            trace.left_out_by = self.unmet(record);
        }
        let maker = self.maker(record, tally);
        keeps.then(|| maker.draft(tally))
    }

    /// What makes a record's draft.
    pub(super) fn maker<'r>(&'r self, record: &'r Record, tally: &Tally) -> Maker<'r> {
        Maker::new(&self.compiled, &self.bound, record, self.today, tally)
    }

    /// Maps one record and writes down how: each step is told by the code that takes it. Nothing
    /// is told of input in the API's own shape, which takes none.
    #[must_use]
    pub fn explain(&self, record: &Record) -> Trace {
        let mut tally = Tally::tracing();
        let _ = self.apply(record, &mut tally);
        tally.trace.map(|trace| *trace).unwrap_or_default()
    }

    /// The conditions of `keep_if` that do not hold, as the mapping writes them.
    fn unmet(&self, record: &Record) -> Vec<String> {
        let conditions = self.compiled.keep_if.iter();
        let unmet = conditions.filter(|condition| {
            let cell = self
                .bound
                .cell(record, condition.column, &self.compiled.empty);
            !condition.holds_for(cell)
        });
        unmet
            .filter_map(|condition| self.text.get(condition.place.clone()))
            .map(str::to_owned)
            .collect()
    }

    /// Remembers which columns were met, and what keys there are as long as some were not.
    pub(super) fn note_keys(&self, record: &Record, object: &Map<String, Json>, tally: &mut Tally) {
        let count = self.bound.names.len();
        if tally.met.len() < count {
            tally.met.resize(count, false);
        }
        let mut is_missing = false;
        for (column, met) in tally.met.iter_mut().enumerate().take(count) {
            *met = *met || self.bound.is_present(record, column);
            is_missing |= !*met;
        }
        if !is_missing {
            return;
        }
        for (key, value) in object {
            match value.as_object() {
                Some(inner) => {
                    for name in inner.keys() {
                        tally.saw_key(&format!("{key}.{name}"));
                    }
                }
                None => tally.saw_key(key),
            }
        }
    }

    /// The columns that the report carries along (`[report] columns`), as the input spells
    /// them.
    #[must_use]
    pub fn report_columns(&self) -> &[String] {
        &self.report_columns
    }

    /// What a record has in the report's columns, unchanged and in the same order.
    #[must_use]
    pub fn report_values<'r>(&self, record: &'r Record) -> Vec<Cow<'r, str>> {
        let columns = self.compiled.report.iter();
        columns
            .map(|column| self.bound.text(record, *column))
            .collect()
    }

    /// The input's columns behind a field of the API, by its path as errors and the server
    /// write it: any case, with or without the number of an address in its list. A field
    /// without its object (`City`) means the field of any object, an object alone
    /// (`BillingAddress`) all its fields.
    #[must_use]
    pub fn columns_of(&self, target: &str) -> Vec<String> {
        let further = self.compiled.group.iter().map(|group| &group.address);
        self.search(target, self.compiled.parts.iter().chain(further))
    }

    /// As [`columns_of`](Self::columns_of), without those of further records (`[group]`).
    #[must_use]
    pub fn own_columns_of(&self, target: &str) -> Vec<String> {
        self.search(target, self.compiled.parts.iter())
    }

    fn search<'a>(&self, target: &str, parts: impl Iterator<Item = &'a PartSpec>) -> Vec<String> {
        if self.api_shaped {
            return vec![target.to_owned()];
        }
        let wanted = Path::read(target);
        let values = parts.flat_map(|spec| &spec.values);
        let paths: Vec<_> = values
            .map(|value| (Path::of(value.target), value.origin.columns()))
            .collect();
        let pick = |fits: &dyn Fn(&Path) -> bool| {
            let matching = paths.iter().filter(|(path, _)| fits(path));
            let columns: BTreeSet<usize> = matching
                .flat_map(|(_, columns)| columns.iter().copied())
                .collect();
            let names = columns
                .into_iter()
                .filter_map(|column| self.bound.names.get(column));
            names.cloned().collect::<Vec<_>>()
        };
        let exact = pick(&|path| wanted.names(path));
        if exact.is_empty() {
            pick(&|path| wanted.hints_at(path))
        } else {
            exact
        }
    }

    /// Names that the mapping itself writes down in lists that nobody asked the ERP for.
    #[must_use]
    pub fn unasked_names(&self) -> BTreeMap<NameList, Vec<String>> {
        naming::unasked(&self.compiled)
    }

    /// Columns of the header that nothing uses, without those that are dropped. Empty for
    /// JSONL, whose columns are known only at the end.
    #[must_use]
    pub fn unused_columns(&self) -> Vec<String> {
        self.bound.unused.clone()
    }

    /// Columns that are never written anywhere, reports included.
    #[must_use]
    pub fn dropped_columns(&self) -> &[String] {
        &self.bound.dropped
    }

    /// Whether every column was met (JSONL): a key that no record had is a missing column.
    ///
    /// # Errors
    /// The columns that were not met, with suggestions from the keys that were.
    pub fn unseen(&self, tally: &Tally) -> Result<(), MappingError> {
        if tally.records == 0 || tally.met.is_empty() {
            return Ok(());
        }
        let columns = self.compiled.columns.iter().enumerate();
        let unmet: Vec<&ColumnName> = columns
            .filter(|(index, _)| !tally.met.get(*index).copied().unwrap_or(false))
            .map(|(_, column)| column)
            .collect();
        if let Some(mistake) = self.of_input(&unmet, tally) {
            let (name, text) = (self.name.clone(), self.text.clone());
            return Err(MappingError::new(name, text, vec![mistake]));
        }
        let mistakes: Vec<Mistake> = unmet
            .into_iter()
            .map(|column| {
                let keys = || tally.keys.iter().map(String::as_str);
                let title = both!("no record has the key {name}", "kein Datensatz hat den Schlüssel {name}", name = quoted(&column.name));
                let help = did_you_mean(&column.name, keys())
                    .unwrap_or_else(|| both!([keys = listed(keys(), 12)] "the keys are {keys}", "die Schlüssel sind {keys}"));
                Mistake::at(column.place.clone(), title).help(help)
            })
            .collect();
        if mistakes.is_empty() {
            return Ok(());
        }
        Err(MappingError::new(
            self.name.clone(),
            self.text.clone(),
            mistakes,
        ))
    }

    /// What is wrong with the input, if that is why it has no such keys.
    fn of_input(&self, unmet: &[&ColumnName], tally: &Tally) -> Option<Mistake> {
        let names = || unmet.iter().map(|column| column.name.as_str());
        if unmet.is_empty() {
            return None;
        }
        if let Some(Position { record, line }) = tally.unread {
            let title = both!([names = listed(names(), 8)]
                "record {record} (line {line}) cannot be read, and no other record has {names}",
                "Datensatz {record} (Zeile {line}) ist nicht zu lesen, und kein anderer hat {names}"
            );
            let help = both!(
                "first write one JSON object on that line, or export the file again; what no \
                 record has then is named otherwise there than in the mapping",
                "zuerst in jene Zeile ein JSON-Objekt schreiben, oder die Datei neu exportieren; \
                 was dann kein Datensatz hat, heißt dort anders als in der Zuordnung"
            );
            return Some(Mistake::of_file(title).of_input(true).help(help));
        }
        let all = self.compiled.columns.len();
        if unmet.len() < all || !are_foreign(names(), || tally.keys.iter().map(String::as_str)) {
            return None;
        }
        let title = both!(
            "no record has any of the {all} keys that the mapping reads",
            "kein Datensatz hat einen der {all} Schlüssel, die die Zuordnung liest"
        );
        Some(Mistake::of_file(title).of_input(true).help(another_file()))
    }
}

#[cfg(test)]
mod tests;
