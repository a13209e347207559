//! How the console behaves, and the surroundings that it was told about.

use super::page::Look;
use crate::outcome::Language;

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On terminals, unless `NO_COLOR` or `TERM=dumb` say otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How the console behaves, and what it stands in: it asks neither environment nor terminal by
/// itself.
#[derive(Clone, Debug, Default)]
pub struct ConsoleSettings {
    /// One JSON object a line on stdout instead of text.
    pub json: bool,
    /// Nothing but warnings, errors and what is to be done about them.
    pub quiet: bool,
    /// Number of `-v`s; from one on the summary tells every cause.
    pub verbose: u8,
    /// Whether progress may be shown.
    pub progress: bool,
    /// When colours are used.
    pub color: Color,
    /// The language of summaries.
    pub language: Language,
    /// Whether stdout carries data of the caller's, so that the summary goes to stderr.
    pub stdout_is_data: bool,
    /// Whether `NO_COLOR` is set.
    pub no_color: bool,
    /// Whether the terminal is a dumb one (`TERM=dumb`).
    pub dumb: bool,
    /// Whether stdout is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether stderr is a terminal.
    pub stderr_is_terminal: bool,
    /// Columns of the terminal, if known.
    pub width: Option<u16>,
}

impl ConsoleSettings {
    /// How a page looks on a stream that is a terminal or not.
    pub(super) fn look(&self, is_terminal: bool) -> Look {
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !self.no_color && !self.dumb,
        };
        Look {
            color,
            width: self.width,
            language: self.language,
        }
    }

    /// Whether progress is shown at all.
    pub(super) fn shows_progress(&self) -> bool {
        self.progress && !self.quiet && !self.json
    }

    /// Whether progress is a bar rather than a line now and then.
    pub(super) fn has_bar(&self) -> bool {
        self.stderr_is_terminal && !self.dumb
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_obey_flag_environment_and_terminal() {
        let color = |color, no_color, dumb, terminal| {
            let settings = ConsoleSettings {
                color,
                no_color,
                dumb,
                ..ConsoleSettings::default()
            };
            settings.look(terminal).color
        };
        assert!(color(Color::Auto, false, false, true));
        assert!(!color(Color::Auto, true, false, true));
        assert!(!color(Color::Auto, false, true, true));
        assert!(!color(Color::Auto, false, false, false));
        assert!(color(Color::Always, true, true, false));
        assert!(!color(Color::Never, false, false, true));
    }
}
