//! Decoder and CSV: any bytes, read in any way.
//!
//! Beside what holds for every input: the rows are those of the `csv` crate on the decoded text;
//! blank lines before the header change nothing but lines and offsets, wherever the buffers'
//! borders come to lie; and what is written into `failed.csv` is read again as it was.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use wawi_importer::outcome::{Code, Severity};
use wawi_importer::record::{Fields, Position, Span};
use wawi_importer::source::{Format, Source, SourceError, SourceSettings, is_returned};

use super::draw::Draw;
use super::reading::{self, All, Bench, Told, What};
use super::returned;

const ENCODINGS: [Option<&str>; 16] = [
    None,
    Some("utf-8"),
    Some("windows-1252"),
    Some("utf-16le"),
    Some("utf-16be"),
    Some("shift_jis"),
    Some("iso-2022-jp"),
    Some("gb18030"),
    None,
    Some("big5"),
    Some("euc-jp"),
    Some("euc-kr"),
    Some("windows-1250"),
    Some("ibm866"),
    Some("iso-8859-15"),
    Some("utf-16"),
];
const DELIMITERS: [Option<u8>; 8] = [
    None,
    None,
    Some(b';'),
    Some(b','),
    Some(b'\t'),
    Some(b'|'),
    Some(b':'),
    Some(b'x'),
];
const CAPS: [usize; 8] = [1 << 20, 1 << 20, 1 << 16, 0, 1, 10, 40, 5000];
/// Where a buffer or block of the source ends.
const BORDERS: [usize; 8] = [0, 0, 0, 0, 0, 4096, 64 * 1024, 1 << 20];

/// Reads the rest of `bytes` as its first seven say.
pub(crate) fn run(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let encoding = draw.one_of(&ENCODINGS);
    let settings = SourceSettings {
        format: Some(Format::Csv),
        encoding: encoding.map(str::to_owned),
        delimiter: draw.one_of(&DELIMITERS),
        header: draw.one_of(&[None, None, Some(true), Some(false)]),
        ragged: draw.one_of(&[Severity::Error, Severity::Warn, Severity::Off]),
        skip_lines: draw.one_of(&[None, None, None, Some(0), Some(1), Some(3)]),
        record_cap: draw.one_of(&CAPS),
        ..SourceSettings::default()
    };
    let border = draw.one_of(&BORDERS);
    let before = usize::from(draw.byte());
    let writes = draw.byte() % 4 == 1;
    let file = draw.rest();
    let bench = Bench::new("input.csv");
    let Some(source) = bench.open(file, &settings) else {
        return;
    };
    let _ = is_returned(&bench.path());
    if source.facts().packing.is_some() {
        // Other bytes than those at hand.
        return;
    }
    let all = reading::all(&source, &settings, file);
    compare_with_the_csv_crate(&source, &settings, file, &all);
    if writes {
        returned::cells(&source, &all, bench.folder());
    }
    if border > before && source.facts().skipped_lines == 0 {
        behind_blank_lines(&source, &settings, file, &all, border - before);
    }
}

/// The bytes behind the byte-order mark.
fn unmarked<'a>(source: &Source, file: &'a [u8]) -> &'a [u8] {
    match Encoding::for_bom(file) {
        Some((_, length)) if source.facts().bom => &file[length..],
        _ => file,
    }
}

/// On text that can be decoded as a whole, the `csv` crate splits the same rows.
fn compare_with_the_csv_crate(source: &Source, settings: &SourceSettings, file: &[u8], all: &All) {
    let facts = source.facts();
    let raw = unmarked(source, file);
    let text = facts
        .encoding
        .decode_without_bom_handling_and_without_replacement(raw);
    let Some(text) = text.filter(|_| facts.skipped_lines == 0) else {
        return;
    };
    // The crate drops a byte-order mark at the very start, and that is not where one stands.
    let text = format!("\n{text}");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(facts.delimiter)
        .from_reader(text.as_bytes());
    let mut rows = reader.records().map(Result::unwrap);
    if source.has_header() {
        let header = rows.next().unwrap();
        let mut names: Vec<&str> = header.iter().collect();
        names[0] = names[0].strip_prefix('\u{feff}').unwrap_or(names[0]);
        assert_eq!(facts.header, names);
    }
    for told in &all.entries {
        let row = rows.next().unwrap();
        match &told.what {
            What::Record(Fields::Cells(cells), _) => {
                let width = cells.len();
                let expected = row.iter().chain(std::iter::repeat("")).take(width);
                assert!(cells.iter().eq(expected), "{cells:?} {row:?}");
                let fits = row.len() == width;
                assert!(fits || settings.ragged == Severity::Off || !odd_is_missing(told, &row));
            }
            What::Defect(error, Some(cells)) => {
                assert_eq!(cells.len(), row.len());
                assert!(error.code != Code::RecordRagged || settings.ragged == Severity::Error);
            }
            What::Defect(error, None) => assert_eq!(error.code, Code::RecordTooLarge),
            What::Record(Fields::Object(_), _) => panic!("an object in a table"),
        }
    }
    match &all.end {
        Ok(_) => assert!(rows.next().is_none()),
        // The crate takes a quote that never closes for text up to the end.
        Err(SourceError::UnclosedQuote { record, .. }) => {
            assert_eq!(*record, all.entries.len() as u64 + 1);
            assert_eq!(rows.count(), 1);
        }
        Err(other) => panic!("{other}"),
    }
}

/// Whether a row that has text beyond the header's width passed without a word.
fn odd_is_missing(told: &Told, row: &csv::StringRecord) -> bool {
    match &told.what {
        What::Record(Fields::Cells(cells), None) => {
            row.iter().skip(cells.len()).any(|cell| !cell.is_empty())
        }
        _ => false,
    }
}

/// Blank lines before everything move it, and that is all they do.
fn behind_blank_lines(
    source: &Source,
    settings: &SourceSettings,
    file: &[u8],
    all: &All,
    least: usize,
) {
    let facts = source.facts();
    let blank: &[u8] = match facts.encoding {
        wide if wide == UTF_16LE => b"\n\0",
        wide if wide == UTF_16BE => b"\0\n",
        _ => b"\n",
    };
    let count = least.div_ceil(blank.len());
    let raw = unmarked(source, file);
    let mark = &file[..file.len() - raw.len()];
    let moved = [mark, &blank.repeat(count), raw].concat();
    let declared = SourceSettings {
        encoding: Some(facts.encoding.name().to_owned()),
        delimiter: Some(facts.delimiter),
        skip_lines: Some(0),
        ..settings.clone()
    };
    let bench = Bench::new("moved.csv");
    let Some(again) = bench.open(&moved, &declared) else {
        // How much of the header comes before an error depends on where the buffers end.
        assert!(all.end.is_err());
        return;
    };
    let single = facts.encoding == UTF_8 || facts.encoding.is_single_byte();
    let bytes = if single { blank.len() * count } else { count };
    assert_eq!(again.facts().header, facts.header);
    let found = reading::all(&again, &declared, &moved);
    let expected = all.entries.iter().map(|told| behind(told, count, bytes));
    if all.end.is_ok() {
        assert!(found.end.is_ok());
        assert_eq!(found.entries, expected.collect::<Vec<_>>());
    } else {
        // How much comes before an error depends on where the buffers end.
        assert!(found.end.is_err());
        assert!(
            found
                .entries
                .iter()
                .zip(expected)
                .all(|(one, other)| *one == other)
        );
    }
}

/// What was read, so many lines and bytes later.
fn behind(told: &Told, lines: usize, bytes: usize) -> Told {
    Told {
        position: Position {
            line: told.position.line + lines as u64,
            ..told.position
        },
        span: Span {
            start: told.span.start + bytes as u64,
            end: told.span.end + bytes as u64,
        },
        what: told.what.clone(),
    }
}
