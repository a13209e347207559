//! One record through mapping and validation: the same piece of code serves both passes, the
//! dry run and the report, so that they cannot disagree.

use crate::customer::Target;
use crate::mapping::{Plan, Tally};
use crate::names::Names;
use crate::outcome::{FieldError, Stage};
use crate::record::{Position, Record};
use crate::source::Entry;
use crate::validate::{self, Customer, Rules};

/// What a record turned out to be.
#[derive(Debug)]
pub(super) enum Examined {
    /// Left out by `keep_if`.
    LeftOut,
    /// It cannot be sent.
    Invalid {
        stage: Stage,
        errors: Vec<FieldError>,
        warnings: Vec<FieldError>,
    },
    /// It can be sent.
    Valid {
        customer: Box<Customer>,
        warnings: Vec<FieldError>,
    },
}

/// Mapping and rules, bound to an input.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub plan: Plan,
    pub rules: Rules,
    /// The ERP's lists that ids are held against (`--probe`); none of those that nobody asked for.
    pub known: Names,
}

impl Pipeline {
    /// Examines one entry of the input.
    pub(super) fn examine(&self, entry: &Entry, tally: &mut Tally) -> Examined {
        match entry {
            Entry::Defect(defect) => Examined::Invalid {
                stage: Stage::Source,
                errors: vec![defect.error.clone()],
                warnings: Vec::new(),
            },
            Entry::Record(record) => self.examine_record(record, None, tally),
            Entry::Odd(record, warning) => self.examine_record(record, Some(warning), tally),
        }
    }

    fn examine_record(
        &self,
        record: &Record,
        odd: Option<&FieldError>,
        tally: &mut Tally,
    ) -> Examined {
        let Some(mut draft) = self.plan.apply(record, tally) else {
            return Examined::LeftOut;
        };
        let stage = if draft.errors.is_empty() {
            Stage::Validation
        } else {
            Stage::Mapping
        };
        self.check_ids(&mut draft);
        let checked = validate::check(draft, &self.rules);
        let mut warnings = checked.warnings;
        warnings.extend(odd.cloned());
        self.name_columns(&mut warnings);
        match checked.result {
            Ok(customer) => Examined::Valid {
                customer: Box::new(customer),
                warnings,
            },
            Err(mut errors) => {
                self.name_columns(&mut errors);
                Examined::Invalid {
                    stage,
                    errors,
                    warnings,
                }
            }
        }
    }

    /// Validation knows targets only; people look for columns.
    pub(super) fn name_columns(&self, errors: &mut [FieldError]) {
        for error in errors {
            if error.columns.is_empty() && !error.target.is_empty() {
                error.columns = self.plan.columns_of(&error.target);
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
