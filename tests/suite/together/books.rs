//! Books with groups and a joined file: in, failed in part, corrected, and back in with the same
//! mapping, as XLSX and as ODS.
//!
//! LibreOffice writes the ODS where it is installed; everywhere the files are tested that it saved
//! once (`tests/fixtures/together`, written anew by `KEEP_SAVED=1 cargo test --test suite together::books`).

use std::io::Cursor;
use std::path::{Path, PathBuf};

use calamine::{Data, Reader, open_workbook_auto_from_rs};

use super::{
    ALL, MAPPING, PLACES, ROWS, assert_counts, book, cells, gzip, id, importer, ledger, run,
    sandbox, settings,
};
use crate::across::spreadsheet::{KEPT_RUN, LibreOffice, is_to_be_kept, renamed};
use crate::stand_in::StandIn;
use crate::support::{Importer, repository};

/// The rows of the first sheet of a book, as another program reads them.
pub(crate) fn sheet(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes.to_vec())).unwrap();
    let cell = |cell: &Data| match cell {
        Data::String(text) => text.clone(),
        Data::Empty => String::new(),
        other => panic!("{other:?} is no text"),
    };
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let rows = sheet.rows().map(|row| row.iter().map(cell).collect());
    rows.collect()
}

/// What somebody makes of failed rows.
fn corrected(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let mut count = 0;
    for cell in rows.iter_mut().flatten() {
        for (wrong, right) in [("803", "80331"), ("nirgends", "d")] {
            if cell == wrong {
                *cell = right.to_owned();
                count += 1;
            }
        }
    }
    assert_eq!(count, 2, "{rows:?}");
    rows
}

fn fixture(name: &str) -> PathBuf {
    repository("tests/fixtures/together").join(name)
}

fn kept(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

/// Imports this input with this second file; two of the four customers are wrong.
#[track_caller]
fn imported(
    erp: &StandIn,
    input: (&str, &[u8]),
    places: (&str, &[u8]),
) -> (Importer, String, Vec<u8>) {
    let mut it = importer();
    settings(&it, erp);
    std::fs::remove_file(it.folder().join("orte.csv")).unwrap();
    it.file(places.0, places.1);
    it.file("map.toml", MAPPING.replace("orte.csv", places.0));
    it.file(input.0, input.1);
    let first = run(&mut it, input.0, &[]).expect(3);
    assert_counts(&first, &[("created", 2), ("invalid", 2), ("grouped", 4)]);
    assert_eq!(ledger(erp), [ALL[0], ALL[3]]);
    let (id, failed) = (id(&first), first.report_file("failed.xlsx"));
    (it, id, failed)
}

/// Imports the corrected file, after which everybody is there.
#[track_caller]
fn comes_back(it: &mut Importer, erp: &StandIn, first: &str, name: &str) {
    let back = run(it, name, &[]).expect(0);
    assert_counts(&back, &[("created", 2), ("grouped", 3)]);
    assert_eq!(ledger(erp), ALL);
    let linked = &back.summary()["linked"];
    assert_eq!(linked["to"], first, "{linked}");
    let totals = &linked["totals"];
    let told = ["read", "created", "grouped", "invalid"].map(|name| totals[name].as_u64());
    assert_eq!(
        told.map(Option::unwrap_or_default),
        [8, 4, 4, 0],
        "{linked}"
    );
    let again = run(it, name, &[]).expect(0);
    assert!(again.said().contains("nothing"), "{}", again.said());
    assert_eq!(erp.created(), 4);
}

#[test]
fn failed_groups_of_a_book_come_back_as_a_book_whatever_is_joined() {
    let rows = book(&cells(ROWS));
    let places = book(&cells(PLACES));
    for (input, second) in [
        (("in.xlsx", rows.clone()), ("orte.csv", PLACES.into())),
        (("in.xlsx", rows.clone()), ("orte.xlsx", places.clone())),
        (
            ("in.xlsx", rows.clone()),
            ("orte.csv.gz", gzip(PLACES.as_bytes())),
        ),
        (("in.csv.gz", gzip(ROWS.as_bytes())), ("orte.xlsx", places)),
        (("in.ods", kept("in.ods")), ("orte.ods", kept("orte.ods"))),
        (("in.xlsx.gz", gzip(&rows)), ("orte.ods", kept("orte.ods"))),
    ] {
        let erp = sandbox();
        let (mut it, first, failed) = imported(&erp, (input.0, &input.1), (second.0, &second.1));
        let failed = sheet(&failed);
        assert_eq!(failed.len(), 6, "{failed:?}");
        it.file("back.xlsx", book(&corrected(failed)));
        comes_back(&mut it, &erp, &first, "back.xlsx");
    }
}

#[test]
fn an_ods_that_libreoffice_saved_once_comes_back() {
    let erp = sandbox();
    let rows = book(&cells(ROWS));
    let (mut it, first, _) = imported(&erp, ("in.xlsx", &rows), ("orte.csv", PLACES.as_bytes()));
    let back = renamed(&kept("back.ods"), KEPT_RUN, &first);
    it.file("back.ods", back);
    comes_back(&mut it, &erp, &first, "back.ods");
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "who runs the tests shall know what was not tested"
)]
fn an_ods_that_libreoffice_saves_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some(office) = LibreOffice::find(folder.path()) else {
        eprintln!("LibreOffice is not installed: only the files that it saved once are tested");
        return;
    };
    let as_ods = |name: &str, book: &[u8]| {
        let path = folder.path().join(name).with_extension("xlsx");
        std::fs::write(&path, book).unwrap();
        let saved = std::fs::read(office.save_as(&path, "ods")).unwrap();
        std::fs::remove_file(path).unwrap();
        saved
    };
    let input = as_ods("in", &book(&cells(ROWS)));
    let places = as_ods("orte", &book(&cells(PLACES)));
    let erp = sandbox();
    let (mut it, first, failed) = imported(&erp, ("in.ods", &input), ("orte.ods", &places));
    // What the program itself wrote, corrected in place.
    let flat = folder.path().join("failed.xlsx");
    std::fs::write(&flat, failed).unwrap();
    let text = std::fs::read_to_string(office.save_as(&flat, "fods")).unwrap();
    let text = text
        .replace("<text:p>803</text:p>", "<text:p>80331</text:p>")
        .replace("<text:p>nirgends</text:p>", "<text:p>d</text:p>");
    let changed = folder.path().join("back.fods");
    std::fs::write(&changed, text).unwrap();
    let back = std::fs::read(office.save_as(&changed, "ods")).unwrap();
    it.file("back.ods", &back);
    comes_back(&mut it, &erp, &first, "back.ods");
    if is_to_be_kept() {
        let back = renamed(&back, &first, KEPT_RUN);
        for (name, bytes) in [
            ("in.ods", &input),
            ("orte.ods", &places),
            ("back.ods", &back),
        ] {
            write(&fixture(name), bytes);
        }
    }
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
