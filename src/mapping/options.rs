//! `[source]`, `[report]`, `[identity]` and `[rules]`.

use std::collections::BTreeMap;

use super::compile::{ColumnName, Compiler};
use super::convert::Convention;
use super::error::{Mistake, Place};
use super::part::{PartSpec, is_mapped, key_paths, target_at};
use super::suggest::did_you_mean;
use super::syntax::{Keys, Node, Section, a_table, unknown_word, wrong_type};
use super::value::{CONVENTIONS, date_formats};
use crate::customer::{Part, Target};
use crate::outcome::{Bilingual, Code, Severity, both};

/// How the mapping says that the input is to be read; what is `None` is detected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceOptions {
    /// `csv`, `jsonl`, `xlsx` or `ods`.
    pub format: Option<String>,
    /// The encoding's label, e.g. `windows-1252`; one that `encoding_rs` knows.
    pub encoding: Option<String>,
    /// The delimiter, one ASCII character.
    pub delimiter: Option<u8>,
    /// Lines before the header.
    pub skip_lines: Option<u64>,
    /// Whether the first record names the columns.
    pub header: Option<bool>,
    /// The sheet of a book.
    pub sheet: Option<String>,
    /// Whether decimals have a comma, unless a value says otherwise.
    pub comma: bool,
    /// Formats of dates, unless a value says otherwise; none: ISO 8601.
    pub dates: Vec<String>,
}

/// Keys of `[source]`.
pub(super) const SOURCE_KEYS: Keys = &[
    "format",
    "encoding",
    "delimiter",
    "skip_lines",
    "header",
    "sheet",
    "empty",
    "decimal",
    "date",
    "drop",
];

/// Reads `[source]`: the options, and the texts that mean "nothing". What values inherit goes
/// into the compiler.
pub(super) fn source(
    node: Option<&Node<'_>>,
    compiler: &mut Compiler,
) -> (SourceOptions, Vec<String>) {
    let Some(mut section) = open(node, "[source]", SOURCE_KEYS, compiler) else {
        return (SourceOptions::default(), Vec::new());
    };
    let mut options = SourceOptions {
        format: format(&mut section),
        encoding: encoding(&mut section),
        delimiter: delimiter(&mut section),
        skip_lines: section.number("skip_lines", 0).map(|(lines, _)| lines),
        header: section.flag("header"),
        sheet: section.text("sheet").map(|(name, _)| name.to_owned()),
        ..SourceOptions::default()
    };
    let empty = section.texts("empty").unwrap_or_default();
    let empty = empty
        .into_iter()
        .map(|(text, _)| super::trim::trimmed(text).to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    if let Some(convention) = section.word("decimal", CONVENTIONS) {
        compiler.convention = convention;
        options.comma = convention == Convention::Comma;
    }
    if let Some(formats) = section.one_or_more("date") {
        compiler.date_formats = date_formats(formats, &mut section);
        options.dates.clone_from(&compiler.date_formats);
    }
    let dropped = section.texts("drop").unwrap_or_default();
    compiler.dropped = dropped
        .into_iter()
        .map(|(name, place)| ColumnName {
            name: name.to_owned(),
            place,
        })
        .collect();
    section.close(&mut compiler.mistakes);
    (options, empty)
}

fn open<'t, 'i>(
    node: Option<&'t Node<'i>>,
    what: &'static str,
    keys: Keys,
    compiler: &mut Compiler,
) -> Option<Section<'t, 'i>> {
    match Section::open(node?, Bilingual::same(what), keys) {
        Ok(section) => Some(section),
        Err(mistake) => {
            compiler.mistakes.push(mistake);
            None
        }
    }
}

fn format(section: &mut Section<'_, '_>) -> Option<String> {
    let (format, place) = section.text("format")?;
    const FORMATS: [&str; 4] = ["csv", "jsonl", "xlsx", "ods"];
    if FORMATS.contains(&format) {
        return Some(format.to_owned());
    }
    section.complain(unknown_word(format, place, "format", FORMATS.into_iter()))
}

fn encoding(section: &mut Section<'_, '_>) -> Option<String> {
    let (label, place) = section.text("encoding")?;
    if encoding_rs::Encoding::for_label(label.as_bytes()).is_some() {
        return Some(label.to_owned());
    }
    let usual = [
        "utf-8",
        "windows-1252",
        "iso-8859-1",
        "iso-8859-15",
        "utf-16le",
        "utf-16be",
    ];
    section.complain(unknown_word(label, place, "encoding", usual.into_iter()))
}

fn delimiter(section: &mut Section<'_, '_>) -> Option<u8> {
    let (text, place) = section.text("delimiter")?;
    match text.as_bytes() {
        [byte] if byte.is_ascii_punctuation() && *byte != b'"' || *byte == b'\t' => Some(*byte),
        _ => section.complain(
            Mistake::at(
                place,
                both!(
                    "`delimiter` must be one character",
                    "`delimiter` muss ein einzelnes Zeichen sein"
                ),
            )
            .help(both!(
                "the usual ones are \";\", \",\", \"\\t\" and \"|\"",
                "üblich sind \";\", \",\", \"\\t\" und \"|\""
            )),
        ),
    }
}

/// Keys of `[report]`.
pub(super) const REPORT_KEYS: Keys = &["columns"];

/// Reads `[report]`: the columns that are carried along.
pub(super) fn report(node: Option<&Node<'_>>, compiler: &mut Compiler) -> Vec<usize> {
    let Some(mut section) = open(node, "[report]", REPORT_KEYS, compiler) else {
        return Vec::new();
    };
    let names = section.texts("columns").unwrap_or_default();
    section.close(&mut compiler.mistakes);
    names
        .into_iter()
        .map(|(name, place)| compiler.column(name, place))
        .collect()
}

/// Keys of `[identity]`.
pub(super) const IDENTITY_KEYS: Keys = &["key"];

/// Reads `[identity]`: the target that identifies a customer; `Number` by default.
pub(super) fn identity(
    node: Option<&Node<'_>>,
    parts: &[PartSpec],
    compiler: &mut Compiler,
) -> Option<Target> {
    let number = Target::find(Part::Customer, "Number");
    let Some(mut section) = open(node, "[identity]", IDENTITY_KEYS, compiler) else {
        return number;
    };
    let key = section.text("key");
    section.close(&mut compiler.mistakes);
    let Some((path, place)) = key else {
        return number;
    };
    let Some(target) = target_at(path) else {
        let paths = key_paths();
        let help = did_you_mean(path, paths.iter().map(String::as_str)).unwrap_or_else(|| {
            both!(
                "`importer mapping fields` lists the fields of the API",
                "`importer mapping fields` zählt die Felder der API auf"
            )
        });
        let title = both!(
            "`key` names no field of the API: \"{path}\"",
            "`key` nennt kein Feld der API: \"{path}\""
        );
        compiler.mistakes.push(Mistake::at(place, title).help(help));
        return None;
    };
    if !is_mapped(parts, target) {
        compiler.mistakes.push(
            Mistake::at(
                place,
                both!(
                    "`{target}` is the key, but nothing is mapped to it",
                    "`{target}` ist der Schlüssel, aber dem Feld ist nichts zugeordnet"
                ),
            )
            .help(both!(
                "map it in [customer], or name another field",
                "es in [customer] zuordnen, oder ein anderes Feld nennen"
            )),
        );
    }
    Some(target)
}

/// Reads `[rules]`.
pub(super) fn rules(node: Option<&Node<'_>>, compiler: &mut Compiler) -> BTreeMap<Code, Severity> {
    let mut rules = BTreeMap::new();
    let Some(node) = node else {
        return rules;
    };
    let Some(table) = node.get_ref().as_table() else {
        compiler
            .mistakes
            .push(wrong_type(node, "[rules]", a_table()));
        return rules;
    };
    for (key, node) in table {
        let Some(code) = code(key.get_ref(), key.span(), node, compiler) else {
            continue;
        };
        let severity = match node.get_ref().as_str() {
            Some("error") => Severity::Error,
            Some("warn") => Severity::Warn,
            Some("off") => Severity::Off,
            Some(other) => {
                let words = ["error", "warn", "off"].into_iter();
                let mistake = unknown_word(other, node.span(), code.as_str(), words);
                compiler.mistakes.push(mistake);
                continue;
            }
            None => {
                let wanted = both!(
                    "\"error\", \"warn\" or \"off\"",
                    "\"error\", \"warn\" oder \"off\""
                );
                compiler
                    .mistakes
                    .push(wrong_type(node, code.as_str(), wanted));
                continue;
            }
        };
        if severity != Severity::Error && !code.is_switchable() {
            compiler.mistakes.push(
                Mistake::at(
                    node.span(),
                    both!(
                        "`{code}` is always an error",
                        "`{code}` ist immer ein Fehler"
                    ),
                )
                .help(both!(
                    "it is what the API itself demands, or what cannot be read at all",
                    "die API selbst verlangt es, oder es ist gar nicht zu lesen"
                )),
            );
        }
        rules.insert(code, severity);
    }
    rules
}

fn code(text: &str, place: Place, node: &Node<'_>, compiler: &mut Compiler) -> Option<Code> {
    if let Ok(code) = text.parse() {
        return Some(code);
    }
    let codes = || Code::ALL.iter().map(|code| code.as_str());
    // Without quotes `vat_id.checksum` is a table `vat_id` with the key `checksum`.
    let unquoted = node.get_ref().as_table().and_then(|table| {
        let (key, _) = table.iter().next()?;
        let whole = format!("{text}.{}", key.get_ref());
        whole.parse::<Code>().ok()
    });
    let help = match unquoted {
        Some(code) => Some(both!(
            "put the code in quotes: \"{code}\"",
            "den Code in Anführungszeichen setzen: \"{code}\""
        )),
        None => did_you_mean(text, codes()),
    };
    let mistake = Mistake::at(
        place,
        both!(
            "[rules] does not know the code `{text}`",
            "[rules] kennt den Code `{text}` nicht"
        ),
    );
    compiler.mistakes.push(mistake.help_if(help));
    None
}
