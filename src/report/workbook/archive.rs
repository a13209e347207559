//! The ZIP container of a workbook, written in one go: a part's size and checksum follow behind
//! it, so that nothing is kept but the list of parts (APPNOTE.TXT 4.3.9, "data descriptor").
//!
//! Without ZIP64, which not every spreadsheet program reads: a part, and the whole, must stay
//! below 4 GiB. That is an error, never a damaged file. One that is dropped before its end writes
//! nothing more and says nothing: whoever wrote it knows why. That is why the crate that reads
//! archives does not write them here: it ends one that is dropped, also where the disk is full, and
//! complains on stderr.

use std::io::{self, Write};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// Packed bytes are handed on in pieces of about this size.
const PIECE: usize = 64 * 1024;
/// Version 2.0 of the format: deflated parts.
const VERSION: u16 = 20;
/// Size and checksum follow behind the part.
const FLAGS: u16 = 1 << 3;
/// Rows of failures are much alike, so little effort packs them well.
const LEVEL: Compression = Compression::new(3);
const DEFLATED: u16 = 8;
/// 1 January 1980: when it was written is nobody's business, and equal reports are equal files.
const DATE: u16 = 0x21;

/// An archive that is being written to `out`.
#[derive(Debug)]
pub(super) struct Archive<W> {
    out: W,
    offset: u64,
    open: Option<Part>,
    closed: Vec<Entry>,
}

/// The part that is being written.
#[derive(Debug)]
struct Part {
    name: String,
    start: u64,
    encoder: DeflateEncoder<Vec<u8>>,
    checksum: Crc,
    plain: u64,
    packed: u64,
}

/// A part that is complete, as the directory at the end lists it.
#[derive(Debug)]
struct Entry {
    name: String,
    start: u32,
    checksum: u32,
    packed: u32,
    plain: u32,
}

impl<W: Write> Archive<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            offset: 0,
            open: None,
            closed: Vec::new(),
        }
    }

    /// What it is written to.
    pub(super) fn out(&self) -> &W {
        &self.out
    }

    /// Bytes of the open part, unpacked.
    pub(super) fn written(&self) -> u64 {
        self.open.as_ref().map_or(0, |part| part.plain)
    }

    /// Begins a part; one that is open is complete. The name is ASCII.
    pub(super) fn begin(&mut self, name: &str) -> io::Result<()> {
        self.close()?;
        let start = self.offset;
        let mut header = Vec::with_capacity(30 + name.len());
        header.extend(0x0403_4b50_u32.to_le_bytes());
        for field in [VERSION, FLAGS, DEFLATED, 0, DATE] {
            header.extend(field.to_le_bytes());
        }
        header.extend([0; 12]);
        header.extend(length_of(name)?.to_le_bytes());
        header.extend([0; 2]);
        header.extend(name.as_bytes());
        self.put(&header)?;
        self.open = Some(Part {
            name: name.to_owned(),
            start,
            encoder: DeflateEncoder::new(Vec::with_capacity(2 * PIECE), LEVEL),
            checksum: Crc::new(),
            plain: 0,
            packed: 0,
        });
        Ok(())
    }

    /// Writes more of the open part.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(part) = &mut self.open else {
            return Err(io::Error::other("no part of the archive is open"));
        };
        part.checksum.update(bytes);
        part.plain += bytes.len() as u64;
        part.encoder.write_all(bytes)?;
        let ready = part.encoder.get_mut();
        if ready.len() >= PIECE {
            self.out.write_all(ready)?;
            part.packed += ready.len() as u64;
            ready.clear();
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        let Some(part) = self.open.take() else {
            return Ok(());
        };
        let rest = part.encoder.finish()?;
        self.out.write_all(&rest)?;
        let packed = part.packed + rest.len() as u64;
        self.offset += packed;
        let entry = Entry {
            name: part.name,
            start: short(part.start)?,
            checksum: part.checksum.sum(),
            packed: short(packed)?,
            plain: short(part.plain)?,
        };
        let mut behind = Vec::with_capacity(16);
        for field in [0x0807_4b50, entry.checksum, entry.packed, entry.plain] {
            behind.extend(field.to_le_bytes());
        }
        self.put(&behind)?;
        self.closed.push(entry);
        Ok(())
    }

    /// Writes the directory and hands back what everything went to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.close()?;
        let start = short(self.offset)?;
        let mut directory = Vec::new();
        for entry in &self.closed {
            directory.extend(0x0201_4b50_u32.to_le_bytes());
            for field in [VERSION, VERSION, FLAGS, DEFLATED, 0, DATE] {
                directory.extend(field.to_le_bytes());
            }
            for field in [entry.checksum, entry.packed, entry.plain] {
                directory.extend(field.to_le_bytes());
            }
            directory.extend(length_of(&entry.name)?.to_le_bytes());
            directory.extend([0; 12]);
            directory.extend(entry.start.to_le_bytes());
            directory.extend(entry.name.as_bytes());
        }
        let size = short(directory.len() as u64)?;
        let parts = u16::try_from(self.closed.len()).map_err(|_| too_large())?;
        directory.extend(0x0605_4b50_u32.to_le_bytes());
        for field in [0, 0, parts, parts] {
            directory.extend(field.to_le_bytes());
        }
        directory.extend(size.to_le_bytes());
        directory.extend(start.to_le_bytes());
        directory.extend([0; 2]);
        self.put(&directory)?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

fn length_of(name: &str) -> io::Result<u16> {
    u16::try_from(name.len()).map_err(|_| too_large())
}

/// All ones would mean that ZIP64 has the number.
fn short(number: u64) -> io::Result<u32> {
    let fits = u32::try_from(number).ok().filter(|fit| *fit != u32::MAX);
    fits.ok_or_else(too_large)
}

fn too_large() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        "there is more to write than a workbook can hold",
    )
}
