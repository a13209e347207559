//! What a run that went on says of its starts.

use super::thousands_in;
use crate::outcome::{Language, Summary, both};

/// Which figures of a run that went on are of this start only; none if one start did it all.
#[must_use]
pub fn resumed(summary: &Summary, language: Language) -> Option<String> {
    if !summary.resumed {
        return None;
    }
    let number = |number| thousands_in(number, language);
    let created = summary.counts.created;
    let before = summary.conditions.created_before.min(created);
    let (all, earlier, since) = (number(created), number(before), number(created - before));
    let customers = match before {
        0 if created == 0 => both!(
            "No customer was created by any start.",
            "Kein Start hat einen Kunden angelegt."
        ),
        1 if created == 1 => both!(
            "The 1 created was known as created before this start.",
            "Der 1 angelegte war schon vor diesem Start als angelegt bekannt."
        ),
        0 if created == 1 => both!(
            "The 1 created was not known as created before this start.",
            "Der 1 angelegte war vor diesem Start noch nicht als angelegt bekannt."
        ),
        _ if before == created => both!(
            "All {all} created were known as created before this start.",
            "Alle {all} angelegten waren schon vor diesem Start als angelegt bekannt."
        ),
        0 => both!(
            "None of the {all} created was known as created before this start.",
            "Von den {all} angelegten war vor diesem Start noch keiner als angelegt bekannt."
        ),
        _ => {
            let was = match before {
                1 => both!("was", "war"),
                _ => both!("were", "waren"),
            };
            let are = match created - before {
                1 => both!("is", "ist"),
                _ => both!("are", "sind"),
            };
            both!([was, are]
                "{earlier} of the {all} created {was} known as created before this start, {since} \
                 {are} new.",
                "Von den {all} angelegten {was} {earlier} schon vor diesem Start als angelegt \
                 bekannt, {since} {are} neu."
            )
        }
    };
    let rest = both!(
        "Time and requests are those of this start, all else is of the whole run.",
        "Dauer und Anfragen sind die dieses Starts, alles andere gilt für den ganzen Lauf."
    );
    let (customers, rest) = (customers.told_in(language), rest.told_in(language));
    Some(format!("{customers} {rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_customer_of_a_resumed_run_is_one() {
        let told = |before, created, language| {
            let mut summary = Summary {
                resumed: true,
                ..Summary::default()
            };
            summary.counts.created = created;
            summary.conditions.created_before = before;
            let told = resumed(&summary, language).unwrap();
            told.split_inclusive('.').next().unwrap().to_owned()
        };
        for (before, created, english, german) in [
            (
                1,
                1,
                "The 1 created was known as created before this start.",
                "Der 1 angelegte war schon vor diesem Start als angelegt bekannt.",
            ),
            (
                0,
                1,
                "The 1 created was not known as created before this start.",
                "Der 1 angelegte war vor diesem Start noch nicht als angelegt bekannt.",
            ),
            (
                1,
                2,
                "1 of the 2 created was known as created before this start, 1 is new.",
                "Von den 2 angelegten war 1 schon vor diesem Start als angelegt bekannt, 1 ist neu.",
            ),
            (
                2,
                4,
                "2 of the 4 created were known as created before this start, 2 are new.",
                "Von den 4 angelegten waren 2 schon vor diesem Start als angelegt bekannt, 2 sind neu.",
            ),
        ] {
            assert_eq!(told(before, created, Language::English), english);
            assert_eq!(told(before, created, Language::German), german);
        }
    }
}
