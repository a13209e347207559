//! What a value went through on its way here: spreadsheets, databases, web pages, the wrong
//! encoding. Recognised by the value alone, so that the message can name it and its remedy.
//!
//! Where a value is an error anyway, the damage makes the sentence better ([`of_error`]); where
//! a text would be taken as it is, it makes a warning ([`of_text`]). What could as well be
//! right is left alone: `Null` is a surname, `'t Hooft` another, `+49` begins a phone number.

mod number;
mod time;

use super::text::{Looks, is_invisible, look};
use crate::outcome::damage::{Damage, ENTITIES, FORM, LOOKS_LIKE, NO_VALUE, WORD};
use crate::outcome::{Code, FieldError};

/// A damage that was recognised, and what gave it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recognised {
    damage: Damage,
    /// A parameter beside the damage.
    mark: Option<(&'static str, String)>,
}

impl Recognised {
    fn plain(damage: Damage) -> Self {
        Self { damage, mark: None }
    }

    fn by_word(damage: Damage, word: impl Into<String>) -> Self {
        Self {
            damage,
            mark: Some((WORD, word.into())),
        }
    }

    fn by_form(damage: Damage, form: impl Into<String>) -> Self {
        Self {
            damage,
            mark: Some((FORM, form.into())),
        }
    }

    /// Writes it into an error.
    pub(super) fn tell(self, error: &mut FieldError) {
        let params = &mut error.params;
        params.insert(LOOKS_LIKE.to_owned(), self.damage.as_str().to_owned());
        if let Some((name, value)) = self.mark {
            params.insert(name.to_owned(), value);
        }
    }
}

/// Names the damage in an error whose value shows one.
pub(super) fn name(error: &mut FieldError) {
    if error.params.contains_key(LOOKS_LIKE) {
        return;
    }
    if let Some(found) = of_error(error) {
        found.tell(error);
    }
}

/// What the value of an error looks like.
fn of_error(error: &FieldError) -> Option<Recognised> {
    let is_about_a_value = matches!(
        error.code,
        Code::TypeInteger
            | Code::TypeDecimal
            | Code::TypeBoolean
            | Code::TypeDate
            | Code::Range
            | Code::EmailMalformed
            | Code::PhoneMalformed
            | Code::UrlMalformed
            | Code::CountryUnknown
            | Code::LanguageUnknown
            | Code::SalutationUnknown
            | Code::LookupMissing
            | Code::PostalCodeCountry
            | Code::VatIdFormat
            | Code::EncodingSuspect
            | Code::TextControl
    );
    let value = error.value.as_deref().filter(|_| is_about_a_value)?;
    let value = value.trim_matches(|letter: char| letter.is_whitespace() || is_invisible(letter));
    if error.code == Code::EncodingSuspect || error.code == Code::TextControl {
        return Some(Recognised::plain(encoding(value)));
    }
    if error.code == Code::Range {
        // Only a date that stands for none: a number out of range is just that.
        return time::no_date(value);
    }
    let general = no_value(value)
        .or_else(|| sheet_error(value))
        .or_else(|| guard(value))
        .or_else(|| entity(value))
        .or_else(|| mojibake(value))
        .or_else(|| invisible(value));
    general.or_else(|| match error.code {
        Code::TypeDate => {
            let is_filler = error
                .params
                .get("reason")
                .is_some_and(|why| why == "no_date");
            time::recognise(value, is_filler)
        }
        Code::TypeDecimal => number::decimal(value),
        Code::TypeInteger => number::integer(value),
        Code::PostalCodeCountry | Code::VatIdFormat => number::text(value),
        _ => None,
    })
}

/// Whether [`of_text`] surely finds nothing in a text without `&` and invisible characters, and
/// whether it is surely no text of blanks: nearly every text begins as nothing odd does.
#[inline]
pub(super) fn is_surely_none(text: &str) -> bool {
    let Some(first) = text.as_bytes().first() else {
        return false;
    };
    match BEGINNINGS.get(usize::from(*first)) {
        Some(Beginning::Plain) => true,
        Some(Beginning::Digit) => {
            let second = text.as_bytes().get(1);
            second.is_none_or(|second| !number::may_be_scientific(*second))
        }
        Some(Beginning::OfAWord) => text.len() > LONGEST_WORD,
        // No word begins so.
        Some(Beginning::Plus) => {
            text.as_bytes().get(1).is_some_and(u8::is_ascii_digit) && !is_formula(text)
        }
        Some(Beginning::Other) | None => false,
    }
}

/// What a text's first byte tells.
#[derive(Clone, Copy)]
enum Beginning {
    /// Neither a word nor anything else odd begins so, nor a blank.
    Plain,
    Digit,
    Plus,
    /// A letter with which a word for "no value" begins.
    OfAWord,
    Other,
}

/// What each first byte tells.
const BEGINNINGS: [Beginning; 256] = {
    let mut beginnings = [Beginning::Other; 256];
    let (mut rest, mut byte) = (beginnings.as_mut_slice(), 0_u8);
    while let Some((beginning, behind)) = rest.split_first_mut() {
        *beginning = match byte {
            b'0'..=b'9' => Beginning::Digit,
            b'+' => Beginning::Plus,
            b'a'..=b'z' | b'A'..=b'Z' if may_begin_a_word(byte) => Beginning::OfAWord,
            // The last is À to ÿ: no word and no blank begins so.
            b'a'..=b'z' | b'A'..=b'Z' | 0xc3 => Beginning::Plain,
            _ => Beginning::Other,
        };
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    beginnings
};

/// What a text that nothing else is wrong with looks like.
pub(super) fn of_text(text: &str, looks: &Looks) -> Option<Recognised> {
    let first = text.bytes().next()?;
    match first {
        b'=' | b'\'' => {
            if let Some(found) = guard(text) {
                return Some(found);
            }
        }
        b'0'..=b'9' => {
            if let Some(found) = number::scientific(text) {
                return Some(found);
            }
        }
        _ => {}
    }
    if matches!(first, b'=' | b'+' | b'-' | b'@') && is_formula(text) {
        return Some(Recognised::plain(Damage::Formula));
    }
    if text.len() <= LONGEST_WORD
        && may_begin_a_word(first)
        && let Some(found) = no_value(text).or_else(|| sheet_error(text))
    {
        return Some(found);
    }
    if looks.ampersand
        && let Some(found) = entity(text)
    {
        return Some(found);
    }
    looks.invisible.then(|| invisible(text)).flatten()
}

/// Longest of the words for "no value" and of the errors of sheets, in bytes.
const LONGEST_WORD: usize = 16;

/// Whether a word for "no value" or the error of a sheet begins with this byte: few texts do.
const fn may_begin_a_word(byte: u8) -> bool {
    matches!(byte, b'N' | b'n' | b'k' | b'o' | b'u') || !byte.is_ascii_alphanumeric()
}

fn no_value(text: &str) -> Option<Recognised> {
    let word = NO_VALUE.iter().find(|word| **word == text)?;
    Some(Recognised::by_word(Damage::NoValue, *word))
}

/// What spreadsheets show for formulas that fail, in English and German.
const SHEET_ERRORS: [&str; 11] = [
    "#REF!",
    "#BEZUG!",
    "#VALUE!",
    "#WERT!",
    "#NAME?",
    "#DIV/0!",
    "#NUM!",
    "#ZAHL!",
    "#NULL!",
    "#SPILL!",
    "#ÜBERLAUF!",
];

fn sheet_error(text: &str) -> Option<Recognised> {
    let is_too_narrow = text.len() >= 4 && text.bytes().all(|byte| byte == b'#');
    (is_too_narrow || SHEET_ERRORS.contains(&text)).then(|| Recognised::plain(Damage::SheetError))
}

/// `="01067"`, and an apostrophe before a number.
fn guard(text: &str) -> Option<Recognised> {
    let is_formula = text
        .strip_prefix("=\"")
        .is_some_and(|rest| rest.ends_with('"'));
    let is_apostrophe = text.strip_prefix('\'').is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '='))
    });
    let word = match (is_formula, is_apostrophe) {
        (true, _) => "=\"",
        (_, true) => "'",
        _ => return None,
    };
    Some(Recognised::by_word(Damage::Guard, word))
}

/// `=A1+B1`, `@SUM(1)`, `+cmd|…`: what a spreadsheet would reckon. A name that merely begins
/// with a sign is none, and neither is a phone number: a function's name begins with a letter.
fn is_formula(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('=') else {
        let rest = text.get(1..).unwrap_or_default();
        let name = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'.');
        return match rest.as_bytes().get(name.count()) {
            Some(b'(' | b'|') => rest.starts_with(|first: char| first.is_ascii_alphabetic()),
            _ => false,
        };
    };
    !rest.is_empty()
}

fn entity(text: &str) -> Option<Recognised> {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        rest = rest.get(at..)?;
        if let Some((entity, _)) = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity)) {
            return Some(Recognised::by_word(Damage::Html, *entity));
        }
        if is_number_of_a_letter(rest) {
            return Some(Recognised::plain(Damage::Html));
        }
        rest = rest.get(1..)?;
    }
    None
}

/// `&#252;` and `&#xfc;`.
fn is_number_of_a_letter(text: &str) -> bool {
    let number = text
        .strip_prefix("&#")
        .and_then(|rest| rest.split_once(';'));
    number.is_some_and(|(number, _)| match number.strip_prefix(['x', 'X']) {
        Some(digits) => {
            (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
        None => (1..=7).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()),
    })
}

fn invisible(text: &str) -> Option<Recognised> {
    let letter = text.chars().find(|letter| is_invisible(*letter))?;
    let code = format!("\\u{:04x}", u32::from(letter));
    Some(Recognised::by_word(Damage::Invisible, code))
}

fn mojibake(text: &str) -> Option<Recognised> {
    let looks = look(text);
    looks.suspect.then(|| Recognised::plain(encoding(text)))
}

fn encoding(text: &str) -> Damage {
    let is_lost = |letter: char| letter == '\u{fffd}' || letter.is_control();
    if text.chars().any(is_lost) {
        Damage::LostCharacters
    } else {
        Damage::Mojibake
    }
}

#[cfg(test)]
mod tests;
