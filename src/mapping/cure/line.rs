//! Lines of a mapping, changed without touching anything else.
//!
//! What stands in the mapping is taken over as it is written there. Values that are spread over
//! several tables are left alone: there is no one line then.

use toml::de::{DeTable, DeValue};

use super::change::{Setting, quoted};
use crate::customer::{Part, Target};
use crate::mapping::syntax::Node;
use crate::outcome::Cure;

/// Key and value, as TOML.
type Item = (String, String);

/// The line of `target` in the object `part`, with these keys, and the text with it.
pub(super) fn with_steps(
    text: &str,
    part: Part,
    target: Target,
    steps: &[(&'static str, Setting)],
) -> Option<(Cure, String)> {
    let (document, _) = DeTable::parse_recoverable(text);
    let customer = document.get_ref().get("customer")?.get_ref().as_table()?;
    let table = table_of(customer, part)?;
    let name = target.field().name;
    let node = table.get(name)?;
    let mut items = match node.get_ref() {
        DeValue::String(_) => vec![("column".to_owned(), source(text, node)?.to_owned())],
        DeValue::Table(inner) => items(text, node, inner)?,
        _ => return None,
    };
    for (key, setting) in steps {
        let (key, setting) = (*key, setting);
        match setting {
            Setting::Value(value) => set(&mut items, key, value.clone()),
            Setting::Rows(rows) => {
                let mut all = match node.get_ref().as_table().and_then(|inner| inner.get(key)) {
                    Some(node) => self::items(text, node, node.get_ref().as_table()?)?,
                    None => Vec::new(),
                };
                for (from, to) in rows {
                    set(&mut all, from, to.clone());
                }
                set(&mut items, key, inline(&all));
            }
        }
    }
    let value = inline(&items);
    let cure = Cure {
        table: heading(part),
        line: format!("{name} = {value}"),
    };
    let mut changed = text.to_owned();
    changed.replace_range(node.span(), &value);
    Some((cure, changed))
}

/// The line `empty` of `[source]`, with one more word, and the text with it.
pub(super) fn with_empty(text: &str, word: &str) -> Option<(Cure, String)> {
    let (document, _) = DeTable::parse_recoverable(text);
    let heading = document.get_ref().get_key_value("source");
    let table = heading.and_then(|(_, node)| node.get_ref().as_table());
    let mut changed = text.to_owned();
    let line;
    if let Some(node) = table.and_then(|table| table.get("empty")) {
        let list = node.get_ref().as_array()?;
        let mut words = Vec::with_capacity(list.len() + 1);
        for node in list.iter() {
            words.push(source(text, node)?.to_owned());
        }
        words.push(quoted(word));
        let value = format!("[{}]", words.join(", "));
        line = format!("empty = {value}");
        changed.replace_range(node.span(), &value);
    } else {
        line = format!("empty = [\"\", {}]", quoted(word));
        match heading {
            None => changed.push_str(&format!("\n[source]\n{line}\n")),
            Some((key, _)) => {
                let start = text
                    .get(..key.span().start)?
                    .rfind('\n')
                    .map_or(0, |at| at + 1);
                let rest = text.get(start..)?;
                let end = rest.find('\n').map_or(text.len(), |at| start + at);
                if !rest.starts_with('[') {
                    return None;
                }
                changed.insert_str(end, &format!("\n{line}"));
            }
        }
    }
    let table = "[source]".to_owned();
    Some((Cure { table, line }, changed))
}

/// The object's own table.
fn table_of<'t, 'i>(customer: &'t DeTable<'i>, part: Part) -> Option<&'t DeTable<'i>> {
    let path = part.to_string();
    if path.is_empty() {
        return Some(customer);
    }
    let mut table = customer;
    for step in path.split('.') {
        let (name, index) = match step.strip_suffix(']').and_then(|step| step.split_once('[')) {
            Some((name, index)) => (name, Some(index.parse::<usize>().ok()?)),
            None => (step, None),
        };
        let node = table.get(name)?;
        let node = match index {
            Some(index) => node.get_ref().as_array()?.get(index)?,
            None => node,
        };
        table = node.get_ref().as_table()?;
    }
    Some(table)
}

/// The heading under which the object's lines stand.
fn heading(part: Part) -> String {
    match part.to_string().split_once('[') {
        Some((list, _)) => format!("[[customer.{list}]]"),
        None if part == Part::Customer => "[customer]".to_owned(),
        None => format!("[customer.{part}]"),
    }
}

/// The entries of an inline table, in written order; none, if it is not written in one place.
fn items(text: &str, node: &Node<'_>, table: &DeTable<'_>) -> Option<Vec<Item>> {
    if !source(text, node)?.starts_with('{') {
        return None;
    }
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
        .into_iter()
        .map(|(key, value)| {
            let is_split = value.get_ref().is_table() && !source(text, value)?.starts_with('{');
            let key = text.get(key.span())?.to_owned();
            (!is_split).then_some((key, source(text, value)?.to_owned()))
        })
        .collect()
}

fn source<'t>(text: &'t str, node: &Node<'_>) -> Option<&'t str> {
    text.get(node.span())
}

/// Gives a key its value, in its place or at the end.
fn set(items: &mut Vec<Item>, key: &str, value: String) {
    match items.iter_mut().find(|(known, _)| known == key) {
        Some((_, old)) => *old = value,
        None => items.push((key.to_owned(), value)),
    }
}

fn inline(items: &[Item]) -> String {
    let pairs: Vec<String> = items
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!("{{ {} }}", pairs.join(", "))
}
