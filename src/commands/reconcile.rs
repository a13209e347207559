//! `importer reconcile`: looks up what is unknown, sends nothing.

use std::sync::Arc;

use serde_json::json;

use super::{Ended, Failure, events, signals};
use crate::cli::{Cli, ReconcileArgs};
use crate::console::Console;
use crate::import::{Reconciled, reconcile};
use crate::outcome::{Counts, ExitCode};
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
    let result = reconcile(
        &choice.state_dir,
        choice.run.as_deref(),
        &choice.target,
        choice.credentials,
        &choice.delivery,
        events(console),
        signals::listen(),
    )
    .map_err(|error| Failure::of_import(&error, console))?;
    let Reconciled {
        asked,
        created,
        exists,
        open,
        unknown,
        ending,
    } = &result;
    if cli.global.json {
        console.json(&json!({
            "type": "reconciled", "asked": asked, "created": created, "exists": exists,
            "open": open, "unknown": unknown,
        }));
    } else if *asked == 0 {
        console.line("nothing is unknown");
    } else {
        console.line(&format!(
            "{asked} looked up: {created} created, {exists} exist with other data, {open} absent \
             (the next run sends them), {unknown} still unknown"
        ));
    }
    if *created + *exists > 0 && !cli.global.json {
        console.note("`importer report RUN` writes a run's report again, with what was found");
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
