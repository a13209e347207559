//! How much of a server's quota is used, and how often it is exceeded.

use super::server::{Latency, Window};
use super::*;

/// Shortest and longest time until a request is counted, and from then to its answer, in
/// milliseconds.
const fn latency(there: (u64, u64), back: (u64, u64)) -> Latency {
    Latency {
        there: (there.0 * 1_000, there.1 * 1_000),
        back: (back.0 * 1_000, back.1 * 1_000),
    }
}

/// A server in the same house.
const NEAR: Latency = latency((0, 1), (1, 2));
/// What an ERP usually takes; counted before the work is done …
const USUAL: Latency = latency((1, 5), (19, 95));
/// … or after it.
const COUNTED_LAST: Latency = latency((19, 95), (1, 5));
/// A server far away.
const FAR: Latency = latency((20, 30), (250, 300));
/// One whose answers take any time at all.
const ANY: Latency = latency((0, 10), (1, 290));
/// The same, counted after the work is done.
const ANY_COUNTED_LAST: Latency = latency((1, 290), (0, 10));

/// What became of a quota.
#[derive(Debug, Default)]
struct Use {
    share: f64,
    throttled: usize,
    posts: usize,
    others: usize,
}

/// Sends for so many windows, and two more.
fn used(quota: (u32, u64), window: Window, latency: Latency, windows: u32) -> Use {
    used_beside(quota, window, latency, windows, None)
}

fn used_beside(
    quota: (u32, u64),
    window: Window,
    latency: Latency,
    windows: u32,
    others: Option<(u32, Duration)>,
) -> Use {
    let mut server = Server::new(1, latency);
    server.others = others;
    used_of(server, quota, window, windows)
}

fn used_of(mut server: Server, quota: (u32, u64), window: Window, windows: u32) -> Use {
    let (limit, interval) = (quota.0, ms(quota.1));
    server.quota = Some((limit, interval, window));
    let told = Run::new(server, 256).go(u64::MAX >> 8, Some(interval * (windows + 2)));
    // A fixed window has a beginning of its own; else it begins with the first request. What the
    // first one gives is not judged.
    let first = told.accepted[0];
    let mut from = match window {
        Window::Fixed(offset) => offset,
        _ => first + interval,
    };
    while from <= first {
        from += interval;
    }
    let span = from..from + interval * windows;
    let within = |at: &&Moment| span.contains(*at);
    let taken = told.accepted.iter().chain(&told.others);
    let taken = taken.filter(within).count();
    Use {
        share: taken as f64 / f64::from(limit) / f64::from(windows),
        throttled: told.throttled,
        posts: told.posts,
        others: told.others.len(),
    }
}

/// At least that share is used in every kind of window, and nothing is refused.
#[track_caller]
fn assert_used(quota: (u32, u64), windows: u32, latencies: &[Latency], least: f64) {
    for latency in latencies {
        for window in [
            Window::Sliding,
            Window::Fixed(ms(quota.1 * 37 / 100)),
            Window::FromFirst,
        ] {
            let found = used(quota, window, *latency, windows);
            let of = format!("{quota:?} {window:?} {latency:?}: {found:?}");
            assert!(found.share >= least, "{of}");
            assert!(found.posts as f64 >= found.share * f64::from(quota.0 * windows));
            assert!(found.throttled * 1_000 <= found.posts, "{of}");
        }
    }
}

#[test]
fn ten_in_45_seconds_are_used_up() {
    assert_used(
        (10, 45_000),
        100,
        &[NEAR, USUAL, COUNTED_LAST, FAR, ANY],
        0.99,
    );
}

#[test]
fn sixty_in_a_minute_are_used_up() {
    assert_used((60, 60_000), 100, &[FAR], 0.99);
}

#[test]
fn a_hundred_in_ten_seconds_are_used_up() {
    assert_used((100, 10_000), 100, &[USUAL, ANY], 0.99);
}

#[test]
fn a_thousand_in_a_minute_are_used_up() {
    assert_used((1_000, 60_000), 15, &[USUAL], 0.99);
}

#[test]
fn forty_in_two_seconds_are_used_to_95_per_cent() {
    assert_used((40, 2_000), 60, &[USUAL, COUNTED_LAST, FAR], 0.95);
}

#[test]
fn five_hundred_in_a_second_are_used_to_95_per_cent() {
    assert_used((500, 1_000), 20, &[USUAL, COUNTED_LAST, FAR], 0.95);
}

/// Long after a request was counted, its answer is still under way; the server's counts show it.
#[test]
fn answers_that_take_any_time_are_used_to_95_per_cent() {
    assert_used((500, 1_000), 60, &[ANY], 0.95);
    assert_used((100, 1_000), 60, &[ANY], 0.95);
}

/// How many requests are counted within an interval varies with the time until they are, by
/// chance: that much has to stay free.
#[test]
fn requests_that_are_counted_after_any_time_cost_what_their_number_varies_by() {
    assert_used((500, 1_000), 60, &[ANY_COUNTED_LAST], 0.91);
}

/// What was learnt of a server that becomes another one, or stands still at times, is wrong: that
/// costs a part of the quota, not refusals.
#[test]
fn a_server_that_changes_its_ways_refuses_no_more() {
    for (first, then) in [
        (ANY, NEAR),
        (ANY_COUNTED_LAST, NEAR),
        (USUAL, FAR),
        (FAR, ANY),
    ] {
        let mut server = Server::new(1, first);
        server.in_turn = Some((ms(10_300), then));
        let found = used_of(server, (500, 1_000), Window::Sliding, 60);
        let of = format!("{first:?}, {then:?}: {found:?}");
        assert!(found.throttled * 1_000 <= found.posts, "{of}");
        assert!(found.share >= 0.87, "{of}");
    }
    for latency in [NEAR, USUAL, COUNTED_LAST, ANY] {
        let mut server = Server::new(1, latency);
        server.stalls = Some((ms(10_300), ms(300)));
        let found = used_of(server, (500, 1_000), Window::Sliding, 60);
        assert!(
            found.throttled * 1_000 <= found.posts,
            "{latency:?}: {found:?}"
        );
        assert!(found.share >= 0.85, "{latency:?}: {found:?}");
    }
}

/// Others take a tenth of the quota at once, now and then, when nobody can know: each of their
/// requests may cost a refusal, and no more.
#[test]
fn others_cost_no_more_than_they_take() {
    for window in [Window::Sliding, Window::Fixed(ms(3_700)), Window::FromFirst] {
        let others = Some((10, ms(30_000)));
        let found = used_beside((100, 10_000), window, USUAL, 50, others);
        assert!(found.others >= 10, "{found:?}");
        assert!(found.throttled <= found.others, "{window:?} {found:?}");
        assert!(found.share >= 0.95, "{window:?} {found:?}");
    }
}

/// A request that nobody answers takes its own place, and those behind it go on.
#[test]
fn a_request_without_an_answer_holds_no_other() {
    let mut server = Server::new(1, USUAL);
    server.quota = Some((40, ms(2_000), Window::Sliding));
    server.slow = Some((50, Duration::from_secs(40)));
    let told = Run::new(server, 64).go(1_000, None);
    assert_eq!(told.settled.len(), 1_000);
    // Twenty of them hold 20 of 40 places for twenty intervals: 500 in each 25.
    let windows = told.left[&20].as_secs_f64() / 2.0;
    assert!(windows < 42.0, "{windows}");
}
