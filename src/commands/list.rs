//! `importer list`: what the ERP knows by name, with ids.

use std::sync::Arc;

use serde_json::json;

use super::{Ended, Failure, signals};
use crate::cli::{Cli, ListArgs};
use crate::console::Console;
use crate::import::Listing;
use crate::outcome::{Bilingual, ExitCode};
use crate::settings::{Environment, resolve_list};

pub(super) fn run(
    cli: &Cli,
    args: &ListArgs,
    environment: &Environment,
    console: &Arc<Console>,
    as_json: bool,
) -> Ended {
    let choice = resolve_list(cli, args, environment)?;
    for warning in &choice.warnings {
        console.warn(warning);
    }
    let list = choice.list;
    let entries = Listing {
        target: &choice.target,
        credentials: choice.credentials,
        delivery: &choice.delivery,
        max_duration: choice.max_duration,
        signal: signals::listen(),
    }
    .read(list)
    .map_err(|error| Failure::of_import(&error, console))?;
    if as_json {
        for entry in &entries {
            console.json(&json!({
                "type": list.form(),
                "id": entry.id,
                "name": entry.name,
                "default": entry.is_default,
            }));
        }
        return Ok(ExitCode::Fine);
    }
    if entries.is_empty() {
        console.note(&Bilingual::of(|language| {
            let none = language.pick("the ERP has no", "die Wawi hat keine");
            format!("{none} {}", list.plural_in(language))
        }));
        return Ok(ExitCode::Fine);
    }
    let language = console.language();
    let yes = language.pick("yes", "ja");
    let rows: Vec<Vec<String>> = entries
        .into_iter()
        .map(|entry| {
            let is_default = entry.is_default.unwrap_or_default();
            let default = if is_default { yes } else { "" };
            vec![entry.id.to_string(), entry.name, default.to_owned()]
        })
        .collect();
    let headers = language.pick(["id", "name", "default"], ["Id", "Name", "Standard"]);
    console.table(&headers, &rows);
    Ok(ExitCode::Fine)
}
