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
fn what_was_answered_together_is_no_heap_for_long() {
    let mut server = Server::new(1, USUAL);
    server.stalls = Some((ms(500), ms(100)));
    let told = Run::new(server, 256).go(RECORDS, None);
    assert_eq!(told.settled.len() as u64, RECORDS);
    assert!(most_at_once(&told) <= 56, "{}", most_at_once(&told));
}
