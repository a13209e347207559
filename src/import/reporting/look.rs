//! What a customer's records show when they are looked at once more.

use jiff::Timestamp;

use super::super::groups::Group;
use super::super::ledger::SettledSet;
use super::super::pipeline::{Examined, Pipeline, record_of};
use super::super::survey::Repeat;
use super::beside::Outcomes;
use crate::customer::Value;
use crate::mapping::Tally;
use crate::outcome::{FieldError, Outcome, Settled, Severity, Stage};
use crate::record::Position;

/// How a customer is looked at once more, on any thread.
pub(super) struct Looking<'a> {
    pub(super) pipeline: &'a Pipeline,
    /// Customers about which pass 1 found anything.
    pub(super) noted: &'a SettledSet,
    pub(super) wants_bodies: bool,
}

impl Looking<'_> {
    /// Looks at one.
    pub(super) fn at(&self, group: &Group, tally: &mut Tally) -> Look {
        if group.rest_of.is_some() {
            return Look::of_nothing();
        }
        if !self.wants_bodies && !self.noted.contains(group.position().record) {
            // It is valid or left out, and nothing is odd about it: of such a one only the key
            // is told.
            let (plan, key) = (&self.pipeline.plan, self.pipeline.key());
            let single = record_of(&group.lead).and_then(|lead| plan.single(key, lead, tally));
            if let Some(value) = single {
                return Look {
                    key: value.as_ref().and_then(key_text),
                    ..Look::of_nothing()
                };
            }
        }
        let examined = self.pipeline.examine(group, tally);
        Look::new(examined, self.pipeline, self.wants_bodies)
    }
}

/// A key as the report writes it.
fn key_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::DateTime(moment) => Some(moment.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What the record itself shows, looked at once more.
pub(super) struct Look {
    pub(super) key: Option<String>,
    stage: Stage,
    left_out: bool,
    pub(super) errors: Vec<FieldError>,
    pub(super) warnings: Vec<FieldError>,
    body: Option<Vec<u8>>,
    /// When it was sent last, if it is unknown.
    pub(super) last_attempt: Option<Timestamp>,
}

impl Look {
    pub(super) fn of_nothing() -> Self {
        Self {
            key: None,
            stage: Stage::Validation,
            left_out: false,
            errors: Vec::new(),
            warnings: Vec::new(),
            body: None,
            last_attempt: None,
        }
    }

    fn new(examined: Examined, pipeline: &Pipeline, wants_body: bool) -> Self {
        let mut look = Self::of_nothing();
        match examined {
            Examined::LeftOut => look.left_out = true,
            Examined::Invalid {
                stage,
                errors,
                warnings,
                number: _,
            } => {
                look.stage = stage;
                look.errors = errors;
                look.warnings = warnings;
            }
            Examined::Valid { customer, warnings } => {
                look.key = customer.customer().get(pipeline.key()).and_then(key_text);
                look.warnings = warnings;
                look.body = wants_body.then(|| customer.body());
            }
        }
        look
    }

    /// What is to be said about its repeats.
    pub(super) fn add_repeats(&mut self, repeats: &[Repeat], pipeline: &Pipeline) {
        for repeat in repeats {
            let mut error = pipeline.repeat_error(repeat);
            error.value.clone_from(&self.key);
            match pipeline.rules.severity(repeat.code) {
                Severity::Error => self.errors.push(error),
                Severity::Warn => {
                    error.value = None;
                    self.warnings.push(error);
                }
                Severity::Off => {}
            }
        }
    }

    /// The outcome in a dry run.
    pub(super) fn as_settled(&self, position: Position, outcomes: &Outcomes<'_>) -> Settled {
        let exists = match outcomes {
            Outcomes::Probed(found) => found.outcome(position.record),
            _ => None,
        };
        let outcome = if self.left_out {
            Outcome::LeftOut
        } else if self.errors.is_empty() {
            exists.unwrap_or(Outcome::Ready)
        } else {
            Outcome::Invalid {
                stage: self.stage,
                errors: self.errors.clone(),
            }
        };
        Settled {
            position,
            key_hash: None,
            payload: None,
            outcome,
            at: Timestamp::now(),
        }
    }

    /// An invalid record's errors: as they are seen now, with the values; else as the journal
    /// kept them (an existing key is seen by nobody but the ERP). Nobody else has any.
    pub(super) fn errors_for(&mut self, settled: &Settled) {
        match &settled.outcome {
            Outcome::Invalid { errors, .. } => {
                if self.errors.is_empty() {
                    self.errors.clone_from(errors);
                    for error in &mut self.errors {
                        error.value.clone_from(&self.key);
                    }
                }
            }
            _ => self.errors.clear(),
        }
    }

    pub(super) fn body_if_ready(&mut self, settled: &Settled) -> Option<Vec<u8>> {
        self.body
            .take()
            .filter(|_| settled.outcome == Outcome::Ready)
    }
}
