//! An import whose program may die at any moment, and what has to be true once it is through:
//! the stand-in's ledger is compared with the input, the report with the ledger, and the journal
//! with both.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rusqlite::Connection;
use wawi_importer::sandbox::{Existing, SandboxSettings};

use crate::customers::{Customers, LAST_NAME, MAIL_DOMAIN, MAPPING, column};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run, files_below, rows};

/// The variable that names the instant at which the program dies.
const FAIL_POINT: &str = "FAIL_POINT";

/// How an import under test is set up.
pub(crate) struct Plan {
    pub(crate) customers: Customers,
    /// Records whose customers the server has from the start.
    pub(crate) existing: BTreeSet<usize>,
    pub(crate) server: SandboxSettings,
    /// Whether the export comes through the standard input.
    pub(crate) stdin: bool,
    pub(crate) words: Vec<String>,
}

/// An import under test.
pub(crate) struct Attacked {
    pub(crate) server: StandIn,
    customers: Customers,
    existing: BTreeSet<String>,
    importer: Importer,
}

/// What became of a started program.
pub(crate) enum End {
    /// It was killed, or died at a fail point.
    Died,
    /// It ended by itself.
    Ended(Run),
}

impl Plan {
    pub(crate) fn new(customers: Customers) -> Self {
        Self {
            customers,
            existing: BTreeSet::new(),
            server: SandboxSettings::default(),
            stdin: false,
            words: Vec::new(),
        }
    }

    pub(crate) fn words(mut self, words: &[&str]) -> Self {
        self.words
            .extend(words.iter().map(|word| (*word).to_owned()));
        self
    }

    pub(crate) fn build(mut self) -> Attacked {
        let there = |record: &usize| self.customers.0[record - 1].cells[0].clone();
        let existing: BTreeSet<String> = self.existing.iter().map(there).collect();
        let ids = 1..;
        self.server.existing = ids
            .zip(&existing)
            .map(|(id, number)| Existing::new(id, number))
            .collect();
        let server = StandIn::start(self.server);
        let mut importer = Importer::new();
        importer.file("shop.toml", MAPPING);
        let url = server.url();
        let input = if self.stdin { "-" } else { "shop.csv" };
        if self.stdin {
            importer.stdin(self.customers.csv());
        } else {
            importer.file("shop.csv", self.customers.csv());
        }
        importer.args(["run", input, "-m", "shop.toml", "--base-url", &url]);
        for word in self.words {
            importer.arg(word);
        }
        Attacked {
            server,
            customers: self.customers,
            existing,
            importer,
        }
    }
}

impl Attacked {
    /// Starts the program; it dies at `point`, if there is one (`NAME@N`).
    pub(crate) fn start(&mut self, point: Option<&str>) -> Child {
        self.importer.env(FAIL_POINT, point.unwrap_or(""));
        let mut child = self.importer.start();
        if let Some(mut pipe) = child.stdin.take() {
            let bytes = self.customers.csv();
            // Whoever dies does not read everything.
            std::thread::spawn(move || pipe.write_all(&bytes));
        }
        child
    }

    /// Waits for the end of a program that somebody tried to kill, or not.
    pub(crate) fn end(&self, child: Child, killed: bool) -> End {
        let output = child.wait_with_output().unwrap();
        if is_death(output.status, killed) {
            End::Died
        } else {
            End::Ended(self.importer.read(output))
        }
    }

    /// Lets the program run to its end.
    pub(crate) fn run(&mut self) -> Run {
        let child = self.start(None);
        match self.end(child, false) {
            End::Ended(run) => run,
            End::Died => panic!("it died by itself"),
        }
    }

    /// Runs the same command until it says that everything is done, and then looks at what is
    /// there. What could not be looked up in the midst of faults is looked up by the next run.
    #[track_caller]
    pub(crate) fn finish(&mut self) {
        for _ in 0..10 {
            let run = self.run();
            if run.code == self.code() {
                return self.assert_whole(run);
            }
            assert!([7, 75].contains(&run.code), "{}", run.said());
        }
        panic!("not done after 10 runs");
    }

    /// The code with which an import of such an input ends.
    pub(crate) fn code(&self) -> i32 {
        let is_broken = self.customers.0.iter().any(|one| one.broken.is_some());
        if is_broken { 3 } else { 0 }
    }

    pub(crate) fn journal_bytes(&self) -> u64 {
        let length = |name: &str| {
            let path = self.importer.folder().join(".importer").join(name);
            path.metadata().map_or(0, |found| found.len())
        };
        length("journal.db") + length("journal.db-wal")
    }

    /// Nothing is lost, nothing is doubled, and everything says the same.
    #[track_caller]
    pub(crate) fn assert_whole(&mut self, run: Run) {
        let run = run.expect(self.code());
        let created = self.assert_ledger();
        let broken = self.customers.0.len() - self.customers.numbers().len();
        for (name, count) in [
            ("read", self.customers.0.len()),
            ("created", created.len()),
            ("exists", self.existing.len()),
            ("invalid", broken),
        ] {
            assert_eq!(run.count(name), count as u64, "{name}: {}", run.said());
        }
        self.assert_report(&run, &created);
        self.assert_journal(&run, &created);
        self.assert_tidy();
        let (posts, code) = (self.server.counters().posts, self.code());
        self.run().expect(code);
        assert_eq!(self.server.counters().posts, posts, "sent again");
        self.assert_tidy();
    }

    /// Every valid record that was not there is in the ledger once, with its own data; the ids
    /// by number.
    #[track_caller]
    fn assert_ledger(&self) -> BTreeMap<String, i32> {
        let mut ids = BTreeMap::new();
        let mut mails = BTreeMap::new();
        for entry in self.server.ledger() {
            let mail = entry.body["BillingAddress"]["EmailAddress"].as_str();
            mails.insert(entry.number.clone(), mail.unwrap_or_default().to_owned());
            let doubled = ids.insert(entry.number.clone(), entry.id);
            assert_eq!(doubled, None, "{} is there twice", entry.number);
        }
        let valid = self.customers.0.iter().filter(|one| one.broken.is_none());
        let sent = valid.filter(|one| !self.existing.contains(&one.cells[0]));
        let expected: BTreeMap<String, String> = sent
            .map(|one| (one.cells[0].clone(), one.cells[column("E-Mail")].clone()))
            .collect();
        assert_eq!(mails, expected, "ledger and input differ");
        let violations = self.server.counters().violations;
        assert!(violations.is_empty(), "{violations:?}");
        ids
    }

    /// `created.csv` names each customer of the ledger once, `failed.csv` what is broken.
    #[track_caller]
    fn assert_report(&self, run: &Run, ledger: &BTreeMap<String, i32>) {
        assert_eq!(run.reports().len(), 1, "{:?}", run.reports());
        let created = run.rows("created.csv");
        let mut numbers = BTreeSet::new();
        for row in &created {
            let record: usize = row["record"].parse().unwrap();
            let customer = &self.customers.0[record - 1].cells;
            assert_eq!(row["customer_number"], customer[0]);
            assert_eq!(row["in_E-Mail"], customer[column("E-Mail")]);
            let id = &row["customer_id"];
            assert_eq!(*id, ledger[&customer[0]].to_string(), "{row:?}");
            numbers.insert(customer[0].clone());
        }
        assert_eq!(created.len(), numbers.len(), "somebody is reported twice");
        assert_eq!(numbers, ledger.keys().cloned().collect());
        let failed = rows(&run.report_file("failed.csv"), b';');
        assert_eq!(failed.len() as u64, run.count("invalid"));
        assert!(!run.has_report_file("unknown.csv"));
        let folder = run.reports().pop().unwrap();
        for file in files_below(&folder) {
            let name = file.file_name().unwrap().to_string_lossy();
            assert!(!name.starts_with('.'), "{name} is left");
        }
    }

    /// The journal is sound, holds no open intent, and agrees with the ledger and the counts.
    #[track_caller]
    fn assert_journal(&self, run: &Run, ledger: &BTreeMap<String, i32>) {
        let path = self.importer.folder().join(".importer/journal.db");
        let journal = Connection::open(path).unwrap();
        let text = |query: &str| -> String {
            let answer = journal.query_row(query, [], |row| row.get(0));
            answer.unwrap()
        };
        assert_eq!(text("PRAGMA quick_check"), "ok");
        let open =
            "SELECT ((SELECT count(*) FROM v_unknown) + (SELECT count(*) FROM intents)) || ''";
        assert_eq!(text(open), "0");
        assert_eq!(text("SELECT count(*) || '' FROM runs"), "1");
        let mut created = journal
            .prepare("SELECT customer_number, record FROM records WHERE outcome = 'created'")
            .unwrap();
        let created: BTreeMap<String, usize> = created
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(|row| row.unwrap())
            .collect();
        assert!(
            created.keys().eq(ledger.keys()),
            "journal and ledger differ"
        );
        for (number, record) in created {
            assert_eq!(number, self.customers.0[record - 1].cells[0]);
        }
        let mut counts = journal
            .prepare("SELECT outcome, count(*) FROM records GROUP BY outcome")
            .unwrap();
        let counted = counts
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
            .unwrap();
        for row in counted {
            let (outcome, count): (String, u64) = row.unwrap();
            assert_eq!(run.count(&outcome), count, "{outcome}");
        }
    }

    /// No byte of a customer is left in the state folder, and no file that was to go.
    #[track_caller]
    fn assert_tidy(&self) {
        for file in files_below(&self.importer.folder().join(".importer")) {
            let bytes = std::fs::read(&file).unwrap();
            for canary in [MAIL_DOMAIN, LAST_NAME] {
                let there = bytes
                    .windows(canary.len())
                    .any(|window| window == canary.as_bytes());
                assert!(!there, "{} holds customers", file.display());
            }
            let name = file.file_name().unwrap().to_string_lossy();
            assert!(!name.starts_with("stdin-"), "{name} is left");
        }
    }
}

/// Whether a process was killed or aborted: no code of ours says so. On Windows who is killed
/// ends with code 1, which nobody here ends with otherwise.
fn is_death(status: ExitStatus, killed: bool) -> bool {
    let is_death_of = |code| !(0..=255).contains(&code) || cfg!(windows) && killed && code == 1;
    status.code().is_none_or(is_death_of)
}

/// Waits a moment between two looks.
pub(crate) fn breathe() {
    std::thread::park_timeout(Duration::from_millis(1));
}
