//! How records are cut into customers.

use proptest::prelude::*;

use super::*;
use crate::mapping::{Columns, Mapping};
use crate::record::{Defect, Fields, Record, Span};

const MAPPING: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
City = "Ort"
CountryIso = { value = "DE" }
[group]
by = "Nr"
into = "OtherShippingAddresses"
[group.address]
City = "Ort"
CountryIso = { value = "DE" }
"#;

fn plan() -> Plan {
    let header = ["Nr".to_owned(), "Ort".to_owned()];
    let mapping = Mapping::parse("m.toml", MAPPING).unwrap();
    mapping.bind(Columns::Header(&header)).unwrap()
}

/// An entry of ten bytes; `!` is a defect that nobody can read.
fn entry(number: u64, value: &str) -> Entry {
    let position = Position {
        record: number,
        line: number + 1,
    };
    let span = Span {
        start: number * 10,
        end: number * 10 + 10,
    };
    if value == "!" {
        let error = FieldError::new(Code::RecordRagged, "");
        let cells = Some(vec![b"x".to_vec()]);
        return Entry::Defect(Defect {
            position,
            span,
            error,
            cells,
        });
    }
    Entry::Record(Record {
        position,
        span,
        fields: Fields::Cells([value, "Bonn"].into_iter().collect()),
    })
}

fn groups_of(values: &[String], cap: Cap) -> Vec<Group> {
    let plan = plan();
    let by = By {
        plan: &plan,
        source: None,
    };
    let entries = values
        .iter()
        .zip(1..)
        .map(|(value, number)| Ok(entry(number, value)));
    let groups = Groups::new(entries, Some(by), cap);
    groups.map(Result::unwrap).collect()
}

/// The groups as `records` with the fault; a further record of one with too many as `+record`.
fn told(values: &str, cap: Cap) -> Vec<String> {
    let values: Vec<String> = values
        .split(' ')
        .map(|value| value.replace('-', ""))
        .collect();
    let tell = |group: &Group| {
        let records: Vec<String> = group
            .entries()
            .map(|entry| position_of(entry).record.to_string())
            .collect();
        let fault = group.faults.first().map(|fault| format!(" {}", fault.code));
        let rest = group
            .rest_of
            .map_or(String::new(), |lead| format!("{}+", lead.record));
        format!("{rest}{}{}", records.join(","), fault.unwrap_or_default())
    };
    groups_of(&values, cap).iter().map(tell).collect()
}

#[test]
fn the_same_value_or_none_goes_on_with_the_customer_above() {
    assert_eq!(told("a - - b b - a", CAP), ["1,2,3", "4,5,6", "7"]);
    assert_eq!(
        told("a A", CAP),
        ["1", "2"],
        "values are compared as they are"
    );
    assert_eq!(told("- - a -", CAP), ["1,2 group.headless", "3,4"]);
}

#[test]
fn what_cannot_be_read_takes_its_neighbours_along() {
    assert_eq!(
        told("a ! - b c", CAP),
        ["1,2,3", "4 group.uncertain", "5"],
        "the blank row may be of `b`"
    );
    assert_eq!(told("a ! b c", CAP), ["1,2", "3 group.uncertain", "4"]);
    assert_eq!(told("a ! a b", CAP), ["1,2,3", "4"]);
    assert_eq!(told("! - b ! ! b", CAP), ["1,2", "3,4,5,6 group.uncertain"]);
    assert_eq!(told("! b", CAP), ["1", "2 group.uncertain"]);
}

#[test]
fn a_customer_of_too_many_records_is_not_kept() {
    let cap = Cap {
        records: 2,
        bytes: 1000,
    };
    assert_eq!(
        told("a - - - b -", cap),
        ["1,2 group.too_large", "1+3", "1+4", "5,6"]
    );
    assert_eq!(told("a - -", cap), ["1,2 group.too_large", "1+3"]);
    let cap = Cap {
        records: 9,
        bytes: 25,
    };
    assert_eq!(told("a - - b", cap), ["1,2 group.too_large", "1+3", "4"]);
    assert_eq!(told("- - -", cap), ["1,2 group.headless", "1+3"]);
}

#[test]
fn without_a_group_each_record_is_a_customer() {
    let entries = (1..=3).map(|number| Ok(entry(number, "a")));
    let groups: Vec<Group> = Groups::new(entries, None, CAP)
        .map(Result::unwrap)
        .collect();
    assert!(
        groups
            .iter()
            .all(|group| group.records() == 1 && group.rest_of.is_none())
    );
    assert_eq!(groups.len(), 3);
}

#[test]
fn an_error_ends_the_groups_and_the_one_that_was_begun() {
    let plan = plan();
    let by = By {
        plan: &plan,
        source: None,
    };
    let broken = SourceError::Edited {
        path: "in.csv".into(),
    };
    let entries = [Ok(entry(1, "a")), Ok(entry(2, "b")), Err(broken)];
    let mut groups = Groups::new(entries.into_iter(), Some(by), CAP);
    assert_eq!(groups.next().unwrap().unwrap().records(), 1);
    assert!(groups.next().unwrap().is_err());
    assert!(
        groups.next().is_none(),
        "the second customer may not be whole"
    );
}

proptest! {
    /// However records are cut, each is handed out once and in its order; a customer is never
    /// larger than the cap, and all of its readable records have its value or none.
    #[test]
    fn every_record_comes_exactly_once(
        values in prop::collection::vec(
            prop::sample::select(vec!["a", "b", "c", "", "", "!"]), 0..60),
        records in 1_usize..8,
        bytes in 10_u64..90,
    ) {
        let values: Vec<String> = values.into_iter().map(str::to_owned).collect();
        let groups = groups_of(&values, Cap { records, bytes });
        let mut seen = Vec::new();
        for group in &groups {
            prop_assert!(group.members.len() < records);
            prop_assert!(group.rest_of.is_none() || group.members.is_empty());
            let mut named = Vec::new();
            for entry in group.entries() {
                let record = position_of(entry).record;
                seen.push(record);
                let value = values[usize::try_from(record).unwrap() - 1].as_str();
                if !matches!(value, "" | "!") {
                    named.push(value);
                }
            }
            named.dedup();
            let is_led_by_nobody = matches!(values[usize::try_from(group.position().record).unwrap() - 1].as_str(), "" | "!");
            prop_assert!(named.len() <= 1 && (named.is_empty() || !is_led_by_nobody || group.rest_of.is_some()));
        }
        let all: Vec<u64> = (1..=values.len() as u64).collect();
        prop_assert_eq!(seen, all);
    }
}
