//! Which encoding an input is in: declared, else its byte-order mark, else valid UTF-8, else
//! an educated guess that leans towards windows-1252, in which old German exports are.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GBK, ISO_8859_2, ISO_8859_7, SHIFT_JIS, UTF_8, UTF_16BE,
    UTF_16LE, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257,
};

use super::blocks::BLOCK;
use super::error::SourceError;
use super::facts::Found;

/// Bytes at the start in which a NUL means that the file is no text. Further on it spoils only
/// its record. (git and grep look at about as many.)
const TEXT_SHOWS_IN: usize = 8 * 1024;

/// What is known of an input's encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The encoding.
    pub(super) encoding: &'static Encoding,
    /// Bytes of the byte-order mark; 0 if there is none.
    pub(super) bom: u64,
    /// How it is known.
    pub(super) found: Found,
}

/// Decides for `file`, whose first bytes (up to a block) are `head`.
pub(super) fn decide(
    path: &Path,
    file: &mut (impl Read + Seek),
    head: &[u8],
    label: Option<&str>,
) -> Result<Verdict, SourceError> {
    refuse_other_formats(path, head)?;
    let declared = label.map(named).transpose()?;
    let marked = Encoding::for_bom(head);
    let verdict = match (declared, marked) {
        (Some(declared), Some((encoding, bom))) => {
            // `utf-16` alone leaves the byte order to the mark.
            let both_16 = is_utf_16(declared) && is_utf_16(encoding);
            if declared != encoding && !both_16 {
                return Err(SourceError::OtherEncoding {
                    path: path.to_owned(),
                    declared: declared.name(),
                    bom: encoding.name(),
                });
            }
            verdict(encoding, bom, Found::Declared)
        }
        (Some(encoding), None) => verdict(encoding, 0, Found::Declared),
        (None, Some((encoding, bom))) => verdict(encoding, bom, Found::Bom),
        (None, None) => match utf_16_by_its_nuls(head) {
            Some(encoding) => verdict(encoding, 0, Found::Detected),
            None => {
                let sample =
                    telling_sample(file, head).map_err(|(offset, source)| SourceError::Read {
                        path: path.to_owned(),
                        offset,
                        source,
                    })?;
                let (encoding, found) = guess(&sample);
                verdict(encoding, 0, found)
            }
        },
    };
    if !is_utf_16(verdict.encoding) {
        let start = head.get(..head.len().min(TEXT_SHOWS_IN)).unwrap_or(head);
        if let Some(offset) = start.iter().position(|byte| *byte == 0) {
            return Err(SourceError::Binary {
                path: path.to_owned(),
                offset: offset as u64,
            });
        }
    }
    Ok(verdict)
}

fn verdict(encoding: &'static Encoding, bom: usize, found: Found) -> Verdict {
    Verdict {
        encoding,
        bom: bom as u64,
        found,
    }
}

/// The encoding of that name, by the labels of the WHATWG's Encoding Standard.
fn named(label: &str) -> Result<&'static Encoding, SourceError> {
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        SourceError::UnknownEncoding {
            label: label.to_owned(),
        }
    })
}

fn is_utf_16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// Formats that are known by their first bytes.
fn refuse_other_formats(path: &Path, head: &[u8]) -> Result<(), SourceError> {
    let known: [(&[u8], &'static str); 4] = [
        (b"BZh", "compressed with bzip2"),
        (b"\xfd7zXZ\0", "compressed with xz"),
        (b"%PDF-", "a PDF file"),
        (b"\xff\xfe\0\0", "UTF-32 text"),
    ];
    match known.into_iter().find(|(magic, _)| head.starts_with(magic)) {
        Some((_, what)) => Err(SourceError::OtherFormat {
            path: path.to_owned(),
            what,
        }),
        None => Ok(()),
    }
}

/// UTF-16 without a mark: most characters of Western text have a NUL for their upper half,
/// and hardly any for their lower half.
fn utf_16_by_its_nuls(head: &[u8]) -> Option<&'static Encoding> {
    let (pairs, _) = head.get(..head.len().min(TEXT_SHOWS_IN))?.as_chunks::<2>();
    let first = pairs.iter().filter(|[first, _]| *first == 0).count();
    let second = pairs.iter().filter(|[_, second]| *second == 0).count();
    let most = |nuls: usize| !pairs.is_empty() && nuls * 2 >= pairs.len();
    let few = |nuls: usize| nuls * 50 <= pairs.len();
    if most(second) && few(first) {
        Some(UTF_16LE)
    } else if most(first) && few(second) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Up to a block of the file from its first byte that is not ASCII; empty if there is none.
fn telling_sample(
    file: &mut (impl Read + Seek),
    head: &[u8],
) -> Result<Vec<u8>, (u64, std::io::Error)> {
    let mut offset = 0_u64;
    let mut block = head.to_vec();
    let first = loop {
        if let Some(index) = block.iter().position(|byte| !byte.is_ascii()) {
            // The characters before it help to tell languages apart.
            break offset + index.saturating_sub(64) as u64;
        }
        offset += block.len() as u64;
        block.clear();
        block_at(file, offset, &mut block)?;
        if block.is_empty() {
            return Ok(block);
        }
    };
    block.clear();
    block_at(file, first, &mut block)?;
    Ok(block)
}

fn block_at(
    file: &mut (impl Read + Seek),
    offset: u64,
    block: &mut Vec<u8>,
) -> Result<(), (u64, std::io::Error)> {
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.take(BLOCK as u64).read_to_end(block))
        .map(drop)
        .map_err(|source| (offset, source))
}

/// The encoding of a sample that begins with a whole character.
fn guess(sample: &[u8]) -> (&'static Encoding, Found) {
    let mut valid = 0_usize;
    let mut invalid = 0_usize;
    let mut rest = sample.len();
    for part in sample.utf8_chunks() {
        rest -= part.valid().len() + part.invalid().len();
        valid += part.valid().chars().filter(|char| !char.is_ascii()).count();
        // A full block may end in the middle of a character.
        let cut = rest == 0 && sample.len() == BLOCK;
        invalid += usize::from(!part.invalid().is_empty() && !cut);
    }
    if invalid == 0 {
        (UTF_8, Found::Valid)
    } else if valid >= invalid {
        // Umlauts of a one-byte encoding hardly ever look like UTF-8: this is UTF-8 with a few
        // broken places, and their records are defects; read otherwise, all would be wrong.
        (UTF_8, Found::Detected)
    } else {
        (legacy(sample), Found::Detected)
    }
}

/// Encodings that are believed when the detector names them. The DOS, Macintosh and KOI8 ones
/// are not: the detector takes typographic signs for Cyrillic letters of theirs.
const BELIEVED: [&Encoding; 13] = [
    WINDOWS_1250,
    WINDOWS_1251,
    WINDOWS_1253,
    WINDOWS_1254,
    WINDOWS_1257,
    ISO_8859_2,
    ISO_8859_7,
    SHIFT_JIS,
    EUC_JP,
    EUC_KR,
    GBK,
    BIG5,
    WINDOWS_1252,
];
/// Bytes beyond ASCII from which the detector is believed although German text is expected.
const ENOUGH: usize = 16;

/// The encoding of text that is not UTF-8: windows-1252 unless it is clearly another.
fn legacy(sample: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    let neutral = detector.guess(None, Utf8Detection::Deny);
    let in_germany = detector.guess(Some(b"de"), Utf8Detection::Deny);
    let signs = sample.iter().filter(|byte| !byte.is_ascii()).count();
    if BELIEVED.contains(&neutral) && (neutral == in_germany || signs >= ENOUGH) {
        neutral
    } else {
        WINDOWS_1252
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use encoding_rs::ISO_8859_15;

    use super::*;

    fn decided(bytes: &[u8], label: Option<&str>) -> Result<Verdict, SourceError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let head = &bytes[..bytes.len().min(BLOCK)];
        decide(Path::new("a.csv"), &mut file, head, label)
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn each_source_of_knowledge_has_its_rank() {
        let text = "Nr;Größe;Preis\r\n1;„groß“;5 €\r\n";
        let little = utf16(text, u16::to_le_bytes);
        let big = utf16(text, u16::to_be_bytes);
        let marked_little = [b"\xff\xfe", &little[..]].concat();
        let marked_big = [b"\xfe\xff", &big[..]].concat();
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let latin = WINDOWS_1252.encode(text).0.into_owned();
        let ascii = b"a;b\n1;2\n".to_vec();
        let cases: [(&[u8], Option<&str>, _, u64, Found); 14] = [
            (text.as_bytes(), None, UTF_8, 0, Found::Valid),
            (&ascii, None, UTF_8, 0, Found::Valid),
            (&marked, None, UTF_8, 3, Found::Bom),
            (&marked_little, None, UTF_16LE, 2, Found::Bom),
            (&marked_big, None, UTF_16BE, 2, Found::Bom),
            (&little, None, UTF_16LE, 0, Found::Detected),
            (&big, None, UTF_16BE, 0, Found::Detected),
            (&latin, None, WINDOWS_1252, 0, Found::Detected),
            (&latin, Some("latin1"), WINDOWS_1252, 0, Found::Declared),
            (&latin, Some("ISO-8859-15"), ISO_8859_15, 0, Found::Declared),
            (&marked, Some("utf-8"), UTF_8, 3, Found::Declared),
            (&marked_big, Some("utf-16"), UTF_16BE, 2, Found::Declared),
            (&little, Some("utf-16le"), UTF_16LE, 0, Found::Declared),
            (&ascii, Some("utf-8"), UTF_8, 0, Found::Declared),
        ];
        for (index, (bytes, label, encoding, bom, found)) in cases.into_iter().enumerate() {
            let expected = Verdict {
                encoding,
                bom,
                found,
            };
            assert_eq!(decided(bytes, label).unwrap(), expected, "case {index}");
        }
    }

    #[test]
    fn languages_are_told_apart_when_they_clearly_differ() {
        let german = "Müller;Straße 3;Köln\nÖztürk;Gäßchen 2;Nürnberg\n";
        let russian = "Имя;Город\nИванов;Москва\n";
        let polish = "Łukasz Wiśniewski;Łódź\nMałgorzata Dąbrowska;Gdańsk\n";
        for (text, encoding) in [
            (german.to_owned(), WINDOWS_1252),
            ("Müller".to_owned(), WINDOWS_1252),
            ("„Test“ – § 5 ©® ½ µ ° €".to_owned(), WINDOWS_1252),
            ("Hélène;Besançon\nNoël;Sète\n".repeat(20), WINDOWS_1252),
            (german.repeat(20) + "Núñez;São;Åse;Šime\n", WINDOWS_1252),
            (polish.repeat(2), WINDOWS_1250),
            ("Łukasz".to_owned(), WINDOWS_1252),
            (russian.to_owned(), WINDOWS_1251),
            ("田中;東京\n鈴木;大阪\n".to_owned(), SHIFT_JIS),
        ] {
            let bytes = if encoding == WINDOWS_1252 && text == "Łukasz" {
                WINDOWS_1250.encode(&text).0
            } else {
                encoding.encode(&text).0
            };
            assert_eq!(decided(&bytes, None).unwrap().encoding, encoding, "{text}");
        }
    }

    #[test]
    fn one_broken_place_does_not_spoil_utf_8() {
        let mut bytes = "Müller;Größe;Köln\n".repeat(3).into_bytes();
        bytes.extend_from_slice(b"M\xfcller\n");
        let verdict = decided(&bytes, None).unwrap();
        assert_eq!((verdict.encoding, verdict.found), (UTF_8, Found::Detected));
    }

    #[test]
    fn a_late_umlaut_decides() {
        let ascii = b"1234567;abc\n".repeat(BLOCK / 12 + 10);
        for (umlaut, encoding) in [(&b"\xfc"[..], WINDOWS_1252), ("ü".as_bytes(), UTF_8)] {
            let bytes = [&ascii, umlaut, b";x\n"].concat();
            assert_eq!(decided(&bytes, None).unwrap().encoding, encoding);
        }
        // A character that a block's border cuts is no fault.
        let mut bytes = vec![b'a'; 64];
        bytes.resize(BLOCK - 1, b'x');
        bytes[64..66].copy_from_slice("ä".as_bytes());
        bytes.extend_from_slice("ö;".as_bytes());
        let verdict = decided(&bytes, None).unwrap();
        assert_eq!((verdict.encoding, verdict.found), (UTF_8, Found::Valid));
    }

    #[test]
    fn what_is_no_text_is_refused_by_name() {
        for (bytes, what) in [
            (&b"%PDF-1.7"[..], "PDF"),
            (b"BZh91AY", "bzip2"),
            (b"\xfd7zXZ\0", "xz"),
            (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
        ] {
            let error = decided(bytes, None).unwrap_err();
            assert!(matches!(error, SourceError::OtherFormat { .. }), "{error}");
            assert!(error.to_string().contains(what), "{error}");
            assert!(error.help().unwrap().english.contains("CSV"));
        }
        let error = decided(b"a;b\nc\0d\n", None).unwrap_err();
        assert!(matches!(error, SourceError::Binary { offset: 5, .. }));
        let error = decided(b"\xef\xbb\xbfa", Some("windows-1252")).unwrap_err();
        assert!(matches!(error, SourceError::OtherEncoding { .. }));
        let error = decided(b"a", Some("cp850")).unwrap_err();
        assert!(matches!(error, SourceError::UnknownEncoding { .. }));
    }
}
