//! JSON lines: any bytes, in any encoding.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use wawi_importer::outcome::Code;
use wawi_importer::record::Fields;
use wawi_importer::source::{Format, Source, SourceSettings};

use super::draw::Draw;
use super::reading::{self, All, Bench, What};
use super::returned;

const ENCODINGS: [Option<&str>; 8] = [
    None,
    None,
    Some("utf-8"),
    Some("windows-1252"),
    Some("utf-16le"),
    Some("utf-16be"),
    Some("shift_jis"),
    Some("gb18030"),
];

/// Reads the rest of `bytes` as its first four say.
pub(crate) fn run(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let settings = SourceSettings {
        encoding: draw.one_of(&ENCODINGS).map(str::to_owned),
        format: Some(Format::Jsonl),
        skip_lines: draw.one_of(&[None, None, None, Some(1)]),
        record_cap: draw.one_of(&[1 << 20, 1 << 20, 0, 1, 10, 60]),
        ..SourceSettings::default()
    };
    let writes = draw.byte() % 4 == 1;
    let file = draw.rest();
    let bench = Bench::new("input.jsonl");
    let Some(source) = bench.open(file, &settings) else {
        return;
    };
    let all = reading::all(&source, &settings, file);
    compare_with_plain_lines(&source, &settings, file, &all);
    if writes {
        returned::lines(&all, bench.folder());
    }
}

/// On text that can be decoded as a whole, each line that is not blank is an object or a defect.
fn compare_with_plain_lines(source: &Source, settings: &SourceSettings, file: &[u8], all: &All) {
    let facts = source.facts();
    let (text, _, bad) = facts.encoding.decode(file);
    if bad || facts.skipped_lines > 0 {
        return;
    }
    let lines = text
        .split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => line.strip_suffix('\r').unwrap_or(line),
            None => line,
        });
    let lines =
        lines.filter(|line| !line.trim_ascii().is_empty() || line.len() > settings.record_cap);
    let lines: Vec<&str> = lines.collect();
    assert!(all.end.is_ok());
    // The cap counts the input's own bytes, which only UTF-8 shares with the text.
    let same_bytes = facts.encoding == encoding_rs::UTF_8;
    if !same_bytes && settings.record_cap < 1 << 20 {
        return;
    }
    assert_eq!(all.entries.len(), lines.len());
    for (told, line) in all.entries.iter().zip(lines) {
        match &told.what {
            What::Record(Fields::Object(object), None) => {
                assert!(line.len() <= settings.record_cap);
                assert!(!has_a_key_twice(line), "{line}");
                match serde_json::from_str(line).unwrap() {
                    Value::Object(whole) if whole == *object => {}
                    // A line of `failed.jsonl` holds the record inside.
                    Value::Object(whole) => {
                        assert_eq!(whole.get("input"), Some(&Value::Object(object.clone())));
                        assert!(whole.contains_key("errors"));
                    }
                    other => panic!("{other} is no object"),
                }
            }
            What::Record(..) => panic!("cells in JSON lines"),
            What::Defect(error, cells) => {
                assert!(cells.is_none());
                match error.code {
                    Code::RecordTooLarge => assert!(line.len() > settings.record_cap),
                    // What serde_json says privately: objects with that key are numbers to it.
                    Code::JsonMalformed if line.contains("$serde_json::private") => {}
                    Code::JsonMalformed => {
                        let read = serde_json::from_str::<serde_json::Map<String, Value>>(line);
                        assert!(read.is_err() || has_a_key_twice(line), "{line}");
                    }
                    Code::EncodingInvalid => {
                        assert!(
                            line.contains('\0') || facts.encoding.is_single_byte(),
                            "{line}"
                        );
                    }
                    other => panic!("{other}"),
                }
            }
        }
    }
}

/// Whether an object of the line, which is JSON, has a key twice.
fn has_a_key_twice(line: &str) -> bool {
    serde_json::from_str::<Keys>(line).is_ok_and(|keys| keys.0)
}

/// Whether a value has an object in which a key stands twice.
struct Keys(bool);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut seen = std::collections::BTreeSet::new();
        let mut twice = false;
        while let Some((key, value)) = map.next_entry::<String, Keys>()? {
            twice |= value.0 | !seen.insert(key);
        }
        Ok(Keys(twice))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Keys, A::Error> {
        let mut twice = false;
        while let Some(value) = list.next_element::<Keys>()? {
            twice |= value.0;
        }
        Ok(Keys(twice))
    }

    fn visit_str<E>(self, _: &str) -> Result<Keys, E> {
        Ok(Keys(false))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Keys, E> {
        Ok(Keys(false))
    }

    fn visit_unit<E>(self) -> Result<Keys, E> {
        Ok(Keys(false))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Keys, E> {
        Ok(Keys(false))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Keys, E> {
        Ok(Keys(false))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Keys, E> {
        Ok(Keys(false))
    }
}
