//! Constants of the mapping (`value`, `default`, `otherwise`, results of `lookup`): they are
//! brought to their final value when the mapping is read, so that one that the API would
//! refuse is a mistake of the mapping and not of a million records.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::convert::{self, DateStyle};
use super::error::Mistake;
use super::steps::{Fault, Steps, Surroundings};
use super::suggest::did_you_mean;
use super::syntax::{Node, this_is, whole_number};
use super::tally::Tally;
use super::value::kind_name;
use crate::country;
use crate::customer::{Bounds, Kind, Target, Value};
use crate::names::NameList;
use crate::outcome::{Bilingual, Code, both};

/// What a constant is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Constant {
    /// `value`.
    Value,
    /// `default`, which comes after `as` and `case`.
    Default,
    /// A result of `lookup`.
    Lookup,
    /// `otherwise`.
    Otherwise,
    /// What a test expects.
    Expect,
}

impl Constant {
    fn key(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Default => "default",
            Self::Lookup => "lookup",
            Self::Otherwise => "otherwise",
            Self::Expect => "expect",
        }
    }
}

/// The value that `node` is for `target`, or why it cannot be one.
pub(super) fn fit(
    target: Target,
    node: &Node<'_>,
    steps: &Steps,
    role: Constant,
) -> Result<Value<'static>, Mistake> {
    let key = role.key();
    let value = match typed(target, node, steps, role) {
        Ok(value) => value,
        Err(Misfit::Type) => return Err(wrong_kind(target, node, key)),
        Err(Misfit::Reason(reason)) => return Err(does_not_fit(target, node, key, reason)),
        Err(Misfit::Empty) => {
            let title = both!("`{key}` is empty", "`{key}` ist leer");
            return Err(
                Mistake::at(node.span(), title).help(if role == Constant::Otherwise {
                    both!(
                        "otherwise = \"empty\" makes the value empty",
                        "otherwise = \"empty\" lässt den Wert leer"
                    )
                } else {
                    both!("leave the key out", "den Schlüssel weglassen")
                }),
            );
        }
    };
    match beyond(target, &value) {
        None => Ok(value),
        Some(reason) => Err(does_not_fit(target, node, key, reason)),
    }
}

fn does_not_fit(target: Target, node: &Node<'_>, key: &str, reason: Bilingual) -> Mistake {
    let title = both!([reason]
        "`{key}` does not fit `{target}`: {reason}",
        "`{key}` passt nicht zu `{target}`: {reason}"
    );
    Mistake::at(node.span(), title)
}

/// The value that a text of a table stands for, or why it cannot be one of `target`; none, if
/// it stands for nothing. It is read as texts of the input are.
pub(super) fn fit_text(
    target: Target,
    written: &str,
    steps: &Steps,
) -> Result<Option<Value<'static>>, Bilingual> {
    let value = match text(steps, written, false) {
        Ok(value) => value,
        Err(Misfit::Empty) => return Ok(None),
        Err(Misfit::Reason(reason)) => return Err(reason),
        Err(Misfit::Type) => {
            let kind = kind_name(steps.kind);
            return Err(both!([kind] "it is not {kind}", "verlangt ist {kind}"));
        }
    };
    match known(target, &value).or_else(|| beyond(target, &value)) {
        None => Ok(Some(value)),
        Some(reason) => Err(reason),
    }
}

fn wrong_kind(target: Target, node: &Node<'_>, key: &str) -> Mistake {
    let kind = target.field().kind;
    let wanted = match kind {
        Kind::Boolean => both!("true or false", "true oder false"),
        kind => kind_name(kind),
    };
    let title = both!([wanted]
        "`{key}` of `{target}` must be {wanted}",
        "`{key}` von `{target}` muss {wanted} sein"
    );
    let mistake = Mistake::at(node.span(), title).label(this_is(node.get_ref()));
    let text = node.get_ref().as_str();
    match (text, kind) {
        (Some(text), Kind::Boolean) => {
            let help = match convert::boolean(text) {
                Some(flag) => both!(
                    "write {flag}, without quotes",
                    "{flag} ohne Anführungszeichen schreiben"
                ),
                None => both!(
                    "write true or false, without quotes",
                    "true oder false ohne Anführungszeichen schreiben"
                ),
            };
            mistake.help(help)
        }
        (Some(text), Kind::Integer | Kind::Decimal) => {
            let words = ["keep", "empty"];
            let suggestion = (key == "otherwise")
                .then(|| did_you_mean(text, words))
                .flatten();
            let number = convert::json_decimal(text).map(|_| {
                both!(
                    "write {text}, without quotes",
                    "{text} ohne Anführungszeichen schreiben"
                )
            });
            let name = NameList::of_target(target).map(|list| {
                let one = Bilingual::of(|language| list.singular_in(language).to_owned());
                let form = list.form();
                both!([one] "the name of a {one} needs as = \"{form}\"", "der Name einer {one} braucht as = \"{form}\"")
            });
            mistake.help_if(number.or(suggestion).or(name))
        }
        (None, Kind::Text) => {
            mistake.help(both!("put it in quotes", "in Anführungszeichen setzen"))
        }
        _ => mistake,
    }
}

enum Misfit {
    Type,
    Empty,
    Reason(Bilingual),
}

fn typed(
    target: Target,
    node: &Node<'_>,
    steps: &Steps,
    role: Constant,
) -> Result<Value<'static>, Misfit> {
    match (steps.kind, node.get_ref()) {
        // The id is known once the ERP has been asked.
        (Kind::Integer, DeValue::String(name)) if steps.names.is_some() => {
            match super::trim::trimmed(name) {
                "" => Err(Misfit::Empty),
                name => Ok(Value::Text(name.to_owned().into())),
            }
        }
        (Kind::Integer, number @ DeValue::Integer(_)) => {
            whole_number(number).map(Value::Integer).ok_or(Misfit::Type)
        }
        (Kind::Decimal, DeValue::Integer(number)) if number.radix() == 10 => {
            decimal(number.as_str())
        }
        (Kind::Decimal, DeValue::Float(number)) => decimal(number.as_str()),
        (Kind::Boolean, DeValue::Boolean(flag)) => Ok(Value::Boolean(*flag)),
        (Kind::DateTime, DeValue::Datetime(moment)) => {
            let iso = Steps {
                dates: DateStyle {
                    formats: Vec::new(),
                    birthday: steps.dates.birthday,
                },
                ..Steps::of_kind(Kind::DateTime)
            };
            text(&iso, &moment.to_string(), true)
        }
        (Kind::DateTime, DeValue::String(date)) => text(steps, date, true),
        (Kind::Text, DeValue::String(written)) => {
            let value = text(steps, written, role == Constant::Default)?;
            known(target, &value).map_or(Ok(value), |reason| Err(Misfit::Reason(reason)))
        }
        _ => Err(Misfit::Type),
    }
}

fn decimal(digits: &str) -> Result<Value<'static>, Misfit> {
    convert::json_decimal(digits)
        .map(Value::Decimal)
        .ok_or(Misfit::Type)
}

/// Takes a written text through the steps that come after a constant's place.
fn text(steps: &Steps, written: &str, only_type: bool) -> Result<Value<'static>, Misfit> {
    let mut tally = Tally::default();
    let rules = BTreeMap::new();
    let mut odd = Vec::new();
    let mut around = Surroundings {
        rules: &rules,
        today: jiff::civil::Date::MAX,
        country: None,
        tally: &mut tally,
        odd: &mut odd,
    };
    let written = super::trim::trimmed(written);
    if written.is_empty() {
        return Err(Misfit::Empty);
    }
    let reason = |fault: Fault| Misfit::Reason(reason(&fault));
    let shaped = if only_type {
        Some(written.into())
    } else {
        steps.shaped(written.into(), &mut around).map_err(reason)?
    };
    let shaped = shaped.ok_or(Misfit::Empty)?;
    let typed = steps.typed(shaped, false, &mut around);
    typed.map(Value::into_owned).map_err(reason)
}

/// Why a constant broke a step, in words.
fn reason(fault: &Fault) -> Bilingual {
    let param = |name: &str| {
        fault
            .params
            .iter()
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value.as_str())
    };
    match fault.code {
        Code::CountryUnknown => both!("no such country is known", "dieses Land ist nicht bekannt"),
        Code::LanguageUnknown => both!(
            "no such language is known",
            "diese Sprache ist nicht bekannt"
        ),
        Code::SalutationUnknown => both!(
            "no such salutation is known",
            "diese Anrede ist nicht bekannt"
        ),
        Code::PhoneMalformed => both!("this is no phone number", "das ist keine Telefonnummer"),
        Code::LengthMax => both!(
            "it is longer than max = {max}",
            "das ist länger als max = {max}",
            max = param("max")
        ),
        Code::TypeInteger => both!("it is no whole number", "das ist keine ganze Zahl"),
        Code::TypeDecimal => both!(
            "it is no number as in {expected}",
            "das ist keine Zahl wie {expected}",
            expected = param("expected")
        ),
        Code::TypeBoolean => both!("it is neither yes nor no", "das ist weder ja noch nein"),
        Code::TypeDate if param("reason") == "no_date" => both!(
            "this day stands for \"no date\"",
            "dieser Tag steht für \"kein Datum\""
        ),
        Code::TypeDate => both!(
            "it is not written as {expected}",
            "das ist kein Datum in der Form {expected}",
            expected = param("expected")
        ),
        code => Bilingual::same(code.to_string()),
    }
}

/// Countries and languages must be ISO codes: a constant `Deutschland` is always wrong.
fn known(target: Target, value: &Value<'_>) -> Option<Bilingual> {
    let Value::Text(text) = value else {
        return None;
    };
    match target.field().name {
        "CountryIso" if !country::is_country(text) => Some(match country::country(text) {
            Some(iso) => iso_code(iso),
            None => both!(
                "this is no ISO 3166 country code",
                "das ist kein Ländercode nach ISO 3166"
            ),
        }),
        "LanguageIso" if !country::is_language(text) => Some(match country::language(text) {
            Some(iso) => iso_code(iso),
            None => both!(
                "this is no ISO 639-1 language code",
                "das ist kein Sprachcode nach ISO 639-1"
            ),
        }),
        _ => None,
    }
}

fn iso_code(iso: &str) -> Bilingual {
    both!(
        "the ISO code is wanted: \"{iso}\"",
        "verlangt ist der ISO-Code: \"{iso}\""
    )
}

/// Why the API would refuse the value.
fn beyond(target: Target, value: &Value<'_>) -> Option<Bilingual> {
    let between = |min: i64, max: i64| {
        both!(
            "it must lie between {min} and {max}",
            "der Wert muss zwischen {min} und {max} liegen"
        )
    };
    match (target.field().bounds, value) {
        (Bounds::Length { max, .. }, Value::Text(text)) => {
            let length = text.encode_utf16().count();
            (length > max).then(|| {
                both!(
                    "it has {length} characters, at most {max} are allowed",
                    "der Text hat {length} Zeichen, erlaubt sind höchstens {max}"
                )
            })
        }
        (Bounds::Range { min, max }, Value::Integer(number)) => {
            (!(min..=max).contains(number)).then(|| between(min, max))
        }
        (Bounds::Range { min, max }, Value::Decimal(number)) => {
            let range = rust_decimal::Decimal::from(min)..=rust_decimal::Decimal::from(max);
            (!range.contains(number)).then(|| between(min, max))
        }
        (Bounds::Years { min, max }, Value::DateTime(date)) => {
            let year: i16 = date.text().get(..4).and_then(|year| year.parse().ok())?;
            (!(min..=max).contains(&year)).then(|| {
                both!(
                    "the year must lie between {min} and {max}",
                    "das Jahr muss zwischen {min} und {max} liegen"
                )
            })
        }
        _ => None,
    }
}
