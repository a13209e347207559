//! What goes into the journal about records, and what comes out of it; and how an outcome
//! lies in the columns of `records`.
//!
//! The column's words and JSON shapes are the file's format: they are written out here, apart
//! from the types that the program works with, so that a change there cannot change them
//! unnoticed.

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Type;
use serde::{Deserialize, Serialize};

use crate::outcome::{
    FieldError, How, KeyHash, Outcome, PayloadHash, ServerError, Settled, Stage, Submission,
    UnknownWhy,
};
use crate::record::Position;

/// One entry about one record.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// It is about to be sent.
    Intent(Intent),
    /// Its outcome is known.
    Settled(Settled),
    /// It was not sent after all: it is open again.
    Void(Position),
}

/// A record is about to be sent. A next attempt replaces the one before.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// What will be sent.
    pub submission: Submission,
    /// Number of the POST, counted from 1.
    pub attempt: u32,
    /// Whether the ERP is known not to have the key just before.
    pub absent_before: bool,
    /// When it is written.
    pub at: Timestamp,
}

/// An [`Entry`] whose parts are somebody else's.
#[derive(Clone, Copy, Debug)]
pub enum Line<'a> {
    /// See [`Intent`].
    Intent(IntentLine<'a>),
    /// See [`Settled`].
    Settled(SettledLine<'a>),
    /// See [`Entry::Void`].
    Void(Position),
}

/// An [`Intent`] whose submission is somebody else's.
#[derive(Clone, Copy, Debug)]
pub struct IntentLine<'a> {
    /// See [`Intent::submission`].
    pub submission: &'a Submission,
    /// See [`Intent::attempt`].
    pub attempt: u32,
    /// See [`Intent::absent_before`].
    pub absent_before: bool,
    /// See [`Intent::at`].
    pub at: Timestamp,
}

/// A [`Settled`] whose outcome is somebody else's.
#[derive(Clone, Copy, Debug)]
pub struct SettledLine<'a> {
    /// See [`Settled::position`].
    pub position: Position,
    /// See [`Settled::key_hash`].
    pub key_hash: Option<KeyHash>,
    /// See [`Settled::payload`].
    pub payload: Option<PayloadHash>,
    /// See [`Settled::outcome`].
    pub outcome: &'a Outcome,
    /// See [`Settled::at`].
    pub at: Timestamp,
}

impl<'a> Line<'a> {
    pub(super) fn of(entry: &'a Entry) -> Self {
        match entry {
            Entry::Intent(intent) => Self::Intent(IntentLine {
                submission: &intent.submission,
                attempt: intent.attempt,
                absent_before: intent.absent_before,
                at: intent.at,
            }),
            Entry::Settled(settled) => Self::Settled(SettledLine {
                position: settled.position,
                key_hash: settled.key_hash,
                payload: settled.payload,
                outcome: &settled.outcome,
                at: settled.at,
            }),
            Entry::Void(position) => Self::Void(*position),
        }
    }

    pub(super) fn is_created(&self) -> bool {
        matches!(self, Self::Settled(settled) if matches!(settled.outcome, Outcome::Created { .. }))
    }
}

/// An intent without a known end.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenIntent {
    /// The run's id.
    pub run: String,
    /// What was (or was about to be) sent.
    pub submission: Submission,
    /// Number of the POST, counted from 1.
    pub attempt: u32,
    /// Whether the ERP was known not to have the key just before.
    pub absent_before: bool,
    /// When the intent was written.
    pub at: Timestamp,
    /// Whether the record is settled as unknown already; else its run was cut short.
    pub outcome_unknown: bool,
}

/// A key that was created in a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardRow {
    /// The key's hash.
    pub key_hash: KeyHash,
    /// Hash of the body that it was created with.
    pub payload: Option<PayloadHash>,
    /// The ERP's id, if it could be learnt.
    pub id: Option<i64>,
    /// The customer number, if it could be learnt.
    pub number: Option<String>,
    /// Id of the run that created it last; empty if that, or the customer, was forgotten.
    pub run: String,
    /// Number of the record there; 0 without a run.
    pub record: u64,
}

/// The time as the journal keeps it: nanoseconds since 1970, which suffice until 2262.
pub(super) fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// Where the intent of a run's record lies. Run numbers are counted up from 1, one for each run of
/// a state folder, and records for each record of an input: neither comes near the bounds.
pub(super) fn place_of(run: i64, record: u64) -> rusqlite::Result<i64> {
    let out_of_range = || rusqlite::Error::IntegralValueOutOfRange(0, run);
    let record = i64::try_from(record).map_err(|_| out_of_range())?;
    if (0..1 << 23).contains(&run) && record < 1 << 40 {
        Ok(run << 40 | record)
    } else {
        Err(out_of_range())
    }
}

/// Reads a time back.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let nanoseconds: i64 = row.get(column)?;
    Timestamp::from_nanosecond(nanoseconds.into())
        .map_err(|error| misread(column, Type::Integer, error))
}

/// Reads JSON back. The way over `Value` is needed: with arbitrary precision, serde_json's
/// own reader cannot hand numbers to types that serde tags.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    column: usize,
    text: &str,
) -> rusqlite::Result<T> {
    serde_json::from_str::<serde_json::Value>(text)
        .and_then(serde_json::from_value)
        .map_err(|error| misread(column, Type::Text, error))
}

/// Writes JSON.
pub(super) fn to_json<T: Serialize + ?Sized>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// A value in the file does not have the form that it should have.
pub(super) fn misread(
    column: usize,
    kind: Type,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, error.into())
}

/// An outcome as it lies in the columns of `records`.
#[derive(Debug, Default)]
pub(super) struct Columns<'a> {
    pub(super) id: Option<i64>,
    pub(super) number: Option<&'a str>,
    pub(super) attempts: Option<u32>,
    pub(super) how: Option<&'static str>,
    pub(super) detail: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct InvalidDetail<'a> {
    stage: Stage,
    errors: Cow<'a, [FieldError]>,
}

#[derive(Serialize, Deserialize)]
struct RefusedDetail<'a> {
    status: u16,
    code: Option<Cow<'a, str>>,
    errors: Cow<'a, [ServerError]>,
}

#[derive(Serialize, Deserialize)]
struct UnknownDetail {
    why: UnknownWhy,
}

impl<'a> Columns<'a> {
    /// Lays an outcome out.
    pub(super) fn of(outcome: &'a Outcome) -> rusqlite::Result<Self> {
        let mut columns = Self::default();
        match outcome {
            Outcome::Created {
                id,
                number,
                attempts,
                how,
            } => {
                columns.id = *id;
                columns.number = number.as_deref();
                columns.attempts = Some(*attempts);
                columns.how = Some(match how {
                    How::Posted => "posted",
                    How::Found => "found",
                    How::Resolved => "resolved",
                });
            }
            Outcome::Exists { id, number }
            | Outcome::Skipped { id, number }
            | Outcome::Changed { id, number } => {
                columns.id = *id;
                columns.number = number.as_deref();
            }
            Outcome::Invalid { stage, errors } => {
                columns.detail = Some(to_json(&InvalidDetail {
                    stage: *stage,
                    errors: Cow::Borrowed(errors),
                })?);
            }
            Outcome::Refused {
                status,
                code,
                errors,
                attempts,
            } => {
                columns.attempts = Some(*attempts);
                columns.detail = Some(to_json(&RefusedDetail {
                    status: *status,
                    code: code.as_deref().map(Cow::Borrowed),
                    errors: Cow::Borrowed(errors),
                })?);
            }
            Outcome::Unknown { why, attempts } => {
                columns.attempts = Some(*attempts);
                columns.detail = Some(to_json(&UnknownDetail { why: *why })?);
            }
            Outcome::LeftOut | Outcome::Grouped | Outcome::Ready => {}
        }
        Ok(columns)
    }
}

/// The columns that [`settled`] reads, in its order.
pub(super) const SETTLED_COLUMNS: &str = "record, line, outcome, customer_id, customer_number, \
                                          attempts, how, detail, key_hash, payload, at";

/// Reads a row of [`SETTLED_COLUMNS`].
pub(super) fn settled(row: &Row<'_>) -> rusqlite::Result<Settled> {
    Ok(Settled {
        position: Position {
            record: row.get(0)?,
            line: row.get(1)?,
        },
        outcome: outcome(row)?,
        key_hash: row.get(8)?,
        payload: row.get(9)?,
        at: time(row, 10)?,
    })
}

fn outcome(row: &Row<'_>) -> rusqlite::Result<Outcome> {
    const WORD: usize = 2;
    const HOW: usize = 6;
    const DETAIL: usize = 7;
    let (id, number) = (row.get(3)?, row.get(4)?);
    let attempts = || row.get::<_, Option<u32>>(5).map(Option::unwrap_or_default);
    let detail = || row.get_ref(DETAIL)?.as_str().map_err(rusqlite::Error::from);
    Ok(match row.get_ref(WORD)?.as_str()? {
        "created" => Outcome::Created {
            id,
            number,
            attempts: attempts()?,
            how: match row.get_ref(HOW)?.as_str()? {
                "posted" => How::Posted,
                "found" => How::Found,
                "resolved" => How::Resolved,
                other => return Err(misread(HOW, Type::Text, format!("`{other}`"))),
            },
        },
        "exists" => Outcome::Exists { id, number },
        "skipped" => Outcome::Skipped { id, number },
        "changed" => Outcome::Changed { id, number },
        "invalid" => {
            let detail: InvalidDetail<'_> = json(DETAIL, detail()?)?;
            Outcome::Invalid {
                stage: detail.stage,
                errors: detail.errors.into_owned(),
            }
        }
        "refused" => {
            let detail: RefusedDetail<'_> = json(DETAIL, detail()?)?;
            Outcome::Refused {
                status: detail.status,
                code: detail.code.map(Cow::into_owned),
                errors: detail.errors.into_owned(),
                attempts: attempts()?,
            }
        }
        "unknown" => Outcome::Unknown {
            why: json::<UnknownDetail>(DETAIL, detail()?)?.why,
            attempts: attempts()?,
        },
        "left_out" => Outcome::LeftOut,
        "grouped" => Outcome::Grouped,
        "ready" => Outcome::Ready,
        other => return Err(misread(WORD, Type::Text, format!("`{other}`"))),
    })
}
