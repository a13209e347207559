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

/// The common case without an allocation: ASCII letters and digits, dots, a few signs. Looked at
/// once, byte by byte.
fn is_plain(address: &str) -> bool {
    // Signs that a label of the local part may have anywhere.
    let is_sign = |byte| matches!(byte, b'_' | b'-' | b'+');
    let mut bytes = address.bytes();
    let (mut local, mut label) = (0, 0);
    loop {
        match bytes.next() {
            Some(byte) if byte.is_ascii_alphanumeric() || is_sign(byte) => label += 1,
            Some(b'.') if label > 0 => label = 0,
            Some(b'@') if label > 0 => break,
            _ => return false,
        }
        local += 1;
    }
    let (mut length, mut label, mut labels, mut before) = (0, 0, 1, b'-');
    let (mut has_other_than_digit, mut is_wrong) = (false, local > 64);
    for byte in bytes {
        length += 1;
        if byte == b'.' {
            is_wrong |= before == b'-' || label == 0 || label > 63;
            (label, has_other_than_digit) = (0, false);
            labels += 1;
        } else {
            is_wrong |= !byte.is_ascii_alphanumeric() && (byte != b'-' || label == 0);
            has_other_than_digit |= !byte.is_ascii_digit();
            label += 1;
        }
        before = byte;
    }
    // The top-level domain has at least two characters and is not a number.
    !is_wrong
        && before != b'-'
        && (2..=63).contains(&label)
        && labels >= 2
        && length <= 253
        && has_other_than_digit
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

        /// The short cut lets nothing pass that the crate would refuse.
        #[test]
        fn the_short_cut_agrees_with_the_crate(address in "[a-zA-Z0-9._+-]{1,12}@[a-zA-Z0-9.-]{1,12}") {
            if is_plain(&address) {
                prop_assert!(EmailAddress::is_valid(&address));
            }
        }
    }
}
