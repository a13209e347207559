//! `importer resolve`: a person has looked into Wawi.

use std::sync::Arc;

use serde_json::json;

use super::{Ended, Failure};
use crate::cli::{Cli, ResolveArgs};
use crate::console::Console;
use crate::import::{Resolution, Resolved};
use crate::outcome::{ExitCode, Outcome};
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
                && console.ask(&format!(
                    "Record {} was sent with another customer number. Did Wawi really give it \
                     this one?",
                    choice.record
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
    let word = match outcome {
        Some(_) => "is created, as you said",
        None => "is open again; the same command as before sends it",
    };
    console.line(&format!("record {record} of run {} {word}", run.id));
    match run.counts.unknown {
        0 => console.note("nothing is unknown in this run any more"),
        unknown => console.note(&format!("still unknown in this run: {unknown}")),
    }
    console.note(&format!(
        "`importer report {}{}` writes the run's report again",
        run.id, choice.journal_options
    ));
    Ok(ExitCode::Fine)
}
