//! `[group]`: several records make one customer. The first is mapped as any record is; each
//! further one becomes an address of a list.
//!
//! Owns what belongs together by the mapping's word, and how a further record is mapped. Which
//! records of an input stand together is found out by whoever reads it.

use super::columns::Cell;
use super::compile::Compiler;
use super::error::Mistake;
use super::part::{self, LISTS, Numbered, OTHERS, PartSpec};
use super::plan::Plan;
use super::suggest::did_you_mean;
use super::syntax::{Keys, Node, Section, a_table, wrong_type};
use super::tally::Tally;
use super::trace::Trace;
use super::trim::trimmed;
use crate::customer::{Draft, Part, Target};
use crate::outcome::{Bilingual, both};
use crate::record::{Fields, Record};

/// `[group]`, compiled.
#[derive(Clone, Debug)]
pub(super) struct GroupSpec {
    /// The column by whose values records belong together.
    pub(super) by: usize,
    /// What a further record becomes. It bears the highest number: it comes behind whatever the
    /// first record has of such addresses.
    pub(super) address: PartSpec,
}

/// Keys of the table.
pub(super) const KEYS: Keys = &["by", "into", "address"];

/// Reads `[group]`.
pub(super) fn read(node: Option<&Node<'_>>, compiler: &mut Compiler) -> Option<GroupSpec> {
    let node = node?;
    let mut section = match Section::open(node, Bilingual::same("[group]"), KEYS) {
        Ok(section) => section,
        Err(mistake) => {
            compiler.mistakes.push(mistake);
            return None;
        }
    };
    for (key, help) in [
        (
            "by",
            both!(
                "by = \"email\": consecutive records with the same value, or with none, belong together",
                "by = \"email\": aufeinanderfolgende Datensätze mit demselben Wert, oder ohne einen, gehören zusammen"
            ),
        ),
        (
            "into",
            both!(
                "into = \"OtherAddresses.OtherShippingAddresses\": what the second and later records become",
                "into = \"OtherAddresses.OtherShippingAddresses\": was der zweite Datensatz und die weiteren werden"
            ),
        ),
        (
            "address",
            both!(
                "write [group.address] and the fields of such an address below it",
                "[group.address] schreiben und darunter die Felder einer solchen Adresse"
            ),
        ),
    ] {
        if section.get(key).is_none() {
            let title = both!("[group] needs `{key}`", "[group] braucht `{key}`");
            section.mistake(Mistake::at(node.span(), title).help(help));
        }
    }
    let by = section.text("by");
    let numbered = into(&mut section);
    let address = section.get("address");
    section.close(&mut compiler.mistakes);
    let by = by.map(|(name, place)| compiler.column(name, place));
    let address = address.and_then(|node| self::address(numbered?(u16::MAX), node, compiler));
    Some(GroupSpec {
        by: by?,
        address: address?,
    })
}

/// The list that is named; its object may be left out of the name.
fn into(section: &mut Section<'_, '_>) -> Option<Numbered> {
    let (path, place) = section.text("into")?;
    let bare = path
        .strip_prefix(OTHERS)
        .and_then(|rest| rest.strip_prefix('.'));
    let name = bare.unwrap_or(path);
    if let Some((_, numbered)) = LISTS.iter().find(|(list, _)| *list == name) {
        return Some(*numbered);
    }
    let full: Vec<String> = LISTS
        .iter()
        .map(|(list, _)| format!("{OTHERS}.{list}"))
        .collect();
    let help = did_you_mean(path, full.iter().map(String::as_str)).unwrap_or_else(|| {
        both!(
            "the lists are {lists}",
            "die Listen sind {lists}",
            lists = full.join(", ")
        )
    });
    let title = both!(
        "`into` names no list of addresses: \"{path}\"",
        "`into` nennt keine Liste von Adressen: \"{path}\""
    );
    section.complain(Mistake::at(place, title).help(help))
}

fn address(part: Part, node: &Node<'_>, compiler: &mut Compiler) -> Option<PartSpec> {
    let Some(table) = node.get_ref().as_table() else {
        let mistake = wrong_type(node, "address", a_table()).help(both!(
            "write [group.address] and the fields of such an address below it",
            "[group.address] schreiben und darunter die Felder einer solchen Adresse"
        ));
        compiler.mistakes.push(mistake);
        return None;
    };
    if let Some((key, _)) = table.get_key_value("unless_same_as") {
        compiler.mistakes.push(
            Mistake::at(key.span(), both!("`unless_same_as` in [group.address]", "in [group.address] steht `unless_same_as`")).help(
                both!("a further record is compared with no other address; `when` names a column that \
                 must be filled", "ein weiterer Datensatz wird mit keiner anderen Adresse verglichen; `when` nennt eine Spalte, die gefüllt sein muss"),
            ),
        );
    }
    let spec = part::values_of(part, table, compiler);
    part::require_in(part, "[group.address]", table, &node.span(), compiler);
    Some(spec)
}

/// What a record has in the column of `[group] by`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupValue {
    /// Nothing: it goes on with what the record above began.
    Empty,
    /// A text, without outer blanks. A nested JSON value is its text.
    Filled(String),
}

impl Plan {
    /// The column of `[group] by`, as the input spells it; none if each record is a customer
    /// of its own.
    #[must_use]
    pub fn group_column(&self) -> Option<&str> {
        let group = self.compiled.group.as_ref()?;
        self.bound.names.get(group.by).map(String::as_str)
    }

    /// By what a record belongs to others; [`GroupValue::Empty`] without `[group]`.
    #[must_use]
    pub fn group_value(&self, record: &Record) -> GroupValue {
        let Some(group) = &self.compiled.group else {
            return GroupValue::Empty;
        };
        match self.bound.cell(record, group.by, &self.compiled.empty) {
            Cell::Empty => GroupValue::Empty,
            Cell::Filled { text, .. } => GroupValue::Filled(text.to_owned()),
            Cell::Nested => GroupValue::Filled(self.bound.text(record, group.by).into_owned()),
        }
    }

    /// The place of that column's cell in a row; none without `[group]`, and for JSON.
    #[must_use]
    pub fn group_cell(&self) -> Option<usize> {
        self.bound.place(self.compiled.group.as_ref()?.by)
    }

    /// As [`group_value`](Self::group_value), by the text of that cell.
    #[must_use]
    pub fn group_value_of(&self, text: &str) -> GroupValue {
        let text = trimmed(text);
        let is_nothing = |nothing: &String| nothing == text;
        if text.is_empty() || self.compiled.empty.iter().any(is_nothing) {
            return GroupValue::Empty;
        }
        GroupValue::Filled(text.to_owned())
    }

    /// Whether further records are mapped from cells behind the first `own` of a row: those of
    /// the second file.
    #[must_use]
    pub fn group_reads_behind(&self, own: usize) -> bool {
        let Some(group) = &self.compiled.group else {
            return false;
        };
        let values = group.address.values.iter();
        let columns = values.flat_map(|value| value.origin.columns());
        columns
            .chain(&group.address.when)
            .filter_map(|column| self.bound.place(*column))
            .any(|place| place >= own)
    }

    /// Adds a further record of a customer to the draft that its first record became. Says
    /// which address it is now; none, if it has nothing for one. What is wrong with it is added
    /// to the draft's errors, with the record's place.
    pub fn add<'r>(
        &'r self,
        record: &'r Record,
        draft: &mut Draft<'r>,
        tally: &mut Tally,
    ) -> Option<Part> {
        let group = self.compiled.group.as_ref()?;
        tally.records += 1;
        if let Fields::Object(object) = &record.fields {
            self.note_keys(record, object, tally);
        }
        let (errors, warnings) = (draft.errors.len(), draft.warnings.len());
        let maker = self.maker(record, tally);
        let part = maker.add(&group.address, draft, tally);
        let later = draft.errors.iter_mut().skip(errors);
        for error in later.chain(draft.warnings.iter_mut().skip(warnings)) {
            error.at = Some(Box::new(record.position));
        }
        part
    }

    /// As [`explain`](Self::explain), for a further record of the customer whose records `before`
    /// it are these, the first one first.
    #[must_use]
    pub fn explain_further(&self, before: &[&Record], record: &Record) -> Trace {
        let mut tally = Tally::default();
        let mut before = before.iter();
        let lead = before.next();
        let Some(mut draft) = lead.and_then(|lead| self.apply(lead, &mut tally)) else {
            return Trace::default();
        };
        for record in before {
            self.add(record, &mut draft, &mut tally);
        }
        let mut tally = Tally::tracing();
        self.add(record, &mut draft, &mut tally);
        tally.trace.map(|trace| *trace).unwrap_or_default()
    }

    /// The columns of further records behind a field of the API, by its path; see
    /// [`columns_of`](Self::columns_of).
    #[must_use]
    pub fn group_columns_of(&self, target: &str) -> Vec<String> {
        let Some(group) = &self.compiled.group else {
            return Vec::new();
        };
        let field = target.rsplit('.').next().unwrap_or_default();
        let part = group.address.part;
        let Some(target) = Target::find(part, field) else {
            return Vec::new();
        };
        let values = group.address.values.iter();
        let columns = values
            .filter(|value| value.target.index == target.index)
            .flat_map(|value| value.origin.columns());
        columns
            .filter_map(|column| self.bound.names.get(*column).cloned())
            .collect()
    }
}

#[cfg(test)]
mod tests;
