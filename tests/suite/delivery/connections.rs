//! What goes over how many connections, and that nobody waits for somebody else's answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::importer;
use crate::customers::Customers;

/// A server of a thread for each connection, which counts.
#[derive(Default)]
struct Counting {
    connections: AtomicUsize,
    /// POSTs that were answered.
    answered: Mutex<usize>,
    more: Condvar,
    /// The POST with this in its body is answered when so many others were.
    held: Option<(String, usize)>,
}

impl Counting {
    /// Starts it on a free port; says its URL. It goes with the process.
    fn start(self) -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let this = Arc::new(self);
        let server = Arc::clone(&this);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let server = Arc::clone(&server);
                server.connections.fetch_add(1, Ordering::Relaxed);
                std::thread::spawn(move || server.serve(stream.unwrap()));
            }
        });
        (this, url)
    }

    /// Answers requests until the client hangs up.
    fn serve(&self, stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut out = stream.try_clone().ok()?;
        let mut reader = BufReader::new(stream);
        loop {
            let (mut first, mut length) = (String::new(), 0);
            reader.read_line(&mut first).ok()?;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).ok()? == 0 {
                    return None;
                }
                let line = line.trim().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse().ok()?;
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            let (status, text) = if first.starts_with("POST") {
                self.create(&String::from_utf8_lossy(&body))
            } else {
                ("200 OK", r#"{"TotalItems":0,"Items":[]}"#.to_owned())
            };
            let length = text.len();
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{text}");
            out.write_all(answer.as_bytes()).ok()?;
        }
    }

    fn create(&self, body: &str) -> (&'static str, String) {
        let mut answered = self.answered.lock().unwrap();
        if let Some((number, others)) = &self.held
            && body.contains(number)
        {
            let patience = Duration::from_secs(50);
            let waits = |answered: &mut usize| *answered < *others;
            (answered, _) = self
                .more
                .wait_timeout_while(answered, patience, waits)
                .unwrap();
            if *answered < *others {
                let text = format!(r#"{{"ErrorMessage":"only {answered} others came"}}"#);
                return ("400 Bad Request", text);
            }
        }
        *answered += 1;
        self.more.notify_all();
        ("201 Created", format!(r#"{{"Id":{answered}}}"#))
    }
}

#[test]
fn a_request_without_an_answer_holds_nobody_up() {
    let customers = Customers::valid(21, 400);
    // Not the first one: before its answer nothing else leaves, for nobody knows the quota yet.
    let held = customers.0[1].cells[0].clone();
    for places in ["2", "64"] {
        let (_, url) = Counting {
            held: Some((format!("{held:?}"), 399)),
            ..Counting::default()
        }
        .start();
        let mut importer = importer(&customers, &url);
        importer.arg("--concurrency").arg(places);
        let run = importer.run().expect(0);
        assert_eq!(run.count("created"), 400);
        let attempts = run.rows("created.csv");
        assert!(attempts.iter().all(|row| row["attempts"] == "1"));
    }
}

#[test]
fn connections_are_used_again() {
    let customers = Customers::valid(22, 1_000);
    let (server, url) = Counting::default().start();
    let mut importer = importer(&customers, &url);
    importer.arg("--concurrency").arg("16");
    let run = importer.run().expect(0);
    assert_eq!(run.count("created"), 1_000);
    // One more asks what is there before anything is sent.
    let connections = server.connections.load(Ordering::Relaxed);
    assert!(connections <= 17, "{connections} connections");
}
