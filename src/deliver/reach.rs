//! Whether a server can be reached at all: its name, its port. For `importer doctor`, which wants
//! to say which step it is that fails; nothing else needs to know.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;
use tokio::net::{TcpStream, lookup_host};

/// What was found out about the way to a server.
#[derive(Debug)]
pub struct Reach {
    /// The host and port of the URL.
    pub address: String,
    /// Host and port of the proxy that requests go through: then only that one is looked at.
    pub proxy: Option<String>,
    /// The addresses that the name stands for.
    pub addresses: Result<Vec<SocketAddr>, std::io::Error>,
    /// How long it took until a connection stood; none if there was no address.
    pub connected: Option<Result<Duration, std::io::Error>>,
}

impl Reach {
    /// Looks up the host of `url` and connects to it, for `at_most` so long. None if `url` names
    /// no host or port.
    pub async fn of(url: &str, at_most: Duration) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let (host, port) = (url.host_str()?, url.port_or_known_default()?);
        let mut target = (host.trim_matches(['[', ']']).to_owned(), port);
        let proxy = proxy(&url);
        let address = format!("{host}:{port}");
        if let Some((host, port)) = &proxy {
            target = (host.trim_matches(['[', ']']).to_owned(), *port);
        }
        let looked_up = tokio::time::timeout(at_most, lookup_host(target)).await;
        let addresses = looked_up
            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
            .map(Iterator::collect::<Vec<_>>)
            .and_then(|addresses| match addresses.is_empty() {
                true => Err(std::io::ErrorKind::NotFound.into()),
                false => Ok(addresses),
            });
        let connected = match &addresses {
            Ok(addresses) => Some(connect(addresses, at_most).await),
            Err(_) => None,
        };
        Some(Self {
            address,
            proxy: proxy.map(|(host, port)| format!("{host}:{port}")),
            addresses,
            connected,
        })
    }
}

/// The proxy that the system wants for `url`; this machine's own addresses have none.
fn proxy(url: &Url) -> Option<(String, u16)> {
    if super::client::is_loopback(url) {
        return None;
    }
    let uri = url.as_str().parse().ok()?;
    let found = Matcher::from_system().intercept(&uri)?;
    let uri = found.uri();
    let port = uri.port_u16().unwrap_or(match uri.scheme_str() {
        Some("https") => 443,
        Some("socks4" | "socks4a" | "socks5" | "socks5h") => 1080,
        _ => 80,
    });
    Some((uri.host()?.to_owned(), port))
}

/// Tries the addresses in turn.
async fn connect(addresses: &[SocketAddr], at_most: Duration) -> Result<Duration, std::io::Error> {
    let begun = Instant::now();
    let each = at_most / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut trouble = std::io::ErrorKind::TimedOut.into();
    for address in addresses {
        match tokio::time::timeout(each, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(begun.elapsed()),
            Ok(Err(error)) => trouble = error,
            Err(_) => trouble = std::io::ErrorKind::TimedOut.into(),
        }
    }
    Err(trouble)
}
