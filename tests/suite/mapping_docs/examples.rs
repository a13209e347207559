//! Runs the examples of a page. What a fenced block is stands behind its language:
//!
//! - `toml mapping`: a whole mapping; it is checked, and serves the inputs below it
//! - `csv input`, `json input`: an input of that mapping, rehearsed by the program; below it
//!   `json result` has all bodies that would be sent, `csv failed` (`record,field,code`) all
//!   errors, and `csv warned` all warnings. Without `failed` there must be no errors. `text stopped`
//!   has lines of what is said where nothing could be read. Behind `input` may stand a name for
//!   the file, `encoding=NAME`, `bom` (a byte-order mark is written), `cut` (the last line has no
//!   end), and `sandbox` (the stand-in is asked for names)
//! - `csv sheet NAME SHEET`: the same in a book, with cells as they are typed
//! - `toml field`: a field or two inside of [`FRAME`], with sections such as `[source]` behind
//!   them. The next table tells in its last column what the last field becomes: a JSON value,
//!   `nothing`, or the code of an error. Its other columns are those of the input.
//! - `toml part`: sections that fit into [`FRAME`] as they are
//! - `LANGUAGE file NAME`: a file beside the mapping
//! - `LANGUAGE within NAME`: lines of a file that a command wrote
//! - `console` and `sh`: the program's commands

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wawi_importer::customer::{Part, Target};

use super::inputs::{Words, book};
use crate::readme::{compare, copy, words};
use crate::support::{Importer, Run, rows};

/// What stands around a field: everything that the API demands. A field of the example takes
/// the place of the one here.
const FRAME: [(Part, &str); 7] = [
    (Part::Customer, "Number = \"Nr.\""),
    (Part::Customer, "CustomerGroupId = { value = 1 }"),
    (Part::Customer, "InternalCompanyId = { value = 1 }"),
    (Part::Customer, "LanguageIso = { value = \"DE\" }"),
    (Part::Billing, "LastName = { value = \"Muster\" }"),
    (Part::Billing, "City = { value = \"Ulm\" }"),
    (Part::Billing, "CountryIso = { value = \"DE\" }"),
];

/// The column of [`FRAME`]'s number.
const NUMBER: &str = "Nr.";

/// What stands in a page, in its order.
#[derive(Debug)]
enum Item {
    Block { head: String, text: String },
    Table(Vec<Vec<String>>),
}

/// The blocks and tables of a page, each with its line.
fn items(page: &str) -> Vec<(usize, Item)> {
    let mut items: Vec<(usize, Item)> = Vec::new();
    let mut lines = page.lines().zip(1..);
    let mut in_table = false;
    while let Some((written, number)) = lines.next() {
        // Items of a list are indented, and so are the blocks in them.
        let line = written.trim_start();
        let indent = written.len() - line.len();
        if let Some(head) = line.strip_prefix("```") {
            let inside = lines.by_ref().take_while(|(line, _)| line.trim() != "```");
            let text: Vec<&str> = inside
                .map(|(line, _)| line.get(indent..).unwrap_or_default())
                .collect();
            let text = text.join("\n") + "\n";
            items.push((
                number,
                Item::Block {
                    head: head.to_owned(),
                    text,
                },
            ));
        }
        let row = line.starts_with('|').then(|| cells(line));
        match (row, items.last_mut()) {
            (Some(row), Some((_, Item::Table(rows)))) if in_table => rows.push(row),
            (Some(row), _) => items.push((number, Item::Table(vec![row]))),
            (None, _) => {}
        }
        in_table = line.starts_with('|');
    }
    items
}

fn cells(line: &str) -> Vec<String> {
    let line = line.trim_end().trim_start_matches('|');
    let line = line.strip_suffix('|').unwrap_or(line);
    line.split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// The text between backticks; empty where there is nothing.
fn quoted(cell: &str) -> &str {
    let inner = cell
        .strip_prefix('`')
        .and_then(|cell| cell.strip_suffix('`'));
    inner.unwrap_or_else(|| {
        assert!(cell.is_empty(), "{cell} should stand in backticks");
        cell
    })
}

/// Runs the examples of the page and tells how many of each kind there were.
#[track_caller]
pub(crate) fn run(name: &str, page: &str) -> BTreeMap<String, usize> {
    let mut reader = Reader {
        importer: Importer::new(),
        counts: BTreeMap::new(),
        last: Last::Nothing,
        place: String::new(),
    };
    copy(&reader.importer, "samples");
    copy(&reader.importer, "mappings");
    for (line, item) in items(page) {
        reader.place = format!("{name}:{line}");
        match item {
            Item::Block { head, text } => reader.block(&head, &text),
            Item::Table(rows) => reader.table(&rows),
        }
    }
    reader.settle();
    reader.counts
}

/// What the next item can belong to.
enum Last {
    Nothing,
    Mapping,
    /// A rehearsed input, what is expected of it so far.
    Input {
        run: Run,
        bodies: Vec<Value>,
        result: Option<Vec<Value>>,
        failed: BTreeSet<[String; 3]>,
        warned: Option<BTreeSet<[String; 3]>>,
        stopped: bool,
    },
    Field(Field),
}

struct Field {
    mapping: String,
    target: Target,
}

struct Reader {
    importer: Importer,
    counts: BTreeMap<String, usize>,
    last: Last,
    place: String,
}

impl Reader {
    fn block(&mut self, head: &str, text: &str) {
        let mut head = head.split(' ');
        let language = head.next().unwrap_or_default();
        let mark = head.next().unwrap_or_default();
        let behind: Vec<&str> = head.collect();
        let place = self.place.clone();
        if !matches!(mark, "result" | "failed" | "warned" | "stopped") {
            self.settle();
        }
        *self.counts.entry(format!("{language} {mark}")).or_default() += 1;
        match (language, mark) {
            ("toml", "mapping") => {
                self.compiles(text);
                self.last = Last::Mapping;
            }
            ("toml", "field") => {
                let field = framed(text);
                self.compiles(&field.mapping);
                self.last = Last::Field(field);
            }
            ("toml", "part") => {
                let all: Vec<&str> = FRAME.iter().map(|(_, line)| *line).collect();
                let (first, second) = all.split_at(4);
                let frame = format!(
                    "[customer]\n{}\n[customer.BillingAddress]\n{}\n",
                    first.join("\n"),
                    second.join("\n")
                );
                let (before, behind) = match text.starts_with('[') {
                    true => ("", text),
                    false => (text, ""),
                };
                self.compiles(&format!("{before}{frame}{behind}"));
                self.last = Last::Nothing;
            }
            ("csv" | "json", "input") => {
                let words = Words::read(&behind);
                let name = words.name.unwrap_or(match language {
                    "json" => "input.jsonl",
                    _ => "input.csv",
                });
                self.importer.file(name, words.bytes(text));
                self.rehearse(name, words.sandbox);
            }
            ("csv", "sheet") => {
                let [name, sheet] = behind[..] else {
                    panic!("{place}: a sheet needs two names");
                };
                self.importer.file(name, book(sheet, text));
                self.rehearse(name, false);
            }
            (_, "result" | "failed" | "warned" | "stopped") => self.expect(language, mark, text),
            (_, "within") => self.is_within(&behind.join(" "), text),
            (_, "file") => {
                self.importer.file(&behind.join(" "), text);
            }
            ("sh" | "console", _) => self.commands(text),
            ("text", "") => {}
            _ => panic!("{place}: nobody knows what a `{language} {mark}` is"),
        }
    }

    /// Takes what the page says of the last input.
    fn expect(&mut self, language: &str, mark: &str, text: &str) {
        let place = self.place.clone();
        match (language, mark) {
            ("json", "result") => match &mut self.last {
                Last::Input { result, .. } => {
                    let values = serde_json::Deserializer::from_str(text).into_iter();
                    let values: Result<Vec<Value>, _> = values.collect();
                    *result = Some(values.unwrap_or_else(|error| panic!("{place}: {error}")));
                }
                _ => panic!("{place}: a result of nothing"),
            },
            ("csv", "failed" | "warned") => match &mut self.last {
                Last::Input { failed, warned, .. } => {
                    let listed: BTreeSet<[String; 3]> = rows(text.as_bytes(), b',')
                        .into_iter()
                        .map(|row| ["record", "field", "code"].map(|name| row[name].clone()))
                        .collect();
                    match mark {
                        "failed" => *failed = listed,
                        _ => *warned = Some(listed),
                    }
                }
                _ => panic!("{place}: failures of nothing"),
            },
            ("text", "stopped") => match &mut self.last {
                Last::Input { run, stopped, .. } => {
                    let shown: Vec<String> = text.lines().map(str::to_owned).collect();
                    compare(&shown, run);
                    *stopped = true;
                }
                _ => panic!("{place}: nothing was stopped"),
            },
            _ => panic!("{place}: nobody knows what a `{language} {mark}` is"),
        }
    }

    /// Each of the lines stands in the file.
    fn is_within(&self, name: &str, text: &str) {
        let place = &self.place;
        let path = self.importer.folder().join(name);
        let written = std::fs::read_to_string(path).unwrap();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let found = written.lines().any(|written| written == line);
            assert!(found, "{place}: there is no {line:?} in\n{written}");
        }
    }

    /// The mapping is right.
    fn compiles(&mut self, text: &str) {
        self.importer.file("map.toml", text);
        let run = self.importer.args(["mapping", "check", "map.toml"]).run();
        assert_eq!(run.code, 0, "{}: {}\n{text}", self.place, run.said());
    }

    fn rehearse(&mut self, name: &str, sandbox: bool) {
        let (run, bodies) = self.bodies(name, sandbox);
        self.last = Last::Input {
            run,
            bodies,
            result: None,
            failed: BTreeSet::new(),
            warned: None,
            stopped: false,
        };
    }

    /// A dry run of `input` by the current mapping.
    fn bodies(&mut self, input: &str, sandbox: bool) -> (Run, Vec<Value>) {
        let path = self.importer.folder().join("bodies.jsonl");
        let _ = std::fs::remove_file(&path);
        let words = "-m map.toml --dry-run --max-invalid 100% --payloads bodies.jsonl";
        let run = self.importer.args(["run", input]);
        for word in words.split(' ') {
            run.arg(word);
        }
        if sandbox {
            run.arg("--probe").arg("--sandbox");
        }
        let run = run.run();
        if run.code == 4 {
            return (run, Vec::new());
        }
        assert!(matches!(run.code, 0 | 3), "{}: {}", self.place, run.said());
        let bodies = std::fs::read_to_string(path).unwrap();
        let bodies = bodies
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        (run, bodies.collect())
    }

    /// Compares what a rehearsed input came to with what the page says of it.
    fn settle(&mut self) {
        let last = std::mem::replace(&mut self.last, Last::Nothing);
        match last {
            Last::Input {
                run,
                bodies,
                result,
                failed,
                warned,
                stopped,
            } => {
                let before = format!("before {}", self.place);
                assert_eq!(run.code == 4, stopped, "{before}: {}", run.said());
                if !stopped {
                    let told = result.is_some() || !failed.is_empty();
                    assert!(told, "{before}: an input without result");
                    assert_eq!(errors(&run), failed, "{before}: {}", run.said());
                }
                if let Some(result) = result {
                    assert_eq!(bodies, result, "{before}");
                }
                if let Some(warned) = warned {
                    assert_eq!(warnings(&run), warned, "{before}: {}", run.said());
                }
                self.last = Last::Mapping;
            }
            Last::Field(_) => panic!("before {}: a field without table", self.place),
            Last::Mapping => self.last = Last::Mapping,
            Last::Nothing => {}
        }
    }

    fn table(&mut self, rows: &[Vec<String>]) {
        if rows[0].last().is_none_or(|head| head != "becomes") {
            return;
        }
        let field = match std::mem::replace(&mut self.last, Last::Nothing) {
            Last::Field(field) => field,
            _ => panic!("{}: a table of no field", self.place),
        };
        let (_, columns) = rows[0].split_last().unwrap();
        let mut header: Vec<&str> = columns.iter().map(|cell| quoted(cell)).collect();
        header.push(NUMBER);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&header).unwrap();
        for (number, row) in rows[2..].iter().enumerate() {
            let (_, cells) = row.split_last().unwrap();
            let number = number.to_string();
            let cells = cells.iter().map(|cell| quoted(cell));
            writer.write_record(cells.chain([&*number])).unwrap();
        }
        self.importer.file("map.toml", &field.mapping);
        self.importer
            .file("input.csv", writer.into_inner().unwrap());
        let (run, bodies) = self.bodies("input.csv", false);
        let errors = errors(&run);
        for (number, row) in rows[2..].iter().enumerate() {
            let place = format!("{}, row {}: {row:?}", self.place, number + 1);
            let expected = row.last().unwrap();
            let record = (number + 1).to_string();
            // The number tells records apart, unless the example is about it.
            let body = match errors.is_empty() {
                true => bodies.get(number),
                false => bodies
                    .iter()
                    .find(|body| body["Number"].as_str() == Some(&*number.to_string())),
            };
            let found = match body {
                None => {
                    let mut own = errors.iter().filter(|error| error[0] == record);
                    let [_, path, code] = own.next().unwrap_or_else(|| panic!("{place}"));
                    assert_eq!(*path, field.target.to_string(), "{place}");
                    format!("`{code}`")
                }
                Some(body) => {
                    let object = match field.target.part {
                        Part::Customer => body,
                        part => &body[part.to_string()],
                    };
                    match &object[field.target.field().name] {
                        Value::Null => "nothing".to_owned(),
                        value => format!("`{value}`"),
                    }
                }
            };
            assert_eq!(&found, expected, "{place}");
        }
        *self.counts.entry("rows".to_owned()).or_default() += rows.len() - 2;
    }

    fn commands(&mut self, text: &str) {
        let shows = text.starts_with("$ ");
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let command = line.strip_prefix("$ ").unwrap_or(line);
            let mut shown = Vec::new();
            while let Some(line) = lines.next_if(|line| shows && !line.starts_with("$ ")) {
                shown.push(line.to_owned());
            }
            let words = words(command).unwrap_or_default();
            let run = self.importer.args(&words).run();
            assert!(
                matches!(run.code, 0 | 3),
                "{}: {command}: {}",
                self.place,
                run.said()
            );
            compare(&shown, &run);
        }
    }
}

/// The errors of a run: record, field and code of each.
fn errors(run: &Run) -> BTreeSet<[String; 3]> {
    let mut errors = BTreeSet::new();
    if run.has_report_file("failed.jsonl") {
        for line in String::from_utf8(run.report_file("failed.jsonl"))
            .unwrap()
            .lines()
        {
            let line: Value = serde_json::from_str(line).unwrap();
            for error in line["errors"].as_array().unwrap() {
                let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
                errors.insert([line["record"].to_string(), text("field"), text("code")]);
            }
        }
        return errors;
    }
    if !run.has_report_file("failed.csv") {
        // Those of a sheet are in a sheet.
        assert_eq!(run.code, 0, "{}", run.said());
        return errors;
    }
    // It is in the encoding of its input, with the input's delimiter.
    let bytes = run.report_file("failed.csv");
    let (text, _, lossy) = encoding_rs::UTF_8.decode(&bytes);
    let text = match lossy {
        true => encoding_rs::WINDOWS_1252.decode(&bytes).0,
        false => text,
    };
    let header = text.lines().next().unwrap_or_default();
    let delimiter = match () {
        () if header.contains('\t') => b'\t',
        () if header.contains(';') => b';',
        () => b',',
    };
    for row in rows(text.as_bytes(), delimiter) {
        for (field, code) in row["_field"].split(" | ").zip(row["_code"].split(" | ")) {
            errors.insert([row["_record"].clone(), field.to_owned(), code.to_owned()]);
        }
    }
    errors
}

/// The warnings of a run: record, field and code of each.
fn warnings(run: &Run) -> BTreeSet<[String; 3]> {
    if !run.has_report_file("warnings.csv") {
        return BTreeSet::new();
    }
    let rows = run.rows("warnings.csv").into_iter();
    rows.map(|row| ["record", "field", "code"].map(|name| row[name].clone()))
        .collect()
}

/// The whole mapping of a few fields.
fn framed(text: &str) -> Field {
    let (fields, sections) = match text.find("\n[") {
        Some(at) => text.split_at(at + 1),
        None => (text, ""),
    };
    let mut parts: BTreeMap<Part, String> = BTreeMap::new();
    let mut last = None;
    let mut part = Part::Customer;
    for line in fields.lines() {
        let name = line.split(" =").next().unwrap().trim_end();
        let found = [Part::Customer, Part::Billing, Part::Payment]
            .into_iter()
            .find_map(|part| Target::find(part, name));
        if let Some(target) = found {
            part = target.part;
            last = Some(target);
        }
        *parts.entry(part).or_default() += &format!("{line}\n");
    }
    for (part, line) in FRAME {
        let name = line.split(" =").next().unwrap();
        let lines = parts.entry(part).or_default();
        if !lines
            .lines()
            .any(|line| line.starts_with(&format!("{name} ")))
        {
            *lines += &format!("{line}\n");
        }
    }
    let mut mapping = String::new();
    for (part, lines) in parts {
        mapping += &match part {
            Part::Customer => format!("[customer]\n{lines}"),
            part => format!("[customer.{part}]\n{lines}"),
        };
    }
    Field {
        mapping: mapping + sections,
        target: last.unwrap_or_else(|| panic!("no field in {text}")),
    }
}
