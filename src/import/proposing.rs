//! Proposes a mapping: opens the input, takes a sample of its records, and hands header and
//! sample over. Reads the input only; sends and writes nothing.

use std::path::Path;

use super::groups::Group;
use super::join::{Beside, Join, bind_joined};
use super::pipeline::Pipeline;
use super::{ImportError, without_effect};
use crate::mapping::{self, Columns, Proposal, Seen};
use crate::outcome::{Bilingual, Language, Severity};
use crate::record::Record;
use crate::source::{Entry, Facts, Format, Source, SourceError, SourceSettings};

/// Records from the beginning of the input that are looked at.
const FIRST: usize = 5_000;
/// Records that are taken from what comes then, spread evenly.
const SPREAD: usize = 5_000;
/// Where looking ends.
const LAST: u64 = 500_000;
/// Most cells that are kept, and most bytes of them.
const CELLS: usize = 1_000_000;
const BYTES: u64 = 64 << 20;

/// A proposed mapping, and how the input was read.
#[derive(Debug)]
pub struct Proposed {
    /// The mapping.
    pub proposal: Proposal,
    /// Format, encoding and delimiter, and how they were found.
    pub source: Bilingual,
    /// How many records were looked at.
    pub records: usize,
    /// What stopped the sample before its end: the mapping is made of what came before.
    pub cut_short: Option<SourceError>,
    /// What was typed of how the input is read and says nothing of it.
    pub without_effect: Option<Bilingual>,
}

/// Proposes a mapping of the input at `path`, which people call `name`. What `typed` leaves
/// open is detected: lines before the header (DATEV), and whether there is a header at all. Its
/// comments are in `language`.
///
/// # Errors
/// If the input cannot be read.
pub fn propose_mapping(
    path: &Path,
    name: &str,
    typed: &SourceSettings,
    language: Language,
) -> Result<Proposed, ImportError> {
    // A column with errors in some cells is proposed by the others.
    let mut settings = SourceSettings {
        cell_error: Severity::Off,
        ..typed.clone()
    };
    let mut source = Source::open(path, &settings)?;
    if source.facts().format != Format::Jsonl && settings.header.is_none() {
        let lines = mapping::lines_before_header(&source.facts().header);
        if lines > 0 && settings.skip_lines.is_none() {
            settings.skip_lines = Some(lines);
            source = Source::open(path, &settings)?;
        }
        if mapping::is_record(&source.facts().header) {
            settings.header = Some(false);
            source = Source::open(path, &settings)?;
        }
    }
    let facts = source.facts();
    let joined = joined(&source);
    let join = joined
        .as_ref()
        .and_then(|pipeline| pipeline.join.as_deref());
    let header = join.map_or(facts.header.as_slice(), Join::header);
    let width = header.len().max(1);
    let (records, cut_short) = match &joined {
        Some(pipeline) => {
            let groups = pipeline.groups(source.read()?, &source);
            sample(groups.flat_map(entries_of), width)?
        }
        None => sample(source.read()?, width)?,
    };
    let columns = match facts.format {
        Format::Jsonl => Columns::Keys,
        _ => Columns::Header(header),
    };
    let seen = Seen {
        input: name,
        columns,
        named: source.has_header(),
        records: &records,
        encoding: facts.encoding.name(),
        options: &options(&settings, facts),
        language,
    };
    Ok(Proposed {
        proposal: mapping::propose(&seen),
        source: Bilingual::of(|language| facts.describe_in(language)),
        records: records.len(),
        cut_short,
        without_effect: without_effect(&source, typed, name),
    })
}

/// The input with the columns of the second file, where a known export has one and it is there.
fn joined(source: &Source) -> Option<Pipeline> {
    let mapping = match source.facts().format {
        Format::Jsonl => return None,
        _ => mapping::ready_made_with_join(&source.facts().header)?,
    };
    let folder = tempfile::env::temp_dir();
    // Without it, the input is proposed on as it is.
    bind_joined(&mapping, source, true, &Beside::alone(&folder)).ok()
}

/// The entries of a group, or what stopped the input.
fn entries_of(group: Result<Group, SourceError>) -> Vec<Result<Entry, SourceError>> {
    match group {
        Ok(group) => std::iter::once(group.lead)
            .chain(group.members)
            .map(Ok)
            .collect(),
        Err(error) => vec![Err(error)],
    }
}

/// What `[source]` has to say so that the input is read as it was here.
fn options(settings: &SourceSettings, facts: &Facts) -> Vec<(&'static str, String)> {
    let mut options = vec![("format", format!("\"{}\"", facts.format.word()))];
    let quoted = |text: &str| toml::Value::from(text).to_string();
    if let Some(encoding) = &settings.encoding {
        options.push(("encoding", quoted(encoding)));
    }
    if let Some(delimiter) = settings.delimiter {
        options.push(("delimiter", quoted(&char::from(delimiter).to_string())));
    }
    if let Some(lines) = settings.skip_lines {
        options.push(("skip_lines", lines.to_string()));
    }
    if let Some(sheet) = &settings.sheet {
        options.push(("sheet", quoted(sheet)));
    }
    if let Some(header) = settings.header {
        options.push(("header", header.to_string()));
    }
    let unused = facts.unused_of(settings);
    options.retain(|(name, _)| !unused.contains(name));
    options
}

/// The first records, and some of the others, the same ones for the same input. A record that
/// is damaged is passed over.
fn sample(
    entries: impl Iterator<Item = Result<Entry, SourceError>>,
    width: usize,
) -> Result<(Vec<Record>, Option<SourceError>), ImportError> {
    let most = (CELLS / width).max(1);
    let first = FIRST.min(most.div_ceil(2));
    let spread = SPREAD.min(most / 2);
    let mut records: Vec<Record> = Vec::new();
    let mut later: Vec<Record> = Vec::new();
    let mut stride = 1_usize;
    let mut bytes = 0;
    let mut behind = 0_usize;
    for entry in entries {
        let record = match entry {
            Ok(Entry::Record(record) | Entry::Odd(record, _)) => record,
            Ok(Entry::Defect(_)) => continue,
            // What nobody could read is no ground to propose anything on.
            Err(error) if records.is_empty() => return Err(error.into()),
            Err(error) => {
                records.append(&mut later);
                return Ok((records, Some(error)));
            }
        };
        let size = size_of_record(&record);
        if record.position.record > LAST || bytes + size > BYTES {
            break;
        }
        if records.len() < first {
            bytes += size;
            records.push(record);
            continue;
        }
        behind += 1;
        if spread == 0 || !behind.is_multiple_of(stride) {
            continue;
        }
        if later.len() >= spread {
            // Every second one goes, and from now on every second one is passed over.
            stride *= 2;
            let mut place = 0_usize;
            later.retain(|_| {
                place += 1;
                place.is_multiple_of(2)
            });
            bytes = records.iter().chain(&later).map(size_of_record).sum();
            if !behind.is_multiple_of(stride) {
                continue;
            }
        }
        bytes += size;
        later.push(record);
    }
    records.append(&mut later);
    Ok((records, None))
}

fn size_of_record(record: &Record) -> u64 {
    record.span.end.saturating_sub(record.span.start)
}
