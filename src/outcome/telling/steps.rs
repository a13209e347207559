//! What to do after a run, and what the words mean that tell of it.

use super::{CHANGED, EXISTS, GROUPED, INVALID, LEFT_OUT, OPEN, REFUSED, SKIPPED, UNKNOWN, ended};
use crate::outcome::{Asked, Code, Counts, Ending, ErrorGroup, Language, Summary};

/// A sentence for each step, and what it needs to be copied: a command or a path.
#[must_use]
pub fn steps(summary: &Summary, language: Language) -> Vec<(String, Option<String>)> {
    let counts = &summary.counts;
    let dir = summary.report_dir.trim_end_matches('/');
    let failed_file = format!("{dir}/{}", summary.failed_file);
    let has_report = !dir.is_empty();
    let mut steps = Vec::new();
    let mut step = |text: &str, command: Option<String>| steps.push((text.to_owned(), command));
    if let Ending::Stopped(stop) = &summary.ending {
        // The command that then goes on is the next step.
        let text = match summary.resume_with {
            Some(_) => stop.todo().told_in(language),
            None => stop.remedy_in(language),
        };
        step(&ended(&text), None);
    }
    if let Some(command) = &summary.check_with {
        let text = language.pick(
            "Find out which step to the server fails, if it should be there:",
            "Nachsehen, woran es auf dem Weg zum Server liegt, wenn er da sein müsste:",
        );
        step(text, Some(command.clone()));
    }
    if let Some(command) = &summary.resume_with {
        step(way_on(summary, language), Some(command.clone()));
    }
    if summary.dry_run {
        rehearsed(summary, &failed_file, language, &mut step);
        return steps;
    }
    if summary.ending == Ending::TooManyInvalid {
        let text = allow_more(summary, has_report.then_some(&*failed_file), language);
        step(&text, None);
    } else if counts.invalid + counts.refused > 0 {
        // Who was merely sent too often has nothing to be corrected.
        let exhausted = exhausted(summary);
        if has_report && counts.invalid + counts.refused > exhausted {
            step(
                &correct(summary, language),
                Some(summary.correct_with.clone().unwrap_or(failed_file)),
            );
        }
        if let Some(command) = &summary.retry_with {
            step(
                send_again(counts, exhausted, language),
                Some(command.clone()),
            );
        }
    }
    if counts.unknown > 0 && summary.is_journal_gone {
        let text = language.pick(
            "What is unknown cannot be looked up any more: the sandbox is gone.",
            "Was unbekannt ist, lässt sich nicht mehr nachsehen: die Sandbox ist fort.",
        );
        step(text, None);
    } else if counts.unknown > 0 {
        find_out(summary, language, &mut step);
    }
    if counts.changed > 0 && has_report {
        let text = language.pick(
            "These customers' data changed since they were sent; they were left as they are:",
            "Die Daten dieser Kunden haben sich seit dem Senden geändert; sie blieben, wie sie \
             sind:",
        );
        step(text, Some(format!("{dir}/changed.csv")));
    }
    steps
}

/// What to do where too many records are invalid; `told_in` says which.
fn allow_more(summary: &Summary, told_in: Option<&str>, language: Language) -> String {
    let said = match (told_in, language) {
        (None, _) => String::new(),
        (Some(file), Language::English) => format!(" ({file} says what is wrong)"),
        (Some(file), Language::German) => format!(" ({file} sagt, was falsch ist)"),
    };
    let more = match summary.conditions.asked {
        Asked::Job => language.pick("`max_invalid` in the job", "`max_invalid` im Job"),
        Asked::Typed | Asked::Elsewhere => "--max-invalid",
    };
    match language {
        Language::English => format!(
            "Correct the input or the mapping{said}, or allow more invalid records with {more}."
        ),
        Language::German => format!(
            "Die Eingabe oder die Zuordnung berichtigen{said}, oder mit {more} mehr ungültige \
             Datensätze erlauben."
        ),
    }
}

/// Records that were sent as often as allowed: they are as they should be.
fn exhausted(summary: &Summary) -> u64 {
    let of_them = |group: &&ErrorGroup| group.code == Code::AttemptsExhausted.as_str();
    let groups = summary.errors.iter().filter(of_them);
    groups
        .map(|group| group.count)
        .sum::<u64>()
        .min(summary.counts.refused)
}

/// When what was refused is to be sent again.
fn send_again(counts: &Counts, exhausted: u64, language: Language) -> &'static str {
    if exhausted == 0 {
        language.pick(
            "Where the cause was not in the data, send them again:",
            "Wo es nicht an den Daten lag, noch einmal senden:",
        )
    } else if exhausted == counts.refused {
        language.pick(
            "Send those whose attempts were used up again, once the server is well:",
            "Die, deren Versuche aufgebraucht sind, noch einmal senden, sobald der Server wieder \
             gesund ist:",
        )
    } else {
        language.pick(
            "Where the cause was not in the data, send them again; those whose attempts were used \
             up, once the server is well:",
            "Wo es nicht an den Daten lag, noch einmal senden; die, deren Versuche aufgebraucht \
             sind, sobald der Server wieder gesund ist:",
        )
    }
}

/// What the command that goes on does.
fn way_on(summary: &Summary, language: Language) -> &'static str {
    if summary.is_journal_gone {
        language.pick(
            "The sandbox is gone, and its journal: the same command begins anew:",
            "Die Sandbox ist fort, und ihr Journal: derselbe Befehl fängt von vorn an:",
        )
    } else if summary.ending == Ending::Limited {
        language.pick(
            "Go on by the same command; without --limit it goes on with all of the rest:",
            "Mit demselben Befehl weitermachen; ohne --limit mit dem ganzen Rest:",
        )
    } else {
        language.pick(
            "Go on with the rest by the same command:",
            "Mit demselben Befehl mit dem Rest weitermachen:",
        )
    }
}

/// What to do about the records that failed.
fn correct(summary: &Summary, language: Language) -> String {
    let file = &summary.failed_file;
    let instead = match summary.has_failed_workbook {
        true => language.pick(
            " (in a spreadsheet program, take failed.xlsx instead)",
            " (in einer Tabellenkalkulation stattdessen failed.xlsx nehmen)",
        ),
        false => "",
    };
    match language {
        Language::English => {
            format!("Correct the records in {file} and import them with the same mapping{instead}:")
        }
        Language::German => format!(
            "Die Datensätze in {file} berichtigen und mit derselben Zuordnung \
             importieren{instead}:"
        ),
    }
}

/// After a dry run.
fn rehearsed(
    summary: &Summary,
    failed_file: &str,
    language: Language,
    step: &mut dyn FnMut(&str, Option<String>),
) {
    if summary.counts.invalid > 0 {
        let said = match (summary.report_dir.is_empty(), language) {
            (true, _) => String::new(),
            (false, Language::English) => format!("; {failed_file} says what is wrong"),
            (false, Language::German) => format!("; {failed_file} sagt, was falsch ist"),
        };
        let text = language.pick(
            "Correct the input or the mapping",
            "Die Eingabe oder die Zuordnung berichtigen",
        );
        step(&format!("{text}{said}."), None);
    }
    let plan = summary.plan.as_ref();
    let blocked = plan.is_some_and(|plan| plan.too_many_invalid);
    if summary.counts.ready > 0 {
        let text = import_it(blocked, summary.conditions.asked, language);
        step(text, None);
    }
}

/// How what a dry run found valid is imported; `blocked` says that too much is invalid.
fn import_it(blocked: bool, asked: Asked, language: Language) -> &'static str {
    match (blocked, asked) {
        (false, Asked::Typed) => language.pick(
            "Import what is valid by the same command without --dry-run.",
            "Was gültig ist, mit demselben Befehl ohne --dry-run importieren.",
        ),
        (false, Asked::Job) => language.pick(
            "Import what is valid with `dry_run = false` in the job.",
            "Was gültig ist, mit `dry_run = false` im Job importieren.",
        ),
        (false, Asked::Elsewhere) => language.pick(
            "Import what is valid by the same command without `dry_run` in importer.toml or \
             IMPORTER_DRY_RUN.",
            "Was gültig ist, mit demselben Befehl importieren, ohne `dry_run` in importer.toml \
             oder IMPORTER_DRY_RUN.",
        ),
        (true, Asked::Job) => language.pick(
            "To import what is valid all the same, allow more invalid records with \
             `max_invalid = \"100%\"` in the job.",
            "Um trotzdem zu importieren, was gültig ist, mit `max_invalid = \"100%\"` im Job mehr \
             ungültige Datensätze erlauben.",
        ),
        (true, Asked::Typed | Asked::Elsewhere) => language.pick(
            "To import what is valid all the same, allow more invalid records with \
             --max-invalid 100%.",
            "Um trotzdem zu importieren, was gültig ist, mit --max-invalid 100% mehr \
             ungültige Datensätze erlauben.",
        ),
    }
}

/// How to find out what became of the unknown ones: by look-ups, then by a person.
fn find_out(summary: &Summary, language: Language, step: &mut dyn FnMut(&str, Option<String>)) {
    let run = &summary.run;
    let or_plain = |command: &Option<String>, plain: String| command.clone().unwrap_or(plain);
    let reconcile = or_plain(&summary.reconcile_with, format!("importer reconcile {run}"));
    let resolve = or_plain(
        &summary.resolve_with,
        format!("importer resolve {run} RECORD"),
    );
    let dir = summary.report_dir.trim_end_matches('/');
    let list = match dir.is_empty() {
        false => (
            language.pick(
                "What stays unknown, look for in Wawi; this file lists it:",
                "Was unbekannt bleibt, in der Wawi suchen; diese Datei zählt es auf:",
            ),
            format!("{dir}/unknown.csv"),
        ),
        true => (
            language.pick(
                "What stays unknown, look for in Wawi; this lists it:",
                "Was unbekannt bleibt, in der Wawi suchen; das zählt es auf:",
            ),
            format!("importer show {run} --outcome unknown"),
        ),
    };
    for (text, command) in [
        (
            language.pick(
                "Look up whether the unknown ones were created:",
                "Nachsehen, ob die unbekannten angelegt wurden:",
            ),
            reconcile,
        ),
        list,
        (
            language.pick(
                "Say of each record what you found there, that it is there:",
                "Für jeden Datensatz (RECORD) sagen, was dort zu finden war; dass er da ist, mit \
                 seiner Kundennummer (NUMBER):",
            ),
            format!("{resolve} --created NUMBER"),
        ),
        (
            match summary.again_with {
                Some(_) => language.pick("Or that it is not:", "Oder dass er es nicht ist:"),
                None => language.pick(
                    "Or that it is not, so that the same command as before sends it:",
                    "Oder dass er es nicht ist, damit derselbe Befehl wie zuvor ihn sendet:",
                ),
            },
            format!("{resolve} --not-created"),
        ),
    ] {
        step(text, Some(command));
    }
    // The command that goes on with the rest stands above.
    if summary.resume_with.is_none()
        && let Some(command) = &summary.again_with
    {
        let text = language.pick(
            "What is not there, this sends:",
            "Was nicht da ist, sendet dies:",
        );
        step(text, Some(command.clone()));
    }
}

/// The words for outcomes that a run has, each with its meaning.
#[must_use]
pub fn glossary(counts: &Counts, language: Language) -> Vec<(&'static str, &'static str)> {
    let words = [
        (
            counts.exists,
            EXISTS,
            (
                "was in the ERP before this import; not sent",
                "war schon vor diesem Import in der Wawi; nicht gesendet",
            ),
        ),
        (
            counts.skipped,
            SKIPPED,
            (
                "settled by an earlier run with the same data; not sent",
                "von einem früheren Lauf mit denselben Daten erledigt; nicht gesendet",
            ),
        ),
        (
            counts.changed,
            CHANGED,
            (
                "settled by an earlier run with other data; not sent again",
                "von einem früheren Lauf mit anderen Daten erledigt; nicht noch einmal gesendet",
            ),
        ),
        (
            counts.left_out,
            LEFT_OUT,
            ("by the mapping's keep_if", "durch keep_if in der Zuordnung"),
        ),
        (
            counts.grouped,
            GROUPED,
            (
                "part of another record's customer",
                "gehört zum Kunden eines anderen Datensatzes",
            ),
        ),
        (
            counts.invalid,
            INVALID,
            (
                "refused here, never sent",
                "hier zurückgewiesen, nie gesendet",
            ),
        ),
        (
            counts.refused,
            REFUSED,
            (
                "sent, and the server said no",
                "gesendet, und der Server hat nein gesagt",
            ),
        ),
        (
            counts.unknown,
            UNKNOWN,
            (
                "sent, no answer, not found yet: it may be in the ERP",
                "gesendet, keine Antwort, noch nicht gefunden: vielleicht in der Wawi",
            ),
        ),
        (counts.open, OPEN, ("not yet sent", "noch nicht gesendet")),
    ];
    let used = words.into_iter().filter(|(count, ..)| *count > 0);
    used.map(|(_, word, meaning)| {
        (
            language.pick(word.0, word.1),
            language.pick(meaning.0, meaning.1),
        )
    })
    .collect()
}
