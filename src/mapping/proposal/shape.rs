//! What the values of a column look like.
//!
//! Looks only; whether a value is right is for validation to say.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use regex::Regex;

use super::super::convert::{self, Convention};
use super::super::form;
use super::seen::Column;
use crate::country;

/// What a value can look like. One value may look like several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Email,
    Phone,
    Url,
    PostalCode,
    Country,
    IsoCountry,
    Language,
    Salutation,
    Boolean,
    Integer,
    Point,
    Comma,
    VatId,
    BareVatId,
    Iban,
    Card,
    Hash,
    LegalForm,
    Street,
    HouseNumber,
    Letters,
    ZipCity,
    FirstName,
    Guard,
    Mailto,
    WholeComma,
    WholePoint,
    Percent,
    Days,
    InAngles,
    Emails,
    Zero,
}

/// How many looks there are.
const LOOKS: usize = Look::Zero as usize + 1;

/// Most different values of a column that are kept; they are shown for groups only.
pub(super) const DISTINCT: usize = 20;

/// What the values of a column look like, counted.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Values that are there.
    pub(super) filled: usize,
    counts: [usize; LOOKS],
    /// The different values with their counts; nothing if there are more than [`DISTINCT`].
    pub(super) distinct: Option<BTreeMap<String, usize>>,
    /// No value stands there twice.
    pub(super) unique: bool,
    /// The longest value in UTF-16 units.
    pub(super) longest: usize,
}

impl Shape {
    /// Looks at every value of a column.
    pub(super) fn of(column: &Column<'_>) -> Self {
        let mut shape = Self {
            filled: 0,
            counts: [0; LOOKS],
            distinct: Some(BTreeMap::new()),
            unique: true,
            longest: 0,
        };
        // Many columns say the same few things over and over.
        let mut seen: HashMap<&str, u32> = HashMap::new();
        for text in column.filled() {
            shape.filled += 1;
            shape.longest = shape.longest.max(text.encode_utf16().count());
            if let Some(distinct) = &mut shape.distinct {
                *distinct.entry(text.to_owned()).or_default() += 1;
                if distinct.len() > DISTINCT {
                    shape.distinct = None;
                }
            }
            let looks = match seen.get(text) {
                Some(looks) => {
                    shape.unique = false;
                    *looks
                }
                None => {
                    let mut looks = 0;
                    looks_of(text, |look| looks |= 1 << look as u32);
                    seen.insert(text, looks);
                    looks
                }
            };
            for (place, count) in shape.counts.iter_mut().enumerate() {
                *count += usize::from(looks & (1 << place) != 0);
            }
        }
        shape
    }

    /// How many values look like this.
    pub(super) fn count(&self, look: Look) -> usize {
        self.counts.get(look as usize).copied().unwrap_or(0)
    }

    /// The share of values that look like one of these; nothing where there is no value.
    pub(super) fn share(&self, look: Look) -> Option<f64> {
        (self.filled > 0).then(|| self.count(look) as f64 / self.filled as f64)
    }

    /// Whether nearly all values, and at least one, look like this.
    pub(super) fn is_mostly(&self, look: Look) -> bool {
        self.share(look).is_some_and(|share| share >= 0.9)
    }
}

/// What spreadsheets put around a value so that it stays text.
pub(super) fn without_guard(text: &str) -> &str {
    let bare = text.strip_prefix('\'').or_else(|| {
        let inner = text.strip_prefix("=\"")?;
        inner.strip_suffix('"')
    });
    bare.unwrap_or(text)
}

/// An expression that is compiled when it is first used.
struct Expression(LazyLock<Option<Regex>>);

impl Expression {
    /// Whether the text matches. An expression that cannot be compiled matches nothing; the
    /// tests try every one of them.
    fn is_match(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

macro_rules! expressions {
    ($( $name:ident = $text:literal; )*) => { $(
        static $name: Expression = Expression(LazyLock::new(|| Regex::new($text).ok()));
    )* };
}

expressions! {
    EMAIL = r"^[^\s@<>,;:]+@[^\s@<>,;:]+\.[A-Za-z\u{80}-\u{10FFFF}]{2,}$";
    PHONE = r"^(\+|00?[1-9]|\(0|\(\+|[2-9])[0-9 ()/.\-–]{5,24}$";
    URL = r"(?i)^(https?://\S+\.\S+|www\.[^\s@]+\.[a-z]{2,}|[a-z0-9\-]+(\.[a-z0-9\-]+)*\.(de|at|ch|com|net|org|eu|info|biz|shop|io)(/\S*)?)$";
    POSTAL = r"(?i)^([A-Z]{1,3}[- ]{1,3})?([0-9]{4,6}|[0-9]{4} ?[A-Z]{2}|[0-9]{2}-[0-9]{3}|[0-9]{3} [0-9]{2}|[0-9]{4}-[0-9]{3}|[0-9]{5}-[0-9]{4}|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9])$";
    VAT = r"(?i)^(AT ?U ?[0-9]{8}|(BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI|CHE)[ .\-]*[0-9A-Z][0-9A-Z .\-+*]{4,14})$";
    BARE_VAT = r"(?i)^(U[0-9]{8}|[0-9]{8,12}|[0-9]{9}B[0-9]{2})$";
    IBAN = r"(?i)^[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){3,7}( ?[A-Z0-9]{1,3})?$";
    HASH = r"^(\$2[abxy]\$|\$P\$|\$H\$|\$argon2|\$[156]\$|\{SHA|pbkdf2|sha1\$|bcrypt)|^[0-9a-f]{32,128}:[^\s]+";
    LEGAL = r"(?i)(^|\s)(gmbh|mbh|ag|kg|ug|ohg|gbr|e\. ?k\.?|e\. ?v\.?|e\. ?g\.?|ltd\.?|limited|inc\.?|llc|corp\.?|s\.? ?a\.?|s\.? ?r\.? ?l\.?|s\.? ?p\.? ?a\.?|s\.n\.c\.|sarl|sas|b\.? ?v\.?|oy|aps|a/s|kft|sp\. z o\. ?o\.)(\s|$|,|\()";
    STREET = r"(?i)^[A-Za-z\u{80}-\u{10FFFF}'’.\- ]{3,60}[ .]\d{1,4}\s?[a-z]?([ \-/+]+\d{1,4}\s?[a-z]?)?$";
    STREET_NUMBER_FIRST = r"(?i)^\d{1,5}[a-z]?,? [A-Za-z\u{80}-\u{10FFFF}'’.\- ]{3,60}$";
    HOUSE = r"(?i)^\d{1,5}\s?[a-z]?([ \-/+]+\d{0,4}\s?[a-z]{0,2})?$";
    LETTERS = r"^[A-Za-z\u{80}-\u{10FFFF}][A-Za-z\u{80}-\u{10FFFF}'’.\- ()]*$";
    ZIP_CITY = r"(?i)^([A-Z]{1,3}[- ])?[0-9]{4,5} [A-Za-z\u{80}-\u{10FFFF}]";
    ANGLES = r"^[^<>]*<[^<>@\s]+@[^<>@\s]+>$";
}

/// First names that many people have; they tell a column of first names without a header.
const FIRST_NAMES: &[&str] = &[
    "alexander",
    "alexandra",
    "andrea",
    "andreas",
    "angela",
    "anja",
    "anna",
    "anne",
    "barbara",
    "ben",
    "bernd",
    "birgit",
    "brigitte",
    "charlotte",
    "christian",
    "christina",
    "christine",
    "claudia",
    "daniel",
    "david",
    "dieter",
    "elisabeth",
    "elizabeth",
    "emily",
    "emma",
    "eva",
    "felix",
    "florian",
    "frank",
    "franz",
    "gabriele",
    "hans",
    "heike",
    "heinz",
    "helga",
    "ines",
    "james",
    "jan",
    "jana",
    "jennifer",
    "jessica",
    "johanna",
    "johannes",
    "john",
    "jonas",
    "josef",
    "julia",
    "karin",
    "karl",
    "katharina",
    "katrin",
    "klaus",
    "lara",
    "laura",
    "lea",
    "lena",
    "leon",
    "linda",
    "lisa",
    "lukas",
    "manfred",
    "maria",
    "marie",
    "markus",
    "martin",
    "martina",
    "mary",
    "matthias",
    "max",
    "maximilian",
    "melanie",
    "mia",
    "michael",
    "monika",
    "nicole",
    "nina",
    "oliver",
    "patricia",
    "patrick",
    "paul",
    "peter",
    "petra",
    "philipp",
    "ralf",
    "renate",
    "robert",
    "sabine",
    "sandra",
    "sarah",
    "sebastian",
    "silke",
    "simon",
    "sophie",
    "stefan",
    "stefanie",
    "susan",
    "susanne",
    "sven",
    "thomas",
    "tim",
    "tobias",
    "ursula",
    "uwe",
    "walter",
    "werner",
    "william",
    "wolfgang",
];

/// Whether the text is several e-mail addresses in a row.
fn is_list_of_emails(text: &str) -> bool {
    let parts = text.split(|c: char| matches!(c, ';' | ',' | '/') || c.is_whitespace());
    let mut count = 0;
    for part in parts.filter(|part| !part.is_empty()) {
        if !EMAIL.is_match(part) {
            return false;
        }
        count += 1;
    }
    count > 1
}

/// Tells every look of a text.
#[expect(clippy::too_many_lines, reason = "a table: a line for each look")]
fn looks_of(text: &str, mut tell: impl FnMut(Look)) {
    let bare = without_guard(text);
    if bare.len() < text.len() {
        tell(Look::Guard);
    }
    let text = bare;
    if text.len() > 300 {
        return;
    }
    let lower = text.to_lowercase();
    let mut digits = 0_usize;
    let mut others = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b' ' | b'-' => {}
            _ => others += 1,
        }
    }
    let mailed = lower.strip_prefix("mailto:");
    let is_email = EMAIL.is_match(mailed.unwrap_or(text));
    let looks = [
        (Look::Email, is_email || ANGLES.is_match(text)),
        (Look::Mailto, is_email && mailed.is_some()),
        (Look::InAngles, ANGLES.is_match(text)),
        (Look::Emails, is_list_of_emails(text)),
        (
            Look::Phone,
            digits >= 6 && PHONE.is_match(text) && !is_date_like(text),
        ),
        (Look::Url, !is_email && URL.is_match(text)),
        (Look::PostalCode, POSTAL.is_match(text)),
        (Look::Country, country::country(text).is_some()),
        (
            Look::IsoCountry,
            text.len() == 2 && country::country(text).is_some(),
        ),
        (Look::Language, country::language(text).is_some()),
        (Look::Salutation, form::salutation(text).is_some()),
        (Look::Boolean, convert::boolean(text).is_some()),
        (Look::Integer, convert::integer(text).is_some()),
        (
            Look::Point,
            convert::decimal(text, Convention::Point).is_some(),
        ),
        (
            Look::Comma,
            convert::decimal(text, Convention::Comma).is_some(),
        ),
        (Look::VatId, digits >= 5 && VAT.is_match(text)),
        (Look::BareVatId, BARE_VAT.is_match(text)),
        (
            Look::Iban,
            digits >= 10 && IBAN.is_match(text) && is_iban(text),
        ),
        (
            Look::Card,
            others == 0 && (13..=19).contains(&digits) && is_card(text),
        ),
        (Look::Hash, HASH.is_match(text)),
        (Look::LegalForm, LEGAL.is_match(text)),
        (
            Look::Street,
            STREET.is_match(text) || STREET_NUMBER_FIRST.is_match(text),
        ),
        (Look::HouseNumber, text.len() <= 10 && HOUSE.is_match(text)),
        (Look::Letters, LETTERS.is_match(text)),
        (Look::ZipCity, ZIP_CITY.is_match(text)),
        (Look::FirstName, {
            let first = lower.split([' ', '-']).next().unwrap_or_default();
            FIRST_NAMES.binary_search(&first).is_ok()
        }),
        (Look::WholeComma, is_whole(text, ',')),
        (Look::WholePoint, is_whole(text, '.')),
        (
            Look::Zero,
            digits > 0 && text.trim_matches(['0', ',', '.']).is_empty(),
        ),
        (Look::Percent, text.ends_with('%')),
        (
            Look::Days,
            lower.ends_with("tage") || lower.ends_with("days") || lower.ends_with("tagen"),
        ),
    ];
    for (look, is_so) in looks {
        if is_so {
            tell(look);
        }
    }
}

/// `750,00`: a whole amount, with the cents that nobody needs.
fn is_whole(text: &str, point: char) -> bool {
    let grouped = if point == ',' { '.' } else { ',' };
    text.split_once(point).is_some_and(|(whole, cents)| {
        let mut groups = whole.split(grouped).skip(1);
        cents == "00"
            && convert::integer(&whole.replace(grouped, "")).is_some()
            && groups.all(|group| group.len() == 3)
    })
}

fn is_date_like(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['.', '/', '-']).collect();
    parts.len() == 3 && parts.iter().all(|part| part.len() <= 4) && text.len() <= 10
}

/// The check digits of ISO 13616, modulo 97.
fn is_iban(text: &str) -> bool {
    let plain: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let turned = plain.iter().cycle().skip(4).take(plain.len());
    let rest = turned.fold(0_u32, |rest, byte| match byte.to_ascii_lowercase() {
        digit @ b'0'..=b'9' => (rest * 10 + u32::from(digit - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter.saturating_sub(b'a')) + 10) % 97,
    });
    rest == 1
}

/// The check digit of credit cards, after Luhn.
fn is_card(text: &str) -> bool {
    let digits = text.bytes().rev().filter(u8::is_ascii_digit);
    let sum: u32 = digits
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            match place % 2 {
                1 if digit > 4 => digit * 2 - 9,
                1 => digit * 2,
                _ => digit,
            }
        })
        .sum();
    sum > 0 && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(text: &str) -> Vec<Look> {
        let mut looks = Vec::new();
        looks_of(text, |look| looks.push(look));
        looks
    }

    #[test]
    fn first_names_are_sorted() {
        assert!(FIRST_NAMES.is_sorted());
    }

    #[test]
    fn values_are_known_by_their_looks() {
        for (text, look) in [
            ("max@example.org", Look::Email),
            ("mailto:max@example.org", Look::Mailto),
            ("Max <max@example.org>", Look::InAngles),
            ("+49 351 1234", Look::Phone),
            ("'+493511234", Look::Phone),
            ("'+493511234", Look::Guard),
            ("=\"01067\"", Look::Guard),
            ("0221/4710001", Look::Phone),
            ("www.example.org", Look::Url),
            ("https://example.org/a", Look::Url),
            ("01067", Look::PostalCode),
            ("SW1A 1AA", Look::PostalCode),
            ("1234 AB", Look::PostalCode),
            ("D-01067", Look::PostalCode),
            ("Deutschland", Look::Country),
            ("DE", Look::IsoCountry),
            ("de-DE", Look::Language),
            ("Frau", Look::Salutation),
            ("DE123456789", Look::VatId),
            ("ATU12345678", Look::VatId),
            ("123456789", Look::BareVatId),
            ("DE89 3704 0044 0532 0130 00", Look::Iban),
            ("4111 1111 1111 1111", Look::Card),
            ("$2y$10$RsZy4W7ZTKb7F3rTd", Look::Hash),
            ("Muster GmbH & Co. KG", Look::LegalForm),
            ("Am Alten Markt 8a", Look::Street),
            ("12 Main Street", Look::Street),
            ("12a", Look::HouseNumber),
            ("01067 Dresden", Look::ZipCity),
            ("Anna Maria", Look::FirstName),
            ("750,00", Look::WholeComma),
            ("25.000,00", Look::WholeComma),
            ("1,500.00", Look::WholePoint),
            ("14 Tage", Look::Days),
        ] {
            assert!(looks(text).contains(&look), "{text}: {look:?}");
        }
        for (text, look) in [
            ("max@example", Look::Email),
            ("01.02.1985", Look::Phone),
            ("DE88370400440532013000", Look::Iban),
            ("4111111111111112", Look::Card),
            ("O'Hara", Look::Guard),
            ("Magdeburg", Look::LegalForm),
            ("750,50", Look::WholeComma),
        ] {
            assert!(!looks(text).contains(&look), "{text}: {look:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_value_is_taken(text in "\\PC{0,80}") {
            let _ = looks(&text);
        }
    }
}
