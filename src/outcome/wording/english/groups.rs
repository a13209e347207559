//! Customers of several records (`[group]`) and of two files (`[join]`): what is wrong, and what
//! to do about it.

use super::super::visible;
use super::Facts;
use crate::outcome::Code;

/// What is wrong with the group, or with the row of the second file.
pub(super) fn wrong(facts: &Facts<'_>) -> String {
    match facts.error.code {
        Code::GroupHeadless => "no record above says to which customer this one belongs".to_owned(),
        Code::GroupTooLarge => match (facts.param("records"), facts.param("bytes")) {
            (Some(records), Some(bytes)) => format!(
                "the customer has more than {records} records, or they take more than {bytes} bytes"
            ),
            _ => "the customer has too many records".to_owned(),
        },
        Code::GroupUncertain => format!(
            "the record before{} cannot be read, so that nobody can tell whether it belongs to \
             this customer",
            place(facts)
        ),
        Code::JoinMissing => {
            let file = facts.phrase(" in ", "file", "");
            format!("there is no row for it{file}")
        }
        Code::JoinAmbiguous => {
            let file = facts.phrase(" in ", "file", "");
            let lines = match (facts.param("first_line"), facts.param("line")) {
                (Some(first), Some(second)) => format!(" (lines {first} and {second})"),
                _ => String::new(),
            };
            format!("there are several rows for it{file}{lines}")
        }
        _ => format!(
            "this row belongs to a customer of several records, which fails as a whole{}",
            place(facts)
        ),
    }
}

/// What to do about it.
pub(super) fn remedy(facts: &Facts<'_>) -> String {
    match facts.error.code {
        Code::GroupHeadless => format!(
            "Begin each customer with a row that has {}.",
            grouped_by(facts).unwrap_or_else(|| "a value in the column of `[group] by`".to_owned())
        ),
        Code::GroupTooLarge => format!(
            "Look whether {} is the right one for `[group] by` in the mapping; else take records out.",
            column_of(facts).unwrap_or_else(|| "the column".to_owned())
        ),
        Code::GroupUncertain => "Correct the record before; this one needs no change.".to_owned(),
        Code::JoinMissing => {
            "It is sent without what that file has. If that is no matter, `\"join.missing\" = \"off\"` in `[rules]` of the mapping says no more about it; `\"error\"` sends no such record.".to_owned()
        }
        Code::JoinAmbiguous => {
            "Leave one row for each record there; or make that file the input, join this one to it, and make one customer of its rows with `[group]`.".to_owned()
        }
        _ => "Correct the customer's other rows and leave this one beside them.".to_owned(),
    }
}

/// What to do about a key that comes again, where records are grouped; none where they are not.
pub(super) fn come_again(facts: &Facts<'_>) -> Option<String> {
    let column = column_of(facts)?;
    Some(format!(
        "Sort the file by {column}, so that all rows of a customer follow each other; if it is another customer, give it another key."
    ))
}

/// The record that is meant.
fn place(facts: &Facts<'_>) -> String {
    match (facts.param("first_record"), facts.param("first_line")) {
        (Some(record), Some(line)) => format!(" (record {record}, line {line})"),
        _ => String::new(),
    }
}

fn grouped_by(facts: &Facts<'_>) -> Option<String> {
    Some(format!("a value in {}", column_of(facts)?))
}

fn column_of(facts: &Facts<'_>) -> Option<String> {
    let column = facts.error.params.get("grouped_by")?;
    Some(format!("column `{}`", visible(column)))
}
