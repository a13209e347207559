use super::*;
use crate::mapping::{Columns, Mapping};
use crate::outcome::Code;

const MAPPING: &str = r#"
[source]
empty = ["", '-']   # a comment
date = "%d.%m.%Y"
[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { column = "Sprache", default = "DE" }
Birthday = { column = "geb." }
CustomerSince = { column = "seit", date = "%d/%m/%Y" }
[customer.BillingAddress]
LastName = { first_of = [ "Nachname", 'Name' ], replace = { "x" = 'y' } }
Company = "Firma"
PostalCode = "PLZ"      # without a form
City = "Ort"
CountryIso = "Land"
EmailAddress = { column = "Mail", case = "lower" }
[customer.BillingAddress.Street]
column = "Straße"
[[customer.OtherAddresses.OtherShippingAddresses]]
City = "L1"
CountryIso = { value = "DE" }
[[customer.OtherAddresses.OtherShippingAddresses]]
City = "L2"
CountryIso = { value = "DE" }
[customer.PaymentSettings]
Discount = { column = "Rabatt", decimal = "," }
"#;

fn cure_with(mapping: &str, error: &FieldError) -> Option<CuredMapping> {
    let header: Vec<String> = [
        "Nr", "Sprache", "geb.", "seit", "Nachname", "Name", "Firma", "PLZ", "Ort", "Land", "Mail",
        "Straße", "L1", "L2", "Rabatt",
    ]
    .map(str::to_owned)
    .to_vec();
    let mapping = Mapping::parse("m.toml", mapping).unwrap();
    mapping.bind(Columns::Header(&header)).unwrap().cure(error)
}

/// `code target column hint-or-damage parameter=value -> heading line`
const CURES: &str = r#"
postal_code.country | BillingAddress.PostalCode | PLZ | hint=lost_zero | [customer.BillingAddress] PostalCode = { column = "PLZ", as = "postal_code" }
postal_code.country | BillingAddress.PostalCode | PLZ | looks_like=guard | [customer.BillingAddress] PostalCode = { column = "PLZ", as = "postal_code" }
postal_code.country | BillingAddress.PostalCode | PLZ | looks_like=zero_decimals; word=.0 | [customer.BillingAddress] PostalCode = { column = "PLZ", extract = '^(.*?)(?:[.,]0+)?$' }
email.malformed | BillingAddress.EmailAddress | Mail | hint=several | [customer.BillingAddress] EmailAddress = { column = "Mail", case = "lower", extract = '^(?:[^@]*[\s<:])?([^\s<>,;:]+)' }
country.unknown | BillingAddress.CountryIso | Land | | [customer.BillingAddress] CountryIso = { column = "Land", as = "country" }
language.unknown | LanguageIso | Sprache | | [customer] LanguageIso = { column = "Sprache", default = "DE", as = "language" }
length.max | BillingAddress.Company | Firma | max=128; length=140 | [customer.BillingAddress] Company = { column = "Firma", max = 128, cut = true }
length.max | Number | Nr | max=30; length=31 | none
type.date | Birthday | geb. | looks_like=other_date; form=%Y-%m-%d | [customer] Birthday = { column = "geb.", date = ["%d.%m.%Y", "%Y-%m-%d"] }
type.date | CustomerSince | seit | looks_like=other_date; form=%m/%d/%Y | none
type.date | Birthday | geb. | looks_like=no_date; word=00.00.0000 | [source] empty = ["", '-', "00.00.0000"]
type.date | Birthday | geb. | looks_like=date_serial | none
text.suspect | BillingAddress.City | Ort | looks_like=no_value; word=\N | [source] empty = ["", '-', '\N']
text.suspect | BillingAddress.LastName | Name | looks_like=invisible; word=\u200b | [customer.BillingAddress] LastName = { first_of = [ "Nachname", 'Name' ], replace = { "x" = 'y', "\u200b" = "" } }
text.suspect | OtherAddresses.OtherShippingAddresses[0].City | L2 | looks_like=html; word=&amp; | [[customer.OtherAddresses.OtherShippingAddresses]] City = { column = "L2", replace = { "&auml;" = "ä", "&ouml;" = "ö", "&uuml;" = "ü", "&Auml;" = "Ä", "&Ouml;" = "Ö", "&Uuml;" = "Ü", "&szlig;" = "ß", "&amp;" = "&" } }
text.suspect | Number | Nr | looks_like=guard; word=' | [customer] Number = { column = "Nr", replace = { "'" = "" } }
text.suspect | BillingAddress.Company | Firma | looks_like=guard; word==" | none
text.suspect | BillingAddress.Street | Straße | looks_like=invisible; word=\u200b | none
type.decimal | PaymentSettings.Discount | Rabatt | looks_like=decimal_point | [customer.PaymentSettings] Discount = { column = "Rabatt", decimal = "." }
type.decimal | PaymentSettings.Discount | Rabatt | looks_like=unit; word=% | [customer.PaymentSettings] Discount = { column = "Rabatt", decimal = ",", replace = { "%" = "" } }
vat_id.checksum | BillingAddress.PostalCode | PLZ | | none
required.missing | BillingAddress.City | | | none
"#;

#[test]
fn the_line_that_is_there_gets_what_is_missing() {
    for row in CURES.lines().filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.splitn(5, '|').map(str::trim).collect();
        let code: Code = cells[0].parse().unwrap();
        let mut error = FieldError::new(code, cells[1]);
        if !cells[2].is_empty() {
            error = error.in_columns([cells[2]]);
        }
        for param in cells[3].split("; ").filter(|param| !param.is_empty()) {
            let (name, value) = param.split_once('=').unwrap();
            error = error.with(name, value);
        }
        let found = cure_with(MAPPING, &error);
        let shown = found.as_ref().map_or("none".to_owned(), |found| {
            format!("{} {}", found.cure.table, found.cure.line)
        });
        assert_eq!(shown, cells[4], "{row}");
        if let Some(found) = found {
            let text = found.mapping.text();
            assert!(text.contains("# a comment") || cells[4].starts_with("[source]"));
        }
    }
}

#[test]
fn words_for_nothing_find_their_place() {
    let error = FieldError::new(Code::TextSuspect, "BillingAddress.City")
        .in_columns(["Ort"])
        .with("looks_like", "no_value")
        .with("word", "NULL");
    let without = MAPPING.replace("empty = [\"\", '-']   # a comment\n", "");
    let found = cure_with(&without, &error).unwrap();
    assert_eq!(found.cure.line, r#"empty = ["", "NULL"]"#);
    assert!(
        found
            .mapping
            .text()
            .contains("[source]\nempty = [\"\", \"NULL\"]\ndate")
    );
    let without = without.replace("[source]\ndate = \"%d.%m.%Y\"\n", "");
    let found = cure_with(&without, &error).unwrap();
    assert!(
        found
            .mapping
            .text()
            .ends_with("\n[source]\nempty = [\"\", \"NULL\"]\n")
    );
}

#[test]
fn tables_in_files_stay_behind_the_new_line() {
    let error = FieldError::new(Code::TextSuspect, "BillingAddress.City")
        .in_columns(["Ort"])
        .with("looks_like", "no_value")
        .with("word", "NULL");
    let mapping = MAPPING
        .replace(
            "[source]\nempty = [\"\", '-']   # a comment\ndate = \"%d.%m.%Y\"\n",
            "",
        )
        .replace(
            "City = \"Ort\"",
            "City = { column = \"Ort\", lookup_file = \"orte.csv\" }",
        );
    let kept = format!("{mapping}\n#:lookup_file [\"orte.csv\",[[1,\"DD\",\"Dresden\"]]]");
    let found = cure_with(&kept, &error).unwrap();
    assert_eq!(found.cure.line, r#"empty = ["", "NULL"]"#);
    let text = found.mapping.text();
    assert!(text.contains("\n[source]\nempty = "), "{text}");
    assert!(text.ends_with("\"Dresden\"]]]"), "{text}");
}

#[test]
fn an_address_is_taken_out_and_nothing_is_lost() {
    let expression = regex::Regex::new(r"^(?:[^@]*[\s<:])?([^\s<>,;:]+)").unwrap();
    for (text, expected) in [
        ("a@b.de", "a@b.de"),
        ("mailto:a@b.de", "a@b.de"),
        ("Max Muster <a@b.de>", "a@b.de"),
        ("a@b.de; c@d.de", "a@b.de"),
        ("a@b.de,c@d.de", "a@b.de"),
        ("kontakt.example.com", "kontakt.example.com"),
    ] {
        let found = expression.captures(text).unwrap();
        assert_eq!(found.get(1).unwrap().as_str(), expected, "{text}");
    }
}
