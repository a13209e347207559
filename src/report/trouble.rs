//! What is wrong with a failed record, told once for both shapes of the file that is fed back.

use serde::Serialize;

use super::{ReportSettings, Row, ValuesShown};
use crate::outcome::{Code, FieldError, Language, Outcome, ServerError, Stage, wording};
use crate::record::Position;

/// How errors are put into words: how much of a value is shown, and which columns never are.
#[derive(Clone, Debug)]
pub(super) struct Telling {
    values: ValuesShown,
    language: Language,
    dropped: Vec<String>,
}

impl Telling {
    /// Values are shown as the settings say, except those of the columns `dropped`.
    pub(super) fn new(settings: &ReportSettings, dropped: &[String]) -> Self {
        Self {
            values: settings.values,
            language: settings.language,
            dropped: dropped.iter().map(|column| folded(column)).collect(),
        }
    }

    /// Whether the column's cells are never written.
    pub(super) fn drops(&self, column: &str) -> bool {
        !self.dropped.is_empty() && self.dropped.contains(&folded(column))
    }

    /// The language of messages.
    pub(super) fn language(&self) -> Language {
        self.language
    }

    /// How much of customers' values is shown.
    pub(super) fn values(&self) -> ValuesShown {
        self.values
    }

    /// The columns that are never written, folded to lower case.
    pub(super) fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// The error in a file that is fed back: it holds the value anyway, so it may be named.
    pub(super) fn in_full(&self, error: &FieldError) -> String {
        match self.values {
            ValuesShown::Masked | ValuesShown::Full if self.may_show(error) => {
                one_line(&error.message_in(self.language))
            }
            _ => one_line(&error.message_without_value_in(self.language)),
        }
    }

    /// The error where people look.
    pub(super) fn for_people(&self, error: &FieldError) -> String {
        match (self.values, &error.value) {
            (ValuesShown::Masked, Some(value)) if self.may_show(error) => {
                let masked = error.clone().of_value(wording::mask(value));
                one_line(&masked.message_in(self.language))
            }
            _ => self.in_full(error),
        }
    }

    fn may_show(&self, error: &FieldError) -> bool {
        !error.columns.iter().any(|column| self.drops(column))
    }
}

/// Columns are compared as loosely as a mapping finds them.
pub(super) fn folded(column: &str) -> String {
    column
        .trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
        .to_lowercase()
}

/// A record that is invalid or was refused.
#[derive(Debug)]
pub(super) struct Failure<'a> {
    pub(super) position: Position,
    pub(super) run: &'a str,
    pub(super) troubles: Vec<Trouble>,
}

/// One thing that is wrong with a record, as its columns and its JSON object have it.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Trouble {
    pub(super) field: String,
    pub(super) columns: Vec<String>,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) stage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    pub(super) attempts: u32,
}

impl<'a> Failure<'a> {
    /// What is wrong with the record; nothing if it did not fail.
    pub(super) fn of(row: &Row<'_>, run: &'a str, telling: &Telling) -> Option<Self> {
        let troubles = match &row.settled.outcome {
            Outcome::Invalid { stage, errors } => {
                let errors = if row.errors.is_empty() {
                    errors
                } else {
                    row.errors
                };
                invalid(*stage, errors, telling)
            }
            Outcome::Refused {
                status,
                code,
                errors,
                attempts,
            } => refused(
                *status,
                code.as_deref(),
                errors,
                *attempts,
                telling.language,
            ),
            _ => return None,
        };
        Some(Self {
            position: row.settled.position,
            run,
            troubles,
        })
    }
}

fn invalid(stage: Stage, errors: &[FieldError], telling: &Telling) -> Vec<Trouble> {
    let stage = word(stage);
    if errors.is_empty() {
        // A group fails as a whole: the error stands on another row.
        return vec![Trouble {
            field: String::new(),
            columns: Vec::new(),
            code: String::new(),
            message: telling
                .language
                .pick(
                    "belongs to a customer of several records, of which another has an error",
                    "gehört zu einem Kunden aus mehreren Datensätzen, von denen ein anderer einen \
                     Fehler hat",
                )
                .to_owned(),
            stage,
            status: None,
            attempts: 0,
        }];
    }
    errors
        .iter()
        .map(|error| Trouble {
            field: error.target.clone(),
            columns: error.columns.clone(),
            code: error.code.to_string(),
            message: with_remedy(&telling.in_full(error), &error.remedy_in(telling.language)),
            stage,
            status: None,
            attempts: 0,
        })
        .collect()
}

fn refused(
    status: u16,
    code: Option<&str>,
    errors: &[ServerError],
    attempts: u32,
    language: Language,
) -> Vec<Trouble> {
    let trouble = |field: &str, message: String| Trouble {
        field: field.to_owned(),
        columns: Vec::new(),
        code: code.unwrap_or_default().to_owned(),
        message,
        stage: "server",
        status: Some(status),
        attempts,
    };
    if !errors.is_empty() {
        return errors
            .iter()
            .map(|error| trouble(&error.field, one_line(&error.text)))
            .collect();
    }
    let message = if code == Some(Code::AttemptsExhausted.as_str()) {
        let error = FieldError::new(Code::AttemptsExhausted, "");
        with_remedy(
            &one_line(&error.message_in(language)),
            &error.remedy_in(language),
        )
    } else {
        match language {
            Language::English => {
                format!("the server refused it with status {status} and said nothing more")
            }
            Language::German => {
                format!("der Server hat ihn mit Status {status} abgelehnt und nichts weiter gesagt")
            }
        }
    };
    vec![trouble("", message)]
}

fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Source => "source",
        Stage::Mapping => "mapping",
        Stage::Validation => "validation",
        Stage::Existing => "existing",
    }
}

/// What is wrong and what to do about it, as one text.
fn with_remedy(message: &str, remedy: &str) -> String {
    let (message, remedy) = (message.trim_end(), one_line(remedy.trim()));
    if remedy.is_empty() {
        return message.to_owned();
    }
    let between = if message.ends_with(['.', '!', '?']) {
        " "
    } else if remedy.starts_with(char::is_uppercase) {
        ". "
    } else {
        "; "
    };
    format!("{message}{between}{remedy}")
}

/// A record's errors stand on one line, so a server's line breaks become blanks.
fn one_line(text: &str) -> String {
    text.trim()
        .replace(|character: char| character.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::settings;
    use super::*;

    fn error() -> FieldError {
        FieldError::new(Code::EmailMalformed, "BillingAddress.EmailAddress")
            .in_columns(["E-Mail"])
            .of_value("anna.muster(at)example.org")
    }

    #[test]
    fn values_are_shown_as_the_settings_say() {
        let told = |values, dropped: &[String]| {
            let telling = Telling::new(&settings(values), dropped);
            (telling.in_full(&error()), telling.for_people(&error()))
        };
        let masked = error()
            .of_value(wording::mask("anna.muster(at)example.org"))
            .message();
        assert_ne!(error().message(), masked);
        assert_eq!(told(ValuesShown::Masked, &[]), (error().message(), masked));
        assert_eq!(
            told(ValuesShown::Full, &[]),
            (error().message(), error().message())
        );
        let without = (
            error().message_without_value(),
            error().message_without_value(),
        );
        assert_eq!(told(ValuesShown::None, &[]), without);
        assert_eq!(told(ValuesShown::Full, &[" e-mail".to_owned()]), without);
    }

    #[test]
    fn german_readers_get_german_messages() {
        let german = ReportSettings {
            language: Language::German,
            ..settings(ValuesShown::Masked)
        };
        let telling = Telling::new(&german, &[]);
        let told = error().message_in(Language::German);
        assert_ne!(told, error().message());
        assert_eq!(telling.in_full(&error()), told);
        assert!(
            telling
                .for_people(&error())
                .starts_with("Spalte `E-Mail`: `an…")
        );
        let troubles = invalid(Stage::Validation, &[error()], &telling);
        assert_eq!(
            troubles[0].message,
            with_remedy(&told, &error().remedy_in(Language::German))
        );
        let silent = refused(400, None, &[], 1, Language::German);
        assert!(
            silent[0]
                .message
                .starts_with("der Server hat ihn mit Status 400")
        );
        let group = invalid(Stage::Validation, &[], &telling);
        assert!(group[0].message.starts_with("gehört zu einem Kunden"));
    }

    #[test]
    fn message_and_remedy_become_one_text() {
        assert_eq!(
            with_remedy("too long", "shorten it"),
            "too long; shorten it"
        );
        assert_eq!(
            with_remedy("Too long.", "Shorten it."),
            "Too long. Shorten it."
        );
        assert_eq!(
            with_remedy("Too long", "Shorten it."),
            "Too long. Shorten it."
        );
        assert_eq!(with_remedy("too long", ""), "too long");
    }

    #[test]
    fn a_refusal_without_words_still_says_something() {
        let silent = refused(400, None, &[], 1, Language::English);
        assert_eq!(silent.len(), 1);
        assert!(silent[0].message.contains("400"));
        let exhausted = refused(503, Some("attempts.exhausted"), &[], 5, Language::English);
        assert_eq!(exhausted[0].code, "attempts.exhausted");
        assert!(!exhausted[0].message.is_empty());
    }

    #[test]
    fn a_server_s_line_breaks_stay_out_of_the_line() {
        let said = ServerError {
            field: "Number".to_owned(),
            text: "no\r\ngood\u{1b}[31m\n".to_owned(),
        };
        assert_eq!(
            refused(400, None, &[said], 1, Language::English)[0].message,
            "no  good [31m"
        );
    }
}
