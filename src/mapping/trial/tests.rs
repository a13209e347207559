//! How tests of mappings are read and judged; records are mapped, but not validated here.

use super::*;
use crate::mapping::{Columns, Tally};

fn text(test: &str) -> String {
    format!(
        "keep_if = [ {{ column = \"Konto\", equals = \"1\", not = true }} ]\n\
         [source]\ndecimal = \",\"\n\
         [customer]\nNumber = \"Nr\"\nCustomerGroupId = {{ value = 1 }}\nInternalCompanyId = {{ value = 1 }}\n\
         LanguageIso = {{ value = \"DE\" }}\nCustomerSince = \"Seit\"\nIsLocked = \"Gesperrt\"\n\
         [customer.BillingAddress]\nCity = \"Ort\"\nCountryIso = {{ column = \"Land\", as = \"country\" }}\n\
         [[customer.OtherAddresses.OtherShippingAddresses]]\nwhen = \"Lieferort\"\nCity = \"Lieferort\"\n\
         CountryIso = {{ value = \"DE\" }}\n\
         [customer.PaymentSettings]\nDiscount = \"Rabatt\"\n{test}\n"
    )
}

/// What is wrong with the mapping by its tests, as far as mapping alone can tell.
fn failures(test: &str) -> Vec<String> {
    let mapping = Mapping::parse("m.toml", &text(&format!("[[test]]\n{test}"))).unwrap();
    let plan = mapping.bind(Columns::Keys).unwrap();
    let trials = mapping.trials();
    let verdicts = trials.flat_map(|trial| {
        let record = trial.records().next().unwrap();
        let draft = plan.apply(&record, &mut Tally::default());
        let tried = match &draft {
            None => Tried::LeftOut,
            Some(draft) => Tried::Made {
                customer: &draft.customer,
                errors: &draft.errors,
            },
        };
        trial.judge(tried).failures()
    });
    verdicts.collect()
}

#[test]
fn what_is_expected_comes_true() {
    for test in [
        "given = { Nr = \"C1\", Land = \"Deutschland\" }\nexpect = { Number = \"C1\", BillingAddress = { CountryIso = \"DE\", City = \"\" } }",
        "given = { nr = 7, Rabatt = \"2,5\", Gesperrt = true }\nexpect = { Number = \"7\", IsLocked = true, PaymentSettings = { Discount = 2.50 } }",
        "given = { Seit = \"2020-12-31\" }\nexpect = { CustomerSince = 2020-12-31, PaymentSettings = \"\" }",
        "given = { Seit = \"2020-12-31\" }\nexpect = { CustomerSince = \"2020-12-31\", IsLocked = \"\" }",
        "given = { Seit = \"2020-12-31\" }\nexpect = { CustomerSince = \"2020-12-31T00:00:00Z\" }",
        "given = {}\nexpect = { OtherAddresses = { OtherShippingAddresses = [] } }",
        "given = { Lieferort = \"Ulm\" }\nexpect = { OtherAddresses = { OtherShippingAddresses = [ { City = \"Ulm\" } ] } }",
        "given = { Land = \"Atlantis\" }\nexpect_errors = [\"country.unknown\"]\nexpect = { BillingAddress = { CountryIso = \"\" } }",
        "given = { Land = \"Atlantis\" }\nexpect = { Number = \"\" }",
        "given = { Land = \"DE\" }\nexpect_errors = []",
        "given = { Land = \"Atlantis\", Gesperrt = \"7\" }\nexpect_errors = [\"type.boolean\"]",
        "given = { Konto = 1 }\nleft_out = true",
    ] {
        assert_eq!(failures(test), [""; 0], "{test}");
    }
}

#[test]
fn what_does_not_is_told() {
    for (test, wanted) in [
        (
            "given = { Nr = \"C1\" }\nexpect = { Number = \"C2\" }",
            "test 1 fails: `Number` is \"C1\" (wanted: \"C2\")",
        ),
        (
            "name = \"x\"\ngiven = {}\nexpect = { Number = \"C2\" }",
            "test 1 (x) fails: `Number` is nothing (wanted: \"C2\")",
        ),
        (
            "given = { Nr = \"C1\" }\nexpect = { Number = \"\" }",
            "test 1 fails: `Number` is \"C1\" (wanted: nothing)",
        ),
        (
            "given = { Rabatt = \"2,5\" }\nexpect = { PaymentSettings = { Discount = 2 } }",
            "test 1 fails: `PaymentSettings.Discount` is 2.5 (wanted: 2)",
        ),
        (
            "given = { Land = \"Atlantis\" }\nexpect = { BillingAddress = { CountryIso = \"DE\" } }",
            "test 1 fails: Column `Land`: `Atlantis` is not a country that is known (country.unknown) (wanted: \"DE\")",
        ),
        (
            "given = { Land = \"Atlantis\" }\nexpect_errors = []",
            "(country.unknown) (wanted: no error)",
        ),
        (
            "given = { Land = \"DE\" }\nexpect_errors = [\"country.unknown\"]",
            "test 1 fails: the record does not have the error `country.unknown`",
        ),
        (
            "given = { Lieferort = \"Ulm\" }\nexpect = { OtherAddresses = { OtherShippingAddresses = [] } }",
            "test 1 fails: OtherAddresses.OtherShippingAddresses[0] is made (wanted: none)",
        ),
        (
            "given = { Konto = 1 }\nexpect = { Number = \"C1\" }",
            "test 1 fails: `keep_if` leaves the record out",
        ),
        (
            "given = { Konto = 2 }\nleft_out = true",
            "test 1 fails: `keep_if` takes the record (wanted: left out)",
        ),
    ] {
        let found = failures(test);
        assert_eq!(found.len(), 1, "{test}: {found:?}");
        assert!(
            found[0].ends_with(wanted) || found[0] == wanted,
            "{test}: {found:?}"
        );
    }
}

#[test]
fn mistakes_of_tests() {
    for (test, wanted) in [
        (
            "expect = {}",
            "a test needs `given` => given = { Column = \"text\" }",
        ),
        (
            "given = 1\nexpect = {}",
            "`given` must be a table of columns, or a list of such tables",
        ),
        (
            "given = []\nexpect = {}",
            "`given` has no record => given = { Column = \"text\" }",
        ),
        (
            "given = [{ Nr = 1 }, { Nr = 1 }]\nexpect = {}",
            "several records are given, and nothing puts them together => write [group], or a test for each record",
        ),
        (
            "given = { Nr = 1 }",
            "a test expects nothing => say what becomes of it: expect = { Number = \"C1\" }, expect_errors = [\"postal_code.country\"] or left_out = true",
        ),
        (
            "given = { Nrr = 1 }\nexpect = {}",
            "the mapping uses no column `Nrr` => did you mean `Nr`?",
        ),
        (
            "given = { Nr = 1, nr = 2 }\nexpect = {}",
            "the column `nr` is given twice",
        ),
        (
            "given = {}\nexpect = { Nummer = \"x\" }",
            "the API has no field `Nummer` in the customer => did you mean `Number`?",
        ),
        (
            "given = {}\nexpect = { Number = 1 }",
            "`expect` of `Number` must be text => put it in quotes",
        ),
        (
            "given = {}\nexpect = { IsLocked = \"ja\" }",
            "`expect` of `IsLocked` must be true or false => write true, without quotes",
        ),
        (
            "given = {}\nexpect = { BillingAddress = 1 }",
            "`BillingAddress` must be a table, or \"\" if it is not to be made",
        ),
        (
            "given = {}\nexpect = { OtherAddresses = { OtherShipping = [] } }",
            "unknown list `OtherShipping` in OtherAddresses => did you mean `OtherShippingAddresses`?",
        ),
        (
            "given = {}\nexpect_errors = [\"country.unknow\"]",
            "`expect_errors` does not know \"country.unknow\" => did you mean `country.unknown`?",
        ),
        (
            "given = {}\nleft_out = true\nexpect = {}",
            "a record that is left out has nothing to expect => `left_out = true` stands beside `given` alone",
        ),
        (
            "givn = {}",
            "unknown key `givn` in a test => did you mean `given`?",
        ),
    ] {
        let error = Mapping::parse("m", &text(&format!("[[test]]\n{test}"))).unwrap_err();
        assert!(
            error.brief().contains(&wanted.to_owned()),
            "{test}: {:#?}",
            error.brief()
        );
    }
}
