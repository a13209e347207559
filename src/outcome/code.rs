//! The stable codes of what can be wrong with a record: used in the journal, in reports and
//! in a mapping's `[rules]`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How much a broken rule weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The record is not sent.
    Error,
    /// The record is sent, and the report says what is odd about it.
    Warn,
    /// The rule is not applied.
    Off,
}

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident = $text:literal, $severity:ident, $switchable:literal; )*) => {
        /// A rule's stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $( $(#[$doc])* $name, )* }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The code's text.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }

            /// How much the rule weighs unless `[rules]` says otherwise.
            #[must_use]
            pub fn default_severity(self) -> Severity {
                match self { $( Self::$name => Severity::$severity, )* }
            }

            /// Whether `[rules]` may change the rule's weight: what the API itself demands, and
            /// what cannot be read at all, cannot be switched off.
            #[must_use]
            pub fn is_switchable(self) -> bool {
                match self { $( Self::$name => $switchable, )* }
            }
        }
    };
}

codes! {
    /// A required target has no value.
    RequiredMissing = "required.missing", Error, false;
    /// Not a whole number.
    TypeInteger = "type.integer", Error, false;
    /// Not a decimal number in the declared convention.
    TypeDecimal = "type.decimal", Error, false;
    /// Neither yes nor no.
    TypeBoolean = "type.boolean", Error, false;
    /// Not a date in the declared format.
    TypeDate = "type.date", Error, false;
    /// A nested value where text belongs (JSON).
    TypeText = "type.text", Error, false;
    /// Longer than the API or its database takes.
    LengthMax = "length.max", Error, false;
    /// Longer than newer versions of the API take.
    LengthNewer = "length.newer", Warn, true;
    /// A number or date outside of what the API takes.
    Range = "range", Error, false;
    /// Not one e-mail address.
    EmailMalformed = "email.malformed", Error, true;
    /// Not a phone number.
    PhoneMalformed = "phone.malformed", Error, true;
    /// Not a web address.
    UrlMalformed = "url.malformed", Error, true;
    /// No country that is known.
    CountryUnknown = "country.unknown", Error, true;
    /// No language that is known.
    LanguageUnknown = "language.unknown", Error, true;
    /// No salutation that is known.
    SalutationUnknown = "salutation.unknown", Error, true;
    /// A value that the mapping's look-up table does not have, or that is no name in the ERP.
    LookupMissing = "lookup.missing", Error, true;
    /// A name that the ERP has more than once.
    LookupAmbiguous = "lookup.ambiguous", Error, false;
    /// An id that the ERP does not have (`--probe`).
    ErpUnknownId = "erp.unknown_id", Error, true;
    /// A template of the mapping that fails for this record.
    TemplateFailed = "template.failed", Error, false;
    /// A postal code that does not fit its country.
    PostalCodeCountry = "postal_code.country", Error, true;
    /// A VAT id that does not have its country's form.
    VatIdFormat = "vat_id.format", Error, true;
    /// A VAT id whose check digits are wrong.
    VatIdChecksum = "vat_id.checksum", Error, true;
    /// A VAT id of another country than the address's.
    VatIdCountry = "vat_id.country", Warn, true;
    /// Neither a last name nor a company.
    NameMissing = "name.missing", Error, true;
    /// No key by which the customer could be found again.
    KeyMissing = "key.missing", Error, false;
    /// The same key stood in the input before.
    KeyDuplicate = "key.duplicate", Error, false;
    /// The key's earlier customer is in the ERP already (`--existing fail`).
    KeyExists = "key.exists", Error, false;
    /// Same last name, street and postal code as a record before.
    PersonDuplicate = "person.duplicate", Warn, true;
    /// Same e-mail address as a record before.
    EmailDuplicate = "email.duplicate", Warn, true;
    /// More or fewer fields than the header.
    RecordRagged = "record.ragged", Error, true;
    /// An error in a cell of a sheet instead of a value.
    CellError = "cell.error", Error, true;
    /// A quote that never closes.
    RecordQuote = "record.quote", Error, false;
    /// A first record without a value in the column that groups records.
    GroupHeadless = "group.headless", Error, false;
    /// More records for one customer than are kept together.
    GroupTooLarge = "group.too_large", Error, false;
    /// The record before could not be read, so that nobody can tell whether it belongs to this
    /// customer.
    GroupUncertain = "group.uncertain", Error, false;
    /// Another record of the same customer is why it was not sent.
    GroupFailed = "group.failed", Error, false;
    /// No row of the second file (`[join]`) belongs to the record.
    JoinMissing = "join.missing", Warn, true;
    /// Several rows of the second file belong to the record.
    JoinAmbiguous = "join.ambiguous", Error, false;
    /// A record beyond the size that is read.
    RecordTooLarge = "record.too_large", Error, false;
    /// Every attempt was used up, and the customer is known to be absent.
    AttemptsExhausted = "attempts.exhausted", Error, false;
    /// Bytes that are no text in the input's encoding.
    EncodingInvalid = "encoding.invalid", Error, false;
    /// Text that was probably read in the wrong encoding.
    EncodingSuspect = "encoding.suspect", Warn, true;
    /// Control characters other than tab and line break.
    TextControl = "text.control", Error, true;
    /// A text that a spreadsheet, a database or a web page has damaged.
    TextSuspect = "text.suspect", Warn, true;
    /// A day that can be, but hardly is: a birthday before 1900.
    DateSuspect = "date.suspect", Warn, true;
    /// A line that is no JSON object.
    JsonMalformed = "json.malformed", Error, false;
    /// A property that the API does not have (input in the API's own shape).
    PropertyUnknown = "property.unknown", Error, false;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

/// A text that is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no error code")]
pub struct UnknownCode(pub String);

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
