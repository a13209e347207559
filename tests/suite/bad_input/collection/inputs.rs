//! Bad inputs.
#![expect(clippy::too_many_lines, reason = "tables of cases")]

use super::{Bad, LIST};

const HEADER: &str = "Nr;Name;Ort\n";

/// An input that is refused as a whole.
fn refused(
    what: &'static str,
    name: &'static str,
    bytes: impl Into<Vec<u8>>,
    [words, place, wrong, help]: [&'static str; 4],
) -> Bad {
    Bad {
        what,
        files: vec![(name, bytes.into())],
        words,
        code: 4,
        place,
        wrong,
        help,
    }
}

/// An input with a record that is bad.
fn spoilt(
    what: &'static str,
    name: &'static str,
    bytes: impl Into<Vec<u8>>,
    told: [&'static str; 4],
) -> Bad {
    Bad {
        code: 3,
        ..refused(what, name, bytes, told)
    }
}

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// All of them.
pub(super) fn all() -> Vec<Bad> {
    let mut all = files();
    all.extend(shapes());
    all.extend(encodings());
    all.extend(records());
    all.extend(lines_of_json());
    all
}

const NO_TEXT: &str = "export it as CSV or JSONL";
const SPREADSHEET: &str = "save";

/// What is no list of customers at all.
fn files() -> Vec<Bad> {
    vec![
        Bad {
            what: "a wrong path",
            files: vec![],
            words: "elsewhere/zzz.csv -m map.toml --dry-run",
            code: 4,
            place: "elsewhere/zzz.csv",
            wrong: "there is no file",
            help: "check its name and its folder",
        },
        Bad {
            what: "a misspelt name",
            files: vec![],
            words: "kundn.csv -m map.toml --dry-run",
            code: 4,
            place: "`kundn.csv`",
            wrong: "there is no file",
            help: "did you mean `kunden.csv`?",
        },
        Bad {
            what: "a pattern that fits nothing",
            files: vec![],
            words: "*.tsv -m map.toml --dry-run",
            code: 4,
            place: "`*.tsv`",
            wrong: "no file fits the pattern",
            help: "check the pattern",
        },
        Bad {
            what: "a folder",
            files: vec![("ordner/a.csv", LIST.into())],
            words: "ordner -m map.toml --dry-run",
            code: 4,
            place: "`ordner`",
            wrong: "is a folder, not a file",
            help: "name its files",
        },
        refused(
            "an empty file",
            "a.csv",
            "",
            [
                "a.csv -m map.toml --dry-run",
                "`a.csv`",
                "is empty",
                "was the export finished",
            ],
        ),
        refused(
            "a file of blank lines",
            "a.csv",
            "\n \n\r\n",
            [
                "a.csv -m map.toml --dry-run",
                "`a.csv`",
                "is empty",
                "was the export finished",
            ],
        ),
        refused(
            "only a header",
            "a.csv",
            HEADER,
            [
                "a.csv -m map.toml --dry-run",
                "a.csv",
                "has no records",
                "--allow-empty",
            ],
        ),
        refused(
            "a PNG",
            "a.csv",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10",
            [
                "a.csv -m map.toml --dry-run",
                "byte 8",
                "is no text",
                NO_TEXT,
            ],
        ),
        refused(
            "a JPEG",
            "a.csv",
            b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x02",
            [
                "a.csv -m map.toml --dry-run",
                "byte 4",
                "is no text",
                NO_TEXT,
            ],
        ),
        refused(
            "a PDF",
            "a.csv",
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
            [
                "a.csv -m map.toml --dry-run",
                "`a.csv`",
                "a PDF file",
                SPREADSHEET,
            ],
        ),
        refused(
            "an old Excel file",
            "a.csv",
            [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0; 512]].concat(),
            [
                "a.csv -m map.toml --dry-run",
                "`a.csv`",
                "an old Excel file",
                SPREADSHEET,
            ],
        ),
        refused(
            "a database",
            "a.csv",
            [&b"SQLite format 3\0"[..], &[1; 100]].concat(),
            [
                "a.csv -m map.toml --dry-run",
                "byte 15",
                "is no text",
                NO_TEXT,
            ],
        ),
        refused(
            "a page that says that the session has ended",
            "a.csv",
            "<!DOCTYPE html><html><body>Bitte anmelden</body></html>\n",
            [
                "a.csv -m map.toml --dry-run",
                "`a.csv`",
                "is a web page (HTML)",
                "open it in a browser",
            ],
        ),
        refused(
            "XML",
            "a.csv",
            "<?xml version=\"1.0\"?>\n<customers/>\n",
            [
                "a.csv -m map.toml --dry-run",
                "`a.csv`",
                "is an XML file",
                SPREADSHEET,
            ],
        ),
    ]
}

/// Headers, delimiters and quotes.
fn shapes() -> Vec<Bad> {
    let many = |line: &str| format!("{HEADER}{}", line.repeat(30));
    vec![
        refused(
            "a wrong delimiter",
            "a.csv",
            LIST,
            [
                "a.csv -m map.toml --dry-run --delimiter ,",
                "`Nr;Name;Ort`",
                "header is a single column",
                "separated by `;`",
            ],
        ),
        refused(
            "a header without a name",
            "a.csv",
            ";;\nC1;A;B\n",
            [
                "a.csv -m map.toml --dry-run",
                "--> a.csv",
                "header names no column",
                "`skip_lines`",
            ],
        ),
        refused(
            "more lines skipped than there are",
            "a.csv",
            LIST,
            [
                "a.csv -m map.toml --dry-run --skip-lines 9",
                "`a.csv`",
                "has no header",
                "lower `skip_lines`",
            ],
        ),
        refused(
            "the header skipped",
            "a.csv",
            LIST,
            [
                "a.csv -m map.toml --dry-run --skip-lines 1",
                "--> a.csv",
                "none of the 3 columns that the mapping reads is there",
                "export the file with it",
            ],
        ),
        refused(
            "a missing column",
            "a.csv",
            "Nr;Nahme;Ort\nC1;A;B\n",
            [
                "a.csv -m map.toml --dry-run",
                "map.toml:9:12",
                "no column `Name`",
                "did you mean `Nahme`?",
            ],
        ),
        refused(
            "a header with a name twice",
            "a.csv",
            "Nr;Name;Ort;Name\nC1;A;B;C\n",
            [
                "a.csv -m map.toml --dry-run",
                "map.toml:9:12",
                "2 columns `Name`",
                "columns number 2, 4",
            ],
        ),
        refused(
            "a header that is too large",
            "a.csv",
            format!("{};Nr;Name;Ort\nC1;A;B;C\n", "x".repeat(2 << 20)),
            [
                "a.csv -m map.toml --dry-run",
                "`a.csv`:1",
                "longer than 1048576 bytes",
                "is it a CSV file",
            ],
        ),
        refused(
            "a quote in the header that never closes",
            "a.csv",
            "Nr;\"Name;Ort\nC1;A;B\n",
            [
                "a.csv -m map.toml --dry-run",
                "`a.csv`:1",
                "never closes (in the header)",
                "close the quote",
            ],
        ),
        refused(
            "a quote that never closes",
            "a.csv",
            format!("{HEADER}C1;\"A;B\n{}", "C2;C;D\n".repeat(20_000)),
            [
                "a.csv -m map.toml --dry-run",
                "`a.csv`:2",
                "never closes (in record 1)",
                "close the quote",
            ],
        ),
        // A dry run tells, and ends with 3; a run would send nothing.
        Bad {
            code: 3,
            ..refused(
                "every record with too many fields",
                "a.csv",
                many("C1;A;B;;;x\n"),
                [
                    "a.csv -m map.toml --dry-run",
                    "record",
                    "more are invalid than --max-invalid allows",
                    "into quotes",
                ],
            )
        },
        refused(
            "all invalid, in a run that would send",
            "a.csv",
            many("C1;;B\n"),
            [
                "a.csv -m map.toml --sandbox",
                "records 1 (line 2)",
                "name.missing",
                "Fill the last name or the company",
            ],
        ),
    ]
}

fn encodings() -> Vec<Bad> {
    let groß = format!("{HEADER}C1;Groß;Köln\n");
    vec![
        spoilt(
            "a wrong declared encoding",
            "a.csv",
            latin(&groß),
            [
                "a.csv -m map.toml --dry-run --encoding utf-8",
                "record 1 (line 2)",
                "encoding.invalid",
                "--encoding windows-1252",
            ],
        ),
        refused(
            "UTF-16 that is declared as UTF-8",
            "a.csv",
            [b"\xff\xfe".to_vec(), utf_16(&groß)].concat(),
            [
                "a.csv -m map.toml --dry-run --encoding utf-8",
                "`a.csv`",
                "its byte-order mark says UTF-16LE",
                "leave `encoding` out",
            ],
        ),
        refused(
            "UTF-16 without mark that is declared as UTF-8",
            "a.csv",
            utf_16(&groß),
            [
                "a.csv -m map.toml --dry-run --encoding utf-8",
                "byte 1",
                "is no text",
                "declare `encoding`",
            ],
        ),
        refused(
            "UTF-16 with half a character at its end",
            "a.csv",
            [&b"\xff\xfe"[..], &utf_16(&groß), b"x"].concat(),
            [
                "a.csv -m map.toml --dry-run",
                "near byte",
                "not valid UTF-16LE",
                "export it again",
            ],
        ),
        refused(
            "UTF-16 with half a pair in it",
            "a.csv",
            [
                &b"\xff\xfe"[..],
                &utf_16(HEADER),
                b"\0\xd8",
                &utf_16(";A;B\n"),
            ]
            .concat(),
            [
                "a.csv -m map.toml --dry-run",
                "near byte",
                "not valid UTF-16LE",
                "export it again",
            ],
        ),
        refused(
            "a header that is not valid",
            "a.csv",
            latin("Nr;Name;Ort;Straße\nC1;A;B;C\n"),
            [
                "a.csv -m map.toml --dry-run --encoding utf-8",
                "`a.csv`:1",
                "the header is not valid UTF-8",
                "set `encoding`",
            ],
        ),
        spoilt(
            "a mark of UTF-8 before other bytes",
            "a.csv",
            [b"\xef\xbb\xbf".to_vec(), latin(&groß)].concat(),
            [
                "a.csv -m map.toml --dry-run",
                "(column Name)",
                "encoding.invalid",
                "export it again as UTF-8",
            ],
        ),
        spoilt(
            "two encodings in one file",
            "a.csv",
            [groß.clone().into_bytes(), latin("C2;Groß;Köln\n")].concat(),
            [
                "a.csv -m map.toml --dry-run",
                "record 2 (line 3)",
                "encoding.invalid",
                "export it again as UTF-8",
            ],
        ),
        spoilt(
            "a file that ends in the middle of a character",
            "a.csv",
            [HEADER.as_bytes(), "C1;A;Köl".as_bytes(), b"\xc3"].concat(),
            [
                "a.csv -m map.toml --dry-run",
                "(column Ort)",
                "encoding.invalid",
                "export it again as UTF-8",
            ],
        ),
    ]
}

fn records() -> Vec<Bad> {
    let good: String = (0..1200).map(|at| format!("C{at};A;B\n")).collect();
    let far = format!("{HEADER}{good}D1;Gro\0;B\n");
    let large = format!("{HEADER}C1;{};D\nC2;A;B\n", "x".repeat(2 << 20));
    vec![
        refused(
            "NUL bytes",
            "a.csv",
            format!("{HEADER}C1;Gro\0;B\n"),
            [
                "a.csv -m map.toml --dry-run",
                "byte 18",
                "is no text",
                NO_TEXT,
            ],
        ),
        spoilt(
            "NUL bytes far behind the beginning",
            "a.csv",
            far,
            [
                "a.csv -m map.toml --dry-run",
                "record 1,201 (line 1,202)",
                "encoding.invalid",
                "--encoding utf-16le",
            ],
        ),
        spoilt(
            "a record that is too large",
            "a.csv",
            large,
            [
                "a.csv -m map.toml --dry-run",
                "record 1 (line 2)",
                "record.too_large",
                "a quote that never closes",
            ],
        ),
        spoilt(
            "a record with more fields than the header",
            "a.csv",
            format!("{HEADER}C1;A;B;C\n"),
            [
                "a.csv -m map.toml --dry-run",
                "record 1 (line 2)",
                "record.ragged",
                "into quotes",
            ],
        ),
        spoilt(
            "a file that ends in the middle of a record",
            "a.csv",
            format!("{HEADER}C1;A;B\nC2;C"),
            [
                "a.csv -m map.toml --dry-run",
                "record 2 (line 3)",
                "record.ragged",
                "into quotes",
            ],
        ),
        spoilt(
            "the same number twice",
            "a.csv",
            format!("{HEADER}C1;A;B\nC1;C;D\n"),
            [
                "a.csv -m map.toml --dry-run",
                "record 2 (line 3)",
                "key.duplicate",
                "Remove one of the two records",
            ],
        ),
        spoilt(
            "no number",
            "a.csv",
            format!("{HEADER};A;B\n"),
            [
                "a.csv -m map.toml --dry-run",
                "(column Nr)",
                "key.missing",
                "Fill column `Nr`",
            ],
        ),
        spoilt(
            "a text that is too long",
            "a.csv",
            format!("{HEADER}{};A;B\n", "1".repeat(31)),
            [
                "a.csv -m map.toml --dry-run",
                "(column Nr)",
                "length.max",
                "cut = true",
            ],
        ),
        spoilt(
            "control characters",
            "a.csv",
            format!("{HEADER}C1;A\x1b[2J;B\n"),
            [
                "a.csv -m map.toml --dry-run",
                "(column Name)",
                "text.control",
                "Remove the control characters",
            ],
        ),
    ]
}

fn lines_of_json() -> Vec<Bad> {
    let good = r#"{"Nr":"C1","Name":"A","Ort":"B"}"#;
    let with = |line: &str| format!("{good}\n{line}\n");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let malformed = "Write one JSON object on each line";
    vec![
        spoilt(
            "a line that is no JSON",
            "a.jsonl",
            with("{\"Nr\":C2}"),
            [
                "a.jsonl -m map.toml --dry-run",
                "record 2 (line 2)",
                "json.malformed",
                malformed,
            ],
        ),
        spoilt(
            "a file that ends in the middle of a line",
            "a.jsonl",
            format!("{good}\n{{\"Nr\":\"C2\",\"Na"),
            [
                "a.jsonl -m map.toml --dry-run",
                "record 2 (line 2)",
                "json.malformed",
                malformed,
            ],
        ),
        spoilt(
            "a line that is a list",
            "a.jsonl",
            with("[\"C2\",\"A\",\"B\"]"),
            [
                "a.jsonl -m map.toml --dry-run",
                "record 2 (line 2)",
                "json.malformed",
                malformed,
            ],
        ),
        refused(
            "one list for all",
            "a.jsonl",
            format!("[{good}]\n"),
            [
                "a.jsonl -m map.toml --dry-run",
                "`a.jsonl`",
                "is one JSON array",
                "jq -c",
            ],
        ),
        refused(
            "an object over several lines",
            "a.json",
            "{\n  \"Nr\": \"C1\",\n  \"Name\": \"A\"\n}\n",
            [
                "a.json -m map.toml --dry-run",
                "`a.json`",
                "is JSON over several lines",
                "jq -c .",
            ],
        ),
        spoilt(
            "a nested value",
            "a.jsonl",
            with(r#"{"Nr":"C2","Name":{"first":"A"},"Ort":"B"}"#),
            [
                "a.jsonl -m map.toml --dry-run",
                "record 2 (line 2)",
                "type.text",
                "name the path of a single value",
            ],
        ),
        spoilt(
            "a key twice",
            "a.jsonl",
            with(r#"{"Nr":"C2","Name":"A","Name":"Z","Ort":"B"}"#),
            [
                "a.jsonl -m map.toml --dry-run",
                "record 2 (line 2)",
                "json.malformed",
                "with each key once",
            ],
        ),
        spoilt(
            "a huge number",
            "a.jsonl",
            with(&format!(
                r#"{{"Nr":{},"Name":"A","Ort":"B"}}"#,
                "9".repeat(5000)
            )),
            [
                "a.jsonl -m map.toml --dry-run",
                "record 2 (line 2)",
                "length.max",
                "cut = true",
            ],
        ),
        spoilt(
            "half a character",
            "a.jsonl",
            with(r#"{"Nr":"C2","Name":"\ud800","Ort":"B"}"#),
            [
                "a.jsonl -m map.toml --dry-run",
                "record 2 (line 2)",
                "json.malformed",
                malformed,
            ],
        ),
        spoilt(
            "deep nesting",
            "a.jsonl",
            with(&format!(r#"{{"Nr":"C2","Name":{deep},"Ort":"B"}}"#)),
            [
                "a.jsonl -m map.toml --dry-run",
                "record 2 (line 2)",
                "json.malformed",
                malformed,
            ],
        ),
        refused(
            "a key that no record has",
            "a.jsonl",
            "{\"Nr\":\"C1\",\"Nam\":\"A\",\"Ort\":\"B\"}\n",
            [
                "a.jsonl -m map.toml --dry-run",
                "map.toml:9:12",
                "no record has the key `Name`",
                "did you mean `Nam`?",
            ],
        ),
        spoilt(
            "CSV that is called JSON",
            "a.csv",
            LIST,
            [
                "a.csv -m map.toml --dry-run --format jsonl",
                "1 (line 1)",
                "json.malformed",
                malformed,
            ],
        ),
    ]
}
