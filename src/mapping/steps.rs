//! The steps that a text goes through on its way to a value, in their one fixed order:
//! `extract` → `replace` → `lookup` → `as` (a form, or a name in the ERP, which ends there) → `case` → `default` → type → `max`/`cut`.
//! Trimming and emptiness come before, where cells are read.
//!
//! Pure: everything that a step depends on is in its arguments.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use regex::Regex;

use super::convert::{self, Convention, DateFault, DateStyle};
use super::form::Form;
use super::lookup::{Lookup, Otherwise};
use super::naming::NameStep;
use super::tally::{self, Tally};
use super::trim::{trimmed, trimmed_cow};
use crate::customer::{Kind, Value};
use crate::outcome::{Bilingual, Code, Severity, both};

/// What a table says of a text that it does not have.
fn not_in_table() -> Bilingual {
    both!("not in the table", "nicht in der Tabelle")
}

/// A text on its way.
#[derive(Clone, Debug)]
pub(super) struct Passage<'r> {
    /// The text, trimmed and not empty.
    pub(super) text: Cow<'r, str>,
    /// It is the digits of a JSON number, which is written in JSON's convention.
    pub(super) number: bool,
}

/// What a text broke on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The rule.
    pub(super) code: Code,
    /// What the sentence about it needs.
    pub(super) params: Vec<(&'static str, String)>,
}

impl Fault {
    /// A fault without parameters.
    pub(super) fn new(code: Code) -> Self {
        Self {
            code,
            params: Vec::new(),
        }
    }

    /// Adds a parameter of the sentence.
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.params.push((name, value.to_string()));
        self
    }
}

/// What steps need to know beyond their text.
pub(super) struct Surroundings<'a> {
    /// The weights of rules that the mapping changes.
    pub(super) rules: &'a BTreeMap<Code, Severity>,
    /// The day, for birthdays with two-digit years.
    pub(super) today: Date,
    /// The ISO code of the country of the same address.
    pub(super) country: Option<&'a str>,
    /// Where repairs are counted.
    pub(super) tally: &'a mut Tally,
    /// Broken rules that are only warnings.
    pub(super) odd: &'a mut Vec<Fault>,
}

impl Surroundings<'_> {
    /// Whether a broken rule stops the value. If not, the value stays as it is.
    fn judge(&mut self, code: Code) -> Result<(), Fault> {
        self.judge_fault(Fault::new(code))
    }

    /// The same, of a fault that knows more than its code.
    pub(super) fn judge_fault(&mut self, fault: Fault) -> Result<(), Fault> {
        let severity = self.rules.get(&fault.code).copied();
        match severity.unwrap_or_else(|| fault.code.default_severity()) {
            Severity::Error => return Err(fault),
            Severity::Warn => self.odd.push(fault),
            Severity::Off => {}
        }
        Ok(())
    }
}

/// What `case` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// All letters become capitals.
    Upper,
    /// All letters become small.
    Lower,
}

/// The steps of one value.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    /// The first group of this expression is taken.
    pub(super) extract: Option<Regex>,
    /// Texts and what replaces them, in written order.
    pub(super) replace: Vec<(String, String)>,
    /// The table.
    pub(super) lookup: Option<Lookup>,
    /// The form.
    pub(super) form: Option<Form>,
    /// The step from a name in the ERP to its id; it takes the place of a form.
    pub(super) names: Option<NameStep>,
    /// The case.
    pub(super) case: Option<Case>,
    /// What stands in for nothing.
    pub(super) default: Option<Value<'static>>,
    /// The target's type.
    pub(super) kind: Kind,
    /// How decimals are written.
    pub(super) convention: Convention,
    /// How dates are written.
    pub(super) dates: DateStyle,
    /// Longest text in UTF-16 units.
    pub(super) max: Option<usize>,
    /// Whether a longer text is cut.
    pub(super) cut: bool,
}

impl Steps {
    /// No steps but the type's.
    pub(super) fn of_kind(kind: Kind) -> Self {
        Self {
            extract: None,
            replace: Vec::new(),
            lookup: None,
            form: None,
            names: None,
            case: None,
            default: None,
            kind,
            convention: Convention::default(),
            dates: DateStyle::default(),
            max: None,
            cut: false,
        }
    }

    /// Whether nothing is asked for but a form, a case and the type.
    fn is_plain(&self) -> bool {
        self.extract.is_none()
            && self.replace.is_empty()
            && self.lookup.is_none()
            && self.names.is_none()
    }

    /// Takes a text through the steps.
    pub(super) fn run<'r>(
        &'r self,
        passage: Passage<'r>,
        around: &mut Surroundings<'_>,
    ) -> Result<Option<Value<'r>>, Fault> {
        let Passage { mut text, number } = passage;
        if self.is_plain() {
            if self.form.is_none() && self.case.is_none() {
                return self.typed(text, number, around).map(Some);
            }
            return match self.shaped(text, around)? {
                Some(text) => self.typed(text, number, around).map(Some),
                None => Ok(self.defaulted(around.tally)),
            };
        }
        if let Some(expression) = &self.extract {
            text = extracted(expression, text);
            around.tally.step("extract", || text.to_string());
        }
        for (from, to) in &self.replace {
            if text.contains(from.as_str()) {
                text = Cow::Owned(text.replace(from.as_str(), to));
            }
        }
        if !self.replace.is_empty() {
            around.tally.step("replace", || text.to_string());
        }
        if self.extract.is_some() || !self.replace.is_empty() {
            text = trimmed_cow(text);
        }
        if text.is_empty() {
            return Ok(self.defaulted(around.tally));
        }
        if let Some(lookup) = &self.lookup {
            let found = lookup.find(&text);
            match found {
                Some(found) => around.tally.step_to("lookup", found.as_ref()),
                None => around.tally.step_told("lookup", not_in_table),
            }
            match (found, &lookup.otherwise) {
                (Some(Some(value)), _) => return Ok(Some(value.borrowed())),
                (Some(None), _) => return Ok(self.defaulted(around.tally)),
                (None, Otherwise::Missing) => around.judge_fault(lookup.missing())?,
                (None, Otherwise::Keep) => {
                    around.tally.step("otherwise", || text.to_string());
                }
                (None, Otherwise::Empty) => {
                    around.tally.step_to("otherwise", None);
                    return Ok(self.defaulted(around.tally));
                }
                (None, Otherwise::Value(value)) => {
                    around.tally.step_to("otherwise", Some(value));
                    return Ok(Some(value.borrowed()));
                }
            }
        }
        let number = number && self.extract.is_none() && self.replace.is_empty();
        if let Some(names) = &self.names {
            return names.run(self, text, number, around);
        }
        match self.shaped(text, around)? {
            Some(text) => self.typed(text, number, around).map(Some),
            None => Ok(self.defaulted(around.tally)),
        }
    }

    /// What stands in for nothing.
    pub(super) fn defaulted(&self, tally: &mut Tally) -> Option<Value<'_>> {
        if self.default.is_some() {
            tally.step_to("default", self.default.as_ref());
        }
        self.default.as_ref().map(Value::borrowed)
    }

    /// `as` and `case`; nothing, if the form says that the text stands for nothing.
    pub(super) fn shaped<'r>(
        &self,
        mut text: Cow<'r, str>,
        around: &mut Surroundings<'_>,
    ) -> Result<Option<Cow<'r, str>>, Fault> {
        if let Some(form) = self.form {
            text = match form.bring(text, around.country, around.tally) {
                Ok(text) => text,
                Err((code, text)) => {
                    around.judge(code)?;
                    text
                }
            };
            around.tally.step(form.name(), || text.to_string());
        }
        if text.is_empty() {
            return Ok(None);
        }
        let text: Cow<'r, str> = match self.case {
            Some(Case::Upper) => Cow::Owned(text.to_uppercase()),
            Some(Case::Lower) => Cow::Owned(text.to_lowercase()),
            None => return Ok(Some(text)),
        };
        around.tally.step("case", || text.to_string());
        Ok(Some(text))
    }

    /// The type, then `max` and `cut`.
    pub(super) fn typed<'r>(
        &self,
        text: Cow<'r, str>,
        number: bool,
        around: &mut Surroundings<'_>,
    ) -> Result<Value<'r>, Fault> {
        let value = self.read(text, number, around)?;
        if self.kind != Kind::Text {
            around.tally.step_to("type", Some(&value));
        }
        Ok(value)
    }

    /// Hands a text in the target's type to `put`; false if it is not of that type, or text.
    #[inline]
    pub(super) fn convert_to(
        &self,
        text: &str,
        today: Date,
        put: impl FnOnce(Value<'static>),
    ) -> bool {
        match self.kind {
            Kind::Text => None,
            Kind::Integer => convert::integer(text).map(|it| put(Value::Integer(it))),
            Kind::Decimal => {
                convert::decimal(text, self.convention).map(|it| put(Value::Decimal(it)))
            }
            Kind::Boolean => convert::boolean(text).map(|it| put(Value::Boolean(it))),
            Kind::DateTime => {
                let read = self.dates.read(text, today).ok();
                read.map(|it| put(Value::DateTime(it)))
            }
        }
        .is_some()
    }

    fn read<'r>(
        &self,
        text: Cow<'r, str>,
        number: bool,
        around: &mut Surroundings<'_>,
    ) -> Result<Value<'r>, Fault> {
        match self.kind {
            Kind::Text => self.limited(text, around.tally).map(Value::Text),
            Kind::Integer => convert::integer(&text)
                .map(Value::Integer)
                .ok_or_else(|| Fault::new(Code::TypeInteger).with("expected", "123")),
            Kind::Decimal => {
                let decimal = if number {
                    convert::json_decimal(&text)
                } else {
                    convert::decimal(&text, self.convention)
                };
                decimal.map(Value::Decimal).ok_or_else(|| {
                    Fault::new(Code::TypeDecimal).with("expected", self.convention.example())
                })
            }
            Kind::Boolean => convert::boolean(&text)
                .map(Value::Boolean)
                .ok_or_else(|| Fault::new(Code::TypeBoolean).with("expected", convert::BOOLEANS)),
            Kind::DateTime => match self.dates.read(&text, around.today) {
                Ok(date) => Ok(Value::DateTime(date)),
                Err(fault) => {
                    let mut error = Fault::new(Code::TypeDate)
                        .with("expected", self.dates.expected())
                        .with("example", self.dates.example());
                    if fault == DateFault::Filler {
                        error = error.with("reason", "no_date");
                    } else if is_written_like(&text, &self.dates.example()) {
                        error = error.with("reason", "no_such_day");
                    }
                    Err(error)
                }
            },
        }
    }

    fn limited<'r>(&self, text: Cow<'r, str>, tally: &mut Tally) -> Result<Cow<'r, str>, Fault> {
        let Some(max) = self.max else {
            return Ok(text);
        };
        // A text has at most as many UTF-16 units as UTF-8 bytes.
        if text.len() <= max {
            return Ok(text);
        }
        let length = text.encode_utf16().count();
        if length <= max {
            return Ok(text);
        }
        if !self.cut {
            return Err(Fault::new(Code::LengthMax)
                .with("max", max)
                .with("length", length));
        }
        tally.repaired(tally::LENGTH_CUT);
        let cut = match text {
            Cow::Borrowed(text) => Cow::Borrowed(trimmed(first_units(text, max))),
            Cow::Owned(text) => Cow::Owned(trimmed(first_units(&text, max)).to_owned()),
        };
        tally.step("cut", || cut.to_string());
        Ok(cut)
    }
}

/// The longest beginning of `text` with at most `max` UTF-16 units.
fn first_units(text: &str, max: usize) -> &str {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > max {
            return text.get(..at).unwrap_or(text);
        }
    }
    text
}

fn extracted<'r>(expression: &Regex, text: Cow<'r, str>) -> Cow<'r, str> {
    let range = expression
        .captures(&text)
        .and_then(|groups| groups.get(1).map(|group| group.range()))
        .unwrap_or(0..0);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(range).unwrap_or_default().to_owned()),
    }
}

/// Whether a text has digits where the example has them, and else what it has: a number of up to
/// two digits may have one, a year has its four.
fn is_written_like(text: &str, example: &str) -> bool {
    let parts = |text: &str| -> Vec<(usize, char)> {
        let mut parts = vec![(0, ' ')];
        for letter in text.chars() {
            match parts.last_mut() {
                Some((digits, _)) if letter.is_ascii_digit() => *digits += 1,
                _ => parts.push((0, letter)),
            }
        }
        parts
    };
    let (text, example) = (parts(text), parts(example));
    text.len() == example.len()
        && text.iter().zip(&example).all(|(ours, theirs)| {
            let fits = ours.0 == theirs.0 || (theirs.0 == 2 && ours.0 == 1);
            fits && ours.1 == theirs.1
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<'r>(
        steps: &'r Steps,
        text: &'r str,
    ) -> (Result<Option<Value<'r>>, Fault>, Vec<Fault>, Tally) {
        run_with(steps, text, &BTreeMap::new())
    }

    fn run_with<'r>(
        steps: &'r Steps,
        text: &'r str,
        rules: &BTreeMap<Code, Severity>,
    ) -> (Result<Option<Value<'r>>, Fault>, Vec<Fault>, Tally) {
        let mut tally = Tally::default();
        let mut odd = Vec::new();
        let mut around = Surroundings {
            rules,
            today: jiff::civil::date(2026, 11, 24),
            country: Some("DE"),
            tally: &mut tally,
            odd: &mut odd,
        };
        let passage = Passage {
            text: text.into(),
            number: false,
        };
        let result = steps.run(passage, &mut around);
        (result, odd, tally)
    }

    fn text_steps() -> Steps {
        Steps::of_kind(Kind::Text)
    }

    fn text(text: &'static str) -> Option<Value<'static>> {
        Some(Value::text(text))
    }

    #[test]
    fn steps_run_in_their_fixed_order() {
        let mut steps = text_steps();
        steps.extract = Regex::new(r"^\[(.*)\]$").ok();
        steps.replace = vec![
            ("str.".into(), "straße".into()),
            ("ße".into(), "SSE".into()),
        ];
        let mut lookup = Lookup::default();
        lookup.insert(" HauptstraSSE ", text("found"));
        lookup.otherwise = Otherwise::Keep;
        steps.lookup = Some(lookup);
        steps.case = Some(Case::Upper);
        steps.max = Some(4);
        steps.cut = true;
        assert_eq!(run(&steps, "[Hauptstr.]").0, Ok(text("found")));
        assert_eq!(run(&steps, "[ Weg  ]").0, Ok(text("WEG")));
        let (result, _, tally) = run(&steps, "[Am Weg]");
        assert_eq!(result, Ok(text("AM W")));
        assert_eq!(tally.repairs.get(tally::LENGTH_CUT), Some(&1));
        assert_eq!(run(&steps, "no brackets").0, Ok(None));
        steps.default = text("default");
        assert_eq!(run(&steps, "no brackets").0, Ok(text("default")));
    }

    #[test]
    fn lookups_ignore_case_and_know_what_else_to_do() {
        let mut lookup = Lookup::default();
        assert!(lookup.insert("Händler", Some(Value::Integer(2))));
        assert!(!lookup.insert("HÄNDLER", Some(Value::Integer(3))));
        assert!(lookup.insert("nichts", None));
        let mut steps = Steps::of_kind(Kind::Integer);
        for (otherwise, wanted) in [
            (Otherwise::Missing, Err(Fault::new(Code::LookupMissing))),
            (Otherwise::Empty, Ok(None)),
            (
                Otherwise::Value(Value::Integer(9)),
                Ok(Some(Value::Integer(9))),
            ),
            (
                Otherwise::Keep,
                Err(Fault::new(Code::TypeInteger).with("expected", "123")),
            ),
        ] {
            lookup.otherwise = otherwise;
            steps.lookup = Some(lookup.clone());
            assert_eq!(run(&steps, "hÄNDLER").0, Ok(Some(Value::Integer(3))));
            assert_eq!(run(&steps, "Nichts").0, Ok(None));
            assert_eq!(run(&steps, "Großhandel").0, wanted);
        }
    }

    #[test]
    fn a_rule_that_is_a_warning_keeps_the_value() {
        let mut steps = text_steps();
        steps.form = Some(Form::Country);
        let code = Code::CountryUnknown;
        assert_eq!(run(&steps, "Atlantis").0, Err(Fault::new(code)));
        let warn = BTreeMap::from([(code, Severity::Warn)]);
        let (result, odd, _) = run_with(&steps, "Atlantis", &warn);
        assert_eq!(
            (result, odd),
            (Ok(text("Atlantis")), vec![Fault::new(code)])
        );
        let off = BTreeMap::from([(code, Severity::Off)]);
        let (result, odd, _) = run_with(&steps, "Atlantis", &off);
        assert_eq!((result, odd), (Ok(text("Atlantis")), vec![]));
    }

    #[test]
    fn lengths_count_as_the_database_does() {
        let mut steps = text_steps();
        steps.max = Some(3);
        assert_eq!(run(&steps, "äöü").0, Ok(text("äöü")));
        let fault = Fault::new(Code::LengthMax).with("max", 3).with("length", 4);
        assert_eq!(run(&steps, "😀😀").0, Err(fault));
        steps.cut = true;
        assert_eq!(run(&steps, "😀😀").0, Ok(text("😀")));
        assert_eq!(run(&steps, "ab cd").0, Ok(text("ab")));
    }

    #[test]
    fn types_say_what_they_expect() {
        for (kind, text, code, expected) in [
            (Kind::Integer, "10,0", Code::TypeInteger, "123"),
            (Kind::Decimal, "1,5", Code::TypeDecimal, "1,234.56"),
            (
                Kind::Boolean,
                "vielleicht",
                Code::TypeBoolean,
                convert::BOOLEANS,
            ),
            (Kind::DateTime, "31.12.1985", Code::TypeDate, "YYYY-MM-DD"),
        ] {
            let fault = run(&Steps::of_kind(kind), text).0.unwrap_err();
            assert_eq!(fault.code, code);
            assert_eq!(fault.params[0], ("expected", expected.to_owned()));
        }
        let fault = run(&Steps::of_kind(Kind::DateTime), "1900-01-01")
            .0
            .unwrap_err();
        assert!(fault.params.contains(&("reason", "no_date".to_owned())));
    }

    #[test]
    fn a_day_that_does_not_exist_is_told_from_another_form() {
        let like = |text, example| is_written_like(text, example);
        for text in ["31.02.1980", "5.13.1980", "00.1.2000"] {
            assert!(like(text, "31.12.1985"), "{text}");
        }
        for text in [
            "31.02.80",
            "1980-02-31",
            "31.02.1980 ",
            "310.2.1980",
            "31/02/1980",
            "",
        ] {
            assert!(!like(text, "31.12.1985"), "{text}");
        }
    }
}
