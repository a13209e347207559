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

/// One field of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The API's name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether the API demands it.
    pub required: bool,
    /// What its value may be.
    pub bounds: Bounds,
    /// The length that newer versions of the API take, where it is shorter than the limit here.
    pub newer_max: Option<usize>,
    /// What it means, for people.
    pub meaning: &'static str,
}

/// An object of the API and its fields.
#[derive(Debug, PartialEq, Eq)]
pub struct Schema {
    /// The API's name.
    pub name: &'static str,
    /// Its fields, in the order in which they are sent.
    pub fields: &'static [Field],
}

impl Schema {
    /// The index of the field `name`, by its exact spelling.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The field at `index`; the index is one of this schema's.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "an index always comes from `position`"
    )]
    pub fn field(&self, index: usize) -> &'static Field {
        &self.fields[index]
    }
}

const I32_MAX: i64 = i32::MAX as i64;

/// `CreateCustomer`, without its nested objects.
pub static CUSTOMER: Schema = Schema {
    name: "CreateCustomer",
    fields: &[
        Field {
            name: "Number",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 30 },
            newer_max: None,
            meaning: "The customer's number; left out, Wawi assigns the next one.",
        },
        Field {
            name: "CustomerGroupId",
            kind: Kind::Integer,
            required: true,
            bounds: Bounds::Range {
                min: 1,
                max: I32_MAX,
            },
            newer_max: None,
            meaning: "Id of the customer group (Wawi > Customers > Customer groups).",
        },
        Field {
            name: "CustomerSince",
            kind: Kind::DateTime,
            required: false,
            bounds: Bounds::Years {
                min: 1753,
                max: 9999,
            },
            newer_max: None,
            meaning: "When the customer relationship began.",
        },
        Field {
            name: "LastChange",
            kind: Kind::DateTime,
            required: false,
            bounds: Bounds::Years {
                min: 1753,
                max: 9999,
            },
            newer_max: None,
            meaning: "When the customer was last changed; only later v1 builds know it.",
        },
        Field {
            name: "LanguageIso",
            kind: Kind::Text,
            required: true,
            bounds: Bounds::Length { min: 2, max: 2 },
            newer_max: None,
            meaning: "Language, two letters (`DE`); it must be active in Wawi.",
        },
        Field {
            name: "InternalCompanyId",
            kind: Kind::Integer,
            required: true,
            bounds: Bounds::Range { min: 0, max: 255 },
            newer_max: None,
            meaning: "Id of the own company that the customer belongs to.",
        },
        Field {
            name: "CustomerCategoryId",
            kind: Kind::Integer,
            required: false,
            bounds: Bounds::Range {
                min: 0,
                max: I32_MAX,
            },
            newer_max: None,
            meaning: "Id of the customer category.",
        },
        Field {
            name: "TaxIdentificationNumber",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: None,
            meaning: "German Steuernummer, not the VAT id.",
        },
        Field {
            name: "AccountsReceivableNumber",
            kind: Kind::Integer,
            required: false,
            bounds: Bounds::Range {
                min: 0,
                max: I32_MAX,
            },
            newer_max: None,
            meaning: "Debtor account, e.g. 10000.",
        },
        Field {
            name: "CommercialRegisterNumber",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: None,
            meaning: "Commercial register, e.g. `HRB 1234`.",
        },
        Field {
            name: "Website",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: None,
            meaning: "Web address; a scheme is not needed.",
        },
        Field {
            name: "InitialContact",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: None,
            meaning: "How the customer came: sales channel, fair, campaign.",
        },
        Field {
            name: "EbayUsername",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: None,
            meaning: "User name at eBay.",
        },
        Field {
            name: "Birthday",
            kind: Kind::DateTime,
            required: false,
            bounds: Bounds::Years {
                min: 1753,
                max: 9999,
            },
            newer_max: None,
            meaning: "Day of birth; sent as midnight UTC.",
        },
        Field {
            name: "IsLocked",
            kind: Kind::Boolean,
            required: false,
            bounds: Bounds::None,
            newer_max: None,
            meaning: "Locked for online-shop sales channels.",
        },
        Field {
            name: "IsCashRegisterBased",
            kind: Kind::Boolean,
            required: false,
            bounds: Bounds::None,
            newer_max: None,
            meaning: "From a point of sale; to be synchronised with JTL-POS.",
        },
    ],
};

/// `CreateAddress`. Newer versions of the API take shorter names and cities; see `newer_max`.
pub static ADDRESS: Schema = Schema {
    name: "CreateAddress",
    fields: &[
        Field {
            name: "City",
            kind: Kind::Text,
            required: true,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: Some(64),
            meaning: "City or town.",
        },
        Field {
            name: "CountryIso",
            kind: Kind::Text,
            required: true,
            bounds: Bounds::Length { min: 1, max: 5 },
            newer_max: None,
            meaning: "Country, ISO 3166 alpha-2 (Greece is `GR`).",
        },
        Field {
            name: "Company",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 128 },
            newer_max: None,
            meaning: "Company.",
        },
        Field {
            name: "Company2",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 60 },
            newer_max: None,
            meaning: "Second line of the company's name.",
        },
        Field {
            name: "FormOfAddress",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 30 },
            newer_max: None,
            meaning: "Salutation, e.g. `Frau`.",
        },
        Field {
            name: "Title",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 64 },
            newer_max: None,
            meaning: "Academic title.",
        },
        Field {
            name: "FirstName",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: Some(126),
            meaning: "First name.",
        },
        Field {
            name: "LastName",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: Some(126),
            meaning: "Last name; this or the company must be there.",
        },
        Field {
            name: "Street",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: None,
            meaning: "Street and house number.",
        },
        Field {
            name: "Address2",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: None,
            meaning: "Second address line.",
        },
        Field {
            name: "PostalCode",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 24 },
            newer_max: None,
            meaning: "Postal code.",
        },
        Field {
            name: "State",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: None,
            meaning: "Federal state or province.",
        },
        Field {
            name: "VatID",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 20 },
            newer_max: None,
            meaning: "VAT id with its country prefix.",
        },
        Field {
            name: "PhoneNumber",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 30 },
            newer_max: None,
            meaning: "Phone.",
        },
        Field {
            name: "MobilePhoneNumber",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 30 },
            newer_max: None,
            meaning: "Mobile phone.",
        },
        Field {
            name: "EmailAddress",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 255 },
            newer_max: None,
            meaning: "One e-mail address.",
        },
        Field {
            name: "Fax",
            kind: Kind::Text,
            required: false,
            bounds: Bounds::Length { min: 1, max: 30 },
            newer_max: None,
            meaning: "Fax.",
        },
    ],
};

/// `CreatePaymentSettings`.
pub static PAYMENT: Schema = Schema {
    name: "CreatePaymentSettings",
    fields: &[
        Field {
            name: "PaymentMethodId",
            kind: Kind::Integer,
            required: false,
            bounds: Bounds::Range {
                min: 1,
                max: I32_MAX,
            },
            newer_max: None,
            meaning: "Id of the payment method.",
        },
        Field {
            name: "Discount",
            kind: Kind::Decimal,
            required: false,
            bounds: Bounds::Range { min: 0, max: 100 },
            newer_max: None,
            meaning: "Discount in per cent.",
        },
        Field {
            name: "PaymentTarget",
            kind: Kind::Integer,
            required: false,
            bounds: Bounds::Range {
                min: 0,
                max: I32_MAX,
            },
            newer_max: None,
            meaning: "Days until payment is due.",
        },
        Field {
            name: "CreditLimit",
            kind: Kind::Integer,
            required: false,
            bounds: Bounds::Range {
                min: 1,
                max: I32_MAX,
            },
            newer_max: None,
            meaning: "Credit limit, a whole amount.",
        },
        Field {
            name: "StopPaymentRequest",
            kind: Kind::Boolean,
            required: false,
            bounds: Bounds::None,
            newer_max: None,
            meaning: "No dunning.",
        },
    ],
};
