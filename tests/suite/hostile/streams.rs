//! stdout that is closed or full; stdin, which has a name like any other input.

use wawi_importer::sandbox::SandboxSettings;

use super::{assert_orderly, importer};
use crate::customers::Customers;
use crate::stand_in::StandIn;
use crate::support::Run;

/// Whether this system has a device that is always full.
fn full_device() -> &'static str {
    if cfg!(target_os = "linux") {
        "/dev/full"
    } else {
        "/dev/null"
    }
}

#[track_caller]
fn expect(run: Run, code: i32) -> Run {
    assert_orderly_code_1_needs_no_help(&run);
    run.expect(code)
}

/// A full stdout is said in one line; what to do about it is plain.
#[track_caller]
fn assert_orderly_code_1_needs_no_help(run: &Run) {
    assert!(!run.said().contains("panicked"), "{}", run.said());
}

#[test]
fn data_that_found_no_room_on_stdout_are_a_failure_and_a_summary_is_none() {
    let customers = Customers::valid(331, 30);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    let full = full_device();
    let lost = if full == "/dev/full" { 1 } else { 0 };
    importer.shell(format!("exec \"$@\" > {full}"));
    let run = expect(importer.run(), 0);
    assert_eq!(
        run.stderr.contains("warning: stdout"),
        lost == 1,
        "{}",
        run.said()
    );
    assert_eq!(sandbox.created(), 30);
    for words in [
        &["run", "shop.csv", "-m", "shop.toml", "--dry-run", "--json"][..],
        &[
            "run",
            "shop.csv",
            "-m",
            "shop.toml",
            "--dry-run",
            "--payloads",
            "-",
        ],
        &["runs", "--json"],
        &["runs"],
        &["--version"],
    ] {
        importer.args(words);
        let run = expect(importer.run(), lost);
        let silent = words == ["--version"] || lost == 0;
        assert!(silent || run.stderr.contains("error: "), "{}", run.said());
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let customers = Customers::valid(332, 500);
    let mut importer = importer(&customers, "");
    for further in [&["--payloads", "-"][..], &["--json"], &[]] {
        importer.args(["run", "shop.csv", "-m", "shop.toml", "--dry-run"]);
        for word in further {
            importer.arg(word);
        }
        // The pipe's reader closes it at once, then the program's code is told on stderr.
        importer.shell("{ \"$@\"; echo \"code $?\" >&2; } | true");
        let run = expect(importer.run(), 0);
        assert!(run.stderr.ends_with("code 0\n"), "{}", run.said());
        assert!(!run.stderr.contains("error"), "{}", run.said());
        importer.shell("\"$@\" >&-");
        expect(importer.run(), 0);
    }
    // The report is complete all the same.
    let run = importer.run();
    assert_eq!(run.count("ready"), 500);
}

#[test]
fn messages_about_stdin_name_it_as_the_user_did() {
    let customers = Customers::valid(333, 3);
    let sandbox = StandIn::start(SandboxSettings::default());
    for further in [&["--dry-run"][..], &[]] {
        let mut importer = importer(&customers, "");
        for (bytes, said) in [
            (&b""[..], "stdin is empty"),
            (b"Nr;Nachname\n", "Ort"),
            (b"\0\0\0\0", "`-`"),
            (b"a;\"b\nc", "`-`:1"),
            (b"[ {\"Nr\":1}]", "`-` is one JSON array"),
        ] {
            importer.args(["run", "-", "-m", "shop.toml", "--base-url", &sandbox.url()]);
            for word in further {
                importer.arg(word);
            }
            let run = importer.stdin(bytes).run();
            assert_orderly(&run);
            assert_eq!(run.code, 4, "{}", run.said());
            assert!(run.stderr.contains(said), "{said}: {}", run.said());
            assert!(!run.said().contains("stdin-"), "{}", run.said());
        }
    }
}

#[test]
fn a_record_beyond_the_input_is_said() {
    let customers = Customers::valid(334, 5);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    importer.arg("--record").arg("2,4-9");
    let run = importer.run().expect(0);
    let said = "names record 9, but shop.csv has 5 records";
    assert!(run.stderr.contains(said), "{}", run.said());
    assert_eq!(run.count("created"), 3);
    importer.arg("--dry-run");
    let run = importer.run().expect(0);
    assert!(run.stderr.contains(said), "{}", run.said());
    importer.args(super::words(&sandbox.url()));
    let run = importer.arg("--record").arg("5").run().expect(0);
    assert!(!run.stderr.contains("names record"), "{}", run.said());
}

/// Who asks for one record wants that one: nothing is sent in its place, and no run begins.
#[test]
fn a_record_that_is_not_there_is_an_error() {
    let customers = Customers::valid(334, 5);
    let sandbox = StandIn::start(SandboxSettings::default());
    for asked in ["6", "1,6", "1-2,6-9"] {
        for further in [&[] as &[&str], &["--dry-run"]] {
            let mut importer = importer(&customers, &sandbox.url());
            let run = importer.arg("--record").arg(asked);
            let run = further.iter().fold(run, |run, word| run.arg(word)).run();
            let run = run.expect(2);
            let said = "there is no record 6: shop.csv has 5 records";
            assert!(run.stderr.contains(said), "{}", run.said());
            assert!(run.stderr.contains("counted from 1"), "{}", run.said());
            importer.args(["runs", "--json"]);
            let runs = importer.run().expect(0).stdout;
            assert!(!runs.contains("shop.csv"), "{runs}");
        }
    }
    assert!(sandbox.numbers().is_empty());
    // Also where the run is known.
    let mut importer = importer(&customers, &sandbox.url());
    importer.arg("--record").arg("1").run().expect(0);
    importer.args(super::words(&sandbox.url()));
    importer.arg("--record").arg("9").run().expect(2);
    assert_eq!(sandbox.numbers().len(), 1);
}
