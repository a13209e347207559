//! Rules with stable codes: the last look at a customer before it may be sent.
//!
//! Owns what a valid customer is, and is the only place that can make a [`Customer`]. Pure: a
//! draft and the rules in, a verdict out. Knows nothing of files, mappings, the journal or the
//! server; what takes more than one record to see (doubles) is not found here.

mod customer;
mod damage;
mod date;
mod doubles;
mod email;
mod fields;
mod findings;
mod phone;
mod postal_code;
mod shape;
mod text;
mod vat_id;
mod website;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::Offset;

pub use customer::Customer;

use crate::customer::{CreateCustomer, Draft, Part, Target};
use crate::outcome::{Code, FieldError, Severity};
use findings::Findings;

/// How records are judged.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Weights that differ from the codes' own. Only switchable codes are looked up.
    pub severities: BTreeMap<Code, Severity>,
    /// The target that holds the key. Default: the customer's `Number`.
    pub key: Target,
    /// Whether a customer may have no key. Default: no.
    pub allow_unkeyed: bool,
    /// The last day that is not in the future, for birthdays. Default: today in the time zone
    /// where it begins first (UTC+14), so that nobody's birthday is refused by the clock.
    pub today: Date,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            severities: BTreeMap::new(),
            // `Number` is the schema's first field; a test holds that.
            key: Target {
                part: Part::Customer,
                index: 0,
            },
            allow_unkeyed: false,
            today: Offset::constant(14)
                .to_datetime(jiff::Timestamp::now())
                .date(),
        }
    }
}

impl Rules {
    /// How much a broken rule weighs. What the API itself demands cannot be made lighter.
    #[must_use]
    pub fn severity(&self, code: Code) -> Severity {
        match self.severities.get(&code) {
            Some(severity) if code.is_switchable() => *severity,
            _ => code.default_severity(),
        }
    }
}

/// The verdict on one draft.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked<'r> {
    /// The customer, or everything that is wrong with it, in the schema's order.
    pub result: Result<Customer<'r>, Vec<FieldError>>,
    /// What is odd but allowed, in the schema's order.
    pub warnings: Vec<FieldError>,
}

/// Checks a draft against every rule in one pass.
///
/// Texts in which nothing stands but blanks count as missing and are not sent. What mapping
/// found is part of the verdict and is not told twice.
#[must_use]
pub fn check<'r>(draft: Draft<'r>, rules: &Rules) -> Checked<'r> {
    let Draft {
        mut customer,
        errors,
        warnings,
    } = draft;
    customer::clear_blanks(&mut customer);
    let mut findings = Findings::new(rules, errors, warnings);
    check_parts(&customer, &mut findings);
    let key = customer::key_of(&customer, rules.key);
    if key.is_none() && !rules.allow_unkeyed {
        let target = rules.key.to_string();
        if !findings.has_error_at(&target) {
            findings.add_error(FieldError::new(Code::KeyMissing, target));
        }
    }
    let (errors, warnings) = findings.into_sorted();
    let result = if errors.is_empty() {
        Ok(Customer::new(customer, key))
    } else {
        Err(errors)
    };
    Checked { result, warnings }
}

/// Checks the customer's objects in the order in which they are sent.
fn check_parts(customer: &CreateCustomer<'_>, findings: &mut Findings<'_>) {
    fields::check(Part::Customer, &customer.fields, findings);
    match &customer.billing {
        Some(billing) => fields::check(Part::Billing, billing, findings),
        None if findings.has_error_in("BillingAddress") => {}
        None => findings.missing("BillingAddress"),
    }
    for (part, values) in [
        (Part::Shipment, &customer.shipment),
        (Part::Custom, &customer.custom),
    ] {
        if let Some(values) = values {
            fields::check(part, values, findings);
        }
    }
    let lists = [
        (
            Part::OtherBilling as fn(u16) -> Part,
            &customer.other_billing,
        ),
        (Part::OtherShipping, &customer.other_shipping),
        (Part::OtherCustomer, &customer.other_customer),
    ];
    for (part, list) in lists {
        for (index, values) in (0..=u16::MAX).zip(list) {
            fields::check(part(index), values, findings);
        }
    }
    if let Some(payment) = &customer.payment {
        fields::check(Part::Payment, payment, findings);
    }
}

#[cfg(test)]
mod tests;
