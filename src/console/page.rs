//! A page of text for a terminal: headings, aligned pairs, wrapped lines, few colours.
//!
//! Every text that comes in here is cleaned, and colours are added afterwards, so whatever is
//! written by way of a page is safe to print.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::clean;
use crate::outcome::Language;
pub(super) use crate::outcome::telling::{length, thousands_in};

/// Bold.
pub(super) const STRONG: Style = Style::new().bold();
/// All went well.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// Something to look at.
pub(super) const ODD: Style = AnsiColor::Yellow.on_default();
/// Something went wrong.
pub(super) const BAD: Style = AnsiColor::Red.on_default();

/// Width of the labels in front of pairs.
const LABEL: usize = 12;
/// Width of a page whose terminal does not say.
const DEFAULT_WIDTH: usize = 100;
/// Narrower than this nothing is wrapped sensibly.
const LEAST_WIDTH: usize = 40;

/// How a page looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Whether colours may be used.
    pub(super) color: bool,
    /// Columns of the terminal, if known.
    pub(super) width: Option<u16>,
    /// The language of summaries.
    pub(super) language: Language,
}

impl Look {
    /// `text` in a style, if colours may be used.
    pub(super) fn paint(self, style: Style, text: &str) -> String {
        if self.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// A page in the making.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    look: Look,
}

impl Page {
    /// An empty page.
    pub(super) fn new(look: Look) -> Self {
        Self {
            text: String::new(),
            look,
        }
    }

    /// The page's language.
    pub(super) fn language(&self) -> Language {
        self.look.language
    }

    /// The page's text.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A line in a style, wrapped.
    pub(super) fn styled(&mut self, style: Style, text: &str) {
        for line in wrapped(&clean::line(text), self.width()) {
            let painted = self.look.paint(style, &line);
            self.push(0, &painted);
        }
    }

    /// A heading with an empty line before it.
    pub(super) fn heading(&mut self, text: &str) {
        self.gap();
        self.styled(STRONG, text);
    }

    /// An empty line, unless the page is empty.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// A label and what belongs to it; nothing if there is nothing.
    pub(super) fn pair(&mut self, label: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let lines = wrapped(&clean::line(text), self.width().saturating_sub(LABEL));
        for (index, line) in lines.iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.push(0, &format!("{label:LABEL$}{line}"));
        }
    }

    /// A number in front of a text, in a style; the text is wrapped under its beginning.
    pub(super) fn count(&mut self, style: Style, count: u64, text: &str) {
        let mut count = thousands_in(count, self.look.language);
        for line in wrapped(&clean::line(text), self.width().saturating_sub(12)) {
            let painted = self.look.paint(style, &line);
            self.push(0, &format!("{count:>10}  {painted}"));
            count.clear();
        }
    }

    /// A wrapped text, indented.
    pub(super) fn indented(&mut self, indent: usize, text: &str) {
        for line in wrapped(&clean::line(text), self.width().saturating_sub(indent)) {
            self.push(indent, &line);
        }
    }

    /// A list, indented and wrapped between its items only.
    pub(super) fn items(&mut self, indent: usize, text: &str) {
        const GLUE: &str = "\u{a0}";
        let glued = clean::line(text).replace(' ', GLUE);
        let glued = glued
            .replace(&format!(",{GLUE}"), ", ")
            .replace(", …", &format!(",{GLUE}…"));
        for line in wrapped(&glued, self.width().saturating_sub(indent)) {
            self.push(indent, &line.replace(GLUE, " "));
        }
    }

    /// A line that is not wrapped, because somebody will copy it.
    pub(super) fn command(&mut self, text: &str) {
        let painted = self.look.paint(STRONG, &clean::line(text));
        self.push(4, &painted);
    }

    /// Several lines as they are, indented.
    pub(super) fn block(&mut self, indent: usize, text: &str) {
        for line in clean::block(text).lines() {
            self.push(indent, line);
        }
    }

    /// A line as it is, indented. Its text must be clean.
    pub(super) fn push(&mut self, indent: usize, line: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(line);
        // What follows a short label may be empty.
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }

    /// `text` in a style, if colours may be used.
    pub(super) fn paint(&self, style: Style, text: &str) -> String {
        self.look.paint(style, text)
    }

    /// How many columns a line may have.
    pub(super) fn width(&self) -> usize {
        self.look
            .width
            .map_or(DEFAULT_WIDTH, usize::from)
            .clamp(LEAST_WIDTH, DEFAULT_WIDTH)
    }
}

/// Breaks a text between words; a longer word keeps a line of its own.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Rows under headings, aligned; columns of numbers to the right. All cells are cleaned.
pub(super) fn table(headers: &[&str], rows: &[Vec<String>], look: Look) -> String {
    let clean = |cell: &str| clean::line(cell).into_owned();
    let headers: Vec<String> = headers.iter().map(|cell| clean(cell)).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| clean(cell)).collect())
        .collect();
    let columns: Vec<(usize, bool)> = headers
        .iter()
        .enumerate()
        .map(|(index, header)| {
            let cells = || rows.iter().filter_map(|row| row.get(index));
            let width = cells().map(|cell| cell.width()).max().unwrap_or(0);
            let is_number = |cell: &String| {
                cell.bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b',')
            };
            let numbers = !rows.is_empty() && cells().all(is_number);
            (width.max(header.width()), numbers)
        })
        .collect();
    let aligned = |cells: &[String]| {
        let mut line = String::new();
        for (cell, (width, right)) in cells.iter().zip(&columns) {
            let fill = std::iter::repeat_n(' ', width.saturating_sub(cell.width()));
            if !line.is_empty() {
                line.push_str("  ");
            }
            if *right {
                line.extend(fill);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.extend(fill);
            }
        }
        line.truncate(line.trim_end().len());
        line
    };
    let mut text = look.paint(STRONG, &aligned(&headers));
    text.push('\n');
    for row in &rows {
        text.push_str(&aligned(row));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look {
        color: false,
        width: Some(40),
        language: Language::English,
    };

    #[test]
    fn long_texts_are_wrapped_under_their_beginning() {
        let mut page = Page::new(PLAIN);
        page.pair(
            "Input",
            "a word and one-that-is-much-longer-than-the-page-is-wide here",
        );
        page.pair("Nothing", "");
        assert_eq!(
            page.into_text(),
            "Input       a word and\n            one-that-is-much-longer-than-the-page-is-wide\n            here\n"
        );
    }

    #[test]
    fn what_is_counted_is_wrapped_under_its_beginning() {
        let mut page = Page::new(PLAIN);
        page.count(STRONG, 1_500, "email.malformed (column E-Mail)");
        page.count(STRONG, 3, "created");
        assert_eq!(
            page.into_text(),
            "     1,500  email.malformed (column\n            E-Mail)\n         3  created\n"
        );
    }

    #[test]
    fn lists_are_wrapped_between_their_items() {
        let mut page = Page::new(PLAIN);
        page.items(4, "records 20 (line 21), 40 (line 41), 100 (line 101), …");
        assert_eq!(
            page.into_text(),
            "    records 20 (line 21), 40 (line 41),\n    100 (line 101), …\n"
        );
    }

    #[test]
    fn colours_come_only_when_allowed_and_never_from_data() {
        let mut page = Page::new(PLAIN);
        page.styled(BAD, "\u{1b}[1mhi");
        assert_eq!(page.into_text(), "\\u{1b}[1mhi\n");
        let look = Look {
            color: true,
            ..PLAIN
        };
        let mut page = Page::new(look);
        page.styled(BAD, "hi");
        assert_eq!(page.into_text(), "\u{1b}[31mhi\u{1b}[0m\n");
    }

    #[test]
    fn tables_align_by_what_is_seen() {
        let rows = vec![
            vec!["日本".to_owned(), "7".to_owned(), "x".to_owned()],
            vec!["a\u{1b}".to_owned(), "1,000".to_owned(), String::new()],
        ];
        assert_eq!(
            table(&["name", "count", "note"], &rows, PLAIN),
            "name     count  note\n日本         7  x\na\\u{1b}  1,000\n"
        );
    }
}
