//! What to do after a run, and what the words mean that tell of it.

use super::ended;
use crate::outcome::{Counts, Ending, Summary};

/// A sentence for each step, and what it needs to be copied: a command or a path.
#[must_use]
pub fn steps(summary: &Summary) -> Vec<(String, Option<String>)> {
    let counts = &summary.counts;
    let dir = summary.report_dir.trim_end_matches('/');
    let failed_file = format!("{dir}/{}", summary.failed_file);
    let mut steps = Vec::new();
    if let Ending::Stopped(stop) = &summary.ending {
        steps.push((ended(&stop.remedy()), None));
    }
    if let Some(command) = &summary.resume_with {
        steps.push((
            "Go on with the rest by the same command:".to_owned(),
            Some(command.clone()),
        ));
    }
    if summary.dry_run {
        if counts.invalid > 0 {
            steps.push((
                format!("Correct the input or the mapping; {failed_file} says what is wrong."),
                None,
            ));
        }
        let blocked = summary
            .plan
            .as_ref()
            .is_some_and(|plan| plan.too_many_invalid);
        if counts.ready > 0 {
            let text = match blocked {
                false => "Import what is valid by the same command without --dry-run.",
                true => {
                    "To import what is valid all the same, allow more invalid records with \
                     --max-invalid 100%."
                }
            };
            steps.push((text.to_owned(), None));
        }
        return steps;
    }
    if summary.ending == Ending::TooManyInvalid {
        steps.push((
            format!(
                "Correct the input or the mapping ({failed_file} says what is wrong), or allow \
                 more invalid records with --max-invalid."
            ),
            None,
        ));
    } else if counts.invalid + counts.refused > 0 {
        let text = "Correct the records in this file and import it with the same mapping:";
        steps.push((text.to_owned(), Some(failed_file)));
        if counts.refused > 0 {
            let text = "Where the cause was not in the data, send them again by the same command \
                        with --retry-failed.";
            steps.push((text.to_owned(), None));
        }
    }
    if counts.unknown > 0 {
        find_out(&mut steps, summary);
    }
    if counts.changed > 0 {
        let text =
            "These customers' data changed since they were sent; they were left as they are:";
        steps.push((text.to_owned(), Some(format!("{dir}/changed.csv"))));
    }
    steps
}

/// How to find out what became of the unknown ones: by look-ups, then by a person.
fn find_out(steps: &mut Vec<(String, Option<String>)>, summary: &Summary) {
    let run = &summary.run;
    let or_plain = |command: &Option<String>, plain: String| command.clone().unwrap_or(plain);
    let reconcile = or_plain(&summary.reconcile_with, format!("importer reconcile {run}"));
    let resolve = or_plain(
        &summary.resolve_with,
        format!("importer resolve {run} RECORD"),
    );
    let dir = summary.report_dir.trim_end_matches('/');
    for (text, command) in [
        ("Look up whether the unknown ones were created:", reconcile),
        (
            "What stays unknown, look for in Wawi; this file lists it:",
            format!("{dir}/unknown.csv"),
        ),
        (
            "Say of each record what you found there, that it is there:",
            format!("{resolve} --created NUMBER"),
        ),
        (
            "Or that it is not, so that the same command as before sends it:",
            format!("{resolve} --not-created"),
        ),
    ] {
        steps.push((text.to_owned(), Some(command)));
    }
}

/// The words for outcomes that a run has, each with its meaning.
#[must_use]
pub fn glossary(counts: &Counts) -> Vec<(&'static str, &'static str)> {
    let words = [
        (
            counts.exists,
            "exists",
            "was in the ERP before this import; not sent",
        ),
        (
            counts.skipped,
            "skipped",
            "settled by an earlier run with the same data; not sent",
        ),
        (
            counts.changed,
            "changed",
            "settled by an earlier run with other data; not sent again",
        ),
        (counts.left_out, "left out", "by the mapping's keep_if"),
        (
            counts.grouped,
            "grouped",
            "part of another record's customer",
        ),
        (counts.invalid, "invalid", "refused here, never sent"),
        (counts.refused, "refused", "sent, and the server said no"),
        (
            counts.unknown,
            "unknown",
            "sent, no answer, not found yet: it may be in the ERP",
        ),
        (counts.open, "open", "not yet sent"),
    ];
    let used = words.into_iter().filter(|(count, _, _)| *count > 0);
    used.map(|(_, word, meaning)| (word, meaning)).collect()
}
