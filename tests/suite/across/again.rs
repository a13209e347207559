//! What a command does that is given again: with another export, another mapping, for what has
//! failed, or from the start.

use std::time::Duration;

use wawi_importer::sandbox::{Faults, SandboxSettings};

use super::{MAPPING, OUTCOMES, SHORT, are, counts, export, importer, once_each, run, sandbox};
use crate::stand_in::{StandIn, wait_for};

#[test]
fn a_new_export_creates_the_new_ones_only_and_reports_the_changed() {
    let erp = sandbox("");
    let mut it = importer(&export(20, &[]), &erp);
    run(&mut it, "in.csv", &[]).expect(0);
    let moved = export(23, &[]).replace("C7;Muster7;01067;Dresden", "C7;Muster7;50667;Köln");
    it.file("in.csv", moved);
    let second = run(&mut it, "in.csv", &["--fail-on", "changed"]).expect(3);
    let expected = are(&[("created", 3), ("skipped", 19), ("changed", 1)]);
    assert_eq!(counts(&second, &OUTCOMES), expected);
    assert_eq!(once_each(&erp).len(), 23);
    let changed = second.rows("changed.csv");
    assert_eq!(changed.len(), 1);
    assert_eq!(
        (&*changed[0]["record"], &*changed[0]["customer_number"]),
        ("7", "C7")
    );
    // The same command ends with the same code; without the option it would have been fine.
    run(&mut it, "in.csv", &["--fail-on", "changed"]).expect(3);
    it.file(
        "in.csv",
        export(23, &[]).replace("Muster9;01067", "Muster9;01069"),
    );
    let third = run(&mut it, "in.csv", &[]).expect(0);
    // C7 is again as it was sent: it is the ERP's state that counts, not the last export.
    let expected = are(&[("skipped", 22), ("changed", 1)]);
    assert_eq!(counts(&third, &OUTCOMES), expected);
    assert_eq!(third.rows("changed.csv")[0]["key"], "C9");
    assert_eq!(erp.counters().posts, 23);
}

#[test]
fn a_corrected_mapping_changes_whom_it_finds_and_creates_whom_it_makes_valid() {
    let erp = sandbox("");
    let mut it = importer(&export(10, &[4]), &erp);
    let first = run(&mut it, "in.csv", &[]).expect(3);
    assert_eq!(
        counts(&first, &OUTCOMES),
        are(&[("created", 9), ("invalid", 1)])
    );
    // Another country for everybody, and no e-mail address any more.
    let other = MAPPING.replace(
        "CountryIso = { value = \"DE\" }",
        "CountryIso = { value = \"AT\" }",
    );
    let other = other
        .lines()
        .filter(|line| !line.contains("E-Mail") && !line.contains("PLZ"));
    it.file("map.toml", other.collect::<Vec<_>>().join("\n"));
    let second = run(&mut it, "in.csv", &["--retry-failed"]).expect(0);
    assert_eq!(
        counts(&second, &OUTCOMES),
        are(&[("created", 1), ("changed", 9)])
    );
    assert!(
        second.stderr.contains("with another mapping"),
        "{}",
        second.said()
    );
    assert_eq!(second.reports().len(), 2);
    assert_eq!(once_each(&erp).len(), 10);
}

#[test]
fn what_the_old_mapping_left_open_is_settled_with_what_was_sent() {
    // The third create is committed and answered with an error; look-ups fail for a while.
    let erp = sandbox("status=500@3-100,get_status=500@3-1000");
    let mut it = importer(&export(3, &[]), &erp);
    let words = [&SHORT[..], &["--concurrency", "1", "--max-outage", "1s"]].concat();
    let lost = run(&mut it, "in.csv", &words);
    assert!([7, 75].contains(&lost.code), "{}", lost.said());
    assert_eq!(once_each(&erp).len(), 2);
    erp.set_faults(Faults::default());
    // It arrived late after all: as it was sent, in the words of the old mapping.
    let mut late = erp.ledger().pop().unwrap().body;
    late["Number"] = "C3".into();
    late["BillingAddress"]["LastName"] = "Muster3".into();
    late["BillingAddress"]["EmailAddress"] = "m3@example.org".into();
    post(&erp, &late);
    it.file(
        "map.toml",
        MAPPING.replace("\"Ort\"", "{ value = \"Ulm\" }"),
    );
    let second = run(&mut it, "in.csv", &SHORT).expect(0);
    assert_eq!(counts(&second, &OUTCOMES), are(&[("changed", 3)]));
    assert_eq!(once_each(&erp).len(), 3);
    let runs = it.args(["runs", "--json"]).run().expect(0);
    let first = runs.stdout.lines().last().unwrap();
    assert!(first.contains("\"created\":3"), "{first}");
}

/// Creates a customer past the program.
fn post(erp: &StandIn, body: &serde_json::Value) {
    use std::io::{Read, Write};
    let text = body.to_string();
    let mut server = std::net::TcpStream::connect(("127.0.0.1", erp.port())).unwrap();
    write!(
        server,
        "POST /v1/customers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         api-version: 1.0\r\nx-appid: t/1\r\nx-appversion: 1\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )
    .unwrap();
    let mut answer = String::new();
    server.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

#[test]
fn what_failed_gets_another_chance_as_often_as_it_is_asked_for() {
    // C2 is invalid for good, C4 to C6 are refused.
    let erp = sandbox("status=422@3-1000");
    let mut it = importer(&export(6, &[2]), &erp);
    let words = ["--concurrency", "1", "--max-failures", "100%"];
    let first = run(&mut it, "in.csv", &words).expect(3);
    let refused = are(&[("created", 2), ("invalid", 1), ("refused", 3)]);
    assert_eq!(counts(&first, &OUTCOMES), refused);
    let again = [&words[..], &["--retry-failed"]].concat();
    let second = run(&mut it, "in.csv", &again).expect(3);
    assert_eq!(counts(&second, &OUTCOMES), refused);
    assert!(
        second.stderr.contains("tried again (4)"),
        "{}",
        second.said()
    );
    assert_eq!(erp.counters().posts, 5 + 3);
    erp.set_faults(Faults::default());
    let third = run(&mut it, "in.csv", &again).expect(3);
    assert_eq!(
        counts(&third, &OUTCOMES),
        are(&[("created", 5), ("invalid", 1)])
    );
    assert_eq!(erp.counters().posts, 8 + 3);
    assert_eq!(third.reports().len(), 1, "it is one run all the time");
    // Nothing but the invalid one is left to be tried.
    let fourth = run(&mut it, "in.csv", &again).expect(3);
    assert!(
        fourth.stderr.contains("tried again (1)"),
        "{}",
        fourth.said()
    );
    assert_eq!(erp.counters().posts, 11);
    assert_eq!(once_each(&erp).len(), 5);
}

#[test]
fn a_run_without_failures_says_so_when_they_are_to_be_tried_again() {
    let erp = sandbox("");
    let mut it = importer(&export(3, &[]), &erp);
    run(&mut it, "in.csv", &[]).expect(0);
    let again = run(&mut it, "in.csv", &["--retry-failed"]).expect(0);
    assert!(
        again.stderr.contains("nothing of this run has failed"),
        "{}",
        again.said()
    );
    assert_eq!(erp.counters().posts, 3);
}

#[test]
fn an_unfinished_run_says_that_it_goes_on_and_tries_its_failures_again() {
    let erp = sandbox("status=422@1-2");
    let mut it = importer(&export(9, &[]), &erp);
    let words = [
        "--concurrency",
        "1",
        "--limit",
        "3",
        "--max-failures",
        "100%",
    ];
    let first = run(&mut it, "in.csv", &words).expect(3);
    assert_eq!(
        counts(&first, &OUTCOMES),
        are(&[("created", 3), ("refused", 2), ("open", 4)])
    );
    let second = run(&mut it, "in.csv", &["--retry-failed"]).expect(0);
    assert!(
        second.stderr.contains("the run is unfinished: it goes on"),
        "{}",
        second.said()
    );
    assert_eq!(counts(&second, &OUTCOMES), are(&[("created", 9)]));
    assert_eq!(once_each(&erp).len(), 9);
    assert_eq!(second.reports().len(), 1);
}

#[test]
fn what_was_minded_is_still_so_when_nothing_is_unknown_any_more() {
    let erp = sandbox("");
    let mut it = importer(&export(3, &[]), &erp);
    run(&mut it, "in.csv", &[]).expect(0);
    it.file("in.csv", export(4, &[]).replace("Muster2", "Anders"));
    // The answer is lost; before the look-up that is forbidden, three questions are asked.
    let requests = erp.requests();
    let asked = requests.iter().filter(|seen| seen.method == "GET").count();
    let next = asked + 4;
    let faults = format!("500_before=1,get_status=403@{next}-{next}");
    erp.set_faults(Faults::parse(&faults).unwrap());
    let words = [&SHORT[..], &["--fail-on", "changed"]].concat();
    let second = run(&mut it, "in.csv", &words).expect(7);
    assert_eq!((second.count("changed"), second.count("unknown")), (1, 1));
    let id = second.summary()["run"].as_str().unwrap().to_owned();
    let said = it.args(["resolve", &id, "4", "--created", "C4", "--json"]);
    let said = said.run().expect(0);
    assert!(said.stdout.contains("\"exit_code\":3"), "{}", said.said());
    it.args(["report", &id]).run().expect(0);
    let report = it.folder().join(format!("reports/{id}/summary.json"));
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("\"exit_code\": 3"), "{report}");
    run(&mut it, "in.csv", &words).expect(3);
}

#[cfg(unix)]
#[test]
fn a_run_with_a_report_is_not_taken_back_by_whoever_interrupts_it() {
    let erp = sandbox("");
    let all: Vec<usize> = (1..=20_000).collect();
    let mut it = importer(&export(all.len(), &all), &erp);
    let first = run(&mut it, "in.csv", &["--max-invalid", "100%"]).expect(3);
    let id = first.summary()["run"].as_str().unwrap().to_owned();
    let journal = it.folder().join(".importer/journal.db");
    let journal = rusqlite::Connection::open(journal).unwrap();
    let settled = || -> usize {
        let sql = "SELECT count(*) FROM records";
        journal.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let mut before = 0;
    for (signal, more) in [("-KILL", &["--retry-failed"][..]), ("-TERM", &[])] {
        it.args(["run", "in.csv", "-m", "map.toml", "--max-invalid", "100%"]);
        for word in more {
            it.arg(word);
        }
        let mut child = it.start();
        let reads = |settled| settled > before && settled < all.len();
        wait_for(|| reads(settled()) || child.try_wait().unwrap().is_some());
        let pid = child.id().to_string();
        let killing = std::process::Command::new("kill")
            .args([signal, &pid])
            .status();
        assert!(killing.unwrap().success());
        let ended = it.read(child.wait_with_output().unwrap());
        before = settled();
        assert!(before < all.len(), "not in pass 1: {}", ended.said());
    }
    // It is still there, and whoever forgets it forgets its report, too.
    let listed = it.args(["runs", "--json"]).run().expect(0);
    assert!(listed.stdout.contains(&id), "{}", listed.said());
    assert_eq!(first.reports().len(), 1);
    it.args(["forget", &id, "--yes", "--force"]).run().expect(0);
    assert_eq!(first.reports().len(), 0);
}

#[test]
fn starting_over_can_be_gone_on_from_without_the_option() {
    let old = sandbox("");
    let mut it = importer(&export(12, &[]), &old);
    run(&mut it, "in.csv", &[]).expect(0);
    // Restored from a backup that had none of them.
    let restored = StandIn::start(SandboxSettings {
        latency: Duration::from_millis(20),
        ..SandboxSettings::default()
    });
    it.file(
        "importer.toml",
        super::settings(&[("erp", &restored.url())]),
    );
    it.args([
        "run",
        "in.csv",
        "-m",
        "map.toml",
        "--again",
        "--timeout",
        "1s",
        "--settle",
        "1s",
        "--concurrency",
        "1",
    ]);
    let mut child = it.start();
    wait_for(|| restored.created() >= 4 || child.try_wait().unwrap().is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(restored.created() < 12, "it was not interrupted");
    // Whoever goes on still asks the ERP: the journal remembers customers that are gone.
    let done = run(&mut it, "in.csv", &SHORT).expect(0);
    assert_eq!(counts(&done, &OUTCOMES), are(&[("created", 12)]));
    assert_eq!(once_each(&restored).len(), 12);
    run(&mut it, "in.csv", &SHORT).expect(0);
    assert_eq!(restored.created(), 12);
}

#[test]
fn a_run_that_started_over_does_not_go_on_without_asking() {
    let old = sandbox("");
    let mut it = importer(&export(4, &[]), &old);
    run(&mut it, "in.csv", &[]).expect(0);
    let over = run(&mut it, "in.csv", &["--again", "--record", "1"]).expect(0);
    assert_eq!(over.count("exists"), 4, "the listing tells of all of them");
    let restored = sandbox("");
    it.file(
        "importer.toml",
        super::settings(&[("erp", &restored.url())]),
    );
    let over = run(&mut it, "in.csv", &["--again", "--limit", "1"]).expect(0);
    assert_eq!(
        counts(&over, &OUTCOMES),
        are(&[("created", 1), ("open", 3)])
    );
    let way_on = over.summary()["resume_with"].as_str().unwrap().to_owned();
    assert!(
        !way_on.contains("--again") && way_on.contains("--limit 1"),
        "{way_on}"
    );
    let refused = run(&mut it, "in.csv", &["--existing", "send"]).expect(2);
    assert!(
        refused.stderr.contains("leave out `--existing send`"),
        "{}",
        refused.said()
    );
    run(&mut it, "in.csv", &[]).expect(0);
    assert_eq!(once_each(&restored).len(), 4);
}

#[test]
fn starting_over_twice_in_a_row_doubles_nobody() {
    let erp = sandbox("");
    let mut it = importer(&export(8, &[]), &erp);
    run(&mut it, "in.csv", &[]).expect(0);
    for _ in 0..2 {
        let again = run(&mut it, "in.csv", &["--again"]).expect(0);
        assert_eq!(counts(&again, &OUTCOMES), are(&[("exists", 8)]));
    }
    assert_eq!(once_each(&erp).len(), 8);
    assert_eq!(erp.counters().posts, 8);
}
