//! What the contract allows in a request: headers, query and body.
//!
//! Written down from the description of the API alone.

use axum::http::{HeaderMap, Method};
use serde_json::Value;

/// What a property must look like.
enum Shape {
    /// Text of at most so many UTF-16 units.
    Text(usize),
    /// Text with at least one character.
    Filled(usize),
    /// Two letters, for a language in either case.
    Language,
    /// ISO 3166 alpha-2 in capitals.
    Country,
    /// A whole number as a JSON number without a fraction.
    Whole(i64, i64),
    /// A JSON number.
    Number(f64, f64),
    /// `true` or `false`.
    Flag,
    /// RFC 3339 with a zone, in the years that the database knows.
    Moment,
    /// A moment at midnight UTC.
    Day,
    /// An object.
    Object(&'static [Rule]),
    /// A list of objects.
    List(&'static [Rule]),
}

/// One property that an object may have.
struct Rule {
    name: &'static str,
    required: bool,
    shape: Shape,
}

const fn must(name: &'static str, shape: Shape) -> Rule {
    Rule {
        name,
        required: true,
        shape,
    }
}

const fn may(name: &'static str, shape: Shape) -> Rule {
    Rule {
        name,
        required: false,
        shape,
    }
}

const INT32: i64 = i32::MAX as i64;

static CUSTOMER: &[Rule] = &[
    may("Number", Shape::Filled(30)),
    must("CustomerGroupId", Shape::Whole(1, INT32)),
    must("BillingAddress", Shape::Object(ADDRESS)),
    may("Shipmentaddress", Shape::Object(ADDRESS)),
    may("CustomAddress", Shape::Object(ADDRESS)),
    may("OtherAddresses", Shape::Object(OTHERS)),
    may("PaymentSettings", Shape::Object(PAYMENT)),
    may("CustomerSince", Shape::Moment),
    may("LastChange", Shape::Moment),
    must("LanguageIso", Shape::Language),
    must("InternalCompanyId", Shape::Whole(0, 255)),
    may("CustomerCategoryId", Shape::Whole(i32::MIN as i64, INT32)),
    may("TaxIdentificationNumber", Shape::Text(255)),
    may(
        "AccountsReceivableNumber",
        Shape::Whole(i32::MIN as i64, INT32),
    ),
    may("CommercialRegisterNumber", Shape::Text(255)),
    may("Website", Shape::Text(255)),
    may("InitialContact", Shape::Text(255)),
    may("EbayUsername", Shape::Text(255)),
    may("Birthday", Shape::Day),
    may("IsLocked", Shape::Flag),
    may("IsCashRegisterBased", Shape::Flag),
];

static ADDRESS: &[Rule] = &[
    must("City", Shape::Filled(255)),
    must("CountryIso", Shape::Country),
    may("Company", Shape::Text(128)),
    may("Company2", Shape::Text(60)),
    may("FormOfAddress", Shape::Text(30)),
    may("Title", Shape::Text(64)),
    may("FirstName", Shape::Text(255)),
    may("LastName", Shape::Text(255)),
    may("Street", Shape::Text(255)),
    may("Address2", Shape::Text(255)),
    may("PostalCode", Shape::Text(24)),
    may("State", Shape::Text(255)),
    may("VatID", Shape::Text(20)),
    may("PhoneNumber", Shape::Text(30)),
    may("MobilePhoneNumber", Shape::Text(30)),
    may("EmailAddress", Shape::Text(255)),
    may("Fax", Shape::Text(30)),
];

static OTHERS: &[Rule] = &[
    may("OtherBillingAddresses", Shape::List(ADDRESS)),
    may("OtherShippingAddresses", Shape::List(ADDRESS)),
    may("OtherCustomerAddresses", Shape::List(ADDRESS)),
];

static PAYMENT: &[Rule] = &[
    may("PaymentMethodId", Shape::Whole(i32::MIN as i64, INT32)),
    may("Discount", Shape::Number(0.0, 100.0)),
    may("PaymentTarget", Shape::Whole(i32::MIN as i64, INT32)),
    may("CreditLimit", Shape::Whole(1, INT32)),
    may("StopPaymentRequest", Shape::Flag),
];

/// What is wrong with a body: the property's path and why.
pub(crate) fn faults_of_body(body: &[u8]) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    match serde_json::from_slice::<Value>(body) {
        Ok(customer) => check(&customer, &Shape::Object(CUSTOMER), "", &mut faults),
        Err(error) => faults.push((String::new(), format!("no JSON: {error}"))),
    }
    faults
}

fn check(value: &Value, shape: &Shape, path: &str, faults: &mut Vec<(String, String)>) {
    let why = match shape {
        Shape::Object(rules) => return check_object(value, rules, path, faults),
        Shape::List(rules) => {
            let Some(items) = value.as_array() else {
                return faults.push((path.to_owned(), "must be a list".to_owned()));
            };
            for (at, item) in items.iter().enumerate() {
                check_object(item, rules, &format!("{path}[{at}]"), faults);
            }
            return;
        }
        Shape::Text(most) => fault_of_text(value, 0, *most),
        Shape::Filled(most) => fault_of_text(value, 1, *most),
        Shape::Language => fault_unless(
            is_two_letters(value, char::is_ascii_alphabetic),
            "must be two letters",
        ),
        Shape::Country => fault_unless(
            is_two_letters(value, char::is_ascii_uppercase),
            "must be two capitals",
        ),
        Shape::Whole(least, most) => match value.as_i64() {
            None => Some("must be a whole number".to_owned()),
            Some(number) => fault_unless(
                (*least..=*most).contains(&number),
                &format!("must be from {least} to {most}"),
            ),
        },
        Shape::Number(least, most) => match value.as_f64() {
            None => Some("must be a number".to_owned()),
            Some(number) => fault_unless(
                (*least..=*most).contains(&number),
                &format!("must be from {least} to {most}"),
            ),
        },
        Shape::Flag => fault_unless(value.is_boolean(), "must be true or false"),
        Shape::Moment => fault_of_moment(value),
        Shape::Day => fault_of_moment(value).or_else(|| {
            let text = value.as_str().unwrap_or_default();
            let midnight = text
                .get(10..)
                .and_then(|time| time.strip_prefix("T00:00:00"));
            // Zeros of a fraction are fine; those of an offset stand behind its sign.
            let zone = midnight.map(|rest| rest.trim_start_matches(['.', '0']));
            fault_unless(matches!(zone, Some("Z" | "+00:00")), "must be midnight UTC")
        }),
    };
    if let Some(why) = why {
        faults.push((path.to_owned(), why));
    }
}

fn check_object(value: &Value, rules: &[Rule], path: &str, faults: &mut Vec<(String, String)>) {
    let Some(object) = value.as_object() else {
        return faults.push((path.to_owned(), "must be an object".to_owned()));
    };
    let below = |name: &str| match path {
        "" => name.to_owned(),
        _ => format!("{path}.{name}"),
    };
    for (name, value) in object {
        match rules.iter().find(|rule| rule.name == name) {
            None => faults.push((below(name), "is unknown".to_owned())),
            Some(_) if value.is_null() => faults.push((below(name), "is null".to_owned())),
            Some(rule) => check(value, &rule.shape, &below(name), faults),
        }
    }
    for rule in rules.iter().filter(|rule| rule.required) {
        if !object.contains_key(rule.name) {
            faults.push((below(rule.name), "is missing".to_owned()));
        }
    }
}

fn fault_unless(holds: bool, why: &str) -> Option<String> {
    (!holds).then(|| why.to_owned())
}

fn fault_of_text(value: &Value, least: usize, most: usize) -> Option<String> {
    let Some(text) = value.as_str() else {
        return Some("must be text".to_owned());
    };
    let length = text.encode_utf16().count();
    if length > most {
        return Some(format!("is longer than {most}"));
    }
    fault_unless(length >= least, "is empty")
}

fn is_two_letters(value: &Value, is_letter: fn(&char) -> bool) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.chars().count() == 2 && text.chars().all(|c| is_letter(&c)))
}

fn fault_of_moment(value: &Value) -> Option<String> {
    let Some(text) = value.as_str() else {
        return Some("must be text with a date and time".to_owned());
    };
    let well_formed = text.as_bytes().get(10) == Some(&b'T') && !text.contains('[');
    if !well_formed || text.parse::<jiff::Timestamp>().is_err() {
        return Some("is no date-time with a zone".to_owned());
    }
    let year = text.get(..4).and_then(|year| year.parse::<u16>().ok());
    fault_unless(
        year.is_some_and(|year| (1753..=9999).contains(&year)),
        "lies outside of the years 1753 to 9999",
    )
}

/// What is wrong with the headers.
pub(super) fn faults_of_headers(method: &Method, headers: &HeaderMap) -> Vec<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut faults: Vec<String> = ["api-version", "x-appid", "x-appversion"]
        .into_iter()
        .filter(|name| text(name).is_none_or(|value| value.trim().is_empty()))
        .map(|name| format!("header {name} is missing"))
        .collect();
    let is_json = text("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if method == Method::POST && !is_json {
        faults.push("header content-type is not application/json".to_owned());
    }
    faults
}

/// What is wrong with the query of a request to the customers.
pub(super) fn faults_of_query(method: &Method, query: &[(String, String)]) -> Vec<String> {
    let is_page = |value: &str| value.parse::<u32>().is_ok_and(|number| number > 0);
    let is_id = |value: &str| value.parse::<i32>().is_ok();
    query
        .iter()
        .filter(|(name, value)| match (method.as_str(), name.as_str()) {
            ("POST", "disableAutomaticWorkflows") => !matches!(value.as_str(), "true" | "false"),
            ("GET", "pageNumber" | "pageSize") => !is_page(value),
            ("GET", "groupId" | "categoryId") => !is_id(value),
            ("GET", "number" | "searchKeyWord" | "lastChangeFrom" | "lastChangeTo") => {
                value.is_empty()
            }
            _ => true,
        })
        .map(|(name, _)| format!("query parameter {name} is unknown or has no such value"))
        .collect()
}
