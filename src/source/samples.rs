//! Inputs for the tests of this stage, and a short way to tell what was read from them.

use std::path::PathBuf;

use super::{Entry, Source, SourceError, SourceSettings};
use crate::outcome::FieldError;
use crate::record::{Fields, Position, Record};

/// An input in a folder of its own.
pub(super) struct Sample {
    _folder: tempfile::TempDir,
    pub(super) path: PathBuf,
    pub(super) settings: SourceSettings,
}

impl Sample {
    pub(super) fn new(name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Self {
            _folder: folder,
            path,
            settings: SourceSettings::default(),
        }
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut SourceSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(super) fn open(&self) -> Source {
        Source::open(&self.path, &self.settings).unwrap()
    }

    pub(super) fn read(&self) -> Vec<Result<Entry, SourceError>> {
        self.open().read().unwrap().collect()
    }

    /// One line per entry: `record@line kind details`.
    pub(super) fn told(&self) -> Vec<String> {
        self.read().into_iter().map(tell).collect()
    }
}

fn tell(entry: Result<Entry, SourceError>) -> String {
    let fields = |record: &Record| match &record.fields {
        Fields::Cells(cells) => cells.iter().collect::<Vec<_>>().join("|"),
        Fields::Object(object) => serde_json::to_string(object).unwrap(),
    };
    let at = |position: Position| format!("{}@{}", position.record, position.line);
    let error = |error: &FieldError| {
        let mut text = error.code.to_string();
        for (name, value) in &error.params {
            text += &format!(" {name}={value}");
        }
        for column in &error.columns {
            text += &format!(" in {column}");
        }
        text
    };
    match entry {
        Ok(Entry::Record(record)) => format!("{} {}", at(record.position), fields(&record)),
        Ok(Entry::Odd(record, odd)) => {
            format!(
                "{} {} ({})",
                at(record.position),
                fields(&record),
                error(&odd)
            )
        }
        Ok(Entry::Defect(defect)) => {
            let cells = defect.cells.map(|cells| {
                let cells: Vec<_> = cells
                    .iter()
                    .map(|cell| cell.escape_ascii().to_string())
                    .collect();
                format!(" [{}]", cells.join("|"))
            });
            let cells = cells.unwrap_or_default();
            format!("{} ! {}{cells}", at(defect.position), error(&defect.error))
        }
        Err(error) => match error {
            SourceError::UnclosedQuote { line, record, .. } => {
                format!("quote line={line} record={record}")
            }
            other => other.to_string(),
        },
    }
}

impl Sample {
    pub(super) fn open_error(&self) -> String {
        let error = Source::open(&self.path, &self.settings).unwrap_err();
        let text = format!("{error:?}");
        text.split([' ', '{']).next().unwrap().to_owned()
    }
}
