//! Who may come in: no credentials, an API key, or tokens that live for a while.

use std::time::Duration;

use axum::http::HeaderMap;

use super::{CANARY, CLIENT_ID};

/// What clients must show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Door {
    /// Nothing: a gateway stands in front.
    #[default]
    Open,
    /// `Authorization: Wawi <canary>`.
    ApiKey,
    /// `Authorization: Bearer <token>`, with a token of the token endpoint that is not older
    /// than this. Whole seconds are announced.
    Tokens(Duration),
}

/// What the token endpoint did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// Tokens that it gave.
    pub(crate) issued: u64,
    /// Whether it was ever asked for one while it was busy with another.
    pub(crate) overlapped: bool,
}

/// The keys that are about.
#[derive(Debug, Default)]
pub(super) struct Keys {
    live: Vec<(String, Duration)>,
    busy: u32,
    issued: u64,
    overlapped: bool,
}

impl Keys {
    /// What the token endpoint did so far.
    pub(super) fn tokens(&self) -> Tokens {
        Tokens {
            issued: self.issued,
            overlapped: self.overlapped,
        }
    }

    /// A request for a token has come; [`Keys::issue`] or [`Keys::turn_away`] must follow.
    pub(super) fn ask(&mut self) {
        self.busy += 1;
        self.overlapped |= self.busy > 1;
    }

    /// Gives a token that is valid until `until`.
    pub(super) fn issue(&mut self, until: Duration) -> String {
        self.busy -= 1;
        self.issued += 1;
        let token = format!("{CANARY}.token.{}", self.issued);
        self.live.push((token.clone(), until));
        token
    }

    /// Gives none.
    pub(super) fn turn_away(&mut self) {
        self.busy -= 1;
    }

    /// Whether a request with these headers may come in at the time `now`.
    pub(super) fn admit(&self, door: Door, headers: &HeaderMap, now: Duration) -> bool {
        let shown = headers
            .get("authorization")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        match door {
            Door::Open => true,
            Door::ApiKey => shown.strip_prefix("Wawi ") == Some(CANARY),
            Door::Tokens(_) => shown.strip_prefix("Bearer ").is_some_and(|shown| {
                self.live
                    .iter()
                    .any(|(token, until)| token == shown && now < *until)
            }),
        }
    }
}

/// What is wrong with a request for a token, if anything is.
pub(super) fn fault_of_token_request(headers: &HeaderMap, form: &[u8]) -> Option<&'static str> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if !text("content-type").starts_with("application/x-www-form-urlencoded") {
        return Some("a token is asked for with a form");
    }
    let pairs: Vec<&[u8]> = form.split(|byte| *byte == b'&').collect();
    if !pairs.contains(&b"grant_type=client_credentials".as_slice()) {
        return Some("a token is asked for with grant_type=client_credentials");
    }
    let basic = format!(
        "Basic {}",
        base64(format!("{CLIENT_ID}:{CANARY}").as_bytes())
    );
    (text("authorization") != basic).then_some("the client's id and secret come as HTTP Basic")
}

/// Base64 with padding (RFC 4648, section 4).
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0_usize, |group, at| {
            group << 8 | usize::from(chunk.get(at).copied().unwrap_or(0))
        });
        for place in 0..4 {
            let letter = ALPHABET.get(group >> (18 - 6 * place) & 63);
            text.push(match letter {
                Some(letter) if place <= chunk.len() => char::from(*letter),
                _ => '=',
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_standard() {
        // The vectors of RFC 4648, section 10.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
