//! Where the bytes lie that are split into records: in the file itself, or in a private copy of
//! what was unpacked from it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::blocks::BLOCK;
use super::error::SourceError;
use super::packed::{Packing, unpack};
use super::private::{PrivateCopy, PrivateReader};
use super::sheet::{self, examine};

/// Where the bytes lie.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// In the file.
    File(PathBuf),
    /// In a copy.
    Copy(PrivateCopy),
}

impl Content {
    /// Opens it at its start.
    pub(super) fn open(&self) -> Result<Opened, SourceError> {
        Ok(match self {
            Self::File(path) => Opened::File(open(path)?),
            Self::Copy(copy) => Opened::Copy(copy.open()),
        })
    }
}

/// Opened content.
pub(super) enum Opened {
    /// The file.
    File(File),
    /// A copy.
    Copy(PrivateReader),
}

impl Read for Opened {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(to),
            Self::Copy(copy) => copy.read(to),
        }
    }
}

impl Seek for Opened {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Copy(copy) => copy.seek(to),
        }
    }
}

/// What an input is at first sight, behind its compression.
pub(super) struct Looked {
    /// Where its bytes lie.
    pub(super) content: Content,
    /// The first of them, up to a block.
    pub(super) head: Vec<u8>,
    /// How many they are.
    pub(super) bytes: u64,
    /// How the file is compressed.
    pub(super) packing: Option<Packing>,
}

impl Looked {
    /// Looks at a file of `bytes` bytes, and unpacks it.
    pub(super) fn at(path: &Path, bytes: u64) -> Result<Self, SourceError> {
        let content = Content::File(path.to_owned());
        let head = head_of(path, &content)?;
        let Some(packing) = Packing::of(&head) else {
            return Ok(Self {
                content,
                head,
                bytes,
                packing: None,
            });
        };
        let copy = unpack(path, open(path)?, packing, bytes)?;
        let bytes = copy.bytes();
        let content = Content::Copy(copy);
        let head = head_of(path, &content)?;
        if Packing::of(&head).is_some() {
            return Err(SourceError::OtherFormat {
                path: path.to_owned(),
                what: "compressed twice",
            });
        }
        Ok(Self {
            content,
            head,
            bytes,
            packing: Some(packing),
        })
    }

    /// Whether it is an archive, as XLSX and ODS files are.
    pub(super) fn is_archive(&self) -> bool {
        self.head.starts_with(b"PK\x03\x04") || self.head.starts_with(b"PK\x05\x06")
    }

    /// Refuses the kind of file that old Excel files are, and new ones behind a password.
    pub(super) fn refuse_compound(&self, path: &Path) -> Result<(), SourceError> {
        if !self.head.starts_with(b"\xd0\xcf\x11\xe0") {
            return Ok(());
        }
        // The stream that holds the encrypted book ([MS-OFFCRYPTO], section 1.3.3).
        let name: Vec<u8> = "EncryptedPackage"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let path = path.to_owned();
        let found = holds(self.content.open()?, &name).map_err(|source| SourceError::Read {
            path: path.clone(),
            offset: 0,
            source,
        })?;
        Err(if found {
            SourceError::Encrypted { path }
        } else {
            SourceError::OtherFormat {
                path,
                what: "an old Excel file (XLS)",
            }
        })
    }
}

/// Hands out the bytes that a file holds, until `each` says true: its own, what is unpacked from
/// it, or one part of a book of sheets after the other.
///
/// # Errors
/// It cannot be read, or it is damaged.
pub fn any_part(
    path: &Path,
    each: &mut dyn FnMut(&mut dyn Read) -> io::Result<bool>,
) -> Result<bool, SourceError> {
    let read = |source| SourceError::Read {
        path: path.to_owned(),
        offset: 0,
        source,
    };
    let bytes = std::fs::metadata(path).map_err(read)?.len();
    let looked = Looked::at(path, bytes)?;
    let mut content = looked.content.open()?;
    if !looked.is_archive() {
        return each(&mut content).map_err(read);
    }
    examine(path, looked.content.open()?, looked.bytes)?;
    sheet::any_part(content, each).map_err(read)
}

/// Opens a file.
pub(super) fn open(path: &Path) -> Result<File, SourceError> {
    File::open(path).map_err(|source| SourceError::opening(path, source))
}

fn head_of(path: &Path, content: &Content) -> Result<Vec<u8>, SourceError> {
    let mut head = Vec::with_capacity(BLOCK);
    let read = content.open()?.take(BLOCK as u64).read_to_end(&mut head);
    match read {
        Ok(_) => Ok(head),
        Err(source) => Err(SourceError::Read {
            path: path.to_owned(),
            offset: head.len() as u64,
            source,
        }),
    }
}

/// Whether `wanted` stands anywhere in `from`.
fn holds(mut from: impl Read, wanted: &[u8]) -> io::Result<bool> {
    let mut block = Vec::with_capacity(BLOCK);
    loop {
        let kept = block.len();
        from.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        if block.windows(wanted.len()).any(|bytes| bytes == wanted) {
            return Ok(true);
        }
        if block.len() == kept {
            return Ok(false);
        }
        // It may stand across the border of two blocks.
        let rest = block.len().saturating_sub(wanted.len());
        block.drain(..rest);
    }
}
