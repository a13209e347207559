//! The request body: a customer's JSON, written straight into the buffer that is sent.
//!
//! Byte for byte what `serde_json` writes of the same customer, for bodies are compared by their
//! hashes across versions; the tests hold the two against each other.

use std::io::Write as _;

use rust_decimal::Decimal;

use super::bytes::{any, below, equal};
use super::objects::{CreateCustomer, Values};
use super::{Field, Value};

impl CreateCustomer<'_> {
    /// Appends the request body to `out`: JSON, UTF-8, fields in the schema's order, nothing
    /// that has no value, so that equal customers have equal bytes.
    pub fn write_body(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut is_first = true;
        members(&self.fields, &mut is_first, out);
        for (lead, values) in [
            (",\"BillingAddress\":", &self.billing),
            (",\"Shipmentaddress\":", &self.shipment),
            (",\"CustomAddress\":", &self.custom),
        ] {
            if let Some(values) = values {
                start(lead, &mut is_first, out);
                object(values, out);
            }
        }
        self.write_others(&mut is_first, out);
        if let Some(payment) = &self.payment
            && payment.sent().next().is_some()
        {
            start(",\"PaymentSettings\":", &mut is_first, out);
            object(payment, out);
        }
        out.push(b'}');
    }

    /// The three lists of further addresses as one object.
    fn write_others(&self, is_first: &mut bool, out: &mut Vec<u8>) {
        let lists = [
            (",\"OtherBillingAddresses\":", &self.other_billing),
            (",\"OtherShippingAddresses\":", &self.other_shipping),
            (",\"OtherCustomerAddresses\":", &self.other_customer),
        ];
        if lists.iter().all(|(_, list)| list.is_empty()) {
            return;
        }
        start(",\"OtherAddresses\":", is_first, out);
        out.push(b'{');
        let mut is_first = true;
        for (lead, list) in lists {
            if list.is_empty() {
                continue;
            }
            start(lead, &mut is_first, out);
            for (place, values) in list.iter().enumerate() {
                out.push(if place == 0 { b'[' } else { b',' });
                object(values, out);
            }
            out.push(b']');
        }
        out.push(b'}');
    }
}

fn object(values: &Values<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    members(values, &mut true, out);
    out.push(b'}');
}

fn members(values: &Values<'_>, is_first: &mut bool, out: &mut Vec<u8>) {
    for (_, field, value) in values.filled() {
        member(field, value, is_first, out);
    }
}

#[inline]
fn member(field: &Field, value: &Value<'_>, is_first: &mut bool, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => {
            start(field.lead, is_first, out);
            escaped(text, out);
            out.push(b'"');
        }
        Value::DateTime(moment) => {
            start(field.lead, is_first, out);
            match moment.day() {
                Some(_) => moment.with_bytes(|bytes| out.extend_from_slice(bytes)),
                None => escaped(&moment.text(), out),
            }
            out.push(b'"');
        }
        Value::Unasked => {}
        other => {
            // The lead of a text ends with its opening quotation mark.
            let lead = field.lead.strip_suffix('"').unwrap_or(field.lead);
            start(lead, is_first, out);
            match other {
                Value::Integer(number) => integer(*number, out),
                Value::Decimal(number) => decimal(*number, out),
                Value::Boolean(flag) => {
                    out.extend_from_slice(if *flag { b"true" } else { b"false" });
                }
                Value::Text(_) | Value::DateTime(_) | Value::Unasked => {}
            }
        }
    }
}

/// Writes what stands before a value; the first member of an object has no comma before it.
#[inline]
fn start(lead: &str, is_first: &mut bool, out: &mut Vec<u8>) {
    let lead = lead.as_bytes();
    let skipped = usize::from(std::mem::take(is_first));
    out.extend_from_slice(lead.get(skipped..).unwrap_or(lead));
}

/// Writes a text with what JSON has to escape.
#[inline]
fn escaped(text: &str, out: &mut Vec<u8>) {
    let is_special = |word| below(word, 0x20) | equal(word, b'"') | equal(word, b'\\');
    if any(text, is_special) {
        escape(text, out);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

#[cold]
fn escape(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            0..=0x1f => {
                // Memory does not refuse.
                let _ = write!(out, "\\u{byte:04x}");
                continue;
            }
            plain => {
                out.push(plain);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
}

fn integer(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    digits(number.unsigned_abs(), 0, out);
}

/// Writes a number with so many decimals, at most 19.
fn digits(mut number: u64, decimals: usize, out: &mut Vec<u8>) {
    // The longest number has 20 digits; a point may stand among them.
    let mut text = [b'0'; 21];
    let mut written = 0;
    for (place, slot) in text.iter_mut().rev().enumerate() {
        if decimals > 0 && place == decimals {
            *slot = b'.';
            written += 1;
            continue;
        }
        let is_needed = number > 0 || place == 0 || decimals > 0 && place <= decimals + 1;
        if !is_needed {
            break;
        }
        *slot = b'0' + (number % 10) as u8;
        number /= 10;
        written += 1;
    }
    out.extend_from_slice(text.get(text.len() - written..).unwrap_or_default());
}

fn decimal(number: Decimal, out: &mut Vec<u8>) {
    match (u64::try_from(number.mantissa()), number.scale()) {
        (Ok(mantissa), scale @ 0..=9) if number.is_sign_positive() => {
            digits(mantissa, scale as usize, out);
        }
        _ => {
            // Memory does not refuse.
            let _ = write!(out, "{number}");
        }
    }
}

#[cfg(test)]
mod tests;
