//! Corrected failures that come back: they are linked to their run, only what failed there is
//! sent, and the totals of all runs add up.

use std::time::Duration;

use serde_json::Value;
use wawi_importer::sandbox::{Faults, SandboxSettings};

use super::{
    MAPPING, OUTCOMES, SHORT, are, counts, export, importer, once_each, run, sandbox, settings,
};
use crate::stand_in::{StandIn, wait_for};
use crate::support::{Importer, Run, files_below};

/// The newest failed.csv, as text.
fn failed(run: &Run) -> String {
    String::from_utf8(run.report_file("failed.csv")).unwrap()
}

/// The records of a failed.csv, corrected; only those of `numbers`.
fn corrected(failed: &str, numbers: &[usize]) -> String {
    let mut lines = failed.lines();
    let mut text = format!("{}\n", lines.next().unwrap());
    for line in lines {
        let fits = |n: &&usize| line.starts_with(&format!("C{n};"));
        if let Some(n) = numbers.iter().find(fits) {
            let address = format!(";m{n}@example.org;");
            text.push_str(&line.replacen(";kaputt;", &address, 1));
            text.push('\n');
        }
    }
    text
}

/// The totals of the newest report, after a look at their law.
#[track_caller]
fn totals(run: &Run) -> Vec<(String, u64)> {
    let summary = run.summary();
    let totals = summary["linked"]["totals"].as_object().expect("totals");
    let count = |name: &str| totals[name].as_u64().unwrap();
    let sum: u64 = OUTCOMES.iter().map(|name| count(name)).sum();
    assert_eq!(sum, count("read"), "{summary}");
    let all = totals.iter().filter(|(_, count)| count.as_u64() != Some(0));
    all.map(|(name, count)| (name.clone(), count.as_u64().unwrap()))
        .collect()
}

fn sums(counts: &[(&str, u64)]) -> Vec<(String, u64)> {
    counts
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

/// Ten customers of whom three are invalid, imported.
fn with_three_invalid(erp: &StandIn) -> (Importer, Run) {
    let mut it = importer(&export(10, &[3, 6, 9]), erp);
    let first = run(&mut it, "in.csv", &[]).expect(3);
    (it, first)
}

fn run_id(run: &Run) -> String {
    run.summary()["run"].as_str().unwrap().to_owned()
}

#[test]
fn a_corrected_file_is_linked_to_its_run_and_the_totals_add_up() {
    let erp = sandbox("");
    let (mut it, first) = with_three_invalid(&erp);
    let first_id = run_id(&first);
    it.file("back.csv", corrected(&failed(&first), &[3, 6, 9]));
    let second = run(&mut it, "back.csv", &[]).expect(0);
    assert_eq!(counts(&second, &OUTCOMES), are(&[("created", 3)]));
    assert_eq!(totals(&second), sums(&[("read", 10), ("created", 10)]));
    let summary = second.summary();
    assert_eq!(summary["linked"]["to"], first_id);
    assert_eq!(summary["linked"]["first"], first_id);
    assert!(
        second.stdout.contains(&format!("Corrects    {first_id}")),
        "{}",
        second.said()
    );
    let together = format!("Together with run {first_id}\n        10  created\n        10  read");
    assert!(second.stdout.contains(&together), "{}", second.said());
    assert_eq!(once_each(&erp).len(), 10);

    // The journal's commands tell it, too.
    let second_id = run_id(&second);
    let listed = it.args(["runs"]).run().expect(0);
    assert!(
        listed.stdout.lines().next().unwrap().ends_with("corrects"),
        "{}",
        listed.said()
    );
    let row = listed
        .stdout
        .lines()
        .find(|line| line.starts_with(&second_id))
        .unwrap();
    assert!(row.ends_with(&first_id), "{row}");
    let listed = it.args(["runs", "--json"]).run().expect(0);
    let row: Value = serde_json::from_str(listed.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(row["linked_to"], first_id);
    let shown = it.args(["show", &second_id]).run().expect(0);
    assert!(
        shown.stderr.contains(&format!("corrects run {first_id}")),
        "{}",
        shown.said()
    );
    assert!(
        shown
            .stderr
            .contains("together: 10 of 10 records created, 0 failed")
    );
    let shown = it.args(["show", &first_id, "--json"]).run().expect(0);
    let link: Value = serde_json::from_str(shown.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&link["type"], &link["totals"]["created"]),
        (&"linked".into(), &10.into())
    );
    assert_eq!(link["corrected_by"][0], second_id);

    // The first command still ends as it did, and knows of the correction.
    let again = run(&mut it, "in.csv", &[]).expect(3);
    assert!(
        again
            .stdout
            .contains(&format!("Corrected   by {second_id}")),
        "{}",
        again.said()
    );
    // And a report that is written again has all of it.
    std::fs::remove_dir_all(it.folder().join("reports")).unwrap();
    it.args(["report", &second_id]).run().expect(0);
    let text = std::fs::read(
        it.folder()
            .join(format!("reports/{second_id}/summary.json")),
    );
    let summary: Value = serde_json::from_slice(&text.unwrap()).unwrap();
    assert_eq!(summary["linked"]["totals"]["created"], 10);
    assert_eq!(erp.counters().posts, 10);
}

#[test]
fn what_still_fails_comes_back_once_more_and_the_chain_adds_up() {
    let erp = sandbox("");
    let (mut it, first) = with_three_invalid(&erp);
    let first_id = run_id(&first);
    // Two corrected, one still wrong.
    let all = corrected(&failed(&first), &[3, 6, 9]).replace(";m9@example.org;", ";auch nicht;");
    it.file("back.csv", all);
    let second = run(&mut it, "back.csv", &[]).expect(3);
    assert_eq!(
        counts(&second, &OUTCOMES),
        are(&[("created", 2), ("invalid", 1)])
    );
    assert_eq!(
        totals(&second),
        sums(&[("read", 10), ("created", 9), ("invalid", 1)])
    );
    let second_id = run_id(&second);
    let again = failed(&second).replace(";auch nicht;", ";m9@example.org;");
    it.file("back2.csv", again);
    let third = run(&mut it, "back2.csv", &[]).expect(0);
    assert_eq!(counts(&third, &OUTCOMES), are(&[("created", 1)]));
    assert_eq!(totals(&third), sums(&[("read", 10), ("created", 10)]));
    let linked = &third.summary()["linked"];
    assert_eq!(
        (&linked["to"], &linked["runs"]),
        (&second_id.into(), &3.into())
    );
    assert_eq!(linked["first"], first_id);
    assert_eq!(once_each(&erp).len(), 10);
}

#[test]
fn a_file_that_comes_back_in_parts_sends_each_customer_once() {
    let erp = sandbox("");
    let (mut it, first) = with_three_invalid(&erp);
    let all = failed(&first);
    it.file("one.csv", corrected(&all, &[6]));
    let one = run(&mut it, "one.csv", &[]).expect(0);
    let partly = [("read", 10), ("created", 8), ("invalid", 2)];
    assert_eq!(
        totals(&one),
        sums(&partly),
        "who was left out is invalid still"
    );
    // The same one again among the others, and this time under another number.
    let rest = corrected(&all, &[3, 6, 9]).replace("C6;", "C66;");
    it.file("rest.csv", rest);
    let rest = run(&mut it, "rest.csv", &["--accept-changes"]).expect(0);
    assert_eq!(
        counts(&rest, &OUTCOMES),
        are(&[("created", 2), ("skipped", 1)])
    );
    assert_eq!(totals(&rest), sums(&[("read", 10), ("created", 10)]));
    assert_eq!(once_each(&erp).len(), 10);
    assert!(!erp.numbers().contains(&"C66".to_owned()));
    // The same file again is a finished input.
    let same = run(&mut it, "rest.csv", &["--accept-changes"]).expect(0);
    assert!(same.stderr.contains("nothing was sent"), "{}", same.said());
    assert_eq!(erp.counters().posts, 10);
}

#[test]
fn what_was_retried_and_created_meanwhile_is_skipped() {
    let erp = sandbox("status=422@4-6");
    let mut it = importer(&export(6, &[]), &erp);
    let words = ["--concurrency", "1", "--max-failures", "100%"];
    let first = run(&mut it, "in.csv", &words).expect(3);
    let all = failed(&first);
    // Refused for no reason of their own: the same command creates two of the three.
    erp.set_faults(Faults::parse("status=422@9").unwrap());
    let retried = [&words[..], &["--retry-failed"]].concat();
    let second = run(&mut it, "in.csv", &retried).expect(3);
    assert_eq!(second.count("created"), 5);
    erp.set_faults(Faults::default());
    // The old file still has all three, with new numbers.
    it.file(
        "back.csv",
        all.replace("C4;", "D4;")
            .replace("C5;", "D5;")
            .replace("C6;", "D6;"),
    );
    let back = run(&mut it, "back.csv", &["--accept-changes"]).expect(0);
    assert_eq!(
        counts(&back, &OUTCOMES),
        are(&[("created", 1), ("skipped", 2)])
    );
    assert_eq!(totals(&back), sums(&[("read", 6), ("created", 6)]));
    let there = ["C1", "C2", "C3", "C4", "C5", "D6"];
    assert_eq!(once_each(&erp), there);
    // Nor does the first command try again whom the correction has created.
    let last = run(&mut it, "in.csv", &retried).expect(3);
    assert!(
        last.stderr.contains("nothing of this run has failed"),
        "{}",
        last.said()
    );
    assert_eq!(once_each(&erp), there);
}

#[test]
fn the_share_that_may_be_invalid_is_not_that_of_an_export() {
    let erp = sandbox("");
    let broken: Vec<usize> = (1..=30).collect();
    let mut it = importer(&export(200, &broken), &erp);
    let first = run(&mut it, "in.csv", &[]).expect(3);
    it.file(
        "back.csv",
        failed(&first).replacen(";kaputt;", ";m1@example.org;", 1),
    );
    let second = run(&mut it, "back.csv", &[]).expect(3);
    assert_eq!(
        counts(&second, &OUTCOMES),
        are(&[("created", 1), ("invalid", 29)])
    );
    assert_eq!(
        totals(&second),
        sums(&[("read", 200), ("created", 171), ("invalid", 29)])
    );
    // Whoever gives a share means it.
    it.file(
        "back2.csv",
        failed(&second).replacen(";kaputt;", ";m2@example.org;", 1),
    );
    let none = run(&mut it, "back2.csv", &["--max-invalid", "20%"]).expect(4);
    assert_eq!(none.count("created"), 0);
    for (words, too_many) in [
        (&["--dry-run"][..], false),
        (&["--dry-run", "--max-invalid", "9%"], true),
    ] {
        let dry = run(&mut it, "back2.csv", words).expect(3);
        assert_eq!(dry.summary()["plan"]["too_many_invalid"], too_many);
    }
}

#[test]
fn added_rows_are_customers_of_their_own() {
    let erp = sandbox("");
    let (mut it, first) = with_three_invalid(&erp);
    let mut text = corrected(&failed(&first), &[3, 6]);
    // Somebody types a customer below the others.
    text.push_str("C50;Neu;01067;Dresden;neu@example.org;x;;;;;;;;;;\n");
    it.file("back.csv", text);
    let second = run(&mut it, "back.csv", &[]).expect(0);
    assert_eq!(counts(&second, &OUTCOMES), are(&[("created", 3)]));
    assert_eq!(
        totals(&second),
        sums(&[("read", 11), ("created", 10), ("invalid", 1)])
    );
    assert!(once_each(&erp).contains(&"C50".to_owned()));
}

#[test]
fn failures_in_json_come_back_and_are_linked() {
    let erp = sandbox("");
    let mut it = importer("", &erp);
    let row = |n: usize, mail: &str| {
        format!(
            "{{\"Nr\":\"C{n}\",\"Name\":\"M{n}\",\"PLZ\":\"01067\",\"Ort\":\"Ulm\",\
             \"E-Mail\":\"{mail}\"}}\n"
        )
    };
    let export = [
        row(1, "a@example.org"),
        row(2, "kaputt"),
        "[\n".to_owned(),
        row(4, "kaputt"),
    ];
    it.file("in.jsonl", export.concat());
    // The mapping's words about the export hold for the export.
    it.file(
        "map.toml",
        format!("[source]\nencoding = \"windows-1252\"\n{MAPPING}"),
    );
    let first = run(&mut it, "in.jsonl", &[]).expect(3);
    assert_eq!(
        counts(&first, &OUTCOMES),
        are(&[("created", 1), ("invalid", 3)])
    );
    let failed = String::from_utf8(first.report_file("failed.jsonl")).unwrap();
    let mut lines: Vec<String> = failed.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3);
    lines[0] = lines[0].replace("kaputt", "zwei@example.org");
    // What could not be read is filled in by hand.
    let whole = row(3, "drei@example.org");
    lines[1] = lines[1].replace("\"input\":null", &format!("\"input\":{}", whole.trim()));
    it.file("back.jsonl", lines.join("\n"));
    let second = run(&mut it, "back.jsonl", &[]).expect(3);
    assert_eq!(
        counts(&second, &OUTCOMES),
        are(&[("created", 2), ("invalid", 1)])
    );
    assert_eq!(
        totals(&second),
        sums(&[("read", 4), ("created", 3), ("invalid", 1)])
    );
    assert_eq!(once_each(&erp), ["C1", "C2", "C3"]);
}

#[test]
fn a_file_that_contradicts_itself_sends_nothing() {
    let erp = sandbox("");
    let (mut it, first) = with_three_invalid(&erp);
    let id = run_id(&first);
    let good = corrected(&failed(&first), &[3, 6, 9]);
    let other = id.replace('-', "_");
    let last = good.lines().last().unwrap().to_owned();
    assert!(last.ends_with(&format!(";9;{id}")), "{last}");
    let with_last = |line: &str| good.replace(&last, line);
    let cases = [
        (
            with_last(&last.replace(&id, &other)),
            "records of several runs",
        ),
        (
            with_last(&last.replace(";9;", ";3;")),
            "lines 2 and 4 of back.csv both correct record 3",
        ),
        (with_last(&last.replace(";9;", ";11;")), "record 11 of run"),
        (
            with_last(&last.replace(";9;", ";9,0;")),
            "`_record` is no record's number",
        ),
        (with_last(&last.replace(";9;", ";;")), "`_record` is empty"),
        (with_last(&last.replace(&id, "")), "`_run` is empty"),
    ];
    let posts = erp.counters().posts;
    for (text, told) in cases {
        it.file("back.csv", &text);
        for words in [&[][..], &["--dry-run"]] {
            let stopped = run(&mut it, "back.csv", words).expect(4);
            assert!(stopped.stderr.contains(told), "{told}\n{}", stopped.said());
            assert!(stopped.stderr.contains("help:"), "{}", stopped.said());
        }
    }
    assert_eq!(erp.counters().posts, posts);
    // Nothing of it is left: the good one is a run like any other.
    let listed = it.args(["runs", "--json"]).run().expect(0);
    assert_eq!(listed.stdout.lines().count(), 1);
    it.file("back.csv", good);
    let second = run(&mut it, "back.csv", &[]).expect(0);
    assert_eq!(totals(&second), sums(&[("read", 10), ("created", 10)]));
}

#[test]
fn a_file_of_another_target_is_not_taken_for_one_of_this() {
    let (test, live) = (sandbox(""), sandbox(""));
    let (mut it, first) = with_three_invalid(&test);
    let targets = [("live", &*live.url()), ("erp", &*test.url())];
    it.file("importer.toml", settings(&targets));
    let text = corrected(&failed(&first), &[3, 6, 9]);
    it.file("back.csv", &text);
    let stopped = run(&mut it, "back.csv", &[]).expect(4);
    let said = stopped.said();
    assert!(said.contains("went into `erp`; this is `live`"), "{said}");
    assert_eq!(live.requests().len(), 0);
    run(&mut it, "back.csv", &["--profile", "erp"]).expect(0);
    assert_eq!(once_each(&test).len(), 10);
}

#[test]
fn a_run_that_nobody_knows_is_said_and_the_file_imported_on_its_own() {
    let erp = sandbox("");
    let (mut it, first) = with_three_invalid(&erp);
    let text = corrected(&failed(&first), &[3, 6, 9]);
    std::fs::remove_dir_all(it.folder().join(".importer")).unwrap();
    it.file("back.csv", &text);
    let alone = run(&mut it, "back.csv", &[]).expect(0);
    assert!(
        alone.stderr.contains("does not know run"),
        "{}",
        alone.said()
    );
    assert_eq!(alone.count("created"), 3);
    assert!(alone.summary().get("linked").is_none());
    assert_eq!(once_each(&erp).len(), 10);
    // A dry run's failures come from no run at all.
    it.file("new.csv", export(12, &[11, 12]));
    let dry = run(&mut it, "new.csv", &["--dry-run"]).expect(3);
    let folder = dry.summary()["report_dir"].as_str().unwrap().to_owned();
    let failed = std::fs::read_to_string(it.folder().join(folder).join("failed.csv")).unwrap();
    it.file("back.csv", corrected(&failed, &[11, 12]));
    let back = run(&mut it, "back.csv", &[]).expect(0);
    assert!(
        back.stderr.contains("comes from a dry run"),
        "{}",
        back.said()
    );
    assert_eq!(once_each(&erp).len(), 12);
}

#[test]
fn another_mapping_is_said_and_linked_all_the_same() {
    let erp = sandbox("");
    let (mut it, first) = with_three_invalid(&erp);
    // Whoever has no address may come in without one.
    let lenient = format!("{MAPPING}[rules]\n\"email.malformed\" = \"warn\"\n");
    it.file("map.toml", lenient);
    it.file("back.csv", failed(&first));
    let second = run(&mut it, "back.csv", &[]).expect(0);
    assert!(
        second.stderr.contains("the mapping is not the one of run"),
        "{}",
        second.said()
    );
    assert_eq!(totals(&second), sums(&[("read", 10), ("created", 10)]));
}

#[test]
fn a_record_that_its_run_has_still_to_send_waits_for_that_run() {
    let erp = sandbox("status=422@2-3");
    let mut it = importer(&export(6, &[]), &erp);
    let words = ["--concurrency", "1", "--max-failures", "100%"];
    let first = run(&mut it, "in.csv", &words).expect(3);
    let all = failed(&first);
    // They are to be tried again, but only one may be created now.
    erp.set_faults(Faults::default());
    let retry = [&words[..], &["--retry-failed", "--limit", "1"]].concat();
    run(&mut it, "in.csv", &retry).expect(0);
    it.file("back.csv", all.replace("C2;", "D2;").replace("C3;", "D3;"));
    let early = run(&mut it, "back.csv", &["--accept-changes"]).expect(4);
    assert!(
        early.stderr.contains("has still to send"),
        "{}",
        early.said()
    );
    run(&mut it, "in.csv", &[]).expect(0);
    let late = run(&mut it, "back.csv", &["--accept-changes"]).expect(0);
    assert_eq!(counts(&late, &OUTCOMES), are(&[("skipped", 2)]));
    assert_eq!(totals(&late), sums(&[("read", 6), ("created", 6)]));
    assert_eq!(once_each(&erp), ["C1", "C2", "C3", "C4", "C5", "C6"]);
}

#[test]
fn a_correction_that_may_have_arrived_is_not_sent_by_another_file() {
    let erp = sandbox("");
    let (mut it, first) = with_three_invalid(&erp);
    let all = failed(&first);
    it.file("one.csv", corrected(&all, &[6]));
    // Created, but nobody hears of it.
    erp.set_faults(Faults::parse("hang_commit=1,hang_for=60s").unwrap());
    it.args(["run", "one.csv", "-m", "map.toml"]);
    let mut child = it.start();
    wait_for(|| erp.created() == 8 || child.try_wait().unwrap().is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    erp.set_faults(Faults::default());
    // The same record under another number: whether the first one is there comes first.
    it.file("two.csv", corrected(&all, &[6]).replace("C6;", "C66;"));
    let words = [&SHORT[..], &["--accept-changes"]].concat();
    let found = run(&mut it, "two.csv", &words).expect(0);
    assert_eq!(counts(&found, &OUTCOMES), are(&[("skipped", 1)]));
    assert_eq!(
        totals(&found),
        sums(&[("read", 10), ("created", 8), ("invalid", 2)])
    );
    let there = once_each(&erp);
    assert_eq!(there.len(), 8);
    assert!(there.contains(&"C6".to_owned()), "{there:?}");
}

#[test]
fn a_killed_correction_goes_on_and_the_totals_add_up() {
    let erp = StandIn::start(SandboxSettings {
        latency: Duration::from_millis(20),
        ..SandboxSettings::default()
    });
    let broken: Vec<usize> = (31..=60).collect();
    let mut it = importer(&export(60, &broken), &erp);
    let first = run(&mut it, "in.csv", &["--max-invalid", "100%"]).expect(3);
    it.file("back.csv", corrected(&failed(&first), &broken));
    let words = [&SHORT[..], &["--concurrency", "1"]].concat();
    it.args(["run", "back.csv", "-m", "map.toml"].iter().chain(&words));
    for limit in [33, 40, 50] {
        let mut child = it.start();
        wait_for(|| erp.created() >= limit || child.try_wait().unwrap().is_some());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let done = run(&mut it, "back.csv", &words).expect(0);
    assert_eq!(done.count("created"), 30);
    assert_eq!(totals(&done), sums(&[("read", 60), ("created", 60)]));
    assert_eq!(once_each(&erp).len(), 60);
}

#[test]
fn after_a_restore_a_correction_can_start_over() {
    let erp = sandbox("");
    let (mut it, first) = with_three_invalid(&erp);
    it.file("back.csv", corrected(&failed(&first), &[3, 6, 9]));
    run(&mut it, "back.csv", &[]).expect(0);
    let restored = sandbox("");
    it.file("importer.toml", settings(&[("erp", &restored.url())]));
    let over = run(&mut it, "back.csv", &["--again"]).expect(0);
    assert_eq!(counts(&over, &OUTCOMES), are(&[("created", 3)]));
    assert_eq!(once_each(&restored), ["C3", "C6", "C9"]);
    assert_eq!(totals(&over), sums(&[("read", 10), ("created", 10)]));
}

#[test]
fn a_correction_from_stdin_is_linked_too() {
    let erp = sandbox("");
    let (mut it, first) = with_three_invalid(&erp);
    it.stdin(corrected(&failed(&first), &[3, 6, 9]));
    let second = run(&mut it, "-", &[]).expect(0);
    assert_eq!(totals(&second), sums(&[("read", 10), ("created", 10)]));
    // Nothing of the comparison is left in the state folder.
    let mut left = files_below(&it.folder().join(".importer")).into_iter();
    let odd = left.find(|path| path.to_string_lossy().contains("stdin-"));
    assert_eq!(odd, None);
}
