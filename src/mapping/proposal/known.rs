//! Exports that are known by their header.

use super::super::BUILTIN;
use super::super::trim::folded;

/// An export that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// What people call it.
    pub(super) title: &'static str,
    /// The name of its ready-made mapping, whether or not this version has it.
    builtin: &'static str,
    /// Columns that it has and others have not, all of them.
    columns: &'static [&'static str],
}

/// The exports; the first whose columns are all there is taken.
const EXPORTS: &[Known] = &[
    Known {
        title: "JTL-Shop",
        builtin: "jtl-shop5",
        columns: &["cVorname", "cNachname", "cStrasse", "cPLZ", "cOrt", "cMail"],
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
    },
    Known {
        title: "Magento 2",
        builtin: "magento2",
        columns: &["email", "_website", "_store", "group_id", "password_hash"],
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
    },
    Known {
        title: "PrestaShop",
        builtin: "prestashop",
        columns: &["id_customer", "id_gender", "firstname", "lastname", "email"],
    },
    Known {
        title: "PrestaShop",
        builtin: "prestashop",
        columns: &["id_customer", "id_default_group", "secure_key"],
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
    },
];

impl Known {
    /// The text of its ready-made mapping, if this version has one.
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

/// Lines before the header that say what the file is, told by the first of them.
pub(super) fn lines_before_header(first: &[String]) -> u64 {
    let is_datev = first.first().is_some_and(|cell| {
        let cell = cell.trim().trim_matches('"');
        cell.eq_ignore_ascii_case("EXTF") || cell.eq_ignore_ascii_case("DTVF")
    });
    u64::from(is_datev)
}
