//! Corrected records whose own run does not know, or has still to do, what became of them.

use wawi_importer::sandbox::Faults;

use super::{OUTCOMES, SHORT, are, counts, export, importer, once_each, run, sandbox};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run};

const ONE_BY_ONE: [&str; 4] = ["--concurrency", "1", "--max-failures", "100%"];

fn words(more: &[&'static str]) -> Vec<&'static str> {
    [&SHORT[..], &ONE_BY_ONE, more].concat()
}

fn run_id(run: &Run) -> String {
    run.summary()["run"].as_str().unwrap().to_owned()
}

/// Forbids to ask once, after so many questions.
fn forbid_looking(erp: &StandIn, after: usize, more: &str) {
    let requests = erp.requests();
    let asked = requests.iter().filter(|seen| seen.method == "GET").count();
    let next = asked + after + 1;
    let faults = format!("{more}get_status=403@{next}-{next}");
    erp.set_faults(Faults::parse(&faults).unwrap());
}

/// Six customers, of whom the fifth was refused, then tried again, and is unknown since; it did
/// not arrive. Its number is corrected in `back.csv`. Says the run's id.
fn with_a_lost_retry(erp: &StandIn) -> (Importer, String) {
    let mut it = importer(&export(6, &[]), erp);
    let first = run(&mut it, "in.csv", &words(&[])).expect(3);
    assert_eq!(
        counts(&first, &OUTCOMES),
        are(&[("created", 5), ("refused", 1)])
    );
    let id = run_id(&first);
    let failed = String::from_utf8(first.report_file("failed.csv")).unwrap();
    it.file("back.csv", failed.replace("C5;", "D5;"));
    // Before: which companies there are, how many customers, and whether this one is there.
    forbid_looking(erp, 3, "500_before=1,");
    let lost = run(&mut it, "in.csv", &words(&["--retry-failed"])).expect(7);
    assert_eq!(
        counts(&lost, &OUTCOMES),
        are(&[("created", 5), ("unknown", 1)])
    );
    assert_eq!(run_id(&lost), id, "it is one run all the time");
    (it, id)
}

#[test]
fn a_record_that_is_open_again_is_sent_by_its_own_run_alone() {
    let erp = sandbox("status=422@5-5");
    let (mut it, first) = with_a_lost_retry(&erp);
    erp.set_faults(Faults::default());
    // It is looked up first, found absent, and so it is the first run's to send.
    let back = run(&mut it, "back.csv", &words(&["--accept-changes"])).expect(7);
    assert_eq!(counts(&back, &OUTCOMES), are(&[("unknown", 1)]));
    let (id, unknown) = (run_id(&back), back.rows("unknown.csv"));
    assert!(
        unknown[0]["why"].contains("still to be sent"),
        "{unknown:?}"
    );
    assert_eq!(once_each(&erp).len(), 5);
    // Nor does going on with it change that.
    run(&mut it, "back.csv", &words(&["--accept-changes"])).expect(7);
    let resolved = it.args(["resolve", &id, "1", "--not-created"]);
    let resolved = resolved.run().expect(2);
    assert!(
        resolved
            .stderr
            .contains(&format!("record 5 of run {first}")),
        "{}",
        resolved.said()
    );
    run(&mut it, "in.csv", &words(&[])).expect(0);
    let back = run(&mut it, "back.csv", &words(&["--accept-changes"])).expect(0);
    assert_eq!(counts(&back, &OUTCOMES), are(&[("skipped", 1)]));
    assert_eq!(once_each(&erp), ["C1", "C2", "C3", "C4", "C5", "C6"]);
}

#[test]
fn what_a_person_says_of_a_record_settles_its_correction_too() {
    for (said, then) in [(&["--created", "C5"][..], 0), (&["--not-created"], 7)] {
        let erp = sandbox("status=422@5-5");
        let (mut it, first) = with_a_lost_retry(&erp);
        forbid_looking(&erp, 1, "");
        let back = run(&mut it, "back.csv", &words(&["--accept-changes"])).expect(7);
        assert_eq!(counts(&back, &OUTCOMES), are(&[("unknown", 1)]));
        let back = run_id(&back);
        // The one that waits names the one that it waits for.
        let other = it.args(["resolve", &back, "1"].iter().chain(said)).run();
        let way = format!("importer resolve {first} 5");
        assert!(other.expect(2).stderr.contains(&way));
        let words = ["resolve", &first, "5"];
        it.args(words.iter().chain(said)).run().expect(0);
        let listed = it.args(["runs", "--json"]).run().expect(0);
        let newest = listed.stdout.lines().next().unwrap();
        let newest: serde_json::Value = serde_json::from_str(newest).unwrap();
        assert_eq!(newest["run"], back);
        assert_eq!(newest["exit_code"], then, "{newest}");
        let word = if then == 0 { "skipped" } else { "unknown" };
        assert_eq!(newest["counts"][word], 1, "{newest}");
        assert_eq!(once_each(&erp).len(), 5);
    }
}
