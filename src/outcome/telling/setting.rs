//! The settings that a report tells.

use crate::outcome::Language;

/// What stands behind the limit of invalid records that holds unless another is given.
pub const BUT_NOT_RETURNED: &str = ", none for a returned file";

/// An option's value as it was in force, written as the language does. What is a word of the
/// command line stays one.
#[must_use]
pub fn setting(name: &str, value: &str, language: Language) -> String {
    let is_number = |text: &str| {
        text.contains(',')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b',')
    };
    let (value, behind) = match value.strip_suffix(BUT_NOT_RETURNED) {
        Some(value) => (
            value,
            language.pick(BUT_NOT_RETURNED, ", keine für eine zurückgegebene Datei"),
        ),
        None => (value, ""),
    };
    let told = match (language, name, value) {
        (Language::English, ..) => value.to_owned(),
        (Language::German, "--rate", "none") => "keine".to_owned(),
        (Language::German, _, "given") => "angegeben".to_owned(),
        (Language::German, ..) => match value.strip_suffix('%') {
            Some(share) => format!("{}\u{a0}%", share.replace('.', ",")),
            None if is_number(value) => value.replace(',', "."),
            None if value.ends_with(" s") => value.replace('.', ","),
            None => value.to_owned(),
        },
    };
    format!("{told}{behind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_written_as_the_language_does() {
        for (name, value, german) in [
            ("--rate", "none", "keine"),
            ("--rate", "10 in 1 s", "10 in 1 s"),
            ("--values", "none", "none"),
            ("--again", "given", "angegeben"),
            ("--max-invalid", "20%", "20\u{a0}%"),
            ("--max-invalid", "0.5%", "0,5\u{a0}%"),
            (
                "--max-invalid",
                "20%, none for a returned file",
                "20\u{a0}%, keine für eine zurückgegebene Datei",
            ),
            ("--limit", "10,000", "10.000"),
            ("--timeout", "0.4 s", "0,4 s"),
            (
                "--base-url",
                "https://erp.example/a,b",
                "https://erp.example/a,b",
            ),
        ] {
            assert_eq!(setting(name, value, Language::German), german, "{name}");
            assert_eq!(setting(name, value, Language::English), value, "{name}");
        }
    }
}
