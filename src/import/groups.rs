//! Records that make one customer together (`[group]`), as they stand in the input: an adaptor
//! over the reader's entries that every pass uses, so that no two can disagree about what belongs
//! together. Without `[group]` each entry is a customer of its own, and costs nothing more.
//!
//! A record belongs to the customer above if it has the same value in the column of `by`, or
//! none. Of a record that cannot be read nobody knows the value, unless only its encoding is
//! wrong: it counts as the customer's above, which fails with it, and so does the customer that
//! begins behind it, for it may be the same as that record's.
//!
//! Memory is bounded: a customer of more records than [`Cap`] allows fails, and its further
//! records are handed out one by one.

use super::join::Join;
use super::pipeline::{Pipeline, position_of};
use crate::mapping::{GroupValue, Plan};
use crate::outcome::{Code, FieldError};
use crate::record::{Cells, Fields, Position, Record, Span};
use crate::source::{Entry, Reader, Source, SourceError};

/// How many records of one customer are kept together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cap {
    /// At most so many.
    records: usize,
    /// At most so many bytes, as they stand in the input.
    bytes: u64,
}

/// Ten thousand addresses of one customer are no customer, and 16 MiB are no request.
const CAP: Cap = Cap {
    records: 10_000,
    bytes: 16 << 20,
};

/// The records of one customer.
#[derive(Debug)]
pub(super) struct Group {
    /// The first: it decides on everything but the further addresses.
    pub(super) lead: Entry,
    /// The further ones, in the input's order.
    pub(super) members: Vec<Entry>,
    /// Why it cannot be one customer, whatever its records say.
    pub(super) faults: Vec<FieldError>,
    /// Records without a row in the second file.
    pub(super) missing: Vec<FieldError>,
    /// Set for a further record of a customer with too many: where that customer's first one
    /// stands. Then `lead` is this record, and stands alone.
    pub(super) rest_of: Option<Position>,
}

impl Group {
    /// A customer of one record.
    pub(super) fn of_one(lead: Entry) -> Self {
        Self {
            lead,
            members: Vec::new(),
            faults: Vec::new(),
            missing: Vec::new(),
            rest_of: None,
        }
    }

    /// A place for a group to be read into.
    pub(super) fn empty() -> Self {
        Self::of_one(Entry::Record(Record {
            position: Position { record: 0, line: 0 },
            span: Span { start: 0, end: 0 },
            fields: Fields::Cells(Cells::default()),
        }))
    }

    /// How many bytes its records take in the input.
    pub(super) fn bytes(&self) -> u64 {
        self.entries().map(bytes_of).sum()
    }

    /// Where the first record stands.
    pub(super) fn position(&self) -> Position {
        position_of(&self.lead)
    }

    /// Whether its first record is not one that begins a customer.
    pub(super) fn is_headless(&self) -> bool {
        self.has(Code::GroupHeadless)
    }

    /// Whether mapping its records would tell nothing but what its faults say already.
    pub(super) fn is_hopeless(&self) -> bool {
        self.is_headless() || self.has(Code::JoinAmbiguous) || self.has(Code::JoinMissing)
    }

    fn has(&self, code: Code) -> bool {
        self.faults.iter().any(|fault| fault.code == code)
    }

    /// Takes in what joining found out about a record.
    fn note(&mut self, joined: Option<FieldError>) {
        match joined {
            Some(error) if error.code == Code::JoinMissing => self.missing.push(error),
            Some(error) => self.faults.push(error),
            None => {}
        }
    }

    /// How many records there are.
    pub(super) fn records(&self) -> u64 {
        1 + self.members.len() as u64
    }

    /// All records, the first one first.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        std::iter::once(&self.lead).chain(&self.members)
    }
}

/// What a record says about the customer that it belongs to.
enum Says {
    Nothing,
    Name(String),
    /// It cannot be read.
    Unclear,
    /// The second file was to say it, and does not.
    Orphan,
}

/// The groups of an input.
pub(super) struct Groups<'a, I = Reader> {
    entries: I,
    join: Option<(&'a Join, &'a Plan)>,
    by: Option<By<'a>>,
    cap: Cap,
    begun: Option<Begun>,
    /// Goes out before anything else.
    queued: Option<Group>,
    /// The last record of which nobody knows to whom it belongs, until one says it again.
    unclear: Option<Position>,
}

/// The customer whose records are being gathered.
struct Begun {
    name: Option<String>,
    lead: Position,
    bytes: u64,
    /// None, once there were too many and they were handed out.
    group: Option<Group>,
}

/// Where it stands by what records belong together.
#[derive(Clone, Copy)]
struct By<'a> {
    plan: &'a Plan,
    source: Option<&'a Source>,
}

impl By<'_> {
    fn says(self, entry: &Entry) -> Says {
        let value = match entry {
            Entry::Record(record) | Entry::Odd(record, _) => self.plan.group_value(record),
            Entry::Defect(defect) => {
                // A row with the right number of cells has them in the right places.
                let cells = defect.cells.as_ref().filter(|cells| {
                    let width = self.source.map(|source| source.facts().header.len());
                    defect.error.code == Code::EncodingInvalid && width == Some(cells.len())
                });
                let place = self.plan.group_cell();
                let cell = cells.zip(place).and_then(|(cells, place)| cells.get(place));
                match cell
                    .zip(self.source)
                    .and_then(|(cell, source)| source.text_of(cell))
                {
                    Some(text) => self.plan.group_value_of(&text),
                    None => return Says::Unclear,
                }
            }
        };
        match value {
            GroupValue::Empty => Says::Nothing,
            GroupValue::Filled(name) => Says::Name(name),
        }
    }

    /// As [`says`](Self::says), for a record that the second file was looked through for.
    fn says_joined(self, entry: &Entry, joined: Option<&FieldError>) -> Says {
        let width = self
            .source
            .map_or(usize::MAX, |source| source.facts().header.len());
        let is_theirs = self.plan.group_cell().is_some_and(|place| place >= width);
        match joined {
            Some(_) if is_theirs => Says::Orphan,
            _ => self.says(entry),
        }
    }

    /// Whether it is no matter that a further record has no row in the second file: nothing of
    /// it comes from there.
    fn needs_no_row(self, joined: &FieldError) -> bool {
        let width = self.source.map(|source| source.facts().header.len());
        joined.code == Code::JoinMissing
            && width.is_some_and(|width| !self.plan.group_reads_behind(width))
    }

    fn column(self) -> String {
        self.plan.group_column().unwrap_or_default().to_owned()
    }
}

impl Pipeline {
    /// The customers of `source`, read by `entries`.
    pub(super) fn groups<'a, I>(&'a self, entries: I, source: &'a Source) -> Groups<'a, I>
    where
        I: Iterator<Item = Result<Entry, SourceError>>,
    {
        let by = self.plan.group_column().map(|_| By {
            plan: &self.plan,
            source: Some(source),
        });
        let join = self.join.as_deref().map(|join| (join, &self.plan));
        Groups {
            join,
            ..Groups::new(entries, by, CAP)
        }
    }
}

impl<'a, I> Groups<'a, I> {
    /// What belongs together of the records of a mapping's test.
    pub(super) fn of_trial(plan: &'a Plan, entries: I) -> Self {
        let by = plan.group_column().map(|_| By { plan, source: None });
        Self::new(entries, by, CAP)
    }

    fn new(entries: I, by: Option<By<'a>>, cap: Cap) -> Self {
        Self {
            entries,
            join: None,
            by,
            cap,
            begun: None,
            queued: None,
            unclear: None,
        }
    }

    /// What the entries come from. It may be one record ahead.
    pub(super) fn entries(&self) -> &I {
        &self.entries
    }

    /// Takes the next entry in; hands out what is complete by it.
    fn take(&mut self, entry: Entry, joined: Option<FieldError>, by: By<'_>) -> Option<Group> {
        let says = by.says_joined(&entry, joined.as_ref());
        let position = position_of(&entry);
        let unclear = match says {
            Says::Name(_) => self.unclear.take(),
            Says::Unclear => self.unclear.replace(position),
            Says::Nothing | Says::Orphan => None,
        };
        let is_other = |begun: &Begun| match &says {
            Says::Name(name) => begun.name.as_ref() != Some(name),
            Says::Orphan => true,
            Says::Nothing | Says::Unclear => false,
        };
        match self.begun.take_if(|begun| is_other(begun)) {
            None if self.begun.is_some() => self.add(entry, joined, by),
            before => {
                let fault = match (&says, unclear) {
                    (Says::Name(_), Some(before)) => Some(about(Code::GroupUncertain, before)),
                    (Says::Nothing, _) => Some(
                        FieldError::new(Code::GroupHeadless, "")
                            .with("grouped_by", by.column())
                            .in_columns([by.column()]),
                    ),
                    _ => None,
                };
                self.begun = Some(Begun {
                    lead: position,
                    bytes: bytes_of(&entry),
                    group: Some(begun_with(entry, fault, joined, &says)),
                    name: match says {
                        Says::Name(name) => Some(name),
                        Says::Nothing | Says::Unclear | Says::Orphan => None,
                    },
                });
                before.and_then(|before| before.group)
            }
        }
    }

    /// One more record of the customer that was begun.
    fn add(&mut self, entry: Entry, joined: Option<FieldError>, by: By<'_>) -> Option<Group> {
        let begun = self.begun.as_mut()?;
        let rest = |entry| Group {
            rest_of: Some(begun.lead),
            ..Group::of_one(entry)
        };
        let Some(group) = &mut begun.group else {
            return Some(rest(entry));
        };
        begun.bytes = begun.bytes.saturating_add(bytes_of(&entry));
        if group.members.len() + 1 < self.cap.records && begun.bytes <= self.cap.bytes {
            let at = Some(Box::new(position_of(&entry)));
            let joined = joined.filter(|error| !by.needs_no_row(error));
            group.note(joined.map(|error| FieldError { at, ..error }));
            group.members.push(entry);
            return None;
        }
        let too_large = FieldError::new(Code::GroupTooLarge, "")
            .with("records", self.cap.records)
            .with("bytes", self.cap.bytes)
            .with("grouped_by", by.column())
            .in_columns([by.column()]);
        group.faults.push(too_large);
        self.queued = Some(rest(entry));
        begun.group.take()
    }
}

/// A customer that begins with this record.
fn begun_with(
    lead: Entry,
    fault: Option<FieldError>,
    joined: Option<FieldError>,
    says: &Says,
) -> Group {
    let mut group = Group::of_one(lead);
    group.faults.extend(fault);
    match says {
        // Without its row nobody knows whose it is, whatever `[rules]` says.
        Says::Orphan => group.faults.extend(joined),
        _ => group.note(joined),
    }
    group
}

/// An error that names another record.
pub(super) fn about(code: Code, other: Position) -> FieldError {
    FieldError::new(code, "")
        .with("first_record", other.record)
        .with("first_line", other.line)
}

fn bytes_of(entry: &Entry) -> u64 {
    let span = match entry {
        Entry::Record(record) | Entry::Odd(record, _) => record.span,
        Entry::Defect(defect) => defect.span,
    };
    span.end.saturating_sub(span.start)
}

impl<I> Groups<'_, I>
where
    I: Iterator<Item = Result<Entry, SourceError>>,
{
    /// The next entry with the cells of its row in the second file, and what is wrong with that.
    fn joined(&mut self) -> Option<Result<(Entry, Option<FieldError>), SourceError>> {
        let mut entry = match self.entries.next()? {
            Ok(entry) => entry,
            Err(error) => return Some(Err(error)),
        };
        let Some((join, plan)) = self.join else {
            return Some(Ok((entry, None)));
        };
        let joined = join.complete(&mut entry, plan);
        Some(joined.map(|joined| (entry, joined)))
    }
}

impl Groups<'_> {
    /// As [`next`](Iterator::next), into a group whose room is used again; false at the end.
    pub(super) fn next_into(&mut self, group: &mut Group) -> Result<bool, SourceError> {
        if self.by.is_some() {
            return match self.next() {
                Some(next) => {
                    *group = next?;
                    Ok(true)
                }
                None => Ok(false),
            };
        }
        group.members.clear();
        group.faults.clear();
        group.missing.clear();
        group.rest_of = None;
        if !self.entries.read_into(&mut group.lead)? {
            return Ok(false);
        }
        if let Some((join, plan)) = self.join {
            let joined = join.complete(&mut group.lead, plan)?;
            group.note(joined);
        }
        Ok(true)
    }
}

impl<I> Iterator for Groups<'_, I>
where
    I: Iterator<Item = Result<Entry, SourceError>>,
{
    type Item = Result<Group, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(by) = self.by else {
            return Some(self.joined()?.map(|(entry, joined)| {
                let mut group = Group::of_one(entry);
                group.note(joined);
                group
            }));
        };
        if let Some(queued) = self.queued.take() {
            return Some(Ok(queued));
        }
        loop {
            match self.joined() {
                Some(Ok((entry, joined))) => {
                    if let Some(group) = self.take(entry, joined, by) {
                        return Some(Ok(group));
                    }
                }
                Some(Err(error)) => {
                    self.begun = None;
                    return Some(Err(error));
                }
                None => return self.begun.take()?.group.map(Ok),
            }
        }
    }
}

#[cfg(test)]
mod tests;
