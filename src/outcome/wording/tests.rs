//! The sentences, each of them: whoever adds a code sees it here.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::outcome::Damage;

/// `code | target | column | value | parameters`: errors as their stages make them.
const EXAMPLES: &str = "
required.missing | BillingAddress.City | Ort | |
type.integer | CustomerGroupId | Gruppe | eins |
type.decimal | PaymentSettings.Discount | Rabatt | 2;5 | example=1.234,56
type.boolean | IsLocked | Gesperrt | vielleicht |
type.date | Birthday | geb. | 31.02.1980 | format=%d.%m.%Y
type.text | BillingAddress.City | city | {…} |
length.max | Number | Nr | C1005486 | max=30; length=31
length.newer | BillingAddress.City | Ort | Dresden | max=64; length=65
range | CustomerGroupId | Gruppe | 0 | min=1; max=2147483647
email.malformed | BillingAddress.EmailAddress | Mail | a@b.de, c@d.de | hint=several
phone.malformed | BillingAddress.PhoneNumber | Tel | 4.91E+11 | hint=scientific
url.malformed | Website | WWW | keine |
country.unknown | BillingAddress.CountryIso | Land | Deutschland | meant=DE
language.unknown | LanguageIso | Sprache | xx |
salutation.unknown | BillingAddress.FormOfAddress | Anrede | Sir |
lookup.missing | CustomerGroupId | Gruppe | Gold | known=Endkunde, Händler
lookup.ambiguous | CustomerGroupId | Gruppe | Händler | list=customer groups; ids=2 and 7
erp.unknown_id | CustomerGroupId | Gruppe | 9 | list=customer group; known=1 (Endkunden)
template.failed | InitialContact | Quelle | 7 | reason=an operation does not fit its values; in=col.A + 1
postal_code.country | BillingAddress.PostalCode | PLZ | 1067 | country=DE; shape=00000; hint=lost_zero
vat_id.format | BillingAddress.VatID | USt | DE 123456789 | country=DE; shape=DE000000000; hint=separators
vat_id.checksum | BillingAddress.VatID | USt | DE123456789 | country=DE
vat_id.country | BillingAddress.VatID | USt | ATU12345678 | country=AT; address=DE
name.missing | BillingAddress.LastName | Nachname | |
key.missing | Number | Nr | |
key.exists | Number | Nr | |
key.duplicate | Number | Nr | C1 | first_record=2; first_line=3
person.duplicate | | | | first_record=2; first_line=3
email.duplicate | | | | first_record=2; first_line=3
record.ragged | | | | fields=29; expected=28
cell.error | | Ort | | cell=D17; error=#N/A
record.quote | | | | line=7
group.headless | | | | grouped_by=email
group.too_large | | | | records=10000; bytes=16777216; grouped_by=email
group.uncertain | | | | first_record=2; first_line=3
group.failed | | | | first_record=2; first_line=3
join.missing | | Kunde | | file=addresses.csv
join.ambiguous | | Kunde | | file=addresses.csv; first_line=2; line=5
record.too_large | | | | limit=1048576
attempts.exhausted | | | |
encoding.invalid | | | | encoding=UTF-8; offset=17
encoding.suspect | BillingAddress.City | Ort | MÃ¼nchen |
text.control | BillingAddress.City | Ort | Dres\u{1b}den |
text.suspect | BillingAddress.City | Ort | NULL | looks_like=no_value; word=NULL
date.suspect | Birthday | geb. | 1880-01-01T00:00:00Z |
json.malformed | | | | reason=expected `:`; column=12
property.unknown | BillingAddress.Town | | |
";

fn example(code: Code) -> FieldError {
    let line = EXAMPLES
        .lines()
        .find(|line| line.split(" |").next() == Some(code.as_str()))
        .unwrap_or_else(|| panic!("{code} has no example"));
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let mut error = FieldError::new(code, cells[1]);
    if !cells[2].is_empty() {
        error = error.in_columns([cells[2]]);
    }
    if !cells[3].is_empty() {
        error = error.of_value(cells[3]);
    }
    for param in cells[4].split("; ").filter(|param| !param.is_empty()) {
        let (name, value) = param.split_once('=').unwrap();
        error = error.with(name, value);
    }
    error
}

#[test]
fn every_code_has_its_sentences() {
    let mut all = String::new();
    for code in Code::ALL {
        let error = example(*code);
        let bare = FieldError::new(*code, "");
        writeln!(all, "{code}: {}", code.meaning()).unwrap();
        writeln!(all, "    {}", error.message()).unwrap();
        writeln!(all, "    {}", error.remedy()).unwrap();
        writeln!(all, "    group: {}", error.message_of_group()).unwrap();
        writeln!(all, "    bare: {} {}", bare.message(), bare.remedy()).unwrap();
    }
    insta::assert_snapshot!("codes", all);
}

const HINTS: [(Code, &str); 4] = [
    (
        Code::EmailMalformed,
        "mailto display_name several blank domain",
    ),
    (Code::PhoneMalformed, "scientific letters guard digits"),
    (Code::PostalCodeCountry, "lost_zero prefix"),
    (Code::VatIdFormat, "separators lost_zero greece no_prefix"),
];

#[test]
fn every_hint_changes_the_sentence() {
    let mut all = String::new();
    for (code, hints) in HINTS {
        let plain = FieldError::new(code, "").message();
        for hint in hints.split(' ') {
            let error = FieldError::new(code, "").with("hint", hint);
            assert_ne!(error.message(), plain, "{hint}");
            writeln!(all, "{code} {hint}: {} {}", error.message(), error.remedy()).unwrap();
        }
        assert_eq!(FieldError::new(code, "").with("hint", "?").message(), plain);
    }
    insta::assert_snapshot!("hints", all);
}

#[test]
fn a_table_in_a_file_is_named() {
    let error = example(Code::LookupMissing).with("file", "groups.csv");
    assert!(error.message().contains("is not in `groups.csv`"));
    assert!(
        error
            .remedy()
            .contains("to that file (`lookup_file` of Cust")
    );
}

#[test]
fn every_damage_is_named_with_its_remedy() {
    let mut all = String::new();
    for damage in Damage::ALL {
        let code = match damage {
            Damage::NoDate | Damage::DateSerial | Damage::ShortYear | Damage::OtherDate => {
                Code::TypeDate
            }
            Damage::DecimalPoint | Damage::DecimalComma => Code::TypeDecimal,
            Damage::Thousands | Damage::ZeroDecimals | Damage::Unit => Code::TypeInteger,
            Damage::Mojibake => Code::EncodingSuspect,
            _ => Code::TextSuspect,
        };
        let plain = FieldError::new(code, "X").in_columns(["Ort"]);
        let error = plain.clone().with("looks_like", damage.as_str());
        assert_ne!(error.message(), plain.message(), "{damage:?}");
        // Groups have one kind of damage: their sentence names it, too.
        assert_ne!(error.message_of_group(), plain.message_of_group());
        writeln!(
            all,
            "{}: {} {}",
            damage.as_str(),
            error.message(),
            error.remedy()
        )
        .unwrap();
    }
    insta::assert_snapshot!("damage", all);
}

#[test]
fn values_stand_only_where_they_may() {
    for code in Code::ALL {
        let error = example(*code).of_value("geheim-4711");
        for text in [
            error.message_without_value(),
            error.message_of_group(),
            error.remedy(),
        ] {
            assert!(!text.contains("4711"), "{text}");
        }
    }
    let error = FieldError::new(Code::TypeInteger, "").of_value("\u{1b}[2Jx".repeat(30));
    let message = error.message();
    assert!(
        message.chars().count() < 80 && !message.contains('\u{1b}'),
        "{message}"
    );
}

#[test]
fn columns_are_named_but_not_all_of_many() {
    let error = FieldError::new(Code::TypeInteger, "Number");
    assert_eq!(error.message(), "Number: the value is not a whole number.");
    let error = error.in_columns(["a", "b\u{1b}", "c", "d"]);
    assert_eq!(
        error.message(),
        "Columns `a`, `b␛`, `c`, …: the value is not a whole number."
    );
}

#[test]
fn an_amount_with_cents_is_told_how_it_becomes_whole() {
    let error = FieldError::new(Code::TypeInteger, "PaymentSettings.CreditLimit")
        .in_columns(["Kreditlimit"]);
    let step = "`extract = '^([\\d.]+)', replace = { \".\" = \"\" }` ";
    for (language, whole) in [
        (Language::English, "makes 1234 of 1.234,56."),
        (Language::German, "1234 aus 1.234,56."),
    ] {
        let told = error.remedy_in(language);
        assert!(told.contains(step) && told.ends_with(whole), "{told}");
    }
    let other = FieldError::new(Code::TypeInteger, "CustomerGroupId");
    assert!(other.remedy().contains("`lookup`"));
}

#[test]
fn runs_have_their_sentences() {
    let stops = [
        Stop::Unauthorized,
        Stop::Licence,
        Stop::Forbidden,
        Stop::Redirect { status: 302 },
        Stop::Address { status: 404 },
        Stop::Address { status: 412 },
        Stop::Tls,
        Stop::Token {
            why: "invalid_client\u{1b}".into(),
        },
        Stop::Token { why: String::new() },
        Stop::CannotRead { status: 403 },
        Stop::CannotRead { status: 200 },
        Stop::TooManyFailures {
            refused: 10,
            sent: 60,
        },
    ];
    let mut all = String::new();
    let mut german = String::new();
    for stop in stops {
        writeln!(all, "{} {}", stop.message(), stop.remedy()).unwrap();
        let (message, remedy) = (
            stop.message_in(Language::German),
            stop.remedy_in(Language::German),
        );
        writeln!(german, "{message} {remedy}").unwrap();
    }
    for ending in [
        Ending::Finished,
        Ending::Limited,
        Ending::TooManyInvalid,
        Ending::Stopped(Stop::Tls),
        Ending::Outage,
        Ending::TimeUp,
        Ending::Interrupted,
        Ending::Terminated,
    ] {
        writeln!(all, "{}", ending.message()).unwrap();
        writeln!(german, "{}", ending.message_in(Language::German)).unwrap();
    }
    for why in [
        UnknownWhy::LookupImpossible,
        UnknownWhy::LookupTooLong,
        UnknownWhy::Unkeyed,
        UnknownWhy::Ambiguous,
        UnknownWhy::Interrupted,
        UnknownWhy::EarlierUnknown,
    ] {
        writeln!(all, "{}", why.message()).unwrap();
        writeln!(german, "{}", why.message_in(Language::German)).unwrap();
    }
    insta::assert_snapshot!("runs", all);
    insta::assert_snapshot!("german_runs", german);
}

#[test]
fn every_code_has_its_german_sentences_with_the_same_facts() {
    let mut all = String::new();
    for code in Code::ALL {
        let bare = FieldError::new(*code, "");
        for error in [example(*code), bare] {
            let pairs = [
                (error.message(), error.message_in(Language::German)),
                (error.remedy(), error.remedy_in(Language::German)),
                (
                    error.message_of_group(),
                    error.message_of_group_in(Language::German),
                ),
            ];
            for (english, german) in pairs {
                assert_ne!(english, german, "{code}");
                assert_same_facts(&error, &english, &german);
                writeln!(all, "{code}: {german}").unwrap();
            }
        }
    }
    insta::assert_snapshot!("german", all);
}

/// Whether the text has the value as a word of its own.
fn holds(text: &str, value: &str) -> bool {
    text.match_indices(value).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let behind = text[start + value.len()..].chars().next();
        let is_word = |letter: char| letter.is_alphanumeric();
        !before.is_some_and(is_word) && !behind.is_some_and(is_word)
    })
}

/// What stands in one language stands in the other: parameters, names, and what one would type.
fn assert_same_facts(error: &FieldError, english: &str, german: &str) {
    let typed = |text: &str| {
        let quoted = text.split('`').skip(1).step_by(2);
        let mut typed: Vec<String> = quoted.map(str::to_owned).collect();
        typed.sort();
        typed
    };
    assert_eq!(typed(english), typed(german), "{english}\n{german}");
    // Words of ours are spoken in each language; `reason` may be one.
    let ours = ["list", "hint", "looks_like", "reason"];
    let params = error
        .params
        .iter()
        .filter(|(name, _)| !ours.contains(&name.as_str()));
    let values = params.map(|(_, value)| value).chain([&error.target]);
    for value in values.filter(|value| !value.is_empty()) {
        // A list of ids has one word of a language.
        let in_german = value.replace(" and ", " und ");
        assert_eq!(
            holds(english, value),
            holds(german, &in_german),
            "{value}: {english}\n{german}"
        );
    }
}

#[test]
fn every_hint_and_damage_is_named_in_german() {
    let mut all = String::new();
    for (code, hints) in HINTS {
        let plain = FieldError::new(code, "");
        for hint in hints.split(' ') {
            let error = plain.clone().with("hint", hint);
            let (message, remedy) = (
                error.message_in(Language::German),
                error.remedy_in(Language::German),
            );
            assert_ne!(message, plain.message_in(Language::German), "{hint}");
            assert_same_facts(&error, &error.message(), &message);
            assert_same_facts(&error, &error.remedy(), &remedy);
            writeln!(all, "{code} {hint}: {message} {remedy}").unwrap();
        }
    }
    for damage in Damage::ALL {
        for code in [Code::TypeText, Code::TextSuspect, Code::PhoneMalformed] {
            let plain = FieldError::new(code, "X").in_columns(["Ort"]);
            let error = plain.clone().with("looks_like", damage.as_str());
            for error in [error.clone(), error.with("word", "NULL").with("form", "%y")] {
                let (message, remedy) = (
                    error.message_in(Language::German),
                    error.remedy_in(Language::German),
                );
                assert_ne!(message, plain.message_in(Language::German), "{damage:?}");
                assert_same_facts(&plain, &error.message(), &message);
                assert_same_facts(&plain, &error.remedy(), &remedy);
                if code == Code::TextSuspect {
                    writeln!(all, "{}: {message} {remedy}", damage.as_str()).unwrap();
                }
            }
        }
    }
    insta::assert_snapshot!("german_hints", all);
}

/// Without a column, and with one or several, a remedy is a sentence that one could have written.
#[test]
fn remedies_read_well_without_a_column() {
    let hints = HINTS.iter().flat_map(|(code, hints)| {
        let error = FieldError::new(*code, "Number");
        hints
            .split(' ')
            .map(move |hint| error.clone().with("hint", hint))
    });
    let codes = Code::ALL
        .iter()
        .map(|code| FieldError::new(*code, "Number"));
    let damages = Damage::ALL.iter().flat_map(|damage| {
        let codes = [Code::TypeText, Code::TextSuspect, Code::PhoneMalformed];
        codes.map(|code| FieldError::new(code, "Number").with("looks_like", damage.as_str()))
    });
    for error in codes.chain(hints).chain(damages) {
        for columns in [&[][..], &["Ort"], &["Ort", "Land"]] {
            let error = error.clone().in_columns(columns.iter().copied());
            for language in Language::ALL {
                let remedy = error.remedy_in(language);
                for bad in [
                    "(den ",
                    "(die ",
                    " in the value",
                    "the value in the file really",
                    "  ",
                ] {
                    assert!(!remedy.contains(bad), "{}: {remedy}", error.code);
                }
                let first = remedy.chars().next().unwrap();
                assert!(!first.is_lowercase(), "{}: {remedy}", error.code);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_error_has_a_sentence(
        code in proptest::sample::select(Code::ALL),
        target in any::<String>(),
        columns in proptest::collection::vec(any::<String>(), 0..5),
        value in proptest::option::of(any::<String>()),
        params in proptest::collection::btree_map("max|min|hint|country|shape|length|known|reason", any::<String>(), 0..8),
    ) {
        let error = FieldError { target, columns, code, params, value, at: None };
        for text in [error.message(), error.message_without_value(), error.message_of_group(), error.remedy(), error.message_in(Language::German), error.message_of_group_in(Language::German), error.remedy_in(Language::German)] {
            prop_assert!(!text.chars().any(char::is_control), "{:?}", text);
            prop_assert!(text.ends_with('.'));
        }
    }
}

/// The cure for an amount with cents takes its signs for what they are.
#[test]
fn a_whole_amount_is_made_of_what_the_value_writes() {
    for (value, sign, amount) in [
        ("1.234,56", '.', "1.234,56"),
        ("12,50", '.', "1.234,56"),
        ("1.234", '.', "1.234,56"),
        ("1.234.567", '.', "1.234,56"),
        ("viel", '.', "1.234,56"),
        ("1,234.56", ',', "1,234.56"),
        ("12.50", ',', "1,234.56"),
        ("1,234", ',', "1,234.56"),
        ("1,234.567", ',', "1,234.56"),
    ] {
        let mut error = FieldError::new(Code::TypeInteger, "CreditLimit");
        error.value = Some(value.to_owned());
        for language in [Language::English, Language::German] {
            let remedy = error.remedy_in(language);
            let extract = format!("extract = '^([\\d{sign}]+)'");
            assert!(remedy.contains(&extract), "{value}: {remedy}");
            assert!(remedy.contains(&format!("{amount}.")), "{value}: {remedy}");
        }
    }
}
