//! What a run came to, as a page: the outcome at a glance first, then causes, then what to do.

use anstyle::Style;

use super::page::{BAD, GOOD, Look, ODD, Page, STRONG, thousands_in};
use super::{linked, plan, steps};
use crate::outcome::telling::{self, Mood};
use crate::outcome::{Counts, ErrorGroup, Language, Summary};

/// Causes told on the page; the files have the rest.
const CAUSES_AT_MOST: usize = 8;

/// The whole page. `all_causes` tells every cause instead of the first eight.
pub(super) fn page(summary: &Summary, look: Look, all_causes: bool) -> String {
    let mut page = Page::new(look);
    let l = page.language();
    headline(&mut page, summary);
    page.gap();
    about(&mut page, summary);
    match &summary.plan {
        Some(found) => plan::counts(&mut page, summary, found),
        None => outcomes(&mut page, &summary.counts),
    }
    if let Some(found) = &summary.linked {
        linked::totals(&mut page, summary, found);
    }
    let most = if all_causes {
        usize::MAX
    } else {
        CAUSES_AT_MOST
    };
    if !summary.errors.is_empty() {
        page.heading(l.pick("Errors by cause", "Fehler nach Ursache"));
        causes(&mut page, &summary.errors, most, &summary.failed_file);
    }
    if !summary.warning_groups.is_empty() {
        page.heading(&telling::warnings(summary.warnings, l));
        causes(&mut page, &summary.warning_groups, most, "warnings.csv");
    }
    if !summary.repairs.is_empty() {
        page.heading(l.pick(
            "Repaired, as the mapping asks",
            "Repariert, wie es die Zuordnung verlangt",
        ));
        for (kind, count) in &summary.repairs {
            page.count(STRONG, *count, telling::repair(kind, l));
        }
    }
    if let Some(found) = &summary.plan {
        plan::details(&mut page, summary, found);
    }
    page.gap();
    effort(&mut page, summary);
    steps::next(&mut page, summary);
    steps::glossary(&mut page, &summary.counts);
    page.into_text()
}

/// What is left of the page when only trouble is to be told: nothing if all went well.
pub(super) fn brief(summary: &Summary, look: Look) -> String {
    let mut page = Page::new(look);
    if summary.exit_code != 0 {
        headline(&mut page, summary);
        steps::next(&mut page, summary);
    }
    page.into_text()
}

/// The style of what is told in a mood.
pub(super) fn style(mood: Mood) -> Style {
    match mood {
        Mood::Good => GOOD,
        Mood::Plain => STRONG,
        Mood::Odd => ODD,
        Mood::Bad => BAD,
    }
}

fn headline(page: &mut Page, summary: &Summary) {
    let style = style(telling::mood(summary));
    page.styled(style.bold(), &telling::sentence(summary, page.language()));
}

fn about(page: &mut Page, summary: &Summary) {
    let l = page.language();
    let resumed = if summary.resumed {
        l.pick(
            " (went on with an earlier run)",
            " (hat einen früheren Lauf fortgesetzt)",
        )
    } else {
        ""
    };
    page.pair(l.pick("Run", "Lauf"), &format!("{}{resumed}", summary.run));
    page.pair("", &telling::resumed(summary, l).unwrap_or_default());
    page.pair(l.pick("Input", "Eingabe"), &summary.input);
    if let Some(found) = &summary.linked {
        linked::about(page, found);
    }
    page.pair(l.pick("Read as", "Gelesen als"), summary.source_told());
    page.pair(l.pick("Mapping", "Zuordnung"), &summary.mapping);
    if !summary.dry_run {
        page.pair(
            l.pick("Target", "Ziel"),
            summary.target.as_deref().unwrap_or_default(),
        );
        page.pair("Workflows", telling::workflows(&summary.workflows, l));
    }
}

fn outcomes(page: &mut Page, found: &Counts) {
    page.heading(page.language().pick("Records", "Datensätze"));
    counts(page, found);
}

/// Adds how many records ended how.
pub(super) fn counts(page: &mut Page, counts: &Counts) {
    for row in telling::outcomes(counts, page.language()) {
        page.count(style(row.mood), row.count, row.word);
    }
    page.count(STRONG, counts.read, page.language().pick("read", "gelesen"));
}

fn causes(page: &mut Page, groups: &[ErrorGroup], most: usize, file: &str) {
    let l = page.language();
    for group in groups.iter().take(most) {
        page.count(STRONG, group.count, &telling::cause(group, l));
        page.indented(12, group.message_told());
        match &group.cure {
            Some(cure) => {
                let table = &cure.table;
                let text = match l {
                    Language::English => format!("→ In {table} of the mapping write:"),
                    Language::German => format!("→ In {table} der Zuordnung schreiben:"),
                };
                page.indented(12, &text);
                page.block(14, &cure.line);
            }
            None if group.remedy.is_empty() => {}
            None => page.indented(12, &format!("→ {}", group.remedy_told())),
        }
        page.items(12, &telling::places(group, l));
    }
    let further = groups.len().saturating_sub(most);
    if further > 0 {
        page.indented(4, &further_causes(further, file, l));
    }
}

fn further_causes(number: usize, file: &str, l: Language) -> String {
    let told = thousands_in(number as u64, l);
    match (l, number) {
        (Language::English, 1) => format!("and 1 more cause in {file}"),
        (Language::English, _) => format!("and {told} more causes in {file}"),
        (Language::German, 1) => format!("und 1 weitere Ursache in {file}"),
        (Language::German, _) => format!("und {told} weitere Ursachen in {file}"),
    }
}

fn effort(page: &mut Page, summary: &Summary) {
    let l = page.language();
    if let Some(text) = telling::requests(summary, l) {
        page.pair(l.pick("Requests", "Anfragen"), &text);
    }
    page.pair(l.pick("Time", "Dauer"), &telling::time(summary, l));
    if !summary.report_dir.is_empty() {
        page.pair(l.pick("Report", "Bericht"), &summary.report_dir);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{finished, interrupted, rehearsed, troubled};
    use super::*;
    use crate::outcome::telling::ended;
    use crate::outcome::{Ending, Stop};

    const PLAIN: Look = Look {
        color: false,
        width: None,
        language: crate::outcome::Language::English,
    };

    /// The page, with the wording of endings left to its own tests.
    fn shown(summary: &Summary) -> String {
        let text = page(summary, PLAIN, false);
        let (headline, rest) = text.split_once("\n\n").unwrap();
        let message = ended(&summary.ending.without_way_on(Language::English));
        let headline = headline
            .replace('\n', " ")
            .replace(&message, "[how it ended]");
        format!("{headline}\n\n{rest}")
    }

    #[test]
    fn german_readers_get_german_summaries() {
        let look = Look {
            language: Language::German,
            ..PLAIN
        };
        let all = [finished(), troubled(), rehearsed(), interrupted()]
            .map(|summary| page(&summary, look, false));
        insta::assert_snapshot!("german", all.join("\n----\n\n"));
    }

    #[test]
    fn a_run_in_which_all_went_well() {
        insta::assert_snapshot!("finished", shown(&finished()));
    }

    #[test]
    fn a_run_with_failed_and_unknown_records() {
        insta::assert_snapshot!("troubled", shown(&troubled()));
    }

    #[test]
    fn a_dry_run_ends_with_a_plan() {
        insta::assert_snapshot!("rehearsed", shown(&rehearsed()));
    }

    #[test]
    fn a_dry_run_says_when_too_much_is_invalid() {
        let mut summary = rehearsed();
        let words = "a run would send nothing";
        assert!(!page(&summary, PLAIN, false).contains(words));
        if let Some(plan) = &mut summary.plan {
            plan.too_many_invalid = true;
        }
        let text = page(&summary, PLAIN, false);
        assert!(text.contains(words), "{text}");
        assert!(text.contains("--max-invalid 100%"), "{text}");
        assert!(!text.contains("without --dry-run"), "{text}");
    }

    #[test]
    fn an_interrupted_run_tells_how_to_go_on() {
        insta::assert_snapshot!("interrupted", shown(&interrupted()));
    }

    #[test]
    fn a_stopped_run_tells_why_and_what_to_do() {
        let mut summary = interrupted();
        summary.ending = Ending::Stopped(Stop::Forbidden);
        let text = page(&summary, PLAIN, false).replace('\n', " ");
        assert!(text.starts_with(Stop::Forbidden.message().trim_end_matches('.')));
        let remedy = Stop::Forbidden.remedy();
        let first_word = remedy.split(' ').next().unwrap();
        assert!(
            text.contains(&format!("What to do next   {first_word}")),
            "{text}"
        );
    }

    #[test]
    fn what_the_same_command_is_for_is_said_once() {
        for ending in [
            Ending::Stopped(Stop::Unauthorized),
            Ending::Outage,
            Ending::TimeUp,
            Ending::Interrupted,
            Ending::Terminated,
            Ending::Limited,
        ] {
            let mut summary = interrupted();
            summary.ending = ending.clone();
            summary.counts.unknown = 0;
            let german = Look {
                language: Language::German,
                ..PLAIN
            };
            for (look, words) in [
                (PLAIN, ["the same command", "The same command"]),
                (german, ["derselbe Befehl", "demselben Befehl"]),
            ] {
                let text = page(&summary, look, false);
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let times: usize = words.iter().map(|word| text.matches(word).count()).sum();
                assert_eq!(times, 1, "{ending:?}: {text}");
            }
        }
    }

    #[test]
    fn every_cause_is_told_to_whoever_asks() {
        assert!(page(&troubled(), PLAIN, true).contains("c7"));
        assert!(!page(&troubled(), PLAIN, false).contains("c7"));
    }

    #[test]
    fn thousands_stand_apart_in_every_figure() {
        let mut summary = finished();
        summary.requests_per_second = 4_553.54;
        let cause = troubled().errors.remove(0);
        summary.errors = vec![cause; 1_500];
        let german = Look {
            language: Language::German,
            ..PLAIN
        };
        for (look, figures) in [
            (PLAIN, [", 4,553.5 a second", "and 1,492 more causes"]),
            (
                german,
                [", 4.553,5 je Sekunde", "und 1.492 weitere Ursachen"],
            ),
        ] {
            let text = page(&summary, look, false);
            for figure in figures {
                assert!(text.contains(figure), "{figure}: {text}");
            }
        }
    }

    #[test]
    fn an_empty_input_is_said_plainly() {
        let mut summary = finished();
        summary.counts = Counts::default();
        assert!(page(&summary, PLAIN, false).starts_with("Finished: the input has no records.\n"));
    }

    #[test]
    fn nothing_from_outside_reaches_the_terminal_raw() {
        let evil = "\u{1b}[2J\u{202e}\u{9b}\r\n";
        let mut summary = troubled();
        summary.plan = rehearsed().plan;
        for text in [
            &mut summary.run,
            &mut summary.input,
            &mut summary.source,
            &mut summary.mapping,
            &mut summary.workflows,
            &mut summary.report_dir,
            &mut summary.failed_file,
        ] {
            text.push_str(evil);
        }
        summary.target = Some(evil.to_owned());
        summary.resume_with = Some(evil.to_owned());
        for group in summary.errors.iter_mut().chain(&mut summary.warning_groups) {
            for text in [
                &mut group.code,
                &mut group.field,
                &mut group.message,
                &mut group.remedy,
            ] {
                text.push_str(evil);
            }
            group.columns = vec![evil.to_owned(), evil.to_owned()];
            group.cure = Some(crate::outcome::Cure {
                table: evil.to_owned(),
                line: evil.to_owned(),
            });
        }
        summary.repairs.insert(evil.to_owned(), 1);
        if let Some(plan) = &mut summary.plan {
            plan.unused_columns.push(evil.to_owned());
            plan.sample_body = Some(evil.to_owned());
            plan.highest_number = Some(evil.to_owned());
            plan.not_checked.push(evil.to_owned());
        }
        let text = page(&summary, PLAIN, false);
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\r']));
        assert!(text.contains("\\u{1b}[2J"));
    }

    #[test]
    fn colours_are_closed_again() {
        let look = Look {
            color: true,
            ..PLAIN
        };
        let text = page(&troubled(), look, false);
        assert!(text.contains("\u{1b}["));
        for line in text.lines().filter(|line| line.contains('\u{1b}')) {
            assert!(line.contains("\u{1b}[0m"), "{line}");
        }
    }
}
