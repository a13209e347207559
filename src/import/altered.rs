//! What a spreadsheet did to a returned file: its cells beside those of the input that it came
//! from. What was wrong was to be corrected; everything else should be as it was.
//!
//! Both are walked in step by the number of the record, in constant memory; the returned rows
//! were sorted by it, whatever order they came in.

mod columns;
mod expected;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use columns::{Columns, differences};
use expected::Expected;

use super::leads::Leads;
use super::pipeline::{Pipeline, position_of};
use super::returned::{Link, ReturnedError};
use super::settings::ImportSettings;
use super::{ImportError, Listener};
use crate::journal::Journal;
use crate::mapping::Mapping;
use crate::outcome::{Alteration, Bilingual, RunEvent, ValuesShown, both, wording};
use crate::record::Fields;
use crate::source::{Entry, Format, Reader, Source};

/// Columns that are told apart at most; further ones are counted under `…`.
const COLUMNS_AT_MOST: usize = 200;

/// What came of comparing.
enum Compared {
    /// The columns that differ; none, if all is as it was.
    Done(Vec<Alteration>),
    /// It could not be compared, and why.
    Impossible(Bilingual),
}

/// Compares a returned file with the input of the run that it corrects, and tells what came of
/// it.
pub(super) fn compare_and_tell(
    link: &mut Link,
    returned: &Source,
    journal: &Journal,
    settings: &ImportSettings,
    listener: &Listener,
    folder: &Path,
) -> Result<Vec<Alteration>, ImportError> {
    let run = link.of.id.clone();
    let values = settings.report.values;
    match compare(link, returned, journal, values, listener, folder)? {
        Compared::Impossible(why) => {
            listener.tell(&RunEvent::warning(both!([why]
                "this file cannot be compared with the input of run {run}: {why}; whether a \
                 spreadsheet changed it cannot be told",
                "diese Datei lässt sich nicht mit der Eingabe des Laufs {run} vergleichen: {why}; ob \
                 eine Tabellenkalkulation sie verändert hat, ist nicht zu sagen"
            )));
            Ok(Vec::new())
        }
        Compared::Done(columns) => {
            if !columns.is_empty() {
                listener.tell(&RunEvent::Altered {
                    run,
                    columns: columns.clone(),
                    accepted: settings.accept_changes,
                });
            }
            Ok(columns)
        }
    }
}

/// What stops a run whose returned file was changed without need.
pub(super) fn refuse(link: &Link, columns: &[Alteration]) -> ImportError {
    ReturnedError::Altered {
        path: link.path().to_owned(),
        run: link.of.id.clone(),
        cells: columns.iter().map(|column| column.cells).sum(),
        columns: columns.iter().map(|column| column.column.clone()).collect(),
    }
    .into()
}

/// Compares a returned file with the input of the run that it corrects.
fn compare(
    link: &mut Link,
    returned: &Source,
    journal: &Journal,
    values: ValuesShown,
    listener: &Listener,
    folder: &Path,
) -> Result<Compared, ImportError> {
    let original = match Original::open(link) {
        Ok(original) => original,
        Err(why) => return Ok(Compared::Impossible(why)),
    };
    let is_lines = |source: &Source| source.facts().format == Format::Jsonl;
    if is_lines(&original.source) != is_lines(returned) {
        let why = both!(
            "the input had another format",
            "die Eingabe hatte ein anderes Format"
        );
        return Ok(Compared::Impossible(why));
    }
    let columns = Columns::between(
        &original.source.facts().header,
        &returned.facts().header,
        original.pipeline.plan.dropped_columns(),
    );
    let mut reader = match original.source.fingerprint() {
        Ok(fingerprint) if fingerprint.hash == link.of.source_hash => {
            original.source.read_again(&fingerprint)?
        }
        Ok(_) => return Ok(Compared::Impossible(original.is_another())),
        Err(error) => {
            let why = Bilingual {
                english: error.to_string(),
                german: error.in_german(),
            };
            return Ok(Compared::Impossible(why));
        }
    };
    let spool = |error: io::Error| ImportError::spool(folder, error);
    let mut tally = Tally::new(values);
    let mut leads = Leads::new(&link.of.id);
    for row in link.rows().map_err(spool)? {
        let (correction, now) = row.map_err(spool)?;
        listener.check_signal()?;
        let lead = leads.of(journal, correction.of)?;
        let further = (lead.record != correction.of).then_some(correction.of);
        let expected = lead
            .settled
            .map(|settled| Expected::of(&settled.outcome, further, &original.pipeline));
        let (Some(expected), Some(now)) = (expected, now) else {
            continue;
        };
        let Some(Entry::Record(before) | Entry::Odd(before, _)) =
            record_of(&mut reader, correction.of)?
        else {
            // What could not be read had everything wrong with it.
            continue;
        };
        match (&before.fields, now) {
            (Fields::Cells(before), Value::Array(now)) => {
                columns.differences(before, &now, &mut |column, before, after| {
                    if !expected.covers(column) {
                        tally.add(column, correction.of, before, after);
                    }
                });
            }
            (Fields::Object(before), Value::Object(now)) => {
                let dropped = &columns.dropped;
                differences(before, &now, dropped, &mut |column, before, after| {
                    if !expected.covers(column) {
                        tally.add(column, correction.of, before, after);
                    }
                });
            }
            _ => {}
        }
    }
    Ok(Compared::Done(tally.columns))
}

/// The entry of a record; records must be asked for in their order.
fn record_of(reader: &mut Reader, record: u64) -> Result<Option<Entry>, ImportError> {
    for entry in reader {
        let entry = entry?;
        let found = position_of(&entry).record;
        if found >= record {
            return Ok((found == record).then_some(entry));
        }
    }
    Ok(None)
}

/// The input of the earlier run.
struct Original {
    path: PathBuf,
    source: Source,
    pipeline: Pipeline,
}

impl Original {
    /// Opens it as that run did; else says why not.
    fn open(link: &Link) -> Result<Self, Bilingual> {
        let row = &link.of;
        let path = super::which::input_of(row);
        if row.input == "-" && !path.exists() {
            return Err(both!(
                "the input came from stdin, and is not kept",
                "die Eingabe kam von stdin und ist nicht aufbewahrt"
            ));
        }
        let open = || -> Result<(Source, Pipeline), ImportError> {
            let mapping = if row.mapping_text.is_empty() {
                Mapping::passthrough()
            } else {
                Mapping::parse(&row.mapping, &row.mapping_text)?
            };
            let typed = super::which::ParseOptions::settings_from(row);
            let source = Source::open(&path, &super::settings_for(&path, &typed, &mapping)?)?;
            let unkeyed = super::which::options_from(row).allow_unkeyed;
            let pipeline = super::bind(&mapping, &source, unkeyed)?;
            Ok((source, pipeline))
        };
        match open() {
            Ok((source, pipeline)) => Ok(Self {
                path,
                source,
                pipeline,
            }),
            // Another file in its place often does not even fit the mapping.
            Err(ImportError::Mapping(_)) => Err(is_another(&path)),
            Err(error) => {
                let english = error.to_string();
                let german = error.in_german().unwrap_or_else(|| english.clone());
                Err(Bilingual { english, german })
            }
        }
    }

    fn is_another(&self) -> Bilingual {
        is_another(&self.path)
    }
}

fn is_another(path: &Path) -> Bilingual {
    both!(
        "{path} has other contents by now",
        "{path} hat inzwischen einen anderen Inhalt",
        path = path.display()
    )
}

/// Differences by column.
struct Tally {
    values: ValuesShown,
    columns: Vec<Alteration>,
    places: HashMap<String, usize>,
}

impl Tally {
    fn new(values: ValuesShown) -> Self {
        Self {
            values,
            columns: Vec::new(),
            places: HashMap::new(),
        }
    }

    fn add(&mut self, column: &str, record: u64, before: &str, after: Option<&str>) {
        let name = if self.places.contains_key(column) || self.columns.len() < COLUMNS_AT_MOST {
            column
        } else {
            "…"
        };
        let next = self.columns.len();
        let place = *self.places.entry(name.to_owned()).or_insert(next);
        if let Some(known) = self.columns.get_mut(place) {
            known.cells += 1;
            return;
        }
        self.columns.push(Alteration {
            column: name.to_owned(),
            cells: 1,
            record,
            before: shown(self.values, before),
            after: after.map_or_else(
                || "(the column is gone)".to_owned(),
                |after| shown(self.values, after),
            ),
        });
    }
}

/// A value as people may see it.
fn shown(values: ValuesShown, text: &str) -> String {
    match values {
        _ if text.is_empty() => "(empty)".to_owned(),
        ValuesShown::Full => wording::excerpt(text),
        ValuesShown::Masked => wording::excerpt(&wording::mask(text)),
        ValuesShown::None => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_beyond_the_limit_are_counted_together() {
        let mut tally = Tally::new(ValuesShown::Full);
        for column in 0..COLUMNS_AT_MOST + 5 {
            for record in [1, 2] {
                tally.add(&format!("c{column}"), record, "a", Some("b"));
            }
        }
        assert_eq!(tally.columns.len(), COLUMNS_AT_MOST + 1);
        let rest = tally.columns.last().unwrap();
        assert_eq!((rest.column.as_str(), rest.cells), ("…", 10));
    }
}
