//! Proposals for inputs that are no samples: odd headers, odd values, and whatever comes.

mod amounts;
mod german;
mod plain;

use proptest::prelude::*;

use super::*;
use crate::mapping::{Mapping, Tally};
use crate::outcome::{Language, ValuesShown};
use crate::record::{Cells, Fields, Position, Span};

fn record(number: usize, fields: Fields) -> Record {
    Record {
        position: Position {
            record: number as u64,
            line: number as u64 + 1,
        },
        span: Span { start: 0, end: 0 },
        fields,
    }
}

fn rows<S: AsRef<str>>(rows: &[Vec<S>]) -> Vec<Record> {
    let rows = rows.iter().enumerate().map(|(number, row)| {
        let cells: Cells = row.iter().map(AsRef::as_ref).collect();
        record(number + 1, Fields::Cells(cells))
    });
    rows.collect()
}

fn proposed_with(header: &[String], records: &[Record], named: bool) -> Proposal {
    proposed_in(Language::English, header, records, named)
}

fn proposed_in(language: Language, header: &[String], records: &[Record], named: bool) -> Proposal {
    propose(&Seen {
        input: "input.csv",
        columns: Columns::Header(header),
        named,
        records,
        encoding: "UTF-8",
        options: &[("format", "\"csv\"".to_owned())],
        language,
    })
}

/// The proposal for a table as a CSV file would have it, separated by `|`.
fn proposed(table: &str) -> Proposal {
    let mut lines = table.trim().lines().map(|line| {
        let cells = line.trim().split('|');
        cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    });
    let header = lines.next().unwrap();
    let lines: Vec<Vec<String>> = lines.collect();
    let records = rows(&lines);
    german::is_the_same(&header, &records);
    let proposal = proposed_with(&header, &records, true);
    holds(&proposal, Columns::Header(&header), &records);
    proposal
}

/// The text is a mapping that fits, or only lacks what is marked; it is the same every time
/// and holds no customer's values.
#[track_caller]
fn holds(proposal: &Proposal, columns: Columns<'_>, records: &[Record]) {
    let text = match proposal.incomplete {
        false => proposal.text.clone(),
        true => {
            let mistakes = Mapping::parse("a.toml", &proposal.text)
                .unwrap_err()
                .brief();
            let placeholders = mistakes
                .iter()
                .all(|it| it.contains("still to be filled in"));
            assert!(placeholders, "{mistakes:?}\n{}", proposal.text);
            assert!(!proposal.to_fill_in.is_empty());
            proposal
                .text
                .replace("= \"FILL IN\"", "= { value = \"Ulm\" }")
        }
    };
    let mapping = Mapping::parse("a.toml", &text).unwrap_or_else(|error| {
        panic!(
            "{}\n{text}",
            error.render(false, Language::English, ValuesShown::Full)
        );
    });
    let plan = mapping.bind(columns).unwrap_or_else(|error| {
        panic!(
            "{}\n{text}",
            error.render(false, Language::English, ValuesShown::Full)
        );
    });
    for record in records {
        let _ = plan.apply(record, &mut Tally::default());
    }
}

#[track_caller]
fn has(proposal: &Proposal, wanted: &str) {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = squeezed(&proposal.text);
    assert!(
        text.contains(&squeezed(wanted)),
        "{wanted}\n{}",
        proposal.text
    );
}

#[test]
fn an_american_export() {
    let proposal = proposed(
        "Customer #|First Name|Last Name|Company Name|Address Line 1|Address Line 2|City|State|Zip Code|Country|Phone|Email|Sign-up Date|Discount %|Active|Password Hash
         C-1|Ann|Lee||12 Main Street||Springfield|IL|62701|United States|217-555-0101|ann@example.com|1/5/2024|2.50|Yes|$2y$10$abcdefghijk
         C-2|Bob|Ray|Ray Inc.|9 Oak Road|Suite 4|Portland|OR|97201|United States|503-555-0102|bob@example.com|12/31/2023|0|No|$2y$10$lmnopqrstuv",
    );
    for wanted in [
        "drop = [ # never written anywhere, reports included \"Password Hash\",",
        "Number = \"Customer #\"",
        "CustomerSince = { column = \"Sign-up Date\", date = \"%m/%d/%Y\" }",
        "LanguageIso = { value = \"EN\" } # FILL IN",
        "IsLocked = { column = \"Active\", lookup = { \"No\" = true, \"Yes\" = false } }",
        "Company = \"Company Name\"",
        "Street = \"Address Line 1\"",
        "Address2 = \"Address Line 2\"",
        "PostalCode = { column = \"Zip Code\", as = \"postal_code\" }",
        "CountryIso = { column = \"Country\", as = \"country\" }",
        "EmailAddress = { column = \"Email\", as = \"email\" }",
        "Discount = \"Discount %\"",
    ] {
        has(&proposal, wanted);
    }
    for value in ["Lee", "ann@", "Springfield", "$2y$", "Oak"] {
        assert!(!proposal.text.contains(value), "{value}");
    }
}

#[test]
fn values_tell_what_names_do_not() {
    let proposal = proposed(
        "A|B|C|D|E
         1|Herr|max@example.org|DE123456789|DE89370400440532013000
         2|Frau|eva@example.org|ATU12345678|AT611904300234573201
         3|Frau|ida@example.org|DE987654321|DE02120300000000202051",
    );
    has(
        &proposal,
        "FormOfAddress = { column = \"B\", as = \"salutation\" } # 75%: by the values of",
    );
    has(
        &proposal,
        "EmailAddress = { column = \"C\", as = \"email\" }",
    );
    has(&proposal, "VatID = { column = \"D\", as = \"vat_id\" }");
    has(&proposal, "\"E\", # bank accounts");
    has(
        &proposal,
        "City = \"FILL IN\" # FILL IN: no column holds the city",
    );
    assert!(proposal.incomplete);
    assert!(
        proposal
            .remarks
            .iter()
            .any(|remark| remark.contains("--allow-unkeyed"))
    );
    assert_eq!(proposal.dropped, 1);
}

#[test]
fn nobody_is_counted_where_there_are_no_records() {
    let proposal = proposed("Nr|Name|Ort|Land");
    has(&proposal, "FILL IN: the country of records without one");
    assert!(
        !proposal.text.contains("the 0 records"),
        "{}",
        proposal.text
    );
}

#[test]
fn damage_gets_its_steps() {
    let proposal = proposed(
        "Nr|Name|Firma|PLZ|Ort|Land|Telefon|Mail|Status|Zahlungsziel|Kreditlimit|seit
         1|Anna Muster|'Muster GmbH|1067|Dresden|D|'+49351123456|mailto:a@example.org|aktiv|14 Tage|750,00|0000-00-00
         2|Ben Beispiel|'Beispiel AG|01069|Dresden||'+49351123457|Ben <b@example.org>|gesperrt|30 Tage|0,00|01/02/2020
         3|Eva Eben|'Eben KG|01097|Dresden|NULL|'+49351123458|c@example.org|aktiv||2.500,00|03/04/2021",
    );
    for wanted in [
        "empty = [\"\", \"NULL\", \"0000-00-00\"]",
        "LastName = \"Name\" # 75%",
        "the whole name, for nothing says where the first name ends",
        "Company = { column = \"Firma\", extract = ",
        "1 of four digits (a German one gets its zero back)",
        "CountryIso = { column = \"Land\", as = \"country\", default = \"DE\" } # FILL IN: the country of the 2 records without one",
        "PhoneNumber = { column = \"Telefon\", as = \"phone\" }",
        "replace = { \"mailto:\" = \"\" }, as = \"email\" }",
        "IsLocked = { column = \"Status\", lookup = { \"aktiv\" = false, \"gesperrt\" = true } }",
        "PaymentTarget = { column = \"Zahlungsziel\", extract = \"^([0-9]+)\" }",
        "CreditLimit = { column = \"Kreditlimit\", replace = { \",00\" = \"\", \".\" = \"\" }, lookup = { \"0\" = \"\" }, otherwise = \"keep\" }",
        "date = \"%d/%m/%Y\" } # FILL IN: no value tells day from month: is it %m/%d/%Y?",
    ] {
        has(&proposal, wanted);
    }
}

#[test]
fn an_account_is_the_customers_number_where_no_bank_is_told() {
    let table = |bank: &str| {
        format!(
            "Kontonummer|Name 1|Straße|Ort|LKZ|Kreditlimit|{bank}
             10000|Muster GmbH|Am Markt 1|Ulm|D|1.500,00|x
             10001|Probe GmbH|Am Markt 2|Wien|A|25.000,00|y"
        )
    };
    let books = proposed(&table("Sperrgrund"));
    for wanted in [
        "Number = \"Kontonummer\"",
        "AccountsReceivableNumber = \"Kontonummer\"",
        "CountryIso = { column = \"LKZ\", as = \"country\" }",
        "CreditLimit = { column = \"Kreditlimit\", replace = { \",00\" = \"\", \".\" = \"\" } }",
    ] {
        has(&books, wanted);
    }
    let bank = proposed(&table("BLZ"));
    has(&bank, "\"Kontonummer\", # bank accounts");
}

#[test]
fn names_of_addresses_that_begin_with_addr() {
    let proposal = proposed(
        "customerId|addressType|addrLastName|addrStreet|addrNo|addrZip|addrTown|addrCountry
         5000|billing|Muster|Hauptstraße|1|01067|Dresden|DE
         5001|billing|Probe|Am Markt|2|04109|Leipzig|DE
         5001|shipping|Probe|Ring|1|10115|Berlin|DE",
    );
    for wanted in [
        "LastName = \"addrLastName\"",
        "Street = { join = [\"addrStreet\", \"addrNo\"], with = \" \" }",
        "PostalCode = { column = \"addrZip\", as = \"postal_code\" }",
        "City = \"addrTown\"",
    ] {
        has(&proposal, wanted);
    }
}

#[test]
fn parts_that_stand_apart_are_joined_and_joined_ones_are_parted() {
    let proposal = proposed(
        "id|Vorname|Nachname|Straße|Hausnr.|PLZ/Ort|Land|EU-Land|EU-UStID|Liefername|Lieferstraße|Liefer-PLZ|Lieferort
         7|Anna|Muster|Weg|1a|01067 Dresden|DE|DE|123456789||||
         8|Ben|Beispiel|Gasse|2|80331 München|DE|DE|987654321|Lager Süd|Halle 3|20095|Hamburg",
    );
    for wanted in [
        "Street = { join = [\"Straße\", \"Hausnr.\"], with = \" \" }",
        "PostalCode = { column = \"PLZ/Ort\", extract = \"^(\\\\S+) \", as = \"postal_code\" }",
        "City = { column = \"PLZ/Ort\", extract = \"^\\\\S+ +(.+)$\" }",
        "VatID = { join = [\"EU-Land\", \"EU-UStID\"], with = \"\", as = \"vat_id\" }",
        "[customer.Shipmentaddress] when = \"Lieferort\"",
        "unless_same_as = \"BillingAddress\"",
        "LastName = \"Liefername\"",
        "CountryIso = { column = \"Land\", as = \"country\" } # 75%: the customer's own",
    ] {
        has(&proposal, wanted);
    }
    // The shop's id makes the number, with a template as soon as there are any.
    let by_template = "Number = { template = \"WEB{{ col['id'] }}\" }";
    let number = proposal
        .text
        .lines()
        .find(|line| line.starts_with("Number"))
        .unwrap();
    assert!(
        number.contains("\"id\"") || number.contains(by_template.get(9..).unwrap()),
        "{number}"
    );
    assert!(
        number.contains("FILL IN: there is no customer number"),
        "{number}"
    );
}

#[test]
fn many_groups_get_a_table_and_too_many_none() {
    let table = |groups: usize| {
        let rows = (0..groups).map(|at| format!("{at}|x|Ulm|DE|G{at}"));
        let rows: Vec<String> = rows.collect();
        format!("Kundennummer|Name|Ort|Land|Gruppe\n{}", rows.join("\n"))
    };
    let proposal = proposed(&table(20));
    has(
        &proposal,
        "[customer.CustomerGroupId.lookup] G0 = 1 # FILL IN: the id of this group in Wawi (1 record)",
    );
    assert_eq!(
        proposal
            .to_fill_in
            .iter()
            .filter(|mark| mark.what.starts_with('G'))
            .count(),
        20
    );
    let proposal = proposed(&table(21));
    has(
        &proposal,
        "CustomerGroupId = { value = 1 } # FILL IN: the id of the customer group in Wawi; \"Gruppe\" has more than 20 different values",
    );
    assert!(!proposal.text.contains("G7"));
}

#[test]
fn several_rows_of_a_customer_are_noticed() {
    let proposal = proposed(
        "Kundennummer|Name|Ort|Land
         1|A|Ulm|DE
         1|A|Bonn|DE
         2|B|Jena|DE",
    );
    has(
        &proposal,
        "[group] by = \"Kundennummer\" # 75%: 1 of 3 records have the same",
    );
    has(&proposal, "[group.address] LastName = \"Name\"");
}

#[test]
fn names_that_toml_has_to_quote() {
    let header: Vec<String> = [
        "Ort\n(Stadt)",
        "Land \"ISO\"",
        "Kundennummer\\x",
        "#Name",
        " E-Mail ",
        "",
        "Telefon",
        "Telefon",
        "_run",
        "Fax\u{200b}",
        "a=b",
        "[x]",
        "E-Mail",
    ]
    .map(str::to_owned)
    .to_vec();
    let records = rows(&[vec![
        "Ulm",
        "DE",
        "1",
        "Muster",
        "a@example.org",
        "x",
        "0351 12345",
        "1",
        "z",
    ]]);
    let proposal = proposed_with(&header, &records, true);
    holds(&proposal, Columns::Header(&header), &records);
    has(&proposal, "\"Telefon\" # several columns have this name");
    assert!(!proposal.text.contains("_run"), "{}", proposal.text);
}

#[test]
fn no_record_one_record_and_many_columns() {
    let proposal = proposed("Kundennummer|Nachname|Ort|Land|E-Mail");
    has(
        &proposal,
        "Number = \"Kundennummer\" # 77%: header \"Kundennummer\", no values",
    );
    assert!(!proposal.incomplete);
    assert!(
        proposal
            .remarks
            .iter()
            .any(|remark| remark.contains("no records"))
    );
    let proposal = proposed("Kundennummer|Nachname|Ort|Land|E-Mail\n1|A|Ulm|DE|a@example.org");
    has(&proposal, "Number = \"Kundennummer\" # 97%");
    let mut header: Vec<String> = (0..300).map(|at| format!("Spalte {at}")).collect();
    header[7] = "Nachname".to_owned();
    header[8] = "Ort".to_owned();
    let records = rows(&[vec!["x"; 300], vec!["y"; 300]]);
    let proposal = proposed_with(&header, &records, true);
    holds(&proposal, Columns::Header(&header), &records);
    has(&proposal, "# and 238 more");
}

#[test]
fn an_input_without_header_is_known_by_its_values() {
    let lines = [
        [
            "K1",
            "Herr",
            "Michael",
            "Muster",
            "Muster GmbH",
            "Am Markt 1",
            "01067",
            "Dresden",
            "Deutschland",
            "m@example.org",
            "+49 351 12345",
        ],
        [
            "K2",
            "Frau",
            "Anna",
            "Beispiel",
            "Beispiel AG",
            "Weg 2a",
            "80331",
            "München",
            "Deutschland",
            "a@example.org",
            "+49 89 12345",
        ],
        [
            "K3",
            "Frau",
            "Sabine",
            "Eben",
            "Eben KG",
            "Gasse 3",
            "20095",
            "Hamburg",
            "Österreich",
            "s@example.org",
            "+49 40 12345",
        ],
    ];
    let first: Vec<String> = lines[0].map(str::to_owned).to_vec();
    assert!(is_record(&first));
    let header: Vec<String> = (1..=11).map(|number| number.to_string()).collect();
    let records = rows(&lines.map(|line| line.to_vec()));
    let proposal = proposed_with(&header, &records, false);
    holds(&proposal, Columns::Header(&header), &records);
    for wanted in [
        "Number = \"1\"",
        "FormOfAddress = { column = \"2\"",
        "FirstName = \"3\"",
        "LastName = \"4\"",
        "Company = \"5\"",
        "Street = \"6\"",
        "PostalCode = { column = \"7\"",
        "City = \"8\"",
        "CountryIso = { column = \"9\"",
        "EmailAddress = { column = \"10\"",
        "PhoneNumber = { column = \"11\"",
    ] {
        has(&proposal, wanted);
    }
}

#[test]
fn a_header_is_no_record() {
    for header in [
        "Kundennummer;Name;Ort",
        "a;b;c",
        "1;Name",
        "2021;Umsatz;Ort",
        "",
    ] {
        let cells: Vec<String> = header.split(';').map(str::to_owned).collect();
        assert!(!is_record(&cells), "{header}");
    }
}

#[test]
fn exports_are_known_by_their_header() {
    for (header, title) in [
        (
            "email,_website,_store,created_at,firstname,group_id,lastname,password_hash",
            "Magento 2",
        ),
        (
            "id_customer,id_gender,firstname,lastname,email,passwd",
            "PrestaShop",
        ),
        ("cNachname;cVorname;cStrasse;cPLZ;cOrt;cMail", "JTL-Shop"),
    ] {
        let header: Vec<String> = header.split([',', ';']).map(str::to_owned).collect();
        let proposal = proposed_with(&header, &[], true);
        holds(&proposal, Columns::Header(&header), &[]);
        assert_eq!(proposal.recognised, Some(title));
    }
    assert_eq!(lines_before_header(&["EXTF".to_owned()]), 1);
    assert_eq!(lines_before_header(&["Konto".to_owned()]), 0);
}

#[test]
fn json_keys_and_paths() {
    let lines = [
        r#"{"nr": 7, "person": {"last_name": "Muster"}, "address": {"city": "Ulm", "country": "DE"}, "since": "2020-01-02", "a.b": "x", "tags": ["x"], "odd": {"c.d": 1, "": 2}}"#,
        r#"{"nr": 8, "person": {"last_name": "Eben"}, "address": {"city": "Bonn", "country": null}, "mails": [{"email": "a@example.org"}]}"#,
    ];
    let records: Vec<Record> = lines
        .iter()
        .enumerate()
        .map(|(number, line)| {
            record(
                number + 1,
                Fields::Object(serde_json::from_str(line).unwrap()),
            )
        })
        .collect();
    let proposal = propose(&Seen {
        input: "input.jsonl",
        columns: Columns::Keys,
        named: true,
        records: &records,
        encoding: "UTF-8",
        options: &[("format", "\"jsonl\"".to_owned())],
        language: Language::English,
    });
    holds(&proposal, Columns::Keys, &records);
    for wanted in [
        "Number = \"nr\"",
        "LastName = \"person.last_name\"",
        "City = \"address.city\"",
        "CountryIso = { column = \"address.country\", as = \"country\", default = \"DE\" }",
        "CustomerSince = \"since\"",
    ] {
        has(&proposal, wanted);
    }
}

fn header_word() -> impl Strategy<Value = String> {
    let words: Vec<&'static str> = super::topic::WORDS
        .iter()
        .flat_map(|(_, words)| words.split_whitespace().take(3))
        .collect();
    prop_oneof![
        4 => proptest::sample::select(words.clone()).prop_map(str::to_owned),
        1 => proptest::sample::select(words).prop_map(|word| format!("Liefer-{word} ")),
        1 => "\\PC{0,12}",
        1 => any::<String>(),
    ]
}

fn cell() -> impl Strategy<Value = String> {
    let words = [
        "",
        "1",
        "NULL",
        "ja",
        "Herr",
        "DE",
        "Deutschland",
        "01067",
        "a@example.org",
        "2,50",
        "1.5",
        "31.12.1985",
        "12/31/1985",
        "'x",
        "=\"1\"",
        "DE123456789",
        "$2y$10$a",
        "Weg 1",
        "14 Tage",
    ];
    prop_oneof![4 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_comes_gives_a_mapping_that_fits(
        header in proptest::collection::vec(header_word(), 1..14),
        cells in proptest::collection::vec(proptest::collection::vec(cell(), 14), 0..5),
        named: bool,
    ) {
        let header: Vec<String> = match named {
            true => header,
            false => (1..=header.len()).map(|number| number.to_string()).collect(),
        };
        let lines: Vec<Vec<String>> =
            cells.iter().map(|row| row.iter().take(header.len()).cloned().collect()).collect();
        let records = rows(&lines);
        let proposal = proposed_with(&header, &records, named);
        holds(&proposal, Columns::Header(&header), &records);
        let again = proposed_with(&header, &records, named);
        prop_assert_eq!(&proposal, &again);
        for mark in &proposal.to_fill_in {
            let line = proposal.text.lines().nth(mark.line - 1);
            prop_assert!(line.is_some_and(|line| line.contains("FILL IN")));
        }
    }
}
