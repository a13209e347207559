//! What a run came to, in words: shared by the summary on the terminal and the page of the
//! report, so that both say the same. Knows nothing of how it is shown.

mod numbers;
mod steps;

use std::time::Duration;

pub use numbers::{counted, length, thousands};
pub use steps::{glossary, steps};

use super::{Counts, Ending, ErrorGroup, Linked, Plan, Summary};

/// What a run that found too much invalid would do.
pub const TOO_MANY_INVALID: &str =
    "As it is, a run would send nothing: more are invalid than --max-invalid allows.";

/// How good a piece of news is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// All went well.
    Good,
    /// Neither good nor bad.
    Plain,
    /// Something to look at.
    Odd,
    /// Something went wrong.
    Bad,
}

/// How many records ended in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Whether that is good news.
    pub mood: Mood,
    /// How many.
    pub count: u64,
    /// The way, in a few words.
    pub word: &'static str,
}

/// How good the news of a run is.
#[must_use]
pub fn mood(summary: &Summary) -> Mood {
    match summary.exit_code {
        0 => Mood::Good,
        3 | 7 | 75 => Mood::Odd,
        _ => Mood::Bad,
    }
}

/// What happened, in a sentence (two when the run stopped before its end).
#[must_use]
pub fn sentence(summary: &Summary) -> String {
    let counts = &summary.counts;
    let read = thousands(counts.read);
    if summary.dry_run {
        let ready = summary
            .plan
            .as_ref()
            .map_or(counts.ready, |plan| plan.would_create);
        return match (counts.read, counts.invalid) {
            (0, _) => "Dry run: the input has no records.".to_owned(),
            (all, 0) if all == ready => {
                format!("Dry run: all {read} records would be created; nothing was sent.")
            }
            (_, 0) => format!(
                "Dry run: {} of {read} records would be created; nothing was sent.",
                thousands(ready)
            ),
            (_, invalid) => format!(
                "Dry run: {} of {read} records would be created, {} invalid; nothing was sent.",
                thousands(ready),
                thousands(invalid)
            ),
        };
    }
    match &summary.ending {
        Ending::Finished if counts.read == 0 => "Finished: the input has no records.".to_owned(),
        Ending::Finished => format!("Finished: {}.", state(counts)),
        Ending::Stopped(stop) => format!("{} {}.", ended(&stop.message()), state(counts)),
        other => format!("{} {}.", ended(&other.message()), state(counts)),
    }
}

/// How many of the records are where, in one clause.
#[must_use]
pub fn state(counts: &Counts) -> String {
    let mut text = format!(
        "{} of {} created",
        thousands(counts.created),
        counted(counts.read, "record")
    );
    let failed = counts.invalid + counts.refused;
    let mut told = false;
    for (number, word) in [
        (failed, "failed"),
        (counts.unknown, "unknown"),
        (counts.open, "not yet sent"),
    ] {
        if number > 0 {
            text.push_str(&format!(", {} {word}", thousands(number)));
            told = true;
        }
    }
    if !told && counts.created < counts.read {
        text.push_str(", the others needed nothing");
    }
    text
}

/// The text as a sentence of its own.
#[must_use]
pub fn ended(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// What happens to Wawi's automatic workflows, in words.
#[must_use]
pub fn workflows(word: &str) -> &str {
    match word {
        "skip" => "switched off for the created customers",
        "run" => "run for the created customers",
        other => other,
    }
}

/// A kind of repair, in words.
#[must_use]
pub fn repair(kind: &str) -> &str {
    match kind {
        "postal_code.zero_restored" => "leading zero of a German postal code restored",
        "postal_code.prefix_removed" => "country prefix of a postal code removed",
        "apostrophe.removed" => "apostrophe removed that a spreadsheet had put before a value",
        "length.cut" => "text cut to the length that the mapping allows",
        other => other,
    }
}

/// How many records ended how; only what there is any of.
#[must_use]
pub fn outcomes(counts: &Counts) -> Vec<Tally> {
    let rows = [
        (Mood::Good, counts.created, "created"),
        (Mood::Good, counts.ready, "ready"),
        (Mood::Plain, counts.exists, "exists"),
        (Mood::Plain, counts.skipped, "skipped"),
        (Mood::Odd, counts.changed, "changed"),
        (Mood::Plain, counts.left_out, "left out"),
        (Mood::Plain, counts.grouped, "grouped"),
        (Mood::Bad, counts.invalid, "invalid"),
        (Mood::Bad, counts.refused, "refused"),
        (Mood::Bad, counts.unknown, "unknown"),
        (Mood::Odd, counts.open, "open"),
    ];
    let tallies = rows.map(|(mood, count, word)| Tally { mood, count, word });
    tallies.into_iter().filter(|row| row.count > 0).collect()
}

/// What would become of the records of a dry run.
#[must_use]
pub fn planned(summary: &Summary, plan: &Plan) -> Vec<Tally> {
    let counts = &summary.counts;
    let rows = [
        (Mood::Good, plan.would_create, "would be created"),
        (Mood::Plain, counts.exists, "are in the ERP already"),
        (Mood::Plain, counts.skipped, "would be skipped"),
        (
            Mood::Plain,
            counts.changed,
            "changed since they were sent, would not be sent again",
        ),
        (Mood::Plain, plan.left_out, "left out by keep_if"),
        (
            Mood::Plain,
            counts.grouped,
            "part of another record's customer",
        ),
        (Mood::Bad, plan.invalid, "invalid, would not be sent"),
    ];
    let tallies = rows.map(|(mood, count, word)| Tally { mood, count, word });
    let told = |row: &Tally| row.count > 0 || row.mood == Mood::Good;
    tallies.into_iter().filter(told).collect()
}

/// What else a dry run found out, each with a label.
#[must_use]
pub fn plan_facts(plan: &Plan) -> Vec<(&'static str, String)> {
    let columns = if plan.unused_columns.is_empty() {
        "all are used".to_owned()
    } else {
        format!("not used: {}", plan.unused_columns.join(", "))
    };
    let mut facts = vec![("Columns", columns)];
    if let Some(number) = &plan.highest_number {
        let text = format!("the highest is {number}; set Wawi's number range above it");
        facts.push(("Numbers", text));
    }
    if let Some(seconds) = plan.seconds_at_rate {
        let time = length(Duration::from_secs(seconds));
        facts.push(("Will take", format!("about {time} at the configured rate")));
    }
    facts
}

/// JSON over several lines; anything else as it is.
#[must_use]
pub fn pretty(body: &str) -> String {
    serde_json::from_str::<serde_json::Value>(body)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| body.to_owned())
}

/// The heading over what a run and those that correct it came to.
#[must_use]
pub fn together(summary: &Summary, linked: &Linked) -> String {
    let first = match linked.first == summary.run {
        true => "its corrections".to_owned(),
        false => format!("run {}", linked.first),
    };
    let others = match linked.runs {
        0..=2 => String::new(),
        runs => format!(" ({} runs)", thousands(runs)),
    };
    format!("Together with {first}{others}")
}

/// Code, field and columns of a cause.
#[must_use]
pub fn cause(group: &ErrorGroup) -> String {
    let mut title = group.code.clone();
    if !group.field.is_empty() {
        title.push_str(&format!(", {}", group.field));
    }
    match group.columns.as_slice() {
        [] => {}
        [column] => title.push_str(&format!(" (column {column})")),
        columns => title.push_str(&format!(" (columns {})", columns.join(", "))),
    }
    title.trim_start_matches(", ").to_owned()
}

/// Where the first records of a group stand.
#[must_use]
pub fn places(group: &ErrorGroup) -> String {
    let list: Vec<String> = group
        .first
        .iter()
        .map(|position| {
            let (record, line) = (thousands(position.record), thousands(position.line));
            format!("{record} (line {line})")
        })
        .collect();
    let noun = if group.count == 1 {
        "record"
    } else {
        "records"
    };
    let more = if group.count > list.len() as u64 {
        ", …"
    } else {
        ""
    };
    format!("{noun} {}{more}", list.join(", "))
}

/// What went over the wire; none if nothing did.
#[must_use]
pub fn requests(summary: &Summary) -> Option<String> {
    let traffic = &summary.traffic;
    if traffic.requests == 0 {
        return None;
    }
    let mut text = format!(
        "{} ({}, {}",
        thousands(traffic.requests),
        counted(traffic.posts, "create"),
        counted(traffic.lookups, "look-up")
    );
    if traffic.retries > 0 {
        text.push_str(&format!(", {} sent again", thousands(traffic.retries)));
    }
    text.push(')');
    if summary.requests_per_second > 0.0 {
        text.push_str(&format!(", {:.1} a second", summary.requests_per_second));
    }
    if traffic.throttled > 0 {
        let times = counted(traffic.throttled, "time");
        text.push_str(&format!(", slowed down by the server {times} (429)"));
    }
    Some(text)
}

/// How long it took.
#[must_use]
pub fn time(summary: &Summary) -> String {
    let whole = summary.finished.duration_since(summary.started);
    let whole = Duration::try_from(whole).unwrap_or_default();
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    // If somebody set the clock back meanwhile, it took at least what was measured.
    let measured = seconds(summary.reading_seconds) + seconds(summary.sending_seconds);
    let whole = whole.max(measured);
    let mut text = format!(
        "{} (reading {}",
        length(whole),
        length(seconds(summary.reading_seconds))
    );
    if !summary.dry_run {
        text.push_str(&format!(
            ", sending {}",
            length(seconds(summary.sending_seconds))
        ));
    }
    text.push(')');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_makes_no_time_negative() {
        let mut summary = Summary::default();
        summary.finished = summary.started - jiff::SignedDuration::from_hours(5);
        summary.reading_seconds = 1.0;
        summary.sending_seconds = 61.0;
        assert_eq!(time(&summary), "1 min 2 s (reading 1 s, sending 1 min 1 s)");
    }
}
