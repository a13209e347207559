//! The only printer: progress, notices, summaries, errors and logs.
//!
//! It owns stdout and stderr, the policy of colours, and the cleaning of whatever comes from
//! files and servers. What it shows are [`RunEvent`]s and texts; it knows no stage, decides
//! nothing about a run, and a run that nobody watches is the same run.
//!
//! stdout is for what a caller asked for (the summary, data, with `--json` one object a line);
//! everything else goes to stderr.

mod bar;
mod clean;
mod explanation;
mod findings;
mod json;
mod linked;
mod logging;
mod page;
mod plan;
mod progress;
mod row;
mod settings;
mod steps;
mod summary;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;
use terminal_size::{Width, terminal_size_of};

pub use explanation::{ExplainedRow, Explanation, Section};
pub use logging::{LogFormat, LogLine, LogWriter, start_logging};
pub use settings::{Color, ConsoleSettings};

use self::bar::Bar;
use self::page::{BAD, GOOD, Look, ODD, STRONG};
use crate::outcome::borrowed::of_io;
use crate::outcome::telling::length_in;
use crate::outcome::{Bilingual, Finding, Language, Progress, RunEvent, Summary, Verdict, both};

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
    bar: Bar,
    /// A question waits for its answer, over which nothing may be drawn.
    is_asking: bool,
    language: Language,
    /// Columns of the terminal that a stream is, as it is now.
    columns: fn(Stream) -> Option<u16>,
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
            is_asking,
            language,
            ..
        } = self;
        bar.hide(err);
        if std::mem::take(is_asking) {
            // Whoever was asked did not answer.
            let _ = err.write_all(b"\n");
        }
        match stream {
            Stream::Out | Stream::Data if *out_is_closed => {}
            Stream::Out | Stream::Data => {
                if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
                    *out_is_closed = true;
                    if error.kind() != io::ErrorKind::BrokenPipe {
                        let is_data = matches!(stream, Stream::Data);
                        *lost_data |= is_data;
                        let word = match is_data {
                            true => language.pick("error", "Fehler"),
                            false => language.pick("warning", "Warnung"),
                        };
                        let why = of_io(&error);
                        let what = both!(
                            [why] "stdout cannot be written: {why}",
                            "die Standardausgabe lässt sich nicht schreiben: {why}"
                        );
                        let _ = writeln!(err, "{word}: {}", what.told_in(*language));
                    }
                }
            }
            // There is no place left to complain to.
            Stream::Err => drop(err.write_all(bytes).and_then(|()| err.flush())),
        }
        bar.redraw(err);
    }

    fn clear_bar(&mut self) {
        self.bar.clear(&mut self.err);
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
        let console = Self::over(settings, Box::new(io::stdout()), Box::new(io::stderr()));
        console.lock().columns = columns_of;
        console
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
            bar: Bar::default(),
            is_asking: false,
            language: settings.language,
            columns: |_| None,
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
            RunEvent::Paused { why, length: None } => {
                let why = why.told();
                self.note(&both!([why] "Paused: {why}", "Pause: {why}"));
            }
            RunEvent::Paused {
                why,
                length: Some(time),
            } => {
                let (why, time) = (why.told(), Bilingual::of(|l| length_in(*time, l)));
                self.note(
                    &both!([why, time] "Paused for {time}: {why}", "Pause für {time}: {why}"),
                );
            }
            RunEvent::Resumed => self.note(&both!("Going on", "Es geht weiter")),
        }
    }

    /// Prints a text of one or more lines on stdout.
    pub fn line(&self, text: &str) {
        self.data(&format!("{}\n", clean::block(text)));
    }

    /// Prints a text for people on stdout, in their language.
    pub fn say(&self, text: &Bilingual) {
        self.line(text.shown_in(self.language()));
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
    pub fn note(&self, text: &Bilingual) {
        let text = text.shown_in(self.language());
        self.err(&format!("{}\n", clean::block(text)));
    }

    /// Prints a warning on stderr.
    pub fn warn(&self, text: &Bilingual) {
        let text = text.shown_in(self.language());
        let word = self.language().pick("warning:", "Warnung:");
        let word = self.err_look().paint(ODD.bold(), word);
        self.err(&format!("{word} {}\n", clean::block(text)));
    }

    /// Tells on stderr what ended the command, and what to do about it; with `--json` on stdout
    /// too. A progress bar is gone after that.
    pub fn error(&self, what: &Bilingual, help: Option<&Bilingual>) {
        self.lock().clear_bar();
        if self.settings.json {
            let english = help.map(|help| help.english.as_str());
            self.json_line(Some(json::error(&what.english, english)));
        }
        let look = self.err_look();
        let word = look.paint(BAD.bold(), self.language().pick("error:", "Fehler:"));
        let what = what.shown_in(self.language());
        let mut text = format!("{word} {}\n", clean::block(what));
        if let Some(help) = help {
            let word = self.language().pick("help:", "Hilfe:");
            let word = look.paint(GOOD.bold(), word);
            let help = help.shown_in(self.language());
            text.push_str(&format!(" {word} {}\n", clean::block(help)));
        }
        self.err(&text);
    }

    /// Prints a mapping mistake, rendered as a compiler would, on stderr. Colours in it pass.
    pub fn diagnostic(&self, rendered: &str) {
        let text = clean::colored_block(rendered);
        self.err(&format!("{}\n", text.trim_end_matches('\n')));
    }

    /// Whether people are told nothing but what went wrong.
    #[must_use]
    pub fn tells_trouble_only(&self) -> bool {
        self.settings.quiet && !self.settings.json
    }

    /// The language that people are spoken to.
    #[must_use]
    pub fn language(&self) -> Language {
        self.settings.language
    }

    /// Whether what goes to stderr may have colours.
    #[must_use]
    pub fn color_on_stderr(&self) -> bool {
        self.err_look().color
    }

    /// Asks a yes-or-no question on the terminal; anything but a yes is a no. The caller makes
    /// sure that somebody is there to answer.
    #[must_use]
    pub fn ask(&self, question: &Bilingual) -> bool {
        self.answer(question, |answer| io::stdin().read_line(answer).is_ok())
    }

    /// Asks, and lets `hear` wait for the answer.
    fn answer(&self, question: &Bilingual, hear: impl FnOnce(&mut String) -> bool) -> bool {
        let choices = self.language().pick("[y/N]", "[j/N]");
        let question = question.shown_in(self.language());
        let question = self.err_look().paint(STRONG, &clean::block(question));
        // A bar would be drawn over the question, and over the answer.
        let mut state = self.lock();
        state.clear_bar();
        state.print(Stream::Err, format!("{question} {choices} ").as_bytes());
        state.is_asking = true;
        drop(state);
        let mut answer = String::new();
        let is_heard = hear(&mut answer);
        let mut state = self.lock();
        if !answer.ends_with('\n') {
            state.print(Stream::Err, b"");
        }
        state.is_asking = false;
        drop(state);
        is_heard && is_yes(&answer)
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
        let parts = state.pace.tell(progress, now, self.language());
        if state.is_asking {
            // The answer is waited for, and nothing else happens meanwhile.
        } else if self.settings.has_bar() {
            let columns = (state.columns)(Stream::Err)
                .or(self.settings.width)
                .unwrap_or(80);
            let text = state.pace.drawn(progress, &parts, columns);
            let State { bar, err, .. } = &mut *state;
            bar.draw(err, text);
        } else if state.pace.line_is_due(now) {
            state.print(Stream::Err, format!("{}\n", parts.join(", ")).as_bytes());
        }
    }

    fn summary(&self, summary: &Summary) {
        if self.settings.json {
            return self.json_line(Some(json::summary(summary)));
        }
        let to_stderr = self.settings.stdout_is_data;
        let (stream, is_terminal) = match to_stderr {
            true => (Stream::Err, self.settings.stderr_is_terminal),
            false => (Stream::Out, self.settings.stdout_is_terminal),
        };
        let mut look = self.settings.look(is_terminal);
        // The terminal may have become narrower since the run began.
        let now = (self.lock().columns)(stream);
        look.width = look.width.into_iter().chain(now).min();
        let text = if self.settings.quiet {
            summary::brief(summary, look)
        } else {
            summary::page(summary, look, self.settings.verbose > 0)
        };
        self.lock().print(stream, text.as_bytes());
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

/// Columns of the terminal that a stream is, if it is one.
fn columns_of(stream: Stream) -> Option<u16> {
    let size = match stream {
        Stream::Out | Stream::Data => terminal_size_of(io::stdout()),
        Stream::Err => terminal_size_of(io::stderr()),
    };
    size.map(|(Width(columns), _)| columns)
}

fn started(run: &str, input: &str, target: Option<&str>, resumed: bool) -> Bilingual {
    let verb = if resumed {
        both!("Going on with", "Weiter mit")
    } else {
        both!("Starting", "Beginn von")
    };
    let (run, input) = (clean::line(run), clean::line(input));
    match target.map(clean::line) {
        Some(target) => both!([verb]
            "{verb} {run}: {input} to {target}", "{verb} {run}: {input} nach {target}"
        ),
        None => both!([verb]
            "{verb} {run}: {input}, nothing will be sent",
            "{verb} {run}: {input}, es wird nichts gesendet"
        ),
    }
}

/// English and German, as Wawi's users speak.
fn is_yes(answer: &str) -> bool {
    matches!(
        answer.trim().to_lowercase().as_str(),
        "y" | "yes" | "j" | "ja"
    )
}
