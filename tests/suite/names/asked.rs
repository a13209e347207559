//! How the ERP is asked for names: odd lists, refusals, outages, and what a run keeps of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::{importer, run, says};
use crate::hostile::rogue::{Answer, Asked, Rogue, answer};
use crate::support::Importer;

/// Times that are short enough for tests.
const SHORT: [&str; 4] = ["--timeout", "300ms", "--settle", "300ms"];

fn ok(body: &str) -> Answer {
    Answer::Bytes(answer("200 OK", body))
}

/// A good answer to whatever is not asked for groups.
fn others(asked: &Asked) -> Option<Answer> {
    if asked.path.contains("/companies") {
        return Some(ok(r#"[{"id":4,"name":"Muster GmbH"}]"#));
    }
    let is_payment = asked.path.contains("/paymentMethods");
    is_payment.then(|| ok(r#"{"items":[{"Id":"5","NAME":"PayPal"}]}"#))
}

/// A server whose answer about groups is `groups`'s.
fn erp(groups: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Rogue {
    Rogue::start(move |asked, _| {
        if asked.path.contains("/customerGroups") {
            return Some(groups(asked));
        }
        others(asked)
    })
}

/// Requests for groups.
fn asked_for_groups(erp: &Rogue) -> usize {
    let asked = erp.asked("GET").into_iter();
    asked
        .filter(|asked| asked.path.contains("/customerGroups"))
        .count()
}

/// The groups that the customers were sent with, by number.
fn sent(erp: &Rogue) -> Vec<(String, i64)> {
    let posts = erp.asked("POST").into_iter();
    let mut sent: Vec<(String, i64)> = posts
        .map(|asked| {
            let body: Value = serde_json::from_slice(&asked.body).unwrap();
            let number = body["Number"].as_str().unwrap().to_owned();
            (number, body["CustomerGroupId"].as_i64().unwrap())
        })
        .collect();
    sent.sort();
    sent
}

fn pairs(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    let pairs = expected.iter();
    pairs
        .map(|(number, id)| ((*number).to_owned(), *id))
        .collect()
}

const PLAIN: &str = r#"[{"Id":1,"Name":"Endkunden"},{"Id":2,"Name":"Händler"}]"#;

#[test]
fn lists_are_read_in_every_shape() {
    let paged = |asked: &Asked| {
        let body = match asked.path.split_once("pageNumber=") {
            None => r#"{"items":[{"id":1,"name":"Endkunden"}],"totalItems":2,"hasNextPage":true}"#,
            Some((_, "2")) => {
                r#"{"items":[{"id":2,"name":"Händler"}],"totalItems":2,"hasNextPage":true}"#
            }
            Some(_) => r#"{"items":[],"totalItems":2,"hasNextPage":true}"#,
        };
        ok(body)
    };
    // The same page whatever is asked for, and a count that is a lie.
    let stubborn = |_: &Asked| {
        ok(
            r#"{"Items":[{"Id":"1","Name":" Endkunden "},{"Id":2,"Name":"Händler"}],"TotalItems":999}"#,
        )
    };
    type Shape = Box<dyn Fn(&Asked) -> Answer + Send + Sync>;
    let shapes: [Shape; 3] = [Box::new(|_| ok(PLAIN)), Box::new(paged), Box::new(stubborn)];
    for shape in shapes {
        let erp = erp(shape);
        let mut importer = Importer::new();
        importer.args(["list", "groups", "--json", "--base-url", &erp.url()]);
        let said = importer.run().expect(0).stdout;
        let entries: Vec<Value> = said
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let entries: Vec<(i64, &str)> = entries
            .iter()
            .map(|entry| {
                (
                    entry["id"].as_i64().unwrap(),
                    entry["name"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(entries, [(1, "Endkunden"), (2, "Händler")]);
        assert!(asked_for_groups(&erp) <= 3);
    }
}

#[test]
fn a_list_that_nobody_may_read_stops_before_anything_is_begun() {
    for (status, advice) in [("403 Forbidden", "all.read"), ("404 Not Found", "base_url")] {
        let erp = erp(move |_| Answer::Bytes(answer(status, "")));
        let mut importer = importer(&["Endkunden"]);
        let refused = run(&mut importer, &["--base-url", &erp.url()]).expect(5);
        says(&refused, &["customer groups", "lookup", advice]);
        assert_eq!(erp.asked("POST").len(), 0);
        let runs = importer.args(["runs", "--json"]).run().expect(0);
        assert_eq!(runs.stdout, "");
    }
    let erp = erp(|_| ok("<html>Please log in</html>"));
    let mut importer = importer(&["Endkunden"]);
    run(&mut importer, &["--base-url", &erp.url()]).expect(5);
}

#[test]
fn a_name_that_stands_twice_is_an_error_with_both_ids() {
    let twice = r#"[{"Id":1,"Name":"Endkunden"},{"Id":3,"Name":"Gold"},{"Id":7,"Name":"GOLD "}]"#;
    let erp = erp(move |_| ok(twice));
    let mut importer = importer(&["Endkunden", "Gold"]);
    let half = run(&mut importer, &["--base-url", &erp.url()]).expect(3);
    assert_eq!(sent(&erp), pairs(&[("C1", 1)]));
    let failed = crate::support::rows(&half.report_file("failed.csv"), b';');
    assert_eq!(failed[0]["_code"], "lookup.ambiguous");
    assert!(failed[0]["_message"].contains("3 and 7"));
    let mapping = super::MAPPING.replace(r#"{ column = "Gruppe", as"#, r#"{ value = "Gold", as"#);
    importer.file("map.toml", mapping);
    let mistaken = run(&mut importer, &["--base-url", &erp.url()]).expect(4);
    says(
        &mistaken,
        &["map.toml:3", "customer groups called `Gold`: 3 and 7"],
    );
}

#[test]
fn trouble_that_passes_is_waited_for_and_an_outage_ends_with_its_code() {
    let count = AtomicUsize::new(0);
    let shaky = erp(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::Bytes(answer("503 Service Unavailable", "")),
        1 => Answer::Stalling(Vec::new()),
        2 => ok("{\"Items\": [{\"Id\": 1"),
        _ => ok(PLAIN),
    });
    let mut first = importer(&["Händler"]);
    let mut words = vec!["--base-url".to_owned(), shaky.url()];
    words.extend(SHORT.map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    run(&mut first, &words).expect(0);
    assert_eq!(sent(&shaky), pairs(&[("C1", 2)]));
    assert_eq!(asked_for_groups(&shaky), 4);

    let away = erp(|_| Answer::Stalling(Vec::new()));
    let mut second = importer(&["Händler"]);
    let mut words = vec!["--base-url", "", "--max-outage", "500ms"];
    let url = away.url();
    words[1] = &url;
    words.extend(SHORT);
    let ended = run(&mut second, &words).expect(75);
    says(
        &ended,
        &["customer groups", "the same command starts again"],
    );
    assert_eq!(away.asked("POST").len(), 0);
}

#[test]
fn a_run_that_goes_on_maps_as_it_began() {
    let groups = Arc::new(Mutex::new(PLAIN));
    let shared = Arc::clone(&groups);
    let erp = erp(move |_| ok(*shared.lock().unwrap()));
    let mut importer = importer(&["Händler", "Händler", "Gold", "Endkunden"]);
    let url = erp.url();
    let command = |importer: &mut Importer, words: &[&str]| {
        let all: Vec<&str> = ["--base-url", &url].iter().chain(words).copied().collect();
        run(importer, &all)
    };
    command(&mut importer, &["--limit", "1"]).expect(3);
    assert_eq!(sent(&erp), pairs(&[("C1", 2)]));
    // The group is renamed, and another one has its name now.
    *groups.lock().unwrap() = r#"[{"Id":1,"Name":"Endkunden"},{"Id":2,"Name":"Alt"},{"Id":9,"Name":"Händler"},{"Id":5,"Name":"Gold"}]"#;
    let rest = command(&mut importer, &[]).expect(3);
    assert_eq!(sent(&erp), pairs(&[("C1", 2), ("C2", 2), ("C4", 1)]));
    assert_eq!((rest.count("created"), rest.count("invalid")), (3, 1));
    assert_eq!(asked_for_groups(&erp), 1);
    // Nobody is asked for the report.
    let id = rest.summary()["run"].as_str().unwrap().to_owned();
    let again = importer.args(["report", &id]).run();
    assert_eq!(again.rows("created.csv").len(), 3, "{}", again.said());
    assert_eq!(asked_for_groups(&erp), 1);
    // What failed is tried again with names that are new; old ones mean what they meant.
    let tried = command(&mut importer, &["--retry-failed"]).expect(0);
    assert_eq!(tried.count("created"), 4);
    assert_eq!(
        sent(&erp),
        pairs(&[("C1", 2), ("C2", 2), ("C3", 5), ("C4", 1)])
    );
}
