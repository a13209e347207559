//! One customer's records through mapping and validation: the same piece of code serves both
//! passes, the dry run and the report, so that they cannot disagree.

use std::sync::Arc;

use super::groups::Group;
use super::join::Join;
use crate::customer::{Part, Target};
use crate::mapping::{MappingError, Plan, Tally};
use crate::names::Names;
use crate::outcome::{FieldError, Severity, Stage};
use crate::record::{Position, Record};
use crate::source::Entry;
use crate::validate::{self, Customer, Rules};

/// What a customer's records turned out to be. Errors and warnings about a further record carry
/// its place (`at`).
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are valid, and none is kept: a box would be made for every record"
)]
pub(super) enum Examined<'g> {
    /// Left out by `keep_if`.
    LeftOut,
    /// It cannot be sent.
    Invalid {
        stage: Stage,
        errors: Vec<FieldError>,
        warnings: Vec<FieldError>,
        /// Its customer number, if that can be read: it may be sent once the rest is corrected.
        number: Option<String>,
    },
    /// It can be sent. The customer borrows from its records.
    Valid {
        customer: Customer<'g>,
        warnings: Vec<FieldError>,
    },
}

/// Mapping and rules, bound to an input.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub plan: Plan,
    /// The second file, if there is one.
    pub join: Option<Arc<Join>>,
    pub rules: Rules,
    /// What the ERP said about names: the plan knows it, and so does whoever binds another
    /// mapping to the same input.
    pub told: Names,
    /// The ERP's lists that ids are held against (`--probe`); none of those that nobody asked for.
    pub known: Names,
}

impl Pipeline {
    /// Tells the mapping what the ERP said about names.
    ///
    /// # Errors
    /// Names of the mapping that the ERP does not have, or has more than once.
    pub(super) fn tell(&mut self, names: Names) -> Result<(), MappingError> {
        self.plan = self.plan.told(&names)?;
        self.told = names;
        Ok(())
    }

    /// Examines one customer. `keep_if` is asked about its first record alone. A record that
    /// cannot be read spoils all of them, also those that would have been left out: nobody knows
    /// whether it belongs there.
    pub(super) fn examine<'g>(&'g self, group: &'g Group, tally: &mut Tally) -> Examined<'g> {
        let mut errors = group.faults.clone();
        let mut odd = Vec::new();
        for missing in &group.missing {
            match self.rules.severity(missing.code) {
                Severity::Error => errors.push(missing.clone()),
                Severity::Warn => odd.push(missing.clone()),
                Severity::Off => {}
            }
        }
        for (index, entry) in group.entries().enumerate() {
            let (list, error) = match entry {
                Entry::Record(_) => continue,
                Entry::Odd(_, warning) => (&mut odd, warning),
                Entry::Defect(defect) => {
                    tally.saw_unread(defect.position);
                    (&mut errors, &defect.error)
                }
            };
            let mut error = error.clone();
            error.at = (index > 0).then(|| Box::new(position_of(entry)));
            list.push(error);
        }
        let unreadable = |errors| Examined::Invalid {
            stage: Stage::Source,
            errors,
            warnings: Vec::new(),
            number: None,
        };
        let Some(lead) = record_of(&group.lead).filter(|_| !group.is_hopeless()) else {
            return unreadable(errors);
        };
        match self.plan.apply(lead, tally) {
            None if errors.is_empty() => Examined::LeftOut,
            None => unreadable(errors),
            Some(mut draft) => {
                let mut added = Vec::new();
                for record in group.members.iter().filter_map(record_of) {
                    let part = self.plan.add(record, &mut draft, tally);
                    added.extend(part.map(|part| (part, record.position)));
                }
                let stage = match (errors.is_empty(), draft.errors.is_empty()) {
                    (false, _) => Stage::Source,
                    (true, false) => Stage::Mapping,
                    (true, true) => Stage::Validation,
                };
                self.check_ids(&mut draft);
                let checked = validate::check(draft, &self.rules);
                let mut warnings = checked.warnings;
                warnings.extend(odd);
                self.name_places(&mut warnings, &added);
                match checked.result {
                    Ok(customer) if errors.is_empty() => Examined::Valid { customer, warnings },
                    result => {
                        let number = match &result {
                            Ok(customer) => customer.number().map(str::to_owned),
                            Err(_) => checked.number,
                        };
                        errors.extend(result.err().unwrap_or_default());
                        self.name_places(&mut errors, &added);
                        Examined::Invalid {
                            stage,
                            errors,
                            warnings,
                            number,
                        }
                    }
                }
            }
        }
    }

    /// Validation knows targets only; people look for records and columns.
    fn name_places(&self, errors: &mut [FieldError], added: &[(Part, Position)]) {
        if !added.is_empty() {
            for error in errors.iter_mut().filter(|error| error.at.is_none()) {
                let of_it = |part: &Part| {
                    let rest = error.target.strip_prefix(&part.to_string());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                };
                let record = added.iter().find(|(part, _)| of_it(part));
                error.at = record.map(|(_, position)| Box::new(*position));
            }
        }
        self.name_columns(errors);
    }

    /// Names the columns behind the targets.
    pub(super) fn name_columns(&self, errors: &mut [FieldError]) {
        for error in errors {
            if error.columns.is_empty() && !error.target.is_empty() {
                error.columns = match error.at {
                    None => self.plan.own_columns_of(&error.target),
                    Some(_) => self.plan.group_columns_of(&error.target),
                };
            }
        }
    }

    /// The field that identifies a customer.
    pub(super) fn key(&self) -> Target {
        self.rules.key
    }
}

/// Where an entry stands.
pub(super) fn position_of(entry: &Entry) -> Position {
    match entry {
        Entry::Record(record) | Entry::Odd(record, _) => record.position,
        Entry::Defect(defect) => defect.position,
    }
}

/// The record, if it could be read.
pub(super) fn record_of(entry: &Entry) -> Option<&Record> {
    match entry {
        Entry::Record(record) | Entry::Odd(record, _) => Some(record),
        Entry::Defect(_) => None,
    }
}
