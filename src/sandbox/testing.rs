//! A plain client for the tests of this folder.

use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Faults, Sandbox, SandboxSettings};

/// Longest wait for something that must happen.
pub(super) const SOON: Duration = Duration::from_secs(20);

/// A sandbox with these settings.
pub(super) async fn sandbox(settings: SandboxSettings) -> Sandbox {
    Sandbox::start(settings).await.unwrap()
}

/// A sandbox with these faults.
pub(super) async fn with_faults(text: &str) -> Sandbox {
    sandbox(SandboxSettings {
        faults: Faults::parse(text).unwrap(),
        ..SandboxSettings::default()
    })
    .await
}

/// A client that does nothing by itself.
pub(super) fn client() -> Client {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .timeout(SOON)
        .build()
        .unwrap()
}

/// A valid body.
pub(super) fn body(number: &str) -> Value {
    json!({
        "Number": number,
        "CustomerGroupId": 1,
        "BillingAddress": {"City": "Köln", "CountryIso": "DE", "LastName": "Muster"},
        "LanguageIso": "DE",
        "InternalCompanyId": 1,
    })
}

/// The headers that the contract wants.
pub(super) fn dressed(request: RequestBuilder) -> RequestBuilder {
    request
        .header("x-appid", "Test/1.0.0")
        .header("x-appversion", "1.0.0")
        .header("api-version", "1.1")
}

/// A create that is ready to be sent.
pub(super) fn create(client: &Client, sandbox: &Sandbox, body: &Value) -> RequestBuilder {
    let url = sandbox.url() + "/v1/customers?disableAutomaticWorkflows=true";
    dressed(client.post(url))
        .header("content-type", "application/json")
        .body(body.to_string())
}

/// Status, headers and body of an answer; the error, if there is none.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) text: Result<String, reqwest::Error>,
}

impl Answered {
    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(self.text.as_ref().unwrap()).unwrap()
    }
}

/// Sends a request and reads its answer.
pub(super) async fn send(request: RequestBuilder) -> Result<Answered, reqwest::Error> {
    let response = request.send().await?;
    Ok(Answered {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await,
    })
}

/// Creates a customer.
pub(super) async fn post(sandbox: &Sandbox, number: &str) -> Result<Answered, reqwest::Error> {
    send(create(&client(), sandbox, &body(number))).await
}

/// Gets a path below the sandbox's URL.
pub(super) async fn get(sandbox: &Sandbox, path: &str) -> Result<Answered, reqwest::Error> {
    send(dressed(client().get(sandbox.url() + path))).await
}

/// The numbers in the ledger.
pub(super) fn numbers(sandbox: &Sandbox) -> Vec<String> {
    let entries = sandbox.ledger().into_iter();
    entries.map(|entry| entry.number).collect()
}

/// A create in bytes.
pub(super) fn raw(number: &str) -> Vec<u8> {
    let body = body(number).to_string();
    format!(
        "POST /customers HTTP/1.1\r\nHost: x\r\nx-appid: T\r\nx-appversion: 1\r\n\
         api-version: 1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
    )
    .into_bytes()
}

/// A connection on which bytes can be written as they are.
pub(super) async fn connect(sandbox: &Sandbox) -> TcpStream {
    TcpStream::connect(sandbox.url().strip_prefix("http://").unwrap())
        .await
        .unwrap()
}

/// Writes a create as bytes; the result is everything that comes until the connection ends.
pub(super) async fn exchange(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<String> {
    stream.write_all(bytes).await?;
    let mut read = Vec::new();
    stream.read_to_end(&mut read).await?;
    Ok(String::from_utf8_lossy(&read).into_owned())
}

/// Reads one answer with a `Content-Length`, and leaves the connection open.
pub(super) async fn read_answer(stream: &mut TcpStream) -> String {
    let mut read = String::new();
    loop {
        let whole = read.split_once("\r\n\r\n").and_then(|(head, body)| {
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1)?;
            let length: usize = length.lines().next()?.parse().ok()?;
            Some(body.len() >= length)
        });
        if whole == Some(true) {
            return read;
        }
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.unwrap();
        assert_ne!(count, 0, "{read}");
        read.push_str(&String::from_utf8_lossy(&part[..count]));
    }
}

/// Writes a create and leaves before it is answered.
pub(super) async fn abandon(sandbox: &Sandbox, number: &str) {
    let mut stream = connect(sandbox).await;
    stream.write_all(&raw(number)).await.unwrap();
}

/// Waits until something holds.
pub(super) async fn until(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < SOON, "waited in vain");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
