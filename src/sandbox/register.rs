//! App registration as an on-prem server does it: a request, a person who decides, a key that is
//! told once.
//!
//! Pure but for its own list of requests.

use serde_json::{Value, json};

use super::answer::{Answer, Deed};
use super::erp::{Erp, Request};
use super::routes::header;
use super::settings::{Auth, Decision, Registration};

/// What the texts of a registration may be long.
const CHALLENGE_AT_MOST: usize = 30;

/// The requests that were opened, and what became of them.
#[derive(Debug, Default)]
pub(super) struct Registrations {
    /// Requests that found the page closed.
    turned_away: u32,
    open: Vec<Opened>,
}

#[derive(Debug)]
struct Opened {
    id: String,
    app: String,
    challenge: String,
    asked: u32,
    is_told: bool,
}

/// What an answer is made of: status and body, or nothing at all.
type Told = Result<(u16, Value), Silence>;

/// The connection closes without an answer.
#[derive(Debug, PartialEq)]
pub(super) struct Silence;

impl Registrations {
    /// Somebody asks to be registered.
    fn open(&mut self, set: &Registration, challenge: Option<&str>, body: &[u8]) -> (u16, Value) {
        if self.turned_away < set.closed_for {
            self.turned_away += 1;
            return trouble(403, "Nobody has opened the page for registrations.");
        }
        let challenge = match challenge {
            Some(text) if !text.is_empty() && text.chars().count() <= CHALLENGE_AT_MOST => text,
            _ => return trouble(400, "x-challengecode has 1 to 30 characters."),
        };
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        if let Some(field) = missing(&body) {
            return trouble(400, &format!("{field} is missing."));
        }
        let app = body.get("AppId").and_then(Value::as_str);
        let app = app.unwrap_or_default().to_owned();
        let is_taken = |opened: &Opened| opened.app == app && opened.is_told;
        if set.decision == Decision::Taken
            || (set.decision == Decision::Accept && self.open.iter().any(is_taken))
        {
            return trouble(409, "This AppId is registered already.");
        }
        let id = format!("00000000-0000-4000-8000-{:012}", self.open.len() + 1);
        self.open.push(Opened {
            id: id.clone(),
            app,
            challenge: challenge.to_owned(),
            asked: 0,
            is_told: false,
        });
        (201, json!({"RegistrationRequestId": id, "Status": 0}))
    }

    /// Somebody asks what became of it.
    fn poll(&mut self, set: &Registration, key: &str, id: &str, challenge: Option<&str>) -> Told {
        let Some(opened) = self.open.iter_mut().find(|opened| opened.id == id) else {
            return Ok(trouble(404, "There is no such request."));
        };
        if challenge != Some(&opened.challenge) {
            return Ok(trouble(400, "x-challengecode is another one."));
        }
        if opened.is_told {
            return Ok(trouble(410, "This request was answered already."));
        }
        opened.asked += 1;
        let status = match set.decision {
            _ if opened.asked <= set.pending_for => 0,
            Decision::Never => 0,
            Decision::Reject => 1,
            Decision::Accept | Decision::Taken => 2,
        };
        opened.is_told = status != 0;
        if status == 2 && set.loses_key {
            return Err(Silence);
        }
        let info = json!({"AppId": opened.app, "RegistrationRequestId": id, "Status": status});
        Ok((
            200,
            if status == 2 {
                json!({
                    "RequestStatusInfo": info,
                    "Token": {"ApiKey": key},
                    "GrantedScopes": ["customer.createcustomer", "all.read"],
                })
            } else {
                json!({ "RequestStatusInfo": info })
            },
        ))
    }
}

fn trouble(status: u16, text: &str) -> (u16, Value) {
    (
        status,
        json!({"ErrorCode": "Registration", "ErrorMessage": text}),
    )
}

/// A field that the contract asks for and that is not there.
fn missing(body: &Value) -> Option<&'static str> {
    let texts = [
        "AppId",
        "DisplayName",
        "Description",
        "Version",
        "ProviderName",
        "ProviderWebsite",
        "AppIcon",
    ];
    let is_text = |name: &str| body[name].as_str().is_some_and(|text| !text.is_empty());
    let is_list = body["MandatoryApiScopes"]
        .as_array()
        .is_some_and(|scopes| scopes.iter().all(Value::is_string));
    let text = texts.into_iter().find(|name| !is_text(name));
    text.or((!is_list).then_some("MandatoryApiScopes"))
}

impl Erp {
    /// The two requests of a registration; they need no credentials.
    pub(super) fn register(&self, request: &Request) -> Deed {
        let set = &self.settings.registration;
        let key = match &self.settings.auth {
            Auth::ApiKey(key) => key.clone(),
            _ => format!("sandbox-key-{:x}", self.settings.seed),
        };
        let challenge = header(&request.headers, "x-challengecode");
        let mut state = self.state();
        let told = match request.path.rsplit_once("/authentication/") {
            Some((_, id)) => state.registrations.poll(set, &key, id, challenge),
            None => Ok(state.registrations.open(set, challenge, &request.body)),
        };
        match told {
            Ok((status, body)) => Deed::Answer(Answer::json(status, body.to_string())),
            Err(Silence) => Deed::Close,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: Option<&str> = Some("c-1");

    fn body() -> Vec<u8> {
        let body = json!({
            "AppId": "A/1", "DisplayName": "A", "Description": "d", "Version": "1",
            "ProviderName": "p", "ProviderWebsite": "https://p.example", "AppIcon": "aWNvbg==",
            "MandatoryApiScopes": ["customer.createcustomer"],
        });
        body.to_string().into_bytes()
    }

    fn set(decision: Decision) -> Registration {
        Registration {
            decision,
            closed_for: 1,
            pending_for: 1,
            loses_key: false,
        }
    }

    /// The statuses of a whole registration.
    fn played(set: &Registration) -> Vec<u16> {
        let mut all = Registrations::default();
        let mut statuses = Vec::new();
        let mut id = String::new();
        for _ in 0..2 {
            let (status, answer) = all.open(set, CHALLENGE, &body());
            statuses.push(status);
            id = answer["RegistrationRequestId"]
                .as_str()
                .unwrap_or("")
                .to_owned();
        }
        for _ in 0..3 {
            statuses.push(all.poll(set, "k", &id, CHALLENGE).map_or(0, |told| told.0));
        }
        statuses.push(all.open(set, CHALLENGE, &body()).0);
        statuses
    }

    #[test]
    fn a_request_goes_its_way_once() {
        for (decision, statuses) in [
            (Decision::Accept, [403, 201, 200, 200, 410, 409]),
            (Decision::Reject, [403, 201, 200, 200, 410, 201]),
            (Decision::Never, [403, 201, 200, 200, 200, 201]),
            (Decision::Taken, [403, 409, 404, 404, 404, 409]),
        ] {
            assert_eq!(played(&set(decision)), statuses, "{decision:?}");
        }
        let lost = Registration {
            loses_key: true,
            ..set(Decision::Accept)
        };
        assert_eq!(played(&lost), [403, 201, 200, 0, 410, 409]);
    }

    #[test]
    fn the_key_comes_with_the_acceptance_and_to_who_asked() {
        let set = Registration {
            closed_for: 0,
            pending_for: 0,
            ..set(Decision::Accept)
        };
        let mut all = Registrations::default();
        let id = all.open(&set, CHALLENGE, &body()).1["RegistrationRequestId"].clone();
        let id = id.as_str().unwrap();
        assert_eq!(all.poll(&set, "k", id, Some("c-2")).unwrap().0, 400);
        let (_, told) = all.poll(&set, "k", id, CHALLENGE).unwrap();
        assert_eq!(told["Token"]["ApiKey"], "k");
        assert_eq!(told["RequestStatusInfo"]["Status"], 2);
    }

    #[test]
    fn what_the_contract_asks_for_is_missed() {
        let set = Registration::default();
        let mut all = Registrations::default();
        assert_eq!(all.open(&set, None, &body()).0, 400);
        assert_eq!(all.open(&set, Some(&"x".repeat(31)), &body()).0, 400);
        assert_eq!(all.open(&set, CHALLENGE, b"{}").0, 400);
    }
}
