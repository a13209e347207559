//! The engine against a model of a server and a journal, in simulated time, by seed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::deliver::settings::Threshold;
use crate::outcome::{Answer, Sent, Trouble};
use crate::record::Position;

/// How often each fault strikes, in per cent of the POSTs.
#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    commit_then_lost: u32,
    lost: u32,
    error_500_committed: u32,
    error_500: u32,
    busy: u32,
    throttled: u32,
    refused_connection: u32,
    garbage: u32,
    bad_record: u32,
    /// Every record whose number this divides is answered 403; none if it is 0.
    forbidden_every: u64,
    /// An earlier POST of the record comes through just now, and this one is answered 409.
    taken: u32,
    look_fails: u32,
    /// Longest time until a committed customer is visible, in ms.
    visible_after: u64,
}

enum Event {
    Durable(Vec<JobId>),
    Posted(JobId, Attempt),
    Looked(JobId, Attempt),
    Probed(Attempt),
}

struct World {
    engine: Engine,
    random: fastrand::Rng,
    faults: Faults,
    now: Moment,
    events: BTreeMap<(Moment, u64), Event>,
    order: u64,
    /// number -> moments from which each customer of it is visible.
    customers: HashMap<String, Vec<Moment>>,
    durable: HashSet<JobId>,
    outcomes: HashMap<u64, Outcome>,
    voided: HashSet<u64>,
    posts: u64,
    posts_in_flight: usize,
    most_in_flight: usize,
}

fn body_of(record: u64) -> Vec<u8> {
    format!("{{\"Number\":\"n{record}\"}}").into_bytes()
}

pub(super) fn task(record: u64, origin: Origin) -> Task {
    Task {
        run: Arc::from("run"),
        submission: Submission {
            position: Position {
                record,
                line: record + 1,
            },
            key: Some(format!("n{record}")),
            key_hash: None,
            payload: [0; 16],
            body: body_of(record).into(),
        },
        origin,
    }
}

pub(super) fn answered(status: u16, body: String) -> Attempt {
    Attempt::Answered(Answer {
        status,
        retry_after: None,
        quota: None,
        body: Ok(body.into_bytes()),
    })
}

impl World {
    fn new(seed: u64, faults: Faults, change: impl FnOnce(&mut EngineSettings)) -> Self {
        let mut settings = EngineSettings {
            delivery: DeliverySettings {
                timeout: Duration::from_secs(10),
                settle: Duration::from_secs(20),
                max_failures: Threshold::Percent(100.0),
                max_outage: Duration::from_secs(36_000),
                ..DeliverySettings::default()
            },
            identity: vec!["Number".to_owned()],
            existing_is_error: false,
            renewable: false,
            created_before: false,
            limit: None,
            look_only: false,
            seed,
        };
        change(&mut settings);
        Self {
            engine: Engine::new(settings),
            random: fastrand::Rng::with_seed(seed),
            faults,
            now: Moment::ZERO,
            events: BTreeMap::new(),
            order: 0,
            customers: HashMap::new(),
            durable: HashSet::new(),
            outcomes: HashMap::new(),
            voided: HashSet::new(),
            posts: 0,
            posts_in_flight: 0,
            most_in_flight: 0,
        }
    }

    fn at(&mut self, delay_ms: u64, event: Event) {
        self.order += 1;
        let moment = self.now + Duration::from_millis(delay_ms);
        self.events.insert((moment, self.order), event);
    }

    fn commit(&mut self, number: &str) {
        let delay = self.random.u64(0..=self.faults.visible_after);
        let visible = self.now + Duration::from_millis(delay);
        self.customers
            .entry(number.to_owned())
            .or_default()
            .push(visible);
    }

    fn serve_post(&mut self, job: JobId) {
        assert!(
            self.durable.contains(&job),
            "POST before its intent is durable"
        );
        self.posts += 1;
        self.posts_in_flight += 1;
        self.most_in_flight = self.most_in_flight.max(self.posts_in_flight);
        let number = self.engine.submission(job).unwrap().key.clone().unwrap();
        let faults = self.faults;
        let mut roll = self.random.u32(0..100);
        let mut strikes = |share: u32| {
            let hit = roll < share;
            roll = roll.saturating_sub(share);
            if !hit && share > 0 && roll == 0 {
                roll = 0;
            }
            hit
        };
        let latency = self.random.u64(1..50);
        let silent = |sent| Attempt::Unanswered {
            kind: Trouble::Broken,
            sent,
        };
        let bad = number
            .trim_start_matches('n')
            .parse::<u32>()
            .is_ok_and(|record| {
                faults.bad_record > 0 && record.is_multiple_of(100 / faults.bad_record)
            });
        let forbidden = number
            .trim_start_matches('n')
            .parse::<u64>()
            .is_ok_and(|record| {
                faults.forbidden_every > 0 && record.is_multiple_of(faults.forbidden_every)
            });
        let (attempt, commits, latency) = if strikes(faults.refused_connection) {
            (silent(Sent::Never), false, latency)
        } else if strikes(faults.lost) {
            (silent(Sent::Maybe), false, 10_000)
        } else if strikes(faults.busy) {
            (answered(503, String::new()), self.random.bool(), latency)
        } else if strikes(faults.throttled) {
            (answered(429, String::new()), false, latency)
        } else if strikes(faults.error_500) {
            (answered(500, String::new()), false, latency)
        } else if strikes(faults.taken) {
            (answered(409, "{}".into()), true, latency)
        } else if forbidden {
            (answered(403, "{}".into()), false, latency)
        } else if bad {
            (answered(400, "{}".into()), false, latency)
        } else if strikes(faults.commit_then_lost) {
            (silent(Sent::Maybe), true, 10_000)
        } else if strikes(faults.error_500_committed) {
            (answered(500, String::new()), true, latency)
        } else if strikes(faults.garbage) {
            (answered(201, "<html>".into()), true, latency)
        } else {
            (
                answered(201, format!("{{\"Id\":1,\"Number\":\"{number}\"}}")),
                true,
                latency,
            )
        };
        if commits {
            self.commit(&number);
        }
        self.at(latency, Event::Posted(job, attempt));
    }

    fn serve_look(&mut self, job: JobId) {
        let latency = self.random.u64(1..50);
        let number = self.engine.submission(job).unwrap().key.clone().unwrap();
        let fails = self.random.u32(0..100) < self.faults.look_fails;
        let attempt = if fails {
            answered(500, String::new())
        } else {
            let now = self.now;
            let visible = self
                .customers
                .get(&number)
                .is_some_and(|all| all.iter().any(|at| *at <= now));
            let items = if visible {
                format!("{{\"Id\":1,\"Number\":\"{}\"}}", number.to_uppercase())
            } else {
                String::new()
            };
            answered(
                200,
                format!("{{\"TotalItems\":-1,\"Items\":[{items}],\"HasNextPage\":true}}"),
            )
        };
        self.at(latency, Event::Looked(job, attempt));
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        let mut intents = Vec::new();
        for action in actions {
            match action {
                Action::Intend { job, .. } => intents.push(job),
                Action::Void { submission, .. } => {
                    self.voided.insert(submission.position.record);
                }
                Action::Post { job } => self.serve_post(job),
                Action::Look { job, .. } => self.serve_look(job),
                Action::Probe => {
                    let ok = answered(200, "{\"Items\":[]}".into());
                    self.at(5, Event::Probed(ok));
                }
                Action::RenewToken => self.engine.renewed(Ok(())),
                Action::Settle {
                    submission,
                    outcome,
                    ..
                } => {
                    let record = submission.position.record;
                    let before = self.outcomes.insert(record, outcome);
                    assert!(before.is_none(), "record {record} was settled twice");
                }
                Action::Keep { .. } | Action::TellPaused { .. } | Action::TellResumed => {}
            }
        }
        if !intents.is_empty() {
            let delay = self.random.u64(1..20);
            self.at(delay, Event::Durable(intents));
        }
    }

    fn run(&mut self, mut tasks: impl Iterator<Item = Task>, stop_after: Option<u64>) {
        for _ in 0..1_000_000 {
            while self.engine.wants() > 0 {
                match tasks.next() {
                    Some(task) => self.engine.offer(task),
                    None => self.engine.source_ended(),
                }
            }
            if stop_after.is_some_and(|posts| self.posts >= posts) {
                self.engine.stop(Ending::Interrupted);
            }
            let (actions, wake) = self.engine.poll(self.now);
            let quiet = actions.is_empty();
            self.carry_out(actions);
            if !quiet {
                continue;
            }
            if self.engine.is_done() {
                return;
            }
            let next = self.events.first_key_value().map(|((at, _), _)| *at);
            self.now = match (next, wake) {
                (Some(a), Some(b)) => a.min(b).max(self.now),
                (Some(a), None) | (None, Some(a)) => a.max(self.now),
                (None, None) => panic!("the engine waits for nothing: {:?}", self.engine),
            };
            if next.is_some_and(|at| at <= self.now) {
                let (_, event) = self.events.pop_first().unwrap();
                match event {
                    Event::Durable(jobs) => {
                        self.engine.synced();
                        for job in jobs {
                            self.durable.insert(job);
                            self.engine.durable(job);
                        }
                    }
                    Event::Posted(job, attempt) => {
                        self.posts_in_flight -= 1;
                        self.engine.posted(job, &attempt, self.now);
                    }
                    Event::Looked(job, attempt) => self.engine.looked(job, &attempt, self.now),
                    Event::Probed(attempt) => self.engine.probed(&attempt, self.now),
                }
            }
        }
        panic!("the engine does not come to an end");
    }

    /// What holds whatever happened.
    fn check(&self) {
        for (number, customers) in &self.customers {
            assert_eq!(customers.len(), 1, "{number} was doubled");
            let record = number[1..].parse::<u64>().unwrap();
            let outcome = self.outcomes.get(&record);
            assert!(
                matches!(
                    outcome,
                    Some(Outcome::Created { .. } | Outcome::Unknown { .. })
                ),
                "{number} is in the ERP, but {outcome:?}"
            );
        }
        for (record, outcome) in &self.outcomes {
            if matches!(outcome, Outcome::Created { .. }) {
                assert!(self.customers.contains_key(&format!("n{record}")));
            }
            assert!(!self.voided.contains(record));
        }
    }
}

const ROUGH: Faults = Faults {
    commit_then_lost: 8,
    lost: 6,
    error_500_committed: 6,
    error_500: 6,
    busy: 4,
    throttled: 3,
    refused_connection: 4,
    garbage: 3,
    bad_record: 5,
    forbidden_every: 0,
    taken: 0,
    look_fails: 10,
    visible_after: 1_900,
};

#[test]
fn every_record_ends_in_one_outcome_and_none_is_doubled() {
    for seed in 0..300 {
        let mut world = World::new(seed, ROUGH, |_| {});
        world.run((1..=60).map(|record| task(record, Origin::Absent)), None);
        world.check();
        assert_eq!(world.outcomes.len(), 60, "seed {seed}");
        assert_eq!(world.engine.ending(), Ending::Finished, "seed {seed}");
        let unknown = world
            .outcomes
            .values()
            .filter(|outcome| matches!(outcome, Outcome::Unknown { .. }))
            .count();
        assert!(unknown <= 2, "seed {seed}: {unknown} unknown");
        assert!(world.most_in_flight <= 8);
    }
}

#[test]
fn a_stop_loses_nothing() {
    for seed in 0..300 {
        let mut world = World::new(seed, ROUGH, |_| {});
        let records = (1..=60).map(|record| task(record, Origin::Absent));
        world.run(records, Some(1 + seed % 50));
        world.check();
        assert_eq!(world.engine.ending(), Ending::Interrupted);
    }
}

#[test]
fn what_an_earlier_process_left_is_looked_up_before_it_is_sent() {
    for seed in 0..50 {
        let mut world = World::new(seed, Faults::default(), |_| {});
        world.commit("n1");
        let recovered = Origin::Recovered {
            attempt: 1,
            absent_before: true,
        };
        world.run([task(1, recovered), task(2, recovered)].into_iter(), None);
        world.check();
        assert!(matches!(
            world.outcomes[&1],
            Outcome::Created {
                how: crate::outcome::How::Found,
                ..
            }
        ));
        assert!(matches!(
            world.outcomes[&2],
            Outcome::Created { attempts: 2, .. }
        ));
        assert_eq!(world.posts, 1);
        assert!(
            world.now >= Duration::from_secs(25),
            "sent before the settle time"
        );
    }
}

#[test]
fn a_key_that_an_own_late_post_took_is_created_and_anybody_else_s_exists() {
    let faults = Faults {
        taken: 100,
        ..Faults::default()
    };
    let recovered = Origin::Recovered {
        attempt: 1,
        absent_before: true,
    };
    let mut world = World::new(1, faults, |_| {});
    let tasks = [task(1, recovered), task(2, Origin::Absent)];
    world.run(tasks.into_iter(), None);
    let how = crate::outcome::How::Found;
    assert!(matches!(&world.outcomes[&1], Outcome::Created { how: found, .. } if *found == how));
    assert!(matches!(world.outcomes[&2], Outcome::Exists { .. }));
}

fn busy(status: u16, retry_after: u64) -> Attempt {
    Attempt::Answered(Answer {
        status,
        retry_after: Some(Duration::from_secs(retry_after)),
        quota: None,
        body: Ok(Vec::new()),
    })
}

/// An engine that has just sent its first POST, and that POST's job.
fn first_post(change: impl FnOnce(&mut EngineSettings)) -> (Engine, JobId) {
    let mut engine = World::new(1, Faults::default(), change).engine;
    engine.offer(task(1, Origin::Absent));
    engine.source_ended();
    let (actions, _) = engine.poll(Moment::ZERO);
    let [Action::Intend { job, .. }] = actions[..] else {
        panic!("{actions:?}");
    };
    engine.durable(job);
    assert_eq!(engine.poll(Moment::ZERO).0, [Action::Post { job }]);
    (engine, job)
}

#[test]
fn a_pause_that_the_server_asks_for_is_no_outage_but_endless_ones_are() {
    let minute = Duration::from_secs(60);
    let (mut engine, job) = first_post(|settings| settings.delivery.max_outage = 15 * minute);
    engine.posted(job, &busy(429, 3600), Moment::ZERO);
    let (_, wake) = engine.poll(Moment::ZERO);
    assert_eq!(wake, Some(15 * minute));
    let (actions, _) = engine.poll(15 * minute);
    assert!(actions.contains(&Action::Post { job }), "{actions:?}");
    engine.posted(job, &busy(429, 3600), 16 * minute);
    assert_eq!(engine.ending(), Ending::Outage);
}

#[test]
fn an_outage_tells_when_it_will_end_the_run() {
    let minute = Duration::from_secs(60);
    let (mut engine, _) = first_post(|settings| settings.delivery.max_outage = 15 * minute);
    assert_eq!(engine.gives_up(minute), None);
    let away = Attempt::Unanswered {
        kind: Trouble::Connect,
        sent: Sent::Never,
    };
    (0..5).for_each(|_| _ = engine.note_health(&away, minute));
    assert_eq!(engine.gives_up(5 * minute), Some(11 * minute));
    engine.probed(&busy(404, 0), 6 * minute);
    assert_eq!(engine.gives_up(6 * minute), None);
    (0..5).for_each(|_| _ = engine.note_health(&away, 7 * minute));
    assert!(engine.gives_up(7 * minute).is_some());
    // Somebody ends it before.
    engine.stop(Ending::Interrupted);
    assert_eq!(engine.gives_up(7 * minute), None);
}

#[test]
fn a_server_that_asks_for_no_pause_at_all_gets_one_all_the_same() {
    let (mut engine, job) = first_post(|_| {});
    engine.posted(job, &busy(429, 0), Moment::ZERO);
    let (actions, wake) = engine.poll(Moment::ZERO);
    assert!(actions.is_empty() && wake > Some(Moment::ZERO));
}

#[test]
fn the_limit_is_kept_to_the_record() {
    for seed in 0..50 {
        let mut world = World::new(seed, ROUGH, |settings| settings.limit = Some(7));
        world.run((1..=60).map(|record| task(record, Origin::Absent)), None);
        world.check();
        assert_eq!(world.customers.len(), 7, "seed {seed}");
        assert_eq!(world.engine.ending(), Ending::Limited);
    }
}

#[test]
fn a_forbidden_record_does_not_keep_its_place_below_the_limit() {
    let faults = Faults {
        forbidden_every: 2,
        ..Faults::default()
    };
    let mut world = World::new(1, faults, |settings| settings.limit = Some(2));
    world.run((1..=60).map(|record| task(record, Origin::Absent)), None);
    world.check();
    assert_eq!(world.customers.len(), 2);
    assert!(matches!(
        world.outcomes[&2],
        Outcome::Refused { status: 403, .. }
    ));
}

#[test]
fn forbidden_records_stop_the_run_although_others_are_refused_between() {
    let faults = Faults {
        forbidden_every: 2,
        bad_record: 100,
        ..Faults::default()
    };
    let mut world = World::new(1, faults, |settings| {
        settings.delivery.concurrency = std::num::NonZeroUsize::MIN;
    });
    // Whatever is sent from now on is refused, so that nobody could say what a 403 means.
    world.engine.created_once = true;
    world.run((1..=500).map(|record| task(record, Origin::Absent)), None);
    assert_eq!(
        world.engine.ending(),
        Ending::Stopped(crate::outcome::Stop::Forbidden)
    );
}

#[test]
fn customers_that_exist_are_not_sent() {
    let mut world = World::new(1, Faults::default(), |_| {});
    world.commit("n2");
    world.run((1..=3).map(|record| task(record, Origin::AskFirst)), None);
    assert!(matches!(world.outcomes[&2], Outcome::Exists { .. }));
    assert_eq!(world.posts, 2);
}

#[test]
fn a_refusal_of_credentials_stops_within_twice_the_concurrency() {
    for status in [401, 402, 403, 404] {
        let mut world = World::new(1, Faults::default(), |_| {});
        let mut first_refused = None;
        let mut tasks = (1..=500).map(|record| task(record, Origin::Absent));
        // From the 101st POST on the server refuses.
        for _ in 0..100_000 {
            while world.engine.wants() > 0 {
                match tasks.next() {
                    Some(task) => world.engine.offer(task),
                    None => world.engine.source_ended(),
                }
            }
            let (actions, wake) = world.engine.poll(world.now);
            let quiet = actions.is_empty();
            world.carry_out(actions);
            if !quiet {
                continue;
            }
            if world.engine.is_done() {
                break;
            }
            let next = world.events.first_key_value().map(|((at, _), _)| *at);
            world.now = next.or(wake).unwrap();
            match world.events.pop_first().map(|(_, event)| event) {
                Some(Event::Durable(jobs)) => {
                    world.engine.synced();
                    for job in jobs {
                        world.durable.insert(job);
                        world.engine.durable(job);
                    }
                }
                Some(Event::Posted(job, attempt)) => {
                    let attempt = if world.outcomes.len() >= 100 {
                        first_refused.get_or_insert(world.posts);
                        answered(status, String::new())
                    } else {
                        attempt
                    };
                    world.engine.posted(job, &attempt, world.now);
                }
                _ => {}
            }
        }
        assert!(world.engine.is_done());
        assert!(matches!(world.engine.ending(), Ending::Stopped(_)));
        let further = world.posts - first_refused.unwrap();
        assert!(further <= 16, "{further} POSTs after the first {status}");
    }
}
