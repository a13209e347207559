//! Numbers as spreadsheets, other countries and data-frame libraries write them.

use super::Recognised;
use crate::outcome::Damage;

/// Units that stand behind, or before, an amount.
const UNITS: [&str; 7] = ["€", "EUR", "%", "CHF", "$", "£", "USD"];

/// A value that is no decimal number in the declared convention.
pub(super) fn decimal(value: &str) -> Option<Recognised> {
    unit(value)
        .or_else(|| scientific(value))
        .or_else(|| {
            let kind = match (has_fraction(value, '.', ','), has_fraction(value, ',', '.')) {
                (true, _) => Damage::DecimalPoint,
                (_, true) => Damage::DecimalComma,
                _ => return None,
            };
            Some(Recognised::plain(kind))
        })
        .or_else(|| thousands(value, &[" ", "\u{a0}", "\u{202f}", "'", "’"]))
}

/// A value that is no whole number.
pub(super) fn integer(value: &str) -> Option<Recognised> {
    unit(value)
        .or_else(|| scientific(value))
        .or_else(|| zero_decimals(value))
        .or_else(|| thousands(value, &[".", ",", " ", "\u{a0}", "\u{202f}", "'", "’"]))
}

/// A code made of digits, such as a postal code, that went through a column of numbers.
pub(super) fn text(value: &str) -> Option<Recognised> {
    scientific(value).or_else(|| zero_decimals(value))
}

/// `4.91761E+11`, `1,23457E+11`: an exponent with its sign behind a mantissa, or with none
/// behind a mantissa with decimals. `4E1` may be a name.
pub(super) fn scientific(value: &str) -> Option<Recognised> {
    if !value
        .as_bytes()
        .get(1)
        .copied()
        .is_some_and(may_be_scientific)
    {
        return None;
    }
    let place = value.bytes().position(|byte| matches!(byte, b'E' | b'e'))?;
    let (mantissa, exponent) = (value.get(..place)?, value.get(place + 1..)?);
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let digits = exponent.strip_prefix('+').unwrap_or(exponent);
    let is_clear = digits.len() < exponent.len() || !fraction.is_empty();
    (is_clear
        && whole.len() == 1
        && are_digits(whole)
        && (fraction.is_empty() || are_digits(fraction))
        && (1..=3).contains(&digits.len())
        && are_digits(digits))
    .then(|| Recognised::plain(Damage::Scientific))
}

/// Whether this can be the second byte of such a number: its mantissa has one digit before the
/// decimals.
pub(super) fn may_be_scientific(second: u8) -> bool {
    matches!(second, b'E' | b'e' | b'.' | b',')
}

/// `1067.0`, `2500,00`.
fn zero_decimals(value: &str) -> Option<Recognised> {
    let (whole, zeros) = value.split_once(['.', ','])?;
    let are_zeros = (1..=2).contains(&zeros.len()) && zeros.bytes().all(|byte| byte == b'0');
    let end = value.get(whole.len()..)?;
    (are_zeros && are_digits(whole)).then(|| Recognised::by_word(Damage::ZeroDecimals, end))
}

fn unit(value: &str) -> Option<Recognised> {
    let unit = UNITS
        .iter()
        .find(|unit| value.starts_with(**unit) || value.ends_with(**unit))?;
    let rest = value.replacen(unit, "", 1);
    let is_number = rest.bytes().any(|byte| byte.is_ascii_digit())
        && rest
            .chars()
            .all(|c| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '.' | ',' | '-'));
    is_number.then(|| Recognised::by_word(Damage::Unit, *unit))
}

/// Groups of three with one of these signs between them, and perhaps decimals.
fn thousands(value: &str, signs: &[&str]) -> Option<Recognised> {
    let value = value.strip_prefix('-').unwrap_or(value);
    let is_grouped = |sign: &str| {
        let mut groups = value.split(sign);
        let first = groups.next().unwrap_or_default();
        let mut rest: Vec<&str> = groups.collect();
        if sign != "." && sign != "," {
            // Behind the last group decimals may stand.
            if let Some(last) = rest.last_mut() {
                *last = last.split(['.', ',']).next().unwrap_or_default();
            }
        }
        (1..=3).contains(&first.len())
            && are_digits(first)
            && !rest.is_empty()
            && rest
                .iter()
                .all(|group| group.len() == 3 && are_digits(group))
    };
    let sign = signs.iter().find(|sign| is_grouped(sign))?;
    Some(Recognised::by_word(Damage::Thousands, *sign))
}

/// Whether the value is a number with this sign before its decimals, and perhaps the other one
/// between thousands.
fn has_fraction(value: &str, point: char, separator: char) -> bool {
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let Some((whole, fraction)) = unsigned.split_once(point) else {
        return false;
    };
    let mut groups = whole.split(separator);
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    are_digits(fraction)
        && are_digits(first)
        && (rest.is_empty() || first.len() <= 3)
        && rest
            .iter()
            .all(|group| group.len() == 3 && are_digits(group))
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
