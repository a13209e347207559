//! The options of `forget`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use jiff::SignedDuration;

use super::words::{Word, read};
use crate::outcome::{Bilingual, both};

/// Longest age that can be typed, in days: a century.
const OLDEST: i64 = 36_525;

const AFTER: &str = "\
What stays of a forgotten run or customer is a keyed hash of its number, so that nobody is
created a second time; with --target that goes too. The inputs themselves are yours to erase.

Without a terminal --yes has to be typed. It ends with 7 where something is still needed.";

/// `forget`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = AFTER,
    group(ArgGroup::new("what").required(true).args(["run", "older_than", "customer", "target"]))
)]
pub struct ForgetArgs {
    /// The run, as `importer runs` lists it
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// All runs that ended longer ago: 90d, 12h
    #[arg(long, value_name = "AGE", value_parser = read::<Age>)]
    pub older_than: Option<Age>,
    /// The customer with this number or key, in all runs
    #[arg(long, value_name = "NUMBER")]
    pub customer: Option<String>,
    /// A target, all its runs, and what guards it against customers sent twice
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// Also runs that are unfinished, or have records of which nobody knows what became: if they
    /// are imported again, such a record may be created twice
    #[arg(long, conflicts_with = "customer")]
    pub force: bool,
    /// Where reports lie, beside the folders that the journal knows [default: reports]
    #[arg(long, value_name = "DIR", value_parser = read::<PathBuf>)]
    pub report_dir: Option<PathBuf>,
}

/// How long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(pub SignedDuration);

impl Word for Age {
    fn read(text: &str) -> Result<Self, Bilingual> {
        let wrong = || {
            both!(
                "`{text}` is no age; write a number and a unit, like 90d or 12h",
                "`{text}` ist kein Alter; eine Zahl mit Einheit schreiben, etwa 90d oder 12h"
            )
        };
        let unit_at = text.len().saturating_sub(1);
        let number = text.get(..unit_at).ok_or_else(wrong)?;
        // No signs, no blanks: a number is all that can be meant.
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let hours = match text.get(unit_at..) {
            Some("d") => 24,
            Some("h") => 1,
            _ => return Err(wrong()),
        };
        let number: i64 = number.parse().unwrap_or(i64::MAX);
        if number > OLDEST * 24 / hours {
            return Err(both!(
                "`{text}` is too long; {OLDEST}d is the most",
                "`{text}` ist zu lang; erlaubt sind höchstens {OLDEST}d"
            ));
        }
        Ok(Self(SignedDuration::from_hours(number * hours)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_a_number_of_days_or_hours() {
        for (text, hours) in [
            ("90d", 90 * 24),
            ("12h", 12),
            ("0d", 0),
            ("36525d", 876_600),
        ] {
            assert_eq!(Age::read(text), Ok(Age(SignedDuration::from_hours(hours))));
        }
        for text in [
            "",
            "d",
            "90",
            "-1d",
            "+1d",
            " 1d",
            "1.5d",
            "1 d",
            "1w",
            "1é",
            "36526d",
            "99999999999999999999d",
        ] {
            assert!(Age::read(text).is_err(), "{text}");
        }
    }
}
