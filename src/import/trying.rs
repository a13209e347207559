//! The tests that a mapping brings along (`[[test]]`): each of their records goes through the
//! same mapping and validation as one of an input.

use super::ImportError;
use super::groups::Group;
use super::pipeline::{Examined, Pipeline};
use crate::mapping::{Columns, Mapping, MappingError, Tally, Tried, Verdict};
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
            let verdict = try_out(&pipeline, trial.record(), |tried| trial.judge(tried));
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

fn try_out(
    pipeline: &Pipeline,
    record: crate::record::Record,
    judge: impl FnOnce(Tried<'_>) -> Verdict,
) -> Verdict {
    // Of an invalid record only the draft shows what its other fields became.
    let draft = pipeline.plan.apply(&record, &mut Tally::default());
    match (
        pipeline.examine(&Group::of_one(Entry::Record(record)), &mut Tally::default()),
        draft,
    ) {
        (Examined::Valid { customer, .. }, _) => judge(Tried::Made {
            customer: customer.customer(),
            errors: &[],
        }),
        (Examined::Invalid { errors, .. }, Some(draft)) => judge(Tried::Made {
            customer: &draft.customer,
            errors: &errors,
        }),
        _ => judge(Tried::LeftOut),
    }
}
