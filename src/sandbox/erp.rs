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
use hyper::header::HeaderMap;
use hyper::{Method, Response};
use tokio::sync::watch;

use super::answer::{Answer, Broken, Deed, Payload};
use super::auth::Doorkeeper;
use super::connection::Wire;
use super::faults::{Asked, Fault, Faults, mix, share};
use super::ledger::Ledger;
use super::quota::Gate;
use super::routes::Route;
use super::seen::{Notes, Ticket};
use super::settings::SandboxSettings;

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
    pub(super) gates: HashMap<(bool, Route), Gate>,
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

    /// Notes that a request breaks the contract.
    pub(super) fn violated(&self, request: &Request, wrong: &str) {
        let text = format!("{} {}: {wrong}", request.method, request.path);
        self.state().notes.violated(text);
    }

    /// Notes that a fault happened.
    pub(super) fn happened(&self, fault: Fault) {
        self.state().notes.failed(fault);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{
        abandon, client, dressed, get, post, sandbox, send, until, with_faults,
    };
    use super::*;

    #[tokio::test]
    async fn a_frozen_server_commits_what_queued_up() {
        let sandbox = with_faults("").await;
        sandbox.freeze();
        abandon(&sandbox, "C1").await;
        until(|| sandbox.counters().posts == 1).await;
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
