//! Input that already has the API's shape: read strictly by type and passed through. Names are
//! the API's, exactly; nothing is repaired but outer blanks.

use jiff::civil::Date;
use serde_json::{Map, Value as Json};

use super::convert::{self, DateStyle};
use super::suggest::closest;
use super::trim::trimmed;
use crate::customer::{Content, CreateCustomer, Draft, Kind, Part, Target, Value, Values};
use crate::outcome::{Code, FieldError};

/// Reads an object that has `CreateCustomer`'s shape.
pub(super) fn draft(object: &Map<String, Json>) -> Draft<'_> {
    let mut draft = Draft::default();
    let Draft {
        customer, errors, ..
    } = &mut draft;
    for (key, json) in object {
        match key.as_str() {
            "BillingAddress" => customer.billing = values(Part::Billing, json, errors),
            "Shipmentaddress" => customer.shipment = values(Part::Shipment, json, errors),
            "CustomAddress" => customer.custom = values(Part::Custom, json, errors),
            "PaymentSettings" => customer.payment = values(Part::Payment, json, errors),
            "OtherAddresses" => others(json, customer, errors),
            _ => property(Part::Customer, key, json, &mut customer.fields, errors),
        }
    }
    draft
}

/// The names of the nested objects, for suggestions.
const NESTED: [&str; 5] = [
    "BillingAddress",
    "Shipmentaddress",
    "CustomAddress",
    "PaymentSettings",
    "OtherAddresses",
];

fn values<'r>(part: Part, json: &'r Json, errors: &mut Vec<FieldError>) -> Option<Values<'r>> {
    let object = match json {
        Json::Null => return None,
        Json::Object(object) => object,
        _ => {
            errors.push(not_shaped(part.to_string(), "object"));
            return None;
        }
    };
    let mut values = Values::new(part.schema());
    for (key, json) in object {
        property(part, key, json, &mut values, errors);
    }
    Some(values)
}

fn others<'r>(json: &'r Json, customer: &mut CreateCustomer<'r>, errors: &mut Vec<FieldError>) {
    let object = match json {
        Json::Null => return,
        Json::Object(object) => object,
        _ => return errors.push(not_shaped("OtherAddresses".to_owned(), "object")),
    };
    for (key, json) in object {
        let (list, part): (_, fn(u16) -> Part) = match key.as_str() {
            "OtherBillingAddresses" => (&mut customer.other_billing, Part::OtherBilling),
            "OtherShippingAddresses" => (&mut customer.other_shipping, Part::OtherShipping),
            "OtherCustomerAddresses" => (&mut customer.other_customer, Part::OtherCustomer),
            _ => {
                let path = format!("OtherAddresses.{key}");
                errors.push(FieldError::new(Code::PropertyUnknown, &*path).in_columns([&path]));
                continue;
            }
        };
        match json {
            Json::Null => {}
            Json::Array(addresses) => {
                for address in addresses {
                    let number = u16::try_from(list.len()).unwrap_or(u16::MAX);
                    list.extend(values(part(number), address, errors));
                }
            }
            _ => errors.push(not_shaped(format!("OtherAddresses.{key}"), "array")),
        }
    }
}

fn not_shaped(path: String, expected: &str) -> FieldError {
    FieldError::new(Code::TypeText, &*path)
        .in_columns([path])
        .with("expected", expected)
}

fn property<'r>(
    part: Part,
    key: &str,
    json: &'r Json,
    values: &mut Values<'r>,
    errors: &mut Vec<FieldError>,
) {
    let Some(target) = Target::find(part, key) else {
        errors.push(unknown(part, key));
        return;
    };
    match typed(target, json) {
        Ok(value) => values.set(target.index, value),
        Err((code, expected)) => {
            let path = target.to_string();
            let text = match json {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            let error = FieldError::new(code, &*path)
                .in_columns([&path])
                .with("expected", expected);
            errors.push(error.of_value(text));
        }
    }
}

fn unknown(part: Part, key: &str) -> FieldError {
    let path = match part {
        Part::Customer => key.to_owned(),
        part => format!("{part}.{key}"),
    };
    let error = FieldError::new(Code::PropertyUnknown, &*path).in_columns([&path]);
    let fields = part.schema().fields.iter().map(|field| field.name);
    let nested = NESTED.into_iter().filter(|_| part == Part::Customer);
    match closest(key, fields.chain(nested)) {
        Some(meant) => error.with("suggestion", meant),
        None => error,
    }
}

fn typed(target: Target, json: &Json) -> Result<Option<Value<'_>>, (Code, &'static str)> {
    let field = target.field();
    match (field.kind, json) {
        (_, Json::Null) => Ok(None),
        (Kind::Text | Kind::DateTime, Json::String(text)) if trimmed(text).is_empty() => Ok(None),
        (Kind::Text, Json::String(text)) => Ok(Some(Value::text(trimmed(text)))),
        (Kind::Text, _) => Err((Code::TypeText, "string")),
        (Kind::Integer, Json::Number(number)) => convert::integer(number.as_str())
            .map(|number| Some(Value::Integer(number)))
            .ok_or((Code::TypeInteger, "123")),
        (Kind::Integer, _) => Err((Code::TypeInteger, "123")),
        (Kind::Decimal, Json::Number(number)) => convert::json_decimal(number.as_str())
            .map(|number| Some(Value::Decimal(number)))
            .ok_or((Code::TypeDecimal, "1.5")),
        (Kind::Decimal, _) => Err((Code::TypeDecimal, "1.5")),
        (Kind::Boolean, Json::Bool(flag)) => Ok(Some(Value::Boolean(*flag))),
        (Kind::Boolean, _) => Err((Code::TypeBoolean, "true/false")),
        (Kind::DateTime, Json::String(text)) => {
            let style = DateStyle {
                formats: Vec::new(),
                birthday: field.content == Content::Birthday,
            };
            let date = style.read(trimmed(text), Date::MAX);
            date.map(|date| Some(Value::DateTime(date)))
                .map_err(|_| (Code::TypeDate, "YYYY-MM-DD"))
        }
        (Kind::DateTime, _) => Err((Code::TypeDate, "YYYY-MM-DD")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Map<String, Json> {
        match serde_json::from_str(json) {
            Ok(Json::Object(object)) => object,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_has_the_api_s_shape_passes() {
        let json = r#"{"Number":"C1","CustomerGroupId":1,"LanguageIso":"DE","Birthday":"1985-01-01T00:00:00Z","BillingAddress":{"City":"Ulm","CountryIso":"DE"},"OtherAddresses":{"OtherShippingAddresses":[{"City":"Bonn","CountryIso":"DE"}]},"PaymentSettings":{"Discount":2.50}}"#;
        let object = read(json);
        let draft = draft(&object);
        assert_eq!(draft.errors, []);
        assert_eq!(serde_json::to_string(&draft.customer).unwrap(), json);
    }

    #[test]
    fn types_and_names_are_strict() {
        let object = read(
            r#"{"number":"C1","CustomerGroupId":"1","IsLocked":1,"Birthday":"31.12.1985","Website":null,
                "BillingAddress":{"City":5,"Email":"a@b.de"},"Shipmentaddress":"x",
                "OtherAddresses":{"Foo":[],"OtherBillingAddresses":[{"Zip":"1"}]}}"#,
        );
        let draft = draft(&object);
        let seen: Vec<_> = draft
            .errors
            .iter()
            .map(|error| {
                let suggestion = error.params.get("suggestion").map_or("", String::as_str);
                (error.target.as_str(), error.code, suggestion)
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("number", Code::PropertyUnknown, "Number"),
                ("CustomerGroupId", Code::TypeInteger, ""),
                ("IsLocked", Code::TypeBoolean, ""),
                ("Birthday", Code::TypeDate, ""),
                ("BillingAddress.City", Code::TypeText, ""),
                (
                    "BillingAddress.Email",
                    Code::PropertyUnknown,
                    "EmailAddress"
                ),
                ("Shipmentaddress", Code::TypeText, ""),
                ("OtherAddresses.Foo", Code::PropertyUnknown, ""),
                (
                    "OtherAddresses.OtherBillingAddresses[0].Zip",
                    Code::PropertyUnknown,
                    ""
                ),
            ]
        );
    }
}
