//! What has to be different in a mapping for an error to be gone.

use super::is_free_text;
use crate::customer::{Kind, Target};
use crate::mapping::value::ValueSpec;
use crate::outcome::damage::{ENTITIES, FORM, WORD};
use crate::outcome::{Code, Damage, FieldError};

/// What has to be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Keys of the value, with what they get.
    Steps(Vec<(&'static str, Setting)>),
    /// One more text that means "nothing".
    Empty(String),
}

/// What a key gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// This, as TOML, whatever it had.
    Value(String),
    /// These rows, as TOML, beside those that it has.
    Rows(Vec<(String, String)>),
}

/// An address, and nothing else: of `Name <a@b.de>`, `mailto:a@b.de` and `a@b.de; c@d.de` the
/// first one. What has no `@` stays, so that it is still found to be none.
const ONE_ADDRESS: &str = r"'^(?:[^@]*[\s<:])?([^\s<>,;:]+)'";

/// A number without decimals that are all zero; any other text stays.
const WITHOUT_ZEROS: &str = r"'^(.*?)(?:[.,]0+)?$'";

impl Change {
    /// What would cure the error of this value.
    pub(super) fn of(error: &FieldError, spec: &ValueSpec, key: Target) -> Option<Self> {
        match error.damage() {
            Some(damage) => of_damage(damage, error, spec),
            None => of_code(error, spec, key),
        }
    }

    fn set(key: &'static str, value: impl Into<String>) -> Option<Self> {
        Some(Self::Steps(vec![(key, Setting::Value(value.into()))]))
    }

    fn replace<'w>(rows: impl IntoIterator<Item = (&'w str, &'w str)>) -> Option<Self> {
        let rows = rows
            .into_iter()
            .map(|(from, to)| (quoted(from), quoted(to)));
        Some(Self::Steps(vec![(
            "replace",
            Setting::Rows(rows.collect()),
        )]))
    }

    /// `as`, if the value has none yet.
    fn form(name: &str, spec: &ValueSpec) -> Option<Self> {
        spec.steps
            .form
            .is_none()
            .then(|| Self::set("as", quoted(name)))
            .flatten()
    }

    /// `extract`, if the value has none yet.
    fn extract(expression: &str, spec: &ValueSpec) -> Option<Self> {
        spec.steps
            .extract
            .is_none()
            .then(|| Self::set("extract", expression))
            .flatten()
    }
}

fn of_damage(damage: Damage, error: &FieldError, spec: &ValueSpec) -> Option<Change> {
    let word = error.params.get(WORD).map(String::as_str);
    let field = spec.target.field();
    match damage {
        Damage::NoValue | Damage::NoDate => Some(Change::Empty(word?.to_owned())),
        Damage::Guard => match field.name {
            "PhoneNumber" | "MobilePhoneNumber" | "Fax" => Change::form("phone", spec),
            "PostalCode" => Change::form("postal_code", spec),
            // Where quotes and apostrophes belong to good values they must stay.
            "Number" | "City" | "FirstName" | "EmailAddress" | "VatID" | "Website" => match word? {
                "'" if field.name == "Number" => Change::replace([("'", "")]),
                "=\"" => Change::replace([("=\"", ""), ("\"", "")]),
                _ => None,
            },
            _ => None,
        },
        Damage::Html => {
            let met = ENTITIES.iter().find(|(entity, _)| Some(*entity) == word)?;
            // The letters of German come together; `&amp;` last, or `&amp;uuml;` would be read
            // twice.
            let usual = [
                "&auml;", "&ouml;", "&uuml;", "&Auml;", "&Ouml;", "&Uuml;", "&szlig;",
            ];
            let usual = ENTITIES.iter().filter(|(entity, _)| usual.contains(entity));
            let mut rows: Vec<(&str, &str)> = usual.copied().collect();
            if !rows.contains(met) && met.0 != "&amp;" {
                rows.push(*met);
            }
            rows.push(("&amp;", "&"));
            Change::replace(rows)
        }
        Damage::Invisible => {
            let row = (format!("\"{}\"", word?), quoted(""));
            Some(Change::Steps(vec![("replace", Setting::Rows(vec![row]))]))
        }
        Damage::ShortYear | Damage::OtherDate => date(error.params.get(FORM)?, spec),
        Damage::DecimalPoint => Change::set("decimal", quoted(".")),
        Damage::DecimalComma => Change::set("decimal", quoted(",")),
        // A point may stand before decimals elsewhere: without it they would count.
        Damage::Thousands if matches!(word?, "." | ",") => None,
        Damage::Thousands | Damage::Unit => Change::replace([(word?, "")]),
        Damage::ZeroDecimals => Change::extract(WITHOUT_ZEROS, spec),
        Damage::SheetError
        | Damage::Formula
        | Damage::Scientific
        | Damage::Mojibake
        | Damage::LostCharacters
        | Damage::DateSerial => None,
    }
}

fn of_code(error: &FieldError, spec: &ValueSpec, key: Target) -> Option<Change> {
    let hint = error.params.get("hint").map(String::as_str);
    match (error.code, hint) {
        (Code::PostalCodeCountry, Some("lost_zero" | "prefix")) => {
            Change::form("postal_code", spec)
        }
        (Code::PhoneMalformed, Some("guard")) => Change::form("phone", spec),
        (Code::VatIdFormat, Some("separators")) => Change::form("vat_id", spec),
        (Code::VatIdFormat, Some("greece")) => Change::replace([("GR", "EL")]),
        (Code::EmailMalformed, Some("mailto" | "display_name" | "several")) => {
            Change::extract(ONE_ADDRESS, spec)
        }
        (Code::CountryUnknown, _) => Change::form("country", spec),
        (Code::LanguageUnknown, _) => Change::form("language", spec),
        (Code::LookupMissing, _) if spec.target.field().kind == Kind::Text => {
            Change::set("otherwise", quoted("keep"))
        }
        (Code::LengthMax, _) if is_free_text(spec.target, key) => {
            let max = error.params.get("max")?.clone();
            Some(Change::Steps(vec![
                ("max", Setting::Value(max)),
                ("cut", Setting::Value("true".to_owned())),
            ]))
        }
        _ => None,
    }
}

/// One more form of dates; none, if day and month could then change places.
fn date(form: &str, spec: &ValueSpec) -> Option<Change> {
    let known = &spec.steps.dates.formats;
    let swapped = form
        .replace("%d", "%\0")
        .replace("%m", "%d")
        .replace("%\0", "%m");
    let is_known = |form: &str| known.iter().any(|known| known.starts_with(form));
    if is_known(form) || (swapped != form && is_known(&swapped)) {
        return None;
    }
    let iso = ["%Y-%m-%d".to_owned()];
    let before = if known.is_empty() { &iso[..] } else { known };
    let all = before.iter().map(|form| quoted(form)).chain([quoted(form)]);
    Change::set("date", format!("[{}]", all.collect::<Vec<_>>().join(", ")))
}

/// A text as TOML.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
