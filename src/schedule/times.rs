//! When a job starts: cron expressions on a clock that hangs somewhere, and what was missed.
//!
//! Pure: the time comes from outside.
//!
//! Where clocks are changed, `croner` decides, as cron does: an expression that names one time
//! of a day starts once, also if that time exists twice (the first counts) or not at all (then
//! at the first moment after the gap). One that repeats within the day (`*/15`, `1-3`) starts
//! whenever the clock shows such a time: twice in the repeated hour, not in the missing one.

mod words;

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use croner::{CivilDateTime, CronDateTime, Resolution, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ZonedDateTime};

use super::jobs::{Job, Missed};
use super::told::Why;
use crate::outcome::{Bilingual, both};

/// Times that are looked ahead for the shortest way from one to the next: more than the days of a
/// year, one of which is short where clocks are changed.
const GAPS: usize = 400;

/// A start this much later than it was meant is one that was missed: the computer was asleep, or
/// the program was not there. Less is the time that things take.
pub(super) const LATE: SignedDuration = SignedDuration::from_secs(60);

/// A cron expression of five fields.
#[derive(Clone, Debug)]
pub struct Cron {
    text: String,
    pattern: croner::Cron,
}

/// A time zone with its name.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone with this IANA name.
    ///
    /// # Errors
    /// If there is none.
    pub fn named(name: &str) -> Result<Self, Bilingual> {
        TimeZone::get(name).map(Self).map_err(|_| {
            both!(
                "there is no time zone \"{name}\"",
                "die Zeitzone \"{name}\" gibt es nicht"
            )
        })
    }

    /// The computer's.
    #[must_use]
    pub fn of_the_computer() -> Self {
        Self(TimeZone::system())
    }

    /// Its name, or `local` if the computer's has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("local")
    }

    /// Its name for people.
    #[must_use]
    pub fn told(&self) -> Bilingual {
        match self.0.iana_name() {
            Some(name) => Bilingual::same(name),
            None => both!("local", "lokal"),
        }
    }

    /// The time there.
    #[must_use]
    pub fn at(&self, time: Timestamp) -> ZonedDateTime {
        time.to_zoned_datetime(self.0.clone())
    }
}

impl Cron {
    /// Reads an expression: minute, hour, day of the month, month, day of the week; or `@daily`
    /// and its like.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Bilingual> {
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let pattern = parser.parse(text).map_err(|error| {
            let english = match error {
                CronError::InvalidPattern(why)
                | CronError::IllegalCharacters(why)
                | CronError::ComponentError(why) => why.trim_end_matches('.').to_owned(),
                error => error.to_string(),
            };
            Bilingual {
                german: words::in_german(&english),
                english: words::in_english(english),
            }
        })?;
        Ok(Self {
            text: text.to_owned(),
            pattern,
        })
    }

    /// The expression as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first time after `after`; none if there is none in thousands of years.
    #[must_use]
    pub fn next(&self, zone: &Zone, after: Timestamp) -> Option<Timestamp> {
        let after = Local(zone.at(after));
        let next = self.pattern.find_next_occurrence(&after, false).ok()?;
        Some(next.0.timestamp())
    }
}

/// A time on the clock of a zone, as `croner` searches over it.
#[derive(Clone)]
struct Local(ZonedDateTime);

impl CronDateTime for Local {
    fn to_civil(&self) -> CivilDateTime {
        let there = self.0.datetime();
        let number = |part: i8| u32::try_from(part).unwrap_or_default();
        CivilDateTime::from_ymd_hms_opt(
            i32::from(there.year()),
            number(there.month()),
            number(there.day()),
            number(there.hour()),
            number(there.minute()),
            number(there.second()),
        )
        .unwrap_or_else(|| {
            CivilDateTime::new(
                croner::CivilDate::from_parts_unchecked(1970, 1, 1),
                croner::CivilTime::from_parts_unchecked(0, 0, 0),
            )
        })
    }

    fn civil_weekday(&self) -> Weekday {
        let days = self.0.weekday().to_sunday_zero_offset();
        Weekday::from_days_from_sunday(u32::try_from(days).unwrap_or_default())
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let part = |part: u32| i8::try_from(part).map_err(|_| CronError::InvalidDate);
        let there = jiff::civil::DateTime::new(
            i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?,
            part(civil.month())?,
            part(civil.day())?,
            part(civil.hour())?,
            part(civil.minute())?,
            part(civil.second())?,
            0,
        )
        .map_err(|_| CronError::InvalidDate)?;
        let ambiguous = self.0.time_zone().to_ambiguous_zoned_datetime(there);
        let wrong = |_| CronError::InvalidTime;
        Ok(match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                Resolution::Single(Self(ambiguous.unambiguous().map_err(wrong)?))
            }
            AmbiguousOffset::Fold { .. } => Resolution::Ambiguous(
                Self(ambiguous.clone().earlier().map_err(wrong)?),
                Self(ambiguous.later().map_err(wrong)?),
            ),
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        let later = self.0.checked_add(SignedDuration::from_secs(seconds));
        later.ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A time of a job, and when it really starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// The time by the cron expression.
    pub(super) due: Timestamp,
    /// That time with the job's jitter.
    pub(super) start: Timestamp,
}

/// What is done about a job just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It waits.
    Wait,
    /// It starts.
    Start(Why),
    /// Its time was missed, and is let go.
    Skip(Due),
}

/// The job's first time after `after`.
pub(super) fn next(job: &Job, after: Timestamp) -> Option<Due> {
    let due = job.cron.next(&job.zone, after)?;
    let start = due.checked_add(jitter(&job.name, due, job.jitter)).ok()?;
    Some(Due { due, start })
}

/// The least time between two of the job's coming times, as far as is looked ahead.
pub(super) fn shortest_gap(job: &Job, after: Timestamp) -> Option<Duration> {
    let mut last = job.cron.next(&job.zone, after)?;
    let mut shortest = None;
    for _ in 0..GAPS {
        let Some(next) = job.cron.next(&job.zone, last) else {
            break;
        };
        let gap = Duration::try_from(next.duration_since(last)).ok()?;
        shortest = Some(shortest.map_or(gap, |least: Duration| least.min(gap)));
        last = next;
    }
    shortest
}

/// How much later than `due` the job starts: less than `most`, in whole milliseconds; the same
/// for the same job and time, so that a program that is started anew agrees with itself.
fn jitter(name: &str, due: Timestamp, most: Duration) -> SignedDuration {
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    if most == 0 {
        return SignedDuration::ZERO;
    }
    let hash = blake3::hash(format!("{name} {due}").as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    let later = u64::from_le_bytes([a, b, c, d, e, f, g, h]) % most;
    SignedDuration::from_millis(i64::try_from(later).unwrap_or_default())
}

/// What is done about a job whose next time is `due`.
pub(super) fn step(job: &Job, due: Due, now: Timestamp) -> Step {
    if now < due.start {
        Step::Wait
    } else if now.duration_since(due.start) <= LATE {
        Step::Start(Why::Due(due.due))
    } else {
        match job.missed {
            Missed::Skip => Step::Skip(due),
            Missed::CatchUp => Step::Start(Why::CatchUp(due.due)),
        }
    }
}

/// What is done about a job when the program begins: `known` is its last start, else when it was
/// first seen; `left` says that a start of it was interrupted or died. The second part is its
/// next time.
pub(super) fn opening(
    job: &Job,
    known: Option<Timestamp>,
    left: bool,
    now: Timestamp,
) -> (Step, Option<Due>) {
    // A clock that was set back must not let a job wait for the time that it was set from.
    let known = known.filter(|known| *known <= now).unwrap_or(now);
    let Some(first) = next(job, known) else {
        return (
            if left {
                Step::Start(Why::Left)
            } else {
                Step::Wait
            },
            None,
        );
    };
    if left {
        return (Step::Start(Why::Left), next(job, now));
    }
    match step(job, first, now) {
        Step::Wait => (Step::Wait, Some(first)),
        step => (step, next(job, now)),
    }
}

#[cfg(test)]
mod tests;
