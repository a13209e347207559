//! What a run came to, gathered from its parts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::cures::Cures;
use super::groups::Group;
use super::pipeline::Pipeline;
use super::settings::{FailOn, ImportSettings};
use crate::outcome::summary::{Cause, Groups, Told, Words};
use crate::outcome::{
    Code, Counts, Cure, Ending, ExitCode, FieldError, Language, Outcome, ServerError, Settled,
    Summary, Traffic,
};
use crate::record::Position;
use crate::report::{Rows, Shape};

/// The parts of a summary that every kind of run has.
pub(super) struct Facts {
    pub run: String,
    pub dry_run: bool,
    pub resumed: bool,
    pub input: String,
    pub input_hash: String,
    pub source: String,
    pub mapping: String,
    pub mapping_hash: String,
    pub target: Option<String>,
    pub workflows: String,
    pub shape: Shape,
    pub started: Timestamp,
    pub report_dir: String,
}

impl Facts {
    /// A summary with these facts and nothing else yet.
    pub(super) fn summary(self, ending: Ending, counts: Counts) -> Summary {
        let exit_code = ending.exit_code(&counts).number();
        Summary {
            run: self.run,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            dry_run: self.dry_run,
            resumed: self.resumed,
            finished_before: false,
            before: Counts::default(),
            input: self.input,
            input_hash: self.input_hash,
            source: self.source,
            mapping: self.mapping,
            mapping_hash: self.mapping_hash,
            target: self.target,
            workflows: self.workflows,
            started: self.started,
            finished: Timestamp::now(),
            ending,
            exit_code,
            counts,
            warnings: 0,
            repairs: BTreeMap::new(),
            errors: Vec::new(),
            warning_groups: Vec::new(),
            traffic: Traffic::default(),
            latency: None,
            conditions: Box::default(),
            requests_per_second: 0.0,
            reading_seconds: 0.0,
            sending_seconds: 0.0,
            plan: None,
            linked: None,
            report_dir: self.report_dir,
            failed_file: self.shape.failed_file().to_owned(),
            has_failed_workbook: self.shape.has_failed_workbook(),
            is_journal_gone: false,
            resume_with: None,
            correct_with: None,
            retry_with: None,
            again_with: None,
            reconcile_with: None,
            check_with: None,
            resolve_with: None,
        }
    }
}

/// Fields whose columns are kept.
const FIELDS_AT_MOST: usize = 256;

/// Errors and warnings by cause.
#[derive(Default)]
pub(super) struct Causes {
    errors: Groups,
    warnings: Groups,
    warned: u64,
    /// Whether no command can go on with the run: its journal went with a sandbox.
    is_journal_gone: bool,
    /// The columns behind fields that the server named: it names the same ones again and again.
    columns: HashMap<String, Vec<String>>,
}

impl Causes {
    /// None yet, for people who are spoken to in this language.
    pub(super) fn new(language: Language, is_journal_gone: bool) -> Self {
        let mut causes = Self {
            is_journal_gone,
            ..Self::default()
        };
        causes.errors.language = language;
        causes.warnings.language = language;
        causes
    }

    /// Notes what is wrong with, and odd about, one record, each of which stands where it says;
    /// `told` says what may be shown of it.
    pub(super) fn note(
        &mut self,
        settled: &Settled,
        errors: &[FieldError],
        warnings: &[FieldError],
        group: &Group,
        cures: &Cures<'_>,
        told: &Rows,
    ) {
        let position = settled.position;
        let pipeline = cures.pipeline;
        for error in errors {
            add(&mut self.errors, position, error, group, cures, told);
        }
        if let Outcome::Refused {
            status,
            code,
            errors,
            ..
        } = &settled.outcome
        {
            self.note_refused(position, *status, code.as_deref(), errors, pipeline);
        }
        for warning in warnings {
            add(&mut self.warnings, position, warning, group, cures, told);
        }
        let warned: BTreeSet<_> = warnings
            .iter()
            .map(|warning| warning.further_record())
            .collect();
        self.warned += warned.len() as u64;
    }

    /// Notes what is odd about one record that nobody looked at again: no line of the mapping
    /// would cure that.
    pub(super) fn note_odd(&mut self, position: Position, warnings: &[FieldError], told: &Rows) {
        for warning in warnings {
            let example = || Some(told.for_people(warning));
            self.warnings
                .add(position, Cause::from(warning), example, || {
                    words(warning, told.language(), None)
                });
        }
        self.warned += u64::from(!warnings.is_empty());
    }

    /// Notes what was wrong with one record, as the journal knows it: it is not looked at again, so
    /// that no value is shown, and no line of the mapping that would cure it.
    pub(super) fn note_settled(&mut self, settled: &Settled, pipeline: &Pipeline) {
        match &settled.outcome {
            Outcome::Invalid { errors, .. } => {
                let language = self.errors.language;
                for error in errors {
                    let position = error.further_record().unwrap_or(settled.position);
                    let words = || words(error, language, None);
                    self.errors
                        .add(position, Cause::from(error), || None, words);
                }
            }
            Outcome::Refused {
                status,
                code,
                errors,
                ..
            } => {
                let code = code.as_deref();
                self.note_refused(settled.position, *status, code, errors, pipeline);
            }
            _ => {}
        }
    }

    fn note_refused(
        &mut self,
        position: Position,
        status: u16,
        code: Option<&str>,
        errors: &[ServerError],
        pipeline: &Pipeline,
    ) {
        let code = code.map_or_else(|| format!("http.{status}"), str::to_owned);
        let exhausted = code == Code::AttemptsExhausted.as_str();
        let is_journal_gone = self.is_journal_gone;
        let remedy = |language| refused_remedy(exhausted, is_journal_gone, language);
        let silent = |language: Language| match (exhausted, language) {
            (true, _) => language
                .pick(
                    "Every attempt failed, and the customer is known not to be in the ERP.",
                    "Alle Versuche sind gescheitert, und der Kunde ist sicher nicht in der Wawi.",
                )
                .to_owned(),
            (false, Language::English) => {
                format!("The server answered {status} and gave no reason.")
            }
            (false, Language::German) => {
                format!("Der Server hat mit {status} geantwortet und keinen Grund genannt.")
            }
        };
        let is_silent = errors.is_empty();
        let nothing_said = [ServerError {
            field: String::new(),
            text: silent(Language::English),
        }];
        let errors = if errors.is_empty() {
            &nothing_said
        } else {
            errors
        };
        for error in errors {
            let cause = Cause {
                code: code.clone(),
                field: error.field.clone(),
                columns: self.columns_of(&error.field, pipeline),
                ..Cause::default()
            };
            let language = self.errors.language;
            self.errors.add(
                position,
                cause,
                || None,
                || Words {
                    message: error.text.clone(),
                    remedy: remedy(Language::English).to_owned(),
                    told: in_other(language, |language| Told {
                        message: match is_silent {
                            true => silent(language),
                            false => error.text.clone(),
                        },
                        remedy: remedy(language).to_owned(),
                    }),
                    cure: None,
                },
            );
        }
    }

    fn columns_of(&mut self, field: &str, pipeline: &Pipeline) -> Vec<String> {
        if let Some(known) = self.columns.get(field) {
            return known.clone();
        }
        let columns = pipeline.plan.columns_of(field);
        // A server may name another one each time.
        if self.columns.len() < FIELDS_AT_MOST {
            self.columns.insert(field.to_owned(), columns.clone());
        }
        columns
    }

    /// Tells the summary: records with warnings, then errors and warnings by cause.
    pub(super) fn finish(self, summary: &mut Summary) {
        let read = summary.counts.read;
        let sorted = |groups: Groups| {
            let mut groups = groups.into_sorted();
            groups
                .iter_mut()
                .for_each(|group| Cures::weigh(group, read));
            groups
        };
        summary.warnings = self.warned;
        summary.errors = sorted(self.errors);
        summary.warning_groups = sorted(self.warnings);
    }
}

/// What to do about records that the server refused, or that were sent as often as allowed.
fn refused_remedy(exhausted: bool, is_journal_gone: bool, language: Language) -> &'static str {
    match (exhausted, is_journal_gone) {
        (true, false) => language.pick(
            "There is nothing to correct. Send it again once the server is well, by the command \
             with `--retry-failed` that the end of the run shows.",
            "Zu berichtigen ist nichts. Noch einmal senden, sobald der Server wieder gesund ist, \
             mit dem Befehl mit `--retry-failed`, den das Ende des Laufs zeigt.",
        ),
        (true, true) => language.pick(
            "There is nothing to correct. In a run into an ERP, `--retry-failed` would send it \
             again.",
            "Zu berichtigen ist nichts. In einem Lauf in eine Wawi würde `--retry-failed` ihn noch \
             einmal senden.",
        ),
        (false, false) => language.pick(
            "Correct the value, or look into the ERP's log for why it refuses it; then \
             `--retry-failed` sends it again.",
            "Den Wert berichtigen, oder im Protokoll der Wawi nachsehen, warum sie ihn ablehnt; \
             dann sendet `--retry-failed` ihn noch einmal.",
        ),
        (false, true) => language.pick(
            "Correct the value, or look into the ERP's log for why it refuses it.",
            "Den Wert berichtigen, oder im Protokoll der Wawi nachsehen, warum sie ihn ablehnt.",
        ),
    }
}

/// What a group of such errors says.
fn words(error: &FieldError, language: Language, cure: Option<Cure>) -> Words {
    Words {
        message: error.message_of_group(),
        remedy: error.remedy(),
        told: in_other(language, |language| Told {
            message: error.message_of_group_in(language),
            remedy: error.remedy_in(language),
        }),
        cure,
    }
}

/// What is told in another language than English; none in English.
fn in_other(language: Language, told: impl FnOnce(Language) -> Told) -> Option<Box<Told>> {
    (language != Language::English).then(|| Box::new(told(language)))
}

fn add(
    groups: &mut Groups,
    position: Position,
    error: &FieldError,
    group: &Group,
    cures: &Cures<'_>,
    told: &Rows,
) {
    let position = error.further_record().unwrap_or(position);
    let example = || Some(told.for_people(error));
    groups.add(position, Cause::from(error), example, || {
        words(error, told.language(), cures.of(error, group))
    });
}

/// The code of a run that is otherwise fine, when more was asked of it (`--fail-on`). Says
/// whether something was minded, whatever the code.
pub(super) fn stricter(summary: &mut Summary, settings: &ImportSettings) -> bool {
    let breach = match settings.fail_on {
        Some(FailOn::Changed) => summary.counts.changed > 0,
        Some(FailOn::Warning) => summary.warnings > 0,
        None => false,
    };
    if breach && summary.exit_code == ExitCode::Fine.number() {
        summary.exit_code = ExitCode::SomeFailed.number();
    }
    breach
}
