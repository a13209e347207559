//! The stand-in ERP: a server on a loopback port that behaves as the contract says, goes wrong
//! on purpose, and keeps a ledger of what was really created.
//!
//! It imports nothing of the importer, so that it is an independent witness: what it takes for
//! a valid customer is written anew from the published description. It owns its server, its
//! ledger and its counts, and must not know who asks.

mod answer;
mod auth;
mod check;
mod connection;
mod create;
mod entrance;
mod erp;
mod faults;
mod gzip;
mod ledger;
mod ledger_file;
mod look_up;
mod plan;
mod quota;
mod register;
mod routes;
mod schedule;
mod schema;
mod seen;
mod settings;
mod spoil;
#[cfg(test)]
mod testing;
mod told;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

use erp::Erp;

pub use faults::{Fault, Faults};
pub use ledger::Entry;
pub use ledger_file::read_ledger;
pub use plan::{Plan, PlanError};
pub use schedule::{Asked, Freeze, RecordScript, Script, Step, When};
pub use seen::{Counters, Seen};
pub use settings::{
    Auth, Decision, Duplicates, Existing, Lookup, Quota, Registration, RetryAfter, SandboxSettings,
    Window,
};
pub use told::Told;

/// Connections that may wait to be accepted.
const CONNECTIONS_AT_ONCE: u32 = 1_024;
/// So long requests in work may take when the sandbox stops.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// A running stand-in ERP; it stops when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    erp: Arc<Erp>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody can listen on the port.
    #[error("port {port} cannot be used: {source}")]
    Port {
        /// The port.
        port: u16,
        /// The system's answer.
        source: io::Error,
    },
    /// The ledger's file cannot be written, or is none.
    #[error("the ledger {} cannot be used: {source}", path.display())]
    Ledger {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
}

/// Listens on 127.0.0.1. A client that opens hundreds of connections at once would find the usual
/// queue of 128 full, and the system tries each of the others again only after a second.
fn listener_on(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // As every listener of tokio; on Windows it would let two of them share the port.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(CONNECTIONS_AT_ONCE)
}

impl Sandbox {
    /// Starts a server on 127.0.0.1 in the current tokio runtime.
    ///
    /// # Errors
    /// The port is taken, or the ledger's file cannot be used.
    pub async fn start(settings: SandboxSettings) -> Result<Self, StartError> {
        let port = settings.port;
        let taken = |source| StartError::Port { port, source };
        let listener = listener_on(port).map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let path = settings.ledger_file.clone().unwrap_or_default();
        let erp = Erp::new(settings).map_err(|source| StartError::Ledger { path, source })?;
        let erp = Arc::new(erp);
        let task = tokio::spawn(connection::listen(listener, Arc::clone(&erp)));
        Ok(Self { erp, address, task })
    }

    /// The base URL, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.erp.settings.base_path)
    }

    /// The URL of the token server.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("http://{}/oauth2/token", self.address)
    }

    /// The customers that were created, in order; with their bodies, this copies all of them.
    #[must_use]
    pub fn ledger(&self) -> Vec<Entry> {
        self.erp.state().ledger.entries()
    }

    /// How many customers the ledger holds.
    #[must_use]
    pub fn created(&self) -> usize {
        self.erp.state().ledger.created()
    }

    /// The last requests, in the order of their arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.erp.state().notes.requests()
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.erp.state().notes.counters.clone()
    }

    /// Replaces the faults, from the next request on. Requests are counted on.
    pub fn set_faults(&self, faults: Faults) {
        self.erp.state().set_faults(faults);
    }

    /// Takes the scripted statuses away; the other faults stay.
    pub fn lift(&self) {
        self.erp.state().faults.scripts.clear();
    }

    /// Makes every token worthless that was handed out.
    pub fn revoke_tokens(&self) {
        self.erp.state().keeper.revoke();
    }

    /// Freezes the server: it takes requests and answers none, until [`Self::thaw`].
    pub fn freeze(&self) {
        self.erp.freeze(true);
    }

    /// Thaws the server: what queued up is done now, also for clients that have left. A freeze
    /// that a fault has begun ends by itself.
    pub fn thaw(&self) {
        self.erp.freeze(false);
    }

    /// Stops: takes no more connections, lets requests in work finish (5 s at most) and closes
    /// the rest. Silences on purpose end at once, without an answer. The result is what was
    /// counted until the end.
    pub async fn stop(mut self) -> Counters {
        self.erp.stop();
        // Whatever is still there after that time is dropped with the task.
        let _ = tokio::time::timeout(STOP_LIMIT, &mut self.task).await;
        self.counters()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.erp.stop();
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::testing::{body, client, create, get, post, sandbox, send, until, with_faults};
    use super::*;

    #[tokio::test]
    async fn it_serves_below_its_base_path() {
        let sandbox = sandbox(SandboxSettings {
            base_path: "/api/eazybusiness".to_owned(),
            ..SandboxSettings::default()
        })
        .await;
        assert!(sandbox.url().ends_with("/api/eazybusiness"));
        assert_eq!(post(&sandbox, "C1").await.unwrap().status, 201);
        assert_eq!(get(&sandbox, "/customers").await.unwrap().status, 200);
        let seen = sandbox.requests();
        assert_eq!(seen[0].path, "/api/eazybusiness/v1/customers");
        assert_eq!(
            seen[0].query.as_deref(),
            Some("disableAutomaticWorkflows=true")
        );
        assert_eq!(seen[0].status, Some(201));
        assert!(seen[0].at <= seen[1].at);
    }

    #[tokio::test]
    async fn a_taken_port_is_an_error() {
        let first = with_faults("").await;
        let settings = SandboxSettings {
            port: first.address.port(),
            ..SandboxSettings::default()
        };
        let error = Sandbox::start(settings).await.unwrap_err();
        let StartError::Port { port, source } = error else {
            panic!("{error}");
        };
        assert_eq!(port, first.address.port());
        assert_eq!(source.kind(), io::ErrorKind::AddrInUse);
    }

    /// Nobody accepts them, for the only thread of the runtime opens them.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hundreds_of_connections_may_wait_to_be_accepted() {
        let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        if most.trim().parse::<u32>().unwrap() < CONNECTIONS_AT_ONCE {
            // This system lets fewer wait, whatever a program asks for.
            return;
        }
        let sandbox = with_faults("").await;
        // Well before the system would try one again that found no place.
        let at_most = Duration::from_millis(500);
        let opened = || std::net::TcpStream::connect_timeout(&sandbox.address, at_most);
        let connections: Result<Vec<_>, _> = (0..300).map(|_| opened()).collect();
        assert_eq!(connections.unwrap().len(), 300);
    }

    #[tokio::test]
    async fn a_stop_lets_work_finish_and_ends_silences() {
        let slow = with_faults("slow=1,slow_for=1ms").await;
        let request = create(&client(), &slow, &body("C1"));
        let answer = tokio::spawn(send(request));
        until(|| slow.created() == 1).await;
        slow.stop().await;
        assert_eq!(answer.await.unwrap().unwrap().status, 201);

        let hanging = with_faults("late_commit=1,hang_for=1h").await;
        let (erp, url) = (Arc::clone(&hanging.erp), hanging.url());
        let request = create(&client(), &hanging, &body("C1"));
        let answer = tokio::spawn(send(request));
        until(|| hanging.counters().posts == 1).await;
        hanging.stop().await;
        answer.await.unwrap().unwrap_err();
        assert_eq!(erp.state().ledger.created(), 0);
        let error = client().get(url).send().await.unwrap_err();
        assert!(error.is_connect());
    }

    #[tokio::test]
    async fn a_drop_stops_it() {
        let sandbox = with_faults("").await;
        let url = sandbox.url();
        drop(sandbox);
        until(|| std::net::TcpStream::connect(url.trim_start_matches("http://")).is_err()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_clients_at_once_lose_and_double_nothing() {
        let sandbox = sandbox(SandboxSettings {
            keep_requests: 10,
            ..SandboxSettings::default()
        })
        .await;
        let client = client();
        let mut tasks = tokio::task::JoinSet::new();
        for worker in 0..8 {
            let requests: Vec<_> = (0..50)
                .map(|n| create(&client, &sandbox, &body(&format!("C{worker}-{n}"))))
                .collect();
            tasks.spawn(async move {
                for request in requests {
                    assert_eq!(send(request).await.unwrap().status, 201);
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let ledger = sandbox.ledger();
        let ids: BTreeSet<_> = ledger.iter().map(|entry| entry.id).collect();
        let numbers: BTreeSet<_> = ledger.iter().map(|entry| &entry.number).collect();
        assert_eq!((ids.len(), numbers.len(), ledger.len()), (400, 400, 400));
        assert_eq!(sandbox.requests().len(), 10);
        let counters = sandbox.counters();
        assert_eq!(counters.statuses[&201], 400);
        assert!((1..=8).contains(&counters.in_flight_max));
    }
}
