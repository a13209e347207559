//! A server that says whatever it is told to, byte for byte. It keeps a ledger of the customers
//! that it committed, and is well-behaved unless a test wants something else.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// How long an idle connection is kept.
#[cfg(unix)]
const IDLE_AT_MOST: Duration = Duration::from_millis(100);

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    /// Requests of this method before this one.
    pub(crate) before: usize,
}

/// What is answered.
pub(crate) enum Answer {
    /// These bytes; then the connection is closed.
    Bytes(Vec<u8>),
    /// These bytes; the connection stays open for another request, but not for long.
    #[cfg(unix)]
    Kept(Vec<u8>),
    /// These bytes, then the second ones again and again until nobody reads on.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes, and nothing more while the connection stays open.
    Stalling(Vec<u8>),
}

/// What a test wants to be answered; none: what a good server would. The ledger is what is
/// committed so far.
type Whim = dyn Fn(&Asked, &mut Vec<String>) -> Option<Answer> + Send + Sync;

/// The server. Its threads end with the test's process.
pub(crate) struct Rogue {
    address: String,
    state: Arc<State>,
}

struct State {
    whim: Box<Whim>,
    ledger: Mutex<Vec<String>>,
    asked: Mutex<Vec<Asked>>,
}

impl Rogue {
    pub(crate) fn start(
        whim: impl Fn(&Asked, &mut Vec<String>) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State {
            whim: Box::new(whim),
            ledger: Mutex::default(),
            asked: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || state.serve(stream));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The committed numbers, in their order.
    pub(crate) fn ledger(&self) -> Vec<String> {
        lock(&self.state.ledger).clone()
    }

    /// The requests of a method.
    pub(crate) fn asked(&self, method: &str) -> Vec<Asked> {
        let asked = lock(&self.state.asked);
        let these = asked.iter().filter(|asked| asked.method == method);
        these.cloned().collect()
    }

    /// How often each customer was sent, at most.
    pub(crate) fn most_posts_of_one(&self) -> usize {
        let sent: Vec<String> = self.asked("POST").iter().filter_map(number_in).collect();
        let times = |number: &String| sent.iter().filter(|other| *other == number).count();
        sent.iter().map(times).max().unwrap_or(0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of the customer that a POST carries.
pub(crate) fn number_in(asked: &Asked) -> Option<String> {
    let body: Value = serde_json::from_slice(&asked.body).ok()?;
    Some(body["Number"].as_str()?.to_owned())
}

/// A proper answer with this body.
pub(crate) fn answer(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

impl State {
    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        while self.answer(&mut stream)? {}
        stream.shutdown(Shutdown::Write).ok()?;
        // The rest is read, so that closing does not cut the answer off.
        while stream.read(&mut [0; 4096]).ok()? > 0 {}
        Some(())
    }

    /// Answers one request; says whether the connection stays open.
    fn answer(&self, stream: &mut TcpStream) -> Option<bool> {
        let mut asked = read_request(stream)?;
        let reply = {
            let mut all = lock(&self.asked);
            let same = all.iter().filter(|other| other.method == asked.method);
            asked.before = same.count();
            all.push(asked.clone());
            let mut ledger = lock(&self.ledger);
            (self.whim)(&asked, &mut ledger)
                .unwrap_or_else(|| Answer::Bytes(as_it_should(&asked, &mut ledger)))
        };
        match reply {
            Answer::Bytes(bytes) => stream.write_all(&bytes).ok()?,
            Answer::Endless(first, again) => {
                stream.write_all(&first).ok()?;
                while stream.write_all(&again).is_ok() {}
            }
            Answer::Stalling(bytes) => {
                stream.write_all(&bytes).ok()?;
                let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
                let _ = stream.read(&mut [0; 64]);
            }
            #[cfg(unix)]
            Answer::Kept(bytes) => {
                stream.write_all(&bytes).ok()?;
                stream.set_read_timeout(Some(IDLE_AT_MOST)).ok()?;
                return Some(true);
            }
        }
        Some(false)
    }
}

fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut heard = Vec::new();
    let mut chunk = [0; 4096];
    let end = loop {
        if let Some(at) = heard.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
        heard.extend_from_slice(&chunk[..read]);
    };
    let head = String::from_utf8_lossy(&heard[..end]).into_owned();
    let length: usize = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.trim().parse().unwrap());
    while heard.len() < end + length {
        let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
        heard.extend_from_slice(&chunk[..read]);
    }
    let mut words = head.split(' ');
    Some(Asked {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        body: heard[end..].to_vec(),
        before: 0,
    })
}

/// Commits a customer; the answer's body.
pub(crate) fn commit(asked: &Asked, ledger: &mut Vec<String>) -> String {
    ledger.push(number_in(asked).unwrap());
    json!({ "Id": ledger.len(), "Number": ledger.last() }).to_string()
}

/// What a good server would answer.
pub(crate) fn as_it_should(asked: &Asked, ledger: &mut Vec<String>) -> Vec<u8> {
    if asked.method == "POST" {
        return answer("201 Created", &commit(asked, ledger));
    }
    if asked.path.contains("/companies") {
        return answer("404 Not Found", "");
    }
    let wanted = asked
        .path
        .split(['?', '&'])
        .find_map(|pair| pair.strip_prefix("number="));
    let items: Vec<Value> = (1..)
        .zip(ledger.iter())
        .filter(|(_, number)| wanted.is_none_or(|wanted| wanted == *number))
        .map(|(id, number)| json!({ "Id": id, "Number": number }))
        .collect();
    let body = json!({ "TotalItems": items.len(), "Items": items });
    answer("200 OK", &body.to_string())
}
