//! Inputs of several formats under one glob, and from standard input.

use super::{
    ALL, PLACES, ROWS, assert_counts, book, cells, gzip, importer, ledger, run, sandbox, settings,
};

/// The rows of one customer, below the header.
fn of(customer: &str) -> String {
    let corrected = ROWS.replace(";803;", ";80331;").replace("nirgends", "d");
    let mut text = format!("{}\n", corrected.lines().next().unwrap());
    let mut is_theirs = false;
    for line in corrected.lines().skip(1) {
        let key = line.split(';').next().unwrap();
        is_theirs = if key.is_empty() {
            is_theirs
        } else {
            key == customer
        };
        if is_theirs {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[test]
fn one_glob_takes_every_format() {
    let erp = sandbox();
    let mut it = importer();
    settings(&it, &erp);
    it.file("exporte/orte.csv", PLACES);
    it.file("exporte/kunden-1.csv", of("C1"));
    it.file("exporte/kunden-2.xlsx", book(&cells(&of("C2"))));
    it.file("exporte/kunden-3.csv.gz", gzip(of("C3").as_bytes()));
    it.file("exporte/kunden-4.xlsx.gz", gzip(&book(&cells(&of("C4")))));
    let dry = run(&mut it, "exporte/kunden-*", &["--dry-run"]).expect(0);
    assert_eq!(dry.reports().len(), 4, "{}", dry.said());
    let run = run(&mut it, "exporte/kunden-*", &[]).expect(0);
    assert_eq!(ledger(&erp), ALL);
    assert_eq!(run.reports().len(), 8);
    // The same words again: each is known by its contents.
    let again = it.run().expect(0);
    assert_eq!(again.reports().len(), 8, "{}", again.said());
    assert_eq!(erp.created(), 4);
}

/// An input that is none stops nothing that came before it, and the worst code is told.
#[test]
fn an_unusable_file_among_them_is_named() {
    let erp = sandbox();
    let mut it = importer();
    settings(&it, &erp);
    it.file("kunden-1.csv", of("C1"));
    it.file("kunden-2.xlsx", &book(&cells(&of("C2")))[..900]);
    it.file("kunden-3.csv.gz", gzip(of("C3").as_bytes()));
    let run = run(&mut it, "kunden-*", &[]).expect(4);
    assert!(run.stderr.contains("kunden-2.xlsx"), "{}", run.said());
    assert_eq!(ledger(&erp), [ALL[0], ALL[2]]);
}

#[test]
fn books_and_compressed_files_come_from_standard_input() {
    let all = ROWS.replace(";803;", ";80331;").replace("nirgends", "d");
    let rows = book(&cells(&all));
    for bytes in [
        rows.clone(),
        gzip(all.as_bytes()),
        gzip(&rows),
        zstd::encode_all(rows.as_slice(), 3).unwrap(),
    ] {
        let erp = sandbox();
        let mut it = importer();
        settings(&it, &erp);
        it.stdin(bytes);
        let dry = run(&mut it, "-", &["--dry-run"]).expect(0);
        assert_counts(&dry, &[("ready", 4), ("grouped", 4)]);
        std::fs::remove_dir_all(it.folder().join("reports")).unwrap();
        let first = run(&mut it, "-", &[]).expect(0);
        assert_counts(&first, &[("created", 4), ("grouped", 4)]);
        assert_eq!(ledger(&erp), ALL);
    }
}
