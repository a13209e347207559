//! The documentation's example, mapped.

use super::*;
use crate::customer::Draft;
use crate::record::{Cells, Fields, Position, Record, Span};

const TODAY: Date = jiff::civil::date(2026, 11, 24);

/// The documentation's example, without what later versions bring.
const EXAMPLE: &str = r#"
    keep_if = [ { column = "Konto", between = [10000, 69999] } ]

    [source]
    format     = "csv"
    encoding   = "windows-1252"
    delimiter  = ";"
    skip_lines = 1
    header     = true
    empty      = ["", "NULL", "-"]
    decimal    = ","
    date       = "%d.%m.%Y"
    drop       = ["cPasswort"]

    [identity]
    key = "Number"

    [report]
    columns = ["id", "E-Mail"]

    [customer]
    Number            = "Kundennummer"
    CustomerGroupId   = { column = "Gruppe", lookup = { "Endkunde" = 1, "Händler" = 2 } }
    InternalCompanyId = { value = 1 }
    LanguageIso       = { column = "Sprache", as = "language", default = "DE" }
    Birthday          = { column = "geb.", date = "%d.%m.%y" }
    CustomerSince     = "Seit"
    IsLocked          = { column = "Gesperrt" }

    [customer.BillingAddress]
    FirstName  = "Vorname"
    LastName   = { first_of = ["Nachname", "Name"] }
    Company    = { column = "Firma", max = 10, cut = true }
    Street     = { join = ["Straße", "Hausnummer"], with = " " }
    City       = "Ort"
    PostalCode = { column = "PLZ", as = "postal_code" }
    CountryIso = { column = "Land", as = "country", default = "DE" }

    [customer.Shipmentaddress]
    unless_same_as = "BillingAddress"
    City       = { first_of = ["Lieferort", "Ort"] }
    CountryIso = { column = "Lieferland", as = "country", default = "DE" }

    [[customer.OtherAddresses.OtherShippingAddresses]]
    when       = "Lieferort"
    City       = "Lieferort"
    CountryIso = { column = "Lieferland", as = "country", default = "DE" }

    [customer.PaymentSettings]
    Discount   = "Rabatt"

    [rules]
    "vat_id.checksum"  = "warn"
    "person.duplicate" = "off"
"#;

const HEADER: [&str; 20] = [
    "id",
    "Kundennummer",
    "Gruppe",
    "Sprache",
    "geb.",
    "Seit",
    "Gesperrt",
    "Vorname",
    "Nachname",
    "Name",
    "Firma",
    "Straße",
    "Hausnummer",
    "Ort",
    "PLZ",
    "Land",
    "Lieferort",
    "Lieferland",
    "Rabatt",
    "E-Mail",
];

/// A record of the example's input; what is not named is empty.
fn record(cells: &[(&str, &str)]) -> Record {
    let names = HEADER
        .iter()
        .copied()
        .chain(["Konto", "cPasswort", "Notiz", "_run"]);
    let cells: Cells = names
        .map(|name| {
            let cell = cells.iter().find(|(column, _)| *column == name);
            cell.map_or("", |(_, cell)| *cell)
        })
        .collect();
    Record {
        position: Position { record: 1, line: 3 },
        span: Span { start: 0, end: 0 },
        fields: Fields::Cells(cells),
    }
}

fn plan() -> Plan {
    let header: Vec<String> = HEADER
        .iter()
        .chain(&["Konto", "cPasswort", "Notiz", "_run"])
        .map(|&name| name.to_owned())
        .collect();
    let mapping = Mapping::parse("kunden.toml", EXAMPLE).unwrap();
    mapping.bind_on(TODAY, Columns::Header(&header)).unwrap()
}

fn json(draft: &Draft<'_>) -> serde_json::Value {
    serde_json::to_value(&draft.customer).unwrap()
}

#[test]
fn the_documented_example_maps_a_full_record() {
    let mut tally = Tally::default();
    let record = record(&[
        ("Konto", "10001"),
        ("id", "77"),
        ("E-Mail", " a@b.de"),
        ("Kundennummer", " C1 "),
        ("Gruppe", "händler"),
        ("Sprache", "de-DE"),
        ("geb.", "01.02.27"),
        ("Seit", "31.12.2020"),
        ("Gesperrt", "N"),
        ("Vorname", "Anna"),
        ("Nachname", "-"),
        ("Name", "Muster"),
        ("Firma", "Muster Handels GmbH"),
        ("Straße", "Weg"),
        ("Hausnummer", "1a"),
        ("Ort", "Dresden"),
        ("PLZ", "1067"),
        ("Land", "Deutschland"),
        ("Lieferort", "Wien"),
        ("Lieferland", "Österreich"),
        ("Rabatt", "2,5"),
    ]);
    let plan = plan();
    let draft = plan.apply(&record, &mut tally).unwrap();
    assert_eq!(draft.errors, []);
    let wanted = serde_json::json!({
        "Number": "C1", "CustomerGroupId": 2, "CustomerSince": "2020-12-31T00:00:00Z",
        "LanguageIso": "DE", "InternalCompanyId": 1, "Birthday": "1927-02-01T00:00:00Z",
        "IsLocked": false,
        "BillingAddress": {
            "City": "Dresden", "CountryIso": "DE", "Company": "Muster Han",
            "FirstName": "Anna", "LastName": "Muster", "Street": "Weg 1a",
            "PostalCode": "01067",
        },
        "Shipmentaddress": { "City": "Wien", "CountryIso": "AT" },
        "OtherAddresses": {
            "OtherShippingAddresses": [ { "City": "Wien", "CountryIso": "AT" } ],
        },
        "PaymentSettings": { "Discount": "2.5".parse::<serde_json::Number>().unwrap() },
    });
    assert_eq!(json(&draft), wanted);
    let repairs: Vec<_> = tally
        .repairs
        .iter()
        .map(|(kind, n)| (kind.as_str(), *n))
        .collect();
    assert_eq!(
        repairs,
        [("length.cut", 1), ("postal_code.zero_restored", 1)]
    );
    assert_eq!(plan.report_columns(), ["id", "E-Mail"]);
    assert_eq!(plan.report_values(&record), ["77", " a@b.de"]);
    assert_eq!(plan.unused_columns(), ["Notiz"]);
    assert_eq!(plan.dropped_columns(), ["cPasswort"]);
}

#[test]
fn the_documented_example_maps_a_bare_record() {
    let bare = record(&[
        ("Konto", "69999"),
        ("Gruppe", "Endkunde"),
        ("Ort", "Wien"),
        ("Land", "A"),
        ("Gesperrt", "NULL"),
    ]);
    let plan = plan();
    let draft = plan.apply(&bare, &mut Tally::default()).unwrap();
    assert_eq!(draft.errors, []);
    // The delivery address takes only the city from the input, and that is the same.
    let wanted = serde_json::json!({
        "CustomerGroupId": 1, "LanguageIso": "DE", "InternalCompanyId": 1,
        "BillingAddress": { "City": "Wien", "CountryIso": "AT" },
    });
    assert_eq!(json(&draft), wanted);
}

#[test]
fn the_documented_example_tells_every_error_of_a_record() {
    let bad = record(&[
        ("Konto", "10000"),
        ("Gruppe", "Großhandel"),
        ("Sprache", "tlh"),
        ("geb.", "31.12.1985"),
        ("Gesperrt", "vielleicht"),
        ("Land", "Atlantis"),
        ("Lieferort", "Bonn"),
        ("Rabatt", "2.5"),
        ("Seit", " 0000-00-00"),
    ]);
    let plan = plan();
    let draft = plan.apply(&bad, &mut Tally::default()).unwrap();
    let seen: Vec<_> = draft
        .errors
        .iter()
        .map(|error| {
            let value = error.value.as_deref().unwrap_or_default();
            (
                error.target.as_str(),
                error.code,
                error.columns.join(","),
                value,
            )
        })
        .collect();
    let wanted = [
        (
            "CustomerGroupId",
            Code::LookupMissing,
            "Gruppe",
            "Großhandel",
        ),
        ("CustomerSince", Code::TypeDate, "Seit", " 0000-00-00"),
        ("LanguageIso", Code::LanguageUnknown, "Sprache", "tlh"),
        ("Birthday", Code::TypeDate, "geb.", "31.12.1985"),
        ("IsLocked", Code::TypeBoolean, "Gesperrt", "vielleicht"),
        (
            "BillingAddress.CountryIso",
            Code::CountryUnknown,
            "Land",
            "Atlantis",
        ),
        (
            "PaymentSettings.Discount",
            Code::TypeDecimal,
            "Rabatt",
            "2.5",
        ),
    ];
    let wanted =
        wanted.map(|(target, code, column, value)| (target, code, column.to_owned(), value));
    assert_eq!(seen, wanted);
    assert_eq!(draft.errors[3].params["expected"], "%d.%m.%y");
    assert_eq!(draft.errors[3].params["example"], "31.12.85");
}

#[test]
fn the_documented_example_leaves_other_accounts_out() {
    for (account, kept) in [
        ("9999", false),
        ("70000", false),
        ("", false),
        ("x", false),
        ("10000", true),
    ] {
        let (plan, record) = (plan(), record(&[("Konto", account)]));
        let draft = plan.apply(&record, &mut Tally::default());
        assert_eq!(draft.is_some(), kept, "{account}");
    }
}

#[test]
fn the_documented_example_says_how_it_is_to_be_read() {
    let mapping = Mapping::parse("kunden.toml", EXAMPLE).unwrap();
    let wanted = SourceOptions {
        format: Some("csv".to_owned()),
        encoding: Some("windows-1252".to_owned()),
        delimiter: Some(b';'),
        skip_lines: Some(1),
        header: Some(true),
        sheet: mapping.source().sheet.clone(),
        comma: true,
        dates: mapping.source().dates.clone(),
    };
    assert_eq!(mapping.source(), &wanted);
    assert_eq!(mapping.rules()[&Code::PersonDuplicate], Severity::Off);
    assert_eq!(mapping.key().to_string(), "Number");
    assert_eq!(mapping.text(), EXAMPLE);
}

#[test]
fn ready_made_mappings_are_right_in_themselves() {
    let known: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
    assert_eq!(Mapping::builtin_names(), known);
    for name in Mapping::builtin_names() {
        let mapping = Mapping::builtin(&format!("builtin:{name}")).unwrap();
        assert_eq!(mapping.name(), format!("builtin:{name}"));
    }
    let error = Mapping::builtin("shopwar").unwrap_err();
    assert_eq!(
        error.to_string(),
        "builtin:shopwar: there is no such ready-made mapping"
    );
    assert_eq!(
        error.help().unwrap().english,
        "did you mean `shopware6`? there are `jtl-shop5`, `shopify`, `shopware6`, `woocommerce`, `datev`, `magento2`, `prestashop`"
    );
}

#[test]
fn files_in_any_encoding_are_the_same_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.toml");
    let utf16: Vec<u8> = "\u{feff}"
        .chars()
        .chain(EXAMPLE.chars())
        .collect::<String>()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    std::fs::write(&path, utf16).unwrap();
    assert_eq!(Mapping::load(&path).unwrap().text(), EXAMPLE);
    let missing = Mapping::load(&folder.path().join("n.toml")).unwrap_err();
    assert!(missing.to_string().contains("cannot be read"), "{missing}");
}

#[test]
fn passthrough_needs_objects() {
    let mapping = Mapping::passthrough();
    let header = ["Number".to_owned()];
    let error = mapping.bind(Columns::Header(&header)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "passthrough: input with a header needs a mapping"
    );
    assert!(mapping.bind(Columns::Keys).is_ok());
}

proptest::proptest! {
    #[test]
    fn no_cells_make_it_panic(cells in proptest::collection::vec("(.|[0-9.,:'=\"+-]){0,12}", 0..30)) {
        let mut record = record(&[]);
        record.fields = Fields::Cells(cells.iter().map(String::as_str).collect());
        let plan = plan();
        let _ = plan.apply(&record, &mut Tally::default());
        let _ = plan.report_values(&record);
    }
}
