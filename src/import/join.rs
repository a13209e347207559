//! The second file of a mapping (`[join]`): each record of the input gets the cells of the row
//! that has the same key, before it is mapped.
//!
//! The file is read once, when the input is opened: its rows go into a nameless temporary file,
//! and of each a hash of its key and its place stay in memory (24 bytes a row). So every pass
//! sees the same rows, whatever happens to the file meanwhile, and any format with a header will
//! do. Keys are compared by their texts, not by their hashes alone.

mod error;

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::pipeline::{Pipeline, position_of};
use super::which::{absolute, options_from};
use super::{ImportError, bind, pipeline_of};
use crate::journal::Journal;
use crate::mapping::{Columns, Mapping, MappingError, Plan};
use crate::outcome::{Bilingual, Code, FieldError};
use crate::record::{Cells, Fields, Record};
use crate::source::{self, Conventions, Entry, Format, Source, SourceError, SourceSettings};

pub use error::JoinError;

/// Rows between two looks at the signal.
const BREATH: u64 = 1024;

/// Where the second file is looked for, and how it is read.
pub(super) struct Beside<'a> {
    /// The input as it was named; `-` for stdin.
    pub input: &'a str,
    /// Whose journal knows the input that a returned file came from.
    pub state_dir: Option<&'a Path>,
    /// Folders in which it may lie, too.
    pub others: &'a [PathBuf],
    /// Where the rows are kept, without a name.
    pub folder: &'a Path,
    /// Asked now and then whether to go on.
    pub check: &'a dyn Fn() -> Result<(), ImportError>,
}

impl<'a> Beside<'a> {
    /// Beside the input and nowhere else; nobody stops it.
    pub(super) fn alone(folder: &'a Path) -> Self {
        Self {
            input: "",
            state_dir: None,
            others: &[],
            folder,
            check: &|| Ok(()),
        }
    }
}

/// The second file, ready to be looked up.
#[derive(Debug)]
pub(super) struct Join {
    path: PathBuf,
    /// Its name for messages.
    name: String,
    /// The columns of the joined records.
    header: Vec<String>,
    /// Cells of a row of the input, and of one of the file.
    widths: (usize, usize),
    /// The places of the cells that are compared, in rows of each.
    on: Vec<(usize, usize)>,
    /// Ordered by hash.
    rows: Vec<Row>,
    /// The cells of all rows, each as the length of its JSON array in four bytes, and the array.
    cells: Mutex<File>,
    hash: [u8; 32],
}

/// One row of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    hash: u64,
    offset: u64,
    line: u64,
}

/// What the file has for a record.
enum Found {
    Nothing,
    One(Vec<String>),
    /// The lines of two of them.
    Several(u64, u64),
}

/// Binds the mapping to an input, and to the second file if it names one.
///
/// # Errors
/// If the mapping does not fit, or the second file is not there or cannot be used.
pub(super) fn bind_joined(
    mapping: &Mapping,
    source: &Source,
    unkeyed: bool,
    beside: &Beside<'_>,
) -> Result<Pipeline, ImportError> {
    let Some(file) = mapping.joined_file() else {
        return bind(mapping, source, unkeyed);
    };
    has_header(source)?;
    let partner = open(mapping, file, source, beside)?;
    let header = joined_header(mapping, source, &partner);
    let plan = mapping
        .bind(Columns::Header(&header))
        .map_err(|error| error.at_input(source.path()))?;
    let mut join = Join::read(file, (source, &partner), &plan, beside)?;
    join.header = header;
    let mut pipeline = pipeline_of(mapping, plan, unkeyed);
    pipeline.join = Some(Arc::new(join));
    Ok(pipeline)
}

/// Binds the mapping to the headers of both files and reads no record.
///
/// # Errors
/// As [`bind_joined`].
pub(super) fn bind_headers(mapping: &Mapping, source: &Source) -> Result<Pipeline, ImportError> {
    let Some(file) = mapping.joined_file() else {
        return bind(mapping, source, false);
    };
    has_header(source)?;
    let partner = open(mapping, file, source, &Beside::alone(Path::new(".")))?;
    let header = joined_header(mapping, source, &partner);
    let plan = mapping
        .bind(Columns::Header(&header))
        .map_err(|error| error.at_input(source.path()))?;
    Ok(pipeline_of(mapping, plan, false))
}

/// The header of the joined records: the input's own columns, and behind them the other's.
fn joined_header(mapping: &Mapping, source: &Source, partner: &Source) -> Vec<String> {
    let theirs = mapping.joined_header(&partner.facts().header);
    let ours = source.facts().header.iter().cloned();
    ours.chain(theirs).collect()
}

fn has_header(source: &Source) -> Result<(), JoinError> {
    match source.facts().format {
        Format::Jsonl => Err(JoinError::Lines {
            path: source.path().to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Opens the second file; whatever is known of it is detected.
fn open(
    mapping: &Mapping,
    file: &str,
    source: &Source,
    beside: &Beside<'_>,
) -> Result<Source, ImportError> {
    let path = find(file, source, beside)?;
    let weight = |code| mapping.rules().get(&code).copied();
    let defaults = SourceSettings::default();
    let partner = Source::open(
        &path,
        &SourceSettings {
            ragged: weight(Code::RecordRagged).unwrap_or(defaults.ragged),
            cell_error: weight(Code::CellError).unwrap_or(defaults.cell_error),
            conventions: conventions_there(mapping),
            ..defaults
        },
    )?;
    has_header(&partner)?;
    Ok(partner)
}

/// How the mapping reads the second file's numbers and dates: it calls the columns by longer
/// names than the file does.
fn conventions_there(mapping: &Mapping) -> Conventions {
    let all = super::conventions(mapping);
    let theirs = |name: String| mapping.name_there(&name).map(str::to_owned);
    Conventions {
        columns: all
            .columns
            .into_iter()
            .filter_map(|(name, written)| Some((theirs(name)?, written)))
            .collect(),
        used: all
            .used
            .map(|names| names.into_iter().filter_map(theirs).collect()),
        usual: all.usual,
    }
}

/// Looks for the file: beside the input, and in the other folders; for stdin in the current
/// folder; for a returned file also beside the input that it came from.
fn find(file: &str, source: &Source, beside: &Beside<'_>) -> Result<PathBuf, ImportError> {
    let folder = match beside.input {
        "-" => Path::new(""),
        _ => source.path().parent().unwrap_or(Path::new("")),
    };
    let mut looked = vec![folder.join(file)];
    looked.extend(beside.others.iter().map(|folder| folder.join(file)));
    if let Some(found) = looked.iter().find(|path| path.is_file()) {
        return Ok(found.clone());
    }
    if source::is_returned(source.path())
        && let Some(state_dir) = beside.state_dir
        && let Some(journal) = Journal::open_existing(state_dir)?
    {
        let mut next = first_named(source)?;
        while let Some(id) = next.take() {
            let Some(row) = journal.run(&id)?.filter(|row| row.id == id) else {
                break;
            };
            let folder = row.input_path.as_deref().and_then(Path::parent);
            if let Some(path) = folder.map(|folder| folder.join(file)) {
                if path.is_file() {
                    return Ok(path);
                }
                looked.push(path);
            }
            // A correction of a correction; the chain ends at the first run.
            next = row.linked_to.filter(|_| looked.len() < 100);
        }
    }
    if let Some(path) = beside_moved(file, source, beside)? {
        if path.is_file() {
            return Ok(path);
        }
        looked.push(path);
    }
    Err(JoinError::Missing {
        file: file.to_owned(),
        looked,
    }
    .into())
}

/// Where the second file may be of an input that was moved since its run: it stays where it was.
fn beside_moved(
    file: &str,
    source: &Source,
    beside: &Beside<'_>,
) -> Result<Option<PathBuf>, ImportError> {
    let journal = match beside.state_dir {
        Some(folder) => Journal::open_existing(folder)?,
        None => None,
    };
    let Some(journal) = journal else {
        return Ok(None);
    };
    let here = absolute(source.path());
    let rows = journal.runs()?;
    let row = rows.iter().find(|row| {
        let moved_to = options_from(row).moved_to;
        moved_to.is_some_and(|path| Path::new(&path) == here)
    });
    let folder = row.and_then(|row| row.input_path.as_deref()?.parent());
    Ok(folder.map(|folder| folder.join(file)))
}

/// The run that a returned file's first correction names.
fn first_named(source: &Source) -> Result<Option<String>, ImportError> {
    let mut reader = source.read()?;
    while let Some(entry) = reader.next() {
        entry?;
        if let Some(named) = reader.named() {
            return Ok(Some(named.run));
        }
    }
    Ok(None)
}

impl Join {
    /// Reads the file to its end. A row that cannot be read might be anybody's, so it stops.
    fn read(
        file: &str,
        (source, partner): (&Source, &Source),
        plan: &Plan,
        beside: &Beside<'_>,
    ) -> Result<Self, ImportError> {
        let spool = |error: io::Error| ImportError::spool(beside.folder, error);
        let width = source.facts().header.len();
        let on: Vec<(usize, usize)> = plan
            .join_cells()
            .into_iter()
            .map(|(ours, theirs)| (ours, theirs.saturating_sub(width)))
            .collect();
        let mut to = BufWriter::new(tempfile::tempfile_in(beside.folder).map_err(spool)?);
        let (mut rows, mut offset, mut count) = (Vec::new(), 0, 0_u64);
        let mut buffer = Vec::new();
        let mut reader = partner.read()?;
        for entry in reader.by_ref() {
            let entry = entry?;
            count += 1;
            if count.is_multiple_of(BREATH) {
                (beside.check)()?;
            }
            let line = position_of(&entry).line;
            let cells = cells_of(entry, partner.path())?;
            let key = key_of(plan, on.iter().map(|(_, theirs)| cells.get(*theirs)));
            let Some(key) = key else {
                continue;
            };
            buffer.clear();
            serde_json::to_writer(&mut buffer, &cells.iter().collect::<Vec<_>>())
                .map_err(|error| spool(error.into()))?;
            let length = u32::try_from(buffer.len())
                .map_err(|error| spool(io::Error::other(error.to_string())))?;
            to.write_all(&length.to_le_bytes()).map_err(spool)?;
            to.write_all(&buffer).map_err(spool)?;
            rows.push(Row {
                hash: hash_of(&key),
                offset,
                line,
            });
            offset += 4 + u64::from(length);
        }
        let fingerprint = reader.fingerprint().ok_or_else(|| {
            ImportError::Internal("the second file has no fingerprint".to_owned())
        })?;
        rows.sort_unstable();
        rows.shrink_to_fit();
        let cells = to.into_inner().map_err(|error| spool(error.into_error()))?;
        Ok(Self {
            path: partner.path().to_owned(),
            name: file.to_owned(),
            header: Vec::new(),
            widths: (width, partner.facts().header.len()),
            on,
            rows,
            cells: Mutex::new(cells),
            hash: fingerprint.hash,
        })
    }

    /// Binds another mapping to the same records.
    pub(super) fn bind(&self, mapping: &Mapping) -> Result<Plan, MappingError> {
        mapping.bind(Columns::Header(&self.header))
    }

    /// The columns of the joined records.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// What the file's bytes were: another file makes other customers.
    pub(super) fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Where the file lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the cells of the record's row beside its own. Says what is wrong with it:
    /// [`Code::JoinMissing`] or [`Code::JoinAmbiguous`].
    pub(super) fn complete(
        &self,
        entry: &mut Entry,
        plan: &Plan,
    ) -> Result<Option<FieldError>, SourceError> {
        let (Entry::Record(record) | Entry::Odd(record, _)) = entry else {
            return Ok(None);
        };
        let Fields::Cells(cells) = &mut record.fields else {
            return Ok(None);
        };
        let error = |code| {
            FieldError::new(code, "")
                .with("file", &self.name)
                .in_columns(plan.join_columns())
        };
        let key = key_of(plan, self.on.iter().map(|(ours, _)| cells.get(*ours)));
        let found = match key {
            Some(key) => self.look_up(&key, plan)?,
            None => Found::Nothing,
        };
        let (row, error) = match found {
            Found::One(row) => (row, None),
            Found::Nothing => (Vec::new(), Some(error(Code::JoinMissing))),
            Found::Several(first, second) => {
                let error = error(Code::JoinAmbiguous)
                    .with("first_line", first)
                    .with("line", second);
                (Vec::new(), Some(error))
            }
        };
        while cells.len() < self.widths.0 {
            cells.push("");
        }
        let empty = std::iter::repeat("");
        for cell in row
            .iter()
            .map(String::as_str)
            .chain(empty)
            .take(self.widths.1)
        {
            cells.push(cell);
        }
        Ok(error)
    }

    fn look_up(&self, key: &str, plan: &Plan) -> Result<Found, SourceError> {
        let hash = hash_of(key);
        let start = self.rows.partition_point(|row| row.hash < hash);
        let same = self.rows.iter().skip(start);
        let mut found: Option<(u64, Vec<String>)> = None;
        for row in same.take_while(|row| row.hash == hash) {
            let cells = self
                .cells_at(row.offset)
                .map_err(|source| SourceError::Read {
                    path: self.path.clone(),
                    offset: row.offset,
                    source,
                })?;
            let theirs = self
                .on
                .iter()
                .map(|(_, theirs)| cells.get(*theirs).map(String::as_str));
            if key_of(plan, theirs).as_deref() != Some(key) {
                continue;
            }
            if let Some((first, _)) = found {
                return Ok(Found::Several(first, row.line));
            }
            found = Some((row.line, cells));
        }
        Ok(found.map_or(Found::Nothing, |(_, cells)| Found::One(cells)))
    }

    fn cells_at(&self, offset: u64) -> io::Result<Vec<String>> {
        let mut file = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        let mut length = [0; 4];
        file.read_exact(&mut length)?;
        let mut bytes = vec![0; usize::try_from(u32::from_le_bytes(length)).unwrap_or_default()];
        file.read_exact(&mut bytes)?;
        Ok(serde_json::from_slice(&bytes)?)
    }
}

/// The row's cells.
fn cells_of(entry: Entry, path: &Path) -> Result<Cells, JoinError> {
    let (position, error) = match entry {
        Entry::Record(Record {
            fields: Fields::Cells(cells),
            ..
        })
        | Entry::Odd(
            Record {
                fields: Fields::Cells(cells),
                ..
            },
            _,
        ) => return Ok(cells),
        Entry::Defect(defect) => (defect.position, Some(defect.error)),
        Entry::Record(record) | Entry::Odd(record, _) => (record.position, None),
    };
    Err(JoinError::Unreadable {
        path: path.to_owned(),
        line: position.line,
        code: error.as_ref().map(|error| error.code),
        why: error.map_or_else(Bilingual::default, |error| {
            Bilingual::of(|language| error.message_without_value_in(language))
        }),
    })
}

/// The key of a row; none if all of its cells are empty.
fn key_of<'a>(plan: &Plan, cells: impl Iterator<Item = Option<&'a str>>) -> Option<String> {
    let mut key = String::new();
    let mut is_filled = false;
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            key.push('\u{1f}');
        }
        let part = plan.join_key(cell.unwrap_or_default());
        is_filled |= !part.is_empty();
        key.push_str(&part);
    }
    is_filled.then_some(key)
}

fn hash_of(key: &str) -> u64 {
    let hash = blake3::hash(key.as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
