//! Books and compressed files: any bytes, as XLSX, as ODS, or as whatever they look like.
//!
//! Beside the refusals, which have to say something: what is read has as many cells as the
//! header, stands in its order, and is the same when it is read again.

use wawi_importer::outcome::Severity;
use wawi_importer::record::Fields;
use wawi_importer::source::{Entry, Format, Reader, Source, SourceSettings};

use super::draw::Draw;
use super::reading::{Bench, said};

const FORMATS: [Option<Format>; 4] = [None, Some(Format::Xlsx), Some(Format::Ods), None];
const NAMES: [&str; 6] = [
    "input",
    "input.xlsx",
    "input.ods",
    "input.csv.gz",
    "input.zst",
    "input.xlsx.gz",
];
/// Records that are compared when they are read again.
const COMPARED: usize = 1_000;

/// Reads the rest of `bytes` as its first five say.
pub(crate) fn run(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let name = draw.one_of(&NAMES);
    let settings = SourceSettings {
        format: draw.one_of(&FORMATS),
        header: draw.one_of(&[None, None, Some(true), Some(false)]),
        skip_lines: draw.one_of(&[None, None, Some(0), Some(2)]),
        cell_error: draw.one_of(&[Severity::Error, Severity::Warn, Severity::Off]),
        ..SourceSettings::default()
    };
    let bench = Bench::new(name);
    let Some(source) = bench.open(draw.rest(), &settings) else {
        return;
    };
    assert!(!source.facts().describe().is_empty());
    let (Ok(first), Ok(again)) = (source.read(), source.read()) else {
        return;
    };
    let first = told(first, &source);
    assert_eq!(first, told(again, &source));
}

/// The first entries, each in a line, and how it ended.
fn told(mut reader: Reader, source: &Source) -> Vec<String> {
    let width = source.facts().header.len();
    let mut told = Vec::new();
    let mut behind = 0;
    for (entry, number) in reader.by_ref().zip(1..) {
        let line = match entry {
            Ok(Entry::Record(record) | Entry::Odd(record, _)) => {
                assert_eq!(record.position.record, number);
                assert!(record.position.line > behind);
                behind = record.position.line;
                if let Fields::Cells(cells) = &record.fields {
                    assert_eq!(cells.len(), width);
                }
                format!("{:?}", record.fields)
            }
            Ok(Entry::Defect(defect)) => {
                assert_eq!(defect.position.record, number);
                behind = defect.position.line;
                said(&defect.error);
                format!("{:?}", defect.error)
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                let _ = error.help();
                format!("{error:?}")
            }
        };
        if told.len() < COMPARED {
            told.push(line);
        }
    }
    told
}
