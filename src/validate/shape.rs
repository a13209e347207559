//! Shapes of codes, written the way people write them: `d` a digit, `a` a letter, `x` either,
//! anything else itself. Enough for postal codes and VAT ids, and far cheaper than a regular
//! expression.

/// Whether `text` has exactly this shape. Letters may have any case.
pub(super) fn fits(shape: &str, text: &str) -> bool {
    let mut bytes = text.bytes();
    shape.len() == text.len()
        && shape.bytes().all(|class| {
            let Some(byte) = bytes.next() else {
                return false;
            };
            match class {
                b'd' => byte.is_ascii_digit(),
                b'a' => byte.is_ascii_alphabetic(),
                b'x' => byte.is_ascii_alphanumeric(),
                literal => byte.eq_ignore_ascii_case(&literal),
            }
        })
}

/// Whether `text` has one of these shapes.
pub(super) fn fits_one(shapes: &[&str], text: &str) -> bool {
    shapes.iter().any(|shape| fits(shape, text))
}

/// The shape for people: `00000`, `0000 AA`.
pub(super) fn shown(shape: &str) -> String {
    shape
        .chars()
        .map(|class| match class {
            'd' => '0',
            'a' => 'A',
            'x' => 'X',
            literal => literal,
        })
        .collect()
}

/// Several shapes for people: `00000 / 00000-0000`; at most three.
pub(super) fn all_shown(shapes: &[&str]) -> String {
    let shown: Vec<String> = shapes.iter().take(3).map(|shape| shown(shape)).collect();
    shown.join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_takes_what_it_means() {
        assert!(fits("dd-axd", "12-ZZ9") && fits("dd-axd", "12-z99"));
        for text in [
            "", "12-ZZ", "12-ZZ99", "1a-ZZ9", "12 ZZ9", "12-9Z9", "12-Zü", "１2-Z",
        ] {
            assert!(!fits("dd-axd", text), "{text}");
        }
        assert!(!fits("ddd", "ü1"));
        assert_eq!(all_shown(&["dddd aa", "LT-d"]), "0000 AA / LT-0");
    }
}
