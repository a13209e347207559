//! What a check of the surroundings came to (`importer doctor`): one line each.

use serde::Serialize;
use serde_json::Value;

use super::ExitCode;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is as a run needs it.
    Ok,
    /// A run works, but not as well as it could, or something should be known before.
    Warning,
    /// A run would not work.
    Failed,
    /// It could not be looked at, or was not asked for.
    NotChecked,
}

impl Verdict {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::NotChecked => "not checked",
        }
    }
}

/// What one check came to. It holds no secret and nothing of a customer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What was checked, a stable word.
    pub check: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found, in a sentence without a full stop.
    pub text: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// What was measured, for programs; which kind of value belongs to `check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// What a run would end with because of it; fine unless it failed.
    #[serde(serialize_with = "number")]
    pub exit_code: ExitCode,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn number<S: serde::Serializer>(code: &ExitCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(code.number())
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        Self {
            check,
            verdict,
            text: text.into(),
            remedy: None,
            value: None,
            exit_code: ExitCode::Fine,
        }
    }

    /// All is well.
    #[must_use]
    pub fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, text)
    }

    /// Something to know.
    #[must_use]
    pub fn warning(
        check: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let mut finding = Self::new(check, Verdict::Warning, text);
        finding.remedy = Some(remedy.into());
        finding
    }

    /// A run would not work, and end with `code`.
    #[must_use]
    pub fn failed(
        check: &'static str,
        code: ExitCode,
        text: impl Into<String>,
        remedy: Option<String>,
    ) -> Self {
        Self {
            remedy,
            exit_code: code,
            ..Self::new(check, Verdict::Failed, text)
        }
    }

    /// It was not looked at, because of `why`.
    #[must_use]
    pub fn not_checked(check: &'static str, why: impl Into<String>) -> Self {
        Self::new(check, Verdict::NotChecked, why)
    }

    /// The same with what was measured.
    #[must_use]
    pub fn with(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }
}
