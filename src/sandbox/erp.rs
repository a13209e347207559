//! The ERP's behaviour: in which order a request is judged, and what it comes to.
//!
//! Owns the state. One lock guards it, held for moments and never across a wait.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::{Method, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer::{Answer, Broken, Deed, Payload};
use super::auth::Doorkeeper;
use super::connection::Wire;
use super::faults::{Asked, Fault, Faults, mix, share};
use super::ledger::Ledger;
use super::quota::{Admission, Gate, seconds_up};
use super::routes::{Route, check_headers, header};
use super::seen::{Notes, Ticket};
use super::settings::{RetryAfter, SandboxSettings};

/// Longest body that is taken.
const BODY_CAP: usize = 1 << 20;
/// So much of a longer body is read and thrown away, so that the client hears the answer.
const DRAIN_CAP: usize = 16 << 20;

/// The stand-in ERP.
#[derive(Debug)]
pub(super) struct Erp {
    pub(super) settings: SandboxSettings,
    started: Instant,
    state: Mutex<State>,
    frozen: watch::Sender<bool>,
    stopping: watch::Sender<bool>,
}

/// What changes while it runs.
#[derive(Debug)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    pub(super) notes: Notes,
    pub(super) keeper: Doorkeeper,
    pub(super) faults: Faults,
    gates: HashMap<(bool, Route), Gate>,
    /// How many faults each record or look-up has met.
    met: HashMap<u64, u64>,
}

/// A request, read to its end.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) route: Route,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Which one of its kind it is, counted from 1.
    pub(super) nth: u64,
}

/// Notes the end of a request, also when its connection is gone.
struct Visit<'e> {
    erp: &'e Erp,
    ticket: Ticket,
    status: Option<u16>,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.erp.state().notes.leave(self.ticket, self.status);
    }
}

impl Erp {
    /// A server that has not been asked anything.
    pub(super) fn new(mut settings: SandboxSettings) -> io::Result<Self> {
        let ledger = Ledger::open(&settings)?;
        settings.existing = Vec::new();
        let state = State {
            ledger,
            notes: Notes::new(settings.keep_requests),
            keeper: Doorkeeper::new(settings.auth.clone(), settings.seed),
            faults: settings.faults.clone(),
            gates: HashMap::new(),
            met: HashMap::new(),
        };
        Ok(Self {
            settings,
            started: Instant::now(),
            state: Mutex::new(state),
            frozen: watch::Sender::new(false),
            stopping: watch::Sender::new(false),
        })
    }

    /// The state; a panic elsewhere does not take it away.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the server's start.
    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits until the server stops.
    pub(super) async fn stopped(&self) {
        let _ = self.stopping.subscribe().wait_for(|stop| *stop).await;
    }

    /// Stops the server.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Freezes or thaws the server.
    pub(super) fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }

    /// Serves one request.
    pub(super) async fn serve(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
        wire: &Wire,
    ) -> Result<Response<Payload>, Broken> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let route = Route::of(path, &self.settings.base_path);
        let query = parts.uri.query();
        let (ticket, nth, patient) = {
            let mut state = self.state();
            let headers = &parts.headers;
            let now = self.now();
            let ticket = state.notes.arrive(&parts.method, path, query, headers, now);
            let nth = count(&mut state.notes, &parts.method, route);
            (ticket, nth, state.faults.hits_creates())
        };
        let mut visit = Visit {
            erp: &self,
            ticket,
            status: None,
        };
        let deed = match read(body).await {
            Err(_) => Deed::Close,
            Ok(None) => Deed::Answer(self.error(413, "TooLarge", "The body is longer than 1 MiB.")),
            Ok(Some(body)) => {
                let request = Request {
                    path: path.to_owned(),
                    query: query.map(str::to_owned),
                    method: parts.method,
                    route,
                    headers: parts.headers,
                    body,
                    nth,
                };
                let work = Arc::clone(&self).work(request);
                if patient || self.takes_time() {
                    // A server finishes its work even if the client has left meanwhile.
                    tokio::spawn(work).await.unwrap_or(Deed::Close)
                } else {
                    work.await
                }
            }
        };
        match deed {
            Deed::Answer(answer) => {
                visit.status = Some(answer.status);
                if answer.close {
                    wire.hang_up.notify_one();
                }
                Ok(answer.into_response())
            }
            Deed::Close => Err(Broken),
            Deed::Reset => {
                wire.reset.store(true, Ordering::Relaxed);
                Err(Broken)
            }
        }
    }

    async fn work(self: Arc<Self>, request: Request) -> Deed {
        if !self.thawed().await {
            return Deed::Close;
        }
        if let Some(status) = request.route.refuses(&request.method) {
            return Deed::Answer(self.error(status, "NotFound", "There is no such resource."));
        }
        if request.route == Route::Token {
            return Deed::Answer(self.token(&request));
        }
        let time = self.latency(&request);
        if !self.pause(time / 2).await {
            return Deed::Close;
        }
        let admission = match self.enter(&request) {
            Ok(admission) => admission,
            Err(answer) => return Deed::Answer(*answer),
        };
        let mut deed = if request.method == Method::POST {
            self.create(&request).await
        } else {
            self.look_up(&request)
        };
        if let Deed::Answer(answer) = &mut deed {
            answer.quota = admission;
        }
        if !self.pause(time - time / 2).await {
            return Deed::Close;
        }
        deed
    }

    /// Quota, credentials, headers and scripts: what is asked of every request to the API.
    fn enter(&self, request: &Request) -> Result<Option<Admission>, Box<Answer>> {
        let now = self.now();
        let (missing, wrong) = check_headers(&request.headers);
        let is_post = request.method == Method::POST;
        let mut state = self.state();
        for text in wrong {
            state
                .notes
                .violated(format!("{} {}: {text}", request.method, request.path));
        }
        let admission = self.settings.quota.map(|quota| {
            let route = match request.route {
                Route::Customer(_) => Route::Customer(0),
                route => route,
            };
            let gate = state.gates.entry((is_post, route));
            gate.or_insert_with(|| Gate::new(quota)).admit(now)
        });
        let asked = if is_post { Asked::Post } else { Asked::Get };
        let mut answer = if let Some(wait) = admission.and_then(|admission| admission.wait) {
            state.notes.counters.throttled += 1;
            let mut answer = self.error(429, "TooManyRequests", "The quota is used up.");
            answer.retry_after = self.when(self.settings.retry_after, wait);
            answer
        } else if !state
            .keeper
            .admits(header(&request.headers, "authorization"), now)
        {
            self.error(401, "Unauthorized", "The credentials are not valid.")
        } else if let Some(name) = missing {
            let text = format!("The header {name} is missing.");
            self.error(412, "MissingHeader", &text)
        } else if let Some(status) = state.faults.scripted(asked, request.nth) {
            self.error(status, "Scripted", "The sandbox was told to answer so.")
        } else {
            return Ok(admission);
        };
        answer.quota = admission;
        Err(Box::new(answer))
    }

    fn token(&self, request: &Request) -> Answer {
        let now = self.now();
        let mut state = self.state();
        if let Some(status) = state.faults.scripted(Asked::Token, request.nth) {
            return Answer::json(
                status,
                json!({"error": "temporarily_unavailable"}).to_string(),
            );
        }
        if state.keeper.has_tokens() {
            let form = header(&request.headers, CONTENT_TYPE.as_str()).unwrap_or("");
            if !form.starts_with("application/x-www-form-urlencoded") {
                let text = "POST /oauth2/token: the body is no form".to_owned();
                state.notes.violated(text);
            }
        }
        let authorization = header(&request.headers, "authorization");
        match state.keeper.issue(authorization, &request.body, now) {
            Ok((token, seconds)) => {
                let body = json!({
                    "access_token": token, "token_type": "Bearer", "expires_in": seconds,
                });
                Answer::json(200, body.to_string())
            }
            Err((status, error)) => Answer::json(status, json!({"error": error}).to_string()),
        }
    }

    /// The fault that a request meets, drawn from the seed, its key and how often that key met
    /// a fault before.
    pub(super) fn draw(&self, asked: Asked, key: u64) -> Option<Fault> {
        let mut state = self.state();
        let tries = state.met.get(&key).copied().unwrap_or(0);
        let draw = share(mix(self.settings.seed, key, tries));
        let fault = match asked {
            Asked::Post => state.faults.on_create(draw),
            _ => state.faults.on_lookup(draw),
        }?;
        state.met.insert(key, tries + 1);
        Some(fault)
    }

    /// An error body in the spelling of this server.
    pub(super) fn error(&self, status: u16, code: &str, message: &str) -> Answer {
        Answer::error(status, code, message, self.settings.odd_answers)
    }

    /// Waits; false if the server stops meanwhile.
    pub(super) async fn pause(&self, time: Duration) -> bool {
        if time.is_zero() {
            return true;
        }
        tokio::select! {
            () = tokio::time::sleep(time) => true,
            () = self.stopped() => false,
        }
    }

    /// The value of `Retry-After` for a time from now.
    pub(super) fn when(&self, form: RetryAfter, wait: Duration) -> Option<String> {
        match form {
            RetryAfter::No => None,
            RetryAfter::Seconds => Some(seconds_up(wait).to_string()),
            RetryAfter::Date => {
                let seconds = i64::try_from(seconds_up(wait)).ok()?;
                let wait = jiff::SignedDuration::from_secs(seconds);
                let then = jiff::Timestamp::now().checked_add(wait).ok()?;
                let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
                printer.timestamp_to_rfc9110_string(&then).ok()
            }
        }
    }

    /// Waits while the server is frozen; false if it stops meanwhile.
    async fn thawed(&self) -> bool {
        if !*self.frozen.borrow() {
            return true;
        }
        let mut frozen = self.frozen.subscribe();
        tokio::select! {
            _ = frozen.wait_for(|frozen| !*frozen) => true,
            () = self.stopped() => false,
        }
    }

    fn takes_time(&self) -> bool {
        let settings = &self.settings;
        !settings.latency.is_zero() || !settings.jitter.is_zero() || *self.frozen.borrow()
    }

    fn latency(&self, request: &Request) -> Duration {
        let settings = &self.settings;
        if settings.jitter.is_zero() {
            return settings.latency;
        }
        let draw = share(mix(settings.seed, request.nth, 0));
        settings.latency + settings.jitter.mul_f64(draw)
    }
}

/// Counts a request and tells which one of its kind it is.
fn count(notes: &mut Notes, method: &Method, route: Route) -> u64 {
    let counters = &mut notes.counters;
    let counter = match route {
        Route::Token => &mut counters.tokens,
        Route::Customers if method == Method::POST => &mut counters.posts,
        _ if method == Method::GET => &mut counters.gets,
        _ => &mut counters.others,
    };
    *counter += 1;
    *counter
}

/// Reads a body to its end; none if it is too long.
async fn read(mut body: Incoming) -> Result<Option<Bytes>, hyper::Error> {
    let mut first = Bytes::new();
    let mut all = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame?.into_data() else {
            continue;
        };
        length += chunk.len();
        if length > DRAIN_CAP {
            return Ok(None);
        }
        if length > BODY_CAP {
            continue;
        }
        if first.is_empty() && all.is_empty() {
            first = chunk;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&chunk);
        }
    }
    let whole = if all.is_empty() { first } else { all.into() };
    Ok((length <= BODY_CAP).then_some(whole))
}

impl Request {
    /// The parameters of the query, decoded.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        let query = self.query.as_deref().unwrap_or("");
        form_urlencoded::parse(query.as_bytes()).into_owned()
    }
}

/// A JSON value as a map's value; short for texts in validation errors.
pub(super) fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        body, client, create, dressed, get, post, sandbox, send, until, with_faults,
    };
    use super::super::{Auth, Quota, Sandbox, SandboxSettings, Window};
    use super::*;

    async fn quota(window: Window, retry_after: RetryAfter) -> Sandbox {
        sandbox(SandboxSettings {
            quota: Some(Quota {
                limit: 2,
                interval: Duration::from_secs(600),
                window,
            }),
            retry_after,
            ..SandboxSettings::default()
        })
        .await
    }

    #[tokio::test]
    async fn a_quota_is_told_and_kept_for_each_route() {
        for window in [Window::Fixed, Window::Sliding] {
            let sandbox = quota(window, RetryAfter::No).await;
            for (status, remaining) in [(201, "1"), (201, "0"), (429, "0")] {
                let answer = post(&sandbox, "C1").await.unwrap();
                assert_eq!(answer.status, status);
                assert_eq!(answer.header("x-ratelimit-limit"), Some("2"));
                assert_eq!(
                    answer.header("x-ratelimit-interval-length-seconds"),
                    Some("600")
                );
                assert_eq!(answer.header("x-ratelimit-remaining"), Some(remaining));
                assert_eq!(answer.header("retry-after"), None);
            }
            let answer = get(&sandbox, "/customers").await.unwrap();
            assert_eq!(answer.header("x-ratelimit-remaining"), Some("1"));
            assert_eq!(sandbox.counters().throttled, 1);
            assert_eq!(sandbox.created(), 2);
        }
    }

    #[tokio::test]
    async fn a_quota_may_say_when_to_come_back() {
        for retry_after in [RetryAfter::Seconds, RetryAfter::Date] {
            let sandbox = quota(Window::Sliding, retry_after).await;
            for _ in 0..2 {
                post(&sandbox, "C1").await.unwrap();
            }
            let answer = post(&sandbox, "C1").await.unwrap();
            let said = answer.header("retry-after").unwrap();
            if retry_after == RetryAfter::Seconds {
                let seconds: u64 = said.parse().unwrap();
                assert!((570..=600).contains(&seconds), "{seconds}");
            } else {
                assert!(said.ends_with(" GMT") && said.len() == 29, "{said}");
            }
        }
    }

    #[tokio::test]
    async fn a_key_is_asked_for() {
        let sandbox = sandbox(SandboxSettings {
            auth: Auth::ApiKey("k-1".to_owned()),
            ..SandboxSettings::default()
        })
        .await;
        assert_eq!(post(&sandbox, "C1").await.unwrap().status, 401);
        let request = create(&client(), &sandbox, &body("C1"));
        let request = request.header("authorization", "Wawi k-1");
        assert_eq!(send(request).await.unwrap().status, 201);
        let token = client().post(sandbox.token_url()).body("");
        assert_eq!(send(token).await.unwrap().status, 404);
        let seen = &sandbox.requests()[1];
        assert_eq!(seen.header("authorization"), Some("Wawi k-1"));
    }

    /// Asks for a token.
    async fn token(sandbox: &Sandbox, secret: &str) -> (u16, Value) {
        let form = "application/x-www-form-urlencoded";
        let request = client()
            .post(sandbox.token_url())
            .basic_auth("shop", Some(secret))
            .header("content-type", form)
            .body("grant_type=client_credentials");
        let answer = send(request).await.unwrap();
        (answer.status, answer.json())
    }

    #[tokio::test]
    async fn tokens_are_handed_out_and_die() {
        let sandbox = sandbox(SandboxSettings {
            auth: Auth::Bearer {
                client_id: "shop".to_owned(),
                client_secret: "secret".to_owned(),
                lives: Duration::from_secs(3600),
            },
            faults: Faults::parse("token_status=503@1-1").unwrap(),
            ..SandboxSettings::default()
        })
        .await;
        assert_eq!(token(&sandbox, "secret").await.0, 503);
        assert_eq!(token(&sandbox, "wrong").await.0, 401);
        let (status, answer) = token(&sandbox, "secret").await;
        assert_eq!((status, &answer["expires_in"]), (200, &json!(3600)));
        assert_eq!(answer["token_type"], "Bearer");
        let value = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        let create = |value: &str| {
            let request = create(&client(), &sandbox, &body("C1"));
            send(request.header("authorization", value))
        };
        assert_eq!(create("Bearer guessed").await.unwrap().status, 401);
        assert_eq!(create(&value).await.unwrap().status, 201);
        sandbox.revoke_tokens();
        assert_eq!(create(&value).await.unwrap().status, 401);
        let counters = sandbox.counters();
        assert_eq!(
            (counters.tokens, counters.posts, counters.created),
            (3, 3, 1)
        );
    }

    #[tokio::test]
    async fn required_headers_are_required() {
        let sandbox = sandbox(SandboxSettings::default()).await;
        let request = client().get(sandbox.url() + "/customers");
        let answer = send(request.header("x-appversion", "1")).await.unwrap();
        assert_eq!(answer.status, 412);
        let violations = sandbox.counters().violations;
        assert_eq!(
            violations,
            [
                "GET /customers: header x-appid is missing",
                "GET /customers: header api-version is missing",
            ],
        );
    }

    #[tokio::test]
    async fn a_script_answers_until_it_is_lifted() {
        let sandbox = sandbox(SandboxSettings {
            faults: Faults::default().from_post(2, 403),
            ..SandboxSettings::default()
        })
        .await;
        for status in [201, 403, 403] {
            assert_eq!(post(&sandbox, "C1").await.unwrap().status, status);
        }
        sandbox.lift();
        assert_eq!(post(&sandbox, "C1").await.unwrap().status, 201);
        assert_eq!(sandbox.created(), 2);
        sandbox.set_faults(Faults::default().from_post(1, 302));
        let answer = post(&sandbox, "C1").await.unwrap();
        assert_eq!(answer.header("location"), Some("/moved/customers"));
    }

    #[tokio::test]
    async fn a_frozen_server_commits_what_queued_up() {
        let sandbox = with_faults("").await;
        sandbox.freeze();
        let limit = Duration::from_millis(20);
        let request = create(&client(), &sandbox, &body("C1")).timeout(limit);
        assert!(send(request).await.unwrap_err().is_timeout());
        assert_eq!(sandbox.created(), 0);
        sandbox.thaw();
        until(|| sandbox.created() == 1).await;
        assert_eq!(post(&sandbox, "C2").await.unwrap().status, 201);
    }

    #[tokio::test]
    async fn latency_takes_its_time() {
        let sandbox = sandbox(SandboxSettings {
            latency: Duration::from_millis(20),
            jitter: Duration::from_millis(10),
            ..SandboxSettings::default()
        })
        .await;
        let start = Instant::now();
        post(&sandbox, "C1").await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(20));
    }

    #[tokio::test]
    async fn unknown_routes_and_methods_have_json_errors() {
        let sandbox = sandbox(SandboxSettings::default()).await;
        let answer = get(&sandbox, "/nowhere").await.unwrap();
        assert_eq!(
            (answer.status, &answer.json()["ErrorCode"]),
            (404, &json!("NotFound"))
        );
        let url = sandbox.url() + "/customers";
        assert_eq!(send(dressed(client().put(&url))).await.unwrap().status, 405);
        assert_eq!(
            send(dressed(client().head(&url))).await.unwrap().status,
            404
        );
        assert_eq!(sandbox.counters().others, 2);
    }
}
