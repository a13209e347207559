//! The report's own tables: UTF-8, commas, one definition for header and rows.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use jiff::Timestamp;

use super::ReportError;
use super::file::PendingFile;
use crate::outcome::{FieldError, How, Outcome, Settled};

/// A column: its name, and how its cell is written. A table is a list of columns, so its header
/// and its rows cannot disagree.
pub(super) type Column = (&'static str, fn(&Entry<'_>, &mut String));

/// What a row of a table can tell about a record.
pub(super) struct Entry<'a> {
    settled: &'a Settled,
    key: Option<&'a str>,
    id: Option<i64>,
    number: Option<&'a str>,
    how: &'static str,
    attempts: u32,
    warning: Option<&'a FieldError>,
    text: &'a str,
    last_attempt: Option<Timestamp>,
}

impl<'a> Entry<'a> {
    /// A record whose outcome stands in one of the tables.
    pub(super) fn of(settled: &'a Settled, key: Option<&'a str>) -> Self {
        let mut entry = Self {
            settled,
            key,
            id: None,
            number: None,
            how: "",
            attempts: 0,
            warning: None,
            text: "",
            last_attempt: None,
        };
        match &settled.outcome {
            Outcome::Created {
                id,
                number,
                attempts,
                how,
            } => {
                entry.id = *id;
                entry.number = number.as_deref();
                entry.attempts = *attempts;
                entry.how = match how {
                    How::Posted => "posted",
                    How::Found => "found",
                    How::Resolved => "resolved",
                };
            }
            Outcome::Changed { id, number } => {
                entry.id = *id;
                entry.number = number.as_deref();
            }
            _ => {}
        }
        entry
    }

    /// The same record with one of its warnings, and the words for it.
    pub(super) fn warned(settled: &'a Settled, warning: &'a FieldError, text: &'a str) -> Self {
        Self {
            warning: Some(warning),
            text,
            ..Self::of(settled, None)
        }
    }

    /// The same record with the reason why it is unknown, and when it was sent last.
    pub(super) fn unknown(mut self, why: &'a str, last_attempt: Option<Timestamp>) -> Self {
        self.text = why;
        self.last_attempt = last_attempt;
        self
    }
}

const RECORD: Column = ("record", |entry, out| {
    show(out, entry.settled.position.record);
});
const LINE: Column = ("line", |entry, out| show(out, entry.settled.position.line));
const KEY: Column = ("key", |entry, out| {
    out.push_str(entry.key.unwrap_or_default());
});
const CUSTOMER_ID: Column = ("customer_id", |entry, out| {
    if let Some(id) = entry.id {
        show(out, id);
    }
});
const CUSTOMER_NUMBER: Column = ("customer_number", |entry, out| {
    out.push_str(entry.number.unwrap_or_default());
});

/// `created.csv`, before the columns that the mapping carries through.
pub(super) const CREATED: &[Column] = &[
    RECORD,
    LINE,
    KEY,
    CUSTOMER_ID,
    CUSTOMER_NUMBER,
    ("how", |entry, out| out.push_str(entry.how)),
    ("attempts", |entry, out| show(out, entry.attempts)),
    ("settled_at", |entry, out| show_time(out, entry.settled.at)),
];

/// `changed.csv`.
pub(super) const CHANGED: &[Column] = &[RECORD, LINE, KEY, CUSTOMER_ID, CUSTOMER_NUMBER];

/// `unknown.csv`.
pub(super) const UNKNOWN: &[Column] = &[
    RECORD,
    LINE,
    KEY,
    ("why", |entry, out| out.push_str(entry.text)),
    ("last_attempt_at", |entry, out| {
        if let Some(at) = entry.last_attempt {
            show_time(out, at);
        }
    }),
];

/// `warnings.csv`: a row for each warning, not for each record.
pub(super) const WARNINGS: &[Column] = &[
    RECORD,
    LINE,
    ("field", |entry, out| {
        out.push_str(entry.warning.map_or("", |warning| warning.target.as_str()));
    }),
    ("columns", |entry, out| {
        if let Some(warning) = entry.warning {
            out.push_str(&warning.columns.join(", "));
        }
    }),
    ("code", |entry, out| {
        out.push_str(entry.warning.map_or("", |warning| warning.code.as_str()));
    }),
    ("message", |entry, out| out.push_str(entry.text)),
];

/// Appends a value's text.
pub(super) fn show(out: &mut String, value: impl std::fmt::Display) {
    // Writing into a string does not fail.
    let _ = write!(out, "{value}");
}

/// Milliseconds are as fine as anybody compares.
fn show_time(out: &mut String, at: Timestamp) {
    show(out, format_args!("{at:.3}"));
}

/// A table that is being written.
pub(super) struct Table {
    columns: &'static [Column],
    writer: csv::Writer<PendingFile>,
    scratch: String,
}

impl Table {
    /// Begins the file `name` with the names of `columns` and then of `further` ones.
    pub(super) fn create(
        folder: &Path,
        name: &str,
        mode: u32,
        columns: &'static [Column],
        further: &[String],
    ) -> Result<Self, ReportError> {
        let file = PendingFile::create(folder, name, mode)?;
        let mut writer = csv::Writer::from_writer(file);
        let names = columns.iter().map(|(name, _)| *name);
        let written = names
            .chain(further.iter().map(String::as_str))
            .try_for_each(|name| writer.write_field(name))
            .and_then(|()| writer.write_record(None::<&[u8]>));
        let table = Self {
            columns,
            writer,
            scratch: String::new(),
        };
        match written {
            Ok(()) => Ok(table),
            Err(source) => Err(table.failure(source)),
        }
    }

    /// Writes one row; `further` are the cells of the further columns.
    pub(super) fn push<'a>(
        &mut self,
        entry: &Entry<'_>,
        further: impl Iterator<Item = &'a str>,
    ) -> Result<(), ReportError> {
        self.write(entry, further)
            .map_err(|source| self.failure(source))
    }

    fn write<'a>(
        &mut self,
        entry: &Entry<'_>,
        mut further: impl Iterator<Item = &'a str>,
    ) -> csv::Result<()> {
        for (_, cell) in self.columns {
            self.scratch.clear();
            cell(entry, &mut self.scratch);
            self.writer.write_field(&self.scratch)?;
        }
        further.try_for_each(|cell| self.writer.write_field(cell))?;
        self.writer.write_record(None::<&[u8]>)
    }

    fn failure(&self, source: csv::Error) -> ReportError {
        ReportError::Write {
            path: self.writer.get_ref().path().to_owned(),
            source: source.into(),
        }
    }

    /// The file behind it, with everything in it.
    pub(super) fn into_file(self) -> Result<PendingFile, ReportError> {
        finished(self.writer, |file| file.path())
    }
}

/// Takes the target out of a CSV writer with everything written to it.
pub(super) fn finished<W: io::Write>(
    writer: csv::Writer<W>,
    path: impl Fn(&W) -> &Path,
) -> Result<W, ReportError> {
    let place = path(writer.get_ref()).to_owned();
    writer.into_inner().map_err(|error| ReportError::Write {
        path: place,
        source: error.into_error(),
    })
}
