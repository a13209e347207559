//! Rows of a returned file that lost their customer (`[group]`): a row that names no customer
//! goes on with the one above, so in a file that was sorted, or that lost a first row, it would
//! go to a stranger. By the run that the file corrects it is known whose it was.

use std::io;
use std::path::Path;

use super::groups::Group;
use super::leads::Leads;
use super::pipeline::{Pipeline, position_of};
use super::returned::{Link, ReturnedError};
use super::survey::{join, split};
use super::{ImportError, Listener};
use crate::journal::Journal;
use crate::mapping::GroupValue;
use crate::sorted::{Pair, Sorted, Sorter};
use crate::source::{Entry, Source};

/// Makes sure that no row of the file stands below a customer that it did not belong to.
///
/// # Errors
/// [`ReturnedError::Strayed`] for the first such row.
pub(super) fn refuse_strays(
    link: &mut Link,
    source: &Source,
    pipeline: &Pipeline,
    journal: &Journal,
    listener: &Listener,
    folder: &Path,
) -> Result<(), ImportError> {
    if pipeline.plan.group_column().is_none() {
        return Ok(());
    }
    let spool = |error: io::Error| ImportError::spool(folder, error);
    let (path, run) = (link.path().to_owned(), link.of.id.clone());
    let mut known = by_place(link, journal, folder)?;
    let mut known = known.iter().map_err(spool)?.peekable();
    // The customer in the earlier run, and the record there.
    let mut of = |record: u64| -> Result<Option<(u64, u64)>, ImportError> {
        let Some(pair) = known.next_if(|pair| match pair {
            Ok(pair) => split(pair.hash).0 <= record,
            Err(_) => true,
        }) else {
            return Ok(None);
        };
        Ok(Some(split(pair.map_err(spool)?.payload)))
    };
    let mut above = None;
    for group in pipeline.groups(source.read()?, source) {
        let group = group?;
        listener.check_signal()?;
        for (index, entry) in group.entries().enumerate() {
            let position = position_of(entry);
            let named = of(position.record)?;
            if index == 0 && group.rest_of.is_none() {
                above = named.map(|(lead, _)| lead);
                continue;
            }
            let Some((lead, record)) = named.filter(|_| says_nothing(entry, pipeline)) else {
                continue;
            };
            if above != Some(lead) && !is_lost_anyway(&group) {
                let line = position.line;
                return Err(ReturnedError::Strayed {
                    path,
                    run,
                    record,
                    line,
                    lead,
                }
                .into());
            }
        }
    }
    Ok(())
}

/// Whether the row names no customer of its own.
fn says_nothing(entry: &Entry, pipeline: &Pipeline) -> bool {
    match entry {
        Entry::Record(record) | Entry::Odd(record, _) => {
            pipeline.plan.group_value(record) == GroupValue::Empty
        }
        // Its customer fails with it.
        Entry::Defect(_) => false,
    }
}

/// Whether the rows fail in any case, because they stand below nobody, or one of them cannot be
/// read.
fn is_lost_anyway(group: &Group) -> bool {
    let unread = |entry: &Entry| !matches!(entry, Entry::Record(_));
    group.is_headless() || group.entries().any(unread)
}

/// The corrections by their place in the file, each with its customer and its record in the
/// earlier run.
fn by_place(link: &mut Link, journal: &Journal, folder: &Path) -> Result<Sorted, ImportError> {
    let spool = |error: io::Error| ImportError::spool(folder, error);
    let mut sorter = Sorter::new(folder).map_err(spool)?;
    let mut leads = Leads::new(&link.of.id);
    for correction in link.corrections().map_err(spool)? {
        let correction = correction.map_err(spool)?;
        let lead = leads.of(journal, correction.of)?.record;
        sorter
            .push(Pair {
                hash: join(correction.position.record, 0),
                record: correction.position.record,
                line: correction.position.line,
                payload: join(lead, correction.of),
            })
            .map_err(spool)?;
    }
    sorter.finish().map_err(spool)
}
