//! A ready-made mapping, adapted to the columns that an input really has.
//!
//! Its text stays as it was written, line by line; columns that are not there are taken out,
//! and every line gets what its values say of it.

use toml::{Table as Toml, Value};

use super::super::trim::folded;
use super::assign::{Pick, look_of};
use super::customer::{the_company, the_group, the_language};
use super::line::MARK;
use super::seen::Table;
use super::topic::Topic;
use super::value::Maker;
use super::write::{Written, inline, list, meaning_nothing, never_written, quote};

/// A ready-made mapping's text in pieces.
struct Item {
    /// The table it stands in, `customer.BillingAddress`.
    section: String,
    /// What TOML reads, over one or more lines.
    code: String,
    /// The comment behind it, without `#`.
    comment: String,
}

/// The lines of the ready-made mapping `text`, adapted. `group` is put in place of the one
/// group for all, if the input has a column for it.
pub(super) fn adapted(
    text: &str,
    maker: &Maker<'_>,
    encoding: &str,
    group: Option<Written>,
) -> Vec<Vec<Written>> {
    let mut blocks: Vec<Vec<Written>> = vec![Vec::new()];
    let mut source_done = false;
    for item in items(text) {
        let is_heading = item.code.starts_with('[');
        if is_heading || item.code.is_empty() {
            if item.code.is_empty() && item.comment.is_empty() {
                blocks.push(Vec::new());
                continue;
            }
            let code = match is_heading {
                true => item.code,
                false => format!("# {}", item.comment),
            };
            push(&mut blocks, Written::plain(code));
            continue;
        }
        let written = match item.section.as_str() {
            "source" => {
                source_done = true;
                source(&item, maker, encoding)
            }
            "report" => report(&item, maker.table),
            "" => Some(plain(&item)),
            "group.address" => value(&item, maker),
            section if section.starts_with("customer") => {
                let is_group = item.code.starts_with("CustomerGroupId");
                match &group {
                    Some(group) if is_group => {
                        // What was said of the one group for all does not hold here.
                        let said = |line: &Written| line.code.starts_with('#');
                        if let Some(block) = blocks.last_mut() {
                            while block.last().is_some_and(said) {
                                block.pop();
                            }
                        }
                        Some(group.clone())
                    }
                    _ => value(&item, maker),
                }
            }
            _ => Some(plain(&item)),
        };
        if let Some(written) = written {
            push(&mut blocks, written);
        }
    }
    if !source_done {
        blocks.insert(1.min(blocks.len()), vec![Written::plain("[source]")]);
    }
    blocks.retain(|block| !block.is_empty());
    more_of_source(&mut blocks, text, maker);
    blocks
}

fn push(blocks: &mut [Vec<Written>], written: Written) {
    if let Some(block) = blocks.last_mut() {
        block.push(written);
    }
}

fn plain(item: &Item) -> Written {
    Written {
        code: item.code.clone(),
        remark: item.comment.clone(),
    }
}

/// The text in pieces. Blank lines are pieces of nothing.
fn items(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut section = String::new();
    let mut open = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if open.is_empty() && (trimmed.is_empty() || trimmed.starts_with('#')) {
            items.push(Item {
                section: section.clone(),
                code: String::new(),
                comment: trimmed.trim_start_matches('#').trim_start().to_owned(),
            });
            continue;
        }
        let (code, comment) = if open.is_empty() {
            split_comment(trimmed)
        } else {
            (line.trim_end(), "")
        };
        if open.is_empty() && code.starts_with('[') {
            code.trim_matches(['[', ']']).clone_into(&mut section);
        }
        if !open.is_empty() {
            open.push('\n');
        }
        open.push_str(code);
        if open.starts_with('[') || toml::from_str::<Toml>(&open).is_ok() {
            items.push(Item {
                section: section.clone(),
                code: std::mem::take(&mut open),
                comment: comment.to_owned(),
            });
        }
    }
    items
}

/// Code and comment of a line: the comment begins at the first `#` before which there is
/// whole TOML.
fn split_comment(line: &str) -> (&str, &str) {
    for (place, _) in line.match_indices('#') {
        let (code, comment) = line.split_at(place);
        let code = code.trim_end();
        if code.starts_with('[') || toml::from_str::<Toml>(code).is_ok() {
            return (code, comment.trim_start_matches('#').trim());
        }
    }
    (line, "")
}

/// The place of a column by the name that a mapping uses.
fn place(table: &Table<'_>, name: &str) -> Option<usize> {
    let exact = table.columns.iter().position(|column| column.name == name);
    let wanted = folded(name);
    exact.or_else(|| {
        let columns = table.columns.iter();
        columns
            .into_iter()
            .position(|column| folded(&column.name) == wanted)
    })
}

/// `[source]`: what was found out otherwise goes; `drop` names what is there.
fn source(item: &Item, maker: &Maker<'_>, encoding: &str) -> Option<Written> {
    let table = toml::from_str::<Toml>(&item.code).ok()?;
    let (key, value) = table.iter().next()?;
    match key.as_str() {
        // The file may come from another version or a spreadsheet: it is detected.
        "encoding" if !value.as_str()?.eq_ignore_ascii_case(encoding) => None,
        "delimiter" => None,
        "empty" => {
            let written = value.as_array()?.iter().filter_map(Value::as_str);
            let mut texts: Vec<&str> = written.collect();
            for text in &maker.table.nothing {
                if !texts.contains(text) {
                    texts.push(text);
                }
            }
            Some(Written {
                code: format!("{:<9} = {}", key, list(texts)),
                remark: item.comment.clone(),
            })
        }
        "drop" => None,
        _ => Some(plain(item)),
    }
}

/// What `[source]` needs beyond the ready-made one.
fn more_of_source(blocks: &mut [Vec<Written>], text: &str, maker: &Maker<'_>) {
    let is_source = |block: &&mut Vec<Written>| block.iter().any(|line| line.code == "[source]");
    let Some(block) = blocks.iter_mut().find(is_source) else {
        return;
    };
    let has_empty = block.iter().any(|line| line.code.starts_with("empty"));
    if !has_empty && !maker.table.nothing.is_empty() {
        let texts = std::iter::once("").chain(maker.table.nothing.iter().copied());
        block.push(Written {
            code: format!("empty     = {}", list(texts)),
            remark: maker.say(meaning_nothing()),
        });
    }
    let ready: Toml = toml::from_str(text).unwrap_or_default();
    let named = ready
        .get("source")
        .and_then(|source| source.get("drop")?.as_array())
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let mut dropped: Vec<String> = named
        .filter_map(|name| place(maker.table, name))
        .map(|column| maker.name(column))
        .collect();
    for (column, _) in &maker.found.dropped {
        let name = maker.name(*column);
        if !dropped.iter().any(|known| folded(known) == folded(&name)) {
            dropped.push(name);
        }
    }
    if !dropped.is_empty() {
        let remark = maker.say(never_written());
        if dropped.len() <= 3 {
            let code = format!("drop      = {}", list(dropped.iter().map(String::as_str)));
            return block.push(Written { code, remark });
        }
        let code = "drop      = [".to_owned();
        block.push(Written { code, remark });
        let names = dropped.iter().map(|name| format!("    {},", quote(name)));
        block.extend(names.map(Written::plain));
        block.push(Written::plain("]"));
    }
}

fn report(item: &Item, table: &Table<'_>) -> Option<Written> {
    let parsed = toml::from_str::<Toml>(&item.code).ok()?;
    let (key, value) = parsed.iter().next()?;
    let there = value.as_array()?.iter().filter_map(Value::as_str);
    let there: Vec<&str> = there.filter(|name| place(table, name).is_some()).collect();
    (!there.is_empty()).then(|| Written {
        code: format!("{key} = {}", list(there)),
        remark: item.comment.clone(),
    })
}

/// A line of `[customer]`: without the columns that are not there; nothing if none is left.
fn value(item: &Item, maker: &Maker<'_>) -> Option<Written> {
    let parsed = toml::from_str::<Toml>(&item.code).ok()?;
    let (key, value) = parsed.iter().next()?;
    if matches!(key.as_str(), "when" | "unless_same_as") {
        let there = key != "when" || place(maker.table, value.as_str()?).is_some();
        return there.then(|| plain(item));
    }
    let is_there = |name: &str| place(maker.table, name).is_some();
    let mut code = item.code.clone();
    let columns: Vec<String> = match value {
        Value::String(name) => vec![name.clone()],
        Value::Table(table) if table.contains_key("template") => return Some(plain(item)),
        Value::Table(table) => {
            let name = table.get("column").and_then(Value::as_str);
            let lists = ["first_of", "join"]
                .iter()
                .filter_map(|key| table.get(*key)?.as_array());
            let listed = lists.flatten().filter_map(Value::as_str);
            name.into_iter().chain(listed).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    if columns.is_empty() {
        return Some(constant(key, item, maker));
    }
    let there: Vec<String> = columns
        .iter()
        .filter(|name| is_there(name))
        .cloned()
        .collect();
    let first = there.first()?;
    if there.len() < columns.len()
        && let Value::Table(table) = value
    {
        code = without_missing(&item.code, key, table, &there);
    }
    let column = place(maker.table, first)?;
    let remark = remark(key, column, item, maker);
    Some(Written { code, remark })
}

/// The same for all: whoever imports has to say what.
fn constant(key: &str, item: &Item, maker: &Maker<'_>) -> Written {
    let what = match key {
        "CustomerGroupId" => the_group(),
        "InternalCompanyId" => the_company(),
        "LanguageIso" => the_language(),
        _ => return plain(item),
    };
    Written {
        code: item.code.clone(),
        remark: format!("{MARK}: {}", maker.say(what)),
    }
}

fn without_missing(code: &str, key: &str, table: &Toml, there: &[String]) -> String {
    let mut table = table.clone();
    let single = there.len() == 1;
    for list in ["first_of", "join"] {
        if table.remove(list).is_none() {
            continue;
        }
        table.remove("with").filter(|_| single);
        let mut fresh = Toml::new();
        match there {
            [one] => fresh.insert("column".to_owned(), Value::String(one.clone())),
            several => {
                let names = several.iter().cloned().map(Value::String).collect();
                fresh.insert(list.to_owned(), Value::Array(names))
            }
        };
        fresh.extend(table.clone());
        table = fresh;
    }
    let padding = code
        .split_once('=')
        .map_or(key.len(), |(before, _)| before.len() - 1);
    let only = table.len() == 1;
    let text = match table.get("column").and_then(Value::as_str) {
        Some(name) if only => quote(name),
        _ => inline(&Value::Table(table)),
    };
    format!("{key:<padding$} = {text}")
}

/// What the values say of a line.
fn remark(key: &str, column: usize, item: &Item, maker: &Maker<'_>) -> String {
    let topic = topic_of(key);
    let pick = Pick {
        column,
        sure: 99,
        by_name: true,
        says_role: false,
    };
    let shape = maker.found.shape(column);
    let share = look_of(topic)
        .and_then(|look| shape?.share(look))
        .unwrap_or(1.0);
    let empty = shape.is_none_or(|shape| shape.filled == 0);
    let sure = match empty {
        true => 90.0,
        // A share is between 0 and 1.
        false => (99.0 * (0.5 + 0.5 * share)).round(),
    };
    let why = maker.why(pick, topic);
    match item.comment.as_str() {
        "" => format!("{sure}%: {why}"),
        comment => format!("{sure}%: {why}; {comment}"),
    }
}

/// The topic of a target, for what its values should look like. Salutations and flags have
/// words of their own in each export.
fn topic_of(key: &str) -> Topic {
    match key {
        "EmailAddress" => Topic::Email,
        "PhoneNumber" | "MobilePhoneNumber" => Topic::Phone,
        "Fax" => Topic::Fax,
        "PostalCode" => Topic::PostalCode,
        "CountryIso" => Topic::Country,
        "LanguageIso" => Topic::Language,
        "Website" => Topic::Website,
        "FormOfAddress" => Topic::Salutation,
        _ => Topic::Login,
    }
}

/// The columns that the adapted text reads or drops, by their place.
pub(super) fn used(text: &str, table: &Table<'_>) -> Vec<bool> {
    let parsed: Toml = toml::from_str(text).unwrap_or_default();
    let mut texts = Vec::new();
    gather(&Value::Table(parsed), &mut texts);
    let names: std::collections::HashSet<String> = texts.iter().map(|text| folded(text)).collect();
    table
        .columns
        .iter()
        .map(|column| names.contains(&folded(&column.name)))
        .collect()
}

fn gather(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let parts = text.split("col['").skip(1);
            texts.extend(parts.filter_map(|part| Some(part.split_once("']")?.0.to_owned())));
            texts.push(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Table(table) => {
            for (key, value) in table {
                // Keys and words of tables are no columns.
                if !matches!(key.as_str(), "lookup" | "replace" | "as" | "case" | "date") {
                    gather(value, texts);
                }
            }
        }
        _ => {}
    }
}
