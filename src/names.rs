//! What the ERP knows by name where customers refer to it by id: customer groups, customer
//! categories, companies and payment methods. Plain data; who asks and who matches is elsewhere.

use crate::outcome::Language;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::customer::{Part, Target, normalise_key};

/// One of the ERP's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameList {
    /// Customer groups (`CustomerGroupId`).
    CustomerGroup,
    /// Customer categories (`CustomerCategoryId`).
    CustomerCategory,
    /// The ERP's own companies (`InternalCompanyId`).
    Company,
    /// Payment methods (`PaymentMethodId`).
    PaymentMethod,
}

impl NameList {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::CustomerGroup,
        Self::CustomerCategory,
        Self::Company,
        Self::PaymentMethod,
    ];

    /// The word that a mapping's `as` takes.
    #[must_use]
    pub fn form(self) -> &'static str {
        match self {
            Self::CustomerGroup => "customer_group",
            Self::CustomerCategory => "customer_category",
            Self::Company => "company",
            Self::PaymentMethod => "payment_method",
        }
    }

    /// One entry, for people.
    #[must_use]
    pub fn singular(self) -> &'static str {
        match self {
            Self::CustomerGroup => "customer group",
            Self::CustomerCategory => "customer category",
            Self::Company => "company",
            Self::PaymentMethod => "payment method",
        }
    }

    /// One entry, for people who speak this language.
    #[must_use]
    pub fn singular_in(self, language: Language) -> &'static str {
        let german = match self {
            Self::CustomerGroup => "Kundengruppe",
            Self::CustomerCategory => "Kundenkategorie",
            Self::Company => "Firma",
            Self::PaymentMethod => "Zahlungsart",
        };
        language.pick(self.singular(), german)
    }

    /// Several entries, for people.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::CustomerGroup => "customer groups",
            Self::CustomerCategory => "customer categories",
            Self::Company => "companies",
            Self::PaymentMethod => "payment methods",
        }
    }

    /// Several entries, for people who speak this language.
    #[must_use]
    pub fn plural_in(self, language: Language) -> &'static str {
        let german = match self {
            Self::CustomerGroup => "Kundengruppen",
            Self::CustomerCategory => "Kundenkategorien",
            Self::Company => "Firmen",
            Self::PaymentMethod => "Zahlungsarten",
        };
        language.pick(self.plural(), german)
    }

    /// The last part of the list's path in API v1; it stands beside the customers' own.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::CustomerGroup => "customerGroups",
            Self::CustomerCategory => "customerCategories",
            Self::Company => "companies",
            Self::PaymentMethod => "paymentMethods",
        }
    }

    /// The field of the API whose ids are those of this list.
    #[must_use]
    pub fn field(self) -> (Part, &'static str) {
        match self {
            Self::CustomerGroup => (Part::Customer, "CustomerGroupId"),
            Self::CustomerCategory => (Part::Customer, "CustomerCategoryId"),
            Self::Company => (Part::Customer, "InternalCompanyId"),
            Self::PaymentMethod => (Part::Payment, "PaymentMethodId"),
        }
    }

    /// The list whose ids `target` takes.
    #[must_use]
    pub fn of_target(target: Target) -> Option<Self> {
        let is_its = |list: &Self| list.field() == (target.part, target.field().name);
        Self::ALL.into_iter().find(is_its)
    }
}

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its id, by which customers refer to it.
    pub id: i64,
    /// Its name, without outer blanks.
    pub name: String,
    /// Whether it is the one that Wawi takes by default; none if the list does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
}

/// The lists that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Names {
    lists: BTreeMap<NameList, Vec<Named>>,
}

impl Names {
    /// The entries of `list`; none if it was not asked for.
    #[must_use]
    pub fn of(&self, list: NameList) -> Option<&[Named]> {
        self.lists.get(&list).map(Vec::as_slice)
    }

    /// Keeps what the ERP said about `list`.
    pub fn set(&mut self, list: NameList, entries: Vec<Named>) {
        self.lists.insert(list, entries);
    }

    /// Whether nothing was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Adds what is new in `later`: a name that is known keeps its id, whatever became of it in
    /// the ERP meanwhile, so that what was mapped before is mapped the same way again.
    pub fn learn(&mut self, later: Self) {
        for (list, entries) in later.lists {
            let known = self.lists.entry(list).or_default();
            let before: Vec<String> = known.iter().map(|one| normalise_key(&one.name)).collect();
            known.extend(
                entries
                    .into_iter()
                    .filter(|one| !before.contains(&normalise_key(&one.name))),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: i64, name: &str) -> Named {
        Named {
            id,
            name: name.to_owned(),
            is_default: None,
        }
    }

    #[test]
    fn every_list_belongs_to_a_field() {
        for list in NameList::ALL {
            let (part, name) = list.field();
            let target = Target::find(part, name).unwrap();
            assert_eq!(NameList::of_target(target), Some(list));
        }
        let number = Target::find(Part::Customer, "Number").unwrap();
        assert_eq!(NameList::of_target(number), None);
    }

    #[test]
    fn what_was_known_before_stays_as_it_was() {
        let list = NameList::CustomerGroup;
        let mut names = Names::default();
        names.set(list, vec![named(1, "Endkunden"), named(2, "Händler")]);
        let mut later = Names::default();
        // Renamed, made anew under the old name, and really new.
        later.set(
            list,
            vec![named(1, "Kunden"), named(7, "HÄNDLER"), named(8, "Gold")],
        );
        names.learn(later);
        let wanted = [
            named(1, "Endkunden"),
            named(2, "Händler"),
            named(1, "Kunden"),
            named(8, "Gold"),
        ];
        assert_eq!(names.of(list), Some(&wanted[..]));
        assert_eq!(names.of(NameList::Company), None);
        let json = serde_json::to_string(&names).unwrap();
        assert!(json.starts_with(r#"{"customer_group":[{"id":1,"#), "{json}");
        assert_eq!(serde_json::from_str::<Names>(&json).unwrap(), names);
    }
}
