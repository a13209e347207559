//! Which ERP it is: several behind one address, and another one behind the same.

use super::front::{Companies, Front};
use super::{SHORT, export, once_each, run, sandbox, settings};
use crate::support::Importer;

/// The program with an export and settings of its own.
fn with(export: &str, settings: &str) -> Importer {
    let importer = Importer::new();
    importer.file("map.toml", super::MAPPING);
    importer.file("in.csv", export);
    importer.file("importer.toml", settings);
    importer
}

#[test]
fn two_tenants_behind_one_address_have_nothing_in_common() {
    let (one, two) = (sandbox(""), sandbox(""));
    let front = Front::start(Companies::Absent);
    front.lead("t1", &one);
    front.lead("t2", &two);
    let url = front.url();
    let mut it = with(&export(6, &[]), "");
    for (tenant, erp) in [("t1", &one), ("t2", &two)] {
        let words = ["--base-url", &url, "--tenant-id", tenant];
        let done = run(&mut it, "in.csv", &words).expect(0);
        assert_eq!(done.count("created"), 6, "{tenant}");
        assert_eq!(once_each(erp).len(), 6);
        // Finished there: the same command sends nothing more.
        run(&mut it, "in.csv", &words).expect(0);
        assert_eq!(erp.counters().posts, 6);
    }
}

#[test]
fn two_targets_of_other_names_on_one_address_are_kept_apart() {
    let erp = sandbox("");
    let url = erp.url();
    let mut it = with(&export(4, &[]), &settings(&[("one", &url), ("two", &url)]));
    // The ERP is not asked, so that the journal alone decides.
    for (profile, there) in [("one", 4), ("two", 8), ("one", 8), ("two", 8)] {
        let words = ["--profile", profile, "--existing", "send"];
        run(&mut it, "in.csv", &words).expect(0);
        assert_eq!(erp.created(), there, "{profile}");
    }
    // Another export: known in the target that it goes to, whatever the other one has.
    it.file("in.csv", export(5, &[]));
    let words = ["--profile", "two", "--existing", "send"];
    let more = run(&mut it, "in.csv", &words).expect(0);
    assert_eq!((more.count("skipped"), more.count("created")), (4, 1));
}

#[test]
fn another_erp_behind_the_same_address_is_noticed_before_anything_is_sent() {
    let (first, second) = (sandbox(""), sandbox(""));
    let front = Front::start(Companies::Ids(vec![1, 2]));
    front.lead("", &first);
    let mut it = with(&export(3, &[]), &settings(&[("erp", &front.url())]));
    run(&mut it, "in.csv", &[]).expect(0);
    // A company more and one less: still the same.
    front.tell(Companies::Ids(vec![2, 3]));
    it.file("in.csv", export(4, &[]));
    run(&mut it, "in.csv", &[]).expect(0);
    assert_eq!(once_each(&first).len(), 4);

    front.lead("", &second);
    front.tell(Companies::Ids(vec![7]));
    it.file("in.csv", export(6, &[]));
    for words in [&[][..], &["--existing", "send"]] {
        let asked = front.seen().len();
        let stopped = run(&mut it, "in.csv", words).expect(4);
        let said = stopped.said();
        assert!(
            said.contains("`erp`") && said.contains("--target-changed"),
            "{said}"
        );
        let seen = front.seen().split_off(asked);
        assert!(
            seen.iter().all(|seen| seen.ends_with("/companies")),
            "{seen:?}"
        );
    }
    assert_eq!((first.created(), second.created()), (4, 0));
    // Accepted, and remembered.
    let moved = run(&mut it, "in.csv", &["--target-changed"]).expect(0);
    assert_eq!((moved.count("created"), moved.count("skipped")), (2, 4));
    it.file("in.csv", export(7, &[]));
    run(&mut it, "in.csv", &[]).expect(0);
    assert_eq!(second.created(), 3);
}

#[test]
fn what_is_unknown_is_not_looked_up_in_another_erp() {
    // Committed, answered with an error, and nobody to look it up with.
    let (first, second) = (sandbox("500_after=1,get_status=500@2-1000"), sandbox(""));
    let front = Front::start(Companies::Ids(vec![1]));
    front.lead("", &first);
    let mut it = with(&export(1, &[]), &settings(&[("erp", &front.url())]));
    let words = [&SHORT[..], &["--max-outage", "1s"]].concat();
    let lost = run(&mut it, "in.csv", &words);
    assert!([7, 75].contains(&lost.code), "{}", lost.said());
    assert_eq!(first.created(), 1);

    front.lead("", &second);
    front.tell(Companies::Ids(vec![9]));
    it.file("other.csv", export(2, &[]));
    run(&mut it, "in.csv", &words).expect(4);
    run(&mut it, "other.csv", &words).expect(4);
    it.args(["reconcile"]).run().expect(4);
    assert_eq!(second.requests().len(), 0);

    first.set_faults(wawi_importer::sandbox::Faults::default());
    front.lead("", &first);
    front.tell(Companies::Ids(vec![1]));
    let found = run(&mut it, "in.csv", &words).expect(0);
    assert_eq!(found.count("created"), 1);
    assert_eq!(first.created(), 1, "nobody was doubled");
}

#[test]
fn a_server_without_companies_is_taken_as_it_is() {
    let erp = sandbox("");
    let front = Front::start(Companies::Absent);
    front.lead("", &erp);
    let mut it = with(&export(3, &[]), &settings(&[("erp", &front.url())]));
    run(&mut it, "in.csv", &[]).expect(0);
    // It learns them later; nothing was known before.
    front.tell(Companies::Ids(vec![5]));
    it.file("in.csv", export(4, &[]));
    run(&mut it, "in.csv", &[]).expect(0);
    // And it may forget them again, or forbid to read them; then that is said.
    for (count, companies) in [(5, Companies::Absent), (6, Companies::Forbidden)] {
        front.tell(companies);
        it.file("in.csv", export(count, &[]));
        let done = run(&mut it, "in.csv", &[]).expect(0);
        assert!(done.said().contains("any more"), "{}", done.said());
        assert_eq!(once_each(&erp).len(), count);
    }
}

#[test]
fn an_answer_without_sense_does_not_hide_another_erp() {
    let (first, second) = (sandbox(""), sandbox(""));
    let front = Front::start(Companies::Ids(vec![1]));
    front.lead("", &first);
    let mut it = with(&export(2, &[]), &settings(&[("erp", &front.url())]));
    run(&mut it, "in.csv", &[]).expect(0);

    front.lead("", &second);
    it.file("in.csv", export(3, &[]));
    // Once is an accident: asked again, it is another one. Always is a reason to stop.
    for (garbled, code) in [(1, 4), (u32::MAX, 5)] {
        front.tell(Companies::Garbled(garbled, vec![7]));
        let stopped = run(&mut it, "in.csv", &[]).expect(code);
        assert_eq!(second.requests().len(), 0, "{}", stopped.said());
    }
    assert!(
        run(&mut it, "in.csv", &[])
            .expect(5)
            .said()
            .contains("companies")
    );
    run(&mut it, "in.csv", &["--target-changed"]).expect(0);
    assert_eq!((first.created(), second.created()), (2, 1));
}
