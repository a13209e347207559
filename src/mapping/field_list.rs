//! The fields of the API, as `importer mapping fields` lists them.

use super::value::kind_name;
use crate::customer::{Bounds, Part};
use crate::outcome::{Bilingual, both};

/// One field that a mapping can fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldEntry {
    /// The path by which errors and reports name it.
    pub path: String,
    /// Its type, in words.
    pub kind: Bilingual,
    /// What its value may be, in words; empty when there is no limit.
    pub limit: Bilingual,
    /// Whether the API demands it (of an address: when the address is sent).
    pub required: bool,
    /// What it means.
    pub meaning: Bilingual,
}

/// Objects of the same fields as `BillingAddress`, which is listed in full.
const LIKE_BILLING: [(&str, (&str, &str)); 5] = [
    ("Shipmentaddress", ("Delivery address.", "Lieferadresse.")),
    (
        "CustomAddress",
        (
            "A further address of Wawi's own kind.",
            "Eine weitere Adresse von einer eigenen Art der Wawi.",
        ),
    ),
    (
        "OtherAddresses.OtherBillingAddresses[]",
        ("Further billing addresses.", "Weitere Rechnungsadressen."),
    ),
    (
        "OtherAddresses.OtherShippingAddresses[]",
        ("Further delivery addresses.", "Weitere Lieferadressen."),
    ),
    (
        "OtherAddresses.OtherCustomerAddresses[]",
        (
            "Further addresses of the customer.",
            "Weitere Adressen des Kunden.",
        ),
    ),
];

/// Every field of the API. The optional addresses have the fields of `BillingAddress` and are
/// listed as one entry each.
#[must_use]
pub fn field_list() -> Vec<FieldEntry> {
    let mut list = fields(Part::Customer);
    list.extend(fields(Part::Billing));
    list.extend(LIKE_BILLING.map(|(path, meaning)| FieldEntry {
        path: path.to_owned(),
        kind: both!("an address", "eine Adresse"),
        limit: both!(
            "fields as in BillingAddress",
            "Felder wie in BillingAddress"
        ),
        required: false,
        meaning: told(meaning),
    }));
    list.extend(fields(Part::Payment));
    list
}

fn fields(part: Part) -> Vec<FieldEntry> {
    let schema = part.schema();
    schema
        .fields
        .iter()
        .map(|field| FieldEntry {
            path: match part {
                Part::Customer => field.name.to_owned(),
                part => format!("{part}.{}", field.name),
            },
            kind: kind_name(field.kind),
            limit: limit(field.bounds, field.newer_max),
            required: field.required,
            meaning: told(field.meaning),
        })
        .collect()
}

fn told((english, german): (&str, &str)) -> Bilingual {
    Bilingual::of(|language| language.pick(english, german).to_owned())
}

fn limit(bounds: Bounds, newer: Option<usize>) -> Bilingual {
    let limit = match bounds {
        Bounds::None => Bilingual::default(),
        Bounds::Length { min, max } if min == max => both!("{max} characters", "{max} Zeichen"),
        Bounds::Length { max, .. } => both!("at most {max} characters", "höchstens {max} Zeichen"),
        Bounds::Range { min, max } => both!("{min} to {max}", "{min} bis {max}"),
        Bounds::Years { min, max } => both!("years {min} to {max}", "Jahre {min} bis {max}"),
    };
    match newer {
        Some(newer) => {
            both!([limit] "{limit} ({newer} in newer versions)", "{limit} ({newer} in neueren Versionen)")
        }
        None => limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_can_be_mapped() {
        let list = field_list();
        let city = list
            .iter()
            .find(|entry| entry.path == "BillingAddress.City");
        let city = city.unwrap();
        assert_eq!(
            city.limit,
            both!(
                "at most 255 characters (64 in newer versions)",
                "höchstens 255 Zeichen (64 in neueren Versionen)"
            )
        );
        assert!(city.required);
        assert_eq!(list.len(), 16 + 17 + 5 + 5);
    }
}
