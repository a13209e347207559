//! "Did you mean …?"

use std::borrow::Cow;

use crate::outcome::{Bilingual, ValuesShown, both, wording};

/// The candidate that `word` was probably meant to be. Spelling that differs only in case,
/// blanks and punctuation wins, then few typing errors, then one word inside the other.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = plain(word);
    if wanted.is_empty() {
        return None;
    }
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        let Some(cost) = cost(&wanted, &plain(candidate)).or_else(|| part(word, candidate)) else {
            continue;
        };
        if best.is_none_or(|(lowest, _)| cost < lowest) {
            best = Some((cost, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How far two plain words are apart by typing errors, in halves of an edit; none when too far to
/// be meant.
fn cost(wanted: &str, candidate: &str) -> Option<usize> {
    let lengths = (wanted.chars().count(), candidate.chars().count());
    let longest = lengths.0.max(lengths.1);
    let most = (longest / 3).max(usize::from(longest > 2));
    // What is taken for a name may be a whole line.
    if lengths.0.abs_diff(lengths.1) <= most {
        let distance = strsim::osa_distance(wanted, candidate);
        if distance <= most {
            return Some(distance * 2);
        }
    }
    None
}

/// What it costs that one name has the other one as a part: its beginning, its end, or words of
/// it. `limit` is no part of `delimiter`.
fn part(word: &str, candidate: &str) -> Option<usize> {
    let (one, other) = (plain(word), plain(candidate));
    let (short, long, spelt) = if one.len() < other.len() {
        (one, other, candidate)
    } else {
        (other, one, word)
    };
    if short.chars().count() < 4 {
        return None;
    }
    let borders = borders(spelt);
    let mut found = long.match_indices(&short).map(|(at, _)| at);
    found
        .any(|at| borders.contains(&at) || borders.contains(&(at + short.len())))
        .then(|| long.chars().count())
}

/// Where words begin and end in the plain form of a name: `E-Mail-Adresse`, `EmailAddress`.
fn borders(name: &str) -> Vec<usize> {
    let mut borders = vec![0];
    let mut length = 0;
    let mut before = None;
    for c in name.chars() {
        let begins = c.is_uppercase() && before.is_some_and(char::is_lowercase);
        if begins || !c.is_alphanumeric() {
            borders.push(length);
        }
        if c.is_alphanumeric() {
            length += c.to_lowercase().map(char::len_utf8).sum::<usize>();
        }
        before = Some(c);
    }
    borders.push(length);
    borders
}

fn plain(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The sentence that suggests `closest`, if there is one.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<Bilingual> {
    closest(word, candidates).map(|found| {
        both!(
            "did you mean {name}?",
            "ist {name} gemeint?",
            name = quoted(found)
        )
    })
}

/// A name between back-ticks. Names of columns come from the input: what could steer a
/// terminal is replaced, and what is too long is cut.
pub(crate) fn quoted(name: &str) -> String {
    const LONGEST: usize = 60;
    let name: Cow<'_, str> = if name.chars().nth(LONGEST).is_some() {
        name.chars().take(LONGEST).chain(['…']).collect()
    } else {
        name.into()
    };
    let shown: String = name
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    format!("`{shown}`")
}

/// What stands in an input, behind a blank and between back-ticks, as far as it may be shown.
pub(super) fn repeated(text: &str, values: ValuesShown) -> String {
    match values {
        ValuesShown::Full => format!(" {}", quoted(text)),
        ValuesShown::Masked => format!(" {}", quoted(&wording::mask(text))),
        ValuesShown::None => String::new(),
    }
}

/// Names between back-ticks, at most `most` of them.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> Bilingual {
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    let shown = names.iter().take(most).cloned().collect::<Vec<_>>();
    match names.len().checked_sub(most) {
        None | Some(0) => Bilingual::same(shown.join(", ")),
        Some(more) => {
            let shown = shown.join(", ");
            both!("{shown} and {more} more", "{shown} und {more} weitere")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let header = ["Kunden-Nr.", "Name", "PLZ", "E-Mail"];
        for (word, meant) in [
            ("kunden nr", Some("Kunden-Nr.")),
            ("Kundennummer", Some("Kunden-Nr.")),
            ("Nmae", Some("Name")),
            ("PLZ ", Some("PLZ")),
            ("Telefon", None),
            ("", None),
        ] {
            assert_eq!(closest(word, header), meant, "{word}");
        }
        for (word, candidate, is_meant) in [
            ("limit", "delimiter", false),
            ("limit", "max_limit", true),
            ("rate", "generated", false),
            ("rates", "rate", true),
            ("time", "timeout", true),
            ("sheets", "sheet", true),
            ("concurency", "concurrency", true),
            ("max_failed", "max_failures", true),
            ("state_dir", "report_dir", false),
            ("Mail", "E-Mail-Adresse", true),
            ("Mail", "EMailAdresse", true),
            ("Straße", "Lieferstraße", true),
            ("Nummer", "Kundennummer", true),
            ("Ort", "Sortierung", false),
            ("Land", "Ausländer", false),
            ("Steuer", "Ansteuerung", false),
            ("Telefon", "Mobil", false),
        ] {
            let found = closest(word, [candidate]).is_some();
            assert_eq!(found, is_meant, "{word} {candidate}");
        }
        assert_eq!(
            closest("Email", ["City", "EmailAddress"]),
            Some("EmailAddress")
        );
        assert_eq!(
            closest("ShipmentAddress", ["BillingAddress", "Shipmentaddress"]),
            Some("Shipmentaddress")
        );
    }

    #[test]
    fn quotes_without_steering_the_terminal() {
        assert_eq!(quoted("a\u{1b}[31mb"), "`a\u{fffd}[31mb`");
        assert_eq!(quoted(&"x".repeat(61)).chars().count(), 63);
        assert_eq!(listed(["a", "b", "c"], 2).english, "`a`, `b` and 1 more");
    }
}
