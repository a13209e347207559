//! Web addresses: a host with a dot, with or without a scheme.

use crate::customer::bytes::{any, control_or_beyond, equal};

/// Whether `address` could be opened in a browser. Only `http` and `https` count as schemes.
pub(super) fn is_website(address: &str) -> bool {
    is_plain(address) || is_website_however_odd(address)
}

/// The common case, byte by byte: a host of ASCII letters, digits, dots and hyphens with a path
/// or nothing behind it.
fn is_plain(address: &str) -> bool {
    if any(address, |word| control_or_beyond(word) | equal(word, b' ')) {
        return false;
    }
    let bytes = address.as_bytes();
    let host = bytes.strip_prefix(b"https://");
    let host = host.or_else(|| bytes.strip_prefix(b"http://"));
    let (mut before, mut dots) = (b'.', 0);
    for byte in host.unwrap_or(bytes) {
        match byte {
            b'.' if before.is_ascii_alphanumeric() => dots += 1,
            b'-' if before != b'.' => {}
            b'/' => break,
            byte if byte.is_ascii_alphanumeric() => {}
            _ => return false,
        }
        before = *byte;
    }
    dots > 0 && before.is_ascii_alphanumeric()
}

fn is_website_however_odd(address: &str) -> bool {
    let is_odd = |c: char| c.is_whitespace() || c.is_control();
    let may_be_odd = any(address, |word| control_or_beyond(word) | equal(word, b' '));
    if may_be_odd && address.chars().any(is_odd) {
        return false;
    }
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| {
            address
                .get(..scheme.len())
                .filter(|head| head.eq_ignore_ascii_case(scheme))
                .and_then(|_| address.get(scheme.len()..))
        })
        .unwrap_or(address);
    let end = rest
        .bytes()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let authority = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
    let colon = authority.bytes().position(|byte| byte == b':');
    let (host, port) = match colon.and_then(|at| authority.split_at_checked(at)) {
        Some((host, port)) => (host, port.get(1..)),
        None => (authority, None),
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    port.is_none_or(|port| port.parse::<u16>().is_ok()) && is_host(host)
}

/// Labels with dots between them, at least two; none begins or ends with a hyphen.
fn is_host(host: &str) -> bool {
    let (mut before, mut dots) = (b'.', 0);
    for byte in host.bytes() {
        let is_fine = match byte {
            b'.' => {
                dots += 1;
                !matches!(before, b'.' | b'-')
            }
            b'-' => before != b'.',
            b'_' => true,
            byte => byte.is_ascii_alphanumeric() || !byte.is_ascii(),
        };
        if !is_fine {
            return false;
        }
        before = byte;
    }
    dots > 0 && !matches!(before, b'.' | b'-')
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, proptest};

    use super::*;

    proptest! {
        /// The short cut lets nothing pass that the long way would refuse.
        #[test]
        fn the_short_cut_agrees(address in "(https?://|HTTP://|ftp:)?[a-zü0-9.-]{0,9}[/:?#. ]?\\PC{0,4}") {
            prop_assert!(!is_plain(&address) || is_website_however_odd(&address), "{}", address);
        }
    }

    #[test]
    fn a_host_with_a_dot_is_needed_and_enough() {
        for address in [
            "www.example.de",
            "example.de",
            "https://example.de",
            "HTTP://Example.DE/shop?q=a@b#c",
            "http://example.de:8080/",
            "müller.de",
            "shop_1.example.com/a/b",
            "192.168.0.1",
            "example.de.",
        ] {
            assert!(is_website(address), "{address}");
        }
        for address in [
            "",
            "-",
            "example",
            "www example.de",
            "http://",
            "http://example",
            "http:/example.de",
            "ftp://example.de",
            "max@example.de",
            "mailto:max@example.de",
            ".de",
            "example..de",
            "example.de:port",
            "www.example.de, www.example.at",
            "-a.de",
            "n/a",
        ] {
            assert!(!is_website(address), "{address}");
        }
    }
}
