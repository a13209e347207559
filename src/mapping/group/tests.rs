//! The mistakes people make with `[group]`, and what further records become.

use super::*;
use crate::mapping::{Columns, Mapping};
use crate::outcome::Code;
use crate::record::{Position, Span};

const CUSTOMER: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = "Ort"
CountryIso = { value = "DE" }
[[customer.OtherAddresses.OtherShippingAddresses]]
when = "Lager"
City = "Lager"
CountryIso = { value = "DE" }
"#;

fn brief(group: &str) -> Vec<String> {
    match Mapping::parse("m.toml", &format!("{CUSTOMER}{group}")) {
        Ok(_) => Vec::new(),
        Err(error) => error.brief(),
    }
}

#[test]
fn every_mistake_has_its_sentence() {
    let whole = "[group]\nby = \"Nr\"\ninto = \"OtherShippingAddresses\"\n[group.address]\n\
                 City = \"Ort\"\nCountryIso = { value = \"DE\" }\n";
    assert_eq!(brief(whole), [""; 0]);
    let with = |from: &str, to: &str| brief(&whole.replace(from, to));
    assert_eq!(
        with(
            "OtherShippingAddresses",
            "OtherAddresses.OtherShipingAddresses"
        ),
        [
            "`into` names no list of addresses: \"OtherAddresses.OtherShipingAddresses\" => did \
             you mean `OtherAddresses.OtherShippingAddresses`?"
        ]
    );
    assert_eq!(
        with("City = \"Ort\"\n", ""),
        [
            "the API demands City in [group.address], and nothing is mapped to it => add City = \
             \"…\", with the name of the column"
        ]
    );
    assert_eq!(
        with("City =", "unless_same_as = \"BillingAddress\"\nCity ="),
        [
            "`unless_same_as` in [group.address] => a further record is compared with no other \
             address; `when` names a column that must be filled"
        ]
    );
    assert_eq!(
        with("by = \"Nr\"", "by = \"_run\""),
        ["`_run` cannot be mapped => it is one of the columns that the report adds to failed.csv"]
    );
    assert_eq!(
        with("by = \"Nr\"", "by = [\"Nr\"]"),
        ["`by` must be text in quotes"]
    );
    assert_eq!(
        brief("[group]\nfrom = 1\n").len(),
        4,
        "an unknown key, and all that is needed"
    );
    assert_eq!(brief("[[group]]\n"), ["[group] must be a table"]);
    assert_eq!(
        brief("[group]\nby = \"Nr\"\ninto = \"OtherBillingAddresses\"\naddress = 1\n").len(),
        1
    );
}

fn record(number: u64, cells: &str) -> Record {
    Record {
        position: Position {
            record: number,
            line: number + 1,
        },
        span: Span { start: 0, end: 0 },
        fields: Fields::Cells(cells.split(';').collect()),
    }
}

#[test]
fn further_records_become_addresses_behind_the_first_one_s_own() {
    let text = format!(
        "{CUSTOMER}[group]\nby = \"Nr\"\ninto = \"OtherAddresses.OtherShippingAddresses\"\n\
         [group.address]\nwhen = \"Ort\"\nCity = \"Ort\"\nLastName = \"Name\"\n\
         PostalCode = {{ column = \"PLZ\", max = 5 }}\nCountryIso = {{ value = \"DE\" }}\n"
    );
    let header: Vec<String> = "Nr;Name;Ort;Lager;PLZ"
        .split(';')
        .map(str::to_owned)
        .collect();
    let mapping = Mapping::parse("m.toml", &text).unwrap();
    let plan = mapping.bind(Columns::Header(&header)).unwrap();
    assert_eq!(plan.group_column(), Some("Nr"));
    assert_eq!(plan.unused_columns(), [""; 0]);
    let mut tally = Tally::default();
    let lead = record(1, "C1;Muster;Bonn;Köln;");
    let further = [
        record(2, ";B;;;1"),
        record(3, ";B;Ulm;;1"),
        record(4, ";B;Jena;;123456"),
    ];
    let mut draft = plan.apply(&lead, &mut tally).unwrap();
    assert_eq!(
        plan.add(&further[0], &mut draft, &mut tally),
        None,
        "`when`"
    );
    let added = plan.add(&further[1], &mut draft, &mut tally);
    assert_eq!(added, Some(Part::OtherShipping(1)));
    let added = plan.add(&further[2], &mut draft, &mut tally);
    assert_eq!(added, Some(Part::OtherShipping(2)));
    let cities: Vec<_> = draft
        .customer
        .other_shipping
        .iter()
        .map(|it| it.text("City"))
        .collect();
    assert_eq!(cities, [Some("Köln"), Some("Ulm"), Some("Jena")]);
    let [error] = &draft.errors[..] else {
        panic!("{:?}", draft.errors);
    };
    assert_eq!(error.code, Code::LengthMax);
    assert_eq!(
        error.target,
        "OtherAddresses.OtherShippingAddresses[2].PostalCode"
    );
    assert_eq!(
        error.further_record(),
        Some(Position { record: 4, line: 5 })
    );
    assert_eq!(error.columns, ["PLZ"]);
    assert_eq!(
        plan.group_columns_of("OtherAddresses.OtherShippingAddresses[2].City"),
        ["Ort"]
    );
    assert_eq!(
        plan.columns_of("otherAddresses.otherShippingAddresses[2].city"),
        ["Ort"],
        "as a server names it"
    );
    assert_eq!(plan.group_value(&lead), GroupValue::Filled("C1".to_owned()));
    assert_eq!(
        plan.group_value_of(" C1 "),
        GroupValue::Filled("C1".to_owned())
    );
    assert_eq!(plan.group_value_of(" \u{a0}"), GroupValue::Empty);
    assert_eq!(plan.group_cell(), Some(0));
}
