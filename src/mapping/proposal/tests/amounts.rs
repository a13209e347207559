//! Amounts with cents for a field that takes whole ones.

use super::*;

#[test]
fn amounts_with_cents_are_told_why_they_fail_and_how_they_become_whole() {
    let table = "Nr|Name|Ort|Land|Kreditlimit
         1|Muster|Dresden|DE|1.234,56
         2|Beispiel|Ulm|DE|500,25";
    let (english, german) = (
        "2 of 2 records fail: not a whole number; extract = '^([\\d.]+)', replace = { \".\" = \"\" } makes 1234 of 1.234,56",
        "2 von 2 Datensätzen scheitern: keine ganze Zahl; extract = '^([\\d.]+)', replace = { \".\" = \"\" } macht 1234 aus 1.234,56",
    );
    has(&proposed(table), english);
    let header: Vec<String> = ["Nr", "Name", "Ort", "Land", "Kreditlimit"]
        .map(str::to_owned)
        .into();
    let lines = [
        vec!["1", "Muster", "Dresden", "DE", "1.234,56"],
        vec!["2", "Beispiel", "Ulm", "DE", "500,25"],
    ];
    has(
        &proposed_in(Language::German, &header, &rows(&lines), true),
        german,
    );
}

/// Each line tells what makes whole amounts of those that the column has, by the line as it is.
#[test]
fn what_makes_amounts_whole_goes_with_the_line_and_with_the_amounts() {
    let whole = |most: &str, one: &str| {
        let mut table = "Nr|Name|Ort|Land|Kreditlimit".to_owned();
        for number in 0..10 {
            let limit = if number == 3 { one } else { most };
            table.push_str(&format!("\n{number}|Muster|Ulm|DE|{limit}"));
        }
        let text = proposed(&table).text;
        let line = text.lines().find(|line| line.contains("CreditLimit"));
        line.unwrap().to_owned()
    };
    let fails = "1 of 10 records fail: not a whole number";
    for (most, one, value, cure) in [
        (
            "750,00",
            "1.234,56",
            "replace = { \",00\" = \"\", \".\" = \"\" } }",
            "; with extract = '^([\\d.]+)' beside replace, 1.234,56 becomes 1234",
        ),
        (
            "1,750.00",
            "1,234.56",
            "replace = { \".00\" = \"\", \",\" = \"\" } }",
            "; with extract = '^([\\d,]+)' beside replace, 1,234.56 becomes 1234",
        ),
        (
            "750",
            "1,234.56",
            "CreditLimit = \"Kreditlimit\"",
            "; extract = '^([\\d,]+)', replace = { \",\" = \"\" } makes 1234 of 1,234.56",
        ),
        // There is no step that makes a number of everything.
        ("750,00", "unbegrenzt", "replace = ", ""),
        ("750,00", "1,234.56", "replace = ", ""),
    ] {
        let line = whole(most, one);
        assert!(
            line.starts_with("CreditLimit = ") && line.contains(value),
            "{line}"
        );
        assert!(line.ends_with(&format!("{fails}{cure}")), "{line}");
    }
    // What is told works.
    let mapping = |steps: &str| {
        format!(
            "[customer]\nNumber = \"Nr\"\nCustomerGroupId = {{ value = 1 }}\n\
             InternalCompanyId = {{ value = 1 }}\nLanguageIso = {{ value = \"DE\" }}\n\
             [customer.BillingAddress]\nCity = {{ value = \"Ulm\" }}\n\
             CountryIso = {{ value = \"DE\" }}\n[customer.PaymentSettings]\n\
             CreditLimit = {{ column = \"Limit\", {steps} }}\n"
        )
    };
    for (steps, amounts) in [
        (
            r#"extract = '^([\d.]+)', replace = { ",00" = "", "." = "" }"#,
            ["1.234,56", "1.234,00", "1234"],
        ),
        (
            r#"extract = '^([\d,]+)', replace = { ".00" = "", "," = "" }"#,
            ["1,234.56", "1,234.00", "1234"],
        ),
        (
            r#"extract = '^([\d,]+)', replace = { "," = "" }"#,
            ["1,234.56", "1,234.00", "1234"],
        ),
    ] {
        let mapping = Mapping::parse("m.toml", &mapping(steps)).unwrap();
        let header = ["Nr", "Limit"].map(str::to_owned);
        let plan = mapping.bind(Columns::Header(&header)).unwrap();
        for record in rows(&amounts.map(|amount| vec!["1", amount])) {
            let draft = plan.apply(&record, &mut Tally::default()).unwrap();
            assert!(draft.errors.is_empty(), "{steps} {:?}", draft.errors);
            let told = format!("{draft:?}");
            assert!(told.contains("Integer(1234)"), "{steps}: {told}");
        }
    }
}
