//! What the printer prints where.

use std::time::Duration;

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::fixtures::finished;
use super::*;
use crate::outcome::{Counts, Phase, Traffic, both};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A target that nobody reads, or that has no room.
struct Failing(io::ErrorKind);

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn console(settings: ConsoleSettings) -> (Console, Captured, Captured) {
    let (out, err) = (Captured::default(), Captured::default());
    let console = Console::over(settings, Box::new(out.clone()), Box::new(err.clone()));
    (console, out, err)
}

fn events() -> Vec<RunEvent> {
    vec![
        RunEvent::Started {
            run: "r1".to_owned(),
            input: "kunden\u{202e}.csv".to_owned(),
            target: Some("live".to_owned()),
            resumed: false,
        },
        RunEvent::info(both!("3 customers are there", "3 Kunden sind da")),
        RunEvent::warning(both!("odd", "seltsam")),
        RunEvent::Paused {
            why: crate::outcome::PauseWhy::TooFast,
            length: Some(Duration::from_secs(30)),
        },
        RunEvent::Resumed,
        RunEvent::Finished(Box::new(finished())),
    ]
}

fn progress(done: u64) -> Progress {
    Progress {
        phase: Phase::Sending,
        done,
        total: Some(100),
        counts: Counts::default(),
        traffic: Traffic::default(),
        concurrency: 8,
        quota: None,
        left: None,
        gives_up: None,
        waits: None,
    }
}

#[test]
fn notes_go_to_stderr_and_the_summary_to_stdout() {
    let (console, out, err) = console(ConsoleSettings::default());
    events().iter().for_each(|event| console.event(event));
    assert_eq!(
        err.text(),
        "Starting r1: kunden\\u{202e}.csv to live\n3 customers are there\nwarning: odd\n\
         Paused for 30 s: the server asks for a slower pace\nGoing on\n"
    );
    assert!(out.text().starts_with("Finished: "));
}

#[test]
fn the_summary_leaves_stdout_to_data() {
    let settings = ConsoleSettings {
        stdout_is_data: true,
        ..ConsoleSettings::default()
    };
    let (console, out, err) = console(settings);
    events().iter().for_each(|event| console.event(event));
    assert_eq!(out.text(), "");
    assert!(err.text().contains("\nFinished: "));
}

#[test]
fn quiet_says_nothing_but_trouble() {
    let settings = ConsoleSettings {
        quiet: true,
        progress: true,
        ..ConsoleSettings::default()
    };
    let (console, out, err) = console(settings);
    events().iter().for_each(|event| console.event(event));
    assert_eq!(
        (out.text().as_str(), err.text().as_str()),
        ("", "warning: odd\n")
    );
    let mut failed = finished();
    failed.exit_code = 3;
    failed.counts.invalid = 1;
    console.event(&RunEvent::Finished(Box::new(failed)));
    assert!(out.text().starts_with("Finished: "));
    assert!(out.text().contains("failed.csv"));
}

#[test]
fn json_is_one_object_a_line_with_a_type() {
    let settings = ConsoleSettings {
        json: true,
        progress: true,
        ..ConsoleSettings::default()
    };
    let (console, out, err) = console(settings);
    console.event(&RunEvent::Progress(progress(1)));
    events().iter().for_each(|event| console.event(event));
    assert_eq!(err.text(), "");
    console.error(
        &both!("broken", "kaputt"),
        Some(&both!("mend it", "reparieren")),
    );
    let text = out.text();
    let types: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].clone())
        .collect();
    assert_eq!(
        types,
        [
            "started", "notice", "notice", "paused", "resumed", "summary", "error"
        ]
    );
    assert!(!text.contains('\u{202e}'));
    let summary: Value = serde_json::from_str(text.lines().nth(5).unwrap()).unwrap();
    assert_eq!(summary["counts"]["read"], finished().counts.read);
    assert_eq!(summary["requests"], finished().traffic.requests);
}

#[test]
fn progress_is_a_line_every_ten_seconds_where_there_is_no_terminal() {
    let settings = ConsoleSettings {
        progress: true,
        ..ConsoleSettings::default()
    };
    let (console, _, err) = console(settings);
    let start = Instant::now();
    for second in 0..25 {
        console.progress(&progress(second), start + Duration::from_secs(second));
    }
    let text = err.text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("Sending 10 of 100 (10%)"), "{text}");
}

/// What a terminal of so many columns shows of a text: its lines, each without what was wiped.
fn screen(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\r' => column = 0,
            '\n' => {
                (row, column) = (row + 1, 0);
                if lines.len() == row {
                    lines.push(Vec::new());
                }
            }
            '\u{1b}' => {
                assert_eq!(characters.by_ref().take(2).collect::<String>(), "[J");
                lines.truncate(row + 1);
                lines[row].truncate(column);
            }
            character => {
                assert!(column < columns, "a row is full: {text:?}");
                let line: &mut Vec<char> = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = character;
                column += 1;
            }
        }
    }
    lines.iter().map(|line| line.iter().collect()).collect()
}

fn on_a_terminal() -> ConsoleSettings {
    ConsoleSettings {
        progress: true,
        stderr_is_terminal: true,
        color: Color::Never,
        width: Some(60),
        ..ConsoleSettings::default()
    }
}

#[test]
fn the_bar_steps_aside_for_what_is_said_and_is_gone_at_the_end() {
    let (console, _, err) = console(on_a_terminal());
    let now = Instant::now();
    console.progress(&progress(5), now);
    let bar = "Sending 5 of 100 (5%), 8 at once";
    assert_eq!(screen(&err.text(), 60), [bar]);
    console.event(&RunEvent::warning(both!("odd", "seltsam")));
    assert_eq!(screen(&err.text(), 60), ["warning: odd", bar]);
    console.progress(&progress(60), now);
    let bar = "Sending 60 of 100 (60%), 8 at once";
    assert_eq!(screen(&err.text(), 60), ["warning: odd", bar]);
    console.event(&RunEvent::Finished(Box::new(finished())));
    assert_eq!(screen(&err.text(), 60), ["warning: odd", ""]);
}

#[test]
fn nothing_is_drawn_over_a_question() {
    let (console, _, err) = console(on_a_terminal());
    let now = Instant::now();
    console.progress(&progress(5), now);
    let yes = console.answer(&both!("Send 95?", "95 senden?"), |answer| {
        assert_eq!(screen(&err.text(), 60), ["Send 95? [y/N] "]);
        console.progress(&progress(6), now);
        assert_eq!(screen(&err.text(), 60), ["Send 95? [y/N] "]);
        // The terminal echoes what is typed.
        err.clone().write_all(b"y\n").unwrap();
        answer.push_str("y\n");
        true
    });
    assert!(yes);
    assert_eq!(screen(&err.text(), 60), ["Send 95? [y/N] y", ""]);
    console.progress(&progress(7), now);
    let bar = "Sending 7 of 100 (7%), 8 at once";
    assert_eq!(screen(&err.text(), 60), ["Send 95? [y/N] y", bar]);
}

#[test]
fn a_summary_is_as_wide_as_its_terminal() {
    let lines = |width, now: fn(Stream) -> Option<u16>| {
        let (console, out, _) = console(ConsoleSettings {
            width: Some(width),
            ..ConsoleSettings::default()
        });
        console.lock().columns = now;
        let mut summary = finished();
        summary.input = "word ".repeat(40);
        console.event(&RunEvent::Finished(Box::new(summary)));
        let text = out.text();
        text.lines().map(|line| line.chars().count()).max().unwrap()
    };
    let widest = [
        lines(50, |_| None),
        lines(80, |_| None),
        // It became narrower, or wider, since the run began.
        lines(80, |_| Some(50)),
        lines(50, |_| Some(80)),
    ];
    for (widest, room) in widest.into_iter().zip([50, 80, 50, 50]) {
        assert!((room - 4..=room).contains(&widest), "{widest} of {room}");
    }
}

#[test]
fn errors_tell_what_and_what_to_do() {
    let (console, out, err) = console(ConsoleSettings {
        color: Color::Always,
        ..ConsoleSettings::default()
    });
    let what = both!("no such \u{1b}[2Jfile", "keine \u{1b}[2JDatei");
    console.error(&what, Some(&both!("name another", "eine andere nennen")));
    let plain = err.text().replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
    let plain = plain.replace("\u{1b}[31m", "").replace("\u{1b}[32m", "");
    assert_eq!(
        plain,
        "error: no such \\u{1b}[2Jfile\n help: name another\n"
    );
    assert_eq!(out.text(), "");
}

#[test]
fn a_reader_who_left_is_no_error_and_a_full_disk_is_said_once() {
    for (kind, said) in [
        (io::ErrorKind::BrokenPipe, 0),
        (io::ErrorKind::StorageFull, 1),
    ] {
        let err = Captured::default();
        let settings = ConsoleSettings::default();
        let console = Console::over(settings, Box::new(Failing(kind)), Box::new(err.clone()));
        console.line("one");
        console.line("two");
        assert_eq!(err.text().lines().count(), said);
        assert_eq!(console.lost_data(), said == 1);
    }
    let err = Captured::default();
    let settings = ConsoleSettings {
        language: Language::German,
        ..ConsoleSettings::default()
    };
    let full = Box::new(Failing(io::ErrorKind::StorageFull));
    Console::over(settings, full, Box::new(err.clone())).line("eins");
    let told = "Fehler: die Standardausgabe lässt sich nicht schreiben: ";
    assert!(err.text().starts_with(told), "{}", err.text());
}

#[test]
fn log_lines_go_to_stderr() {
    let (console, out, err) = console(ConsoleSettings::default());
    let console = Arc::new(console);
    let writer = console.log_writer();
    let wild = "WARN \u{202e}odd\n".as_bytes();
    writer.make_writer().write_all(wild).unwrap();
    let json = LogWriter::new(Arc::clone(&console), LogFormat::Json);
    json.make_writer().write_all(wild).unwrap();
    assert_eq!(
        (out.text().as_str(), err.text().as_str()),
        ("", "WARN \\u{202e}odd\nWARN \\u202eodd\n")
    );
}

#[test]
fn only_a_yes_is_a_yes() {
    for answer in ["y\n", "Yes\r\n", " J ", "ja"] {
        assert!(is_yes(answer), "{answer}");
    }
    for answer in ["", "\n", "n\n", "yess", "nein"] {
        assert!(!is_yes(answer), "{answer}");
    }
}

#[test]
fn a_german_reader_is_told_in_german_and_a_program_in_english() {
    let (console, _, err) = console(ConsoleSettings {
        language: Language::German,
        ..ConsoleSettings::default()
    });
    events().iter().for_each(|event| console.event(event));
    console.error(
        &both!("broken", "kaputt"),
        Some(&both!("mend it", "reparieren")),
    );
    assert_eq!(
        err.text(),
        "Beginn von r1: kunden\\u{202e}.csv nach live\n3 Kunden sind da\nWarnung: seltsam\n\
         Pause für 30 s: der Server bittet um ein langsameres Tempo\nEs geht weiter\n\
         Fehler: kaputt\n Hilfe: reparieren\n"
    );
}

#[test]
fn a_pause_is_told_with_the_comma_of_the_language() {
    for (language, told) in [
        (Language::English, "Paused for 2.4 s: "),
        (Language::German, "Pause für 2,4 s: "),
    ] {
        let (console, _, err) = console(ConsoleSettings {
            language,
            ..ConsoleSettings::default()
        });
        console.event(&RunEvent::Paused {
            why: crate::outcome::PauseWhy::TooFast,
            length: Some(Duration::from_millis(2_400)),
        });
        assert!(err.text().starts_with(told), "{}", err.text());
    }
}

#[test]
fn json_is_english_in_every_language() {
    let said = [Language::English, Language::German].map(|language| {
        let (console, out, _) = console(ConsoleSettings {
            language,
            json: true,
            ..ConsoleSettings::default()
        });
        let all = events();
        let events = all
            .iter()
            .filter(|event| !matches!(event, RunEvent::Finished(_)));
        events.for_each(|event| console.event(event));
        console.error(
            &both!("broken", "kaputt"),
            Some(&both!("mend it", "reparieren")),
        );
        out.text()
    });
    assert_eq!(said[0], said[1]);
    assert!(said[0].contains("\"help\":\"mend it\""), "{}", said[0]);
}
