//! For programs that use this crate as a library: records in, checked customers out, into a
//! destination of their own.
//!
//! Mapping and checks are those of an import. Nothing else of an import is here: there is no
//! journal, nothing is delivered, nothing is remembered. What a destination took is its own to
//! know, also after a crash.

use std::collections::HashMap;

use super::pipeline_of;
use crate::mapping::{Columns, Mapping, MappingError, Tally};
use crate::outcome::{Code, FieldError};
use crate::record::{Cells, Fields, Position, Record, Span};
use crate::validate::{self, Customer};

/// Where checked customers go.
///
/// Every record comes to exactly one of the two methods, in the order of the records, unless the
/// mapping's `keep_if` leaves it out. An error of either ends the work.
pub trait Destination {
    /// What ends the work.
    type Error;

    /// Takes a customer that passed every check. [`Customer::body`] is the API's JSON,
    /// [`Customer::number`] its number, [`Customer::key`] what tells it from others.
    ///
    /// # Errors
    /// Whatever keeps the destination from taking it; the work ends.
    fn take(&mut self, position: Position, customer: &Customer<'_>) -> Result<(), Self::Error>;

    /// Hears of a record that cannot be sent: everything that is wrong with it, with a stable
    /// code, the columns and a sentence ([`FieldError::message`]).
    ///
    /// # Errors
    /// Whatever keeps the destination from going on; the work ends.
    fn refuse(&mut self, position: Position, errors: &[FieldError]) -> Result<(), Self::Error>;
}

/// How many records went where; together they are all that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandedOver {
    /// Customers that the destination took.
    pub taken: u64,
    /// Records that it was told to be invalid.
    pub refused: u64,
    /// Records that `keep_if` left out.
    pub left_out: u64,
}

/// What ends the work.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError<E> {
    /// The mapping does not fit the header.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The mapping needs what records alone cannot give.
    #[error("the mapping has {0}, which records alone cannot give; `importer run` can")]
    NeedsMore(&'static str),
    /// The destination could not go on.
    #[error("the destination did not take record {}", position.record)]
    Destination {
        /// The record.
        position: Position,
        /// Why.
        source: E,
    },
}

/// Maps and checks `records`, whose cells stand in the order of `header`, and hands each over.
/// Positions count them from 1. A record with more or fewer cells than the header is refused with
/// [`Code::RecordRagged`], one whose key came before with [`Code::KeyDuplicate`]; to know that,
/// the keys are kept in memory.
///
/// # Errors
/// The mapping does not fit the header, joins or groups records, or names something that only an
/// ERP could tell; or the destination said so.
pub fn hand_over<D: Destination>(
    mapping: &Mapping,
    header: &[String],
    records: impl IntoIterator<Item = Vec<String>>,
    destination: &mut D,
) -> Result<HandedOver, HandOverError<D::Error>> {
    let needs_more = |part| Err(HandOverError::NeedsMore(part));
    if mapping.joined_file().is_some() {
        return needs_more("[join]");
    }
    if !mapping.name_lists().is_empty() {
        return needs_more("names that only the ERP can tell");
    }
    let plan = mapping.bind(Columns::Header(header))?;
    if plan.group_column().is_some() {
        return needs_more("[group]");
    }
    let pipeline = pipeline_of(mapping, plan, false);
    let mut handed = HandedOver::default();
    let mut keys: HashMap<String, u64> = HashMap::new();
    for (number, cells) in (1..).zip(records) {
        let position = Position {
            record: number,
            line: number,
        };
        let fate = |source| HandOverError::Destination { position, source };
        if cells.len() != header.len() {
            let ragged = FieldError::new(Code::RecordRagged, "")
                .with("expected", header.len())
                .with("fields", cells.len());
            destination.refuse(position, &[ragged]).map_err(fate)?;
            handed.refused += 1;
            continue;
        }
        let record = record(position, &cells);
        let Some(draft) = pipeline.plan.apply(&record, &mut Tally::default()) else {
            handed.left_out += 1;
            continue;
        };
        let mut result = validate::check(draft, &pipeline.rules).result;
        if let Ok(customer) = &result
            && let Some(key) = customer.key()
            && let before = *keys.entry(key.to_owned()).or_insert(number)
            && before != number
        {
            let target = pipeline.key().to_string();
            let error = FieldError::new(Code::KeyDuplicate, target);
            result = Err(vec![error.with("first_record", before)]);
        }
        match result {
            Ok(customer) => {
                destination.take(position, &customer).map_err(fate)?;
                handed.taken += 1;
            }
            Err(mut errors) => {
                pipeline.name_columns(&mut errors);
                destination.refuse(position, &errors).map_err(fate)?;
                handed.refused += 1;
            }
        }
    }
    Ok(handed)
}

fn record(position: Position, cells: &[String]) -> Record {
    let bytes = cells.iter().map(String::len).sum();
    let mut row = Cells::with_capacity(cells.len(), bytes);
    cells.iter().for_each(|cell| row.push(cell));
    Record {
        position,
        span: Span { start: 0, end: 0 },
        fields: Fields::Cells(row),
    }
}
