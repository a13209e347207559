//! The end of a dry run: what the import would do, and what nobody has checked.

use std::time::Duration;

use super::page::{BAD, GOOD, Page, STRONG, length};
use crate::outcome::{Plan, Summary};

/// Adds what would become of the records.
pub(super) fn counts(page: &mut Page, summary: &Summary, plan: &Plan) {
    page.heading("Plan");
    page.count(GOOD, plan.would_create, "would be created");
    for (style, count, text) in [
        (STRONG, summary.counts.exists, "are in the ERP already"),
        (STRONG, summary.counts.skipped, "would be skipped"),
        (
            STRONG,
            summary.counts.changed,
            "changed since they were sent, would not be sent again",
        ),
        (STRONG, plan.left_out, "left out by keep_if"),
        (
            STRONG,
            summary.counts.grouped,
            "part of another record's customer",
        ),
        (BAD, plan.invalid, "invalid, would not be sent"),
    ] {
        if count > 0 {
            page.count(style, count, text);
        }
    }
    page.count(STRONG, summary.counts.read, "read");
    if plan.too_many_invalid {
        page.indented(
            2,
            "As it is, a run would send nothing: more are invalid than --max-invalid allows.",
        );
    }
}

/// Adds what else the rehearsal found out, and what it did not look at.
pub(super) fn details(page: &mut Page, plan: &Plan) {
    page.gap();
    let columns = if plan.unused_columns.is_empty() {
        "all are used".to_owned()
    } else {
        format!("not used: {}", plan.unused_columns.join(", "))
    };
    page.pair("Columns", &columns);
    if let Some(number) = &plan.highest_number {
        page.pair(
            "Numbers",
            &format!("the highest is {number}; set Wawi's number range above it"),
        );
    }
    if let Some(seconds) = plan.seconds_at_rate {
        let time = length(Duration::from_secs(seconds));
        page.pair("Will take", &format!("about {time} at the configured rate"));
    }
    if let Some(body) = &plan.sample_body {
        page.heading("One body as it would be sent");
        page.block(2, &pretty(body));
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

/// JSON over several lines; anything else as it is.
fn pretty(body: &str) -> String {
    serde_json::from_str::<serde_json::Value>(body)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| body.to_owned())
}
