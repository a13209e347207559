//! Web addresses: a host with a dot, with or without a scheme.

/// Whether `address` could be opened in a browser. Only `http` and `https` count as schemes.
pub(super) fn is_website(address: &str) -> bool {
    if address.chars().any(|c| c.is_whitespace() || c.is_control()) {
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
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    let host = host.strip_suffix('.').unwrap_or(host);
    host.contains('.')
        && port.parse::<u16>().is_ok()
        && host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

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
