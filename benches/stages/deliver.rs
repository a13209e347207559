//! Deciding what to send next: the engine and its gate, without any server.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use wawi_importer::deliver::DeliverySettings;
use wawi_importer::deliver::engine::{Action, Engine, EngineSettings, Origin, Task};
use wawi_importer::deliver::pace::Gate;
use wawi_importer::outcome::{Answer, Attempt, Quota, Submission};
use wawi_importer::record::Position;

use crate::input;

/// POSTs of a round.
const POSTS: u32 = 20_000;
/// Requests in flight.
const IN_FLIGHT: usize = 64;

/// The gate of a server that announces a quota.
#[divan::bench]
fn pace(bencher: Bencher<'_, '_>) {
    let quota = Quota {
        limit: 1_000,
        interval: Duration::from_secs(1),
        remaining: None,
    };
    bencher.counter(ItemsCount::new(POSTS)).bench(|| {
        let mut gate = Gate::default();
        for request in 0..POSTS {
            let now = Duration::from_millis(1) * request;
            if gate.check(now).is_ok() {
                let ticket = gate.start(now);
                gate.end(ticket, now, Some(quota), true);
            }
        }
        black_box(gate)
    });
}

/// Everything that the engine does for a record: offer, intent, POST, outcome.
#[divan::bench]
fn engine(bencher: Bencher<'_, '_>) {
    let body: Arc<[u8]> = input::body().as_bytes().into();
    let answer = Attempt::Answered(Answer {
        status: 201,
        retry_after: None,
        quota: None,
        body: Ok(br#"{"Id":1,"Number":"K00000001"}"#.to_vec()),
    });
    let run: Arc<str> = "run".into();
    bencher.counter(ItemsCount::new(POSTS)).bench(|| {
        let mut engine = Engine::new(EngineSettings {
            delivery: DeliverySettings {
                concurrency: NonZeroUsize::new(IN_FLIGHT).expect("not zero"),
                ..DeliverySettings::default()
            },
            identity: vec!["Number".to_owned()],
            existing_is_error: false,
            renewable: false,
            created_before: false,
            limit: None,
            look_only: false,
            seed: 1,
        });
        let (mut record, mut now) = (0, Duration::ZERO);
        while !engine.is_done() {
            for _ in 0..engine.wants() {
                if record == u64::from(POSTS) {
                    engine.source_ended();
                    break;
                }
                record += 1;
                engine.offer(task(record, &run, &body));
            }
            now += Duration::from_micros(10);
            for action in engine.poll(now).0 {
                match action {
                    Action::Intend { job, .. } => engine.durable(job),
                    Action::Post { job } => engine.posted(job, &answer, now),
                    other => _ = black_box(other),
                }
            }
        }
    });
}

fn task(record: u64, run: &Arc<str>, body: &Arc<[u8]>) -> Task {
    Task {
        run: Arc::clone(run),
        submission: Submission {
            position: Position {
                record,
                line: record + 1,
            },
            key: Some(format!("k{record:08}")),
            key_hash: None,
            payload: [0; 16],
            body: Arc::clone(body),
        },
        origin: Origin::Absent,
    }
}
