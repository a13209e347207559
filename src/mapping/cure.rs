//! The line of the mapping that would cure an error: the line that is there, with what is
//! missing put in.
//!
//! Owns how a mapping's text is changed. Only what can be said without knowing better is
//! proposed: a step that leaves right values as they are. Whether the error is gone with it is
//! for the caller to try: the whole new mapping is handed out for that.

mod change;
mod line;

use super::Mapping;
use super::lookup_file::{self, Beside};
use super::plan::Plan;
use super::value::ValueSpec;
use crate::customer::{Part, Target};
use crate::outcome::{Cure, FieldError};
use change::Change;

/// A cure, and the mapping's text with it.
#[derive(Clone, Debug)]
pub struct CuredMapping {
    /// The line.
    pub cure: Cure,
    /// The whole mapping with that line in the place of the old one.
    pub mapping: Mapping,
}

impl Plan {
    /// The line that would cure an error of this mapping, if there is one.
    #[must_use]
    pub fn cure(&self, error: &FieldError) -> Option<CuredMapping> {
        if self.api_shaped || error.columns.is_empty() {
            return None;
        }
        let (spec, part) = self.spec_of(error)?;
        let change = Change::of(error, spec, self.compiled.key)?;
        let (text, files) = lookup_file::split(&self.text);
        let (cure, text) = match change {
            Change::Steps(steps) => line::with_steps(text, part, spec.target, &steps)?,
            Change::Empty(word) => line::with_empty(text, &word)?,
        };
        let mapping = Mapping::of("cured", &text, Beside::Kept(files)).ok()?;
        Some(CuredMapping { cure, mapping })
    }

    /// The value that the error is about. Addresses of a list are numbered as they are sent:
    /// of several that have the field, the one with the error's columns is meant.
    fn spec_of(&self, error: &FieldError) -> Option<(&ValueSpec, Part)> {
        let of_list = |part: Part| part.to_string().split('[').next().map(str::to_owned);
        let (object, name) = error.target.rsplit_once('.').unwrap_or(("", &error.target));
        let wanted = object.split('[').next().unwrap_or_default();
        let parts = self.compiled.parts.iter();
        let mut found = parts
            .flat_map(|spec| spec.values.iter().map(move |value| (value, spec.part)))
            .filter(|(value, part)| {
                value.target.field().name == name && of_list(*part).as_deref() == Some(wanted)
            });
        found.find(|(value, _)| {
            let columns = value.origin.columns().iter();
            let mut names = columns.filter_map(|column| self.bound.names.get(*column));
            names.any(|name| error.columns.contains(name))
        })
    }
}

/// Whether the field takes any text: nothing depends on how it is written.
fn is_free_text(target: Target, key: Target) -> bool {
    const WITH_A_FORM: [&str; 9] = [
        "Number",
        "LanguageIso",
        "CountryIso",
        "PostalCode",
        "PhoneNumber",
        "MobilePhoneNumber",
        "Fax",
        "EmailAddress",
        "VatID",
    ];
    let name = target.field().name;
    target != key && name != "Website" && !WITH_A_FORM.contains(&name)
}

#[cfg(test)]
mod tests;
