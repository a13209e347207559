//! What follows from how a run ended: for its file, for the job, for those who are told.
//!
//! Pure.

use serde::{Deserialize, Serialize};

use super::jobs::{HookPlace, Hooks};
use crate::outcome::{Bilingual, ExitCode, both};

/// What an error is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// The input: it cannot be used, or too much of it is invalid.
    Input,
    /// Mapping, settings, ERP, disk: the input may be fine.
    #[default]
    Elsewhere,
}

/// What becomes of an input's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is done with.
    Done,
    /// It is over, and something in it failed.
    Failed,
    /// It is not over: the next start goes on with it.
    Stays,
}

/// What becomes of the file of a run that ended with `code`.
pub(super) fn fate(code: ExitCode, fault: Fault) -> Fate {
    match (code, fault) {
        (ExitCode::Fine, _) => Fate::Done,
        (ExitCode::SomeFailed | ExitCode::SomeUnknown, _) => Fate::Failed,
        (ExitCode::Unusable, Fault::Input) => Fate::Failed,
        _ => Fate::Stays,
    }
}

/// What a start of a job came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every input was imported.
    Success,
    /// Something failed.
    Failure,
    /// There was nothing to import.
    Idle,
    /// Somebody else was at it.
    Refused,
    /// It was asked to stop; the next start goes on.
    Interrupted,
}

impl Outcome {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [
        Self::Success,
        Self::Failure,
        Self::Idle,
        Self::Refused,
        Self::Interrupted,
    ];

    /// Its word in metrics and in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Idle => "idle",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
        }
    }

    /// For people.
    #[must_use]
    pub fn told(self) -> Bilingual {
        match self {
            Self::Success => both!("success", "erfolgreich"),
            Self::Failure => both!("failure", "fehlgeschlagen"),
            Self::Idle => both!("idle", "nichts zu tun"),
            Self::Refused => both!("refused", "abgewiesen"),
            Self::Interrupted => both!("interrupted", "unterbrochen"),
        }
    }
}

/// What a start with this code came to; `inputs` were read.
pub(super) fn outcome(code: ExitCode, inputs: usize) -> Outcome {
    match code {
        ExitCode::Fine if inputs == 0 => Outcome::Idle,
        ExitCode::Fine => Outcome::Success,
        ExitCode::Locked => Outcome::Refused,
        ExitCode::Interrupted | ExitCode::Terminated => Outcome::Interrupted,
        _ => Outcome::Failure,
    }
}

/// Whether the result is another one than `before`. What was never run is taken to have been
/// fine, so that a first failure is told; and only success and failure are results.
pub(super) fn is_change(before: Option<Outcome>, now: Outcome) -> bool {
    let is_result = matches!(now, Outcome::Success | Outcome::Failure);
    is_result && before.unwrap_or(Outcome::Success) != now
}

/// Who is told, in this order, with the name of the key.
pub(super) fn told(
    hooks: &Hooks,
    before: Option<Outcome>,
    now: Outcome,
) -> Vec<(&'static str, &HookPlace)> {
    let first = match now {
        Outcome::Success => hooks.on_success.as_ref().map(|it| ("on_success", it)),
        Outcome::Failure => hooks.on_failure.as_ref().map(|it| ("on_failure", it)),
        Outcome::Idle | Outcome::Refused | Outcome::Interrupted => None,
    };
    let change = hooks.on_change.as_ref().map(|it| ("on_change", it));
    let change = change.filter(|_| is_change(before, now));
    first.into_iter().chain(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_leaves_the_inbox_and_the_rest_stays() {
        use ExitCode::*;
        for (code, fault, expected) in [
            (Fine, Fault::Elsewhere, Fate::Done),
            (SomeFailed, Fault::Elsewhere, Fate::Failed),
            (SomeUnknown, Fault::Elsewhere, Fate::Failed),
            (Unusable, Fault::Input, Fate::Failed),
            (Unusable, Fault::Elsewhere, Fate::Stays),
            (Failure, Fault::Input, Fate::Stays),
            (Usage, Fault::Elsewhere, Fate::Stays),
            (Stopped, Fault::Elsewhere, Fate::Stays),
            (Locked, Fault::Elsewhere, Fate::Stays),
            (Journal, Fault::Elsewhere, Fate::Stays),
            (TryLater, Fault::Elsewhere, Fate::Stays),
            (Interrupted, Fault::Elsewhere, Fate::Stays),
            (Terminated, Fault::Elsewhere, Fate::Stays),
        ] {
            assert_eq!(fate(code, fault), expected, "{code:?} {fault:?}");
        }
    }

    #[test]
    fn who_is_told_depends_on_the_result_and_on_the_one_before() {
        let hook = |word: &str| Some(HookPlace::Command(vec![word.to_owned()]));
        let hooks = Hooks {
            on_success: hook("s"),
            on_failure: hook("f"),
            on_change: hook("c"),
            ..Hooks::default()
        };
        use Outcome::*;
        for (before, now, expected) in [
            (None, Success, vec!["on_success"]),
            (None, Failure, vec!["on_failure", "on_change"]),
            (Some(Success), Success, vec!["on_success"]),
            (Some(Success), Failure, vec!["on_failure", "on_change"]),
            (Some(Failure), Failure, vec!["on_failure"]),
            (Some(Failure), Success, vec!["on_success", "on_change"]),
            (Some(Failure), Idle, vec![]),
            (Some(Failure), Refused, vec![]),
            (Some(Success), Interrupted, vec![]),
        ] {
            let names: Vec<_> = told(&hooks, before, now)
                .into_iter()
                .map(|it| it.0)
                .collect();
            assert_eq!(names, expected, "{before:?} {now:?}");
        }
        assert!(told(&Hooks::default(), None, Failure).is_empty());
    }

    #[test]
    fn people_and_programs_read_the_same_word() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.told().english, outcome.word());
        }
    }

    #[test]
    fn a_code_is_a_result() {
        assert_eq!(outcome(ExitCode::Fine, 0), Outcome::Idle);
        assert_eq!(outcome(ExitCode::Fine, 2), Outcome::Success);
        assert_eq!(outcome(ExitCode::Unusable, 0), Outcome::Failure);
        assert_eq!(outcome(ExitCode::TryLater, 1), Outcome::Failure);
        assert_eq!(outcome(ExitCode::Locked, 0), Outcome::Refused);
        assert_eq!(outcome(ExitCode::Terminated, 1), Outcome::Interrupted);
    }
}
