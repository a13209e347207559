//! `importer reconcile`: looks up what is unknown, sends nothing.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::resolve::report_options;
use super::{Ended, Failure, events, signals};
use crate::cli::{Cli, ReconcileArgs};
use crate::console::Console;
use crate::import::{Reconciled, ReconciledRun, Reconciliation};
use crate::outcome::{Bilingual, Counts, Ending, ExitCode, both};
use crate::settings::{Environment, resolve_reconcile};

/// Runs for which commands are told one by one.
const TOLD_AT_MOST: usize = 5;

pub(super) fn run(
    cli: &Cli,
    args: &ReconcileArgs,
    environment: &Environment,
    console: &Arc<Console>,
) -> Ended {
    let choice = resolve_reconcile(cli, args, environment)?;
    for warning in &choice.warnings {
        console.warn(warning);
    }
    let result = Reconciliation {
        state_dir: &choice.state_dir,
        run: choice.run.as_deref(),
        target: &choice.target,
        credentials: choice.credentials,
        delivery: &choice.delivery,
        max_duration: choice.max_duration,
        command_line: &choice.command_line,
        events: events(console),
        signal: signals::listen(),
    }
    .look_up()
    .map_err(|error| Failure::of_import(&error, console))?;
    let Reconciled {
        asked,
        created,
        exists,
        open,
        unknown,
        ending,
        runs,
    } = &result;
    if cli.global.json {
        console.json(&json!({
            "type": "reconciled", "asked": asked, "created": created, "exists": exists,
            "open": open, "unknown": unknown, "ending": ending,
            "runs": runs.iter().map(data).collect::<Vec<_>>(),
        }));
    } else {
        let options = (choice.journal_options.as_str(), choice.report_dir.as_path());
        tell(&result, options, console);
    }
    let counts = Counts {
        unknown: *unknown,
        ..Counts::default()
    };
    Ok(match ending.exit_code(&counts) {
        // Absent records wait for the next run: that is what was asked for.
        ExitCode::SomeFailed => ExitCode::Fine,
        code => code,
    })
}

fn data(run: &ReconciledRun) -> Value {
    json!({
        "run": run.run, "asked": run.asked, "open": run.open, "unknown": run.unknown,
        "again_with": run.again,
    })
}

/// Says what came of it, and what to do now.
fn tell(result: &Reconciled, (options, report_dir): (&str, &Path), console: &Console) {
    if result.asked == 0 {
        console.say(&both!("nothing is unknown", "nichts ist unbekannt"));
        return;
    }
    console.say(&both!(
        "{asked} looked up: {created} created, {exists} exist with other data, {absent} absent, \
         {unknown} still unknown",
        "{asked} nachgesehen: {created} angelegt, {exists} mit anderen Daten vorhanden, {absent} \
         nicht da, {unknown} weiter unbekannt",
        asked = result.asked,
        created = result.created,
        exists = result.exists,
        absent = result.open,
        unknown = result.unknown
    ));
    if result.ending != Ending::Finished {
        console.note(&Bilingual::of(|language| {
            result.ending.message_in(language)
        }));
    }
    for run in result.runs.iter().take(TOLD_AT_MOST) {
        tell_run(run, options, report_dir, console);
    }
    let further = result.runs.len().saturating_sub(TOLD_AT_MOST);
    if further > 0 {
        console.note(&both!(
            "Runs beyond these: {further}. This lists them all:\n  importer runs{options}",
            "Weitere Läufe: {further}. Dies zählt alle auf:\n  importer runs{options}"
        ));
    }
}

/// What to do about the records of one run: commands as they are to be typed.
fn tell_run(run: &ReconciledRun, options: &str, report_dir: &Path, console: &Console) {
    let id = &run.run;
    match run.unknown.as_slice() {
        [] => {}
        [record] => console.note(&both!(
            "Look for record {record} of run {id} in Wawi: this shows it, and what you find is \
             said by one of the others (NUMBER: its customer number there):\n  importer show {id} \
             --outcome unknown{options}\n  importer resolve {id} {record} --created \
             NUMBER{options}\n  importer resolve {id} {record} --not-created{options}",
            "Datensatz {record} des Laufs {id} in der Wawi suchen: der erste Befehl zeigt ihn, \
             einer der anderen sagt, was dort zu finden war (NUMBER: seine Kundennummer dort):\n  \
             importer show {id} --outcome unknown{options}\n  importer resolve {id} {record} \
             --created NUMBER{options}\n  importer resolve {id} {record} --not-created{options}"
        )),
        [record, ..] => console.note(&both!(
            "Look for the {count} records of run {id} that stay unknown in Wawi: the first command \
             shows them; then say of each what you found, here of record {record} (NUMBER: its \
             customer number there):\n  importer show {id} --outcome unknown{options}\n  importer \
             resolve {id} {record} --created NUMBER{options}\n  importer resolve {id} {record} \
             --not-created{options}",
            "Die {count} Datensätze des Laufs {id}, die unbekannt bleiben, in der Wawi suchen: der \
             erste Befehl zeigt sie; dann von jedem sagen, was dort zu finden war, hier von \
             Datensatz {record} (NUMBER: seine Kundennummer dort):\n  importer show {id} --outcome \
             unknown{options}\n  importer resolve {id} {record} --created NUMBER{options}\n  \
             importer resolve {id} {record} --not-created{options}",
            count = run.unknown.len()
        )),
    }
    if run.open > 0 {
        console.note(&match &run.again {
            Some(command) => both!(
                "What is absent of run {id}, this sends:\n  {command}",
                "Was vom Lauf {id} nicht da ist, sendet dies:\n  {command}"
            ),
            None => both!(
                "What is absent of run {id}, the same command as before sends.",
                "Was vom Lauf {id} nicht da ist, sendet derselbe Befehl wie zuvor."
            ),
        });
    }
    if run.asked > run.unknown.len() as u64 {
        let options = report_options(options, run.reports.as_deref(), report_dir);
        console.note(&both!(
            "This writes the run's report again, with what was found:\n  importer report \
             {id}{options}",
            "Dies schreibt den Bericht des Laufs noch einmal, mit dem Gefundenen:\n  importer \
             report {id}{options}"
        ));
    }
}
