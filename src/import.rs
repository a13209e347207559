//! The engine: the only place that knows the order of the stages.

pub mod settings;

pub use settings::{Existing, FailOn, ImportSettings, RecordSet};
