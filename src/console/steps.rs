//! The end of the summary: what to do now, and what its words mean.

use super::page::Page;
use crate::outcome::{Counts, Summary, telling};

/// Adds what is to be done now, if anything is.
pub(super) fn next(page: &mut Page, summary: &Summary) {
    let steps = telling::steps(summary, page.language());
    if steps.is_empty() {
        return;
    }
    page.heading(
        page.language()
            .pick("What to do next", "Was jetzt zu tun ist"),
    );
    for (text, command) in steps {
        page.indented(2, &text);
        if let Some(command) = command {
            page.command(&command);
        }
    }
}

/// Adds an explanation of the words that the page used.
pub(super) fn glossary(page: &mut Page, counts: &Counts) {
    let words = telling::glossary(counts, page.language());
    if words.is_empty() {
        return;
    }
    page.heading(page.language().pick("Words", "Begriffe"));
    for (word, meaning) in words {
        page.pair(word, meaning);
    }
}
