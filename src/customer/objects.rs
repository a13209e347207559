//! The objects of a customer, with their values.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::fields::{CUSTOMER, Field, Schema};
use super::{Part, Target, Value};

/// The values of one object: those that are there, in the schema's order, in one list. A bit for
/// each field of the schema says whether it has one, and thereby where it stands in the list.
#[derive(Clone, Debug)]
pub struct Values<'r> {
    schema: &'static Schema,
    filled: u32,
    list: Vec<Value<'r>>,
}

impl PartialEq for Values<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.schema, other.schema)
            && self.filled == other.filled
            && self.list == other.list
    }
}

impl<'r> Values<'r> {
    /// An object without any value.
    #[must_use]
    pub fn new(schema: &'static Schema) -> Self {
        Self {
            schema,
            filled: 0,
            list: Vec::new(),
        }
    }

    /// An object without any value, and with room for `count`.
    #[must_use]
    pub fn with_capacity(schema: &'static Schema, count: usize) -> Self {
        Self {
            schema,
            filled: 0,
            list: Vec::with_capacity(count),
        }
    }

    /// The object's schema.
    #[must_use]
    pub fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// Where the field at `index` stands in the list, or would stand.
    #[inline]
    fn place(&self, index: usize) -> usize {
        (self.filled & (bit(index).wrapping_sub(1))).count_ones() as usize
    }

    /// The value of the field at `index` of the schema.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<&Value<'r>> {
        if self.filled & bit(index) == 0 {
            return None;
        }
        self.list.get(self.place(index))
    }

    /// The value of the field `name`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Value<'r>> {
        self.get(self.schema.position(name)?)
    }

    /// The text of the field `name`, if it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.text_at(self.schema.position(name)?)
    }

    /// The text of the field at `index` of the schema, if it is text.
    #[must_use]
    #[inline]
    pub fn text_at(&self, index: usize) -> Option<&str> {
        match self.get(index)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Sets the field at `index` of the schema.
    pub fn set(&mut self, index: usize, value: Option<Value<'r>>) {
        let is_filled = self.filled & bit(index) != 0;
        match value {
            Some(value) => self.put(index, value),
            None if is_filled => {
                self.list.remove(self.place(index));
                self.filled &= !bit(index);
            }
            None => {}
        }
    }

    /// Gives the field at `index` of the schema a value.
    #[inline]
    pub(crate) fn put(&mut self, index: usize, value: Value<'r>) {
        let bit = bit(index);
        // Values are mostly made in the schema's order.
        if bit > self.filled && index < self.schema.fields.len() {
            self.filled |= bit;
            self.list.push(value);
        } else {
            self.put_among(index, value);
        }
    }

    #[inline(never)]
    fn put_among(&mut self, index: usize, value: Value<'r>) {
        let place = self.place(index);
        if self.filled & bit(index) != 0 {
            if let Some(slot) = self.list.get_mut(place) {
                *slot = value;
            }
        } else if index < self.schema.fields.len() {
            self.filled |= bit(index);
            self.list.insert(place, value);
        }
    }

    /// Whether no field has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// The fields that have a value, a bit for each index of the schema.
    pub(crate) fn filled_bits(&self) -> u32 {
        self.filled
    }

    /// Those of [`filled`](Self::filled) that have their place in a body.
    pub(super) fn sent(&self) -> impl Iterator<Item = (usize, &'static Field, &Value<'r>)> {
        self.filled()
            .filter(|(_, _, value)| **value != Value::Unasked)
    }

    /// The fields that have a value, in the schema's order.
    pub fn filled(&self) -> impl Iterator<Item = (usize, &'static Field, &Value<'r>)> {
        let mut bits = self.filled;
        self.list.iter().map(move |value| {
            let index = bits.trailing_zeros() as usize;
            bits &= bits.wrapping_sub(1);
            (index, self.schema.field(index), value)
        })
    }

    /// The values, in the schema's order.
    pub(crate) fn list(&self) -> &[Value<'r>] {
        &self.list
    }

    /// The same object, on its own.
    #[must_use]
    pub fn into_owned(self) -> Values<'static> {
        Values {
            schema: self.schema,
            filled: self.filled,
            list: self.list.into_iter().map(Value::into_owned).collect(),
        }
    }
}

/// The bit of a field; a test holds that no schema has more fields than bits.
#[inline]
fn bit(index: usize) -> u32 {
    if index < 32 { 1 << index } else { 0 }
}

impl Serialize for Values<'_> {
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
pub struct CreateCustomer<'r> {
    /// The customer's own fields.
    pub fields: Values<'r>,
    /// `BillingAddress`.
    pub billing: Option<Values<'r>>,
    /// `Shipmentaddress`.
    pub shipment: Option<Values<'r>>,
    /// `CustomAddress`.
    pub custom: Option<Values<'r>>,
    /// `OtherAddresses.OtherBillingAddresses`.
    pub other_billing: Vec<Values<'r>>,
    /// `OtherAddresses.OtherShippingAddresses`.
    pub other_shipping: Vec<Values<'r>>,
    /// `OtherAddresses.OtherCustomerAddresses`.
    pub other_customer: Vec<Values<'r>>,
    /// `PaymentSettings`.
    pub payment: Option<Values<'r>>,
}

impl Default for CreateCustomer<'_> {
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

impl<'r> CreateCustomer<'r> {
    /// The object at `part`, if the customer has it.
    #[must_use]
    pub fn part(&self, part: Part) -> Option<&Values<'r>> {
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

    /// The same customer, on its own: for whoever keeps it longer than its record.
    #[must_use]
    pub fn into_owned(self) -> CreateCustomer<'static> {
        let list = |list: Vec<Values<'r>>| list.into_iter().map(Values::into_owned).collect();
        CreateCustomer {
            fields: self.fields.into_owned(),
            billing: self.billing.map(Values::into_owned),
            shipment: self.shipment.map(Values::into_owned),
            custom: self.custom.map(Values::into_owned),
            other_billing: list(self.other_billing),
            other_shipping: list(self.other_shipping),
            other_customer: list(self.other_customer),
            payment: self.payment.map(Values::into_owned),
        }
    }

    /// The value of `target`.
    #[must_use]
    pub fn get(&self, target: Target) -> Option<&Value<'r>> {
        self.part(target.part)?.get(target.index)
    }

    /// The objects that the customer has, itself first.
    #[must_use]
    pub fn parts(&self) -> Vec<(Part, &Values<'r>)> {
        fn list<'a, 'r>(
            values: &'a [Values<'r>],
            part: fn(u16) -> Part,
        ) -> impl Iterator<Item = (Part, &'a Values<'r>)> {
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

impl Serialize for CreateCustomer<'_> {
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
struct OtherAddresses<'a, 'r>(&'a CreateCustomer<'r>);

impl<'r> OtherAddresses<'_, 'r> {
    fn lists(&self) -> [(&'static str, &[Values<'r>]); 3] {
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

impl Serialize for OtherAddresses<'_, '_> {
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
