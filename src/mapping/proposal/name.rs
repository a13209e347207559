//! What the name of a column says: its topic, and the address that it belongs to.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::topic::{Topic, by_word};

/// The address that a column belongs to. Topics outside of addresses are `Billing`, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// The customer's own address.
    Billing,
    /// The delivery address.
    Shipping,
    /// A further delivery address, by its number in the names.
    Further(u16),
}

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The topic.
    pub(super) topic: Topic,
    /// The address.
    pub(super) role: Role,
    /// The name says which address it is; others belong to the customer's own.
    pub(super) says_role: bool,
    /// How sure the name makes, in per cent.
    pub(super) sure: u8,
}

/// Words before or behind a name that tell the address.
const ROLES: &[(&str, Role)] = &[
    ("abweichendelieferadresse", Role::Shipping),
    ("lieferadresse", Role::Shipping),
    ("lieferadressen", Role::Shipping),
    ("lieferanschrift", Role::Shipping),
    ("shippingaddress", Role::Shipping),
    ("shipmentaddress", Role::Shipping),
    ("deliveryaddress", Role::Shipping),
    ("versandadresse", Role::Shipping),
    ("lieferungs", Role::Shipping),
    ("lieferung", Role::Shipping),
    ("shipping", Role::Shipping),
    ("shipment", Role::Shipping),
    ("delivery", Role::Shipping),
    ("shipto", Role::Shipping),
    ("versand", Role::Shipping),
    ("liefer", Role::Shipping),
    ("ship", Role::Shipping),
    ("rechnungsadresse", Role::Billing),
    ("rechnungsanschrift", Role::Billing),
    ("billingaddress", Role::Billing),
    ("invoiceaddress", Role::Billing),
    ("defaultaddress", Role::Billing),
    ("hauptadresse", Role::Billing),
    ("rechnungs", Role::Billing),
    ("rechnung", Role::Billing),
    ("billing", Role::Billing),
    ("invoice", Role::Billing),
    ("billto", Role::Billing),
];

/// Words before or behind a name that say nothing.
const NEUTRAL: &[&str] = &[
    "customer",
    "kunden",
    "kunde",
    "kd",
    "client",
    "contact",
    "kontakt",
    "person",
    "addr",
    "adress",
    "adresse",
    "address",
    "anschrift",
    "user",
    "account",
    "primary",
    "haupt",
    "default",
    "shop",
    "payment",
    "company",
    "firmen",
];

/// Words that say enough alone, and nothing among others: `Order number`, `Payment status`.
const VAGUE: &[&str] = &[
    "number",
    "name",
    "status",
    "active",
    "title",
    "state",
    "first",
    "last",
    "group",
    "gruppe",
    "role",
    "rolle",
    "source",
    "site",
    "created",
    "updated",
    "changed",
    "unit",
    "land",
    "zusatz",
    "category",
    "kategorie",
    "business",
    "customer",
    "kunde",
    "prefix",
    "hash",
    "pass",
    "bank",
    "registered",
    "anlage",
];

/// The words of a name in the form in which they are compared: umlauts written out, no
/// accents, split at punctuation, between small letter and capital, and before digits. The
/// prefix of a type (`cStrasse`, `dErstellt`) is left out.
pub(super) fn words(name: &str) -> Vec<String> {
    let typed = has_type(name);
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in name.trim().chars().skip(usize::from(typed)) {
        let starts = !letter.is_alphanumeric()
            || (before.is_lowercase() && letter.is_uppercase())
            || (before.is_alphanumeric() && before.is_numeric() != letter.is_numeric());
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        before = letter;
        let Some(word) = words.last_mut() else {
            continue;
        };
        match letter {
            'ä' | 'Ä' => word.push_str("ae"),
            'ö' | 'Ö' => word.push_str("oe"),
            'ü' | 'Ü' => word.push_str("ue"),
            'ß' | 'ẞ' => word.push_str("ss"),
            '#' => word.push_str("number"),
            other if other.is_alphanumeric() => {
                let plain = std::iter::once(other)
                    .nfd()
                    .filter(|mark| !is_combining_mark(*mark));
                word.extend(plain.flat_map(char::to_lowercase));
            }
            _ => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether the name begins with the letter of a type: `cStrasse`.
fn has_type(name: &str) -> bool {
    let mut letters = name.trim().chars();
    let first = letters.next();
    matches!(first, Some('b' | 'c' | 'd' | 'f' | 'k' | 'n' | 's' | 't'))
        && letters.next().is_some_and(char::is_uppercase)
}

/// What the name says; `None` if it says nothing that is known.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    // Umlauts may come decomposed.
    let name: String = name.nfc().collect();
    if let Some((place, rest)) = of_list(&name) {
        let inner = meaning(rest)?;
        let role = match inner.topic.is_of_address() {
            true => Role::Further(place),
            false => return None,
        };
        return Some(Meaning {
            role,
            says_role: true,
            ..inner
        });
    }
    let words = words(&name);
    // `kKunde` is a key, `Kunde` is somebody.
    let typed: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let typed = typed.to_lowercase();
    let whole = match by_word(&typed) {
        Some(_) if has_type(&name) => typed,
        _ => words.concat(),
    };
    if let Some(found) = of_word(&whole) {
        return Some(found);
    }
    // The last step of a path: `person.first_name`.
    if let Some((before, last)) = name.rsplit_once('.')
        && !last.is_empty()
        && let Some(found) = meaning(last)
    {
        let role = ROLES.iter().find(|(word, _)| {
            let path = self::words(before).concat();
            path == *word || path.ends_with(*word)
        });
        return Some(Meaning {
            role: role.map_or(found.role, |(_, role)| *role),
            says_role: role.is_some() || found.says_role,
            sure: found.sure.min(90),
            ..found
        });
    }
    by_contained_words(&words)
}

/// `addresses[0].zip`: the place in the list, and the name in it.
fn of_list(name: &str) -> Option<(u16, &str)> {
    let (before, rest) = name.split_once('[')?;
    let (place, rest) = rest.split_once("].")?;
    let place = place.parse().ok()?;
    (!before.is_empty() && !rest.is_empty()).then_some((place, rest))
}

/// What a name written as one word says.
fn of_word(whole: &str) -> Option<Meaning> {
    let plain = |topic, sure| Meaning {
        topic,
        role: Role::Billing,
        says_role: false,
        sure,
    };
    if let Some(topic) = by_word(whole) {
        return Some(plain(topic, 97));
    }
    for (word, role) in ROLES {
        let Some(rest) = strip(whole, word) else {
            continue;
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, bare) = rest.split_at(digits);
        let topic = by_word(rest).map(|topic| (topic, 95)).or_else(|| {
            let bare = strip_neutral(bare).or_else(|| by_word(bare))?;
            Some((bare, 90))
        });
        let Some((topic, sure)) = topic.filter(|(topic, _)| !topic.is_dropped()) else {
            continue;
        };
        let further = number.parse().ok().filter(|number| *number > 1);
        return Some(Meaning {
            topic,
            role: match (further, role) {
                (Some(number), Role::Shipping) => Role::Further(number),
                _ => *role,
            },
            says_role: true,
            sure,
        });
    }
    if let Some(topic) = strip_neutral(whole) {
        return Some(plain(topic, 90));
    }
    // `Telefon 2`, `IBAN-Nr. 1`.
    let bare = whole.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare.len() < whole.len() && !bare.is_empty() {
        let topic = by_word(bare).or_else(|| strip_neutral(bare))?;
        return Some(plain(topic, 80));
    }
    None
}

/// The text without the word before it or behind it, unless nothing is left.
fn strip<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let rest = text
        .strip_prefix(word)
        .or_else(|| text.strip_suffix(word))?;
    (!rest.is_empty()).then_some(rest)
}

fn strip_neutral(text: &str) -> Option<Topic> {
    let rests = NEUTRAL.iter().filter_map(|word| strip(text, word));
    rests
        .flat_map(|rest| {
            [
                Some(rest),
                NEUTRAL.iter().find_map(|word| strip(rest, word)),
            ]
        })
        .flatten()
        .find_map(by_word)
}

/// A word or two in a row of a longer name. Short ones mean too much.
fn by_contained_words(words: &[String]) -> Option<Meaning> {
    const SHORTEST: usize = 4;
    let runs = (1..=3).rev().flat_map(|length| words.windows(length));
    let topic = runs
        .map(<[String]>::concat)
        .filter(|run| run.len() >= SHORTEST || matches!(run.as_str(), "plz" | "ort" | "fax"))
        .filter(|run| !VAGUE.contains(&run.as_str()))
        .find_map(|run| of_word(&run).filter(|found| found.sure >= 90))?;
    let role = words.iter().find_map(|word| {
        let known = ROLES.iter().find(|(role, _)| role == word)?;
        Some(known.1)
    });
    // A remark about a topic is not the topic, and a number of something is not the customer's.
    let remark = words.iter().any(|word| {
        matches!(
            word.as_str(),
            "bemerkung"
                | "note"
                | "notes"
                | "comment"
                | "accepts"
                | "type"
                | "typ"
                | "total"
                | "anzahl"
                | "count"
                | "letzte"
                | "last"
                | "newsletter"
                | "verified"
                | "bestaetigt"
                | "consent"
                | "opt"
        )
    });
    if remark && !topic.topic.is_dropped() {
        return None;
    }
    Some(Meaning {
        role: role.unwrap_or(topic.role),
        says_role: role.is_some() || topic.says_role,
        sure: 70,
        ..topic
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> String {
        match meaning(name) {
            None => "-".to_owned(),
            Some(Meaning { topic, role, .. }) => match role {
                Role::Billing => format!("{topic:?}"),
                role => format!("{topic:?} {role:?}"),
            },
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of names")]
    fn names_as_exports_write_them() {
        for (name, wanted) in [
            ("Kundennummer", "Number"),
            ("Kunden-Nr.", "Number"),
            ("KundenNr", "Number"),
            ("cKundenNr", "Number"),
            ("customer_number", "Number"),
            ("CUSTOMER NO.", "Number"),
            ("Customer ID", "ShopId"),
            ("kKunde", "ShopId"),
            ("Order Number", "-"),
            ("Customer #", "Number"),
            ("Kundengruppe", "Group"),
            ("Kunde seit", "Since"),
            ("dErstellt", "Since"),
            ("date_registered", "Since"),
            ("dGeburtstag", "Birthday"),
            ("geb.", "Birthday"),
            ("geb. am", "Birthday"),
            ("Date of Birth", "Birthday"),
            ("E-Mail", "Email"),
            ("E-Mail-Adresse", "Email"),
            ("eMail Address", "Email"),
            ("EMAIL", "Email"),
            ("cMail", "Email"),
            ("Kunden E-Mail", "Email"),
            ("Email 1", "Email"),
            ("cStrasse", "Street"),
            ("Straße", "Street"),
            ("Strasse", "Street"),
            ("STRASSE", "Street"),
            ("Stra\u{df}e und Hausnummer", "Street"),
            ("Address 1", "Street"),
            ("address_line_1", "Street"),
            ("Address 2", "Street2"),
            ("Adresszusatz", "Street2"),
            ("Hausnr.", "HouseNumber"),
            ("PLZ", "PostalCode"),
            ("Zip/Postal Code", "PostalCode"),
            ("PLZ/Ort", "ZipCity"),
            ("Town/City", "City"),
            ("Ländercode", "Country"),
            ("La\u{308}ndercode", "Country"),
            ("Laendercode", "Country"),
            ("Telefonnummer (privat)", "Phone"),
            ("Tel.", "Phone"),
            ("Handy", "Mobile"),
            ("Mobile Phone", "Mobile"),
            ("USt-IdNr.", "VatId"),
            ("UStID", "VatId"),
            ("VAT Number", "VatId"),
            ("EU-UStID", "VatNumber"),
            ("EU-Land", "VatCountry"),
            ("Zahlungsziel (Tage)", "PaymentDays"),
            ("Rabatt %", "Discount"),
            ("Gesperrt", "Locked"),
            ("cAktiv", "Active"),
            ("Is Active", "Active"),
            ("Default Address Zip", "PostalCode"),
            ("billing_first_name", "FirstName"),
            ("Rechnungsadresse Ort", "City"),
            ("Rechnungsort", "City"),
            ("Lieferort", "City Shipping"),
            ("Liefer-PLZ", "PostalCode Shipping"),
            ("Lieferadresse: Straße", "Street Shipping"),
            ("Ort (Lieferadresse)", "City Shipping"),
            ("shipping_address_1", "Street Shipping"),
            ("ShippingCountry", "Country Shipping"),
            ("Ship To City", "City Shipping"),
            ("Lieferadresse 2 Ort", "City Further(2)"),
            ("address.city", "City"),
            ("person.first_name", "FirstName"),
            ("shipping.address.zip", "PostalCode Shipping"),
            ("addresses[1].zip", "PostalCode Further(1)"),
            ("IBAN-Nr. 1", "Bank"),
            ("BIC/SWIFT", "Bank"),
            ("Kreditkartennr.", "CardNumber"),
            ("cPasswort", "Secret"),
            ("password_hash", "Secret"),
            ("rp_token", "Secret"),
            ("Customer Password", "Secret"),
            ("Accepts Email Marketing", "-"),
            ("Bemerkung (Telefon)", "-"),
            ("Newsletter", "-"),
            ("Total Spent", "-"),
            ("", "-"),
            ("[0].", "-"),
            ("…", "-"),
        ] {
            assert_eq!(told(name), wanted, "{name}");
        }
    }

    #[test]
    fn a_prefix_of_the_type_is_no_part_of_the_name() {
        assert_eq!(words("cStrasse"), ["strasse"]);
        assert_eq!(words("tel"), ["tel"]);
        assert_eq!(words("BillingAddress1"), ["billing", "address", "1"]);
        assert_eq!(words("Größe (m)"), ["groesse", "m"]);
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_taken(name in "\\PC{0,60}", odd in "[a-z.\\[\\]0-9 _]{0,40}") {
            let _ = (meaning(&name), meaning(&odd));
        }
    }
}
