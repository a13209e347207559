//! On a terminal: a question stands alone, the summary is as wide as the terminal, and nothing is
//! left of the progress, whatever a terminal becomes and however a run ends.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command};
use std::time::Duration;

use nix::pty::{OpenptyResult, Winsize, openpty};
use unicode_width::UnicodeWidthChar as _;
use wawi_importer::sandbox::{Auth, Existing, Faults, SandboxSettings};

use crate::stand_in::{StandIn, wait_for};
use crate::support::Importer;

const MAPPING: &str = r#"
[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = "Ort"
CountryIso = { value = "DE" }
"#;

/// What a terminal shows: rows of so many columns, without colours.
struct Screen {
    columns: usize,
    rows: Vec<String>,
    row: usize,
    column: usize,
}

impl Screen {
    fn of(text: &str, columns: usize) -> Self {
        let mut screen = Self {
            columns,
            rows: vec![String::new()],
            row: 0,
            column: 0,
        };
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '\r' => screen.column = 0,
                '\n' => screen.next_row(),
                '\u{1b}' => {
                    assert_eq!(characters.next(), Some('['));
                    let ends = |c: &char| c.is_ascii_alphabetic();
                    match characters.find(ends) {
                        Some('J') => screen.wipe(),
                        Some('m') => {}
                        other => panic!("what is `{other:?}`? {text:?}"),
                    }
                }
                character => screen.put(character),
            }
        }
        screen
    }

    fn next_row(&mut self) {
        self.row += 1;
        if self.rows.len() == self.row {
            self.rows.push(String::new());
        }
    }

    fn wipe(&mut self) {
        self.rows.truncate(self.row + 1);
        let row = &mut self.rows[self.row];
        *row = row.chars().take(self.column).collect();
    }

    fn put(&mut self, character: char) {
        assert_eq!(character.width(), Some(1), "{character:?}");
        if self.column == self.columns {
            self.next_row();
            self.column = 0;
        }
        let row = &mut self.rows[self.row];
        let after: String = row.chars().skip(self.column + 1).collect();
        let mut before: String = row.chars().take(self.column).collect();
        while before.chars().count() < self.column {
            before.push(' ');
        }
        *row = format!("{before}{character}{after}");
        self.column += 1;
    }

    fn text(&self) -> String {
        self.rows.join("\n")
    }
}

/// The program on a terminal of so many columns.
struct Terminal {
    child: Child,
    /// What is typed goes in, what is shown comes out.
    line: File,
    bytes: Vec<u8>,
    columns: u16,
}

impl Terminal {
    fn start(importer: &Importer, columns: u16) -> Self {
        let size = Winsize {
            ws_row: 50,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let OpenptyResult { master, slave } = openpty(Some(&size), None).unwrap();
        Self {
            // Nobody but the program keeps the other side, so that its end is ours.
            child: importer.start_on(slave),
            line: File::from(master),
            bytes: Vec::new(),
            columns,
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn screen(&self) -> Screen {
        Screen::of(&self.shown(), usize::from(self.columns))
    }

    /// Whether there was more to read. Linux says `EIO` when the program is gone, others nothing.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4_096];
        let read = self.line.read(&mut bytes).unwrap_or_default();
        self.bytes.extend_from_slice(&bytes[..read]);
        read > 0
    }

    #[track_caller]
    fn read_until(&mut self, there: impl Fn(&str) -> bool) {
        while !there(&self.shown()) {
            assert!(self.read(), "in vain: {}", self.shown());
        }
    }

    /// The code with which the program ends.
    fn end(&mut self) -> i32 {
        while self.read() {}
        self.child.wait().unwrap().code().unwrap()
    }

    /// What Ctrl-C is to a program whose terminal it is.
    fn interrupt(&self) {
        self.signal("-INT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
    }

    fn type_in(&mut self, text: &str) {
        self.line.write_all(text.as_bytes()).unwrap();
    }
}

/// A program whose screen nobody reads any more would wait for ever.
impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn importer(server: &StandIn, customers: u32) -> Importer {
    let importer = Importer::new();
    importer.file("map.toml", MAPPING);
    let mut rows = "Nr;Name;Ort\n".to_owned();
    for customer in 1..=customers {
        rows.push_str(&format!("K{customer};Tarnvogel;Ulm\n"));
    }
    importer.file("in.csv", rows);
    importer.file(
        "importer.toml",
        format!("base_url = \"{}\"\n", server.url()),
    );
    importer
}

#[test]
fn a_question_stands_alone_and_the_summary_is_as_wide_as_the_terminal() {
    for columns in [60, 120] {
        let server = StandIn::start(SandboxSettings::default());
        let mut importer = importer(&server, 3);
        importer.args(["run", "in.csv", "-m", "map.toml"]);
        let mut terminal = Terminal::start(&importer, columns);
        terminal.read_until(|shown| shown.ends_with("[y/N] "));
        let asked = terminal.shown();
        // There was a progress, and nothing is left of it.
        assert!(asked.contains("\u{1b}[J"), "{asked}");
        let screen = terminal.screen().text();
        assert!(screen.contains("Send 3 customers of in.csv"), "{screen}");
        for word in ["Reading", "Asking", "=>", "|", "%"] {
            assert!(!screen.contains(word), "{word}: {screen}");
        }
        terminal.type_in("y\n");
        assert_eq!(terminal.end(), 0, "{}", terminal.shown());
        let shown = terminal.shown();
        // What the terminal echoes comes next: nothing was drawn while it waited.
        assert!(shown[asked.len()..].starts_with("y\r\n"), "{shown}");
        let screen = terminal.screen();
        let text = screen.text();
        assert!(text.contains("Finished: 3 of 3 records created."), "{text}");
        assert!(!text.contains("Sending"), "{text}");
        let (_, summary) = shown.split_once("Finished:").unwrap();
        let widest = summary.lines().map(|line| Screen::of(line, 999).column);
        let widest = widest.max().unwrap();
        // Wider than a hundred columns nobody reads with ease.
        let room = usize::from(columns).min(100);
        assert!(widest <= room && widest > room / 2, "{widest} {shown}");
    }
}

#[test]
fn a_server_that_is_away_is_told_with_the_time_after_which_the_run_gives_up() {
    let server = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&server, 3);
    drop(server);
    let words = [
        "run",
        "in.csv",
        "-m",
        "map.toml",
        "--yes",
        "--max-outage",
        "5m",
    ];
    importer.args(words);
    let mut terminal = Terminal::start(&importer, 100);
    let told = "Asking which customers exist, server does not answer; gives up in 5 min";
    terminal.read_until(|shown| shown.contains(told));
    terminal.interrupt();
    assert_eq!(terminal.end(), 130, "{}", terminal.shown());
    let text = terminal.screen().text();
    assert!(!text.contains("gives up"), "{text}");
}

/// An importer with credentials of its own at a server that deals in tokens.
fn with_tokens(customers: u32, existing: i32) -> (StandIn, Importer) {
    let existing = (1..=existing).map(|id| Existing::new(id, &format!("E{id}")));
    let server = StandIn::start(SandboxSettings {
        auth: Auth::Bearer {
            client_id: "shop".to_owned(),
            client_secret: "secret".to_owned(),
            lives: Duration::from_secs(3600),
        },
        existing: existing.collect(),
        page_size_max: 10,
        latency: Duration::from_millis(50),
        ..SandboxSettings::default()
    });
    let mut importer = importer(&server, customers);
    importer
        .env("IMPORTER_CLIENT_ID", "shop")
        .env("IMPORTER_CLIENT_SECRET", "secret")
        .env("IMPORTER_TOKEN_URL", server.token_url())
        .args(["run", "in.csv", "-m", "map.toml", "--yes"])
        .arg("--max-outage")
        .arg("5m")
        .arg("--rate")
        .arg("50/s");
    (server, importer)
}

#[test]
fn a_token_server_that_is_away_is_told_with_the_time_after_which_the_run_gives_up() {
    // Before the first question, in the middle of the questions, and while customers are sent.
    for (existing, begun) in [(0, ""), (200, " of 200"), (0, "Sending ")] {
        let (server, importer) = with_tokens(300, existing);
        let away = || {
            server.set_faults(Faults::parse("token_status=503@1").unwrap());
            server.revoke_tokens();
        };
        if begun.is_empty() {
            away();
        }
        let mut terminal = Terminal::start(&importer, 120);
        terminal.read_until(|shown| shown.contains(begun));
        if !begun.is_empty() {
            away();
        }
        let told = "server does not answer; gives up in 5 min";
        terminal.read_until(|shown| shown.contains(told));
        let shown = terminal.shown();
        let why = "Paused: the token server gives no token";
        assert_eq!(shown.matches(why).count(), 1, "{shown}");
        // Nobody who waits for it keeps an interrupted run; once it is there, all is as it was.
        if existing == 0 {
            server.lift();
            terminal.read_until(|shown| shown.contains("Going on"));
            terminal
                .read_until(|shown| shown.rsplit("Going on").next().unwrap().contains(", 8 at"));
            let text = terminal.screen().text();
            assert!(
                text.contains("Sending ") && !text.contains("gives up"),
                "{text}"
            );
        }
        terminal.interrupt();
        assert_eq!(terminal.end(), 130, "{}", terminal.shown());
    }
}

#[test]
fn ctrl_c_leaves_nothing_of_the_progress_on_the_terminal() {
    for columns in [80, 120] {
        let server = StandIn::start(SandboxSettings {
            latency: Duration::from_millis(20),
            ..SandboxSettings::default()
        });
        let mut importer = importer(&server, 5_000);
        importer.args(["run", "in.csv", "-m", "map.toml", "--yes", "--rate", "20/s"]);
        let mut terminal = Terminal::start(&importer, columns);
        terminal.read_until(|shown| shown.contains("Sending "));
        // The terminal echoes it, and the system makes a signal of it.
        terminal.type_in("\u{3}");
        terminal.read_until(|shown| shown.contains("^C"));
        terminal.interrupt();
        assert_eq!(terminal.end(), 130, "{}", terminal.shown());
        let text = terminal.screen().text();
        assert!(text.contains("Interrupted"), "{text}");
        for word in ["Sending", "Writing the report", "^C", "=>"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

#[test]
fn a_question_ends_with_ctrl_c_and_sends_nothing() {
    let server = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&server, 3);
    importer.args(["run", "in.csv", "-m", "map.toml"]);
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut terminal = Terminal::start(&importer, 120);
        terminal.read_until(|shown| shown.ends_with("[y/N] "));
        terminal.signal(signal);
        assert_eq!(terminal.end(), code, "{}", terminal.shown());
        let text = terminal.screen().text();
        let told = "[y/N]\nerror: interrupted before anything was sent\n help: the same command";
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert!(lines.join("\n").contains(told), "{text}");
    }
    // The end of the input is no answer either.
    let mut terminal = Terminal::start(&importer, 120);
    terminal.read_until(|shown| shown.ends_with("[y/N] "));
    terminal.type_in("\u{4}");
    assert_eq!(terminal.end(), 130, "{}", terminal.shown());
    let text = terminal.screen().text();
    assert!(text.contains("\nerror: nothing was sent"), "{text}");
    assert_eq!(server.created(), 0);
}

#[test]
fn an_input_that_does_not_end_is_left_by_ctrl_c() {
    let server = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&server, 3);
    importer.args(["run", "-", "-m", "map.toml"]);
    let spool = importer.folder().join(".importer/spool");
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut terminal = Terminal::start(&importer, 120);
        wait_for(|| std::fs::read_dir(&spool).is_ok_and(|mut it| it.next().is_some()));
        terminal.signal(signal);
        assert_eq!(terminal.end(), code, "{}", terminal.shown());
        let text = terminal.screen().text();
        let told = "error: interrupted before anything was sent";
        assert!(text.contains(told), "{text}");
        // A start removes what the one before left.
        std::fs::remove_dir_all(&spool).unwrap();
    }
    assert_eq!(server.created(), 0);
}

#[test]
fn a_part_of_the_input_is_the_whole_of_what_is_asked_for_and_shown() {
    // Record 2 is invalid.
    for (option, part, of) in [("--limit", "4", 4), ("--record", "1-3,3,9", 3)] {
        let server = StandIn::start(SandboxSettings {
            latency: Duration::from_millis(300),
            ..SandboxSettings::default()
        });
        let mut importer = importer(&server, 9);
        let rows = std::fs::read_to_string(importer.folder().join("in.csv")).unwrap();
        importer.file("in.csv", rows.replace("K2;Tarnvogel", "K2;"));
        let words = ["run", "in.csv", "-m", "map.toml", "--concurrency", "1"];
        importer.args(words.into_iter().chain([option, part]));
        let mut terminal = Terminal::start(&importer, 100);
        terminal.read_until(|shown| shown.ends_with("[y/N] "));
        let asked = terminal.shown();
        assert!(
            asked.contains(&format!("Send {of} customers of")),
            "{asked}"
        );
        terminal.type_in("y\n");
        terminal.read_until(|shown| shown.contains("Sending 1 of"));
        let shown = terminal.shown();
        assert!(shown.contains(&format!("Sending 1 of {of} (")), "{shown}");
        assert_eq!(terminal.end(), 3, "{}", terminal.shown());
        let text = terminal.screen().text();
        let told = format!("{of} of 9 records created");
        assert!(text.contains(&told), "{text}");
    }
}
