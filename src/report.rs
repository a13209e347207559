//! The report's files.

use std::path::PathBuf;

/// How much of customers' values the report and the terminal show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValuesShown {
    /// Masked where people look, in full in the CSV files that are fed back.
    #[default]
    Masked,
    /// In full everywhere.
    Full,
    /// Nowhere but in the input's own columns.
    None,
}

/// Where and how the report is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSettings {
    /// Files go to `dir/<run>/`.
    pub dir: PathBuf,
    /// Permission bits of the files (Unix). Default 0600.
    pub mode: u32,
    /// How much of customers' values is shown.
    pub values: ValuesShown,
}
