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

use crate::customer::{CreateCustomer, Draft, Part, Target, Values};
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
    /// The number of a customer with whom something else is wrong.
    pub number: Option<String>,
}

/// Checks a draft against every rule in one pass.
///
/// Texts in which nothing stands but blanks count as missing and are not sent. What mapping
/// found is part of the verdict and is not told twice.
#[must_use]
#[inline]
pub fn check<'r>(draft: Draft<'r>, rules: &Rules) -> Checked<'r> {
    let Draft {
        mut customer,
        errors,
        warnings,
    } = draft;
    let mut findings = Findings::new(rules, errors, warnings);
    check_parts(&mut customer, &mut findings);
    let key = customer::key_of(&customer, rules.key);
    if key.is_none() && !rules.allow_unkeyed {
        let target = rules.key.to_string();
        if !findings.has_error_at(&target) {
            findings.add_error(FieldError::new(Code::KeyMissing, target));
        }
    }
    let (errors, warnings) = findings.into_sorted();
    let mut number = None;
    let result = if errors.is_empty() {
        Ok(Customer::new(customer, key))
    } else {
        number = customer::readable_number(&customer, &errors);
        Err(errors)
    };
    Checked {
        result,
        warnings,
        number,
    }
}

/// Checks the customer's objects in the order in which they are sent, each without the texts in
/// which nothing stands; of the objects that need not be there, those that have nothing else go.
fn check_parts(customer: &mut CreateCustomer<'_>, findings: &mut Findings<'_>) {
    let CreateCustomer {
        fields,
        billing,
        shipment,
        custom,
        other_billing,
        other_shipping,
        other_customer,
        payment,
    } = customer;
    check_part(Part::Customer, fields, findings);
    match billing {
        Some(billing) => check_part(Part::Billing, billing, findings),
        None if findings.has_error_in("BillingAddress") => {}
        None => findings.missing("BillingAddress"),
    }
    check_optional(Part::Shipment, shipment, findings);
    check_optional(Part::Custom, custom, findings);
    let lists = [
        (Part::OtherBilling as fn(u16) -> Part, other_billing),
        (Part::OtherShipping, other_shipping),
        (Part::OtherCustomer, other_customer),
    ];
    for (part, list) in lists {
        for (index, values) in (0..=u16::MAX).zip(list) {
            check_part(part(index), values, findings);
        }
    }
    check_optional(Part::Payment, payment, findings);
}

fn check_part(part: Part, values: &mut Values<'_>, findings: &mut Findings<'_>) {
    let odd = clear(values, findings.rules());
    fields::check(part, values, odd, findings);
}

fn check_optional(part: Part, slot: &mut Option<Values<'_>>, findings: &mut Findings<'_>) {
    let Some(values) = slot else {
        return;
    };
    let odd = clear(values, findings.rules());
    if values.is_empty() {
        *slot = None;
    } else {
        fields::check(part, values, odd, findings);
    }
}

/// Takes away texts in which nothing stands; tells which values are odd.
fn clear(values: &mut Values<'_>, rules: &Rules) -> u32 {
    let odd = fields::odd(values, rules);
    if odd != 0 {
        customer::clear_blanks(values);
    }
    odd
}

#[cfg(test)]
mod tests;
