//! Why the second file of a mapping cannot be used.

use std::path::PathBuf;

use crate::outcome::{Bilingual, Code, both};

/// Why the second file of a mapping (`[join]`) cannot be used. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// It is not there.
    #[error("the second file `{file}` of [join] is not there: {}", listed(looked))]
    Missing {
        /// The file as the mapping names it.
        file: String,
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// One of the two files has no columns that could be joined.
    #[error("{} has JSON lines, and [join] needs two files with columns", path.display())]
    Lines {
        /// The file.
        path: PathBuf,
    },
    /// A row cannot be read.
    #[error("line {line} of {} cannot be read: {}", path.display(), why.english)]
    Unreadable {
        /// The second file.
        path: PathBuf,
        /// Where the row starts.
        line: u64,
        /// What is wrong with it.
        why: Bilingual,
        /// The rule that it breaks.
        code: Option<Code>,
    },
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}

impl JoinError {
    /// What is wrong, in German.
    #[must_use]
    pub fn in_german(&self) -> String {
        match self {
            Self::Missing { file, looked } => format!(
                "die zweite Datei `{file}` von [join] ist nicht da: {}",
                listed(looked)
            ),
            Self::Lines { path } => format!(
                "{} hat JSON-Zeilen, und [join] braucht zwei Dateien mit Spalten",
                path.display()
            ),
            Self::Unreadable {
                path, line, why, ..
            } => format!(
                "Zeile {line} von {} ist nicht zu lesen: {}",
                path.display(),
                why.german
            ),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Bilingual {
        match self {
            Self::Missing { .. } => {
                both!(
                    "put it beside the input, or correct `file` in `[join]` of the mapping",
                    "sie neben die Eingabe legen, oder `file` in `[join]` der Zuordnung berichtigen"
                )
            }
            Self::Lines { .. } => {
                both!(
                    "export it as CSV; JSON lines can hold the addresses in the customer's own line, \
                 and a mapping names them by a path like `addresses[0].city`",
                    "sie als CSV exportieren; bei JSON-Zeilen können die Adressen in der Zeile des Kunden stehen, und eine Zuordnung nennt sie mit einem Pfad wie `addresses[0].city`"
                )
            }
            Self::Unreadable {
                code: Some(Code::CellError),
                ..
            } => {
                both!(
                    "correct the formula, or write the value itself into the cell; `\"cell.error\" = \
                 \"warn\"` in `[rules]` of the mapping takes the cell as empty",
                    "die Formel berichtigen, oder den Wert selbst in die Zelle schreiben; `\"cell.error\" = \"warn\"` in `[rules]` der Zuordnung nimmt die Zelle als leer"
                )
            }
            Self::Unreadable { .. } => {
                both!(
                    "correct the row: nobody knows to which record it belongs. Rows with too few or \
                 too many fields are taken with `\"record.ragged\" = \"warn\"` in `[rules]` of the \
                 mapping",
                    "die Zeile berichtigen: niemand weiß, zu welchem Datensatz sie gehört. Zeilen mit zu wenigen oder zu vielen Feldern nimmt `\"record.ragged\" = \"warn\"` in `[rules]` der Zuordnung an"
                )
            }
        }
    }
}
