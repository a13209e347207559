//! What happens when, or to whom: statuses and freezes from a request or a time on, and the
//! steps that single records go through.
//!
//! Plain values and how they are written; nothing here acts.

use std::time::Duration;

use super::faults::Fault;
use super::told::{Told, both};

/// What a script counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// Creates.
    Post,
    /// Look-ups, listings and lists.
    Get,
    /// Tokens.
    Token,
}

/// A moment in a sandbox's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The arrival of the n-th request of its kind, counted from 1 since the server's start.
    Nth(u64),
    /// So long after the server's start.
    After(Duration),
}

impl When {
    /// Reads `101` or `30s`; none if it is neither.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Ok(nth) = text.parse::<u64>() {
            return (nth > 0).then_some(Self::Nth(nth));
        }
        span(text).map(Self::After)
    }

    /// Whether it has come, for the `n`-th request at `now`.
    pub(super) fn has_come(self, n: u64, now: Duration) -> bool {
        match self {
            Self::Nth(nth) => n >= nth,
            Self::After(time) => now >= time,
        }
    }

    /// Whether it is over, for the `n`-th request at `now`.
    pub(super) fn is_over(self, n: u64, now: Duration) -> bool {
        match self {
            Self::Nth(nth) => n > nth,
            Self::After(time) => now > time,
        }
    }
}

/// Requests answered with a status of their own, for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// Which requests are counted.
    pub asked: Asked,
    /// The first one.
    pub from: When,
    /// The last one; none: until the faults are lifted.
    pub to: Option<When>,
    /// The status; a 3xx comes with a `Location`, 503 and 429 come without `Retry-After`.
    pub status: u16,
}

impl Script {
    /// Reads `403@101`, `403@101-120`, `503@30s` or `503@30s-45s`.
    pub(super) fn read(asked: Asked, value: &str) -> Result<Self, Told> {
        let read = || {
            let (status, span) = value.split_once('@')?;
            let (from, to) = match span.split_once('-') {
                Some((from, to)) => (from, Some(When::read(to)?)),
                None => (span, None),
            };
            let (from, status) = (When::read(from)?, status.parse().ok()?);
            let fine = (200..=599).contains(&status)
                && match (from, to) {
                    (When::Nth(from), Some(When::Nth(to))) => to >= from,
                    (When::After(from), Some(When::After(to))) => to >= from,
                    (_, to) => to.is_none(),
                };
            let script = Self {
                asked,
                from,
                to,
                status,
            };
            fine.then_some(script)
        };
        read().ok_or_else(|| {
            both(
                format!(
                    "`{value}`: write 403@101 (from the 101st request on), 403@101-120 or \
                     503@30s-45s"
                ),
                format!(
                    "`{value}`: 403@101 (ab der 101. Anfrage), 403@101-120 oder 503@30s-45s \
                     schreiben"
                ),
            )
        })
    }
}

/// A time in which the whole server takes requests and answers none; then it does what queued
/// up, also for clients that have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// At which create, or when.
    pub at: When,
    /// For how long.
    pub time: Duration,
}

impl Freeze {
    /// Reads `10s@101` or `10s@30s`.
    pub(super) fn read(value: &str) -> Result<Self, Told> {
        let read = || {
            let (time, at) = value.split_once('@')?;
            Some(Self {
                at: When::read(at)?,
                time: span(time)?,
            })
        };
        read().ok_or_else(|| {
            both(
                format!("`{value}`: write 10s@101 (for 10 s at the 101st create) or 10s@30s"),
                format!("`{value}`: 10s@101 (10 s lang beim 101. Anlegen) oder 10s@30s schreiben"),
            )
        })
    }
}

/// One step of a record's script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing goes wrong.
    Fine,
    /// A fault.
    Fault(Fault),
    /// Not created; answered with this status.
    Status(u16),
}

impl Step {
    /// The word for [`Step::Fine`].
    pub const FINE: &'static str = "ok";

    /// Reads a fault's word, `ok` or a status; none if it is none of them.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text == Self::FINE {
            return Some(Self::Fine);
        }
        if let Some(fault) = Fault::ALL.iter().find(|fault| fault.key() == text) {
            return Some(Self::Fault(*fault));
        }
        let status = text.parse().ok()?;
        (200..=599)
            .contains(&status)
            .then_some(Self::Status(status))
    }
}

/// What happens to the requests of one record, one after the other; then nothing does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordScript {
    /// Its creates; none: the rates hold for them.
    pub posts: Option<Vec<Step>>,
    /// Look-ups of its number; none: the rates hold for them.
    pub lookups: Option<Vec<Step>>,
}

impl RecordScript {
    /// The steps of one kind of requests.
    pub(super) fn steps(&self, asked: Asked) -> Option<&[Step]> {
        match asked {
            Asked::Post => self.posts.as_deref(),
            Asked::Get => self.lookups.as_deref(),
            Asked::Token => None,
        }
    }
}

/// A duration as it is written: `200ms`, `3s`, `2m`.
fn span(text: &str) -> Option<Duration> {
    let span = text.parse::<jiff::SignedDuration>().ok()?;
    Duration::try_from(span).ok()
}

/// The duration that is the value of a word.
pub(super) fn duration(key: &str, value: &str) -> Result<Duration, Told> {
    span(value).ok_or_else(|| {
        both(
            format!("`{key}={value}`: a duration is written 200ms, 3s or 2m"),
            format!("`{key}={value}`: eine Dauer schreibt man 200ms, 3s oder 2m"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_request_or_a_time() {
        let at = Duration::from_secs(30);
        assert_eq!(When::read("101"), Some(When::Nth(101)));
        assert_eq!(When::read("30s"), Some(When::After(at)));
        for text in ["0", "-1", "", "soon", "-3s", "1.5"] {
            assert_eq!(When::read(text), None, "{text}");
        }
        let nth = When::Nth(3);
        assert!(!nth.has_come(2, Duration::MAX) && nth.has_come(3, Duration::ZERO));
        assert!(!nth.is_over(3, Duration::MAX) && nth.is_over(4, Duration::ZERO));
        let after = When::After(at);
        assert!(!after.has_come(9, at / 2) && after.has_come(0, at));
        assert!(!after.is_over(9, at) && after.is_over(0, at * 2));
    }

    #[test]
    fn a_step_is_a_fault_a_status_or_nothing() {
        assert_eq!(Step::read("ok"), Some(Step::Fine));
        assert_eq!(
            Step::read("500_after"),
            Some(Step::Fault(Fault::Error500AfterCommit))
        );
        assert_eq!(Step::read("503"), Some(Step::Fault(Fault::Error503)));
        assert_eq!(Step::read("422"), Some(Step::Status(422)));
        for text in ["", "199", "600", "drip_drop"] {
            assert_eq!(Step::read(text), None, "{text}");
        }
    }
}
