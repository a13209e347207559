//! By what customers are compared that may be the same.

use super::Customer;
use crate::customer::fields::{EMAIL_ADDRESS, LAST_NAME, POSTAL_CODE, STREET};
use crate::customer::normalised;

impl Customer<'_> {
    /// Writes the billing address's e-mail address in small letters into `text`, in place of
    /// what is there; false if there is none.
    pub fn write_email(&self, text: &mut Vec<u8>) -> bool {
        text.clear();
        let billing = self.customer().billing.as_ref();
        let Some(email) = billing.and_then(|billing| billing.text_at(EMAIL_ADDRESS)) else {
            return false;
        };
        if email.is_ascii() {
            text.extend_from_slice(email.as_bytes());
            text.make_ascii_lowercase();
        } else {
            text.extend_from_slice(email.to_lowercase().as_bytes());
        }
        true
    }

    /// Writes `last name|street|postal code` of the billing address, normalised, into `text`, in
    /// place of what is there; false unless all three are there. Case and blanks do not count,
    /// spellings do: whether `Mueller` is `Müller`, and `Hauptstr.` the `Hauptstraße`, is not for
    /// us to say.
    pub fn write_person(&self, text: &mut Vec<u8>) -> bool {
        text.clear();
        let Some(billing) = &self.customer().billing else {
            return false;
        };
        let (Some(name), Some(street), Some(code)) = (
            billing.text_at(LAST_NAME),
            billing.text_at(STREET),
            billing.text_at(POSTAL_CODE),
        ) else {
            return false;
        };
        push_words(name, text);
        text.push(b'|');
        push_words(street, text);
        text.push(b'|');
        push_words(code, text);
        true
    }
}

/// Appends the words of a text, normalised, with a blank between two.
fn push_words(text: &str, to: &mut Vec<u8>) {
    let start = to.len();
    to.extend_from_slice(text.as_bytes());
    if to.get_mut(start..).is_some_and(make_small) {
        return;
    }
    to.truncate(start);
    for (place, word) in normalised(text).split_whitespace().enumerate() {
        if place > 0 {
            to.push(b' ');
        }
        to.extend_from_slice(word.as_bytes());
    }
}

/// Makes the letters of a text small where they stand, if they are those of ASCII and the pairs of
/// bytes that begin with C3: `ä`, `ö`, `ü`, `ß` and their like. Their small letters stand 20
/// (hexadecimal) behind the capitals. False, if there are others, or white space that is more than
/// single blanks between words; other control characters count too.
fn make_small(text: &mut [u8]) -> bool {
    let mut before = b' ';
    for byte in text {
        let read = *byte;
        match read {
            b'!'..=0x7f => *byte = read.to_ascii_lowercase(),
            b' ' if before != b' ' => {}
            0xc3 => {}
            // Signs stand among the letters: × and ÷.
            0x80..=0xbf if before == 0xc3 && read != 0x97 && read != 0xb7 => {
                *byte |= u8::from(read <= 0x9e) << 5;
            }
            _ => return false,
        }
        before = read;
    }
    before != b' '
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    proptest! {
        /// The short cut gives what the long way gives.
        #[test]
        fn words_are_those_of_the_normalised_text(
            text in "[ A-Za-z\u{b}\t.-]{0,12}|[ A-Zß-ÿÀ-Þa-z×÷\u{80}-\u{c0}]{0,9}|\\PC{0,8}",
        ) {
            let mut short = b"x|".to_vec();
            push_words(&text, &mut short);
            let long: Vec<String> = normalised(&text).split_whitespace().map(str::to_owned).collect();
            prop_assert_eq!(String::from_utf8(short).unwrap(), format!("x|{}", long.join(" ")));
        }
    }
}
