//! Postal codes by country.
//!
//! The shapes are those of the Universal Postal Union's country sheets. Countries that are not
//! in the table are not checked.

use super::shape;

/// What is wrong with a postal code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The country's shape, for people.
    pub(super) shape: String,
    /// What probably happened: `lost_zero`, `prefix`.
    pub(super) hint: Option<&'static str>,
}

/// Checks `code` against the shapes of the country `iso` (alpha-2, capitals).
pub(super) fn check(iso: &str, code: &str) -> Result<(), Misfit> {
    let shapes = shapes(iso);
    if shapes.is_empty() || shape::fits_one(shapes, code) {
        return Ok(());
    }
    let hint = if iso == "DE" && shape::fits("dddd", code) {
        Some("lost_zero")
    } else if without_prefix(code).is_some_and(|rest| shape::fits_one(shapes, rest)) {
        Some("prefix")
    } else {
        None
    };
    Err(Misfit {
        shape: shape::all_shown(shapes),
        hint,
    })
}

/// `01067` of `D-01067`, `D 01067` or `DE-01067`.
fn without_prefix(code: &str) -> Option<&str> {
    let rest = code.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let letters = code.len() - rest.len();
    let rest = rest.trim_start_matches(['-', ' ', '–']);
    (matches!(letters, 1..=3) && rest.len() < code.len() - letters).then_some(rest)
}

fn shapes(iso: &str) -> &'static [&'static str] {
    match iso {
        "DE" | "FR" | "IT" | "ES" | "FI" | "HR" | "EE" => &["ddddd"],
        "AT" | "BE" | "CH" | "LI" | "LU" | "DK" | "NO" | "HU" | "SI" | "BG" | "CY" => &["dddd"],
        "NL" => &["dddd aa", "ddddaa"],
        "PL" => &["dd-ddd"],
        "PT" => &["dddd-ddd"],
        "CZ" | "SK" | "SE" | "GR" => &["ddd dd", "ddddd"],
        "RO" => &["dddddd"],
        "LT" => &["ddddd", "LT-ddddd"],
        "LV" => &["dddd", "LV-dddd"],
        "US" => &["ddddd", "ddddd-dddd"],
        "MT" => &["aaa dddd", "aaadddd"],
        "IE" => &["add xxxx", "addxxxx", "D6W xxxx", "D6Wxxxx"],
        "GB" => &[
            "aad daa", "ad daa", "add daa", "aadd daa", "ada daa", "aada daa", "addaa", "adddaa",
            "aaddaa", "aadddaa", "adadaa", "aadadaa", "GIR 0AA", "GIR0AA",
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_their_country_pass() {
        let table = [
            ("DE", "01067|99999"),
            ("AT", "1010"),
            ("CH", "8001"),
            ("NL", "1234 AB|1234AB|1234ab"),
            ("PL", "00-950"),
            ("PT", "1000-205"),
            ("CZ", "110 00|11000"),
            ("SE", "123 45"),
            ("GR", "105 57"),
            ("RO", "010011"),
            ("LT", "01100|LT-01100"),
            ("LV", "1010|LV-1010"),
            ("US", "10001|10001-1234"),
            ("MT", "VLT 1117|VLT1117"),
            ("IE", "D02 X285|D02X285|D6W AB12|A65 F4E2"),
            (
                "GB",
                "SW1A 1AA|sw1a 1aa|M1 1AE|B33 8TH|CR2 6XH|DN55 1PT|W1A 0AX|EC1A1BB|GIR 0AA",
            ),
            ("BR", "01310-100|anything"),
            ("", "1"),
        ];
        for (iso, codes) in table {
            for code in codes.split('|') {
                assert_eq!(check(iso, code), Ok(()), "{iso} {code}");
            }
        }
    }

    #[test]
    fn others_do_not() {
        let table = [
            ("DE", "1067", Some("lost_zero")),
            ("DE", "D-01067", Some("prefix")),
            ("DE", "DE 01067", Some("prefix")),
            ("DE", "010677", None),
            ("DE", "0106", Some("lost_zero")),
            ("DE", "O1067", None),
            ("DE", "01067 ", None),
            ("AT", "A-1010", Some("prefix")),
            ("AT", "101", None),
            ("AT", "01010", None),
            ("CH", "80010", None),
            ("NL", "1234", None),
            ("NL", "AB 1234", None),
            ("PL", "00950", None),
            ("PT", "1000", None),
            ("FR", "7500", None),
            ("GB", "SW1A", None),
            ("GB", "1AA SW1A", None),
            ("IE", "D02", None),
            ("US", "1001", None),
            ("MT", "VLT", None),
            ("DE", "-", None),
            ("DE", "–", None),
        ];
        for (iso, code, hint) in table {
            let misfit = check(iso, code).unwrap_err();
            assert_eq!(misfit.hint, hint, "{iso} {code}");
        }
        assert_eq!(check("NL", "1").unwrap_err().shape, "0000 AA / 0000AA");
    }
}
