//! A server that costs as little as one can: hyper on one thread reads each request to its end and
//! answers 201 with an id and the number that came, or an empty page to whoever looks something
//! up; or it answers each POST 422. It parses no JSON, keeps nothing, and writes no log; a latency
//! is a timer before the answer, and holds no other request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;

use crate::Failure;

/// Connections that may wait to be accepted.
const CONNECTIONS_AT_ONCE: u32 = 4_096;
/// Where the bench asks when the first POST came.
const FIRST_POST: &str = "/first-post";

/// How each POST is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answering {
    /// 201.
    Created,
    /// 422, with one field that is wrong.
    Refused,
}

impl Answering {
    const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Refused => "refused",
        }
    }
}

/// What the server remembers.
#[derive(Debug)]
struct Memory {
    latency: Duration,
    answering: Answering,
    /// The next customer's id.
    id: AtomicU64,
    /// When the first POST came, in microseconds since 1970; 0 before it.
    first_post: AtomicU64,
}

/// The server, in a process of its own; gone when this is dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts it on a port that the system chooses.
    pub(crate) fn start(latency_ms: u64) -> Result<Self, Failure> {
        Self::answering(latency_ms, Answering::Created)
    }

    /// Starts one that answers every POST in this way.
    pub(crate) fn answering(latency_ms: u64, answering: Answering) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", &latency_ms.to_string(), answering.word()])
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no output")?;
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        let address = address.trim().to_owned();
        Ok(Self { child, address })
    }

    /// The base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// When the first POST came since this was asked last, in seconds since 1970.
    pub(crate) fn first_post(&self) -> Result<Option<f64>, Failure> {
        let mut stream = TcpStream::connect(&self.address)?;
        let (path, host) = (FIRST_POST, &self.address);
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let micros: u64 = answer.rsplit("\r\n").next().unwrap_or_default().parse()?;
        Ok((micros > 0).then(|| Duration::from_micros(micros).as_secs_f64()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already; there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until it is killed; the first line of its output is its address.
pub(crate) fn serve(words: &[String]) -> Result<(), Failure> {
    let latency = words.first().map_or(Ok(0), |word| word.parse())?;
    let latency = Duration::from_millis(latency);
    let refuses = words.get(1).map(String::as_str) == Some(Answering::Refused.word());
    let answering = if refuses {
        Answering::Refused
    } else {
        Answering::Created
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        // A client that opens hundreds of connections at once would find the usual queue of 128
        // full, and the system tries each of the others again only after a second.
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let listener = socket.listen(CONNECTIONS_AT_ONCE)?;
        println!("{}", listener.local_addr()?);
        let memory = Arc::new(Memory {
            latency,
            answering,
            id: AtomicU64::new(1),
            first_post: AtomicU64::new(0),
        });
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let memory = Arc::clone(&memory);
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(request, Arc::clone(&memory)));
                // A client that goes away is no trouble of ours.
                let _ = hyper::server::conn::http1::Builder::new()
                    .pipeline_flush(false)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

async fn answer(
    request: Request<Incoming>,
    memory: Arc<Memory>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let posts = request.method() == Method::POST;
    if request.uri().path() == FIRST_POST {
        let when = memory.first_post.swap(0, Ordering::Relaxed);
        return Ok(Response::new(Full::new(Bytes::from(when.to_string()))));
    }
    if posts && memory.first_post.load(Ordering::Relaxed) == 0 {
        let now = u64::try_from(Timestamp::now().as_microsecond()).unwrap_or_default();
        memory.first_post.store(now, Ordering::Relaxed);
    }
    let body = request.into_body().collect().await?.to_bytes();
    if !memory.latency.is_zero() {
        tokio::time::sleep(memory.latency).await;
    }
    let (status, text) = if posts && memory.answering == Answering::Refused {
        let text = r#"{"ErrorCode":"Validation","ErrorMessage":"Validation failed","ValidationErrors":{"BillingAddress.PostalCode":"The postal code does not exist in this country."}}"#;
        (StatusCode::UNPROCESSABLE_ENTITY, text.to_owned())
    } else if posts {
        let id = memory.id.fetch_add(1, Ordering::Relaxed);
        let number = number(&body);
        (
            StatusCode::CREATED,
            format!(r#"{{"Id":{id},"Number":"{number}"}}"#),
        )
    } else {
        let page =
            r#"{"TotalItems":0,"PageNumber":1,"PageSize":100,"Items":[],"HasNextPage":false}"#;
        (StatusCode::OK, page.to_owned())
    };
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(text)));
    Ok(response.unwrap_or_default())
}

/// The customer's number, which stands first in the bodies of this bench.
fn number(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..40.min(body.len())).unwrap_or_default());
    let number = text.split("\"Number\":\"").nth(1);
    let number = number.and_then(|rest| rest.split('"').next());
    number.unwrap_or_default().to_owned()
}
