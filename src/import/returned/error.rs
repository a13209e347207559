//! Why a returned file cannot be taken as it is.

use crate::outcome::telling::{counted, thousands_in};
use crate::outcome::{Bilingual, Language, both};
use std::path::PathBuf;

/// Why a returned file cannot be taken as it is. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ReturnedError {
    /// It has records of more than one run.
    #[error(
        "{} has records of several runs: {first} (line {first_line}) and {second} (line {line})",
        path.display()
    )]
    SeveralRuns {
        /// The file.
        path: PathBuf,
        /// A run.
        first: String,
        /// Where it is named.
        first_line: u64,
        /// Another run.
        second: String,
        /// Where that one is named.
        line: u64,
    },
    /// Only one of `_run` and `_record` is there, or the number is none.
    #[error("line {line} of {} does not say which record it corrects: {}", path.display(), why.english)]
    Unclear {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What is wrong.
        why: Bilingual,
    },
    /// Two records correct the same one.
    #[error(
        "lines {first_line} and {line} of {} both correct record {record} of run {run}",
        path.display()
    )]
    Repeated {
        /// The file.
        path: PathBuf,
        /// The run.
        run: String,
        /// The record.
        record: u64,
        /// A line.
        first_line: u64,
        /// Another line.
        line: u64,
    },
    /// The run has no such record.
    #[error(
        "line {line} of {} corrects record {record} of run {run}, which has only {read}",
        path.display()
    )]
    Beyond {
        /// The file.
        path: PathBuf,
        /// The run.
        run: String,
        /// The record.
        record: u64,
        /// The line.
        line: u64,
        /// Records of the run.
        read: u64,
    },
    /// The run has not yet dealt with the record.
    #[error(
        "line {line} of {} corrects record {record} of run {run}, which that run has still to send",
        path.display()
    )]
    StillOpen {
        /// The file.
        path: PathBuf,
        /// The run.
        run: String,
        /// The record.
        record: u64,
        /// The line.
        line: u64,
    },
    /// A row that names no customer stands below another customer than in its run.
    #[error(
        "line {line} of {} corrects record {record} of run {run}, which belongs to the customer \
         of record {lead} there, but it stands below another customer here",
        path.display()
    )]
    Strayed {
        /// The file.
        path: PathBuf,
        /// The run.
        run: String,
        /// The record.
        record: u64,
        /// The line.
        line: u64,
        /// The first record of its customer.
        lead: u64,
    },
    /// The run went into another ERP.
    #[error("{} corrects run {run}, which went into `{theirs}`; this is `{here}`", path.display())]
    OtherTarget {
        /// The file.
        path: PathBuf,
        /// The run.
        run: String,
        /// Its target.
        theirs: String,
        /// The target of this command.
        here: String,
    },
    /// It was changed where nothing was wrong, and nobody has accepted that.
    #[error(
        "{} of {} {} from the input of run {run} although nothing was wrong there: {}; nothing was \
         sent",
        counted(*cells, "cell"),
        path.display(),
        if *cells == 1 { "differs" } else { "differ" },
        columns.join(", ")
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// The run.
        run: String,
        /// How many cells.
        cells: u64,
        /// Their columns.
        columns: Vec<String>,
    },
}

impl ReturnedError {
    /// What is wrong, in German.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a catalogue: a text for each error")]
    pub fn in_german(&self) -> String {
        match self {
            Self::SeveralRuns {
                path,
                first,
                first_line,
                second,
                line,
            } => format!(
                "in {} stehen Datensätze mehrerer Läufe: {first} (Zeile {first_line}) und \
                 {second} (Zeile {line})",
                path.display()
            ),
            Self::Unclear { path, line, why } => format!(
                "Zeile {line} von {} sagt nicht, welchen Datensatz sie berichtigt: {}",
                path.display(),
                why.german
            ),
            Self::Repeated {
                path,
                run,
                record,
                first_line,
                line,
            } => format!(
                "die Zeilen {first_line} und {line} von {} berichtigen beide den Datensatz \
                 {record} des Laufs {run}",
                path.display()
            ),
            Self::Beyond {
                path,
                run,
                record,
                line,
                read,
            } => format!(
                "Zeile {line} von {} berichtigt den Datensatz {record} des Laufs {run}, der nur \
                 {read} hat",
                path.display()
            ),
            Self::StillOpen {
                path,
                run,
                record,
                line,
            } => format!(
                "Zeile {line} von {} berichtigt den Datensatz {record} des Laufs {run}, den jener \
                 Lauf noch zu senden hat",
                path.display()
            ),
            Self::Strayed {
                path,
                run,
                record,
                line,
                lead,
            } => format!(
                "Zeile {line} von {} berichtigt den Datensatz {record} des Laufs {run}; der gehört \
                 dort zum Kunden des Datensatzes {lead}, steht hier aber unter einem anderen",
                path.display()
            ),
            Self::OtherTarget {
                path,
                run,
                theirs,
                here,
            } => format!(
                "{} berichtigt den Lauf {run}, und der ging nach `{theirs}`; dies ist `{here}`",
                path.display()
            ),
            Self::Altered {
                path,
                run,
                cells,
                columns,
            } => {
                let differ = match cells {
                    1 => "1 Zelle weicht".to_owned(),
                    _ => format!("{} Zellen weichen", thousands_in(*cells, Language::German)),
                };
                format!(
                    "in {}: {differ} von der Eingabe des Laufs {run} ab, obwohl dort nichts falsch \
                     war: {}; es wurde nichts gesendet",
                    path.display(),
                    columns.join(", ")
                )
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Bilingual {
        match self {
            Self::SeveralRuns { .. } => both!(
                "make a file for each run",
                "für jeden Lauf eine eigene Datei machen"
            ),
            Self::Unclear { .. } => {
                both!(
                    "leave `_run` and `_record` as they came, or empty both where the record is a \
                 new one",
                    "`_run` und `_record` lassen, wie sie kamen, oder beide leeren, wo der Datensatz ein neuer ist"
                )
            }
            Self::Repeated { .. } => {
                both!(
                    "keep one of them; if the other is a customer of its own, empty its `_run` and \
                 `_record`",
                    "einen davon behalten; ist der andere ein eigener Kunde, seine Felder `_run` und `_record` leeren"
                )
            }
            Self::Beyond { .. } => {
                both!(
                    "leave `_run` and `_record` as they came; begin anew with the file that the \
                 report has",
                    "`_run` und `_record` lassen, wie sie kamen; mit der Datei aus dem Bericht neu anfangen"
                )
            }
            Self::StillOpen { run, .. } => both!(
                "finish that run first by the same command over its input; `importer runs` tells \
                 which one that is, `importer show {run}` how far it came",
                "zuerst jenen Lauf mit demselben Befehl über seine Eingabe zu Ende bringen; `importer runs` sagt, welche das ist, `importer show {run}`, wie weit er kam"
            ),
            Self::Strayed { .. } => {
                both!(
                    "put the rows back into the order that they came in, sorted by `_record`, and \
                 leave each customer's first row above its others; or fill the column of \
                 `[group] by` in all of them",
                    "die Zeilen wieder in ihre Reihenfolge bringen, nach `_record` sortiert, und die erste Zeile jedes Kunden über seinen weiteren lassen; oder die Spalte von `[group] by` in allen ausfüllen"
                )
            }
            Self::OtherTarget { .. } => {
                both!(
                    "choose the right one with `--profile`, `--base-url` or `--tenant-id`; to import \
                 it here all the same, as an input of its own, remove the columns `_run` and \
                 `_record`",
                    "mit `--profile`, `--base-url` oder `--tenant-id` die richtige wählen; um die Datei dennoch hier zu importieren, als eigene Eingabe, die Spalten `_run` und `_record` entfernen"
                )
            }
            Self::Altered { .. } => {
                both!(
                    "a spreadsheet changes numbers and dates when it opens a file: import the columns \
                 as text and correct it once more; if the changes are meant, `--accept-changes` \
                 sends them",
                    "eine Tabellenkalkulation verändert beim Öffnen Zahlen und Daten: die Spalten als Text einlesen und noch einmal berichtigen; sind die Änderungen gewollt, sendet `--accept-changes` sie"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cell_and_several_are_told_in_german() {
        for (cells, told) in [
            (1, ": 1 Zelle weicht von"),
            (2_000, ": 2.000 Zellen weichen von"),
        ] {
            let altered = ReturnedError::Altered {
                path: PathBuf::from("failed.csv"),
                run: "r1".to_owned(),
                cells,
                columns: vec!["PLZ".to_owned()],
            };
            let text = altered.in_german();
            assert!(
                text.contains(told) && text.ends_with("falsch war: PLZ; es wurde nichts gesendet"),
                "{text}"
            );
        }
    }
}
