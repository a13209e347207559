//! Plain HTTP/1.1 connections to one server, without a proxy: the short way for many requests.
//!
//! reqwest is the client for everything else. It costs several times as much for each request as
//! the wire and the kernel do, and hyper still twice as much: both take a request's headers apart
//! that are the same for all, and hand it from task to task. Here a request is some bytes, written
//! at once, and its answer is read by who sent it. What is left to do is to open a connection, to
//! keep it for the next request, and to drop it before the server does.

mod reading;

use std::collections::VecDeque;
use std::io::{ErrorKind, Write as _};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use self::reading::Reading;
use super::client::IDLE_AT_MOST;
use crate::outcome::{Sent, Trouble};

/// Room for the bytes that come at once.
const ROOM: usize = 8 * 1024;
/// The most room that a connection keeps for its next request.
const ROOM_AT_MOST: usize = 64 * 1024;

/// A request.
pub(super) struct Request<'a> {
    pub method: &'static str,
    /// Path and query.
    pub target: &'a str,
    /// All header lines that do not change, as [`lines`] writes them.
    pub headers: &'a [u8],
    /// The value of `Authorization`, if that changes.
    pub token: Option<&'a HeaderValue>,
    pub body: Option<&'a [u8]>,
}

/// What came back: the status, the headers (none if they say nothing about pace) and the body.
pub(super) type Answered = (u16, HeaderMap, Result<Vec<u8>, Trouble>);
/// What happened instead of an answer, and whether the server may have seen the request.
pub(super) type Failed = (Trouble, Sent);

/// A connection; it carries one request at a time.
struct Connection {
    stream: TcpStream,
    /// The request.
    out: Vec<u8>,
    /// What has come and was not used yet.
    bytes: Vec<u8>,
    /// When the request's time is up.
    timer: Pin<Box<Sleep>>,
    /// Since when it waits for its next request.
    idle_since: Instant,
}

/// The connections to one server.
pub(super) struct Direct {
    host: String,
    port: u16,
    connect_at_most: Duration,
    /// The last one that was used is used next, so that those that are too many grow old.
    idle: Mutex<VecDeque<Connection>>,
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

    /// Sends one request once, and reads its answer until `ends`.
    ///
    /// # Errors
    /// What happened instead of an answer.
    pub(super) async fn send(
        &self,
        request: &Request<'_>,
        ends: Instant,
    ) -> Result<Answered, Failed> {
        let mut connection = match self.kept() {
            Some(connection) => connection,
            None => Box::pin(self.connect()).await?,
        };
        let mut reading = Reading::default();
        let done = connection.exchange(request, &mut reading, ends).await;
        let (head, body) = reading.into_parts();
        match (head, done) {
            (Some(head), done) => {
                if head.keeps && done == Ok(Sending::Whole) {
                    self.keep(connection);
                }
                Ok((head.status, head.headers, done.map(|_| body)))
            }
            (None, done) => {
                let kind = done.err().unwrap_or(Trouble::Broken);
                Err((kind, Sent::Maybe))
            }
        }
    }

    /// Keeps a connection for the next request, and lets go of one that waits for too long.
    fn keep(&self, mut connection: Connection) {
        let now = Instant::now();
        connection.idle_since = now;
        let mut idle = self.idle();
        idle.push_back(connection);
        if idle.front().is_some_and(|oldest| oldest.is_old(now)) {
            idle.pop_front();
        }
    }

    /// A connection that was used before and is still open.
    fn kept(&self) -> Option<Connection> {
        let mut idle = self.idle();
        loop {
            let youngest = idle.pop_back()?;
            if youngest.is_old(Instant::now()) {
                // All others are older.
                idle.clear();
                return None;
            }
            if youngest.is_open() {
                return Some(youngest);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<Connection, Failed> {
        let stream = timeout(self.connect_at_most, self.reach())
            .await
            .unwrap_or(Err(Trouble::ConnectTimeout))
            .map_err(never)?;
        // A request goes out whole, so there is nothing to gather.
        stream
            .set_nodelay(true)
            .map_err(|_| never(Trouble::Connect))?;
        let now = Instant::now();
        Ok(Connection {
            stream,
            out: Vec::new(),
            bytes: Vec::new(),
            timer: Box::pin(sleep_until(now)),
            idle_since: now,
        })
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
            trouble = match timeout(self.connect_at_most / count, tried).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) if error.kind() == ErrorKind::TimedOut => Trouble::ConnectTimeout,
                Ok(Err(_)) => Trouble::Connect,
                Err(_) => Trouble::ConnectTimeout,
            };
        }
        Err(trouble)
    }
}

/// How much of a request was written when its answer was whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Whole,
    Part,
}

impl Connection {
    fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.idle_since) >= IDLE_AT_MOST
    }

    /// Whether it is good for a next request: the server has neither closed it, as far as anybody
    /// heard of that, nor said what nobody asked for.
    fn is_open(&self) -> bool {
        let read = self.stream.try_read(&mut [0]);
        read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Writes a request and reads its answer.
    async fn exchange(
        &mut self,
        request: &Request<'_>,
        reading: &mut Reading,
        ends: Instant,
    ) -> Result<Sending, Trouble> {
        self.out.clear();
        self.out.shrink_to(ROOM_AT_MOST);
        request.write(&mut self.out);
        let (stream, bytes) = (&mut self.stream, &mut self.bytes);
        tokio::select! {
            biased;
            done = talk(stream, &self.out, bytes, reading) => done,
            () = wait(self.timer.as_mut(), ends) => Err(Trouble::Timeout),
        }
    }
}

/// Waits until `ends`. A timer that goes off before is set again then, which happens once for
/// thousands of requests: setting it for each of them costs more.
async fn wait(mut timer: Pin<&mut Sleep>, ends: Instant) {
    if timer.deadline() > ends {
        timer.as_mut().reset(ends);
    }
    while timer.deadline() < ends {
        timer.as_mut().await;
        timer.as_mut().reset(ends);
    }
    timer.await;
}

/// Writes as much of `out` as the server takes, until its answer is whole.
async fn talk(
    stream: &mut TcpStream,
    out: &[u8],
    bytes: &mut Vec<u8>,
    reading: &mut Reading,
) -> Result<Sending, Trouble> {
    let mut left = out;
    loop {
        if !left.is_empty() {
            match stream.try_write(left) {
                Ok(count) => left = left.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // It takes no more, but may have said why.
                Err(_) => {
                    return answered(stream, bytes, reading)
                        .await
                        .map(|()| Sending::Part);
                }
            }
        }
        if left.is_empty() {
            answered(stream, bytes, reading).await?;
            // What comes behind an answer belongs to none.
            let is_over = bytes.is_empty();
            return Ok(if is_over {
                Sending::Whole
            } else {
                Sending::Part
            });
        }
        let ready = stream.ready(Interest::READABLE | Interest::WRITABLE).await;
        if ready.map_err(|_| Trouble::Broken)?.is_readable() {
            bytes.reserve(ROOM);
            match stream.try_read_buf(bytes) {
                Ok(0) => return reading.end().map(|()| Sending::Part),
                Ok(_) if reading.take(bytes)? => return Ok(Sending::Part),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Err(Trouble::Broken),
            }
        }
    }
}

/// Reads until the answer is whole.
async fn answered(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
    reading: &mut Reading,
) -> Result<(), Trouble> {
    loop {
        bytes.reserve(ROOM);
        match stream.read_buf(bytes).await {
            Ok(0) => return reading.end(),
            Ok(_) if reading.take(bytes)? => return Ok(()),
            Ok(_) => {}
            Err(_) => return Err(Trouble::Broken),
        }
    }
}

impl Request<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        for part in [self.method, " ", self.target, " HTTP/1.1\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(self.headers);
        if let Some(token) = self.token {
            line(AUTHORIZATION.as_str(), token, out);
        }
        if let Some(body) = self.body {
            // A Vec takes whatever is written to it.
            let _ = write!(out, "content-length: {}\r\n", body.len());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(self.body.unwrap_or_default());
    }
}

/// Header lines as they go over the wire.
pub(super) fn lines(headers: &HeaderMap) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, value) in headers {
        line(name.as_str(), value, &mut lines);
    }
    lines
}

fn line(name: &str, value: &HeaderValue, lines: &mut Vec<u8>) {
    for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
        lines.extend_from_slice(part);
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

#[cfg(test)]
mod tests;
