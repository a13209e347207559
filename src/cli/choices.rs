//! Typed values that are one of a few words.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::words::{Refused, Word};
use crate::import::{Existing, FailOn};
use crate::names::NameList;
use crate::outcome::{Bilingual, Language, ValuesShown, both};
use crate::source::Format;

/// A value parser of clap's that lists the words that are allowed.
pub fn choice<T: Word + Clone + Send + Sync + 'static>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(T::CHOICES).try_map(|word| T::read(&word).map_err(Refused))
}

/// The value that stands where `text` stands in `words`.
pub(super) fn pick<T: Copy>(text: &str, words: &[&str], values: &[T]) -> Result<T, Bilingual> {
    words
        .iter()
        .zip(values)
        .find(|(word, _)| **word == text)
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            both!(
                "`{text}` is none of {words}",
                "`{text}` ist keines von {words}",
                words = words.join(", ")
            )
        })
}

macro_rules! choices {
    ($( $type:ty { $( $word:literal => $value:expr, )* } )*) => { $(
        impl Word for $type {
            const CHOICES: &'static [&'static str] = &[ $( $word, )* ];

            fn read(text: &str) -> Result<Self, Bilingual> {
                pick(text, Self::CHOICES, &[ $( $value, )* ])
            }
        }
    )* };
}

/// When the output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a terminal that has not said no.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Whether Wawi's automatic workflows run for created customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Workflows {
    /// They do not: a bulk load must not send mails.
    #[default]
    Skip,
    /// They do.
    Run,
}

choices! {
    ColorChoice {
        "auto" => Self::Auto,
        "always" => Self::Always,
        "never" => Self::Never,
    }
    Language {
        "de" => Self::German,
        "en" => Self::English,
    }
    LogFormat {
        "text" => Self::Text,
        "json" => Self::Json,
    }
    Workflows {
        "skip" => Self::Skip,
        "run" => Self::Run,
    }
    Existing {
        "skip" => Self::Skip,
        "fail" => Self::Fail,
        "send" => Self::Send,
    }
    NameList {
        "groups" => Self::CustomerGroup,
        "categories" => Self::CustomerCategory,
        "companies" => Self::Company,
        "payment-methods" => Self::PaymentMethod,
    }
    FailOn {
        "changed" => Self::Changed,
        "warning" => Self::Warning,
    }
    Format {
        "csv" => Self::Csv,
        "jsonl" => Self::Jsonl,
        "xlsx" => Self::Xlsx,
        "ods" => Self::Ods,
    }
    ValuesShown {
        "masked" => Self::Masked,
        "full" => Self::Full,
        "none" => Self::None,
    }
}
