//! The mapping's TOML tree, read key by key, so that every mistake knows its place.
//!
//! Owns what holds for all tables alike: unknown keys and wrong types.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Mistake, Place};
use super::suggest::{did_you_mean, listed};
use crate::outcome::{Bilingual, both};

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
    pub(crate) fn open(node: &'t Node<'i>, what: Bilingual, keys: Keys) -> Result<Self, Mistake> {
        match node.get_ref().as_table() {
            Some(table) => Ok(Self::of(table, what, keys)),
            None => Err(wrong(node, &what, &a_table())),
        }
    }

    /// The table itself.
    pub(crate) fn of(table: &'t DeTable<'i>, what: Bilingual, keys: Keys) -> Self {
        let mistakes = table
            .keys()
            .filter_map(|key| check_key(key, &what, keys))
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
            None => self.complain(wrong_type(
                node,
                key,
                both!("text in quotes", "Text in Anführungszeichen"),
            )),
        }
    }

    /// The texts at `key`: a list.
    pub(crate) fn texts(&mut self, key: &str) -> Option<Vec<(&'t str, Place)>> {
        let node = self.get(key)?;
        let Some(list) = node.get_ref().as_array() else {
            let wanted = both!("a list of texts", "eine Liste von Texten");
            return self.complain(wrong_type(node, key, wanted));
        };
        let mut texts = Vec::with_capacity(list.len());
        for node in list.iter() {
            match node.get_ref().as_str() {
                Some(text) => texts.push((text, node.span())),
                None => self.mistakes.push(wrong_type(
                    node,
                    key,
                    both!(
                        "a list of texts in quotes",
                        "eine Liste von Texten in Anführungszeichen"
                    ),
                )),
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
            _ => self.complain(wrong_type(
                node,
                key,
                both!(
                    "text in quotes or a list of texts",
                    "Text in Anführungszeichen oder eine Liste von Texten"
                ),
            )),
        }
    }

    /// Yes or no at `key`.
    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        let node = self.get(key)?;
        match node.get_ref().as_bool() {
            Some(flag) => Some(flag),
            None => self.complain(wrong_type(
                node,
                key,
                both!("true or false", "true oder false"),
            )),
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
                both!(
                    "a whole number, {min} or more",
                    "eine ganze Zahl von mindestens {min}"
                ),
            )),
        }
    }

    /// The entries of the table at `key`, in written order.
    pub(crate) fn entries(&mut self, key: &str) -> Option<&'t DeTable<'i>> {
        let node = self.get(key)?;
        match node.get_ref().as_table() {
            Some(table) => Some(table),
            None => self.complain(wrong_type(
                node,
                key,
                both!(
                    "a table: {{ \"from\" = \"to\" }}",
                    "eine Tabelle {{ \"von\" = \"nach\" }}"
                ),
            )),
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

/// What most things that are no table should be.
pub(crate) fn a_table() -> Bilingual {
    both!("a table", "eine Tabelle")
}

fn check_key(
    key: &Spanned<std::borrow::Cow<'_, str>>,
    what: &Bilingual,
    keys: Keys,
) -> Option<Mistake> {
    let name = key.get_ref().as_ref();
    if keys.contains(&name) {
        return None;
    }
    let help = did_you_mean(name, keys.iter().copied())
        .unwrap_or_else(|| both!([keys = listed(keys.iter().copied(), 24)] "the keys are {keys}", "die Schlüssel sind {keys}"));
    let title =
        both!([what] "unknown key `{name}` in {what}", "{what} kennt keinen Schlüssel `{name}`");
    Some(Mistake::at(key.span(), title).help(help))
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
    let title = both!(
        "`{key}` does not know \"{text}\"",
        "`{key}` kennt \"{text}\" nicht"
    );
    Mistake::at(place, title).help(help)
}

/// A value of `key`, or a table, that is of the wrong type.
pub(crate) fn wrong_type(node: &Node<'_>, key: &str, wanted: Bilingual) -> Mistake {
    let what = if key.starts_with('[') {
        key.to_owned()
    } else {
        format!("`{key}`")
    };
    wrong(node, &Bilingual::same(what), &wanted)
}

/// As [`wrong_type`], of what has words for a name.
pub(crate) fn wrong(node: &Node<'_>, what: &Bilingual, wanted: &Bilingual) -> Mistake {
    let title = both!([what, wanted] "{what} must be {wanted}", "{what} muss {wanted} sein");
    Mistake::at(node.span(), title).label(this_is(node.get_ref()))
}

/// Says of what type a value is.
pub(crate) fn this_is(value: &DeValue<'_>) -> Bilingual {
    let kind = match value {
        DeValue::String(_) => both!("text", "Text"),
        DeValue::Integer(_) => both!("a whole number", "eine ganze Zahl"),
        DeValue::Float(_) => both!("a decimal number", "eine Dezimalzahl"),
        DeValue::Boolean(_) => both!("true or false", "true oder false"),
        DeValue::Datetime(_) => both!("a date", "ein Datum"),
        DeValue::Array(_) => both!("a list", "eine Liste"),
        DeValue::Table(_) => a_table(),
    };
    both!([kind] "this is {kind}", "das ist {kind}")
}

/// A TOML integer.
pub(crate) fn whole_number(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
