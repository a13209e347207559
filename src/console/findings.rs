//! What a check came to, as a line for people: verdict, check, sentence; below it what to do.

use super::page::{BAD, GOOD, Look, ODD, Page, wrapped};
use crate::console::clean;
use crate::outcome::{Finding, Verdict};

/// Width of the check's name, with the blanks behind it.
const CHECK: usize = 15;

/// The finding's lines.
pub(super) fn page(finding: &Finding, look: Look) -> String {
    let mut page = Page::new(look);
    let language = look.language;
    // Of the verdict, too: the longest word and two blanks.
    let verdict = language.pick(13, 16);
    let style = match finding.verdict {
        Verdict::Ok => Some(GOOD),
        Verdict::Warning => Some(ODD),
        Verdict::Failed => Some(BAD),
        Verdict::NotChecked => None,
    };
    let word = format!("{:verdict$}", finding.verdict.word_in(language));
    let word = match style {
        Some(style) => page.paint(style, &word),
        None => word,
    };
    let width = page.width().saturating_sub(verdict + CHECK);
    let mut before = format!("{word}{:CHECK$}", finding.check);
    for line in wrapped(&clean::line(finding.text.shown_in(language)), width) {
        page.push(0, &format!("{before}{line}"));
        before = " ".repeat(verdict + CHECK);
    }
    if let Some(remedy) = &finding.remedy {
        let mut arrow = "-> ";
        let remedy = clean::line(remedy.shown_in(language));
        for line in wrapped(&remedy, width.saturating_sub(arrow.len())) {
            page.push(verdict + CHECK, &format!("{arrow}{line}"));
            arrow = "   ";
        }
    }
    page.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Bilingual, ExitCode, Language, both};

    #[test]
    fn a_finding_is_a_line_with_what_to_do_below_it() {
        let look = Look {
            color: false,
            width: Some(60),
            language: Language::English,
        };
        let remedy = Some(both!(
            "start the server, and look at the firewall",
            "den Server starten, und nach der Firewall sehen"
        ));
        let text = both!(
            "the server\u{1b} takes no connection from here",
            "der Server\u{1b} nimmt von hier keine Verbindung an"
        );
        let failed = Finding::failed("tcp", ExitCode::TryLater, text, remedy);
        assert_eq!(
            page(&failed, look),
            "failed       tcp            the server\\u{1b} takes no\n\
             \u{20}                           connection from here\n\
             \u{20}                           -> start the server, and look at\n\
             \u{20}                              the firewall\n"
        );
        let well = Finding::ok("dns", Bilingual::same("127.0.0.1"));
        let ok = page(&well, look);
        assert_eq!(ok, "ok           dns            127.0.0.1\n");
        let look = Look {
            language: Language::German,
            ..look
        };
        assert_eq!(
            page(&failed, look),
            "fehlgeschlagen  tcp            der Server\\u{1b} nimmt von\n\
             \u{20}                              hier keine Verbindung an\n\
             \u{20}                              -> den Server starten, und\n\
             \u{20}                                 nach der Firewall sehen\n"
        );
        let ok = page(&well, look);
        assert_eq!(ok, "in Ordnung      dns            127.0.0.1\n");
    }
}
