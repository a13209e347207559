//! A customer that passed every rule, and the ways to look at it.

use crate::customer::{CreateCustomer, Target, Value, Values, normalise_key};

/// A checked customer. Only `check` makes one, so whoever holds one may send it.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    customer: CreateCustomer,
    key: Option<String>,
}

impl Customer {
    /// The customer and its key, both checked.
    pub(super) fn new(customer: CreateCustomer, key: Option<String>) -> Self {
        Self { customer, key }
    }

    /// The key by which the ERP is asked for it, normalised as [`normalise_key`] does; none
    /// when it is unkeyed.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The customer's number as it is sent; none when Wawi is to assign one.
    #[must_use]
    pub fn number(&self) -> Option<&str> {
        self.customer.fields.text("Number")
    }

    /// The request body: JSON, UTF-8, the same bytes for the same customer.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(512);
        self.write_body(&mut body);
        body
    }

    /// Appends the request body to `buffer`.
    pub fn write_body(&self, buffer: &mut Vec<u8>) {
        // Neither memory nor these types can refuse: keys are texts and numbers finite.
        let written = serde_json::to_writer(buffer, &self.customer);
        debug_assert!(written.is_ok(), "a customer is always JSON");
    }

    /// The billing address's e-mail address in small letters, to find doubles.
    #[must_use]
    pub fn email(&self) -> Option<String> {
        let email = self.customer.billing.as_ref()?.text("EmailAddress")?;
        Some(email.to_lowercase())
    }

    /// `last name|street|postal code` of the billing address, normalised, to find doubles;
    /// none unless all three are there. Case and blanks do not count, spellings do: whether
    /// `Mueller` is `Müller`, and `Hauptstr.` the `Hauptstraße`, is not for us to say.
    #[must_use]
    pub fn person(&self) -> Option<String> {
        let billing = self.customer.billing.as_ref()?;
        let mut person = String::new();
        for (index, name) in ["LastName", "Street", "PostalCode"].into_iter().enumerate() {
            if index > 0 {
                person.push('|');
            }
            let text = normalise_key(billing.text(name)?);
            for (place, word) in text.split_whitespace().enumerate() {
                if place > 0 {
                    person.push(' ');
                }
                person.push_str(word);
            }
        }
        Some(person)
    }

    /// The customer in the API's shape.
    #[must_use]
    pub fn customer(&self) -> &CreateCustomer {
        &self.customer
    }
}

/// The normalised text of the key's target; none if it has no value.
pub(super) fn key_of(customer: &CreateCustomer, target: Target) -> Option<String> {
    let key = match customer.get(target)? {
        Value::Text(text) | Value::DateTime(text) => normalise_key(text),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.normalize().to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Unasked => return None,
    };
    (!key.is_empty()).then_some(key)
}

/// Takes away texts in which nothing stands, and then objects: nothing is sent for them.
pub(super) fn clear_blanks(customer: &mut CreateCustomer) {
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
    clear(fields);
    billing.iter_mut().for_each(clear);
    for list in [other_billing, other_shipping, other_customer] {
        list.iter_mut().for_each(clear);
    }
    for object in [shipment, custom, payment] {
        object.iter_mut().for_each(clear);
        if object.as_ref().is_some_and(Values::is_empty) {
            *object = None;
        }
    }
}

fn clear(values: &mut Values) {
    for index in 0..values.schema().fields.len() {
        if let Some(Value::Text(text)) = values.get(index)
            && text.trim_start().is_empty()
        {
            values.set(index, None);
        }
    }
}
