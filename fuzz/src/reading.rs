//! What has to hold for every input that is read, whatever its format.

use std::path::{Path, PathBuf};

use wawi_importer::outcome::{Code, FieldError, Severity};
use wawi_importer::record::{Fields, Position, Span};
use wawi_importer::source::{Entry, Fingerprint, Reader, Source, SourceError, SourceSettings};

/// An input in a folder of its own.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    name: &'static str,
}

impl Bench {
    /// A folder in which the input will be called `name`.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            name,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join(self.name)
    }

    /// Opens `bytes` as a file. A refusal has to say what and, mostly, what to do.
    pub(crate) fn open(&self, bytes: &[u8], settings: &SourceSettings) -> Option<Source> {
        std::fs::write(self.path(), bytes).unwrap();
        match Source::open(&self.path(), settings) {
            Ok(source) => Some(source),
            Err(error) => {
                told(&error);
                None
            }
        }
    }
}

fn told(error: &SourceError) {
    assert!(!error.to_string().is_empty());
    let _ = error.help();
}

/// An entry in a form that can be compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) position: Position,
    pub(crate) span: Span,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Record(Fields, Option<FieldError>),
    Defect(FieldError, Option<Vec<Vec<u8>>>),
}

/// Everything that was read, and how it ended.
#[derive(Debug)]
pub(crate) struct All {
    pub(crate) entries: Vec<Told>,
    pub(crate) end: Result<Fingerprint, SourceError>,
}

/// Reads to the end, and checks what holds for every input.
pub(crate) fn all(source: &Source, settings: &SourceSettings, bytes: &[u8]) -> All {
    let mut reader = match source.read() {
        Ok(reader) => reader,
        // Skipped lines of JSON lines are read only now.
        Err(error) => {
            assert!(settings.skip_lines.is_some());
            told(&error);
            return All {
                entries: Vec::new(),
                end: Err(error),
            };
        }
    };
    let all = drain(&mut reader);
    let facts = source.facts();
    assert!(!facts.describe().is_empty());
    assert_eq!(facts.bytes, bytes.len() as u64);
    if let Ok(fingerprint) = &all.end {
        assert_eq!(reader.bytes_read(), bytes.len() as u64);
        assert_eq!(fingerprint.bytes, bytes.len() as u64);
        assert_eq!(source.fingerprint().unwrap(), *fingerprint);
        let again = drain(&mut source.read_again(fingerprint).unwrap());
        assert_eq!(again.entries, all.entries);
        assert_eq!(again.end.unwrap(), *fingerprint);
    }
    let mut behind = 0;
    let mut line = 0;
    for (told, number) in all.entries.iter().zip(1..) {
        assert_eq!(told.position.record, number);
        assert!(told.position.line > line, "{told:?}");
        line = told.position.line;
        assert!(
            told.span.start >= behind && told.span.end > told.span.start,
            "{told:?}"
        );
        behind = told.span.end;
        check_one(source, settings, told);
        let mut copy = Vec::new();
        let copied = source.copy_bytes(told.span, &mut copy);
        assert!(copied.is_ok() || all.end.is_err());
        if copied.is_ok() {
            assert_eq!(copy.len() as u64, told.span.end - told.span.start);
        }
    }
    all
}

fn drain(reader: &mut Reader) -> All {
    let mut entries = Vec::new();
    let mut failed = None;
    for entry in reader.by_ref() {
        assert!(failed.is_none(), "nothing comes behind an error");
        match entry {
            Ok(entry) => entries.push(tell(entry)),
            Err(error) => failed = Some(error),
        }
    }
    assert!(reader.next().is_none());
    let fingerprint = reader.fingerprint();
    assert_eq!(fingerprint.is_none(), failed.is_some());
    All {
        entries,
        end: match (failed, fingerprint) {
            (None, Some(fingerprint)) => Ok(fingerprint),
            (Some(error), _) => {
                told(&error);
                Err(error)
            }
            (None, None) => panic!("no end"),
        },
    }
}

fn tell(entry: Entry) -> Told {
    match entry {
        Entry::Record(record) => Told {
            position: record.position,
            span: record.span,
            what: What::Record(record.fields, None),
        },
        Entry::Odd(record, error) => Told {
            position: record.position,
            span: record.span,
            what: What::Record(record.fields, Some(error)),
        },
        Entry::Defect(defect) => Told {
            position: defect.position,
            span: defect.span,
            what: What::Defect(defect.error, defect.cells),
        },
    }
}

fn check_one(source: &Source, settings: &SourceSettings, told: &Told) {
    let length = told.span.end - told.span.start;
    let cap = settings.record_cap as u64;
    match &told.what {
        What::Record(fields, odd) => {
            assert!(length <= cap + 2, "{length} of at most {cap} bytes");
            if let Fields::Cells(cells) = fields {
                assert_eq!(cells.len(), source.facts().header.len());
                assert!(cells.iter().all(|cell| !cell.contains('\0')));
            }
            if let Some(odd) = odd {
                assert_eq!(odd.code, Code::RecordRagged);
                assert_eq!(settings.ragged, Severity::Warn);
                said(odd);
            }
        }
        What::Defect(error, cells) => {
            said(error);
            if error.code == Code::RecordTooLarge {
                assert!(length > cap, "{length} of at most {cap} bytes");
                assert!(cells.is_none());
            } else {
                assert!(length <= cap + 2, "{length} of at most {cap} bytes");
            }
        }
    }
}

/// What is wrong has a sentence, and advice.
pub(crate) fn said(error: &FieldError) {
    assert!(!error.message().is_empty());
    assert!(!error.message_without_value().is_empty());
    assert!(!error.remedy().is_empty());
}
