//! What a start has dealt with and told nobody of is told by the next one.

use std::path::Path;

use serde_json::Value;
use wawi_importer::sandbox::{Faults, SandboxSettings};

use super::program::{JOB, importer, metrics, once, summary_of};
use super::{Daemon, export, metric, names};
use crate::stand_in::{StandIn, wait_for};
use crate::support::Importer;

/// Keeps what hooks are told, one file each.
const HOOKS: &str = r#"
on_success = ["/bin/sh", "-c", "cat > success.json"]
on_failure = ["/bin/sh", "-c", "cat > failure.json"]
on_change = ["/bin/sh", "-c", "cat > change.json"]
"#;

const LAST_FAILURES: &str = "importer_job_last_new_failures{job=\"shop\"}";
const FAILED_FILES: &str = "importer_job_last_files{job=\"shop\",fate=\"failed\"}";

/// An ERP that lets the second file's customer wait.
fn hanging() -> StandIn {
    let erp = StandIn::start(SandboxSettings::default());
    erp.set_faults(Faults {
        hang: 1.0,
        ..Faults::default()
    });
    erp
}

/// A start that has dealt with the inputs before the one that the ERP lets wait.
fn begun(importer: &mut Importer, erp: &StandIn) -> Daemon {
    let sent = erp.requests().len();
    // Twice that passes before what was cut off is looked up.
    importer.env("IMPORTER_TIMEOUT", "2s");
    importer.args(["schedule", "jobs.toml", "--once", "shop"]);
    let start = Daemon(importer.start());
    wait_for(|| {
        let mut requests = erp.requests().into_iter().skip(sent);
        requests.any(|it| it.method == "POST")
    });
    start
}

/// What a hook was told, which is taken away.
fn told(importer: &Importer, hook: &str) -> Option<Value> {
    let path = importer.folder().join(format!("{hook}.json"));
    let text = std::fs::read(&path).ok()?;
    std::fs::remove_file(path).unwrap();
    Some(serde_json::from_slice(&text).unwrap())
}

fn files(summary: &Value) -> Vec<(&str, bool)> {
    let inputs = summary["inputs"].as_array().unwrap().iter();
    let files = inputs.map(|input| {
        let name = Path::new(input["input"].as_str().unwrap()).file_name();
        let earlier = input.get("by_earlier_start").is_some();
        (name.unwrap().to_str().unwrap(), earlier)
    });
    files.collect()
}

/// Whatever ends it: nobody is there who could tell.
#[cfg(unix)]
#[test]
fn what_failed_before_a_start_was_ended_alarms_at_the_next_one() {
    for (signal, extra) in [("KILL", "fail_on = \"new\"\n"), ("TERM", "")] {
        let erp = hanging();
        let mut importer = importer(&erp, &format!("{extra}{HOOKS}"));
        importer.file("inbox/a.csv", export([("B1", "")]));
        importer.file("inbox/b.csv", "");
        importer.file("inbox/c.csv", export([("K1", "Ulm")]));
        let mut start = begun(&mut importer, &erp);
        let id = start.0.id().to_string();
        let mut kill = std::process::Command::new("kill");
        let sent = kill.args(["-s", signal, &id]).status().unwrap();
        assert!(sent.success());
        start.0.wait().unwrap();
        assert!(told(&importer, "failure").is_none());

        erp.set_faults(Faults::default());
        let run = once(&mut importer).expect(4);
        let summary = told(&importer, "failure").unwrap();
        assert_eq!(told(&importer, "change"), Some(summary.clone()));
        let expected = [("a.csv", true), ("b.csv", true), ("c.csv", false)];
        assert_eq!(files(&summary), expected, "{}", run.said());
        assert_eq!(summary["new_failures"], 1);
        assert_eq!(summary["counts"]["invalid"], 1);
        let failed = &summary["inputs"][0];
        assert_eq!(failed["errors"][0]["code"], "required.missing");
        assert_eq!(failed["fate"], "failed");
        let again = failed["again_with"].as_str().unwrap();
        assert!(again.contains("failed/a.csv"), "{again}");
        assert!(summary["inputs"][1]["message"].is_string());
        let text = metrics(&importer);
        assert_eq!(metric(&text, LAST_FAILURES), 1.0);
        assert_eq!(metric(&text, FAILED_FILES), 2.0);
        let said = run.stderr.replace('\n', " ");
        let how = "2 files read by an earlier start that told nobody";
        assert!(said.contains(how), "{}", run.said());

        // That was told, and no more.
        once(&mut importer).expect(0);
        assert_eq!(summary_of(&importer)["result"], "idle");
        assert!(told(&importer, "failure").is_none());
        importer.file("inbox/d.csv", export([("B1", ""), ("K2", "Ulm")]));
        let code = if extra.is_empty() { 3 } else { 0 };
        once(&mut importer).expect(code);
        assert_eq!(metric(&metrics(&importer), LAST_FAILURES), 0.0);
        assert_eq!(erp.numbers(), ["K1", "K2"]);
    }
}

/// Also where files stay, and where nothing is left to do.
#[cfg(unix)]
#[test]
fn what_a_start_did_not_tell_it_does_not_know_either() {
    let erp = hanging();
    let mut importer = importer(&erp, "");
    let stays = JOB.split("archive_done").next().unwrap();
    importer.file("jobs.toml", format!("{stays}fail_on = \"new\"\n{HOOKS}"));
    importer.file("inbox/a.csv", export([("B1", "")]));
    let last = importer.file("inbox/b.csv", export([("K1", "Ulm")]));
    let mut start = begun(&mut importer, &erp);
    let id = start.0.id().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(start.0.wait().unwrap().code(), Some(143));
    assert!(told(&importer, "failure").is_none());
    std::fs::remove_file(last).unwrap();

    erp.set_faults(Faults::default());
    once(&mut importer).expect(3);
    let summary = told(&importer, "failure").unwrap();
    assert_eq!(files(&summary), [("a.csv", false)]);
    assert_eq!(summary["new_failures"], 1);
    // The job's counts have what is marked, or was done now.
    let counts = [&summary, &summary["inputs"][0]].map(|it| &it["counts"]["invalid"]);
    assert_eq!(counts, [0, 1]);
    importer.file("inbox/c.csv", export([("B1", "")]));
    once(&mut importer).expect(0);
}

/// A success is told, too; and a job that minds if no input comes has had some.
#[test]
fn what_was_imported_before_a_start_was_killed_is_a_success_of_the_next_one() {
    let erp = hanging();
    let mut importer = importer(&erp, &format!("no_input = \"fail\"\n{HOOKS}"));
    importer.file("inbox/a.csv", export([]));
    importer.file(
        "jobs.toml",
        format!("{JOB}no_input = \"fail\"\n{HOOKS}[job.run]\nallow_empty = true\n"),
    );
    let last = importer.file("inbox/b.csv", export([("K1", "Ulm")]));
    let mut start = begun(&mut importer, &erp);
    start.0.kill().unwrap();
    start.0.wait().unwrap();
    assert_eq!(names(&importer.folder().join("done")), ["a.csv"]);
    std::fs::remove_file(last).unwrap();

    erp.set_faults(Faults::default());
    once(&mut importer).expect(0);
    let summary = told(&importer, "success").unwrap();
    assert_eq!(files(&summary), [("a.csv", true)]);
    once(&mut importer).expect(4);
}

/// Each file is counted once in the job's line, whatever is to be said of it.
#[test]
fn a_finished_file_that_an_earlier_start_found_again_is_no_other_file() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    once(&mut importer).expect(0);
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    importer.file("inbox/b.csv", export([("K2", "Ulm")]));
    erp.set_faults(Faults {
        hang: 1.0,
        ..Faults::default()
    });
    let mut start = begun(&mut importer, &erp);
    start.0.kill().unwrap();
    start.0.wait().unwrap();
    erp.set_faults(Faults::default());
    let run = once(&mut importer).expect(0);
    let said = run.stderr.replace('\n', " ");
    let told = "code 0, 1 file read, 1 file read by an earlier start that told nobody ";
    assert!(said.contains(told), "{}", run.said());
}
