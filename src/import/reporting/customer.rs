//! The rows of a customer of several records (`[group]`): it goes or fails as a whole. If it
//! fails, all its rows are written, each error on the row that it stands on, and the others say
//! where to look.

use super::super::groups::{Group, about};
use super::super::pipeline::position_of;
use crate::outcome::{Code, FieldError, Outcome, ServerError, Settled, Stage};
use crate::record::Position;
use crate::source::Entry;

/// What one of the customer's records is reported with.
pub(super) struct Share<'a> {
    pub entry: &'a Entry,
    pub settled: Settled,
    pub errors: Vec<FieldError>,
    pub warnings: Vec<FieldError>,
}

/// Deals out what became of a customer to its records.
pub(super) fn shares<'a>(
    group: &'a Group,
    settled: &Settled,
    errors: &[FieldError],
    warnings: &[FieldError],
) -> Vec<Share<'a>> {
    let lead = group.position();
    let cause = errors
        .first()
        .and_then(FieldError::further_record)
        .unwrap_or(lead);
    let share = |entry: &'a Entry| {
        let position = position_of(entry);
        let is_lead = position == lead;
        let here = |error: &&FieldError| match error.further_record() {
            Some(at) => at == position,
            None => is_lead,
        };
        let errors: Vec<FieldError> = errors.iter().filter(here).cloned().collect();
        let warnings = warnings.iter().filter(here).cloned().collect();
        let outcome = match &settled.outcome {
            Outcome::Invalid { stage, .. } => Outcome::Invalid {
                stage: *stage,
                errors: if errors.is_empty() {
                    vec![about(Code::GroupFailed, cause)]
                } else {
                    errors.clone()
                },
            },
            Outcome::Refused {
                status,
                code,
                attempts,
                ..
            } if !is_lead => Outcome::Refused {
                status: *status,
                code: code.clone(),
                errors: vec![refused_with(lead)],
                attempts: *attempts,
            },
            _ if !is_lead => Outcome::Grouped,
            outcome => outcome.clone(),
        };
        let settled = Settled {
            position,
            outcome,
            ..settled.clone()
        };
        Share {
            entry,
            settled,
            errors,
            warnings,
        }
    };
    group.entries().map(share).collect()
}

/// What becomes of a further record of a customer with too many.
pub(super) fn settled_rest(group: &Group, lead: Position) -> Settled {
    Settled {
        position: group.position(),
        key_hash: None,
        payload: None,
        outcome: Outcome::Invalid {
            stage: Stage::Source,
            errors: vec![about(Code::GroupFailed, lead)],
        },
        at: jiff::Timestamp::now(),
    }
}

fn refused_with(lead: Position) -> ServerError {
    ServerError {
        field: String::new(),
        text: format!(
            "This row belongs to the customer of record {}, line {}, which the server refused.",
            lead.record, lead.line
        ),
    }
}
