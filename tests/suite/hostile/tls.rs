//! A certificate that does not fit stops the run: nothing was sent, nobody failed, and nobody
//! waits for an outage to end that is none.
//!
//! The certificates in `certificates/` belong to nobody: made once by `openssl ca`, valid from
//! 2020 to 2120 (`expired.pem`: until 2021), for 127.0.0.1 (`other-host.pem`: for
//! erp.example.org), signed by `authority.pem`, whose key was thrown away.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::rogue::answer;
use super::{assert_orderly, importer};
use crate::customers::Customers;
use crate::support::repository;

/// A server that shows a certificate, and counts the requests that reached it. It has no
/// customers and creates everybody.
struct Secure {
    url: String,
    requests: Arc<AtomicUsize>,
}

fn certificate(name: &str) -> std::path::PathBuf {
    repository("tests/suite/hostile/certificates").join(name)
}

impl Secure {
    fn start(name: &str) -> Self {
        let file = certificate(name);
        let chain = vec![CertificateDer::from_pem_file(&file).unwrap()];
        let key = PrivateKeyDer::from_pem_file(&file).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, count) = (Arc::clone(&config), Arc::clone(&count));
                std::thread::spawn(move || serve(stream, config, &count));
            }
        });
        Self { url, requests }
    }
}

fn serve(stream: TcpStream, config: Arc<rustls::ServerConfig>, count: &AtomicUsize) -> Option<()> {
    let connection = rustls::ServerConnection::new(config).ok()?;
    let mut stream = rustls::StreamOwned::new(connection, stream);
    let mut heard = vec![0; 65_536];
    let length = stream.read(&mut heard).ok().filter(|length| *length > 0)?;
    let number = count.fetch_add(1, Ordering::SeqCst);
    let reply = if heard[..length].starts_with(b"POST") {
        answer("201 Created", &format!("{{\"Id\":{}}}", number + 1))
    } else {
        answer("200 OK", r#"{"TotalItems":0,"Items":[]}"#)
    };
    stream.write_all(&reply).ok()?;
    stream.conn.send_close_notify();
    stream.flush().ok()
}

/// The run stops with code 5, says why and what to do, and everybody is open.
#[track_caller]
fn assert_stopped(importer: &mut crate::support::Importer, why: &str) {
    importer.arg("--max-outage").arg("5s");
    let run = importer.run();
    assert_orderly(&run);
    assert_eq!(run.code, 5, "{why}: {}", run.said());
    assert_eq!(run.count("open"), 3);
    let said = run.said().to_lowercase();
    assert!(said.contains(&why.to_lowercase()), "{why}: {said}");
    assert!(said.contains("`base_url`"), "{said}");
    assert!(said.contains("the same command"), "{said}");
}

#[test]
fn a_certificate_that_nobody_vouches_for() {
    let customers = Customers::valid(381, 3);
    let secure = Secure::start("good.pem");
    assert_stopped(&mut importer(&customers, &secure.url), "certificate");
    assert_eq!(secure.requests.load(Ordering::SeqCst), 0);
}

/// Where a file says whom the machine trusts.
#[cfg(target_os = "linux")]
#[test]
fn a_certificate_that_is_out_of_date_or_for_another_host_until_it_fits() {
    let customers = Customers::valid(382, 3);
    let authority = certificate("authority.pem");
    let authority = authority.to_str().unwrap();
    for (name, why) in [
        ("expired.pem", "expired"),
        ("other-host.pem", "erp.example.org"),
    ] {
        let secure = Secure::start(name);
        let mut importer = importer(&customers, &secure.url);
        importer.env("SSL_CERT_FILE", authority);
        assert_stopped(&mut importer, why);
        assert_eq!(secure.requests.load(Ordering::SeqCst), 0);
        let fits = Secure::start("good.pem");
        importer.args(super::words(&fits.url));
        let run = importer.run().expect(0);
        assert_eq!(run.count("created"), 3);
    }
}

#[test]
fn what_speaks_no_tls_is_no_outage() {
    let customers = Customers::valid(383, 3);
    // It reads what it takes for a request, and says in HTTP that it is none.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gruff = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer("400 Bad Request", "no TLS here"));
        }
    });
    assert_stopped(&mut importer(&customers, &gruff), "no TLS");
    // An alert: no version in common.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let old = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            // Record: alert, TLS 1.0, two bytes; fatal, protocol_version.
            let _ = stream.write_all(&[21, 3, 1, 0, 2, 2, 70]);
        }
    });
    assert_stopped(&mut importer(&customers, &old), "ProtocolVersion");
}

#[cfg(target_os = "linux")]
#[test]
fn the_token_server_s_certificate_is_named_as_such() {
    let customers = Customers::valid(384, 3);
    let secure = Secure::start("expired.pem");
    let rogue = super::rogue::Rogue::start(|_, _| None);
    let mut importer = importer(&customers, &rogue.url());
    importer.env(
        "SSL_CERT_FILE",
        certificate("authority.pem").to_str().unwrap(),
    );
    importer.env("IMPORTER_CLIENT_ID", "client");
    importer.env("IMPORTER_CLIENT_SECRET", "secret");
    importer.env("IMPORTER_TOKEN_URL", format!("{}/token", secure.url));
    let run = importer.run();
    assert_orderly(&run);
    assert_eq!(run.code, 5, "{}", run.said());
    assert!(run.said().contains("expired"), "{}", run.said());
    assert!(run.said().contains("`token_url`"), "{}", run.said());
    assert!(rogue.ledger().is_empty());
    assert_eq!(secure.requests.load(Ordering::SeqCst), 0);
}

/// `importer doctor` names the step that fails, of the ERP and of the token server.
#[cfg(target_os = "linux")]
#[test]
fn the_doctor_tells_whose_certificate_does_not_fit() {
    use serde_json::Value;
    let authority = certificate("authority.pem");
    let good = Secure::start("good.pem");
    let expired = Secure::start("expired.pem");
    let mut importer = crate::support::Importer::new();
    importer.env("SSL_CERT_FILE", authority.to_str().unwrap());
    let verdict = |run: &crate::support::Run, check: &str| {
        let lines = run.stdout.lines();
        let mut lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let line = lines.find(|line| line["check"] == check).unwrap();
        (line["verdict"].clone(), line["text"].to_string())
    };
    importer.args(["doctor", "--json", "--base-url", &good.url]);
    let run = importer.run().expect(0);
    assert_eq!(verdict(&run, "tls").0, "ok");
    importer.args(["doctor", "--json", "--base-url", &expired.url]);
    let run = importer.run().expect(5);
    let (told, text) = verdict(&run, "tls");
    assert!(told == "failed" && text.contains("expired"), "{text}");
    // The finding says why; a line of the log would say it again.
    assert!(!run.stderr.contains("WARN"), "{}", run.stderr);
    assert_eq!(verdict(&run, "authorisation").0, "not_checked");
    importer.env("IMPORTER_CLIENT_ID", "client");
    importer.env("IMPORTER_CLIENT_SECRET", "secret");
    importer.env("IMPORTER_TOKEN_URL", format!("{}/token", expired.url));
    importer.args(["doctor", "--json", "--base-url", &good.url]);
    let run = importer.run().expect(5);
    let (told, text) = verdict(&run, "token");
    assert!(told == "failed" && text.contains("expired"), "{text}");
    assert_eq!(expired.requests.load(Ordering::SeqCst), 0);
}
