//! Texts for people, in the languages that they are spoken to.

use std::fmt;

/// A text in each language; programs get the English one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// In English.
    pub english: String,
    /// In German.
    pub german: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

/// A text in both languages.
pub(super) fn both(english: impl Into<String>, german: impl Into<String>) -> Told {
    Told {
        english: english.into(),
        german: german.into(),
    }
}
