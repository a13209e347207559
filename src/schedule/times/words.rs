//! What `croner` finds wrong with a cron expression, in words for people.

/// What is said where it finds something that nobody here knows.
pub(super) const ODD: &str = "so lässt er sich nicht lesen";

/// The mistake that is made most, in `croner`'s words.
const NOT_FIVE: &str = "Pattern must have 5 fields when seconds are disallowed";

/// `croner`'s sentence without its full stop, unless it speaks of settings that nobody here has.
pub(super) fn in_english(sentence: String) -> String {
    match sentence.as_str() {
        NOT_FIVE => {
            "it has not exactly 5 fields: minute, hour, day of the month, month and weekday"
                .to_owned()
        }
        _ => sentence,
    }
}

/// The same in German; `english` is `croner`'s sentence without its full stop.
pub(super) fn in_german(english: &str) -> String {
    let told = match english {
        "CronPattern cannot be an empty string." => "er ist leer",
        NOT_FIVE => {
            "er hat nicht genau 5 Felder: Minute, Stunde, Tag des Monats, Monat und Wochentag"
        }
        "Nth specifier # not allowed in the current field" => "# ist in diesem Feld nicht erlaubt",
        "L not allowed in the current field" => "L ist in diesem Feld nicht erlaubt",
        "Invalid nth specifier" => "hinter # steht keine Zahl",
        "Nth specifier out of bounds" => "die Zahl hinter # liegt außerhalb ihrer Grenzen",
        "Invalid day for closest weekday" => "vor W steht kein Tag",
        "Day for closest weekday out of bounds" => "den Tag vor W gibt es nicht",
        "Invalid range syntax" | "Invalid range syntax in stepping" => {
            "ein Bereich ist falsch geschrieben"
        }
        "Invalid start of range" | "Invalid range start" | "Invalid start" => {
            "ein Bereich beginnt nicht mit einer Zahl"
        }
        "Invalid end of range" | "Invalid range end" => "ein Bereich endet nicht mit einer Zahl",
        "Range out of bounds" | "Range is out of bounds in stepping" => {
            "ein Bereich liegt außerhalb seiner Grenzen"
        }
        "Invalid number" => "eine Zahl ist keine",
        "Number out of bounds" => "eine Zahl liegt außerhalb ihrer Grenzen",
        "Invalid stepped range syntax" => "ein Schritt ist falsch geschrieben",
        "Invalid step" => "hinter / steht keine Zahl",
        "Step cannot be zero" => "ein Schritt kann nicht 0 sein",
        "Value exceeded max after stepping" => "ein Schritt führt über das Feld hinaus",
        _ => return with_parts(english).unwrap_or_else(|| ODD.to_owned()),
    };
    told.to_owned()
}

/// Sentences that quote the expression.
fn with_parts(english: &str) -> Option<String> {
    let behind = |start: &str| english.strip_prefix(start);
    if let Some(rest) = behind("CronPattern contains illegal character '") {
        let (sign, rest) = rest.split_once("' in part '")?;
        let part = rest.strip_suffix('\'')?;
        let wrong = format!("das Zeichen '{sign}' gehört nicht in '{part}'");
        let letters = part.chars().filter(|c| c.is_alphabetic()).count();
        return Some(match letters {
            0 | 1 => wrong,
            _ => wrong + "; Monate und Wochentage stehen auf Englisch, etwa MAY und MON",
        });
    }
    let rest = behind("Invalid step syntax: ")?;
    let (_, rest) = rest.split_once(" like \"")?;
    let (step, _) = rest.split_once('"')?;
    let (start, length) = step.split_once('/')?;
    let wrong = match start {
        "" => format!("dem Schritt \"{step}\" fehlt der Anfang"),
        _ => format!("der Schritt \"{step}\" beginnt mit einer einzelnen Zahl"),
    };
    Some(format!(
        "{wrong}; \"*/{length}\" schreiben, oder mit einem Bereich \"X-Y/{length}\""
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::english_words;
    use crate::schedule::Cron;

    #[test]
    fn what_is_wrong_with_an_expression_is_told_in_german_too() {
        let german: Vec<String> = [
            "",
            "0 2 * *",
            "0 0 2 * * *",
            "61 * * * *",
            "* 25 * * *",
            "* * 0 * *",
            "x * * * *",
            "* * * Mai *",
            "* * * * Mo",
            "? * * * *",
            "*/0 * * * *",
            "*/x * * * *",
            "/5 * * * *",
            "5/10 * * * *",
            "1-/5 * * * *",
            "-1-5 * * * *",
            "5-99 * * * *",
            "1-99/2 * * * *",
            "1-2-3 * * * *",
            "*/5/5 * * * *",
            "5- * * * *",
            "-5 * * * *",
            "L * * * *",
            "1#1 * * * *",
            "* * * * 1#9",
            "* * * * 1#",
            "* * 40W * *",
            "* * W * *",
            "1,, * * * *",
            "@nightly",
            "@never",
        ]
        .into_iter()
        .filter_map(|text| {
            let why = Cron::parse(text).err()?;
            let english = english_words(&why.german);
            assert!(english.is_empty(), "{english:?}: {}", why.german);
            assert_ne!(why.german, ODD, "{text}: {}", why.english);
            Some(format!("{text}: {} | {}", why.english, why.german))
        })
        .collect();
        insta::assert_snapshot!(german.join("\n"));
    }

    #[test]
    fn what_nobody_knows_yet_is_german_too() {
        assert_eq!(in_german("Something new"), ODD);
        assert_eq!(in_german("Invalid step syntax: new"), ODD);
    }
}
