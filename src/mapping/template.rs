//! `template`: a value's text written by a small program (MiniJinja) from columns of the record.
//!
//! A template is parsed once, when the mapping is compiled, and what it reads, calls and
//! filters with is found there ([`reading`]): a column that the input lacks is then a mistake
//! of the mapping like any other, before a record is read. Rendering is pure: no filter, test
//! or function of it knows files, the clock or the environment. It is bounded, too: [`FUEL`]
//! pays for every instruction and every byte, and a longer text than [`LONGEST`] is no value.
//! Nothing is escaped: customers are data, not pages.
//!
//! A cell reaches the template as it reaches any other source: without outer blanks, and as ""
//! when it is empty, absent, null or a text of `empty`. Whole numbers and booleans of JSON keep
//! their type, and so do lists and objects, which a template may walk through but not write as
//! they are. Other numbers of JSON are texts, for 1.10 must not become 1.1 (`| float` makes a
//! number of them).

mod reading;

pub(super) use reading::{FILTERS, FUNCTIONS, TESTS};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde_json::Value as Json;

use super::compile::Compiler;
use super::error::{Mistake, Place};
use super::steps::Fault;
use crate::outcome::{Code, borrowed, both};

/// What a rendering may use up: about as many instructions, or 64 times as many bytes.
const FUEL: u64 = 50_000;

/// Longest result in bytes: far beyond every field of the API.
const LONGEST: usize = 64 * 1024;

/// The name under which the environment keeps the one template.
const NAME: &str = "template";

/// The variable through which columns are read.
const COLUMNS: &str = "col";

/// Characters of a failing expression that a message shows.
const EXCERPT: usize = 60;

/// A template, compiled.
#[derive(Clone)]
pub(super) struct Template {
    environment: Arc<Environment<'static>>,
    source: Arc<str>,
    names: Arc<[Arc<str>]>,
    columns: Vec<usize>,
}

/// What a column of a record holds, for a template.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ingredient<'r> {
    /// Nothing.
    Empty,
    /// A text without outer blanks.
    Text(&'r str),
    /// A value of JSON that is neither null nor text.
    Json(&'r Json),
}

impl Template {
    /// Compiles the template `source` that stands at `place` of the mapping.
    pub(super) fn read(
        source: &str,
        place: &Place,
        compiler: &mut Compiler,
    ) -> Result<Self, Vec<Mistake>> {
        let text = compiler.text.clone();
        let at = |range: Option<std::ops::Range<usize>>| match range {
            Some(range) => within(&text, place, source, range),
            None => place.clone(),
        };
        let found = reading::read(source)
            .map_err(|error| vec![syntax_mistake(&error, at(error.range()))])?;
        if !found.faults.is_empty() {
            let mistakes = found.faults.into_iter();
            return Err(mistakes
                .map(|fault| Mistake::at(at(Some(fault.at)), fault.title).help(fault.help))
                .collect());
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_formatter(write);
        environment.set_fuel(Some(FUEL));
        environment
            .add_template_owned(NAME, source.to_owned())
            .map_err(|error| vec![syntax_mistake(&error, at(error.range()))])?;
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut columns = Vec::new();
        for (name, range) in found.columns {
            if !names.iter().any(|known| **known == *name) {
                columns.push(compiler.column(&name, at(Some(range))));
                names.push(name.into());
            }
        }
        Ok(Self {
            environment: Arc::new(environment),
            source: source.into(),
            names: names.into(),
            columns,
        })
    }

    /// The columns that it reads, by the mapping's list of columns.
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Writes the text for a record; `ingredient` says what it has in a column.
    pub(super) fn render<'r>(
        &self,
        ingredient: impl Fn(usize) -> Ingredient<'r>,
    ) -> Result<String, Fault> {
        let values = self.columns.iter().map(|column| value(ingredient(*column)));
        let cells = Value::from_object(Cells {
            names: self.names.clone(),
            values: values.collect(),
        });
        let text = self
            .environment
            .get_template(NAME)
            .and_then(|template| template.render(Value::from_object(Root(cells))))
            .map_err(|error| self.fault(&error))?;
        if text.len() > LONGEST {
            let reason = format!("it writes more than {LONGEST} bytes");
            return Err(Fault::new(Code::TemplateFailed).with("reason", reason));
        }
        Ok(text)
    }

    /// Why it failed. What the engine says in full may repeat a customer's values: only the
    /// kind is told, with the expression as the mapping has it.
    fn fault(&self, error: &Error) -> Fault {
        let reason = match error.kind() {
            ErrorKind::OutOfFuel => "it takes too many steps or too much memory".to_owned(),
            ErrorKind::UndefinedError => "it reads a value that is not there".to_owned(),
            ErrorKind::InvalidOperation => "an operation does not fit its values".to_owned(),
            ErrorKind::NonPrimitive => "a list or an object cannot be written as it is".to_owned(),
            ErrorKind::TooManyArguments | ErrorKind::MissingArgument => {
                "a filter, test or function has the wrong arguments".to_owned()
            }
            kind => kind.to_string(),
        };
        let fault = Fault::new(Code::TemplateFailed).with("reason", reason);
        match error.range().and_then(|range| self.source.get(range)) {
            Some(excerpt) if !excerpt.trim().is_empty() => {
                let shown: String = excerpt.trim().chars().take(EXCERPT).collect();
                fault.with("in", shown)
            }
            _ => fault,
        }
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.source).finish()
    }
}

/// All that a template can see.
#[derive(Debug)]
struct Root(Value);

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str()? == COLUMNS).then(|| self.0.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

/// `col`: the columns that the template reads, in the order of `names`.
#[derive(Debug)]
struct Cells {
    names: Arc<[Arc<str>]>,
    values: Vec<Value>,
}

impl Object for Cells {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let index = self.names.iter().position(|name| **name == *key)?;
        self.values.get(index).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

fn value(ingredient: Ingredient<'_>) -> Value {
    match ingredient {
        Ingredient::Empty => Value::from(""),
        Ingredient::Text(text) => Value::from(text),
        Ingredient::Json(json) => of_json(json),
    }
}

fn of_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(""),
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => number
            .as_i64()
            .map_or_else(|| Value::from(number.as_str()), Value::from),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(list) => Value::from(list.iter().map(of_json).collect::<Vec<_>>()),
        Json::Object(object) => {
            let values = object.iter();
            let values = values.map(|(key, value)| (key.clone(), of_json(value)));
            Value::from(values.collect::<BTreeMap<_, _>>())
        }
    }
}

/// Writes what stands between `{{` and `}}`.
fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Seq
        | ValueKind::Map
        | ValueKind::Iterable
        | ValueKind::Plain
        | ValueKind::Bytes => Err(ErrorKind::NonPrimitive.into()),
        ValueKind::None => Ok(()),
        _ => minijinja::escape_formatter(out, state, value),
    }
}

fn syntax_mistake(error: &Error, place: Place) -> Mistake {
    let why = error.detail().unwrap_or("it cannot be read");
    let title = both!([why = borrowed::of_template(why)]
        "`template` cannot be read: {why}",
        "`template` ist nicht zu lesen: {why}"
    );
    Mistake::at(place, title).help(
        both!(
            "columns are written {{{{ col['Name'] }}}}, filters behind them: {{{{ col['Name'] | upper }}}}",
            "Spalten schreibt man {{{{ col['Name'] }}}}, Filter dahinter: {{{{ col['Name'] | upper }}}}"
        ),
    )
}

/// The part `range` of a text that the mapping holds at `place`, as a place of the mapping: the
/// place of the whole text, where escapes make them differ.
fn within(mapping: &str, place: &Place, text: &str, range: std::ops::Range<usize>) -> Place {
    let found = || {
        let written = mapping.get(place.clone())?;
        let quotes = ["\"\"\"", "'''", "\"", "'"]
            .into_iter()
            .find(|quotes| written.starts_with(quotes))?;
        let mut start = quotes.len();
        if quotes.len() == 3 {
            // A line break right behind the quotes is not part of the text.
            start += ["\r\n", "\n"]
                .into_iter()
                .find(|end| {
                    written
                        .get(start..)
                        .is_some_and(|rest| rest.starts_with(end))
                })
                .map_or(0, str::len);
        }
        let inner = written.get(start..written.len().checked_sub(quotes.len())?)?;
        let start = place.start + start;
        // At the end of a tag there may be nothing to underline but the next character.
        let next = text.get(range.start..)?.chars().next()?.len_utf8();
        let end = range.end.max(range.start + next);
        text.get(range.start..end)?;
        (inner == text).then(|| start + range.start..start + end)
    };
    found().unwrap_or_else(|| place.clone())
}

#[cfg(test)]
mod tests;
