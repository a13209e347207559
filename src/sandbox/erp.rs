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
use super::faults::{Fault, Faults, mix, share};
use super::ledger::Ledger;
use super::quota::Gate;
use super::register::Registrations;
use super::routes::Route;
use super::schedule::{Asked, Freeze, Step, When};
use super::seen::{Notes, Ticket};
use super::settings::SandboxSettings;
use super::spoil::Mishap;
use super::wire::Wire;

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
    pub(super) registrations: Registrations,
    pub(super) faults: Faults,
    pub(super) gates: HashMap<(bool, Route), Gate>,
    /// How many faults each record or look-up has met.
    met: HashMap<u64, u64>,
    /// How many steps of its script each record has taken, for creates and for look-ups.
    steps: HashMap<(Asked, String), usize>,
    /// The freezes that have begun.
    frozen_by: Vec<Freeze>,
    /// Until then the server is frozen, since a fault said so.
    frozen_until: Duration,
}

impl State {
    /// Replaces the faults; the new ones' freezes are still to come.
    pub(super) fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
        self.frozen_by.clear();
    }

    /// The status with which a script answers the `n`-th request of its kind.
    pub(super) fn scripted(&self, asked: Asked, n: u64, now: Duration) -> Option<u16> {
        let is_lifted = self.faults.is_lifted(self.notes.counters.posts, now);
        let status = self.faults.scripted(asked, n, now);
        status.filter(|_| !is_lifted)
    }

    /// How long the server stays frozen at `now`; begins the freezes that are due.
    fn frozen(&mut self, now: Duration) -> Duration {
        let posts = self.notes.counters.posts;
        for freeze in &self.faults.freezes {
            if freeze.at.has_come(posts, now) && !self.frozen_by.contains(freeze) {
                let from = match freeze.at {
                    When::After(time) => time,
                    When::Nth(_) => now,
                };
                self.frozen_by.push(*freeze);
                self.frozen_until = self.frozen_until.max(from.saturating_add(freeze.time));
            }
        }
        self.frozen_until.saturating_sub(now)
    }

    /// The next step of a record's script; none: it has none for such requests.
    fn step(&mut self, asked: Asked, number: &str) -> Option<Step> {
        let steps = self.faults.records.get(number)?.steps(asked)?;
        let taken = self.steps.entry((asked, number.to_owned())).or_default();
        let step = steps.get(*taken).copied().unwrap_or(Step::Fine);
        *taken += 1;
        Some(step)
    }
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
            registrations: Registrations::default(),
            keeper: Doorkeeper::new(settings.auth.clone(), settings.seed),
            faults: settings.faults.clone(),
            gates: HashMap::new(),
            met: HashMap::new(),
            steps: HashMap::new(),
            frozen_by: Vec::new(),
            frozen_until: Duration::ZERO,
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

    /// Freezes the whole server for a time.
    pub(super) fn freeze_for(&self, time: Duration) {
        let now = self.now();
        let mut state = self.state();
        state.frozen_until = state.frozen_until.max(now.saturating_add(time));
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
        let (ticket, nth) = {
            let mut state = self.state();
            let headers = &parts.headers;
            let now = self.now();
            let ticket = state.notes.arrive(&parts.method, path, query, headers, now);
            let nth = count(&mut state.notes, &parts.method, route);
            (ticket, nth)
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
                // A server finishes its work even if the client has left meanwhile.
                let work = tokio::spawn(Arc::clone(&self).work(request));
                work.await.unwrap_or(Deed::Close)
            }
        };
        match deed {
            Deed::Answer(answer) => {
                visit.status = Some(answer.status);
                if answer.close {
                    wire.hang_up.notify_one();
                }
                if let Some(sabotage) = answer.sabotage {
                    wire.sabotage(sabotage);
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
        match request.route {
            Route::Token => return Deed::Answer(self.token(&request)),
            Route::Registrations | Route::Registration => return self.register(&request),
            _ => {}
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
            self.look_up(&request).await
        };
        if let Deed::Answer(answer) = &mut deed {
            answer.quota = admission;
        }
        if !self.pause(time - time / 2).await || !self.thawed().await {
            return Deed::Close;
        }
        deed
    }

    /// What goes wrong with a request: the next step of its record's script, else drawn from
    /// the seed, its key and how often that key met a fault before.
    pub(super) fn draw(&self, asked: Asked, key: u64, number: Option<&str>) -> Option<Mishap> {
        let now = self.now();
        let mut state = self.state();
        if state.faults.is_lifted(state.notes.counters.posts, now) {
            return None;
        }
        let tries = state.met.get(&key).copied().unwrap_or(0);
        let mixed = mix(self.settings.seed, key, tries);
        // Another number than the one that chose the fault, which is small for rare ones.
        let luck = mix(mixed, key, tries);
        let step = match number.and_then(|number| state.step(asked, number)) {
            Some(Step::Fine) => None,
            Some(step) => Some(step),
            None => {
                let draw = share(mixed);
                let fault = match asked {
                    Asked::Post => state.faults.on_create(draw),
                    _ => state.faults.on_lookup(draw),
                };
                fault.map(Step::Fault)
            }
        }?;
        state.met.insert(key, tries + 1);
        Some(Mishap { step, luck })
    }

    /// An error body in the spelling of this server.
    pub(super) fn error(&self, status: u16, code: &str, message: &str) -> Answer {
        Answer::error(status, code, message, self.settings.odd_answers)
    }

    /// Waits, and for the end of a freeze that comes meanwhile; false if the server stops.
    pub(super) async fn pause(&self, time: Duration) -> bool {
        time.is_zero() || (self.sleep(time).await && self.thawed().await)
    }

    async fn sleep(&self, time: Duration) -> bool {
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
    pub(super) async fn thawed(&self) -> bool {
        loop {
            if *self.frozen.borrow() {
                let mut frozen = self.frozen.subscribe();
                tokio::select! {
                    _ = frozen.wait_for(|frozen| !*frozen) => {}
                    () = self.stopped() => return false,
                }
            }
            let now = self.now();
            let rest = self.state().frozen(now);
            if rest.is_zero() {
                return true;
            }
            if !self.sleep(rest).await {
                return false;
            }
        }
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
    async fn a_freeze_comes_at_its_create_and_ends_by_itself() {
        let sandbox = with_faults("freeze=200ms@2").await;
        post(&sandbox, "C1").await.unwrap();
        abandon(&sandbox, "C2").await;
        until(|| sandbox.counters().posts == 2).await;
        assert_eq!(get(&sandbox, "/customers").await.unwrap().status, 200);
        until(|| sandbox.created() == 2).await;
        let (seen, ledger) = (sandbox.requests(), sandbox.ledger());
        assert!(ledger[1].at + Duration::from_millis(1) >= seen[1].at + Duration::from_millis(200));
        // It comes once.
        let now = sandbox.erp.now();
        post(&sandbox, "C3").await.unwrap();
        assert_eq!(sandbox.erp.state().frozen(now), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_freeze_comes_after_a_time_also_for_requests_in_work() {
        let sandbox = sandbox(SandboxSettings {
            latency: Duration::from_millis(100),
            faults: Faults::parse("freeze=300ms@50ms").unwrap(),
            ..SandboxSettings::default()
        })
        .await;
        post(&sandbox, "C1").await.unwrap();
        let at = sandbox.ledger()[0].at;
        assert!(at >= Duration::from_millis(349), "{at:?}");
    }

    #[tokio::test]
    async fn everything_can_be_lifted() {
        let sandbox = with_faults("drop=1,status=503@2,lookups=1,lift=3").await;
        post(&sandbox, "C1").await.unwrap_err();
        assert_eq!(post(&sandbox, "C1").await.unwrap().status, 503);
        assert_eq!(post(&sandbox, "C1").await.unwrap().status, 201);
        assert_eq!(get(&sandbox, "/customers").await.unwrap().status, 200);
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
