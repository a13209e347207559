//! `importer forget`: erases runs, customers and targets.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::{Ended, Failure};
use crate::cli::{Cli, ForgetArgs};
use crate::console::Console;
use crate::import::{Forget, Forgotten, ToForget};
use crate::outcome::ExitCode;
use crate::settings::{Environment, resolve_forget};

pub(super) fn run(
    cli: &Cli,
    args: &ForgetArgs,
    environment: &Environment,
    console: &Arc<Console>,
) -> Ended {
    let choice = resolve_forget(cli, environment)?;
    let what = match (&args.run, args.older_than, &args.customer, &args.target) {
        (Some(run), ..) => ToForget::Run(run.clone()),
        // An age that reaches behind the first day of all fits no run.
        (_, Some(age), ..) => ToForget::Before(
            Timestamp::now()
                .checked_sub(age.0)
                .unwrap_or(Timestamp::MIN),
        ),
        (_, _, Some(number), _) => ToForget::Customer(number.clone()),
        (_, _, _, Some(name)) => ToForget::Target(name.clone()),
        // clap lets nothing else through.
        _ => ToForget::Before(Timestamp::MIN),
    };
    let forgotten = Forget {
        what,
        force: args.force,
        state_dir: &choice.state_dir,
        report_dir: &choice.report_dir,
        command: "importer forget",
        confirm: &|question| choice.assume_yes || console.ask(question),
    }
    .run()
    .map_err(|error| Failure::of_import(&error, console))?;
    if cli.global.json {
        console.json(&as_json(&forgotten));
    } else {
        tell(&forgotten, args, console);
    }
    for path in &forgotten.removed {
        console.warn(&format!(
            "{} is not what its run wrote any more; it mentioned the customer, so it was removed \
             as a whole",
            path.display()
        ));
    }
    for path in &forgotten.reports.left {
        console.warn(&format!(
            "{} is no file of a report and stays; it may hold customers' data",
            path.display()
        ));
    }
    for path in &forgotten.untold {
        console.warn(&format!(
            "whose records {} holds, only the second file of its mapping says, and that is not \
             there any more: look whether the customer stands in it",
            path.display()
        ));
    }
    for kept in &forgotten.kept {
        let why = match kept.unknown {
            0 => "is not finished".to_owned(),
            count => format!("has {count} records of which nobody knows whether they were created"),
        };
        console.warn(&format!(
            "run {} {why}: it stays (`importer forget {}` says what to do)",
            kept.run, kept.run
        ));
    }
    Ok(if forgotten.kept.is_empty() {
        ExitCode::Fine
    } else {
        ExitCode::SomeUnknown
    })
}

fn as_json(forgotten: &Forgotten) -> serde_json::Value {
    let kept: Vec<_> = forgotten
        .kept
        .iter()
        .map(|kept| json!({ "run": kept.run, "unknown": kept.unknown }))
        .collect();
    let names = |paths: &[PathBuf]| -> Vec<String> {
        let names = paths.iter().map(|path| path.display().to_string());
        names.collect()
    };
    json!({
        "type": "forgotten",
        "runs": forgotten.runs,
        "records": forgotten.records,
        "report_files": forgotten.reports.files,
        "report_rows": forgotten.reports.rows,
        "stdin_copies": forgotten.spooled,
        "kept": kept,
        "removed": names(&forgotten.removed),
        "left": names(&forgotten.reports.left),
        "untold": names(&forgotten.untold.iter().cloned().collect::<Vec<_>>()),
        "inputs": forgotten.inputs,
        "completed": forgotten.completed,
    })
}

fn tell(forgotten: &Forgotten, args: &ForgetArgs, console: &Console) {
    if forgotten.completed {
        console.note("an earlier forgetting had been cut short; it is complete now");
    }
    let reports = &forgotten.reports;
    let nothing = forgotten.runs.is_empty()
        && forgotten.records == 0
        && (reports.files, forgotten.spooled) == (0, 0);
    if nothing {
        return console.line(match &args.customer {
            Some(_) => "nothing is known of this customer",
            None => "there is nothing to forget",
        });
    }
    let what = match &args.customer {
        Some(number) => format!("customer {number}: {} records", forgotten.records),
        None => format!("{} runs", forgotten.runs.len()),
    };
    console.line(&format!(
        "forgotten: {what}; {} report files removed or written anew",
        reports.files
    ));
    if !forgotten.inputs.is_empty() {
        let inputs: Vec<&str> = forgotten.inputs.iter().map(String::as_str).collect();
        console.note(&format!(
            "the inputs are yours and were not touched: {}",
            inputs.join(", ")
        ));
    }
}
