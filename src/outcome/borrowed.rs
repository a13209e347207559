//! Sentences that parsers of others say in English, said in German too. A sentence that is not
//! known here, such as one of a newer version, stays as it is.

mod system;
mod tls;

use super::Bilingual;
pub(crate) use system::of_io;
pub(crate) use tls::of_tls;

/// What the parser of TOML says.
pub(crate) fn of_toml(sentence: &str) -> Bilingual {
    let (what, expected) = match sentence.split_once(", expected ") {
        Some((what, expected)) => (what, Some(expected)),
        None => (sentence, None),
    };
    let german = toml_fault(what).map(|what| match expected {
        Some(expected) => format!("{what}; erwartet: {}", each(expected, toml_thing)),
        None => what,
    });
    in_both(sentence, german)
}

/// What SQLite says, without the number that it has for it. What it found where in a damaged file
/// is its own business: of that, German says only who says it.
pub(crate) fn of_sqlite(sentence: &str) -> Bilingual {
    let told = sentence.strip_prefix("Error code ");
    let told = told.and_then(|told| told.split_once(": "));
    let numbered = told.filter(|(number, _)| number.parse::<u32>().is_ok());
    let sentence = numbered.map_or(sentence, |(_, words)| words);
    let german = match sentence {
        "database disk image is malformed" => {
            "was in der Datei steht, passt nicht zusammen".to_owned()
        }
        "file is not a database" => "die Datei ist keine Datenbank".to_owned(),
        "file is encrypted or is not a database" => {
            "die Datei ist keine Datenbank oder verschlüsselt".to_owned()
        }
        "attempt to write a readonly database" => "die Datei ist schreibgeschützt".to_owned(),
        "unable to open database file" => "die Datei lässt sich nicht öffnen".to_owned(),
        "access permission denied" => "die Berechtigung dafür fehlt".to_owned(),
        "disk I/O error" => "der Datenträger meldet einen Fehler".to_owned(),
        "database or disk is full" => "der Datenträger ist voll".to_owned(),
        other => format!("SQLite meldet `{}`", other.replace('`', "'")),
    };
    in_both(sentence, Some(german))
}

/// What the readers of compressed files and of workbooks say.
pub(crate) fn of_archive(sentence: &str) -> Bilingual {
    let german = match sentence {
        "incomplete deflate stream"
        | "unexpected end of file"
        | "unexpected EOF"
        | "failed to fill whole buffer"
        | "incomplete frame" => Some("sie hört mittendrin auf"),
        "corrupt deflate stream" | "corrupt gzip stream does not have a matching checksum" => {
            Some("ihr gepackter Inhalt ist verändert worden")
        }
        "invalid gzip header" => Some("sie beginnt nicht wie eine mit gzip gepackte Datei"),
        other if other.starts_with("invalid Zip archive") => {
            Some("sie ist innen kein ZIP-Archiv, wie es eine Mappe ist")
        }
        _ => None,
    };
    in_both(sentence, german.map(str::to_owned))
}

/// What the parser of regular expressions says is the reason.
pub(crate) fn of_regex(sentence: &str) -> Bilingual {
    in_both(sentence, regex_fault(sentence).map(str::to_owned))
}

/// What the parser of templates says.
pub(crate) fn of_template(sentence: &str) -> Bilingual {
    let german = || {
        if let Some(german) = template_fault(sentence) {
            return Some(german.to_owned());
        }
        if let Some(name) = sentence.strip_prefix("cannot assign to reserved variable name ") {
            return Some(format!("der Name {name} ist vergeben"));
        }
        if let Some(rest) = sentence.strip_prefix("unknown ") {
            return Some(match rest.strip_suffix(", expected statement") {
                Some(token) => format!("{}, wo eine Anweisung stehen muss", template_thing(token)),
                None => format!(
                    "die Anweisung {} gibt es nicht",
                    rest.strip_prefix("statement ")?
                ),
            });
        }
        let rest = sentence.strip_prefix("unexpected ")?;
        Some(match rest.split_once(", expected ") {
            Some((found, expected)) => format!(
                "unerwartet: {}; erwartet: {}",
                template_thing(found),
                template_thing(expected)
            ),
            None => format!("unerwartet: {}", template_thing(rest)),
        })
    };
    in_both(sentence, german())
}

/// What the reader of dates says of a format.
pub(crate) fn of_date_format(sentence: &str) -> Bilingual {
    let reason = sentence
        .strip_prefix("strftime formatting failed: ")
        .or_else(|| sentence.strip_prefix("strptime parsing failed: "))
        .unwrap_or(sentence);
    in_both(sentence, date_format_fault(reason))
}

fn in_both(sentence: &str, german: Option<String>) -> Bilingual {
    Bilingual {
        english: sentence.to_owned(),
        german: german.unwrap_or_else(|| sentence.to_owned()),
    }
}

/// Each word of a list between commas, in German.
fn each(list: &str, word: fn(&str) -> &str) -> String {
    let words: Vec<&str> = list.split(", ").map(word).collect();
    words.join(", ")
}

/// What the parser of TOML finds wrong, and how that is said in German.
const TOML_FAULTS: &[(&str, &str)] = &[
    (
        "`_` may only go between digits",
        "`_` darf nur zwischen Ziffern stehen",
    ),
    (
        "cannot recurse further; max recursion depth met",
        "zu tief verschachtelt",
    ),
    ("recursion limit", "zu tief verschachtelt"),
    (
        "carriage return must be followed by newline",
        "auf einen Wagenrücklauf muss ein Zeilenende folgen",
    ),
    ("duplicate key", "diesen Schlüssel gibt es schon"),
    ("extra `=`", "ein `=` zu viel"),
    (
        "extra assignment between key-value pairs",
        "ein `=` zu viel zwischen Schlüssel und Wert",
    ),
    ("extra comma in array", "ein Komma zu viel in der Liste"),
    (
        "extra comma in inline table",
        "ein Komma zu viel in der Tabelle",
    ),
    (
        "integers with a radix cannot be signed",
        "eine Zahl mit 0x, 0o oder 0b darf kein Vorzeichen haben",
    ),
    (
        "invalid comment character",
        "unzulässiges Zeichen im Kommentar",
    ),
    (
        "invalid inline table element",
        "unzulässiges Element der Tabelle",
    ),
    ("invalid key-value pair", "kein Paar aus Schlüssel und Wert"),
    ("invalid key", "unzulässiger Schlüssel"),
    (
        "invalid unquoted key",
        "unzulässiger Schlüssel ohne Anführungszeichen",
    ),
    ("invalid table", "unzulässiger Abschnitt"),
    ("invalid value", "unzulässiger Wert"),
    ("key with no value", "ein Schlüssel ohne Wert"),
    (
        "keys cannot be multi-line basic strings",
        "ein Schlüssel darf nicht über mehrere Zeilen gehen",
    ),
    (
        "keys cannot be multi-line literal strings",
        "ein Schlüssel darf nicht über mehrere Zeilen gehen",
    ),
    (
        "missing array opening",
        "es fehlt die Klammer, mit der die Liste beginnt",
    ),
    (
        "missing assignment between key-value pairs",
        "zwischen Schlüssel und Wert fehlt das `=`",
    ),
    (
        "missing comma between array elements",
        "zwischen den Elementen der Liste fehlt ein Komma",
    ),
    (
        "missing comma between key-value pairs",
        "zwischen den Einträgen der Tabelle fehlt ein Komma",
    ),
    ("missing comment start", "vor dem Kommentar fehlt das `#`"),
    (
        "missing escaped value",
        "hinter dem Backslash fehlt das Zeichen",
    ),
    (
        "missing inline table opening",
        "es fehlt die Klammer, mit der die Tabelle beginnt",
    ),
    (
        "missing key for inline table element",
        "in der Tabelle fehlt ein Schlüssel",
    ),
    (
        "missing opening quote",
        "es fehlt das öffnende Anführungszeichen",
    ),
    (
        "missing table open",
        "es fehlt die Klammer, mit der der Abschnitt beginnt",
    ),
    ("missing value for key", "dem Schlüssel fehlt sein Wert"),
    ("missing value", "es fehlt ein Wert"),
    (
        "radix must be lowercase",
        "0x, 0o und 0b werden klein geschrieben",
    ),
    (
        "redundant integer number prefix",
        "überflüssiger Anfang einer Zahl",
    ),
    ("redundant numeric sign", "überflüssiges Vorzeichen"),
    (
        "string values must be quoted",
        "Text muss in Anführungszeichen stehen",
    ),
    (
        "too few unicode value digits",
        "zu wenige Ziffern eines Unicode-Zeichens",
    ),
    (
        "unclosed array table",
        "der Abschnitt ist nicht geschlossen",
    ),
    ("unclosed table", "der Abschnitt ist nicht geschlossen"),
    ("unclosed array", "die Liste ist nicht geschlossen"),
    ("unclosed inline table", "die Tabelle ist nicht geschlossen"),
    ("unexpected `=` in array", "ein `=` in der Liste"),
    (
        "unexpected content between comment and newline",
        "hinter dem Kommentar steht noch etwas in der Zeile",
    ),
    ("unexpected content", "hier gehört nichts mehr hin"),
    (
        "unexpected key or value",
        "hier gehört kein Schlüssel oder Wert hin",
    ),
    (
        "unexpected leading zero",
        "eine Zahl darf nicht mit einer Null beginnen",
    ),
    ("unexpected sign", "hier gehört kein Vorzeichen hin"),
    (
        "unquoted keys cannot be empty",
        "ein Schlüssel ohne Anführungszeichen darf nicht leer sein",
    ),
    ("invalid string", "unzulässiger Text in Anführungszeichen"),
    (
        "invalid basic string",
        "unzulässiger Text in Anführungszeichen",
    ),
    (
        "invalid literal string",
        "unzulässiger Text in Anführungszeichen",
    ),
    (
        "invalid multi-line basic string",
        "unzulässiger Text in Anführungszeichen",
    ),
    (
        "invalid multi-line literal string",
        "unzulässiger Text in Anführungszeichen",
    ),
    ("invalid boolean", "weder true noch false"),
    ("invalid date-time", "kein Datum mit Uhrzeit"),
    ("invalid date", "kein Datum"),
    ("invalid time", "keine Uhrzeit"),
    ("invalid offset", "kein Abstand zur Weltzeit"),
    ("invalid float", "keine Dezimalzahl"),
    ("invalid mantissa", "keine Dezimalzahl"),
    ("invalid exponent", "keine Dezimalzahl"),
    ("invalid fraction", "keine Dezimalzahl"),
    ("invalid integer number", "keine ganze Zahl"),
    ("invalid hexadecimal number", "keine hexadezimale Zahl"),
    ("invalid octal number", "keine oktale Zahl"),
    ("invalid binary number", "keine binäre Zahl"),
];

fn toml_fault(what: &str) -> Option<String> {
    const DOTTED: &str = " with a dotted key";
    if let Some(kind) = what
        .strip_prefix("cannot extend value of type ")
        .and_then(|rest| rest.strip_suffix(DOTTED))
    {
        let kind = toml_kind(kind);
        return Some(format!(
            "ein Wert vom Typ {kind} lässt sich nicht durch einen Schlüssel mit Punkten ergänzen"
        ));
    }
    let known = TOML_FAULTS.iter().find(|(english, _)| *english == what)?;
    Some(known.1.to_owned())
}

/// What people call a type of TOML.
fn toml_kind(kind: &str) -> &str {
    match kind {
        "string" => "Text",
        "integer" => "ganze Zahl",
        "float" => "Dezimalzahl",
        "boolean" => "true oder false",
        "datetime" => "Datum",
        "array" => "Liste",
        "table" | "inline table" => "Tabelle",
        other => other,
    }
}

/// What the parser of TOML expects.
fn toml_thing(thing: &str) -> &str {
    match thing {
        "newline" => "Zeilenende",
        "nothing" => "nichts",
        "key" => "ein Schlüssel",
        "value" => "ein Wert",
        "unquoted string" => "Text ohne Anführungszeichen",
        "literal string" => "Text in einfachen Anführungszeichen",
        "basic string" => "Text in doppelten Anführungszeichen",
        "multi-line literal string" | "multi-line basic string" => "Text über mehrere Zeilen",
        "characters" | "printable characters" => "Zeichen",
        "digits" | "numbers" => "Ziffern",
        "letters" => "Buchstaben",
        "non-double-quote visible characters" => "Zeichen außer dem doppelten Anführungszeichen",
        "non-single-quote characters" | "non-single-quote visible characters" => {
            "Zeichen außer dem einfachen Anführungszeichen"
        }
        "unicode hexadecimal value" => "die Nummer eines Unicode-Zeichens",
        "year or hour" => "Jahr oder Stunde",
        "month" => "Monat",
        "day" => "Tag",
        "hour" => "Stunde",
        "minute" => "Minute",
        "second" => "Sekunde",
        "nanosecond" => "Nanosekunde",
        "month between 01 and 12" => "ein Monat von 01 bis 12",
        "hour between 00 and 23" | "hours between 00 and 23" => "Stunden von 00 bis 23",
        "minute between 00 and 59" | "minutes between 00 and 59" => "Minuten von 00 bis 59",
        "second between 00 and 60" => "Sekunden von 00 bis 60",
        "a four-digit year (YYYY)" => "ein vierstelliges Jahr (JJJJ)",
        "a two-digit month (MM)" => "ein zweistelliger Monat (MM)",
        "a two-digit day (DD)" => "ein zweistelliger Tag (TT)",
        "a two-digit hour (HH)" => "eine zweistellige Stunde (HH)",
        "a two-digit minute (MM)" => "eine zweistellige Minute (MM)",
        "a two-digit second (SS)" => "eine zweistellige Sekunde (SS)",
        "`-` (MM-DD)" => "`-` (MM-TT)",
        "`-` (YYYY-MM) or `:` (HH:MM)" => "`-` (JJJJ-MM) oder `:` (HH:MM)",
        "`T` between date and time" => "`T` zwischen Datum und Uhrzeit",
        other => other,
    }
}

fn regex_fault(sentence: &str) -> Option<&'static str> {
    if sentence.starts_with("Compiled regex exceeds size limit") {
        return Some("der Ausdruck ist zu umfangreich");
    }
    if sentence.starts_with("exceed the maximum number of nested parentheses/brackets") {
        return Some("zu viele Klammern ineinander");
    }
    if sentence.starts_with("exceeded the maximum number of capturing groups") {
        return Some("zu viele Klammern");
    }
    Some(match sentence {
        "invalid escape sequence found in character class" => {
            "dieses Zeichen hinter einem Backslash gibt es in eckigen Klammern nicht"
        }
        "invalid character class range, the start must be <= the end" => {
            "ein Bereich in eckigen Klammern beginnt hinter seinem Ende"
        }
        "invalid range boundary, must be a literal" => {
            "ein Bereich in eckigen Klammern reicht von einem Zeichen bis zu einem anderen"
        }
        "unclosed character class" => "eine eckige Klammer ist nicht geschlossen",
        "decimal literal empty" | "repetition quantifier expects a valid decimal" => {
            "in geschweiften Klammern steht keine Zahl"
        }
        "decimal literal invalid" => "eine Zahl ist zu groß",
        "hexadecimal literal empty" => "es fehlt die Nummer eines Zeichens",
        "hexadecimal literal is not a Unicode scalar value" => {
            "ein Zeichen mit dieser Nummer gibt es nicht"
        }
        "invalid hexadecimal digit" => "keine hexadezimale Ziffer",
        "incomplete escape sequence, reached end of pattern prematurely" => {
            "hinter dem letzten Backslash fehlt das Zeichen"
        }
        "unrecognized escape sequence" => "dieses Zeichen hinter einem Backslash gibt es nicht",
        "dangling flag negation operator" => "hinter dem `-` fehlt ein Schalter",
        "duplicate flag" => "ein Schalter steht zweimal da",
        "flag negation operator repeated" => "das `-` steht zweimal da",
        "expected flag but got end of regex" => "hinter `(?` fehlt ein Schalter",
        "unrecognized flag" => "diesen Schalter hinter `(?` gibt es nicht",
        "duplicate capture group name" => "zwei Gruppen haben denselben Namen",
        "empty capture group name" => "der Name einer Gruppe ist leer",
        "invalid capture group character" => "unzulässiges Zeichen im Namen einer Gruppe",
        "unclosed capture group name" => "der Name einer Gruppe ist nicht geschlossen",
        "unclosed group" => "eine Klammer ist nicht geschlossen",
        "unopened group" => "eine Klammer wird geschlossen, die nicht geöffnet ist",
        "invalid repetition count range, the start must be <= the end" => {
            "in geschweiften Klammern ist die erste Zahl größer als die zweite"
        }
        "unclosed counted repetition" => "eine geschweifte Klammer ist nicht geschlossen",
        "repetition operator missing expression" => {
            "vor `*`, `+`, `?` oder `{` fehlt, was sich wiederholt"
        }
        "special word boundary assertion is either unclosed or contains an invalid character"
        | "unrecognized special word boundary assertion, valid choices are: start, end, start-half or end-half"
        | "found either the beginning of a special word boundary or a bounded repetition on a \\b with an opening brace, but no closing brace" => {
            "hinter `\\b` kennt die geschweifte Klammer nur start, end, start-half und end-half"
        }
        "invalid Unicode character class" => "keine Klasse von Unicode-Zeichen",
        "backreferences are not supported" => "Rückverweise gibt es nicht",
        "look-around, including look-ahead and look-behind, is not supported" => {
            "Umschau (look-ahead, look-behind) gibt es nicht"
        }
        "Unicode not allowed here" => "Unicode ist hier nicht erlaubt",
        "pattern can match invalid UTF-8" => "der Ausdruck passt auf Bytes, die kein Text sind",
        "Unicode property not found" => "diese Eigenschaft von Unicode-Zeichen gibt es nicht",
        "Unicode property value not found" => {
            "diesen Wert einer Eigenschaft von Unicode-Zeichen gibt es nicht"
        }
        _ => return None,
    })
}

fn template_fault(sentence: &str) -> Option<&'static str> {
    Some(match sentence {
        "it cannot be read" => "sie ist nicht zu lesen",
        "unexpected input after end of variable block" => "hinter `}}` steht noch etwas",
        "unexpected input after expression" => "hinter dem Ausdruck steht noch etwas",
        "unexpected character" => "ein Zeichen gehört nicht hierher",
        "unexpected end of string" => "ein Text in Anführungszeichen ist nicht geschlossen",
        "unexpected end of comment" => "ein Kommentar ist nicht geschlossen",
        "unexpected end of raw block" => "`raw` ist nicht geschlossen",
        "'_' may not occur at end of number" => "eine Zahl darf nicht mit `_` enden",
        "invalid float" => "keine Dezimalzahl",
        "invalid integer (too large)" => "eine Zahl ist zu groß",
        "Too many arguments in function call" => "eine Funktion bekommt zu viele Angaben",
        "expected a filter" => "es fehlt ein Filter",
        _ => return None,
    })
}

/// What the parser of templates finds or expects.
fn template_thing(thing: &str) -> &str {
    match thing {
        "template-data" => "Text",
        "end of input" => "das Ende der Vorlage",
        "start of variable block" => "`{{`",
        "end of variable block" => "`}}`",
        "start of block" => "`{%`",
        "end of block" => "`%}`",
        "identifier" => "ein Name",
        "identifier or integer" => "ein Name oder eine ganze Zahl",
        "string" => "ein Text in Anführungszeichen",
        "integer" => "eine ganze Zahl",
        "float" => "eine Dezimalzahl",
        "expression" => "ein Ausdruck",
        "keyword" | "block keyword" => "eine Anweisung",
        "comma" => "`,`",
        "in" => "`in`",
        "assignment operator" => "`=`",
        other => other,
    }
}

fn date_format_fault(reason: &str) -> Option<String> {
    if let Some(rest) = reason.strip_prefix("found unrecognized specifier directive ") {
        return Some(match rest.strip_suffix(" following `%.`") {
            Some(letter) => format!("hinter `%.` gibt es {letter} nicht"),
            None => format!("hinter `%` gibt es {rest} nicht"),
        });
    }
    Some(
        match reason {
            "it does not tell day, month and year" => {
                "Tag, Monat und Jahr gehen nicht daraus hervor"
            }
            "invalid format string, expected byte after `%`, but found end of format string" => {
                "hinter dem letzten `%` fehlt der Buchstabe"
            }
            "invalid format string, expected directive after `%.`" => {
                "hinter `%.` fehlt der Buchstabe"
            }
            "requires IANA time zone identifier" => "ein Datum hat hier keine Zeitzone",
            _ => return None,
        }
        .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_sqlite_are_not_told() {
        for (sentence, english, german) in [
            (
                "Error code 1544: attempt to write a readonly database",
                "attempt to write a readonly database",
                "die Datei ist schreibgeschützt",
            ),
            (
                "disk I/O error",
                "disk I/O error",
                "der Datenträger meldet einen Fehler",
            ),
            (
                "Error code x: y",
                "Error code x: y",
                "SQLite meldet `Error code x: y`",
            ),
        ] {
            let told = of_sqlite(sentence);
            assert_eq!((&*told.english, &*told.german), (english, german));
        }
    }

    #[test]
    fn sentences_of_the_toml_parser_are_told_in_german() {
        for (text, english, german) in [
            (
                "[customer\n",
                "unclosed table, expected `]`",
                "der Abschnitt ist nicht geschlossen; erwartet: `]`",
            ),
            (
                "a = 1\na = 2\n",
                "duplicate key",
                "diesen Schlüssel gibt es schon",
            ),
            (
                "a\n",
                "key with no value, expected `=`",
                "ein Schlüssel ohne Wert; erwartet: `=`",
            ),
            (
                "a = \n",
                "string values must be quoted, expected literal string",
                "Text muss in Anführungszeichen stehen; erwartet: Text in einfachen Anführungszeichen",
            ),
        ] {
            let (_, errors) = toml::de::DeTable::parse_recoverable(text);
            let told = of_toml(errors[0].message());
            assert_eq!(
                (told.english.as_str(), told.german.as_str()),
                (english, german),
                "{text}"
            );
        }
    }
}
