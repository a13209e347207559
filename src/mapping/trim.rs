//! Outer blanks, and names and keys compared without regard to them and to case.

use std::borrow::Cow;

/// White space, and the characters without width that exports leave around values.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// The text without outer blanks.
#[inline]
pub(super) fn trimmed(text: &str) -> &str {
    let plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if plain(bytes.first()) && plain(bytes.last()) {
        return text;
    }
    text.trim_matches(is_blank)
}

/// The text without outer blanks, not copied if it is borrowed.
pub(super) fn trimmed_cow(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(trimmed(text)),
        Cow::Owned(text) if trimmed(&text).len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(trimmed(&text).to_owned()),
    }
}

/// The form in which names of columns and keys of tables are compared: no outer blanks, no
/// difference between upper and lower case, non-breaking blanks as blanks.
pub(super) fn folded(text: &str) -> String {
    trimmed(text)
        .chars()
        .map(|c| if c == '\u{a0}' { ' ' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_what_people_do_not_see() {
        for (text, wanted) in [
            ("a", "a"),
            (" a b\t", "a b"),
            ("\u{feff}Konto\u{a0}", "Konto"),
            ("\u{200b}\u{3000}x\u{2060}", "x"),
            ("ä ", "ä"),
            ("", ""),
            (" \u{a0} ", ""),
        ] {
            assert_eq!(trimmed(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn folds_names() {
        assert_eq!(folded("\u{feff} Straße\u{a0}1 "), "straße 1");
    }
}
