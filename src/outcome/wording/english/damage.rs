//! What a damaged value looks like, and what to do about it.

use super::Facts;
use super::remedies::{columns, export, target, there};
use crate::outcome::damage::{FORM, WORD};
use crate::outcome::{Code, Damage};

/// What the value looks like, as a clause whose subject is the value.
pub(super) fn looks(facts: &Facts<'_>) -> Option<String> {
    let word = facts.phrase(" `", WORD, "`");
    let form = facts.phrase(" in the form `", FORM, "`");
    // Of a single record the value itself stands there.
    let which = if facts.general {
        facts.phrase(" (`", WORD, "`)")
    } else {
        String::new()
    };
    Some(match facts.error.damage()? {
        Damage::NoValue => format!("looks like a word for \"no value\"{which}"),
        Damage::SheetError => "looks like the error of a spreadsheet's formula".to_owned(),
        Damage::Guard => format!("looks like a value with a spreadsheet's guard{word} around it"),
        Damage::Formula => "looks like a spreadsheet's formula".to_owned(),
        Damage::Scientific => {
            "looks like a number in scientific notation: a spreadsheet has rounded it, its last digits are lost".to_owned()
        }
        Damage::Html => format!("looks like text with HTML entities{word}"),
        Damage::Invisible => format!("contains characters without width{word}, which nobody sees"),
        Damage::Mojibake => "looks like UTF-8 read as Windows-1252".to_owned(),
        Damage::LostCharacters => {
            "looks like text whose special characters were lost before".to_owned()
        }
        Damage::NoDate => format!("looks like a placeholder for \"no date\"{which}"),
        Damage::DateSerial => "looks like a spreadsheet's serial number of a day".to_owned(),
        Damage::ShortYear => format!("looks like a date with a two-digit year{form}"),
        Damage::OtherDate if form.is_empty() => {
            "looks like a date whose day and month could change places".to_owned()
        }
        Damage::OtherDate => format!("looks like a date{form}"),
        Damage::DecimalPoint => "looks like a number with a decimal point".to_owned(),
        Damage::DecimalComma => "looks like a number with a decimal comma".to_owned(),
        Damage::Thousands if word.is_empty() => {
            "looks like a number with a sign between its thousands".to_owned()
        }
        Damage::Thousands => format!("looks like a number with{word} between its thousands"),
        Damage::ZeroDecimals => format!("looks like a whole number with decimals{word}"),
        Damage::Unit => format!("looks like a number with its unit{word}"),
    })
}

/// What to do about damage; none where the rule's own remedy says it.
pub(super) fn remedy(facts: &Facts<'_>) -> Option<String> {
    let (target, column) = (target(facts), columns(facts));
    let there = there(facts);
    let word = facts.param(WORD).unwrap_or_default();
    let in_empty = || {
        format!(
            "Say that it means nothing: add {} to `empty` in `[source]` of the mapping, or remove it{there}.",
            if word.is_empty() {
                "it".to_owned()
            } else {
                format!("\"{}\"", word.replace('\\', "\\\\"))
            }
        )
    };
    let replace = |what: &str| {
        format!("Take {what} away with `replace` of {target} in the mapping, or correct {column}.")
    };
    Some(match facts.error.damage()? {
        Damage::NoValue | Damage::NoDate => in_empty(),
        Damage::SheetError => {
            format!("The value itself is gone: take {column} from the source again, or empty it.")
        }
        Damage::Guard if facts.error.code == Code::PhoneMalformed => {
            format!("Set `as = \"phone\"` for {target} in the mapping: it takes the guard away.")
        }
        Damage::Guard if facts.error.code == Code::PostalCodeCountry => format!(
            "Set `as = \"postal_code\"` for {target} in the mapping: it takes the guard away."
        ),
        Damage::Guard => replace("the guard"),
        Damage::Formula => format!(
            "If the value really begins so, nothing needs to be done; else take {column} from the source again."
        ),
        Damage::Scientific => format!(
            "The spreadsheet destroyed it: take {column} from the source again, without a spreadsheet in between; the lost digits cannot be restored."
        ),
        Damage::Html => format!(
            "Translate the entities with `replace` of {target} in the mapping, or correct {column}."
        ),
        Damage::Invisible => replace("them"),
        Damage::LostCharacters if facts.error.code != Code::TextControl => {
            format!(
                "Export {} again as UTF-8 from where it is still right.",
                export(facts)
            )
        }
        Damage::DateSerial => format!(
            "Format it as a date{there} of the spreadsheet, or hand over the spreadsheet itself (XLSX), which knows that these are dates."
        ),
        Damage::ShortYear | Damage::OtherDate => match facts.param(FORM) {
            Some(form) => format!(
                "Read this form, too: `date` of {target} takes a list in the mapping, such as [\"%d.%m.%Y\", \"{form}\"]."
            ),
            None if facts.error.damage() == Some(Damage::ShortYear) => format!(
                "Read this form, too: `date` of {target} takes a list in the mapping; `%y` is a year of two digits."
            ),
            None => format!(
                "Say with `date` of {target} in the mapping which comes first, day or month; nobody can tell from the value."
            ),
        },
        Damage::DecimalPoint => format!(
            "If all is written so{there}: `decimal = \".\"` of {target} in the mapping; else correct the value."
        ),
        Damage::DecimalComma => format!(
            "If all is written so{there}: `decimal = \",\"` of {target} in the mapping; else correct the value."
        ),
        Damage::Thousands if matches!(word.as_str(), "." | ",") => {
            format!("Correct {column}: without that sign decimals elsewhere would count as digits.")
        }
        Damage::Thousands => replace("that sign"),
        Damage::ZeroDecimals => format!(
            "Take what stands before the decimals with `extract` of {target} in the mapping, or correct {column}."
        ),
        Damage::Unit => replace("the unit"),
        // The codes of encoding and control characters have their own words.
        Damage::Mojibake if facts.error.code != Code::EncodingSuspect => {
            "Export the file again as UTF-8, or say how it is encoded: `--encoding utf-8`."
                .to_owned()
        }
        Damage::Mojibake | Damage::LostCharacters => return None,
    })
}
