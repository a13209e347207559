//! Taking a customer's rows out of `report.html`. Each record that the page names has a row on a
//! line of its own, which begins with its number.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::{Mention, Rest, Taken};
use crate::report::ReportError;

/// How the row of a record begins.
const ROW: &str = "<tr data-record=\"";
/// The largest page that is taken apart, in bytes; those that this program writes are smaller.
const AT_MOST: u64 = 8 << 20;

/// Whether the customer's number stands in the page, or may do so because it is not one of ours.
pub(super) fn mentions(path: &Path, customer: &Mention) -> io::Result<bool> {
    Ok(read(path)?.is_none_or(|page| customer.stands_in_text(&plain(&page))))
}

/// Takes the rows of the `records` out, and those that mention the customer. A page that
/// mentions it still is to be removed.
pub(super) fn take_rows(
    folder: &Path,
    path: &Path,
    records: &BTreeSet<u64>,
    customer: &Mention,
) -> Result<Taken, ReportError> {
    let page = read(path).map_err(|source| ReportError::Write {
        path: path.to_owned(),
        source,
    })?;
    let Some(page) = page else {
        return Ok(Taken::All);
    };
    let mut rest = Rest::begin(folder, path)?;
    let mut kept = String::with_capacity(page.len());
    for line in page.split_inclusive('\n') {
        let row = line.strip_prefix(ROW);
        let number = row.and_then(|row| row.split('"').next()?.parse().ok());
        let is_theirs = number.is_some_and(|number| records.contains(&number))
            || (row.is_some() && customer.stands_in_text(&plain(line)));
        if is_theirs {
            rest.taken += 1;
        } else {
            kept.push_str(line);
        }
    }
    if customer.stands_in_text(&plain(&kept)) {
        return Ok(Taken::All);
    }
    rest.keep(kept.as_bytes())?;
    rest.finish()
}

/// The page; none if it is none of ours.
fn read(path: &Path) -> io::Result<Option<String>> {
    if fs::metadata(path)?.len() > AT_MOST {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(AT_MOST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).ok())
}

/// The text as it was before it was escaped.
fn plain(html: &str) -> String {
    // The sign of all others last, so that nothing is read twice.
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#x2f;", "/")
        .replace("&amp;", "&")
}
