//! What a typed value may look like, and what it becomes.
//!
//! One grammar for flags, environment and `importer.toml`. Every refusal is one sentence that
//! says what is wrong and what to write instead.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use crate::deliver::{Rate, Threshold};
use crate::import::RecordSet;

/// Longest duration that can be typed: a year. Longer ones are slips, and would overflow
/// when they are added to a point in time.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A value that can be typed.
pub trait Word: Sized {
    /// The words it may be; empty when it is free text.
    const CHOICES: &'static [&'static str] = &[];

    /// Reads it.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what to write instead.
    fn read(text: &str) -> Result<Self, String>;
}

/// [`Word::read`] as a value parser of clap's.
///
/// # Errors
/// As [`Word::read`].
pub fn read<T: Word>(text: &str) -> Result<T, String> {
    T::read(text)
}

/// Which mapping a run uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MappingChoice {
    /// A mapping file.
    File(PathBuf),
    /// A ready-made mapping, by its name.
    Builtin(String),
    /// None: the input has the API's own shape.
    #[default]
    Passthrough,
}

impl Word for MappingChoice {
    fn read(text: &str) -> Result<Self, String> {
        match text.strip_prefix("builtin:") {
            Some("") => Err("the name is missing; write builtin:NAME".to_owned()),
            Some(name) => Ok(Self::Builtin(name.to_owned())),
            None => PathBuf::read(text).map(Self::File),
        }
    }
}

impl Word for bool {
    fn read(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(format!("`{text}` is neither true nor false")),
        }
    }
}

impl Word for String {
    fn read(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" => Err("it is empty".to_owned()),
            text => Ok(text.to_owned()),
        }
    }
}

impl Word for PathBuf {
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        Ok(Self::from(text))
    }
}

impl Word for u64 {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("`{text}` is no whole number of 0 or more"))
    }
}

/// How talkative the program is: 0, 1 (`-v`) or 2 and more (`-vv`).
impl Word for u8 {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("`{text}` is no whole number from 0 to 255"))
    }
}

impl Word for RecordSet {
    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

/// A whole number between two bounds.
fn between(text: &str, least: u64, most: u64) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("`{text}` is no whole number from {least} to {most}"))
}

/// Requests in flight: 1 to 1024. More connections than that only queue up in the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency(pub NonZeroUsize);

impl Word for Concurrency {
    fn read(text: &str) -> Result<Self, String> {
        let number = between(text, 1, 1024)?;
        usize::try_from(number)
            .ok()
            .and_then(NonZeroUsize::new)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is too many"))
    }
}

/// POSTs for one record: 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts(pub NonZeroU32);

impl Word for Attempts {
    fn read(text: &str) -> Result<Self, String> {
        let number = between(text, 1, 100)?;
        u32::try_from(number)
            .ok()
            .and_then(NonZeroU32::new)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is too many"))
    }
}

/// A number of customers: 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity(pub NonZeroU64);

impl Word for Quantity {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("`{text}` is no whole number of 1 or more"))
    }
}

/// A customer number as Wawi has it: at most 30 characters, the width of its column in the
/// database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerNumber(pub String);

impl Word for CustomerNumber {
    fn read(text: &str) -> Result<Self, String> {
        const MOST: usize = 30;
        let number = text.trim();
        if number.is_empty() {
            return Err("it is empty; write the number that the customer has in Wawi".to_owned());
        }
        if number.chars().count() > MOST {
            return Err(format!("a customer number has at most {MOST} characters"));
        }
        if number.contains(char::is_control) {
            return Err("it has a character that no customer number has".to_owned());
        }
        Ok(Self(number.to_owned()))
    }
}

impl Word for Duration {
    fn read(text: &str) -> Result<Self, String> {
        const HOW: &str = "write a number and its unit, like 500ms, 60s, 15m or 2h";
        let text = text.trim();
        if text.parse::<f64>().is_ok() {
            return Err(format!("`{text}` has no unit; {HOW}"));
        }
        let days = text
            .strip_suffix('d')
            .and_then(|days| days.trim().parse::<u32>().ok());
        let duration = match days {
            Some(days) => Some(Self::from_secs(u64::from(days) * 24 * 60 * 60)),
            None => text
                .parse::<jiff::SignedDuration>()
                .ok()
                .and_then(|duration| Self::try_from(duration).ok()),
        }
        .ok_or_else(|| format!("`{text}` is no duration; {HOW}"))?;
        if duration > LONGEST {
            return Err(format!("`{text}` is more than a year; {HOW}"));
        }
        Ok(duration)
    }
}

/// A duration that is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimit(pub Duration);

impl Word for TimeLimit {
    fn read(text: &str) -> Result<Self, String> {
        let limit = Duration::read(text)?;
        if limit.is_zero() {
            return Err(format!(
                "`{text}` leaves no time at all; write a longer time, like 60s"
            ));
        }
        Ok(Self(limit))
    }
}

/// `10/s`, `600/m`, `3600/h`, `10/45s`.
impl Word for Rate {
    fn read(text: &str) -> Result<Self, String> {
        const HOW: &str = "write how many in which time, like 10/s, 600/m or 3600/h";
        let (requests, per) = text
            .split_once('/')
            .ok_or_else(|| format!("`{text}` is no rate; {HOW}"))?;
        let requests: u32 = requests
            .trim()
            .parse()
            .map_err(|_| format!("`{text}` is no rate; {HOW}"))?;
        let requests = NonZeroU32::new(requests).ok_or_else(|| {
            format!("`{text}` would never send anything; leave it out for no limit, or {HOW}")
        })?;
        let per = match per.trim() {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(60 * 60),
            length => {
                TimeLimit::read(length)
                    .map_err(|_| format!("`{text}` is no rate; {HOW}"))?
                    .0
            }
        };
        if f64::from(requests.get()) > 10_000.0 * per.as_secs_f64() {
            return Err(format!(
                "`{text}` is more than 10000 a second, which limits nothing; leave it out for no \
                 limit, or {HOW}"
            ));
        }
        Ok(Self { requests, per })
    }
}

/// `50` or `20%`.
impl Word for Threshold {
    fn read(text: &str) -> Result<Self, String> {
        const HOW: &str = "write a number of records like 50, or a share like 20%";
        let text = text.trim();
        match text.strip_suffix('%') {
            None => text
                .parse()
                .map(Self::Count)
                .map_err(|_| format!("`{text}` is no number; {HOW}")),
            Some(share) => share
                .trim()
                .parse()
                .ok()
                .filter(|share| (0.0..=100.0).contains(share))
                .map(Self::Percent)
                .ok_or_else(|| format!("`{text}` is no share from 0% to 100%; {HOW}")),
        }
    }
}

/// The permission bits of files that are written: octal, with the owner's right to read and
/// write, else the program could not replace its own files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(pub u32);

impl Word for FileMode {
    fn read(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0o").unwrap_or(text);
        let mode = Some(digits)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| u32::from_str_radix(digits, 8).ok())
            .filter(|mode| *mode <= 0o777)
            .ok_or_else(|| format!("`{text}` is no octal file mode; write it like 0600 or 0640"))?;
        if mode & 0o600 != 0o600 {
            return Err(format!(
                "`{text}` would keep the owner from the files; write 0600, 0640 or 0644"
            ));
        }
        Ok(Self(mode))
    }
}

/// The byte between fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter(pub u8);

impl Word for Delimiter {
    fn read(text: &str) -> Result<Self, String> {
        let byte = match text {
            "tab" | "\\t" => b'\t',
            "comma" => b',',
            "semicolon" => b';',
            "pipe" => b'|',
            _ => match text.as_bytes() {
                [byte] if !byte.is_ascii_alphanumeric() && !b"\"\r\n\0".contains(byte) => *byte,
                _ => {
                    return Err(format!(
                        "`{}` cannot stand between fields; write one character like ; , | or tab",
                        text.escape_default()
                    ));
                }
            },
        };
        Ok(Self(byte))
    }
}

/// The name of an encoding, as the WHATWG's Encoding Standard spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding(pub String);

impl Word for Encoding {
    fn read(text: &str) -> Result<Self, String> {
        encoding_rs::Encoding::for_label(text.as_bytes())
            .map(|encoding| Self(encoding.name().to_owned()))
            .ok_or_else(|| {
                format!(
                    "`{text}` is no encoding that is known; usual ones are utf-8, windows-1252, \
                     iso-8859-1, utf-16le"
                )
            })
    }
}

/// A text that an HTTP header can carry: printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderText(pub String);

impl Word for HeaderText {
    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(format!(
                "`{}` has characters that an HTTP header cannot carry; use plain ASCII",
                text.escape_default()
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The path of a collection behind the base URL: with a leading slash, without a trailing one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionPath(pub String);

impl Word for CollectionPath {
    fn read(text: &str) -> Result<Self, String> {
        let path = text.trim().trim_end_matches('/');
        if !path.starts_with('/') {
            return Err(format!(
                "`{text}` does not begin with a slash; write it like /v1/customers"
            ));
        }
        if let Some(odd) = path
            .chars()
            .find(|odd| matches!(odd, '?' | '#' | '\\') || !odd.is_ascii_graphic())
        {
            return Err(format!(
                "`{}` does not belong into a path; write it like /v1/customers",
                odd.escape_default()
            ));
        }
        Ok(Self(path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<T: Word + std::fmt::Debug>(text: &str) -> String {
        T::read(text).expect_err(text)
    }

    #[test]
    fn durations_have_a_unit_and_an_end() {
        for (text, millis) in [
            ("500ms", 500),
            ("60s", 60_000),
            ("15m", 900_000),
            ("2h", 7_200_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("3d", 259_200_000),
            ("0s", 0),
            (" 10s ", 10_000),
        ] {
            assert_eq!(
                Duration::read(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in [
            "60",
            "",
            "s",
            "-5s",
            "abc",
            "10 monkeys",
            "99999999h",
            "500d",
            "1y",
        ] {
            refusal::<Duration>(text);
        }
        assert!(refusal::<Duration>("60").contains("no unit"));
        assert!(refusal::<TimeLimit>("0s").contains("no time at all"));
    }

    #[test]
    fn rates_say_how_many_in_which_time() {
        for (text, requests, seconds) in [
            ("10/s", 10, 1),
            ("600/m", 600, 60),
            ("3600/h", 3600, 3600),
            ("10/45s", 10, 45),
            (" 5 / s ", 5, 1),
        ] {
            let rate = Rate::read(text).expect(text);
            assert_eq!(rate.requests.get(), requests, "{text}");
            assert_eq!(rate.per, Duration::from_secs(seconds), "{text}");
        }
        for text in [
            "10", "0/s", "/s", "10/", "10/x", "-1/s", "1.5/s", "999999/s", "10/0s",
        ] {
            refusal::<Rate>(text);
        }
        assert!(refusal::<Rate>("0/s").contains("never send"));
    }

    #[test]
    fn thresholds_are_numbers_or_shares() {
        assert_eq!(Threshold::read("50"), Ok(Threshold::Count(50)));
        assert_eq!(Threshold::read("0"), Ok(Threshold::Count(0)));
        assert_eq!(Threshold::read("20%"), Ok(Threshold::Percent(20.0)));
        assert_eq!(Threshold::read("0.5 %"), Ok(Threshold::Percent(0.5)));
        for text in ["", "%", "101%", "-1", "-1%", "NaN%", "many", "1.5"] {
            refusal::<Threshold>(text);
        }
    }

    #[test]
    fn counts_keep_their_bounds() {
        for text in ["1", "1024"] {
            Concurrency::read(text).expect(text);
        }
        for text in ["0", "1025", "10000", "-1", "eight", ""] {
            refusal::<Concurrency>(text);
        }
        for text in ["0", "101", "x"] {
            refusal::<Attempts>(text);
        }
        for text in ["0", "-3", "x", ""] {
            refusal::<Quantity>(text);
        }
    }

    #[test]
    fn file_modes_are_octal_and_leave_the_owner_in() {
        for (text, mode) in [("0600", 0o600), ("640", 0o640), ("0o644", 0o644)] {
            assert_eq!(FileMode::read(text), Ok(FileMode(mode)), "{text}");
        }
        for text in ["0400", "0888", "rw", "01777", "", "+600", "0"] {
            refusal::<FileMode>(text);
        }
    }

    #[test]
    fn delimiters_are_one_byte_or_a_word() {
        for (text, byte) in [
            (";", b';'),
            (",", b','),
            ("|", b'|'),
            ("tab", b'\t'),
            ("\\t", b'\t'),
            ("\t", b'\t'),
            ("semicolon", b';'),
        ] {
            assert_eq!(Delimiter::read(text), Ok(Delimiter(byte)), "{text}");
        }
        for text in ["", ";;", "a", "\"", "\n", "§"] {
            refusal::<Delimiter>(text);
        }
    }

    #[test]
    fn encodings_get_their_standard_name() {
        for (text, name) in [
            ("windows-1252", "windows-1252"),
            ("Latin1", "windows-1252"),
            ("UTF8", "UTF-8"),
            ("utf-16le", "UTF-16LE"),
        ] {
            assert_eq!(
                Encoding::read(text),
                Ok(Encoding(name.to_owned())),
                "{text}"
            );
        }
        refusal::<Encoding>("ansi-something");
    }

    #[test]
    fn headers_and_paths_carry_nothing_odd() {
        assert_eq!(HeaderText::read(" a b "), Ok(HeaderText("a b".to_owned())));
        for text in ["", "a\r\nb", "ä", "\u{7f}"] {
            refusal::<HeaderText>(text);
        }
        let path = CollectionPath::read("/v1/customers/").map(|path| path.0);
        assert_eq!(path, Ok("/v1/customers".to_owned()));
        for text in ["", "/", "customers", "/a?b", "/a b", "/a#b"] {
            refusal::<CollectionPath>(text);
        }
    }

    #[test]
    fn a_mapping_is_a_file_or_a_ready_made_one() {
        assert_eq!(
            MappingChoice::read("builtin:jtl-shop5"),
            Ok(MappingChoice::Builtin("jtl-shop5".to_owned()))
        );
        assert_eq!(
            MappingChoice::read("a/b.toml"),
            Ok(MappingChoice::File(PathBuf::from("a/b.toml")))
        );
        refusal::<MappingChoice>("builtin:");
        refusal::<MappingChoice>("");
    }
}
