//! Die deutschen Texte, in den Worten der Wawi: Kundennummer, Pflichtfeld, Datensatz.

mod damage;
mod groups;
mod remedies;
mod runs;

use super::Facts;
use crate::outcome::Code;

pub(super) use remedies::remedy;
pub(super) use runs::{ended, ending, stop, stop_remedy, stop_todo, unknown};

/// Stands for a value that is not shown.
pub(super) const THE_VALUE: &str = "der Wert";

/// `Spalte …` or `Spalten …`.
pub(super) fn columns(count: usize, names: &str) -> String {
    let word = if count == 1 { "Spalte" } else { "Spalten" };
    format!("{word} {names}")
}

/// What is wrong, as a clause that goes on after a colon and has no full stop; then what the
/// value looks like.
pub(super) fn wrong(facts: &Facts<'_>) -> String {
    let rule = broken_rule(facts);
    match damage::looks(facts) {
        Some(looks) if facts.error.code == Code::TextSuspect => {
            format!("{} {looks}", facts.value)
        }
        Some(looks) => format!("{rule}; er {looks}"),
        None => rule,
    }
}

fn broken_rule(facts: &Facts<'_>) -> String {
    let value = &facts.value;
    let text = match facts.error.code {
        Code::RequiredMissing => "Pflichtfeld ohne Wert",
        Code::TypeInteger => return format!("{value} ist keine ganze Zahl"),
        Code::TypeDecimal => {
            let name = if facts.error.params.contains_key("example") {
                "example"
            } else {
                "expected"
            };
            let example = facts.phrase(" (erwartet wie in ", name, ")");
            return format!("{value} ist keine Zahl in der angegebenen Schreibweise{example}");
        }
        Code::TypeBoolean => return format!("{value} ist weder ja noch nein"),
        Code::TypeDate if facts.is_no_day() => {
            return format!("{value} ist kein Tag des Kalenders");
        }
        Code::TypeDate => {
            let name = if facts.error.params.contains_key("format") {
                "format"
            } else {
                "expected"
            };
            let format = facts.phrase(" in der Form `", name, "`");
            return format!("{value} ist kein Datum{format}");
        }
        Code::TypeText => return format!("{value} ist kein einzelner Text"),
        Code::LengthMax | Code::LengthNewer => return length(facts),
        Code::Range => return range(facts),
        Code::CountryUnknown => return unknown_code(facts, "kein bekanntes Land", "des Landes"),
        Code::LanguageUnknown => {
            return unknown_code(facts, "keine bekannte Sprache", "der Sprache");
        }
        Code::SalutationUnknown => return format!("{value} ist keine bekannte Anrede"),
        Code::LookupMissing | Code::LookupAmbiguous | Code::ErpUnknownId => {
            return not_found(facts);
        }
        Code::TemplateFailed => {
            let reason = facts.param("reason").map(|reason| template(&reason));
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            let place = facts.phrase(" (in `", "in", "`)");
            return format!("die Vorlage der Zuordnung scheitert{reason}{place}");
        }
        Code::EmailMalformed
        | Code::PhoneMalformed
        | Code::UrlMalformed
        | Code::PostalCodeCountry
        | Code::VatIdFormat
        | Code::VatIdChecksum
        | Code::VatIdCountry => return malformed(facts),
        Code::NameMissing => "weder Nachname noch Firma vorhanden",
        Code::EncodingSuspect => {
            return format!("{value} wurde vermutlich mit dem falschen Zeichensatz gelesen");
        }
        Code::TextControl => return format!("{value} enthält Steuerzeichen"),
        Code::TextSuspect => return format!("{value} ist kaum so gemeint"),
        Code::DateSuspect => return format!("{value} ist ein Geburtstag vor 1900"),
        Code::PropertyUnknown => "die API kennt diese Eigenschaft nicht",
        Code::GroupHeadless
        | Code::GroupTooLarge
        | Code::GroupUncertain
        | Code::GroupFailed
        | Code::JoinMissing
        | Code::JoinAmbiguous => {
            return groups::wrong(facts);
        }
        Code::KeyMissing
        | Code::KeyDuplicate
        | Code::KeyExists
        | Code::PersonDuplicate
        | Code::EmailDuplicate
        | Code::RecordRagged
        | Code::CellError
        | Code::RecordQuote
        | Code::RecordTooLarge
        | Code::AttemptsExhausted
        | Code::EncodingInvalid
        | Code::JsonMalformed => return of_the_record(facts),
    };
    text.to_owned()
}

/// A list of the ERP by its English word, in the singular or the plural.
fn list(word: &str) -> &str {
    match word {
        "customer group" => "Kundengruppe",
        "customer groups" => "Kundengruppen",
        "customer category" => "Kundenkategorie",
        "customer categories" => "Kundenkategorien",
        "company" => "Firma",
        "companies" => "Firmen",
        "payment method" => "Zahlungsart",
        "payment methods" => "Zahlungsarten",
        other => other,
    }
}

/// Why a template fails, by the English reason.
fn template(reason: &str) -> String {
    if let Some(bytes) = reason
        .strip_prefix("it writes more than ")
        .and_then(|rest| rest.strip_suffix(" bytes"))
    {
        return format!("sie schreibt mehr als {bytes} Bytes");
    }
    match reason {
        "it takes too many steps or too much memory" => {
            "sie braucht zu viele Schritte oder zu viel Speicher"
        }
        "it reads a value that is not there" => "sie liest einen Wert, den es nicht gibt",
        "an operation does not fit its values" => {
            "eine Rechenoperation passt nicht zu ihren Werten"
        }
        "a list or an object cannot be written as it is" => {
            "eine Liste oder ein Objekt lässt sich nicht einfach hinschreiben"
        }
        "a filter, test or function has the wrong arguments" => {
            "ein Filter, ein Test oder eine Funktion bekommt falsche Angaben"
        }
        other => other,
    }
    .to_owned()
}

/// Names in back-ticks of which some are only counted, by the English list.
fn listed(names: &str) -> String {
    let counted = names.rsplit_once("` and ");
    match counted.and_then(|(names, more)| Some((names, more.strip_suffix(" more")?))) {
        Some((names, more)) => format!("{names}` und {more} weitere"),
        None => names.to_owned(),
    }
}

/// What neither the mapping's table nor the ERP has, or has more than once.
fn not_found(facts: &Facts<'_>) -> String {
    let value = &facts.value;
    let known = facts.param("known").map(|known| listed(&known));
    let known = known.map_or_else(String::new, |known| format!("; vorhanden sind: {known}"));
    let word = facts.param("list");
    let word = word.as_deref().map(list);
    match facts.error.code {
        Code::ErpUnknownId => match word {
            Some(list) => format!("{value} ist in der Wawi keine Id einer {list}{known}"),
            None => format!("{value} ist keine Id in der Wawi{known}"),
        },
        Code::LookupAmbiguous => {
            let ids = facts
                .phrase(", mit den Ids ", "ids", "")
                .replace(" and ", " und ");
            let list = word.unwrap_or("Einträge");
            format!("{value} ist der Name mehrerer {list} in der Wawi{ids}")
        }
        _ => match (word, facts.param("file")) {
            (Some(list), _) => format!("{value} ist keine {list} der Wawi{known}"),
            (None, Some(file)) => format!("{value} steht nicht in `{file}`{known}"),
            (None, None) => {
                format!("{value} steht nicht in der Nachschlagetabelle der Zuordnung{known}")
            }
        },
    }
}

fn length(facts: &Facts<'_>) -> String {
    let value = &facts.value;
    let newer = facts.error.code == Code::LengthNewer;
    let length = facts.phrase("", "length", " Zeichen lang");
    let limit = match (newer, length.is_empty()) {
        (true, _) => facts.phrase("; neuere Fassungen der API nehmen höchstens ", "max", ""),
        (false, true) => facts.phrase("; erlaubt sind höchstens ", "max", " Zeichen"),
        (false, false) => facts.phrase("; erlaubt sind höchstens ", "max", ""),
    };
    let length = if length.is_empty() {
        "zu lang"
    } else {
        &length
    };
    format!("{value} ist {length}{limit}")
}

fn range(facts: &Facts<'_>) -> String {
    let value = &facts.value;
    match (facts.param("min"), facts.param("max")) {
        (Some(min), Some(max)) => format!("{value} liegt nicht zwischen {min} und {max}"),
        (Some(min), None) => format!("{value} ist kleiner als {min}"),
        (None, Some(max)) => format!("{value} ist größer als {max}"),
        (None, None) => format!("{value} liegt außerhalb des erlaubten Bereichs"),
    }
}

fn unknown_code(facts: &Facts<'_>, no_such: &str, of_the_thing: &str) -> String {
    let value = &facts.value;
    match facts.param("meant") {
        Some(code) => format!("{value} ist nicht der Code {of_the_thing}, der {code} lautet"),
        None if facts.hint() == Some("spelt_out") => {
            format!("{value} ist bekannt, aber nicht der Code {of_the_thing}")
        }
        None => format!("{value} ist {no_such}"),
    }
}

fn malformed(facts: &Facts<'_>) -> String {
    let value = &facts.value;
    let code = facts.error.code;
    // What the value looks like says more than the rule's own hint.
    let own = facts.hint().filter(|_| facts.error.damage().is_none());
    let hint = match (code, own) {
        (Code::EmailMalformed, Some("mailto")) => "; davor steht `mailto:`",
        (Code::EmailMalformed, Some("display_name")) => "; um sie herum steht ein Name",
        (Code::EmailMalformed, Some("several")) => "; es sind mehrere",
        (Code::EmailMalformed, Some("blank")) => "; darin steht ein Leerzeichen",
        (Code::EmailMalformed, Some("domain")) => "; hinter dem @ steht keine Internet-Domain",
        (Code::PhoneMalformed, Some("scientific")) => {
            "; sie sieht nach wissenschaftlicher Schreibweise aus: eine Tabellenkalkulation hat sie gerundet, die letzten Ziffern sind verloren"
        }
        (Code::PhoneMalformed, Some("letters")) => "; darin stehen Buchstaben",
        (Code::PhoneMalformed, Some("guard")) => {
            "; darin steht noch das Schutzzeichen einer Tabellenkalkulation"
        }
        (Code::PhoneMalformed, Some("digits")) => "; sie hat weniger als drei Ziffern",
        (Code::PostalCodeCountry, Some("lost_zero")) => {
            "; sie sieht nach einer Postleitzahl aus, die ihre führende Null verloren hat"
        }
        (Code::PostalCodeCountry, Some("prefix")) => "; davor steht ein Länderkennzeichen",
        (Code::VatIdFormat, Some("lost_zero")) => {
            "; sie sieht nach einer alten Nummer ohne führende Null aus"
        }
        (Code::VatIdFormat, Some("separators")) => {
            "; Kleinbuchstaben, Leerzeichen oder Satzzeichen sind zu viel"
        }
        (Code::VatIdFormat, Some("greece")) => "; Griechenlands Kennzeichen ist EL",
        (Code::VatIdFormat, Some("no_prefix")) => "; das Länderkennzeichen fehlt",
        _ => "",
    };
    let country = facts.phrase(" für ", "country", "");
    let shape = facts.phrase(" (Form ", "shape", ")");
    match code {
        Code::EmailMalformed => format!("{value} ist nicht genau eine E-Mail-Adresse{hint}"),
        Code::PhoneMalformed => format!("{value} ist keine Telefonnummer{hint}"),
        Code::UrlMalformed => format!("{value} ist keine Internetadresse"),
        Code::PostalCodeCountry if country.is_empty() => {
            format!("{value} ist keine Postleitzahl des Landes der Anschrift{shape}{hint}")
        }
        Code::PostalCodeCountry => format!("{value} ist keine Postleitzahl{country}{shape}{hint}"),
        Code::VatIdFormat => {
            format!("{value} ist keine USt-IdNr.{country}{shape}{hint}")
        }
        Code::VatIdChecksum => {
            format!("{value} ist keine gültige USt-IdNr.{country}: die Prüfziffer stimmt nicht")
        }
        _ => {
            let address = facts
                .param("address")
                .unwrap_or_else(|| "einem anderen Land".to_owned());
            format!("{value} ist eine USt-IdNr.{country}, aber die Anschrift liegt in {address}")
        }
    }
}

/// What a bookkeeper calls the key, a feminine noun; none if it is another field.
pub(super) fn key(facts: &Facts<'_>) -> Option<&'static str> {
    match facts.error.target.as_str() {
        "Number" => Some("Kundennummer"),
        "AccountsReceivableNumber" => Some("Debitorennummer"),
        _ => None,
    }
}

/// Errors about a record as a whole: most of them never show a value.
fn of_the_record(facts: &Facts<'_>) -> String {
    let first = match (facts.param("first_record"), facts.param("first_line")) {
        (Some(record), Some(line)) => format!(": Datensatz {record}, Zeile {line}"),
        (Some(record), None) => format!(": Datensatz {record}"),
        (None, Some(line)) => format!(": Zeile {line}"),
        (None, None) => String::new(),
    };
    match facts.error.code {
        Code::KeyMissing => match key(facts) {
            Some(key) => format!("keine {key}, an der der Kunde wiederzufinden wäre"),
            None => "kein Schlüssel, an dem der Kunde wiederzufinden wäre".to_owned(),
        },
        Code::KeyDuplicate => match key(facts) {
            Some(key) => format!("dieselbe {key} kam in der Datei schon vor{first}"),
            None => format!("derselbe Schlüssel kam in der Datei schon vor{first}"),
        },
        Code::KeyExists => match key(facts) {
            Some(key) => format!("die Wawi hat schon einen Kunden mit dieser {key}"),
            None => "die Wawi hat schon einen Kunden mit diesem Schlüssel".to_owned(),
        },
        Code::PersonDuplicate => format!(
            "ein früherer Datensatz hat denselben Nachnamen, dieselbe Straße und Postleitzahl{first}"
        ),
        Code::EmailDuplicate => {
            format!("ein früherer Datensatz hat dieselbe E-Mail-Adresse{first}")
        }
        Code::RecordRagged => match (facts.param("fields"), facts.param("expected")) {
            (Some(fields), Some(expected)) => {
                format!("der Datensatz hat {fields} Felder, die Kopfzeile aber {expected}")
            }
            _ => "der Datensatz hat eine andere Zahl von Feldern als die Kopfzeile".to_owned(),
        },
        Code::CellError => {
            let cell = facts.phrase(" in ", "cell", "");
            let error = facts.phrase(" (", "error", ")");
            let error = error.replace("a formula without a value", "eine Formel ohne Wert");
            format!("im Tabellenblatt steht ein Fehler statt eines Werts{cell}{error}")
        }
        Code::RecordQuote => {
            let line = facts.phrase(", das in Zeile ", "line", " beginnt,");
            format!("ein Anführungszeichen{line} wird nie geschlossen")
        }
        Code::RecordTooLarge => {
            let limit = facts.phrase(" von ", "limit", " Bytes");
            format!("der Datensatz ist größer als die Grenze{limit}")
        }
        Code::AttemptsExhausted => {
            "alle Versuche sind gescheitert, und der Kunde ist sicher nicht in der Wawi".to_owned()
        }
        Code::EncodingInvalid if facts.param("reason").as_deref() == Some("nul") => {
            let encoding = facts.phrase(" in ", "encoding", "");
            format!("darin stehen NUL-Zeichen, also ist dies wohl kein Text{encoding}")
        }
        Code::EncodingInvalid => {
            let encoding = facts.phrase(" in ", "encoding", "");
            let offset = facts.phrase(" (bei Byte ", "offset", ")");
            format!("einige Bytes sind kein Text{encoding}{offset}")
        }
        Code::JsonMalformed if facts.param("reason").as_deref() == Some("key_twice") => {
            "ein Schlüssel steht zweimal im JSON-Objekt".to_owned()
        }
        _ => {
            let reason = match facts.param("reason").as_deref() {
                Some("syntax") => ": sie ist falsch geschrieben".to_owned(),
                Some("cut_off") => ": sie ist abgeschnitten".to_owned(),
                Some("too_deep") => ": sie ist zu tief verschachtelt".to_owned(),
                Some("not_an_object") => ": dort steht etwas anderes".to_owned(),
                _ => facts.phrase(": ", "reason", ""),
            };
            let column = facts.phrase(" (bei Zeichen ", "column", ")");
            format!("die Zeile ist kein JSON-Objekt{reason}{column}")
        }
    }
}
