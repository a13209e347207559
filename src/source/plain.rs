//! Rows that can be split at sight: those without quotes, in which each delimiter ends a cell
//! and the first line break ends the row. They are most rows of most files, and the parser's
//! state machine would look at each of their bytes by itself.

use super::csv::is_break;
use crate::record::CellSpan;

/// Bytes that are looked at together.
const GROUP: usize = 64;

/// Splits the row at the start of `chunk` into `spans`, which is empty, and returns its length
/// without the line break. None if the row does not end within the chunk, or has a quote or a
/// control character other than the delimiter in it (most of all a NUL); then `spans` holds
/// whatever was found so far. The delimiter is ASCII and neither a quote nor a line break.
pub(super) fn split(chunk: &[u8], delimiter: u8, spans: &mut Vec<CellSpan>) -> Option<usize> {
    let (groups, rest) = chunk.as_chunks::<GROUP>();
    let mut start = 0;
    let mut base = 0;
    for group in groups {
        if let Some(stop) = walk(group, base, delimiter, &mut start, spans) {
            return stop;
        }
        base += GROUP;
    }
    let mut last = [b' '; GROUP];
    last.get_mut(..rest.len())?.copy_from_slice(rest);
    // A space may be the delimiter, but nothing ends here that did not end before.
    walk(&last, base, delimiter, &mut start, spans)?
}

/// Ends the cells that end within `group`, which begins `base` bytes behind the row's start.
/// Where the row stops, says whether it ends there, and where.
#[inline]
fn walk(
    group: &[u8; GROUP],
    base: usize,
    delimiter: u8,
    start: &mut u32,
    spans: &mut Vec<CellSpan>,
) -> Option<Option<usize>> {
    let mut marks = marks(group, delimiter);
    while marks != 0 {
        let index = marks.trailing_zeros() as usize;
        marks &= marks - 1;
        let end = (base + index) as u32;
        let byte = group.get(index).copied().unwrap_or_default();
        if byte != delimiter && !is_break(byte) {
            return Some(None);
        }
        spans.push([*start, end]);
        if byte != delimiter {
            return Some(Some(end as usize));
        }
        *start = end + 1;
    }
    None
}

/// The bytes of a group that are delimiters, quotes or control characters, one bit each.
#[inline]
fn marks(group: &[u8; GROUP], delimiter: u8) -> u64 {
    // Ones and zeros side by side, because the compiler makes wide instructions of that.
    let mut flags = [0; GROUP];
    for (flag, byte) in flags.iter_mut().zip(group) {
        let is_special = (*byte < b' ') | (*byte == b'"') | (*byte == delimiter);
        *flag = u8::from(is_special);
    }
    let (words, _) = flags.as_chunks::<8>();
    let mut marks = 0;
    for (index, word) in words.iter().enumerate() {
        // Moves the lowest bit of each of the eight bytes into the highest byte.
        let gathered = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        marks |= gathered << (8 * index);
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cells of the row at the start of `chunk`, and what stands behind it.
    fn cut(chunk: &str, delimiter: u8) -> Option<(Vec<&str>, &str)> {
        let mut spans = Vec::new();
        let length = split(chunk.as_bytes(), delimiter, &mut spans)?;
        let cells = spans
            .iter()
            .map(|[start, end]| &chunk[*start as usize..*end as usize]);
        Some((cells.collect(), &chunk[length..]))
    }

    #[test]
    fn a_plain_row_is_cut_at_its_delimiters() {
        assert_eq!(
            cut("a;ü;;\n1;2", b';'),
            Some((vec!["a", "ü", "", ""], "\n1;2"))
        );
        assert_eq!(cut("a\tb\r\n", b'\t'), Some((vec!["a", "b"], "\r\n")));
        assert_eq!(cut("a b\r", b' '), Some((vec!["a", "b"], "\r")));
        for chunk in ["", "a;b", "a;\"b\"\n", "5\" Rohr\n", "a\0;b\n", "a\tb\n"] {
            assert_eq!(cut(chunk, b';'), None, "{chunk:?}");
        }
        // A quote behind the row is none of its business.
        assert_eq!(cut("a;b\n\"", b';'), Some((vec!["a", "b"], "\n\"")));
    }

    #[test]
    fn every_byte_of_a_group_has_its_mark() {
        for at in 0..3 * GROUP {
            for length in [at, at + 1, at + GROUP, at + 2 * GROUP] {
                let text = format!("{};{}\n", "x".repeat(at), "y".repeat(length - at));
                let (cells, rest) = cut(&text, b';').unwrap();
                assert_eq!((cells[0].len(), cells[1].len()), (at, length - at));
                assert_eq!(rest, "\n");
            }
        }
        for byte in 0..=u8::MAX {
            let expected = byte < b' ' || byte == b'"' || byte == b';';
            let marks = marks(&[byte; GROUP], b';');
            assert_eq!(marks, if expected { u64::MAX } else { 0 }, "{byte}");
        }
    }
}
