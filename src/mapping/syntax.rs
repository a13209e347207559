//! The mapping's TOML tree, read key by key, so that every mistake knows its place.
//!
//! Owns what holds for all tables alike: unknown keys and wrong types.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Mistake, Place};
use super::suggest::{did_you_mean, listed};
use crate::outcome::both;

/// A value with its place.
pub(crate) type Node<'i> = Spanned<DeValue<'i>>;

/// A table whose keys are known.
pub(crate) struct Section<'t, 'i> {
    table: &'t DeTable<'i>,
    mistakes: Vec<Mistake>,
}

/// Keys that a table may have.
pub(crate) type Keys = &'static [&'static str];

impl<'t, 'i> Section<'t, 'i> {
    /// The table in `node`; `what` names it in messages.
    pub(crate) fn open(
        node: &'t Node<'i>,
        what: &'static str,
        keys: Keys,
    ) -> Result<Self, Mistake> {
        match node.get_ref().as_table() {
            Some(table) => Ok(Self::of(table, what, keys)),
            None => Err(wrong_type(node, what, "a table")),
        }
    }

    /// The table itself.
    pub(crate) fn of(table: &'t DeTable<'i>, what: &'static str, keys: Keys) -> Self {
        let mistakes = table
            .keys()
            .filter_map(|key| check_key(key, what, keys))
            .collect();
        Self { table, mistakes }
    }

    /// Ends the reading and hands over what was wrong.
    pub(crate) fn close(self, mistakes: &mut Vec<Mistake>) {
        mistakes.extend(self.mistakes);
    }

    /// The value of `key` as it stands there.
    pub(crate) fn get(&self, key: &str) -> Option<&'t Node<'i>> {
        self.table.get(key)
    }

    /// The place of `key` itself.
    pub(crate) fn key_place(&self, key: &str) -> Option<Place> {
        self.table.get_key_value(key).map(|(key, _)| key.span())
    }

    /// The text at `key`.
    pub(crate) fn text(&mut self, key: &str) -> Option<(&'t str, Place)> {
        let node = self.get(key)?;
        match node.get_ref().as_str() {
            Some(text) => Some((text, node.span())),
            None => self.complain(wrong_type(node, key, "text in quotes")),
        }
    }

    /// The texts at `key`: a list.
    pub(crate) fn texts(&mut self, key: &str) -> Option<Vec<(&'t str, Place)>> {
        let node = self.get(key)?;
        let Some(list) = node.get_ref().as_array() else {
            return self.complain(wrong_type(node, key, "a list of texts"));
        };
        let mut texts = Vec::with_capacity(list.len());
        for node in list.iter() {
            match node.get_ref().as_str() {
                Some(text) => texts.push((text, node.span())),
                None => self
                    .mistakes
                    .push(wrong_type(node, key, "a list of texts in quotes")),
            }
        }
        Some(texts)
    }

    /// The texts at `key`: one text or a list.
    pub(crate) fn one_or_more(&mut self, key: &str) -> Option<Vec<(&'t str, Place)>> {
        let node = self.get(key)?;
        match node.get_ref() {
            DeValue::String(text) => Some(vec![(text, node.span())]),
            DeValue::Array(_) => self.texts(key),
            _ => self.complain(wrong_type(node, key, "text in quotes or a list of texts")),
        }
    }

    /// Yes or no at `key`.
    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        let node = self.get(key)?;
        match node.get_ref().as_bool() {
            Some(flag) => Some(flag),
            None => self.complain(wrong_type(node, key, "true or false")),
        }
    }

    /// The whole number at `key`, not below `min`.
    pub(crate) fn number(&mut self, key: &str, min: u64) -> Option<(u64, Place)> {
        let node = self.get(key)?;
        match whole_number(node.get_ref()).and_then(|number| u64::try_from(number).ok()) {
            Some(number) if number >= min => Some((number, node.span())),
            _ => self.complain(wrong_type(
                node,
                key,
                &format!("a whole number, {min} or more"),
            )),
        }
    }

    /// The entries of the table at `key`, in written order.
    pub(crate) fn entries(&mut self, key: &str) -> Option<&'t DeTable<'i>> {
        let node = self.get(key)?;
        match node.get_ref().as_table() {
            Some(table) => Some(table),
            None => self.complain(wrong_type(node, key, "a table: { \"from\" = \"to\" }")),
        }
    }

    /// One of some words at `key`.
    pub(crate) fn word<T: Copy>(&mut self, key: &str, words: &[(&'static str, T)]) -> Option<T> {
        let (text, place) = self.text(key)?;
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, meaning)) => Some(*meaning),
            None => self.complain(unknown_word(text, place, key, words.iter().map(|w| w.0))),
        }
    }

    /// Remembers a mistake, in place of what could not be read.
    pub(crate) fn complain<T>(&mut self, mistake: Mistake) -> Option<T> {
        self.mistakes.push(mistake);
        None
    }

    /// Remembers a mistake.
    pub(crate) fn mistake(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }
}

fn check_key(key: &Spanned<std::borrow::Cow<'_, str>>, what: &str, keys: Keys) -> Option<Mistake> {
    let name = key.get_ref().as_ref();
    if keys.contains(&name) {
        return None;
    }
    let help = did_you_mean(name, keys.iter().copied())
        .unwrap_or_else(|| both!([keys = listed(keys.iter().copied(), 24)] "the keys are {keys}", "die Schlüssel sind {keys}"));
    Some(Mistake::at(key.span(), format!("unknown key `{name}` in {what}")).help(help))
}

/// A word that is none of those that the key takes.
pub(crate) fn unknown_word<'w>(
    text: &str,
    place: Place,
    key: &str,
    words: impl Iterator<Item = &'w str> + Clone,
) -> Mistake {
    let help = did_you_mean(text, words.clone())
        .unwrap_or_else(|| both!([words = listed(words, 24)] "`{key}` is one of {words}", "`{key}` ist eines von {words}"));
    Mistake::at(place, format!("`{key}` does not know \"{text}\"")).help(help)
}

/// A value of the wrong type.
pub(crate) fn wrong_type(node: &Node<'_>, what: &str, wanted: &str) -> Mistake {
    let what = if what.starts_with('[') || what.contains(' ') {
        what.to_owned()
    } else {
        format!("`{what}`")
    };
    Mistake::at(node.span(), format!("{what} must be {wanted}"))
        .label(format!("this is {}", type_name(node.get_ref())))
}

/// What people call a TOML type.
pub(crate) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A TOML integer.
pub(crate) fn whole_number(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
