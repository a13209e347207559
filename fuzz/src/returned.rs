//! What failed is written into `failed.csv` or `failed.jsonl`, and read again as it was.

use std::path::Path;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use wawi_importer::outcome::{
    Code, FieldError, Outcome, Settled, Severity, Stage, Summary, ValuesShown,
};
use wawi_importer::record::{Cells, Fields, Position, RESERVED_COLUMNS, Record};
use wawi_importer::report::{Head, Input, Report, ReportSettings, Row, Rows, Shape};
use wawi_importer::source::{Entry, Format, Source, SourceSettings, is_returned};

use super::reading::{All, Told, What};

fn report(folder: &Path, shape: Shape) -> (Report, Rows) {
    let settings = ReportSettings {
        dir: folder.to_owned(),
        mode: 0o600,
        values: ValuesShown::Masked,
        language: wawi_importer::outcome::Language::English,
    };
    let report = Report::prepare(&settings, "r1").unwrap();
    let rows = report
        .begin(Head {
            run: "r1".to_owned(),
            shape,
            report_columns: Vec::new(),
            dropped: Vec::new(),
            dry_run: true,
        })
        .unwrap();
    (report, rows)
}

fn push(rows: &mut Rows, position: Position, input: Input<'_>) {
    let error =
        FieldError::new(Code::EmailMalformed, "BillingAddress.EmailAddress").in_columns(["E-Mail"]);
    let settled = Settled {
        position,
        key_hash: None,
        payload: None,
        outcome: Outcome::Invalid {
            stage: Stage::Validation,
            errors: vec![error],
        },
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    rows.push(&Row {
        settled: &settled,
        key: None,
        input,
        report_values: &[],
        warnings: &[],
        errors: &[],
        last_attempt: None,
    })
    .unwrap();
}

fn record(told: &Told, fields: &Fields) -> Record {
    Record {
        position: told.position,
        span: told.span,
        fields: fields.clone(),
    }
}

/// Writes every row as a failure and reads the file again: each cell is what it was.
pub(crate) fn cells(source: &Source, all: &All, folder: &Path) {
    let facts = source.facts();
    // A mark at the start of the first name counts as the file's own and is not kept.
    let reserved =
        |name: &String| RESERVED_COLUMNS.contains(&name.as_str()) || name.starts_with('\u{feff}');
    if source.has_header() && facts.header.iter().any(reserved) {
        return;
    }
    let shape = Shape::Cells {
        header: facts.header.clone(),
        has_header: source.has_header(),
        delimiter: facts.delimiter,
        encoding: facts.encoding,
        bom: facts.bom,
        crlf: facts.crlf,
    };
    let (report, mut rows) = report(folder, shape);
    let mut expected = Vec::new();
    for told in &all.entries {
        match &told.what {
            What::Record(fields, _) => {
                let record = record(told, fields);
                push(&mut rows, told.position, Input::Record(&record));
                if let Fields::Cells(cells) = fields {
                    expected.push((told, cells.clone()));
                }
            }
            What::Defect(error, Some(raw)) if error.code == Code::RecordRagged => {
                push(&mut rows, told.position, Input::RawCells(raw));
                expected.push((told, decoded(source, raw)));
            }
            What::Defect(..) => {}
        }
    }
    rows.finish(&Summary::default()).unwrap();
    let path = report.folder().join("failed.csv");
    let usual = [b';', b',', b'\t', b'|'].contains(&facts.delimiter);
    assert!(is_returned(&path) || !usual);
    // The encodings of one byte cannot be told from one another in every text; this is the one
    // that is expected in Germany, and the only one that such files are written in.
    let marked = Encoding::for_bom(&std::fs::read(&path).unwrap()).is_some();
    let single = facts.encoding == WINDOWS_1252 && !marked;
    let encoding = single.then(|| facts.encoding.name().to_owned());
    let again = Source::open(
        &path,
        &SourceSettings {
            // By the documented rule a first column whose name begins with `{` makes JSON lines.
            format: Some(Format::Csv),
            encoding,
            delimiter: Some(facts.delimiter),
            ragged: Severity::Error,
            record_cap: 1 << 24,
            ..SourceSettings::default()
        },
    )
    .unwrap();
    let width = facts.header.len();
    assert_eq!(again.facts().header[width..], RESERVED_COLUMNS);
    if source.has_header() {
        assert_eq!(again.facts().header[..width], facts.header);
    }
    let wide = [UTF_16LE, UTF_16BE].contains(&facts.encoding);
    assert!(single || wide || again.facts().encoding == UTF_8);
    let mut found = again.read().unwrap();
    for (told, cells) in expected {
        let Some(Ok(Entry::Record(record))) = found.next() else {
            panic!("{told:?} does not come back");
        };
        let Fields::Cells(read) = record.fields else {
            panic!("an object in a table");
        };
        assert!(
            read.iter().take(width).eq(cells.iter()),
            "{read:?} {cells:?}"
        );
        let own = told.position.record.to_string();
        assert_eq!(read.get(width + 8), Some(own.as_str()));
    }
    assert!(found.next().is_none());
    assert!(found.fingerprint().is_some());
}

/// The text of cells that were kept as bytes, as many as the header has.
fn decoded(source: &Source, raw: &[Vec<u8>]) -> Cells {
    let facts = source.facts();
    let encoding = if facts.encoding.is_single_byte() {
        facts.encoding
    } else {
        UTF_8
    };
    let mut cells = Cells::default();
    for index in 0..facts.header.len() {
        let bytes = raw.get(index).map_or(&b""[..], Vec::as_slice);
        let text = encoding.decode_without_bom_handling(bytes).0;
        cells.push(&text);
    }
    cells
}

/// Writes every object as a failure and reads the file again: each is what it was.
pub(crate) fn lines(all: &All, folder: &Path) {
    let (report, mut rows) = report(folder, Shape::Lines);
    let mut expected = Vec::new();
    for told in &all.entries {
        if let What::Record(fields, _) = &told.what {
            let record = record(told, fields);
            push(&mut rows, told.position, Input::Record(&record));
            expected.push(fields);
        }
    }
    rows.finish(&Summary::default()).unwrap();
    if expected.is_empty() {
        return;
    }
    let path = report.folder().join("failed.jsonl");
    let again = Source::open(&path, &SourceSettings::default()).unwrap();
    let mut found = again.read().unwrap();
    for fields in expected {
        match found.next() {
            Some(Ok(Entry::Record(record))) => assert_eq!(record.fields, *fields),
            other => panic!("{fields:?} comes back as {other:?}"),
        }
    }
    assert!(found.next().is_none());
}
