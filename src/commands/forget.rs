//! `importer forget`: erases runs, customers and targets.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::{Ended, Failure};
use crate::cli::{Cli, ForgetArgs};
use crate::console::Console;
use crate::import::{Forget, Forgotten, ToForget};
use crate::outcome::{Bilingual, ExitCode, both};
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
    let confirm = |question: &Bilingual| choice.assume_yes || console.ask(question);
    let forgotten = Forget {
        what,
        force: args.force,
        state_dir: &choice.state_dir,
        report_dir: &choice.report_dir,
        command: "importer forget",
        confirm: (choice.assume_yes || choice.can_ask).then_some(&confirm),
    }
    .run()
    .map_err(|error| Failure::of_import(&error, console))?;
    if cli.global.json {
        console.json(&as_json(&forgotten));
    } else {
        tell(&forgotten, args, console);
    }
    for path in &forgotten.removed {
        console.warn(&both!(
            "{path} is not what its run wrote any more; it mentioned the customer, so it was removed \
             as a whole",
            "{path} ist nicht mehr, was sein Lauf geschrieben hat; der Kunde stand darin, deshalb \
             wurde die Datei ganz entfernt",
            path = path.display()
        ));
    }
    for path in &forgotten.reports.left {
        console.warn(&both!(
            "{path} is no file of a report and stays; it may hold customers' data",
            "{path} ist keine Datei eines Berichts und bleibt; vielleicht stehen Kundendaten darin",
            path = path.display()
        ));
    }
    for path in &forgotten.untold {
        console.warn(&both!(
            "whose records {path} holds, only the second file of its mapping says, and that is not \
             there any more: look whether the customer stands in it",
            "wessen Datensätze in {path} stehen, sagt nur die zweite Datei der Zuordnung, und die \
             ist nicht mehr da: nachsehen, ob der Kunde darin steht",
            path = path.display()
        ));
    }
    for kept in &forgotten.kept {
        let why = match kept.unknown {
            0 => both!("is not finished", "ist nicht zu Ende"),
            1 => both!(
                "has 1 record of which nobody knows whether it was created",
                "hat 1 Datensatz, von dem niemand weiß, ob er angelegt wurde"
            ),
            count => both!(
                "has {count} records of which nobody knows whether they were created",
                "hat {count} Datensätze, von denen niemand weiß, ob sie angelegt wurden"
            ),
        };
        console.warn(&both!([why, run = Bilingual::same(kept.run.clone())]
            "run {run} {why}: it stays (`importer forget {run}` says what to do)",
            "Lauf {run} {why}: er bleibt (`importer forget {run}` sagt, was zu tun ist)"
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
        console.note(&both!(
            "an earlier forgetting had been cut short; it is complete now",
            "ein früheres Vergessen war abgebrochen; jetzt ist es vollständig"
        ));
    }
    let reports = &forgotten.reports;
    let nothing = forgotten.runs.is_empty()
        && forgotten.records == 0
        && (reports.files, forgotten.spooled) == (0, 0);
    if nothing {
        return console.say(&match &args.customer {
            Some(_) => both!(
                "nothing is known of this customer",
                "von diesem Kunden ist nichts bekannt"
            ),
            None => both!("there is nothing to forget", "es gibt nichts zu vergessen"),
        });
    }
    let what = match &args.customer {
        Some(number) => match forgotten.records {
            1 => both!("customer {number}: 1 record", "Kunde {number}: 1 Datensatz"),
            records => both!(
                "customer {number}: {records} records",
                "Kunde {number}: {records} Datensätze"
            ),
        },
        None => match forgotten.runs.len() {
            1 => both!("1 run", "1 Lauf"),
            runs => both!("{runs} runs", "{runs} Läufe"),
        },
    };
    let files = match reports.files {
        1 => both!(
            "1 report file removed or written anew",
            "1 Datei eines Berichts entfernt oder neu geschrieben"
        ),
        files => both!(
            "{files} report files removed or written anew",
            "{files} Dateien von Berichten entfernt oder neu geschrieben"
        ),
    };
    console.say(&both!([what, files] "forgotten: {what}; {files}", "vergessen: {what}; {files}"));
    if !forgotten.inputs.is_empty() {
        let inputs: Vec<&str> = forgotten.inputs.iter().map(String::as_str).collect();
        console.note(&both!(
            "the inputs are yours and were not touched: {inputs}",
            "die Eingaben gehören Ihnen und blieben unberührt: {inputs}",
            inputs = inputs.join(", ")
        ));
    }
}
