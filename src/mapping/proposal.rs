//! A mapping proposed from an input's header and a sample of its records.
//!
//! Pure: header and records in, the text of a mapping out, the same one for the same input.
//! Each line says how sure it is and why. What only people know (the ids of groups and of the
//! own company, a language that no column tells) is filled with a value that lets the mapping
//! run, and marked. It must not know how inputs are read, and writes no customer's values:
//! only names of columns, names of customer groups, and words for yes and no.

mod address;
mod assign;
mod customer;
mod dates;
mod grouping;
mod known;
mod line;
mod name;
mod ready;
mod rehearsal;
mod seen;
mod shape;
mod text;
mod topic;
mod value;
mod write;

#[cfg(test)]
mod tests;

use super::Mapping;
use super::columns::Columns;
use crate::outcome::Language;
use crate::record::Record;

/// What a line says whose column nobody found: it is a mistake until somebody fills it in.
pub(super) const PLACEHOLDER: &str = "FILL IN";

/// What was seen of an input.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What the text calls the input; its file name.
    pub input: &'a str,
    /// Its columns.
    pub columns: Columns<'a>,
    /// Whether it has a header that names them.
    pub named: bool,
    /// A sample of its records.
    pub records: &'a [Record],
    /// The encoding that it is read in.
    pub encoding: &'a str,
    /// Lines of `[source]` that were asked for or found out, as key and TOML value.
    pub options: &'a [(&'static str, String)],
    /// The language of whoever reads the text's comments.
    pub language: Language,
}

/// A line that somebody has to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToFillIn {
    /// Its number, counted from 1.
    pub line: usize,
    /// What has to be filled in.
    pub what: String,
}

/// A proposed mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its text.
    pub text: String,
    /// The export that the header belongs to, if it is one that is known.
    pub recognised: Option<&'static str>,
    /// How many columns the input has.
    pub columns: usize,
    /// How many of them the mapping reads.
    pub used: usize,
    /// How many of them are never written anywhere.
    pub dropped: usize,
    /// Lines that somebody has to look at.
    pub to_fill_in: Vec<ToFillIn>,
    /// Whether the mapping cannot be used before something is filled in: a column that every
    /// customer needs was not found.
    pub incomplete: bool,
    /// What else is to be known.
    pub remarks: Vec<String>,
}

/// Proposes a mapping.
#[must_use]
pub fn propose(seen: &Seen<'_>) -> Proposal {
    text::propose(seen)
}

/// The ready-made mapping of a known export that takes a second file, by the header of its input.
#[must_use]
pub fn ready_made_with_join(header: &[String]) -> Option<Mapping> {
    known::joining(header)
}

/// Lines before the header that say what the file is (DATEV's metadata), told by the first row.
#[must_use]
pub fn lines_before_header(first: &[String]) -> u64 {
    known::lines_before_header(first)
}

/// Whether the first row is a record and not a header: it looks more like values than like
/// names.
#[must_use]
pub fn is_record(first: &[String]) -> bool {
    text::is_record(first)
}

impl Mapping {
    /// The numbers of its lines, counted from 1, that are marked as to be filled in.
    #[must_use]
    pub fn lines_to_fill_in(&self) -> Vec<usize> {
        let mark = format!("# {}:", line::MARK);
        let lines = (1..).zip(self.text().lines());
        lines
            .filter(|(_, line)| line.contains(&mark))
            .map(|(number, _)| number)
            .collect()
    }
}
