//! How much may fail, and for how long, before a run ends: nothing fails because the server is
//! away, every budget ends with its own code, and the same command goes on.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Output};
use std::time::Duration;

use wawi_importer::sandbox::{Auth, Faults, SandboxSettings};

use crate::customers::{Customers, MAPPING};
use crate::other_erp::{CANARY, CLIENT_ID, Knobs, OtherErp, Seen};
use crate::stand_in::{StandIn, wait_for};
use crate::support::{Importer, Run};

/// Requests in flight unless `--concurrency` says otherwise.
const CONCURRENCY: u64 = 8;
/// Times that are short enough for tests.
const SHORT: [&str; 4] = ["--timeout", "500ms", "--settle", "600ms"];

fn importer(customers: &Customers) -> Importer {
    let importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    importer
}

fn command<'a>(importer: &'a mut Importer, url: &str, words: &[&str]) -> &'a mut Importer {
    let run = ["run", "shop.csv", "-m", "shop.toml", "--base-url", url];
    importer.args(run.iter().chain(&SHORT).chain(words))
}

fn run(importer: &mut Importer, url: &str, words: &[&str]) -> Run {
    command(importer, url, words).run()
}

/// Every customer is there, once.
#[track_caller]
fn assert_all_there(customers: &Customers, there: &[String]) {
    let distinct: BTreeSet<String> = there.iter().cloned().collect();
    assert_eq!(distinct.len(), there.len(), "somebody is there twice");
    assert_eq!(distinct, customers.numbers());
}

fn numbers(erp: &OtherErp) -> Vec<String> {
    erp.ledger().into_iter().map(|(number, _)| number).collect()
}

/// Nothing failed for want of a server: each record is created, unknown or open.
#[track_caller]
fn assert_nothing_failed(run: &Run, all: u64) {
    let counts = ["created", "unknown", "open"].map(|name| run.count(name));
    assert_eq!(counts.iter().sum::<u64>(), all, "{}", run.said());
    assert!(run.said().contains("the same command"), "{}", run.said());
}

/// Waits until the program tells that it pauses; what it says after that is waited for with
/// the rest of it.
fn wait_for_pause(mut child: Child) -> impl FnOnce() -> Output {
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("\"type\":\"paused\"") {
        assert!(lines.read_line(&mut said).unwrap() > 0, "no pause: {said}");
    }
    move || {
        lines.read_to_string(&mut said).unwrap();
        let mut output = child.wait_with_output().unwrap();
        output.stdout = said.into_bytes();
        output
    }
}

/// Whether somebody only asked whether the server is well.
fn is_probe(seen: &Seen) -> bool {
    seen.method == "GET" && seen.path.ends_with("pageSize=1")
}

/// A loopback port on which nobody listens.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn a_tenth_may_be_refused_once_fifty_were_sent() {
    let customers = Customers::valid(70, 200);
    let erp = OtherErp::start(Knobs::default().fail_from(46, 422));
    let mut importer = importer(&customers);
    let stopped = run(&mut importer, &erp.url(), &[]).expect(5);
    // 45 created and 6 refused are the first that are more than a tenth.
    let refused = stopped.count("refused");
    assert!((6..=6 + 2 * CONCURRENCY).contains(&refused), "{refused}");
    assert_eq!(stopped.count("created"), 45);
    assert_eq!(stopped.count("open"), 155 - refused);
    assert!(
        stopped.said().contains("--max-failures"),
        "{}",
        stopped.said()
    );
    erp.lift();
    let done = run(&mut importer, &erp.url(), &[]).expect(3);
    assert_eq!(done.count("created"), 200 - refused);
    let done = run(&mut importer, &erp.url(), &["--retry-failed"]).expect(0);
    assert_eq!(done.count("created"), 200);
    assert_all_there(&customers, &numbers(&erp));
}

#[test]
fn fewer_than_fifty_are_no_share() {
    let customers = Customers::valid(71, 49);
    let erp = OtherErp::start(Knobs::default().fail_from(1, 422));
    let mut importer = importer(&customers);
    let run = run(&mut importer, &erp.url(), &[]).expect(3);
    assert_eq!(run.count("refused"), 49);
}

#[test]
fn a_share_and_a_number_can_be_chosen() {
    let customers = Customers::valid(72, 160);
    // A share is judged from 50 on: 16 of them are more than 30%, if up to eight of the forty
    // that are created are answered late.
    for (most, first) in [("30%", 16), ("0", 1), ("7", 8)] {
        let erp = OtherErp::start(Knobs::default().fail_from(41, 422));
        let mut importer = importer(&customers);
        let run = run(&mut importer, &erp.url(), &["--max-failures", most]).expect(5);
        let refused = run.count("refused");
        assert!(
            (first..=first + 2 * CONCURRENCY).contains(&refused),
            "{most}: {refused}"
        );
        assert_eq!(run.count("created"), 40);
        let posts = erp.posts().len() as u64;
        assert_eq!(posts, 40 + refused, "each was sent once");
    }
}

#[test]
fn a_server_that_comes_back_in_time_ends_the_pause() {
    let customers = Customers::valid(73, 120);
    let mut importer = importer(&customers);
    let ledger_file = importer.folder().join("ledger.jsonl");
    let settings = |port: u16| SandboxSettings {
        port,
        ledger_file: Some(ledger_file.clone()),
        ..SandboxSettings::default()
    };
    let sandbox = StandIn::start(settings(0));
    let (port, url) = (sandbox.port(), sandbox.url());
    let words = ["--max-outage", "60s", "--rate", "100/s", "--json"];
    let child = command(&mut importer, &url, &words).start();
    wait_for(|| sandbox.created() >= 30);
    drop(sandbox);
    let rest = wait_for_pause(child);
    let sandbox = StandIn::start(settings(port));
    let run = importer.read(rest()).expect(0);
    assert!(
        run.stdout.contains("\"type\":\"resumed\""),
        "{}",
        run.said()
    );
    assert_eq!(run.count("created"), 120);
    assert_all_there(&customers, &sandbox.numbers());
    // It was a GET that found out, before any customer was sent.
    assert_eq!(sandbox.requests()[0].method, "GET");
}

#[test]
fn a_sick_server_is_asked_by_gets_alone_until_it_is_well() {
    let customers = Customers::valid(74, 60);
    let erp = OtherErp::start(Knobs::default().fail_from(21, 500));
    let mut importer = importer(&customers);
    let words = ["--max-outage", "60s", "--json"];
    let child = command(&mut importer, &erp.url(), &words).start();
    let rest = wait_for_pause(child);
    // Ten bad answers of the last twenty, and what was in flight besides.
    let requests = erp.requests().into_iter();
    let bad = requests.filter(|seen| seen.status == Some(500)).count();
    assert!((10..10 + 2 * CONCURRENCY as usize).contains(&bad), "{bad}");
    let probes = || {
        let requests = erp.requests().into_iter();
        requests.filter(is_probe).count()
    };
    wait_for(|| probes() >= 1);
    let sent = erp.posts().len();
    wait_for(|| probes() >= 3);
    assert_eq!(erp.posts().len(), sent, "only probes");
    erp.lift();
    let run = importer.read(rest()).expect(0);
    assert_eq!(run.count("created"), 60);
    assert_all_there(&customers, &numbers(&erp));
}

#[test]
fn a_server_that_stays_sick_is_an_outage() {
    let customers = Customers::valid(75, 60);
    let erp = OtherErp::start(Knobs::default().fail_from(21, 503));
    let mut importer = importer(&customers);
    let gone = run(&mut importer, &erp.url(), &["--max-outage", "1s"]).expect(75);
    assert_nothing_failed(&gone, 60);
    assert_eq!(gone.count("created"), 20);
    // Still away when the next one begins.
    let still = run(&mut importer, &erp.url(), &["--max-outage", "1s"]).expect(75);
    assert_nothing_failed(&still, 60);
    erp.lift();
    let done = run(&mut importer, &erp.url(), &[]).expect(0);
    assert_eq!(done.count("created"), 60);
    assert_all_there(&customers, &numbers(&erp));
}

#[test]
fn refusals_open_no_breaker() {
    let customers = Customers::valid(76, 80);
    let erp = OtherErp::start(Knobs::default().fail_from(1, 400));
    let mut importer = importer(&customers);
    let words = ["--max-failures", "100%", "--max-outage", "1s", "--json"];
    let run = run(&mut importer, &erp.url(), &words).expect(3);
    assert_eq!(run.count("refused"), 80);
    assert!(!run.stdout.contains("paused"), "{}", run.said());
    assert!(!erp.requests().iter().any(is_probe));
}

#[test]
fn endless_throttling_is_an_outage() {
    let customers = Customers::valid(77, 40);
    for from in [1, 11] {
        let sandbox = StandIn::start(SandboxSettings {
            faults: Faults::parse(&format!("status=429@{from}")).unwrap(),
            ..SandboxSettings::default()
        });
        let mut importer = importer(&customers);
        let gone = run(&mut importer, &sandbox.url(), &["--max-outage", "1s"]).expect(75);
        assert_nothing_failed(&gone, 40);
        assert_eq!(gone.count("created"), from - 1);
        assert_eq!(gone.count("unknown"), 0, "a 429 was certainly not done");
        sandbox.lift();
        let done = run(&mut importer, &sandbox.url(), &[]).expect(0);
        let attempts = done.rows("created.csv");
        assert!(
            attempts.iter().all(|row| row["attempts"] == "1"),
            "429 is no attempt"
        );
        assert_all_there(&customers, &sandbox.numbers());
    }
}

#[test]
fn throttled_questions_end_in_time_too() {
    let customers = Customers::valid(78, 10);
    let sandbox = StandIn::start(SandboxSettings {
        faults: Faults::parse("get_status=429@1").unwrap(),
        ..SandboxSettings::default()
    });
    let mut importer = importer(&customers);
    let gone = run(&mut importer, &sandbox.url(), &["--max-outage", "1s"]).expect(75);
    assert_nothing_failed(&gone, 10);
    assert_eq!(sandbox.counters().posts, 0);
    sandbox.lift();
    run(&mut importer, &sandbox.url(), &[]).expect(0);
    assert_all_there(&customers, &sandbox.numbers());
}

#[test]
fn a_server_that_was_never_there_is_an_outage_before_anything_is_sent() {
    let customers = Customers::valid(79, 10);
    let mut importer = importer(&customers);
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}");
    for existing in ["skip", "send"] {
        let words = ["--max-outage", "1s", "--existing", existing];
        let gone = run(&mut importer, &url, &words).expect(75);
        assert_nothing_failed(&gone, 10);
        assert_eq!((gone.count("open"), gone.reports().len()), (10, 1));
    }
    let up = run(&mut importer, &url, &["--max-duration", "1s"]).expect(75);
    assert!(up.said().contains("time is up"), "{}", up.said());
    let sandbox = StandIn::start(SandboxSettings {
        port,
        ..SandboxSettings::default()
    });
    run(&mut importer, &url, &[]).expect(0);
    assert_all_there(&customers, &sandbox.numbers());
}

/// Our own credentials at a sandbox that deals in tokens.
fn with_tokens(importer: &mut Importer, faults: &str) -> StandIn {
    let sandbox = StandIn::start(SandboxSettings {
        auth: Auth::Bearer {
            client_id: CLIENT_ID.to_owned(),
            client_secret: CANARY.to_owned(),
            lives: Duration::from_secs(3600),
        },
        faults: Faults::parse(faults).unwrap(),
        ..SandboxSettings::default()
    });
    importer
        .env("IMPORTER_CLIENT_ID", CLIENT_ID)
        .env("IMPORTER_CLIENT_SECRET", CANARY)
        .env("IMPORTER_TOKEN_URL", sandbox.token_url());
    sandbox
}

#[test]
fn a_token_server_that_is_away_is_an_outage() {
    let customers = Customers::valid(80, 60);
    let mut importer = importer(&customers);
    let sandbox = with_tokens(&mut importer, "token_status=503@1");
    let gone = run(&mut importer, &sandbox.url(), &["--max-outage", "1s"]).expect(75);
    assert_nothing_failed(&gone, 60);
    assert_eq!(sandbox.counters().posts, 0);
    assert!(sandbox.counters().tokens >= 2, "it was asked again");
    // Nor does it keep anybody beyond the time that a run may take.
    let up = run(&mut importer, &sandbox.url(), &["--max-duration", "1s"]).expect(75);
    assert!(up.said().contains("time is up"), "{}", up.said());

    // In the middle of a run: the old token is refused, a new one cannot be had.
    sandbox.lift();
    let words = ["--max-outage", "1s", "--rate", "100/s"];
    let child = command(&mut importer, &sandbox.url(), &words).start();
    wait_for(|| sandbox.created() >= 20);
    sandbox.set_faults(Faults::parse("token_status=503@1").unwrap());
    sandbox.revoke_tokens();
    let gone = importer.read(child.wait_with_output().unwrap()).expect(75);
    assert_nothing_failed(&gone, 60);
    assert_eq!(gone.count("unknown"), 0, "a 401 was certainly not done");
    assert_eq!(gone.count("created"), sandbox.created() as u64);
    sandbox.lift();
    let done = run(&mut importer, &sandbox.url(), &[]).expect(0);
    assert_eq!(done.count("created"), 60);
    assert_all_there(&customers, &sandbox.numbers());
}

#[test]
fn a_token_server_that_comes_back_in_time_costs_nothing() {
    let customers = Customers::valid(81, 20);
    let mut importer = importer(&customers);
    let sandbox = with_tokens(&mut importer, "token_status=503@1-3");
    let done = run(&mut importer, &sandbox.url(), &["--max-outage", "60s"]).expect(0);
    assert_eq!(done.count("created"), 20);
    assert_eq!(sandbox.counters().tokens, 4);
}

#[test]
fn a_time_that_is_up_ends_an_outage_too() {
    let customers = Customers::valid(82, 40);
    let erp = OtherErp::start(Knobs::default().fail_from(11, 500));
    let mut importer = importer(&customers);
    let words = ["--max-duration", "2s", "--max-outage", "60s"];
    let up = run(&mut importer, &erp.url(), &words).expect(75);
    assert!(up.said().contains("time is up"), "{}", up.said());
    assert_nothing_failed(&up, 40);
    erp.lift();
    assert_eq!(
        run(&mut importer, &erp.url(), &[])
            .expect(0)
            .count("created"),
        40
    );
    assert_all_there(&customers, &numbers(&erp));
}

#[test]
fn a_settle_time_without_a_ground_is_warned_of() {
    let customers = Customers::valid(83, 1);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers);
    let url = sandbox.url();
    let command = ["run", "shop.csv", "-m", "shop.toml", "--base-url", &url];
    let told = |importer: &mut Importer, words: &[&str]| {
        let run = importer.args(command.iter().chain(words)).run().expect(0);
        run.stderr.contains("sent a second time")
    };
    assert!(told(&mut importer, &["--settle", "0s"]));
    assert!(told(&mut importer, &["--settle", "59s", "--quiet"]));
    assert!(!told(&mut importer, &["--settle", "60s"]));
    assert!(!told(&mut importer, &["--timeout", "1s", "--settle", "1s"]));
    assert!(!told(&mut importer, &["--settle", "0s", "--dry-run"]));
    let words = ["reconcile", "--base-url", &url, "--settle", "0s"];
    let run = importer.args(words).run().expect(0);
    assert!(run.stderr.contains("sent a second time"), "{}", run.said());
}
