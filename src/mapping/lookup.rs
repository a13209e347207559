//! `lookup`: a table of values, and what happens to texts that it does not have.

use std::collections::HashMap;

use super::steps::Fault;
use super::trim::{folded, trimmed};
use crate::customer::Value;
use crate::outcome::Code;

/// Results of a table by key. Few keys are compared one after the other, which takes less than
/// a hash does.
#[derive(Clone, Debug, Default)]
struct Results {
    /// As long as there are few.
    few: Vec<(Box<str>, Option<Value<'static>>)>,
    /// All, once there are many.
    many: HashMap<Box<str>, Option<Value<'static>>>,
}

/// Keys that are compared one after the other.
const FEW: usize = 16;

impl Results {
    /// Adds a key, or replaces its result; true if it is new.
    fn insert(&mut self, key: String, result: Option<Value<'static>>) -> bool {
        let key = key.into_boxed_str();
        if self.many.is_empty() {
            if let Some((_, known)) = self.few.iter_mut().find(|(known, _)| *known == key) {
                *known = result;
                return false;
            }
            if self.few.len() < FEW {
                self.few.push((key, result));
                return true;
            }
            self.many.extend(self.few.drain(..));
        }
        self.many.insert(key, result).is_none()
    }

    fn get(&self, key: &str) -> Option<&Option<Value<'static>>> {
        if self.many.is_empty() {
            let mut few = self.few.iter();
            return few
                .find(|(known, _)| **known == *key)
                .map(|(_, found)| found);
        }
        self.many.get(key)
    }

    fn values_mut(&mut self) -> impl Iterator<Item = &mut Option<Value<'static>>> {
        let few = self.few.iter_mut().map(|(_, result)| result);
        few.chain(self.many.values_mut())
    }
}

/// A table of values.
#[derive(Clone, Debug, Default)]
pub(super) struct Lookup {
    /// Results by key: as written and folded. No result: the key stands for nothing.
    results: Results,
    /// What happens to other texts.
    pub(super) otherwise: Otherwise,
    /// The file that the table was read from.
    pub(super) file: Option<String>,
}

/// What happens to a text that a table does not have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Otherwise {
    /// It is an error.
    #[default]
    Missing,
    /// It goes on as it is.
    Keep,
    /// It stands for nothing.
    Empty,
    /// It becomes this.
    Value(Value<'static>),
}

impl Lookup {
    /// What is said of a text that it does not have.
    pub(super) fn missing(&self) -> Fault {
        let fault = Fault::new(Code::LookupMissing);
        match &self.file {
            Some(file) => fault.with("file", file),
            None => fault,
        }
    }

    /// Adds a row; false when the table has the key already.
    pub(super) fn insert(&mut self, key: &str, result: Option<Value<'static>>) -> bool {
        let fresh = self.results.insert(folded(key), result.clone());
        self.results.insert(trimmed(key).to_owned(), result);
        fresh
    }

    /// Hands out every result, to be changed.
    pub(super) fn each_result(&mut self, change: impl FnMut(&mut Value<'static>)) {
        self.results.values_mut().flatten().for_each(change);
    }

    /// The result of a text, if the table has it.
    pub(super) fn find(&self, text: &str) -> Option<&Option<Value<'static>>> {
        self.results
            .get(text)
            .or_else(|| self.results.get(&folded(text)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However many keys there are, a table is a map; the last result of a key counts.
        #[test]
        fn a_table_is_a_map(rows in proptest::collection::vec(("[a-d]{1,3}", 0_i64..9), 0..60)) {
            let mut results = Results::default();
            let mut map = HashMap::new();
            for (key, number) in rows {
                let value = (number > 0).then_some(Value::Integer(number));
                let is_new = map.insert(key.clone(), value.clone()).is_none();
                prop_assert_eq!(results.insert(key, value), is_new);
            }
            for (key, value) in &map {
                prop_assert_eq!(results.get(key), Some(value));
            }
            prop_assert_eq!(results.get("e"), None);
            prop_assert_eq!(results.values_mut().count(), map.len());
        }
    }
}
