//! The end of a dry run: what the import would do, and what nobody has checked.

use super::page::{Page, STRONG};
use super::summary;
use crate::outcome::{Plan, Summary, telling};

/// Adds what would become of the records.
pub(super) fn counts(page: &mut Page, of: &Summary, plan: &Plan) {
    page.heading("Plan");
    for row in telling::planned(of, plan) {
        page.count(summary::style(row.mood), row.count, row.word);
    }
    page.count(STRONG, of.counts.read, "read");
    if plan.too_many_invalid {
        page.indented(2, telling::TOO_MANY_INVALID);
    }
}

/// Adds what else the rehearsal found out, and what it did not look at.
pub(super) fn details(page: &mut Page, plan: &Plan) {
    page.gap();
    for (label, text) in telling::plan_facts(plan) {
        page.pair(label, &text);
    }
    if let Some(body) = &plan.sample_body {
        page.heading("One body as it would be sent");
        page.block(2, &telling::pretty(body));
    }
    if !plan.probed.is_empty() {
        page.heading("Asked the ERP");
        for sentence in &plan.probed {
            page.indented(2, sentence);
        }
    }
    if !plan.not_checked.is_empty() {
        page.heading("Not checked");
        for sentence in &plan.not_checked {
            page.indented(2, sentence);
        }
    }
}
