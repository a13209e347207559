//! How a run ended, and the number that the process ends with because of it.

use serde::{Deserialize, Serialize};

use super::Counts;

/// The process's exit codes: a contract that schedulers rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Every record is created, existing, skipped or changed-and-left (dry run: valid).
    Fine = 0,
    /// Unexpected failure of the program or the disk.
    Failure = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Finished, but some records are invalid or refused.
    SomeFailed = 3,
    /// Mapping, settings or input cannot be used, or too much is invalid; nothing was sent.
    Unusable = 4,
    /// Stopped early by the server's refusal or by too many failures.
    Stopped = 5,
    /// Another run holds the lock.
    Locked = 6,
    /// Finished, but some records are unknown.
    SomeUnknown = 7,
    /// The journal is damaged or not readable by this version.
    Journal = 8,
    /// An outage or the time limit; the same command resumes.
    TryLater = 75,
    /// Ctrl-C; the same command resumes.
    Interrupted = 130,
    /// SIGTERM; the same command resumes.
    Terminated = 143,
}

impl ExitCode {
    /// The number itself.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The worse of two codes when several inputs were imported in one go.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        const WORST_FIRST: [ExitCode; 12] = [
            ExitCode::Terminated,
            ExitCode::Interrupted,
            ExitCode::Failure,
            ExitCode::Journal,
            ExitCode::Locked,
            ExitCode::Stopped,
            ExitCode::Unusable,
            ExitCode::TryLater,
            ExitCode::SomeUnknown,
            ExitCode::SomeFailed,
            ExitCode::Usage,
            ExitCode::Fine,
        ];
        WORST_FIRST
            .into_iter()
            .find(|code| *code == self || *code == other)
            .unwrap_or(self)
    }

    /// Whether no further input may be started after this code.
    #[must_use]
    pub fn ends_the_command(self) -> bool {
        matches!(
            self,
            Self::Stopped | Self::TryLater | Self::Interrupted | Self::Terminated
        )
    }
}

/// Why a run stopped before its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stop", rename_all = "snake_case")]
pub enum Stop {
    /// 401 even with a fresh token.
    Unauthorized,
    /// 402: no licence, or the app is not authorised.
    Licence,
    /// 403: the scope is missing.
    Forbidden,
    /// 3xx: the address redirects.
    Redirect {
        /// The status.
        status: u16,
    },
    /// 404, 405, 412, 501, 505 on the collection: wrong address, version or headers.
    Address {
        /// The status.
        status: u16,
    },
    /// The certificate or host name does not fit.
    Tls,
    /// A token could not be had.
    Token {
        /// What the token server said, without secrets.
        why: String,
    },
    /// Reading customers is not allowed, or brings nothing that makes sense, so existing ones
    /// cannot be skipped.
    CannotRead {
        /// The status; 2xx or 0 of answers that make no sense.
        status: u16,
    },
    /// `--max-failures`: the server refused too many.
    TooManyFailures {
        /// How many.
        refused: u64,
        /// Of how many that were sent.
        sent: u64,
    },
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// Every record has its outcome.
    #[default]
    Finished,
    /// `--limit` or `--record` left the rest open on purpose.
    Limited,
    /// `--max-invalid`: nothing was sent.
    TooManyInvalid,
    /// Stopped by the server's answers.
    Stopped(Stop),
    /// `--max-outage`: the server could not be reached for too long.
    Outage,
    /// `--max-duration`.
    TimeUp,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Ending {
    /// The code that a run with this ending and these counts ends with.
    #[must_use]
    pub fn exit_code(&self, counts: &Counts) -> ExitCode {
        match self {
            Self::Stopped(_) => ExitCode::Stopped,
            Self::TooManyInvalid => ExitCode::Unusable,
            Self::Outage | Self::TimeUp => ExitCode::TryLater,
            Self::Interrupted => ExitCode::Interrupted,
            Self::Terminated => ExitCode::Terminated,
            Self::Finished | Self::Limited if counts.unknown > 0 => ExitCode::SomeUnknown,
            Self::Finished | Self::Limited if counts.invalid + counts.refused > 0 => {
                ExitCode::SomeFailed
            }
            Self::Finished | Self::Limited => ExitCode::Fine,
        }
    }

    /// Whether records were left open that the same command would go on with.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        !matches!(self, Self::Finished | Self::TooManyInvalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_code_wins_in_the_documented_order() {
        let order = [1, 8, 6, 5, 4, 75, 7, 3, 0];
        let codes = [
            ExitCode::Failure,
            ExitCode::Journal,
            ExitCode::Locked,
            ExitCode::Stopped,
            ExitCode::Unusable,
            ExitCode::TryLater,
            ExitCode::SomeUnknown,
            ExitCode::SomeFailed,
            ExitCode::Fine,
        ];
        assert_eq!(codes.map(ExitCode::number), order);
        for (index, worse) in codes.iter().enumerate() {
            for better in &codes[index..] {
                assert_eq!(worse.worse(*better), *worse);
                assert_eq!(better.worse(*worse), *worse);
            }
        }
    }

    #[test]
    fn unknown_wins_over_failed() {
        let counts = Counts {
            read: 2,
            unknown: 1,
            refused: 1,
            ..Counts::default()
        };
        assert_eq!(Ending::Finished.exit_code(&counts), ExitCode::SomeUnknown);
    }
}
