//! One record of an input, explained: what the mapping does to each of its fields, and what
//! validation says of the result.

use std::path::Path;

use super::join::{Beside, bind_joined};
use super::pipeline::{Examined, position_of, record_of};
use super::{ImportError, settings_for, without_effect};
use crate::mapping::{Mapping, Tally, Trace};
use crate::outcome::{Bilingual, FieldError};
use crate::record::Position;
use crate::source::{Entry, Source, SourceSettings};

/// What becomes of a record on its own; what takes the whole input to see (doubles) is not
/// looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It can be sent.
    Valid,
    /// It has errors.
    Invalid,
    /// `keep_if` leaves it out.
    LeftOut,
    /// It is no record at all.
    Unreadable,
}

/// A record, explained; of several that make one customer, with what is said of the customer.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Where it stands.
    pub position: Position,
    /// Where its customer begins.
    pub lead: Position,
    /// How many records that customer has.
    pub together: u64,
    /// What becomes of it.
    pub fate: Fate,
    /// What the mapping did; empty for one that cannot be read.
    pub trace: Trace,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
    /// What is odd about it.
    pub warnings: Vec<FieldError>,
    /// What was typed of how the input is read and says nothing of it.
    pub without_effect: Option<Bilingual>,
}

/// Explains the record with this number, counted from 1. What `typed` says of how the input is
/// read goes before what the mapping says.
///
/// # Errors
/// The input cannot be used, the mapping does not fit it, or it has fewer records.
pub fn explain_record(
    mapping: &Mapping,
    input: &Path,
    typed: &SourceSettings,
    number: u64,
) -> Result<Explained, ImportError> {
    let settings = settings_for(input, typed, mapping)?;
    let source = Source::open(input, &settings)?;
    let folder = tempfile::env::temp_dir();
    let pipeline = bind_joined(mapping, &source, false, &Beside::alone(&folder))
        .map_err(ImportError::of_temporary)?;
    let mut read = 0;
    for group in pipeline.groups(source.read()?, &source) {
        let group = group?;
        read += group.records();
        if read < number {
            continue;
        }
        let before: Vec<&Entry> = group
            .entries()
            .take_while(|entry| position_of(entry).record < number)
            .collect();
        let Some(entry) = group.entries().nth(before.len()) else {
            break;
        };
        let trace = match record_of(entry) {
            None => Trace::default(),
            Some(record) if before.is_empty() => pipeline.plan.explain(record),
            Some(record) => {
                let before: Vec<_> = before.into_iter().filter_map(record_of).collect();
                pipeline.plan.explain_further(&before, record)
            }
        };
        let (fate, errors, warnings) = match pipeline.examine(&group, &mut Tally::default()) {
            Examined::LeftOut => (Fate::LeftOut, Vec::new(), Vec::new()),
            Examined::Valid { warnings, .. } => (Fate::Valid, Vec::new(), warnings),
            Examined::Invalid {
                errors, warnings, ..
            } => {
                let fate = match entry {
                    Entry::Defect(_) => Fate::Unreadable,
                    Entry::Record(_) | Entry::Odd(..) => Fate::Invalid,
                };
                (fate, errors, warnings)
            }
        };
        return Ok(Explained {
            position: position_of(entry),
            lead: group.position(),
            together: group.records(),
            fate,
            trace,
            errors,
            warnings,
            without_effect: without_effect(&source, typed, &input.to_string_lossy()),
        });
    }
    Err(ImportError::NoSuchRecord {
        path: input.to_owned(),
        record: number,
        read,
    })
}
