//! Metrics in Prometheus' text format, version 0.0.4.
//!
//! Pure: what is told comes from outside.

use std::fmt::Write;

use jiff::Timestamp;

use super::state::State;
use super::verdict::Outcome;

/// What the format is called over HTTP.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// `gauge` or `counter`.
    pub kind: &'static str,
    /// What it tells.
    pub help: &'static str,
    /// Its labels beside `job`.
    pub labels: &'static [&'static str],
}

macro_rules! metrics {
    ($( $id:ident: $name:literal $kind:literal [$($label:literal),*] $help:literal; )*) => {
        /// Every metric, in the order in which they are told.
        pub const METRICS: &[Metric] = &[
            $( Metric { name: $name, kind: $kind, help: $help, labels: &[$($label),*] }, )*
        ];
        #[derive(Clone, Copy, PartialEq, Eq)]
        enum Id { $( $id, )* }
        const IDS: &[Id] = &[ $( Id::$id, )* ];
    };
}

metrics! {
    Info: "importer_info" "gauge" ["version"]
        "The program; always 1.";
    Running: "importer_job_running" "gauge" []
        "1 while the job runs in this process.";
    Next: "importer_job_next_start_timestamp_seconds" "gauge" []
        "When the job starts next, jitter included.";
    FirstSeen: "importer_job_first_seen_timestamp_seconds" "gauge" []
        "When the job was first seen, whether or not it was ever started.";
    LastStart: "importer_job_last_start_timestamp_seconds" "gauge" []
        "When the job was last started.";
    LastEnd: "importer_job_last_end_timestamp_seconds" "gauge" []
        "When the job last came to an end; a start that was refused is none.";
    LastSuccess: "importer_job_last_success_timestamp_seconds" "gauge" []
        "End of the last start that had inputs and no failure.";
    LastCode: "importer_job_last_exit_code" "gauge" []
        "Exit code of the last start that had something to do; one that was refused, was interrupted or found nothing leaves it.";
    LastSeconds: "importer_job_last_duration_seconds" "gauge" []
        "How long the last start took that was not refused.";
    Seconds: "importer_job_duration_seconds_total" "counter" []
        "How long all starts took.";
    Starts: "importer_job_starts_total" "counter" ["result"]
        "Starts by what came of them: success, failure, idle, refused, interrupted.";
    Missed: "importer_job_missed_total" "counter" []
        "Times that were missed and let go.";
    Records: "importer_job_last_records" "gauge" ["outcome"]
        "Records that the last start with inputs settled or left open, by outcome.";
    Files: "importer_job_last_files" "gauge" ["fate"]
        "Files of the last start: done, failed, stays, waiting, not_begun.";
    NewFailures: "importer_job_last_new_failures" "gauge" []
        "Failed records of the last start that had something to do, which had not failed in the same way before.";
    HookFailures: "importer_job_hook_failures_total" "counter" []
        "Hooks that failed.";
}

/// What is told of one job.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// The job.
    pub(super) job: String,
    /// What is remembered of it.
    pub(super) state: State,
    /// Whether it runs in this process.
    pub(super) is_running: bool,
    /// When it starts next, if somebody waits for that.
    pub(super) next: Option<Timestamp>,
    /// Starts that were refused, in whatever process, because the job was at work.
    pub(super) refused: u64,
}

/// The text about these jobs. What is not known of a job has no line.
pub(super) fn text(readings: &[Reading]) -> String {
    let mut text = String::new();
    for (metric, id) in METRICS.iter().zip(IDS) {
        let mut lines = Vec::new();
        if *id == Id::Info {
            let version = [("version", env!("CARGO_PKG_VERSION"))];
            lines.push((labels(&version), "1".to_owned()));
        }
        for reading in readings {
            samples(*id, reading, &mut lines);
        }
        if lines.is_empty() {
            continue;
        }
        let _ = writeln!(text, "# HELP {} {}", metric.name, escaped_help(metric.help));
        let _ = writeln!(text, "# TYPE {} {}", metric.name, metric.kind);
        for (labels, value) in lines {
            let _ = writeln!(text, "{}{labels} {value}", metric.name);
        }
    }
    text
}

/// The lines of one metric about one job: labels and value.
fn samples(id: Id, reading: &Reading, lines: &mut Vec<(String, String)>) {
    let state = &reading.state;
    let job = reading.job.as_str();
    let time = |time: Option<Timestamp>| time.map(seconds);
    let one = match id {
        Id::Info => None,
        Id::Running => Some(u8::from(reading.is_running).to_string()),
        Id::Next => time(reading.next),
        Id::FirstSeen => time(state.first_seen),
        Id::LastStart => time(state.last_start),
        Id::LastEnd => time(state.last_end),
        Id::LastSuccess => time(state.last_success),
        Id::LastCode => state.last_code.map(|code| code.to_string()),
        Id::LastSeconds => state.last_end.map(|_| state.last_seconds.to_string()),
        Id::Seconds => Some(state.seconds.to_string()),
        Id::Missed => Some(state.missed.to_string()),
        Id::NewFailures => state.last_end.map(|_| state.new_failures.to_string()),
        Id::HookFailures => Some(state.hook_failures.to_string()),
        Id::Starts => {
            for outcome in Outcome::ALL {
                let word = outcome.word();
                let mut count = state.starts.get(word).copied().unwrap_or_default();
                if outcome == Outcome::Refused {
                    count += reading.refused;
                }
                lines.push((labels(&[("job", job), ("result", word)]), count.to_string()));
            }
            None
        }
        Id::Records => {
            for (outcome, count) in &state.records {
                lines.push((
                    labels(&[("job", job), ("outcome", outcome)]),
                    count.to_string(),
                ));
            }
            None
        }
        Id::Files => {
            for (fate, count) in &state.files {
                lines.push((labels(&[("job", job), ("fate", fate)]), count.to_string()));
            }
            None
        }
    };
    if let Some(value) = one {
        lines.push((labels(&[("job", job)]), value));
    }
}

/// A point in time, as Prometheus counts: seconds with a fraction.
fn seconds(time: Timestamp) -> String {
    let milliseconds = time.as_millisecond();
    let sign = if milliseconds < 0 { "-" } else { "" };
    let milliseconds = milliseconds.unsigned_abs();
    format!("{sign}{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

fn labels(labels: &[(&str, &str)]) -> String {
    let labels: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    format!("{{{}}}", labels.join(","))
}

/// The value of a label: back-slash, quote and line break are escaped.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// A help text: back-slash and line break are escaped.
fn escaped_help(help: &str) -> String {
    help.replace('\\', "\\\\").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_job_is_told_in_the_format_that_prometheus_reads() {
        let mut state = State {
            first_seen: Some(Timestamp::from_second(1_600_000_000).unwrap()),
            last_start: Some(Timestamp::from_millisecond(1_700_000_000_250).unwrap()),
            last_end: Some(Timestamp::from_second(1_700_000_003).unwrap()),
            last_success: Some(Timestamp::from_second(1_700_000_003).unwrap()),
            last_code: Some(0),
            last_seconds: 2.75,
            seconds: 2.75,
            records: [("created".to_owned(), 3), ("read".to_owned(), 3)].into(),
            files: [("done".to_owned(), 1)].into(),
            ..State::default()
        };
        state.count(Outcome::Success);
        let reading = Reading {
            job: "shop".to_owned(),
            state,
            next: Some(Timestamp::from_second(1_700_086_400).unwrap()),
            refused: 2,
            ..Reading::default()
        };
        let never = Reading {
            job: "b".to_owned(),
            state: State {
                first_seen: Some(Timestamp::from_second(1_600_000_000).unwrap()),
                ..State::default()
            },
            ..Reading::default()
        };
        let text = text(&[reading, never]).replace(env!("CARGO_PKG_VERSION"), "[version]");
        insta::assert_snapshot!(text);
    }

    proptest! {
        /// Whatever a label holds, a line has its two quotes where they belong, and reading it
        /// back gives the value.
        #[test]
        fn labels_can_be_read_back(value in ".*") {
            let text = labels(&[("job", &value)]);
            prop_assert!(!text.contains('\n'));
            let inside = text.strip_prefix("{job=\"").unwrap().strip_suffix("\"}").unwrap();
            let mut read = String::new();
            let mut characters = inside.chars();
            while let Some(c) = characters.next() {
                prop_assert!(c != '"');
                read.push(match c {
                    '\\' => match characters.next() {
                        Some('n') => '\n',
                        Some(c) => c,
                        None => panic!("a lone back-slash"),
                    },
                    c => c,
                });
            }
            prop_assert_eq!(read, value);
        }

        #[test]
        fn times_are_seconds(milliseconds in -10_000_000_000_000_i64..10_000_000_000_000) {
            let time = Timestamp::from_millisecond(milliseconds).unwrap();
            let read: f64 = seconds(time).parse().unwrap();
            prop_assert!((read * 1000.0 - milliseconds as f64).abs() < 1.0);
        }
    }
}
