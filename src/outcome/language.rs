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

    /// The language with this code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| code.eq_ignore_ascii_case(language.code()))
    }

    /// The language of a locale (`de_AT.UTF-8`); none of one that is neither.
    #[must_use]
    pub fn of_locale(locale: &str) -> Option<Self> {
        let word = locale.split(['_', '-', '.', '@']).next()?;
        Self::of_code(word)
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

    /// A text without words of a language: a name, an example to copy, a list of either.
    pub fn same(text: impl Into<String>) -> Self {
        let english = text.into();
        Self {
            german: english.clone(),
            english,
        }
    }

    /// The text in this language.
    #[must_use]
    pub fn told_in(&self, language: Language) -> String {
        self.shown_in(language).to_owned()
    }

    /// The text in this language, lent.
    #[must_use]
    pub fn shown_in(&self, language: Language) -> &str {
        language.pick(&self.english, &self.german)
    }

    /// This, and its cause.
    #[must_use]
    pub fn because(self, cause: &Self) -> Self {
        Self {
            english: format!("{}: {}", self.english, cause.english),
            german: format!("{}: {}", self.german, cause.german),
        }
    }

    /// Another sentence behind this one.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        Self {
            english: format!("{} {}", self.english, other.english),
            german: format!("{} {}", self.german, other.german),
        }
    }

    /// Both texts, changed alike.
    #[must_use]
    pub fn map(self, change: impl Fn(String) -> String) -> Self {
        Self {
            english: change(self.english),
            german: change(self.german),
        }
    }
}

/// Makes a [`Bilingual`] of an English and a German text with the placeholders of [`format!`].
///
/// That both are there, differ, and name the same placeholders is a matter of compiling: a text
/// cannot lack its other language. Parts that are bilingual themselves are named in front, and
/// each text takes them in its own language: `both!([kind] "no {kind}", "kein {kind}")`, or with
/// a value `both!([kind = self.kind()] …)`.
macro_rules! both {
    ([$($part:ident $(= $value:expr)?),+ $(,)?] $english:literal, $german:literal
        $(, $name:ident = $other:expr)* $(,)?) => {{
        const _: () = assert!(
            $crate::outcome::is_pair($english, $german),
            "the texts have to differ, and to have the same placeholders"
        );
        $( $(let $part: $crate::outcome::Bilingual = $value;)? )+
        $( let $name = $other; )*
        $crate::outcome::Bilingual {
            english: {
                $( let $part = &$part.english; )+
                format!($english)
            },
            german: {
                $( let $part = &$part.german; )+
                format!($german)
            },
        }
    }};
    ($english:literal, $german:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        const _: () = assert!(
            $crate::outcome::is_pair($english, $german),
            "the texts have to differ, and to have the same placeholders"
        );
        $( let $name = $value; )*
        $crate::outcome::Bilingual {
            english: format!($english),
            german: format!($german),
        }
    }};
}

pub(crate) use both;

/// Whether the texts can be one text in two languages: neither is empty, they differ, and each
/// placeholder of [`format!`] in one is in the other too.
#[must_use]
pub(crate) const fn is_pair(english: &str, german: &str) -> bool {
    let (english, german) = (english.as_bytes(), german.as_bytes());
    !english.is_empty()
        && !german.is_empty()
        && !is_same(english, german)
        && has_placeholders_of(english, german)
        && has_placeholders_of(german, english)
}

const fn is_same(mut one: &[u8], mut other: &[u8]) -> bool {
    loop {
        match (one, other) {
            ([], []) => return true,
            ([a, more @ ..], [b, others @ ..]) if *a == *b => {
                one = more;
                other = others;
            }
            _ => return false,
        }
    }
}

const fn has_placeholders_of(text: &[u8], other: &[u8]) -> bool {
    let mut rest = other;
    loop {
        rest = match rest {
            [] => return true,
            [b'{', b'{', more @ ..] | [b'}', b'}', more @ ..] => more,
            [b'{', name @ ..] if !has_placeholder(text, name) => return false,
            [_, more @ ..] => more,
        };
    }
}

/// Whether `text` has the placeholder whose name `name` begins with.
const fn has_placeholder(text: &[u8], name: &[u8]) -> bool {
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return false,
            [b'{', b'{', more @ ..] | [b'}', b'}', more @ ..] => more,
            [b'{', other @ ..] if is_same_name(other, name) => return true,
            [_, more @ ..] => more,
        };
    }
}

/// Whether both begin with the same name: all up to `}` or `:`.
const fn is_same_name(mut one: &[u8], mut other: &[u8]) -> bool {
    loop {
        match (one, other) {
            ([b'}' | b':', ..], [b'}' | b':', ..]) => return true,
            ([a, more @ ..], [b, others @ ..]) if *a == *b => {
                one = more;
                other = others;
            }
            _ => return false,
        }
    }
}

/// The words of a German text that only English has; what stands between back-ticks is nobody's
/// language.
#[cfg(test)]
pub(crate) fn english_words(german: &str) -> Vec<&str> {
    const ENGLISH: &str = " the is are no not and or of to it its has have with from cannot \
                           than which there this that what be must write use unknown ";
    let outside = german.split('`').step_by(2);
    let words = outside.flat_map(str::split_whitespace);
    let words = words.map(|word| word.trim_matches(|c: char| c.is_ascii_punctuation()));
    let is_english = |word: &&str| !word.is_empty() && ENGLISH.contains(&format!(" {word} "));
    words.filter(is_english).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_words_are_found_between_german_ones() {
        assert_eq!(english_words("`the` Wert is leer, and"), ["is", "and"]);
        assert!(english_words("der Wert in no.toml ist leer").is_empty());
    }

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

    #[test]
    fn a_text_without_its_other_language_is_no_pair() {
        for (english, german) in [
            ("name a file", "eine Datei nennen"),
            ("{file} has {count:>3} rows", "{count} Zeilen hat {file}"),
            ("{{ value = {n} }}", "{{ value = {n} }} schreiben"),
        ] {
            assert!(is_pair(english, german), "{english}");
        }
        for (english, german) in [
            ("name a file", ""),
            ("", "eine Datei nennen"),
            ("name a file", "name a file"),
            ("{file} is empty", "die Datei ist leer"),
            ("the file is empty", "{file} ist leer"),
            ("{file} is empty", "{files} ist leer"),
            ("{a} and {b}", "{a} und {a}"),
            ("{n}", "{{n}}"),
        ] {
            assert!(!is_pair(english, german), "{english} | {german}");
        }
    }

    #[test]
    fn parts_come_in_the_language_of_their_text() {
        let kind = both!("a list", "eine Liste");
        let name = "x";
        let text = both!([kind, end = both!("today", "heute")] "{name} is {kind} {end}", "{name} ist {end} {kind}");
        assert_eq!(text.told_in(Language::English), "x is a list today");
        assert_eq!(text.told_in(Language::German), "x ist heute eine Liste");
        let text = both!("line {at}", "Zeile {at}", at = 1 + 1);
        assert_eq!(text.german, "Zeile 2");
    }
}
