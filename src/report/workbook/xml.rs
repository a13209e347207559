//! What the parts of a workbook say (ECMA-376, SpreadsheetML), and how text is written in them.

use std::fmt::Write as _;

/// The parts that never change, with their names.
pub(super) const FIXED: [(&str, &str); 2] = [("_rels/.rels", ROOT), ("xl/styles.xml", STYLES)];

const ROOT: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;

/// The formats by the numbers of [`super::Style`]. Number format 49 is "text": what somebody
/// types into such a cell stays as it was typed.
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="3"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font><font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font><font><sz val="11"/><color rgb="FF9C0006"/><name val="Calibri"/><family val="2"/></font></fonts><fills count="5"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFD9D9D9"/><bgColor indexed="64"/></patternFill></fill><fill><patternFill patternType="solid"><fgColor rgb="FFFFC7CE"/><bgColor indexed="64"/></patternFill></fill><fill><patternFill patternType="solid"><fgColor rgb="FFFFEB9C"/><bgColor indexed="64"/></patternFill></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top"/></xf><xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/><xf numFmtId="49" fontId="2" fillId="3" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyAlignment="1"><alignment vertical="top"/></xf><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf><xf numFmtId="49" fontId="0" fillId="4" borderId="0" xfId="0" applyNumberFormat="1" applyFill="1" applyAlignment="1"><alignment vertical="top"/></xf></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"#;

const SPREADSHEETML: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPES: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// A sheet as the workbook lists it: its name, and the cells that are filled (`A1:K7`).
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) last_column: String,
    pub(super) last_row: u32,
}

/// `[Content_Types].xml`.
pub(super) fn content_types(sheets: usize) -> String {
    let mut out = format!(
        "{DECLARATION}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
         <Override PartName=\"/xl/workbook.xml\" ContentType=\"{TYPES}.sheet.main+xml\"/>\
         <Override PartName=\"/xl/styles.xml\" ContentType=\"{TYPES}.styles+xml\"/>"
    );
    for number in 1..=sheets {
        // Writing into a string does not fail.
        let _ = write!(
            out,
            "<Override PartName=\"/xl/worksheets/sheet{number}.xml\" \
             ContentType=\"{TYPES}.worksheet+xml\"/>"
        );
    }
    out.push_str("</Types>");
    out
}

/// `xl/_rels/workbook.xml.rels`.
pub(super) fn relationships(sheets: usize) -> String {
    let mut out = format!(
        "{DECLARATION}<Relationships \
         xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"rId0\" Type=\"{RELATIONSHIPS}/styles\" Target=\"styles.xml\"/>"
    );
    for number in 1..=sheets {
        let _ = write!(
            out,
            "<Relationship Id=\"rId{number}\" Type=\"{RELATIONSHIPS}/worksheet\" \
             Target=\"worksheets/sheet{number}.xml\"/>"
        );
    }
    out.push_str("</Relationships>");
    out
}

/// `xl/workbook.xml`.
pub(super) fn workbook(sheets: &[Sheet]) -> String {
    let mut out = format!(
        "{DECLARATION}<workbook xmlns=\"{SPREADSHEETML}\" xmlns:r=\"{RELATIONSHIPS}\">\
         <bookViews><workbookView/></bookViews><sheets>"
    );
    for (sheet, number) in sheets.iter().zip(1..) {
        let name = &sheet.name;
        let _ = write!(
            out,
            "<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>"
        );
    }
    out.push_str("</sheets><definedNames>");
    for (index, sheet) in sheets.iter().enumerate() {
        let Sheet {
            name,
            last_column,
            last_row,
        } = sheet;
        let _ = write!(
            out,
            "<definedName name=\"_xlnm._FilterDatabase\" localSheetId=\"{index}\" hidden=\"1\">\
             '{name}'!$A$1:${last_column}${last_row}</definedName>"
        );
    }
    out.push_str("</definedNames></workbook>");
    out
}

/// A sheet up to its rows. The first row and the first `frozen` columns stay in view; `widths`
/// are in characters, each with the number of the style that empty cells have.
pub(super) fn sheet_start(widths: &[(u16, u8)], frozen: usize, is_first: bool) -> String {
    let corner = format!("{}2", column_name(frozen));
    let selected = if is_first { " tabSelected=\"1\"" } else { "" };
    let mut out = format!(
        "{DECLARATION}<worksheet xmlns=\"{SPREADSHEETML}\"><sheetViews>\
         <sheetView{selected} workbookViewId=\"0\"><pane xSplit=\"{frozen}\" ySplit=\"1\" \
         topLeftCell=\"{corner}\" activePane=\"bottomRight\" state=\"frozen\"/>\
         <selection pane=\"topRight\"/><selection pane=\"bottomLeft\"/>\
         <selection pane=\"bottomRight\" activeCell=\"{corner}\" sqref=\"{corner}\"/>\
         </sheetView></sheetViews><sheetFormatPr defaultRowHeight=\"15\"/><cols>"
    );
    for ((width, style), number) in widths.iter().zip(1..) {
        let _ = write!(
            out,
            "<col min=\"{number}\" max=\"{number}\" width=\"{width}\" style=\"{style}\" \
             customWidth=\"1\"/>"
        );
    }
    out.push_str("</cols><sheetData>");
    out
}

/// A sheet behind its rows. That numbers are kept as text is meant so.
pub(super) fn sheet_end(sheet: &Sheet) -> String {
    let cells = format!("A1:{}{}", sheet.last_column, sheet.last_row);
    format!(
        "</sheetData><autoFilter ref=\"{cells}\"/><ignoredErrors>\
         <ignoredError sqref=\"{cells}\" numberStoredAsText=\"1\"/></ignoredErrors></worksheet>"
    )
}

/// Appends a cell that holds text, whatever it looks like.
pub(super) fn push_cell(out: &mut String, column: &str, row: u32, style: u8, text: &str) {
    let _ = write!(out, "<c r=\"{column}{row}\" s=\"{style}\"");
    if text.is_empty() {
        out.push_str("/>");
    } else {
        out.push_str(" t=\"inlineStr\"><is><t xml:space=\"preserve\">");
        push_text(out, text);
        out.push_str("</t></is></c>");
    }
}

/// `A`, `B`, … `Z`, `AA`, …; counted from 0.
pub(super) fn column_name(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index;
    loop {
        // A remainder below 26 fits.
        letters.push(char::from(
            b'A' + u8::try_from(rest % 26).unwrap_or_default(),
        ));
        match (rest / 26).checked_sub(1) {
            Some(next) => rest = next,
            None => return letters.iter().rev().collect(),
        }
    }
}

/// Text in XML. What XML cannot hold is written as `_xHHHH_`, and what looks like such an escape
/// gets one for its first character (ECMA-376 part 1, 22.9.2.19, `ST_Xstring`). A carriage
/// return is escaped too, for XML would make a line feed of it.
fn push_text(out: &mut String, text: &str) {
    // Most texts need none of it.
    if !text.contains(|character: char| {
        matches!(
            character,
            '&' | '<' | '>' | '_' | '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'
        )
    }) {
        out.push_str(text);
        return;
    }
    for (at, character) in text.char_indices() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "_x{:04X}_", u32::from(character));
            }
            '_' if text.get(at..).is_some_and(is_escape) => out.push_str("_x005F_"),
            _ => out.push(character),
        }
    }
}

/// Whether the text begins with `_xHHHH_`; some programs take the `X` for one, too.
fn is_escape(text: &str) -> bool {
    match text.as_bytes() {
        [b'_', b'x' | b'X', digits @ ..] => {
            digits.get(4) == Some(&b'_') && digits.iter().take(4).all(u8::is_ascii_hexdigit)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_their_names() {
        for (index, name) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (51, "AZ"),
            (52, "BA"),
            (701, "ZZ"),
            (702, "AAA"),
            (16_383, "XFD"),
        ] {
            assert_eq!(column_name(index), name);
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_escaped_and_so_is_what_looks_like_an_escape() {
        for (text, written) in [
            ("a&b<c>\"d\"", "a&amp;b&lt;c&gt;\"d\""),
            ("a\tb\nc\r\n", "a\tb\nc_x000D_\n"),
            ("\0\u{1b}\u{ffff}", "_x0000__x001B__xFFFF_"),
            ("_x000D_", "_x005F_x000D_"),
            ("__x000d__", "__x005F_x000d__"),
            ("_x00_ _x000D _x000G_ _xäöü_", "_x00_ _x000D _x000G_ _xäöü_"),
        ] {
            let mut out = String::new();
            push_text(&mut out, text);
            assert_eq!(out, written, "{text:?}");
        }
    }
}
