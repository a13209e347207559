//! Reads one answer out of the bytes of its connection: where it ends, by RFC 9112, and what of
//! it counts. Pure: whoever has the connection brings the bytes.
//!
//! httparse finds the lines. What is left to be known is how long the body is, and whether the
//! connection is good for a next request; in doubt it is not.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::deliver::client::{BODY_AT_MOST, begun};
use crate::outcome::Trouble;

/// Longest head of an answer that is read, and longest line or trailer between chunks, in bytes.
const HEAD_AT_MOST: usize = 64 * 1024;
/// Most header lines of an answer that are read.
const HEADERS_AT_MOST: usize = 100;

/// An answer on its way.
#[derive(Debug, Default)]
pub(super) struct Reading {
    head: Option<Head>,
    body: Vec<u8>,
}

/// What counts of the head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub status: u16,
    /// Its header lines, if they say anything about pace.
    pub headers: HeaderMap,
    /// Whether the connection may carry another request.
    pub keeps: bool,
    rest: Rest,
}

/// What is still to come of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// So many bytes.
    Bytes(u64),
    /// Whatever comes until the connection ends.
    UntilEnd,
    /// A line with the length of a chunk.
    ChunkSize,
    /// So many bytes of a chunk, and the end of its line.
    Chunk(u64),
    /// Lines behind the last chunk.
    Trailer,
}

impl Reading {
    /// Takes what has come, leaving what it cannot use yet; whether the answer is whole.
    ///
    /// # Errors
    /// If this is no answer, or too long a one.
    pub(super) fn take(&mut self, bytes: &mut Vec<u8>) -> Result<bool, Trouble> {
        let mut used = 0;
        let done = self.advance(bytes, &mut used);
        bytes.drain(..used);
        done
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// If the answer had not.
    pub(super) fn end(&self) -> Result<(), Trouble> {
        match &self.head {
            Some(head) if head.rest == Rest::UntilEnd => Ok(()),
            _ => Err(Trouble::Broken),
        }
    }

    /// The head, if it has come, and what has come of the body.
    pub(super) fn into_parts(self) -> (Option<Head>, Vec<u8>) {
        (self.head, self.body)
    }

    fn advance(&mut self, bytes: &[u8], used: &mut usize) -> Result<bool, Trouble> {
        loop {
            let rest = bytes.get(*used..).unwrap_or_default();
            let Some(head) = &mut self.head else {
                let Some((head, length)) = read_head(rest)? else {
                    return Ok(false);
                };
                *used += length;
                self.head = head;
                continue;
            };
            match head.rest {
                Rest::Bytes(0) => return Ok(true),
                _ if rest.is_empty() => return Ok(false),
                Rest::Bytes(left) => {
                    let (now, left) = part(rest, left);
                    *used += now.len();
                    head.rest = Rest::Bytes(left);
                    keep(&mut self.body, now)?;
                }
                Rest::UntilEnd => {
                    *used += rest.len();
                    keep(&mut self.body, rest)?;
                }
                Rest::ChunkSize => {
                    let size = httparse::parse_chunk_size(rest).map_err(|_| Trouble::Broken)?;
                    let Some((length, size)) = whole(size, rest)? else {
                        return Ok(false);
                    };
                    *used += length;
                    head.rest = match size {
                        0 => Rest::Trailer,
                        size => Rest::Chunk(size),
                    };
                }
                Rest::Chunk(0) => match rest {
                    [b'\r', b'\n', ..] => {
                        *used += 2;
                        head.rest = Rest::ChunkSize;
                    }
                    [b'\r'] => return Ok(false),
                    _ => return Err(Trouble::Broken),
                },
                Rest::Chunk(left) => {
                    let (now, left) = part(rest, left);
                    *used += now.len();
                    head.rest = Rest::Chunk(left);
                    keep(&mut self.body, now)?;
                }
                Rest::Trailer => {
                    let mut lines = [httparse::EMPTY_HEADER; HEADERS_AT_MOST];
                    let lines = httparse::parse_headers(rest, &mut lines);
                    let lines = lines.map_err(|_| Trouble::Broken)?;
                    let Some((length, _)) = whole(lines, rest)? else {
                        return Ok(false);
                    };
                    *used += length;
                    head.rest = Rest::Bytes(0);
                }
            }
        }
    }
}

/// What was found in `bytes`; nothing if it has not come whole yet and may still do so.
fn whole<T>(found: Status<T>, bytes: &[u8]) -> Result<Option<T>, Trouble> {
    match found {
        Status::Complete(found) => Ok(Some(found)),
        Status::Partial if bytes.len() < HEAD_AT_MOST => Ok(None),
        Status::Partial => Err(Trouble::Broken),
    }
}

/// What is there of the next `left` bytes, and how many are missing after it.
fn part(bytes: &[u8], left: u64) -> (&[u8], u64) {
    let length = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
    let (now, _) = bytes.split_at(length);
    (now, left - length as u64)
}

fn keep(body: &mut Vec<u8>, more: &[u8]) -> Result<(), Trouble> {
    if body.len() + more.len() > BODY_AT_MOST {
        return Err(Trouble::TooLong);
    }
    body.extend_from_slice(more);
    Ok(())
}

/// The head that `bytes` begin with and its length, if it has come whole; no head, but a length,
/// if it is one that only announces another.
fn read_head(bytes: &[u8]) -> Result<Option<(Option<Head>, usize)>, Trouble> {
    let mut headers = [const { MaybeUninit::uninit() }; HEADERS_AT_MOST];
    let mut response = Response::new(&mut []);
    let parsed = ParserConfig::default()
        .parse_response_with_uninit_headers(&mut response, bytes, &mut headers)
        .map_err(|_| Trouble::Broken)?;
    let Some(length) = whole(parsed, bytes)? else {
        return Ok(None);
    };
    let (Some(status), Some(minor)) = (response.code, response.version) else {
        return Err(Trouble::Broken);
    };
    match status {
        // It would speak something else from now on.
        101 => return Err(Trouble::Broken),
        100..200 => return Ok(Some((None, length))),
        _ => {}
    }
    begun();
    let (rest, is_sure) = body_of(status, minor, response.headers)?;
    let keeps = is_sure && rest != Rest::UntilEnd && keeps(minor, response.headers);
    let head = Head {
        status,
        headers: said_of_pace(response.headers)?,
        keeps,
        rest,
    };
    Ok(Some((Some(head), length)))
}

/// How the body ends, and whether nobody could see that otherwise; RFC 9112, section 6.3.
fn body_of(status: u16, minor: u8, headers: &[Header<'_>]) -> Result<(Rest, bool), Trouble> {
    let mut length = None;
    let mut codings = values(headers, "transfer-encoding").peekable();
    for text in values(headers, "content-length").flat_map(|text| text.split(|&b| b == b',')) {
        let one = number(text.trim_ascii()).ok_or(Trouble::Broken)?;
        if *length.get_or_insert(one) != one {
            return Err(Trouble::Broken);
        }
    }
    if matches!(status, 204 | 304) {
        return Ok((Rest::Bytes(0), true));
    }
    if codings.peek().is_some() {
        if minor == 0 {
            return Err(Trouble::Broken);
        }
        let last = codings.last().unwrap_or_default();
        let last = last.rsplit(|&b| b == b',').next().unwrap_or_default();
        let is_chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
        return Ok(if is_chunked {
            (Rest::ChunkSize, length.is_none())
        } else {
            (Rest::UntilEnd, false)
        });
    }
    Ok((length.map_or(Rest::UntilEnd, Rest::Bytes), true))
}

/// Digits and nothing else.
fn number(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(text).ok().filter(|_| is_number)?;
    text.parse().ok()
}

/// Whether the server keeps the connection, as far as the head tells.
fn keeps(minor: u8, headers: &[Header<'_>]) -> bool {
    let says = |word: &str| {
        let mut words = values(headers, "connection").flat_map(|text| text.split(|&b| b == b','));
        words.any(|said| said.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    };
    !says("close") && (minor > 0 || says("keep-alive"))
}

fn values<'a>(headers: &'a [Header<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let named = |header: &&Header<'_>| header.name.eq_ignore_ascii_case(name);
    headers.iter().filter(named).map(|header| header.value)
}

/// The header lines, if one of them says when the next request may come; nearly all answers
/// have none that does.
fn said_of_pace(headers: &[Header<'_>]) -> Result<HeaderMap, Trouble> {
    const QUOTA: &[u8] = b"x-ratelimit-";
    let is_of_pace = |name: &str| {
        let start = name.as_bytes().get(..QUOTA.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(QUOTA))
            || name.eq_ignore_ascii_case("retry-after")
    };
    let mut map = HeaderMap::new();
    if headers.iter().any(|header| is_of_pace(header.name)) {
        for header in headers {
            let name = HeaderName::from_bytes(header.name.as_bytes());
            let value = HeaderValue::from_bytes(header.value);
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(Trouble::Broken);
            };
            map.append(name, value);
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests;
