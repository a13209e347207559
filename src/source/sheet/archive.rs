//! The archive that a sheet lies in, before anybody parses it: which kind of book it is,
//! whether it is whole, and whether it would take more room than it may.

use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

use quick_xml::events::Event;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::source::Format;
use crate::source::error::SourceError;
use crate::source::private::allowed;

/// Bytes between two tags at most: a parser keeps them at once. (A cell holds at most 32 767
/// characters.)
const PIECE: usize = 1 << 20;
/// Bytes of a part at most that is kept in memory as a whole: all but the sheets.
const PART: u64 = 1 << 30;
/// Bytes of an ODS's list of contents that are looked at.
const MANIFEST: u64 = 16 << 20;
/// What the type of an OpenDocument spreadsheet begins with.
const SPREADSHEET: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";

/// Looks at the whole of an archive of `bytes` bytes, in constant memory, and says what it is.
pub(in crate::source) fn examine(
    path: &Path,
    file: impl Read + Seek,
    bytes: u64,
) -> Result<Format, SourceError> {
    let damaged = |error: ZipError| SourceError::Damaged {
        path: path.to_owned(),
        why: why(&error),
    };
    let mut archive = ZipArchive::new(file).map_err(damaged)?;
    let format = kind(path, &mut archive)?;
    let mut left = allowed(bytes);
    for index in 0..archive.len() {
        if archive.by_index_raw(index).map_err(damaged)?.encrypted() {
            return Err(SourceError::Encrypted {
                path: path.to_owned(),
            });
        }
        let part = archive.by_index(index).map_err(damaged)?;
        let name = part.name().map_err(damaged)?.to_ascii_lowercase();
        let is_xml = name.ends_with(".xml") || name.ends_with(".rels");
        let kept = format == Format::Xlsx && is_xml && !name.contains("/worksheets/");
        let limit = if kept { left.min(PART) } else { left };
        let read = scan(BufReader::new(part), limit, is_xml);
        match read.map_err(|source| SourceError::Damaged {
            path: path.to_owned(),
            why: source.to_string(),
        })? {
            Some(count) => left = left.saturating_sub(count),
            None => {
                return Err(SourceError::Bomb {
                    path: path.to_owned(),
                    limit: if kept && PART < left {
                        PART
                    } else {
                        allowed(bytes)
                    },
                });
            }
        }
        if name.ends_with("sharedstrings.xml") {
            let part = archive.by_index(index).map_err(damaged)?;
            count_is_true(BufReader::new(part)).map_err(|why| SourceError::Damaged {
                path: path.to_owned(),
                why: why.to_string(),
            })?;
        }
    }
    Ok(format)
}

/// Whether all of `words` stand somewhere in the texts of a book: in the beginning (2 MiB) of
/// its sheets, or anywhere in the table of texts that they share. A cheap look at a book that
/// was not examined, in constant memory; no answer about their place.
pub(in crate::source) fn mentions(file: impl Read + Seek, words: &[&str]) -> bool {
    const BEGINNING: u64 = 2 << 20;
    let Ok(mut archive) = ZipArchive::new(file) else {
        return false;
    };
    let mut missing: Vec<&str> = words.to_vec();
    for index in 0..archive.len() {
        let Ok(part) = archive.by_index(index) else {
            return false;
        };
        let name = part.name().map(|name| name.to_ascii_lowercase());
        let name = name.unwrap_or_default();
        let limit = if name.ends_with("sharedstrings.xml") {
            PART
        } else if name.ends_with("content.xml") || name.contains("worksheets/") {
            BEGINNING
        } else {
            continue;
        };
        if strike_out(&mut missing, part.take(limit)).is_err() {
            return false;
        }
        if missing.is_empty() {
            return true;
        }
    }
    false
}

/// Whether a sheet of an XLSX book has formulas.
pub(super) fn has_formulas(file: impl Read + Seek) -> bool {
    let Ok(mut archive) = ZipArchive::new(file) else {
        return false;
    };
    (0..archive.len()).any(|index| {
        let Ok(part) = archive.by_index(index) else {
            return false;
        };
        let name = part.name().map(|name| name.to_ascii_lowercase());
        let mut missing = vec!["</f>", ":f>"];
        name.is_ok_and(|name| name.contains("worksheets/"))
            && (strike_out(&mut missing, part).is_err() || missing.len() < 2)
    })
}

/// Hands out every part of an archive that was examined, until `each` says true.
pub(in crate::source) fn any_part(
    file: impl Read + Seek,
    each: &mut dyn FnMut(&mut dyn Read) -> io::Result<bool>,
) -> io::Result<bool> {
    let mut archive = ZipArchive::new(file)?;
    for index in 0..archive.len() {
        if each(&mut archive.by_index(index)?)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes the words from the list that stand in `from`.
fn strike_out(missing: &mut Vec<&str>, mut from: impl Read) -> io::Result<()> {
    let longest = missing.iter().map(|word| word.len()).max().unwrap_or(0);
    let mut block = Vec::with_capacity(1 << 16);
    while !missing.is_empty() {
        let kept = block.len();
        from.by_ref().take(1 << 16).read_to_end(&mut block)?;
        if block.len() == kept {
            break;
        }
        missing.retain(|word| {
            let word = word.as_bytes();
            !block.windows(word.len()).any(|bytes| bytes == word)
        });
        let rest = block.len().saturating_sub(longest);
        block.drain(..rest);
    }
    Ok(())
}

/// Which kind of book it is, by the names of its parts.
fn kind(path: &Path, archive: &mut ZipArchive<impl Read + Seek>) -> Result<Format, SourceError> {
    let names: Vec<String> = archive
        .file_names_raw()
        .map(|name| String::from_utf8_lossy(name).to_ascii_lowercase())
        .collect();
    let has = |folder: &str| names.iter().any(|name| name.starts_with(folder));
    if let Some(start) = beginning(archive, "mimetype", 128) {
        if start.starts_with(SPREADSHEET) {
            let manifest = beginning(archive, "META-INF/manifest.xml", MANIFEST);
            let wanted = b"encryption-data";
            if manifest.is_some_and(|text| text.windows(wanted.len()).any(|it| it == wanted)) {
                return Err(SourceError::Encrypted {
                    path: path.to_owned(),
                });
            }
            return Ok(Format::Ods);
        }
        return Err(other(path, "an OpenDocument file that is no spreadsheet"));
    }
    if has("xl/workbook.bin") {
        return Err(other(path, "a binary Excel file (XLSB)"));
    }
    if has("xl/") || has("/xl/") || has("xl\\") {
        return Ok(Format::Xlsx);
    }
    Err(other(
        path,
        if has("word/") {
            "a Word document"
        } else if names.is_empty() {
            "an empty ZIP file"
        } else {
            "a ZIP file"
        },
    ))
}

fn other(path: &Path, what: &'static str) -> SourceError {
    SourceError::OtherFormat {
        path: path.to_owned(),
        what,
    }
}

/// What an archive's fault is, for people.
fn why(error: &ZipError) -> String {
    match error {
        ZipError::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// The first bytes of a part, if there is one.
fn beginning(
    archive: &mut ZipArchive<impl Read + Seek>,
    name: &str,
    count: u64,
) -> Option<Vec<u8>> {
    let part = archive.by_name(name).ok()?;
    let mut start = Vec::new();
    part.take(count).read_to_end(&mut start).ok()?;
    Some(start)
}

/// Reads a part to its end, which checks it; none if it is larger than `limit`.
fn scan(mut part: impl BufRead, limit: u64, is_xml: bool) -> io::Result<Option<u64>> {
    let mut count: u64 = 0;
    // Bytes since the last tag began.
    let mut piece: usize = 0;
    loop {
        let chunk = part.fill_buf()?;
        if chunk.is_empty() {
            return Ok(Some(count));
        }
        if is_xml {
            let mut pieces = chunk.split(|byte| *byte == b'<');
            piece += pieces.next().map_or(0, <[u8]>::len);
            for next in pieces {
                if piece > PIECE {
                    break;
                }
                piece = next.len();
            }
            if piece > PIECE {
                let why = format!("there are more than {PIECE} bytes between two of its tags");
                return Err(io::Error::other(why));
            }
        }
        let length = chunk.len();
        count += length as u64;
        if count > limit {
            return Ok(None);
        }
        part.consume(length);
    }
}

/// Checks the number of texts that a table of shared ones announces: room is made for them
/// before they are there.
fn count_is_true(part: impl BufRead) -> io::Result<()> {
    /// So many are taken on trust.
    const TRUSTED: u64 = 1 << 22;
    let mut reader = quick_xml::Reader::from_reader(part);
    reader.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    let announced = loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag) | Event::Empty(tag)) if tag.local_name().as_ref() == "sst" => {
                let mut count = 0;
                for attribute in tag.attributes().with_checks(false).flatten() {
                    if attribute.key.local_name().as_ref() == "uniqueCount" {
                        let text: &str = attribute.value.as_ref();
                        count = text.trim().parse().unwrap_or(u64::MAX);
                    }
                }
                break count;
            }
            // Whoever parses it next says what is wrong with it.
            Ok(Event::Eof) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
    };
    if announced <= TRUSTED {
        return Ok(());
    }
    let mut found: u64 = 0;
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag) | Event::Empty(tag)) if tag.local_name().as_ref() == "si" => {
                found += 1;
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    if found.saturating_mul(2) < announced {
        let why = format!("it announces {announced} texts, but holds {found}");
        return Err(io::Error::other(why));
    }
    Ok(())
}
