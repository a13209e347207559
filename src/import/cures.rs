//! Lines of the mapping that would cure errors: proposed by mapping, and tried here before
//! anybody is told.

use super::groups::Group;
use super::pipeline::{Examined, Pipeline};
use super::{ImportError, bind, pipeline_of};
use crate::mapping::{Mapping, Tally};
use crate::outcome::{Cure, Damage, ErrorGroup, FieldError};
use crate::source::Source;

/// What cures are tried on.
pub(super) struct Cures<'a> {
    pub source: &'a Source,
    pub pipeline: &'a Pipeline,
}

impl Cures<'_> {
    /// The line that cures this error of this customer: with it, nothing is found at the error's
    /// field any more. One mapping is compiled for it; groups ask once.
    pub(super) fn of(&self, error: &FieldError, group: &Group) -> Option<Cure> {
        let plan = &self.pipeline.plan;
        let proposal = plan.cure(error)?;
        let cured = self.bind(&proposal.mapping).ok()?;
        let (errors, warnings) = match cured.examine(group, &mut Tally::default()) {
            Examined::LeftOut => return None,
            Examined::Valid { warnings, .. } => (Vec::new(), warnings),
            Examined::Invalid {
                errors, warnings, ..
            } => (errors, warnings),
        };
        let mut found = errors.iter().chain(&warnings);
        let is_cured = !found.any(|found| found.target == error.target);
        is_cured.then_some(proposal.cure)
    }

    fn bind(&self, mapping: &Mapping) -> Result<Pipeline, ImportError> {
        let unkeyed = self.pipeline.rules.allow_unkeyed;
        let mut cured = match &self.pipeline.join {
            Some(join) => pipeline_of(mapping, join.bind(mapping)?, unkeyed),
            None => bind(mapping, self.source, unkeyed)?,
        };
        cured.tell(self.pipeline.told.clone())?;
        cured.known = self.pipeline.known.clone();
        Ok(cured)
    }

    /// Takes a cure back that would harm more records than it helps: the decimal sign of a
    /// column of which most records have the declared one.
    pub(super) fn weigh(group: &mut ErrorGroup, read: u64) {
        let kind = group.kind.as_deref().and_then(Damage::from_word);
        let is_of_the_whole_column =
            matches!(kind, Some(Damage::DecimalPoint | Damage::DecimalComma));
        if is_of_the_whole_column && group.count.saturating_mul(2) < read {
            group.cure = None;
        }
    }
}
