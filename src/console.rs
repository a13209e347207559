//! The only printer: progress, notices, summaries, errors and logs.
//!
//! It owns stdout and stderr, the policy of colours, and the cleaning of whatever comes from
//! files and servers. What it shows are [`RunEvent`]s and texts; it knows no stage, decides
//! nothing about a run, and a run that nobody watches is the same run.
//!
//! stdout is for what a caller asked for (the summary, data, with `--json` one object a line);
//! everything else goes to stderr.

mod clean;
mod explanation;
mod findings;
mod json;
mod linked;
mod logging;
mod page;
mod plan;
mod progress;
mod settings;
mod steps;
mod summary;

#[cfg(test)]
mod fixtures;

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use indicatif::ProgressBar;
use serde::Serialize;

pub use explanation::{ExplainedRow, Explanation, Section};
pub use logging::{LogFormat, LogLine, LogWriter, start_logging};
pub use settings::{Color, ConsoleSettings};

use self::page::{BAD, GOOD, Look, ODD, STRONG, length};
use crate::outcome::{Finding, Progress, RunEvent, Summary, Verdict};

/// The printer. It may be shared between threads; each call prints as a whole.
pub struct Console {
    settings: ConsoleSettings,
    state: Mutex<State>,
}

struct State {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// Set once nobody reads stdout any more (`importer … | head`), or it took no more.
    out_is_closed: bool,
    /// Data that somebody asked for could not be written.
    lost_data: bool,
    bar: Option<ProgressBar>,
    pace: progress::Pace,
}

#[derive(Clone, Copy)]
enum Stream {
    /// stdout, for people.
    Out,
    /// stdout, for whoever asked for the data.
    Data,
    Err,
}

impl State {
    /// Prints a text as a whole while the bar steps aside. That nobody reads on is no error of
    /// ours; that stdout cannot be written otherwise is said once on stderr.
    fn print(&mut self, stream: Stream, bytes: &[u8]) {
        let Self {
            out,
            err,
            out_is_closed,
            lost_data,
            bar,
            ..
        } = self;
        let mut write = || match stream {
            Stream::Out | Stream::Data if *out_is_closed => {}
            Stream::Out | Stream::Data => {
                if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
                    *out_is_closed = true;
                    if error.kind() != io::ErrorKind::BrokenPipe {
                        let is_data = matches!(stream, Stream::Data);
                        *lost_data |= is_data;
                        let word = if is_data { "error" } else { "warning" };
                        let _ = writeln!(err, "{word}: stdout cannot be written: {error}");
                    }
                }
            }
            // There is no place left to complain to.
            Stream::Err => drop(err.write_all(bytes).and_then(|()| err.flush())),
        };
        match bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn clear_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Console {
    /// A console on this process's stdout and stderr.
    #[must_use]
    pub fn new(settings: ConsoleSettings) -> Self {
        Self::over(settings, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    fn over(
        settings: ConsoleSettings,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
    ) -> Self {
        let state = State {
            out,
            err,
            out_is_closed: false,
            lost_data: false,
            bar: None,
            pace: progress::Pace::default(),
        };
        Self {
            settings,
            state: Mutex::new(state),
        }
    }

    /// Shows an event of a run.
    pub fn event(&self, event: &RunEvent) {
        match event {
            RunEvent::Progress(progress) => self.progress(progress, Instant::now()),
            RunEvent::Finished(summary) => {
                self.lock().clear_bar();
                self.summary(summary);
            }
            _ if self.settings.json => self.json_line(json::event(event)),
            RunEvent::Notice(notice) if notice.warning => self.warn(&notice.text),
            RunEvent::Altered {
                run,
                columns,
                accepted,
            } => self.warn(&linked::altered(run, columns, *accepted)),
            _ if self.settings.quiet => {}
            RunEvent::Started {
                run,
                input,
                target,
                resumed,
            } => self.note(&started(run, input, target.as_deref(), *resumed)),
            RunEvent::Notice(notice) => self.note(&notice.text),
            RunEvent::Paused { why, length: None } => self.note(&format!("Paused: {why}")),
            RunEvent::Paused {
                why,
                length: Some(time),
            } => self.note(&format!("Paused for {}: {why}", length(*time))),
            RunEvent::Resumed => self.note("Going on"),
        }
    }

    /// Prints a text of one or more lines on stdout.
    pub fn line(&self, text: &str) {
        self.data(&format!("{}\n", clean::block(text)));
    }

    /// Prints a value as one line of JSON on stdout.
    pub fn json(&self, value: &impl Serialize) {
        self.data(&json::text(value));
    }

    /// Prints rows under headings on stdout, aligned; columns of numbers to the right.
    pub fn table(&self, headers: &[&str], rows: &[Vec<String>]) {
        let look = self.settings.look(self.settings.stdout_is_terminal);
        self.data(&page::table(headers, rows, look));
    }

    /// Prints what a check came to on stdout, with what to do about it.
    pub fn finding(&self, finding: &Finding) {
        if self.settings.json {
            return self.json_line(Some(json::finding(finding)));
        }
        if !self.settings.quiet || finding.verdict != Verdict::Ok {
            let look = self.settings.look(self.settings.stdout_is_terminal);
            self.data(&findings::page(finding, look));
        }
    }

    /// Prints rows under headings on stdout, and an empty line; nothing if only trouble is told.
    pub fn page_table(&self, headers: &[&str], rows: &[Vec<String>]) {
        if !self.settings.quiet {
            let look = self.settings.look(self.settings.stdout_is_terminal);
            self.data(&format!("{}\n", page::table(headers, rows, look)));
        }
    }

    /// Prints one record, explained, on stdout.
    pub fn explanation(&self, explanation: &Explanation) {
        let look = self.settings.look(self.settings.stdout_is_terminal);
        self.data(&explanation::page(explanation, look));
    }

    /// Prints a remark on stderr.
    pub fn note(&self, text: &str) {
        self.err(&format!("{}\n", clean::block(text)));
    }

    /// Prints a warning on stderr.
    pub fn warn(&self, text: &str) {
        let word = self.err_look().paint(ODD.bold(), "warning:");
        self.err(&format!("{word} {}\n", clean::block(text)));
    }

    /// Tells on stderr what ended the command, and what to do about it; with `--json` on stdout
    /// too. A progress bar is gone after that.
    pub fn error(&self, what: &str, help: Option<&str>) {
        self.lock().clear_bar();
        if self.settings.json {
            self.json_line(Some(json::error(what, help)));
        }
        let look = self.err_look();
        let word = look.paint(BAD.bold(), "error:");
        let mut text = format!("{word} {}\n", clean::block(what));
        if let Some(help) = help {
            let word = look.paint(GOOD.bold(), "help:");
            text.push_str(&format!(" {word} {}\n", clean::block(help)));
        }
        self.err(&text);
    }

    /// Prints a mapping mistake, rendered as a compiler would, on stderr. Colours in it pass.
    pub fn diagnostic(&self, rendered: &str) {
        let text = clean::colored_block(rendered);
        self.err(&format!("{}\n", text.trim_end_matches('\n')));
    }

    /// Whether what goes to stderr may have colours.
    #[must_use]
    pub fn color_on_stderr(&self) -> bool {
        self.err_look().color
    }

    /// Asks a yes-or-no question on the terminal; anything but a yes is a no. The caller makes
    /// sure that somebody is there to answer.
    #[must_use]
    pub fn ask(&self, question: &str) -> bool {
        let question = self.err_look().paint(STRONG, &clean::block(question));
        self.err(&format!("{question} [y/N] "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok() && is_yes(&answer)
    }

    /// What a log writes through, so that its lines and the progress bar do not mix.
    #[must_use]
    pub fn log_writer(self: &Arc<Self>) -> LogWriter {
        LogWriter::new(Arc::clone(self), LogFormat::Text)
    }

    fn progress(&self, progress: &Progress, now: Instant) {
        if !self.settings.shows_progress() {
            return;
        }
        let mut state = self.lock();
        let text = state.pace.tell(progress, now);
        if self.settings.has_bar() {
            progress::draw(&mut state.bar, progress, &text);
        } else if state.pace.line_is_due(now) {
            state.print(Stream::Err, format!("{text}\n").as_bytes());
        }
    }

    fn summary(&self, summary: &Summary) {
        if self.settings.json {
            return self.json_line(Some(json::summary(summary)));
        }
        let to_stderr = self.settings.stdout_is_data;
        let look = self.settings.look(if to_stderr {
            self.settings.stderr_is_terminal
        } else {
            self.settings.stdout_is_terminal
        });
        let text = if self.settings.quiet {
            summary::brief(summary, look)
        } else {
            summary::page(summary, look, self.settings.verbose > 0)
        };
        if to_stderr {
            self.err(&text);
        } else {
            self.out(&text);
        }
    }

    /// The line of an event: on stdout, unless that carries the caller's data.
    fn json_line(&self, line: Option<String>) {
        match line {
            Some(line) if self.settings.stdout_is_data => self.err(&line),
            Some(line) => self.data(&line),
            None => {}
        }
    }

    fn log(&self, bytes: &[u8]) {
        self.lock().print(Stream::Err, bytes);
    }

    /// Whether data that somebody asked for could not be written to stdout, which was said on
    /// stderr. A pipe that is closed because nobody wants to read on loses nothing.
    #[must_use]
    pub fn lost_data(&self) -> bool {
        self.lock().lost_data
    }

    fn data(&self, text: &str) {
        self.lock().print(Stream::Data, text.as_bytes());
    }

    fn out(&self, text: &str) {
        self.lock().print(Stream::Out, text.as_bytes());
    }

    fn err(&self, text: &str) {
        self.lock().print(Stream::Err, text.as_bytes());
    }

    fn err_look(&self) -> Look {
        self.settings.look(self.settings.stderr_is_terminal)
    }

    /// A thread that panicked while printing left no state that could be wrong.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn started(run: &str, input: &str, target: Option<&str>, resumed: bool) -> String {
    let verb = if resumed { "Going on with" } else { "Starting" };
    let run = clean::line(run);
    let input = clean::line(input);
    match target {
        Some(target) => format!("{verb} {run}: {input} to {}", clean::line(target)),
        None => format!("{verb} {run}: {input}, nothing will be sent"),
    }
}

/// English and German, as Wawi's users speak.
fn is_yes(answer: &str) -> bool {
    matches!(
        answer.trim().to_lowercase().as_str(),
        "y" | "yes" | "j" | "ja"
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;
    use tracing_subscriber::fmt::MakeWriter;

    use super::fixtures::finished;
    use super::*;
    use crate::outcome::{Counts, Phase, Traffic};

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
            RunEvent::info("3 customers are there"),
            RunEvent::warning("odd"),
            RunEvent::Paused {
                why: "too many requests".to_owned(),
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
        }
    }

    #[test]
    fn notes_go_to_stderr_and_the_summary_to_stdout() {
        let (console, out, err) = console(ConsoleSettings::default());
        events().iter().for_each(|event| console.event(event));
        assert_eq!(
            err.text(),
            "Starting r1: kunden\\u{202e}.csv to live\n3 customers are there\nwarning: odd\n\
             Paused for 30 s: too many requests\nGoing on\n"
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
        console.error("broken", Some("mend it"));
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

    #[test]
    fn errors_tell_what_and_what_to_do() {
        let (console, out, err) = console(ConsoleSettings {
            color: Color::Always,
            ..ConsoleSettings::default()
        });
        console.error("no such \u{1b}[2Jfile", Some("name another"));
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
}
