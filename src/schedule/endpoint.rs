//! `/health` and `/metrics` over HTTP, for whoever is let in by the address that is listened on.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::metrics;

/// Connections that are served at once; more wait to be accepted.
const CONNECTIONS: usize = 32;
/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(10);

/// What is served.
pub(super) trait Told: Send + Sync + 'static {
    /// The metrics' text.
    fn metrics(&self) -> String;
    /// What `/health` answers, and whether all is well.
    fn health(&self) -> (bool, String);
}

/// A listening endpoint; it ends when it is dropped.
#[derive(Debug)]
pub struct Endpoint {
    listener: TcpListener,
    address: SocketAddr,
}

impl Endpoint {
    /// Listens on the address; port 0 takes a free one.
    ///
    /// # Errors
    /// If that is not possible.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until it is dropped.
    pub(super) async fn serve(self, told: Arc<dyn Told>) {
        let mut connections = JoinSet::new();
        loop {
            if connections.len() >= CONNECTIONS {
                connections.join_next().await;
                continue;
            }
            tokio::select! {
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(connection(stream, Arc::clone(&told)));
                    }
                    // Out of file descriptors, mostly: they come back when runs end.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                },
            }
        }
    }
}

async fn connection(stream: TcpStream, told: Arc<dyn Told>) {
    let service = service_fn(|request: Request<Incoming>| {
        let told = Arc::clone(&told);
        async move {
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            // It reads files.
            let answer = tokio::task::spawn_blocking(move || answer(&method, &path, &*told));
            Ok::<_, Infallible>(answer.await.unwrap_or_else(|_| {
                plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "this should not have happened\n",
                )
            }))
        }
    });
    // Who hangs up in the middle is nobody's trouble but their own.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn answer(method: &Method, path: &str, told: &dyn Told) -> Response<Full<Bytes>> {
    let is_known = matches!(path, "/health" | "/metrics");
    if is_known && !matches!(*method, Method::GET | Method::HEAD) {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "GET it\n");
        let allowed = HeaderValue::from_static("GET, HEAD");
        answer.headers_mut().insert(ALLOW, allowed);
        return answer;
    }
    match path {
        "/metrics" => with_type(StatusCode::OK, told.metrics(), metrics::CONTENT_TYPE),
        "/health" => {
            let (is_well, text) = told.health();
            let status = if is_well {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            with_type(status, text, "application/json")
        }
        _ => plain(StatusCode::NOT_FOUND, "here are /health and /metrics\n"),
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    with_type(status, text.to_owned(), "text/plain; charset=utf-8")
}

fn with_type(status: StatusCode, text: String, kind: &'static str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(bool);

    impl Told for Fixed {
        fn metrics(&self) -> String {
            "importer_info 1\n".to_owned()
        }

        fn health(&self) -> (bool, String) {
            (self.0, "{}".to_owned())
        }
    }

    #[test]
    fn two_paths_are_known_and_only_read() {
        let status = |method, path, well| answer(&method, path, &Fixed(well)).status().as_u16();
        assert_eq!(status(Method::GET, "/metrics", true), 200);
        assert_eq!(status(Method::HEAD, "/health", true), 200);
        assert_eq!(status(Method::GET, "/health", false), 503);
        assert_eq!(status(Method::POST, "/metrics", true), 405);
        assert_eq!(status(Method::GET, "/", true), 404);
        let answer = answer(&Method::GET, "/metrics", &Fixed(true));
        assert_eq!(answer.headers()[CONTENT_TYPE], metrics::CONTENT_TYPE);
    }

    #[tokio::test]
    async fn it_serves_on_a_port_of_its_own() {
        let address = "127.0.0.1:0".parse().unwrap();
        let endpoint = Endpoint::bind(address).await.unwrap();
        let url = format!("http://{}/metrics", endpoint.address());
        let serving = tokio::spawn(endpoint.serve(Arc::new(Fixed(true))));
        let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
        assert_eq!(text, "importer_info 1\n");
        serving.abort();
    }
}
