//! What a run has to do with others: which one it corrects, what both came to together, and
//! what somebody's spreadsheet did on the way.

use super::page::{Page, counted, thousands};
use super::summary;
use crate::outcome::{Alteration, Linked, Summary, telling};

/// Columns that are told; `summary.json` has the rest.
const COLUMNS_AT_MOST: usize = 20;

/// Adds which run this one corrects, and which ones correct it.
pub(super) fn about(page: &mut Page, linked: &Linked) {
    if let Some(to) = &linked.to {
        page.pair(page.language().pick("Corrects", "Berichtigt"), to);
    }
    if !linked.corrected_by.is_empty() {
        let runs = linked.corrected_by.join(", ");
        let l = page.language();
        let by = l.pick("by", "durch");
        page.pair(l.pick("Corrected", "Berichtigt"), &format!("{by} {runs}"));
    }
}

/// Adds what all runs came to together.
pub(super) fn totals(page: &mut Page, of: &Summary, linked: &Linked) {
    let Some(totals) = &linked.totals else {
        return;
    };
    page.heading(&telling::together(of, linked, page.language()));
    summary::counts(page, totals);
}

/// What differs, a line for each column.
pub(super) fn altered(run: &str, columns: &[Alteration], accepted: bool) -> String {
    let cells: u64 = columns.iter().map(|column| column.cells).sum();
    let differ = if cells == 1 { "differs" } else { "differ" };
    let accepted = if accepted { " (accepted)" } else { "" };
    let mut text = format!(
        "{} {differ} from the input of run {run} although nothing was wrong{accepted}:",
        counted(cells, "cell")
    );
    for column in columns.iter().take(COLUMNS_AT_MOST) {
        text.push_str(&format!("\n  {}", line(column)));
    }
    let more = columns.len().saturating_sub(COLUMNS_AT_MOST);
    if more > 0 {
        text.push_str(&format!("\n  and {more} more columns"));
    }
    text
}

/// `PLZ: 41 cells, e.g. record 17: 0…7 -> 1…7`.
pub(super) fn line(column: &Alteration) -> String {
    format!(
        "{}: {}, e.g. record {}: {} -> {}",
        column.column,
        counted(column.cells, "cell"),
        thousands(column.record),
        column.before,
        column.after
    )
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::finished;
    use super::super::page::Look;
    use super::*;
    use crate::outcome::Counts;

    fn alteration(column: &str, cells: u64) -> Alteration {
        Alteration {
            column: column.to_owned(),
            cells,
            record: 1017,
            before: "0…7".to_owned(),
            after: "1…7".to_owned(),
        }
    }

    #[test]
    fn what_differs_is_told_by_column() {
        let columns = [alteration("PLZ", 41), alteration("Haus\u{1b}nr", 1)];
        assert_eq!(
            altered("r-1", &columns, false),
            "42 cells differ from the input of run r-1 although nothing was wrong:\n  \
             PLZ: 41 cells, e.g. record 1,017: 0…7 -> 1…7\n  \
             Haus\u{1b}nr: 1 cell, e.g. record 1,017: 0…7 -> 1…7"
        );
        let many: Vec<_> = (0..25).map(|n| alteration(&n.to_string(), 1)).collect();
        let text = altered("r-1", &many, true);
        assert!(text.contains("wrong (accepted):"), "{text}");
        assert!(text.ends_with("\n  and 5 more columns"), "{text}");
    }

    #[test]
    fn a_correcting_run_tells_the_totals() {
        let mut summary = finished();
        summary.linked = Some(Box::new(Linked {
            to: Some("r-0192".to_owned()),
            corrected_by: vec!["r-0194".to_owned()],
            first: "r-0100".to_owned(),
            runs: 3,
            totals: Some(Counts {
                read: 12_000,
                created: 11_999,
                invalid: 1,
                ..Counts::default()
            }),
            altered: Vec::new(),
        }));
        let look = Look {
            color: false,
            width: None,
            language: crate::outcome::Language::English,
        };
        insta::assert_snapshot!("corrected", summary::page(&summary, look, false));
    }
}
