//! `lookup_file`: a table of two columns in a CSV file beside the mapping.
//!
//! The file's name is relative to the folder of the mapping. Each of its lines is a pair, the
//! first one, too; `{ file = "…", header = true }` says that the first line names the columns.
//! That way no pair is lost unseen: a header that was not announced is a pair that nobody
//! looks up, or, where the target is no text, a mistake. Encoding (byte-order mark, UTF-16,
//! UTF-8, else windows-1252) and delimiter (the first of `;`, tab, `,`, `|` that splits every
//! line in two) are detected; cells may be quoted; empty lines do not count.
//!
//! A run keeps its mapping in the journal, and its report may be written again when the file
//! has changed or gone. So what the mapping read is kept in the mapping's text, behind its end
//! ([`with_files`], [`split`]): the text alone makes the same mapping again, and another file
//! makes another mapping.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use toml::de::DeValue;

use super::compile::Compiler;
use super::constant::fit_text;
use super::error::{Mistake, Place};
use super::file::guess;
use super::lookup::Lookup;
use super::steps::Steps;
use super::suggest::{did_you_mean, quoted, repeated};
use super::syntax::{Keys, Node, Section, wrong_type};
use crate::customer::Target;
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, Repeating, both};

/// Longest file in bytes, as of mappings.
const LONGEST: u64 = 8 << 20;

/// Mistakes of one file that are shown; the others are counted.
const SHOWN: usize = 8;

/// Delimiters, in the order in which they are tried.
const DELIMITERS: &[u8] = b";\t,|";

/// How a kept file begins. No mapping needs such a comment.
const MARK: &str = "#:lookup_file ";

/// One line of a file: its number, key and result.
pub(super) type Row = (u64, String, String);

/// The rows of files, by their names in the mapping.
pub(super) type Files = BTreeMap<String, Vec<Row>>;

/// Where a mapping's files are found.
#[derive(Clone, Debug)]
pub(super) enum Beside {
    /// In this folder.
    Folder(PathBuf),
    /// Kept with the mapping's text; nowhere else.
    Kept(Files),
}

impl Default for Beside {
    fn default() -> Self {
        Self::Kept(Files::new())
    }
}

/// Keys of `lookup_file`, written as a table.
pub(super) const KEYS: Keys = &["file", "header"];

/// Reads `lookup_file` into `lookup`.
pub(super) fn fill(
    target: Target,
    node: &Node<'_>,
    steps: &Steps,
    lookup: &mut Lookup,
    compiler: &mut Compiler,
) {
    let Some((name, place, header)) = named(node, compiler) else {
        return;
    };
    if let Err(mistakes) = compiler.open(&name, &place) {
        compiler.mistakes.extend(mistakes);
        return;
    }
    lookup.file = Some(name.clone());
    let mut mistakes = Faults::new(&name, &place);
    let rows = compiler.files.get(&name).map_or(&[][..], Vec::as_slice);
    let mut first: BTreeMap<String, u64> = BTreeMap::new();
    for (line, key, result) in rows.iter().skip(usize::from(header)) {
        if super::trim::trimmed(key).is_empty() {
            mistakes.note(
                *line,
                both!("the key is empty", "der Schlüssel ist leer"),
                both!(
                    "an empty value is never looked up: `default` stands in for it",
                    "ein leerer Wert wird nie nachgeschlagen: für ihn steht `default`"
                ),
            );
            continue;
        }
        match fit_text(target, result, steps) {
            Ok(value) => {
                if !lookup.insert(key, value) {
                    let before = first.get(&super::trim::folded(key)).copied().unwrap_or(1);
                    mistakes.note(
                        *line,
                        Repeating::new(|values| both!("the key{key} stands in line {before} already", "der Schlüssel{key} steht schon in Zeile {before}", key = repeated(key, values))),
                        both!("keys are compared without case and outer blanks", "Schlüssel werden ohne Groß- und Kleinschreibung und äußere Leerzeichen verglichen"),
                    );
                }
            }
            Err(reason) => mistakes.note(
                *line,
                Repeating::new(|values| both!([reason = reason.clone(), result = Bilingual::same(repeated(result, values))] "the result{result} does not fit `{target}`: {reason}", "das Ergebnis{result} passt nicht zu `{target}`: {reason}")),
                if steps.names.is_some() {
                    both!("a file gives the ids themselves; names of the ERP stand in `lookup`", "eine Datei gibt die Ids selbst; Namen der Wawi stehen in `lookup`")
                } else {
                    both!("if the first line names the columns, write {{ file = \"…\", header = true }}", "nennt die erste Zeile die Spalten, {{ file = \"…\", header = true }} schreiben")
                },
            ),
        }
        first.entry(super::trim::folded(key)).or_insert(*line);
    }
    let mistakes = mistakes.finish();
    compiler.mistakes.extend(mistakes);
}

/// The file's name, its place, and whether its first line names the columns.
fn named(node: &Node<'_>, compiler: &mut Compiler) -> Option<(String, Place, bool)> {
    match node.get_ref() {
        DeValue::String(name) => Some((name.clone().into_owned(), node.span(), false)),
        DeValue::Table(table) => {
            let mut section = Section::of(table, Bilingual::same("`lookup_file`"), KEYS);
            let header = section.flag("header").unwrap_or(false);
            let file = match section.get("file") {
                Some(_) => section.text("file"),
                None => section.complain(Mistake::at(
                    node.span(),
                    both!(
                        "`lookup_file` names no `file`",
                        "`lookup_file` nennt kein `file`"
                    ),
                )),
            };
            section.close(&mut compiler.mistakes);
            file.map(|(name, place)| (name.to_owned(), place, header))
        }
        _ => {
            let wanted = both!(
                "the name of a file in quotes",
                "der Name einer Datei in Anführungszeichen"
            );
            compiler.mistakes.push(
                wrong_type(node, "lookup_file", wanted)
                    .help(Bilingual::same("lookup_file = \"groups.csv\"")),
            );
            None
        }
    }
}

/// The rows of the file `name`.
pub(super) fn open(beside: &Beside, name: &str, place: &Place) -> Result<Vec<Row>, Vec<Mistake>> {
    let folder = match beside {
        Beside::Folder(folder) => folder,
        Beside::Kept(files) => {
            return files.get(name).cloned().ok_or_else(|| {
                let title = both!(
                    "`lookup_file` needs a mapping that is a file",
                    "`lookup_file` braucht eine Zuordnung, die eine Datei ist"
                );
                let help = both!(
                    "the file is looked for in the folder of the mapping",
                    "die Datei wird im Ordner der Zuordnung gesucht"
                );
                vec![Mistake::at(place.clone(), title).help(help)]
            });
        }
    };
    let fail =
        |title: Bilingual, help: Bilingual| vec![Mistake::at(place.clone(), title).help(help)];
    if name.trim().is_empty() {
        return Err(fail(
            both!(
                "`lookup_file` names no file",
                "`lookup_file` nennt keine Datei"
            ),
            Bilingual::same("lookup_file = \"groups.csv\""),
        ));
    }
    if Path::new(name).has_root() || Path::new(name).is_absolute() {
        return Err(fail(
            both!(
                "{name} is no name beside the mapping",
                "{name} ist kein Name neben der Zuordnung",
                name = quoted(name)
            ),
            both!(
                "name the file as seen from the folder of the mapping, so that both can be moved together",
                "die Datei vom Ordner der Zuordnung aus nennen, damit sich beide zusammen verschieben lassen"
            ),
        ));
    }
    let path = folder.join(name);
    let bytes = read(&path).map_err(|(title, help)| fail(title, help))?;
    let rows = split_rows(&decode(&bytes), name, place)?;
    if rows.is_empty() {
        return Err(fail(
            both!("{path} is empty", "{path} ist leer", path = path.display()),
            both!(
                "each line is a pair: what the input has, and what it becomes",
                "jede Zeile ist ein Paar: was in der Eingabe steht, und was daraus wird"
            ),
        ));
    }
    Ok(rows)
}

/// The bytes of a table's file, or what is wrong with it and what helps.
fn read(path: &Path) -> Result<Vec<u8>, (Bilingual, Bilingual)> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            let shown = path.display();
            let title = if error.kind() == std::io::ErrorKind::NotFound {
                both!(
                    "there is no file {shown}",
                    "die Datei {shown} gibt es nicht"
                )
            } else {
                both!([error = of_io(&error)]
                    "{shown} cannot be read: {error}",
                    "{shown} ist nicht zu lesen: {error}"
                )
            };
            let similar = similar_name(path);
            let help = similar.unwrap_or_else(|| {
                both!(
                    "it must lie in the folder of the mapping",
                    "sie muss im Ordner der Zuordnung liegen"
                )
            });
            (title, help)
        })?;
    if bytes.len() as u64 > LONGEST {
        return Err((
            both!(
                "{path} is longer than {LONGEST} bytes",
                "{path} ist länger als {LONGEST} Bytes",
                path = path.display()
            ),
            both!(
                "is it the table that was meant?",
                "ist es die gemeinte Tabelle?"
            ),
        ));
    }
    Ok(bytes)
}

fn similar_name(path: &Path) -> Option<Bilingual> {
    let names: Vec<String> = std::fs::read_dir(path.parent()?)
        .ok()?
        .take(super::file::LOOKED_AT)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.ends_with(".toml"))
        .collect();
    let wanted = path.file_name()?.to_string_lossy();
    did_you_mean(&wanted, names.iter().map(String::as_str))
}

fn decode(bytes: &[u8]) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let bytes = bytes.get(mark..).unwrap_or_default();
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    let strict = |encoding: &'static Encoding| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes)
    };
    let guessed = guess(bytes);
    strict(guessed)
        .or_else(|| strict(UTF_8))
        .unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(bytes).0)
        .into_owned()
}

/// Splits a text into rows of two cells.
fn split_rows(text: &str, name: &str, place: &Place) -> Result<Vec<Row>, Vec<Mistake>> {
    let records = |delimiter: u8| {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let records = reader.into_records().filter_map(Result::ok);
        records
            .filter(|record| {
                record
                    .iter()
                    .any(|cell| !super::trim::trimmed(cell).is_empty())
            })
            .map(|record| {
                let line = record.position().map_or(0, csv::Position::line);
                let cells: Vec<String> = record.iter().map(str::to_owned).collect();
                (line, cells)
            })
    };
    let mut best = (b';', 0);
    for delimiter in DELIMITERS.iter().copied() {
        let (mut all, mut pairs) = (0_usize, 0_usize);
        for (_, cells) in records(delimiter) {
            all += 1;
            pairs += usize::from(cells.len() == 2);
        }
        if pairs > best.1 {
            best = (delimiter, pairs);
        }
        if pairs == all {
            break;
        }
    }
    let mut faults = Faults::new(name, place);
    let mut rows = Vec::new();
    for (line, cells) in records(best.0) {
        match <[String; 2]>::try_from(cells) {
            // A quote that never closes would swallow the pairs behind it.
            Ok(pair) if pair.iter().any(|cell| cell.contains(['\n', '\r'])) => faults.note(
                line,
                both!("a cell goes on over several lines", "eine Zelle geht über mehrere Zeilen"),
                both!("close the quote that opens it, or double one that belongs to the text", "das öffnende Anführungszeichen schließen, oder eines verdoppeln, das zum Text gehört"),
            ),
            Ok([key, result]) => rows.push((line, key, result)),
            Err(cells) => faults.note(
                line,
                match cells.len() {
                    1 => both!("there is one column, not two", "es ist eine Spalte, nicht zwei"),
                    count => both!("there are {count} columns, not two", "es sind {count} Spalten, nicht zwei"),
                },
                both!("columns are separated by `;`, tab, `,` or `|`; a cell with one of these in it stands in double quotes", "Spalten sind durch `;`, Tabulator, `,` oder `|` getrennt; eine Zelle, die eines davon enthält, steht in doppelten Anführungszeichen"),
            ),
        }
    }
    let mistakes = faults.finish();
    if mistakes.is_empty() {
        Ok(rows)
    } else {
        Err(mistakes)
    }
}

/// What is wrong with the lines of a file.
struct Faults<'a> {
    name: &'a str,
    place: &'a Place,
    mistakes: Vec<Mistake>,
    more: usize,
}

impl<'a> Faults<'a> {
    fn new(name: &'a str, place: &'a Place) -> Self {
        Self {
            name,
            place,
            mistakes: Vec::new(),
            more: 0,
        }
    }

    fn note(&mut self, line: u64, what: impl Into<Repeating>, help: Bilingual) {
        if self.mistakes.len() == SHOWN {
            self.more += 1;
            return;
        }
        let what = what.into();
        let title = Repeating::new(|values| {
            let (name, what) = (Bilingual::same(self.name), what.told(values));
            both!([name, what = what.clone()] "{name}, line {line}: {what}", "{name}, Zeile {line}: {what}")
        });
        self.mistakes
            .push(Mistake::at(self.place.clone(), title).help(help));
    }

    fn finish(mut self) -> Vec<Mistake> {
        if self.more > 0 {
            let title = both!(
                "{name} has {more} more such lines",
                "{name} hat {more} weitere solche Zeilen",
                name = self.name,
                more = self.more
            );
            self.mistakes.push(Mistake::at(self.place.clone(), title));
        }
        self.mistakes
    }
}

/// The mapping's text with the files that it read.
pub(super) fn with_files(text: &str, files: &Files) -> String {
    let mut kept = text.to_owned();
    for file in files {
        // Names and cells are texts, and texts are always JSON.
        let json = serde_json::to_string(&file).unwrap_or_default();
        kept.push('\n');
        kept.push_str(MARK);
        kept.push_str(&json);
    }
    kept
}

/// Takes a text of [`with_files`] apart.
pub(super) fn split(kept: &str) -> (&str, Files) {
    let mut text = kept;
    let mut files = Files::new();
    while let Some((before, last)) = text.rsplit_once('\n')
        && let Some(json) = last.strip_prefix(MARK)
        && let Ok((name, rows)) = serde_json::from_str(json)
    {
        files.entry(name).or_insert(rows);
        text = before;
    }
    (text, files)
}

#[cfg(test)]
mod tests;
