//! The kinds of damage that files take on their way: recognised by validation, named by
//! `wording`, cured by a line of the mapping.
//!
//! A kind travels with its error as the parameter [`LOOKS_LIKE`], so that the journal, the
//! reports and the summary keep it.

use super::FieldError;

/// The parameter of a [`FieldError`] that names the damage.
pub const LOOKS_LIKE: &str = "looks_like";
/// The parameter with the fixed text that gave the damage away: a word for "no value", a sign,
/// an entity, a date that stands for none. Never anything else of a customer's value.
pub const WORD: &str = "word";
/// The parameter with the form of a date, as `strftime` writes it.
pub const FORM: &str = "form";

macro_rules! damages {
    ($( $(#[$doc:meta])* $name:ident = $text:literal; )*) => {
        /// What a damaged value looks like.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Damage { $( $(#[$doc])* $name, )* }

        impl Damage {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The kind's stable word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }
        }
    };
}

damages! {
    /// A word for "no value": `NULL`, `-`, `n/a`.
    NoValue = "no_value";
    /// The error of a spreadsheet's formula: `#REF!`, `########`.
    SheetError = "sheet_error";
    /// What a spreadsheet puts around a value so that it stays text: `="01067"`, `'01067`.
    Guard = "guard";
    /// A spreadsheet's formula.
    Formula = "formula";
    /// A number in scientific notation, its last digits lost: `4.91761E+11`.
    Scientific = "scientific";
    /// HTML entities: `M&uuml;ller`.
    Html = "html";
    /// Characters without width inside the value.
    Invisible = "invisible";
    /// UTF-8 read as Windows-1252: `MÃ¼ller`.
    Mojibake = "mojibake";
    /// Characters that were replaced by U+FFFD or by control characters.
    LostCharacters = "lost_characters";
    /// A date that stands for none: `0000-00-00`, `01.01.1900`, `30.12.1899`.
    NoDate = "no_date";
    /// A spreadsheet's number of a day: `31412`.
    DateSerial = "date_serial";
    /// A date whose year has two digits.
    ShortYear = "short_year";
    /// A date in another form than the declared one.
    OtherDate = "other_date";
    /// A decimal number with a point where a comma is declared.
    DecimalPoint = "decimal_point";
    /// A decimal number with a comma where a point is declared.
    DecimalComma = "decimal_comma";
    /// A number whose thousands are set apart by a sign that is not read.
    Thousands = "thousands";
    /// A whole number with decimals that are all zero: `2500,00`, `1067.0`.
    ZeroDecimals = "zero_decimals";
    /// A number with its unit: `12,50 €`, `5 %`.
    Unit = "unit";
}

impl Damage {
    /// The kind that the word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

/// Words for "no value", as databases, programs and people write them; in this case only, for
/// `Null` and `Nan` are names.
pub const NO_VALUE: [&str; 34] = [
    "NULL",
    "null",
    "<NULL>",
    "<null>",
    "(NULL)",
    "(null)",
    "\\N",
    "N/A",
    "n/a",
    "n.a.",
    "N.A.",
    "#N/A",
    "#NV",
    "NaN",
    "nan",
    "undefined",
    "none",
    "(none)",
    "(leer)",
    "(blank)",
    "k.A.",
    "k. A.",
    "k.a.",
    "keine Angabe",
    "ohne Angabe",
    "nicht angegeben",
    "not specified",
    "-",
    "--",
    "---",
    "–",
    "—",
    "?",
    ".",
];

/// Days that systems write for "no date": the day zero of databases, spreadsheets and SQL
/// Server, and the end of all days. As year, month and day.
pub const NO_DATES: [(i16, i8, i8); 6] = [
    (1, 1, 1),
    (1753, 1, 1),
    (1899, 12, 30),
    (1899, 12, 31),
    (1900, 1, 1),
    (9999, 12, 31),
];

/// Entities that shops leave in texts, and what they stand for (HTML 4 and XML).
pub const ENTITIES: [(&str, &str); 26] = [
    ("&amp;", "&"),
    ("&quot;", "\""),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", " "),
    ("&apos;", "'"),
    ("&auml;", "ä"),
    ("&ouml;", "ö"),
    ("&uuml;", "ü"),
    ("&Auml;", "Ä"),
    ("&Ouml;", "Ö"),
    ("&Uuml;", "Ü"),
    ("&szlig;", "ß"),
    ("&eacute;", "é"),
    ("&egrave;", "è"),
    ("&agrave;", "à"),
    ("&ccedil;", "ç"),
    ("&ecirc;", "ê"),
    ("&ocirc;", "ô"),
    ("&ntilde;", "ñ"),
    ("&oslash;", "ø"),
    ("&aring;", "å"),
    ("&euro;", "€"),
    ("&ndash;", "–"),
    ("&rsquo;", "’"),
    ("&acute;", "´"),
];

impl FieldError {
    /// The damage that was recognised in the value.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.params
            .get(LOOKS_LIKE)
            .and_then(|word| Damage::from_word(word))
    }

    /// The stable word for what kind of trouble this is within its code: the damage, or the
    /// rule's own hint.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        let kind = self
            .params
            .get(LOOKS_LIKE)
            .or_else(|| self.params.get("hint"));
        kind.map(String::as_str)
    }

    /// What the damage was recognised by, if that is a fixed text: a word, a sign, a form of
    /// dates. Errors that differ in it need different cures.
    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        let mark = self.params.get(WORD).or_else(|| self.params.get(FORM));
        mark.map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Code;

    #[test]
    fn every_word_names_its_kind() {
        for kind in Damage::ALL {
            assert_eq!(Damage::from_word(kind.as_str()), Some(*kind));
        }
        assert_eq!(Damage::from_word("lost_zero"), None);
    }

    #[test]
    fn damage_outweighs_the_rules_own_hint() {
        let error = FieldError::new(Code::PhoneMalformed, "").with("hint", "letters");
        assert_eq!(error.kind(), Some("letters"));
        assert_eq!(error.damage(), None);
        let error = error.with(LOOKS_LIKE, Damage::NoValue.as_str());
        assert_eq!(error.kind(), Some("no_value"));
        assert_eq!(error.damage(), Some(Damage::NoValue));
    }
}
