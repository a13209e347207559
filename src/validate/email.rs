//! E-mail addresses: exactly one, bare, and deliverable over the internet.
//!
//! The syntax is RFC 5322's and RFC 6531's as the crate `email_address` reads them; on top of
//! it a domain needs a dot and a top-level domain that can exist.

use email_address::{EmailAddress, Options};

/// Checks `address`. The error is a hint at what it is instead: `mailto`, `display_name`,
/// `several`, `blank`, `domain` or `syntax`.
pub(super) fn check(address: &str) -> Result<(), &'static str> {
    if is_plain(address) {
        return Ok(());
    }
    check_closely(address)
}

fn check_closely(address: &str) -> Result<(), &'static str> {
    if let Some(hint) = other_form(address) {
        return Err(hint);
    }
    let options = Options::default()
        .with_required_tld()
        .without_display_text()
        .without_domain_literal();
    match EmailAddress::parse_with_options(address, options) {
        Ok(parsed) if !is_real_domain(parsed.domain()) => Err("domain"),
        Ok(_) => Ok(()),
        Err(email_address::Error::DomainTooFew | email_address::Error::DomainEmpty) => {
            Err("domain")
        }
        Err(_) => Err("syntax"),
    }
}

/// The longest address that is read at once: in such a one no part is longer than it may be.
const SHORT: usize = 64;

/// What a byte is to an address that is read at once.
const LETTER: u8 = 0;
const DIGIT: u8 = 1;
/// A sign that a label of the local part may have anywhere.
const SIGN: u8 = 2;
const HYPHEN: u8 = 3;
const DOT: u8 = 4;
const AT: u8 = 5;
const OTHER: u8 = 6;

/// What each byte is.
const CLASSES: [u8; 256] = {
    let mut classes = [OTHER; 256];
    let (mut rest, mut byte) = (classes.as_mut_slice(), 0_u8);
    while let Some((class, behind)) = rest.split_first_mut() {
        *class = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'_' | b'+' => SIGN,
            b'-' => HYPHEN,
            b'.' => DOT,
            b'@' => AT,
            _ => OTHER,
        };
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    classes
};

/// Where reading stands: what comes next, or what came. A domain needs two labels, and the last
/// one two characters that are not both digits.
const BEGIN: u8 = 0;
const LOCAL: u8 = 1;
const DOMAIN: u8 = 2;
const LABEL: u8 = 3;
const LABEL_HYPHEN: u8 = 4;
const NEXT_LABEL: u8 = 5;
const ONE_DIGIT: u8 = 6;
const ONE_LETTER: u8 = 7;
const DIGITS: u8 = 8;
const GOOD: u8 = 9;
const HYPHEN_LAST: u8 = 10;
const BAD: u8 = 11;

/// Where reading stands behind a byte of each class: letter, digit, sign, hyphen, dot, at, other.
/// A row for each place where it may stand before, in their order, and rows that fill up.
const STEPS: [[u8; 8]; 16] = [
    [LOCAL, LOCAL, LOCAL, LOCAL, BAD, BAD, BAD, BAD],
    [LOCAL, LOCAL, LOCAL, LOCAL, BEGIN, DOMAIN, BAD, BAD],
    [LABEL, LABEL, BAD, BAD, BAD, BAD, BAD, BAD],
    [LABEL, LABEL, BAD, LABEL_HYPHEN, NEXT_LABEL, BAD, BAD, BAD],
    [LABEL, LABEL, BAD, LABEL_HYPHEN, BAD, BAD, BAD, BAD],
    [ONE_LETTER, ONE_DIGIT, BAD, BAD, BAD, BAD, BAD, BAD],
    [GOOD, DIGITS, BAD, HYPHEN_LAST, NEXT_LABEL, BAD, BAD, BAD],
    [GOOD, GOOD, BAD, HYPHEN_LAST, NEXT_LABEL, BAD, BAD, BAD],
    [GOOD, DIGITS, BAD, HYPHEN_LAST, NEXT_LABEL, BAD, BAD, BAD],
    [GOOD, GOOD, BAD, HYPHEN_LAST, NEXT_LABEL, BAD, BAD, BAD],
    [GOOD, GOOD, BAD, HYPHEN_LAST, BAD, BAD, BAD, BAD],
    [BAD; 8],
    [BAD; 8],
    [BAD; 8],
    [BAD; 8],
    [BAD; 8],
];

/// The common case without an allocation: ASCII letters and digits, dots, a few signs. Looked at
/// once, one look-up for each byte.
fn is_plain(address: &str) -> bool {
    let step = |state: u8, byte: u8| {
        let class = CLASSES.get(usize::from(byte)).copied().unwrap_or(OTHER);
        let steps = STEPS.get(usize::from(state & 15));
        let next = steps.and_then(|steps| steps.get(usize::from(class & 7)));
        next.copied().unwrap_or(BAD)
    };
    address.len() <= SHORT && address.bytes().fold(BEGIN, step) == GOOD
}

/// A top-level domain has at least two characters and is not a number; a domain has none of
/// the signs that only a local part may have.
fn is_real_domain(domain: &str) -> bool {
    let top = domain.rsplit('.').next().unwrap_or_default();
    top.chars().nth(1).is_some()
        && !top.bytes().all(|byte| byte.is_ascii_digit())
        && domain.chars().all(|letter| {
            !letter.is_ascii() || letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-')
        })
}

/// What people write into a field for an address that is not an address alone.
fn other_form(address: &str) -> Option<&'static str> {
    let starts_with = |scheme: &str| {
        address
            .get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    };
    if starts_with("mailto:") {
        return Some("mailto");
    }
    // Inside quotes of a local part anything may stand.
    let unquoted = address
        .strip_prefix('"')
        .and_then(|rest| rest.rsplit_once("\"@"))
        .map_or(address, |(_, domain)| domain);
    let signs = unquoted.matches('@').count() + usize::from(unquoted.len() < address.len());
    // `max@@muster.de` is one address, mistyped.
    let parts =
        unquoted.split(|letter: char| !letter.is_alphanumeric() && !"@.-_+".contains(letter));
    if signs > 1 && parts.filter(|part| part.contains('@')).nth(1).is_some() {
        return Some("several");
    }
    if unquoted.contains(['<', '>']) {
        return Some("display_name");
    }
    if signs == 1 && unquoted.contains([',', ';']) {
        return Some("several");
    }
    let is_blank = |letter: char| {
        letter.is_whitespace()
            || letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}')
    };
    unquoted.contains(is_blank).then_some("blank")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_address_passes() {
        let long = format!("{}@example.com", "a".repeat(64));
        for address in [
            "max@muster.de",
            "Max.Muster+shop@Sub.Example.COM",
            "o'brien@example.ie",
            "max@müller.de",
            "jürgen@example.de",
            "a@b.co",
            "1@2.de",
            "max_muster@my-shop.online",
            "\"max muster\"@example.de",
            "\"a,b@c\"@example.de",
            "info@xn--mller-kva.de",
            "max@почта.рф",
            "a/b=c@example.de",
            &long,
        ] {
            assert_eq!(check(address), Ok(()), "{address}");
        }
    }

    #[test]
    fn all_else_does_not() {
        let too_long = format!("{}@example.com", "a".repeat(65));
        for (address, hint) in [
            ("mailto:max@muster.de", "mailto"),
            ("MAILTO:max@muster.de", "mailto"),
            ("Max Muster <max@muster.de>", "display_name"),
            ("<max@muster.de>", "display_name"),
            ("max@muster.de, eva@muster.de", "several"),
            ("max@muster.de;eva@muster.de", "several"),
            ("max@muster.de;", "several"),
            ("max@muster.de eva@muster.de", "several"),
            ("max@@muster.de", "syntax"),
            ("max muster@muster.de", "blank"),
            (" max@muster.de", "blank"),
            ("max@muster.de\u{a0}", "blank"),
            ("max\u{200b}@muster.de", "blank"),
            ("max@muster", "domain"),
            ("max@", "domain"),
            ("max@192.168.0.1", "domain"),
            ("max@muster.d", "domain"),
            ("max@mus_ter.de", "domain"),
            ("max@[127.0.0.1]", "syntax"),
            ("max@muster..de", "syntax"),
            ("max@muster.de.", "syntax"),
            ("max@-muster.de", "syntax"),
            (".max@muster.de", "syntax"),
            ("max.@muster.de", "syntax"),
            ("ma..x@muster.de", "syntax"),
            ("@muster.de", "syntax"),
            ("muster.de", "syntax"),
            ("max", "syntax"),
            ("-", "syntax"),
            ("", "syntax"),
            ("\"@", "syntax"),
            (&too_long, "syntax"),
        ] {
            assert_eq!(check(address), Err(hint), "{address:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(address in "\\PC{0,20}@?[\"<]?\\PC{0,20}") {
            let _ = check(&address);
        }

        /// The short cut takes what the close look takes.
        #[test]
        fn the_short_cut_agrees_with_a_close_look(
            address in "[a-zA-Z0-9._+-]{1,12}@[a-zA-Z0-9._-]{1,12}|[a-z0-9.]{1,3}@[a-z0-9.-]{1,7}",
        ) {
            prop_assert_eq!(is_plain(&address), check_closely(&address).is_ok(), "{}", address);
        }

        #[test]
        fn the_short_cut_lets_nothing_wrong_pass(
            address in "\\PC{0,20}@?[\"<]?\\PC{0,20}|[a-z.@-]{0,80}|[a-z]{55,66}@[a-z]{55,66}[.]de",
        ) {
            prop_assert!(!is_plain(&address) || check_closely(&address).is_ok(), "{}", address);
        }
    }
}
