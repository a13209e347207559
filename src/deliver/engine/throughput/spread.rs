//! Requests that could leave together.

use super::*;

const RECORDS: u64 = 20_000;

/// The most POSTs that left within a millisecond.
fn most_at_once(told: &Told) -> usize {
    let left = &told.left_at;
    let behind = |at: &Moment| left.partition_point(|other| *other < *at + ms(1));
    let counts = left.iter().enumerate().map(|(n, at)| behind(at) - n);
    counts.max().unwrap_or_default()
}

#[test]
fn they_leave_in_no_heaps_and_lose_no_time_by_that() {
    for (concurrency, most) in [(8, 8), (64, 24), (256, 56)] {
        let told = Run::new(Server::new(1, USUAL), concurrency).go(RECORDS, None);
        assert_eq!(told.settled.len() as u64, RECORDS);
        assert!(most_at_once(&told) <= most, "{}", most_at_once(&told));
        // The first one is alone; the last ones are not all that may be in flight.
        let rounds = RECORDS as f64 / concurrency as f64 + 2.0;
        let at_best = rounds * ms(20).as_secs_f64();
        let share = told.done.as_secs_f64() / at_best;
        assert!(share < 1.04, "{share:.3} with {concurrency} at once");
    }
}

#[test]
fn what_was_answered_together_leaves_in_no_heap() {
    let mut server = Server::new(1, USUAL);
    server.stalls = Some((ms(500), ms(100)));
    let told = Run::new(server, 256).go(RECORDS, None);
    assert_eq!(told.settled.len() as u64, RECORDS);
    assert!(most_at_once(&told) <= 56, "{}", most_at_once(&told));
}

/// One POST is answered after 20 ms, and nothing else ever happens: those that may not leave with
/// the first ones must be asked for again.
#[test]
fn who_has_to_wait_is_not_forgotten() {
    let mut engine = Run::new(Server::new(1, USUAL), 64).engine;
    for record in 1..=200 {
        engine.offer(task(record, Origin::Absent));
    }
    let (mut now, mut left) = (Moment::ZERO, 0);
    while left < 65 {
        let (actions, wake) = engine.poll(now);
        let quiet = actions.is_empty();
        for action in actions {
            match action {
                Action::Intend { job, .. } => engine.durable(job),
                Action::Post { job } => {
                    left += 1;
                    if left == 1 {
                        now += ms(20);
                        engine.posted(job, &answered(201, "{\"Id\":1}".to_owned()), now);
                    }
                }
                _ => {}
            }
        }
        if quiet && left < 65 {
            now = wake.expect("somebody has to send the others");
        }
    }
    assert!(now > ms(20) && now <= ms(30), "{now:?}");
}

/// What the server did not take says nothing about how long it takes.
#[test]
fn only_answers_to_what_was_taken_show_how_long_they_take() {
    for (status, way) in [(201, 20), (503, 0), (429, 0), (400, 0)] {
        let mut engine = Run::new(Server::new(1, USUAL), 64).engine;
        engine.offer(task(1, Origin::Absent));
        let (actions, _) = engine.poll(ms(1));
        let [Action::Intend { job, .. }] = actions[..] else {
            panic!("{actions:?}");
        };
        engine.durable(job);
        engine.poll(ms(1));
        engine.posted(job, &answered(status, "{\"Id\":1}".to_owned()), ms(21));
        assert_eq!(engine.spread.shortest_way(), ms(way), "{status}");
    }
}
