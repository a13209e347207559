//! Date-times as the API wants them: RFC 3339, with a zone.
//!
//! Read by hand, because no more than the calendar day is needed of them and the server's
//! reader (.NET's `DateTimeOffset`) is stricter than most libraries.

use jiff::civil::Date;

/// The calendar day of a date-time such as `1985-01-01T00:00:00Z`; `None` if it is not
/// written so, has no zone or names a moment that does not exist.
pub(super) fn day(text: &str) -> Option<Date> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, rest) = rest.split_at_checked(9)?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date.as_bytes() else {
        return None;
    };
    let [b'T', h1, h2, b':', n1, n2, b':', s1, s2] = time.as_bytes() else {
        return None;
    };
    let clock = number(&[*h1, *h2])? < 24 && number(&[*n1, *n2])? < 60 && number(&[*s1, *s2])? < 60;
    if !clock || !is_zone(without_fraction(rest)?) {
        return None;
    }
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let month = i8::try_from(number(&[*m1, *m2])?).ok()?;
    let day = i8::try_from(number(&[*d1, *d2])?).ok()?;
    Date::new(year, month, day).ok()
}

/// What follows `.0000000`, if that is there.
fn without_fraction(text: &str) -> Option<&str> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some(text);
    };
    let zone = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    matches!(rest.len() - zone.len(), 1..=9).then_some(zone)
}

/// `Z` or `+hh:mm`, at most 14 hours, as .NET allows.
fn is_zone(text: &str) -> bool {
    match text.as_bytes() {
        [b'Z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => match (number(&[*h1, *h2]), number(&[*m1, *m2])) {
            (Some(hours), Some(minutes)) => minutes < 60 && hours * 60 + minutes <= 14 * 60,
            _ => false,
        },
        _ => false,
    }
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0, |number: i16, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i16::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_rfc_3339_with_a_zone_passes() {
        for text in [
            "1985-01-01T00:00:00Z",
            "2023-02-01T13:30:00.0000000+00:00",
            "2024-02-29T23:59:59-14:00",
            "0001-01-01T00:00:00.123456789Z",
        ] {
            assert_eq!(day(text).unwrap().to_string(), &text[..10], "{text}");
        }
        for text in [
            "",
            "1985-01-01",
            "1985-01-01T",
            "1985-01-01T00:00:00",
            "1985-01-01 00:00:00Z",
            "1985-01-01t00:00:00z",
            "1985-01-01T00:00Z",
            "1985-1-1T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-00-01T00:00:00Z",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:60:00Z",
            "2023-01-01T00:00:60Z",
            "2023-01-01T00:00:00.Z",
            "2023-01-01T00:00:00.0123456789Z",
            "2023-01-01T00:00:00+0100",
            "2023-01-01T00:00:00+14:01",
            "2023-01-01T00:00:00+01:60",
            "2023-01-01T00:00:00ZZ",
            "+2023-01-01T00:00:00Z",
            "２023-01-01T00:00:00Z",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "\\PC{0,40}") {
            let _ = day(&text);
        }

        #[test]
        fn what_passes_is_a_moment(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[012][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,3})?(Z|[+-][01][0-9]:[0-6]0)") {
            if day(&text).is_some() {
                prop_assert!(text.parse::<jiff::Timestamp>().is_ok());
            }
        }
    }
}
