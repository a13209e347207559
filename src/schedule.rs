//! Scheduled jobs: a file says which inputs are imported when, how and whither; at their times,
//! or when a scheduler of the system asks for one (`--once`), their runs take place.
//!
//! Owns what a job is: its times, which files are due, what becomes of them, who is told. How a
//! run is done is not known here: a [`Runner`] does it, by the same code as `importer run`.
//! What can be decided without touching anything (`times`, `verdict`, `metrics`, `known`) is apart
//! from what touches the world (`inbox`, `archive`, `hooks`, `state`, `endpoint`). Nothing here
//! prints: what happens is told as [`Told`].

mod archive;
mod clock;
mod daemon;
mod endpoint;
mod hooks;
mod inbox;
mod jobs;
mod known;
mod metrics;
mod pattern;
mod reading;
mod runner;
mod state;
mod summary;
mod times;
mod told;
mod trial;
mod untold;
mod verdict;
mod work;

pub use clock::{Clock, SystemClock};
pub use daemon::Daemon;
pub use endpoint::Endpoint;
pub use jobs::{
    Alarm, HookPlace, HookUrl, Hooks, JOB_KEYS, Job, KeyRow, Missed, NoInput, PlaceOfKey, Places,
};
pub use metrics::{METRICS, Metric};
pub use reading::{Jobs, JobsError};
pub use runner::{Archived, Order, Ran, Runner};
pub use state::StateError;
pub use summary::{Cause, InputSummary, JobSummary, NewFailure, RunSummary};
pub use times::{Cron, Zone};
pub use told::{Tell, Told, Why};
pub(crate) use trial::is_elsewhere;
pub use trial::{Hindrance, Needs, Tried};
pub use verdict::{Fate, Fault, Outcome};
pub use work::{Lanes, Workshop};
