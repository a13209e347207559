//! Counts physical lines: LF, CRLF and a lone CR each end one.

/// The number of the line on which the next byte stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines {
    /// Counted from 1.
    pub(super) number: u64,
    after_cr: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Self::from(1)
    }
}

impl Lines {
    /// Starts on line `number`, not in the middle of a CRLF.
    pub(super) fn from(number: u64) -> Self {
        Self {
            number,
            after_cr: false,
        }
    }

    /// Goes past `bytes`.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
            return;
        };
        let ends = |before_is_cr: bool, byte: u8| {
            u64::from(byte == b'\r') + u64::from(byte == b'\n' && !before_is_cr)
        };
        self.number += ends(self.after_cr, *first);
        // Two slices side by side, because the compiler makes wide instructions of that.
        let later = bytes.get(1..).unwrap_or_default();
        let breaks: u64 = bytes
            .iter()
            .zip(later)
            .map(|(before, byte)| ends(*before == b'\r', *byte))
            .sum();
        self.number += breaks;
        self.after_cr = *last == b'\r';
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_break_counts_once() {
        for (text, line) in [
            ("", 1),
            ("a", 1),
            ("a\n", 2),
            ("a\r", 2),
            ("a\r\n", 2),
            ("\r\r\n\n", 4),
            ("\n\r", 3),
        ] {
            let mut lines = Lines::default();
            lines.feed(text.as_bytes());
            assert_eq!(lines.number, line, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_count_as_the_whole(text in "[a\r\n]{0,20}", cut in 0_usize..20) {
            let cut = cut.min(text.len());
            let mut whole = Lines::default();
            whole.feed(text.as_bytes());
            let mut pieces = Lines::default();
            pieces.feed(&text.as_bytes()[..cut]);
            pieces.feed(&text.as_bytes()[cut..]);
            prop_assert_eq!(whole.number, pieces.number);
        }
    }
}
