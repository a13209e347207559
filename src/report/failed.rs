//! The files that are corrected and fed back: `failed.csv` for delimited input, `failed.jsonl`
//! for JSON lines; and beside them the workbook for people, [`workbook`].

mod lines;
pub(super) mod workbook;

use std::borrow::Cow;
use std::io;
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};

use self::workbook::FAILED_XLSX;
use super::cells::{self, Encoded};
use super::file::PendingFile;
use super::tables::{finished, show};
use super::trouble::{Failure, Telling, Trouble};
use super::{Head, Input, ReportError, Shape};
use crate::record::Fields;

/// The columns behind the input's own. Exactly these names are reserved; a mapping ignores them,
/// and a returned file's old ones are replaced.
type Column = (&'static str, fn(&Failure<'_>, &mut String));

const ERROR_COLUMNS: &[Column] = &[
    ("_message", |failure, out| {
        join(out, failure, |trouble, out| out.push_str(&trouble.message));
    }),
    ("_columns", |failure, out| {
        join(out, failure, |trouble, out| {
            out.push_str(&trouble.columns.join(", "));
        });
    }),
    ("_field", |failure, out| {
        join(out, failure, |trouble, out| out.push_str(&trouble.field));
    }),
    ("_code", |failure, out| {
        join(out, failure, |trouble, out| out.push_str(&trouble.code));
    }),
    // A record fails in one stage, by one answer.
    ("_stage", |failure, out| {
        if let Some(trouble) = failure.troubles.first() {
            out.push_str(trouble.stage);
        }
    }),
    ("_status", |failure, out| {
        if let Some(status) = failure.troubles.first().and_then(|trouble| trouble.status) {
            show(out, status);
        }
    }),
    ("_attempts", |failure, out| {
        show(out, failure.troubles.first().map_or(0, |t| t.attempts));
    }),
    ("_line", |failure, out| show(out, failure.position.line)),
    ("_record", |failure, out| show(out, failure.position.record)),
    ("_run", |failure, out| out.push_str(failure.run)),
];

/// Several errors of one record stand in one cell.
fn join(out: &mut String, failure: &Failure<'_>, cell: impl Fn(&Trouble, &mut String)) {
    for (index, trouble) in failure.troubles.iter().enumerate() {
        if index > 0 {
            out.push_str(" | ");
        }
        cell(trouble, out);
    }
}

/// `failed.csv` or `failed.jsonl`.
pub(super) enum Failed {
    /// Delimited text in the input's own shape.
    Cells(Box<FailedCells>),
    /// JSON lines.
    Lines {
        /// The file.
        file: PendingFile,
        /// The dropped keys and paths, folded.
        dropped: Vec<String>,
    },
}

impl Failed {
    /// Begins the file that fits the input's shape; none if that is the workbook.
    pub(super) fn create(
        folder: &Path,
        mode: u32,
        head: &Head,
        telling: &Telling,
    ) -> Result<Option<Self>, ReportError> {
        let name = head.shape.failed_file();
        if name == FAILED_XLSX {
            return Ok(None);
        }
        let file = PendingFile::create(folder, name, mode)?;
        match &head.shape {
            Shape::Cells { .. } | Shape::Sheet { .. } => {
                FailedCells::begin(file, &head.shape, telling)
                    .map(|cells| Some(Self::Cells(Box::new(cells))))
            }
            Shape::Lines => Ok(Some(Self::Lines {
                file,
                dropped: telling.dropped().to_vec(),
            })),
        }
    }

    /// Writes one failed record.
    pub(super) fn push(
        &mut self,
        failure: &Failure<'_>,
        input: Input<'_>,
    ) -> Result<(), ReportError> {
        match self {
            Self::Cells(cells) => cells.push(failure, input),
            Self::Lines { file, dropped } => lines::write_line(file, failure, input, dropped)
                .map_err(|source| ReportError::Write {
                    path: file.path().to_owned(),
                    source,
                }),
        }
    }

    /// The file, with everything in it.
    pub(super) fn into_file(self) -> Result<PendingFile, ReportError> {
        match self {
            Self::Cells(cells) => {
                finished(cells.writer, |out| out.inner().path()).map(Encoded::into_inner)
            }
            Self::Lines { file, .. } => Ok(file),
        }
    }
}

/// What happens to a column of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Its cells are written as they came.
    Kept,
    /// The column stays, its cells are empty.
    Blank,
    /// It is one of an earlier report's columns, which ours replace.
    Replaced,
}

/// `failed.csv`.
pub(super) struct FailedCells {
    writer: csv::Writer<Encoded<PendingFile>>,
    encoding: &'static Encoding,
    /// The input's own encoding, in which cells may have been kept as bytes.
    own: &'static Encoding,
    fates: Vec<Fate>,
    scratch: String,
}

impl FailedCells {
    fn begin(file: PendingFile, shape: &Shape, telling: &Telling) -> Result<Self, ReportError> {
        let path = file.path().to_owned();
        Self::begin_in(file, shape, telling).map_err(|source| ReportError::Write { path, source })
    }

    fn begin_in(file: PendingFile, shape: &Shape, telling: &Telling) -> io::Result<Self> {
        let (mut names, mut fates) = (Vec::new(), Vec::new());
        // Of a sheet's rows: what a spreadsheet program with a German locale opens as it is.
        let (mut delimiter, mut encoding, mut bom, mut crlf) = (b';', UTF_8, true, true);
        let mut own = UTF_8;
        if let Shape::Sheet { header, has_header } = shape {
            names = column_names(header, *has_header);
            fates.extend(names.iter().map(|name| fate(name, telling)));
        }
        if let Shape::Cells {
            header,
            has_header,
            delimiter: own_delimiter,
            encoding: own_encoding,
            bom: own_bom,
            crlf: own_crlf,
        } = shape
        {
            (delimiter, crlf) = (*own_delimiter, *own_crlf);
            own = own_encoding;
            names = column_names(header, *has_header);
            fates.extend(names.iter().map(|name| fate(name, telling)));
            let first = names.first().map_or("", |name| &**name);
            (encoding, bom) = cells::written_in(own, *own_bom, first);
        }
        let terminator = if crlf {
            csv::Terminator::CRLF
        } else {
            csv::Terminator::Any(b'\n')
        };
        let mut cells = Self {
            writer: csv::WriterBuilder::new()
                .delimiter(delimiter)
                .terminator(terminator)
                .from_writer(Encoded::new(file, encoding, bom)?),
            encoding,
            own,
            fates,
            scratch: String::new(),
        };
        for (name, fate) in names.iter().zip(&cells.fates) {
            if *fate != Fate::Replaced {
                cells.writer.write_field(cells::encode(encoding, name))?;
            }
        }
        for (name, _) in ERROR_COLUMNS {
            cells.writer.write_field(name)?;
        }
        cells.writer.write_record(None::<&[u8]>)?;
        Ok(cells)
    }

    fn push(&mut self, failure: &Failure<'_>, input: Input<'_>) -> Result<(), ReportError> {
        self.write(failure, input)
            .map_err(|source| ReportError::Write {
                path: self.writer.get_ref().inner().path().to_owned(),
                source: source.into(),
            })
    }

    fn write(&mut self, failure: &Failure<'_>, input: Input<'_>) -> csv::Result<()> {
        for (index, fate) in self.fates.iter().enumerate() {
            match fate {
                Fate::Kept => {
                    let cell = self.own_cell(input, index);
                    self.writer.write_field(cell)?;
                }
                Fate::Blank => self.writer.write_field("")?,
                Fate::Replaced => {}
            }
        }
        for (_, cell) in ERROR_COLUMNS {
            self.scratch.clear();
            cell(failure, &mut self.scratch);
            self.writer
                .write_field(cells::encode(self.encoding, &self.scratch))?;
        }
        self.writer.write_record(None::<&[u8]>)
    }

    /// The input's cell as it goes into the file; empty where the record is too short or has no
    /// cells at all.
    fn own_cell<'a>(&self, input: Input<'a>, index: usize) -> Cow<'a, [u8]> {
        match input {
            Input::Record(record) => match &record.fields {
                Fields::Cells(row) => {
                    cells::encode(self.encoding, row.get(index).unwrap_or_default())
                }
                Fields::Object(_) => Cow::Borrowed(&[]),
            },
            Input::RawCells(row) => {
                let cell = row.get(index).map_or(&[][..], Vec::as_slice);
                cells::raw_cell(self.own, self.encoding, cell)
            }
            Input::Unreadable => Cow::Borrowed(&[]),
        }
    }
}

/// What the input's columns are called: without a header by their numbers.
fn column_names(header: &[String], has_header: bool) -> Vec<Cow<'_, str>> {
    let name = |(name, number): (_, u64)| match has_header {
        true => Cow::Borrowed(String::as_str(name)),
        false => Cow::Owned(number.to_string()),
    };
    header.iter().zip(1..).map(name).collect()
}

fn fate(name: &str, telling: &Telling) -> Fate {
    if ERROR_COLUMNS.iter().any(|(reserved, _)| *reserved == name) {
        Fate::Replaced
    } else if telling.drops(name) {
        Fate::Blank
    } else {
        Fate::Kept
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use encoding_rs::{
        BIG5, GB18030, ISO_2022_JP, SHIFT_JIS, UTF_16LE, WINDOWS_1250, WINDOWS_1252,
    };
    use proptest::prelude::*;

    use super::super::fixtures::{
        cells, head, invalid, no_mail, row, settled, text, text_shape, written,
    };
    use super::super::{Row, Rows, ValuesShown};
    use super::*;
    use crate::record::RESERVED_COLUMNS;

    #[test]
    fn the_added_columns_are_the_reserved_ones() {
        let names: Vec<&str> = ERROR_COLUMNS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, RESERVED_COLUMNS);
    }
    use crate::outcome::{Code, FieldError, Outcome, ServerError};

    #[test]
    fn the_reserved_names_are_the_documented_ones() {
        let names: Vec<_> = ERROR_COLUMNS.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names.join(","),
            "_message,_columns,_field,_code,_stage,_status,_attempts,_line,_record,_run"
        );
    }

    /// An invalid record with two errors, a refused one, and one that could not be read.
    fn three_failures(rows: &mut Rows) {
        let errors = [
            no_mail().of_value("x"),
            FieldError::new(Code::RequiredMissing, "Number").in_columns(["Nr", "Straße"]),
        ];
        let first = invalid(1, Vec::new());
        let input = cells(&["1", "old", "Allee;5", "secret", "old", "ragged"]);
        rows.push(&Row {
            errors: &errors,
            ..row(&first, Input::Record(&input))
        })
        .unwrap();
        let raw = [b"2".to_vec(), Vec::new(), b"\x81\xDF".to_vec()];
        let refused = Outcome::Refused {
            status: 422,
            code: Some("E7".to_owned()),
            errors: vec![ServerError {
                field: "Number".to_owned(),
                text: "taken → no".to_owned(),
            }],
            attempts: 3,
        };
        let second = settled(2, refused);
        rows.push(&row(&second, Input::RawCells(&raw))).unwrap();
        let third = invalid(3, vec![FieldError::new(Code::RecordTooLarge, "")]);
        rows.push(&row(&third, Input::Unreadable)).unwrap();
        rows.unreadable().unwrap().write_all(b"\xFF\"").unwrap();
        rows.unreadable().unwrap().write_all(b"more").unwrap();
    }

    #[test]
    fn failed_keeps_the_input_s_shape_and_tells_every_error() {
        let shape = Shape::Cells {
            header: ["Nr", "_run", "Straße", "Pw", "_message"]
                .map(String::from)
                .to_vec(),
            has_header: true,
            delimiter: b';',
            encoding: WINDOWS_1252,
            bom: false,
            crlf: true,
        };
        let head = Head {
            dropped: vec!["PW ".to_owned()],
            ..head(shape)
        };
        let (_temp, folder) = written(head, ValuesShown::Masked, three_failures);
        assert_eq!(
            fs::read(folder.join("unreadable.txt")).unwrap(),
            b"\xFF\"more"
        );
        let bytes = fs::read(folder.join("failed.csv")).unwrap();
        assert!(bytes.starts_with(b"Nr;Stra\xDFe;Pw;_message;_columns;"));
        assert!(bytes.ends_with(b";r1\r\n"));
        let rows: Vec<csv::ByteRecord> = csv::ReaderBuilder::new()
            .delimiter(b';')
            .from_reader(&*bytes)
            .into_byte_records()
            .collect::<Result<_, _>>()
            .unwrap();
        let cell = |row: usize, column: usize| {
            let (text, _, _) = WINDOWS_1252.decode(&rows[row][column]);
            text.into_owned()
        };
        let tail = |row: usize| (4..13).map(|column| cell(row, column)).collect::<Vec<_>>();
        assert_eq!([cell(0, 0), cell(0, 1), cell(0, 2)], ["1", "Allee;5", ""]);
        assert!(cell(0, 3).contains(" | "), "{}", cell(0, 3));
        assert_eq!(
            tail(0),
            [
                "E-Mail | Nr, Straße",
                "BillingAddress.EmailAddress | Number",
                "email.malformed | required.missing",
                "validation",
                "",
                "0",
                "2",
                "1",
                "r1"
            ]
        );
        assert_eq!(&rows[1][1], b"\x81\xDF", "raw cells stay byte for byte");
        assert_eq!(cell(1, 3), "taken ? no");
        assert_eq!(
            tail(1),
            ["", "Number", "E7", "server", "422", "3", "3", "2", "r1"]
        );
        assert_eq!([cell(2, 0), cell(2, 1), cell(2, 2)], ["", "", ""]);
        assert_eq!(cell(2, 6), "record.too_large");
    }

    #[test]
    fn columns_without_names_are_numbered() {
        let mut shape = text_shape(&["Meier", "x"], b',', UTF_8);
        if let Shape::Cells { has_header, .. } = &mut shape {
            *has_header = false;
        }
        let (_temp, folder) = written(head(shape), ValuesShown::Masked, |_| {});
        assert!(text(&folder, "failed.csv").starts_with("1,2,_message,"));
    }

    #[test]
    fn utf_16_comes_back_as_utf_16() {
        let shape = text_shape(&["Straße"], b'\t', UTF_16LE);
        let (_temp, folder) = written(head(shape), ValuesShown::Masked, |rows| {
            let failed = invalid(1, vec![no_mail()]);
            let input = cells(&["日本 🦀"]);
            rows.push(&row(&failed, Input::Record(&input))).unwrap();
        });
        let bytes = fs::read(folder.join("failed.csv")).unwrap();
        assert!(bytes.starts_with(&[0xFF, 0xFE]));
        let (text, _, bad) = UTF_16LE.decode(&bytes);
        assert!(!bad && text.starts_with("Straße\t_message\t"), "{text}");
        assert!(text.contains("\n日本 🦀\t"), "{text}");
    }

    /// Text that windows-1252 has, with what CSV files stumble over.
    fn latin() -> impl Strategy<Value = String> {
        let awkward = prop::sample::select(vec![
            ';', ',', '\t', '|', '"', '\'', '\r', '\n', ' ', 'ß', 'Ü', '€', '\u{81}', '=', '\0',
        ]);
        prop::collection::vec(prop_oneof![awkward, prop::char::range(' ', '~')], 0..12)
            .prop_map(|characters| characters.into_iter().collect())
    }

    fn survives(
        rows: &[Vec<String>],
        delimiter: u8,
        encoding: &'static Encoding,
        crlf: bool,
    ) -> Result<(), TestCaseError> {
        let width = rows.first().map_or(0, Vec::len);
        let shape = Shape::Cells {
            header: (0..width).map(|index| format!("c{index}")).collect(),
            has_header: true,
            delimiter,
            encoding,
            bom: false,
            crlf,
        };
        let (_temp, folder) = written(head(shape), ValuesShown::Masked, |out| {
            for input in rows {
                let failed = invalid(1, vec![no_mail().of_value("x\ny")]);
                let input: Vec<&str> = input.iter().map(String::as_str).collect();
                let input = cells(&input);
                out.push(&row(&failed, Input::Record(&input))).unwrap();
            }
        });
        let bytes = fs::read(folder.join("failed.csv")).unwrap();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .from_reader(&*bytes);
        let mut count = 0;
        for (read, wanted) in reader.byte_records().zip(rows) {
            let read = read.unwrap();
            prop_assert_eq!(read.len(), width + 10);
            for (cell, wanted) in read.iter().zip(wanted) {
                let (cell, _) = encoding.decode_without_bom_handling(cell);
                prop_assert_eq!(&cell, wanted);
            }
            count += 1;
        }
        prop_assert_eq!(count, rows.len());
        Ok(())
    }

    /// Nobody declares the encoding of a file that comes back.
    #[test]
    fn an_encoding_that_may_not_be_found_again_comes_back_as_utf_8() {
        let shape = text_shape(&["Miasto"], b';', WINDOWS_1250);
        let (_temp, folder) = written(head(shape), ValuesShown::Masked, |rows| {
            let first = invalid(1, vec![no_mail()]);
            let input = cells(&["Łódź"]);
            rows.push(&row(&first, Input::Record(&input))).unwrap();
            let raw = [b"\xa3\xf3d\x9f".to_vec()];
            rows.push(&row(&first, Input::RawCells(&raw))).unwrap();
        });
        let text = text(&folder, "failed.csv");
        assert!(text.starts_with("\u{feff}Miasto;_message;"));
        assert_eq!(text.matches("\nŁódź;").count(), 2, "{text}");
    }

    /// It may stand behind lines that are skipped.
    #[test]
    fn a_name_that_looks_like_a_byte_order_mark_is_none() {
        let shape = text_shape(&["ï»¿Größe"], b';', WINDOWS_1252);
        let (_temp, folder) = written(head(shape), ValuesShown::Masked, |rows| {
            let raw = [b"5 \x80".to_vec()];
            let first = invalid(1, vec![no_mail()]);
            rows.push(&row(&first, Input::RawCells(&raw))).unwrap();
        });
        let text = text(&folder, "failed.csv");
        assert!(text.starts_with("\u{feff}ï»¿Größe;_message;"), "{text}");
        assert!(text.contains("\n5 €;"), "{text}");
    }

    /// In ISO-2022-JP the letters have the bytes of quotes; Big5 has letters that can be read but
    /// not written; raw cells of either are UTF-8.
    #[test]
    fn encodings_of_several_bytes_come_back_as_utf_8() {
        for encoding in [ISO_2022_JP, BIG5, SHIFT_JIS, GB18030] {
            let shape = text_shape(&["番号", "名前"], b';', encoding);
            let (_temp, folder) = written(head(shape), ValuesShown::Masked, |rows| {
                let first = invalid(1, vec![no_mail()]);
                let input = cells(&["1", "あい\u{304}"]);
                rows.push(&row(&first, Input::Record(&input))).unwrap();
                let raw = ["2", "王", "乙"].map(|cell| cell.as_bytes().to_vec());
                rows.push(&row(&first, Input::RawCells(&raw))).unwrap();
            });
            let text = text(&folder, "failed.csv");
            let starts: Vec<_> = text.lines().map(|line| line.split(";_").next()).collect();
            assert_eq!(starts[0], Some("\u{feff}番号;名前"), "{}", encoding.name());
            assert!(starts[1].unwrap().starts_with("1;あい\u{304};"));
            assert!(starts[2].unwrap().starts_with("2;王;"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_cells_survive_in_utf_8(
            rows in (1usize..5).prop_flat_map(|width| {
                prop::collection::vec(prop::collection::vec(any::<String>(), width), 0..4)
            }),
            delimiter in prop::sample::select(b";,\t|".to_vec()),
            crlf in any::<bool>(),
        ) {
            survives(&rows, delimiter, UTF_8, crlf)?;
        }

        #[test]
        fn any_cells_survive_in_windows_1252(
            rows in (1usize..5).prop_flat_map(|width| {
                prop::collection::vec(prop::collection::vec(latin(), width), 0..4)
            }),
            delimiter in prop::sample::select(b";,\t|".to_vec()),
            crlf in any::<bool>(),
        ) {
            survives(&rows, delimiter, WINDOWS_1252, crlf)?;
        }
    }
}
