//! By what a record is the same as one of another export: whatever the mapping does not read
//! may differ.

use std::collections::BTreeSet;

use super::plan::Plan;
use super::tally::Tally;
use crate::record::{Fields, Record};

/// By what a record is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Its customer's key, normalised.
    Key(String),
    /// It has no key: what it has in the columns that the mapping reads, as a JSON text.
    Values(String),
    /// There is nothing in them.
    Nothing,
}

impl Plan {
    /// By what the record is known.
    #[must_use]
    pub fn identity(&self, record: &Record) -> Identity {
        let mut tally = Tally::default();
        let target = self.compiled.key;
        let key = match self.single(target, record, &mut tally) {
            Some(value) => value.as_ref().and_then(|value| value.as_key()),
            None => {
                let draft = self.apply(record, &mut tally);
                let draft = draft.as_ref();
                draft.and_then(|draft| draft.customer.get(target)?.as_key())
            }
        };
        key.map_or_else(|| self.values(record), Identity::Key)
    }

    /// What the record has in the columns that the mapping reads, outer blanks apart; in all of
    /// them, if it has the API's own shape.
    fn values(&self, record: &Record) -> Identity {
        if let (true, Fields::Object(object)) = (self.api_shaped, &record.fields) {
            return match object.is_empty() {
                true => Identity::Nothing,
                false => Identity::Values(serde_json::Value::from(object.clone()).to_string()),
            };
        }
        let carried = self.only_reported();
        let columns = (0..self.bound.names.len()).filter(|column| !carried.contains(column));
        let values: Vec<String> = columns
            .map(|column| self.bound.text(record, column).trim().to_owned())
            .collect();
        match values.iter().all(String::is_empty) {
            true => Identity::Nothing,
            false => Identity::Values(serde_json::Value::from(values).to_string()),
        }
    }

    /// The columns that the report carries along and nothing else reads.
    fn only_reported(&self) -> BTreeSet<usize> {
        let compiled = &self.compiled;
        let group = compiled.group.iter();
        let parts = compiled.parts.iter();
        let values = parts.chain(group.clone().map(|group| &group.address));
        let values = values.flat_map(|part| &part.values);
        let read: BTreeSet<usize> = values
            .flat_map(|value| value.origin.columns().iter().copied())
            .chain(compiled.keep_if.iter().map(|condition| condition.column))
            .chain(group.map(|group| group.by))
            .collect();
        let report = compiled.report.iter().copied();
        report.filter(|column| !read.contains(column)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{Columns, Mapping};
    use crate::record::{Position, Span};

    fn identity(plan: &Plan, json: &str) -> Identity {
        let object = serde_json::from_str(json).unwrap();
        plan.identity(&Record {
            position: Position { record: 1, line: 1 },
            span: Span { start: 0, end: 0 },
            fields: Fields::Object(object),
        })
    }

    #[test]
    fn a_record_is_known_by_its_key_else_by_what_is_read_of_it() {
        let text = "keep_if = [{ column = \"art\", equals = \"k\" }]\n[report]\n\
                    columns = [\"tag\", \"ort\"]\n[customer]\nNumber = { column = \"nr\" }\n\
                    CustomerGroupId = { value = 1 }\nInternalCompanyId = { value = 1 }\n\
                    LanguageIso = { value = \"DE\" }\n[customer.BillingAddress]\n\
                    LastName = \"name\"\nStreet = \"weg\"\nPostalCode = \"plz\"\n\
                    City = \"ort\"\nCountryIso = { value = \"DE\" }\n";
        let plan = Mapping::parse("m.toml", text)
            .unwrap()
            .bind(Columns::Keys)
            .unwrap();
        let of = |json| identity(&plan, json);
        let keyed = of(r#"{"nr": " K1 ", "art": "k", "ort": "Ulm"}"#);
        assert_eq!(keyed, Identity::Key("k1".to_owned()));
        assert_eq!(keyed, of(r#"{"nr": "k1", "art": "k", "ort": ""}"#));
        let unkeyed = of(r#"{"art": "k", "ort": " Ulm", "tag": "1.11."}"#);
        assert!(matches!(unkeyed, Identity::Values(_)), "{unkeyed:?}");
        assert_eq!(
            unkeyed,
            of(r#"{"ort": "Ulm", "art": "k", "tag": "2.11.", "x": 1}"#)
        );
        assert_ne!(unkeyed, of(r#"{"ort": "Bonn", "art": "k"}"#));
        assert_ne!(unkeyed, of(r#"{"ort": "Ulm", "art": "l"}"#));
        assert_eq!(of(r#"{"tag": "1.11."}"#), Identity::Nothing);
    }

    #[test]
    fn so_is_one_in_the_api_s_own_shape() {
        let plan = Mapping::passthrough().bind(Columns::Keys).unwrap();
        let of = |json| identity(&plan, json);
        assert_eq!(
            of(r#"{"Number": "K1", "x": 1}"#),
            Identity::Key("k1".to_owned())
        );
        let unkeyed = of(r#"{"BillingAddress": {"City": "Ulm"}}"#);
        assert!(matches!(unkeyed, Identity::Values(_)), "{unkeyed:?}");
        assert_ne!(unkeyed, of(r#"{"BillingAddress": {"City": "Bonn"}}"#));
        assert_eq!(of("{}"), Identity::Nothing);
    }
}
