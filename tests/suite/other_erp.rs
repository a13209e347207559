//! A second stand-in ERP, written from the contract by other hands than the sandbox's.
//!
//! Where `src/sandbox` and the importer could share a misunderstanding, this one is the
//! witness: it is strict about what it is sent and odd about what it answers. It owns its
//! thread, its port and its ledger, and it must not know the importer: neither its types nor
//! its tables.
//!
//! Strict: every property, type, length, date and header that the contract does not allow is
//! kept in [`OtherErp::violations`], and the request is answered with 400 (412 for headers).
//! Odd: the same `Id` for everybody, `""` where lists belong, a birthday that is no date,
//! fields that nobody has heard of, camelCase errors or HTML instead of them, look-ups by
//! prefix that ignore case, and listings that never count right.

mod answers;
mod contract;
mod door;
mod quota;
mod state;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::oneshot;

pub(crate) use contract::faults_of_body;
pub(crate) use door::{Door, Tokens};
pub(crate) use quota::{Quota, Window};
use state::State;
pub(crate) use state::{Post, Seen};

/// The secret that clients show. It must not turn up in anything that a client writes; the
/// stack traces of this server's errors hold it too.
pub(crate) const CANARY: &str = "canary-5f0e7c1b9d";
/// The client's id for the token endpoint; the client's secret is the canary.
pub(crate) const CLIENT_ID: &str = "other-erp-client";
/// The `Id` that every customer gets.
pub(crate) const SAME_ID: i64 = 4711;

/// How the server is to behave; the default is a quiet one without limits or credentials.
#[derive(Clone, Debug, Default)]
pub(crate) struct Knobs {
    door: Door,
    quota: Option<Quota>,
    failure: Option<(u64, u16)>,
    drop_every: Option<u64>,
    refuse_repeats: bool,
    existing: Vec<Value>,
}

impl Knobs {
    /// From the `post`-th POST on (counted from 1, refused ones of the quota and the door not
    /// counted), answers `status` without creating anything, until [`OtherErp::lift`].
    /// GETs fail with it, unless the status is about the POST alone (400, 403, 409, 413, 422).
    /// 0 fails from the first request on.
    pub(crate) fn fail_from(mut self, post: u64, status: u16) -> Self {
        self.failure = Some((post, status));
        self
    }

    /// Commits every `every`-th accepted POST, then closes the connection without an answer.
    pub(crate) fn drop_after_commit(mut self, every: u64) -> Self {
        self.drop_every = Some(every);
        self
    }

    /// Announces and enforces 40 requests in 2 seconds for each method and path.
    pub(crate) fn quota(self, window: Window) -> Self {
        self.quota_of(Quota {
            limit: 40,
            per: Duration::from_secs(2),
            window,
        })
    }

    /// Announces and enforces another quota. Its length is announced in whole seconds, at
    /// least one.
    pub(crate) fn quota_of(mut self, quota: Quota) -> Self {
        self.quota = Some(quota);
        self
    }

    /// What clients must show.
    pub(crate) fn door(mut self, door: Door) -> Self {
        self.door = door;
        self
    }

    /// Answers 409 to a number that is there already; else the server takes it again, and the
    /// ledger shows both.
    pub(crate) fn refuse_repeats(mut self) -> Self {
        self.refuse_repeats = true;
        self
    }

    /// A customer that was there before anybody asked; it is not in the ledger.
    pub(crate) fn existing(mut self, customer: Value) -> Self {
        self.existing.push(customer);
        self
    }
}

/// The running server. It stops when it is dropped.
pub(crate) struct OtherErp {
    address: std::net::SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OtherErp {
    /// Starts the server on a free loopback port, in a thread of its own, so that tests
    /// without a runtime can use it.
    pub(crate) fn start(knobs: Knobs) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        listener
            .set_nonblocking(true)
            .expect("a non-blocking listener");
        let address = listener.local_addr().expect("the port that was bound");
        let state = Arc::new(Mutex::new(State::new(knobs, Instant::now())));
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(answers::serve(listener, shared, stopped));
        });
        Self {
            address,
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The base URL; the collection is `/customers` or `/v1/customers` below it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/erp", self.address)
    }

    /// The token endpoint.
    pub(crate) fn token_url(&self) -> String {
        format!("http://{}/oauth2/token", self.address)
    }

    /// Every accepted body in the order of commits, with the number that it was given.
    pub(crate) fn ledger(&self) -> Vec<(String, Value)> {
        self.state().ledger.clone()
    }

    /// Everything about the requests that the contract does not allow.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// Every POST of a customer, in the order of arrival.
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.state().posts()
    }

    /// Every request, the token endpoint's included, in the order of arrival.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// What the token endpoint did.
    pub(crate) fn tokens(&self) -> Tokens {
        self.state().keys.tokens()
    }

    /// Ends what `fail_from` began.
    pub(crate) fn lift(&self) {
        self.state().lift();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for OtherErp {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver is gone only if the server has ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            // Within a failing test a second panic would hide the first.
            assert!(
                ended.is_ok() || std::thread::panicking(),
                "the other ERP panicked"
            );
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no handler panics with the lock held")
}
