//! Creating customers, with the faults that happen on the way.

use hyper::header::CONTENT_TYPE;
use serde_json::Map;

use super::answer::{Answer, Deed, created};
use super::check::{Wrong, check};
use super::erp::{Erp, Request};
use super::faults::hash;
use super::routes::header;
use super::schedule::Asked;
use super::settings::Duplicates;

const EXISTS: &str = "A customer with this number already exists.";

/// Number, whether workflows run, and what is wrong with the body.
type Judged = (Option<String>, bool, Vec<Wrong>);

impl Erp {
    /// `POST` to the collection.
    pub(super) async fn create(&self, request: &Request) -> Deed {
        let (number, workflows, wrong) = match self.judge(request) {
            Ok(judged) => judged,
            Err(answer) => return Deed::Answer(*answer),
        };
        if let Some(number) = &number {
            let mut state = self.state();
            let is_there = state.ledger.has(number);
            state.ledger.posted(number);
            state.notes.counters.repeated += u64::from(is_there);
        }
        let key = number.as_ref().map(|number| number.as_bytes());
        let key = hash(key.unwrap_or(&request.body));
        let mishap = self.draw(Asked::Post, key, number.as_deref());
        if let Some(deed) = self.spoil_request(mishap).await {
            return deed;
        }
        if !wrong.is_empty() {
            return Deed::Answer(self.invalid(request, &wrong));
        }
        // The judge has read it as text already.
        let body = std::str::from_utf8(&request.body).unwrap_or("");
        let (id, given) = {
            let mut state = self.state();
            let repeated = number
                .as_ref()
                .is_some_and(|number| state.ledger.has(number));
            if repeated && self.settings.duplicates != Duplicates::Accept {
                drop(state);
                return Deed::Answer(self.duplicate());
            }
            // Read under the lock, so that times rise in the order of the commits.
            let now = self.now();
            match state.ledger.commit(number.as_deref(), body, now) {
                Ok(committed) => {
                    state.notes.counters.created += 1;
                    state.notes.counters.with_workflows += u64::from(workflows);
                    committed
                }
                Err(error) => {
                    drop(state);
                    let text = format!("The ledger's file cannot be written: {error}");
                    return Deed::Answer(self.error(500, "Ledger", &text));
                }
            }
        };
        let odd = self.settings.odd_answers;
        let answer = created(id, &given, number.is_some(), body, odd);
        self.spoil_answer(mishap, Answer::json(201, answer)).await
    }

    /// What the body says; or the answer to a request that is not even looked at.
    fn judge(&self, request: &Request) -> Result<Judged, Box<Answer>> {
        let mut workflows = true;
        let mut bad = None;
        for (name, value) in request.parameters() {
            match (name.as_str(), value.as_str()) {
                ("disableAutomaticWorkflows", "true") => workflows = false,
                ("disableAutomaticWorkflows", "false") => workflows = true,
                ("disableAutomaticWorkflows", _) => {
                    bad = Some((400, "disableAutomaticWorkflows must be true or false"));
                }
                _ => self.violated(request, &format!("unknown parameter {name}")),
            }
        }
        let media = header(&request.headers, CONTENT_TYPE.as_str()).unwrap_or("");
        if !media.starts_with("application/json") {
            bad = Some((415, "the body is not said to be application/json"));
        }
        let Ok(body) = std::str::from_utf8(&request.body) else {
            self.violated(request, "the body is not UTF-8");
            return Err(Box::new(self.error(
                400,
                "BadRequest",
                "The body is not UTF-8.",
            )));
        };
        if let Some((status, message)) = bad {
            self.violated(request, message);
            return Err(Box::new(self.error(status, "BadRequest", message)));
        }
        let (number, wrong) = check(body);
        Ok((number, workflows, wrong))
    }

    fn invalid(&self, request: &Request, wrong: &[Wrong]) -> Answer {
        let mut fields = Map::new();
        for wrong in wrong {
            let field = if wrong.field.is_empty() {
                "$"
            } else {
                &wrong.field
            };
            self.violated(request, &format!("{field} {}", wrong.text));
            let mut said = format!("The field {field} {}.", wrong.text);
            if let Some(value) = &wrong.value {
                said.push_str(&format!(" It was '{value}'."));
            }
            fields.insert(field.to_owned(), said.into());
        }
        let camel = self.settings.odd_answers;
        let message = "One or more validation errors occurred.";
        Answer::errors(400, "ValidationFailed", message, fields, camel)
    }

    fn duplicate(&self) -> Answer {
        if self.settings.duplicates == Duplicates::Refuse409 {
            return self.error(409, "Conflict", EXISTS);
        }
        let mut fields = Map::new();
        fields.insert("Number".to_owned(), EXISTS.into());
        let camel = self.settings.odd_answers;
        Answer::errors(400, "ValidationFailed", EXISTS, fields, camel)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::{Value, json};

    use super::super::testing::{
        abandon, body, client, create, dressed, numbers, post, sandbox, send, until, with_faults,
    };
    use super::super::{Faults, SandboxSettings};
    use super::*;

    #[tokio::test]
    async fn a_create_answers_with_the_whole_customer() {
        let sandbox = sandbox(SandboxSettings::default()).await;
        let answer = post(&sandbox, "C1").await.unwrap();
        let mut whole = body("C1");
        whole["Id"] = json!(1001);
        assert_eq!((answer.status, answer.json()), (201, whole));
        let mut unnumbered = body("");
        unnumbered.as_object_mut().unwrap().remove("Number");
        let answer = send(create(&client(), &sandbox, &unnumbered))
            .await
            .unwrap();
        assert_eq!(answer.json()["Number"], "C1000001");
        assert_eq!(numbers(&sandbox), ["C1", "C1000001"]);
        assert_eq!(sandbox.ledger()[0].body, body("C1"));
        let counters = sandbox.counters();
        assert_eq!((counters.posts, counters.created), (2, 2));
        assert_eq!(counters.with_workflows, 0);
        assert_eq!(counters.violations, Vec::<String>::new());
        let plain = sandbox.url() + "/customers";
        let request = create(&client(), &sandbox, &body("C2")).build().unwrap();
        let again = dressed(client().post(plain))
            .headers(request.headers().clone())
            .body(body("C2").to_string());
        assert_eq!(send(again).await.unwrap().status, 201);
        assert_eq!(sandbox.counters().with_workflows, 1);
    }

    #[tokio::test]
    async fn faults_with_an_answer_say_it_and_commit_or_not() {
        for (fault, status, patience, commits) in [
            ("500_after=1", 500, None, true),
            ("500_before=1", 500, None, false),
            ("503=1", 503, None, false),
            ("503_wait=1,retry_after=7s", 503, Some("7"), false),
            ("429=1", 429, None, false),
            ("429_wait=1", 429, Some("1"), false),
            ("slow=1,slow_for=5ms", 201, None, true),
            ("close=1", 201, None, true),
            ("garbage=1", 201, None, true),
            ("drip=1,hang_for=20ms", 201, None, true),
            ("status=402@1", 402, None, false),
        ] {
            let sandbox = with_faults(fault).await;
            let answer = post(&sandbox, "C1").await.unwrap();
            assert_eq!(answer.status, status, "{fault}");
            assert_eq!(answer.header("retry-after"), patience, "{fault}");
            assert_eq!(sandbox.created(), usize::from(commits), "{fault}");
            let readable = serde_json::from_str::<Value>(&answer.text.unwrap()).is_ok();
            assert_eq!(readable, fault != "garbage=1", "{fault}");
            assert_eq!(sandbox.counters().statuses[&status], 1, "{fault}");
            let faults: u64 = sandbox.counters().faults.values().sum();
            assert_eq!(faults, u64::from(!fault.starts_with("status")), "{fault}");
        }
    }

    #[tokio::test]
    async fn answers_break_off_or_never_end_after_the_commit() {
        let sandbox = with_faults("cut=1").await;
        let answer = post(&sandbox, "C1").await.unwrap();
        assert_eq!(answer.status, 201);
        assert!(answer.text.is_err());
        let whole: usize = answer.headers["content-length"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let mut cut = create(&client(), &sandbox, &body("C2"))
            .send()
            .await
            .unwrap();
        let half = cut.chunk().await.unwrap().unwrap();
        assert_eq!(half.len(), whole / 2);

        sandbox.set_faults(Faults::parse("endless=1").unwrap());
        let mut endless = create(&client(), &sandbox, &body("C3"))
            .send()
            .await
            .unwrap();
        let mut length = 0;
        while length < 3 << 20 {
            length += endless.chunk().await.unwrap().unwrap().len();
        }
        drop(endless);
        assert_eq!(numbers(&sandbox), ["C1", "C2", "C3"]);
    }

    #[tokio::test]
    async fn a_create_outlives_its_client_at_once_or_late() {
        for (fault, late) in [
            ("hang_commit=1,hang_for=1h", false),
            ("late_commit=1,hang_for=50ms", true),
        ] {
            let sandbox = with_faults(fault).await;
            abandon(&sandbox, "C1").await;
            until(|| sandbox.created() == 1).await;
            let (seen, entry) = (&sandbox.requests()[0], &sandbox.ledger()[0]);
            assert_eq!(seen.status, None);
            // The ledger's times are whole milliseconds.
            let waited = entry.at + Duration::from_millis(1) >= seen.at + Duration::from_millis(50);
            assert!(waited || !late);
        }
    }

    #[tokio::test]
    async fn a_silence_ends_with_a_close() {
        for (fault, commits) in [
            ("hang=1,hang_for=10ms", false),
            ("hang_commit=1,hang_for=10ms", true),
        ] {
            let sandbox = with_faults(fault).await;
            let start = Instant::now();
            assert!(!post(&sandbox, "C1").await.unwrap_err().is_timeout());
            assert!(start.elapsed() >= Duration::from_millis(10));
            assert_eq!(sandbox.created(), usize::from(commits));
        }
    }

    #[tokio::test]
    async fn a_client_gives_up_on_a_silence() {
        let sandbox = with_faults("hang=1,hang_for=1h").await;
        let limit = Duration::from_millis(30);
        let request = create(&client(), &sandbox, &body("C1")).timeout(limit);
        assert!(send(request).await.unwrap_err().is_timeout());
        assert_eq!(sandbox.created(), 0);
    }

    #[tokio::test]
    async fn the_same_records_fail_whatever_their_order() {
        let run = async |seed: u64, backwards: bool| {
            let sandbox = sandbox(SandboxSettings {
                seed,
                faults: Faults::parse("500_before=0.3,503=0.2").unwrap(),
                ..SandboxSettings::default()
            })
            .await;
            let client = client();
            let mut statuses = Vec::new();
            for n in 0..60 {
                let n = if backwards { 59 - n } else { n };
                let request = create(&client, &sandbox, &body(&format!("C{n}")));
                statuses.push((n, send(request).await.unwrap().status));
            }
            statuses.sort_unstable();
            statuses
        };
        let first = run(2, false).await;
        assert_eq!(first, run(2, true).await);
        assert_ne!(first, run(3, false).await);
        let failed = first.iter().filter(|(_, status)| *status != 201).count();
        assert!((15..45).contains(&failed), "{failed}");
    }

    #[tokio::test]
    async fn a_record_that_failed_is_drawn_anew() {
        let sandbox = with_faults("500_before=0.5").await;
        for n in 0..20 {
            let number = format!("C{n}");
            let mut tries = 0;
            while post(&sandbox, &number).await.unwrap().status != 201 {
                tries += 1;
                assert!(tries < 40);
            }
        }
        assert_eq!(sandbox.created(), 20);
    }

    #[tokio::test]
    async fn a_bad_body_is_refused_and_noted() {
        let sandbox = sandbox(SandboxSettings::default()).await;
        let mut bad = body("C1");
        bad["BillingAddress"]["City"] = json!(null);
        bad["Extra"] = json!(1);
        let answer = send(create(&client(), &sandbox, &bad)).await.unwrap();
        assert_eq!(answer.status, 400);
        let errors = answer.json();
        let fields = errors["ValidationErrors"].as_object().unwrap();
        let fields: Vec<_> = fields.keys().map(String::as_str).collect();
        assert_eq!(fields, ["BillingAddress.City", "Extra"]);
        let counters = sandbox.counters();
        assert_eq!((counters.violation_count, counters.created), (2, 0));
        assert!(counters.violations[0].contains("BillingAddress.City must not be null"));

        let plain = create(&client(), &sandbox, &bad).build().unwrap();
        for (url, media, bytes, status) in [
            (
                "/customers",
                "text/plain",
                body("C1").to_string().into_bytes(),
                415,
            ),
            ("/customers", "application/json", b"\xff".to_vec(), 400),
            ("/customers", "application/json", b"{".to_vec(), 400),
            (
                "/customers?disableAutomaticWorkflows=1",
                "application/json",
                body("C1").to_string().into_bytes(),
                400,
            ),
        ] {
            let mut headers = plain.headers().clone();
            headers.insert("content-type", media.parse().unwrap());
            let request = client()
                .post(sandbox.url() + url)
                .headers(headers)
                .body(bytes);
            let before = sandbox.counters().violation_count;
            assert_eq!(send(request).await.unwrap().status, status, "{url} {media}");
            assert!(sandbox.counters().violation_count > before, "{url} {media}");
        }
        let long = json!({"Number": "x".repeat(2 << 20)});
        let answer = send(create(&client(), &sandbox, &long)).await.unwrap();
        assert_eq!(answer.status, 413);
        assert_eq!(sandbox.created(), 0);
    }

    #[tokio::test]
    async fn repeated_numbers_are_taken_or_refused() {
        for (duplicates, status, created) in [
            (Duplicates::Accept, 201, 2),
            (Duplicates::Refuse409, 409, 1),
            (Duplicates::Refuse400, 400, 1),
        ] {
            let sandbox = sandbox(SandboxSettings {
                duplicates,
                ..SandboxSettings::default()
            })
            .await;
            post(&sandbox, "C1").await.unwrap();
            let answer = post(&sandbox, "C1").await.unwrap();
            assert_eq!((answer.status, sandbox.created()), (status, created));
            if status != 201 {
                assert!(answer.text.unwrap().contains("already exists"));
            }
        }
    }
}
