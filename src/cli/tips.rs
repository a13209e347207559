//! What clap advises about a mistake in the command line, as far as it helps.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The error without the advice to pass a long option behind `--`: there it would be taken for the
/// name of an input.
#[must_use]
pub(crate) fn with_fitting_tips(mut error: clap::Error) -> clap::Error {
    let is_option = matches!(
        error.get(ContextKind::InvalidArg),
        Some(ContextValue::String(word)) if word.starts_with("--")
    );
    if is_option
        && error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested)
    {
        tips.retain(|tip| !tip.to_string().starts_with("to pass "));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, in_german};

    #[test]
    fn an_option_of_another_command_is_no_input() {
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
            assert_eq!(german.contains("'-- "), helps, "{german}");
        }
        // What was probably meant is told all the same.
        let (english, german) = told("importer run a.csv --limt 5");
        assert!(
            english.contains("tip: a similar argument exists: '--limit'"),
            "{english}"
        );
        assert!(german.contains("ist '--limit' gemeint?"), "{german}");
    }
}
