//! The tests that a mapping brings along (`[[test]]`): their records go through the same
//! grouping, mapping and validation as those of an input.

use super::ImportError;
use super::groups::{Group, Groups};
use super::pipeline::{Examined, Pipeline, record_of};
use crate::mapping::{Columns, Mapping, MappingError, Tally, Tried, Verdict};
use crate::record::Record;
use crate::source::Entry;

/// How the tests of a mapping went.
#[derive(Clone, Debug)]
pub struct Tests {
    /// Each test, in the mapping's order.
    pub results: Vec<TestResult>,
    /// What was not as expected, with its place in the mapping; none, if all tests passed.
    pub error: Option<MappingError>,
}

/// How one test went.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// Its number, from 1.
    pub number: usize,
    /// Its name, if the mapping gives it one.
    pub name: Option<String>,
    /// What was not as expected, a sentence each; empty, if it passed.
    pub failures: Vec<String>,
}

/// Runs a mapping's tests.
///
/// # Errors
/// The mapping cannot be bound.
pub fn test_mapping(mapping: &Mapping) -> Result<Tests, ImportError> {
    let mut results = Vec::new();
    let mut verdicts = Vec::new();
    let mut trials = mapping.trials().peekable();
    if trials.peek().is_some() {
        let pipeline = super::pipeline_of(mapping, mapping.bind(Columns::Keys)?, false);
        for trial in trials {
            let verdict = try_out(&pipeline, trial.records(), |tried| trial.judge(tried))?;
            results.push(TestResult {
                number: trial.number(),
                name: trial.name().map(str::to_owned),
                failures: verdict.failures(),
            });
            verdicts.push(verdict);
        }
    }
    Ok(Tests {
        results,
        error: mapping.failed(verdicts),
    })
}

/// Makes sure that a mapping passes its tests, before a record is read by it.
pub(super) fn must_pass(mapping: &Mapping) -> Result<(), ImportError> {
    match test_mapping(mapping)?.error {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// What becomes of the records of a test, which are to be those of one customer. A single one
/// is a customer's, whatever stands in the column of `[group] by`.
fn try_out(
    pipeline: &Pipeline,
    records: impl Iterator<Item = Record>,
    judge: impl FnOnce(Tried<'_>) -> Verdict,
) -> Result<Verdict, ImportError> {
    let mut entries: Vec<Entry> = records.map(Entry::Record).collect();
    let mut groups = match (entries.len(), entries.pop()) {
        (1, Some(only)) => vec![Group::of_one(only)],
        (_, last) => {
            let entries = entries.into_iter().chain(last).map(Ok);
            let groups = Groups::of_trial(&pipeline.plan, entries);
            groups.collect::<Result<Vec<_>, _>>()?
        }
    };
    let count = groups.len();
    let Some(group) = groups.pop().filter(|_| count == 1) else {
        return Ok(judge(Tried::Several(count)));
    };
    // Of an invalid customer only the draft shows what its other fields became.
    let tally = &mut Tally::default();
    let lead = record_of(&group.lead);
    let mut draft = lead.and_then(|lead| pipeline.plan.apply(lead, tally));
    if let Some(draft) = &mut draft {
        for record in group.members.iter().filter_map(record_of) {
            pipeline.plan.add(record, draft, tally);
        }
    }
    let examined = pipeline.examine(&group, &mut Tally::default());
    Ok(match (examined, draft) {
        (Examined::Valid { customer, .. }, _) => judge(Tried::Made {
            customer: customer.customer(),
            errors: &[],
        }),
        (Examined::Invalid { errors, .. }, Some(draft)) => judge(Tried::Made {
            customer: &draft.customer,
            errors: &errors,
        }),
        _ => judge(Tried::LeftOut),
    })
}
