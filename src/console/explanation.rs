//! One record, explained on a page: a section for each object, and in it a block of rows for
//! each field, the way of its text from top to bottom.

use unicode_width::UnicodeWidthStr;

use super::clean;
use super::page::{BAD, GOOD, Look, Page, STRONG, wrapped};

/// Widest column of names or steps; what is wider pushes its row.
const WIDEST: usize = 24;

/// Characters of a text that a page shows; `--json` shows all of them.
const SHOWN: usize = 400;

/// A record, explained.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    /// Which record, and what becomes of it.
    pub title: String,
    /// Whether that is as one would wish.
    pub fine: bool,
    /// Why, where that is not told with a field.
    pub remarks: Vec<String>,
    /// The customer and its objects.
    pub sections: Vec<Section>,
}

/// One object.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// What it is.
    pub heading: String,
    /// Why it is not sent, if it is not.
    pub omitted: Option<String>,
    /// The rows of its fields.
    pub rows: Vec<ExplainedRow>,
}

/// One row of a field.
#[derive(Clone, Debug, Default)]
pub struct ExplainedRow {
    /// The field, on its first row.
    pub field: String,
    /// The column or step.
    pub step: String,
    /// The text that it has or leads to.
    pub text: String,
    /// Whether it is the field's error.
    pub is_error: bool,
}

/// The page of an explanation.
pub(super) fn page(explanation: &Explanation, look: Look) -> String {
    let mut page = Page::new(look);
    let style = if explanation.fine { GOOD } else { BAD };
    page.styled(style, &explanation.title);
    for remark in &explanation.remarks {
        page.indented(2, remark);
    }
    let rows = || {
        explanation
            .sections
            .iter()
            .flat_map(|section| &section.rows)
    };
    let widest = |cell: fn(&ExplainedRow) -> &str| {
        let widths = rows().map(|row| cell(row).width());
        widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
    };
    let (field, step) = (widest(|row| &row.field), widest(|row| &row.step));
    for section in &explanation.sections {
        page.heading(&section.heading);
        if let Some(why) = &section.omitted {
            let not_sent = page.language().pick("not sent", "nicht gesendet");
            page.indented(2, &format!("{not_sent}: {why}"));
        }
        for row in &section.rows {
            rows_of(row, field, step, &mut page);
        }
    }
    page.into_text()
}

fn rows_of(row: &ExplainedRow, field: usize, step: usize, page: &mut Page) {
    let mut text: String = clean::line(&row.text).chars().take(SHOWN + 1).collect();
    if text.chars().count() > SHOWN {
        text.pop();
        text.push('…');
    }
    let first = format!(
        "  {}  {}  ",
        padded(&clean::line(&row.field), field),
        padded(&clean::line(&row.step), step)
    );
    let margin = 2 + field + 2 + step + 2;
    let room = page.width().saturating_sub(margin).max(20);
    for (index, line) in wrapped(&text, room).iter().enumerate() {
        let painted = match row.is_error {
            true => page.paint(BAD, line),
            false if row.step == "=" => page.paint(STRONG, line),
            false => line.clone(),
        };
        if index == 0 {
            page.push(0, &format!("{first}{painted}"));
        } else {
            page.push(margin, &painted);
        }
    }
}

fn padded(text: &str, width: usize) -> String {
    let fill = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(fill))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(field: &str, step: &str, text: &str) -> ExplainedRow {
        ExplainedRow {
            field: field.to_owned(),
            step: step.to_owned(),
            text: text.to_owned(),
            is_error: step == "!",
        }
    }

    #[test]
    fn long_texts_stay_in_their_column_on_a_narrow_terminal() {
        let explanation = Explanation {
            title: "record 3 (line 4): invalid".to_owned(),
            fine: false,
            remarks: vec!["why".to_owned()],
            sections: vec![Section {
                heading: "BillingAddress".to_owned(),
                omitted: Some("no reason".to_owned()),
                rows: vec![
                    row("PostalCode", "PLZ", "\" 1067\u{1b}\""),
                    row("", "as postal_code", "01067"),
                    row("", "=", "\"01067\""),
                    row("City", "!", &"words ".repeat(16)),
                ],
            }],
        };
        for width in [60, 120] {
            let look = Look {
                color: false,
                width: Some(width),
                language: crate::outcome::Language::English,
            };
            let text = page(&explanation, look);
            assert!(
                text.lines().all(|line| line.width() <= usize::from(width)),
                "{text}"
            );
        }
        let look = Look {
            color: false,
            width: Some(60),
            language: crate::outcome::Language::English,
        };
        insta::assert_snapshot!(page(&explanation, look));
    }
}
