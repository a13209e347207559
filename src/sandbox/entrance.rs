//! What is asked of every request: quota, credentials, headers; and the token server.

use std::time::Duration;

use hyper::Method;
use hyper::header::CONTENT_TYPE;
use serde_json::json;

use super::answer::Answer;
use super::erp::{Erp, Request};
use super::quota::{Admission, Gate, seconds_up};
use super::routes::{Route, check_headers, header};
use super::schedule::Asked;
use super::settings::RetryAfter;

impl Erp {
    /// Quota, credentials, headers and scripts: what is asked of every request to the API.
    pub(super) fn enter(&self, request: &Request) -> Result<Option<Admission>, Box<Answer>> {
        let now = self.now();
        let (missing, wrong) = check_headers(&request.headers);
        let is_post = request.method == Method::POST;
        let mut state = self.state();
        for text in wrong {
            state
                .notes
                .violated(format!("{} {}: {text}", request.method, request.path));
        }
        let admission = self.settings.quota.map(|quota| {
            let route = match request.route {
                Route::Customer(_) => Route::Customer(0),
                route => route,
            };
            let gate = state.gates.entry((is_post, route));
            gate.or_insert_with(|| Gate::new(quota)).admit(now)
        });
        let asked = if is_post { Asked::Post } else { Asked::Get };
        let mut answer = if let Some(wait) = admission.and_then(|admission| admission.wait) {
            state.notes.counters.throttled += 1;
            let mut answer = self.error(429, "TooManyRequests", "The quota is used up.");
            answer.retry_after = self.when(self.settings.retry_after, wait);
            answer
        } else if !state
            .keeper
            .admits(header(&request.headers, "authorization"), now)
        {
            self.error(401, "Unauthorized", "The credentials are not valid.")
        } else if let Some(name) = missing {
            let text = format!("The header {name} is missing.");
            self.error(412, "MissingHeader", &text)
        } else if let Some(status) = state.scripted(asked, request.nth, now) {
            self.error(status, "Scripted", "The sandbox was told to answer so.")
        } else {
            return Ok(admission);
        };
        answer.quota = admission;
        Err(Box::new(answer))
    }

    pub(super) fn token(&self, request: &Request) -> Answer {
        let now = self.now();
        let mut state = self.state();
        if let Some(status) = state.scripted(Asked::Token, request.nth, now) {
            return Answer::json(
                status,
                json!({"error": "temporarily_unavailable"}).to_string(),
            );
        }
        if state.keeper.has_tokens() {
            let form = header(&request.headers, CONTENT_TYPE.as_str()).unwrap_or("");
            if !form.starts_with("application/x-www-form-urlencoded") {
                let text = "POST /oauth2/token: the body is no form".to_owned();
                state.notes.violated(text);
            }
        }
        let authorization = header(&request.headers, "authorization");
        match state.keeper.issue(authorization, &request.body, now) {
            Ok((token, seconds)) => {
                let body = json!({
                    "access_token": token, "token_type": "Bearer", "expires_in": seconds,
                });
                Answer::json(200, body.to_string())
            }
            Err((status, error)) => Answer::json(status, json!({"error": error}).to_string()),
        }
    }

    /// The value of `Retry-After` for a time from now.
    pub(super) fn when(&self, form: RetryAfter, wait: Duration) -> Option<String> {
        match form {
            RetryAfter::No => None,
            RetryAfter::Seconds => Some(seconds_up(wait).to_string()),
            RetryAfter::Date => {
                let seconds = i64::try_from(seconds_up(wait)).ok()?;
                let wait = jiff::SignedDuration::from_secs(seconds);
                let then = jiff::Timestamp::now().checked_add(wait).ok()?;
                let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
                printer.timestamp_to_rfc9110_string(&then).ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::testing::{body, client, create, get, post, sandbox, send};
    use super::super::{Auth, Faults, Quota, Sandbox, SandboxSettings, Window};
    use super::*;

    async fn quota(window: Window, retry_after: RetryAfter) -> Sandbox {
        sandbox(SandboxSettings {
            quota: Some(Quota {
                limit: 2,
                interval: Duration::from_secs(600),
                window,
            }),
            retry_after,
            ..SandboxSettings::default()
        })
        .await
    }

    #[tokio::test]
    async fn a_quota_is_told_and_kept_for_each_route() {
        for window in [Window::Fixed, Window::Sliding] {
            let sandbox = quota(window, RetryAfter::No).await;
            for (status, remaining) in [(201, "1"), (201, "0"), (429, "0")] {
                let answer = post(&sandbox, "C1").await.unwrap();
                assert_eq!(answer.status, status);
                assert_eq!(answer.header("x-ratelimit-limit"), Some("2"));
                assert_eq!(
                    answer.header("x-ratelimit-interval-length-seconds"),
                    Some("600")
                );
                assert_eq!(answer.header("x-ratelimit-remaining"), Some(remaining));
                assert_eq!(answer.header("retry-after"), None);
            }
            let answer = get(&sandbox, "/customers").await.unwrap();
            assert_eq!(answer.header("x-ratelimit-remaining"), Some("1"));
            assert_eq!(sandbox.counters().throttled, 1);
            assert_eq!(sandbox.created(), 2);
        }
    }

    #[tokio::test]
    async fn a_quota_may_say_when_to_come_back() {
        for retry_after in [RetryAfter::Seconds, RetryAfter::Date] {
            let sandbox = quota(Window::Sliding, retry_after).await;
            for _ in 0..2 {
                post(&sandbox, "C1").await.unwrap();
            }
            let answer = post(&sandbox, "C1").await.unwrap();
            let said = answer.header("retry-after").unwrap();
            if retry_after == RetryAfter::Seconds {
                let seconds: u64 = said.parse().unwrap();
                assert!((570..=600).contains(&seconds), "{seconds}");
            } else {
                assert!(said.ends_with(" GMT") && said.len() == 29, "{said}");
            }
        }
    }

    #[tokio::test]
    async fn a_key_is_asked_for() {
        let sandbox = sandbox(SandboxSettings {
            auth: Auth::ApiKey("k-1".to_owned()),
            ..SandboxSettings::default()
        })
        .await;
        assert_eq!(post(&sandbox, "C1").await.unwrap().status, 401);
        let request = create(&client(), &sandbox, &body("C1"));
        let request = request.header("authorization", "Wawi k-1");
        assert_eq!(send(request).await.unwrap().status, 201);
        let token = client().post(sandbox.token_url()).body("");
        assert_eq!(send(token).await.unwrap().status, 404);
        let seen = &sandbox.requests()[1];
        assert_eq!(seen.header("authorization"), Some("Wawi k-1"));
    }

    /// Asks for a token.
    async fn token(sandbox: &Sandbox, secret: &str) -> (u16, Value) {
        let form = "application/x-www-form-urlencoded";
        let request = client()
            .post(sandbox.token_url())
            .basic_auth("shop", Some(secret))
            .header("content-type", form)
            .body("grant_type=client_credentials");
        let answer = send(request).await.unwrap();
        (answer.status, answer.json())
    }

    #[tokio::test]
    async fn tokens_are_handed_out_and_die() {
        let sandbox = sandbox(SandboxSettings {
            auth: Auth::Bearer {
                client_id: "shop".to_owned(),
                client_secret: "secret".to_owned(),
                lives: Duration::from_secs(3600),
            },
            faults: Faults::parse("token_status=503@1-1").unwrap(),
            ..SandboxSettings::default()
        })
        .await;
        assert_eq!(token(&sandbox, "secret").await.0, 503);
        assert_eq!(token(&sandbox, "wrong").await.0, 401);
        let (status, answer) = token(&sandbox, "secret").await;
        assert_eq!((status, &answer["expires_in"]), (200, &json!(3600)));
        assert_eq!(answer["token_type"], "Bearer");
        let value = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        let create = |value: &str| {
            let request = create(&client(), &sandbox, &body("C1"));
            send(request.header("authorization", value))
        };
        assert_eq!(create("Bearer guessed").await.unwrap().status, 401);
        assert_eq!(create(&value).await.unwrap().status, 201);
        sandbox.revoke_tokens();
        assert_eq!(create(&value).await.unwrap().status, 401);
        let counters = sandbox.counters();
        assert_eq!(
            (counters.tokens, counters.posts, counters.created),
            (3, 3, 1)
        );
    }

    #[tokio::test]
    async fn required_headers_are_required() {
        let sandbox = sandbox(SandboxSettings::default()).await;
        let request = client().get(sandbox.url() + "/customers");
        let answer = send(request.header("x-appversion", "1")).await.unwrap();
        assert_eq!(answer.status, 412);
        let violations = sandbox.counters().violations;
        assert_eq!(
            violations,
            [
                "GET /customers: header x-appid is missing",
                "GET /customers: header api-version is missing",
            ],
        );
    }

    #[tokio::test]
    async fn a_script_answers_until_it_is_lifted() {
        let sandbox = sandbox(SandboxSettings {
            faults: Faults::default().from_post(2, 403),
            ..SandboxSettings::default()
        })
        .await;
        for status in [201, 403, 403] {
            assert_eq!(post(&sandbox, "C1").await.unwrap().status, status);
        }
        sandbox.lift();
        assert_eq!(post(&sandbox, "C1").await.unwrap().status, 201);
        assert_eq!(sandbox.created(), 2);
        sandbox.set_faults(Faults::default().from_post(1, 302));
        let answer = post(&sandbox, "C1").await.unwrap();
        assert_eq!(answer.header("location"), Some("/moved/customers"));
    }
}
