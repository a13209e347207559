//! The body held against `serde_json`, which is the slow and obvious way to write it.

use std::borrow::Cow;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::*;

fn value() -> impl Strategy<Value = Option<Value<'static>>> {
    let number = prop_oneof![any::<i64>(), -20_i64..20, Just(i64::MIN), Just(i64::MAX)];
    prop_oneof![
        4 => Just(None),
        2 => "\\PC{0,40}".prop_map(|text| Some(Value::Text(Cow::Owned(text)))),
        2 => "[ -~äß€😀\u{0}-\u{1f}\u{7f}]{0,30}".prop_map(|text| Some(Value::Text(Cow::Owned(text)))),
        1 => "[\"\\\\/\n\r\t\u{8}\u{c}]{0,9}".prop_map(|text| Some(Value::Text(Cow::Owned(text)))),
        1 => number.clone().prop_map(|number| Some(Value::Integer(number))),
        2 => (number, 0_u32..=28).prop_map(|(n, scale)| Some(Value::Decimal(Decimal::new(n, scale)))),
        1 => any::<i128>().prop_map(|n| Decimal::try_from_i128_with_scale(n, 7).ok().map(Value::Decimal)),
        1 => any::<bool>().prop_map(|flag| Some(Value::Boolean(flag))),
        1 => "[0-9]{4}-[01][0-9]-[0-3][0-9]T00:00:00Z|\\PC{0,9}"
            .prop_map(|text| Some(Value::DateTime(text.into()))),
        1 => Just(Some(Value::Unasked)),
    ]
}

fn object(part: Part) -> impl Strategy<Value = Values<'static>> {
    let schema = part.schema();
    proptest::collection::vec(value(), schema.fields.len()).prop_map(move |list| {
        let mut values = Values::new(schema);
        // Not in the schema's order.
        for (index, value) in list.into_iter().enumerate().rev() {
            values.set(index, value);
        }
        values
    })
}

fn customer() -> impl Strategy<Value = CreateCustomer<'static>> {
    let address = || proptest::option::of(object(Part::Billing));
    let list = || proptest::collection::vec(object(Part::Billing), 0..3);
    (
        object(Part::Customer),
        (address(), address(), address()),
        (list(), list(), list()),
        proptest::option::of(object(Part::Payment)),
    )
        .prop_map(|(fields, single, lists, payment)| CreateCustomer {
            fields,
            billing: single.0,
            shipment: single.1,
            custom: single.2,
            other_billing: lists.0,
            other_shipping: lists.1,
            other_customer: lists.2,
            payment,
        })
}

proptest! {
    #[test]
    fn the_body_is_byte_for_byte_what_serde_json_writes(customer in customer()) {
        let mut body = b"before".to_vec();
        customer.write_body(&mut body);
        let slow = serde_json::to_string(&customer).unwrap();
        prop_assert_eq!(String::from_utf8(body).unwrap(), format!("before{slow}"));
    }
}

#[test]
fn leads_are_made_of_names() {
    for schema in [&CUSTOMER, &ADDRESS, &PAYMENT] {
        for field in schema.fields {
            assert_eq!(field.lead, format!(",\"{}\":\"", field.name));
        }
    }
}
