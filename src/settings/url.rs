//! The URLs of services: which can be used, and how a wrong one is shown without the password
//! that it may hold.

use reqwest::Url;

use super::error::SettingsError;
use crate::outcome::{Bilingual, both};

/// Checks the URL of the setting `name`: http or https, a host, no user or password, no query
/// or fragment; plain http only to this machine, unless `allow_http`.
pub(super) fn service_url(
    name: &'static str,
    text: &str,
    allow_http: bool,
) -> Result<Url, SettingsError> {
    let refuse = |why: Bilingual| SettingsError::Url {
        name,
        shown: shown(text),
        why,
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(refuse(both!("it is empty", "sie ist leer")));
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(refuse(both!(
            "it holds blanks or control characters",
            "sie enthält Leer- oder Steuerzeichen"
        )));
    }
    if !text.contains("://") {
        return Err(refuse(both!(
            "it does not begin with https://",
            "sie beginnt nicht mit https://"
        )));
    }
    let url = Url::parse(text).map_err(|error| refuse(unparsed(error.to_string())))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse(both!(
            "it is neither https nor http",
            "sie ist weder https noch http"
        )));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(refuse(both!("it names no host", "sie nennt keinen Host")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(both!(
            "it holds a user or password, which would end up in logs; credentials belong into \
             [auth] or the environment",
            "sie enthält einen Benutzer oder ein Passwort, das in Logs landen würde; Zugangsdaten \
             gehören in [auth] oder in die Umgebung"
        )));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse(both!(
            "it has a query or fragment",
            "sie enthält eine Abfrage oder ein Fragment"
        )));
    }
    if url.scheme() == "http" && !allow_http && !is_this_machine(&url) {
        return Err(SettingsError::PlainHttp {
            name,
            shown: shown(text),
        });
    }
    Ok(url)
}

/// Why a text is no URL: the parser's own words, and the same in German.
pub(crate) fn unparsed(english: String) -> Bilingual {
    let german = match english.as_str() {
        "empty host" => "der Host fehlt",
        "invalid international domain name" => "der Name des Hosts ist ungültig",
        "invalid port number" => "der Port ist ungültig",
        "invalid IPv4 address" => "die IPv4-Adresse ist ungültig",
        "invalid IPv6 address" => "die IPv6-Adresse ist ungültig",
        "invalid domain character" => "der Host hat ein Zeichen, das kein Name eines Hosts hat",
        "relative URL without a base" => "der Anfang mit https:// fehlt",
        _ => "sie ist nicht aufgebaut wie eine URL",
    };
    Bilingual {
        german: german.to_owned(),
        english,
    }
}

/// The base URL without a trailing slash.
pub(super) fn base_url(text: &str, allow_http: bool) -> Result<String, SettingsError> {
    let url = service_url("base_url", text, allow_http)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether the URL leads to this machine's own loopback address.
fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The URL as a message may show it: without user, password, query and fragment.
pub(super) fn shown(text: &str) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let text = text.split_at(end).0;
    let shown = match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        (None, Some((_, rest))) => format!("…@{rest}"),
        _ => text.to_owned(),
    };
    shown.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_lose_their_trailing_slash() {
        for (text, url) in [
            (
                "https://api.jtl-cloud.com/erp",
                "https://api.jtl-cloud.com/erp",
            ),
            (
                "https://api.jtl-cloud.com/erp/",
                "https://api.jtl-cloud.com/erp",
            ),
            ("https://HOST/", "https://host"),
            ("http://127.0.0.1:5883/api/x", "http://127.0.0.1:5883/api/x"),
            ("http://localhost:1", "http://localhost:1"),
            ("http://[::1]:1", "http://[::1]:1"),
        ] {
            assert_eq!(base_url(text, false).expect(text), url);
        }
        assert_eq!(
            base_url("http://wawi.local:5883/api", true).expect("allowed"),
            "http://wawi.local:5883/api"
        );
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_its_password() {
        for text in [
            "",
            "erp.example",
            "ftp://erp.example",
            "https://",
            "https://user:canary@erp.example/",
            "https://canary@erp.example/",
            "https://user:canary@erp.example:port/",
            "https://erp.example/?token=canary",
            "https://erp.example/#canary",
            "user:canary@erp.example",
            "https://erp .example",
            "file:///etc/passwd",
        ] {
            let error = base_url(text, false).expect_err(text);
            assert!(!error.to_string().contains("canary"), "{error}");
            assert!(error.help().is_some());
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for text in [
            "http://wawi.local:5883/api",
            "http://10.0.0.1",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
        ] {
            let error = base_url(text, false).expect_err(text);
            assert!(matches!(error, SettingsError::PlainHttp { .. }), "{error}");
            assert!(
                error
                    .help()
                    .expect("help")
                    .english
                    .contains("allow_http = true")
            );
        }
    }
}
