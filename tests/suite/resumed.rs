//! A run that goes on takes from the journal what was found out about its input, begins at its
//! first open record, and reports what a run would that was never interrupted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser as _;
use rusqlite::Connection;
use serde_json::Value;
use tokio::sync::watch;
use wawi_importer::cli::{Cli, Command};
use wawi_importer::deliver::driver::Signal;
use wawi_importer::import::Waiting;
use wawi_importer::mapping::Mapping;
use wawi_importer::outcome::{Phase, Progress, RunEvent};
use wawi_importer::sandbox::SandboxSettings;
use wawi_importer::settings::{Environment, resolve_run};

use crate::stand_in::{StandIn, wait_for};
use crate::support::{Importer, Run, rows};

const MAPPING: &str = r#"
[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }

[customer.BillingAddress]
LastName = "Name"
Street = "Weg"
PostalCode = { column = "PLZ", as = "postal_code" }
City = "Ort"
CountryIso = { value = "DE" }
EmailAddress = { column = "E-Mail", as = "email" }
"#;

const GROUP: &str = r#"
[group]
by = "Nr"
into = "OtherAddresses.OtherShippingAddresses"

[group.address]
LastName = "Name"
Street = "Weg"
PostalCode = "PLZ"
City = "Ort"
CountryIso = { value = "DE" }
"#;

const JOIN: &str = r#"
[join]
file = "more.csv"
on = { "Nr" = "Nr" }
"#;

const HEADER: [&str; 7] = ["Nr", "Name", "Weg", "PLZ", "Ort", "E-Mail", "Notiz"];

const RECORDS: u64 = 1_300;

/// Records that fail, by their e-mail address or because their key was there before.
const FAILED: [u64; 6] = [5, 650, 651, 1_200, 1_225, 1_290];

/// More records than two blocks of 1 MiB hold, and fewer than all.
const FEW: u64 = 650;

/// Cells of a record: about four thousand bytes, so that the input has several blocks.
fn cells(record: u64) -> [String; 7] {
    let number = match record {
        // The first one with this key stands blocks before them.
        1_200 | 1_225 => 3,
        record => record,
    };
    let email = match record {
        5 | 650 | 651 | 1_290 => "kein Postfach".to_owned(),
        1_000 | 1_250 => "k1@example.org".to_owned(),
        _ => format!("k{record}@example.org"),
    };
    [
        format!("K{number}"),
        format!("Name {record}"),
        format!("Weg {record}"),
        // A spreadsheet took the zero away: a repair.
        if record.is_multiple_of(50) {
            "1067"
        } else {
            "01067"
        }
        .to_owned(),
        if matches!(record, 450 | 1_275) {
            "MÃ¼nchen"
        } else {
            "München"
        }
        .to_owned(),
        email,
        "ö".repeat(1_900 + usize::try_from(record % 101).unwrap()),
    ]
}

fn csv() -> String {
    let mut text = HEADER.join(";") + "\r\n";
    for record in 1..=RECORDS {
        writeln!(text, "{}\r", cells(record).join(";")).unwrap();
    }
    text
}

fn json_lines() -> String {
    let object = |record| -> Value {
        let named = HEADER.into_iter().zip(cells(record));
        named
            .map(|(name, cell)| (name.to_owned(), Value::String(cell)))
            .collect()
    };
    (1..=RECORDS)
        .map(|record| format!("{}\n", object(record)))
        .collect()
}

fn packed(text: &str) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    to.write_all(text.as_bytes()).unwrap();
    to.finish().unwrap()
}

/// An import of an input into an ERP of its own.
struct Shop {
    importer: Importer,
    erp: StandIn,
    name: String,
}

impl Shop {
    fn new(name: &str, bytes: impl AsRef<[u8]>, mapping: &str) -> Self {
        let importer = Importer::new();
        importer.file("map.toml", mapping);
        importer.file(name, bytes);
        Self {
            importer,
            erp: StandIn::start(SandboxSettings::default()),
            name: name.to_owned(),
        }
    }

    fn csv() -> Self {
        Self::new("in.csv", csv(), MAPPING)
    }

    fn words(&mut self, further: &[&str]) {
        let url = self.erp.url();
        let words = ["run", &self.name, "-m", "map.toml", "--base-url", &url];
        // One after the other, so that ids and the order of the ledger are the same each time.
        let one = ["--concurrency", "1", "-v"];
        self.importer.args(words.iter().chain(&one).chain(further));
    }

    fn run(&mut self, further: &[&str]) -> Run {
        self.words(further);
        self.importer.run()
    }

    fn journal(&self) -> Connection {
        Connection::open(self.importer.folder().join(".importer/journal.db")).unwrap()
    }

    /// The numbers in the ledger, after a look that none is there twice.
    #[track_caller]
    fn numbers(&self) -> Vec<String> {
        let numbers = self.erp.numbers();
        let mut sorted = numbers.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), numbers.len(), "somebody is there twice");
        let violations = self.erp.counters().violations;
        assert!(violations.is_empty(), "{violations:?}");
        numbers
    }
}

/// How many records a pass has read, by the log.
#[track_caller]
fn read_by(run: &Run, pass: &str) -> u64 {
    let line = run.stderr.lines().find(|line| line.contains(pass));
    let line = line.unwrap_or_else(|| panic!("no {pass}: {}", run.said()));
    let (_, number) = line.rsplit_once("records=").unwrap();
    number.trim().parse().unwrap()
}

const PASS_1: &str = "pass 1 has read";
const KEPT: &str = "behind what was kept";
const PASS_2: &str = "pass 2 has read";

#[track_caller]
fn assert_read_whole(run: &Run) {
    assert!(!run.stderr.contains(KEPT), "{}", run.said());
    assert_eq!(read_by(run, PASS_1), RECORDS);
}

/// What a report tells, file by file, without what differs from run to run.
fn told(run: &Run) -> BTreeMap<String, String> {
    let folder = run.reports().pop().unwrap();
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let mut told = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if ["summary.json", "created.csv"].contains(&name.as_str()) || is_page(&path) {
            continue;
        }
        let text = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        told.insert(name, text.replace(&id, "RUN"));
    }
    let created = run.rows("created.csv").into_iter().map(|mut row| {
        row.retain(|name, _| !name.ends_with("_at") && name != "at");
        format!("{row:?}\n")
    });
    told.insert("created.csv".to_owned(), created.collect());
    let mut summary = run.summary();
    let object = summary.as_object_mut().unwrap();
    for differs in [
        "run",
        "resumed",
        "started",
        "finished",
        "requests",
        "posts",
        "lookups",
        "retries",
        "throttled",
        "requests_per_second",
        "reading_seconds",
        "sending_seconds",
        "latency",
        "report_dir",
        "target",
        // It names the server and the run's folder.
        "correct_with",
    ] {
        object
            .remove(differs)
            .unwrap_or_else(|| panic!("{differs}"));
    }
    told.insert("summary.json".to_owned(), summary.to_string());
    told
}

/// Whether the file repeats for people what stands in the others, with times in it.
fn is_page(path: &Path) -> bool {
    path.extension()
        .is_some_and(|it| it == "html" || it == "xlsx")
}

#[track_caller]
fn assert_told_the_same(one: &Run, other: &Run) {
    let (one, other) = (told(one), told(other));
    let names = |told: &BTreeMap<String, String>| told.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    for (name, text) in &one {
        for (ours, theirs) in text.lines().zip(other[name].lines()) {
            assert_eq!(ours, theirs, "{name}");
        }
        assert_eq!(text.len(), other[name].len(), "{name}");
    }
}

#[test]
fn a_run_that_goes_on_begins_at_its_first_open_record_and_reports_the_same() {
    for (name, bytes) in [
        ("in.csv", csv().into_bytes()),
        ("in.jsonl", json_lines().into_bytes()),
    ] {
        let mut straight = Shop::new(name, &bytes, MAPPING);
        let whole = straight.run(&[]).expect(3);
        assert_read_whole(&whole);
        assert_eq!(whole.count("invalid"), FAILED.len() as u64);
        let repairs = whole.summary()["repairs"].to_string();
        assert!(repairs.contains("zero_restored\":26"), "{repairs}");
        let mut shop = Shop::new(name, &bytes, MAPPING);
        let first = shop.run(&["--limit", "1"]).expect(3);
        assert_read_whole(&first);
        assert_eq!(first.count("created"), 1);
        // The place is before record 2.
        let run = shop.run(&["--limit", "1195"]).expect(3);
        assert_eq!(read_by(&run, KEPT), RECORDS);
        assert_eq!(run.count("created"), 1_196);
        // All up to record 1200, whose key was there before, are settled.
        let run = shop.run(&["--limit", "50"]).expect(3);
        assert!(read_by(&run, KEPT) < FEW, "{}", run.said());
        assert!(read_by(&run, PASS_2) < FEW);
        let last = shop.run(&[]).expect(3);
        assert!(read_by(&last, KEPT) < FEW, "{}", last.said());
        assert!(read_by(&last, PASS_2) < FEW);
        assert!(shop.numbers() == straight.numbers(), "others");
        assert_told_the_same(&last, &whole);
    }
}

/// How long somebody takes to answer.
const THINKING: Duration = Duration::from_millis(800);

#[expect(
    clippy::disallowed_methods,
    reason = "the time itself is what counts here"
)]
fn slowly_yes(_: &Waiting) -> bool {
    std::thread::sleep(THINKING);
    true
}

#[test]
fn progress_of_a_run_that_goes_on_counts_nobody_twice() {
    let mut shop = Shop::csv();
    shop.run(&["--limit", "600"]).expect(3);
    let folder = shop.importer.folder();
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let line = [
        "importer".to_owned(),
        "run".to_owned(),
        at("in.csv"),
        format!("--mapping={}", at("map.toml")),
        format!("--state-dir={}", at(".importer")),
        format!("--report-dir={}", at("reports")),
        format!("--base-url={}", shop.erp.url()),
    ];
    let cli = Cli::try_parse_from(&line).unwrap();
    let Command::Run(args) = &cli.command else {
        panic!("{line:?}");
    };
    let choice = resolve_run(&cli, args, &Environment::default().typed(line)).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let (_signal, signal) = watch::channel(Signal::Go);
    let begun = Instant::now();
    let summary = wawi_importer::import::Import {
        input: "in.csv".to_owned(),
        path: folder.join("in.csv"),
        mapping: Mapping::load(&folder.join("map.toml")).unwrap(),
        settings: choice.settings,
        events: Arc::new(move |event| {
            if let RunEvent::Progress(progress) = event {
                heard.lock().unwrap().push(*progress);
            }
        }),
        signal,
        confirm: Some(Box::new(slowly_yes)),
        payloads: None,
    }
    .run()
    .unwrap();
    assert!(summary.resumed);
    // Who thinks about the question is no part of how fast the server is.
    let told_seconds = summary.reading_seconds + summary.sending_seconds;
    let most = begun.elapsed().saturating_sub(THINKING).as_secs_f64();
    assert!(told_seconds <= most, "{told_seconds} of {most} s");
    let told = told.lock().unwrap();
    let reading = |it: &&Progress| it.phase == Phase::Reading;
    assert!(told.iter().any(|it| reading(&it)), "nothing was told");
    for progress in told.iter() {
        let counts = &progress.counts;
        assert!(counts.read <= RECORDS, "{progress:?}");
        if progress.phase == Phase::Sending {
            assert_eq!(progress.total, Some(RECORDS), "{progress:?}");
            assert_eq!(progress.done + counts.open, RECORDS, "{progress:?}");
        }
    }
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let mut straight = Shop::csv();
    let whole = straight.run(&[]).expect(3);
    let mut shop = Shop::csv();
    shop.words(&["--settle", "0s", "--timeout", "2s"]);
    for created in [350, 1_190] {
        let mut child = shop.importer.start();
        wait_for(|| shop.erp.created() >= created || child.try_wait().unwrap().is_some());
        child.kill().unwrap();
        let killed = child.wait_with_output().unwrap();
        assert!(killed.status.code().is_none(), "it ended before");
    }
    let last = shop.importer.run().expect(3);
    assert!(read_by(&last, KEPT) < FEW, "{}", last.said());
    let mut numbers = shop.numbers();
    numbers.sort();
    let mut expected = straight.numbers();
    expected.sort();
    assert!(numbers == expected, "others");
    let (last, whole) = (told(&last), told(&whole));
    for name in ["failed.csv", "warnings.csv", "summary.json"] {
        assert_eq!(last[name], whole[name], "{name}");
    }
}

/// Before anything was sent; with what pass 1 found out, or without.
#[cfg(feature = "fail-points")]
#[test]
fn dead_before_the_first_post_it_goes_on_with_what_is_kept() {
    let mut straight = Shop::csv();
    let whole = straight.run(&[]).expect(3);
    for (point, kept) in [
        ("run.begun", false),
        ("findings.committed", false),
        ("run.read", true),
        ("intent.ready", true),
    ] {
        let mut shop = Shop::csv();
        shop.importer.env("FAIL_POINT", point);
        let died = shop.run(&["--settle", "0s"]);
        assert!(!(0..=255).contains(&died.code), "{point}: {}", died.said());
        assert_eq!(shop.erp.created(), 0);
        shop.importer.env("FAIL_POINT", "");
        let last = shop.run(&["--settle", "0s"]).expect(3);
        assert_eq!(last.stderr.contains(KEPT), kept, "{point}");
        assert!(shop.numbers() == straight.numbers(), "others");
        // The ids are the same, for nobody overtakes anybody.
        assert_told_the_same(&last, &whole);
    }
}

#[test]
fn what_cannot_be_read_on_from_the_middle_is_read_whole_and_reported_the_same() {
    let grouped = format!("{MAPPING}{GROUP}");
    let gz = packed(&csv());
    for (name, bytes, mapping) in [
        ("in.csv.gz", gz.as_slice(), MAPPING),
        ("in.csv", csv().as_bytes(), grouped.as_str()),
    ] {
        let mut straight = Shop::new(name, bytes, mapping);
        let whole = straight.run(&[]).expect(3);
        let mut shop = Shop::new(name, bytes, mapping);
        shop.run(&["--limit", "1190"]).expect(3);
        let last = shop.run(&[]).expect(3);
        assert_read_whole(&last);
        shop.numbers();
        assert_told_the_same(&last, &whole);
    }
}

#[test]
fn a_second_file_is_asked_only_for_what_is_open() {
    let mapping = format!("{}{JOIN}", MAPPING.replace("\"Weg\"", "\"more.Adresse\""));
    let mut more = "Nr;Adresse\n".to_owned();
    for record in 1..=RECORDS {
        writeln!(more, "K{record};Gasse {record}").unwrap();
    }
    let shop = || {
        let shop = Shop::new("in.csv", csv(), &mapping);
        shop.importer.file("more.csv", &more);
        shop
    };
    let mut straight = shop();
    let whole = straight.run(&[]).expect(3);
    let mut shop = shop();
    shop.run(&["--limit", "1195"]).expect(3);
    let last = shop.run(&[]).expect(3);
    assert!(read_by(&last, KEPT) < FEW, "{}", last.said());
    shop.numbers();
    assert_told_the_same(&last, &whole);
    // With another second file it is another run.
    shop.importer
        .file("more.csv", format!("{more}K9999;Gasse 9999\n"));
    assert_read_whole(&shop.run(&[]).expect(3));
}

#[test]
fn a_journal_of_the_format_before_has_nothing_kept() {
    let mut straight = Shop::csv();
    let whole = straight.run(&[]).expect(3);
    let mut shop = Shop::csv();
    shop.run(&["--limit", "1190"]).expect(3);
    let journal = shop.journal();
    journal
        .execute_batch(
            "DROP TABLE readings; ALTER TABLE journal DROP COLUMN body_hash; \
             PRAGMA user_version = 3;",
        )
        .unwrap();
    drop(journal);
    assert_read_whole(&shop.run(&["--limit", "1"]).expect(3));
    // By now it is.
    let last = shop.run(&[]).expect(3);
    assert!(read_by(&last, KEPT) < FEW, "{}", last.said());
    shop.numbers();
    assert_told_the_same(&last, &whole);
}

#[test]
fn what_is_kept_and_was_changed_by_somebody_stops_the_run() {
    let mut shop = Shop::csv();
    shop.run(&["--limit", "1190"]).expect(3);
    let journal = shop.journal();
    let change = "UPDATE readings SET content = replace(content, 'record\":5', 'record\":6')";
    assert!(journal.execute(change, []).unwrap() > 0);
    drop(journal);
    let refused = shop.run(&[]).expect(8);
    assert!(refused.stderr.contains("damaged"), "{}", refused.said());
    assert_eq!(shop.erp.created(), 1_190);
}

#[test]
fn another_mapping_or_another_input_is_looked_at_as_a_whole() {
    let mut shop = Shop::csv();
    shop.run(&["--limit", "1190"]).expect(3);
    let other = MAPPING.replace("\"DE\" }\n\n", "\"EN\" }\n\n");
    assert_ne!(other, MAPPING);
    shop.importer.file("map.toml", other);
    let run = shop.run(&["--limit", "10"]).expect(3);
    assert_read_whole(&run);
    assert_eq!((run.count("changed"), run.count("created")), (1_190, 10));
    let mut text = csv();
    writeln!(text, "{}\r", cells(RECORDS + 1).join(";")).unwrap();
    shop.importer.file("in.csv", text);
    shop.importer.file("map.toml", MAPPING);
    let run = shop.run(&[]).expect(3);
    assert!(!run.stderr.contains(KEPT), "{}", run.said());
    assert_eq!(read_by(&run, PASS_1), RECORDS + 1);
    let there = RECORDS + 1 - FAILED.len() as u64;
    assert_eq!(shop.numbers().len() as u64, there);
}

#[test]
fn what_failed_and_is_tried_again_fails_the_same_wherever_it_stands() {
    let mut shop = Shop::csv();
    let whole = shop.run(&[]).expect(3);
    let again = shop.run(&["--retry-failed"]).expect(3);
    // The first that failed stands in the first block, and everything is open from there.
    assert!(again.stderr.contains(KEPT), "{}", again.said());
    assert_told_the_same(&again, &whole);
    let failed = rows(&again.report_file("failed.csv"), b';');
    let records = failed.iter().map(|row| row["_record"].parse().unwrap());
    assert_eq!(records.collect::<Vec<u64>>(), FAILED);
    let left = shop.run(&[]).expect(3);
    assert!(!left.stderr.contains(PASS_1), "{}", left.said());
    shop.numbers();
}

#[test]
fn what_has_no_key_is_looked_at_again_once_it_may_be_sent() {
    let without = csv().replace("\nK1280;", "\n;").replace("\nK7;", "\n;");
    let mut shop = Shop::new("in.csv", &without, MAPPING);
    shop.run(&["--limit", "1190"]).expect(3);
    let run = shop.run(&["--allow-unkeyed"]).expect(3);
    assert_read_whole(&run);
    assert_eq!(run.count("invalid"), FAILED.len() as u64);
    assert_eq!(run.count("created"), RECORDS - FAILED.len() as u64);
}

#[test]
fn too_many_invalid_ones_are_accepted_without_another_look_at_all_of_them() {
    let mut shop = Shop::csv();
    let run = shop.run(&["--max-invalid", "3"]);
    assert_eq!(shop.erp.created(), 0, "{}", run.said());
    let run = shop.run(&["--max-invalid", "3"]);
    assert!(run.stderr.contains(KEPT), "{}", run.said());
    assert_eq!(shop.erp.created(), 0, "{}", run.said());
    let run = shop.run(&["--max-invalid", "10"]).expect(3);
    let mut straight = Shop::csv();
    let whole = straight.run(&[]).expect(3);
    assert_told_the_same(&run, &whole);
}

#[test]
fn a_returned_file_that_was_interrupted_goes_on() {
    let mut shop = Shop::csv();
    let whole = shop.run(&[]).expect(3);
    let failed = String::from_utf8(whole.report_file("failed.csv")).unwrap();
    let mended = failed.replace("kein Postfach", "da@example.org");
    shop.importer.file("back.csv", mended);
    shop.name = "back.csv".to_owned();
    shop.run(&["--limit", "1"]).expect(3);
    let last = shop.run(&[]).expect(3);
    assert!(!last.stderr.contains(KEPT), "{}", last.said());
    assert_eq!((last.count("created"), last.count("invalid")), (4, 1));
    assert_eq!(shop.numbers().len() as u64, RECORDS - 2);
}
