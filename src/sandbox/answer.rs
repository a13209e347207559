//! Answers: their JSON, their headers, and bodies that break off or never end.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{
    CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use hyper::{Response, StatusCode};
use serde_json::{Map, Value, json};
use tokio::time::Sleep;

use super::quota::Admission;
use super::wire::Sabotage;

/// An endless body breaks off after so many frames of 16 KiB: 64 MiB.
const ENDLESS_FRAMES: u32 = 4096;

/// What a request comes to.
#[derive(Debug)]
pub(super) enum Deed {
    /// An answer.
    Answer(Answer),
    /// No answer: the connection closes.
    Close,
    /// No answer: the connection is reset.
    Reset,
}

/// An answer before it is put into HTTP.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Payload,
    /// Value of `Retry-After`.
    pub(super) retry_after: Option<String>,
    /// What the quota headers say.
    pub(super) quota: Option<Admission>,
    /// Close the connection afterwards, unannounced.
    pub(super) close: bool,
    /// What happens to its bytes on the wire.
    pub(super) sabotage: Option<Sabotage>,
    /// Value of `Content-Encoding`, true or not.
    pub(super) encoding: Option<&'static str>,
}

impl Answer {
    /// An answer with a JSON body.
    pub(super) fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            body: Payload::Whole(body.into()),
            retry_after: None,
            quota: None,
            close: false,
            sabotage: None,
            encoding: None,
        }
    }

    /// An error as the API describes it; `camel` spells the keys as newer builds do. A 5xx
    /// brings a stack trace along, which clients must not show.
    pub(super) fn error(status: u16, code: &str, message: &str, camel: bool) -> Self {
        Self::errors(status, code, message, Map::new(), camel)
    }

    /// An error with validation errors by field.
    pub(super) fn errors(
        status: u16,
        code: &str,
        message: &str,
        fields: Map<String, Value>,
        camel: bool,
    ) -> Self {
        let mut body = Map::new();
        body.insert("ErrorCode".to_owned(), code.into());
        body.insert("ErrorMessage".to_owned(), message.into());
        body.insert("ValidationErrors".to_owned(), fields.into());
        if status >= 500 {
            let trace = "   at Sandbox.Customers.Create(STACK-TRACE-CANARY)";
            body.insert("Stacktrace".to_owned(), trace.into());
        }
        if camel {
            body = body
                .into_iter()
                .map(|(key, v)| (camel_case(&key), v))
                .collect();
        }
        Self::json(status, Value::Object(body).to_string())
    }

    /// Puts the answer into HTTP.
    pub(super) fn into_response(self) -> Response<Payload> {
        let mut response = Response::new(self.body);
        let status = StatusCode::from_u16(self.status);
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(CONTENT_TYPE, json);
        if (300..400).contains(&self.status) {
            let elsewhere = HeaderValue::from_static("/moved/customers");
            headers.insert(LOCATION, elsewhere);
        }
        if let Some(encoding) = self.encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        if let Some(Ok(value)) = self.retry_after.map(HeaderValue::try_from) {
            headers.insert(RETRY_AFTER, value);
        }
        if let Some(quota) = self.quota {
            let counts = [
                ("x-ratelimit-limit", u64::from(quota.limit)),
                (
                    "x-ratelimit-interval-length-seconds",
                    quota.interval_seconds,
                ),
                ("x-ratelimit-remaining", u64::from(quota.remaining)),
            ];
            for (name, count) in counts {
                headers.insert(HeaderName::from_static(name), HeaderValue::from(count));
            }
        }
        response
    }
}

fn camel_case(key: &str) -> String {
    let mut letters = key.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// The answer to a create: the posted body with `Id` and `Number`. `given` tells that the body
/// has the number already.
pub(super) fn created(id: i32, number: &str, given: bool, body: &str, odd: bool) -> Vec<u8> {
    let inside = body.trim_start().strip_prefix('{').unwrap_or("}");
    if odd {
        return odd_customer(id, number, body).to_string().into_bytes();
    }
    let mut answer = Vec::with_capacity(body.len() + 64);
    answer.extend_from_slice(format!("{{\"Id\":{id},").as_bytes());
    if !given {
        let number = Value::from(number);
        answer.extend_from_slice(format!("\"Number\":{number},").as_bytes());
    }
    answer.extend_from_slice(inside.as_bytes());
    answer
}

/// A customer as loose as the published examples.
fn odd_customer(id: i32, number: &str, body: &str) -> Value {
    let mut customer: Map<String, Value> = serde_json::from_str(body).unwrap_or_default();
    customer.insert("Id".to_owned(), id.into());
    customer.insert("Number".to_owned(), number.into());
    loosen(&mut customer);
    Value::Object(customer)
}

/// Makes a customer as loose as the published examples.
pub(super) fn loosen(customer: &mut Map<String, Value>) {
    let others = json!({"OtherBillingAddresses": "", "OtherShippingAddresses": null});
    customer.insert("OtherAddresses".to_owned(), others);
    customer.insert("Birthday".to_owned(), "1985-01-01T".into());
    customer.insert("InternalNote".to_owned(), Value::Null);
    customer.insert("Extra".to_owned(), json!({"Nested": [1, "two", 3.5]}));
}

/// A body, whole or damaged on purpose.
pub(super) enum Payload {
    /// All of it.
    Whole(Bytes),
    /// The first half of it; then the connection breaks.
    Cut {
        /// The whole body, until half of it is sent.
        whole: Option<Bytes>,
        /// How often it was asked for more.
        asked: u8,
    },
    /// JSON that goes on and on, up to a cap that only a careless client reaches.
    Endless {
        /// How often it was asked for more.
        asked: u32,
    },
    /// A byte at a time.
    Drip {
        /// What is left.
        rest: Bytes,
        /// Time between two bytes.
        pause: Duration,
        /// The pause that is running.
        sleep: Pin<Box<Sleep>>,
    },
}

impl Payload {
    /// Half of a body and a break.
    pub(super) fn cut(whole: Bytes) -> Self {
        let whole = Some(whole);
        Self::Cut { whole, asked: 0 }
    }

    /// A body that takes about `time` to arrive.
    pub(super) fn drip(rest: Bytes, time: Duration) -> Self {
        let bytes = u32::try_from(rest.len()).unwrap_or(u32::MAX).max(1);
        let pause = (time / bytes).max(Duration::from_millis(1));
        let sleep = Box::pin(tokio::time::sleep(pause));
        Self::Drip { rest, pause, sleep }
    }

    /// The body as it should be.
    pub(super) fn whole(self) -> Bytes {
        match self {
            Self::Whole(bytes) => bytes,
            _ => Bytes::new(),
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole(_) => "Whole",
            Self::Cut { .. } => "Cut",
            Self::Endless { .. } => "Endless",
            Self::Drip { .. } => "Drip",
        })
    }
}

/// The connection breaks, on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox breaks this connection on purpose")]
pub(super) struct Broken;

impl Body for Payload {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let frame = |bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => frame(std::mem::take(bytes)),
            Self::Cut { whole, asked } => {
                if let Some(bytes) = whole.take() {
                    return frame(bytes.slice(..bytes.len() / 2));
                }
                // What was handed over is written to the wire only while we are not ready.
                *asked += 1;
                if *asked > 1 {
                    return Poll::Ready(Some(Err(Broken)));
                }
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Endless { asked } => {
                const SPACES: &[u8] = &[b' '; 16 * 1024];
                *asked += 1;
                match *asked {
                    1 => frame(Bytes::from_static(b"{\"Id\":")),
                    ENDLESS_FRAMES.. => Poll::Ready(Some(Err(Broken))),
                    // Others on this thread want to run, too.
                    turn if turn % 16 == 0 => {
                        context.waker().wake_by_ref();
                        Poll::Pending
                    }
                    _ => frame(Bytes::from_static(SPACES)),
                }
            }
            Self::Drip { rest, pause, sleep } => {
                if rest.is_empty() {
                    return Poll::Ready(None);
                }
                ready!(sleep.as_mut().poll(context));
                sleep.set(tokio::time::sleep(*pause));
                frame(rest.split_to(1))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        let exact = |bytes: &Bytes| SizeHint::with_exact(bytes.len() as u64);
        match self {
            Self::Whole(bytes) | Self::Drip { rest: bytes, .. } => exact(bytes),
            Self::Cut { whole, .. } => whole.as_ref().map_or_else(SizeHint::default, exact),
            Self::Endless { .. } => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(answer: Answer) -> Value {
        serde_json::from_slice(&answer.body.whole()).unwrap()
    }

    #[test]
    fn a_created_customer_is_the_body_with_id_and_number() {
        let read = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).unwrap();
        assert_eq!(
            read(created(
                1001,
                "C\"1",
                false,
                "\n{ \"LanguageIso\": \"DE\"}",
                false
            )),
            json!({"Id": 1001, "Number": "C\"1", "LanguageIso": "DE"}),
        );
        assert_eq!(
            read(created(1001, "C1", true, "{\"Number\":\"C1\"}", false)),
            json!({"Id": 1001, "Number": "C1"}),
        );
        let odd = read(created(
            7,
            "C1",
            false,
            "{\"Birthday\":\"1985-01-01T00:00:00Z\"}",
            true,
        ));
        assert_eq!(odd["Birthday"], "1985-01-01T");
        assert_eq!(odd["OtherAddresses"]["OtherBillingAddresses"], "");
        assert_eq!((&odd["Id"], &odd["Number"]), (&json!(7), &json!("C1")));
    }

    #[test]
    fn errors_have_the_published_keys() {
        let mut fields = Map::new();
        fields.insert("Number".to_owned(), "exists".into());
        let error = body(Answer::errors(400, "V", "text", fields, false));
        assert_eq!(
            error,
            json!({"ErrorCode": "V", "ErrorMessage": "text", "ValidationErrors": {"Number": "exists"}}),
        );
        let error = body(Answer::error(500, "V", "text", true));
        assert_eq!(error["errorCode"], "V");
        assert!(error["stacktrace"].is_string());
    }

    #[test]
    fn headers_tell_quota_and_patience() {
        let mut answer = Answer::json(429, "");
        answer.retry_after = Some("3".to_owned());
        answer.quota = Some(Admission {
            limit: 10,
            interval_seconds: 45,
            remaining: 5,
            wait: None,
        });
        let response = answer.into_response();
        let header = |name| response.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header("Retry-After"), "3");
        assert_eq!(header("X-RateLimit-Limit"), "10");
        assert_eq!(header("X-RateLimit-Interval-Length-Seconds"), "45");
        assert_eq!(header("X-RateLimit-Remaining"), "5");
        assert!(
            Answer::json(302, "")
                .into_response()
                .headers()
                .contains_key(LOCATION)
        );
    }
}
