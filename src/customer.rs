//! The API's words: the fields of `CreateCustomer` and its nested objects, in one table that
//! mapping, validation, wire and documentation share.
//!
//! Names, types and limits are those of JTL-Wawi's REST API v1. Where the API's schema states
//! no length, the limit is the width of the database column behind it (Wawi 1.10.11): longer
//! text is refused there or cut, so it is an error here.

pub mod fields;

use std::fmt;

use rust_decimal::Decimal;
use serde::ser::{Serialize, SerializeMap, Serializer};
use unicode_normalization::UnicodeNormalization;

pub use fields::{ADDRESS, Bounds, CUSTOMER, Field, Kind, PAYMENT, Schema};

/// A field's value in the type that the API wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A decimal number; sent as a JSON number.
    Decimal(Decimal),
    /// Yes or no.
    Boolean(bool),
    /// A date-time with its zone, as RFC 3339 text.
    DateTime(String),
    /// An id that only the ERP can tell, while nobody has asked it (a dry run). It counts as a
    /// value, and is never part of a body.
    Unasked,
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) | Self::DateTime(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Decimal(number) => {
                rust_decimal::serde::arbitrary_precision::serialize(number, serializer)
            }
            Self::Boolean(flag) => serializer.serialize_bool(*flag),
            Self::Unasked => serializer.serialize_none(),
        }
    }
}

/// The objects that a customer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The customer itself.
    Customer,
    /// `BillingAddress`.
    Billing,
    /// `Shipmentaddress`.
    Shipment,
    /// `CustomAddress`.
    Custom,
    /// `OtherAddresses.OtherBillingAddresses[n]`.
    OtherBilling(u16),
    /// `OtherAddresses.OtherShippingAddresses[n]`.
    OtherShipping(u16),
    /// `OtherAddresses.OtherCustomerAddresses[n]`.
    OtherCustomer(u16),
    /// `PaymentSettings`.
    Payment,
}

impl Part {
    /// The object's schema.
    #[must_use]
    pub fn schema(self) -> &'static Schema {
        match self {
            Self::Customer => &CUSTOMER,
            Self::Payment => &PAYMENT,
            _ => &ADDRESS,
        }
    }

    /// Whether the object is an address.
    #[must_use]
    pub fn is_address(self) -> bool {
        !matches!(self, Self::Customer | Self::Payment)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer => Ok(()),
            Self::Billing => f.write_str("BillingAddress"),
            Self::Shipment => f.write_str("Shipmentaddress"),
            Self::Custom => f.write_str("CustomAddress"),
            Self::OtherBilling(n) => write!(f, "OtherAddresses.OtherBillingAddresses[{n}]"),
            Self::OtherShipping(n) => write!(f, "OtherAddresses.OtherShippingAddresses[{n}]"),
            Self::OtherCustomer(n) => write!(f, "OtherAddresses.OtherCustomerAddresses[{n}]"),
            Self::Payment => f.write_str("PaymentSettings"),
        }
    }
}

/// One field of one object. Its `Display` is the path that reports use: `BillingAddress.City`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The object.
    pub part: Part,
    /// The field's index in the object's schema.
    pub index: usize,
}

impl Target {
    /// The target `name` of `part`, by the API's exact spelling.
    #[must_use]
    pub fn find(part: Part, name: &str) -> Option<Self> {
        let index = part.schema().position(name)?;
        Some(Self { part, index })
    }

    /// The field's definition.
    #[must_use]
    pub fn field(self) -> &'static Field {
        self.part.schema().field(self.index)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.part == Part::Customer {
            f.write_str(self.field().name)
        } else {
            write!(f, "{}.{}", self.part, self.field().name)
        }
    }
}

/// The values of one object, a slot for each field of its schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    schema: &'static Schema,
    slots: Box<[Option<Value>]>,
}

impl Values {
    /// An object without any value.
    #[must_use]
    pub fn new(schema: &'static Schema) -> Self {
        Self {
            schema,
            slots: vec![None; schema.fields.len()].into_boxed_slice(),
        }
    }

    /// The object's schema.
    #[must_use]
    pub fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// The value of the field at `index` of the schema.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Value> {
        self.slots.get(index)?.as_ref()
    }

    /// The value of the field `name`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.get(self.schema.position(name)?)
    }

    /// The text of the field `name`, if it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.named(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Sets the field at `index` of the schema.
    pub fn set(&mut self, index: usize, value: Option<Value>) {
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = value;
        }
    }

    /// Whether no field has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.iter().all(Option::is_none)
    }

    /// Those of [`filled`](Self::filled) that have their place in a body.
    fn sent(&self) -> impl Iterator<Item = (usize, &'static Field, &Value)> {
        self.filled()
            .filter(|(_, _, value)| **value != Value::Unasked)
    }

    /// The fields that have a value, in the schema's order.
    pub fn filled(&self) -> impl Iterator<Item = (usize, &'static Field, &Value)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let value = slot.as_ref()?;
            Some((index, self.schema.field(index), value))
        })
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (_, field, value) in self.sent() {
            map.serialize_entry(field.name, value)?;
        }
        map.end()
    }
}

/// A customer in the API's shape. Serialises to the JSON body: fields in the schema's order,
/// nothing that has no value, so that equal customers have equal bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateCustomer {
    /// The customer's own fields.
    pub fields: Values,
    /// `BillingAddress`.
    pub billing: Option<Values>,
    /// `Shipmentaddress`.
    pub shipment: Option<Values>,
    /// `CustomAddress`.
    pub custom: Option<Values>,
    /// `OtherAddresses.OtherBillingAddresses`.
    pub other_billing: Vec<Values>,
    /// `OtherAddresses.OtherShippingAddresses`.
    pub other_shipping: Vec<Values>,
    /// `OtherAddresses.OtherCustomerAddresses`.
    pub other_customer: Vec<Values>,
    /// `PaymentSettings`.
    pub payment: Option<Values>,
}

impl Default for CreateCustomer {
    fn default() -> Self {
        Self {
            fields: Values::new(&CUSTOMER),
            billing: None,
            shipment: None,
            custom: None,
            other_billing: Vec::new(),
            other_shipping: Vec::new(),
            other_customer: Vec::new(),
            payment: None,
        }
    }
}

impl CreateCustomer {
    /// The object at `part`, if the customer has it.
    #[must_use]
    pub fn part(&self, part: Part) -> Option<&Values> {
        match part {
            Part::Customer => Some(&self.fields),
            Part::Billing => self.billing.as_ref(),
            Part::Shipment => self.shipment.as_ref(),
            Part::Custom => self.custom.as_ref(),
            Part::OtherBilling(n) => self.other_billing.get(usize::from(n)),
            Part::OtherShipping(n) => self.other_shipping.get(usize::from(n)),
            Part::OtherCustomer(n) => self.other_customer.get(usize::from(n)),
            Part::Payment => self.payment.as_ref(),
        }
    }

    /// The value of `target`.
    #[must_use]
    pub fn get(&self, target: Target) -> Option<&Value> {
        self.part(target.part)?.get(target.index)
    }

    /// The objects that the customer has, itself first.
    #[must_use]
    pub fn parts(&self) -> Vec<(Part, &Values)> {
        fn list(values: &[Values], part: fn(u16) -> Part) -> impl Iterator<Item = (Part, &Values)> {
            (0..=u16::MAX).map(part).zip(values)
        }
        let single = [
            (Part::Customer, Some(&self.fields)),
            (Part::Billing, self.billing.as_ref()),
            (Part::Shipment, self.shipment.as_ref()),
            (Part::Custom, self.custom.as_ref()),
            (Part::Payment, self.payment.as_ref()),
        ];
        single
            .into_iter()
            .filter_map(|(part, values)| Some((part, values?)))
            .chain(list(&self.other_billing, Part::OtherBilling))
            .chain(list(&self.other_shipping, Part::OtherShipping))
            .chain(list(&self.other_customer, Part::OtherCustomer))
            .collect()
    }
}

impl Serialize for CreateCustomer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (_, field, value) in self.fields.sent() {
            map.serialize_entry(field.name, value)?;
        }
        let single = [
            ("BillingAddress", &self.billing),
            ("Shipmentaddress", &self.shipment),
            ("CustomAddress", &self.custom),
        ];
        for (name, values) in single {
            if let Some(values) = values {
                map.serialize_entry(name, values)?;
            }
        }
        let others = OtherAddresses(self);
        if !others.is_empty() {
            map.serialize_entry("OtherAddresses", &others)?;
        }
        if let Some(payment) = &self.payment
            && payment.sent().next().is_some()
        {
            map.serialize_entry("PaymentSettings", payment)?;
        }
        map.end()
    }
}

/// The three lists of further addresses as one JSON object.
struct OtherAddresses<'a>(&'a CreateCustomer);

impl OtherAddresses<'_> {
    fn lists(&self) -> [(&'static str, &[Values]); 3] {
        [
            ("OtherBillingAddresses", self.0.other_billing.as_slice()),
            ("OtherShippingAddresses", self.0.other_shipping.as_slice()),
            ("OtherCustomerAddresses", self.0.other_customer.as_slice()),
        ]
    }

    fn is_empty(&self) -> bool {
        self.lists().iter().all(|(_, list)| list.is_empty())
    }
}

impl Serialize for OtherAddresses<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, list) in self.lists() {
            if !list.is_empty() {
                map.serialize_entry(name, list)?;
            }
        }
        map.end()
    }
}

/// A key in the form in which keys are compared, whether they come from the input or from the
/// ERP: outer blanks removed, Unicode normal form C, small letters.
///
/// Small letters stand in for full case folding: `ß` and `SS` stay different, which is safe,
/// because no two keys become equal that a case-insensitive database keeps apart.
#[must_use]
pub fn normalise_key(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Small letters may need composing where the capital had no composed form.
    let small = text.nfc().collect::<String>().to_lowercase();
    small.nfc().collect()
}

/// A mapped customer that nobody has checked yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// The customer as far as it could be mapped.
    pub customer: CreateCustomer,
    /// What went wrong while mapping; validation adds to it, so that a record's errors are
    /// told all at once.
    pub errors: Vec<crate::outcome::FieldError>,
    /// What is odd but allowed.
    pub warnings: Vec<crate::outcome::FieldError>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_that_a_database_would_take_for_one_become_one() {
        let table = [
            (" C1005486 ", "c1005486"),
            ("\u{a0}Müller\t", "müller"),
            ("Mu\u{308}ller", "müller"),
            ("MÜLLER", "müller"),
            ("J\u{30c}", "ǰ"),
            ("H\u{331}-1", "ẖ-1"),
            ("", ""),
            ("Straße", "straße"),
        ];
        for (text, key) in table {
            assert_eq!(normalise_key(text), key, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_normalised_key_stays(text in "\\PC{0,20}") {
            let key = normalise_key(&text);
            prop_assert_eq!(normalise_key(&key), key);
        }
    }
}
