//! What to do about an error with a record, in German: in the file, in the mapping or in Wawi.

use super::super::{excerpt, visible};
use super::{Facts, groups};
use crate::outcome::Code;

/// One or two sentences that name the place to change.
pub(in crate::outcome::wording) fn remedy(facts: &Facts<'_>) -> String {
    if let Some(remedy) = super::damage::remedy(facts) {
        return remedy;
    }
    let (target, for_it) = (target(facts), for_it(facts));
    let (column, there) = (columns(facts), there(facts));
    match facts.error.code {
        Code::RequiredMissing => required(facts),
        Code::TypeInteger => whole_number(facts),
        Code::TypeDecimal => format!(
            "Sagen, wie die Datei Zahlen schreibt: `decimal = \",\"` oder `decimal = \".\"` in `[source]` der Zuordnung; sonst {column} berichtigen."
        ),
        Code::TypeBoolean => format!(
            "Eintragen{there}: ja/nein, yes/no, true/false oder 1/0; oder mit `lookup` von {target} in der Zuordnung übersetzen."
        ),
        Code::TypeDate if facts.is_no_day() => format!("{} berichtigen.", first(&column)),
        Code::TypeDate => format!(
            "Das Datumsformat angeben: `date = \"%d.%m.%Y\"` in `[source]` oder {for_it} in der Zuordnung; sonst {column} berichtigen."
        ),
        Code::TypeText => format!(
            "{} in der Zuordnung den Pfad eines einzelnen Werts nennen, etwa `address.city` oder `tags[0]`.",
            first(&for_it)
        ),
        Code::LengthMax => format!(
            "{} kürzen, oder das Abschneiden in der Zuordnung erlauben: `cut = true` {for_it}.",
            first(&column)
        ),
        Code::LengthNewer => format!(
            "Er wird gesendet, wie er ist. {} kürzen, falls diese Wawi auf eine neuere API wechselt.",
            first(&column)
        ),
        Code::Range => format!(
            "{} berichtigen, oder mit `lookup` von {target} in der Zuordnung übersetzen.",
            first(&column)
        ),
        Code::EmailMalformed | Code::PhoneMalformed | Code::UrlMalformed => contact(facts),
        Code::CountryUnknown | Code::LanguageUnknown if !facts.is_known() => format!(
            "{} berichtigen, oder die Schreibweise mit `lookup` von {target} in der Zuordnung übersetzen.",
            first(&column)
        ),
        Code::CountryUnknown => format!(
            "`as = \"country\"` {for_it} in der Zuordnung setzen: das liest Namen, ISO-Codes und Kfz-Kennzeichen. Andere Schreibweisen mit `lookup` übersetzen."
        ),
        Code::LanguageUnknown => format!(
            "`as = \"language\"` {for_it} in der Zuordnung setzen: das liest Namen, Codes und Kürzel wie de-DE. Andere Schreibweisen mit `lookup` übersetzen."
        ),
        Code::SalutationUnknown => format!(
            "Die Anrede in `lookup` von {target} in der Zuordnung aufnehmen, oder {column} berichtigen."
        ),
        Code::LookupMissing | Code::LookupAmbiguous | Code::ErpUnknownId => not_found(facts),
        Code::TemplateFailed => format!(
            "`template` von {target} in der Zuordnung berichtigen, oder {column}: `importer mapping explain` zeigt, was sie bekommt."
        ),
        Code::PostalCodeCountry
        | Code::VatIdFormat
        | Code::VatIdChecksum
        | Code::VatIdCountry => by_country(facts),
        Code::NameMissing => {
            "Nachnamen oder Firma in der Datei eintragen, oder mit `first_of` für BillingAddress.LastName in der Zuordnung einen Namen finden.".to_owned()
        }
        Code::EncodingSuspect => {
            "Die Datei noch einmal als UTF-8 exportieren, oder sagen, welchen Zeichensatz sie hat: `--encoding utf-8`. Sehen nur Teile so aus, waren sie schon vorher beschädigt: im Shop berichtigen.".to_owned()
        }
        Code::TextSuspect => format!(
            "Nachsehen{there}; `\"text.suspect\" = \"off\"` in `[rules]` der Zuordnung schaltet diese Warnung ab."
        ),
        Code::DateSuspect => format!(
            "Er wird gesendet, wie er ist. Nachsehen{there}, auch nach der Reihenfolge von Tag, Monat und Jahr in `date` der Zuordnung."
        ),
        Code::TextControl => {
            format!("Die Steuerzeichen entfernen{there}{}", or_switch(facts))
        }
        Code::PropertyUnknown => {
            "Die Schreibweise berichtigen oder die Eigenschaft entfernen; `importer mapping fields` zeigt, was die API hat.".to_owned()
        }
        _ => of_the_record(facts),
    }
}

/// The field in the dative.
fn whole_number(facts: &Facts<'_>) -> String {
    let (target, there) = (target(facts), there(facts));
    if facts.is_amount() {
        let (sign, amount) = facts.amount();
        return format!(
            "Ganze Beträge eintragen{there}; in der Zuordnung macht `extract = '^([\\d{sign}]+)', replace = {{ \"{sign}\" = \"\" }}` von {target} 1234 aus {amount}."
        );
    }
    format!(
        "Nur Ziffern eintragen{there}, oder Texte mit `lookup` von {target} in der Zuordnung übersetzen."
    )
}

pub(super) fn target(facts: &Facts<'_>) -> String {
    if facts.error.target.is_empty() {
        "diesem Feld".to_owned()
    } else {
        visible(&facts.error.target)
    }
}

/// For the field.
pub(super) fn for_it(facts: &Facts<'_>) -> String {
    if facts.error.target.is_empty() {
        "für dieses Feld".to_owned()
    } else {
        format!("für {}", visible(&facts.error.target))
    }
}

pub(super) fn columns(facts: &Facts<'_>) -> String {
    match facts.error.columns.as_slice() {
        [] => "den Wert in der Datei".to_owned(),
        [one] => format!("Spalte `{}`", excerpt(one)),
        [one, ..] => format!("Spalte `{}` und die zugehörigen", excerpt(one)),
    }
}

/// Where in the file something is to be changed, in parentheses; nothing if no column is known.
pub(super) fn there(facts: &Facts<'_>) -> String {
    match facts.error.columns.is_empty() {
        true => String::new(),
        false => format!(" ({})", columns(facts)),
    }
}

/// What is to be taken from its source once more.
pub(super) fn export(facts: &Facts<'_>) -> String {
    match facts.error.columns.is_empty() {
        true => "die Datei".to_owned(),
        false => columns(facts),
    }
}

/// The text at the beginning of a sentence.
pub(super) fn first(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}", letters.as_str())
}

/// The end of a remedy for a rule that may be switched.
fn or_switch(facts: &Facts<'_>) -> String {
    format!(
        "; mit `\"{}\" = \"warn\"` in `[rules]` der Zuordnung wird der Datensatz dennoch gesendet.",
        facts.error.code
    )
}

fn required(facts: &Facts<'_>) -> String {
    let target = target(facts);
    let ids = match target.as_str() {
        "CustomerGroupId" => " Die Ids stehen in der Wawi unter Kunden > Kundengruppen.",
        _ => "",
    };
    if facts.error.columns.is_empty() {
        if target == "BillingAddress" {
            return "Mindestens City, CountryIso und LastName oder Company in `[customer.BillingAddress]` zuordnen.".to_owned();
        }
        return format!(
            "{} in der Zuordnung eine Spalte oder einen `value` geben.{ids}",
            first(&target)
        );
    }
    format!(
        "{} ausfüllen, oder {target} in der Zuordnung einen `default` geben.{ids}",
        first(&columns(facts))
    )
}

fn not_found(facts: &Facts<'_>) -> String {
    let (target, column) = (target(facts), columns(facts));
    let has = |name: &str| facts.error.params.contains_key(name);
    match facts.error.code {
        Code::LookupMissing if has("list") => format!(
            "In der Wawi anlegen, mit `lookup` oder `replace` von {target} in der Zuordnung umbenennen, oder dort `otherwise` setzen (\"keep\" nimmt Zahlen als Ids, \"empty\", oder ein Name)."
        ),
        Code::LookupAmbiguous => format!(
            "Einen davon in der Wawi umbenennen, oder die Id mit `lookup` von {target} in der Zuordnung angeben."
        ),
        Code::ErpUnknownId => format!(
            "{} oder die Zuordnung von {target} berichtigen; `importer list` zeigt die Ids.",
            first(&column)
        ),
        _ if has("file") => format!(
            "Den Wert in jene Datei aufnehmen (`lookup_file` von {target} in der Zuordnung), oder dort `otherwise` setzen (\"keep\", \"empty\" oder ein Wert)."
        ),
        _ => format!(
            "Den Wert in `lookup` von {target} in der Zuordnung aufnehmen, oder dort `otherwise` setzen (\"keep\", \"empty\" oder ein Wert)."
        ),
    }
}

fn contact(facts: &Facts<'_>) -> String {
    let (target, for_it) = (target(facts), for_it(facts));
    let (column, there) = (columns(facts), there(facts));
    let start = first(&column);
    let switch = or_switch(facts);
    match (facts.error.code, facts.hint()) {
        (Code::EmailMalformed, Some("several")) => format!(
            "Nur eine Adresse stehen lassen{there}, oder mit `extract` von {target} in der Zuordnung die erste nehmen."
        ),
        (Code::EmailMalformed, Some("mailto" | "display_name" | "blank")) => format!(
            "Nur die bloße Adresse stehen lassen{there}, oder sie mit `extract` von {target} in der Zuordnung herausnehmen."
        ),
        (Code::PhoneMalformed, Some("scientific")) => format!(
            "{} noch einmal als Text aus dem Shop exportieren, ohne Tabellenkalkulation dazwischen; die verlorenen Ziffern lassen sich nicht wiederherstellen.",
            first(&export(facts))
        ),
        (Code::PhoneMalformed, Some("guard")) => {
            format!("`as = \"phone\"` {for_it} in der Zuordnung setzen, oder {column} berichtigen.")
        }
        (Code::EmailMalformed | Code::PhoneMalformed, _) => {
            format!("{start} berichtigen oder leeren{switch}")
        }
        _ => format!("{start} berichtigen oder leeren (eine Adresse wie `www.example.de`){switch}"),
    }
}

fn by_country(facts: &Facts<'_>) -> String {
    let (target, for_it) = (target(facts), for_it(facts));
    let (column, there) = (columns(facts), there(facts));
    let start = first(&column);
    let switch = or_switch(facts);
    match (facts.error.code, facts.hint()) {
        (Code::PostalCodeCountry, Some("lost_zero")) => format!(
            "`as = \"postal_code\"` {for_it} in der Zuordnung setzen: das gibt deutschen Postleitzahlen mit vier Ziffern ihre Null zurück."
        ),
        (Code::PostalCodeCountry, Some("prefix")) => format!(
            "`as = \"postal_code\"` {for_it} in der Zuordnung setzen: das entfernt Kennzeichen wie `D-`."
        ),
        (Code::PostalCodeCountry, _) => {
            format!("{start} berichtigen, oder das Land derselben Anschrift{switch}")
        }
        (Code::VatIdFormat, Some("separators")) => format!(
            "`as = \"vat_id\"` {for_it} in der Zuordnung setzen: das entfernt Leer- und Satzzeichen."
        ),
        (Code::VatIdFormat, Some("greece")) => format!(
            "EL statt GR schreiben{there}, oder `replace` {for_it} in der Zuordnung setzen."
        ),
        (Code::VatIdFormat, Some("no_prefix")) => format!(
            "Das Länderkennzeichen vor die Nummer setzen{there}, oder mit `join` von {target} in der Zuordnung."
        ),
        (Code::VatIdFormat, Some("lost_zero")) => {
            format!("Belgische Nummern haben zehn Ziffern: eine 0 vor die neun setzen{there}.")
        }
        (Code::VatIdFormat, _) => format!("{start} berichtigen oder leeren{switch}"),
        (Code::VatIdChecksum, _) => format!(
            "Wahrscheinlich ist eine Ziffer vertippt: beim Kunden nachfragen, dann {column} berichtigen{switch}"
        ),
        _ => format!(
            "Ist die Firma im Ausland registriert, so ist nichts zu tun; sonst {column} oder das Land berichtigen."
        ),
    }
}

/// Another key, as what a record is given.
pub(super) fn other_key(facts: &Facts<'_>) -> String {
    match super::key(facts) {
        Some(key) => format!("eine andere {key}"),
        None => "einen anderen Schlüssel".to_owned(),
    }
}

fn key_missing(facts: &Facts<'_>) -> String {
    let (target, for_it) = (target(facts), for_it(facts));
    let fill = if facts.error.columns.is_empty() {
        format!("{} eine Spalte zuordnen", first(&target))
    } else {
        format!("{} ausfüllen", first(&columns(facts)))
    };
    format!(
        "{fill}, oder mit `first_of` {for_it} in der Zuordnung weitere Spalten versuchen; mit `--allow-unkeyed` wird er auch so gesendet."
    )
}

fn of_the_record(facts: &Facts<'_>) -> String {
    let switch = or_switch(facts);
    match facts.error.code {
        Code::KeyMissing => key_missing(facts),
        Code::KeyDuplicate => groups::come_again(facts).unwrap_or_else(|| {
            let other = other_key(facts);
            format!("Einen der beiden Datensätze entfernen oder ihm {other} geben; aus Zeilen, die aufeinanderfolgen, macht `[group]` in der Zuordnung einen Kunden.")
        }),
        Code::GroupHeadless
        | Code::GroupTooLarge
        | Code::GroupUncertain
        | Code::GroupFailed
        | Code::JoinMissing
        | Code::JoinAmbiguous => groups::remedy(facts),
        Code::KeyExists => {
            "Den Datensatz entfernen, oder vorhandene Kunden in Ruhe lassen: `--existing skip --retry-failed`.".to_owned()
        }
        Code::PersonDuplicate | Code::EmailDuplicate => format!(
            "Prüfen, ob beide derselbe Kunde sind, und dann einen entfernen; `\"{}\" = \"off\"` in `[rules]` der Zuordnung schaltet diese Warnung ab.",
            facts.error.code
        ),
        Code::RecordRagged => format!(
            "Werte, die das Trennzeichen enthalten, in Anführungszeichen setzen, oder `--delimiter` prüfen{switch} Fehlende Felder gelten dann als leer, überzählige bleiben unbeachtet."
        ),
        Code::CellError => format!(
            "Die Formel berichtigen, oder den Wert selbst in die Zelle schreiben{switch} Die Zelle gilt dann als leer."
        ),
        Code::RecordQuote => {
            "Das Anführungszeichen in der Datei schließen, oder eines verdoppeln, das zum Wert gehört.".to_owned()
        }
        Code::RecordTooLarge => {
            "In der Datei nach einem Anführungszeichen suchen, das nie geschlossen wird, hier oder kurz davor; in JSON nach einem fehlenden Zeilenumbruch.".to_owned()
        }
        Code::AttemptsExhausted => {
            "Noch einmal senden, sobald der Server wieder gesund ist: derselbe Befehl mit `--retry-failed`.".to_owned()
        }
        Code::EncodingInvalid if facts.param("reason").as_deref() == Some("nul") => {
            "Die Datei noch einmal als UTF-8 exportieren, oder sagen, welchen Zeichensatz sie hat: `--encoding utf-16le`.".to_owned()
        }
        Code::EncodingInvalid => {
            "Sagen, welchen Zeichensatz die Datei hat, etwa `--encoding windows-1252`, oder sie noch einmal als UTF-8 exportieren.".to_owned()
        }
        _ => "In jede Zeile ein JSON-Objekt schreiben, jeden Schlüssel einmal, oder die Datei noch einmal exportieren.".to_owned(),
    }
}
