//! What a damaged value looks like, and what to do about it, in German.

use super::Facts;
use super::remedies::{columns, export, first, for_it, target, there};
use crate::outcome::damage::{FORM, WORD};
use crate::outcome::{Code, Damage};

/// What the value looks like, as a clause whose subject is the value.
pub(super) fn looks(facts: &Facts<'_>) -> Option<String> {
    let word = facts.phrase(" `", WORD, "`");
    let form = facts.phrase(" in der Form `", FORM, "`");
    // Of a single record the value itself stands there.
    let which = if facts.general {
        facts.phrase(" (`", WORD, "`)")
    } else {
        String::new()
    };
    Some(match facts.error.damage()? {
        Damage::NoValue => format!("sieht nach einem Wort für \"kein Wert\" aus{which}"),
        Damage::SheetError => {
            "sieht nach dem Fehler einer Formel in einer Tabellenkalkulation aus".to_owned()
        }
        Damage::Guard => {
            format!("sieht nach einem Wert mit dem Schutzzeichen{word} einer Tabellenkalkulation aus")
        }
        Damage::Formula => "sieht nach der Formel einer Tabellenkalkulation aus".to_owned(),
        Damage::Scientific => {
            "sieht nach einer Zahl in wissenschaftlicher Schreibweise aus: eine Tabellenkalkulation hat sie gerundet, die letzten Ziffern sind verloren".to_owned()
        }
        Damage::Html => format!("sieht nach Text mit HTML-Zeichen{word} aus"),
        Damage::Invisible => format!("enthält unsichtbare Zeichen ohne Breite{word}"),
        Damage::Mojibake => "sieht nach UTF-8 aus, das als Windows-1252 gelesen wurde".to_owned(),
        Damage::LostCharacters => {
            "sieht nach Text aus, dessen Sonderzeichen schon vorher verloren gingen".to_owned()
        }
        Damage::NoDate => format!("sieht nach einem Platzhalter für \"kein Datum\" aus{which}"),
        Damage::DateSerial => {
            "sieht nach der Tageszahl einer Tabellenkalkulation aus".to_owned()
        }
        Damage::ShortYear => {
            format!("sieht nach einem Datum mit zweistelligem Jahr{form} aus")
        }
        Damage::OtherDate if form.is_empty() => {
            "sieht nach einem Datum aus, in dem Tag und Monat vertauscht sein können".to_owned()
        }
        Damage::OtherDate => format!("sieht nach einem Datum{form} aus"),
        Damage::DecimalPoint => "sieht nach einer Zahl mit Dezimalpunkt aus".to_owned(),
        Damage::DecimalComma => "sieht nach einer Zahl mit Dezimalkomma aus".to_owned(),
        Damage::Thousands if word.is_empty() => {
            "sieht nach einer Zahl mit Tausendertrennzeichen aus".to_owned()
        }
        Damage::Thousands => {
            format!("sieht nach einer Zahl mit{word} als Tausendertrennzeichen aus")
        }
        Damage::ZeroDecimals => {
            format!("sieht nach einer ganzen Zahl mit Nachkommastellen{word} aus")
        }
        Damage::Unit => format!("sieht nach einer Zahl mit ihrer Einheit{word} aus"),
    })
}

/// What to do about damage; none where the rule's own remedy says it.
pub(super) fn remedy(facts: &Facts<'_>) -> Option<String> {
    let (target, column) = (target(facts), columns(facts));
    let (for_it, there) = (for_it(facts), there(facts));
    let word = facts.param(WORD).unwrap_or_default();
    let in_empty = || {
        format!(
            "Wenn es nichts bedeutet: {} in `empty` unter `[source]` der Zuordnung aufnehmen, oder {column} leeren.",
            if word.is_empty() {
                "den Text".to_owned()
            } else {
                format!("\"{}\"", word.replace('\\', "\\\\"))
            }
        )
    };
    let replace = |what: &str| {
        format!(
            "{what} mit `replace` von {target} in der Zuordnung entfernen, oder {column} berichtigen."
        )
    };
    Some(match facts.error.damage()? {
        Damage::NoValue | Damage::NoDate => in_empty(),
        Damage::SheetError => format!(
            "Der Wert selbst ist verloren: {column} noch einmal aus der Quelle holen oder leeren."
        ),
        Damage::Guard if facts.error.code == Code::PhoneMalformed => format!(
            "`as = \"phone\"` {for_it} in der Zuordnung setzen: das entfernt das Schutzzeichen."
        ),
        Damage::Guard if facts.error.code == Code::PostalCodeCountry => format!(
            "`as = \"postal_code\"` {for_it} in der Zuordnung setzen: das entfernt das Schutzzeichen."
        ),
        Damage::Guard => replace("Das Schutzzeichen"),
        Damage::Formula => format!(
            "Wenn der Wert wirklich so beginnt, ist nichts zu tun; sonst {column} noch einmal aus der Quelle holen."
        ),
        Damage::Scientific => format!(
            "Die Tabellenkalkulation hat ihn zerstört: {column} noch einmal aus der Quelle holen, ohne Tabellenkalkulation dazwischen; die verlorenen Ziffern lassen sich nicht wiederherstellen."
        ),
        Damage::Html => format!(
            "Die HTML-Zeichen mit `replace` von {target} in der Zuordnung übersetzen, oder {column} berichtigen."
        ),
        Damage::Invisible => replace("Diese Zeichen"),
        Damage::LostCharacters if facts.error.code != Code::TextControl => format!(
            "{} dort, wo noch alles stimmt, noch einmal als UTF-8 exportieren.",
            first(&export(facts))
        ),
        Damage::DateSerial => format!(
            "In der Tabellenkalkulation als Datum formatieren{there}, oder die Mappe selbst übergeben (XLSX), die weiß, dass dies Datumsangaben sind."
        ),
        Damage::ShortYear | Damage::OtherDate => match facts.param(FORM) {
            Some(form) => format!(
                "Auch diese Form lesen: `date` von {target} nimmt in der Zuordnung eine Liste, etwa [\"%d.%m.%Y\", \"{form}\"]."
            ),
            None if facts.error.damage() == Some(Damage::ShortYear) => format!(
                "Auch diese Form lesen: `date` von {target} nimmt in der Zuordnung eine Liste; `%y` ist ein zweistelliges Jahr."
            ),
            None => format!(
                "Mit `date` von {target} in der Zuordnung sagen, was zuerst steht, Tag oder Monat; dem Wert sieht es niemand an."
            ),
        },
        Damage::DecimalPoint => format!(
            "Wenn alles so geschrieben ist{there}: `decimal = \".\"` von {target} in der Zuordnung; sonst den Wert berichtigen."
        ),
        Damage::DecimalComma => format!(
            "Wenn alles so geschrieben ist{there}: `decimal = \",\"` von {target} in der Zuordnung; sonst den Wert berichtigen."
        ),
        Damage::Thousands if matches!(word.as_str(), "." | ",") => format!(
            "Den Wert berichtigen{there}: ohne dieses Zeichen zählten Nachkommastellen an anderer Stelle als Ziffern."
        ),
        Damage::Thousands => replace("Dieses Zeichen"),
        Damage::ZeroDecimals => format!(
            "Mit `extract` von {target} in der Zuordnung nehmen, was vor den Nachkommastellen steht, oder {column} berichtigen."
        ),
        Damage::Unit => replace("Die Einheit"),
        // The codes of encoding and control characters have their own words.
        Damage::Mojibake if facts.error.code != Code::EncodingSuspect => {
            "Die Datei noch einmal als UTF-8 exportieren, oder sagen, welchen Zeichensatz sie hat: `--encoding utf-8`."
                .to_owned()
        }
        Damage::Mojibake | Damage::LostCharacters => return None,
    })
}
