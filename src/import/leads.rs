//! What became of the customer that a record belonged to, by the journal alone: of a further
//! record (`[group]`) the journal keeps only that it is one, and its customer's first record is
//! the nearest one above that is none.

use super::ImportError;
use crate::journal::Journal;
use crate::outcome::{Outcome, Settled};

/// Looks records of one run up, which must be asked for in ascending order: then each record is
/// looked at once, however long a group is.
pub(super) struct Leads {
    run: String,
    /// A further record that was asked for, and its customer.
    last: Option<(u64, Lead)>,
}

/// The first record of a customer.
#[derive(Clone, Debug)]
pub(super) struct Lead {
    /// Its number; 0 if there is none, which no run leaves behind.
    pub(super) record: u64,
    /// What became of the customer; none, if it is open.
    pub(super) settled: Option<Settled>,
}

impl Leads {
    /// Of the records of `run`.
    pub(super) fn new(run: &str) -> Self {
        Self {
            run: run.to_owned(),
            last: None,
        }
    }

    /// The first record of a record's customer: itself, unless it is a further one.
    pub(super) fn of(&mut self, journal: &Journal, record: u64) -> Result<Lead, ImportError> {
        let mut at = record;
        let lead = loop {
            if let Some((known, lead)) = &self.last
                && *known == at
            {
                break lead.clone();
            }
            let settled = journal.outcome(&self.run, at)?;
            let is_further = settled
                .as_ref()
                .is_some_and(|settled| settled.outcome == Outcome::Grouped);
            if !is_further || at == 0 {
                break Lead {
                    record: at,
                    settled,
                };
            }
            at -= 1;
        };
        self.last = (at < record).then(|| (record, lead.clone()));
        Ok(lead)
    }
}
