//! What is wrong with the words of the command line, in German: clap speaks English only, but
//! says of what kind each mistake is, and with which words.

use std::error::Error as _;
use std::fmt::Write as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::words::Refused;

/// The error in German, with the same parts as clap's own text; none of what is no mistake, or of
/// a kind that is not known here.
#[must_use]
pub fn in_german(error: &clap::Error) -> Option<String> {
    let mut text = format!("Fehler: {}", what(error)?);
    let tips = tips(error);
    if !tips.is_empty() {
        text.push('\n');
    }
    for tip in tips {
        let _ = write!(text, "\n  Hinweis: {tip}");
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = usage.to_string().replacen("Usage:", "Aufruf:", 1);
        // Further lines stand beneath the first.
        let usage = usage.replace("\n       ", "\n        ");
        let usage = usage.replace("[OPTIONS]", "[OPTIONEN]");
        let _ = write!(text, "\n\n{}", usage.replace("<COMMAND>", "<BEFEHL>"));
    }
    let english = error.render().to_string();
    let help = english.rsplit_once("For more information, try '");
    if let Some((help, _)) = help.and_then(|(_, rest)| rest.split_once('\'')) {
        let _ = write!(text, "\n\nMehr sagt '{help}'.");
    }
    text.push('\n');
    Some(text)
}

/// What is wrong.
fn what(error: &clap::Error) -> Option<String> {
    let word = |kind| word(error, kind);
    let number = |kind| match error.get(kind) {
        Some(ContextValue::Number(number)) => Some(*number),
        _ => None,
    };
    let arg = || word(ContextKind::InvalidArg);
    let value = || word(ContextKind::InvalidValue);
    Some(match error.kind() {
        ErrorKind::ArgumentConflict => conflict(error)?,
        ErrorKind::NoEquals => {
            format!(
                "zwischen '{}' und dem Wert fehlt ein Gleichheitszeichen",
                arg()?
            )
        }
        ErrorKind::InvalidValue => {
            let text = match value()? {
                "" => format!("'{}' braucht einen Wert", arg()?),
                value => format!("der Wert '{value}' passt nicht zu '{}'", arg()?),
            };
            text + &choices(error, ContextKind::ValidValue, "möglich sind")
        }
        ErrorKind::ValueValidation => {
            let text = format!(
                "der Wert '{}' für '{}' ist nicht zu gebrauchen",
                value()?,
                arg()?
            );
            match why(error) {
                Some(why) => format!("{text}: {why}"),
                None => text,
            }
        }
        ErrorKind::TooManyValues => {
            format!("der Wert '{}' für '{}' ist einer zu viel", value()?, arg()?)
        }
        ErrorKind::TooFewValues => format!(
            "'{}' braucht mindestens {} Werte, angegeben: {}",
            arg()?,
            number(ContextKind::MinValues)?,
            number(ContextKind::ActualNumValues)?
        ),
        ErrorKind::WrongNumberOfValues => format!(
            "'{}' braucht {} Werte, angegeben: {}",
            arg()?,
            number(ContextKind::ExpectedNumValues)?,
            number(ContextKind::ActualNumValues)?
        ),
        ErrorKind::UnknownArgument => format!("'{}' gibt es hier nicht", arg()?),
        ErrorKind::InvalidSubcommand => {
            let command = word(ContextKind::InvalidSubcommand)?;
            format!("den Befehl '{command}' gibt es nicht")
        }
        ErrorKind::MissingSubcommand => {
            let command = word(ContextKind::InvalidSubcommand)?;
            let text = format!("'{command}' braucht noch einen Befehl");
            text + &choices(error, ContextKind::ValidSubcommand, "es gibt")
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = words(error, ContextKind::InvalidArg)?;
            format!("es fehlt:\n  {}", missing.join("\n  "))
        }
        ErrorKind::InvalidUtf8 => "ein Wort der Befehlszeile ist kein UTF-8".to_owned(),
        _ => return None,
    })
}

fn conflict(error: &clap::Error) -> Option<String> {
    let arg = word(error, ContextKind::InvalidArg);
    let arg = arg.or_else(|| word(error, ContextKind::InvalidSubcommand))?;
    let with = match error.get(ContextKind::PriorArg)? {
        ContextValue::String(prior) if prior == arg => {
            return Some(format!("'{arg}' darf nur einmal angegeben werden"));
        }
        ContextValue::String(prior) => format!(" '{prior}'"),
        ContextValue::Strings(prior) => format!(":\n  {}", prior.join("\n  ")),
        _ => " anderen angegebenen Wörtern".to_owned(),
    };
    Some(format!("'{arg}' verträgt sich nicht mit{with}"))
}

/// Why a value cannot be taken, as far as it can be said in German.
fn why(error: &clap::Error) -> Option<String> {
    let source = error.source()?;
    if let Some(Refused(why)) = source.downcast_ref() {
        return Some(why.german.clone());
    }
    if source.is::<std::num::ParseIntError>() {
        return Some("das ist keine ganze Zahl".to_owned());
    }
    let text = source.to_string();
    let (number, range) = text.split_once(" is not in ")?;
    Some(match range.split_once("..=") {
        Some((least, "")) => format!("{number} ist kleiner als {least}"),
        Some((least, most)) => format!("{number} liegt nicht zwischen {least} und {most}"),
        None => format!("{number} liegt nicht in {range}"),
    })
}

/// What may have been meant, and what else helps.
fn tips(error: &clap::Error) -> Vec<String> {
    let kinds = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let meant = kinds.into_iter().filter_map(|kind| words(error, kind));
    let meant = meant.map(|words| match words.as_slice() {
        [word] => format!("ist '{word}' gemeint?"),
        words => format!("gemeint sein könnte: '{}'", words.join("', '")),
    });
    let others = match error.get(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(tips)) => tips.as_slice(),
        _ => &[],
    };
    let others = others
        .iter()
        .filter_map(|tip| tip_in_german(&tip.to_string()));
    meant.chain(others).collect()
}

fn tip_in_german(tip: &str) -> Option<String> {
    if let Some(known) = tip.strip_suffix(" exists") {
        return Some(format!("{known} gibt es"));
    }
    let (word, written) = tip
        .strip_prefix("to pass ")?
        .split_once(" as a value, use ")?;
    Some(format!(
        "soll {word} ein Wert sein, dann {written} schreiben"
    ))
}

/// The words that could stand there instead.
fn choices(error: &clap::Error, kind: ContextKind, title: &str) -> String {
    match words(error, kind) {
        Some(words) => format!("\n  [{title}: {}]", words.join(", ")),
        None => String::new(),
    }
}

fn word(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word),
        _ => None,
    }
}

fn words(error: &clap::Error, kind: ContextKind) -> Option<Vec<&str>> {
    match error.get(kind) {
        Some(ContextValue::String(word)) => Some(vec![word]),
        Some(ContextValue::Strings(words)) if !words.is_empty() => {
            Some(words.iter().map(String::as_str).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    /// Mistakes that people make, of each kind that our commands can have.
    const WRONG: &[&str] = &[
        "run",
        "run a.csv --rat 5/s",
        "run a.csv --unheard-of",
        "run a.csv --rate fast",
        "run a.csv --rate",
        "run a.csv --rate 5/s --rate 6/s",
        "run a.csv --format pdf",
        "run a.csv --existing skp",
        "run a.csv --existing",
        "run a.csv --again --retry-failed",
        "run a.csv --sandbox --base-url https://erp.example --path /v1/c",
        "run a.csv --dry-run=yes",
        "rnu a.csv",
        "nonsense",
        "runs extra",
        "--quiet --verbose runs",
        "--lang",
        "--lang fr runs",
        "show 0197 --outcome angelegt",
        "resolve 0197 5",
        "resolve 0197 5 --created A --not-created",
        "resolve 0197 0 --not-created",
        "forget --older-than 5w",
        "forget",
        "schedule jobs.toml --once shop --list",
        "schedule jobs.toml --listen here",
        "sandbox --port 70000",
        "sandbox --port x",
        "register --force",
        "completions tcsh",
        "mapping nwe a.csv",
    ];

    #[test]
    fn mistakes_in_the_command_line_are_told_in_german() {
        let told = WRONG.iter().map(|line| {
            let words = ["importer"].into_iter().chain(line.split(' '));
            let error = Cli::try_parse_from(words).expect_err(line);
            let german = in_german(&error).unwrap_or_else(|| panic!("{line}: {error}"));
            for english in [
                "error:",
                "tip:",
                "Usage:",
                "For more",
                "possible",
                " invalid ",
            ] {
                assert!(!german.contains(english), "{line}: {german}");
            }
            format!("$ importer {line}\n{german}")
        });
        let told: Vec<String> = told.collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn what_is_no_mistake_stays_as_it_is() {
        for line in ["importer --help", "importer --version", "importer mapping"] {
            let error = Cli::try_parse_from(line.split(' ')).expect_err(line);
            assert_eq!(in_german(&error), None, "{line}");
        }
    }

    #[test]
    fn tips_of_another_kind_are_left_out() {
        assert_eq!(tip_in_german("a new kind of tip"), None);
        assert_eq!(
            tip_in_german("to pass '-x' as a value, use '-- -x'").as_deref(),
            Some("soll '-x' ein Wert sein, dann '-- -x' schreiben")
        );
    }
}
