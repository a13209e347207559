//! What the report's tests share: settled records, inputs, and a report in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use jiff::Timestamp;

use super::{Head, Input, Report, ReportSettings, Row, Rows, Shape, ValuesShown};
use crate::outcome::{
    Code, Counts, Ending, FieldError, Language, Outcome, Settled, Stage, Summary, Traffic,
};
use crate::record::{Fields, Position, Record, Span};

pub(super) fn settled(record: u64, outcome: Outcome) -> Settled {
    Settled {
        position: Position {
            record,
            line: record + 1,
        },
        key_hash: None,
        payload: None,
        outcome,
        at: Timestamp::from_millisecond(1_764_000_000_123).unwrap(),
    }
}

pub(super) fn invalid(record: u64, errors: Vec<FieldError>) -> Settled {
    let stage = Stage::Validation;
    settled(record, Outcome::Invalid { stage, errors })
}

pub(super) fn no_mail() -> FieldError {
    FieldError::new(Code::EmailMalformed, "BillingAddress.EmailAddress").in_columns(["E-Mail"])
}

pub(super) fn record(fields: Fields) -> Record {
    Record {
        position: Position { record: 1, line: 2 },
        span: Span { start: 0, end: 0 },
        fields,
    }
}

pub(super) fn cells(cells: &[&str]) -> Record {
    record(Fields::Cells(cells.iter().copied().collect()))
}

pub(super) fn row<'a>(settled: &'a Settled, input: Input<'a>) -> Row<'a> {
    Row {
        settled,
        key: None,
        input,
        report_values: &[],
        warnings: &[],
        errors: &[],
        last_attempt: None,
    }
}

pub(super) fn head(shape: Shape) -> Head {
    Head {
        run: "r1".to_owned(),
        shape,
        report_columns: Vec::new(),
        dropped: Vec::new(),
        dry_run: false,
    }
}

pub(super) fn text_shape(header: &[&str], delimiter: u8, encoding: &'static Encoding) -> Shape {
    Shape::Cells {
        header: header.iter().map(ToString::to_string).collect(),
        has_header: true,
        delimiter,
        encoding,
        bom: false,
        crlf: false,
    }
}

pub(super) fn summary() -> Summary {
    Summary {
        run: "r1".to_owned(),
        version: "0.1.0".to_owned(),
        dry_run: false,
        resumed: false,
        finished_before: false,
        before: Counts::default(),
        input: "kunden.csv".to_owned(),
        input_hash: "ab".to_owned(),
        source: "CSV, UTF-8".to_owned(),
        mapping: "jtl.toml".to_owned(),
        mapping_hash: "cd".to_owned(),
        target: Some("live".to_owned()),
        workflows: "skipped".to_owned(),
        started: Timestamp::UNIX_EPOCH,
        finished: Timestamp::UNIX_EPOCH,
        ending: Ending::Finished,
        exit_code: 0,
        counts: Counts::default(),
        warnings: 0,
        repairs: std::collections::BTreeMap::new(),
        errors: Vec::new(),
        warning_groups: Vec::new(),
        traffic: Traffic {
            requests: 7,
            throttled: 2,
            ..Traffic::default()
        },
        latency: None,
        conditions: Box::default(),
        requests_per_second: 1.5,
        reading_seconds: 0.5,
        sending_seconds: 4.0,
        plan: None,
        linked: None,
        report_dir: "reports/r1".to_owned(),
        failed_file: "failed.csv".to_owned(),
        has_failed_workbook: true,
        is_journal_gone: false,
        resume_with: None,
        correct_with: None,
        retry_with: None,
        again_with: None,
        reconcile_with: None,
        check_with: None,
        resolve_with: None,
    }
}

pub(super) fn settings(values: ValuesShown) -> ReportSettings {
    ReportSettings {
        dir: PathBuf::new(),
        mode: 0o600,
        values,
        language: Language::English,
    }
}

/// A report in a folder of its own, written by `fill`.
pub(super) fn written(
    head: Head,
    values: ValuesShown,
    fill: impl FnOnce(&mut Rows),
) -> (tempfile::TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let settings = ReportSettings {
        dir: temp.path().to_owned(),
        ..settings(values)
    };
    let report = Report::prepare(&settings, "r1").unwrap();
    let mut rows = report.begin(head).unwrap();
    fill(&mut rows);
    let paths = rows.finish(&summary()).unwrap();
    assert!(paths.iter().all(|path| path.is_file()));
    assert_eq!(
        fs::read_dir(report.folder()).unwrap().count(),
        paths.len(),
        "nothing else is left in the folder"
    );
    let folder = report.folder().to_owned();
    (temp, folder)
}

pub(super) fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

pub(super) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
