//! What a run came to, in words: shared by the summary on the terminal and the page of the
//! report, so that both say the same. Knows nothing of how it is shown.

mod network;
mod numbers;
mod process;
mod resumed;
mod setting;
mod shell;
mod steps;

use std::time::Duration;

pub use network::unanswered;
pub use numbers::{counted, length, length_in, tenths, thousands, thousands_in};
pub use process::exit_status;
pub use resumed::resumed;
pub use setting::{BUT_NOT_RETURNED, setting};
pub use shell::shell_word;
pub use steps::{glossary, steps};

use super::{Counts, Ending, ErrorGroup, Language, Linked, Outcome, Plan, Summary};

/// A word in English and in German.
type Word = (&'static str, &'static str);

const CREATED: Word = ("created", "angelegt");
const READY: Word = ("ready", "bereit");
const EXISTS: Word = ("exists", "vorhanden");
const SKIPPED: Word = ("skipped", "erledigt");
const CHANGED: Word = ("changed", "geändert");
const LEFT_OUT: Word = ("left out", "ausgelassen");
const GROUPED: Word = ("grouped", "gruppiert");
const INVALID: Word = ("invalid", "ungültig");
const REFUSED: Word = ("refused", "abgelehnt");
const UNKNOWN: Word = ("unknown", "unbekannt");
const OPEN: Word = ("open", "offen");

/// What a run that found too much invalid would do.
#[must_use]
pub fn too_many_invalid(language: Language) -> &'static str {
    language.pick(
        "As it is, a run would send nothing: more are invalid than --max-invalid allows.",
        "So, wie es ist, würde ein Lauf nichts senden: es sind mehr ungültig, als --max-invalid \
         erlaubt.",
    )
}

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
pub fn sentence(summary: &Summary, language: Language) -> String {
    let counts = &summary.counts;
    if summary.dry_run {
        return rehearsed(summary, language);
    }
    let state = || state(counts, language);
    match &summary.ending {
        Ending::Finished if counts.read == 0 => language
            .pick(
                "Finished: the input has no records.",
                "Fertig: die Eingabe hat keine Datensätze.",
            )
            .to_owned(),
        Ending::Finished => format!("{}: {}.", language.pick("Finished", "Fertig"), state()),
        other => {
            let how = match summary.resume_with {
                Some(_) => other.without_way_on(language),
                None => other.message_in(language),
            };
            format!("{} {}.", ended(&how), state())
        }
    }
}

/// What a dry run found, in a sentence.
fn rehearsed(summary: &Summary, language: Language) -> String {
    let counts = &summary.counts;
    let plan = summary.plan.as_ref();
    let ready = plan.map_or(counts.ready, |plan| plan.would_create);
    let number = |number| thousands_in(number, language);
    let (read, told, invalid) = (number(counts.read), number(ready), number(counts.invalid));
    let found = match (language, counts.read, counts.invalid) {
        (Language::English, 0, _) => return "Dry run: the input has no records.".to_owned(),
        (Language::German, 0, _) => {
            return "Probelauf: die Eingabe hat keine Datensätze.".to_owned();
        }
        (Language::English, all, 0) if all == ready => {
            format!("all {read} records would be created")
        }
        (Language::German, 1, 0) if ready == 1 => "der eine Datensatz würde angelegt".to_owned(),
        (Language::German, all, 0) if all == ready => {
            format!("alle {read} Datensätze würden angelegt")
        }
        (Language::English, _, 0) => format!("{told} of {read} records would be created"),
        (Language::German, _, 0) => format!("ein Lauf würde {told} von {read} Datensätzen anlegen"),
        (Language::English, ..) => {
            format!("{told} of {read} records would be created, {invalid} invalid")
        }
        (Language::German, ..) => {
            format!("ein Lauf würde {told} von {read} Datensätzen anlegen, ungültig: {invalid}")
        }
    };
    match language {
        Language::English => format!("Dry run: {found}; nothing was sent."),
        Language::German => format!("Probelauf: {found}; gesendet wurde nichts."),
    }
}

/// How many of the records are where, in one clause.
fn state(counts: &Counts, language: Language) -> String {
    let number = |number| thousands_in(number, language);
    let (created, read) = (number(counts.created), number(counts.read));
    let mut text = match (language, counts.read) {
        (Language::English, 1) => format!("{created} of {read} record created"),
        (Language::English, _) => format!("{created} of {read} records created"),
        (Language::German, 1) => format!("{created} von {read} Datensatz angelegt"),
        (Language::German, _) => format!("{created} von {read} Datensätzen angelegt"),
    };
    let failed = counts.invalid + counts.refused;
    let mut told = false;
    for (count, word) in [
        (failed, language.pick("failed", "fehlgeschlagen")),
        (counts.unknown, language.pick("unknown", "unbekannt")),
        (
            counts.open,
            language.pick("not yet sent", "noch nicht gesendet"),
        ),
    ] {
        if count > 0 {
            text.push_str(&format!(", {} {word}", number(count)));
            told = true;
        }
    }
    if !told && counts.created < counts.read {
        text.push_str(language.pick(
            ", the others needed nothing",
            ", bei den übrigen war nichts zu tun",
        ));
    }
    text
}

/// The heading over the warnings.
#[must_use]
pub fn warnings(count: u64, language: Language) -> String {
    match (language, count) {
        (Language::English, _) => format!("Warnings ({})", counted(count, "record")),
        (Language::German, 1) => "Warnungen (1 Datensatz)".to_owned(),
        (Language::German, _) => {
            format!("Warnungen ({} Datensätze)", thousands_in(count, language))
        }
    }
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
pub fn workflows(word: &str, language: Language) -> &str {
    match word {
        "skip" => language.pick(
            "switched off for the created customers",
            "für die angelegten Kunden abgeschaltet",
        ),
        "run" => language.pick(
            "run for the created customers",
            "laufen für die angelegten Kunden",
        ),
        other => other,
    }
}

/// A kind of repair, in words.
#[must_use]
pub fn repair(kind: &str, language: Language) -> &str {
    match kind {
        "postal_code.zero_restored" => language.pick(
            "leading zero of a German postal code restored",
            "führende Null einer deutschen Postleitzahl wiederhergestellt",
        ),
        "postal_code.prefix_removed" => language.pick(
            "country prefix of a postal code removed",
            "Länderkennzeichen einer Postleitzahl entfernt",
        ),
        "apostrophe.removed" => language.pick(
            "apostrophe removed that a spreadsheet had put before a value",
            "Apostroph entfernt, den eine Tabellenkalkulation vor einen Wert gesetzt hatte",
        ),
        "length.cut" => language.pick(
            "text cut to the length that the mapping allows",
            "Text auf die Länge gekürzt, die die Zuordnung erlaubt",
        ),
        other => other,
    }
}

fn tallies<const N: usize>(rows: [(Mood, u64, &'static str); N]) -> impl Iterator<Item = Tally> {
    rows.into_iter()
        .map(|(mood, count, word)| Tally { mood, count, word })
}

/// How many records ended how; only what there is any of.
#[must_use]
pub fn outcomes(counts: &Counts, language: Language) -> Vec<Tally> {
    let rows = [
        (Mood::Good, counts.created, CREATED),
        (Mood::Good, counts.ready, READY),
        (Mood::Plain, counts.exists, EXISTS),
        (Mood::Plain, counts.skipped, SKIPPED),
        (Mood::Odd, counts.changed, CHANGED),
        (Mood::Plain, counts.left_out, LEFT_OUT),
        (Mood::Plain, counts.grouped, GROUPED),
        (Mood::Bad, counts.invalid, INVALID),
        (Mood::Bad, counts.refused, REFUSED),
        (Mood::Bad, counts.unknown, UNKNOWN),
        (Mood::Odd, counts.open, OPEN),
    ];
    let rows =
        rows.map(|(mood, count, (english, german))| (mood, count, language.pick(english, german)));
    tallies(rows).filter(|row| row.count > 0).collect()
}

/// What became of a record, in a word or two; in English the word that programs read.
#[must_use]
pub fn outcome(outcome: &Outcome, language: Language) -> &'static str {
    let (_, german) = match outcome {
        Outcome::Created { .. } => CREATED,
        Outcome::Exists { .. } => EXISTS,
        Outcome::Invalid { .. } => INVALID,
        Outcome::Refused { .. } => REFUSED,
        Outcome::Unknown { .. } => UNKNOWN,
        Outcome::Skipped { .. } => SKIPPED,
        Outcome::Changed { .. } => CHANGED,
        Outcome::LeftOut => LEFT_OUT,
        Outcome::Grouped => GROUPED,
        Outcome::Ready => READY,
    };
    language.pick(outcome.word(), german)
}

/// What would become of the records of a dry run.
#[must_use]
pub fn planned(summary: &Summary, plan: &Plan, language: Language) -> Vec<Tally> {
    let counts = &summary.counts;
    let rows = [
        (
            Mood::Good,
            plan.would_create,
            language.pick("would be created", "würden angelegt"),
        ),
        (
            Mood::Plain,
            counts.exists,
            language.pick("are in the ERP already", "sind schon in der Wawi"),
        ),
        (
            Mood::Plain,
            counts.skipped,
            language.pick("would be skipped", "sind schon erledigt"),
        ),
        (
            Mood::Plain,
            counts.changed,
            language.pick(
                "changed since they were sent, would not be sent again",
                "haben sich seit dem Senden geändert, würden nicht noch einmal gesendet",
            ),
        ),
        (
            Mood::Plain,
            plan.left_out,
            language.pick("left out by keep_if", "durch keep_if ausgelassen"),
        ),
        (
            Mood::Plain,
            counts.grouped,
            language.pick(
                "part of another record's customer",
                "gehören zum Kunden eines anderen Datensatzes",
            ),
        ),
        (
            Mood::Bad,
            plan.invalid,
            language.pick(
                "invalid, would not be sent",
                "ungültig, würden nicht gesendet",
            ),
        ),
    ];
    let told = |row: &Tally| row.count > 0 || row.mood == Mood::Good;
    tallies(rows).filter(told).collect()
}

/// What else a dry run found out, each with a label.
#[must_use]
pub fn plan_facts(plan: &Plan, language: Language) -> Vec<(&'static str, String)> {
    let unused = plan.unused_columns.join(", ");
    let columns = match (unused.is_empty(), language) {
        (true, Language::English) => "all are used".to_owned(),
        (true, Language::German) => "alle werden verwendet".to_owned(),
        (false, Language::English) => format!("not used: {unused}"),
        (false, Language::German) => format!("nicht verwendet: {unused}"),
    };
    let mut facts = vec![(language.pick("Columns", "Spalten"), columns)];
    if let Some(number) = &plan.highest_number {
        let text = match language {
            Language::English => {
                format!("the highest is {number}; set Wawi's number range above it")
            }
            Language::German => format!(
                "die höchste ist {number}; den Nummernkreis der Wawi darüber beginnen lassen"
            ),
        };
        facts.push((language.pick("Numbers", "Nummern"), text));
    }
    if let Some(seconds) = plan.seconds_at_rate {
        let time = length_in(Duration::from_secs(seconds), language);
        let text = match language {
            Language::English => format!("about {time} at the configured rate"),
            Language::German => format!("etwa {time} beim eingestellten Tempo"),
        };
        facts.push((language.pick("Will take", "Dauert"), text));
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
pub fn together(summary: &Summary, linked: &Linked, language: Language) -> String {
    let first = match (linked.first == summary.run, language) {
        (true, Language::English) => "its corrections".to_owned(),
        (true, Language::German) => "seinen Berichtigungen".to_owned(),
        (false, Language::English) => format!("run {}", linked.first),
        (false, Language::German) => format!("Lauf {}", linked.first),
    };
    let runs = thousands_in(linked.runs, language);
    let others = match (linked.runs, language) {
        (0..=2, _) => String::new(),
        (_, Language::English) => format!(" ({runs} runs)"),
        (_, Language::German) => format!(" ({runs} Läufe)"),
    };
    let with = language.pick("Together with", "Zusammen mit");
    format!("{with} {first}{others}")
}

/// Code, field and columns of a cause.
#[must_use]
pub fn cause(group: &ErrorGroup, language: Language) -> String {
    cause_of(&group.code, &group.field, &group.columns, language)
}

/// The same of a code, a field and its columns.
#[must_use]
pub fn cause_of(code: &str, field: &str, columns: &[String], language: Language) -> String {
    let mut title = code.to_owned();
    if !field.is_empty() {
        title.push_str(&format!(", {field}"));
    }
    let word = match columns.len() {
        0 => "",
        1 => language.pick("column", "Spalte"),
        _ => language.pick("columns", "Spalten"),
    };
    if !word.is_empty() {
        title.push_str(&format!(" ({word} {})", columns.join(", ")));
    }
    title.trim_start_matches(", ").to_owned()
}

/// Where the first records of a group stand.
#[must_use]
pub fn places(group: &ErrorGroup, language: Language) -> String {
    let line_word = language.pick("line", "Zeile");
    let list: Vec<String> = group
        .first
        .iter()
        .map(|position| {
            let record = thousands_in(position.record, language);
            let line = thousands_in(position.line, language);
            format!("{record} ({line_word} {line})")
        })
        .collect();
    let noun = match group.count {
        1 => language.pick("record", "Datensatz"),
        _ => language.pick("records", "Datensätze"),
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
pub fn requests(summary: &Summary, language: Language) -> Option<String> {
    let traffic = &summary.traffic;
    if traffic.requests == 0 {
        return None;
    }
    let number = |number| thousands_in(number, language);
    let (all, posts) = (number(traffic.requests), number(traffic.posts));
    let (lookups, retries) = (number(traffic.lookups), number(traffic.retries));
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    let mut text = match language {
        Language::English => format!(
            "{all} ({posts} create{}, {lookups} look-up{}",
            plural(traffic.posts),
            plural(traffic.lookups)
        ),
        Language::German => {
            format!("{all} ({posts} zum Anlegen, {lookups} zum Nachsehen")
        }
    };
    if traffic.retries > 0 {
        text.push_str(&match language {
            Language::English => format!(", {retries} sent again"),
            Language::German => format!(", {retries} wiederholt"),
        });
    }
    text.push(')');
    if summary.requests_per_second > 0.0 {
        let rate = tenths(summary.requests_per_second, language);
        text.push_str(&match language {
            Language::English => format!(", {rate} a second"),
            Language::German => format!(", {rate} je Sekunde"),
        });
    }
    if traffic.throttled > 0 {
        let times = number(traffic.throttled);
        text.push_str(&match language {
            Language::English => format!(
                ", slowed down by the server {times} time{} (429)",
                plural(traffic.throttled)
            ),
            Language::German => format!(", vom Server {times}-mal gebremst (429)"),
        });
    }
    Some(text)
}

/// How long it took.
#[must_use]
pub fn time(summary: &Summary, language: Language) -> String {
    let whole = summary.finished.duration_since(summary.started);
    let whole = Duration::try_from(whole).unwrap_or_default();
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    // If somebody set the clock back meanwhile, it took at least what was measured.
    let measured = seconds(summary.reading_seconds) + seconds(summary.sending_seconds);
    let told = |time| length_in(time, language);
    let whole = told(whole.max(measured));
    let reading = told(seconds(summary.reading_seconds));
    let sending = told(seconds(summary.sending_seconds));
    match (language, summary.dry_run) {
        (Language::English, true) => format!("{whole} (reading {reading})"),
        (Language::English, false) => format!("{whole} (reading {reading}, sending {sending})"),
        (Language::German, true) => format!("{whole} (Lesen {reading})"),
        (Language::German, false) => format!("{whole} (Lesen {reading}, Senden {sending})"),
    }
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
        let told = time(&summary, Language::English);
        assert_eq!(told, "1 min 2 s (reading 1 s, sending 1 min 1 s)");
    }
}
