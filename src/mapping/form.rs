//! `as`: the forms into which texts are brought. Form only; whether a value is right is for
//! validation to say.

use std::borrow::Cow;

use super::tally::{self, Tally};
use crate::country;
use crate::customer::Kind;
use crate::outcome::Code;

/// A form that a mapping can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A country's name or code becomes ISO alpha-2.
    Country,
    /// A language's name, code or locale becomes ISO 639-1.
    Language,
    /// Yes or no; what boolean targets do anyway.
    Boolean,
    /// A postal code of the country that the same address has.
    PostalCode,
    /// An e-mail address; it stays as it is.
    Email,
    /// A phone number.
    Phone,
    /// `Herr`, `Frau`, `Firma` or `Divers`.
    Salutation,
    /// A VAT id without blanks and punctuation.
    VatId,
}

impl Form {
    /// The names that `as` takes.
    pub(super) const NAMES: &[(&str, Self)] = &[
        ("country", Self::Country),
        ("language", Self::Language),
        ("boolean", Self::Boolean),
        ("postal_code", Self::PostalCode),
        ("email", Self::Email),
        ("phone", Self::Phone),
        ("salutation", Self::Salutation),
        ("vat_id", Self::VatId),
    ];

    /// The step, for people: `as` and the form's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Country => "as country",
            Self::Language => "as language",
            Self::Boolean => "as boolean",
            Self::PostalCode => "as postal_code",
            Self::Email => "as email",
            Self::Phone => "as phone",
            Self::Salutation => "as salutation",
            Self::VatId => "as vat_id",
        }
    }

    /// The type of target that the form is for.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Boolean => Kind::Boolean,
            _ => Kind::Text,
        }
    }

    /// Brings a text that is not empty into the form. `country` is the address's ISO code.
    /// The result may be empty: it stood for nothing.
    pub(super) fn bring<'r>(
        self,
        text: Cow<'r, str>,
        country: Option<&str>,
        tally: &mut Tally,
    ) -> Result<Cow<'r, str>, (Code, Cow<'r, str>)> {
        match self {
            Self::Country => match country::country(&text) {
                Some(iso) => Ok(iso.into()),
                None => Err((Code::CountryUnknown, text)),
            },
            Self::Language => match country::language(&text) {
                Some(iso) => Ok(iso.into()),
                None => Err((Code::LanguageUnknown, text)),
            },
            Self::Salutation => match salutation(&text) {
                Some(word) => Ok(word.into()),
                None => Err((Code::SalutationUnknown, text)),
            },
            Self::PostalCode => Ok(postal_code(text, country, tally)),
            Self::Phone => phone(text, tally),
            Self::VatId => Ok(vat_id(text)),
            Self::Boolean | Self::Email => Ok(text),
        }
    }
}

/// What spreadsheets put around a value so that it stays text: `'01067` and `="01067"`.
fn unguarded(text: &str) -> Option<&str> {
    let inner = match text.strip_prefix('\'') {
        Some(inner) => inner,
        None => text.strip_prefix("=\"")?.strip_suffix('"')?,
    };
    (!inner.is_empty()).then_some(inner)
}

fn without_guard<'r>(text: Cow<'r, str>, tally: &mut Tally) -> Cow<'r, str> {
    let bare = match &text {
        Cow::Borrowed(borrowed) => unguarded(borrowed).map(Cow::Borrowed),
        Cow::Owned(owned) => unguarded(owned).map(|bare| Cow::Owned(bare.to_owned())),
    };
    match bare {
        Some(bare) => {
            tally.repaired(tally::APOSTROPHE_REMOVED);
            bare
        }
        None => text,
    }
}

/// Prefixes that stand before postal codes in some countries' addresses, by the country whose
/// codes do not begin with letters anyway.
const PREFIXES: &[(&str, &str)] = &[
    ("D", "DE"),
    ("DE", "DE"),
    ("A", "AT"),
    ("AT", "AT"),
    ("CH", "CH"),
    ("FL", "LI"),
    ("LI", "LI"),
    ("L", "LU"),
    ("LU", "LU"),
    ("B", "BE"),
    ("BE", "BE"),
    ("F", "FR"),
    ("FR", "FR"),
    ("I", "IT"),
    ("IT", "IT"),
    ("NL", "NL"),
    ("DK", "DK"),
];

/// A postal code of the country: without guard and prefix, in capitals, with its leading zero.
pub(super) fn postal_code<'r>(
    text: Cow<'r, str>,
    country: Option<&str>,
    tally: &mut Tally,
) -> Cow<'r, str> {
    let mut code = without_guard(text, tally);
    if let Some(bare) = country.and_then(|country| without_prefix(&code, country)) {
        code = Cow::Owned(bare.to_owned());
        tally.repaired(tally::PREFIX_REMOVED);
    }
    if code.bytes().any(|byte| byte.is_ascii_lowercase()) {
        code = Cow::Owned(code.to_ascii_uppercase());
    }
    let lost_its_zero =
        country == Some("DE") && code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit());
    if lost_its_zero {
        tally.repaired(tally::ZERO_RESTORED);
        code = Cow::Owned(format!("0{code}"));
    }
    code
}

/// The code behind `D-`, `A-`, `CH-`, … if it is the prefix of this country: `A-1010` in
/// Germany stays as it is, or it would get a zero that it never had.
fn without_prefix<'t>(code: &'t str, country: &str) -> Option<&'t str> {
    if !code.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (prefix, bare) = code.split_once('-')?;
    let bare = bare.trim_start();
    let fits = PREFIXES
        .iter()
        .any(|(name, of)| *of == country && name.eq_ignore_ascii_case(prefix.trim_end()));
    (fits && bare.starts_with(|c: char| c.is_ascii_digit())).then_some(bare)
}

/// A phone number keeps its spelling. Letters are a remark or what a spreadsheet made of it
/// (`4.91761E+11`).
fn phone<'r>(text: Cow<'r, str>, tally: &mut Tally) -> Result<Cow<'r, str>, (Code, Cow<'r, str>)> {
    let number = without_guard(text, tally);
    let has_digit = number.bytes().any(|byte| byte.is_ascii_digit());
    let has_letter = if number.is_ascii() {
        number.bytes().any(|byte| byte.is_ascii_alphabetic())
    } else {
        number.chars().any(char::is_alphabetic)
    };
    if !has_digit || has_letter {
        return Err((Code::PhoneMalformed, number));
    }
    Ok(number)
}

/// Words for how to address somebody, of Wawi's shop, Shopware and people; `not_specified`
/// stands for nothing.
const SALUTATIONS: &[(&str, &[&str])] = &[
    (
        "Herr",
        &["m", "mr", "mr.", "herr", "hr.", "male", "männlich"],
    ),
    (
        "Frau",
        &[
            "w", "f", "mrs", "mrs.", "ms", "ms.", "miss", "frau", "fr.", "female", "weiblich",
        ],
    ),
    ("Firma", &["c", "firma", "company"]),
    ("Divers", &["d", "divers", "diverse", "mx", "mx."]),
    ("", &["not_specified"]),
];

/// The salutation that a word means; empty, if it stands for none.
pub(super) fn salutation(text: &str) -> Option<&'static str> {
    if text.is_ascii() {
        return salutation_by(|word| word.eq_ignore_ascii_case(text));
    }
    let lower = text.to_lowercase();
    salutation_by(|word| word == lower)
}

/// The salutation that a word of the list stands for.
fn salutation_by(is_it: impl Fn(&str) -> bool) -> Option<&'static str> {
    SALUTATIONS
        .iter()
        .find(|(_, words)| words.iter().any(|word| is_it(word)))
        .map(|(word, _)| *word)
}

fn vat_id(text: Cow<'_, str>) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    {
        return text;
    }
    text.chars()
        .filter(|c| !super::trim::is_blank(*c) && !matches!(c, '.' | '-' | '–'))
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bring(form: Form, text: &str, country: Option<&str>) -> (String, Option<Code>, Tally) {
        let mut tally = Tally::default();
        let (text, code) = match form.bring(text.into(), country, &mut tally) {
            Ok(text) => (text, None),
            Err((code, text)) => (text, Some(code)),
        };
        (text.into_owned(), code, tally)
    }

    #[test]
    fn postal_codes() {
        use tally::{APOSTROPHE_REMOVED, PREFIX_REMOVED, ZERO_RESTORED};
        for (text, country, wanted, repairs) in [
            ("01067", Some("DE"), "01067", &[][..]),
            ("1067", Some("DE"), "01067", &[ZERO_RESTORED]),
            ("D-01067", Some("DE"), "01067", &[PREFIX_REMOVED]),
            (
                "de - 1067",
                Some("DE"),
                "01067",
                &[PREFIX_REMOVED, ZERO_RESTORED],
            ),
            ("'01067", Some("DE"), "01067", &[APOSTROPHE_REMOVED]),
            ("=\"01067\"", Some("DE"), "01067", &[APOSTROPHE_REMOVED]),
            ("A-1010", Some("AT"), "1010", &[PREFIX_REMOVED]),
            ("A-1010", Some("DE"), "A-1010", &[]),
            ("1010", Some("AT"), "1010", &[]),
            ("CH-8001", Some("CH"), "8001", &[PREFIX_REMOVED]),
            ("1067", None, "1067", &[]),
            ("D-01067", None, "D-01067", &[]),
            ("1234 ab", Some("NL"), "1234 AB", &[]),
            ("sw1a 1aa", Some("GB"), "SW1A 1AA", &[]),
            ("LT-01100", Some("LT"), "LT-01100", &[]),
            ("'", Some("DE"), "'", &[]),
            ("106", Some("DE"), "106", &[]),
        ] {
            let (code, error, tally) = bring(Form::PostalCode, text, country);
            assert_eq!((code.as_str(), error), (wanted, None), "{text} {country:?}");
            let counted: Vec<&str> = tally.repairs.keys().map(String::as_str).collect();
            let mut repairs = repairs.to_vec();
            repairs.sort_unstable();
            assert_eq!(counted, repairs, "{text} {country:?}");
        }
    }

    #[test]
    fn phones() {
        for (text, wanted, error) in [
            ("+49 351 123-4", "+49 351 123-4", None),
            ("'+49351123", "+49351123", None),
            ("0351/123", "0351/123", None),
            ("4.91761E+11", "4.91761E+11", Some(Code::PhoneMalformed)),
            (
                "0351 123 privat",
                "0351 123 privat",
                Some(Code::PhoneMalformed),
            ),
            ("--", "--", Some(Code::PhoneMalformed)),
        ] {
            let (number, code, _) = bring(Form::Phone, text, None);
            assert_eq!((number.as_str(), code), (wanted, error), "{text}");
        }
    }

    #[test]
    fn words_and_codes() {
        for (form, text, wanted, error) in [
            (Form::Salutation, "m", "Herr", None),
            (Form::Salutation, "MRS", "Frau", None),
            (Form::Salutation, "c", "Firma", None),
            (Form::Salutation, "divers", "Divers", None),
            (Form::Salutation, "not_specified", "", None),
            (
                Form::Salutation,
                "Graf",
                "Graf",
                Some(Code::SalutationUnknown),
            ),
            (Form::Country, "Deutschland", "DE", None),
            (
                Form::Country,
                "Atlantis",
                "Atlantis",
                Some(Code::CountryUnknown),
            ),
            (Form::Language, "de-DE", "DE", None),
            (Form::Language, "tlh", "tlh", Some(Code::LanguageUnknown)),
            (Form::VatId, "de 123.456-789", "DE123456789", None),
            (Form::VatId, "ATU12345678", "ATU12345678", None),
            (Form::Email, "mailto:a@b.de", "mailto:a@b.de", None),
        ] {
            let (result, code, _) = bring(form, text, None);
            assert_eq!((result.as_str(), code), (wanted, error), "{form:?} {text}");
        }
    }
}
