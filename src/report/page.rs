//! `report.html`: what became of the run, for a person. One file that needs nothing else: its
//! style is inside, its drawings are SVG, there is no script, and its policy forbids all of it.
//!
//! The texts are those of the summary on the terminal. Every text that is put in is made
//! harmless and escaped at one place, [`harmless`]; what is no text of ours is cut to a length
//! that keeps the file small whatever the input holds. It is well-formed XML, too, apart from
//! its first line.

mod chart;
mod code;
mod labels;
mod timeline;

use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Environment, Error, Output, State, UndefinedBehavior, Value};
use serde::Serialize;

use super::ValuesShown;
use crate::outcome::telling::{self, Mood, length_in, tenths, thousands_in};
use crate::outcome::{
    ErrorGroup, Language, Latency, Linked, Outcome, Plan, Settled, Summary, wording,
};
use chart::{Chart, moment};
use labels::{ENGLISH, GERMAN, Labels};
use timeline::Timeline;

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// SHA-256 of [`STYLE`] in Base64: the page allows this style and no other. A test computes it.
const STYLE_HASH: &str = "phmWsShGTjg3+qI7ZQQ9g1mTYnpBmOnY6mmQn7+CEM8=";

/// Causes that are told, of errors and of warnings each.
const CAUSES: usize = 50;
/// Longest text that is no text of ours, in characters.
const TEXT: usize = 300;
/// Longest block that is copied: a command, a line of the mapping, a body.
const BLOCK: usize = 4_000;
/// Columns and settings told at most.
const ROWS: usize = 50;
/// Units of the bar of outcomes, and the least that any of them gets.
const BAR: f64 = 1_000.0;
const BAR_LEAST: f64 = 4.0;

/// What the page tells of the records, gathered row by row in constant memory.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    created: Timeline,
}

impl Drawing {
    /// Notes one settled record.
    pub(super) fn note(&mut self, settled: &Settled) {
        if matches!(settled.outcome, Outcome::Created { .. }) {
            self.created.note(settled.at);
        }
    }

    /// The page.
    ///
    /// # Errors
    /// What is wrong with its template: nothing, as tests show.
    pub(super) fn page(
        &self,
        summary: &Summary,
        values: ValuesShown,
        language: Language,
    ) -> Result<String, Error> {
        let labels = language.pick(&ENGLISH, &GERMAN);
        let view = View::new(summary, &self.created, values, labels);
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_formatter(harmless);
        environment.add_filter("code", code::code);
        environment.add_template("report.html", TEMPLATE)?;
        environment
            .get_template("report.html")?
            .render(Value::from(Serde(&view)))
    }
}

/// Writes a value into the page: with the filter `code`, the place where text becomes HTML.
fn harmless(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() => {
            let text = wording::harmless(text);
            minijinja::escape_formatter(out, state, &Value::from(text))
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// What the template is given.
#[derive(Serialize)]
struct View<'a> {
    l: &'a Labels,
    style: Value,
    style_hash: Value,
    title: String,
    mood: &'static str,
    sentence: String,
    /// What belongs to which start, if there were several.
    resumed: Option<String>,
    steps: Vec<Step>,
    outcomes: Vec<Share>,
    bar_text: String,
    read: String,
    too_many_invalid: Option<&'static str>,
    linked: Option<Together>,
    sections: Vec<Section>,
    repairs: Vec<Pair>,
    plan: Option<PlanView>,
    /// Whether anything could be sent.
    sent: bool,
    chart: Option<Chart>,
    chart_text: String,
    chart_per: String,
    latency: Vec<Pair>,
    latency_notes: Vec<String>,
    about: Vec<Pair>,
    settings: Vec<Pair>,
    words: Vec<Pair>,
    values_note: &'static str,
    made_by: String,
}

#[derive(Serialize)]
struct Pair {
    label: String,
    text: String,
}

#[derive(Serialize)]
struct Step {
    text: String,
    command: Option<String>,
}

/// An outcome and its part of the whole.
#[derive(Serialize)]
struct Share {
    word: &'static str,
    mood: &'static str,
    /// Tells outcomes of the same mood apart.
    shade: &'static str,
    count: String,
    share: String,
    x: String,
    width: String,
}

#[derive(Serialize)]
struct Together {
    title: String,
    outcomes: Vec<Share>,
    read: String,
}

/// Errors or warnings.
#[derive(Serialize)]
struct Section {
    id: &'static str,
    title: String,
    nothing: Option<&'static str>,
    causes: Vec<CauseView>,
    more: Option<String>,
}

#[derive(Serialize)]
struct CauseView {
    count: String,
    title: String,
    message: String,
    remedy: String,
    /// Where the line of the mapping belongs that cures it, and the line.
    table: Option<String>,
    line: String,
    examples: Vec<Example>,
}

/// A record of a cause. Its row in the page stands on a line of its own, by which
/// `importer forget` finds it.
#[derive(Serialize)]
struct Example {
    /// The record's number, as programs write it.
    number: u64,
    record: String,
    line: String,
    text: String,
}

#[derive(Serialize)]
struct PlanView {
    facts: Vec<Pair>,
    body: Option<String>,
    asked: Vec<String>,
    not_checked: Vec<String>,
}

impl<'a> View<'a> {
    fn new(of: &Summary, created: &Timeline, values: ValuesShown, l: &'a Labels) -> Self {
        let language = l.language;
        let title = if of.dry_run { l.dry_title } else { l.title };
        let tallies = match &of.plan {
            Some(plan) => telling::planned(of, plan, language),
            None => telling::outcomes(&of.counts, language),
        };
        let outcomes = shares(&tallies, of.counts.read, language);
        let parts = outcomes
            .iter()
            .map(|part| format!("{}: {} ({})", part.word, part.count, part.share));
        let chart = Chart::of(created, &of.conditions, l);
        Self {
            l,
            style: Value::from_safe_string(STYLE.to_owned()),
            style_hash: Value::from_safe_string(STYLE_HASH.to_owned()),
            title: put(title, &[&cut(&of.input, TEXT)]),
            mood: word(telling::mood(of)),
            sentence: cut(&telling::sentence(of, language), TEXT),
            resumed: telling::resumed(of, language).map(|text| put(l.resumed, &[&text])),
            steps: steps(of, language),
            bar_text: parts.collect::<Vec<_>>().join(", "),
            outcomes,
            read: thousands_in(of.counts.read, language),
            too_many_invalid: of
                .plan
                .as_ref()
                .filter(|plan| plan.too_many_invalid)
                .map(|_| telling::too_many_invalid(language)),
            linked: of
                .linked
                .as_deref()
                .and_then(|linked| together(of, linked, language)),
            sections: sections(of, l),
            repairs: of
                .repairs
                .iter()
                .map(|(kind, count)| {
                    pair(
                        telling::repair(kind, language),
                        &thousands_in(*count, language),
                    )
                })
                .collect(),
            plan: of
                .plan
                .as_ref()
                .map(|plan| PlanView::of(of, plan, language)),
            sent: !of.dry_run,
            chart_text: chart
                .as_ref()
                .map_or_else(String::new, |chart| put(l.chart_most, &[chart.most()])),
            chart_per: chart.as_ref().map_or_else(String::new, |chart| {
                of_all_starts(put(l.chart_per, &[chart.stretch()]), of, l)
            }),
            chart,
            latency: of.latency.map_or_else(Vec::new, |found| latency(found, l)),
            latency_notes: latency_notes(of, l),
            about: about(of, l),
            settings: of
                .conditions
                .settings
                .iter()
                .take(ROWS)
                .map(|(name, value)| pair(name, &telling::setting(name, value, language)))
                .collect(),
            words: telling::glossary(&of.counts, language)
                .into_iter()
                .map(|(word, meaning)| pair(word, meaning))
                .collect(),
            values_note: match values {
                ValuesShown::Masked => l.values_masked,
                ValuesShown::None => l.values_none,
                ValuesShown::Full => l.values_full,
            },
            made_by: put(l.made_by, &[&of.version]),
        }
    }
}

fn word(mood: Mood) -> &'static str {
    match mood {
        Mood::Good => "good",
        Mood::Plain => "plain",
        Mood::Odd => "odd",
        Mood::Bad => "bad",
    }
}

/// A label with what belongs to its `{}`, one after the other.
fn put(label: &str, texts: &[&str]) -> String {
    let mut parts = label.split("{}");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (part, filling) in parts.zip(texts.iter().chain(std::iter::repeat(&""))) {
        text.push_str(filling);
        text.push_str(part);
    }
    text
}

fn pair(label: &str, text: &str) -> Pair {
    Pair {
        label: cut(label, TEXT),
        text: cut(text, TEXT),
    }
}

/// At most so many characters, the last of which says that there were more.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars()
        .take(most.saturating_sub(1))
        .chain(std::iter::once('…'))
        .collect()
}

fn steps(of: &Summary, language: Language) -> Vec<Step> {
    let steps = telling::steps(of, language).into_iter();
    steps
        .map(|(text, command)| Step {
            text: cut(&text, BLOCK),
            command: command.map(|command| cut(&command, BLOCK)),
        })
        .collect()
}

/// Each outcome's part of `read` records.
fn shares(tallies: &[telling::Tally], read: u64, language: Language) -> Vec<Share> {
    let part = |count: u64| ratio(count, read.max(1));
    let widths: Vec<f64> = tallies
        .iter()
        .map(|tally| match tally.count {
            0 => 0.0,
            count => (part(count) * BAR).max(BAR_LEAST),
        })
        .collect();
    let whole = widths.iter().sum::<f64>().max(BAR);
    let mut x = 0.0;
    let mut seen: Vec<Mood> = Vec::new();
    let mut shares = Vec::new();
    for (tally, width) in tallies.iter().zip(widths) {
        let width = width / whole * BAR;
        let same = seen.iter().filter(|mood| **mood == tally.mood).count();
        seen.push(tally.mood);
        shares.push(Share {
            word: tally.word,
            mood: word(tally.mood),
            shade: match same {
                0 => "",
                1 => " light",
                _ => " lighter",
            },
            count: thousands_in(tally.count, language),
            share: share(part(tally.count), language),
            x: format!("{x:.2}"),
            width: format!("{width:.2}"),
        });
        x += width;
    }
    shares
}

/// A part of one in per cent; what is neither nothing nor all never looks so.
fn share(part: f64, language: Language) -> String {
    let percent = part * 100.0;
    let (sign, figure) = match percent {
        some if some > 0.0 && some < 0.05 => ("< ", 0.1),
        most if (99.95..100.0).contains(&most) => ("> ", 99.9),
        exact => ("", exact),
    };
    let unit = language.pick("%", "\u{a0}%");
    format!("{sign}{}{unit}", tenths(figure, language))
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no exact counts")]
fn ratio(count: u64, of: u64) -> f64 {
    count as f64 / of as f64
}

fn together(of: &Summary, linked: &Linked, language: Language) -> Option<Together> {
    let totals = linked.totals.as_ref()?;
    Some(Together {
        title: telling::together(of, linked, language),
        outcomes: shares(&telling::outcomes(totals, language), totals.read, language),
        read: thousands_in(totals.read, language),
    })
}

fn sections(of: &Summary, l: &Labels) -> Vec<Section> {
    let section = |id, title: String, groups: &[ErrorGroup], file: &str| Section {
        id,
        title,
        nothing: None,
        causes: groups
            .iter()
            .take(CAUSES)
            .map(|group| cause(group, l))
            .collect(),
        more: groups
            .len()
            .checked_sub(CAUSES)
            .filter(|more| *more > 0)
            .map(|more| {
                put(
                    l.more_causes,
                    &[&thousands_in(more as u64, l.language), file],
                )
            }),
    };
    let mut errors = section("errors", l.errors.to_owned(), &of.errors, &of.failed_file);
    errors.nothing = errors.causes.is_empty().then_some(l.no_errors);
    let title = telling::warnings(of.warnings, l.language);
    let warnings = section("warnings", title, &of.warning_groups, "warnings.csv");
    let mut sections = vec![errors];
    sections.extend((!warnings.causes.is_empty()).then_some(warnings));
    sections
}

fn cause(group: &ErrorGroup, l: &Labels) -> CauseView {
    let examples = group.first.iter().enumerate();
    CauseView {
        count: thousands_in(group.count, l.language),
        title: cut(&telling::cause(group, l.language), TEXT),
        message: cut(group.message_told(), TEXT),
        remedy: cut(group.remedy_told(), TEXT),
        table: group
            .cure
            .as_ref()
            .map(|cure| put(l.cure, &[&cut(&cure.table, TEXT)])),
        line: group
            .cure
            .as_ref()
            .map_or_else(String::new, |cure| cut(&cure.line, BLOCK)),
        examples: examples
            .map(|(index, position)| Example {
                number: position.record,
                record: thousands_in(position.record, l.language),
                line: thousands_in(position.line, l.language),
                text: group.examples.get(index).map_or_else(
                    || l.said_by_server.to_owned(),
                    |text| cut(&text.replace('\n', " "), TEXT),
                ),
            })
            .collect(),
    }
}

impl PlanView {
    fn of(of: &Summary, plan: &Plan, language: Language) -> Self {
        let (probed, not_checked) = of.plan_told(plan);
        let sentences = |all: &[String]| -> Vec<String> {
            all.iter().take(ROWS).map(|text| cut(text, BLOCK)).collect()
        };
        Self {
            facts: telling::plan_facts(plan, language)
                .into_iter()
                .map(|(label, text)| Pair {
                    label: label.to_owned(),
                    text: cut(&text, BLOCK),
                })
                .collect(),
            body: plan
                .sample_body
                .as_ref()
                .map(|body| cut(&telling::pretty(body), BLOCK)),
            asked: sentences(probed),
            not_checked: sentences(not_checked),
        }
    }
}

fn latency(found: Latency, l: &Labels) -> Vec<Pair> {
    let unit = l.language.pick("%", "\u{a0}%");
    let parts = [
        (l.half.to_owned(), found.p50_ms),
        (format!("90{unit}"), found.p90_ms),
        (format!("95{unit}"), found.p95_ms),
        (format!("99{unit}"), found.p99_ms),
        (l.all.to_owned(), found.max_ms),
    ];
    parts
        .map(|(label, milliseconds)| pair(&label, &time(milliseconds, l.language)))
        .into()
}

/// Milliseconds as people read them.
fn time(milliseconds: f64, language: Language) -> String {
    match milliseconds {
        below if below < 10.0 => format!("{} ms", tenths(below, language)),
        below if below < 1_000.0 => format!("{below:.0} ms"),
        rest => std::time::Duration::try_from_secs_f64(rest / 1_000.0).map_or_else(
            |_| format!("{rest:.0} ms"),
            |time| length_in(time, language),
        ),
    }
}

/// What is to be said about the latencies; above all, how much is not known.
fn latency_notes(of: &Summary, l: &Labels) -> Vec<String> {
    let Some(found) = of.latency else {
        return vec![l.latency_unknown.to_owned()];
    };
    let answers = thousands_in(found.answers, l.language);
    let mut notes = vec![of_all_starts(put(l.latency_note, &[&answers]), of, l)];
    let attempts = of.conditions.attempts;
    if attempts > found.answers {
        notes.push(put(l.latency_part, &[&thousands_in(attempts, l.language)]));
    }
    notes
}

/// What is shown of a run that went on although other figures are of this start only.
fn of_all_starts(mut text: String, of: &Summary, l: &Labels) -> String {
    if of.resumed {
        text.push(' ');
        text.push_str(l.all_starts);
    }
    text
}

/// The run itself.
fn about(of: &Summary, l: &Labels) -> Vec<Pair> {
    let language = l.language;
    let utc = |at: Timestamp| format!("{} UTC", moment(at, language));
    let mut about = vec![
        pair(l.run, &of.run),
        pair(l.input, &of.input),
        pair(l.read_as, of.source_told()),
        pair(l.mapping, &of.mapping),
    ];
    if let Some(target) = &of.target {
        let workflows = telling::workflows(&of.workflows, language);
        about.push(pair(l.target, target));
        about.push(pair(l.workflows, workflows));
    }
    if let Some(linked) = &of.linked {
        if let Some(to) = &linked.to {
            about.push(pair(l.corrects, to));
        }
        if !linked.corrected_by.is_empty() {
            about.push(pair(l.corrected_by, &linked.corrected_by.join(", ")));
        }
    }
    let (started, finished, time, requests) = match of.resumed {
        true => (l.start_began, l.start_ended, l.start_time, l.start_requests),
        false => (l.started, l.finished, l.time, l.requests),
    };
    about.push(pair(started, &utc(of.started)));
    about.push(pair(finished, &utc(of.finished)));
    if of.reading_seconds + of.sending_seconds > 0.0 {
        about.push(pair(time, &telling::time(of, language)));
    }
    if let Some(sent) = telling::requests(of, language) {
        about.push(pair(requests, &sent));
    }
    let code = of.exit_code.to_string();
    about.push(pair(l.ended_with, &put(l.ended_code, &[&code])));
    about.push(pair(l.report, &of.report_dir));
    about
}

#[cfg(test)]
mod tests;
