//! ODS: one stream of XML for all sheets, gone through twice, cell by cell, in constant memory:
//! once for which sheets there are, and once for the cells of one of them.
//!
//! Elements and attributes are those of OpenDocument 1.3, part 3; `calcext:value-type`, which
//! tells errors from texts, is LibreOffice's.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read, Seek};

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use zip::ZipArchive;

use super::look::Look;
use super::rows::{COLUMNS, ROW, Rows};
use super::xlsx::{iso, number};
use super::{Choice, Listed, choose};

/// Bytes of a cell's text at most. (Programs keep 32 767 characters, or 65 535.)
const CELL: usize = 1 << 20;
/// Where the sheets are.
const CONTENT: &str = "content.xml";

/// An opened book.
pub(super) struct Book<F: Read + Seek> {
    archive: ZipArchive<F>,
}

/// What the first look at a book finds.
struct Overview {
    name: String,
    is_visible: bool,
    has_cells: bool,
}

impl<F: Read + Seek> Book<F> {
    pub(super) fn open(file: F) -> io::Result<Self> {
        let archive = ZipArchive::new(file).map_err(io::Error::other)?;
        Ok(Self { archive })
    }

    /// The sheet that is meant.
    pub(super) fn choose(&mut self, wanted: Option<&str>) -> io::Result<Result<Choice, Listed>> {
        let sheets = self.overview()?;
        let names: Vec<(String, bool)> = sheets
            .iter()
            .map(|sheet| (sheet.name.clone(), sheet.is_visible))
            .collect();
        choose(&names, wanted, |name| {
            let mut same = sheets.iter().filter(|sheet| sheet.name == name);
            Ok(same.any(|sheet| sheet.has_cells))
        })
    }

    fn overview(&mut self) -> io::Result<Vec<Overview>> {
        let mut content = Content::open(&mut self.archive)?;
        let mut hidden: Vec<String> = Vec::new();
        let mut style = String::new();
        let mut sheets: Vec<Overview> = Vec::new();
        while let Some(tag) = content.next_start()? {
            match tag.name.as_str() {
                "style:style" => style = tag.take("style:name").unwrap_or_default(),
                "style:table-properties" if tag.get("table:display") == Some("false") => {
                    hidden.push(style.clone());
                }
                "table:table" => {
                    let of = tag.get("table:style-name").map(str::to_owned);
                    let is_hidden = of.is_some_and(|of| hidden.contains(&of));
                    let mut has_cells = false;
                    content.table(&mut |_, _, cell, _| {
                        has_cells |= !cell.is_empty();
                        Ok(!has_cells)
                    })?;
                    sheets.push(Overview {
                        name: tag.take("table:name").unwrap_or_default(),
                        is_visible: !is_hidden,
                        has_cells,
                    });
                }
                _ => {}
            }
        }
        Ok(sheets)
    }

    /// Writes all cells of the sheet.
    pub(super) fn read(&mut self, name: &str, to: &mut Rows<'_>) -> io::Result<()> {
        let mut content = Content::open(&mut self.archive)?;
        while let Some(tag) = content.next_start()? {
            if tag.name != "table:table" {
                continue;
            }
            if tag.get("table:name") != Some(name) {
                content.table(&mut |_, _, _, _| Ok(false))?;
                continue;
            }
            return content.table(&mut |row, column, cell, repeated| {
                // A repeated empty cell is no cell at all.
                if cell.is_empty() {
                    return Ok(true);
                }
                for column in column..column.saturating_add(repeated) {
                    if !to.go_to(row, column)? {
                        break;
                    }
                    cell.put(to, column);
                }
                Ok(!to.is_full())
            });
        }
        Ok(())
    }
}

/// A cell as it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
struct Cell {
    /// Its type: `float`, `percentage`, `currency`, `date`, `time`, `boolean` or `string`.
    kind: String,
    /// Its value, where it is not just its text.
    value: Option<String>,
    /// Whether the text says which error there is instead of a value.
    is_error: bool,
    /// What is shown.
    text: String,
}

impl Cell {
    fn is_empty(&self) -> bool {
        self.value.as_deref().unwrap_or(&self.text).is_empty() && self.text.is_empty()
    }

    fn put(&self, to: &mut Rows<'_>, column: u32) {
        if self.is_error {
            let text = if self.text.is_empty() {
                "error"
            } else {
                &self.text
            };
            return to.put_error(column, text);
        }
        let value = self.value.as_deref().unwrap_or_default();
        let written = to.written(column);
        let text = match self.kind.as_str() {
            "float" | "percentage" | "currency" => match value.parse::<f64>() {
                Ok(_) if self.shows_zeros(value) => Cow::Borrowed(&*self.text),
                Ok(value) if value.is_finite() => {
                    let look = if self.kind == "percentage" {
                        Look::Percent
                    } else {
                        Look::Plain
                    };
                    Cow::Owned(number(value, &look, written))
                }
                _ => Cow::Borrowed(value),
            },
            "date" => match iso(value) {
                Some(at) => Cow::Owned(written.moment(at, to.today())),
                None => Cow::Borrowed(value),
            },
            "time" => match time(value) {
                Some(time) => Cow::Owned(time),
                None => Cow::Borrowed(value),
            },
            "boolean" => Cow::Borrowed(if value == "true" { "TRUE" } else { "FALSE" }),
            _ => Cow::Borrowed(self.value.as_deref().unwrap_or(&self.text)),
        };
        to.put(column, &text);
    }

    /// Whether it is shown with zeros before its digits, and as nothing else.
    fn shows_zeros(&self, value: &str) -> bool {
        let digits = self.text.trim_start_matches('0');
        digits.len() < self.text.len()
            && self.text.len() > 1
            && self.text.bytes().all(|byte| byte.is_ascii_digit())
            && (digits == value || (digits.is_empty() && value == "0"))
    }
}

/// A length of time (`PT14H30M00S`) as a clock or a sum of hours shows it.
fn time(text: &str) -> Option<String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (hours, rest) = rest.strip_prefix("PT")?.split_once('H')?;
    let (minutes, seconds) = rest.split_once('M')?;
    let whole = seconds.strip_suffix('S')?.split(['.', ',']).next()?;
    let (hours, minutes, seconds): (u64, u8, u8) = (
        hours.parse().ok()?,
        minutes.parse().ok()?,
        whole.parse().ok()?,
    );
    Some(if hours < 24 && seconds == 0 && sign.is_empty() {
        format!("{hours:02}:{minutes:02}")
    } else if hours < 24 && sign.is_empty() {
        format!("{hours:02}:{minutes:02}:{seconds:02}")
    } else {
        format!("{sign}{hours}:{minutes:02}:{seconds:02}")
    })
}

/// A start tag.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn of(start: &BytesStart<'_>) -> io::Result<Self> {
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(io::Error::other)?;
            let raw: &str = attribute.value.as_ref();
            let value = quick_xml::escape::unescape(raw).map_err(io::Error::other)?;
            let name: &str = attribute.key.as_ref();
            attributes.push((name.to_owned(), value.into_owned()));
        }
        Ok(Self {
            name: start.name().as_ref().to_owned(),
            attributes,
        })
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    fn take(self, name: &str) -> Option<String> {
        let mut attributes = self.attributes.into_iter();
        attributes
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// How often it is repeated, at least once.
    fn times(&self, name: &str) -> io::Result<u32> {
        match self.get(name) {
            None => Ok(1),
            Some(text) => match text.parse::<u32>() {
                Ok(0) => Ok(1),
                Ok(count) => Ok(count),
                Err(_) => Err(io::Error::other(format!("`{name}` is no number"))),
            },
        }
    }
}

/// What is done with a cell: row and column counted from 0, the cell, and how many times it stands
/// there side by side. It says whether it wants further ones.
type Visit<'v> = dyn FnMut(u32, u32, &Cell, u32) -> io::Result<bool> + 'v;

/// The stream of a book's contents.
struct Content<R: BufRead> {
    reader: Reader<R>,
    buffer: Vec<u8>,
}

impl<'a, F: Read + Seek> Content<BufReader<zip::read::ZipFile<'a, F>>> {
    fn open(archive: &'a mut ZipArchive<F>) -> io::Result<Self> {
        let part = archive.by_name(CONTENT).map_err(io::Error::other)?;
        let mut reader = Reader::from_reader(BufReader::new(part));
        reader.config_mut().expand_empty_elements = true;
        Ok(Self {
            reader,
            buffer: Vec::new(),
        })
    }
}

impl<R: BufRead> Content<R> {
    fn next(&mut self) -> io::Result<Event<'_>> {
        self.buffer.clear();
        let event = self.reader.read_event_into(&mut self.buffer);
        event.map_err(io::Error::other)
    }

    /// The next start tag, wherever it is; none at the end.
    fn next_start(&mut self) -> io::Result<Option<Tag>> {
        loop {
            match self.next()? {
                Event::Start(start) => return Tag::of(&start).map(Some),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    /// Goes through a table, whose start tag was read, to its end. What lies behind what the visitor
    /// wants is passed over.
    fn table(&mut self, visit: &mut Visit<'_>) -> io::Result<()> {
        let mut row: u32 = 0;
        let mut wanted = true;
        loop {
            let tag = match self.next()? {
                Event::Start(start) => Tag::of(&start)?,
                Event::End(end) if end.name().as_ref() == "table:table" => return Ok(()),
                Event::Eof => return Err(cut_off()),
                _ => continue,
            };
            match tag.name.as_str() {
                "table:table-row" => {
                    let repeated = tag.times("table:number-rows-repeated")?;
                    wanted = self.row(row, repeated, wanted, visit)?;
                    row = row.saturating_add(repeated);
                }
                // What groups rows.
                "table:table-rows" | "table:table-header-rows" | "table:table-row-group" => {}
                _ => self.skip(&tag.name)?,
            }
        }
    }

    /// Goes through a row, whose start tag was read, to its end; says whether further ones are
    /// wanted.
    fn row(
        &mut self,
        row: u32,
        repeated: u32,
        mut wanted: bool,
        visit: &mut Visit<'_>,
    ) -> io::Result<bool> {
        let mut cells: Vec<(u32, Cell, u32)> = Vec::new();
        let mut column: u32 = 0;
        let mut bytes: usize = 0;
        loop {
            let tag = match self.next()? {
                Event::Start(start) => Tag::of(&start)?,
                Event::End(end) if end.name().as_ref() == "table:table-row" => break,
                Event::Eof => return Err(cut_off()),
                _ => continue,
            };
            let is_cell = matches!(
                tag.name.as_str(),
                "table:table-cell" | "table:covered-table-cell"
            );
            if !is_cell {
                self.skip(&tag.name)?;
                continue;
            }
            let times = tag.times("table:number-columns-repeated")?;
            let cell = self.cell(&tag)?;
            if wanted && !cell.is_empty() {
                if column.saturating_add(times) > COLUMNS {
                    return Err(io::Error::other(format!(
                        "row {} has a cell beyond the last column of a sheet",
                        u64::from(row) + 1
                    )));
                }
                bytes = bytes.saturating_add(cell.text.len());
                if bytes > ROW {
                    let row = u64::from(row) + 1;
                    let why = format!("row {row} has more than {ROW} bytes");
                    return Err(io::Error::other(why));
                }
                cells.push((column, cell, times));
            }
            column = column.saturating_add(times);
        }
        if cells.is_empty() {
            return Ok(wanted);
        }
        for row in row..row.saturating_add(repeated) {
            for (column, cell, times) in &cells {
                wanted = wanted && visit(row, *column, cell, *times)?;
            }
            if !wanted {
                break;
            }
        }
        Ok(wanted)
    }

    /// Reads a cell, whose start tag was read, to its end.
    fn cell(&mut self, tag: &Tag) -> io::Result<Cell> {
        let kind = tag.get("office:value-type").unwrap_or_default();
        let value = match kind {
            "float" | "percentage" | "currency" => tag.get("office:value"),
            "date" => tag.get("office:date-value"),
            "time" => tag.get("office:time-value"),
            "boolean" => tag.get("office:boolean-value"),
            "string" => tag.get("office:string-value"),
            _ => None,
        };
        let is_error = tag.get("calcext:value-type") == Some("error");
        let mut cell = Cell {
            kind: kind.to_owned(),
            value: value.map(str::to_owned),
            is_error,
            text: String::new(),
        };
        let mut paragraphs = 0;
        loop {
            let inner = match self.next()? {
                Event::Start(start) => Tag::of(&start)?,
                Event::End(end) if end.name().as_ref() == tag.name => break,
                Event::Eof => return Err(cut_off()),
                _ => continue,
            };
            if inner.name == "text:p" || inner.name == "text:h" {
                if paragraphs > 0 {
                    push(&mut cell.text, "\n")?;
                }
                paragraphs += 1;
                self.paragraph(&inner.name, &mut cell.text)?;
            } else {
                // Notes and shapes.
                self.skip(&inner.name)?;
            }
        }
        Ok(cell)
    }

    /// Appends a paragraph's text. White space counts once, and not at its beginning (section
    /// 6.1.2); what is more of it has tags of its own.
    fn paragraph(&mut self, name: &str, to: &mut String) -> io::Result<()> {
        let start = to.len();
        let mut depth = 0_u32;
        loop {
            let inner = match self.next()? {
                Event::Text(text) => {
                    append(to, start, &text.xml10_content())?;
                    continue;
                }
                Event::CData(text) => {
                    append(to, start, &text.xml10_content())?;
                    continue;
                }
                Event::GeneralRef(reference) => {
                    let text = resolve(&reference)?;
                    push(to, &text)?;
                    continue;
                }
                Event::End(end) => {
                    if depth == 0 && end.name().as_ref() == name {
                        return Ok(());
                    }
                    depth = depth.saturating_sub(1);
                    continue;
                }
                Event::Start(start) => Tag::of(&start)?,
                Event::Eof => return Err(cut_off()),
                _ => continue,
            };
            depth += 1;
            match inner.name.as_str() {
                "text:s" => {
                    let count = inner.times("text:c")? as usize;
                    push(to, &" ".repeat(count.min(CELL + 1)))?;
                }
                "text:tab" => push(to, "\t")?,
                "text:line-break" => push(to, "\n")?,
                "office:annotation" | "text:note" | "text:ruby-text" => {
                    self.skip(&inner.name)?;
                    depth -= 1;
                }
                _ => {}
            }
        }
    }

    /// Passes over an element, whose start tag was read, and all in it.
    fn skip(&mut self, name: &str) -> io::Result<()> {
        let mut depth = 0_u32;
        loop {
            match self.next()? {
                Event::Start(start) if start.name().as_ref() == name => depth += 1,
                Event::End(end) if end.name().as_ref() == name => {
                    if depth == 0 {
                        return Ok(());
                    }
                    depth -= 1;
                }
                Event::Eof => return Err(cut_off()),
                _ => {}
            }
        }
    }
}

/// Appends text of which white space counts once.
fn append(to: &mut String, start: usize, text: &str) -> io::Result<()> {
    let mut piece = String::with_capacity(text.len());
    for sign in text.chars() {
        if matches!(sign, ' ' | '\t' | '\r' | '\n') {
            let before = piece.chars().next_back().or_else(|| {
                let text = to.get(start..)?;
                text.chars().next_back()
            });
            if before.is_some_and(|before| before != ' ') {
                piece.push(' ');
            }
        } else {
            piece.push(sign);
        }
    }
    push(to, &piece)
}

fn push(to: &mut String, text: &str) -> io::Result<()> {
    if to.len().saturating_add(text.len()) > CELL {
        let why = format!("it has a cell with more than {CELL} bytes");
        return Err(io::Error::other(why));
    }
    to.push_str(text);
    Ok(())
}

/// The text that a reference (`&amp;`, `&#228;`) stands for.
fn resolve(reference: &BytesRef<'_>) -> io::Result<String> {
    if let Some(sign) = reference.resolve_char_ref().map_err(io::Error::other)? {
        return Ok(sign.to_string());
    }
    let name: &str = reference.as_ref();
    let text = resolve_xml_entity(name);
    // Its name may be a piece of somebody's text.
    text.map(str::to_owned)
        .ok_or_else(|| io::Error::other("an entity in a cell stands for nothing"))
}

fn cut_off() -> io::Error {
    io::Error::other("its XML ends in the middle of a table")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_a_clock_shows_them() {
        for (text, shown) in [
            ("PT14H30M00S", Some("14:30")),
            ("PT14H30M15.5S", Some("14:30:15")),
            ("PT26H30M00S", Some("26:30:00")),
            ("-PT01H00M00S", Some("-1:00:00")),
            ("P1D", None),
        ] {
            assert_eq!(time(text).as_deref(), shown, "{text}");
        }
    }

    #[test]
    fn zeros_that_are_shown_count() {
        let shows = |value: &str, text: &str| {
            let cell = Cell {
                text: text.to_owned(),
                ..Cell::default()
            };
            cell.shows_zeros(value)
        };
        assert!(shows("1067", "01067"));
        assert!(shows("0", "000"));
        assert!(!shows("1067", "1067"));
        assert!(!shows("0", "0"));
        assert!(!shows("1067.4", "01067"));
        assert!(!shows("1234", "01067"));
        assert!(!shows("5", "05 km"));
    }

    #[test]
    fn white_space_counts_once() {
        let mut text = "x".to_owned();
        append(&mut text, 1, " \n a  b ").unwrap();
        append(&mut text, 1, " c").unwrap();
        assert_eq!(text, "xa b c");
        assert!(push(&mut text, &" ".repeat(CELL)).is_err());
    }
}
