//! The English texts.

mod damage;
mod groups;
mod remedies;
mod runs;

use super::Facts;
use crate::outcome::Code;

pub(super) use remedies::remedy;
pub(super) use runs::{ended, ending, stop, stop_remedy, stop_todo, unknown};

/// Stands for a value that is not shown.
pub(super) const THE_VALUE: &str = "the value";

/// `Column …` or `Columns …`.
pub(super) fn columns(count: usize, names: &str) -> String {
    let word = if count == 1 { "Column" } else { "Columns" };
    format!("{word} {names}")
}

/// What is wrong, as a clause that goes on after a colon and has no full stop; then what the
/// value looks like.
pub(super) fn wrong(facts: &Facts<'_>) -> String {
    let rule = broken_rule(facts);
    match damage::looks(facts) {
        Some(looks) if facts.error.code == Code::TextSuspect => {
            format!("{} {looks}", facts.value)
        }
        Some(looks) => format!("{rule}; it {looks}"),
        None => rule,
    }
}

fn broken_rule(facts: &Facts<'_>) -> String {
    let value = &facts.value;
    let text = match facts.error.code {
        Code::RequiredMissing => "there is no value, but one is required",
        Code::TypeInteger => return format!("{value} is not a whole number"),
        Code::TypeDecimal => {
            let name = if facts.error.params.contains_key("example") {
                "example"
            } else {
                "expected"
            };
            let example = facts.phrase(" (expected as in ", name, ")");
            return format!("{value} is not a number in the declared form{example}");
        }
        Code::TypeBoolean => return format!("{value} is neither yes nor no"),
        Code::TypeDate if facts.is_no_day() => {
            return format!("{value} is no day of the calendar");
        }
        Code::TypeDate => {
            let name = if facts.error.params.contains_key("format") {
                "format"
            } else {
                "expected"
            };
            let format = facts.phrase(" in the form `", name, "`");
            return format!("{value} is not a date{format}");
        }
        Code::TypeText => return format!("{value} is not a single text"),
        Code::LengthMax | Code::LengthNewer => return length(facts),
        Code::Range => return range(facts),
        Code::CountryUnknown => return unknown_code(facts, "country"),
        Code::LanguageUnknown => return unknown_code(facts, "language"),
        Code::SalutationUnknown => return format!("{value} is not a salutation that is known"),
        Code::LookupMissing | Code::LookupAmbiguous | Code::ErpUnknownId => {
            return not_found(facts);
        }
        Code::TemplateFailed => {
            let reason = facts.phrase(": ", "reason", "");
            let place = facts.phrase(" (in `", "in", "`)");
            return format!("the mapping's template fails{reason}{place}");
        }
        Code::EmailMalformed
        | Code::PhoneMalformed
        | Code::UrlMalformed
        | Code::PostalCodeCountry
        | Code::VatIdFormat
        | Code::VatIdChecksum
        | Code::VatIdCountry => return malformed(facts),
        Code::NameMissing => "there is neither a last name nor a company",
        Code::EncodingSuspect => return format!("{value} was probably read in the wrong encoding"),
        Code::TextControl => return format!("{value} contains control characters"),
        Code::TextSuspect => return format!("{value} is hardly meant so"),
        Code::DateSuspect => return format!("{value} is a birthday before 1900"),
        Code::PropertyUnknown => "the API has no such property",
        Code::GroupHeadless
        | Code::GroupTooLarge
        | Code::GroupUncertain
        | Code::GroupFailed
        | Code::JoinMissing
        | Code::JoinAmbiguous => {
            return groups::wrong(facts);
        }
        Code::KeyMissing
        | Code::KeyDuplicate
        | Code::KeyExists
        | Code::PersonDuplicate
        | Code::EmailDuplicate
        | Code::RecordRagged
        | Code::CellError
        | Code::RecordQuote
        | Code::RecordTooLarge
        | Code::AttemptsExhausted
        | Code::EncodingInvalid
        | Code::JsonMalformed => return of_the_record(facts),
    };
    text.to_owned()
}

/// What neither the mapping's table nor the ERP has, or has more than once.
fn not_found(facts: &Facts<'_>) -> String {
    let value = &facts.value;
    let known = facts.phrase(", which has ", "known", "");
    match facts.error.code {
        Code::ErpUnknownId => {
            let list = facts.phrase(" of a ", "list", "");
            let known = facts.phrase("; it has ", "known", "");
            format!("{value} is no id{list} in the ERP{known}")
        }
        Code::LookupAmbiguous => {
            let list = facts.phrase("", "list", "");
            let ids = facts.phrase(", with the ids ", "ids", "");
            let list = if list.is_empty() { "entries" } else { &list };
            format!("{value} is the name of several {list} in the ERP{ids}")
        }
        _ if facts.error.params.contains_key("list") => {
            let list = facts.phrase("", "list", "");
            format!("{value} is no {list} in the ERP{known}")
        }
        _ => match facts.param("file") {
            Some(file) => format!("{value} is not in `{file}`{known}"),
            None => format!("{value} is not in the mapping's look-up table{known}"),
        },
    }
}

fn length(facts: &Facts<'_>) -> String {
    let value = &facts.value;
    let newer = facts.error.code == Code::LengthNewer;
    let length = facts.phrase("", "length", " characters long");
    let limit = match (newer, length.is_empty()) {
        (true, _) => facts.phrase("; newer versions of the API take at most ", "max", ""),
        (false, true) => facts.phrase("; at most ", "max", " characters are allowed"),
        (false, false) => facts.phrase("; at most ", "max", " are allowed"),
    };
    let length = if length.is_empty() {
        "too long"
    } else {
        &length
    };
    format!("{value} is {length}{limit}")
}

fn range(facts: &Facts<'_>) -> String {
    let value = &facts.value;
    match (facts.param("min"), facts.param("max")) {
        (Some(min), Some(max)) => format!("{value} is not between {min} and {max}"),
        (Some(min), None) => format!("{value} is less than {min}"),
        (None, Some(max)) => format!("{value} is more than {max}"),
        (None, None) => format!("{value} is out of range"),
    }
}

fn unknown_code(facts: &Facts<'_>, thing: &str) -> String {
    let value = &facts.value;
    match facts.param("meant") {
        Some(code) => format!("{value} is not the {thing}'s code, which is {code}"),
        None if facts.hint() == Some("spelt_out") => {
            format!("{value} is a {thing} that is known, but not its code")
        }
        None => format!("{value} is not a {thing} that is known"),
    }
}

fn malformed(facts: &Facts<'_>) -> String {
    let value = &facts.value;
    let code = facts.error.code;
    // What the value looks like says more than the rule's own hint.
    let own = facts.hint().filter(|_| facts.error.damage().is_none());
    let hint = match (code, own) {
        (Code::EmailMalformed, Some("mailto")) => "; it begins with `mailto:`",
        (Code::EmailMalformed, Some("display_name")) => "; there is a name around it",
        (Code::EmailMalformed, Some("several")) => "; there are several",
        (Code::EmailMalformed, Some("blank")) => "; there is a blank in it",
        (Code::EmailMalformed, Some("domain")) => "; what follows the @ is no internet domain",
        (Code::PhoneMalformed, Some("scientific")) => {
            "; it looks like a number in scientific notation: a spreadsheet has rounded it, its last digits are lost"
        }
        (Code::PhoneMalformed, Some("letters")) => "; there are letters in it",
        (Code::PhoneMalformed, Some("guard")) => "; a spreadsheet's guard sign is left in it",
        (Code::PhoneMalformed, Some("digits")) => "; it has fewer than three digits",
        (Code::PostalCodeCountry, Some("lost_zero")) => {
            "; it looks like a postal code that lost its leading zero"
        }
        (Code::PostalCodeCountry, Some("prefix")) => "; there is a country prefix before it",
        (Code::VatIdFormat, Some("lost_zero")) => {
            "; it looks like an old number without its leading zero"
        }
        (Code::VatIdFormat, Some("separators")) => "; small letters, blanks or signs are too much",
        (Code::VatIdFormat, Some("greece")) => "; Greece's prefix is EL",
        (Code::VatIdFormat, Some("no_prefix")) => "; the country's prefix is missing",
        _ => "",
    };
    let country = facts.phrase(" of ", "country", "");
    let shape = facts.phrase(" (form ", "shape", ")");
    match code {
        Code::EmailMalformed => format!("{value} is not one e-mail address{hint}"),
        Code::PhoneMalformed => format!("{value} is not a phone number{hint}"),
        Code::UrlMalformed => format!("{value} is not a web address"),
        Code::PostalCodeCountry if country.is_empty() => {
            format!("{value} is not a postal code of the address's country{shape}{hint}")
        }
        Code::PostalCodeCountry => format!("{value} is not a postal code{country}{shape}{hint}"),
        Code::VatIdFormat => {
            format!("{value} does not have the form of a VAT id{country}{shape}{hint}")
        }
        Code::VatIdChecksum => format!("{value} has wrong check digits for a VAT id{country}"),
        _ => {
            let address = facts
                .param("address")
                .unwrap_or_else(|| "another country".to_owned());
            format!("{value} is a VAT id{country}, but the address is in {address}")
        }
    }
}

/// Errors about a record as a whole: most of them never show a value.
fn of_the_record(facts: &Facts<'_>) -> String {
    let first = match (facts.param("first_record"), facts.param("first_line")) {
        (Some(record), Some(line)) => format!(": record {record}, line {line}"),
        (Some(record), None) => format!(": record {record}"),
        (None, Some(line)) => format!(": line {line}"),
        (None, None) => String::new(),
    };
    match facts.error.code {
        Code::KeyMissing => "there is no key by which the customer could be found again".to_owned(),
        Code::KeyDuplicate => format!("the same key stood in the input before{first}"),
        Code::KeyExists => "the ERP already has a customer with this key".to_owned(),
        Code::PersonDuplicate => {
            format!("a record before has the same last name, street and postal code{first}")
        }
        Code::EmailDuplicate => format!("a record before has the same e-mail address{first}"),
        Code::RecordRagged => match (facts.param("fields"), facts.param("expected")) {
            (Some(fields), Some(expected)) => {
                format!("the record has {fields} fields, but the header has {expected}")
            }
            _ => "the record has another number of fields than the header".to_owned(),
        },
        Code::CellError => {
            let cell = facts.phrase(" in ", "cell", "");
            let error = facts.phrase(" (", "error", ")");
            format!("the sheet has an error instead of a value{cell}{error}")
        }
        Code::RecordQuote => {
            let line = facts.phrase(" that opens on line ", "line", "");
            format!("a quote{line} never closes")
        }
        Code::RecordTooLarge => {
            let limit = facts.phrase(" of ", "limit", " bytes");
            format!("the record is larger than the limit{limit}")
        }
        Code::AttemptsExhausted => {
            "every attempt failed, and the customer is known not to be in the ERP".to_owned()
        }
        Code::EncodingInvalid if facts.param("reason").as_deref() == Some("nul") => {
            let encoding = facts.phrase(" in ", "encoding", "");
            format!("there are NUL characters, so this is probably no text{encoding}")
        }
        Code::EncodingInvalid => {
            let encoding = facts.phrase(" in ", "encoding", "");
            let offset = facts.phrase(" (at byte ", "offset", ")");
            format!("some bytes are no text{encoding}{offset}")
        }
        Code::JsonMalformed if facts.param("reason").as_deref() == Some("key_twice") => {
            "a key stands twice in the JSON object".to_owned()
        }
        _ => {
            let reason = match facts.param("reason").as_deref() {
                Some("syntax") => ": it is misspelt".to_owned(),
                Some("cut_off") => ": it is cut off".to_owned(),
                Some("too_deep") => ": it is nested too deeply".to_owned(),
                Some("not_an_object") => ": something else stands there".to_owned(),
                _ => facts.phrase(": ", "reason", ""),
            };
            let column = facts.phrase(" (at column ", "column", ")");
            format!("the line is not a JSON object{reason}{column}")
        }
    }
}

/// What the code means, in a line for documentation.
pub(super) fn meaning(code: Code) -> &'static str {
    match code {
        Code::RequiredMissing => "A field that the API or the mapping requires has no value.",
        Code::TypeInteger => "Not a whole number.",
        Code::TypeDecimal => "Not a number in the form that the mapping declares.",
        Code::TypeBoolean => "Neither yes nor no.",
        Code::TypeDate => "Not a date in the form that the mapping declares.",
        Code::TypeText => "A nested value where a single text belongs.",
        Code::LengthMax => "Longer than the API or its database takes, in UTF-16 units.",
        Code::LengthNewer => "Longer than newer versions of the API take.",
        Code::Range => "A number or date outside of what the API takes, or a birthday to come.",
        Code::EmailMalformed => "Not exactly one e-mail address.",
        Code::PhoneMalformed => "Not a phone number: letters, or fewer than three digits.",
        Code::UrlMalformed => "Not a web address.",
        Code::CountryUnknown => "Not a country's ISO 3166 code of two letters.",
        Code::LanguageUnknown => "Not a language's ISO 639 code of two capital letters.",
        Code::SalutationUnknown => "Not a salutation that is known.",
        Code::LookupMissing => "Not in the mapping's look-up table, or no name in the ERP.",
        Code::LookupAmbiguous => "A name that the ERP has more than once.",
        Code::ErpUnknownId => "An id that the ERP does not have (`--probe`).",
        Code::TemplateFailed => "A template of the mapping fails for this record.",
        Code::PostalCodeCountry => "Not a postal code of the address's country.",
        Code::VatIdFormat => "Not in the form of a VAT id of its country.",
        Code::VatIdChecksum => "A VAT id with wrong check digits.",
        Code::VatIdCountry => "A VAT id of another country than the address's.",
        Code::NameMissing => "The billing address has neither a last name nor a company.",
        Code::KeyMissing => "No key by which the customer could be found again.",
        Code::KeyDuplicate => "The same key stood in the input before.",
        Code::KeyExists => "The ERP already has the key (`--existing fail`).",
        Code::PersonDuplicate => {
            "Last name, street and postal code of a record before, but for case and blanks."
        }
        Code::EmailDuplicate => "The e-mail address of a record before, but for case.",
        Code::RecordRagged => "More or fewer fields than the header.",
        Code::CellError => "An error (`#N/A`) in a cell of a sheet instead of a value.",
        Code::RecordQuote => "A quote that never closes.",
        Code::GroupHeadless => "The first record has nothing in the column that groups records.",
        Code::GroupTooLarge => "More records for one customer than are kept together.",
        Code::GroupUncertain => "The record before could not be read and may belong to it.",
        Code::GroupFailed => {
            "Another record of the same customer failed, or the server refused it."
        }
        Code::JoinMissing => "No row of the second file (`[join]`) belongs to the record.",
        Code::JoinAmbiguous => "Several rows of the second file (`[join]`) belong to the record.",
        Code::RecordTooLarge => "A record beyond the size that is read.",
        Code::AttemptsExhausted => "Every attempt failed; the customer is known to be absent.",
        Code::EncodingInvalid => "Bytes that are no text in the input's encoding.",
        Code::EncodingSuspect => "Text that was probably read in the wrong encoding (`Ã¼`).",
        Code::TextControl => "Control characters other than tab and line break.",
        Code::TextSuspect => {
            "Text that a spreadsheet, database or web page has damaged (`NULL`, `M&uuml;ller`)."
        }
        Code::DateSuspect => "A birthday before 1900.",
        Code::JsonMalformed => "A line that is not a JSON object.",
        Code::PropertyUnknown => "A property that the API does not have.",
    }
}
