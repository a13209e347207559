//! `importer schedule` as a scheduler of the system calls it.

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::Value;
use wawi_importer::journal::lock;
use wawi_importer::sandbox::{Faults, SandboxSettings};

use super::{Daemon, MAPPING, export, metric, names};
use crate::stand_in::{StandIn, wait_for};
use crate::support::{Importer, Run};

pub(super) const JOB: &str = "[[job]]\nname = \"shop\"\ncron = \"0 2 * * *\"\ntime_zone = \"Europe/Berlin\"\n\
                   inputs = \"inbox/*.csv\"\nmapping = \"shop.toml\"\nmin_age = \"0s\"\n\
                   archive_done = \"done\"\narchive_failed = \"failed\"\n";

pub(super) fn importer(erp: &StandIn, extra: &str) -> Importer {
    let mut importer = Importer::new();
    importer.file("shop.toml", MAPPING);
    importer.file("jobs.toml", format!("{JOB}{extra}\n"));
    importer.env("IMPORTER_BASE_URL", erp.url());
    importer
}

pub(super) fn once(importer: &mut Importer) -> Run {
    let words = [
        "schedule",
        "jobs.toml",
        "--once",
        "shop",
        "--metrics-file",
        "importer.prom",
    ];
    importer.args(words).run()
}

pub(super) fn metrics(importer: &Importer) -> String {
    std::fs::read_to_string(importer.folder().join("importer.prom")).unwrap()
}

#[test]
fn once_imports_archives_and_counts_and_then_there_is_nothing_to_do() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file("inbox/b.csv", export([("K2", "Ulm")]));
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    let run = once(&mut importer).expect(0);
    assert_eq!(erp.numbers(), ["K1", "K2"]);
    assert_eq!(names(&importer.folder().join("done")), ["a.csv", "b.csv"]);
    assert!(
        run.stderr
            .contains("job `shop`: success, code 0, 2 files read"),
        "{}",
        run.said()
    );
    assert_eq!(
        metric(
            &metrics(&importer),
            "importer_job_last_exit_code{job=\"shop\"}"
        ),
        0.0
    );

    once(&mut importer).expect(0);
    let text = metrics(&importer);
    for (result, count) in [("success", 1.0), ("idle", 1.0), ("failure", 0.0)] {
        let line = format!("importer_job_starts_total{{job=\"shop\",result=\"{result}\"}}");
        assert_eq!(metric(&text, &line), count, "{result}");
    }
    // What it imported last stays told.
    assert_eq!(
        metric(
            &text,
            "importer_job_last_records{job=\"shop\",outcome=\"created\"}"
        ),
        2.0
    );
    assert_eq!(summary_of(&importer)["result"], "idle");
}

/// Who looks for nothing in the wrong place learns where that is.
#[test]
fn a_start_without_anything_to_do_says_what_it_looked_for() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    let run = once(&mut importer).expect(0);
    let told = "job `shop`: idle, code 0; nothing matches `inbox/*.csv`\n";
    assert!(run.stderr.contains(told), "{}", run.said());
    // What waits does match.
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    importer.file("jobs.toml", JOB.replace("\"0s\"", "\"1h\""));
    let run = once(&mut importer).expect(0);
    let told = "job `shop`: idle, code 0, 1 file too young\n";
    assert!(run.stderr.contains(told), "{}", run.said());
    assert!(!run.stderr.contains("warning"), "{}", run.said());
    // By a wrong clock it might wait for ever.
    let path = importer.folder().join("inbox/a.csv");
    let file = std::fs::File::options().append(true).open(path).unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    let day = std::time::Duration::from_secs(86_400);
    file.set_modified(written + day).unwrap();
    let run = once(&mut importer).expect(0);
    let told = "a.csv waits, for its time of modification has yet to come";
    let said = run.stderr.replace('\n', " ");
    assert!(said.contains(told), "{}", run.said());
}

#[cfg(unix)]
#[test]
fn commands_about_an_archived_input_find_it() {
    let erp = StandIn::start(SandboxSettings {
        faults: Faults::parse("status=422@1-1").unwrap(),
        ..SandboxSettings::default()
    });
    let job = "[job.run]\nrate = \"100/s\"\nmax_invalid = \"90%\"\n";
    let mut importer = importer(&erp, job);
    let customers = [("K1", "Ulm"), ("K2", ""), ("K3", "Ulm")];
    importer.file("inbox/my a.csv", export(customers));
    // The name is taken.
    importer.file("failed/my a.csv", "");
    let run = once(&mut importer).expect(3);
    let moved = importer.folder().join("failed/my a-2.csv");
    assert!(moved.is_file());
    let told = run.stderr.replace('\n', " ");
    assert!(
        told.contains("lies in failed/my a-2.csv now"),
        "{}",
        run.said()
    );
    let summary = summary_of(&importer);
    let again = "importer run 'failed/my a-2.csv' -m shop.toml --rate=100/s --max-invalid=90%";
    assert_eq!(summary["inputs"][0]["again_with"], again);
    // Whoever asks for the report again, or for the input where it was, gets on.
    let folder = run.reports().pop().unwrap();
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
    importer.args(["report", &id]).run().expect(0);
    let run = importer
        .args(["run", "inbox/my a.csv", "-m", "shop.toml"])
        .run()
        .expect(4);
    assert!(run.stderr.contains("lies here: '"), "{}", run.said());
    assert!(run.stderr.contains("failed/my a-2.csv"), "{}", run.said());
    // The report's page, and the report that is written again, name the same command.
    let retry = format!("{again} --retry-failed");
    let text = std::fs::read_to_string(folder.join("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(summary["retry_with"], retry);
    importer.shell(retry.replacen("importer", "exec \"$1\"", 1));
    let run = importer.run().expect(3);
    assert!(
        run.stdout.contains("went on with an earlier run"),
        "{}",
        run.said()
    );
    assert_eq!(erp.numbers(), ["K3", "K1"]);
    // The corrected records are compared with the input where it lies.
    importer.shell("");
    let failed = folder.join("failed.csv");
    let text = std::fs::read_to_string(&failed)
        .unwrap()
        .replace("Muster", "Master");
    std::fs::write(&failed, text).unwrap();
    let failed = failed.to_str().unwrap();
    let run = importer
        .args(["run", failed, "-m", "shop.toml"])
        .run()
        .expect(4);
    assert!(
        run.stderr.contains("nothing was wrong there: Name"),
        "{}",
        run.said()
    );
}

#[test]
fn its_code_is_that_of_the_worst_input_and_files_go_where_they_belong() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file("inbox/1-fine.csv", export([("K1", "Ulm")]));
    importer.file("inbox/2-some.csv", export([("K2", ""), ("K3", "Ulm")]));
    importer.file("inbox/3-none.csv", "");
    importer.file("inbox/4-fine.csv", export([("K4", "Ulm")]));
    once(&mut importer).expect(4);
    assert_eq!(
        names(&importer.folder().join("done")),
        ["1-fine.csv", "4-fine.csv"]
    );
    assert_eq!(
        names(&importer.folder().join("failed")),
        ["2-some.csv", "3-none.csv"]
    );
    assert_eq!(erp.numbers(), ["K1", "K3", "K4"]);
    let text = metrics(&importer);
    assert_eq!(
        metric(
            &text,
            "importer_job_last_files{job=\"shop\",fate=\"failed\"}"
        ),
        2.0
    );
    assert_eq!(
        metric(&text, "importer_job_last_exit_code{job=\"shop\"}"),
        4.0
    );
}

/// What is not the export, whatever its name and the mapping's `format` say, does not alarm a
/// second time.
#[test]
fn what_is_no_export_is_named_and_leaves_the_inbox() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    let mapping = format!("[source]\nformat = \"csv\"\n{MAPPING}");
    importer.file("shop.toml", &mapping);
    let records = r#"{"Nr":"K1","Ort":"Ulm"},{"Nr":"K2","Ort":"Ulm"}"#;
    let page = "<!DOCTYPE html>\n<html><head><title>Anmelden</title><style>a{b:c;d:e}</style>";
    let headless = export([("K3", "Ulm"), ("K4", "Ulm")]);
    let (_, headless) = headless.split_once('\n').unwrap();
    let none = "none of the 5 columns that the mapping reads is there";
    for (text, says) in [
        (page.to_owned(), "inbox/1.csv` is a web page (HTML)"),
        (
            format!("[{records}]"),
            "declared as csv, but it is a JSON array",
        ),
        (
            records.replace(",{", "\n{"),
            "declared as csv, but it is JSON",
        ),
        (headless.to_owned(), none),
        ("a;b;c;d;e\n1;2;3;4;5\n".to_owned(), none),
        (";;;;\n1;2;3;4;5\n".to_owned(), "header names no column"),
    ] {
        importer.file("inbox/1.csv", &text);
        let run = once(&mut importer).expect(4);
        assert!(run.stderr.contains(says), "{says}: {}", run.said());
        assert!(!run.said().contains("shop.toml"), "{}", run.said());
        assert!(run.stderr.contains("inbox/1.csv"), "{}", run.said());
        assert!(names(&importer.folder().join("inbox")).is_empty(), "{says}");
        // Nobody's values are told.
        assert!(!run.said().contains("Muster"), "{}", run.said());
    }
    assert_eq!(names(&importer.folder().join("failed")).len(), 6);
    // Columns that are only spelt otherwise are the mapping's, and so is a single one.
    for header in ["Nr.x;Name1;Strasse;PLZ1;Ort1", "Nr;Name;Straße;PLZ;Stadt"] {
        let renamed = export([("K5", "Ulm")]).replace("Nr;Name;Straße;PLZ;Ort", header);
        importer.file("inbox/1.csv", &renamed);
        let run = once(&mut importer).expect(4);
        assert!(run.stderr.contains("--> shop.toml:"), "{}", run.said());
        assert_eq!(
            names(&importer.folder().join("inbox")),
            ["1.csv"],
            "{header}"
        );
    }
    assert!(erp.numbers().is_empty());
    // A ready-made mapping tells it in its own words.
    importer.file("jobs.toml", JOB.replace("shop.toml", "builtin:shopify"));
    importer.file("inbox/1.csv", "a,b,c\n1,2,3\n");
    let run = once(&mut importer).expect(4);
    assert!(
        run.stderr.contains("this ready-made mapping"),
        "{}",
        run.said()
    );
    assert!(names(&importer.folder().join("inbox")).is_empty());
}

/// Of records that are not there, or cannot be read, nobody knows which keys they have.
#[test]
fn lines_of_json_without_the_keys_leave_the_inbox() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file("jobs.toml", JOB.replace("*.csv", "*.jsonl"));
    let whole = r#"{"Nr":"K1","Name":"A","Straße":"Weg 1","PLZ":"89073","Ort":"Ulm"}"#;
    let without = whole.replace(r#","Ort":"Ulm""#, "");
    for (text, says) in [
        (
            "{\"error\":\"not logged in\",\"code\":401}".to_owned(),
            "no record has any of the 5 keys that the mapping reads",
        ),
        (
            format!("{without}\n{}\n", whole.trim_end_matches('}')),
            "record 2 (line 2) cannot be read, and no other record has `Ort`",
        ),
    ] {
        importer.file("inbox/1.jsonl", &text);
        let run = once(&mut importer).expect(4);
        assert!(run.stderr.contains(says), "{says}: {}", run.said());
        assert!(run.stderr.contains("inbox/1.jsonl"), "{}", run.said());
        assert!(!run.said().contains("shop.toml"), "{}", run.said());
        assert!(names(&importer.folder().join("inbox")).is_empty(), "{says}");
    }
    importer.file("inbox/1.jsonl", &without);
    let run = once(&mut importer).expect(4);
    assert!(run.stderr.contains("--> shop.toml:"), "{}", run.said());
    assert_eq!(names(&importer.folder().join("inbox")), ["1.jsonl"]);
}

/// The folder for temporary files is at fault, and not the file: it stays where it is.
#[cfg(unix)]
#[test]
fn an_input_that_cannot_be_unpacked_here_stays_and_is_imported_by_the_next_start() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed
        .write_all(export([("K1", "Ulm")]).as_bytes())
        .unwrap();
    importer.file("inbox/a.csv", packed.finish().unwrap());
    importer.env("TMPDIR", "/nowhere/at/all");
    let run = once(&mut importer).expect(4);
    assert!(run.stderr.contains("TMPDIR"), "{}", run.said());
    assert_eq!(names(&importer.folder().join("inbox")), ["a.csv"]);
    importer.env("TMPDIR", "");
    once(&mut importer).expect(0);
    assert_eq!(names(&importer.folder().join("done")), ["a.csv"]);
    assert_eq!(erp.numbers(), ["K1"]);
}

#[test]
fn old_failures_need_not_alarm_every_night() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "fail_on = \"new\"");
    let mut night = |customers: &[(&str, &str)], code: i32, new: f64| {
        importer.file("inbox/a.csv", export(customers.iter().copied()));
        let run = once(&mut importer).expect(code);
        let line = "importer_job_last_new_failures{job=\"shop\"}";
        assert_eq!(metric(&metrics(&importer), line), new);
        run.stderr.replace('\n', " ")
    };
    let told = night(&[("K1", "Ulm"), ("B1", ""), ("B2", "")], 3, 2.0);
    assert!(
        told.contains("failure, code 3, 2 failed newly, 1 file read"),
        "{told}"
    );
    // The same two, at other places.
    let told = night(
        &[("B2", ""), ("K1", "Ulm"), ("K2", "Ulm"), ("B1", "")],
        0,
        0.0,
    );
    let why = "success, code 0, 2 failed as before, 1 file read";
    assert!(told.contains(why), "{told}");
    let told = night(&[("B1", ""), ("B2", ""), ("K3", "Ulm"), ("B3", "")], 3, 1.0);
    let why = "failure, code 3, 2 failed as before, 1 new, 1 file read";
    assert!(told.contains(why), "{told}");
    night(&[("B1", ""), ("B2", ""), ("K3", "Ulm"), ("B3", "")], 0, 0.0);
    // Corrected, and broken anew: that is new.
    night(&[("B1", "Ulm"), ("K3", "Ulm")], 0, 0.0);
    night(&[("B1", ""), ("K4", "Ulm")], 3, 1.0);
    // One that was not there for some nights is still the same.
    night(&[("B2", ""), ("B3", ""), ("K5", "Ulm")], 0, 0.0);
    assert_eq!(names(&importer.folder().join("failed")).len(), 3);
    assert_eq!(names(&importer.folder().join("done")).len(), 4);
}

#[test]
fn what_is_new_is_counted_where_every_failure_alarms_too() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    let mut night = |customers: &[(&str, &str)], new: f64| {
        importer.file("inbox/a.csv", export(customers.iter().copied()));
        once(&mut importer).expect(3);
        let line = "importer_job_last_new_failures{job=\"shop\"}";
        assert_eq!(metric(&metrics(&importer), line), new);
    };
    night(&[("K1", "Ulm"), ("B1", ""), ("B2", "")], 2.0);
    night(&[("B2", ""), ("K2", "Ulm"), ("B1", "")], 0.0);
    night(&[("B2", ""), ("B3", ""), ("K3", "Ulm")], 1.0);
}

/// The job's last summary.
pub(super) fn summary_of(importer: &Importer) -> Value {
    let path = importer.folder().join(".importer/jobs/shop/summary.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn what_an_earlier_start_did_is_not_counted_again() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    // Files stay.
    let stays = |extra: &str| JOB.split("archive_done").next().unwrap().to_owned() + extra;
    importer.file("jobs.toml", stays(""));
    importer.file("inbox/a.csv", export([("K1", "Ulm"), ("B1", "")]));
    once(&mut importer).expect(3);
    let first = summary_of(&importer);
    assert_eq!(first["counts"]["created"], 1);
    let created = "importer_job_last_records{job=\"shop\",outcome=\"created\"}";
    let new = "importer_job_last_new_failures{job=\"shop\"}";
    assert_eq!(metric(&metrics(&importer), created), 1.0);
    let run = once(&mut importer).expect(3);
    assert!(
        run.stderr
            .contains("failure, code 3, 1 failed as before, 1 file finished before"),
        "{}",
        run.said()
    );
    let summary = summary_of(&importer);
    for (outcome, count) in summary["counts"].as_object().unwrap() {
        assert_eq!(count, 0, "{outcome}");
    }
    let input = &summary["inputs"][0];
    assert_eq!(input["finished_before"], true);
    assert_eq!(input["counts"]["created"], 1);
    // Why it failed is told as by the start that found it out.
    assert_eq!(input["errors"], first["inputs"][0]["errors"]);
    assert_eq!(input["errors"][0]["code"], "required.missing");
    assert!(run.stdout.contains("Errors by cause"), "{}", run.said());
    assert_eq!(metric(&metrics(&importer), created), 0.0);
    assert_eq!(metric(&metrics(&importer), new), 0.0);

    // One that goes on counts what it did itself.
    std::fs::remove_file(importer.folder().join("inbox/a.csv")).unwrap();
    importer.file(
        "inbox/b.csv",
        export([("K2", "Ulm"), ("B2", ""), ("K3", "Ulm")]),
    );
    erp.set_faults(Faults::default().from_post(3, 401));
    importer.file("jobs.toml", stays("[job.run]\nconcurrency = 1\n"));
    let counts = |importer: &Importer| {
        let counts = summary_of(importer)["counts"].clone();
        ["read", "created", "invalid", "open"].map(|name| counts[name].clone())
    };
    once(&mut importer).expect(5);
    assert_eq!(counts(&importer), [3, 1, 1, 1]);
    // What is still open is left open by this start, too.
    erp.set_faults(Faults::default().from_post(1, 401));
    once(&mut importer).expect(5);
    assert_eq!(counts(&importer), [1, 0, 0, 1]);
    let open = "importer_job_last_records{job=\"shop\",outcome=\"open\"}";
    assert_eq!(metric(&metrics(&importer), open), 1.0);
    erp.lift();
    once(&mut importer).expect(3);
    assert_eq!(counts(&importer), [1, 1, 0, 0]);
    assert_eq!(summary_of(&importer)["inputs"][0]["counts"]["created"], 2);
    assert_eq!(metric(&metrics(&importer), created), 1.0);
    assert_eq!(erp.numbers(), ["K1", "K2", "K3"]);
}

/// The file that failed is in the archive; that does not make it well.
#[test]
fn a_start_without_anything_to_do_takes_no_failure_back() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    let code = "importer_job_last_exit_code{job=\"shop\"}";
    let new = "importer_job_last_new_failures{job=\"shop\"}";
    let end = "importer_job_last_end_timestamp_seconds{job=\"shop\"}";
    // Before the first import nothing has failed.
    once(&mut importer).expect(0);
    assert_eq!(metric(&metrics(&importer), code), 0.0);
    importer.file("inbox/a.csv", export([("K1", "Ulm"), ("B1", "")]));
    let run = once(&mut importer).expect(3);
    let target = run.summary()["target"].as_str().unwrap().to_owned();
    let ended = metric(&metrics(&importer), end);
    once(&mut importer).expect(0);
    let text = metrics(&importer);
    assert_eq!((metric(&text, code), metric(&text, new)), (3.0, 1.0));
    let idle = metric(&text, end);
    assert!(idle > ended, "{text}");
    // Neither does one that another run keeps out, and that is no end of the job.
    importer.file("inbox/b.csv", export([("K2", "Ulm")]));
    let state = importer.folder().join(".importer");
    let held = lock(&state, &target, "process 43, since noon").unwrap();
    once(&mut importer).expect(6);
    let text = metrics(&importer);
    assert_eq!((metric(&text, code), metric(&text, end)), (3.0, idle));
    drop(held);
    once(&mut importer).expect(0);
    assert_eq!(metric(&metrics(&importer), code), 0.0);
    assert_eq!(metric(&metrics(&importer), new), 0.0);
}

#[test]
fn who_finds_it_locked_ends_with_code_6_and_says_who_has_it() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "on_failure = [\"/no/such/program\"]");
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    let state = importer.folder().join(".importer");
    let held = lock(&state, "job\0shop", "process 42, since noon").unwrap();
    let run = once(&mut importer).expect(6);
    let said = "refused, code 6; it is running already: process 42, since noon";
    assert!(run.stderr.contains(said), "{}", run.said());
    // Nobody is told of that.
    assert!(!run.stderr.contains("on_failure"), "{}", run.said());
    assert!(erp.numbers().is_empty());
    // Both it and whoever comes later counts that, once.
    let refused = "importer_job_starts_total{job=\"shop\",result=\"refused\"}";
    assert_eq!(metric(&metrics(&importer), refused), 1.0);
    drop(held);
    let run = once(&mut importer).expect(0);
    assert_eq!(metric(&metrics(&importer), refused), 1.0);
    // Another run into the same ERP is at work: that is one start more, and not two.
    let target = run.summary()["target"].as_str().unwrap().to_owned();
    let held = lock(&state, &target, "process 43, since noon").unwrap();
    importer.file("inbox/b.csv", export([("K2", "Ulm")]));
    once(&mut importer).expect(6);
    assert_eq!(metric(&metrics(&importer), refused), 2.0);
    drop(held);
}

#[test]
fn who_cannot_lock_it_is_told_what_to_do() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file(".importer", "no folder");
    let run = once(&mut importer).expect(4);
    let said =
        ".importer is a file, not a folder\n  help: choose another state folder with --state-dir\n";
    assert!(run.stderr.contains(said), "{}", run.said());
    importer.env("IMPORTER_LANG", "de");
    let run = once(&mut importer).expect(4);
    let said = "\n  Hilfe: mit --state-dir einen anderen Statusordner wählen\n";
    assert!(run.stderr.contains(said), "{}", run.said());
    let run = importer
        .args(["schedule", "jobs.toml", "--once", "shop", "--json"])
        .run()
        .expect(4);
    let help = "\"help\":\"choose another state folder with --state-dir\"";
    assert!(run.stdout.contains(help), "{}", run.said());
    // That it is at work needs nobody's help.
    std::fs::remove_file(importer.folder().join(".importer")).unwrap();
    let state = importer.folder().join(".importer");
    let held = lock(&state, "job\0shop", "process 42, since noon").unwrap();
    let run = once(&mut importer).expect(6);
    assert!(!run.stderr.contains("Hilfe"), "{}", run.said());
    drop(held);
}

/// Where its state is kept was chosen wrongly: that is as it is with the journal.
#[test]
fn who_cannot_write_its_state_is_told_what_to_do() {
    let erp = StandIn::start(SandboxSettings::default());
    for in_the_way in ["jobs", "jobs/shop", "jobs/shop/state.json/folder"] {
        let mut importer = importer(&erp, "");
        importer.file("inbox/a.csv", export([("K1", "Ulm")]));
        importer.file(&format!(".importer/{in_the_way}"), "");
        let run = once(&mut importer).expect(4);
        let said = "state.json cannot be written: ";
        assert!(run.stderr.contains(said), "{}", run.said());
        let help = "help: the state folder must be writable for the user that runs importer; \
                    --state-dir chooses another one\n";
        assert!(run.stderr.contains(help), "{}", run.said());
        assert!(!run.stderr.contains("os error"), "{}", run.said());
        let inbox = importer.folder().join("inbox");
        assert_eq!(names(&inbox), ["a.csv"], "{in_the_way}");
    }
    assert!(erp.numbers().is_empty());
}

#[test]
fn what_is_not_over_stays_in_the_inbox() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "max_duration = \"1ms\"");
    importer.file("inbox/a.csv", export([("K1", "Ulm"), ("K2", "Ulm")]));
    importer.file("inbox/b.csv", export([("K3", "Ulm")]));
    once(&mut importer).expect(75);
    assert_eq!(names(&importer.folder().join("inbox")), ["a.csv", "b.csv"]);
    importer.file("jobs.toml", JOB);
    once(&mut importer).expect(0);
    let mut numbers = erp.numbers();
    numbers.sort();
    assert_eq!(numbers, ["K1", "K2", "K3"]);

    // A mapping that is wrong is nobody's file's fault.
    importer.file("inbox/c.csv", export([("K4", "Ulm")]));
    importer.file("shop.toml", MAPPING.replace("\"Ort\"", "\"Stadt\""));
    once(&mut importer).expect(4);
    assert_eq!(names(&importer.folder().join("inbox")), ["c.csv"]);
}

/// The mapping says where it is wrong, and the job for which of its inputs.
#[test]
fn an_input_that_the_mapping_does_not_fit_is_named() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file("inbox/1.csv", export([("K1", "Ulm")]));
    let other = export([("K2", "Ulm")]).replace("Ort", "Stadt");
    importer.file("inbox/2.csv", other);
    importer.file("inbox/3.csv", export([("K3", "Ulm")]));
    let run = once(&mut importer).expect(4);
    let said = "importing inbox/2.csv:\nerror: ";
    assert!(run.stderr.contains(said), "{}", run.said());
    let message = summary_of(&importer)["inputs"][1]["message"].clone();
    let message = message.as_str().unwrap();
    assert!(message.starts_with("importing inbox/2.csv:\n"), "{message}");
    assert_eq!(erp.numbers(), ["K1", "K3"]);
    // So does a run over several.
    importer.args(["run", "done/1.csv", "inbox/2.csv", "-m", "shop.toml"]);
    let run = importer.run().expect(4);
    assert!(run.stderr.contains(said), "{}", run.said());
    // One that is typed alone is known.
    importer.args(["run", "inbox/2.csv", "-m", "shop.toml"]);
    let run = importer.run().expect(4);
    assert!(!run.stderr.contains("importing"), "{}", run.said());
}

#[test]
fn an_export_that_does_not_come_may_be_a_failure() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "no_input = \"fail\"\nmin_age = \"1h\"");
    let text = format!("{JOB}no_input = \"fail\"\n").replace("\"0s\"", "\"1h\"");
    importer.file("jobs.toml", text);
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    let run = once(&mut importer).expect(4);
    assert!(
        run.stderr.contains("1 file too young; no input is there"),
        "{}",
        run.said()
    );
}

#[test]
fn a_dry_run_moves_nothing() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "run = { dry_run = true }");
    importer.file("inbox/a.csv", export([("K1", "Ulm"), ("B1", "")]));
    let run = once(&mut importer).expect(3);
    assert_eq!(names(&importer.folder().join("inbox")), ["a.csv"]);
    assert!(erp.requests().is_empty());
    // Nobody typed --dry-run.
    let advised = "Import what is valid with `dry_run = false` in the job.";
    assert!(run.stdout.contains(advised), "{}", run.said());
    importer.args(["run", "inbox/a.csv", "-m", "shop.toml"]);
    importer.env("IMPORTER_DRY_RUN", "true");
    let run = importer.run().expect(3);
    let advised = "by the same command without `dry_run` in importer.toml or IMPORTER_DRY_RUN";
    let told = run.stdout.replace('\n', " ");
    assert!(told.contains(advised), "{}", run.said());
}

/// A job's limits are changed in the job.
#[test]
fn what_is_advised_is_changed_where_it_stands() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "[job.run]\nmax_invalid = 0\n");
    importer.file("inbox/a.csv", export([("K1", "Ulm"), ("B1", "")]));
    let run = once(&mut importer).expect(4);
    let advised = "allow more invalid records with `max_invalid` in the job.";
    let told = run.stdout.replace('\n', " ");
    assert!(told.contains(advised), "{}", run.said());
    assert!(!run.stdout.contains("--max-invalid"), "{}", run.said());
    // A report that is written again says so, too.
    let id = run.reports().pop().unwrap();
    let id = id.file_name().unwrap().to_str().unwrap();
    let run = importer.args(["report", id]).run().expect(0);
    let told = run.said().replace('\n', " ");
    assert!(!told.contains("--max-invalid"), "{}", run.said());
}

#[test]
fn the_command_that_goes_on_is_the_jobs() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.env("IMPORTER_BASE_URL", "");
    let run = format!(
        "run = {{ base_url = \"{}\", max_failures = \"0\" }}",
        erp.url()
    );
    importer.file("jobs.toml", format!("{JOB}{run}\n"));
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    erp.set_faults(wawi_importer::sandbox::Faults::default().from_post(1, 401));
    let run = once(&mut importer).expect(5);
    let command = "schedule jobs.toml --once shop --metrics-file importer.prom";
    assert!(run.stdout.contains(command), "{}", run.said());
    assert_eq!(names(&importer.folder().join("inbox")), ["a.csv"]);
    erp.lift();
    once(&mut importer).expect(0);
}

#[test]
fn lists_and_checks() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    let run = importer
        .args(["schedule", "jobs.toml", "--list"])
        .run()
        .expect(0);
    assert!(run.stdout.contains("Europe/Berlin"), "{}", run.said());
    assert_eq!(run.stdout.matches("02:00").count(), 3, "{}", run.said());
    let run = importer
        .args(["schedule", "jobs.toml", "--list", "--json"])
        .run()
        .expect(0);
    let line: Value = serde_json::from_str(run.stdout.trim()).unwrap();
    assert_eq!(
        (&line["job"], &line["cron"]),
        (&"shop".into(), &"0 2 * * *".into())
    );
    assert_eq!(line["next"].as_array().unwrap().len(), 3);

    importer
        .args(["schedule", "jobs.toml", "--check"])
        .run()
        .expect(0);
    let checked = |importer: &mut Importer, code| {
        importer.args(["schedule", "jobs.toml", "--check", "--json"]);
        let run = importer.run().expect(code);
        let line: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (&line["type"], &line["job"]),
            (&"job".into(), &"shop".into())
        );
        assert_eq!(line["exit_code"], code);
        line["mapping"].clone()
    };
    assert_eq!(checked(&mut importer, 0), "shop.toml");
    importer.file("shop.toml", "[customer]\nNumer = \"Nr\"\n");
    assert_eq!(checked(&mut importer, 4), Value::Null);
    let run = importer
        .args(["schedule", "jobs.toml", "--check"])
        .run()
        .expect(4);
    assert!(run.stderr.contains("Numer"), "{}", run.said());
    importer.file("jobs.toml", JOB.replace("cron =", "crn ="));
    let run = importer
        .args(["schedule", "jobs.toml", "--check"])
        .run()
        .expect(4);
    assert!(run.stderr.contains("jobs.toml:3:1"), "{}", run.said());
    assert!(
        run.stderr.contains("did you mean `cron`?"),
        "{}",
        run.said()
    );
    importer.file("jobs.toml", JOB);
    let run = importer
        .args(["schedule", "jobs.toml", "--once", "shp"])
        .run()
        .expect(2);
    assert!(
        run.stderr.contains("did you mean `shop`?"),
        "{}",
        run.said()
    );
}

/// Reads a page of the program's own endpoint.
fn page(address: &str, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_daemon_tells_how_it_is_and_ends_when_asked_to() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.args(["schedule", "jobs.toml", "--listen", "0"]);
    std::fs::remove_file(importer.folder().join("shop.toml")).unwrap();
    let mut daemon = Daemon(importer.start());
    let mut lines = BufReader::new(daemon.0.stderr.take().unwrap()).lines();
    // What the job lacks is told before its time comes.
    let warned = lines.by_ref().next().unwrap().unwrap();
    let missing = "job `shop`: the mapping shop.toml is not there";
    assert!(warned.contains(missing), "{warned}");
    let address = lines
        .by_ref()
        .find_map(|line| Some(line.unwrap().split_once("http://")?.1.to_owned()))
        .unwrap();
    let starts = lines.by_ref().map(|line| line.unwrap());
    assert!(
        starts
            .into_iter()
            .any(|line| line.starts_with("job `shop` starts at"))
    );
    let metrics = page(&address, "/metrics");
    assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
    assert!(
        metrics.contains("content-type: text/plain; version=0.0.4"),
        "{metrics}"
    );
    assert!(metrics.contains("\nimporter_job_next_start_timestamp_seconds{job=\"shop\"} "));
    assert!(page(&address, "/health").contains("\"status\":\"ok\""));
    let pid = daemon.0.id().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(daemon.0.wait().unwrap().code(), Some(0));
}

/// A first start that hangs is found by those who look at the metrics' file.
#[test]
fn once_tells_of_itself_before_it_has_come_to_an_end() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    importer.args([
        "schedule",
        "jobs.toml",
        "--once",
        "shop",
        "--metrics-file",
        "importer.prom",
    ]);
    erp.freeze();
    let once = importer.start();
    wait_for(|| !erp.requests().is_empty());
    let text = metrics(&importer);
    assert_eq!(metric(&text, "importer_job_running{job=\"shop\"}"), 1.0);
    let seen = "importer_job_first_seen_timestamp_seconds{job=\"shop\"}";
    let seen_at = metric(&text, seen);
    assert!(!text.contains("importer_job_last_end"), "{text}");
    erp.thaw();
    importer.read(once.wait_with_output().unwrap()).expect(0);
    let text = metrics(&importer);
    assert_eq!(metric(&text, "importer_job_running{job=\"shop\"}"), 0.0);
    assert!((metric(&text, seen) - seen_at).abs() < 60.0, "{text}");
}

/// The journal is told in the end where inputs were moved to; who is killed before has noted it.
#[test]
fn who_is_killed_leaves_no_input_that_its_run_does_not_find() {
    let erp = StandIn::start(SandboxSettings::default());
    erp.set_faults(Faults {
        hang: 1.0,
        ..Faults::default()
    });
    let mut importer = importer(&erp, "");
    // Twice that passes before what was cut off is looked up.
    importer.env("IMPORTER_TIMEOUT", "2s");
    importer.file("inbox/a.csv", export([("B1", "")]));
    importer.file("inbox/b.csv", export([("K1", "Ulm")]));
    importer.args(["schedule", "jobs.toml", "--once", "shop"]);
    let mut once_more = Daemon(importer.start());
    wait_for(|| erp.requests().iter().any(|it| it.method == "POST"));
    once_more.0.kill().unwrap();
    once_more.0.wait().unwrap();
    assert_eq!(names(&importer.folder().join("failed")), ["a.csv"]);
    let moves = importer.folder().join(".importer/jobs/shop/moves");
    assert!(moves.exists());

    let reports = importer.folder().join("reports");
    let mut runs = names(&reports).into_iter();
    let run = runs.find(|run| reports.join(run).join("failed.csv").exists());
    let run = run.unwrap();
    std::fs::remove_file(reports.join(&run).join("failed.csv")).unwrap();
    importer.args(["report", &run]).run().expect(0);
    assert!(reports.join(&run).join("failed.csv").exists());

    // The next start puts it into the journal.
    std::fs::remove_file(reports.join(&run).join("failed.csv")).unwrap();
    erp.set_faults(Faults::default());
    once(&mut importer).expect(3);
    assert!(!moves.exists());
    importer.args(["report", &run]).run().expect(0);
    assert!(reports.join(&run).join("failed.csv").exists());
    assert_eq!(erp.numbers(), ["K1"]);
}
