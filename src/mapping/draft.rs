//! One record becomes one draft: each object's values, then which objects are kept.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value as Json;

use super::columns::{Bound, Cell};
use super::compile::Compiled;
use super::form::{self, Form};
use super::part::PartSpec;
use super::short::{Row, Short};
use super::steps::{Fault, Passage, Surroundings};
use super::tally::Tally;
use super::template::{Ingredient, Template};
use super::trim::{trimmed, trimmed_cow};
use super::value::{Origin, ValueSpec};
use crate::customer::fields::COUNTRY_ISO;
use crate::customer::{CreateCustomer, Draft, Part, Target, Value, Values};
use crate::outcome::{Code, FieldError, both};
use crate::record::{Fields, Record};

/// What a draft is made from.
pub(super) struct Maker<'a> {
    /// The mapping.
    pub(super) compiled: &'a Compiled,
    /// Its columns.
    pub(super) bound: &'a Bound,
    /// The record.
    pub(super) record: &'a Record,
    /// The day, for birthdays.
    pub(super) today: Date,
    /// The record's cells, if its values may take the short way.
    row: Option<Row<'a>>,
}

/// One object, made.
pub(super) struct Made<'r> {
    pub(super) values: Values<'r>,
    errors: Vec<Flaw>,
    warnings: Vec<Flaw>,
    /// Bit by index of the schema: the value came from a filled column.
    from_input: u64,
}

impl Made<'_> {
    /// One without values, with room for so many.
    pub(super) fn new(part: Part, room: usize) -> Self {
        Self {
            values: Values::with_capacity(part.schema(), room),
            errors: Vec::new(),
            warnings: Vec::new(),
            from_input: 0,
        }
    }
}

/// What is wrong with one value of an object.
struct Flaw {
    /// Index of the object's list of values.
    value: usize,
    fault: Fault,
}

/// A value's text, and whether any of its columns was filled.
enum Found<'r> {
    Nothing,
    Text(Passage<'r>),
    Nested,
    /// A template failed.
    Failed(Fault),
}

impl<'a> Maker<'a> {
    /// Of a record; nothing takes the short way where each step is written down.
    pub(super) fn new(
        compiled: &'a Compiled,
        bound: &'a Bound,
        record: &'a Record,
        today: Date,
        tally: &Tally,
    ) -> Self {
        Self {
            compiled,
            bound,
            record,
            today,
            row: match &record.fields {
                Fields::Cells(cells) if tally.trace.is_none() => Some(Row {
                    cells,
                    bound,
                    empty: &compiled.empty,
                }),
                _ => None,
            },
        }
    }

    /// Makes the draft.
    pub(super) fn draft(&self, tally: &mut Tally) -> Draft<'a> {
        let parts = &self.compiled.parts;
        if parts.iter().any(|spec| spec.unless_same_as.is_some()) {
            return self.draft_compared(tally);
        }
        let mut draft = Draft::default();
        for spec in parts {
            if let Some(made) = self.part(spec, tally) {
                let part = self.place(spec, made, &mut draft);
                tally.trace(|trace| trace.place(spec.part, part));
            }
        }
        draft
    }

    /// Makes the draft of a mapping in which an address is left out where it repeats another.
    fn draft_compared(&self, tally: &mut Tally) -> Draft<'a> {
        let parts = &self.compiled.parts;
        let made: Vec<Option<Made<'a>>> = parts.iter().map(|spec| self.part(spec, tally)).collect();
        let kept: Vec<bool> = parts
            .iter()
            .zip(&made)
            .map(|(spec, one)| {
                one.as_ref()
                    .is_some_and(|one| !self.repeats(spec, one, &made))
            })
            .collect();
        if tally.trace.is_some() {
            self.note_repeats(&made, &kept, tally);
        }
        let mut draft = Draft::default();
        for ((spec, one), kept) in parts.iter().zip(made).zip(kept) {
            if let (Some(one), true) = (one, kept) {
                let part = self.place(spec, one, &mut draft);
                tally.trace(|trace| trace.place(spec.part, part));
            }
        }
        draft
    }

    /// Adds one address to a draft that another record began; says which it became. None, if
    /// the record has nothing for it.
    pub(super) fn add(
        &self,
        spec: &'a PartSpec,
        draft: &mut Draft<'a>,
        tally: &mut Tally,
    ) -> Option<Part> {
        let made = self.part(spec, tally);
        let part = placed(spec.part, &draft.customer);
        tally.trace(|trace| trace.place(spec.part, part));
        self.place(spec, made?, draft);
        Some(part)
    }

    /// Makes one object; none, if the record has nothing for it.
    fn part(&self, spec: &'a PartSpec, tally: &mut Tally) -> Option<Made<'a>> {
        tally.trace(|trace| trace.object(spec.part));
        if let Some(column) = spec.when
            && self.cell(column) == Cell::Empty
        {
            tally.trace(|trace| {
                let name = self.bound.names.get(column).map_or("", String::as_str);
                let why = both!(
                    "`when`: the column `{name}` is empty",
                    "`when`: die Spalte `{name}` ist leer"
                );
                trace.omit(spec.part, why);
            });
            return None;
        }
        let mut made = Made::new(spec.part, spec.values.len());
        for (index, value) in spec.values.iter().enumerate() {
            self.value(index, value, &mut made, tally);
        }
        let is_optional = spec.part.is_address() && spec.part != Part::Billing;
        let is_empty = made.values.is_empty() && made.errors.is_empty();
        if is_optional && made.from_input == 0
            || is_empty && !matches!(spec.part, Part::Customer | Part::Billing)
        {
            tally.trace(|trace| {
                let why = both!(
                    "nothing of it comes from the record",
                    "nichts davon kommt aus dem Datensatz"
                );
                trace.omit(spec.part, why);
            });
            return None;
        }
        Some(made)
    }

    /// Makes one value of an object.
    #[inline]
    pub(super) fn value(
        &self,
        index: usize,
        spec: &'a ValueSpec,
        made: &mut Made<'a>,
        tally: &mut Tally,
    ) {
        let is_made = match (&self.row, spec.short) {
            (Some(row), Some(step)) => self.short(step, row, spec, made, tally),
            _ => false,
        };
        if !is_made {
            self.work(index, spec, made, tally);
        }
    }

    /// Makes one value of an object the short way; false, if it has to go the long one.
    ///
    /// Each value is written where it stays: on the way through an `Option` it would be copied, and
    /// read back before it is written out.
    #[inline]
    fn short(
        &self,
        step: Short,
        row: &Row<'a>,
        spec: &'a ValueSpec,
        made: &mut Made<'a>,
        tally: &mut Tally,
    ) -> bool {
        let Target { part, index } = spec.target;
        let values = &mut made.values;
        match step {
            Short::Constant => {
                if let Origin::Constant(value) = &spec.origin {
                    values.put(index, value.borrowed());
                }
                return true;
            }
            Short::Join => match row.joined(&spec.origin) {
                Some(text) if text.is_empty() => return spec.may_be_nothing,
                Some(text) => values.put(index, Value::Text(text)),
                None => return false,
            },
            step => {
                let Some(text) = row.text(&spec.origin) else {
                    return false;
                };
                if text.is_empty() {
                    return spec.may_be_nothing;
                }
                if !row.is_plain(text) {
                    return false;
                }
                let text = match step {
                    Short::Form(Form::PostalCode) if part.is_address() && text.len() == 4 => {
                        // It may have lost its zero, and is no text of the record then.
                        let country = values.text_at(COUNTRY_ISO);
                        let code = form::postal_code(text.into(), country, tally);
                        values.put(index, Value::Text(code));
                        None
                    }
                    Short::Lookup => {
                        let Some(value) = spec.steps.looked_up(text) else {
                            return false;
                        };
                        values.put(index, value.borrowed());
                        None
                    }
                    Short::Type => {
                        let put = |value| values.put(index, value);
                        if !spec.steps.convert_to(text, self.today, put) {
                            return false;
                        }
                        None
                    }
                    step => {
                        let short = spec.steps.short(step, text);
                        if short.is_none() {
                            return false;
                        }
                        short
                    }
                };
                if let Some(text) = text {
                    values.put(index, Value::text(text));
                }
            }
        }
        made.from_input |= bit(index);
        true
    }

    /// Makes one value of an object the long way.
    #[inline(never)]
    fn work(&self, index: usize, spec: &'a ValueSpec, made: &mut Made<'a>, tally: &mut Tally) {
        let found = self.find(&spec.origin);
        if tally.trace.is_some() {
            self.note_source(spec, &found, tally);
        }
        let is_filled = match &spec.origin {
            // A template also writes of its own accord.
            Origin::Template(template) => {
                let mut columns = template.columns().iter();
                columns.any(|column| self.cell(*column) != Cell::Empty)
            }
            _ => !matches!(found, Found::Nothing),
        };
        let mut odd = Vec::new();
        let result = self.evaluate(spec, found, &made.values, tally, &mut odd);
        if !odd.is_empty() {
            made.warnings.extend(odd.into_iter().map(|fault| Flaw {
                value: index,
                fault,
            }));
        }
        if is_filled && !matches!(result, Ok(None)) {
            made.from_input |= bit(spec.target.index);
        }
        let fault = match result {
            // What the API demands is for validation to ask for.
            Ok(None) if spec.required && !spec.target.field().required => {
                Fault::new(Code::RequiredMissing)
            }
            Ok(value) => {
                tally.trace(|trace| trace.value(value.as_ref()));
                if let Some(value) = value {
                    made.values.put(spec.target.index, value);
                }
                return;
            }
            Err(fault) => fault,
        };
        made.errors.push(Flaw {
            value: index,
            fault,
        });
    }

    fn evaluate(
        &self,
        spec: &'a ValueSpec,
        found: Found<'a>,
        values: &Values<'a>,
        tally: &mut Tally,
        odd: &mut Vec<Fault>,
    ) -> Result<Option<Value<'a>>, Fault> {
        let passage = match (found, &spec.origin) {
            (_, Origin::Constant(value)) => return Ok(Some(value.borrowed())),
            (Found::Nothing, _) => return Ok(spec.steps.defaulted(tally)),
            (Found::Nested, _) => return Err(Fault::new(Code::TypeText)),
            (Found::Failed(fault), _) => return Err(fault),
            (Found::Text(passage), _) => passage,
        };
        let mut around = Surroundings {
            rules: &self.compiled.rules,
            today: self.today,
            country: match spec.steps.form {
                Some(Form::PostalCode) if spec.target.part.is_address() => {
                    values.text_at(COUNTRY_ISO)
                }
                _ => None,
            },
            tally,
            odd,
        };
        spec.steps.run(passage, &mut around)
    }

    /// Writes down where a value comes from, and what became of its cells before its steps.
    fn note_source(&self, spec: &ValueSpec, found: &Found<'_>, tally: &mut Tally) {
        let columns = spec.origin.columns();
        let name = |column: usize| self.bound.names.get(column).cloned().unwrap_or_default();
        let raw = |column: usize| self.bound.text(self.record, column).into_owned();
        let cells = columns.iter().map(|column| (name(*column), raw(*column)));
        let cells = cells.collect();
        tally.trace(|trace| trace.field(spec.target, cells));
        for column in columns.iter().copied() {
            let of = |step: &str| match columns {
                [_] => step.to_owned(),
                _ => format!("{step} {}", name(column)),
            };
            let text = raw(column);
            let bare = trimmed(&text);
            if bare.len() != text.len() {
                tally.step(&of("trim"), || bare.to_owned());
            }
            if self.cell(column) == Cell::Empty && !bare.is_empty() {
                tally.step_to(&of("empty"), None);
            }
        }
        let step = match &spec.origin {
            Origin::Constant(value) => return tally.step_to("value", Some(value)),
            Origin::Column(_) | Origin::Nothing => return,
            Origin::FirstOf(_) => "first_of",
            Origin::Join(..) => "join",
            Origin::Template(_) => "template",
        };
        match found {
            Found::Text(passage) => tally.step(step, || passage.text.to_string()),
            Found::Nothing => tally.step_to(step, None),
            Found::Nested | Found::Failed(_) => {}
        }
    }

    /// Writes down which addresses repeat another.
    fn note_repeats(&self, made: &[Option<Made<'a>>], kept: &[bool], tally: &mut Tally) {
        let parts = &self.compiled.parts;
        for ((spec, one), kept) in parts.iter().zip(made).zip(kept) {
            let other = spec.unless_same_as.and_then(|position| parts.get(position));
            if let (Some(_), false, Some(other)) = (one, kept, other) {
                tally.trace(|trace| {
                    let why = both!(
                        "`unless_same_as`: it repeats {other}",
                        "`unless_same_as`: sie wiederholt {other}",
                        other = other.part
                    );
                    trace.omit(spec.part, why);
                });
            }
        }
    }

    fn cell(&self, column: usize) -> Cell<'a> {
        self.bound.cell(self.record, column, &self.compiled.empty)
    }

    fn find(&self, origin: &'a Origin) -> Found<'a> {
        match origin {
            Origin::Constant(_) | Origin::Nothing => Found::Nothing,
            Origin::Column([column]) => found(self.cell(*column)),
            Origin::FirstOf(columns) => columns
                .iter()
                .map(|column| self.cell(*column))
                .find(|cell| *cell != Cell::Empty)
                .map_or(Found::Nothing, found),
            Origin::Join(columns, with) => self.join(columns, with),
            Origin::Template(template) => self.rendered(template),
        }
    }

    fn rendered(&self, template: &Template) -> Found<'a> {
        let rendered = template.render(|column| match self.cell(column) {
            Cell::Empty => Ingredient::Empty,
            Cell::Filled { text, .. } => match self.bound.json(self.record, column) {
                Some(json @ (Json::Number(_) | Json::Bool(_))) => Ingredient::Json(json),
                _ => Ingredient::Text(text),
            },
            Cell::Nested => self
                .bound
                .json(self.record, column)
                .map_or(Ingredient::Empty, Ingredient::Json),
        });
        match rendered.map(|text| trimmed_cow(text.into())) {
            Ok(text) if text.is_empty() => Found::Nothing,
            Ok(text) => Found::Text(Passage {
                text,
                number: false,
            }),
            Err(fault) => Found::Failed(fault),
        }
    }

    fn join(&self, columns: &[usize], with: &str) -> Found<'a> {
        let mut joined: Cow<'a, str> = Cow::Borrowed("");
        for column in columns {
            match self.cell(*column) {
                Cell::Empty => {}
                Cell::Nested => return Found::Nested,
                Cell::Filled { text, .. } if joined.is_empty() => joined = Cow::Borrowed(text),
                Cell::Filled { text, .. } => {
                    let joined = joined.to_mut();
                    joined.push_str(with);
                    joined.push_str(text);
                }
            }
        }
        if joined.is_empty() {
            return Found::Nothing;
        }
        Found::Text(Passage {
            text: joined,
            number: false,
        })
    }

    /// Whether the object repeats the address that it must not repeat: whatever it took from
    /// the input stands there too. Defaults and constants say nothing about an address.
    fn repeats(&self, spec: &PartSpec, one: &Made<'a>, made: &[Option<Made<'a>>]) -> bool {
        let Some(position) = spec.unless_same_as else {
            return false;
        };
        let other = made.get(position).and_then(Option::as_ref);
        let other_spec = self.compiled.parts.get(position);
        let (Some(other), Some(other_spec)) = (other, other_spec) else {
            return false;
        };
        let same_values = one.values.filled().all(|(index, _, value)| {
            one.from_input & bit(index) == 0 || other.values.get(index) == Some(value)
        });
        same_values
            && one.errors.iter().all(|flaw| {
                let mine = self.flaw(spec, spec.part, flaw);
                other.errors.iter().any(|flaw| {
                    let theirs = self.flaw(other_spec, spec.part, flaw);
                    (&mine.target, mine.code, &mine.value)
                        == (&theirs.target, theirs.code, &theirs.value)
                })
            })
    }

    /// Puts an object into the draft; says as which.
    fn place(&self, spec: &PartSpec, made: Made<'a>, draft: &mut Draft<'a>) -> Part {
        let customer = &mut draft.customer;
        let part = placed(spec.part, customer);
        for flaw in &made.errors {
            draft.errors.push(self.flaw(spec, part, flaw));
        }
        for flaw in &made.warnings {
            draft.warnings.push(self.flaw(spec, part, flaw));
        }
        match part {
            Part::Customer => customer.fields = made.values,
            Part::Billing => customer.billing = Some(made.values),
            Part::Shipment => customer.shipment = Some(made.values),
            Part::Custom => customer.custom = Some(made.values),
            Part::OtherBilling(_) => customer.other_billing.push(made.values),
            Part::OtherShipping(_) => customer.other_shipping.push(made.values),
            Part::OtherCustomer(_) => customer.other_customer.push(made.values),
            Part::Payment => customer.payment = Some(made.values),
        }
        part
    }

    /// The error about a value, with the cells as they stand in the input.
    fn flaw(&self, spec: &PartSpec, part: Part, flaw: &Flaw) -> FieldError {
        let Some(value) = spec.values.get(flaw.value) else {
            return FieldError::new(flaw.fault.code, part.to_string());
        };
        let target = Target {
            part,
            index: value.target.index,
        };
        let columns = self.columns_read(&value.origin);
        let names = columns
            .iter()
            .filter_map(|column| self.bound.names.get(*column));
        let texts: Vec<Cow<'_, str>> = columns
            .iter()
            .map(|column| self.bound.text(self.record, *column))
            .filter(|text| !text.is_empty())
            .collect();
        let mut error = FieldError::new(flaw.fault.code, target.to_string()).in_columns(names);
        error.params = flaw
            .fault
            .params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect::<BTreeMap<_, _>>();
        if !texts.is_empty() {
            error = error.of_value(texts.join(" "));
        }
        error
    }

    /// The columns that a value was really taken from: of `first_of` the one that was filled.
    fn columns_read(&self, origin: &Origin) -> Vec<usize> {
        let columns = origin.columns();
        let taken = match origin {
            Origin::FirstOf(_) => columns
                .iter()
                .find(|column| self.cell(**column) != Cell::Empty),
            _ => None,
        };
        taken.map_or_else(|| columns.to_vec(), |taken| vec![*taken])
    }
}

/// The bit of a field; schemas have fewer fields than bits.
fn bit(index: usize) -> u64 {
    1 << (index & 63)
}

fn found(cell: Cell<'_>) -> Found<'_> {
    match cell {
        Cell::Empty => Found::Nothing,
        Cell::Nested => Found::Nested,
        Cell::Filled { text, number } => Found::Text(Passage {
            text: text.into(),
            number,
        }),
    }
}

/// Where the object goes: addresses of a list are numbered as they are sent, so that an error
/// names the address that validation and the server would name.
fn placed(part: Part, customer: &CreateCustomer<'_>) -> Part {
    let next = |list: &[Values<'_>]| u16::try_from(list.len()).unwrap_or(u16::MAX);
    match part {
        Part::OtherBilling(_) => Part::OtherBilling(next(&customer.other_billing)),
        Part::OtherShipping(_) => Part::OtherShipping(next(&customer.other_shipping)),
        Part::OtherCustomer(_) => Part::OtherCustomer(next(&customer.other_customer)),
        single => single,
    }
}
