//! What a text looks like whatever it means: its length, odd characters, signs that it was
//! read in the wrong encoding.

use crate::customer::bytes::{any, control_or_beyond, equal};

/// What one pass over a text finds out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Looks {
    /// Length in UTF-16 code units, as the database counts.
    pub(super) units: usize,
    /// Whether there are control characters other than tab and line break.
    pub(super) control: bool,
    /// Whether it was probably read in the wrong encoding.
    pub(super) suspect: bool,
    /// Whether there is an `&`, with which the entities of HTML begin.
    pub(super) ampersand: bool,
    /// Whether there are characters without width that no value needs.
    pub(super) invisible: bool,
}

/// Looks at `text`.
#[inline]
pub(super) fn look(text: &str) -> Looks {
    match look_plain(text) {
        Some(units) => Looks {
            units,
            ..Looks::default()
        },
        None => look_closely(text),
    }
}

/// Length in UTF-16 code units of a text in which nothing odd stands, if that shows at once.
#[inline]
pub(super) fn look_plain(text: &str) -> Option<usize> {
    if any(text, |word| control_or_beyond(word) | equal(word, b'&')) {
        units_of_german(text)
    } else {
        Some(text.len())
    }
}

/// Length in UTF-16 code units of a text without control characters and `&` that has no other
/// letters beyond ASCII than those that are most common in German and its neighbours' names, and
/// that begin nothing suspect: ö, ü and their capitals, ä, ß, é, è and the like. Each takes the
/// byte C3 and another one.
#[inline(never)]
fn units_of_german(text: &str) -> Option<usize> {
    let mut pairs = 0;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'&' => return None,
            b' '..=b'~' => {}
            // Without Ã Ä Å â ï Ð Ñ.
            0xc3 => match bytes.next()? {
                0x96 | 0x9c | 0x9f..=0xa1 | 0xa3..=0xae | 0xb1..=0xbf => pairs += 1,
                _ => return None,
            },
            _ => return None,
        }
    }
    Some(text.len() - pairs)
}

/// As [`look`], letter by letter.
fn look_closely(text: &str) -> Looks {
    let mut looks = Looks::default();
    // Without a way out in the middle, several bytes are looked at at once.
    for byte in text.bytes() {
        looks.control |= is_odd_control(byte);
        looks.ampersand |= byte == b'&';
    }
    if text.is_ascii() {
        looks.units = text.len();
        return looks;
    }
    let mut before = ' ';
    for letter in text.chars() {
        looks.units += letter.len_utf16();
        looks.suspect |= is_suspect(before, letter);
        looks.invisible |= is_invisible(letter);
        before = letter;
    }
    looks
}

/// Zero-width space, word joiner, byte-order mark and soft hyphen have no business inside a
/// value; joiners that some scripts need, and no-break spaces, do.
pub(super) fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

fn is_odd_control(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r')
}

/// Whether these two letters in a row are what UTF-8 looks like when it is read as
/// Windows-1252 or ISO 8859-1 (`Ã¼` for `ü`), or one of them can come from nowhere else.
fn is_suspect(first: char, second: char) -> bool {
    match (first, second) {
        (_, '\u{fffd}' | '\u{80}'..='\u{9f}') => true,
        // C3: À to ÿ, the letters of Western Europe.
        ('Ã', second) => is_tail(second) || is_quote(second),
        // C2: no-break space, signs such as § and °.
        ('Â', '\u{a0}'..='\u{bf}') => true,
        // E2 80, E2 82, E2 84: dashes and quotes, the euro, trade mark.
        ('â', '€' | '‚' | '„') => true,
        // EF BB BF and EF BF BD: byte-order mark and replacement character.
        ('ï', '»' | '¿') => true,
        // C4, C5: Central Europe; D0, D1: Cyrillic. A quote may really follow these.
        ('Ä' | 'Å' | 'Ð' | 'Ñ', second) => is_tail(second),
        _ => false,
    }
}

/// Windows-1252's characters for the bytes 80 to BF, without those that may stand behind a
/// word.
fn is_tail(letter: char) -> bool {
    matches!(
        letter,
        '€' | '‚'
            | 'ƒ'
            | '†'
            | '‡'
            | 'ˆ'
            | '‰'
            | 'Š'
            | 'Œ'
            | 'Ž'
            | '•'
            | '˜'
            | 'š'
            | 'œ'
            | 'ž'
            | 'Ÿ'
            | '¡'
            | '¢'
            | '£'
            | '¤'
            | '¥'
            | '¦'
            | '§'
            | '¨'
            | '©'
            | 'ª'
            | '¬'
            | '\u{ad}'
            | '¯'
            | '°'
            | '±'
            | '²'
            | '³'
            | '´'
            | 'µ'
            | '¶'
            | '·'
            | '¸'
            | '¹'
            | 'º'
            | '¼'
            | '½'
            | '¾'
            | '¿'
    )
}

/// The rest of those.
fn is_quote(letter: char) -> bool {
    matches!(
        letter,
        '„' | '…'
            | '‹'
            | '›'
            | '‘'
            | '’'
            | '“'
            | '”'
            | '–'
            | '—'
            | '™'
            | '\u{a0}'
            | '«'
            | '»'
            | '®'
    )
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn lengths_are_the_databases() {
        assert_eq!(look("abc").units, 3);
        assert_eq!(look("Müller").units, 6);
        assert_eq!(look("😀").units, 2);
        assert_eq!(look("").units, 0);
    }

    #[test]
    fn tabs_and_line_breaks_are_no_odd_controls() {
        assert!(!look("a\tb\r\nc").control && !look("ä\tb\r\nc").control);
        for text in ["a\0", "\u{1b}[31m", "ä\u{7}", "\u{7f}"] {
            assert!(look(text).control, "{text:?}");
        }
    }

    #[test]
    fn real_names_are_not_suspect() {
        for text in [
            "Müller",
            "Straße",
            "François",
            "Ângela",
            "JOÃO",
            "São Tomé",
            "Ñandú",
            "„CAFÄ“",
            "«CAFÉ»",
            "Łódź",
            "Århus",
            "ÅÄÖ",
            "España",
            "Đorđe",
            "Ðóra",
            "Αθήνα",
            "Москва",
            "5 €",
            "Â la carte",
            "naïve",
            "10 °C",
            "MAÇÃ",
            "İstanbul",
            "Œuvre",
            "東京",
            "“Ä”",
            "Ä – B",
            "Beyoncé’s",
        ] {
            assert!(!look(text).suspect, "{text}");
        }
    }

    proptest! {
        /// Every text with a letter of Western, Central or Eastern Europe that is read as
        /// Windows-1252 is found out.
        #[test]
        fn misread_text_is_suspect(text in "[a-z]{0,5}[äöüßÄÖÜéèêçñàùâîôåæøÉ§€–“”łąęśćńůžšč]{1,3}[a-z]{0,5}") {
            let misread: String = encoding_rs::WINDOWS_1252.decode_without_bom_handling(text.as_bytes()).0.into_owned();
            let has_quote_tail = text.chars().all(|c| "ąłęśćńůžšč".contains(c) || c.is_ascii());
            if !has_quote_tail {
                prop_assert!(look(&misread).suspect, "{misread}");
            }
        }

        /// The short cuts see what a look at each letter sees.
        #[test]
        fn short_cuts_agree_with_a_close_look(
            text in "\\PC{0,40}|[ -~äöüßÄÖÜéèâïÃÂÅÐÑ]{0,30}|[a-z&\u{7f}\u{0}-\u{1f}]{0,20}|[a-zÀ-ÿ]{0,9}",
        ) {
            prop_assert_eq!(look(&text), look_closely(&text));
        }

        #[test]
        fn units_are_those_of_utf_16(text in "\\PC{0,40}") {
            prop_assert_eq!(look(&text).units, text.encode_utf16().count());
        }
    }
}
