//! `importer reconcile`: looks up what is unknown, sends nothing.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::resolve::report_options;
use super::{Ended, Failure, events, signals};
use crate::cli::{Cli, ReconcileArgs};
use crate::console::Console;
use crate::import::{Reconciled, Reconciliation};
use crate::outcome::{Bilingual, Counts, Ending, ExitCode, both};
use crate::settings::{Environment, resolve_reconcile};

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
        ..
    } = &result;
    if cli.global.json {
        console.json(&json!({
            "type": "reconciled", "asked": asked, "created": created, "exists": exists,
            "open": open, "unknown": unknown, "ending": ending,
        }));
    } else {
        tell(
            &result,
            choice.run.as_deref(),
            (&choice.journal_options, &choice.report_dir),
            console,
        );
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

/// Says what came of it, and what to do now.
fn tell(
    result: &Reconciled,
    run: Option<&str>,
    (options, report_dir): (&str, &Path),
    console: &Console,
) {
    if result.asked == 0 {
        console.say(&both!("nothing is unknown", "nichts ist unbekannt"));
        return;
    }
    console.say(&both!(
        "{asked} looked up: {created} created, {exists} exist with other data, {absent} absent \
         (the same command as before sends them), {unknown} still unknown",
        "{asked} nachgesehen: {created} angelegt, {exists} mit anderen Daten vorhanden, {absent} \
         nicht da (derselbe Befehl wie zuvor sendet sie), {unknown} weiter unbekannt",
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
    let run = run.unwrap_or("RUN");
    if result.unknown > 0 {
        console.note(&both!(
            "What stays unknown, look for in Wawi, then say what you found:\n  importer show \
             {run} --outcome unknown{options}\n  importer resolve {run} RECORD --created \
             NUMBER{options}\n  importer resolve {run} RECORD --not-created{options}",
            "Was unbekannt bleibt, in der Wawi suchen, dann sagen, was dort zu finden war:\n  \
             importer show {run} --outcome unknown{options}\n  importer resolve {run} RECORD \
             --created NUMBER{options}\n  importer resolve {run} RECORD --not-created{options}"
        ));
    }
    if result.open > 0
        && let Some(command) = &result.again
    {
        console.note(&both!(
            "What is absent, this sends:\n  {command}",
            "Was nicht da ist, sendet dies:\n  {command}"
        ));
    }
    if result.asked > result.unknown {
        let options = report_options(options, result.reports.as_deref(), report_dir);
        console.note(&both!(
            "`importer report {run}{options}` writes a run's report again, with what was found",
            "`importer report {run}{options}` schreibt den Bericht eines Laufs noch einmal, mit \
             dem Gefundenen"
        ));
    }
}
