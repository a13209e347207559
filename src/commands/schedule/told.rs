//! What happens to jobs, for people and as lines of JSON.

use serde_json::{Value, json};

use crate::console::Console;
use crate::outcome::telling::cause_of;
use crate::outcome::{Bilingual, ExitCode, RunEvent, both};
use crate::record::Position;
use crate::schedule::{Fate, InputSummary, JobSummary, NewFailure, Outcome, Told, Why};

/// Shows what happens to jobs. What went well is said on stderr, as it is nobody's data.
pub(super) fn tell(told: &Told, console: &Console, json: bool) {
    if json {
        return console.json(&line(told));
    }
    let quiet = console.tells_trouble_only();
    match told {
        Told::Warning(text) => console.warn(text),
        Told::Ended(summary) if !quiet || is_trouble(summary) => {
            tell_held_back(summary, console, quiet);
            console.note(&ended(summary));
            if let Some(help) = summary.help.clone() {
                console.note(&both!([help] "  help: {help}", "  Hilfe: {help}"));
            }
            for failure in &summary.first_new_failures {
                console.note(&new(failure));
            }
            tell_more_new(summary, console);
            tell_moved(summary, console);
        }
        _ if quiet => {}
        Told::Next { job, there, .. } => console.note(&both!(
            "job `{job}` starts at {there}",
            "Job `{job}`: nächster Start {there}"
        )),
        Told::Started { job, why } => {
            let why = because(*why);
            console.note(&both!([why] "job `{job}` begins{why}", "Job `{job}` beginnt{why}"));
        }
        Told::Missed { job, due } => {
            console.note(&both!(
                "job `{job}` missed its time {due:.0}, which is let go",
                "Job `{job}` hat seine Zeit {due:.0} verpasst; sie entfällt"
            ));
        }
        Told::Ended(_) => {}
    }
}

/// Where the inputs lie that failed and were moved, and what goes on with them there.
fn tell_moved(summary: &JobSummary, console: &Console) {
    for input in summary.inputs.iter().filter(|it| it.fate == Fate::Failed) {
        let Some(to) = &input.moved_to else {
            continue;
        };
        // Of one whose records were all turned down here nothing is left that could go on.
        let is_over = input
            .run
            .as_ref()
            .is_some_and(|run| run.counts.open + run.counts.refused + run.counts.unknown == 0);
        let way_on = match input.again_with.as_ref().filter(|_| !is_over) {
            Some(command) => both!(
                "; what is open, or to be tried again, goes on there:\n  {command}",
                "; was offen ist oder noch einmal versucht werden soll, geht dort weiter:\n  {command}"
            ),
            None => Bilingual::default(),
        };
        let (from, to) = (input.input.display().to_string(), to.display().to_string());
        console.note(
            &both!([way_on, from = Bilingual::same(from), to = Bilingual::same(to)]
                "{from} has failed and lies in {to} now{way_on}",
                "{from} ist gescheitert und liegt jetzt in {to}{way_on}"
            ),
        );
    }
}

/// Tells what was not told at once because only trouble is: now it is known to be some. What
/// failed as it did before is none. So it is told what an earlier start came to, in any case.
fn tell_held_back(summary: &JobSummary, console: &Console, quiet: bool) {
    let is_held_back = |input: &&InputSummary| quiet || input.by_earlier_start;
    for input in summary.inputs.iter().filter(is_held_back) {
        match (&input.whole, &input.message) {
            _ if input.known_failures_only => {}
            (Some(whole), _) => console.event(&RunEvent::Finished(whole.clone())),
            (None, Some(why)) if input.by_earlier_start || is_locked(input) => console.note(why),
            // Errors were told when they came.
            (None, _) => {}
        }
    }
}

fn is_locked(input: &InputSummary) -> bool {
    input.exit_code == ExitCode::Locked.number()
}

/// Whether a person should know. That a job was found at work is nothing, unless it is for long.
fn is_trouble(summary: &JobSummary) -> bool {
    match summary.result {
        Outcome::Failure | Outcome::Interrupted => true,
        Outcome::Refused => summary.is_refused_for_long(),
        Outcome::Success | Outcome::Idle => false,
    }
}

fn because(why: Why) -> Bilingual {
    match why {
        Why::Due(_) | Why::Asked => Bilingual::default(),
        Why::CatchUp(due) => both!(
            ": it missed its time {due:.0}",
            ": er hat seine Zeit {due:.0} verpasst"
        ),
        Why::Again => both!(
            ": the last start could not finish",
            ": der letzte Start kam nicht zu Ende"
        ),
        Why::Left => both!(
            ": an earlier start was not finished",
            ": ein früherer Start kam nicht zu Ende"
        ),
    }
}

fn ended(summary: &JobSummary) -> Bilingual {
    let (job, code) = (&summary.job, summary.exit_code);
    let result = summary.result.told();
    let mut text = both!([result]
        "job `{job}`: {result}, code {code}",
        "Job `{job}`: {result}, Code {code}"
    );
    if let Some(failed) = failed(summary) {
        text = Bilingual {
            english: format!("{}, {}", text.english, failed.english),
            german: format!("{}, {}", text.german, failed.german),
        };
    }
    let (earlier, own): (Vec<_>, Vec<_>) =
        summary.inputs.iter().partition(|it| it.by_earlier_start);
    let is_old = |input: &&&InputSummary| input.run.as_ref().is_some_and(|run| run.finished_before);
    let found_again = own.iter().filter(is_old).count();
    for (count, word) in [
        (
            own.len().saturating_sub(found_again),
            both!("read", "gelesen"),
        ),
        (
            earlier.len(),
            both!(
                "read by an earlier start that told nobody",
                "von einem früheren Start gelesen, der niemandem Bescheid gab"
            ),
        ),
        (found_again, both!("finished before", "schon fertig")),
        (summary.waiting.len(), both!("too young", "zu neu")),
        (
            summary.not_begun.len(),
            both!("not begun", "nicht begonnen"),
        ),
    ] {
        text = match count {
            0 => text,
            1 => both!([text, word] "{text}, 1 file {word}", "{text}, 1 Datei {word}"),
            many => {
                both!([text, word] "{text}, {many} files {word}", "{text}, {many} Dateien {word}")
            }
        };
    }
    let since = summary
        .refused_since
        .filter(|_| summary.is_refused_for_long());
    let refused = since.map(|since| {
        both!(
            "it has not come to its turn since {since:.0}",
            "er kommt seit {since:.0} nicht an die Reihe"
        )
    });
    for more in summary.message.clone().into_iter().chain(refused) {
        text = Bilingual {
            english: format!("{}; {}", text.english, more.english),
            german: format!("{}; {}", text.german, more.german),
        };
    }
    text
}

/// Which failed records are old acquaintances and which are not: `fail_on = "new"` decides by it.
fn failed(summary: &JobSummary) -> Option<Bilingual> {
    match (summary.known_failures, summary.new_failures) {
        (0, 0) => None,
        (0, new) => Some(both!("{new} failed newly", "{new} neu gescheitert")),
        (known, 0) => Some(both!(
            "{known} failed as before",
            "{known} gescheitert wie zuvor"
        )),
        (known, new) => Some(both!(
            "{known} failed as before, {new} new",
            "{known} gescheitert wie zuvor, {new} neu"
        )),
    }
}

/// A failure that is new.
fn new(failure: &NewFailure) -> Bilingual {
    let Position { record, line } = failure.position;
    let what = Bilingual::of(|language| {
        let told = failure.told.iter().map(|told| told.shown_in(language));
        let told: Vec<&str> = told.collect();
        let causes = failure.errors.iter().map(|it| match told.is_empty() {
            true => cause_of(&it.code, &it.field, &it.columns, language),
            // The sentence says where.
            false => it.code.clone(),
        });
        let causes = causes.collect::<Vec<_>>().join("; ");
        match told.is_empty() {
            true => causes,
            false => format!("{} ({causes})", told.join(" ")),
        }
    });
    let input = failure.input.display();
    both!([what]
        "  new: {input}, record {record}, line {line}: {what}",
        "  neu: {input}, Datensatz {record}, Zeile {line}: {what}"
    )
}

/// How many failures are new beside those that were told.
fn tell_more_new(summary: &JobSummary, console: &Console) {
    let told = summary.first_new_failures.len() as u64;
    match summary.new_failures.saturating_sub(told) {
        0 => {}
        _ if told == 0 => {}
        more => console.note(&both!("  and {more} more", "  und {more} weitere")),
    }
}

/// A line of JSON.
fn line(told: &Told) -> Value {
    match told {
        Told::Next { job, at, .. } => json!({"type": "job_next", "job": job, "at": at}),
        Told::Started { job, why } => {
            let word = match why {
                Why::Due(_) => "due",
                Why::CatchUp(_) => "missed",
                Why::Again => "again",
                Why::Left => "unfinished",
                Why::Asked => "asked",
            };
            json!({"type": "job_started", "job": job, "why": word})
        }
        Told::Missed { job, due } => json!({"type": "job_missed", "job": job, "due": due}),
        Told::Warning(text) => json!({"type": "notice", "warning": true, "text": text.english}),
        Told::Ended(summary) => {
            let mut line = json!({"type": "job_ended"});
            if let (Some(line), Ok(Value::Object(summary))) =
                (line.as_object_mut(), serde_json::to_value(summary))
            {
                line.extend(summary);
            }
            line
        }
    }
}
