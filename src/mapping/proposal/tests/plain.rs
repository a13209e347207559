//! What is proposed only where it is plain: groups, one of several addresses, names of the ERP.

use super::{has, proposed};

/// What looks like several records of a customer and may be something else is left to people.
#[test]
fn customers_without_a_key_and_doubles_are_no_group() {
    for (table, hint) in [
        // Two that have no number yet.
        (
            "Kundennummer|Nachname|Ort|Land|E-Mail
             1|A|Ulm|DE|a@example.org
             |B|Bonn|DE|b@example.org
             2|C|Jena|DE|c@example.org
             |D|Gera|DE|d@example.org",
            false,
        ),
        // An e-mail address that is not known, where each has a number.
        (
            "Kundennummer|Nachname|Ort|Land|E-Mail|Geburtstag
             1|A|Ulm|DE|a@example.org|1980-01-02
             2|B|Bonn|DE||
             3|C|Jena|DE|c@example.org|1980-01-02",
            false,
        ),
        // The same twice: not another address.
        (
            "Kundennummer|Nachname|Ort|Land
             1|A|Ulm|DE
             1|A|Ulm|DE
             2|C|Jena|DE",
            true,
        ),
        // Not below one another.
        (
            "Kundennummer|Nachname|Ort|Land
             1|A|Ulm|DE
             2|C|Jena|DE
             1|A|Bonn|DE
             2|C|Gera|DE",
            false,
        ),
        // Nothing but an address: whose is it?
        (
            "Kundennummer|Nachname|Ort|Land
             1|A|Ulm|DE
             |B|Bonn|DE
             2|C|Jena|DE",
            false,
        ),
    ] {
        let proposal = proposed(table);
        assert!(!proposal.text.contains("\n[group]"), "{}", proposal.text);
        assert_eq!(
            proposal.text.contains("# [group]"),
            hint,
            "{}",
            proposal.text
        );
    }
}

#[test]
fn records_without_a_key_become_further_addresses() {
    let proposal = proposed(
        "E-Mail|Vorname|Nachname|Straße|PLZ|Ort|Telefon
         a@example.org|Eva|Groß|Weg 1|01067|Dresden|0351 123456
         ||Lager|Weg 2|50667|Köln|
         ||Hof|Weg 3|50667|Köln|
         b@example.org|Jan|Klein|Weg 4|80331|München|",
    );
    has(
        &proposal,
        "[group] by = \"E-Mail\" # 80%: 2 of 4 records have none, and an address",
    );
    has(&proposal, "[group.address] LastName = \"Nachname\"");
    let address = proposal.text.split("[group.address]").nth(1).unwrap();
    assert!(!address.contains("FirstName"), "{address}");
    assert!(
        address.contains("CountryIso = { value = \"DE\" }"),
        "{address}"
    );
}

/// Which of several is meant nobody here knows, nor whether a text is a name that Wawi has.
#[test]
fn what_only_people_know_is_a_comment() {
    let mails = |second: &str| {
        proposed(&format!(
            "Kundennummer|Nachname|Ort|Land|E-Mail|Kundenkategorie|Zahlungsart
             1|A|Ulm|DE|a@example.org|Stamm|PayPal
             2|B|Bonn|DE|{second}|Stamm|Rechnung
             3|C|Jena|DE|c@example.org|Neu|Rechnung"
        ))
    };
    let proposal = mails("b@example.org; x@example.org");
    has(
        &proposal,
        "# EmailAddress = { column = \"E-Mail\", extract = \"^([^;,\\\\s]+)\", as = \"email\" }",
    );
    has(
        &proposal,
        "1 of 3 values are several addresses: this takes the first",
    );
    has(
        &proposal,
        "# CustomerCategoryId = { column = \"Kundenkategorie\", as = \"customer_category\" }",
    );
    has(
        &proposal,
        "# PaymentMethodId = { column = \"Zahlungsart\", as = \"payment_method\" }",
    );
    let proposal = mails("b@example.org");
    has(
        &proposal,
        "EmailAddress = { column = \"E-Mail\", as = \"email\" } # 97%",
    );
    assert!(
        !proposal.text.contains("# EmailAddress"),
        "{}",
        proposal.text
    );
}

/// Without the country in front it is no VAT id, and no country is guessed.
#[test]
fn a_vat_id_without_its_country_is_a_comment() {
    let proposal = proposed(
        "Kundennummer|Firma|Ort|Land|USt-IdNr.
         1|A GmbH|Ulm|DE|136695976
         2|B GmbH|Bonn|DE|811569869",
    );
    has(
        &proposal,
        "# VatID = { column = \"USt-IdNr.\", as = \"vat_id\" } # 40%",
    );
    has(&proposal, "without the country in front");
}
