//! Dates as other systems write them.
//!
//! A form is named only where the value allows no other: `12/31/1985` is American, `05/06/1985`
//! may be May or June and is left to the reader.

use jiff::civil::Date;

use super::Recognised;
use crate::outcome::Damage;
use crate::outcome::damage::NO_DATES;

/// Serial numbers of the years 1910 to 2099; smaller ones are too often something else.
const SERIALS: std::ops::RangeInclusive<u32> = 3_654..=73_050;

/// A value that is no date in the declared form. `is_filler` says that mapping read it and
/// knows that it stands for none.
pub(super) fn recognise(value: &str, is_filler: bool) -> Option<Recognised> {
    if is_filler && is_made_of_a_date(value) {
        return Some(Recognised::by_word(Damage::NoDate, value));
    }
    no_date(value)
        .or_else(|| serial(value))
        .or_else(|| other_form(value))
}

/// `0000-00-00`, `00.00.0000`, `01.01.1900` and the like, in any usual form.
pub(super) fn no_date(value: &str) -> Option<Recognised> {
    let is_zero = value.bytes().filter(|byte| *byte == b'0').count() >= 4
        && value.bytes().all(|byte| byte == b'0' || is_sign(byte));
    let is_filler = || {
        let day = read(value).and_then(|found| found.day);
        day.is_some_and(|day| NO_DATES.contains(&(day.year(), day.month(), day.day())))
    };
    (is_made_of_a_date(value) && (is_zero || is_filler()))
        .then(|| Recognised::by_word(Damage::NoDate, value))
}

/// Whether nothing but a date and a time of day can stand there, so that it tells nothing of a
/// customer.
fn is_made_of_a_date(value: &str) -> bool {
    value.len() <= 32
        && value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || is_sign(byte))
}

fn is_sign(byte: u8) -> bool {
    matches!(byte, b'.' | b'-' | b'/' | b':' | b' ' | b'T' | b'Z' | b'+')
}

fn serial(value: &str) -> Option<Recognised> {
    let (days, part) = value.split_once(['.', ',']).unwrap_or((value, "0"));
    let days: u32 = days.parse().ok()?;
    (SERIALS.contains(&days) && part.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| Recognised::plain(Damage::DateSerial))
}

fn other_form(value: &str) -> Option<Recognised> {
    let found = read(value)?;
    found.day?;
    let damage = if found.is_short {
        Damage::ShortYear
    } else {
        Damage::OtherDate
    };
    Some(match found.form {
        Some(form) => Recognised::by_form(damage, form),
        None => Recognised::plain(damage),
    })
}

/// A date that was read by its look.
struct Read {
    /// The day, if it exists; any of both if day and month could change places.
    day: Option<Date>,
    is_short: bool,
    /// Its form, if it can be no other.
    form: Option<String>,
}

fn read(value: &str) -> Option<Read> {
    let (date, time) = match value.find([' ', 'T']) {
        Some(at) => (value.get(..at)?, value.get(at..)?),
        None => (value, ""),
    };
    let time = form_of_time(time)?;
    if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
        let day = day(date.get(..4)?, date.get(4..6)?, date.get(6..)?)?;
        let usual = (1900..2100).contains(&day.year());
        return usual.then(|| Read {
            day: Some(day),
            is_short: false,
            form: Some(format!("%Y%m%d{time}")),
        });
    }
    let sign = date.chars().find(|c| matches!(c, '.' | '-' | '/'))?;
    let mut parts = date.split(sign);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let found = |day: Option<Date>, is_short: bool, form: Option<String>| {
        Some(Read {
            day,
            is_short,
            form: form.map(|form| format!("{form}{time}")),
        })
    };
    if a.len() == 4 {
        return found(day(a, b, c), false, Some(format!("%Y{sign}%m{sign}%d")));
    }
    let (year, letter, is_short) = match c.len() {
        4 => (c.to_owned(), "%Y", false),
        2 => (format!("20{c}"), "%y", true),
        _ => return None,
    };
    let european = day(&year, b, a);
    let american = day(&year, a, b);
    let form = |first: &str, second: &str| Some(format!("{first}{sign}{second}{sign}{letter}"));
    match (sign, european, american) {
        // Nobody writes an American date with dots.
        ('.', european, _) => found(european, is_short, form("%d", "%m")),
        (_, Some(day), None) => found(Some(day), is_short, form("%d", "%m")),
        (_, None, Some(day)) => found(Some(day), is_short, form("%m", "%d")),
        (_, Some(one), Some(other)) if one == other => found(Some(one), is_short, None),
        (_, european, _) => found(european, is_short, None),
    }
}

fn day(year: &str, month: &str, day: &str) -> Option<Date> {
    let number = |text: &str| text.parse::<i8>().ok().filter(|_| !text.starts_with('+'));
    let year: i16 = year.parse().ok()?;
    Date::new(year, number(month)?, number(day)?).ok()
}

/// The form of what stands behind a date: nothing, hours and minutes, seconds.
fn form_of_time(time: &str) -> Option<&'static str> {
    let mask: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    match mask.as_str() {
        "" => Some(""),
        " 00:00" => Some(" %H:%M"),
        " 00:00:00" => Some(" %H:%M:%S"),
        "T00:00:00" => Some("T%H:%M:%S"),
        "T00:00:00Z" => Some("T%H:%M:%SZ"),
        _ => None,
    }
}
