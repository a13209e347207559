//! The line at the foot of a terminal that is drawn over and over.
//!
//! It never fills its row ([`Row`](super::row::Row) makes it so), and the cursor rests at its
//! beginning. So whatever a terminal that
//! becomes narrower makes of it, the cursor stands before all that is left of it, and the next
//! drawing wipes it; and what the terminal echoes (`^C`) is written over.

use std::io::{self, Write};

/// Back to the beginning of the line.
const BACK: &str = "\r";
/// Wipes everything from the cursor to the end of the screen.
const WIPE: &str = "\u{1b}[J";

/// The line as it was drawn last.
#[derive(Debug, Default)]
pub(super) struct Bar {
    /// Nothing if none is drawn.
    drawn: String,
}

impl Bar {
    /// Draws a text over the one before. It must not fill its row: that would leave the cursor
    /// where no two terminals agree.
    pub(super) fn draw(&mut self, to: &mut dyn Write, text: String) {
        self.drawn = text;
        self.redraw(to);
    }

    /// Draws the same once more, if there is any.
    pub(super) fn redraw(&self, to: &mut dyn Write) {
        if !self.drawn.is_empty() {
            put(to, &format!("{BACK}{}{WIPE}{BACK}", self.drawn));
        }
    }

    /// Takes it off the screen; [`Bar::redraw`] brings it back.
    pub(super) fn hide(&self, to: &mut dyn Write) {
        if !self.drawn.is_empty() {
            put(to, &format!("{BACK}{WIPE}"));
        }
    }

    /// Takes it off the screen for good.
    pub(super) fn clear(&mut self, to: &mut dyn Write) {
        self.hide(to);
        self.drawn.clear();
    }
}

/// There is no place left to complain to.
fn put(to: &mut dyn Write, text: &str) {
    let _: io::Result<()> = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(act: impl FnOnce(&mut Bar, &mut Vec<u8>)) -> String {
        let (mut bar, mut to) = (Bar::default(), Vec::new());
        act(&mut bar, &mut to);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn the_cursor_rests_before_the_line_and_wipes_all_that_is_left_of_it() {
        let text = said(|bar, to| {
            bar.draw(to, "Sending 5 of 10".to_owned());
            bar.hide(to);
            bar.redraw(to);
            bar.clear(to);
            // Nothing is there any more.
            bar.hide(to);
            bar.redraw(to);
            bar.clear(to);
        });
        let drawn = "\rSending 5 of 10\u{1b}[J\r";
        assert_eq!(text, format!("{drawn}\r\u{1b}[J{drawn}\r\u{1b}[J"));
    }
}
