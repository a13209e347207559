//! What to do about what ends a run before it has a summary.

use super::{ImportError, Rewrite};
use crate::deliver::client::ClientError;
use crate::outcome::telling::shell_word;
use crate::outcome::{Bilingual, Ending, Stop, both};
use crate::report::ReportError;
use crate::source::room_for_temporary;

impl ImportError {
    /// What to do about it.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a catalogue: a text for each error")]
    pub fn help(&self) -> Option<Bilingual> {
        let text = match self {
            Self::CutShort { .. }
            | Self::Unreported { .. }
            | Self::NeedsMapping { .. }
            | Self::OtherExport { .. } => return self.help_with_input(),
            Self::Unwritten { source, rewrite } => return Some(help_if_unwritten(source, rewrite)),
            Self::Returned(error) => return Some(error.help()),
            Self::Join(error) => return Some(error.help()),
            Self::Source(error) => return error.help(),
            Self::Mapping(error) => return error.help(),
            Self::Journal(error) => return error.help(),
            Self::Report(error) => return error.help(),
            Self::Resolve(error) => return Some(error.help()),
            Self::ElsewhereRun { .. } => {
                both!(
                    "give the same `--profile`, `--base-url` and `--tenant-id` as the run had",
                    "dieselben `--profile`, `--base-url` und `--tenant-id` angeben, die der Lauf hatte"
                )
            }
            Self::Client(ClientError::Url { .. }) => both!(
                "check `base_url` and `path`",
                "`base_url` und `path` prüfen"
            ),
            Self::Client(_) => both!(
                "check the settings of the target and its credentials",
                "die Einstellungen des Ziels und seine Zugangsdaten prüfen"
            ),
            Self::Ledger(_) => {
                both!(
                    "make room on the disk; then the same command goes on where this one stopped",
                    "auf dem Datenträger Platz schaffen; dann macht derselbe Befehl weiter, wo dieser anhielt"
                )
            }
            Self::Spool { .. } => {
                both!(
                    "make room on the disk, or choose another `--state-dir` (for a dry run another \
                     `--report-dir`)",
                    "auf dem Datenträger Platz schaffen, oder ein anderes `--state-dir` wählen (für einen Probelauf ein anderes `--report-dir`)"
                )
            }
            Self::Temporary { .. } => room_for_temporary(),
            Self::Payloads(_) => both!(
                "choose another file for `--payloads`",
                "für `--payloads` eine andere Datei wählen"
            ),
            Self::Format(_) => both!(
                "write `csv`, `jsonl`, `xlsx` or `ods`",
                "`csv`, `jsonl`, `xlsx` oder `ods` schreiben"
            ),
            Self::NoRecords { .. } => {
                both!(
                    "check that the export is complete; `--allow-empty` accepts an input without records",
                    "prüfen, ob der Export vollständig ist; `--allow-empty` nimmt eine Eingabe ohne Datensätze an"
                )
            }
            Self::Untold { .. } => return self.help_if_untold(),
            Self::NoSuchRecord { .. } => both!(
                "records are counted from 1, without the header",
                "Datensätze zählen ab 1, ohne die Kopfzeile"
            ),
            Self::NoTarget => {
                both!(
                    "set `base_url` in importer.toml or give `--base-url`; `--sandbox` imports into a \
                 stand-in, `--dry-run` sends nothing",
                    "`base_url` in importer.toml setzen oder `--base-url` angeben; `--sandbox` importiert in eine Attrappe, `--dry-run` sendet nichts"
                )
            }
            Self::OtherTarget { .. } => {
                both!(
                    "check the address; if the ERP was really moved or restored, `--target-changed` accepts it",
                    "die Adresse prüfen; ist die Wawi wirklich umgezogen oder wiederhergestellt, nimmt `--target-changed` sie an"
                )
            }
            Self::AgainUnasked(_) => {
                both!(
                    "leave out `--existing send`: it would create every customer a second time",
                    "`--existing send` weglassen: es würde jeden Kunden ein zweites Mal anlegen"
                )
            }
            Self::NoSuchRun(_) => both!(
                "`importer runs` lists the runs",
                "`importer runs` zählt die Läufe auf"
            ),
            Self::InputGone { run, .. } => {
                return Some(both!(
                    "say where it lies now: `importer report {run} --input FILE`",
                    "sagen, wo sie jetzt liegt: `importer report {run} --input DATEI`"
                ));
            }
            Self::OtherInput { .. } => both!(
                "give the input that was imported with `--input FILE`",
                "die importierte Eingabe mit `--input DATEI` angeben"
            ),
            Self::OtherSecondFile { .. } => {
                both!(
                    "put both files into a folder as they were then, and name the input there with \
                 `--input FILE`",
                    "beide Dateien, wie sie damals waren, in einen Ordner legen, und die Eingabe dort mit `--input DATEI` nennen"
                )
            }
            Self::Interrupted(_) | Self::Declined => both!(
                "the same command starts again",
                "derselbe Befehl fängt noch einmal an"
            ),
            Self::Unforgotten => return None,
            Self::NobodyToAsk => both!("add --yes to the command", "dem Befehl --yes hinzufügen"),
            Self::NoSuchTarget { known, .. } if known.is_empty() => {
                both!("there are no runs yet", "es gibt noch keine Läufe")
            }
            Self::NoSuchTarget { known, .. } => {
                return Some(both!(
                    "the targets are: {names}",
                    "die Ziele sind: {names}",
                    names = known.join(", ")
                ));
            }
            Self::StillNeeded { run, unknown } => return Some(help_if_needed(run, *unknown)),
            Self::StillSpooled { run } => {
                return Some(both!(
                    "finish that run or `importer forget {run} --force`, then give the same \
                     command again",
                    "jenen Lauf zu Ende bringen oder mit `importer forget {run} --force` vergessen, dann denselben Befehl noch einmal geben"
                ));
            }
            Self::Workers(_) | Self::Sandbox(_) => {
                both!(
                    "see to it that the machine has memory, threads, ports and open files left; then \
                 start the same command again",
                    "dafür sorgen, dass der Rechner Speicher, Threads, Ports und offene Dateien übrig hat; dann denselben Befehl noch einmal starten"
                )
            }
            Self::Internal(_) => both!(
                "please report it with the command that you typed",
                "bitte mit dem eingegebenen Befehl melden"
            ),
        };
        Some(text)
    }

    /// What to do about the input.
    fn help_with_input(&self) -> Option<Bilingual> {
        Some(match self {
            Self::CutShort { run, .. } => both!(
                "`importer show {run}` tells what was created; the same command over the \
                 changed file leaves those customers alone",
                "`importer show {run}` sagt, was angelegt wurde; derselbe Befehl über die geänderte Datei lässt diese Kunden in Ruhe"
            ),
            Self::Unreported { run: None, .. } => both!(
                "give the same command again: the sandbox's journal is gone",
                "denselben Befehl noch einmal geben: das Journal der Sandbox ist fort"
            ),
            Self::Unreported { run: Some(run), .. } => both!(
                "`importer show {run}` tells the numbers; `importer report {run} --input \
                 FILE` makes the report from the file as it was",
                "`importer show {run}` sagt die Zahlen; `importer report {run} --input DATEI` macht den Bericht aus der Datei, wie sie war"
            ),
            Self::NeedsMapping { path } => {
                let file = shell_word(&path.display().to_string());
                both!(
                    "`importer mapping new {file} -o MAPPING.toml` proposes one; then name \
                     one with -m: that file, or a ready-made one, -m builtin:NAME. Only JSON \
                     objects in the API's own shape need none",
                    "`importer mapping new {file} -o MAPPING.toml` schlägt eine vor; dann eine mit -m nennen: diese Datei, oder eine fertige, -m builtin:NAME. Nur JSON-Objekte in der Form der API brauchen keine"
                )
            }
            Self::OtherExport { path, .. } => {
                let file = shell_word(&path.display().to_string());
                both!(
                    "is it this program's export? `importer mapping new {file} -o FILE` proposes a \
                     mapping for any other; if it is, `--encoding` says what it was written in",
                    "ist es ein Export dieses Programms? Für jeden anderen schlägt `importer mapping new {file} -o DATEI` eine Zuordnung vor; ist es einer, sagt `--encoding`, worin er geschrieben wurde"
                )
            }
            _ => return None,
        })
    }

    /// What to do when the ERP does not tell.
    fn help_if_untold(&self) -> Option<Bilingual> {
        let Self::Untold {
            by_name, ending, ..
        } = self
        else {
            return None;
        };
        let ids = if *by_name {
            both!(
                "; or write ids in place of names: {{ value = 1 }}, or `lookup = {{ \"Name\" = 1 }}`, \
                 without `as`",
                "; oder statt der Namen Ids schreiben: {{ value = 1 }}, oder \
                 `lookup = {{ \"Name\" = 1 }}`, ohne `as`"
            )
        } else {
            Bilingual::default()
        };
        Some(match &**ending {
            Ending::Stopped(Stop::CannotRead { status: 403 }) => {
                both!([ids] "grant the scope `all.read` to the app{ids}", "der App den Scope `all.read` geben{ids}")
            }
            Ending::Stopped(Stop::Address { status: 404 }) => both!([ids]
                "check `base_url` and `path` (the lists stand beside the customers); this version \
                 of the API may not have the list{ids}", "`base_url` und `path` prüfen (die Listen stehen neben den Kunden); diese Version der API hat die Liste vielleicht nicht{ids}"
            ),
            Ending::Stopped(stop) => {
                let mut todo = stop.todo();
                todo.english.push_str(&ids.english);
                todo.german.push_str(&ids.german);
                todo
            }
            _ => both!(
                "nothing was sent; the same command starts again",
                "es wurde nichts gesendet; derselbe Befehl fängt noch einmal an"
            ),
        })
    }
}

/// How to get a report that could not be written.
fn help_if_unwritten(error: &ReportError, rewrite: &Rewrite) -> Bilingual {
    let first = match error {
        ReportError::Folder { .. } | ReportError::NotAFolder { .. } => both!(
            "see to it that the folder can be made and written to",
            "dafür sorgen, dass der Ordner angelegt und beschrieben werden kann"
        ),
        ReportError::Write { .. } | ReportError::Name { .. } => both!(
            "see to it that the disk has room and the folder may be written to",
            "dafür sorgen, dass der Datenträger Platz hat und in den Ordner geschrieben werden darf"
        ),
    };
    let then = match rewrite {
        Rewrite::Command(command) => both!(
            "every outcome is in the journal, and `{command}` writes the report from it; the \
             same command as before does so, too, and closes the run",
            "jedes Ergebnis steht im Journal, und `{command}` schreibt daraus den Bericht; derselbe Befehl wie zuvor tut es auch und schließt den Lauf ab"
        ),
        Rewrite::DryRun => both!(
            "then start the dry run again",
            "dann den Probelauf noch einmal starten"
        ),
        Rewrite::Sandbox => both!(
            "then give the same command again: the sandbox's journal is gone",
            "dann denselben Befehl noch einmal geben: das Journal der Sandbox ist fort"
        ),
    };
    Bilingual {
        english: format!("{}; {}", first.english, then.english),
        german: format!("{}; {}", first.german, then.german),
    }
}

/// What to do about a run that cannot be forgotten yet.
fn help_if_needed(run: &str, unknown: u64) -> Bilingual {
    if unknown == 0 {
        both!(
            "the command that began it finishes it (`importer runs` tells its input); \
             `importer forget {run} --force` forgets it as it is",
            "der Befehl, der ihn begann, bringt ihn zu Ende (`importer runs` nennt seine Eingabe); `importer forget {run} --force` vergisst ihn, wie er ist"
        )
    } else {
        both!(
            "`importer reconcile {run}` looks them up, `importer resolve {run} RECORD` settles \
             one by hand; then give the same command again",
            "`importer reconcile {run}` sieht sie nach, `importer resolve {run} RECORD` klärt einen von Hand; dann denselben Befehl noch einmal geben"
        )
    }
}
