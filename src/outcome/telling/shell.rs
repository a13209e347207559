//! Commands that people copy.

/// `word` as a shell reads it back: as it is when nothing in it is special, else quoted, with
/// single quotes for POSIX shells and double quotes on Windows.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let is_plain = !word.is_empty()
        && word.chars().all(|c| {
            c.is_alphanumeric() || "-_./:=,+@%".contains(c) || (cfg!(windows) && c == '\\')
        });
    if is_plain {
        return word.to_owned();
    }
    if cfg!(windows) {
        format!("\"{}\"", word.replace('"', "\\\""))
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_nothing_special_in_it_stays_as_it_is() {
        assert_eq!(shell_word("Müller.csv"), "Müller.csv");
        if cfg!(not(windows)) {
            assert_eq!(shell_word(""), "''");
            assert_eq!(shell_word("$(x)"), "'$(x)'");
            assert_eq!(shell_word("*.csv"), "'*.csv'");
            assert_eq!(shell_word("it's a.csv"), r"'it'\''s a.csv'");
        }
    }
}
