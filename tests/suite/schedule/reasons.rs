//! What a job's summary tells of a start that did not come to its end: what, where, and what to do.

use std::net::TcpListener;

use serde_json::Value;
use wawi_importer::sandbox::{Faults, SandboxSettings};

use super::export;
use super::program::{importer, once, summary_of};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Fails unless the summary and the terminal tell both.
#[track_caller]
fn assert_told(importer: &Importer, run: &Run, what: &str, help: &str) {
    let summary = summary_of(importer);
    assert!(text(&summary["message"]).contains(what), "{summary}");
    assert!(text(&summary["help"]).contains(help), "{summary}");
    let said = run.stderr.replace('\n', " ");
    assert!(said.contains(what) && said.contains(help), "{}", run.said());
}

#[test]
fn an_input_that_cannot_be_moved() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    importer.file("inbox/b.csv", export([("K2", "Ulm")]));
    importer.file("done", "a file where the folder belongs");
    let run = once(&mut importer).expect(1);
    let what = "a.csv cannot be moved to ";
    assert_told(&importer, &run, what, "sends nothing twice");
    // What became of the inputs themselves is nothing bad.
    let input = &summary_of(&importer)["inputs"][0];
    assert!(
        input.get("message").is_none() && input.get("help").is_none(),
        "{input}"
    );
    assert_eq!(erp.numbers(), ["K1", "K2"]);
}

#[test]
fn a_server_that_is_away() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "[job.run]\nmax_outage = \"100ms\"\n");
    // Nobody has this port any more.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    importer.env("IMPORTER_BASE_URL", format!("http://{port}"));
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    importer.file("inbox/b.csv", export([("K2", "Ulm")]));
    let run = once(&mut importer).expect(75);
    let what = "inbox/a.csv: The server could not be reached";
    assert_told(
        &importer,
        &run,
        what,
        "the next start goes on where this one ended",
    );
    let input = &summary_of(&importer)["inputs"][0];
    assert!(
        text(&input["message"]).contains("could not be reached"),
        "{input}"
    );
    assert!(text(&input["help"]).contains("importer doctor"), "{input}");
}

#[test]
fn a_start_whose_time_is_up() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "max_duration = \"1ms\"");
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    importer.file("inbox/b.csv", export([("K2", "Ulm")]));
    let run = once(&mut importer).expect(75);
    // Either the first input had begun, or none had.
    let summary = summary_of(&importer);
    let message = text(&summary["message"]);
    let is_told = message.contains("The time is up") || message.contains("`max_duration` (");
    assert!(is_told, "{summary}");
    assert_told(&importer, &run, message, "a longer `max_duration`");
}

#[test]
fn a_server_that_refuses_the_credentials() {
    let erp = StandIn::start(SandboxSettings::default());
    erp.set_faults(Faults::default().from_post(1, 401));
    let mut importer = importer(&erp, "");
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    let run = once(&mut importer).expect(5);
    let summary = summary_of(&importer);
    let input = &summary["inputs"][0];
    let message = format!("inbox/a.csv: {}", text(&input["message"]));
    assert_eq!(text(&summary["message"]), message);
    assert_eq!(summary["help"], input["help"]);
    assert!(!text(&summary["help"]).is_empty(), "{}", run.said());
}

#[test]
fn an_input_of_which_too_much_is_invalid() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "[job.run]\nmax_invalid = \"1\"\n");
    importer.file(
        "inbox/a.csv",
        export([("K1", ""), ("K2", ""), ("K3", "Ulm")]),
    );
    once(&mut importer).expect(4);
    let summary = summary_of(&importer);
    let input = &summary["inputs"][0];
    assert!(
        text(&input["message"]).contains("nothing was sent"),
        "{input}"
    );
    assert!(
        text(&input["help"]).contains("`max_invalid` in the job"),
        "{input}"
    );
}

/// What went wrong with a hook, where it stands, and what to do.
#[test]
fn a_hook_that_fails() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "on_success = { url_file = \"hook.txt\" }");
    importer.file("hook.txt", "\n");
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    let run = once(&mut importer).expect(0);
    let told = "warning: job `shop`: on_success failed: the file hook.txt is empty\n help: it has \
                to be a whole address";
    assert!(run.stderr.contains(told), "{}", run.said());
    assert!(
        run.stderr.contains("\n  --> jobs.toml:10:1\n"),
        "{}",
        run.said()
    );
    importer.file("inbox/a.csv", export([("K2", "Ulm")]));
    importer.file("hook.txt", "hooks.example/s3cret");
    let run = importer.env("LC_ALL", "de_DE.UTF-8");
    let run = once(run).expect(0);
    let told = "on_success scheiterte: das ist keine Adresse: der Anfang mit https:// fehlt (in der \
                Datei hook.txt)\n Hilfe: dort muss eine ganze Adresse stehen";
    assert!(run.stderr.contains(told), "{}", run.said());
    assert!(!run.said().contains("s3cret"), "{}", run.said());
}

#[test]
fn an_input_that_did_not_come() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "no_input = \"fail\"");
    let run = once(&mut importer).expect(4);
    assert_told(
        &importer,
        &run,
        "no input is there: nothing matches",
        "was the export made",
    );
}
