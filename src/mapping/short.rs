//! The short way of a value: from one cell, or a few, with one step at most. Nearly all values of
//! nearly all records take it, so it is to cost little more than a look at the cell.
//!
//! Which way a value may take is settled when the mapping is compiled. The short way gives what
//! the long one (`draft`, `steps`) would give, or nothing: whatever is odd about a text (blanks
//! around it, a guard, an error) goes the long way from the start. Tests hold the two against each
//! other.

use std::borrow::Cow;

use super::columns::Bound;
use super::form::{Form, salutation};
use super::steps::Steps;
use super::value::Origin;
use crate::country::{country, language};
use crate::customer::bytes::{above, any};
use crate::customer::{Kind, Value};
use crate::record::Cells;

/// The step of a value that can take the short way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Short {
    /// None: it is the same for all records.
    Constant,
    /// None, but that it may not be too long: the text is the value as it stands.
    Bare,
    /// None, of several texts: they are the value as they are joined.
    Join,
    /// The form, of a text.
    Form(Form),
    /// The table.
    Lookup,
    /// The type, if it is not text.
    Type,
}

impl Short {
    /// The one step that is asked for; none if there are more, or one that needs the long way.
    pub(super) fn of(origin: &Origin, steps: &Steps) -> Option<Self> {
        // All of them are named, so that whoever adds one thinks of this place.
        let Steps {
            extract,
            replace,
            lookup,
            form,
            names,
            case,
            default: _,
            kind,
            convention: _,
            dates: _,
            max,
            cut: _,
        } = steps;
        let is_long = extract.is_some() || !replace.is_empty() || names.is_some() || case.is_some();
        match (origin, lookup, form, kind, max) {
            (Origin::Constant(_), ..) => Some(Self::Constant),
            (Origin::Template(_) | Origin::Nothing, ..) => None,
            _ if is_long => None,
            (Origin::Join(..), None, None, Kind::Text, None) => Some(Self::Join),
            (Origin::Join(..), ..) => None,
            (_, Some(_), ..) => Some(Self::Lookup),
            (_, None, None, Kind::Text, _) => Some(Self::Bare),
            (_, None, Some(_), Kind::Text, Some(_)) => None,
            (_, None, Some(form), Kind::Text, None) => Some(Self::Form(*form)),
            (_, None, None | Some(Form::Boolean), _, _) => Some(Self::Type),
            _ => None,
        }
    }
}

/// A row of cells, and how they are read.
pub(super) struct Row<'a> {
    /// The cells.
    pub(super) cells: &'a Cells,
    /// Where columns stand.
    pub(super) bound: &'a Bound,
    /// Texts that mean nothing.
    pub(super) empty: &'a [String],
}

impl<'a> Row<'a> {
    /// The text for a value of one text, as it stands in its cell; empty, if its cells are. None,
    /// if only the long way can tell.
    #[inline]
    pub(super) fn text(&self, origin: &Origin) -> Option<&'a str> {
        match origin {
            Origin::Column([column]) => self.cell(*column),
            Origin::FirstOf(columns) => self.first_of(columns),
            _ => None,
        }
    }

    #[inline]
    fn cell(&self, column: usize) -> Option<&'a str> {
        self.cells.get(self.bound.place(column)?)
    }

    #[inline(never)]
    fn first_of(&self, columns: &[usize]) -> Option<&'a str> {
        for column in columns {
            let text = self.cell(*column)?;
            if !text.is_empty() {
                return Some(text);
            }
        }
        Some("")
    }

    /// Whether a text, which is not empty, means what stands there: it begins and ends with a sign
    /// of ASCII, so that there is nothing to trim, and does not stand for nothing.
    #[inline]
    pub(super) fn is_plain(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let is_graphic = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
        is_graphic(bytes.first())
            && is_graphic(bytes.last())
            && !self.empty.iter().any(|nothing| nothing == text)
    }

    /// The texts of all columns with this between them, empty if they are; none, if they have to
    /// go the long way.
    #[inline(never)]
    pub(super) fn joined(&self, origin: &Origin) -> Option<Cow<'a, str>> {
        let Origin::Join(columns, with) = origin else {
            return None;
        };
        let mut joined = Cow::Borrowed("");
        for column in columns {
            let text = self.cell(*column)?;
            if text.is_empty() {
                continue;
            }
            if !self.is_plain(text) {
                return None;
            }
            joined = if joined.is_empty() {
                Cow::Borrowed(text)
            } else {
                let mut longer = String::with_capacity(joined.len() + with.len() + text.len());
                longer.extend([&*joined, with, text]);
                Cow::Owned(longer)
            };
        }
        Some(joined)
    }
}

impl Steps {
    /// The text that a text becomes by its one step, which makes no other value; none if it has to
    /// go the long way.
    #[inline]
    pub(super) fn short<'r>(&self, step: Short, text: &'r str) -> Option<&'r str> {
        match step {
            // A text has at most as many UTF-16 units as bytes.
            Short::Bare => self.max.is_none_or(|max| text.len() <= max).then_some(text),
            Short::Form(form) => form.short(text),
            _ => None,
        }
    }

    /// What the table has for a text.
    #[inline]
    pub(super) fn looked_up(&self, text: &str) -> Option<&Value<'static>> {
        self.lookup.as_ref()?.find(text)?.as_ref()
    }
}

impl Form {
    /// The text in this form, if it is written as nearly all texts are that shall have it. Of a
    /// postal code that is so unless it has four digits.
    #[inline]
    fn short(self, text: &str) -> Option<&str> {
        let as_it_stands = |is_so: bool| is_so.then_some(text);
        match self {
            Self::Email => Some(text),
            Self::Phone => {
                let bytes = text.as_bytes();
                let begins = matches!(bytes, [b'+', b'0'..=b'9', ..] | [b'0'..=b'9', ..]);
                // Digits and signs, no letters.
                as_it_stands(begins && !any(text, |word| above(word, b'9')))
            }
            Self::VatId => {
                let mut bytes = text.bytes();
                as_it_stands(bytes.all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()))
            }
            // Without guard, prefix and small letters; and it did not lose a zero.
            Self::PostalCode => {
                let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
                as_it_stands(is_number && text.len() != 4)
            }
            Self::Country => country(text),
            Self::Language => language(text),
            Self::Salutation => salutation(text).filter(|word| !word.is_empty()),
            Self::Boolean => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::mapping::{Columns, Mapping, tally::Tally};
    use crate::record::{Fields, Position, Record, Span};

    const MAPPING: &str = r#"
[source]
empty = ["-", "NULL"]
decimal = ","
date = ["%d.%m.%Y", "%d.%m.%y"]

[customer]
Number = { column = "a", max = 9, cut = true }
CustomerGroupId = { column = "b", lookup = { "Endkunde" = 1, "Händler" = 2, "x" = "" }, default = 7 }
InternalCompanyId = { value = 1 }
LanguageIso = { column = "a", as = "language" }
CustomerSince = "c"
Birthday = "b"
InitialContact = { first_of = ["a", "b", "c"] }
IsLocked = { column = "a", as = "boolean" }
AccountsReceivableNumber = "a"
CommercialRegisterNumber = { column = "c", required = true }
Website = { column = "b", default = "example.com" }

[customer.BillingAddress]
FormOfAddress = { column = "b", as = "salutation" }
FirstName = { column = "c", max = 5 }
LastName = { column = "b", as = "email", required = true }
Street = { join = ["a", "b", "c"], with = ", " }
Address2 = { join = ["b", "c"], max = 5, cut = true }
PostalCode = { column = "a", as = "postal_code" }
City = { column = "c", as = "phone", case = "upper" }
CountryIso = { column = "b", as = "country" }
State = { column = "a", replace = { "a" = "b" } }
EmailAddress = { first_of = ["c", "a"], as = "email" }
PhoneNumber = { column = "a", as = "phone" }
VatID = { first_of = ["b", "a"], as = "vat_id" }

[customer.Shipmentaddress]
when = "c"
City = "a"
PostalCode = { column = "a", as = "postal_code" }
CountryIso = { value = "DE" }

[customer.PaymentSettings]
Discount = "a"
PaymentTarget = { column = "b", default = 14 }
"#;

    fn cell() -> impl Strategy<Value = String> {
        prop_oneof![
            3 => Just(String::new()),
            2 => "[ \u{a0}]?(-|NULL)?[ \u{a0}]?",
            2 => "[ ]?[a-zA-Zäöüß€😀]{0,12}[ ]?",
            2 => "(Endkunde|endkunde|Händler|x|Herr|m|not_specified|Graf|ja|nein|de-DE|German|tlh)",
            2 => "(DE|Deutschland|germany|AT|Österreich|Atlantis)",
            3 => "(D-|A-|'|=\")?[0-9]{3,6}\"?",
            2 => "'?\\+?[0-9]{1,5}[ /(.]?[0-9]{0,4}[x)]?",
            2 => "(DE|ATU|de )[0-9]{8,9}",
            2 => "[0-3][0-9]\\.[01][0-9]\\.(19[0-9]{2}|2026|[0-9]{2})",
            1 => "-?[0-9]{1,4}(\\.[0-9]{3})?(,[0-9]{0,3})?",
        ]
    }

    proptest! {
        /// A trace sends every value the long way.
        #[test]
        fn both_ways_lead_to_the_same(cells in proptest::collection::vec(cell(), 3)) {
            let mapping = Mapping::parse("m.toml", MAPPING).unwrap();
            let header = ["a", "b", "c"].map(str::to_owned);
            let plan = mapping.bind(Columns::Header(&header)).unwrap();
            let record = Record {
                position: Position { record: 1, line: 2 },
                span: Span { start: 0, end: 0 },
                fields: Fields::Cells(cells.iter().map(String::as_str).collect()),
            };
            let (mut short, mut long) = (Tally::default(), Tally::tracing());
            let by_short = plan.apply(&record, &mut short);
            prop_assert_eq!(by_short, plan.apply(&record, &mut long));
            long.trace = None;
            prop_assert_eq!(short, long);
        }
    }

    #[test]
    fn most_values_may_take_the_short_way() {
        let mapping = Mapping::parse("m.toml", MAPPING).unwrap();
        let values = mapping.compiled.parts.iter().flat_map(|part| &part.values);
        let long = values.filter(|value| value.short.is_none());
        let long: Vec<String> = long.map(|value| value.target.to_string()).collect();
        assert_eq!(
            long,
            [
                "BillingAddress.City",
                "BillingAddress.Address2",
                "BillingAddress.State"
            ]
        );
    }
}
