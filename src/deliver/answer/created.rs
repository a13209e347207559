//! Reading the answer to a create: of a customer that may be long, only what it is called.

use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{id_of, number_of};

/// What an answer calls a customer that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// `Id`.
    pub id: Option<i64>,
    /// `Number`.
    pub number: Option<String>,
}

/// Reads the customer of a 2xx answer; none if it has neither `Id` nor `Number`. Everything else
/// in it is passed over unread: it may be long, and there is one such answer for each customer.
#[must_use]
pub fn created(body: &[u8]) -> Option<Named> {
    let Names { id, number } = serde_json::from_slice(body).ok()?;
    let named = Named {
        id: id.value().and_then(id_of),
        number: number_of(number.value()),
    };
    (named.id.is_some() || named.number.is_some()).then_some(named)
}

/// The members of an object by which a customer is named.
#[derive(Default)]
struct Names {
    id: Member,
    number: Member,
}

/// A member of an object, as [`member`](super::member) finds it: the exact name comes first, then
/// the first one that differs in case alone; of two with the same name the last counts.
#[derive(Default)]
struct Member {
    exact: Option<Value>,
    loose: Option<(String, Value)>,
}

impl Member {
    fn value(&self) -> Option<&Value> {
        let loose = self.loose.as_ref().map(|(_, value)| value);
        self.exact.as_ref().or(loose)
    }

    /// Takes a value under this name; none is the exact name.
    fn take(&mut self, name: Option<String>, value: Value) {
        match (name, &mut self.loose) {
            (None, _) => self.exact = Some(value),
            (Some(name), None) => self.loose = Some((name, value)),
            (Some(name), Some(first)) if first.0 == name => first.1 = value,
            (Some(_), Some(_)) => {}
        }
    }
}

/// The name of a member: one of those that are read, with its spelling if that is not the exact
/// one, or any other.
enum Name {
    Id(Option<String>),
    Number(Option<String>),
    Other,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a customer")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Names::default();
                while let Some(name) = map.next_key()? {
                    match name {
                        Name::Id(name) => names.id.take(name, map.next_value()?),
                        Name::Number(name) => names.number.take(name, map.next_value()?),
                        Name::Other => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(names)
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
                let spelling = |exact: &str| (name != exact).then(|| name.to_owned());
                Ok(if name.eq_ignore_ascii_case("Id") {
                    Name::Id(spelling("Id"))
                } else if name.eq_ignore_ascii_case("Number") {
                    Name::Number(spelling("Number"))
                } else {
                    Name::Other
                })
            }
        }

        deserializer.deserialize_identifier(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Seen, seen};
    use super::*;

    #[test]
    fn a_created_customer_is_named_as_the_whole_object_would_name_it() {
        for text in [
            r#"{"Id":1,"Number":"a"}"#,
            r#"{"number":"a","id":1}"#,
            r#"{"id":1,"Id":2,"ID":3,"Id":4}"#,
            r#"{"id":1,"ID":2,"id":3}"#,
            r#"{"Id":null,"id":7,"NUMBER":" b "}"#,
            r#"{"Id":[{"Id":1}],"Number":{"Number":"a"},"number":"c"}"#,
            r#"{"Address":{"Id":9,"Number":"z"},"List":[1,{"Number":"y"}],"Number":12.50}"#,
            r#"{"\u0049d":5}"#,
            r#"{"Id":1e3,"Number":""}"#,
            r#"{"Id":"12"} "#,
            r#"{"Id":1}{"Id":2}"#,
            r#"{"Id":1,}"#,
            r#"{"Id":1"#,
            "[]",
            "7",
            r#""Id""#,
            "",
        ] {
            let whole = match serde_json::from_str(text) {
                Ok(Value::Object(object)) => Some(seen(object)),
                _ => None,
            };
            let whole = whole
                .filter(|seen| seen.id.is_some() || seen.number.is_some())
                .map(|Seen { id, number, .. }| Named { id, number });
            assert_eq!(created(text.as_bytes()), whole, "{text}");
        }
    }
}
