//! Phone, mobile and fax numbers: only what can be no number is refused, because people
//! write them in too many ways.

/// Fewest digits of a number that somebody could call (`110`).
const FEWEST_DIGITS: usize = 3;

/// Checks `number`. The error is a hint at what is wrong: `scientific` (a spreadsheet has
/// rounded it, the digits are lost), `letters`, `guard` (a spreadsheet's apostrophe or equals
/// sign) or `digits`.
pub(super) fn check(number: &str) -> Result<(), &'static str> {
    if is_plain(number) {
        return Ok(());
    }
    check_closely(number)
}

/// The common case: digits, blanks and the signs that people put among them.
fn is_plain(number: &str) -> bool {
    let mut digits = 0;
    let is_plain = number.bytes().all(|byte| {
        digits += usize::from(byte.is_ascii_digit());
        matches!(
            byte,
            b'0'..=b'9' | b' ' | b'+' | b'-' | b'/' | b'(' | b')' | b'.'
        )
    });
    is_plain && digits >= FEWEST_DIGITS
}

fn check_closely(number: &str) -> Result<(), &'static str> {
    if number.chars().any(char::is_alphabetic) {
        return Err(if is_scientific(number) {
            "scientific"
        } else {
            "letters"
        });
    }
    if number.contains(['\'', '"', '=', '@']) {
        return Err("guard");
    }
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if digits < FEWEST_DIGITS {
        return Err("digits");
    }
    Ok(())
}

/// `4.91761E+11`, `4,91761e+11`, `4E+11`.
fn is_scientific(number: &str) -> bool {
    let number = number.trim();
    let Some((mantissa, exponent)) = number.split_once(['E', 'e']) else {
        return false;
    };
    let exponent = exponent.trim_start_matches(['+', '-']);
    let digits_only = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    digits_only(whole.trim_start_matches(['+', '-']))
        && digits_only(fraction)
        && digits_only(exponent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_short_cut_lets_nothing_pass(number in "[0-9 +/().'=@E-]{0,12}") {
            prop_assert_eq!(check(&number), check_closely(&number));
        }
    }

    #[test]
    fn numbers_pass_however_they_are_written() {
        for number in [
            "+49 351 1234567",
            "0351/123456-78",
            "(0351) 123 45 67",
            "0049351123",
            "110",
            "+49 (0) 351 – 12",
            "0351 123 / 0171 456",
            "*100#",
        ] {
            assert_eq!(check(number), Ok(()), "{number}");
        }
    }

    #[test]
    fn what_nobody_could_call_does_not() {
        for (number, hint) in [
            ("4.91761E+11", "scientific"),
            ("4,91761e+11", "scientific"),
            ("4E+11", "scientific"),
            ("Tel. 0351 123", "letters"),
            ("0351 123 Herr Müller", "letters"),
            ("E+", "letters"),
            ("keine", "letters"),
            ("'+49351123", "guard"),
            ("=\"0351123\"", "guard"),
            ("12", "digits"),
            ("-", "digits"),
            ("", "digits"),
            ("+49", "digits"),
        ] {
            assert_eq!(check(number), Err(hint), "{number}");
        }
    }
}
