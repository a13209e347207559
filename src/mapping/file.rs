//! A mapping file's bytes become text: shells on Windows write UTF-16, editors write
//! byte-order marks.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::error::Mistake;
use super::suggest::did_you_mean;
use crate::outcome::borrowed::of_io;
use crate::outcome::both;
use crate::outcome::telling::shell_word;

/// Files of a folder that are looked at for a similar name.
pub(super) const LOOKED_AT: usize = 10_000;

/// Longest mapping in bytes: more is another file that was named by mistake, or one without
/// an end.
const LONGEST: u64 = 8 << 20;

/// Reads a text file.
pub(super) fn read(path: &Path) -> Result<String, Mistake> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Mistake::of_file(both!(
            "the mapping is longer than {LONGEST} bytes",
            "die Zuordnung ist länger als {LONGEST} Bytes"
        ))
        .help(both!(
            "name a mapping file; the input is named without `-m`",
            "eine Datei mit einer Zuordnung nennen; die Eingabe steht ohne `-m`"
        )));
    }
    decode(&bytes).ok_or_else(|| {
        Mistake::of_file(both!(
            "the mapping is neither UTF-8 nor UTF-16",
            "die Zuordnung ist weder UTF-8 noch UTF-16"
        ))
        .help(both!(
            "save it as UTF-8 in the editor",
            "sie im Editor als UTF-8 speichern"
        ))
    })
}

fn unreadable(path: &Path, error: &io::Error) -> Mistake {
    if path.is_dir() {
        return Mistake::of_file(both!(
            "the mapping cannot be read: this is a folder",
            "die Zuordnung ist nicht zu lesen: das ist ein Ordner"
        ))
        .help(both!(
            "name a mapping file with its folder: {path}/MAPPING.toml",
            "die Datei der Zuordnung nennen, mit ihrem Ordner: {path}/MAPPING.toml",
            path = path.display()
        ));
    }
    if error.kind() != io::ErrorKind::NotFound {
        return Mistake::of_file(both!([error = of_io(error)]
            "the mapping cannot be read: {error}",
            "die Zuordnung ist nicht zu lesen: {error}"
        ))
        .help(both!(
            "name a mapping file that the user who runs the import may read",
            "eine Zuordnung nennen, die der Benutzer lesen darf, unter dem der Import läuft"
        ));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .take(LOOKED_AT)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    Mistake::of_file(both!(
        "the mapping cannot be read: there is no such file",
        "die Zuordnung ist nicht zu lesen: die Datei gibt es nicht"
    ))
    .help(both!(
        "name it with its folder, or a ready-made one as builtin:NAME",
        "sie mit ihrem Ordner nennen, oder eine fertige als builtin:NAME"
    ))
    .help_if(did_you_mean(&wanted, names.iter().map(String::as_str)))
}

/// Endings of files that customers come in.
const INPUTS: [&str; 12] = [
    "csv", "tsv", "tab", "txt", "jsonl", "ndjson", "json", "xlsx", "xls", "ods", "gz", "zst",
];

/// Whether the file is there and is called like an input.
pub(super) fn is_input(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    INPUTS.contains(&ending.to_lowercase().as_str()) && path.is_file()
}

/// Somebody named an input where a mapping belongs.
pub(super) fn an_input(path: &Path) -> Mistake {
    let file = shell_word(&path.display().to_string());
    Mistake::of_file(both!(
        "this is an input, and no mapping",
        "das ist eine Eingabe, keine Zuordnung"
    ))
    .help(both!(
        "`-m` names the mapping, and inputs are named without it: `importer run {file} -m \
         MAPPING.toml`; `importer mapping new {file} -o MAPPING.toml` proposes a mapping",
        "`-m` nennt die Zuordnung, und Eingaben stehen ohne: `importer run {file} -m \
         MAPPING.toml`; `importer mapping new {file} -o MAPPING.toml` schlägt eine Zuordnung vor"
    ))
}

fn decode(bytes: &[u8]) -> Option<String> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or_else(|| (guess(bytes), 0));
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes.get(mark..)?)?;
    Some(text.into_owned())
}

/// Without a mark: TOML (and a table of texts) begins with an ASCII character, so that a zero byte
/// beside it tells.
pub(super) fn guess(bytes: &[u8]) -> &'static Encoding {
    match bytes {
        [0, second, ..] if *second != 0 => UTF_16BE,
        [first, 0, ..] if *first != 0 => UTF_16LE,
        _ => UTF_8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_that_editors_write() {
        let text = "a = \"Ä\"";
        let utf16 = |order: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
            let mark = mark.then_some(0xfeff_u16);
            mark.into_iter()
                .chain(text.encode_utf16())
                .flat_map(order)
                .collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            utf16(u16::to_le_bytes, true),
            utf16(u16::to_be_bytes, true),
            utf16(u16::to_le_bytes, false),
            utf16(u16::to_be_bytes, false),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Some(text), "{bytes:?}");
        }
        assert_eq!(decode(b"a = \"\xc4\""), None);
        assert_eq!(decode(b"").as_deref(), Some(""));
    }
}
