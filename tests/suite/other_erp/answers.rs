//! From requests to answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Query, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::door::fault_of_token_request;
use super::state::State;
use super::wire::{Scissors, Wires};
use super::{CANARY, contract, lock};

/// How long the token endpoint thinks, so that two renewals at once can be seen.
const TOKEN_TAKES: Duration = Duration::from_millis(100);
/// The longest body that is read.
const BODY_CAP: usize = 4 << 20;

type Erp = Arc<Mutex<State>>;

/// Serves until `stopped` tells to end, then closes everything at once.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    erp: Erp,
    stopped: oneshot::Receiver<()>,
) {
    let listener = TcpListener::from_std(listener).expect("a listener for tokio");
    let app = Router::new().fallback(answer).with_state(erp);
    let service = app.into_make_service_with_connect_info::<Scissors>();
    tokio::select! {
        ended = axum::serve(Wires(listener), service) => ended.expect("serving goes on for ever"),
        _ = stopped => {}
    }
}

/// An answer before it is written: status, body, what is left of the quota.
struct Reply {
    status: u16,
    body: Said,
    quota: Option<(u32, Duration, u32)>,
    dropped: bool,
}

enum Said {
    Nothing,
    Html(&'static str),
    Json(Value),
}

impl Reply {
    fn new(status: u16, body: Said) -> Self {
        Self {
            status,
            body,
            quota: None,
            dropped: false,
        }
    }

    fn error(status: u16, message: &str, fields: &[(String, String)]) -> Self {
        Self::new(status, Said::Json(error_body(status, message, fields)))
    }

    fn into_response(self) -> Response {
        let (kind, bytes) = match self.body {
            Said::Nothing => ("text/plain", String::new()),
            Said::Html(page) => ("text/html", page.to_owned()),
            Said::Json(value) => ("application/json; charset=utf-8", value.to_string()),
        };
        let status = StatusCode::from_u16(self.status).expect("a status of three digits");
        let mut response = Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, kind);
        if let Some((limit, per, left)) = self.quota {
            response = response
                .header("X-RateLimit-Limit", limit)
                .header("X-RateLimit-Interval-Length-Seconds", per.as_secs().max(1))
                .header("X-RateLimit-Remaining", left);
        }
        response.body(Body::from(bytes)).expect("a response")
    }
}

async fn answer(
    Shared(erp): Shared<Erp>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_CAP).await else {
        // The client is gone, or sends without an end.
        scissors.cut();
        return Response::new(Body::empty());
    };
    let path = parts
        .uri
        .path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default();
    let request = lock(&erp).note(&parts.method, path);
    let reply = if parts.uri.path() == "/oauth2/token" {
        token(&erp, request, &parts, &body).await
    } else {
        of_the_api(&mut lock(&erp), request, &parts, &body)
    };
    if reply.dropped {
        scissors.cut();
    } else {
        lock(&erp).answered(request, reply.status);
    }
    reply.into_response()
}

async fn token(erp: &Erp, request: usize, parts: &Parts, form: &Bytes) -> Reply {
    let Some(life) = lock(erp).token_life() else {
        return Reply::error(404, "no tokens here", &[]);
    };
    if parts.method != Method::POST {
        return Reply::error(405, "tokens are POSTed for", &[]);
    }
    lock(erp).keys.ask();
    tokio::time::sleep(TOKEN_TAKES).await;
    let mut state = lock(erp);
    if let Some(fault) = fault_of_token_request(&parts.headers, form) {
        state.keys.turn_away();
        state.complain(request, fault);
        return Reply::new(401, Said::Json(json!({ "error": "invalid_client" })));
    }
    let until = state.now() + life;
    let token = state.keys.issue(until);
    let body = json!({ "access_token": token, "token_type": "bearer", "expires_in": life.as_secs(), "scope": "" });
    Reply::new(200, Said::Json(body))
}

/// Quota, door, order to fail, then what was asked for: in this order, as gateways do it.
fn of_the_api(state: &mut State, request: usize, parts: &Parts, body: &Bytes) -> Reply {
    let account = format!("{} {}", parts.method, parts.uri.path());
    let spent = state.spend(&account);
    let mut reply = match spent {
        Some((false, ..)) => Reply::error(429, "slow down", &[]),
        _ => behind_the_quota(state, request, parts, body),
    };
    reply.quota = spent.map(|(_, quota, left)| (quota.limit, quota.per, left));
    reply
}

fn behind_the_quota(state: &mut State, request: usize, parts: &Parts, body: &Bytes) -> Reply {
    if parts.uri.to_string().contains(CANARY) {
        state.complain(request, "a secret stands in the URL");
    }
    if !state.admits(&parts.headers) {
        return Reply::new(401, Said::Nothing);
    }
    if let Some(status) = state.failure(&parts.method) {
        return by_order(status, body);
    }
    let faults = contract::faults_of_headers(&parts.method, &parts.headers);
    if !faults.is_empty() {
        for fault in &faults {
            state.complain(request, fault);
        }
        return Reply::error(412, &faults.join("; "), &[]);
    }
    let path = parts.uri.path();
    let below = path.strip_prefix("/erp").unwrap_or(path);
    let named = |id: i64, name: &str| json!({ "Id": id, "Name": name, "IsDefault": id == 1 });
    match (
        parts.method.as_str(),
        below.strip_prefix("/v1").unwrap_or(below),
    ) {
        ("POST", "/customers") => create(state, request, parts, body),
        ("GET", "/customers") => match query_of(state, request, parts) {
            Ok(query) => Reply::new(200, Said::Json(state.page(&query))),
            Err(reply) => reply,
        },
        ("GET", "/customerGroups") => Reply::new(
            200,
            Said::Json(json!([named(1, "Endkunden"), named(2, "Händler")])),
        ),
        ("GET", "/customerCategories") => Reply::new(200, Said::Json(json!([named(1, "Shop")]))),
        ("GET", "/companies") => Reply::new(200, Said::Json(json!([named(1, "Muster GmbH")]))),
        ("GET", "/paymentMethods") => Reply::new(200, Said::Json(json!([named(1, "Rechnung")]))),
        (_, "/customers") => Reply::error(405, "not this way", &[]),
        _ => {
            state.complain(request, "there is nothing at this address");
            Reply::error(404, "nothing here", &[])
        }
    }
}

/// The failure that was ordered. A 5xx comes from a proxy, with a page of its own; the message of any
/// other repeats what it was sent.
fn by_order(status: u16, body: &Bytes) -> Reply {
    if status >= 500 {
        return Reply::new(
            status,
            Said::Html("<html><body><h1>Out of order</h1></body></html>"),
        );
    }
    let sent = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let who = sent
        .pointer("/BillingAddress/EmailAddress")
        .and_then(Value::as_str)
        .unwrap_or("somebody");
    let field = (
        "BillingAddress.EmailAddress".to_owned(),
        format!("`{who}` is not welcome"),
    );
    Reply::error(status, &format!("cannot save {who}"), &[field])
}

fn create(state: &mut State, request: usize, parts: &Parts, body: &Bytes) -> Reply {
    if let Err(reply) = query_of(state, request, parts) {
        return reply;
    }
    let faults = contract::faults_of_body(body);
    for (field, why) in &faults {
        state.complain(request, &format!("`{field}` {why}"));
    }
    let customer = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(customer)) if faults.is_empty() => customer,
        _ => return Reply::error(400, "the customer is not as it should be", &faults),
    };
    let number = customer.get("Number").and_then(Value::as_str);
    if state.refuses(number) {
        return Reply::error(409, "there is such a number already", &[]);
    }
    let (answer, dropped) = state.commit(customer);
    let mut reply = Reply::new(201, Said::Json(answer));
    reply.dropped = dropped;
    reply
}

fn query_of(
    state: &mut State,
    request: usize,
    parts: &Parts,
) -> Result<Vec<(String, String)>, Reply> {
    let uri: &Uri = &parts.uri;
    let Ok(Query(query)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
        state.complain(request, "the query cannot be read");
        return Err(Reply::error(400, "what a query", &[]));
    };
    let faults = contract::faults_of_query(&parts.method, &query);
    for fault in &faults {
        state.complain(request, fault);
    }
    if faults.is_empty() {
        Ok(query)
    } else {
        Err(Reply::error(400, &faults.join("; "), &[]))
    }
}

/// An error as newer builds write it: keys in camelCase, and a stack trace that nobody should
/// ever see.
fn error_body(status: u16, message: &str, fields: &[(String, String)]) -> Value {
    let errors: Map<String, Value> = fields
        .iter()
        .map(|(field, why)| (camel_case(field), json!(why)))
        .collect();
    json!({
        "errorCode": format!("OE-{status}"),
        "errorMessage": message,
        "validationErrors": errors,
        "errors": null,
        "stacktrace": format!("at Other.Erp.Customers.Create(Key = {CANARY})"),
    })
}

/// `BillingAddress.City` becomes `billingAddress.city`.
fn camel_case(path: &str) -> String {
    let mut lower_next = true;
    path.chars()
        .map(|letter| {
            let told = if lower_next {
                letter.to_ascii_lowercase()
            } else {
                letter
            };
            lower_next = letter == '.';
            told
        })
        .collect()
}
