//! Who may in: the on-prem API key, and tokens for client credentials.
//!
//! Pure but for its own list of tokens; knows nothing of routes and bodies.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::settings::Auth;

/// Lets in, hands out tokens, and forgets them when their time is over.
#[derive(Debug)]
pub(super) struct Doorkeeper {
    auth: Auth,
    seed: u64,
    issued: u64,
    /// Tokens that are good, with the time until which they are.
    tokens: Vec<(String, Duration)>,
}

/// Why a token was not handed out: status and the error code of RFC 6749, section 5.2.
pub(super) type Denied = (u16, &'static str);

impl Doorkeeper {
    /// A doorkeeper who has handed out nothing.
    pub(super) fn new(auth: Auth, seed: u64) -> Self {
        Self {
            auth,
            seed,
            issued: 0,
            tokens: Vec::new(),
        }
    }

    /// Whether the value of `Authorization` opens the door at `now`.
    pub(super) fn admits(&self, authorization: Option<&str>, now: Duration) -> bool {
        let given = |scheme: &str| authorization?.strip_prefix(scheme)?.strip_prefix(' ');
        match &self.auth {
            Auth::None => true,
            Auth::ApiKey(key) => given("Wawi") == Some(key),
            Auth::Bearer { .. } => given("Bearer").is_some_and(|token| {
                self.tokens
                    .iter()
                    .any(|(good, until)| good == token && now < *until)
            }),
        }
    }

    /// Whether there are tokens at all.
    pub(super) fn has_tokens(&self) -> bool {
        matches!(self.auth, Auth::Bearer { .. })
    }

    /// A new token and the whole seconds that it lives, for who proves to be the client.
    pub(super) fn issue(
        &mut self,
        authorization: Option<&str>,
        form: &[u8],
        now: Duration,
    ) -> Result<(String, u64), Denied> {
        let Auth::Bearer {
            client_id,
            client_secret,
            lives,
        } = &self.auth
        else {
            return Err((404, "not_found"));
        };
        let known = authorization
            .and_then(|value| value.strip_prefix("Basic "))
            .and_then(|text| STANDARD.decode(text.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .is_some_and(|pair| is_client(&pair, client_id, client_secret));
        if !known {
            return Err((401, "invalid_client"));
        }
        let mut grant = form_urlencoded::parse(form).filter(|(key, _)| key == "grant_type");
        match grant.next() {
            Some((_, value)) if value == "client_credentials" => {}
            Some(_) => return Err((400, "unsupported_grant_type")),
            None => return Err((400, "invalid_request")),
        }
        self.tokens.retain(|(_, until)| now < *until);
        self.issued += 1;
        let token = format!("sandbox-{:x}-{}", self.seed, self.issued);
        self.tokens.push((token.clone(), now + *lives));
        Ok((token, lives.as_secs()))
    }

    /// Makes every token worthless.
    pub(super) fn revoke(&mut self) {
        self.tokens.clear();
    }
}

/// RFC 6749 wants both parts form-encoded first; many clients do not, so both are taken.
fn is_client(pair: &str, client_id: &str, client_secret: &str) -> bool {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    pair.split_once(':').is_some_and(|(id, secret)| {
        (id == client_id || id == encoded(client_id))
            && (secret == client_secret || secret == encoded(client_secret))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &[u8] = b"grant_type=client_credentials";
    const NOW: Duration = Duration::from_secs(100);

    fn bearer() -> Doorkeeper {
        let auth = Auth::Bearer {
            client_id: "shop".to_owned(),
            client_secret: "s:c/t".to_owned(),
            lives: Duration::from_secs(60),
        };
        Doorkeeper::new(auth, 7)
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn a_key_opens_only_in_its_scheme() {
        let keeper = Doorkeeper::new(Auth::ApiKey("k-1".to_owned()), 0);
        for (value, opens) in [
            (Some("Wawi k-1"), true),
            (Some("Wawi k-2"), false),
            (Some("Bearer k-1"), false),
            (Some("Wawik-1"), false),
            (None, false),
        ] {
            assert_eq!(keeper.admits(value, NOW), opens, "{value:?}");
        }
        assert!(Doorkeeper::new(Auth::None, 0).admits(None, NOW));
    }

    #[test]
    fn a_token_lives_its_time_and_can_be_revoked() {
        let mut keeper = bearer();
        let (token, seconds) = keeper.issue(Some(&basic("shop:s:c/t")), FORM, NOW).unwrap();
        assert_eq!(seconds, 60);
        let value = format!("Bearer {token}");
        let later = |seconds| NOW + Duration::from_secs(seconds);
        assert!(keeper.admits(Some(&value), later(59)));
        assert!(!keeper.admits(Some(&value), later(60)));
        assert!(!keeper.admits(Some("Bearer other"), NOW));
        let (second, _) = keeper
            .issue(Some(&basic("shop:s%3Ac%2Ft")), FORM, NOW)
            .unwrap();
        assert_ne!(token, second);
        keeper.revoke();
        assert!(!keeper.admits(Some(&value), NOW));
    }

    #[test]
    fn only_the_client_gets_a_token() {
        let right = basic("shop:s:c/t");
        let wrong = basic("shop:no");
        let cases: [(Option<&str>, &[u8], Denied); 5] = [
            (None, FORM, (401, "invalid_client")),
            (Some(&wrong), FORM, (401, "invalid_client")),
            (Some("Basic ???"), FORM, (401, "invalid_client")),
            (Some(&right), b"", (400, "invalid_request")),
            (
                Some(&right),
                b"grant_type=password",
                (400, "unsupported_grant_type"),
            ),
        ];
        for (authorization, form, denied) in cases {
            assert_eq!(bearer().issue(authorization, form, NOW), Err(denied));
        }
        let mut keyed = Doorkeeper::new(Auth::ApiKey(String::new()), 0);
        assert_eq!(
            keyed.issue(Some(&right), FORM, NOW),
            Err((404, "not_found"))
        );
    }
}
