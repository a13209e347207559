//! The sandbox as a program of its own, and the importer against everything that it can do:
//! the ledger that it leaves is compared with the input.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command};
use std::time::Duration;

use serde_json::Value;
use wawi_importer::sandbox::{
    Entry, Fault, Faults, Plan, Quota, SandboxSettings, Window, read_ledger,
};

use crate::customers::{Customers, MAPPING};
use crate::readme::{blocks, code, copy, table, words};
use crate::stand_in::{StandIn, wait_for};
use crate::support::{Importer, Run, repository};

/// Times that are short enough for tests.
const SHORT: [&str; 6] = [
    "--timeout",
    "400ms",
    "--settle",
    "800ms",
    "--max-attempts",
    "30",
];
/// Silences that are longer than the time limit, and late commits within the settle time.
const TIMES: &str = "hang_for = '600ms'\nfreeze_for = '700ms'\nslow_for = '20ms'\n";

/// `importer sandbox` as a process; it is killed when it is dropped.
struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    url: String,
    ledger: PathBuf,
}

impl Server {
    /// Starts it in the importer's folder with these words, and with a ledger there.
    #[track_caller]
    fn start(folder: &Path, words: &[&str]) -> Self {
        let ledger = folder.join("ledger.jsonl");
        let mut child = Command::new(env!("CARGO_BIN_EXE_importer"))
            .args(["--json", "sandbox", "--ledger", ledger.to_str().unwrap()])
            .args(words)
            .current_dir(folder)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(said["type"], "sandbox");
        Self {
            child,
            stdout,
            url: said["url"].as_str().unwrap().to_owned(),
            ledger,
        }
    }

    /// The ledger as it stands in the file.
    fn ledger(&self) -> Vec<Entry> {
        read_ledger(&self.ledger).unwrap()
    }

    /// Ends it as Ctrl-C does; the result is what it has counted.
    #[track_caller]
    fn stop(mut self) -> Value {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(status.success());
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let counts: Value = serde_json::from_str(said.trim()).unwrap();
        assert_eq!(counts["type"], "sandbox_counts");
        counts
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with an export and its mapping.
fn importer(customers: &Customers) -> Importer {
    let importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    importer
}

/// Gives the command again until it ends with 0; a stop that a person would look into, an
/// outage and what could not be looked up are no end.
#[track_caller]
fn imported(importer: &mut Importer, url: &str, further: &[&str]) -> Run {
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--base-url", url]);
    for word in SHORT.iter().chain(further) {
        importer.arg(word);
    }
    for _ in 0..30 {
        let run = importer.run();
        if run.code == 0 {
            return run;
        }
        assert!([5, 7, 75].contains(&run.code), "{}", run.said());
    }
    panic!("not done after 30 starts");
}

/// The ledger holds every customer once, and the report agrees.
#[track_caller]
fn assert_complete(customers: &Customers, ledger: &[Entry], run: &Run) {
    let there: BTreeSet<String> = ledger.iter().map(|entry| entry.number.clone()).collect();
    let sent = customers.numbers();
    let missing: Vec<_> = sent.symmetric_difference(&there).collect();
    assert!(missing.is_empty(), "not in input and ledger: {missing:?}");
    assert_eq!(ledger.len(), there.len(), "somebody is there twice");
    let created = run.rows("created.csv");
    let reported: BTreeSet<String> = created.iter().map(|row| row["key"].clone()).collect();
    let missing: Vec<_> = there.symmetric_difference(&reported).collect();
    assert!(missing.is_empty(), "not in ledger and report: {missing:?}");
    assert_eq!(created.len(), there.len(), "somebody is reported twice");
    let mail = |entry: &Entry| entry.body["BillingAddress"]["EmailAddress"].clone();
    let mails: BTreeMap<&str, Value> = ledger
        .iter()
        .map(|entry| (entry.number.as_str(), mail(entry)))
        .collect();
    for row in created {
        assert_eq!(mails[row["key"].as_str()], row["in_E-Mail"]);
    }
}

/// The numbers of an export in its order.
fn in_order(customers: &Customers) -> impl Iterator<Item = &str> {
    customers
        .0
        .iter()
        .map(|customer| customer.cells[0].as_str())
}

/// A file in which every fault has a rate, and meets a record of its own for certain.
fn every_fault(customers: &Customers, seed: u64) -> String {
    let mut file = format!("seed = {seed}\n{TIMES}lookups = 0.03\nlookups_hang = 0.005\n");
    // In the middle, with others in flight, three of them could be the data's fault as well.
    file.push_str("status = ['403@1-3', '503@200-203']\nfreeze = ['600ms@150', 0.002]\n");
    file.push_str("match = 'prefix'\ncounts = 'absurd'\nodd_answers = true\n");
    for fault in Fault::ALL {
        let rate = match fault {
            // It has its rate already.
            Fault::Freeze => continue,
            // Each of them holds everybody up.
            Fault::Redirect | Fault::Error503Wait | Fault::Error429Wait => 0.002,
            _ => 0.007,
        };
        writeln!(file, "{} = {rate}", fault.key()).unwrap();
    }
    for (fault, number) in Fault::ALL.iter().zip(in_order(customers).step_by(9)) {
        let key = fault.key();
        writeln!(file, "[[record]]\nnumber = '{number}'\nposts = ['{key}']").unwrap();
        // Whoever asks what became of it is not told at once.
        writeln!(file, "lookups = ['odd_json', 'odd_json', 'cut_anywhere']").unwrap();
    }
    file
}

#[test]
fn every_fault_at_once_loses_and_doubles_nothing() {
    let customers = Customers::valid(21, 260);
    let mut importer = importer(&customers);
    importer.file("faults.toml", every_fault(&customers, 21));
    let server = Server::start(importer.folder(), &["--faults", "faults.toml"]);
    let url = server.url.clone();
    let run = imported(&mut importer, &url, &[]);
    let ledger = server.ledger();
    assert_complete(&customers, &ledger, &run);
    let counts = server.stop();
    for fault in Fault::ALL {
        let met = counts["faults"][fault.key()].as_u64();
        assert!(met >= Some(1), "{} never happened: {counts}", fault.key());
    }
    assert_eq!(
        counts["repeated"], 0,
        "nothing was sent that was there: {counts}"
    );
    assert_eq!(counts["violations"], 0, "{counts}");
    assert_eq!(counts["others"], 0, "no redirect was followed: {counts}");
    assert_eq!(counts["created"], 260);
    let posts: u64 = ledger.iter().map(|entry| entry.posts).sum();
    assert!(posts > 260, "some were sent again: {posts}");
}

/// Imports through windows of a second, long enough that what the server counts is learnt from.
/// The server's counts are judged and no clock; how much of a quota is used, and with how few
/// refusals, `deliver::engine::throughput` shows where time does not depend on the machine.
#[track_caller]
fn keeps_a_quota_of_a_second(window: Window) {
    let customers = Customers::valid(22, 2_100);
    let mut importer = importer(&customers);
    let server = StandIn::start(SandboxSettings {
        quota: Some(Quota {
            limit: 300,
            interval: Duration::from_secs(1),
            window,
        }),
        ..SandboxSettings::default()
    });
    let run = imported(&mut importer, &server.url(), &["--concurrency", "64"]);
    assert_complete(&customers, &server.ledger(), &run);
    let counts = server.counters();
    assert_eq!(counts.created, 2_100);
    // One in a thousand.
    assert!(counts.throttled <= 2, "{window:?}: {counts:?}");
}

#[test]
fn a_sliding_quota_of_a_second_is_not_exceeded() {
    keeps_a_quota_of_a_second(Window::Sliding);
}

#[test]
fn a_fixed_quota_of_a_second_is_not_exceeded() {
    keeps_a_quota_of_a_second(Window::Fixed);
}

/// What each of the same customers met, sent in this order by so many workers at once.
#[track_caller]
fn replayed(customers: &Customers, workers: &str, seed: &str) -> (Value, Vec<(String, u64)>) {
    let mut importer = importer(customers);
    let faults = "commit_drop=0.08,drop=0.08,500_before=0.08,500_after=0.05,cut_anywhere=0.05,\
                  rst=0.03,garbage=0.03";
    let words = ["--faults", faults, "--seed", seed];
    let server = Server::start(importer.folder(), &words);
    let url = server.url.clone();
    let run = imported(&mut importer, &url, &["--concurrency", workers]);
    let ledger = server.ledger();
    assert_complete(customers, &ledger, &run);
    let mut posts: Vec<_> = ledger
        .into_iter()
        .map(|entry| (entry.number, entry.posts))
        .collect();
    posts.sort();
    (server.stop()["faults"].clone(), posts)
}

#[test]
fn a_seed_replays_whatever_the_order() {
    let customers = Customers::valid(22, 80);
    let mut backwards = customers.clone();
    backwards.0.reverse();
    let (first, second, other) = std::thread::scope(|scope| {
        let first = scope.spawn(|| replayed(&customers, "1", "5"));
        let second = scope.spawn(|| replayed(&backwards, "8", "5"));
        let other = scope.spawn(|| replayed(&customers, "8", "6"));
        [first, second, other].map(|run| run.join().unwrap()).into()
    });
    assert_eq!(first, second);
    assert_ne!(first, other);
}

/// What the server is beside lossy.
const SERVERS: [&str; 13] = [
    "match=prefix",
    "match=ignore-case",
    "repeated=refuse",
    "repeated=refuse_400",
    "stale=500ms",
    "counts=absurd",
    "same_id=true",
    "odd_answers=true",
    "latency=5ms,jitter=5ms",
    "freeze=1s@30",
    "freeze=1s@300ms",
    "late_commit=0.03,hang_for=700ms",
    "close_next=0.3",
];

/// Imports customers whose numbers are prefixes of each other into a lossy server of this kind.
#[track_caller]
fn imported_into(server: &str, seed: usize) {
    let mut customers = Customers::valid(30, 60);
    for (n, customer) in customers.0.iter_mut().enumerate() {
        customer.cells[0] = format!("C{}", n + 1);
    }
    let mut importer = importer(&customers);
    let faults = format!("commit_drop=0.04,500_after=0.03,drop=0.02,{server},seed={seed}");
    let process = Server::start(importer.folder(), &["--faults", &faults]);
    let url = process.url.clone();
    let run = imported(&mut importer, &url, &[]);
    assert_complete(&customers, &process.ledger(), &run);
    let counts = process.stop();
    assert_eq!(counts["repeated"], 0, "{server}: {counts}");
}

#[test]
fn every_kind_of_server_gets_each_customer_once() {
    std::thread::scope(|scope| {
        // They mostly wait.
        for (seed, server) in SERVERS.into_iter().enumerate() {
            scope.spawn(move || imported_into(server, seed));
        }
    });
}

/// A taken port and a file that is no ledger are no mistakes of the program.
#[test]
fn what_a_sandbox_cannot_start_with_is_said_with_what_to_do() {
    let mut importer = Importer::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    importer.file("notes", "mine");
    for (words, name, advice) in [
        (["--port", port.as_str()], port.as_str(), "--port"),
        (["--ledger", "notes"], "notes", "a new file"),
        (["--ledger", "no/folder"], "no/folder", "a new file"),
    ] {
        let run = importer
            .args(["sandbox"].iter().chain(&words))
            .run()
            .expect(4);
        assert!(
            run.stderr.contains(&format!(" {name} cannot be used")),
            "{}",
            run.said()
        );
        assert!(run.stderr.contains(advice), "{}", run.said());
    }
    let kept = std::fs::read_to_string(importer.folder().join("notes")).unwrap();
    assert_eq!(kept, "mine");
    // Neither is it when a schedule finds its port taken.
    importer.file(
        "jobs.toml",
        "[[job]]\nname = \"a\"\ncron = \"@daily\"\ninputs = \"*.csv\"\n",
    );
    let words = ["schedule", "jobs.toml", "--listen", port.as_str()];
    let run = importer.args(words).run().expect(1);
    assert!(run.stderr.contains("another port"), "{}", run.said());
}

#[test]
fn a_killed_sandbox_has_written_everything_down_and_goes_on() {
    let customers = Customers::valid(23, 150);
    let mut importer = importer(&customers);
    let words = ["--faults", "commit_drop=0.05,cut=0.05"];
    let mut server = Server::start(importer.folder(), &words);
    let url = server.url.clone();
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--base-url", &url]);
    for word in SHORT
        .iter()
        .chain(&["--max-outage", "1s", "--rate", "100/s"])
    {
        importer.arg(word);
    }
    let mut child = importer.start();
    wait_for(|| server.ledger().len() >= 40 || child.try_wait().unwrap().is_some());
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let before = server.ledger();
    assert!((40..150).contains(&before.len()), "{}", before.len());
    let run = importer.read(child.wait_with_output().unwrap()).expect(75);
    // Nothing that was answered is missing in the file.
    let there: BTreeSet<&str> = before.iter().map(|entry| entry.number.as_str()).collect();
    for row in run.rows("created.csv") {
        assert!(there.contains(row["key"].as_str()), "{row:?}");
    }
    let port = url.rsplit(':').next().unwrap();
    let again = Server::start(importer.folder(), &[&words[..], &["--port", port]].concat());
    assert_eq!(again.url, url);
    let run = imported(&mut importer, &url, &[]);
    let ledger = again.ledger();
    assert_eq!(ledger[..before.len()], before);
    assert_complete(&customers, &ledger, &run);
}

#[test]
fn a_run_with_its_own_sandbox_takes_faults_from_a_text_and_a_file() {
    let customers = Customers::valid(24, 60);
    let mut importer = importer(&customers);
    importer.file("faults.toml", "commit_drop = 0.3\n");
    for faults in ["commit_drop=0.3", "faults.toml"] {
        importer.args(["run", "shop.csv", "-m", "shop.toml", "--sandbox"]);
        for word in SHORT.iter().chain(&["--faults", faults]) {
            importer.arg(word);
        }
        let run = importer.run().expect(0);
        let found = |row: &BTreeMap<String, String>| row["how"] == "found";
        let rows = run.rows("created.csv");
        assert_eq!(rows.len(), 60);
        let found = rows.into_iter().filter(found).count();
        assert!((5..40).contains(&found), "{found}");
    }
}

#[test]
fn mistakes_are_told_before_anything_starts() {
    let mut importer = importer(&Customers::valid(25, 2));
    importer.file("faults.toml", "seed = 1\n\ncomit_drop = 0.02\n");
    let run = "run shop.csv -m shop.toml";
    for (line, code, what, help) in [
        (
            "sandbox --faults faults.toml",
            4,
            "faults.toml:3: there is no word `comit_drop`",
            "did you mean `commit_drop`?",
        ),
        (
            &format!("{run} --sandbox --faults faults.toml"),
            4,
            "faults.toml:3: there is no word `comit_drop`",
            "did you mean `commit_drop`?",
        ),
        (
            "sandbox --faults gone.toml",
            2,
            "--faults: there is no file `gone.toml`",
            "name a fault file",
        ),
        (
            "sandbox --faults drop=2",
            2,
            "`drop=2`: a rate is a number from 0 to 1",
            "docs/rehearsal.md",
        ),
        (
            &format!("{run} --faults drop=0.1 --base-url http://127.0.0.1:9"),
            2,
            "but this run has none",
            "add --sandbox",
        ),
    ] {
        let said = importer.args(line.split(' ')).run().expect(code).said();
        assert!(said.contains(what) && said.contains(help), "{line}: {said}");
    }
}

fn page() -> String {
    std::fs::read_to_string(repository("docs/rehearsal.md")).unwrap()
}

/// The first cells of a table's rows.
fn first_cells(name: &str) -> Vec<String> {
    let rows = table(&page(), name).into_iter();
    rows.map(|row| row[0].clone()).collect()
}

#[test]
fn the_pages_tables_are_the_codes() {
    let faults: Vec<(String, bool)> = table(&page(), "faults")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].starts_with("yes")))
        .collect();
    let known: Vec<(String, bool)> = Fault::ALL
        .iter()
        .map(|fault| (code(fault.key()), fault.commits()))
        .collect();
    assert_eq!(faults, known);

    let words: BTreeSet<String> = first_cells("words").into_iter().collect();
    let known = Faults::FURTHER_WORDS.iter().chain(Plan::SERVER_WORDS);
    let known: BTreeSet<String> = known.chain(&["freeze"]).map(|word| code(word)).collect();
    assert_eq!(words, known);
    for row in table(&page(), "words") {
        let example = row[1].trim_matches('`');
        let word = row[0].trim_matches('`');
        assert!(example.starts_with(&format!("{word}=")), "{example}");
        Plan::inline(example).unwrap();
    }

    let importer = Importer::new();
    let counts = Server::start(importer.folder(), &[]).stop();
    let told: BTreeSet<String> = counts.as_object().unwrap().keys().cloned().collect();
    let mut known: BTreeSet<String> = first_cells("counters")
        .iter()
        .map(|cell| cell.trim_matches('`').to_owned())
        .collect();
    known.insert("type".to_owned());
    assert_eq!(told, known);
}

/// The folder in which the page's commands run.
fn at_the_page() -> Importer {
    let importer = Importer::new();
    copy(&importer, "samples");
    copy(&importer, "mappings");
    importer
}

/// The words that start the `nth` server of the page: those of its faults.
#[track_caller]
fn server_of_the_page(nth: usize) -> Vec<String> {
    let blocks = blocks(&page());
    let mut servers = blocks.iter().filter(|block| block.mark == "background");
    let (command, _) = servers.nth(nth).unwrap().commands().remove(0);
    let words = words(&command).unwrap();
    assert_eq!(words[..2], ["sandbox", "--port"]);
    assert_eq!(
        (words[3].as_str(), words[5].as_str()),
        ("--faults", "--ledger")
    );
    // A free port and a ledger of its own, whatever the page shows.
    words[3..5].to_vec()
}

#[test]
fn the_pages_commands_run() {
    let mut importer = at_the_page();
    let faults = server_of_the_page(0);
    let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
    let server = Server::start(importer.folder(), &faults);
    let mut imports = 0;
    for block in blocks(&page()) {
        for (command, _) in block.commands() {
            if block.mark == "background" {
                continue;
            }
            let words = words(&command).unwrap();
            let words = words
                .iter()
                .map(|word| word.replace("http://127.0.0.1:8085", &server.url));
            importer.args(words).run().expect(0);
            imports += 1;
        }
    }
    assert_eq!(imports, 2);
    let ledger = server.ledger();
    let numbers: BTreeSet<&str> = ledger.iter().map(|entry| entry.number.as_str()).collect();
    assert_eq!((numbers.len(), ledger.len()), (200, 200));
}

#[test]
fn the_pages_file_is_a_bad_day_that_ends_well() {
    let mut importer = at_the_page();
    let pages = blocks(&page());
    let file = pages.iter().find(|block| block.language == "toml").unwrap();
    importer.file("faults.toml", file.text());
    let faults = server_of_the_page(1);
    assert_eq!(faults[1], "faults.toml");
    let server = Server::start(importer.folder(), &["--faults", "faults.toml"]);
    let line = format!(
        "run samples/customers.csv -m mappings/shop.toml --base-url {} --timeout 600ms --settle \
         1200ms",
        server.url
    );
    let run = (0..5).find_map(|_| {
        let run = importer.args(line.split(' ')).run();
        (run.code == 0).then_some(run)
    });
    let run = run.expect("done after five starts");
    assert_eq!(run.count("created"), 200);
    let ledger = server.ledger();
    let numbers: BTreeSet<&str> = ledger.iter().map(|entry| entry.number.as_str()).collect();
    assert_eq!((numbers.len(), ledger.len()), (200, 200));
    let posts = |number: &str| {
        let entry = ledger.iter().find(|entry| entry.number == number);
        entry.unwrap().posts
    };
    assert_eq!((posts("K10042"), posts("K10043")), (1, 3));
    // A line has the keys that the page shows.
    let text = std::fs::read_to_string(&server.ledger).unwrap();
    let keys = |line: &str| -> Vec<String> {
        let line: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
        line.keys().cloned().collect()
    };
    let shown = pages.iter().find(|block| block.language == "json").unwrap();
    assert_eq!(keys(text.lines().next().unwrap()), keys(&shown.text()));
}
