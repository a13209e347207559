//! Plain HTTP/1.1 connections to one server, without a proxy: the short way for many requests.
//!
//! reqwest is the client for everything else, but it costs as much again for each request as
//! hyper, the wire and the kernel together (it copies the headers four times and parses the
//! address twice). So hyper is used as it is; what is left to do is to open a connection, to
//! keep it for the next request, and to drop it before the server does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use reqwest::Url;
use reqwest::header::HeaderValue;
use tokio::net::TcpStream;

use super::client::IDLE_AT_MOST;
use crate::outcome::{Sent, Trouble};

/// A request as it goes over such a connection.
pub(super) type Request = hyper::Request<Full<Bytes>>;
/// What happened instead of an answer, and whether the server may have seen the request.
pub(super) type Failed = (Trouble, Sent);

/// A connection; it carries one request at a time.
pub(super) struct Connection(SendRequest<Full<Bytes>>);

/// A connection that waits for its next request.
struct Idle {
    connection: Connection,
    since: Instant,
}

/// The connections to one server.
pub(super) struct Direct {
    host: String,
    port: u16,
    connect_at_most: Duration,
    /// The last one that was used is used next, so that those that are too many grow old.
    idle: Mutex<Vec<Idle>>,
}

impl Direct {
    /// Connections to the server of `url`; none if it wants TLS or a password, or is reached
    /// through a proxy.
    pub(super) fn new(url: &Url, is_loopback: bool, connect_at_most: Duration) -> Option<Self> {
        let plain = url.scheme() == "http" && url.username().is_empty() && url.password().is_none();
        let through_proxy = || {
            let uri = url.as_str().parse().ok();
            uri.is_none_or(|uri| Matcher::from_system().intercept(&uri).is_some())
        };
        if !plain || (!is_loopback && through_proxy()) {
            return None;
        }
        Some(Self {
            host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default()?,
            connect_at_most,
            idle: Mutex::default(),
        })
    }

    /// Sends one request once. The connection comes back with the head of the answer: whoever
    /// has read the rest gives it to [`Direct::keep`], or drops it.
    ///
    /// # Errors
    /// What happened instead of an answer.
    pub(super) async fn send(
        &self,
        mut request: Request,
    ) -> Result<(hyper::Response<Incoming>, Connection), Failed> {
        loop {
            let kept = self.kept().await;
            let is_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => Box::pin(self.connect()).await?,
            };
            match connection.0.try_send_request(request).await {
                Ok(response) => return Ok((response, connection)),
                // The server closed the connection before anything of the request was written
                // to it: it goes over another one.
                Err(mut error) => match error.take_message() {
                    Some(unsent) if is_kept => request = unsent,
                    _ => {
                        tracing::debug!(error = %error.error(), "no answer");
                        return Err((Trouble::Broken, Sent::Maybe));
                    }
                },
            }
        }
    }

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn keep(&self, connection: Connection) {
        let since = Instant::now();
        self.idle().push(Idle { connection, since });
    }

    /// Drops all that wait.
    pub(super) fn forget(&self) {
        self.idle().clear();
    }

    /// A connection that was used before and is still open.
    async fn kept(&self) -> Option<Connection> {
        loop {
            let mut connection = self.youngest()?;
            // It may have to notice yet that the answer before was read.
            if connection.0.ready().await.is_ok() {
                return Some(connection);
            }
        }
    }

    fn youngest(&self) -> Option<Connection> {
        let mut idle = self.idle();
        let youngest = idle.pop()?;
        if youngest.since.elapsed() < IDLE_AT_MOST {
            return Some(youngest.connection);
        }
        // All others are older.
        idle.clear();
        None
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<Connection, Failed> {
        let stream = tokio::time::timeout(self.connect_at_most, self.reach())
            .await
            .unwrap_or(Err(Trouble::ConnectTimeout))
            .map_err(never)?;
        // A request goes out whole, so there is nothing to gather.
        stream
            .set_nodelay(true)
            .map_err(|_| never(Trouble::Connect))?;
        let (requests, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| never(Trouble::Connect))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
        Ok(Connection(requests))
    }

    /// Tries the addresses of the host in turn.
    async fn reach(&self) -> Result<TcpStream, Trouble> {
        let addresses = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|_| Trouble::Dns)?;
        let addresses: Vec<_> = addresses.collect();
        let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let mut trouble = Trouble::Dns;
        for address in addresses {
            let tried = TcpStream::connect(address);
            trouble = match tokio::time::timeout(self.connect_at_most / count, tried).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::TimedOut => {
                    Trouble::ConnectTimeout
                }
                Ok(Err(_)) => Trouble::Connect,
                Err(_) => Trouble::ConnectTimeout,
            };
        }
        Err(trouble)
    }
}

/// The value of `Host` for requests to the server of `url`.
pub(super) fn host_header(url: &Url) -> Option<HeaderValue> {
    let host = url.host_str()?;
    let value = match url.port() {
        Some(port) => HeaderValue::from_str(&format!("{host}:{port}")),
        None => HeaderValue::from_str(host),
    };
    value.ok()
}

/// There was no connection, so nothing was sent.
fn never(trouble: Trouble) -> Failed {
    (trouble, Sent::Never)
}
