//! `importer schedule --check`: whether each job could do its work, without doing any of it.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::JobRunner;
use crate::commands::Failure;
use crate::commands::run::load;
use crate::console::Console;
use crate::mapping::Mapping;
use crate::outcome::{Bilingual, ExitCode, both};
use crate::schedule::{Job, Jobs};
use crate::settings::{GlobalChoice, StateDir};

/// Checks settings, mapping, hooks and archives of each job; tells the worst code.
pub(super) fn check(
    jobs: &Jobs,
    runner: &JobRunner,
    global: &GlobalChoice,
    console: &Console,
) -> ExitCode {
    let (json, state_dir) = (global.console.json, absolute(&global.state_dir));
    if !json && !console.tells_trouble_only() {
        console.say(&both!(
            "state folder: {folder}",
            "Statusordner: {folder}",
            folder = state_dir.display()
        ));
    }
    if let Some(config) = global.config.as_deref().map(absolute)
        && global.is_state_dir_found
        && config.parent() != state_dir.parent()
    {
        console.warn(&both!(
            "the state folder {folder} was found from the current folder and not from \
             {config}: called from elsewhere, a job would not know who was created; name it \
             with --state-dir, IMPORTER_STATE_DIR or state_dir",
            "der Statusordner {folder} wurde vom aktuellen Ordner aus gefunden und nicht von \
             {config} aus: von anderswo aufgerufen, wüsste ein Job nicht, wer angelegt wurde; \
             ihn mit --state-dir, IMPORTER_STATE_DIR oder state_dir nennen",
            folder = state_dir.display(),
            config = config.display()
        ));
    }
    let mut worst = ExitCode::Fine;
    for job in &jobs.jobs {
        worst = worst.worse(check_one(job, runner, &state_dir, console, json));
    }
    worst
}

fn check_one(
    job: &Job,
    runner: &JobRunner,
    state_dir: &Path,
    console: &Console,
    json: bool,
) -> ExitCode {
    let name = &job.name;
    let input = Path::new("input");
    let mut journal = Some(state_dir.to_owned());
    let found = runner
        .choice(job, input, None, input)
        .map_err(|error| Box::new((error.to_string(), Failure::from(error))))
        .and_then(|choice| {
            for warning in &choice.warnings {
                let text = warning.clone();
                console.warn(&both!([text] "job `{name}`: {text}", "Job `{name}`: {text}"));
            }
            // Its profile may name another one.
            journal = match &choice.state_dir {
                StateDir::Folder(folder) => Some(absolute(folder)),
                StateDir::Temporary => None,
            };
            load(&choice.mapping)
                .map_err(|error| Box::new((error.to_string(), Failure::of_import(&error, console))))
        });
    let mut tried = job.try_out(&runner.environment);
    tried
        .notes
        .extend(found.as_ref().ok().and_then(still_marked));
    let mut code = match &found {
        Ok(_) => ExitCode::Fine,
        Err(found) => found.1.code,
    };
    if !tried.wrong.is_empty() {
        code = code.worse(ExitCode::Unusable);
    }
    if json {
        let own = found.as_ref().err().map(|found| &found.0);
        let wrong = tried.wrong.iter().map(|text| &text.english);
        console.json(&json!({
            "type": "job",
            "job": name,
            "mapping": found.as_ref().ok().map(|mapping| mapping.name()),
            "state_dir": journal,
            "problems": own.into_iter().chain(wrong).collect::<Vec<_>>(),
            "notes": tried.notes.iter().map(|text| &text.english).collect::<Vec<_>>(),
            "exit_code": code.number(),
        }));
    }
    match &found {
        Ok(mapping) if code == ExitCode::Fine && !json => {
            if !console.tells_trouble_only() {
                let by = by(mapping.name());
                console.say(&both!([by] "{name}: fine, {by}", "{name}: in Ordnung, {by}"));
                if let Some(journal) = journal.filter(|journal| journal != state_dir) {
                    console.say(&both!(
                        "  state folder of its runs: {folder}",
                        "  Statusordner seiner Läufe: {folder}",
                        folder = journal.display()
                    ));
                }
                for note in &tried.notes {
                    console.say(&note.clone().map(|note| format!("  {note}")));
                }
            }
        }
        Ok(_) => {}
        Err(found) => {
            console.note(&both!(
                "job `{name}` cannot run:",
                "Job `{name}` kann nicht laufen:"
            ));
            found.1.tell(console);
        }
    }
    if !json {
        for wrong in &tried.wrong {
            let text = wrong.clone();
            console.error(
                &both!([text] "job `{name}`: {text}", "Job `{name}`: {text}"),
                None,
            );
        }
    }
    code
}

/// How much of a proposed mapping is still to be filled in.
fn still_marked(mapping: &Mapping) -> Option<Bilingual> {
    match mapping.lines_to_fill_in().len() {
        0 => None,
        1 => Some(both!(
            "mapping: 1 line is still marked FILL IN",
            "Zuordnung: 1 Zeile ist noch mit FILL IN markiert"
        )),
        many => Some(both!(
            "mapping: {many} lines are still marked FILL IN",
            "Zuordnung: {many} Zeilen sind noch mit FILL IN markiert"
        )),
    }
}

/// The path from the root on: which one is meant depends on where the command is called.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The mapping, by its name.
fn by(name: &str) -> Bilingual {
    match name {
        "passthrough" => both!("mapping passthrough", "ohne Zuordnung"),
        name => both!("mapping {name}", "Zuordnung {name}"),
    }
}
