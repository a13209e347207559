//! A record's way through a mapping, step by step, for people who ask why.
//!
//! It is written down by the code that maps, at the places where that does something, and only
//! where somebody asked for it: there is no second implementation that could tell another
//! story, and a run pays no more than a look at an empty option.

use serde_json::Value as Json;

use super::tally::Tally;
use crate::customer::{Part, Target, Value};
use crate::outcome::{Bilingual, both};

/// What happened to one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The conditions of `keep_if` that leave the record out, as the mapping writes them.
    pub left_out_by: Vec<String>,
    /// The customer and its nested objects, as the mapping makes them.
    pub objects: Vec<ObjectTrace>,
}

/// What happened to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectTrace {
    /// Its path, numbered as it is sent; as the mapping numbers it, if it is not sent. Empty
    /// for the customer itself.
    pub path: String,
    /// Why it is not sent, if it is not.
    pub omitted: Option<Bilingual>,
    /// Its fields, in the order in which they were made.
    pub fields: Vec<FieldTrace>,
    part: Part,
}

/// What happened to one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTrace {
    /// Its path in the customer, as errors write it.
    pub target: String,
    /// Its name in its object.
    pub name: &'static str,
    /// The columns that it may come from, with their text exactly as the record has it.
    pub cells: Vec<(String, String)>,
    /// What was done, in that order, and what it led to.
    pub steps: Vec<StepTaken>,
    /// What is sent, unless it has an error.
    pub value: Option<Json>,
}

/// One step of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTaken {
    /// The step, by its key in the mapping.
    pub step: String,
    /// What it led to.
    pub result: Bilingual,
}

impl Trace {
    /// An object begins.
    pub(super) fn object(&mut self, part: Part) {
        self.objects.push(ObjectTrace {
            path: part.to_string(),
            omitted: None,
            fields: Vec::new(),
            part,
        });
    }

    /// A field of the last object begins.
    pub(super) fn field(&mut self, target: Target, cells: Vec<(String, String)>) {
        if let Some(object) = self.objects.last_mut() {
            object.fields.push(FieldTrace {
                target: target.to_string(),
                name: target.field().name,
                cells,
                steps: Vec::new(),
                value: None,
            });
        }
    }

    fn last_field(&mut self) -> Option<&mut FieldTrace> {
        self.objects.last_mut()?.fields.last_mut()
    }

    /// The field's last step led to this.
    pub(super) fn value(&mut self, value: Option<&Value<'_>>) {
        if let Some(field) = self.last_field() {
            field.value = value.and_then(|value| serde_json::to_value(value).ok());
        }
    }

    /// The object that the mapping makes as `part` is not sent.
    pub(super) fn omit(&mut self, part: Part, why: Bilingual) {
        if let Some(object) = self.objects.iter_mut().find(|object| object.part == part) {
            object.omitted = Some(why);
        }
    }

    /// The object that the mapping makes as `part` is sent as `placed`.
    pub(super) fn place(&mut self, part: Part, placed: Part) {
        if let Some(object) = self.objects.iter_mut().find(|object| object.part == part) {
            object.path = placed.to_string();
            for field in &mut object.fields {
                let index = placed.schema().position(field.name).unwrap_or_default();
                field.target = Target {
                    part: placed,
                    index,
                }
                .to_string();
            }
        }
    }
}

impl Tally {
    /// A tally that writes down each step of the next record.
    pub(super) fn tracing() -> Self {
        Self {
            trace: Some(Box::default()),
            ..Self::default()
        }
    }

    /// Writes something down, if somebody asked for it.
    #[inline]
    pub(super) fn trace(&mut self, write: impl FnOnce(&mut Trace)) {
        if let Some(trace) = &mut self.trace {
            write(trace);
        }
    }

    /// Writes down a step of the field that is being made, and the text that it led to, if
    /// somebody asked for it.
    #[inline]
    pub(super) fn step(&mut self, step: &str, text: impl FnOnce() -> String) {
        self.step_told(step, || Bilingual::same(text()));
    }

    /// Writes down a step, and in words what it led to, if somebody asked for it.
    #[inline]
    pub(super) fn step_told(&mut self, step: &str, result: impl FnOnce() -> Bilingual) {
        self.trace(|trace| {
            if let Some(field) = trace.last_field() {
                field.steps.push(StepTaken {
                    step: step.to_owned(),
                    result: result(),
                });
            }
        });
    }

    /// Writes down a step that led to a value, if somebody asked for it.
    #[inline]
    pub(super) fn step_to(&mut self, step: &str, value: Option<&Value<'_>>) {
        self.step_told(step, || shown(value));
    }
}

/// A value as people read it.
pub(super) fn shown(value: Option<&Value<'_>>) -> Bilingual {
    Bilingual::same(match value {
        None => return both!("nothing", "leer"),
        Some(Value::Text(text)) => text.to_string(),
        Some(Value::DateTime(moment)) => moment.to_string(),
        Some(value) => serde_json::to_string(value).unwrap_or_default(),
    })
}
