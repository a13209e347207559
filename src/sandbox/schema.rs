//! The published description of `CreateCustomer` (API v1), as tables.
//!
//! Names, types and limits are written anew from the contract, on purpose: a mistake in the
//! importer's own table shows up here. What the API's schema leaves open is limited by the
//! width of the database column. Lengths are UTF-16 code units, as the database counts.

/// The type of a property and its limits.
pub(super) enum Kind {
    /// Text of so many UTF-16 code units.
    Text { min: usize, max: usize },
    /// Two ASCII letters.
    Language,
    /// A whole number.
    Integer { min: i64, max: i64 },
    /// A JSON number.
    Decimal { min: f64, max: f64 },
    /// A date-time with zone, in these years.
    DateTime { min_year: i16 },
    /// `true` or `false`.
    Boolean,
    /// An object.
    Object(&'static [Property]),
    /// An array of objects.
    Objects(&'static [Property]),
}

/// A property of an object.
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) kind: Kind,
}

const fn text(name: &'static str, max: usize) -> Property {
    optional(name, Kind::Text { min: 0, max })
}

const fn optional(name: &'static str, kind: Kind) -> Property {
    Property {
        name,
        required: false,
        kind,
    }
}

const fn required(name: &'static str, kind: Kind) -> Property {
    Property {
        name,
        required: true,
        kind,
    }
}

const fn integer(min: i64, max: i64) -> Kind {
    Kind::Integer { min, max }
}

const INT_MIN: i64 = i32::MIN as i64;
const INT_MAX: i64 = i32::MAX as i64;

/// The customer itself.
pub(super) static CUSTOMER: [Property; 21] = [
    text("Number", 30),
    required("CustomerGroupId", integer(1, INT_MAX)),
    required("BillingAddress", Kind::Object(&ADDRESS)),
    optional("Shipmentaddress", Kind::Object(&ADDRESS)),
    optional("CustomAddress", Kind::Object(&ADDRESS)),
    optional("OtherAddresses", Kind::Object(&OTHER_ADDRESSES)),
    optional("PaymentSettings", Kind::Object(&PAYMENT)),
    optional("CustomerSince", Kind::DateTime { min_year: 1753 }),
    optional("LastChange", Kind::DateTime { min_year: 1 }),
    required("LanguageIso", Kind::Language),
    required("InternalCompanyId", integer(0, 255)),
    optional("CustomerCategoryId", integer(INT_MIN, INT_MAX)),
    text("TaxIdentificationNumber", 255),
    optional("AccountsReceivableNumber", integer(INT_MIN, INT_MAX)),
    text("CommercialRegisterNumber", 255),
    text("Website", 255),
    text("InitialContact", 255),
    text("EbayUsername", 255),
    optional("Birthday", Kind::DateTime { min_year: 1 }),
    optional("IsLocked", Kind::Boolean),
    optional("IsCashRegisterBased", Kind::Boolean),
];

static ADDRESS: [Property; 17] = [
    required("City", Kind::Text { min: 1, max: 255 }),
    required("CountryIso", Kind::Text { min: 1, max: 5 }),
    text("Company", 128),
    text("Company2", 60),
    text("FormOfAddress", 30),
    text("Title", 64),
    text("FirstName", 255),
    text("LastName", 255),
    text("Street", 255),
    text("Address2", 255),
    text("PostalCode", 24),
    text("State", 255),
    text("VatID", 20),
    text("PhoneNumber", 30),
    text("MobilePhoneNumber", 30),
    text("EmailAddress", 255),
    text("Fax", 30),
];

static OTHER_ADDRESSES: [Property; 3] = [
    optional("OtherBillingAddresses", Kind::Objects(&ADDRESS)),
    optional("OtherShippingAddresses", Kind::Objects(&ADDRESS)),
    optional("OtherCustomerAddresses", Kind::Objects(&ADDRESS)),
];

static PAYMENT: [Property; 5] = [
    optional("PaymentMethodId", integer(INT_MIN, INT_MAX)),
    optional(
        "Discount",
        Kind::Decimal {
            min: 0.0,
            max: 100.0,
        },
    ),
    optional("PaymentTarget", integer(INT_MIN, INT_MAX)),
    optional("CreditLimit", integer(1, INT_MAX)),
    optional("StopPaymentRequest", Kind::Boolean),
];
