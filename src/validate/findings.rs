//! What was found to be wrong with one record, weighed by the rules and put into the
//! schema's order.

use super::{Rules, damage};
use crate::customer::{Part, Target};
use crate::outcome::{Code, FieldError, Severity};

/// The findings about one record.
pub(super) struct Findings<'a> {
    rules: &'a Rules,
    errors: Vec<FieldError>,
    warnings: Vec<FieldError>,
}

impl<'a> Findings<'a> {
    /// Begins with what mapping found. `[rules]` holds for that too; where it says nothing,
    /// mapping's own weight stays.
    pub(super) fn new(
        rules: &'a Rules,
        mut errors: Vec<FieldError>,
        mut warnings: Vec<FieldError>,
    ) -> Self {
        let asked = |error: &FieldError| {
            let severity = rules.severities.get(&error.code).copied();
            severity.filter(|_| error.code.is_switchable())
        };
        let is_clean = errors.is_empty() && warnings.is_empty();
        if !is_clean && !rules.severities.is_empty() {
            let lighter = errors.extract_if(.., |error| {
                asked(error).is_some_and(|severity| severity != Severity::Error)
            });
            let lighter: Vec<_> = lighter.collect();
            let heavier = warnings.extract_if(.., |warning| {
                asked(warning).is_some_and(|severity| severity == Severity::Error)
            });
            errors.extend(heavier);
            warnings.extend(lighter);
            warnings.retain(|warning| asked(warning) != Some(Severity::Off));
        }
        Self {
            rules,
            errors,
            warnings,
        }
    }

    /// The rules.
    pub(super) fn rules(&self) -> &'a Rules {
        self.rules
    }

    /// Adds a finding, made only if its code is not switched off. Tells whether it is an
    /// error.
    pub(super) fn add(&mut self, code: Code, error: impl FnOnce() -> FieldError) -> bool {
        match self.rules.severity(code) {
            Severity::Error => {
                self.errors.push(error());
                true
            }
            Severity::Warn => {
                self.warnings.push(error());
                false
            }
            Severity::Off => false,
        }
    }

    /// Adds what cannot be switched off.
    pub(super) fn add_error(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// Adds `required.missing` for a target without a value, unless it is missing because
    /// mapping failed and said so.
    pub(super) fn missing(&mut self, target: impl ToString) {
        let target = target.to_string();
        if !self.has_error_at(&target) {
            self.errors
                .push(FieldError::new(Code::RequiredMissing, target));
        }
    }

    /// Whether there is an error about this very target.
    pub(super) fn has_error_at(&self, target: &str) -> bool {
        self.errors.iter().any(|error| error.target == target)
    }

    /// How many findings there are.
    pub(super) fn count(&self) -> usize {
        self.errors.len() + self.warnings.len()
    }

    /// Whether there is an error about any target of this object.
    pub(super) fn has_error_in(&self, object: &str) -> bool {
        self.errors.iter().any(|error| {
            error
                .target
                .strip_prefix(object)
                .is_some_and(|rest| rest.starts_with('.'))
        })
    }

    /// Errors and warnings, each in the schema's order and with the damage that their values
    /// show; what is about the whole record first.
    pub(super) fn into_sorted(mut self) -> (Vec<FieldError>, Vec<FieldError>) {
        for list in [&mut self.errors, &mut self.warnings] {
            list.iter_mut().for_each(damage::name);
            if list.len() > 1 {
                list.sort_by_cached_key(|error| place(&error.target));
            }
        }
        (self.errors, self.warnings)
    }
}

/// The target that a path names, for its place in the schema; an object's own path stands
/// where its first field does.
fn place(path: &str) -> Option<Target> {
    let (object, name) = path.rsplit_once('.').unwrap_or(("", path));
    part(object)
        .and_then(|part| Target::find(part, name))
        .or_else(|| {
            let part = part(path).filter(|_| !path.is_empty())?;
            Some(Target { part, index: 0 })
        })
}

/// The object that a path names.
fn part(path: &str) -> Option<Part> {
    match path {
        "" => Some(Part::Customer),
        "BillingAddress" => Some(Part::Billing),
        "Shipmentaddress" => Some(Part::Shipment),
        "CustomAddress" => Some(Part::Custom),
        "PaymentSettings" => Some(Part::Payment),
        _ => {
            let (list, index) = path.strip_suffix(']')?.split_once('[')?;
            let index = index.parse().ok()?;
            match list.strip_prefix("OtherAddresses.")? {
                "OtherBillingAddresses" => Some(Part::OtherBilling(index)),
                "OtherShippingAddresses" => Some(Part::OtherShipping(index)),
                "OtherCustomerAddresses" => Some(Part::OtherCustomer(index)),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_a_target_displays() {
        let parts = [
            Part::Customer,
            Part::Billing,
            Part::Shipment,
            Part::Custom,
            Part::OtherBilling(0),
            Part::OtherShipping(12),
            Part::OtherCustomer(3),
            Part::Payment,
        ];
        for part in parts {
            for index in 0..part.schema().fields.len() {
                let target = Target { part, index };
                assert_eq!(place(&target.to_string()), Some(target));
            }
        }
        for path in [
            "",
            "Foo",
            "BillingAddress.Foo",
            "OtherAddresses.X[0].City",
            "A[b].City",
        ] {
            assert_eq!(place(path), None, "{path}");
        }
        assert_eq!(
            place("PaymentSettings"),
            Some(Target {
                part: Part::Payment,
                index: 0
            })
        );
    }
}
