//! What a check of the surroundings came to (`importer doctor`): one line each.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Bilingual, ExitCode, Language};

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
    /// The word for people who speak this language.
    #[must_use]
    pub fn word_in(self, language: Language) -> &'static str {
        match self {
            Self::Ok => language.pick("ok", "in Ordnung"),
            Self::Warning => language.pick("warning", "Warnung"),
            Self::Failed => language.pick("failed", "fehlgeschlagen"),
            Self::NotChecked => language.pick("not checked", "nicht geprüft"),
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
    /// Programs are told in English.
    #[serde(serialize_with = "english")]
    pub text: Bilingual,
    /// What to do about it.
    #[serde(serialize_with = "english_if_any")]
    pub remedy: Option<Bilingual>,
    /// What was measured, for programs; which kind of value belongs to `check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// What a run would end with because of it; fine unless it failed.
    #[serde(serialize_with = "number")]
    pub exit_code: ExitCode,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn number<S: Serializer>(code: &ExitCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(code.number())
}

fn english<S: Serializer>(text: &Bilingual, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text.english)
}

#[expect(clippy::ref_option, reason = "serde wants it so")]
fn english_if_any<S: Serializer>(
    text: &Option<Bilingual>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let english = text.as_ref().map(|text| text.english.as_str());
    english.serialize(serializer)
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict, text: Bilingual) -> Self {
        Self {
            check,
            verdict,
            text,
            remedy: None,
            value: None,
            exit_code: ExitCode::Fine,
        }
    }

    /// All is well.
    #[must_use]
    pub fn ok(check: &'static str, text: Bilingual) -> Self {
        Self::new(check, Verdict::Ok, text)
    }

    /// Something to know.
    #[must_use]
    pub fn warning(check: &'static str, text: Bilingual, remedy: Bilingual) -> Self {
        let mut finding = Self::new(check, Verdict::Warning, text);
        finding.remedy = Some(remedy);
        finding
    }

    /// A run would not work, and end with `code`.
    #[must_use]
    pub fn failed(
        check: &'static str,
        code: ExitCode,
        text: Bilingual,
        remedy: Option<Bilingual>,
    ) -> Self {
        Self {
            remedy,
            exit_code: code,
            ..Self::new(check, Verdict::Failed, text)
        }
    }

    /// It was not looked at, because of `why`.
    #[must_use]
    pub fn not_checked(check: &'static str, why: Bilingual) -> Self {
        Self::new(check, Verdict::NotChecked, why)
    }

    /// The same with what was measured.
    #[must_use]
    pub fn with(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }
}
