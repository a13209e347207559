//! Date-times as the API wants them.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;

/// A date-time with its zone. Nearly all of a customer's are days, sent as midnight UTC: such a
/// one is a number, not a text, and takes no memory of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// Midnight UTC of a day of the years 0 to 9999.
    Day(Date),
    /// Anything else, as it is sent. Never a text that a day would be written as.
    Text(Box<str>),
}

/// Length of `1985-12-31T00:00:00Z`.
const LENGTH: usize = 20;

impl Moment {
    /// Midnight UTC of a day.
    #[must_use]
    pub fn of_day(day: Date) -> Self {
        if (0..=9999).contains(&day.year()) {
            Self(Form::Day(day))
        } else {
            Self(Form::Text(format!("{day}T00:00:00Z").into()))
        }
    }

    /// The day, if it is midnight UTC of one.
    #[must_use]
    pub fn day(&self) -> Option<Date> {
        match self.0 {
            Form::Day(day) => Some(day),
            Form::Text(_) => None,
        }
    }

    /// The text that is sent: RFC 3339.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Form::Text(text) => Cow::Borrowed(text),
            Form::Day(day) => Cow::Owned(String::from_utf8_lossy(&written(*day)).into_owned()),
        }
    }

    /// Hands the bytes of the text that is sent to `write`.
    pub(super) fn with_bytes(&self, write: impl FnOnce(&[u8])) {
        match &self.0 {
            Form::Text(text) => write(text.as_bytes()),
            Form::Day(day) => write(&written(*day)),
        }
    }
}

/// Reads whatever text; what is no date-time stays as it is, for validation to refuse.
impl From<&str> for Moment {
    fn from(text: &str) -> Self {
        match midnight(text) {
            Some(day) => Self(Form::Day(day)),
            None => Self(Form::Text(text.into())),
        }
    }
}

impl From<String> for Moment {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// The day of exactly `1985-12-31T00:00:00Z`.
fn midnight(text: &str) -> Option<Date> {
    let date = text.strip_suffix("T00:00:00Z")?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date.as_bytes() else {
        return None;
    };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let month = i8::try_from(number(&[*m1, *m2])?).ok()?;
    let day = i8::try_from(number(&[*d1, *d2])?).ok()?;
    Date::new(year, month, day).ok()
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0, |number: i16, digit| {
        let is_digit = digit.is_ascii_digit();
        is_digit.then(|| number * 10 + i16::from(digit - b'0'))
    })
}

fn written(day: Date) -> [u8; LENGTH] {
    let mut text = *b"0000-00-00T00:00:00Z";
    let [y1, y2, y3, y4, _, m1, m2, _, d1, d2, ..] = &mut text;
    // The year has four digits at most, month and day have two and no sign.
    let year = day.year().unsigned_abs();
    let digit = |number: u16| b'0' + (number % 10) as u8;
    (*y1, *y2) = (digit(year / 1000), digit(year / 100));
    (*y3, *y4) = (digit(year / 10), digit(year));
    let month = u16::from(day.month().unsigned_abs());
    (*m1, *m2) = (digit(month / 10), digit(month));
    let day = u16::from(day.day().unsigned_abs());
    (*d1, *d2) = (digit(day / 10), digit(day));
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_outside_of_four_digits_keep_their_text() {
        let day = Date::new(-5, 1, 2).unwrap();
        assert_eq!(Moment::of_day(day).text(), format!("{day}T00:00:00Z"));
        assert_eq!(Moment::of_day(day).day(), None);
    }

    proptest! {
        /// A day and its text are one value, and written alike.
        #[test]
        fn a_day_is_what_its_text_says(year in 0_i16..=9999, month in 1_i8..=12, day in 1_i8..=31) {
            if let Ok(day) = Date::new(year, month, day) {
                let text = format!("{day}T00:00:00Z");
                prop_assert_eq!(Moment::of_day(day), Moment::from(text.as_str()));
                let moment = Moment::of_day(day);
                prop_assert_eq!(moment.text(), text.as_str());
                moment.with_bytes(|bytes| assert_eq!(bytes, text.as_bytes()));
            }
        }

        /// Whatever text it is, it comes out as it went in.
        #[test]
        fn a_text_stays(text in "(\\PC{0,30}|[0-9]{4}-[0-9]{2}-[0-9]{2}T0[01]:00:00(Z|\\+00:00))") {
            let moment = Moment::from(text.as_str());
            prop_assert_eq!(moment.text(), text.as_str());
            moment.with_bytes(|bytes| assert_eq!(bytes, text.as_bytes()));
        }
    }
}
