//! The languages in which people are spoken to. Codes, JSON and logs are English in all of them.

/// A language for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The text in this language, of the two: so that none can be without the other.
    #[must_use]
    pub fn pick<T>(self, english: T, german: T) -> T {
        match self {
            Self::English => english,
            Self::German => german,
        }
    }

    /// Its code of two letters (ISO 639).
    #[must_use]
    pub fn code(self) -> &'static str {
        self.pick("en", "de")
    }

    /// The language of a locale (`de_AT.UTF-8`); none of one that is neither.
    #[must_use]
    pub fn of_locale(locale: &str) -> Option<Self> {
        let word = locale.split(['_', '-', '.', '@']).next()?;
        Self::ALL
            .into_iter()
            .find(|language| word.eq_ignore_ascii_case(language.code()))
    }
}

/// A text in each language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bilingual {
    /// In English.
    pub english: String,
    /// In German.
    pub german: String,
}

impl Bilingual {
    /// What `text` gives in each language.
    pub fn of(mut text: impl FnMut(Language) -> String) -> Self {
        Self {
            english: text(Language::English),
            german: text(Language::German),
        }
    }

    /// The text in this language.
    #[must_use]
    pub fn told_in(&self, language: Language) -> String {
        language.pick(&self.english, &self.german).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_has_a_language() {
        for (locale, language) in [
            ("de", Some(Language::German)),
            ("de_AT.UTF-8", Some(Language::German)),
            ("DE-ch", Some(Language::German)),
            ("en_US.UTF-8", Some(Language::English)),
            ("den", None),
            ("fr_FR", None),
            ("C.UTF-8", None),
            ("", None),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }
}
