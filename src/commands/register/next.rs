//! What has to be written down so that later commands use the key, as the app that it was made
//! for.

use std::path::Path;

use crate::outcome::telling::shell_word;
use crate::outcome::{Bilingual, both};
use crate::settings::KeyLines;

/// What to do with a key that is in its file.
pub(super) fn steps(lines: &KeyLines) -> Bilingual {
    let key = lines.key_name.as_deref().map(Path::display);
    let key = key.map(|key| key.to_string()).unwrap_or_default();
    let auth = format!(
        "  [{}]\n  kind = \"api_key\"\n  api_key = {{ file = {} }}",
        lines.auth_table,
        toml::Value::String(key)
    );
    let target: Vec<String> = lines.target.iter().map(|it| format!("  {it}")).collect();
    let target = target.join("\n");
    let mut told = Vec::new();
    match &lines.config {
        None => told.push(both!(
            "The settings that go with it, for importer.toml in this folder:\n{target}\n\n{auth}",
            "Die Einstellungen dazu, für importer.toml in diesem Ordner:\n{target}\n\n{auth}"
        )),
        Some(config) => {
            let config = config.display();
            if !lines.target.is_empty() {
                let place = place(lines);
                told.push(both!([place]
                    "Set {place} {config}:\n{target}",
                    "{place} {config} setzen:\n{target}"
                ));
            }
            told.push(match (lines.is_key_named, lines.is_auth_there) {
                (true, _) => both!(
                    "{config} names the key already.",
                    "{config} nennt den Schlüssel schon."
                ),
                (false, true) => both!(
                    "Set in place of the credentials in {config}:\n{auth}",
                    "Anstelle der Zugangsdaten in {config} setzen:\n{auth}"
                ),
                (false, false) => both!(
                    "Add at the end of {config}:\n{auth}",
                    "Am Ende von {config} hinzufügen:\n{auth}"
                ),
            });
        }
    }
    let options = &lines.options;
    told.push(both!(
        "This tries it:\n  importer doctor{options}",
        "Dies probiert ihn:\n  importer doctor{options}"
    ));
    Bilingual::of(|language| {
        let parts: Vec<&str> = told.iter().map(|part| part.shown_in(language)).collect();
        parts.join("\n")
    })
}

/// Where the lines of the target belong: TOML takes a table's lines only where the table begins.
fn place(lines: &KeyLines) -> Bilingual {
    match &lines.table {
        Some(table) => both!("below [{table}] in", "Unter [{table}] in"),
        None => both!(
            "at the top, before the first [table], of",
            "Am Anfang, vor der ersten [Tabelle], von"
        ),
    }
}

/// What to do with a key that was shown: nobody else has it.
pub(super) fn steps_if_shown(lines: &KeyLines, app_id: &str) -> Bilingual {
    let app_id = shell_word(app_id);
    let options = &lines.options;
    both!(
        "Keep it in a file that only you may read. Commands take it from the variable \
         IMPORTER_API_KEY, or from the file that IMPORTER_API_KEY_FILE names; it is good for this \
         app only:\n  importer doctor --app-id {app_id}{options}",
        "Ihn in einer Datei aufheben, die nur Sie lesen dürfen. Befehle nehmen ihn aus der Variable \
         IMPORTER_API_KEY oder aus der Datei, die IMPORTER_API_KEY_FILE nennt; er gilt nur für \
         diese App:\n  importer doctor --app-id {app_id}{options}"
    )
}
