//! The input changes while it is imported: during the first reading, between the two readings,
//! while records are sent, before the report is made. The moments are those of the server's
//! requests, so nothing depends on who is faster.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use wawi_importer::sandbox::SandboxSettings;

use super::rogue::Rogue;
use super::{assert_once, assert_orderly, importer};
use crate::customers::Customers;
use crate::stand_in::{StandIn, wait_for};

/// Ways to change a file.
const CHANGES: [&str; 5] = ["appended", "cut", "edited", "replaced", "deleted"];

fn change(path: &Path, how: &str) {
    let mut bytes = std::fs::read(path).unwrap();
    match how {
        "appended" => bytes.extend_from_slice(b"K999999;;;Neu;;;;Ulm\n"),
        "cut" => bytes.truncate(bytes.len() / 2),
        // The first last name gets another letter; the length stays.
        "edited" => {
            let at = bytes
                .windows(6)
                .position(|six| six == b"Tarnk\xc3")
                .unwrap();
            bytes[at] = b'W';
        }
        "replaced" => {
            let other = path.with_extension("other");
            std::fs::write(&other, Customers::valid(999, 3).csv()).unwrap();
            std::fs::rename(&other, path).unwrap();
            return;
        }
        _ => return std::fs::remove_file(path).unwrap(),
    }
    std::fs::write(path, bytes).unwrap();
}

/// A well-behaved server that calls `at` when the first listing (POST 0) or a POST is asked for.
fn server(post: usize, at: impl Fn() + Send + Sync + 'static) -> Rogue {
    let at = Mutex::new(Some(at));
    Rogue::start(move |asked, _| {
        let now = match asked.method.as_str() {
            "POST" => asked.before + 1 == post,
            _ => post == 0,
        };
        if now && let Some(at) = at.lock().unwrap().take() {
            at();
        }
        None
    })
}

#[test]
fn a_change_between_the_readings_stops_before_anybody_is_sent() {
    let customers = Customers::valid(351, 20);
    for how in CHANGES {
        let path = std::sync::Arc::new(Mutex::new(PathBuf::new()));
        let shared = std::sync::Arc::clone(&path);
        let rogue = server(0, move || change(&shared.lock().unwrap(), how));
        let importer = importer(&customers, &rogue.url());
        *path.lock().unwrap() = importer.folder().join("shop.csv");
        let run = importer.run();
        assert_orderly(&run);
        assert_eq!(run.code, 1, "{how}: {}", run.said());
        assert!(run.stderr.contains("shop.csv"), "{how}: {}", run.said());
        assert!(rogue.ledger().is_empty(), "{how}");
        importer.file("shop.csv", customers.csv());
        let run = importer.run().expect(0);
        assert_once(&customers, rogue.ledger());
        assert_eq!(run.count("created"), 20, "{how}");
    }
}

#[test]
fn a_change_while_records_are_sent_stops_the_run_and_the_same_file_goes_on() {
    // Several blocks of 1 MiB: those that come later are compared later.
    let mut customers = Customers::valid(352, 300);
    for customer in &mut customers.0 {
        customer.cells[crate::customers::column("Bemerkung")] = "viel zu sagen ".repeat(1500);
    }
    for how in CHANGES {
        let path = std::sync::Arc::new(Mutex::new(PathBuf::new()));
        let shared = std::sync::Arc::clone(&path);
        let rogue = server(5, move || change(&shared.lock().unwrap(), how));
        let importer = importer(&customers, &rogue.url());
        *path.lock().unwrap() = importer.folder().join("shop.csv");
        let run = importer.run();
        assert_orderly(&run);
        assert_eq!(run.code, 1, "{how}: {}", run.said());
        assert!(run.stderr.contains("shop.csv"), "{how}: {}", run.said());
        assert!(
            run.stderr.contains("importer show"),
            "{how}: {}",
            run.said()
        );
        let sent = rogue.ledger().len();
        assert!(sent >= 5, "{how}");
        assert!(rogue.ledger().iter().all(|number| number.starts_with('K')));
        importer.file("shop.csv", customers.csv());
        let run = importer.run().expect(0);
        assert_once(&customers, rogue.ledger());
        assert_eq!(rogue.most_posts_of_one(), 1);
        if run.has_report_file("created.csv") {
            assert_eq!(run.count("created"), 300, "{how}");
        }
    }
}

#[test]
fn a_change_before_the_report_leaves_the_run_finished_and_the_report_for_later() {
    let customers = Customers::valid(353, 10);
    for how in CHANGES {
        let path = std::sync::Arc::new(Mutex::new(PathBuf::new()));
        let shared = std::sync::Arc::clone(&path);
        let rogue = server(10, move || change(&shared.lock().unwrap(), how));
        let mut importer = importer(&customers, &rogue.url());
        *path.lock().unwrap() = importer.folder().join("shop.csv");
        let run = importer.run();
        assert_orderly(&run);
        assert_eq!(run.code, 1, "{how}: {}", run.said());
        assert!(
            run.stderr.contains("`importer report "),
            "{how}: {}",
            run.said()
        );
        assert_once(&customers, rogue.ledger());
        importer.file("as-it-was.csv", customers.csv());
        let id = run.stderr.split("`importer report ").nth(1).unwrap();
        let id = id.split([' ', '`']).next().unwrap();
        importer.args(["report", id, "--input", "as-it-was.csv"]);
        let run = importer.run().expect(0);
        assert_eq!(run.rows("created.csv").len(), 10, "{how}");
        assert_eq!(rogue.most_posts_of_one(), 1);
    }
}

#[test]
fn a_change_during_the_first_reading_is_code_4_and_leaves_no_run_behind() {
    // Long enough that it is still being read when its journal is there.
    let customers = Customers::valid(354, 20_000);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    let mut child = importer.start();
    let journal = importer.folder().join(".importer/journal.db");
    wait_for(|| journal.exists() || child.try_wait().unwrap().is_some());
    change(&importer.folder().join("shop.csv"), "appended");
    let run = importer.read(child.wait_with_output().unwrap());
    assert_orderly(&run);
    assert!([1, 4].contains(&run.code), "{}", run.said());
    assert!(run.stderr.contains("was changed while"), "{}", run.said());
    assert_eq!(sandbox.counters().posts, 0);
    importer.args(["runs", "--json"]);
    if run.code == 4 {
        assert_eq!(importer.run().expect(0).stdout, "");
    }
}
