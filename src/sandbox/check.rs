//! Checks a posted body against the published description, to the letter.
//!
//! Knows nothing of HTTP; says everything that is wrong, and the number that the body gives.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::schema::{CUSTOMER, Kind, Property};

/// What is wrong with a body, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Path of the property, e.g. `BillingAddress.City`; empty for the whole body.
    pub(super) field: String,
    /// What is wrong, without the value.
    pub(super) text: String,
    /// The value as it came, cut to 40 characters: servers echo it.
    pub(super) value: Option<String>,
}

/// Checks a body. The result is its customer number, if it has one that is text and not
/// empty, and everything that is wrong with it.
pub(super) fn check(body: &str) -> (Option<String>, Vec<Wrong>) {
    let mut found = Findings::default();
    let body = body.trim_matches([' ', '\t', '\r', '\n']);
    if body.starts_with('{') {
        found.object(body, &CUSTOMER, "");
    } else {
        found.add("", "must be a JSON object", None);
    }
    (found.number, found.wrong)
}

/// What was found in a body so far.
#[derive(Default)]
struct Findings {
    number: Option<String>,
    wrong: Vec<Wrong>,
}

impl Findings {
    fn add(&mut self, field: &str, text: &str, raw: Option<&str>) {
        self.wrong.push(Wrong {
            field: field.to_owned(),
            text: text.to_owned(),
            value: raw.map(|raw| raw.trim_matches('"').chars().take(40).collect()),
        });
    }

    fn object(&mut self, raw: &str, properties: &'static [Property], path: &str) {
        let mut json = serde_json::Deserializer::from_str(raw);
        let members = Members {
            properties,
            path,
            found: self,
        };
        let read = json.deserialize_map(members).and_then(|()| json.end());
        if read.is_err() {
            self.add(path, "is not valid JSON", None);
        }
    }

    fn objects(&mut self, raw: &str, properties: &'static [Property], path: &str) {
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw) else {
            return self.add(path, "must be an array", Some(raw));
        };
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            if item.get().starts_with('{') {
                self.object(item.get(), properties, &path);
            } else {
                self.add(&path, "must be an object", Some(item.get()));
            }
        }
    }

    fn value(&mut self, raw: &str, property: &'static Property, path: &str) {
        let nested = || join(path, property.name);
        let wrong = if raw == "null" {
            Some("must not be null".to_owned())
        } else {
            match &property.kind {
                Kind::Object(properties) if raw.starts_with('{') => {
                    return self.object(raw, properties, &nested());
                }
                Kind::Objects(properties) if raw.starts_with('[') => {
                    return self.objects(raw, properties, &nested());
                }
                kind => wrong_scalar(raw, kind),
            }
        };
        if let Some(text) = wrong {
            self.add(&nested(), &text, Some(raw));
        } else if path.is_empty() && property.name == "Number" {
            self.number = decode(raw)
                .map(Cow::into_owned)
                .filter(|number| !number.is_empty());
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// What is wrong with a value that is no object, if anything is.
fn wrong_scalar(raw: &str, kind: &Kind) -> Option<String> {
    let is_number = raw.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let wrong = match kind {
        Kind::Text { min, max } => return wrong_text(raw, *min, *max),
        Kind::Language => {
            let fine = decode(raw).is_some_and(|text| {
                text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic())
            });
            (!fine).then_some("must be a language of 2 letters")
        }
        Kind::Integer { min, max } => match raw.parse::<i64>() {
            Ok(number) if (*min..=*max).contains(&number) => None,
            Ok(_) => return Some(format!("must be between {min} and {max}")),
            Err(_) => Some("must be a whole number"),
        },
        Kind::Decimal { min, max } => match raw.parse::<f64>() {
            Ok(number) if is_number && (*min..=*max).contains(&number) => None,
            Ok(_) if is_number => return Some(format!("must be between {min} and {max}")),
            _ => Some("must be a JSON number"),
        },
        Kind::DateTime { min_year } => match decode(raw).and_then(|text| year_of(&text)) {
            Some(year) if year >= *min_year => None,
            Some(_) => return Some(format!("must be in the years {min_year} to 9999")),
            None => Some("must be a date-time with a zone (RFC 3339)"),
        },
        Kind::Boolean => (raw != "true" && raw != "false").then_some("must be true or false"),
        Kind::Object(_) => Some("must be an object"),
        Kind::Objects(_) => Some("must be an array"),
    };
    wrong.map(str::to_owned)
}

fn wrong_text(raw: &str, min: usize, max: usize) -> Option<String> {
    let Some(text) = decode(raw) else {
        return Some("must be a string".to_owned());
    };
    // A text has at least as many bytes as UTF-16 code units.
    let too_long = text.len() > max && text.encode_utf16().count() > max;
    (too_long || text.len() < min).then(|| format!("must have {min} to {max} characters"))
}

/// The text of a JSON string; none for any other value and for half a surrogate pair.
fn decode(raw: &str) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inside))
    }
}

/// The year of an RFC 3339 date-time with its zone; none if the text is anything else.
fn year_of(text: &str) -> Option<i16> {
    let number = |from: usize, to: usize| -> Option<i8> {
        let digits = text.get(from..to)?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let bytes = text.as_bytes();
    if marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
        return None;
    }
    let year = i16::from(number(0, 2)?) * 100 + i16::from(number(2, 4)?);
    jiff::civil::Date::new(year, number(5, 7)?, number(8, 10)?).ok()?;
    jiff::civil::Time::new(number(11, 13)?, number(14, 16)?, number(17, 19)?, 0).ok()?;
    let mut rest = text.get(19..)?;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        rest = fraction
            .get(digits..)
            .filter(|_| (1..=9).contains(&digits))?;
    }
    let is_zone = rest == "Z" || is_offset(rest);
    (is_zone && year > 0).then_some(year)
}

/// Whether a text is an offset from UTC like `+01:00`, at most 14 hours.
fn is_offset(text: &str) -> bool {
    let [b'+' | b'-', h1, h2, b':', m1, m2] = text.as_bytes() else {
        return false;
    };
    let digits = [*h1, *h2, *m1, *m2];
    digits.iter().all(u8::is_ascii_digit) && digits <= *b"1400" && *m1 < b'6'
}

/// Walks over the members of one object.
struct Members<'f> {
    properties: &'static [Property],
    path: &'f str,
    found: &'f mut Findings,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = 0_u32;
        while let Some(name) = map.next_key_seed(Name(self.properties))? {
            let raw: &RawValue = map.next_value()?;
            match name {
                Known::Property(index, property) => {
                    if seen & (1 << index) != 0 {
                        let field = join(self.path, property.name);
                        self.found.add(&field, "is there twice", None);
                    }
                    seen |= 1 << index;
                    self.found.value(raw.get(), property, self.path);
                }
                Known::Not(name) => {
                    let field = join(self.path, &name);
                    self.found
                        .add(&field, "is not a property of this object", None);
                }
            }
        }
        for (index, property) in self.properties.iter().enumerate() {
            if property.required && seen & (1 << index) == 0 {
                let field = join(self.path, property.name);
                self.found.add(&field, "is required", None);
            }
        }
        Ok(())
    }
}

/// Finds a member's name in the description, without a copy when it is there.
struct Name(&'static [Property]);

enum Known {
    Property(usize, &'static Property),
    Not(String),
}

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Known;

    fn deserialize<D: de::Deserializer<'de>>(self, json: D) -> Result<Known, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Known;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Known, E> {
        let mut named = self.0.iter().enumerate();
        Ok(match named.find(|(_, property)| property.name == name) {
            Some((index, property)) => Known::Property(index, property),
            None => Known::Not(name.chars().take(60).collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn full() -> Value {
        let address = json!({
            "City": "Köln", "CountryIso": "DE", "Company": "Muster GmbH", "Company2": "Einkauf",
            "FormOfAddress": "Frau", "Title": "Dr.", "FirstName": "Erika", "LastName": "Muster",
            "Street": "Domplatz 1", "Address2": "Hof", "PostalCode": "50667", "State": "NW",
            "VatID": "DE123456789", "PhoneNumber": "0221 1", "MobilePhoneNumber": "0171 1",
            "EmailAddress": "erika@example.com", "Fax": "0221 2",
        });
        json!({
            "Number": "C1", "CustomerGroupId": 1, "BillingAddress": address,
            "Shipmentaddress": address, "CustomAddress": address,
            "OtherAddresses": {
                "OtherBillingAddresses": [address, address], "OtherShippingAddresses": [],
                "OtherCustomerAddresses": [address],
            },
            "PaymentSettings": {
                "PaymentMethodId": 2, "Discount": 2.5, "PaymentTarget": 14, "CreditLimit": 500,
                "StopPaymentRequest": false,
            },
            "CustomerSince": "2023-02-01T13:30:00.0000000+00:00",
            "LastChange": "2024-02-29T00:00:00Z", "LanguageIso": "DE", "InternalCompanyId": 1,
            "CustomerCategoryId": 3, "TaxIdentificationNumber": "123/123/12345",
            "AccountsReceivableNumber": 10000, "CommercialRegisterNumber": "HRB 1234",
            "Website": "https://example.com", "InitialContact": "Amazon", "EbayUsername": "erika",
            "Birthday": "1985-01-01T00:00:00Z", "IsLocked": false, "IsCashRegisterBased": true,
        })
    }

    /// The full body with one value replaced, or taken out.
    fn with(pointer: &str, value: Option<Value>) -> String {
        let mut body = full();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = body.pointer_mut(parent).unwrap();
        match value {
            Some(value) => parent[name] = value,
            None => {
                parent.as_object_mut().unwrap().remove(name).unwrap();
            }
        }
        body.to_string()
    }

    fn fields(body: &str) -> Vec<String> {
        check(body).1.into_iter().map(|wrong| wrong.field).collect()
    }

    #[test]
    fn a_full_and_a_small_body_are_fine() {
        assert_eq!(check(&full().to_string()), (Some("C1".to_owned()), vec![]));
        let small = r#" {"CustomerGroupId":1,"BillingAddress":{"City":"K","CountryIso":"D"},
            "LanguageIso":"de","InternalCompanyId":0} "#;
        assert_eq!(check(small), (None, vec![]));
        let escaped = with("/Number", Some(json!("C\"ü\n")));
        assert_eq!(check(&escaped), (Some("C\"ü\n".to_owned()), vec![]));
    }

    #[test]
    fn what_is_required_is_missed() {
        for pointer in [
            "/CustomerGroupId",
            "/BillingAddress",
            "/LanguageIso",
            "/InternalCompanyId",
            "/BillingAddress/City",
            "/BillingAddress/CountryIso",
            "/Shipmentaddress/City",
        ] {
            let field = pointer[1..].replace('/', ".");
            assert_eq!(fields(&with(pointer, None)), [field]);
        }
    }

    #[test]
    fn every_limit_holds_to_the_character() {
        for (name, limit) in [
            ("Number", 30),
            ("TaxIdentificationNumber", 255),
            ("CommercialRegisterNumber", 255),
            ("Website", 255),
            ("InitialContact", 255),
            ("EbayUsername", 255),
            ("BillingAddress/City", 255),
            ("BillingAddress/CountryIso", 5),
            ("BillingAddress/Company", 128),
            ("BillingAddress/Company2", 60),
            ("BillingAddress/FormOfAddress", 30),
            ("BillingAddress/Title", 64),
            ("BillingAddress/FirstName", 255),
            ("BillingAddress/LastName", 255),
            ("BillingAddress/Street", 255),
            ("BillingAddress/Address2", 255),
            ("BillingAddress/PostalCode", 24),
            ("BillingAddress/State", 255),
            ("BillingAddress/VatID", 20),
            ("BillingAddress/PhoneNumber", 30),
            ("BillingAddress/MobilePhoneNumber", 30),
            ("BillingAddress/EmailAddress", 255),
            ("BillingAddress/Fax", 30),
        ] {
            let pointer = format!("/{name}");
            let filled = |count| Some(json!("ü".repeat(count)));
            assert!(fields(&with(&pointer, filled(limit))).is_empty(), "{name}");
            assert_eq!(
                fields(&with(&pointer, filled(limit + 1))),
                [name.replace('/', ".")]
            );
        }
        // One astral character takes two UTF-16 code units.
        let astral = |count| with("/BillingAddress/VatID", Some(json!("😀".repeat(count))));
        assert!(fields(&astral(10)).is_empty());
        assert_eq!(fields(&astral(11)), ["BillingAddress.VatID"]);
    }

    #[test]
    fn bad_values_are_refused() {
        for (pointer, value) in [
            ("/Number", json!(1)),
            ("/Number", json!(null)),
            ("/CustomerGroupId", json!(0)),
            ("/CustomerGroupId", json!("1")),
            ("/CustomerGroupId", json!(1.5)),
            ("/CustomerGroupId", json!(2_147_483_648_i64)),
            ("/InternalCompanyId", json!(256)),
            ("/InternalCompanyId", json!(-1)),
            ("/LanguageIso", json!("DEU")),
            ("/LanguageIso", json!("")),
            ("/LanguageIso", json!("ä")),
            ("/AccountsReceivableNumber", json!(3_000_000_000_i64)),
            ("/CustomerCategoryId", json!(true)),
            ("/PaymentSettings/Discount", json!("2.5")),
            ("/PaymentSettings/Discount", json!(100.01)),
            ("/PaymentSettings/Discount", json!(-0.1)),
            ("/PaymentSettings/CreditLimit", json!(0)),
            ("/PaymentSettings/CreditLimit", json!(10.5)),
            ("/PaymentSettings/StopPaymentRequest", json!("false")),
            ("/PaymentSettings", json!([])),
            ("/IsLocked", json!(0)),
            ("/BillingAddress", json!("Köln")),
            ("/BillingAddress", json!(null)),
            ("/BillingAddress/City", json!("")),
            ("/BillingAddress/CountryIso", json!(null)),
            ("/OtherAddresses/OtherBillingAddresses", json!("")),
            ("/OtherAddresses/OtherBillingAddresses", json!({})),
            ("/OtherAddresses/OtherShippingAddresses", json!(null)),
            ("/CustomerSince", json!("1752-12-31T23:59:59Z")),
            ("/CustomerSince", json!(1_675_258_200)),
            ("/Unknown", json!("x")),
            ("/shipmentAddress", json!({})),
            ("/BillingAddress/VatId", json!("DE1")),
        ] {
            let field = pointer[1..].replace('/', ".");
            assert_eq!(
                fields(&with(pointer, Some(value.clone()))),
                [field],
                "{value}"
            );
        }
    }

    #[test]
    fn the_place_of_a_nested_error_is_told() {
        let body = with(
            "/OtherAddresses/OtherBillingAddresses",
            Some(json!([{"City": "K", "CountryIso": "DE"}, {"City": 5}, 7])),
        );
        let path = "OtherAddresses.OtherBillingAddresses";
        assert_eq!(
            fields(&body),
            [
                format!("{path}[1].City"),
                format!("{path}[1].CountryIso"),
                format!("{path}[2]"),
            ],
        );
    }

    #[test]
    fn a_date_time_needs_calendar_and_zone() {
        for (text, fine) in [
            ("1985-01-01T00:00:00Z", true),
            ("2023-02-01T13:30:00.0000000+00:00", true),
            ("2024-02-29T23:59:59.9-14:00", true),
            ("9999-12-31T00:00:00+01:00", true),
            ("1985-01-01T", false),
            ("1985-01-01", false),
            ("1985-01-01T00:00:00", false),
            ("1985-01-01 00:00:00Z", false),
            ("1985-01-01T00:00Z", false),
            ("1985-01-01T00:00:00z", false),
            ("1985-01-01T24:00:00Z", false),
            ("1985-01-01T23:60:00Z", false),
            ("2023-02-29T00:00:00Z", false),
            ("2023-13-01T00:00:00Z", false),
            ("0000-01-01T00:00:00Z", false),
            ("+985-01-01T00:00:00Z", false),
            ("1985-01-01T00:00:00.Z", false),
            ("1985-01-01T00:00:00+15:00", false),
            ("1985-01-01T00:00:00+1:00", false),
            ("1985-01-01T00:00:00+01:60", false),
            ("1985-01-01T00:00:00Z ", false),
            ("1985-01-01T00:00:00Zü", false),
            ("", false),
        ] {
            assert_eq!(year_of(text).is_some(), fine, "{text}");
            let body = with("/Birthday", Some(json!(text)));
            assert_eq!(fields(&body).is_empty(), fine, "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for body in ["", "null", "[]", "7", "\"x\"", "<html>"] {
            assert_eq!(fields(body), [""], "{body}");
        }
        for body in ["{", "{}x", "{\"Number\":}", "{\"Number\":\"\u{1}\"}"] {
            assert!(fields(body).contains(&String::new()), "{body}");
        }
        let twice = full().to_string().replacen('{', "{\"Number\":\"C2\",", 1);
        assert_eq!(fields(&twice), ["Number"]);
        let half = full().to_string().replacen("Erika", "\\ud800", 1);
        assert_eq!(fields(&half), ["BillingAddress.FirstName"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(body in "[{}\\[\\]\":,a-zA-Z0-9\\\\ü ]{0,60}") {
            check(&body);
        }

        #[test]
        fn no_cut_body_passes(cut in 1_usize..400) {
            let body = full().to_string();
            let cut = body.floor_char_boundary(cut);
            prop_assert!(!fields(&body[..cut]).is_empty());
        }
    }
}
