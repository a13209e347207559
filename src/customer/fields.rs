//! The table of the API's fields: name, type, limits, meaning.

/// The type of a field as the API defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// 32-bit whole number.
    Integer,
    /// Decimal number.
    Decimal,
    /// Yes or no.
    Boolean,
    /// Date and time with zone.
    DateTime,
}

/// What a field's value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// Anything of its type.
    None,
    /// Length in UTF-16 code units, as the database counts.
    Length {
        /// Shortest.
        min: usize,
        /// Longest.
        max: usize,
    },
    /// Smallest and largest number.
    Range {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// First and last year that the database takes.
    Years {
        /// First.
        min: i16,
        /// Last.
        max: i16,
    },
}

/// What a field holds beyond its type: by it, and not by names, its rules are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Anything.
    Any,
    /// A language, ISO 639-1.
    Language,
    /// A country, ISO 3166 alpha-2.
    Country,
    /// One e-mail address.
    Email,
    /// A phone, mobile or fax number.
    Phone,
    /// A postal code of the address's country.
    PostalCode,
    /// A VAT id.
    VatId,
    /// A web address.
    Website,
    /// A day of birth.
    Birthday,
}

/// One field of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The API's name.
    pub name: &'static str,
    /// What stands before its value in a body, if that is a text: a comma, the name, a colon and
    /// the opening quotation mark.
    pub lead: &'static str,
    /// What it holds.
    pub content: Content,
    /// Its type.
    pub kind: Kind,
    /// Whether the API demands it.
    pub required: bool,
    /// What its value may be.
    pub bounds: Bounds,
    /// The length that newer versions of the API take, where it is shorter than the limit here.
    pub newer_max: Option<usize>,
    /// What it means, for people: in English and in German.
    pub meaning: (&'static str, &'static str),
}

impl Field {
    /// The length up to which nothing is to be said of a text.
    #[inline]
    pub(crate) fn longest(&self) -> usize {
        match self.bounds {
            Bounds::Length { max, .. } => self.newer_max.unwrap_or(max).min(max),
            _ => usize::MAX,
        }
    }
}

/// An object of the API and its fields.
#[derive(Debug, PartialEq, Eq)]
pub struct Schema {
    /// The API's name.
    pub name: &'static str,
    /// Its fields, in the order in which they are sent.
    pub fields: &'static [Field],
    /// Those that the API demands, a bit for each index.
    pub required: u32,
}

/// The fields that the API demands, a bit for each index.
const fn required(mut fields: &[Field]) -> u32 {
    let (mut bits, mut bit) = (0, 1);
    while let [first, rest @ ..] = fields {
        if first.required {
            bits |= bit;
        }
        bit <<= 1;
        fields = rest;
    }
    bits
}

impl Schema {
    /// The index of the field `name`, by its exact spelling.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The field at `index`; the index is one of this schema's.
    #[must_use]
    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "an index always comes from `position`"
    )]
    pub fn field(&self, index: usize) -> &'static Field {
        &self.fields[index]
    }
}

const I32_MAX: i64 = i32::MAX as i64;

/// A field, with what stands before its value in a body.
macro_rules! field {
    ($name:literal, $($rest:tt)*) => {
        Field {
            name: $name,
            lead: concat!(",\"", $name, "\":\""),
            $($rest)*
        }
    };
}

/// `CreateCustomer`, without its nested objects.
pub static CUSTOMER: Schema = Schema {
    name: "CreateCustomer",
    fields: CUSTOMER_FIELDS,
    required: required(CUSTOMER_FIELDS),
};

const CUSTOMER_FIELDS: &[Field] = &[
    field! {
        "Number",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 30 },
        newer_max: None,
        meaning: ("The customer's number; left out, Wawi assigns the next one.", "Die Kundennummer; fehlt sie, vergibt die Wawi die nächste."),
    },
    field! {
        "CustomerGroupId",
        content: Content::Any,
        kind: Kind::Integer,
        required: true,
        bounds: Bounds::Range {
            min: 1,
            max: I32_MAX,
        },
        newer_max: None,
        meaning: ("Id of the customer group (Wawi > Customers > Customer groups).", "Id der Kundengruppe (Wawi > Kunden > Kundengruppen)."),
    },
    field! {
        "CustomerSince",
        content: Content::Any,
        kind: Kind::DateTime,
        required: false,
        bounds: Bounds::Years {
            min: 1753,
            max: 9999,
        },
        newer_max: None,
        meaning: ("When the customer relationship began.", "Seit wann er Kunde ist."),
    },
    field! {
        "LastChange",
        content: Content::Any,
        kind: Kind::DateTime,
        required: false,
        bounds: Bounds::Years {
            min: 1753,
            max: 9999,
        },
        newer_max: None,
        meaning: ("When the customer was last changed; only later v1 builds know it.", "Wann der Kunde zuletzt geändert wurde; nur spätere Fassungen von v1 kennen es."),
    },
    field! {
        "LanguageIso",
        content: Content::Language,
        kind: Kind::Text,
        required: true,
        bounds: Bounds::Length { min: 2, max: 2 },
        newer_max: None,
        meaning: ("Language, two letters (`DE`); it must be active in Wawi.", "Sprache, zwei Buchstaben (`DE`); sie muss in der Wawi aktiv sein."),
    },
    field! {
        "InternalCompanyId",
        content: Content::Any,
        kind: Kind::Integer,
        required: true,
        bounds: Bounds::Range { min: 0, max: 255 },
        newer_max: None,
        meaning: ("Id of the own company that the customer belongs to.", "Id der eigenen Firma, zu der der Kunde gehört."),
    },
    field! {
        "CustomerCategoryId",
        content: Content::Any,
        kind: Kind::Integer,
        required: false,
        bounds: Bounds::Range {
            min: 0,
            max: I32_MAX,
        },
        newer_max: None,
        meaning: ("Id of the customer category.", "Id der Kundenkategorie."),
    },
    field! {
        "TaxIdentificationNumber",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: None,
        meaning: ("German Steuernummer, not the VAT id.", "Steuernummer, nicht die USt-IdNr."),
    },
    field! {
        "AccountsReceivableNumber",
        content: Content::Any,
        kind: Kind::Integer,
        required: false,
        bounds: Bounds::Range {
            min: 0,
            max: I32_MAX,
        },
        newer_max: None,
        meaning: ("Debtor account, e.g. 10000.", "Debitorenkonto, etwa 10000."),
    },
    field! {
        "CommercialRegisterNumber",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: None,
        meaning: ("Commercial register, e.g. `HRB 1234`.", "Handelsregister, etwa `HRB 1234`."),
    },
    field! {
        "Website",
        content: Content::Website,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: None,
        meaning: ("Web address; a scheme is not needed.", "Webadresse; ohne `https://` genügt."),
    },
    field! {
        "InitialContact",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: None,
        meaning: ("How the customer came: sales channel, fair, campaign.", "Wie der Kunde kam: Verkaufskanal, Messe, Werbung."),
    },
    field! {
        "EbayUsername",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: None,
        meaning: ("User name at eBay.", "Benutzername bei eBay."),
    },
    field! {
        "Birthday",
        content: Content::Birthday,
        kind: Kind::DateTime,
        required: false,
        bounds: Bounds::Years {
            min: 1753,
            max: 9999,
        },
        newer_max: None,
        meaning: ("Day of birth; sent as midnight UTC.", "Geburtstag; gesendet als Mitternacht UTC."),
    },
    field! {
        "IsLocked",
        content: Content::Any,
        kind: Kind::Boolean,
        required: false,
        bounds: Bounds::None,
        newer_max: None,
        meaning: ("Locked for online-shop sales channels.", "Für Onlineshops gesperrt."),
    },
    field! {
        "IsCashRegisterBased",
        content: Content::Any,
        kind: Kind::Boolean,
        required: false,
        bounds: Bounds::None,
        newer_max: None,
        meaning: ("From a point of sale; to be synchronised with JTL-POS.", "Aus einer Kasse; wird mit JTL-POS abgeglichen."),
    },
];

/// `CreateAddress`. Newer versions of the API take shorter names and cities; see `newer_max`.
pub static ADDRESS: Schema = Schema {
    name: "CreateAddress",
    fields: ADDRESS_FIELDS,
    required: required(ADDRESS_FIELDS),
};

const ADDRESS_FIELDS: &[Field] = &[
    field! {
        "City",
        content: Content::Any,
        kind: Kind::Text,
        required: true,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: Some(64),
        meaning: ("City or town.", "Ort."),
    },
    field! {
        "CountryIso",
        content: Content::Country,
        kind: Kind::Text,
        required: true,
        bounds: Bounds::Length { min: 1, max: 5 },
        newer_max: None,
        meaning: ("Country, ISO 3166 alpha-2 (Greece is `GR`).", "Land, ISO 3166 mit zwei Buchstaben (Griechenland ist `GR`)."),
    },
    field! {
        "Company",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 128 },
        newer_max: None,
        meaning: ("Company.", "Firma."),
    },
    field! {
        "Company2",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 60 },
        newer_max: None,
        meaning: ("Second line of the company's name.", "Firmenzusatz."),
    },
    field! {
        "FormOfAddress",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 30 },
        newer_max: None,
        meaning: ("Salutation, e.g. `Frau`.", "Anrede, etwa `Frau`."),
    },
    field! {
        "Title",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 64 },
        newer_max: None,
        meaning: ("Academic title.", "Titel."),
    },
    field! {
        "FirstName",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: Some(126),
        meaning: ("First name.", "Vorname."),
    },
    field! {
        "LastName",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: Some(126),
        meaning: ("Last name; this or the company must be there.", "Nachname; er oder die Firma muss vorhanden sein."),
    },
    field! {
        "Street",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: None,
        meaning: ("Street and house number.", "Straße und Hausnummer."),
    },
    field! {
        "Address2",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: None,
        meaning: ("Second address line.", "Adresszusatz."),
    },
    field! {
        "PostalCode",
        content: Content::PostalCode,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 24 },
        newer_max: None,
        meaning: ("Postal code.", "PLZ."),
    },
    field! {
        "State",
        content: Content::Any,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: None,
        meaning: ("Federal state or province.", "Bundesland oder Provinz."),
    },
    field! {
        "VatID",
        content: Content::VatId,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 20 },
        newer_max: None,
        meaning: ("VAT id with its country prefix.", "USt-IdNr. mit ihrem Länderkürzel."),
    },
    field! {
        "PhoneNumber",
        content: Content::Phone,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 30 },
        newer_max: None,
        meaning: ("Phone.", "Telefon."),
    },
    field! {
        "MobilePhoneNumber",
        content: Content::Phone,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 30 },
        newer_max: None,
        meaning: ("Mobile phone.", "Mobiltelefon."),
    },
    field! {
        "EmailAddress",
        content: Content::Email,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 255 },
        newer_max: None,
        meaning: ("One e-mail address.", "Eine E-Mail-Adresse."),
    },
    field! {
        "Fax",
        content: Content::Phone,
        kind: Kind::Text,
        required: false,
        bounds: Bounds::Length { min: 1, max: 30 },
        newer_max: None,
        meaning: ("Fax.", "Fax."),
    },
];

/// Index of `CountryIso` in [`ADDRESS`].
pub const COUNTRY_ISO: usize = 1;
/// Index of `Company` in [`ADDRESS`].
pub const COMPANY: usize = 2;
/// Index of `LastName` in [`ADDRESS`].
pub const LAST_NAME: usize = 7;
/// Index of `Street` in [`ADDRESS`].
pub const STREET: usize = 8;
/// Index of `PostalCode` in [`ADDRESS`].
pub const POSTAL_CODE: usize = 10;
/// Index of `EmailAddress` in [`ADDRESS`].
pub const EMAIL_ADDRESS: usize = 15;

/// `CreatePaymentSettings`.
pub static PAYMENT: Schema = Schema {
    name: "CreatePaymentSettings",
    fields: PAYMENT_FIELDS,
    required: required(PAYMENT_FIELDS),
};

const PAYMENT_FIELDS: &[Field] = &[
    field! {
        "PaymentMethodId",
        content: Content::Any,
        kind: Kind::Integer,
        required: false,
        bounds: Bounds::Range {
            min: 1,
            max: I32_MAX,
        },
        newer_max: None,
        meaning: ("Id of the payment method.", "Id der Zahlungsart."),
    },
    field! {
        "Discount",
        content: Content::Any,
        kind: Kind::Decimal,
        required: false,
        bounds: Bounds::Range { min: 0, max: 100 },
        newer_max: None,
        meaning: ("Discount in per cent.", "Rabatt in Prozent."),
    },
    field! {
        "PaymentTarget",
        content: Content::Any,
        kind: Kind::Integer,
        required: false,
        bounds: Bounds::Range {
            min: 0,
            max: I32_MAX,
        },
        newer_max: None,
        meaning: ("Days until payment is due.", "Zahlungsziel in Tagen."),
    },
    field! {
        "CreditLimit",
        content: Content::Any,
        kind: Kind::Integer,
        required: false,
        bounds: Bounds::Range {
            min: 1,
            max: I32_MAX,
        },
        newer_max: None,
        meaning: ("Credit limit, a whole amount.", "Kreditlimit, ein ganzer Betrag."),
    },
    field! {
        "StopPaymentRequest",
        content: Content::Any,
        kind: Kind::Boolean,
        required: false,
        bounds: Bounds::None,
        newer_max: None,
        meaning: ("No dunning.", "Mahnstopp."),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_those_of_the_names() {
        for (index, name) in [
            (COUNTRY_ISO, "CountryIso"),
            (COMPANY, "Company"),
            (LAST_NAME, "LastName"),
            (STREET, "Street"),
            (POSTAL_CODE, "PostalCode"),
            (EMAIL_ADDRESS, "EmailAddress"),
        ] {
            assert_eq!(ADDRESS.field(index).name, name);
        }
    }

    #[test]
    fn every_field_has_its_bit() {
        for schema in [&CUSTOMER, &ADDRESS, &PAYMENT] {
            assert!(schema.fields.len() < 32);
            for (index, field) in schema.fields.iter().enumerate() {
                assert_eq!(schema.required >> index & 1 == 1, field.required);
            }
        }
    }
}
