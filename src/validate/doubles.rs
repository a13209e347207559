//! By what customers are compared that may be the same.

use super::Customer;
use crate::customer::fields::{EMAIL_ADDRESS, LAST_NAME, POSTAL_CODE, STREET};
use crate::customer::normalised;

impl Customer<'_> {
    /// Writes the billing address's e-mail address in small letters into `text`, in place of
    /// what is there; false if there is none.
    pub fn write_email(&self, text: &mut String) -> bool {
        text.clear();
        let billing = self.customer().billing.as_ref();
        let Some(email) = billing.and_then(|billing| billing.text_at(EMAIL_ADDRESS)) else {
            return false;
        };
        if email.is_ascii() {
            text.push_str(email);
            text.make_ascii_lowercase();
        } else {
            text.push_str(&email.to_lowercase());
        }
        true
    }

    /// Writes `last name|street|postal code` of the billing address, normalised, into `text`, in
    /// place of what is there; false unless all three are there. Case and blanks do not count,
    /// spellings do: whether `Mueller` is `Müller`, and `Hauptstr.` the `Hauptstraße`, is not for
    /// us to say.
    pub fn write_person(&self, text: &mut String) -> bool {
        text.clear();
        let Some(billing) = &self.customer().billing else {
            return false;
        };
        let [Some(name), Some(street), Some(code)] =
            [LAST_NAME, STREET, POSTAL_CODE].map(|index| billing.text_at(index))
        else {
            return false;
        };
        for (index, part) in [name, street, code].into_iter().enumerate() {
            if index > 0 {
                text.push('|');
            }
            push_words(part, text);
        }
        true
    }
}

/// Appends the words of a text, normalised, with a blank between two.
fn push_words(text: &str, to: &mut String) {
    if text.is_ascii() && has_single_blanks(text) {
        let start = to.len();
        to.push_str(text);
        if let Some(pushed) = to.get_mut(start..) {
            pushed.make_ascii_lowercase();
        }
        return;
    }
    for (place, word) in normalised(text).split_whitespace().enumerate() {
        if place > 0 {
            to.push(' ');
        }
        to.push_str(word);
    }
}

/// Whether all white space of an ASCII text is single blanks between words. Other control
/// characters count too: such a text goes the long way.
fn has_single_blanks(text: &str) -> bool {
    let mut is_odd = false;
    let mut before = b' ';
    for byte in text.bytes() {
        is_odd |= byte < b' ' || byte == b' ' && before == b' ';
        before = byte;
    }
    !is_odd && before != b' '
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    proptest! {
        /// The short cut gives what the long way gives.
        #[test]
        fn words_are_those_of_the_normalised_text(text in "[ A-Za-z\u{b}\t.-]{0,12}|\\PC{0,8}") {
            let mut short = "x|".to_owned();
            push_words(&text, &mut short);
            let long: Vec<String> = normalised(&text).split_whitespace().map(str::to_owned).collect();
            prop_assert_eq!(short, format!("x|{}", long.join(" ")));
        }
    }
}
