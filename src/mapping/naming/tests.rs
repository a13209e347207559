use super::super::{Columns, Tally};
use super::*;
use crate::customer::Draft;
use crate::names::Named;
use crate::outcome::{Language, ValuesShown};
use crate::record::{Fields, Position, Record, Span};

const HEADER: [&str; 2] = ["Gruppe", "Nr"];

/// A mapping whose customer's group is `value`.
fn mapping(value: &str) -> Mapping {
    ruled(value, "")
}

/// The same, with more behind it.
fn ruled(value: &str, more: &str) -> Mapping {
    let text = format!(
        "[customer]\nNumber = \"Nr\"\nCustomerGroupId = {value}\n\
         LanguageIso = {{ value = \"DE\" }}\nInternalCompanyId = {{ value = 1 }}\n\
         [customer.BillingAddress]\nCity = \"Nr\"\nCountryIso = {{ value = \"DE\" }}\n{more}"
    );
    Mapping::parse("m.toml", &text).unwrap_or_else(|error| {
        panic!(
            "{}",
            error.render(false, Language::English, ValuesShown::Full)
        )
    })
}

fn names() -> Names {
    let entries = [
        (1, "Endkunden"),
        (2, "Händler"),
        (3, "Doppelt"),
        (7, "doppelt"),
        (8, "12"),
    ];
    let mut names = Names::default();
    let named = entries.map(|(id, name)| Named {
        id,
        name: name.to_owned(),
        is_default: None,
    });
    names.set(NameList::CustomerGroup, named.to_vec());
    names
}

fn draft(mapping: &Mapping, group: &str, names: &Names, tally: &mut Tally) -> Draft<'static> {
    let header = HEADER.map(str::to_owned);
    let plan = mapping
        .bind(Columns::Header(&header))
        .unwrap()
        .told(names)
        .unwrap();
    let record = Record {
        position: Position { record: 1, line: 2 },
        span: Span { start: 0, end: 0 },
        fields: Fields::Cells([group, "K1"].into_iter().collect()),
    };
    plan.apply(&record, tally).unwrap().into_owned()
}

/// The group's id, or the codes and parameters of what is wrong.
fn group(value: &str, text: &str) -> String {
    let draft = draft(&mapping(value), text, &names(), &mut Tally::default());
    match draft.errors.first() {
        None => match draft.customer.fields.named("CustomerGroupId") {
            Some(Value::Integer(id)) => id.to_string(),
            other => format!("{other:?}"),
        },
        Some(error) => format!("{} {:?}", error.code, error.params),
    }
}

const PLAIN: &str = r#"{ column = "Gruppe", as = "customer_group" }"#;

#[test]
fn names_become_ids_without_regard_to_case_and_blanks() {
    for (text, id) in [
        ("Endkunden", "1"),
        (" HÄNDLER ", "2"),
        ("12", "8"),
        ("", "None"),
    ] {
        assert_eq!(group(PLAIN, text), id, "{text}");
    }
}

#[test]
fn what_is_no_name_is_an_error_that_tells_the_names() {
    let told = group(PLAIN, "Gold");
    assert!(told.starts_with("lookup.missing"), "{told}");
    assert!(told.contains("`Endkunden`, `Händler`"), "{told}");
    // A number is a name like any other: nobody guesses that it is an id.
    assert!(group(PLAIN, "2").starts_with("lookup.missing"));
    let told = group(PLAIN, "Doppelt");
    assert!(told.starts_with("lookup.ambiguous"), "{told}");
    assert!(told.contains("3 and 7"), "{told}");
}

#[test]
fn otherwise_says_what_else_becomes_of_a_text() {
    let with = |otherwise: &str, text: &str| {
        let value = format!(
            r#"{{ column = "Gruppe", as = "customer_group", otherwise = {otherwise}, default = 5 }}"#
        );
        group(&value, text)
    };
    assert_eq!(with(r#""keep""#, "2"), "2");
    assert_eq!(with(r#""keep""#, "12"), "8");
    assert!(with(r#""keep""#, "Gold").starts_with("type.integer"));
    assert_eq!(with(r#""empty""#, "Gold"), "5");
    assert_eq!(with(r#""Händler""#, "Gold"), "2");
    assert_eq!(with("9", "Gold"), "9");
    assert_eq!(with("9", ""), "5");
}

#[test]
fn a_table_or_replacements_before_it_rename() {
    let table = r#"{ column = "Gruppe", lookup = { "EK" = "Endkunden", "X" = 4, "-" = "" }, as = "customer_group" }"#;
    for (text, id) in [("ek", "1"), ("X", "4"), ("-", "None"), ("Händler", "2")] {
        assert_eq!(group(table, text), id, "{text}");
    }
    assert!(group(table, "Gold").starts_with("lookup.missing"));
    let replaced = r#"{ column = "Gruppe", replace = { "gruppe:" = "" }, as = "customer_group" }"#;
    assert_eq!(group(replaced, "gruppe: Händler"), "2");
}

#[test]
fn a_rule_that_is_lighter_takes_a_number_as_it_is() {
    let mapping = ruled(PLAIN, "[rules]\n\"lookup.missing\" = \"warn\"\n");
    let draft = draft(&mapping, "2", &names(), &mut Tally::default());
    assert_eq!(
        draft.customer.fields.named("CustomerGroupId"),
        Some(&Value::Integer(2))
    );
    assert_eq!(draft.warnings.first().unwrap().code, Code::LookupMissing);
}

#[test]
fn names_in_the_mapping_are_looked_up_too() {
    assert_eq!(
        group(r#"{ value = "endkunden", as = "customer_group" }"#, "x"),
        "1"
    );
    assert_eq!(
        group(
            r#"{ column = "Gruppe", as = "customer_group", default = "Händler" }"#,
            ""
        ),
        "2"
    );
    let header = HEADER.map(str::to_owned);
    let wrong = mapping(
        r#"{ column = "Gruppe", as = "customer_group", default = "Endkundn", otherwise = "Doppelt", lookup = { "a" = "Nirgends" } }"#,
    )
    .bind(Columns::Header(&header))
    .unwrap()
    .told(&names())
    .unwrap_err();
    let told = wrong.render(false, Language::English, ValuesShown::Full);
    assert_eq!(wrong.count(), 3, "{told}");
    for part in [
        "the ERP has no customer group `Endkundn`",
        "did you mean `Endkunden`?",
        "several customer groups called `Doppelt`: 3 and 7",
        "no customer group `Nirgends`",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn while_nobody_asked_a_name_counts_as_a_value_that_is_not_sent() {
    let mapping = mapping(
        r#"{ column = "Gruppe", as = "customer_group", default = "Endkunden", lookup = { "H" = "Händler" } }"#,
    );
    assert_eq!(mapping.name_lists(), [NameList::CustomerGroup]);
    assert_eq!(
        mapping.id_lists(),
        [NameList::CustomerGroup, NameList::Company]
    );
    let mut tally = Tally::default();
    for text in ["Gold", "gold", "Silber", "h", ""] {
        let draft = draft(&mapping, text, &Names::default(), &mut tally);
        assert_eq!(draft.errors, [], "{text}");
        assert_eq!(
            draft.customer.fields.named("CustomerGroupId"),
            Some(&Value::Unasked)
        );
        let body = serde_json::to_value(&draft.customer).unwrap();
        assert_eq!(body["Number"], "K1");
        assert_eq!(body.get("CustomerGroupId"), None);
    }
    let unasked = &tally.unasked[&NameList::CustomerGroup];
    assert_eq!(unasked.count, 3);
    assert_eq!(
        unasked.names.values().collect::<Vec<_>>(),
        ["Gold", "Silber"]
    );
    let header = HEADER.map(str::to_owned);
    let plan = mapping.bind(Columns::Header(&header)).unwrap();
    let mut written = plan.unasked_names()[&NameList::CustomerGroup].clone();
    written.sort();
    assert_eq!(written, ["Endkunden", "Händler"]);
    let told = plan.told(&names()).unwrap();
    assert!(told.unasked_names().is_empty());
}
