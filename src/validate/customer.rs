//! A customer that passed every rule, and the ways to look at it.

use crate::customer::{CreateCustomer, Target, Value, Values};
use crate::outcome::FieldError;

/// A checked customer. Only `check` makes one, so whoever holds one may send it.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer<'r> {
    customer: CreateCustomer<'r>,
    key: Option<String>,
}

impl<'r> Customer<'r> {
    /// The customer and its key, both checked.
    #[inline]
    pub(super) fn new(customer: CreateCustomer<'r>, key: Option<String>) -> Self {
        Self { customer, key }
    }

    /// The key by which the ERP is asked for it, normalised as
    /// [`normalise_key`](crate::customer::normalise_key) does; none when it is unkeyed.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The customer's number as it is sent; none when Wawi is to assign one.
    #[must_use]
    pub fn number(&self) -> Option<&str> {
        // `Number` is the schema's first field.
        self.customer.fields.text_at(0)
    }

    /// The request body: JSON, UTF-8, the same bytes for the same customer.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(1024);
        self.write_body(&mut body);
        body
    }

    /// Appends the request body to `buffer`.
    pub fn write_body(&self, buffer: &mut Vec<u8>) {
        self.customer.write_body(buffer);
    }

    /// The customer in the API's shape.
    #[must_use]
    pub fn customer(&self) -> &CreateCustomer<'r> {
        &self.customer
    }
}

/// The number of a customer of whom nothing comes with these errors, unless it is wrong itself.
pub(super) fn readable_number(
    customer: &CreateCustomer<'_>,
    errors: &[FieldError],
) -> Option<String> {
    let number = customer.fields.text_at(0)?;
    let is_wrong = errors.iter().any(|error| error.target == "Number");
    (!is_wrong).then(|| number.to_owned())
}

/// The normalised text of the key's target; none if it has no value.
pub(super) fn key_of(customer: &CreateCustomer<'_>, target: Target) -> Option<String> {
    customer.get(target)?.as_key()
}

/// Takes away texts in which nothing stands: nothing is sent for them.
pub(super) fn clear_blanks(values: &mut Values<'_>) {
    let is_blank = |value: &Value<'_>| match value {
        // Nearly every text begins with a letter or a digit.
        Value::Text(text) => {
            !text.as_bytes().first().is_some_and(u8::is_ascii_graphic)
                && text.trim_start().is_empty()
        }
        _ => false,
    };
    if values.list().iter().any(is_blank) {
        for index in 0..values.schema().fields.len() {
            if values.get(index).is_some_and(is_blank) {
                values.set(index, None);
            }
        }
    }
}
