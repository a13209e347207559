//! Rows of a table as the bytes that they take in the file, whatever its encoding.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use encoding_rs::{UTF_16BE, UTF_16LE};

/// How code units lie in the file. Every encoding but UTF-16 has ASCII's bytes for quotes and
/// line breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Units {
    Bytes,
    Little,
    Big,
}

/// The columns by which rows are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) record: usize,
    pub(super) key: Option<usize>,
    pub(super) number: Option<usize>,
}

/// The rows of a table that this program wrote, one at a time.
pub(super) struct RawRows {
    from: BufReader<File>,
    units: Units,
    delimiter: u8,
    raw: Vec<u8>,
}

impl RawRows {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut start = Vec::new();
        (&mut file).take(2).read_to_end(&mut start)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Self {
            from: BufReader::with_capacity(1 << 16, file),
            units: match start.as_slice() {
                [0xFF, 0xFE] => Units::Little,
                [0xFE, 0xFF] => Units::Big,
                _ => Units::Bytes,
            },
            delimiter: b',',
            raw: Vec::new(),
        })
    }

    /// Reads the header; none if it has no column for the record's number.
    pub(super) fn header(&mut self) -> io::Result<Option<Columns>> {
        self.next()?;
        let text = self.text();
        // Two columns that always stand side by side give the delimiter away.
        if let Some((before, _)) = text.split_once("_columns")
            && let Some(delimiter) = before.bytes().next_back()
            && before
                .get(..before.len() - 1)
                .is_some_and(|names| names.ends_with("_message"))
        {
            self.delimiter = delimiter;
        }
        let cells = self.cells();
        let place = |name: &str| cells.iter().position(|cell| cell == name);
        // Behind the input's own columns, of which one may be called the same.
        let record = cells.iter().rposition(|cell| cell == "_record");
        let ours = record.is_none();
        Ok(record.or_else(|| place("record")).map(|record| Columns {
            record,
            key: place("key").filter(|_| ours),
            number: place("customer_number").filter(|_| ours),
        }))
    }

    /// Reads the next row; false at the end.
    pub(super) fn next(&mut self) -> io::Result<bool> {
        self.raw.clear();
        let mut quoted = false;
        while let Some(unit) = self.unit()? {
            match unit {
                0x22 => quoted = !quoted,
                0x0A if !quoted => break,
                _ => {}
            }
        }
        Ok(!self.raw.is_empty())
    }

    /// The row's bytes, its line break included.
    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The row's cells; what cannot be decoded is replaced.
    pub(super) fn cells(&self) -> Vec<String> {
        let text = self.text();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .from_reader(text.as_bytes());
        let row = reader.records().next().and_then(Result::ok);
        row.unwrap_or_default().iter().map(str::to_owned).collect()
    }

    fn text(&self) -> String {
        let text = match self.units {
            Units::Bytes => String::from_utf8_lossy(&self.raw),
            Units::Little => UTF_16LE.decode_without_bom_handling(&self.raw).0,
            Units::Big => UTF_16BE.decode_without_bom_handling(&self.raw).0,
        };
        text.trim_start_matches('\u{feff}').to_owned()
    }

    /// Reads one code unit behind the others of the row; a single byte at the end is none.
    fn unit(&mut self) -> io::Result<Option<u16>> {
        let length = if self.units == Units::Bytes { 1 } else { 2 };
        let mut bytes = [0; 2];
        let mut filled = 0;
        while let Some(rest) = bytes
            .get_mut(filled..length)
            .filter(|rest| !rest.is_empty())
        {
            match self.from.read(rest)? {
                0 => break,
                count => filled += count,
            }
        }
        self.raw.extend(bytes.iter().take(filled));
        let [first, second] = bytes;
        Ok((filled == length).then_some(match self.units {
            Units::Bytes => u16::from(first),
            Units::Little => u16::from_le_bytes([first, second]),
            Units::Big => u16::from_be_bytes([first, second]),
        }))
    }
}
