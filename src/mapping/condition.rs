//! `keep_if`: which records are taken at all.

use regex::Regex;
use rust_decimal::Decimal;
use toml::de::DeValue;

use super::columns::Cell;
use super::compile::Compiler;
use super::convert::{Convention, decimal, json_decimal};
use super::error::{Mistake, Place};
use super::suggest::listed;
use super::syntax::{Keys, Node, Section, whole_number, wrong_type};
use super::value::bad_expression;
use crate::outcome::{Bilingual, both};

/// One condition on one column.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// The column.
    pub(super) column: usize,
    /// Where the mapping states it.
    pub(super) place: Place,
    test: Test,
    not: bool,
}

#[derive(Clone, Debug)]
enum Test {
    OneOf(Vec<String>),
    Filled(bool),
    Matches(Regex),
    Between(Decimal, Decimal, Convention),
}

/// Keys of a condition.
pub(super) const KEYS: Keys = &[
    "column", "equals", "one_of", "filled", "matches", "between", "not",
];

/// Keys that say what is tested.
const TESTS: [&str; 5] = ["equals", "one_of", "filled", "matches", "between"];

impl Condition {
    /// Reads `keep_if`.
    pub(super) fn read_all(node: Option<&Node<'_>>, compiler: &mut Compiler) -> Vec<Self> {
        let Some(node) = node else {
            return Vec::new();
        };
        let DeValue::Array(list) = node.get_ref() else {
            let wanted = both!("a list of conditions", "eine Liste von Bedingungen");
            let mistake = wrong_type(node, "keep_if", wanted).help(Bilingual::same(
                "keep_if = [ { column = \"Konto\", between = [10000, 69999] } ]",
            ));
            compiler.mistakes.push(mistake);
            return Vec::new();
        };
        list.iter()
            .filter_map(|node| {
                let what = both!("a condition", "eine Bedingung");
                let mut section = match Section::open(node, what, KEYS) {
                    Ok(section) => section,
                    Err(mistake) => {
                        compiler.mistakes.push(mistake);
                        return None;
                    }
                };
                let condition = Self::read(&mut section, node, compiler);
                section.close(&mut compiler.mistakes);
                condition
            })
            .collect()
    }

    fn read(
        section: &mut Section<'_, '_>,
        node: &Node<'_>,
        compiler: &mut Compiler,
    ) -> Option<Self> {
        let column = match section.get("column") {
            Some(_) => section.text("column"),
            None => section.complain(Mistake::at(
                node.span(),
                both!(
                    "a condition needs a `column`",
                    "eine Bedingung braucht `column`"
                ),
            )),
        };
        let not = section.flag("not").unwrap_or(false);
        let given: Vec<&str> = TESTS
            .into_iter()
            .filter(|key| section.get(key).is_some())
            .collect();
        let [key] = given[..] else {
            return section.complain(
                Mistake::at(
                    node.span(),
                    both!(
                        "a condition needs exactly one test",
                        "eine Bedingung braucht genau eine Prüfung"
                    ),
                )
                .help(both!([tests = listed(TESTS, TESTS.len())] "the tests are {tests}", "die Prüfungen sind {tests}")),
            );
        };
        let test = Test::read(key, section, compiler.convention)?;
        let (name, place) = column?;
        Some(Self {
            column: compiler.column(name, place),
            place: node.span(),
            test,
            not,
        })
    }

    /// Whether it holds for what the column has. An empty cell is the text "" and no number;
    /// a nested value is filled and no text.
    pub(super) fn holds_for(&self, cell: Cell<'_>) -> bool {
        let text = cell.text().unwrap_or_default();
        let holds = match &self.test {
            Test::Filled(filled) => (cell != Cell::Empty) == *filled,
            Test::OneOf(texts) => texts.iter().any(|wanted| wanted == text),
            Test::Matches(expression) => expression.is_match(text),
            Test::Between(low, high, convention) => {
                let value = match cell {
                    Cell::Filled { text, number: true } => json_decimal(text),
                    _ => decimal(text, *convention),
                };
                value.is_some_and(|value| (*low..=*high).contains(&value))
            }
        };
        holds != self.not
    }
}

impl Test {
    fn read(key: &str, section: &mut Section<'_, '_>, convention: Convention) -> Option<Self> {
        let node = section.get(key)?;
        match key {
            "filled" => section.flag("filled").map(Self::Filled),
            "matches" => {
                let (expression, place) = section.text("matches")?;
                match Regex::new(expression) {
                    Ok(expression) => Some(Self::Matches(expression)),
                    Err(error) => section.complain(bad_expression(place, "matches", &error)),
                }
            }
            "equals" => match plain_text(node) {
                Some(text) => Some(Self::OneOf(vec![text])),
                None => section.complain(wrong_type(
                    node,
                    "equals",
                    both!("a text or number", "ein Text oder eine Zahl"),
                )),
            },
            "one_of" => {
                let list = node.get_ref().as_array();
                let texts = list.and_then(|list| list.iter().map(plain_text).collect());
                match texts {
                    Some(texts) => Some(Self::OneOf(texts)),
                    None => section.complain(wrong_type(
                        node,
                        "one_of",
                        both!(
                            "a list of texts or numbers",
                            "eine Liste von Texten oder Zahlen"
                        ),
                    )),
                }
            }
            _ => {
                let bounds: Option<Vec<Decimal>> = node
                    .get_ref()
                    .as_array()
                    .and_then(|list| list.iter().map(number).collect());
                match bounds.as_deref() {
                    Some([low, high]) if low <= high => {
                        Some(Self::Between(*low, *high, convention))
                    }
                    _ => section.complain(
                        wrong_type(
                            node,
                            "between",
                            both!(
                                "a list of two numbers, the smaller first",
                                "eine Liste von zwei aufsteigenden Zahlen"
                            ),
                        )
                        .help(Bilingual::same("between = [10000, 69999]")),
                    ),
                }
            }
        }
    }
}

fn plain_text(node: &Node<'_>) -> Option<String> {
    match node.get_ref() {
        DeValue::String(text) => Some(super::trim::trimmed(text).to_owned()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        number => whole_number(number).map(|number| number.to_string()),
    }
}

fn number(node: &Node<'_>) -> Option<Decimal> {
    match node.get_ref() {
        DeValue::Float(number) => json_decimal(number.as_str()),
        number => whole_number(number).map(Decimal::from),
    }
}
