use proptest::prelude::*;

use super::*;
use crate::schedule::Jobs;

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn job(extra: &str) -> Job {
    let text = format!(
        "[[job]]\nname = \"shop\"\ninputs = \"x\"\ntime_zone = \"Europe/Berlin\"\n{extra}\n"
    );
    let jobs = Jobs::parse("jobs.toml", &text, std::path::Path::new("")).expect(extra);
    jobs.jobs.into_iter().next().expect("a job")
}

/// The next times on the clock of the zone.
fn times(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let (cron, zone) = (Cron::parse(cron).unwrap(), Zone::named(zone).unwrap());
    let mut after = at(after);
    let mut times = Vec::new();
    for _ in 0..count {
        after = cron.next(&zone, after).unwrap();
        times.push(zone.at(after).strftime("%d.%m. %H:%M %Z").to_string());
    }
    times
}

#[test]
fn a_time_that_does_not_exist_comes_after_the_gap() {
    // On 2026-03-29 the clock goes from 02:00 CET to 03:00 CEST.
    assert_eq!(
        times("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3),
        ["28.03. 02:30 CET", "29.03. 03:00 CEST", "30.03. 02:30 CEST"]
    );
    // What repeats within the day leaves the gap out.
    assert_eq!(
        times("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:15:00Z", 3),
        ["29.03. 01:30 CET", "29.03. 03:00 CEST", "29.03. 03:30 CEST"]
    );
}

#[test]
fn a_time_that_exists_twice_counts_once() {
    // On 2026-10-25 the clock goes from 03:00 CEST back to 02:00 CET.
    assert_eq!(
        times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
        ["25.10. 02:30 CEST", "26.10. 02:30 CET"]
    );
    // What repeats within the day comes in both hours.
    assert_eq!(
        times("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:45:00Z", 5),
        [
            "25.10. 02:00 CEST",
            "25.10. 02:30 CEST",
            "25.10. 02:00 CET",
            "25.10. 02:30 CET",
            "25.10. 03:00 CET"
        ]
    );
}

#[test]
fn what_is_no_time_is_refused() {
    for (text, why) in [
        ("", "empty"),
        ("* * * *", "5 fields"),
        ("0 0 2 * * *", ""),
        ("61 * * * *", "bounds"),
        ("x * * * *", ""),
    ] {
        let error = Cron::parse(text).expect_err(text).english.to_lowercase();
        assert!(error.contains(why) && !error.is_empty(), "{text}: {error}");
    }
    assert!(Cron::parse("@daily").is_ok());
    assert!(Cron::parse("0 8 * * MON-FRI").is_ok());
    assert!(Zone::named("Europe/Bremen").is_err());
}

#[test]
fn what_is_done_at_a_time() {
    let due = Due {
        due: at("2026-05-01T02:00:00Z"),
        start: at("2026-05-01T02:03:00Z"),
    };
    let skips = job("cron = \"0 2 * * *\"");
    let catches_up = job("cron = \"0 2 * * *\"\nmissed = \"catch_up\"");
    for (now, policy, expected) in [
        ("2026-05-01T02:02:59Z", &skips, Step::Wait),
        (
            "2026-05-01T02:03:00Z",
            &skips,
            Step::Start(Why::Due(due.due)),
        ),
        (
            "2026-05-01T02:04:00Z",
            &skips,
            Step::Start(Why::Due(due.due)),
        ),
        ("2026-05-01T02:04:01Z", &skips, Step::Skip(due)),
        (
            "2026-05-01T02:04:01Z",
            &catches_up,
            Step::Start(Why::CatchUp(due.due)),
        ),
        (
            "2026-05-09T00:00:00Z",
            &catches_up,
            Step::Start(Why::CatchUp(due.due)),
        ),
    ] {
        assert_eq!(step(policy, due, at(now)), expected, "{now}");
    }
}

#[test]
fn what_is_done_at_the_beginning() {
    let skips = job("cron = \"0 2 * * *\"");
    let catches_up = job("cron = \"0 2 * * *\"\nmissed = \"catch_up\"");
    let due = |text: &str| Due {
        due: at(text),
        start: at(text),
    };
    // Two in the morning in Berlin is midnight UTC in summer.
    let (first, second) = (due("2026-05-02T00:00:00Z"), due("2026-05-03T00:00:00Z"));
    let known = Some(at("2026-05-01T00:00:01Z"));
    let caught = Step::Start(Why::CatchUp(first.due));
    for (policy, known, left, now, expected) in [
        // Nothing is known: nothing was missed.
        (
            &catches_up,
            None,
            false,
            "2026-05-01T20:00:00Z",
            (Step::Wait, Some(first)),
        ),
        // Its time is still to come.
        (
            &catches_up,
            known,
            false,
            "2026-05-01T20:00:00Z",
            (Step::Wait, Some(first)),
        ),
        // Just now.
        (
            &skips,
            known,
            false,
            "2026-05-02T00:00:30Z",
            (Step::Start(Why::Due(first.due)), Some(second)),
        ),
        // Missed.
        (
            &skips,
            known,
            false,
            "2026-05-02T05:00:00Z",
            (Step::Skip(first), Some(second)),
        ),
        (
            &catches_up,
            known,
            false,
            "2026-05-02T05:00:00Z",
            (caught, Some(second)),
        ),
        // Missed often: once, and then as ever.
        (
            &catches_up,
            known,
            false,
            "2026-05-09T05:00:00Z",
            (caught, Some(due("2026-05-10T00:00:00Z"))),
        ),
        // Interrupted: at once, whatever the policy.
        (
            &skips,
            known,
            true,
            "2026-05-01T20:00:00Z",
            (Step::Start(Why::Left), Some(first)),
        ),
        (
            &skips,
            known,
            true,
            "2026-05-02T05:00:00Z",
            (Step::Start(Why::Left), Some(second)),
        ),
        // The clock was set back.
        (
            &catches_up,
            Some(at("2030-01-01T00:00:00Z")),
            false,
            "2026-05-01T20:00:00Z",
            (Step::Wait, Some(first)),
        ),
    ] {
        assert_eq!(
            opening(policy, known, left, at(now)),
            expected,
            "{now} {left}"
        );
    }
}

proptest! {
    /// The next time is later, is on the minute, and nothing between fits: asking from any
    /// moment before it gives the same one.
    #[test]
    fn the_next_time_is_the_first(
        minute in 0_u8..60,
        hour in 0_u8..24,
        seconds in 0_i64..2_000_000_000,
        between in 0.0_f64..1.0,
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    ) {
        let zone = Zone::named(zone).unwrap();
        for text in [format!("{minute} {hour} * * *"), format!("*/{} * * * *", minute + 1)] {
            let Ok(cron) = Cron::parse(&text) else { continue };
            let after = Timestamp::from_second(seconds).unwrap();
            let next = cron.next(&zone, after).unwrap();
            prop_assert!(next > after);
            let gap = next.as_second() - after.as_second();
            prop_assert!(gap <= 25 * 60 * 60, "{gap} s");
            prop_assert_eq!(next.as_second() % 60, 0);
            let later = after.as_second() + ((gap - 1) as f64 * between) as i64;
            let later = Timestamp::from_second(later).unwrap();
            prop_assert_eq!(cron.next(&zone, later), Some(next));
        }
    }

    /// Jitter is less than its limit and the same each time.
    #[test]
    fn jitter_keeps_its_limit(name in "[a-z]{1,8}", seconds in 0_i64..2_000_000_000, most in 0_u64..10_000_000) {
        let due = Timestamp::from_second(seconds).unwrap();
        let most = Duration::from_millis(most);
        let later = jitter(&name, due, most);
        prop_assert_eq!(later, jitter(&name, due, most));
        prop_assert!(!later.is_negative());
        prop_assert!(later.unsigned_abs() < most || most.is_zero() && later.is_zero());
    }

    /// However long nobody was there, a beginning starts a job once at most, and the next time
    /// is in the future.
    #[test]
    fn a_beginning_starts_a_job_once(away in 0_i64..10_000_000, catch_up in any::<bool>(), left in any::<bool>()) {
        let policy = if catch_up { "catch_up" } else { "skip" };
        let job = job(&format!("cron = \"*/7 * * * *\"\nmissed = \"{policy}\""));
        let known = at("2026-05-01T00:00:00Z");
        let now = known.checked_add(SignedDuration::from_secs(away)).unwrap();
        let (_, due) = opening(&job, Some(known), left, now);
        let due = due.unwrap();
        prop_assert!(due.start > now);
        prop_assert_eq!(step(&job, due, now), Step::Wait);
    }
}
