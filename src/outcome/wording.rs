//! Codes and parameters become sentences for people.
//!
//! Owns how a sentence is put together; the texts themselves are in `english` and `german`, behind
//! the same handful of functions, and each match in them names every code.
//! Robust by design: a parameter that is not there makes the sentence shorter, never wrong.

mod english;
mod german;
mod values;

use values::visible;
pub use values::{excerpt, harmless, mask};

use super::{Bilingual, Code, Ending, FieldError, Language, Stop, UnknownWhy};

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
    language: Language,
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

    /// Whether a code's text is known by another form of it, which the mapping could read.
    fn is_known(&self) -> bool {
        self.param("meant").is_some() || self.hint() == Some("spelt_out")
    }

    /// Whether it is about a field of whole amounts.
    fn is_amount(&self) -> bool {
        self.error.target.ends_with("CreditLimit")
    }

    /// The sign between thousands and an amount, as the value writes them: a single sign before
    /// three digits is one, and else the last sign stands before the cents.
    fn amount(&self) -> (char, &'static str) {
        let text = self.error.value.as_deref().unwrap_or_default();
        let mut signs = text.rmatch_indices([',', '.']);
        let by_comma = (',', "1,234.56");
        let by_point = ('.', "1.234,56");
        let Some((at, last)) = signs.next() else {
            return by_point;
        };
        let behind = text.get(at + 1..).unwrap_or_default();
        let digits = behind.chars().take_while(char::is_ascii_digit).count();
        let is_of_thousands = digits == 3 && signs.all(|(_, sign)| sign == last);
        match (last == ",") == is_of_thousands {
            true => by_comma,
            false => by_point,
        }
    }

    /// Whether a date is written as it should be, and there is no such day.
    fn is_no_day(&self) -> bool {
        self.error
            .params
            .get("reason")
            .is_some_and(|why| why == "no_such_day")
    }

    fn hint(&self) -> Option<&str> {
        self.error.params.get("hint").map(String::as_str)
    }
}

impl FieldError {
    /// One sentence: where, what is wrong, and the value in short if it is known.
    #[must_use]
    pub fn message(&self) -> String {
        self.message_in(Language::English)
    }

    /// See [`FieldError::message`].
    #[must_use]
    pub fn message_in(&self, language: Language) -> String {
        let value = self.value.as_deref().filter(|value| !value.is_empty());
        self.sentence(&self.facts(value, false, language))
    }

    /// The same sentence without the value, for places where no customer's value may stand.
    #[must_use]
    pub fn message_without_value(&self) -> String {
        self.message_without_value_in(Language::English)
    }

    /// See [`FieldError::message_without_value`].
    #[must_use]
    pub fn message_without_value_in(&self, language: Language) -> String {
        self.sentence(&self.facts(None, false, language))
    }

    /// One sentence that fits all errors of this code and kind in this field: without the value
    /// and without what only this record's parameters say.
    #[must_use]
    pub fn message_of_group(&self) -> String {
        self.message_of_group_in(Language::English)
    }

    /// See [`FieldError::message_of_group`].
    #[must_use]
    pub fn message_of_group_in(&self, language: Language) -> String {
        self.sentence(&self.facts(None, true, language))
    }

    /// What to do about it: in the file, in the mapping or in Wawi.
    #[must_use]
    pub fn remedy(&self) -> String {
        self.remedy_in(Language::English)
    }

    /// See [`FieldError::remedy`].
    #[must_use]
    pub fn remedy_in(&self, language: Language) -> String {
        let facts = self.facts(None, false, language);
        match language {
            Language::English => english::remedy(&facts),
            Language::German => german::remedy(&facts),
        }
    }

    fn facts(&self, value: Option<&str>, general: bool, language: Language) -> Facts<'_> {
        Facts {
            error: self,
            language,
            value: value.map_or_else(
                || {
                    language
                        .pick(english::THE_VALUE, german::THE_VALUE)
                        .to_owned()
                },
                |value| format!("`{}`", excerpt(value)),
            ),
            general,
        }
    }

    fn sentence(&self, facts: &Facts<'_>) -> String {
        let wrong = match facts.language {
            Language::English => english::wrong(facts),
            Language::German => german::wrong(facts),
        };
        // An abbreviation at the end (`USt-IdNr.`) has its full stop already.
        let stop = if wrong.ends_with('.') { "" } else { "." };
        match self.place(facts.language) {
            Some(place) => format!("{place}: {wrong}{stop}"),
            None => {
                let mut letters = wrong.chars();
                let first: String = letters
                    .next()
                    .into_iter()
                    .flat_map(char::to_uppercase)
                    .collect();
                format!("{first}{}{stop}", letters.as_str())
            }
        }
    }

    /// The input's columns if they are known, else the API's field.
    fn place(&self, language: Language) -> Option<String> {
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
        let (count, names) = (self.columns.len(), format!("{}{more}", names.join(", ")));
        Some(match language {
            Language::English => english::columns(count, &names),
            Language::German => german::columns(count, &names),
        })
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
        self.message_in(Language::English)
    }

    /// See [`Stop::message`].
    #[must_use]
    pub fn message_in(&self, language: Language) -> String {
        match language {
            Language::English => english::stop(self),
            Language::German => german::stop(self),
        }
    }

    /// What to do before the same command is given again.
    #[must_use]
    pub fn remedy(&self) -> String {
        self.remedy_in(Language::English)
    }

    /// See [`Stop::remedy`].
    #[must_use]
    pub fn remedy_in(&self, language: Language) -> String {
        match language {
            Language::English => english::stop_remedy(self),
            Language::German => german::stop_remedy(self),
        }
    }

    /// The same where no command waits to go on: what to do, and no more.
    #[must_use]
    pub fn todo(&self) -> Bilingual {
        Bilingual {
            english: english::stop_todo(self).to_owned(),
            german: german::stop_todo(self).to_owned(),
        }
    }
}

impl UnknownWhy {
    /// Why nobody knows what became of the record, in a few words.
    #[must_use]
    pub fn message(self) -> &'static str {
        self.message_in(Language::English)
    }

    /// See [`UnknownWhy::message`].
    #[must_use]
    pub fn message_in(self, language: Language) -> &'static str {
        language.pick(english::unknown(self), german::unknown(self))
    }
}

impl Ending {
    /// How the run ended, in one sentence; with what the same command is for then.
    #[must_use]
    pub fn message(&self) -> String {
        self.message_in(Language::English)
    }

    /// See [`Ending::message`].
    #[must_use]
    pub fn message_in(&self, language: Language) -> String {
        match language {
            Language::English => english::ending(self),
            Language::German => german::ending(self),
        }
    }

    /// The same where the command that goes on is told apart from it.
    #[must_use]
    pub fn without_way_on(&self, language: Language) -> String {
        match language {
            Language::English => english::ended(self),
            Language::German => german::ended(self),
        }
    }
}

#[cfg(test)]
mod tests;
