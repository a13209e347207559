//! Countries and languages: tables that mapping and validation share.
//!
//! Owns how people write a country or a language (names in English, German and the country's
//! own language, ISO and car codes) and which code that is; the tables and their sources are in
//! `names`. Knows nothing of fields or records, and never guesses: a text that could mean two
//! countries (`Kongo`, `Korea`) is unknown.

mod names;

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

static COUNTRIES: LazyLock<Table> = LazyLock::new(|| Table::parse(names::COUNTRIES));
static LANGUAGES: LazyLock<Table> = LazyLock::new(|| Table::parse(names::LANGUAGES));

/// The ISO 3166-1 alpha-2 code of a country in any of the spellings that shops use: English,
/// German or native name, alpha-2, alpha-3 or car code. Case, accents, punctuation and outer
/// blanks do not matter, and umlauts may be written out (`Oesterreich`).
///
/// Where codes collide, alpha-2 wins over alpha-3, and both over car codes.
#[must_use]
pub fn country(text: &str) -> Option<&'static str> {
    COUNTRIES.code(text)
}

/// Whether `iso` is an ISO 3166-1 alpha-2 code, in capitals (or `XK`, Kosovo).
#[must_use]
pub fn is_country(iso: &str) -> bool {
    COUNTRIES.row(iso).is_some()
}

/// The country's English name by its alpha-2 code in capitals.
#[must_use]
pub fn country_name(iso: &str) -> Option<&'static str> {
    COUNTRIES.row(iso).map(|row| row.name)
}

/// The ISO 639-1 code, in capitals, of a language in any of the spellings that shops use:
/// English, German or native name, ISO 639 code, or a locale such as `de-DE` or `de_AT`.
#[must_use]
pub fn language(text: &str) -> Option<&'static str> {
    let text = trimmed(text);
    if let Some(language) = language_of_short_locale(text) {
        return LANGUAGES.code(language);
    }
    LANGUAGES
        .code(text)
        .or_else(|| LANGUAGES.code(language_of_locale(text)?))
}

/// Whether `iso` is one of the known ISO 639-1 codes, in capitals.
#[must_use]
pub fn is_language(iso: &str) -> bool {
    LANGUAGES.row(iso).is_some()
}

/// The text without outer blanks, which nearly no text has.
#[inline]
fn trimmed(text: &str) -> &str {
    let is_graphic = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if is_graphic(bytes.first()) && is_graphic(bytes.last()) {
        return text;
    }
    text.trim()
}

/// `de` of `de-DE` and `de_AT`. No name is written so; a test holds that.
fn language_of_short_locale(text: &str) -> Option<&str> {
    match text.as_bytes() {
        [a, b, b'-' | b'_', c, d] if [a, b, c, d].iter().all(|byte| byte.is_ascii_alphabetic()) => {
            text.get(..2)
        }
        _ => None,
    }
}

/// `de` of `de-DE`, `de_AT` or `de_DE.UTF-8`.
fn language_of_locale(text: &str) -> Option<&str> {
    let (language, region) = text.split_once(['-', '_'])?;
    let is_code =
        matches!(language.len(), 2 | 3) && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_region = !region.is_empty()
        && region
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@'));
    (is_code && is_region).then_some(language)
}

/// One country or language.
struct Row {
    iso: &'static str,
    name: &'static str,
}

/// A parsed table with its two indices: pairs of letters, which need no hashing, and all else.
struct Table {
    rows: Vec<Row>,
    /// Row number + 1 for each pair of letters; 0 where there is none.
    pairs: Box<[u8; 26 * 26]>,
    names: HashMap<Box<str>, u8>,
    /// The names just as the table writes them, which is how most inputs write them.
    written: Written,
}

impl Table {
    fn parse(text: &'static str) -> Self {
        let mut table = Self {
            rows: Vec::new(),
            pairs: Box::new([0; 26 * 26]),
            names: HashMap::new(),
            written: Written::default(),
        };
        let lines: Vec<(Vec<&'static str>, Vec<&'static str>)> = text
            .lines()
            .filter_map(|line| line.split_once(';'))
            .map(|(codes, names)| {
                (
                    codes.split_whitespace().collect(),
                    names.split(';').map(str::trim).collect(),
                )
            })
            .collect();
        for (codes, names) in &lines {
            if let (Some(iso), Some(name)) = (codes.first(), names.first()) {
                table.rows.push(Row { iso, name });
            }
        }
        // In the order of precedence: alpha-2 of all rows, then alpha-3, then further codes.
        let most = lines.iter().map(|(codes, _)| codes.len()).max();
        for rank in 0..most.unwrap_or(0) {
            for (row, (codes, _)) in (0..=u8::MAX).zip(&lines) {
                if let Some(code) = codes.get(rank) {
                    table.index(code, row);
                }
            }
        }
        for (row, (_, names)) in (0..=u8::MAX).zip(&lines) {
            for name in names {
                table.index(name, row);
                table.index(&written_out(name), row);
            }
        }
        let names = lines.iter().flat_map(|(_, names)| names);
        let meant = names.filter_map(|name| Some((*name, table.row_of(name)?)));
        table.written = Written::of(&meant.collect::<Vec<_>>());
        table
    }

    /// Makes `text` mean `row`, unless it means something already.
    fn index(&mut self, text: &str, row: u8) {
        if let Some(pair) = pair(text) {
            if let Some(slot) = self.pairs.get_mut(pair)
                && *slot == 0
            {
                *slot = row + 1;
            }
        } else if let Some(folded) = Folded::new(text) {
            self.names.entry(folded.as_str().into()).or_insert(row);
        }
    }

    fn code(&self, text: &str) -> Option<&'static str> {
        let text = trimmed(text);
        let row = match self.written.row(text) {
            Some(row) => row,
            None => self.row_of(text)?,
        };
        self.rows.get(usize::from(row)).map(|row| row.iso)
    }

    fn row_of(&self, text: &str) -> Option<u8> {
        if let Some(pair) = pair(text) {
            return self.pairs.get(pair)?.checked_sub(1);
        }
        let folded = Folded::new(text)?;
        match pair(folded.as_str()) {
            Some(pair) => self.pairs.get(pair)?.checked_sub(1),
            None => self.names.get(folded.as_str()).copied(),
        }
    }

    /// The row of exactly this alpha-2 code.
    fn row(&self, iso: &str) -> Option<&Row> {
        let row = self.pairs.get(pair(iso)?)?.checked_sub(1)?;
        self.rows.get(usize::from(row)).filter(|row| row.iso == iso)
    }
}

/// Names of four bytes and more with the rows that they mean, found by a cheap hash, and compared
/// byte for byte.
#[derive(Default)]
struct Written {
    slots: Box<[Option<(&'static str, u8)>]>,
}

impl Written {
    fn of(names: &[(&'static str, u8)]) -> Self {
        let mut slots = vec![None; (names.len() * 4).next_power_of_two()].into_boxed_slice();
        for (name, row) in names {
            let Some(hash) = hash(name) else {
                continue;
            };
            let free = (0..slots.len()).map(|step| (hash + step) & (slots.len() - 1));
            let mut free = free.filter(|place| slots.get(*place).is_some_and(Option::is_none));
            if let Some(slot) = free.next().and_then(|place| slots.get_mut(place)) {
                *slot = Some((*name, *row));
            }
        }
        Self { slots }
    }

    fn row(&self, text: &str) -> Option<u8> {
        let mut place = hash(text)?;
        // Three slots of four are free.
        loop {
            let (name, row) = (*self.slots.get(place & self.slots.len().wrapping_sub(1))?)?;
            if name == text {
                return Some(row);
            }
            place += 1;
        }
    }
}

/// A hash of a text of at least four bytes, by its ends and its length.
fn hash(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (first, last) = (bytes.first_chunk::<4>()?, bytes.last_chunk::<4>()?);
    let ends = u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    let hash = (ends ^ text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(hash >> 40).ok()
}

/// The index of a text of exactly two ASCII letters in whatever case.
fn pair(text: &str) -> Option<usize> {
    let [first, second] = text.as_bytes() else {
        return None;
    };
    let letter = |byte: &u8| {
        byte.is_ascii_alphabetic()
            .then(|| usize::from(byte.to_ascii_lowercase() - b'a'))
    };
    Some(letter(first)? * 26 + letter(second)?)
}

/// The name with umlauts and their like written as two letters.
fn written_out(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            'ä' | 'Ä' => text.push_str("ae"),
            'ö' | 'Ö' | 'ø' | 'Ø' => text.push_str("oe"),
            'ü' | 'Ü' => text.push_str("ue"),
            'å' | 'Å' => text.push_str("aa"),
            other => text.push(other),
        }
    }
    text
}

/// Longest text that can be a name, in bytes once folded; the longest in the tables takes 72.
const LONGEST: usize = 96;

/// A name without what people write differently: small letters, no accents, no punctuation,
/// one blank between words, `&` for *and* and *und*, `st` for *saint* and *sankt*. Lives on
/// the stack, because it is made for every record.
struct Folded {
    bytes: [u8; LONGEST],
    length: usize,
    /// Where the word that is being written begins.
    word: usize,
}

impl Folded {
    /// Folds `text`; `None` if that is empty or longer than any name.
    fn new(text: &str) -> Option<Self> {
        let mut folded = Self {
            bytes: [0; LONGEST],
            length: 0,
            word: 0,
        };
        // A letter takes at most 4 bytes as it came and at least 1 when folded.
        if text.len() > 4 * LONGEST {
            return None;
        }
        if text.is_ascii() {
            for byte in text.bytes() {
                folded.take(char::from(byte.to_ascii_lowercase()))?;
            }
        } else {
            for letter in text.nfd().filter(|letter| !is_combining_mark(*letter)) {
                for small in letter.to_lowercase() {
                    folded.take(small)?;
                }
            }
        }
        folded.end_word()?;
        if folded.length > 0 && folded.word == folded.length {
            folded.length -= 1;
        }
        (folded.length > 0).then_some(folded)
    }

    fn as_str(&self) -> &str {
        // Only whole letters are ever written.
        std::str::from_utf8(self.bytes.get(..self.length).unwrap_or_default()).unwrap_or_default()
    }

    fn take(&mut self, letter: char) -> Option<()> {
        match letter {
            'a'..='z' | '0'..='9' => self.push(&[letter as u8]),
            'ß' => self.push(b"ss"),
            'ø' => self.push(b"o"),
            'æ' => self.push(b"ae"),
            'œ' => self.push(b"oe"),
            'ł' => self.push(b"l"),
            'đ' | 'ð' => self.push(b"d"),
            'ı' => self.push(b"i"),
            'ə' => self.push(b"e"),
            'ς' => self.push("σ".as_bytes()),
            '&' => {
                self.end_word()?;
                self.push(b"&")?;
                self.end_word()
            }
            // Invisible characters do not part words; nor do apostrophes and full stops.
            '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{feff}'
            | '.'
            | '\''
            | '’'
            | '‘'
            | '`'
            | '´'
            | 'ʻ'
            | 'ʼ' => Some(()),
            other if other.is_alphanumeric() => {
                self.push(other.encode_utf8(&mut [0; 4]).as_bytes())
            }
            _ => self.end_word(),
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.length + bytes.len();
        self.bytes.get_mut(self.length..end)?.copy_from_slice(bytes);
        self.length = end;
        Some(())
    }

    /// Ends the current word, if there is one, and writes the blank behind it.
    fn end_word(&mut self) -> Option<()> {
        let word = self.bytes.get(self.word..self.length)?;
        if word.is_empty() {
            return Some(());
        }
        let short: Option<&[u8]> = match word {
            // Alone it is Andorra's alpha-3 code.
            b"and" | b"und" if self.word > 0 => Some(b"&"),
            b"saint" | b"sankt" => Some(b"st"),
            _ => None,
        };
        if let Some(short) = short {
            self.length = self.word;
            self.push(short)?;
        }
        self.push(b" ")?;
        self.word = self.length;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn countries_are_known_by_what_shops_write() {
        let table = [
            (
                "DE",
                "Deutschland|BRD|D|DEU|Germany|de| d |DEUTSCHLAND|Bundesrepublik Deutschland",
            ),
            (
                "AT",
                "Österreich|Oesterreich|OESTERREICH|A|AUT|Austria|osterreich|O\u{308}sterreich",
            ),
            ("CH", "Schweiz|CH|CHE|Suisse|svizzera|Die Schweiz"),
            ("LI", "FL|Liechtenstein|Fürstentum Liechtenstein"),
            (
                "GB",
                "UK|U.K.|Vereinigtes Königreich|Vereinigtes Koenigreich|Great Britain|XI|Großbritannien|GROSSBRITANNIEN|Grossbritannien|England|Nordirland|GBR",
            ),
            (
                "CZ",
                "Tschechien|Tschechische Republik|Česká republika|Ceska Republika|CZE",
            ),
            ("GR", "EL|GR|Ελλάδα|ΕΛΛΑΔΑ|Griechenland|Hellas"),
            ("XK", "Kosovo|XK|RKS"),
            ("FR", "F|FRA|France|Frankreich"),
            ("IT", "I|Italia|Italien"),
            ("ES", "E|España|Espana|Spanien|es"),
            ("LU", "L|Lëtzebuerg|Luxemburg"),
            ("NL", "Holland|The Netherlands|Niederlande|Nederland"),
            ("DK", "Danmark|Dänemark|Daenemark"),
            (
                "BA",
                "Bosnien & Herzegowina|Bosnien und Herzegowina|Bosnia and Herzegovina|Bosnien-Herzegowina",
            ),
            (
                "VC",
                "St. Vincent & the Grenadines|Saint Vincent and the Grenadines",
            ),
            ("CI", "Cote d’Ivoire|Côte d'Ivoire|Elfenbeinküste"),
            ("TR", "Türkei|Tuerkei|Türkiye|TÜRKİYE|Turkey"),
            ("BG", "България|БЪЛГАРИЯ|Bulgarien"),
            ("FO", "Färöer|Faeroeer|Føroyar|Foroyar"),
            (
                "US",
                "USA|U.S.A.|United States|\u{feff}Vereinigte Staaten\u{a0}",
            ),
            ("CL", "CL|Chile"),
            ("SD", "SD"),
            ("RO", "ROU|Romania|Rumänien"),
            ("BN", "BRN"),
        ];
        for (iso, texts) in table {
            for text in texts.split('|') {
                assert_eq!(country(text), Some(iso), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_country_or_ambiguous_is_unknown() {
        for text in [
            "",
            " ",
            "X",
            "XX",
            "Kongo",
            "Korea",
            "Musterland",
            "-",
            "&",
            "Deutsch land",
            "und",
            "D1",
            "Österreichisch",
            "…",
            "\u{301}",
        ] {
            assert_eq!(country(text), None, "{text:?}");
        }
        assert_eq!(country(&"Deutschland ".repeat(100)), None);
    }

    #[test]
    fn alpha_2_codes_are_exact() {
        assert!(is_country("DE") && is_country("XK") && is_country("GB"));
        for text in ["de", "UK", "EL", "XI", "D", "DEU", "", "ZZ", "DE "] {
            assert!(!is_country(text), "{text}");
        }
        assert_eq!(country_name("GR"), Some("Greece"));
        assert_eq!(country_name("EL"), None);
    }

    #[test]
    fn languages_are_known_by_what_shops_write() {
        let table = [
            (
                "DE",
                "de|de-DE|de_AT|deu|ger|German|Deutsch|DEUTSCH|de_DE.UTF-8|de-CH-1996",
            ),
            ("EN", "en|en-GB|English|Englisch"),
            ("FR", "Français|Francais|Französisch|Franzoesisch"),
            ("ZH", "zh-Hans-CN|中文|Chinesisch"),
            ("EL", "el|Griechisch|Ελληνικά"),
            ("NO", "Norsk|no|nor"),
            ("TR", "Türkçe|tr_TR"),
            ("CS", "Čeština|cze|ces"),
        ];
        for (iso, texts) in table {
            for text in texts.split('|') {
                assert_eq!(language(text), Some(iso), "{text}");
            }
        }
        for text in ["", "xx", "SE", "CH", "de DE?", "Klingonisch", "AT", "DK"] {
            assert_eq!(language(text), None, "{text}");
        }
        assert!(is_language("DE") && !is_language("de") && !is_language("DEU"));
        let official = "BG CS DA DE EL EN ES ET FI FR GA HR HU IT LT LV MT NL PL PT RO SK SL SV";
        for iso in official.split(' ') {
            assert!(is_language(iso), "{iso}");
        }
    }

    /// A text that stands in two rows would silently mean the first.
    #[test]
    fn no_name_stands_twice() {
        for text in [names::COUNTRIES, names::LANGUAGES] {
            let mut seen: BTreeMap<String, &str> = BTreeMap::new();
            let mut rows = 0;
            for line in text.lines().filter(|line| !line.is_empty()) {
                let (codes, names) = line.split_once(';').unwrap();
                let iso = codes.get(..2).unwrap();
                assert!(codes.split(' ').nth(1).is_some_and(|code| code.len() == 3));
                rows += 1;
                // Further codes may collide with ISO codes, which then win; here none does.
                for word in codes.split(' ').chain(names.split(';').map(str::trim)) {
                    let folded = Folded::new(word).unwrap().as_str().to_owned();
                    let before = seen.insert(folded, iso);
                    assert!(
                        before.is_none_or(|before| before == iso),
                        "{word}: {before:?}"
                    );
                }
            }
            assert!(rows == 250 || rows < 100, "{rows} rows");
        }
    }

    #[test]
    fn every_row_is_found_by_each_of_its_names() {
        for line in names::COUNTRIES.lines().filter(|line| !line.is_empty()) {
            let (codes, names) = line.split_once(';').unwrap();
            let iso = codes.get(..2);
            for word in codes.split(' ').chain(names.split(';')) {
                assert_eq!(country(word), iso, "{word}");
                assert_eq!(country(&word.to_uppercase()), iso, "{word}");
                assert_eq!(country(&written_out(word)), iso, "{word}");
            }
        }
    }

    #[test]
    fn no_language_is_called_like_a_locale() {
        for line in names::LANGUAGES.lines().filter(|line| !line.is_empty()) {
            let (codes, names) = line.split_once(';').unwrap();
            for word in codes.split(' ').chain(names.split(';')) {
                let folded = Folded::new(word).unwrap();
                let dashed = folded.as_str().replace(' ', "-");
                assert_eq!(language_of_short_locale(&dashed), None, "{word}");
            }
        }
    }

    proptest! {
        /// The table of names as they are written knows nothing that folding does not.
        #[test]
        fn short_cuts_agree_with_folding(text in "[DdAaSs][a-zA-Zäö]{2,9}|[A-Za-z]{2}[-_][A-Za-z]{2}|Deutsch(land)?|Schwei[z]{0,2}") {
            for table in [&*COUNTRIES, &*LANGUAGES] {
                let slow = table.row_of(&text).and_then(|row| table.rows.get(usize::from(row)));
                prop_assert_eq!(table.code(&text), slow.map(|row| row.iso));
            }
            let slow = LANGUAGES.code(&text).or_else(|| LANGUAGES.code(language_of_locale(&text)?));
            prop_assert_eq!(language(&text), slow);
        }

        #[test]
        fn any_text_is_taken(text in "\\PC{0,120}") {
            let _ = (country(&text), language(&text), is_country(&text), is_language(&text));
        }
    }
}
