//! What a fault makes of a request: of a create that is not stored yet, of an answer that is
//! ready, and of a look-up.

use std::time::Duration;

use hyper::body::Bytes;

use super::answer::{Answer, Deed, Payload};
use super::erp::Erp;
use super::faults::Fault;
use super::gzip;
use super::schedule::Step;
use super::settings::RetryAfter;
use super::wire::Sabotage;

/// JSON of every shape but the one that is asked for. None of it can be taken for an empty list.
const SHAPES: [&str; 6] = [
    "null",
    "\"ok\"",
    "{}",
    "[[]]",
    r#"{"Id":null,"Number":{},"TotalItems":1,"Items":[null]}"#,
    r#"{"Id":1e999,"Number":[],"TotalItems":-1e999,"Items":{"0":1}}"#,
];
/// So deep is the JSON that is one shape more.
const DEPTH: usize = 100_000;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mishap {
    /// What it is.
    pub(super) step: Step,
    /// Decides the details, e.g. after which byte an answer ends.
    pub(super) luck: u64,
}

/// How long things take.
#[derive(Clone, Copy, Debug)]
struct Times {
    slow: Duration,
    hang: Duration,
    freeze: Duration,
    retry_after: Duration,
}

impl Erp {
    /// What a mishap makes of a request before anything is done for it; none: it is served.
    pub(super) async fn spoil_request(&self, mishap: Option<Mishap>) -> Option<Deed> {
        let fault = match mishap?.step {
            Step::Fine => return None,
            Step::Status(status) => {
                let text = "The sandbox was told to answer so.";
                return Some(Deed::Answer(self.error(status, "Scripted", text)));
            }
            Step::Fault(fault) => fault,
        };
        let times = self.times();
        let failing = |status, wait: bool| {
            let mut answer = self.error(status, "Unavailable", "Please try again later.");
            answer.retry_after = wait.then(|| times.retry_after.as_secs().to_string());
            if wait && self.settings.retry_after == RetryAfter::Date {
                answer.retry_after = self.when(RetryAfter::Date, times.retry_after);
            }
            Some(Deed::Answer(answer))
        };
        let gone = |is_running: bool| (!is_running).then_some(Deed::Close);
        let deed = match fault {
            Fault::DropWithoutCommit => Some(Deed::Close),
            Fault::Reset => Some(Deed::Reset),
            Fault::Error500BeforeCommit => failing(500, false),
            Fault::Error503 => failing(503, false),
            Fault::Error503Wait => failing(503, true),
            Fault::Error429 => failing(429, false),
            Fault::Error429Wait => failing(429, true),
            Fault::Redirect => {
                let text = "The customers have moved.";
                Some(Deed::Answer(self.error(307, "Moved", text)))
            }
            Fault::Slow => gone(self.pause(times.slow).await),
            Fault::LateCommit => gone(self.pause(times.hang).await),
            Fault::Freeze => {
                self.happened(fault);
                self.freeze_for(times.freeze);
                return gone(self.thawed().await);
            }
            Fault::Hang => {
                self.happened(fault);
                self.pause(times.hang).await;
                return Some(Deed::Close);
            }
            _ => return None,
        };
        self.happened(fault);
        deed
    }

    /// What a mishap makes of the answer to a request that is done.
    pub(super) async fn spoil_answer(&self, mishap: Option<Mishap>, mut answer: Answer) -> Deed {
        let Some(Mishap {
            step: Step::Fault(fault),
            luck,
        }) = mishap
        else {
            return Deed::Answer(answer);
        };
        let hang = self.times().hang;
        match fault {
            Fault::CommitThenDrop => {
                self.happened(fault);
                return Deed::Close;
            }
            Fault::CommitThenReset => {
                self.happened(fault);
                return Deed::Reset;
            }
            Fault::CommitThenHang => {
                self.happened(fault);
                self.pause(hang).await;
                return Deed::Close;
            }
            Fault::Error500AfterCommit => {
                answer = self.error(500, "Internal", "Something went wrong.");
            }
            Fault::CloseAfterAnswer => answer.close = true,
            Fault::CloseOnNext => answer.sabotage = Some(Sabotage::CloseOnNext),
            Fault::CutAnywhere => answer.sabotage = Some(Sabotage::Cut(luck)),
            Fault::SlowHeaders => answer.sabotage = Some(Sabotage::SlowHead(hang)),
            Fault::WrongEncoding => answer.encoding = Some("br"),
            Fault::GzipBomb => {
                answer.encoding = Some("gzip");
                answer.body = Payload::Whole(gzip::bomb());
            }
            Fault::EndlessAnswer => answer.body = Payload::Endless { asked: 0 },
            Fault::CutAnswer | Fault::Drip => {
                let whole = std::mem::replace(&mut answer.body, Payload::Whole(Bytes::new()));
                answer.body = match fault {
                    Fault::Drip => Payload::drip(whole.whole(), hang),
                    _ => Payload::cut(whole.whole()),
                };
            }
            Fault::GarbageAnswer => {
                let page = b"<html><body>502 Bad Gateway \xff</body></html>";
                answer.body = Payload::Whole(Bytes::from_static(page));
            }
            Fault::OddJson => answer.body = Payload::Whole(odd_shape(luck)),
            // These have happened to the request already.
            _ => return Deed::Answer(answer),
        }
        self.happened(fault);
        Deed::Answer(answer)
    }

    fn times(&self) -> Times {
        let faults = &self.state().faults;
        Times {
            slow: faults.slow_for,
            hang: faults.hang_for,
            freeze: faults.freeze_for,
            retry_after: faults.retry_after,
        }
    }
}

/// One of the odd shapes.
fn odd_shape(luck: u64) -> Bytes {
    let count = SHAPES.len() + 1;
    let index = luck.checked_rem(count as u64).unwrap_or_default();
    let shape = usize::try_from(index).ok().and_then(|at| SHAPES.get(at));
    shape.map_or_else(
        || ["[".repeat(DEPTH), "]".repeat(DEPTH)].concat().into(),
        |text| Bytes::from_static(text.as_bytes()),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::super::testing::{
        abandon, body, client, create, get, numbers, post, sandbox, send, until, with_faults,
    };
    use super::super::{Faults, RecordScript, SandboxSettings};
    use super::*;

    const SHORT: &str = "slow_for=1ms,hang_for=30ms,freeze_for=30ms";

    #[tokio::test]
    async fn every_fault_creates_or_not_as_it_says() {
        for fault in Fault::ALL {
            let key = fault.key();
            let sandbox = with_faults(&format!("{key}=1,{SHORT}")).await;
            let answer = post(&sandbox, "C1").await;
            until(|| sandbox.counters().faults.contains_key(fault)).await;
            until(|| sandbox.created() == usize::from(fault.commits())).await;
            assert_eq!(sandbox.counters().faults[fault], 1, "{key}");
            if let Ok(answer) = answer {
                let told = answer.status == 201;
                let lost = *fault == Fault::Error500AfterCommit;
                assert_eq!(told || lost, fault.commits(), "{key}");
            }
        }
    }

    #[tokio::test]
    async fn a_body_can_be_packed_wrongly_or_far_too_well() {
        let sandbox = with_faults("wrong_encoding=1").await;
        let answer = post(&sandbox, "C1").await.unwrap();
        assert_eq!(answer.header("content-encoding"), Some("br"));
        assert_eq!(answer.json()["Number"], "C1");
        sandbox.set_faults(Faults::parse("gzip_bomb=1").unwrap());
        let answer = post(&sandbox, "C2").await.unwrap();
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        let length: usize = answer.header("content-length").unwrap().parse().unwrap();
        assert_eq!(length, gzip::bomb().len());
        assert_eq!(numbers(&sandbox), ["C1", "C2"]);
    }

    #[tokio::test]
    async fn json_has_every_shape_but_the_right_one() {
        let sandbox = with_faults("odd_json=1").await;
        let mut shapes = BTreeSet::new();
        for n in 0..60 {
            let text = post(&sandbox, &format!("C{n}"))
                .await
                .unwrap()
                .text
                .unwrap();
            // As deep as that it is read by nobody.
            if !text.starts_with("[[[") {
                let read: Value = serde_json::from_str(&text).unwrap();
                assert!(read["Id"].as_i64().is_none() && !read["Number"].is_string());
                assert!(
                    read["Items"]
                        .as_array()
                        .is_none_or(|items| !items.is_empty())
                );
            }
            shapes.insert(text);
        }
        assert_eq!(shapes.len(), SHAPES.len() + 1);
    }

    #[tokio::test]
    async fn a_redirect_leads_to_where_requests_are_counted() {
        let sandbox = with_faults("redirect=1").await;
        let answer = post(&sandbox, "C1").await.unwrap();
        assert_eq!(answer.status, 307);
        let location = answer.header("location").unwrap();
        assert_eq!(get(&sandbox, location).await.unwrap().status, 404);
        assert_eq!(sandbox.created(), 0);
    }

    #[tokio::test]
    async fn one_create_can_freeze_everybody() {
        let sandbox = sandbox(SandboxSettings {
            faults: Faults {
                freeze_for: Duration::from_millis(200),
                records: [("C1".to_owned(), steps(&[Step::Fault(Fault::Freeze)]))].into(),
                ..Faults::default()
            },
            ..SandboxSettings::default()
        })
        .await;
        abandon(&sandbox, "C1").await;
        until(|| sandbox.counters().faults.contains_key(&Fault::Freeze)).await;
        abandon(&sandbox, "C2").await;
        until(|| sandbox.counters().posts == 2).await;
        get(&sandbox, "/customers").await.unwrap();
        until(|| sandbox.created() == 2).await;
        let (ledger, seen) = (sandbox.ledger(), sandbox.requests());
        let least = seen[0].at + Duration::from_millis(199);
        assert!(ledger.iter().all(|entry| entry.at >= least), "{ledger:?}");
    }

    fn steps(posts: &[Step]) -> RecordScript {
        RecordScript {
            posts: Some(posts.to_vec()),
            lookups: None,
        }
    }

    #[tokio::test]
    async fn a_record_goes_through_its_own_steps() {
        let script = RecordScript {
            lookups: Some(vec![
                Step::Fault(Fault::Error503),
                Step::Fine,
                Step::Status(403),
            ]),
            ..steps(&[
                Step::Fault(Fault::CommitThenDrop),
                Step::Fine,
                Step::Status(422),
            ])
        };
        let sandbox = sandbox(SandboxSettings {
            faults: Faults {
                error500_before_commit: 1.0,
                records: [("C0042".to_owned(), script)].into(),
                ..Faults::default()
            },
            ..SandboxSettings::default()
        })
        .await;
        assert_eq!(post(&sandbox, "C1").await.unwrap().status, 500);
        post(&sandbox, "C0042").await.unwrap_err();
        for status in [201, 422, 201] {
            assert_eq!(post(&sandbox, "C0042").await.unwrap().status, status);
        }
        let path = "/customers?number=C0042";
        for status in [503, 200, 403, 200] {
            assert_eq!(get(&sandbox, path).await.unwrap().status, status);
        }
        assert_eq!(numbers(&sandbox), ["C0042"; 3]);
        let counters = sandbox.counters();
        assert_eq!((counters.posts, counters.repeated), (5, 3));
        assert_eq!(sandbox.ledger()[0].posts, 4);
        let client = client();
        let request = create(&client, &sandbox, &body("C2"));
        assert_eq!(send(request).await.unwrap().status, 500);
    }
}
