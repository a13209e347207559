//! Why the second file of a mapping cannot be used.

use std::path::PathBuf;

use crate::outcome::Code;

/// Why the second file of a mapping (`[join]`) cannot be used. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// It is not there.
    #[error("the second file `{file}` of [join] is not there: {}", listed(looked))]
    Missing {
        /// The file as the mapping names it.
        file: String,
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// One of the two files has no columns that could be joined.
    #[error("{} has JSON lines, and [join] needs two files with columns", path.display())]
    Lines {
        /// The file.
        path: PathBuf,
    },
    /// A row cannot be read.
    #[error("line {line} of {} cannot be read: {why}", path.display())]
    Unreadable {
        /// The second file.
        path: PathBuf,
        /// Where the row starts.
        line: u64,
        /// What is wrong with it.
        why: String,
        /// The rule that it breaks.
        code: Option<Code>,
    },
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}

impl JoinError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Missing { .. } => {
                "put it beside the input, or correct `file` in `[join]` of the mapping"
            }
            Self::Lines { .. } => {
                "export it as CSV; JSON lines can hold the addresses in the customer's own line, \
                 and a mapping names them by a path like `addresses[0].city`"
            }
            Self::Unreadable {
                code: Some(Code::CellError),
                ..
            } => {
                "correct the formula, or write the value itself into the cell; `\"cell.error\" = \
                 \"warn\"` in `[rules]` of the mapping takes the cell as empty"
            }
            Self::Unreadable { .. } => {
                "correct the row: nobody knows to which record it belongs. Rows with too few or \
                 too many fields are taken with `\"record.ragged\" = \"warn\"` in `[rules]` of the \
                 mapping"
            }
        }
        .to_owned()
    }
}
