//! One row of progress, as indicatif makes it: a bar or something that turns, and what is told.
//!
//! It is made for a terminal of so many columns, but put on the screen by [`Bar`](super::bar::Bar),
//! which leaves nothing behind when the terminal becomes another: indicatif, left to itself, goes
//! by what the row was when it was drawn.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::outcome::Progress;

/// Columns of a terminal that has room for a bar beside what is told.
const WIDE: u16 = 100;

/// What remembers how far something has come.
#[derive(Debug)]
pub(super) struct Row {
    bar: ProgressBar,
    sheet: Sheet,
}

impl Default for Row {
    fn default() -> Self {
        let sheet = Sheet::default();
        let target = ProgressDrawTarget::term_like(Box::new(sheet.clone()));
        Self {
            bar: ProgressBar::with_draw_target(None, target),
            sheet,
        }
    }
}

impl Row {
    /// The row for a terminal of so many columns: a bar if there is room for one, and what `tell`
    /// says in the columns beside it. The last column stays free.
    pub(super) fn made(
        &self,
        progress: &Progress,
        columns: u16,
        tell: impl FnOnce(usize) -> String,
    ) -> String {
        let (template, beside) = match progress.total {
            Some(_) if columns >= WIDE => ("{bar:10} {wide_msg}", 11),
            // The share is told in per cent, too.
            Some(_) => ("{wide_msg}", 0),
            None => ("{spinner} {wide_msg}", 2),
        };
        let columns = columns.saturating_sub(1);
        self.sheet.lock().columns = columns;
        // The templates are constant; if one were wrong, the default style would stay.
        if let Ok(style) = ProgressStyle::with_template(template) {
            let style = style.progress_chars("=> ").tick_chars("|/-\\ ");
            self.bar.set_style(style);
        }
        if self.bar.length() != progress.total {
            match progress.total {
                Some(total) => self.bar.set_length(total),
                None => self.bar.unset_length(),
            }
        }
        self.bar.set_position(progress.done);
        self.bar
            .set_message(tell(usize::from(columns).saturating_sub(beside)));
        self.bar.tick();
        self.sheet.lock().text.trim_end().to_owned()
    }
}

/// What indicatif writes on, as on a terminal of one row.
#[derive(Clone, Debug, Default)]
struct Sheet(Arc<Mutex<Written>>);

#[derive(Debug, Default)]
struct Written {
    columns: u16,
    text: String,
}

impl Sheet {
    /// A text is whole between any two calls, also behind a panic.
    fn lock(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TermLike for Sheet {
    fn width(&self) -> u16 {
        self.lock().columns
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        match text {
            "\r" => self.clear_line(),
            text => {
                self.lock().text.push_str(text);
                Ok(())
            }
        }
    }

    fn clear_line(&self) -> io::Result<()> {
        self.lock().text.clear();
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Counts, Phase, Traffic};

    fn progress(done: u64, total: Option<u64>) -> Progress {
        Progress {
            phase: Phase::Sending,
            done,
            total,
            counts: Counts::default(),
            traffic: Traffic::default(),
            concurrency: 0,
            quota: None,
            left: None,
            gives_up: None,
            waits: None,
        }
    }

    fn made(row: &Row, progress: &Progress, columns: u16) -> (String, usize) {
        let mut room = 0;
        let text = row.made(progress, columns, |columns| {
            room = columns;
            "45 of 100".to_owned()
        });
        (text, room)
    }

    #[test]
    fn a_bar_stands_where_there_is_room_and_the_last_column_stays_free() {
        let row = Row::default();
        let sending = progress(45, Some(100));
        for (columns, text, room) in [
            (100, "====>      45 of 100", 88),
            (99, "45 of 100", 98),
            (10, "45 of 100", 9),
            // What is told may be longer than the row.
            (9, "45 of 10", 8),
            (1, "", 0),
            (0, "", 0),
            // The terminal has become wider again.
            (120, "====>      45 of 100", 108),
        ] {
            assert_eq!(made(&row, &sending, columns), (text.to_owned(), room));
        }
        // What takes two columns is not cut in half.
        let wide = row.made(&sending, 4, |_| "日本".to_owned());
        assert!(unicode_width::UnicodeWidthStr::width(&*wide) <= 3, "{wide}");
        let full = made(&row, &progress(100, Some(100)), 100).0;
        assert_eq!(full, "========== 45 of 100");
    }

    #[test]
    fn something_turns_where_nobody_knows_how_much_there_is() {
        let row = Row::default();
        let asking = progress(45, None);
        let turned = [0; 8].map(|_| made(&row, &asking, 80));
        assert!(turned.iter().all(|(text, room)| {
            text.ends_with(" 45 of 100") && text.len() == 11 && *room == 77
        }));
        let first = |text: &str| text.chars().next();
        assert!(
            turned
                .windows(2)
                .any(|two| first(&two[0].0) != first(&two[1].0))
        );
    }
}
