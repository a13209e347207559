//! Killed at any moment, interrupted, told to stop: the same command goes on, nothing is lost
//! and nothing is doubled.

/// Every fail point, one after the other.
#[cfg(feature = "fail-points")]
mod points;
/// The crash loop.
mod rounds;
/// Long imports, killed again and again.
mod siege;
/// An import under attack, and what has to be true of it.
mod witness;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use fastrand::Rng;
use wawi_importer::sandbox::{Faults, SandboxSettings};

use crate::customers::{Customers, MAPPING};
use crate::stand_in::{StandIn, wait_for};
use crate::support::{Importer, Run};

/// What goes wrong with a few per cent of the creates each.
const FAULTS: &str = "commit_drop=0.04,drop=0.04,500_after=0.03,500_before=0.02,503=0.02,\
                      garbage=0.03,cut=0.02,commit_rst=0.02,lookups=0.02";
/// Times that are short enough for tests.
const SHORT: [&str; 4] = ["--timeout", "300ms", "--settle", "600ms"];

/// A setting that the environment of the tests may change.
fn setting(name: &str, default: u64) -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program is not told: this is about how often it is attacked"
    )]
    let said = std::env::var(name);
    said.map_or(default, |text| text.parse().unwrap())
}

fn importer(customers: &Customers, sandbox: &StandIn, further: &[&str]) -> Importer {
    let mut importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    let url = sandbox.url();
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--base-url", &url]);
    for word in further {
        importer.arg(word);
    }
    importer
}

/// Sends a signal by its name.
fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let status = Command::new("kill").args([name, &pid]).status().unwrap();
    assert!(status.success(), "kill {name} {pid}");
}

/// Whether the child has ended, or the sandbox has so many customers.
fn ended_or_created(child: &mut Child, sandbox: &StandIn, created: usize) -> bool {
    child.try_wait().unwrap().is_some() || sandbox.created() >= created
}

/// The ledger holds every customer once, and the report and the journal agree.
#[track_caller]
fn assert_complete(customers: &Customers, sandbox: &StandIn, importer: &Importer, run: &Run) {
    let ledger = sandbox.numbers();
    let there: BTreeSet<String> = ledger.iter().cloned().collect();
    assert_eq!(there, customers.numbers(), "somebody is missing");
    assert_eq!(ledger.len(), there.len(), "somebody is there twice");
    let created = run.rows("created.csv");
    let reported: BTreeSet<String> = created.iter().map(|row| row["key"].clone()).collect();
    assert_eq!(created.len(), customers.0.len());
    assert_eq!(reported, there);
    assert_eq!(run.count("created"), customers.0.len() as u64);
    assert_eq!(open_intents(importer), 0);
    let violations = sandbox.counters().violations;
    assert!(violations.is_empty(), "{violations:?}");
}

/// Records that the journal holds as sent with nobody knowing what became of them.
fn open_intents(importer: &Importer) -> i64 {
    let path = importer.folder().join(".importer/journal.db");
    let journal = rusqlite::Connection::open(path).unwrap();
    let count = "SELECT (SELECT count(*) FROM v_unknown) + (SELECT count(*) FROM intents)";
    journal.query_row(count, [], |row| row.get(0)).unwrap()
}

/// Kills the program again and again, then lets it finish; says how often it was killed.
#[track_caller]
fn killed_until_done(seed: u64, faults: &str) -> usize {
    let customers = Customers::valid(seed, 300);
    let sandbox = StandIn::start(SandboxSettings {
        seed,
        faults: Faults::parse(faults).unwrap(),
        ..SandboxSettings::default()
    });
    let importer = importer(&customers, &sandbox, &SHORT);
    let mut random = Rng::with_seed(seed);
    let mut kills = 0;
    for _ in 0..40 {
        let mut child = importer.start();
        let target = sandbox.created() + random.usize(1..70);
        wait_for(|| ended_or_created(&mut child, &sandbox, target));
        if child.try_wait().unwrap().is_none() && sandbox.created() < 300 {
            child.kill().unwrap();
            child.wait_with_output().unwrap();
            kills += 1;
            continue;
        }
        let run = importer.read(child.wait_with_output().unwrap());
        if run.code == 0 {
            assert_complete(&customers, &sandbox, &importer, &run);
            let requests = sandbox.counters().posts;
            importer.run().expect(0);
            assert_eq!(sandbox.counters().posts, requests, "nothing is sent again");
            return kills;
        }
        // What could not be looked up in the midst of faults: the same command goes on.
        assert!([7, 75].contains(&run.code), "{}", run.said());
    }
    panic!("not done after 40 starts");
}

#[test]
fn killed_in_the_middle_nothing_is_lost_or_doubled() {
    assert!(killed_until_done(1, "") >= 3);
}

#[test]
fn killed_among_faults_nothing_is_lost_or_doubled() {
    assert!(killed_until_done(2, FAULTS) >= 3);
}

#[test]
fn killed_among_other_faults_nothing_is_lost_or_doubled() {
    assert!(killed_until_done(3, FAULTS) >= 3);
}

#[test]
fn killed_while_answers_come_too_late_nothing_is_lost_or_doubled() {
    // Committed after the client has given up, yet within the settle time.
    assert!(
        killed_until_done(
            4,
            "late_commit=0.03,hang_commit=0.03,hang=0.02,hang_for=450ms"
        ) >= 3
    );
}

#[test]
fn killed_before_anything_was_sent_it_starts_over() {
    let customers = Customers::valid(5, 50);
    let sandbox = StandIn::start(SandboxSettings::default());
    let importer = importer(&customers, &sandbox, &SHORT);
    let mut child = importer.start();
    let journal = importer.folder().join(".importer/journal.db");
    wait_for(|| journal.exists() || child.try_wait().unwrap().is_some());
    child.kill().unwrap();
    child.wait_with_output().unwrap();
    let run = importer.run().expect(0);
    assert_complete(&customers, &sandbox, &importer, &run);
}

/// Interrupts a run in an orderly way, and goes on with it.
#[track_caller]
fn stopped_by(name: &str, code: i32) {
    let customers = Customers::valid(6, 120);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox, &SHORT);
    importer.arg("--rate").arg("100/s");
    let mut child = importer.start();
    wait_for(|| ended_or_created(&mut child, &sandbox, 30));
    signal(&child, name);
    let run = importer
        .read(child.wait_with_output().unwrap())
        .expect(code);
    assert!(run.said().contains("the same command"), "{}", run.said());
    // What was in flight has finished and is known.
    assert_eq!(run.count("created"), sandbox.created() as u64);
    assert_eq!(run.rows("created.csv").len(), sandbox.created());
    assert_eq!(run.count("open"), 120 - sandbox.created() as u64);
    assert_eq!(open_intents(&importer), 0);
    let run = importer.run().expect(0);
    assert_complete(&customers, &sandbox, &importer, &run);
}

#[test]
fn ctrl_c_ends_in_good_order_and_the_same_command_goes_on() {
    stopped_by("-INT", 130);
}

#[test]
fn sigterm_ends_in_good_order_and_the_same_command_goes_on() {
    stopped_by("-TERM", 143);
}

/// A terminal that is closed asks its programs to end.
#[cfg(target_os = "linux")]
#[test]
fn sighup_ends_in_good_order_and_the_same_command_goes_on() {
    stopped_by("-HUP", 143);
}

/// `nohup` makes a program that does not mind.
#[cfg(target_os = "linux")]
#[test]
fn a_run_that_ignores_sighup_goes_on() {
    let customers = Customers::valid(8, 120);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox, &SHORT);
    importer.arg("--rate").arg("100/s");
    importer.shell("trap '' HUP; exec \"$@\"");
    let mut child = importer.start();
    wait_for(|| ended_or_created(&mut child, &sandbox, 30));
    signal(&child, "-HUP");
    let run = importer.read(child.wait_with_output().unwrap()).expect(0);
    assert_complete(&customers, &sandbox, &importer, &run);
}

#[test]
fn a_wish_to_stop_is_answered_at_once() {
    let again = "; Ctrl-C again drops them (their customers are unknown then)\n";
    let noch_einmal = "; noch einmal Strg+C bricht sie ab (ihre Kunden sind dann unbekannt)\n";
    for (sign, language, code, heard, what, meaning) in [
        (
            "-INT",
            "en",
            130,
            "stopping: ",
            " requests are under way, up to 20 s",
            again,
        ),
        (
            "-TERM",
            "en",
            143,
            "stopping: ",
            " requests are under way, up to 20 s",
            "\n",
        ),
        (
            "-INT",
            "de",
            130,
            "hält an: ",
            " Anfragen sind unterwegs, bis zu 20 s",
            noch_einmal,
        ),
    ] {
        let customers = Customers::valid(7, 40);
        let sandbox = StandIn::start(SandboxSettings::default());
        let words = ["--timeout", "12s", "--rate", "50/s", "--lang", language];
        let importer = importer(&customers, &sandbox, &words);
        let mut child = importer.start();
        wait_for(|| ended_or_created(&mut child, &sandbox, 10));
        // From now on the server takes everything and says nothing.
        sandbox.set_faults(Faults::parse("hang_commit=1,hang_for=60s").unwrap());
        let hung = || sandbox.counters().faults.values().sum::<u64>() >= 4;
        wait_for(|| hung() || child.try_wait().unwrap().is_some());
        signal(&child, sign);
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        // It is there while the answers are waited for, and the second wish ends the wait.
        while !said.contains(heard) {
            assert_ne!(errors.read_line(&mut said).unwrap(), 0, "{said}");
        }
        assert!(said.ends_with(&format!("{what}{meaning}")), "{said}");
        assert!(child.try_wait().unwrap().is_none(), "{said}");
        signal(&child, "-INT");
        assert_eq!(child.wait().unwrap().code(), Some(code), "{said}");
    }
}

#[test]
fn a_second_ctrl_c_waits_for_nobody() {
    let customers = Customers::valid(7, 40);
    let sandbox = StandIn::start(SandboxSettings::default());
    let patient = ["--timeout", "12s", "--settle", "600ms", "--rate", "50/s"];
    let mut importer = importer(&customers, &sandbox, &patient);
    let mut child = importer.start();
    wait_for(|| ended_or_created(&mut child, &sandbox, 10));
    // From now on the server takes everything and says nothing.
    sandbox.set_faults(Faults::parse("hang_commit=1,hang_for=60s").unwrap());
    let hung = || sandbox.counters().faults.values().sum::<u64>() >= 4;
    wait_for(|| hung() || child.try_wait().unwrap().is_some());
    let asked = Instant::now();
    let mut signals = 0;
    // Signals that come before the first one was heard are one: so ask until it obeys.
    wait_for(|| {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        signal(&child, "-INT");
        signals += 1;
        std::thread::park_timeout(Duration::from_millis(50));
        false
    });
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(signals >= 2, "one request had to be enough");
    let run = importer.read(child.wait_with_output().unwrap()).expect(130);
    assert!(run.count("unknown") >= 1, "{}", run.said());
    sandbox.set_faults(Faults::default());
    // What a process leaves is waited for as long as one request may take, and longer.
    let url = sandbox.url();
    let again = ["run", "shop.csv", "-m", "shop.toml", "--base-url", &url];
    let run = importer.args(again.iter().chain(&SHORT)).run().expect(0);
    assert_complete(&customers, &sandbox, &importer, &run);
}

#[test]
fn less_patience_than_the_dead_process_had_doubles_nobody() {
    let customers = Customers::valid(8, 1);
    let sandbox = StandIn::start(SandboxSettings {
        faults: Faults::parse("late_commit=1,hang_for=2500ms").unwrap(),
        ..SandboxSettings::default()
    });
    let promised = ["--timeout", "1500ms", "--settle", "3s"];
    let mut importer = importer(&customers, &sandbox, &promised);
    let mut child = importer.start();
    wait_for(|| sandbox.counters().posts >= 1 || child.try_wait().unwrap().is_some());
    child.kill().unwrap();
    child.wait_with_output().unwrap();
    let url = sandbox.url();
    let hasty = ["--timeout", "200ms", "--settle", "200ms"];
    let words = ["reconcile", "--base-url", &url];
    importer.args(words.iter().chain(&hasty)).run().expect(0);
    sandbox.set_faults(Faults::default());
    let words = ["run", "shop.csv", "-m", "shop.toml", "--base-url", &url];
    let run = importer.args(words.iter().chain(&hasty)).run().expect(0);
    assert_complete(&customers, &sandbox, &importer, &run);
}

#[test]
fn ids_that_no_answer_told_are_learnt_at_the_end() {
    let customers = Customers::valid(9, 60);
    let sandbox = StandIn::start(SandboxSettings {
        seed: 9,
        faults: Faults::parse("garbage=0.3,cut=0.3").unwrap(),
        stale: Duration::from_millis(600),
        ..SandboxSettings::default()
    });
    let times = ["--timeout", "1s", "--settle", "1s"];
    let importer = importer(&customers, &sandbox, &times);
    let run = importer.run().expect(0);
    let told: usize = sandbox
        .counters()
        .faults
        .values()
        .map(|n| *n as usize)
        .sum();
    assert!(told > 10, "{told}");
    for row in run.rows("created.csv") {
        assert!(!row["customer_id"].is_empty(), "{row:?}");
    }
}
