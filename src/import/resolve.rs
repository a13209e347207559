//! What a person found out about an unknown record (`importer resolve`).
//!
//! Nothing is asked of the ERP here: the person's word settles the record, in one transaction
//! with everything that follows from it (the guard, the counts, the erased intent).

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::borrowed::{self, Waits};
use super::noted::again_of;
use super::which::reports_of;
use super::{ImportError, live};
use crate::customer::normalise_key;
use crate::journal::{Entry, Journal, OpenIntent, RunRow};
use crate::outcome::{Bilingual, How, Outcome, Settled, both};

/// What the person says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is in the ERP, with this number.
    Created(String),
    /// It is not there.
    NotCreated,
}

/// What a person found out about one record.
pub struct Resolution<'a> {
    /// The state folder with the journal.
    pub state_dir: &'a Path,
    /// The run, by its id or the beginning of it.
    pub run: &'a str,
    /// The record's number in the input, from 1.
    pub record: u64,
    /// What the person says.
    pub said: Said,
    /// Who is asked whether a number is right that is not the one that was sent.
    pub confirm: &'a dyn Fn() -> bool,
    /// The command line, for those who find the target locked.
    pub command_line: &'a str,
}

/// What a resolution came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The run as it is now.
    pub run: RunRow,
    /// The record's number.
    pub record: u64,
    /// What the record is now; none: open, the run's own command sends it.
    pub outcome: Option<Outcome>,
    /// That command, where the journal knows it.
    pub again: Option<String>,
    /// The folder in which the run's report was written last.
    pub reports: Option<PathBuf>,
}

/// Why a record cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The input of the run has no such record.
    #[error("run {run} has no record {record}: its input has {read}")]
    NoSuchRecord {
        /// The run.
        run: String,
        /// The record's number.
        record: u64,
        /// Records in the input.
        read: u64,
    },
    /// What became of the record is known.
    #[error("record {record} of run {run} is not unknown: it is {word}")]
    NotUnknown {
        /// The run.
        run: String,
        /// The record's number.
        record: u64,
        /// Its outcome's word, or `open`.
        word: &'static str,
    },
    /// The record is unknown because another run's record of the same customer is.
    #[error(
        "record {record} was not sent by run {run}: its customer is unknown since record {other_record} of run {other_run}"
    )]
    UnknownElsewhere {
        /// The run.
        run: String,
        /// The record's number.
        record: u64,
        /// The run that sent the customer.
        other_run: String,
        /// The record's number there.
        other_record: u64,
    },
    /// The record waits for the one that it corrects, which is open again.
    #[error(
        "record {record} was not sent by run {run}: it corrects record {other_record} of run {other_run}, which that run has still to send"
    )]
    OpenElsewhere {
        /// The run.
        run: String,
        /// The record's number.
        record: u64,
        /// The run that sends the customer.
        other_run: String,
        /// The record's number there.
        other_record: u64,
    },
    /// The number is not the one that was sent, and nobody confirmed it.
    #[error("record {record} was sent with another customer number than this one")]
    OtherNumber {
        /// The record's number.
        record: u64,
    },
}

impl ResolveError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Bilingual {
        match self {
            Self::NoSuchRecord { run, .. } => both!(
                "`importer show {run} --outcome unknown` lists the records that can be resolved",
                "`importer show {run} --outcome unknown` zählt die Datensätze auf, die sich klären lassen"
            ),
            Self::NotUnknown { run, word, .. } => {
                if *word == "open" {
                    both!(
                        "the same command as before sends it",
                        "derselbe Befehl wie zuvor sendet ihn"
                    )
                } else {
                    both!(
                        "`importer show {run} --outcome unknown` lists the records that can be \
                         resolved",
                        "`importer show {run} --outcome unknown` zählt die Datensätze auf, die sich klären lassen"
                    )
                }
            }
            Self::UnknownElsewhere {
                other_run,
                other_record,
                ..
            } => both!(
                "resolve that one: `importer resolve {other_run} {other_record} …`",
                "jenen klären: `importer resolve {other_run} {other_record} …`"
            ),
            Self::OpenElsewhere { other_run, .. } => both!(
                "finish run {other_run} first by the same command over its input; then the same \
                 command as before settles this one",
                "zuerst den Lauf {other_run} mit demselben Befehl über seine Eingabe zu Ende bringen; dann erledigt derselbe Befehl wie zuvor diesen"
            ),
            Self::OtherNumber { .. } => both!(
                "`unknown.csv` has the number that was sent; if Wawi \
                                         really gave it this one, `--yes` accepts it",
                "in `unknown.csv` steht die gesendete Nummer; hat die Wawi wirklich diese vergeben, nimmt `--yes` sie an"
            ),
        }
    }
}

impl ResolveError {
    /// What is wrong, in German.
    #[must_use]
    pub fn in_german(&self) -> String {
        match self {
            Self::NoSuchRecord { run, record, read } => {
                format!("der Lauf {run} hat keinen Datensatz {record}: seine Eingabe hat {read}")
            }
            Self::NotUnknown { run, record, word } => {
                format!("der Datensatz {record} des Laufs {run} ist nicht unbekannt (`{word}`)")
            }
            Self::UnknownElsewhere {
                run,
                record,
                other_run,
                other_record,
            } => format!(
                "der Lauf {run} hat den Datensatz {record} nicht gesendet: dessen Kunde ist seit \
                 Datensatz {other_record} des Laufs {other_run} unbekannt"
            ),
            Self::OpenElsewhere {
                run,
                record,
                other_run,
                other_record,
            } => format!(
                "der Lauf {run} hat den Datensatz {record} nicht gesendet: er berichtigt Datensatz \
                 {other_record} des Laufs {other_run}, den jener Lauf noch zu senden hat"
            ),
            Self::OtherNumber { record } => format!(
                "der Datensatz {record} wurde mit einer anderen Kundennummer gesendet als dieser"
            ),
        }
    }
}

impl Resolution<'_> {
    /// Settles the record, durably, in one transaction.
    ///
    /// # Errors
    /// If the run or the record is not there, the record is not unknown, a run into the target
    /// is at work, the number was not confirmed, or the journal cannot be used.
    pub fn settle(self) -> Result<Resolved, ImportError> {
        let no_such_run = || ImportError::NoSuchRun(self.run.to_owned());
        let looked = Journal::open_existing(self.state_dir)?.ok_or_else(no_such_run)?;
        let row = looked.run(self.run)?.ok_or_else(no_such_run)?;
        drop(looked);
        let holder = live::holder(self.command_line);
        let _lock = crate::journal::lock(self.state_dir, &row.target, &holder)?;
        // From here on nobody else changes it.
        let mut journal = Journal::open(self.state_dir)?;
        let intent = self.unknown(&journal, &row)?;
        let position = intent.submission.position;
        let (entry, outcome) = match &self.said {
            Said::NotCreated => (Entry::Void(position), None),
            Said::Created(number) => {
                if !was_sent_with(&intent, number) && !(self.confirm)() {
                    return Err(ResolveError::OtherNumber {
                        record: self.record,
                    }
                    .into());
                }
                let outcome = Outcome::Created {
                    id: None,
                    number: Some(number.clone()),
                    attempts: intent.attempt,
                    how: How::Resolved,
                };
                let settled = Settled {
                    position,
                    key_hash: intent.submission.key_hash,
                    payload: Some(intent.submission.payload),
                    outcome: outcome.clone(),
                    at: Timestamp::now(),
                };
                (Entry::Settled(settled), Some(outcome))
            }
        };
        journal.commit(&row.id, &[entry])?;
        borrowed::settle(&mut journal, &row.target)?;
        let run = journal.run(&row.id)?.ok_or_else(no_such_run)?;
        journal.close()?;
        Ok(Resolved {
            record: self.record,
            outcome,
            again: again_of(&run),
            reports: reports_of(&run),
            run,
        })
    }

    /// The record's intent, if it is one of which nobody knows the end.
    fn unknown(&self, journal: &Journal, row: &RunRow) -> Result<OpenIntent, ImportError> {
        if let Some(intent) = journal.open_intent(&row.id, self.record)? {
            return Ok(intent);
        }
        let (run, record) = (row.id.clone(), self.record);
        let Some(settled) = journal.outcome(&row.id, self.record)? else {
            return Err(match row.read {
                Some(read) if record > read => ResolveError::NoSuchRecord { run, record, read },
                _ => ResolveError::NotUnknown {
                    run,
                    record,
                    word: "open",
                },
            }
            .into());
        };
        let waits = if borrowed::is_borrowed(&settled.outcome) {
            borrowed::who_waits(journal, row, &settled)?
        } else {
            None
        };
        let word = settled.outcome.word();
        Err(match waits {
            Some(Waits::ForUnknown(other_run, other_record)) => ResolveError::UnknownElsewhere {
                run,
                record,
                other_run,
                other_record,
            },
            Some(Waits::ForOpen(other_run, other_record)) => ResolveError::OpenElsewhere {
                run,
                record,
                other_run,
                other_record,
            },
            // What it waited for was settled meanwhile: the run's own command takes it up.
            None if word == "unknown" => ResolveError::NotUnknown {
                run,
                record,
                word: "open",
            },
            None => ResolveError::NotUnknown { run, record, word },
        }
        .into())
    }
}

/// Whether the record was sent with this customer number. One that was sent without any got
/// its number from the ERP.
fn was_sent_with(intent: &OpenIntent, number: &str) -> bool {
    let body: Option<serde_json::Value> = serde_json::from_slice(&intent.submission.body).ok();
    let sent = body.as_ref().and_then(|body| body.get("Number")?.as_str());
    sent.is_none_or(|sent| normalise_key(sent) == normalise_key(number))
}
