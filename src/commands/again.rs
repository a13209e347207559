//! `importer report`: a run's report files once more.

use std::sync::Arc;

use super::{Ended, Failure, events, signals};
use crate::cli::{Cli, ReportAgainArgs};
use crate::console::Console;
use crate::import::{ImportError, OldRun, report_again};
use crate::journal::Journal;
use crate::outcome::{ExitCode, both};
use crate::settings::{Environment, resolve_report};

pub(super) fn run(
    cli: &Cli,
    args: &ReportAgainArgs,
    environment: &Environment,
    console: &Arc<Console>,
) -> Ended {
    let choice = resolve_report(cli, args, environment)?;
    let values = choice.report.values;
    let tell = |error: ImportError| Failure::of_input(&error, console, values);
    let no_such_run = || tell(ImportError::NoSuchRun(choice.run.clone()));
    let mut journal = Journal::open_existing(&choice.state_dir)
        .map_err(|error| tell(error.into()))?
        .ok_or_else(no_such_run)?;
    let row = journal
        .run(&choice.run)
        .map_err(|error| tell(error.into()))?
        .ok_or_else(no_such_run)?;
    let summary = report_again(OldRun {
        journal: &mut journal,
        row,
        input: choice.input.clone(),
        report: choice.report.clone(),
        state_dir: &choice.state_dir,
        events: events(console),
        signal: signals::listen(),
        command_line: &environment.command_line(),
    })
    .map_err(tell)?;
    console.note(&both!(
        "the report lies in {folder}",
        "der Bericht liegt in {folder}",
        folder = summary.report_dir
    ));
    Ok(ExitCode::Fine)
}
