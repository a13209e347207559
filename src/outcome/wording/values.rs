//! Customers' values on a screen: cut, made harmless, or masked.

/// Longest excerpt, in characters.
const EXCERPT: usize = 40;

/// The value for a sentence: at most 40 characters, and none that could move the cursor,
/// colour the terminal, turn the reading direction or hide.
#[must_use]
pub fn excerpt(value: &str) -> String {
    let mut excerpt = String::new();
    let mut length = 0;
    // Behind the place where the mark of a cut would have to stand.
    let mut before_mark = 0;
    for letter in value.chars() {
        let mark = excerpt.len();
        if length < EXCERPT {
            before_mark = mark;
        }
        length += push_visible(&mut excerpt, letter);
        if length > EXCERPT {
            excerpt.truncate(before_mark);
            excerpt.push('…');
            break;
        }
    }
    excerpt
}

/// The text in full length with what is invisible or dangerous made visible.
pub(super) fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for letter in text.chars() {
        push_visible(&mut visible, letter);
    }
    visible
}

/// The text of several lines with what is invisible or dangerous made visible; its line breaks
/// stay.
#[must_use]
pub fn harmless(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(visible).collect();
    lines.join("\n")
}

/// Appends one character in a harmless form, and tells how many characters that took.
fn push_visible(text: &mut String, letter: char) -> usize {
    let before = text.len();
    match letter {
        // Unicode has pictures of the ASCII control characters.
        '\0'..='\u{1f}' => text.extend(char::from_u32(0x2400 + u32::from(letter))),
        '\u{7f}' => text.push('␡'),
        _ if is_dangerous(letter) => text.extend(letter.escape_unicode()),
        _ => text.push(letter),
    }
    text.get(before..).map_or(0, |added| added.chars().count())
}

/// C1 controls, line separators, directional and invisible characters, tags, surrogates of
/// nothing: what a terminal or a reader's eye may take for something else.
fn is_dangerous(letter: char) -> bool {
    matches!(
        letter,
        '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The value recognisable to who knows it, and to nobody else: `m…r@e…e.com`, `01…7`.
///
/// Of each part at most a third stands there, and at most two characters at either end. The
/// parts are the value as a whole or, for an e-mail address, what stands before and behind
/// the `@`; a top-level domain counts as shape, as the `@` does.
#[must_use]
pub fn mask(value: &str) -> String {
    match value.rsplit_once('@') {
        None => masked(value),
        Some((local, domain)) => match domain.rsplit_once('.') {
            Some((name, top)) if is_top_level(top) => {
                format!("{}@{}.{top}", masked(local), masked(name))
            }
            _ => format!("{}@{}", masked(local), masked(domain)),
        },
    }
}

fn is_top_level(text: &str) -> bool {
    (2..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn masked(text: &str) -> String {
    let length = text.chars().count();
    if length == 0 {
        return String::new();
    }
    let shown = (length / 3).min(4);
    let at_the_end = shown / 2;
    let at_the_start = shown - at_the_end;
    let mut masked = String::new();
    for letter in text.chars().take(at_the_start) {
        push_visible(&mut masked, letter);
    }
    masked.push('…');
    for letter in text.chars().skip(length - at_the_end) {
        push_visible(&mut masked, letter);
    }
    masked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn excerpts_are_short_and_harmless() {
        let forty = "x".repeat(40);
        for (value, expected) in [
            ("Müller", "Müller".to_owned()),
            ("", String::new()),
            (&forty, forty.clone()),
            (&format!("{forty}y"), format!("{}…", &forty[..39])),
            ("a\nb\tc\u{1b}[31m\u{7f}", "a␊b␉c␛[31m␡".to_owned()),
            ("a\u{202e}b", "a\\u{202e}b".to_owned()),
            ("a\u{9b}b", "a\\u{9b}b".to_owned()),
            ("a\u{200b}", "a\\u{200b}".to_owned()),
        ] {
            assert_eq!(excerpt(value), expected, "{value:?}");
        }
    }

    #[test]
    fn masks_keep_the_shape() {
        for (value, expected) in [
            ("mmuster@example.com", "m…r@e…e.com"),
            ("max.muster@example.com", "ma…r@e…e.com"),
            ("0171234567", "01…7"),
            ("01067", "0…"),
            ("Muster", "M…r"),
            ("Max", "M…"),
            ("Ma", "…"),
            ("", ""),
            ("Hauptstraße 123, Hinterhaus", "Ha…us"),
            ("a@b.de", "…@….de"),
            ("max@muster", "m…@m…r"),
            ("@", "@"),
            ("geheim@x.passwort1", "g…m@x.…1"),
            ("\u{1b}[31mabcd", "␛[…d"),
        ] {
            assert_eq!(mask(value), expected, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn an_excerpt_never_is_longer_than_40(value in any::<String>()) {
            let excerpt = excerpt(&value);
            prop_assert!(excerpt.chars().count() <= EXCERPT);
            prop_assert!(!excerpt.chars().any(|c| c.is_control() || is_dangerous(c)));
        }

        #[test]
        fn a_mask_shows_at_most_a_third(value in "[a-zA-Z0-9 äöü]{1,60}") {
            let mask = mask(&value);
            let shown = mask.chars().count() - 1;
            prop_assert!(shown * 3 <= value.chars().count());
            let (head, tail) = mask.split_once('…').unwrap();
            prop_assert!(head.chars().count() <= 2 && tail.chars().count() <= 2);
        }

        #[test]
        fn any_value_can_be_masked(value in any::<String>()) {
            prop_assert!(!mask(&value).chars().any(char::is_control));
        }
    }
}
