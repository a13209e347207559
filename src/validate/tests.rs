//! The rules as tables: what passes, what does not, and as which code.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::customer::{Kind, Value, Values};

/// A draft with no more than what must be there.
fn draft() -> Draft<'static> {
    with(&[
        ("Number", "C1"),
        ("CustomerGroupId", "1"),
        ("LanguageIso", "DE"),
        ("InternalCompanyId", "1"),
        ("BillingAddress.City", "Dresden"),
        ("BillingAddress.CountryIso", "DE"),
        ("BillingAddress.LastName", "Muster"),
    ])
}

fn with(values: &[(&str, &str)]) -> Draft<'static> {
    let mut draft = Draft::default();
    for (path, text) in values {
        set(&mut draft, path, text);
    }
    draft
}

/// Sets the field at `path` in its own type; an empty text takes it away.
fn set(draft: &mut Draft<'_>, path: &str, text: &str) {
    let (object, name) = path.rsplit_once('.').unwrap_or(("", path));
    let customer = &mut draft.customer;
    let (part, values) = match object {
        "" => (Part::Customer, &mut customer.fields),
        "BillingAddress" => (Part::Billing, address(&mut customer.billing)),
        "Shipmentaddress" => (Part::Shipment, address(&mut customer.shipment)),
        "CustomAddress" => (Part::Custom, address(&mut customer.custom)),
        "Shipping[0]" => {
            if customer.other_shipping.is_empty() {
                customer
                    .other_shipping
                    .push(Values::new(&crate::customer::ADDRESS));
            }
            (Part::OtherShipping(0), &mut customer.other_shipping[0])
        }
        "PaymentSettings" => (
            Part::Payment,
            customer
                .payment
                .get_or_insert_with(|| Values::new(&crate::customer::PAYMENT)),
        ),
        other => panic!("no object {other}"),
    };
    let target = Target::find(part, name).unwrap();
    let value = (!text.is_empty()).then(|| match target.field().kind {
        Kind::Text => Value::Text(text.to_owned().into()),
        Kind::Integer => Value::Integer(text.parse().unwrap()),
        Kind::Decimal => Value::Decimal(text.parse().unwrap()),
        Kind::Boolean => Value::Boolean(text.parse().unwrap()),
        Kind::DateTime => Value::DateTime(text.into()),
    });
    values.set(target.index, value);
}

fn address<'a, 'r>(slot: &'a mut Option<Values<'r>>) -> &'a mut Values<'r> {
    slot.get_or_insert_with(|| Values::new(&crate::customer::ADDRESS))
}

fn rules() -> Rules {
    Rules {
        today: Date::constant(2026, 11, 24),
        ..Rules::default()
    }
}

/// The codes of all errors, then of all warnings, as `target code`.
fn told(draft: Draft<'_>, rules: &Rules) -> Vec<String> {
    let checked = check(draft, rules);
    let errors = checked.result.err().unwrap_or_default();
    let told = |mark: &str, error: &FieldError| format!("{mark}{} {}", error.target, error.code);
    errors
        .iter()
        .map(|error| told("", error))
        .chain(checked.warnings.iter().map(|error| told("~", error)))
        .collect()
}

fn told_with(path: &str, text: &str) -> Vec<String> {
    let mut draft = draft();
    set(&mut draft, path, text);
    told(draft, &rules())
}

#[test]
fn the_default_key_is_the_number() {
    assert_eq!(Rules::default().key.to_string(), "Number");
}

#[test]
fn a_customer_with_what_must_be_there_passes() {
    let checked = check(draft(), &rules());
    let customer = checked.result.unwrap();
    assert!(checked.warnings.is_empty());
    assert_eq!(customer.key(), Some("c1"));
    assert_eq!(customer.number(), Some("C1"));
    let mut text = b"before".to_vec();
    assert!(!customer.write_email(&mut text));
    assert!(!customer.write_person(&mut text));
    insta::assert_snapshot!(
        String::from_utf8(customer.body()).unwrap(),
        @r#"{"Number":"C1","CustomerGroupId":1,"LanguageIso":"DE","InternalCompanyId":1,"BillingAddress":{"City":"Dresden","CountryIso":"DE","LastName":"Muster"}}"#
    );
}

#[test]
fn doubles_are_looked_for_by_e_mail_and_person() {
    let mut text = b"before".to_vec();
    for (email, street, small, person) in [
        (
            "Max@Müster.DE",
            " Hauptstr.\t 1",
            "max@müster.de",
            "muster|hauptstr. 1|01067",
        ),
        (
            "Max@Muster.DE",
            "A\u{308}PFELWEG  7 ",
            "max@muster.de",
            "muster|äpfelweg 7|01067",
        ),
    ] {
        let mut draft = draft();
        set(&mut draft, "BillingAddress.EmailAddress", email);
        set(&mut draft, "BillingAddress.Street", street);
        set(&mut draft, "BillingAddress.PostalCode", "01067");
        let customer = check(draft, &rules()).result.unwrap();
        assert!(customer.write_email(&mut text));
        assert_eq!(text, small.as_bytes());
        assert!(customer.write_person(&mut text));
        assert_eq!(text, person.as_bytes());
    }
}

#[test]
fn what_is_required_is_missed_in_each_object_that_is_there() {
    assert_eq!(
        told(Draft::default(), &rules()),
        [
            "Number key.missing",
            "CustomerGroupId required.missing",
            "LanguageIso required.missing",
            "InternalCompanyId required.missing",
            "BillingAddress required.missing",
        ]
    );
    let mut draft = draft();
    set(&mut draft, "BillingAddress.City", " \u{a0}");
    set(&mut draft, "Shipmentaddress.Street", "Hauptstr. 1");
    set(&mut draft, "Shipping[0].City", "Wien");
    set(&mut draft, "PaymentSettings.PaymentTarget", "14");
    assert_eq!(
        told(draft, &rules()),
        [
            "BillingAddress.City required.missing",
            "Shipmentaddress.City required.missing",
            "Shipmentaddress.CountryIso required.missing",
            "OtherAddresses.OtherShippingAddresses[0].CountryIso required.missing",
        ]
    );
}

#[test]
fn blank_texts_and_objects_are_not_sent() {
    let mut draft = draft();
    set(&mut draft, "Website", " ");
    set(&mut draft, "CustomAddress.City", "\t");
    let customer = check(draft, &rules()).result.unwrap();
    assert_eq!(customer.customer().fields.text("Website"), None);
    assert_eq!(customer.customer().custom, None);
}

/// `target = value -> finding`; nothing behind the arrow: it passes.
const CASES: &str = "
CustomerGroupId = 0 -> CustomerGroupId range
CustomerGroupId = 2147483648 -> CustomerGroupId range
CustomerGroupId = 2147483647 ->
InternalCompanyId = 255 ->
InternalCompanyId = 256 -> InternalCompanyId range
InternalCompanyId = -1 -> InternalCompanyId range
CustomerSince = 2023-02-01T13:30:00.0000000+00:00 ->
CustomerSince = 1752-12-31T00:00:00Z -> CustomerSince range
CustomerSince = 2023-02-01T13:30:00 -> CustomerSince type.date
CustomerSince = 2023-02-30T13:30:00Z -> CustomerSince type.date
CustomerSince = 2030-01-01T00:00:00Z ->
Birthday = 2026-11-24T00:00:00Z ->
Birthday = 2026-11-25T00:00:00Z -> Birthday range
Birthday = 1700-01-01T00:00:00Z -> Birthday range
LanguageIso = EN ->
LanguageIso = en -> LanguageIso language.unknown
LanguageIso = deutsch -> LanguageIso language.unknown
LanguageIso = QQ -> LanguageIso language.unknown
Website = www.example.de ->
Website = keine -> Website url.malformed
BillingAddress.CountryIso = AT ->
BillingAddress.CountryIso = at -> BillingAddress.CountryIso country.unknown
BillingAddress.CountryIso = UK -> BillingAddress.CountryIso country.unknown
BillingAddress.CountryIso = Deutschland -> BillingAddress.CountryIso country.unknown
BillingAddress.PostalCode = 01067 ->
BillingAddress.PostalCode = 1067 -> BillingAddress.PostalCode postal_code.country
BillingAddress.PhoneNumber = +49 351 123456 ->
BillingAddress.PhoneNumber = 4.91761E+11 -> BillingAddress.PhoneNumber phone.malformed
BillingAddress.MobilePhoneNumber = n/a -> BillingAddress.MobilePhoneNumber phone.malformed
BillingAddress.Fax = 12 -> BillingAddress.Fax phone.malformed
BillingAddress.EmailAddress = max@muster.de ->
BillingAddress.EmailAddress = max@muster -> BillingAddress.EmailAddress email.malformed
BillingAddress.VatID = DE136695976 ->
BillingAddress.VatID = DE123456789 -> BillingAddress.VatID vat_id.checksum
BillingAddress.VatID = DE12 -> BillingAddress.VatID vat_id.format
BillingAddress.VatID = XX123456789 -> BillingAddress.VatID vat_id.format
BillingAddress.VatID = ATU13585627 -> ~BillingAddress.VatID vat_id.country
BillingAddress.Street = MÃ¼llerstr. 1 -> ~BillingAddress.Street encoding.suspect
BillingAddress.Street = 5 â‚¬-Weg -> ~BillingAddress.Street encoding.suspect
BillingAddress.Street = M\u{fffd}llerstr. -> ~BillingAddress.Street encoding.suspect
BillingAddress.Street = Weg\u{0}1 -> BillingAddress.Street text.control
BillingAddress.Street = Weg 1\tHinterhaus ->
PaymentSettings.Discount = 100 ->
PaymentSettings.Discount = 100.01 -> PaymentSettings.Discount range
PaymentSettings.Discount = -0.5 -> PaymentSettings.Discount range
PaymentSettings.CreditLimit = 0 -> PaymentSettings.CreditLimit range
PaymentSettings.CreditLimit = 1 ->
";

#[test]
fn each_rule_finds_what_it_is_for() {
    for case in CASES.lines().filter(|line| !line.is_empty()) {
        let (path, rest) = case.split_once(" = ").unwrap();
        let (value, expected) = rest.split_once(" ->").unwrap();
        assert_eq!(told_with(path, value).join(", "), expected.trim(), "{case}");
    }
}

#[test]
fn lengths_are_those_of_the_database() {
    for (path, letter, length, expected) in [
        ("Number", "x", 30, ""),
        ("Number", "x", 31, "Number length.max"),
        ("Number", "😀", 15, ""),
        ("Number", "😀", 16, "Number length.max"),
        ("BillingAddress.City", "x", 64, ""),
        (
            "BillingAddress.City",
            "x",
            65,
            "~BillingAddress.City length.newer",
        ),
        (
            "BillingAddress.City",
            "x",
            256,
            "BillingAddress.City length.max",
        ),
        ("BillingAddress.LastName", "ü", 126, ""),
        (
            "BillingAddress.LastName",
            "ü",
            127,
            "~BillingAddress.LastName length.newer",
        ),
        (
            "BillingAddress.Company",
            "x",
            129,
            "BillingAddress.Company length.max",
        ),
    ] {
        let told = told_with(path, &letter.repeat(length)).join(", ");
        assert_eq!(told, expected, "{length} times {letter}");
    }
}

#[test]
fn vat_ids_of_the_address_s_country_are_at_home() {
    for (country, id, expected) in [
        ("GR", "EL094012834", vec![]),
        ("GB", "XI110305878", vec![]),
        ("LI", "CHE-105.909.036", vec![]),
        ("MC", "FR16000063601", vec![]),
        (
            "GR",
            "DE136695976",
            vec!["~BillingAddress.VatID vat_id.country"],
        ),
    ] {
        let mut draft = draft();
        set(&mut draft, "BillingAddress.CountryIso", country);
        set(&mut draft, "BillingAddress.VatID", id);
        assert_eq!(told(draft, &rules()), expected, "{country} {id}");
    }
}

#[test]
fn somebody_must_be_named() {
    let mut nameless = draft();
    set(&mut nameless, "BillingAddress.LastName", "");
    set(&mut nameless, "Shipmentaddress.City", "Wien");
    set(&mut nameless, "Shipmentaddress.CountryIso", "AT");
    assert_eq!(
        told(nameless.clone(), &rules()),
        ["BillingAddress.LastName name.missing"]
    );
    set(&mut nameless, "BillingAddress.Company", "Muster GmbH");
    assert!(told(nameless, &rules()).is_empty());
}

#[test]
fn a_key_is_needed_unless_that_is_allowed() {
    let mut unkeyed = draft();
    set(&mut unkeyed, "Number", "");
    assert_eq!(told(unkeyed.clone(), &rules()), ["Number key.missing"]);
    let rules = Rules {
        allow_unkeyed: true,
        ..rules()
    };
    assert_eq!(check(unkeyed, &rules).result.unwrap().key(), None);
    let by_account = Rules {
        key: Target::find(Part::Customer, "AccountsReceivableNumber").unwrap(),
        ..rules
    };
    let mut draft = draft();
    set(&mut draft, "AccountsReceivableNumber", "10000");
    assert_eq!(
        check(draft, &by_account).result.unwrap().key(),
        Some("10000")
    );
}

#[test]
fn what_mapping_said_is_not_said_twice() {
    let mut draft = draft();
    for path in [
        "Number",
        "CustomerGroupId",
        "BillingAddress.City",
        "BillingAddress.LastName",
    ] {
        set(&mut draft, path, "");
        draft
            .errors
            .push(FieldError::new(Code::LookupMissing, path));
    }
    set(&mut draft, "LanguageIso", "");
    assert_eq!(
        told(draft, &rules()),
        [
            "Number lookup.missing",
            "CustomerGroupId lookup.missing",
            "LanguageIso required.missing",
            "BillingAddress.City lookup.missing",
            "BillingAddress.LastName lookup.missing",
        ]
    );
    let unmapped = Draft {
        errors: vec![FieldError::new(
            Code::CountryUnknown,
            "BillingAddress.CountryIso",
        )],
        ..with(&[
            ("Number", "1"),
            ("CustomerGroupId", "1"),
            ("LanguageIso", "DE"),
            ("InternalCompanyId", "1"),
        ])
    };
    assert_eq!(
        told(unmapped, &rules()),
        ["BillingAddress.CountryIso country.unknown"]
    );
}

#[test]
fn rules_weigh_what_may_be_weighed() {
    let rules = Rules {
        severities: BTreeMap::from([
            (Code::EmailMalformed, Severity::Warn),
            (Code::PhoneMalformed, Severity::Off),
            (Code::VatIdCountry, Severity::Error),
            (Code::LookupMissing, Severity::Warn),
            (Code::LanguageUnknown, Severity::Off),
            (Code::RequiredMissing, Severity::Off),
            (Code::Range, Severity::Off),
            (Code::LengthMax, Severity::Warn),
            (Code::RecordRagged, Severity::Off),
        ]),
        ..rules()
    };
    let mut draft = draft();
    set(&mut draft, "BillingAddress.EmailAddress", "max");
    set(&mut draft, "BillingAddress.Fax", "x");
    set(&mut draft, "LanguageIso", "QQ");
    draft.warnings.push(FieldError::new(Code::RecordRagged, ""));
    let fine = draft.clone();
    assert_eq!(
        told(fine, &rules),
        ["~BillingAddress.EmailAddress email.malformed"]
    );

    set(&mut draft, "BillingAddress.VatID", "ATU13585627");
    set(
        &mut draft,
        "Website",
        &format!("example.de/{}", "x".repeat(255)),
    );
    set(&mut draft, "CustomerGroupId", "0");
    set(&mut draft, "InternalCompanyId", "");
    draft
        .errors
        .push(FieldError::new(Code::LookupMissing, "InternalCompanyId"));
    assert_eq!(
        told(draft, &rules),
        [
            "CustomerGroupId range",
            // A look-up that is only warned about leaves a hole that the API will not take.
            "InternalCompanyId required.missing",
            "Website length.max",
            "BillingAddress.VatID vat_id.country",
            "~InternalCompanyId lookup.missing",
            "~BillingAddress.EmailAddress email.malformed",
        ]
    );
}

#[test]
fn the_shape_that_the_api_demands_stays_demanded() {
    let rules = Rules {
        severities: BTreeMap::from([
            (Code::LanguageUnknown, Severity::Off),
            (Code::CountryUnknown, Severity::Off),
        ]),
        ..rules()
    };
    let mut draft = draft();
    set(&mut draft, "LanguageIso", "deutsch");
    set(&mut draft, "BillingAddress.CountryIso", "Deutschland");
    assert_eq!(
        told(draft, &rules),
        [
            "LanguageIso language.unknown",
            "BillingAddress.CountryIso length.max"
        ]
    );
}

#[test]
fn a_value_of_another_type_is_an_error() {
    let mut draft = draft();
    let group = Target::find(Part::Customer, "CustomerGroupId").unwrap();
    draft
        .customer
        .fields
        .set(group.index, Some(Value::Text("1".into())));
    let locked = Target::find(Part::Customer, "IsLocked").unwrap();
    draft
        .customer
        .fields
        .set(locked.index, Some(Value::Integer(1)));
    let mut payment = Values::new(&crate::customer::PAYMENT);
    let discount = payment.schema().position("Discount").unwrap();
    payment.set(discount, Some(Value::Integer(5)));
    draft.customer.payment = Some(payment);
    assert_eq!(
        told(draft, &rules()),
        ["CustomerGroupId type.integer", "IsLocked type.boolean"]
    );
}

#[test]
fn errors_carry_what_their_sentences_need() {
    let mut draft = draft();
    set(&mut draft, "BillingAddress.PostalCode", "1067");
    let error = check(draft, &rules()).result.unwrap_err().remove(0);
    assert_eq!(error.value.as_deref(), Some("1067"));
    let params: Vec<_> = error
        .params
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(params, ["country=DE", "hint=lost_zero", "shape=00000"]);
}

#[test]
fn decimals_are_sent_as_numbers() {
    let mut draft = draft();
    set(&mut draft, "PaymentSettings.Discount", "2.50");
    let body = check(draft, &rules()).result.unwrap().body();
    let text = String::from_utf8(body).unwrap();
    assert!(
        text.ends_with(r#""PaymentSettings":{"Discount":2.50}}"#),
        "{text}"
    );
}

fn any_value() -> impl Strategy<Value = Option<Value<'static>>> {
    prop_oneof![
        Just(None),
        "\\PC{0,40}".prop_map(|text| Some(Value::Text(text.into()))),
        "[ -~À-ſ\u{0}-\u{1f}]{0,300}".prop_map(|text| Some(Value::Text(text.into()))),
        any::<i64>().prop_map(|number| Some(Value::Integer(number))),
        (any::<i64>(), 0u32..20)
            .prop_map(|(n, scale)| Some(Value::Decimal(Decimal::new(n, scale)))),
        any::<bool>().prop_map(|flag| Some(Value::Boolean(flag))),
        "[0-9TZ:.+-]{0,30}".prop_map(|text| Some(Value::DateTime(text.into()))),
    ]
}

type Verdict = (Result<Customer<'static>, Vec<FieldError>>, Vec<FieldError>);
/// The slow and obvious way to check a draft: blanks and then empty objects go, and every value is
/// looked at closely.
fn slowly(draft: Draft<'static>, rules: &Rules) -> Verdict {
    let mut customer = draft.customer;
    customer::clear_blanks(&mut customer.fields);
    customer.billing.iter_mut().for_each(customer::clear_blanks);
    for slot in [&mut customer.shipment, &mut customer.payment] {
        slot.iter_mut().for_each(customer::clear_blanks);
        slot.take_if(|values| values.is_empty());
    }
    let mut findings = Findings::new(rules, draft.errors, draft.warnings);
    for (part, values) in customer.parts() {
        fields::check(part, values, u32::MAX, &mut findings);
    }
    let key = customer::key_of(&customer, rules.key);
    if key.is_none() {
        findings.add_error(FieldError::new(Code::KeyMissing, rules.key.to_string()));
    }
    let (errors, warnings) = findings.into_sorted();
    match errors.is_empty() {
        true => (Ok(Customer::new(customer, key)), warnings),
        false => (Err(errors), warnings),
    }
}

/// As [`any_value`], but most often one that is right, or nearly.
fn likely_value() -> impl Strategy<Value = Option<Value<'static>>> {
    let texts =
        "|  |\u{a0}|DE|AT|01067|1010|Özil|a@b.de|a@b|\\+49 351 12|DE136695976|www.a.de|NULL|A&B";
    prop_oneof![
        4 => texts.prop_map(|text| Some(Value::Text(text.into()))),
        1 => (-1_i64..300).prop_map(|number| Some(Value::Integer(number))),
        1 => (-1_i64..20_000, 0u32..4)
            .prop_map(|(n, scale)| Some(Value::Decimal(Decimal::new(n, scale)))),
        1 => any::<bool>().prop_map(|flag| Some(Value::Boolean(flag))),
        1 => (1890_i16..2040, 1_i8..=12).prop_map(|(year, month)| {
            Some(Value::DateTime(crate::customer::Moment::of_day(Date::constant(year, month, 1))))
        }),
        1 => any_value(),
    ]
}

proptest! {
    /// Only what is odd is looked at closely, and the verdict is that of looking at everything.
    #[test]
    fn the_verdict_is_that_of_the_slow_way(
        values in proptest::collection::vec((0usize..4, 0usize..17, likely_value()), 0..12),
    ) {
        let mut draft = draft();
        for (object, index, value) in values {
            let customer = &mut draft.customer;
            match object {
                0 => customer.fields.set(index, value),
                1 => address(&mut customer.billing).set(index, value),
                2 => address(&mut customer.shipment).set(index, value),
                _ => customer.payment.get_or_insert_with(|| Values::new(&crate::customer::PAYMENT)).set(index, value),
            }
        }
        let fast = check(draft.clone(), &rules());
        prop_assert_eq!((fast.result, fast.warnings), slowly(draft, &rules()));
    }

    #[test]
    fn any_draft_gets_a_verdict(values in proptest::collection::vec((0usize..4, 0usize..17, any_value()), 0..60)) {
        let mut draft = draft();
        for (object, index, value) in values {
            let customer = &mut draft.customer;
            match object {
                0 => customer.fields.set(index, value),
                1 => address(&mut customer.billing).set(index, value),
                2 => address(&mut customer.shipment).set(index, value),
                _ => customer.payment.get_or_insert_with(|| Values::new(&crate::customer::PAYMENT)).set(index, value),
            }
        }
        match check(draft, &rules()).result {
            Ok(customer) => {
                let body: serde_json::Value = serde_json::from_slice(&customer.body()).unwrap();
                prop_assert!(body["BillingAddress"]["City"].is_string());
                prop_assert!(customer.key().is_some());
            }
            Err(errors) => prop_assert!(!errors.is_empty()),
        }
    }
}
