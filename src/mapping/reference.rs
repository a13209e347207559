//! The slow and obvious way to map a value, held field by field against the code that runs.

use std::str::FromStr;

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::{Columns, Mapping, Tally};
use crate::customer::{Kind, Part, Target};
use crate::outcome::damage::NO_DATES;
use crate::record::{Fields, Position, Record, Span};

/// Columns of the records.
const COLUMNS: usize = 4;

/// Where a text comes from.
#[derive(Clone, Debug)]
enum Origin {
    Column(usize),
    FirstOf(Vec<usize>),
    Join(Vec<usize>),
    Template(usize, usize),
    Constant,
    Default(usize),
}

/// Targets of every type, with a constant of it as the mapping writes it, and as it is sent.
fn targets() -> [(Part, &'static str, &'static str, Json); 7] {
    let day = json!("2001-02-03T00:00:00Z");
    [
        (
            Part::Customer,
            "InitialContact",
            "\"Messe\"",
            json!("Messe"),
        ),
        (Part::Customer, "AccountsReceivableNumber", "7", json!(7)),
        (Part::Customer, "IsLocked", "true", json!(true)),
        (Part::Customer, "CustomerSince", "2001-02-03", day.clone()),
        (Part::Customer, "Birthday", "2001-02-03", day),
        (Part::Billing, "Street", "\"Weg 1\"", json!("Weg 1")),
        (Part::Payment, "Discount", "5", json!(5)),
    ]
}

fn named(columns: &[usize]) -> String {
    let names: Vec<String> = columns.iter().map(|n| format!("\"c{n}\"")).collect();
    names.join(", ")
}

fn written(origin: &Origin, constant: &str) -> String {
    match origin {
        Origin::Column(n) => format!("\"c{n}\""),
        Origin::FirstOf(list) => format!("{{ first_of = [{}] }}", named(list)),
        Origin::Join(list) => format!("{{ join = [{}], with = \"+\" }}", named(list)),
        Origin::Template(a, b) => {
            format!("{{ template = \"{{{{ col['c{a}'] }}}}/{{{{ col['c{b}'] }}}}\" }}")
        }
        Origin::Constant => format!("{{ value = {constant} }}"),
        Origin::Default(n) => format!("{{ column = \"c{n}\", default = {constant} }}"),
    }
}

/// The mapping's text.
fn text(origins: &[Origin]) -> String {
    let mut parts = [String::new(), String::new(), String::new()];
    for ((part, name, constant, _), origin) in targets().iter().zip(origins) {
        let place = match part {
            Part::Customer => 0,
            Part::Billing => 1,
            _ => 2,
        };
        parts[place].push_str(&format!("{name} = {}\n", written(origin, constant)));
    }
    let [customer, billing, payment] = parts;
    format!(
        "[source]\nempty = [\"-\"]\ndecimal = \",\"\ndate = \"%d.%m.%Y\"\n\
         [customer]\nCustomerGroupId = {{ value = 1 }}\nInternalCompanyId = {{ value = 1 }}\n\
         LanguageIso = {{ value = \"DE\" }}\n{customer}\
         [customer.BillingAddress]\nCity = {{ value = \"Ulm\" }}\n\
         CountryIso = {{ value = \"DE\" }}\n{billing}\
         [customer.PaymentSettings]\n{payment}"
    )
}

/// What a column holds, if it holds anything.
fn cell(cells: &[String], column: usize) -> Option<String> {
    let text = cells[column].trim();
    (!text.is_empty() && text != "-").then(|| text.to_owned())
}

/// The text that a value is read from.
fn found(origin: &Origin, cells: &[String]) -> Option<String> {
    let filled = |list: &[usize]| -> Vec<String> {
        list.iter()
            .filter_map(|column| cell(cells, *column))
            .collect()
    };
    match origin {
        Origin::Column(column) | Origin::Default(column) => cell(cells, *column),
        Origin::FirstOf(list) => filled(list).first().cloned(),
        Origin::Join(list) => Some(filled(list).join("+")).filter(|text| !text.is_empty()),
        Origin::Template(a, b) => {
            let one = |column| cell(cells, column).unwrap_or_default();
            Some(format!("{}/{}", one(*a), one(*b)).trim().to_owned())
        }
        Origin::Constant => None,
    }
}

fn fits(expression: &str, text: &str) -> bool {
    regex::Regex::new(expression).unwrap().is_match(text)
}

/// The text in the target's type, as it is sent; none, if it is not of that type.
fn typed(kind: Kind, text: &str) -> Option<Json> {
    match kind {
        Kind::Text => Some(json!(text)),
        Kind::Integer if fits("^-?[0-9]+$", text) => text.parse::<i64>().ok().map(Json::from),
        Kind::Decimal if fits(r"^-?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?$", text) => {
            let plain = text.replace('.', "").replace(',', ".");
            let number = Decimal::from_str(&plain).ok()?.to_string();
            serde_json::from_str(&number).ok()
        }
        Kind::Boolean => match text.to_lowercase().as_str() {
            "ja" | "j" | "yes" | "y" | "true" | "1" | "x" => Some(json!(true)),
            "nein" | "n" | "no" | "false" | "0" => Some(json!(false)),
            _ => None,
        },
        Kind::DateTime => {
            let day = jiff::civil::Date::strptime("%d.%m.%Y", text).ok()?;
            let is_filler = NO_DATES.contains(&(day.year(), day.month(), day.day()));
            let is_short = day.year() < 1000 && !text.contains(&format!("{:04}", day.year()));
            (!is_filler && !is_short).then(|| json!(format!("{day}T00:00:00Z")))
        }
        _ => None,
    }
}

/// What becomes of a target: a value, nothing, or an error.
fn expected(
    origin: &Origin,
    kind: Kind,
    constant: &Json,
    cells: &[String],
) -> Result<Option<Json>, ()> {
    match (found(origin, cells), origin) {
        (None, Origin::Constant | Origin::Default(_)) => Ok(Some(constant.clone())),
        (None, _) => Ok(None),
        (Some(text), _) => typed(kind, &text).map(Some).ok_or(()),
    }
}

fn origin() -> impl Strategy<Value = Origin> {
    let column = || 0..COLUMNS;
    let columns = || proptest::collection::vec(column(), 1..4);
    prop_oneof![
        4 => column().prop_map(Origin::Column),
        1 => columns().prop_map(Origin::FirstOf),
        1 => columns().prop_map(Origin::Join),
        1 => (column(), column()).prop_map(|(a, b)| Origin::Template(a, b)),
        1 => Just(Origin::Constant),
        1 => column().prop_map(Origin::Default),
    ]
}

fn cells() -> impl Strategy<Value = Vec<String>> {
    let cell = prop_oneof![
        1 => Just(String::new()),
        1 => "[ \u{a0}]?-?[ \u{a0}]?",
        3 => "[ ]?[a-zA-Zäöüß&\"\\\\\t€😀 -]{0,14}",
        2 => "-?[0-9]{1,20}",
        2 => "-?[0-9]{1,3}(\\.[0-9]{2,3}){0,2}(,[0-9]{0,3})?",
        1 => "(ja|NEIN|x|True|0|no|j)",
        3 => "[0-3][0-9]\\.[01][0-9]\\.(19[0-9]{2}|20[0-2][0-9]|0[0-9]{3}|[0-9]{1,2})",
        1 => Just("01.01.1900".to_owned()),
        1 => "[1-9]\\.[1-9]\\.1985",
    ];
    proptest::collection::vec(cell, COLUMNS)
}

proptest! {
    #[test]
    fn each_field_is_what_the_reference_makes_of_it(
        origins in proptest::collection::vec(origin(), 7),
        rows in proptest::collection::vec(cells(), 1..6),
    ) {
        let mapping = Mapping::parse("m.toml", &text(&origins)).unwrap();
        let header: Vec<String> = (0..COLUMNS).map(|column| format!("c{column}")).collect();
        // Columns that no value reads are no mistake.
        let plan = mapping.bind(Columns::Header(&header)).unwrap();
        for cells in rows {
            let record = Record {
                position: Position { record: 1, line: 2 },
                span: Span { start: 0, end: 0 },
                fields: Fields::Cells(cells.iter().map(String::as_str).collect()),
            };
            let draft = plan.apply(&record, &mut Tally::default()).unwrap();
            let trace = plan.explain(&record);
            for ((part, name, _, constant), origin) in targets().iter().zip(&origins) {
                let target = Target::find(*part, name).unwrap();
                let value = draft.customer.get(target);
                let value = value.map(|value| serde_json::to_value(value).unwrap());
                let path = target.to_string();
                let is_wrong = draft.errors.iter().any(|error| error.target == path);
                let made = if is_wrong { Err(()) } else { Ok(value.clone()) };
                let wanted = expected(origin, target.field().kind, constant, &cells);
                prop_assert_eq!(made, wanted, "{} of {:?} by {:?}", path, cells, origin);
                let mut told = trace.objects.iter().flat_map(|object| &object.fields);
                let told = told.find(|field| field.target == path);
                prop_assert_eq!(told.and_then(|field| field.value.clone()), value);
            }
        }
    }
}
