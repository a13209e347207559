//! The files of one report while they are written: which row goes where, and the end at which
//! all of them appear.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::failed::Failed;
use super::failed::workbook::{FAILED_XLSX, FailedWorkbook};
use super::file::{self, PendingFile};
use super::page::Drawing;
use super::tables::{CHANGED, CREATED, Entry, Table, UNKNOWN, WARNINGS};
use super::trouble::{Failure, Telling};
use super::{Head, ReportError, ReportSettings, Row};
use crate::fail_point::{self, Point};
use crate::outcome::{FieldError, Language, Outcome, Summary};

/// Every name that a report's file can have, so that an earlier writing's are found.
pub(super) const NAMES: [&str; 10] = [
    CREATED_CSV,
    "failed.csv",
    "failed.jsonl",
    FAILED_XLSX,
    UNREADABLE_TXT,
    UNKNOWN_CSV,
    CHANGED_CSV,
    WARNINGS_CSV,
    SUMMARY_JSON,
    REPORT_HTML,
];
const CREATED_CSV: &str = "created.csv";
pub(super) const UNREADABLE_TXT: &str = "unreadable.txt";
const UNKNOWN_CSV: &str = "unknown.csv";
const CHANGED_CSV: &str = "changed.csv";
const WARNINGS_CSV: &str = "warnings.csv";
pub(super) const SUMMARY_JSON: &str = "summary.json";
pub(super) const REPORT_HTML: &str = "report.html";

/// A report that is being written, a row at a time, in constant memory. Dropped before
/// [`Rows::finish`], it leaves the folder as it was.
pub struct Rows {
    folder: PathBuf,
    mode: u32,
    head: Head,
    telling: Telling,
    /// Which of the report's columns are blank because their column is dropped.
    blank: Vec<bool>,
    created: Option<Table>,
    /// None if the workbook alone is fed back.
    failed: Option<Failed>,
    /// The same for people; none if a sheet cannot hold the input's columns.
    workbook: Option<FailedWorkbook>,
    unreadable: Option<PendingFile>,
    unknown: Option<Table>,
    changed: Option<Table>,
    warnings: Option<Table>,
    drawing: Drawing,
}

impl Rows {
    /// Begins the files that are always there.
    pub(super) fn begin(
        folder: PathBuf,
        settings: &ReportSettings,
        head: Head,
    ) -> Result<Self, ReportError> {
        let mode = settings.mode;
        let telling = Telling::new(settings, &head.dropped);
        let further: Vec<String> = head
            .report_columns
            .iter()
            .map(|column| format!("in_{column}"))
            .collect();
        let created = if head.dry_run {
            None
        } else {
            Some(Table::create(
                &folder,
                CREATED_CSV,
                mode,
                CREATED,
                &further,
            )?)
        };
        Ok(Self {
            mode,
            created,
            failed: Failed::create(&folder, mode, &head, &telling)?,
            workbook: FailedWorkbook::new(&folder, mode, &head, &telling),
            unreadable: None,
            unknown: None,
            changed: None,
            warnings: None,
            drawing: Drawing::default(),
            blank: head
                .report_columns
                .iter()
                .map(|column| telling.drops(column))
                .collect(),
            telling,
            folder,
            head,
        })
    }

    /// Writes one record into the files that its outcome and its warnings belong to.
    ///
    /// # Errors
    /// When a file cannot be written, e.g. because the disk is full.
    pub fn push(&mut self, row: &Row<'_>) -> Result<(), ReportError> {
        for warning in row.warnings {
            let text = self.telling.for_people(warning);
            let table = table(
                &mut self.warnings,
                &self.folder,
                WARNINGS_CSV,
                self.mode,
                WARNINGS,
            )?;
            table.push(
                &Entry::warned(row.settled, warning, &text),
                std::iter::empty(),
            )?;
        }
        self.drawing.note(row.settled);
        let entry = Entry::of(row.settled, row.key);
        match &row.settled.outcome {
            Outcome::Created { .. } => {
                if let Some(created) = &mut self.created {
                    let values = self.blank.iter().enumerate().map(|(index, blank)| {
                        let value = row.report_values.get(index).map_or("", |value| &**value);
                        if *blank { "" } else { value }
                    });
                    created.push(&entry, values)?;
                }
            }
            Outcome::Unknown { why, .. } => {
                let why = why.message_in(self.telling.language());
                let table = table(
                    &mut self.unknown,
                    &self.folder,
                    UNKNOWN_CSV,
                    self.mode,
                    UNKNOWN,
                )?;
                table.push(&entry.unknown(why, row.last_attempt), std::iter::empty())?;
            }
            Outcome::Changed { .. } => {
                let table = table(
                    &mut self.changed,
                    &self.folder,
                    CHANGED_CSV,
                    self.mode,
                    CHANGED,
                )?;
                table.push(&entry, std::iter::empty())?;
            }
            Outcome::Invalid { .. } | Outcome::Refused { .. } => {
                if let Some(failure) = Failure::of(row, &self.head.run, &self.telling) {
                    if let Some(failed) = &mut self.failed {
                        failed.push(&failure, row.input)?;
                    }
                    if let Some(workbook) = &mut self.workbook {
                        workbook.push(&failure, row.input)?;
                    }
                }
            }
            Outcome::Exists { .. }
            | Outcome::Skipped { .. }
            | Outcome::LeftOut
            | Outcome::Grouped
            | Outcome::Ready => {}
        }
        Ok(())
    }

    /// The error in one line, with its value as people may see it.
    #[must_use]
    pub fn for_people(&self, error: &FieldError) -> String {
        self.telling.for_people(error)
    }

    /// The language of messages.
    #[must_use]
    pub fn language(&self) -> Language {
        self.telling.language()
    }

    /// Where the bytes go of what could not be split into fields: `unreadable.txt`, which is
    /// there from the first call on.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn unreadable(&mut self) -> Result<&mut dyn Write, ReportError> {
        let file = match self.unreadable.take() {
            Some(file) => file,
            None => PendingFile::create(&self.folder, UNREADABLE_TXT, self.mode)?,
        };
        Ok(self.unreadable.insert(file))
    }

    /// Completes every file, then gives each its name, removes those of an earlier writing that
    /// this one does not have, and returns the paths of what is there now.
    ///
    /// # Errors
    /// When a file cannot be written or renamed. Before the first rename nothing has changed in
    /// the folder.
    pub fn finish(self, summary: &Summary) -> Result<Vec<PathBuf>, ReportError> {
        let mut files = Vec::new();
        if let Some(created) = self.created {
            files.push(created.into_file()?);
        }
        if let Some(failed) = self.failed {
            files.push(failed.into_file()?);
        }
        if let Some(workbook) = self.workbook {
            files.extend(workbook.into_file()?);
        }
        files.extend(self.unreadable);
        let tables = [self.unknown, self.changed, self.warnings];
        for table in tables.into_iter().flatten() {
            files.push(table.into_file()?);
        }
        files.push(summary_file(&self.folder, self.mode, summary)?);
        let page = self
            .drawing
            .page(summary, self.telling.values(), self.telling.language());
        files.push(page_file(&self.folder, self.mode, page)?);
        let written: Vec<PathBuf> = files.iter().map(|file| file.path().to_owned()).collect();
        let synced = sync_all(files)?;
        let paths = synced
            .into_iter()
            .map(file::SyncedFile::rename)
            .collect::<Result<Vec<_>, _>>()?;
        for name in NAMES {
            if !written.contains(&self.folder.join(name)) {
                file::remove_stale(&self.folder, name)?;
            }
        }
        file::sync_folder(&self.folder)?;
        fail_point::pass(Point::ReportWhole);
        Ok(paths)
    }
}

/// Puts all files onto the disk, which does that at once about as fast as for one of them. If the
/// machine has no thread left for it, one file waits for another.
fn sync_all(files: Vec<PendingFile>) -> Result<Vec<file::SyncedFile>, ReportError> {
    let others = 1..files.len();
    let waiting = Mutex::new(files.into_iter().enumerate());
    let next = || {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.next()
    };
    let work = || -> Vec<_> {
        std::iter::from_fn(next)
            .map(|(place, file)| (place, file.sync()))
            .collect()
    };
    let mut synced = std::thread::scope(|scope| {
        let threads: Vec<_> = others
            .map_while(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut synced = work();
        for thread in threads {
            match thread.join() {
                Ok(more) => synced.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        synced
    });
    synced.sort_by_key(|(place, _)| *place);
    synced.into_iter().map(|(_, file)| file).collect()
}

/// A table that is begun by its first row.
fn table<'a>(
    slot: &'a mut Option<Table>,
    folder: &Path,
    name: &str,
    mode: u32,
    columns: &'static [super::tables::Column],
) -> Result<&'a mut Table, ReportError> {
    let table = match slot.take() {
        Some(table) => table,
        None => Table::create(folder, name, mode, columns, &[])?,
    };
    Ok(slot.insert(table))
}

fn summary_file(folder: &Path, mode: u32, summary: &Summary) -> Result<PendingFile, ReportError> {
    let mut file = PendingFile::create(folder, SUMMARY_JSON, mode)?;
    let written = serde_json::to_writer_pretty(&mut file, summary)
        .map_err(Into::into)
        .and_then(|()| file.write_all(b"\n"));
    match written {
        Ok(()) => Ok(file),
        Err(source) => Err(ReportError::Write {
            path: file.path().to_owned(),
            source,
        }),
    }
}

fn page_file(
    folder: &Path,
    mode: u32,
    page: Result<String, minijinja::Error>,
) -> Result<PendingFile, ReportError> {
    let mut file = PendingFile::create(folder, REPORT_HTML, mode)?;
    let written = page
        .map_err(std::io::Error::other)
        .and_then(|page| file.write_all(page.as_bytes()));
    match written {
        Ok(()) => Ok(file),
        Err(source) => Err(ReportError::Write {
            path: file.path().to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::fs;

    use encoding_rs::UTF_8;
    use serde_json::Value;

    use super::super::fixtures::{
        head, names, no_mail, row, settled, summary, text, text_shape, written,
    };
    use super::super::{Input, Report, ReportSettings, Shape, ValuesShown};
    use super::*;
    use crate::outcome::{Code, Ending, FieldError, How, Stop, UnknownWhy};

    #[test]
    fn created_and_failed_are_there_even_when_empty() {
        let shape = text_shape(&["Nr", "E-Mail"], b';', UTF_8);
        let (_temp, folder) = written(head(shape), ValuesShown::Masked, |_| {});
        assert_eq!(
            names(&folder),
            ["created.csv", "failed.csv", "report.html", "summary.json"]
        );
        assert_eq!(
            text(&folder, "created.csv"),
            "record,line,key,customer_id,customer_number,how,attempts,settled_at\n"
        );
        assert_eq!(
            text(&folder, "failed.csv"),
            "Nr;E-Mail;_message;_columns;_field;_code;_stage;_status;_attempts;_line;_record;_run\n"
        );
    }

    #[test]
    fn a_dry_run_has_no_created_file() {
        let head = Head {
            dry_run: true,
            ..head(text_shape(&["Nr"], b',', UTF_8))
        };
        let (_temp, folder) = written(head, ValuesShown::Masked, |_| {});
        assert_eq!(
            names(&folder),
            ["failed.csv", "report.html", "summary.json"]
        );
    }

    #[test]
    fn each_outcome_goes_into_its_table() {
        let head = Head {
            report_columns: vec!["id".to_owned(), "E-Mail".to_owned()],
            dropped: vec!["e-mail".to_owned()],
            ..head(text_shape(&["id", "E-Mail"], b',', UTF_8))
        };
        let (_temp, folder) = written(head, ValuesShown::Masked, |rows| {
            let created = Outcome::Created {
                id: Some(17),
                number: Some("C1".to_owned()),
                attempts: 2,
                how: How::Found,
            };
            let created = settled(1, created);
            let values = [Cow::Borrowed("shop, 1"), Cow::Borrowed("a@b.c")];
            rows.push(&Row {
                key: Some("c1"),
                report_values: &values,
                ..row(&created, Input::Unreadable)
            })
            .unwrap();
            let unknown = Outcome::Unknown {
                why: UnknownWhy::Unkeyed,
                attempts: 1,
            };
            let unknown = settled(2, unknown);
            rows.push(&Row {
                last_attempt: Some("2025-11-24T15:00:00Z".parse().unwrap()),
                ..row(&unknown, Input::Unreadable)
            })
            .unwrap();
            let changed = Outcome::Changed {
                id: None,
                number: Some("C3".to_owned()),
            };
            let changed = settled(3, changed);
            let warnings = [
                no_mail().of_value("anna(at)b.c"),
                FieldError::new(Code::EmailDuplicate, "X"),
            ];
            rows.push(&Row {
                key: Some("c3"),
                warnings: &warnings,
                ..row(&changed, Input::Unreadable)
            })
            .unwrap();
            for quiet in [Outcome::LeftOut, Outcome::Grouped, Outcome::Ready] {
                rows.push(&row(&settled(4, quiet), Input::Unreadable))
                    .unwrap();
            }
        });
        assert_eq!(
            text(&folder, "created.csv"),
            "record,line,key,customer_id,customer_number,how,attempts,settled_at,in_id,in_E-Mail\n\
             1,2,c1,17,C1,found,2,2025-11-24T16:00:00.123Z,\"shop, 1\",\n"
        );
        assert_eq!(
            text(&folder, "changed.csv"),
            "record,line,key,customer_id,customer_number\n3,4,c3,,C3\n"
        );
        let mut unknown = csv::Reader::from_path(folder.join("unknown.csv")).unwrap();
        let header = unknown.headers().unwrap().iter().collect::<Vec<_>>();
        assert_eq!(header, ["record", "line", "key", "why", "last_attempt_at"]);
        let first = unknown.records().next().unwrap().unwrap();
        assert_eq!([&first[0], &first[1], &first[2]], ["2", "3", ""]);
        assert_eq!(first[3], *UnknownWhy::Unkeyed.message());
        assert_eq!(first[4], *"2025-11-24T15:00:00.000Z");
        let warnings = text(&folder, "warnings.csv");
        assert!(warnings.starts_with("record,line,field,columns,code,message\n3,4,"));
        assert_eq!(warnings.lines().count(), 3);
        assert!(
            !warnings.contains("anna(at)"),
            "dropped, so not even masked"
        );
        assert_eq!(text(&folder, "failed.csv").lines().count(), 1);
    }

    #[test]
    fn the_summary_has_the_documented_keys() {
        let (_temp, folder) = written(head(Shape::Lines), ValuesShown::Masked, |_| {});
        let json: Value = serde_json::from_str(&text(&folder, "summary.json")).unwrap();
        for key in [
            "run",
            "version",
            "input",
            "input_hash",
            "mapping",
            "mapping_hash",
            "target",
            "started",
            "finished",
            "ending",
            "exit_code",
            "counts",
            "warnings",
            "errors",
            "requests",
            "retries",
            "throttled",
            "requests_per_second",
            "reading_seconds",
            "sending_seconds",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
        assert_eq!(json["requests"], 7);
        let mut stopped = summary();
        stopped.ending = Ending::Stopped(Stop::Redirect { status: 301 });
        let json = serde_json::to_value(&stopped).unwrap();
        assert_eq!(
            (&json["ending"], &json["stop"], &json["status"]),
            (&"stopped".into(), &"redirect".into(), &301.into())
        );
    }

    #[test]
    fn a_second_writing_replaces_the_first_and_removes_what_it_does_not_have() {
        let temp = tempfile::tempdir().unwrap();
        let settings = ReportSettings {
            dir: temp.path().to_owned(),
            mode: 0o600,
            values: ValuesShown::Masked,
            language: Language::English,
        };
        let report = Report::prepare(&settings, "r1").unwrap();
        let shape = text_shape(&["Nr"], b',', UTF_8);
        let mut rows = report.begin(head(shape.clone())).unwrap();
        let changed = Outcome::Changed {
            id: None,
            number: None,
        };
        let changed = settled(1, changed);
        rows.push(&row(&changed, Input::Unreadable)).unwrap();
        rows.finish(&summary()).unwrap();
        fs::write(report.folder().join("notes.txt"), "a person's").unwrap();
        let interrupted = report.begin(head(shape.clone())).unwrap();
        drop(interrupted);
        assert!(report.folder().join("changed.csv").exists());
        let rows = report.begin(head(shape)).unwrap();
        rows.finish(&summary()).unwrap();
        assert_eq!(
            names(report.folder()),
            [
                "created.csv",
                "failed.csv",
                "notes.txt",
                "report.html",
                "summary.json"
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_goes_away_is_an_error_with_a_path() {
        let temp = tempfile::tempdir().unwrap();
        let settings = ReportSettings {
            dir: temp.path().to_owned(),
            mode: 0o600,
            values: ValuesShown::Masked,
            language: Language::English,
        };
        let report = Report::prepare(&settings, "r1").unwrap();
        let rows = report.begin(head(Shape::Lines)).unwrap();
        fs::remove_dir_all(report.folder()).unwrap();
        let error = rows.finish(&summary()).unwrap_err();
        assert!(error.to_string().contains("summary.json"), "{error}");
        assert!(error.help().is_some());
    }
}
