//! `--quiet`: cron mails whatever is printed, so nothing is, unless somebody has to look.

use std::path::PathBuf;

use serde_json::Value;
use wawi_importer::journal::lock;
use wawi_importer::sandbox::SandboxSettings;

use super::program::importer;
use super::{export, names};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run};

fn quiet(importer: &mut Importer) -> Run {
    importer
        .args(["schedule", "jobs.toml", "--once", "shop", "-q"])
        .run()
}

#[track_caller]
fn says_nothing(run: &Run) {
    assert_eq!((&*run.stdout, &*run.stderr), ("", ""), "{}", run.said());
}

#[test]
fn what_failed_before_is_not_told_again_and_what_is_new_is() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "fail_on = \"new\"\nrun = { allow_empty = true }");
    let mut night = |customers: &[(&str, &str)], code| {
        importer.file("inbox/a.csv", export(customers.iter().copied()));
        quiet(&mut importer).expect(code)
    };
    let run = night(&[("K1", "Ulm"), ("B1", "")], 3);
    // What the run came to, what to do about it, and what became of the job and of the file.
    assert!(run.stdout.contains("1 of 2 records"), "{}", run.said());
    assert!(run.stdout.contains("failed.csv"), "{}", run.said());
    for said in ["job `shop`: failure, code 3", "lies in failed/a.csv now"] {
        let told = run.stderr.replace('\n', " ");
        assert!(told.contains(said), "{}", run.said());
    }
    says_nothing(&night(&[("K1", "Ulm"), ("B1", ""), ("K2", "Ulm")], 0));
    says_nothing(&night(&[("K3", "Ulm")], 0));
    // Nothing is there, and one without a record.
    says_nothing(&quiet(&mut importer).expect(0));
    importer.file("inbox/empty.csv", "");
    says_nothing(&quiet(&mut importer).expect(0));
    assert_eq!(
        names(&importer.folder().join("done")),
        ["a-2.csv", "a.csv", "empty.csv"]
    );
}

/// Of several inputs the one is told that made the job fail.
#[test]
fn among_several_inputs_only_trouble_is_told() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "fail_on = \"new\"");
    importer.file("inbox/1-known.csv", export([("B1", ""), ("K1", "Ulm")]));
    quiet(&mut importer).expect(3);
    importer.file("inbox/1-known.csv", export([("B1", ""), ("K2", "Ulm")]));
    importer.file("inbox/2-new.csv", export([("B2", ""), ("K3", "Ulm")]));
    importer.file("inbox/3-fine.csv", export([("K4", "Ulm")]));
    let run = quiet(&mut importer).expect(3);
    assert_eq!(run.stdout.matches("records").count(), 2, "{}", run.said());
    assert!(
        run.stderr
            .contains("code 3, 1 failed as before, 1 new, 3 files read"),
        "{}",
        run.said()
    );
    assert!(!run.said().contains("known"), "{}", run.said());
}

/// What is remembered of the job, changed.
fn remember(importer: &Importer, change: impl FnOnce(&mut Value)) {
    let path: PathBuf = importer.folder().join(".importer/jobs/shop/state.json");
    let text = std::fs::read(&path).unwrap_or_else(|_| b"{}".to_vec());
    let mut state = serde_json::from_slice(&text).unwrap();
    change(&mut state);
    importer.file(".importer/jobs/shop/state.json", state.to_string());
}

#[test]
fn that_it_is_at_work_is_told_only_if_it_is_for_long() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    let run = quiet(&mut importer).expect(0);
    let target = run.summary()["target"].as_str().unwrap().to_owned();
    importer.file("inbox/b.csv", export([("K2", "Ulm")]));
    let state = importer.folder().join(".importer");
    let hour = |hours| {
        let ago = jiff::SignedDuration::from_hours(hours);
        let at = jiff::Timestamp::now().checked_sub(ago).unwrap();
        Value::from(at.to_string())
    };

    // Another start of the job.
    let held = lock(&state, "job\0shop", "process 42, since noon").unwrap();
    for (hours, is_told) in [(22, false), (24, true)] {
        remember(&importer, |state| {
            state["is_open"] = true.into();
            state["last_start"] = hour(hours);
        });
        let run = quiet(&mut importer).expect(6);
        if is_told {
            let said = "running already: process 42, since noon; it has not come to its turn since";
            assert!(run.stderr.contains(said), "{}", run.said());
        } else {
            says_nothing(&run);
        }
    }
    drop(held);

    // Another run into the same ERP.
    let held = lock(&state, &target, "process 43, since noon").unwrap();
    says_nothing(&quiet(&mut importer).expect(6));
    remember(&importer, |state| state["refused_since"] = hour(24));
    let run = quiet(&mut importer).expect(6);
    assert!(
        run.stderr.contains("process 43, since noon"),
        "{}",
        run.said()
    );
    assert!(
        run.stderr.contains("job `shop`: refused, code 6"),
        "{}",
        run.said()
    );
    drop(held);
    says_nothing(&quiet(&mut importer).expect(0));
    // That is over.
    let held = lock(&state, &target, "process 44, since noon").unwrap();
    importer.file("inbox/c.csv", export([("K3", "Ulm")]));
    says_nothing(&quiet(&mut importer).expect(6));
    drop(held);
}

/// An alarm that reads the metrics' file would be blind: that is told, and changes nothing else.
#[test]
fn metrics_that_cannot_be_written_are_a_failure_unless_there_is_a_worse_one() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    let mut once = |customers: &[(&str, &str)], code| {
        importer.file("inbox/a.csv", export(customers.iter().copied()));
        let words = ["schedule", "jobs.toml", "--once", "shop", "-q"];
        importer
            .args(words)
            .arg("--metrics-file")
            .arg("no/folder/shop.prom");
        importer.run().expect(code)
    };
    let run = once(&[("K1", "Ulm")], 1);
    // Without the temporary name that it could not be written under.
    let said = "warning: no/folder/shop.prom cannot be written: there is no such file or folder\n";
    assert_eq!(run.stderr.matches(said).count(), 1, "{}", run.said());
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.said());
    let run = once(&[("K2", "Ulm"), ("B1", "")], 3);
    assert!(run.stderr.contains(said), "{}", run.said());
    // The job itself was a success, and its file is done.
    assert_eq!(erp.numbers(), ["K1", "K2"]);
    assert_eq!(names(&importer.folder().join("done")), ["a.csv"]);
    let state = std::fs::read(importer.folder().join(".importer/jobs/shop/state.json")).unwrap();
    let state: Value = serde_json::from_slice(&state).unwrap();
    assert_eq!(state["starts"]["success"], 1);
}
