//! From text to the types of the API: strictly in the declared convention, never guessed.

use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use jiff::{Span, civil};
use rust_decimal::Decimal;

use crate::customer::Moment;
use crate::outcome::damage::NO_DATES;

/// How decimal numbers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Convention {
    /// `1,234.56`.
    #[default]
    Point,
    /// `1.234,56`.
    Comma,
}

impl Convention {
    /// A number in this convention, for error messages.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Point => "1,234.56",
            Self::Comma => "1.234,56",
        }
    }
}

/// A whole number: digits with an optional minus sign.
pub(super) fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    is_digits(digits).then(|| text.parse().ok()).flatten()
}

/// A decimal number; thousands are separated in groups of three or not at all.
pub(super) fn decimal(text: &str, convention: Convention) -> Option<Decimal> {
    plain_decimal(text, convention).or_else(|| any_decimal(text, convention))
}

/// A number without sign and thousands, with at most 18 digits.
fn plain_decimal(text: &str, convention: Convention) -> Option<Decimal> {
    let point = match convention {
        Convention::Point => b'.',
        Convention::Comma => b',',
    };
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    if text.len() > 18 || !is_digit(bytes.first()) || !is_digit(bytes.last()) {
        return None;
    }
    let (mut number, mut count, mut whole) = (0, 0_u32, None);
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            number = number * 10 + i64::from(digit);
            count += 1;
        } else if byte == point && whole.is_none() {
            whole = Some(count);
        } else {
            return None;
        }
    }
    Some(Decimal::new(number, count - whole.unwrap_or(count)))
}

/// A decimal number, whatever it looks like.
fn any_decimal(text: &str, convention: Convention) -> Option<Decimal> {
    let (point, separator) = match convention {
        Convention::Point => ('.', ','),
        Convention::Comma => (',', '.'),
    };
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = match unsigned.split_once(point) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    if !fraction.is_none_or(is_digits) || !is_grouped(whole, separator) {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    plain.push_str(sign);
    plain.extend(whole.chars().filter(|c| *c != separator));
    if let Some(fraction) = fraction {
        plain.push('.');
        plain.push_str(fraction);
    }
    Decimal::from_str(&plain).ok()
}

/// A JSON number as a decimal, exponent and all.
pub(super) fn json_decimal(digits: &str) -> Option<Decimal> {
    Decimal::from_str(digits)
        .or_else(|_| Decimal::from_scientific(digits))
        .ok()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_grouped(whole: &str, separator: char) -> bool {
    let mut groups = whole.split(separator);
    let first = groups.next().unwrap_or_default();
    if !is_digits(first) {
        return false;
    }
    let mut rest = groups.peekable();
    if rest.peek().is_none() {
        return true;
    }
    first.len() <= 3 && rest.all(|group| group.len() == 3 && is_digits(group))
}

/// What booleans may look like, for error messages.
pub(super) const BOOLEANS: &str = "ja/nein, j/n, yes/no, y/n, true/false, 1/0, x";

/// Yes or no in the words that exports use, in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    const YES: [&str; 7] = ["ja", "j", "yes", "y", "true", "1", "x"];
    const NO: [&str; 5] = ["nein", "n", "no", "false", "0"];
    let is_in = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_in(&YES) {
        Some(true)
    } else {
        is_in(&NO).then_some(false)
    }
}

/// How dates are written, and what day it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DateStyle {
    /// The formats that are tried in order; none: ISO 8601.
    pub(super) formats: Vec<String>,
    /// A birthday: never in the future, and sent as midnight UTC whatever time stands there.
    pub(super) birthday: bool,
}

impl DateStyle {
    /// The formats, for error messages.
    pub(super) fn expected(&self) -> String {
        if self.formats.is_empty() {
            "YYYY-MM-DD".to_owned()
        } else {
            self.formats.join(" | ")
        }
    }

    /// A date in the first format, for error messages.
    pub(super) fn example(&self) -> String {
        let format = self.formats.first().map_or("%Y-%m-%d", String::as_str);
        write_sample(format).unwrap_or_default()
    }

    /// Reads a date or date-time.
    pub(super) fn read(&self, text: &str, today: Date) -> Result<Moment, DateFault> {
        if self.formats.is_empty() {
            if let Some(day) = plain_day("%Y-%m-%d", text) {
                return self.checked_day(day);
            }
            let moment = iso(text).ok_or(DateFault::Malformed)?;
            return self.checked(moment);
        }
        for format in &self.formats {
            if let Some(day) = plain_day(format, text) {
                return self.checked_day(day);
            }
            let Some(mut moment) = formatted(format, text) else {
                continue;
            };
            if self.birthday && moment.at.date() > today && has_short_year(format) {
                let century = Span::new().years(100);
                moment.at = moment
                    .at
                    .checked_sub(century)
                    .map_err(|_| DateFault::Malformed)?;
            }
            return self.checked(moment);
        }
        Err(DateFault::Malformed)
    }

    fn checked(&self, moment: Point) -> Result<Moment, DateFault> {
        let date = moment.at.date();
        if self.birthday {
            return self.checked_day(date);
        }
        if is_filler(date) {
            return Err(DateFault::Filler);
        }
        Ok(Moment::from(moment.rfc3339()))
    }

    /// A day is sent as midnight UTC, whether it is a birthday or not.
    fn checked_day(&self, day: Date) -> Result<Moment, DateFault> {
        if is_filler(day) {
            return Err(DateFault::Filler);
        }
        Ok(Moment::of_day(day))
    }
}

fn is_filler(day: Date) -> bool {
    NO_DATES.contains(&(day.year(), day.month(), day.day()))
}

/// The day, if the format is one of day, month and year of four digits, and the text is written
/// exactly so: two digits, a sign, two digits, a sign, four digits, or the other way round. Such
/// a text means the same to the general reader, which reads all others.
fn plain_day(format: &str, text: &str) -> Option<Date> {
    let (order, signs) = match format.as_bytes() {
        [b'%', first, one, b'%', second, two, b'%', third] => {
            ([*first, *second, *third], [*one, *two])
        }
        _ => return None,
    };
    let is_sign = |sign: u8| matches!(sign, b'.' | b'-' | b'/');
    if !is_sign(signs[0]) || !is_sign(signs[1]) {
        return None;
    }
    let (year, month, day, found) = match (order, text.as_bytes()) {
        ([b'd', b'm', b'Y'], [d1, d2, one, m1, m2, two, y1, y2, y3, y4])
        | ([b'm', b'd', b'Y'], [m1, m2, one, d1, d2, two, y1, y2, y3, y4])
        | ([b'Y', b'm', b'd'], [y1, y2, y3, y4, one, m1, m2, two, d1, d2]) => (
            digits(*y1, *y2)? * 100 + digits(*y3, *y4)?,
            digits(*m1, *m2)?,
            digits(*d1, *d2)?,
            [*one, *two],
        ),
        _ => return None,
    };
    if found != signs || year < 1000 {
        return None;
    }
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Date::new(year, month, day).ok()
}

#[inline]
fn digits(tens: u8, ones: u8) -> Option<i16> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i16::from(tens) * 10 + i16::from(ones))
}

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateFault {
    /// It is not written as declared, or there is no such day.
    Malformed,
    /// It stands for "no date".
    Filler,
}

struct Point {
    at: DateTime,
    offset: Option<Offset>,
}

impl Point {
    fn rfc3339(&self) -> String {
        let date = self.at.date();
        let time = self.at.time();
        let mut text = format!(
            "{date}T{:02}:{:02}:{:02}",
            time.hour(),
            time.minute(),
            time.second()
        );
        if time.subsec_nanosecond() != 0 {
            let digits = format!("{:09}", time.subsec_nanosecond());
            text.push('.');
            text.push_str(digits.trim_end_matches('0'));
        }
        match self.offset.map_or(0, Offset::seconds) {
            0 => text.push('Z'),
            seconds => {
                let sign = if seconds < 0 { '-' } else { '+' };
                let minutes = seconds.abs() / 60;
                text.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
            }
        }
        text
    }
}

/// ISO 8601: `1985-12-31`, `1985-12-31 13:30:00`, `1985-12-31T13:30:00+01:00`.
fn iso(text: &str) -> Option<Point> {
    let bytes = text.as_bytes();
    let dashed = bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    if !dashed || !bytes.first()?.is_ascii_digit() || text.contains('[') {
        return None;
    }
    let pieces = Pieces::parse(text).ok()?;
    Some(Point {
        at: pieces
            .date()
            .to_datetime(pieces.time().unwrap_or(Time::midnight())),
        offset: pieces.to_numeric_offset(),
    })
}

/// A date in a strftime format. `%Y` alone would take `85` for the year 85: a year before 1000
/// must stand there with all four digits.
fn formatted(format: &str, text: &str) -> Option<Point> {
    let read = BrokenDownTime::parse(format, text).ok()?;
    let date = read.to_date().ok()?;
    if date.year() < 1000 && !text.contains(&format!("{:04}", date.year())) {
        return None;
    }
    let time = read.to_time().unwrap_or(Time::midnight());
    Some(Point {
        at: date.to_datetime(time),
        offset: read.offset(),
    })
}

fn has_short_year(format: &str) -> bool {
    format.contains("%y") || format.contains("%D")
}

/// The day on which formats are tried out.
const SAMPLE: Date = civil::date(1985, 12, 31);

fn write_sample(format: &str) -> Result<String, jiff::Error> {
    let mut sample = BrokenDownTime::from(SAMPLE.at(13, 30, 0, 0));
    sample.set_offset(Some(Offset::UTC));
    jiff::fmt::strtime::format(format, sample)
}

/// What is wrong with a strftime format, tried out on a date: it must be writable, readable
/// again, and tell day, month and year.
pub(super) fn format_fault(format: &str) -> Option<String> {
    let read = write_sample(format).and_then(|written| BrokenDownTime::parse(format, written));
    match read.map(|read| read.to_date()) {
        Ok(Ok(date)) if date == SAMPLE => None,
        Ok(_) => Some("it does not tell day, month and year".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The short cut for plain dates reads nothing that the general reader does not, and
        /// nothing differently.
        #[test]
        fn plain_dates_are_what_the_general_reader_reads(
            text in "[0-3][0-9][./-][01][0-9][./-][0-2][0-9]{3}|[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]|[0-9.-]{8,11}",
            format in "%[dmY][./-]%[dmY][./-]%[dmyY]",
        ) {
            for format in [format.as_str(), "%d.%m.%Y", "%Y-%m-%d", "%m/%d/%Y"] {
                if let Some(day) = plain_day(format, &text) {
                    let slow = formatted(format, &text).map(|point| point.at);
                    prop_assert_eq!(slow, Some(day.at(0, 0, 0, 0)));
                }
            }
            if let Some(day) = plain_day("%Y-%m-%d", &text) {
                let slow = iso(&text).map(|point| (point.at, point.offset));
                prop_assert_eq!(slow, Some((day.at(0, 0, 0, 0), None)));
            }
        }

        /// The short cut for plain decimals reads them as the general reader does.
        #[test]
        fn plain_decimals_are_what_the_general_reader_reads(
            text in "[0-9]{1,20}([.,][0-9]{1,4})?|-?[0-9.,]{0,9}|0{0,3}[,.]0{0,3}",
        ) {
            for convention in [Convention::Point, Convention::Comma] {
                if let Some(plain) = plain_decimal(&text, convention) {
                    let slow = any_decimal(&text, convention).map(|slow| slow.to_string());
                    prop_assert_eq!(slow, Some(plain.to_string()));
                }
            }
        }
    }

    const TODAY: Date = civil::date(2026, 11, 24);

    #[test]
    fn integers_are_strict() {
        for (text, wanted) in [
            ("10", Some(10)),
            ("-3", Some(-3)),
            ("007", Some(7)),
            ("10,0", None),
            ("10.0", None),
            ("1e3", None),
            ("+5", None),
            ("", None),
            ("-", None),
            ("99999999999999999999", None),
            ("٣", None),
        ] {
            assert_eq!(integer(text), wanted, "{text}");
        }
    }

    #[test]
    fn decimals_keep_to_their_convention() {
        use Convention::{Comma, Point};
        for (text, convention, wanted) in [
            ("1.234,56", Comma, Some("1234.56")),
            ("1234,5", Comma, Some("1234.5")),
            ("-0,5", Comma, Some("-0.5")),
            ("3", Comma, Some("3")),
            ("1.234.567", Comma, Some("1234567")),
            ("12.34", Comma, None),
            ("1234.567,0", Comma, None),
            ("1,234.56", Comma, None),
            ("1,234.56", Point, Some("1234.56")),
            ("1.5", Point, Some("1.5")),
            ("1,5", Point, None),
            ("5 %", Point, None),
            (".5", Point, None),
            ("5.", Point, None),
            ("1e3", Point, None),
        ] {
            let number = decimal(text, convention).map(|number| number.to_string());
            assert_eq!(number.as_deref(), wanted, "{text}");
        }
        assert_eq!(json_decimal("1.5e2"), Decimal::from_str("150").ok());
    }

    #[test]
    fn booleans_in_every_language_of_exports() {
        for (text, wanted) in [
            ("Ja", Some(true)),
            ("N", Some(false)),
            ("TRUE", Some(true)),
            ("0", Some(false)),
            ("X", Some(true)),
            ("vielleicht", None),
            ("2", None),
        ] {
            assert_eq!(boolean(text), wanted, "{text}");
        }
    }

    fn read(formats: &[&str], birthday: bool, text: &str) -> Result<String, DateFault> {
        let style = DateStyle {
            formats: formats.iter().map(|&format| format.to_owned()).collect(),
            birthday,
        };
        let read = style.read(text, TODAY);
        read.map(|moment| moment.text().into_owned())
    }

    #[test]
    fn dates_become_rfc_3339() {
        const DE: &[&str] = &["%d.%m.%Y"];
        const SHORT: &[&str] = &["%d.%m.%y"];
        for (formats, birthday, text, wanted) in [
            (&[][..], false, "1985-01-31", Some("1985-01-31T00:00:00Z")),
            (
                &[],
                false,
                "2023-02-01 13:30:05",
                Some("2023-02-01T13:30:05Z"),
            ),
            (
                &[],
                false,
                "2023-02-01T13:30:00.5+01:00",
                Some("2023-02-01T13:30:00.5+01:00"),
            ),
            (
                &[],
                true,
                "2023-02-01T23:30:00-05:00",
                Some("2023-02-01T00:00:00Z"),
            ),
            (&[], false, "31.12.1985", None),
            (&[], false, "19850131", None),
            (&[], false, "1985-02-30", None),
            (&[], false, "0000-00-00", None),
            (&[], false, "1985-01-31[Europe/Berlin]", None),
            (DE, false, "31.12.1985", Some("1985-12-31T00:00:00Z")),
            (DE, false, "1.2.1985", Some("1985-02-01T00:00:00Z")),
            (DE, false, "31.12.85", None),
            (DE, false, "31.12.1985 10:00", None),
            (DE, false, "1985-12-31", None),
            (SHORT, true, "31.12.85", Some("1985-12-31T00:00:00Z")),
            (SHORT, true, "01.01.27", Some("1927-01-01T00:00:00Z")),
            (SHORT, true, "01.01.26", Some("2026-01-01T00:00:00Z")),
            (SHORT, false, "01.01.27", Some("2027-01-01T00:00:00Z")),
            (SHORT, true, "29.02.60", Some("1960-02-29T00:00:00Z")),
            (
                &["%d.%m.%Y", "%Y/%m/%d"],
                false,
                "1985/12/31",
                Some("1985-12-31T00:00:00Z"),
            ),
            (
                &["%d.%m.%Y %H:%M"],
                false,
                "31.12.1985 10:05",
                Some("1985-12-31T10:05:00Z"),
            ),
        ] {
            let result = read(formats, birthday, text);
            assert_eq!(result.ok().as_deref(), wanted, "{text} as {formats:?}");
        }
    }

    #[test]
    fn days_that_stand_for_no_date_are_told_apart() {
        for text in ["1900-01-01", "1899-12-30", "0001-01-01", "9999-12-31"] {
            assert_eq!(read(&[], true, text), Err(DateFault::Filler), "{text}");
        }
        assert_eq!(
            read(&["%d.%m.%Y"], true, "01.01.1900"),
            Err(DateFault::Filler)
        );
        assert_eq!(
            read(&["%d.%m.%Y"], true, "01.01.0001"),
            Err(DateFault::Filler)
        );
    }

    #[test]
    fn formats_are_tried_out() {
        for format in ["%d.%m.%Y", "%d.%m.%y", "%F %T", "%Y%m%d", "%d. %B %Y"] {
            assert_eq!(format_fault(format), None, "{format}");
        }
        for format in ["%d.%m", "TT.MM.JJJJ", "%d.%m.%ü", "%", "%H:%M"] {
            assert!(format_fault(format).is_some(), "{format}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = integer(&text);
            let _ = decimal(&text, Convention::Comma);
            let _ = json_decimal(&text);
            let _ = boolean(&text);
            let _ = read(&[], true, &text);
            let _ = read(&["%d.%m.%y", "%Y-%m-%dT%H:%M:%S%z"], true, &text);
            let _ = format_fault(&text);
        }
    }
}
