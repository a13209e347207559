//! `importer schedule --check`: whether each job could do its work, without doing any of it.

use std::path::Path;

use serde_json::json;

use super::JobRunner;
use crate::commands::Failure;
use crate::commands::run::load;
use crate::console::Console;
use crate::outcome::{Bilingual, ExitCode, both};
use crate::schedule::{Job, Jobs};

/// Checks settings, mapping, hooks and archives of each job; tells the worst code. `state_dir` is
/// where all of them will keep their state.
pub(super) fn check(
    jobs: &Jobs,
    runner: &JobRunner,
    state_dir: &Path,
    console: &Console,
    json: bool,
) -> ExitCode {
    // Which folder that is depends on where the command is called.
    let state_dir = std::path::absolute(state_dir).unwrap_or_else(|_| state_dir.to_owned());
    if !json && !console.tells_trouble_only() {
        console.say(&both!(
            "state folder: {folder}",
            "Statusordner: {folder}",
            folder = state_dir.display()
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
    let found = runner
        .choice(job, input, None, input)
        .map_err(|error| Box::new((error.to_string(), Failure::from(error))))
        .and_then(|choice| {
            for warning in &choice.warnings {
                let text = warning.clone();
                console.warn(&both!([text] "job `{name}`: {text}", "Job `{name}`: {text}"));
            }
            load(&choice.mapping)
                .map_err(|error| Box::new((error.to_string(), Failure::of_import(&error, console))))
        });
    let tried = job.try_out(&runner.environment);
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
            "state_dir": state_dir,
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

/// The mapping, by its name.
fn by(name: &str) -> Bilingual {
    match name {
        "passthrough" => both!("mapping passthrough", "ohne Zuordnung"),
        name => both!("mapping {name}", "Zuordnung {name}"),
    }
}
