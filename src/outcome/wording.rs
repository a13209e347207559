//! Codes and parameters become sentences for people.
//!
//! Owns how a sentence is put together; the texts themselves are in `english`, behind a
//! handful of functions, so that another language is a module beside it and one `match` here.
//! Robust by design: a parameter that is not there makes the sentence shorter, never wrong.

mod english;
mod values;

use values::visible;
pub use values::{excerpt, harmless, mask};

use super::{Code, Ending, FieldError, Stop, UnknownWhy};

/// Column names in one sentence at most.
const COLUMNS: usize = 3;

/// Parameters that belong to one record and say nothing about others with the same error; the
/// kind of damage is not among them, because groups have one kind only.
const OF_ONE_RECORD: [&str; 14] = [
    "address",
    "column",
    "country",
    "fields",
    "first_line",
    "first_record",
    "hint",
    "ids",
    "length",
    "meant",
    "offset",
    "reason",
    "shape",
    "line",
];

/// What a sentence about an error is made from.
struct Facts<'a> {
    error: &'a FieldError,
    /// The value in backticks, or words that stand for it.
    value: String,
    /// Whether the sentence is to fit all records with this error.
    general: bool,
}

impl Facts<'_> {
    /// A parameter, harmless to show.
    fn param(&self, name: &str) -> Option<String> {
        if self.general && OF_ONE_RECORD.contains(&name) {
            return None;
        }
        self.error.params.get(name).map(|text| visible(text))
    }

    /// `before`, the parameter and `after`, if the parameter is there, else nothing.
    fn phrase(&self, before: &str, name: &str, after: &str) -> String {
        self.param(name)
            .map(|value| format!("{before}{value}{after}"))
            .unwrap_or_default()
    }

    fn hint(&self) -> Option<&str> {
        self.error.params.get("hint").map(String::as_str)
    }
}

impl FieldError {
    /// One sentence: where, what is wrong, and the value in short if it is known.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.value {
            Some(value) if !value.is_empty() => self.sentence(Some(value), false),
            _ => self.sentence(None, false),
        }
    }

    /// The same sentence without the value, for places where no customer's value may stand.
    #[must_use]
    pub fn message_without_value(&self) -> String {
        self.sentence(None, false)
    }

    /// One sentence that fits all errors of this code and kind in this field: without the value
    /// and without what only this record's parameters say.
    #[must_use]
    pub fn message_of_group(&self) -> String {
        self.sentence(None, true)
    }

    /// What to do about it: in the file, in the mapping or in Wawi.
    #[must_use]
    pub fn remedy(&self) -> String {
        english::remedy(&self.facts(None, false))
    }

    fn facts(&self, value: Option<&str>, general: bool) -> Facts<'_> {
        Facts {
            error: self,
            value: value.map_or_else(
                || english::THE_VALUE.to_owned(),
                |value| format!("`{}`", excerpt(value)),
            ),
            general,
        }
    }

    fn sentence(&self, value: Option<&str>, general: bool) -> String {
        let wrong = english::wrong(&self.facts(value, general));
        match self.place() {
            Some(place) => format!("{place}: {wrong}."),
            None => {
                let mut letters = wrong.chars();
                let first: String = letters
                    .next()
                    .into_iter()
                    .flat_map(char::to_uppercase)
                    .collect();
                format!("{first}{}.", letters.as_str())
            }
        }
    }

    /// The input's columns if they are known, else the API's field.
    fn place(&self) -> Option<String> {
        if self.columns.is_empty() {
            return (!self.target.is_empty()).then(|| visible(&self.target));
        }
        let names: Vec<String> = self
            .columns
            .iter()
            .take(COLUMNS)
            .map(|column| format!("`{}`", excerpt(column)))
            .collect();
        let more = if self.columns.len() > COLUMNS {
            ", …"
        } else {
            ""
        };
        Some(english::columns(
            self.columns.len(),
            &format!("{}{more}", names.join(", ")),
        ))
    }
}

impl Code {
    /// What the code means, in a line for documentation.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        english::meaning(self)
    }
}

impl Stop {
    /// Why the run stopped, in one sentence.
    #[must_use]
    pub fn message(&self) -> String {
        english::stop(self)
    }

    /// What to do before the same command is given again.
    #[must_use]
    pub fn remedy(&self) -> String {
        english::stop_remedy(self)
    }

    /// The same where no command waits to go on: what to do, and no more.
    #[must_use]
    pub fn todo(&self) -> &'static str {
        english::stop_todo(self)
    }
}

impl UnknownWhy {
    /// Why nobody knows what became of the record, in a few words.
    #[must_use]
    pub fn message(self) -> &'static str {
        english::unknown(self)
    }
}

impl Ending {
    /// How the run ended, in one sentence.
    #[must_use]
    pub fn message(&self) -> String {
        english::ending(self)
    }
}

#[cfg(test)]
mod tests;
