//! What one run is asked to do.

use std::path::PathBuf;
use std::time::Duration;

use crate::deliver::{Credentials, DeliverySettings, TargetSettings, Threshold};
use crate::outcome::{Asked, Bilingual, both};
use crate::report::ReportSettings;
use crate::source::SourceSettings;

/// What happens to customers that the ERP has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// They are left alone.
    #[default]
    Skip,
    /// They are errors.
    Fail,
    /// Nobody asks; everything is sent.
    Send,
}

/// Records chosen by number: `5,17-20`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSet {
    ranges: Vec<(u64, u64)>,
}

impl RecordSet {
    /// Reads `5,17-20`; numbers are counted from 1.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, Bilingual> {
        let mut ranges = Vec::new();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| {
                text.trim()
                    .parse::<u64>()
                    .ok()
                    .filter(|number| *number > 0)
                    .ok_or_else(|| {
                        both!(
                            "`{part}` is no record number or range like 17-20",
                            "`{part}` ist keine Datensatznummer und kein Bereich wie 17-20"
                        )
                    })
            };
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return Err(both!(
                    "`{part}` ends before it begins",
                    "`{part}` endet vor seinem Anfang"
                ));
            }
            ranges.push((first, last));
        }
        if ranges.is_empty() {
            return Err(both!(
                "no record number given; write 5 or 5,17-20",
                "keine Datensatznummer angegeben; 5 oder 5,17-20 schreiben"
            ));
        }
        Ok(Self { ranges })
    }

    /// The highest number that is chosen, if the input's `read` records do not reach it.
    #[must_use]
    pub fn beyond(&self, read: u64) -> Option<u64> {
        let highest = self.ranges.iter().map(|(_, last)| *last).max();
        highest.filter(|last| *last > read)
    }

    /// A number from which on nothing of what was asked for is among the input's `read` records.
    #[must_use]
    pub fn missing(&self, read: u64) -> Option<u64> {
        let mut starts = self.ranges.iter().map(|(first, _)| *first);
        starts.find(|first| *first > read)
    }

    /// The numbers that are chosen, each once, up to `read`.
    pub(super) fn up_to(&self, read: u64) -> impl Iterator<Item = u64> {
        let mut ranges = self.ranges.clone();
        ranges.sort_unstable();
        let mut next = 1;
        ranges.into_iter().flat_map(move |(first, last)| {
            let (first, last) = (first.max(next), last.min(read));
            next = next.max(last.saturating_add(1));
            first..=last
        })
    }

    /// Whether the record is chosen.
    #[must_use]
    pub fn contains(&self, record: u64) -> bool {
        self.ranges
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&record))
    }
}

/// What beyond failures makes a run end with code 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// A record whose data changed since it was sent.
    Changed,
    /// A warning.
    Warning,
}

/// What `--max-invalid` is unless it is given.
pub(super) const MAX_INVALID: Threshold = Threshold::Percent(20.0);

/// Invalid records before a share of them is judged.
const INVALID_JUDGED_FROM: u64 = 20;

/// What one run is asked to do, beyond its input and mapping.
#[derive(Clone, Debug)]
pub struct ImportSettings {
    /// How the input is read, as far as the command line says; the mapping says the rest.
    pub source: SourceSettings,
    /// What of that was typed for this command: it is warned of where an input has no use for it.
    /// What stands in settings or in a job may be meant for other inputs.
    pub typed_source: SourceSettings,
    /// Where customers go; none in a dry run or with the built-in sandbox.
    pub target: Option<TargetSettings>,
    /// Who we are there.
    pub credentials: Credentials,
    /// How delivery behaves.
    pub delivery: DeliverySettings,
    /// Where and how the report is written.
    pub report: ReportSettings,
    /// The state folder with journal, locks and spooled inputs.
    pub state_dir: PathBuf,
    /// What happens to customers that the ERP has already.
    pub existing: Existing,
    /// Send what a finished run refused or found invalid.
    pub retry_failed: bool,
    /// Start over and ask the ERP instead of the journal.
    pub again: bool,
    /// Accept that a returned file differs from its original where nothing was wrong.
    pub accept_changes: bool,
    /// Accept that the address leads to another server now.
    pub target_changed: bool,
    /// Send records without a key.
    pub allow_unkeyed: bool,
    /// An input without records is fine.
    pub allow_empty: bool,
    /// New creates at most.
    pub limit: Option<u64>,
    /// Only these records.
    pub records: Option<RecordSet>,
    /// Invalid records before nothing is sent. By default 20% once at least 20 are invalid; of a
    /// returned file, whose records have all failed before, any number.
    pub max_invalid: Option<Threshold>,
    /// What else makes the run end with code 3.
    pub fail_on: Option<FailOn>,
    /// How long the run may take.
    pub max_duration: Option<Duration>,
    /// A dry run asks the ERP what only it knows; then there is a target.
    pub probe: bool,
    /// Where a dry run writes the bodies as JSONL; `-` is stdout.
    pub payloads: Option<PathBuf>,
    /// Where the options stand that advice is about.
    pub asked: Asked,
    /// The command line that the user typed, for those who find the target locked.
    pub command_line: String,
    /// The command that goes on with the run.
    pub resume_command: String,
    /// The command that sends the input again once the run is over: in a scheduled job another
    /// one, for its input is in the archive then.
    pub again_command: String,
    /// The same that also tries again what has failed.
    pub retry_command: String,
    /// Options that the user typed and that a command about the same target needs too, each
    /// with a blank before it.
    pub target_options: String,
    /// Those among them that a command about the same journal needs.
    pub journal_options: String,
    /// Those that writing the report again needs.
    pub report_options: String,
    /// Those that the import of corrected records needs.
    pub correct_options: String,
    /// Whether the journal goes when the command ends, as that of a sandbox does.
    pub is_journal_temporary: bool,
}

/// Name of the target of a run whose sandbox and journal end with it.
pub const SANDBOX: &str = "sandbox";

impl ImportSettings {
    /// Whether `invalid` of `read` records are too many for `--max-invalid`; `returned` says that
    /// it is a returned file.
    #[must_use]
    pub fn are_too_many_invalid(&self, invalid: u64, read: u64, returned: bool) -> bool {
        let most = match self.max_invalid {
            None if returned => return false,
            None => MAX_INVALID,
            Some(most) => most,
        };
        let judged = match most {
            Threshold::Count(_) => true,
            Threshold::Percent(_) => invalid >= INVALID_JUDGED_FROM,
        };
        judged && most.is_exceeded(invalid, read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_records_are_counted_once() {
        let up_to = |text, read| -> Vec<u64> {
            let records = RecordSet::parse(text).unwrap();
            records.up_to(read).collect()
        };
        assert_eq!(up_to("5,1-3", 9), [1, 2, 3, 5]);
        assert_eq!(up_to("2-6,1-9,4,9,3-8", 9), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(up_to("1-3,2-18446744073709551615", 4), [1, 2, 3, 4]);
        assert_eq!(up_to("7,8-9", 6), [0; 0]);
    }
}
