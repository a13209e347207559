//! `importer resolve`: a person has looked into Wawi.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::{Ended, Failure};
use crate::cli::{Cli, ResolveArgs};
use crate::console::Console;
use crate::import::{Resolution, Resolved};
use crate::outcome::telling::shell_word;
use crate::outcome::{Bilingual, ExitCode, Outcome, both};
use crate::settings::{Environment, resolve_resolution};

pub(super) fn run(
    cli: &Cli,
    args: &ResolveArgs,
    environment: &Environment,
    console: &Arc<Console>,
) -> Ended {
    let choice = resolve_resolution(cli, args, environment)?;
    let confirm = || {
        choice.assume_yes
            || (choice.can_ask
                && console.ask(&both!(
                    "Record {record} was sent with another customer number. Did Wawi really give it \
                     this one?",
                    "Datensatz {record} wurde mit einer anderen Kundennummer gesendet. Hat die Wawi \
                     ihm wirklich diese gegeben?",
                    record = choice.record
                )))
    };
    let resolved = Resolution {
        state_dir: &choice.state_dir,
        run: &choice.run,
        record: choice.record,
        said: choice.said.clone(),
        confirm: &confirm,
        command_line: &choice.command_line,
    }
    .settle()
    .map_err(|error| Failure::of_import(&error, console))?;
    let Resolved {
        run,
        record,
        outcome,
        reports,
        ..
    } = &resolved;
    if cli.global.json {
        let number = match outcome {
            Some(Outcome::Created { number, .. }) => number.as_deref(),
            _ => None,
        };
        console.json(&json!({
            "type": "resolved",
            "run": run.id,
            "record": record,
            "outcome": outcome.as_ref().map_or("open", Outcome::word),
            "customer_number": number,
            "ending": run.ending_now(),
            "exit_code": run.code_now(),
            "counts": run.counts,
        }));
        return Ok(ExitCode::Fine);
    }
    tell(&resolved, console);
    console.note(&both!(
        "`importer report {run}{options}` writes the run's report again",
        "`importer report {run}{options}` schreibt den Bericht des Laufs noch einmal",
        run = &run.id,
        options = report_options(
            &choice.journal_options,
            reports.as_deref(),
            &choice.report_dir
        )
    ));
    Ok(ExitCode::Fine)
}

/// Tells people what became of the record, and what is left unknown in its run.
fn tell(resolved: &Resolved, console: &Console) {
    let (run, record) = (&resolved.run, resolved.record);
    let word = match (&resolved.outcome, &resolved.again) {
        (Some(_), _) => both!("is created, as you said", "ist angelegt, wie gesagt"),
        (None, Some(command)) => both!(
            "is open again; this sends it:\n  {command}",
            "ist wieder offen; dies sendet ihn:\n  {command}"
        ),
        (None, None) => both!(
            "is open again; the same command as before sends it",
            "ist wieder offen; derselbe Befehl wie zuvor sendet ihn"
        ),
    };
    console.say(&both!([word, run = Bilingual::same(run.id.clone())]
"record {record} of run {run} {word}",
"Datensatz {record} des Laufs {run} {word}"));
    match run.counts.unknown {
        0 => console.note(&both!(
            "nothing is unknown in this run any more",
            "in diesem Lauf ist nichts mehr unbekannt"
        )),
        unknown => console.note(&both!(
            "still unknown in this run: {unknown}",
            "in diesem Lauf noch unbekannt: {unknown}"
        )),
    }
}

/// What `importer report` needs beside the run: those of the `journal`'s options, and the folder
/// where the run's report was, if that is not the usual one.
pub(super) fn report_options(journal: &str, reports: Option<&Path>, usual: &Path) -> String {
    let usual = std::path::absolute(usual).unwrap_or_else(|_| usual.to_owned());
    match reports.filter(|reports| *reports != usual) {
        Some(folder) => {
            let folder = shell_word(&folder.display().to_string());
            format!("{journal} --report-dir {folder}")
        }
        None => journal.to_owned(),
    }
}
