//! The end of a dry run: what the import would do, and what nobody has checked.

use super::page::{Page, STRONG};
use super::summary;
use crate::outcome::{Plan, Summary, telling};

/// Adds what would become of the records.
pub(super) fn counts(page: &mut Page, of: &Summary, plan: &Plan) {
    let l = page.language();
    page.heading("Plan");
    for row in telling::planned(of, plan, l) {
        page.count(summary::style(row.mood), row.count, row.word);
    }
    page.count(STRONG, of.counts.read, l.pick("read", "gelesen"));
    if plan.too_many_invalid {
        page.indented(2, telling::too_many_invalid(l));
    }
}

/// Adds what else the rehearsal found out, and what it did not look at.
pub(super) fn details(page: &mut Page, of: &Summary, plan: &Plan) {
    let l = page.language();
    page.gap();
    for (label, text) in telling::plan_facts(plan, l) {
        page.pair(label, &text);
    }
    if let Some(body) = &plan.sample_body {
        page.heading(l.pick(
            "One body as it would be sent",
            "Ein Datensatz, wie er gesendet würde",
        ));
        page.block(2, &telling::pretty(body));
    }
    let (probed, not_checked) = of.plan_told(plan);
    if !probed.is_empty() {
        page.heading(l.pick("Asked the ERP", "Die Wawi gefragt"));
        for sentence in probed {
            page.indented(2, sentence);
        }
    }
    if !not_checked.is_empty() {
        page.heading(l.pick("Not checked", "Nicht geprüft"));
        for sentence in not_checked {
            page.indented(2, sentence);
        }
    }
}
