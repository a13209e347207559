//! The words of the mapping file, for whoever has to know all of them: documentation, editors.

use super::form::Form;
use super::syntax::Keys;
use super::{compile, condition, group, join, lookup_file, options, part, template, trial, value};
use crate::names::NameList;

/// The words that one place of the mapping file takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyList {
    /// The place: `the mapping`, `[source]`, `a value`, … as messages call it; `as` for the
    /// words of that key.
    pub table: &'static str,
    /// Its words, in no particular order.
    pub keys: Vec<&'static str>,
}

/// Every place of the mapping file that takes only certain words, with these words. The fields
/// of the API are in [`field_list`](super::field_list()).
#[must_use]
pub fn key_list() -> Vec<KeyList> {
    let of = |table, keys: Keys| KeyList {
        table,
        keys: keys.to_vec(),
    };
    vec![
        of("the mapping", compile::KEYS),
        of("[source]", options::SOURCE_KEYS),
        of("[identity]", options::IDENTITY_KEYS),
        of("[report]", options::REPORT_KEYS),
        of("a condition", condition::KEYS),
        of("a value", value::KEYS),
        of("[group]", group::KEYS),
        of("[join]", join::KEYS),
        of("a test", trial::KEYS),
        of("lookup_file", lookup_file::KEYS),
        KeyList {
            table: "an address",
            keys: part::ADDRESS_KEYS.to_vec(),
        },
        KeyList {
            table: "[customer]",
            keys: part::object_names(),
        },
        KeyList {
            table: "as",
            keys: Form::NAMES
                .iter()
                .map(|(name, _)| *name)
                .chain(NameList::ALL.map(NameList::form))
                .collect(),
        },
    ]
}

/// What a template may use: its filters, tests and functions.
#[must_use]
pub fn template_words() -> [KeyList; 3] {
    [
        ("filters", template::FILTERS),
        ("tests of templates", template::TESTS),
        ("functions", template::FUNCTIONS),
    ]
    .map(|(table, words)| KeyList {
        table,
        keys: words.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_stands_there_twice() {
        for list in key_list().into_iter().chain(template_words()) {
            let mut keys = list.keys.clone();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), list.keys.len(), "{}", list.table);
            assert!(!keys.is_empty(), "{}", list.table);
        }
    }
}
