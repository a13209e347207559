//! The journal's hostile surroundings: it was cut or overwritten, something else stands in its
//! place, it lies on a network, others use it at the same time, the clock was set back.

use std::path::{Path, PathBuf};
use std::process::Child;

use rusqlite::Connection;
use wawi_importer::sandbox::{Faults, SandboxSettings};

use crate::stand_in::{StandIn, wait_for};
use crate::support::{Importer, Run, files_below, repository};

const MAPPING: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = "Ort"
CountryIso = { value = "DE" }
"#;

fn list(prefix: &str, records: usize) -> String {
    let rows = (1..=records).map(|n| format!("{prefix}{n};Muster{n};Ulm\n"));
    format!("Nr;Name;Ort\n{}", rows.collect::<String>())
}

fn importer(erp: &StandIn) -> Importer {
    let importer = Importer::new();
    importer.file("map.toml", MAPPING);
    importer.file(
        "importer.toml",
        format!(
            "profile = \"erp\"\n[profiles.erp]\ntarget = \"erp\"\nbase_url = \"{0}\"\n\
             [profiles.other]\ntarget = \"other\"\nbase_url = \"{0}\"\n",
            erp.url()
        ),
    );
    importer
}

fn say(importer: &mut Importer, words: &str) -> Run {
    importer.args(words.split(' ')).run()
}

/// A state folder with a finished run, `done.csv`, and an unfinished one, `half.csv`. With few
/// records under way at once no page of the journal is free: SQLite looks at no free ones.
fn with_history(erp: &StandIn) -> (Importer, String) {
    let mut it = importer(erp);
    it.file("done.csv", list("D", 150));
    it.file("half.csv", list("H", 60));
    it.file("new.csv", list("N", 3));
    say(&mut it, "run done.csv -m map.toml --concurrency 1").expect(0);
    say(
        &mut it,
        "run half.csv -m map.toml --limit 30 --concurrency 1",
    )
    .expect(0);
    let runs = say(&mut it, "runs --json").expect(0).stdout;
    let oldest = runs.lines().last().unwrap();
    let oldest: serde_json::Value = serde_json::from_str(oldest).unwrap();
    (it, oldest["run"].as_str().unwrap().to_owned())
}

/// Every command that opens the journal, over every kind of input.
fn every_path(run: &str) -> Vec<String> {
    vec![
        "run new.csv -m map.toml".to_owned(),
        "run half.csv -m map.toml".to_owned(),
        "run done.csv -m map.toml".to_owned(),
        "runs".to_owned(),
        format!("show {run}"),
        format!("report {run}"),
        "reconcile".to_owned(),
        format!("forget {run} --yes"),
    ]
}

/// The files of the journal, but for SQLite's own index.
fn files(state: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let names = ["journal.db", "journal.db-wal", "journal.db-journal"];
    let paths = names.map(|name| state.join(name));
    paths
        .into_iter()
        .filter_map(|path| Some((path.clone(), std::fs::read(path).ok()?)))
        .collect()
}

/// Every path names the journal, ends with 8, says what to do, and changes nothing.
#[track_caller]
fn assert_refused(it: &mut Importer, run: &str, what: &str) {
    let state = it.folder().join(".importer");
    let before = files(&state);
    for words in every_path(run) {
        let said = say(it, &words);
        assert_eq!(said.code, 8, "{what}: {words}: {}", said.said());
        assert!(
            said.stderr.contains("journal.db"),
            "{what}: {}",
            said.said()
        );
        assert!(said.stderr.contains("help: "), "{what}: {}", said.said());
        assert!(
            files(&state) == before,
            "{what}: {words} changed the journal"
        );
    }
}

fn overwritten(whole: &[u8], range: std::ops::Range<usize>, byte: u8) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    bytes[range].fill(byte);
    bytes
}

#[test]
fn a_journal_that_was_cut_or_overwritten_is_named_on_every_path() {
    let erp = StandIn::start(SandboxSettings::default());
    let (mut it, run) = with_history(&erp);
    let path = it.folder().join(".importer/journal.db");
    let whole = std::fs::read(&path).unwrap();
    let (length, page) = (whole.len(), 4_096);
    assert!(length > 8 * page);
    let middle = length / page / 2 * page;
    let posts = erp.counters().posts;
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("a text", b"Nr;Name\n".repeat(2_000)),
        ("cut in the header", whole[..80].to_vec()),
        ("cut in half", whole[..length / 2].to_vec()),
        ("cut by a page", whole[..length - page].to_vec()),
        ("cut by a byte", whole[..length - 1].to_vec()),
        ("header of zeros", overwritten(&whole, 0..100, 0)),
        ("first page of zeros", overwritten(&whole, 0..page, 0)),
        (
            "middle page of zeros",
            overwritten(&whole, middle..middle + page, 0),
        ),
        (
            "middle page of noise",
            overwritten(&whole, middle..middle + page, 0xA5),
        ),
        (
            "last page of zeros",
            overwritten(&whole, length - page..length, 0),
        ),
        (
            "zeros from the middle on",
            overwritten(&whole, middle..length, 0),
        ),
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert_refused(&mut it, &run, what);
    }
    // Whole again, everything goes on as if nothing had been.
    assert_eq!(erp.counters().posts, posts);
    std::fs::write(&path, &whole).unwrap();
    say(&mut it, "run half.csv -m map.toml").expect(0);
    assert_eq!(erp.created(), 210);
}

#[test]
fn every_page_of_a_journal_is_looked_at_by_every_command_that_opens_it() {
    let erp = StandIn::start(SandboxSettings::default());
    let (mut it, run) = with_history(&erp);
    let path = it.folder().join(".importer/journal.db");
    let whole = std::fs::read(&path).unwrap();
    let mut paths = every_path(&run).into_iter().cycle();
    for at in (0..whole.len()).step_by(4_096) {
        // Another page in its place is a whole page, but not the right one.
        let other = if at == 4_096 { 8_192 } else { 4_096 };
        let mut swapped = whole.clone();
        swapped.copy_within(other..other + 4_096, at);
        for bytes in [overwritten(&whole, at..at + 4_096, 0), swapped] {
            std::fs::write(&path, &bytes).unwrap();
            let words = paths.next().unwrap();
            let said = say(&mut it, &words);
            assert_eq!(said.code, 8, "page at {at}: {words}: {}", said.said());
            assert!(std::fs::read(&path).unwrap() == bytes, "{words} changed it");
        }
    }
}

#[test]
fn what_is_no_journal_of_ours_is_named_on_every_path() {
    let erp = StandIn::start(SandboxSettings::default());
    let (mut it, run) = with_history(&erp);
    let state = it.folder().join(".importer");
    let path = state.join("journal.db");
    let newer = Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    newer.close().unwrap();
    assert_refused(&mut it, &run, "a newer format");

    // Another program's, whose log is not moved into its file by our looking at it.
    std::fs::remove_file(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "journal_mode", "WAL").unwrap();
    other
        .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        .unwrap();
    let copy = files(&state);
    assert_eq!(copy.len(), 2, "with its log");
    other.close().unwrap();
    for (path, bytes) in &copy {
        std::fs::write(path, bytes).unwrap();
    }
    assert_refused(&mut it, &run, "another program's database");

    for (path, _) in copy {
        std::fs::remove_file(path).unwrap();
    }
    std::fs::create_dir(&path).unwrap();
    assert_refused(&mut it, &run, "a folder");
    std::fs::remove_dir(&path).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        assert_refused(&mut it, &run, "a dangling link");
        assert!(path.is_symlink());
        std::fs::remove_file(&path).unwrap();
    }
    std::fs::write(state.join("journal.db-wal"), "commits").unwrap();
    assert_refused(&mut it, &run, "a log without its file");
}

/// A run that was killed, so that what it did last stands in the log alone.
fn killed(erp: &StandIn) -> (Importer, String) {
    let (mut it, run) = with_history(erp);
    it.file("more.csv", list("M", 400));
    let before = erp.created();
    it.args("run more.csv -m map.toml --timeout 2s --settle 0s".split(' '));
    let mut child = it.start();
    wait_for(|| erp.created() > before + 60 || child.try_wait().unwrap().is_some());
    child.kill().unwrap();
    child.wait_with_output().unwrap();
    (it, run)
}

#[test]
fn a_log_that_was_garbled_or_is_another_s_is_named_on_every_path() {
    let erp = StandIn::start(SandboxSettings::default());
    let (mut it, run) = killed(&erp);
    let path = it.folder().join(".importer/journal.db-wal");
    let whole = std::fs::read(&path).unwrap();
    let frame = 24 + 4_096;
    assert!(whole.len() > 32 + 20 * frame, "{}", whole.len());

    let elsewhere = tempfile::tempdir().unwrap();
    let other = Connection::open(elsewhere.path().join("x.db")).unwrap();
    other.pragma_update(None, "journal_mode", "WAL").unwrap();
    other
        .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(30000))")
        .unwrap();
    let others = std::fs::read(elsewhere.path().join("x.db-wal")).unwrap();
    let half = whole.len() / 2;

    for (what, bytes) in [
        ("header of zeros", overwritten(&whole, 0..16, 0)),
        ("header of noise", overwritten(&whole, 0..32, 0xA5)),
        ("first frame", overwritten(&whole, 32..32 + frame, 0xA5)),
        (
            "a frame in the middle",
            overwritten(&whole, 32 + 5 * frame..32 + 6 * frame, 0),
        ),
        (
            "the second half",
            overwritten(&whole, half..whole.len(), 0xA5),
        ),
        ("cut to a third", whole[..whole.len() / 3].to_vec()),
        ("a text", b"Nr;Name\n".repeat(2_000)),
        ("another database's", others),
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert_refused(&mut it, &run, what);
    }
    std::fs::remove_file(&path).unwrap();
    assert_refused(&mut it, &run, "gone");
    // Cut as a power cut does it, which leaves no index either: what it had is looked up, and
    // nobody is created twice.
    std::fs::remove_file(path.with_file_name("journal.db-shm")).unwrap();
    std::fs::write(&path, &whole[..32 + 4 * frame + 100]).unwrap();
    say(&mut it, "run more.csv -m map.toml --timeout 2s --settle 0s").expect(0);
    let numbers = erp.numbers();
    let distinct: std::collections::BTreeSet<_> = numbers.iter().collect();
    assert_eq!((distinct.len(), numbers.len()), (580, 580));
}

#[test]
fn without_a_backup_a_new_folder_asks_the_erp() {
    let erp = StandIn::start(SandboxSettings::default());
    let (mut it, _) = with_history(&erp);
    it.file(".importer/journal.db", "");
    let said = say(&mut it, "run half.csv -m map.toml").expect(8);
    for words in ["from a backup", "--state-dir", "--existing skip"] {
        assert!(said.stderr.contains(words), "{}", said.said());
    }
    let words = "run half.csv -m map.toml --state-dir fresh --existing skip";
    let said = say(&mut it, words).expect(0);
    assert_eq!((said.count("exists"), said.count("created")), (30, 30));
    assert_eq!(erp.created(), 210);
}

#[cfg(unix)]
#[test]
fn a_state_folder_that_leads_nowhere_is_named() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut it = importer(&erp);
    it.file("new.csv", list("N", 3));
    std::os::unix::fs::symlink("nowhere", it.folder().join(".importer")).unwrap();
    for words in every_path("0") {
        if words.contains("half") || words.contains("done") {
            continue;
        }
        let said = say(&mut it, &words).expect(4);
        assert!(said.stderr.contains(".importer"), "{}", said.said());
    }
    assert_eq!(erp.created(), 0);
}

/// A journal of today's format, as it was committed to the repository.
#[test]
fn a_journal_of_format_1_opens_for_ever() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut it = importer(&erp);
    let fixture = std::fs::read(repository("tests/fixtures/journal-1.db")).unwrap();
    it.file(".importer/journal.db", fixture);
    it.file("new.csv", list("D", 5));
    let runs = say(&mut it, "runs --json").expect(0).stdout;
    let runs: Vec<serde_json::Value> = runs
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(runs.len(), 3);
    let run = |at: usize| runs[at]["run"].as_str().unwrap().to_owned();
    assert_eq!(runs[2]["counts"]["created"], 4);
    assert_eq!(runs[2]["counts"]["invalid"], 1);
    let shown = say(&mut it, &format!("show {}", run(2))).expect(0).stdout;
    assert!(
        shown.contains("D1") && shown.contains("name.missing"),
        "{shown}"
    );
    // What was sent and is not known is looked up; what was created is not created again.
    let said = say(&mut it, "run new.csv -m map.toml --timeout 2s --settle 0s").expect(0);
    assert_eq!((said.count("skipped"), said.count("created")), (4, 1));
    say(&mut it, &format!("forget {} --yes", run(2))).expect(0);
    say(&mut it, "forget --older-than 0d --yes --force").expect(0);
}

/// A run of `input` in the background, once it has created something.
fn at_work(it: &mut Importer, erp: &StandIn, words: &str) -> Child {
    let before = erp.created();
    it.args(words.split(' '));
    let mut child = it.start();
    wait_for(|| erp.created() > before || child.try_wait().unwrap().is_some());
    assert!(child.try_wait().unwrap().is_none(), "it ended at once");
    child
}

fn slow() -> StandIn {
    StandIn::start(SandboxSettings {
        latency: std::time::Duration::from_millis(10),
        ..SandboxSettings::default()
    })
}

#[test]
fn two_targets_share_a_state_folder_at_the_same_time() {
    let erp = slow();
    let mut it = importer(&erp);
    it.file("a.csv", list("A", 400));
    it.file("b.csv", list("B", 400));
    let first = at_work(&mut it, &erp, "run a.csv -m map.toml --concurrency 2");
    let words = "run b.csv -m map.toml --profile other --concurrency 2 --report-dir others";
    let second = at_work(&mut it, &erp, words);
    assert!(
        erp.created() < 700,
        "they were not at work at the same time"
    );
    for child in [first, second] {
        let run = it.read(child.wait_with_output().unwrap()).expect(0);
        assert!(run.stdout.contains("400 of 400"), "{}", run.said());
    }
    let numbers: std::collections::BTreeSet<_> = erp.numbers().into_iter().collect();
    assert_eq!((numbers.len(), erp.created()), (800, 800));
    let runs = say(&mut it, "runs --json").expect(0).stdout;
    assert_eq!(runs.matches("\"created\":400").count(), 2, "{runs}");
    for words in [
        "run a.csv -m map.toml",
        "run b.csv -m map.toml --profile other",
    ] {
        say(&mut it, words).expect(0);
    }
    assert_eq!(erp.created(), 800);
}

#[test]
fn beside_a_run_one_may_look_but_not_touch() {
    let erp = slow();
    let (mut it, run) = with_history(&erp);
    it.file("a.csv", list("A", 100));
    let mut child = at_work(&mut it, &erp, "run a.csv -m map.toml --rate 5/s");
    for words in [
        "runs".to_owned(),
        format!("show {run}"),
        format!("report {run}"),
    ] {
        say(&mut it, &words).expect(0);
    }
    for words in [
        "run new.csv -m map.toml".to_owned(),
        "reconcile".to_owned(),
        format!("forget {run} --yes"),
        "forget --older-than 1d --yes".to_owned(),
        "forget --customer D1 --yes".to_owned(),
        "forget --target erp --yes".to_owned(),
    ] {
        let said = say(&mut it, &words);
        assert_eq!(said.code, 6, "{words}: {}", said.said());
        let holder = format!("process {}", child.id());
        assert!(said.stderr.contains(&holder), "{}", said.said());
        assert!(said.stderr.contains("--rate 5/s"), "{}", said.said());
    }
    assert!(
        child.try_wait().unwrap().is_none(),
        "it ended before it was asked about"
    );
    // The system frees the lock of whoever is killed: the next one waits for nothing.
    child.kill().unwrap();
    child.wait_with_output().unwrap();
    say(&mut it, "run a.csv -m map.toml --timeout 2s --settle 0s").expect(0);
    let numbers: std::collections::BTreeSet<_> = erp.numbers().into_iter().collect();
    assert_eq!((numbers.len(), erp.created()), (280, 280));
}

/// Makes the journal one of a network folder, which it stays.
fn move_to_network(it: &Importer) {
    let path = it.folder().join(".importer/journal.db");
    let journal = Connection::open(path).unwrap();
    let sql = "PRAGMA journal_mode = TRUNCATE";
    let mode: String = journal.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "truncate");
    journal.close().unwrap();
}

#[test]
fn killed_with_a_rollback_journal_nothing_is_lost_or_doubled() {
    let erp = StandIn::start(SandboxSettings {
        faults: Faults::parse("commit_drop=0.04,drop=0.04,500_after=0.03,garbage=0.03").unwrap(),
        latency: std::time::Duration::from_millis(2),
        ..SandboxSettings::default()
    });
    let mut it = importer(&erp);
    it.file("first.csv", list("F", 1));
    it.file("a.csv", list("A", 200));
    say(
        &mut it,
        "run first.csv -m map.toml --timeout 300ms --settle 300ms",
    )
    .expect(0);
    move_to_network(&it);
    let state = it.folder().join(".importer");
    let mut kills = 0;
    let code = loop {
        let target = erp.created() + 20;
        it.args("run a.csv -m map.toml --timeout 300ms --settle 300ms".split(' '));
        let mut child = it.start();
        wait_for(|| child.try_wait().unwrap().is_some() || erp.created() >= target);
        if kills < 5 && child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            child.wait_with_output().unwrap();
            kills += 1;
            continue;
        }
        let run = it.read(child.wait_with_output().unwrap());
        if run.code != 7 {
            break run.expect(0).code;
        }
    };
    assert_eq!((code, kills), (0, 5));
    let numbers: std::collections::BTreeSet<_> = erp.numbers().into_iter().collect();
    assert_eq!((numbers.len(), erp.created()), (201, 201));
    assert!(
        !state.join("journal.db-wal").exists(),
        "it is no network journal any more"
    );

    // What was erased is in no byte there either.
    let holds = |needle: &str| {
        let mut all = files(&state).into_iter().map(|(_, bytes)| bytes);
        all.any(|bytes| bytes.windows(needle.len()).any(|w| w == needle.as_bytes()))
    };
    assert!(holds("A150") && !holds("Muster"));
    say(&mut it, "forget --customer A150 --yes").expect(0);
    assert!(!holds("A150") && holds("A151"));
    say(&mut it, "forget --older-than 0d --yes").expect(0);
    assert!(!holds("A151"));
}

#[test]
fn a_rollback_journal_s_file_is_refused_when_it_is_damaged_too() {
    let erp = StandIn::start(SandboxSettings::default());
    let (mut it, run) = with_history(&erp);
    move_to_network(&it);
    let path = it.folder().join(".importer/journal.db");
    let whole = std::fs::read(&path).unwrap();
    for bytes in [
        whole[..whole.len() / 2].to_vec(),
        overwritten(&whole, 4_096 * 5..4_096 * 6, 0),
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert_refused(&mut it, &run, "on a network");
    }
}

#[test]
fn a_journal_from_the_future_goes_on_as_usual() {
    let erp = StandIn::start(SandboxSettings::default());
    let (mut it, run) = with_history(&erp);
    // The clock was a year ahead when these runs were made, and is right again now.
    let journal = Connection::open(it.folder().join(".importer/journal.db")).unwrap();
    let year = 365_i64 * 24 * 60 * 60 * 1_000_000_000;
    journal
        .execute_batch(&format!(
            "UPDATE runs SET started = started + {year}, finished = finished + {year}; \
             UPDATE records SET at = at + {year};"
        ))
        .unwrap();
    journal.close().unwrap();

    let said = say(&mut it, "run done.csv -m map.toml").expect(0);
    assert!(said.said().contains("nothing was sent"), "{}", said.said());
    let resumed = say(&mut it, "run half.csv -m map.toml").expect(0);
    assert_eq!((resumed.count("created"), erp.created()), (60, 210));
    assert!(
        !resumed.stdout.contains("Time        -"),
        "{}",
        resumed.said()
    );
    say(&mut it, "run new.csv -m map.toml").expect(0);
    // Newest first, by their order and not by their times.
    let runs = say(&mut it, "runs").expect(0).stdout;
    let places = ["new.csv", "half.csv", "done.csv"].map(|input| runs.find(input).unwrap());
    assert!(places.is_sorted(), "{runs}");
    say(&mut it, &format!("report {run}")).expect(0);
    // The resumed run ended now, the finished one in a year: neither is old.
    say(&mut it, "forget --older-than 1h --yes").expect(0);
    let runs = say(&mut it, "runs").expect(0).stdout;
    assert!(
        runs.contains("done.csv") && runs.contains("half.csv"),
        "{runs}"
    );
}

/// Waiting, time limits and pace must not heed a clock that somebody may set.
#[test]
fn delivery_measures_time_by_the_monotonic_clock_alone() {
    let mut seen = Vec::new();
    let files = files_below(&repository("src/deliver")).into_iter();
    for path in files.filter(|path| path.extension().is_some_and(|it| it == "rs")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            let is_wall = [
                "Timestamp::now",
                "Zoned::now",
                "SystemTime",
                "date_time_now",
            ]
            .iter()
            .any(|word| line.contains(word));
            if is_wall {
                let name = path.file_name().unwrap().to_str().unwrap();
                seen.push(format!("{name}: {}", line.trim()));
            }
        }
    }
    seen.sort();
    assert_eq!(
        seen,
        [
            // A `Retry-After` that is a date is compared with the answer's own date; without one
            // there is no other clock. It is capped like any other.
            "client.rs: .unwrap_or_else(jiff::Timestamp::now);",
            // The doctor compares this clock with the server's; nothing waits by it.
            "look.rs: let (asked, clock) = (Instant::now(), Timestamp::now());",
        ]
    );
}
