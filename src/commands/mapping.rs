//! `importer mapping check`, `test` and `fields`; the other ones have files of their own.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::{Ended, Failure};
use crate::cli::{MappingCheckArgs, MappingChoice, MappingCommand, MappingTestArgs};
use crate::console::Console;
use crate::import::{ImportError, check_mapping, test_mapping};
use crate::mapping::{Mapping, field_list};
use crate::outcome::{Bilingual, ExitCode, RunEvent, ValuesShown, both};
use crate::settings::{GlobalChoice, typed_source};

pub(super) fn run(
    command: &MappingCommand,
    global: &GlobalChoice,
    console: &Arc<Console>,
) -> Ended {
    let json = global.console.json;
    match command {
        MappingCommand::New(args) => super::proposal::run(args, global, console),
        MappingCommand::Check(args) => check(args, json, console),
        MappingCommand::Test(args) => test(args, json, console),
        MappingCommand::Explain(args) => super::explain::run(args, json, console),
        MappingCommand::Fields => {
            fields(json, console);
            Ok(ExitCode::Fine)
        }
    }
}

fn fields(json: bool, console: &Console) {
    if json {
        for field in field_list() {
            console.json(&json!({
                "type": "field",
                "target": field.path,
                "kind": field.kind.english,
                "limit": field.limit.english,
                "required": field.required,
                "meaning": field.meaning.english,
            }));
        }
        return;
    }
    let language = console.language();
    let rows: Vec<Vec<String>> = field_list()
        .into_iter()
        .map(|field| {
            let required = match field.required {
                true => language.pick("yes", "ja"),
                false => "",
            };
            vec![
                field.path,
                field.kind.told_in(language),
                field.limit.told_in(language),
                required.to_owned(),
                field.meaning.told_in(language),
            ]
        })
        .collect();
    let heading = language.pick(
        ["target", "type", "limit", "required", "meaning"],
        ["Feld", "Typ", "Grenze", "Pflicht", "Bedeutung"],
    );
    console.table(&heading, &rows);
}

/// Reads the mapping that a command names.
pub(super) fn load(choice: &MappingChoice, console: &Console) -> Result<Mapping, Failure> {
    match choice {
        MappingChoice::File(path) => Mapping::load(path),
        MappingChoice::Builtin(name) => Mapping::builtin(name),
        MappingChoice::Passthrough => Ok(Mapping::passthrough()),
    }
    .map_err(|error| Failure::of_input(&error.into(), console, ValuesShown::Full))
}

/// Code 4 if a test fails: a run with this mapping would not begin.
fn test(args: &MappingTestArgs, json: bool, console: &Arc<Console>) -> Ended {
    let mapping = load(&args.file, console)?;
    let tests = test_mapping(&mapping)
        .map_err(|error| Failure::of_input(&error, console, ValuesShown::Full))?;
    if json {
        for test in &tests.results {
            console.json(&json!({
                "type": "test",
                "number": test.number,
                "name": test.name,
                "passed": test.failures.is_empty(),
                "failures": test.failures,
            }));
        }
    }
    let total = tests.results.len();
    let failed = tests
        .results
        .iter()
        .filter(|test| !test.failures.is_empty());
    let failed = failed.count();
    if let Some(error) = tests.error {
        let mut failure = Failure::of_input(&error.into(), console, ValuesShown::Full);
        let count = both!(
            "{failed} of {total} tests failed",
            "{failed} von {total} Tests sind fehlgeschlagen"
        );
        if let Some(rendered) = failure.rendered.as_deref_mut() {
            rendered.english.push_str(&format!("\n\n{}", count.english));
            rendered.german.push_str(&format!("\n\n{}", count.german));
        }
        return Err(failure);
    }
    if !json {
        let name = mapping.name();
        let passed = match total {
            0 => both!("{name}: it has no tests", "{name}: hat keine Tests"),
            1 => both!("{name}: its test passes", "{name}: der Test ist bestanden"),
            _ => both!(
                "{name}: all {total} tests pass",
                "{name}: alle {total} Tests sind bestanden"
            ),
        };
        line(&passed, console);
    }
    Ok(ExitCode::Fine)
}

fn check(args: &MappingCheckArgs, json: bool, console: &Arc<Console>) -> Ended {
    let tell = |error: ImportError| Failure::of_input(&error, console, ValuesShown::Full);
    let mapping = load(&args.file, console)?;
    let Some(input) = &args.input else {
        if json {
            console.json(&json!({ "type": "mapping", "mapping": mapping.name() }));
            return Ok(ExitCode::Fine);
        }
        let fine = both!("{name}: fine", "{name}: in Ordnung", name = mapping.name());
        line(&fine, console);
        return Ok(ExitCode::Fine);
    };
    let fit =
        check_mapping(&mapping, Path::new(input), &typed_source(&args.source)).map_err(tell)?;
    warn_of(fit.without_effect.clone(), console);
    if json {
        console.json(&json!({
            "type": "mapping",
            "mapping": mapping.name(),
            "input": input,
            "source": fit.source.english,
            "unused_columns": fit.unused_columns,
        }));
        return Ok(ExitCode::Fine);
    }
    let name = mapping.name();
    let fits = both!([source = fit.source]
        "{name}: fits {input} ({source})",
        "{name}: passt zu {input} ({source})"
    );
    line(&fits, console);
    if !fit.unused_columns.is_empty() {
        let unused = both!(
            "columns that no target uses: {columns}",
            "Spalten, die kein Feld verwendet: {columns}",
            columns = fit.unused_columns.join(", ")
        );
        line(&unused, console);
    }
    Ok(ExitCode::Fine)
}

/// Warns of options that say nothing of the input.
pub(super) fn warn_of(without_effect: Option<Bilingual>, console: &Console) {
    if let Some(word) = without_effect {
        console.event(&RunEvent::warning(word));
    }
}

/// Tells a line in the reader's language.
fn line(text: &Bilingual, console: &Console) {
    console.line(text.shown_in(console.language()));
}
