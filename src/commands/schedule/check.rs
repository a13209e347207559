//! `importer schedule --check`: whether each job could do its work, without doing any of it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::JobRunner;
use crate::commands::Failure;
use crate::commands::run::load;
use crate::console::Console;
use crate::import::absolute;
use crate::mapping::Mapping;
use crate::outcome::{Bilingual, ExitCode, both};
use crate::schedule::{Hindrance, Job, Jobs, Needs, PlaceOfKey, Tried};
use crate::settings::{GlobalChoice, StateDir};

/// Checks settings, mapping, hooks, inputs and folders of each job; tells the worst code.
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

/// Why a job cannot run at all.
struct Kept {
    /// In English, for programs.
    why: String,
    failure: Failure,
    /// What of the jobs file it is about.
    at: PlaceOfKey,
}

/// What the settings of a job come to.
#[derive(Default)]
struct Place {
    /// Where its runs have their journal, if that stays.
    journal: Option<PathBuf>,
    report_dir: Option<PathBuf>,
    sandbox: bool,
}

/// Resolves the settings of a job, and reads its mapping.
fn found(
    job: &Job,
    runner: &JobRunner,
    place: &mut Place,
    console: &Console,
) -> Result<Mapping, Box<Kept>> {
    let name = &job.name;
    let input = Path::new("input");
    let kept = |why: String, failure, at| Box::new(Kept { why, failure, at });
    let choice = runner.choice(job, input, None, input).map_err(|error| {
        let option = error.key().and_then(|key| job.places.of_option(key));
        let at = option.unwrap_or_else(|| job.places.of("profile"));
        kept(error.to_string(), error.into(), at)
    })?;
    for warning in &choice.warnings {
        let text = warning.clone();
        console.warn(&both!([text] "job `{name}`: {text}", "Job `{name}`: {text}"));
    }
    // Its profile may name another one.
    place.journal = match &choice.state_dir {
        StateDir::Folder(folder) => Some(absolute(folder)),
        StateDir::Temporary => None,
    };
    place.report_dir = Some(absolute(&choice.settings.report.dir));
    place.sandbox = choice.sandbox;
    load(&choice.mapping).map_err(|error| {
        let values = choice.settings.report.values;
        let failure = Failure::of_input(&error, console, values);
        kept(error.to_string(), failure, job.places.of("mapping"))
    })
}

fn check_one(
    job: &Job,
    runner: &JobRunner,
    state_dir: &Path,
    console: &Console,
    json: bool,
) -> ExitCode {
    let name = &job.name;
    let mut place = Place {
        journal: Some(state_dir.to_owned()),
        ..Place::default()
    };
    let found = found(job, runner, &mut place, console);
    let needs = Needs {
        state_dir,
        journal: place.journal.as_deref(),
        report_dir: place.report_dir.as_deref(),
        sandbox: place.sandbox,
        now: Timestamp::now(),
    };
    let mut tried = job.try_out(&runner.environment, &needs);
    for (key, text) in &tried.odd {
        let (text, at) = (text.clone(), job.places.of(key));
        console.warn(&both!([text]
            "job `{name}`: {key}: {text}\n  --> {at}",
            "Job `{name}`: {key}: {text}\n  --> {at}"
        ));
    }
    tried
        .notes
        .extend(found.as_ref().ok().and_then(still_marked));
    let mut code = match &found {
        Ok(_) => ExitCode::Fine,
        Err(kept) => kept.failure.code,
    };
    if !tried.wrong.is_empty() {
        code = code.worse(ExitCode::Unusable);
    }
    if json {
        let mut line = json!({
            "type": "job",
            "job": name,
            "mapping": found.as_ref().ok().map(|mapping| mapping.name()),
            "state_dir": place.journal,
            "warnings": tried.odd.iter().map(told).collect::<Vec<_>>(),
            "notes": tried.notes.iter().map(|text| &text.english).collect::<Vec<_>>(),
            "exit_code": code.number(),
        });
        add_problems(
            &mut line,
            job,
            found.as_ref().err().map(|kept| &**kept),
            &tried,
        );
        console.json(&line);
    } else if let (Ok(mapping), ExitCode::Fine) = (&found, code) {
        let other = place.journal.filter(|journal| journal != state_dir);
        tell_fine(name, mapping, other.as_deref(), &tried, console);
    }
    if let Err(kept) = found {
        console.note(&both!(
            "job `{name}` cannot run:",
            "Job `{name}` kann nicht laufen:"
        ));
        kept.failure.tell(console);
        if !json {
            console.note(&Bilingual::same(format!("  --> {}", kept.at)));
        }
    }
    if !json {
        for Hindrance { key, what, help } in tried.wrong {
            let at = job.places.of(key);
            let text = both!([what]
                "job `{name}`: {key}: {what}\n  --> {at}",
                "Job `{name}`: {key}: {what}\n  --> {at}"
            );
            console.error(&text, help.as_ref());
        }
    }
    code
}

/// Adds to a line of JSON what is wrong, with its places in the jobs file and what to do.
fn add_problems(line: &mut Value, job: &Job, kept: Option<&Kept>, tried: &Tried) {
    let help = |help: &Option<Bilingual>| help.as_ref().map(|help| help.english.clone());
    let kept = kept.map(|kept| (kept.at.clone(), kept.why.clone(), help(&kept.failure.help)));
    let wrong = tried.wrong.iter().map(|it| {
        let text = format!("{}: {}", it.key, it.what.english);
        (job.places.of(it.key), text, help(&it.help))
    });
    let (mut texts, mut places, mut helps) = (Vec::new(), Vec::new(), Vec::new());
    for (at, text, help) in kept.into_iter().chain(wrong) {
        texts.push(text);
        places.push(json!({"line": at.line, "column": at.column}));
        helps.push(help);
    }
    if let Some(line) = line.as_object_mut() {
        line.insert("problems".to_owned(), texts.into());
        line.insert("problem_places".to_owned(), places.into());
        line.insert("problem_helps".to_owned(), helps.into());
    }
}

/// What was found about a key, for programs.
fn told((key, text): &(&'static str, Bilingual)) -> String {
    format!("{key}: {}", text.english)
}

/// Tells people of a job that could run; its runs may have another state folder.
fn tell_fine(
    name: &str,
    mapping: &Mapping,
    other: Option<&Path>,
    tried: &Tried,
    console: &Console,
) {
    if console.tells_trouble_only() {
        return;
    }
    let by = by(mapping.name());
    console.say(&both!([by] "{name}: fine, {by}", "{name}: in Ordnung, {by}"));
    if let Some(folder) = other {
        console.say(&both!(
            "  state folder of its runs: {folder}",
            "  Statusordner seiner Läufe: {folder}",
            folder = folder.display()
        ));
    }
    for note in &tried.notes {
        console.say(&note.clone().map(|note| format!("  {note}")));
    }
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

/// The mapping, by its name.
fn by(name: &str) -> Bilingual {
    match name {
        "passthrough" => both!("mapping passthrough", "ohne Zuordnung"),
        name => both!("mapping {name}", "Zuordnung {name}"),
    }
}
