//! Text from files and servers on its way to a terminal: nothing in it may move the cursor,
//! change colours, hide itself or turn the reading direction round.

use std::borrow::Cow;

/// One line: line breaks and tabulators are shown as escapes too.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    escape(text, is_unsafe)
}

/// Several lines: line breaks and tabulators pass.
pub(super) fn block(text: &str) -> Cow<'_, str> {
    escape(text, |character| {
        is_unsafe(character) && !matches!(character, '\n' | '\t')
    })
}

/// Several lines that were coloured by us: colour sequences (`ESC [ … m`) pass as well.
pub(super) fn colored_block(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return block(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        kept.push_str(&block(before));
        match color_sequence(after) {
            Some((sequence, behind)) => {
                kept.push('\u{1b}');
                kept.push_str(sequence);
                rest = behind;
            }
            None => {
                kept.extend('\u{1b}'.escape_default());
                rest = after;
            }
        }
    }
    kept.push_str(&block(rest));
    Cow::Owned(kept)
}

/// JSON text: the same characters as `\uXXXX`, which changes nothing of what it says. They can
/// stand inside strings only.
pub(super) fn json(text: &str) -> Cow<'_, str> {
    escape_json(text, is_unsafe)
}

/// JSON texts, one a line: line breaks pass.
pub(super) fn json_lines(text: &str) -> Cow<'_, str> {
    escape_json(text, |character| is_unsafe(character) && character != '\n')
}

fn escape_json(text: &str, escapes: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&escapes) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if escapes(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

fn color_sequence(after_escape: &str) -> Option<(&str, &str)> {
    let parameters = after_escape.strip_prefix('[')?;
    let length = parameters.find(|c: char| !c.is_ascii_digit() && !matches!(c, ';' | ':'))?;
    if !parameters.get(length..)?.starts_with('m') {
        return None;
    }
    // The bracket before the parameters and the `m` behind them.
    after_escape.split_at_checked(length + 2)
}

fn escape(text: &str, escapes: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&escapes) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if escapes(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Control characters (C0, DEL, C1), marks of the reading direction, line and paragraph
/// separators, invisible characters and tags (Unicode Standard Annex 9 and chapter 23).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_shown_instead() {
        let cases = [
            ("Müller & Söhne", "Müller & Söhne"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("abc\u{202e}fdp.exe", "abc\\u{202e}fdp.exe"),
            ("\u{feff}Nr", "\\u{feff}Nr"),
            ("日本 👩‍💻", "日本 👩‍💻"),
        ];
        for (text, shown) in cases {
            assert_eq!(line(text), shown);
        }
        assert_eq!(block("a\n\tb\u{7}"), "a\n\tb\\u{7}");
    }

    #[test]
    fn our_own_colours_pass_and_no_other_sequence() {
        let text = "\u{1b}[1;31merror\u{1b}[0m \u{1b}[2J \u{1b}]0;title\u{7} \u{1b}";
        assert_eq!(
            colored_block(text),
            "\u{1b}[1;31merror\u{1b}[0m \\u{1b}[2J \\u{1b}]0;title\\u{7} \\u{1b}"
        );
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left(text in any::<String>()) {
            prop_assert!(!line(&text).contains(is_unsafe));
            let plain = colored_block(&text).replace(['\n', '\t', '\u{1b}'], "");
            prop_assert!(!plain.contains(is_unsafe));
        }

        #[test]
        fn json_says_the_same(text in any::<String>()) {
            let json_text = serde_json::to_string(&text).unwrap();
            let shown = json(&json_text);
            prop_assert!(!shown.contains(is_unsafe));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }
}
