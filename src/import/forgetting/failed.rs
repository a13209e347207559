//! A customer's records in a report's files of failed ones. They were never known by a key, so
//! that nobody but these files can tell whose they are.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::customer::{Target, Value};
use crate::import::pipeline::Pipeline;
use crate::import::{ImportError, bind};
use crate::journal::RunRow;
use crate::mapping::{Columns, Mapping, Tally};
use crate::names::Names;
use crate::record::{Fields, Position, Record, Span};
use crate::report::{Mention, failed_sheet};
use crate::source::{Entry, Source, SourceError, SourceSettings};
use crate::validate::Rules;

/// The numbers, in their run's input, of the customer's records in a file of failed ones: each
/// is mapped as it was in the run, because its number may be made of several columns.
pub(super) fn failed_records(
    row: &RunRow,
    file: &Path,
    customer: &Mention,
) -> Result<BTreeSet<u64>, ImportError> {
    let mapping = if row.mapping_text.is_empty() {
        Mapping::passthrough()
    } else {
        Mapping::parse(&row.mapping, &row.mapping_text)?
    };
    if file.extension().is_some_and(|ending| ending == "jsonl") {
        return failed_lines(&mapping, file, customer);
    }
    let mut found = BTreeSet::new();
    if file.extension().is_none_or(|ending| ending != "xlsx") {
        let source = Source::open(file, &SourceSettings::default())?;
        failed_rows(&mapping, &source, customer, &mut found)?;
        return Ok(found);
    }
    // There may be more than fit into one sheet.
    for number in 1.. {
        let settings = SourceSettings {
            sheet: Some(failed_sheet(number)),
            ..SourceSettings::default()
        };
        match Source::open(file, &settings) {
            Ok(source) => failed_rows(&mapping, &source, customer, &mut found)?,
            Err(SourceError::UnknownSheet { .. }) if number > 1 => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// Adds the customer's records among the rows.
fn failed_rows(
    mapping: &Mapping,
    source: &Source,
    customer: &Mention,
    found: &mut BTreeSet<u64>,
) -> Result<(), ImportError> {
    let pipeline = bind(mapping, source, true)?;
    let header = &source.facts().header;
    let Some(record_column) = header.iter().rposition(|name| name == "_record") else {
        return Ok(());
    };
    let key_columns = pipeline.plan.columns_of(&pipeline.key().to_string());
    let is_key = |index: &usize| {
        let name = header.get(*index);
        name.is_some_and(|name| key_columns.contains(name))
    };
    for entry in source.read()? {
        let (number, is_theirs) = match entry? {
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
            found.extend(number.and_then(|number| number.parse::<u64>().ok()));
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
    let pipeline = Pipeline {
        plan: mapping.bind(Columns::Keys)?,
        join: None,
        rules: Rules {
            key: mapping.key(),
            ..Rules::default()
        },
        known: Names::default(),
    };
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
        Value::Text(text) | Value::DateTime(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Decimal(number) => Some(number.normalize().to_string()),
        Value::Boolean(_) | Value::Unasked => None,
    };
    let number = Rules::default().key;
    [pipeline.key(), number]
        .into_iter()
        .any(|target| text(target).is_some_and(|text| customer.is(&text)))
}
