//! From the TOML text to the compiled mapping. Everything that can be wrong without an input
//! is found here, and all of it at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::de::DeTable;

use super::condition::Condition;
use super::convert::Convention;
use super::error::{MappingError, Mistake, Place};
use super::group::{self, GroupSpec};
use super::join::{self, JoinSpec};
use super::lookup_file::{self, Beside, Files};
use super::options::{self, SourceOptions};
use super::part::{self, PartSpec};
use super::suggest::quoted;
use super::syntax::{Keys, Section};
use super::trial::{self, TrialSpec};
use super::trim::folded;
use crate::customer::Target;
use crate::outcome::{Code, Severity, borrowed, both};
use crate::record::RESERVED_COLUMNS;

/// A mapping that is right in itself; what it says about columns is not yet bound to any.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    /// `[source]`, for whoever opens the input.
    pub(super) source: SourceOptions,
    /// Texts that mean "nothing", beside the empty one.
    pub(super) empty: Vec<String>,
    /// Columns that are never written anywhere.
    pub(super) dropped: Vec<ColumnName>,
    /// Every column that the mapping reads, once. Elsewhere columns are indices of this list.
    pub(super) columns: Vec<ColumnName>,
    /// What must hold for a record to be taken.
    pub(super) keep_if: Vec<Condition>,
    /// Columns that the report carries along.
    pub(super) report: Vec<usize>,
    /// The target that identifies a customer.
    pub(super) key: Target,
    /// Rules whose weight the mapping changes.
    pub(super) rules: BTreeMap<Code, Severity>,
    /// The customer and its nested objects, in the order in which they are made.
    pub(super) parts: Vec<PartSpec>,
    /// How several records make one customer.
    pub(super) group: Option<GroupSpec>,
    /// What it read beside its text.
    pub(super) files: Files,
    /// The tests that it brings along.
    pub(super) trials: Vec<TrialSpec>,
    /// The second file.
    pub(super) join: Option<JoinSpec>,
}

impl Compiled {
    /// A mapping that maps nothing.
    pub(super) fn of_nothing(key: Target) -> Self {
        Self {
            source: SourceOptions::default(),
            empty: Vec::new(),
            dropped: Vec::new(),
            columns: Vec::new(),
            keep_if: Vec::new(),
            report: Vec::new(),
            key,
            rules: BTreeMap::new(),
            parts: Vec::new(),
            group: None,
            files: Files::new(),
            trials: Vec::new(),
            join: None,
        }
    }
}

/// A column as the mapping names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnName {
    /// The name.
    pub(super) name: String,
    /// Where the mapping names it first.
    pub(super) place: Place,
}

/// What is gathered while a mapping is read.
#[derive(Debug, Default)]
pub(super) struct Compiler {
    /// The mapping's text, into which places point.
    pub(super) text: Arc<str>,
    /// Everything that is wrong.
    pub(super) mistakes: Vec<Mistake>,
    /// How decimals are written unless a value says otherwise.
    pub(super) convention: Convention,
    /// How dates are written unless a value says otherwise.
    pub(super) date_formats: Vec<String>,
    /// Columns that are never written.
    pub(super) dropped: Vec<ColumnName>,
    /// What was read beside the text so far.
    pub(super) files: Files,
    beside: Beside,
    columns: Vec<ColumnName>,
}

impl Compiler {
    /// The index of the column `name` in the mapping's list.
    pub(super) fn column(&mut self, name: &str, place: Place) -> usize {
        if let Some(known) = self.columns.iter().position(|column| column.name == name) {
            return known;
        }
        if let Some(mistake) = self.forbidden(name, &place) {
            self.mistakes.push(mistake);
        }
        self.columns.push(ColumnName {
            name: name.to_owned(),
            place,
        });
        self.columns.len() - 1
    }

    /// The column that `name` means, as the mapping spells it; none, if nothing uses it.
    pub(super) fn known_column(&self, name: &str) -> Option<&str> {
        let exact = self.column_names().find(|known| *known == name);
        let wanted = folded(name);
        exact.or_else(|| self.column_names().find(|known| folded(known) == wanted))
    }

    /// The columns that the mapping uses so far.
    pub(super) fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Reads the file `name` beside the mapping, once.
    pub(super) fn open(&mut self, name: &str, place: &Place) -> Result<(), Vec<Mistake>> {
        if !self.files.contains_key(name) {
            let rows = lookup_file::open(&self.beside, name, place)?;
            self.files.insert(name.to_owned(), rows);
        }
        Ok(())
    }

    fn forbidden(&self, name: &str, place: &Place) -> Option<Mistake> {
        if name.trim().is_empty() {
            return Some(Mistake::at(
                place.clone(),
                both!("a column needs a name", "eine Spalte braucht einen Namen"),
            ));
        }
        if RESERVED_COLUMNS.contains(&name) {
            return Some(
                Mistake::at(
                    place.clone(),
                    both!(
                        "{name} cannot be mapped",
                        "{name} lässt sich nicht zuordnen",
                        name = quoted(name)
                    ),
                )
                .help(both!(
                    "it is one of the columns that the report adds to failed.csv",
                    "es ist eine der Spalten, die der Bericht in failed.csv hinzufügt"
                )),
            );
        }
        let wanted = folded(name);
        let is_dropped = |column: &ColumnName| folded(&column.name) == wanted;
        self.dropped.iter().any(is_dropped).then(|| {
            Mistake::at(place.clone(), both!("{name} is listed in `drop`", "{name} steht in `drop`", name = quoted(name)))
                .help(both!("a dropped column is never written anywhere: take it out of `drop` or leave it alone here", "eine verworfene Spalte wird nirgends geschrieben: aus `drop` nehmen, oder hier weglassen"))
        })
    }
}

/// Keys of the mapping itself.
pub(super) const KEYS: Keys = &[
    "keep_if", "source", "identity", "report", "customer", "group", "join", "rules", "test",
];

/// Compiles the mapping `name` with the text `text`, whose files are found `beside` it.
pub(super) fn compile(
    name: &Arc<str>,
    text: &Arc<str>,
    beside: Beside,
) -> Result<Compiled, MappingError> {
    let fail = |mistakes| MappingError::new(name.clone(), text.clone(), mistakes);
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mistakes = errors.iter().map(|error| {
            let title = borrowed::of_toml(error.message());
            let help = match error.message() {
                "duplicate key" => {
                    both!("a key, or a section such as [customer], stands in a file once: put both together", "ein Schlüssel oder ein Abschnitt wie [customer] steht nur einmal in der Datei: beide zusammenlegen")
                }
                _ => {
                    both!("a mapping is TOML: `key = \"text\"`, with sections in brackets; docs/mapping.md \
                     has examples", "eine Zuordnung ist TOML: `schlüssel = \"Text\"`, mit Abschnitten in Klammern; docs/mapping.md hat Beispiele")
                }
            };
            match error.span() {
                Some(place) => Mistake::at(place, title).help(help),
                None => Mistake::of_file(title).help(help),
            }
        });
        return Err(fail(mistakes.collect()));
    }
    let mut compiler = Compiler {
        text: text.clone(),
        beside,
        ..Compiler::default()
    };
    let compiled = read(document.get_ref(), &mut compiler);
    match compiled {
        Some(compiled) if compiler.mistakes.is_empty() => Ok(compiled),
        _ => Err(fail(compiler.mistakes)),
    }
}

fn read(document: &DeTable<'_>, compiler: &mut Compiler) -> Option<Compiled> {
    let root = Section::of(document, both!("the mapping", "die Zuordnung"), KEYS);
    // First what the others depend on: conventions and dropped columns.
    let (source, empty) = options::source(root.get("source"), compiler);
    let parts = part::customer(root.get("customer"), compiler);
    let group = group::read(root.get("group"), compiler);
    let join = join::read(root.get("join"), compiler);
    let keep_if = Condition::read_all(root.get("keep_if"), compiler);
    let report = options::report(root.get("report"), compiler);
    let key = options::identity(root.get("identity"), &parts, compiler);
    let rules = options::rules(root.get("rules"), compiler);
    // Last: a test may only name columns that something uses.
    let trials = trial::read_all(root.get("test"), root.get("group").is_some(), compiler);
    root.close(&mut compiler.mistakes);
    Some(Compiled {
        source,
        empty,
        dropped: std::mem::take(&mut compiler.dropped),
        columns: std::mem::take(&mut compiler.columns),
        keep_if,
        report,
        key: key?,
        rules,
        parts,
        group,
        files: std::mem::take(&mut compiler.files),
        trials,
        join,
    })
}

#[cfg(test)]
mod tests;
