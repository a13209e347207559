//! What a check came to, as a line for people: verdict, check, sentence; below it what to do.

use super::page::{BAD, GOOD, Look, ODD, Page, wrapped};
use crate::console::clean;
use crate::outcome::{Finding, Verdict};

/// Width of the verdict and of the check's name, with the blanks behind them.
const VERDICT: usize = 13;
const CHECK: usize = 15;

/// The finding's lines.
pub(super) fn page(finding: &Finding, look: Look) -> String {
    let mut page = Page::new(look);
    let style = match finding.verdict {
        Verdict::Ok => Some(GOOD),
        Verdict::Warning => Some(ODD),
        Verdict::Failed => Some(BAD),
        Verdict::NotChecked => None,
    };
    let word = format!("{:VERDICT$}", finding.verdict.word());
    let word = match style {
        Some(style) => page.paint(style, &word),
        None => word,
    };
    let width = page.width().saturating_sub(VERDICT + CHECK);
    let mut before = format!("{word}{:CHECK$}", finding.check);
    for line in wrapped(&clean::line(&finding.text), width) {
        page.push(0, &format!("{before}{line}"));
        before = " ".repeat(VERDICT + CHECK);
    }
    if let Some(remedy) = &finding.remedy {
        let mut arrow = "-> ";
        for line in wrapped(&clean::line(remedy), width.saturating_sub(arrow.len())) {
            page.push(VERDICT + CHECK, &format!("{arrow}{line}"));
            arrow = "   ";
        }
    }
    page.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::ExitCode;

    #[test]
    fn a_finding_is_a_line_with_what_to_do_below_it() {
        let look = Look {
            color: false,
            width: Some(60),
            language: crate::outcome::Language::English,
        };
        let remedy = Some("start the server, and look at the firewall".to_owned());
        let text = "the server\u{1b} takes no connection from here";
        let failed = Finding::failed("tcp", ExitCode::TryLater, text, remedy);
        assert_eq!(
            page(&failed, look),
            "failed       tcp            the server\\u{1b} takes no\n\
             \u{20}                           connection from here\n\
             \u{20}                           -> start the server, and look at\n\
             \u{20}                              the firewall\n"
        );
        let ok = page(&Finding::ok("dns", "it is 127.0.0.1"), look);
        assert_eq!(ok, "ok           dns            it is 127.0.0.1\n");
    }
}
