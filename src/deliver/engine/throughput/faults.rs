//! What faults, overload and slow records cost.

use super::*;

/// Records of a run.
const RECORDS: u64 = 20_000;
/// The last ones are not judged: who waits for a settle time at the end waits alone.
const TAIL: usize = 2_000;

fn run(change: impl FnOnce(&mut Server)) -> Told {
    let mut server = Server::new(1, USUAL);
    change(&mut server);
    let told = Run::new(server, 64).go(RECORDS, None);
    assert_eq!(told.settled.len() as u64, RECORDS);
    told
}

/// Until all but the last ones were settled, in simulated seconds.
fn seconds(told: &Told) -> f64 {
    told.left[&TAIL].as_secs_f64()
}

#[test]
fn faults_cost_what_their_requests_cost_and_no_more() {
    let calm = run(|_| {});
    for (busy, dropped) in [(5, 0), (0, 2), (5, 2)] {
        let told = run(|server| (server.busy, server.dropped) = (busy, dropped));
        let more_requests = told.requests() as f64 / calm.requests() as f64;
        let longer = seconds(&told) / seconds(&calm);
        // A 503 costs two look-ups and a POST, a broken connection one or two and half a POST.
        assert!(more_requests < 1.0 + 0.01 * f64::from(4 * busy + 3 * dropped) * 1.1);
        assert!(
            longer < more_requests * 1.05,
            "{busy}% 503, {dropped}% lost: {longer:.3} times as long with {more_requests:.3} \
             times the requests"
        );
    }
}

#[test]
fn waiting_for_settle_times_holds_no_place() {
    let calm = run(|_| {});
    // More than a thousand wait at the same time, for two minutes and more.
    let told = run(|server| server.dropped = 8);
    let wait = Duration::from_secs(120);
    assert!(told.done > wait);
    let waited = told.left.iter().find(|(_, at)| **at < wait);
    assert!(
        waited.is_some_and(|(left, _)| (700..1_500).contains(left)),
        "{waited:?}"
    );
    let longer = seconds(&told) / seconds(&calm);
    assert!(longer < 1.2, "{longer}");
}

#[test]
fn one_slow_record_holds_no_other() {
    let calm = run(|_| {});
    let told = run(|server| server.slow = Some((RECORDS / 2, Duration::from_secs(50))));
    // The two of them came last, half a minute after all others.
    assert!(told.done >= Duration::from_secs(50));
    let others = told.left[&2].as_secs_f64();
    assert!(others < calm.done.as_secs_f64() * 1.05, "{others}");
}

#[test]
fn an_overloaded_server_is_met_by_about_what_it_can_take() {
    let calm = run(|_| {});
    let told = run(|server| server.capacity = Some(16));
    let refused = told.posts - RECORDS as usize;
    assert!(
        refused * 8 < told.posts,
        "{refused} of {} POSTs were too many",
        told.posts
    );
    // A quarter of 64 places takes four times as long at the least. Halving below what would be
    // possible, and the pauses, are the price of not knowing it: no more than as much again.
    let longer = seconds(&told) / seconds(&calm);
    assert!((4.0..8.0).contains(&longer), "{longer}");
}
