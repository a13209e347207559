//! Paths of the API's fields as errors and servers write them, compared loosely.

use crate::customer::Target;

/// A path, lower-cased and without the numbers of lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    names: Vec<String>,
    number: Option<usize>,
}

impl Path {
    /// Reads `BillingAddress.City`, `otherAddresses.otherShippingAddresses[1].city`, `$.City`
    /// or `Customer.BillingAddress.City`.
    pub(super) fn read(text: &str) -> Self {
        let mut number = None;
        let mut names = Vec::new();
        for piece in text.split(['.', '/']) {
            let (name, index) = match piece.split_once('[') {
                Some((name, index)) => (name, Some(index.trim_end_matches(']'))),
                None => (piece, None),
            };
            number = index.and_then(|index| index.parse().ok()).or(number);
            let name = name.trim().to_lowercase();
            let is_root = matches!(name.as_str(), "" | "$" | "customer" | "createcustomer");
            if !(is_root && names.is_empty()) {
                names.push(name);
            }
        }
        Self { names, number }
    }

    /// The path of a target.
    pub(super) fn of(target: Target) -> Self {
        Self::read(&target.to_string())
    }

    /// Whether this is the path of the field, or of the object around it. The addresses of a
    /// list are numbered as they are sent, and optional ones before may be missing there: the
    /// n-th that is sent is the n-th of the mapping or a later one.
    pub(super) fn names(&self, field: &Self) -> bool {
        let fits = match (self.number, field.number) {
            (Some(sent), Some(written)) => written >= sent,
            _ => true,
        };
        fits && !self.names.is_empty() && field.names.starts_with(&self.names)
    }

    /// Whether this could mean the field: it ends alike.
    pub(super) fn hints_at(&self, field: &Self) -> bool {
        !self.names.is_empty() && field.names.ends_with(&self.names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_spell_paths_in_their_own_way() {
        let city = Path::read("BillingAddress.City");
        for spelling in [
            "BillingAddress.City",
            "billingAddress.city",
            "$.billingaddress.CITY",
            "Customer.BillingAddress.City",
            "BillingAddress",
        ] {
            assert!(Path::read(spelling).names(&city), "{spelling}");
        }
        assert!(Path::read("City").hints_at(&city));
        assert!(!Path::read("ShipmentAddress.City").names(&city));
        assert!(!Path::read("").names(&city));
        let second = Path::read("OtherAddresses.OtherShippingAddresses[1].City");
        let list = "OtherAddresses.OtherShippingAddresses";
        assert!(Path::read(&format!("{list}[0].City")).names(&second));
        assert!(Path::read(&format!("{list}.City")).names(&second));
        assert!(!Path::read(&format!("{list}[2].City")).names(&second));
    }
}
