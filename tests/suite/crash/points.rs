//! Dead at every fail point, one after the other: what each instant leaves, the next process
//! makes whole.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;
use wawi_importer::fail_point::Point;
use wawi_importer::sandbox::Faults;

use super::witness::{End, Plan};
use crate::customers::{Customers, HEADER, MAPPING};
use crate::stand_in::StandIn;
use crate::support::{Importer, files_below, repository};

/// Deaths at once, for each processor: they mostly wait.
const AT_ONCE: usize = 4;

/// What has to be going on for a run to pass an instant.
enum Setting {
    /// An import from a file, or through the standard input, with a third of the POSTs lost
    /// after and another third before they were stored.
    Import { stdin: bool },
    /// An import that was killed before.
    Resumed,
    /// An import that the server stops with 402.
    Stopped,
    /// An input that turns out to be of no use.
    Unusable,
    /// A journal of an older format.
    OldJournal,
    /// A job whose archive is on another file system.
    Archive,
}

/// The setting of each instant, and the passages at which the program dies there.
fn setting_of(point: Point) -> (Setting, &'static [u32]) {
    let import = Setting::Import { stdin: false };
    match point {
        Point::SpoolWritten | Point::SpoolNamed | Point::SpoolSpent => {
            (Setting::Import { stdin: true }, &[1])
        }
        Point::JournalDrafted
        | Point::JournalNamed
        | Point::LockTaken
        | Point::RunBegun
        | Point::FindingsCommitted
        | Point::ReadNoted
        | Point::PagesCleared
        | Point::LogCut
        | Point::ReportWhole => (import, &[1]),
        // All reports' folder and the run's own; before and after the report.
        Point::ReportTried | Point::FinishReady | Point::FinishCommitted => (import, &[1, 2]),
        // Each of the files that are always there.
        Point::ReportWritten | Point::ReportSynced | Point::ReportNamed => (import, &[1, 2, 3]),
        Point::IntentReady
        | Point::IntentCommitted
        | Point::AgainReady
        | Point::AgainCommitted
        | Point::PostLeaving
        | Point::AnswerBegun
        | Point::PostAnswered
        | Point::LookLeaving
        | Point::LookAnswered
        | Point::OutcomeReady
        | Point::OutcomeCommitted
        | Point::FoundReady
        | Point::FoundCommitted => (import, &[1, 4]),
        Point::VoidReady | Point::VoidCommitted => (Setting::Stopped, &[1]),
        Point::RunReopened => (Setting::Resumed, &[1]),
        Point::Discarding | Point::Discarded => (Setting::Unusable, &[1]),
        Point::MigrationWritten | Point::MigrationCommitted => (Setting::OldJournal, &[1]),
        // Each of two inputs.
        Point::CopyNoted
        | Point::CopyWritten
        | Point::CopyWhole
        | Point::CopyNamed
        | Point::CopyDone => (Setting::Archive, &[1, 2]),
    }
}

/// The program dies at an instant and is started again until it is done.
fn die_and_go_on(point: Point, passage: u32) {
    let at = format!("{}@{passage}", point.name());
    let (faults, stdin) = match setting_of(point).0 {
        Setting::Unusable => return die_over_nothing(&at),
        Setting::OldJournal => return die_over_an_old_journal(&at),
        Setting::Archive => return die_over_an_archive(&at),
        Setting::Import { stdin } => ("commit_drop=0.3,drop=0.3", stdin),
        Setting::Resumed => ("commit_drop=0.3", false),
        Setting::Stopped => ("status=402@5", false),
    };
    // With broken ones, so that pass 1 finds something out.
    let mut plan = Plan::new(Customers::with_broken(u64::from(passage), 20));
    plan.server.faults = Faults::parse(faults).unwrap();
    plan.server.latency = Duration::from_millis(2);
    plan.stdin = stdin;
    let words = ["--timeout", "400ms", "--settle", "800ms"];
    let patient = ["--max-attempts", "20", "--concurrency", "4"];
    let mut attacked = plan.words(&words).words(&patient).build();
    if point == Point::RunReopened {
        let child = attacked.start(Some("run.begun"));
        assert!(matches!(attacked.end(child, false), End::Died), "run.begun");
    }
    let child = attacked.start(Some(&at));
    match attacked.end(child, false) {
        End::Died => {}
        End::Ended(run) => panic!("it never passes {at}: {}", run.said()),
    }
    attacked.server.lift();
    attacked.finish();
}

/// Starts the program, which dies at an instant.
fn die(importer: &mut Importer, at: &str) {
    importer.env("FAIL_POINT", at);
    let died = importer.run();
    assert!(
        !(0..=255).contains(&died.code),
        "it never passes {at}: {}",
        died.said()
    );
    importer.env("FAIL_POINT", "");
}

/// Takes back a run that turned out to be of no use, and dies meanwhile.
fn die_over_nothing(at: &str) {
    let server = StandIn::start(Default::default());
    let mut importer = Importer::new();
    importer.file("shop.csv", HEADER.join(";") + "\n");
    importer.file("shop.toml", MAPPING);
    let url = server.url();
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--base-url", &url]);
    die(&mut importer, at);
    importer.run().expect(4);
    let journal = Connection::open(importer.folder().join(".importer/journal.db")).unwrap();
    let runs = journal.query_row("SELECT count(*) FROM runs", [], |row| row.get(0));
    assert_eq!(runs, Ok(0), "{at} leaves a run that nobody can finish");
    let reports = files_below(&importer.folder().join("reports"));
    assert!(reports.is_empty(), "{reports:?}");
}

/// Brings a journal of format 1 to today's, and dies meanwhile.
fn die_over_an_old_journal(at: &str) {
    let server = StandIn::start(Default::default());
    let mut importer = Importer::new();
    importer.file("shop.csv", Customers::valid(1, 3).csv());
    importer.file("shop.toml", MAPPING);
    let old = std::fs::read(repository("tests/fixtures/journal-1.db")).unwrap();
    let path = importer.file(".importer/journal.db", old);
    let runs = |path: &Path| -> u32 {
        let journal = Connection::open(path).unwrap();
        let count = "SELECT count(*) FROM v_runs";
        journal.query_row(count, [], |row| row.get(0)).unwrap()
    };
    let before = runs(&path);
    let url = server.url();
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--base-url", &url]);
    die(&mut importer, at);
    importer.run().expect(0);
    assert_eq!(server.created(), 3);
    assert_eq!(runs(&path), before + 1);
    let journal = Connection::open(&path).unwrap();
    let format: i64 = journal
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert!(format > 1);
    let corrections = "SELECT count(*) FROM corrections";
    assert_eq!(journal.query_row(corrections, [], |row| row.get(0)), Ok(0));
}

/// Copies inputs to an archive on another file system, and dies meanwhile: each is there once, by
/// its own name, and told once, and nothing else is.
fn die_over_an_archive(at: &str) {
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
        // This system has no second file system that anybody may write to.
        return;
    };
    let server = StandIn::start(Default::default());
    let mut importer = Importer::new();
    let all = Customers::valid(3, 4).0;
    let (first, rest) = all.split_at(2);
    let customers = [("a.csv", first), ("b.csv", rest)]
        .map(|(name, some)| (name, Customers(some.to_vec()).csv()));
    for (name, text) in &customers {
        importer.file(&format!("inbox/{name}"), text);
    }
    importer.file("shop.toml", MAPPING);
    let archive = elsewhere.path().display();
    let job = format!(
        "[[job]]\nname = \"shop\"\ncron = \"@daily\"\ninputs = \"inbox/*.csv\"\n\
         mapping = \"shop.toml\"\nmin_age = \"0s\"\narchive_done = \"{archive}\"\n"
    );
    importer.file("jobs.toml", job);
    let url = server.url();
    importer.env("IMPORTER_BASE_URL", &url);
    // A file of somebody else, which looks like one of ours.
    let other = elsewhere.path().join(".importer-Ab3xyz.part");
    std::fs::write(&other, "mine").unwrap();
    importer.args(["schedule", "jobs.toml", "--once", "shop"]);
    die(&mut importer, at);
    importer.run().expect(0);
    let inbox = files_below(&importer.folder().join("inbox"));
    assert!(inbox.is_empty(), "{at}: {inbox:?}");
    let mut archived = files_below(elsewhere.path());
    archived.sort();
    let expected = [".importer-Ab3xyz.part", "a.csv", "b.csv"];
    assert_eq!(
        archived,
        expected.map(|name| elsewhere.path().join(name)),
        "{at}"
    );
    for (name, text) in &customers {
        let there = std::fs::read(elsewhere.path().join(name)).unwrap();
        assert_eq!(there, *text, "{at}");
    }
    let notes = files_below(&importer.folder().join(".importer/jobs/shop"));
    for note in ["copying", "moves", "untold"] {
        assert!(
            !notes.iter().any(|path| path.ends_with(note)),
            "{at}: {note}"
        );
    }
    assert_eq!(server.created(), 4, "{at}");
    // The next start tells of each, whichever of the two has moved it.
    let summary = importer.folder().join(".importer/jobs/shop/summary.json");
    let summary: Value = serde_json::from_slice(&std::fs::read(summary).unwrap()).unwrap();
    let inputs = summary["inputs"].as_array().unwrap().iter();
    let told: Vec<&str> = inputs
        .map(|input| input["input"].as_str().unwrap())
        .map(|path| path.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(told, ["a.csv", "b.csv"], "{at}");
}

#[test]
fn dead_at_every_fail_point_and_gone_on_with_nothing_is_lost_or_doubled() {
    let deaths: Vec<(Point, u32)> = Point::ALL
        .iter()
        .flat_map(|point| setting_of(*point).1.iter().map(|at| (*point, *at)))
        .collect();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(BTreeMap::new());
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..processors * AT_ONCE {
            scope.spawn(|| {
                while let Some(&(point, passage)) = deaths.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let name = format!("{}@{passage}", point.name());
                    let dying = std::thread::Builder::new()
                        .name(name.clone())
                        .spawn(move || die_and_go_on(point, passage))
                        .unwrap();
                    if let Err(panic) = dying.join() {
                        let said = panic.downcast_ref::<String>().cloned();
                        failed
                            .lock()
                            .unwrap()
                            .insert(name, said.unwrap_or_default());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{failed:#?}");
}
