//! The API's words: the fields of `CreateCustomer` and its nested objects, in one table that
//! mapping, validation, wire and documentation share.
//!
//! Names, types and limits are those of JTL-Wawi's REST API v1. Where the API's schema states
//! no length, the limit is the width of the database column behind it (Wawi 1.10.11): longer
//! text is refused there or cut, so it is an error here.

mod body;
pub(crate) mod bytes;
pub mod fields;
mod moment;
mod objects;

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use serde::ser::{Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

pub use fields::{ADDRESS, Bounds, CUSTOMER, Content, Field, Kind, PAYMENT, Schema};
pub use moment::Moment;
pub use objects::{CreateCustomer, Values};

/// A field's value in the type that the API wants. Texts are borrowed from the record, or from
/// the mapping, wherever nothing changes them on their way.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'r> {
    /// Text.
    Text(Cow<'r, str>),
    /// A whole number.
    Integer(i64),
    /// A decimal number; sent as a JSON number.
    Decimal(Decimal),
    /// Yes or no.
    Boolean(bool),
    /// A date-time with its zone, sent as RFC 3339 text.
    DateTime(Moment),
    /// An id that only the ERP can tell, while nobody has asked it (a dry run). It counts as a
    /// value, and is never part of a body.
    Unasked,
}

impl<'r> Value<'r> {
    /// A text that is borrowed.
    #[must_use]
    #[inline]
    pub fn text(text: &'r str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// The same value, borrowed from this one: no text is copied.
    #[must_use]
    #[inline]
    pub fn borrowed(&'r self) -> Self {
        match self {
            Self::Text(text) => Self::text(text),
            Self::Integer(number) => Self::Integer(*number),
            Self::Decimal(number) => Self::Decimal(*number),
            Self::Boolean(flag) => Self::Boolean(*flag),
            Self::DateTime(moment) => Self::DateTime(moment.clone()),
            Self::Unasked => Self::Unasked,
        }
    }

    /// What the value is as a key: in the form in which keys are compared; none if nothing
    /// stands in it.
    #[must_use]
    pub fn as_key(&self) -> Option<String> {
        let key = match self {
            Self::Text(text) => normalise_key(text),
            Self::DateTime(moment) => normalise_key(&moment.text()),
            Self::Integer(number) => number.to_string(),
            Self::Decimal(number) => number.normalize().to_string(),
            Self::Boolean(flag) => flag.to_string(),
            Self::Unasked => return None,
        };
        (!key.is_empty()).then_some(key)
    }

    /// The same value, on its own: for whoever keeps it longer than the record.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Integer(number) => Value::Integer(number),
            Self::Decimal(number) => Value::Decimal(number),
            Self::Boolean(flag) => Value::Boolean(flag),
            Self::DateTime(moment) => Value::DateTime(moment),
            Self::Unasked => Value::Unasked,
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::DateTime(moment) => serializer.serialize_str(&moment.text()),
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

/// A key in the form in which keys are compared, whether they come from the input or from the
/// ERP: outer blanks removed, Unicode normal form C, small letters.
///
/// Small letters stand in for full case folding: `ß` and `SS` stay different, which is safe,
/// because no two keys become equal that a case-insensitive database keeps apart.
#[must_use]
pub fn normalise_key(text: &str) -> String {
    normalised(text).into_owned()
}

/// As [`normalise_key`]; borrowed, if the text is normalised already.
#[must_use]
pub fn normalised(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let is_graphic = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let is_bare = is_graphic(bytes.first()) && is_graphic(bytes.last());
    let text = if is_bare { text } else { text.trim() };
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    if let Some(small) = small_german(text) {
        return Cow::Owned(small);
    }
    // Small letters may need composing where the capital had no composed form.
    let small = text.nfc().collect::<String>().to_lowercase();
    Cow::Owned(small.nfc().collect())
}

/// The small letters of a text with no other letters beyond ASCII than those of Latin 1: they
/// are composed, and each has its small letter 20 (hexadecimal) behind it, but for `ß`, which is
/// small.
fn small_german(text: &str) -> Option<String> {
    let mut small = String::with_capacity(text.len());
    for letter in text.chars() {
        small.push(match letter {
            '\0'..='\x7f' => letter.to_ascii_lowercase(),
            'À'..='Ö' | 'Ø'..='Þ' => char::from_u32(u32::from(letter) + 0x20)?,
            'ß'..='ö' | 'ø'..='ÿ' => letter,
            _ => return None,
        });
    }
    Some(small)
}

/// A mapped customer that nobody has checked yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft<'r> {
    /// The customer as far as it could be mapped.
    pub customer: CreateCustomer<'r>,
    /// What went wrong while mapping; validation adds to it, so that a record's errors are
    /// told all at once.
    pub errors: Vec<crate::outcome::FieldError>,
    /// What is odd but allowed.
    pub warnings: Vec<crate::outcome::FieldError>,
}

impl Draft<'_> {
    /// The same draft, on its own: for whoever keeps it longer than its record.
    #[must_use]
    pub fn into_owned(self) -> Draft<'static> {
        Draft {
            customer: self.customer.into_owned(),
            errors: self.errors,
            warnings: self.warnings,
        }
    }
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

    /// The slow and obvious way.
    fn slowly(text: &str) -> String {
        let small = text.trim().nfc().collect::<String>().to_lowercase();
        small.nfc().collect()
    }

    proptest! {
        #[test]
        fn short_cuts_normalise_as_the_long_way_does(
            text in "\\PC{0,12}|[ -~]{0,12}|[A-Za-zÀ-ÿ \u{300}-\u{30c}]{0,12}",
        ) {
            prop_assert_eq!(normalise_key(&text), slowly(&text));
        }

        #[test]
        fn a_normalised_key_stays(text in "\\PC{0,20}") {
            let key = normalise_key(&text);
            prop_assert_eq!(normalise_key(&key), key);
        }
    }
}
