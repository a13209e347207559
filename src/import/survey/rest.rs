//! Pass 1 of a run that goes on: what an earlier process found out about the whole input is
//! taken from the journal, and only what is open is looked at again.
//!
//! That gives what reading everything again would: who is settled already is settled in the
//! journal, and whoever repeats the key of an earlier record stands among the kept repeats,
//! wherever that record is.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::super::apart::Apart;
use super::super::ledger::{JournalFindings, SettledSet};
use super::super::pipeline::Pipeline;
use super::super::walk::Walk;
use super::super::{ImportError, Listener};
use super::{Hashing, Highest, Kept, Look, Pass, Survey, settle_repeats};
use crate::mapping::Tally;
use crate::source::{Fingerprint, Source};

/// Reads the records without an outcome, from the first of them on. The input must be the one,
/// as `fingerprint` says, that the kept findings are about.
pub(in crate::import) fn survey_rest(
    mut kept: Kept,
    (source, fingerprint): (&Source, &Fingerprint),
    pipeline: &Pipeline,
    hashing: &dyn Hashing,
    findings: &mut JournalFindings<'_>,
    listener: &Listener,
    folder: &Path,
) -> Result<Survey, ImportError> {
    let spool = |error| ImportError::spool(folder, error);
    // A key that stood in the input before is an error, whatever the mapping says: with this
    // nobody of those is open, not even who failed and is tried again.
    let (repeats, noted) = (&mut kept.repeats, &mut kept.noted);
    settle_repeats(repeats, pipeline, findings, noted, spool)?;
    let settled: SettledSet = findings.settled().clone();
    let known = fingerprint;
    let mut walk = Walk::again(pipeline, source, known)?
        .only(|group| !settled.contains(group.position().record))
        .open(&settled, kept.counts.read, known, &kept.places);
    let mut pass = Pass::new(pipeline, folder)?;
    // Those that are not read again; the others are counted as they are.
    pass.counts.read = settled.count();
    let look = Look {
        pipeline,
        hashing,
        apart: Apart::new(),
        compares_payloads: hashing.compares_payloads(),
        // Who repeats whose is known.
        emails: false,
        persons: false,
        has_sample: AtomicBool::new(true),
    };
    pass.go(&mut walk, &look, findings, listener, source)?;
    tracing::info!(
        records = walk.read(),
        "pass 1 has read, behind what was kept"
    );
    let keys = pass.keys.finish().map_err(spool)?;
    drop(walk);
    let mut tally = Tally::default();
    tally.repairs = kept.repairs;
    Ok(Survey {
        fingerprint: known.clone(),
        places: Some(kept.places),
        read: kept.counts.read,
        counts: kept.counts,
        tally,
        keys,
        repeats: kept.repeats,
        noted: kept.noted,
        highest: Highest::default(),
        sample_body: None,
    })
}
