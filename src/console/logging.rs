//! Logs for operators, on stderr, without tearing the progress bar.

use std::io::{self, Write};
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use super::{Console, clean};

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Makes the writers that the log's lines go through.
#[derive(Clone, Debug)]
pub struct LogWriter {
    console: Arc<Console>,
    format: LogFormat,
}

impl LogWriter {
    pub(super) fn new(console: Arc<Console>, format: LogFormat) -> Self {
        Self { console, format }
    }
}

/// Writes one line of the log; the progress bar steps aside meanwhile.
#[derive(Debug)]
pub struct LogLine<'a> {
    console: &'a Console,
    format: LogFormat,
}

impl Write for LogLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What a line repeats of files and servers may hold more than the subscriber cleans.
        let text = String::from_utf8_lossy(bytes);
        let clean = match self.format {
            LogFormat::Text => clean::colored_block(&text),
            // The line's end is no part of the JSON.
            LogFormat::Json => clean::json_lines(&text),
        };
        self.console.log(clean.as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = LogLine<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LogLine {
            console: &self.console,
            format: self.format,
        }
    }
}

/// Sends the log to the console from now on. `verbose` counts the `-v`s: warnings, information,
/// debugging, everything; of other crates nothing below warnings. A second call changes nothing.
pub fn start_logging(console: &Arc<Console>, format: LogFormat, verbose: u8) {
    let level = level(verbose, console.settings.quiet);
    let filter = Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_target("wawi_importer", level)
        .with_target("importer", level);
    let lines =
        tracing_subscriber::fmt::layer().with_writer(LogWriter::new(Arc::clone(console), format));
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => lines.with_ansi(console.color_on_stderr()).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // Somebody who embeds the library may have set a subscriber of their own.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
}

fn level(verbose: u8, quiet: bool) -> LevelFilter {
    match verbose {
        0 if quiet => LevelFilter::ERROR,
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_v_tells_more() {
        assert!(level(0, true) < level(0, false));
        assert!(level(0, false) < level(1, false));
        assert!(level(1, false) < level(2, false));
        assert!(level(2, false) < level(3, false));
        assert_eq!(level(3, false), level(200, false));
    }
}
