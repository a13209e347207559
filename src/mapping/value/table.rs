//! The table that a value's text is looked up in (`lookup`, `lookup_file`), and what becomes of
//! texts that it does not have (`otherwise`).

use super::constant;
use crate::customer::Target;
use crate::mapping::compile::Compiler;
use crate::mapping::constant::Constant;
use crate::mapping::error::Mistake;
use crate::mapping::lookup::{Lookup, Otherwise};
use crate::mapping::lookup_file;
use crate::mapping::steps::Steps;
use crate::mapping::syntax::Section;
use crate::outcome::both;

/// Reads the table into the steps.
pub(super) fn read(
    target: Target,
    section: &mut Section<'_, '_>,
    steps: &mut Steps,
    compiler: &mut Compiler,
) {
    let otherwise = read_otherwise(target, section, steps);
    let mut lookup = Lookup::default();
    match (section.get("lookup"), section.get("lookup_file")) {
        (None, None) => match &mut steps.names {
            Some(names) => {
                names.otherwise = otherwise;
                return;
            }
            None => {
                if let Some(place) = section.key_place("otherwise") {
                    let title = both!("`otherwise` without `lookup`", "`otherwise` ohne `lookup`");
                    section.mistake(Mistake::at(place, title));
                }
                return;
            }
        },
        (Some(_), Some(node)) => {
            return section.mistake(
                Mistake::at(
                    node.span(),
                    both!(
                        "`lookup` and `lookup_file` for one value",
                        "`lookup` und `lookup_file` für einen Wert"
                    ),
                )
                .help(both!(
                    "take one: the other's pairs can be added to it",
                    "eines davon nehmen: die Paare des anderen lassen sich dort ergänzen"
                )),
            );
        }
        (Some(_), None) => read_pairs(target, section, steps, &mut lookup),
        (None, Some(node)) => lookup_file::fill(target, node, steps, &mut lookup, compiler),
    }
    match &mut steps.names {
        // What neither table nor ERP knows: a table before a name may rename only some.
        Some(names) => {
            names.otherwise = otherwise;
            lookup.otherwise = Otherwise::Keep;
        }
        None => lookup.otherwise = otherwise,
    }
    steps.lookup = Some(lookup);
}

/// The pairs that the mapping itself writes.
fn read_pairs(target: Target, section: &mut Section<'_, '_>, steps: &Steps, lookup: &mut Lookup) {
    for (key, node) in section.entries("lookup").into_iter().flatten() {
        let result = match node.get_ref().as_str() {
            Some("") => None,
            _ => match constant(target, node, steps, Constant::Lookup, section) {
                Some(value) => Some(value),
                None => continue,
            },
        };
        if !lookup.insert(key.get_ref(), result) {
            section.mistake(
                Mistake::at(key.span(), both!("`lookup` has this key already", "diesen Schlüssel hat `lookup` schon"))
                    .help(both!("keys are compared without case and outer blanks", "Schlüssel werden ohne Groß- und Kleinschreibung und äußere Leerzeichen verglichen")),
            );
        }
    }
}

fn read_otherwise(target: Target, section: &mut Section<'_, '_>, steps: &Steps) -> Otherwise {
    let Some(node) = section.get("otherwise") else {
        return Otherwise::Missing;
    };
    match node.get_ref().as_str() {
        Some("keep") => Otherwise::Keep,
        Some("empty") => Otherwise::Empty,
        _ => constant(target, node, steps, Constant::Otherwise, section)
            .map_or(Otherwise::Missing, Otherwise::Value),
    }
}
