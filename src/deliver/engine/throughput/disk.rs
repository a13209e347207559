//! A disk that is slower than the server.

use super::server::{Latency, Window};
use super::*;

/// Records of a run.
const RECORDS: u64 = 20_000;
/// Requests in flight.
const CONCURRENCY: usize = 64;

/// A server that answers in about a millisecond.
const QUICK: Latency = Latency {
    there: (200, 300),
    back: (600, 800),
};

fn run(latency: Latency, sync: Duration, change: impl FnOnce(&mut Run)) -> Told {
    let mut run = Run::new(Server::new(1, latency), CONCURRENCY);
    run.slow_disk = Some((sync, Moment::MAX));
    change(&mut run);
    let told = run.go(RECORDS, None);
    assert_eq!(told.settled.len() as u64, RECORDS);
    told
}

#[test]
fn one_sync_serves_several_rounds_where_the_disk_is_slower_than_the_server() {
    let sync = ms(5);
    let told = run(QUICK, sync, |_| {});
    let rounds = RECORDS as f64 / CONCURRENCY as f64;
    let share = told.done.as_secs_f64() / (sync.as_secs_f64() * rounds);
    assert!(share < 0.4, "{share:.2} of a sync for each round");
    assert_eq!(told.under_way, CONCURRENCY * 8);
}

#[test]
fn a_few_requests_that_wait_for_the_disk_are_enough_to_go_further_ahead() {
    // Half a round of answers: never more than a few wait.
    let told = run(QUICK, Duration::from_micros(500), |_| {});
    assert!(told.under_way > CONCURRENCY * 2, "{}", told.under_way);
    assert!(told.ahead <= 2, "and no further than that asks for");
}

#[test]
fn nobody_goes_further_ahead_than_the_disk_asks_for() {
    for sync in [1, 5] {
        let told = run(USUAL, ms(sync), |_| {});
        assert!(told.under_way <= CONCURRENCY * 2, "{}", told.under_way);
    }
    // Where the user or the server sets the pace nobody holds a token for longer than it takes.
    let told = run(QUICK, ms(5), |run| {
        run.server.quota = Some((8_000, ms(1_000), Window::Sliding));
    });
    assert!(told.under_way <= CONCURRENCY * 2, "{}", told.under_way);
}

#[test]
fn a_disk_that_gets_faster_is_not_waited_for_any_more() {
    let told = run(USUAL, ms(60), |run| {
        run.slow_disk = Some((ms(60), ms(1_000)));
    });
    assert!(told.under_way > CONCURRENCY * 3, "{}", told.under_way);
    assert_eq!(told.ahead, 1);
}

/// More rounds of so many requests are allowed than records may be ahead.
#[test]
fn nor_with_so_many_requests_that_few_rounds_may_be_ahead() {
    let mut run = Run::new(Server::new(1, USUAL), 256);
    run.slow_disk = Some((ms(60), ms(1_000)));
    let told = run.go(4 * RECORDS, None);
    assert!(told.under_way > 256 * 2, "{}", told.under_way);
    assert_eq!(told.ahead, 1);
}

#[test]
fn records_wait_for_company_on_their_way_to_the_disk_and_requests_for_nobody() {
    let told = run(QUICK, ms(1), |_| {});
    let each = RECORDS as f64 / told.syncs as f64;
    assert!(each > 100.0, "{each:.0} records for each sync");
    // As quick as without a disk.
    let without = Run::new(Server::new(1, QUICK), CONCURRENCY).go(RECORDS, None);
    let share = told.done.as_secs_f64() / without.done.as_secs_f64();
    assert!(share < 1.03, "{share:.3}");
}

#[test]
fn so_they_do_where_answers_take_long_enough_to_gather_many() {
    let told = run(USUAL, ms(1), |_| {});
    let each = RECORDS as f64 / told.syncs as f64;
    assert!(each > 8.0, "{each:.1} records for each sync");
    let at_best = RECORDS as f64 / CONCURRENCY as f64 * ms(20).as_secs_f64();
    let share = told.done.as_secs_f64() / at_best;
    assert!(share < 1.03, "{share:.3}");
}

#[test]
fn they_wait_for_an_eighth_of_an_answer_while_more_than_half_of_them_are_durable() {
    for (way, wait) in [(15, None), (16, Some(2)), (24, Some(3)), (80, Some(5))] {
        for durable in [32, 33] {
            let mut engine = Run::new(Server::new(1, USUAL), CONCURRENCY).engine;
            engine.spread.note(ms(way));
            engine.cleared.extend(1..=durable);
            let wait = wait.filter(|_| durable > 32).map(|wait| ms(1_000 + wait));
            assert_eq!(engine.may_wait_until(ms(1_000)), wait, "{way} {durable}");
        }
    }
}
