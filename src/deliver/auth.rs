//! Credentials: what goes into `Authorization` and `x-api-key`, and fetching tokens in time.
//!
//! Tokens are renewed before they end, by one task at a time: whoever needs one meanwhile
//! waits for it. Secrets never reach a log; header values are marked as sensitive.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::backoff;
use super::settings::Credentials;
use crate::outcome::{Ending, Stop};

/// The API's second header for keys.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// A token is renewed when a fifth of its life is left, but at most this much.
const RENEW_AT_MOST_BEFORE: Duration = Duration::from_secs(60);
/// Life of a token whose server does not tell it: the shortest that the API's pages name.
const LIFE_UNTOLD: Duration = Duration::from_secs(3600);
/// A token is renewed after this time in any case, whatever its server tells of its life.
const LIFE_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);
/// A token server that is still away after so long is told of.
const TOLD_AFTER: Duration = Duration::from_secs(1);
/// Longest answer of a token server that is read, in bytes.
const ANSWER_AT_MOST: usize = 64 * 1024;

/// A token and the time until which it is good enough.
struct Token {
    header: HeaderValue,
    renew_at: Instant,
}

/// The credentials of one run.
pub struct Auth {
    credentials: Credentials,
    http: reqwest::Client,
    /// How long the token server may be away before that is an outage.
    patience: Duration,
    state: Mutex<State>,
    /// While the token server is away: when that becomes an outage.
    gives_up: watch::Sender<Option<Instant>>,
}

/// The token server is away for as long as this lives.
struct Away<'a>(&'a watch::Sender<Option<Instant>>);

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.0.send_replace(None);
    }
}

/// What is known about tokens.
#[derive(Default)]
struct State {
    token: Option<Token>,
    /// How the run ends because none can be had: those who waited meanwhile do not try anew.
    given_up: Option<Ending>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    expires_in: Option<serde_json::Value>,
}

/// A credential that cannot be a header's value.
#[derive(Debug, thiserror::Error)]
#[error("{what} has a character that no HTTP header can carry")]
pub struct BadCredential {
    what: &'static str,
}

fn secret_header(
    prefix: &str,
    secret: &SecretString,
    what: &'static str,
) -> Result<HeaderValue, BadCredential> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", secret.expose_secret()))
        .map_err(|_| BadCredential { what })?;
    value.set_sensitive(true);
    Ok(value)
}

impl Auth {
    /// Prepares the credentials; tokens are fetched through `http` when they are needed. A
    /// token server that is away for longer than `patience` is an outage.
    #[must_use]
    pub fn new(credentials: Credentials, http: reqwest::Client, patience: Duration) -> Self {
        Self {
            credentials,
            http,
            patience,
            state: Mutex::default(),
            gives_up: watch::Sender::new(None),
        }
    }

    /// While the token server is away: when whoever waits for a token gives up.
    #[must_use]
    pub fn gives_up(&self) -> watch::Receiver<Option<Instant>> {
        self.gives_up.subscribe()
    }

    /// Whether a 401 can be cured by a new token.
    #[must_use]
    pub fn is_renewable(&self) -> bool {
        matches!(self.credentials, Credentials::OAuth2 { .. })
    }

    /// The headers that never change.
    ///
    /// # Errors
    /// If a credential cannot be a header's value.
    pub fn fixed_headers(&self) -> Result<HeaderMap, BadCredential> {
        let mut headers = HeaderMap::new();
        let mut add = |name: HeaderName, value| {
            headers.insert(name, value);
        };
        match &self.credentials {
            Credentials::Gateway => {}
            Credentials::ApiKey(key) => {
                add(AUTHORIZATION, secret_header("Wawi ", key, "the API key")?);
            }
            Credentials::Token { token, api_key } => {
                add(
                    AUTHORIZATION,
                    secret_header("Bearer ", token, "the access token")?,
                );
                if let Some(key) = api_key {
                    add(X_API_KEY, secret_header("", key, "the API key")?);
                }
            }
            Credentials::OAuth2 { api_key, .. } => {
                if let Some(key) = api_key {
                    add(X_API_KEY, secret_header("", key, "the API key")?);
                }
            }
        }
        Ok(headers)
    }

    /// The current token's header, fetched first if there is none or it ends soon; none if the
    /// credentials need no token.
    ///
    /// # Errors
    /// How the run ends because no token can be had.
    pub async fn token_header(&self) -> Result<Option<HeaderValue>, Ending> {
        if !self.is_renewable() {
            return Ok(None);
        }
        let mut state = self.state.lock().await;
        if let Some(token) = &state.token
            && Instant::now() < token.renew_at
        {
            return Ok(Some(token.header.clone()));
        }
        let fresh = Box::pin(self.fetch(&mut state)).await?;
        let header = fresh.header.clone();
        state.token = Some(fresh);
        Ok(Some(header))
    }

    /// Throws the current token away and fetches a new one.
    ///
    /// # Errors
    /// How the run ends because no token can be had.
    pub async fn renew(&self) -> Result<(), Ending> {
        let mut state = self.state.lock().await;
        state.token = Some(self.fetch(&mut state).await?);
        Ok(())
    }

    async fn fetch(&self, state: &mut State) -> Result<Token, Ending> {
        if let Some(ending) = &state.given_up {
            return Err(ending.clone());
        }
        let fetched = self.fetch_patiently().await;
        state.given_up = fetched.as_ref().err().cloned();
        fetched
    }

    async fn fetch_patiently(&self) -> Result<Token, Ending> {
        let asked = Instant::now();
        let mut tries = 0;
        let mut away = None;
        loop {
            tries += 1;
            match self.fetch_once().await {
                Ok(token) => return Ok(token),
                Err(FetchError::Final(why)) => {
                    return Err(Ending::Stopped(Stop::Token { why }));
                }
                Err(FetchError::Passing) => {
                    let left = self.patience.saturating_sub(asked.elapsed());
                    if left.is_zero() {
                        return Err(Ending::Outage);
                    }
                    tracing::info!(tries, "the token server could not be reached");
                    let wait = backoff::wait(backoff::BASE, tries, fastrand::f64());
                    let wait = wait.max(backoff::BASE).min(left);
                    if away.is_none() && asked.elapsed() + wait >= TOLD_AFTER {
                        self.gives_up.send_replace(Some(asked + self.patience));
                        away = Some(Away(&self.gives_up));
                    }
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    async fn fetch_once(&self) -> Result<Token, FetchError> {
        let Credentials::OAuth2 {
            token_url,
            client_id,
            client_secret,
            ..
        } = &self.credentials
        else {
            return Err(FetchError::Final("there are no client credentials".into()));
        };
        let asked_at = Instant::now();
        let mut answer = self
            .http
            .post(token_url)
            .basic_auth(
                client_id.expose_secret(),
                Some(client_secret.expose_secret()),
            )
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body("grant_type=client_credentials")
            .send()
            .await
            .map_err(|error| match super::client::tls_refusal(&error) {
                Some(why) => FetchError::Final(format!("no secure connection: {why}")),
                None => FetchError::Passing,
            })?;
        let status = answer.status().as_u16();
        match status {
            200..=299 => {}
            408 | 429 | 500..=599 => return Err(FetchError::Passing),
            _ => return Err(FetchError::Final(format!("it answered {status}"))),
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| FetchError::Passing)? {
            if body.len() + chunk.len() > ANSWER_AT_MOST {
                return Err(FetchError::Final("its answer is too long".into()));
            }
            body.extend_from_slice(&chunk);
        }
        let (token, life) = read_token(&body).map_err(FetchError::Final)?;
        let before = (life / 5).min(RENEW_AT_MOST_BEFORE);
        let header = secret_header("Bearer ", &token, "the token")
            .map_err(|error| FetchError::Final(error.to_string()))?;
        tracing::info!(seconds = life.as_secs(), "got a token");
        Ok(Token {
            header,
            renew_at: asked_at + (life - before),
        })
    }
}

/// Reads the answer of a token server: the token, and how long it lives (at most a day).
///
/// # Errors
/// What is wrong with the answer, without what stands in it.
pub fn read_token(body: &[u8]) -> Result<(SecretString, Duration), String> {
    let answer: TokenAnswer =
        serde_json::from_slice(body).map_err(|_| "its answer has no access_token".to_owned())?;
    let life = match answer.expires_in {
        Some(serde_json::Value::Number(number)) => number.as_f64(),
        Some(serde_json::Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let life = match life {
        // What is longer than any duration is long enough.
        Some(seconds) if seconds >= LIFE_AT_MOST.as_secs_f64() => LIFE_AT_MOST,
        Some(seconds) => Duration::try_from_secs_f64(seconds).unwrap_or(LIFE_UNTOLD),
        None => LIFE_UNTOLD,
    };
    Ok((answer.access_token, life))
}

enum FetchError {
    /// Asking again will not help.
    Final(String),
    /// It may pass.
    Passing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tokens_life_is_one_that_a_clock_can_count() {
        for (told, seconds) in [
            ("600", 600),
            ("\"600\"", 600),
            ("0", 0),
            ("1e19", 86_400),
            ("1e300", 86_400),
            ("\"inf\"", 86_400),
            ("-5", 3600),
            ("\"NaN\"", 3600),
            ("null", 3600),
            ("[]", 3600),
        ] {
            let body = format!("{{\"access_token\":\"t\",\"expires_in\":{told}}}");
            let (token, life) = read_token(body.as_bytes()).unwrap();
            assert_eq!(
                (token.expose_secret(), life.as_secs()),
                ("t", seconds),
                "{told}"
            );
        }
        assert!(read_token(b"{}").is_err());
        assert!(read_token(b"<html>").is_err());
    }
}
