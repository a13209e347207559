//! One address in front of several ERPs, as a gateway or a tunnel is: the tenant's header says
//! which one is meant, and what is behind it can change. It may tell companies of its own.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::stand_in::StandIn;

/// What `GET /companies` answers.
#[derive(Clone)]
pub(super) enum Companies {
    /// These ids.
    Ids(Vec<i64>),
    /// There is no such endpoint.
    Absent,
    /// Nobody with these credentials may read them.
    Forbidden,
    /// So often an answer without sense, then these ids.
    Garbled(u32, Vec<i64>),
}

struct Behind {
    /// Ports by tenant; the empty name is for requests without a tenant.
    ports: BTreeMap<String, u16>,
    companies: Companies,
    /// Method and path of every request.
    seen: Vec<String>,
}

/// The address; it goes when it is dropped.
pub(super) struct Front {
    address: SocketAddr,
    behind: Arc<Mutex<Behind>>,
    ended: Arc<AtomicBool>,
}

impl Front {
    pub(super) fn start(companies: Companies) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let front = Self {
            address: listener.local_addr().unwrap(),
            behind: Arc::new(Mutex::new(Behind {
                ports: BTreeMap::new(),
                companies,
                seen: Vec::new(),
            })),
            ended: Arc::new(AtomicBool::new(false)),
        };
        let (behind, ended) = (Arc::clone(&front.behind), Arc::clone(&front.ended));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let behind = Arc::clone(&behind);
                if let Ok(client) = client {
                    // A client that goes away is nobody's business.
                    std::thread::spawn(move || drop(forward(client, &behind)));
                }
            }
        });
        front
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on `tenant` leads to `erp`.
    pub(super) fn lead(&self, tenant: &str, erp: &StandIn) {
        let mut behind = self.behind.lock().unwrap();
        behind.ports.insert(tenant.to_owned(), erp.port());
    }

    pub(super) fn tell(&self, companies: Companies) {
        self.behind.lock().unwrap().companies = companies;
    }

    /// Method and path of every request so far.
    pub(super) fn seen(&self) -> Vec<String> {
        self.behind.lock().unwrap().seen.clone()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it ends.
        drop(TcpStream::connect(self.address));
    }
}

/// Takes one request to where it belongs, and its answer back; then the connection closes.
fn forward(mut client: TcpStream, behind: &Mutex<Behind>) -> io::Result<()> {
    let (head, body) = request(&mut client)?;
    let lines = || head.split("\r\n");
    let value = |name: &str| {
        let mut pairs = lines().skip(1).filter_map(|line| line.split_once(':'));
        let found = pairs.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned())
    };
    let first = lines().next().unwrap_or_default();
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let tenant = value("x-tenant-id").unwrap_or_default();
    let (port, companies) = {
        let mut behind = behind.lock().unwrap();
        behind.seen.push(format!("{method} {path}"));
        let companies = behind.companies.clone();
        if path.ends_with("/companies")
            && let Companies::Garbled(left, _) = &mut behind.companies
        {
            *left = left.saturating_sub(1);
        }
        (behind.ports.get(&tenant).copied(), companies)
    };
    if path.ends_with("/companies") {
        let (status, text) = match companies {
            Companies::Garbled(1.., _) => ("200 OK", "<html>Please come in.</html>".to_owned()),
            Companies::Forbidden => ("403 Forbidden", String::new()),
            Companies::Ids(ids) | Companies::Garbled(0, ids) => {
                let list = ids
                    .iter()
                    .map(|id| format!("{{\"Id\":{id},\"Name\":\"F\"}}"));
                (
                    "200 OK",
                    format!("[{}]", list.collect::<Vec<_>>().join(",")),
                )
            }
            Companies::Absent => ("404 Not Found", String::new()),
        };
        let length = text.len();
        return write!(
            client,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{text}"
        );
    }
    let Some(port) = port else {
        return write!(
            client,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
    };
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    let kept = lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let kept = kept.collect::<Vec<_>>().join("\r\n");
    write!(server, "{kept}\r\nConnection: close\r\n\r\n")?;
    server.write_all(&body)?;
    io::copy(&mut server, &mut client)?;
    Ok(())
}

/// A request's head without the empty line, and its body.
fn request(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = client.read(&mut chunk)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .unwrap_or(0);
        if bytes.len() >= end + 4 + length {
            return Ok((head, bytes[end + 4..].to_vec()));
        }
    }
}
