//! One HTTP request, one attempt: sends it once, and tells exactly what was seen.
//!
//! Nothing here repeats a request, follows a redirect or judges an answer. HTTP/1.1 only,
//! connections are dropped before the server drops them, and bodies are read up to 1 MiB.

mod look;
mod registering;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::Uri;
use hyper::body::{Body, Bytes};
use jiff::fmt::rfc2822;
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use reqwest::{Client as Http, Method, Url};
use tokio::sync::watch;
use tokio::time::Instant;

use super::auth::{Auth, BadCredential};
use super::direct::{self, Direct};
use super::settings::{Credentials, DeliverySettings, TargetSettings};
use crate::fail_point::{self, Point};
use crate::names::NameList;
use crate::outcome::{Answer, Attempt, Ending, Quota, Sent, Trouble};

pub(crate) use look::is_loopback;
pub use look::{Look, Looked, NoLook};
pub use registering::{App, Opened, Polled};

/// Longest answer that is read, in bytes.
pub(super) const BODY_AT_MOST: usize = 1 << 20;
/// Time limit for making a connection.
const CONNECT_AT_MOST: Duration = Duration::from_secs(10);
/// Idle connections are dropped after this time: usual servers keep them for longer.
pub(super) const IDLE_AT_MOST: Duration = Duration::from_secs(4);
/// The longest interval of a quota that is believed.
const INTERVAL_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest limit of a quota that is believed.
const LIMIT_AT_MOST: u32 = 1_000_000;
/// How this program introduces itself.
const INTRODUCTION: &str = concat!("wawi-importer/", env!("CARGO_PKG_VERSION"));
/// Customers asked for on one page of a look-up or listing.
pub const PAGE_SIZE: u32 = 100;

/// A target or credential that requests cannot be made of.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is no URL.
    #[error("`{url}` is no usable address: {why}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A setting cannot be a header's value.
    #[error("the value of `{header}` has a character that no HTTP header can carry")]
    Header {
        /// The header.
        header: &'static str,
    },
    /// A credential cannot be a header's value.
    #[error(transparent)]
    Credential(#[from] BadCredential),
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Setup(#[source] reqwest::Error),
}

/// How customers are asked for.
#[derive(Clone, Debug)]
pub enum Query {
    /// By number.
    Number(String),
    /// By `searchKeyWord`.
    Keyword(String),
    /// All of them.
    All,
}

/// The one who talks to the ERP.
pub struct Client {
    http: Http,
    /// The short way, where there is one: then nothing but tokens is fetched by `http`.
    direct: Option<Direct>,
    auth: Auth,
    headers: HeaderMap,
    /// The headers of a POST and of a GET, as they go the short way.
    post_lines: Vec<u8>,
    get_lines: Vec<u8>,
    /// The address that customers are posted to, in both of its forms.
    post_url: Url,
    post_target: String,
    collection: Url,
    timeout: Duration,
}

impl Client {
    /// Prepares requests to `target`.
    ///
    /// # Errors
    /// If the address or a header cannot be used.
    pub fn new(
        target: &TargetSettings,
        credentials: Credentials,
        settings: &DeliverySettings,
    ) -> Result<Self, ClientError> {
        let address = format!("{}{}", target.base_url, target.path);
        let collection = Url::parse(&address).map_err(|error| ClientError::Url {
            url: address.clone(),
            why: error.to_string(),
        })?;
        let mut post_url = collection.clone();
        if !target.run_workflows {
            post_url
                .query_pairs_mut()
                .append_pair("disableAutomaticWorkflows", "true");
        }
        let loopback = is_loopback(&collection);
        let connect_at_most = CONNECT_AT_MOST.min(settings.timeout);
        let mut builder = Http::builder()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(connect_at_most)
            .timeout(settings.timeout)
            .pool_idle_timeout(IDLE_AT_MOST)
            .user_agent(INTRODUCTION);
        if loopback {
            builder = builder.no_proxy();
            if !uses_tls(&collection, &credentials) {
                // Nobody ever shows a certificate: to read all that the system trusts would
                // take longer than a short run.
                builder = builder.tls_certs_only([]);
            }
        }
        let http = builder.build().map_err(ClientError::Setup)?;
        let auth = Auth::new(credentials, http.clone(), settings.max_outage);
        let mut headers = auth.fixed_headers()?;
        contract_headers(target, &mut headers)?;
        let direct = Direct::new(&collection, loopback, connect_at_most);
        if direct.is_some() {
            headers.insert(USER_AGENT, HeaderValue::from_static(INTRODUCTION));
            if let Some(host) = direct::host_header(&collection) {
                headers.insert(HOST, host);
            }
        }
        let post_target = relative(&post_url);
        post_target.parse::<Uri>().map_err(|why| ClientError::Url {
            url: address,
            why: why.to_string(),
        })?;
        let get_lines = direct::lines(&headers);
        headers.insert(CONTENT_TYPE, JSON);
        let post_lines = direct::lines(&headers);
        headers.remove(CONTENT_TYPE);
        Ok(Self {
            http,
            direct,
            auth,
            headers,
            post_lines,
            get_lines,
            post_url,
            post_target,
            collection,
            timeout: settings.timeout,
        })
    }

    /// Whether a 401 can be cured by a new token.
    #[must_use]
    pub fn is_renewable(&self) -> bool {
        self.auth.is_renewable()
    }

    /// Gets a new token.
    ///
    /// # Errors
    /// How the run ends because there is none.
    pub async fn renew(&self) -> Result<(), Ending> {
        self.auth.renew().await
    }

    /// While the server that gives out tokens is away: when that becomes an outage.
    #[must_use]
    pub fn token_gives_up(&self) -> watch::Receiver<Option<Instant>> {
        self.auth.gives_up()
    }

    /// Sees to it that there is a token, if one is needed: whatever is sent next leaves at
    /// once.
    ///
    /// # Errors
    /// How the run ends because there is none.
    pub async fn ready(&self) -> Result<(), Ending> {
        self.auth.token_header().await.map(drop)
    }

    /// Sends one customer.
    ///
    /// # Errors
    /// How the run ends because no token can be had; nothing was sent then.
    pub async fn post(&self, body: &Arc<[u8]>) -> Result<Attempt, Ending> {
        match &self.direct {
            Some(direct) => {
                let request = direct::Request {
                    method: "POST",
                    target: &self.post_target,
                    headers: &self.post_lines,
                    token: None,
                    body: Some(body),
                };
                self.send_directly(direct, request).await
            }
            None => {
                let url = self.post_url.clone();
                let body = Bytes::from_owner(Arc::clone(body));
                Box::pin(self.send_by_http(Method::POST, url, Some(body))).await
            }
        }
    }

    /// Asks for one page of customers.
    ///
    /// # Errors
    /// How the run ends because no token can be had; nothing was sent then.
    pub async fn list(&self, query: &Query, page: u32, size: u32) -> Result<Attempt, Ending> {
        self.get(self.list_url(query, page, size)).await
    }

    fn list_url(&self, query: &Query, page: u32, size: u32) -> Url {
        let mut url = self.collection.clone();
        {
            let mut pairs = url.query_pairs_mut();
            match query {
                Query::Number(number) => pairs.append_pair("number", number),
                Query::Keyword(word) => pairs.append_pair("searchKeyWord", word),
                Query::All => &mut pairs,
            };
            pairs.append_pair("pageNumber", &page.to_string());
            pairs.append_pair("pageSize", &size.to_string());
        }
        url
    }

    /// Asks for the companies, whose ids tell one ERP from another behind the same address.
    ///
    /// # Errors
    /// How the run ends because no token can be had; nothing was sent then.
    pub async fn companies(&self) -> Result<Attempt, Ending> {
        self.names(NameList::Company, 1).await
    }

    /// Asks for one page of a list. The first is asked for without a word about pages, which
    /// not every list knows.
    ///
    /// # Errors
    /// How the run ends because no token can be had; nothing was sent then.
    pub async fn names(&self, list: NameList, page: u32) -> Result<Attempt, Ending> {
        let mut url = self.beside(list.path());
        if page > 1 {
            url.query_pairs_mut()
                .append_pair("pageNumber", &page.to_string());
        }
        self.get(url).await
    }

    /// What lies beside the collection of customers.
    fn beside(&self, name: &str) -> Url {
        let mut url = self.collection.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().pop().push(name);
        }
        url
    }

    async fn get(&self, url: Url) -> Result<Attempt, Ending> {
        match &self.direct {
            Some(direct) => {
                let request = direct::Request {
                    method: "GET",
                    target: &relative(&url),
                    headers: &self.get_lines,
                    token: None,
                    body: None,
                };
                self.send_directly(direct, request).await
            }
            None => Box::pin(self.send_by_http(Method::GET, url, None)).await,
        }
    }

    /// Sends one request over a connection of our own. The time limit is the same: from now
    /// until the whole answer is there.
    async fn send_directly(
        &self,
        direct: &Direct,
        mut request: direct::Request<'_>,
    ) -> Result<Attempt, Ending> {
        let token = self.auth.token_header().await?;
        request.token = token.as_ref();
        let ends = Instant::now() + self.timeout;
        Ok(match direct.send(&request, ends).await {
            Ok((status, headers, body)) => Attempt::Answered(answer(status, &headers, body)),
            Err((kind, sent)) => no_answer(kind, sent),
        })
    }

    /// Sends one request with TLS, or through a proxy.
    async fn send_by_http(
        &self,
        method: Method,
        url: Url,
        body: Option<Bytes>,
    ) -> Result<Attempt, Ending> {
        let mut request = self.http.request(method, url).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, JSON).body(body);
        }
        if let Some(token) = self.auth.token_header().await? {
            request = request.header(AUTHORIZATION, token);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Ok(unanswered(&error)),
        };
        let (head, rest) = apart(response);
        let body = read_body(rest, |error: reqwest::Error| {
            if error.is_timeout() {
                Trouble::Timeout
            } else {
                Trouble::Broken
            }
        });
        Ok(Attempt::Answered(answer(
            head.status.as_u16(),
            &head.headers,
            body.await,
        )))
    }
}

/// The head of an answer is there, and nobody has read the rest.
pub(super) fn begun() {
    fail_point::pass(Point::AnswerBegun);
}

/// An answer that has begun, taken apart.
fn apart(response: reqwest::Response) -> (hyper::http::response::Parts, reqwest::Body) {
    begun();
    hyper::Response::from(response).into_parts()
}

/// What bodies are.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The address as it stands in a request to the server itself.
fn relative(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Whether a request to the target, or for a token, is ever sent through TLS. No request follows
/// a redirect.
fn uses_tls(target: &Url, credentials: &Credentials) -> bool {
    let is_plain = |url: &Url| url.scheme() == "http";
    let for_token = match credentials {
        Credentials::OAuth2 { token_url, .. } => {
            !Url::parse(token_url).is_ok_and(|url| is_plain(&url))
        }
        Credentials::Gateway | Credentials::ApiKey(_) | Credentials::Token { .. } => false,
    };
    !is_plain(target) || for_token
}

/// The headers that the contract asks for, apart from credentials.
fn contract_headers(target: &TargetSettings, headers: &mut HeaderMap) -> Result<(), ClientError> {
    let mut add = |name: &'static str, value: &str| {
        let value =
            HeaderValue::from_str(value).map_err(|_| ClientError::Header { header: name })?;
        headers.insert(HeaderName::from_static(name), value);
        Ok::<_, ClientError>(())
    };
    add("accept", "application/json")?;
    add("api-version", &target.api_version)?;
    add("x-appid", &target.app_id)?;
    add("x-appversion", &target.app_version)?;
    if let Some(user) = &target.run_as {
        add("x-runas", user)?;
    }
    if let Some(session) = &target.session_id {
        add("x-sessionid", session)?;
    }
    if let Some(tenant) = &target.tenant_id {
        add("x-tenant-id", tenant)?;
        // The oldest page of version 1.0 spells it so; sending both suits both.
        if target.api_version == "1.0" {
            add("tenant-id", tenant)?;
        }
    }
    Ok(())
}

fn answer(status: u16, headers: &HeaderMap, body: Result<Vec<u8>, Trouble>) -> Answer {
    Answer {
        status,
        retry_after: retry_after(headers),
        quota: quota(headers),
        body,
    }
}

/// Reads a body to its end, or says why that cannot be done.
async fn read_body<B>(
    mut rest: B,
    trouble: impl Fn(B::Error) -> Trouble,
) -> Result<Vec<u8>, Trouble>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut body = Vec::new();
    while let Some(frame) = rest.frame().await {
        let Ok(chunk) = frame.map_err(&trouble)?.into_data() else {
            continue;
        };
        if body.len() + chunk.len() > BODY_AT_MOST {
            return Err(Trouble::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What went wrong, and whether the server may have seen the request. Only what certainly
/// happened before the request was written counts as never sent.
fn unanswered(error: &reqwest::Error) -> Attempt {
    if let Some(why) = tls_refusal(error) {
        // It stops the run, so that this is said once or twice.
        tracing::warn!(%why, "no secure connection");
    }
    let (kind, sent) = trouble_of(error);
    no_answer(kind, sent)
}

/// See [`unanswered`]; says nothing in the log.
fn trouble_of(error: &reqwest::Error) -> (Trouble, Sent) {
    if tls_refusal(error).is_some() {
        (Trouble::Tls, Sent::Never)
    } else if error.is_dns() {
        (Trouble::Dns, Sent::Never)
    } else if error.is_connect() && error.is_timeout() {
        (Trouble::ConnectTimeout, Sent::Never)
    } else if error.is_connect() || error.is_builder() {
        (Trouble::Connect, Sent::Never)
    } else if error.is_timeout() {
        (Trouble::Timeout, Sent::Maybe)
    } else {
        (Trouble::Broken, Sent::Maybe)
    }
}

fn no_answer(kind: Trouble, sent: Sent) -> Attempt {
    tracing::debug!(?kind, ?sent, "no answer");
    Attempt::Unanswered { kind, sent }
}

/// Why no secure connection could be made with whoever answered: the certificate is not trusted,
/// is out of date or names another host, or what answers speaks no TLS that we do. No patience
/// helps there. The TLS library's error type is not part of reqwest's interface: it comes as
/// invalid data, and a platform's own verifier in words about certificates.
pub(super) fn tls_refusal(error: &reqwest::Error) -> Option<String> {
    if !error.is_connect() {
        return None;
    }
    let mut source = error.source();
    while let Some(inner) = source {
        let text = inner.to_string();
        let invalid = inner.downcast_ref().is_some_and(is_invalid_data);
        if invalid || text.to_lowercase().contains("certificate") {
            return Some(text);
        }
        source = inner.source();
    }
    None
}

/// Whether it says so itself, or the one that it wraps does (which is no source of it).
fn is_invalid_data(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::InvalidData
        || error
            .get_ref()
            .and_then(|inner| inner.downcast_ref())
            .is_some_and(is_invalid_data)
}

/// `Retry-After` as seconds or as an HTTP date; a date counts from the answer's own `Date`,
/// for the two clocks may differ. It may be absurdly long: who waits sets the bound.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let instant = |text: &str| rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    let until = instant(text)?;
    let now = headers
        .get("date")
        .and_then(|date| date.to_str().ok())
        .and_then(instant)
        .unwrap_or_else(jiff::Timestamp::now);
    Duration::try_from(until.duration_since(now)).ok()
}

/// The server's own quota from its `X-RateLimit-*` headers. An interval of more than a day or
/// of none at all is no quota that a run could keep to, and is taken for none; a limit of more
/// than a million requests counts as a million, for each of them is remembered.
#[must_use]
pub fn quota(headers: &HeaderMap) -> Option<Quota> {
    let number = |name: &str| {
        let text = headers.get(name)?.to_str().ok()?.trim();
        let number = text.parse::<f64>().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number)
    };
    let limit = number("x-ratelimit-limit")?;
    let interval = number("x-ratelimit-interval-length-seconds")?;
    let interval = Duration::try_from_secs_f64(interval)
        .ok()
        .filter(|interval| !interval.is_zero() && *interval <= INTERVAL_AT_MOST)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and negative numbers were left out"
    )]
    let whole = |number: f64| number as u32;
    Some(Quota {
        limit: whole(limit).min(LIMIT_AT_MOST),
        interval,
        remaining: number("x-ratelimit-remaining").map(whole),
    })
}

#[cfg(test)]
mod tests;
