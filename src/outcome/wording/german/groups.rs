//! Customers of several records (`[group]`) and of two files (`[join]`): what is wrong, and what
//! to do about it, in German.

use super::super::visible;
use super::Facts;
use crate::outcome::Code;

/// What is wrong with the group, or with the row of the second file.
pub(super) fn wrong(facts: &Facts<'_>) -> String {
    match facts.error.code {
        Code::GroupHeadless => {
            "kein Datensatz darüber sagt, zu welchem Kunden dieser gehört".to_owned()
        }
        Code::GroupTooLarge => match (facts.param("records"), facts.param("bytes")) {
            (Some(records), Some(bytes)) => format!(
                "der Kunde hat mehr als {records} Datensätze, oder sie brauchen mehr als {bytes} Bytes"
            ),
            _ => "der Kunde hat zu viele Datensätze".to_owned(),
        },
        Code::GroupUncertain => format!(
            "der Datensatz davor{} ist nicht lesbar; niemand kann sagen, ob er zu diesem Kunden \
             gehört",
            place(facts)
        ),
        Code::JoinMissing => {
            let file = facts.phrase(" in ", "file", "");
            format!("keine Zeile gehört dazu{file}")
        }
        Code::JoinAmbiguous => {
            let file = facts.phrase(" in ", "file", "");
            let lines = match (facts.param("first_line"), facts.param("line")) {
                (Some(first), Some(second)) => format!(" (Zeilen {first} und {second})"),
                _ => String::new(),
            };
            format!("mehrere Zeilen gehören dazu{file}{lines}")
        }
        _ => format!(
            "diese Zeile gehört zu einem Kunden aus mehreren Datensätzen, der als Ganzes \
             scheitert{}",
            place(facts)
        ),
    }
}

/// What to do about it.
pub(super) fn remedy(facts: &Facts<'_>) -> String {
    match facts.error.code {
        Code::GroupHeadless => format!(
            "Jeden Kunden mit einer Zeile beginnen, die einen Wert hat in {}.",
            column_of(facts).unwrap_or_else(|| "der Spalte von `[group] by`".to_owned())
        ),
        Code::GroupTooLarge => format!(
            "Prüfen, ob {} die richtige ist für `[group] by` in der Zuordnung; sonst Datensätze herausnehmen.",
            column_of(facts).unwrap_or_else(|| "die Spalte".to_owned())
        ),
        Code::GroupUncertain => {
            "Den Datensatz davor berichtigen; dieser braucht keine Änderung.".to_owned()
        }
        Code::JoinMissing => {
            "Er wird ohne das gesendet, was in jener Datei stünde. Macht das nichts, so sagt `\"join.missing\" = \"off\"` in `[rules]` der Zuordnung nichts mehr dazu; `\"error\"` sendet keinen solchen Datensatz.".to_owned()
        }
        Code::JoinAmbiguous => {
            "Dort für jeden Datensatz nur eine Zeile lassen; oder jene Datei zur Eingabe machen, diese mit ihr verbinden und aus ihren Zeilen mit `[group]` einen Kunden machen.".to_owned()
        }
        _ => "Die anderen Zeilen des Kunden berichtigen und diese daneben stehen lassen.".to_owned(),
    }
}

/// What to do about a key that comes again, where records are grouped; none where they are not.
pub(super) fn come_again(facts: &Facts<'_>) -> Option<String> {
    let column = column_of(facts)?;
    Some(format!(
        "Die Datei nach {column} sortieren, sodass alle Zeilen eines Kunden aufeinander folgen; ist es ein anderer Kunde, so braucht er {}.",
        super::remedies::other_key(facts)
    ))
}

/// The record that is meant.
fn place(facts: &Facts<'_>) -> String {
    match (facts.param("first_record"), facts.param("first_line")) {
        (Some(record), Some(line)) => format!(" (Datensatz {record}, Zeile {line})"),
        _ => String::new(),
    }
}

fn column_of(facts: &Facts<'_>) -> Option<String> {
    let column = facts.error.params.get("grouped_by")?;
    Some(format!("Spalte `{}`", visible(column)))
}
