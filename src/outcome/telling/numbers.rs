//! Numbers and lengths of time as people read them.

use std::time::Duration;

use crate::outcome::Language;

/// `1234567` becomes `1,234,567`.
#[must_use]
pub fn thousands(number: u64) -> String {
    thousands_in(number, Language::English)
}

/// See [`thousands`]; in German `1.234.567`.
#[must_use]
pub fn thousands_in(number: u64, language: Language) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(language.pick(',', '.'));
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with its noun: `1 record`, `2,000 records`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(number))
}

/// A length of time with its two largest units: `1 h 5 min`, `12 s`, `0.4 s`.
#[must_use]
pub fn length(time: Duration) -> String {
    length_in(time, Language::English)
}

/// See [`length`]; in German `0,4 s`.
#[must_use]
pub fn length_in(time: Duration, language: Language) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) if seconds < 10 && time.subsec_millis() > 0 => {
            format!("{} s", tenths(time.as_secs_f64(), language))
        }
        (0, 0) => format!("{seconds} s"),
        (0, _) if rest == 0 => format!("{minutes} min"),
        (0, _) => format!("{minutes} min {rest} s"),
        (_, 0) => format!("{hours} h"),
        _ => format!("{hours} h {minutes} min"),
    }
}

/// A number with one decimal: `1,234.5`, in German `1.234,5`.
#[must_use]
pub fn tenths(number: f64, language: Language) -> String {
    let text = format!("{number:.1}");
    let Some((whole, tenth)) = text.split_once('.') else {
        return text;
    };
    let whole = match whole.parse() {
        Ok(whole) => thousands_in(whole, language),
        Err(_) => whole.to_owned(),
    };
    format!("{whole}{}{tenth}", language.pick('.', ','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_easy_to_read() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands_in(1_234_567, Language::German), "1.234.567");
        assert_eq!(tenths(1234.56, Language::English), "1,234.6");
        assert_eq!(tenths(-0.5, Language::English), "-0.5");
        assert_eq!(tenths(999.96, Language::German), "1.000,0");
        assert_eq!(tenths(1e300, Language::English).len(), 303);
        assert_eq!(tenths(f64::NAN, Language::German), "NaN");
        assert_eq!(tenths(1234.56, Language::German), "1.234,6");
        let tenth = Duration::from_millis(440);
        assert_eq!(length_in(tenth, Language::German), "0,4 s");
        assert_eq!(counted(1, "record"), "1 record");
        assert_eq!(counted(1000, "record"), "1,000 records");
        let times = [
            (Duration::from_millis(440), "0.4 s"),
            (Duration::from_secs(3), "3 s"),
            (Duration::from_secs(12), "12 s"),
            (Duration::from_secs(60), "1 min"),
            (Duration::from_secs(184), "3 min 4 s"),
            (Duration::from_secs(3600), "1 h"),
            (Duration::from_secs(90_061), "25 h 1 min"),
        ];
        for (time, text) in times {
            assert_eq!(length(time), text);
        }
    }
}
