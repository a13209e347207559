//! What is forgotten is in no byte of the state folder and the reports; everybody else still is;
//! and nobody is created a second time after that.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use serde_json::Value;
use wawi_importer::sandbox::{Existing, Faults, SandboxSettings};

use crate::stand_in::{StandIn, wait_for};
use crate::support::{Importer, Run, files_below};

const MAPPING: &str = r#"
[report]
columns = ["Mail"]
[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = "Ort"
CountryIso = { value = "DE" }
EmailAddress = "Mail"
"#;

/// What stands in front of a customer's three digits wherever something of it is written.
const MARKS: [&str; 3] = ["kanari-", "tarnvogel", "piep"];

fn row(customer: u32) -> String {
    format!("KANARI-{customer:03};Tarnvogel{customer:03};Ulm;piep{customer:03}@kanari.example\n")
}

fn list(rows: impl IntoIterator<Item = String>) -> String {
    let rows: String = rows.into_iter().collect();
    format!("Nr;Name;Ort;Mail\n{rows}")
}

fn number(customer: u32) -> String {
    format!("KANARI-{customer:03}")
}

/// A state folder with three runs into two targets.
struct World {
    importer: Importer,
    shop: StandIn,
    other: StandIn,
}

impl World {
    /// In the first run 1 to 6 are created, 7, 8 and 12 are invalid in several ways, 9 is
    /// refused, 10 is there already; in the second 2 is changed, 3 is skipped and 20 to 25 are
    /// created; in the third 4 and 30 to 33 are created elsewhere.
    fn new() -> Self {
        let shop = StandIn::start(SandboxSettings {
            existing: vec![Existing::new(77, &number(10))],
            faults: Faults::parse("status=422@7-7").unwrap(),
            ..SandboxSettings::default()
        });
        let other = StandIn::start(SandboxSettings::default());
        let mut world = Self {
            importer: Importer::new(),
            shop,
            other,
        };
        let it = &world.importer;
        it.file("map.toml", MAPPING);
        it.file(
            "importer.toml",
            settings(&world.shop.url(), &world.other.url()),
        );
        let mut rows: Vec<String> = (1..=6).chain(9..=10).map(row).collect();
        rows.push(row(7).replace("Ulm", ""));
        rows.push(row(8).replace('@', "(at)"));
        rows.push(row(12).replace('\n', ";one;too;many\n"));
        it.file("in1.csv", list(rows));
        let rows = [2, 3, 20, 21, 22, 23, 24, 25].map(row);
        it.file(
            "in2.csv",
            list(rows).replace("Tarnvogel002;Ulm", "Tarnvogel002;Bonn"),
        );
        it.file("in3.csv", list([4, 30, 31, 32, 33].map(row)));
        let first = world.say("run in1.csv --concurrency 1").expect(3);
        assert_eq!(
            ["created", "invalid", "refused", "exists"].map(|name| first.count(name)),
            [6, 3, 1, 1]
        );
        assert!(first.has_report_file("unreadable.txt"));
        world.say("run in2.csv --report-dir elsewhere").expect(0);
        world.say("run in3.csv --profile other").expect(0);
        assert_eq!(world.left(), everybody(), "the tests see nothing");
        world
    }

    fn say(&mut self, words: &str) -> Run {
        let mapping = words.starts_with("run ").then_some(["-m", "map.toml"]);
        let words = words.split(' ').chain(mapping.into_iter().flatten());
        self.importer.args(words).run()
    }

    fn folder(&self) -> &Path {
        self.importer.folder()
    }

    /// The run of `input`, from `importer runs`.
    fn run_of(&mut self, input: &str) -> String {
        let said = self.say("runs --json").expect(0).stdout;
        let mut runs = said
            .lines()
            .map(|line| -> Value { serde_json::from_str(line).unwrap() });
        let run = runs.find(|run| run["input"] == input);
        run.unwrap()["run"].as_str().unwrap().to_owned()
    }

    /// The customers of whom anything stands in any file, in UTF-8 or UTF-16.
    fn left(&self) -> BTreeSet<u32> {
        let folders = [".importer", "reports", "elsewhere"].map(|name| self.folder().join(name));
        let files = folders.iter().flat_map(|folder| files_below(folder));
        files.flat_map(|file| customers_in(&file)).collect()
    }

    /// Imports everything once more: whoever was created is created once.
    fn import_again(&mut self) {
        for words in ["run in1.csv", "run in2.csv", "run in3.csv --profile other"] {
            let run = self.say(words);
            assert!([0, 3].contains(&run.code), "{}", run.said());
        }
        for erp in [&self.shop, &self.other] {
            let numbers = erp.numbers();
            let distinct: BTreeSet<_> = numbers.iter().collect();
            assert_eq!(distinct.len(), numbers.len(), "somebody is there twice");
        }
    }
}

fn settings(shop: &str, other: &str) -> String {
    format!(
        "profile = \"shop\"\n[profiles.shop]\ntarget = \"shop\"\nbase_url = \"{shop}\"\n\
         [profiles.other]\ntarget = \"other\"\nbase_url = \"{other}\"\n"
    )
}

/// Everybody of whom more than a hash is kept; that 10 exists is known by its record alone.
fn everybody() -> BTreeSet<u32> {
    (1..=9).chain([12]).chain(20..=25).chain(30..=33).collect()
}

fn customers_in(file: &Path) -> BTreeSet<u32> {
    let bytes = std::fs::read(file).unwrap().to_ascii_lowercase();
    let every_other = |skip| bytes.iter().copied().skip(skip).step_by(2).collect();
    let mut found = BTreeSet::new();
    for bytes in [bytes.clone(), every_other(0), every_other(1)] {
        for mark in MARKS {
            for at in 0..bytes.len() {
                let Some(rest) = bytes[at..].strip_prefix(mark.as_bytes()) else {
                    continue;
                };
                let digits = rest.get(..3).and_then(|three| str::from_utf8(three).ok());
                found.extend(digits.and_then(|digits| digits.parse::<u32>().ok()));
            }
        }
    }
    found
}

fn set(customers: impl IntoIterator<Item = u32>) -> BTreeSet<u32> {
    customers.into_iter().collect()
}

#[test]
fn a_run_goes_with_its_report_and_nobody_is_created_twice() {
    let mut world = World::new();
    // Somebody has the journal open, but reads nothing just now.
    let journal = world.folder().join(".importer/journal.db");
    let idle = rusqlite::Connection::open(journal).unwrap();
    let _: i64 = idle
        .query_row("SELECT count(*) FROM v_runs", [], |row| row.get(0))
        .unwrap();

    let run = world.run_of("in1.csv");
    let said = world.say(&format!("forget {run} --yes --json")).expect(0);
    let told: Value = serde_json::from_str(said.stdout.trim()).unwrap();
    assert_eq!(told["type"], "forgotten");
    assert_eq!(told["runs"], serde_json::json!([run]));
    assert_eq!(told["inputs"], serde_json::json!(["in1.csv"]));
    assert!(!world.folder().join("reports").join(&run).exists());
    let left = set([2, 3, 4].into_iter().chain(20..=25).chain(30..=33));
    assert_eq!(world.left(), left);
    let again = world.say(&format!("forget {run} --yes")).expect(2);
    assert!(again.stderr.contains("importer runs"), "{}", again.said());

    let guarded = world.say("run in1.csv").expect(3);
    assert_eq!((guarded.count("skipped"), guarded.count("created")), (6, 1));
    world.import_again();
}

#[test]
fn a_report_that_went_elsewhere_is_found() {
    let mut world = World::new();
    let run = world.run_of("in2.csv");
    world
        .say(&format!("report {run} --report-dir third"))
        .expect(0);
    world.say(&format!("forget {run} --yes")).expect(0);
    for folder in ["elsewhere", "third"] {
        let files = files_below(&world.folder().join(folder));
        assert!(files.is_empty(), "{files:?}");
    }
    assert_eq!(world.left(), set((1..=9).chain([12]).chain(30..=33)));
}

#[test]
fn what_is_older_goes_and_dry_runs_too() {
    let mut world = World::new();
    world.say("run in1.csv --dry-run").expect(3);
    // Nothing is a day old.
    let said = world.say("forget --older-than 1d --yes").expect(0);
    assert!(said.stdout.contains("nothing to forget"), "{}", said.said());
    assert!(world.left().is_superset(&everybody()));
    world.say("forget --older-than 0d --yes").expect(0);
    assert_eq!(world.left(), set([]));
    assert!(world.say("runs").expect(0).stderr.contains("no runs yet"));
    world.import_again();
}

#[test]
fn a_customer_goes_whatever_became_of_it_and_all_others_stay() {
    let mut world = World::new();
    let mut left = everybody();
    let before = world.run_of("in1.csv");
    let records = |world: &mut World| {
        let shown = world.say(&format!("show {before} --json")).expect(0).stdout;
        shown.lines().count()
    };
    assert_eq!(records(&mut world), 11);
    // Created, changed, skipped, in two targets, invalid in three ways, refused, existing.
    for customer in [1, 2, 3, 4, 7, 8, 12, 9, 10] {
        let said = world.say(&format!(
            "forget --customer {} --yes",
            number(customer).to_lowercase()
        ));
        let said = said.expect(0);
        assert!(
            said.stdout.contains("forgotten: customer"),
            "{}",
            said.said()
        );
        left.remove(&customer);
        assert_eq!(world.left(), left, "{customer}");
        let said = world
            .say(&format!("forget --customer {} --yes", number(customer)))
            .expect(0);
        assert!(said.stdout.contains("nothing is known"), "{}", said.said());
    }
    assert_eq!(records(&mut world), 11, "what became of the records stays");
    let said = world.say("run in1.csv").expect(3);
    assert!(said.said().contains("nothing was sent"), "{}", said.said());
    // As a new export: the hashes know them.
    let input = std::fs::read_to_string(world.folder().join("in1.csv")).unwrap();
    world
        .importer
        .file("in4.csv", format!("{input}{}", row(40)));
    let guarded = world.say("run in4.csv").expect(3);
    assert_eq!(guarded.count("skipped"), 6);
    world.import_again();
}

#[test]
fn a_dry_run_s_report_that_mentions_the_customer_goes_as_a_whole() {
    let mut world = World::new();
    world.say("run in1.csv --dry-run").expect(3);
    let count = |world: &World| {
        std::fs::read_dir(world.folder().join("reports"))
            .unwrap()
            .count()
    };
    assert_eq!(count(&world), 3);
    world
        .say(&format!("forget --customer {} --yes", number(24)))
        .expect(0);
    assert_eq!(count(&world), 3);
    world.say("forget --customer kanari-007 --yes").expect(0);
    assert_eq!(count(&world), 2);
}

#[test]
fn a_report_of_a_run_into_a_sandbox_goes_as_a_dry_run_s() {
    let mut world = World::new();
    let kept = world.left();
    world
        .say("run in1.csv --sandbox --report-dir rehearsed")
        .expect(3);
    let folder = world.folder().join("rehearsed");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let forget = |number: &str| format!("forget --customer {number} --report-dir rehearsed --yes");
    world.say(&forget("kanari-024")).expect(0);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "not in it");
    world.say(&forget("kanari-001")).expect(0);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    let left: BTreeSet<u32> = &kept - &set([1, 24]);
    assert_eq!(world.left(), left);

    world
        .say("run in1.csv --sandbox --report-dir rehearsed")
        .expect(3);
    let older = "forget --older-than 0d --report-dir rehearsed --yes";
    world.say(older).expect(0);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn failed_json_lines_lose_the_customer_too() {
    let mut world = World::new();
    let line = |customer: u32, city: &str| {
        format!(
            "{{\"Nr\":\"KANARI-{customer:03}\",\"Name\":\"Tarnvogel{customer:03}\",\
             \"Ort\":\"{city}\",\"Mail\":\"piep{customer:03}@kanari.example\"}}\n"
        )
    };
    let lines = [line(50, ""), line(51, ""), line(52, "Ulm")].concat();
    world.importer.file("in5.jsonl", lines);
    world.say("run in5.jsonl").expect(3);
    world
        .say(&format!("forget --customer {} --yes", number(50)))
        .expect(0);
    let mut left = everybody();
    left.extend([51, 52]);
    assert_eq!(world.left(), left);
}

#[test]
fn a_target_goes_with_its_guard() {
    let mut world = World::new();
    let said = world.say("forget --target nobody --yes").expect(2);
    assert!(
        said.stderr.contains("the targets are: other, shop"),
        "{}",
        said.said()
    );
    world.say("forget --target shop --yes").expect(0);
    assert_eq!(world.left(), set([4].into_iter().chain(30..=33)));
    // Nobody is known any more; the ERP is asked.
    let again = world.say("run in1.csv").expect(3);
    assert_eq!((again.count("exists"), again.count("created")), (7, 1));
    world.import_again();
}

#[test]
fn killed_in_the_midst_the_same_command_completes_it() {
    for moment in 0..4 {
        let mut world = World::new();
        let run = world.run_of("in1.csv");
        let report = world.folder().join("reports").join(&run);
        let journal = world.folder().join(".importer/journal.db");
        world.importer.args(["forget", &run, "--yes"]);
        let mut child = world.importer.start();
        let has_left = || {
            let journal = rusqlite::Connection::open(&journal).unwrap();
            let sql = "SELECT NOT EXISTS (SELECT 1 FROM runs WHERE id = ?1)";
            journal
                .query_row(sql, [&run], |row| row.get(0))
                .unwrap_or(false)
        };
        wait_for(|| {
            let is_due = match moment {
                0 => true,
                1 => !report.join("summary.json").exists(),
                2 => !report.exists(),
                _ => has_left(),
            };
            is_due || child.try_wait().unwrap().is_some()
        });
        let _ = child.kill();
        child.wait_with_output().unwrap();
        let again = world.importer.run();
        // Where it had been quick enough, there is no such run any more.
        assert!([0, 2].contains(&again.code), "{}", again.said());
        let left = set([2, 3, 4].into_iter().chain(20..=25).chain(30..=33));
        assert_eq!(world.left(), left, "moment {moment}: {}", again.said());
        world.import_again();
    }
}

#[test]
fn nobody_there_to_ask_is_no_yes() {
    let mut world = World::new();
    let run = world.run_of("in1.csv");
    for words in [
        "forget --older-than 0d".to_owned(),
        "forget --target shop".to_owned(),
        format!("forget --customer {}", number(1)),
        format!("forget {run}"),
    ] {
        let said = world.say(&words).expect(2);
        assert!(said.stderr.contains("add --yes"), "{}", said.said());
    }
    // What is not there needs no yes.
    for (words, code, told) in [
        ("forget nope", 2, "there is no run `nope`"),
        ("forget --target nope", 2, "there is no target `nope`"),
        (
            "forget --customer nope",
            0,
            "nothing is known of this customer",
        ),
        ("forget --older-than 3650d", 0, "there is nothing to forget"),
    ] {
        let said = world.say(words).expect(code);
        assert!(said.said().contains(told), "{}", said.said());
        assert!(!said.stderr.contains("--yes"), "{}", said.said());
    }
    world.importer.env("IMPORTER_YES", "true");
    world.say("forget --older-than 0d").expect(2);
    assert_eq!(world.left(), everybody());
}

#[test]
fn what_is_unknown_is_not_forgotten_unless_that_is_insisted_upon() {
    let mut world = World::new();
    // Created, but no answer, and none to the look-ups either.
    world
        .shop
        .set_faults(Faults::parse("commit_drop=1,lookups=0").unwrap());
    world.importer.file("in6.csv", list([60, 61].map(row)));
    let before = world.shop.numbers().len();
    world.importer.args([
        "run",
        "in6.csv",
        "-m",
        "map.toml",
        "--timeout",
        "1s",
        "--settle",
        "60s",
    ]);
    let mut child = world.importer.start();
    wait_for(|| world.shop.numbers().len() == before + 2 || child.try_wait().unwrap().is_some());
    child.kill().unwrap();
    child.wait_with_output().unwrap();
    let mut all = everybody();
    all.extend([60, 61]);
    assert!(
        world.left().is_superset(&set([60, 61])),
        "the bodies are in the journal"
    );

    let run = world.run_of("in6.csv");
    for words in [
        format!("forget {run} --yes"),
        "forget --target shop --yes".to_owned(),
        format!("forget --customer {} --yes", number(60)),
    ] {
        let said = world.say(&words).expect(7);
        assert!(
            said.stderr.contains("importer reconcile"),
            "{}",
            said.said()
        );
    }
    assert_eq!(world.left(), all);
    // All others go; this one stays, and is named.
    let said = world.say("forget --older-than 0d --yes").expect(7);
    assert!(
        said.stderr.contains(&run) && said.stderr.contains("it stays"),
        "{}",
        said.said()
    );
    assert_eq!(world.left(), set([60, 61]));

    // Known at last, they can go; or at once by force.
    world.shop.lift();
    world.say("reconcile --timeout 2s --settle 0s").expect(0);
    let said = world.say(&format!("forget {run} --yes")).expect(7);
    assert!(said.stderr.contains("not finished"), "{}", said.said());
    world.say(&format!("forget {run} --yes --force")).expect(0);
    assert_eq!(world.left(), set([]));
    world.import_again();
    let again = world.say("run in6.csv").expect(0);
    assert_eq!(again.count("skipped"), 2);
}

#[test]
fn by_force_open_intents_go_without_a_trace() {
    let mut world = World::new();
    world
        .shop
        .set_faults(Faults::parse("hang=1,hang_for=60s").unwrap());
    world.importer.file("in6.csv", list([60, 61].map(row)));
    world.importer.args(["run", "in6.csv", "-m", "map.toml"]);
    let mut child = world.importer.start();
    let posts = |world: &World| world.shop.counters().posts;
    let before = posts(&world);
    wait_for(|| posts(&world) > before || child.try_wait().unwrap().is_some());
    child.kill().unwrap();
    child.wait_with_output().unwrap();
    assert!(world.left().contains(&60), "the body is in the journal");
    world.say("forget --target shop --yes --force").expect(0);
    assert_eq!(world.left(), set([4].into_iter().chain(30..=33)));
}

#[test]
fn a_kept_stdin_goes_with_its_run() {
    let mut world = World::new();
    world.importer.stdin(list([70, 71, 72].map(row)));
    world.say("run - --limit 1").expect(0);
    let spool = world.folder().join(".importer/spool");
    assert_eq!(files_below(&spool).len(), 1);
    assert!(world.left().contains(&72));
    let said = world.say("forget --customer kanari-072 --yes").expect(7);
    assert!(said.stderr.contains("stdin"), "{}", said.said());
    let run = world.run_of("-");
    world.say(&format!("forget {run} --yes")).expect(7);

    // What a killed process kept before its run began is nobody's after a while.
    let young = world.importer.file(".importer/spool/stdin-abc", row(80));
    let old = world.importer.file(".importer/spool/stdin-def", row(81));
    let hours = std::time::Duration::from_secs(2 * 60 * 60);
    let file = std::fs::File::options().write(true).open(&old).unwrap();
    let then = file.metadata().unwrap().modified().unwrap() - hours;
    file.set_modified(then).unwrap();
    world.say(&format!("forget {run} --yes --force")).expect(0);
    assert_eq!(files_below(&spool), [young]);
    let mut left = everybody();
    left.insert(80);
    assert_eq!(world.left(), left);
}

#[test]
fn a_kept_stdin_that_is_compressed_is_looked_into() {
    let mut world = World::new();
    for (customer, name) in [(90, "stdin-a"), (91, "stdin-b")] {
        let file = world.importer.file(&format!(".importer/spool/{name}"), "");
        let mut to = flate2::write::GzEncoder::new(
            std::fs::File::create(file).unwrap(),
            flate2::Compression::default(),
        );
        to.write_all(list([row(customer)]).as_bytes()).unwrap();
        to.finish().unwrap();
    }
    let spool = world.folder().join(".importer/spool");
    world.say("forget --customer kanari-090 --yes").expect(0);
    assert_eq!(files_below(&spool), [spool.join("stdin-b")]);
}

#[test]
fn what_a_person_put_into_a_report_s_folder_stays_and_is_named() {
    let mut world = World::new();
    let run = world.run_of("in1.csv");
    world
        .importer
        .file(&format!("reports/{run}/corrected.csv"), "mine");
    let said = world.say(&format!("forget {run} --yes")).expect(0);
    assert!(said.stderr.contains("corrected.csv"), "{}", said.said());
    let folder = world.folder().join("reports").join(&run);
    assert_eq!(files_below(&folder), [folder.join("corrected.csv")]);
}

#[test]
fn a_failed_file_that_somebody_edited_keeps_nobody_from_being_forgotten() {
    let mut world = World::new();
    let run = world.run_of("in1.csv");
    let failed = format!("reports/{run}/failed.csv");
    let path = world.folder().join(&failed);
    // Without a column that the mapping reads.
    let text = std::fs::read_to_string(&path).unwrap();
    world
        .importer
        .file(&failed, text.replacen(";Ort;", ";Stadt;", 1));
    world
        .importer
        .file(&format!("reports/{run}/notes.txt"), "mine");
    let mut left = world.left();
    // Not in it: it stays, and what a person put beside it is named.
    let said = world.say("forget --customer kanari-001 --yes").expect(0);
    assert!(said.stderr.contains("notes.txt"), "{}", said.said());
    assert!(!said.stderr.contains("as a whole"), "{}", said.said());
    left.remove(&1);
    assert_eq!(world.left(), left);
    assert!(path.is_file());
    // In it: it goes.
    let said = world.say("forget --customer kanari-007 --yes").expect(0);
    assert!(said.stderr.contains("failed.csv"), "{}", said.said());
    assert!(said.stderr.contains("as a whole"), "{}", said.said());
    assert!(!path.exists());
    assert!(!world.left().contains(&7));
    assert!(world.left().contains(&2));
}

/// Else it could write what was erased a moment ago.
#[cfg(unix)]
#[test]
fn nothing_is_forgotten_while_a_report_is_written_again() {
    let shop = StandIn::start(SandboxSettings::default());
    let mut it = Importer::new();
    it.file("map.toml", MAPPING);
    it.file(
        "in.csv",
        list((1..=9_000).map(|n| row(n).replace('@', "(at)"))),
    );
    let words = "run in.csv -m map.toml --max-invalid 100% --base-url";
    let words = words.split(' ').map(str::to_owned).chain([shop.url()]);
    let first = it.args(words).run().expect(3);
    let run = first.summary()["run"].as_str().unwrap().to_owned();
    let state = it.folder().join(".importer");
    let is_held = || {
        let files = files_below(&state);
        let mut holders = files
            .iter()
            .filter(|path| path.extension().is_some_and(|end| end == "holder"));
        holders.any(|path| std::fs::read_to_string(path).is_ok_and(|by| by.contains("report")))
    };
    let mut writing = it.args(["report", &run]).start();
    wait_for(|| is_held() || writing.try_wait().unwrap().is_some());
    let pid = writing.id().to_string();
    let signal = |name: &str| {
        std::process::Command::new("kill")
            .args([name, &pid])
            .status()
    };
    assert!(signal("-STOP").unwrap().success());
    let forget = ["forget", &run, "--yes"];
    let said = it.args(forget).run();
    assert!(signal("-CONT").unwrap().success());
    assert!(writing.wait().unwrap().success());
    assert!(said.expect(6).stderr.contains("importer report"));
    it.args(forget).run().expect(0);
    assert_eq!(first.reports().len(), 0);
    let gone = it.args(["report", &run]).run();
    assert_ne!(gone.code, 0, "{}", gone.said());
    assert_eq!(first.reports().len(), 0);
}
