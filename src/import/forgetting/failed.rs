//! A customer's records in a report's files of failed ones. They were never known by a key, so
//! that nobody but these files can tell whose they are.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::customer::{Target, Value};
use crate::import::join::{Beside, bind_joined};
use crate::import::pipeline::Pipeline;
use crate::import::{ImportError, bind, pipeline_of};
use crate::journal::RunRow;
use crate::mapping::{Columns, Mapping, Tally};
use crate::record::{Fields, Position, Record, Span};
use crate::report::{Mention, failed_sheet};
use crate::source::{Entry, Source, SourceError, SourceSettings};
use crate::validate::Rules;

/// Where the second file (`[join]`) of a run is looked for.
pub(super) struct Partner<'a> {
    /// The state folder, where its rows may lie while they are used.
    pub state_dir: &'a Path,
    /// Where the inputs lay.
    pub folders: &'a [PathBuf],
}

/// What a file of failed records tells of a customer.
#[derive(Default)]
pub(super) struct Told {
    /// The numbers of its records in their run's input.
    pub records: BTreeSet<u64>,
    /// Whether these are all: not if its key stands in a second file that is not there any more.
    pub is_sure: bool,
}

/// The customer's records in a file of failed ones: each is mapped as it was in the run, because
/// its number may be made of several columns.
pub(super) fn failed_records(
    row: &RunRow,
    file: &Path,
    customer: &Mention,
    partner: &Partner<'_>,
) -> Result<Told, ImportError> {
    let mapping = if row.mapping_text.is_empty() {
        Mapping::passthrough()
    } else {
        Mapping::parse(&row.mapping, &row.mapping_text)?
    };
    if file.extension().is_some_and(|ending| ending == "jsonl") {
        return Ok(Told {
            records: failed_lines(&mapping, file, customer)?,
            is_sure: true,
        });
    }
    let beside = Beside {
        input: &row.input,
        state_dir: None,
        others: partner.folders,
        folder: partner.state_dir,
        check: &|| Ok(()),
    };
    let mut found = Told {
        is_sure: true,
        ..Told::default()
    };
    if file.extension().is_none_or(|ending| ending != "xlsx") {
        let source = Source::open(file, &SourceSettings::default())?;
        failed_rows((&mapping, &beside), &source, customer, &mut found)?;
        return Ok(found);
    }
    // There may be more than fit into one sheet.
    for number in 1.. {
        let settings = SourceSettings {
            sheet: Some(failed_sheet(number)),
            ..SourceSettings::default()
        };
        match Source::open(file, &settings) {
            Ok(source) => failed_rows((&mapping, &beside), &source, customer, &mut found)?,
            Err(SourceError::UnknownSheet { .. }) if number > 1 => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// Adds the customer's records among the rows.
fn failed_rows(
    (mapping, beside): (&Mapping, &Beside<'_>),
    source: &Source,
    customer: &Mention,
    found: &mut Told,
) -> Result<(), ImportError> {
    let pipeline = match bind_joined(mapping, source, true, beside) {
        // The second file is gone, or is another one by now.
        Err(ImportError::Join(_) | ImportError::Source(_) | ImportError::Mapping(_))
            if mapping.joined_file().is_some() =>
        {
            bind(mapping, source, true)?
        }
        pipeline => pipeline?,
    };
    let header = &source.facts().header;
    let Some(record_column) = header.iter().rposition(|name| name == "_record") else {
        return Ok(());
    };
    let key_columns = pipeline.plan.columns_of(&pipeline.key().to_string());
    let is_own = |name: &String| header.iter().any(|own| own.trim() == name.trim());
    if mapping.joined_file().is_some() && pipeline.join.is_none() {
        found.is_sure &= key_columns.iter().all(is_own);
    }
    let is_key = |index: &usize| {
        let name = header.get(*index);
        name.is_some_and(|name| key_columns.contains(name))
    };
    for entry in source.read()? {
        let mut entry = entry?;
        if let Some(join) = &pipeline.join {
            join.complete(&mut entry, &pipeline.plan)?;
        }
        let (number, is_theirs) = match entry {
            Entry::Record(record) | Entry::Odd(record, _) => {
                let Fields::Cells(cells) = &record.fields else {
                    continue;
                };
                let number = cells.get(record_column).map(str::to_owned);
                (number, is_of(&record, &pipeline, customer))
            }
            // Not even decoded: its number may be readable all the same.
            Entry::Defect(defect) => {
                let cells = defect.cells.unwrap_or_default();
                let text = |index: usize| {
                    let bytes = cells.get(index)?;
                    Some(String::from_utf8_lossy(bytes).into_owned())
                };
                let named = (0..cells.len()).filter(is_key).filter_map(text);
                let is_theirs = named.into_iter().any(|cell| customer.is(&cell));
                (text(record_column), is_theirs)
            }
        };
        if is_theirs {
            found
                .records
                .extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
    }
    Ok(())
}

fn failed_lines(
    mapping: &Mapping,
    file: &Path,
    customer: &Mention,
) -> Result<BTreeSet<u64>, ImportError> {
    let failed = |error| ImportError::spool(file, error);
    let pipeline = pipeline_of(mapping, mapping.bind(Columns::Keys)?, true);
    let mut found = BTreeSet::new();
    let mut lines = BufReader::new(fs::File::open(file).map_err(failed)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(found);
        }
        let Ok(serde_json::Value::Object(mut object)) = serde_json::from_slice(&line) else {
            continue;
        };
        let number = object.get("record").and_then(serde_json::Value::as_u64);
        let (Some(number), Some(serde_json::Value::Object(input))) =
            (number, object.remove("input"))
        else {
            continue;
        };
        let record = Record {
            position: Position {
                record: number,
                line: number,
            },
            span: Span { start: 0, end: 0 },
            fields: Fields::Object(input),
        };
        if is_of(&record, &pipeline, customer) {
            found.insert(number);
        }
    }
}

/// Whether the record's key, or its number, is the customer's, as far as it can be mapped.
fn is_of(record: &Record, pipeline: &Pipeline, customer: &Mention) -> bool {
    let Some(draft) = pipeline.plan.apply(record, &mut Tally::default()) else {
        return false;
    };
    let text = |target: Target| match draft.customer.get(target)? {
        Value::Text(text) => Some(text.to_string()),
        Value::DateTime(moment) => Some(moment.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Decimal(number) => Some(number.normalize().to_string()),
        Value::Boolean(_) | Value::Unasked => None,
    };
    let number = Rules::default().key;
    [pipeline.key(), number]
        .into_iter()
        .any(|target| text(target).is_some_and(|text| customer.is(&text)))
}
