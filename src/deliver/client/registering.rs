//! Registering this program as an app of an on-prem server, which hands out an API key once: the
//! two requests, and what their answers say.
//!
//! The published description tells the requests exactly and the answers loosely, so they are read
//! loosely: a status as a number or a word, keys in any case, on the top or in an object.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::{Client, JSON, answer, apart, read_body, unanswered};
use crate::deliver::answer::{member, refusal};
use crate::outcome::{Attempt, Sent, ServerError, Trouble};

/// What a person sees in Wawi beside the request.
const ICON: &[u8] = include_bytes!("icon.png");
/// The text that ties the calls of one registration together.
const CHALLENGE: &str = "x-challengecode";

/// Who wants to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The app's name in Wawi.
    pub name: String,
    /// Who made it.
    pub provider: String,
    /// The maker's address on the web.
    pub website: String,
    /// The rights that it needs.
    pub scopes: Vec<String>,
    /// The same text in every call of one registration, at most 30 characters.
    pub challenge: String,
}

/// What became of the request to be registered.
#[derive(Debug)]
pub enum Opened {
    /// It is open under this id.
    Open(String),
    /// Nobody has opened Wawi's page for registrations (403).
    PageClosed,
    /// An app with this id is registered already (409).
    Taken,
    /// The server said no.
    Refused {
        /// Its status.
        status: u16,
        /// Its words.
        errors: Vec<ServerError>,
    },
    /// No answer, and whether the server may have seen the request.
    NoAnswer(Trouble, Sent),
}

/// What became of it since.
#[derive(Debug)]
pub enum Polled {
    /// Nobody has decided yet.
    Pending,
    /// Somebody said no.
    Rejected,
    /// Somebody said yes.
    Accepted {
        /// The key. It is told this once.
        key: SecretString,
        /// The rights that it has; empty if the server does not say.
        scopes: Vec<String>,
    },
    /// It was answered before: the key cannot be had again (410).
    Gone,
    /// An answer that says nothing of this.
    Odd(u16),
    /// No answer.
    NoAnswer(Trouble),
}

impl Client {
    /// Asks to be registered. Where the collection's neighbour is not there, the address with or
    /// without `/v1` is tried, too: a request that was answered with 404 opened nothing.
    pub async fn open_registration(&self, app: &App) -> (Url, Opened) {
        let body = Bytes::from(self.registration_body(app).to_string());
        let [first, second] = self.registrations();
        match self.open_at(&first, app, body.clone()).await {
            Opened::Refused {
                status: 404 | 405, ..
            } => {
                let opened = self.open_at(&second, app, body).await;
                (second, opened)
            }
            opened => (first, opened),
        }
    }

    async fn open_at(&self, url: &Url, app: &App, body: Bytes) -> Opened {
        let sent = body.clone();
        match self
            .ask_about(Method::POST, url.clone(), app, Some(body))
            .await
        {
            Attempt::Unanswered { kind, sent } => Opened::NoAnswer(kind, sent),
            Attempt::Answered(answer) => {
                let body = answer.body.unwrap_or_default();
                match answer.status {
                    200..=299 => match request_id(&body) {
                        Some(id) => Opened::Open(id),
                        None => Opened::Refused {
                            status: answer.status,
                            errors: Vec::new(),
                        },
                    },
                    403 => Opened::PageClosed,
                    409 => Opened::Taken,
                    status => Opened::Refused {
                        status,
                        errors: refusal(&body, &sent).errors,
                    },
                }
            }
        }
    }

    /// Asks what became of the request `id` that was opened at `url`.
    pub async fn poll_registration(&self, url: &Url, id: &str, app: &App) -> Polled {
        let mut url = url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(id);
        }
        match self.ask_about(Method::GET, url, app, None).await {
            Attempt::Unanswered { kind, .. } => Polled::NoAnswer(kind),
            Attempt::Answered(answer) => match (answer.status, answer.body) {
                (410, _) => Polled::Gone,
                (200..=299, Ok(body)) => polled(&body).unwrap_or(Polled::Odd(answer.status)),
                (200..=299, Err(kind)) => Polled::NoAnswer(kind),
                (status, _) => Polled::Odd(status),
            },
        }
    }

    /// Both addresses that registrations may have, the likelier one first.
    fn registrations(&self) -> [Url; 2] {
        let here = self.beside("authentication");
        let mut other = here.clone();
        let path = here.path();
        let folder = path.strip_suffix("/authentication").unwrap_or(path);
        let folder = match folder.strip_suffix("/v1") {
            Some(folder) => folder.to_owned(),
            None => format!("{folder}/v1"),
        };
        other.set_path(&format!("{folder}/authentication"));
        [here, other]
    }

    fn registration_body(&self, app: &App) -> Value {
        let told = |name: &str| {
            let value = self.headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        json!({
            "AppId": told("x-appid"),
            "DisplayName": app.name,
            "Description": "Imports customers, each of them once.",
            "Version": told("x-appversion"),
            "ProviderName": app.provider,
            "ProviderWebsite": app.website,
            "MandatoryApiScopes": app.scopes,
            "AppIcon": STANDARD.encode(ICON),
        })
    }

    async fn ask_about(&self, method: Method, url: Url, app: &App, body: Option<Bytes>) -> Attempt {
        let mut request = self.http.request(method, url).headers(self.headers.clone());
        if let Ok(challenge) = HeaderValue::from_str(&app.challenge) {
            request = request.header(CHALLENGE, challenge);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, JSON).body(body);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return unanswered(&error),
        };
        let (head, rest) = apart(response);
        let body = read_body(rest, |_: reqwest::Error| Trouble::Broken).await;
        Attempt::Answered(answer(head.status.as_u16(), &head.headers, body))
    }
}

fn object(body: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(body).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// The value of `key`, on the top or in the object that the description names.
fn found(top: &Map<String, Value>, inner: &str, key: &str) -> Option<Value> {
    let below = member(top, inner).and_then(Value::as_object);
    below
        .and_then(|below| member(below, key))
        .or_else(|| member(top, key))
        .cloned()
}

/// The id of a request that was opened: part of an address, so nothing that leads elsewhere.
fn request_id(body: &[u8]) -> Option<String> {
    let id = match found(&object(body)?, "RequestStatusInfo", "RegistrationRequestId")? {
        Value::String(id) => id,
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (!id.is_empty() && id.len() <= 100 && id.chars().all(is_plain)).then_some(id)
}

/// What an answer says about a request; none if it says nothing.
fn polled(body: &[u8]) -> Option<Polled> {
    let top = object(body)?;
    if let Some(Value::String(key)) = found(&top, "Token", "ApiKey")
        && !key.trim().is_empty()
    {
        let scopes = found(&top, "Token", "GrantedScopes");
        let scopes = match scopes {
            Some(Value::Array(scopes)) => scopes,
            _ => Vec::new(),
        };
        return Some(Polled::Accepted {
            key: SecretString::from(key.trim()),
            scopes: scopes
                .iter()
                .filter_map(|scope| scope.as_str().map(str::to_owned))
                .collect(),
        });
    }
    let status = match member(&top, "RequestStatusInfo") {
        Some(Value::Object(info)) => member(info, "Status").cloned(),
        Some(status) => Some(status.clone()),
        None => member(&top, "Status").cloned(),
    };
    let word = match status? {
        Value::Number(number) => number.to_string(),
        Value::String(word) => word.trim().to_ascii_lowercase(),
        _ => return None,
    };
    match word.as_str() {
        "0" | "pending" => Some(Polled::Pending),
        "1" | "rejected" => Some(Polled::Rejected),
        // Accepted, but the key is not there: it may still come.
        "2" | "accepted" => Some(Polled::Pending),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn ids_are_read_wherever_they_stand_and_lead_nowhere_else() {
        for (body, id) in [
            (r#"{"RegistrationRequestId":"a-1","Status":0}"#, Some("a-1")),
            (
                r#"{"requestStatusInfo":{"registrationRequestId":7}}"#,
                Some("7"),
            ),
            (r#"{"RegistrationRequestId":"../customers"}"#, None),
            (r#"{"RegistrationRequestId":""}"#, None),
            ("[]", None),
        ] {
            assert_eq!(request_id(body.as_bytes()).as_deref(), id, "{body}");
        }
    }

    #[test]
    fn answers_are_read_in_every_shape() {
        let read = |body: &str| match polled(body.as_bytes()) {
            Some(Polled::Pending) => "pending".to_owned(),
            Some(Polled::Rejected) => "rejected".to_owned(),
            Some(Polled::Accepted { key, scopes }) => {
                format!("{} {}", key.expose_secret(), scopes.join(","))
            }
            other => format!("{other:?}"),
        };
        for (body, meaning) in [
            (r#"{"RequestStatusInfo":{"Status":0}}"#, "pending"),
            (r#"{"requestStatusInfo":{"status":"Rejected"}}"#, "rejected"),
            (r#"{"RequestStatusInfo":1}"#, "rejected"),
            (r#"{"Status":2}"#, "pending"),
            (
                r#"{"RequestStatusInfo":{"Status":2},"Token":{"ApiKey":" k "},"GrantedScopes":["a","b"]}"#,
                "k a,b",
            ),
            (r#"{"token":{"apiKey":"k","grantedScopes":["a"]}}"#, "k a"),
            (r#"{"Status":"strange"}"#, "None"),
            ("<html>", "None"),
        ] {
            assert_eq!(read(body), meaning, "{body}");
        }
    }
}
