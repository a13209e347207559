//! Typed cells become text, as texts are written in the same input.
//!
//! A cell that is a number or a date is unambiguous, but a mapping reads text, and says how
//! numbers and dates are written in it. So a typed cell is written in just that way: it then
//! means to the mapping what it means in the sheet, whether the mapping declares anything or
//! not, and it still does when the report gives the text to somebody to correct.

use jiff::Span;
use jiff::civil::{Date, DateTime, Time, date};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::Offset;

/// How numbers and dates are written in text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Whether decimals have a comma; else they have a point.
    pub comma: bool,
    /// Formats of dates, as `strftime` takes them, in the order in which they are tried; none:
    /// ISO 8601.
    pub dates: Vec<String>,
    /// Whether a date is read as a birthday: never in the future, and without its time.
    pub birthday: bool,
}

/// How numbers and dates are written in an input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conventions {
    /// Unless a column has another way.
    pub usual: Written,
    /// Columns by name, and how they are written.
    pub columns: Vec<(String, Written)>,
    /// The columns in which errors matter, because somebody reads them; none: all of them.
    pub used: Option<Vec<String>>,
}

impl Conventions {
    /// How the column `name` is written: by its exact name, else ignoring case and outer blanks,
    /// as a mapping finds its columns.
    pub(super) fn of(&self, name: &str) -> &Written {
        let wanted = folded(name);
        let exact = self.columns.iter().find(|(column, _)| column == name);
        exact
            .or_else(|| {
                self.columns
                    .iter()
                    .find(|(column, _)| folded(column) == wanted)
            })
            .map_or(&self.usual, |(_, written)| written)
    }

    /// Whether somebody reads the column `name`.
    pub(super) fn is_used(&self, name: &str) -> bool {
        let wanted = folded(name);
        let mut used = self.used.iter().flatten();
        self.used.is_none() || used.any(|column| folded(column) == wanted)
    }
}

/// A name as mappings compare it.
fn folded(name: &str) -> String {
    name.replace(['\u{a0}', '\u{feff}'], " ")
        .trim()
        .to_lowercase()
}

impl Written {
    /// A number, never in scientific notation: whole ones without a fraction, others with the
    /// 15 significant digits that a spreadsheet shows at most.
    pub(super) fn number(&self, value: f64) -> String {
        if value == 0.0 {
            return "0".to_owned();
        }
        if value.fract() == 0.0 {
            return format!("{value:.0}");
        }
        let shown = format!("{value:.14e}").parse().unwrap_or(value);
        let text = format!("{shown}");
        if self.comma {
            text.replace('.', ",")
        } else {
            text
        }
    }

    /// A date, with its time if it is not midnight: in the first declared format that tells all
    /// of it, else in ISO 8601, which a mapping that declares other formats refuses.
    pub(super) fn moment(&self, at: DateTime, today: Date) -> String {
        let fits = self.dates.iter().find_map(|format| {
            let mut pieces = BrokenDownTime::from(at);
            pieces.set_offset(Some(Offset::UTC));
            let text = strtime::format(format, pieces).ok()?;
            self.tells(format, &text, at, today).then_some(text)
        });
        fits.unwrap_or_else(|| {
            if at.time() == Time::midnight() {
                at.date().to_string()
            } else {
                at.to_string()
            }
        })
    }

    /// Whether `text` is read as the moment that it was made of.
    fn tells(&self, format: &str, text: &str, at: DateTime, today: Date) -> bool {
        let Ok(read) = BrokenDownTime::parse(format, text) else {
            return false;
        };
        let time = read.to_time().unwrap_or(Time::midnight());
        let Ok(mut date) = read.to_date() else {
            return false;
        };
        // The birthday of somebody born in 1930 is read as that, although `%y` says 2030.
        if self.birthday
            && date > today
            && let Ok(before) = date.checked_sub(Span::new().years(100))
        {
            date = before;
        }
        date == at.date() && (self.birthday || time == at.time())
    }
}

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// The moment that a serial number of days means, to the second; none if there is no such day
/// or it lies beyond the year 9999. In the 1900 system, 60 is the 29th of February 1900, which
/// never was, and earlier numbers are a day off (ECMA-376, part 1, section 18.17.4.1).
pub(super) fn moment(serial: f64, is_1904: bool) -> Option<DateTime> {
    let (days, seconds) = days_and_seconds(serial)?;
    let first = match days {
        _ if is_1904 => date(1904, 1, 1),
        60 => return None,
        0..60 => date(1899, 12, 31),
        _ => date(1899, 12, 30),
    };
    let day = first.checked_add(Span::new().try_days(days).ok()?).ok()?;
    Some(day.to_datetime(clock_time(seconds)?))
}

/// The time of day of a serial number of less than a day: `14:30`, or `14:30:15`.
pub(super) fn clock(serial: f64) -> Option<String> {
    let (0, seconds) = days_and_seconds(serial)? else {
        return None;
    };
    let time = clock_time(seconds)?;
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    Some(if second == 0 {
        format!("{hour:02}:{minute:02}")
    } else {
        format!("{hour:02}:{minute:02}:{second:02}")
    })
}

/// A length of time in days, as hours, minutes and seconds: `26:30:00`.
pub(super) fn duration(days: f64) -> Option<String> {
    let seconds = (days * DAY).round();
    if seconds.is_nan() || seconds.abs() >= 1e15 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it was looked at")]
    let whole = seconds as i64;
    let (sign, whole) = (if whole < 0 { "-" } else { "" }, whole.unsigned_abs());
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    Some(format!("{sign}{hours}:{minutes:02}:{rest:02}"))
}

fn clock_time(seconds: i32) -> Option<Time> {
    let part = |value: i32| i8::try_from(value).ok();
    Time::new(
        part(seconds / 3600)?,
        part(seconds / 60 % 60)?,
        part(seconds % 60)?,
        0,
    )
    .ok()
}

/// Whole days, and the seconds behind them, rounded.
fn days_and_seconds(serial: f64) -> Option<(i64, i32)> {
    // More days than any calendar here has.
    if serial.is_nan() || serial.abs() >= 4e6 {
        return None;
    }
    let (mut days, mut seconds) = (serial.floor(), (serial - serial.floor()) * DAY);
    seconds = seconds.round();
    if seconds >= DAY {
        (days, seconds) = (days + 1.0, 0.0);
    }
    #[expect(clippy::cast_possible_truncation, reason = "both were looked at")]
    let both = (days as i64, seconds as i32);
    Some(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = date(2026, 11, 28);

    fn written(comma: bool, dates: &[&str]) -> Written {
        Written {
            comma,
            dates: dates.iter().map(|format| (*format).to_owned()).collect(),
            birthday: false,
        }
    }

    #[test]
    fn numbers_have_their_digits() {
        let (point, comma) = (written(false, &[]), written(true, &[]));
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1067.0, "1067"),
            (-5.0, "-5"),
            (49_176_123_456_789.0, "49176123456789"),
            (1e21, "1000000000000000000000"),
            (0.1 + 0.2, "0.3"),
            (19.99, "19.99"),
            (-1234.5, "-1234.5"),
            (0.000_000_1, "0.0000001"),
            (1.0 / 3.0, "0.333333333333333"),
        ] {
            assert_eq!(point.number(value), text);
            assert_eq!(comma.number(value), text.replace('.', ","));
        }
    }

    #[test]
    fn dates_are_written_so_that_they_are_read_as_themselves() {
        let day = date(1985, 3, 12).at(0, 0, 0, 0);
        let noon = date(1985, 3, 12).at(12, 30, 5, 0);
        let old = date(1930, 3, 12).at(0, 0, 0, 0);
        for (formats, at, text) in [
            (&[][..], day, "1985-03-12"),
            (&[], noon, "1985-03-12T12:30:05"),
            (&["%d.%m.%Y"], day, "12.03.1985"),
            (&["%d.%m.%Y"], noon, "1985-03-12T12:30:05"),
            (
                &["%d.%m.%Y", "%d.%m.%Y %H:%M:%S"],
                noon,
                "12.03.1985 12:30:05",
            ),
            (&["%d.%m.%y"], day, "12.03.85"),
            (&["%d.%m.%y"], old, "1930-03-12"),
            (&["%d.%m.%y", "%d.%m.%Y"], old, "12.03.1930"),
        ] {
            assert_eq!(written(false, formats).moment(at, TODAY), text);
        }
        let mut birthday = written(false, &["%d.%m.%y"]);
        birthday.birthday = true;
        assert_eq!(birthday.moment(old, TODAY), "12.03.30");
        assert_eq!(birthday.moment(noon, TODAY), "12.03.85");
        let older = date(1920, 5, 1).at(0, 0, 0, 0);
        assert_eq!(birthday.moment(older, TODAY), "1920-05-01");
    }

    #[test]
    fn serial_numbers_are_days_of_their_calendar() {
        let told = |serial, is_1904| moment(serial, is_1904).map(|at| at.to_string());
        for (serial, is_1904, text) in [
            (45943.5, false, Some("2025-10-13T12:00:00")),
            (1.0, false, Some("1900-01-01T00:00:00")),
            (59.0, false, Some("1900-02-28T00:00:00")),
            (60.0, false, None),
            (61.0, false, Some("1900-03-01T00:00:00")),
            (0.0, false, Some("1899-12-31T00:00:00")),
            (0.0, true, Some("1904-01-01T00:00:00")),
            (44481.5, true, Some("2025-10-13T12:00:00")),
            (2_958_465.0, false, Some("9999-12-31T00:00:00")),
            (2_958_466.0, false, None),
            (f64::NAN, false, None),
            (31_117.999_999_99, false, Some("1985-03-12T00:00:00")),
        ] {
            assert_eq!(told(serial, is_1904).as_deref(), text, "{serial}");
        }
        assert_eq!(clock(0.604_166_666).as_deref(), Some("14:30"));
        assert_eq!(clock(0.5 + 15.0 / DAY).as_deref(), Some("12:00:15"));
        assert_eq!(clock(1.5), None);
        assert_eq!(duration(26.5 / 24.0).as_deref(), Some("26:30:00"));
        assert_eq!(duration(-0.5).as_deref(), Some("-12:00:00"));
        assert_eq!(duration(f64::INFINITY), None);
    }

    #[test]
    fn a_column_may_be_written_in_its_own_way() {
        let own = written(true, &["%y"]);
        let conventions = Conventions {
            usual: Written::default(),
            columns: vec![("geb.".to_owned(), own.clone())],
            used: None,
        };
        assert_eq!(conventions.of("geb."), &own);
        assert_eq!(conventions.of(" Geb. "), &own);
        assert_eq!(conventions.of("Name"), &Written::default());
    }
}
