//! What to do about an error with a record: in the file, in the mapping or in Wawi.

use super::super::{excerpt, visible};
use super::{Facts, groups};
use crate::outcome::Code;

/// One or two sentences that name the place to change.
pub(in crate::outcome::wording) fn remedy(facts: &Facts<'_>) -> String {
    if let Some(remedy) = super::damage::remedy(facts) {
        return remedy;
    }
    let target = target(facts);
    let column = columns(facts);
    match facts.error.code {
        Code::RequiredMissing => required(facts),
        Code::TypeInteger => whole_number(facts),
        Code::TypeDecimal => format!(
            "Say how the file writes numbers: `decimal = \",\"` or `decimal = \".\"` in `[source]` of the mapping; else correct {column}."
        ),
        Code::TypeBoolean => format!(
            "Let {column} be ja/nein, yes/no, true/false or 1/0, or translate it with `lookup` of {target} in the mapping."
        ),
        Code::TypeDate if facts.is_no_day() => format!("Correct {column}."),
        Code::TypeDate => format!(
            "Say how the file writes dates: `date = \"%d.%m.%Y\"` in `[source]` or for {target} in the mapping; else correct {column}."
        ),
        Code::TypeText => format!(
            "Let {target} in the mapping name the path of a single value, such as `address.city` or `tags[0]`."
        ),
        Code::LengthMax => format!(
            "Shorten {column}, or allow cutting in the mapping: `cut = true` for {target}."
        ),
        Code::LengthNewer => format!(
            "It is sent as it is. Shorten {column} if this ERP will move to a newer API."
        ),
        Code::Range => format!("Correct {column}, or translate it with `lookup` of {target} in the mapping."),
        Code::EmailMalformed | Code::PhoneMalformed | Code::UrlMalformed => contact(facts),
        Code::CountryUnknown | Code::LanguageUnknown if !facts.is_known() => format!(
            "Correct {column}, or translate the spelling with `lookup` of {target} in the mapping."
        ),
        Code::CountryUnknown => format!(
            "Set `as = \"country\"` for {target} in the mapping: it reads names, ISO and car codes. Translate other spellings with `lookup`."
        ),
        Code::LanguageUnknown => format!(
            "Set `as = \"language\"` for {target} in the mapping: it reads names, codes and locales such as de-DE. Translate other spellings with `lookup`."
        ),
        Code::SalutationUnknown => format!(
            "Add the salutation to `lookup` of {target} in the mapping, or correct {column}."
        ),
        Code::LookupMissing if facts.error.params.contains_key("list") => format!(
            "Create it in Wawi, rename it with `lookup` or `replace` of {target} in the mapping, or set `otherwise` there (\"keep\" takes numbers as ids, \"empty\", or a name)."
        ),
        Code::LookupAmbiguous => format!(
            "Rename one of them in Wawi, or give the id with `lookup` of {target} in the mapping."
        ),
        Code::ErpUnknownId => format!(
            "Correct {column} or {target} in the mapping; `importer list` shows the ids."
        ),
        Code::LookupMissing if facts.error.params.contains_key("file") => format!(
            "Add the value to that file (`lookup_file` of {target} in the mapping), or set `otherwise` there (\"keep\", \"empty\" or a value)."
        ),
        Code::LookupMissing => format!(
            "Add the value to `lookup` of {target} in the mapping, or set `otherwise` there (\"keep\", \"empty\" or a value)."
        ),
        Code::TemplateFailed => format!(
            "Correct `template` of {target} in the mapping, or {column}: `importer mapping explain` shows what it is given."
        ),
        Code::PostalCodeCountry
        | Code::VatIdFormat
        | Code::VatIdChecksum
        | Code::VatIdCountry => by_country(facts),
        Code::NameMissing => {
            "Fill the last name or the company in the file, or find a name with `first_of` for BillingAddress.LastName in the mapping.".to_owned()
        }
        Code::EncodingSuspect => {
            "Export the file again as UTF-8, or say how it is encoded: `--encoding utf-8`. If only parts of it look so, they were damaged before: correct them in the shop.".to_owned()
        }
        Code::TextSuspect => format!("Look at {column}; `\"text.suspect\" = \"off\"` in `[rules]` of the mapping says no more about it."),
        Code::DateSuspect => format!("It is sent as it is. Look at {column}, or at the order of day, month and year in `date` of the mapping."),
        Code::TextControl => format!("Remove the control characters from {column}{}", or_switch(facts)),
        Code::PropertyUnknown => {
            "Correct the property's spelling or remove it; `importer mapping fields` lists what the API has.".to_owned()
        }
        _ => of_the_record(facts),
    }
}

fn whole_number(facts: &Facts<'_>) -> String {
    let (target, column) = (target(facts), columns(facts));
    if facts.is_amount() {
        let (sign, amount) = facts.amount();
        return format!(
            "Let {column} have whole amounts; in the mapping `extract = '^([\\d{sign}]+)', replace = {{ \"{sign}\" = \"\" }}` of {target} makes 1234 of {amount}."
        );
    }
    format!(
        "Let {column} have digits only, or translate texts with `lookup` of {target} in the mapping."
    )
}

pub(super) fn target(facts: &Facts<'_>) -> String {
    if facts.error.target.is_empty() {
        "the field".to_owned()
    } else {
        visible(&facts.error.target)
    }
}

pub(super) fn columns(facts: &Facts<'_>) -> String {
    match facts.error.columns.as_slice() {
        [] => "the value in the file".to_owned(),
        [one] => format!("column `{}`", excerpt(one)),
        [one, ..] => format!("column `{}` and its companions", excerpt(one)),
    }
}

/// Where in the file something is to be changed; nothing if no column is known.
pub(super) fn there(facts: &Facts<'_>) -> String {
    match facts.error.columns.is_empty() {
        true => String::new(),
        false => format!(" in {}", columns(facts)),
    }
}

/// What is to be taken from its source once more.
pub(super) fn export(facts: &Facts<'_>) -> String {
    match facts.error.columns.is_empty() {
        true => "the file".to_owned(),
        false => columns(facts),
    }
}

/// The end of a remedy for a rule that may be switched.
fn or_switch(facts: &Facts<'_>) -> String {
    format!(
        "; `\"{}\" = \"warn\"` in `[rules]` of the mapping sends it all the same.",
        facts.error.code
    )
}

fn required(facts: &Facts<'_>) -> String {
    let target = target(facts);
    let ids = match target.as_str() {
        "CustomerGroupId" => " Wawi shows the ids under Customers > Customer groups.",
        _ => "",
    };
    if facts.error.columns.is_empty() {
        if target == "BillingAddress" {
            return "Map at least City, CountryIso and LastName or Company in `[customer.BillingAddress]`.".to_owned();
        }
        return format!("Map {target} to a column, or give it a `value`, in the mapping.{ids}");
    }
    format!(
        "Fill {}, or give {target} a `default` in the mapping.{ids}",
        columns(facts)
    )
}

fn contact(facts: &Facts<'_>) -> String {
    let target = target(facts);
    let (column, there) = (columns(facts), there(facts));
    let switch = or_switch(facts);
    match (facts.error.code, facts.hint()) {
        (Code::EmailMalformed, Some("several")) => format!(
            "Leave only one address{there}, or take the first with `extract` of {target} in the mapping."
        ),
        (Code::EmailMalformed, Some("mailto" | "display_name" | "blank")) => format!(
            "Leave only the bare address{there}, or take it out with `extract` of {target} in the mapping."
        ),
        (Code::EmailMalformed, _) => format!("Correct or empty {column}{switch}"),
        (Code::PhoneMalformed, Some("scientific")) => format!(
            "Export {} again from the shop as text, without a spreadsheet in between; the lost digits cannot be restored.",
            export(facts)
        ),
        (Code::PhoneMalformed, Some("guard")) => {
            format!("Set `as = \"phone\"` for {target} in the mapping, or correct {column}.")
        }
        (Code::PhoneMalformed, _) => format!("Correct or empty {column}{switch}"),
        _ => format!("Correct or empty {column} (an address such as `www.example.de`){switch}"),
    }
}

fn by_country(facts: &Facts<'_>) -> String {
    let target = target(facts);
    let (column, there) = (columns(facts), there(facts));
    let switch = or_switch(facts);
    match (facts.error.code, facts.hint()) {
        (Code::PostalCodeCountry, Some("lost_zero")) => format!(
            "Set `as = \"postal_code\"` for {target} in the mapping: it gives German codes of four digits their zero back."
        ),
        (Code::PostalCodeCountry, Some("prefix")) => format!(
            "Set `as = \"postal_code\"` for {target} in the mapping: it strips prefixes such as `D-`."
        ),
        (Code::PostalCodeCountry, _) => {
            format!("Correct {column}, or the country of the same address{switch}")
        }
        (Code::VatIdFormat, Some("separators")) => format!(
            "Set `as = \"vat_id\"` for {target} in the mapping: it removes blanks and signs."
        ),
        (Code::VatIdFormat, Some("greece")) => {
            format!("Write EL instead of GR{there}, or set `replace` for {target} in the mapping.")
        }
        (Code::VatIdFormat, Some("no_prefix")) => format!(
            "Put the country's prefix before the number{there}, or with `join` of {target} in the mapping."
        ),
        (Code::VatIdFormat, Some("lost_zero")) => {
            format!("Belgian numbers have ten digits: put a 0 before the nine{there}.")
        }
        (Code::VatIdFormat, _) => format!("Correct or empty {column}{switch}"),
        (Code::VatIdChecksum, _) => {
            format!("A digit is probably mistyped: ask the customer, then correct {column}{switch}")
        }
        _ => format!(
            "Nothing needs to be done if the company is registered abroad; else correct {column} or the country."
        ),
    }
}

fn key_missing(facts: &Facts<'_>) -> String {
    let target = target(facts);
    let fill = if facts.error.columns.is_empty() {
        format!("Map {target} to a column")
    } else {
        format!("Fill {}", columns(facts))
    };
    format!(
        "{fill}, or let `first_of` for {target} in the mapping try further columns; `--allow-unkeyed` sends without one."
    )
}

fn of_the_record(facts: &Facts<'_>) -> String {
    let switch = or_switch(facts);
    match facts.error.code {
        Code::KeyMissing => key_missing(facts),
        Code::KeyDuplicate => groups::come_again(facts).unwrap_or_else(|| {
            "Remove one of the two records or give it another key; of rows that follow each other `[group]` in the mapping makes one customer.".to_owned()
        }),
        Code::GroupHeadless
        | Code::GroupTooLarge
        | Code::GroupUncertain
        | Code::GroupFailed
        | Code::JoinMissing
        | Code::JoinAmbiguous => groups::remedy(facts),
        Code::KeyExists => {
            "Remove the record, or leave customers that exist alone: `--existing skip --retry-failed`.".to_owned()
        }
        Code::PersonDuplicate | Code::EmailDuplicate => format!(
            "Look whether both are one customer and remove one; `\"{}\" = \"off\"` in `[rules]` of the mapping says no more about it.",
            facts.error.code
        ),
        Code::RecordRagged => format!(
            "Put values that contain the delimiter into quotes, or check `--delimiter`{switch} Missing fields are then empty and extra ones ignored."
        ),
        Code::CellError => format!(
            "Correct the formula, or write the value itself into the cell{switch} The cell is then empty."
        ),
        Code::RecordQuote => {
            "Close the quote in the file, or double a quote that belongs to the value.".to_owned()
        }
        Code::RecordTooLarge => {
            "Look in the file for a quote that never closes, here or shortly before; in JSON for a line break that is missing.".to_owned()
        }
        Code::AttemptsExhausted => {
            "Send it again once the server is well: the same command with `--retry-failed`.".to_owned()
        }
        Code::EncodingInvalid if facts.param("reason").as_deref() == Some("nul") => {
            "Export the file again as UTF-8, or say how it is encoded: `--encoding utf-16le`.".to_owned()
        }
        Code::EncodingInvalid => {
            "Say how the file is encoded, e.g. `--encoding windows-1252`, or export it again as UTF-8.".to_owned()
        }
        _ => "Write one JSON object on each line, with each key once, or export the file again.".to_owned(),
    }
}
