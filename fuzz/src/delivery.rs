//! One customer in delivery's custody, against a server that answers as the fuzzer wishes.

use std::sync::Arc;
use std::time::Duration;

use wawi_importer::customer::normalise_key;
use wawi_importer::deliver::DeliverySettings;
use wawi_importer::deliver::engine::{Action, Engine, EngineSettings, Origin, Task};
use wawi_importer::outcome::{Answer, Attempt, Ending, How, Outcome, Sent, Submission, Trouble};
use wawi_importer::record::Position;

/// Steps after which a run against a friendly server has long ended.
const STEPS_AT_MOST: usize = 3000;
/// The longest that delivery ever waits for its own reasons, in which an answer can have a say.
const WAIT_AT_MOST: Duration = Duration::from_secs(15 * 60);
/// The longest interval of a server's quota that is obeyed.
const INTERVAL_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// What is sent.
pub(crate) struct Customer {
    /// Its number.
    pub(crate) number: &'static str,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Customer {
    /// A customer with that number.
    pub(crate) fn new(number: &'static str) -> Self {
        let value = serde_json::json!({
            "Number": number,
            "BillingAddress": {"LastName": "Geheim", "City": "Köln", "EmailAddress": "Geheim@b.de"},
            "Birthday": "1985-01-01T00:00:00Z",
            "PaymentSettings": {"Discount": 2.5},
        });
        Self {
            number,
            body: serde_json::to_vec(&value).unwrap(),
        }
    }
}

/// What the server was seen to say, judged independently of delivery.
#[derive(Default)]
struct Seen {
    /// A POST was answered 2xx.
    created: bool,
    /// The key stood in a look-up's answer.
    present: bool,
    /// The last POST may have arrived without a clear answer.
    unclear: bool,
    /// Whole look-ups since then that did not show the key.
    misses: u32,
    /// A POST was refused.
    refused: bool,
    /// POSTs so far.
    posts: u32,
}

/// Runs the customer through delivery; `next` answers.
pub(crate) fn run(customer: &Customer, origin: Origin, next: impl FnMut() -> Option<Attempt>) {
    let mut world = World {
        engine: engine(customer, origin),
        key: normalise_key(customer.number),
        seen: Seen {
            unclear: matches!(origin, Origin::Recovered { .. }),
            ..Seen::default()
        },
        left: 0,
        now: Duration::ZERO,
        next,
    };
    for _ in 0..STEPS_AT_MOST {
        let (actions, wake) = world.engine.poll(world.now);
        let idle = actions.is_empty();
        for action in actions {
            world.act(action);
        }
        if world.engine.is_done() {
            return world.ended();
        }
        match wake {
            Some(at) => {
                let most = world.now + WAIT_AT_MOST.max(INTERVAL_AT_MOST);
                assert!(at <= most, "it waits from {:?} to {at:?}", world.now);
                world.now = world.now.max(at);
            }
            None => assert!(!idle, "it waits for nothing"),
        }
    }
    panic!("it never ends");
}

/// Delivery with the customer in its custody, and nobody else.
fn engine(customer: &Customer, origin: Origin) -> Engine {
    let mut engine = Engine::new(EngineSettings {
        delivery: DeliverySettings::default(),
        identity: vec!["Number".to_owned()],
        existing_is_error: false,
        created_before: false,
        renewable: true,
        limit: None,
        look_only: false,
        seed: 1,
    });
    engine.offer(Task {
        run: "r1".into(),
        submission: Submission {
            position: Position { record: 1, line: 2 },
            key: Some(normalise_key(customer.number)),
            key_hash: None,
            payload: [0; 16],
            body: Arc::from(&*customer.body),
        },
        origin,
    });
    engine.source_ended();
    engine
}

/// Delivery, and what it was seen to do.
struct World<N> {
    engine: Engine,
    key: String,
    seen: Seen,
    /// How often the customer left custody.
    left: u32,
    now: Duration,
    next: N,
}

impl<N: FnMut() -> Option<Attempt>> World<N> {
    /// The next answer; a friendly one when the fuzzer has no more.
    fn answer(&mut self, status: u16, body: &str) -> Attempt {
        self.now += Duration::from_millis(1);
        (self.next)().unwrap_or_else(|| {
            Attempt::Answered(Answer {
                status,
                retry_after: None,
                quota: None,
                body: Ok(body.as_bytes().to_vec()),
            })
        })
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Intend { job, .. } => self.engine.durable(job),
            Action::Post { job } => {
                self.seen.may_post();
                let attempt = self.answer(201, r#"{"Id":1}"#);
                self.seen.posted(&attempt);
                self.engine.posted(job, &attempt, self.now);
            }
            Action::Look { job, .. } => {
                let attempt = self.answer(200, r#"{"Items":[]}"#);
                self.seen.looked(&attempt, &self.key);
                self.engine.looked(job, &attempt, self.now);
            }
            Action::Probe => {
                let attempt = self.answer(200, r#"{"Items":[]}"#);
                self.engine.probed(&attempt, self.now);
            }
            Action::RenewToken => self.engine.renewed(Ok(())),
            Action::Keep { outcome, .. } => {
                assert!(matches!(outcome, Outcome::Created { .. }), "{outcome:?}");
            }
            Action::Settle { outcome, .. } => {
                self.left += 1;
                self.seen.settled(&outcome, self.engine.is_stopping());
            }
            Action::Void { .. } => {
                self.left += 1;
                self.seen.dropped();
            }
            Action::TellPaused { length, .. } => {
                assert!(length.is_none_or(|length| length <= WAIT_AT_MOST));
            }
            Action::TellResumed => {}
        }
    }

    fn ended(&self) {
        let stopping = self.engine.is_stopping();
        assert!(self.left <= 1, "it leaves custody once");
        if self.left == 0 {
            // What was never sent may stay as it is; the next run finds it in the input.
            assert!(stopping && self.seen.posts == 0);
            self.seen.dropped();
        }
        assert!(stopping || self.engine.ending() == Ending::Finished);
    }
}

impl Seen {
    fn may_post(&mut self) {
        assert!(!self.created, "sent again after it was created");
        assert!(
            !self.unclear || self.misses >= 2,
            "sent again without a settled look-up"
        );
        self.unclear = false;
        self.posts += 1;
    }

    /// It stays open without a trace in the journal.
    fn dropped(&self) {
        assert!(!self.created, "a created customer stays open");
        assert!(
            !self.unclear || self.misses >= 2,
            "nobody knows, and it is dropped"
        );
    }

    fn posted(&mut self, attempt: &Attempt) {
        self.misses = 0;
        match attempt {
            Attempt::Unanswered { kind, sent } => {
                self.unclear = *sent == Sent::Maybe && *kind != Trouble::Tls;
            }
            Attempt::Answered(answer) => match answer.status {
                200..=299 => self.created = true,
                501 | 505 | 300..=407 | 409..=499 => self.refused = true,
                // 408, whatever is the server's fault, and what nobody knows.
                _ => self.unclear = true,
            },
        }
    }

    fn looked(&mut self, attempt: &Attempt, key: &str) {
        let Attempt::Answered(Answer {
            status: 200..=299,
            body: Ok(body),
            ..
        }) = attempt
        else {
            return;
        };
        let Ok(value) = serde_json::from_slice(body) else {
            return;
        };
        let present = has_number(&value, key);
        self.present |= present;
        self.misses += u32::from(!present);
    }

    fn settled(&self, outcome: &Outcome, stopping: bool) {
        match outcome {
            Outcome::Created {
                how: How::Posted, ..
            } => assert!(self.created),
            Outcome::Created {
                how: How::Found, ..
            } => assert!(self.present && self.posts < 100),
            Outcome::Exists { .. } => assert!(self.present),
            Outcome::Refused { code, .. } => {
                let exhausted = code.as_deref() == Some("attempts.exhausted");
                assert!(self.refused || exhausted);
                assert!(!self.unclear || self.misses >= 2);
            }
            Outcome::Unknown { .. } => assert!(self.unclear || self.refused || stopping),
            other => panic!("{other:?}"),
        }
        if self.created {
            assert!(matches!(outcome, Outcome::Created { .. }), "{outcome:?}");
        }
    }
}

/// Whether some customer in the answer has the number.
fn has_number(value: &serde_json::Value, key: &str) -> bool {
    use serde_json::Value;
    let is_it = |name: &str, value: &Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return false,
        };
        name.eq_ignore_ascii_case("Number") && normalise_key(&text) == key
    };
    match value {
        Value::Object(object) => object
            .iter()
            .any(|(name, value)| is_it(name, value) || has_number(value, key)),
        Value::Array(list) => list.iter().any(|value| has_number(value, key)),
        _ => false,
    }
}
