//! What a run has to do with others: which one it corrects, what both came to together, and
//! what somebody's spreadsheet did on the way.

use super::page::{Page, thousands_in};
use super::summary;
use crate::outcome::{Alteration, Bilingual, Language, Linked, Summary, both, telling};

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
pub(super) fn altered(run: &str, columns: &[Alteration], accepted: bool) -> Bilingual {
    let cells: u64 = columns.iter().map(|column| column.cells).sum();
    let differ = Bilingual::of(|language| {
        let verb = match cells {
            1 => language.pick("differs", "weicht"),
            _ => language.pick("differ", "weichen"),
        };
        format!("{} {verb}", cells_in(cells, language))
    });
    let accepted = if accepted {
        both!(" (accepted)", " (angenommen)")
    } else {
        Bilingual::default()
    };
    let head = both!([differ, accepted]
        "{differ} from the input of run {run} although nothing was wrong{accepted}:",
        "{differ} von der Eingabe des Laufs {run} ab, obwohl nichts falsch war{accepted}:"
    );
    Bilingual::of(|language| {
        let mut text = head.told_in(language);
        for column in columns.iter().take(COLUMNS_AT_MOST) {
            text.push_str(&format!("\n  {}", line(column, language)));
        }
        let more = columns.len().saturating_sub(COLUMNS_AT_MOST);
        if more > 0 {
            let more = both!("and {more} more columns", "und {more} weitere Spalten");
            text.push_str(&format!("\n  {}", more.shown_in(language)));
        }
        text
    })
}

fn cells_in(cells: u64, language: Language) -> String {
    let word = match cells {
        1 => language.pick("cell", "Zelle"),
        _ => language.pick("cells", "Zellen"),
    };
    format!("{} {word}", thousands_in(cells, language))
}

/// `PLZ: 41 cells, e.g. record 17: 0…7 -> 1…7`.
fn line(column: &Alteration, language: Language) -> String {
    format!(
        "{}: {}, {} {}: {} -> {}",
        column.column,
        cells_in(column.cells, language),
        language.pick("e.g. record", "z. B. Datensatz"),
        thousands_in(column.record, language),
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
            altered("r-1", &columns, false).english,
            "42 cells differ from the input of run r-1 although nothing was wrong:\n  \
             PLZ: 41 cells, e.g. record 1,017: 0…7 -> 1…7\n  \
             Haus\u{1b}nr: 1 cell, e.g. record 1,017: 0…7 -> 1…7"
        );
        let many: Vec<_> = (0..25).map(|n| alteration(&n.to_string(), 1)).collect();
        let text = altered("r-1", &many, true).english;
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
