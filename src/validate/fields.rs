//! The rules of one object: each field by its type, its limits and its meaning.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::findings::Findings;
use super::{Rules, damage, date, email, phone, postal_code, text, vat_id, website};
use crate::country::{country, is_country, is_language, language};
use crate::customer::fields::{COMPANY, COUNTRY_ISO, LAST_NAME};
use crate::customer::{Bounds, Content, Field, Kind, Moment, Part, Target, Value, Values};
use crate::outcome::{Code, FieldError};

/// The values of an object of which it does not show at once that nothing is to be said of them, a
/// bit for each index of the schema. A text in which nothing stands is among them.
pub(super) fn odd(values: &Values<'_>, rules: &Rules) -> u32 {
    let mut odd = 0;
    for (index, field, value) in values.filled() {
        if !is_good(field, value, values, rules.today) {
            odd |= 1 << index;
        }
    }
    odd
}

/// Checks one object in its schema's order. Of its values only those that are [`odd`] need a close
/// look: most objects have none.
pub(super) fn check(part: Part, values: &Values<'_>, odd: u32, findings: &mut Findings<'_>) {
    let mut missing = values.schema().required & !values.filled_bits();
    while missing != 0 {
        let index = missing.trailing_zeros() as usize;
        findings.missing(Target { part, index });
        missing &= missing - 1;
    }
    if odd != 0 {
        for (index, field, value) in values.filled() {
            if odd & 1 << index != 0 {
                check_value(Target { part, index }, field, value, values, findings);
            }
        }
    }
    if part == Part::Billing {
        check_name(values, findings);
    }
}

/// A customer needs a last name or a company.
fn check_name(values: &Values<'_>, findings: &mut Findings<'_>) {
    if values.get(LAST_NAME).is_some() || values.text_at(COMPANY).is_some() {
        return;
    }
    let target = Target {
        part: Part::Billing,
        index: LAST_NAME,
    };
    let target = target.to_string();
    if !findings.has_error_at(&target) && !findings.has_error_at("BillingAddress.Company") {
        findings.add(Code::NameMissing, || {
            FieldError::new(Code::NameMissing, target)
        });
    }
}

/// Whether [`check_value`] has nothing to say of the value, as far as that shows at once. Nearly
/// every value is good, and shall cost no more than finding that out.
#[inline]
fn is_good(field: &Field, value: &Value<'_>, values: &Values<'_>, today: Date) -> bool {
    // Most values are texts, and most texts may be anything: what is asked first is guessed right.
    let Value::Text(text) = value else {
        return is_good_but_no_text(field, value, today);
    };
    let text: &str = text;
    field.kind == Kind::Text
        && damage::is_surely_none(text)
        && text::look_plain(text).is_some_and(|units| units <= field.longest())
        && (field.content == Content::Any || is_of_content(field.content, text, values))
}

fn is_good_but_no_text(field: &Field, value: &Value<'_>, today: Date) -> bool {
    match (value, field.bounds) {
        (Value::Integer(number), Bounds::Range { min, max }) => {
            field.kind == Kind::Integer && (min..=max).contains(number)
        }
        (Value::Decimal(number), Bounds::Range { min, max }) => {
            field.kind == Kind::Decimal && is_within(*number, min, max)
        }
        (Value::Boolean(_), _) => field.kind == Kind::Boolean,
        (Value::DateTime(moment), Bounds::Years { min, max }) => moment.day().is_some_and(|day| {
            field.kind == Kind::DateTime
                && (min..=max).contains(&day.year())
                && (field.content != Content::Birthday
                    || day <= today && day.year() >= FIRST_BIRTHDAY)
        }),
        _ => false,
    }
}

/// Whether a number of few decimals lies in a range; of one with many nothing shows at once.
#[inline]
fn is_within(number: Decimal, min: i64, max: i64) -> bool {
    if number.scale() > 9 {
        return false;
    }
    // With so few, no limit comes near the largest number of 128 bits.
    let unit = i128::from(10_u64.pow(number.scale()));
    (i128::from(min) * unit..=i128::from(max) * unit).contains(&number.mantissa())
}

#[inline(never)]
fn check_value(
    target: Target,
    field: &Field,
    value: &Value<'_>,
    values: &Values<'_>,
    findings: &mut Findings<'_>,
) {
    match (field.kind, value) {
        (Kind::Text, Value::Text(text)) => check_text(target, field, text, values, findings),
        (Kind::Integer | Kind::Decimal, Value::Integer(number)) => {
            let Bounds::Range { min, max } = field.bounds else {
                return;
            };
            if !(min..=max).contains(number) {
                out_of_range(target, (min, max), number, findings);
            }
        }
        (Kind::Decimal, Value::Decimal(number)) => {
            let Bounds::Range { min, max } = field.bounds else {
                return;
            };
            if *number < Decimal::from(min) || *number > Decimal::from(max) {
                out_of_range(target, (min, max), number, findings);
            }
        }
        (Kind::Boolean, Value::Boolean(_)) | (_, Value::Unasked) => {}
        (Kind::DateTime, Value::DateTime(moment)) => check_date(target, field, moment, findings),
        (kind, _) => {
            let code = match kind {
                Kind::Text => Code::TypeText,
                Kind::Integer => Code::TypeInteger,
                Kind::Decimal => Code::TypeDecimal,
                Kind::Boolean => Code::TypeBoolean,
                Kind::DateTime => Code::TypeDate,
            };
            findings.add(code, || {
                FieldError::new(code, target.to_string()).of_value(plain(value))
            });
        }
    }
}

/// The value as text, for the report.
fn plain(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::DateTime(moment) => moment.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Unasked => String::new(),
    }
}

#[cold]
fn out_of_range(
    target: Target,
    (min, max): (i64, i64),
    number: impl ToString,
    findings: &mut Findings<'_>,
) {
    findings.add(Code::Range, || {
        FieldError::new(Code::Range, target.to_string())
            .with("min", min)
            .with("max", max)
            .of_value(number.to_string())
    });
}

fn check_date(target: Target, field: &Field, moment: &Moment, findings: &mut Findings<'_>) {
    let text = || moment.to_string();
    let Some(day) = moment.day().or_else(|| date::day(&moment.text())) else {
        findings.add(Code::TypeDate, || {
            FieldError::new(Code::TypeDate, target.to_string())
                .with("format", "2024-12-31T00:00:00Z")
                .of_value(text())
        });
        return;
    };
    let Bounds::Years { min, max } = field.bounds else {
        return;
    };
    let today = findings.rules().today;
    let out_of_range = |max: String| {
        FieldError::new(Code::Range, target.to_string())
            .with("min", min)
            .with("max", max)
            .of_value(text())
    };
    if !(min..=max).contains(&day.year()) {
        findings.add(Code::Range, || out_of_range(max.to_string()));
    } else if field.content == Content::Birthday && day > today {
        findings.add(Code::Range, || out_of_range(today.to_string()));
    } else if field.content == Content::Birthday && day.year() < FIRST_BIRTHDAY {
        findings.add(Code::DateSuspect, || {
            FieldError::new(Code::DateSuspect, target.to_string()).of_value(text())
        });
    }
}

/// The hint at a country or language that is known, but not written as its code.
const SPELT_OUT: &str = "spelt_out";

/// First year in which somebody may be born who is still a customer.
const FIRST_BIRTHDAY: i16 = 1900;

/// Whether [`check_text`] has nothing to say of a text's meaning.
#[inline]
fn is_of_content(content: Content, text: &str, values: &Values<'_>) -> bool {
    let iso = || values.text_at(COUNTRY_ISO);
    match content {
        Content::Any | Content::Birthday => true,
        Content::Language => is_language(text),
        Content::Country => is_country(text),
        Content::Email => email::check(text).is_ok(),
        Content::Phone => phone::check(text).is_ok(),
        Content::PostalCode => postal_code::check(iso().unwrap_or_default(), text).is_ok(),
        Content::VatId => vat_id::check(text).is_ok_and(|country| {
            vat_id::has_right_check_digits(text) && iso().is_none_or(|iso| is_at_home(country, iso))
        }),
        Content::Website => website::is_website(text),
    }
}

/// What is wrong with a text, or odd about it: the rules of its meaning, then of its length, then
/// of its characters.
fn check_text(
    target: Target,
    field: &Field,
    text: &str,
    values: &Values<'_>,
    findings: &mut Findings<'_>,
) {
    let error = |code| FieldError::new(code, target.to_string()).of_value(text);
    let hinted = |code, hint: Option<&str>| match hint {
        Some(hint) => error(code).with("hint", hint),
        None => error(code),
    };
    let looks = text::look(text);
    let before = findings.count();
    let mut refused = false;
    match field.content {
        Content::Language => refused = check_language(text, findings, error),
        Content::Country if !is_country(text) => {
            refused = findings.add(Code::CountryUnknown, || match country(text) {
                Some(meant) => error(Code::CountryUnknown)
                    .with("meant", meant)
                    .with("hint", SPELT_OUT),
                None => error(Code::CountryUnknown),
            });
        }
        Content::Email => {
            if let Err(hint) = email::check(text) {
                findings.add(Code::EmailMalformed, || {
                    hinted(Code::EmailMalformed, Some(hint))
                });
            }
        }
        Content::Phone => {
            if let Err(hint) = phone::check(text) {
                findings.add(Code::PhoneMalformed, || {
                    hinted(Code::PhoneMalformed, Some(hint))
                });
            }
        }
        Content::PostalCode => {
            let iso = values.text_at(COUNTRY_ISO).unwrap_or_default();
            if let Err(misfit) = postal_code::check(iso, text) {
                let code = Code::PostalCodeCountry;
                findings.add(code, || {
                    hinted(code, misfit.hint)
                        .with("country", iso)
                        .with("shape", misfit.shape)
                });
            }
        }
        Content::VatId => check_vat_id(text, values.text_at(COUNTRY_ISO), findings, error),
        Content::Website if !website::is_website(text) => {
            findings.add(Code::UrlMalformed, || error(Code::UrlMalformed));
        }
        _ => {}
    }
    if !refused {
        check_length(field, looks.units, findings, error);
    }
    if looks.control {
        findings.add(Code::TextControl, || error(Code::TextControl));
    }
    if looks.suspect {
        findings.add(Code::EncodingSuspect, || error(Code::EncodingSuspect));
    }
    // What is wrong anyway names its damage itself.
    if findings.count() == before
        && let Some(found) = damage::of_text(text, &looks)
    {
        findings.add(Code::TextSuspect, || {
            let mut error = error(Code::TextSuspect);
            found.tell(&mut error);
            error
        });
    }
}

/// Two capital letters are the API's own demand and cannot be switched off; that the language
/// is known is ours.
fn check_language(
    text: &str,
    findings: &mut Findings<'_>,
    error: impl Fn(Code) -> FieldError,
) -> bool {
    if is_language(text) {
        return false;
    }
    let code = Code::LanguageUnknown;
    let error = || match language(text) {
        Some(meant) => error(code).with("meant", meant).with("hint", SPELT_OUT),
        None => error(code),
    };
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        findings.add(code, error)
    } else {
        findings.add_error(error());
        true
    }
}

fn check_vat_id(
    text: &str,
    address: Option<&str>,
    findings: &mut Findings<'_>,
    error: impl Fn(Code) -> FieldError,
) {
    match vat_id::check(text) {
        Ok(country) => {
            if !vat_id::has_right_check_digits(text) {
                findings.add(Code::VatIdChecksum, || {
                    error(Code::VatIdChecksum).with("country", country)
                });
            }
            let Some(address) = address.filter(|iso| !is_at_home(country, iso)) else {
                return;
            };
            findings.add(Code::VatIdCountry, || {
                error(Code::VatIdCountry)
                    .with("country", country)
                    .with("address", address)
            });
        }
        Err(misfit) => {
            findings.add(Code::VatIdFormat, || {
                let mut error = error(Code::VatIdFormat);
                let params = [
                    ("country", misfit.country),
                    ("shape", misfit.shape.as_deref()),
                    ("hint", misfit.hint),
                ];
                for (name, value) in params {
                    if let Some(value) = value {
                        error = error.with(name, value);
                    }
                }
                error
            });
        }
    }
}

/// Whether VAT ids of `country` are those of addresses in `address`: Monaco uses France's,
/// the Isle of Man Great Britain's, Liechtenstein the Swiss register's.
fn is_at_home(country: &str, address: &str) -> bool {
    country == address
        || matches!(
            (country, address),
            ("FR", "MC") | ("GB", "IM") | ("CH", "LI")
        )
}

fn check_length(
    field: &Field,
    units: usize,
    findings: &mut Findings<'_>,
    error: impl Fn(Code) -> FieldError,
) {
    let Bounds::Length { max, .. } = field.bounds else {
        return;
    };
    let (code, max) = if units > max {
        (Code::LengthMax, max)
    } else if let Some(newer) = field.newer_max.filter(|newer| units > *newer) {
        (Code::LengthNewer, newer)
    } else {
        return;
    };
    findings.add(code, || error(code).with("max", max).with("length", units));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::customer::{ADDRESS, CUSTOMER, PAYMENT};

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-ZäöüßÄÖÜé ]{0,14}",
            "[a-z0-9.+_-]{1,8}@[a-z0-9.-]{1,8}\\.[a-z]{1,3}",
            "\\+?[0-9 /()E.-]{0,14}",
            "(DE|AT|FR|EL)?U?[0-9A-Z]{0,11}",
            "(https?://)?[a-z0-9.-]{0,9}(/[a-z?#:]{0,4})?",
            "(DE|AT|de|XX|CH|[a-zA-Z]{2})",
            "[0-9]{3,5}",
            "[ -~]{0,9}|\\PC{0,9}|[a-z&\u{0}-\u{1f}\u{7f}\u{ad}\u{c2}-\u{c5}]{0,9}",
            "[a-zü]{28,32}|[aü😀]{120,260}",
            Just("DE136695976".to_owned()),
            Just("NULL".to_owned()),
        ]
    }

    proptest! {
        /// What is good at once breaks no rule.
        #[test]
        fn what_is_good_at_once_is_good(
            text in text(),
            iso in "DE|AT|XX|",
            numbers in (-9_i64..200, any::<i64>()),
            decimal in (-20_000_i64..20_000, 0_u32..12),
            day in (-20_i16..9999, 1_i8..=12, 1_i8..=28),
        ) {
            let rules = Rules::default();
            let day = Date::new(day.0, day.1, day.2).unwrap();
            for schema in [&CUSTOMER, &ADDRESS, &PAYMENT] {
                let mut values = Values::new(schema);
                if schema.name == ADDRESS.name && !iso.is_empty() {
                    values.set(COUNTRY_ISO, Some(Value::text(&iso)));
                }
                for (index, field) in schema.fields.iter().enumerate() {
                    let part = match schema.name {
                        name if name == CUSTOMER.name => Part::Customer,
                        name if name == PAYMENT.name => Part::Payment,
                        _ => Part::Billing,
                    };
                    let target = Target { part, index };
                    for value in [
                        Value::text(&text),
                        Value::Integer(numbers.0),
                        Value::Integer(numbers.1),
                        Value::Boolean(true),
                        Value::Decimal(Decimal::new(decimal.0, decimal.1)),
                        Value::Decimal(Decimal::new(numbers.1, decimal.1)),
                        Value::DateTime(Moment::of_day(day)),
                        Value::DateTime(Moment::of_day(rules.today)),
                        Value::DateTime(Moment::of_day(rules.today.tomorrow().unwrap())),
                        Value::DateTime(Moment::from(text.as_str())),
                    ] {
                        let mut findings = Findings::new(&rules, Vec::new(), Vec::new());
                        check_value(target, field, &value, &values, &mut findings);
                        if is_good(field, &value, &values, rules.today) {
                            prop_assert_eq!(findings.into_sorted(), (vec![], vec![]), "{} {}", target, plain(&value));
                        }
                    }
                }
            }
        }
    }
}
