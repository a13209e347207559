//! What a bound mapping makes of records.

use super::super::{Columns, Mapping};
use super::*;
use crate::outcome::Code;
use crate::outcome::{Language, ValuesShown};
use crate::record::{Position, Span};

const TODAY: Date = jiff::civil::date(2026, 11, 24);

fn mapping(more: &str, address: &str) -> Mapping {
    let text = format!(
        "[customer]\nCustomerGroupId = {{ value = 1 }}\nInternalCompanyId = {{ value = 1 }}\n\
         LanguageIso = {{ value = \"DE\" }}\n{more}\n\
         [customer.BillingAddress]\nCity = \"Ort\"\nCountryIso = {{ value = \"DE\" }}\n{address}\n"
    );
    Mapping::parse("m.toml", &text).unwrap()
}

fn header(names: &str) -> Vec<String> {
    names.split(';').map(str::to_owned).collect()
}

fn record(fields: Fields) -> Record {
    Record {
        position: Position { record: 1, line: 2 },
        span: Span { start: 0, end: 0 },
        fields,
    }
}

fn cells(cells: &str) -> Record {
    record(Fields::Cells(cells.split(';').collect()))
}

fn object(json: &str) -> Record {
    record(Fields::Object(serde_json::from_str(json).unwrap()))
}

/// The draft of one record with these cells under this header.
fn draft(mapping: &Mapping, names: &str, row: &str) -> Draft<'static> {
    let plan = mapping
        .bind_on(TODAY, Columns::Header(&header(names)))
        .unwrap();
    let record = cells(row);
    let draft = plan.apply(&record, &mut Tally::default());
    draft.unwrap().into_owned()
}

fn body(draft: &Draft<'_>, part: &str) -> String {
    let json = serde_json::to_value(&draft.customer).unwrap();
    json.get(part).map(ToString::to_string).unwrap_or_default()
}

fn errors(draft: &Draft<'_>) -> Vec<(String, Code, String)> {
    let line = |error: &crate::outcome::FieldError| {
        (error.target.clone(), error.code, error.columns.join(","))
    };
    draft.errors.iter().map(line).collect()
}

#[test]
fn columns_are_found_in_spite_of_case_blanks_and_marks() {
    let mapping = mapping("Number = \"Kunden-Nr.\"", "");
    for names in [
        "Kunden-Nr.;Ort",
        "\u{feff}kunden-nr.;ORT",
        " KUNDEN-NR.\u{a0};ort ",
        "Kunden-Nr.;ort;Ort",
    ] {
        assert!(
            mapping.bind(Columns::Header(&header(names))).is_ok(),
            "{names}"
        );
    }
    let exact = draft(&mapping, "kunden-nr.;Kunden-Nr.;Ort", "1;2;Ulm");
    assert_eq!(body(&exact, "Number"), "\"2\"");
}

#[test]
fn columns_that_are_not_there_are_shown_with_a_suggestion() {
    let mapping = mapping("Number = \"Kundennummer\"", "Street = \"Straße\"");
    let names = header("Kunden-Nr.;Ort;Ort;Name;_run");
    let error = mapping.bind(Columns::Header(&names)).unwrap_err();
    insta::assert_snapshot!(error.render(false, Language::English, ValuesShown::Full), @r#"
    error: the input has no column `Kundennummer`
     --> m.toml:5:10
      |
    5 | Number = "Kundennummer"
      |          ^^^^^^^^^^^^^^
      |
      = help: did you mean `Kunden-Nr.`?

    error: the input has 2 columns `Ort`
     --> m.toml:7:8
      |
    7 | City = "Ort"
      |        ^^^^^
      |
      = help: they are columns number 2, 3; rename all but one in the input

    error: the input has no column `Straße`
     --> m.toml:9:10
      |
    9 | Street = "Straße"
      |          ^^^^^^^^
      |
      = help: its columns are `Kunden-Nr.`, `Ort`, `Ort`, `Name`
    "#);
    assert_eq!(
        error.to_string(),
        "m.toml:5:10: the input has no column `Kundennummer` (and 2 more mistakes)"
    );
}

/// A line of values, or another file, is one mistake, and none of the mapping.
#[test]
fn what_is_no_header_is_told_once() {
    let mapping = mapping("Number = \"Kundennummer\"", "Street = \"Straße\"");
    let bind = |names: &str| mapping.bind(Columns::Header(&header(names))).unwrap_err();
    let error = bind("C1;Ulm;Weg 1").at_input(std::path::Path::new("k.csv"));
    assert!(error.is_of_input());
    assert!(
        error.to_string().starts_with(
            "k.csv: the first line that is read does not look like a header: none of the 3"
        ),
        "{error}"
    );
    for (names, is_of_input, count) in [
        ("C1;Ulm;Weg 1", true, 1),
        (";;", true, 1),
        ("Kundennummer,Ort,Straße", true, 1),
        // Only one of the three is like none that is wanted.
        ("Kunden-Nr.;Strasse;PLZ", false, 3),
        ("Kundennummer;Strasse;PLZ", false, 2),
        ("Kundennummer", false, 1),
        // The mapping says that there is no header.
        ("1;2;3", false, 3),
    ] {
        let error = bind(names);
        assert_eq!(error.is_of_input(), is_of_input, "{names}: {error}");
        assert_eq!(error.count(), count, "{names}: {error}");
        error.must_have_german();
        let placed = error.at_input(std::path::Path::new("k.csv")).to_string();
        assert_eq!(placed.starts_with("k.csv: "), is_of_input, "{placed}");
    }
}

#[test]
fn duplicate_headers_matter_only_when_used() {
    let names = header("Ort;Notiz;Notiz;;");
    let plan = mapping("", "").bind(Columns::Header(&names)).unwrap();
    assert_eq!(plan.unused_columns(), ["Notiz", "Notiz"]);
}

#[test]
fn dropped_columns_may_be_missing_but_not_misspelt() {
    let one = mapping("[source]\ndrop = [\"cPasswort\"]", "");
    let bind = |names: &str| one.bind(Columns::Header(&header(names)));
    assert_eq!(
        bind("Ort;CPASSWORT").unwrap().dropped_columns(),
        ["CPASSWORT"]
    );
    assert!(bind("Ort;_run").unwrap().dropped_columns().is_empty());
    let two = mapping("[source]\ndrop = [\"pass\", \"passwd\"]", "");
    let plan = two.bind(Columns::Header(&header("Ort;passwd"))).unwrap();
    assert_eq!(plan.dropped_columns(), ["passwd"]);
    let error = bind("Ort;cPassword").unwrap_err();
    assert_eq!(
        error.brief(),
        ["the input has no column `cPasswort` to drop => did you mean `cPassword`?"]
    );
    let help = error.help().unwrap().english;
    assert_eq!(help, "a column of the input is spelt almost so");
}

#[test]
fn optional_addresses_need_something_from_the_input() {
    let text = "[customer.Shipmentaddress]\nCity = \"LOrt\"\nCountryIso = { default = \"DE\" }\n\
                FormOfAddress = { column = \"Anrede\", as = \"salutation\" }";
    let mapping = mapping("", text);
    for (row, wanted) in [
        ("Ulm;;", ""),
        ("Ulm; \u{a0};not_specified", ""),
        ("Ulm;Bonn;", "{\"City\":\"Bonn\",\"CountryIso\":\"DE\"}"),
        (
            "Ulm;;Herr",
            "{\"CountryIso\":\"DE\",\"FormOfAddress\":\"Herr\"}",
        ),
    ] {
        let draft = draft(&mapping, "Ort;LOrt;Anrede", row);
        assert_eq!(body(&draft, "Shipmentaddress"), wanted, "{row}");
    }
}

#[test]
fn addresses_that_repeat_another_are_left_out() {
    let text = "PostalCode = \"PLZ\"\nPhoneNumber = { column = \"Tel\", as = \"phone\" }\n\
        [customer.Shipmentaddress]\nunless_same_as = \"BillingAddress\"\nCity = \"LOrt\"\n\
        CountryIso = { default = \"AT\" }\nPostalCode = \"LPLZ\"\n\
        PhoneNumber = { column = \"LTel\", as = \"phone\" }";
    let mapping = mapping("", text);
    let names = "Ort;PLZ;Tel;LOrt;LPLZ;LTel";
    for (row, kept, wrong) in [
        ("Ulm;89073;1;Ulm;89073;1", false, 0),
        ("Ulm;89073;1;Ulm;;", false, 0),
        ("Ulm;89073;1;Bonn;53111;", true, 0),
        ("Ulm;;1;Ulm;89073;", true, 0),
        // The same mistake in both is one mistake; another one is not hidden.
        ("Ulm;;x;Ulm;;x", false, 1),
        ("Ulm;;x;Ulm;;y", true, 2),
        ("Ulm;;1;Ulm;;y", true, 1),
    ] {
        let draft = draft(&mapping, names, row);
        assert_eq!(draft.customer.shipment.is_some(), kept, "{row}");
        assert_eq!(draft.errors.len(), wrong, "{row}");
    }
}

#[test]
fn addresses_of_a_list_are_numbered_as_they_are_sent() {
    let one = |n: u8| {
        format!(
            "[[customer.OtherAddresses.OtherShippingAddresses]]\nwhen = \"W{n}\"\n\
             City = \"L{n}\"\nCountryIso = {{ column = \"C{n}\", as = \"country\" }}\n"
        )
    };
    let mapping = mapping("", &format!("{}{}", one(1), one(2)));
    let names = "Ort;W1;L1;C1;W2;L2;C2";
    let draft = draft(&mapping, names, "Ulm;;Bonn;DE;x;Wien;XX");
    assert_eq!(draft.customer.other_shipping.len(), 1);
    let list = "OtherAddresses.OtherShippingAddresses";
    let path = format!("{list}[0].CountryIso");
    assert_eq!(
        errors(&draft),
        [(path.clone(), Code::CountryUnknown, "C2".to_owned())]
    );
    let plan = mapping.bind(Columns::Header(&header(names))).unwrap();
    for (path, columns) in [
        (path.as_str(), &["C1", "C2"][..]),
        (
            "otherAddresses.otherShippingAddresses[1].countryIso",
            &["C2"],
        ),
        ("OtherAddresses.OtherShippingAddresses.City", &["L1", "L2"]),
        ("City", &["Ort", "L1", "L2"]),
        ("$.billingAddress.city", &["Ort"]),
        ("BillingAddress", &["Ort"]),
        ("Nonsense", &[]),
    ] {
        assert_eq!(plan.columns_of(path), columns, "{path}");
    }
}

#[test]
fn required_makes_a_field_obligatory_and_errors_name_what_was_read() {
    let mapping = mapping(
        "Number = { first_of = [\"Nr\", \"Id\"], required = true }\n\
         CustomerCategoryId = { first_of = [\"A\", \"B\"] }",
        "Street = { join = [\"Str\", \"Nr\"], max = 3 }",
    );
    let names = "Nr;Id;A;B;Ort;Str";
    let draft1 = draft(&mapping, names, ";;;x;Ulm;Weg");
    assert_eq!(
        errors(&draft1),
        [
            (
                "Number".to_owned(),
                Code::RequiredMissing,
                "Nr,Id".to_owned()
            ),
            (
                "CustomerCategoryId".to_owned(),
                Code::TypeInteger,
                "B".to_owned()
            ),
        ]
    );
    let draft2 = draft(&mapping, names, "7;;1;;Ulm; Weg");
    assert_eq!(
        errors(&draft2),
        [(
            "BillingAddress.Street".to_owned(),
            Code::LengthMax,
            "Str,Nr".to_owned()
        ),]
    );
    assert_eq!(draft2.errors[0].value.as_deref(), Some(" Weg 7"));
    assert_eq!(draft2.errors[0].params["max"], "3");
}

#[test]
fn rows_may_be_short_or_long() {
    let draft = draft(&mapping("Number = \"Nr\"", ""), "Ort;Nr", "Ulm");
    assert_eq!(
        (body(&draft, "Number"), draft.errors.len()),
        (String::new(), 0)
    );
}

#[test]
fn json_values_keep_their_type() {
    let mapping = mapping(
        "[source]\ndecimal = \",\"\n[customer.PaymentSettings]\nDiscount = \"discount\"\n\
         PaymentMethodId = \"pay\"\nStopPaymentRequest = \"stop\"\n",
        "PostalCode = \"address.zip\"\nStreet = \"lines[0]\"\nState = \"a.b\"",
    );
    let plan = mapping.bind(Columns::Keys).unwrap();
    let mut tally = Tally::default();
    let record = object(
        r#"{"Ort":" Ulm ","discount":1.50,"pay":12,"stop":false,"address":{"zip":89073},"lines":["Weg 1"],"a.b":"x","a":{"b":"y"}}"#,
    );
    let draft = plan.apply(&record, &mut tally).unwrap();
    assert_eq!(draft.errors, []);
    assert_eq!(
        body(&draft, "PaymentSettings"),
        r#"{"PaymentMethodId":12,"Discount":1.50,"StopPaymentRequest":false}"#
    );
    assert_eq!(
        body(&draft, "BillingAddress"),
        r#"{"City":"Ulm","CountryIso":"DE","Street":"Weg 1","PostalCode":"89073","State":"x"}"#
    );
    plan.unseen(&tally).unwrap();
    let record =
        object(r#"{"Ort":{"name":"Ulm"},"discount":"1,5","pay":1.0,"stop":null,"lines":[[]]}"#);
    let draft = plan.apply(&record, &mut tally).unwrap();
    let errors: Vec<_> = draft
        .errors
        .iter()
        .map(|error| {
            (
                error.target.as_str(),
                error.code,
                error.value.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        errors,
        [
            ("BillingAddress.City", Code::TypeText, r#"{"name":"Ulm"}"#),
            ("BillingAddress.Street", Code::TypeText, "[]"),
            ("PaymentSettings.PaymentMethodId", Code::TypeInteger, "1.0"),
        ]
    );
}

#[test]
fn a_key_that_no_record_had_is_a_missing_column() {
    let mapping = mapping(
        "Number = \"number\"",
        "PostalCode = \"address.zip\"\nStreet = \"street\"",
    );
    let plan = mapping.bind(Columns::Keys).unwrap();
    let mut one = Tally::default();
    let mut other = Tally::default();
    plan.unseen(&one).unwrap();
    let _ = plan.apply(
        &object(r#"{"Ort":"Ulm","Number":"1","address":{"zipcode":"1"}}"#),
        &mut one,
    );
    let _ = plan.apply(&object(r#"{"Ort":"Ulm","street":null}"#), &mut other);
    one.merge(other);
    assert_eq!(
        plan.unseen(&one).unwrap_err().brief(),
        [
            "no record has the key `number` => did you mean `Number`?",
            "no record has the key `address.zip` => did you mean `address.zipcode`?",
        ]
    );
}

#[test]
fn conditions_decide_which_records_are_taken() {
    for (condition, taken) in [
        ("{ column = \"k\", equals = \"a\" }", &["a", " a "][..]),
        ("{ column = \"k\", equals = 1 }", &["1"]),
        ("{ column = \"k\", equals = \"\" }", &["", "-", " "]),
        (
            "{ column = \"k\", one_of = [\"a\", 1] }",
            &["a", " a ", "1"],
        ),
        (
            "{ column = \"k\", filled = true }",
            &["a", " a ", "1", "2,5", "10.000"],
        ),
        (
            "{ column = \"k\", filled = true, not = true }",
            &["", "-", " "],
        ),
        ("{ column = \"k\", matches = '^\\d+$' }", &["1"]),
        ("{ column = \"k\", between = [1, 3] }", &["1", "2,5"]),
        (
            "{ column = \"k\", between = [1, 3], not = true }",
            &["", "-", " ", "a", " a ", "10.000"],
        ),
        (
            "{ column = \"k\", between = [10000, 10000.5] }",
            &["10.000"],
        ),
    ] {
        let text = format!(
            "keep_if = [ {condition} ]\n[source]\ndecimal = \",\"\nempty = [\"-\"]\n{}",
            mapping("", "").text()
        );
        let mapping = Mapping::parse("m", &text).unwrap();
        let plan = mapping.bind(Columns::Header(&header("Ort;k"))).unwrap();
        let all = ["", "-", " ", "a", " a ", "1", "2,5", "10.000"];
        let kept = all.into_iter().filter(|cell| {
            plan.apply(&cells(&format!("Ulm;{cell}")), &mut Tally::default())
                .is_some()
        });
        let mut kept: Vec<&str> = kept.collect();
        let mut taken = taken.to_vec();
        kept.sort_unstable();
        taken.sort_unstable();
        assert_eq!(kept, taken, "{condition}");
    }
}
