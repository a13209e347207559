//! Which run is it: a new one, one that goes on, or one that was finished before.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::advised::{tell_of_failed, tell_of_sending};
use super::noted::{Noted, tell_source};
use super::reporting::shape_of;
use super::settings::ImportSettings;
use super::summing::{Causes, Facts};
use super::{Import, ImportError};
use crate::deliver::DeliverySettings;
use crate::journal::{Journal, NewRun, RunRow};
use crate::names::Names;
use crate::outcome::{Bilingual, Counts, Ending, Linked, Measured, RunEvent, Summary, both};
use crate::source::{Fingerprint, Format, Source, SourceSettings};

/// How the command line said that the input is read: kept in the journal, so that a run's
/// report can be written again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct ParseOptions {
    format: Option<String>,
    encoding: Option<String>,
    delimiter: Option<u8>,
    skip_lines: Option<u64>,
    header: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<String>,
}

impl ParseOptions {
    fn of(source: &SourceSettings) -> Self {
        Self {
            format: source.format.map(|format| format.word().to_owned()),
            encoding: source.encoding.clone(),
            delimiter: source.delimiter,
            skip_lines: source.skip_lines,
            header: source.header,
            sheet: source.sheet.clone(),
        }
    }

    /// The options that a run was begun with.
    pub(super) fn settings_from(row: &RunRow) -> SourceSettings {
        let options: Self = serde_json::from_str(&row.source_options).unwrap_or_default();
        SourceSettings {
            format: options.format.as_deref().and_then(Format::from_word),
            encoding: options.encoding,
            delimiter: options.delimiter,
            skip_lines: options.skip_lines,
            header: options.header,
            sheet: options.sheet,
            ..SourceSettings::default()
        }
    }
}

/// What else must be known to write a run's report again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RunOptions {
    pub allow_unkeyed: bool,
    pub workflows: String,
    /// Where its report was ever written, so that `importer forget` finds it.
    pub report_folders: Vec<String>,
    /// Whether it was begun with `--again`: whoever goes on with it asks the ERP, too.
    pub again: bool,
    /// How long a POST of it may still take effect after its process died: the longest settle
    /// time and time limit that any process of it had, in milliseconds.
    pub patience_ms: u64,
    /// What the ERP said about the mapping's names: whoever goes on with it maps as it began.
    pub names: Names,
    /// What else its page tells.
    pub noted: Noted,
    /// What its processes measured.
    pub measured: Measured,
    /// Where its input lies, if that is not where it was when the run began.
    pub moved_to: Option<String>,
}

/// Notes with what patience the run sends, before it does.
pub(super) fn note_patience(
    journal: &mut Journal,
    run: &str,
    delivery: &DeliverySettings,
) -> Result<(), ImportError> {
    let patience = delivery.settle.saturating_add(delivery.timeout);
    let milliseconds = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    // What SQLite can hold, and far beyond any import.
    journal.note_patience(run, milliseconds.min(u64::from(u32::MAX)))?;
    Ok(())
}

/// How delivery behaves towards what a run left: a server that was promised more time by the
/// process that sent it has that time, whatever the settings of this one are.
pub(super) fn patient(
    journal: &Journal,
    run: &str,
    delivery: &DeliverySettings,
) -> Result<DeliverySettings, ImportError> {
    let mut delivery = delivery.clone();
    if let Some(row) = journal.run(run)? {
        let patience = Duration::from_millis(options_from(&row).patience_ms);
        let least = patience.saturating_sub(delivery.timeout);
        delivery.settle = delivery.settle.max(least);
    }
    Ok(delivery)
}

/// Notes that the run's report is in `folder`, before it is written there.
pub(super) fn note_report(
    journal: &mut Journal,
    run: &str,
    folder: &Path,
) -> Result<(), ImportError> {
    let folder = absolute(folder);
    let Some(text) = folder.to_str() else {
        tracing::warn!(
            folder = %folder.display(),
            "`importer forget` will not find this report: the folder's name is no Unicode"
        );
        return Ok(());
    };
    journal.add_report_folder(run, text)?;
    Ok(())
}

/// The path from the root on, links and all: another process may have another folder.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The options that a run was begun with.
pub(super) fn options_from(row: &RunRow) -> RunOptions {
    serde_json::from_str(&row.options).unwrap_or_default()
}

/// Where the run's input lies, as far as that is known.
pub(super) fn input_of(row: &RunRow) -> PathBuf {
    let moved = options_from(row).moved_to.map(PathBuf::from);
    moved
        .filter(|path| path.is_file())
        .or_else(|| row.input_path.clone())
        .unwrap_or_else(|| PathBuf::from(&row.input))
}

/// The folder in which the run's report was written last.
pub(super) fn reports_of(row: &RunRow) -> Option<PathBuf> {
    let folder = options_from(row).report_folders.pop()?;
    Path::new(&folder).parent().map(Path::to_owned)
}

/// How Wawi's workflows are treated, in a word.
pub(super) fn workflows(settings: &ImportSettings) -> String {
    let run = settings
        .target
        .as_ref()
        .is_some_and(|target| target.run_workflows);
    if run { "run" } else { "skip" }.to_owned()
}

/// A run's counts, completed by what the input holds.
pub(super) fn counts_of(row: &RunRow, read: u64) -> Counts {
    let mut counts = row.counts;
    counts.read = read;
    counts.open = read.saturating_sub(counts.settled());
    counts
}

/// A hash as hexadecimal digits.
pub(super) fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

/// Which run a command means.
pub(super) enum Which {
    New,
    Resumed(RunRow),
    Finished(RunRow),
}

/// Finds out whether the same command, or the same input, was here before; with a word about
/// `--retry-failed`, where that is not what one may expect.
pub(super) fn which_run(
    journal: &mut Journal,
    settings: &ImportSettings,
    target: &str,
    fingerprint: &Fingerprint,
    plan_hash: &[u8; 32],
) -> Result<(Which, Option<Bilingual>), ImportError> {
    let rows = journal.find(target, &fingerprint.hash)?;
    let before = rows.len();
    let Some(row) = rows.into_iter().find(|row| row.plan_hash == *plan_hash) else {
        let word = both!(
            "with another mapping this is a new run: what failed before is tried again, \
                    what was created is not sent again; --retry-failed is not needed",
            "mit einer anderen Zuordnung ist das ein neuer Lauf: was zuvor scheiterte, wird noch einmal versucht, was angelegt wurde, wird nicht noch einmal gesendet; --retry-failed ist nicht nötig"
        );
        let told = settings.retry_failed && before > 0;
        return Ok((Which::New, told.then_some(word)));
    };
    if settings.again {
        // Also over an unfinished run: what it left open is looked up first, like any other's.
        return Ok((Which::New, None));
    }
    let unfinished =
        row.is_unfinished() || row.ending == Some(Ending::TooManyInvalid) || row.counts.unknown > 0;
    let mut word = None;
    let mut retries = false;
    if unfinished && settings.allow_unkeyed && !options_from(&row).allow_unkeyed {
        // What had no key was invalid; now it is not.
        journal.clear_failed(&row.id)?;
        journal.allow_unkeyed(&row.id)?;
        word = Some(both!(
            "customers without a key are sent now, too",
            "Kunden ohne Kundennummer werden jetzt auch gesendet"
        ));
    }
    if settings.retry_failed {
        let cleared = journal.clear_failed(&row.id)?;
        retries = cleared > 0;
        word = Some(match (cleared, unfinished) {
            (0, true) => both!(
                "the run is unfinished and goes on; nothing of it has failed",
                "der Lauf ist unfertig und geht weiter; nichts darin ist gescheitert"
            ),
            (0, false) => both!(
                "--retry-failed: nothing of this run has failed",
                "--retry-failed: nichts in diesem Lauf ist gescheitert"
            ),
            (some, true) => both!(
                "the run is unfinished: it goes on, and what was invalid or refused is tried \
                 again with the rest ({some})",
                "der Lauf ist unfertig: er geht weiter, und was ungültig oder abgelehnt war, wird mit dem Rest noch einmal versucht ({some})"
            ),
            (some, false) => both!(
                "what was invalid or refused is tried again ({some})",
                "was ungültig oder abgelehnt war, wird noch einmal versucht ({some})"
            ),
        });
    }
    let which = if unfinished || retries {
        Which::Resumed(row)
    } else {
        Which::Finished(row)
    };
    Ok((which, word))
}

pub(super) fn new_run(
    import: &Import,
    run: &str,
    target: &str,
    fingerprint: &Fingerprint,
    plan_hash: [u8; 32],
    linked_to: Option<String>,
    names: Names,
) -> Result<NewRun, ImportError> {
    let broken = |error: serde_json::Error| ImportError::Internal(error.to_string());
    let options = RunOptions {
        allow_unkeyed: import.settings.allow_unkeyed,
        workflows: workflows(&import.settings),
        report_folders: Vec::new(),
        again: import.settings.again,
        patience_ms: 0,
        names,
        noted: Noted::of(import),
        measured: Measured::default(),
        moved_to: None,
    };
    let parse = ParseOptions::of(&import.settings.source);
    let path = absolute(&import.path);
    Ok(NewRun {
        id: run.to_owned(),
        target: target.to_owned(),
        source_hash: fingerprint.hash,
        plan_hash,
        input: import.input.clone(),
        input_path: Some(path),
        mapping: import.mapping.name().to_owned(),
        mapping_text: import.mapping.text().to_owned(),
        source_options: serde_json::to_string(&parse).map_err(broken)?,
        options: serde_json::to_string(&options).map_err(broken)?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: Timestamp::now(),
        linked_to,
    })
}

/// The same command over a finished input: nothing is read again, nothing is sent.
pub(super) fn finished_before(
    import: &Import,
    source: &Source,
    row: &RunRow,
    linked: Option<Box<Linked>>,
    causes: Causes,
) -> Summary {
    let listener = import.listener();
    let when = row
        .finished
        .map_or_else(Bilingual::default, |at| both!(" on {at:.0}", " am {at:.0}"));
    let target = Bilingual::same(row.target.clone());
    listener.tell(&RunEvent::info(both!([when, target]
        "this input was imported into {target}{when}; nothing was sent. Was the ERP restored from a \
         backup since? `--again` asks it which customers are missing and sends those",
        "diese Eingabe wurde{when} schon nach {target} importiert; es wurde nichts gesendet. Wurde \
         die Wawi seitdem aus einer Sicherung wiederhergestellt? `--again` fragt sie, welche \
         Kunden fehlen, und sendet diese"
    )));
    let folder = import.settings.report.dir.join(&row.id);
    if !folder.exists() {
        listener.tell(&RunEvent::info(both!(
            "its report is not there; `importer report {run}` writes it again",
            "sein Bericht ist nicht da; `importer report {run}` schreibt ihn noch einmal",
            run = &row.id
        )));
    }
    let facts = Facts {
        run: row.id.clone(),
        dry_run: false,
        resumed: false,
        input: import.input.clone(),
        input_hash: hex(&row.source_hash),
        source: source.facts().describe(),
        mapping: row.mapping.clone(),
        mapping_hash: hex(&row.plan_hash),
        target: Some(row.target.clone()),
        workflows: options_from(row).workflows,
        shape: shape_of(source),
        started: row.started,
        report_dir: folder.display().to_string(),
    };
    let ending = row.ending_now().unwrap_or(Ending::Finished);
    let mut summary = facts.summary(ending, counts_of(row, row.read.unwrap_or_default()));
    summary.exit_code = row.code_now().unwrap_or(summary.exit_code);
    summary.linked = linked;
    causes.finish(&mut summary);
    summary.finished_before = true;
    summary.before = summary.counts;
    if folder.exists() {
        let correct = &import.settings.correct_options;
        tell_of_failed(&mut summary, !import.mapping.is_passthrough(), correct);
    }
    let settings = &import.settings;
    tell_of_sending(
        &mut summary,
        &settings.again_command,
        &settings.retry_command,
    );
    tell_source(source, import.settings.report.language, &mut summary);
    if let Some(finished) = row.finished {
        summary.finished = finished;
    }
    listener.tell(&RunEvent::Finished(Box::new(summary.clone())));
    summary
}
