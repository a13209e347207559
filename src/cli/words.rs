//! What a typed value may look like, and what it becomes.
//!
//! One grammar for flags, environment and `importer.toml`. Every refusal is one sentence that
//! says what is wrong and what to write instead.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use crate::deliver::{Rate, Threshold};
use crate::import::RecordSet;
use crate::outcome::telling::shell_word;
use crate::outcome::{Bilingual, both};

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
    fn read(text: &str) -> Result<Self, Bilingual>;
}

/// Why a typed value cannot be taken, as clap hands it on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.english)]
pub struct Refused(pub Bilingual);

/// [`Word::read`] as a value parser of clap's.
///
/// # Errors
/// As [`Word::read`].
pub fn read<T: Word>(text: &str) -> Result<T, Refused> {
    T::read(text).map_err(Refused)
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

impl MappingChoice {
    /// The option that names it, quoted, with a blank before it; nothing if there is none.
    #[must_use]
    pub fn as_option(&self) -> String {
        let word = match self {
            Self::File(path) => path.display().to_string(),
            Self::Builtin(name) => format!("builtin:{name}"),
            Self::Passthrough => return String::new(),
        };
        format!(" -m {}", shell_word(&word))
    }
}

impl Word for MappingChoice {
    fn read(text: &str) -> Result<Self, Bilingual> {
        match text.strip_prefix("builtin:") {
            Some("") => Err(both!(
                "the name is missing; write builtin:NAME",
                "der Name fehlt; builtin:NAME schreiben"
            )),
            Some(name) => Ok(Self::Builtin(name.to_owned())),
            None => PathBuf::read(text).map(Self::File),
        }
    }
}

impl Word for bool {
    fn read(text: &str) -> Result<Self, Bilingual> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(both!(
                "`{text}` is neither true nor false",
                "`{text}` ist weder true noch false"
            )),
        }
    }
}

impl Word for String {
    fn read(text: &str) -> Result<Self, Bilingual> {
        match text.trim() {
            "" => Err(empty()),
            text => Ok(text.to_owned()),
        }
    }
}

impl Word for PathBuf {
    fn read(text: &str) -> Result<Self, Bilingual> {
        if text.is_empty() {
            return Err(empty());
        }
        Ok(Self::from(text))
    }
}

impl Word for u64 {
    fn read(text: &str) -> Result<Self, Bilingual> {
        text.parse().map_err(|_| {
            both!(
                "`{text}` is no whole number of 0 or more",
                "`{text}` ist keine ganze Zahl ab 0"
            )
        })
    }
}

/// How talkative the program is: 0, 1 (`-v`) or 2 and more (`-vv`).
impl Word for u8 {
    fn read(text: &str) -> Result<Self, Bilingual> {
        text.parse().map_err(|_| {
            both!(
                "`{text}` is no whole number from 0 to 255",
                "`{text}` ist keine ganze Zahl von 0 bis 255"
            )
        })
    }
}

impl Word for RecordSet {
    fn read(text: &str) -> Result<Self, Bilingual> {
        Self::parse(text)
    }
}

/// What is said of a value without a character.
pub(super) fn empty() -> Bilingual {
    both!("it is empty", "der Wert ist leer")
}

fn too_many(text: &str) -> Bilingual {
    both!("`{text}` is too many", "`{text}` ist zu viel")
}

/// A whole number between two bounds.
fn between(text: &str, least: u64, most: u64) -> Result<u64, Bilingual> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| {
            both!(
                "`{text}` is no whole number from {least} to {most}",
                "`{text}` ist keine ganze Zahl von {least} bis {most}"
            )
        })
}

/// Requests in flight: 1 to 1024. More connections than that only queue up in the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency(pub NonZeroUsize);

impl Word for Concurrency {
    fn read(text: &str) -> Result<Self, Bilingual> {
        let number = between(text, 1, 1024)?;
        usize::try_from(number)
            .ok()
            .and_then(NonZeroUsize::new)
            .map(Self)
            .ok_or_else(|| too_many(text))
    }
}

/// POSTs for one record: 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts(pub NonZeroU32);

impl Word for Attempts {
    fn read(text: &str) -> Result<Self, Bilingual> {
        let number = between(text, 1, 100)?;
        u32::try_from(number)
            .ok()
            .and_then(NonZeroU32::new)
            .map(Self)
            .ok_or_else(|| too_many(text))
    }
}

/// A number of customers: 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity(pub NonZeroU64);

impl Word for Quantity {
    fn read(text: &str) -> Result<Self, Bilingual> {
        text.parse().map(Self).map_err(|_| {
            both!(
                "`{text}` is no whole number of 1 or more",
                "`{text}` ist keine ganze Zahl ab 1"
            )
        })
    }
}

/// A customer number as Wawi has it: at most 30 characters, the width of its column in the
/// database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerNumber(pub String);

impl Word for CustomerNumber {
    fn read(text: &str) -> Result<Self, Bilingual> {
        const MOST: usize = 30;
        let number = text.trim();
        if number.is_empty() {
            return Err(both!(
                "it is empty; write the number that the customer has in Wawi",
                "der Wert ist leer; die Kundennummer schreiben, die der Kunde in der Wawi hat"
            ));
        }
        if number.chars().count() > MOST {
            return Err(both!(
                "a customer number has at most {MOST} characters",
                "eine Kundennummer hat höchstens {MOST} Zeichen"
            ));
        }
        if number.contains(char::is_control) {
            return Err(both!(
                "it has a character that no customer number has",
                "darin steht ein Zeichen, das keine Kundennummer hat"
            ));
        }
        Ok(Self(number.to_owned()))
    }
}

impl Word for Duration {
    fn read(text: &str) -> Result<Self, Bilingual> {
        let how = || {
            both!(
                "write a number and its unit, like 500ms, 60s, 15m or 2h",
                "eine Zahl mit Einheit schreiben, etwa 500ms, 60s, 15m oder 2h"
            )
        };
        let text = text.trim();
        if text.parse::<f64>().is_ok() {
            return Err(
                both!([how = how()] "`{text}` has no unit; {how}", "`{text}` hat keine Einheit; {how}"),
            );
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
        .ok_or_else(|| both!([how = how()] "`{text}` is no duration; {how}", "`{text}` ist keine Dauer; {how}"))?;
        if duration > LONGEST {
            return Err(
                both!([how = how()] "`{text}` is more than a year; {how}", "`{text}` ist mehr als ein Jahr; {how}"),
            );
        }
        Ok(duration)
    }
}

/// A duration that is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimit(pub Duration);

impl Word for TimeLimit {
    fn read(text: &str) -> Result<Self, Bilingual> {
        let limit = Duration::read(text)?;
        if limit.is_zero() {
            return Err(both!(
                "`{text}` leaves no time at all; write a longer time, like 60s",
                "`{text}` lässt gar keine Zeit; eine längere Zeit schreiben, etwa 60s"
            ));
        }
        Ok(Self(limit))
    }
}

/// `10/s`, `600/m`, `3600/h`, `10/45s`.
impl Word for Rate {
    fn read(text: &str) -> Result<Self, Bilingual> {
        let how = || {
            both!(
                "write how many in which time, like 10/s, 600/m or 3600/h",
                "schreiben, wie viele in welcher Zeit, etwa 10/s, 600/m oder 3600/h"
            )
        };
        let wrong =
            || both!([how = how()] "`{text}` is no rate; {how}", "`{text}` ist kein Tempo; {how}");
        let (requests, per) = text.split_once('/').ok_or_else(wrong)?;
        let requests: u32 = requests.trim().parse().map_err(|_| wrong())?;
        let requests = NonZeroU32::new(requests).ok_or_else(|| {
            both!([how = how()]
                "`{text}` would never send anything; leave it out for no limit, or {how}",
                "`{text}` würde nie etwas senden; weglassen, wenn es keine Grenze geben soll, oder {how}"
            )
        })?;
        let per = match per.trim() {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(60 * 60),
            length => TimeLimit::read(length).map_err(|_| wrong())?.0,
        };
        if f64::from(requests.get()) > 10_000.0 * per.as_secs_f64() {
            return Err(both!([how = how()]
                "`{text}` is more than 10000 a second, which limits nothing; leave it out for no \
                 limit, or {how}",
                "`{text}` ist mehr als 10000 in der Sekunde, was nichts begrenzt; weglassen, wenn \
                 es keine Grenze geben soll, oder {how}"
            ));
        }
        Ok(Self { requests, per })
    }
}

/// `50` or `20%`.
impl Word for Threshold {
    fn read(text: &str) -> Result<Self, Bilingual> {
        let how = || {
            both!(
                "write a number of records like 50, or a share like 20%",
                "eine Zahl von Datensätzen wie 50 oder einen Anteil wie 20% schreiben"
            )
        };
        let text = text.trim();
        match text.strip_suffix('%') {
            None => text
                .parse()
                .map(Self::Count)
                .map_err(|_| both!([how = how()] "`{text}` is no number; {how}", "`{text}` ist keine Zahl; {how}")),
            Some(share) => share
                .trim()
                .parse()
                .ok()
                .filter(|share| (0.0..=100.0).contains(share))
                .map(Self::Percent)
                .ok_or_else(|| both!([how = how()] "`{text}` is no share from 0% to 100%; {how}", "`{text}` ist kein Anteil von 0% bis 100%; {how}")),
        }
    }
}

/// The permission bits of files that are written: octal, with the owner's right to read and
/// write, else the program could not replace its own files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(pub u32);

impl Word for FileMode {
    fn read(text: &str) -> Result<Self, Bilingual> {
        let digits = text.strip_prefix("0o").unwrap_or(text);
        let mode = Some(digits)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| u32::from_str_radix(digits, 8).ok())
            .filter(|mode| *mode <= 0o777)
            .ok_or_else(|| {
                both!(
                    "`{text}` is no octal file mode; write it like 0600 or 0640",
                    "`{text}` ist kein oktaler Dateimodus; wie 0600 oder 0640 schreiben"
                )
            })?;
        if mode & 0o600 != 0o600 {
            return Err(both!(
                "`{text}` would keep the owner from the files; write 0600, 0640 or 0644",
                "`{text}` würde dem Besitzer die Dateien verwehren; 0600, 0640 oder 0644 schreiben"
            ));
        }
        Ok(Self(mode))
    }
}

/// The byte between fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter(pub u8);

impl Word for Delimiter {
    fn read(text: &str) -> Result<Self, Bilingual> {
        let byte = match text {
            "tab" | "\\t" => b'\t',
            "comma" => b',',
            "semicolon" => b';',
            "pipe" => b'|',
            _ => match text.as_bytes() {
                [byte] if !byte.is_ascii_alphanumeric() && !b"\"\r\n\0".contains(byte) => *byte,
                _ => {
                    return Err(both!(
                        "`{text}` cannot stand between fields; write one character like ; , | or tab",
                        "`{text}` kann nicht zwischen Feldern stehen; ein Zeichen wie ; , | oder tab schreiben",
                        text = text.escape_default()
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
    fn read(text: &str) -> Result<Self, Bilingual> {
        encoding_rs::Encoding::for_label(text.as_bytes())
            .map(|encoding| Self(encoding.name().to_owned()))
            .ok_or_else(|| {
                both!(
                    "`{text}` is no encoding that is known; usual ones are utf-8, windows-1252, \
                     iso-8859-1, utf-16le",
                    "`{text}` ist kein bekannter Zeichensatz; üblich sind utf-8, windows-1252, \
                     iso-8859-1, utf-16le"
                )
            })
    }
}

/// A text that an HTTP header can carry: printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderText(pub String);

impl Word for HeaderText {
    fn read(text: &str) -> Result<Self, Bilingual> {
        let text = text.trim();
        if text.is_empty() {
            return Err(empty());
        }
        if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(both!(
                "`{text}` has characters that an HTTP header cannot carry; use plain ASCII",
                "`{text}` hat Zeichen, die keine HTTP-Kopfzeile tragen kann; nur ASCII verwenden",
                text = text.escape_default()
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The path of a collection behind the base URL: with a leading slash, without a trailing one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionPath(pub String);

impl Word for CollectionPath {
    fn read(text: &str) -> Result<Self, Bilingual> {
        let path = text.trim().trim_end_matches('/');
        if !path.starts_with('/') {
            return Err(both!(
                "`{text}` does not begin with a slash; write it like /v1/customers",
                "`{text}` beginnt nicht mit einem Schrägstrich; wie /v1/customers schreiben"
            ));
        }
        if let Some(odd) = path
            .chars()
            .find(|odd| matches!(odd, '?' | '#' | '\\') || !odd.is_ascii_graphic())
        {
            return Err(both!(
                "`{odd}` does not belong into a path; write it like /v1/customers",
                "`{odd}` gehört nicht in einen Pfad; wie /v1/customers schreiben",
                odd = odd.escape_default()
            ));
        }
        Ok(Self(path.to_owned()))
    }
}

#[cfg(test)]
mod tests;
