//! Bugs that others have, planted on purpose: the simulation must find each of them. Most lie
//! to the engine at its border; some reach into it and leave it as a wrong line would.

use crate::deliver::engine::job::Purpose;
use crate::deliver::engine::{Engine, JobId};
use crate::deliver::pace::Moment;
use crate::outcome::{Answer, Attempt, Sent, Trouble};

/// Which bug is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plant {
    /// None.
    Nothing,
    /// A lost answer counts as "never sent": sent again without a look-up.
    ResendsWithoutLookUp,
    /// POSTs leave while their intent is still on the way to the disk.
    PostsBeforeDurable,
    /// The outcome is written when the POST leaves, not when it is answered.
    SettlesBeforeTheAnswer,
    /// The settle time runs from the send, and not from the first answer after giving up.
    SettlesFromTheSend,
    /// Look-ups count at once, without any settle time.
    IgnoresSettleTime,
    /// One look-up without a find is enough.
    LooksOnce,
    /// Only the first page of a look-up is read.
    ReadsFirstPageOnly,
    /// A process does not ask what the one before it left open.
    ForgetsIntents,
    /// What is unclear at a stop is taken for not sent.
    VoidsWhatIsUnclear,
    /// 402 is taken for a refusal of one record.
    TakesLicenceForARecord,
    /// The exit code minds the counts, and not how the run ended.
    CodeOfCountsAlone,
}

/// The answer to a POST as the bug tells it.
pub(super) fn twisted(plant: Plant, attempt: Attempt) -> Attempt {
    match (plant, attempt) {
        (
            Plant::ResendsWithoutLookUp,
            Attempt::Unanswered {
                sent: Sent::Maybe, ..
            },
        ) => Attempt::Unanswered {
            kind: Trouble::Connect,
            sent: Sent::Never,
        },
        (Plant::TakesLicenceForARecord, Attempt::Answered(answer)) if answer.status == 402 => {
            Attempt::Answered(Answer {
                status: 400,
                ..answer
            })
        }
        (_, attempt) => attempt,
    }
}

/// The job's settle time runs from this moment.
pub(super) fn anchor(engine: &mut Engine, job: JobId, moment: Moment) {
    let purpose = engine
        .jobs
        .get_mut(&job)
        .and_then(|job| job.purpose.as_mut());
    if let Some(Purpose::Reconcile(reconciling)) = purpose {
        reconciling.anchor = Some(moment);
    }
}

/// The job has missed once already.
pub(super) fn count_a_miss(engine: &mut Engine, job: JobId) {
    let purpose = engine
        .jobs
        .get_mut(&job)
        .and_then(|job| job.purpose.as_mut());
    if let Some(Purpose::Reconcile(reconciling)) = purpose {
        reconciling.misses = reconciling.misses.max(1);
    }
}

/// Nobody fits, whatever the server would say.
pub(super) fn answer_with_nobody(engine: &mut Engine, job: JobId, now: Moment) {
    let nobody = Attempt::Answered(Answer {
        status: 200,
        retry_after: None,
        quota: None,
        body: Ok(b"{\"Items\":[]}".to_vec()),
    });
    engine.looked(job, &nobody, now);
}
