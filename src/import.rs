//! The engine: the only place that knows the order of the stages.
//!
//! A dry run reads the input and reports. A live run reads it (pass 1), decides with the
//! journal which records are still to be sent, reads it again and sends (pass 2), and reports. One
//! that goes on takes from the journal what pass 1 found out before.
//! Nothing here prints: what happens is told as [`RunEvent`]s.

mod advised;
mod altered;
mod apart;
mod batches;
mod borrowed;
mod cures;
mod dry;
mod error;
mod estimate;
mod existing;
mod explaining;
mod failures;
mod feed;
mod forgetting;
mod groups;
mod handing;
mod join;
mod known;
mod leads;
mod learning;
mod ledger;
mod live;
mod moving;
mod names;
mod noted;
mod pipeline;
mod probe;
mod progress;
mod proposing;
mod reconcile;
mod reporting;
mod resolve;
mod returned;
mod runtime;
mod sending;
pub mod settings;
mod strays;
mod summing;
mod survey;
mod trying;
mod unwritten;
mod walk;
mod which;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::deliver::driver::Signal;
use crate::mapping::{Columns, Mapping, Plan};
use crate::names::Names;
use crate::outcome::{Bilingual, Code, RunEvent, Severity, Summary, both};
use crate::source::{self, Conventions, Format, Source, SourceSettings, Written};
use crate::validate::Rules;

pub use error::{ImportError, Rewrite};
pub use explaining::{Explained, Fate, explain_record};
pub use failures::{FAILURES_AT_MOST, Failed, FailureMark, Failures, NEW_TOLD, Wrong, failures};
pub use forgetting::{Forget, Forgotten, Kept, ToForget};
pub use handing::{Destination, HandOverError, HandedOver, hand_over};
pub use join::JoinError;
use join::{Beside, bind_joined};
pub use moving::{Moved, note_left, note_moved, note_moving};
pub use names::Listing;
pub use noted::moved_input;
use pipeline::Pipeline;
pub use proposing::{Proposed, propose_mapping};
pub use reconcile::{Reconciled, ReconciledRun, Reconciliation};
pub use reporting::{OldRun, report_again};
pub use resolve::{Resolution, ResolveError, Resolved, Said};
pub use returned::ReturnedError;
pub(crate) use runtime::runtime_here;
pub use settings::{Existing, FailOn, ImportSettings, RecordSet, SANDBOX};
pub use trying::{TestResult, Tests, test_mapping};
pub(crate) use which::absolute;

/// Who hears of a run's events.
pub type Events = Arc<dyn Fn(&RunEvent) + Send + Sync>;

/// Who is asked whether so many customers shall be sent.
pub type Confirm = Box<dyn Fn(&Waiting) -> bool>;

/// What may be sent once it is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many customers, at most.
    pub customers: u64,
    /// How many of them an earlier command left without a clear outcome: they are looked up,
    /// and sent again only if nobody finds them.
    pub looked_up: u64,
}

/// Least time between two events of progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// One import: an input, its mapping, and what is asked for.
pub struct Import {
    /// The input as the user named it.
    pub input: String,
    /// Where its bytes are.
    pub path: PathBuf,
    /// How a customer looks in it.
    pub mapping: Mapping,
    /// What is asked for.
    pub settings: ImportSettings,
    /// Who hears of it.
    pub events: Events,
    /// What somebody outside wants.
    pub signal: watch::Receiver<Signal>,
    /// Who is asked before the first customer is sent: how many would be. Without anybody to
    /// ask, sending goes on.
    pub confirm: Option<Confirm>,
    /// Where the bodies of a dry run go (`--payloads`).
    pub payloads: Option<Box<dyn std::io::Write>>,
}

impl Import {
    /// Reads, maps and validates; sends nothing and keeps nothing but the report.
    ///
    /// # Errors
    /// If the input, the mapping or the report folder cannot be used, or the run was
    /// interrupted.
    pub fn rehearse(mut self) -> Result<Summary, ImportError> {
        dry::rehearse(&mut self)
    }

    /// Imports, or goes on with an import that was not finished.
    ///
    /// # Errors
    /// If the input, the mapping, the settings, the journal or the report folder cannot be
    /// used. How the server behaves is no error: the summary's ending tells it.
    pub fn run(self) -> Result<Summary, ImportError> {
        live::run(&self)
    }

    fn listener(&self) -> Listener {
        Listener {
            events: Arc::clone(&self.events),
            signal: self.signal.clone(),
            told: Cell::new(None),
        }
    }

    /// Refuses `--record` if a number or range of it names nothing that the input has, and says so
    /// when a range only ends beyond it.
    fn check_records(&self, read: u64, listener: &Listener) -> Result<(), ImportError> {
        let records = self.settings.records.as_ref();
        if let Some(record) = records.and_then(|records| records.missing(read)) {
            return Err(ImportError::NoSuchRecord {
                path: self.path.clone(),
                record,
                read,
            });
        }
        if let Some(record) = records.and_then(|records| records.beyond(read)) {
            listener.tell(&RunEvent::warning(both!(
                "`--record` names record {record}, but {input} has {read} records",
                "`--record` nennt Datensatz {record}, aber {input} hat {read} Datensätze",
                input = &self.input
            )));
        }
        Ok(())
    }

    /// Opens the input and binds mapping and rules to it. A mapping that fails its own tests is
    /// not used.
    fn open(&self) -> Result<(Source, Pipeline), ImportError> {
        trying::must_pass(&self.mapping)?;
        let settings = self.source_settings()?;
        let source = Source::open(&self.path, &settings).map_err(|error| {
            match self.mapping.is_builtin() && error.is_other_encoding() {
                true => ImportError::OtherExport {
                    mapping: self.mapping.name().to_owned(),
                    path: self.path.clone(),
                    source: error,
                },
                false => error.into(),
            }
        })?;
        let listener = self.listener();
        if let Some(word) = without_effect(&source, &self.settings.typed_source, &self.input) {
            listener.tell(&RunEvent::warning(word));
        }
        if let Some(word) = returned::unlinked(&source, &self.input) {
            listener.tell(&RunEvent::warning(word));
        }
        self.warn_of_marks(&listener);
        let beside = Beside {
            input: &self.input,
            state_dir: Some(&self.settings.state_dir),
            others: &[],
            folder: &self.settings.report.dir,
            check: &|| listener.check_signal(),
        };
        let unkeyed = self.settings.allow_unkeyed;
        let pipeline = bind_joined(&self.mapping, &source, unkeyed, &beside)?;
        Ok((source, pipeline))
    }

    /// A proposed mapping can be tried before it is complete, but nobody should import by it.
    fn warn_of_marks(&self, listener: &Listener) {
        let lines = self.mapping.lines_to_fill_in();
        if lines.is_empty() {
            return;
        }
        let numbers: Vec<String> = lines.iter().map(usize::to_string).collect();
        listener.tell(&RunEvent::warning(both!(
            "{name}: still marked FILL IN: line {lines}; fill in what Wawi has, then take the marks away",
            "{name}: noch mit FILL IN markiert: Zeile {lines}; eintragen, was in der Wawi steht, dann die Marken entfernen",
            name = self.mapping.name(),
            lines = numbers.join(", ")
        )));
    }

    /// How the input is read.
    fn source_settings(&self) -> Result<SourceSettings, ImportError> {
        settings_for(&self.path, &self.settings.source, &self.mapping)
    }

    /// What the run is identified by, beside its input.
    fn plan_hash(&self, pipeline: &Pipeline) -> Result<[u8; 32], ImportError> {
        Ok(plan_hash(&self.mapping, &self.source_settings()?, pipeline))
    }
}

/// The hash of the mapping and the parse options: with the same one, the same input gives the
/// same customers. What the second file holds belongs to it.
fn plan_hash(mapping: &Mapping, options: &SourceSettings, pipeline: &Pipeline) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(mapping.text().as_bytes());
    hasher.update(b"\0");
    hasher.update(format!("{options:?}").as_bytes());
    if let Some(join) = &pipeline.join {
        hasher.update(join.hash());
    }
    *hasher.finalize().as_bytes()
}

/// Binds mapping and rules to an opened input. A second file (`[join]`) is not looked at.
fn bind(mapping: &Mapping, source: &Source, unkeyed: bool) -> Result<Pipeline, ImportError> {
    let plan = match source.facts().format {
        Format::Csv | Format::Xlsx | Format::Ods if mapping.is_passthrough() => {
            return Err(ImportError::NeedsMapping {
                path: source.path().to_owned(),
            });
        }
        Format::Csv | Format::Xlsx | Format::Ods => mapping
            .bind_alone(&source.facts().header)
            .map_err(|error| error.at_input(source.path()))?,
        Format::Jsonl => mapping.bind(Columns::Keys)?,
    };
    Ok(pipeline_of(mapping, plan, unkeyed))
}

/// The pipeline of a bound mapping.
fn pipeline_of(mapping: &Mapping, plan: Plan, unkeyed: bool) -> Pipeline {
    Pipeline {
        plan,
        join: None,
        rules: Rules {
            severities: mapping.rules().clone(),
            key: mapping.key(),
            allow_unkeyed: unkeyed,
            ..Rules::default()
        },
        told: Names::default(),
        known: Names::default(),
    }
}

/// How the file is read. A returned one has a shape of its own, whatever the mapping says of
/// the export that it came from.
fn settings_for(
    path: &Path,
    typed: &SourceSettings,
    mapping: &Mapping,
) -> Result<SourceSettings, ImportError> {
    let settings = source_settings(typed, mapping)?;
    if !source::is_returned(path) {
        return Ok(settings);
    }
    Ok(SourceSettings {
        ragged: settings.ragged,
        cell_error: settings.cell_error,
        conventions: settings.conventions,
        ..typed.clone()
    })
}

/// How the input is read: what the command line says, else what the mapping says.
fn source_settings(
    typed: &SourceSettings,
    mapping: &Mapping,
) -> Result<SourceSettings, ImportError> {
    let written = mapping.source();
    let format = match written.format.as_deref() {
        None => None,
        Some(word) => {
            let format = Format::from_word(word);
            Some(format.ok_or_else(|| ImportError::Format(word.to_owned()))?)
        }
    };
    let weight = |code| mapping.rules().get(&code).copied();
    Ok(SourceSettings {
        format: typed.format.or(format),
        encoding: typed.encoding.clone().or_else(|| written.encoding.clone()),
        delimiter: typed.delimiter.or(written.delimiter),
        skip_lines: typed.skip_lines.or(written.skip_lines),
        header: typed.header.or(written.header),
        ragged: weight(Code::RecordRagged).unwrap_or(Severity::Error),
        sheet: typed.sheet.clone().or_else(|| written.sheet.clone()),
        cell_error: weight(Code::CellError).unwrap_or(Severity::Error),
        conventions: conventions(mapping),
        record_cap: typed.record_cap,
    })
}

/// What was typed of how the input is read and says nothing of an input of its format.
fn without_effect(source: &Source, typed: &SourceSettings, input: &str) -> Option<Bilingual> {
    let facts = source.facts();
    let options = facts.unused_of(typed);
    let options: Vec<String> = options.iter().map(|it| format!("`--{it}`")).collect();
    let leave = match options.len() {
        0 => return None,
        1 => both!("leave it out", "weglassen"),
        _ => both!("leave them out", "weglassen"),
    };
    Some(both!([leave]
        "{options} without effect: {input} is read as {format}; {leave}, if it is the right file",
        "{options} ohne Wirkung: {input} wird als {format} gelesen; {leave}, wenn es die richtige Datei ist",
        options = options.join(", "),
        format = facts.format.word().to_uppercase()
    ))
}

/// How the mapping reads numbers and dates, so that the typed cells of a sheet become text in
/// just that way.
fn conventions(mapping: &Mapping) -> Conventions {
    let usual = mapping.source();
    let columns = mapping.column_styles().into_iter().map(|style| {
        let written = Written {
            comma: style.comma,
            dates: style.dates,
            birthday: style.birthday,
        };
        (style.column, written)
    });
    Conventions {
        usual: Written {
            comma: usual.comma,
            dates: usual.dates.clone(),
            birthday: false,
        },
        columns: columns.collect(),
        used: mapping.used_columns(),
    }
}

/// Tells events and hears signals.
struct Listener {
    events: Events,
    signal: watch::Receiver<Signal>,
    told: Cell<Option<Instant>>,
}

impl Listener {
    fn tell(&self, event: &RunEvent) {
        (self.events)(event);
    }

    /// Tells of progress, but not too often.
    fn progress(&self, event: impl FnOnce() -> RunEvent) {
        let now = Instant::now();
        let due = self
            .told
            .get()
            .is_none_or(|told| now.duration_since(told) >= PROGRESS_EVERY);
        if due {
            self.told.set(Some(now));
            self.tell(&event());
        }
    }

    /// Whether somebody wants the run to stop.
    fn check_signal(&self) -> Result<(), ImportError> {
        match *self.signal.borrow() {
            Signal::Go => Ok(()),
            signal => Err(ImportError::Interrupted(signal)),
        }
    }
}

/// How a mapping fits an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Format, encoding and delimiter, and how they were found.
    pub source: Bilingual,
    /// Columns of the input that no target uses.
    pub unused_columns: Vec<String>,
    /// What was typed of how the input is read and says nothing of it.
    pub without_effect: Option<Bilingual>,
}

/// Opens the input and binds the mapping to its header; reads no record.
///
/// # Errors
/// If the input cannot be used, or the mapping does not fit it.
pub fn check_mapping(
    mapping: &Mapping,
    input: &Path,
    typed: &SourceSettings,
) -> Result<Fit, ImportError> {
    let settings = settings_for(input, typed, mapping)?;
    let source = Source::open(input, &settings)?;
    let pipeline = join::bind_headers(mapping, &source)?;
    Ok(Fit {
        source: Bilingual::of(|language| source.facts().describe_in(language)),
        unused_columns: pipeline.plan.unused_columns(),
        without_effect: without_effect(&source, typed, &input.to_string_lossy()),
    })
}
