//! The form of VAT ids: a prefix that names the country, the shape behind it, and its check
//! digits.
//!
//! Shapes follow the European Commission's VIES documentation, for Great Britain HMRC's and
//! for Switzerland the Federal Statistical Office's.

mod check_digits;
#[cfg(test)]
mod published;

use super::shape;

/// What is wrong with a VAT id.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The country by its alpha-2 code, if the prefix names one.
    pub(super) country: Option<&'static str>,
    /// The shape that it should have, for people.
    pub(super) shape: Option<String>,
    /// What probably happened: `separators`, `lost_zero`, `greece`, `no_prefix`.
    pub(super) hint: Option<&'static str>,
}

/// Checks the form; gives the alpha-2 code of the country that the prefix names.
pub(super) fn check(id: &str) -> Result<&'static str, Misfit> {
    if let Some(rest) = id.strip_prefix("CHE") {
        return swiss(rest);
    }
    let (Some(prefix), Some(rest)) = (id.get(..2), id.get(2..)) else {
        return Err(unknown_prefix(id));
    };
    let Some((country, shapes)) = shapes(prefix) else {
        return Err(unknown_prefix(id));
    };
    let fits = |rest: &str| {
        shape::fits_one(shapes, rest)
            && !rest.bytes().any(|byte| byte.is_ascii_lowercase())
            && !is_wrong_despite_its_shape(prefix, rest)
    };
    if fits(rest) {
        return Ok(country);
    }
    let hint = if prefix == "BE" && shape::fits("ddddddddd", rest) {
        Some("lost_zero")
    } else if fits(&plain(rest)) {
        Some("separators")
    } else {
        None
    };
    Err(Misfit {
        country: Some(country),
        shape: Some(format!("{prefix}{}", shape::all_shown(shapes))),
        hint,
    })
}

/// Whether the check digits of an id that [`check`] took are right.
pub(super) fn has_right_check_digits(id: &str) -> bool {
    if let Some(rest) = id.strip_prefix("CHE") {
        let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
        return check_digits::are_right("CH", &digits);
    }
    match (id.get(..2), id.get(2..)) {
        (Some(prefix), Some(rest)) => check_digits::are_right(prefix, rest),
        _ => true,
    }
}

/// Swiss numbers are officially written with punctuation and a suffix that names the tax.
fn swiss(rest: &str) -> Result<&'static str, Misfit> {
    let number = ["MWST", "TVA", "IVA"]
        .iter()
        .find_map(|suffix| rest.strip_suffix(suffix))
        .unwrap_or(rest)
        .trim_end();
    if shape::fits_one(&["-ddd.ddd.ddd", "ddddddddd"], number) {
        return Ok("CH");
    }
    Err(Misfit {
        country: Some("CH"),
        shape: Some("CHE-000.000.000 MWST".to_owned()),
        hint: None,
    })
}

fn unknown_prefix(id: &str) -> Misfit {
    let plain = plain(id);
    let known = |text: &str| plain.starts_with(text) && plain.len() > text.len();
    let hint = if known("GR") {
        Some("greece")
    } else if plain.bytes().all(|byte| byte.is_ascii_digit()) && !plain.is_empty() {
        Some("no_prefix")
    } else if plain != id && check(&plain).is_ok() {
        Some("separators")
    } else {
        None
    };
    Misfit {
        country: None,
        shape: None,
        hint,
    }
}

/// Without blanks, dots, hyphens and the like, in capitals.
fn plain(id: &str) -> String {
    id.chars()
        .filter(|letter| letter.is_alphanumeric())
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

/// Spain: one of the two outer places is a letter. France: no O and no I in the key.
fn is_wrong_despite_its_shape(prefix: &str, rest: &str) -> bool {
    let bytes = rest.as_bytes();
    match (prefix, bytes) {
        ("ES", [first, .., last]) => first.is_ascii_digit() && last.is_ascii_digit(),
        ("FR", [first, second, ..]) => [first, second]
            .iter()
            .any(|byte| matches!(byte, b'O' | b'I')),
        _ => false,
    }
}

const BRITISH: &[&str] = &["ddddddddd", "dddddddddddd", "GDddd", "HAddd"];

fn shapes(prefix: &str) -> Option<(&'static str, &'static [&'static str])> {
    Some(match prefix {
        "AT" => ("AT", &["Udddddddd"]),
        "BE" => ("BE", &["0ddddddddd", "1ddddddddd"]),
        "BG" => ("BG", &["ddddddddd", "dddddddddd"]),
        "CY" => ("CY", &["dddddddda"]),
        "CZ" => ("CZ", &["dddddddd", "ddddddddd", "dddddddddd"]),
        "DE" => ("DE", &["ddddddddd"]),
        "DK" => ("DK", &["dddddddd"]),
        "EE" => ("EE", &["ddddddddd"]),
        "EL" => ("GR", &["ddddddddd"]),
        "ES" => ("ES", &["xdddddddx"]),
        "FI" => ("FI", &["dddddddd"]),
        "FR" => ("FR", &["xxddddddddd"]),
        "GB" => ("GB", BRITISH),
        "HR" => ("HR", &["ddddddddddd"]),
        "HU" => ("HU", &["dddddddd"]),
        "IE" => (
            "IE",
            &["ddddddda", "dddddddaa", "daddddda", "d+ddddda", "d*ddddda"],
        ),
        "IT" => ("IT", &["ddddddddddd"]),
        "LT" => ("LT", &["ddddddddd", "dddddddddddd"]),
        "LU" => ("LU", &["dddddddd"]),
        "LV" => ("LV", &["ddddddddddd"]),
        "MT" => ("MT", &["dddddddd"]),
        "NL" => ("NL", &["dddddddddBdd"]),
        "PL" => ("PL", &["dddddddddd"]),
        "PT" => ("PT", &["ddddddddd"]),
        "RO" => (
            "RO",
            &[
                "dd",
                "ddd",
                "dddd",
                "ddddd",
                "dddddd",
                "ddddddd",
                "dddddddd",
                "ddddddddd",
                "dddddddddd",
            ],
        ),
        "SE" => ("SE", &["dddddddddddd"]),
        "SI" => ("SI", &["dddddddd"]),
        "SK" => ("SK", &["dddddddddd"]),
        "XI" => ("GB", BRITISH),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_right_form_pass() {
        let table = [
            ("AT", "ATU12345678"),
            ("BE", "BE0123456789|BE1123456789"),
            ("BG", "BG123456789|BG1234567890"),
            ("CY", "CY12345678X"),
            ("CZ", "CZ12345678|CZ123456789|CZ1234567890"),
            ("DE", "DE123456789"),
            ("DK", "DK12345678"),
            ("EE", "EE123456789"),
            ("GR", "EL123456789"),
            ("ES", "ESA1234567B|ESA12345678|ES12345678Z"),
            ("FI", "FI12345678"),
            ("FR", "FR12345678901|FRXX345678901|FR1X345678901"),
            (
                "GB",
                "GB123456789|GB123456789012|GBGD123|GBHA599|XI123456789",
            ),
            ("HR", "HR12345678901"),
            ("HU", "HU12345678"),
            ("IE", "IE1234567W|IE1234567WA|IE1A23456W|IE1+23456W"),
            ("IT", "IT12345678901"),
            ("LT", "LT123456789|LT123456789012"),
            ("LU", "LU12345678"),
            ("LV", "LV12345678901"),
            ("MT", "MT12345678"),
            ("NL", "NL123456789B01"),
            ("PL", "PL1234567890"),
            ("PT", "PT123456789"),
            ("RO", "RO12|RO1234567890"),
            ("SE", "SE123456789012"),
            ("SI", "SI12345678"),
            ("SK", "SK1234567890"),
            (
                "CH",
                "CHE123456789|CHE-123.456.789|CHE-123.456.789 MWST|CHE123456789TVA",
            ),
        ];
        for (country, ids) in table {
            for id in ids.split('|') {
                assert_eq!(check(id), Ok(country), "{id}");
            }
        }
    }

    #[test]
    fn others_do_not() {
        let table = [
            ("DE12345678", None),
            ("DE1234567890", None),
            ("DE 123456789", Some("separators")),
            ("DE-123.456.789", Some("separators")),
            ("de123456789", Some("separators")),
            ("ATU1234567", None),
            ("AT12345678", None),
            ("BE123456789", Some("lost_zero")),
            ("BE2123456789", None),
            ("ES123456789", None),
            ("FRIO123456789", None),
            ("NL123456789B1", None),
            ("nl123456789b01", Some("separators")),
            ("NL123456789b01", Some("separators")),
            ("GR123456789", Some("greece")),
            ("123456789", Some("no_prefix")),
            ("US123456789", None),
            ("CHE12345678", None),
            ("CH123456789", None),
            ("RO1", None),
            ("RO12345678901", None),
            ("", None),
            ("D", None),
            ("ÜÜ", None),
            ("keine", None),
        ];
        for (id, hint) in table {
            let misfit = check(id).unwrap_err();
            assert_eq!(misfit.hint, hint, "{id}: {misfit:?}");
        }
        let misfit = check("DE1").unwrap_err();
        assert_eq!(misfit.country, Some("DE"));
        assert_eq!(misfit.shape.as_deref(), Some("DE000000000"));
    }
}
