use calamine::{Data, Reader, Xlsx, open_workbook};
use encoding_rs::WINDOWS_1252;
use serde_json::json;

use super::super::super::fixtures::{
    cells, head, invalid, names, no_mail, record, row, settings, settled, text_shape, written,
};
use super::super::super::{Row, ValuesShown};
use super::*;
use crate::outcome::{Code, FieldError, Outcome};

/// The rows of the only sheet, as another program reads them.
fn rows(folder: &Path) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = open_workbook(folder.join(FAILED_XLSX)).unwrap();
    assert_eq!(book.sheet_names(), [SHEET]);
    let sheet = book.worksheet_range(SHEET).unwrap();
    let cell = |cell: &Data| match cell {
        Data::String(text) => text.clone(),
        Data::Empty => String::new(),
        other => panic!("{other:?} is no text"),
    };
    sheet
        .rows()
        .map(|row| row.iter().map(cell).collect())
        .collect()
}

/// The styles of a row's own cells, by their numbers in the file.
fn styles(folder: &Path, row: u32) -> Vec<(u32, usize)> {
    let mut book: Xlsx<_> = open_workbook(folder.join(FAILED_XLSX)).unwrap();
    let mut cells = book.worksheet_cells_reader(SHEET).unwrap();
    let mut found = Vec::new();
    while let Some((cell, style)) = cells.next_cell_with_style_id().unwrap() {
        let (at, column) = cell.get_position();
        if at == row && column >= 10 {
            found.push((column, style));
        }
    }
    found
}

#[test]
fn errors_come_first_and_every_cell_is_text() {
    let header = ["PLZ", "E-Mail", "_run", "Pw", "=1+1"];
    let head = Head {
        dropped: vec![" pw".to_owned()],
        ..head(text_shape(&header, b';', UTF_8))
    };
    let input = cells(&["01067", "", "old", "secret", "+49 30", "ragged"]);
    let wrong = invalid(
        1,
        vec![no_mail(), FieldError::new(Code::RequiredMissing, "X")],
    );
    let refused = settled(
        7,
        Outcome::Refused {
            status: 422,
            code: None,
            errors: Vec::new(),
            attempts: 2,
        },
    );
    let (_temp, folder) = written(head, ValuesShown::Masked, |rows| {
        rows.push(&row(&wrong, Input::Record(&input))).unwrap();
        rows.push(&row(&refused, Input::Record(&input))).unwrap();
    });
    assert_eq!(
        names(&folder),
        [
            "created.csv",
            "failed.csv",
            "failed.xlsx",
            "report.html",
            "summary.json"
        ]
    );
    let rows = rows(&folder);
    assert_eq!(
        rows[0].join(","),
        "_message,_columns,_field,_code,_stage,_status,_attempts,_line,_record,_run,\
         PLZ,E-Mail,Pw,=1+1"
    );
    assert_eq!(
        rows[1][1..].join(";"),
        "E-Mail | ;BillingAddress.EmailAddress | X;email.malformed | required.missing;\
         validation;;0;2;1;r1;01067;;;+49 30"
    );
    assert_eq!(rows[2][5..].join(";"), "422;2;8;7;r1;01067;;;+49 30");
    assert!(rows[2][0].contains("422"));
    // The empty cell is coloured, for it is the one to be filled.
    assert_eq!(styles(&folder, 1), [(10, 1), (11, 3), (13, 1)]);
    assert_eq!(styles(&folder, 2), [(10, 1), (13, 1)]);
}

#[test]
fn values_are_shown_as_in_the_other_file() {
    let error = no_mail().of_value("anna(at)example.org");
    let wrong = invalid(1, Vec::new());
    let input = cells(&["anna(at)example.org"]);
    for (values, shown) in [(ValuesShown::Masked, true), (ValuesShown::None, false)] {
        let head = head(text_shape(&["E-Mail"], b';', UTF_8));
        let (_temp, folder) = written(head, values, |rows| {
            rows.push(&Row {
                errors: std::slice::from_ref(&error),
                ..row(&wrong, Input::Record(&input))
            })
            .unwrap();
        });
        let rows = rows(&folder);
        assert_eq!(rows[1][0].contains("anna(at)"), shown, "{values:?}");
        assert_eq!(rows[1][10], "anna(at)example.org");
    }
}

#[test]
fn nothing_failed_so_there_is_no_workbook() {
    let shape = text_shape(&["a"], b';', UTF_8);
    let (_temp, folder) = written(head(shape), ValuesShown::Masked, |rows| {
        let input = cells(&["1"]);
        rows.push(&row(&settled(1, Outcome::Ready), Input::Record(&input)))
            .unwrap();
    });
    assert_eq!(
        names(&folder),
        ["created.csv", "failed.csv", "report.html", "summary.json"]
    );
}

#[test]
fn what_a_sheet_cannot_hold_is_said() {
    let long = "ä𝄞".repeat(20_000);
    let fits = "ä𝄞x".repeat(UNITS_AT_MOST / 4);
    let wrong = invalid(1, vec![FieldError::new(Code::RequiredMissing, "X")]);
    let head_of = |columns: &[&str]| head(text_shape(columns, b';', UTF_8));
    let (_temp, folder) = written(head_of(&["a", "b"]), ValuesShown::Masked, |rows| {
        let input = cells(&[&long, &fits]);
        rows.push(&row(&wrong, Input::Record(&input))).unwrap();
    });
    let found = rows(&folder);
    let (cut, whole) = (&found[1][10], &found[1][11]);
    assert!(cut.ends_with(CUT) && long.starts_with(cut.strip_suffix(CUT).unwrap()));
    let units = cut.encode_utf16().count();
    assert!((UNITS_AT_MOST - 1..=UNITS_AT_MOST).contains(&units));
    assert_eq!(*whole, fits);
    assert!(
        found[1][0].contains("all of `a`: do not"),
        "{}",
        found[1][0]
    );
    assert_eq!(styles(&folder, 1), [(10, 5), (11, 1)]);

    // More columns than there are: the other file has them all.
    let many: Vec<String> = (0..COLUMNS_AT_MOST - 9).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (_temp, folder) = written(head_of(&many), ValuesShown::Masked, |rows| {
        rows.push(&row(&wrong, Input::Record(&cells(&["1"]))))
            .unwrap();
    });
    assert_eq!(
        names(&folder),
        ["created.csv", "failed.csv", "report.html", "summary.json"]
    );
    let (_temp, folder) = written(head_of(&many[1..]), ValuesShown::Masked, |rows| {
        rows.push(&row(&wrong, Input::Record(&cells(&["1"]))))
            .unwrap();
    });
    assert_eq!(rows(&folder)[0].last().unwrap(), many.last().unwrap());
}

#[test]
fn json_and_what_could_not_be_decoded_are_shown() {
    let wrong = invalid(1, vec![no_mail()]);
    let dropping = Head {
        dropped: vec!["pw".to_owned()],
        ..head(Shape::Lines)
    };
    let (_temp, folder) = written(dropping, ValuesShown::Masked, |rows| {
        let serde_json::Value::Object(object) = json!({"z": "ü", "pw": "x"}) else {
            panic!("no object")
        };
        let input = record(Fields::Object(object));
        rows.push(&row(&wrong, Input::Record(&input))).unwrap();
        rows.push(&row(&wrong, Input::Unreadable)).unwrap();
    });
    let found = rows(&folder);
    let inputs: Vec<&str> = found.iter().map(|row| row[10].as_str()).collect();
    assert_eq!(inputs, ["input", "{\"z\":\"ü\"}", ""]);

    let shape = text_shape(&["a", "b"], b';', WINDOWS_1252);
    let (_temp, folder) = written(head(shape), ValuesShown::Masked, |rows| {
        let raw = [b"M\xFCller".to_vec(), b"\x81".to_vec()];
        rows.push(&row(&wrong, Input::RawCells(&raw))).unwrap();
    });
    assert_eq!(rows(&folder)[1][10..], ["Müller", "\u{81}"]);
}

#[test]
fn further_sheets_repeat_the_header() {
    let temp = tempfile::tempdir().unwrap();
    let head = head(text_shape(&["a"], b';', UTF_8));
    let telling = Telling::new(&settings(ValuesShown::Masked), &[]);
    let mut workbook = FailedWorkbook::new(temp.path(), 0o600, &head, &telling).unwrap();
    workbook.rows_at_most = 3;
    for number in 1..=3 {
        let wrong = invalid(number, vec![no_mail()]);
        let input = cells(&["x"]);
        let row = row(&wrong, Input::Record(&input));
        let failure = Failure::of(&row, "r1", &telling).unwrap();
        workbook.push(&failure, row.input).unwrap();
    }
    let file = workbook.into_file().unwrap().unwrap();
    let path = file.sync().unwrap().rename().unwrap();
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let sheets: Vec<(String, Vec<String>)> = book
        .worksheets()
        .into_iter()
        .map(|(name, sheet)| (name, sheet.rows().map(|row| row[8].to_string()).collect()))
        .collect();
    let sheet = |name: &str, records: &[&str]| {
        (
            name.to_owned(),
            records.iter().map(ToString::to_string).collect(),
        )
    };
    assert_eq!(
        sheets,
        [
            sheet("failed", &["_record", "1", "2"]),
            sheet("failed 2", &["_record", "3"])
        ]
    );
}

#[test]
fn what_came_from_a_sheet_goes_into_a_sheet_alone() {
    let wrong = invalid(1, vec![no_mail()]);
    let sheet = |columns: usize| {
        let mut header: Vec<String> = (1..=columns).map(|n| n.to_string()).collect();
        "E-Mail".clone_into(&mut header[0]);
        head(Shape::Sheet {
            header,
            has_header: true,
        })
    };
    for (columns, file) in [
        (2, FAILED_XLSX),
        (COLUMNS_AT_MOST - 10, FAILED_XLSX),
        (COLUMNS_AT_MOST - 9, "failed.csv"),
    ] {
        let head = sheet(columns);
        assert_eq!(head.shape.failed_file(), file, "{columns}");
        let (_temp, folder) = written(head, ValuesShown::Masked, |rows| {
            let input = cells(&["01067"]);
            rows.push(&row(&wrong, Input::Record(&input))).unwrap();
        });
        assert_eq!(
            names(&folder),
            ["created.csv", file, "report.html", "summary.json"]
        );
        if file == FAILED_XLSX {
            assert_eq!(rows(&folder)[1][10], "01067");
        }
    }
}
