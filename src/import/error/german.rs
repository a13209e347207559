//! What ends a run before it has a summary, in German.

use super::ImportError;
use crate::outcome::Language;

impl ImportError {
    /// What went wrong, in German; its cause is not in it. None where it is told in English only.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a catalogue: a text for each error")]
    pub fn in_german(&self) -> Option<String> {
        Some(match self {
            Self::Source(error) => error.in_german(),
            Self::Journal(error) => error.in_german(),
            Self::Report(error) => error.in_german(),
            Self::Mapping(_) | Self::Client(_) => return None,
            Self::Ledger(error) => error.in_german(),
            Self::Join(error) => error.in_german(),
            Self::Returned(error) => error.in_german(),
            Self::Resolve(error) => error.in_german(),
            Self::NeedsMapping { path } => format!(
                "{} braucht eine Zuordnung: die Datei hat Spalten, und nichts sagt, was sie sind",
                path.display()
            ),
            Self::OtherExport {
                mapping, source, ..
            } => format!("{}, wie {mapping} es erwartet", source.in_german()),
            Self::Unwritten { source, .. } => source.in_german(),
            Self::Spool { path, .. } => format!(
                "Zwischenergebnisse lassen sich nicht in {} ablegen",
                path.display()
            ),
            Self::Temporary { path, .. } => format!(
                "in {}, dem Ordner für temporäre Dateien, lässt sich nichts ablegen",
                path.display()
            ),
            Self::Payloads(_) => "die Datensätze lassen sich nicht schreiben".to_owned(),
            Self::Format(format) => format!("`format = \"{format}\"` liest diese Version nicht"),
            Self::NoRecords { path } => format!("{} hat keine Datensätze", path.display()),
            Self::Untold { ending, .. } => format!(
                "die Wawi ließ sich nicht befragen: {}",
                ending.message_in(Language::German)
            ),
            Self::NoSuchRecord { path, record, read } => format!(
                "Datensatz {record} gibt es nicht: {} hat {read} Datensätze",
                path.display()
            ),
            Self::NoTarget => "es ist kein Ziel eingestellt".to_owned(),
            Self::OtherTarget { target } => format!(
                "der Server an dieser Adresse ist nicht der, der `{target}` zuvor war: keine \
                 seiner Firmen ist bekannt"
            ),
            Self::AgainUnasked(run) => format!(
                "der Lauf {run} wurde mit --again begonnen; die Wawi muss deshalb gefragt werden, \
                 welche Kunden sie hat"
            ),
            Self::ElsewhereRun { run, target, named } => format!(
                "der Lauf {run} ging nach {target}, und das ist nicht, was die Einstellungen \
                 nennen: {named}"
            ),
            Self::NoSuchRun(run) => format!("den Lauf `{run}` gibt es nicht"),
            Self::OtherInput { path } => format!(
                "{} ist nicht die Eingabe, die der Lauf gelesen hat: der Inhalt ist ein anderer",
                path.display()
            ),
            Self::OtherSecondFile { path } => format!(
                "die zweite Datei {} ist nicht die, die der Lauf gelesen hat: der Inhalt ist ein \
                 anderer",
                path.display()
            ),
            Self::Interrupted(_) => "unterbrochen, bevor etwas gesendet wurde".to_owned(),
            Self::CutShort { source, .. } => {
                format!("{}; der Lauf hielt dort an", source.in_german())
            }
            Self::Unreported { source, .. } => format!(
                "jeder Datensatz ist erledigt, aber der Bericht ließ sich nicht machen: {}",
                source.in_german()
            ),
            Self::Declined => "es wurde nichts gesendet".to_owned(),
            Self::InputGone { run, path } => format!(
                "die Eingabe des Laufs {run} ist nicht mehr unter {}",
                path.display()
            ),
            Self::Unforgotten => "es wurde nichts vergessen".to_owned(),
            Self::NobodyToAsk => "niemand ist da, der gefragt werden könnte, und Vergessen lässt \
                                  sich nicht rückgängig machen"
                .to_owned(),
            Self::NoSuchTarget { name, .. } => format!("das Ziel `{name}` gibt es nicht"),
            Self::StillNeeded { run, unknown } => match unknown {
                0 => format!("der Lauf {run} ist nicht zu Ende"),
                1 => format!(
                    "aus dem Lauf {run} wurde 1 Datensatz gesendet, von dem noch niemand weiß, ob \
                     er angelegt wurde"
                ),
                _ => format!(
                    "aus dem Lauf {run} wurden {unknown} Datensätze gesendet, von denen noch \
                     niemand weiß, ob sie angelegt wurden"
                ),
            },
            Self::StillSpooled { run } => format!(
                "der Lauf {run} ist nicht zu Ende, und was er von seiner Standardeingabe \
                 aufbewahrt, erwähnt den Kunden"
            ),
            Self::Workers(_) => "die Threads des Programms ließen sich nicht starten".to_owned(),
            Self::Sandbox(_) => "die Sandbox startet nicht".to_owned(),
            Self::Internal(what) => format!("ein Fehler in diesem Programm: {what}"),
        })
    }
}
