//! Which character separates the fields: Excel's `sep=` line, else the one that splits the
//! header and the records behind it into most fields most evenly.

/// Delimiters that are looked for; of equals the first is taken.
const CANDIDATES: [u8; 4] = [b';', b',', b'\t', b'|'];
/// Records of the sample that are counted.
const RECORDS: usize = 200;
/// Bytes of the sample that are looked at.
const BYTES: usize = 256 * 1024;

/// Whether the byte can separate fields.
pub(super) fn is_possible(delimiter: u8) -> bool {
    delimiter.is_ascii() && !matches!(delimiter, b'"' | b'\r' | b'\n' | 0)
}

/// A delimiter as people read it.
pub(super) fn shown(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "tab".to_owned(),
        graphic if graphic.is_ascii_graphic() => format!("`{}`", char::from(graphic)),
        other => format!("byte {other:#04x}"),
    }
}

/// The delimiter that a first line like `sep=;` declares.
pub(super) fn declared_by(sample: &[u8]) -> Option<u8> {
    let line = sample.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let line = match line {
        [b'"', inner @ .., b'"'] => inner,
        line => line,
    };
    let (key, rest) = line.split_at_checked(4)?;
    match rest {
        [delimiter] if key.eq_ignore_ascii_case(b"sep=") && is_possible(*delimiter) => {
            Some(*delimiter)
        }
        _ => None,
    }
}

/// The delimiter of a sample that starts with the header; none if no candidate splits it.
pub(super) fn detect(sample: &[u8]) -> Option<u8> {
    let sample = sample.get(..sample.len().min(BYTES)).unwrap_or(sample);
    let mut best = None;
    for delimiter in CANDIDATES {
        let score = score(&counts(sample, delimiter));
        if score > best.map_or(0, |(score, _)| score) {
            best = Some((score, delimiter));
        }
    }
    best.map(|(_, delimiter)| delimiter)
}

/// How well field counts speak for their delimiter: the more separators and the more evenly
/// the better. Evenness weighs twice, so that commas in an address lose to semicolons between
/// fields, and a few ragged records do not make 28 columns lose to the one comma that happens
/// to stand in every record.
fn score(counts: &[usize]) -> usize {
    let Some((header, records)) = counts.split_first() else {
        return 0;
    };
    // With the header counted too, a file without records is even.
    let even = 1 + records.iter().filter(|count| *count == header).count();
    let share = even * 1000 / counts.len();
    share * share * header.saturating_sub(1)
}

/// Fields of each whole record in the sample, quotes obeyed.
fn counts(sample: &[u8], delimiter: u8) -> Vec<usize> {
    let mut core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
    let mut field = [0; 1024];
    let mut counts = Vec::new();
    let mut fields = 0;
    let mut rest = sample;
    while counts.len() < RECORDS {
        let (result, read, _) = core.read_field(rest, &mut field);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            csv_core::ReadFieldResult::Field { record_end } => {
                fields += 1;
                if record_end {
                    counts.push(fields);
                    fields = 0;
                }
            }
            csv_core::ReadFieldResult::OutputFull => {}
            // The record that the sample's end cuts counts only if there is no other.
            csv_core::ReadFieldResult::InputEmpty if counts.is_empty() => {}
            csv_core::ReadFieldResult::InputEmpty | csv_core::ReadFieldResult::End => break,
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_delimiter_shows_in_header_and_records() {
        let long = format!("a;b\n\"{}\";2\n", "x,".repeat(3000));
        for (sample, delimiter) in [
            ("id;name\n1;a\n", Some(b';')),
            ("id,name\n1,a\n", Some(b',')),
            ("id\tname\n1\ta\n", Some(b'\t')),
            ("id|name\n1|a", Some(b'|')),
            ("id;name", Some(b';')),
            ("\"a;b\",c", Some(b',')),
            ("name\nMuster, Max\nMeier\n", None),
            ("name\n", None),
            ("", None),
            ("\n\n", None),
            // Decimals and addresses with commas in every record.
            ("nr;preis;ort\n1;1,5;a\n2;2,5;b\n", Some(b';')),
            ("a, b;c\n1, 2;3\n4, 5;6\n", Some(b';')),
            (
                "Name, Vorname;Ort;PLZ\nA, B;C;1\nA, B;C;1;;\nA, B;C;1\n",
                Some(b';'),
            ),
            // Quoted line breaks and delimiters.
            ("a,b\n\"x\ny;;;;\",2\n\"z;;;;\n\",3\n", Some(b',')),
            (&long, Some(b';')),
        ] {
            assert_eq!(detect(sample.as_bytes()), delimiter, "{sample:.40}");
        }
    }

    #[test]
    fn a_sep_line_declares_it() {
        for (sample, delimiter) in [
            ("sep=;\r\na;b", Some(b';')),
            ("SEP=,\na,b", Some(b',')),
            ("sep=\t\n", Some(b'\t')),
            ("\"sep=;\"\n", Some(b';')),
            ("sep=|", Some(b'|')),
            ("sep=\n", None),
            ("sep=\"\n", None),
            ("sep=;;\n", None),
            ("separator;x\n", None),
            ("se\n", None),
            ("", None),
        ] {
            assert_eq!(declared_by(sample.as_bytes()), delimiter, "{sample:?}");
        }
    }

    #[test]
    fn a_delimiter_is_shown_readably() {
        assert_eq!(shown(b';'), "`;`");
        assert_eq!(shown(b'\t'), "tab");
        assert_eq!(shown(0xa7), "byte 0xa7");
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_answer(sample: Vec<u8>) {
            let found = detect(&sample);
            prop_assert!(found.is_none_or(is_possible));
            prop_assert!(declared_by(&sample).is_none_or(is_possible));
        }
    }
}
