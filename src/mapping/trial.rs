//! `[[test]]`: records that the mapping itself brings along, and what is to become of them.
//!
//! `given` has the columns of a record, or of several that make one customer together
//! (`[group]`); those that it does not name are empty. `expect` has the
//! shape of what is sent and says what single fields become: only what it names is compared,
//! and `""` says that nothing stands there (for a field, an address, or `[]` for a list of
//! addresses). A field that it names must have no error but those that are expected. `expect_errors`
//! lists codes of errors that the record is to have, none (`[]`) meaning that it is valid;
//! `left_out = true` says that `keep_if` leaves the record out. Whether a customer may have no
//! key is for the run to say: `key.missing` counts only where it is expected.
//!
//! Here a test is read and judged. What becomes of its record is found out above, where mapping
//! and validation come together.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use toml::de::{DeTable, DeValue};

use super::Mapping;
use super::compile::Compiler;
use super::constant::{Constant, fit};
use super::error::{MappingError, Mistake, Place};
use super::part::{
    LISTS, OTHERS, SINGLE, a_list_of_addresses, a_table_of_lists, unknown_list, unknown_target,
};
use super::steps::Steps;
use super::suggest::closest;
use super::syntax::{Keys, Node, Section, unknown_word, wrong_type};
use crate::customer::{CreateCustomer, Part, Target, Value};
use crate::outcome::{Bilingual, Code, FieldError, both};
use crate::record::{Fields, Position, Record, Span};

/// A test, compiled.
#[derive(Clone, Debug)]
pub(super) struct TrialSpec {
    name: Option<String>,
    place: Place,
    /// Its record; of several that make one customer, all of them.
    given: Vec<Map<String, Json>>,
    left_out: Option<Place>,
    expected: Vec<Expectation>,
    errors: Option<(BTreeSet<Code>, Place)>,
}

/// What is to become of one field or object.
#[derive(Clone, Debug)]
struct Expectation {
    what: Expected,
    place: Place,
}

#[derive(Clone, Debug)]
enum Expected {
    /// The field has this value, or none.
    Field(Target, Option<Value<'static>>),
    /// The customer does not have the object.
    Without(Part),
}

/// Keys of the table.
pub(super) const KEYS: Keys = &["name", "given", "expect", "expect_errors", "left_out"];

/// Reads the tests of a mapping whose columns are all known. `is_grouped` says that it has
/// `[group]`.
pub(super) fn read_all(
    node: Option<&Node<'_>>,
    is_grouped: bool,
    compiler: &mut Compiler,
) -> Vec<TrialSpec> {
    let Some(node) = node else {
        return Vec::new();
    };
    let DeValue::Array(list) = node.get_ref() else {
        let mistake = wrong_type(
            node,
            "test",
            both!("a list of tests", "eine Liste von Tests"),
        );
        let help = both!(
            "write [[test]], with double brackets, for each test",
            "für jeden Test [[test]] mit doppelten Klammern schreiben"
        );
        compiler.mistakes.push(mistake.help(help));
        return Vec::new();
    };
    let mut specs = Vec::new();
    for node in list.iter() {
        match Section::open(node, both!("a test", "ein Test"), KEYS) {
            Ok(mut section) => {
                specs.extend(read(&mut section, node.span(), is_grouped, compiler));
                section.close(&mut compiler.mistakes);
            }
            Err(mistake) => compiler.mistakes.push(mistake),
        }
    }
    specs
}

fn read(
    section: &mut Section<'_, '_>,
    place: Place,
    is_grouped: bool,
    compiler: &mut Compiler,
) -> Option<TrialSpec> {
    let name = section.text("name").map(|(name, _)| name.to_owned());
    let given = match section.get("given") {
        None => {
            let title = both!("a test needs `given`", "ein Test braucht `given`");
            let mistake = Mistake::at(place, title);
            return section.complain(mistake.help(both!(
                "given = {{ Column = \"text\" }}",
                "given = {{ Spalte = \"Text\" }}"
            )));
        }
        Some(node) => match given::read(node, is_grouped, compiler) {
            Ok(given) => given,
            Err(mistake) => return section.complain(mistake),
        },
    };
    let left_out = section.flag("left_out").filter(|flag| *flag);
    let left_out = left_out.and_then(|_| section.key_place("left_out"));
    let errors = section.texts("expect_errors").map(|texts| {
        let place = section.key_place("expect_errors").unwrap_or(place.clone());
        (codes(texts, section), place)
    });
    let mut expected = Vec::new();
    if let Some(node) = section.get("expect") {
        match node.get_ref().as_table() {
            Some(table) => object(Part::Customer, table, &mut expected, compiler),
            None => section.mistake(wrong_type(
                node,
                "expect",
                both!(
                    "a table as what is sent",
                    "eine Tabelle wie das, was gesendet wird,"
                ),
            )),
        }
    }
    let others = ["expect", "expect_errors"];
    let besides = others.iter().find_map(|key| section.key_place(key));
    match (&left_out, besides) {
        (Some(_), Some(place)) => section.mistake(
            Mistake::at(place, both!("a record that is left out has nothing to expect", "von einem Datensatz, der weggelassen wird, ist nichts zu erwarten"))
                .help(both!("`left_out = true` stands beside `given` alone", "`left_out = true` steht allein neben `given`")),
        ),
        (None, None) => section.mistake(Mistake::at(place.clone(), both!("a test expects nothing", "ein Test erwartet nichts")).help(
            both!("say what becomes of it: expect = {{ Number = \"C1\" }}, expect_errors = [\"postal_code.country\"] or left_out = true", "sagen, was daraus wird: expect = {{ Number = \"C1\" }}, expect_errors = [\"postal_code.country\"] oder left_out = true"),
        )),
        _ => {}
    }
    Some(TrialSpec {
        name,
        place,
        given,
        left_out,
        expected,
        errors,
    })
}

fn codes(texts: Vec<(&str, Place)>, section: &mut Section<'_, '_>) -> BTreeSet<Code> {
    let mut codes = BTreeSet::new();
    for (text, place) in texts {
        match text.parse() {
            Ok(code) => {
                codes.insert(code);
            }
            Err(_) => {
                let words = Code::ALL.iter().map(|code| code.as_str());
                section.mistake(unknown_word(text, place, "expect_errors", words));
            }
        }
    }
    codes
}

/// Reads what is expected of an object.
fn object(part: Part, table: &DeTable<'_>, to: &mut Vec<Expectation>, compiler: &mut Compiler) {
    for (key, node) in table {
        let name = key.get_ref().as_ref();
        let single = SINGLE.iter().find(|(single, _)| *single == name);
        match (part, single) {
            (Part::Customer, Some((_, inner))) => nested(*inner, node, to, compiler),
            (Part::Customer, None) if name == OTHERS => others(node, to, compiler),
            _ => match Target::find(part, name) {
                Some(target) => field(target, node, to, compiler),
                None => compiler
                    .mistakes
                    .push(unknown_target(part, name, key.span())),
            },
        }
    }
}

fn nested(part: Part, node: &Node<'_>, to: &mut Vec<Expectation>, compiler: &mut Compiler) {
    match node.get_ref() {
        DeValue::Table(table) => object(part, table, to, compiler),
        DeValue::String(text) if text.is_empty() => to.push(Expectation {
            what: Expected::Without(part),
            place: node.span(),
        }),
        _ => {
            let wanted = both!(
                "a table, or \"\" if it is not to be made",
                "eine Tabelle oder, wenn sie nicht entstehen soll, \"\""
            );
            let mistake = wrong_type(node, &part.to_string(), wanted);
            compiler.mistakes.push(mistake);
        }
    }
}

fn others(node: &Node<'_>, to: &mut Vec<Expectation>, compiler: &mut Compiler) {
    let Some(table) = node.get_ref().as_table() else {
        let mistake = wrong_type(node, OTHERS, a_table_of_lists());
        return compiler.mistakes.push(mistake);
    };
    for (key, node) in table {
        let name = key.get_ref().as_ref();
        let Some((_, part)) = LISTS.iter().find(|(list, _)| *list == name) else {
            let help = closest(name, LISTS.iter().map(|list| list.0));
            let mistake = unknown_list(name, key.span());
            let help = help.unwrap_or("OtherShippingAddresses");
            compiler
                .mistakes
                .push(mistake.help(both!("did you mean `{help}`?", "ist `{help}` gemeint?")));
            continue;
        };
        match node.get_ref().as_array() {
            Some(list) if list.is_empty() => to.push(Expectation {
                what: Expected::Without(part(0)),
                place: node.span(),
            }),
            Some(list) => {
                for (node, number) in list.iter().zip(0_u16..) {
                    nested(part(number), node, to, compiler);
                }
            }
            None => compiler
                .mistakes
                .push(wrong_type(node, name, a_list_of_addresses())),
        }
    }
}

fn field(target: Target, node: &Node<'_>, to: &mut Vec<Expectation>, compiler: &mut Compiler) {
    let wanted = match node.get_ref().as_str() {
        Some("") => Ok(None),
        _ => {
            let steps = Steps::of_kind(target.field().kind);
            fit(target, node, &steps, Constant::Expect).map(Some)
        }
    };
    match wanted {
        Ok(value) => to.push(Expectation {
            what: Expected::Field(target, value),
            place: node.span(),
        }),
        Err(mistake) => compiler.mistakes.push(mistake),
    }
}

/// What became of a test's records.
#[derive(Clone, Copy, Debug)]
pub enum Tried<'a> {
    /// They are of so many customers.
    Several(usize),
    /// `keep_if` left it out.
    LeftOut,
    /// It became a customer.
    Made {
        /// The customer, as far as it could be made.
        customer: &'a CreateCustomer<'a>,
        /// Everything that is wrong with it.
        errors: &'a [FieldError],
    },
}

/// A test of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'m> {
    spec: &'m TrialSpec,
    number: usize,
}

/// How a test went.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    mistakes: Vec<Mistake>,
}

impl Verdict {
    /// Whether everything was as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// What was not as expected, a sentence each.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        self.mistakes.iter().map(Mistake::in_a_line).collect()
    }
}

impl Trial<'_> {
    /// What messages call it: `test 2`, or `test 2 (its name)`.
    #[must_use]
    pub fn title(&self) -> Bilingual {
        let number = self.number;
        match &self.spec.name {
            Some(name) => both!("test {number} ({name})", "Test {number} ({name})"),
            None => both!("test {number}", "Test {number}"),
        }
    }

    /// Its number among the mapping's tests, from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// The name that the mapping gives it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.spec.name.as_deref()
    }

    /// Its records, for a mapping that is bound to keys ([`Columns::Keys`](super::Columns));
    /// more than one only of a mapping with `[group]`.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let given = self.spec.given.iter().zip(1..);
        given.map(|(given, number)| Record {
            position: Position {
                record: number,
                line: number,
            },
            span: Span { start: 0, end: 0 },
            fields: Fields::Object(given.clone()),
        })
    }

    /// Compares what became of its record with what is expected.
    #[must_use]
    pub fn judge(&self, tried: Tried<'_>) -> Verdict {
        let mistakes = match (tried, &self.spec.left_out) {
            (Tried::Several(count), _) => {
                let what = both!(
                    "its records make {count} customers",
                    "seine Datensätze ergeben {count} Kunden"
                );
                let mistake = self.wrong(&self.spec.place, what);
                let help = both!(
                    "the records of a customer have the same value in the column of \
                            `[group] by`, or none; write a test for each customer",
                    "die Datensätze eines Kunden haben in der Spalte von `[group] by` denselben Wert oder keinen; für jeden Kunden einen Test schreiben"
                );
                vec![mistake.help(help)]
            }
            (Tried::LeftOut, Some(_)) => Vec::new(),
            (Tried::LeftOut, None) => {
                let what = both!(
                    "`keep_if` leaves the record out",
                    "`keep_if` lässt den Datensatz weg"
                );
                let mistake = self.wrong(&self.spec.place, what);
                vec![mistake.help(both!(
                    "if that is right, write `left_out = true` and expect nothing",
                    "wenn das stimmt, `left_out = true` schreiben und nichts erwarten"
                ))]
            }
            (Tried::Made { .. }, Some(place)) => {
                let what = both!(
                    "`keep_if` takes the record",
                    "`keep_if` behält den Datensatz"
                );
                let wanted = both!("wanted: left out", "erwartet: weggelassen");
                vec![self.wrong(place, what).label(wanted)]
            }
            (Tried::Made { customer, errors }, None) => self.compare(customer, errors),
        };
        Verdict { mistakes }
    }

    fn wrong(&self, place: &Place, what: Bilingual) -> Mistake {
        let title = both!([test = self.title(), what] "{test} fails: {what}", "{test} schlägt fehl: {what}");
        Mistake::at(place.clone(), title).help(both!(
            "correct the mapping, or what the test expects",
            "die Zuordnung berichtigen, oder was der Test erwartet"
        ))
    }

    fn compare(&self, customer: &CreateCustomer<'_>, errors: &[FieldError]) -> Vec<Mistake> {
        let wanted = self.spec.errors.as_ref().map(|(codes, _)| codes);
        let is_wanted =
            |error: &FieldError| wanted.is_some_and(|codes| codes.contains(&error.code));
        let mut mistakes = Vec::new();
        for expectation in &self.spec.expected {
            let place = &expectation.place;
            match &expectation.what {
                Expected::Field(target, value) => {
                    let path = target.to_string();
                    let mut errors = errors.iter().filter(|error| error.target == path);
                    let wanted = shown(value.as_ref());
                    let label = both!([wanted] "wanted: {wanted}", "erwartet: {wanted}");
                    if let Some(error) = errors.find(|error| !is_wanted(error)) {
                        mistakes.push(self.wrong(place, told(error)).label(label));
                    } else if customer.get(*target) != value.as_ref() {
                        let found = shown(customer.get(*target));
                        let what = both!([found] "`{path}` is {found}", "`{path}` ist {found}");
                        mistakes.push(self.wrong(place, what).label(label));
                    }
                }
                Expected::Without(part) => {
                    if customer.part(*part).is_some() {
                        let what = both!("{part} is made", "{part} entsteht");
                        let wanted = both!("wanted: none", "erwartet: keine");
                        mistakes.push(self.wrong(place, what).label(wanted));
                    }
                }
            }
        }
        if let Some((codes, place)) = &self.spec.errors {
            for code in codes {
                if !errors.iter().any(|error| error.code == *code) {
                    let what = both!(
                        "the record does not have the error `{code}`",
                        "der Datensatz hat den Fehler `{code}` nicht"
                    );
                    mistakes.push(self.wrong(place, what));
                }
            }
            // With no code at all the record is to be valid.
            let is_counted = |error: &&FieldError| error.code != Code::KeyMissing;
            let unwanted = errors.iter().filter(is_counted);
            for error in unwanted.filter(|_| codes.is_empty()) {
                let wanted = both!("wanted: no error", "erwartet: kein Fehler");
                mistakes.push(self.wrong(place, told(error)).label(wanted));
            }
        }
        mistakes
    }
}

/// An error with its code; of a further record, with its number.
fn told(error: &FieldError) -> Bilingual {
    let told = Bilingual::of(|language| {
        let message = error.message_in(language);
        format!("{} ({})", message.trim_end_matches('.'), error.code)
    });
    match &error.at {
        Some(at) => {
            let record = Bilingual::same(at.record.to_string());
            both!([told, record] "record {record}: {told}", "Datensatz {record}: {told}")
        }
        None => told,
    }
}

/// A value as messages show it.
fn shown(value: Option<&Value<'_>>) -> Bilingual {
    match value {
        None => both!("nothing", "leer"),
        Some(value) => Bilingual::same(serde_json::to_string(value).unwrap_or_default()),
    }
}

impl Mapping {
    /// The tests that it brings along.
    pub fn trials(&self) -> impl Iterator<Item = Trial<'_>> {
        let specs = self.compiled.trials.iter();
        specs.zip(1..).map(|(spec, number)| Trial { spec, number })
    }

    /// What is wrong with it by the verdicts on its tests; none, if all have passed.
    #[must_use]
    pub fn failed(&self, verdicts: Vec<Verdict>) -> Option<MappingError> {
        let mistakes = verdicts.into_iter().flat_map(|verdict| verdict.mistakes);
        let mistakes: Vec<Mistake> = mistakes.collect();
        let error = || MappingError::new(self.name.clone(), self.text.clone(), mistakes.clone());
        (!mistakes.is_empty()).then(error)
    }
}

mod given;
#[cfg(test)]
mod tests;
