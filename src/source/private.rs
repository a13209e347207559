//! Private copies of what an input holds, where its own bytes cannot be split as they are: what
//! was unpacked, and the rows of a sheet.
//!
//! A copy is a file without a name in the folder for temporary files, for its owner alone: it
//! is gone with the process that made it, however that ends. It is written once and then
//! read again and again, from several places at once.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use super::error::SourceError;

/// Bytes that every copy may have: what unpacks to no more is no bomb, whatever its ratio.
const ALWAYS: u64 = 256 << 20;
/// How many times larger than its input a larger copy may be. Text that people keep shrinks to
/// a tenth or a thirtieth; a bomb to less than a thousandth.
const RATIO: u64 = 250;

/// The most that an input of `packed` bytes may become.
pub(super) fn allowed(packed: u64) -> u64 {
    packed.saturating_mul(RATIO).max(ALWAYS)
}

/// What is said by a copy that became larger than it may.
#[derive(Debug, thiserror::Error)]
#[error("it unpacks to more than {limit} bytes")]
struct TooLarge {
    limit: u64,
}

/// Names what went wrong where an input was unpacked into a copy: the input, or the copy.
pub(super) fn unpacking(path: &Path, error: io::Error) -> SourceError {
    let path = path.to_owned();
    let inner = error.get_ref();
    if let Some(bomb) = inner.and_then(|inner| inner.downcast_ref::<TooLarge>()) {
        return SourceError::Bomb {
            path,
            limit: bomb.limit,
        };
    }
    match error.downcast::<NotKept>() {
        Ok(NotKept(source)) => SourceError::Private { source },
        Err(source) => SourceError::Damaged {
            path,
            why: source.to_string(),
        },
    }
}

/// The copy could not be written; its input is not to blame.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotKept(io::Error);

/// A file without a name, for its owner alone.
fn private_file() -> io::Result<File> {
    let file = tempfile::tempfile()?;
    // Without a name nobody finds it, but some systems show what a process has open.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// A copy that is being written.
#[derive(Debug)]
pub(super) struct Draft {
    to: BufWriter<File>,
    bytes: u64,
    limit: u64,
}

impl Draft {
    /// Begins a copy of at most `limit` bytes.
    pub(super) fn begin(limit: u64) -> Result<Self, SourceError> {
        let file = private_file().map_err(|source| SourceError::Private { source })?;
        Ok(Self {
            to: BufWriter::with_capacity(128 * 1024, file),
            bytes: 0,
            limit,
        })
    }

    /// Closes it.
    pub(super) fn finish(self) -> Result<PrivateCopy, SourceError> {
        let file = self.to.into_inner().map_err(|error| SourceError::Private {
            source: error.into_error(),
        })?;
        Ok(PrivateCopy {
            file: Arc::new(file),
            bytes: self.bytes,
        })
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let limit = self.limit;
        if self.bytes.saturating_add(bytes.len() as u64) > limit {
            return Err(io::Error::other(TooLarge { limit }));
        }
        let written = self
            .to
            .write(bytes)
            .map_err(|error| io::Error::other(NotKept(error)))?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to
            .flush()
            .map_err(|error| io::Error::other(NotKept(error)))
    }
}

/// A copy that is complete.
#[derive(Clone, Debug)]
pub(super) struct PrivateCopy {
    file: Arc<File>,
    bytes: u64,
}

impl PrivateCopy {
    /// Its length in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads it from the start, whoever else is reading it.
    pub(super) fn open(&self) -> PrivateReader {
        PrivateReader {
            copy: self.clone(),
            offset: 0,
        }
    }
}

/// Reads a copy. Each has a place of its own.
#[derive(Debug)]
pub(super) struct PrivateReader {
    copy: PrivateCopy,
    offset: u64,
}

impl Read for PrivateReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = read_at(&self.copy.file, to, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl Seek for PrivateReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(delta) => self.copy.bytes.checked_add_signed(delta),
            SeekFrom::Current(delta) => self.offset.checked_add_signed(delta),
        };
        self.offset = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.offset)
    }
}

#[cfg(unix)]
fn read_at(file: &File, to: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, to, offset)
}

#[cfg(windows)]
fn read_at(file: &File, to: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, to, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_read_from_several_places_at_once() {
        let mut draft = Draft::begin(100).unwrap();
        draft.write_all(b"a;b\n1;2\n").unwrap();
        let copy = draft.finish().unwrap();
        assert_eq!(copy.bytes(), 8);
        let (mut one, mut other) = (copy.open(), copy.open());
        let mut two = [0; 2];
        one.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"a;");
        other.seek(SeekFrom::End(-2)).unwrap();
        let mut rest = String::new();
        other.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "2\n");
        assert!(other.seek(SeekFrom::Current(-20)).is_err());
        one.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "2\nb\n1;2\n");
    }

    #[test]
    fn who_is_to_blame_is_told_apart() {
        let path = Path::new("kunden.csv.gz");
        let mut draft = Draft::begin(3).unwrap();
        draft.write_all(b"abc").unwrap();
        let error = unpacking(path, draft.write_all(b"d").unwrap_err());
        assert!(matches!(error, SourceError::Bomb { limit: 3, .. }));
        let full = io::Error::other(NotKept(io::ErrorKind::StorageFull.into()));
        assert!(matches!(unpacking(path, full), SourceError::Private { .. }));
        let cut = io::ErrorKind::UnexpectedEof.into();
        assert!(matches!(unpacking(path, cut), SourceError::Damaged { .. }));
        assert_eq!(allowed(1), ALWAYS);
        assert_eq!(allowed(ALWAYS), ALWAYS * RATIO);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_never_a_damaged_input() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut draft = Draft {
            to: BufWriter::new(full),
            bytes: 0,
            limit: 100,
        };
        draft.write_all(b"abc").unwrap();
        let error = unpacking(Path::new("kunden.xlsx"), draft.flush().unwrap_err());
        assert!(matches!(error, SourceError::Private { .. }), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_copy_has_no_name_and_belongs_to_its_owner() {
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::MetadataExt;
        let copy = Draft::begin(1).unwrap().finish().unwrap();
        let metadata = copy.file.metadata().unwrap();
        assert_eq!((metadata.nlink(), metadata.mode() & 0o777), (0, 0o600));
        let link = format!("/proc/self/fd/{}", copy.file.as_raw_fd());
        let target = std::fs::read_link(link).unwrap();
        assert!(target.to_string_lossy().ends_with("(deleted)"));
    }
}
