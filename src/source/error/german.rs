//! What is wrong with an input, in German.

use super::{PAGE, STDIN, SourceError, delimiter};
use crate::outcome::borrowed::of_archive;

impl SourceError {
    /// What is wrong, in German; its cause is not in it.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a catalogue: a text for each error")]
    pub fn in_german(&self) -> String {
        match self {
            Self::Missing { path, .. } => format!("die Datei `{}` gibt es nicht", path.display()),
            Self::Directory { path } => format!("`{}` ist ein Ordner, keine Datei", path.display()),
            Self::NotAFile { path } => format!(
                "`{}` ist eine Pipe oder ein Gerät und lässt sich nur einmal lesen",
                path.display()
            ),
            Self::Denied { path, .. } => format!("`{}` darf nicht gelesen werden", path.display()),
            Self::Open { path, .. } => format!("`{}` ließ sich nicht öffnen", path.display()),
            Self::Read { path, offset, .. } => {
                format!(
                    "das Lesen von `{}` scheiterte bei Byte {offset}",
                    path.display()
                )
            }
            Self::Empty { path } if path.as_os_str() == STDIN => {
                "die Standardeingabe ist leer".to_owned()
            }
            Self::Empty { path } => format!("`{}` ist leer", path.display()),
            Self::NoHeader { path, skipped } => format!(
                "`{}` hat keine Kopfzeile: nach den übersprungenen Zeilen ({skipped}) kommt nichts",
                path.display()
            ),
            Self::OtherFormat { path, what } => format!(
                "`{}` hat ein Format, das nicht gelesen wird: {}",
                path.display(),
                format_in_german(what)
            ),
            Self::NotAsDeclared {
                path,
                declared,
                what,
            } => format!(
                "`{}` ist als {declared} angegeben, hat aber ein anderes Format: {}",
                path.display(),
                format_in_german(what)
            ),
            Self::Encrypted { path } => {
                format!("`{}` ist durch ein Kennwort geschützt", path.display())
            }
            Self::Damaged { path, why } => {
                format!(
                    "`{}` ist beschädigt oder abgeschnitten: {}",
                    path.display(),
                    of_archive(why).german
                )
            }
            Self::Bomb { path, limit } => {
                format!(
                    "`{}` entpackt sich zu mehr als {limit} Bytes",
                    path.display()
                )
            }
            Self::Private { .. } => format!(
                "die entpackte Eingabe ließ sich nicht in `{}` ablegen",
                std::env::temp_dir().display()
            ),
            Self::NoSheet { path } => format!(
                "`{}` hat kein sichtbares Blatt, in dem etwas steht",
                path.display()
            ),
            Self::EmptySheet { path, sheet } => {
                format!("das Blatt \"{sheet}\" von `{}` ist leer", path.display())
            }
            Self::UnknownSheet { path, sheet, .. } => {
                format!("`{}` hat kein Blatt \"{sheet}\"", path.display())
            }
            Self::Binary { path, offset } => {
                format!("`{}` ist kein Text: Byte {offset} ist NUL", path.display())
            }
            Self::JsonArray { path } => format!(
                "`{}` ist ein einziges JSON-Array; gelesen wird ein Objekt je Zeile (JSONL)",
                path.display()
            ),
            Self::JsonSpread { path } => format!(
                "`{}` ist JSON über mehrere Zeilen; gelesen wird ein Objekt je Zeile (JSONL)",
                path.display()
            ),
            Self::UnknownEncoding { label } => format!("`{label}` ist kein bekannter Zeichensatz"),
            Self::OtherEncoding {
                path,
                declared,
                bom,
            } => format!(
                "`{}` ist als {declared} angegeben, aber die Byte-Order-Mark sagt {bom}",
                path.display()
            ),
            Self::Malformed {
                path,
                encoding,
                offset,
            } => format!(
                "`{}` ist in der Nähe von Byte {offset} kein gültiges {encoding}",
                path.display()
            ),
            Self::BadDelimiter { delimiter } => {
                format!(
                    "{} kann kein Trennzeichen sein",
                    delimiter::shown(*delimiter)
                )
            }
            Self::HeaderEncoding {
                path,
                line,
                encoding,
            } => format!(
                "`{}`:{line}: die Kopfzeile ist kein gültiges {encoding}",
                path.display()
            ),
            Self::HeaderTooLarge { path, line, limit } => format!(
                "`{}`:{line}: die Kopfzeile ist länger als {limit} Bytes",
                path.display()
            ),
            Self::UnclosedQuote { path, line, record } => {
                let place = match record {
                    0 => "in der Kopfzeile".to_owned(),
                    number => format!("in Datensatz {number}"),
                };
                format!(
                    "`{}`:{line}: das Anführungszeichen, das in dieser Zeile beginnt, wird nie \
                     geschlossen ({place})",
                    path.display()
                )
            }
            Self::Edited { path } => {
                format!("`{}` wurde während des Imports geändert", path.display())
            }
            Self::Copy { .. } => "ein Datensatz ließ sich nicht kopieren".to_owned(),
            Self::Stdin { .. } => "die Standardeingabe ließ sich nicht lesen".to_owned(),
            Self::Spool { folder, .. } => format!(
                "die Standardeingabe ließ sich nicht in `{}` ablegen",
                folder.display()
            ),
            Self::Pattern { pattern, .. } => format!("`{pattern}` ist keine Datei und kein Muster"),
            Self::NoMatch { pattern } => format!("zum Muster `{pattern}` passt keine Datei"),
        }
    }
}

/// What a file is that is not read, by the English words.
fn format_in_german(what: &str) -> &str {
    match what {
        "an old Excel file (XLS)" => "eine alte Excel-Datei (XLS)",
        "a binary Excel file (XLSB)" => "eine binäre Excel-Datei (XLSB)",
        "an OpenDocument file that is no spreadsheet" => {
            "eine OpenDocument-Datei, die keine Tabelle ist"
        }
        "a Word document" => "ein Word-Dokument",
        "an empty ZIP file" => "eine leere ZIP-Datei",
        "a ZIP file" => "eine ZIP-Datei",
        "a PDF file" => "eine PDF-Datei",
        PAGE => "eine Webseite (HTML)",
        "an XML file" => "eine XML-Datei",
        "a JSON array" => "ein JSON-Array",
        "no book" => "keine Arbeitsmappe",
        "an ODS file" => "eine ODS-Datei",
        "an XLSX file" => "eine XLSX-Datei",
        "compressed with bzip2" => "mit bzip2 gepackt",
        "compressed with xz" => "mit xz gepackt",
        "compressed twice" => "zweimal gepackt",
        "UTF-32 text" => "Text in UTF-32",
        other => other,
    }
}
