//! `given`: the records of a test, by the names that the mapping uses for their columns.

use serde_json::{Map, Value as Json};
use toml::de::{DeTable, DeValue};

use crate::mapping::compile::Compiler;
use crate::mapping::error::Mistake;
use crate::mapping::suggest::{did_you_mean, listed, quoted};
use crate::mapping::syntax::{Node, whole_number, wrong_type};
use crate::outcome::{Bilingual, both};

fn wanted() -> Bilingual {
    both!(
        "a table of columns, or a list of such tables",
        "eine Tabelle von Spalten oder eine Liste solcher Tabellen"
    )
}

/// Reads one record, or several of a mapping that puts them together.
pub(super) fn read(
    node: &Node<'_>,
    is_grouped: bool,
    compiler: &mut Compiler,
) -> Result<Vec<Map<String, Json>>, Mistake> {
    let list = match node.get_ref() {
        DeValue::Table(table) => return Ok(vec![columns(table, compiler)]),
        DeValue::Array(list) => list,
        _ => return Err(wrong_type(node, "given", wanted())),
    };
    if list.is_empty() {
        let title = both!("`given` has no record", "`given` hat keinen Datensatz");
        let mistake = Mistake::at(node.span(), title);
        return Err(mistake.help(both!(
            "given = {{ Column = \"text\" }}",
            "given = {{ Spalte = \"Text\" }}"
        )));
    }
    let mut records = Vec::new();
    for node in list.iter() {
        match node.get_ref().as_table() {
            Some(table) => records.push(columns(table, compiler)),
            None => return Err(wrong_type(node, "given", wanted())),
        }
    }
    if records.len() > 1 && !is_grouped {
        let title = both!(
            "several records are given, and nothing puts them together",
            "mehrere Datensätze sind gegeben, und nichts fasst sie zusammen"
        );
        let help = both!(
            "write [group], or a test for each record",
            "[group] schreiben, oder für jeden Datensatz einen Test"
        );
        return Err(Mistake::at(node.span(), title).help(help));
    }
    Ok(records)
}

/// The record's columns, by the names that the mapping uses.
fn columns(table: &DeTable<'_>, compiler: &mut Compiler) -> Map<String, Json> {
    let mut given = Map::new();
    for (key, node) in table {
        let name = key.get_ref().as_ref();
        let known = compiler.known_column(name).map(str::to_owned);
        let Some(known) = known else {
            let help = did_you_mean(name, compiler.column_names()).unwrap_or_else(|| {
                both!([columns = listed(compiler.column_names(), 12)] "its columns are {columns}", "ihre Spalten sind {columns}")
            });
            let title = both!(
                "the mapping uses no column {name}",
                "die Zuordnung verwendet keine Spalte {name}",
                name = quoted(name)
            );
            compiler
                .mistakes
                .push(Mistake::at(key.span(), title).help(help));
            continue;
        };
        if given.insert(known, json(node.get_ref())).is_some() {
            let title = both!(
                "the column {name} is given twice",
                "die Spalte {name} ist zweimal gegeben",
                name = quoted(name)
            );
            compiler.mistakes.push(Mistake::at(key.span(), title));
        }
    }
    given
}

fn json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::String(text.clone().into_owned()),
        DeValue::Boolean(flag) => Json::Bool(*flag),
        DeValue::Integer(_) | DeValue::Float(_) => {
            let written = match value {
                DeValue::Float(number) => number.as_str().to_owned(),
                whole => whole_number(whole)
                    .map(|number| number.to_string())
                    .unwrap_or_default(),
            };
            match written.parse::<serde_json::Number>() {
                Ok(number) => Json::Number(number),
                Err(_) => Json::String(written),
            }
        }
        DeValue::Datetime(date) => Json::String(date.to_string()),
        DeValue::Array(list) => list.iter().map(|node| json(node.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, node)| (key.get_ref().to_string(), json(node.get_ref())))
            .collect::<Map<_, _>>()
            .into(),
    }
}
