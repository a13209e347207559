//! What bytes a text has, found eight at a time: nearly every text of a record is plain, and
//! that is to cost next to nothing.

/// A one in each byte of a word.
const ONES: u64 = u64::MAX / 255;

/// The highest bit of each byte.
const HIGH: u64 = ONES << 7;

/// Whether `test` finds something in any eight bytes of the text. Words may overlap, and what a
/// short text lacks to eight bytes is filled up with blanks.
#[inline]
pub(crate) fn any(text: &str, test: impl Fn(u64) -> u64) -> bool {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    // With a way out in the middle the compiler leaves the loop as it is: texts are too short for
    // wider steps to pay.
    for word in words {
        if test(u64::from_le_bytes(*word)) != 0 {
            return true;
        }
    }
    if rest.is_empty() {
        return false;
    }
    let last = match text.as_bytes().last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => short(rest),
    };
    test(last) != 0
}

/// One to seven bytes as a word.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
    }
    let at = |index: usize| u64::from(bytes.get(index).copied().unwrap_or(b' '));
    at(0) | at(1) << 8 | at(2) << 16 | (ONES * 0x20) << 24
}

/// Marks a word that has a byte below `limit`, which is at most 128.
#[inline]
pub(crate) fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH
}

/// Marks a word that has this byte.
#[inline]
pub(crate) fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * u64::from(byte)), 1)
}

/// Marks a word that has a control character or a byte beyond ASCII. Bytes FF, which no text
/// has, may go unmarked.
#[inline]
pub(crate) fn control_or_beyond(word: u64) -> u64 {
    // Only a byte that is marked itself can lend from its neighbour, or carry over to it.
    (word.wrapping_sub(ONES * 0x20) | word.wrapping_add(ONES)) & HIGH
}

/// Marks a word that has a byte above `limit`, which is at most 127.
#[inline]
pub(crate) fn above(word: u64, limit: u8) -> u64 {
    (((word & !HIGH) + ONES * u64::from(127 - limit)) | word) & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    proptest! {
        /// The same as looking at each byte.
        #[test]
        fn any_looks_at_every_byte(text in "[ -~]{0,3}|[\u{0}-\u{ff}]{0,20}|[!-%a-z]{0,40}") {
            let bytes = text.as_bytes();
            prop_assert_eq!(any(&text, |word| below(word, 0x20)), bytes.iter().any(|byte| *byte < 0x20));
            prop_assert_eq!(any(&text, |word| equal(word, b'"')), bytes.contains(&b'"'));
            prop_assert_eq!(any(&text, |word| equal(word, 0x7f)), bytes.contains(&0x7f));
            let is_odd = |byte: &u8| byte.is_ascii_control() || !byte.is_ascii();
            prop_assert_eq!(any(&text, control_or_beyond), bytes.iter().any(is_odd));
            prop_assert_eq!(any(&text, |word| above(word, b'9')), bytes.iter().any(|byte| *byte > b'9'));
        }
    }
}
