//! Named instants at which the program can be made to die, so that a test can show what the
//! next process makes of what is left.
//!
//! Only with the feature `fail-points`, which no release has; without it [`pass`] is nothing.
//! The variable `FAIL_POINT=intent.committed@3`, which `settings` reads, arms one of them: the
//! process aborts as it passes there for the third time, without unwinding, without running a
//! destructor and without flushing a buffer, as after SIGKILL.
//!
//! Owns the list of the instants. It must not know what happens there.

/// Writes the list of the instants once: the kinds and their names.
macro_rules! points {
    ($($(#[$doc:meta])* $kind:ident $name:literal;)*) => {
        /// An instant at which it matters that the process may be gone the next moment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Point {
            $($(#[$doc])* $kind,)*
        }

        impl Point {
            /// Every instant, roughly in the order in which a run passes them.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Its name in `FAIL_POINT`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

points! {
    /// A folder for reports was tried.
    ReportTried "report.tried";
    /// The standard input is on the disk, under a temporary name.
    SpoolWritten "spool.written";
    /// It has its name, which is perhaps not on the disk yet.
    SpoolNamed "spool.named";
    /// A new journal is complete and synced, under a temporary name.
    JournalDrafted "journal.drafted";
    /// It has its name.
    JournalNamed "journal.named";
    /// A step to a newer format is written, but not committed.
    MigrationWritten "migration.written";
    /// A step to a newer format is committed.
    MigrationCommitted "migration.committed";
    /// The target's lock is ours.
    LockTaken "lock.taken";
    /// The journal knows of the run.
    RunBegun "run.begun";
    /// The journal knows that the run goes on.
    RunReopened "run.reopened";
    /// What pass 1 found out about some records is committed.
    FindingsCommitted "findings.committed";
    /// The journal knows how many records there are.
    ReadNoted "run.read";
    /// A run of which nothing was sent is about to be taken back.
    Discarding "discard.before";
    /// It is taken back.
    Discarded "discard.after";
    /// A record's first intent is about to be committed.
    IntentReady "intent.ready";
    /// It is committed; its POST has not left.
    IntentCommitted "intent.committed";
    /// The intent of a further POST of a record, known to be absent, is about to be committed.
    AgainReady "again.ready";
    /// It is committed; the POST has not left.
    AgainCommitted "again.committed";
    /// A POST is about to leave.
    PostLeaving "post.leaving";
    /// A POST or look-up was written, and the head of its answer is there; nobody has read the
    /// rest.
    AnswerBegun "answer.begun";
    /// A POST's answer, or its lack, is known; nobody has acted upon it.
    PostAnswered "post.answered";
    /// A look-up is about to leave.
    LookLeaving "look.leaving";
    /// A look-up's answer, or its lack, is known; nobody has acted upon it.
    LookAnswered "look.answered";
    /// An outcome is about to be committed.
    OutcomeReady "outcome.ready";
    /// It is committed.
    OutcomeCommitted "outcome.committed";
    /// A look-up has found a customer of ours; the outcome is about to be committed.
    FoundReady "found.ready";
    /// It is committed.
    FoundCommitted "found.committed";
    /// An intent is about to be taken back, for nothing was sent.
    VoidReady "void.ready";
    /// It is taken back.
    VoidCommitted "void.committed";
    /// The journal is about to learn how the run ended.
    FinishReady "finish.ready";
    /// It knows; what was erased may still lie in its files.
    FinishCommitted "finish.committed";
    /// The open intents stand in cleared pages; the log holds the old ones.
    PagesCleared "erase.cleared";
    /// The log is cut.
    LogCut "erase.cut";
    /// A file of the report is written, but not synced.
    ReportWritten "report.written";
    /// It is synced, under its temporary name.
    ReportSynced "report.synced";
    /// It has its name.
    ReportNamed "report.named";
    /// The whole report is in its place.
    ReportWhole "report.whole";
    /// The spooled standard input is about to be removed.
    SpoolSpent "spool.spent";
    /// Where a job's input is about to be copied to is noted; nothing is there.
    CopyNoted "copy.noted";
    /// The copy is written, but not synced.
    CopyWritten "copy.written";
    /// It is complete and synced, and the name is noted that it is about to be given.
    CopyWhole "copy.whole";
    /// It has its name; the input is still in the inbox.
    CopyNamed "copy.named";
    /// The input is gone from there; the note of the copy is not.
    CopyDone "copy.done";
}

/// The process may die here.
#[inline(always)]
pub fn pass(point: Point) {
    #[cfg(feature = "fail-points")]
    armed::pass(point);
    #[cfg(not(feature = "fail-points"))]
    let _ = point;
}

/// The process may die at the instant that `point` makes of any of the items, one by one.
#[inline(always)]
pub fn pass_each<T>(items: &[T], point: impl Fn(&T) -> Point) {
    #[cfg(feature = "fail-points")]
    for item in items {
        armed::pass(point(item));
    }
    #[cfg(not(feature = "fail-points"))]
    let _ = (items, point);
}

#[cfg(feature = "fail-points")]
pub use armed::arm;

#[cfg(feature = "fail-points")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Point;

    /// Where this process dies, and how often it still passes there, that time included.
    static ARMED: OnceLock<(Point, AtomicU64)> = OnceLock::new();

    /// Arms the instant that `text` names: `NAME@N` for its N-th passage. Only the first call
    /// of a process counts.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text.
    pub fn arm(text: &str) -> Result<(), String> {
        let (name, passage) = text.split_once('@').unwrap_or((text, "1"));
        let point = Point::ALL.iter().find(|point| point.name() == name);
        let point = point.ok_or_else(|| format!("there is no fail point `{name}`"))?;
        let passage = passage.parse().ok().filter(|passage| *passage > 0);
        let passage = passage.ok_or("write NAME@N, with N from 1".to_owned())?;
        ARMED.get_or_init(|| (*point, AtomicU64::new(passage)));
        Ok(())
    }

    pub(super) fn pass(point: Point) {
        if let Some((armed, left)) = ARMED.get()
            && *armed == point
            && left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Point::ALL.iter().map(|point| point.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Point::ALL.len());
    }

    #[cfg(feature = "fail-points")]
    #[test]
    fn a_wrong_text_arms_nothing() {
        for text in ["", "intent", "intent.committed@", "intent.committed@0"] {
            assert!(arm(text).is_err(), "{text}");
        }
        // Nothing is armed: this returns.
        pass(Point::IntentCommitted);
    }
}
