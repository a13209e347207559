//! `importer mapping check` and `importer mapping fields`.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::{Ended, Failure};
use crate::cli::{MappingCheckArgs, MappingChoice, MappingCommand};
use crate::console::Console;
use crate::import::{ImportError, check_mapping};
use crate::mapping::{Mapping, field_list};
use crate::outcome::ExitCode;
use crate::settings::GlobalChoice;

pub(super) fn run(
    command: &MappingCommand,
    global: &GlobalChoice,
    console: &Arc<Console>,
) -> Ended {
    let json = global.console.json;
    match command {
        MappingCommand::Check(args) => check(args, json, console),
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
                "kind": field.kind,
                "limit": field.limit,
                "required": field.required,
                "meaning": field.meaning,
            }));
        }
        return;
    }
    let rows: Vec<Vec<String>> = field_list()
        .into_iter()
        .map(|field| {
            let required = if field.required { "yes" } else { "" };
            vec![
                field.path,
                field.kind.to_owned(),
                field.limit,
                required.to_owned(),
                field.meaning.to_owned(),
            ]
        })
        .collect();
    console.table(&["target", "type", "limit", "required", "meaning"], &rows);
}

fn check(args: &MappingCheckArgs, json: bool, console: &Arc<Console>) -> Ended {
    let tell = |error: ImportError| Failure::of_import(&error, console);
    let mapping = match &args.file {
        MappingChoice::File(path) => Mapping::load(path),
        MappingChoice::Builtin(name) => Mapping::builtin(name),
        MappingChoice::Passthrough => Ok(Mapping::passthrough()),
    }
    .map_err(|error| tell(error.into()))?;
    let Some(input) = &args.input else {
        if json {
            console.json(&json!({ "type": "mapping", "mapping": mapping.name() }));
            return Ok(ExitCode::Fine);
        }
        console.line(&format!("{}: fine", mapping.name()));
        return Ok(ExitCode::Fine);
    };
    let fit = check_mapping(&mapping, Path::new(input)).map_err(tell)?;
    if json {
        console.json(&json!({
            "type": "mapping",
            "mapping": mapping.name(),
            "input": input,
            "source": fit.source,
            "unused_columns": fit.unused_columns,
        }));
        return Ok(ExitCode::Fine);
    }
    console.line(&format!(
        "{}: fits {input} ({})",
        mapping.name(),
        fit.source
    ));
    if !fit.unused_columns.is_empty() {
        console.line(&format!(
            "columns that no target uses: {}",
            fit.unused_columns.join(", ")
        ));
    }
    Ok(ExitCode::Fine)
}
