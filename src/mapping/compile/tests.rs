//! What each mistake of a mapping is called, and where it is shown.

use super::*;
use crate::outcome::Language;

/// The diagnostics of a mapping that has mistakes.
fn mistakes(text: &str) -> MappingError {
    match compile(&"m.toml".into(), &text.into(), Beside::default()) {
        Ok(_) => panic!("no mistake in {text}"),
        Err(error) => error,
    }
}

/// A mapping with everything that the API demands, and `more` of the customer's fields.
fn with(more: &str) -> String {
    format!(
        "[customer]\nCustomerGroupId = {{ value = 1 }}\nInternalCompanyId = {{ value = 1 }}\n\
         LanguageIso = {{ value = \"DE\" }}\n{more}\n\
         [customer.BillingAddress]\nCity = \"Ort\"\nCountryIso = {{ value = \"DE\" }}\n"
    )
}

#[test]
fn every_mistake_of_a_file_is_shown_at_once() {
    let text = "[source]\nformat = \"cvs\"\nencodng = \"latin1\"\nskip_lines = -1\n\
        [customer]\nCustomerGroupId = { value = \"1\" }\nLanguageIso = { value = \"DE\" }\n\
        [customer.BillingAddress]\nCity = \"Ort\"\nCountryIso = { default = \"Deutschland\" }\n\
        Zip = \"PLZ\"\n";
    insta::assert_snapshot!(mistakes(text).render(false, Language::English), @r#"
    error: `format` does not know "cvs"
     --> m.toml:2:10
      |
    2 | format = "cvs"
      |          ^^^^^
      |
      = help: did you mean `csv`?

    error: unknown key `encodng` in [source]
     --> m.toml:3:1
      |
    3 | encodng = "latin1"
      | ^^^^^^^
      |
      = help: did you mean `encoding`?

    error: `skip_lines` must be a whole number, 0 or more
     --> m.toml:4:14
      |
    4 | skip_lines = -1
      |              ^^ this is a whole number
      |
      = help: docs/mapping.md tells what each key takes, with examples

    error: the API demands InternalCompanyId, and nothing is mapped to it
     --> m.toml:5:1
      |
    5 | [customer]
      | ^^^^^^^^^^
      |
      = help: add InternalCompanyId = { value = 1 }, with the id of the own company in Wawi

    error: `value` of `CustomerGroupId` must be a whole number
     --> m.toml:6:29
      |
    6 | CustomerGroupId = { value = "1" }
      |                             ^^^ this is text
      |
      = help: write 1, without quotes

    error: `default` does not fit `BillingAddress.CountryIso`: the ISO code is wanted: "DE"
      --> m.toml:10:26
       |
    10 | CountryIso = { default = "Deutschland" }
       |                          ^^^^^^^^^^^^^
       |
       = help: docs/mapping.md tells what each key takes, with examples

    error: the API has no field `Zip` in BillingAddress
      --> m.toml:11:1
       |
    11 | Zip = "PLZ"
       | ^^^
       |
       = help: did you mean `PostalCode`?
    "#);
}

#[test]
fn toml_mistakes_come_first_and_alone() {
    insta::assert_snapshot!(mistakes("a = 1\n[customer\n").render(false, Language::English), @r#"
    error: unclosed table, expected `]`
     --> m.toml:2:10
      |
    2 | [customer
      |          ^
      |
      = help: a mapping is TOML: `key = "text"`, with sections in brackets; docs/mapping.md has examples
    "#);
}

/// Takes each case of a text apart: lines of a mapping, then `! title => help` for each mistake.
fn check(cases: &str, mapping: impl Fn(&str) -> String) {
    for case in cases.trim().split("\n\n") {
        let (wanted, given): (Vec<&str>, Vec<&str>) =
            case.lines().partition(|line| line.starts_with("! "));
        let wanted: Vec<&str> = wanted.iter().filter_map(|line| line.get(2..)).collect();
        let given = given.join("\n");
        assert_eq!(mistakes(&mapping(&given)).brief(), wanted, "{given}");
    }
}

#[test]
fn values() {
    check(VALUES, with);
}

#[test]
fn tables() {
    check(TABLES, |given| format!("{}{given}\n", with("")));
}

#[test]
fn conditions() {
    check(CONDITIONS, |given| {
        format!("keep_if = [ {given} ]\n{}", with(""))
    });
    let no_list = format!("keep_if = {{ column = \"a\" }}\n{}", with(""));
    assert_eq!(
        mistakes(&no_list).to_string(),
        "m.toml:1:11: `keep_if` must be a list of conditions"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "([a-zA-Z_\\[\\]{}=,.\"'0-9 äß\n-]|customer|value|lookup|Number){0,60}") {
        for text in [text.clone(), with(&text)] {
            if let Err(error) = compile(&"m".into(), &text.as_str().into(), Beside::default()) {
                let _ = error.render(true, Language::English);
                let _ = error.to_string();
            }
        }
    }
}

/// Mistakes of one field of the customer.
const VALUES: &str = r#"
Number = 1
! `Number` must be a column in quotes or a table => the same for all records: { value = 1 }; a column of an input without header: "1"

Number = ["a"]
! `Number` must be a column in quotes or a table => several columns: { first_of = ["A", "B"] } or { join = ["A", "B"] }

Number = { column = "a", value = "x" }
! `Number` has two sources: `column` and `value` => take one; `first_of` and `join` take several columns

Number = { }
! `Number` has no source => say where it comes from: `column`, `first_of`, `join`, `template`, `value`

Number = { column = "a", with = " " }
! `with` without `join`

Number = { first_of = [] }
! `first_of` names no column

Number = { column = "a", template = "x" }
! `Number` has two sources: `column` and `template` => take one; `first_of` and `join` take several columns

Number = { template = 1 }
! `template` must be text in quotes

Number = { column = "a", lookup_file = "x" }
! `lookup_file` needs a mapping that is a file => the file is looked for in the folder of the mapping

Number = { column = "a", lookup_file = 1 }
! `lookup_file` must be the name of a file in quotes => lookup_file = "groups.csv"

Number = { column = "a", lookup_file = { fil = "x" } }
! `lookup_file` names no `file`
! unknown key `fil` in `lookup_file` => did you mean `file`?

Number = { column = "a", lookup = { a = "b" }, lookup_file = "x" }
! `lookup` and `lookup_file` for one value => take one: the other's pairs can be added to it

Number = { colum = "a" }
! `Number` has no source => say where it comes from: `column`, `first_of`, `join`, `template`, `value`
! unknown key `colum` in a value => did you mean `column`?

Number = { value = 1 }
! `value` of `Number` must be text => put it in quotes

Number = { value = "" }
! `value` is empty => leave the key out

CustomerCategoryId = { value = "1" }
! `value` of `CustomerCategoryId` must be a whole number => write 1, without quotes

IsLocked = { value = "ja" }
! `value` of `IsLocked` must be true or false => write true, without quotes

IsLocked = { column = "a", lookup = { a = true, A = true, b = "off" } }
! `lookup` has this key already => keys are compared without case and outer blanks
! `lookup` of `IsLocked` must be true or false => write true or false, without quotes

CustomerCategoryId = { column = "a", lookup = { a = 1 }, otherwise = "kep" }
! `otherwise` of `CustomerCategoryId` must be a whole number => did you mean `keep`?

CustomerCategoryId = { column = "a", otherwise = "keep" }
! `otherwise` without `lookup`

CustomerCategoryId = { default = -1 }
! `default` does not fit `CustomerCategoryId`: it must lie between 0 and 2147483647

Number = { column = "a", max = 31 }
! `Number` takes at most 30 characters => write max = 30

Number = { column = "a", cut = true }
! `cut` without `max` => say how long it may be, such as max = 30

Number = { column = "a", max = 0 }
! `max` must be a whole number, 1 or more

IsLocked = { column = "a", max = 3, as = "country", case = "upper", date = "%F", decimal = "," }
! `max` does not fit `IsLocked`, which is yes or no
! `as = "country"` does not fit `IsLocked`, which is yes or no
! `case` does not fit `IsLocked`, which is yes or no
! `date` does not fit `IsLocked`, which is yes or no
! `decimal` does not fit `IsLocked`, which is yes or no

Number = { column = "a", as = "contry" }
! `as` does not know "contry" => did you mean `country`?

Number = { column = "a", as = "company" }
! `as = "company"` does not fit `Number` => it gives the id of a company, for `InternalCompanyId`

CustomerCategoryId = { column = "a", as = "customer_group" }
! `as = "customer_group"` does not fit `CustomerCategoryId` => it gives the id of a customer group, for `CustomerGroupId`

CustomerCategoryId = { column = "a", as = "customer_categori" }
! `as` does not know "customer_categori" => did you mean `customer_category`?

CustomerCategoryId = { value = "Stammkunde" }
! `value` of `CustomerCategoryId` must be a whole number => the name of a customer category needs as = "customer_category"

CustomerCategoryId = { value = " ", as = "customer_category" }
! `value` is empty => leave the key out

CustomerCategoryId = { column = "a", as = "customer_category", otherwise = true }
! `otherwise` of `CustomerCategoryId` must be a whole number

Number = { column = "a", case = "Upper" }
! `case` does not know "Upper" => did you mean `upper`?

Number = { column = "a", extract = "abc" }
! `extract` has no group => put parentheses around the part that is wanted: '^([0-9]+)'

Number = { column = "a", extract = "(" }
! `extract` is no regular expression: unclosed group => in single quotes a backslash needs no doubling: '^\d+'

Number = { column = "a", extract = '(\p{Letters}+)' }
! `extract` is no regular expression: Unicode property not found => \p{L} (letters), \p{Lu} (capitals), \p{Greek} (a script) and their like are known

Number = { column = "a", extract = '(a)(?=b)' }
! `extract` is no regular expression: look-around, including look-ahead and look-behind, is not supported => look-around does not exist: put parentheses around the part that is wanted

Number = { column = "a", replace = { "" = "x", a = 1 } }
! an empty text cannot be replaced
! a replacement must be text in quotes

Birthday = { column = "a", date = "TT.MM.JJJJ" }
! `date` cannot read dates by "TT.MM.JJJJ": it does not tell day, month and year => 31.12.1985 is "%d.%m.%Y", 31.12.85 is "%d.%m.%y", 12/31/1985 is "%m/%d/%Y"

Birthday = { default = "1900-01-01" }
! `default` does not fit `Birthday`: this day stands for "no date"

Birthday = { default = 1500-01-01 }
! `default` does not fit `Birthday`: the year must lie between 1753 and 9999

Number = { default = "1234567890123456789012345678901" }
! `default` does not fit `Number`: it has 31 characters, at most 30 are allowed

Number = { column = "a", required = "yes" }
! `required` must be true or false

Number = "_run"
! `_run` cannot be mapped => it is one of the columns that the report adds to failed.csv

Number = " "
! a column needs a name

Email = "a"
! the API has no field `Email` in the customer => `EmailAddress` is a field of an address, such as [customer.BillingAddress]

number = "a"
! the API has no field `number` in the customer => did you mean `Number`?

Discount = "a"
! the API has no field `Discount` in the customer => `Discount` is a field of [customer.PaymentSettings]

Foo = "a"
! the API has no field `Foo` in the customer => `importer mapping fields` lists the fields of the API
"#;

/// Mistakes of the customer's objects and of the other tables.
const TABLES: &str = r#"
[customer.ShipmentAddress]
City = "a"
! the API has no field `ShipmentAddress` in the customer => did you mean `Shipmentaddress`?

[customer.CustomAddress]
City = "a"
! the API demands CountryIso in CustomAddress, and nothing is mapped to it => add CountryIso = { column = "…", as = "country", default = "DE" }

[customer.CustomAddress]
unless_same_as = "Shipmentaddress"
City = "a"
CountryIso = { value = "DE" }
! CustomAddress cannot be compared with `Shipmentaddress` => did you mean `BillingAddress`?

[customer.OtherAddresses.OtherShippingAddresses]
City = "a"
! `OtherShippingAddresses` must be a list of addresses => write [[customer.OtherAddresses.OtherShippingAddresses]], with double brackets

[[customer.OtherAddresses.ShippingAddresses]]
City = "a"
! unknown list `ShippingAddresses` in OtherAddresses => did you mean `OtherShippingAddresses`?

[[customer.OtherAddresses.OtherShippingAddresses]]
City = "a"
CountryIso = { value = "DE" }
[[customer.OtherAddresses.OtherShippingAddresses]]
City = "a"
! the API demands CountryIso in OtherAddresses.OtherShippingAddresses[1], and nothing is mapped to it => add CountryIso = { column = "…", as = "country", default = "DE" }

[customer.PaymentSettings]
when = "a"
! the API has no field `when` in PaymentSettings => `importer mapping fields` lists the fields of the API

[rules]
"email.malformd" = "off"
! [rules] does not know the code `email.malformd` => did you mean `email.malformed`?

[rules]
"required.missing" = "off"
! `required.missing` is always an error => it is what the API itself demands, or what cannot be read at all

[rules]
vat_id.checksum = "warn"
! [rules] does not know the code `vat_id` => put the code in quotes: "vat_id.checksum"

[rules]
"vat_id.format" = "ignore"
! `vat_id.format` does not know "ignore" => `vat_id.format` is one of `error`, `warn`, `off`

[rules]
"vat_id.format" = 1
! `vat_id.format` must be "error", "warn" or "off"

[identity]
key = "number"
! `key` names no field of the API: "number" => did you mean `Number`?

[identity]
key = "Number"
! `Number` is the key, but nothing is mapped to it => map it in [customer], or name another field

[group]
by = "x"
! [group] needs `into` => into = "OtherAddresses.OtherShippingAddresses": what the second and later records become
! [group] needs `address` => write [group.address] and the fields of such an address below it

[join]
file = "x"
! [join] needs `on` => on = { "Customer ID" = "Customer ID" }: the input's column, then the other file's

[test]
given = {}
! `test` must be a list of tests => write [[test]], with double brackets, for each test

[source]
format = "xls"
sheet = 1
! `format` does not know "xls" => did you mean `xlsx`?
! `sheet` must be text in quotes

[source]
encoding = "utf9"
delimiter = "ab"
decimal = ";"
empty = [1]
! `encoding` does not know "utf9" => did you mean `utf-8`?
! `delimiter` must be one character => the usual ones are ";", ",", "\t" and "|"
! `decimal` does not know ";" => `decimal` is one of `.`, `,`
! `empty` must be a list of texts in quotes

[source]
drop = [" ORT"]
! `Ort` is listed in `drop` => a dropped column is never written anywhere: take it out of `drop` or leave it alone here

[report]
columns = ["a", "_record"]
! `_record` cannot be mapped => it is one of the columns that the report adds to failed.csv
"#;

/// Mistakes of one condition of `keep_if`.
const CONDITIONS: &str = r#"
{ column = "a" }
! a condition needs exactly one test => the tests are `equals`, `one_of`, `filled`, `matches`, `between`

{ equals = 1 }
! a condition needs a `column`

{ column = "a", equals = 1, filled = true }
! a condition needs exactly one test => the tests are `equals`, `one_of`, `filled`, `matches`, `between`

{ column = "a", between = [2, 1] }
! `between` must be a list of two numbers, the smaller first => between = [10000, 69999]

{ column = "a", one_of = 1 }
! `one_of` must be a list of texts or numbers

{ column = "a", matches = "(" }
! `matches` is no regular expression: unclosed group => in single quotes a backslash needs no doubling: '^\d+'

1
! a condition must be a table
"#;
