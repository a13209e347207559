use super::super::failed::workbook::{columns, push_row};
use super::super::workbook::Workbook;
use super::*;
use crate::record::RESERVED_COLUMNS;

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn customer(number: &str) -> Mention {
    let own = number.to_owned();
    Mention::new(number, move |text| text.eq_ignore_ascii_case(&own))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn a_report_goes_and_what_a_person_put_there_stays_and_is_named() {
    let report = folder(&[
        ("created.csv", b"x"),
        ("failed-2.csv", b"x"),
        ("failed.jsonl", b"x"),
        (".importer-abc.part", b"x"),
        ("report.html", b"x"),
        ("summary.json", b"{}"),
    ]);
    let erased = erase(report.path()).unwrap();
    assert_eq!((erased.files, erased.left), (6, Vec::new()));
    assert!(!report.path().exists());
    assert_eq!(erase(report.path()).unwrap(), Erased::default());

    let report = folder(&[("unknown.csv", b"x"), ("corrected.csv", b"mine")]);
    fs::create_dir(report.path().join("failed.csv")).unwrap();
    let erased = erase(report.path()).unwrap();
    assert_eq!((erased.files, erased.left.len()), (1, 2));
    assert_eq!(names(report.path()), ["corrected.csv", "failed.csv"]);
}

#[cfg(unix)]
#[test]
fn nothing_is_erased_through_a_link() {
    let real = folder(&[("created.csv", b"x")]);
    let other = tempfile::tempdir().unwrap();
    let link = other.path().join("run");
    std::os::unix::fs::symlink(real.path(), &link).unwrap();
    for result in [
        erase(&link),
        erase_customer(&link, &BTreeSet::new(), &customer("C1")),
    ] {
        assert!(matches!(result, Err(ReportError::NotAFolder { .. })));
    }
    assert_eq!(names(real.path()), ["created.csv"]);
}

#[test]
fn rows_go_by_record_key_and_number_and_all_others_stay_byte_for_byte() {
    let created = "record,line,key,customer_id,customer_number,how,attempts,settled_at,in_key\n\
                   1,2,C1,11,C1,posted,1,t,\n\
                   2,3,c2,12,D9,posted,1,t,\"two\nlines, \"\"C7\"\"\"\n\
                   7,9,x,13,C7,posted,1,t,\n\
                   8,10,C8,14,C8,posted,1,t,C7\n";
    let failed = "\u{feff}_record;Nr;Name;_message;_columns;_record;_run\r\n\
                  3;C7;\"a;\r\nb\";m;c;3;r\r\n\
                  3;C9;x;m;c;4;r\r\n";
    let warnings = "record,line,field,columns,code,message\n3,4,a,b,c,d\n4,5,a,b,c,d\n";
    let report = folder(&[
        ("created.csv", created.as_bytes()),
        ("failed.csv", failed.as_bytes()),
        ("warnings.csv", warnings.as_bytes()),
        (
            "failed.jsonl",
            b"{\"record\":3,\"input\":{}}\n{\"record\":30}\nno json\n",
        ),
        ("summary.json", b"{}"),
        ("notes.txt", b"C7"),
    ]);
    let records = [2, 3].into();
    let erased = erase_customer(report.path(), &records, &customer("c7")).unwrap();
    assert_eq!((erased.files, erased.rows), (4, 5));
    let text = |name: &str| fs::read_to_string(report.path().join(name)).unwrap();
    let lines: Vec<&str> = created.split_inclusive('\n').collect();
    assert_eq!(text("created.csv"), [lines[0], lines[1], lines[5]].concat());
    let rows: Vec<&str> = failed.split_inclusive("r\r\n").collect();
    assert_eq!(
        text("failed.csv"),
        format!(
            "\u{feff}_record;Nr;Name;_message;_columns;_record;_run\r\n{}",
            rows[1]
        )
    );
    assert_eq!(text("warnings.csv"), warnings.replace("3,4,a,b,c,d\n", ""));
    assert_eq!(text("failed.jsonl"), "{\"record\":30}\nno json\n");
    assert_eq!(text("notes.txt"), "C7");
    // Once more there is nothing to do, and nothing is written.
    let again = erase_customer(report.path(), &records, &customer("c7")).unwrap();
    assert_eq!((again.files, again.rows), (0, 0));
    // What a person put there is named each time.
    assert_eq!(again.left, [report.path().join("notes.txt")]);
}

#[test]
fn utf_16_is_taken_apart_in_either_order() {
    let text = "\u{feff}Nr\t_message\t_columns\t_record\t_run\r\n\
                Ü1\t\"a\nb\"\tc\t5\tr\r\n\
                Ü2\tm\tc\t6\tr\r\n";
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let report = folder(&[("failed.csv", &utf_16(text, bytes))]);
        erase_customer(report.path(), &[5].into(), &customer("Ü1")).unwrap();
        let kept = text.replace("Ü1\t\"a\nb\"\tc\t5\tr\r\n", "");
        assert_eq!(
            fs::read(report.path().join("failed.csv")).unwrap(),
            utf_16(&kept, bytes)
        );
    }
}

#[cfg(unix)]
#[test]
fn the_mode_stays() {
    use std::os::unix::fs::PermissionsExt;
    let report = folder(&[("changed.csv", b"record,line,key\n1,2,C1\n")]);
    let path = report.path().join("changed.csv");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    erase_customer(report.path(), &[1].into(), &customer("C1")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"record,line,key\n");
    assert_eq!(mode_of(&path).unwrap(), 0o640);
}

#[test]
fn what_cannot_be_taken_apart_goes_as_a_whole() {
    for (name, content, goes) in [
        ("unreadable.txt", b"a;\"C1;x".to_vec(), true),
        ("unreadable.txt", b"a;\"C10;x".to_vec(), false),
        ("unreadable.txt", utf_16("\"c1\"", u16::to_le_bytes), true),
        ("failed.csv", b"Nr;Name\nC1;x\n".to_vec(), true),
        (".importer-x.part", b"anything".to_vec(), true),
    ] {
        let report = folder(&[(name, &content)]);
        erase_customer(report.path(), &BTreeSet::new(), &customer("C1")).unwrap();
        assert_eq!(names(report.path()).is_empty(), goes, "{name}");
    }
}

#[test]
fn a_number_is_found_as_a_word_wherever_blocks_end() {
    let report = tempfile::tempdir().unwrap();
    let path = report.path().join("x");
    let found = |content: &[u8], number: &str| {
        fs::write(&path, content).unwrap();
        customer(number).is_in(&path).unwrap()
    };
    for start in (65_520..65_550).chain(131_060..131_080) {
        let mut content = vec![b' '; start];
        content.extend_from_slice(b"K-1005;");
        content.extend(vec![b' '; 70_000]);
        assert!(found(&content, "k-1005"), "{start}");
        assert!(!found(&content, "K-100"), "{start}");
        assert!(!found(&content, "1005x"), "{start}");
    }
    assert!(found(b"K\xFC1", "K\u{fc}1"), "Windows-1252");
    assert!(found("\u{feff}Kü1".as_bytes(), "Kü1"));
    assert!(!found(b"", "C1"));
    assert!(mentions(report.path(), &customer("C1")).is_ok_and(|found| !found));
}

/// A `failed.xlsx` with one record a row.
fn workbook(rows: &[(&str, &str)]) -> Vec<u8> {
    let columns = columns(["Nr", "E-Mail"].map(str::to_owned).into_iter());
    let mut book = Workbook::begin(Vec::new(), "failed", columns, 10, 3).unwrap();
    for (record, number) in rows {
        let mut ours = vec![String::new(); 10];
        "E-Mail".clone_into(&mut ours[1]);
        (*record).clone_into(&mut ours[8]);
        let own = [(*number, false), ("\n=x", true)];
        push_row(&mut book, &ours, own.into_iter()).unwrap();
    }
    book.finish().unwrap()
}

#[test]
fn rows_of_a_workbook_go_by_their_record_and_the_others_stay() {
    let all = [
        ("1", "C1"),
        ("2", "C7"),
        ("3", "C3"),
        ("4", "see C7"),
        ("5", ""),
    ];
    let report = folder(&[("failed.xlsx", &workbook(&all))]);
    let path = report.path().join("failed.xlsx");
    assert!(mentions(report.path(), &customer("c7")).unwrap());
    assert!(!mentions(report.path(), &customer("C77")).unwrap());
    let erased = erase_customer(report.path(), &[2, 3].into(), &customer("C7")).unwrap();
    assert_eq!((erased.files, erased.rows), (1, 2));
    let rest: Vec<_> = all
        .into_iter()
        .filter(|(record, _)| !["2", "3"].contains(record))
        .collect();
    // A sheet of a report is as long as it can be.
    let one_sheet = |rows: &[(&str, &str)]| {
        let other = folder(&[("failed.xlsx", &workbook(rows))]);
        erase_customer(other.path(), &[9].into(), &customer("C9")).unwrap();
        fs::read(other.path().join("failed.xlsx")).unwrap()
    };
    let with_another: Vec<_> = rest.iter().copied().chain([("9", "C9")]).collect();
    assert_eq!(fs::read(&path).unwrap(), one_sheet(&with_another));
    let again = erase_customer(report.path(), &[2, 3].into(), &customer("C7")).unwrap();
    assert_eq!((again.files, again.rows), (0, 0));
}

#[test]
fn a_workbook_that_somebody_saved_goes_as_a_whole_if_it_mentions_the_customer() {
    let saved = |number: &str, header: bool| {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        let names = RESERVED_COLUMNS.iter().filter(|_| header);
        for (name, column) in names.zip(0..) {
            sheet.write(0, column, *name).unwrap();
        }
        sheet.write(1, 8, 4).unwrap();
        sheet.write(1, 10, number).unwrap();
        book.save_to_buffer().unwrap()
    };
    for (bytes, is_named) in [
        (saved("C1", true), true),
        (saved("C1", false), true),
        // By its record alone.
        (saved("x", true), false),
        (saved("x", false), false),
        // Who stands in there cannot be told.
        (b"no workbook".to_vec(), true),
        (workbook(&[("4", "C2")])[..600].to_vec(), true),
    ] {
        let report = folder(&[("failed.xlsx", &bytes)]);
        assert_eq!(mentions(report.path(), &customer("C1")).unwrap(), is_named);
        erase_customer(report.path(), &[4].into(), &customer("C1")).unwrap();
        assert!(names(report.path()).is_empty());
    }
    // Nobody of this report.
    let report = folder(&[("failed.xlsx", &saved("C2", true))]);
    let erased = erase_customer(report.path(), &[5].into(), &customer("C1")).unwrap();
    assert_eq!((erased.files, names(report.path()).len()), (0, 1));
}

#[test]
fn a_page_loses_the_rows_of_a_customer_and_stays() {
    let page = "<p>2 of 3</p>\n\
                <tr data-record=\"3\"><td>m\u{2026}r</td></tr>\n\
                <tr data-record=\"30\"><td>`C&amp;7&#x2f;1`</td></tr>\n\
                <tr data-record=\"31\"><td>C8</td></tr>\n";
    let rows: Vec<&str> = page.split_inclusive('\n').collect();
    let erased = |records: &[u64], number: &str, page: &str| {
        let report = folder(&[("report.html", page.as_bytes())]);
        let records = records.iter().copied().collect();
        let mentioned = mentions(report.path(), &customer(number)).unwrap();
        let erased = erase_customer(report.path(), &records, &customer(number)).unwrap();
        let left = fs::read_to_string(report.path().join("report.html")).ok();
        (mentioned, erased.files, erased.rows, left)
    };
    // By its record, of which the page shows nothing but that it is there.
    let left = [rows[0], rows[2], rows[3]].concat();
    assert_eq!(erased(&[3], "C7", page), (false, 1, 1, Some(left)));
    // By its number, which is escaped in the page.
    let left = [rows[0], rows[1], rows[3]].concat();
    assert_eq!(erased(&[], "C&7/1", page), (true, 1, 1, Some(left)));
    assert_eq!(
        erased(&[4], "C9", page),
        (false, 0, 0, Some(page.to_owned()))
    );
    // What mentions it elsewhere goes, and so does what is no page of ours.
    let elsewhere = format!("{page}<p>the highest is C8</p>\n");
    assert_eq!(erased(&[], "C8", &elsewhere), (true, 1, 0, None));
    let report = folder(&[("report.html", b"\xff")]);
    assert!(mentions(report.path(), &customer("C8")).unwrap());
    erase_customer(report.path(), &[3].into(), &customer("C8")).unwrap();
    assert_eq!(names(report.path()), Vec::<String>::new());
}
