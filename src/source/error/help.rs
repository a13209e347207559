//! What to do about an input that cannot be used.

use super::{NEAR, PAGE, SourceError};
use crate::outcome::{Bilingual, both};

impl SourceError {
    /// What to do about it.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a catalogue: a text for each error")]
    pub fn help(&self) -> Option<Bilingual> {
        let help = match self {
            Self::Missing { path, .. } if path.is_symlink() => {
                both!(
                    "it is a symbolic link, and what it leads to is not there",
                    "es ist eine symbolische Verknüpfung, und was sie meint, ist nicht da"
                )
            }
            Self::Missing {
                near: Some(near), ..
            } => return Some(both!("did you mean `{near}`?", "ist `{near}` gemeint?")),
            Self::Directory { path } => {
                let all = path.join("*.csv");
                return Some(both!(
                    "name its files, e.g. '{all}'",
                    "seine Dateien nennen, etwa '{all}'",
                    all = all.display()
                ));
            }
            Self::NotAFile { .. } => both!(
                "pipe it in and name `-` as the input",
                "mit einer Pipe hineinleiten und `-` als Eingabe nennen"
            ),
            Self::Denied { .. } => {
                both!(
                    "let the user who runs the import read it, and close it in other programs",
                    "den Benutzer, unter dem der Import läuft, sie lesen lassen, und sie in anderen Programmen schließen"
                )
            }
            Self::Empty { .. } => both!(
                "was the export finished, and is it the right file?",
                "war der Export fertig, und ist es die richtige Datei?"
            ),
            Self::NoHeader { .. } => both!("lower `skip_lines`", "`skip_lines` verringern"),
            Self::NotAsDeclared { .. } => {
                both!(
                    "export it again in that format; if it is the right file, take `format` out of \
                     the mapping, or override it with --format",
                    "sie in jenem Format neu exportieren; ist es die richtige Datei, `format` aus der Zuordnung nehmen, oder mit --format überstimmen"
                )
            }
            Self::OtherFormat { .. }
            | Self::Encrypted { .. }
            | Self::Damaged { .. }
            | Self::Bomb { .. }
            | Self::Private { .. }
            | Self::NoSheet { .. }
            | Self::EmptySheet { .. }
            | Self::UnknownSheet { .. } => return self.help_with_books(),
            Self::Binary { .. } => {
                both!(
                    "export it as CSV or JSONL; if it is UTF-16 text, declare `encoding`",
                    "sie als CSV oder JSONL exportieren; ist es Text in UTF-16, `encoding` angeben"
                )
            }
            Self::JsonArray { .. } => {
                both!(
                    "turn it into one object a line: jq -c '.[]' IN.json > OUT.jsonl",
                    "daraus ein Objekt je Zeile machen: jq -c '.[]' EIN.json > AUS.jsonl"
                )
            }
            Self::JsonSpread { .. } => {
                both!(
                    "put each object on one line: jq -c . IN.json > OUT.jsonl; if the customers are \
                     a list in one object: jq -c '.NAME[]' IN.json > OUT.jsonl, with the list's name",
                    "jedes Objekt auf eine Zeile bringen: jq -c . EIN.json > AUS.jsonl; sind die \
                     Kunden eine Liste in einem Objekt: jq -c '.NAME[]' EIN.json > AUS.jsonl, mit \
                     dem Namen der Liste"
                )
            }
            Self::UnknownEncoding { .. } => {
                both!(
                    "use one of the names that browsers know: utf-8, windows-1252, iso-8859-15, utf-16le; \
                 convert anything else (e.g. cp850) to UTF-8 first",
                    "einen Namen nehmen, den Browser kennen: utf-8, windows-1252, iso-8859-15, utf-16le; anderes (etwa cp850) zuerst nach UTF-8 umwandeln"
                )
            }
            Self::OtherEncoding { bom, .. } => {
                return Some(both!(
                    "leave `encoding` out, or set it to {bom}",
                    "`encoding` weglassen, oder auf {bom} setzen"
                ));
            }
            Self::Malformed { .. } | Self::HeaderEncoding { .. } => {
                both!(
                    "set `encoding` to what the export was written in, or export it again as UTF-8",
                    "`encoding` auf den Zeichensatz des Exports setzen, oder noch einmal als UTF-8 exportieren"
                )
            }
            Self::BadDelimiter { .. } => both!(
                "use one ASCII character: `;` `,` `|` or a tab",
                "ein ASCII-Zeichen nehmen: `;` `,` `|` oder den Tabulator"
            ),
            Self::HeaderTooLarge { .. } => {
                both!(
                    "is it a CSV file, and are the lines before its header skipped?",
                    "ist es eine CSV-Datei, und werden die Zeilen vor ihrer Kopfzeile übersprungen?"
                )
            }
            Self::UnclosedQuote { .. } => {
                both!(
                    "close the quote on that line or double it (\"\"); if the file was cut off, export it again",
                    "das Anführungszeichen in dieser Zeile schließen oder verdoppeln (\"\"); ist die Datei abgeschnitten, noch einmal exportieren"
                )
            }
            Self::Edited { .. } => both!(
                "let nobody write to it, and start again",
                "niemanden hineinschreiben lassen, und noch einmal starten"
            ),
            Self::NoMatch { .. } => both!(
                "check the pattern; a folder is entered by `**/`",
                "das Muster prüfen; in Ordner hinein geht es mit `**/`"
            ),
            Self::Pattern { .. } => both!(
                "name the files themselves, or write `[[]` for a literal `[`",
                "die Dateien selbst nennen, oder `[[]` für ein `[` schreiben"
            ),
            Self::Spool { .. } => {
                both!(
                    "the state folder must be writable and needs room for the whole input; \
                 --state-dir chooses another one",
                    "der Statusordner muss beschreibbar sein und Platz für die ganze Eingabe haben; --state-dir wählt einen anderen"
                )
            }
            Self::Missing { near: None, .. } => {
                both!(
                    "check its name and its folder; without one, it is looked for in the current folder",
                    "den Namen und den Ordner prüfen; ohne Ordner wird sie im aktuellen gesucht"
                )
            }
            Self::Open { .. } | Self::Read { .. } | Self::Copy { .. } | Self::Stdin { .. } => {
                return None;
            }
        };
        Some(help)
    }

    /// What to do about books and compressed files.
    fn help_with_books(&self) -> Option<Bilingual> {
        let help = match self {
            Self::OtherFormat { what, .. } if *what == PAGE => {
                both!(
                    "open it in a browser: is it a form to log in, or an error, in place of the \
                     export? Export it again; a table is opened in a spreadsheet and saved as CSV \
                     (\"CSV UTF-8\")",
                    "sie im Browser öffnen: ist es eine Anmeldeseite oder eine Fehlermeldung statt des Exports? Noch einmal exportieren; eine Tabelle in der Tabellenkalkulation öffnen und als CSV (\"CSV UTF-8\") speichern"
                )
            }
            Self::OtherFormat { .. } => {
                both!(
                    "save or unpack it as XLSX, ODS or CSV (in a spreadsheet: Save as, \"CSV UTF-8\") \
                 and import that",
                    "sie als XLSX, ODS oder CSV speichern oder entpacken (in der Tabellenkalkulation: Speichern unter, \"CSV UTF-8\") und das importieren"
                )
            }
            Self::Encrypted { .. } => {
                both!(
                    "open it in the program that made it, take the password away (Save as, without \
                 a password), and import that",
                    "sie in ihrem Programm öffnen, das Kennwort entfernen (Speichern unter, ohne Kennwort), und das importieren"
                )
            }
            Self::Damaged { .. } => {
                both!(
                    "copy or export it again; if it opens elsewhere, save it as CSV (\"CSV UTF-8\") \
                 and import that",
                    "sie noch einmal kopieren oder exportieren; geht sie anderswo auf, als CSV (\"CSV UTF-8\") speichern und das importieren"
                )
            }
            Self::Bomb { .. } => {
                both!(
                    "if that is right, unpack it yourself, or save it as CSV, and import that",
                    "wenn das stimmt, sie selbst entpacken oder als CSV speichern, und das importieren"
                )
            }
            Self::Private { .. } => room_for_temporary(),
            Self::UnknownSheet { sheet, sheets, .. } => return Some(other_sheet(sheet, sheets)),
            _ => both!(
                "is it the right file? `sheet` in the mapping, or --sheet, names a sheet",
                "ist es die richtige Datei? `sheet` in der Zuordnung, oder --sheet, nennt ein Blatt"
            ),
        };
        Some(help)
    }
}

/// Sheets that are listed at most.
const SHEETS: usize = 10;

/// Offers the sheet whose name is most like `wanted`, else lists all.
fn other_sheet(wanted: &str, sheets: &[String]) -> Bilingual {
    let wanted = wanted.trim().to_lowercase();
    let likeness =
        |name: &String| strsim::normalized_damerau_levenshtein(&wanted, &name.to_lowercase());
    let near = sheets
        .iter()
        .map(|name| (likeness(name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    match near {
        Some((likeness, name)) if likeness >= NEAR => {
            both!("did you mean \"{name}\"?", "ist \"{name}\" gemeint?")
        }
        _ => {
            let mut names: Vec<String> = sheets
                .iter()
                .take(SHEETS)
                .map(|name| format!("\"{name}\""))
                .collect();
            if sheets.len() > SHEETS {
                names.push("…".to_owned());
            }
            both!(
                "its sheets are {names}",
                "ihre Blätter sind {names}",
                names = names.join(", ")
            )
        }
    }
}

/// What the folder for temporary files needs.
pub(crate) fn room_for_temporary() -> Bilingual {
    both!(
        "the folder for temporary files must be there, may be written to, and needs room for the \
         whole unpacked input; the environment variable TMPDIR (on Windows TEMP) names another one",
        "den Ordner für temporäre Dateien muss es geben, er muss beschreibbar sein und Platz für die ganze entpackte Eingabe haben; die Umgebungsvariable TMPDIR (unter Windows TEMP) nennt einen anderen"
    )
}
