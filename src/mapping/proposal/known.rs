//! Exports that are known by their header.

use super::super::trim::folded;
use super::super::{BUILTIN, Mapping};
use crate::outcome::{Bilingual, both};

/// An export that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// What people call it.
    pub(super) title: &'static str,
    /// The name of its ready-made mapping.
    builtin: &'static str,
    /// Columns that it has and others have not, all of them.
    columns: &'static [&'static str],
    /// Whether the ready-made mapping takes the addresses, and the customers beside them.
    pub(super) takes_addresses: bool,
}

/// What the mapping for PrestaShop takes.
pub(super) fn addresses() -> Bilingual {
    both!(
        "the addresses as its input, with customers.csv beside them",
        "die Adressen als Eingabe, mit customers.csv daneben"
    )
}

/// The exports; the first whose columns are all there is taken.
const EXPORTS: &[Known] = &[
    Known {
        title: "JTL-Shop",
        builtin: "jtl-shop5",
        columns: &["cVorname", "cNachname", "cStrasse", "cPLZ", "cOrt", "cMail"],
        takes_addresses: false,
    },
    Known {
        title: "Shopify",
        builtin: "shopify",
        columns: &[
            "First Name",
            "Last Name",
            "Default Address Address1",
            "Default Address Zip",
        ],
        takes_addresses: false,
    },
    Known {
        title: "Shopware 6",
        builtin: "shopware6",
        columns: &[
            "customer_number",
            "billing_zipcode",
            "billing_street",
            "sales_channel",
        ],
        takes_addresses: false,
    },
    Known {
        title: "WooCommerce",
        builtin: "woocommerce",
        columns: &[
            "billing_address_1",
            "billing_postcode",
            "billing_city",
            "billing_country",
        ],
        takes_addresses: false,
    },
    Known {
        title: "DATEV",
        builtin: "datev",
        columns: &[
            "Konto",
            "Name (Adressattyp Unternehmen)",
            "Name (Adressattyp keine Angabe)",
            "Postleitzahl",
        ],
        takes_addresses: false,
    },
    Known {
        title: "Magento 2",
        builtin: "magento2",
        columns: &["email", "_website", "_store", "group_id", "password_hash"],
        takes_addresses: false,
    },
    Known {
        title: "Magento 2",
        builtin: "magento2",
        columns: &[
            "email",
            "_website",
            "firstname",
            "lastname",
            "_address_city",
        ],
        takes_addresses: false,
    },
    Known {
        title: "Magento 2",
        builtin: "magento2",
        columns: &[
            "_email",
            "_entity_id",
            "firstname",
            "postcode",
            "country_id",
        ],
        takes_addresses: false,
    },
    Known {
        title: "PrestaShop",
        builtin: "prestashop",
        columns: &["id_address", "id_customer", "alias", "address1", "postcode"],
        takes_addresses: true,
    },
    Known {
        title: "PrestaShop",
        builtin: "prestashop",
        columns: &["id_customer", "id_gender", "firstname", "lastname", "email"],
        takes_addresses: true,
    },
    Known {
        title: "PrestaShop",
        builtin: "prestashop",
        columns: &["id_customer", "id_default_group", "secure_key"],
        takes_addresses: true,
    },
    Known {
        title: "PrestaShop",
        builtin: "prestashop",
        columns: &[
            "ID",
            "Social title",
            "First name",
            "Last name",
            "Email address",
        ],
        takes_addresses: true,
    },
    Known {
        title: "PrestaShop",
        builtin: "prestashop",
        columns: &[
            "Customer ID",
            "Social title",
            "First name",
            "Last name",
            "Email",
        ],
        takes_addresses: true,
    },
];

impl Known {
    /// The text of its ready-made mapping.
    pub(super) fn text(self) -> Option<&'static str> {
        let found = BUILTIN.iter().find(|(name, _)| *name == self.builtin);
        found.map(|(_, text)| *text)
    }

    /// How the ready-made mapping is named on the command line.
    pub(super) fn builtin(self) -> String {
        format!("builtin:{}", self.builtin)
    }
}

/// The export whose columns are all in `header`.
pub(super) fn recognise(header: &[String]) -> Option<Known> {
    let names: std::collections::HashSet<String> = header.iter().map(|name| folded(name)).collect();
    let is_it = |known: &&Known| {
        known
            .columns
            .iter()
            .all(|name| names.contains(&folded(name)))
    };
    EXPORTS.iter().find(is_it).copied()
}

/// The ready-made mapping of the export with this header, if it joins a second file.
pub(super) fn joining(header: &[String]) -> Option<Mapping> {
    let mapping = Mapping::builtin(recognise(header)?.builtin).ok()?;
    mapping.joined_file().is_some().then_some(mapping)
}

/// Lines before the header that say what the file is, told by the first of them.
pub(super) fn lines_before_header(first: &[String]) -> u64 {
    let is_datev = first.first().is_some_and(|cell| {
        let cell = cell.trim().trim_matches('"');
        cell.eq_ignore_ascii_case("EXTF") || cell.eq_ignore_ascii_case("DTVF")
    });
    u64::from(is_datev)
}
