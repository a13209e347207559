//! No room on the disk, wherever it runs out. `ulimit -f` limits every file that the program
//! writes, works without rights, and the system's answer (`EFBIG`) goes the same way as that of
//! a full disk (`ENOSPC`).

use std::collections::BTreeSet;
use std::io::Write as _;

use wawi_importer::sandbox::SandboxSettings;

use super::{assert_done, assert_once, assert_orderly, importer};
use crate::customers::{Customers, MAPPING, column};
use crate::stand_in::{StandIn, wait_for};
use crate::support::{Importer, Run, files_below};

/// The program may write files of so many KiB.
fn limited(importer: &mut Importer, kib: u64) -> Run {
    // POSIX counts in blocks of 512 bytes.
    importer.shell(format!("ulimit -f {}; exec \"$@\"", kib * 2));
    let run = importer.run();
    importer.shell("");
    assert_orderly(&run);
    run
}

/// Customers that the journal holds as created, and those that it holds as on their way.
fn journalled(importer: &Importer) -> (BTreeSet<String>, usize) {
    let path = importer.folder().join(".importer/journal.db");
    let journal = rusqlite::Connection::open(path).unwrap();
    let mut created = journal
        .prepare("SELECT customer_number FROM records WHERE outcome = 'created'")
        .unwrap();
    let created = created
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let open: i64 = journal
        .query_row("SELECT count(*) FROM intents", [], |row| row.get(0))
        .unwrap();
    (created, usize::try_from(open).unwrap())
}

#[test]
fn a_journal_that_cannot_grow_loses_nobody() {
    let customers = Customers::valid(301, 60);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    let mut lost_outcomes = 0;
    let mut before_sending = 0;
    // Each start has a little more room than the one before; the log begins anew each time.
    for kib in (0..=56).step_by(8).chain((60..=160).step_by(4)) {
        let before = sandbox.created();
        let run = limited(&mut importer, kib);
        if run.code == 0 {
            break;
        }
        let expected = if kib == 0 { 4 } else { 1 };
        assert_eq!(run.code, expected, "{kib} KiB: {}", run.said());
        // Why is said once: by the error, and by no line of the log beside it.
        let lines = run.stderr.lines().filter(|line| line.contains("journal"));
        let errors: Vec<&str> = lines.filter(|line| !line.contains("help:")).collect();
        assert!(
            errors.len() <= 1 && !run.stderr.contains("ERROR"),
            "{}",
            run.said()
        );
        if sandbox.created() == before {
            before_sending += 1;
            continue;
        }
        // Whoever was created is known, or known to be on the way.
        let (created, open) = journalled(&importer);
        let unwritten = sandbox.numbers().len() - created.len();
        assert!(unwritten <= open, "{unwritten} of {open}, {}", run.said());
        lost_outcomes += unwritten;
    }
    let run = importer.run().expect(0);
    assert_done(&customers, &sandbox, &run);
    assert!(before_sending >= 3, "{before_sending}");
    assert!(lost_outcomes > 0, "no outcome was to be written just then");
}

#[test]
fn a_report_that_cannot_be_written_is_written_later() {
    // The journal needs little room, for it keeps no such remarks; the report needs 1.4 MB.
    let mut customers = Customers::valid(302, 20);
    for customer in &mut customers.0 {
        customer.cells[column("Bemerkung")] = "viel zu sagen ".repeat(5000);
    }
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    let mapping = MAPPING.replace("[\"E-Mail\"]", "[\"Bemerkung\"]");
    importer.file("shop.toml", mapping);
    let run = limited(&mut importer, 1000);
    assert_eq!(run.code, 1, "{}", run.said());
    assert!(
        run.stderr.contains("created.csv could not be"),
        "{}",
        run.said()
    );
    assert!(run.stderr.contains("`importer report"), "{}", run.said());
    // What it came to is told all the same, and nobody is sent to files that are not there.
    assert!(
        run.stdout
            .starts_with("Finished: 20 of 20 records created."),
        "{}",
        run.said()
    );
    assert!(!run.stdout.contains("reports"), "{}", run.said());
    assert!(!run.said().contains(".part"), "{}", run.said());
    // Nothing half-written is left, and everybody was created.
    assert!(files_below(&importer.folder().join("reports")).is_empty());
    assert_once(&customers, sandbox.numbers());
    let posts = sandbox.counters().posts;
    // The same command writes it as soon as there is room, and sends nothing.
    let run = importer.run().expect(0);
    assert_done(&customers, &sandbox, &run);
    assert_eq!(sandbox.counters().posts, posts);
}

/// The folder for temporary files is full, and the input is not at fault.
#[test]
fn an_input_that_cannot_be_unpacked_for_want_of_room_is_a_failure_of_the_disk() {
    let mut customers = Customers::valid(308, 20);
    for customer in &mut customers.0 {
        customer.cells[column("Bemerkung")] = "viel zu sagen ".repeat(5000);
    }
    let mut importer = importer(&customers, "http://127.0.0.1:1");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&customers.csv()).unwrap();
    importer.file("shop.csv.gz", packed.finish().unwrap());
    importer.args(["run", "shop.csv.gz", "-m", "shop.toml", "--dry-run"]);
    let run = limited(&mut importer, 1000);
    assert_eq!(run.code, 1, "{}", run.said());
    assert!(run.stderr.contains("TMPDIR"), "{}", run.said());
    importer.run().expect(0);
}

#[test]
fn a_report_s_folder_that_goes_away_meanwhile_takes_no_summary_along() {
    let customers = Customers::valid(305, 3);
    let server = StandIn::start(SandboxSettings {
        latency: std::time::Duration::from_millis(400),
        ..SandboxSettings::default()
    });
    let mut importer = importer(&customers, &server.url());
    importer.arg("--report-dir").arg("my reports");
    let child = importer.start();
    let folder = importer.folder().join("my reports");
    let own = || std::fs::read_dir(&folder).into_iter().flatten().next();
    wait_for(|| own().is_some() && server.created() > 0);
    // Something else stands there now, which also stops whoever may write everywhere.
    let run_folder = own().unwrap().unwrap().path();
    std::fs::remove_dir_all(&run_folder).unwrap();
    std::fs::write(&run_folder, "not a folder").unwrap();
    let run = importer.read(child.wait_with_output().unwrap());
    assert_eq!(run.code, 1, "{}", run.said());
    assert!(
        run.stdout.contains("Finished: 3 of 3 records created."),
        "{}",
        run.said()
    );
    let id = run_folder.file_name().unwrap().to_str().unwrap().to_owned();
    let command = format!("importer report {id} --report-dir 'my reports'");
    assert!(run.stderr.contains(&command), "{}", run.said());
    // What is advised works.
    std::fs::remove_file(&run_folder).unwrap();
    importer.args(["report", &id, "--report-dir", "my reports"]);
    importer.run().expect(0);
    assert!(run_folder.join("created.csv").exists());
}

/// The input is edited when its records are sent: the report would tell of other records.
#[test]
fn an_input_that_changes_before_the_report_takes_no_summary_along() {
    let customers = Customers::valid(307, 3);
    let server = StandIn::start(SandboxSettings {
        latency: std::time::Duration::from_millis(400),
        ..SandboxSettings::default()
    });
    let importer = importer(&customers, &server.url());
    let child = importer.start();
    wait_for(|| server.created() > 0);
    let mut text = customers.csv();
    let as_it_was = text.clone();
    text.extend_from_within(..);
    importer.file("shop.csv", text);
    let run = importer.read(child.wait_with_output().unwrap());
    assert_eq!(run.code, 1, "{}", run.said());
    assert!(
        run.stdout.contains("Finished: 3 of 3 records created."),
        "{}",
        run.said()
    );
    assert!(run.stderr.contains("--input FILE"), "{}", run.said());
    importer.file("shop.csv", as_it_was);
    importer.run().expect(0);
    assert_eq!(server.created(), 3);
}

#[test]
fn a_report_that_a_sandbox_run_cannot_write_is_not_promised_from_a_journal_that_is_gone() {
    let mut customers = Customers::valid(306, 20);
    for customer in &mut customers.0 {
        customer.cells[column("Bemerkung")] = "viel zu sagen ".repeat(5000);
    }
    for (words, advice) in [
        (&["--sandbox"][..], "give the same command again"),
        (
            &["--dry-run", "--max-invalid", "100%"],
            "start the dry run again",
        ),
    ] {
        let mut importer = importer(&customers, "http://127.0.0.1:1");
        // Of the dry run all are invalid: too long a company.
        let mapping = match words.contains(&"--sandbox") {
            true => MAPPING.replace("[\"E-Mail\"]", "[\"Bemerkung\"]"),
            false => MAPPING.replace("\"Firma\"", "\"Bemerkung\""),
        };
        importer.file("shop.toml", mapping);
        importer.args(["run", "shop.csv", "-m", "shop.toml"]);
        for word in words {
            importer.arg(word);
        }
        let run = limited(&mut importer, 1000);
        assert_eq!(run.code, 1, "{}", run.said());
        assert!(run.stderr.contains(advice), "{}", run.said());
        assert!(!run.said().contains("importer report"), "{}", run.said());
        assert!(!run.said().contains(".part"), "{}", run.said());
        assert!(run.stdout.contains("20  read"), "{}", run.said());
    }
}

#[test]
fn stdin_that_cannot_be_kept_is_the_disk_s_fault_and_nothing_is_sent() {
    let customers = Customers::valid(303, 300);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    importer.args(super::words(&sandbox.url()).iter().map(|word| {
        let is_input = word == "shop.csv";
        if is_input { "-" } else { word.as_str() }
    }));
    importer.stdin(customers.csv());
    let run = limited(&mut importer, 8);
    assert_eq!(run.code, 1, "{}", run.said());
    assert!(run.stderr.contains("standard input"), "{}", run.said());
    assert!(files_below(&importer.folder().join(".importer/spool")).is_empty());
    assert_eq!(sandbox.counters().posts, 0);
    let run = importer.run().expect(0);
    assert_done(&customers, &sandbox, &run);
}

#[test]
fn sorted_runs_that_cannot_be_spilled_stop_before_anything_is_sent() {
    // More pairs than are sorted in memory: they go to the disk, and find no room there.
    use std::fmt::Write;
    let mut text = String::from("Nr;Nachname;Ort\n");
    for number in 1..=132_000 {
        writeln!(text, "N{number};M;U").unwrap();
    }
    let mut importer = Importer::new();
    importer.file("shop.csv", text);
    importer.file(
        "shop.toml",
        "[customer]\nNumber = \"Nr\"\nCustomerGroupId = { value = 1 }\n\
         InternalCompanyId = { value = 1 }\nLanguageIso = { value = \"DE\" }\n\
         [customer.BillingAddress]\nLastName = \"Nachname\"\nCity = \"Ort\"\n\
         CountryIso = { value = \"DE\" }\n",
    );
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--dry-run"]);
    let run = limited(&mut importer, 1024);
    assert_eq!(run.code, 1, "{}", run.said());
    assert!(
        run.stderr.contains("intermediate results"),
        "{}",
        run.said()
    );
    assert!(
        run.stderr.contains("make room on the disk"),
        "{}",
        run.said()
    );
    assert!(run.reports().is_empty(), "an empty report was left");
}
