//! What clap advises about a mistake in the command line, as far as it helps.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::mapping::suggest::closest;

/// The error without what leads astray: the advice to pass a long option behind `--`, where it
/// would be taken for the name of an input, and an option that nobody meant.
#[must_use]
pub(crate) fn with_fitting_tips(mut error: clap::Error) -> clap::Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let word = text(ContextKind::InvalidArg).unwrap_or_default();
    let is_option = word.starts_with("--");
    let similar = text(ContextKind::SuggestedArg);
    if similar.is_some_and(|similar| closest(word, [similar]).is_none()) {
        error.remove(ContextKind::SuggestedArg);
        // It has that option in it.
        error.remove(ContextKind::Usage);
    }
    if is_option
        && error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested)
    {
        tips.retain(|tip| !tip.to_string().starts_with("to pass "));
        if !tips.is_empty() {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, in_german};

    #[test]
    fn what_is_advised_about_an_option_does_not_lead_astray() {
        let told = |line: &str| {
            let error = Cli::try_parse_from(line.split(' ')).expect_err(line);
            let error = with_fitting_tips(error);
            let german = in_german(&error).unwrap();
            (error.to_string(), german)
        };
        for (words, helps) in [("--values none", false), ("-x", true)] {
            let line = format!("importer mapping explain a.toml b.csv --record 1 {words}");
            let (english, german) = told(&line);
            assert_eq!(english.contains("use '-- "), helps, "{english}");
            assert!(!english.contains("\n\n\n"), "{english}");
            assert_eq!(german.contains("'-- "), helps, "{german}");
        }
        // What was probably meant is told all the same.
        let (english, german) = told("importer run a.csv --limt 5");
        assert!(
            english.contains("tip: a similar argument exists: '--limit'"),
            "{english}"
        );
        assert!(german.contains("ist '--limit' gemeint?"), "{german}");
        let (english, german) = told("importer show 0197 --record 3");
        assert!(!english.contains("--color"), "{english}");
        assert!(!german.contains("--color"), "{german}");
    }
}
