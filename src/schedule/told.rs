//! What is told while jobs go on; nothing depends on anybody listening.

use std::sync::Arc;

use jiff::Timestamp;

use super::summary::JobSummary;
use crate::outcome::Bilingual;

/// Why a job is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its time has come.
    Due(Timestamp),
    /// Its time was missed.
    CatchUp(Timestamp),
    /// The last start ended with code 75 (`retry_after`).
    Again,
    /// An earlier start was interrupted, or died.
    Left,
    /// Somebody asked for it.
    Asked,
}

/// What is told while jobs go on.
#[derive(Clone, Debug)]
pub enum Told {
    /// When a job starts next.
    Next {
        /// The job.
        job: String,
        /// The time, jitter included.
        at: Timestamp,
        /// The same on the clock of its time zone.
        there: String,
    },
    /// A job begins.
    Started {
        /// The job.
        job: String,
        /// Why.
        why: Why,
    },
    /// A time was missed and let go.
    Missed {
        /// The job.
        job: String,
        /// The time.
        due: Timestamp,
    },
    /// A job came to its end.
    Ended(Box<JobSummary>),
    /// Something that a person should know.
    Warning(Bilingual),
}

/// Who hears of what happens.
pub type Tell = Arc<dyn Fn(&Told) + Send + Sync>;
