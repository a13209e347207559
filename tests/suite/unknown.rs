//! Records of which nobody knows what became: said, looked up, resolved by a person, and never
//! sent again before that.

use serde_json::Value;
use wawi_importer::sandbox::{Faults, SandboxSettings};

use crate::customers::{Customers, LAST_NAME, MAPPING};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run, files_below, rows};

/// One after the other, with times that are short enough for tests.
const SHORT: [&str; 6] = ["--concurrency", "1", "--timeout", "1s", "--settle", "1s"];

/// The ERP and the program with an export that it is about to import.
struct Scene {
    erp: StandIn,
    importer: Importer,
}

impl Scene {
    fn new(customers: &Customers) -> Self {
        let scene = Self {
            erp: StandIn::start(SandboxSettings::default()),
            importer: Importer::new(),
        };
        scene.importer.file("shop.csv", customers.csv());
        scene.importer.file("shop.toml", MAPPING);
        scene
    }

    /// Every create is answered 500, after (`500_after`) or before (`500_before`) the customer
    /// is there, and look-ups are forbidden from the `n`-th question on: the first two ask
    /// which customers and companies there are.
    fn with_lost_answers(customers: &Customers, fault: &str) -> Self {
        let scene = Self::new(customers);
        scene.faults(&format!("{fault}=1,get_status=403@3"));
        scene
    }

    fn faults(&self, text: &str) {
        self.erp.set_faults(Faults::parse(text).unwrap());
    }

    fn command(&mut self, words: &[&str]) -> Run {
        self.importer.args(words).run()
    }

    /// Imports a file.
    fn import(&mut self, file: &str) -> Run {
        let url = self.erp.url();
        let words = ["run", file, "-m", "shop.toml", "--base-url", &url];
        self.command(&[&words[..], &SHORT].concat())
    }

    fn reconcile(&mut self, words: &[&str]) -> Run {
        let url = self.erp.url();
        let command = ["reconcile", "--base-url", &url, "--json"];
        self.command(&[&command[..], &SHORT, words].concat())
    }

    /// What the journal knows of its runs, newest first.
    fn runs(&mut self) -> Vec<Value> {
        lines(&self.command(&["runs", "--json"]).expect(0))
    }

    /// The only run's id.
    fn run_id(&mut self) -> String {
        let runs = self.runs();
        assert_eq!(runs.len(), 1);
        runs[0]["run"].as_str().unwrap().to_owned()
    }

    /// Records of the run with this outcome.
    fn shown(&mut self, run: &str, outcome: &str) -> Vec<Value> {
        let shown = self.command(&["show", run, "--outcome", outcome, "--json"]);
        lines(&shown.expect(0))
    }

    fn resolve(&mut self, run: &str, record: &str, words: &[&str]) -> Run {
        self.command(&[&["resolve", run, record][..], words].concat())
    }

    fn posts(&self) -> u64 {
        self.erp.counters().posts
    }

    fn gets(&self) -> usize {
        let requests = self.erp.requests();
        requests.iter().filter(|seen| seen.method == "GET").count()
    }

    /// The bytes of the state folder that hold a customer's name.
    fn names_in_state(&self) -> usize {
        let files = files_below(&self.importer.folder().join(".importer"));
        assert!(!files.is_empty());
        let holds = |bytes: &[u8]| {
            let name = LAST_NAME.as_bytes();
            bytes
                .windows(name.len())
                .filter(|part| *part == name)
                .count()
        };
        files
            .iter()
            .map(|file| holds(&std::fs::read(file).unwrap()))
            .sum()
    }
}

fn lines(run: &Run) -> Vec<Value> {
    let lines = run.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The last line of data: what the command came to.
#[track_caller]
fn line(run: &Run) -> Value {
    lines(run).pop().expect("a line")
}

fn counts(value: &Value, names: &[&str]) -> Vec<u64> {
    names
        .iter()
        .map(|name| value[name].as_u64().unwrap())
        .collect()
}

#[test]
fn what_cannot_be_looked_up_is_unknown_and_told_with_what_to_do() {
    let mut customers = Customers::valid(50, 4);
    customers.0[3].cells[0].clear();
    let mut scene = Scene::with_lost_answers(&customers, "500_after");
    let run = scene.import("shop.csv").expect(7);
    assert_eq!((run.count("unknown"), run.count("invalid")), (3, 1));
    assert_eq!((scene.posts(), scene.erp.created()), (3, 3));
    let unknown = run.rows("unknown.csv");
    let keys: Vec<&str> = unknown.iter().map(|row| row["key"].as_str()).collect();
    assert_eq!(keys, ["K000001", "K000002", "K000003"]);
    assert_eq!(
        (unknown[0]["record"].as_str(), unknown[0]["line"].as_str()),
        ("1", "2")
    );
    let journal = scene.importer.folder().join(".importer/journal.db");
    let journal = rusqlite::Connection::open(journal).unwrap();
    for row in &unknown {
        assert!(row["why"].contains("could not be asked"), "{row:?}");
        let query = "SELECT at FROM v_unknown WHERE record = ?1";
        let sent: String = journal
            .query_row(query, [&row["record"]], |row| row.get(0))
            .unwrap();
        // The view rounds to a millisecond, the report cuts.
        let (sent, told): (jiff::Timestamp, jiff::Timestamp) = (
            sent.parse().unwrap(),
            row["last_attempt_at"].parse().unwrap(),
        );
        assert!(sent.duration_since(told).abs() <= jiff::SignedDuration::from_millis(1));
    }
    drop(journal);

    // What the page says can be typed as it stands.
    let id = scene.run_id();
    let url = scene.erp.url();
    let said = run.stdout.replace(['\n', ' '], "");
    let command = format!(
        "importer reconcile {id} --base-url {url} {}",
        SHORT.join(" ")
    );
    let resolve = format!("importer resolve {id} RECORD");
    for shown in [
        &command,
        &format!("{resolve} --created NUMBER"),
        &format!("{resolve} --not-created"),
    ] {
        assert!(
            said.contains(&shown.replace(' ', "")),
            "{shown}: {}",
            run.said()
        );
    }
    let summary = run.summary();
    assert_eq!(summary["reconcile_with"], *command);
    assert_eq!(summary["resolve_with"], *resolve);
    scene.faults("");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let found = scene.command(&words).expect(0);
    assert!(found.stdout.contains("3 created"), "{}", found.said());
    assert_eq!((scene.posts(), scene.erp.created()), (3, 3));

    // Everything that tells of the run follows.
    assert_eq!(scene.runs()[0]["exit_code"], 3);
    assert!(scene.shown(&id, "unknown").is_empty());
    let report = scene.command(&["report", &id]).expect(0);
    assert!(!report.has_report_file("unknown.csv"));
    let created = report.rows("created.csv");
    assert_eq!(created.len(), 3);
    assert!(created.iter().all(|row| row["how"] == "found"));
    let requests = scene.erp.requests().len();
    scene.import("shop.csv").expect(3);
    assert_eq!(
        scene.erp.requests().len(),
        requests,
        "nothing is left to do"
    );
}

#[test]
fn a_server_that_fails_all_look_ups_leaves_its_customer_unknown() {
    let mut scene = Scene::new(&Customers::valid(51, 1));
    scene.faults("500_after=1,get_status=500@3");
    let run = scene.import("shop.csv").expect(7);
    assert_eq!(run.count("unknown"), 1);
    // The same command asks again, and sends nothing.
    scene.faults("");
    scene.import("shop.csv").expect(0);
    assert_eq!((scene.posts(), scene.erp.created()), (1, 1));
}

/// Record 1 of the run was created, and record 3 is unknown.
fn refusals_are_german(scene: &mut Scene, id: &str) {
    for (record, words, told) in [
        (
            "3",
            ["--created", "W77", "--lang", "de"].as_slice(),
            "Datensatz 3 wurde mit einer anderen Kundennummer",
        ),
        (
            "1",
            &["--not-created", "--lang", "de"],
            "ist nicht unbekannt (`created`)\n",
        ),
        (
            "99",
            &["--not-created", "--lang", "de"],
            "hat keinen Datensatz 99: seine Eingabe hat ",
        ),
    ] {
        let refused = scene.resolve(id, record, words).expect(2);
        assert!(refused.stderr.contains(told), "{}", refused.said());
    }
}

#[test]
fn a_person_says_what_is_in_wawi() {
    let customers = Customers::valid(52, 3);
    let mut scene = Scene::with_lost_answers(&customers, "500_after");
    scene.import("shop.csv").expect(7);
    assert!(scene.names_in_state() > 0, "an open intent holds its body");
    let id = scene.run_id();
    let requests = scene.erp.requests().len();

    // A number is compared as keys are, and a run is named by its beginning.
    let first = scene
        .resolve(&id[..8], "1", &["--created", " k000001 "])
        .expect(0);
    assert!(first.stdout.contains("is created"), "{}", first.said());
    assert!(
        first.stderr.contains("still unknown in this run: 2"),
        "{}",
        first.said()
    );
    let second = scene
        .resolve(&id, "2", &["--created", "K000002", "--json"])
        .expect(0);
    let second = line(&second);
    assert_eq!(second["type"], "resolved");
    assert_eq!(second["outcome"], "created");
    assert_eq!(second["customer_number"], "K000002");
    assert_eq!(counts(&second["counts"], &["created", "unknown"]), [2, 1]);
    assert_eq!(second["exit_code"], 7);
    // Wawi can have given another number; that has to be meant.
    let other = scene.resolve(&id, "3", &["--created", "W77"]).expect(2);
    assert!(
        other.stderr.contains("another customer number"),
        "{}",
        other.said()
    );
    assert!(other.stderr.contains("--yes"), "{}", other.said());
    refusals_are_german(&mut scene, &id);
    assert_eq!(scene.shown(&id, "unknown").len(), 1);
    let third = scene
        .resolve(&id, "3", &["--created", "W77", "--yes", "--json"])
        .expect(0);
    assert_eq!(line(&third)["exit_code"], 0);

    assert_eq!(scene.names_in_state(), 0, "the intents are erased");
    let runs = scene.runs();
    assert_eq!(runs[0]["exit_code"], 0);
    assert_eq!(runs[0]["ending"]["ending"], "finished");
    let listed = scene.command(&["runs"]).expect(0).stdout;
    assert!(listed.lines().nth(1).unwrap().contains(" 0  "), "{listed}");
    assert_eq!(scene.shown(&id, "created").len(), 3);
    let report = scene.command(&["report", &id]).expect(0);
    assert!(!report.has_report_file("unknown.csv"));
    assert_eq!(report.summary()["counts"]["created"], 3);
    let created = report.rows("created.csv");
    let numbers: Vec<&str> = created
        .iter()
        .map(|row| row["customer_number"].as_str())
        .collect();
    assert_eq!(numbers, ["k000001", "K000002", "W77"]);
    assert!(
        created
            .iter()
            .all(|row| row["how"] == "resolved" && row["attempts"] == "1")
    );
    let again = scene.import("shop.csv").expect(0);
    assert!(
        again.said().contains("nothing was sent"),
        "{}",
        again.said()
    );
    assert_eq!(scene.erp.requests().len(), requests, "nobody asked the ERP");

    // The guard knows the keys: another export does not send them.
    scene.faults("");
    let export = Customers::valid(52, 4).moved([2]);
    scene.importer.file("new.csv", export.csv());
    let new = scene.import("new.csv").expect(0);
    let told = ["skipped", "changed", "created"].map(|name| new.count(name));
    assert_eq!(told, [2, 1, 1]);
    assert_eq!(scene.posts(), 4);
}

#[test]
fn what_is_not_in_wawi_is_sent_by_the_same_command() {
    let mut scene = Scene::with_lost_answers(&Customers::valid(53, 3), "500_before");
    scene.import("shop.csv").expect(7);
    assert_eq!((scene.posts(), scene.erp.created()), (3, 0));
    let id = scene.run_id();
    for record in ["1", "2"] {
        let run = scene.resolve(&id, record, &["--not-created"]).expect(0);
        let told = run.stdout.replace('\n', " ");
        assert!(told.contains("this sends it:"), "{}", run.said());
        assert!(told.contains("importer run shop.csv -m"), "{}", run.said());
    }
    let last = line(
        &scene
            .resolve(&id, "3", &["--not-created", "--json"])
            .expect(0),
    );
    assert_eq!(last["outcome"], "open");
    assert_eq!(last["customer_number"], Value::Null);
    assert_eq!(counts(&last["counts"], &["open", "unknown"]), [3, 0]);
    // The run is unfinished again, and says so.
    assert_eq!(scene.runs()[0]["exit_code"], Value::Null);
    assert_eq!(scene.runs()[0]["ending"]["ending"], "limited");
    assert_eq!(scene.names_in_state(), 0);
    assert_eq!((scene.posts(), scene.erp.created()), (3, 0));
    scene.faults("");
    let done = scene.import("shop.csv").expect(0);
    assert_eq!(done.count("created"), 3);
    assert_eq!((scene.posts(), scene.erp.created()), (6, 3));
    assert_eq!(scene.run_id(), id, "the same run went on");
    assert_eq!(scene.runs()[0]["exit_code"], 0);
}

#[test]
fn resolving_refuses_what_makes_no_sense() {
    let mut scene = Scene::new(&Customers::valid(54, 3));
    let none = scene.resolve("0", "1", &["--not-created"]).expect(2);
    assert!(none.stderr.contains("no run `0`"), "{}", none.said());
    assert!(!scene.importer.folder().join(".importer").exists());

    let url = scene.erp.url();
    let words = [
        "run",
        "shop.csv",
        "-m",
        "shop.toml",
        "--base-url",
        &url,
        "--limit",
        "1",
    ];
    scene.command(&[&words[..], &SHORT].concat()).expect(0);
    let asked = scene.gets();
    // The next process asks for customers, companies and the second page of the listing.
    scene.faults(&format!("500_after=1,get_status=403@{}", asked + 4));
    scene.command(&[&words[..], &SHORT].concat()).expect(7);
    let id = scene.run_id();
    let long = "9".repeat(31);
    let refused = [
        (vec!["nobody", "1", "--not-created"], "no run `nobody`"),
        (vec![&id, "99", "--not-created"], "no record 99"),
        (vec![&id, "1", "--not-created"], "it is created"),
        (
            vec![&id, "0", "--not-created"],
            "no whole number of 1 or more",
        ),
        (vec![&id, "2"], "--created <NUMBER>|--not-created"),
        (
            vec![&id, "2", "--created", "K000002", "--not-created"],
            "cannot be used with",
        ),
        (vec![&id, "2", "--created", " "], "it is empty"),
        (
            vec![&id, "2", "--created", "K\u{1b}2"],
            "a character that no customer number has",
        ),
        (vec![&id, "2", "--created", &long], "at most 30"),
    ];
    for (words, told) in refused {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let run = scene
            .command(&[&["resolve"][..], &words].concat())
            .expect(2);
        assert!(run.stderr.contains(told), "{words:?}: {}", run.said());
    }
    assert_eq!(scene.shown(&id, "unknown").len(), 2);
    let open = scene.resolve(&id, "2", &["--not-created"]).expect(0);
    drop(open);
    let open = scene.resolve(&id, "2", &["--not-created"]).expect(2);
    assert!(open.stderr.contains("it is open"), "{}", open.said());
}

#[test]
fn nothing_is_resolved_while_a_run_is_at_work() {
    let mut scene = Scene::with_lost_answers(&Customers::valid(55, 1), "500_after");
    scene.import("shop.csv").expect(7);
    let id = scene.run_id();
    let target = scene.runs()[0]["target"].as_str().unwrap().to_owned();
    let state = scene.importer.folder().join(".importer");
    let lock = wawi_importer::journal::lock(&state, &target, "another run").unwrap();
    for words in [&["--created", "K000001"][..], &["--not-created"]] {
        let run = scene.resolve(&id, "1", words).expect(6);
        assert!(run.stderr.contains("another run"), "{}", run.said());
    }
    assert_eq!(scene.reconcile(&[]).code, 6);
    drop(lock);
    assert_eq!(scene.shown(&id, "unknown").len(), 1);
    scene.resolve(&id, "1", &["--created", "K000001"]).expect(0);
}

#[test]
fn a_key_that_is_unknown_in_one_run_is_not_sent_by_another() {
    let first = Customers::valid(56, 3);
    let mut scene = Scene::with_lost_answers(&first, "500_after");
    scene.import("shop.csv").expect(7);
    assert_eq!((scene.posts(), scene.gets()), (3, 5));
    let one = scene.run_id();
    // A new export with a changed and a new customer, while the three cannot be looked up yet.
    let export = Customers::valid(56, 4).moved([2]);
    scene.importer.file("new.csv", export.csv());
    // The sixth question is for the companies.
    scene.faults("get_status=403@7-9");
    let new = scene.import("new.csv").expect(7);
    assert_eq!((new.count("unknown"), new.count("created")), (3, 1));
    assert_eq!((scene.posts(), scene.erp.created()), (4, 4));
    let unknown = new.rows("unknown.csv");
    assert_eq!(unknown.len(), 3);
    for row in &unknown {
        assert!(row["why"].contains("since an earlier run"), "{row:?}");
        assert_eq!(row["last_attempt_at"], "", "this run never sent it");
    }
    let two = scene.runs()[0]["run"].as_str().unwrap().to_owned();
    let elsewhere = scene.resolve(&two, "1", &["--not-created"]).expect(2);
    assert!(
        elsewhere.stderr.contains(&format!("resolve {one} 1")),
        "{}",
        elsewhere.said()
    );

    // What a person knows of the first run settles the second's record, too.
    scene
        .resolve(&one, "1", &["--created", "K000001"])
        .expect(0);
    assert_eq!(scene.shown(&two, "skipped").len(), 1);
    assert_eq!(scene.shown(&two, "unknown").len(), 2);
    let found = line(&scene.reconcile(&[]).expect(0));
    assert_eq!(
        counts(&found, &["asked", "created", "open", "unknown"]),
        [2, 2, 0, 0]
    );
    assert_eq!(scene.shown(&two, "changed").len(), 1);
    assert_eq!(scene.posts(), 4);
    for run in scene.runs() {
        assert_eq!(run["exit_code"], 0, "{run}");
    }
    let requests = scene.erp.requests().len();
    scene.import("new.csv").expect(0);
    scene.import("shop.csv").expect(0);
    assert_eq!(scene.erp.requests().len(), requests);
}

#[test]
fn the_next_run_looks_up_first_what_others_left_unknown() {
    let first = Customers::valid(57, 2);
    let mut scene = Scene::with_lost_answers(&first, "500_after");
    scene.import("shop.csv").expect(7);
    let before = scene.erp.requests().len();
    scene.faults("");
    scene
        .importer
        .file("new.csv", Customers::valid(57, 3).csv());
    let new = scene.import("new.csv").expect(0);
    assert_eq!((new.count("skipped"), new.count("created")), (2, 1));
    assert!(new.stderr.contains("2 records unknown"), "{}", new.said());
    let mut requests = scene.erp.requests().split_off(before);
    // Before anything is looked up: is it the same ERP?
    assert!(requests.remove(0).path.ends_with("/companies"));
    for (seen, number) in requests.iter().zip(["K000001", "K000002"]) {
        assert_eq!(seen.method, "GET");
        let query = seen.query.as_deref().unwrap_or_default();
        assert!(query.contains(&format!("number={number}")), "{query}");
    }
    assert_eq!((scene.posts(), scene.erp.created()), (3, 3));
    for run in scene.runs() {
        assert_eq!(run["exit_code"], 0, "{run}");
    }
}

#[test]
fn what_another_run_left_absent_is_sent_once_whoever_comes_first() {
    let first = Customers::valid(58, 2);
    let mut scene = Scene::with_lost_answers(&first, "500_before");
    scene.import("shop.csv").expect(7);
    scene.faults("");
    scene
        .importer
        .file("new.csv", Customers::valid(58, 3).csv());
    let new = scene.import("new.csv").expect(0);
    assert_eq!(new.count("created"), 3);
    scene.import("shop.csv").expect(0);
    assert_eq!(scene.runs()[1]["counts"]["skipped"], 2);
    assert_eq!((scene.posts(), scene.erp.created()), (5, 3));
}

#[test]
fn looking_up_sends_nothing_and_counts_what_it_did_not_reach_as_unknown() {
    let mut scene = Scene::with_lost_answers(&Customers::valid(59, 2), "500_before");
    scene.import("shop.csv").expect(7);
    let one = scene.run_id();
    let mut others = Customers::valid(60, 5);
    for customer in &mut others.0 {
        customer.cells[0].replace_range(..1, "N");
    }
    scene.importer.file("new.csv", others.csv());
    // The fifth question is for the companies.
    scene.faults("500_before=1,get_status=403@6-7,get_status=403@9");
    let url = scene.erp.url();
    let words = ["run", "new.csv", "-m", "shop.toml", "--base-url", &url];
    scene.command(&[&words[..], &SHORT].concat()).expect(7);
    let posts = scene.posts();
    assert_eq!(posts, 7);

    // Nobody can be asked: everything stays as it was, of both runs.
    scene.faults("get_status=503@1");
    let away = line(&scene.reconcile(&["--max-outage", "1s"]).expect(75));
    assert_eq!(
        counts(&away, &["asked", "created", "open", "unknown"]),
        [7, 0, 0, 7]
    );
    assert_eq!(away["ending"]["ending"], "outage");
    let up = line(&scene.reconcile(&["--max-duration", "1s"]).expect(75));
    assert_eq!(up["ending"]["ending"], "time_up");
    assert_eq!(counts(&up, &["open", "unknown"]), [0, 7]);
    // Forbidden look-ups are an answer, but not to the question.
    scene.faults("get_status=403@1");
    let forbidden = line(&scene.reconcile(&[]).expect(7));
    assert_eq!(counts(&forbidden, &["asked", "unknown"]), [7, 7]);

    scene.faults("");
    let there = line(&scene.reconcile(&[&one]).expect(0));
    assert_eq!(counts(&there, &["asked", "open", "unknown"]), [2, 2, 0]);
    let rest = line(&scene.reconcile(&[]).expect(0));
    assert_eq!(counts(&rest, &["asked", "open", "unknown"]), [5, 5, 0]);
    assert_eq!(scene.posts(), posts, "reconcile sends nothing");
    for run in scene.runs() {
        assert_eq!(run["exit_code"], Value::Null, "unfinished again: {run}");
    }
    scene.import("shop.csv").expect(0);
    assert_eq!(scene.runs()[1]["counts"]["created"], 2);
    let done = scene.command(&[&words[..], &SHORT].concat()).expect(0);
    assert_eq!(done.count("created"), 5);
    assert_eq!(scene.erp.created(), 7);
}

/// The commands that are told stand in lines of their own, and can be given as they are.
#[cfg(unix)]
fn told(run: &Run) -> Vec<String> {
    let lines = run
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("  "));
    // Those of a run are told as the program was called.
    let is_ours = |line: &&str| {
        let program = line.split(' ').next().unwrap_or_default();
        program.ends_with("importer")
    };
    let commands = lines.filter(is_ours);
    commands.map(str::to_owned).collect()
}

/// The words of a command as a shell would read them.
#[cfg(unix)]
fn words_of(command: &str) -> Vec<String> {
    let shell = std::process::Command::new("sh")
        .args(["-c", &format!("printf '%s\\n' {command}")])
        .output();
    let words = String::from_utf8(shell.unwrap().stdout).unwrap();
    words.lines().skip(1).map(str::to_owned).collect()
}

/// Whoever looked up everything, and has one record of one run and several of another left, is
/// told whole commands for each run: with its id, the record and the state folder.
#[cfg(unix)]
#[test]
fn what_comes_next_can_be_copied_and_works() {
    let mut scene = Scene::new(&Customers::valid(71, 1));
    let mut others = Customers::valid(72, 3);
    for customer in &mut others.0 {
        customer.cells[0].replace_range(..1, "N");
    }
    scene.importer.file("new.csv", others.csv());
    let url = scene.erp.url();
    let state = ["--state-dir", "my state"];
    for file in ["shop.csv", "new.csv"] {
        scene.faults("500_before=1,get_status=403@3-5,get_status=403@7");
        let words = ["run", file, "-m", "shop.toml", "--base-url", &url];
        scene
            .command(&[&words[..], &SHORT, &state].concat())
            .expect(7);
    }
    scene.faults("get_status=403@1");
    let look = ["reconcile", "--base-url", &url];
    let look = [&look[..], &SHORT, &state].concat();
    let run = scene.command(&look).expect(7);
    let commands = told(&run);
    assert_eq!(commands.len(), 6, "{}", run.said());
    assert!(!run.stderr.contains("RUN") && !run.stderr.contains("RECORD"));
    assert!(run.stderr.contains("record 1 of run"), "{}", run.said());
    assert!(
        run.stderr.contains("the 3 records of run"),
        "{}",
        run.said()
    );
    let data = line(&scene.command(&[&look[..], &["--json"]].concat()).expect(7));
    let unknown = data["runs"].as_array().unwrap().iter();
    let unknown: Vec<Value> = unknown.map(|run| run["unknown"].clone()).collect();
    assert_eq!(
        unknown,
        [serde_json::json!([1]), serde_json::json!([1, 2, 3])]
    );
    for command in &commands {
        assert!(command.contains("--state-dir 'my state'"), "{command}");
        if command.contains("--created") {
            continue;
        }
        let words = words_of(command);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        scene.command(&words).expect(0);
    }
    // One record of each run was said to be absent; of the rest a look-up says so.
    scene.faults("");
    let run = scene.command(&look).expect(0);
    let commands = told(&run);
    assert_eq!(commands.len(), 2, "{}", run.said());
    assert!(run.stderr.contains("sendet") || run.stderr.contains("this sends"));
    for command in &commands {
        let words = words_of(command);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        scene.command(&words).expect(0);
    }
    assert_eq!(scene.erp.created(), 3);
}

#[test]
fn a_run_is_looked_up_where_it_went() {
    let mut scene = Scene::with_lost_answers(&Customers::valid(61, 1), "500_after");
    scene.import("shop.csv").expect(7);
    let id = scene.run_id();
    let words = ["reconcile", &id, "--base-url", "http://127.0.0.1:9"];
    let elsewhere = scene.command(&words).expect(4);
    assert!(
        elsewhere.stderr.contains("is not what the settings name"),
        "{}",
        elsewhere.said()
    );
    assert_eq!(scene.shown(&id, "unknown").len(), 1);
}

#[test]
fn the_file_of_the_unknown_has_the_words_of_the_command() {
    let mut scene = Scene::with_lost_answers(&Customers::valid(62, 2), "500_after");
    let run = scene.import("shop.csv").expect(7);
    // The rows of the file are the words of the command.
    let id = scene.run_id();
    for row in rows(&run.report_file("unknown.csv"), b',') {
        let words = ["--created", &row["key"]];
        scene.resolve(&id, &row["record"], &words).expect(0);
    }
    assert_eq!(scene.import("shop.csv").expect(0).code, 0);
    assert_eq!(scene.erp.created(), 2);
}
