//! What a spreadsheet does to a returned file is noticed before anything is sent.

use encoding_rs::WINDOWS_1252;
use serde_json::Value;

use super::{MAPPING, OUTCOMES, are, counts, export, importer, once_each, run, sandbox};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run, repository};

/// Twelve customers of whom six are invalid, imported; and their failed.csv, corrected.
fn returned(erp: &StandIn) -> (Importer, String) {
    let broken = [2, 4, 6, 8, 10, 12];
    let mut it = importer(&export(12, &broken), erp);
    let first = run(&mut it, "in.csv", &[]).expect(3);
    let text = String::from_utf8(first.report_file("failed.csv")).unwrap();
    (it, text.replace(";kaputt;", ";gut@example.org;"))
}

/// Runs the file, which must not be sent, and says what was told.
#[track_caller]
fn stopped(it: &mut Importer, erp: &StandIn, text: &str) -> String {
    let posts = erp.counters().posts;
    it.file("back.csv", text);
    let stopped = run(it, "back.csv", &[]).expect(4);
    assert_eq!(erp.counters().posts, posts, "{}", stopped.said());
    let help = "`--accept-changes` sends them";
    assert!(stopped.stderr.contains(help), "{}", stopped.said());
    stopped.stderr
}

fn alterations(run: &Run) -> Vec<Value> {
    run.summary()["linked"]["altered"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn cells_that_nothing_was_wrong_with_need_to_be_accepted() {
    let erp = sandbox("");
    let (mut it, text) = returned(&erp);
    // What a spreadsheet makes of a postal code.
    let changed = text.replace(";01067;", ";1067;").replace(";x;", ";y;");
    let said = stopped(&mut it, &erp, &changed);
    let lines = [
        "12 cells differ from the input of run",
        "  PLZ: 6 cells, e.g. record 2: 0… -> 1…",
        "  Bemerkung: 6 cells, e.g. record 2:",
    ];
    for line in lines {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!said.contains("01067"), "{said}");
    assert_eq!(it.args(["runs", "--json"]).run().stdout.lines().count(), 1);
    // The whole value is for those who ask for it.
    let full = run(&mut it, "back.csv", &["--values", "full"]).expect(4);
    assert!(full.stderr.contains("01067 -> 1067"), "{}", full.said());
    let none = run(&mut it, "back.csv", &["--values", "none"]).expect(4);
    assert!(
        none.stderr.contains("e.g. record 2: … -> …"),
        "{}",
        none.said()
    );
    // A program gets the same as data.
    let json = run(&mut it, "back.csv", &["--json"]).expect(4);
    let told = json
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<Value> = told.filter(|line| line["type"] == "altered").collect();
    assert_eq!(told[0]["columns"][0]["column"], "PLZ");
    assert_eq!(
        (&told[0]["columns"][0]["cells"], &told[0]["accepted"]),
        (&6.into(), &false.into())
    );

    let accepted = run(&mut it, "back.csv", &["--accept-changes"]).expect(0);
    assert_eq!(counts(&accepted, &OUTCOMES), are(&[("created", 6)]));
    let altered = alterations(&accepted);
    assert_eq!(
        (&altered[0]["cells"], &altered[0]["before"]),
        (&6.into(), &"0…".into())
    );
    assert_eq!(once_each(&erp).len(), 12);
}

#[test]
fn a_dry_run_tells_the_changes_and_what_a_run_would_do() {
    let erp = sandbox("");
    let (mut it, text) = returned(&erp);
    it.file("back.csv", text.replacen(";01067;", ";1067;", 1));
    let dry = run(&mut it, "back.csv", &["--dry-run"]).expect(0);
    assert!(
        dry.stderr.contains("PLZ: 1 cell, e.g. record 2: 0… -> 1…"),
        "{}",
        dry.said()
    );
    assert!(
        dry.stderr.contains("a run would send nothing"),
        "{}",
        dry.said()
    );
    let dry = run(&mut it, "back.csv", &["--dry-run", "--accept-changes"]).expect(0);
    assert!(
        !dry.stderr.contains("a run would send nothing"),
        "{}",
        dry.said()
    );
    assert_eq!(erp.counters().posts, 6);
}

#[test]
fn order_of_rows_and_columns_and_new_columns_change_nothing() {
    let erp = sandbox("");
    let (mut it, text) = returned(&erp);
    let mut rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(';').collect()).collect();
    // A new column in front, the first two exchanged, the rows from the last to the first.
    for (number, row) in rows.iter_mut().enumerate() {
        row.swap(0, 1);
        row.insert(0, if number == 0 { "Notiz" } else { "neu" });
    }
    rows[1..].reverse();
    let lines: Vec<String> = rows.iter().map(|row| row.join(";")).collect();
    it.file("back.csv", lines.join("\n"));
    let second = run(&mut it, "back.csv", &[]).expect(0);
    assert_eq!(counts(&second, &OUTCOMES), are(&[("created", 6)]));
    assert_eq!(second.summary()["linked"]["totals"]["created"], 12);
    // Sorted otherwise and changed: the record is the right one.
    let erp = sandbox("");
    let (mut it, text) = returned(&erp);
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1..].reverse();
    let text = lines.join("\n").replace("Muster8;01067", "Muster8;99999");
    let said = stopped(&mut it, &erp, &text);
    assert!(said.contains("PLZ: 1 cell, e.g. record 8: "), "{said}");
}

#[test]
fn a_column_that_is_gone_is_a_change_where_it_held_something() {
    let erp = sandbox("");
    let (mut it, text) = returned(&erp);
    let rows = text.lines().map(|line| {
        let mut cells: Vec<&str> = line.split(';').collect();
        cells.remove(5);
        cells.join(";")
    });
    let said = stopped(&mut it, &erp, &rows.collect::<Vec<_>>().join("\n"));
    let told = "Bemerkung: 6 cells, e.g. record 2: ";
    assert!(
        said.contains(told) && said.contains("-> (the column is gone)"),
        "{said}"
    );
}

#[test]
fn what_was_wrong_may_be_changed_in_every_column_that_it_depends_on() {
    let erp = sandbox("");
    let mapping = MAPPING.replace(
        "LastName = \"Name\"\nPostalCode = { column = \"PLZ\", as = \"postal_code\" }",
        "LastName = \"Name\"\nCompany = \"Firma\"\nPostalCode = \"PLZ\"",
    );
    let mapping = mapping.replace(
        "{ value = \"DE\" }\nEmail",
        "{ column = \"Land\", as = \"country\" }\nEmail",
    );
    let head = "Nr;Name;Firma;PLZ;Ort;Land;E-Mail\n";
    // No name at all; a postal code that is none in that country.
    let rows = "C1;;;01067;Ulm;DE;a@example.org\nC2;B;;8010;Graz;DE;b@example.org\n";
    let mut it = importer(&format!("{head}{rows}"), &erp);
    it.file("map.toml", mapping);
    let first = run(&mut it, "in.csv", &[]).expect(3);
    assert_eq!(first.count("invalid"), 2, "{}", first.said());
    let text = String::from_utf8(first.report_file("failed.csv")).unwrap();
    let text = text
        .replace("C1;;;", "C1;;Muster GmbH;")
        .replace("Graz;DE;", "Graz;AT;");
    it.file("back.csv", text);
    run(&mut it, "back.csv", &[]).expect(0);
    assert_eq!(once_each(&erp), ["C1", "C2"]);
}

#[test]
fn what_the_server_gave_no_reason_for_may_be_changed_anywhere() {
    let erp = sandbox("status=422@1-2");
    let mut it = importer(&export(2, &[]), &erp);
    let first = run(&mut it, "in.csv", &["--max-failures", "100%"]).expect(3);
    assert_eq!(first.count("refused"), 2);
    let text = String::from_utf8(first.report_file("failed.csv")).unwrap();
    it.file("back.csv", text.replace("C1;Muster1;", "C1;Mustermann;"));
    erp.lift();
    run(&mut it, "back.csv", &[]).expect(0);
    assert_eq!(erp.created(), 2);
}

#[test]
fn without_its_original_a_file_is_sent_with_a_warning() {
    for edit in [
        None,
        Some("Nr;Name\n1;A\n"),
        Some("Nr;Name;PLZ;Ort;E-Mail;Bemerkung\n1;A;1;B;c;d\n"),
    ] {
        let erp = sandbox("");
        let (mut it, text) = returned(&erp);
        let told = match edit {
            None => {
                std::fs::remove_file(it.folder().join("in.csv")).unwrap();
                "cannot be compared"
            }
            Some(text) => {
                it.file("in.csv", text);
                "in.csv has other contents by now"
            }
        };
        it.file("back.csv", text.replace(";01067;", ";1067;"));
        let second = run(&mut it, "back.csv", &[]).expect(0);
        assert!(second.stderr.contains(told), "{}", second.said());
        assert!(second.stderr.contains("warning:"), "{}", second.said());
        assert_eq!(second.summary()["linked"]["totals"]["created"], 12);
        assert_eq!(once_each(&erp).len(), 12);
    }
}

#[test]
fn json_is_compared_by_its_values() {
    let erp = sandbox("");
    let mut it = importer("", &erp);
    let row = |n: usize| {
        format!(
            "{{\"Nr\":\"C{n}\",\"Name\":\"M{n}\",\"PLZ\":\"01067\",\"Ort\":\"Ulm\",\
             \"E-Mail\":\"kaputt\",\"extra\":{{\"rabatt\":1.10}}}}\n"
        )
    };
    it.file("in.jsonl", [row(1), row(2)].concat());
    let first = run(&mut it, "in.jsonl", &[]).expect(3);
    let text = String::from_utf8(first.report_file("failed.jsonl")).unwrap();
    let good = text.replace("kaputt", "gut@example.org");
    it.file(
        "back.jsonl",
        good.replace("\"01067\"", "1067").replace("1.10", "1.1"),
    );
    let stopped = run(&mut it, "back.jsonl", &[]).expect(4);
    let said = stopped.said();
    assert!(
        said.contains("PLZ: 2 cells, e.g. record 1: 0… -> 1…"),
        "{said}"
    );
    assert!(said.contains("extra.rabatt: 2 cells"), "{said}");
    assert_eq!(erp.created(), 0);
    it.file("back.jsonl", good);
    run(&mut it, "back.jsonl", &[]).expect(0);
    assert_eq!(once_each(&erp), ["C1", "C2"]);
}

#[test]
fn an_original_of_another_shape_is_read_as_it_was_read_before() {
    let erp = sandbox("");
    // Lines before the header, windows-1252, a semicolon: what the mapping says of the export.
    let datev = std::fs::read(repository("samples/datev.csv")).unwrap();
    let text = WINDOWS_1252.decode(&datev).0.into_owned();
    let broken = text.replacen("@example", "#example", 1);
    let mut it = importer("", &erp);
    it.file("datev.csv", WINDOWS_1252.encode(&broken).0);
    let words = ["-m", "builtin:datev"];
    let first = it
        .args(["run", "datev.csv"].iter().chain(&words))
        .run()
        .expect(3);
    let failed = WINDOWS_1252
        .decode(&first.report_file("failed.csv"))
        .0
        .into_owned();
    let mended = failed.replacen("#example", "@example", 1);
    it.file("back.csv", WINDOWS_1252.encode(&mended).0);
    let second = it
        .args(["run", "back.csv"].iter().chain(&words))
        .run()
        .expect(0);
    assert_eq!(
        alterations(&second),
        Vec::<Value>::new(),
        "{}",
        second.said()
    );
    assert!(!second.stderr.contains("warning:"), "{}", second.said());
    let totals = &second.summary()["linked"]["totals"];
    let sum = totals["created"].as_u64().unwrap() + totals["left_out"].as_u64().unwrap();
    assert_eq!(Some(sum), totals["read"].as_u64());

    // No header at all: the columns are numbers there and names here.
    let mapping = MAPPING.replace("[customer]\n", "[source]\nheader = false\n[customer]\n");
    let mapping = mapping
        .replace("\"Nr\"", "\"1\"")
        .replace("\"Name\"", "\"2\"");
    let mapping = mapping
        .replace("\"PLZ\"", "\"3\"")
        .replace("\"Ort\"", "\"4\"");
    it.file("map.toml", mapping.replace("\"E-Mail\"", "\"5\""));
    it.file(
        "bare.csv",
        "H1;A;01067;Ulm;kaputt;x\nH2;B;01067;Ulm;b@example.org;x\n",
    );
    let first = run(&mut it, "bare.csv", &[]).expect(3);
    let text = String::from_utf8(first.report_file("failed.csv")).unwrap();
    let text = text.replace("kaputt", "a@example.org");
    let said = stopped(&mut it, &erp, &text.replace(";01067;", ";1067;"));
    assert!(said.contains("  3: 1 cell, e.g. record 1: "), "{said}");
    it.file("back.csv", text);
    run(&mut it, "back.csv", &[]).expect(0);
    assert!(once_each(&erp).contains(&"H1".to_owned()));
}
