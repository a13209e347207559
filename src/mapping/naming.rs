//! `as = "customer_group"` and the like: a name in the ERP becomes its id.
//!
//! The names are told when the mapping is bound, so that applying it stays pure. A text is always
//! a name, compared without case and outer blanks, even if it is all digits; what no entry of the
//! ERP is called is `lookup.missing`, unless `otherwise` says what to do (`"keep"`: the text is an
//! id itself). Names that stand in the mapping (`value`, `default`, `otherwise`, results of
//! `lookup`) are mistakes of the mapping if the ERP does not have them. While nobody has asked
//! the ERP, a name stands for [`Value::Unasked`].

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use toml::de::DeValue;

use super::Mapping;
use super::compile::Compiled;
use super::error::{MappingError, Mistake, Place};
use super::lookup::Otherwise;
use super::plan::Plan;
use super::steps::{Fault, Steps, Surroundings};
use super::suggest::{did_you_mean, listed, quoted};
use super::syntax::Section;
use super::trim::{folded, trimmed};
use super::value::{Origin, ValueSpec};
use crate::customer::{Target, Value};
use crate::names::{NameList, Named, Names};
use crate::outcome::{Bilingual, Code, both};

/// Names that a message lists at most.
const LISTED: usize = 12;

/// The step from a name to its id.
#[derive(Clone, Debug)]
pub(super) struct NameStep {
    /// Where the name is looked for.
    pub(super) list: NameList,
    /// What happens to a text that is no name there.
    pub(super) otherwise: Otherwise,
    /// The names that stand in the mapping itself, with their places.
    pub(super) written: Vec<(String, Place)>,
    /// What the ERP said; none as long as nobody has asked it.
    directory: Option<Arc<Directory>>,
}

/// The ids of a list by name.
#[derive(Debug)]
struct Directory {
    /// By folded name; several ids where the ERP has the name more than once.
    ids: HashMap<String, Vec<i64>>,
    /// The names, for messages.
    known: Bilingual,
}

impl Directory {
    fn of(entries: &[Named]) -> Self {
        let mut ids: HashMap<String, Vec<i64>> = HashMap::new();
        for entry in entries {
            let known = ids.entry(folded(&entry.name)).or_default();
            // Paged lists may show an entry twice.
            if !known.contains(&entry.id) {
                known.push(entry.id);
            }
        }
        Self {
            ids,
            known: listed(entries.iter().map(|entry| entry.name.as_str()), LISTED),
        }
    }

    fn find(&self, text: &str) -> &[i64] {
        self.ids.get(&folded(text)).map_or(&[], Vec::as_slice)
    }
}

impl NameStep {
    /// The step that `as = "word"` asks for, if it is one of these.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        let list = NameList::ALL.into_iter().find(|list| list.form() == word)?;
        Some(Self {
            list,
            otherwise: Otherwise::Missing,
            written: Vec::new(),
            directory: None,
        })
    }

    /// What is wrong with the step for `target`, if anything.
    pub(super) fn misfit(&self, target: Target, place: Place) -> Option<Mistake> {
        if NameList::of_target(target) == Some(self.list) {
            return None;
        }
        let (part, name) = self.list.field();
        let field = Target::find(part, name).map_or_else(String::new, |field| field.to_string());
        let form = self.list.form();
        let one = Bilingual::of(|language| self.list.singular_in(language).to_owned());
        let title = both!(
            "`as = \"{form}\"` does not fit `{target}`",
            "`as = \"{form}\"` passt nicht zu `{target}`"
        );
        Some(Mistake::at(place, title).help(both!([one] "it gives the id of a {one}, for `{field}`", "es ergibt die Id einer {one}, für `{field}`")))
    }

    /// Takes the text, which is not empty, to the id.
    pub(super) fn run<'r>(
        &'r self,
        steps: &'r Steps,
        text: Cow<'r, str>,
        number: bool,
        around: &mut Surroundings<'_>,
    ) -> Result<Option<Value<'r>>, Fault> {
        let Some(directory) = &self.directory else {
            around.tally.left_unasked(self.list, &text);
            around.tally.step_told(self.word(), || {
                both!(
                    "the ERP's id, not asked for",
                    "die Id der Wawi, noch nicht erfragt"
                )
            });
            return Ok(Some(Value::Unasked));
        };
        match (directory.find(&text), &self.otherwise) {
            ([id], _) => {
                around.tally.step(self.word(), || id.to_string());
                return Ok(Some(Value::Integer(*id)));
            }
            ([_, _, ..], _) => return Err(self.ambiguous(directory.find(&text))),
            ([], Otherwise::Missing) => around.judge_fault(self.missing(directory))?,
            ([], Otherwise::Keep) => {}
            ([], Otherwise::Empty) => return Ok(steps.defaulted(around.tally)),
            ([], Otherwise::Value(value)) => return Ok(Some(value.borrowed())),
        }
        steps.typed(text, number, around).map(Some)
    }

    /// The step, for people.
    fn word(&self) -> &'static str {
        match self.list {
            NameList::CustomerGroup => "as customer_group",
            NameList::CustomerCategory => "as customer_category",
            NameList::Company => "as company",
            NameList::PaymentMethod => "as payment_method",
        }
    }

    fn missing(&self, directory: &Directory) -> Fault {
        Fault::new(Code::LookupMissing)
            .with("list", self.list.singular())
            .with("known", &directory.known.english)
    }

    fn ambiguous(&self, ids: &[i64]) -> Fault {
        Fault::new(Code::LookupAmbiguous)
            .with("list", self.list.plural())
            .with("ids", and_joined(ids, "and"))
    }

    /// Names of the mapping that the ERP does not have, or has more than once.
    fn check_written(&self, entries: &[Named], directory: &Directory) -> Vec<Mistake> {
        let one = || Bilingual::of(|it| self.list.singular_in(it).to_owned());
        let many = || Bilingual::of(|it| self.list.plural_in(it).to_owned());
        let wrong = self.written.iter().filter_map(|(name, place)| {
            let name_shown = quoted(name);
            match directory.find(name) {
                [_] => None,
                [] => {
                    let names = || entries.iter().map(|entry| entry.name.as_str());
                    let all = match entries {
                        [] => both!(
                            [many = many()] "the ERP has no {many} at all", "die Wawi hat gar keine {many}"
                        ),
                        _ => both!(
                            [known = directory.known.clone()] "the ERP has {known}", "die Wawi hat {known}"
                        ),
                    };
                    let help = match did_you_mean(name, names()) {
                        Some(suggestion) => suggestion.and(&all),
                        None => all,
                    };
                    let title = both!([one = one()]
                        "the ERP has no {one} {name_shown}",
                        "die Wawi hat keine {one} {name_shown}"
                    );
                    Some(Mistake::at(place.clone(), title).help(help))
                }
                ids => {
                    let ids = Bilingual::of(|it| and_joined(ids, it.pick("and", "und")));
                    let title = both!([ids, many = many()]
                        "the ERP has several {many} called {name_shown}: {ids}",
                        "die Wawi hat mehrere {many} mit dem Namen {name_shown}: {ids}"
                    );
                    let help = both!("rename one of them in Wawi, or write the id in place of the name", "eine davon in der Wawi umbenennen, oder statt des Namens die Id schreiben");
                    Some(Mistake::at(place.clone(), title).help(help))
                }
            }
        });
        wrong.collect()
    }
}

/// `3 and 7`.
fn and_joined(ids: &[i64], and: &str) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    match ids.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} {and} {last}", before.join(", ")),
        None => String::new(),
    }
}

/// The names that a value's section writes down itself, with their places.
pub(super) fn written(section: &Section<'_, '_>) -> Vec<(String, Place)> {
    let mut written = Vec::new();
    for key in ["value", "default", "otherwise"] {
        let Some(node) = section.get(key) else {
            continue;
        };
        let Some(text) = node.get_ref().as_str() else {
            continue;
        };
        if !(key == "otherwise" && matches!(text, "keep" | "empty")) {
            written.push((trimmed(text).to_owned(), node.span()));
        }
    }
    let table = section.get("lookup").map(toml::Spanned::get_ref);
    if let Some(DeValue::Table(table)) = table {
        for (_, node) in table.iter() {
            if let Some(text) = node.get_ref().as_str().filter(|text| !text.is_empty()) {
                written.push((trimmed(text).to_owned(), node.span()));
            }
        }
    }
    written
}

/// The steps of all values that take names.
fn steps_of(compiled: &Compiled) -> impl Iterator<Item = (&ValueSpec, &NameStep)> {
    let values = compiled.parts.iter().flat_map(|part| &part.values);
    values.filter_map(|value| Some((value, value.steps.names.as_ref()?)))
}

/// The lists that the mapping's names are looked for in.
fn lists(compiled: &Compiled) -> Vec<NameList> {
    let mut lists: Vec<_> = steps_of(compiled).map(|(_, step)| step.list).collect();
    lists.sort_unstable();
    lists.dedup();
    lists
}

/// The lists whose ids the mapping's targets take, by name or not.
fn id_lists(compiled: &Compiled) -> Vec<NameList> {
    let values = compiled.parts.iter().flat_map(|part| &part.values);
    let mut lists: Vec<_> = values
        .filter_map(|value| NameList::of_target(value.target))
        .collect();
    lists.sort_unstable();
    lists.dedup();
    lists
}

/// The mapping's own names in lists that nobody has asked for.
pub(super) fn unasked(compiled: &Compiled) -> BTreeMap<NameList, Vec<String>> {
    let mut all: BTreeMap<NameList, Vec<String>> = BTreeMap::new();
    for (_, step) in steps_of(compiled).filter(|(_, step)| step.directory.is_none()) {
        let names = all.entry(step.list).or_default();
        for (name, _) in &step.written {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    all
}

/// The mapping with what the ERP said about names; lists that `names` does not have stay unasked.
pub(super) fn tell(compiled: &Arc<Compiled>, names: &Names) -> Result<Arc<Compiled>, Vec<Mistake>> {
    if lists(compiled).is_empty() {
        return Ok(Arc::clone(compiled));
    }
    let mut told = Compiled::clone(compiled);
    let mut mistakes = Vec::new();
    let values = told.parts.iter_mut().flat_map(|part| &mut part.values);
    for value in values {
        let Some(step) = &mut value.steps.names else {
            continue;
        };
        if let Some(entries) = names.of(step.list) {
            let directory = Directory::of(entries);
            mistakes.extend(step.check_written(entries, &directory));
            step.directory = Some(Arc::new(directory));
        }
        let directory = step.directory.clone();
        resolve(value, directory.as_deref());
    }
    if mistakes.is_empty() {
        Ok(Arc::new(told))
    } else {
        Err(mistakes)
    }
}

impl Plan {
    /// The plan with what the ERP said about names.
    ///
    /// # Errors
    /// Names of the mapping that the ERP does not have, or has more than once.
    pub fn told(&self, names: &Names) -> Result<Self, MappingError> {
        let fail = |mistakes| MappingError::new(self.name.clone(), self.text.clone(), mistakes);
        Ok(Self {
            compiled: tell(&self.written, names).map_err(fail)?,
            ..self.clone()
        })
    }
}

impl Mapping {
    /// The lists of the ERP that it needs to turn names into ids.
    #[must_use]
    pub fn name_lists(&self) -> Vec<NameList> {
        lists(&self.compiled)
    }

    /// The lists of the ERP whose ids its customers have, by name or not.
    #[must_use]
    pub fn id_lists(&self) -> Vec<NameList> {
        if self.api_shaped {
            return NameList::ALL.to_vec();
        }
        id_lists(&self.compiled)
    }
}

/// Puts ids in the places of the names that the mapping writes down.
fn resolve(value: &mut ValueSpec, directory: Option<&Directory>) {
    let id = |value: &mut Value<'static>| {
        if let Value::Text(name) = value {
            let id = directory.and_then(|directory| directory.find(name).first());
            *value = id.map_or(Value::Unasked, |id| Value::Integer(*id));
        }
    };
    if let Origin::Constant(constant) = &mut value.origin {
        id(constant);
    }
    let steps = &mut value.steps;
    steps.default.iter_mut().for_each(id);
    if let Some(lookup) = &mut steps.lookup {
        lookup.each_result(id);
    }
    if let Some(NameStep {
        otherwise: Otherwise::Value(value),
        ..
    }) = &mut steps.names
    {
        id(value);
    }
}

#[cfg(test)]
mod tests;
